"""Hashing on every core: it says what the tiles say, or nothing, whatever happens to a child."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_samples import VKEY, make
from test_ledger_damage import flip, write

from storage import ledger_sums
from storage.ledger_audit import verify
from storage.ledger_findings import Seen
from storage.ledger_sums import Sums
from storage.merkle import fold
from storage.summing import sum_of
from storage.tile_names import tile_path
from storage.tiles import split_hashes

BUNDLES = 7


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small ledger that is worth children, as if it were a large one."""
    monkeypatch.setattr(ledger_sums, "WORTH_BUNDLES", 2)
    monkeypatch.setattr(ledger_sums, "OWN_BUNDLES", 1)
    make(tmp_path / "ledger", BUNDLES * 256 + 9, group=300, publish=True)
    return tmp_path / "ledger"


def expected(root: Path) -> list[bytes]:
    return [fold(split_hashes((root / tile_path(0, n)).read_bytes())) for n in range(BUNDLES)]


@pytest.mark.parametrize("cores", [1, 2, 3, 9])
def test_roots_come_in_order_however_many_cores(root: Path, cores: int) -> None:
    """One core or more than there are bundles: the same roots in the same order."""
    with Sums(root, BUNDLES, cores) as sums:
        assert [sums.next() for _ in range(BUNDLES)] == expected(root)


@pytest.mark.parametrize("cores", [1, 2])
def test_what_does_not_fit_gives_no_root(root: Path, cores: int) -> None:
    """An altered, cut or missing bundle or tile is nobody's root, and the others keep theirs."""
    right = expected(root)
    flip(root / "tile/entries/001", 50)
    flip(root / "tile/0/002", 50)
    write(root / "tile/entries/003", (root / "tile/entries/003").read_bytes()[:-1])
    (root / "tile/entries/004").unlink()
    write(root / "tile/entries/005", b"")
    with Sums(root, BUNDLES, cores) as sums:
        found = [sums.next() for _ in range(BUNDLES)]
    assert found == [right[0], None, None, None, None, None, right[6]]


def test_child_that_dies_costs_time_and_nothing_else(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When children end at once the verification does their work and comes to the same."""
    whole = verify(root, VKEY)
    monkeypatch.setattr(ledger_sums.sys, "executable", "/bin/false")
    alone = verify(root, VKEY)
    monkeypatch.setattr(ledger_sums.sys, "executable", str(root / "no such program"))
    without = verify(root, VKEY)
    assert whole.ok
    assert (alone, without) == (whole, whole)


def test_sum_is_none_for_a_folder_that_is_none(tmp_path: Path) -> None:
    """Nothing raises where nothing can be read."""
    assert sum_of(str(tmp_path), 0) is None


def test_children_find_and_name_the_same_damage(root: Path) -> None:
    """One altered entry among bundles hashed elsewhere is named by its number."""
    flip(root / "tile/entries/001", 100)
    (found,) = verify(root, VKEY).findings
    assert (found.code, found.where[:22]) == ("L-ENTRY", "tile/entries/001 entry")


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700, 1792, 1800, 1801])
def test_seen_heads_are_compared_at_every_size(root: Path, size: int) -> None:
    """A head within a bundle, at its edge or in the journal is right only with its own root."""
    from ledger_samples import reopen

    seen = reopen(root).root_at(size)
    assert verify(root, VKEY, against=[Seen(size, seen, "lin")]).ok
    (found,) = verify(root, VKEY, against=[Seen(size, bytes(32), "lin")]).findings
    assert (found.code, found.message) == ("L-ROLLBACK", f"differs from lin at {size} entries")
