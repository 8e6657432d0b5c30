"""The pool of examining children, and the way from a path to `Facts`.

    with Examiners(workers=2) as examiners:
        facts = examiners.examine(Path("drop/lease.pdf"))

A document is looked at once and then read page by page, every page a task of its own: the pages of
one document use all cores, a long document does not hold up a short one, and no process ever holds
more than one page's pixels.

Rules it keeps:
- Examining never raises because of a file: `driver` turns whatever it does to a child into a
  defect of that file; the child is replaced and the others do not notice.
- Nothing starts before the first request. Threads wait without turning; there is one per child and
  none per document.
- Looks go before reads: what a file is costs milliseconds, and intake waits for it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from archivist.examine.assembly import Assembly
from archivist.examine.driver import Driver, Reply
from archivist.examine.limits import Limits
from archivist.examine.process import ExaminerUnavailable
from policies.facts import Facts

_LOOK, _READ, _STOP = 0, 1, 2

# Entered around each request to a child, with its kind: "look", "read" or "cut". For counting.
Around = Callable[[str], AbstractContextManager[None]]


def uncounted(_kind: str) -> AbstractContextManager[None]:
    """Nobody counts."""
    return contextlib.nullcontext()


@dataclass(order=True, slots=True)
class _Task:
    """One request to a child. Ordered by rank, then by arrival."""

    rank: int
    number: int
    kind: str = field(compare=False)
    run: Callable[[Driver], Reply] = field(compare=False, repr=False)
    done: Future[Reply] = field(compare=False, repr=False)


class Examiners:
    """A pool of `workers` children. Thread-safe; close it, or use it as a context manager."""

    def __init__(
        self,
        workers: int,
        limits: Limits | None = None,
        cover_tag: str = "",
        around: Around = uncounted,
    ) -> None:
        assert workers > 0
        self._around = around
        self._cover_tag = cover_tag
        self.workers = workers
        self.limits = limits or Limits()
        self._tasks: queue.PriorityQueue[_Task] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)
        self._closed = False

    def look(self, path: Path) -> Future[Reply]:
        """`{"media_type", "pages", "size_bytes", "sha256"}`; with `defect` and `detail` when the
        file cannot be filed. The future raises `ExaminerUnavailable` only."""
        return self._submit(_LOOK, "look", lambda driver: driver.look(path))

    def look_into(self, scan: int, name: str) -> Future[Reply]:
        """As `look`, at an open file without a name. It stays the caller's to close, after the
        reply."""
        return self._submit(_LOOK, "look", lambda driver: driver.look_into(scan, name))

    def read(self, path: Path, media_type: str, page_index: int) -> Future[Reply]:
        """`{"page"}`, or `{"defect", "detail"}`. The future raises `ExaminerUnavailable` only."""
        return self._submit(_READ, "read", lambda driver: driver.read(path, media_type, page_index))

    def cut(self, path: Path, media_type: str, pages: Sequence[int], into: Path) -> Future[Reply]:
        """Write some pages of a scan to a new file, durably: `{"size_bytes", "sha256"}`, or
        `{"defect", "detail"}` and no file. Raises `ExaminerUnavailable` or `StorageError`."""
        return self._submit(
            _LOOK, "cut", lambda driver: driver.cut(path, media_type, list(pages), into)
        )

    def backend(self) -> tuple[str, list[str]]:
        """The recognition engine that loads here, and what the child gave up (`MEASURES`).
        Raises `ExaminerUnavailable`."""
        reply = self._submit(_LOOK, "backend", lambda driver: driver.backend()).result()
        return reply["backend"], reply["confined"]

    def examine(self, path: Path) -> Facts:
        """Look and read, and wait for it. Raises `ExaminerUnavailable` only."""
        return self.examine_async(path).result()

    def examine_async(self, path: Path) -> Future[Facts]:
        """Look and read. The future is resolved by a pool thread; what is hung on it must be
        short."""
        return Assembly(self.look, self.read, path).facts

    def close(self) -> None:
        """End all children. Requests still waiting fail with `ExaminerUnavailable`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            threads = list(self._threads)
        self._drain()
        for _ in threads:
            self._tasks.put(_Task(_STOP, next(self._numbers), "stop", _nothing, Future()))
        for thread in threads:
            thread.join()
        self._drain()

    def __enter__(self) -> Examiners:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _submit(self, rank: int, kind: str, run: Callable[[Driver], Reply]) -> Future[Reply]:
        done: Future[Reply] = Future()
        with self._lock:
            if self._closed:
                done.set_exception(_stopped())
                return done
            self._tasks.put(_Task(rank, next(self._numbers), kind, run, done))
            # A thread, and with it a child, only when all that exist are at work.
            if not self._idle.acquire(blocking=False) and len(self._threads) < self.workers:
                self._start_thread()
        return done

    def _start_thread(self) -> None:
        core = _core_for(len(self._threads))
        thread = threading.Thread(
            target=self._drive, args=(core,), name=f"examiner-{len(self._threads)}", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _drive(self, core: int | None) -> None:
        """The life of one pool thread: take a task, run it on this thread's child."""
        with contextlib.closing(Driver(self.limits, self._cover_tag, core)) as driver:
            while True:
                task = self._next_task()
                if task.rank == _STOP:
                    return
                if not task.done.set_running_or_notify_cancel():
                    continue
                try:
                    with self._around(task.kind):
                        reply = task.run(driver)
                except Exception as error:
                    task.done.set_exception(error)
                else:
                    task.done.set_result(reply)

    def _next_task(self) -> _Task:
        with contextlib.suppress(queue.Empty):
            return self._tasks.get_nowait()
        self._idle.release()
        return self._tasks.get()

    def _drain(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                task = self._tasks.get_nowait()
                if task.rank != _STOP and task.done.set_running_or_notify_cancel():
                    task.done.set_exception(_stopped())


def _core_for(number: int) -> int | None:
    """The core of the pool's child `number`, among those this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    # With a single core there is nothing to choose, and pinning would only forbid to move.
    return cores[number % len(cores)] if len(cores) > 1 else None


def _stopped() -> ExaminerUnavailable:
    return ExaminerUnavailable("扫描件读取已停止", "reading scans has been stopped")


def _nothing(_driver: Driver) -> Reply:
    return {}
