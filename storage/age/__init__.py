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
