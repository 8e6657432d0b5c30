"""Turns page texts and queries into the tokens that every full-text engine indexes.

A records clerk types what she sees on the paper: half a name, the last digits
of a phone number, a phrase that the scan breaks over two lines, in either
script. So a page is not cut into words. It is one *stream* of letters and
digits, and a query finds a page exactly when its own stream is contained in it.

The rules it keeps:

* **Character by character.** `fold(a + b) == fold(a) + fold(b)` for all texts.
  Whoever cuts a piece out of a page, anywhere, gets a piece of its stream. That
  is why combining marks are dropped rather than composed (é is e), and why the
  Simplified and Traditional forms meet through a table of characters, not
  through a converter that looks at the context.
* **Nothing visible is lost.** What is neither letter nor digit leaves the stream
  but is noted in the page's *marks*, so a query of nothing but punctuation still
  finds its pages. White space and line breaks are dropped without a trace.
* **Tokens are the stream's bigrams and its last character.** Every character
  thus starts a token: one character is a prefix query, more are a phrase.
* **VERSION is stamped in every index.** The tokens of a page must come out the
  same when it is taken out again, or the index is corrupted.

Example:
    >>> fold("統一社會\\n信用代碼：91440300MA5FK")
    '统一社会信用代码91440300ma5fk'
    >>> snippet("甲方：張\\n三豐（簽章）", plan("张三丰"), around=2)
    '…方：**張三豐**（簽…'
"""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

FOLD_EDITION = 1
"""Raised whenever the rules of this module or the fold table change."""

VERSION = f"{FOLD_EDITION}/{unicodedata.unidata_version}"
"""Analysis edition and Unicode edition: a newer Python knows letters that an older one does not,
and then the same page has other tokens."""

MAX_TERMS = 64
"""A query of more distinct pieces keeps its longest ones: FTS5 refuses very deep expressions,
and sixty pieces already single out a page."""


# Han ideographs that no normalization touches. A cold search meets hundreds of different ones,
# and taking them straight to the table halves what it spends on folding.
_PLAIN = range(0x4E00, 0xA000)

# Code points as an array of numbers holds them.
_CODES = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"

_SURROGATE = re.compile("[\ud800-\udfff]")


def _fold_table() -> dict[str, str]:
    lines = Path(__file__).with_name("fold.txt").read_text(encoding="utf-8").split()
    return {char: line[0] for line in lines for char in line[1:]}


_ONE_SCRIPT = _fold_table()


def _is_letter(char: str) -> bool:
    # Private-use characters are how older Chinese systems write rare names, and the two
    # ideographic planes hold letters that this Unicode edition may not have assigned yet.
    category = unicodedata.category(char)
    return category[0] in "LN" or category == "Co" or 0x20000 <= ord(char) < 0x40000


def _decompose(code: int) -> str:
    # A lone surrogate (broken PDFs produce them) cannot be written to any file; engines store it
    # as U+FFFD, so it must count as U+FFFD here too or taking the page out would miss its token.
    char = storable(chr(code))
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())


class _Letters(dict[int, str]):
    """What a character contributes to the stream; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        if code in _PLAIN:
            kept = _ONE_SCRIPT.get(chr(code), chr(code))
        else:
            kept = "".join(_ONE_SCRIPT.get(c, c) for c in _decompose(code) if _is_letter(c))
        self[code] = kept
        return kept


class _Marks(dict[int, str]):
    """What a character contributes to the marks; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        kept = ""
        if code not in _PLAIN:
            kept = "".join(c for c in _decompose(code) if not _is_letter(c) and not c.isspace())
        self[code] = kept
        return kept


_LETTERS = _Letters()
_MARKS = _Marks()


@dataclass(frozen=True, slots=True)
class Stream:
    """A text's letters and digits, folded, and where each came from.

    `at[i]` is the position in the original text of the character that yielded
    `text[i]`; several may share one, as ㈱ yields (株) and ½ yields 1 and 2.
    """

    text: str
    at: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a page must have to be found: all these terms in its stream, all these marks.

    Terms are folded and non-empty, and none is contained in another. A plan
    without terms and marks asks for nothing and finds nothing.
    """

    terms: tuple[str, ...]
    marks: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.terms or self.marks)


def storable(text: str) -> str:
    """Return `text` with lone surrogates replaced, as engines must store it."""
    try:
        text.encode()  # all but a few texts pass, five times as fast as they are searched
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def fold(text: str) -> str:
    """Return the stream of `text`: its letters and digits, in one case, width and script."""
    return text.translate(_LETTERS)


def stream(text: str) -> Stream:
    """Return the stream of `text` together with the way back to the original characters."""
    pieces = [_LETTERS[ord(char)] for char in text]
    at = [i for i, piece in enumerate(pieces) for _ in piece]
    return Stream("".join(pieces), tuple(at))


def marks(text: str) -> frozenset[str]:
    """Return the distinct visible characters of `text` that are not in its stream."""
    return frozenset(text.translate(_MARKS))


def bigrams(run: str) -> list[str]:
    """Return the overlapping character pairs of a folded run; a run of one character has none."""
    return [a + b for a, b in pairwise(run)]


def body_tokens(text: str) -> list[str]:
    """Return a page's positional tokens: the bigrams of its stream, then its last character."""
    run = fold(text)
    return [*bigrams(run), run[-1:]] if run else []


def mark_tokens(text: str) -> list[str]:
    """Return a page's mark tokens, sorted: `m` and the code point in hexadecimal."""
    return [mark_token(mark) for mark in sorted(marks(text))]


def mark_token(mark: str) -> str:
    """Return the token for one mark. Hexadecimal, because no tokenizer keeps a full stop."""
    return f"m{ord(mark):x}"


@dataclass(frozen=True, slots=True)
class PageTokens:
    """All tokens of a page, spelt as FTS5 takes them: joined by spaces.

    `body` are the `body_tokens`, `marks` the `mark_tokens`, `length` that of the stream.
    """

    body: str
    marks: str
    length: int


def page_tokens(text: str) -> PageTokens:
    """Return what an index is given of a page: the tokens as ever, in a tenth of the time.

    Most of a page is what stands for itself. So only what does not is looked up, each such
    character once, and is exchanged everywhere at once. What it is exchanged for stands for itself
    again, whence the order does not matter.
    """
    changing = set(_changing().findall(text))
    run = text
    for char in changing:
        run = run.replace(char, _LETTERS[ord(char)])
    found = sorted({mark for char in changing for mark in _MARKS[ord(char)]})
    return PageTokens(_spelt(run), " ".join(map(mark_token, found)), len(run))


@cache
def _changing() -> re.Pattern[str]:
    """Matches every character but digits, small letters and ideographs that stand for themselves.

    Made when the first page comes: it takes longer than a search has.
    """
    changed = sorted(ord(char) for char in _ONE_SCRIPT if ord(char) in _PLAIN)
    edges = [_PLAIN.start - 1, *changed, _PLAIN.stop]
    kept = "".join(f"{chr(a + 1)}-{chr(b - 1)}" for a, b in pairwise(edges) if b - a > 1)
    return re.compile(f"[^0-9a-z{kept}]")


def _spelt(run: str) -> str:
    """Return `" ".join(bigrams(run))` with the last character behind, laid out as code points."""
    if not run:
        return ""
    codes = array("I", run.encode(_CODES))
    spelt = array("I", (ord(" "),)) * (3 * len(codes) - 2)
    spelt[0::3] = codes
    spelt[1::3] = codes[1:]
    return spelt.tobytes().decode(_CODES)


def plan(query: str) -> Plan:
    """Turn what somebody typed into what a page must have.

    White space separates runs that may stand anywhere on the page; double quotes
    hold a run together. A run of letters ignores the punctuation in it, since a
    reader cannot tell which of several dashes the page uses; a run of nothing but
    punctuation asks for just these marks.
    """
    runs = [(fold(run), marks(run)) for run in _runs(query)]
    wanted = {mark for letters, found in runs if not letters for mark in found}
    terms = _needed(letters for letters, _ in runs if letters)
    if not terms and not wanted:
        wanted = set(marks(query))  # nothing but quotation marks: then they are what is sought
    return Plan(terms, tuple(sorted(wanted)))


def _runs(query: str) -> Iterator[str]:
    # An odd piece is inside quotes. A quotation mark that is simply part of the copied text
    # does no harm: a piece held together by mistake is still a piece of that page's stream.
    for i, piece in enumerate(query.split('"')):
        yield from (piece,) if i % 2 else piece.split()


def _needed(terms: Iterable[str]) -> tuple[str, ...]:
    """Return distinct terms, longest first, without those that another one implies."""
    kept: list[str] = []
    for term in sorted(set(terms), key=lambda term: (-len(term), term)):
        if len(kept) < MAX_TERMS and not any(term in longer for longer in kept):
            kept.append(term)
    return tuple(kept)


def contains(text: str, wanted: Plan) -> bool:
    """Tell whether a page with this text is found by the plan; the definition engines obey."""
    if not wanted:
        return False
    run = fold(text)
    return all(term in run for term in wanted.terms) and marks(text).issuperset(wanted.marks)


def snippet(text: str, wanted: Plan, seen: str | None = None, *, around: int = 24) -> str:
    """Return one line of the original text about the plan's rarest match, matches in `**…**`.

    `around` counts original characters on each side. The longest term stands for
    the rarest. Cut ends show `…`; line breaks inside Chinese text are closed up,
    elsewhere they become a space. Without a match it is the text's first words.

    `seen` is what is shown of `text`, character for character, where that is not all of it.
    """
    seen = text if seen is None else seen
    assert len(seen) == len(text), "a mask moves nothing"
    spans = _spans(text, wanted)
    first = next(spans, (0, 0))
    start, end = max(0, first[0] - around), min(len(text), first[1] + around)
    inside = sorted({first, *((s, e) for s, e in spans if start <= s and e <= end)})
    shown = _on_one_line(seen[start:end])
    for s, e in _joined([(s, _past_hidden(shown, e - start) + start) for s, e in inside]):
        if s < e:
            shown[s - start] = "**" + shown[s - start]
            shown[e - start - 1] += "**"
    return "".join(["…" if start else "", *shown, "…" if end < len(text) else ""])


def _spans(text: str, wanted: Plan) -> Iterator[tuple[int, int]]:
    """Yield where the plan matches the original text, the longest term's first match first."""
    flow = stream(text)
    for term in wanted.terms:
        found = flow.text.find(term)
        while found >= 0:
            end = flow.at[found + len(term) - 1] + 1
            while end < len(text) and unicodedata.combining(text[end]):
                end += 1  # an accent belongs to the letter it sits on
            yield flow.at[found], end
            found = flow.text.find(term, found + 1)
    needles = set(wanted.marks)
    if needles:
        yield from ((i, i + 1) for i, c in enumerate(text) if needles.intersection(_MARKS[ord(c)]))


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return sorted spans with those that touch or overlap made one."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _past_hidden(shown: list[str], end: int) -> int:
    """Return `end` moved over what is not shown, so that matches on two lines make one mark."""
    while end < len(shown) and not shown[end]:
        end += 1
    return end


def _on_one_line(text: str) -> list[str]:
    """Return what to show for each character: itself, or for a stretch of white space one space.

    A stretch with a line break between two Chinese characters shows nothing: the
    break is the paper's margin, not the writer's.
    """
    shown = list(text)
    for stretch in re.finditer(r"\s+", text):
        start, end = stretch.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        closes = "\n" in stretch[0] and not (before.isascii() or after.isascii())
        shown[start:end] = ["" if closes else " ", *[""] * (end - start - 1)]
    return shown
