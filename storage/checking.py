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
        for batch, told in zip(batches, work.checked(batches)):
            doubtful = [job for job, fine in zip(batch, told.fine) if not fine]
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from storage.children import SlimChild, started
from storage.comparing import MODULUS, Reader, number_of

__all__ = [
    "MODULUS",
    "TOGETHER",
    "WORTH_RECORDS",
    "Checking",
    "Job",
    "Told",
    "sum_of_names",
    "told_of",
]

# Starting interpreters takes as long as reading this many records of the usual size.
WORTH_RECORDS = 200
TOGETHER = 128  # records in one batch
# Sent ahead, so that no child waits while the next batch is put together.
_AHEAD = 3
# Sent ahead while nobody waits for an answer: a batch is some 50 KiB until then.
_EARLY = 32


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
        self._here = Reader(os.fspath(root), key)
        self._turn = 0
        self._asked: list[Future[Any]] = []
        told = (os.fspath(root), key)
        self._children = started(children, SlimChild, "storage.comparing", told)

    def __enter__(self) -> Checking:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()

    def ahead(self, batch: Sequence[Job]) -> Future[Any] | None:
        """Have a batch read now, if a child has room; what it comes to is for `told_of`."""
        self._asked = [one for one in self._asked if not one.done()]
        return self._ask(batch) if len(self._asked) < _EARLY * len(self._children) else None

    def checked(self, batches: Iterable[Sequence[Job] | Told]) -> Iterator[Told]:
        """What each batch comes to, in order; the next ones are read meanwhile.

        What is told already takes its turn among them.
        """
        sent: deque[tuple[Sequence[Job], Future[Any] | Told | None]] = deque()
        for batch in batches:
            sent.append(((), batch) if isinstance(batch, Told) else (batch, self._ask(batch)))
            if len(sent) > _AHEAD * len(self._children):
                yield self._collect(*sent.popleft())
        while sent:
            yield self._collect(*sent.popleft())

    def _ask(self, batch: Sequence[Job]) -> Future[Any] | None:
        if not self._children:
            return None
        child = self._children[self._turn % len(self._children)]
        self._turn += 1
        asked = child.ask([tuple(job) for job in batch])
        self._asked.append(asked)
        return asked

    def _collect(self, batch: Sequence[Job], asked: Future[Any] | Told | None) -> Told:
        if isinstance(asked, Told):
            return asked
        told = told_of(asked) if asked else None
        return Told(*self._here.check(batch)) if told is None else told


def told_of(asked: Future[Any]) -> Told | None:
    """What a batch came to, waited for; None when the child has died."""
    told = asked.result()
    return None if told is None else Told(*told)


def sum_of_names(key: bytes, paths: Iterable[str]) -> tuple[int, int]:
    """How many paths there are, and their sum, as a `Told` has them."""
    count = total = 0
    for path in paths:
        count += 1
        total += number_of(key, path)
    return count, total % MODULUS
