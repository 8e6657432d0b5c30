"""The binary body of an age file: a nonce, then sealed chunks of 64 KiB.

Owns C2SP `age.md`, "Payload": the STREAM construction over ChaCha20-Poly1305 with a
chunk counter and a last-chunk flag in the nonce. A pure gate in both directions.

Rules: no plaintext leaves before its chunk is verified; the end is only believed when
a chunk says it is the last one; memory stays flat however large the file is. What left
before a later chunk failed was genuine, but the whole is not: whoever writes it to a
file gives that file its name only after the last piece.

    for piece in decrypt_payload(file_key, file):
        out.write(piece)        # raises BadPayload at the first chunk that is not genuine
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from storage.errors import BadHeader, BadPayload
from storage.hkdf import hkdf

CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
SEALED_BYTES = CHUNK_BYTES + TAG_BYTES
NONCE_BYTES = 16
# So many chunks are read, hashed and written by one call each, instead of many.
_PIECE_CHUNKS = 16
_PIECE_BYTES = _PIECE_CHUNKS * CHUNK_BYTES

Piece = bytes | bytearray | memoryview


class ByteReader(Protocol):
    """Anything with `read(size)`; it may return less than asked for, and b"" at the end."""

    def read(self, size: int, /) -> bytes: ...


def encrypt_payload(
    file_key: bytes, chunks: Iterable[Piece], *, nonce: bytes | None = None
) -> Iterator[bytes | bytearray]:
    """The payload over `chunks`, piece by piece; `nonce` (16 bytes) is random unless given.

    A nonce is used once per file key: give one only to make test vectors.
    """
    nonce = os.urandom(NONCE_BYTES) if nonce is None else nonce
    cipher = ChaCha20Poly1305(hkdf(file_key, salt=nonce, info=b"payload"))
    counter, lead = 0, nonce
    for block, last in _blocks(chunks):
        yield _seal_block(cipher, block, counter, lead, last=last)
        counter, lead = counter + _PIECE_CHUNKS, b""


def decrypt_payload(
    file_key: bytes, source: ByteReader, *, expect_nonce: bytes | None = None
) -> Iterator[bytes]:
    """The plaintext, chunk by chunk, each verified before it is given out.

    With `expect_nonce` only that one payload is accepted among those under the same file
    key. Raises BadPayload for an altered, truncated, extended or other payload, and
    BadHeader when not even the nonce is there.
    """
    nonce = _read_full(source, NONCE_BYTES)
    if len(nonce) < NONCE_BYTES:
        raise BadHeader("the file ends before its payload begins")
    if expect_nonce is not None and nonce != expect_nonce:
        raise BadPayload("this is another payload than the one asked for")
    cipher = ChaCha20Poly1305(hkdf(file_key, salt=nonce, info=b"payload"))
    last = False
    for counter, chunk in enumerate(_sealed_chunks(source)):
        if last:
            raise BadPayload("something follows the last chunk")
        plain, last = _open_chunk(cipher, chunk, counter)
        if not plain and counter:
            raise BadPayload("the last chunk is empty, which no writer produces")
        yield plain
    if not last:
        raise BadPayload("the end is missing")


def payload_bytes(plain_bytes: int) -> int:
    """How long the payload over so many bytes is."""
    chunks = max(1, -(-plain_bytes // CHUNK_BYTES))
    return NONCE_BYTES + plain_bytes + chunks * TAG_BYTES


def _seal_block(
    cipher: ChaCha20Poly1305, block: Piece, counter: int, lead: bytes, *, last: bool
) -> bytearray:
    """The sealed chunks of a block behind `lead`; only the last block ends in a short chunk."""
    count = max(1, -(-len(block) // CHUNK_BYTES))
    sealed = bytearray(len(lead) + len(block) + count * TAG_BYTES)
    sealed[: len(lead)] = lead
    with memoryview(block) as plain, memoryview(sealed) as out:
        for n in range(count):
            at = len(lead) + n * SEALED_BYTES
            cipher.encrypt_into(
                _chunk_nonce(counter + n, last=last and n == count - 1),
                plain[n * CHUNK_BYTES : (n + 1) * CHUNK_BYTES],
                None,
                out[at : at + SEALED_BYTES],
            )
    return sealed


def _open_chunk(cipher: ChaCha20Poly1305, chunk: memoryview, counter: int) -> tuple[bytes, bool]:
    """What a chunk holds, and whether it is the last.

    Only a full chunk can have others behind it. A full one may still be the last: whether
    it is, the tag decides and not the end of the file, which an attacker can choose.
    """
    for last in (False, True) if len(chunk) == SEALED_BYTES else (True,):
        try:
            return cipher.decrypt(_chunk_nonce(counter, last=last), chunk, None), last
        except InvalidTag:
            continue
    raise BadPayload(f"chunk {counter} is not what was sealed, or the end is missing")


def _chunk_nonce(counter: int, *, last: bool) -> bytes:
    return counter.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _blocks(chunks: Iterable[Piece]) -> Iterator[tuple[Piece, bool]]:
    """The same bytes in blocks of so many whole chunks, and whether a block is the last.

    A full block may have to be the last, so each waits for the byte after it. What comes in
    such pieces already, or in one, is not copied.
    """
    held: Piece = b""
    for chunk in chunks:
        piece = memoryview(chunk)
        while piece:
            if len(held) == _PIECE_BYTES:
                yield held, False
                held = b""
            if held:
                held = held if isinstance(held, bytearray) else bytearray(held)
                taken = piece[: _PIECE_BYTES - len(held)]
                held += taken
            else:
                taken = held = piece[:_PIECE_BYTES]
            piece = piece[len(taken) :]
    yield held, True


def _sealed_chunks(source: ByteReader) -> Iterator[memoryview]:
    """What is left of a source, cut where chunks end; read many at a time."""
    while read := _read_full(source, _PIECE_CHUNKS * SEALED_BYTES):
        with memoryview(read) as view:
            for at in range(0, len(read), SEALED_BYTES):
                yield view[at : at + SEALED_BYTES]


def _read_full(source: ByteReader, size: int) -> bytes:
    data = source.read(size)
    while 0 < len(data) < size:
        more = source.read(size - len(data))
        if not more:
            break
        data += more
    return data
