"""Does a bundle hash to its tile, and what is the tile's root? One bundle after another.

Owns the answer for one bundle, and the process that gives it for every so many of them
(`storage.ledger_sums` starts it). It imports next to nothing: a child has started before it would
have read what the rest of the ledger needs.

    python -P -m storage.summing LEDGER FIRST COUNT STEP     # 33 bytes for each: fits, root
"""

import os
import sys
from hashlib import sha256

from storage.tile_names import HASH_BYTES, WIDTH, entries_path, tile_path

FITS, DOUBT = b"\1", b"\0" * (1 + HASH_BYTES)
# As in storage.merkle, which costs a call for each hash: a tenth of all.
_leaf, _node = sha256(b"\0").copy, sha256(b"\1").copy
_READ = os.O_RDONLY | os.O_CLOEXEC


def sum_of(root: str, index: int) -> bytes | None:
    """The root of full tile `index`, if its bundle hashes to it; None when it does not."""
    try:
        stored = _read(f"{root}/{tile_path(0, index)}")
        row = _leaves(_read(f"{root}/{entries_path(index)}"))
    except OSError:
        return None
    if len(row) != WIDTH or b"".join(row) != stored:
        return None
    while len(row) > 1:
        above = []
        for left, right in zip(row[::2], row[1::2], strict=True):
            state = _node()
            state.update(left + right)
            above.append(state.digest())
        row = above
    return row[0]


def _read(path: str) -> bytes:
    # One call, no buffer: what a file system hands out in pieces is merely looked at closely.
    fd = os.open(path, _READ)
    try:
        return os.read(fd, os.fstat(fd).st_size)
    finally:
        os.close(fd)


def _leaves(raw: bytes) -> list[bytes]:
    """The leaf hashes of a bundle, empty when it is cut off within an entry.

    `storage.tiles` and `storage.merkle` say the same, one call for each entry dearer.
    """
    found: list[bytes] = []
    at, end = 0, len(raw)
    add = found.append
    while at < end - 1:
        start = at + 2
        at = start + (raw[at] << 8 | raw[at + 1])
        state = _leaf()
        state.update(raw[start:at])
        add(state.digest())
    return found if at == end else []


def serve(root: str, first: int, count: int, step: int) -> None:
    """What a child does: every `step`th bundle from `first` on."""
    out = sys.stdout.buffer
    for index in range(first, count, step):
        found = sum_of(root, index)
        out.write(DOUBT if found is None else FITS + found)
    out.flush()


if __name__ == "__main__":
    try:
        serve(sys.argv[1], *map(int, sys.argv[2:5]))
    except BrokenPipeError:
        os._exit(1)  # nobody asks any more; nothing is flushed into the pipe again
