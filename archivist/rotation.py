"""Rotation: every record under a key is sealed anew, and the old key ceases to exist.

The key is a grade's own, or that of a need-to-know list.

Owns the ledger acts `rotate` (begun, ended) and `rewrap` (heads sealed anew). Only heads are
rewritten; bodies never change. The order:

    new generation durable and granted   → entries `key` and `rotate` begun
    heads of some records, durable       → entry `rewrap` with the digest of each
    … until no record is left            → entry `rotate` ended
    the older generations' counterparts and private halves are destroyed

Rules it keeps:
- The lock is held for a few batches, not for the whole: the station files meanwhile, with the new
  generation, because the newest that the ledger names seals from its entry on.
- A crash leaves a head either as the last entry names it or as the new key opens it, never
  between. So whoever runs `rotate` again goes on where it stopped, and a reader tries both.
- Nothing is destroyed before every record is proved to be sealed to the new generation. A head
  that cannot be opened is named, and the old key stays until it is put back from a copy.
- The newest generation is granted to whom the ledger calls cleared, and to nobody else; of a grade
  that takes no clearance, to the house.

    rotate(archive, "SECRET", person, now, bar.reach).records
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archivist.archive import Archive, Desk, record_label, record_name
from archivist.errors import BadRequest
from archivist.holding import kept_by_house
from archivist.records import key_subject
from archivist.remarks import remark
from index import rekeying
from index.errors import ShadowError
from storage import rewrapping
from storage.errors import Damaged, Missing
from storage.keys import GradeKey, Holder, Suite, index_key

if TYPE_CHECKING:
    from index.catalogue import Row
    from storage.people import Person, Unlocked

# In one batch: bounds memory, what a crash repeats, and the size of an entry (64 KB at most).
TOGETHER = 640
# As many batches as the lock is held for: what somebody who files meanwhile has to wait.
HELD = 3
INDEXES = (".db", ".whoosh")

Reach = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rotated:
    """How a rotation went: `records` sealed anew by this run, ids of `damaged` ones left over.

    It is over when nothing was damaged; then `destroyed` are the generations that are no more.
    """

    key: str
    generation: int
    records: int
    damaged: tuple[str, ...]
    destroyed: tuple[int, ...]


def rotate(
    archive: Archive,
    key: str,
    person: Unlocked,
    now: datetime,
    reach: Reach = lambda done, total: None,
) -> Rotated:
    """Move every record under a key to its newest generation, made here unless one waits for it.

    `reach(done, total)` counts records. Raises BadRequest for a key that is not there, NotAllowed
    for whoever does not hold every generation in use, Busy, DiskFailed.
    """
    archive.follow()
    archive.counterparts.check_writable()  # else nothing could be destroyed at its end
    run = _Run(archive, key, person)
    with archive.writing(now, person.name) as desk:
        discard_unsaid(archive)
        run.begin(desk)
    run.rekey_indexes()
    done, total = 0, archive.catalogue.sealed_count(key, run.target.generation)
    with run:
        while True:
            with archive.writing(now, person.name) as desk:
                moved = run.rewrap(desk, total)
                if not moved:
                    return run.end(desk)
            done += moved
            reach(done, total)


def under_way(archive: Archive, key: str) -> bool:
    """Whether records or private halves of an older generation are still there."""
    newest = archive.catalogue.newest_generation(key)
    if newest is None:
        return False
    return bool(_older(archive, key, newest) or archive.catalogue.sealed_count(key, newest))


def tidy(archive: Archive) -> None:
    """Finish what a crash left and no key is needed for. Call it with the lock held.

    Private halves outlive the entry that ends their rotation only by a crash.
    """
    discard_unsaid(archive)
    for key in archive.keys.key_ids():
        state, generation = _last(archive, key)
        for older in archive.keys.generations(key) if state == "ended" else []:
            if older < generation:  # without holders too: a counterpart may have been left
                archive.keys.destroy_private(key, older)


def discard_unsaid(archive: Archive) -> None:
    """Remove generations that no entry names: a crash left them, nothing was sealed to them.

    Call it with the lock held: whoever makes a generation says so before letting go of it.
    """
    for key in archive.keys.key_ids():
        for generation in archive.keys.generations(key):
            if archive.catalogue.public_key(key, generation) is None:
                archive.keys.discard(key, generation)


class _Run:
    """One person's rotation of one key, from batch to batch."""

    def __init__(self, archive: Archive, key: str, person: Unlocked) -> None:
        self._archive = archive
        self._key_id = key
        self._person = person
        self._opened: dict[int, GradeKey] = {}
        self._at = 0  # ledger position: records filed before it are done
        self._aim = 0
        self._records = 0
        self._damaged: dict[str, None] = {}
        self._work: rewrapping.Rewrapping | None = None

    @property
    def target(self) -> GradeKey:
        """The generation to move to; a later one when somebody was shut out meanwhile."""
        newest = self._archive.catalogue.newest_generation(self._key_id)
        assert newest is not None
        return self._key(newest)

    def begin(self, desk: Desk) -> None:
        newest = self._archive.catalogue.newest_generation(self._key_id)
        if newest is None:
            raise BadRequest(f"{self._key_id} 没有密钥", f"{self._key_id} has no key")
        self._key(newest)  # whoever does not hold it begins nothing
        if under_way(self._archive, self._key_id):
            if _last(self._archive, self._key_id) == ("begun", newest):
                return
        else:
            newest = self._new_generation(desk)
        older = _older(self._archive, self._key_id, newest)
        for generation in older:
            self._key(generation)
        desk.say("rotate", key_subject(self._key_id), state="begun", generation=newest,
                 replaces=older)  # fmt: skip
        desk.append()
        self._archive.follow()

    def _new_generation(self, desk: Desk) -> int:
        archive = self._archive
        newest = archive.catalogue.newest_generation(self._key_id)
        cleared = archive.catalogue.clearances(self._key_id)
        names = sorted({row["person"] for row in cleared if row["generation"] == newest})
        pages: list[Person | Holder] = [archive.vouched(name) for name in names]
        if kept_by_house(archive, self._key_id, newest or 0):
            pages = [archive.house_holder]
        suite: Suite = "x25519" if archive.settings.suite == "x25519" else "hybrid"
        key = desk.new_key(self._key_id, pages, suite)
        self._opened[key.generation] = key
        return key.generation

    def rekey_indexes(self) -> None:
        """Let the full text move to the new key; it is a shadow, so failing costs a rebuild."""
        target = self.target
        for path in _indexes(self._archive, self._key_id):
            older = _older(self._archive, self._key_id, target.generation)
            keys = [index_key(self._key(generation).identity) for generation in reversed(older)]
            try:
                rekeying.rekey(path, keys, index_key(target.identity))
            except (ShadowError, OSError) as error:
                remark(
                    "%s 的全文索引将重建：%s",
                    "the index of %s is built anew: %s",
                    self._key_id,
                    error,
                )
                rekeying.throw_away(path)

    def rewrap(self, desk: Desk, total: int) -> int:
        """Move some batches under one lock; how many records that were, 0 when none is left.

        MUST make the heads durable before the entry names them.
        """
        moved = 0
        for batch in self._sealer(total).sealed(self._batches()):
            heads: dict[str, str] = {}
            placed: list[tuple[str, Path | None]] = []
            for move, done in batch:
                record = str(move.after["record"])
                if done.failed:
                    remark(
                        "档案 %s 仍用旧密钥：%s",
                        "record %s keeps its old key: %s",
                        record,
                        done.failed,
                    )
                    self._damaged[record] = None
                    continue
                heads[record] = done.sha256
                placed.append((move.name, Path(done.beside) if done.beside else None))
            self._archive.vault.put_in_place(placed)
            if heads:
                desk.say("rewrap", {}, key=self._key_id, generation=self._aim, heads=heads)
                desk.append()
                self._archive.follow()
            self._records += len(heads)
            moved += len(batch)
        return moved

    def _batches(self) -> Iterator[list[rewrapping.Move]]:
        for _ in range(HELD):
            rows = self._archive.catalogue.sealed_before(
                self._key_id, self._aim, self._at, TOGETHER
            )
            if not rows:
                return
            self._at = rows[-1]["idx"] + 1
            yield [self._move(row) for row in rows]

    def _move(self, row: Row) -> rewrapping.Move:
        record, key, older = row["id"], self._key_id, row["generation"]
        before, after = (record_label(record, key, n) for n in (older, self._aim))
        return rewrapping.Move(record_name(row), row["objects"]["head"], before, after)

    def _sealer(self, total: int) -> rewrapping.Rewrapping:
        """Who seals: children where they are worth it, anew when the aim has moved on."""
        aim = self.target.generation
        if self._work is None or aim != self._aim:
            self.__exit__()
            self._aim, self._at = aim, 0  # what this run has moved already moves once more
            older = _older(self._archive, self._key_id, aim)
            old = {generation: self._key(generation).identity for generation in older}
            children = len(os.sched_getaffinity(0)) if total >= rewrapping.WORTH_HEADS else 0
            self._work = rewrapping.Rewrapping(
                self._archive.root, old, self.target.identity, children
            )
        return self._work

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *_: object) -> None:
        if self._work is not None:
            self._work.__exit__()
        self._work = None

    def end(self, desk: Desk) -> Rotated:
        """MUST say that it ended before a private half is destroyed: an entry that is missing
        would leave records that nobody can open, and nothing that says why."""
        generation = self.target.generation
        digest, count = self._heads()
        destroyed: list[int] = []
        if not self._damaged:
            desk.say("rotate", key_subject(self._key_id), state="ended", generation=generation,
                     records=count, heads=digest)  # fmt: skip
            desk.append()
            self._archive.follow()
            destroyed = _destroy(self._archive, self._key_id, generation)
        return Rotated(
            self._key_id, generation, self._records, tuple(self._damaged), tuple(destroyed)
        )

    def _heads(self) -> tuple[str, int]:
        """SHA-256 over a line for each record under the key, in the order of filing and of
        their ids, and how many there are. Each head is compared with what the ledger names."""
        hasher, count = hashlib.sha256(), 0
        for row in self._archive.catalogue.sealed_rows(self._key_id):
            named = row["objects"]["head"]
            hasher.update(f"{row['id']} {named}\n".encode("ascii"))
            count += 1
            if row["id"] not in self._damaged and not self._is_there(row, named):
                remark(
                    "档案 %s 的密钥头与台账所记不符",
                    "record %s has another head than the ledger names",
                    row["id"],
                )
                self._damaged[row["id"]] = None
        return hasher.hexdigest(), count

    def _is_there(self, row: Row, named: str) -> bool:
        try:
            stored = self._archive.vault.stored_head(record_name(row))
        except (Missing, Damaged):
            return False
        return hashlib.sha256(stored).hexdigest() == named

    def _key(self, generation: int) -> GradeKey:
        if generation not in self._opened:
            opened = self._archive.opened(self._key_id, generation, self._person)
            self._opened[generation] = opened
        return self._opened[generation]


def _older(archive: Archive, key: str, newest: int) -> list[int]:
    """Generations before the newest whose private half somebody still holds."""
    return [
        generation
        for generation in archive.keys.generations(key)
        if generation < newest and archive.keys.holders(key, generation)
    ]


def _destroy(archive: Archive, key: str, newest: int) -> list[int]:
    older = _older(archive, key, newest)
    for generation in older:
        archive.keys.destroy_private(key, generation)
    return older


def _last(archive: Archive, key: str) -> tuple[str, int]:
    """State and generation of the last word on a rotation of this key; ("", 0) for none."""
    found = [entry for entry in archive.entries_of(key) if entry.act == "rotate"]
    return (found[-1].fields["state"], found[-1].fields["generation"]) if found else ("", 0)


def _indexes(archive: Archive, key: str) -> list[Path]:
    places = (archive.root / "index" / f"{key}{ending}" for ending in INDEXES)
    return [place for place in places if place.exists()]
