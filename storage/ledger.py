"""The ledger: entries that are only ever added, under a signed Merkle root.

Owns the folder `ledger/`. Opaque entries of 1 to 65535 bytes go in and stay; what they
mean is the caller's. Layout and grammar: docs/formats.md.

    checkpoint            newest published tree head, signed           (replaced)
    witnessed/, stamps/   heads that others have seen                  (storage.cosigned)
    tile/…                published entries and hashes                 (storage.tiles)
    journal/…             what was committed since, and `base`         (storage.journal)
    lock                  the archive's single writer lock

The order, as MUSTs (data is lost otherwise) and SHOULDs (only tidiness is):

  append   1. MUST hold the lock and know everything others appended, flushed to the disk.
           2. One record (entries and the signed checkpoint over the tree that includes
              them) is written and flushed. THE COMMIT POINT. One write, one fdatasync.
  publish  3. MUST write bundles and tiles durably, before
           4. `checkpoint`, the head that promises them, before
           5. `journal/base`, which says that the journal is not needed below it, before
           6. segments that lie wholly below base are dropped.
           7. SHOULD drop partial tiles whose full tile is durable.
  recover  8. MUST check that what stays still holds all that was published and witnessed,
           9. MUST keep a torn tail's bytes in `journal/torn-*`, before cutting them off.

Sealing is lazy: `append` never writes a tile, so a commit stays at one flush however large
the tree; `publish` is called after a batch and on the way out. Only the entries since the
last publication are held in memory and read again when the ledger is opened.

After an error while writing, the object is dead: reopen, and ask the ledger what it holds.

    ledger = Ledger.open(root, vkey, signing_key=key, must_hold=(size, root_hash))
    with ledger.exclusive(timeout_seconds=10):
        (index,) = ledger.append([entry])
    ledger.publish()
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace as changed
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from storage import durable
from storage.durable import make_folders, remove, replace, sync_folder, write_new
from storage.errors import Busy, DiskFailed, Missing, NoKey, Occupied
from storage.journal import (
    Segment,
    check_group,
    encode_record,
    peek_size,
    read_from,
    segment_name,
    segments,
)
from storage.ledger_findings import CHECKPOINT, TILE, Finding, LedgerDamaged, Report, Seen
from storage.ledger_view import LedgerView, Position
from storage.merkle import EMPTY_ROOT, leaf_hashes
from storage.note import Checkpoint, Signer, Verifier
from storage.tile_names import WIDTH
from storage.tiles import TilePlan, TileReader, plan_tiles

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Ledger", "LedgerDamaged", "peek_size"]

# A new segment costs two flushes; an old one's records are scanned at every opening.
SEGMENT_ENTRIES = 1024
SEGMENT_BYTES = 1 << 20
LOCK_TIMEOUT_SECONDS = 30.0
_LOCK_POLL_SECONDS = 0.01


class Ledger(LedgerView):
    """An open ledger. Safe for use by several threads; other processes hold their own."""

    def __init__(self, root: Path, verifier: Verifier, signer: Signer | None) -> None:
        """Use `create` or `open`: this alone reads nothing."""
        super().__init__(root, verifier)
        self._signer = signer
        self._depth = 0
        self._lock_fd = -1
        self._dead: str | None = None
        self._segment: Segment | None = None

    @classmethod
    def create(cls, root: Path, origin: str, signing_key: Ed25519PrivateKey) -> Ledger:
        """Make an empty ledger and open it for writing.

        `origin` names the log in every checkpoint, for ever. `checkpoint` is written last:
        until it is there nothing has been created and the call may be repeated. Raises
        Occupied when there is a ledger, ValueError when `origin` cannot name a key.
        """
        signer = Signer(origin, signing_key)
        if _is_there(root):
            raise Occupied("there is a ledger already")
        note = signer.sign(Checkpoint(origin, 0, EMPTY_ROOT))
        make_folders(root / "journal", 0o700)
        replace(root / "journal" / segment_name(0), b"")
        replace(root / "journal" / "base", note)
        replace(root / "checkpoint", note, 0o644)
        # A killed predecessor may have made these folders without flushing their names.
        sync_folder(root)
        sync_folder(root.parent)
        return cls.open(root, signer.verifier.vkey(), signing_key)

    @classmethod
    def open(
        cls,
        root: Path,
        vkey: str,
        signing_key: Ed25519PrivateKey | None = None,
        *,
        must_hold: tuple[int, bytes] | None = None,
    ) -> Ledger:
        """Open a ledger; without `signing_key` it can only be read.

        Reads the right edge of the tiles and the journal, never all entries. `must_hold` is
        a size and a 32-byte root that somebody saw before (the catalogue, a witness).
        Nothing is changed here: a torn tail stays until a writer takes the lock.

        Raises LedgerDamaged (with its finding) when what is there cannot be trusted, Missing
        when there is no ledger, NoKey when the key is not this ledger's, ValueError when
        `vkey` is none.
        """
        verifier = Verifier.parse(vkey)
        signer = Signer(verifier.name, signing_key) if signing_key else None
        if signer and signer.verifier != verifier:
            raise NoKey("the signing key does not belong to this ledger")
        if not _is_there(root):
            raise Missing("there is no ledger")
        ledger = cls(root, verifier, signer)
        ledger.load()
        ledger.check_published()
        ledger.check_kept()
        if must_hold is not None:
            ledger.check_held(*must_hold, "witness")
        return ledger

    def close(self) -> None:
        """Let go of the segment's file. The object may go on being used; it opens it again."""
        with self._mutex:
            if self._segment is not None:
                self._segment.close()
                self._segment = None

    def verify(
        self,
        on_progress: Callable[[int, int], None] | None = None,
        *,
        against: Sequence[tuple[int, bytes] | Seen] = (),
    ) -> Report:
        """Derive everything again from the files; see `storage.ledger_audit.verify`."""
        from storage.ledger_audit import verify

        locked = self._depth > 0
        return verify(self._root, self.vkey, on_progress, against=against, locked=locked)

    @contextmanager
    def exclusive(self, timeout_seconds: float = LOCK_TIMEOUT_SECONDS) -> Iterator[Ledger]:
        """Be the archive's only writer, having seen everything written before.

        Inside, everything a writer sees is durable: a catalogue that notes how far it has
        read MUST do so in here, or a power cut could leave it ahead of the ledger. (Without
        a signing key nothing is flushed or cut, others are only kept out.) May be nested
        within one thread. Raises Busy when the lock is not had in time, LedgerDamaged when
        what others wrote cannot be trusted, DiskFailed when this object is dead.
        """
        if not self._mutex.acquire(timeout=max(0.0, timeout_seconds)):
            raise Busy("another thread holds the ledger's lock")
        try:
            self._check_alive()
            if self._depth == 0:
                self._lock_fd = self._flock(timeout_seconds)
            self._depth += 1
            try:
                if self._depth == 1:
                    self._take_over()
                yield self
            finally:
                self._depth -= 1
                if self._depth == 0:
                    os.close(self._lock_fd)  # lets go of the lock
        finally:
            self._mutex.release()

    def append(
        self, entries: Sequence[bytes], timeout_seconds: float = LOCK_TIMEOUT_SECONDS
    ) -> range:
        """Add a group of entries, all or none; returns their indexes. The commit point.

        One write and one flush. Takes the lock unless it is held. Raises ValueError for an
        entry or a group of a size that cannot be, NoKey without a signing key, Busy,
        LedgerDamaged, and DiskFailed: then the outcome is unknown until the ledger is
        opened again.
        """
        signer = self._writer()
        check_group(entries)
        with self.exclusive(timeout_seconds):
            start = self.size
            edge, leaves = self._edge.copy(), leaf_hashes(entries)
            edge.extend(leaves)
            note = signer.sign(Checkpoint(self._verifier.name, edge.size, edge.root()))
            raw = encode_record(start, entries, note)
            with self._fatal():
                segment = self._segment_for_append()
                segment.append(raw, self._at.end)
            at = self._at
            self._at = Position(at.first, at.end, at.end + len(raw), edge.size)
            self._tail.extend(map(bytes, entries))
            self._leaves.extend(leaves)
            self._edge, self._newest = edge, note
            self._mark_settled()
            return range(start, edge.size)

    def publish(self, timeout_seconds: float = LOCK_TIMEOUT_SECONDS) -> None:
        """Bring tiles and `checkpoint` up to date, durably; then drop what they replace.

        Steps 3 to 7 of the order above. Cheap when nothing is new. Raises NoKey, Busy,
        LedgerDamaged, DiskFailed.
        """
        signer = self._writer()
        with self.exclusive(timeout_seconds):
            self._follow_base()
            base = self.size - self.size % WIDTH
            published = self.check_published()
            if published.size == self.size and base == self._reader.size:
                return
            plan = plan_tiles(self._reader.size, self._reader.rows, self._leaves, self._tail)
            with self._fatal():
                self._write_tiles(plan)
                replace(self._root / "checkpoint", self._newest, 0o644)
                if base > self._reader.size:
                    head = Checkpoint(self._verifier.name, base, self.root_at(base))
                    replace(self._folder / "base", signer.sign(head))
                    self._advance(TileReader(self._root, base, plan.rows))
                    self._drop_replaced(plan)

    # --- the lock --------------------------------------------------------------------

    def _flock(self, timeout_seconds: float) -> int:
        # A file of its own: it is never replaced, and closing another file of the ledger
        # never lets go of it.
        flags = os.O_RDWR | os.O_CREAT if self._signer else os.O_RDONLY
        try:
            fd = os.open(self._root / "lock", flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            raise Missing("no writer has ever locked this ledger") from None
        except OSError as error:
            raise DiskFailed.of("opening the lock", error) from error
        # A stopwatch, not the clock: it decides how long to wait and nothing else.
        give_up = time.monotonic() + timeout_seconds
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return fd
            except BlockingIOError:
                if time.monotonic() >= give_up:
                    os.close(fd)
                    raise Busy("another process holds the archive's writer lock") from None
            time.sleep(_LOCK_POLL_SECONDS)

    def _take_over(self) -> None:
        """Steps 1, 8 and 9: know, check, cut, and flush what the last holder left."""
        self.refresh()
        if self._signer is None:
            return
        if self._at.torn:
            self.check_published()
            self.check_kept()
            with self._fatal():
                self._cut_torn()
        if self._settled_mark() != self._mark():
            with self._fatal():
                if self._at.last >= 0:
                    self._open_segment().settle(self._at.last, self._at.end)
                sync_folder(self._folder)
                self._mark_settled()

    def _cut_torn(self) -> None:
        name = segment_name(self._at.first)
        rest = read_from(self._folder / name, self._at.end)
        if rest:
            kept = f"torn-{name[:-4]}-{self._at.end}-{sha256(rest).hexdigest()[:8]}"
            write_new(self._folder / kept, rest, 0o400)
            self._open_segment().cut(self._at.end)
        self._at = changed(self._at, torn=False)

    def _mark(self) -> bytes:
        return b"%020d %020d\n" % (self.size, self._at.first)

    def _settled_mark(self) -> bytes:
        return os.pread(self._lock_fd, len(self._mark()), 0)

    def _mark_settled(self) -> None:
        # Tells the next holder that nothing is left unflushed. Never flushed itself: it is
        # true of the page cache it lies in, and a power cut takes both. Losing it costs the
        # next holder one flush.
        with suppress(OSError):
            os.pwrite(self._lock_fd, self._mark(), 0)

    # --- inside: writing -------------------------------------------------------------

    def _writer(self) -> Signer:
        if self._signer is None:
            raise NoKey("the ledger was opened without its signing key")
        return self._signer

    def _check_alive(self) -> None:
        if self._dead is not None:
            raise DiskFailed(f"the ledger must be opened again: {self._dead}")

    @contextmanager
    def _fatal(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._dead = f"writing it failed ({type(error).__name__})"
            raise

    def _segment_for_append(self) -> Segment:
        at = self._at
        if self.size - at.first >= SEGMENT_ENTRIES or at.end >= SEGMENT_BYTES:
            # Its name MUST be durable before a record goes in: an acknowledged entry must
            # not hang on a name that a power cut can take away.
            replace(self._folder / segment_name(self.size), b"")
            self._at = Position(self.size, -1, 0, self.size)
        return self._open_segment()

    def _open_segment(self) -> Segment:
        path = self._folder / segment_name(self._at.first)
        if self._segment is None or self._segment.path != path:
            self.close()
            self._segment = Segment(path)
        return self._segment

    def _follow_base(self) -> None:
        """Let go of entries that another process has published since."""
        _, base = self.read_checkpoint("journal/base")
        if base.size <= self._reader.size:
            return
        if base.size > self.size or base.root != self.root_at(base.size):
            self._damaged_at(CHECKPOINT, "journal/base", "is for another tree")
        self._advance(self._open_reader(base))

    def _advance(self, reader: TileReader) -> None:
        done = reader.size - self._reader.size
        self._tail, self._leaves = self._tail[done:], self._leaves[done:]
        self._reader = reader

    def _write_tiles(self, plan: TilePlan) -> None:
        try:
            with durable.Batch() as batch:
                for where, raw in plan.files:
                    batch.add(self._root / where, raw)
                batch.commit()
        except Occupied as error:
            raise LedgerDamaged(Finding(TILE, "tile", str(error))) from error
        # A folder that a killed process made is there, yet nobody may have flushed its name.
        folders = {parent for where, _ in plan.files for parent in Path(where).parents[1:]}
        for folder in sorted(folders):
            sync_folder(self._root / folder)

    def _drop_replaced(self, plan: TilePlan) -> None:
        """Steps 6 and 7. What a crash leaves behind does no harm."""
        for first, following in pairwise(segments(self._folder)):
            if following <= self._reader.size:
                remove(self._folder / segment_name(first))
        for where in plan.completed:
            folder = self._root / f"{where}.p"
            with suppress(OSError):
                for partial in folder.iterdir():
                    partial.unlink()
                folder.rmdir()


def _is_there(root: Path) -> bool:
    """Whether a ledger was created here: one that only lost its checkpoint is there, too."""
    journal = root / "journal"
    held = journal.is_dir() and any(
        (journal / segment_name(first)).stat().st_size for first in segments(journal)
    )
    return held or (root / "checkpoint").exists() or (root / "tile").exists()
