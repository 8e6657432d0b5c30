"""Full text: catching up with the ledger, and searching what a person is cleared for.

One encrypted index for each grade. Its key is derived from the grade's own key, so
whoever cannot open a grade cannot open its index either: an uncleared grade is not
filtered out of the hits, it is simply not there. An index is a shadow: it remembers how
far into the ledger it has followed, and what it lacks is read from the sealed cards as
soon as somebody cleared for the grade is there.
"""

import importlib
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archivist.archive import Archive
from archivist.errors import ArchivistError, BadRequest, NotAllowed
from index.analysis import plan, snippet
from index.catalogue import Row
from index.engine import Engine, Filters, Page
from index.errors import IndexDamaged, IndexMissing, IndexOutdated, WrongIndexKey
from index.merge import search_all
from storage.errors import StorageError
from storage.journal import peek_size
from storage.keys import index_key
from storage.people import Unlocked

TOGETHER = 50  # records indexed in one transaction: bounds memory and what a crash repeats

# Setting → (module, class, file ending). Imported by name: Whoosh costs every search
# sixty milliseconds, and only an archive that asks for it shall pay them.
ENGINES = {
    "fts5": ("index.fts5", "Fts5Engine", ".db"),
    "whoosh": ("index.whoosh_engine", "WhooshEngine", ".whoosh"),
}

log = logging.getLogger("archivist")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The open index of one grade."""

    grade: str
    engine: Engine


def search(
    archive: Archive, person: Unlocked | None, query: str, filters: Filters, limit: int,
    grade: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Pages that contain every part of the query, best first, of every grade that is open.

    Indexes that lag behind the ledger are caught up first. `grade` narrows to one grade;
    one that is not open is NotAllowed only if the person asked for it by name.
    """
    asked = plan(query)
    with shelves(archive, person) as opened:
        if grade is not None:
            opened = [shelf for shelf in opened if shelf.grade == grade]
            if not opened:
                raise NotAllowed("没有该密级的涉密权限", "not cleared for this grade")
        catch_up(archive, person, opened)
        merged = search_all({shelf.grade: shelf.engine for shelf in opened}, asked, filters, limit)
    hits = [
        {
            "record": result.hit.record,
            "page": result.hit.page,
            "customer": result.hit.customer,
            "dossier": result.hit.dossier,
            "type": result.hit.type,
            "grade": result.grade,
            "title": result.hit.title,
            "snippet": snippet(result.hit.text, asked),
            "score": round(result.hit.score, 4),
        }
        for result in merged.results
    ]
    return {"total": merged.total, "hits": hits}


@contextmanager
def shelves(archive: Archive, person: Unlocked | None) -> Iterator[list[Shelf]]:
    """Open the index of every grade that is not sealed or that the person has the key of."""
    with ExitStack() as stack:
        opened = []
        for grade, key in _index_keys(archive, person):
            engine = _opened(archive, grade, key)
            stack.callback(engine.close)
            opened.append(Shelf(grade, engine))
        yield opened


def catch_up(
    archive: Archive,
    person: Unlocked | None,
    opened: list[Shelf],
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Index what was filed since; returns the number of records read from their cards.

    `progress` is told how many records were indexed with each step.
    """
    size = peek_size(archive.root / "ledger")
    behind = [shelf for shelf in opened if shelf.engine.applied < size]
    if not behind:
        return 0
    archive.follow()
    return sum(_catch_up_one(archive, person, shelf, progress) for shelf in behind)


def waiting(archive: Archive, opened: list[Shelf]) -> int:
    """How many records of the open grades are not indexed yet."""
    archive.follow()
    return sum(
        1
        for shelf in opened
        for _ in archive.catalogue.filed_since(shelf.grade, shelf.engine.applied)
    )


def _catch_up_one(
    archive: Archive, person: Unlocked | None, shelf: Shelf, progress: Callable[[int], None]
) -> int:
    applied = archive.catalogue.applied
    done = 0
    rows = list(archive.catalogue.filed_since(shelf.grade, shelf.engine.applied))
    for start in range(0, len(rows), TOGETHER):
        group = rows[start : start + TOGETHER]
        pages = [page for row in group for page in _pages(archive, person, row)]
        # The mark moves with the pages: after a crash the next run goes on right here.
        shelf.engine.put(pages, group[-1]["idx"] + 1)
        done += len(group)
        progress(len(group))
    shelf.engine.mark_applied(applied)
    return done


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
            row["id"], number, row["customer"], row["dossier"], row["type"], day,
            card["title"], page["text"],
        )  # fmt: skip


def _index_keys(archive: Archive, person: Unlocked | None) -> Iterator[tuple[str, bytes]]:
    held = dict(archive.keys.held_by(person.name)) if person else {}
    for grade, generation in held.items():
        assert person is not None
        yield grade, index_key(archive.opened(grade, generation, person).identity)
    sealed = {path.name for path in (archive.root / "keys" / "grades").iterdir()}
    for path in sorted(_folder(archive).glob(f"*{_kind(archive)[2]}")):
        if path.stem not in sealed:
            yield path.stem, archive.house.index_key()


def _opened(archive: Archive, grade: str, key: bytes) -> Engine:
    """Open a grade's index; one that is missing, outdated or damaged is begun anew."""
    module, name, ending = _kind(archive)
    engine: type[Engine] = getattr(importlib.import_module(module), name)
    path = _folder(archive) / f"{grade}{ending}"
    try:
        return engine.open(path, key)
    except IndexMissing:
        path.parent.mkdir(exist_ok=True)
    except (IndexOutdated, IndexDamaged, WrongIndexKey) as error:
        log.warning("the index of %s is built anew: %s", grade, error)
        _throw_away(path)
    return engine.open(path, key, create=True)


def _throw_away(path: Path) -> None:
    # A shadow: everything in it stands in the ledger and the sealed cards.
    if path.is_dir():
        shutil.rmtree(path)
    else:
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()


def _folder(archive: Archive) -> Path:
    return archive.root / "index"


def _kind(archive: Archive) -> tuple[str, str, str]:
    found = ENGINES.get(archive.settings.engine)
    if found is None:
        known = ", ".join(ENGINES)
        raise BadRequest(
            f"没有名为 {archive.settings.engine} 的检索引擎",
            f"there is no search engine {archive.settings.engine}",
            f"archive.toml 的 [search] engine 可为：{known}",
            f"[search] engine in archive.toml may be: {known}",
        )
    return found
