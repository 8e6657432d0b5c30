"""Scans that no entry has settled, as a backup keeps them: sealed, with their way back.

Owns what lies in clear below `drop/`, `work/` and `trays/`, and how one of these files is sealed
for a backup and opened again. A tray holds what exists nowhere else once the paper is shredded, so
it belongs in every backup; it may be anybody's papers, so it is in none of them in clear.

A scan becomes a record, and a record is destroyed one day by destroying the key it is sealed to.
What was sealed before, while it waited, must not outlive that. So it is sealed in layers, to the
newest generation of every grade's key, one around the other, and to the house around all of them:
when any of these keys is destroyed, this copy is shut, too. The next backup makes another.

Rules it keeps:
- A file is named after a fingerprint that only the house can make, of content, place and layers:
  the same scan is sealed once, and nobody else learns which scan it is.
- Names of files are sealed with them; outside stands only the tray and the id of the claim.
- What is no plain file, or changes while it is read, is left out, and counted.

    for scan in look(archive): …                # Scan("trays/unsorted/01J…", b"drop/a.pdf", path)
"""

import base64
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from archivist.archive import Archive
from archivist.claims import DEATHS, TRAYS, is_claim
from archivist.records import target_of
from archivist.watch import is_temporary
from storage import durable
from storage.age.files import decrypt_stream, encrypt_stream
from storage.age.recipients import Identity, Recipient
from storage.errors import Damaged, Missing

FOLDER = "scans"
DROP = "drop"
MAX_HEADER_BYTES = 65_536
Layers = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Scan:
    """One file that waits: its place in the archive, its path below that, and where it lies."""

    place: str
    inner: bytes
    path: Path


def look(archive: Archive) -> list[Scan]:
    """Everything that waits, in the order in which a scan moves.

    Looked at until two looks agree: a file that is renamed from one place to the next between
    two listings would be in neither.
    """
    seen = list(_look(archive))
    for _ in range(9):
        again = list(_look(archive))
        if again == seen:
            break
        seen = again
    return seen


def layers_of(archive: Archive) -> list[tuple[str, int]]:
    """The keys that a scan is sealed to, innermost first: every grade's newest generation."""
    grades = sorted(key for key in archive.catalogue.key_ids() if target_of(key) is None)
    return [(key, archive.sealing_key(key)[0]) for key in grades]


def mark_of(archive: Archive, scan: Scan, layers: Layers) -> str:
    """The name under which a scan is sealed. Raises Missing, Damaged when it changes meanwhile."""
    hasher = hashlib.sha256(_header(scan) + json.dumps(list(layers)).encode())
    for piece in _steady(scan.path):
        hasher.update(piece)
    return archive.house.fingerprint(hasher.hexdigest())[:32]


def sealed(archive: Archive, scan: Scan, layers: Layers) -> Iterator[bytes]:
    """The bytes of a sealed scan. Raises Missing, Damaged when it changes while it is read."""
    recipients: list[Recipient] = [archive.sealing_key(key)[1] for key, _ in layers]
    pieces: Iterable[bytes | bytearray] = chain([_header(scan)], _steady(scan.path))
    for recipient in (*recipients, archive.house_recipient):
        pieces = encrypt_stream([recipient], pieces)
    for piece in pieces:
        yield bytes(piece)


def opened(
    pieces: Iterator[bytes], house: Identity, keys: Mapping[tuple[str, int], Identity],
    layers: Layers,
) -> tuple[bytes, Iterator[bytes]]:  # fmt: skip
    """The path of a sealed scan below its place, and its bytes.

    Raises Missing when one of the keys is no more, NoKey, Damaged.
    """
    lacking = [f"{key}/{generation}" for key, generation in layers
               if (key, generation) not in keys]  # fmt: skip
    if lacking:
        raise Missing(f"sealed to {', '.join(lacking)}, which is no more")
    for identity in (house, *(keys[key, generation] for key, generation in reversed(layers))):
        pieces = decrypt_stream([identity], _Reader(pieces))
    reader = _Reader(pieces)
    return _parsed(reader.readline(MAX_HEADER_BYTES)), reader.rest()


def _look(archive: Archive) -> Iterator[Scan]:
    drop = archive.settings.drop
    for path in _files(drop):
        if not any(is_temporary(part) for part in path.relative_to(drop).parts):
            yield Scan(DROP, os.fsencode(path.relative_to(drop)), path)
    yield from _claims(archive.root / "work", "work")
    for tray in TRAYS:
        yield from _claims(archive.root / "trays" / tray, f"trays/{tray}")


def _claims(folder: Path, place: str) -> Iterator[Scan]:
    names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    for name in filter(is_claim, names):
        for path in _files(folder / name):
            if path == folder / name / DEATHS:
                continue
            yield Scan(f"{place}/{name}", os.fsencode(path.relative_to(folder / name)), path)


def _files(folder: Path) -> list[Path]:
    found = []
    for top, _, names in os.walk(folder):
        found += [Path(top, name) for name in names]
    return sorted(found)


def _steady(path: Path) -> Iterator[bytes]:
    """The bytes of a plain file that stands still while it is read."""
    before = _state(path)
    yield from durable.read_chunks(path)
    if _state(path) != before:
        raise Damaged(f"{path.name} is being written to")


def _state(path: Path) -> tuple[int, int, int]:
    try:
        found = path.lstat()
    except FileNotFoundError:
        raise Missing(f"{path.name} is not there any more") from None
    if not stat.S_ISREG(found.st_mode):
        raise Damaged(f"{path.name} is no plain file")
    return found.st_ino, found.st_size, found.st_mtime_ns


def _header(scan: Scan) -> bytes:
    return json.dumps({"v": 1, "path": base64.b64encode(scan.inner).decode()}).encode() + b"\n"


def _parsed(header: bytes) -> bytes:
    try:
        inner = base64.b64decode(json.loads(header)["path"], validate=True)
    except (ValueError, LookupError, TypeError):
        raise Damaged("a sealed scan does not say where it lay") from None
    parts = inner.split(b"/")
    if not inner or b"\0" in inner or any(part in (b"", b".", b"..") for part in parts):
        raise Damaged("a sealed scan names a place outside of its own")
    return inner


class _Reader:
    """Pieces as `decrypt_stream` reads them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def read(self, size: int, /) -> bytes:
        while len(self._held) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._held += piece
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def readline(self, size: int, /) -> bytes:
        while b"\n" not in self._held and len(self._held) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._held += piece
        end = self._held.find(b"\n") + 1 or len(self._held)
        return self.read(min(end, size))

    def rest(self) -> Iterator[bytes]:
        yield self._held
        yield from self._pieces
