"""Keys as text: Bech32 (BIP 173) without its length limit, as age writes its keys.

Owns the encoding alone; which prefix means which key is decided in `recipients`.
Rules: text is all lower or all upper case, the checksum is over the lower-case form,
padding bits are zero. A recipient is written in lower case, a secret in upper case.

    encode("age", point)          -> "age1…"
    decode("AGE-SECRET-KEY-1…")   -> ("age-secret-key-", 32 bytes)
"""

from __future__ import annotations

from functools import reduce
from operator import xor

from storage.errors import Unsuitable

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_LETTERS = bytes.maketrans(bytes(range(32)), _ALPHABET.encode())
_VALUES = bytes.maketrans(_ALPHABET.encode(), bytes(range(32)))
_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")  # as `int` reads them
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
# What each value of the five bits that fall out at the top puts back: a post-quantum recipient has
# two thousand letters, and every command reads some.
_CARRIED = [
    reduce(xor, (made for bit, made in enumerate(_GENERATORS) if top >> bit & 1), 0)
    for top in range(32)
]
_CHECKSUM_LETTERS = 6


def encode(prefix: str, data: bytes) -> str:
    """Lower-case Bech32 of `data` under `prefix`."""
    values = _values_of(data)
    checksum = _polymod(_spread(prefix) + values + bytes(_CHECKSUM_LETTERS)) ^ 1
    values += bytes([(checksum >> 5 * (5 - i)) & 31 for i in range(_CHECKSUM_LETTERS)])
    return prefix + "1" + values.translate(_LETTERS).decode("ascii")


def decode(text: str) -> tuple[str, bytes]:
    """The prefix (lower case) and the bytes. Raises Unsuitable without repeating the text."""
    lower = text.lower()
    if not text.isascii():
        # The Kelvin sign is a capital K to `lower`: a key would have two spellings.
        raise Unsuitable("this key holds a character that no key has")
    if text not in (lower, text.upper()):
        raise Unsuitable("this key mixes upper and lower case")
    prefix, separator, letters = lower.rpartition("1")
    if not separator or not prefix or len(letters) < _CHECKSUM_LETTERS:
        raise Unsuitable("this is not a key in age's text form")
    if not all(33 <= ord(c) <= 126 for c in prefix) or not set(letters).issubset(_ALPHABET):
        raise Unsuitable("this key holds a character that no key has")
    if _polymod(_spread(prefix) + letters.encode("ascii").translate(_VALUES)) != 1:
        raise Unsuitable("this key was mistyped: its checksum does not fit")
    return prefix, _bytes_of(letters[:-_CHECKSUM_LETTERS])


def _values_of(data: bytes) -> bytes:
    """Five bits in each byte, as many as it takes; eight are made at a time."""
    out: list[int] = []
    for at in range(0, len(data), 5):
        n = int.from_bytes(data[at : at + 5].ljust(5, b"\0"), "big")
        out += (n >> 35, n >> 30 & 31, n >> 25 & 31, n >> 20 & 31,
                n >> 15 & 31, n >> 10 & 31, n >> 5 & 31, n & 31)  # fmt: skip
    return bytes(out[: -(-8 * len(data) // 5)])


def _bytes_of(letters: str) -> bytes:
    size_bytes, stray_bits = divmod(5 * len(letters), 8)
    number = int(letters.translate(_DIGITS) or "0", 32)
    if stray_bits >= 5 or number & ((1 << stray_bits) - 1):
        raise Unsuitable("this key has stray bits at its end")
    return (number >> stray_bits).to_bytes(size_bytes, "big")


def _polymod(values: bytes) -> int:
    checksum = 1
    for value in values:
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value ^ _CARRIED[checksum >> 25]
    return checksum


def _spread(prefix: str) -> bytes:
    letters = prefix.encode("latin-1")
    return bytes([code >> 5 for code in letters] + [0] + [code & 31 for code in letters])
