"""Signed notes and checkpoints: how the ledger says what it holds.

Owns the text formats of C2SP `signed-note` v1.0.0, `tlog-checkpoint` v1.0.0, the Ed25519
cosignature of `tlog-cosignature` v1 and the textual `tlog-proof` v1. It does no I/O and
trusts nobody: `open_checkpoint` returns something verified or raises.

Rules it keeps:
  * a signature by a key that is not asked for is ignored, even under a known name;
  * a signature by the key that is asked for must hold, or the whole note is refused;
  * parsing is exact: what is parsed renders to the same bytes again.

A checkpoint says "the tree of the log `origin` has this size and this root hash":

    a.example/ledger
    1000
    dzmlEoIwTV/BGH8irLwd4dTjhnbKo3ly7AGC7tRoRXI=

    — a.example/ledger rM3uYEbJiURig4OoPGI7o+Gmx4XgiAmI+wy/v2OlGvbTTDQJlvjrnq7qvmuka+Yv…

    checkpoint = open_checkpoint(raw, Verifier.parse(vkey))
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.errors import Damaged

if TYPE_CHECKING:
    # Imported late below: whoever only reads a size out of a checkpoint needs no cryptography.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_SIGNATURES = 64
MAX_NOTE_BYTES = 65_535
HASH_BYTES = 32
_PROOF_MAGIC = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"— {self.name} {_b64(self.key_id + self.blob)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text with its signatures, none of which has been verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    def render(self) -> bytes:
        """The note as bytes: text, blank line, signature lines."""
        lines = "".join(signature.line() for signature in self.signatures)
        return f"{self.text}\n{lines}".encode()

    def with_signature(self, signature: Signature) -> Note:
        """The same text, signed once more (a witness's cosignature)."""
        return Note(self.text, (*self.signatures, signature))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree head: `root` is the 32-byte RFC 6962 hash over `size` entries."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that get signed."""
        return f"{self.origin}\n{self.size}\n{_b64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name and the algorithm it is known for (its "vkey")."""

    name: str
    algorithm: int
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """Read `<name>+<key id, 8 hex digits>+<base64(algorithm || public key)>`.

        Raises ValueError: a vkey is configuration, so a wrong one is the caller's mistake.
        """
        name, _, rest = vkey.partition("+")
        key_id, _, key = rest.partition("+")
        material = _unb64(key)
        if not _is_name(name) or material is None or len(material) != 1 + HASH_BYTES:
            raise ValueError("not a verifier key")
        verifier = cls(name, material[0], material[1:])
        if verifier.algorithm not in (ED25519, COSIGNATURE) or verifier.key_id.hex() != key_id:
            raise ValueError("not a verifier key")
        return verifier

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name, newline, algorithm, public key)."""
        return _key_id(self.name, self.algorithm, self.public)

    def vkey(self) -> str:
        """The text form, as a verifier's configuration holds it."""
        key = _b64(bytes([self.algorithm]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{key}"

    def holds(self, text: str, signature: Signature) -> bool:
        """Whether the signature is by this key over this text."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        message, blob = text.encode(), signature.blob
        if self.algorithm == COSIGNATURE:
            seconds, blob = int.from_bytes(blob[:8]), blob[8:]
            message = _cosigned(text, seconds)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, message)
        except InvalidSignature:
            return False
        return True


class Signer:
    """A log's private key with the name it signs under."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        if not _is_name(name):
            raise ValueError("a key name is not empty and has neither spaces nor plus signs")
        self._key = key
        self.verifier = Verifier(name, ED25519, key.public_key().public_bytes_raw())
        self._key_id = self.verifier.key_id

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """The checkpoint as a note with this one signature."""
        text = checkpoint.text()
        blob = self._key.sign(text.encode())
        return Note(text, (Signature(self.verifier.name, self._key_id, blob),)).render()


def vkey(origin: str, public_key: Ed25519PublicKey) -> str:
    """The verifier key text of a log; raises ValueError for an origin that cannot name a key."""
    if not _is_name(origin):
        raise ValueError("an origin is not empty and has neither spaces nor plus signs")
    return Verifier(origin, ED25519, public_key.public_bytes_raw()).vkey()


def witness_vkey(name: str, public_key: Ed25519PublicKey) -> str:
    """The verifier key text of a witness that cosigns with Ed25519 (algorithm 0x04)."""
    if not _is_name(name):
        raise ValueError("a witness's name is not empty and has neither spaces nor plus signs")
    return Verifier(name, COSIGNATURE, public_key.public_bytes_raw()).vkey()


def cosign(text: str, name: str, key: Ed25519PrivateKey, time_s: int) -> Signature:
    """A witness's statement that at `time_s` (POSIX) this was the newest head it knew.

    The caller MUST have checked the consistency proof from the head it cosigned before;
    that check, not the signature, is what a witness is for.
    """
    public = key.public_key().public_bytes_raw()
    blob = time_s.to_bytes(8) + key.sign(_cosigned(text, time_s))
    return Signature(name, _key_id(name, COSIGNATURE, public), blob)


def parse_note(raw: bytes) -> Note:
    """Take a note apart without believing any of it. Raises Damaged."""
    if len(raw) > MAX_NOTE_BYTES:
        raise Damaged("note is too long")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Damaged("note is not UTF-8") from None
    if any(char < " " and char != "\n" for char in text):
        raise Damaged("note holds control characters")
    # The last blank line separates: the text itself may hold blank lines.
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise Damaged("note has no signatures")
    rows = lines[:-1].split("\n")
    if len(rows) > MAX_SIGNATURES:
        raise Damaged("note has too many signatures")
    return Note(body + "\n", tuple(_parse_signature(row) for row in rows))


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint, signed or not. Raises Damaged.

    Extension lines are refused: our logs write none, and nobody audits them.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise Damaged("checkpoint does not have three lines")
    root = _unb64(lines[2])
    if root is None or len(root) != HASH_BYTES:
        raise Damaged("checkpoint's root is not a SHA-256 hash")
    size = lines[1]
    if not _is_plain_number(size):
        raise Damaged("checkpoint's size is not a plain decimal number")
    return Checkpoint(lines[0], int(size), root)


def open_note(raw: bytes, verifier: Verifier) -> Note:
    """A note that carries a valid signature of this very key, or Damaged."""
    note = parse_note(raw)
    mine = [
        signature
        for signature in note.signatures
        if signature.name == verifier.name and signature.key_id == verifier.key_id
    ]
    if not mine:
        raise Damaged("note is not signed by the key expected")
    if not all(verifier.holds(note.text, signature) for signature in mine):
        raise Damaged("note's signature does not hold")
    return note


def open_checkpoint(raw: bytes, verifier: Verifier) -> Checkpoint:
    """A checkpoint that this log really signed, or Damaged.

    The origin must be the verifier's name: else a key that signs for two logs could pass
    one log's head off as the other's.
    """
    checkpoint = parse_checkpoint(open_note(raw, verifier).text)
    if checkpoint.origin != verifier.name:
        raise Damaged("checkpoint belongs to another log")
    return checkpoint


def proof_text(index: int, proof: Sequence[bytes], checkpoint: bytes) -> str:
    """One entry's inclusion as text for a certificate (C2SP tlog-proof, `.tlog-proof`)."""
    hashes = "".join(f"{_b64(digest)}\n" for digest in proof)
    return f"{_PROOF_MAGIC}\nindex {index}\n{hashes}\n{checkpoint.decode()}"


def parse_proof(text: str) -> tuple[int, list[bytes], bytes]:
    """Index, inclusion proof and the raw checkpoint of a `.tlog-proof`. Raises Damaged."""
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != _PROOF_MAGIC or not blank:
        raise Damaged("not a transparency log proof")
    if len(lines) > 1 and lines[1].startswith("extra "):
        del lines[1]
    word, _, index = lines[1].partition(" ") if len(lines) > 1 else ("", "", "")
    if word != "index" or not _is_plain_number(index):
        raise Damaged("proof names no index")
    hashes = [_unb64(line) for line in lines[2:]]
    if not all(digest is not None and len(digest) == HASH_BYTES for digest in hashes):
        raise Damaged("proof holds something that is not a SHA-256 hash")
    return int(index), [digest for digest in hashes if digest is not None], checkpoint.encode()


def _is_plain_number(text: str) -> bool:
    """Whether it is a decimal number in its one spelling, below 10**18.

    2**63 entries are more than any disk; beyond it other tools' integers end, and Python itself
    refuses to read thousands of digits.
    """
    return text.isascii() and text.isdigit() and len(text) < 19 and str(int(text)) == text


def _parse_signature(row: str) -> Signature:
    dash, _, rest = row.partition(" ")
    name, _, encoded = rest.partition(" ")
    blob = _unb64(encoded)
    if dash != "—" or not _is_name(name) or blob is None or len(blob) < 5:
        raise Damaged("note has a malformed signature line")
    return Signature(name, blob[:4], blob[4:])


def _cosigned(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def _key_id(name: str, algorithm: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and name.isprintable() and not any(map(str.isspace, name))


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _unb64(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Spare bits must be zero, or two texts would stand for the same bytes.
    return raw if _b64(raw) == text else None
