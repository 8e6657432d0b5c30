"""Archives that earlier versions made: keys without counterparts, open grades stored plain."""

from dataclasses import replace

import pytest
from archive_home import PASSPHRASE, PERSON, Home

from archivist.archive import Desk

WORD = "人人可看的通知"


def filed(home, scan, name, grade):
    path = home.top / name
    path.write_bytes(scan(f"{WORD}{name}"))
    (outcome,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同",
                            "--grade", grade)  # fmt: skip
    return outcome["record"], path.read_bytes()


@pytest.fixture
def plain(tmp_path, scan, monkeypatch):
    """An archive whose open grade has no key, and in it a record that was stored plain."""
    home = Home(tmp_path / "home")
    with monkeypatch.context() as patch:
        patch.setattr(Desk, "open_key", lambda *_: (None, None))
        home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy",
                  "--person", PERSON, "--work-factor", "16")  # fmt: skip
        home.json("customer", "add", "张伟")
        home.json("dossier", "open", "C000001", "new_car", "--key", "vin=LSVAA49J132047371",
                  "--event", "sale=2026-09-25")  # fmt: skip
        home.json("login", PERSON)
        home.record, home.content = filed(home, scan, "a.pdf", "PUBLIC")
        assert home.json("search", WORD)["total"] == 1
    assert list((home.root / "store").rglob("*.pdf"))
    return home


def test_what_was_stored_plain_stays_readable_and_what_comes_is_sealed(plain, scan):
    """Both open and are found; the key is made with the first paper, and can be rotated."""
    assert plain.opened(plain.record) == plain.content
    record, content = filed(plain, scan, "b.pdf", "PUBLIC")
    assert list((plain.root / "store").rglob(f"{record}.pdf.age"))
    made = [e for e in plain.json("ledger", "show") if e["act"] == "key" and e.get("house")]
    assert [(e["subject"], e["generation"]) for e in made] == [({"grade": "PUBLIC"}, 1)]
    assert plain.json("search", WORD)["total"] == 2
    assert plain.json("key", "rotate", "PUBLIC")["records"] == 1
    assert plain.json("search", WORD)["total"] == 2
    assert (plain.opened(plain.record), plain.opened(record)) == (plain.content, content)
    assert plain.json("ledger", "verify")["ok"]


def test_a_regulation_that_is_adopted_makes_the_key_that_is_missing(plain):
    """As for any other grade that is new."""
    text = (
        '[pack]\nid = "own"\nversion = "1"\nzh = "x"\nen = "x"\nsource = "x"\n'
        "effective_from = 2020-01-01\n"
    )
    (plain.top / "own.toml").write_text(text, "utf-8")
    plain.json("pack", "adopt", plain.top / "own.toml")
    assert {row["grade"]: row["holders"] for row in plain.json("key", "list")}["PUBLIC"] == [
        "@house"
    ]


def test_a_key_without_counterpart_opens_and_the_next_rotation_brings_it_over(home, scan):
    """Doctor tells of it, and nothing is wrong; afterwards the key has its other half."""
    record, content = filed(home, scan, "a.pdf", "SECRET")
    archive = home.open()
    person = archive.people.unlock(PERSON, PASSPHRASE)
    key = archive.keys.open_grade("SECRET", 1, person)
    archive.keys.grant(replace(key, counterpart=None), archive.people.person(PERSON))
    archive.counterparts.destroy("SECRET-0001")
    archive.close()
    home.json("login", PERSON)
    assert home.opened(record) == content
    assert home.json("search", WORD)["total"] == 1
    assert home.json("key", "rotate", "SECRET")["destroyed"] == [1]
    archive = home.open()
    assert archive.counterparts.has("SECRET-0002")
    archive.close()
    assert home.opened(record) == content
    assert home.json("search", WORD)["total"] == 1
