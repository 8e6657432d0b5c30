"""What has to hold whatever happened: `assert_whole`, and every byte that was given: `ends_of`.

archive.follow()
assert_whole(archive)          # ledger, catalogue, everything stored; nothing left half done
"""

import hashlib
from collections import Counter
from typing import Any

from archive_home import Home

from archivist.vouching import vouched
from storage.ledger_audit import verify

TRAYS = ("unsorted", "quarantine", "duplicates", "rejected")


def assert_whole(archive: Any, about: object = "") -> None:
    """The ledger proves itself; the catalogue is the one that a replay makes, row by row; what is
    stored, granted and kept is what entries name."""
    archive.ledger.publish()
    report = verify(archive.root / "ledger", archive.settings.vkey)
    assert report.ok, (about, report.findings)
    archive.follow()
    found = list(vouched(archive))
    assert found == [], (about, found)


def no_claim_left(home: Home) -> bool:
    """Whether nothing waits in the work folder; what a crash sealed for nobody may stay aside."""
    files = (path for path in (home.root / "work").rglob("*") if path.is_file())
    return all("orphans" in path.parts for path in files)


def digest(content: bytes) -> str:
    """How a scan is known again."""
    return hashlib.sha256(content).hexdigest()


def ends_of(home: Home, archive: Any, person: Any) -> Counter[str]:
    """Digest of every scan: as often as it lies in a record, a tray, the drop or work folder."""
    found: Counter[str] = Counter()
    for row in archive.catalogue._all("SELECT * FROM record"):
        found[digest(b"".join(archive.record_bytes(row, "scan", person, keeping=True)))] += 1
    for tray in TRAYS:
        found.update(map(digest, home.in_tray(tray)))
    for folder in (home.drop_folder, home.root / "work"):
        files = [p for p in folder.rglob("*") if p.is_file() and "orphans" not in p.parts]
        found.update(digest(path.read_bytes()) for path in files)
    return found
