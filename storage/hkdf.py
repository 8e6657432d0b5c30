"""One key from another: HKDF with SHA-256 (RFC 5869), always 32 bytes out.

Owns the only key derivation of the storage room. Rule: two purposes never share an
`info`; a key that opens one thing then says nothing about the key for another.

    hkdf(file_key, salt=nonce, info=b"payload")
"""

from __future__ import annotations

import hmac

_NO_SALT = bytes(32)


def hkdf(secret: bytes, *, info: bytes, salt: bytes = b"") -> bytes:
    """32 bytes from `secret`: HKDF-Extract with `salt`, then one block of HKDF-Expand.

    An empty salt stands for 32 zero bytes (RFC 5869, section 2.2).
    """
    extracted = hmac.digest(salt or _NO_SALT, secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")
