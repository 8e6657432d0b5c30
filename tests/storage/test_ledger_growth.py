"""Appending, reading, sharing: what the ledger does while nothing is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from ledger_samples import KEY, ORIGIN, OTHER_KEY, VKEY, entries, entry, make, reopen

from storage.errors import Busy, Missing, NoKey, Occupied
from storage.ledger import Ledger, peek_size
from storage.ledger_audit import verify
from storage.merkle import leaf_hash, verify_consistency, verify_inclusion


def test_appended_entries_are_there_for_everybody(tmp_path: Path) -> None:
    """Indexes are handed out in order, and a fresh reader sees the same entries and root."""
    ledger = make(tmp_path / "ledger", 300)
    assert ledger.append([b"a", b"b"]) == range(300, 302)
    reader = Ledger.open(tmp_path / "ledger", VKEY)
    assert list(reader.entries()) == list(enumerate([*entries(300), b"a", b"b"]))
    assert (reader.size, reader.root_hash) == (302, ledger.root_hash)
    assert reader.checkpoint == ledger.checkpoint


@pytest.mark.parametrize("publish", [False, True])
@pytest.mark.parametrize(("start", "stop"), [(0, 3), (255, 257), (510, None), (699, 800), (700, 9)])
def test_reading_may_begin_and_end_anywhere(
    start: int, stop: int | None, publish: bool, tmp_path: Path
) -> None:
    """A range of entries is the same whether it lies in tiles, the journal or both."""
    make(tmp_path / "ledger", 700, publish=publish)
    found = list(reopen(tmp_path / "ledger").entries(start, stop))
    assert found == list(enumerate(entries(700)))[start:stop]


def test_reading_goes_on_while_the_ledger_grows(tmp_path: Path) -> None:
    """An iteration that began sees what was there, however much is added and published."""
    ledger = make(tmp_path / "ledger", 300)
    running = ledger.entries()
    assert next(running) == (0, entry(0))
    ledger.append(entries(600, 300))
    ledger.publish()
    assert list(running) == list(enumerate(entries(300)))[1:]


def test_proofs_hold_against_the_signed_root(tmp_path: Path) -> None:
    """Inclusion and consistency are provable across tiles and journal."""
    ledger = make(tmp_path / "ledger", 600, publish=True)
    ledger.append(entries(650, 600))
    for index in (0, 255, 256, 511, 512, 599, 600, 649):
        proof = ledger.prove(index)
        assert verify_inclusion(leaf_hash(entry(index)), index, 650, proof, ledger.root_hash)
    for old in (0, 1, 256, 511, 600, 650):
        proof, root = ledger.consistency(old), ledger.root_at(old)
        assert verify_consistency(old, root, 650, ledger.root_hash, proof)
    with pytest.raises(ValueError, match="has no leaf"):
        ledger.prove(650)
    with pytest.raises(ValueError, match="650 entries"):
        ledger.root_at(651)


def test_reader_follows_a_writer_across_segments_and_publications(tmp_path: Path) -> None:
    """Refreshing brings every new entry, also when the segment read before is gone."""
    writer = make(tmp_path / "ledger")
    reader = Ledger.open(tmp_path / "ledger", VKEY)
    assert not reader.refresh()
    size = 0
    for step in (1, 5, 1100, 1100, 3, 1100, 2):
        writer.append(entries(size + step, size))
        size += step
        assert reader.refresh()
        assert (reader.size, reader.root_hash) == (size, writer.root_hash)
        assert not reader.refresh()
        if step > 3:
            writer.publish()
            assert not reader.refresh()
    assert [e for _, e in reader.entries()] == entries(size)


def test_reader_left_far_behind_catches_up(tmp_path: Path) -> None:
    """A reader whose segment was dropped long ago starts again and misses nothing."""
    writer = make(tmp_path / "ledger", 10)
    reader = Ledger.open(tmp_path / "ledger", VKEY)
    for start in range(10, 5010, 1000):
        writer.append(entries(start + 1000, start))
        writer.publish()
    assert reader.refresh()
    assert [e for _, e in reader.entries()] == entries(5010)


def test_journal_holds_only_what_is_not_published(tmp_path: Path) -> None:
    """Publishing drops segments that tiles have made superfluous."""
    ledger = make(tmp_path / "ledger", 5000, group=500)
    before = len(list((tmp_path / "ledger" / "journal").glob("*.tlj")))
    ledger.publish()
    after = len(list((tmp_path / "ledger" / "journal").glob("*.tlj")))
    assert (before, after) == (4, 1)
    assert reopen(tmp_path / "ledger").size == 5000


def test_publishing_nothing_new_changes_no_file(tmp_path: Path) -> None:
    """A second publication in a row leaves every file as it was, whoever asks for it."""
    ledger = make(tmp_path / "ledger", 300)
    other = reopen(tmp_path / "ledger")
    ledger.publish()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "ledger").rglob("*")}
    ledger.publish()
    other.publish()
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "ledger").rglob("*")} == before


def test_commit_costs_one_write_and_one_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group commit, large or small, flushes once; across a tile boundary, too."""
    ledger = make(tmp_path / "ledger", 250)
    flushes: list[str] = []
    for name in ("fsync", "fdatasync"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda fd, n=name, r=real: (flushes.append(n), r(fd)))
    ledger.append([b"x"])
    ledger.append([b"x"] * 20)
    assert flushes == ["fdatasync", "fdatasync"]


@pytest.mark.parametrize("more", [1, 10, 300, 1500])
@pytest.mark.parametrize("publish", [True, False])
def test_a_ledger_is_whole_while_others_write_it(more: int, publish: bool, tmp_path: Path) -> None:
    """Whatever is appended, published and dropped while it is verified is no damage."""
    root = tmp_path / "ledger"
    writer = make(root, 700, publish=True)
    grown: list[int] = []

    def meanwhile(done: int, total: int) -> None:
        if not grown:
            grown.append(writer.append(entries(700 + more, 700)).stop)
            if publish:
                writer.publish()

    report = Ledger.open(root, VKEY).verify(meanwhile)
    assert grown == [700 + more]
    assert report.findings == ()
    assert report.size == 700 + more


@pytest.mark.parametrize("more", [1, 300, 1500])
def test_what_is_published_while_a_ledger_is_opened_is_no_rollback(
    more: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A published head newer than the journal just read makes the reader read on."""
    root = tmp_path / "ledger"
    writer, load = make(root, 300, publish=True), Ledger.load

    def overtaken(reader: Ledger) -> None:
        load(reader)
        if writer.size == 300:
            writer.append(entries(300 + more, 300))
            writer.publish()

    monkeypatch.setattr(Ledger, "load", overtaken)
    assert Ledger.open(root, VKEY).size == 300 + more


def test_no_file_appears_or_goes_unseen_while_files_are_compared(tmp_path: Path) -> None:
    """A station that commits and publishes all the time never makes a ledger look damaged."""
    root = tmp_path / "ledger"
    writer = make(root, 300, publish=True)

    def write() -> None:
        while writer.size < 1000:
            writer.append(entries(writer.size + 7, writer.size))
            writer.publish()
            time.sleep(0.002)  # as a station rests between two scans

    station = threading.Thread(target=write)
    station.start()
    reports = []
    while station.is_alive():
        reports.append(verify(root, VKEY))
        time.sleep(0.002)
    station.join()
    assert {report.findings for report in reports} == {()}
    assert len({report.size for report in reports}) > 2, "it was verified while it grew"


def test_peek_follows_the_size(tmp_path: Path) -> None:
    """The unverified size is the size, before and after publishing and rolling."""
    ledger = make(tmp_path / "ledger")
    assert peek_size(tmp_path / "ledger") == 0
    for start in range(0, 3000, 600):
        ledger.append(entries(start + 600, start))
        assert peek_size(tmp_path / "ledger") == ledger.size
        ledger.publish()
        assert peek_size(tmp_path / "ledger") == ledger.size


def test_creating_twice_is_refused(tmp_path: Path) -> None:
    """A ledger is created once, also when only its journal is left of it."""
    make(tmp_path / "ledger", 1)
    with pytest.raises(Occupied):
        Ledger.create(tmp_path / "ledger", ORIGIN, KEY)
    (tmp_path / "ledger" / "checkpoint").unlink()
    with pytest.raises(Occupied):
        Ledger.create(tmp_path / "ledger", ORIGIN, KEY)


def test_opening_nothing_is_missing(tmp_path: Path) -> None:
    """Where no ledger was created, none is opened or peeked into."""
    with pytest.raises(Missing):
        Ledger.open(tmp_path / "ledger", VKEY)
    with pytest.raises(Missing):
        peek_size(tmp_path / "ledger")


def test_without_the_right_key_nothing_is_written(tmp_path: Path) -> None:
    """A ledger opened to read refuses to write, and a stranger's key does not open it."""
    make(tmp_path / "ledger", 1)
    reader = Ledger.open(tmp_path / "ledger", VKEY)
    with pytest.raises(NoKey):
        reader.append([b"x"])
    with pytest.raises(NoKey):
        reader.publish()
    with reader.exclusive():
        assert reader.size == 1
    with pytest.raises(NoKey):
        Ledger.open(tmp_path / "ledger", VKEY, OTHER_KEY)


def test_lock_is_exclusive_between_objects_and_reentrant_within(tmp_path: Path) -> None:
    """While one holds the lock another is told to wait; the holder may nest and append."""
    one = make(tmp_path / "ledger")
    other = reopen(tmp_path / "ledger")
    with one.exclusive(), one.exclusive():
        one.append([b"inside"])
        with pytest.raises(Busy):
            other.append([b"outside"], timeout_seconds=0.03)
    assert other.append([b"outside"]) == range(1, 2)
    with one.exclusive():
        assert one.size == 2


def test_threads_sharing_a_ledger_lose_nothing(tmp_path: Path) -> None:
    """Threads that append through one object get distinct indexes."""
    ledger, taken = make(tmp_path / "ledger"), []

    def work(name: int) -> None:
        for number in range(20):
            taken.extend(ledger.append([b"%d/%d" % (name, number)] * 2))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(160))
    assert ledger.verify().ok


WRITER = """
import sys, pathlib
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from storage.ledger import Ledger
ledger = Ledger.open(pathlib.Path(sys.argv[1]), sys.argv[2],
                     Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
for number in range(int(sys.argv[4])):
    names = [f"{sys.argv[3]} {number} {part}" for part in range(number % 4 + 1)]
    taken = ledger.append([name.encode() for name in names])
    print(taken.start, taken.stop, number, flush=True)
    if number % 37 == 0:
        ledger.publish()
"""


def start_writer(root: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), VKEY, name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def acknowledged(name: str, printed: str) -> dict[int, bytes]:
    """Index and entry of everything a writer says it appended."""
    held = {}
    for line in printed.splitlines():
        start, stop, number = map(int, line.split())
        for part, index in enumerate(range(start, stop)):
            held[index] = f"{name} {number} {part}".encode()
    return held


def test_processes_appending_at_once_lose_nothing(tmp_path: Path) -> None:
    """Two processes append and publish at the same time; every entry stands where promised."""
    make(tmp_path / "ledger")
    writers = {name: start_writer(tmp_path / "ledger", name, 150) for name in ("one", "two")}
    held: dict[int, bytes] = {}
    for name, writer in writers.items():
        printed, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0
        mine = acknowledged(name, printed)
        assert not held.keys() & mine.keys()
        held |= mine
    ledger = Ledger.open(tmp_path / "ledger", VKEY)
    assert dict(ledger.entries()) == held
    assert ledger.verify().ok


class Story(RuleBasedStateMachine):
    """The ledger against a list, with a writer, a second writer and a reader."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name) / "ledger"
        self.writers = [make(self.root), reopen(self.root)]
        self.reader = Ledger.open(self.root, VKEY)
        self.model: list[bytes] = []
        self.heads: dict[int, bytes] = {}

    def teardown(self) -> None:
        for ledger in self.writers:
            ledger.close()
        self.folder.cleanup()

    @rule(who=st.integers(0, 1), sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5))
    def append(self, who: int, sizes: list[int]) -> None:
        group = [b"%d" % n * n for n in sizes]
        taken = self.writers[who].append(group)
        assert taken == range(len(self.model), len(self.model) + len(group))
        self.model += group

    @rule(who=st.integers(0, 1), count=st.integers(200, 1500))
    def append_many(self, who: int, count: int) -> None:
        self.writers[who].append([b"bulk"] * count)
        self.model += [b"bulk"] * count

    @rule(who=st.integers(0, 1))
    def publish(self, who: int) -> None:
        self.writers[who].publish()

    @rule(who=st.integers(0, 1))
    def reopen(self, who: int) -> None:
        self.writers[who].close()
        self.writers[who] = reopen(self.root)

    @rule()
    def remember(self) -> None:
        self.reader.refresh()
        self.heads[self.reader.size] = self.reader.root_hash

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        self.reader.refresh()
        assert self.reader.size == len(self.model)
        at = data.draw(st.integers(0, len(self.model) - 1))
        found = [e for _, e in self.reader.entries(at, at + 300)]
        assert found == self.model[at : at + 300]
        proof = self.reader.prove(at)
        leaf, size, root = leaf_hash(self.model[at]), self.reader.size, self.reader.root_hash
        assert verify_inclusion(leaf, at, size, proof, root)
        for old, seen in self.heads.items():
            proof = self.reader.consistency(old)
            assert verify_consistency(old, seen, size, root, proof)

    @invariant()
    def size_is_right(self) -> None:
        assert peek_size(self.root) == len(self.model)

    @rule()
    def verify(self) -> None:
        report = self.reader.verify(against=list(self.heads.items()))
        assert report.ok, report.findings
        assert report.size == len(self.model)


TestStory = Story.TestCase
TestStory.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
