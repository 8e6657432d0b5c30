"""Opinions and approvals of a disposal as proofs: what is signed, and what proves nothing.

Owns the statement of an opinion, and what approvals of disposals add to the common statement of a
step (`archivist.step_proofs`): `disposal-approval`, the disposal's id, and `list`, the digest of
everything that is destroyed or kept. An opinion says

    act, v        "disposal-opinion", 1
    archive       which archive
    disposal      which disposal; proposal and digest: ledger index and SHA-256 of its first entry
    record        which record; content: the digest of what the appraiser had before him
    opinion       destroy, keep or regrade; until: the last day of keeping; grade: the one to come
    words         SHA-256 of the sealed card with the opinion in words
    person, time  who says so, and when

Rules it keeps: an opinion counts for this record of this disposal, as it was proposed. The key is
the one that the ledger names for the person.

    opinion_problems(entry, case, keys, archive_id)          # ()
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archivist.records import Entry, timestamp
from archivist.statements import key_problem, signed
from archivist.step_proofs import Kind

if TYPE_CHECKING:
    from archivist.disposal_book import Case
    from storage.people import Unlocked

DISPOSAL = Kind("disposal-approval", "disposal")
OPINION = "disposal-opinion"
_FIELDS = {"act", "v", "archive", "disposal", "proposal", "digest", "record", "content", "opinion",
           "words", "person", "time"}  # fmt: skip


def signed_opinion(
    archive_id: str,
    case: Case,
    record: str,
    said: Mapping[str, str],
    card: Mapping[str, Any],
    person: Unlocked,
    now: datetime,
) -> dict[str, Any]:
    """The fields of an appraising entry: what is `said` (opinion, until, grade), signed."""
    statement = {
        "act": OPINION,
        "v": 1,
        "archive": archive_id,
        "disposal": case.id,
        "proposal": case.proposal.index,
        "digest": case.digests[case.proposal.index],
        "record": record,
        "content": case.items[record].content,
        **said,
        "words": card["sha256"],
        "person": person.name,
        "time": timestamp(now),
    }
    return {**said, **signed(statement, person)}


def opinion_problems(
    entry: Entry, case: Case, keys: Mapping[str, str], archive_id: str
) -> tuple[str, ...]:
    """Why an appraising entry says nothing of its record; empty when it does.

    `keys` are the hex signing keys that the ledger names, by person. The codes: malformed,
    wrong-archive, wrong-disposal, proposal-changed, wrong-record, wrong-opinion, wrong-words,
    wrong-person, unknown-key, wrong-key, bad-signature.
    """
    fields, said = entry.fields, entry.fields.get("statement")
    if not isinstance(said, dict) or not _well_formed(said, fields):
        return ("malformed",)
    record = entry.subject.get("record", "")
    item = case.items.get(record)
    proposal = (case.proposal.index, case.digests[case.proposal.index])
    wrong = {
        "wrong-archive": said["archive"] != archive_id,
        "wrong-disposal": (said["disposal"], entry.subject.get("disposal")) != (case.id, case.id),
        "proposal-changed": (said["proposal"], said["digest"]) != proposal,
        "wrong-record": item is None or (said["record"], said["content"]) != (record, item.content),
        "wrong-opinion": any(said.get(name) != fields.get(name) for name in _SAID),
        "wrong-words": said["words"] != fields.get("card", {}).get("sha256"),
        "wrong-person": entry.who != said["person"],
    }
    found = [code for code, is_so in wrong.items() if is_so]
    if bad := key_problem(said["person"], fields["key"], fields["signature"], said, keys):
        found.append(bad)
    return tuple(found)


_SAID = ("opinion", "until", "grade")


def _well_formed(said: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return (
        _FIELDS <= set(said) <= _FIELDS | {"until", "grade"}
        and (said["act"], said["v"]) == (OPINION, 1)
        and type(said["proposal"]) is int
        and all(isinstance(said[name], str) for name in set(said) - {"v", "proposal"})
        and all(isinstance(fields.get(name), str) for name in ("key", "signature"))
    )
