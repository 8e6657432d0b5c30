"""Ledgers for tests: fixed key, fixed entries, any size."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.ledger import Ledger

ORIGIN = "archive.example/ledger"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def entry(index: int) -> bytes:
    """Entries of different lengths, so that an offset by one shows."""
    return b"entry %d " % index + b"." * (index % 7)


def entries(stop: int, start: int = 0) -> list[bytes]:
    return [entry(index) for index in range(start, stop)]


def make(root: Path, size: int = 0, group: int = 100, publish: bool = False) -> Ledger:
    """A ledger of `size` entries, appended in groups."""
    ledger = Ledger.create(root, ORIGIN, KEY)
    for start in range(0, size, group):
        ledger.append(entries(min(start + group, size), start))
    if publish:
        ledger.publish()
    return ledger


def reopen(ledger_root: Path, must_hold: tuple[int, bytes] | None = None) -> Ledger:
    return Ledger.open(ledger_root, VKEY, KEY, must_hold=must_hold)


def files_of(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _vkey() -> str:
    from storage.note import vkey

    return vkey(ORIGIN, KEY.public_key())


VKEY = _vkey()
