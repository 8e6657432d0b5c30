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
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
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
    values = _regroup(data, 8, 5, pad=True)
    checksum = _polymod([*_spread(prefix), *values, *bytes(_CHECKSUM_LETTERS)]) ^ 1
    values += [(checksum >> 5 * (5 - i)) & 31 for i in range(_CHECKSUM_LETTERS)]
    return prefix + "1" + "".join(_ALPHABET[value] for value in values)


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
    if not all(33 <= ord(c) <= 126 for c in prefix) or not all(c in _VALUES for c in letters):
        raise Unsuitable("this key holds a character that no key has")
    values = [_VALUES[letter] for letter in letters]
    if _polymod([*_spread(prefix), *values]) != 1:
        raise Unsuitable("this key was mistyped: its checksum does not fit")
    return prefix, bytes(_regroup(values[:-_CHECKSUM_LETTERS], 5, 8, pad=False))


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value ^ _CARRIED[checksum >> 25]
    return checksum


def _spread(prefix: str) -> list[int]:
    letters = [ord(letter) for letter in prefix]
    return [code >> 5 for code in letters] + [0] + [code & 31 for code in letters]


def _regroup(values: bytes | list[int], from_bits: int, to_bits: int, *, pad: bool) -> list[int]:
    held, bits, out = 0, 0, []
    for value in values:
        held = held << from_bits | value
        bits += from_bits
        while bits >= to_bits:
            bits -= to_bits
            out.append(held >> bits)
            held &= (1 << bits) - 1
    if pad and bits:
        out.append(held << to_bits - bits)
    elif not pad and (bits >= from_bits or held):
        raise Unsuitable("this key has stray bits at its end")
    return out
