"""Tiles: the published, immutable form of the ledger (C2SP tlog-tiles).

Owns the layout of `tile/` and the way back from a file there to a verified hash or entry:

    tile/entries/<N>[.p/<W>]   256 (or W) entries, each a big-endian uint16 length and bytes
    tile/<L>/<N>[.p/<W>]       256 (or W) hashes of 32 bytes; a hash of level L + 1 is the
                               root of a full tile of level L

Rules it keeps:
  * a full tile is written once and never changes; a partial one is only ever added beside
    its narrower predecessors, which go away when the full one is durable;
  * `TileReader` hands out nothing it has not checked: the rows at the right edge are
    compared with a signed root by whoever opens it, every full tile with the hash its
    parent holds, every bundle with its tile. An altered file raises, it is never read.
  * What to write is worked out by the pure `plan_tiles`; a verifier runs the same plan and
    compares.

    reader = TileReader.open(root, 70_144)       # a multiple of 256, as journal/base names it
    assert reader.edge().root() == checkpoint.root
    reader.entries(17)                           # entries 4352..4607, verified
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.durable import read_bytes
from storage.errors import Damaged, Missing
from storage.ledger_findings import ENTRY, TILE, Finding, LedgerDamaged
from storage.merkle import Edge, fold, leaf_hash, pyramid
from storage.tile_names import HASH_BYTES, WIDTH, entries_path, tile_path

MAX_ENTRY_BYTES = 65_535
# Enough for the tiles a proof touches in a log of 2**40 entries, and for reading in order.
_CACHED_TILES = 64

Rows = tuple[tuple[bytes, ...], ...]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as a bundle: each one behind its length."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def decode_bundle(raw: bytes, width: int = WIDTH) -> list[bytes]:
    """The `width` entries of a bundle. Raises Damaged when it does not hold just these."""
    entries, offset = [], 0
    while offset < len(raw):
        start = offset + 2
        offset = start + int.from_bytes(raw[offset:start])
        entries.append(raw[start:offset])
    if offset != len(raw) or len(entries) != width:
        raise Damaged(f"bundle does not hold exactly {width} entries")
    return entries


def split_hashes(raw: bytes, width: int = WIDTH) -> tuple[bytes, ...]:
    """The `width` hashes of a tile. Raises Damaged when its length is another."""
    if len(raw) != width * HASH_BYTES:
        raise Damaged(f"tile does not hold exactly {width} hashes")
    return tuple(raw[i : i + HASH_BYTES] for i in range(0, len(raw), HASH_BYTES))


@dataclass(frozen=True, slots=True)
class TilePlan:
    """The files that bring the published form from one size to a larger one.

    files      relative path and bytes, in any order; all of them are created, none replaced
    rows       the partial rows of levels 1, 2, … at the last tile boundary
    completed  relative paths of full tiles and bundles, whose partial ones may now go
    """

    files: tuple[tuple[str, bytes], ...]
    rows: Rows
    completed: tuple[str, ...]


def plan_tiles(
    base: int, rows: Rows, leaves: Sequence[bytes], entries: Sequence[bytes]
) -> TilePlan:
    """What publishing `entries` (leaf hashes `leaves`), which begin at `base`, has to write.

    `base` is a multiple of 256 and `rows` are the partial rows of levels 1, 2, … there.
    """
    assert base % WIDTH == 0 and len(leaves) == len(entries), "a base is a tile boundary"
    files, completed = [], []
    for start in range(0, len(entries), WIDTH):
        bundle = entries[start : start + WIDTH]
        path = entries_path((base + start) // WIDTH, len(bundle))
        files.append((path, encode_bundle(bundle)))
        if len(bundle) == WIDTH:
            completed.append(path)
    new_rows: list[tuple[bytes, ...]] = []
    level, count, row = 0, base, tuple(leaves)
    while row or count:
        roots = []
        first = count // WIDTH
        old = rows[level - 1] if 0 < level <= len(rows) else ()
        row = old + row
        for start in range(0, len(row), WIDTH):
            tile = row[start : start + WIDTH]
            if start == 0 and len(tile) == len(old):
                continue  # nothing new at this level
            path = tile_path(level, first + start // WIDTH, len(tile))
            files.append((path, b"".join(tile)))
            if len(tile) == WIDTH:
                completed.append(path)
                roots.append(fold(tile))
        if level:
            new_rows.append(row[len(row) - len(row) % WIDTH :])
        level, count, row = level + 1, first, tuple(roots)
    return TilePlan(tuple(files), tuple(new_rows), tuple(completed))


class TileReader:
    """Verified look-ups in the published form of a tree whose size is a multiple of 256."""

    def __init__(self, root: Path, size: int, rows: Rows) -> None:
        self._root = root
        self.size = size
        self.rows = rows
        self._tiles: dict[tuple[int, int], list[Sequence[bytes]]] = {}

    @classmethod
    def open(cls, root: Path, size: int) -> TileReader:
        """Read the partial rows at the right edge; the caller MUST compare `edge().root()`.

        Raises LedgerDamaged when a row is missing or malformed.
        """
        assert size % WIDTH == 0, "the size of the published part is a tile boundary"
        rows, level, count = [], 1, size // WIDTH
        while count:
            index, width = divmod(count, WIDTH)
            rows.append(_read_row(root, level, index, width) if width else ())
            level, count = level + 1, index
        return cls(root, size, tuple(rows))

    def edge(self) -> Edge:
        """The right edge that these rows imply."""
        peaks: list[bytes] = []
        for row in reversed(self.rows):
            start = 0
            while start < len(row):
                step = 1 << ((len(row) - start).bit_length() - 1)
                peaks.append(fold(row[start : start + step]))
                start += step
        return Edge(self.size, peaks)

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree that ends within the tiles (see storage.merkle)."""
        tile_level, height = divmod(level, 8)
        tile, first = divmod(index << height, WIDTH)
        return self._tile(tile_level, tile)[height][first >> height]

    def entries(self, index: int, first: int = 0, stop: int = WIDTH) -> list[bytes]:
        """The entries of full bundle `index`, or some of them, checked. Raises LedgerDamaged."""
        where = entries_path(index)
        try:
            entries = decode_bundle(read_bytes(self._root / where))
        except (Damaged, Missing) as error:
            raise LedgerDamaged(Finding(TILE, where, str(error))) from error
        wanted, recorded = entries[first:stop], self._tile(0, index)[0]
        for offset, entry in enumerate(wanted, start=first):
            if leaf_hash(entry) != recorded[offset]:
                wrong = f"{where} entry {index * WIDTH + offset}"
                raise LedgerDamaged(Finding(ENTRY, wrong, "is not the one that was recorded"))
        return wanted

    def _tile(self, level: int, index: int) -> list[Sequence[bytes]]:
        known = self._tiles.pop((level, index), None)
        if known is None:
            full = (index + 1) * WIDTH <= self.size >> (8 * level)
            known = self._load(level, index) if full else pyramid(self.rows[level - 1])
            while len(self._tiles) >= _CACHED_TILES:
                del self._tiles[next(iter(self._tiles))]
        self._tiles[level, index] = known  # at the end again: the first one is the oldest
        return known

    def _load(self, level: int, index: int) -> list[Sequence[bytes]]:
        tile = pyramid(_read_hashes(self._root, level, index, WIDTH))
        above, position = divmod(index, WIDTH)
        # Up to the rows, which the signed root vouches for: so no altered tile is believed.
        if tile[-1][0] != self._tile(level + 1, above)[0][position]:
            where = tile_path(level, index)
            raise LedgerDamaged(Finding(TILE, where, "does not match the tile above it"))
        return tile


def _read_row(root: Path, level: int, index: int, width: int) -> tuple[bytes, ...]:
    try:
        return _read_hashes(root, level, index, width)
    except LedgerDamaged:
        # Partial tiles go once the full one is there; its beginning is the same.
        if not (root / tile_path(level, index)).exists():
            raise
        return _read_hashes(root, level, index, WIDTH)[:width]


def _read_hashes(root: Path, level: int, index: int, width: int) -> tuple[bytes, ...]:
    where = tile_path(level, index, width)
    try:
        return split_hashes(read_bytes(root / where), width)
    except (Damaged, Missing) as error:
        raise LedgerDamaged(Finding(TILE, where, str(error))) from error
