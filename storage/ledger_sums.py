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
from pathlib import Path

from storage.summing import DOUBT, FITS, sum_of

# Starting two interpreters takes as long as hashing this many bundles.
WORTH_BUNDLES = 128
# The first ones are hashed here meanwhile.
OWN_BUNDLES = 48


class Sums:
    """The roots of bundles 0, 1, 2, … in this order, each asked for once."""

    def __init__(self, root: Path, count: int, cores: int | None = None) -> None:
        self._root = os.fspath(root)
        self._next = 0
        self._children: list[subprocess.Popen[bytes]] = []
        cores = len(os.sched_getaffinity(0)) if cores is None else cores
        if count < WORTH_BUNDLES or cores < 2:
            return
        # -P: a folder named `storage` where the user stands is not this package.
        command = [sys.executable, "-P", "-m", "storage.summing", self._root]
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
        reply = out.read(len(DOUBT))
        return reply[1:] if len(reply) == len(DOUBT) and reply[:1] == FITS else None


def _started(words: list[str]) -> subprocess.Popen[bytes]:
    null = subprocess.DEVNULL
    return subprocess.Popen(words, stdin=null, stdout=subprocess.PIPE, stderr=null)
