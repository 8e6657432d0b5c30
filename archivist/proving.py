"""Proofs for outsiders: one entry, the way from it to a signed head, and who saw that head.

Owns what `ledger prove` hands out: a C2SP tlog-proof with the entry in its extra line, and the
same on paper (`archivist.proof_pages`). Whoever has the verifier keys checks it without this
program, this archive or a network: `scripts/verify_ledger.py --proof FILE --vkey KEY`.

Rule: the head is one that witnesses cosigned, where there is one that covers the entry; the
newest one otherwise, durable before it leaves the house.

    proof, proven = prove(archive, 4711)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from archivist.errors import NotKnown
from storage import cosigned
from storage.note import Checkpoint, Verifier, open_checkpoint
from storage.proof import Proof, Proven

if TYPE_CHECKING:
    from archivist.archive import Archive


def prove(archive: Archive, index: int) -> tuple[Proof, Proven]:
    """The proof of entry `index`, and what it shows, as its receiver will find. Raises NotKnown."""
    ((proof, proven),) = prove_all(archive, [index])
    return proof, proven


def prove_all(archive: Archive, indexes: Iterable[int]) -> Iterator[tuple[Proof, Proven]]:
    """The proofs of several entries under one head, or one that witnesses saw. Raises NotKnown."""
    archive.follow()
    newest, note = archive.newest_head()
    witnesses = [Verifier.parse(row["vkey"]) for row in archive.catalogue.witnesses()]
    for index in indexes:
        proof = _prove(archive, index, newest, note)
        yield proof, proof.open(Verifier.parse(archive.settings.vkey), witnesses)


def _prove(archive: Archive, index: int, newest: Checkpoint, note: bytes) -> Proof:
    if not 0 <= index < newest.size:
        raise NotKnown(
            f"台账只有 {newest.size} 条，没有第 {index} 条",
            f"the ledger holds {newest.size} entries, there is no entry {index}",
        )
    log = Verifier.parse(archive.settings.vkey)
    under = cosigned.head_for(archive.root / "ledger", log, index, note)
    ((_, entry),) = archive.ledger.entries(index, index + 1)
    path = archive.ledger.prove(index, open_checkpoint(under, log).size)
    return Proof(index, tuple(path), under, entry)
