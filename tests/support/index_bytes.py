"""Every byte of an index in clear, freed pages, slack, log and compressed fields included."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from index.encrypted_storage import EncryptedStorage
from index.fts5 import _PAGE_BYTES

RESERVED = 48  # what SQLCipher keeps at the end of a page: 16 of IV, 32 of HMAC-SHA256
FRAME_HEAD = 24


def in_clear(where: Path, key: bytes) -> bytes:
    """The content of an index of either engine, as far as its key opens it."""
    if not where.is_dir():
        return database_bytes(where, key)
    storage = EncryptedStorage(where, key)
    sealed = [storage.unseal(name) for name in storage.sealed()]
    return b"".join([*sealed, *(piece for data in sealed for piece in inflated(data))])


def database_bytes(where: Path, key: bytes) -> bytes:
    """Database and write-ahead log; a log holds a page once for each time it was written."""
    data = where.read_bytes()
    parts = [data[i : i + _PAGE_BYTES] for i in range(0, len(data), _PAGE_BYTES)]
    numbered = list(enumerate(parts, start=1))
    log = where.with_name(where.name + "-wal")
    frames = log.read_bytes()[32:] if log.exists() else b""
    step = _PAGE_BYTES + FRAME_HEAD
    for frame in (frames[i : i + step] for i in range(0, len(frames), step)):
        numbered.append((int.from_bytes(frame[:4], "big"), frame[FRAME_HEAD:]))
    return b"".join(_plain(number, page, key) for number, page in numbered)


def _plain(number: int, page: bytes, key: bytes) -> bytes:
    assert len(page) == _PAGE_BYTES
    body = page[16 if number == 1 else 0 : -RESERVED]  # page 1 begins with the salt
    reader = Cipher(AES(key), CBC(page[-RESERVED:][:16])).decryptor()
    return reader.update(body) + reader.finalize()


def inflated(data: bytes) -> Iterator[bytes]:
    """Whatever lies compressed anywhere in `data`."""
    for start in range(len(data) - 1):
        if data[start] == 0x78:
            try:
                yield zlib.decompressobj().decompress(data[start:])
            except zlib.error:
                continue
