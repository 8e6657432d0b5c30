"""Somebody writes into the archive's folder: reading refuses, and `ledger verify` names it.

He may hold the house key, which opens the catalogue, and he may move any file. What he does
stands in the table; for each of his deeds every record either opens as what it is or is
refused, no search or page says anything false of it, and the verification names the deed.
"""

import contextlib
import json
from pathlib import Path

import pytest
from archive_home import PASSPHRASE, PERSON, Home

GRADES = {"R00000001": "TOP", "R00000002": "CONF", "R00000003": "PUBLIC", "R00000004": "TOP"}
STORE, HEADS = "store/C000001/D000001", "keys/records/C000001/D000001"
ONE, TWO = f"{STORE}/R00000001", f"{STORE}/R00000004"
HEAD_ONE, HEAD_TWO = f"{HEADS}/R00000001.head", f"{HEADS}/R00000004.head"
SECOND = "eine ganz andere 口令"


@pytest.fixture(scope="module")
def original(template, tmp_path_factory, scan):
    """An archive with four records of three grades, a second person, and one row of each kind."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("tampering"))
    home.set("keys", scrypt_log_n=16)
    added = home.run("person", "add", "wang", "--role", "sales_adviser",
                     ARCHIVIST_NEW_PASSPHRASE=SECOND)  # fmt: skip
    assert added.code == 0, added.err
    for record, grade in GRADES.items():
        path = home.top / f"{record}.pdf"
        path.write_bytes(scan(f"甲方文件{record}"))
        (filed,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同",
                              "--grade", grade)  # fmt: skip
        assert filed["record"] == record
    home.json("attest", "R00000002", "--copy", "original")
    home.json("violation", "record", "lost_or_damaged", "--role", "archive_clerk",
              "--reason", "x")  # fmt: skip
    assert home.json("ledger", "verify")["ok"]
    home.shown = {record: told(home, record) for record in GRADES}
    return home


@pytest.fixture
def home(original, tmp_path):
    """A copy to do harm to."""
    return Home.copy_of(original.top, tmp_path)


def told(home, record):
    return {key: value for key, value in home.json("show", record).items() if key != "history"}


# ── deeds ─────────────────────────────────────────────────────────────────────


def sql(*statements):
    """Write into the catalogue, as whoever has the house key can."""

    def deed(home):
        with contextlib.closing(home.open()) as archive:
            for statement in statements:
                archive.catalogue._db.execute(statement)

    return deed


def swap(*pairs):
    """Exchange the names of files."""

    def deed(home):
        for one, other in pairs:
            first, second = home.root / one, home.root / other
            aside = home.root / "aside"
            first.rename(aside)
            second.rename(first)
            aside.rename(second)

    return deed


def move(one, other):
    """Rename a file over another one."""

    def deed(home):
        (home.root / one).replace(home.root / other)

    return deed


def drop(name):
    """Delete a file."""
    return lambda home: (home.root / name).unlink()


def update(column, value, record="R00000001"):
    return sql(f"UPDATE record SET {column} = {value} WHERE id = '{record}'")


SWAPPED_IDS = sql(
    "UPDATE record SET id = 'R99999999' WHERE id = 'R00000001'",
    "UPDATE record SET id = 'R00000001' WHERE id = 'R00000003'",
    "UPDATE record SET id = 'R00000003' WHERE id = 'R99999999'",
)
COPIED_ROW = sql(
    "CREATE TEMP TABLE other AS SELECT * FROM record WHERE id = 'R00000003'",
    "UPDATE other SET id = 'R00000009', idx = 900, claim = 'X', print = 'X'",
    "INSERT INTO record SELECT * FROM other",
)
OTHER_OBJECTS = sql(
    "UPDATE record SET (objects, print) = "
    "(SELECT objects, print FROM record WHERE id = 'R00000003') WHERE id = 'R00000001'"
)

# What was done → (the deed, the code and a word of the finding, the records then refused).
DEEDS = {
    "a lower grade": (update("grade", "'CONF'"), ("C-ALTERED", "record R00000001"), 1),
    "never sealed": (update("generation", "NULL"), ("C-ALTERED", "record R00000001"), 1),
    "public and never sealed": (
        update("generation = NULL, grade", "'PUBLIC'"), ("C-ALTERED", "record R00000001"), 1),
    "another generation": (update("generation", "2"), ("C-ALTERED", "record R00000001"), 1),
    "another's objects": (OTHER_OBJECTS, ("C-ALTERED", "record R00000001"), 1),
    "fewer pages": (update("pages", "7", "R00000003"), ("C-ALTERED", "record R00000003"), 3),
    "another customer": (
        update("customer", "'C000002'"), ("C-ALTERED", "record R00000001"), 1),
    "another dossier": (update("dossier", "'D000002'"), ("C-ALTERED", "record R00000001"), 1),
    "another type": (update("type", "'identity'"), ("C-ALTERED", "record R00000001"), 1),
    "another day": (update("filed", "'2020-01-01T00:00:00Z'"), ("C-ALTERED", "R00000001"), 1),
    "broken columns": (update("objects", "'{}'"), ("C-ALTERED", "record R00000001"), 1),
    "swapped rows": (SWAPPED_IDS, ("C-ALTERED", "record R00000003"), 1),
    "a deleted row": (
        sql("DELETE FROM record WHERE id = 'R00000002'"), ("C-LOST", "record R00000002"), 2),
    "an added row": (COPIED_ROW, ("C-FOREIGN", "record R00000009"), 9),
    "a deleted mention": (
        sql("DELETE FROM mention WHERE subject = 'R00000001'"),
        ("C-LOST", "mention R00000001"), 1),
    "an attestation": (
        sql("UPDATE attestation SET value = 'no'"), ("C-ALTERED", "attestation R00000002"), 2),
    "an invented attestation": (
        sql("INSERT INTO attestation VALUES ('R00000001','D000001','copy','','yes',3)"),
        ("C-FOREIGN", "attestation R00000001"), 1),
    "an invented handover": (
        sql("INSERT INTO handover VALUES (5,'C000001','D000001','li','wang','2026-01-01')"),
        ("C-FOREIGN", "handover 5"), None),
    "a forgiven violation": (
        sql("UPDATE violation SET state = 'dismissed'"), ("C-ALTERED", "violation V000001"), None),
    "a forgotten violation": (
        sql("DELETE FROM violation"), ("C-LOST", "violation V000001"), None),
    "a clearance": (
        sql("INSERT INTO clearance (key, generation, person) VALUES ('TOP', 1, 'wang')"),
        ("C-FOREIGN", "clearance TOP 1 wang"), None),
    "another's roles": (
        sql("UPDATE person SET roles = '[\"archivist\"]' WHERE id = 'wang'"),
        ("C-ALTERED", "person wang"), None),
    "a customer's name": (
        sql("UPDATE customer SET name = '无名'"), ("C-ALTERED", "customer C000001"), None),
    "a number that leads elsewhere": (
        sql("UPDATE known_by SET id = 'D000002' WHERE kind = 'dossier' AND id = 'D000001'"),
        ("C-FOREIGN", "known_by dossier D000002"), None),
    "a counter set back": (
        sql("UPDATE meta SET v = '1' WHERE k = 'last_record'"),
        ("C-ALTERED", "meta last_record"), None),
    "a trigger": (
        sql("CREATE TRIGGER t AFTER INSERT ON record BEGIN "
            "UPDATE record SET grade = 'PUBLIC' WHERE id = NEW.id; END"),
        ("C-FOREIGN", "sqlite_master t"), None),
    "swapped bodies": (
        swap((f"{ONE}.pdf.age", f"{TWO}.pdf.age")), ("S-BODY", "R00000004.pdf"), 1),
    "swapped cards": (
        swap((f"{ONE}.card.age", f"{TWO}.card.age")), ("S-BODY", "R00000004.card"), None),
    "card for scan": (
        swap((f"{ONE}.card.age", f"{ONE}.pdf.age")), ("S-BODY", "R00000001.card"), 1),
    "swapped heads": (swap((HEAD_ONE, HEAD_TWO)), ("S-HEAD", "R00000004"), 1),
    "head and bodies swapped": (
        swap((HEAD_ONE, HEAD_TWO), (f"{ONE}.pdf.age", f"{TWO}.pdf.age"),
             (f"{ONE}.card.age", f"{TWO}.card.age")), ("S-HEAD", "R00000001"), 1),
    "绝密 in place of 公开": (
        move(f"{ONE}.pdf.age", f"{STORE}/R00000003.pdf.age"), ("S-BODY", "R00000003.pdf"), 3),
    "公开 in place of 绝密": (
        move(f"{STORE}/R00000003.pdf.age", f"{ONE}.pdf.age"), ("S-BODY", "R00000001.pdf"), 1),
    "a body lost": (drop(f"{ONE}.pdf.age"), ("S-BODY", "R00000001.pdf"), 1),
    "a head lost": (drop(HEAD_ONE), ("S-HEAD", "R00000001"), 1),
    "a customer's card lost": (
        drop("store/C000001/C000001-00000009.card.age"), ("S-CARD", "C000001"), None),
    "swapped public keys": (
        swap(("keys/grades/TOP/0001/public", "keys/grades/CONF/0001/public")),
        ("K-GRADE", "TOP/0001"), 1),
    "swapped people": (
        swap(("keys/people/li.json", "keys/people/wang.json")),
        ("K-PERSON", "keys/people/li.json"), None),
}  # fmt: skip


@pytest.fixture(params=DEEDS)
def harmed(request, home):
    """The archive after one deed, with what is expected of it."""
    deed, finding, refused = DEEDS[request.param]
    deed(home)
    home.finding, home.refused = finding, refused and f"R{refused:08}"
    return home


def test_the_verification_names_it(harmed):
    """Exit 13, a stable code, and the row or file that it is about."""
    result = harmed.json("ledger", "verify", code=13)
    code, where = harmed.finding
    found = [(f["code"], f["where"]) for f in result["findings"]]
    assert not result["ok"]
    assert [f for f in found if f[0] == code and where in f[1]], found
    assert "张伟" not in json.dumps(result, ensure_ascii=False)


def test_no_record_opens_as_another(harmed, original):
    """What opens is what was filed under this id; the record the deed was about does not."""
    for record in (*GRADES, "R00000009"):
        ran = harmed.run("view", record, "--purpose", "test")
        assert ran.code in (0, 2, 13), ran.err
        if record == harmed.refused:
            assert ran.code, record
        if ran.code == 0:
            assert ran.out == (original.top / f"{record}.pdf").read_bytes()
        else:
            assert b"%PDF" not in ran.out


def test_what_is_shown_of_a_record_is_true(harmed, original):
    """`show` says what it said before, or refuses."""
    for record in GRADES:
        ran = harmed.run("--json", "show", record)
        assert ran.code in (0, 2, 13), ran.err
        if ran.code == 0:
            shown = {key: value for key, value in ran.json.items() if key != "history"}
            assert shown == original.shown[record]


def test_a_search_finds_nothing_under_a_wrong_name(harmed, original):
    """An index made after the deed holds of each record its own text, place, type and grade."""
    result = harmed.run("--json", "search", "甲方文件")
    assert result.code in (0, 13), result.err
    for hit in result.json["hits"] if result.code == 0 else []:
        was = original.shown[hit["record"]]
        assert hit["record"] in hit["snippet"].replace("*", "")
        assert {k: hit[k] for k in ("customer", "dossier", "type", "grade")} == {
            k: was[k] for k in ("customer", "dossier", "type", "grade")
        }


# ── deeds that need a story ───────────────────────────────────────────────────


def test_a_page_in_another_s_name_lets_nobody_in(home):
    """Each one's keys fit only the page that the ledger names."""
    swap(("keys/people/li.json", "keys/people/wang.json"))(home)
    assert home.run("login", PERSON, ARCHIVIST_PASSPHRASE=PASSPHRASE).code == 13
    assert home.run("login", "wang", ARCHIVIST_PASSPHRASE=SECOND).code == 13


def test_a_key_of_one_s_own_in_place_of_another_s_is_named(home):
    """Replacing only what others seal to, not the signing key, shows as well."""
    pages = [home.root / "keys/people" / f"{name}.json" for name in (PERSON, "wang")]
    li, wang = (json.loads(page.read_bytes()) for page in pages)
    pages[1].chmod(0o644)
    pages[1].write_text(json.dumps(wang | {"recipient": li["recipient"]}))
    found = home.json("ledger", "verify", code=13)["findings"]
    assert [f["code"] for f in found] == ["K-PERSON"]


def test_a_swapped_public_key_seals_nothing(home, scan):
    """The station does not file under a key that the ledger does not name."""
    swap(("keys/grades/TOP/0001/public", "keys/grades/CONF/0001/public"))(home)
    path = home.top / "new.pdf"
    path.write_bytes(scan("新的合同"))
    ran = home.run("file", path, "--dossier", "D000001", "--type", "合同", "--grade", "TOP")
    assert ran.code == 13
    assert len(home.records()) == len(GRADES)


def test_a_head_from_before_a_rotation_is_refused_and_named(home):
    """Put back after its key was given up, also with a catalogue that agrees with it."""
    old = (home.root / HEAD_ONE).read_bytes()
    home.json("key", "rotate", "TOP")
    assert home.json("ledger", "verify")["ok"]
    assert home.opened("R00000001")
    (home.root / HEAD_ONE).chmod(0o644)
    (home.root / HEAD_ONE).write_bytes(old)
    for deed in (None, update("generation", "1")):
        if deed:
            deed(home)
        ran = home.run("view", "R00000001", "--purpose", "test")
        assert (ran.code, ran.out) == (13, b"")
        found = home.json("ledger", "verify", code=13)["findings"]
        assert ("S-HEAD", "C000001/D000001/R00000001") in [(f["code"], f["where"]) for f in found]
    assert home.opened("R00000004")


def test_another_archive_s_house_key_is_no_damage(home, tmp_path):
    """The ledger verifies; what only the right key could compare is not compared."""
    other = Home(tmp_path / "other")
    other.json("init", other.root, "--pack", "auto-dealer", "--pack", "secrecy",
               "--person", PERSON, "--work-factor", "16")  # fmt: skip
    (key,) = (other.top / "config" / "archivist").glob("*.key")
    assert home.json("ledger", "verify", ARCHIVIST_HOUSE_KEY=str(key))["ok"]


def test_a_catalogue_that_does_not_open_is_named(home):
    """Bytes that are no catalogue any more are damage, and the ledger is still verified."""
    path = home.root / "catalogue.db"
    raw = bytearray(path.read_bytes())
    raw[: len(raw) // 2] = bytes(len(raw) // 2)
    path.write_bytes(raw)
    for log in home.root.glob("catalogue.db-*"):
        log.unlink()
    codes = {f["code"] for f in home.json("ledger", "verify", code=13)["findings"]}
    assert codes == {"C-DAMAGED"}


def test_a_catalogue_that_lags_behind_is_no_damage(home):
    """It is compared with as much of the ledger as it has followed; what is stored, with all."""
    before = (home.root / "catalogue.db").read_bytes()
    home.json("customer", "add", "李四")
    for log in home.root.glob("catalogue.db-*"):
        log.unlink()
    (home.root / "catalogue.db").write_bytes(before)
    assert home.json("ledger", "verify")["ok"]
    next((home.root / "store" / "C000003").glob("*.card.age")).unlink()
    (found,) = home.json("ledger", "verify", code=13)["findings"]
    assert found["code"] == "S-CARD"


def test_the_row_put_right_again_is_whole(home):
    """A catalogue moved away is made again from the ledger, and nothing is left to name."""
    update("grade", "'PUBLIC'")(home)
    home.json("ledger", "verify", code=13)
    for file in home.root.glob("catalogue.db*"):
        file.unlink()
    assert home.json("show", "R00000001")["grade"] == "TOP"
    assert home.json("ledger", "verify")["ok"]


def test_nothing_is_left_of_the_comparison(home, monkeypatch, tmp_path):
    """The second catalogue is thrown away."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    before = sorted(home.root.rglob("*"))
    assert home.json("ledger", "verify")["ok"]
    assert list(scratch.iterdir()) == []
    assert set(home.root.rglob("*")) - set(before) <= {
        Path(f"{home.root}/catalogue.db-wal"), Path(f"{home.root}/catalogue.db-shm")
    }  # fmt: skip
