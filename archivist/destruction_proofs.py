"""That somebody witnessed (监销), as a proof: his own signature, verified from the ledger.

Owns the statement that witnesses sign, for three things that end: the records of a disposal, paper
originals of them, a recovery bundle that still opened them. It is canonical JSON, signed with the
witness's own Ed25519 key, and stands in the entry:

    act, v        "destruction-witnessed", 1
    archive       which archive
    disposal      which disposal
    of            "records", "paper" or "bundle"
    list          SHA-256 of what was held against the things: see `list_digest`
    count         how many things
    method        "key_destruction", or how paper went: shred, pulp, burn, tear
    words         SHA-256 of the card that holds the place, or null
    person, time  who witnessed, and when

The place is free text and therefore sealed in a card, salted: the digest of a place that can be
guessed must not confirm the guess.

Rules it keeps: the key is the one that the ledger names for the person; each witness is another
person, and nobody witnesses what he carries out himself. Whatever else, it witnesses nothing.

    statements = [signed_by(archive_id, deed, wang, now) for …]
    problems(entry, keys, archive_id)         # ()
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archivist import records, statements

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from storage.people import Unlocked

KIND = "destruction-witnessed"  # so that it cannot pass for another kind of statement
_FIELDS = {"act", "v", "archive", "disposal", "of", "list", "count", "method", "words", "person",
           "time"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deed:
    """What is witnessed."""

    disposal: str
    of: str
    list: str
    count: int
    method: str
    words: str | None

    def fields(self) -> dict[str, Any]:
        """As they stand in the statement."""
        names = ("disposal", "of", "list", "count", "method", "words")
        return {name: getattr(self, name) for name in names}


def list_digest(rows: Iterable[Row]) -> str:
    """SHA-256 over a line for each record, by id: the id and the digests of what is stored.

    Whoever has the ledger makes it again: the digests stand in the entries that filed, moved and
    sealed the record anew.
    """
    hasher = hashlib.sha256()
    for row in sorted(rows, key=lambda row: str(row["id"])):
        found = row["objects"]
        digests = [found.get("head") or "-", found["scan"]["sha256"], found["card"]["sha256"]]
        hasher.update(f"{row['id']} {' '.join(digests)}\n".encode("ascii"))
    return hasher.hexdigest()


def ids_digest(ids: Iterable[str]) -> str:
    """SHA-256 over a line for each id, sorted: a list of papers, or the digest of a bundle."""
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(ids)).encode()).hexdigest()


def words_digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a card's content as it is sealed."""
    return hashlib.sha256(records.canonical(content)).hexdigest()


def signed_by(archive_id: str, deed: Deed, person: Unlocked, now: datetime) -> dict[str, Any]:
    """One witness's statement, with key and signature."""
    statement = {"act": KIND, "v": 1, "archive": archive_id, **deed.fields(),
                 "person": person.name, "time": records.timestamp(now)}  # fmt: skip
    return statements.signed(statement, person)


def problems(entry: records.Entry, keys: Mapping[str, str], archive_id: str) -> tuple[str, ...]:
    """Why the witnesses of an entry prove nothing; empty when each of them does.

    `keys` are the hex signing keys that the ledger names. The codes: malformed, and with a name
    behind a colon wrong-archive, wrong-disposal, wrong-list, twice, executor, unknown-key,
    wrong-key, bad-signature.
    """
    found: list[str] = []
    seen: set[str] = set()
    for one in entry.fields.get("witnesses", ()):
        said = one.get("statement")
        if not isinstance(said, dict) or set(said) != _FIELDS or said["act"] != KIND:
            return ("malformed",)
        name = str(said["person"])
        wrong = {
            "wrong-archive": said["archive"] != archive_id,
            "wrong-disposal": said["disposal"] != entry.subject.get("disposal"),
            "wrong-list": said["list"] != entry.fields["list"],
            "twice": name in seen,
            "executor": name == entry.who,
            "unknown-key": name not in keys,
            "wrong-key": name in keys and keys[name] != one.get("key"),
        }
        codes = [code for code, is_so in wrong.items() if is_so]
        if not codes and not statements.verifies(
            one["key"], str(one.get("signature")), records.canonical(said)
        ):
            codes = ["bad-signature"]
        found += [f"{code}:{name}" for code in codes]
        seen.add(name)
    return tuple(found)


def witnessed(archive: Archive, index: int) -> tuple[str, ...]:
    """The `problems` of the entry at a ledger index, read from the ledger alone."""
    ((at, raw),) = archive.ledger.entries(index, index + 1)
    entry = records.Entry.parse(at, raw)
    names = [one["statement"]["person"] for one in entry.fields.get("witnesses", ())]
    return problems(entry, statements.ledger_keys(archive, names), archive.settings.archive_id)
