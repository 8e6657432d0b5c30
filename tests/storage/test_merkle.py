"""The Merkle tree against published values and against the RFC's own recursion."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.merkle import (
    EMPTY_ROOT,
    Edge,
    consistency_proof,
    edge_at,
    fold,
    inclusion_proof,
    leaf_hash,
    node_hash,
    pyramid,
    verify_consistency,
    verify_inclusion,
)

# The reference data of the Certificate Transparency project.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CONSISTENCY = {
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def mth(entries: list[bytes]) -> bytes:
    """MTH as RFC 6962, 2.1 writes it."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return node_hash(mth(entries[:k]), mth(entries[k:]))


def node_of(entries: list[bytes]):  # type: ignore[no-untyped-def]
    """The hash source for proofs over these entries."""
    return lambda level, index: fold(
        [leaf_hash(entry) for entry in entries[index << level : (index + 1) << level]]
    )


def test_published_roots() -> None:
    """Every size of the published data has the published root."""
    edge = Edge()
    assert edge.root().hex() == ROOTS[0] == EMPTY_ROOT.hex()
    for leaf, root in zip(LEAVES, ROOTS[1:], strict=True):
        edge.push(leaf_hash(leaf))
        assert edge.root().hex() == root


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 13])
def test_a_pyramid_holds_every_complete_subtree(count: int) -> None:
    """As the definition makes them; what no complete subtree covers is left out."""
    entries = [b"%d" % number for number in range(count)]
    rows = pyramid([leaf_hash(entry) for entry in entries])
    assert len(rows) == count.bit_length()
    for level, row in enumerate(rows):
        width = 1 << level
        starts = range(0, count - width + 1, width)
        assert list(row) == [mth(entries[start : start + width]) for start in starts]


@pytest.mark.parametrize("sizes", CONSISTENCY)
def test_published_consistency_proofs(sizes: tuple[int, int]) -> None:
    """Consistency proofs are the published ones, hash by hash."""
    old, new = sizes
    proof = consistency_proof(old, new, node_of(LEAVES))
    assert [digest.hex() for digest in proof] == CONSISTENCY[sizes]


def test_every_proof_of_every_small_tree_holds_and_fits_nothing_else() -> None:
    """Up to 20 leaves each inclusion proof holds for its own place only."""
    entries = [b"%d" % n for n in range(20)]
    node = node_of(entries)
    for size in range(1, 21):
        root = mth(entries[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, node)
            leaf = leaf_hash(entries[index])
            assert verify_inclusion(leaf, index, size, proof, root)
            for other in range(size):
                if other != index:
                    assert not verify_inclusion(leaf, other, size, proof, root)
            assert not verify_inclusion(leaf, index, size, [*proof, root], root)
            assert not verify_inclusion(leaf, index, size, proof[1:], root) or not proof


def test_every_consistency_proof_of_every_small_tree_holds() -> None:
    """Up to 20 leaves each pair of sizes is proven consistent, and no other root is."""
    entries = [b"%d" % n for n in range(20)]
    node = node_of(entries)
    for size in range(21):
        root = mth(entries[:size])
        for old in range(size + 1):
            proof, old_root = consistency_proof(old, size, node), mth(entries[:old])
            assert verify_consistency(old, old_root, size, root, proof)
            assert not verify_consistency(old, b"\0" * 32, size, root, proof)
            if old:
                assert not verify_consistency(old, old_root, size, b"\0" * 32, proof)
            assert not verify_consistency(old, old_root, size, root, [*proof, root])
            assert not verify_consistency(size + 1, old_root, size, root, proof)


@given(st.integers(1, 600), st.data())
def test_proofs_hold_at_any_size(size: int, data: st.DataObject) -> None:
    """Inclusion and consistency hold for trees of any size and any place in them."""
    entries = [b"%d" % n for n in range(size)]
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    node, root = node_of(entries), mth(entries)
    leaf = leaf_hash(entries[index])
    assert verify_inclusion(leaf, index, size, inclusion_proof(index, size, node), root)
    proof = consistency_proof(old, size, node)
    assert verify_consistency(old, mth(entries[:old]), size, root, proof)


@given(st.integers(0, 300), st.integers(0, 50))
def test_edge_taken_up_anywhere_grows_to_the_same_root(size: int, more: int) -> None:
    """An edge rebuilt from subtree hashes goes on as the one that saw every leaf."""
    entries = [b"%d" % n for n in range(size + more)]
    edge = edge_at(size, node_of(entries))
    untouched = edge.copy()
    for entry in entries[size:]:
        edge.push(leaf_hash(entry))
    assert edge.root() == mth(entries)
    assert untouched.root() == mth(entries[:size])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_proof_for_a_leaf_that_is_not_there_is_refused(index: int, size: int) -> None:
    """Asking for a leaf outside the tree is the caller's mistake; no proof shows one."""
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(index, size, node_of(LEAVES))
    assert not verify_inclusion(EMPTY_ROOT, index, size, [], EMPTY_ROOT)


@pytest.mark.parametrize(("old", "size"), [(-1, 3), (4, 3)])
def test_consistency_with_a_size_never_had_is_refused(old: int, size: int) -> None:
    """A tree cannot be consistent with a larger one."""
    with pytest.raises(ValueError, match="never had"):
        consistency_proof(old, size, node_of(LEAVES))


@pytest.mark.parametrize("start", [0, 1, 2, 3, 7, 8, 255, 256])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8, 250, 257])
def test_many_leaves_at_once_make_the_same_edge(start: int, count: int) -> None:
    """Extending an edge is pushing every leaf, from whatever size it begins."""
    leaves = [leaf_hash(b"%d" % n) for n in range(start + count)]
    pushed, extended = Edge(), Edge()
    for leaf in leaves:
        pushed.push(leaf)
    extended.extend(leaves[:start])
    extended.extend(leaves[start:])
    assert (extended.size, extended.root()) == (pushed.size, pushed.root())
    extended.push(leaf_hash(b"one more"))
    pushed.push(leaf_hash(b"one more"))
    assert extended.root() == pushed.root()


def test_subtree_is_pushed_as_its_leaves() -> None:
    """A complete subtree at its place makes the root that its leaves make."""
    leaves = [leaf_hash(b"%d" % n) for n in range(24)]
    pushed, jumped = Edge(), Edge()
    pushed.extend(leaves)
    for start in (0, 8, 16):
        jumped.push_subtree(3, fold(leaves[start : start + 8]))
    assert (jumped.size, jumped.root()) == (pushed.size, pushed.root())
