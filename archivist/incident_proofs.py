"""That somebody was told of an incident, as a proof: his own signature, verified from the ledger.

Owns the statement of an acknowledgement. It is canonical JSON, signed with the person's own
Ed25519 key, and stands in the entry:

    act, v        "incident-acknowledged", 1
    archive       which archive
    incident      which incident
    report        ledger index of the report
    digest        SHA-256 of that entry's bytes: what was reported cannot change afterwards
    roles         in which roles, of those that the report names
    person, time  who confirms, and when

Rules it keeps: the key is the one that the ledger names for the person, the roles are among those
that the report names and the person held when he signed. Whatever else, it confirms nothing.

    confirmed(archive, policy, row)      # {"general_manager"}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archivist.archive import Archive
from archivist.records import Entry, timestamp
from archivist.regulations import roles_meant
from archivist.statements import digest_of, key_problem, ledger_keys, signed
from index.catalogue import Row
from policies.policy import Policy
from storage.people import Unlocked

KIND = "incident-acknowledged"  # so that it cannot pass for another kind of statement
_TEXTS = ("archive", "incident", "digest", "person", "time")


@dataclass(frozen=True, slots=True)
class Reported:
    """What is confirmed: the entry of the report, and whom it names (role → what it means)."""

    incident: str
    index: int
    digest: str
    notify: Mapping[str, Sequence[str]]


def reported(archive: Archive, row: Row) -> Reported:
    """The report of an incident, read from the ledger and not from its shadow."""
    ((index, raw),) = archive.ledger.entries(row["idx"], row["idx"] + 1)
    entry = Entry.parse(index, raw)
    notify = {notice["role"]: notice["means"] for notice in entry.fields["notify"]}
    return Reported(row["id"], index, digest_of(raw), notify)


def signed_confirmation(
    archive_id: str, report: Reported, roles: Sequence[str], person: Unlocked, now: datetime
) -> dict[str, Any]:
    """The fields of an acknowledging entry: statement, key and signature."""
    statement = {
        "act": KIND,
        "v": 1,
        "archive": archive_id,
        "incident": report.incident,
        "report": report.index,
        "digest": report.digest,
        "roles": list(roles),
        "person": person.name,
        "time": timestamp(now),
    }
    return signed(statement, person)


def problems(
    entry: Entry,
    report: Reported,
    keys: Mapping[str, str],
    held: frozenset[str],
    archive_id: str,
) -> tuple[str, ...]:
    """Why an acknowledging entry confirms nothing; empty when it does.

    `keys` are the hex signing keys that the ledger names, `held` the roles of the person when he
    signed. The codes: malformed, wrong-archive, wrong-incident, report-changed, wrong-person,
    wrong-role, unknown-key, wrong-key, bad-signature.
    """
    fields, said = entry.fields, entry.fields.get("statement")
    if not isinstance(said, dict) or not _well_formed(said, fields):
        return ("malformed",)
    named = entry.subject.get("incident")
    same = (said["report"], said["digest"]) == (report.index, report.digest)
    wrong = {
        "wrong-archive": said["archive"] != archive_id,
        "wrong-incident": (said["incident"], named) != (report.incident, report.incident),
        "report-changed": not same,
        "wrong-person": entry.who != said["person"],
        "wrong-role": not all(held & {*report.notify.get(role, ())} for role in said["roles"]),
    }
    found = [code for code, is_so in wrong.items() if is_so]
    if bad := key_problem(said["person"], fields["key"], fields["signature"], said, keys):
        found.append(bad)
    return tuple(found)


def _well_formed(said: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return (
        set(said) == {"act", "v", "report", "roles", *_TEXTS}
        and (said["act"], said["v"]) == (KIND, 1)
        and all(isinstance(said[name], str) for name in _TEXTS)
        and type(said["report"]) is int
        and isinstance(said["roles"], list)
        and all(isinstance(role, str) for role in said["roles"])
        and all(isinstance(fields.get(name), str) for name in ("key", "signature"))
    )


def confirmed(archive: Archive, policy: Policy, row: Row) -> frozenset[str]:
    """The roles in which an incident was confirmed, each signature verified anew."""
    report, archive_id = reported(archive, row), archive.settings.archive_id
    found: set[str] = set()
    for entry in archive.entries_of(row["id"]):
        if entry.act == "incident" and entry.fields["step"] == "acknowledge":
            keys = ledger_keys(archive, [entry.who])
            held = _held_before(archive, policy, entry)
            if not problems(entry, report, keys, held, archive_id):
                found.update(entry.fields["statement"]["roles"])
    return frozenset(found)


def _held_before(archive: Archive, policy: Policy, entry: Entry) -> frozenset[str]:
    """The roles that the ledger had given a person by the time of an entry of his."""
    roles: Sequence[str] = ()
    for one in archive.entries_of(entry.who):
        if one.act == "person" and one.index < entry.index and "roles" in one.fields:
            roles = one.fields["roles"]
    return roles_meant(policy, roles)
