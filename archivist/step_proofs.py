"""Approvals in steps as proofs: what is signed, and what makes a signature prove nothing.

Owns the statement of one step, for whatever is approved so: a loan, a disposal. It is canonical
JSON, signed with the approver's own Ed25519 key, and stands in the entry, so that whoever has the
ledger can verify it without this program's word:

    act, v        what kind of approval (`loan-approval`, `disposal-approval`), 1
    archive       which archive
    <noun>        which loan, which disposal
    request       ledger index of the entry that asks for it
    digest        SHA-256 of that entry's bytes: what was asked cannot change afterwards
    step          which step, from 1; role and does: whose it is, and what it says
    person        who signs
    time, expires when, and until when it holds

and what the kind adds (a disposal: `list`, the digest of what is destroyed).

Rules it keeps: an approval counts for this thing, this request, this step, in order, by its role,
until it expires. The key is the one that the ledger names for the person.

    problems(LOAN, entry.fields, asked, 1, keys, archive_id, now)      # ()
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from archivist import records, regulations, statements
from policies import approvals

if TYPE_CHECKING:
    from archivist.archive import Archive
    from archivist.records import Entry
    from policies.policy import Policy
    from storage.people import Unlocked

_TEXTS = ("archive", "digest", "role", "does", "person", "time", "expires")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of approval: `act` stands in the statement, so that it cannot pass for another kind
    of one; `noun` is what it is for."""

    act: str
    noun: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What an approval is given for: the entry that asks for it, its steps, and what `also` has
    to stand in the statement."""

    of: str
    index: int
    digest: str
    steps: Sequence[Mapping[str, str]]
    also: Mapping[str, str] = field(default_factory=dict)


def signed_approval(
    kind: Kind,
    archive_id: str,
    asked: Asked,
    number: int,
    person: Unlocked,
    now: datetime,
    days: int,
) -> dict[str, Any]:
    """The fields of an approving entry: statement, key and signature of one step."""
    step = asked.steps[number - 1]
    statement = {
        "act": kind.act,
        "v": 1,
        "archive": archive_id,
        kind.noun: asked.of,
        "request": asked.index,
        "digest": asked.digest,
        "step": number,
        "role": step["role"],
        "does": step["act"],
        "person": person.name,
        "time": records.timestamp(now),
        "expires": records.timestamp(now + timedelta(days=days)),
        **asked.also,
    }
    return statements.signed(statement, person)


# ── verifying ─────────────────────────────────────────────────────────────────


def problems(
    kind: Kind,
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
    wrong-archive, wrong-<noun>, request-changed, wrong-order, wrong-role, wrong-person,
    unknown-key, wrong-key, bad-signature, expired.
    """
    statement = fields.get("statement")
    if not isinstance(statement, dict) or not _well_formed(kind, statement, fields, asked):
        return ("malformed",)
    found = [code for code, wrong in _compared(kind, statement, fields, asked, number, archive_id)
             if wrong]  # fmt: skip
    person, key, signature = statement["person"], fields["key"], fields["signature"]
    if bad := statements.key_problem(person, key, signature, statement, keys):
        found.append(bad)
    if now is not None and statement["expires"] <= now:
        found.append("expired")
    return tuple(found)


def _compared(
    kind: Kind,
    statement: Mapping[str, Any],
    fields: Mapping[str, Any],
    asked: Asked,
    number: int,
    archive_id: str,
) -> Iterator[tuple[str, bool]]:
    step = asked.steps[number - 1] if number <= len(asked.steps) else {}
    named = fields.get("subject", {}).get(kind.noun)
    yield "wrong-archive", statement["archive"] != archive_id
    yield f"wrong-{kind.noun}", (statement[kind.noun], named) != (asked.of, asked.of)
    same = (statement["request"], statement["digest"]) == (asked.index, asked.digest)
    also = all(statement[name] == value for name, value in asked.also.items())
    yield "request-changed", not (same and also)
    yield "wrong-order", statement["step"] != number
    yield "wrong-role", (statement["role"], statement["does"]) != (step.get("role"),
                                                                   step.get("act"))  # fmt: skip
    yield "wrong-person", fields.get("who") != statement["person"]


def _well_formed(
    kind: Kind, statement: Mapping[str, Any], fields: Mapping[str, Any], asked: Asked
) -> bool:
    texts = {*_TEXTS, kind.noun, *asked.also}
    return (
        set(statement) == {"act", "v", "request", "step", *texts}
        and (statement["act"], statement["v"]) == (kind.act, 1)
        and all(isinstance(statement[name], str) for name in texts)
        and all(type(statement[name]) is int for name in ("request", "step"))
        and all(isinstance(fields.get(name), str) for name in ("key", "signature"))
    )


# ── who took the steps ────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Taken:
    """The steps that are proven, by whom; and why the next one is not, where one is there."""

    people: tuple[str, ...]
    problem: str | None = None
    person: str | None = None


def proven(
    archive: Archive,
    policy: Policy,
    kind: Kind,
    asked: Asked,
    entries: Sequence[Entry],
    decision: approvals.Decision,
    requester: str,
    keys: Mapping[str, str],
    now: datetime,
) -> Taken:
    """Who took the steps so far, each approval verified against the ledger.

    The problems: `altered-approval`, `approval-of-another`, `request-changed`,
    `expired-approval`, and those of `may_sign`: the role is asked for as it is held now.
    """
    people: list[str] = []
    for number, entry in enumerate(entries, 1):
        here = archive.settings.archive_id
        found = problems(kind, entry.fields, asked, number, keys, here, records.timestamp(now))
        said = _told(kind, found) if found else None
        if said is None:
            roles = regulations.roles_held(archive.catalogue, policy, entry.who)
            said = approvals.may_sign(policy, decision, number, entry.who, roles, requester, people)
        if said is not None:
            return Taken(tuple(people), said, entry.who)
        people.append(entry.who)
    return Taken(tuple(people))


_ALTERED = {"bad-signature", "malformed", "unknown-key", "wrong-key", "wrong-person"}


def _told(kind: Kind, found: Sequence[str]) -> str:
    """The one reason that is recorded for an approval that proves nothing."""
    if {f"wrong-{kind.noun}", "wrong-archive"} & set(found):
        return "approval-of-another"
    if _ALTERED & set(found):
        return "altered-approval"
    if "request-changed" in found:
        return "request-changed"
    if "expired" in found:
        return "expired-approval"
    return "wrong-order" if "wrong-order" in found else "wrong-role"


def next_signer(
    policy: Policy,
    decision: approvals.Decision,
    name: str,
    roles: frozenset[str],
    requester: str,
    earlier: Sequence[str],
) -> str | None:
    """None when this person may take the next step, else the reason code."""
    if decision.separate and name == requester:
        return "self-approval"
    number = len(earlier) + 1
    said = approvals.may_sign(policy, decision, number, name, roles, requester, earlier)
    later = decision.steps[number:]
    if said == "wrong-role" and any(set(step.means) & roles for step in later):
        return "wrong-order"
    return said


def as_decision(
    policy: Policy, steps: Sequence[Mapping[str, str]], separate: bool
) -> approvals.Decision:
    """The steps that an entry names, as a decision that `may_sign` can be asked of."""
    asked = tuple(
        approvals.Step(one["role"], one["act"], policy.who_is(one["role"])) for one in steps
    )
    return approvals.Decision(True, steps=asked, separate=separate)
