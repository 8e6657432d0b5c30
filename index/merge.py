"""Joins what several grades' indexes find into one list, as if they were one index.

Scores of two engines cannot be compared: the same word is rare in one grade and
common in another. So every grade gives its best pages, and all of them are scored
again from their text with one set of figures.

The rules it keeps:

* **Only the engines given count.** The figures are summed over exactly these grades.
  A word's frequency in a grade that the reader is not cleared for would otherwise show
  in the scores of pages she may see.
* **The order is a function of the pages.** Equal scores are settled by record, page
  and grade, so the same question has the same answer on every machine.

The score is Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance
Framework", 2009, section 3.4) with k1 = 1.2, b = 0.75 and an idf that is never negative.

Example:
    merged = search_all({"internal": a, "secret": b}, plan("签章"), Filters(), limit=10)
    for result in merged.results:
        print(result.grade, result.hit.record, result.hit.page)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from index.analysis import Plan, fold
from index.engine import Engine, Filters, Found, Hit, Stats

POOLED_HITS = 30
"""Each grade contributes this many, or the limit when that is more: a page that its own
grade's figures place a little too low still gets into the pool."""

_K1 = 1.2
_B = 0.75


@dataclass(frozen=True)
class Result:
    """A page found, in which grade; `hit.score` compares within one `Merged`."""

    grade: str
    hit: Hit


@dataclass(frozen=True)
class Merged:
    """The exact number of matching pages in all grades, and the best of them in order."""

    total: int
    results: tuple[Result, ...]


def search_all(engines: Mapping[str, Engine], plan: Plan, filters: Filters, limit: int) -> Merged:
    """Search every engine given and return the best `limit` pages of all.

    `engines` maps a grade's name to its open index. Raises what the engines raise.
    """
    found = {
        grade: engine.search(plan, filters, max(limit, POOLED_HITS))
        for grade, engine in engines.items()
    }
    total = sum(one.total for one in found.values())
    if not total:
        return Merged(0, ())
    whole = summed([_stats(engines[grade], plan, filters, one) for grade, one in found.items()])
    pool = [
        Result(grade, replace(hit, score=score(hit.text, plan, whole)))
        for grade, one in found.items()
        for hit in one.hits
    ]
    pool.sort(key=lambda r: (-r.hit.score, r.hit.record, r.hit.page, r.grade))
    return Merged(total, tuple(pool[:limit]))


def _stats(engine: Engine, plan: Plan, filters: Filters, found: Found) -> Stats:
    if len(plan.terms) != 1 or plan.marks:
        return engine.stats(plan, filters)
    # The pages that have the only term are those just found; counting them again would double
    # the cost of the commonest queries.
    return replace(engine.stats(Plan((), ()), filters), with_term=(found.total,))


def summed(several: Sequence[Stats]) -> Stats:
    """Return the figures of all these indexes taken as one."""
    pages = sum(stats.pages for stats in several)
    columns = zip(*(stats.with_term for stats in several), strict=True)
    characters = sum(stats.length * stats.pages for stats in several)
    return Stats(pages, tuple(sum(column) for column in columns), characters / max(pages, 1))


def score(text: str, plan: Plan, stats: Stats) -> float:
    """Return the BM25 score of a page; 0.0 for a plan of marks only."""
    run = fold(text)
    weight = _K1 * (1 - _B + _B * len(run) / max(stats.length, 1.0))
    points = 0.0
    for term, having in zip(plan.terms, stats.with_term, strict=True):
        times = run.count(term)
        rarity = math.log(1 + (stats.pages - having + 0.5) / (having + 0.5))
        points += rarity * times * (_K1 + 1) / (times + weight)
    return points
