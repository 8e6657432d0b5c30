"""What is known of one scan before it is judged: the input values of this room.

`Facts` is what reading the bytes yielded (media type, pages with text, cover sheets, defect).
`Hints` is what the place yielded (folders, file name, an order by hand). `Known` is what the
catalogue answered about the names both contain. Judging sees these three values and nothing else.

Rules it keeps:
- Values only, all frozen. Nothing here opens a file or looks at the clock.
- `Facts` crosses the pipe from the process that parses untrusted bytes, and lies in the sealed
  card for decades. So `facts_to_plain` gives data that JSON can carry, and `facts_from_plain`
  believes nothing: a missing key, a wrong type or a page number out of range raises
  `FactsUnreadable`. Unknown keys are ignored: an older program can read a younger card.
- A page's text is text of a customer's document: it never enters an error message, and `repr`
  leaves it out, because values are printed in tracebacks and logs.

    >>> page = PageFacts("机动车销售统一发票", source="ocr")
    >>> facts = Facts("image/jpeg", ".jpg", 81_234, "00" * 32, pages=(page,))
    >>> facts_from_plain(facts_to_plain(facts)) == facts
    True
    >>> "发票" in repr(facts)
    False
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from policies.errors import FactsUnreadable

Source = Literal["layer", "ocr", "none"]
"""Where a page's text comes from: the file's own text layer, recognition, or there is none."""

_SOURCES = ("layer", "ocr", "none")
_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text on a page.

    `box` is (left, top, right, bottom) in pixels of the page turned upright; `score` is the
    reader's confidence from 0 to 1 (1 for a text layer).
    """

    text: str = field(repr=False)
    box: tuple[int, int, int, int]
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class PageFacts:
    """One page as read.

    `rotation` is the clockwise turn in degrees (0, 90, 180, 270) that sets the stored page
    upright; `width` and `height` are the upright page in pixels, the space of `Line.box`.
    """

    text: str = field(repr=False)
    source: Source = "none"
    rotation: int = 0
    blank: bool = False
    lines: tuple[Line, ...] = field(default=(), repr=False)
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Cover:
    """A QR cover sheet on a page: what follows belongs to `dossier`, perhaps as `doc_type`.

    `contested` is set when one page carries two different covers, or one that another archive
    printed: then it separates documents but names nothing.
    """

    page_index: int
    dossier: str
    doc_type: str | None = None
    contested: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that examining the bytes of one file found.

    `extension` starts with a dot, lower case, as the content (not the file name) suggests.
    `defect` is a stable reason code (`empty`, `not-a-document`, `damaged`, `encrypted`,
    `too-large`, `infected`, `fatal`, ...) when the file must not be filed; `detail` explains it to
    a clerk and never quotes the document.
    """

    media_type: str
    extension: str
    size_bytes: int
    sha256: str
    pages: tuple[PageFacts, ...] = ()
    covers: tuple[Cover, ...] = ()
    defect: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What a person ordered by hand (`file --dossier --type --grade`, `inbox assign`).

    Ids, or for type and grade any name the packs declare. None leaves the question open.
    `despite_duplicate` files bytes that some record already holds: a person decided that one
    paper belongs in two dossiers (a business licence, say). Without it that would be refused.
    """

    dossier: str | None = None
    doc_type: str | None = None
    grade: str | None = None
    despite_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Hints:
    """What the scan's place says: sub-folders below the drop folder, outermost first, the file
    name without its extension, and an order by hand if there is one."""

    folders: tuple[str, ...] = ()
    stem: str = field(default="", repr=False)
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class CustomerInfo:
    """A customer the catalogue found for the clues.

    `fields` are the customer's registered fields, such as `{"uscc": "9111…", "special": "yes"}`.
    """

    id: str
    name: str = field(repr=False)
    kind: str = "person"
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class DossierInfo:
    """A dossier the catalogue found for the clues.

    `keys` are its registered keys (`{"vin": "…"}`), `have` the document types already filed.
    """

    id: str
    customer: str
    type: str
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    closed: bool = False
    have: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalogue answered.

    It should hold every dossier and customer that the clues could mean, and for each customer
    named *all* open dossiers: a sure route needs to know that there is no second one.
    `duplicate_of` is the record that already holds exactly these bytes.
    """

    dossiers: tuple[DossierInfo, ...] = ()
    customers: tuple[CustomerInfo, ...] = ()
    duplicate_of: str | None = None


def facts_to_plain(facts: Facts) -> dict[str, Any]:
    """The facts as a dict that JSON can carry.

    Lines are arrays `[text, [left, top, right, bottom], score]`, because a dense page has
    hundreds of them and repeated key names would be most of the card.
    """
    return {
        "media_type": facts.media_type,
        "extension": facts.extension,
        "size_bytes": facts.size_bytes,
        "sha256": facts.sha256,
        "pages": [page_to_plain(page) for page in facts.pages],
        "covers": [
            {"page_index": c.page_index, "dossier": c.dossier, "doc_type": c.doc_type}
            for c in facts.covers
        ],
        "defect": facts.defect,
        "detail": facts.detail,
    }


def page_to_plain(page: PageFacts) -> dict[str, Any]:
    """One page as a dict that JSON can carry (also used alone, in sealed cards)."""
    return {
        "text": page.text,
        "source": page.source,
        "rotation": page.rotation,
        "blank": page.blank,
        "lines": [[line.text, list(line.box), line.score] for line in page.lines],
        "width": page.width,
        "height": page.height,
    }


def facts_from_plain(plain: object) -> Facts:
    """The facts that `facts_to_plain` wrote.

    Raises `FactsUnreadable`, naming the field, when the data has any other shape.
    """
    row = _mapping(plain, "facts")
    sha256 = _text(row, "sha256")
    if not _DIGEST.fullmatch(sha256):
        raise FactsUnreadable("sha256 is not 64 lower-case hex digits")
    defect = row.get("defect")
    if defect is not None and not (isinstance(defect, str) and _CODE.fullmatch(defect)):
        raise FactsUnreadable("defect is not a reason code")
    pages = tuple(page_from_plain(page) for page in _list(row, "pages"))
    return Facts(
        media_type=_text(row, "media_type"),
        extension=_text(row, "extension"),
        size_bytes=_whole(row, "size_bytes"),
        sha256=sha256,
        pages=pages,
        covers=tuple(_cover(cover, len(pages)) for cover in _list(row, "covers")),
        defect=defect,
        detail=_text(row, "detail"),
    )


def page_from_plain(plain: object) -> PageFacts:
    """The page that `page_to_plain` wrote; raises `FactsUnreadable`."""
    row = _mapping(plain, "page")
    source, rotation, blank = row.get("source"), row.get("rotation"), row.get("blank")
    if source not in _SOURCES:
        raise FactsUnreadable("page source is not layer, ocr or none")
    if type(rotation) is not int or rotation not in (0, 90, 180, 270):
        raise FactsUnreadable("page rotation is not 0, 90, 180 or 270")
    if not isinstance(blank, bool):
        raise FactsUnreadable("page blank is not true or false")
    return PageFacts(
        text=_text(row, "text"),
        source=cast("Source", source),
        rotation=rotation,
        blank=blank,
        lines=tuple(_line(line) for line in _list(row, "lines")),
        width=_whole(row, "width"),
        height=_whole(row, "height"),
    )


def _line(plain: object) -> Line:
    if not (isinstance(plain, list | tuple) and len(plain) == 3):
        raise FactsUnreadable("line is not [text, box, score]")
    text, box, score = plain
    if (
        not isinstance(text, str)
        or not _is_writable(text)
        or not isinstance(box, list | tuple)
        or len(box) != 4
    ):
        raise FactsUnreadable("line is not [text, box of four, score]")
    if any(type(side) is not int for side in box):
        raise FactsUnreadable("line box is not four whole pixels")
    # `not 0 <= score` also turns NaN away, which compares false with everything.
    if type(score) not in (int, float) or not 0 <= score <= 1:
        raise FactsUnreadable("line score is not between 0 and 1")
    return Line(text, (box[0], box[1], box[2], box[3]), float(score))


def _cover(plain: object, page_count: int) -> Cover:
    row = _mapping(plain, "cover")
    page_index = _whole(row, "page_index")
    if page_index >= page_count:
        raise FactsUnreadable("cover lies on a page that does not exist")
    doc_type = row.get("doc_type")
    if doc_type is not None and not (isinstance(doc_type, str) and _is_writable(doc_type)):
        raise FactsUnreadable("cover doc_type is not text")
    return Cover(page_index, _text(row, "dossier"), doc_type)


def _mapping(plain: object, what: str) -> Mapping[str, Any]:
    if not isinstance(plain, Mapping):
        raise FactsUnreadable(f"{what} is not a table")
    return plain


def _list(row: Mapping[str, Any], key: str) -> list[Any]:
    found = row.get(key)
    if not isinstance(found, list):
        raise FactsUnreadable(f"{key} is not a list")
    return found


def _text(row: Mapping[str, Any], key: str) -> str:
    found = row.get(key)
    if not isinstance(found, str) or not _is_writable(found):
        raise FactsUnreadable(f"{key} is not text")
    return found


def _is_writable(text: str) -> bool:
    """Whether it can be encoded: half a surrogate pair is no character of any text."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _whole(row: Mapping[str, Any], key: str) -> int:
    found = row.get(key)
    # `type() is int`: True is an int to isinstance, and "true pages" would pass for one page.
    if type(found) is not int or found < 0:
        raise FactsUnreadable(f"{key} is not a whole number from 0 up")
    return found
