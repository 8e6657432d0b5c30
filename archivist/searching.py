"""Full text: searching what a person is cleared for.

One encrypted index for each grade, opened with a key that is derived from the grade's own
key: whoever cannot open a grade cannot open its index either. An uncleared grade is not
filtered out of the hits, it is simply not there: asking for it by name finds nothing, as in a
grade without records.

A session outlives a clearance by hours, so its keys count only while the person holds the
newest generation of the grade. What an older key could still open is not opened.

A search that finds its indexes up to date opens neither ledger, catalogue nor vault; so
this module imports none of them. Catching up is `archivist.indexing`.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archivist.config import Settings
from archivist.errors import BadRequest
from archivist.masking import masked
from index.analysis import plan, snippet
from index.engine import Engine, Filters
from index.errors import IndexDamaged, IndexMissing, IndexOutdated, WrongIndexKey
from index.merge import search_all
from storage.journal import peek_size
from storage.keys import KeyRing
from storage.session import Session

# Setting → (module, class, file ending). Imported by name: Whoosh costs every search
# sixty milliseconds, and only an archive that asks for it shall pay them.
ENGINES = {
    "fts5": ("index.fts5", "Fts5Engine", ".db"),
    "whoosh": ("index.whoosh_engine", "WhooshEngine", ".whoosh"),
}

NEVER_SEALED = 0  # where others have a generation, grades without encryption have this

REBUILT = (IndexMissing, IndexOutdated, IndexDamaged, WrongIndexKey)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The open index of one grade."""

    grade: str
    engine: Engine


@contextmanager
def shelves(settings: Settings, session: Session) -> Iterator[list[Shelf]]:
    """Open the index of every grade the person is cleared for, and make the ones missing."""
    with ExitStack() as stack:
        opened = []
        for grade, key in _usable(settings, session).items():
            engine = _opened(settings, grade, key)
            stack.callback(engine.close)
            opened.append(Shelf(grade, engine))
        yield opened


def outdated(settings: Settings, session: Session) -> bool:
    """Whether the person holds grades for which the session has no key: cleared, or a key
    rotated, since login."""
    return any((grade, n) not in session.index_keys for grade, n in _held(settings, session))


def _usable(settings: Settings, session: Session) -> dict[str, bytes]:
    held = _held(settings, session)
    return {
        grade: key
        for (grade, generation), key in sorted(session.index_keys.items())
        if generation == NEVER_SEALED or (grade, generation) in held
    }


def _held(settings: Settings, session: Session) -> set[tuple[str, int]]:
    """The newest generation of each grade, where the person holds it."""
    ring = KeyRing(settings.root / "keys" / "grades")
    held = ring.held_by(session.name)
    newest = {grade: max(ring.generations(grade), default=0) for grade, _ in held}
    return {(grade, generation) for grade, generation in held if newest[grade] == generation}


def behind(settings: Settings, opened: list[Shelf]) -> list[Shelf]:
    """The shelves that have not followed the ledger to its end."""
    size = peek_size(settings.root / "ledger")
    return [shelf for shelf in opened if shelf.engine.applied < size]


def search(
    opened: list[Shelf],
    query: str,
    filters: Filters,
    limit: int,
    grade: str | None = None,
    in_full: bool = False,
) -> dict[str, Any]:
    """Pages that contain every part of the query, best first, of every open grade.

    `grade` narrows to one; of a grade that is not open nothing is found. Personal numbers in
    titles and snippets are masked unless `in_full`.
    """
    if grade is not None:
        opened = [shelf for shelf in opened if shelf.grade == grade]
    asked = plan(query)
    shown: Callable[[str], str] = str if in_full else masked
    merged = search_all({shelf.grade: shelf.engine for shelf in opened}, asked, filters, limit)
    hits = [
        {
            "record": result.hit.record,
            "page": result.hit.page,
            "customer": result.hit.customer,
            "dossier": result.hit.dossier,
            "type": result.hit.type,
            "grade": result.grade,
            "title": shown(result.hit.title),
            "snippet": snippet(result.hit.text, asked, shown(result.hit.text)),
            "score": round(result.hit.score, 4),
        }
        for result in merged.results
    ]
    return {"total": merged.total, "hits": hits}


def _opened(settings: Settings, grade: str, key: bytes) -> Engine:
    """Open a grade's index; one that is missing, outdated or damaged is begun anew."""
    module, name, ending = _kind(settings)
    engine: type[Engine] = getattr(importlib.import_module(module), name)
    path = settings.root / "index" / f"{grade}{ending}"
    try:
        return engine.open(path, key)
    except REBUILT:
        path.parent.mkdir(exist_ok=True)
    with _alone_in(path.parent):
        # Whoever was first may have made it by now: what looked unfinished was his.
        try:
            return engine.open(path, key)
        except IndexMissing:
            pass
        except REBUILT as error:
            # Needed once in the life of an index; every search would load them.
            import logging

            from index.rekeying import throw_away

            log = logging.getLogger("archivist")
            log.warning("the index of %s is built anew: %s", grade, error)
            # A shadow: everything in it stands in the ledger and the sealed cards.
            throw_away(path)
        return engine.open(path, key, create=True)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time makes an index; two searches may be the first at once."""
    import fcntl  # as above

    with (folder / ".making").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _kind(settings: Settings) -> tuple[str, str, str]:
    found = ENGINES.get(settings.engine)
    if found is None:
        known = ", ".join(ENGINES)
        raise BadRequest(
            f"没有名为 {settings.engine} 的检索引擎",
            f"there is no search engine {settings.engine}",
            f"archive.toml 的 [search] engine 可为：{known}",
            f"[search] engine in archive.toml may be: {known}",
        )
    return found
