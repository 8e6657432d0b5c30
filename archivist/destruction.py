"""Carrying out a disposal (销毁): decided, erased, the keys destroyed, looked at again, and said.

Owns the ledger act `destroy`, steps `decided` and `destroyed`, and the order between them:

    gate asked, keys at hand, witnesses' statements signed     nothing has happened yet
    append   `decided`: *the commit point*: from here no record of it is found, opened or lent
    erase    heads, bodies, cards about it, grants, claims, orphans (`archivist.erasing`)
    purge    the pages of its text from every index, freed space and logs included
    rotate   every key that a copy of it, wherever it lies, would open with (`archivist.rotation`)
    look     for anything that is left, on the disk and among the keys
    append   `destroyed`: only now it may be said

Rules it keeps:
- A crash anywhere leaves it untouched or decided. What was decided is finished: what needs no key
  by `recover`, the rest by whoever holds the keys and says it again, or logs in. There is no way
  back, also not by a hold: half of it may be gone.
- Destroying the bytes here does not reach the copies of yesterday. What does is that their heads
  open with a key that exists nowhere any more. So whoever decides holds every generation of every
  key that ever sealed a record of the list and still opens something, its former grades' and
  lists' keys included; else nothing is begun that cannot be ended.
- One rotation for each key, however many records.
- Proposer, approvers, executor and witnesses are different people.

    gate = lambda: ordered(archive, "X000001", today, now, "wang", ["li", "chen"])
    execute(archive, "X000001", gate, wang, [li, chen], "档案室", now)
    finish(archive, "X000001", wang, now).done                        # True
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archivist import (
    destruction_proofs,
    disposal_book,
    disposal_desk,
    disposal_gate,
    disposals,
    erasing,
    resealing,
    rotation,
)
from archivist.errors import BadRequest, NotAllowed, NotKnown
from archivist.records import Entry, grade_of
from archivist.regulations import policy_of
from archivist.remarks import remark
from archivist.statements import check_own_key
from index import purging
from index.errors import IndexLocked, ShadowError
from index.rekeying import throw_away
from storage.errors import Busy, Damaged
from storage.keys import index_key

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk
    from archivist.disposal_desk import Refusal
    from index.catalogue import Row
    from storage.people import Unlocked

METHOD = "key_destruction"
MOST = 3000  # records of one disposal: the entry that decides names each of them, in 64 KB
INDEXES = (".db", ".whoosh")

Reach = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What the gate lets be destroyed, and on what that rests.

    `on` is the day by which periods were counted; `entries` are the ledger indexes of proposal,
    appraisals and approvals; `apart` who had a hand in these and therefore neither executes nor
    witnesses; `witnesses` how many the rules ask for.
    """

    disposal: str
    on: date
    records: tuple[str, ...]
    entries: tuple[int, ...]
    apart: frozenset[str]
    witnesses: int
    clauses: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """How far it came: `done` when the ledger says so; else the records whose damaged heads keep
    a key, which are others' records and are put back from a copy first."""

    disposal: str
    done: bool
    damaged: tuple[str, ...] = ()


# ── deciding ──────────────────────────────────────────────────────────────────


def ordered(
    archive: Archive,
    disposal: str,
    on: date,
    now: datetime,
    executor: str,
    witnesses: Sequence[str],
) -> Order:
    """What the gate lets be destroyed now. MUST be asked with the lock held.

    Raises Denied with everything that speaks against it; the first reason is what is recorded.
    """
    against = disposal_gate.refusals(archive, disposal, on, now, executor, witnesses)
    if against:
        raise _denied(against)
    policy = policy_of(archive.settings, archive.catalogue)
    gate = disposal_gate.Gate(
        archive, policy, disposal_book.case_by_ledger(archive, disposal), on, now
    )
    last = gate.case.round
    assert last is not None, "the gate opens to nothing that was not appraised"
    return Order(
        disposal,
        on,
        gate.to_destroy,
        tuple(entry.index for entry in gate.case.entries),
        gate.took_part,
        gate.needed_witnesses,
        tuple(last.fields["clauses"]),
        tuple(last.fields["packs"]),
    )


def _denied(against: Sequence[Refusal]) -> disposal_desk.Denied:
    def said(one: Refusal, zh: bool) -> str:
        about = one.record or one.person
        words = one.zh if zh else one.en
        cited = f" ({', '.join(one.clauses)})" if one.clauses else ""
        return f"{about} {words}{cited}" if about and about not in words else f"{words}{cited}"

    more = (
        "；".join(said(one, True) for one in against),
        "; ".join(said(one, False) for one in against),
    )
    return disposal_desk.Denied(against[0].code, more)


def execute(
    archive: Archive,
    disposal: str,
    gate: Callable[[], Order],
    executor: Unlocked,
    witnesses: Sequence[Unlocked],
    place: str,
    now: datetime,
) -> None:
    """Decide: the point of no return. Carrying it out is `finish`.

    `gate` is asked under the lock and raises what it refuses with. Raises BadRequest (no place,
    no record, too many at once), NotAllowed (too few witnesses, somebody in two parts, a key the
    executor does not hold), Damaged for keys that the ledger does not name.
    """
    if not place.strip():
        raise BadRequest("请用 --place 写明销毁地点", "say where it happens with --place TEXT")
    archive.follow()
    with disposal_desk.at_the_desk(
        archive, now, executor.name, "execute", {"disposal": disposal}
    ) as desk:
        # A record that a crash left between two grades has its files noted.
        resealing.settle(archive)
        order = gate()
        _check_people(archive, order, executor, witnesses)
        rows = _rows(archive, order)
        keys = keys_to_destroy(archive, rows)
        check_held(archive, keys, executor.name)
        _decide(archive, desk, order, rows, keys, witnesses, place, now)
    archive.follow()


def _rows(archive: Archive, order: Order) -> list[Row]:
    if not order.records:
        raise BadRequest(f"{order.disposal} 没有要销毁的档案", f"{order.disposal} destroys nothing")
    if len(order.records) > MOST:
        raise BadRequest(
            f"{order.disposal} 有 {len(order.records)} 件，一次最多销毁 {MOST} 件",
            f"{order.disposal} holds {len(order.records)} records, at most {MOST} go at once",
            "请分成几份清册提出",
            "propose them in several disposals",
        )
    return [archive.the("record", record) for record in sorted(order.records)]


def _decide(
    archive: Archive,
    desk: Desk,
    order: Order,
    rows: Sequence[Row],
    keys: Mapping[str, int],
    witnesses: Sequence[Unlocked],
    place: str,
    now: datetime,
) -> None:
    content = {"v": 1, "place": place, "salt": os.urandom(16).hex()}
    digest = destruction_proofs.list_digest(rows)
    deed = destruction_proofs.Deed(
        order.disposal,
        "records",
        digest,
        len(rows),
        METHOD,
        destruction_proofs.words_digest(content),
    )
    desk.say_with_card(
        disposals.FOLDER,
        order.disposal,
        content,
        "destroy",
        {"disposal": order.disposal},
        step="decided",
        state=disposal_desk.next_state("approved", "execute"),
        on=order.on.isoformat(),
        records=[row["id"] for row in rows],
        list=digest,
        unsealed=[row["id"] for row in rows if row["generation"] is None],
        keys=dict(keys),
        claims=[row["id"] for row in _copies(archive, rows)],
        witnesses=[
            destruction_proofs.signed_by(archive.settings.archive_id, deed, one, now)
            for one in witnesses
        ],
        entries=list(order.entries),
        clauses=list(order.clauses),
        packs=list(order.packs),
    )


def _copies(archive: Archive, rows: Iterable[Row]) -> list[Row]:
    """Claims in a tray with the same bytes as a record, or as the stack it was cut from."""
    prints: dict[str, None] = {}
    for row in rows:
        prints[row["print"]] = None
        for entry in archive.entries_of(row["id"]):
            if entry.act == "file" and "stack" in entry.fields:
                prints[entry.fields["stack"]] = None
    return archive.catalogue.copies_in_trays(list(prints))


def _check_people(
    archive: Archive, order: Order, executor: Unlocked, witnesses: Sequence[Unlocked]
) -> None:
    names = [one.name for one in witnesses]
    if len(set(names)) < order.witnesses:
        raise NotAllowed(
            f"须有 {order.witnesses} 名监销人，只有 {len(set(names))} 名",
            f"{order.witnesses} witnesses are needed, there are {len(set(names))}",
            "每名监销人写一个 --witness",
            "name each with --witness PERSON",
        )
    for name, part in ((executor.name, "executor"), *((name, "witness") for name in names)):
        if name in order.apart:
            raise _two_parts(name)
        if part == "witness" and (name == executor.name or names.count(name) > 1):
            raise _two_parts(name)
    for one in (executor, *witnesses):
        archive.active(one.name)
        check_own_key(archive, one)


def _two_parts(name: str) -> NotAllowed:
    return NotAllowed(
        f"{name} 已在这次销毁中承担另一职责；提出、审批、执行、监销须为不同的人",
        f"{name} has another part in this destruction: who proposes, approves, carries out and "
        "witnesses are different people",
    )


# ── keys ──────────────────────────────────────────────────────────────────────


def keys_to_destroy(archive: Archive, rows: Iterable[Row]) -> dict[str, int]:
    """Each key that opens a copy of these records, of whatever day, and its newest generation:
    that one and all before it must cease to exist.

    With a list's key its grade's: a backup may hold the scan as it waited to be filed, sealed to
    every grade and to no list.
    """
    keys: dict[str, int] = {}
    for row in rows:
        sealed = sealed_to(archive, row["id"])
        for key in [key for key in sealed if grade_of(key) not in sealed]:
            if newest := archive.catalogue.newest_generation(grade_of(key)):
                sealed[grade_of(key)] = newest
        for key, generation in sealed.items():
            if key not in keys and erasing.opens(archive, key, generation):
                newest = archive.catalogue.newest_generation(key)
                # A rotation under way makes heads durable before the entry that names them.
                keys[key] = max(generation, newest or 0)
    return keys


def sealed_to(archive: Archive, record: str) -> dict[str, int]:
    """Every key that a record was ever sealed to, with the last generation of it."""
    return {key: max(every) for key, every in generations_of(archive, record).items()}


def generations_of(archive: Archive, record: str) -> dict[str, set[int]]:
    """Every generation of every key that a record was ever sealed to, by the ledger."""
    every: dict[str, set[int]] = {}
    for entry in archive.entries_of(record):
        key, generation = _sealing(entry, record)
        if key is not None and generation is not None:
            every.setdefault(key, set()).add(generation)
    return every


def _sealing(entry: Entry, record: str) -> tuple[str | None, int | None]:
    fields = entry.fields
    if entry.act == "file":
        return fields.get("key", fields["grade"]), fields.get("generation")
    if entry.act == "rewrap" and record in fields["heads"]:
        return fields["key"], fields["generation"]
    if entry.act in ("regrade", "declassify") and "objects" in fields:
        return fields.get("key", fields["to"]), fields.get("generation")
    return None, None


def check_held(archive: Archive, keys: Mapping[str, int], name: str) -> None:
    """Raises NotAllowed unless a person holds every generation that is to be destroyed."""
    lacking = lacking_keys(archive, keys, name)
    if lacking:
        raise NotAllowed(
            f"{name} 没有 {'、'.join(lacking)} 的全部密钥，无法销毁",
            f"{name} does not hold every key in use of {', '.join(lacking)}: they could not be "
            "destroyed",
            "请由持有这些密钥（涉密权限、知悉范围）的人执行",
            "somebody who is cleared for them, and on the lists, carries it out",
        )


def lacking_keys(archive: Archive, keys: Mapping[str, int], name: str) -> list[str]:
    """Which of these keys a person does not hold in every generation in use."""
    return [
        key
        for key, floor in keys.items()
        if not all(archive.holds(key, n, name) for n in erasing.opens(archive, key, floor))
    ]


# ── carrying out ──────────────────────────────────────────────────────────────


def finish(
    archive: Archive,
    disposal: str,
    person: Unlocked,
    now: datetime,
    reach: Reach = lambda key, done, total: None,
) -> Finished:
    """Carry out what was decided, from wherever it stopped. Safe to repeat.

    `reach(key, done, total)` counts the records that get a new key. Raises NotKnown when nothing
    was decided, NotAllowed for whoever does not hold the keys, Busy while somebody searches,
    Damaged when something is still there after all, DiskFailed.
    """
    archive.follow()
    row = decided(archive, disposal)
    if row["state"] == "destroyed":
        return Finished(disposal, True)
    check_held(archive, row["keys"], person.name)
    with archive.writing(now, person.name):
        rotation.tidy(archive)  # a key that is half destroyed opens nothing, and shows its holders
        erasing.erase(archive, row)
    _purge(archive, row, person)
    for key, floor in row["keys"].items():
        while erasing.opens(archive, key, floor):
            # Twice where somebody was shut out just before: the rotation begun then ends first.
            moved = rotation.rotate(archive, key, person, now, lambda d, t, k=key: reach(k, d, t))  # type: ignore[misc]
            if moved.damaged:
                return Finished(disposal, False, moved.damaged)
    with archive.writing(now, person.name) as desk:
        row = decided(archive, disposal)
        if row["state"] != "destroyed":
            _say_destroyed(archive, desk, row, person)
    archive.follow()
    return Finished(disposal, True)


def decided(archive: Archive, disposal: str) -> Row:
    """The destruction of a disposal. Raises NotKnown while none was decided."""
    row = archive.catalogue.destruction(disposal)
    if row is None:
        raise NotKnown(f"{disposal} 没有决定销毁", f"no destruction of {disposal} was decided")
    return row


def tidy(archive: Archive) -> None:
    """Go on with what was decided, as far as no key is needed. Call it with the lock held."""
    for row in archive.catalogue.destructions():
        if row["state"] != "destroyed":
            erasing.erase(archive, row)


def _say_destroyed(archive: Archive, desk: Desk, row: Row, person: Unlocked) -> None:
    """MUST look again first: the entry claims that nothing is left."""
    erasing.erase(archive, row)  # what a crashed run left under the keys that are no more by now
    left = erasing.traces(archive, row)
    indexes = _indexes(archive, row, person)
    for path, keys, records in indexes:
        left += [f"{path.name}: {one}" for one in _still_found(path, keys, records)]
    if left:
        raise Damaged(f"not destroyed yet, still there: {', '.join(left[:5])}")
    desk.say(
        "destroy",
        {"disposal": row["disposal"]},
        step="destroyed",
        state=disposal_desk.next_state(row["state"], "finish"),
        count=len(row["items"]),
        list=row["list"],
        keys={key: _gone(archive, key, floor) for key, floor in row["keys"].items()},
        # What was looked at, and how much of the records was found there.
        checks={"files": 0, "granted_heads": 0, "copies_in_trays": 0, "keys_left": 0,
                "indexes": len(indexes), "indexed_pages": 0},
    )  # fmt: skip
    desk.append()


def _gone(archive: Archive, key: str, floor: int) -> list[int]:
    return [n for n in archive.keys.generations(key) if n <= floor]


# ── full text ─────────────────────────────────────────────────────────────────


def _purge(archive: Archive, row: Row, person: Unlocked) -> None:
    """Take the pages out of every index they may ever have been in. Raises Busy.

    MUST come before the keys are rotated: moving an index to a new key takes its freed pages along.
    """
    for path, keys, records in _indexes(archive, row, person):
        try:
            purging.purge(path, keys, records)
        except IndexLocked:
            raise Busy(f"index {path.name} is being read") from None
        except ShadowError as error:
            # Of a key that this person does not hold, or damaged: a shadow, and made anew.
            remark("%s 的全文索引将重建：%s", "the index of %s is built anew: %s", path.stem, error)
            throw_away(path)


def _still_found(path: Path, keys: Sequence[bytes], records: Sequence[str]) -> list[str]:
    try:
        return purging.found(path, keys, records)
    except IndexLocked:
        raise Busy(f"index {path.name} is being read") from None
    except ShadowError:
        throw_away(path)  # what cannot be read cannot be vouched for
        return []


def _indexes(
    archive: Archive, row: Row, person: Unlocked
) -> list[tuple[Path, list[bytes], list[str]]]:
    """Every index that may have had a page of these records, the keys to try, and which records."""
    by_key: dict[str, set[str]] = {}
    for stone in archive.catalogue.tombstones_of(row["disposal"]):
        for key in {stone["key"], *sealed_to(archive, stone["id"])}:
            by_key.setdefault(key, set()).add(stone["id"])
    places = {key: archive.root / "index" / key for key in sorted(by_key)}
    return [
        (path, _index_keys(archive, key, person), sorted(by_key[key]))
        for key, place in places.items()
        for path in (place.with_name(f"{key}{ending}") for ending in INDEXES)
        if path.exists()
    ]


def _index_keys(archive: Archive, key: str, person: Unlocked) -> list[bytes]:
    held = sorted((n for name, n in archive.held_by(person.name) if name == key), reverse=True)
    own = [index_key(archive.opened(key, n, person).identity) for n in held]
    return [*own, archive.house.index_key()]  # the last opens what was never sealed
