"""Heads sealed anew by children or here: the same outcomes, whatever befalls a head or a child."""

import signal
from pathlib import Path

import pytest

from storage.age.recipients import HybridIdentity, X25519Identity
from storage.errors import NoKey
from storage.rewrapping import Move, Rewrapping
from storage.vault import Put, Vault

OLD, NEW = X25519Identity.generate(), HybridIdentity.generate()
NAMES = [f"C000001/D000001/R{number:08}" for number in range(1, 7)]


def label(name, generation):
    return {"record": name.rsplit("/")[-1], "key": "jimi", "generation": generation}


@pytest.fixture
def moves(tmp_path):
    """Six records sealed to the old key, and what shall become of their heads."""
    vault = Vault(tmp_path)
    puts = [Put(n, label(n, 1), OLD.recipient, {"pdf": n.encode()}) for n in NAMES]
    return [
        Move(one.name, one.head_sha256, label(one.name, 1), label(one.name, 2))
        for one in vault.put_all(puts)
    ]


def rewrapped(root, moves, children, meanwhile=lambda work: None):
    """Every outcome, in batches of two, put in place."""
    vault, outcomes = Vault(root), {}
    with Rewrapping(root, {1: OLD}, NEW, children) as work:
        meanwhile(work)
        for batch in work.sealed([moves[:2], moves[2:4], moves[4:]]):
            sealed = [(move, done) for move, done in batch if not done.failed]
            vault.put_in_place((m.name, Path(d.beside) if d.beside else None) for m, d in sealed)
            outcomes |= {move.name: done for move, done in batch}
    return outcomes


def opened(root, name):
    return Vault(root).read(name, "pdf", [NEW], label(name, 2), max_bytes=100)


@pytest.mark.parametrize("children", [0, 1, 2, 5])
def test_every_head_opens_with_the_new_key_alone(tmp_path, moves, children):
    """And its digest is told; nothing is left lying beside."""
    outcomes = rewrapped(tmp_path, moves, children)
    for name in NAMES:
        assert opened(tmp_path, name) == name.encode()
        Vault(tmp_path).verify_head(name, label(name, 2), outcomes[name].sha256)
        with pytest.raises(NoKey):
            Vault(tmp_path).read(name, "pdf", [OLD], label(name, 2), max_bytes=100)
    assert not list(tmp_path.rglob(".*.tmp"))


@pytest.mark.parametrize("children", [0, 2])
def test_what_cannot_be_moved_is_told_and_stays(tmp_path, moves, children):
    """A head altered by a byte, one that is gone, one for another key: each with its reason."""
    heads = tmp_path / "keys" / "records"
    altered, gone, _ = (heads / f"{name}.head" for name in NAMES[:3])
    raw = bytearray(altered.read_bytes())
    raw[len(raw) // 2] ^= 1
    altered.unlink()
    altered.write_bytes(raw)
    gone.unlink()
    moves[2] = moves[2]._replace(before=label(NAMES[2], 7))
    outcomes = rewrapped(tmp_path, moves, children)
    assert all(outcomes[name].failed and not outcomes[name].beside for name in NAMES[:3])
    assert altered.read_bytes() == bytes(raw)
    assert [opened(tmp_path, name) for name in NAMES[3:]] == [n.encode() for n in NAMES[3:]]


@pytest.mark.parametrize("children", [0, 2])
def test_a_head_that_a_crash_left_with_the_new_key_is_taken_as_it_is(tmp_path, moves, children):
    """Its entry is missing only: the same bytes are told for it."""
    first = rewrapped(tmp_path, moves[:1], 0)
    again = rewrapped(tmp_path, moves, children)
    assert again[NAMES[0]].sha256 == first[NAMES[0]].sha256
    assert not again[NAMES[0]].beside


def test_the_share_of_a_child_that_died_is_done_here(tmp_path, moves):
    """Killed before its first answer: nothing is missing."""

    def kill(work):
        work._children[0]._process.send_signal(signal.SIGKILL)
        work._children[0]._process.wait()

    rewrapped(tmp_path, moves, 2, kill)
    assert [opened(tmp_path, name) for name in NAMES] == [name.encode() for name in NAMES]


def test_batches_larger_than_a_pipe_do_not_wait_for_each_other(tmp_path):
    """Questions and answers of several hundred kilobytes, sent ahead of each other."""
    lost = Move("C000001/D000001/R99999999", "0" * 64, label("R99999999", 1), label("R99999999", 2))
    with Rewrapping(tmp_path, {1: OLD}, NEW, 2) as work:
        batches = list(work.sealed([[lost] * 2000] * 4))
    assert [len(batch) for batch in batches] == [2000] * 4
    assert all(done.failed for batch in batches for _, done in batch)
