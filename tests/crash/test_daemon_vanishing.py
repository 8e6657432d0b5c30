"""What a daemon stands on goes away and comes back: share, archive, the right to write.

It says so, takes nothing it cannot keep, and goes on by itself; every scan is filed once.
"""

import contextlib
import hashlib
import signal
import subprocess
import time

import pytest
from whole import assert_whole, no_claim_left

PLACE = "C000001/D000001/合同"
SECONDS = 90


FILED = '"outcome": "filed"'  # as told on stdout; the log has an event of that name


class Daemon:
    """A running daemon, what it said, and waiting for both."""

    def __init__(self, home):
        self.home, self.log = home, home.top / "log"
        with self.log.open("wb") as out:
            self.process = home.process("watch", "--json", "--workers", "1", stdout=out, stderr=out)

    def until(self, *words):
        """Wait until all of these were said."""
        self.until_so(lambda: all(word in self.said for word in words), words)

    def until_so(self, wanted, what=""):
        deadline = time.monotonic() + SECONDS
        while not wanted():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, (what, self.said)
            time.sleep(0.05)

    @property
    def said(self):
        return self.log.read_text("utf-8")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) == 0, self.said
        assert "Traceback" not in self.said and "internal error" not in self.said


@pytest.fixture
def share(tmp_path):
    """A folder of scans beside the archive, as a mounted share is."""
    folder = tmp_path / "share"
    folder.mkdir()
    return folder


@pytest.fixture
def home(new_home, share):
    made = new_home()
    made.set("drop", folder=str(share), rescan_seconds=0.2)
    return made


def dropped(share, scan, name):
    """One scan under a place of its own; its digest."""
    path = share / PLACE / f"{name}.pdf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(scan(name))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def assert_filed(home, wanted):
    """These, each once, and everything is whole."""
    found = [hashlib.sha256(home.opened(r)).hexdigest() for r in home.records()]
    assert sorted(found) == sorted(wanted)
    archive = home.open()
    assert_whole(archive)
    archive.close()
    assert no_claim_left(home)


def test_a_share_that_goes_away_is_waited_for(home, share, scan):
    """It is told once each way; what lies there when it is back is filed."""
    wanted = [dropped(share, scan, "之前")]
    daemon = Daemon(home)
    daemon.until(FILED)
    away = share.rename(share.with_name("unplugged"))
    daemon.until("drop-away", "No such file or directory")
    wanted.append(dropped(away, scan, "离线时"))
    away.rename(share)
    daemon.until("drop-back")
    daemon.until_so(lambda: daemon.said.count(FILED) == 2)
    daemon.end()
    assert daemon.said.count("drop-away") == 1
    assert_filed(home, wanted)


def test_an_archive_that_goes_away_gets_nothing_and_goes_on(home, share, scan):
    """Scans stay where they are, nothing is made in the archive's place; then all are filed."""
    wanted = [dropped(share, scan, "之前")]
    daemon = Daemon(home)
    daemon.until(FILED)
    away = home.root.rename(home.root.with_name("unplugged"))
    home.root.mkdir()  # as the place of a mount
    wanted.append(dropped(share, scan, "不在时"))
    daemon.until("waiting", "Away")
    assert list(home.root.iterdir()) == []
    assert len(list(share.rglob("*.pdf"))) == 1
    home.root.rmdir()
    away.rename(home.root)
    daemon.until_so(lambda: daemon.said.count(FILED) == 2)
    daemon.end()
    assert_filed(home, wanted)


class Mounted:
    """A folder that is a place of a mount: what it holds lies elsewhere, and can be taken away.
    Skipped where nothing may be mounted."""

    def __init__(self, folder):
        self.folder, self.disk = folder, folder.with_name(f"{folder.name}.disk")
        folder.rename(self.disk)
        folder.mkdir()

    def __enter__(self):
        self.put_back()
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=False, capture_output=True)

    def put_back(self):
        done = subprocess.run(["mount", "--bind", self.disk, self.folder], capture_output=True)
        if done.returncode:
            pytest.skip("mounting a folder needs root and a kernel that lets it")

    def take_away(self):
        # Lazily, as a share whose server is gone: whoever has a file of it open keeps that file.
        subprocess.run(["umount", "-l", self.folder], check=True)


def test_what_is_unmounted_and_mounted_again_loses_nothing(home, share, scan):
    """First the share, whose place is then an empty folder; then the archive's own disk."""
    with Mounted(share) as scans, Mounted(home.root) as disk:
        wanted = [dropped(share, scan, "之前")]
        daemon = Daemon(home)
        daemon.until(FILED)
        scans.take_away()
        wanted.append(dropped(scans.disk, scan, "服务器上"))
        time.sleep(1)  # some looks at the empty folder
        assert list(share.iterdir()) == [] and daemon.said.count(FILED) == 1
        scans.put_back()
        daemon.until_so(lambda: daemon.said.count(FILED) == 2)
        disk.take_away()
        wanted.append(dropped(share, scan, "没有硬盘时"))
        daemon.until("waiting", "Away")
        assert list(home.root.iterdir()) == [] and len(list(share.rglob("*.pdf"))) == 1
        disk.put_back()
        daemon.until_so(lambda: daemon.said.count(FILED) == 3)
        daemon.end()
        assert_filed(home, wanted)


@contextlib.contextmanager
def read_only(folder):
    """Whoever opens something there to write is refused, as after a disk's error; skipped where
    nothing may be mounted."""
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode:
        pytest.skip("mounting a folder read-only needs root and a kernel that lets it")
    try:
        _until_nothing_is_being_written(["mount", "-o", "remount,bind,ro", folder])
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def _until_nothing_is_being_written(command):
    """A kernel refuses while a file there is open to write; the daemon has one open at times."""
    give_up = time.monotonic() + SECONDS
    while (refused := subprocess.run(command, capture_output=True, text=True)).returncode:
        assert "busy" in refused.stderr and time.monotonic() < give_up, refused.stderr
        time.sleep(0.05)


def test_an_archive_that_becomes_read_only_goes_on_when_it_is_not(home, share, scan):
    """In the middle of an intake: told, nothing lost, nothing twice."""
    wanted = [dropped(share, scan, "之前")]
    daemon = Daemon(home)
    daemon.until(FILED)
    with read_only(home.root):
        wanted += [dropped(share, scan, f"只读{number}") for number in range(3)]
        daemon.until("Read-only file system")
        assert daemon.said.count(FILED) == 1
        assert len(list(share.rglob("*.pdf"))) == 3
    dropped(share, scan, "之后")
    daemon.until_so(lambda: not list(share.rglob("*.pdf")))
    daemon.end()
    home.lines("watch", "--once")
    assert_filed(home, [*wanted, hashlib.sha256(scan("之后")).hexdigest()])
