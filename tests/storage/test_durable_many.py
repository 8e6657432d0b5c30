"""Many files exchanged together: each holds its old bytes or its new ones, whatever happens."""

import os
import random
from pathlib import Path

import pytest
from crashsim import record

from storage import durable
from storage.durable import batch, many
from storage.durable.steps import Disk
from storage.errors import DiskFailed, Missing

NAMES = [f"{folder}/{number}" for folder in "ab" for number in range(3)]


def old(name):
    return f"old {name}".encode() * 60


def new(name):
    return f"new and longer {name}".encode() * 60


@pytest.fixture(params=["each by itself", "all at once"])
def flushed(request, monkeypatch):
    """Both ways of flushing; the one call for all is watched as what it stands for."""
    if request.param == "all at once":
        monkeypatch.setattr(many, "MANY", 1)
        monkeypatch.setattr(batch, "MANY", 1)
        monkeypatch.setattr(Disk, "flush", flush_all)


def flush_all(disk):
    top = disk._folder.parent
    for path in (top, *top.rglob("*")):
        fd = os.open(path, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)


def exchange(root, acknowledge):
    for name in NAMES:
        durable.make_folders((root / name).parent)
        durable.write_new(root / name, old(name))
    acknowledge("filed")
    paths = [root / name for name in NAMES]
    pairs = zip(paths, NAMES, strict=True)
    durable.put_in_place([(path, durable.set_beside(path, new(name))) for path, name in pairs])
    acknowledge("exchanged")


def put(root, acknowledge):
    with durable.Batch(root) as together:
        for name in NAMES:
            together.add(root / name, new(name))
        together.commit()
    acknowledge("put")


@pytest.mark.usefixtures("flushed")
def test_a_power_cut_leaves_no_name_without_its_bytes(tmp_path):
    """A batch of new files: none is there half, and all are once it returned."""
    recording = record(put, tmp_path / "run")
    seen = 0
    for state in recording.states(random.Random(1), per_point=3):
        there = [name for name in NAMES if name in state.files]
        assert all(state.files[name] == new(name) for name in there)
        if "put" in state.acknowledged:
            assert there == NAMES
            seen += 1
    assert seen


@pytest.mark.usefixtures("flushed")
def test_a_power_cut_leaves_each_file_old_or_new(tmp_path):
    """Never a mixture, never nothing; and once it returned, all of them new."""
    recording = record(exchange, tmp_path / "run")
    for state in recording.states(random.Random(1), per_point=3):
        if "filed" not in state.acknowledged:
            continue
        for name in NAMES:
            allowed = (new(name),) if "exchanged" in state.acknowledged else (old(name), new(name))
            assert state.files[name] in allowed, (state.point, state.kind, name)


@pytest.mark.usefixtures("flushed")
def test_the_states_tell_when_a_flush_is_left_out(tmp_path):
    """Were the bytes not flushed before the name, some state would show it."""
    recording = record(exchange, tmp_path / "run", ignore=frozenset({"fsync file"}))
    kept = [
        state.files.get(name) == new(name)
        for state in recording.states(random.Random(1))
        if "exchanged" in state.acknowledged
        for name in NAMES
    ]
    assert not all(kept)


def test_what_is_set_beside_is_not_there_yet(tmp_path):
    """Until it is put in place the name holds its old bytes; put in place, nothing is left over."""
    durable.write_new(tmp_path / "one", b"old")
    beside = durable.set_beside(tmp_path / "one", b"new")
    assert (tmp_path / "one").read_bytes() == b"old"
    durable.put_in_place([(tmp_path / "one", beside)])
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert (tmp_path / "one").read_bytes() == b"new"


def test_what_cannot_be_exchanged_is_named_and_leaves_no_scraps(tmp_path):
    """A folder that is not there: an error, and no temporary file anywhere."""
    with pytest.raises(Missing):
        durable.set_beside(tmp_path / "none" / "two", b"new")
    with pytest.raises(Missing):
        durable.put_in_place([(tmp_path / "one", tmp_path / "two")])
    assert not list(tmp_path.iterdir())


def test_the_file_system_is_flushed_or_says_why_not(tmp_path):
    """One call for all of it; a folder that is not there is named."""
    with Disk(tmp_path) as disk:
        assert disk.holds(tmp_path)
        disk.flush()
    with pytest.raises(Missing):
        Disk(tmp_path / "none")


def test_a_flush_that_fails_takes_every_name_back(tmp_path, monkeypatch):
    """Whether the first flush fails or the one after the names, nothing of the batch is left."""
    for failing in (1, 2):
        calls = []

        def flush(_, failing=failing, calls=calls):
            calls.append("flush")
            if len(calls) == failing:
                raise DiskFailed("no")

        monkeypatch.setattr(Disk, "flush", flush)
        with pytest.raises(DiskFailed), durable.Batch(tmp_path) as together:
            for number in range(many.MANY + 1):
                together.add(tmp_path / "f" / str(number), b"bytes")
            together.commit()
        assert list((tmp_path / "f").iterdir()) == []


def test_folders_on_several_disks_are_flushed_each_by_itself(tmp_path):
    """One call reaches one file system only, so it is not taken for all of them."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    assert many.sync_together(many.MANY, [tmp_path])
    assert not many.sync_together(many.MANY, [tmp_path, other])
    assert not many.sync_together(many.MANY - 1, [tmp_path])


def test_a_batch_flushes_by_itself_what_lies_on_another_disk(tmp_path, monkeypatch):
    """However many files there are, one that the flush of the disk does not reach is flushed."""
    flushed = []
    real = os.fsync

    def name(place):
        return str(Path(f"/proc/self/fd/{place}").readlink() if isinstance(place, int) else place)

    monkeypatch.setattr(os, "fsync", lambda fd: (flushed.append(name(fd)), real(fd)))
    monkeypatch.setattr(Disk, "holds", lambda _, place: "/other" not in name(place))
    with durable.Batch(tmp_path) as together:
        for number in range(many.MANY):
            together.add(tmp_path / "one" / str(number), b"bytes")
        together.add(tmp_path / "other" / "file", b"bytes")
        together.commit()
    assert [path for path in flushed if "/one" in path] == []
    assert [path.rpartition("/")[2][:5] for path in flushed] == [".file", "other"]
