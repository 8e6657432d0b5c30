"""Verifying a ledger: everything is derived again from the entries and compared.

Owns the answer to "is this folder what was recorded, whole and signed?". It opens nothing
as `storage.ledger` does and believes no file: entries make leaf hashes, these make tiles,
tiles make roots, and every stored tile, bundle, journal record and checkpoint must say the
same. A file that belongs nowhere is a finding, too.

Rules it keeps:
  * Damage never raises; it is named by code, file and entry (`storage.ledger_findings`).
  * Memory stays flat: one bundle, one row of hashes per level, and the journal, which
    holds only what was committed since the last publication.
  * Bundles that fit their tile are hashed on every core (`storage.ledger_sums`); one that does
    not, or within which a head was seen, is looked at entry by entry.
  * Nothing is changed, and a writer at work is no damage. Full tiles below `journal/base`
    never change and are read without the lock, however many they are. Everything that a
    writer replaces or drops (journal, checkpoint, partial tiles, and which files there are
    at all) is read while the lock is held, shared: else a commit in progress looks torn, a
    partial tile that a full one has just replaced looks missing, and one that was published
    a moment ago looks like a stray.

What no folder can show by itself is that its newest entries were cut off or that all of it
was replaced by an older copy: `against` takes heads that somebody saw (catalogue, witness,
printed certificate). Cosigned and time-stamped heads that lie beside the ledger count among
them; whose cosignatures they must bear, `witnesses` says.

    report = verify(root, vkey, against=[(size, root_hash)])
    for finding in report.findings:
        print(finding.code, finding.where, finding.message)
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from storage.cosigned import WITNESSED, names_kept, open_kept
from storage.durable import read_bytes
from storage.errors import Damaged, Missing, StorageError
from storage.journal import Record, Scan, peek_size, read_from, scan, segment_name, segments
from storage.ledger_findings import (
    CHECKPOINT,
    ENTRY,
    JOURNAL,
    ROLLBACK,
    STAMP,
    STRAY,
    TILE,
    TORN,
    WITNESS,
    Finding,
    Report,
    Seen,
)
from storage.ledger_strays import strays
from storage.ledger_sums import Sums
from storage.merkle import Edge, fold, leaf_hash
from storage.note import Checkpoint, Verifier, open_checkpoint
from storage.proof import cosignatures
from storage.tile_names import WIDTH, entries_path, tile_path
from storage.tiles import decode_bundle, plan_tiles, split_hashes

Progress = Callable[[int, int], None]
# As long as writers wait for one another: under load a batch may well take some seconds.
_LOCK_SECONDS = 30.0
# Enough to see what is the matter; a ledger overwritten with noise has one per entry.
MAX_FINDINGS = 1000


def verify(
    root: Path,
    vkey: str,
    on_progress: Progress | None = None,
    *,
    against: Sequence[tuple[int, bytes] | Seen] = (),
    witnesses: Sequence[Verifier] = (),
    locked: bool = False,
) -> Report:
    """Check a ledger folder, or a copy of one; see the module.

    `on_progress(done, total)` is called with numbers of entries. `against` holds (size,
    32-byte root) pairs, or `Seen`, that the ledger must be consistent with. `locked` says that
    the caller holds the lock already. Raises ValueError when `vkey` is none; never for anything
    in the folder.
    """
    audit = _Audit(root, Verifier.parse(vkey), on_progress, [Seen(*seen) for seen in against])
    # Before the journal: what is cosigned meanwhile may be newer than the journal read here.
    audit.read_kept(witnesses)
    if locked:
        return audit.finish()
    audit.begin()
    with _shared_lock(root / "lock"):
        return audit.finish()


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The mutable part of the ledger at one moment."""

    base: Checkpoint | None
    published: Checkpoint | None
    journal: tuple[tuple[int, Scan], ...]


class _Audit:
    def __init__(
        self,
        root: Path,
        verifier: Verifier,
        on_progress: Progress | None,
        against: Sequence[Seen],
    ) -> None:
        self._root = root
        self._verifier = verifier
        self._progress = on_progress or (lambda done, total: None)
        self._against: dict[int, set[Seen]] = {}
        for seen in against:
            self._against.setdefault(seen.size, set()).add(seen)
        self._findings: list[Finding] = []
        self._edge = Edge()
        self._rows: list[list[bytes]] = []
        self._base = 0
        self._bundle: tuple[int, tuple[bytes, ...]] = (-1, ())
        self._leaves: list[bytes] = []
        self._tail: list[bytes] = []

    def begin(self) -> None:
        """Compare the full tiles, which nobody changes: nearly all the work of a large ledger."""
        try:
            base = open_checkpoint(read_bytes(self._root / "journal/base"), self._verifier)
        except StorageError:
            return  # `finish` names it
        total = max(base.size, self._peeked())
        self._check_tiles(base.size - base.size % WIDTH, total)

    def _peeked(self) -> int:
        try:
            return peek_size(self._root)
        except StorageError:
            return 0

    def finish(self) -> Report:
        """Compare everything else. While it lasts nobody may write."""
        snapshot = self._snapshot()
        base, published = snapshot.base, snapshot.published
        # A checkpoint that cannot be read must not hide the entries: go by what is there.
        self._base = base.size - base.size % WIDTH if base else self._count_bundles()
        journalled = [record.size for _, found in snapshot.journal for _, record in found.records]
        self._check_tiles(self._base, max([self._base, *journalled]))
        if base and (base.size != self._edge.size or base.root != self._edge.root()):
            self._say(CHECKPOINT, "journal/base", "is not the head over these entries")
        self._check_journal(snapshot)
        self._check_published(base, published)
        for where in strays(self._root, self._base, self._planned(self._edge.size)):
            self._say(STRAY, where, "does not belong to the ledger")
        self._progress(self._edge.size, self._edge.size)
        for size in sorted(size for size in self._against if size > self._edge.size):
            for who in sorted({seen.who for seen in self._against[size]}):
                message = f"holds {self._edge.size} entries, {who} saw {size}"
                self._say(ROLLBACK, "journal", message)
        findings = tuple(self._findings)
        return Report(self._edge.size, self._edge.root().hex(), not findings, findings)

    def _check_tiles(self, base: int, total: int) -> None:
        """Those below `base` that have not been compared yet."""
        done = self._edge.size // WIDTH
        with Sums(self._root, 0 if done else base // WIDTH) as sums:
            for index in range(done, base // WIDTH):
                # What was published since the first pass is little, and is looked at closely.
                summed = None if done else sums.next()
                if summed is None or self._seen_within(index):
                    self._check_tile(index)
                else:
                    self._edge.push_subtree(8, summed)
                    self._check_against()
                    self._rise(summed)
                self._progress((index + 1) * WIDTH, total)

    def _say(self, code: str, where: str, message: str) -> None:
        if len(self._findings) < MAX_FINDINGS:
            self._findings.append(Finding(code, where, message))

    # --- what others saw -------------------------------------------------------------

    def read_kept(self, witnesses: Sequence[Verifier]) -> None:
        """Take the heads that lie beside the ledger among those it must still contain."""
        for where in names_kept(self._root):
            try:
                kept = open_kept(self._root, where, self._verifier)
                named = cosignatures(kept.note, witnesses)
            except StorageError as error:
                self._say(WITNESS if where.startswith(WITNESSED) else STAMP, where, str(error))
                continue
            owed = [w.name for w in witnesses if where == f"{WITNESSED}/{w.key_id.hex()}"]
            if owed and not any(cosigned.name in owed for cosigned in named):
                self._say(WITNESS, where, f"is not cosigned by {owed[0]}")
            seen = Seen(kept.head.size, kept.head.root, where)
            self._against.setdefault(seen.size, set()).add(seen)
        self._check_against()  # of the empty tree; the others when the edge has their size

    def _seen_within(self, index: int) -> bool:
        first = index * WIDTH
        return any(first < size < first + WIDTH for size in self._against)

    # --- reading ---------------------------------------------------------------------

    def _snapshot(self) -> _Snapshot:
        return _Snapshot(
            self._checkpoint("journal/base"),
            self._checkpoint("checkpoint"),
            tuple(self._scan_segments()),
        )

    def _checkpoint(self, where: str) -> Checkpoint | None:
        try:
            return open_checkpoint(read_bytes(self._root / where), self._verifier)
        except StorageError as error:
            self._say(CHECKPOINT, where, str(error))
            return None

    def _scan_segments(self) -> Iterator[tuple[int, Scan]]:
        folder = self._root / "journal"
        try:
            known = segments(folder)
        except StorageError as error:
            self._say(JOURNAL, "journal", str(error))
            return
        for first in known:
            try:
                yield first, scan(read_from(folder / segment_name(first)), first)
            except StorageError as error:
                self._say(JOURNAL, f"journal/{segment_name(first)}", str(error))

    def _count_bundles(self) -> int:
        index = 0
        while (self._root / entries_path(index)).exists():
            index += 1
        return index * WIDTH

    def _read(self, where: str) -> bytes | None:
        try:
            return read_bytes(self._root / where)
        except Missing:
            self._say(TILE, where, "is missing")
        except StorageError as error:
            self._say(TILE, where, str(error))
        return None

    def _read_tile(self, level: int, index: int) -> tuple[bytes, ...] | None:
        where = tile_path(level, index)
        raw = self._read(where)
        if raw is None:
            return None
        try:
            return split_hashes(raw)
        except Damaged as error:
            self._say(TILE, where, str(error))
            return None

    # --- the published part ----------------------------------------------------------

    def _check_tile(self, index: int) -> None:
        """One full bundle and its tile: which of the two is wrong, and in which entry?"""
        where = entries_path(index)
        stored = self._read_tile(0, index)
        raw = self._read(where)
        leaves: tuple[bytes, ...] | None = None
        if raw is not None:
            try:
                leaves = tuple(leaf_hash(entry) for entry in decode_bundle(raw))
            except Damaged as error:
                self._say(TILE, where, str(error))
        if leaves is not None and stored is not None and leaves != stored:
            if self._above(index) == fold(leaves):
                self._say(TILE, tile_path(0, index), "does not hold the hashes of its entries")
            else:
                for offset in range(WIDTH):
                    if leaves[offset] != stored[offset]:
                        entry = f"{where} entry {index * WIDTH + offset}"
                        self._say(ENTRY, entry, "is not the one that was recorded")
                # Go on with what was recorded, so that one altered entry is one finding.
                leaves = stored
        self._push(leaves or stored or (b"\x00" * 32,) * WIDTH)

    def _above(self, index: int) -> bytes | None:
        """What level 1 says about tile `index` of level 0: its full tile or, in a ledger too small
        to have one there, the widest partial one that reaches so far."""
        above, position = divmod(index, WIDTH)
        partial = (self._root / tile_path(1, above, 1)).parent
        widths = {int(path.name) for path in partial.glob("*") if path.name.isdecimal()}
        for width in (WIDTH, *sorted(widths, reverse=True)):
            if position < width <= WIDTH:
                with suppress(StorageError):
                    return split_hashes(read_bytes(self._root / tile_path(1, above, width)), width)[
                        position
                    ]
        return None

    def _push(self, leaves: Sequence[bytes]) -> None:
        for leaf in leaves:
            self._push_leaf(leaf)
        self._rise(fold(leaves))

    def _rise(self, root: bytes) -> None:
        """Note a full tile's root in the row above, and what that completes in turn."""
        level = 1
        while True:
            if len(self._rows) < level:
                self._rows.append([])
            row = self._rows[level - 1]
            row.append(root)
            if len(row) < WIDTH:
                return
            index = (self._edge.size >> (8 * (level + 1))) - 1
            stored = self._read_tile(level, index)
            if stored is not None and stored != tuple(row):
                self._say(TILE, tile_path(level, index), "does not hold the roots below it")
            root = fold(row)
            row.clear()
            level += 1

    def _push_leaf(self, leaf: bytes) -> None:
        self._edge.push(leaf)
        if self._edge.size in self._against:
            self._check_against()

    def _check_against(self) -> None:
        here = self._against.get(self._edge.size)
        if here is None:
            return
        root = self._edge.root()
        for who in sorted({seen.who for seen in here if seen.root != root}):
            self._say(ROLLBACK, "journal", f"differs from {who} at {self._edge.size} entries")

    # --- the journal and what it promises --------------------------------------------

    def _check_journal(self, snapshot: _Snapshot) -> None:
        if not snapshot.journal:
            self._say(JOURNAL, "journal", "holds no segment")
        position: int | None = None
        for number, (first, found) in enumerate(snapshot.journal):
            where = f"journal/{segment_name(first)}"
            if (position is None and first > self._base) or position not in (None, first):
                self._say(JOURNAL, where, "does not begin where the ledger before it ends")
                return
            position = self._check_records(where, found) or first
            if found.rest == "damaged" or (found.rest and number + 1 < len(snapshot.journal)):
                self._say(JOURNAL, where, f"is damaged where entry {position} is expected")
                return
            if found.rest:
                self._say(TORN, where, f"bytes behind entry {position - 1} are no record")
        if position is not None and position < self._base:
            self._say(JOURNAL, "journal", f"ends at {position}, below journal/base")

    def _check_records(self, where: str, found: Scan) -> int | None:
        size = None
        for _, record in found.records:
            size = record.size
            entry = f"{where} entry {record.index}"
            self._check_sealed(where, record)
            for tail in record.entries[max(0, self._edge.size - record.index) :]:
                self._tail.append(tail)
                self._leaves.append(leaf_hash(tail))
                self._push_leaf(self._leaves[-1])
            try:
                head = open_checkpoint(record.note, self._verifier)
            except Damaged as error:
                self._say(JOURNAL, entry, str(error))
                continue
            # Records below base are kept for a while; their tree is the tiles' business.
            current = size == self._edge.size
            if head.size != size or (current and head.root != self._edge.root()):
                self._say(JOURNAL, entry, "its signed checkpoint is for another tree")
        return size

    def _check_sealed(self, where: str, record: Record) -> None:
        """Entries that stand in a tile already must be the same in the journal."""
        for index in range(record.index, min(record.size, self._base)):
            number, offset = divmod(index, WIDTH)
            if self._bundle[0] != number:
                self._bundle = number, self._stored_leaves(number)
            leaves = self._bundle[1]
            if leaves and leaves[offset] != leaf_hash(record.entries[index - record.index]):
                self._say(ENTRY, f"{where} entry {index}", "is not the one in the tiles")

    def _stored_leaves(self, number: int) -> tuple[bytes, ...]:
        try:
            return split_hashes(read_bytes(self._root / tile_path(0, number)))
        except StorageError:
            return ()  # named already, when the tiles were checked

    def _check_published(self, base: Checkpoint | None, published: Checkpoint | None) -> None:
        if published is None:
            return
        if published.size > self._edge.size:
            message = f"holds {self._edge.size} entries, the published checkpoint {published.size}"
            self._say(ROLLBACK, "journal", message)
            return
        if base and published.size < base.size:
            self._say(CHECKPOINT, "checkpoint", "is older than journal/base")
            return
        edge = Edge(self._base, self._peaks())
        for leaf in self._leaves[: published.size - self._base]:
            edge.push(leaf)
        if edge.size != published.size or edge.root() != published.root:
            self._say(CHECKPOINT, "checkpoint", "is not the head over these entries")
        for where, expected in self._planned(published.size).items():
            if self._read(where) not in (None, expected):
                self._say(TILE, where, "does not hold what was recorded")

    def _planned(self, size: int) -> dict[str, bytes]:
        """Path and bytes of every file that publishing up to `size` puts beyond the base."""
        rows = tuple(tuple(row) for row in self._rows)
        count = max(0, size - self._base)
        plan = plan_tiles(self._base, rows, self._leaves[:count], self._tail[:count])
        files = dict(plan.files)
        for level, row in enumerate(rows, start=1):
            # A row that did not grow is in no plan, yet the right edge needs its tile.
            if row and (self._base >> 8 * level) == (size >> 8 * level):
                index = (self._base >> 8 * level) // WIDTH
                files[tile_path(level, index, len(row))] = b"".join(row)
        return files

    def _peaks(self) -> list[bytes]:
        peaks: list[bytes] = []
        for row in reversed(self._rows):
            start = 0
            while start < len(row):
                step = 1 << ((len(row) - start).bit_length() - 1)
                peaks.append(fold(row[start : start + step]))
                start += step
        return peaks


@contextmanager
def _shared_lock(path: Path) -> Iterator[None]:
    """Keep writers out where there is a lock file; a copied folder needs none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        give_up = time.monotonic() + _LOCK_SECONDS
        while time.monotonic() < give_up:
            try:
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(0.01)  # held by a long batch: at worst a torn tail is reported
        yield
    finally:
        os.close(fd)
