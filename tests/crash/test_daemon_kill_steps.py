"""SIGKILL at each step that changes a folder: the next run ends the work, once.

An audit hook counts the daemon's renames, links, removals, new folders and files opened for
writing, and kills it right before the chosen one. ARCHIVIST_LONG=1 tries every step; otherwise
a spread of them.
"""

import hashlib
import io
import os
import subprocess
import sys
from collections import Counter

import pikepdf
import pytest

SPREAD = 1 if "ARCHIVIST_LONG" in os.environ else 20  # of so many steps one is tried

DAEMON = """
import os, signal, sys
victim, log = int(sys.argv.pop(1)), sys.argv.pop(1)
CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.truncate")
seen = 0
def hook(event, arguments):
    global seen
    if event in CHANGES or event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        if str(arguments[0]).endswith((".pyc", log)) or "/proc/" in str(arguments[0]):
            return
        seen += 1
        if seen == victim:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from archivist.cli import run
code = run(["watch", "--once"])
open(log, "w").write(str(seen))
sys.exit(code)
"""


def digest(content):
    return hashlib.sha256(content).hexdigest()


def daemon(home, victim):
    """Run `watch --once` and kill it before its `victim`-th change (0: never)."""
    log = home.top / "steps.txt"
    words = [sys.executable, "-c", DAEMON, str(victim), str(log)]
    return subprocess.run(words, env=home.outer({}), capture_output=True, check=False)


@pytest.fixture
def sources(scan, new_home):
    """Name → content: filed, filed by name, a duplicate, broken, without a place, a stack."""
    printer = new_home("printer")
    printer.run("cover", "D000001", "sales_contract", "pdi", "-o", printer.top / "c.pdf")
    out = io.BytesIO()
    with pikepdf.new() as stack, pikepdf.open(printer.top / "c.pdf") as covers:
        for number in range(2):
            stack.pages.append(covers.pages[number])
            with pikepdf.open(io.BytesIO(scan(f"堆叠{number}"))) as document:
                stack.pages.extend(document.pages)
        stack.save(out)
    same = scan("同一份")
    return {
        "C000001/D000001/发票/a.pdf": same,
        "张伟_D000001_绿卡_1.pdf": scan("绿卡"),
        "C000002/D000002/结算单/b.pdf": scan("结算"),
        "又一次.pdf": same,
        "bad.pdf": same[:300],
        "散页.pdf": scan("无主"),
        "堆.pdf": out.getvalue(),
    }


def assert_settled(home, sources):
    """Everything has its one end: records, trays, ledger, and empty drop and work folders."""
    kinds = Counter(
        row["type"]
        for dossier in ("D000001", "D000002")
        for row in home.json("dossier", "show", dossier)["records"]
    )
    assert kinds == Counter(["invoice_copy", "green_card", "settlement", "sales_contract", "pdi"])
    opened = Counter(digest(home.opened(record)) for record in home.records())
    trays = Counter(
        digest(c) for t in ("unsorted", "quarantine", "duplicates") for c in home.in_tray(t)
    )
    whole = {name: digest(c) for name, c in sources.items() if name != "堆.pdf"}
    assert len(home.records()) == 5
    assert not Counter(whole.values()) - opened - trays
    assert sum(trays.values()) == 3
    assert [path for path in home.drop_folder.rglob("*") if path.is_file()] == []
    assert [path.name for path in (home.root / "work").iterdir() if path.name != "orphans"] == []
    assert home.json("ledger", "verify")["ok"]
    assert len(home.json("inbox", "list")) == 3


def filled(new_home, name, sources):
    home = new_home(name)
    for path, content in sources.items():
        home.drop(path, content)
    return home


def test_killed_before_any_step_it_ends_the_same(new_home, sources):
    """Count the steps of an undisturbed run, then die before each of them."""
    home = filled(new_home, "whole", sources)
    assert daemon(home, 0).returncode == 3
    steps = int((home.top / "steps.txt").read_text())
    assert_settled(home, sources)
    assert steps > 40
    for victim in range(1 + steps % SPREAD, steps + 1, SPREAD):
        home = filled(new_home, f"step-{victim}", sources)
        killed = daemon(home, victim)
        assert killed.returncode == -9, f"step {victim} of {steps} was not reached"
        home.lines("watch", "--once")
        assert_settled(home, sources)
