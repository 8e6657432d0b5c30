"""What may lie on the disk after a power cut, worked out from what a program asked for.

`record` runs a workload with the file calls of `os` watched. From the list of calls
`Recording.states` rebuilds folders as a crash at each moment may leave them:

  * bytes written since the file's last fsync may be there, missing, torn at sectors of 512
    bytes, or replaced by zeros (the size got through, the data did not); any of the writes
    may be there without the ones before it;
  * names given, changed or taken away since their folder's last fsync may be in force or
    not, each for itself; an fsync of a file does not save its name; a rename is one step;
  * what was synced is there.

This is stricter than any one file system, so that code that passes relies on none.

    recording = record(workload, tmp_path / "run")
    for state in recording.states(random.Random(1), per_point=4):
        state.build(tmp_path / "state")
        ...                           # state.acknowledged is what had been promised by then

A workload is `workload(root, acknowledge)`; it calls `acknowledge(value)` when something
has been promised to a caller. With `kill_at` the process dies at that call (nothing it does
afterwards happens, the page cache stays) and `then` goes on, as after `kill -9`.

Watched are the calls in `_CALLS`; a write that goes around them is noticed at the end.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECTOR_BYTES = 512
_CALLS = (
    *("open", "close", "write", "pwrite", "ftruncate", "truncate", "posix_fallocate"),
    *("fsync", "fdatasync", "link", "unlink", "remove", "rename", "replace", "mkdir", "rmdir"),
)

Workload = Callable[[Path, Callable[[object], None]], None]


class Killed(BaseException):
    """The process is dead; no `except Exception` may catch it."""


@dataclass(frozen=True)
class Write:
    """Bytes put into a file at an offset, or (without bytes) its size set to the offset."""

    inode: int
    offset: int
    data: bytes | None


@dataclass(frozen=True)
class Names:
    """One atomic change of names: what is taken away, then what is given."""

    gone: tuple[tuple[int, str], ...]
    given: tuple[tuple[int, str, int], ...]

    def folders(self) -> set[int]:
        return {folder for folder, *_ in (*self.gone, *self.given)}


@dataclass(frozen=True)
class Sync:
    inode: int


@dataclass(frozen=True)
class Promise:
    value: object


Op = Write | Names | Sync | Promise


@dataclass
class State:
    """A folder as one crash may leave it, and what had been acknowledged before."""

    point: int
    kind: str
    acknowledged: tuple[object, ...]
    files: dict[str, bytes]
    folders: tuple[str, ...]

    def build(self, root: Path) -> None:
        """Make the folder anew."""
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        for folder in self.folders:
            (root / folder).mkdir(parents=True, exist_ok=True)
        for where, raw in self.files.items():
            (root / where).write_bytes(raw)


@dataclass
class Recording:
    """Everything that was asked of the disk, in order."""

    ops: list[Op] = field(default_factory=list)
    folders: set[int] = field(default_factory=lambda: {0})

    def states(self, rng: random.Random, per_point: int = 4, step: int = 1) -> Iterator[State]:
        """Crash states at every `step`-th moment: four fixed ones and `per_point` random."""
        seen = set()
        for point in range(0, len(self.ops) + 1, step):
            for kind in ("nothing", "all", "names only", "bytes only", "zeros"):
                state = self._state(point, kind, rng)
                if (key := _key(state)) not in seen:
                    seen.add(key)
                    yield state
            for _ in range(per_point):
                state = self._state(point, "random", rng)
                if (key := _key(state)) not in seen:
                    seen.add(key)
                    yield state

    def _state(self, point: int, kind: str, rng: random.Random) -> State:
        ops = self.ops[:point]
        synced_at: dict[int, int] = {}
        for at, op in enumerate(ops):
            if isinstance(op, Sync):
                synced_at[op.inode] = at
        names: dict[int, dict[str, int]] = {inode: {} for inode in self.folders}
        data: dict[int, bytearray] = {}
        for at, op in enumerate(ops):
            if isinstance(op, Names):
                durable = all(synced_at.get(folder, -1) > at for folder in op.folders())
                if durable or _survives(kind, "names", rng):
                    _apply_names(op, names)
            elif isinstance(op, Write):
                durable = synced_at.get(op.inode, -1) > at
                _apply_write(op, data.setdefault(op.inode, bytearray()), durable, kind, rng)
        promised = tuple(op.value for op in ops if isinstance(op, Promise))
        files, folders = _walk(names, data)
        return State(point, kind, promised, files, folders)


def _key(state: State) -> int:
    return hash((frozenset(state.files.items()), state.folders, len(state.acknowledged)))


def _survives(kind: str, what: str, rng: random.Random) -> bool:
    if kind == "random":
        return rng.random() < 0.5
    return kind == "all" or (kind == "zeros" and what == "names") or kind == f"{what} only"


def _apply_names(op: Names, names: dict[int, dict[str, int]]) -> None:
    for folder, name in op.gone:
        names[folder].pop(name, None)
    for folder, name, inode in op.given:
        names[folder][name] = inode


def _apply_write(
    op: Write, content: bytearray, durable: bool, kind: str, rng: random.Random
) -> None:
    if op.data is None:
        if durable or _survives(kind, "bytes", rng):
            _resize(content, op.offset)
        return
    end = op.offset + len(op.data)
    if durable or _survives(kind, "bytes", rng):
        _resize(content, max(len(content), end))
        content[op.offset : end] = op.data
    elif kind == "zeros" or (kind == "random" and rng.random() < 0.6):
        _resize(content, max(len(content), end))
        torn = kind == "random" and rng.random() < 0.7
        for start in range(op.offset - op.offset % SECTOR_BYTES, end, SECTOR_BYTES):
            low, high = max(start, op.offset), min(start + SECTOR_BYTES, end)
            if torn and rng.random() < 0.5:
                content[low:high] = op.data[low - op.offset : high - op.offset]


def _resize(content: bytearray, size: int) -> None:
    if size < len(content):
        del content[size:]
    content.extend(bytes(size - len(content)))


def _walk(
    names: dict[int, dict[str, int]], data: dict[int, bytearray]
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    files: dict[str, bytes] = {}
    folders: list[str] = []
    todo = [("", 0)]
    while todo:
        prefix, inode = todo.pop()
        for name, child in names[inode].items():
            if child in names:
                folders.append(f"{prefix}{name}")
                todo.append((f"{prefix}{name}/", child))
            else:
                files[f"{prefix}{name}"] = bytes(data.get(child, b""))
    return files, tuple(sorted(folders))


def record(
    workload: Workload,
    root: Path,
    *,
    ignore: frozenset[str] = frozenset(),
    kill_at: int | None = None,
    then: Workload | None = None,
) -> Recording:
    """Run a workload in a new, empty, durable folder and note what it asks of the disk.

    `ignore` names kinds of flush that are taken as never done, to see whether the states
    tell: "fdatasync", "fsync file", "fsync folder".
    """
    root.mkdir(parents=True)
    watch = _Watch(root, ignore, kill_at)
    with watch.installed():
        try:
            workload(root, watch.promise)
        except Killed:
            assert kill_at is not None
        watch.revive()
        if then is not None:
            then(root, watch.promise)
    watch.check_nothing_escaped()
    return watch.recording


class _Watch:
    def __init__(self, root: Path, ignore: frozenset[str], kill_at: int | None) -> None:
        self._root = Path(os.path.realpath(root))
        self._ignore = ignore
        self._kill_at = kill_at
        self._dead = False
        self.recording = Recording()
        self._names: dict[int, dict[str, int]] = {0: {}}
        self._fds: dict[int, int] = {}
        self._inodes = itertools.count(1)
        self._mutex = threading.RLock()
        self._real = {name: getattr(os, name) for name in _CALLS}

    @contextmanager
    def installed(self) -> Iterator[None]:
        for name in _CALLS:
            setattr(os, name, getattr(self, f"_{name}"))
        try:
            yield
        finally:
            for name in _CALLS:
                setattr(os, name, self._real[name])

    def promise(self, value: object) -> None:
        if not self._dead:
            self.recording.ops.append(Promise(value))

    def revive(self) -> None:
        self._dead, self._kill_at = False, None

    def check_nothing_escaped(self) -> None:
        everything = Recording(self.recording.ops, self.recording.folders)
        state = everything._state(len(everything.ops), "all", random.Random(0))
        found = {
            path.relative_to(self._root).as_posix(): path.read_bytes()
            for path in self._root.rglob("*")
            if path.is_file()
        }
        assert found == state.files, "something was written that the watch did not see"

    # --- noting ----------------------------------------------------------------------

    def _note(self, op: Op) -> None:
        self.recording.ops.append(op)

    def _alive(self) -> None:
        if self._dead:
            raise Killed
        if self._kill_at is not None and len(self.recording.ops) >= self._kill_at:
            self._dead = True
            raise Killed

    def _place(self, path: Any) -> tuple[int, str] | None:
        """Folder and name of a path below the root, else None."""
        full = Path(os.path.realpath(Path(path).parent)) / Path(path).name
        if full == self._root:
            return (-1, "")
        if not full.is_relative_to(self._root):
            return None
        *parents, name = full.relative_to(self._root).parts
        folder = 0
        for part in parents:
            folder = self._names[folder][part]
        return (folder, name)

    def _inode(self, place: tuple[int, str]) -> int:
        return 0 if place[0] < 0 else self._names[place[0]][place[1]]

    def _rename_names(self, *ops: Names) -> None:
        for op in ops:
            _apply_names(op, self._names)
            self._note(op)

    # --- the calls -------------------------------------------------------------------

    def _open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: Any = None) -> int:
        with self._mutex:
            assert dir_fd is None, "the watch follows paths, not folder descriptors"
            place = self._place(path)
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if place is None:
                return int(self._real["open"](path, flags, mode))
            if writes:
                self._alive()
            new = place[0] >= 0 and place[1] not in self._names[place[0]]
            fd = int(self._real["open"](path, flags, mode))
            if new:
                inode = next(self._inodes)
                self._rename_names(Names((), ((*place, inode),)))
            elif flags & os.O_TRUNC:
                self._note(Write(self._inode(place), 0, None))
            self._fds[fd] = self._inode(place)
            return fd

    def _close(self, fd: int) -> None:
        with self._mutex:
            self._fds.pop(fd, None)
            self._real["close"](fd)

    def _write(self, fd: int, data: Any) -> int:
        with self._mutex:
            if fd not in self._fds:
                return int(self._real["write"](fd, data))
            self._alive()
            offset = os.lseek(fd, 0, os.SEEK_CUR)
            count = int(self._real["write"](fd, data))
            # An append moves the position to the end first, so ask again.
            offset = max(offset, os.lseek(fd, 0, os.SEEK_CUR) - count)
            self._note(Write(self._fds[fd], offset, bytes(memoryview(data).cast("B")[:count])))
            return count

    def _pwrite(self, fd: int, data: Any, offset: int) -> int:
        with self._mutex:
            if fd not in self._fds:
                return int(self._real["pwrite"](fd, data, offset))
            self._alive()
            count = int(self._real["pwrite"](fd, data, offset))
            self._note(Write(self._fds[fd], offset, bytes(data[:count])))
            return count

    def _ftruncate(self, fd: int, size: int) -> None:
        with self._mutex:
            self._alive()
            self._real["ftruncate"](fd, size)
            if fd in self._fds:
                self._note(Write(self._fds[fd], size, None))

    def _truncate(self, path: Any, size: int) -> None:
        with self._mutex:
            self._alive()
            self._real["truncate"](path, size)
            place = self._place(path)
            if place is not None:
                self._note(Write(self._inode(place), size, None))

    def _posix_fallocate(self, fd: int, offset: int, size: int) -> None:
        with self._mutex:
            self._alive()
            before = os.fstat(fd).st_size
            self._real["posix_fallocate"](fd, offset, size)
            if fd in self._fds and offset + size > before:
                self._note(Write(self._fds[fd], offset + size, None))

    def _fsync(self, fd: int) -> None:
        with self._mutex:
            self._alive()
            self._real["fsync"](fd)
            kind = "fsync folder" if self._fds.get(fd) in self._names else "fsync file"
            self._note_sync(fd, kind)

    def _fdatasync(self, fd: int) -> None:
        with self._mutex:
            self._alive()
            self._real["fdatasync"](fd)
            self._note_sync(fd, "fdatasync")

    def _note_sync(self, fd: int, kind: str) -> None:
        if fd in self._fds and kind not in self._ignore:
            self._note(Sync(self._fds[fd]))

    def _link(self, src: Any, dst: Any, **_: Any) -> None:
        with self._mutex:
            self._alive()
            self._real["link"](src, dst)
            source, target = self._place(src), self._place(dst)
            if source is not None and target is not None:
                self._rename_names(Names((), ((*target, self._inode(source)),)))

    def _unlink(self, path: Any, *, dir_fd: Any = None) -> None:
        with self._mutex:
            place = self._place(path)
            if place is not None:
                self._alive()
            self._real["unlink"](path)
            if place is not None:
                self._rename_names(Names((place,), ()))

    _remove = _unlink

    def _rename(self, src: Any, dst: Any, **_: Any) -> None:
        with self._mutex:
            self._alive()
            source, target = self._place(src), self._place(dst)
            self._real["rename"](src, dst)
            if source is not None and target is not None:
                given = (*target, self._inode(source))
                self._rename_names(Names((source, target), (given,)))

    _replace = _rename

    def _mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: Any = None) -> None:
        with self._mutex:
            place = self._place(path)
            if place is not None:
                self._alive()
            self._real["mkdir"](path, mode)
            if place is not None:
                inode = next(self._inodes)
                self._names[inode] = {}
                self.recording.folders.add(inode)
                self._rename_names(Names((), ((*place, inode),)))

    def _rmdir(self, path: Any, *, dir_fd: Any = None) -> None:
        with self._mutex:
            place = self._place(path)
            if place is not None:
                self._alive()
            self._real["rmdir"](path)
            if place is not None:
                self._rename_names(Names((place,), ()))
