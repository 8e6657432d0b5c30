"""The second full-text engine: Whoosh, all Python, for small grades without native SQLite.

The rules it keeps:

* **Same tokens, same answers** as every engine; only speed and size differ. Whoosh holds
  a whole grade in memory while it is open and rewrites it to purge: some thousand pages.
* **Everything on disk is sealed** by `index.encrypted_storage`.
* **The mark is a document.** Whoosh knows no transaction but a commit of documents, so
  the ledger position and the analysis version stand in one document of their own, which
  has no body and is thus never found.
* **One writer.** Whoosh's lock gives up at once unless told to wait.

Example:
    engine = WhooshEngine.open(Path("index/internal.whoosh"), key, create=True)
    engine.search(plan("签章"), Filters(), limit=10)
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index.analysis import (
    VERSION,
    Plan,
    bigrams,
    body_tokens,
    mark_token,
    mark_tokens,
    storable,
)
from index.encrypted_storage import EncryptedStorage
from index.engine import (
    KEY_BYTES,
    Filters,
    Found,
    Hit,
    Page,
    Stats,
    filter_tokens,
    wanted_tokens,
)
from index.errors import (
    IndexDamaged,
    IndexLocked,
    IndexMissing,
    IndexOutdated,
    IndexUnwritable,
    WrongIndexKey,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # see index.encrypted_storage
    # The first two would be loaded at the first search, outside this silence.
    import whoosh.codec.whoosh3
    import whoosh.searching  # noqa: F401
    from whoosh import fields, query
    from whoosh.analysis import SpaceSeparatedTokenizer
    from whoosh.index import FileIndex, LockError
    from whoosh.writing import SegmentWriter

SUFFIX = ".whoosh"
BUSY_SECONDS = 30.0

_KEY_CHECK = "key.seg"
_MARK = "mark"  # the key of the document that holds the mark; a page's key has a slash

# Postings beyond this are sorted in runs, which also lie in memory: the limit bounds the
# size of one sort, not the memory.
_SORT_MIB = 64


def _schema() -> Any:
    return fields.Schema(
        key=fields.ID(stored=True),
        record=fields.ID(stored=True),
        page=fields.STORED,
        customer=fields.STORED,
        dossier=fields.STORED,
        type=fields.STORED,
        title=fields.STORED,
        text=fields.STORED,
        applied=fields.STORED,
        analysis=fields.STORED,
        day=fields.NUMERIC(int),
        fld=fields.KEYWORD,
        marks=fields.KEYWORD,
        body=fields.TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=True),
    )


class WhooshEngine:
    """One grade's index; see `index.engine.Engine` for what it promises."""

    def __init__(self, storage: EncryptedStorage, where: Path) -> None:
        self._storage = storage
        self._where = where
        self._index = FileIndex(storage)
        self._searcher = self._index.searcher()

    @classmethod
    def open(cls, where: Path, key: bytes, *, create: bool = False) -> WhooshEngine:
        """Open or create `where`, a folder. Raises as `Engine.open` says."""
        assert len(key) == KEY_BYTES, "index keys are raw"
        if not create and not where.exists():
            raise IndexMissing(f"there is no index {where.name}")
        storage = EncryptedStorage(where, key)
        with _foreign(where.name):
            if create:
                _lay_out(storage, where)
            _prove(storage, where)
            if not any(name.endswith(".toc") for name in storage.sealed()):
                raise IndexDamaged(f"index {where.name} was never finished")
            engine = cls(storage, where)
            mark = engine._mark()
            if not mark:
                if not create:
                    raise IndexDamaged(f"index {where.name} was never finished")
                engine.mark_applied(0)
            elif mark["analysis"] != VERSION:
                raise IndexOutdated(f"index {where.name} was made by another analysis")
        return engine

    def _fresh(self) -> Any:
        """Return a searcher of the newest generation, keeping unchanged segments in memory."""
        self._searcher = self._searcher.refresh()
        return self._searcher

    def _mark(self) -> dict[str, Any]:
        return self._fresh().document(key=_MARK) or {}

    @property
    def applied(self) -> int:
        """The number of ledger entries this index has followed."""
        with _foreign(self._where.name):
            return int(self._mark().get("applied", 0))

    def put(self, pages: Iterable[Page], applied: int) -> None:
        """Add or replace pages and move the mark, in one commit."""
        # Whoosh replaces committed documents only: of twins in one batch the last is chosen here.
        latest = {f"{page.record}/{page.page}": page for page in pages}
        with _foreign(self._where.name), self._writing() as writer:
            searcher = self._fresh()
            for key, page in latest.items():
                writer.delete_by_term("key", key, searcher=searcher)
                writer.add_document(**_document(key, page))
            self._move_mark(writer, applied)

    def mark_applied(self, applied: int) -> None:
        """Move the mark past entries that concern no page of this index."""
        self.put((), applied)

    def _move_mark(self, writer: Any, applied: int) -> None:
        former = int(self._mark().get("applied", 0))
        writer.delete_by_term("key", _MARK, searcher=self._searcher)
        writer.add_document(key=_MARK, applied=max(former, applied), analysis=VERSION)

    def search(self, plan: Plan, filters: Filters, limit: int) -> Found:
        """Find pages, ranked by Whoosh's BM25F."""
        if not plan:
            return Found(0, ())
        with _foreign(self._where.name):
            results = self._fresh().search(_query(plan, filters), limit=max(limit, 1))
            hits = [_hit(found.fields(), found.score) for found in results]
            return Found(len(results), tuple(hits[:limit]))

    def stats(self, plan: Plan, filters: Filters) -> Stats:
        """Count pages under the filters, and for each term those that have it."""
        with _foreign(self._where.name):
            searcher = self._fresh()

            def count(some: Plan) -> int:
                return sum(1 for _ in searcher.docs_for_query(_query(some, filters)))

            every = max(searcher.doc_count() - 1, 0)  # all but the mark
            # Replaced pages stay in the sum until their segment is merged: an average.
            length = searcher.field_length("body") / max(every, 1)
            with_term = tuple(count(Plan((term,), ())) for term in plan.terms)
            pages = every if filters == Filters() else count(Plan((), ()))
            return Stats(pages, with_term, length)

    def purge(self, records: Iterable[str]) -> None:
        """Take records out and write everything else anew; the old files are removed."""
        with _foreign(self._where.name):
            with self._writing(optimize=True) as writer:
                self._storage.sweep()
                searcher = self._fresh()
                for record in records:
                    writer.delete_by_term("record", record, searcher=searcher)
            self._storage.sync()
            self._fresh()  # this process forgets the old segments as well

    def holds(self, records: Iterable[str]) -> list[str]:
        """Those of these records that have a page."""
        with _foreign(self._where.name):
            searcher = self._fresh()
            return [one for one in records if searcher.document_number(record=one) is not None]

    def check(self) -> list[str]:
        """Authenticate every file and read every page."""
        found = []
        for name in self._storage.sealed():
            try:
                self._storage.unseal(name)
            except IndexDamaged:
                found.append(f"authentication: {name} was altered")
        if not found and not self._mark():
            found.append("tables: the ledger mark is missing")
        return found

    def close(self) -> None:
        """Let go of the segments in memory."""
        if not self._searcher.is_closed:
            self._searcher.close()

    @contextmanager
    def _writing(self, *, optimize: bool = False) -> Iterator[Any]:
        writer = SegmentWriter(self._index, timeout=BUSY_SECONDS, limitmb=_SORT_MIB)
        try:
            yield writer
            writer.commit(optimize=optimize)
        except BaseException:
            # Whoosh's own cancel would first finish half-written files, which is what failed.
            writer.writelock.release()
            self._storage.destroy()
            raise


def _lay_out(storage: EncryptedStorage, where: Path) -> None:
    """Make what is missing, in an order that a crash at any point lets the next call resume."""
    where.mkdir(parents=True, exist_ok=True)
    if not storage.file_exists(_KEY_CHECK):
        storage.seal(_KEY_CHECK, b"")
    _prove(storage, where)  # never lay a table of contents under another key
    if not any(name.endswith(".toc") for name in storage.sealed()):
        FileIndex.create(storage, _schema())


def _prove(storage: EncryptedStorage, where: Path) -> None:
    try:
        storage.unseal(_KEY_CHECK)
    except FileNotFoundError:
        raise IndexDamaged(f"index {where.name} was never finished") from None
    except IndexDamaged:
        raise WrongIndexKey(f"the key does not open index {where.name}") from None


def _document(key: str, page: Page) -> dict[str, Any]:
    text = storable(page.text)
    return {
        "key": key,
        "record": page.record,
        "page": page.page,
        "customer": page.customer,
        "dossier": page.dossier,
        "type": page.type,
        "title": storable(page.title),
        "text": text,
        "day": page.day,
        "fld": " ".join(filter_tokens(page.customer, page.dossier, page.type)),
        "marks": " ".join(mark_tokens(text)),
        "body": " ".join(body_tokens(text)),
    }


def _hit(stored: dict[str, Any], score: float) -> Hit:
    return Hit(
        stored["record"],
        stored["page"],
        stored["customer"],
        stored["dossier"],
        stored["type"],
        stored["title"],
        stored["text"],
        score,
    )


def _query(plan: Plan, filters: Filters) -> Any:
    parts = [_term(term) for term in plan.terms]
    parts += [query.Term("marks", mark_token(mark)) for mark in plan.marks]
    parts += [query.Term("fld", token) for token in wanted_tokens(filters)]
    # Always a range: it also keeps the mark, which has no day, out of every count.
    parts.append(query.NumericRange("day", filters.day_from, filters.day_to))
    return query.And(parts)


def _term(term: str) -> Any:
    if len(term) == 1:
        return query.Prefix("body", term)
    return query.Phrase("body", bigrams(term))


@contextmanager
def _foreign(name: str) -> Iterator[None]:
    try:
        yield
    except LockError:
        raise IndexLocked(f"index {name} is in use by another process") from None
    except OSError as error:
        raise IndexUnwritable(f"the disk refuses index {name}") from error
