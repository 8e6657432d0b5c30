"""One open archive: vault, ledger and catalogue joined, and the order they keep.

It owns the promise of design section 2: what the ledger says is durable already, what
the catalogue shows the ledger has said. Every change goes

    with archive.writing(now, who) as desk:   the single writer's lock; catalogue caught up
        desk.seal(…), desk.make_durable()     what must be durable first
        desk.say(act, subject, …)
        desk.append()                         the commit point
    archive.follow()                          shadows catch up; failing is never fatal

and readers call `follow` first. A card (the names and free words that must never
stand in the ledger) is sealed for the house key beside its subject, named after the
ledger index of its entry, so that the number of a card is never used twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from archivist import records
from archivist.config import Settings, check_in_place
from archivist.errors import KeyNeeded, NotAllowed, NotKnown
from archivist.remarks import remark
from index.catalogue import Catalogue, Change, Row
from index.errors import IndexOutdated, ShadowError
from storage.counterparts import Counterparts
from storage.errors import Busy, Damaged, Missing, NoKey, Occupied
from storage.house_key import HouseKey
from storage.keys import AT_HOUSE, GradeKey, Holder, KeyRing, Suite, recipient_digest
from storage.ledger import Ledger
from storage.note import Checkpoint, Verifier, open_checkpoint

if TYPE_CHECKING:
    from archivist.claims import Claims
    from index.replay import Replay
    from storage.age.recipients import HybridIdentity, Identity, Recipient
    from storage.grants import Grants
    from storage.people import People, Person, Unlocked
    from storage.vault import Put, Receipt, Vault

KINDS = {"customer": "客户", "dossier": "客户档案", "record": "档案"}
LOCK_SECONDS = 30.0
HOUSE = "house"  # key id of cards: opened by the house key, not by a grade's
CARD_BYTES = 64_000_000  # a card larger than this is not ours
STATION = platform.node() or "station"


class Desk:
    """The writer's view while it holds the lock: numbers to give and entries to append."""

    def __init__(self, archive: Archive, at: datetime, who: str) -> None:
        self._archive = archive
        self._at = at
        self._who = who
        self._given: dict[str, int] = {}
        self._entries: list[bytes] = []
        self._puts: list[Put] = []
        self._sealing: dict[str, tuple[int, Recipient]] = {}

    def sealing_key(self, key: str) -> tuple[int, Recipient]:
        """The generation and public half of a key, read once while the lock is held."""
        if key not in self._sealing:
            self._sealing[key] = self._archive.sealing_key(key)
        return self._sealing[key]

    def number(self, kind: str) -> str:
        """The next unused id of a kind; given to nobody else while the lock is held."""
        nth = self._given.get(kind, 0)
        self._given[kind] = nth + 1
        return records.numbered(kind, self._archive.catalogue.next_number(kind) + nth)

    def _card(self, folder: str, subject: str, content: Mapping[str, Any]) -> str:
        """Plan a sealed card beside its subject; returns its name for the entry that follows."""
        index = self._archive.ledger.size + len(self._entries)
        name = f"{folder}/{subject}-{index:08}"
        from storage.vault import Put

        self._puts.append(
            Put(name, {"card": name, "key": HOUSE}, self._archive.house_recipient,
                {"card": records.canonical(content)})
        )  # fmt: skip
        return name

    def seal(self, put: Put) -> None:
        """Plan a sealed record."""
        self._puts.append(put)

    def make_durable(self) -> dict[str, Receipt]:
        """Seal everything planned so far in one batch; receipts by name.

        MUST come before `append`: an entry names only objects already durable. A name
        that is taken belongs to a run that crashed before its entry (the lock and the
        counters exclude everything else), so it is set aside and sealed anew.
        """
        puts, self._puts = self._puts, []
        try:
            receipts = self._archive.vault.put_all(puts)
        except Occupied:
            self._archive.set_aside_orphans([put.name for put in puts])
            receipts = self._archive.vault.put_all(puts)
        return {receipt.name: receipt for receipt in receipts}

    def say(self, act: str, subject: Mapping[str, str], **fields: Any) -> None:
        """Plan an entry, to be appended together with the others."""
        self._entries.append(
            records.entry(act, self._at, self._who, STATION, subject, os.urandom(16), **fields)
        )

    def say_with_card(
        self,
        folder: str,
        name: str,
        content: Mapping[str, Any],
        act: str,
        subject: Mapping[str, str],
        **fields: Any,
    ) -> None:
        """Seal a card and append the entry that names it: most acts of a person are just this."""
        card = self._card(folder, name, content)
        receipt = self.make_durable()[card]
        self.say(act, subject, card=as_card(receipt), **fields)
        self.append()

    def first_key(self, grade: str, person: str, suite: Suite) -> None:
        """Make the first key of a grade, cleared for one person, who can clear the others."""
        self.new_key(grade, [self._archive.people.person(person)], suite)

    def open_key(self, grade: str) -> tuple[int, Recipient]:
        """The generation and public half of a grade that takes no clearance; its first key is made
        here, in an archive where an earlier version stored such records plain."""
        if grade not in self._sealing and self._archive.catalogue.newest_generation(grade) is None:
            suite = cast(Suite, self._archive.settings.suite)
            made = self.new_key(grade, [self._archive.house_holder], suite)
            self._sealing[grade] = (made.generation, made.recipient)
        return self.sealing_key(grade)

    def new_key(self, key_id: str, holders: Sequence[Person | Holder], suite: Suite) -> GradeKey:
        """Make the next generation of a key, durable and sealed to its holders; plan its entry.
        What the house holds is open to everybody who has the house key.

        Until the entry is appended nothing is sealed to it. Raises Unsuitable, DiskFailed.
        """
        keys = self._archive.keys
        key = keys.new_generation(key_id, suite)
        for holder in holders:
            keys.grant(key, holder)
        self.say(
            "key",
            records.key_subject(key_id),
            generation=key.generation,
            suite=suite,
            public=recipient_digest(key.recipient),
            counterpart=True,
            house=any(holder.name == AT_HOUSE for holder in holders) or None,
            granted=[holder.name for holder in holders if holder.name != AT_HOUSE],
            sealed=keys.digests(key_id, key.generation),
        )
        return key

    def append(self) -> range:
        """Append what was said as one group: the commit point of every action."""
        entries, self._entries = self._entries, []
        assert not self._puts, "an entry would name objects that are not durable"
        return self._archive.ledger.append(entries)


class Archive:
    """An archive folder with its house key and the counterparts of its keys.

    Each part is imported and opened when it is first asked for: who reads a list needs ledger
    and catalogue alone, and does not wait for the ciphers.
    """

    def __init__(self, settings: Settings, house: HouseKey, counterparts: Counterparts) -> None:
        self.settings = settings
        self.root = settings.root
        self.house = house
        self.counterparts = counterparts
        self.keys = KeyRing(settings.root / "keys" / "grades", counterparts)

    @classmethod
    def open(
        cls, settings: Settings, house_key: Path, counterparts: Counterparts | None = None
    ) -> Archive:
        """Open an existing archive; the house key lies outside its folder, and so do the
        counterparts: beside it, unless they are given."""
        try:
            house = HouseKey.load(house_key)
        except Missing:
            raise KeyNeeded(
                f"没有找到馆钥 {house_key}",
                f"the house key {house_key} is not there",
                "请从另存的副本取回，或用 ARCHIVIST_HOUSE_KEY 指明位置",
                "copy it back from where you kept it, or name it in ARCHIVIST_HOUSE_KEY",
            ) from None
        return cls(settings, house, counterparts or Counterparts.beside(house_key))

    def check_in_place(self) -> None:
        """Raises Away while the archive's folder is away; see `config.check_in_place`."""
        check_in_place(self.root)

    @cached_property
    def vault(self) -> Vault:
        """Everything that is sealed."""
        from storage.vault import Vault

        return Vault(self.root)

    @cached_property
    def grants(self) -> Grants:
        """Copies sealed to one person."""
        from storage.grants import Grants

        return Grants(self.vault, self.counterparts)

    @cached_property
    def people(self) -> People:
        """The public pages of the people, and their sealed keys."""
        from storage.people import People

        return People(self.root / "keys" / "people")

    @cached_property
    def claims(self) -> Claims:
        """The scans that this process works on."""
        from archivist.claims import Claims

        return Claims(self.root)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, opened against what the catalogue has already seen of it."""
        size, root = self.catalogue.seen
        return Ledger.open(
            self.root / "ledger",
            self.settings.vkey,
            self.house.signing_key(),
            must_hold=(size, bytes.fromhex(root)) if size else None,
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue; a missing file is an empty one, which `follow` fills."""
        path = self.root / "catalogue.db"
        try:
            return Catalogue.open(path, self.house.catalogue_key())
        except IndexOutdated:
            # Another version of the program made it. A shadow is rebuilt, not migrated.
            for file in self.root.glob("catalogue.db*"):
                file.unlink()
            return Catalogue.open(path, self.house.catalogue_key())

    def forget_catalogue(self) -> None:
        """Delete the catalogue: the next use makes it anew. Call it with the lock held."""
        for name in ("catalogue", "ledger"):  # the ledger was opened against the catalogue's mark
            opened = self.__dict__.pop(name, None)
            if opened is not None:
                opened.close()
        for file in self.root.glob("catalogue.db*"):
            file.unlink()

    @cached_property
    def _replay(self) -> Replay:
        from index.replay import Replay

        return Replay.in_memory()

    def close(self) -> None:
        """Let go of the files and of every claim; whatever was begun is `recover`'s now."""
        for name in ("ledger", "catalogue", "_replay"):
            opened = self.__dict__.pop(name, None)
            if opened is not None:
                opened.close()
        if (claims := self.__dict__.get("claims")) is not None:
            claims.let_go()

    @cached_property
    def _house_identity(self) -> HybridIdentity:
        return self.house.identity()

    @cached_property
    def house_holder(self) -> Holder:
        """The house as a holder of the keys of grades that take no clearance."""
        return Holder(self._house_identity)

    @property
    def house_recipient(self) -> Recipient:
        """What house cards are sealed to."""
        return self._house_identity.recipient

    # ── writing ───────────────────────────────────────────────────────────────

    @contextmanager
    def writing(self, at: datetime, who: str, timeout: float = LOCK_SECONDS) -> Iterator[Desk]:
        """Be the one writer: other processes wait; the catalogue is caught up.

        Raises Busy when the lock is not had in time.
        """
        with self.ledger.exclusive(timeout):
            self._catch_up()
            yield Desk(self, at, who)

    def follow(self) -> None:
        """Let the catalogue catch up with the ledger. Never fatal: the ledger is the truth.

        MUST hold the lock while it does: another process may have written an entry that
        is not on the disk yet, and a power cut would leave the catalogue ahead of it.
        """
        # Opened outside: a catalogue that does not open at all has not merely fallen behind,
        # and whoever reads it next would only repeat the complaint.
        ledger = self.ledger
        try:
            ledger.refresh()
            if self.catalogue.applied < ledger.size:
                with ledger.exclusive(LOCK_SECONDS):
                    self._catch_up()
        except (ShadowError, Busy) as error:
            remark("目录稍后补上：%s", "the catalogue is behind and catches up later: %s", error)

    def newest_head(self) -> tuple[Checkpoint, bytes]:
        """The newest head and its signed note, for somebody outside.

        Durable and published first: a power cut after an entry that others have seen already
        would look as if it had been taken back.
        """
        ledger = self.ledger
        with ledger.exclusive(LOCK_SECONDS):
            ledger.publish()
            note = ledger.checkpoint.encode()
        return open_checkpoint(note, Verifier.parse(ledger.vkey)), note

    def _catch_up(self) -> None:
        if self.catalogue.applied < self.ledger.size:
            self.catalogue.apply(self._changes(), self.ledger.root_hash.hex())

    def _changes(self) -> Iterator[Change]:
        for index, raw in self.ledger.entries(self.catalogue.applied):
            fields = json.loads(raw)
            yield index, fields, self.card_of(fields)

    def card_of(self, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The names that stand in the catalogue beside an entry; None where it has none."""
        named = fields.get("card")
        if named is None or fields["act"] not in ("customer", "dossier"):
            return None
        try:
            return self.read_card(named["name"], named["sha256"])
        except Missing:
            return None  # destroyed since: the row stays, its names are gone

    def set_aside_orphans(self, names: Sequence[str]) -> None:
        """Move away what a crashed run sealed under names that no entry mentions."""
        into = self.root / "work" / "orphans" / os.urandom(8).hex()
        for name in names:
            self.vault.set_aside(name, into)

    # ── reading ───────────────────────────────────────────────────────────────

    def read_card(self, name: str, sha256: str) -> dict[str, Any]:
        """The content of a house card, compared with the digest that its entry names."""
        label = {"card": name, "key": HOUSE}
        raw = self.vault.read(
            name, "card", [self._house_identity], label, max_bytes=CARD_BYTES, sha256=sha256
        )
        content: dict[str, Any] = json.loads(raw)
        return content

    def entries_of(self, subject: str) -> Iterator[records.Entry]:
        """Every ledger entry that names a customer, dossier, record, claim or person."""
        for index in self.catalogue.history(subject):
            for at, raw in self.ledger.entries(index, index + 1):
                yield records.Entry.parse(at, raw)

    def sealing_key(self, key: str) -> tuple[int, Recipient]:
        """The generation and public half that seal with a key: a grade's own or a list's.

        The ledger says which generation is the newest: one that a crash left without an entry
        does not count, and one that somebody deleted is missed. Raises Damaged when the key
        file is not the one the ledger names: whoever may write to the folder could otherwise
        put in a key of his own and read all that is filed.
        """
        generation = self.catalogue.newest_generation(key)
        if generation is None:
            raise Missing(f"there is no key {key}")
        recipient = self.keys.recipient(key, generation)
        if recipient_digest(recipient) != self.catalogue.public_key(key, generation):
            raise Damaged(f"the public key {key}/{generation} is not the one in the ledger")
        return generation, recipient

    def vouched(self, name: str) -> Person:
        """The public page of a person, whose keys are those that the ledger names.

        Whatever is sealed to a person goes through here: somebody who may write to the folder
        could put in a page with keys of his own. Raises NotKnown, NotAllowed for a person who
        left, Damaged when page and ledger differ. Needs a catalogue that is caught up.
        """
        row = self.active(name)
        page = self.people.person(name)
        if (page.verify_key.hex(), recipient_digest(page.recipient)) != (
            row["key"],
            row["recipient"],
        ):
            raise Damaged(f"the public page of {name} is not the one in the ledger")
        return page

    def active(self, name: str) -> Row:
        """The row of somebody who has keys here and has not left. Raises NotKnown, NotAllowed."""
        row = self.catalogue.person(name)
        if row is None:
            known = ", ".join(p["id"] for p in self.catalogue.people() if not p["left_at"])
            raise NotKnown(
                f"没有名为 {name} 的人员",
                f"there is no person {name}",
                f"已有人员：{known}；新增：archivist person add",
                f"there are: {known}; add one with archivist person add",
            )
        if row["left_at"]:
            raise NotAllowed(f"{name} 已离职", f"{name} has left")
        return row

    def held_by(self, name: str | None) -> set[tuple[str, int]]:
        """Every key and generation that opens for a person, or with the house key alone: what the
        house holds is everybody's."""
        return {*self.keys.held_by(AT_HOUSE), *(self.keys.held_by(name) if name else ())}

    def holds(self, key: str, generation: int, name: str) -> bool:
        """Whether one of those is this."""
        return any(self.keys.holds(key, generation, who) for who in (name, AT_HOUSE))

    def opened(self, key: str, generation: int, person: Unlocked | None) -> GradeKey:
        """A private key in this person's hands, or in the house's, which takes nobody.

        Raises KeyNeeded when it takes somebody and nobody is there, NotAllowed for whoever does
        not hold it, NoCounterpart for everybody where it was destroyed or its other half is not
        here, Damaged.
        """
        if self.keys.holds(key, generation, AT_HOUSE):
            try:
                return self.keys.open_grade(key, generation, self.house_holder)
            except NoKey:
                raise Damaged(f"the key {key}/{generation} is not sealed to this house") from None
        if person is None:
            raise KeyNeeded("没有人登录", "nobody is logged in")
        try:
            return self.keys.open_grade(key, generation, person)
        except NoKey:
            raise self.shut(key, person.name) from None

    def shut(self, key: str, name: str) -> NotAllowed:
        """Why a person does not open what a key seals: not cleared, or not on the list."""
        if records.target_of(key) is None or not self.keys.holds_any(records.grade_of(key), name):
            return NotAllowed(
                f"{name} 没有该密级的涉密权限", f"{name} is not cleared for this grade"
            )
        return NotAllowed(
            f"{name} 不在 {records.target_of(key)} 的知悉范围内",
            f"{name} is not on the need-to-know list of {records.target_of(key)}",
            "由名单上的人加入：archivist need-to-know add",
            "somebody on the list adds people: archivist need-to-know add",
        )

    def check_unrestricted(self, customer: str) -> None:
        """Raises NotAllowed while a customer's personal data is kept and not to be used.

        Asked wherever papers or names are used; what keeps and protects them does not ask.
        """
        if customer in self.catalogue.restricted():
            raise NotAllowed(*restricted_words(customer))

    def record_bytes(
        self, row: Row, kind: str, person: Unlocked | None, keeping: bool = False
    ) -> Iterator[bytes]:
        """The plain bytes of a record's `scan` or `card`, compared with the ledger's digest.

        `keeping` is for what keeps and protects a record, or gives it to its subject: everything
        else is refused while the customer is restricted. Raises KeyNeeded when the record is
        sealed and nobody is there, NotAllowed without clearance or while it is restricted,
        Damaged when the stored bytes are not what the ledger names.
        """
        if not keeping:
            self.check_unrestricted(row["customer"])
        self.vouch(row)
        body, label = row["objects"][kind], None
        identities: list[Identity] = []
        if row["generation"] is not None:
            generation = self.sealed_to(row)
            identities = [self.opened(row["key"], generation, person).identity]
            label = record_label(row["id"], row["key"], generation)
        try:
            return self.vault.open(
                record_name(row), body["suffix"], identities, label, sha256=body["sha256"]
            )
        except NoKey:
            # The key is the right one: the ledger names it. So the head is another.
            raise Damaged(f"the head of {row['id']} is not for the key in the ledger") from None

    def sealed_to(self, row: Row) -> int:
        """The generation that opens a sealed record's head: a rotation makes heads durable
        before the entry that names them, and may be between the two."""
        generation: int = row["generation"]
        newest = self.catalogue.newest_generation(row["key"])
        if newest is None or newest <= generation:
            return generation
        head = self.vault.stored_head(record_name(row))
        named = row["objects"]["head"]
        return generation if hashlib.sha256(head).hexdigest() == named else newest

    def record_card(
        self, row: Row, person: Unlocked | None, keeping: bool = False
    ) -> dict[str, Any]:
        """The card of a record: title, source name, texts with boxes."""
        raw = b"".join(self.record_bytes(row, "card", person, keeping))
        content: dict[str, Any] = json.loads(raw)
        return content

    def the(self, kind: str, identifier: str) -> Row:
        """The row of a customer, dossier or record; NotKnown when there is none."""
        look_up: Callable[[str], Row | None] = getattr(self.catalogue, kind)
        row = look_up(identifier)
        if row is None:
            if kind == "record":
                self._refuse_destroyed(identifier)
            raise NotKnown(
                f"没有编号为 {identifier} 的{KINDS[kind]}", f"there is no {kind} {identifier}"
            )
        if kind == "record":
            self.vouch(row)
        return row

    def _refuse_destroyed(self, record: str) -> None:
        """Raises NotKnown for a record that is no more, with the day and the disposal."""
        stone = self.catalogue.tombstone(record)
        if stone is None:
            return
        day, disposal = (stone["destroyed"] or stone["decided"])[:10], stone["disposal"]
        under_way = stone["destroyed"] is None
        raise NotKnown(
            f"{record} {'正在销毁' if under_way else '已销毁'}（{disposal}，{day}）",
            f"{record} {'is being' if under_way else 'was'} destroyed ({disposal}, {day})",
            f"销毁留痕：archivist show {record}",
            f"what is left of it: archivist show {record}",
        )

    def record_or_stone(self, identifier: str) -> Row:
        """The row of a record, or what is left of a destroyed one, which has the same columns.

        For looking back: a loan is told also when what was lent is no more. Raises NotKnown.
        """
        return self.catalogue.tombstone(identifier) or self.the("record", identifier)

    def vouch(self, row: Row) -> None:
        """Refuse a record whose rows are not what the ledger makes of them. Raises Damaged.

        The catalogue opens with the house key, so whoever has that can write into it that a
        record lies elsewhere, has another grade or was never sealed. Asked before each reading,
        from the entries that name the record.
        """
        said = (
            (at, json.loads(raw), None)
            for i in self.catalogue.history(row["id"])
            for at, raw in self.ledger.entries(i, i + 1)
        )
        made = self._replay.record_after(said, row["id"])
        if made != (row, self.catalogue.attested_of(row["id"])):
            raise Damaged(f"the catalogue's row of {row['id']} is not what the ledger says")


def restricted_words(customer: str) -> tuple[str, str, str, str]:
    """Why papers of a restricted customer are not used, and what may be done all the same."""
    return (
        f"{customer} 的个人信息已限制处理，只保存，不使用",
        f"the personal data of {customer} is restricted: it is kept and not used",
        "仍可归档、冻结、审计、销毁，以及应本人请求导出：archivist export "
        f"{customer} --for-subject --purpose 用途 -o 目录",
        "it may be filed into, held, audited, destroyed, and exported for its subject: "
        f"archivist export {customer} --for-subject --purpose TEXT -o DIR",
    )


def record_name(row: Row) -> str:
    """Where a record's files lie, below `store/` and `keys/records/`.

    `stored` is the last part of the name: the record's id until it is regraded, since every
    grade it comes to seals it anew beside the old one.
    """
    return f"{row['customer']}/{row['dossier']}/{row['stored']}"


def record_label(record: str, key: str, generation: int | None) -> dict[str, str | int]:
    """What is bound into a record's head, so that it cannot be swapped or downgraded."""
    label: dict[str, str | int] = {"record": record, "key": key}
    return label if generation is None else label | {"generation": generation}


def as_object(receipt: Receipt, suffix: str) -> dict[str, Any]:
    """How a ledger entry names one durable body: suffix, SHA-256 of the stored bytes, length."""
    body = receipt.bodies[suffix]
    return {"suffix": suffix, "sha256": body.sha256, "size_bytes": body.size_bytes}


def as_card(receipt: Receipt) -> dict[str, Any]:
    """How a ledger entry names a house card."""
    return {
        "name": receipt.name,
        "head": receipt.head_sha256,
        "sha256": receipt.bodies["card"].sha256,
    }
