"""`need-to-know`: within a grade only those on a list open, find or count what it covers."""

from datetime import UTC, datetime

import pytest
from archive_home import PERSON, Home
from index_bytes import in_clear

NEW = "eine ganz andere 口令"
TEXT = "违约金肆拾柒万圆整"
OTHER = "另一份普通合同"


@pytest.fixture
def desk(home: Home, scan):
    """An archive with li, wang and zhao cleared for 秘密, and two records in D000001."""
    home.set("keys", scrypt_log_n=16)
    for name in ("wang", "zhao"):
        home.json("person", "add", name, "--role", "sales_adviser", ARCHIVIST_NEW_PASSPHRASE=NEW)
        home.json("person", "clear", name, "SECRET")
    file(home, scan, TEXT)
    file(home, scan, OTHER)
    return home


def file(home, scan, text, dossier="C000001/D000001"):
    home.drop(f"{dossier}/合同/{text}.pdf", scan(text, "销售合同"))
    (outcome,) = home.lines("watch", "--once")
    assert outcome["grade"] == "SECRET"
    return outcome["record"]


def as_(home, name, *words):
    return home.run("--json", "--as", name, *words, ARCHIVIST_PASSPHRASE=NEW)


def opens(home, name, record):
    ran = home.run("--as", name, "view", record, "--purpose", "test", ARCHIVIST_PASSPHRASE=NEW)
    assert ran.code in (0, 4), ran.err
    return ran.code == 0


def finds(home, name, text):
    ran = as_(home, name, "search", text)
    assert ran.code == 0, ran.err
    return ran.json["total"]


def limit(home, target="R00000001", *names):
    return home.json("need-to-know", "limit", target, *names, "--reason", "并购")


# ── what a list shuts and opens ───────────────────────────────────────────────


def test_only_those_on_the_list_open_find_and_name_the_record(desk):
    """Clearance for the grade is not enough: no bytes, no title, no hit; the rest as before."""
    assert finds(desk, "zhao", TEXT) == 1
    done = limit(desk, "R00000001", "wang")
    assert done == {"key": "SECRET-R00000001", "target": "R00000001", "grade": "SECRET",
                    "people": [PERSON, "wang"], "records": 1}  # fmt: skip
    assert opens(desk, "wang", "R00000001") and opens(desk, "wang", "R00000002")
    assert not opens(desk, "zhao", "R00000001") and opens(desk, "zhao", "R00000002")
    assert (finds(desk, "wang", TEXT), finds(desk, "zhao", TEXT)) == (1, 0)
    assert as_(desk, "wang", "show", "R00000001").json["title"] is not None
    shown = as_(desk, "zhao", "show", "R00000001").json
    assert (shown["title"], shown["source"]) == (None, None)
    assert shown["need_to_know"] == "R00000001"


def test_the_search_of_whoever_is_not_on_it_is_as_if_the_record_were_not_there(desk, scan):
    """Every figure of the answer, scores too, is that of an archive without it."""
    as_(desk, "zhao", "search", "合同")
    limit(desk, "R00000001")
    answer = as_(desk, "zhao", "search", "合同").json
    assert answer["total"] == 1
    assert [hit["record"] for hit in answer["hits"]] == ["R00000002"]
    narrowed = as_(desk, "zhao", "search", TEXT, "--grade", "SECRET", "--dossier", "D000001").json
    assert (narrowed["total"], narrowed["hits"]) == (0, [])


def test_the_grades_own_key_opens_nothing_of_it(desk):
    """It is the cipher that shuts, not the program: the grade's private key fits no head."""
    limit(desk, "R00000001")
    archive = desk.open()
    try:
        archive.follow()
        person = archive.people.unlock("zhao", NEW)
        row = archive.the("record", "R00000001")
        own = archive.opened("SECRET", 1, person)
        from archivist.archive import record_label, record_name
        from storage.errors import NoKey

        with pytest.raises(NoKey):
            archive.vault.open(record_name(row), "card", [own.identity],
                               record_label("R00000001", "SECRET", 1))  # fmt: skip
    finally:
        archive.close()


def test_nothing_of_its_text_stays_in_the_grades_index(desk):
    """Decrypted and searched byte by byte, once somebody has looked."""
    desk.json("search", TEXT)
    limit(desk, "R00000001")
    desk.json("search", TEXT)
    keys = index_keys_of(desk)
    left = in_clear(desk.root / "index" / "SECRET.db", keys["SECRET"])
    held = in_clear(desk.root / "index" / "SECRET-R00000001.db", keys["SECRET-R00000001"])
    assert TEXT.encode() not in left and TEXT.encode() in held


def index_keys_of(home):
    """The full-text keys of whoever is logged in, by key id."""
    from storage import session

    path = next((home.top / "run").rglob("*.session"))
    archive = home.open()
    found = session.load(path.parent, path.stem, datetime.now(UTC), archive.counterparts)
    archive.close()
    return {key_id: key for (key_id, _), key in found.index_keys.items()}


def test_a_dossiers_list_covers_what_is_filed_later(desk, scan):
    """The station seals to the list without being able to read; other dossiers are not touched."""
    limit(desk, "D000001", "wang")
    later = file(desk, scan, "后来的合同")
    elsewhere = desk.json("search", "后来的合同")
    assert elsewhere["total"] == 1
    assert opens(desk, "wang", later) and not opens(desk, "zhao", later)
    entry = [e for e in desk.json("ledger", "show") if e["act"] == "file"][-1]
    assert (entry["grade"], entry["key"]) == ("SECRET", "SECRET-D000001")


def test_a_records_list_goes_before_its_dossiers(desk):
    """The narrower one counts, whichever came first."""
    limit(desk, "R00000001")
    limit(desk, "D000001", "wang")
    assert not opens(desk, "wang", "R00000001") and opens(desk, "wang", "R00000002")


# ── who may ───────────────────────────────────────────────────────────────────


def test_whom_the_regulation_does_not_ask_names_nobody(home, scan):
    """For 机密 the manager in charge says who must know, and the company says who that is."""
    home.set("keys", scrypt_log_n=16)
    file(home, scan, TEXT)
    refused = home.run("need-to-know", "limit", "D000001", "--grade", "CONF", "--reason", "x")
    assert refused.code == 4 and "S001-4-R16" in refused.err
    top = home.run("need-to-know", "limit", "D000001", "--grade", "TOP", "--reason", "x")
    assert top.code == 4 and "S001-4-R15" in top.err
    assert home.json("need-to-know", "list") == []


def test_only_somebody_cleared_is_put_on_a_list(desk):
    """A list adds to clearance; a name that is not cleared, or not there, changes nothing."""
    desk.json("person", "add", "qian", "--role", "clerk", ARCHIVIST_NEW_PASSPHRASE=NEW)
    for name, code in (("qian", 4), ("nobody", 2)):
        ran = desk.run("need-to-know", "limit", "R00000001", name, "--reason", "x")
        assert ran.code == code, ran.err
    assert desk.json("need-to-know", "list") == []
    limit(desk, "R00000001")
    assert desk.run("need-to-know", "add", "R00000001", "qian").code == 4
    assert not opens(desk, "qian", "R00000001")


def test_whoever_is_not_on_a_list_changes_nothing_of_it(desk):
    """Nor does anybody put himself on, or take himself off."""
    limit(desk, "R00000001", "wang")
    for words in (
        ("add", "R00000001", "zhao"),
        ("remove", "R00000001", "wang"),
        ("lift", "R00000001", "--reason", "x"),
    ):
        assert as_(desk, "zhao", "need-to-know", *words).code in (2, 4)
    assert desk.run("need-to-know", "remove", "R00000001", PERSON).code == 4
    assert desk.json("need-to-know", "list")[0]["people"] == [PERSON, "wang"]


def test_leaders_with_a_standing_right_are_on_every_list(desk):
    """S001-4-R14: who may know all is put on by itself, and is not taken off."""
    desk.json("person", "add", "sun", "--role", "group_gm", ARCHIVIST_NEW_PASSPHRASE=NEW)
    desk.json("person", "clear", "sun", "SECRET")
    assert limit(desk, "R00000001")["people"] == [PERSON, "sun"]
    refused = desk.run("need-to-know", "remove", "R00000001", "sun")
    assert refused.code == 4 and "S001-4-R14" in refused.err


# ── changing a list ───────────────────────────────────────────────────────────


def test_put_on_later_opens_what_was_filed_before(desk):
    """The list's key is sealed to the person, every generation in use."""
    limit(desk, "R00000001")
    assert not opens(desk, "zhao", "R00000001")
    assert desk.json("need-to-know", "add", "R00000001", "zhao")["people"] == [PERSON, "zhao"]
    assert opens(desk, "zhao", "R00000001") and finds(desk, "zhao", TEXT) == 1


def test_taken_off_opens_nothing_any_more(desk):
    """The key is rotated at once, so a copy of the old one fits nothing."""
    limit(desk, "R00000001", "wang")
    kept = (desk.root / "keys/grades/SECRET-R00000001/0001/wang.age").read_bytes()
    done = desk.json("need-to-know", "remove", "R00000001", "wang")
    assert (done["people"], done["rotated"], done["records"]) == ([PERSON], True, 1)
    assert not opens(desk, "wang", "R00000001") and finds(desk, "wang", TEXT) == 0
    (desk.root / "keys/grades/SECRET-R00000001/0001/wang.age").write_bytes(kept)
    assert not opens(desk, "wang", "R00000001")
    assert opens(desk, PERSON, "R00000001") or desk.opened("R00000001")


def test_a_lifted_list_leaves_the_record_to_the_grade(desk):
    """Everybody cleared opens it again, and the list's key is no more."""
    limit(desk, "D000001", "wang")
    desk.json("search", TEXT)
    done = desk.json("need-to-know", "lift", "D000001", "--reason", "公告已发布")
    assert done["records"] == 2
    assert opens(desk, "zhao", "R00000001") and finds(desk, "zhao", TEXT) == 1
    assert desk.json("need-to-know", "list") == []
    states = {row["key"]: row["state"] for row in desk.json("key", "list")}
    assert states == {key: "current" for key in states if "-" not in key} | {
        "SECRET-D000001": "destroyed"
    }


def test_clearance_withdrawn_ends_the_lists_too(desk):
    """Whoever is no longer cleared for the grade is on none of its lists."""
    limit(desk, "R00000001", "wang")
    done = desk.json("person", "revoke", "wang", "SECRET", "--reason", "调岗")
    assert [row["target"] for row in done["lists"]] == ["R00000001"]
    assert not opens(desk, "wang", "R00000001")
    assert desk.json("need-to-know", "list")[0]["people"] == [PERSON]


def test_leaving_ends_the_lists_too(desk):
    """And the last on a list does not leave before somebody else is on it."""
    limit(desk, "R00000001", "wang")
    desk.json("person", "leave", "wang")
    assert desk.json("need-to-know", "list")[0]["people"] == [PERSON]
    assert not list((desk.root / "keys/grades").rglob("wang.age"))


def test_a_list_is_recorded_by_ids_and_its_reason_is_sealed(desk):
    """Who, what, which grade, by which clause; why stands in a card."""
    limit(desk, "R00000001", "wang")
    (entry,) = [e for e in desk.json("ledger", "show") if e["act"] == "limit"]
    assert entry["subject"] == {"customer": "C000001", "dossier": "D000001",
                                "record": "R00000001", "key": "SECRET-R00000001"}  # fmt: skip
    assert (entry["state"], entry["grade"]) == ("begun", "SECRET")
    ledger = b"".join(p.read_bytes() for p in (desk.root / "ledger").rglob("*") if p.is_file())
    assert "并购".encode() not in ledger
    assert desk.run("ledger", "verify").code == 0


def test_regrading_leaves_the_list_and_comes_to_the_new_grades(desk):
    """A list holds for one grade; the record's new grade has its own, or none."""
    desk.set("company", **{'"role.drafting_unit"': "archivist"})
    limit(desk, "R00000001")
    ran = desk.run("regrade", "R00000001", "CONF", "--reason", "涉诉", "--until", "2030-01-01")
    if ran.code == 4:
        pytest.fail(ran.err)
    shown = desk.json("show", "R00000001")
    assert (shown["grade"], shown["need_to_know"]) == ("CONF", None)


def test_a_recovery_bundle_names_the_lists_it_lacks(desk, tmp_path):
    """Whoever is not on a list cannot put its key into the bundle, and is told."""
    as_(desk, "wang", "need-to-know", "limit", "R00000002", "--reason", "专案")
    target = tmp_path / "out" / "bundle.age"
    target.parent.mkdir()
    made = desk.json("key", "escrow", "-o", target, ARCHIVIST_ESCROW_PASSPHRASE="escrow")
    assert made["lacking"] == ["SECRET-R00000002"]
    assert "SECRET-R00000002" not in made["generations"]


# ── cut short ─────────────────────────────────────────────────────────────────


def test_what_was_cut_short_ends_when_it_is_repeated(desk, monkeypatch):
    """The list stands with its entry; records that had not moved move with the next call."""
    from archivist import knowing

    real, calls = knowing.resealing.carry_out, []

    def cut(*args):
        if len(calls) == 1:
            raise KeyboardInterrupt
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(knowing.resealing, "carry_out", cut)
    with pytest.raises((KeyboardInterrupt, SystemExit, AssertionError)):
        limit(desk, "D000001")
    monkeypatch.undo()
    assert desk.json("need-to-know", "list")[0]["waiting"] == 1
    assert limit(desk, "D000001")["records"] == 1
    assert desk.run("need-to-know", "limit", "D000001", "--reason", "x").code == 2
    assert not opens(desk, "zhao", "R00000001") and not opens(desk, "zhao", "R00000002")
    assert desk.run("ledger", "verify").code == 0
