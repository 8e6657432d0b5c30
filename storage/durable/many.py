"""Many existing files exchanged for new bytes, durable together.

Owns the order of the steps for an exchange of many names. Rule: all bytes, then all names,
then all folders. Unlike a `Batch` it is not all or nothing: after a crash each name holds its
old bytes or its new ones, and the caller must be able to tell which.

    replace_all((path, head) for path, head in heads)

The bytes are flushed by threads while the caller's iterable is still being worked out, because
sealing the next head takes as long as the disk takes for the last one.
"""

# ruff: noqa: PTH104 - system calls stand here under their own names

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from storage.durable.reading import translated
from storage.durable.steps import CREATE, sync_folder, tmp_name, unlink_quietly, write_all

# fsyncs of different files wait for the same journal commit: more threads gain nothing.
_SYNC_THREADS = 8


def replace_all(items: Iterable[tuple[Path, bytes]], mode: int = 0o444) -> int:
    """Exchange the bytes behind every path; returns how many. Durable on return.

    Raises Missing when a folder is not there, DiskFailed otherwise, and whatever the iterable
    raises; then nothing that was added has its name yet, unless renaming itself failed.
    """
    pending: list[tuple[Path, Path]] = []
    try:
        with ThreadPoolExecutor(_SYNC_THREADS) as pool:
            syncs: list[Future[None]] = []
            for path, data in items:
                tmp = tmp_name(path)
                with translated("writing", path):
                    fd = os.open(tmp, CREATE, mode)
                    pending.append((tmp, path))
                    try:
                        write_all(fd, data)
                    except BaseException:
                        os.close(fd)
                        raise
                syncs.append(pool.submit(_sync_and_close, fd, path))
            for sync in syncs:
                sync.result()
            for tmp, path in pending:
                with translated("renaming", path):
                    os.rename(tmp, path)
            folders = dict.fromkeys(path.parent for _, path in pending)
            for _ in pool.map(sync_folder, folders):
                pass
    except BaseException:
        for tmp, _ in pending:
            unlink_quietly(tmp)
        raise
    return len(pending)


def _sync_and_close(fd: int, path: Path) -> None:
    with translated("syncing", path):
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
