"""The house key, people, the keys of records, and sessions."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import age, session
from storage.counterparts import Counterparts
from storage.errors import (
    Damaged,
    Missing,
    NoKey,
    Occupied,
    StorageError,
    Unsuitable,
    WrongPassphrase,
)
from storage.hkdf import hkdf
from storage.house_key import HouseKey
from storage.keys import KeyRing, index_key, recipient_digest, seal_grade
from storage.names import checked_person_name
from storage.people import People, Unlocked

NONE = Counterparts(Path("/no/such"))
PHRASE = "正确的 horse battery"
CREATED = "2026-11-23T09:00:00+08:00"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LIN = Unlocked("lin", age.HybridIdentity(bytes(range(32))), bytes(range(32, 64)))


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> People:
    people = People(tmp_path_factory.mktemp("archive") / "people")
    people.create("lin", PHRASE, created=CREATED, log_n=16)
    people.create("王小明", "another", created=CREATED, log_n=16)
    return people


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys" / "grades", Counterparts(tmp_path / "counterparts"))


def test_key_derivation_follows_the_rfc() -> None:
    """Test cases 1 and 3 of RFC 5869, cut to the 32 bytes we use."""
    secret = bytes([0x0B] * 22)
    salt, info = bytes(range(13)), bytes(range(0xF0, 0xFA))
    expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    assert hkdf(secret, salt=salt, info=info).hex() == expected
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    assert hkdf(secret, info=b"").hex() == expected


def test_house_key_survives_its_file(tmp_path: Path) -> None:
    """What is saved is loaded again, by its owner alone, and never overwritten."""
    house = HouseKey.generate()
    path = tmp_path / "config" / "house.key"
    house.save(path)
    assert HouseKey.load(path) == house
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert path.read_text().startswith("ARCHIVIST-HOUSE-KEY-1")
    with pytest.raises(Occupied):
        HouseKey.generate().save(path)
    assert HouseKey.load(path) == house


def test_mistyped_house_key_is_refused(tmp_path: Path) -> None:
    """A missing file, a wrong letter and another kind of key are told apart from a key."""
    with pytest.raises(Missing):
        HouseKey.load(tmp_path / "none")
    text = HouseKey(bytes(32)).text()
    for wrong in (text[:-1] + ("Q" if text[-1] != "Q" else "P"), "", LIN.identity.secret_text()):
        with pytest.raises(Damaged) as caught:
            HouseKey.parse(wrong)
        assert not wrong or wrong not in str(caught.value)


def test_every_purpose_has_its_own_key() -> None:
    """No two derived keys are equal, and none is the house key."""
    house = HouseKey(bytes(range(32)))
    keys = {
        house.secret,
        house.catalogue_key(),
        house.index_key(),
        house.signing_key().private_bytes_raw(),
        house.identity().secret,
        bytes.fromhex(house.fingerprint("00" * 32)),
        index_key(house.identity()),
    }
    assert len(keys) == 7
    assert all(len(key) == 32 for key in keys)


def test_derived_keys_never_change() -> None:
    """Catalogues, ledgers and indexes of existing archives rely on exactly these bytes."""
    house = HouseKey(bytes(range(32)))
    parts = [house.catalogue_key(), house.index_key(), house.signing_key().private_bytes_raw()]
    parts += [house.identity().secret, bytes.fromhex(house.fingerprint("ab" * 32))]
    parts += [index_key(LIN.identity), house.text().encode()]
    digest = hashlib.sha256(b"".join(parts)).hexdigest()
    assert digest == "b59daab9a41410a507b96f28332c764b5f938db8621a18dd11a768a8c0ffc851"


def test_fingerprint_depends_on_house_and_content() -> None:
    """The same scan has another fingerprint in another house."""
    one, other = HouseKey(bytes(32)), HouseKey(bytes([1] * 32))
    assert one.fingerprint("ab" * 32) == one.fingerprint("ab" * 32)
    assert one.fingerprint("ab" * 32) != one.fingerprint("ac" * 32)
    assert one.fingerprint("ab" * 32) != other.fingerprint("ab" * 32)


@pytest.mark.rule("S001-3-R05")
def test_person_unlocks_with_the_passphrase_only(people: People) -> None:
    """The right passphrase gives both secrets back; a wrong one says so and nothing else."""
    unlocked = people.unlock("lin", PHRASE)
    page = people.person("lin")
    assert page.created == CREATED
    assert page.recipient == unlocked.identity.recipient
    assert page.verifies(b"statement", unlocked.sign(b"statement"))
    assert not page.verifies(b"other", unlocked.sign(b"statement"))
    assert not page.verifies(b"statement", b"short")
    with pytest.raises(WrongPassphrase):
        people.unlock("lin", PHRASE + " ")
    with pytest.raises(Missing):
        people.unlock("nobody", PHRASE)


def test_person_is_made_once(people: People) -> None:
    """A name that is taken keeps its keys."""
    before = people.person("lin")
    with pytest.raises(Occupied):
        people.create("lin", "x", created=CREATED, log_n=16)
    assert people.person("lin") == before
    assert people.names() == ["lin", "王小明"]


@pytest.mark.parametrize(("phrase", "log_n"), [("", 16), ("x", 15), ("x", 23)])
def test_weak_person_is_refused(tmp_path: Path, phrase: str, log_n: int) -> None:
    """An empty passphrase and a work factor out of bounds make no person."""
    with pytest.raises(Unsuitable):
        People(tmp_path).create("lin", phrase, created=CREATED, log_n=log_n)
    assert list(tmp_path.iterdir()) == []


def test_key_file_of_another_person_is_noticed(people: People, tmp_path: Path) -> None:
    """Somebody's key file under another name opens with its passphrase, and is refused."""
    page = tmp_path / "lin.json"
    folder = people._folder
    page.write_bytes((folder / "lin.json").read_bytes())
    (tmp_path / "lin.age").write_bytes((folder / "王小明.age").read_bytes())
    with pytest.raises(Damaged):
        People(tmp_path).unlock("lin", "another")
    page.write_text("{}")
    with pytest.raises(Damaged):
        People(tmp_path).person("lin")
    page.write_bytes((folder / "王小明.json").read_bytes())
    with pytest.raises(Damaged):
        People(tmp_path).person("lin")


def test_changed_passphrase_keeps_the_keys(tmp_path: Path) -> None:
    """The same secrets open with the new passphrase and no more with the old."""
    people = People(tmp_path)
    made = people.create("lin", "old", created=CREATED, log_n=16)
    people.change_passphrase("lin", "old", "new", log_n=16)
    assert people.unlock("lin", "new") == made
    with pytest.raises(WrongPassphrase):
        people.unlock("lin", "old")


@pytest.mark.parametrize("name", ["lin", "王小明", "Müller", "a_b-c", "林2", "x" * 32])
def test_ordinary_names_are_names(name: str) -> None:
    """Letters and digits of any script, hyphen and underscore."""
    assert checked_person_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "a.b", "-a", "a b", "a\n", "ｌｉｎ", "x" * 33, "a\0", "²", "u\u0308"]
)
def test_names_that_could_mislead_are_refused(name: str) -> None:
    """Paths, options, spaces and look-alikes are no names."""
    with pytest.raises(Unsuitable):
        checked_person_name(name)


def test_nothing_shows_a_secret() -> None:
    """Secrets do not appear when a value is printed."""
    house = HouseKey(bytes(range(32)))
    texts = [repr(LIN), repr(house), repr(LIN.identity), repr(age.Passphrase("geheim"))]
    for secret in ("\\x01\\x02\\x03", '!"#$%', "SECRET-KEY", "geheim"):
        assert not any(secret in text for text in texts)


@pytest.mark.rule("S001-1-R06")
@pytest.mark.rule("S001-8-R02")
def test_granted_key_opens_for_its_holders_only(ring: KeyRing, people: People) -> None:
    """Who was granted a generation opens it; who was not, does not."""
    grade = ring.new_generation("jimi")
    lin = people.unlock("lin", PHRASE)
    ring.grant(grade, people.person("lin"))
    assert ring.open_grade("jimi", 1, lin) == grade
    assert ring.holders("jimi", 1) == ["lin"]
    assert ring.held_by("lin") == [("jimi", 1)]
    assert ring.holds("jimi", 1, "lin")
    assert not ring.holds("jimi", 1, "王小明")
    assert ring.held_by("王小明") == []
    stranger = Unlocked("王小明", age.HybridIdentity.generate(), bytes(32))
    with pytest.raises(NoKey):
        ring.open_grade("jimi", 1, stranger)
    with pytest.raises(NoKey):  # under lin's name, but without lin's identity
        ring.open_grade("jimi", 1, Unlocked("lin", stranger.identity, bytes(32)))


def test_generations_count_up(ring: KeyRing) -> None:
    """The newest generation is current; older ones stay; keys are independent."""
    first, second = ring.new_generation("jimi"), ring.new_generation("jimi", suite="x25519")
    assert (first.generation, second.generation) == (1, 2)
    assert ring.current("jimi") == (2, second.recipient)
    assert ring.recipient("jimi", 1) == first.recipient
    assert recipient_digest(first.recipient) != recipient_digest(second.recipient)
    assert ring.generations("mimi") == []
    with pytest.raises(Missing):
        ring.current("mimi")


def test_nothing_secret_lies_there_before_a_grant(ring: KeyRing, tmp_path: Path) -> None:
    """A new generation leaves its public half and nothing else."""
    grade = ring.new_generation("jimi")
    files = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["public"]
    assert files[0].read_text().strip() == grade.recipient.text


def test_swapped_public_half_is_noticed(ring: KeyRing, people: People, tmp_path: Path) -> None:
    """When the public half is replaced, neither opening nor granting goes on."""
    grade = ring.new_generation("jimi")
    ring.grant(grade, people.person("lin"))
    public = tmp_path / "keys/grades/jimi/0001/public"
    public.chmod(0o600)
    public.write_text(age.HybridIdentity.generate().recipient.text)
    with pytest.raises(Damaged):
        ring.open_grade("jimi", 1, people.unlock("lin", PHRASE))
    with pytest.raises(Damaged):
        ring.grant(grade, people.person("lin"))
    public.write_text("nonsense")
    with pytest.raises(Damaged):
        ring.current("jimi")


def test_destroyed_generation_opens_no_more(ring: KeyRing, people: People) -> None:
    """With every sealed copy gone nobody opens it, and its number is not used again."""
    grade = ring.new_generation("jimi")
    ring.grant(grade, people.person("lin"))
    ring.grant(grade, people.person("王小明"))
    assert ring.withdraw("jimi", 1, "王小明") is True
    assert ring.withdraw("jimi", 1, "王小明") is False
    assert ring.destroy_private("jimi", 1) == ["lin"]
    with pytest.raises(NoKey):
        ring.open_grade("jimi", 1, people.unlock("lin", PHRASE))
    assert ring.new_generation("jimi").generation == 2


def test_sealed_key_is_an_identity_file(ring: KeyRing) -> None:
    """What holder and counterpart open, one after the other, the stock tool takes as it is."""
    grade = ring.new_generation("jimi")
    inner = age.decrypt([LIN.identity], seal_grade(grade, LIN.identity.recipient))
    beside = (ring._counterparts.folder / "jimi-0001").read_text()
    text = age.decrypt(age.parse_identity_file(beside), inner).decode()
    assert age.parse_identity_file(text) == [grade.identity]


@pytest.mark.parametrize("key_id", ["", "..", "a/b", "机密", "-a", "a" * 33])
def test_key_id_that_could_leave_its_folder_is_refused(ring: KeyRing, key_id: str) -> None:
    """Key ids are plain letters, digits and hyphens."""
    with pytest.raises(Unsuitable):
        ring.new_generation(key_id)
    with pytest.raises(Unsuitable):
        ring.recipient("jimi", 0)


def test_session_lasts_until_its_time(tmp_path: Path) -> None:
    """Before the hour the person is there; at the hour the file is gone."""
    folder = session.runtime_folder({"XDG_RUNTIME_DIR": str(tmp_path)})
    until = NOW + timedelta(hours=8)
    keys = {("jimi", 2): bytes([7] * 32)}
    session.save(folder, "archive-1", LIN, until, keys, NONE)
    found = session.load(folder, "archive-1", until - timedelta(seconds=1), NONE)
    assert found is not None
    assert found.unlocked() == LIN
    assert found.index_keys == keys
    assert "\\x07" not in repr(found)
    assert session.load(folder, "archive-2", NOW, NONE) is None
    assert [p.stat().st_mode & 0o777 for p in folder.iterdir()] == [0o600]
    assert session.load(folder, "archive-1", until, NONE) is None
    assert list(folder.iterdir()) == []


def test_logging_out_ends_the_session(tmp_path: Path) -> None:
    """After forgetting, nobody is logged in."""
    folder = session.runtime_folder({"XDG_RUNTIME_DIR": str(tmp_path)})
    session.save(folder, "a", LIN, NOW + timedelta(hours=1), {}, NONE)
    assert session.forget(folder, "a") is True
    assert session.forget(folder, "a") is False
    assert session.load(folder, "a", NOW, NONE) is None
    with pytest.raises(Unsuitable):
        session.load(folder, "../a", NOW, NONE)


def test_session_open_to_others_is_refused(tmp_path: Path) -> None:
    """A file or folder that others can read, or a link, is not trusted."""
    folder = session.runtime_folder({"XDG_RUNTIME_DIR": str(tmp_path)})
    session.save(folder, "a", LIN, NOW + timedelta(hours=1), {}, NONE)
    (folder / "a.session").chmod(0o640)
    with pytest.raises(Unsuitable):
        session.load(folder, "a", NOW, NONE)
    (folder / "b.session").symlink_to(folder / "a.session")
    with pytest.raises(Unsuitable):
        session.load(folder, "b", NOW, NONE)
    folder.chmod(0o755)
    with pytest.raises(Unsuitable):
        session.runtime_folder({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_session_folder_may_not_be_a_link(tmp_path: Path) -> None:
    """Somebody who puts a link where the folder would be gets nothing."""
    (tmp_path / "elsewhere").mkdir(0o700)
    (tmp_path / "archivist").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unsuitable):
        session.runtime_folder({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_session_falls_back_to_shared_memory(tmp_path: Path) -> None:
    """Without a runtime folder of the login, shared memory serves."""
    if Path(f"/run/user/{os.getuid()}").is_dir():
        pytest.skip("this user has a runtime folder of the login")
    folder = session.runtime_folder({"XDG_RUNTIME_DIR": "/no/such"}, shared_memory=tmp_path)
    assert folder == tmp_path / f"archivist-{os.getuid()}"
    with pytest.raises(Unsuitable):
        session.runtime_folder({}, shared_memory=tmp_path / "none")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"secret": 1}', b"\xff" * 5000])
def test_unreadable_session_counts_as_none(tmp_path: Path, content: bytes) -> None:
    """A broken session file is removed; the person logs in again."""
    folder = session.runtime_folder({"XDG_RUNTIME_DIR": str(tmp_path)})
    (folder / "a.session").write_bytes(content)
    (folder / "a.session").chmod(0o600)
    assert session.load(folder, "a", NOW, NONE) is None
    assert list(folder.iterdir()) == []


def test_broken_key_files_raise_our_errors(people: People, tmp_path: Path) -> None:
    """A key file that is no age file at all is Damaged, not a wrong passphrase."""
    (tmp_path / "lin.json").write_bytes((people._folder / "lin.json").read_bytes())
    for content in (b"", b"age-encryption.org/v1\n", os.urandom(100)):
        (tmp_path / "lin.age").write_bytes(content)
        with pytest.raises(StorageError) as caught:
            People(tmp_path).unlock("lin", PHRASE)
        assert not isinstance(caught.value, NoKey)


def test_search_path_loads_no_cipher() -> None:
    """Session, key ring and house key can be read before any cipher is loaded."""
    code = (
        "import sys, storage.session, storage.keys, storage.house_key as h\n"
        "h.HouseKey.parse(h.HouseKey(bytes(32)).text()).catalogue_key()\n"
        "assert storage.session.load(__import__('pathlib').Path('/no/such'), 'a', "
        "__import__('datetime').datetime.now(__import__('datetime').UTC), "
        "storage.keys.Counterparts(__import__('pathlib').Path('/no/such'))) is None\n"
        "sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
