"""Full text catches up with the ledger: from sealed cards to pages in the index.

An index remembers how far into the ledger it has followed. What it lacks is read from the
sealed cards by somebody cleared for the grade; until then the cards wait. The mark moves in
the same transaction as the pages, so that a crash repeats at most one group.
"""

import logging
from collections.abc import Callable, Iterator

from archivist.archive import Archive
from archivist.errors import ArchivistError
from archivist.searching import Shelf
from index.catalogue import Row
from index.engine import Page
from policies.policy import Policy
from storage.errors import StorageError
from storage.keys import index_key
from storage.people import Unlocked
from storage.session import KeyName

NEVER_SEALED = 0  # where others have a generation, grades without encryption have this
TOGETHER = 50  # records in one transaction: bounds memory and what a crash repeats

log = logging.getLogger("archivist")


def index_keys(archive: Archive, policy: Policy, person: Unlocked) -> dict[KeyName, bytes]:
    """The full-text keys of everything a person is cleared for, and of what is never sealed."""
    plain = [grade.code for grade in policy.grades.values() if not grade.encrypt]
    keys = dict.fromkeys(((code, NEVER_SEALED) for code in plain), archive.house.index_key())
    for grade, generation in archive.keys.held_by(person.name):
        keys[grade, generation] = index_key(archive.opened(grade, generation, person).identity)
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
    rows = _unread(archive, shelf)
    for start in range(0, len(rows), TOGETHER):
        group = rows[start : start + TOGETHER]
        pages = [page for row in group for page in _pages(archive, person, row)]
        shelf.engine.put(pages, group[-1]["idx"] + 1)
        progress(len(group))
    shelf.engine.mark_applied(applied)
    return len(rows)


def _unread(archive: Archive, shelf: Shelf) -> list[Row]:
    return archive.catalogue.filed_since(shelf.grade, shelf.engine.applied)


def _pages(archive: Archive, person: Unlocked | None, row: Row) -> Iterator[Page]:
    try:
        card = archive.record_card(row, person)
    except (StorageError, ArchivistError) as error:
        # One unreadable card must not keep the others from being found; an audit names it.
        log.warning("record %s cannot be indexed: %s", row["id"], error)
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
