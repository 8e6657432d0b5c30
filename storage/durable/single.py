"""One file at a time: write once, replace, move, remove; and folders.

Owns the order of the steps for a single name. Rule: what is returned from is durable.

    write_new(folder / "checkpoint-1", note)     # again with the same bytes: fine
    replace(folder / "checkpoint", note)
"""

# ruff: noqa: PTH104, PTH108 - system calls stand here under their own names

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from storage.durable.reading import READ, digest_of, read_chunks, translated
from storage.durable.steps import (
    TMP_NAME,
    Data,
    link_once,
    make_missing,
    sync_file,
    sync_folder,
    unlink_quietly,
    written,
)
from storage.errors import DiskFailed, Missing, Occupied, StorageError


def write_new(path: Path, data: Data, mode: int = 0o444) -> None:
    """Give `path` these bytes for ever; `mode` is subject to the umask.

    A name that already holds the same bytes is fine (a repeat after a crash) and is made
    durable again. Raises Occupied when it holds others, Missing when its folder is not
    there, DiskFailed otherwise.
    """
    tmp = written(path, data, mode)
    try:
        link_once(tmp, path)
    finally:
        unlink_quietly(tmp)
    sync_folder(path.parent)


def replace(path: Path, data: Data, mode: int = 0o600) -> None:
    """Exchange the bytes behind `path` in one step; a reader sees the old or the new ones.

    Raises Missing when the folder is not there, DiskFailed otherwise.
    """
    tmp = written(path, data, mode)
    try:
        with translated("renaming", path):
            os.rename(tmp, path)
    except StorageError:
        unlink_quietly(tmp)
        raise
    sync_folder(path.parent)


def make_folders(path: Path, mode: int = 0o777, *, sync: bool = True) -> list[Path]:
    """Make `path` and every level above it that is missing, each one durable.

    The name of `path` itself is synced even when it exists: whoever made it may have
    crashed before doing so. Without `sync` that is left to `sync_folders`, for all that are
    returned. Raises DiskFailed, also when a level is not a folder.
    """
    parents = make_missing(path, mode) or [path.parent]
    for parent in parents if sync else ():
        sync_folder(parent)
    return parents


def move(src: Path, dst: Path, *, sync: bool = True) -> None:
    """Rename a file or folder; a file may also cross to another file system.

    With `sync` the file's bytes and both folders are durable on return. Without it the
    step is only atomic: after a power cut the thing lies under one of its two names.
    A crossing copies, reads the copy back, and unlinks the source last, so that a crash
    leaves the source or both. Nothing is overwritten, as long as nobody else creates
    `dst` in the same instant: callers move to names that are theirs alone.

    Raises Missing, Occupied, DiskFailed.
    """
    if os.path.lexists(dst):
        raise Occupied(f"{dst.name} exists already")
    with translated("moving", src):
        if sync:
            sync_file(src)
        try:
            os.rename(src, dst)
        except OSError as error:
            if error.errno != errno.EXDEV or not stat.S_ISREG(src.lstat().st_mode):
                raise
            _copy_across(src, dst)
            try:
                os.unlink(src)
            except OSError:
                # A folder that cannot be written keeps its file; two would be one too many.
                os.unlink(dst)
                raise
    if sync:
        sync_folder(dst.parent)
        if src.parent != dst.parent:
            sync_folder(src.parent)


def remove(path: Path) -> bool:
    """Unlink a file durably; False when it was already gone. Raises DiskFailed."""
    try:
        with translated("removing", path):
            os.unlink(path)
    except Missing:
        return False
    sync_folder(path.parent)
    return True


def sweep(top: Path) -> list[Path]:
    """Remove temporary files below `top` whose process is no more; returns their paths.

    They are what a crash or a power cut leaves: nothing refers to them. For use under the
    archive's lock, since a process on another machine looks like one that is gone.
    """
    stale = []
    for folder, _, names in os.walk(top):
        for name in names:
            found = TMP_NAME.fullmatch(name)
            if found and not _is_running(int(found["pid"])):
                path = Path(folder, name)
                unlink_quietly(path)
                stale.append(path)
    return stale


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _copy_across(src: Path, dst: Path) -> None:
    known = src.lstat()
    expected = digest_of(src)
    tmp = written(dst, read_chunks(src), stat.S_IMODE(known.st_mode))
    try:
        os.utime(tmp, ns=(known.st_atime_ns, known.st_mtime_ns))
        _forget_cached(tmp)
        if digest_of(tmp) != expected:
            raise DiskFailed(f"copying {src.name}: the copy reads back differently", errno.EIO)
        link_once(tmp, dst)
    finally:
        unlink_quietly(tmp)
    sync_folder(dst.parent)


def _forget_cached(path: Path) -> None:
    """Ask that reading back comes from the disk, not from memory; a request, no promise."""
    if not hasattr(os, "posix_fadvise"):
        return
    fd = os.open(path, READ)
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)
