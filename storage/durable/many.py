"""Many existing files exchanged for new bytes, durable together.

Owns the order of the steps for an exchange of many names: the bytes of each beside its name, then
the names. The first step may be left to other processes, since nobody looks for what lies beside;
the second is the one writer's. Unlike a `Batch` it is not all or nothing: after a crash each name
holds its old bytes or its new ones, and the caller must be able to tell which.

    beside = [(path, set_beside(path, head)) for path, head in heads]
    put_in_place(beside)

A few files are flushed each by itself. Many are flushed by two calls for the whole file system,
one before and one after the renaming: a flush for each file makes the file system's journal the
slowest part of a rotation, because each rename waits for the flushes beside it.
"""

# ruff: noqa: PTH104 - system calls stand here under their own names

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from storage.durable.reading import translated
from storage.durable.steps import Data, Disk, sync_file, sync_folder, written

# From so many on the whole file system is flushed, with what others have written to it.
MANY = 64


def set_beside(path: Path, data: Data, mode: int = 0o444) -> Path:
    """The bytes under a name that nobody looks for; durable only by `put_in_place`.

    `sweep` removes what is left over. Raises Missing when the folder is not there, DiskFailed
    otherwise.
    """
    return written(path, data, mode, flush=False)


def put_in_place(items: Iterable[tuple[Path, Path | None]]) -> None:
    """Give what was set beside to each path, durable on return.

    None: what bears the name already is to be durable, too. MUST flush before renaming: a name
    must never be there before its bytes. Raises Missing, DiskFailed; then some names may hold
    their new bytes, as after a crash.
    """
    exchanged = list(items)
    if not exchanged:
        return
    folders = list(dict.fromkeys(path.parent for path, _ in exchanged))
    if not sync_together(len(exchanged), folders):
        for path, beside in exchanged:
            with translated("flushing", path):
                sync_file(beside or path)
    for path, beside in exchanged:
        if beside is not None:
            with translated("exchanging", path):
                os.rename(beside, path)
    if not sync_together(len(exchanged), folders):
        for folder in folders:
            sync_folder(folder)


def sync_folders(folders: Iterable[Path]) -> None:
    """Make the names in many folders durable; see `make_folders`. Raises Missing, DiskFailed."""
    found = list(dict.fromkeys(folders))
    if not sync_together(len(found), found):
        for folder in found:
            sync_folder(folder)


def sync_together(count: int, folders: Collection[Path]) -> bool:
    """One flush of the whole file system for so many names or files in these folders.

    False, and nothing is flushed, where they are too few for that or lie on several. Raises
    Missing, DiskFailed.
    """
    if count < MANY:
        return False
    with Disk(next(iter(folders))) as disk:
        if not all(map(disk.holds, folders)):
            return False
        disk.flush()
    return True
