"""Whole age files, and headers that travel apart from their payload.

Owns the rules that span stanzas: at least one recipient; an scrypt stanza stands alone;
post-quantum recipients are not mixed with others when writing (the weaker one would
decide), though such a mixture made elsewhere is read. And it owns the order of trust:
parse, unwrap, check the MAC; no caller gets a file key before all three.

    head = seal_header(file_key, [recipient], [Stanza(("archivist/label-v1",), label)])
    body = b"".join(encrypt_payload(file_key, [data]))
    decrypt([identity], head + body) == data        # and stock age opens it too
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence

from storage.age.header import Header, Reader, Stanza, encode_header
from storage.age.passphrase import SCRYPT_KIND
from storage.age.recipients import (
    FILE_KEY_BYTES,
    HybridIdentity,
    Identity,
    Recipient,
    X25519Identity,
    parse_identity,
)
from storage.age.stream import Piece, decrypt_payload, encrypt_payload
from storage.errors import BadHeader, NoKey, Unsuitable


def new_file_key() -> bytes:
    """16 random bytes; every record gets its own."""
    return os.urandom(FILE_KEY_BYTES)


def seal_header(
    file_key: bytes, recipients: Sequence[Recipient], extra_stanzas: Iterable[Stanza] = ()
) -> bytes:
    """A header that wraps `file_key` for every recipient.

    Extra stanzas are carried in the clear, ignored by other tools, and covered by the MAC.
    Raises Unsuitable for no recipients, or for a mixture that age forbids.
    """
    if not recipients:
        raise Unsuitable("nothing can be sealed to nobody")
    if len({recipient.postquantum for recipient in recipients}) > 1:
        raise Unsuitable("post-quantum recipients are not mixed with others in one file")
    stanzas = [*(recipient.wrap(file_key) for recipient in recipients), *extra_stanzas]
    _refuse_company_for_scrypt(stanzas, Unsuitable("a passphrase stands alone in its header"))
    return encode_header(file_key, stanzas)


def open_header(raw: bytes, identities: Iterable[Identity]) -> bytes:
    """The file key from a header that stands alone, MAC verified.

    Raises BadHeader, BadMac, or NoKey when no identity fits.
    """
    return unlock(Header.parse(raw), identities)


def unlock(header: Header, identities: Iterable[Identity]) -> bytes:
    """The file key from a parsed header; every stanza is genuine once this returns.

    Raises BadHeader, BadMac, or NoKey when no identity fits.
    """
    alone = BadHeader("an scrypt stanza is not alone in its header")
    _refuse_company_for_scrypt(header.stanzas, alone)
    for identity in identities:
        for stanza in header.stanzas:
            file_key = identity.unwrap(stanza)
            if file_key is not None:
                header.check(file_key)
                return file_key
    raise NoKey("none of the keys at hand opens this")


def encrypt(recipients: Sequence[Recipient], data: bytes) -> bytes:
    """A small age file as a whole. Raises Unsuitable."""
    file_key = new_file_key()
    head = seal_header(file_key, recipients)
    return b"".join([head, *encrypt_payload(file_key, [data])])


def decrypt(identities: Iterable[Identity], data: bytes) -> bytes:
    """What a small age file holds. Raises BadHeader, BadMac, NoKey, BadPayload."""
    return b"".join(decrypt_stream(identities, io.BytesIO(data)))


def encrypt_stream(
    recipients: Sequence[Recipient], chunks: Iterable[Piece]
) -> Iterator[bytes | bytearray]:
    """An age file of any size, piece by piece. Raises Unsuitable."""
    file_key = new_file_key()
    yield seal_header(file_key, recipients)
    yield from encrypt_payload(file_key, chunks)


def decrypt_stream(identities: Iterable[Identity], source: Reader) -> Iterator[bytes]:
    """An age file of any size, piece by verified piece.

    Raises BadHeader, BadMac, NoKey, BadPayload.
    """
    yield from decrypt_payload(unlock(Header.read(source), identities), source)


def parse_identity_file(text: str) -> list[HybridIdentity | X25519Identity]:
    """The identities of a file as `age -i` takes it: one per line, `#` begins a comment.

    Raises Unsuitable.
    """
    lines = (line.strip() for line in text.splitlines())
    return [parse_identity(line) for line in lines if line and not line.startswith("#")]


def _refuse_company_for_scrypt(stanzas: Sequence[Stanza], refusal: Exception) -> None:
    if len(stanzas) > 1 and any(stanza.kind == SCRYPT_KIND for stanza in stanzas):
        raise refusal
