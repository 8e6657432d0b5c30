"""Heads that others have seen, kept beside the ledger: cosigned ones and time-stamped ones.

Owns two folders of `ledger/`. What lies there proves that somebody else saw a head; it is
no secret and may be copied anywhere.

    witnessed/<key id>          newest head that this witness cosigned, a signed note   replaced
    stamps/<size>.checkpoint    a head that was time-stamped, a signed note             for ever
    stamps/<size>.<id>.tsr      an RFC 3161 answer over exactly those bytes             for ever

<key id>: 8 hex digits of the witness's verifier key; <size>: 16 digits; <id>: the first 8 hex
digits of the answer's SHA-256.

Rule: every head in here was signed by the log, so the ledger must still contain it. Losing a
file loses evidence and nothing else; the witness and whoever got a copy have it, too.

    keep(root, note, signature)
    head_for(root, log, index)        # the signed note to prove entry `index` under
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from storage.durable import make_folders, read_bytes, replace, write_new
from storage.errors import Damaged, Missing, StorageError
from storage.note import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Note,
    Signature,
    Verifier,
    open_checkpoint,
    parse_note,
)

WITNESSED, STAMPS = "witnessed", "stamps"
KEPT = re.compile(r"witnessed/[0-9a-f]{8}|stamps/\d{16}\.(checkpoint|[0-9a-f]{8}\.tsr)")
MAX_STAMP_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Kept:
    """One head that somebody else saw: where it lies, what it says, the whole note."""

    where: str
    head: Checkpoint
    note: bytes


def keep(root: Path, note: bytes, signature: Signature) -> None:
    """Remember, durably, that this witness cosigned the head in `note`."""
    bare = parse_note(note)
    cosigned = Note(bare.text, (bare.signatures[0], signature)).render()
    make_folders(root / WITNESSED)
    replace(root / WITNESSED / signature.key_id.hex(), cosigned, 0o644)


def forget(root: Path, witness: Verifier) -> None:
    """Drop what a witness that is asked no more has said last."""
    (root / WITNESSED / witness.key_id.hex()).unlink(missing_ok=True)


def keep_stamp(root: Path, size: int, note: bytes, answer: bytes) -> str:
    """Keep a time stamp with the very bytes it is for; returns where, below `root`."""
    make_folders(root / STAMPS)
    write_new(root / STAMPS / f"{size:016d}.checkpoint", note, 0o444)
    name = f"{size:016d}.{sha256(answer).hexdigest()[:8]}.tsr"
    write_new(root / STAMPS / name, answer, 0o444)
    return f"{STAMPS}/{name}"


def names_kept(root: Path, folders: Sequence[str] = (WITNESSED, STAMPS)) -> list[str]:
    """Every cosigned and stamped head that lies there, below `root`."""
    there = (root / folder for folder in folders if (root / folder).is_dir())
    names = (path.relative_to(root).as_posix() for folder in there for path in folder.iterdir())
    return sorted(n for n in names if KEPT.fullmatch(n) and not n.endswith(".tsr"))


def stamps_of(root: Path, size: int | None = None) -> list[str]:
    """Every time stamp that lies there, below `root`, or those of the head of one size."""
    if not (root / STAMPS).is_dir():
        return []
    names = (f"{STAMPS}/{path.name}" for path in (root / STAMPS).iterdir())
    wanted = f"{STAMPS}/" if size is None else f"{STAMPS}/{size:016d}."
    return sorted(n for n in names if KEPT.fullmatch(n) and n.endswith(".tsr")
                  and n.startswith(wanted))  # fmt: skip


def open_kept(root: Path, where: str, log: Verifier) -> Kept:
    """One of them, signed by the log. Raises Damaged, Missing, DiskFailed."""
    note = read_bytes(root / where, MAX_NOTE_BYTES)
    return Kept(where, open_checkpoint(note, log), note)


def kept_heads(root: Path, log: Verifier, folder: str) -> Iterator[Kept]:
    """Those of one folder that can be read. What cannot is named by a verification, not here."""
    for where in names_kept(root, (folder,)):
        try:
            yield open_kept(root, where, log)
        except StorageError:
            continue


def last_of(root: Path, log: Verifier, witness: Verifier) -> Kept | None:
    """The newest head this witness cosigned, as far as it is known here."""
    try:
        return open_kept(root, f"{WITNESSED}/{witness.key_id.hex()}", log)
    except (Damaged, Missing):
        return None


def gathered(root: Path, log: Verifier, note: bytes) -> bytes:
    """The head in `note` with every cosignature over it that lies here."""
    found = parse_note(note)
    for kept in kept_heads(root, log, WITNESSED):
        other = parse_note(kept.note)
        if other.text == found.text:
            for signature in other.signatures[1:]:
                found = found.with_signature(signature)
    return found.render()


def head_for(root: Path, log: Verifier, index: int, newest: bytes) -> bytes:
    """The note under which entry `index` is best proved: most cosignatures, then the newest."""
    kept = [kept.note for kept in kept_heads(root, log, WITNESSED) if kept.head.size > index]
    bare = [Note(note.text, note.signatures[:1]).render() for note in map(parse_note, kept)]
    whole = [gathered(root, log, note) for note in {*bare, newest}]
    return max(whole, key=lambda raw: _worth(raw, log))


def _worth(raw: bytes, log: Verifier) -> tuple[int, int]:
    return len(parse_note(raw).signatures), open_checkpoint(raw, log).size
