"""The house key: one secret of the archive as a whole, kept outside its folder.

Owns the key file and everything derived from it. Rules: the archive folder alone, copied
or stolen, must be unreadable, so this key never lies in it; each purpose has a key of
its own, and none of them leads back to the house key or to another; the file is one line
with a checksum, so that it can be printed and typed in again:

    ARCHIVIST-HOUSE-KEY-1QQQ…

    house = HouseKey.load(path)
    catalogue.open(house.catalogue_key())
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from storage import durable
from storage.age import bech32
from storage.errors import Damaged, Unsuitable
from storage.hkdf import hkdf

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from storage.age.recipients import HybridIdentity

SECRET_BYTES = 32
MAX_FILE_BYTES = 4096
_PREFIX = "archivist-house-key-"


@dataclass(frozen=True, slots=True)
class HouseKey:
    """32 random bytes; every method derives the key of one purpose."""

    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> HouseKey:
        return cls(os.urandom(SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> HouseKey:
        """From its text form. Raises Damaged, never repeating the text."""
        try:
            prefix, secret = bech32.decode(text.strip())
        except Unsuitable as error:
            raise Damaged(f"the house key cannot be read: {error}") from None
        if prefix != _PREFIX or len(secret) != SECRET_BYTES:
            raise Damaged("this is not a house key")
        return cls(secret)

    @classmethod
    def load(cls, path: Path) -> HouseKey:
        """From its file. Raises Missing, Damaged, DiskFailed."""
        return cls.parse(durable.read_bytes(path, MAX_FILE_BYTES).decode("ascii", "replace"))

    def text(self) -> str:
        return bech32.encode(_PREFIX, self.secret).upper()

    def save(self, path: Path) -> None:
        """Write the key file, readable by its owner alone. Raises Occupied, DiskFailed.

        An existing key is never overwritten: with it everything that it opens would go.
        """
        durable.make_folders(path.parent, mode=0o700)
        durable.write_new(path, self.text().encode("ascii") + b"\n", mode=0o600)

    def catalogue_key(self) -> bytes:
        """32 bytes that open the catalogue."""
        return self._derive("catalogue")

    def index_key(self) -> bytes:
        """32 bytes that open the full text of grades that an earlier version stored plain."""
        return self._derive("index")

    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs ledger checkpoints."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._derive("checkpoint-signature"))

    def identity(self) -> HybridIdentity:
        """The age identity for what the archive seals to itself."""
        # Only asked for where something is sealed; a search opens the catalogue without it.
        from storage.age.recipients import HybridIdentity

        return HybridIdentity(self._derive("identity"))

    def fingerprint(self, plain_sha256: str) -> str:
        """A digest of a plaintext that only the house can make: HMAC over its SHA-256, hex.

        The bare SHA-256 of a filled form could be found by trying; the ledger is for all to
        read, so it holds this instead.
        """
        digest = bytes.fromhex(plain_sha256)
        return hmac.digest(self._derive("fingerprint"), digest, "sha256").hex()

    def _derive(self, purpose: str) -> bytes:
        return hkdf(self.secret, info=f"archivist/house/v1/{purpose}".encode("ascii"))
