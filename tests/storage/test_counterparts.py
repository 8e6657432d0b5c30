"""Counterparts: the half of a key that is in no copy of the archive's folder."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import age, durable, session
from storage.age.header import encode64
from storage.counterparts import Counterparts
from storage.errors import Damaged, DiskFailed, NoCounterpart, NoKey, Occupied, Unsuitable
from storage.keys import AT_HOUSE, Holder, KeyRing
from storage.names import checked_person_name
from storage.people import Person, Unlocked

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LIN = Unlocked("lin", age.HybridIdentity(bytes(range(32))), bytes(32))
PAGE = Person("lin", "", bytes(32), LIN.identity.recipient)


@pytest.fixture
def beside(tmp_path: Path) -> Counterparts:
    return Counterparts.beside(tmp_path / "config" / "house.key")


@pytest.fixture
def ring(tmp_path: Path, beside: Counterparts) -> KeyRing:
    return KeyRing(tmp_path / "grades", beside)


def granted(ring: KeyRing):
    made = ring.new_generation("SECRET")
    ring.grant(made, PAGE)
    return made


def test_a_counterpart_is_its_owners_alone_and_gone_when_destroyed(beside: Counterparts) -> None:
    """Folder 0700, file 0600, an identity file; destroyed, it is missed under its own error."""
    made = beside.make("SECRET-0001", "x25519")
    path = beside.folder / "SECRET-0001"
    assert path == beside.folder.parent / "house.key.counterparts" / "SECRET-0001"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert age.parse_identity_file(path.read_text()) == [made]
    assert (beside.open("SECRET-0001"), beside.names()) == (made, ["SECRET-0001"])
    assert beside.exposed() == []
    assert beside.destroy("SECRET-0001") is True
    assert beside.destroy("SECRET-0001") is False
    with pytest.raises(NoCounterpart):
        beside.open("SECRET-0001")


def test_a_counterpart_is_never_written_over(beside: Counterparts) -> None:
    """Whoever works in an old copy of the archive does not shut the archive itself."""
    made = beside.make("SECRET-0001")
    with pytest.raises(Occupied):
        beside.make("SECRET-0001")
    assert beside.open("SECRET-0001") == made


@pytest.mark.parametrize("name", ["", "..", "a/b", "-a", "a" * 65])
def test_a_name_that_could_leave_the_folder_is_refused(beside: Counterparts, name: str) -> None:
    """Names are plain letters, digits and hyphens."""
    with pytest.raises(Unsuitable):
        beside.make(name)


def test_destroying_in_the_wrong_place_is_not_told_as_done(tmp_path: Path) -> None:
    """Where no folder is and none can be, as beside a key that is handed over read-only."""
    (tmp_path / "house.key.counterparts").touch()
    with pytest.raises(DiskFailed):
        Counterparts.beside(tmp_path / "house.key").destroy("SECRET-0001")


def test_what_others_can_read_is_told(beside: Counterparts) -> None:
    """A mode that lets others in, on the folder or a file, and a link."""
    beside.make("SECRET-0001")
    beside.make("TOP-0001")
    (beside.folder / "TOP-0001").chmod(0o640)
    (beside.folder / "CONF-0001").symlink_to("/dev/null")
    assert [path.name for path in beside.exposed()] == ["CONF-0001", "TOP-0001"]


def test_a_destroyed_generation_is_gone_from_every_copy(ring: KeyRing, tmp_path: Path) -> None:
    """With the holder's own key and every counterpart that is left; before, the copy opens."""
    made = granted(ring)
    shutil.copytree(tmp_path / "grades", tmp_path / "copy")
    copy = KeyRing(tmp_path / "copy", ring._counterparts)
    assert copy.open_grade("SECRET", 1, LIN) == made
    ring.grant(ring.new_generation("SECRET"), PAGE)
    assert ring.destroy_private("SECRET", 1) == ["lin"]
    with pytest.raises(NoCounterpart):
        copy.open_grade("SECRET", 1, LIN)
    sealed = (tmp_path / "copy/SECRET/0001/lin.age").read_bytes()
    inner = age.decrypt([LIN.identity], sealed)
    assert made.identity.secret_text().encode() not in inner
    with pytest.raises(NoKey):
        age.decrypt([LIN.identity, ring._counterparts.open("SECRET-0002")], inner)


def test_a_key_of_an_earlier_version_opens_and_the_next_has_a_counterpart(ring: KeyRing) -> None:
    """Sealed to its holder alone it can be granted on as it is; a new generation is not."""
    old = replace(ring.new_generation("SECRET"), counterpart=None)
    ring._counterparts.destroy("SECRET-0001")
    ring.grant(old, PAGE)
    opened = ring.open_grade("SECRET", 1, LIN)
    assert (opened, opened.counterpart) == (old, None)
    ring.grant(opened, PAGE)
    assert ring.open_grade("SECRET", 1, LIN) == old
    new = granted(ring)
    assert ring.open_grade("SECRET", 2, LIN).counterpart == new.counterpart is not None


def test_another_counterpart_under_the_name_opens_nothing(ring: KeyRing) -> None:
    """As after a recovery on another machine, for whom nothing was sealed anew."""
    made = granted(ring)
    ring._counterparts.destroy("SECRET-0001")
    other = ring.paired(made)
    with pytest.raises(NoCounterpart):
        ring.open_grade("SECRET", 1, LIN)
    ring.grant(other, PAGE)
    assert ring.open_grade("SECRET", 1, LIN) == made
    assert ring.paired(made).counterpart == other.counterpart


def test_a_number_that_the_archive_itself_has_used_is_not_used_in_a_copy(
    ring: KeyRing, tmp_path: Path
) -> None:
    """The copy knows one generation, the counterparts know two: its next is the third."""
    granted(ring)
    shutil.copytree(tmp_path / "grades", tmp_path / "copy")
    granted(ring)
    copy = KeyRing(tmp_path / "copy", ring._counterparts)
    assert copy.new_generation("SECRET").generation == 3
    assert ring.open_grade("SECRET", 2, LIN)


def test_nothing_is_made_where_no_counterpart_can_be(ring: KeyRing, beside: Counterparts) -> None:
    """Said before a byte of the new generation is written."""
    beside.folder.parent.mkdir()
    beside.folder.touch()
    with pytest.raises(DiskFailed):
        ring.new_generation("SECRET")
    assert ring.generations("SECRET") == []


@pytest.mark.parametrize("landed", [False, True])
def test_a_crash_beside_the_counterpart_leaves_what_is_discarded(
    ring: KeyRing, beside: Counterparts, monkeypatch: pytest.MonkeyPatch, landed: bool
) -> None:
    """Making it was cut off: the generation shows, goes as a whole, and its number comes again."""

    def cut(name, suite="hybrid"):
        if landed:
            Counterparts.make(beside, name, suite)
        raise DiskFailed("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(beside, "make", cut)
        with pytest.raises(DiskFailed):
            ring.new_generation("SECRET")
    assert (ring.generations("SECRET"), beside.has("SECRET-0001")) == ([1], landed)
    ring.discard("SECRET", 1)
    assert (ring.generations("SECRET"), beside.names()) == ([], [])
    assert granted(ring).generation == 1


def test_a_crash_while_destroying_leaves_its_holders_to_be_seen(
    ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counterpart goes first; whoever looks for holders finds what to finish."""
    granted(ring)
    with monkeypatch.context() as patch:
        patch.setattr(ring, "withdraw", lambda *_: (_ for _ in ()).throw(DiskFailed("cut")))
        with pytest.raises(DiskFailed):
            ring.destroy_private("SECRET", 1)
    assert (ring.holders("SECRET", 1), ring._counterparts.names()) == (["lin"], [])
    with pytest.raises(NoCounterpart):
        ring.open_grade("SECRET", 1, LIN)
    assert ring.destroy_private("SECRET", 1) == ["lin"]
    assert ring.holders("SECRET", 1) == []


def test_the_house_holds_keys_under_a_name_that_nobody_can_bear(ring: KeyRing) -> None:
    """What it holds opens with its identity, and with nobody else's."""
    house = Holder(age.HybridIdentity(bytes([9] * 32)))
    made = ring.new_generation("PUBLIC")
    ring.grant(made, house)
    assert ring.holders("PUBLIC", 1) == [AT_HOUSE]
    assert ring.held_by(AT_HOUSE) == [("PUBLIC", 1)]
    assert ring.open_grade("PUBLIC", 1, house) == made
    with pytest.raises(Unsuitable):
        checked_person_name(AT_HOUSE)
    assert ring.destroy_private("PUBLIC", 1) == [AT_HOUSE]


def test_a_destroyed_key_is_gone_from_sessions(tmp_path: Path, beside: Counterparts) -> None:
    """Full-text keys kept since login go with the counterpart; those of other keys stay."""
    beside.make("SECRET-0001")
    beside.make("TOP-0003")
    keys = {("SECRET", 1): bytes([7] * 32), ("TOP", 3): bytes([8] * 32), ("OLD", 0): bytes(32)}
    folder = tmp_path / "run"
    session.save(folder, "a", LIN, NOW + timedelta(hours=8), keys, beside)
    assert session.load(folder, "a", NOW, beside).index_keys == keys
    beside.destroy("SECRET-0001")
    found = session.load(folder, "a", NOW, beside)
    assert found.index_keys == {name: key for name, key in keys.items() if name[0] != "SECRET"}
    for text in (encode64(bytes([7] * 32)), encode64(bytes([8] * 32))):
        assert text not in durable.read_bytes(folder / "a.session").decode()


def test_a_counterpart_that_cannot_be_read_is_damage(beside: Counterparts) -> None:
    """Bytes that are no identity are not taken for a counterpart that is not there."""
    beside.make("SECRET-0001")
    (beside.folder / "SECRET-0001").write_bytes(b"\xff nonsense")
    with pytest.raises(Damaged):
        beside.open("SECRET-0001")
