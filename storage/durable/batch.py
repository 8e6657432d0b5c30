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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from storage.durable.many import sync_folders, sync_together
from storage.durable.reading import Digest, translated
from storage.durable.steps import (
    CREATE,
    Data,
    link_once,
    make_missing,
    tmp_name,
    unlink_quietly,
    write_all,
)
from storage.errors import DiskFailed

# Kept far below the usual limit of 1024 descriptors: so many are synced early, together.
OPEN_FILES = 256
# fsyncs of different files wait for the same journal commit: more threads gain nothing.
SYNC_THREADS = 8


@dataclass(slots=True)
class _Pending:
    """One file of a batch between `add` and `commit`."""

    path: Path
    tmp: Path
    fd: int | None
    linked: bool = False


class Batch:
    """Many new files that become durable together: intake pays for one flush, not for each.

    `add` writes and hashes, `commit` flushes all, then names all. Until `commit` returns
    nothing has its final name. When anything fails every temporary file is removed, and
    so is every name this batch had already given: the caller has seen no success, so
    nothing refers to them. A batch that failed stays dead for ever. Used as a context
    manager it is abandoned unless committed. Not for use by several threads at once.

    Folders that are missing are made. One that exists may have been made by a process
    that crashed before syncing its name; so below `root` every level is synced once, and
    `known`, which the caller keeps from batch to batch, remembers which were.
    """

    def __init__(self, root: Path | None = None, known: set[Path] | None = None) -> None:
        self._root = root
        self._known = set() if known is None else known
        self._met: set[Path] = set()
        self._pending: list[_Pending] = []
        self._folders: dict[Path, None] = {}
        self._over: str | None = None
        self._synced = 0

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def add(self, path: Path, data: Data, mode: int = 0o444) -> Digest:
        """Write one file under a temporary name and hash it in the same pass.

        `path` itself is looked at only by `commit`. Raises DiskFailed, and whatever the
        iterable raises; either way the batch is dead.
        """
        self._check_alive()
        try:
            self._meet(path.parent)
            with translated("writing", path):
                tmp = tmp_name(path)
                fd = os.open(tmp, CREATE, mode)
                self._pending.append(_Pending(path, tmp, fd))
                digest = write_all(fd, data)
            if len(self._pending) - self._synced >= OPEN_FILES:
                self._sync_files()
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
            self._sync_files()
            for item in self._pending:
                item.linked = link_once(item.tmp, item.path)
            for item in self._pending:
                unlink_quietly(item.tmp)
            sync_folders(self._folders)
        except BaseException as error:
            self._fail(error)
            raise
        self._known |= self._met
        self._over = "committed"

    def abandon(self) -> None:
        """Drop everything added. Harmless when the batch is already over."""
        if self._over is None:
            self._fail(None)

    def _check_alive(self) -> None:
        if self._over is not None:
            raise DiskFailed(f"this batch is over: {self._over}")

    def _meet(self, folder: Path) -> None:
        """Make a folder if need be, and note which folders `commit` has to sync."""
        self._folders[folder] = None
        if folder in self._met:
            return
        for parent in make_missing(folder):
            self._folders[parent] = None
        level = folder
        while self._root and level.is_relative_to(self._root) and level != self._root:
            if level not in self._known:
                self._folders[level.parent] = None
            self._met.add(level)
            level = level.parent
        self._met.add(folder)

    def _sync_files(self) -> None:
        waiting = self._pending[self._synced :]
        self._synced = len(self._pending)
        if len(waiting) < 2:
            for item in waiting:
                _sync_pending(item)
            return
        if sync_together(len(waiting), {item.path.parent for item in waiting}):
            for item in waiting:
                _close_quietly(item)
            return
        with ThreadPoolExecutor(min(SYNC_THREADS, len(waiting))) as pool:
            for _ in pool.map(_sync_pending, waiting):
                pass

    def _fail(self, error: BaseException | None) -> None:
        self._over = "abandoned" if error is None else f"it failed ({type(error).__name__})"
        for item in self._pending:
            _close_quietly(item)
            unlink_quietly(item.tmp)
            if item.linked:
                unlink_quietly(item.path)
        self._pending.clear()


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
