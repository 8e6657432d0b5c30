"""The drop folder: which files have stopped changing. It yields paths and acts on nothing.

Events are hints, the look at the folder is the truth: every inotify library loses
events when the kernel's queue overflows, and never sees what another host writes to
a network share. So each look lists the whole folder; an event only makes the next
look come at once.

A file is complete when

- it was renamed into place (whoever does that has finished writing), or
- size and mtime have stood still for the settle time, no other process has it open
  for writing, and its own trailer says so (%%EOF, IEND, EOI); where the trailer is
  missing, or the file is empty, only after the longer unfinished time.

Names that scanners and copying programs use for files in the making (.part, .tmp,
~$…, dot files) do not exist until they are renamed. A name that begins with two dots is
none of these. A symbolic link, pipe or device is yielded at once: it will not get any
more complete, and examining refuses it.

    for path in DropFolder(settings).settled():
        intake.offer(path)
"""

import contextlib
import fcntl
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from archivist.config import Settings
from archivist.drop_events import observing

TEMPORARY = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp")
TRAILERS = {b"%PDF": b"%%EOF", b"\x89PNG": b"IEND", b"\xff\xd8\xff": b"\xff\xd9"}
TAIL_BYTES = 2048  # PDF allows a little after %%EOF; scanners use it
STEP_SECONDS = 0.25  # how often a changing file is looked at again


@dataclass(frozen=True, slots=True)
class Sight:
    """How a file looked: a change of any of these means that somebody still writes."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int


@dataclass(slots=True)
class _Candidate:
    sight: Sight
    still_since: float
    renamed: bool = False


class DropFolder:
    """One scanner's folder.

    `clock` runs evenly whatever the date does; `wall_clock` is what mtimes are told
    in. Both count seconds.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], float], wall_clock: Callable[[], float]
    ) -> None:
        self.folder = settings.drop
        self._settings = settings
        self._clock = clock
        self._wall_clock = wall_clock
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
        for path, info in _files(self.folder):
            sight = Sight(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)
            known = self._candidates.get(path)
            if known is None or known.sight != sight:
                known = _Candidate(sight, now)
            known.renamed = known.renamed or path in renamed
            seen[path] = known
            if not stat.S_ISREG(info.st_mode) or self._is_complete(path, known, now):
                complete.append((info.st_mtime_ns, path))
        self._candidates = seen
        return [path for _, path in sorted(complete)]

    @property
    def waiting(self) -> int:
        """How many files the last look saw, complete or not."""
        return len(self._candidates)

    def stop(self) -> None:
        """End `settled` now; may be called from a signal handler."""
        self.stopped.set()
        self._stir.set()

    def settled(self, once: bool) -> Iterator[Path | None]:
        """Yield complete files as they appear; None when there is nothing new to take now.

        `once`: end when the folder holds nothing but what was yielded already and did
        not leave; otherwise go on until `stop` is called. The caller moves each yielded
        file away; one that stays is not yielded again until it changes.
        """
        offered: dict[Path, Sight] = {}
        with self._watching(not once):
            while not self.stopped.is_set():
                fresh = 0
                for path in self.look():
                    sight = self._candidates[path].sight
                    if offered.get(path) != sight:
                        offered[path] = sight
                        fresh += 1
                        yield path
                offered = {path: sight for path, sight in offered.items() if path.exists()}
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
        if still_seconds < self._settings.settle_seconds or _open_elsewhere(path):
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


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything below the folder that is not a folder, links not followed."""
    pending = [folder]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            if is_temporary(entry.name):
                continue
            with contextlib.suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
                else:
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _open_elsewhere(path: Path) -> bool:
    """Whether another process has the file open, as far as the file system tells.

    A write lease is granted only while nobody else has the file open. Where leases
    are not to be had (network shares, files of other users) the answer is no, and
    standing still has to do.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
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
        head = file.read(4)
        for magic, trailer in TRAILERS.items():
            if head.startswith(magic):
                file.seek(max(0, os.fstat(fd).st_size - TAIL_BYTES))
                return trailer in file.read()
    return True
