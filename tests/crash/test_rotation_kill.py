"""A fault at each durable step of a rotation: records stay readable, and the next run ends it.

The rotation runs in a child that is killed right before one of its calls that change a disk, or
one of them fails, before it landed or after (`tests/support/faults.py`).
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archive_home import PASSPHRASE, PERSON, Home
from faults import run, tried

from archivist import rotation
from archivist.holding import halves
from archivist.recover import recover
from index.errors import ShadowError
from storage.errors import StorageError

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RECORDS = 5
TOLD = (StorageError, ShadowError, OSError)


@pytest.fixture(scope="module")
def ready(template, scan, tmp_path_factory):
    """An archive with some sealed records and a full-text index, and who opens them."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("ready") / "home")
    for number in range(RECORDS):
        path = home.top / f"{number}.pdf"
        path.write_bytes(scan(f"第{number}份", "销售合同"))
        home.lines("file", path, "--dossier", "D000001", "--type", "合同")
    assert home.json("search", "销售合同")["total"] == RECORDS
    archive = home.open()
    person = archive.people.unlock(PERSON, PASSPHRASE)
    archive.close()
    return home, person


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    """Several batches for a handful of records."""
    monkeypatch.setattr(rotation, "TOGETHER", 2)


def texts(archive, person):
    """Every record's stored scan, opened."""
    rows = [archive.the("record", f"R{number:08}") for number in range(1, RECORDS + 1)]
    return [b"".join(archive.record_bytes(row, "scan", person)) for row in rows]


def assert_ended(home, person, expected):
    """All records open with the one key that is left, and ledger and catalogue are whole."""
    archive = home.open()
    archive.follow()
    held = archive.keys.held_by(PERSON)
    (generation,) = [number for grade, number in held if grade == "SECRET"]
    assert archive.catalogue.newest_generation("SECRET") == generation
    assert archive.keys.generations("SECRET")[-1] == generation
    beside = [name for name in archive.counterparts.names() if name.startswith("SECRET-")]
    assert beside == [f"SECRET-{generation:04}"], "too much was kept beside the house key"
    rows = [archive.the("record", f"R{number:08}") for number in range(1, RECORDS + 1)]
    assert {row["generation"] for row in rows} == {generation}
    assert texts(archive, person) == expected
    assert archive.ledger.verify().ok
    assert not rotation.under_way(archive, "SECRET")
    archive.close()
    assert home.json("ledger", "verify")["ok"]
    assert home.json("search", "销售合同")["total"] == RECORDS


def test_a_rotation_that_ends_at_any_step_is_finished_by_the_next(ready, tmp_path):
    """Before, between and after: no record is lost, no old key stays, nothing is done twice."""
    source, person = ready
    archive = source.open()
    archive.follow()
    expected = texts(archive, person)
    archive.close()

    def rotate(home):
        rotation.rotate(home.open(), "SECRET", person, NOW)

    whole = Home.copy_of(source.top, tmp_path / "whole")
    end = run(lambda: rotate(whole))
    assert end.how == "done", end.told
    assert_ended(whole, person, expected)
    for fault in tried(end.calls, "killed", "lost", "landed", count=4):
        home = Home.copy_of(source.top, tmp_path / "home")
        end = run(lambda home=home: rotate(home), fault)
        assert end.error is None or issubclass(end.error, TOLD), (fault, end.told)
        _survives(home, person, expected, fault)
        shutil.rmtree(home.top)


def _survives(home, person, expected, fault):
    archive = home.open()
    archive.follow()
    assert texts(archive, person) == expected, f"unreadable after {fault}"
    assert recover(archive, NOW) == []
    generation, _ = archive.sealing_key("SECRET")  # the station can go on filing
    assert archive.keys.holds("SECRET", generation, PERSON)
    archive.close()
    archive = home.open()
    if rotation.under_way(archive, "SECRET"):
        assert rotation.rotate(archive, "SECRET", person, NOW).damaged == ()
    archive.close()
    assert_ended(home, person, expected)


def test_killed_after_its_end_the_old_key_is_gone_after_recovery(ready, tmp_path, monkeypatch):
    """The entry that ends it is the commit point: what follows needs nobody's key."""
    source, person = ready
    home = Home.copy_of(source.top, tmp_path / "home")
    archive = home.open()
    monkeypatch.setattr(rotation, "_destroy", lambda *_: [])
    rotation.rotate(archive, "SECRET", person, NOW)
    monkeypatch.undo()
    assert rotation.under_way(archive, "SECRET")
    recover(archive, NOW)
    assert not rotation.under_way(archive, "SECRET")
    assert archive.keys.holders("SECRET", 1) == []
    assert not archive.counterparts.has("SECRET-0001")
    archive.counterparts.make("SECRET-0001")  # as where only the sealed copies were deleted
    assert halves(archive) == ([], [], ["SECRET-0001"])
    recover(archive, NOW)
    assert halves(archive) == ([], [], [])
    archive.close()


def test_a_generation_that_no_entry_names_is_removed(ready, tmp_path):
    """A crash left a key nothing was ever sealed to: it goes, and filing never noticed."""
    source, _ = ready
    home = Home.copy_of(source.top, tmp_path / "home")
    archive = home.open()
    archive.follow()
    left = archive.keys.new_generation("SECRET")
    archive.keys.grant(left, archive.people.person(PERSON))
    assert archive.sealing_key("SECRET")[0] == 1
    recover(archive, NOW)
    assert archive.keys.generations("SECRET") == [1]
    assert not list(Path(home.root, "keys", "grades", "SECRET", "0002").glob("*"))
    assert not archive.counterparts.has("SECRET-0002")
    archive.close()
