"""Many existing files exchanged for new bytes, durable together.

Owns the order of the steps for an exchange of many names. Rule: for each file its bytes, then
its name; when all have theirs, the folders. Unlike a `Batch` it is not all or nothing: after a
crash each name holds its old bytes or its new ones, and the caller must be able to tell which.

    replace_all((path, head) for path, head in heads)

All of it is left to threads while the caller works out the next bytes: each step waits for the
disk or for the folder, which another thread's rename holds, and renaming over a file takes ext4
longer than sealing a head takes the processor.
"""

# ruff: noqa: PTH104 - system calls stand here under their own names

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from storage.durable.reading import translated
from storage.durable.steps import CREATE, sync_folder, tmp_name, unlink_quietly, write_all

# Each waits for the disk, not for the processor: more of them share one journal commit.
_THREADS = 16


def replace_all(items: Iterable[tuple[Path, bytes]], mode: int = 0o444) -> int:
    """Exchange the bytes behind every path; returns how many. Durable on return.

    Raises Missing when a folder is not there, DiskFailed otherwise, and whatever the iterable
    raises; then some names may hold their new bytes, as after a crash.
    """
    folders: dict[Path, None] = {}
    exchanged: list[Future[None]] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for path, data in items:
            folders[path.parent] = None
            exchanged.append(pool.submit(_exchange, path, data, mode))
        for one in exchanged:
            one.result()
        for _ in pool.map(sync_folder, folders):
            pass
    return len(exchanged)


def _exchange(path: Path, data: bytes, mode: int) -> None:
    """MUST flush before renaming: a name must never be there before its bytes."""
    tmp = tmp_name(path)
    try:
        with translated("exchanging", path):
            fd = os.open(tmp, CREATE, mode)
            try:
                write_all(fd, data)
                os.fsync(fd)
            finally:
                os.close(fd)
            os.rename(tmp, path)
    except BaseException:
        unlink_quietly(tmp)
        raise
