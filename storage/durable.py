"""The one place that makes promises about disks.

Owns the write protocol. Everything that must outlive a power cut goes through here:

    write_new(path, data)   a name is given once; afterwards its bytes never change
    replace(path, data)     old bytes or new bytes, never a mixture, never nothing
    move(src, dst)          under the old name or the new one, on either file system
    make_folders, sync_folder, remove
    Batch                   many new files made durable together

Rules it keeps, in this order: temporary file in the same folder, all bytes written,
fsync of the file, then link (or rename), then fsync of the folder. A name is never
visible before its bytes are on the disk, and no function returns before the name is.

What it cannot promise: a disk that lies about flushing; a network share, where rename
is not atomic for other machines; a file system without hard links, where `write_new`
refuses; and what the kernel kept after a failed fsync. The last is why every failure is
final: the second fsync on the same file may well report success for lost pages.

    batch = Batch()
    digest = batch.add(Path("store/C000001/D000001/R00000001.pdf.age"), chunks)
    batch.commit()              # durable from here, or DiskFailed and nothing to see
"""

# ruff: noqa: PTH104, PTH108 - this page is about system calls, and each stands here under its own name

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.errors import Damaged, DiskFailed, Missing, Occupied, StorageError

READ_BYTES = 1 << 20
# Kept far below the usual limit of 1024 descriptors; the oldest is synced early beyond it.
OPEN_FILES = 256
# fsyncs of different files wait for the same journal commit: more threads gain nothing.
SYNC_THREADS = 8

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC

Data = bytes | bytearray | memoryview | Iterable[bytes] | Iterable[bytes | bytearray]


@dataclass(frozen=True, slots=True)
class Digest:
    """SHA-256 (lower-case hex) and length of bytes as they lie on the disk."""

    sha256: str
    size_bytes: int


def write_new(path: Path, data: Data, mode: int = 0o444) -> None:
    """Give `path` these bytes for ever; `mode` is subject to the umask.

    A name that already holds the same bytes is fine (a repeat after a crash) and is made
    durable again. Raises Occupied when it holds others, Missing when its folder is not
    there, DiskFailed otherwise.
    """
    tmp = _written(path, data, mode)
    try:
        _link_once(tmp, path)
    finally:
        _unlink_quietly(tmp)
    sync_folder(path.parent)


def replace(path: Path, data: Data, mode: int = 0o600) -> None:
    """Exchange the bytes behind `path` in one step; a reader sees the old or the new ones.

    Raises Missing when the folder is not there, DiskFailed otherwise.
    """
    tmp = _written(path, data, mode)
    try:
        with _translated("renaming", path):
            os.rename(tmp, path)
    except StorageError:
        _unlink_quietly(tmp)
        raise
    sync_folder(path.parent)


def make_folders(path: Path, mode: int = 0o777) -> None:
    """Make `path` and every level above it that is missing, each one durable.

    The name of `path` itself is synced even when it exists: whoever made it may have
    crashed before doing so. Raises DiskFailed, also when a level is not a folder.
    """
    for parent in _make_missing(path, mode) or [path.parent]:
        sync_folder(parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable. Raises Missing or DiskFailed."""
    with _translated("syncing the folder", path):
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
    with _translated("moving", src):
        if sync:
            _sync_file(src)
        try:
            os.rename(src, dst)
        except OSError as error:
            if error.errno != errno.EXDEV or not stat.S_ISREG(src.lstat().st_mode):
                raise
            _copy_across(src, dst)
            os.unlink(src)
    if sync:
        sync_folder(dst.parent)
        if src.parent != dst.parent:
            sync_folder(src.parent)


def remove(path: Path) -> bool:
    """Unlink a file durably; False when it was already gone. Raises DiskFailed."""
    try:
        with _translated("removing", path):
            os.unlink(path)
    except Missing:
        return False
    sync_folder(path.parent)
    return True


def read_chunks(path: Path, size_bytes: int = READ_BYTES) -> Iterator[bytes]:
    """The bytes of a file, piece by piece. Raises Missing or DiskFailed."""
    with _translated("reading", path):
        fd = os.open(path, _READ)
        try:
            while chunk := os.read(fd, size_bytes):
                yield chunk
        finally:
            os.close(fd)


def read_bytes(path: Path, max_bytes: int | None = None) -> bytes:
    """A small file as a whole. Raises Missing, DiskFailed, and Damaged beyond `max_bytes`."""
    data = bytearray()
    for chunk in read_chunks(path):
        data += chunk
        if max_bytes is not None and len(data) > max_bytes:
            raise Damaged(f"{path.name} is longer than the {max_bytes} bytes it can have")
    return bytes(data)


class Source:
    """A file to read from with `read(size)`, hashing what passes. Raises Missing, DiskFailed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.hasher = hashlib.sha256()
        with _translated("reading", path):
            self._fd = os.open(path, _READ)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def read(self, size: int, /) -> bytes:
        with _translated("reading", self._path):
            data = os.read(self._fd, size)
        self.hasher.update(data)
        return data


def digest_of(path: Path) -> Digest:
    """What a file holds now. Raises Missing or DiskFailed."""
    with (
        _translated("reading", path),
        os.fdopen(os.open(path, _READ), "rb", buffering=0) as file,
    ):
        hasher = hashlib.file_digest(file, "sha256")
        return Digest(hasher.hexdigest(), file.tell())


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
        self._open_from = 0

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
            with _translated("writing", path):
                tmp = _tmp_name(path)
                fd = os.open(tmp, _CREATE, mode)
                self._pending.append(_Pending(path, tmp, fd))
                digest = _write_all(fd, data)
            self._sync_oldest()
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
                item.linked = _link_once(item.tmp, item.path)
            for item in self._pending:
                _unlink_quietly(item.tmp)
            for folder in self._folders:
                sync_folder(folder)
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
        for parent in _make_missing(folder):
            self._folders[parent] = None
        level = folder
        while self._root and level.is_relative_to(self._root) and level != self._root:
            if level not in self._known:
                self._folders[level.parent] = None
            self._met.add(level)
            level = level.parent
        self._met.add(folder)

    def _sync_oldest(self) -> None:
        while len(self._pending) - self._open_from > OPEN_FILES:
            item = self._pending[self._open_from]
            self._open_from += 1
            _sync_pending(item)

    def _sync_files(self) -> None:
        waiting = self._pending[self._open_from :]
        self._open_from = len(self._pending)
        if len(waiting) < 2:
            for item in waiting:
                _sync_pending(item)
            return
        # Imported here: a search reads keys through this module and never commits a batch.
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(SYNC_THREADS, len(waiting))) as pool:
            for _ in pool.map(_sync_pending, waiting):
                pass

    def _fail(self, error: BaseException | None) -> None:
        self._over = "abandoned" if error is None else f"it failed ({type(error).__name__})"
        for item in self._pending:
            _close_quietly(item)
            _unlink_quietly(item.tmp)
            if item.linked:
                _unlink_quietly(item.path)
        self._pending.clear()


def _sync_pending(item: _Pending) -> None:
    if item.fd is None:
        return
    with _translated("syncing", item.path):
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


def _written(path: Path, data: Data, mode: int) -> Path:
    """A durable temporary file beside `path`, removed again if anything fails."""
    tmp = _tmp_name(path)
    try:
        with _translated("writing", path):
            fd = os.open(tmp, _CREATE, mode)
            try:
                _write_all(fd, data)
                os.fsync(fd)
            finally:
                os.close(fd)
    except BaseException:
        _unlink_quietly(tmp)
        raise
    return tmp


def _write_all(fd: int, data: Data) -> Digest:
    hasher, size = hashlib.sha256(), 0
    whole = isinstance(data, bytes | bytearray | memoryview)
    for chunk in (data,) if whole else data:
        view = memoryview(chunk)  # type: ignore[arg-type]
        hasher.update(view)
        size += view.nbytes
        while view:
            view = view[os.write(fd, view) :]
    return Digest(hasher.hexdigest(), size)


def _link_once(tmp: Path, path: Path) -> bool:
    """Name a durable file; False when the name already holds the same bytes.

    The same bytes may be there without being durable (their writer crashed before its own
    fsync), so they are synced here before anybody relies on them.
    """
    with _translated("naming", path):
        try:
            os.link(tmp, path)
        except FileExistsError:
            if not _same_bytes(tmp, path):
                raise Occupied(f"{path.name} is taken by other bytes") from None
            _sync_file(path)
            return False
    return True


def _same_bytes(one: Path, other: Path) -> bool:
    if not stat.S_ISREG(other.lstat().st_mode) or one.stat().st_size != other.stat().st_size:
        return False
    return digest_of(one) == digest_of(other)


def _sync_file(path: Path) -> None:
    if not stat.S_ISREG(path.lstat().st_mode):
        return
    fd = os.open(path, _READ)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _copy_across(src: Path, dst: Path) -> None:
    known = src.lstat()
    expected = digest_of(src)
    tmp = _written(dst, read_chunks(src), stat.S_IMODE(known.st_mode))
    try:
        os.utime(tmp, ns=(known.st_atime_ns, known.st_mtime_ns))
        _forget_cached(tmp)
        if digest_of(tmp) != expected:
            raise DiskFailed(f"copying {src.name}: the copy reads back differently", errno.EIO)
        _link_once(tmp, dst)
    finally:
        _unlink_quietly(tmp)
    sync_folder(dst.parent)


def _forget_cached(path: Path) -> None:
    """Ask that reading back comes from the disk, not from memory; a request, no promise."""
    if not hasattr(os, "posix_fadvise"):
        return
    fd = os.open(path, _READ)
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


def _make_missing(path: Path, mode: int = 0o777) -> list[Path]:
    """Make what is missing, outermost first; returns the folders that gained a name."""
    missing = []
    level = path
    while not level.is_dir() and level != level.parent:
        missing.append(level)
        level = level.parent
    for folder in reversed(missing):
        # Another process may make the same customer's folder at the same moment, and crash
        # before its own fsync: the parent is synced here all the same.
        with _translated("making the folder", folder):
            try:
                folder.mkdir(mode)
            except FileExistsError:
                if not folder.is_dir():
                    raise
    return [folder.parent for folder in missing]


def _tmp_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")


def _unlink_quietly(path: Path) -> None:
    # What stays behind is a dot file with our suffix, swept at the next start.
    with contextlib.suppress(OSError):
        os.unlink(path)


@contextlib.contextmanager
def _translated(doing: str, path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Missing(f"{doing} {path.name}: not there") from error
    except OSError as error:
        raise DiskFailed.of(f"{doing} {path.name}", error) from error
