"""The default full-text engine: SQLite FTS5 inside one SQLCipher file per grade.

The rules it keeps:

* **Everything on disk is ciphertext**: database, write-ahead log and journal through
  SQLCipher with a raw key; temporary structures stay in memory.
* **The tokens are ours.** FTS5 receives the analysis' tokens joined by spaces and cuts
  them with its `ascii` tokenizer, which takes every non-ASCII character as it is.
  (`unicode61` carries its own, older list of what is a letter.)
* **Contentless.** FTS5 keeps no copy of the text; to take a page out, the very same
  tokens are replayed from the stored text. Hence the analysis version in `meta` and
  the refusal to open an index of another one: a wrong replay corrupts the postings.
* **synchronous=NORMAL.** A killed process loses nothing; a power cut may lose the last
  transactions, and the ledger replays them from `applied`. A shadow needs no more.
* **What a search weighs is counted when it is put.** `meta` holds the number of pages and of
  characters, each moved in the transaction that moves the pages. Counting them in a search
  would read and decrypt a whole index of the table, in every grade.
* **Destroyed is destroyed.** SQLite overwrites freed space, `purge` rewrites all postings and
  empties the write-ahead log; without any one of the three, terms or texts stay readable
  to the key. FTS5's own secure-delete removes replaced texts meanwhile.

Example:
    engine = Fts5Engine.open(Path("index/internal.db"), key)
    engine.search(plan("签章"), Filters(), limit=10)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlite

from index.analysis import (
    VERSION,
    PageTokens,
    Plan,
    bigrams,
    fold,
    mark_token,
    page_tokens,
    storable,
)
from index.engine import (
    KEY_BYTES,
    RANKED_PAGES,
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
    ShadowError,
    WrongIndexKey,
)

SUFFIX = ".db"
BUSY_SECONDS = 10.0

# Small pages: one that is filed alone changes a dozen of them, each sealed anew. FTS5's own leaves
# must fit, or each of them takes two. Processors hash SHA-256 by themselves, three times as fast
# as SHA-512, which is SQLCipher's habit.
_PAGE_BYTES = 4096
_LEAF_BYTES = 3900
_LOG_PAGES = 4000  # 16 MiB between two flushes of the disk
CONTAINER = (f"cipher_page_size = {_PAGE_BYTES}", "cipher_hmac_algorithm = HMAC_SHA256")
"""What the stock cipher must be told, beside the key, to open an index."""

_SCHEMA = (
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    # Narrow on purpose: the days of thousands of matches are read from few disk pages. The
    # texts, which only shown hits need, stand apart.
    "CREATE TABLE page(id INTEGER PRIMARY KEY, record TEXT, page INTEGER, customer TEXT,"
    " dossier TEXT, type TEXT, day INTEGER, title TEXT)",
    "CREATE UNIQUE INDEX page_key ON page(record, page)",
    "CREATE TABLE body(id INTEGER PRIMARY KEY, text TEXT)",
    "CREATE VIRTUAL TABLE ft USING fts5(body, marks, fld, content='', tokenize='ascii')",
)
_ROW = "INSERT INTO page VALUES(?, ?, ?, ?, ?, ?, ?, ?)"
_SECURE_DELETE = "INSERT INTO ft(ft, rank) VALUES('secure-delete', ?)"

_TOGETHER = 200  # pages analysed before the first is indexed: some megabytes of tokens

_Scored = list[tuple[int, float]]  # page numbers with their scores, the best first
_Moved = tuple[int, int]  # by so many pages and characters the index grew


class Fts5Engine:
    """One grade's index; see `index.engine.Engine` for what it promises."""

    def __init__(self, connection: Any, where: Path) -> None:
        self._db = connection
        self._where = where

    @classmethod
    def open(cls, where: Path, key: bytes, *, create: bool = False) -> Fts5Engine:
        """Open or create `where`, a database file. Raises as `Engine.open` says."""
        assert len(key) == KEY_BYTES, "index keys are raw"
        if not create and not where.exists():
            raise IndexMissing(f"there is no index {where.name}")
        try:
            # Autocommit: transactions are written out below, so that none begins unseen.
            connection = sqlite.connect(str(where), timeout=BUSY_SECONDS, isolation_level=None)
        except sqlite.Error as error:
            raise IndexUnwritable(f"cannot open index {where.name}") from error
        engine = cls(connection, where)
        try:
            engine._unlock(key)
            engine._recognise(create)
        except BaseException:
            connection.close()
            raise
        return engine

    def _unlock(self, key: bytes) -> None:
        run = self._db.execute
        run("PRAGMA cipher_log_level = NONE")  # its log goes to the terminal otherwise
        run(f"PRAGMA key = \"x'{key.hex()}'\"")
        for pragma in CONTAINER:
            run(f"PRAGMA {pragma}")
        try:
            run("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite.DatabaseError as error:
            if isinstance(error, sqlite.OperationalError):
                raise _translated(error, self._where.name) from error
            # The first page proves the key. Altered, it looks the same as a wrong one.
            raise WrongIndexKey(f"the key does not open index {self._where.name}") from error
        # The first is SQLCipher's habit for encrypted files; said here because purge relies on it.
        for pragma in ("secure_delete = ON", "synchronous = NORMAL", "temp_store = MEMORY"):
            run(f"PRAGMA {pragma}")
        run("PRAGMA trusted_schema = OFF")
        run("PRAGMA cache_size = -16384")
        run(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")

    def _recognise(self, create: bool) -> None:
        with self._foreign():
            known = self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone()
            if not known:
                if not create:
                    # Killed while it was being made: the schema is committed as one.
                    raise IndexDamaged(f"index {self._where.name} was never finished")
                self._lay_out()
            version = self._meta("analysis")
        if version != VERSION:
            raise IndexOutdated(f"index {self._where.name} was made by another analysis")

    def _lay_out(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        with self._transaction():
            # Somebody else may have been quicker between the look and the lock.
            if self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone():
                return
            for statement in _SCHEMA:
                self._db.execute(statement)
            self._db.execute(_SECURE_DELETE, (1,))
            self._db.execute("INSERT INTO ft(ft, rank) VALUES('pgsz', ?)", (_LEAF_BYTES,))
            rows = (("analysis", VERSION), ("applied", 0), ("characters", 0), ("pages", 0))
            self._db.executemany("INSERT INTO meta VALUES(?, ?)", rows)

    def _meta(self, name: str) -> Any:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row and row[0]

    @property
    def applied(self) -> int:
        """The number of ledger entries this index has followed."""
        with self._foreign():
            return int(self._meta("applied"))

    def put(self, pages: Iterable[Page], applied: int) -> None:
        """Add or replace pages and move the mark, in one transaction."""
        with self._foreign(), self._transaction():
            coming = iter(pages)
            while some := list(islice(coming, _TOGETHER)):
                self._put_some(some)
            self._move_mark(applied)

    def mark_applied(self, applied: int) -> None:
        """Move the mark past entries that concern no page of this index."""
        with self._foreign(), self._transaction():
            self._move_mark(applied)

    def _move_mark(self, applied: int) -> None:
        # max(): of two followers the slower one must not send the index back.
        self._db.execute("UPDATE meta SET value = max(value, ?) WHERE name = 'applied'", (applied,))

    def _put_some(self, pages: Iterable[Page]) -> None:
        # All of them are analysed before the first is handed on. FTS5's table of terms fills the
        # processor's caches, and an analysis between two pages finds them emptied each time:
        # it then takes four times as long.
        latest = {(page.record, page.page): page for page in pages}.values()
        texts = [storable(page.text) for page in latest]
        tokens = [page_tokens(text) for text in texts]
        numbers, moved = [], [(1, one.length) for one in tokens]
        for page in latest:
            number, out = self._place(page)
            numbers.append(number)
            moved.append(out)
        fill = self._db.executemany
        fill("INSERT INTO body VALUES(?, ?)", zip(numbers, texts, strict=True))
        fill(
            "INSERT INTO ft(rowid, body, marks, fld) VALUES(?, ?, ?, ?)",
            (
                (number, *_columns(one, page.customer, page.dossier, page.type))
                for number, one, page in zip(numbers, tokens, latest, strict=True)
            ),
        )
        self._move_figures(moved)

    def _place(self, page: Page) -> tuple[int, _Moved]:
        """Write a page's row, and take out what the index had under its name; its number stays."""
        fields = (page.customer, page.dossier, page.type, page.day, storable(page.title))
        row = (page.record, page.page, *fields)
        placed = self._db.execute(_ROW + " ON CONFLICT(record, page) DO NOTHING", (None, *row))
        if placed.rowcount:
            return placed.lastrowid, (0, 0)
        (known,) = self._rows("WHERE record = ? AND page = ?", row[:2])
        moved = self._take_out(known)
        self._db.execute(_ROW, (known[0], *row))
        return known[0], moved

    def _rows(self, where: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        return self._db.execute(  # type: ignore[no-any-return]
            "SELECT id, text, customer, dossier, type FROM page JOIN body USING(id) " + where,  # noqa: S608
            values,
        ).fetchall()

    def _take_out(self, row: tuple[Any, ...]) -> _Moved:
        number, text, *fields = row
        tokens = page_tokens(text)
        self._db.execute(
            "INSERT INTO ft(ft, rowid, body, marks, fld) VALUES('delete', ?, ?, ?, ?)",
            (number, *_columns(tokens, *fields)),
        )
        self._db.execute("DELETE FROM body WHERE id = ?", (number,))
        self._db.execute("DELETE FROM page WHERE id = ?", (number,))
        return -1, -tokens.length

    def _move_figures(self, moves: Iterable[_Moved]) -> None:
        pages, characters = _sum(moves)
        moved = ((pages, "pages"), (characters, "characters"))
        self._db.executemany("UPDATE meta SET value = value + ? WHERE name = ?", moved)

    def search(self, plan: Plan, filters: Filters, limit: int) -> Found:
        """Find pages; newest first beyond RANKED_PAGES matches and for single characters."""
        if not plan:
            return Found(0, ())
        match = _match(plan, filters)
        # For one character FTS5 merges the postings of all bigrams that start with it, anew in
        # each pass, and counting, ranking and choosing are four passes. One must do.
        single = any(len(term) == 1 for term in plan.terms)
        # One snapshot: a page purged between being counted and being fetched would be missing.
        with self._foreign(), self._transaction("DEFERRED"):
            if single:
                best = self._newest(match, filters)
                total = len(best)
            else:
                total = self._count(match, filters)
                ranked = total <= RANKED_PAGES
                best = (self._ranked if ranked else self._newest)(match, filters, limit)
            # The texts are fetched for the chosen few only; sorting must not carry them along.
            hits = [self._hit(number, score) for number, score in best[:limit]]
        return Found(total, tuple(hits))

    def _newest(self, match: str, filters: Filters, limit: int = -1) -> _Scored:
        inner, values = _matching("ft.rowid, 0.0", match, filters)
        query = inner + " ORDER BY ft.rowid DESC LIMIT ?"
        return self._db.execute(query, (*values, limit)).fetchall()  # type: ignore[no-any-return]

    def _ranked(self, match: str, filters: Filters, limit: int) -> _Scored:
        inner, values = _matching("ft.rowid, -bm25(ft, 1.0, 0.0, 0.0)", match, filters)
        query = inner + " ORDER BY 2 DESC, 1 DESC LIMIT ?"
        return self._db.execute(query, (*values, limit)).fetchall()  # type: ignore[no-any-return]

    def _hit(self, number: int, score: float) -> Hit:
        row = self._db.execute(
            "SELECT record, page, customer, dossier, type, title, text, ?"
            " FROM page JOIN body USING(id) WHERE id = ?",
            (score, number),
        ).fetchone()
        return Hit(*row)

    def stats(self, plan: Plan, filters: Filters) -> Stats:
        """Count pages under the filters, and for each term those that have it."""
        with self._foreign(), self._transaction("DEFERRED"):
            every = self._meta("pages")
            counts = [
                self._count(_match(Plan((term,), ()), filters), filters) for term in plan.terms
            ]
            pages = every if filters == Filters() else self._count_filtered(filters)
            return Stats(pages, tuple(counts), self._meta("characters") / max(every, 1))

    def _count(self, match: str, filters: Filters) -> int:
        query, values = _matching("count(*)", match, filters)
        return int(self._db.execute(query, values).fetchone()[0])

    def _count_filtered(self, filters: Filters) -> int:
        match = _match(Plan((), ()), filters)
        if match:
            return self._count(match, filters)
        condition, values = _days(filters)
        query = "SELECT count(*) FROM page WHERE 1" + condition  # noqa: S608
        return int(self._db.execute(query, values).fetchone()[0])

    def purge(self, records: Iterable[str]) -> None:
        """Take records out and clean the files. Raises IndexLocked when a reader prevents it:

        the pages are then no longer found, but old bytes remain until `purge` is repeated.
        """
        with self._foreign():
            with self._transaction():
                # In-place deletion leaves, in FTS5's index of its own leaves, prefixes of terms,
                # and optimizing does nothing to an index of one segment. So here deletions are
                # written as a segment of their own, which the others must be merged with.
                self._db.execute(_SECURE_DELETE, (0,))
                self._move_figures(
                    self._take_out(row)
                    for record in records
                    for row in self._rows("WHERE record = ?", (record,))
                )
                self._db.execute("INSERT INTO ft(ft) VALUES('optimize')")
                self._db.execute(_SECURE_DELETE, (1,))
            busy, _, _ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise IndexLocked(
                f"index {self._where.name} is being read; its old pages are not yet overwritten"
            )

    def holds(self, records: Iterable[str]) -> list[str]:
        """Those of these records that have a page."""
        with self._foreign():
            return [
                record
                for record in records
                if self._db.execute("SELECT 1 FROM page WHERE record = ?", (record,)).fetchone()
            ]

    def check(self) -> list[str]:
        """Authenticate every database page and compare the tables with one another."""
        return [
            *self._trial("authentication", lambda: self._column("PRAGMA cipher_integrity_check")),
            *self._trial("structure", lambda: self._quick_check()),
            *self._trial("postings", self._check_postings),
            *self._trial("tables", self._check_tables),
        ]

    def _trial(self, name: str, look: Callable[[], list[str]]) -> list[str]:
        try:
            return [f"{name}: {found}" for found in look()]
        except sqlite.DatabaseError:
            return [f"{name}: cannot be read"]

    def _column(self, query: str) -> list[str]:
        return [str(row[0]) for row in self._db.execute(query).fetchall()]

    def _quick_check(self) -> list[str]:
        return [line for line in self._column("PRAGMA quick_check") if line != "ok"]

    def _check_postings(self) -> list[str]:
        self._db.execute("INSERT INTO ft(ft) VALUES('integrity-check')")
        return []

    def _check_tables(self) -> list[str]:
        ids = [self._column(f"SELECT id FROM {name} ORDER BY id") for name in _ID_TABLES]  # noqa: S608
        length = sum(len(fold(text)) for text in self._column("SELECT text FROM body"))
        found = [] if ids[0] == ids[1] == ids[2] else ["pages, texts and postings disagree"]
        if length != self._meta("characters"):
            found.append("miscounted characters")
        if len(ids[0]) != self._meta("pages"):
            found.append("miscounted pages")
        return found

    def close(self) -> None:
        """Close the file; the last one to do so folds the write-ahead log into it."""
        self._db.close()

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        # IMMEDIATE for writers: a page's old tokens are read before they are replayed, so nobody
        # may write between the two.
        self._db.execute(f"BEGIN {kind}")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # a full disk has rolled back already
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _foreign(self) -> Iterator[None]:
        try:
            yield
        except sqlite.Error as error:
            raise _translated(error, self._where.name) from None


_ID_TABLES = ("page", "body", "ft_docsize")


def _columns(tokens: PageTokens, customer: str, dossier: str, type_: str) -> tuple[str, str, str]:
    """Return what FTS5 indexes for a page: body, marks and filter tokens."""
    return tokens.body, tokens.marks, " ".join(filter_tokens(customer, dossier, type_))


def _sum(moves: Iterable[_Moved]) -> _Moved:
    pages = characters = 0
    for more_pages, more_characters in moves:
        pages += more_pages
        characters += more_characters
    return pages, characters


def _match(plan: Plan, filters: Filters) -> str:
    """Return the FTS5 expression. Tokens are letters, digits or hexadecimal: nothing to escape."""
    parts = [f'body:"{" ".join(bigrams(t))}"' if len(t) > 1 else f'body:"{t}"*' for t in plan.terms]
    parts += [f'marks:"{mark_token(mark)}"' for mark in plan.marks]
    parts += [f'fld:"{token}"' for token in wanted_tokens(filters)]
    return " AND ".join(parts)


def _matching(what: str, match: str, filters: Filters) -> tuple[str, tuple[object, ...]]:
    condition, days = _days(filters)
    join = " JOIN page ON page.id = ft.rowid" if days else ""
    return f"SELECT {what} FROM ft{join} WHERE ft MATCH ?{condition}", (match, *days)  # noqa: S608


def _days(filters: Filters) -> tuple[str, tuple[int, ...]]:
    bounds = (("AND page.day >= ?", filters.day_from), ("AND page.day <= ?", filters.day_to))
    given = [(condition, day) for condition, day in bounds if day is not None]
    return "".join(f" {condition}" for condition, _ in given), tuple(day for _, day in given)


def _translated(error: Exception, name: str) -> ShadowError:
    """Turn SQLite's error into ours. Its own words stay out: they may quote a query."""
    words = str(error)
    if "locked" in words or "busy" in words:
        return IndexLocked(f"index {name} is in use by another process")
    if any(word in words for word in ("full", "readonly", "unable to open", "disk I/O")):
        return IndexUnwritable(f"the disk refuses to write index {name}")
    return IndexDamaged(f"index {name} cannot be read")
