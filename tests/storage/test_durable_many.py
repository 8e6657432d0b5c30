"""Many files exchanged together: each holds its old bytes or its new ones, whatever happens."""

import random

import pytest
from crashsim import record

from storage import durable
from storage.errors import Missing

NAMES = [f"{folder}/{number}" for folder in "ab" for number in range(3)]


def old(name):
    return f"old {name}".encode() * 60


def new(name):
    return f"new and longer {name}".encode() * 60


def exchange(root, acknowledge):
    for name in NAMES:
        durable.make_folders((root / name).parent)
        durable.write_new(root / name, old(name))
    acknowledge("filed")
    assert durable.replace_all((root / name, new(name)) for name in NAMES) == len(NAMES)
    acknowledge("exchanged")


def test_a_power_cut_leaves_each_file_old_or_new(tmp_path):
    """Never a mixture, never nothing; and once it returned, all of them new."""
    recording = record(exchange, tmp_path / "run")
    for state in recording.states(random.Random(1), per_point=3):
        if "filed" not in state.acknowledged:
            continue
        for name in NAMES:
            allowed = (new(name),) if "exchanged" in state.acknowledged else (old(name), new(name))
            assert state.files[name] in allowed, (state.point, state.kind, name)


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


def test_what_cannot_be_exchanged_is_named_and_leaves_no_scraps(tmp_path):
    """A folder that is not there: an error, and no temporary file anywhere."""
    durable.write_new(tmp_path / "one", b"old")
    with pytest.raises(Missing):
        durable.replace_all([(tmp_path / "one", b"new"), (tmp_path / "none" / "two", b"new")])
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_an_iterable_that_fails_fails_the_exchange(tmp_path):
    """Whatever it raises comes through, after the threads have ended."""
    durable.write_new(tmp_path / "one", b"old")

    def items():
        yield tmp_path / "one", b"new"
        raise KeyError("two")

    with pytest.raises(KeyError):
        durable.replace_all(items())
    assert (tmp_path / "one").read_bytes() in (b"old", b"new")
    assert len(list(tmp_path.iterdir())) == 1
