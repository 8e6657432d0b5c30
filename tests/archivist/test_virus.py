"""Virus scanning: what the daemon says decides, and silence is never "clean"."""

import pytest
from archive_home import Home
from virus_daemon import EICAR, Daemon

from archivist.virus import Scanner, ScannerAway


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_a_verdict_comes_over_either_socket(tmp_path, kind):
    """Clean, found, and content of many pieces."""
    with Daemon(tmp_path / "clamd" if kind == "unix" else None) as daemon:
        scanner = Scanner(daemon.place)
        assert scanner.look([b"a" * 700_000, b"", b"b"]) is None
        assert scanner.look([b"x" * 300_000 + EICAR[:20], EICAR[20:]]) == "Eicar-Signature"
        assert scanner.version().startswith("ClamAV")
        assert daemon.seen == [700_001, 300_000 + len(EICAR)]


@pytest.mark.parametrize("says", [b"", b"stream: ", b"INSTREAM size limit exceeded. ERROR",
                                  b"stream: OK?", b"OK"])  # fmt: skip
def test_anything_but_a_verdict_is_no_verdict(tmp_path, says):
    """Too long, cut off, or something else: nobody takes it for clean."""
    with Daemon(tmp_path / "clamd", says) as daemon, pytest.raises(ScannerAway):
        Scanner(daemon.place).look([b"a"])


def test_nobody_at_the_socket_is_no_verdict(tmp_path):
    """No file there, and nobody who listens."""
    for place in (str(tmp_path / "none"), "127.0.0.1:1"):
        with pytest.raises(ScannerAway):
            Scanner(place, 1.0).look([b"a"])


def test_an_infected_scan_goes_to_quarantine_and_others_are_filed(home: Home, scan, tmp_path):
    """The reason is recorded; while the daemon is away nothing is taken in, and nothing lost."""
    home.set("virus", socket=str(tmp_path / "clamd"))
    infected = scan("甲方") + b"\n%" + EICAR + b"\n%%EOF\n"
    home.drop("C000001/D000001/合同/a.pdf", infected)
    home.drop("C000001/D000001/合同/b.pdf", scan("乙方"))
    away = home.run("watch", "--once", "--workers", "1")
    assert away.code == 1 and "virus scanner" in away.err
    told = {row["check"]: row["ok"] for row in home.json("doctor", code=3)}
    assert told["virus"] is False
    assert home.records() == []
    with Daemon(tmp_path / "clamd"):
        outcomes = home.lines("watch", "--once", "--workers", "1")
        assert {row["check"]: row["ok"] for row in home.run("--json", "doctor").json}["virus"]
    assert sorted((o["outcome"], o["reason"], o["tray"]) for o in outcomes) == [
        ("filed", None, None), ("refused", "infected", "quarantine")]  # fmt: skip
    assert home.in_tray("quarantine") == [infected]
