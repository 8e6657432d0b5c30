"""The single steps of the write protocol, each a system call with its reason.

Owns what `single` and `batch` put in order; nobody else imports it, except for
`sync_folder`. Rules: a temporary file is created, never opened; short writes go on;
every step raises Missing, Occupied or DiskFailed and nothing else.

    tmp = written(path, data, 0o444)      # durable, under a name that nobody looks for
    link_once(tmp, path)                  # visible
    sync_folder(path.parent)              # visible after a power cut
"""

# ruff: noqa: PTH108 - system calls stand here under their own names

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from storage.durable.hashing import Hashing
from storage.durable.reading import READ, Digest, digest_of, translated
from storage.errors import Occupied

if TYPE_CHECKING:
    import ctypes

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
TMP_NAME = re.compile(r"\..+\.(?P<pid>[0-9]+)\.[0-9a-f]{8}\.tmp", re.DOTALL)

# A long file is handed to the disk in such parts while it is written.
AHEAD_BYTES = 8 << 20
_RANGE_WRITE = 2  # SYNC_FILE_RANGE_WRITE of Linux: start, do not wait

Data = bytes | bytearray | memoryview | Iterable[bytes] | Iterable[bytes | bytearray]


def written(path: Path, data: Data, mode: int, *, flush: bool = True) -> Path:
    """A temporary file beside `path`, durable unless told otherwise; removed again if anything
    fails."""
    tmp, fd, _ = begun(os.fspath(path), data, mode)
    try:
        with translated("writing", path):
            try:
                if flush:
                    os.fsync(fd)
            finally:
                os.close(fd)
    except BaseException:
        unlink_quietly(tmp)
        raise
    return Path(tmp)


def begun(path: str, data: Data, mode: int) -> tuple[str, int, Digest]:
    """The same while it is still open and not flushed: its name, its descriptor, its digest."""
    tmp = name_beside(path)
    with translated("writing", path):
        fd = os.open(tmp, CREATE, mode)
        try:
            return tmp, fd, write_all(fd, data)
        except BaseException:
            os.close(fd)
            unlink_quietly(tmp)
            raise


def write_all(fd: int, data: Data) -> Digest:
    """Write and hash; the disk begins to write a long file while the rest is still made."""
    hashing, asked = Hashing(), 0
    whole = isinstance(data, bytes | bytearray | memoryview)
    for chunk in (data,) if whole else data:
        hashing.update(chunk)  # type: ignore[arg-type]
        view = memoryview(chunk)  # type: ignore[arg-type]
        while view:
            view = view[os.write(fd, view) :]
        if hashing.size_bytes - asked >= AHEAD_BYTES:
            start_flushing(fd, asked, hashing.size_bytes - asked)
            asked = hashing.size_bytes
    return Digest(hashing.hexdigest(), hashing.size_bytes)


def start_flushing(fd: int, start: int = 0, size_bytes: int = 0) -> None:
    """Have the disk begin to write these bytes, 0 for all; promises nothing, and a flush still
    tells of errors.

    Otherwise the disk idles until the whole file is made, and then everybody waits for it.
    """
    import ctypes  # as below

    call = getattr(_libc(), "sync_file_range", None)
    if call is not None:
        call(fd, ctypes.c_int64(start), ctypes.c_int64(size_bytes), ctypes.c_uint(_RANGE_WRITE))


def link_once(tmp: Path | str, path: Path | str) -> bool:
    """Name a durable file; False when the name already holds the same bytes.

    The same bytes may be there without being durable (their writer crashed before its own
    fsync), so they are synced here before anybody relies on them.
    """
    with translated("naming", path):
        try:
            os.link(tmp, path)
        except FileExistsError:
            tmp, path = Path(tmp), Path(path)
            if not _same_bytes(tmp, path):
                raise Occupied(f"{path.name} is taken by other bytes") from None
            sync_file(path)
            return False
    return True


def _same_bytes(one: Path, other: Path) -> bool:
    if not stat.S_ISREG(other.lstat().st_mode) or one.stat().st_size != other.stat().st_size:
        return False
    return digest_of(one) == digest_of(other)


def sync_file(path: Path) -> None:
    if not stat.S_ISREG(path.lstat().st_mode):
        return
    fd = os.open(path, READ)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable. Raises Missing or DiskFailed."""
    with translated("syncing the folder", path):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        except OSError as error:
            # Some network file systems know no folder fsync and say so with EINVAL;
            # any other answer means that names may be lost.
            if error.errno != errno.EINVAL:
                raise
        finally:
            os.close(fd)


class Disk:
    """The file system that holds a folder, made durable by one call.

    Opened before the first byte is written it tells of every write that failed since (Linux since
    5.8), even if somebody else's flush was told of it in between. Raises Missing, DiskFailed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with translated("opening the folder", folder):
            self._fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._number = os.fstat(self._fd).st_dev

    def __enter__(self) -> Disk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self._fd)

    def holds(self, place: Path | int) -> bool:
        """Whether a folder, or an open file, lies on it; never where there is no such call."""
        with translated("looking for", self._folder):
            found = os.fstat(place) if isinstance(place, int) else place.stat()
        return hasattr(_libc(), "syncfs") and found.st_dev == self._number

    def flush(self) -> None:
        """Whatever was written to it is durable on return, names included."""
        with translated("flushing the file system of", self._folder):
            if _libc().syncfs(self._fd) != 0:
                raise _failure()


@cache
def _libc() -> ctypes.CDLL:
    import ctypes  # whoever only appends to the ledger flushes files, not a file system

    return ctypes.CDLL(None, use_errno=True)


def _failure() -> OSError:
    import ctypes

    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def make_missing(path: Path, mode: int = 0o777) -> list[Path]:
    """Make what is missing, outermost first; returns the folders that gained a name."""
    missing: list[Path] = []
    with translated("making the folder", path):
        level = path
        while not level.is_dir() and level != level.parent:
            missing.append(level)
            level = level.parent
        for folder in reversed(missing):
            # Another process may make the same customer's folder at this moment, and crash
            # before its own fsync: the parent is synced here all the same.
            try:
                folder.mkdir(mode)
            except FileExistsError:
                if not folder.is_dir():
                    raise
    return [folder.parent for folder in missing]


def name_beside(path: str) -> str:
    """A name beside `path` that says whose it is, so that `sweep` can tell what is stale.

    A text: a path object for each of a million files takes longer than the name.
    """
    folder, slash, own = path.rpartition("/")
    return f"{folder}{slash}.{own}.{os.getpid()}.{os.urandom(4).hex()}.tmp"


def unlink_quietly(path: Path | str) -> None:
    # What stays behind is a dot file with our suffix, swept at the next start.
    with contextlib.suppress(OSError):
        os.unlink(path)
