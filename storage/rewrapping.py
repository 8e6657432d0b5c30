"""Many heads sealed to another key, on every core.

Owns the work that a rotation repeats for each head: read, opened, its label compared, sealed to
the new key, written beside the old one. What is written beside counts for nothing until the one
writer puts it in place, under his lock: so a child that outlives him changes nothing.

Rules it keeps:
  * Each head has one outcome: the file beside it; or that its bytes are the new key's
    already, because a crash came before the entry that names them; or why it cannot be moved.
  * Children are programs of their own (`storage.children`): the keys reach them through a pipe. One
    that dies has its share done here.
  * What waits in pipes is a few batches, so memory is flat however many heads there are.

    with Rewrapping(root, {1: old}, new, children=2) as work:
        for move, done in work.sealed(batch for batch in batches):
            vault.put_in_place([(move.name, done.beside)])
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from storage.age.recipients import KeyPair, parse_identity
from storage.children import Child, started
from storage.errors import DiskFailed, StorageError
from storage.frames import serve
from storage.vault import Label, Vault

# Starting interpreters takes as long as sealing this many heads.
WORTH_HEADS = 500
# Sent ahead, so that no child waits while a batch is put in place and recorded.
_AHEAD = 2


class Move(NamedTuple):
    """One head to move: its digest in the ledger, and its labels before and after."""

    name: str
    sha256: str
    before: Label
    after: Label


class Done(NamedTuple):
    """What became of it. Without `beside` the head is the new key's already, or `failed` says
    why it stays as it is."""

    sha256: str = ""
    beside: str = ""
    failed: str = ""


_Sent = list[tuple[Sequence[Move], Future[Any] | None]]


class Rewrapping:
    """Seals heads of one vault from `old` keys (by generation) to the `new` one.

    `children` 0 does it all in this process.
    """

    def __init__(
        self, root: Path, old: Mapping[int, KeyPair], new: KeyPair, children: int = 0
    ) -> None:
        self._here = _Sealer(Vault(root), old, new)
        told = {"root": str(root), "new": new.secret_text(),
                "old": {number: key.secret_text() for number, key in old.items()}}  # fmt: skip
        self._children = started(children, Child, "storage.rewrapping", told)

    def __enter__(self) -> Rewrapping:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()

    def sealed(self, batches: Iterable[Sequence[Move]]) -> Iterator[list[tuple[Move, Done]]]:
        """Each batch with its outcomes, in order; the next ones are worked on meanwhile.

        Raises DiskFailed when nothing can be written.
        """
        sent: deque[_Sent] = deque()
        for batch in batches:
            sent.append(self._send(batch))
            if len(sent) > (_AHEAD if self._children else 0):
                yield self._collect(sent.popleft())
        while sent:
            yield self._collect(sent.popleft())

    def _send(self, batch: Sequence[Move]) -> _Sent:
        if not self._children:
            return [(batch, None)]
        share = -(-len(batch) // len(self._children))
        shares = (batch[at : at + share] for at in range(0, len(batch), share))
        return [
            (moves, child.ask([tuple(move) for move in moves]))
            for moves, child in zip(shares, self._children, strict=False)
        ]

    def _collect(self, sent: _Sent) -> list[tuple[Move, Done]]:
        found: list[tuple[Move, Done]] = []
        for moves, asked in sent:
            told = asked.result() if asked else None
            done = self._here.seal(moves) if told is None else [Done(*one) for one in told]
            found += zip(moves, done, strict=True)
        return found


class _Sealer:
    """What each process does with its share."""

    def __init__(self, vault: Vault, old: Mapping[int, KeyPair], new: KeyPair) -> None:
        self._vault = vault
        self._old = old
        self._new = new

    def seal(self, moves: Sequence[Move]) -> list[Done]:
        return [self._seal(move) for move in moves]

    def _seal(self, move: Move) -> Done:
        try:
            stored = self._vault.stored_head(move.name)
            digest = sha256(stored).hexdigest()
            if digest != move.sha256:
                # A crash came between the head and its entry; anything else is not ours.
                self._vault.check_head(move.name, stored, [self._new], move.after)
                return Done(digest)
            old = self._old.get(int(move.before["generation"]))
            head = self._vault.resealed(
                move.name, stored, [old] if old else [], move.before, self._new.recipient,
                move.after,
            )  # fmt: skip
        except DiskFailed:
            raise
        except StorageError as error:
            return Done(failed=str(error))
        beside = self._vault.head_beside(move.name, head)
        return Done(sha256(head).hexdigest(), str(beside))


def _begin(
    told: Mapping[str, Any],
) -> Callable[[Sequence[Sequence[Any]]], list[tuple[str, ...]]]:
    """What a child does: told the keys, it answers every batch with what became of it.

    A disk that fails ends it; whoever asked does the batch again and meets the same.
    """
    old = {number: parse_identity(text) for number, text in told["old"].items()}
    sealer = _Sealer(Vault(Path(told["root"])), old, parse_identity(told["new"]))
    return lambda moves: [tuple(done) for done in sealer.seal([Move(*one) for one in moves])]


if __name__ == "__main__":
    with suppress(DiskFailed):
        serve(_begin)
