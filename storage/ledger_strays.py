"""Files in a ledger's folder that no rule accounts for.

Owns the list of names that may lie in `ledger/`: the checkpoint, the lock, the journal's
base, segments and kept tails, full tiles up to the size, partial tiles, and what others
have cosigned and time-stamped.

Rule: a crash or an earlier size may leave tiles behind, and they are fine only when they
are the ledger's own bytes: a partial tile is the beginning of the full one, a full tile
beyond the published part is what publishing would write. Tiles of the published part
are not read here, their content is compared by `storage.ledger_audit`.

    for where in strays(root, base, planned):
        print(where, "does not belong to the ledger")
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from storage.cosigned import KEPT
from storage.durable import read_bytes
from storage.errors import Damaged, StorageError
from storage.tile_names import WIDTH, entries_path, tile_path
from storage.tiles import decode_bundle, split_hashes

_JOURNAL = re.compile(r"journal/(base|\d{16}\.tlj|torn-\d{16}-\d+-[0-9a-f]{8})")
# Beside a name that is written once: what a crash left of the attempt.
TEMPORARY = re.compile(r"(.*/)?\.[^/]+\.\d+\.[0-9a-f]{8}\.tmp")
_TILE = re.compile(r"tile/(entries|\d+)/((?:x\d{3}/)*\d{3})(?:\.p/(\d+))?")


def strays(root: Path, base: int, planned: Mapping[str, bytes]) -> Iterator[str]:
    """Relative paths of files that do not belong, in the order the folder yields them.

    `base` is the size of the part whose full tiles are checked elsewhere; `planned` maps
    paths beyond it to the bytes that publishing everything would put there.
    """
    top = os.fspath(root)
    for folder, _, names in os.walk(top):
        # Texts and no Path: a ledger has tens of thousands of tiles.
        within = f"{folder[len(top) + 1 :]}/".lstrip("/")
        for name in names:
            if not _belongs(root, within + name, base, planned):
                yield within + name


def _belongs(root: Path, where: str, base: int, planned: Mapping[str, bytes]) -> bool:
    match = _TILE.fullmatch(where)
    if match is None:
        known = (_JOURNAL, KEPT, TEMPORARY)
        return where in ("checkpoint", "lock") or any(name.fullmatch(where) for name in known)
    kind, number, width = match.groups()
    index = int(number.replace("x", "").replace("/", ""))
    level = 0 if kind == "entries" else int(kind)
    full = entries_path(index) if kind == "entries" else tile_path(level, index)
    if width is not None:
        return where == f"{full}.p/{width}" and _is_beginning(root, full, width, planned)
    if where != full:
        return False  # a second way of writing the same number
    # Full tiles below the base have been compared; one beyond it was left by a crash.
    return (index + 1) * WIDTH <= base >> 8 * level or _bytes(root, where) == planned.get(where)


def _is_beginning(root: Path, full: str, width: str, planned: Mapping[str, bytes]) -> bool:
    if not 1 <= int(width) < WIDTH or str(int(width)) != width:
        return False
    wider = _bytes(root, full) or planned.get(full) or _widest(full, planned)
    raw = _bytes(root, f"{full}.p/{width}")
    if raw is None or wider is None or not wider.startswith(raw):
        return False
    try:
        if full.startswith("tile/entries/"):
            decode_bundle(raw, int(width))
        else:
            split_hashes(raw, int(width))
    except Damaged:
        return False
    return True


def _widest(full: str, planned: Mapping[str, bytes]) -> bytes | None:
    partial = [raw for where, raw in planned.items() if where.startswith(f"{full}.p/")]
    return max(partial, key=len, default=None)


def _bytes(root: Path, where: str) -> bytes | None:
    try:
        return read_bytes(root / where)
    except StorageError:
        return None
