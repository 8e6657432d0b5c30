"""The plug is pulled at every line: no acknowledged entry is lost, and the ledger goes on.

The states come from `crashsim`. That the states are able to show a fault is shown in turn:
each rule of the write order is broken once, and the same check must then fail.
A normal run tries a random sample of the states; ARCHIVIST_LONG=1 tries all of them.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from crashsim import Names, Recording, State, Workload, Write, record
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import storage.ledger as ledger_module
from storage.durable import remove
from storage.errors import Missing
from storage.journal import MAGIC, Segment, segment_name, segments
from storage.ledger import Ledger
from storage.note import vkey
from storage.tiles import TilePlan

LONG = os.environ.get("ARCHIVIST_LONG") == "1"
ORIGIN = "archive.example/ledger"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VKEY = vkey(ORIGIN, KEY.public_key())

# Group sizes and publications: over tile boundaries, over segments, nothing in between.
STORY = (1, 3, 0, 120, 200, 0, 1, 0, 130, 90, 1, 0, 2)
SIZES = [0]
for _count in STORY:
    SIZES.append(SIZES[-1] + _count)


def entry(index: int) -> bytes:
    return b"entry %d " % index + b"." * (index % 23)


def whole_story(root: Path, acknowledge: object) -> None:
    """Create a ledger and grow it; acknowledge the size after each commit."""
    assert callable(acknowledge)
    ledger = Ledger.create(root / "ledger", ORIGIN, KEY)
    acknowledge((0, ledger.root_hash))
    go_on(ledger, acknowledge, STORY)
    ledger.close()


def go_on(ledger: Ledger, acknowledge: object, story: tuple[int, ...]) -> None:
    assert callable(acknowledge)
    for count in story:
        if not count:
            ledger.publish()
            continue
        start = ledger.size
        ledger.append([entry(index) for index in range(start, start + count)])
        acknowledge((ledger.size, ledger.root_hash))


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "SEGMENT_ENTRIES", 150)


@pytest.fixture(autouse=True)
def _no_real_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    # The power is only cut in the simulation, which notes the calls all the same.
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr(os, "fdatasync", lambda fd: None)


def lost(state: State, root: Path) -> str | None:
    """What is wrong with a state after recovery, or None."""
    state.build(root)
    promised = state.acknowledged[-1] if state.acknowledged else None
    try:
        return _lost(promised, root / "ledger")
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _lost(promised: object, root: Path) -> str | None:
    if promised is None:
        # Nothing had been promised: it is there, or it can be created.
        try:
            ledger = Ledger.open(root, VKEY, KEY)
        except Missing:
            ledger = Ledger.create(root, ORIGIN, KEY)
    else:
        assert isinstance(promised, tuple)
        ledger = Ledger.open(root, VKEY, KEY, must_hold=promised)
    found = [raw for _, raw in ledger.entries()]
    if found != [entry(index) for index in range(len(found))]:
        return "entries differ"
    ledger.append([entry(ledger.size)])
    ledger.publish()
    ledger.append([entry(ledger.size)])
    ledger.close()
    again = Ledger.open(root, VKEY)
    if again.size != len(found) + 2 or not again.verify().ok:
        return f"not whole after publishing: {again.verify().findings}"
    return None


def sample(recording: Recording, count: int) -> list[State]:
    """Some crash states of a recording in random order, or all of many more."""
    rng = random.Random(random.getrandbits(32))
    states = list(recording.states(rng, per_point=30 if LONG else 3))
    rng.shuffle(states)
    return states if LONG else states[:count]


def failures(recording: Recording, root: Path, count: int) -> Iterator[str]:
    for state in sample(recording, count):
        if (wrong := lost(state, root)) is not None:
            yield f"crash after call {state.point}, {state.kind}: {wrong}"


def test_power_cut_at_any_call_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Whatever a crash leaves: entries are there, appends go on, verification passes."""
    recording = record(whole_story, tmp_path / "run")
    assert list(failures(recording, tmp_path / "state", 60)) == []


def test_groups_are_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    """After a crash the size is one that the ledger had between two commits."""
    recording = record(whole_story, tmp_path / "run")
    for state in sample(recording, 120):
        state.build(tmp_path / "state")
        if state.acknowledged:
            size = Ledger.open(tmp_path / "state" / "ledger", VKEY).size
            assert size in SIZES


def after_kill(root: Path, acknowledge: object) -> None:
    """The next process opens what a killed one left, and appends."""
    try:
        ledger = Ledger.open(root / "ledger", VKEY, KEY)
    except Missing:
        ledger = Ledger.create(root / "ledger", ORIGIN, KEY)
    go_on(ledger, acknowledge, (1, 0, 200))
    ledger.close()


def killed(at: int, folder: Path) -> Recording:
    return record(whole_story, folder, kill_at=at, then=after_kill)


def moments(recording: Recording) -> list[int]:
    """Where a kill leaves something that the next process finds but nobody flushed.

    New segments and folders, and the records written just before a new segment.
    """
    found = []
    for at, op in enumerate(recording.ops):
        if isinstance(op, Names):
            given = [(name, inode) for _, name, inode in op.given]
            if any(name.endswith(".tlj") or inode in recording.folders for name, inode in given):
                found.append(at + 1)
        elif isinstance(op, Write) and op.data and op.data.startswith(MAGIC):
            found.append(at + 1)
    return found


def test_power_cut_after_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    """What a killed writer left unflushed is flushed before anybody builds upon it."""
    whole = record(whole_story, tmp_path / "run")
    everywhere = range(len(whole.ops))
    for at in everywhere if LONG else {*moments(whole), *random.sample(everywhere, 4)}:
        recording = killed(at, tmp_path / f"run{at}")
        assert list(failures(recording, tmp_path / "state", 4)) == [], f"killed at {at}"


def test_folder_that_a_killed_process_made_is_not_trusted(tmp_path: Path) -> None:
    """A tile folder that is there, but was never flushed, is flushed before base relies on it."""
    whole = record(whole_story, tmp_path / "run")
    (made,) = [
        at + 1
        for at, op in enumerate(whole.ops)
        if isinstance(op, Names)
        and any(name == "1" and inode in whole.folders for _, name, inode in op.given)
    ]
    assert list(failures(killed(made, tmp_path / "killed"), tmp_path / "state", 100)) == []


# --- are these tests any good? ---------------------------------------------------------


def some_failure(workload: Workload, folder: Path, ignore: str = "") -> bool:
    ignored = frozenset([ignore]) if ignore else frozenset[str]()
    recording = record(workload, folder / "run", ignore=ignored)
    return any(True for _ in failures(recording, folder / "state", 10_000))


@pytest.mark.parametrize("flush", ["fdatasync", "fsync file", "fsync folder"])
def test_each_kind_of_flush_is_needed(flush: str, tmp_path: Path) -> None:
    """Without any one kind of flush some crash loses something, and the states show it."""
    assert some_failure(whole_story, tmp_path, ignore=flush)


def test_base_before_tiles_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promising tiles before they are written shows in the states."""
    write, waiting = Ledger._write_tiles, []

    def drop(self: Ledger, plan: TilePlan) -> None:
        write(self, plan)

    monkeypatch.setattr(Ledger, "_write_tiles", lambda self, plan: waiting.append(plan))
    monkeypatch.setattr(Ledger, "_drop_replaced", drop)
    assert some_failure(whole_story, tmp_path)


def test_segments_dropped_before_base_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropping journal segments before `base` is advanced shows in the states."""
    write = Ledger._write_tiles

    def drop_early(self: Ledger, plan: TilePlan) -> None:
        write(self, plan)
        folder = self._folder
        for first, following in pairwise(segments(folder)):
            if following <= self.size - self.size % 256:
                remove(folder / segment_name(first))

    monkeypatch.setattr(Ledger, "_write_tiles", drop_early)
    assert some_failure(whole_story, tmp_path)


def test_segment_without_a_durable_name_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Appending to a segment whose name is not flushed shows in the states."""
    real = ledger_module.replace

    def careless(path: Path, data: bytes, mode: int = 0o600) -> None:
        if path.suffix == ".tlj":
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, mode))
        else:
            real(path, data, mode)

    monkeypatch.setattr(ledger_module, "replace", careless)
    assert some_failure(whole_story, tmp_path)


def test_building_on_unflushed_records_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trusting what a killed process left in the page cache shows in the states."""
    monkeypatch.setattr(Segment, "settle", lambda self, last, end: None)
    monkeypatch.setattr(ledger_module, "sync_folder", lambda path: None)
    whole = record(whole_story, tmp_path / "count")
    found = (
        failure
        for at in reversed(moments(whole))
        for failure in failures(killed(at, tmp_path / f"run{at}"), tmp_path / "state", 30)
    )
    assert any(True for _ in found)


# --- real processes ------------------------------------------------------------------

WRITER = """
import sys, pathlib
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from storage.ledger import Ledger
ledger = Ledger.open(pathlib.Path(sys.argv[1]), sys.argv[2],
                     Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
for number in range(100_000):
    taken = ledger.append([b"%d" % (ledger.size + part) for part in range(number % 7 + 1)])
    print(taken.stop, flush=True)
    if number % 11 == 0:
        ledger.publish()
"""


def test_killed_writers_lose_nothing_acknowledged(tmp_path: Path) -> None:
    """SIGKILL at random moments: all that was printed as done is there afterwards."""
    root = tmp_path / "ledger"
    Ledger.create(root, ORIGIN, KEY).close()
    rng = random.Random()
    for _ in range(60 if LONG else 4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), VKEY],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(rng.random() / 10)
        os.kill(writer.pid, signal.SIGKILL)
        rest, _ = writer.communicate()
        complete = [line for line in (first + rest).splitlines(keepends=True) if line[-1] == "\n"]
        done = int(complete[-1])
        ledger = Ledger.open(root, VKEY, KEY)
        assert ledger.size >= done
        assert [raw for _, raw in ledger.entries()] == [b"%d" % n for n in range(ledger.size)]
        with ledger.exclusive():
            pass
        assert ledger.verify().ok
        ledger.close()
