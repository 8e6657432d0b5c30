"""Carrying out a disposal: what was destroyed is nowhere, and never half claimed."""

import shutil
from datetime import UTC, datetime

import pytest
from archive_home import PASSPHRASE, PERSON, Home

from archivist import destruction, rotation
from archivist.destruction import Order
from archivist.errors import BadRequest, NotAllowed, NotKnown
from archivist.recover import recover
from archivist.vouching import vouched

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
PEOPLE = ("wang", "zhao", "chen")
SECRET, OTHER = "R00000001", "R00000002"
WORDS = "蒹葭苍苍白露为霜"  # a line that stands in the destroyed record only
TITLE = "黯然销魂协议"
X = "X000001"


@pytest.fixture(scope="module")
def ready(template, scan, tmp_path_factory):
    """Two sealed records, a full-text index, four people, and their unlocked keys."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("ready") / "home")
    home.set("keys", scrypt_log_n=16)
    for name, text, title in (("a", WORDS, TITLE), ("b", "所谓伊人在水一方", "留存协议")):
        path = home.top / f"{name}.pdf"
        path.write_bytes(scan(text, title))
        (line,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同")
        assert line["outcome"] == "filed", line
    for name in PEOPLE:
        home.json("person", "add", name, "--role", "archivist",
                  ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)  # fmt: skip
    assert home.json("search", WORDS)["total"] == 1
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
    return Order(X, records or (SECRET,), (1, 2), frozenset(apart), witnesses, ("S001-6-R17",))


def decide(home, keys, *records, executor=PERSON, witnesses=("wang", "zhao"), **more):
    archive = home.open()
    try:
        signers = [keys[name] for name in witnesses]
        destruction.execute(archive, lambda: order(*records, **more), keys[executor], signers,
                            "档案室", NOW)  # fmt: skip
    finally:
        archive.close()


def carry_out(home, keys, executor=PERSON):
    archive = home.open()
    try:
        return destruction.finish(archive, X, keys[executor], NOW)
    finally:
        archive.close()


def test_it_goes(house):
    home, keys = house
    decide(home, keys)
    print(home.run("show", SECRET).out.decode(), home.run("show", SECRET).err)
    done = carry_out(home, keys)
    assert done.done
    print(home.run("show", SECRET).out.decode())
    print(home.run("view", SECRET, "--purpose", "x").err)
    print(home.run("search", WORDS).out.decode())
    print(home.run("search", "伊人").out.decode(), home.run("search", "伊人").err)
    home.run("login", PERSON)
    print(home.run("search", "伊人").out.decode(), home.run("search", "伊人").err)
    print(home.run("ledger", "verify").out.decode())
    print(home.run("missing").out.decode())
    assert 0
