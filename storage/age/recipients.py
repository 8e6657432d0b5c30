"""Who a file is sealed to, and who can open it: the two key types.

Owns the native public-key recipients of C2SP `age.md`:

    hybrid   mlkem768x25519   age1pq1…  AGE-SECRET-KEY-PQ-1…   the default
    x25519   X25519           age1…     AGE-SECRET-KEY-1…      for tools without the hybrid

The hybrid is HPKE (RFC 9180, base mode) over the X-Wing KEM: it stays closed as long as
either ML-KEM-768 or X25519 does, and a permanent record must outlive one of them.

Rules: a recipient only wraps, an identity only unwraps. `unwrap` answers None for a
stanza that is somebody else's, and raises BadHeader for one that breaks its type's rules;
it looks at the body's length before it decrypts, so that no body can fit two keys. A
secret shows itself only through `secret_text()`, never in a repr or a message.

    identity = HybridIdentity.generate()
    stanza = identity.recipient.wrap(file_key)
    identity.unwrap(stanza) == file_key
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from storage.age import bech32
from storage.age.header import Stanza, decode64, encode64
from storage.errors import BadHeader, Unsuitable
from storage.hkdf import hkdf

FILE_KEY_BYTES = 16
WRAPPED_BYTES = FILE_KEY_BYTES + 16
SECRET_BYTES = 32
POINT_BYTES = 32

X25519_KIND = "X25519"
HYBRID_KIND = "mlkem768x25519"

_X25519_INFO = b"age-encryption.org/v1/X25519"
_HYBRID_INFO = b"age-encryption.org/mlkem768x25519"
_MLKEM_PUBLIC_BYTES = 1184
_MLKEM_CIPHERTEXT_BYTES = 1088
_MLKEM_SEED_BYTES = 64
_ENC_BYTES = _MLKEM_CIPHERTEXT_BYTES + POINT_BYTES
_NO_NONCE = bytes(12)  # the wrap key is used once


class Recipient(Protocol):
    """Wraps file keys. Post-quantum recipients are never mixed with others in one file."""

    @property
    def postquantum(self) -> bool: ...
    @property
    def text(self) -> str: ...
    def wrap(self, file_key: bytes) -> Stanza: ...


class Identity(Protocol):
    """Unwraps file keys: None when the stanza is not for it, BadHeader when it is malformed."""

    def unwrap(self, stanza: Stanza) -> bytes | None: ...


class KeyPair(Identity, Protocol):
    """An identity that has a public half and can be written down."""

    @property
    def recipient(self) -> Recipient: ...
    @property
    def secret(self) -> bytes: ...
    def secret_text(self) -> str: ...


@dataclass(frozen=True)
class X25519Recipient:
    """A Curve25519 point, 32 bytes."""

    point: bytes
    postquantum = False

    @cached_property
    def text(self) -> str:
        return bech32.encode("age", self.point)

    def wrap(self, file_key: bytes) -> Stanza:
        """Seal a file key to this point. Raises Unsuitable for a point of low order."""
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        try:
            shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(self.point))
        except ValueError:
            raise Unsuitable("this recipient is not a usable key") from None
        key = hkdf(shared, salt=share + self.point, info=_X25519_INFO)
        return Stanza((X25519_KIND, encode64(share)), seal_file_key(key, file_key))


@dataclass(frozen=True)
class X25519Identity:
    """A Curve25519 scalar, 32 bytes."""

    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> X25519Identity:
        return cls(os.urandom(SECRET_BYTES))

    @cached_property
    def recipient(self) -> X25519Recipient:
        return X25519Recipient(self._key.public_key().public_bytes_raw())

    @cached_property
    def _key(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self.secret)

    def secret_text(self) -> str:
        return bech32.encode("age-secret-key-", self.secret).upper()

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza.kind != X25519_KIND:
            return None
        share = _share_of(stanza, POINT_BYTES)
        try:
            shared = self._key.exchange(X25519PublicKey.from_public_bytes(share))
        except ValueError:
            raise BadHeader("an X25519 share is a point of low order") from None
        key = hkdf(shared, salt=share + self.recipient.point, info=_X25519_INFO)
        return open_file_key(key, stanza.body)


@dataclass(frozen=True)
class HybridRecipient:
    """An ML-KEM-768 encapsulation key (1184 bytes) and a Curve25519 point (32), in this order."""

    raw: bytes
    postquantum = True

    @cached_property
    def text(self) -> str:
        return bech32.encode("age1pq", self.raw)

    @cached_property
    def _key(self) -> hpke.MLKEM768X25519PublicKey:
        lattice, point = self.raw[:_MLKEM_PUBLIC_BYTES], self.raw[_MLKEM_PUBLIC_BYTES:]
        try:
            return hpke.MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(lattice),
                X25519PublicKey.from_public_bytes(point),
            )
        except ValueError:
            raise Unsuitable("this recipient is not a usable key") from None

    def wrap(self, file_key: bytes) -> Stanza:
        """Seal a file key to this key. Raises Unsuitable for a key that is none."""
        try:
            sealed = _suite().encrypt(file_key, self._key, _HYBRID_INFO)
        except ValueError:  # a point of low order
            raise Unsuitable("this recipient is not a usable key") from None
        return Stanza((HYBRID_KIND, encode64(sealed[:_ENC_BYTES])), sealed[_ENC_BYTES:])


@dataclass(frozen=True)
class HybridIdentity:
    """An X-Wing seed, 32 bytes, from which both private keys follow."""

    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> HybridIdentity:
        return cls(os.urandom(SECRET_BYTES))

    @cached_property
    def _parts(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        expanded = hashlib.shake_256(self.secret).digest(_MLKEM_SEED_BYTES + SECRET_BYTES)
        return (
            MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_BYTES]),
            X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_BYTES:]),
        )

    @cached_property
    def recipient(self) -> HybridRecipient:
        lattice, curve = (part.public_key().public_bytes_raw() for part in self._parts)
        return HybridRecipient(lattice + curve)

    def secret_text(self) -> str:
        return bech32.encode("age-secret-key-pq-", self.secret).upper()

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza.kind != HYBRID_KIND:
            return None
        enc = _share_of(stanza, _ENC_BYTES)
        key = hpke.MLKEM768X25519PrivateKey(*self._parts)
        try:
            return _suite().decrypt(enc + stanza.body, key, _HYBRID_INFO)
        except InvalidTag:
            # HPKE reports a point of low order as it reports a foreign key. The first is
            # an attack and aborts, the second is an everyday answer.
            self._refuse_low_order(enc[_MLKEM_CIPHERTEXT_BYTES:])
            return None

    def _refuse_low_order(self, share: bytes) -> None:
        try:
            self._parts[1].exchange(X25519PublicKey.from_public_bytes(share))
        except ValueError:
            raise BadHeader("a hybrid share holds a point of low order") from None


@lru_cache(maxsize=64)
def parse_recipient(text: str) -> HybridRecipient | X25519Recipient:
    """A recipient from its text form. Raises Unsuitable."""
    prefix, data = bech32.decode(text.strip())
    if prefix == "age1pq" and len(data) == _MLKEM_PUBLIC_BYTES + POINT_BYTES:
        return HybridRecipient(data)
    if prefix == "age" and len(data) == POINT_BYTES:
        return X25519Recipient(data)
    raise Unsuitable("this is not a recipient of a type that is known here")


def parse_identity(text: str) -> HybridIdentity | X25519Identity:
    """An identity from its text form. Raises Unsuitable, never repeating the text."""
    prefix, data = bech32.decode(text.strip())
    if prefix == "age-secret-key-pq-" and len(data) == SECRET_BYTES:
        return HybridIdentity(data)
    if prefix == "age-secret-key-" and len(data) == SECRET_BYTES:
        return X25519Identity(data)
    raise Unsuitable("this is not an identity of a type that is known here")


def seal_file_key(key: bytes, file_key: bytes) -> bytes:
    """A file key under a wrap key that is used this once."""
    return ChaCha20Poly1305(key).encrypt(_NO_NONCE, file_key, None)


def open_file_key(key: bytes, body: bytes) -> bytes | None:
    """The file key, or None when this wrap key does not fit."""
    try:
        return ChaCha20Poly1305(key).decrypt(_NO_NONCE, body, None)
    except InvalidTag:
        return None


def _share_of(stanza: Stanza, size_bytes: int) -> bytes:
    if len(stanza.args) != 2:
        raise BadHeader(f"a stanza of type {stanza.kind} takes one argument")
    share = decode64(stanza.args[1])
    if len(share) != size_bytes or len(stanza.body) != WRAPPED_BYTES:
        raise BadHeader(f"a stanza of type {stanza.kind} has the wrong length")
    return share


def _suite() -> hpke.Suite:
    return hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
