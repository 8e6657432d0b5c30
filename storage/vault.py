"""Where records lie: one head and its bodies for each, sealed or plain.

Owns the folders `store/` (bodies: the scan, the card) and `keys/records/` (heads) below
the archive's root, and the names in them:

    store/C000001/D000001/R00000001.pdf.age         nonce and sealed chunks; never changes
    store/C000001/D000001/R00000001.card.age
    keys/records/C000001/D000001/R00000001.head     age header; rewritten by a rotation

`cat head body` is an ordinary age file. The bodies of a record share its file key, each
under its own nonce. A record stored plain (no recipient) has no head and no `.age`.

The head carries a stanza `-> archivist/label-v1` with canonical JSON: what the caller
says about the record (its id, key id, generation …), its name, and the nonce of every
body. The MAC covers it, so a record cannot pass for another, nor the card for the scan,
nor an old generation for the current one. What the label cannot tell is who made the
record, since everybody may seal to a public key: that is proved by the digests in the
ledger, which callers give as `sha256`.

Rules: a name is written once. `put_all` makes everything durable or nothing. Nothing is
ever deleted because it is not understood; only `remove` deletes. Secrecy grades are not
known here: a record is sealed to a key.

    receipt = vault.put(Put("C000001/D000001/R00000001", {"key": "jimi", "generation": 1},
                            recipient, {"pdf": path, "card": card}))
    vault.read(receipt.name, "card", [identity], {"generation": 1}, max_bytes=1 << 20)
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage import durable
from storage.age.files import new_file_key, seal_header, unlock
from storage.age.header import Header, Stanza, decode64, encode64
from storage.age.recipients import Identity, Recipient
from storage.age.stream import NONCE_BYTES, decrypt_payload, encrypt_payload, payload_bytes
from storage.errors import Damaged, Missing, Occupied, Unsuitable

LABEL_KIND = "archivist/label-v1"
MAX_HEAD_BYTES = 64 * 1024

_NAME = re.compile(r"[A-Z0-9][A-Z0-9-]{0,63}(?:/[A-Z0-9][A-Z0-9-]{0,63}){0,7}")
_SUFFIX = re.compile(r"(?!age$)[a-z0-9]{1,16}")
_HEAD = ""  # no suffix of a body
_OWN_FIELDS = frozenset({"name", "bodies"})

Label = Mapping[str, str | int]
Body = Path | bytes | Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Put:
    """One record to store; `recipient` None means plain.

    A body is a file, its bytes, or what begins to give its pieces anew each time it is called.
    """

    name: str
    label: Label
    recipient: Recipient | None
    bodies: Mapping[str, Body]


@dataclass(frozen=True, slots=True)
class BodyDigest:
    """A stored body: its path relative to the root, and the digest of what lies there."""

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `put` made durable. Digests are lower-case hex; those of plaintext are secrets."""

    name: str
    head_sha256: str | None
    bodies: Mapping[str, BodyDigest]
    plain_sha256: Mapping[str, str]


class Vault:
    """The records below one root. Holds no lock: one process writes, any number may read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._top = f"{root}/"
        self._known_folders: set[str] = set()

    def put(self, put: Put) -> Receipt:
        """Store one record durably; see `put_all`."""
        return self.put_all([put])[0]

    def put_all(self, puts: Sequence[Put]) -> list[Receipt]:
        """Store records, all durable on return or none there.

        Raises Unsuitable for a name, suffix or label that breaks the rules, Occupied (naming
        the file) before anything is written, DiskFailed, and what reading a body raises.
        """
        places = [self._places(put) for put in puts]
        targets = [target for place in places for target in place.values()]
        if len(set(targets)) < len(targets):
            raise Unsuitable("two records of one batch have the same name")
        for target in targets:
            if os.path.lexists(f"{self._top}{target}"):
                raise Occupied(f"{target} exists already")
        with durable.Batch(self.root, self._known_folders) as batch:
            receipts = [
                self._add(batch, put, place) for put, place in zip(puts, places, strict=True)
            ]
            batch.commit()
        return receipts

    def open(
        self,
        name: str,
        suffix: str,
        identities: Iterable[Identity],
        expect_label: Label | None,
        *,
        sha256: str | None = None,
    ) -> Iterator[bytes]:
        """The plaintext of a body, piece by verified piece.

        `expect_label` None means a plain record: which of the two it is, the caller knows from
        the ledger, and a sealed record cannot be replaced by a plain file. With `sha256` the
        stored bytes are compared as they pass, and the last piece waits for the verdict.

        Head and label are checked before this returns. Raises Missing, NoKey, BadHeader,
        BadMac, Damaged (label or digest), and while iterating BadPayload, Damaged, DiskFailed.
        """
        body = self._body(name, suffix, sealed=expect_label is not None)
        if expect_label is None:
            self._must_exist(body)
            return _plain_pieces(body, sha256)
        return self.open_under(
            self.stored_head(name),
            LABEL_KIND,
            name,
            suffix,
            identities,
            expect_label,
            sha256=sha256,
        )

    def read(
        self,
        name: str,
        suffix: str,
        identities: Iterable[Identity],
        expect_label: Label | None,
        *,
        max_bytes: int,
        sha256: str | None = None,
    ) -> bytes:
        """A small body as a whole. Raises what `open` does, and Damaged beyond `max_bytes`."""
        body = self.body_path(name, suffix, sealed=expect_label is not None)
        if expect_label is None:
            plain = stored = durable.read_bytes(f"{self.root}/{body}", max_bytes)
        else:
            head = self.stored_head(name)
            file_key, nonce = _unlocked(head, LABEL_KIND, name, suffix, identities, expect_label)
            stored = durable.read_bytes(f"{self.root}/{body}", payload_bytes(max_bytes))
            plain = b"".join(decrypt_payload(file_key, io.BytesIO(stored), expect_nonce=nonce))
        if sha256 is not None and hashlib.sha256(stored).hexdigest() != sha256:
            raise Damaged("the stored bytes are not what the ledger names")
        return plain

    def rewrap(
        self,
        name: str,
        identities: Iterable[Identity],
        expect_label: Label,
        recipient: Recipient,
        label: Label,
    ) -> str:
        """Seal a record's head anew, to another key and label; the bodies stay as they are.

        Returns the new head's SHA-256. Raises what `open` does, and Unsuitable.
        """
        stored = self.stored_head(name)
        head = self.resealed(name, stored, identities, expect_label, recipient, label)
        durable.replace(self._head(name), head, mode=0o444)
        return hashlib.sha256(head).hexdigest()

    def resealed(
        self,
        name: str,
        head: bytes,
        identities: Iterable[Identity],
        expect_label: Label,
        recipient: Recipient,
        label: Label,
        kind: str = LABEL_KIND,
    ) -> bytes:
        """What `rewrap` would write for these bytes of a head; nothing is written.

        With another `kind` it is no record's head any more, but what that kind says.

        Raises NoKey, BadHeader, BadMac, Damaged (label), Unsuitable.
        """
        header = Header.parse(head)
        file_key = unlock(header, identities)
        old = _label_of(header)
        _compare_label(name, old, expect_label)
        return seal_header(file_key, [recipient], [_label_stanza(name, label, old.bodies, kind)])

    def open_under(
        self,
        head: bytes,
        kind: str,
        name: str,
        suffix: str,
        identities: Iterable[Identity],
        expect_label: Label,
        *,
        sha256: str | None,
    ) -> Iterator[bytes]:
        """As `open`, with a head that lies elsewhere and whose label is a stanza of this kind."""
        body = self._body(name, suffix, sealed=True)
        file_key, nonce = _unlocked(head, kind, name, suffix, identities, expect_label)
        self._must_exist(body)
        return _opened_pieces(body, file_key, nonce, sha256)

    @staticmethod
    def label_of(head: bytes) -> Mapping[str, object]:
        """What a head says of itself, proved by nothing. Raises BadHeader, Damaged."""
        return _label_of(Header.parse(head)).fields

    def check_head(
        self, name: str, head: bytes, identities: Iterable[Identity], expect_label: Label
    ) -> None:
        """Whether these bytes are a head of this record under this label.

        Raises NoKey, BadHeader, BadMac, Damaged (label).
        """
        header = Header.parse(head)
        unlock(header, identities)
        _compare_label(name, _label_of(header), expect_label)

    def head_beside(self, name: str, head: bytes) -> Path:
        """A head written beside a record's own, until `put_in_place` exchanges them.

        Raises Missing, DiskFailed.
        """
        return durable.set_beside(self._head(name), head)

    def put_in_place(self, heads: Iterable[tuple[str, Path | None]]) -> None:
        """Exchange the heads of many records for those beside, durable together.

        None: the head that lies there is to be durable. After a crash each record has its old
        head or its new one. Raises Missing, DiskFailed.
        """
        durable.put_in_place((self._head(name), beside) for name, beside in heads)

    def stored_head(self, name: str) -> bytes:
        """A head's bytes as they lie there, unverified. Raises Missing, Damaged, DiskFailed."""
        return durable.read_bytes(f"{self.root}/{self.head_path(name)}", MAX_HEAD_BYTES)

    def verify_body(
        self, name: str, suffix: str, sha256: str, *, sealed: bool = True
    ) -> durable.Digest:
        """Compare what lies there with the ledger's digest; needs no key.

        Raises Missing, Damaged, DiskFailed.
        """
        path = self._body(name, suffix, sealed=sealed)
        found = durable.digest_of(path)
        if found.sha256 != sha256:
            raise Damaged(f"{self._relative(path)} is not what the ledger names")
        return found

    def verify_head(self, name: str, label: Label, sha256: str | None) -> None:
        """Compare a head with what the ledger says of it; needs no key.

        Only whoever opens it proves its MAC; but a head of another record, grade or generation
        shows here already. Raises Missing, Damaged, DiskFailed.
        """
        head = self.stored_head(name)
        _compare_label(name, _label_of(Header.parse(head)), label)
        if sha256 is not None and hashlib.sha256(head).hexdigest() != sha256:
            raise Damaged(f"{self._relative(self._head(name))} is not what the ledger names")

    def check_label(self, name: str, head: bytes, label: Label) -> None:
        """Whether these bytes say that they are a head of this record; needs no key.

        Raises BadHeader, Damaged.
        """
        _compare_label(name, _label_of(Header.parse(head)), label)

    def head_path(self, name: str) -> str:
        """Where a head lies, relative to the root. Raises Unsuitable."""
        return f"keys/records/{_checked_name(name)}.head"

    def body_path(self, name: str, suffix: str, *, sealed: bool = True) -> str:
        """Where a body lies, relative to the root. Raises Unsuitable."""
        if not _SUFFIX.fullmatch(suffix):
            raise Unsuitable("a body's suffix is 1-16 lower-case letters and digits, not `age`")
        return f"store/{_checked_name(name)}.{suffix}{'.age' if sealed else ''}"

    def files_of(self, name: str) -> list[str]:
        """Every file that bears this record's name, head first, relative to the root."""
        head, stem = self._head(name), self._stem(name)
        found = [head] if os.path.lexists(head) else []
        if stem.parent.is_dir():
            found += sorted(p for p in stem.parent.iterdir() if p.name.startswith(stem.name + "."))
        return [self._relative(path) for path in found]

    def files_about(
        self, folder: str, names: Collection[str], top: Path | None = None
    ) -> list[str]:
        """Every file in a folder that is named after one of these records, heads first.

        Its own, what it was stored as anew (`NAME-G…`), and cards about it (`NAME-…`). `top` is
        another root in which such files were set aside. Relative to that root.
        """
        top, found = top or self.root, []
        for place in (top / "keys" / "records" / folder, top / "store" / folder):
            if place.is_dir():
                found += sorted(p for p in place.iterdir() if _named_after(p.name) in names)
        return [path.relative_to(top).as_posix() for path in found]

    def all_files(self) -> Iterator[str]:
        """Every file below `store/` and `keys/records/`, relative to the root, unsorted."""
        for top in (self.root / "store", self.root / "keys" / "records"):
            for folder, _, names in os.walk(top):
                for name in names:
                    yield self._relative(Path(folder, name))

    def set_aside(self, name: str, into: Path) -> list[str]:
        """Move an orphan's files to `into`, under their relative paths; nothing is deleted.

        Returns the paths moved. Raises Occupied when `into` holds them already, DiskFailed.
        """
        moved = self.files_of(name)
        for relative in moved:
            target = into / relative
            durable.make_folders(target.parent)
            durable.move(self.root / relative, target)
        return moved

    def remove(self, name: str) -> list[str]:
        """Delete a record's files; may be repeated after a crash. Raises DiskFailed.

        The head goes first: without it the bodies cannot be opened by anybody.
        """
        removed = self.files_of(name)
        for relative in removed:
            durable.remove(self.root / relative)
        return removed

    def _add(self, batch: durable.Batch, put: Put, places: Mapping[str, str]) -> Receipt:
        file_key = new_file_key()
        bodies, plain, nonces = {}, {}, {}
        for suffix, source in put.bodies.items():
            hasher = durable.Hashing()
            chunks: Iterable[bytes | bytearray] = _hashed(_chunks_of(source), hasher)
            if put.recipient is not None:
                nonces[suffix] = os.urandom(NONCE_BYTES)
                chunks = encrypt_payload(file_key, chunks, nonce=nonces[suffix])
            digest = batch.add(f"{self._top}{places[suffix]}", chunks)
            bodies[suffix] = BodyDigest(places[suffix], digest.sha256, digest.size_bytes)
            plain[suffix] = hasher.hexdigest()
        head_sha256 = None
        if put.recipient is not None:
            stanza = _label_stanza(put.name, put.label, nonces)
            head = seal_header(file_key, [put.recipient], [stanza])
            head_sha256 = batch.add(f"{self._top}{places[_HEAD]}", head).sha256
        return Receipt(put.name, head_sha256, bodies, plain)

    def _places(self, put: Put) -> dict[str, str]:
        """Where its head and each of its bodies go, relative to the root."""
        if not put.bodies:
            raise Unsuitable(f"{put.name} has no body")
        if not _OWN_FIELDS.isdisjoint(put.label):
            raise Unsuitable("a label cannot set the vault's own fields")
        sealed = put.recipient is not None
        places = {_HEAD: self.head_path(put.name)} if sealed else {}
        for suffix in put.bodies:
            places[suffix] = self.body_path(put.name, suffix, sealed=sealed)
        return places

    def _stem(self, name: str) -> Path:
        return self.root / "store" / _checked_name(name)

    def _head(self, name: str) -> Path:
        return self.root / self.head_path(name)

    def _body(self, name: str, suffix: str, *, sealed: bool) -> Path:
        return self.root / self.body_path(name, suffix, sealed=sealed)

    def _must_exist(self, path: Path) -> None:
        if not path.exists():
            raise Missing(f"{self._relative(path)} is not there")

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _named_after(file: str) -> str:
    """`R00000001` of `R00000001.pdf.age`, `R00000001-G00000012.head` and `R00000001-00000040.…`."""
    return file.partition(".")[0].partition("-")[0]


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Unsuitable("a record's name is segments of A-Z, 0-9 and - joined by /")
    return name


@dataclass(frozen=True, slots=True)
class _StoredLabel:
    """The label as the head carries it: all its fields, and the nonce of each body."""

    fields: Mapping[str, object]
    bodies: Mapping[str, bytes]


def _unlocked(
    head: bytes,
    kind: str,
    name: str,
    suffix: str,
    identities: Iterable[Identity],
    expect_label: Label,
) -> tuple[bytes, bytes]:
    """The key and the nonce of a body, from a head that says what is expected."""
    header = Header.parse(head)
    file_key = unlock(header, identities)
    label = _label_of(header, kind)
    _compare_label(name, label, expect_label)
    if suffix not in label.bodies:
        raise Missing(f"{name} has no body {suffix}")
    return file_key, label.bodies[suffix]


def _label_stanza(
    name: str, label: Label, nonces: Mapping[str, bytes], kind: str = LABEL_KIND
) -> Stanza:
    bodies = {suffix: encode64(nonce) for suffix, nonce in nonces.items()}
    fields = {**label, "name": name, "bodies": bodies}
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Stanza((kind,), text.encode("utf-8"))


def _label_of(header: Header, kind: str = LABEL_KIND) -> _StoredLabel:
    """The label of a header; proved only once its MAC has been checked. Raises Damaged."""
    stanzas = header.of_kind(kind)
    if len(stanzas) != 1:
        raise Damaged("a head carries exactly one label")
    try:
        fields = json.loads(stanzas[0].body)
        bodies = {suffix: decode64(nonce) for suffix, nonce in fields["bodies"].items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Damaged("a head's label lacks its fields") from None
    return _StoredLabel(fields, bodies)


def _compare_label(name: str, label: _StoredLabel, expect: Label) -> None:
    for field, value in {**expect, "name": name}.items():
        # With its type: Python takes 1, 1.0 and True for the same.
        found = label.fields.get(field)
        if type(found) is not type(value) or found != value:
            raise Damaged(f"the head of {name} says otherwise about its {field}")


def _plain_pieces(body: Path, sha256: str | None) -> Iterator[bytes]:
    hasher = durable.Hashing()
    yield from _last_on_approval(_hashed(durable.read_chunks(body), hasher), hasher, sha256)


def _opened_pieces(
    body: Path, file_key: bytes, nonce: bytes, sha256: str | None
) -> Iterator[bytes]:
    with durable.Source(body) as source:
        pieces = decrypt_payload(file_key, source, expect_nonce=nonce)
        yield from _last_on_approval(pieces, source.hashing, sha256)


def _last_on_approval(
    pieces: Iterator[bytes], stored: durable.Hashing, sha256: str | None
) -> Iterator[bytes]:
    """Pass pieces on, but the last one only when the stored bytes have the digest expected."""
    last = None
    for piece in pieces:
        if last is not None:
            yield last
        last = piece
    if sha256 is not None and stored.hexdigest() != sha256:
        raise Damaged("the stored bytes are not what the ledger names")
    if last is not None:
        yield last


def _hashed(chunks: Iterable[bytes], hasher: durable.Hashing) -> Iterator[bytes]:
    for chunk in chunks:
        hasher.update(chunk)
        yield chunk


def _chunks_of(source: Body) -> Iterable[bytes]:
    if isinstance(source, bytes):
        return [source]
    return durable.read_chunks(source) if isinstance(source, Path) else source()
