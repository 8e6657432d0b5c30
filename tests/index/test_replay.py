"""Rows made from entries alone: what was changed since it was inserted is known."""

import pytest

from index.catalogue import Catalogue
from index.replay import Replay

KEY = bytes(range(32))

OBJECTS = {
    "head": "00",
    "scan": {"suffix": "pdf", "sha256": "11", "size_bytes": 4},
    "card": {"suffix": "card", "sha256": "22", "size_bytes": 2},
}


def entry(act, number, **fields):
    subject = {"customer": "C000001", "dossier": "D000001", "record": f"R{number:08}"}
    return {"act": act, "t": "2026-11-29T08:00:00Z", "who": "lin", "subject": subject, **fields}


def filed(number):
    return entry(
        "file", number, type="合同", grade="SECRET", generation=1, pages=1, claim=f"c{number}",
        media="application/pdf", objects=OBJECTS, print=f"p{number}", clauses=["X-1"], packs=[],
    )  # fmt: skip


def applied(replay, *entries):
    start = replay.applied
    replay.apply([(start + at, one, None) for at, one in enumerate(entries)], "")


def test_a_record_filed_and_changed_in_one_go_is_known_as_changed(tmp_path):
    """Whatever did it, and whatever column it was; those beside it are not."""
    with Replay.beside(tmp_path) as replay:
        applied(replay, *map(filed, range(1, 4)))
        assert replay.record_blocks(2) == {0: 2, 1: 1}
        assert replay.changed_since_inserted(2) == set()
        later = entry("regrade", 5, to="SECRET", until="2030-01-01", **{"from": "SECRET"})
        applied(replay, filed(4), filed(5), later)
        assert replay.changed_since_inserted(2) == {2}
        replay._run("DELETE FROM record WHERE id = 'R00000002'")
        assert replay.changed_since_inserted(2) == {0, 2}
        assert replay.record_blocks(2) == {0: 1, 1: 2, 2: 1}
        assert [row["id"] for row in replay.stored_in(1, 2)] == ["R00000003", "R00000004"]


def test_what_waits_to_be_inserted_is_there_for_the_next_step(tmp_path):
    """A claim that was turned away and then filed ends as filed, its record's row with it."""
    with Replay.beside(tmp_path) as replay:
        refused = entry("refuse", 1, claim="c1", tray="review", reason="no-place", print="p1")
        del refused["subject"]["record"]
        applied(replay, refused, filed(1), entry("regrade", 1, to="SECRET", until="2030-01-01"))
        claim, record = replay.claim("c1"), replay.record("R00000001")
        assert claim is not None and (claim["outcome"], claim["clauses"]) == ("filed", ["X-1"])
        assert record is not None and record["until"] == "2030-01-01"
        assert replay.history("R00000001") == [1, 2] and replay.history("c1") == [0, 1]


def follows(path):
    """A catalogue in a file that has followed the filing of three records."""
    catalogue = Catalogue.open(path, KEY)
    applied(catalogue, *map(filed, range(1, 4)))
    return catalogue


SWAPPED = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'print'"


def relaid(catalogue, path, before, change, after):
    """Change rows while the file says that they are laid out otherwise."""
    for step in (before, None, after):
        if step is None:
            catalogue._run(change)
            continue
        catalogue._run("PRAGMA writable_schema = ON")
        catalogue._run(*step)
        catalogue.close()
        catalogue = Catalogue.open(path, KEY)
    catalogue.close()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE mention SET idx = 7 WHERE idx = 1 AND subject = 'c2'",
         {("mention", "c2 1"), ("mention", "c2 7")}),
        ("DELETE FROM mention WHERE subject = 'c2'", {("mention", "c2 1")}),
        ("INSERT INTO mention VALUES ('c2', 2)", {("mention", "c2 2")}),
        ("UPDATE claim SET tray = 'review' WHERE id = 'c3'", {("claim", "c3")}),
        ("INSERT INTO print VALUES ('p9', 'R00000001')", {("print", "p9")}),
        ("DELETE FROM print WHERE print = 'p1'", {("print", "p1")}),
        ("UPDATE record SET grade = 'PUBLIC' WHERE id = 'R00000002'", {("record", "R00000002")}),
    ],
)  # fmt: skip
def test_a_row_that_is_not_the_ledgers_is_named(tmp_path, change, found):
    """Changed, taken away or put in, whatever order its table lies in."""
    live = follows(tmp_path / "catalogue.db")
    with Replay.beside(tmp_path) as replay:
        applied(replay, *map(filed, range(1, 4)))
        assert replay.differences(tmp_path / "catalogue.db", KEY) == []
        live._run(change)
        live.close()
        differences = replay.differences(tmp_path / "catalogue.db", KEY)
        assert {(one.table, one.row) for one in differences} == found


def test_a_row_twice_does_not_stand_for_one_that_is_lost(tmp_path):
    """There are as many rows as there should be, in a table that holds a key twice."""
    path = tmp_path / "catalogue.db"
    live = follows(path)
    live._run("DELETE FROM print WHERE print = 'p2'")
    key = "print TEXT PRIMARY KEY, subject TEXT NOT NULL"
    both = "print TEXT, subject TEXT, PRIMARY KEY (print, subject)"
    again = "INSERT INTO print VALUES ('p1', 'R00000002')"
    relaid(live, path, (SWAPPED, key, both), again, (SWAPPED, both, key))
    with Replay.beside(tmp_path) as replay:
        applied(replay, *map(filed, range(1, 4)))
        differences = replay.differences(path, KEY)
        assert ("print", "p2") in {(one.table, one.row) for one in differences}
