"""Hashing full bundles on every core: the part of a verification that takes its time.

Owns the question "does bundle N hash to tile N, and what is its root?". Whoever asks gets the
root, or None: then something is amiss there and the asker looks closely, entry by entry. So
nothing that goes wrong in here (a child that died, a file that is gone) can make a damaged
ledger pass; at worst the work is done twice.

Rules it keeps:
  * A child reads one folder and writes 33 bytes for each bundle: whether it fits, and the root.
    What nobody has read yet waits in a pipe, so memory stays flat however large the ledger is.
  * Children are started as programs of their own: copying a process that has threads is not
    safe, and starting one that way asks nothing of whoever's program this is.

    with Sums(root, bundles) as sums:
        for index in range(bundles):
            root_hash = sums.next()
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from storage.tiles import WIDTH, entries_path, tile_path

# Starting two interpreters takes as long as hashing this many bundles.
WORTH_BUNDLES = 256
# The first ones are hashed here meanwhile.
OWN_BUNDLES = 96
_REPLY = 33
_FITS, _DOUBT = b"\1", b"\0" * _REPLY
# As in storage.merkle, which costs a call for each hash.
_leaf, _node = sha256(b"\0").copy, sha256(b"\1").copy
_MAX_BUNDLE = WIDTH * 65_537


def sum_of(root: Path, index: int) -> bytes | None:
    """The root of full tile `index`, if its bundle hashes to it; None when it does not."""
    return _sum_of(os.fspath(root), index)


def _sum_of(root: str, index: int) -> bytes | None:
    try:
        stored = _read(f"{root}/{tile_path(0, index)}", WIDTH * 32 + 1)
        row = _leaves(_read(f"{root}/{entries_path(index)}", _MAX_BUNDLE))
    except OSError:
        return None
    if len(row) != WIDTH or b"".join(row) != stored:
        return None
    while len(stored) > 32:
        above = []
        for at in range(0, len(stored), 64):
            state = _node()
            state.update(stored[at : at + 64])
            above.append(state.digest())
        stored = b"".join(above)
    return stored


def _read(path: str, most: int) -> bytes:
    # One call, no buffer: what a file system hands out in pieces is merely looked at closely.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, most)
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


class Sums:
    """The roots of bundles 0, 1, 2, … in this order, each asked for once."""

    def __init__(self, root: Path, count: int, cores: int | None = None) -> None:
        self._root = root
        self._next = 0
        self._children: list[subprocess.Popen[bytes]] = []
        cores = len(os.sched_getaffinity(0)) if cores is None else cores
        if count < WORTH_BUNDLES or cores < 2:
            return
        # -P: a folder named `storage` where the user stands is not this package.
        command = [sys.executable, "-P", "-m", __name__, str(root)]
        try:
            for first in range(OWN_BUNDLES, OWN_BUNDLES + cores):
                self._children.append(_started([*command, str(first), str(count), str(cores)]))
        except OSError:  # no room for another process: then this one does it all
            self.__exit__()
            self._children.clear()

    def __enter__(self) -> Sums:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            with child:
                child.kill()

    def next(self) -> bytes | None:
        """The next bundle's root, None when it must be looked at closely."""
        index, self._next = self._next, self._next + 1
        if not self._children or index < OWN_BUNDLES:
            return sum_of(self._root, index)
        out = self._children[(index - OWN_BUNDLES) % len(self._children)].stdout
        assert out is not None
        reply = out.read(_REPLY)
        return reply[1:] if len(reply) == _REPLY and reply[:1] == _FITS else None


def _started(words: list[str]) -> subprocess.Popen[bytes]:
    null = subprocess.DEVNULL
    return subprocess.Popen(words, stdin=null, stdout=subprocess.PIPE, stderr=null)


def serve(root: Path, first: int, count: int, step: int) -> None:
    """What a child does: every `step`th bundle from `first` on."""
    out = sys.stdout.buffer
    for index in range(first, count, step):
        found = _sum_of(os.fspath(root), index)
        out.write(_DOUBT if found is None else _FITS + found)
    out.flush()


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        serve(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
