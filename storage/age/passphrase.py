"""Sealing with a passphrase: the scrypt recipient of C2SP `age.md`.

Owns the work factor and its limits. Rules: a new salt for each file; a factor read from
a file is bounded before any work is done, because the memory it asks for doubles with
each step (2^18 takes 256 MiB, 2^22 takes 4 GiB); and an scrypt stanza stands alone in
its header, which `files` sees to: an attacker who knows another recipient could
otherwise make a file that the passphrase's owner takes for one of his own.

    encrypt([Passphrase("…", log_n=18)], data)
    decrypt([Passphrase("…")], sealed)
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from storage.age.header import Stanza, decode64, encode64
from storage.age.recipients import WRAPPED_BYTES, open_file_key, seal_file_key
from storage.errors import BadHeader, Unsuitable

SCRYPT_KIND = "scrypt"
DEFAULT_LOG_N = 18
MAX_LOG_N = 22

_SALT_BYTES = 16
_SALT_PREFIX = b"age-encryption.org/v1/scrypt"
_FACTOR = re.compile(r"[1-9][0-9]?")


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase as recipient and as identity; `log_n` counts for sealing only."""

    phrase: str = field(repr=False)
    log_n: int = DEFAULT_LOG_N
    postquantum = False
    text = SCRYPT_KIND

    def wrap(self, file_key: bytes) -> Stanza:
        salt = os.urandom(_SALT_BYTES)
        key = _stretch(self.phrase, salt, self.log_n)
        args = (SCRYPT_KIND, encode64(salt), str(self.log_n))
        return Stanza(args, seal_file_key(key, file_key))

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza.kind != SCRYPT_KIND:
            return None
        if len(stanza.args) != 3 or not _FACTOR.fullmatch(stanza.args[2]):
            raise BadHeader("an scrypt stanza takes a salt and a work factor")
        salt, log_n = decode64(stanza.args[1]), int(stanza.args[2])
        if len(salt) != _SALT_BYTES or len(stanza.body) != WRAPPED_BYTES:
            raise BadHeader("an scrypt stanza has the wrong length")
        if log_n > MAX_LOG_N:
            raise BadHeader(f"work factor 2^{log_n} is beyond the limit of 2^{MAX_LOG_N}")
        return open_file_key(_stretch(self.phrase, salt, log_n), stanza.body)


def _stretch(phrase: str, salt: bytes, log_n: int) -> bytes:
    # Imported where it is used: opening records with a key that is already unlocked,
    # which every search does, never comes here.
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    try:
        # Bytes that are no UTF-8, from a terminal or the environment, come as escaped surrogates.
        typed = phrase.encode("utf-8", "surrogateescape")
        return Scrypt(salt=_SALT_PREFIX + salt, length=32, n=1 << log_n, r=8, p=1).derive(typed)
    except UnicodeEncodeError:
        raise Unsuitable("this passphrase holds something that is no character") from None
    except MemoryError:
        raise Unsuitable(f"work factor 2^{log_n} takes more memory than there is") from None
