"""The age v1 file format (C2SP `age.md`): a gate over bytes that trusts nobody.

Owns reading and writing the format; it opens no file and knows no archive. One page per
part, each importing only those before it:

    bech32       keys as text
    header       version line, stanzas, MAC
    stream       the payload in chunks of 64 KiB
    recipients   the hybrid (default) and the X25519 keys
    passphrase   scrypt
    files        the rules across stanzas; whole files

Rules: binary only, no ASCII armor. What comes out has been verified; whatever is wrong
raises an error of `storage.errors`.

    identity = HybridIdentity.generate()
    decrypt([identity], encrypt([identity.recipient], b"...")) == b"..."
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.age.files import (
        decrypt,
        decrypt_stream,
        encrypt,
        encrypt_stream,
        new_file_key,
        open_header,
        parse_identity_file,
        seal_header,
        unlock,
    )
    from storage.age.header import Header, Stanza, encode_header
    from storage.age.passphrase import Passphrase
    from storage.age.recipients import (
        HybridIdentity,
        HybridRecipient,
        Identity,
        KeyPair,
        Recipient,
        X25519Identity,
        X25519Recipient,
        parse_identity,
        parse_recipient,
    )
    from storage.age.stream import decrypt_payload, encrypt_payload, payload_bytes

__all__ = [
    "Header",
    "HybridIdentity",
    "HybridRecipient",
    "Identity",
    "KeyPair",
    "Passphrase",
    "Recipient",
    "Stanza",
    "X25519Identity",
    "X25519Recipient",
    "decrypt",
    "decrypt_payload",
    "decrypt_stream",
    "encode_header",
    "encrypt",
    "encrypt_payload",
    "encrypt_stream",
    "new_file_key",
    "open_header",
    "parse_identity",
    "parse_identity_file",
    "parse_recipient",
    "payload_bytes",
    "seal_header",
    "unlock",
]

# A part is loaded when something of it is asked for: the text form of a key is
# read in every process, the ciphers are needed in few.
_PARTS = {
    "storage.age.files": (
        "decrypt",
        "decrypt_stream",
        "encrypt",
        "encrypt_stream",
        "new_file_key",
        "open_header",
        "parse_identity_file",
        "seal_header",
        "unlock",
    ),
    "storage.age.header": ("Header", "Stanza", "encode_header"),
    "storage.age.passphrase": ("Passphrase",),
    "storage.age.recipients": (
        "HybridIdentity",
        "HybridRecipient",
        "Identity",
        "KeyPair",
        "Recipient",
        "X25519Identity",
        "X25519Recipient",
        "parse_identity",
        "parse_recipient",
    ),
    "storage.age.stream": ("decrypt_payload", "encrypt_payload", "payload_bytes"),
}
_PART_OF = {name: part for part, names in _PARTS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PART_OF:
        raise AttributeError(name)
    return getattr(import_module(_PART_OF[name]), name)
