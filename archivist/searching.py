"""Full text: searching what a person is cleared for.

One encrypted index for each grade and each need-to-know list, opened with a key that is derived
from the grade's or the list's own: whoever cannot open the records cannot open their index. An
uncleared grade is not filtered out of the hits, it is simply not there: asking for it by name finds
nothing, as in a grade without records.

A session outlives a clearance by hours, so its keys count only while the person holds the
newest generation. What an older key could still open is not opened.

A search that finds its indexes up to date opens neither ledger, catalogue nor vault; so
this module imports none of them. Catching up is `archivist.indexing`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archivist.config import Settings, check_in_place
from archivist.errors import BadRequest
from archivist.masking import masked
from archivist.records import grade_of
from archivist.remarks import remark
from index.analysis import plan, snippet
from index.errors import IndexDamaged, IndexMissing, IndexOutdated, WrongIndexKey
from index.merge import search_all
from storage.journal import peek_size
from storage.keys import AT_HOUSE, KeyRing

if TYPE_CHECKING:
    from index.engine import Engine, Filters
    from storage.session import Session

# Setting → (module, class, file ending). Imported by name: Whoosh costs every search
# sixty milliseconds, and only an archive that asks for it shall pay them.
ENGINES = {
    "fts5": ("index.fts5", "Fts5Engine", ".db"),
    "whoosh": ("index.whoosh_engine", "WhooshEngine", ".whoosh"),
}

NEVER_SEALED = 0  # for a generation, where an earlier version stored a grade plain

REBUILT = (IndexMissing, IndexOutdated, IndexDamaged, WrongIndexKey)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The open index of what one key seals: a grade, or those on a need-to-know list."""

    key: str
    engine: Engine

    @property
    def grade(self) -> str:
        """The grade of the records in it."""
        return grade_of(self.key)


@contextmanager
def shelves(settings: Settings, session: Session) -> Iterator[list[Shelf]]:
    """Open the index of everything the person holds a key for, and make the ones missing."""
    with ExitStack() as stack:
        opened = []
        for key_id, key in _usable(settings, session).items():
            engine = _opened(settings, key_id, key)
            stack.callback(engine.close)
            opened.append(Shelf(key_id, engine))
        yield opened


def outdated(settings: Settings, session: Session) -> bool:
    """Whether the person holds keys that the session does not know: cleared, put on a list, or a
    key rotated, since login."""
    return any(name not in session.index_keys for name in _held(settings, session))


def _usable(settings: Settings, session: Session) -> dict[str, bytes]:
    held = _held(settings, session)
    return {
        key_id: key
        for (key_id, generation), key in sorted(session.index_keys.items())
        if generation == NEVER_SEALED or (key_id, generation) in held
    }


def _held(settings: Settings, session: Session) -> set[tuple[str, int]]:
    """The newest generation of each key, where the person or the house holds it."""
    ring = KeyRing(settings.root / "keys" / "grades")
    held = [*ring.held_by(session.name), *ring.held_by(AT_HOUSE)]
    newest = {key: max(ring.generations(key), default=0) for key, _ in held}
    return {(key, generation) for key, generation in held if newest[key] == generation}


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
    merged = search_all({shelf.key: shelf.engine for shelf in opened}, asked, filters, limit)
    hits = [
        {
            "record": result.hit.record,
            "page": result.hit.page,
            "customer": result.hit.customer,
            "dossier": result.hit.dossier,
            "type": result.hit.type,
            "grade": grade_of(result.grade),
            "title": shown(result.hit.title),
            "snippet": snippet(result.hit.text, asked, shown(result.hit.text)),
            "score": round(result.hit.score, 4),
        }
        for result in merged.results
    ]
    return {"total": merged.total, "hits": hits}


def _opened(settings: Settings, key_id: str, key: bytes) -> Engine:
    """Open an index; one that is missing, outdated or damaged is begun anew."""
    module, name, ending = _kind(settings)
    engine: type[Engine] = getattr(importlib.import_module(module), name)
    path = settings.root / "index" / f"{key_id}{ending}"
    try:
        return engine.open(path, key)
    except REBUILT:
        check_in_place(settings.root)
        path.parent.mkdir(exist_ok=True)
    with _alone_in(path.parent):
        # Whoever was first may have made it by now: what looked unfinished was his.
        try:
            return engine.open(path, key)
        except IndexMissing:
            pass
        except REBUILT as error:
            # Needed once in the life of an index; every search would load them.
            from index.rekeying import throw_away

            remark("%s 的全文索引将重建：%s", "the index of %s is built anew: %s", key_id, error)
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
