"""The manifest of one snapshot: what a backup holds of one moment, signed by the house.

Owns the document `snapshots/<id>.json` of a backup, one line of canonical JSON and a second line
with the house's Ed25519 signature over it:

    archive, vkey       whose it is, and the key that both signatures below lead to
    snapshot, made      its id; when it was begun
    checkpoint          the signed head of the ledger at that moment, size and root in it
    lists               the lists of all files in it: title → SHA-256
    layers              the keys that waiting scans are sealed to, innermost first
    scans               [place, name of the sealed file], one for each scan that waited
    destroyed           names of destroyed records and cards: gone from every snapshot
    lacking             files that were damaged in the archive already, and are not in it
    files, size_bytes   how many, how long

Rule: `opened` returns a manifest whose signatures hold, or raises. What a list names is proved by
the digest of the list; what the ledger names is proved by the ledger once more.

    manifest = Manifest.opened(raw, vkey)
    manifest.head.size
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from archivist.records import canonical
from storage.backups import LISTS, Stored
from storage.errors import Damaged, Unsuitable
from storage.house_key import HouseKey
from storage.note import Checkpoint, Verifier, open_checkpoint

DOMAIN = b"archivist/backup/v1\n"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one snapshot holds; see the module."""

    archive: str
    vkey: str
    snapshot: str
    made: str
    checkpoint: str
    lists: Mapping[str, str]
    layers: tuple[tuple[str, int], ...]
    scans: tuple[tuple[str, str], ...]
    destroyed: tuple[str, ...]
    lacking: tuple[str, ...]
    files: int
    size_bytes: int

    @property
    def head(self) -> Checkpoint:
        """The head of the ledger that it was made under. Raises Damaged."""
        return open_checkpoint(self.checkpoint.encode(), Verifier.parse(self.vkey))

    def is_destroyed(self, path: str) -> bool:
        """Whether a file is one of a destroyed record's, or a card about one."""
        name = path.removeprefix("keys/records/").removeprefix("store/")
        folder, _, last = name.rpartition("/")
        own = last.partition(".")[0]
        gone = self._gone
        return f"{folder}/{own}" in gone or f"{folder}/{own.partition('-')[0]}" in gone

    @property
    def _gone(self) -> frozenset[str]:
        return frozenset(self.destroyed)

    def stored(self, title: str) -> Stored:
        """One of its lists, as a file of the backup."""
        return Stored(f"{LISTS}/{title}", self.lists[title])

    def signed(self, house: HouseKey) -> bytes:
        """The document, signed."""
        fields: dict[str, Any] = {"v": 1, **asdict(self)}
        text = canonical(fields)
        return text + b"\n" + house.signing_key().sign(DOMAIN + text).hex().encode() + b"\n"

    @classmethod
    def opened(cls, raw: bytes, vkey: str) -> "Manifest":
        """The manifest in a document that this key signed. Raises Damaged."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        text, _, signature = raw.removesuffix(b"\n").partition(b"\n")
        try:
            key = Ed25519PublicKey.from_public_bytes(Verifier.parse(vkey).public)
            key.verify(bytes.fromhex(signature.decode("ascii", "replace")), DOMAIN + text)
            manifest = cls._parsed(json.loads(text))
            if manifest.vkey != vkey:
                raise Damaged("the manifest names another archive's key")
            manifest.head  # noqa: B018 - raises where the checkpoint is not by this key
        except (InvalidSignature, ValueError, LookupError, TypeError, Unsuitable):
            raise Damaged("the manifest is not what the archive signed") from None
        return manifest

    @classmethod
    def _parsed(cls, fields: Mapping[str, Any]) -> "Manifest":
        named = {name: fields[name] for name in cls.__dataclass_fields__}
        return cls(**named | {
            "layers": tuple((str(key), int(n)) for key, n in fields["layers"]),
            "scans": tuple((str(place), str(name)) for place, name in fields["scans"]),
            "destroyed": tuple(map(str, fields["destroyed"])),
            "lacking": tuple(map(str, fields["lacking"])),
        })  # fmt: skip
