"""One entry's proof, whole: the entry, its place, the signed head, and codes to print.

Owns the file that proves one entry to somebody who has nothing else (C2SP tlog-proof, the
entry in its `extra` line), and the way such a file goes onto paper and back:

    ARCHIVIST-PROOF:2/3:1A2B3C4D:<base32>.

The file is deflated, written in base32 and cut into parts; each names its number, how many
there are, and the first eight hex digits of the SHA-256 of the deflated whole. It ends in a
dot, so that what an editor joined comes apart again. Every character of a part belongs to the
alphanumeric set of QR codes: no reader has to guess an encoding.

Rules it keeps:
  * pure, and it trusts nobody: `Proof.open` returns what was proved or raises Damaged;
  * what the extra line holds counts only because its leaf hash leads to the signed root;
  * nothing is unpacked beyond the size that a proof can have.

    proof = Proof(4711, hashes, checkpoint, entry)
    parts = to_parts(proof.render())
    proven = Proof.parse(from_parts(parts)).open(Verifier.parse(vkey))
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from storage.errors import Damaged
from storage.merkle import leaf_hash, verify_inclusion
from storage.note import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Verifier,
    open_checkpoint,
    parse_note,
    parse_proof,
    proof_text,
)

# The longest entry in base64, 63 hashes, the longest checkpoint.
MAX_PROOF_BYTES = 88_000 + 63 * 45 + MAX_NOTE_BYTES + 200
MAX_PARTS = 999
PART_CHARS = 900  # a code of 109 modules a side: at 72 mm a 150-dpi scan still reads it
_EXTRA = "extra "
_PART = re.compile(r"ARCHIVIST-PROOF:([1-9]\d{0,2})/([1-9]\d{0,2}):([0-9A-F]{8}):([A-Z2-7]+)\.")


@dataclass(frozen=True, slots=True)
class Cosigned:
    """That a witness had this head as its newest, at this POSIX second."""

    name: str
    time_s: int


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof shows: the entry stood at `index` under this signed head."""

    index: int
    entry: bytes
    head: Checkpoint
    cosigned: tuple[Cosigned, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry's index, the hashes from its sibling up, the signed head, and the entry itself."""

    index: int
    path: tuple[bytes, ...]
    note: bytes
    entry: bytes | None = None

    @classmethod
    def parse(cls, raw: bytes) -> Proof:
        """Take a `.tlog-proof` apart without believing any of it. Raises Damaged."""
        if len(raw) > MAX_PROOF_BYTES:
            raise Damaged("proof is too long")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise Damaged("proof is not UTF-8") from None
        index, path, note = parse_proof(text)
        line = text.split("\n", 2)[1]
        entry = _unb64(line.removeprefix(_EXTRA)) if line.startswith(_EXTRA) else None
        return cls(index, tuple(path), note, entry)

    def render(self) -> bytes:
        """The file. Without an entry there is no extra line."""
        magic, rest = proof_text(self.index, self.path, self.note).split("\n", 1)
        extra = "" if self.entry is None else f"{_EXTRA}{base64.b64encode(self.entry).decode()}\n"
        return f"{magic}\n{extra}{rest}".encode()

    def open(
        self, verifier: Verifier, witnesses: Sequence[Verifier] = (), entry: bytes | None = None
    ) -> Proven:
        """What this proof shows; with `entry`, that this very entry is meant. Raises Damaged."""
        subject = self.entry if entry is None else entry
        if subject is None:
            raise Damaged("proof does not hold the entry")
        head = open_checkpoint(self.note, verifier)
        leaf = leaf_hash(subject)
        if not verify_inclusion(leaf, self.index, head.size, self.path, head.root):
            raise Damaged("proof does not show that this entry is in the log")
        return Proven(self.index, subject, head, cosignatures(self.note, witnesses))


def cosignatures(note: bytes, witnesses: Iterable[Verifier]) -> tuple[Cosigned, ...]:
    """Which of these witnesses signed a note, and when each last did.

    A signature of another key says nothing. Raises Damaged when one of theirs does not hold.
    """
    parsed = parse_note(note)
    found = []
    for witness in witnesses:
        times = []
        for signature in parsed.signatures:
            if (signature.name, signature.key_id) != (witness.name, witness.key_id):
                continue
            if not witness.holds(parsed.text, signature):
                raise Damaged(f"the cosignature of {witness.name} does not hold")
            times.append(int.from_bytes(signature.blob[:8]))
        if times:
            found.append(Cosigned(witness.name, max(times)))
    return tuple(found)


def to_parts(raw: bytes, chars: int = PART_CHARS) -> list[str]:
    """A proof as texts for QR codes, each of about `chars` characters at most."""
    packed = zlib.compress(raw, 9)
    tag = sha256(packed).hexdigest()[:8].upper()
    data = base64.b32encode(packed).decode().rstrip("=")
    # Parts of one length make codes of one size.
    count = -(-len(data) // chars)
    width = -(-len(data) // count)
    cut = [data[at : at + width] for at in range(0, len(data), width)]
    assert len(cut) <= MAX_PARTS, "a proof is never that long"
    return [f"ARCHIVIST-PROOF:{n}/{len(cut)}:{tag}:{part}." for n, part in enumerate(cut, start=1)]


def from_parts(texts: Iterable[str]) -> bytes:
    """The proof that these scanned texts carry, in any order, also repeated.

    White space that a reader or an editor put in between is forgiven. Raises Damaged when a
    part is missing, or parts of two proofs were mixed.
    """
    found = [match for text in texts for match in _PART.finditer("".join(text.split()))]
    if not found:
        raise Damaged("there is no part of a proof in it")
    parts = {int(match[1]): match[4] for match in found}
    if len({(match[2], match[3]) for match in found}) != 1 or any(
        parts[int(match[1])] != match[4] for match in found
    ):
        raise Damaged("parts of different proofs were mixed")
    total = int(found[0][2])
    lacking = [str(n) for n in range(1, total + 1) if n not in parts]
    if lacking or len(parts) != total:
        raise Damaged(f"of {total} parts of the proof these are missing: {', '.join(lacking)}")
    return _unpacked("".join(parts[n] for n in range(1, total + 1)), found[0][3])


def _unpacked(data: str, tag: str) -> bytes:
    try:
        packed = base64.b32decode(data + "=" * (-len(data) % 8))
    except (binascii.Error, ValueError):
        raise Damaged("the parts of the proof do not fit together") from None
    if sha256(packed).hexdigest()[:8].upper() != tag:
        raise Damaged("the parts of the proof do not fit together")
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(packed, MAX_PROOF_BYTES + 1)
    except zlib.error:
        raise Damaged("the parts of the proof cannot be unpacked") from None
    if len(raw) > MAX_PROOF_BYTES or not inflater.eof:
        raise Damaged("the parts of the proof cannot be unpacked")
    return raw


def _unb64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Damaged("proof's extra line is not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise Damaged("proof's extra line is not base64")
    return raw
