"""A daemon as the scanner meets it: slow writers, heaps at once, renames; nothing lost."""

import hashlib
import io
import json
import signal
import subprocess
import threading
import time
from collections import Counter

import pytest
from PIL import Image

PLACE = "C000001/D000001/合同"


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Daemon:
    """A running daemon and the outcomes it has printed."""

    def __init__(self, home):
        self.process = home.process("watch", "--json", stderr=subprocess.DEVNULL)
        self.outcomes = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.outcomes.append(json.loads(line.decode("utf-8")))

    def wait_for(self, count, seconds=60):
        """Wait until so many outcomes are there; returns them by source."""
        deadline = time.monotonic() + seconds
        while len(self.outcomes) < count and time.monotonic() < deadline:
            assert self.process.poll() is None
            time.sleep(0.02)
        return {outcome["source"]: outcome for outcome in self.outcomes}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20)
        self._reader.join()
        self.process.stdout.close()
        return code


@pytest.fixture
def daemon(home):
    home.set("drop", settle_seconds=0.5, unfinished_seconds=10.0)
    running = Daemon(home)
    yield running
    if running.process.poll() is None:
        assert running.stop() == 0


def slowly(path, content, parts, pause, keep_open):
    """Write a file in bursts, with the file kept open or opened anew for each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = len(content) // parts + 1
    bursts = [content[at : at + size] for at in range(0, len(content), size)]
    if keep_open:
        with path.open("wb") as file:
            for burst in bursts:
                file.write(burst)
                file.flush()
                time.sleep(pause)
    else:
        for burst in bursts:
            with path.open("ab") as file:
                file.write(burst)
            time.sleep(pause)


def test_slow_writers_are_waited_for(home, scan, daemon):
    """However a scanner writes, what is filed is the whole file."""
    tiff = io.BytesIO()
    Image.new("1", (500, 400), 1).save(tiff, "TIFF")
    files = {
        "held.pdf": (scan("一直打开"), True),
        "bursts.pdf": (scan("断断续续"), False),
        "bursts.tif": (tiff.getvalue(), False),
    }
    threads = [
        threading.Thread(
            target=slowly, args=(home.drop_folder / PLACE / name, content, 4, 1.0, keep_open)
        )
        for name, (content, keep_open) in files.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes = daemon.wait_for(3)
    assert daemon.stop() == 0
    assert {o["reason"] for o in outcomes.values()} <= {None, "blank"}
    filed = {digest(home.opened(record)) for record in home.records()}
    trays = {digest(content) for content in home.in_tray("unsorted")}
    assert filed | trays == {digest(content) for content, _ in files.values()}


def test_two_hundred_files_at_once(home, scan, daemon):
    """A heap dropped in one go: each once in its dossier, the ones sent twice in duplicates."""
    base = [scan(f"基{n}") for n in range(4)]
    contents = [base[n % 4] + b"%% %d\n" % n for n in range(180)]
    for number, content in enumerate(contents + contents[:20]):
        place = (PLACE, "张伟/发票", "C000002/D000002/结算单")[number % 3]
        home.drop(f"{place}/扫描 {number} .pdf", content)
    daemon.wait_for(200)
    assert daemon.stop() == 0
    reasons = Counter(o["reason"] for o in daemon.outcomes)
    assert reasons == {None: 180, "duplicate": 20}
    assert len({o["record"] for o in daemon.outcomes if o["record"]}) == 180
    assert len(home.records()) == 180
    assert len(home.in_tray("duplicates")) == 20
    shown = [home.json("dossier", "show", d) for d in ("D000001", "D000002")]
    assert sum(len(dossier["records"]) for dossier in shown) == 180
    assert home.json("ledger", "verify")["ok"]


def test_a_rename_is_seen_and_folders_may_come_late(home, scan, daemon):
    """x.part becomes x.pdf; a whole folder tree is moved in; both are taken."""
    part = home.drop("C000001/D000001/合同/扫描件.pdf.part", scan("一"))
    time.sleep(1.0)
    assert daemon.outcomes == []
    part.rename(part.with_suffix(""))
    daemon.wait_for(1)
    outside = home.top / "outside" / "D000001" / "发票"
    outside.mkdir(parents=True)
    (outside / "发票 一.pdf").write_bytes(scan("二"))
    (home.top / "outside").rename(home.drop_folder / "张伟")
    outcomes = daemon.wait_for(2)
    assert {o["type"] for o in outcomes.values()} == {"sales_contract", "invoice_copy"}


def test_stopping_is_quick_and_leaves_the_rest_for_later(home, scan, daemon):
    """SIGTERM in the middle: exit code 0, and the next run files what was left."""
    contents = [scan("甲") + b"%% %d\n" % n for n in range(60)]
    for number, content in enumerate(contents):
        home.drop(f"{PLACE}/{number}.pdf", content)
    daemon.wait_for(1)
    assert daemon.stop() == 0
    home.lines("watch", "--once")
    assert len(home.records()) == 60


def test_polling_sees_what_no_event_tells(home, scan):
    """On a network share no event comes: the regular look finds the scan."""
    home.set("drop", settle_seconds=0.2, polling=True, rescan_seconds=0.5)
    daemon = Daemon(home)
    try:
        time.sleep(1.5)
        home.drop(f"{PLACE}/远处.pdf", scan("远处"))
        assert daemon.wait_for(1)[f"{PLACE}/远处.pdf"]["outcome"] == "filed"
    finally:
        assert daemon.stop() == 0


def test_the_drop_folder_may_be_a_link_to_elsewhere(home, scan, tmp_path):
    """A link in place of the folder is followed; links inside it are not."""
    home.drop_folder.rmdir()
    (tmp_path / "扫描仪").mkdir()
    home.drop_folder.symlink_to(tmp_path / "扫描仪")
    daemon = Daemon(home)
    try:
        home.drop(f"{PLACE}/a.pdf", scan("远处"))
        assert daemon.wait_for(1)[f"{PLACE}/a.pdf"]["outcome"] == "filed"
    finally:
        assert daemon.stop() == 0


def remounted(folder, *options):
    done = subprocess.run(["mount", *options, folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("making a folder read-only for everybody needs root")


def test_a_drop_folder_that_cannot_be_written_loses_nothing(home, scan, daemon):
    """Scans that cannot be taken stay, once, where they are until they can."""
    content = scan("只读")
    remounted(home.drop_folder, "--bind", home.drop_folder)
    try:
        home.drop(f"{PLACE}/b.pdf", content)
        remounted(home.drop_folder, "-o", "remount,ro,bind")
        time.sleep(2)
        assert daemon.outcomes == []
        assert [path for path in (home.root / "work").rglob("*") if path.is_file()] == []
        remounted(home.drop_folder, "-o", "remount,rw,bind")
        daemon.wait_for(1)
        assert [digest(home.opened(record)) for record in home.records()] == [digest(content)]
    finally:
        assert daemon.stop() == 0
        subprocess.run(["umount", "-l", home.drop_folder], check=True)
