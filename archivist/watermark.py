"""Watermarks: what a borrower gets of a record says on every page whose it is.

Owns the words and how they look: name, loan, time, the grade's mark, over the page and at its
foot. They are drawn here; the document, which nobody trusts, is opened and rewritten by a confined
child (`archivist.examine.mark`), so a hostile one costs at most this viewing.

    mark = Mark("wang", "L000001", "2026-11-29 16:05")
    media, content = stamped("application/pdf", content, mark)
"""

import base64
import contextlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archivist.errors import BadRequest
from archivist.examine.limits import Limits
from archivist.examine.process import Child, ChildGone
from archivist.printing import Paper, printable, text_width

LIMITS = Limits()
MAX_PAGES, PAGES_PER_CHILD = LIMITS.max_pages, LIMITS.pages_per_child
SQUARE_PT, FOOT_PT = 260.0, 14.0
LEAN_DEGREES = 30
FAINT, FOOT_FAINT = 0.22, 0.75  # how strongly the words stand over the page, and at its foot
LARGEST_PT = 26.0


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands on every page: the borrower, the loan, the moment as shown, the grade's mark,
    and the number of a registered copy."""

    name: str
    loan: str
    at: str
    grade: str = ""
    copy: str = ""

    @property
    def lines(self) -> tuple[str, str]:
        """The words in two lines."""
        who = " ".join(filter(None, (self.name, self.copy or self.loan)))
        return printable(who), printable(" ".join(filter(None, (self.at, self.grade))))


def stamped(media: str, content: bytes, mark: Mark) -> tuple[str, bytes]:
    """Media type and bytes with the mark on every page. Raises BadRequest for what cannot be
    marked, Unavailable when no child starts."""
    drawn = base64.b64encode(words(mark)).decode("ascii")
    with _scan(content) as scan, _child() as child:
        request = {"do": "mark", "media_type": media, "words": drawn}
        return media, _asked(child, request, scan)[1]


def pictures(media: str, content: bytes, mark: Mark) -> Iterator[bytes]:
    """A PNG of each page, marked, without the document's text: for the screen only. Raises as
    `stamped` does, at the first page or at the one that cannot be shown."""
    media, marked = stamped(media, content, mark)
    begun, pages = 0, 1
    with _scan(marked) as scan:
        while begun < pages:
            # A new child now and then: native PDF libraries grow slowly.
            with _child() as child:
                for page in range(begun, begun + PAGES_PER_CHILD):
                    if page < pages:
                        request = {"do": "show", "media_type": media, "page": page}
                        reply, picture = _asked(child, request, scan)
                        pages = _number(reply.get("pages"), MAX_PAGES)
                        yield picture
            begun += PAGES_PER_CHILD


@contextlib.contextmanager
def _scan(content: bytes) -> Iterator[int]:
    """The bytes as an open file without a name."""
    scan = os.memfd_create("scan", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(scan), "wb") as file:
            file.write(content)
        yield scan
    finally:
        os.close(scan)


@contextlib.contextmanager
def _child() -> Iterator[Child]:
    child = Child(LIMITS, None)
    try:
        yield child
    finally:
        child.end()


def _asked(child: Child, request: dict[str, Any], scan: int) -> tuple[dict[str, Any], bytes]:
    """The child's reply and the bytes behind it. What it says is bounded before it is believed."""
    os.lseek(scan, 0, os.SEEK_SET)
    try:
        reply = child.ask(request, scan, LIMITS.look_wall_seconds)
        if "cut" not in reply:
            raise _unmarked(f"{reply.get('defect')}: {reply.get('detail')}")
        size_bytes = _number(reply["cut"], LIMITS.max_size_bytes)
        # Into one buffer, which is handed on: joining pieces would hold the document once more.
        body = io.BytesIO()
        body.writelines(child.body(size_bytes, LIMITS.look_wall_seconds))
        return reply, body.getvalue()
    except ChildGone as gone:
        raise _unmarked(gone.reason) from None


def _number(value: object, most: int) -> int:
    """A number within its bound: the file is too large, or its child was taken over."""
    if type(value) is not int or not 0 < value <= most:
        raise _unmarked("too-large: it would be larger than a document may")
    return value


def words(mark: Mark) -> bytes:
    """The mark as a PDF of two pages: a square to be repeated, and a strip for the foot."""
    paper = Paper("")
    canvas = paper.canvas
    canvas.setPageSize((SQUARE_PT, SQUARE_PT))
    canvas.setFillGray(0.25)
    canvas.setFillAlpha(FAINT)
    canvas.translate(SQUARE_PT / 2, SQUARE_PT / 2)
    canvas.rotate(LEAN_DEGREES)
    widest = max(text_width(line, 1) for line in mark.lines) or 1
    size = min(LARGEST_PT, 0.95 * SQUARE_PT / widest)
    for number, line in enumerate(mark.lines):
        paper.text(line, size, -text_width(line, size) / 2, size * (0.3 - 1.4 * number))
    paper.next_page()
    foot = "  ".join(mark.lines)
    width = text_width(foot, FOOT_PT * 0.6) + 2
    canvas.setPageSize((max(width, FOOT_PT), FOOT_PT))
    canvas.setFillGray(0)
    canvas.setFillAlpha(FOOT_FAINT)
    paper.text(foot, FOOT_PT * 0.6, 1, FOOT_PT * 0.3)
    paper.next_page()
    return paper.finished()


def _unmarked(detail: str) -> BadRequest:
    return BadRequest(
        f"不能给这份资料加水印，不予打开（{detail}）",
        f"this record cannot be watermarked and is not opened ({detail})",
        "请由有涉密权限的人当面查阅",
        "somebody who is cleared shows it in the room",
    )
