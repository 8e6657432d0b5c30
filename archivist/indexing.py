"""Full text catches up with the ledger: from sealed cards to pages in the index.

An index remembers how far into the ledger it has followed. What it lacks is read from the
sealed cards by somebody cleared for the grade; until then the cards wait. The mark moves in
the same transaction as the pages, so that a crash repeats at most one group.

While a customer is restricted none of his pages is in an index: they leave it as if they had moved,
and come back when the restriction is lifted.

A record that got another grade, or came under a need-to-know list, leaves its old index before
anything else is done there, and enters the new one. The mark stays behind its entry until the old
files are clean of it. So does a record whose destruction was decided.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from archivist.archive import Archive
from archivist.errors import ArchivistError
from archivist.remarks import remark
from archivist.searching import NEVER_SEALED, Shelf
from index.catalogue import Row
from index.engine import Page
from index.errors import IndexLocked
from policies.policy import Policy
from storage.errors import NoCounterpart, StorageError
from storage.keys import index_key
from storage.people import Unlocked
from storage.session import KeyName

# Acts after which a record may belong to another index, or to none.
MOVES = ("regrade", "declassify", "destroy")
RESTRICT = "restrict"  # begun: a customer's records belong to no index; lifted: to theirs again
TOGETHER = 50  # records in one transaction: bounds memory and what a crash repeats


def index_keys(archive: Archive, policy: Policy, person: Unlocked) -> dict[KeyName, bytes]:
    """The full-text keys of everything that opens for a person; the house's, where an earlier
    version stored a grade plain and nothing was filed under it since.

    Raises NoCounterpart where none of the keys opens any more.
    """
    made = archive.catalogue.key_ids()
    plain = [g.code for g in policy.grades.values() if not g.encrypt and g.code not in made]
    keys = dict.fromkeys(((code, NEVER_SEALED) for code in plain), archive.house.index_key())
    lost: NoCounterpart | None = None
    for key_id, generation in sorted(archive.held_by(person.name)):
        try:
            opened = archive.opened(key_id, generation, person)
        except NoCounterpart as error:
            # One that is lost must not keep the others from being searched.
            lost = error
            remark("%s/%s 没有检索：%s", "%s/%s is not searched: %s", key_id, generation, error)
            continue
        keys[key_id, generation] = index_key(opened.identity)
    if lost is not None and all(generation == NEVER_SEALED for _, generation in keys):
        raise lost
    return keys


def waiting(archive: Archive, behind: list[Shelf]) -> int:
    """How many records of these grades are not indexed yet."""
    archive.follow()
    return sum(len(_unread(archive, shelf)) for shelf in behind)


def catch_up(
    archive: Archive,
    person: Unlocked | None,
    behind: list[Shelf],
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Index what was filed since; returns how many records. `progress` hears of each group."""
    archive.follow()
    return sum(_catch_up_one(archive, person, shelf, progress) for shelf in behind)


def _catch_up_one(
    archive: Archive, person: Unlocked | None, shelf: Shelf, progress: Callable[[int], None]
) -> int:
    applied = archive.catalogue.applied
    came, went = _moved(archive, shelf)
    if went:
        try:
            shelf.engine.purge(went)
        except IndexLocked as error:
            remark(
                "%s 的全文索引稍后清理：%s",
                "the index of %s is cleaned later: %s",
                shelf.key,
                error,
            )
            return 0
    rows = archive.catalogue.filed_since(shelf.key, shelf.engine.applied)
    # Those that came by a change of grade first: the mark may pass their entries only then.
    for group in [*_groups(came), *_groups(rows)]:
        pages = [page for row in group for page in _pages(archive, person, row)]
        shelf.engine.put(pages, max(shelf.engine.applied, group[-1]["idx"] + 1))
        progress(len(group))
    shelf.engine.mark_applied(applied)
    return len(came) + len(rows)


def _groups(rows: list[Row]) -> list[list[Row]]:
    return [rows[start : start + TOGETHER] for start in range(0, len(rows), TOGETHER)]


def _unread(archive: Archive, shelf: Shelf) -> list[Row]:
    came, _ = _moved(archive, shelf)
    return came + archive.catalogue.filed_since(shelf.key, shelf.engine.applied)


def _moved(archive: Archive, shelf: Shelf) -> tuple[list[Row], list[str]]:
    """Records whose key changed since, or the use of which: rows of those that belong here now
    and were filed before, ids of those that belong elsewhere."""
    since = shelf.engine.applied
    if not since:
        return [], []  # nothing is in it yet, and all that belongs here is read as filed
    left: dict[str, set[str]] = {}
    gone: list[str] = []
    for entry in _moves(archive, since):
        if entry["act"] == "destroy":
            gone += entry.get("records", ())
        elif entry["act"] == RESTRICT:
            customer = entry["subject"]["customer"]
            for row in archive.catalogue.records_under(customer, shelf.key):
                left.setdefault(row["id"], set()).add(shelf.key)
        else:
            old = entry.get("from_key", entry["from"])
            left.setdefault(entry["subject"]["record"], set()).add(old)
    found = {record: archive.catalogue.record(record) for record in left}
    kept = archive.catalogue.restricted()
    here = {
        r: row
        for r, row in found.items()
        if row and row["key"] == shelf.key and row["customer"] not in kept
    }
    came = [row for row in here.values() if row["idx"] < since]
    # Cleaning rewrites an index: only where a record was, never for what passes between others.
    went = [r for r, keys in left.items() if shelf.key in keys and r not in here]
    return came, went + shelf.engine.holds(dict.fromkeys(gone))


def _moves(archive: Archive, since: int) -> Iterator[dict[str, Any]]:
    spelled = [f'"act":"{act}"'.encode() for act in (*MOVES, RESTRICT)]
    for _, raw in archive.ledger.entries(since):
        if any(act in raw for act in spelled):
            yield json.loads(raw)


def _pages(archive: Archive, person: Unlocked | None, row: Row) -> Iterator[Page]:
    try:
        card = archive.record_card(row, person)
    except (StorageError, ArchivistError) as error:
        # One unreadable card must not keep the others from being found; an audit names it.
        remark("档案 %s 无法编入全文索引：%s", "record %s cannot be indexed: %s", row["id"], error)
        return
    day = int(row["filed"][:10].replace("-", ""))
    for number, page in enumerate(card["facts"]["pages"], start=1):
        yield Page(
            row["id"],
            number,
            row["customer"],
            row["dossier"],
            row["type"],
            day,
            card["title"],
            page["text"],
        )
