"""Power cuts at every system call: what was promised is there, what is there is whole.

The disk is modelled as pessimistically as POSIX allows. Bytes are certain once their file
was fsynced, names once their folder was; until then any part of the bytes and any
selection of a folder's changes may survive. The workload runs once on a real folder while
its system calls are recorded; then, for every prefix of them, possible disks are rebuilt.
"""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from storage import age, durable
from storage.vault import Put, Vault

Tree = dict[str, bytes]
KEY = age.X25519Identity(bytes(range(32)))


def halves(path: str) -> tuple[str, str]:
    """A path's folder and its last name."""
    pure = PurePosixPath(path)
    return str(pure.parent), pure.name


@dataclass
class Recorder:
    """System calls below `root` in their order, and the acknowledgements between them."""

    root: Path
    deaf_to: str = ""
    events: list[tuple] = field(default_factory=list)
    files: dict[int, int] = field(default_factory=dict)
    folders: dict[int, str] = field(default_factory=dict)
    inodes: dict[str, int] = field(default_factory=dict)

    def ack(self, path: str, data: bytes | None) -> None:
        self.events.append(("ack", path, data))

    def relative(self, path) -> str | None:
        text = os.fspath(path)
        return os.path.relpath(text, self.root) if text.startswith(str(self.root)) else None

    def enter(self, path: str, inode: int) -> None:
        self.inodes[path] = inode
        self.events.append(("entry", *halves(path), inode))

    def leave(self, path: str) -> None:
        del self.inodes[path]
        self.events.append(("entry", *halves(path), None))


def install(disk: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = {
        n: getattr(os, n)
        for n in ["open", "close", "write", "fsync", "link", "rename", "unlink", "mkdir"]
    }

    def open_(path, flags, mode=0o777, **more):
        fd = real["open"](path, flags, mode, **more)
        name = disk.relative(path)
        if name is not None:
            if flags & os.O_CREAT:
                disk.enter(name, len(disk.events) + 1)
            if stat.S_ISDIR(os.fstat(fd).st_mode):
                disk.folders[fd] = name
            else:
                disk.files[fd] = disk.inodes[name]
        return fd

    def close(fd):
        disk.files.pop(fd, None)
        disk.folders.pop(fd, None)
        real["close"](fd)

    def write(fd, data):
        count = real["write"](fd, data)
        if fd in disk.files:
            disk.events.append(("bytes", disk.files[fd], bytes(data[:count])))
        return count

    def fsync(fd):
        if fd in disk.files and disk.deaf_to != "files":
            disk.events.append(("file is safe", disk.files[fd]))
        if fd in disk.folders and not (disk.deaf_to and disk.folders[fd].endswith(disk.deaf_to)):
            disk.events.append(("folder is safe", disk.folders[fd]))

    def link(src, dst, **more):
        real["link"](src, dst, **more)
        disk.enter(disk.relative(dst), disk.inodes[disk.relative(src)])

    def rename(src, dst, **more):
        real["rename"](src, dst, **more)
        old, new = disk.relative(src), disk.relative(dst)
        inode = disk.inodes.pop(old)
        disk.inodes[new] = inode
        (folder, before), (same, after) = halves(old), halves(new)
        assert folder == same
        disk.events.append(("renamed", folder, before, after, inode))

    def unlink(path, **more):
        real["unlink"](path, **more)
        disk.leave(disk.relative(path))

    def mkdir(path, mode=0o777, **more):
        real["mkdir"](path, mode, **more)
        disk.enter(disk.relative(path), -len(disk.events) - 1)

    for name, call in {
        "open": open_, "close": close, "write": write, "fsync": fsync,
        "link": link, "rename": rename, "unlink": unlink, "mkdir": mkdir,
    }.items():  # fmt: skip
        monkeypatch.setattr(os, name, call)


def after_power_cut(events: list[tuple], survives: Callable[[], bool]) -> Tree:
    """One disk that may be found after a power cut behind `events`."""
    changes: dict[str, list[tuple[bool, tuple]]] = {}
    content: dict[int, bytes] = {}
    certain: dict[int, bytes] = {}
    for event in events:
        match event:
            case ("bytes", inode, data):
                content[inode] = content.get(inode, b"") + data
            case ("file is safe", inode):
                certain[inode] = content.get(inode, b"")
            case ("entry" | "renamed", folder, *_):
                changes.setdefault(folder, []).append((False, event))
            case ("folder is safe", folder):
                changes[folder] = [(True, event) for _, event in changes.get(folder, [])]
    entries = {folder: kept_entries(found, survives) for folder, found in changes.items()}

    def walk(folder: str) -> Iterator[tuple[str, bytes]]:
        for name, inode in entries.get(folder, {}).items():
            path = name if folder == "." else f"{folder}/{name}"
            if inode < 0:
                yield from walk(path)
            else:
                whole, safe = content.get(inode, b""), certain.get(inode, b"")
                torn = whole[: len(safe) + (len(whole) - len(safe)) // 2]
                yield path, whole if survives() else torn if survives() else safe

    return dict(walk("."))


def kept_entries(found: list[tuple[bool, tuple]], survives: Callable[[], bool]) -> dict[str, int]:
    names: dict[str, int] = {}
    for certain, event in found:
        if not certain and not survives():
            continue
        match event:
            case ("entry", _, name, None):
                names.pop(name, None)
            case ("entry", _, name, inode):
                names[name] = inode
            case ("renamed", _, old, new, inode):
                names.pop(old, None)
                names[new] = inode
    return names


def faults(disk: Recorder, rounds: int = 20) -> list[str]:
    """Every promise that some power cut breaks."""
    rng = random.Random(1)
    written = {e[1]: set() for e in disk.events if e[0] == "ack"}
    for _, path, data in (e for e in disk.events if e[0] == "ack"):
        written[path].add(data)
    broken = []
    for cut in range(len(disk.events) + 1):
        events = disk.events[:cut]
        promised = {e[1]: e[2] for e in events if e[0] == "ack"}
        coins = [lambda: False, lambda: True] + [lambda: rng.random() < 0.5] * rounds
        for survives in coins:
            tree = after_power_cut(events, survives)
            for path, states in written.items():
                found = tree.get(path)
                if found is not None and found not in states:
                    broken.append(f"{path} is not whole after call {cut}")
                if path in promised and found is None:
                    broken.append(f"{path} is lost after call {cut}")
    return broken


def single_files(root: Path, disk: Recorder) -> None:
    durable.make_folders(root / "a" / "b")
    durable.write_new(root / "a" / "b" / "new", [b"one", b"two"])
    disk.ack("a/b/new", b"onetwo")
    for data in (b"first", b"second"):
        durable.replace(root / "a" / "state", data)
        disk.ack("a/state", data)


def batches(root: Path, disk: Recorder) -> None:
    known: set[str] = set()
    for n in range(2):
        with durable.Batch(root, known) as batch:
            for folder in ("x/1", "x/2", "y"):
                batch.add(root / folder / str(n), folder.encode() * 10)
            batch.commit()
        for folder in ("x/1", "x/2", "y"):
            disk.ack(f"{folder}/{n}", folder.encode() * 10)


def folders_left_by_a_crash(root: Path, disk: Recorder) -> None:
    (root / "x").mkdir()
    (root / "x" / "1").mkdir()  # made by a process that died before it synced anything
    with durable.Batch(root, set()) as batch:
        batch.add(root / "x" / "1" / "n", b"bytes")
        batch.commit()
    disk.ack("x/1/n", b"bytes")


def records(root: Path, disk: Recorder) -> None:
    vault = Vault(root)
    for n in range(2):
        put = Put(f"C1/R{n}", {}, KEY.recipient, {"pdf": b"scan" * 100, "card": b"card"})
        vault.put(put)
        for path in vault.files_of(put.name):
            disk.ack(path, (root / path).read_bytes())


WORKLOADS = [single_files, batches, folders_left_by_a_crash, records]


def record(workload, root: Path, monkeypatch, deaf_to: str = "") -> Recorder:
    disk = Recorder(root, deaf_to)
    with monkeypatch.context() as patch:
        install(disk, patch)
        workload(root, disk)
    return disk


@pytest.mark.parametrize("workload", WORKLOADS)
def test_promises_hold_after_a_power_cut_at_any_call(workload, tmp_path, monkeypatch) -> None:
    """No power cut loses what was acknowledged or shows a name with other bytes."""
    disk = record(workload, tmp_path, monkeypatch)
    assert any(event[0] == "ack" for event in disk.events)
    assert faults(disk) == []


@pytest.mark.parametrize(
    ("workload", "deaf_to"),
    [
        (single_files, "files"),
        (single_files, "b"),
        (single_files, "a"),
        (single_files, "."),
        (batches, "files"),
        (batches, "x/1"),
        (batches, "x"),
        (batches, "."),
        (folders_left_by_a_crash, "."),
        (records, "files"),
        (records, "C1"),
        (records, "keys"),
    ],
)
def test_each_fsync_is_needed(workload, deaf_to: str, tmp_path, monkeypatch) -> None:
    """Leave out the fsync of files, or of one folder, and some power cut breaks a promise."""
    assert faults(record(workload, tmp_path, monkeypatch, deaf_to))
