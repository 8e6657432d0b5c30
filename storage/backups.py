"""A backup's folder: many snapshots of one archive, each file once.

Owns what lies below the destination, which may be a USB stick without hard links or a share:

    backup.json                              which archive this is a backup of
    store/C000001/D000001/R00000001.pdf.age~3f0c6a51e2b94d77
    snapshots/20261129T010000Z-4711.json     what belongs to one snapshot; written last
    snapshots/….begun                        a snapshot that was not finished
    lists/records-00000001~9be1…             lines of `sha256sum -c`, shared by snapshots

A file lies under its own path with the first 16 digits of its SHA-256 behind the name, so that `ls`
shows what is there, other bytes never take a name, and what did not change is not copied again.

Rules it keeps:
- A file has its name only when its bytes are on the disk; a snapshot only when all its files and
  lists have. What is cut short costs nothing but being done again: a list counts for nothing until
  a snapshot names it, and is given its name behind its files.
- Nothing that a finished snapshot names is ever written to.
- Many files are flushed together: a flush for each would make a stick the slowest part.

    medium = Medium.begun(dest, archive_id, vkey)
    name = medium.add("archive.toml", [data])
    medium.add_list("rest", [name])
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from storage import durable
from storage.copying import Done, Job
from storage.errors import Busy, Damaged, DiskFailed, Missing, Occupied

FILE_NAME = "backup.json"
SNAPSHOTS, LISTS = "snapshots", "lists"
DIGITS = 16
MAX_MANIFEST_BYTES = 64_000_000
MAX_LIST_BYTES = 512_000_000
# So much waits for one flush: bounds what a crash copies again, and what lies there without a name.
TOGETHER_FILES = 4096
TOGETHER_BYTES = 256_000_000

_SNAPSHOT = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9]+")
_LINE = re.compile(r"((?P<digits>[0-9a-f]{16})[0-9a-f]{48})  ([^\n\\]+)~(?P=digits)")


@dataclass(frozen=True, slots=True)
class Stored:
    """One file of a snapshot: its path in the archive and the digest of its bytes."""

    path: str
    sha256: str

    @property
    def name(self) -> str:
        """Where it lies below the backup's folder."""
        return f"{self.path}~{self.sha256[:DIGITS]}"

    @property
    def line(self) -> str:
        """Its line in a list, as `sha256sum -c` takes it."""
        return f"{self.sha256}  {self.name}\n"


class Medium:
    """The folder of a backup, open for reading, and for adding to while it is locked."""

    def __init__(self, root: Path, archive_id: str, vkey: str) -> None:
        self.root = root
        self.archive_id = archive_id
        self.vkey = vkey
        self.copied = 0
        self.copied_bytes = 0
        self._device = _device(root)
        self._folders: set[str] = set()
        self._unsynced: list[Path] = []
        self._waiting: list[tuple[Path, Path]] = []
        self._waiting_sizes: dict[str, int] = {}
        self._waiting_bytes = 0

    @classmethod
    def open(cls, root: Path) -> Medium:
        """A backup that is there. Raises Missing when there is none, Damaged, DiskFailed."""
        raw = durable.read_bytes(root / FILE_NAME, MAX_MANIFEST_BYTES)
        try:
            fields = json.loads(raw)
            return cls(root, str(fields["archive"]), str(fields["vkey"]))
        except (ValueError, LookupError, TypeError):
            raise Damaged(f"{FILE_NAME} of the backup cannot be read") from None

    @classmethod
    def begun(cls, root: Path, archive_id: str, vkey: str) -> Medium:
        """The backup in this folder, begun where the folder is empty or missing.

        Raises Occupied when it holds something else or another archive's backup, DiskFailed.
        """
        if (root / FILE_NAME).exists():
            medium = cls.open(root)
            if (medium.archive_id, medium.vkey) != (archive_id, vkey):
                raise Occupied(f"{root} holds the backup of another archive")
            return medium
        # What a medium brings along by itself, and what a crash leaves of the file below.
        if root.is_dir() and any(not p.name.startswith(".") for p in _children(root)):
            raise Occupied(f"{root} is not empty and holds no backup")
        durable.make_folders(root)
        fields = {"v": 1, "archive": archive_id, "vkey": vkey}
        durable.replace(root / FILE_NAME, json.dumps(fields, indent=1).encode() + b"\n", 0o644)
        return cls(root, archive_id, vkey)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one who adds to it. Raises Busy; a share that knows no locks lets all in."""
        fd = os.open(self.root / FILE_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy("another backup is being made there") from None
            except OSError:
                pass
            yield
        finally:
            for _, beside in self._waiting:
                with suppress(OSError):
                    beside.unlink()
            self._waiting.clear()
            self._waiting_sizes.clear()
            os.close(fd)

    # ── files ─────────────────────────────────────────────────────────────────

    def size(self, stored: Stored) -> int | None:
        """The length of a file, None when none of this name is there; what it holds, only `read`
        tells. Raises DiskFailed."""
        try:
            # As text: a path object for each of a million files takes longer than the look.
            return os.stat(f"{self.root}/{stored.name}").st_size  # noqa: PTH116
        except FileNotFoundError:
            return self._waiting_sizes.get(stored.name)
        except OSError as error:
            raise DiskFailed.of(f"looking for {stored.name}", error) from error

    def has(self, stored: Stored) -> bool:
        """Whether a file of this name is there, or will be with the next `flush`."""
        return self.size(stored) is not None

    def add(self, path: str, data: Iterable[bytes]) -> Stored:
        """Write one file, to be durable with the next `flush`.

        Raises DiskFailed, and what reading raises.
        """
        hasher, size = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for piece in data:
                hasher.update(piece)
                size += len(piece)
                yield piece

        self._make_folder(path)
        beside = durable.set_beside(self.root / path, counted())
        stored = Stored(path, hasher.hexdigest())
        self._wait(stored, beside, size)
        return stored

    def job(self, stored: Stored, source: str) -> Job:
        """The copying of one file for `storage.copying`, whose outcome is for `took`.

        Raises DiskFailed.
        """
        self._make_folder(stored.path)
        return Job(source, stored.sha256, durable.name_beside(f"{self.root}/{stored.path}"))

    def took(self, stored: Stored, job: Job, done: Done) -> None:
        """A file was copied: it is durable with the next `flush`. Raises Missing, Damaged where it
        was not, DiskFailed."""
        done.check(stored.path)
        self._wait(stored, Path(job.beside), done.size_bytes)

    def _make_folder(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            self._same_medium()
            self._unsynced += durable.make_folders(self.root / folder, sync=False)
            self._folders.add(folder)

    def _wait(self, stored: Stored, beside: Path, size: int) -> None:
        self._waiting.append((self.root / stored.name, beside))
        self._waiting_sizes[stored.name] = size
        self.copied += 1
        self.copied_bytes += size
        self._waiting_bytes += size
        if len(self._waiting) >= TOGETHER_FILES or self._waiting_bytes >= TOGETHER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Give everything added its name, durably. Raises DiskFailed."""
        self._same_medium()
        durable.put_in_place(self._waiting)
        durable.sync_folders(self._unsynced)
        self._unsynced.clear()
        self._waiting.clear()
        self._waiting_sizes.clear()
        self._waiting_bytes = 0

    def read(self, stored: Stored) -> Iterator[bytes]:
        """The bytes of a file; at their end Damaged is raised when they are not those.

        Raises Missing, DiskFailed.
        """
        hasher = hashlib.sha256()
        for piece in durable.read_chunks(self.root / stored.name):
            hasher.update(piece)
            yield piece
        if hasher.hexdigest() != stored.sha256:
            raise Damaged(f"{stored.name} does not hold the bytes that were written")

    def remove_destroyed(self, names: Iterable[str]) -> int:
        """Delete every file of destroyed records and cards, whichever snapshot it belongs to;
        returns how many there were. `names` are those of the vault. Raises DiskFailed."""
        by_folder: dict[str, set[str]] = {}
        for name in names:
            folder, _, own = name.rpartition("/")
            by_folder.setdefault(folder, set()).add(own)
        removed = 0
        for folder, gone in by_folder.items():
            for top in ("store", "keys/records"):
                place = self.root / top / folder
                for path in _children(place) if place.is_dir() else ():
                    own = path.name.partition(".")[0]
                    if own in gone or own.partition("-")[0] in gone:
                        removed += durable.remove(path)
        return removed

    # ── lists ─────────────────────────────────────────────────────────────────

    def add_list(self, title: str, files: Sequence[Stored]) -> Stored:
        """Write a list, all of whose files were added; one that is there stays."""
        text = text_of(files)
        made = Stored(f"{LISTS}/{title}", hashlib.sha256(text).hexdigest())
        return made if self.has(made) else self.add(made.path, [text])

    def listed(self, name: Stored) -> list[Stored]:
        """The files of a list. Raises Missing, Damaged, DiskFailed."""
        text = b"".join(self.read(name))
        if len(text) > MAX_LIST_BYTES:
            raise Damaged(f"{name.name} is too long")
        return [parse_line(line) for line in text.decode("utf-8", "replace").splitlines()]

    # ── snapshots ─────────────────────────────────────────────────────────────

    def begin(self, snapshot: str) -> None:
        """Leave a mark that a snapshot is being made, and clear away what crashes left."""
        durable.make_folders(self.root / SNAPSHOTS)
        if self.unfinished():
            durable.sweep(self.root)
        durable.replace(self._begun(snapshot), b"not finished\n", 0o644)

    def finish(self, snapshot: str, manifest: bytes) -> None:
        """The commit point of a snapshot: its manifest, behind everything that it names."""
        self.flush()
        durable.replace(self.root / SNAPSHOTS / f"{snapshot}.json", manifest, 0o444)
        for left in self.unfinished():
            durable.remove(self._begun(left))

    def snapshots(self) -> list[str]:
        """The finished snapshots, oldest first."""
        return self._ending(".json")

    def unfinished(self) -> list[str]:
        """Those that were begun and not finished."""
        return self._ending(".begun")

    def manifest(self, snapshot: str) -> bytes:
        """The bytes of a snapshot's manifest, unverified. Raises Missing, Damaged, DiskFailed."""
        return durable.read_bytes(self.root / SNAPSHOTS / f"{snapshot}.json", MAX_MANIFEST_BYTES)

    def _ending(self, ending: str) -> list[str]:
        folder = self.root / SNAPSHOTS
        names = [p.name for p in _children(folder)] if folder.is_dir() else []
        found = [name.removesuffix(ending) for name in names if name.endswith(ending)]
        return sorted(filter(_SNAPSHOT.fullmatch, found), key=_age)

    def _begun(self, snapshot: str) -> Path:
        return self.root / SNAPSHOTS / f"{snapshot}.begun"

    def _same_medium(self) -> None:
        # A share that vanished leaves its mount point: writing would go on, to another disk.
        if _device(self.root) != self._device or not (self.root / FILE_NAME).exists():
            raise DiskFailed("the backup's medium is gone")


def text_of(files: Iterable[Stored]) -> bytes:
    """The bytes of a list of these files."""
    return "".join(one.line for one in sorted(files, key=lambda one: one.name)).encode()


def parse_line(line: str) -> Stored:
    """One line of a list. Raises Damaged."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise Damaged("a list of the backup cannot be read")
    sha256, _, path = found.groups()
    if path.startswith("/") or ".." in path.split("/"):
        raise Damaged("a list of the backup names a path outside of it")
    return Stored(path, sha256)


def _age(snapshot: str) -> tuple[int, str]:
    # The size of the ledger decides: a clock may have been set back between two backups.
    time, _, size = snapshot.partition("-")
    return int(size), time


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        raise Missing(f"reading {folder.name}: not there") from None
    except OSError as error:
        raise DiskFailed.of(f"reading {folder.name}", error) from error


def _device(root: Path) -> int:
    try:
        return root.stat().st_dev
    except OSError as error:
        raise DiskFailed.of("looking for the backup's medium", error) from error
