"""After a crash: every claim has one end, and doing it twice changes nothing."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archivist.examine import Examiners
from archivist.intake import Piece, take_in
from archivist.recover import recover
from archivist.regulations import policy_of
from storage.errors import Busy

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def examiners():
    with Examiners(workers=1) as pool:
        yield pool


@pytest.fixture
def archive(home):
    opened = home.open()
    yield opened
    opened.close()


@pytest.fixture
def claimed(home, archive, examiners):
    """Drop, claim and examine a scan; gives the piece as intake takes it."""

    def make(name, content, number=0):
        path = home.drop(name, content)
        claim = archive.claims.take(path, home.drop_folder, NOW, bytes([number] * 10))
        return Piece(claim, examiners.examine(claim.path))

    return make


def taken(archive, pieces, now=NOW):
    return take_in(pieces, archive, policy_of(archive.settings, archive.catalogue), now, "station")


def restarted(home):
    """The archive as the next process finds it."""
    return home.open()


def test_what_the_ledger_names_as_filed_is_dropped(home, archive, claimed, scan, monkeypatch):
    """The crash came after the commit and before tidying: the record stands, the claim goes."""
    piece = claimed("C000001/合同/a.pdf", scan())
    monkeypatch.setattr("archivist.intake.tidy", lambda *_: None)
    (outcome,) = taken(archive, [piece])
    assert outcome.filed
    assert piece.claim.path.exists()
    archive.close()
    again = restarted(home)
    assert recover(again, NOW) == []
    assert not piece.claim.folder.exists()
    assert recover(again, NOW) == []
    again.close()


def test_what_it_names_as_refused_goes_to_the_tray_it_names(
    home, archive, claimed, scan, monkeypatch
):
    """Also a refusal is carried to its end, once."""
    piece = claimed("无主.pdf", scan())
    monkeypatch.setattr("archivist.intake.tidy", lambda *_: None)
    (outcome,) = taken(archive, [piece])
    assert not outcome.filed
    archive.close()
    again = restarted(home)
    for _ in range(2):
        assert recover(again, NOW) == []
        assert len(home.tray_files("unsorted")) == 1
    again.close()


def test_what_it_does_not_name_starts_again(home, archive, claimed, scan):
    """The claim is given back to be read, with its path in the drop folder."""
    piece = claimed("C000001/合同/a.pdf", scan())
    archive.close()
    again = restarted(home)
    (left,) = recover(again, NOW)
    assert left.source == piece.claim.source
    again.close()


def test_copies_and_parts_are_begun_anew(home, archive, claimed, scan):
    """The person has the original, the stack its pages: unfinished ones are thrown away."""
    piece = claimed("堆.pdf", scan())
    archive.claims.part(piece.claim, 1, ".pdf").path.write_bytes(b"half")
    original = home.top / "by hand.pdf"
    original.write_bytes(scan())
    archive.claims.copy_in(original, NOW, b"\1" * 10)
    archive.close()
    again = restarted(home)
    assert [claim.id for claim in recover(again, NOW)] == [piece.claim.id]
    assert [path.name for path in (home.root / "work").iterdir()] == [piece.claim.id]
    assert original.exists()
    again.close()


def test_a_scan_that_changes_while_it_is_taken_in_is_not_filed(home, archive, claimed, scan):
    """What was read must be what is sealed: nothing is recorded, and it starts again later."""
    piece = claimed("C000001/合同/a.pdf", scan())
    with piece.claim.path.open("ab") as writer:
        writer.write(b"% more\n")
    size = archive.ledger.size
    with pytest.raises(Busy):
        taken(archive, [piece])
    assert archive.ledger.size == size
    archive.close()
    assert home.lines("watch", "--once")[0]["outcome"] == "filed"
    assert home.records() == ["R00000001"]


def test_what_was_sealed_before_a_crash_is_set_aside(home, archive, claimed, scan, monkeypatch):
    """The name belongs to no entry; the next record takes it, and both bodies exist."""
    piece = claimed("C000001/合同/a.pdf", scan())

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("archivist.archive.Desk.append", crash)
        with pytest.raises(KeyboardInterrupt):
            taken(archive, [piece])
    archive.close()
    content = piece.claim.path.read_bytes()
    home.lines("watch", "--once")
    assert home.records() == ["R00000001"]
    assert home.opened("R00000001") == content
    assert [path.name for path in (home.root / "work").iterdir()] == ["orphans"]
    assert content[:64] not in b"".join(
        path.read_bytes() for path in (home.root / "work").rglob("*") if path.is_file()
    )


def test_two_equal_scans_in_one_batch_are_one_record(home, archive, claimed, scan):
    """The second of a batch is a duplicate of the first, though neither was there before."""
    content = scan()
    outcomes = taken(archive, [claimed(f"C000001/合同/{n}.pdf", content, n) for n in range(3)])
    assert [outcome.filed for outcome in outcomes] == [True, False, False]
    assert len(home.tray_files("duplicates")) == 2


def test_a_clock_that_is_set_back_does_not_matter(home, archive, claimed, scan):
    """Order comes from the ledger, not from the clock: yesterday's entry stands behind today's."""
    for number, days in enumerate((0, -400, 30)):
        piece = claimed(f"C000001/合同/{number}.pdf", scan(f"第{number}"), number)
        assert taken(archive, [piece], NOW + timedelta(days=days))[0].filed
    archive.close()
    assert home.records() == ["R00000001", "R00000002", "R00000003"]
    assert home.json("ledger", "verify")["ok"]
    assert home.json("search", "第")["total"] == 3


# ── shadows ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("engine", ["fts5", "whoosh"])
def test_deleted_shadows_come_back_by_themselves(home, scan, engine):
    """Catalogue and indexes are rebuilt by the next command that needs them."""
    home.set("search", engine=engine)
    home.drop("C000001/合同/a.pdf", scan("甲方购买乙方出售"))
    home.lines("watch", "--once")
    before = {words: home.json(*words) for words in SEEN}
    hits = home.json("search", "购买")["hits"]
    assert len(hits) == 1
    for round_ in range(3):
        for path in [*home.root.glob("catalogue.db*")][: None if round_ else 1]:
            path.unlink()
        for path in sorted((home.root / "index").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        if round_ == 2:
            (home.root / "index").rmdir()
        assert home.json("search", "购买")["hits"] == hits
        assert {words: home.json(*words) for words in SEEN} == before


SEEN = (("customer", "list"), ("dossier", "list"), ("dossier", "show", "D000001"), ("missing",),
        ("show", "R00000001"), ("inbox", "list"), ("ledger", "verify"))  # fmt: skip


def test_a_catalogue_of_another_time_catches_up(home, scan):
    """An old copy of the catalogue put back follows the ledger from where it stood."""
    old = {path.name: path.read_bytes() for path in home.root.glob("catalogue.db*")}
    home.drop("C000001/合同/a.pdf", scan())
    home.lines("watch", "--once")
    for path in home.root.glob("catalogue.db*"):
        path.unlink()
    for name, content in old.items():
        Path(home.root / name).write_bytes(content)
    assert len(home.json("dossier", "show", "D000001")["records"]) == 1


def test_the_index_alone_may_be_damaged(home, scan):
    """Garbage in place of an index is noticed and the index built anew."""
    home.drop("C000001/合同/a.pdf", scan("甲方购买乙方出售"))
    home.lines("watch", "--once")
    assert home.json("search", "购买")["total"] == 1
    for path in (home.root / "index").iterdir():
        path.write_bytes(os.urandom(9000))
    assert home.json("search", "购买")["total"] == 1


def test_an_index_in_the_blocks_of_an_earlier_version_is_built_anew(home, scan, monkeypatch):
    """Its key fits and its blocks do not; the next search makes it from the sealed cards."""
    home.drop("C000001/合同/a.pdf", scan("甲方购买乙方出售"))
    home.lines("watch", "--once")
    with monkeypatch.context() as earlier:
        blocks = ("cipher_page_size = 16384", "cipher_hmac_algorithm = HMAC_SHA512")
        earlier.setattr("index.fts5.CONTAINER", blocks)
        home.run("rebuild", "--index")
        assert home.json("search", "购买")["total"] == 1
    salts = {path: path.read_bytes()[:16] for path in (home.root / "index").glob("*.db")}
    assert home.json("search", "购买")["total"] == 1
    assert [path for path, salt in salts.items() if path.read_bytes()[:16] == salt] == []
