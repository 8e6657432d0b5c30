"""What a ledger holds, as far as it has been read and verified.

Owns the reading half of the ledger: opening without reading every entry, following what
other processes append, entries and proofs. `storage.ledger` adds the lock and the writing.

Rules it keeps:
  * Nothing is handed out that no signature vouches for: the right edge of the tiles must
    have the root signed in `journal/base`, the entries behind it the root signed in the
    newest journal record, every tile and bundle read later must fit in below that edge.
  * Reading changes nothing on the disk. A torn tail is remembered and ignored.
  * What was read is checked first and taken over as a whole: damage met while following
    leaves the view as it was.

    view = LedgerView(root, Verifier.parse(vkey))
    view.load()
    for index, entry in view.entries(start=applied):
        ...
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from storage.cosigned import WITNESSED, kept_heads
from storage.durable import read_bytes
from storage.errors import Busy, Damaged, Missing
from storage.journal import Record, read_from, scan, segment_name, segments
from storage.ledger_findings import (
    CHECKPOINT,
    JOURNAL,
    ROLLBACK,
    TILE,
    Finding,
    LedgerDamaged,
)
from storage.merkle import (
    Edge,
    consistency_proof,
    inclusion_proof,
    leaf_hashes,
    node_hash,
    range_hash,
)
from storage.note import Checkpoint, Verifier, open_checkpoint, proof_text
from storage.tile_names import WIDTH
from storage.tiles import TileReader

# How often reading starts again because a publication moved things meanwhile.
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Position:
    """How far the journal has been read.

    first  first index of the segment (its name)
    last   offset of the last intact record in it, -1 when there is none
    end    offset behind that record
    index  index that the next record must have
    torn   whether bytes follow that are no record
    """

    first: int
    last: int
    end: int
    index: int
    torn: bool = False


class LedgerView:
    """The reading half of a ledger; use `storage.ledger.Ledger`."""

    def __init__(self, root: Path, verifier: Verifier) -> None:
        self._root = root
        self._folder = root / "journal"
        self._verifier = verifier
        self._mutex = threading.RLock()

    # --- what it holds ---------------------------------------------------------------

    @property
    def size(self) -> int:
        """The number of entries, as of the last append or refresh."""
        return self._edge.size

    @property
    def root_hash(self) -> bytes:
        """The 32-byte RFC 6962 root over all entries."""
        return self._edge.root()

    @property
    def checkpoint(self) -> str:
        """The newest signed checkpoint (C2SP tlog-checkpoint), over all entries."""
        return self._newest.decode()

    @property
    def vkey(self) -> str:
        """The verifier key text that this ledger is checked with."""
        return self._verifier.vkey()

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """(index, entry) from `start` up to `stop`, or to the size when iteration begins.

        Starting costs one bundle of 256, wherever it is. Raises LedgerDamaged when it comes
        to what was altered; everything yielded before has been verified.
        """
        with self._mutex:
            reader, tail = self._reader, self._tail
            stop = self.size if stop is None else min(stop, self.size)
        index = max(start, 0)
        while index < min(stop, reader.size):
            number, first = divmod(index, WIDTH)
            with self._mutex:
                bundle = reader.entries(number, first, first + stop - index)
            for entry in bundle:
                yield index, entry
                index += 1
        # This list only grows, and a publication begins another one: the iteration goes on
        # seeing what it began with.
        while index < stop:
            yield index, tail[index - reader.size]
            index += 1

    def root_at(self, size: int) -> bytes:
        """The root when the ledger held `size` entries. Raises ValueError if it never did."""
        if not 0 <= size <= self.size:
            raise ValueError(f"the ledger holds {self.size} entries, not {size}")
        with self._mutex:
            return self.root_hash if size == self.size else range_hash(0, size, self._node)

    def prove(self, index: int, size: int | None = None) -> list[bytes]:
        """Inclusion proof for `merkle.verify_inclusion` in the tree of `size`, else the current.

        Raises ValueError when there is no such entry or never was such a size, LedgerDamaged.
        """
        with self._mutex:
            if size is not None and size > self.size:
                raise ValueError(f"the ledger holds {self.size} entries, not {size}")
            return inclusion_proof(index, self.size if size is None else size, self._node)

    def proof_text(self, index: int) -> str:
        """The same as text that stands alone (C2SP tlog-proof), with the checkpoint."""
        with self._mutex:
            return proof_text(index, self.prove(index), self._newest)

    def consistency(self, old_size: int, size: int | None = None) -> list[bytes]:
        """Proof for `merkle.verify_consistency` from `old_size` to `size`, else to the current.

        Raises ValueError when the ledger never had such a size, LedgerDamaged.
        """
        with self._mutex:
            if size is not None and size > self.size:
                raise ValueError(f"the ledger holds {self.size} entries, not {size}")
            return consistency_proof(old_size, self.size if size is None else size, self._node)

    # --- reading the folder ----------------------------------------------------------

    def load(self) -> None:
        """Read base, right edge and journal from scratch.

        Raises LedgerDamaged, DiskFailed, and Busy when publications never let it finish.
        """
        for _ in range(_ATTEMPTS):
            raw, base = self.read_checkpoint("journal/base")
            reader = self._open_reader(base)
            first = self._segment_below(base.size)
            edge, at = reader.edge(), Position(first, -1, 0, first)
            try:
                records, at = self._read_journal(at, base.size)
                if self._later_segment(at):  # rolled meanwhile, or one in between is gone
                    more, at = self._read_journal(at, base.size)
                    records += more
            except Missing:
                continue  # dropped by a publication since `base` was read
            if self._later_segment(at):
                self._damaged(JOURNAL, at.first, f"no segment follows at {at.index}")
            self._reader, self._edge, self._newest = reader, edge, raw
            self._tail: list[bytes] = []
            self._leaves: list[bytes] = []
            self._at = Position(first, -1, 0, first)
            self._accept(records, at)
            return
        raise Busy("the ledger is published too often to be read meanwhile")

    def refresh(self) -> bool:
        """Pick up what other processes appended; whether there was anything.

        Two stat calls when nothing changed. What it finds may not be flushed yet: fine to
        look at, not to build upon (see `Ledger.exclusive`). Raises LedgerDamaged.
        """
        with self._mutex:
            before, root = self.size, self.root_hash
            try:
                if self._has_news():
                    self._accept(*self._read_journal(self._at, self._reader.size))
            except (FileNotFoundError, Missing):
                self.load()  # a publication dropped the segment we had read
                self.check_held(before, root, "process reading it")
            return self.size != before

    def check_held(self, size: int, root: bytes, who: str) -> None:
        """Raise LedgerDamaged (L-ROLLBACK) unless the tree of `size` had this root."""
        if size > self.size:
            message = f"holds {self.size} entries, the {who} saw {size}"
            self._damaged_at(ROLLBACK, "journal", message)
        if self.root_at(size) != root:
            self._damaged_at(ROLLBACK, "journal", f"differs from the {who} at {size} entries")

    def check_published(self) -> Checkpoint:
        """The published head, which the ledger must still hold. Raises LedgerDamaged."""
        published = self.read_checkpoint("checkpoint")[1]
        for _ in range(_ATTEMPTS):
            # Published since the journal was read: no rollback, there is only more to read.
            if published.size <= self.size or not self.refresh():
                break
            published = self.read_checkpoint("checkpoint")[1]
        # `checkpoint` is replaced before `base`: an older one was put back by somebody.
        if published.size < self._reader.size:
            self._damaged_at(CHECKPOINT, "checkpoint", "is older than journal/base")
        self.check_held(published.size, published.root, "published checkpoint")
        return published

    def check_kept(self) -> None:
        """Raise LedgerDamaged (L-ROLLBACK) unless every head that was cosigned is still held.

        Only what lies beside the ledger: it shows a journal that was cut, not a folder that was
        put back as a whole. Time stamps are for ever and many; verifying compares them.
        """
        for kept in kept_heads(self._root, self._verifier, WITNESSED):
            self.check_held(kept.head.size, kept.head.root, f"witness in {kept.where}")

    def read_checkpoint(self, where: str) -> tuple[bytes, Checkpoint]:
        """A checkpoint file, raw and verified. Raises LedgerDamaged (L-CHECKPOINT)."""
        try:
            raw = read_bytes(self._root / where)
            return raw, open_checkpoint(raw, self._verifier)
        except (Damaged, Missing) as error:
            raise LedgerDamaged(Finding(CHECKPOINT, where, str(error))) from error

    # --- inside ----------------------------------------------------------------------

    def _open_reader(self, base: Checkpoint) -> TileReader:
        if base.size % WIDTH:
            self._damaged_at(CHECKPOINT, "journal/base", "is not at a tile boundary")
        reader = TileReader.open(self._root, base.size)
        if reader.edge().root() != base.root:
            self._damaged_at(TILE, "tile", f"does not have the signed root at {base.size}")
        return reader

    def _has_news(self) -> bool:
        known = (self._folder / segment_name(self._at.first)).stat().st_size
        if known < self._at.end:
            self._damaged(ROLLBACK, self._at.first, "is shorter than it was")
        return known > self._at.end or self._next_segment(self._at)

    def _read_journal(self, at: Position, base: int) -> tuple[list[Record], Position]:
        """Every record behind `at`, in its segment and the ones that follow it."""
        fresh: list[Record] = []
        while True:
            raw = read_from(self._folder / segment_name(at.first), at.end)
            found = scan(raw, at.index)
            if found.rest == "damaged" or (found.rest and self._later_segment(at)):
                # Without the lock a record may have been caught half written: look again.
                if read_from(self._folder / segment_name(at.first), at.end) != raw:
                    continue
                entry = found.records[-1][1].size if found.records else at.index
                self._damaged(JOURNAL, at.first, f"is damaged where entry {entry} is expected")
            records = [record for _, record in found.records]
            fresh += records
            at = Position(
                first=at.first,
                last=at.end + found.records[-1][0] if records else at.last,
                end=at.end + found.end,
                index=records[-1].size if records else at.index,
                torn=found.rest == "torn",
            )
            if not self._next_segment(at):
                break
            at = Position(at.index, -1, 0, at.index)
        if at.index < base:
            self._damaged(JOURNAL, at.first, f"ends at {at.index}, below journal/base at {base}")
        return fresh, at

    def _accept(self, records: list[Record], at: Position) -> None:
        """Take over what was read, if the newest signature vouches for the tree it makes."""
        edge = self._edge.copy()
        tail: list[bytes] = []
        for record in records:
            tail += record.entries[max(0, edge.size + len(tail) - record.index) :]
        leaves = leaf_hashes(tail)
        edge.extend(leaves)
        if tail:
            self._check_newest(records[-1], edge, at)
            self._newest = records[-1].note
        self._tail += tail
        self._leaves += leaves
        self._edge, self._at = edge, at

    def _check_newest(self, record: Record, edge: Edge, at: Position) -> None:
        # The last signature covers the root over all records, so that the earlier ones need
        # no check to be believed; `verify` looks at each.
        where = f"journal/{segment_name(at.first)} entry {record.index}"
        try:
            head = open_checkpoint(record.note, self._verifier)
        except Damaged as error:
            raise LedgerDamaged(Finding(JOURNAL, where, str(error))) from error
        if (head.size, head.root) != (edge.size, edge.root()):
            self._damaged_at(JOURNAL, where, "its signed checkpoint is for another tree")

    def _segment_below(self, size: int) -> int:
        firsts = [first for first in segments(self._folder) if first <= size]
        if not firsts:
            self._damaged_at(JOURNAL, "journal", f"no segment begins at or below {size}")
        return firsts[-1]

    def _later_segment(self, at: Position) -> bool:
        return segments(self._folder)[-1] > at.first

    def _next_segment(self, at: Position) -> bool:
        return at.index > at.first and (self._folder / segment_name(at.index)).exists()

    def _node(self, level: int, index: int) -> bytes:
        base = self._reader.size
        if (index + 1) << level <= base:
            return self._reader.node(level, index)
        if level == 0:
            return self._leaves[index - base]
        return node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))

    def _damaged(self, code: str, first: int, message: str) -> NoReturn:
        self._damaged_at(code, f"journal/{segment_name(first)}", message)

    @staticmethod
    def _damaged_at(code: str, where: str, message: str) -> NoReturn:
        raise LedgerDamaged(Finding(code, where, message))
