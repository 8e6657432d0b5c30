"""Looking at a PDF: may it be opened, how many pages, which carry text, which are pictures.

pypdf alone, because most PDFs in an office are text and this is the path they take: pure Python,
clean exceptions, its own limits against decompression bombs. Nothing is rendered here.

Rules it keeps:
- Pages are counted by walking the page tree with a stop, before pypdf flattens it: 100 000 pages
  cost pypdf half a minute, and `/Count` may lie.
- One page is looked at after the other and nothing of it is kept but its text.
"""

from __future__ import annotations

import logging
import mmap
from collections.abc import Iterator
from typing import Any, BinaryIO

from pypdf import PageObject, PdfReader
from pypdf.errors import LimitReachedError

from archivist.covers import covers_among
from archivist.examine.limits import Limits
from archivist.examine.textlayer import lines_of, trusted
from archivist.examine.unfit import DAMAGED, ENCRYPTED, TOO_LARGE, Unfit

# pypdf reports every oddity of a file; a scan's oddities are no news for the station's log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_MAX_TREE_NODES_PER_PAGE = 8
_MAX_FORM_DEPTH = 4
_MAX_RESOURCES = 400


def look_pdf(stream: BinaryIO, limits: Limits, cover_tag: str = "") -> list[dict[str, Any]]:
    """One plain dict per page: a finished page, or `{"read": True}` where the picture must be read.

    Raises `Unfit`: `encrypted` when a password is needed, `too-large`, `damaged`.
    """
    try:
        _demand_end(stream)
        reader = _opened(stream)
        _count_pages(reader, limits.max_pages)
        return [_look_page(page, limits, cover_tag) for page in reader.pages]
    except LimitReachedError:
        raise Unfit(TOO_LARGE, "unpacks to more than a document needs") from None


def _demand_end(stream: BinaryIO) -> None:
    """Raise `Unfit` when the end marker is missing after the last cross-reference.

    pypdf forgives that, and repairs what it can: it would file what is left of a broken transfer.
    """
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        whole = data.rfind(b"%%EOF") > data.rfind(b"startxref")
    if not whole:
        raise Unfit(DAMAGED, "ends before the document does")


def _opened(stream: BinaryIO) -> PdfReader:
    reader = PdfReader(stream)
    if reader.is_encrypted:
        try:
            # An owner password only forbids printing and the like; the empty one opens the file.
            opened = bool(reader.decrypt(""))
        except NotImplementedError:
            opened = False  # sealed for certificates
        if not opened:
            raise Unfit(ENCRYPTED, "needs a password")
    return reader


def _count_pages(reader: PdfReader, max_pages: int) -> int:
    """Walk the page tree and stop as soon as there is a page too many."""
    pages = 0
    for nodes, node in enumerate(_tree_nodes(reader)):
        pages += "/Kids" not in node
        if pages > max_pages:
            raise Unfit(TOO_LARGE, f"more than {max_pages} pages")
        if nodes > max_pages * _MAX_TREE_NODES_PER_PAGE:
            raise Unfit(DAMAGED, "page tree has no end")
    if pages == 0:
        raise Unfit(DAMAGED, "has no pages")
    return pages


def _tree_nodes(reader: PdfReader) -> Iterator[Any]:
    """Every node of the page tree. Raises `Unfit` for a branch that is there twice: a tree that
    holds itself a thousand times would be walked for half a minute before it is too large."""
    waiting: list[Any] = [reader.root_object["/Pages"]]
    branches: dict[int, Any] = {}  # by identity; kept, so that no other can take it over
    while waiting:
        node = waiting.pop().get_object()
        yield node
        kids = node.get("/Kids")
        if kids is not None:
            if id(node) in branches:
                raise Unfit(DAMAGED, "page tree has no end")
            branches[id(node)] = node
            # Looked up when it is their turn, and turned so that the first comes first.
            waiting.extend(reversed(kids.get_object()))


def _look_page(page: PageObject, limits: Limits, cover_tag: str) -> dict[str, Any]:
    text = page.extract_text()
    largest_image_px = _largest_image(page, limits.max_pixels)
    if trusted(text, largest_image_px):
        return _layer_page(page, lines_of(text), cover_tag)
    if not text.strip() and largest_image_px == 0 and _draws_nothing(page):
        return {"text": "", "source": "none", "rotation": 0, "blank": True, "lines": []}
    return {"read": True}


def _layer_page(page: PageObject, lines: list[str], cover_tag: str) -> dict[str, Any]:
    box = page.cropbox
    width, height = abs(int(box.width)), abs(int(box.height))
    if page.rotation % 180:
        width, height = height, width
    found: dict[str, Any] = {
        "text": "\n".join(lines),
        "source": "layer",
        # /Rotate is the viewer's business: a text layer has no sides to be turned to.
        "rotation": 0,
        "blank": False,
        "lines": [[line, [0, 0, 0, 0], 1.0] for line in lines],
        "width": width,
        "height": height,
    }
    covers = covers_among(lines, cover_tag)
    return found | {"covers": covers} if covers else found


def _draws_nothing(page: PageObject) -> bool:
    contents = page.get_contents()
    return contents is None or not contents.get_data().strip()


def _largest_image(page: PageObject, max_pixels: int) -> int:
    """Pixels of the page's largest picture, forms included. Raises `Unfit` above `max_pixels`."""
    largest = seen = 0
    waiting = [(page.get("/Resources"), 0)]
    while waiting:
        resources, depth = waiting.pop()
        for item in _xobjects(resources):
            seen += 1
            if seen > _MAX_RESOURCES:
                return largest
            if item.get("/Subtype") == "/Image":
                pixels = int(item.get("/Width", 0)) * int(item.get("/Height", 0))
                largest = max(largest, pixels)
            elif depth < _MAX_FORM_DEPTH:
                waiting.append((item.get("/Resources"), depth + 1))
    if largest > max_pixels:
        raise Unfit(TOO_LARGE, f"a page of {largest} pixels, at most {max_pixels}")
    return largest


def _xobjects(resources: Any) -> Iterator[Any]:
    table = resources.get_object().get("/XObject") if resources is not None else None
    for item in (table.get_object() if table is not None else {}).values():
        resolved = item.get_object()
        if hasattr(resolved, "get"):
            yield resolved
