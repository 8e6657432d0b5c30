"""The commit journal: what makes an append one write and one flush.

Owns the folder `journal/`: `base` (a signed checkpoint: everything below its size is
durable in tiles), segments `<first index, 16 digits>.tlj` of records, and `torn-*`, what
recovery cut off. One record is one group commit, numbers big-endian:

    0   4  magic "TLJ1"
    4   4  length of the body in bytes
    8   4  CRC-32 of the body (as zlib computes it)
    12  8  index of the first entry        ┐
    20  2  number of entries, 1..65535     │ body
    22     each entry: u16 length, bytes   │
           u16 length, signed checkpoint   ┘ over the tree that includes these entries

Rules it keeps:
  * A record counts when its CRC holds and its index continues what came before. The
    signature in it is the caller's to check; this module knows no keys.
  * Bytes that are no such record are a torn tail only when no intact record follows them,
    in this segment or in a later one. Anything else is damage.
  * A segment begins exactly where the one before it ends; an empty one is a segment, too.
  * Only what has been flushed is built upon: see `Segment.settle`.

Only the standard library is imported: a search asks `peek_size` whether its index is
behind, and has no time to load cryptography for that.

    raw = encode_record(4711, [entry], signed_checkpoint)
    record, end = parse_record(raw, 0)
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING

from storage.errors import Damaged, DiskFailed, Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"TLJ1"
MAX_GROUP_ENTRIES = 65_535
MAX_ENTRY_BYTES = 65_535
# A group is held in memory several times over while it is written and read back.
MAX_BODY_BYTES = 16 << 20

_FRAME = Struct(">4sII")
_HEAD = Struct(">QH")
_LENGTH = Struct(">H")
_SEGMENT_NAME = re.compile(r"(\d{16})\.tlj")


@dataclass(frozen=True, slots=True)
class Record:
    """One group commit: entries from `index` on and the checkpoint that acknowledges them."""

    index: int
    entries: tuple[bytes, ...]
    note: bytes

    @property
    def size(self) -> int:
        """The size of the tree that includes this record."""
        return self.index + len(self.entries)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a stretch of journal holds.

    records  (offset, record) for each intact one, in order
    end      offset behind the last intact record
    rest     "" when nothing follows, "torn" when no intact record does, else "damaged"
    """

    records: tuple[tuple[int, Record], ...]
    end: int
    rest: str


def check_group(entries: Sequence[bytes]) -> None:
    """Raise ValueError for a group that one record may not hold."""
    if not 1 <= len(entries) <= MAX_GROUP_ENTRIES:
        raise ValueError(f"a group holds 1 to {MAX_GROUP_ENTRIES} entries, not {len(entries)}")
    if not all(1 <= len(entry) <= MAX_ENTRY_BYTES for entry in entries):
        raise ValueError(f"an entry holds 1 to {MAX_ENTRY_BYTES} bytes")
    # The checkpoint is short, but its limit is that of any note: leave room for the longest.
    if sum(map(len, entries)) + 2 * len(entries) > MAX_BODY_BYTES - (1 << 17):
        raise ValueError("the group is too large to be recorded in one piece")


def encode_record(index: int, entries: Sequence[bytes], note: bytes) -> bytes:
    """The bytes of one record. The group must have passed `check_group`."""
    parts = [_HEAD.pack(index, len(entries))]
    for piece in (*entries, note):
        parts += _LENGTH.pack(len(piece)), piece
    body = b"".join(parts)
    return _FRAME.pack(MAGIC, len(body), zlib.crc32(body)) + body


def parse_record(raw: bytes, offset: int) -> tuple[Record, int] | None:
    """The record at `offset` and the offset behind it, or None when none is intact there."""
    body_start = offset + _FRAME.size
    if len(raw) < body_start + _HEAD.size:
        return None
    magic, length, crc = _FRAME.unpack_from(raw, offset)
    end = body_start + length
    if magic != MAGIC or not _HEAD.size < length <= MAX_BODY_BYTES or end > len(raw):
        return None
    if zlib.crc32(memoryview(raw)[body_start:end]) != crc:
        return None
    index, count = _HEAD.unpack_from(raw, body_start)
    pieces, at = [], body_start + _HEAD.size
    for _ in range(count + 1):
        if at + 2 > end:
            return None
        start = at + 2
        at = start + _LENGTH.unpack_from(raw, at)[0]
        pieces.append(raw[start:at])
    if at != end or not count or not all(pieces):
        return None
    return Record(index, tuple(pieces[:-1]), pieces[-1]), end


def scan(raw: bytes, index: int) -> Scan:
    """Read records from the start of `raw`, the first of which must begin at `index`."""
    records: list[tuple[int, Record]] = []
    at = 0
    while at < len(raw):
        found = parse_record(raw, at)
        if found is None or found[0].index != index:
            return Scan(tuple(records), at, "damaged" if _intact_after(raw, at) else "torn")
        records.append((at, found[0]))
        index, at = found[0].size, found[1]
    return Scan(tuple(records), at, "")


def _intact_after(raw: bytes, offset: int) -> bool:
    # A record that is intact but out of place is found here as well (at `offset` itself).
    at = raw.find(MAGIC, offset)
    while at >= 0:
        if parse_record(raw, at) is not None:
            return True
        at = raw.find(MAGIC, at + 1)
    return False


def segment_name(first: int) -> str:
    """The file name of the segment whose first entry has this index."""
    return f"{first:016d}.tlj"


def segments(folder: Path) -> list[int]:
    """The first indexes of all segments in a journal folder, ascending.

    Raises Missing when there is no such folder, DiskFailed when it cannot be read.
    """
    with _translated(folder):
        names = [path.name for path in folder.iterdir()]
    return sorted(int(match[1]) for name in names if (match := _SEGMENT_NAME.fullmatch(name)))


def read_from(path: Path, offset: int = 0) -> bytes:
    """A segment's bytes from `offset` on. Raises Missing or DiskFailed."""
    with _translated(path), path.open("rb") as file:
        file.seek(offset)
        return file.read()


def peek_size(root: Path) -> int:
    """How many entries the ledger in `root` holds, without verifying anything.

    Reads the last segment only. An answer is a hint ("the index is behind"), never proof.
    Raises Missing when there is no ledger, Damaged when its journal has no segment.
    """
    folder = root / "journal"
    for _ in range(8):
        known = segments(folder)
        if not known:
            raise Damaged("journal has no segment")
        try:
            raw = read_from(folder / segment_name(known[-1]))
        except Missing:
            continue  # dropped by a publication since the listing; a newer one is there
        return _peek(raw, known[-1])
    raise Damaged("journal has no segment that stays")


def _peek(raw: bytes, size: int) -> int:
    """Hop from frame to frame; only the last record can be torn, so only its CRC is checked."""
    at = 0
    while at + _FRAME.size + _HEAD.size <= len(raw):
        magic, length, _ = _FRAME.unpack_from(raw, at)
        index, count = _HEAD.unpack_from(raw, at + _FRAME.size)
        end = at + _FRAME.size + length
        if magic != MAGIC or index != size or end > len(raw):
            break
        if end == len(raw) and parse_record(raw, at) is None:
            break
        size, at = index + count, end
    return size


class Segment:
    """The segment that is being appended to, open for writing. One writer, under the lock.

    After any error the object is dead: a second fsync may report success for lost pages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _translated(path):
            self._fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)

    def append(self, raw: bytes, offset: int) -> None:
        """One write and one fdatasync; durable on return. Raises DiskFailed."""
        with _translated(self.path):
            # A short write means a full disk: going on would only hide the reason.
            if os.pwrite(self._fd, raw, offset) != len(raw):
                raise DiskFailed(f"writing {self.path.name}: short write")
            os.fdatasync(self._fd)

    def settle(self, last: int, end: int) -> None:
        """Make what somebody else wrote durable before it is built upon.

        Whoever wrote the last record [last, end) may have been killed before its fdatasync,
        or may have seen it fail; in the second case the page counts as clean and no later
        fsync would write it. Hence the same bytes are written again, then flushed.
        """
        with _translated(self.path):
            raw = os.pread(self._fd, end - last, last)
            if len(raw) != end - last or os.pwrite(self._fd, raw, last) != len(raw):
                raise DiskFailed(f"writing {self.path.name}: short write")
            os.fsync(self._fd)

    def cut(self, end: int) -> None:
        """Drop the bytes behind `end`, durably. The caller has kept them. Raises DiskFailed."""
        with _translated(self.path):
            os.ftruncate(self._fd, end)
            os.fsync(self._fd)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Missing(f"{path.name}: not there") from error
    except OSError as error:
        raise DiskFailed.of(f"journal {path.name}", error) from error
