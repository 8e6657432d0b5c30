"""The textual head of an age file: version line, stanzas, MAC.

Owns the grammar of C2SP `age.md`, "Header", and the MAC over it. A pure gate: bytes in,
a parsed header out, or BadHeader. It knows no recipient type; what it does not know, it
carries along, since an unknown stanza is to be ignored and is covered by the MAC.

Rules: canonical unpadded Base64 only, so that a header has exactly one spelling; lines
of 64 columns and a shorter last one; nothing but visible ASCII in arguments.

    age-encryption.org/v1
    -> X25519 XEl0dJ6y3C7KZkgmgWUicg63EyXJiwBJW8PdYJ/cYBE
    qRS0AMjdjPvZ/WT08U2KL4G+PIooA3hy38SvLpvaC1E
    --- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s
"""

from __future__ import annotations

import binascii
import hmac
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from storage.errors import BadHeader, BadMac
from storage.hkdf import hkdf

VERSION_LINE = b"age-encryption.org/v1\n"
COLUMNS = 64
# Ours are a few KiB. The limit keeps a hostile file from filling the memory with stanzas.
MAX_HEADER_BYTES = 1 << 20

_ARGUMENTS = re.compile(rb"-> ([\x21-\x7e]+(?: [\x21-\x7e]+)*)\n")
_MAC_LINE = re.compile(rb"--- ([A-Za-z0-9+/]{43})\n")


class Reader(Protocol):
    """What is read from: a file opened in binary mode, or bytes in memory."""

    def read(self, size: int, /) -> bytes: ...
    def readline(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Stanza:
    """One `->` entry: its arguments (the first names the type) and its decoded body."""

    args: tuple[str, ...]
    body: bytes

    @property
    def kind(self) -> str:
        return self.args[0]

    def encode(self) -> bytes:
        """The lines of this stanza, the last one shorter than 64 columns."""
        text = encode64(self.body)
        lines = [text[at : at + COLUMNS] for at in range(0, len(text) + 1, COLUMNS)]
        return "\n".join(["-> " + " ".join(self.args), *lines, ""]).encode("ascii")


@dataclass(frozen=True, slots=True)
class Header:
    """A header that follows the grammar. Nothing is verified until `check` has passed."""

    stanzas: tuple[Stanza, ...]
    covered: bytes
    mac: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Header:
        """Exactly one header and nothing behind it. Raises BadHeader."""
        source = io.BytesIO(raw)
        header = cls.read(source)
        if source.tell() != len(raw):
            raise BadHeader("something follows the header")
        return header

    @classmethod
    def read(cls, source: Reader) -> Header:
        """One header from the start of `source`, which then stands at the payload.

        Raises BadHeader, also for a header beyond 1 MiB.
        """
        lines = _Lines(source)
        if lines.next() != VERSION_LINE:
            raise BadHeader("this is not an age v1 file")
        stanzas = []
        line = lines.next()
        while not line.startswith(b"---"):
            stanzas.append(_read_stanza(line, lines))
            line = lines.next()
        found = _MAC_LINE.fullmatch(line)
        if found is None or not stanzas:
            raise BadHeader("the header's last line is malformed, or no stanza precedes it")
        covered = b"".join(lines.seen[:-1]) + b"---"
        return cls(tuple(stanzas), covered, decode64(found[1].decode("ascii")))

    def check(self, file_key: bytes) -> None:
        """Raise BadMac unless every line is as it was when `file_key` sealed it."""
        if not hmac.compare_digest(_mac(file_key, self.covered), self.mac):
            raise BadMac("the header was changed after it was sealed")

    def of_kind(self, kind: str) -> list[Stanza]:
        return [stanza for stanza in self.stanzas if stanza.kind == kind]


def encode_header(file_key: bytes, stanzas: Iterable[Stanza]) -> bytes:
    """The header text over these stanzas, MAC included."""
    covered = VERSION_LINE + b"".join(stanza.encode() for stanza in stanzas) + b"---"
    return covered + b" " + encode64(_mac(file_key, covered)).encode("ascii") + b"\n"


def encode64(data: bytes) -> str:
    """Unpadded standard Base64."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").decode("ascii")


def decode64(text: str) -> bytes:
    """Strict inverse of `encode64`: no padding, no stray bits. Raises BadHeader."""
    try:
        data = binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        raise BadHeader("a field of the header is not Base64") from None
    if encode64(data) != text:
        raise BadHeader("a field of the header is not canonical Base64")
    return data


class _Lines:
    """Line by line within the size limit, remembering what the MAC covers."""

    def __init__(self, source: Reader) -> None:
        self._source = source
        self._left = MAX_HEADER_BYTES
        self.seen: list[bytes] = []

    def next(self) -> bytes:
        line = self._source.readline(self._left)
        self._left -= len(line)
        if not line.endswith(b"\n"):
            raise BadHeader("the header breaks off, or is longer than any header of ours")
        self.seen.append(line)
        return line


def _read_stanza(first: bytes, lines: _Lines) -> Stanza:
    found = _ARGUMENTS.fullmatch(first)
    if found is None:
        raise BadHeader("a stanza's first line is malformed")
    body = []
    while True:
        line = lines.next()[:-1]
        if len(line) > COLUMNS or not line.isascii():
            raise BadHeader("a stanza's body is not wrapped as it must be")
        body.append(line.decode("ascii"))
        if len(line) < COLUMNS:
            break
    return Stanza(tuple(found[1].decode("ascii").split(" ")), decode64("".join(body)))


def _mac(file_key: bytes, covered: bytes) -> bytes:
    return hmac.digest(hkdf(file_key, info=b"header"), covered, "sha256")
