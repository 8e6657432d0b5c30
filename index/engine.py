"""The full-text port: what every engine promises, and the values that cross it.

One engine object is one open index of one secrecy grade. Which grades are open
is decided elsewhere: an engine never filters by grade, it simply does not exist
for a grade nobody here may read.

The promise, proved for every engine by tests/contract/test_fulltext_engine.py:

* `open(where, key, create=False)` opens the index at `where` with a raw key of 32
  bytes. Nothing of the texts, titles or ids lies readable in any of its files.
* `put(pages, applied)` is one transaction: after it returns, all pages are found
  and `applied` is the mark; if the process dies before, neither is so. A page
  put again under the same (record, page) replaces the former one.
* `search(plan, filters, limit)` finds exactly the pages for which
  `analysis.contains(page.text, plan)` holds and the filters agree. `total` counts
  all of them, `hits` are the best `limit`. An empty plan finds nothing.
* `stats(plan, filters)` are the figures a merge over several grades needs.
* `purge(records)` returns only when no file of the index holds a trace of these
  records any more. It may be repeated, and must be after it raised or was interrupted.
* `holds(records)` names those of them that still have a page, wherever it lies.
* `applied` is the ledger position up to which this index has followed. It only
  grows: following the same entries twice changes nothing.

A power cut may lose the last transactions, never the index's consistency: the
ledger holds what was lost and `applied` says from where to follow again.

Example:
    engine = Fts5Engine.open(folder / "secret.db", key, create=True)
    engine.put([Page("R00000001", 1, "C000001", "D000001", "contract", 20240131, "", text)], 17)
    engine.search(plan("签章"), Filters(customer="C000001"), limit=10).total
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from index.analysis import Plan

KEY_BYTES = 32
"""Engines take raw keys: a passphrase would cost a hundred milliseconds for each grade opened."""

RANKED_PAGES = 2_000
"""Beyond this many matches an engine may show the newest pages and score none: what is found on
thousands of pages distinguishes none of them, and scoring them all is the slow part."""


@dataclass(frozen=True)
class Page:
    """One page as the ledger's follower hands it in; `page` counts from 1, `day` is yyyymmdd."""

    record: str
    page: int
    customer: str
    dossier: str
    type: str
    day: int
    title: str
    text: str


@dataclass(frozen=True)
class Filters:
    """Which pages may be found at all; None leaves a field open, the days are inclusive."""

    customer: str | None = None
    dossier: str | None = None
    type: str | None = None
    day_from: int | None = None
    day_to: int | None = None


ANYTHING = Filters()


@dataclass(frozen=True)
class Hit:
    """A page found. A higher score is better; scores compare within one engine only."""

    record: str
    page: int
    customer: str
    dossier: str
    type: str
    title: str
    text: str
    score: float


@dataclass(frozen=True)
class Found:
    """The exact number of matching pages, and the best of them in order."""

    total: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class Stats:
    """What BM25 asks for, over the pages that pass the filters.

    `with_term[i]` is how many of `pages` have the plan's term `i`; `length` is the
    average number of characters in a page's stream, which need not be exact.
    """

    pages: int
    with_term: tuple[int, ...]
    length: float


class Engine(Protocol):
    """One open index of one grade; see the module's promise."""

    @classmethod
    def open(cls, where: Path, key: bytes, *, create: bool = False) -> Engine:
        """Open the index at `where`; with `create`, make it when there is none.

        Raises IndexMissing, WrongIndexKey, IndexOutdated, IndexDamaged, IndexLocked
        or IndexUnwritable.
        """

    @property
    def applied(self) -> int:
        """The number of ledger entries this index has followed; 0 for a new one."""

    def put(self, pages: Iterable[Page], applied: int) -> None:
        """Add or replace pages and move the mark to `applied`, all or nothing."""

    def mark_applied(self, applied: int) -> None:
        """Move the mark past entries that concern no page of this index."""

    def search(self, plan: Plan, filters: Filters, limit: int) -> Found:
        """Find pages; an empty plan finds nothing."""

    def stats(self, plan: Plan, filters: Filters) -> Stats:
        """Count for a merge what `search` would weigh."""

    def purge(self, records: Iterable[str]) -> None:
        """Take all pages of these records out and return when the files are clean of them."""

    def holds(self, records: Iterable[str]) -> list[str]:
        """Those of these records that have a page in the index."""

    def check(self) -> list[str]:
        """Read the whole index and return what is wrong with it; empty when it is sound."""

    def close(self) -> None:
        """Let go of files and locks. The engine is unusable afterwards."""


def filter_tokens(customer: str, dossier: str, type: str) -> list[str]:
    """Return the tokens by which an engine intersects filters with postings.

    Hexadecimal, so that any id or Chinese type name survives any tokenizer
    unchanged and two different ones never share a token.
    """
    return [_field_token(*pair) for pair in zip("cdt", (customer, dossier, type), strict=True)]


def wanted_tokens(filters: Filters) -> list[str]:
    """Return the filter tokens a page must have to pass `filters` (days excepted)."""
    fields = (("c", filters.customer), ("d", filters.dossier), ("t", filters.type))
    return [_field_token(kind, value) for kind, value in fields if value is not None]


@lru_cache(1024)  # the pages of one record have the same
def _field_token(kind: str, value: str) -> str:
    return kind + value.encode("utf-8", "replace").hex()
