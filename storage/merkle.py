"""The Merkle tree of RFC 6962: hashes, the growing right edge, proofs and their check.

Pure. Owns section 2.1 of RFC 6962 (the same tree as RFC 9162): a leaf is
SHA-256(0x00 || entry), a node is SHA-256(0x01 || left || right), the empty tree is
SHA-256 of nothing. The two prefixes are what keeps a node from being passed off as an entry.

Rules it keeps: it never sees a file. Proofs are made from a function
`node(level, index)` that returns the hash of the *complete* subtree over the leaves
[index * 2**level, (index + 1) * 2**level); who calls it decides where hashes come from.

    edge = Edge()
    for entry in entries:
        edge.push(leaf_hash(entry))
    edge.root()                                          # the tree head
    proof = inclusion_proof(3, edge.size, node)
    assert verify_inclusion(leaf_hash(entries[3]), 3, edge.size, proof, edge.root())
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()

Node = Callable[[int, int], bytes]

# States that have hashed the prefix: copying one is a third cheaper than making one.
_leaf, _node = sha256(b"\x00").copy, sha256(b"\x01").copy


def leaf_hash(entry: bytes) -> bytes:
    """The 32-byte hash of one entry (RFC 6962, 2.1)."""
    state = _leaf()
    state.update(entry)
    return state.digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The hashes of many entries."""
    return [leaf_hash(entry) for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32-byte hash over two subtrees (RFC 6962, 2.1)."""
    state = _node()
    state.update(left + right)
    return state.digest()


def pyramid(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Every complete subtree over some hashes: row `n` holds those over 2**n of them."""
    rows = [hashes]
    while len(row := rows[-1]) > 1:
        rows.append([node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])
    return rows


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree over a power of two of hashes."""
    assert hashes and len(hashes) & (len(hashes) - 1) == 0, "not a power of two"
    return pyramid(hashes)[-1][0]


class Edge:
    """The right edge of a tree: all that is needed to append to it and to know its root.

    Holds one hash per set bit of the size, the largest subtree first.
    """

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)
        assert len(self._peaks) == size.bit_count(), "one hash per set bit of the size"

    def copy(self) -> Edge:
        """An edge that grows on its own from here."""
        return Edge(self.size, self._peaks)

    def push(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        # Every trailing one bit of the size is a subtree that this leaf completes.
        carry = self.size
        while carry & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            carry >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append many leaf hashes: the same as pushing each, row by row and so much cheaper."""
        row, level, odd = list(leaves), 0, []
        while row:
            if self.size >> level & 1:
                row.insert(0, self._peaks.pop())
            if len(row) & 1:
                odd.append(row.pop())
            pairs = zip(row[::2], row[1::2], strict=True)
            row = [node_hash(left, right) for left, right in pairs]
            level += 1
        self._peaks += reversed(odd)
        self.size += len(leaves)

    def push_subtree(self, level: int, root: bytes) -> None:
        """Append a complete subtree over 2**level leaves; the size must be a multiple of that."""
        assert self.size % (1 << level) == 0, "no such subtree begins here"
        carry = self.size >> level
        while carry & 1:
            root = node_hash(self._peaks.pop(), root)
            carry >>= 1
        self._peaks.append(root)
        self.size += 1 << level

    def root(self) -> bytes:
        """The tree head's 32-byte hash."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def edge_at(size: int, node: Node) -> Edge:
    """The right edge of the tree over the first `size` leaves."""
    return Edge(size, (node(level, index) for level, index in _complete(0, size)))


def range_hash(start: int, stop: int, node: Node) -> bytes:
    """MTH over the leaves [start, stop), where start is where such a subtree may begin."""
    parts = [node(level, index) for level, index in _complete(start, stop)]
    if not parts:
        return EMPTY_ROOT
    root = parts.pop()
    while parts:
        root = node_hash(parts.pop(), root)
    return root


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` (RFC 6962, 2.1.1).

    Hashes run from the leaf's sibling up to the root's child. Raises ValueError when the
    tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    path, start, stop = [], 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(range_hash(middle, stop, node))
            stop = middle
        else:
            path.append(range_hash(start, middle, node))
            start = middle
    return path[::-1]


def consistency_proof(old_size: int, size: int, node: Node) -> list[bytes]:
    """That the first `old_size` leaves are still the same (RFC 6962, 2.1.2).

    Empty for old_size 0 or `size`. Raises ValueError when the tree never had that size.
    """
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {size} never had {old_size} leaves")
    if old_size in (0, size):
        return []
    path, start, stop = [], 0, size
    while old_size != stop:
        middle = start + _split(stop - start)
        if old_size <= middle:
            path.append(range_hash(middle, stop, node))
            stop = middle
        else:
            path.append(range_hash(start, middle, node))
            start = middle
    # The verifier knows the old root; the subtree is only news when it is not all of it.
    if start:
        path.append(range_hash(start, stop, node))
    return path[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the leaf hash stands at `index` in the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = node_hash(sibling, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)  # a complete old tree is its own first hash
    if not path:
        return False
    position, last = old_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == root


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _complete(start: int, stop: int) -> list[tuple[int, int]]:
    """The complete subtrees that make up [start, stop), left to right, largest first."""
    parts = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        assert start % (1 << level) == 0, "no subtree of the tree begins here"
        parts.append((level, start >> level))
        start += 1 << level
    return parts
