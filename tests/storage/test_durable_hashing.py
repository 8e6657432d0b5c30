"""A digest counted by a thread, beside what passes."""

from __future__ import annotations

import hashlib
import os
import signal
import warnings
from pathlib import Path

import pytest

from storage import durable
from storage.durable.hashing import AT_ONCE_BYTES, PIECES_BEHIND
from storage.durable.steps import AHEAD_BYTES

PIECES = [os.urandom(size) for size in (0, 1, 700_001, AT_ONCE_BYTES, 3, 1 << 20, 99_999)]


def digest(pieces: list[bytes]) -> str:
    return hashlib.sha256(b"".join(pieces)).hexdigest()


def test_many_bytes_have_the_digest_that_hashlib_gives() -> None:
    """Hashed at once or by the thread, the digest and the length are those of all bytes."""
    hashing = durable.Hashing()
    for nth, piece in enumerate(PIECES, 1):
        hashing.update(piece)
        if nth in (3, 5):
            assert hashing.hexdigest() == digest(PIECES[:nth])
    assert hashing.hexdigest() == digest(PIECES)
    assert hashing.size_bytes == sum(map(len, PIECES))


def test_two_digests_at_a_time_do_not_mix() -> None:
    """Two digests counted by the same thread in turn stay apart."""
    one, other = durable.Hashing(), durable.Hashing()
    for piece in PIECES * 2:
        one.update(piece)
        other.update(piece[::-1])
    assert one.hexdigest() == digest(PIECES * 2)
    assert other.hexdigest() == digest([piece[::-1] for piece in PIECES * 2])


def test_few_pieces_wait_for_the_thread() -> None:
    """However many pieces pass, the thread is at most four behind, and memory stays flat."""
    hashing = durable.Hashing()
    for _ in range(60):
        hashing.update(PIECES[3])
        assert len(hashing._behind) <= PIECES_BEHIND
    assert hashing.hexdigest() == digest([PIECES[3]] * 60)


def test_forked_child_hashes_with_a_thread_of_its_own() -> None:
    """A child forked after the thread began does not wait for the parent's thread."""
    hashing = durable.Hashing()
    hashing.update(bytes(2 * AT_ONCE_BYTES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(20)  # it would wait for ever
        again = durable.Hashing()
        for piece in PIECES:
            again.update(piece)
        os._exit(0 if again.hexdigest() == digest(PIECES) else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("size", [AT_ONCE_BYTES - 1, 3 * AT_ONCE_BYTES + 5, 2 * AHEAD_BYTES + 5])
def test_long_file_is_written_and_read_with_its_digest(tmp_path: Path, size: int) -> None:
    """What a batch wrote has the digest it was told, and so has what a source reads."""
    whole = os.urandom(size)
    with durable.Batch(tmp_path) as batch:
        told = batch.add(tmp_path / "a", [whole[: size // 3], whole[size // 3 :]])
        batch.commit()
    assert (tmp_path / "a").read_bytes() == whole
    assert told == durable.digest_of(tmp_path / "a")
    with durable.Source(tmp_path / "a") as source:
        while source.read(1 << 20):
            pass
        assert source.hashing.hexdigest() == told.sha256
