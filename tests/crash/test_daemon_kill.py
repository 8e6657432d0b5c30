"""SIGKILL at any moment: every scan ends once in a record or in a tray, and nothing else changes.

The daemon is killed again and again while it takes in a mix of sound scans, the same ones a
second time, broken ones and a stack; then it may finish. ARCHIVIST_LONG=1 makes the campaign
ten times as long.
"""

import contextlib
import hashlib
import io
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pikepdf
import pytest

LONG = "ARCHIVIST_LONG" in os.environ
SOUND = 300 if LONG else 40
KILLS = 60 if LONG else 4
PLACES = (
    "C000001/D000001/合同/{}.pdf",
    "张伟_D000001_发票_{}.pdf",
    "C000002/D000002/结算单/{}.pdf",
)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def mixture(scan):
    """(name, content) of every scan, and the digests that belong in the vault."""
    bases = [scan(f"第{number}号合同 甲方{number}") for number in range(8)]
    # The comment behind the end makes each a scan of its own at no cost.
    sound = [bases[n % 8] + b"%% copy %d\n" % n for n in range(SOUND)]
    named = [(PLACES[n % 3].format(n), content) for n, content in enumerate(sound)]
    named += [(f"C000001/D000001/again {n}.pdf", sound[n]) for n in range(0, SOUND, 5)]
    named += [(f"bad-{n}.pdf", sound[n][: 200 + n]) for n in range(0, SOUND, 8)]
    named += [(f"lost-{n}.pdf", bases[n] + b"%% nobody's\n") for n in range(4)]
    return named, Counter(map(digest, sound))


def started(home):
    """A daemon whose claims and commits are under way, or that is only just starting."""
    return home.process("watch", "--json", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def children_of(pid):
    with contextlib.suppress(FileNotFoundError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in text.split()]
    return []


def kill(daemon):
    readers = children_of(daemon.pid)
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    return readers


def settled(home, sources):
    """What became of every source: Counter of digests in records and in trays."""
    filed = Counter(digest(home.opened(record)) for record in home.records())
    trays = Counter(
        digest(content) for tray in ("unsorted", "quarantine", "duplicates")
        for content in home.in_tray(tray)
    )  # fmt: skip
    assert filed + trays == Counter(digest(content) for _, content in sources)
    return filed


def assert_intact(home):
    """Ledger verified; the catalogue equals one made anew; nothing is left in drop or work."""
    assert home.json("ledger", "verify")["ok"]
    assert [path for path in home.drop_folder.rglob("*") if path.is_file()] == []
    # What was sealed before its entry is kept aside, sealed; nothing else stays in work.
    assert [path for path in (home.root / "work").iterdir() if path.name != "orphans"] == []
    before = rows(home)
    for path in home.root.glob("catalogue.db*"):
        path.unlink()
    assert rows(home) == before


def rows(home):
    """Every row of the catalogue, in words."""
    archive = home.open()
    archive.follow()
    tables = ("customer", "dossier", "record", "claim", "print", "mention", "known_by", "meta")
    found = {table: sorted(map(repr, archive.catalogue._all(f"SELECT * FROM {table}")))
             for table in tables}  # fmt: skip
    archive.catalogue.close()
    archive.ledger.close()
    return found


@pytest.mark.parametrize("seed", range(5 if LONG else 1))
def test_a_daemon_that_is_killed_again_and_again_loses_nothing(home, scan, seed):
    """Whenever it dies, the next one goes on: none lost, none filed twice."""
    rng = random.Random(seed)
    sources, wanted = mixture(scan)
    rng.shuffle(sources)
    waiting = list(sources)
    for _ in range(KILLS):
        daemon = started(home)
        for name, content in [waiting.pop() for _ in range(min(len(waiting), 12))]:
            home.drop(name, content)
        time.sleep(rng.uniform(0.3, 2.0))
        readers = kill(daemon)
        deadline = time.monotonic() + 5
        while any(Path(f"/proc/{reader}").exists() for reader in readers):
            assert time.monotonic() < deadline, "a reader outlives its daemon"
            time.sleep(0.02)
    for name, content in waiting:
        home.drop(name, content)
    home.lines("watch", "--once")
    assert settled(home, sources) == wanted
    assert_intact(home)


def test_two_daemons_share_one_drop_folder(home, scan):
    """Two daemons and a clerk at once, one of them killed: none lost, none twice, all numbered."""
    sources, wanted = mixture(scan)
    daemons = [started(home), started(home)]
    added = []

    def clerk():
        for number in range(6):
            done = home.process("customer", "add", f"客户{number}")
            out, _ = done.communicate(timeout=60)
            added.append(out.decode().strip())

    work = threading.Thread(target=clerk)
    work.start()
    for number, (name, content) in enumerate(sources):
        home.drop(name, content)
        if number == len(sources) // 2:
            kill(daemons[0])
            daemons[0] = started(home)
    work.join()
    deadline = time.monotonic() + 60
    while any(p.is_file() for p in home.drop_folder.rglob("*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    for daemon in daemons:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=30) == 0
    home.lines("watch", "--once")
    assert settled(home, sources) == wanted
    assert sorted(added) == [f"C{number:06}" for number in range(3, 9)]
    assert_intact(home)


def test_a_stack_that_is_killed_is_cut_once(home, scan):
    """A stack with cover sheets, killed while it is cut: each document is filed once."""
    home.run("cover", "D000001", "sales_contract", "invoice_copy", "-o", home.top / "covers.pdf")
    stack = pikepdf.new()
    covers = pikepdf.open(home.top / "covers.pdf")
    for number in range(2):
        stack.pages.append(covers.pages[number])
        for page in pikepdf.open(io.BytesIO(scan(f"第{number}份内容"))).pages:
            stack.pages.append(page)
    stack.save(home.drop_folder / "堆.pdf")
    for seconds in (0.5, 0.8, 1.1, 1.4):
        daemon = started(home)
        time.sleep(seconds)
        kill(daemon)
    home.lines("watch", "--once")
    kinds = [row["type"] for row in home.json("dossier", "show", "D000001")["records"]]
    assert sorted(kinds) == ["invoice_copy", "sales_contract"]
    assert_intact(home)
