"""`hold`: placed by one, released by another with his own key; seen by those who may know of it."""

import json
from contextlib import closing

import pytest
from archive_home import Home
from lending_home import filed, staffed

from archivist.errors import NotAllowed
from archivist.hold_book import held_by_ledger, held_targets, holds_on, refuse_held
from archivist.hold_proofs import verify

REASON, END = "买卖合同纠纷起诉", "判决已经生效执行"


@pytest.fixture(scope="module")
def stage(template, tmp_path_factory, scan):
    """li and wang keep the archive, zhao heads a department, lin sells; two records."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("holds"))
    staffed(home, "lin", "wang", "zhao")
    filed(home, scan, "合同甲", "合同乙")
    return home


@pytest.fixture
def house(stage, tmp_path):
    """An archive of the test's own."""
    return Home.copy_of(stage.top, tmp_path / "house")


def hold(home, who, *words, code=0, **env):
    """One command of `hold` by a person, with the exit code that it must have."""
    ran = home.run("--as", who, "--json", "hold", *words, **env)
    assert ran.code == code, (who, words, ran.code, ran.err)
    return ran.json if code == 0 else ran.err


def placed(home, target, who="li", kind="litigation"):
    return hold(home, who, "place", target, "--kind", kind, "--reason", REASON)["hold"]


def entries(home):
    return [entry for entry in home.json("ledger", "show") if entry["act"] == "hold"]


def test_a_hold_lives_from_one_person_to_another(house):
    """Placed by li, seen everywhere, released by wang; the reasons are read from sealed cards."""
    row = hold(house, "li", "place", "C000001", "--kind", "诉讼、仲裁", "--reason", REASON)
    assert (row["hold"], row["target"], row["kind"]) == ("H000001", "C000001", "litigation")
    assert (row["placed_by"], row["state"], row["reason"]) == ("li", "placed", REASON)
    assert house.json("show", "R00000001")["held"] == ["H000001"]
    assert house.json("dossier", "show", "D000001")["held"] == ["H000001"]
    assert house.json("customer", "show", "C000001")["held"] == ["H000001"]
    assert house.json("customer", "show", "C000002")["held"] == []
    done = hold(house, "wang", "release", "H000001", "--reason", END)
    assert (done["state"], done["released_by"], done["release_reason"]) == ("released", "wang", END)
    assert house.json("hold", "list") == []
    assert [one["hold"] for one in house.json("hold", "list", "--all")] == ["H000001"]
    assert house.json("show", "R00000001")["held"] == []


def test_an_outsider_verifies_the_release_from_the_entries(house):
    """Whose hand ended it is proved by the ledger alone."""
    hold(house, "wang", "release", placed(house, "D000001"), "--reason", END)
    with closing(house.open()) as archive:
        assert [found for _, found in verify(archive.ledger.entries(0))] == [()]
        assert held_by_ledger(archive) == {}


def test_no_reason_and_no_name_stands_in_the_ledger(house):
    """Ids, a kind and a signed statement; nowhere in the folder are the words in plain bytes."""
    hold(house, "wang", "release", placed(house, "R00000001"), "--reason", END)
    place, release = entries(house)
    assert place["subject"] == {"hold": "H000001", "customer": "C000001", "dossier": "D000001",
                                "record": "R00000001"}  # fmt: skip
    assert release["statement"]["person"] == "wang"
    told = json.dumps(house.json("ledger", "show"), ensure_ascii=False)
    for word in (REASON, END, "张伟"):
        assert word not in told
        for file in house.root.rglob("*"):
            assert not file.is_file() or word.encode() not in file.read_bytes(), file


def test_nobody_releases_what_he_placed_and_nobody_twice(house):
    """An administrator neither; each refusal leaves no entry."""
    made = placed(house, "C000001")
    assert "placed himself" in hold(house, "li", "release", made, "--reason", "x", code=4)
    hold(house, "wang", "release", made, "--reason", "x")
    assert "already" in hold(house, "zhao", "release", made, "--reason", "x", code=4)
    assert [entry["step"] for entry in entries(house)] == ["place", "release"]


def test_only_the_office_places_and_releases(house):
    """A salesman does neither, until the company says that the office is his."""
    made = placed(house, "C000001")
    said = hold(house, "lin", "place", "C000001", "--reason", "x", code=4)
    assert "role.hold_officer" in said
    assert "部门负责人" in hold(house, "lin", "release", made, "--reason", "x", code=4,
                                ARCHIVIST_LANG="zh")  # fmt: skip
    house.set("company", **{'"role.hold_officer"': "salesman"})
    assert hold(house, "lin", "release", made, "--reason", "x")["released_by"] == "lin"
    hold(house, "wang", "place", "C000001", "--reason", "x", code=4)


@pytest.mark.parametrize(("words", "code"), [
    (("place", "C000009", "--reason", "x"), 2), (("place", "L000001", "--reason", "x"), 2),
    (("place", "C000001", "--reason", " "), 2), (("release", "H000009", "--reason", "x"), 2),
    (("place", "C000001", "--kind", "whim", "--reason", "x"), 2),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(house, words, code):
    """A target that is not there or cannot be held, an empty reason, an unknown kind."""
    hold(house, "li", *words, code=code)
    assert entries(house) == []


def test_a_hold_covers_what_is_filed_later(house, scan):
    """A customer's hold is seen on a record that came after it; the bulk form says the same."""
    made = placed(house, "C000001")
    (record,) = filed(house, scan, "后来归档")
    with closing(house.open()) as archive:
        archive.follow()
        row = archive.the("record", record)
        assert [one["id"] for one in holds_on(archive, row)] == [made]
        assert held_targets(archive) == {"C000001"}
        with pytest.raises(NotAllowed, match=made):
            refuse_held([row], held_by_ledger(archive))


def test_a_row_taken_out_of_the_catalogue_releases_nothing(house):
    """Whoever has the house key can delete the row; the ledger still holds the record."""
    made = placed(house, "D000001")
    with closing(house.open()) as archive:
        archive.follow()
        archive.catalogue._run("DELETE FROM hold")
        assert held_targets(archive) == frozenset()
        row = archive.the("record", "R00000001")
        with pytest.raises(NotAllowed, match=made):
            refuse_held([row], held_by_ledger(archive))


def test_several_holds_stand_beside_each_other(house):
    """Releasing one leaves the other; the list narrows to what concerns a target."""
    first, second = placed(house, "C000001"), placed(house, "R00000001", kind="audit")
    placed(house, "C000002", kind="债权债务未清")
    assert house.json("show", "R00000001")["held"] == [first, second]
    hold(house, "wang", "release", first, "--reason", "x")
    assert house.json("show", "R00000001")["held"] == [second]
    rows = house.json("hold", "list", "--target", "D000001")
    assert [row["hold"] for row in rows] == [second]
    shown = house.json("dossier", "show", "D000001")
    assert {r["record"]: r["held"] for r in shown["records"]} == {"R00000001": [second],
                                                                  "R00000002": []}  # fmt: skip
    text = house.run("dossier", "show", "D000001").out.decode()
    assert second in text


def test_a_hold_on_what_a_list_keeps_apart_is_for_those_on_the_list(house):
    """wang is cleared but not on the list: no list, page or complaint tells him of it."""
    house.json("person", "clear", "wang", "INTERNAL")
    house.json("person", "clear", "zhao", "INTERNAL")
    house.json("need-to-know", "limit", "R00000001", "zhao", "--reason", "x")
    made = placed(house, "R00000001")
    assert house.json("--as", "wang", "hold", "list") == []
    for name, seen in (("wang", []), ("zhao", [made])):
        assert house.json("--as", name, "show", "R00000001")["held"] == seen
        shown = house.json("--as", name, "dossier", "show", "D000001")
        assert [r["held"] for r in shown["records"]] == [seen, []]
        acts = [e["act"] for e in house.json("--as", name, "show", "R00000001")["history"]]
        assert ("hold" in acts) == bool(seen)
    assert "no hold" in hold(house, "wang", "release", made, "--reason", "x", code=2)
    assert hold(house, "zhao", "release", made, "--reason", "x")["state"] == "released"


def test_people_read_what_is_held_in_words(house):
    """The table, and the line on a record, in Chinese."""
    placed(house, "D000001")
    ran = house.run("hold", "list", ARCHIVIST_LANG="zh")
    assert "诉讼、仲裁" in ran.out.decode()
    assert REASON in ran.out.decode()
    ran = house.run("show", "R00000001", ARCHIVIST_LANG="zh")
    assert "冻结，不得销毁：H000001" in ran.out.decode()
