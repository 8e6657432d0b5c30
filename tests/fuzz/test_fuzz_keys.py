"""Key files, public pages and sessions: a spoiled one is refused, by an error of its room."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoiled import spoiled, spoiled_texts, tries

from storage import age, session
from storage.counterparts import Counterparts
from storage.errors import Damaged, StorageError
from storage.house_key import HouseKey
from storage.keys import KeyRing
from storage.people import People, Unlocked

NOW = datetime(2026, 3, 5, tzinfo=UTC)
ARCHIVE = "5b0e3c9ad21f4e77"
ANN = Unlocked("ann", age.HybridIdentity(bytes([5]) * 32), bytes([6]) * 32)
HOUSE = HouseKey(bytes([7]) * 32)
PAGE = {"name": "ann", "created": "2026-03-05T00:00:00Z", "recipient": ANN.identity.recipient.text,
        "verify_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}  # fmt: skip


@dataclass(frozen=True)
class Folder:
    """A folder with a person's page, a key ring and a session."""

    root: Path
    ring: KeyRing

    @property
    def page(self) -> Path:
        return self.root / "people" / "ann.json"

    @property
    def session(self) -> Path:
        return self.root / "run" / f"{ARCHIVE}.session"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    root = tmp_path_factory.mktemp("keys")
    (root / "people").mkdir()
    made = Folder(root, KeyRing(root / "grades", Counterparts(root / "beside")))
    made.page.write_text(json.dumps(PAGE))
    return made


@tries(300)
@given(raw=st.one_of(spoiled([json.dumps(PAGE).encode()]), st.binary(max_size=60)))
def test_spoiled_public_page_is_damaged_or_can_be_used(folder: Folder, raw: bytes) -> None:
    """A page that is read belongs to the person, and checking a signature by it has an answer."""
    folder.page.write_bytes(raw)
    try:
        person = People(folder.root / "people").person("ann")
    except Damaged:
        return
    assert person.name == "ann"
    assert not person.verifies(b"message", bytes(64))
    with suppress(StorageError):
        person.recipient.wrap(bytes(16))


@tries(80)
@given(data=st.data())
def test_spoiled_session_is_nobody_or_who_logged_in(folder: Folder, data: st.DataObject) -> None:
    """A session file is whole, or nobody is logged in; never an error of another room."""
    ends = NOW + timedelta(hours=8)
    beside = Counterparts(folder.root / "beside-session")
    if not beside.has("SECRET-0001"):
        beside.make("SECRET-0001")
    keys = {("SECRET", 1): bytes(32)}
    session.save(folder.root / "run", ARCHIVE, ANN, ends, keys, beside)
    whole = folder.session.read_bytes()
    odd = json.dumps(json.loads(whole) | {"index_keys": [["SECRET", 1e999, "AA==", True]]}).encode()
    folder.session.write_bytes(data.draw(st.one_of(spoiled([whole, odd]), st.binary(max_size=60))))
    found = session.load(folder.root / "run", ARCHIVE, NOW, beside)
    if found is not None:
        assert len(found.unlocked().sign(b"message")) == 64


@tries(300)
@given(st.one_of(spoiled_texts([HOUSE.text()]), st.text(max_size=70)))
def test_spoiled_house_key_is_no_key(text: str) -> None:
    """A house key with one letter changed is not another house key."""
    try:
        assert HouseKey.parse(text) == HOUSE
    except Damaged:
        return


@tries(100)
@given(data=st.data())
def test_spoiled_grade_key_does_not_open(folder: Folder, data: st.DataObject) -> None:
    """Of a grade's public and sealed halves no byte can be changed and the key still be had."""
    ring = KeyRing(folder.root / "grades", Counterparts(folder.root / "beside"))
    if "SECRET" not in ring.key_ids():
        people = People(folder.root / "people")
        folder.page.write_text(json.dumps(PAGE))
        ring.grant(ring.new_generation("SECRET"), people.person("ann"))
    place = folder.root / "grades" / "SECRET" / "0001"
    true = ring.open_grade("SECRET", 1, ANN)
    spoilt = place / data.draw(st.sampled_from(("public", "ann.age")))
    whole = spoilt.read_bytes()
    try:
        spoilt.write_bytes(data.draw(spoiled([whole])))
        with suppress(StorageError):
            assert ring.open_grade("SECRET", 1, ANN) == true
    finally:
        spoilt.write_bytes(whole)
