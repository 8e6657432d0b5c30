"""Claims: scans that are ours alone while they are read, and trays where they wait.

    work/<claim>/drop/<path as it lay in the drop folder>
    work/<claim>/copy/<name>          filed by hand; the person keeps the original
    work/<claim>.2/part/<name>        second document cut from a stack
    work/<claim>/deaths               how often the process died while it read this one alone
    trays/<tray>/<claim>/…            the same folder, moved as a whole

The path inside the claim is the path inside the drop folder, so that what the
sub-folders said survives a crash without another file. Claiming is one rename:
of two daemons exactly one wins. Whoever holds a claim holds a lock on its folder, which
the kernel lets go when the process dies: so `recover` takes up what a crash left, and
nothing that another process is still reading. Nothing here deletes a scan that the ledger does
not name; `Claims.drop` is called by intake and recover after looking there.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePath

from archivist import records
from archivist.errors import NotKnown
from storage import durable
from storage.errors import Busy, StorageError

TRAYS = ("unsorted", "quarantine", "duplicates", "rejected")
DEATHS = "deaths"
TOO_OFTEN = 3  # a power cut may come in the middle of a reading; hardly three times of the same
SAFE_NAME_BYTES = 200  # leaves room for a suffix in a 255-byte file name


@dataclass(frozen=True, slots=True)
class Claim:
    """One scan (or one document cut from a stack) in our hands."""

    id: str  # ULID, with ".n" for the n-th part of a stack
    folder: Path  # work/<id> or trays/<tray>/<id>
    path: Path  # the file itself
    source: (
        PurePath  # where it lay: path below the drop folder, or the name given by hand; in words
    )
    lock: int | None = None  # descriptor of the folder, locked as long as the claim is ours

    @property
    def scan(self) -> str:
        """The id of the scan: the claim's own, or that of the stack it was cut from."""
        return self.id.partition(".")[0]

    @property
    def came(self) -> str:
        """How it came: "drop", "copy" or "part"."""
        return self.path.relative_to(self.folder).parts[0]


class Claims:
    """The work folder and the trays of one archive."""

    def __init__(self, root: Path) -> None:
        self._work = root / "work"
        self._trays = root / "trays"
        self._locks: set[int] = set()

    def take(self, path: Path, drop: Path, at: datetime, randomness: bytes) -> Claim | None:
        """Claim a file of the drop folder by renaming it; None when another was faster."""
        source = path.relative_to(drop)
        claim = self._laid_out(records.claim_id(at, randomness), "drop", source)
        try:
            self._rename(path, claim.path)
        except BaseException as error:
            # A move between disks may have failed behind the copy: only emptiness is removed.
            self._forget_empty(claim)
            if isinstance(error, FileNotFoundError):
                return None
            raise
        return claim

    def copy_in(self, path: Path, at: datetime, randomness: bytes) -> Claim:
        """Claim a copy of a file filed by hand; the person keeps the original."""
        claim = self._laid_out(records.claim_id(at, randomness), "copy", PurePath(path.name))
        try:
            shutil.copyfile(path, claim.path)
        except BaseException:
            self.drop(claim)
            raise
        return claim

    def part(self, whole: Claim, number: int, suffix: str) -> Claim:
        """Room for the `number`-th document cut from a stack; its file is written by the caller."""
        stem = whole.source.stem.encode()[:SAFE_NAME_BYTES].decode("utf-8", "ignore")
        name = PurePath(f"{stem}-{number}{suffix}")
        identifier = f"{whole.id}.{number}"
        shutil.rmtree(self._work / identifier, ignore_errors=True)  # of an attempt cut short
        return self._laid_out(identifier, "part", name)

    def to_tray(self, claim: Claim, tray: str) -> Path:
        """Move the claim as a whole into a tray, durably; returns where its file lies now."""
        assert tray in TRAYS, tray
        (claim.folder / DEATHS).unlink(missing_ok=True)
        target = self._trays / tray / claim.id
        durable.make_folders(target.parent)
        durable.move(claim.folder, target)
        self._unlock(claim.lock)
        return target / claim.path.relative_to(claim.folder)

    def in_tray(self, identifier: str) -> tuple[str, Claim]:
        """The tray and the claim that waits there under this id."""
        # What a person typed becomes a path: only the form of an id may pass.
        for tray in TRAYS if is_claim(identifier) else ():
            claim = _read(self._trays / tray / identifier)
            if claim is not None:
                return tray, claim
        raise NotKnown(
            f"各托盘中都没有 {identifier}",
            f"no claim {identifier} in any tray",
            "查看全部：archivist inbox list",
            "see them all with: archivist inbox list",
        )

    def out_of_tray(self, claim: Claim) -> Claim:
        """Take a claim back to the work folder, to be judged once more."""
        lock = self._lock(claim.folder)
        if lock is None:
            raise Busy(f"claim {claim.id} is being dealt with by somebody else")
        folder = self._work / claim.id
        folder.parent.mkdir(exist_ok=True)
        claim.folder.rename(folder)
        return replace(
            claim, folder=folder, path=folder / claim.path.relative_to(claim.folder), lock=lock
        )

    def drop(self, claim: Claim) -> None:
        """Forget a claim whose content the ledger names as filed, or that is only a copy."""
        try:
            # One file in a chain of folders, nearly always: no need to list each of them.
            claim.path.unlink()
            for folder in claim.path.parents:
                folder.rmdir()
                if folder == claim.folder:
                    break
        except OSError:
            shutil.rmtree(claim.folder, ignore_errors=True)
        self._unlock(claim.lock)

    def let_go(self) -> None:
        """Give up every claim that is held, as if the process had died; the files stay."""
        while self._locks:
            self._unlock(next(iter(self._locks)))

    def left_over(self) -> Iterator[Claim]:
        """Claims in the work folder whose process is gone; they are ours from here."""
        if not self._work.exists():
            return
        for folder in sorted(self._work.iterdir()):
            lock = self._lock(folder) if is_claim(folder.name) else None
            if lock is None:
                continue
            claim = _read(folder)
            if claim is not None:
                yield replace(claim, lock=lock)
            else:
                # The rename never happened: the scan still lies in the drop folder.
                self._forget_empty(Claim(folder.name, folder, folder, PurePath(), lock))

    def deaths(self, claim: Claim) -> int:
        """How often a process died within `alone` with this claim."""
        try:
            return int((claim.folder / DEATHS).read_bytes())
        except (OSError, ValueError):
            return 0

    @contextlib.contextmanager
    def alone(self, claim: Claim) -> Iterator[None]:
        """Nothing else is read meanwhile: a process that dies within counts as its death.

        Whatever else ends it counts for nothing. Raises DiskFailed.
        """
        before, mark = self.deaths(claim), claim.folder / DEATHS
        durable.replace(mark, str(before + 1).encode())
        try:
            yield
        finally:
            with contextlib.suppress(OSError, StorageError):  # the claim has its end, and is gone
                if before:
                    durable.replace(mark, str(before).encode())
                else:
                    mark.unlink()

    def _laid_out(self, identifier: str, came: str, source: PurePath) -> Claim:
        folder = self._work / identifier
        path = folder / came / source
        path.parent.mkdir(parents=True)
        lock = self._lock(folder)
        if lock is None:
            # A starting daemon came upon the folder before it had a lock, and clears it away.
            raise Busy(f"claim {identifier} was taken for one of a crash")
        return Claim(identifier, folder, path, PurePath(readable(source)), lock)

    def _forget_empty(self, claim: Claim) -> None:
        """Remove the folders of a claim that has no file; a file that is there after all stays."""
        folders = [path for path in claim.folder.rglob("*") if path.is_dir()]
        with contextlib.suppress(OSError):
            for folder in [*sorted(folders, reverse=True), claim.folder]:
                folder.rmdir()
        self._unlock(claim.lock)

    def _lock(self, folder: Path) -> int | None:
        """Lock a claim's folder for this process; None when another holds it or it is gone."""
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        self._locks.add(fd)
        return fd

    def _unlock(self, lock: int | None) -> None:
        if lock is not None and lock in self._locks:
            self._locks.discard(lock)
            os.close(lock)

    @staticmethod
    def _rename(path: Path, target: Path) -> None:
        try:
            path.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            # The drop folder lies on another disk. What is no file has nothing to copy.
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                target.symlink_to(path.readlink())
            elif stat.S_ISFIFO(mode):
                os.mkfifo(target)
            else:
                durable.move(path, target)
                return
            path.unlink()


def is_claim(name: str) -> bool:
    """Whether this is the id of a claim, and so the name of its folder."""
    ulid, dot, part = name.partition(".")
    whole = len(ulid) == 26 and set(ulid) <= set(records.CROCKFORD)
    return whole and (not dot or (part.isascii() and part.isdigit()))


def _read(folder: Path) -> Claim | None:
    """The claim in a folder: the one file below it, whatever it is."""
    for came in ("drop", "copy", "part"):
        for path in (folder / came).rglob("*"):
            if path.is_symlink() or not path.is_dir():
                source = PurePath(readable(path.relative_to(folder / came)))
                return Claim(folder.name, folder, path, source)
    return None


def readable(path: PurePath) -> str:
    """A path as text that every encoder takes: bytes that are no UTF-8 become `\\xb5`.

    A scanner set to another code page writes such names. The file keeps its own.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")
