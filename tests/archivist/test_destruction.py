"""Carrying out a disposal: what was destroyed is nowhere, and never half claimed."""

import contextlib
import itertools
import json
import shutil

import pytest
from archive_home import PASSPHRASE, PERSON, Home, now
from faults import run, tried
from index_bytes import in_clear

from archivist import destruction, erasing
from archivist.archive import record_label, record_name
from archivist.destruction import Order
from archivist.errors import BadRequest, NotAllowed, NotKnown
from archivist.recover import recover
from archivist.vouching import vouched
from index import purging
from index.errors import ShadowError
from storage.age.files import unlock
from storage.age.header import Header
from storage.errors import Missing, StorageError
from storage.keys import index_key
from storage.vault import Put

PEOPLE = ("wang", "zhao", "chen")
SECRET, OPEN, OTHER = "R00000001", "R00000002", "R00000003"
# Title and text, which stand nowhere else.
WORDS = {SECRET: ("黯然销魂", "蒹葭苍苍白露为霜"), OPEN: ("羁鸟恋旧", "池鱼思故渊开荒南野际")}
X = "X000001"
TOLD = (StorageError, ShadowError, OSError)
# What SQLite does on its own is not counted call by call; these are its effects.
ALSO = ((purging, "purge"), (destruction, "throw_away"))


@pytest.fixture(scope="module")
def ready(template, scan, tmp_path_factory):
    """Two sealed records, a full-text index, four people, and their unlocked keys."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("ready") / "home")
    home.set("keys", scrypt_log_n=16)
    home.set("company", **{'"role.drafting_unit"': "archivist", "secrecy_notice": "30"})
    papers = ((*WORDS[SECRET], ""), (*WORDS[OPEN], "PUBLIC"), ("留存协议", "所谓伊人在水一方", ""))
    for title, text, grade in papers:
        path = home.top / f"{title}.pdf"
        path.write_bytes(scan(text, title))
        more = ("--grade", grade) if grade else ()
        (line,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同", *more)
        assert line["outcome"] == "filed", line
    for name in PEOPLE:
        home.json("person", "add", name, "--role", "archivist",
                  ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)  # fmt: skip
    assert all(home.json("search", text)["total"] == 1 for _, text in WORDS.values())
    archive = home.open()
    keys = {name: archive.people.unlock(name, PASSPHRASE) for name in (PERSON, *PEOPLE)}
    archive.close()
    return home, keys


@pytest.fixture
def house(ready, tmp_path):
    """A copy of it for one test."""
    source, keys = ready
    home = Home.copy_of(source.top, tmp_path / "home")
    yield home, keys
    home.end()


def order(*records, witnesses=2, apart=("zhang",)):
    return Order(
        X, now().date(), records or (SECRET,), (1, 2), frozenset(apart), witnesses, ("S001-6-R17",)
    )


def decide(home, keys, *records, executor=PERSON, witnesses=("wang", "zhao"), **more):
    archive = home.open()
    try:
        signers = [keys[name] for name in witnesses]
        destruction.execute(archive, X, lambda: order(*records, **more), keys[executor],
                            signers, "档案室", now())  # fmt: skip
    finally:
        archive.close()


def carry_out(home, keys, executor=PERSON):
    archive = home.open()
    try:
        return destruction.finish(archive, X, keys[executor], now())
    finally:
        archive.close()


# ── what was there is nowhere ─────────────────────────────────────────────────


def everything(home, keys):
    """Every byte of the archive's folder, and all that house key and people's keys open there:
    records, cards, the catalogue and the indexes with their freed pages."""
    archive = home.open()
    archive.follow()
    found = [path.read_bytes() for path in home.root.rglob("*") if path.is_file()]
    for table in archive.catalogue._all("SELECT name FROM sqlite_master WHERE type = 'table'"):
        rows = archive.catalogue._db.execute(f"SELECT * FROM {table['name']}").fetchall()
        found.append(repr(rows).encode())
    person = keys[PERSON]
    opened = [index_key(archive.opened(*held, person).identity)
              for held in archive.held_by(PERSON)]  # fmt: skip
    for path in (home.root / "index").glob("*.db"):
        for key in (*opened, archive.house.index_key()):
            found.append(in_clear(path, key))  # with a wrong key it is noise
    for row in archive.catalogue._all("SELECT * FROM record"):
        found += [b"".join(archive.record_bytes(row, kind, person)) for kind in ("scan", "card")]
    for _, raw in archive.ledger.entries(0):
        named = json.loads(raw).get("card")
        with contextlib.suppress(Missing):
            words = archive.read_card(named["name"], named["sha256"]) if named else {}
            found.append(json.dumps(words, ensure_ascii=False).encode())
    archive.close()
    return b"\n".join(found)


def shingles(record):
    """Title and text of a record in pieces of two characters, as an index has them."""
    return [text[at : at + 2] for text in WORDS[record] for at in range(len(text) - 1)]


@pytest.mark.parametrize("record", [SECRET, OPEN])
def test_nothing_of_a_destroyed_record_is_left(house, record):
    """Every byte of the folder and all that every key opens: found before, not found after."""
    home, keys = house
    title = WORDS[record][0]
    assert home.run("view", record, "--purpose", f"核对{title}").code == 0
    moved = home.run("regrade", record, "CONF", "--reason", f"{title}涉诉", "--until", "2035-12-31")
    assert moved.code == 0, moved.err
    before = everything(home, keys)
    assert [piece for piece in shingles(record) if piece.encode() not in before] == []
    decide(home, keys, record)
    assert carry_out(home, keys).done
    after = everything(home, keys)
    assert [piece for piece in shingles(record) if piece.encode() in after] == []
    assert "伊人在水".encode() in after
    assert list(home.root.rglob(f"{record}*")) == []


# ── copies put back ───────────────────────────────────────────────────────────


def readable_in(copied, keys, row):
    """Whether a record of a copied folder opens, with all that exists now: everybody's own keys,
    the house's, every counterpart, and every key that any of these still opens in the copy."""
    archive = copied.open()
    identities = [archive.house_holder.identity, *(one.identity for one in keys.values())]
    for key in archive.keys.key_ids():
        for generation in archive.keys.generations(key):
            for holder in (*keys.values(), archive.house_holder):
                with contextlib.suppress(StorageError):
                    opened = archive.keys.open_grade(key, generation, holder)
                    identities.append(opened.identity)
    heads = [
        archive.vault.stored_head(record_name(row)),
        *(path.read_bytes() for path in copied.root.glob(f"keys/loans/*/{row['id']}.head")),
    ]
    archive.close()
    for head, identity in itertools.product(heads, identities):
        with contextlib.suppress(StorageError):
            unlock(Header.parse(head), [identity])
            return True
    return False


@pytest.mark.parametrize("case", ["secret", "open", "listed", "regraded"])
def test_no_copy_brings_a_destroyed_record_back(house, tmp_path, case):
    """The folder copied before, put back afterwards with every key there is: it does not open."""
    home, keys = house
    record = OPEN if case == "open" else SECRET
    copies = [copied(home, tmp_path / "first", record)]
    if case == "listed":
        home.json("need-to-know", "limit", record, "--reason", "并购")
    if case == "regraded":
        home.json("regrade", record, "CONF", "--reason", "涉诉", "--until", "2035-12-31")
    copies.append(copied(home, tmp_path / "second", record))
    assert all(readable_in(copy, keys, row) for copy, row in copies)
    decide(home, keys, record)
    assert carry_out(home, keys).done
    for copy, row in copies:
        shutil.rmtree(copy.top / "config")
        shutil.copytree(home.top / "config", copy.top / "config")
        assert not readable_in(copy, keys, row)


def test_a_record_filed_under_a_list_takes_the_key_of_its_grade_along(house, scan):
    """A backup may hold its scan from before it was filed, sealed to grades and to no list."""
    home, keys = house
    home.json("need-to-know", "limit", "D000001", "--reason", "并购")
    path = home.top / "新.pdf"
    path.write_bytes(scan("新的一份", "销售合同"))
    (filed,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同")
    decide(home, keys, filed["record"])
    assert carry_out(home, keys).done
    gone = home.json("ledger", "show", "--subject", X)[-1]["keys"]
    assert sorted(gone) == ["SECRET", "SECRET-D000001"]


def copied(home, top, record):
    """A copy of the archive with what its house holds, and the record's row in it."""
    archive = home.open()
    archive.follow()
    row = archive.the("record", record)
    archive.close()
    return Home.copy_of(home.top, top), row


def test_copies_that_wait_elsewhere_go_with_it(house, scan):
    """A duplicate in a tray, what a crashed run set aside, a borrower's head, half a file."""
    home, keys = house
    content = scan(WORDS[SECRET][1], WORDS[SECRET][0])
    home.drop("C000001/D000001/合同/再扫.pdf", content)
    home.lines("watch", "--once")
    assert content in home.in_tray("duplicates")
    archive = home.open()
    archive.follow()
    row = archive.the("record", SECRET)
    # The same scan, sealed under the next number by a run that crashed before its entry.
    generation, recipient = archive.sealing_key("SECRET")
    label = record_label("R00000004", "SECRET", generation)
    name = "C000001/D000001/R00000004"
    archive.vault.put(Put(name, label, recipient, {"pdf": content, "card": b"{}"}))
    archive.set_aside_orphans([name])
    for relative in archive.vault.files_of(record_name(row)):
        target = home.root / "work" / "orphans" / "feed" / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(home.root / relative, target.parent)
    grant = home.root / "keys" / "loans" / "L000001" / f"{SECRET}.head"
    grant.parent.mkdir(parents=True)
    grant.write_bytes(b"granted")
    archive.close()
    assert len(list((home.root / "work" / "orphans").rglob("R*"))) == 6
    decide(home, keys)
    assert carry_out(home, keys).done
    assert home.in_tray("duplicates") == [] and home.json("inbox", "list") == []
    assert [path for path in (home.root / "work").rglob("*") if path.is_file()] == []
    assert not grant.exists()
    home.drop("C000001/D000001/合同/三扫.pdf", content)
    (line,) = home.lines("watch", "--once")
    assert (line["outcome"], line["record"]) == ("filed", "R00000004")


def test_nothing_is_decided_that_is_not_whole(house):
    """No place, no record, a second part for somebody, one witness: refused, and no entry."""
    home, keys = house
    size = len(home.json("ledger", "show"))
    for wrong in (
        {"witnesses": ("wang",)},
        {"witnesses": ("wang", "wang")},
        {"witnesses": ("wang", PERSON)},
        {"apart": ("zhao",)},
        {"apart": (PERSON,)},
    ):
        with pytest.raises(NotAllowed):
            decide(home, keys, **({"witnesses": ("wang", "zhao")} | wrong))
    archive = home.open()
    with pytest.raises(BadRequest, match="--place"):
        destruction.execute(archive, X, order, keys[PERSON], [], " ", now())
    archive.close()
    with pytest.raises(NotAllowed, match="different people"):
        decide(home, keys, executor="wang", witnesses=("wang", "zhao"))
    with pytest.raises(NotAllowed, match="SECRET"):  # he could not end it
        decide(home, keys, executor="chen")
    assert len(home.json("ledger", "show")) == size


# ── killed, lost, reported lost ───────────────────────────────────────────────


@pytest.mark.parametrize("record", [SECRET, OPEN])
def test_a_fault_at_any_effect_ends_in_destroyed_or_untouched(ready, tmp_path, record):
    """Whatever was recovered is whole and readable, or destroyed with nothing left; never half."""
    source, keys = ready

    def attempt(home):
        decide(home, keys, record)
        carry_out(home, keys)

    whole = Home.copy_of(source.top, tmp_path / "whole")
    end = run(lambda: attempt(whole), also=ALSO)
    assert end.how == "done", end.told
    ends = {}
    for fault in tried(end.calls, "killed", "lost", "landed", count=4):
        home = Home.copy_of(source.top, tmp_path / "home")
        end = run(lambda home=home: attempt(home), fault, ALSO)
        assert end.error is None or issubclass(end.error, TOLD), (fault, end.told)
        ends.setdefault(fault.kind, []).append(ended(home, keys, record, fault))
        shutil.rmtree(home.top)
    # Killed: nothing before the commit point, everything from there on.
    assert ends["killed"] == sorted(ends["killed"], reverse=True)
    assert {end for kind in ends.values() for end in kind} == {"untouched", "destroyed"}


def ended(home, keys, record, fault):
    """Recover, and carry out what was decided; what came of it."""
    archive = home.open()
    recover(archive, now())
    row = archive.catalogue.destruction(X)
    if row is None:
        assert archive.record_card(archive.the("record", record), keys[PERSON])
    else:
        with pytest.raises(NotKnown, match="destroyed"):
            archive.the("record", record)
        if row["state"] == "executing":
            assert not erasing.outlived(
                archive, archive.catalogue.tombstone(record), archive.entries_of
            )
            assert destruction.finish(archive, X, keys[PERSON], now())
        row = archive.catalogue.destruction(X)
        assert row["state"] == "destroyed", fault
        assert erasing.traces(archive, row) == [], fault
    assert list(vouched(archive)) == [], fault
    assert archive.ledger.verify().ok
    archive.close()
    return "untouched" if row is None else "destroyed"
