"""The witness: who has seen how far the ledger came, and refuses to see less.

Owns both ends of C2SP `tlog-witness` without the line between them: what a log asks
(`request`), how a witness decides (`WitnessFolder.add_checkpoint`), what its answer means.
A witness never sees an entry: it gets a signed head and a proof that the tree only grew.

    witness.key            its Ed25519 seed and its name, 0600; made on first use
    witness.vkey           its verifier key, to be handed to auditors
    logs/<id>.vkey         a log it watches; <id>: 32 hex digits of the SHA-256 of the origin
    logs/<id>.checkpoint   the newest head of it that was cosigned, a signed note
    lock                   one decision at a time

The folder lies with somebody else: another department's share, a USB stick, the disk of the
machine where `scripts/witness.py` answers over HTTP. The layout is the same for all.

Rules it keeps:
  * Checking against the head it holds and replacing that head are one step under a lock,
    else of two requests the smaller could be remembered last.
  * The new head is durable before its cosignature leaves.
  * A size that shrinks, a root that differs, a proof that fails: refused, and nothing changes.
  * Requests and answers have a greatest size, and are read exactly.

    folder = WitnessFolder.found(path, "audit", seed=os.urandom(32))
    folder.watch(log_vkey)
    answer = folder.add_checkpoint(request(0, [], note), time_s)
    cosignature(answer.body, note, folder.verifier)
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.durable import make_folders, read_bytes, replace
from storage.errors import Damaged, DiskFailed, Missing, Occupied
from storage.merkle import verify_consistency
from storage.note import (
    HASH_BYTES,
    MAX_NOTE_BYTES,
    Checkpoint,
    Signature,
    Verifier,
    cosign,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
    witness_vkey,
)

MAX_PROOF_LINES = 63
MAX_REQUEST_BYTES = MAX_NOTE_BYTES + MAX_PROOF_LINES * 45 + 100
MAX_ANSWER_BYTES = 16_384
SIZE_MEDIA = "text/x.tlog.size"
_TEXT_MEDIA = "text/plain; charset=utf-8"
_MAX_VKEY_BYTES = 4096
_KEY_MAGIC = "ARCHIVIST-WITNESS-KEY-1"


@dataclass(frozen=True, slots=True)
class Answer:
    """How a witness answered: an HTTP status, whatever the way it came."""

    status: int
    body: bytes
    media: str = _TEXT_MEDIA


@dataclass(frozen=True, slots=True)
class Request:
    """What a log asks for: cosign `note`, which grew from `old_size` as `proof` shows."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


def request(old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The body of an `add-checkpoint` call."""
    assert len(proof) <= MAX_PROOF_LINES, "no tree of 2**63 entries has a longer proof"
    lines = "".join(f"{base64.b64encode(digest).decode()}\n" for digest in proof)
    return f"old {old_size}\n{lines}\n".encode() + note


def parse_request(raw: bytes) -> Request:
    """Take such a body apart without believing any of it. Raises Damaged."""
    if len(raw) > MAX_REQUEST_BYTES:
        raise Damaged("request is too long")
    head, blank, note = raw.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    word, _, size = first.partition(b" ")
    if word != b"old" or not blank or len(lines) > MAX_PROOF_LINES:
        raise Damaged("not a request to cosign")
    return Request(_plain_number(size), tuple(map(_digest, lines)), note)


def parse_size(raw: bytes) -> int:
    """The tree size in the body of a 409. Raises Damaged."""
    return _plain_number(raw.removesuffix(b"\n"))


def cosignature(body: bytes, note: bytes, verifier: Verifier) -> Signature:
    """The witness's signature over `note` in its answer. Raises Damaged when there is none.

    Lines of other keys are ignored, as long as they are lines.
    """
    text = parse_note(note).text
    if len(body) > MAX_ANSWER_BYTES:
        raise Damaged("answer is too long")
    answered = parse_note(text.encode() + b"\n" + body)
    if answered.text != text:
        raise Damaged("answer is not a list of signatures")
    for signature in answered.signatures:
        mine = (signature.name, signature.key_id) == (verifier.name, verifier.key_id)
        if mine and verifier.holds(text, signature):
            return signature
    raise Damaged("answer has no cosignature of this witness")


class WitnessFolder:
    """A witness whose memory is a folder. Several processes may ask it at once."""

    def __init__(self, folder: Path) -> None:
        """Open a witness. Raises Missing when there is none, Damaged for a spoiled key."""
        self.folder = folder
        name, seed = _parse_key(read_bytes(folder / "witness.key", _MAX_VKEY_BYTES))
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier.parse(witness_vkey(name, self._key.public_key()))

    @classmethod
    def found(cls, folder: Path, name: str, seed: bytes) -> WitnessFolder:
        """Open the witness in `folder`; where none is, one of this name and seed is made.

        Raises ValueError for a name that no key can have, Missing when the folder is not
        there (a stick that is not plugged in must not become an empty folder), DiskFailed.
        """
        if not folder.is_dir():
            raise Missing(f"there is no folder {folder.name}")
        if not (folder / "witness.key").exists():
            key = Ed25519PrivateKey.from_private_bytes(seed)
            vkey = witness_vkey(name, key.public_key())
            replace(folder / "witness.vkey", f"{vkey}\n".encode(), 0o644)
            text = f"{_KEY_MAGIC}\n{name}\n{base64.b64encode(seed).decode()}\n"
            replace(folder / "witness.key", text.encode())
        return cls(folder)

    def watch(self, vkey: str) -> None:
        """Watch a log. Raises Occupied when it watches one of this name with another key."""
        log = Verifier.parse(vkey)
        path = self._of(log.name, "vkey")
        make_folders(path.parent)
        with self._alone():
            if path.exists():
                if self._watched(log.name) != log:
                    raise Occupied("the witness knows a log of this name by another key")
                return
            replace(path, f"{vkey}\n".encode(), 0o644)

    def held(self, log: Verifier) -> Checkpoint | None:
        """The newest head of this log that was cosigned here, None before the first.

        Raises Damaged when what lies there was not signed by log and witness: somebody who
        puts nonsense there must not pass for a witness that has seen nothing.
        """
        try:
            raw = read_bytes(self._of(log.name, "checkpoint"), MAX_NOTE_BYTES)
        except Missing:
            return None
        head = open_checkpoint(raw, log)
        note = parse_note(raw)
        own = [s for s in note.signatures if s.key_id == self.verifier.key_id]
        if not any(self.verifier.holds(note.text, signature) for signature in own):
            raise Damaged("the head is not cosigned by this witness")
        return head

    def add_checkpoint(self, raw: bytes, time_s: int) -> Answer:
        """Decide on one request, in the order of C2SP tlog-witness, and remember what it shows.

        Raises Damaged when the head that is held cannot be trusted, DiskFailed.
        """
        try:
            asked = parse_request(raw)
            note = parse_note(asked.note)
            origin = parse_checkpoint(note.text).origin
        except Damaged as error:
            return Answer(400, f"{error}\n".encode())
        with self._alone():
            log = self._watched(origin)
            if log is None:
                return Answer(404, b"this log is not watched here\n")
            try:
                head = open_checkpoint(asked.note, log)
            except Damaged as error:
                return Answer(403, f"{error}\n".encode())
            refused = _weighed(asked, head, self.held(log))
            if refused is not None:
                return refused
            signature = cosign(note.text, self.verifier.name, self._key, time_s)
            kept = [s for s in note.signatures if (s.name, s.key_id) == (log.name, log.key_id)]
            stored = type(note)(note.text, (kept[0], signature)).render()
            replace(self._of(origin, "checkpoint"), stored, 0o644)
            return Answer(200, signature.line().encode())

    def _watched(self, origin: str) -> Verifier | None:
        try:
            raw = read_bytes(self._of(origin, "vkey"), _MAX_VKEY_BYTES)
            return Verifier.parse(raw.decode().strip())
        except Missing:
            return None
        except ValueError:
            raise Damaged("a log's key at the witness cannot be read") from None

    def _of(self, origin: str, suffix: str) -> Path:
        return self.folder / "logs" / f"{sha256(origin.encode()).hexdigest()[:32]}.{suffix}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DiskFailed.of("opening the witness's lock", error) from error
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
            except OSError as error:
                # Deciding without the lock could remember the smaller of two heads.
                raise DiskFailed.of("locking the witness", error) from error
            yield
        finally:
            os.close(fd)


def _weighed(asked: Request, head: Checkpoint, held: Checkpoint | None) -> Answer | None:
    """Why a request is refused, or None."""
    if asked.old_size > head.size:
        return Answer(400, b"the old size is larger than the new one\n")
    size = held.size if held else 0
    conflict = Answer(409, f"{size}\n".encode(), SIZE_MEDIA)
    if asked.old_size != size:
        return conflict
    if held and held.size == head.size:
        if held.root != head.root:
            return conflict
        return Answer(422, b"a proof must be empty here\n") if asked.proof else None
    if not size:
        return Answer(422, b"a proof must be empty here\n") if asked.proof else None
    assert held is not None
    if not verify_consistency(size, held.root, head.size, head.root, asked.proof):
        return Answer(422, b"the proof does not show that the log only grew\n")
    return None


def _parse_key(raw: bytes) -> tuple[str, bytes]:
    try:
        magic, name, seed, end = raw.decode().split("\n")
        secret = base64.b64decode(seed, validate=True)
    except ValueError:
        raise Damaged("the witness's key cannot be read") from None
    if magic != _KEY_MAGIC or end or len(secret) != HASH_BYTES:
        raise Damaged("the witness's key cannot be read")
    return name, secret


def _plain_number(raw: bytes) -> int:
    # Beyond 18 digits other implementations' integers end, and so does Python's patience.
    if not raw.isdigit() or len(raw) > 18 or str(int(raw)).encode() != raw:
        raise Damaged("not a tree size")
    return int(raw)


def _digest(line: bytes) -> bytes:
    try:
        digest = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raise Damaged("a line of the proof is not base64") from None
    if len(digest) != HASH_BYTES or base64.b64encode(digest) != line:
        raise Damaged("a line of the proof is not a SHA-256 hash")
    return digest
