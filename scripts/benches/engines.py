"""Full-text engines side by side: bare ones, and ours behind the same few questions.

Bare FTS5 is SQLite as Python brings it, in a plain file, and gets the tokens ready made: what
the analysis, the encryption and the stored text cost shows as the distance to it. `FTS5 in
SQLCipher` keeps the rows and the text of each page as ours does, under the same cipher, and still
gets the tokens ready made: what lies between it and ours is the analysis and our own doing.
tantivy cuts the same tokens at their spaces. grep reads the pages' text, one page a line.

    for engine in engines(folder):
        engine.fill(pages, batch=200)
        engine.ask("龙鳞项目")
"""

import importlib.util
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from index.analysis import body_tokens, mark_tokens, plan
from index.engine import Filters, Page, filter_tokens
from index.fts5 import _SCHEMA, CONTAINER, Fts5Engine

SHOWN = 10
WHOOSH_PAGES = 10_000  # it holds all of them in memory, and its merging takes hours beyond


class Side(Protocol):
    """One engine with its files."""

    name: str
    place: Path

    def fill(self, pages: Sequence[Page], batch: int) -> None:
        """Put pages, so many in a transaction."""

    def ask(self, word: str) -> int:
        """Search, with the first ten pages; how many there are of those."""

    def close(self) -> None:
        """Close the files."""


def engines(folder: Path, pages: int = 0) -> Iterator[Side]:
    """Those that are here and bear so many pages, the limit first."""
    yield BareFts5(folder / "bare.db")
    yield KeptFts5(folder / "kept.db")
    yield Ours("fts5", Fts5Engine, folder / "fts5.db")
    if importlib.util.find_spec("tantivy"):
        yield Tantivy(folder / "tantivy")
    if pages <= WHOOSH_PAGES:
        from index.whoosh_engine import WhooshEngine

        yield Ours("whoosh", WhooshEngine, folder / "ours.whoosh")
    if pages and shutil.which("grep"):
        yield Grep(folder / "pages.txt")


def engines_absent() -> tuple[str, ...]:
    """What a table says of engines that are not installed."""
    here = importlib.util.find_spec("tantivy")
    return () if here else ("tantivy is not installed: left out",)


class BareFts5:
    """SQLite's FTS5, plain, with the analysis' tokens."""

    name = "bare FTS5"

    def __init__(self, place: Path) -> None:
        self.place = place
        self._db = sqlite3.connect(place, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "CREATE VIRTUAL TABLE ft USING fts5(body, marks, fld, content='', tokenize='ascii')",
        ):
            self._db.execute(statement)

    def fill(self, pages: Sequence[Page], batch: int) -> None:
        for start in range(0, len(pages), batch):
            self._db.execute("BEGIN")
            rows = (tokens_of(page) for page in pages[start : start + batch])
            self._db.executemany("INSERT INTO ft(body, marks, fld) VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")

    def ask(self, word: str) -> int:
        tokens = " ".join(body_tokens(word))
        asked = f'body:"{tokens}"'
        self._db.execute("SELECT count(*) FROM ft WHERE ft MATCH ?", (asked,)).fetchone()
        sql = "SELECT rowid FROM ft WHERE ft MATCH ? ORDER BY rowid DESC LIMIT ?"
        return len(self._db.execute(sql, (asked, SHOWN)).fetchall())

    def close(self) -> None:
        self._db.close()


class KeptFts5(BareFts5):
    """FTS5 in the archive's container, with each page's row and text beside it."""

    name = "FTS5 in SQLCipher"

    def __init__(self, place: Path) -> None:
        from sqlcipher3 import dbapi2

        self.place = place
        self._db = dbapi2.connect(str(place), isolation_level=None)
        for pragma in (f"key = \"x'{os.urandom(32).hex()}'\"", *CONTAINER):
            self._db.execute(f"PRAGMA {pragma}")
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
            self._db.execute(f"PRAGMA {pragma}")
        for statement in _SCHEMA:
            self._db.execute(statement)
        self._last = 0

    def fill(self, pages: Sequence[Page], batch: int) -> None:
        run = self._db.execute
        for start in range(0, len(pages), batch):
            run("BEGIN")
            for page in pages[start : start + batch]:
                self._last += 1
                fields = (page.record, page.page, page.customer, page.dossier, page.type, page.day)
                row = (self._last, *fields, page.title)
                run("INSERT INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
                run("INSERT INTO body VALUES (?, ?)", (self._last, page.text))
                words = "INSERT INTO ft(rowid, body, marks, fld) VALUES (?, ?, ?, ?)"
                run(words, (self._last, *tokens_of(page)))
            run("COMMIT")


@lru_cache(20_000)
def tokens_of(page: Page) -> tuple[str, str, str]:
    """What the archive's engines index of a page; asked twice it is ready made."""
    return (
        " ".join(body_tokens(page.text)),
        " ".join(mark_tokens(page.text)),
        " ".join(filter_tokens(page.customer, page.dossier, page.type)),
    )


class Ours:
    """An engine of the archive."""

    def __init__(self, name: str, kind: Any, place: Path) -> None:
        self.name, self.place = name, place
        self._engine = kind.open(place, os.urandom(32), create=True)
        self._last = 0

    def fill(self, pages: Sequence[Page], batch: int) -> None:
        for start in range(0, len(pages), batch):
            self._last += 1
            self._engine.put(pages[start : start + batch], self._last)

    def ask(self, word: str) -> int:
        return len(self._engine.search(plan(word), Filters(), SHOWN).hits)

    def close(self) -> None:
        self._engine.close()


class Tantivy:
    """tantivy with the same tokens and positions, the text kept as ours keeps it."""

    name = "tantivy"

    def __init__(self, place: Path) -> None:
        import tantivy

        self.place = place
        place.mkdir()
        fields = tantivy.SchemaBuilder()
        for name in ("body", "marks", "fld"):
            fields.add_text_field(name, stored=False, tokenizer_name="whitespace")
        fields.add_text_field("text", stored=True, tokenizer_name="raw", index_option="basic")
        self._index = tantivy.Index(fields.build(), path=str(place))
        self._writer = self._index.writer(num_threads=1)
        self._document = tantivy.Document
        self._phrase = lambda words: tantivy.Query.phrase_query(self._index.schema, "body", words)

    def fill(self, pages: Sequence[Page], batch: int) -> None:
        for start in range(0, len(pages), batch):
            for page in pages[start : start + batch]:
                body, marks, fld = tokens_of(page)
                self._writer.add_document(
                    self._document(body=body, marks=marks, fld=fld, text=page.text)
                )
            self._writer.commit()

    def ask(self, word: str) -> int:
        self._index.reload()
        return len(self._index.searcher().search(self._phrase(body_tokens(word)), SHOWN).hits)

    def close(self) -> None:
        self._writer.wait_merging_threads()


class Grep:
    """A process that reads all the text."""

    name = "grep"

    def __init__(self, place: Path) -> None:
        self.place = place

    def fill(self, pages: Sequence[Page], batch: int) -> None:
        with self.place.open("a", encoding="utf-8") as out:
            out.writelines(page.text.replace("\n", "") + "\n" for page in pages)

    def ask(self, word: str) -> int:
        words = ["grep", "-F", "-m", str(SHOWN), word, self.place]
        done = subprocess.run(words, capture_output=True, env=os.environ | {"LC_ALL": "C"})
        return len(done.stdout.splitlines())

    def close(self) -> None:
        """Nothing is open."""
