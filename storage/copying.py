"""Many files copied, or only read, on every core: is each what its digest says?

Owns the work that a backup, its proof and a restore repeat for each file: read once, hashed as the
bytes pass, written under a name that nobody looks for. Giving the names, and flushing, is left to
whoever asked: so a child that outlives him changes nothing.

Rules it keeps:
  * Nothing counts as copied but what was read to its end and has the digest; the copy of anything
    else is gone again.
  * What cannot be read is told of the file; what cannot be written is raised here, never by a
    child: it dies, and the one who asked does its share himself and meets the same.
  * Children are started once there is enough to do; a few shares are under way at a time, so
    memory is flat.

    with Copying(children=2) as work:
        for title, told in work.copied([("store", [Job("/a/x.age", "9f86…", "/b/.x.age.…tmp")])]):
            told[0].size_bytes, told[0].failed
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import count
from typing import Any, NamedTuple, TypeVar

from storage import passing
from storage.children import SlimChild, started
from storage.errors import Damaged, DiskFailed, Missing
from storage.passing import ALTERED, GONE, UNREADABLE, Passing

__all__ = ["ALTERED", "GONE", "UNREADABLE", "Copying", "Done", "Job"]

# Starting interpreters takes as long as copying this many files of the usual size.
WORTH_FILES = 400
SHARE = 96  # files asked for at once
# Batches sent ahead, so that no child waits while one is flushed.
_AHEAD = 2

T = TypeVar("T")


class Job(NamedTuple):
    """One file: where it lies, what it must hold, and where its copy goes, if it gets one."""

    source: str
    sha256: str
    beside: str = ""
    mode: int = 0o444


class Done(NamedTuple):
    """How long it was; or why there is no copy: GONE, UNREADABLE, ALTERED."""

    size_bytes: int
    failed: str = ""

    def check(self, path: str) -> None:
        """Nothing where it went well. Raises Missing, Damaged."""
        if self.failed == GONE:
            raise Missing(f"{path} is not there")
        if self.failed == UNREADABLE:
            raise Damaged(f"{path} cannot be read")
        if self.failed:
            raise Damaged(f"{path} does not hold the bytes that were written")


_Share = tuple[Sequence[Job], "Future[Any] | None"]


class Copying:
    """Copies with up to so many children; 0 does it all in this process."""

    def __init__(self, children: int = 0, worth: int = WORTH_FILES) -> None:
        self._wanted = children
        self._worth = worth
        self._children: list[SlimChild] = []
        self._here = Passing()
        self._turn = count()
        self._sent: deque[tuple[Any, list[_Share]]] = deque()

    def __enter__(self) -> Copying:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()
        # What was asked for and is wanted no more.
        for _told, shares in self._sent:
            for jobs, _asked in shares:
                _clear(jobs)

    def copied(
        self, batches: Iterable[tuple[T, Sequence[Job]]]
    ) -> Iterator[tuple[T, Sequence[Done]]]:
        """Each batch with what became of its jobs, in order; the next are worked on meanwhile.

        Raises DiskFailed when nothing can be written.
        """
        for about, jobs in batches:
            self._sent.append((about, self._shares(jobs)))
            if len(self._sent) > (_AHEAD if self._children else 0):
                yield self._collected()
        while self._sent:
            yield self._collected()

    def _shares(self, jobs: Sequence[Job]) -> list[_Share]:
        if self._wanted and len(jobs) >= self._worth:
            self._children = started(self._wanted, SlimChild, "storage.passing", os.getpid())
            self._wanted = 0
        if not self._children:
            return [(jobs, None)]
        shares = (jobs[at : at + SHARE] for at in range(0, len(jobs), SHARE))
        return [(share, self._next().ask([tuple(job) for job in share])) for share in shares]

    def _next(self) -> SlimChild:
        return self._children[next(self._turn) % len(self._children)]

    def _collected(self) -> tuple[Any, list[Done]]:
        # It stays among those sent until it is done: should this fail, it is cleared away.
        about, shares = self._sent[0]
        found: list[Done] = []
        for jobs, asked in shares:
            told = asked.result() if asked else None
            if told is None and asked:
                _clear(jobs)  # of a child that died
            done = self._copied_here(jobs) if told is None else told
            found += [Done(*one) for one in done]
        self._sent.popleft()
        return about, found

    def _copied_here(self, jobs: Sequence[Job]) -> Sequence[tuple[int, str]]:
        try:
            return self._here.copy(jobs)
        except OSError as error:
            name = str(error.filename).rpartition("/")[2]
            raise DiskFailed.of(f"writing a copy of {name}", error) from error


def _clear(jobs: Sequence[Job]) -> None:
    for job in jobs:
        passing.clear(job.beside)
