"""What the ledger names: every file of an archive that an entry vouches for, by path and digest.

Owns the answer to "which bytes is this archive made of, after so many entries?". It is worked out
from the entries alone, without keys, by the same steps that make the catalogue; so a backup can be
held against it on a machine that has nothing but the backup.

Rules it keeps:
- Memory stays flat: rows are replayed into a file under a random key, and read in the order of ids.
- Files come in blocks (a thousand records, some thousand entries), in an order that only depends on
  the ledger: what did not change since makes the same block again.
- A public key is named by what it is, not by the bytes of its file; `Public` says which it must be.

    for block, files in blocks(vault, ledger, replay):
        for named in files: …           # Named("store/C000001/…/R00000001.pdf.age", "9f86…")
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, TypeVar

from archivist.archive import record_label, record_name
from archivist.erasing import goes_with
from index.catalogue import Change, Row
from index.replay import Replay
from storage.errors import Damaged
from storage.keys import KeyRing, recipient_digest
from storage.ledger_view import LedgerView
from storage.people import People
from storage.vault import Label, Vault

RECORDS = 1000  # in one block
ENTRIES = 4096

T = TypeVar("T")
Block = tuple[str, list["Named"]]


@dataclass(frozen=True, slots=True)
class Named:
    """One file that an entry names. `head` holds, for a head, what it may say about its record
    when a rotation has put the next one in its place already: the name and that label."""

    path: str
    sha256: str
    head: tuple[str, Label] | None = None


@dataclass(frozen=True, slots=True)
class Public:
    """A public page or key: `row` says whose, and which keys must be in it."""

    path: str
    row: Row


def changes(ledger: LedgerView, start: int, end: int) -> Iterator[Change]:
    """Entries for a replay that needs no names: those lie in sealed cards."""
    for index, raw in ledger.entries(start, end):
        yield index, json.loads(raw), None


def blocks(vault: Vault, ledger: LedgerView, replay: Replay) -> Iterator[Block]:
    """Every stored file that the entries replayed so far name, in blocks."""
    newest = cache(replay.newest_generation)
    rows = _runs(replay.every_record(), lambda row: (int(row["id"][1:]) - 1) // RECORDS)
    for number, members in rows:
        files = [named for row in members for named in _of_record(vault, newest, row)]
        yield f"records-{number * RECORDS + 1:08}", files
    entries = ledger.entries(0, replay.applied)
    for number, raws in _runs(entries, lambda one: one[0] // ENTRIES):
        files = [named for _, raw in raws for named in _of_entry(vault, replay, json.loads(raw))]
        if files:
            yield f"cards-{number * ENTRIES:08}", files


def public(replay: Replay) -> Iterator[Public]:
    """Every public half and public page that the ledger knows."""
    for row in replay.grade_keys():
        yield Public(f"keys/grades/{row['key']}/{row['generation']:04}/public", row)
    for row in replay.people():
        yield Public(f"keys/people/{row['id']}.json", row)


def destroyed(ledger: LedgerView, replay: Replay) -> list[str]:
    """The names under which a destruction left nothing: records, and cards about them that lie
    elsewhere. Sorted; empty where nothing was destroyed."""
    stones = {stone["id"]: stone for stone in replay.every_tombstone()}
    if not stones:
        return []
    found = {f"{stone['customer']}/{stone['dossier']}/{stone['id']}" for stone in stones.values()}
    for _, raw in ledger.entries(0, replay.applied):
        fields = json.loads(raw)
        if goes_with(fields) in stones:
            found.add(fields["card"]["name"])
    return sorted(found)


def check_public(keys: KeyRing, people: People, row: Row) -> None:
    """Whether a public key or page is the one in the ledger. Raises Missing, Damaged."""
    there: tuple[object, ...]
    wanted: tuple[object, ...]
    if "public" in row:
        there = (recipient_digest(keys.recipient(row["key"], row["generation"])),)
        wanted = (row["public"],)
    else:
        page = people.person(row["id"])
        there = (page.verify_key.hex(), recipient_digest(page.recipient))
        # Entries of the first versions name fewer of a person's keys.
        wanted = (row["key"] or there[0], row["recipient"] or there[1])
    if there != wanted:
        raise Damaged("is not the one the ledger names")


def _runs(items: Iterable[T], number: Callable[[T], int]) -> Iterator[tuple[int, list[T]]]:
    for key, members in groupby(items, number):
        yield key, list(members)


def _of_record(vault: Vault, newest: Callable[[str], int | None], row: Row) -> Iterator[Named]:
    name, sealed, objects = record_name(row), row["generation"] is not None, row["objects"]
    for kind in ("scan", "card"):
        path = vault.body_path(name, objects[kind]["suffix"], sealed=sealed)
        yield Named(path, objects[kind]["sha256"])
    if sealed:
        generation = newest(row["key"]) or row["generation"]
        label = record_label(row["id"], row["key"], generation)
        yield Named(vault.head_path(name), objects["head"], (name, label))


def _of_entry(vault: Vault, replay: Replay, fields: Mapping[str, Any]) -> Iterator[Named]:
    """The sealed card of an entry, and what a reader from outside showed beside it; nothing where
    it was destroyed with its record."""
    card = fields.get("card")
    if not card or replay.tombstone(goes_with(fields) or ""):
        return
    yield Named(vault.body_path(card["name"], "card"), card["sha256"])
    yield Named(vault.head_path(card["name"]), card["head"])
    for body in fields.get("evidence", ()):
        yield Named(vault.body_path(card["name"], body["suffix"]), body["sha256"])
