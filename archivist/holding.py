"""Holding: who has a key, and how it is taken from one of them.

Owns the steps that clearing people for grades and naming those who need to know share. A key is a
grade's own or a need-to-know list's; to hold it *is* to open what it seals.

Rules it keeps:
- What opens must be the key that the ledger names: anybody who may write to the folder can seal
  a key of his own to a holder.
- Taking it from one makes a next generation for the others, durable before the entry that names
  it: from that entry on, filing uses it.
- A key keeps a holder: what nobody can open is lost.

    made = replace_key(archive, desk, "wang", "TOP-D000001")    # entries follow, then `withdraw`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from archivist import records
from archivist.errors import NotAllowed
from storage.errors import Damaged
from storage.keys import GradeKey, Suite, counterpart_name, held_name, recipient_digest

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk
    from storage.people import Person, Unlocked


@dataclass(frozen=True, slots=True)
class Revoked:
    """What was withdrawn of which key, the generation in its place, and who holds that one."""

    person: str
    key: str
    withdrawn: tuple[int, ...]
    generation: int
    holders: tuple[str, ...]

    @property
    def grade(self) -> str:
        """The grade of what the key seals."""
        return records.grade_of(self.key)

    @property
    def target(self) -> str | None:
        """The dossier or record of a need-to-know list; None for a grade's own key."""
        return records.target_of(self.key)


def genuine(archive: Archive, key: str, generation: int, by: Unlocked) -> GradeKey:
    """A key opened by its holder, if it is the one the ledger names. Raises NotAllowed, Damaged."""
    opened = archive.opened(key, generation, by)
    if recipient_digest(opened.recipient) != archive.catalogue.public_key(key, generation):
        raise Damaged(f"the key {key}/{generation} is not the one in the ledger")
    return opened


def sealed_to(
    archive: Archive, page: Person, keys: Sequence[GradeKey]
) -> list[tuple[GradeKey, bytes]]:
    """Keys with what will be the sealed copies of somebody; the entry names their digests."""
    return [(key, archive.keys.sealed_for(key, page)) for key in keys]


def digests_of(page: Person, given: Sequence[tuple[GradeKey, bytes]]) -> list[list[str]]:
    """Each sealed copy: its name below `keys/`, and its SHA-256."""
    return [
        [held_name(key.key_id, key.generation, page.name), sha256(raw).hexdigest()]
        for key, raw in given
    ]


def hand_out(archive: Archive, page: Person, given: Sequence[tuple[GradeKey, bytes]]) -> None:
    """Put the sealed copies in their places: from here on he holds the keys."""
    for key, raw in given:
        archive.keys.grant(key, page, raw)


def in_use(archive: Archive, key: str) -> list[int]:
    """The generations that the ledger knows and somebody holds; a destroyed one is neither."""
    return [
        generation
        for generation in archive.keys.generations(key)
        if archive.catalogue.public_key(key, generation) and archive.keys.holders(key, generation)
    ]


def kept_by_house(archive: Archive, key: str, generation: int) -> bool:
    """Whether the ledger says that this generation is the house's, and takes no clearance."""
    return any(
        entry.act == "key" and entry.fields["generation"] == generation and "house" in entry.fields
        for entry in archive.entries_of(key)
    )


def halves(archive: Archive) -> tuple[list[str], list[str], list[str]]:
    """Names of counterparts that are not there for a generation in use; keys in use that never had
    one, because an earlier version made them; names of those that outlived their key. Needs a
    catalogue that is caught up."""
    lacking: list[str] = []
    before: list[str] = []
    outlived: list[str] = []
    for key in sorted(archive.catalogue.key_ids()):
        made = {
            entry.fields["generation"]: entry.fields.get("counterpart", False)
            for entry in archive.entries_of(key)
            if entry.act == "key"
        }
        used = in_use(archive, key)
        for generation in made:
            name = counterpart_name(key, generation)
            there = archive.counterparts.has(name)
            if there and generation not in used:
                outlived.append(name)
            elif not there and generation in used and made[generation]:
                lacking.append(name)
            elif not there and generation in used:
                before.append(f"{key}/{generation}")
    return lacking, before, outlived


def holders(archive: Archive, key: str) -> tuple[str, ...]:
    """Who holds the newest generation, by the ledger, sorted."""
    newest = archive.catalogue.newest_generation(key)
    rows = archive.catalogue.clearances(key)
    return tuple(sorted({row["person"] for row in rows if row["generation"] == newest}))


def replace_key(archive: Archive, desk: Desk, name: str, key: str) -> Revoked:
    """Make the key's next generation, sealed to everybody but one, and plan its entry.

    Raises NotAllowed for the last holder, Damaged when the page of another is not the ledger's.
    """
    rest = others(archive, name, key)
    suite = cast(Suite, archive.settings.suite)
    made = desk.new_key(key, [archive.vouched(other) for other in rest], suite)
    rows = archive.catalogue.clearances(key)
    withdrawn = tuple(row["generation"] for row in rows if row["person"] == name)
    return Revoked(name, key, withdrawn, made.generation, rest)


def others(archive: Archive, name: str, key: str) -> tuple[str, ...]:
    """Who holds a key besides this person. Raises NotAllowed when nobody does."""
    rows = archive.catalogue.clearances(key)
    rest = tuple(sorted({row["person"] for row in rows} - {name}))
    if not rest:
        target = records.target_of(key)
        if target is not None:
            raise NotAllowed(
                f"{name} 是 {target} 知悉范围中的最后一人，移出后再无人能打开",
                f"{name} is the last on the need-to-know list of {target}: nobody could open it "
                "any more",
                f"请先加入别人：archivist need-to-know add {target} 姓名",
                f"put somebody else on it first: archivist need-to-know add {target} NAME",
            )
        raise NotAllowed(
            f"{name} 是唯一有 {key} 涉密权限的人，撤销后再无人能打开",
            f"{name} is the last who is cleared for {key}: nobody could open it any more",
            "请先由此人给别人授权：archivist person clear 姓名 密级",
            "let this person clear somebody else first: archivist person clear NAME GRADE",
        )
    return rest


def withdraw(archive: Archive, key: str, name: str) -> list[int]:
    """Delete every copy of a key that is sealed to a person; which generations there were."""
    ring = archive.keys
    return [n for n in ring.generations(key) if ring.withdraw(key, n, name)]
