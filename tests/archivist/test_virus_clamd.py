"""The real scanner daemon: what it finds, what it cannot take, and a signature that comes late.

Skipped where clamd is not installed; `.ci/run` installs it where it may.
"""

import pytest
from archive_home import Home
from clam_daemon import CLAMD, Clamd

from archivist.virus import Scanner, ScannerAway

pytestmark = pytest.mark.skipif(CLAMD is None, reason="clamd (Debian: clamav-daemon) is missing")

HARMLESS = b"archivist: harmless string that a signature of our own knows"
FOUND = "Archivist.Harmless.UNOFFICIAL"
SIGNATURES = {"Archivist.Harmless": HARMLESS}
NOTHING = {"Archivist.Nothing": b"archivist: a string that no scan holds"}


def test_a_verdict_comes_from_clamd_itself(tmp_path):
    """Clean, found across two pieces, and more than it takes, which is no verdict."""
    with Clamd(tmp_path, SIGNATURES, "StreamMaxLength 2M") as clamd:
        scanner = Scanner(clamd.place)
        assert scanner.version().startswith("ClamAV")
        assert scanner.look([b"a" * 700_000, b"", b"b"]) is None
        assert scanner.look([b"x" * 300_000 + HARMLESS[:20], HARMLESS[20:]]) == FOUND
        with pytest.raises(ScannerAway):
            scanner.look([b"a" * 3_000_000])
        # Only once it is told to say so: otherwise it calls clean what it has not read.
    with Clamd(_below(tmp_path), SIGNATURES, "MaxFileSize 1M", "AlertExceedsMax yes") as clamd:
        told = Scanner(clamd.place).look([b"a" * 1_500_000, HARMLESS])
        assert told is not None and "Limits.Exceeded" in told


def test_what_clamd_finds_goes_to_quarantine_and_an_audit_finds_what_it_learns_later(
    home: Home, scan, tmp_path
):
    """An infected scan is not filed; one filed before its signature was known is named."""
    first, later = tmp_path / "first", tmp_path / "later"
    first.mkdir()
    later.mkdir()
    early, infected, clean = scan("甲方"), scan("丙方"), scan("乙方")
    known = {
        "Archivist.First": _own(early, infected, clean),
        "Archivist.Second": _own(infected, early, clean),
    }
    home.drop("C000001/D000001/合同/a.pdf", early)
    with Clamd(first, NOTHING) as clamd:
        home.set("virus", socket=clamd.place)
        filed = home.lines("watch", "--once", "--workers", "1")
        assert [(one["outcome"], one["reason"]) for one in filed] == [("filed", None)]
    home.drop("C000001/D000001/合同/b.pdf", infected)
    home.drop("C000001/D000001/合同/c.pdf", clean)
    with Clamd(later, known) as clamd:
        home.set("virus", socket=clamd.place)
        outcomes = home.lines("watch", "--once", "--workers", "1")
        told = home.json("audit", code=3)
    assert sorted((o["outcome"], o["reason"], o["tray"]) for o in outcomes) == [
        ("filed", None, None), ("refused", "infected", "quarantine")]  # fmt: skip
    assert home.in_tray("quarantine") == [infected]
    found = [(one["code"], one["subject"]) for one in told["findings"]]
    assert ("V-INFECTED", "R00000001") in found and told["scanned"] == 2
    assert [code for code, _ in found if code == "V-INFECTED"] == ["V-INFECTED"]


def _own(raw: bytes, *others: bytes) -> bytes:
    """Forty bytes that this scan has and the others have not."""
    pieces = (raw[at : at + 40] for at in range(len(raw) - 40))
    return next(one for one in pieces if not any(one in other for other in others))


def _below(tmp_path):
    folder = tmp_path / "limits"
    folder.mkdir()
    return folder
