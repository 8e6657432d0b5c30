"""Many new files that become durable together.

Owns the order of the steps for a batch. Rule: all bytes, then all names, then all
folders; whatever fails before the end leaves no name behind.

    with Batch(root, known) as batch:
        digest = batch.add(path, chunks)
        batch.commit()
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from storage.durable.hashing import thread
from storage.durable.many import MANY, sync_folders
from storage.durable.reading import Digest, translated
from storage.durable.steps import (
    Data,
    Disk,
    begun,
    link_once,
    make_missing,
    start_flushing,
    unlink_quietly,
)
from storage.errors import DiskFailed

# fsyncs of different files wait for the same journal commit: more threads gain nothing.
SYNC_THREADS = 8
# So many files are handed to the disk at a time while the next are made; waking a thread for each
# costs more than it saves, and of the smallest the disk had better get all at once.
AHEAD_FILES = 8
AHEAD_LEAST_BYTES = 16 << 10


@dataclass(slots=True)
class _Pending:
    """One file of a batch between `add` and `commit`, open until some flush is sure to reach it."""

    path: str
    tmp: str
    fd: int | None
    linked: bool = False


class Batch:
    """Many new files that become durable together: intake pays for one flush, not for each.

    `add` writes and hashes, `commit` flushes all, then names all. Until `commit` returns
    nothing has its final name. When anything fails every temporary file is removed, and
    so is every name this batch had already given: the caller has seen no success, so
    nothing refers to them. A batch that failed stays dead for ever. Used as a context
    manager it is abandoned unless committed. Not for use by several threads at once.

    A few files are flushed each by itself. From `MANY` on, the disk that the first one lies on
    is flushed instead, once before the names and once after.

    Folders that are missing are made. One that exists may have been made by a process
    that crashed before syncing its name; so below `root` every level is synced once, and
    `known`, which the caller keeps from batch to batch, remembers which were.
    """

    def __init__(self, root: Path | None = None, known: set[str] | None = None) -> None:
        self._root = root
        self._known = set() if known is None else known
        self._met: set[str] = set()
        self._pending: list[_Pending] = []
        self._folders: dict[str, None] = {}
        self._disk: Disk | None = None
        self._together = False
        self._ahead: list[int] = []
        self._started: list[Future[None]] = []
        self._over: str | None = None

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def add(self, path: Path | str, data: Data, mode: int = 0o444) -> Digest:
        """Write one file under a temporary name and hash it in the same pass.

        `path` itself is looked at only by `commit`. Raises DiskFailed, and whatever the
        iterable raises; either way the batch is dead.
        """
        # As a text: path objects take as long as sealing a small file.
        where = os.fspath(path)
        self._check_alive()
        try:
            self._meet(where.rpartition("/")[0])
            tmp, fd, digest = begun(where, data, mode)
            self._pending.append(_Pending(where, tmp, fd))
            if digest.size_bytes >= AHEAD_LEAST_BYTES:
                self._write_ahead(fd)
            if len(self._pending) % MANY == 0:  # far below the usual limit of open files
                self._settle()
        except BaseException as error:
            self._fail(error)
            raise
        return digest

    def commit(self) -> None:
        """Make every added file durable under its name.

        MUST keep this order: all bytes, then all names, then all folders. A name whose
        bytes are not on the disk would survive a power cut as an empty file.

        Raises Occupied when a name holds other bytes, DiskFailed otherwise.
        """
        self._check_alive()
        try:
            self._settle()
            if self._disk and self._together:
                self._disk.flush()
            for item in self._pending:
                item.linked = link_once(item.tmp, item.path)
            for item in self._pending:
                unlink_quietly(item.tmp)
            self._sync_names()
        except BaseException as error:
            self._fail(error)
            raise
        self._known |= self._met
        self._end("committed")

    def abandon(self) -> None:
        """Drop everything added. Harmless when the batch is already over."""
        if self._over is None:
            self._fail(None)

    def _check_alive(self) -> None:
        if self._over is not None:
            raise DiskFailed(f"this batch is over: {self._over}")

    def _meet(self, folder: str) -> None:
        """Make a folder if need be, and note which folders `commit` has to sync."""
        self._folders[folder] = None
        if folder in self._met:
            return
        level = Path(folder)
        for parent in make_missing(level):
            self._folders[os.fspath(parent)] = None
        self._disk = self._disk or Disk(level)
        while self._root and level.is_relative_to(self._root) and level != self._root:
            if os.fspath(level) not in self._known:
                self._folders[os.fspath(level.parent)] = None
            self._met.add(os.fspath(level))
            level = level.parent
        self._met.add(folder)

    def _write_ahead(self, fd: int) -> None:
        """Have the disk write while the next are made, or everybody waits for it at the end."""
        self._ahead.append(fd)
        if len(self._ahead) == AHEAD_FILES:
            ahead, self._ahead = self._ahead, []
            self._started.append(thread().submit(_start_flushing_all, ahead))

    def _wait_for_start(self) -> None:
        self._ahead = []
        while self._started:
            self._started.pop().result()

    def _settle(self) -> None:
        """Flush each open file; of many, those on the one disk are left to the flush of all."""
        self._wait_for_start()
        alone = [item for item in self._pending if item.fd is not None]
        if len(self._pending) >= MANY:
            alone = [item for item in alone if not self._left(item)]
        if len(alone) < 2:
            for item in alone:
                _sync_pending(item)
            return
        with ThreadPoolExecutor(min(SYNC_THREADS, len(alone))) as pool:
            for _ in pool.map(_sync_pending, alone):
                pass

    def _left(self, item: _Pending) -> bool:
        if self._disk is None or item.fd is None or not self._disk.holds(item.fd):
            return False
        self._together = True
        _close_quietly(item)
        return True

    def _sync_names(self) -> None:
        folders = [Path(folder) for folder in self._folders]
        if not (self._disk and self._together):
            sync_folders(folders)
            return
        elsewhere = [folder for folder in folders if not self._disk.holds(folder)]
        self._disk.flush()
        sync_folders(elsewhere)

    def _fail(self, error: BaseException | None) -> None:
        self._end("abandoned" if error is None else f"it failed ({type(error).__name__})")
        self._wait_for_start()
        for item in self._pending:
            _close_quietly(item)
            unlink_quietly(item.tmp)
            if item.linked:
                unlink_quietly(item.path)
        self._pending.clear()

    def _end(self, how: str) -> None:
        self._over = how
        if self._disk is not None:
            self._disk.close()


def _start_flushing_all(fds: Sequence[int]) -> None:
    for fd in fds:
        start_flushing(fd)


def _sync_pending(item: _Pending) -> None:
    if item.fd is None:
        return
    with translated("syncing", item.path):
        fd, item.fd = item.fd, None
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _close_quietly(item: _Pending) -> None:
    if item.fd is not None:
        fd, item.fd = item.fd, None
        with contextlib.suppress(OSError):
            os.close(fd)
