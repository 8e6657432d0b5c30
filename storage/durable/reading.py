"""Reading, and saying what was read: bytes, pieces, digests.

Owns the border at which the operating system's errors become ours: `translated` turns a
file that is not there into Missing and every other OSError into DiskFailed. Rule: a
symbolic link is never followed at the last level, neither for reading nor for writing;
nobody but us has business in the archive's folders, so one that appears is an attack.

    digest_of(path) == Digest(sha256="9f86…", size_bytes=4)
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.errors import Damaged, DiskFailed, Missing

READ_BYTES = 1 << 20
SMALL_BYTES = 1 << 14
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Digest:
    """SHA-256 (lower-case hex) and length of bytes as they lie on the disk."""

    sha256: str
    size_bytes: int


def read_chunks(path: Path, size_bytes: int = READ_BYTES) -> Iterator[bytes]:
    """The bytes of a file, piece by piece. Raises Missing or DiskFailed."""
    with translated("reading", path):
        fd = os.open(path, READ)
        try:
            while chunk := os.read(fd, size_bytes):
                yield chunk
        finally:
            os.close(fd)


def read_bytes(path: Path | str, max_bytes: int | None = None) -> bytes:
    """A small file as a whole. Raises Missing, DiskFailed, and Damaged beyond `max_bytes`."""
    pieces: list[bytes] = []
    size_bytes = 0
    with translated("reading", path):
        fd = os.open(path, READ)
        try:
            # Nearly all are so small; room for a large one would have to be found first.
            while piece := os.read(fd, READ_BYTES if size_bytes else SMALL_BYTES):
                pieces.append(piece)
                size_bytes += len(piece)
                if max_bytes is not None and size_bytes > max_bytes:
                    name = Path(path).name
                    raise Damaged(f"{name} is longer than the {max_bytes} bytes it can have")
        finally:
            os.close(fd)
    return b"".join(pieces)


def digest_of(path: Path) -> Digest:
    """What a file holds now. Raises Missing or DiskFailed."""
    with (
        translated("reading", path),
        os.fdopen(os.open(path, READ), "rb", buffering=0) as file,
    ):
        hasher = hashlib.file_digest(file, "sha256")
        return Digest(hasher.hexdigest(), file.tell())


@contextlib.contextmanager
def translated(doing: str, path: Path | str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Missing(f"{doing} {Path(path).name}: not there") from error
    except OSError as error:
        raise DiskFailed.of(f"{doing} {Path(path).name}", error) from error
