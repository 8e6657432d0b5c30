"""Reading one page: from the open file to text with boxes, or to a cover, or to a blank side.

The order is fixed by what each step saves: a cover sheet needs no recognition, and a blank side
neither. So the two cheap questions (6 and 10 ms) come before the dear one (2 s).

    decode or render -> cover code? -> blank? -> recognise, turning the page upright

Rule it keeps: blank means that nothing but specks is on the page. A page that merely cannot be
read is not blank, keeps its place in the document and has no text.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import cv2
import zxingcpp

from archivist.covers import covers_among
from archivist.examine import media
from archivist.examine.images import Pixels, read_image
from archivist.examine.limits import Limits

# One core belongs to each child; more threads would only wait for each other.
cv2.setNumThreads(1)

_MIN_CODE_PX = 40
_MARGIN_SHARE = 0.03
_NEIGHBOURHOOD_PX = 31
_DARKER_THAN_PAPER = 28
_MIN_SPECK_PX = 5
_MAX_CHAR_SHARE = 0.25
_MIN_MARKS = 8


def read_page(
    stream: BinaryIO, media_type: str, page_index: int, limits: Limits, cover_tag: str = ""
) -> dict[str, Any]:
    """One finished page as a plain dict; `covers` lists `(dossier, doc_type)` on a cover sheet.

    Raises `Unfit`, or what the decoders raise for a page that cannot be decoded.
    """
    if media_type == media.PDF:
        from archivist.examine.pdf_read import read_pdf  # a stack of JPEGs never needs it

        pixels = read_pdf(stream, page_index, limits)
    else:
        pixels = read_image(stream, media_type, page_index, limits)
    covers = covers_among(codes(pixels), cover_tag)
    if covers:
        return _page(pixels, covers=covers)
    if is_blank(pixels):
        return _page(pixels, blank=True)
    return _recognised(pixels, cover_tag)


def _recognised(pixels: Pixels, cover_tag: str) -> dict[str, Any]:
    from archivist.examine import recognise  # loads the engine: only a page with ink pays for it

    upright, turn, lines, text = recognise.read_lines(pixels)
    found = _page(upright, rotation=turn)
    # A code that the scanner ruined still has its payload in print beneath it.
    covers = covers_among((line[0] for line in lines), cover_tag)
    if covers:
        return found | {"covers": covers}
    if lines:
        found |= {"source": "ocr", "text": text, "lines": lines}
    return found


def _page(upright: Pixels, **known: Any) -> dict[str, Any]:
    height, width = upright.shape
    empty = {"text": "", "source": "none", "rotation": 0, "blank": False, "lines": []}
    return empty | {"width": width, "height": height} | known


def codes(pixels: Pixels) -> list[str]:
    """The texts of the QR codes on the page, whatever they say.

    At half size first: it is three times faster, and our own covers are printed large enough.
    """
    height, width = pixels.shape
    if min(height, width) < _MIN_CODE_PX:
        return []
    half = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    for view in (half, pixels):
        found = zxingcpp.read_barcodes(view, formats=zxingcpp.BarcodeFormat.QRCode)
        if found:
            return [code.text for code in found]
    return []


def is_blank(pixels: Pixels) -> bool:
    """Whether there is nothing on the page but paper, its shade, and specks.

    Counts the marks that are darker than the paper around them, larger than a speck and smaller
    than a dark border. Counting dark pixels instead fails: a grey, noisy empty sheet has fifteen
    times as many as a sparse form. The outer 3 % are the scanner's lid and are not looked at.
    """
    height, width = pixels.shape
    top, left = int(height * _MARGIN_SHARE), int(width * _MARGIN_SHARE)
    inner = cv2.medianBlur(pixels[top : height - top, left : width - left], 3)
    size = (_NEIGHBOURHOOD_PX, _NEIGHBOURHOOD_PX)
    # Unsigned subtraction stops at 0, which is just right: only what is darker counts.
    darker = cv2.subtract(cv2.blur(inner, size), inner)
    _, marks = cv2.threshold(darker, _DARKER_THAN_PAPER, 255, cv2.THRESH_BINARY)
    _count, _labels, stats, _centres = cv2.connectedComponentsWithStats(marks, connectivity=8)
    mark = stats[1:]
    largest_side = _MAX_CHAR_SHARE * max(height, width)
    countable = (
        (mark[:, cv2.CC_STAT_AREA] >= _MIN_SPECK_PX)
        & (mark[:, cv2.CC_STAT_WIDTH] <= largest_side)
        & (mark[:, cv2.CC_STAT_HEIGHT] <= largest_side)
    )
    return int(countable.sum()) < _MIN_MARKS
