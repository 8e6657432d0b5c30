"""A full disk: the daemon says so, loses nothing, and goes on when there is room again."""

import hashlib
import io
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pikepdf
import pytest
from archive_home import Home


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of eight megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root and a kernel that lets it")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture
def home(new_home, small_disk, tmp_path):
    """An archive on the small disk; scans come from a drop folder on another one."""
    made = new_home()
    shutil.move(made.root, small_disk / "archive")
    home = Home(made.top)
    home.root = small_disk / "archive"
    home.env["ARCHIVIST_ARCHIVE"] = str(home.root)
    (tmp_path / "drop").mkdir()
    home.set("drop", folder=str(tmp_path / "drop"))
    yield home
    home.end()


def fill(disk: Path) -> Path:
    """Leave no byte free."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    return ballast


def sources(scan, folder, count):
    """Scans in a drop folder that lies on another disk, as a list of digests."""
    place = folder / "C000001" / "D000001" / "合同"
    place.mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(count):
        with pikepdf.open(io.BytesIO(scan(f"第{number}份"))) as pdf:
            pdf.Root.Padding = pdf.make_stream(os.urandom(60_000))
            pdf.save(place / f"{number}.pdf")
        found.append(digest((place / f"{number}.pdf").read_bytes()))
    return sorted(found)


def test_a_daemon_outlives_a_full_disk(home, scan, small_disk, tmp_path):
    """Scans wait while nothing can be written; with room again all are filed, each once."""
    ballast = fill(small_disk)
    wanted = sources(scan, tmp_path / "drop", 12)
    log = tmp_path / "log"
    with log.open("wb") as err:
        daemon = home.process("watch", "--json", stdout=err, stderr=err)
        time.sleep(3)
        assert daemon.poll() is None, log.read_text()
        assert "Traceback" not in log.read_text()
        # Room for some of them only: it gets full again on the way.
        os.truncate(ballast, ballast.stat().st_size - 400_000)
        time.sleep(6)
        assert daemon.poll() is None, log.read_text()
        ballast.unlink()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(home.records()) < len(wanted):
            time.sleep(0.5)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=30) == 0
    assert "Traceback" not in log.read_text()
    # Whoever wrote first met it: SQLite does not say why the disk refuses.
    assert "No space left" in log.read_text() or "IndexUnwritable" in log.read_text()
    assert sorted(digest(home.opened(record)) for record in home.records()) == wanted
    assert home.json("ledger", "verify")["ok"]


def test_a_full_disk_is_told_in_plain_words(home, scan, small_disk, tmp_path):
    """One command on a full disk fails with a hint and no traceback; afterwards all is well."""
    ballast = fill(small_disk)
    wanted = sources(scan, tmp_path / "drop", 2)
    ran = home.run("watch", "--once")
    assert ran.code in (0, 1), ran.err
    assert "Traceback" not in ran.err
    assert "internal error" not in ran.err
    ran = home.run("customer", "add", "新客户")
    assert ran.code == 1
    assert "internal error" not in ran.err
    ballast.unlink()
    home.lines("watch", "--once")
    assert sorted(digest(home.opened(record)) for record in home.records()) == wanted
    assert home.json("ledger", "verify")["ok"]
