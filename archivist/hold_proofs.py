"""Releases of holds as proofs: what is signed, and what makes a signature release nothing.

Owns the statement of a release. It is canonical JSON, signed with the releaser's own Ed25519 key,
and stands in the entry, so that whoever has the ledger can verify it without this program's word:

    act, v        "hold-release", 1
    archive       which archive
    hold          which hold
    placed        ledger index of the entry that placed it
    digest        SHA-256 of that entry's bytes: what was held cannot change afterwards
    person, time  who releases, and when

Rules it keeps: the releaser is not the one who placed the hold, and the key is the one that the
ledger names for him. A release that proves nothing releases nothing: `in_force` is what the ledger
alone says, and is asked before anything is destroyed, because whoever has the house key could
take a row out of the catalogue.

    in_force(archive.ledger.entries(0))["H000001"].target        # "C000001"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archivist import statements
from archivist.records import Entry, timestamp

if TYPE_CHECKING:
    from storage.people import Unlocked

KIND = "hold-release"  # stands in the statement, so that it cannot pass for another kind of one
_TEXTS = ("archive", "hold", "digest", "person", "time")
# Most entries speak of neither; their bytes need not be read as JSON. Canonical, so exact.
_SPEAKING = re.compile(rb'"act":"(?:hold|person|init)"')


@dataclass(frozen=True, slots=True)
class Placed:
    """A hold as its first entry says it: where that stands, its digest, and who placed it."""

    hold: str
    target: str
    kind: str
    who: str
    time: str
    index: int
    digest: str


def placed(index: int, raw: bytes) -> Placed:
    """What the entry that placed a hold says."""
    entry = Entry.parse(index, raw)
    subject = entry.subject
    target = subject.get("record") or subject.get("dossier") or subject["customer"]
    return Placed(subject["hold"], target, entry.fields["kind"], entry.who, entry.time, index,
                  statements.digest_of(raw))  # fmt: skip


def signed_release(
    archive_id: str, hold: Placed, person: Unlocked, now: datetime
) -> dict[str, Any]:
    """The fields of a releasing entry: statement, key and signature."""
    statement = {
        "act": KIND,
        "v": 1,
        "archive": archive_id,
        "hold": hold.hold,
        "placed": hold.index,
        "digest": hold.digest,
        "person": person.name,
        "time": timestamp(now),
    }
    return statements.signed(statement, person)


# ── verifying ─────────────────────────────────────────────────────────────────


def problems(
    fields: Mapping[str, Any], hold: Placed, keys: Mapping[str, str], archive_id: str
) -> tuple[str, ...]:
    """Why a releasing entry releases nothing; empty when it does.

    `keys` are the hex signing keys that the ledger names, by person. The codes: malformed,
    wrong-archive, wrong-hold, hold-changed, wrong-person, same-person, unknown-key, wrong-key,
    bad-signature.
    """
    said = fields.get("statement")
    if not isinstance(said, dict) or not _well_formed(said, fields):
        return ("malformed",)
    named = fields.get("subject", {}).get("hold")
    wrong = {
        "wrong-archive": said["archive"] != archive_id,
        "wrong-hold": (said["hold"], named) != (hold.hold, hold.hold),
        "hold-changed": (said["placed"], said["digest"]) != (hold.index, hold.digest),
        "wrong-person": fields.get("who") != said["person"],
        "same-person": said["person"] == hold.who,
    }
    found = [code for code, is_so in wrong.items() if is_so]
    if bad := statements.key_problem(
        said["person"], fields["key"], fields["signature"], said, keys
    ):
        found.append(bad)
    return tuple(found)


def _well_formed(said: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return (
        set(said) == {"act", "v", "placed", *_TEXTS}
        and (said["act"], said["v"]) == (KIND, 1)
        and all(isinstance(said[name], str) for name in _TEXTS)
        and type(said["placed"]) is int
        and all(isinstance(fields.get(name), str) for name in ("key", "signature"))
    )


def _told(
    entries: Iterable[tuple[int, bytes]],
) -> Iterator[tuple[Entry, Placed | None, tuple[str, ...]]]:
    """Each entry on a hold: the hold it begins or ends, and why a release ends nothing."""
    archive_id, keys, holds = "", dict[str, str](), dict[str, Placed]()
    for index, raw in entries:
        if not _SPEAKING.search(raw):
            continue
        entry = Entry.parse(index, raw)
        if entry.act == "init":
            archive_id = entry.subject["archive"]
        elif entry.act == "person" and "key" in entry.fields:
            keys[entry.subject["person"]] = entry.fields["key"]
        elif entry.act == "hold" and entry.fields["step"] == "place":
            hold = placed(index, raw)
            # The first entry of a number counts: a later one must not move a hold elsewhere.
            yield entry, holds.setdefault(hold.hold, hold), ()
        elif entry.act == "hold":
            known = holds.get(entry.subject["hold"])
            wrong = problems(entry.fields, known, keys, archive_id) if known else ("malformed",)
            yield entry, known, wrong


def verify(entries: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each release in a ledger read from its beginning, with its problems.

    Needs nothing beside the entries.
    """
    for entry, _, wrong in _told(entries):
        if entry.fields["step"] == "release":
            yield entry.index, wrong


def in_force(entries: Iterable[tuple[int, bytes]]) -> dict[str, Placed]:
    """The holds in force by a ledger read from its beginning: placed, and not validly released."""
    found: dict[str, Placed] = {}
    for entry, hold, wrong in _told(entries):
        if hold is not None and entry.fields["step"] == "place":
            found[hold.hold] = hold
        elif hold is not None and not wrong:
            found.pop(hold.hold, None)
    return found
