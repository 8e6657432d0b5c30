"""The keys that records are sealed to, and who holds them.

Owns `keys/grades/`. What a key is for is not known here: storage hears key ids.

    keys/grades/jimi/0002/public        recipient of generation 2; for all to read
    keys/grades/jimi/0002/lin.age       its identity, sealed to its counterpart, and that
                                        to the person lin
    keys/grades/gong/0001/@house.age    the same for the house: whoever has the house key holds
                                        it; no person can bear that name

Rules: to hold a key *is* to be able to open one's own file; nothing else grants anything.
The private half touches the disk only sealed to a person, so a generation nobody was
granted is lost when the process ends, and the caller grants it before it seals. What is
opened must fit the public half, or one of the two was swapped. The public half itself is
vouched for by the ledger: callers compare `recipient_digest` with the entry that made it.

The counterpart (`storage.counterparts`) lies outside the archive. With it goes every copy that was
ever made of this folder. A generation made before there were counterparts has none: it is sealed
to people alone until the next one takes its place.

    grade = ring.new_generation("jimi")
    ring.grant(grade, people.person("lin"))
    ring.open_grade("jimi", 1, unlocked).identity
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from storage import durable
from storage.counterparts import Counterparts, Suite, new_identity
from storage.errors import Damaged, Missing, NoCounterpart, NoKey, Unsuitable
from storage.hkdf import hkdf
from storage.names import MAX_GENERATION, checked_generation, checked_key_id, checked_person_name

# A search only asks who holds what; the ciphers are loaded by the methods that use them.
if TYPE_CHECKING:
    from storage.age.recipients import (
        HybridIdentity,
        HybridRecipient,
        Recipient,
        X25519Identity,
        X25519Recipient,
    )
    from storage.people import Person, Unlocked

__all__ = [
    "AT_HOUSE",
    "GradeKey",
    "Holder",
    "KeyRing",
    "Suite",
    "counterpart_name",
    "index_key",
    "recipient_digest",
    "seal_grade",
]

AT_HOUSE = "@house"
MAX_FILE_BYTES = 64 * 1024
_AGE = b"age-encryption.org/v1\n"
_GENERATION = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class GradeKey:
    """One generation of a key, private half included.

    `counterpart` is what it is sealed to besides its holders; None for one that has none.
    """

    key_id: str
    generation: int
    identity: HybridIdentity | X25519Identity = field(repr=False)
    counterpart: HybridIdentity | X25519Identity | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def recipient(self) -> HybridRecipient | X25519Recipient:
        return self.identity.recipient


@dataclass(frozen=True, slots=True)
class Holder:
    """The house as a holder of keys: both what is sealed to, and what opens."""

    identity: HybridIdentity = field(repr=False)
    name: str = AT_HOUSE

    @property
    def recipient(self) -> HybridRecipient:
        return self.identity.recipient


class KeyRing:
    """The folder of record keys; `folder` is `keys/grades` of an archive.

    Without counterparts it only says who holds what.
    """

    def __init__(self, folder: Path, counterparts: Counterparts | None = None) -> None:
        self._folder = folder
        self._beside = counterparts

    @property
    def _counterparts(self) -> Counterparts:
        assert self._beside is not None, "opening, making and destroying keys takes both halves"
        return self._beside

    def new_generation(self, key_id: str, suite: Suite = "hybrid") -> GradeKey:
        """Make the next generation of a key; its public half and its counterpart are durable on
        return.

        From here on `current` answers with it, so grant it first to whoever must open what
        is sealed. Raises Unsuitable, Occupied when another process made the same generation,
        DiskFailed before anything is written where no counterpart can be.
        """
        self._counterparts.check_writable()
        generation = max(self.generations(key_id), default=0) + 1
        # In an old copy of an archive these are the numbers that the archive itself has used.
        while self._counterparts.has(counterpart_name(key_id, generation)):
            generation += 1
        if generation > MAX_GENERATION:
            raise Unsuitable(f"key {key_id} has used up its generations")
        grade = GradeKey(key_id, generation, new_identity(suite))
        folder = self._generation(key_id, generation)
        durable.make_folders(folder)
        # The public half first: what a crash leaves is found by it, and discarded.
        durable.write_new(folder / "public", grade.recipient.text.encode("ascii") + b"\n")
        made = self._counterparts.make(counterpart_name(key_id, generation), suite)
        return replace(grade, counterpart=made)

    def paired(self, grade: GradeKey, suite: Suite = "hybrid") -> GradeKey:
        """A private half that came from elsewhere, with its counterpart, made where there is none.

        Sealed copies that lie here may belong to another, so grant it anew to every holder.
        Raises Damaged, DiskFailed.
        """
        name = counterpart_name(grade.key_id, grade.generation)
        try:
            return replace(grade, counterpart=self._counterparts.open(name))
        except NoCounterpart:
            return replace(grade, counterpart=self._counterparts.make(name, suite))

    def generations(self, key_id: str) -> list[int]:
        """Every generation that has a public half, ascending. Raises Unsuitable."""
        folder = self._folder / checked_key_id(key_id)
        if not folder.is_dir():
            return []
        found = (path.name for path in folder.iterdir() if (path / "public").is_file())
        return sorted(int(name) for name in found if _GENERATION.fullmatch(name))

    def current(self, key_id: str) -> tuple[int, HybridRecipient | X25519Recipient]:
        """The generation to seal to. Raises Unsuitable, Missing, Damaged."""
        generations = self.generations(key_id)
        if not generations:
            raise Missing(f"there is no key {key_id}")
        return generations[-1], self.recipient(key_id, generations[-1])

    def recipient(self, key_id: str, generation: int) -> HybridRecipient | X25519Recipient:
        """The public half of one generation. Raises Unsuitable, Missing, Damaged."""
        from storage.age.recipients import parse_recipient

        path = self._generation(key_id, generation) / "public"
        raw = durable.read_bytes(path, MAX_FILE_BYTES)
        try:
            return parse_recipient(raw.decode("ascii", "replace"))
        except Unsuitable:
            raise Damaged(f"the public half of key {key_id}/{generation} cannot be read") from None

    def public_bytes(self, key_id: str, generation: int) -> bytes:
        """The public half's file as it lies there. Raises Unsuitable, Missing, Damaged."""
        path = self._generation(key_id, generation) / "public"
        return durable.read_bytes(path, MAX_FILE_BYTES)

    def grant(self, grade: GradeKey, person: Person | Holder, sealed: bytes | None = None) -> None:
        """Seal a generation's private half to a person (or the house), who holds it from then on.

        `sealed` is what `sealed_for` made before, so that its digest could be said first.
        Repeating it seals anew. Raises Unsuitable, Missing (no such generation), Damaged.
        """
        if sealed is None:
            sealed = self.sealed_for(grade, person)
        path = self._held(grade.key_id, grade.generation, person.name)
        durable.replace(path, sealed, mode=0o644)

    def sealed_for(self, grade: GradeKey, person: Person | Holder) -> bytes:
        """What `grant` writes; nothing is written. Raises Unsuitable, Missing, Damaged."""
        if self.recipient(grade.key_id, grade.generation) != grade.recipient:
            raise Damaged(f"key {grade.key_id}/{grade.generation} has another public half")
        return seal_grade(grade, person.recipient)

    def digests(self, key_id: str, generation: int) -> list[list[str]]:
        """Every sealed copy of a generation: its name below `keys/`, and its SHA-256."""
        folder = self._generation(key_id, generation)
        return [
            [held_name(key_id, generation, path.stem), durable.digest_of(path).sha256]
            for path in sorted(folder.glob("[!.]*.age"))
        ]

    def holders(self, key_id: str, generation: int) -> list[str]:
        """Everybody who was granted a generation, sorted. Raises Unsuitable."""
        folder = self._generation(key_id, generation)
        return sorted(path.stem for path in folder.glob("[!.]*.age"))

    def holds(self, key_id: str, generation: int, holder: str) -> bool:
        """Whether a person was granted a generation and it was not withdrawn since."""
        return self._held(key_id, generation, holder).is_file()

    def holds_any(self, key_id: str, holder: str) -> bool:
        """Whether a person holds some generation of a key."""
        return any(self.holds(key_id, n, holder) for n in self.generations(key_id))

    def held_by(self, holder: str) -> list[tuple[str, int]]:
        """Every (key id, generation) a person was granted, sorted. Raises Unsuitable."""
        name = f"{_checked_holder(holder)}.age"
        found = (path.parent for path in self._folder.glob(f"*/*/{name}"))
        return sorted(
            (folder.parent.name, int(folder.name))
            for folder in found
            if _GENERATION.fullmatch(folder.name)
        )

    def open_grade(self, key_id: str, generation: int, person: Unlocked | Holder) -> GradeKey:
        """The private half, for somebody who was granted it.

        Raises NoKey when not granted or not this identity's, NoCounterpart when the other half
        was destroyed or is not on this machine, Unsuitable, Missing, and Damaged when what opens
        does not belong to the public half.
        """
        from storage.age.files import decrypt, parse_identity_file

        title = f"key {key_id}/{generation} of {person.name}"
        try:
            sealed = durable.read_bytes(self._held(key_id, generation, person.name), MAX_FILE_BYTES)
        except Missing:
            raise NoKey(f"{person.name} does not hold key {key_id}/{generation}") from None
        counterpart, text = self._without_counterpart(
            key_id, generation, decrypt([person.identity], sealed)
        )
        try:
            (opened,) = parse_identity_file(text.decode("ascii", "replace"))
        except (Unsuitable, ValueError):
            raise Damaged(f"{title} cannot be read") from None
        if self.recipient(key_id, generation) != opened.recipient:
            raise Damaged(f"{title} has another public half")
        return GradeKey(key_id, generation, opened, counterpart)

    def _without_counterpart(
        self, key_id: str, generation: int, inner: bytes
    ) -> tuple[HybridIdentity | X25519Identity | None, bytes]:
        """The counterpart and what it opens; None and the same bytes where there is no such layer.

        Raises NoCounterpart, Damaged.
        """
        from storage.age.files import decrypt

        if not inner.startswith(_AGE):
            return None, inner
        name = counterpart_name(key_id, generation)
        counterpart = self._counterparts.open(name)
        try:
            return counterpart, decrypt([counterpart], inner)
        except NoKey:
            raise NoCounterpart(f"the counterpart {name} is another than it is sealed to") from None

    def withdraw(self, key_id: str, generation: int, holder: str) -> bool:
        """Delete a person's sealed copy; False when there was none.

        What the person has already copied stays open to them: only a new generation shuts
        them out. Raises Unsuitable, DiskFailed.
        """
        return durable.remove(self._held(key_id, generation, holder))

    def destroy_private(self, key_id: str, generation: int) -> list[str]:
        """Delete a generation's counterpart and every sealed copy; returns who held one.

        After this nothing sealed to it alone can be opened, here or from any copy of the folder.
        The public half stays as a record that the generation was there. May be repeated: the
        counterpart goes first, so what is interrupted still shows its holders. Raises Unsuitable,
        DiskFailed.
        """
        self._counterparts.destroy(counterpart_name(key_id, generation))
        holders = self.holders(key_id, generation)
        for holder in holders:
            self.withdraw(key_id, generation, holder)
        return holders

    def discard(self, key_id: str, generation: int) -> None:
        """Remove a generation as if it had never been made, private halves first.

        For one that a crash left before anything said that it is there: what is sealed to it
        is lost. May be repeated. Raises Unsuitable, DiskFailed.
        """
        self.destroy_private(key_id, generation)
        durable.remove(self._generation(key_id, generation) / "public")

    def key_ids(self) -> list[str]:
        """Every key that has a generation, sorted."""
        found = {path.parent.parent.name for path in self._folder.glob("*/*/public")}
        return sorted(found)

    def _generation(self, key_id: str, generation: int) -> Path:
        return self._folder / checked_key_id(key_id) / f"{checked_generation(generation):04d}"

    def _held(self, key_id: str, generation: int, holder: str) -> Path:
        return self._generation(key_id, generation) / f"{_checked_holder(holder)}.age"


def seal_grade(grade: GradeKey, recipient: Recipient) -> bytes:
    """A generation's private half as `grant` writes it: an age file for its counterpart, in one
    for its holder.

    What opens is an identity file: the stock tool takes it with `-i`. Raises Unsuitable.
    """
    from storage.age.files import encrypt

    title = f"# archivist key: {grade.key_id} generation {grade.generation}"
    text = f"{title}\n{grade.identity.secret_text()}\n".encode("ascii")
    if grade.counterpart is not None:
        text = encrypt([grade.counterpart.recipient], text)
    return encrypt([recipient], text)


def _checked_holder(name: str) -> str:
    return name if name == AT_HOUSE else checked_person_name(name)


def counterpart_name(key_id: str, generation: int) -> str:
    """What the counterpart of one generation is called."""
    return f"{checked_key_id(key_id)}-{checked_generation(generation):04d}"


def held_name(key_id: str, generation: int, holder: str) -> str:
    """Where a holder's sealed copy lies below `keys/`."""
    return f"grades/{key_id}/{generation:04d}/{holder}.age"


def index_key(identity: HybridIdentity | X25519Identity) -> bytes:
    """32 bytes that open the full text of the records sealed to this identity."""
    return hkdf(identity.secret, info=b"archivist/key/v1/index")


def recipient_digest(recipient: Recipient) -> str:
    """SHA-256 (hex) of a recipient's text, short enough for a ledger entry."""
    return hashlib.sha256(recipient.text.encode("ascii")).hexdigest()
