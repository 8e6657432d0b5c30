"""Escrow: all keys of the archive in one sealed file, for the day on which a passphrase is lost.

Owns the recovery bundle and the ledger acts `escrow` and `recover`. The bundle is a standard age
file under a passphrase of its own; what is in it is an identity file, so that the stock tool
opens records with it, without this program and without the archive's catalogue:

    # archivist escrow: 8c3b0e79c6b1bdfe
    # made: 2026-11-23T13:40:41Z
    # house-key: ARCHIVIST-HOUSE-KEY-1…
    # person: lin 9d61…511a
    # key: SECRET 2
    AGE-SECRET-KEY-PQ-1…

Rules it keeps:
- A bundle holds every key that a grade's records are sealed to now, or it is not written. Keys of
  need-to-know lists are in it as far as its maker is on them; the others are told, and come back
  by the bundle of somebody who is.
- It never lies in the archive's folder: whoever copies the folder would take it along.
- It is void from the next rotation on, because the keys in it open nothing any more. It recovers
  an archive only while every key in it is the one the ledger names, and none is lacking.
- The house key on this machine is never overwritten by another.
- Recovery makes new keys for one person; nobody's old passphrase comes back.
- On a machine without the counterparts (`storage.counterparts`) recovery makes others, and seals
  every key in the bundle anew for everybody whom the ledger calls cleared for it.

    bundle = collect(archive, person, now)
    parse(bundle.text()) == bundle
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

from archivist.archive import Archive
from archivist.config import Settings
from archivist.errors import BadRequest, NotAllowed
from archivist.holding import kept_by_house
from archivist.records import key_subject, target_of, timestamp
from archivist.remarks import remark
from storage import durable
from storage.age.files import decrypt, encrypt
from storage.age.passphrase import Passphrase
from storage.age.recipients import HybridIdentity, X25519Identity, parse_identity
from storage.counterparts import Counterparts
from storage.errors import Damaged, Missing, NoKey, Unsuitable, WrongPassphrase
from storage.house_key import HouseKey
from storage.keys import GradeKey, Suite, recipient_digest
from storage.names import checked_person_name
from storage.note import vkey
from storage.people import Person, Unlocked

MAX_BUNDLE_BYTES = 1_000_000

_LINE = re.compile(r"# (archivist escrow|made|house-key|person|key): (.+)")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a recovery bundle holds; `people` are pairs of name and signing key (hex)."""

    archive_id: str
    made: str
    house: HouseKey
    people: tuple[tuple[str, str], ...]
    keys: tuple[GradeKey, ...] = field(repr=False)

    @property
    def generations(self) -> dict[str, list[int]]:
        """The generations of each key, ascending."""
        found: dict[str, list[int]] = {}
        for key in sorted(self.keys, key=lambda key: (key.key_id, key.generation)):
            found.setdefault(key.key_id, []).append(key.generation)
        return found

    def text(self) -> str:
        """The identity file; every line of it is ASCII but people's names."""
        lines = [
            f"# archivist escrow: {self.archive_id}",
            f"# made: {self.made}",
            f"# house-key: {self.house.text()}",
            *(f"# person: {name} {key}" for name, key in self.people),
        ]
        for key in self.keys:
            lines += [f"# key: {key.key_id} {key.generation}", key.identity.secret_text()]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Issued:
    """A bundle that was written: its digest, the generations it holds, and the need-to-know lists
    whose keys it lacks, because its maker is not on them."""

    sha256: str
    generations: dict[str, list[int]]
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heir:
    """Who takes over; `roles` count for somebody new."""

    name: str
    passphrase: str = field(repr=False)
    roles: tuple[str, ...]


def issue(
    archive: Archive, person: Unlocked, target: Path, passphrase: str, now: datetime, log_n: int
) -> Issued:
    """Write the bundle to a new file and say so in the ledger.

    The file MUST be durable before the entry, and only the entry makes it count. Raises
    BadRequest for a place inside the archive, NotAllowed for whoever does not hold every key in
    use, Occupied, DiskFailed.
    """
    place = target.absolute()
    if place.resolve().is_relative_to(archive.root.resolve()):
        raise BadRequest(
            "恢复包不能放在档案库目录内", "the bundle must not lie inside the archive folder",
            "请放到另行保管的介质上", "put it on a medium that is kept apart",
        )  # fmt: skip
    with archive.writing(now, person.name) as desk:
        bundle = collect(archive, person, now)
        sealed = encrypt([Passphrase(passphrase, log_n)], bundle.text().encode())
        durable.write_new(place, sealed, mode=0o600)
        digest = durable.digest_of(place).sha256
        desk.say("escrow", {"archive": archive.settings.archive_id}, sha256=digest,
                 generations=bundle.generations)  # fmt: skip
        desk.append()
    archive.follow()
    return Issued(digest, bundle.generations, tuple(_lists_lacking(archive, bundle)))


def collect(archive: Archive, person: Unlocked, now: datetime) -> Bundle:
    """Every key in use that one person opens. Raises NotAllowed when a grade's own does not;
    a list's key is not there for whoever must not know."""
    held = [name for name in needed(archive) if archive.holds(*name, person.name)]
    lacking = {key for key, _ in set(needed(archive)) - set(held) if target_of(key) is None}
    if lacking:
        grades = ", ".join(sorted(lacking))
        raise NotAllowed(
            f"{person.name} 没有 {grades} 的涉密权限，恢复包会缺少密钥",
            f"{person.name} is not cleared for {grades}: the bundle would lack keys",
            "请由拥有全部涉密权限的人制作", "somebody who is cleared for every grade can make it",
        )  # fmt: skip
    people = ((row["id"], row["key"] or "") for row in archive.catalogue.people())
    keys = (archive.opened(key, generation, person) for key, generation in held)
    return Bundle(
        archive.settings.archive_id, timestamp(now), archive.house, tuple(people), tuple(keys)
    )


def _lists_lacking(archive: Archive, bundle: Bundle) -> list[str]:
    held = {(key.key_id, key.generation) for key in bundle.keys}
    return sorted({key for key, _ in set(needed(archive)) - held})


def needed(archive: Archive) -> list[tuple[str, int]]:
    """Every (key id, generation) that seals now or that a record is sealed to, sorted."""
    catalogue = archive.catalogue
    found = {(row["key"], row["generation"]) for row in catalogue.generations_used()}
    sealing = {row["key"] for row in catalogue.lists()}
    sealing |= {key for key in catalogue.key_ids() if target_of(key) is None}
    for key in sealing:
        newest = catalogue.newest_generation(key)
        assert newest is not None
        found.add((key, newest))
    return sorted(found)


def complete(archive: Archive) -> bool:
    """Whether the newest bundle holds every grade's key in use: without one nothing is restored."""
    bundles = [e for e in archive.entries_of(archive.settings.archive_id) if e.act == "escrow"]
    held = bundles[-1].fields["generations"] if bundles else {}
    return all(
        generation in held.get(key, ())
        for key, generation in needed(archive)
        if target_of(key) is None
    )


def open_bundle(path: Path, passphrase: str) -> tuple[Bundle, str]:
    """A bundle and the digest of its file. Raises BadRequest when there is no such file,
    WrongPassphrase, Damaged."""
    try:
        sealed = durable.read_bytes(path, MAX_BUNDLE_BYTES)
    except Missing:
        raise BadRequest(f"没有文件 {path}", f"there is no file {path}") from None
    try:
        text = decrypt([Passphrase(passphrase)], sealed).decode("utf-8")
    except NoKey:
        raise WrongPassphrase("this passphrase does not open the recovery bundle") from None
    except UnicodeDecodeError:
        raise Damaged("this is not a recovery bundle") from None
    return parse(text), durable.digest_of(path).sha256


def parse(text: str) -> Bundle:
    """A bundle from its text. Raises Damaged, never repeating a line of it."""
    named: dict[str, str] = {}
    people: list[tuple[str, str]] = []
    keys: list[GradeKey] = []
    grade: tuple[str, int] | None = None
    try:
        for line in filter(None, text.splitlines()):
            found = _LINE.fullmatch(line)
            if found is None:
                assert_grade, grade = grade, None
                keys.append(_grade_key(assert_grade, line))
            elif found[1] == "person":
                name, _, key = found[2].partition(" ")
                people.append((name, key))
            elif found[1] == "key":
                key_id, generation = found[2].split(" ")
                grade = (key_id, int(generation))
            else:
                named[found[1]] = found[2]
        house = HouseKey.parse(named["house-key"])
        return Bundle(named["archivist escrow"], named["made"], house, tuple(people), tuple(keys))
    except (KeyError, ValueError, Unsuitable):
        raise Damaged("this is not a recovery bundle") from None


def _grade_key(name: tuple[str, int] | None, line: str) -> GradeKey:
    if name is None:
        raise ValueError("a key without a name")
    identity: HybridIdentity | X25519Identity = parse_identity(line)
    return GradeKey(*name, identity)


def reopened(settings: Settings, bundle: Bundle, counterparts: Counterparts) -> Archive:
    """The archive, opened with the bundle's house key; nothing is written outside its folder.

    Raises BadRequest for another archive's bundle or one that a rotation has made void.
    """
    public = bundle.house.signing_key().public_key()
    origin = f"archivist/{settings.archive_id}"
    if bundle.archive_id != settings.archive_id or vkey(origin, public) != settings.vkey:
        raise BadRequest("这个恢复包不属于这个档案库", "this bundle belongs to another archive")
    archive = Archive(settings, bundle.house, counterparts)
    try:
        archive.follow()
        _refuse_void(archive, bundle)
    except BaseException:
        archive.close()
        raise
    return archive


def _refuse_void(archive: Archive, bundle: Bundle) -> None:
    held = {(key.key_id, key.generation): key for key in bundle.keys}
    wanted = set(needed(archive))
    wrong = {
        name
        for name, key in held.items()
        if recipient_digest(key.recipient) != archive.catalogue.public_key(*name)
    }
    lacking = {name for name in wanted - set(held) if target_of(name[0]) is None}
    if lacking | wrong:
        grades = ", ".join(sorted({key for key, _ in lacking | wrong}))
        raise BadRequest(
            f"这个恢复包已作废：{grades} 的密钥已轮换",
            f"this bundle is void: the keys of {grades} are no longer those in it",
            "请使用轮换之后制作的恢复包", "use the bundle that was made after the last rotation",
        )  # fmt: skip


def keep_house_key(bundle: Bundle, path: Path) -> bool:
    """Put the house key back to its place; False when it was there. Raises BadRequest when
    another key lies there."""
    try:
        there = HouseKey.load(path)
    except Missing:
        bundle.house.save(path)
        return True
    if there != bundle.house:
        raise BadRequest(
            f"{path} 已有另一把馆钥，不予覆盖", f"another house key lies at {path}; it stays",
            "请移开它，或用 ARCHIVIST_HOUSE_KEY 指明位置",
            "move it away, or name another place in ARCHIVIST_HOUSE_KEY",
        )  # fmt: skip
    return False


def recover_person(
    archive: Archive, bundle: Bundle, sha256: str, heir: Heir, now: datetime, log_n: int
) -> None:
    """Give one person new keys under a new passphrase, cleared for every key in the bundle.

    `sha256` is the digest of the bundle's file. Somebody known keeps roles and department. Keys
    MUST be durable before the entries; a crash between the two leaves keys that no entry names,
    and running it again makes others. Raises NotAllowed for somebody who left, Unsuitable for a
    name that cannot be one.
    """
    name = checked_person_name(heir.name)
    with archive.writing(now, name) as desk:
        known = archive.catalogue.person(name)
        if known is not None:
            archive.active(name)
        person = archive.people.renew(name, heir.passphrase, created=timestamp(now), log_n=log_n)
        page = archive.people.person(name)
        for key in bundle.keys:
            _grant_anew(archive, key, page)
        desk.say(
            "person",
            {"person": name},
            roles=known["roles"] if known else list(heir.roles),
            department=known["department"] if known else None,
            key=person.verify_key.hex(),
            recipient=recipient_digest(page.recipient),
            sealed=archive.people.digests(name),
        )
        anew = [
            pair for key in bundle.keys for pair in archive.keys.digests(key.key_id, key.generation)
        ]
        desk.say(
            "recover",
            {"person": name},
            sha256=sha256,
            generations=bundle.generations,
            sealed=anew,
        )
        for key_id, generations in bundle.generations.items():
            # Nobody is cleared for what is open to all.
            closed = [n for n in generations if not kept_by_house(archive, key_id, n)]
            if closed:
                desk.say("clear", key_subject(key_id) | {"person": name}, generations=closed)
        desk.append()
    archive.follow()


def _grant_anew(archive: Archive, key: GradeKey, heir: Person) -> None:
    """Seal a key to the heir, and to everybody else who is cleared for it: on another machine its
    counterpart is another, and no copy that lies here opens. Every time, because a crash may have
    come between the new counterpart and the copies."""
    paired = archive.keys.paired(key, cast(Suite, archive.settings.suite))
    if kept_by_house(archive, key.key_id, key.generation):
        archive.keys.grant(paired, archive.house_holder)
        return
    archive.keys.grant(paired, heir)
    for row in archive.catalogue.clearances(key.key_id):
        if row["generation"] != key.generation or row["person"] == heir.name:
            continue
        try:
            archive.keys.grant(paired, archive.vouched(row["person"]))
        except Damaged as error:
            remark(
                "%s 没有重新获得密钥 %s：%s",
                "%s is not given %s anew: %s",
                row["person"],
                key.key_id,
                error,
            )
