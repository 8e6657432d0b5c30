"""SHA-256 of bytes that pass, counted on another core once they are many.

Owns the running digest beside a copy, a sealing or an opening. Few bytes are hashed at once; behind
the first two MiB a thread does it, while the caller reads, seals and writes on. There is one such
thread: two of them take the second core from the caller, who has the longer way. Rule: a piece that
was handed in does not change any more, for it may be hashed later; and the thread stays at most
four pieces behind, so that memory stays flat.

    hashing = Hashing()
    for piece in pieces:
        hashing.update(piece)       # returns at once
        out.write(piece)
    hashing.hexdigest()             # waits for the last piece
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from storage.durable.reading import READ, translated

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

# Below that, waking a thread costs more than it saves.
AT_ONCE_BYTES = 2 << 20
PIECES_BEHIND = 4


@cache
def thread() -> ThreadPoolExecutor:
    """The one thread beside the caller's."""
    # Most commands write little, and would load it for nothing.
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1, "beside")


# A forked child has the object without the thread, and would wait for it for ever.
os.register_at_fork(after_in_child=thread.cache_clear)


class Hashing:
    """A running SHA-256 and the number of bytes in it."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self._hasher = hashlib.sha256()
        self._behind: deque[Future[None]] = deque()

    def update(self, piece: bytes | bytearray | memoryview) -> None:
        """Count a piece in; it must stay as it is."""
        self.size_bytes += memoryview(piece).nbytes
        if self.size_bytes <= AT_ONCE_BYTES:
            self._hasher.update(piece)
            return
        if len(self._behind) >= PIECES_BEHIND:
            self._behind.popleft().result()
        self._behind.append(thread().submit(self._hasher.update, piece))

    def hexdigest(self) -> str:
        """Lower-case hex over all pieces so far."""
        while self._behind:
            self._behind.popleft().result()
        return self._hasher.hexdigest()


class Source:
    """A file to read from with `read(size)`, hashing what passes. Raises Missing, DiskFailed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.hashing = Hashing()
        with translated("reading", path):
            self._fd = os.open(path, READ)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def read(self, size: int, /) -> bytes:
        with translated("reading", self._path):
            data = os.read(self._fd, size)
        self.hashing.update(data)
        return data
