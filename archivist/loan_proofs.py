"""Approvals of loans as proofs: what is signed, and what makes a signature prove nothing.

Owns the statement of one step. It is canonical JSON, signed with the approver's own Ed25519 key,
and stands in the entry, so that whoever has the ledger can verify it without this program's word:

    act, v        "loan-approval", 1
    archive       which archive
    loan          which loan
    request       ledger index of the request (or renewal) that is approved
    digest        SHA-256 of that entry's bytes: what was asked cannot change afterwards
    step          which step, from 1; role and does: whose it is, and what it says
    person        who signs
    time, expires when, and until when it holds

Rules it keeps: an approval counts for this loan, this request, this step, in order, until it
expires. The key is the one that the ledger names for the person.

    problems(entry.fields, asked, 1, keys, archive_id, now)      # ()
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from archivist.archive import Archive
from archivist.records import Entry, canonical, timestamp
from archivist.statements import digest_of, signed, verifies
from index.catalogue import Row
from storage.people import Unlocked

KIND = "loan-approval"  # stands in the statement, so that it cannot pass for another kind of one
EXCUSE = "loan-excuse"
_TEXTS = ("archive", "loan", "digest", "role", "does", "person", "time", "expires")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an approval is given for: the entry of the request or renewal, and its steps."""

    loan: str
    index: int
    digest: str
    steps: Sequence[Mapping[str, str]]


def asked_for(archive: Archive, row: Row) -> Asked:
    """What is to be approved now, read from the ledger and not from its shadow."""
    ((index, raw),) = archive.ledger.entries(row["round"], row["round"] + 1)
    entry = Entry.parse(index, raw)
    return Asked(row["id"], index, digest_of(raw), entry.fields["steps"])


def signed_approval(
    archive_id: str, asked: Asked, number: int, person: Unlocked, now: datetime, days: int
) -> dict[str, Any]:
    """The fields of an approving entry: statement, key and signature of one step."""
    step = asked.steps[number - 1]
    statement = {
        "act": KIND,
        "v": 1,
        "archive": archive_id,
        "loan": asked.loan,
        "request": asked.index,
        "digest": asked.digest,
        "step": number,
        "role": step["role"],
        "does": step["act"],
        "person": person.name,
        "time": timestamp(now),
        "expires": timestamp(now + timedelta(days=days)),
    }
    return signed(statement, person)


# ── verifying ─────────────────────────────────────────────────────────────────


def problems(
    fields: Mapping[str, Any],
    asked: Asked,
    number: int,
    keys: Mapping[str, str],
    archive_id: str,
    now: str | None,
) -> tuple[str, ...]:
    """Why an approving entry does not prove step `number`; empty when it does.

    `keys` are the hex signing keys that the ledger names, by person. Without `now` (UTC, as the
    ledger writes times) it is not asked whether the approval has expired. The codes: malformed,
    wrong-archive, wrong-loan, request-changed, wrong-order, wrong-role, wrong-person,
    unknown-key, wrong-key, bad-signature, expired.
    """
    statement = fields.get("statement")
    if not isinstance(statement, dict) or not _well_formed(statement, fields):
        return ("malformed",)
    found = [code for code, wrong in _compared(statement, fields, asked, number, archive_id)
             if wrong]  # fmt: skip
    name = statement["person"]
    if name not in keys:
        found.append("unknown-key")
    elif keys[name] != fields["key"]:
        found.append("wrong-key")
    elif not verifies(fields["key"], fields["signature"], canonical(statement)):
        found.append("bad-signature")
    if now is not None and statement["expires"] <= now:
        found.append("expired")
    return tuple(found)


def _compared(
    statement: Mapping[str, Any],
    fields: Mapping[str, Any],
    asked: Asked,
    number: int,
    archive_id: str,
) -> Iterator[tuple[str, bool]]:
    step = asked.steps[number - 1] if number <= len(asked.steps) else {}
    named = fields.get("subject", {}).get("loan")
    yield "wrong-archive", statement["archive"] != archive_id
    yield "wrong-loan", (statement["loan"], named) != (asked.loan, asked.loan)
    same = (statement["request"], statement["digest"]) == (asked.index, asked.digest)
    yield "request-changed", not same
    yield "wrong-order", statement["step"] != number
    yield "wrong-role", (statement["role"], statement["does"]) != (step.get("role"),
                                                                   step.get("act"))  # fmt: skip
    yield "wrong-person", fields.get("who") != statement["person"]


def _well_formed(statement: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return (
        set(statement) == {"act", "v", "request", "step", *_TEXTS}
        and (statement["act"], statement["v"]) == (KIND, 1)
        and all(isinstance(statement[name], str) for name in _TEXTS)
        and all(type(statement[name]) is int for name in ("request", "step"))
        and all(isinstance(fields.get(name), str) for name in ("key", "signature"))
    )


def given(archive: Archive, row: Row) -> list[Entry]:
    """The approving entries of what is asked now, in the ledger's order."""
    return [
        entry
        for entry in archive.entries_of(row["id"])
        if entry.act == "loan" and entry.fields["step"] == "approve" and entry.index > row["round"]
    ]


def verify(entries: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each approval in a ledger read from its beginning, with its problems.

    Needs nothing beside the entries. Whether one had expired is judged at the moment it was used:
    an `issue` (or a renewal's last approval) after the time it says is told as `expired` there.
    """
    archive_id = ""
    keys: dict[str, str] = {}
    asked: dict[str, Asked] = {}
    taken: dict[str, list[str]] = {}
    for index, raw in entries:
        entry = Entry.parse(index, raw)
        if entry.act == "init":
            archive_id = entry.subject["archive"]
        elif entry.act == "person" and "key" in entry.fields:
            keys[entry.subject["person"]] = entry.fields["key"]
        elif entry.act == "loan":
            loan, step = entry.subject["loan"], entry.fields["step"]
            if step in ("request", "renew"):
                asked[loan] = Asked(loan, index, digest_of(raw), entry.fields["steps"])
                taken[loan] = []
            elif step in ("approve", "issue") and loan not in asked:
                yield index, ("malformed",)
            elif step == "approve":
                number = len(taken[loan]) + 1
                found = problems(entry.fields, asked[loan], number, keys, archive_id, None)
                taken[loan].append(str(entry.fields.get("statement", {}).get("expires", "")))
                yield index, found
            elif step == "issue":
                yield index, _at_issue(asked[loan], taken[loan], entry.time)


def _at_issue(asked: Asked, expiries: Sequence[str], time: str) -> tuple[str, ...]:
    late = any(expires <= time for expires in expiries)
    short = len(expiries) < len(asked.steps)
    return (*(("expired",) if late else ()), *(("not-approved",) if short else ()))
