"""Clues: what a scan says about where it belongs, before the catalogue is asked.

Owns the cutting of a stack at its cover sheets (`split`), and the reading of clues from cover,
folders, file name and content (`read_clues`). It does not decide: `Clues` says which words and
numbers the catalogue should look up, and `policies.judge` decides with the answer.

Rules it keeps:
- The cover sheet belongs to no part. One blank page right behind it is its back (both sides are
  fed through a duplex scanner) and belongs to no part either. Two covers in a row leave nothing
  between them: that part is dropped and `lonely_covers` reports it.
- Folders read `customer/dossier/type`, any of the three may be missing. A file name reads
  `customer_dossier_type[_anything]`; counters such as `-2`, `(1)` or `_001` behind the type are
  no part of it.
- Content speaks on the first page that has text. A title standing on a line of its own at the
  head weighs as much as four phrases; four points recognise a type when no other comes near.
  So a regulation or a list that merely mentions papers is recognised as none of them.

    >>> from policies.policy import Policy
    >>> clues = read_clues(Facts("image/png", ".png", 1, "0" * 64), Hints(("C000001",)),
    ...                    Policy.adopt([], {}))
    >>> clues.words
    ('C000001',)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policies.facts import Cover, Facts, Hints, Order, PageFacts
from policies.identifiers import Identifier, find_identifiers

if TYPE_CHECKING:
    from policies.policy import Policy

HEAD_LINES = 6
"""How far down a title may stand: below come tables, which name other papers."""

TITLE_POINTS = 4
ENOUGH_POINTS = 4
LEAD_POINTS = 2

# What copying programs and scanners put behind a name: `-2`, `(1)`, ` - 副本`, ` copy`.
_COUNTER = re.compile(
    r"(?:[\s\-–]*\(?\d{1,4}\)?|[\s\-–]+\(?(?:副本|拷贝|copy)\)?)+$", re.IGNORECASE
)
_LIST_MARK = re.compile(r"[-–—•·*●■□◆]|[(（]?(?:\d{1,2}|[一二三四五六七八九十]{1,3})[)）、.．]")
# A title ends no sentence and opens no list; a line with these marks in it is running text.
_PROSE = re.compile(r"[。，,；;：:、《》“”\"!?！？]")
# Words the scanner adds: dates, counters. They name nobody, so they are no claim about anybody.
_NEUTRAL = re.compile(r"[\d\-.\s()]*")
_OWN_NUMBER = re.compile(r"[CDR]\d{4,}", re.IGNORECASE)
# An id of ours is recognised whatever stands around it: a clerk types `D000002-合同` as readily.
_OWN_ID = re.compile(r"[\s\-]*(?<![0-9A-Z])([CD]\d{6,})(?![0-9A-Z])[\s\-]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One document cut from a stack: the indexes of its pages, and the cover before it."""

    page_indexes: tuple[int, ...]
    cover: Cover | None = None


@dataclass(frozen=True, slots=True)
class Clues:
    """Everything a scan says about its place.

    The catalogue is asked for dossiers and customers whose id, name or registered key is one of
    `words` or equals the value of one of `identifiers`. Types are ids of document types;
    `content_types` has one when the page is recognised and several when it could be either.
    """

    order: Order | None = None
    cover: Cover | None = None
    folders: tuple[str, ...] = field(default=(), repr=False)
    folder_type: str | None = None
    name_words: tuple[str, ...] = field(default=(), repr=False)
    name_type: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    content_types: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Each word that may be an id, a customer's name or a key, once."""
        by_hand = [self.order.dossier] if self.order and self.order.dossier else []
        by_cover = [self.cover.dossier] if self.cover else []
        named = (*by_hand, *by_cover, *self.folders, *self.name_words)
        return tuple(dict.fromkeys(named))


def split(facts: Facts) -> tuple[Part, ...]:
    """The documents in a scan, in page order; at least one part, so that nothing is lost.

    Pages before the first cover are a part without cover. A defective scan is one part: its
    pages may be wrong, and cutting it would make several puzzles of one. A scan of nothing but
    covers is one part without pages, which `judge` refuses.
    """
    covers = _cover_pages(facts)
    if facts.defect is not None or not covers:
        return (Part(tuple(range(len(facts.pages)))),)
    parts = [part for part in _runs(facts, covers) if part.page_indexes]
    return tuple(parts) or (Part((), covers[max(covers)]),)


def lonely_covers(facts: Facts) -> tuple[Cover, ...]:
    """The covers that no page follows: fed twice, or their pages were left out."""
    covers = _cover_pages(facts)
    runs = _runs(facts, covers) if covers else []
    return tuple(part.cover for part in runs if part.cover and not part.page_indexes)


def _cover_pages(facts: Facts) -> dict[int, Cover]:
    covers: dict[int, Cover] = {}
    for cover in facts.covers:
        known = covers.setdefault(cover.page_index, cover)
        if (known.dossier, known.doc_type) != (cover.dossier, cover.doc_type):
            # Guessing which of two codes is meant would file by luck.
            covers[cover.page_index] = Cover(cover.page_index, "", contested=True)
    return covers


def _runs(facts: Facts, covers: dict[int, Cover]) -> list[Part]:
    starts = sorted(covers)
    first = Part(tuple(range(starts[0])))
    runs = [first] if first.page_indexes else []
    for start, end in zip(starts, [*starts[1:], len(facts.pages)], strict=True):
        pages = tuple(range(start + 1, end))
        if pages and facts.pages[pages[0]].blank:
            pages = pages[1:]
        runs.append(Part(pages, covers[start]))
    return runs


def read_clues(facts: Facts, hints: Hints, policy: Policy, cover: Cover | None = None) -> Clues:
    """The clues of one document: `facts` of its own pages, `cover` the sheet that preceded it."""
    folders = tuple(word for name in hints.folders if (word := _tidy(name)))
    folder_type: str | None = None
    if folders and (found := policy.find_type(folders[-1])):
        folder_type, folders = found.id, folders[:-1]
    name_words, name_type = _read_name(hints.stem, policy)
    identifiers = {
        (one.kind, one.value): one for page in facts.pages for one in find_identifiers(page.text)
    }
    return Clues(
        order=hints.order,
        cover=cover,
        folders=tuple(word for word in folders if not _NEUTRAL.fullmatch(word)),
        folder_type=folder_type,
        name_words=name_words,
        name_type=name_type,
        identifiers=tuple(identifiers.values()),
        content_types=recognise(facts.pages, policy),
    )


def looks_like_number(word: str) -> bool:
    """Whether a word is a number of this archive (`C000001`) or a vehicle or person number."""
    return bool(_OWN_NUMBER.fullmatch(word) or find_identifiers(word))


def _tidy(word: str) -> str:
    return unicodedata.normalize("NFKC", word).strip()


def _read_name(stem: str, policy: Policy) -> tuple[tuple[str, ...], str | None]:
    """The words before the type, and the type, of `customer_dossier_type[_anything]`."""
    apart = _OWN_ID.sub(lambda found: f"_{found[1].upper()}_", _tidy(stem))
    tokens = [word for token in apart.split("_") if (word := token.strip())]
    for start in range(len(tokens)):
        # The longest name wins: `invoice_copy` is one type, though `invoice` would do.
        for end in range(len(tokens), start, -1):
            joined = "_".join(tokens[start:end])
            bare = _COUNTER.sub("", joined)
            found = policy.find_type(joined) or (policy.find_type(bare) if bare else None)
            if found:
                return _names_in(tokens[:start]), found.id
    return _names_in(tokens), None


def _names_in(tokens: Sequence[str]) -> tuple[str, ...]:
    return tuple(token for token in tokens if not _NEUTRAL.fullmatch(token))


def recognise(pages: Sequence[PageFacts], policy: Policy) -> tuple[str, ...]:
    """The document types the first page with text reads as: one, none, or rivals in doubt."""
    text = next((page.text for page in pages if page.text.strip()), "")
    if not text:
        return ()
    points = _points(text, policy)
    best = max(points.values(), default=0)
    if best < ENOUGH_POINTS:
        return ()
    return tuple(
        doc_type
        for doc_type, mine in points.items()
        if mine >= ENOUGH_POINTS and mine > best - LEAD_POINTS
    )


def _points(text: str, policy: Policy) -> dict[str, int]:
    whole = policy.fold(text)
    points = {
        reading.doc_type: sum(phrase in whole for phrase in reading.phrases)
        for reading in policy.readings
    }
    titled = _titled(text, policy)
    if titled:
        points[titled] = points.get(titled, 0) + TITLE_POINTS
    return points


def _titled(text: str, policy: Policy) -> str | None:
    """The type whose title is the first title at the head of the page."""
    heads = [line for line in text.splitlines() if line.strip()][:HEAD_LINES]
    for line in heads:
        tidy = _tidy(line)
        if _LIST_MARK.match(tidy) or _PROSE.search(tidy):
            continue
        folded = policy.fold(tidy)
        fitting = [
            (len(title), reading.doc_type)
            for reading in policy.readings
            for title in reading.titles
            # A company's name may stand before a title, a copy mark behind it; a line that is
            # much longer is not a title.
            if title in folded
            and (folded.endswith(title) or folded.startswith(title))
            and len(folded) <= len(title) + 16
        ]
        if fitting:
            return max(fitting)[1]
    return None
