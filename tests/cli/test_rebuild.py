"""`rebuild` and `reconcile`: the shadows come back equal; every scan has one recorded end."""

import shutil

import pytest
from archive_home import Home
from backup_home import WORDS

from archivist import rebuilding, regulations


@pytest.fixture(scope="module")
def made(template, scan, tmp_path_factory):
    """An archive in which some of everything happened."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("made") / "home")
    home.set("keys", scrypt_log_n=16)
    home.set("company", **{'"role.drafting_unit"': "archivist", "secrecy_notice": "30"})
    for number, text in enumerate(WORDS):
        path = home.top / f"{number}.pdf"
        path.write_bytes(scan(text, "销售合同"))
        more = ("--grade", "PUBLIC") if number == 1 else ()
        home.lines("file", path, "--dossier", "D000001", "--type", "合同", *more)
    for name in ("来历不明", "退回", "同"):
        home.drop(f"{name}.pdf", scan(name))
    waiting = home.lines("watch", "--once")
    home.json("inbox", "reject", waiting[1]["claim"], "--reason", "x")
    home.json("attest", "R00000001", "--copy", "original")
    home.json("regrade", "R00000003", "CONF", "--reason", "x", "--until", "2031-01-01")
    home.json("incident", "report", "--of", "leak", "--record", "R00000001", "--what", "x")
    home.json("need-to-know", "limit", "D000002", "--grade", "SECRET", "--reason", "x")
    home.json("key", "rotate", "SECRET")
    home.json("search", "销售")
    return home


@pytest.fixture
def home(made, tmp_path):
    """A copy of it for one test."""
    return Home.copy_of(made.top, tmp_path / "home")


def rows(home):
    """Every row of every table of the catalogue, once the regulations have been asked for."""
    archive = home.open()
    archive.follow()
    regulations.policy_of(archive.settings, archive.catalogue)
    tables = archive.catalogue._all("SELECT name FROM sqlite_master WHERE type = 'table'")
    found = {
        table["name"]: sorted(map(repr, archive.catalogue._db.execute(
            f"SELECT * FROM {table['name']}").fetchall()))
        for table in tables
    }  # fmt: skip
    archive.close()
    return found


def hits(home):
    found = [home.json("search", word) for word in ("销售", *WORDS, "合同")]
    return [{name: one[name] for name in ("total", "hits")} for one in found]


def test_the_shadows_come_back_equal(home):
    """Catalogue and full text are deleted, and come back with every row and every hit."""
    before, found = rows(home), hits(home)
    assert len([name for name, content in before.items() if content]) > 12
    assert [one["total"] for one in found] == [3, 1, 1, 1, 3]
    old = {p.name for p in (*home.root.glob("*.db"), *home.root.glob("index/*.db"))}
    result = home.json("rebuild")
    new = {p.name for p in (*home.root.glob("*.db"), *home.root.glob("index/*.db"))}
    assert old == new and {"catalogue.db", "SECRET.db"} <= old
    assert result["catalogue"]["records"] == 3
    assert {row["key"]: row["records"] for row in result["index"] if row["records"]} == {
        "SECRET": 1, "PUBLIC": 1, "CONF": 1}  # fmt: skip
    assert rows(home) == before
    assert hits(home) == found


def test_what_somebody_wrote_into_the_catalogue_is_gone(home):
    """A row that no entry makes does not survive; nor does a catalogue that cannot be read."""
    before = rows(home)
    archive = home.open()
    archive.catalogue._run("UPDATE record SET grade = 'PUBLIC'")
    archive.catalogue._run("DELETE FROM mention")
    archive.close()
    assert rows(home) != before
    home.json("rebuild", "--catalogue")
    assert rows(home) == before
    for path in home.root.glob("catalogue.db*"):
        path.unlink()
    (home.root / "catalogue.db").write_bytes(b"noise" * 4000)
    home.json("rebuild", "--catalogue")
    assert rows(home) == before


def test_of_what_nobody_here_may_read_the_index_waits(home):
    """Without anybody logged in the full text is deleted, and the next search makes it."""
    found = hits(home)
    env = {"ARCHIVIST_PASSPHRASE": None, "XDG_RUNTIME_DIR": str(home.top / "nobody")}
    (home.top / "nobody").mkdir(mode=0o700)
    ran = home.run("--json", "rebuild", "--index", **env)
    assert ran.code == 0 and ran.json["catalogue"] is None
    assert {row["records"] for row in ran.json["index"]} == {None}
    assert not list(home.root.glob("index/*.db"))
    assert hits(home) == found


def test_rebuilding_cut_short_is_done_by_the_next_command(home, monkeypatch):
    """Between deleting and making anew there is no catalogue: any command makes it."""
    before = rows(home)
    archive = home.open()
    archive.follow()
    monkeypatch.setattr(archive, "follow", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        rebuilding.rebuild_catalogue(archive)
    archive.close()
    assert not list(home.root.glob("catalogue.db*"))
    assert rows(home) == before


# ── where every scan ended ────────────────────────────────────────────────────


def test_every_scan_has_one_end(home):
    """Filed, in a tray or rejected: nothing is left over."""
    result = home.json("reconcile")
    assert result == {"claims": 6, "ends": {"filed": 3, "refused": 2, "rejected": 1},
                      "findings": []}  # fmt: skip


def test_what_does_not_fit_has_its_code(home, scan):
    """What is gone, elsewhere, unnamed, left over, begun or no claim at all is listed."""
    trays = home.root / "trays"
    gone, moved = sorted(p for p in (trays / "unsorted").iterdir() if p.is_dir())
    record = next((home.root / "store").rglob("R00000001.pdf.age"))
    filed = next(e["claim"] for e in home.json("ledger", "show") if e["act"] == "file")
    shutil.rmtree(gone)
    moved.rename(trays / "duplicates" / moved.name)
    record.unlink()
    shutil.copytree(trays / "duplicates" / moved.name, home.root / "work" / filed)
    for place, name in (("work", "01M8KDJVYVYXR027HN02WDVQN1"), ("trays/unsorted", "0" * 26)):
        (home.root / place / name / "drop").mkdir(parents=True)
    (home.root / "work" / "notes.txt").write_text("张伟")
    (home.root / "work" / "orphans" / "00ff").mkdir(parents=True)
    home.drop("新到.pdf", scan("新到"))
    ran = home.run("--json", "reconcile")
    assert ran.code == 3
    listed = sorted((f["code"], f["claim"]) for f in ran.json["findings"])
    assert listed == sorted([
        ("F-GONE", gone.name), ("F-GONE", filed), ("F-TRAY", moved.name), ("F-ENDED", filed),
        ("F-BEGUN", "01M8KDJVYVYXR027HN02WDVQN1"), ("F-UNNAMED", "0" * 26),
        ("F-STRAY", "work"), ("F-ORPHAN", "work/orphans/00ff"), ("F-DROP", "drop"),
    ])  # fmt: skip
    assert "张伟" not in ran.out.decode() and "新到" not in ran.out.decode()
    shown = home.run("reconcile", ARCHIVIST_LANG="zh").out.decode()
    assert "F-UNNAMED" in shown and "已归档 3" in shown
