"""One file after another read, held against its digest and copied, and the process for it.

Owns the outcome of one share (`storage.copying` parts the work and starts the processes), and what
a child does. Like `storage.comparing` it imports next to nothing.

Rules it keeps:
  * Each byte is read once: what was hashed is what was written.
  * The copy of what is not as its digest says is gone again.
  * A child stops when its parent is no more.

    SlimChild("storage.passing", os.getpid()).ask(share)
"""

# ruff: noqa: PTH108 - a path object takes longer to load than to do without

from __future__ import annotations

import os
from hashlib import sha256
from mmap import mmap

from storage.frames import serve

TYPE_CHECKING = False
if TYPE_CHECKING:  # neither module is loaded by a child
    from collections.abc import Sequence
    from typing import Any

GONE, UNREADABLE, ALTERED = "gone", "unreadable", "altered"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_BUFFER_BYTES = 1 << 18  # stays in the cache of its core
Outcome = tuple[int, str]


class Passing:
    """What each process does with its share."""

    def __init__(self, parent: int = 0) -> None:
        self._parent = parent
        # It begins with a page: into any other place the system copies a third slower.
        self._buffer = mmap(-1, _BUFFER_BYTES)
        self._view = memoryview(self._buffer)

    def copy(self, jobs: Sequence[Sequence[Any]]) -> list[Outcome]:
        """Length and failure of each job (or of its fields, in order). Raises OSError, which names
        the source, for what cannot be written."""
        found = []
        for source, digest, beside, mode in jobs:
            if self._parent and os.getppid() != self._parent:
                raise SystemExit
            found.append(self._copy(source, digest, beside, mode))
        return found

    def _copy(self, path: str, digest: str, beside: str, mode: int) -> Outcome:
        try:
            source = os.open(path, _READ)
        except FileNotFoundError:
            return 0, GONE
        except OSError:
            return 0, UNREADABLE
        try:
            size, failed = self._laid(source, digest, beside, mode)
        except BaseException as error:
            clear(beside)
            if isinstance(error, OSError):
                raise OSError(error.errno, error.strerror, path) from error
            raise
        finally:
            os.close(source)
        if failed:
            clear(beside)
        return size, failed

    def _laid(self, source: int, digest: str, beside: str, mode: int) -> Outcome:
        if not beside:
            return self._passed(source, digest, None)
        copy = os.open(beside, _CREATE, mode)
        try:
            return self._passed(source, digest, copy)
        finally:
            os.close(copy)

    def _passed(self, source: int, digest: str, copy: int | None) -> Outcome:
        hasher, total = sha256(), 0
        while got := self._read(source):
            if got < 0:
                return total, UNREADABLE
            piece = self._view[:got]
            hasher.update(piece)
            total += got
            while copy is not None and piece:
                piece = piece[os.write(copy, piece) :]
            if got < _BUFFER_BYTES:
                # A regular file gives less only at its end. Should it not be, the digest is wrong.
                break
        return total, "" if hasher.hexdigest() == digest else ALTERED

    def _read(self, source: int) -> int:
        """How many bytes came; -1 when they cannot be read."""
        try:
            return os.readv(source, [self._buffer])
        except OSError:
            return -1


def clear(beside: str) -> None:
    """Remove a copy that nobody wants; none may be there."""
    if beside:
        try:  # noqa: SIM105 - contextlib takes as long to load as ten files take to copy
            os.unlink(beside)
        except OSError:
            pass  # swept at the next start


def main() -> None:
    """What a child does: told its parent, it answers every share. A disk that fails ends it."""
    try:
        serve(lambda parent: Passing(parent).copy)
    except OSError:
        os._exit(1)
