"""Regrading against crashes and the calendar: either grade is whole, and late is late."""

import os
from datetime import UTC, date, datetime, timedelta

import pytest
from archive_home import PASSPHRASE, PERSON

from archivist.errors import BadRequest, NotAllowed
from archivist.recover import recover
from archivist.regrading import Wish, declassify_due, endings, regrade
from archivist.regulations import policy_of
from archivist.vouching import vouched
from storage.errors import DiskFailed, StorageError

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
RECORD = "R00000001"
UNTIL = date(2026, 12, 31)
EFFECTS = ("link", "rename", "unlink", "fsync", "fdatasync", "mkdir")


class Killed(BaseException):
    """The process is dead; no `except Exception` may catch it."""


class Clockwork:
    """The calls of `os` that have an effect: counted, and from the `at`-th on never made."""

    def __init__(self, monkeypatch, at=None):
        self.made = 0
        self.at = at
        for name in EFFECTS:
            monkeypatch.setattr(os, name, self._watched(getattr(os, name)))

    def _watched(self, call):
        def made(*args, **more):
            self.made += 1
            if self.at is not None and self.made > self.at:
                raise Killed
            return call(*args, **more)

        return made


@pytest.fixture
def content(scan):
    return scan("甲方购买乙方出售", "销售合同")


@pytest.fixture
def filed(home, content):
    """One secret record; the archivist decides on grades."""
    home.set("company", **{'"role.drafting_unit"': "archivist", "secrecy_notice": "30"})
    path = home.top / "合同.pdf"
    path.write_bytes(content)
    (outcome,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同")
    assert (outcome["record"], outcome["grade"]) == (RECORD, "SECRET")
    return home


class Room:
    """The archive with its policy and its person, opened anew as the next process finds it."""

    def __init__(self, home, person=None):
        self.archive = home.open()
        self.archive.follow()
        self.policy = policy_of(self.archive.settings, self.archive.catalogue)
        self.person = person or self.archive.people.unlock(PERSON, PASSPHRASE)

    def regrade(self, grade, until=None, now=NOW):
        wish = Wish(grade, "理由", until)
        return regrade(self.archive, self.policy, RECORD, wish, self.person, now)

    def due(self, now):
        return endings(self.archive, self.policy, self.person, now.date())

    def row(self):
        self.archive.follow()
        return self.archive.the("record", RECORD)

    def content(self):
        return b"".join(self.archive.record_bytes(self.row(), "scan", self.person))

    def files(self):
        """The record's own files, without the cards of reasons."""
        found = [*self.archive.root.glob(f"store/*/*/{RECORD}*"),
                 *self.archive.root.glob(f"keys/records/*/*/{RECORD}*"),
                 *self.archive.root.glob("store/*/*/.*")]  # fmt: skip
        return sorted(path.name for path in found if not path.name.startswith(f"{RECORD}-0"))


@pytest.fixture
def room(filed):
    opened = Room(filed)
    yield opened
    opened.archive.close()


@pytest.mark.parametrize("to", ["PUBLIC", "SECRET"])
def test_a_crash_at_any_step_leaves_either_grade_whole(filed, content, monkeypatch, to):
    """Before every effect once: what recovers opens, in one grade, with no file too many."""
    start = "PUBLIC" if to == "SECRET" else "SECRET"
    until = None if to == "PUBLIC" else UNTIL
    seen, at, over = [], 0, False
    room = Room(filed)
    person = room.person
    while not over:
        if room.row()["grade"] != start:
            room.regrade(start, UNTIL if start == "SECRET" else None)
            room.archive.close()
            room = Room(filed, person)
        with monkeypatch.context() as patch:
            Clockwork(patch, at)
            try:
                room.regrade(to, until)
                over = True
            except Killed:
                pass
        room.archive.close()
        room = Room(filed, person)
        assert room.content() == content, at  # also before anything was recovered
        with monkeypatch.context() as patch:
            patch.setattr("storage.durable.single._is_running", lambda _: False)  # it was killed
            recover(room.archive, NOW)
        assert room.content() == content, at
        assert len(room.files()) == 3, (at, room.files())
        assert list(vouched(room.archive)) == [], at
        assert not [*(filed.root / "work" / "regrading").glob("*")], at
        seen.append(room.row()["grade"])
        at += 1
    room.archive.close()
    # The old grade up to the commit point, the new one from there on, and steps on both sides.
    before = seen.index(to)
    assert seen == [start] * before + [to] * (len(seen) - before)
    assert before > 10 and len(seen) - before >= 5
    assert filed.json("search", "购买")["total"] == 1


def test_bytes_that_are_not_what_was_filed_are_not_sealed_anew(room, content):
    """A record whose body was altered is refused, and nothing new is left."""
    (body,) = room.archive.root.glob(f"store/*/*/{RECORD}.pdf.age")
    body.chmod(0o600)
    body.write_bytes(body.read_bytes()[:-1] + b"\0")
    files, size = room.files(), room.archive.ledger.size
    with pytest.raises(StorageError):
        room.regrade("PUBLIC")
    assert (room.files(), room.archive.ledger.size) == (files, size)
    assert not [*(room.archive.root / "work" / "regrading").glob("*")]


def test_a_full_disk_leaves_the_old_grade(room, content, monkeypatch):
    """The disk refuses the new files: an error, the old ones whole, no slip left."""
    files = room.files()

    def full(*_):
        raise DiskFailed("writing: no space left", 28)

    with monkeypatch.context() as patch:
        patch.setattr("storage.durable.batch.Batch.commit", full)
        with pytest.raises(DiskFailed):
            room.regrade("PUBLIC")
    assert (room.files(), room.content()) == (files, content)
    assert not [*(room.archive.root / "work" / "regrading").glob("*")]


def test_an_extension_after_the_end_is_too_late(room):
    """On the last day it may still be asked for, on the next it may not, by nobody."""
    room.regrade("SECRET", UNTIL)
    last = datetime(2026, 12, 31, 9, 30, tzinfo=UTC)
    room.regrade("SECRET", date(2027, 6, 30), last)
    with pytest.raises(NotAllowed, match="ended on 2027-06-30"):
        room.regrade("SECRET", date(2028, 6, 30), datetime(2027, 7, 1, 9, 30, tzinfo=UTC))
    with pytest.raises(BadRequest):
        room.regrade("SECRET", date(2027, 1, 31), last)
    assert room.row()["until"] == "2027-06-30"


def test_what_is_over_declassifies_without_anybodys_yes(room, content):
    """The regulation has decided: no role is asked, the entry says why and by which clause."""
    room.regrade("SECRET", UNTIL)
    room.archive.settings.company.pop("role.drafting_unit")
    room.policy = policy_of(room.archive.settings, room.archive.catalogue)
    after = datetime(2027, 1, 1, 9, 30, tzinfo=UTC)
    due = room.due(after)
    (done,) = declassify_due(room.archive, room.policy, due, room.person, after)
    assert (done.before, done.after, done.until) == ("SECRET", "PUBLIC", None)
    assert room.content() == content
    entry = [*room.archive.entries_of(RECORD)][-1]
    assert (entry.act, entry.fields["why"], entry.fields["clauses"]) == (
        "declassify",
        "expired",
        ["S001-4-R13"],
    )
    assert room.due(after) == []


def test_what_was_extended_since_the_plan_was_made_stays_secret(room):
    """The plan is asked again for each record before it is carried out."""
    room.regrade("SECRET", UNTIL)
    after = datetime(2027, 1, 1, 9, 30, tzinfo=UTC)
    due = room.due(after)
    room.regrade("SECRET", date(2028, 1, 1), after - timedelta(days=10))
    assert list(declassify_due(room.archive, room.policy, due, room.person, after)) == []
    assert room.row()["grade"] == "SECRET"
