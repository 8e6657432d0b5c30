#!/usr/bin/env python3
"""Verify a ledger without the archive: a copied folder, or one printed proof.

    verify_ledger.py LEDGER --vkey KEY [--witness KEY]... [--against CHECKPOINT]...
    verify_ledger.py --proof FILE... [--entry FILE] --vkey KEY [--witness KEY]...

Needs Python 3.11 and the package `cryptography`, and not one line of the program it checks.
LEDGER is the folder `ledger/` or a copy of it; KEY is the log's verifier key as it was handed out
when the archive was founded; CHECKPOINT is a head that a witness kept, which the ledger
must still contain. Every entry is hashed, every tile, journal record and signature derived
again and compared. Cosigned and time-stamped heads in the folder count among those that the
ledger must contain; the cosignatures of each --witness KEY are checked, and that it saw one.
Nothing is written.

A --proof is a `.tlog-proof` file, or what a reader found in the QR codes of a printed page: one
text or several, in any order. The entry comes from the proof itself or from --entry; either way
it counts only because its hash leads to the signed head. It is printed as JSON text. With
--witness KEY the head must be cosigned by that witness.

Prints one line per finding and a last line with size and root. Exit codes: 0 all is well,
2 wrong usage, 13 damage found. The formats: docs/formats.md.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import hashlib
import re
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256
OK, USAGE, DAMAGE = 0, 2, 13
MAX_PROOF = 200_000
LOCK_SECONDS = 30.0  # as long as writers wait for one another
PART = re.compile(r"ARCHIVIST-PROOF:([1-9]\d{0,2})/([1-9]\d{0,2}):([0-9A-F]{8}):([A-Z2-7]+)\.")
Head = tuple[int, bytes]
Say = Callable[[str, str, str], None]


class Wrong(Exception):
    """Something is not what it must be; the text says what."""


# --- RFC 6962 -------------------------------------------------------------------------


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree: the complete subtrees as (height, hash), and what it must once be."""

    def __init__(self, expected: list[tuple[str, Head]], say: Say) -> None:
        self.size = 0
        self.peaks: list[tuple[int, bytes]] = []
        self.expected = expected
        self.say = say
        self._compare()

    def push(self, digest: bytes) -> None:
        height = 0
        while self.peaks and self.peaks[-1][0] == height:
            digest = node(self.peaks.pop()[1], digest)
            height += 1
        self.peaks.append((height, digest))
        self.size += 1
        self._compare()

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1][1]
        for _, peak in reversed(self.peaks[:-1]):
            root = node(peak, root)
        return root

    def expect(self, name: str, head: Head) -> None:
        """Another head, of what is there by now or later."""
        if head[0] < self.size:
            self.say("L-CHECKPOINT", name, "is older than it was a moment ago")
        elif head == (self.size, self.root()) or head[0] > self.size:
            self.expected.append((name, head))
        else:
            self.say("L-ROLLBACK", name, f"saw another history of {head[0]} entries")

    def _compare(self) -> None:
        for name, (size, root) in self.expected:
            if size == self.size and root != self.root():
                self.say("L-ROLLBACK", name, f"saw another history of {size} entries")


def included(digest: bytes, index: int, head: Head, proof: list[bytes]) -> bool:
    """RFC 9162, 2.1.3.2."""
    if index >= head[0]:
        return False
    last = head[0] - 1
    for sibling in proof:
        if not last:
            return False
        if index & 1 or index == last:
            digest = node(sibling, digest)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            digest = node(digest, sibling)
        index, last = index >> 1, last >> 1
    return not last and digest == head[1]


# --- C2SP signed-note, tlog-checkpoint ------------------------------------------------


class Witness:
    """A witness's name and public key, from its verifier key text (type 0x04)."""

    def __init__(self, vkey: str) -> None:
        self.name, _, rest = vkey.partition("+")
        key_id, _, key = rest.partition("+")
        raw = base64.b64decode(key, validate=True)
        self.key_id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if len(raw) != 33 or raw[0] != 4 or self.key_id.hex() != key_id:
            raise ValueError("not the verifier key of a witness")
        self.key = Ed25519PublicKey.from_public_bytes(raw[1:])

    def time(self, raw: bytes) -> int | None:
        """When it cosigned a note, as POSIX seconds; None when it did not, or Wrong."""
        text, _, lines = raw.decode().rpartition("\n\n")
        found = None
        for line in lines.splitlines():
            _, name, encoded = line.split(" ")
            blob = base64.b64decode(encoded, validate=True)
            if name != self.name or blob[:4] != self.key_id:
                continue
            found = int.from_bytes(blob[4:12], "big")
            try:
                message = f"cosignature/v1\ntime {found}\n{text}\n"
                self.key.verify(blob[12:], message.encode())
            except InvalidSignature:
                raise Wrong(f"has a cosignature of {self.name} that does not hold") from None
        return found


class Log:
    """The log's name and public key, from its verifier key text."""

    def __init__(self, vkey: str) -> None:
        self.name, _, rest = vkey.partition("+")
        key_id, _, key = rest.partition("+")
        raw = base64.b64decode(key, validate=True)
        self.key_id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if len(raw) != 33 or raw[0] != 1 or self.key_id.hex() != key_id:
            raise ValueError("not the verifier key of a log")
        self.key = Ed25519PublicKey.from_public_bytes(raw[1:])

    def head(self, raw: bytes) -> Head:
        """Size and root that the log signed, or Wrong."""
        try:
            text, _, lines = raw.decode().rpartition("\n\n")
            origin, size, root = text.split("\n")
            head = int(size), base64.b64decode(root, validate=True)
            signatures = [line.split(" ") for line in lines.splitlines()]
            mine = [
                base64.b64decode(blob, validate=True)
                for dash, name, blob in signatures
                if dash == "—" and name == self.name
            ]
        except ValueError:
            raise Wrong("is not a checkpoint") from None
        if origin != self.name or str(head[0]) != size or len(head[1]) != 32:
            raise Wrong("is not a checkpoint of this log")
        good = [blob for blob in mine if blob[:4] == self.key_id]
        if not good:
            raise Wrong("is not signed by this log")
        try:
            for blob in good:
                self.key.verify(blob[4:], f"{text}\n".encode())
        except InvalidSignature:
            raise Wrong("has a signature that does not hold") from None
        return head


# --- C2SP tlog-tiles ------------------------------------------------------------------


def number(index: int) -> str:
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03d}")
    return "/".join(parts)


def bundle(raw: bytes) -> list[bytes]:
    entries, at = [], 0
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 2], "big")
        entries.append(raw[at + 2 : at + 2 + size])
        at += 2 + size
    if at != len(raw):
        raise Wrong("is cut off within an entry")
    return entries


def hashes(raw: bytes) -> list[bytes]:
    return [raw[at : at + 32] for at in range(0, len(raw), 32)]


class Tiles:
    """Compares the stored tiles with what the entries make of them, level by level."""

    def __init__(self, root: Path, say: Say) -> None:
        self.root = root
        self.say = say
        self.rows: list[list[bytes]] = [[]]
        self.counts = [0]
        self.next = 0  # full tile of entries

    def read(self, where: str) -> bytes | None:
        try:
            return (self.root / where).read_bytes()
        except OSError:
            self.say("L-TILE", where, "is missing or cannot be read")
            return None

    def check_entries(self, index: int, width: int, entries: list[bytes] | None) -> list[bytes]:
        """The stored entries of a bundle, which must be `entries` where these are known."""
        suffix = "" if width == WIDTH else f".p/{width}"
        where = f"tile/entries/{number(index)}{suffix}"
        raw = self.read(where)
        try:
            stored = bundle(raw) if raw is not None else []
        except Wrong as error:
            self.say("L-TILE", where, str(error))
            return entries or []
        if raw is not None and len(stored) != width:
            self.say("L-TILE", where, f"does not hold {width} entries")
        if entries is not None and raw is not None and stored != entries:
            self.say("L-TILE", where, "does not hold the entries of the journal")
        return stored

    def push(self, level: int, digest: bytes) -> None:
        if level == len(self.rows):
            self.rows.append([])
            self.counts.append(0)
        row = self.rows[level]
        row.append(digest)
        self.counts[level] += 1
        if len(row) == WIDTH:
            self.compare(level, self.counts[level] // WIDTH - 1)
            while len(row) > 1:
                row = [node(row[at], row[at + 1]) for at in range(0, len(row), 2)]
            self.rows[level] = []
            self.push(level + 1, row[0])

    def compare(self, level: int, index: int) -> None:
        row = self.rows[level]
        where = f"tile/{level}/{number(index)}" + ("" if len(row) == WIDTH else f".p/{len(row)}")
        raw = self.read(where)
        if raw is None or raw == b"".join(row):
            return
        stored = hashes(raw)
        if level or len(stored) != len(row):
            self.say("L-TILE", where, "does not hold the hashes below it")
            return
        for at, (mine, theirs) in enumerate(zip(row, stored, strict=True)):
            if mine != theirs:
                entry = f"tile/entries/{number(index)} entry {index * WIDTH + at}"
                self.say("L-ENTRY", entry, f"does not have the hash in {where}")

    def compare_partial(self) -> None:
        for level, row in enumerate(self.rows):
            if row:
                self.compare(level, self.counts[level] // WIDTH)


# --- the journal ----------------------------------------------------------------------


def record(raw: bytes, at: int) -> tuple[int, list[bytes], bytes, int] | None:
    """First index, entries, checkpoint and end of the record at an offset."""
    if len(raw) < at + 22 or raw[at : at + 4] != b"TLJ1":
        return None
    size, crc = struct.unpack_from(">II", raw, at + 4)
    body = raw[at + 12 : at + 12 + size]
    if len(body) != size or zlib.crc32(body) != crc:
        return None
    index, count = struct.unpack_from(">QH", body)
    try:
        pieces = bundle(body[10:])
    except Wrong:
        return None
    if len(pieces) != count + 1:
        return None
    return index, pieces[:-1], pieces[-1], at + 12 + size


def records(folder: Path, base: int, say: Say) -> Iterator[tuple[str, int, list[bytes], bytes]]:
    """Every record from `base` on, in order; says what is between or behind them."""
    position: int | None = None
    paths = sorted(folder.glob("*.tlj"))
    for path in paths:
        where = f"journal/{path.name}"
        if int(path.stem) != position and (position is not None or int(path.stem) > base):
            say("L-JOURNAL", where, "does not begin where the entries before it end")
            return
        position, raw, at = int(path.stem), path.read_bytes(), 0
        while at < len(raw):
            found = record(raw, at)
            if found is None or found[0] != position:
                later = any(record(raw, n) for n in range(at, len(raw)) if raw[n] == ord("T"))
                torn = path == paths[-1] and not later
                say("L-TORN" if torn else "L-JOURNAL", where, f"no entry {position} at byte {at}")
                return
            position, at = position + len(found[1]), found[3]
            yield where, found[0], found[1], found[2]
    if position is None or position < base:
        say("L-JOURNAL", "journal", f"ends before entry {base}")


# --- putting it together --------------------------------------------------------------


def signed(log: Log, path: Path, where: str, say: Say) -> Head | None:
    try:
        return log.head(path.read_bytes())
    except OSError:
        say("L-CHECKPOINT", where, "is missing or cannot be read")
    except Wrong as error:
        say("L-CHECKPOINT", where, str(error))
    return None


def kept(root: Path, log: Log, witnesses: list[Witness], say: Say) -> list[tuple[str, Head]]:
    """Heads beside the ledger that others saw; says whose cosignature is wrong or lacking."""
    found = []
    for path in sorted([*root.glob("witnessed/*"), *root.glob("stamps/*.checkpoint")]):
        where = path.relative_to(root).as_posix()
        head = signed(log, path, where, say)
        if head is None:
            continue
        found.append((where, head))
        for witness in witnesses:
            try:
                if witness.time(path.read_bytes()) is None and path.name == witness.key_id.hex():
                    raise Wrong(f"is not cosigned by {witness.name}")
            except Wrong as error:
                say("L-WITNESS", where, str(error))
    for witness in witnesses:
        if not (root / "witnessed" / witness.key_id.hex()).exists():
            say("L-WITNESS", witness.name, "has cosigned no head that lies here")
    return found


def verify(
    root: Path, log: Log, against: list[Path], witnesses: list[Witness], say: Say
) -> tuple[int, bytes]:
    """Derive everything again; findings go to `say`. Returns size and root."""
    seen = [(str(path), head) for path in against if (head := signed(log, path, str(path), say))]
    # Before the rest: what is cosigned meanwhile may be newer than what is read here.
    seen += kept(root, log, witnesses, say)
    tree = Tree(seen, say)
    tiles = Tiles(root, say)
    # Nearly all of a large ledger, read while others write: full tiles below the base stay.
    _full_tiles(root, signed(log, root / "journal/base", "", lambda *_: None), tree, tiles)
    with shared_lock(root / "lock"):
        base = signed(log, root / "journal/base", "journal/base", say)
        published = signed(log, root / "checkpoint", "checkpoint", say)
        if base and published and published[0] < base[0]:
            say("L-CHECKPOINT", "checkpoint", "is older than journal/base")
            published = None
        for name, head in (("journal/base", base), ("checkpoint", published)):
            if head:
                tree.expect(name, head)
        start = _full_tiles(root, base, tree, tiles)
        if tree.size == start:
            _replay(root, log, tree, tiles, published[0] if published else start, say)
        elif base:
            say("L-TILE", "tile", f"holds {tree.size} entries where {start} are promised")
    for name, (size, _) in tree.expected:
        if size > tree.size:
            say("L-ROLLBACK", name, f"saw {size} entries, {tree.size} are there")
    return tree.size, tree.root()


def _full_tiles(root: Path, base: Head | None, tree: Tree, tiles: Tiles) -> int:
    """Go on to the last full tile below `base`; returns at how many entries it ends."""
    start = base[0] - base[0] % WIDTH if base else 0
    for index in range(tiles.next, start // WIDTH):
        for entry in tiles.check_entries(index, WIDTH, None):
            tree.push(leaf(entry))
            tiles.push(0, leaf(entry))
        tiles.next = index + 1
    return start


@contextmanager
def shared_lock(path: Path) -> Iterator[None]:
    """Keep writers out where there is a lock file; a copied folder needs none."""
    try:
        file = path.open("rb")
    except OSError:
        yield
        return
    with file:
        give_up = time.monotonic() + LOCK_SECONDS
        while time.monotonic() < give_up:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(0.01)  # held by a long batch: at worst a torn tail is reported
        yield


def _replay(root: Path, log: Log, tree: Tree, tiles: Tiles, published: int, say: Say) -> None:
    open_bundle: list[bytes] = []
    if published == tree.size:
        tiles.compare_partial()
    for where, index, entries, note in records(root / "journal", tree.size, say):
        for entry in entries[max(0, tree.size - index) :]:
            tree.push(leaf(entry))
            if tree.size > published:
                continue  # acknowledged, not published yet: in no tile
            tiles.push(0, leaf(entry))
            open_bundle.append(entry)
            width = len(open_bundle)
            if width == WIDTH or tree.size == published:
                tiles.check_entries((tree.size - 1) // WIDTH, width, open_bundle)
                open_bundle = [] if width == WIDTH else open_bundle
            if tree.size == published:
                tiles.compare_partial()
        head = (index + len(entries), tree.root())
        try:
            # Records kept from below the base are older than the tree is by now.
            if log.head(note) != head and head[0] == tree.size:
                raise Wrong("acknowledges another tree")
        except Wrong as error:
            say("L-JOURNAL", f"{where} entry {index}", f"its checkpoint {error}")


def scanned(texts: list[str]) -> str:
    """The proof in what was read from QR codes, or the one text as it is, or Wrong."""
    found = [part for text in texts for part in PART.findall("".join(text.split()))]
    if not found:
        if len(texts) != 1:
            raise Wrong("is neither one proof nor what stands in its codes")
        return texts[0]
    parts = {int(number): data for number, _, _, data in found}
    if len({(total, tag) for _, total, tag, _ in found}) != 1 or any(
        parts[int(number)] != data for number, _, _, data in found
    ):
        raise Wrong("is mixed with another one")
    total, tag = int(found[0][1]), found[0][2]
    lacking = [str(number) for number in range(1, total + 1) if number not in parts]
    if lacking or len(parts) != total:
        raise Wrong(f"lacks of {total} codes: {', '.join(lacking)}")
    data = "".join(parts[number] for number in range(1, total + 1))
    packed = base64.b32decode(data + "=" * (-len(data) % 8))
    if hashlib.sha256(packed).hexdigest()[:8].upper() != tag:
        raise Wrong("was not read as it was printed")
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(packed, MAX_PROOF)
    except zlib.error:
        raise Wrong("cannot be unpacked") from None
    if not inflater.eof:
        raise Wrong("cannot be unpacked")
    return raw.decode()


def verify_proof(
    text: str, entry: bytes | None, log: Log, witnesses: list[Witness]
) -> tuple[int, int, bytes, list[tuple[str, int]]]:
    """Index, tree size, entry and cosignatures that the proof shows, or Wrong."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1":
        raise Wrong("is not a transparency log proof")
    if lines[1].startswith("extra "):
        extra = base64.b64decode(lines.pop(1).removeprefix("extra "), validate=True)
        entry = extra if entry is None else entry
    if entry is None:
        raise Wrong("does not hold the entry: give --entry")
    if not lines[1].startswith("index "):
        raise Wrong("is not a transparency log proof")
    index = int(lines[1].removeprefix("index "))
    path = [base64.b64decode(line, validate=True) for line in lines[2:]]
    signed_head = log.head(note.encode())
    if not included(leaf(entry), index, signed_head, path):
        raise Wrong("does not show that this entry is in the log")
    times = []
    for witness in witnesses:
        moment = witness.time(note.encode())
        if moment is None:
            raise Wrong(f"is not cosigned by {witness.name}")
        times.append((witness.name, moment))
    return index, signed_head[0], entry, times


def shown_time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def tell_proof(options: argparse.Namespace, log: Log, witnesses: list[Witness]) -> int:
    try:
        texts = [path.read_bytes()[:MAX_PROOF].decode("utf-8-sig") for path in options.proof]
        entry = options.entry.read_bytes() if options.entry else None
    except (OSError, UnicodeDecodeError) as error:
        print(f"the proof cannot be read: {error}")
        return DAMAGE if isinstance(error, UnicodeDecodeError) else USAGE
    try:
        index, size, proved, times = verify_proof(scanned(texts), entry, log, witnesses)
    except (Wrong, ValueError, IndexError) as error:
        print(f"the proof {error}" if isinstance(error, Wrong) else "the proof is malformed")
        return DAMAGE
    if not options.entry:
        # Control characters in an entry must not move the cursor of whoever checks it.
        text = proved.decode("utf-8", "replace")
        print("".join(char if char.isprintable() else "\ufffd" for char in text))
    for name, moment in times:
        print(f"seen by {name} at {shown_time(moment)}")
    print(f"ok: entry {index} of {size}")
    return OK


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("ledger", type=Path, nargs="?")
    parser.add_argument("--vkey", required=True)
    parser.add_argument("--against", type=Path, action="append", default=[])
    parser.add_argument("--witness", action="append", default=[])
    parser.add_argument("--proof", type=Path, action="extend", nargs="+", default=[])
    parser.add_argument("--entry", type=Path)
    options = parser.parse_args()
    try:
        log = Log(options.vkey)
        witnesses = [Witness(vkey) for vkey in options.witness]
    except ValueError as error:
        parser.error(str(error))
    if options.proof and not options.ledger:
        return tell_proof(options, log, witnesses)
    if not options.ledger or options.proof or options.entry:
        parser.error("give a ledger's folder, or --proof")
    findings: list[str] = []
    size, root = verify(
        options.ledger, log, options.against, witnesses,
        lambda *parts: findings.append(": ".join(parts)),
    )  # fmt: skip
    print("".join(f"{finding}\n" for finding in findings), end="")
    print(f"{'DAMAGED' if findings else 'ok'}: {size} entries, root {root.hex()}")
    return DAMAGE if findings else OK


if __name__ == "__main__":
    sys.exit(main())
