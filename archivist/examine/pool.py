"""The pool of examining children, and the way from a path to `Facts`.

    with Examiners(workers=2) as examiners:
        facts = examiners.examine(Path("drop/lease.pdf"))

A document is looked at once and then read page by page, every page a task of its own: the pages of
one document use all cores, a long document does not hold up a short one, and no process ever holds
more than one page's pixels.

Rules it keeps:
- Examining never raises because of a file. Whatever a file does to a child becomes a defect of
  that file; the child is replaced and the others do not notice.
- A child that had served other files before it died may have died of them. So the request is
  tried once more in a fresh child before the file is blamed; a timeout is not tried again.
- The digest and the size are taken here, from the same open file that the child gets: a child that
  was taken over cannot lie about which bytes were examined.
- Nothing starts before the first request. Threads wait without turning; there is one per child and
  none per document.
- Looks go before reads: what a file is costs milliseconds, and intake waits for it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import os
import queue
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from archivist.examine import media
from archivist.examine.limits import Limits
from archivist.examine.process import Child, ChildGone, ExaminerUnavailable
from archivist.examine.unfit import DAMAGED, EMPTY, NOT_A_DOCUMENT, TOO_LARGE, Unfit
from policies.errors import FactsUnreadable
from policies.facts import Cover, Facts, page_from_plain
from storage import durable

Reply = dict[str, Any]

_LOOK, _READ, _STOP = 0, 1, 2
_HASH_BLOCK_BYTES = 1 << 20

_BLAME = {
    ChildGone.CRASH: (DAMAGED, "reading it crashed"),
    ChildGone.TIME: (DAMAGED, "timeout: reading it took too long"),
    ChildGone.MEMORY: (TOO_LARGE, "needs more memory than a document may"),
    ChildGone.PROCESSOR: (TOO_LARGE, "needs more computing time than a document may"),
    ChildGone.GARBLED: (TOO_LARGE, "holds more text than a document may"),
}


@dataclass(order=True, slots=True)
class _Task:
    """One request to a child. Ordered by rank, then by arrival."""

    rank: int
    number: int
    run: Callable[[_Driver], Reply] = field(compare=False, repr=False)
    done: Future[Reply] = field(compare=False, repr=False)


class Examiners:
    """A pool of `workers` children. Thread-safe; close it, or use it as a context manager."""

    def __init__(self, workers: int, limits: Limits | None = None, cover_tag: str = "") -> None:
        assert workers > 0
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
        return self._submit(_LOOK, lambda driver: driver.look(path))

    def read(self, path: Path, media_type: str, page_index: int) -> Future[Reply]:
        """`{"page"}`, or `{"defect", "detail"}`. The future raises `ExaminerUnavailable` only."""
        return self._submit(_READ, lambda driver: driver.read(path, media_type, page_index))

    def cut(self, path: Path, media_type: str, pages: Sequence[int], into: Path) -> Future[Reply]:
        """Write some pages of a scan to a new file, durably: `{"size_bytes", "sha256"}`, or
        `{"defect", "detail"}` and no file. Raises `ExaminerUnavailable` or `StorageError`."""
        return self._submit(_LOOK, lambda driver: driver.cut(path, media_type, list(pages), into))

    def backend(self) -> str:
        """The recognition engine that loads here, and what the child gave up: "openvino (limits,
        no network, no files)". Raises `ExaminerUnavailable`."""
        reply = self._submit(_LOOK, lambda driver: driver.backend()).result()
        return f"{reply['backend']} ({', '.join(reply['confined'])})"

    def examine(self, path: Path) -> Facts:
        """Look and read, and wait for it. Raises `ExaminerUnavailable` only."""
        return self.examine_async(path).result()

    def examine_async(self, path: Path) -> Future[Facts]:
        """Look and read. The future is resolved by a pool thread; what is hung on it must be
        short."""
        return _Assembly(self, path).facts

    def close(self) -> None:
        """End all children. Requests still waiting fail with `ExaminerUnavailable`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            threads = list(self._threads)
        self._drain()
        for _ in threads:
            self._tasks.put(_Task(_STOP, next(self._numbers), _nothing, Future()))
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

    def _submit(self, rank: int, run: Callable[[_Driver], Reply]) -> Future[Reply]:
        done: Future[Reply] = Future()
        with self._lock:
            if self._closed:
                done.set_exception(_stopped())
                return done
            self._tasks.put(_Task(rank, next(self._numbers), run, done))
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
        with contextlib.closing(_Driver(self.limits, self._cover_tag, core)) as driver:
            while True:
                task = self._next_task()
                if task.rank == _STOP:
                    return
                if not task.done.set_running_or_notify_cancel():
                    continue
                try:
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


class _Driver:
    """What one pool thread does with its child. Every method returns a reply; a file never raises
    here."""

    def __init__(self, limits: Limits, cover_tag: str, core: int | None) -> None:
        self._limits = limits
        self._cover_tag = cover_tag
        self._core = core
        self._child: Child | None = None

    def look(self, path: Path) -> Reply:
        with _opened(path, self._limits) as scan:
            if isinstance(scan, Unfit):
                return _blank_reply() | _defect(scan)
            size_bytes = os.fstat(scan).st_size
            digest = _sha256(scan)
            reply = self.ask({"do": "look", "name": path.name, "cover_tag": self._cover_tag}, scan)
            return _blank_reply() | reply | {"size_bytes": size_bytes, "sha256": digest}

    def read(self, path: Path, media_type: str, page_index: int) -> Reply:
        with _opened(path, self._limits) as scan:
            if isinstance(scan, Unfit):
                return _defect(scan)
            request = {"do": "read", "media_type": media_type, "page": page_index}
            return self.ask(request | {"cover_tag": self._cover_tag}, scan)

    def backend(self) -> Reply:
        reply = self.ask({"do": "backend"}, None)
        return reply | {"confined": self._child.confined if self._child else []}

    def cut(self, path: Path, media_type: str, pages: list[int], into: Path) -> Reply:
        with _opened(path, self._limits) as scan:
            if isinstance(scan, Unfit):
                return _defect(scan)
            reply = self.ask({"do": "cut", "media_type": media_type, "pages": pages}, scan)
        if "defect" in reply:
            return reply
        size_bytes = int(reply["cut"])
        if size_bytes > self._limits.max_size_bytes:
            self.close()
            return _defect(Unfit(TOO_LARGE, "a part of it is too large"))
        digest = hashlib.sha256()
        try:
            durable.write_new(into, self._body(size_bytes, digest))
        except ChildGone as gone:
            self._child = None
            defect, detail = _BLAME[gone.reason]
            return {"defect": defect, "detail": detail}
        return {"size_bytes": size_bytes, "sha256": digest.hexdigest()}

    def _body(self, size_bytes: int, digest: hashlib._Hash) -> Iterator[bytes]:
        assert self._child is not None
        for chunk in self._child.body(size_bytes, self._limits.read_wall_seconds):
            digest.update(chunk)
            yield chunk

    def ask(self, request: Reply, scan: int | None) -> Reply:
        """The child's reply, or the defect its end stands for. Raises `ExaminerUnavailable`."""
        looks = request["do"] == "look"
        wall_seconds = self._limits.look_wall_seconds if looks else self._limits.read_wall_seconds
        for attempt in (1, 2):
            child = self._fit_child()
            fresh = child.served == 0
            try:
                reply = child.ask(request, scan, wall_seconds)
            except ChildGone as gone:
                self._child = None
                if not fresh and attempt == 1 and gone.reason != ChildGone.TIME:
                    continue
                defect, detail = _BLAME[gone.reason]
                return {"defect": defect, "detail": detail}
            if "unavailable" in reply:
                raise ExaminerUnavailable(
                    "本机无法加载文字识别引擎",
                    f"no recognition engine loads here ({reply['unavailable']})",
                    "运行 archivist doctor",
                    "run `archivist doctor`",
                )
            return reply
        raise AssertionError("the second attempt has a fresh child")

    def close(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def _fit_child(self) -> Child:
        if self._child is not None and self._child.worn_out:
            self.close()
        if self._child is None:
            self._child = Child(self._limits, self._core)
        return self._child


class _Assembly:
    """One document on its way: collects pages as they come and resolves to `Facts`."""

    def __init__(self, examiners: Examiners, path: Path) -> None:
        self.facts: Future[Facts] = Future()
        self._examiners = examiners
        self._path = path
        self._lock = threading.Lock()
        self._look: Reply = {}
        self._open_pages = 0
        self._page_tasks: list[Future[Reply]] = []
        examiners.look(path).add_done_callback(self._looked)

    def _looked(self, done: Future[Reply]) -> None:
        if self._failed(done):
            return
        self._look = done.result()
        pages = self._look["pages"]
        to_read = [index for index, page in enumerate(pages) if page.get("read")]
        self._open_pages = len(to_read)
        if self._look.get("defect") or not to_read:
            self._finish()
            return
        media_type = self._look["media_type"]
        tasks = [self._examiners.read(self._path, media_type, index) for index in to_read]
        # All are known before the first can end, so that a bad page finds the others to cancel.
        self._page_tasks = tasks
        for index, task in zip(to_read, tasks, strict=True):
            task.add_done_callback(functools.partial(self._page_read, index))

    def _page_read(self, index: int, done: Future[Reply]) -> None:
        if not done.cancelled() and self._failed(done):
            return
        with self._lock:
            first_defect = not done.cancelled() and self._take_page(index, done.result())
            self._open_pages -= 1
            last = self._open_pages == 0
        if first_defect:
            # Outside the lock: cancelling calls this method for each page that had not begun.
            for task in self._page_tasks:
                task.cancel()
        if last:
            self._finish()

    def _take_page(self, index: int, reply: Reply) -> bool:
        """Keep the page, or its defect; whether it is the document's first defect.

        One page that cannot be read makes the whole document unfit: half a contract is no contract.
        """
        if "defect" not in reply:
            self._look["pages"][index] = reply["page"]
            return False
        if self._look.get("defect"):
            return False
        detail = f"{reply['detail']} (page {index + 1})"
        self._look |= {"defect": reply["defect"], "detail": detail}
        return True

    def _failed(self, done: Future[Reply]) -> bool:
        error = done.exception()
        if error is not None:
            with self._lock, contextlib.suppress(Exception):
                self.facts.set_exception(error)
        return error is not None

    def _finish(self) -> None:
        try:
            self.facts.set_result(_facts(self._look))
        except (FactsUnreadable, KeyError, TypeError, ValueError):
            # The shape of a reply is the child's word, and a child may have been taken over.
            self._look |= {"defect": DAMAGED, "detail": "reading it went wrong"}
            self.facts.set_result(_facts(self._look | {"pages": []}))


def _facts(look: Reply) -> Facts:
    media_type = str(look["media_type"])
    defect = look.get("defect")
    pages = () if defect else tuple(page_from_plain(page) for page in map(_sized, look["pages"]))
    covers = () if defect else tuple(_covers(look["pages"]))
    return Facts(
        media_type=media_type,
        extension=media.EXTENSIONS.get(media_type, ""),
        size_bytes=look["size_bytes"],
        sha256=look["sha256"],
        pages=pages,
        covers=covers,
        defect=defect,
        detail=str(look.get("detail", "")),
    )


def _sized(page: Reply) -> Reply:
    return {"width": 0, "height": 0} | page


def _covers(pages: list[Reply]) -> Iterator[Cover]:
    for index, page in enumerate(pages):
        for dossier, doc_type in page.get("covers", ()):
            named = None if doc_type is None else str(doc_type)
            yield Cover(index, str(dossier), named, contested=not dossier)


@contextlib.contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[int | Unfit]:
    """The scan's descriptor, or why it is none. Links are not followed, pipes not waited for."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        yield Unfit(NOT_A_DOCUMENT, f"cannot be opened as a file ({error.strerror})")
        return
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            yield Unfit(NOT_A_DOCUMENT, "is not a plain file")
        elif status.st_size == 0:
            yield Unfit(EMPTY, "has no content")
        elif status.st_size > limits.max_size_bytes:
            yield Unfit(TOO_LARGE, f"{status.st_size} bytes, at most {limits.max_size_bytes}")
        else:
            yield descriptor
    finally:
        os.close(descriptor)


def _sha256(descriptor: int) -> str:
    digest = hashlib.sha256()
    offset = 0
    # Positioned reads: the child shares this open file, and with it the place in it.
    while block := os.pread(descriptor, _HASH_BLOCK_BYTES, offset):
        digest.update(block)
        offset += len(block)
    return digest.hexdigest()


def _defect(unfit: Unfit) -> Reply:
    return {"defect": unfit.defect, "detail": unfit.detail}


def _blank_reply() -> Reply:
    nothing = hashlib.sha256(b"").hexdigest()
    return {"media_type": media.UNKNOWN, "pages": [], "size_bytes": 0, "sha256": nothing}


def _core_for(number: int) -> int | None:
    """The core of the pool's child `number`, among those this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    # With a single core there is nothing to choose, and pinning would only forbid to move.
    return cores[number % len(cores)] if len(cores) > 1 else None


def _stopped() -> ExaminerUnavailable:
    return ExaminerUnavailable("扫描件读取已停止", "reading scans has been stopped")


def _nothing(_driver: _Driver) -> Reply:
    return {}
