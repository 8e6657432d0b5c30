"""Every stored byte hashed, on every core: does each record lie there as the ledger names it?

Owns the question "is all as it should be?" for many records at once: bodies by digest, heads by
digest and label. The answer for one record is yes or doubt. Whoever asks looks closely at what is
doubtful (`Vault.verify_body`, `verify_head`), finds out what is wrong there and names it. So this
may be as quick as it can: nothing that goes wrong in here makes damage pass.

Rules it keeps:
  * Nothing counts as fine but what was read to its end and has the digest, and a head that
    carries exactly one label, which says what is expected.
  * Names are added up under a key that is made anew each time. Whoever adds up the files that lie
    there under the same key sees whether there are others, without remembering a single name.
  * Memory is flat: a few batches are under way at a time, whatever their number.

    with Checking(root, b"…16 bytes…", children=2) as work:
        for batch, told in work.checked(batches):
            doubtful = [job for job, fine in zip(batch, told.fine) if not fine]
"""

from __future__ import annotations

import base64
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from hashlib import blake2b, sha256
from typing import Any, NamedTuple

from storage.children import Child, serve

# Starting interpreters takes as long as reading this many records of the usual size.
WORTH_RECORDS = 200
TOGETHER = 128  # records in one batch
# Sent ahead, so that no child waits while the next batch is put together.
_AHEAD = 3
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_BUFFER_BYTES = 1 << 17  # stays in the cache of its core
_SUM_BYTES = 16
MODULUS = 1 << 8 * _SUM_BYTES
_LABEL = b"-> archivist/label-v1\n"
_MAX_HEAD_BYTES = 64 * 1024


class Job(NamedTuple):
    """One record, or one card, as the ledger names it.

    `bodies` are (suffix, SHA-256, length or 0 where it is not told); `head` is the SHA-256 of its
    head, None for one stored plain. Without `read` only names and lengths are looked at.
    """

    name: str
    bodies: Sequence[tuple[str, str, int]]
    sealed: bool
    head: str | None
    label: Mapping[str, str | int]
    read: bool = True


class Told(NamedTuple):
    """What a batch came to: for each job whether it is fine, bytes read, files, sum of names."""

    fine: Sequence[bool]
    size_bytes: int
    files: int
    names: int


class Checking:
    """Checks the records below one root; `children` 0 does it all in this process."""

    def __init__(self, root: os.PathLike[str], key: bytes, children: int = 0) -> None:
        self._here = _Reader(os.fspath(root), key)
        self._turn = 0
        self._asked: list[Future[Any]] = []
        self._children: list[Child] = []
        for _ in range(children):
            with suppress(OSError):  # no room for another process
                self._children.append(Child(__name__, [os.fspath(root), key.hex()]))

    def __enter__(self) -> Checking:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()

    def ahead(self, batch: Sequence[Job]) -> Future[Any] | None:
        """Have a batch read now, if a child has room; what it comes to is for `checked`."""
        return self._ask(batch) if self._under_way() < _AHEAD * len(self._children) else None

    def checked(
        self,
        batches: Iterable[Sequence[Job]],
        known: Callable[[Sequence[Job]], Future[Any] | None] = lambda batch: None,
    ) -> Iterator[tuple[Sequence[Job], Told]]:
        """Each batch with what it came to, in order; the next ones are read meanwhile.

        `known` gives what `ahead` gave for a batch of the very same jobs.
        """
        sent: deque[tuple[Sequence[Job], Future[Any] | None]] = deque()
        for batch in batches:
            asked = known(batch)
            sent.append((batch, self._ask(batch) if asked is None else asked))
            if len(sent) > _AHEAD * len(self._children):
                yield self._collect(*sent.popleft())
        while sent:
            yield self._collect(*sent.popleft())

    def _ask(self, batch: Sequence[Job]) -> Future[Any] | None:
        if not self._children:
            return None
        child = self._children[self._turn % len(self._children)]
        self._turn += 1
        asked = child.ask(batch)
        self._asked = [one for one in (*self._asked, asked) if not one.done()]
        return asked

    def _under_way(self) -> int:
        return sum(not one.done() for one in self._asked)

    def _collect(
        self, batch: Sequence[Job], asked: Future[Any] | None
    ) -> tuple[Sequence[Job], Told]:
        told = asked.result() if asked else None
        return batch, self._here.check(batch) if told is None else Told(*told)


def sum_of_names(key: bytes, paths: Iterable[str]) -> tuple[int, int]:
    """How many paths there are, and their sum, as a `Told` has them."""
    count = total = 0
    for path in paths:
        count += 1
        total += _number(key, path)
    return count, total % MODULUS


def _number(key: bytes, path: str) -> int:
    return int.from_bytes(blake2b(path.encode(), digest_size=_SUM_BYTES, key=key).digest())


class _Reader:
    """What each process does with its share."""

    def __init__(self, root: str, key: bytes) -> None:
        self._root = root
        self._key = key
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)

    def check(self, batch: Sequence[Job]) -> Told:
        fine, size_bytes, files, names = [], 0, 0, 0
        for job in batch:
            good = True
            for path, digest, length in _files_of(job):
                files += 1
                names += _number(self._key, path)
                try:
                    if job.read:
                        head = job.label if path.startswith("keys/") else None
                        found, read_bytes = self._read(f"{self._root}/{path}", job.name, head)
                        size_bytes += read_bytes
                        good &= found == digest
                    else:
                        at = os.lstat(f"{self._root}/{path}")
                        good &= at.st_nlink > 0 and length in (0, at.st_size)
                except OSError:
                    good = False
            fine.append(good)
        return Told(fine, size_bytes, files, names % MODULUS)

    def _read(self, path: str, name: str, label: Mapping[str, str | int] | None) -> tuple[str, int]:
        """The digest and length of a file; "" for a head whose label says otherwise."""
        fd = os.open(path, _READ)
        try:
            got = os.readv(fd, [self._buffer])
            if got < _BUFFER_BYTES:
                # A regular file gives less only at its end. Should it not be, the digest is wrong.
                raw = self._view[:got]
                if label is not None and not _says(bytes(raw), name, label):
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


def _files_of(job: Job) -> Iterator[tuple[str, str, int]]:
    """Each file of a job: its path below the root, its digest, its length (0: not told)."""
    ending = ".age" if job.sealed else ""
    for suffix, digest, length in job.bodies:
        yield f"store/{job.name}.{suffix}{ending}", digest, length
    if job.head is not None:
        yield f"keys/records/{job.name}.head", job.head, 0


def _says(raw: bytes, name: str, label: Mapping[str, str | int]) -> bool:
    """Whether a head carries exactly one label, with these fields of these types.

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
        fields = json.loads(base64.b64decode(text + b"=" * (-len(text) % 4), validate=True))
        return all(
            type(fields[field]) is type(value) and fields[field] == value
            for field, value in {**label, "name": name}.items()
        )
    except (ValueError, LookupError, TypeError):
        return False


def _begin(told: Sequence[str]) -> Callable[[Sequence[Sequence[Any]]], Told]:
    """What a child does: told root and key, it answers every batch."""
    reader = _Reader(told[0], bytes.fromhex(told[1]))
    return lambda batch: reader.check([Job(*one) for one in batch])


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):
        serve(_begin)
