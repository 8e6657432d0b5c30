"""A scan whose reading kills the station itself: found out, set aside, and nothing waits behind it.

The daemon is a process of its own that sends itself SIGKILL whenever it is about to take in what
was read of that scan.
"""

import os
import signal

import pytest
from whole import digest

from archivist import station
from archivist.claims import TOO_OFTEN


@pytest.fixture
def deadly(monkeypatch):
    """Call it with a content: from then on every station that has read it dies."""

    def make(content):
        take_in = station.take_in

        def dying(pieces, *words):
            if any(piece.facts.sha256 == digest(content) and not piece.facts.defect
                   for piece in pieces):  # fmt: skip
                os.kill(os.getpid(), signal.SIGKILL)
            return take_in(pieces, *words)

        monkeypatch.setattr(station, "take_in", dying)

    return make


def watch(home):
    """One life of a daemon that ends by itself; its exit code, or the signal it died of."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = home.run("watch", "--once", "--workers", "1").code
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_scan_that_kills_the_station_is_set_aside_with_its_reason(home, scan, deadly):
    """Three times it may kill alone; the others are filed, and what came later as well."""
    sound, bad, later = scan("第一"), scan("夺命"), scan("后来")
    home.drop("C000001/D000001/合同/a.pdf", bad)
    home.drop("C000001/D000001/合同/b.pdf", sound)
    deadly(bad)
    lives = [watch(home)]
    home.drop("C000001/D000001/发票/c.pdf", later)
    while lives[-1] == -signal.SIGKILL:
        lives.append(watch(home))
        assert len(lives) <= TOO_OFTEN + 2
    assert lives == [-signal.SIGKILL] * (TOO_OFTEN + 1) + [3]
    (waiting,) = home.json("inbox", "list")
    assert (waiting["tray"], waiting["reason"]) == ("quarantine", "fatal")
    assert home.in_tray("quarantine") == [bad]
    assert {home.opened(record) for record in home.records()} == {sound, later}
    assert [path.name for path in (home.root / "work").iterdir() if path.name != "orphans"] == []
    assert home.json("ledger", "verify")["ok"]


def test_what_ends_a_reading_otherwise_is_not_held_against_a_scan(home, scan, monkeypatch):
    """A disk that fails while a scan is read again, or an order to stop, is no death."""
    home.drop("C000001/D000001/合同/a.pdf", scan("无辜"))
    take_in = station.take_in

    def failing(*words):
        raise OSError(5, "the disk is away")

    monkeypatch.setattr(station, "take_in", failing)
    for _ in range(2):  # the second time alone
        assert home.run("watch", "--once", "--workers", "1").code == 1
    assert not list((home.root / "work").rglob("deaths"))
    monkeypatch.setattr(station, "take_in", take_in)
    (line,) = home.lines("watch", "--once")
    assert line["outcome"] == "filed"
