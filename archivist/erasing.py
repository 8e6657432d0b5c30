"""Erasing: nothing of a destroyed record stays below the archive's folder.

Owns what of a record lies where, beside the keys that sealed it and the full text, which take
somebody who holds them. No key is needed here, and nothing is asked: whether it may be done was
decided, and stands in the ledger.

    store/, keys/records/   bodies and heads, whatever a change of grade left, and cards about it
    keys/loans/             heads that a borrower was granted
    work/, trays/           claims that hold the same bytes: leftovers, duplicates
    work/orphans/           what crashed runs left under its name, or under a key that is no more

Rules it keeps:
- Heads go before bodies: what is half done opens nothing.
- A card named after the record goes with it (a purpose, a reason, an opinion): free words about
  one record quote its title sooner or later. The entry that named the card stays. Cards of a loan,
  an incident or a violation stay: they are papers of another matter.
- Everything may be repeated. `traces` looks again, by names and by what the ledger says, and is
  what may be claimed on a certificate.

    erase(archive, archive.catalogue.destruction("X000001"))
    traces(archive, archive.catalogue.destruction("X000001"))      # []
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archivist.errors import NotKnown
from archivist.records import Entry, kind_of
from storage import durable, vault
from storage.errors import StorageError

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from storage.grants import Grants

ORPHANS = "work/orphans"
# The entries that name a subject, wherever they are looked up.
Said = Callable[[str], Iterable[Entry]]


def erase(archive: Archive, row: Row) -> int:
    """Delete every file of the records of a destruction; returns how many files that were.

    Call it with the lock held, behind the entry `decided`. Raises DiskFailed.
    """
    stones = archive.catalogue.tombstones_of(row["disposal"])
    removed = 0
    for top, files in _files(archive, stones, archive.entries_of):
        for relative in files:
            removed += durable.remove(top / relative)
    # Half a body that was being written when the power went has another name.
    for folder in {_folder(stone) for stone in stones}:
        removed += len(durable.sweep(archive.root / "store" / folder))
        removed += len(durable.sweep(archive.root / "keys" / "records" / folder))
    grants = archive.grants
    for name in _grants(grants, stones):
        removed += grants.withdraw(name)
    for claim in _claims(archive, stones, row):
        shutil.rmtree(claim)
        removed += 1
    return removed + _dead_orphans(archive, row["keys"])


def traces(archive: Archive, row: Row) -> list[str]:
    """What is still there of a destruction's records: paths, and keys that open old copies."""
    stones = archive.catalogue.tombstones_of(row["disposal"])
    there = _files(archive, stones, archive.entries_of)
    left = [f"{top / relative}" for top, files in there for relative in files]
    left += [f"keys/loans/{name}" for name in _grants(archive.grants, stones)]
    left += [str(folder) for folder in _claims(archive, stones, row)]
    left += [f"{key}/{n}" for key, floor in row["keys"].items() for n in opens(archive, key, floor)]
    return left


def opens(archive: Archive, key: str, floor: int) -> list[int]:
    """The generations of a key, up to the one named, whose private half somebody still holds."""
    ring = archive.keys
    return [n for n in ring.generations(key) if n <= floor and ring.holders(key, n)]


def outlived(archive: Archive, stone: Row, said: Said) -> bool:
    """Whether something of one destroyed record lies in the archive's folder; `said` gives the
    entries that name it."""
    return any(files for _, files in _files(archive, [stone], said))


def goes_with(fields: Mapping[str, Any]) -> str | None:
    """The record with which the card of an entry is destroyed; None for a card that stays."""
    card, subject = fields.get("card"), fields["subject"]
    if not card:
        return None
    named = str(card["name"]).rpartition("/")[2].partition("-")[0]
    if kind_of(named) == "record":
        return named
    # An opinion on one record, wherever it lies, is about its content.
    return subject.get("record") if fields["act"] == "disposal" else None


def _files(archive: Archive, stones: Sequence[Row], said: Said) -> Iterator[tuple[Path, list[str]]]:
    """Each root below which files of these records lie, with their relative paths."""
    orphans = archive.root / ORPHANS
    tops = [archive.root, *(sorted(orphans.iterdir()) if orphans.is_dir() else ())]
    by_folder: dict[str, set[str]] = {}
    for stone in stones:
        by_folder.setdefault(_folder(stone), set()).add(stone["id"])
    for top in tops:
        for folder, names in by_folder.items():
            yield top, archive.vault.files_about(folder, names, top)
    opinions = [name for stone in stones for name in _cards_elsewhere(stone, said)]
    yield archive.root, [file for name in opinions for file in archive.vault.files_of(name)]


def _cards_elsewhere(stone: Row, said: Said) -> Iterator[str]:
    for entry in said(stone["id"]):
        if entry.act == "disposal" and goes_with(entry.fields) == stone["id"]:
            yield entry.fields["card"]["name"]


def _grants(grants: Grants, stones: Sequence[Row]) -> list[str]:
    gone = {stone["id"] for stone in stones}
    return [name for name in grants.names() if name.partition("/")[2] in gone]


def _claims(archive: Archive, stones: Sequence[Row], row: Row) -> list[Path]:
    """Folders of claims that hold the same bytes: what a crash left behind filing, duplicates."""
    found = []
    for stone in stones:
        for claim in dict.fromkeys((stone["claim"], stone["claim"].partition(".")[0])):
            folder = archive.root / "work" / claim
            found += [folder] if folder.is_dir() else []
    for claim in _named_claims(archive, row):
        try:
            found.append(archive.claims.in_tray(claim)[1].folder)
        except NotKnown:
            continue
    return found


def _named_claims(archive: Archive, row: Row) -> list[str]:
    ((_, raw),) = archive.ledger.entries(row["idx"], row["idx"] + 1)
    claims: list[str] = json.loads(raw)["claims"]
    return claims


def _dead_orphans(archive: Archive, keys: Mapping[str, int]) -> int:
    """Remove what a crashed run sealed, under whatever name, to a key that is no more.

    Such a file may be a copy: the scan was taken in once more, under the next number. Nobody can
    open it, and nobody can tell, so it would only lie there for ever.
    """
    removed = 0
    for head in sorted((archive.root / ORPHANS).glob("*/keys/records/*/*/*.head")):
        try:
            label = archive.vault.label_of(durable.read_bytes(head, vault.MAX_HEAD_BYTES))
        except StorageError:
            continue
        key, generation = label.get("key"), label.get("generation")
        if not isinstance(key, str) or not isinstance(generation, int):
            continue
        if generation > keys.get(key, 0) or opens(archive, key, generation):
            continue
        top = head.parents[4]
        folder = head.parent.relative_to(top / "keys" / "records")
        bodies = (top / "store" / folder).glob(f"{head.stem}.*")
        for path in (head, *bodies):
            removed += durable.remove(path)
    return removed


def _folder(stone: Row) -> str:
    return f"{stone['customer']}/{stone['dossier']}"
