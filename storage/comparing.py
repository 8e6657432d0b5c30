"""One record after another read and compared with what the ledger names, and the process for it.

Owns the answer for one batch (`storage.checking` puts them together and starts the processes), and
what a child does. It imports next to nothing: two interpreters that load what the rest of this
package needs have used up the time in which they would have read a hundred records.

Rules it keeps:
  * A head's label is held against the only way in which it is written (docs/formats.md). One that
    says the same otherwise is not fine here; whoever looks closely parses it.

    SlimChild("storage.comparing", (root, key)).ask(batch)
"""

from __future__ import annotations

import gc
import os
from binascii import Error, a2b_base64
from hashlib import blake2b, sha256
from mmap import mmap

from storage.frames import serve

TYPE_CHECKING = False
if TYPE_CHECKING:  # neither module is loaded by a child
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

SUM_BYTES = 16
MODULUS = 1 << 8 * SUM_BYTES
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_BUFFER_BYTES = 1 << 18  # stays in the cache of its core
_LABEL = b"-> archivist/label-v1\n"
_MAX_HEAD_BYTES = 64 * 1024


def number_of(key: bytes, path: str) -> int:
    """What a path counts in a sum of names."""
    return int.from_bytes(blake2b(path.encode(), digest_size=SUM_BYTES, key=key).digest(), "big")


class Reader:
    """What each process does with its share."""

    def __init__(self, root: str, key: bytes) -> None:
        self._root = root
        self._key = key
        # It begins with a page: into any other place the system copies a third slower.
        self._buffer = mmap(-1, _BUFFER_BYTES)
        self._view = memoryview(self._buffer)

    def check(self, batch: Sequence[Sequence[Any]]) -> tuple[list[bool], int, int, int]:
        """The fields of a `Told`, for jobs (or their fields, in order)."""
        fine, size_bytes, files, names = [], 0, 0, 0
        for name, bodies, sealed, head_digest, label, read in batch:
            good = True
            for path, digest, length in _files_of(name, bodies, sealed, head_digest):
                files += 1
                names += number_of(self._key, path)
                try:
                    if read:
                        head = label if path.startswith("keys/") else None
                        found, read_bytes = self._read(f"{self._root}/{path}", name, head)
                        size_bytes += read_bytes
                        good &= found == digest
                    else:
                        at = os.lstat(f"{self._root}/{path}")
                        good &= at.st_nlink > 0 and length in (0, at.st_size)
                except OSError:
                    good = False
            fine.append(good)
        return fine, size_bytes, files, names % MODULUS

    def _read(self, path: str, name: str, label: Mapping[str, str | int] | None) -> tuple[str, int]:
        """The digest and length of a file; "" for a head whose label says otherwise."""
        fd = os.open(path, _READ)
        try:
            got = os.readv(fd, [self._buffer])
            if got < _BUFFER_BYTES:
                # A regular file gives less only at its end. Should it not be, the digest is wrong.
                raw = self._view[:got]
                if label is not None and not says(bytes(raw), name, label):
                    return "", got
                return sha256(raw).hexdigest(), got
            hasher, total = sha256(), 0
            while got:
                hasher.update(self._view[:got])
                total += got
                got = os.readv(fd, [self._buffer])
            return "" if label is not None else hasher.hexdigest(), total
        finally:
            os.close(fd)


def _files_of(
    name: str, bodies: Sequence[tuple[str, str, int]], sealed: bool, head: str | None
) -> Iterator[tuple[str, str, int]]:
    """Each file of a job: its path below the root, its digest, its length (0: not told)."""
    ending = ".age" if sealed else ""
    for suffix, digest, length in bodies:
        yield f"store/{name}.{suffix}{ending}", digest, length
    if head is not None:
        yield f"keys/records/{name}.head", head, 0


def says(raw: bytes, name: str, label: Mapping[str, str | int]) -> bool:
    """Whether a head carries exactly one label, and it has just these fields beside its bodies.

    `storage.vault` reads the whole header and says what is wrong with it; here it is looked for.
    """
    before, found, behind = raw.partition(_LABEL)
    if not found or _LABEL in behind or len(raw) > _MAX_HEAD_BYTES or not before.endswith(b"\n"):
        return False
    lines = []
    for line in behind.split(b"\n"):
        lines.append(line)
        if len(line) < 64:
            break
    text = b"".join(lines)
    try:
        found_text = a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)
    except (Error, ValueError):
        return False
    expected = _expected({**label, "name": name})
    start, end = b'{"bodies":{"', b'"}' + expected
    bodies = found_text[len(start) : len(found_text) - len(end)]
    # Nothing in between that could end the bodies, or be another field with one of these names.
    return (
        bool(expected)
        and len(found_text) >= len(start) + len(end)
        and found_text.startswith(start)
        and found_text.endswith(end)
        and not any(sign in bodies for sign in (b"{", b"}", b"\\"))
    )


def _expected(fields: Mapping[str, str | int]) -> bytes:
    """What follows the bodies in a label; nothing where that would take a real writer of JSON."""
    parts = []
    for name in sorted(fields):
        value = fields[name]
        if name < "bodies":
            return b""
        if type(value) is int:
            parts.append(f'"{name}":{value}')
        elif type(value) is str and value.isprintable() and '"' not in value and "\\" not in value:
            parts.append(f'"{name}":"{value}"')
        else:
            return b""
    return f",{','.join(parts)}}}".encode()


def main() -> None:
    """What a child does: told root and key, it answers every batch."""
    gc.disable()  # batches are plain trees, and go without being looked for
    serve(lambda told: Reader(*told).check)
