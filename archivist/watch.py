"""The drop folder: which files have stopped changing. It yields paths and acts on nothing.

Events are hints, the look at the folder is the truth: every inotify library loses
events when the kernel's queue overflows, and never sees what another host writes to
a network share. So each look lists the whole folder; an event only makes the next
look come at once.

A file is complete when

- it was renamed into place (whoever does that has finished writing), or
- size and mtime have stood still for the settle time, no other process has it open
  for writing, and the file itself says so (%%EOF, IEND, EOI, or a TIFF's directories
  reaching no further than its end); where it does not, or is empty, only after the
  longer unfinished time.

Names that scanners and copying programs use for files in the making (.part, .tmp,
~$…, dot files) do not exist until they are renamed. A name that begins with two dots is
none of these. A symbolic link, pipe or device is yielded at once: it will not get any
more complete, and examining refuses it.

A folder that cannot be listed, because a share went away, is empty until it is back. `told`
hears of it once each way; a sub-folder is only logged.

    drop = DropFolder(settings, time.monotonic, time.time)
    for path in drop.settled(once=False):
        …
"""

import contextlib
import fcntl
import os
import stat
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archivist.config import Settings
from archivist.drop_events import observing
from archivist.remarks import remark

TEMPORARY = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp")
TRAILERS = {b"%PDF": b"%%EOF", b"\x89PNG": b"IEND", b"\xff\xd8\xff": b"\xff\xd9"}
TIFF_PAGES = 1000  # followed; a chain of directories may run in a circle
TIFF_STRIPS = 100_000  # of one page that are looked at; more is for examining to judge
TIFF_PLACES = (273, 279, 324, 325)  # offsets and lengths of strips, of tiles
TIFF_INTEGERS = {3: ("H", 2), 4: ("I", 4)}  # field type → how struct reads one
TAIL_BYTES = 2048  # PDF allows a little after %%EOF; scanners use it
STEP_SECONDS = 0.25  # how often a changing file is looked at again
REST_SECONDS = 5.0  # before a file that could not be taken is tried again; doubles each time
LONGEST_REST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Sight:
    """How a file looked: a change of any of these means that somebody still writes."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, info: os.stat_result) -> "Sight":
        """The sight of a file as lstat tells it."""
        return cls(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)


@dataclass(slots=True)
class _Candidate:
    sight: Sight
    still_since: float
    renamed: bool = False


@dataclass(frozen=True, slots=True)
class _Offer:
    """When a file was yielded, and how long it rests when nobody could take it."""

    sight: Sight
    at: float | None = None
    rest_seconds: float = REST_SECONDS

    def is_due(self, sight: Sight, now: float) -> bool:
        return self.at is None or self.sight != sight or now - self.at >= self.rest_seconds

    def made(self, sight: Sight, now: float) -> "_Offer":
        if self.at is None or self.sight != sight:
            return _Offer(sight, now)
        return _Offer(sight, now, min(2 * self.rest_seconds, LONGEST_REST_SECONDS))


class DropFolder:
    """One scanner's folder.

    `clock` runs evenly whatever the date does; `wall_clock` is what mtimes are told
    in. Both count seconds. `told(why)` is called when the folder cannot be listed any more,
    `told(None)` when it can again.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        told: Callable[[OSError | None], None] = lambda why: None,
    ) -> None:
        self.folder = settings.drop
        self._settings = settings
        self._clock = clock
        self._wall_clock = wall_clock
        self._told = told
        self._away: set[Path] = set()
        self._candidates: dict[Path, _Candidate] = {}
        self._renamed: set[Path] = set()
        self.stopped = threading.Event()
        self._stir = threading.Event()
        self._guard = threading.Lock()

    def look(self) -> list[Path]:
        """One look at the folder: the files that are complete now, oldest first.

        A file that disappears while we look was somebody else's to take.
        """
        now = self._clock()
        with self._guard:
            renamed, self._renamed = self._renamed, set()
        seen: dict[Path, _Candidate] = {}
        complete: list[tuple[int, Path]] = []
        for path, info in self._files():
            sight = Sight.of(info)
            known = self._candidates.get(path)
            if known is None or known.sight != sight:
                known = _Candidate(sight, now)
            known.renamed = known.renamed or path in renamed
            seen[path] = known
            if not stat.S_ISREG(info.st_mode) or self._is_complete(path, known, now):
                complete.append((info.st_mtime_ns, path))
        self._candidates = seen
        return [path for _, path in sorted(complete)]

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Everything below the folder that is not a folder, links not followed."""
        pending = [self.folder]
        while pending:
            folder = pending.pop()
            for entry in self._listed(folder):
                if is_temporary(entry.name):
                    continue
                with contextlib.suppress(OSError):  # gone, or its share is: the next look tells
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(Path(entry.path))
                    else:
                        yield Path(entry.path), entry.stat(follow_symlinks=False)

    def _listed(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            found = list(os.scandir(folder))
        except OSError as error:
            # A sub-folder that is gone was somebody's to remove; any other failure is told, once.
            removed = isinstance(error, FileNotFoundError | NotADirectoryError)
            if folder not in self._away and (folder == self.folder or not removed):
                self._away.add(folder)
                self._tell(folder, error)
            return []
        if folder in self._away:
            self._away.discard(folder)
            self._tell(folder, None)
        return found

    def _tell(self, folder: Path, why: OSError | None) -> None:
        if folder == self.folder:
            self._told(why)
        elif why is not None:
            remark(
                "投放目录中有一个文件夹读不到：%s",
                "a folder of the drop folder cannot be read: %s",
                why,
            )

    @property
    def waiting(self) -> int:
        """How many files the last look saw, complete or not."""
        return len(self._candidates)

    def stop(self) -> None:
        """End `settled` now; may be called from a signal handler."""
        self.stopped.set()
        self._stir.set()

    def nudge(self) -> None:
        """Wake `settled` from its pause: whoever asks it for paths has something to do."""
        self._stir.set()

    def settled(self, once: bool) -> Iterator[Path | None]:
        """Yield complete files as they appear; None when there is nothing new to take now.

        `once`: end when the folder holds nothing but what was yielded already and did
        not leave; otherwise go on until `stop` is called. The caller moves each yielded
        file away; one that stays is yielded again when it changes, and from time to time,
        because what kept it there (a full disk) passes.
        """
        offered: dict[Path, _Offer] = {}
        with self._watching(not once):
            while not self.stopped.is_set():
                fresh = 0
                for path in self.look():
                    known = self._candidates[path]
                    offer = offered.get(path) or _Offer(known.sight)
                    # Others were taken since the look: whoever writes again is not disturbed.
                    if offer.is_due(known.sight, self._clock()) and _still_so(path, known):
                        offered[path] = offer.made(known.sight, self._clock())
                        fresh += 1
                        yield path
                offered = {path: o for path, o in offered.items() if os.path.lexists(path)}
                if once and not fresh and all(path in offered for path in self._candidates):
                    return
                yield None
                self._pause(bool(self._candidates.keys() - offered.keys()))

    def _pause(self, changing: bool) -> None:
        seconds = STEP_SECONDS if changing else self._settings.rescan_seconds
        self._stir.wait(seconds)
        if not changing and self._stir.is_set():
            # One file is rarely alone: let the rest of a burst arrive before looking.
            threading.Event().wait(0.02)
        self._stir.clear()

    def _is_complete(self, path: Path, known: _Candidate, now: float) -> bool:
        if known.renamed and known.sight.size_bytes:
            return True
        still_seconds = now - known.still_since
        if still_seconds < self._settings.settle_seconds or _still_written(path):
            return False
        if known.sight.size_bytes > 0 and _trailer_is_there(path):
            return True
        # A file that was old when we first saw it stood still before we came.
        age_seconds = self._wall_clock() - known.sight.mtime_ns / 1e9
        return max(still_seconds, age_seconds) >= self._settings.unfinished_seconds

    @contextlib.contextmanager
    def _watching(self, wanted: bool) -> Iterator[None]:
        if not wanted:
            yield
            return
        with observing(self.folder, self._settings.polling, self._on_event):
            yield

    def _on_event(self, path: Path, renamed: bool) -> None:
        if renamed:
            with self._guard:
                self._renamed.add(path)
        self._stir.set()


def is_temporary(name: str) -> bool:
    """Whether a file of this name is still in the making."""
    lowered = name.casefold()
    hidden = lowered.startswith(".") and not lowered.startswith("..")
    return hidden or lowered.startswith("~$") or lowered.endswith(TEMPORARY)


def _still_so(path: Path, known: _Candidate) -> bool:
    """Whether a file still looks as it did, and nobody has begun to write to it again."""
    try:
        info = path.lstat()
    except OSError:
        return False
    if Sight.of(info) != known.sight:
        return False
    return known.renamed or not stat.S_ISREG(info.st_mode) or not _still_written(path)


def _still_written(path: Path) -> bool:
    """Whether another process has the file open for writing, as far as the file system tells.

    A read lease is granted only while nobody does; somebody who looks at the scan or
    checks it for viruses is no hindrance. Where leases are not to be had (network shares,
    files of other users) the answer is no, and standing still has to do.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False


def _trailer_is_there(path: Path) -> bool:
    """Whether the file ends as its kind must end; kinds without a trailer always do."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    with os.fdopen(fd, "rb") as file:
        size_bytes = os.fstat(fd).st_size
        head = file.read(8)
        if head.startswith((b"II*\0", b"MM\0*")):
            return _tiff_is_whole(file, head, size_bytes)
        for magic, trailer in TRAILERS.items():
            if head.startswith(magic):
                file.seek(max(0, size_bytes - TAIL_BYTES))
                return trailer in file.read()
    return True


def _tiff_is_whole(file: BinaryIO, head: bytes, size_bytes: int) -> bool:
    """Whether all that a TIFF's directories point at lies within the file (TIFF 6.0, section 2).

    A TIFF has no trailer, and its directory may stand before the pixels or behind them.
    """
    order = "<" if head.startswith(b"II") else ">"
    (at,) = struct.unpack(f"{order}I", head[4:].ljust(4, b"\0"))
    for _ in range(TIFF_PAGES):
        if not 8 <= at <= size_bytes - 6:
            return False
        file.seek(at)
        (count,) = struct.unpack(f"{order}H", file.read(2))
        raw = file.read(12 * count + 4)
        if len(raw) < 12 * count + 4:
            return False
        places: dict[int, Sequence[int]] = {}
        for tag, kind, number, value in struct.iter_unpack(f"{order}HHI4s", raw[:-4]):
            if tag in TIFF_PLACES and kind in TIFF_INTEGERS:
                if number > TIFF_STRIPS:
                    return True
                letter, width = TIFF_INTEGERS[kind]
                if number * width > 4:
                    file.seek(*struct.unpack(f"{order}I", value))
                    value = file.read(min(number * width, size_bytes))
                if len(value) < number * width:
                    return False
                places[tag] = struct.unpack(f"{order}{number}{letter}", value[: number * width])
        for starts, lengths in ((273, 279), (324, 325)):
            ends = map(sum, zip(places.get(starts, ()), places.get(lengths, ()), strict=False))
            if max(ends, default=0) > size_bytes:
                return False
        (at,) = struct.unpack(f"{order}I", raw[-4:])
        if at == 0:
            return True
    return True
