"""A backup or a restore that ends anywhere: earlier snapshots are whole, no half archive is left.

The run is a process of its own that ends, without a word, right before one of its calls that change
a disk; or one of them fails, before it lands or after. ARCHIVIST_LONG=1 tries every call; otherwise
a spread of them.
"""

import errno
import os
import shutil
import subprocess
from functools import partial

import pytest
from archive_home import PERSON, now
from backup_home import BUNDLE, NEW, make

from archivist import backing_up, escrow, restoring
from archivist.backup_proofs import proved
from archivist.escrow import Heir
from archivist.restoring import Order
from storage.backups import Medium
from storage.copying import Copying
from storage.counterparts import Counterparts
from storage.errors import DiskFailed

LONG = "ARCHIVIST_LONG" in os.environ
CALLS = ("open", "write", "fsync", "fdatasync", "rename", "replace", "link", "unlink", "remove",
         "mkdir", "rmdir", "ftruncate")  # fmt: skip
KILLED, BROKEN = 77, 1


@pytest.fixture(scope="module")
def made(template, scan, tmp_path_factory):
    """An archive with a first snapshot, and something since."""
    vaulted = make(template, tmp_path_factory.mktemp("made"), scan)
    vaulted.home.json("customer", "add", "后来者")
    return vaulted


@pytest.fixture
def own(made, tmp_path):
    """Archive and backup of one test."""
    return made.copy(tmp_path)


def create(vaulted):
    archive = vaulted.home.open()
    try:
        return backing_up.create(archive, vaulted.dest, now(), "station")
    finally:
        archive.close()


class Meddler:
    """Counts the calls that change a disk, and spoils the one that is its turn."""

    def __init__(self, victim, mode):
        self.victim, self.mode, self.seen = victim, mode, 0
        self.real = {name: getattr(os, name) for name in CALLS}

    def __enter__(self):
        for name in CALLS:
            setattr(os, name, self._watched(name))
        return self

    def __exit__(self, *_):
        for name, call in self.real.items():
            setattr(os, name, call)

    def _watched(self, name):
        def counting(*args, **kwargs):
            if name == "open" and not args[1] & (os.O_WRONLY | os.O_RDWR):
                return self.real[name](*args, **kwargs)
            self.seen += 1
            if self.seen != self.victim:
                return self.real[name](*args, **kwargs)
            if self.mode == "kill":
                os._exit(KILLED)
            if self.mode == "landed" and name != "open":
                self.real[name](*args, **kwargs)
            raise OSError(errno.EIO, "the medium failed")

        return counting


def killed(act, victim):
    """Do it in a child that ends before its `victim`-th call; its exit code."""
    child = os.fork()
    if child == 0:
        code = BROKEN
        try:
            with Meddler(victim, "kill"):
                act()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def calls_of(act):
    with Meddler(0, "count") as meddler:
        act()
    return meddler.seen


def whole(vaulted):
    """Every finished snapshot is what it was; which there are."""
    medium = Medium.open(vaulted.dest)
    for snapshot in medium.snapshots():
        assert proved(medium, snapshot).findings == ()
    return medium.snapshots()


def test_a_backup_ends_anywhere(own, tmp_path):
    """Killed at a call: what was finished is whole; the next run goes on and clears away."""
    first = whole(own)
    shutil.copytree(own.dest, tmp_path / "before")
    total, kills = calls_of(lambda: create(own)), 0
    for victim in range(1, total, 1 if LONG else total // 6):
        shutil.rmtree(own.dest)
        shutil.copytree(tmp_path / "before", own.dest)
        code = killed(lambda: create(own), victim)
        assert whole(own)[:1] == first
        assert code in (KILLED, 0)
        if not code:
            break  # an earlier run has done a part
        kills += 1
    assert kills >= 5
    create(own)
    assert Medium.open(own.dest).unfinished() == []
    assert not list(own.dest.rglob("*.tmp"))
    assert len(whole(own)) >= 2


@pytest.mark.parametrize("by_children", [False, True])
def test_a_first_backup_ends_anywhere(own, monkeypatch, by_children):
    """Killed before the first snapshot was finished: there is none, and the folder takes it, though
    children may have copied on for a moment."""
    if by_children:
        monkeypatch.setattr(backing_up, "Copying", partial(Copying, worth=0))
    shutil.rmtree(own.dest)
    for victim in (5, 25, 60) if by_children else (1, 5, 40, 90):
        assert killed(lambda: create(own), victim) == KILLED
        assert not own.dest.exists() or not list(own.dest.glob("snapshots/*.json"))
    create(own)
    assert len(whole(own)) == 1
    assert not list(own.dest.rglob("*.tmp"))


@pytest.mark.parametrize("mode", ["lost", "landed"])
def test_a_call_that_fails_ends_the_backup_and_spoils_nothing(own, tmp_path, mode):
    """An error of the medium is told, whether the write landed or not; the next run succeeds."""
    first = whole(own)
    shutil.copytree(own.dest, tmp_path / "before")
    total = calls_of(lambda: create(own))
    told = 0
    for victim in range(2, total, 1 if LONG else total // 4):
        shutil.rmtree(own.dest)
        shutil.copytree(tmp_path / "before", own.dest)
        try:
            with Meddler(victim, mode):
                create(own)
        except (DiskFailed, OSError):
            told += 1
        assert whole(own)[:1] == first
    assert told >= 2
    create(own)
    whole(own)


def test_a_restore_ends_anywhere(made, tmp_path):
    """Killed at a call: no archive is there; the next run makes a whole one."""
    bundle, sha256 = escrow.open_bundle(made.bundle, BUNDLE)
    target = tmp_path / "other" / "archive"
    house_key = tmp_path / "config" / "house.key"
    order = Order(made.dest, target, house_key, Counterparts.beside(house_key))
    heir = Heir(PERSON, NEW, ("archivist",))

    def act():
        restoring.restore(order, bundle, sha256, heir, now())

    act()
    shutil.rmtree(target.parent)
    shutil.rmtree(tmp_path / "config")
    for victim in range(3, 10_000, 1 if LONG else 220):
        if killed(act, victim) == 0:
            break
        assert not target.exists()
    else:
        pytest.fail("it never ended")
    assert (target / "archive.toml").is_file()
    assert [p.name for p in target.parent.iterdir()] == ["archive"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root and a kernel that lets it")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_medium_is_told_and_earlier_snapshots_stay(own, small_disk):
    """It says that the medium is full; with room again the same run goes on."""
    shutil.copytree(own.dest, small_disk / "stick")
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    ran = own.home.run("backup", "create", small_disk / "stick")
    assert ran.code == 1
    assert "medium is full" in ran.err and "No space left" in ran.err
    vaulted = type(own)(own.home, small_disk / "stick", own.bundle)
    assert len(whole(vaulted)) == 1
    ballast.unlink()
    own.home.json("backup", "create", vaulted.dest)
    assert len(whole(vaulted)) == 2
