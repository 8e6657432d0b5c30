"""The picture of one PDF page: its own embedded scan where it is one, else rendered.

A scanner's PDF page is one picture placed over the whole page. Taking that picture out keeps the
scanner's pixels and is five times faster than rendering; anything else (several pictures, text,
drawings, clipping, mirroring) is rendered by PDFium.

Rules it keeps:
- The placement is proved from the content stream, never guessed: one picture, drawn once, upright.
- A page whose forms contain each other is refused before PDFium sees it: it would eat its stack
  and abort, seconds later.
- The size of a rendering follows from the page's size and is bounded whatever the page claims.
"""

from __future__ import annotations

import math
from typing import Any, BinaryIO

import numpy as np
import pikepdf
from PIL import Image

from archivist.examine.images import WORKING_PIXELS, Pixels, demand_pixels, grey
from archivist.examine.limits import Limits
from archivist.examine.unfit import DAMAGED, ENCRYPTED, TOO_LARGE, Unfit

_DPI = 200
_LONGEST_SIDE_PX = 14_400
_MAX_FORMS = 2000
_MAX_FORM_DEPTH = 20
# How often forms may be drawn on one page: PDFium draws a million in ten seconds.
_MAX_DRAWN = 1_000_000
_MIN_COVERED_SHARE = 0.9
# Pictures that are not stored as JPEG need their raw bytes and their pixels at the same time.
_MAX_RAW_PIXELS = 40_000_000
_PLAIN_COLOURS = ("/DeviceRGB", "/DeviceGray", "/DeviceCMYK", "/CalRGB", "/CalGray", "/ICCBased")
_QUARTER_TURNS_CLOCKWISE = {0: 0, 90: 1, 180: 2, 270: 3}


def read_pdf(stream: BinaryIO, page_index: int, limits: Limits) -> Pixels:
    """The page as grey values, turned as the page's `/Rotate` says. Raises `Unfit`."""
    try:
        pdf = pikepdf.open(stream)
    except pikepdf.PasswordError:
        raise Unfit(ENCRYPTED, "needs a password") from None
    with pdf:
        page = pdf.pages[page_index]
        _demand_finite_forms(page)
        scan = _only_picture(page)
        if scan is not None:
            pixels = _picture_pixels(scan, limits)
            if pixels is not None:
                return np.ascontiguousarray(np.rot90(pixels, -_quarter_turns(page)))
    return _rendered(stream, page_index)


def _only_picture(page: pikepdf.Page) -> pikepdf.Object | None:
    """The picture that alone makes up the page, or None."""
    resources = page.get("/Resources")
    table = resources.get("/XObject") if resources is not None else None
    if table is None or len(table) != 1 or "/Annots" in page:
        return None
    (name, picture), *_ = table.items()
    if picture.get("/Subtype") != "/Image" or not _plain(picture):
        return None
    matrix = _placement(page, name)
    return picture if matrix is not None and _covers(page, matrix) else None


def _plain(picture: pikepdf.Object) -> bool:
    """No mask, no colour magic: its samples are what one sees."""
    if any(key in picture for key in ("/SMask", "/Mask", "/Decode")) or picture.get("/ImageMask"):
        return False
    colours = picture.get("/ColorSpace")
    if isinstance(colours, pikepdf.Array):
        colours = colours[0]
    return str(colours) in _PLAIN_COLOURS


def _placement(page: pikepdf.Page, name: str) -> tuple[float, ...] | None:
    """The matrix under which `name` is drawn, when that is all the page does."""
    matrix = pikepdf.Matrix()
    saved: list[pikepdf.Matrix] = []
    drawn: tuple[float, ...] | None = None
    for operands, operator in pikepdf.parse_content_stream(page):
        match str(operator):
            case "q":
                saved.append(matrix)
            case "Q" if saved:
                matrix = saved.pop()
            case "cm":
                matrix = pikepdf.Matrix(*(float(value) for value in operands)) @ matrix
            case "Do" if drawn is None and str(operands[0]) == name:
                drawn = matrix.shorthand
            case "gs" | "BMC" | "BDC" | "EMC":
                pass
            case _:
                return None
    return drawn


def _covers(page: pikepdf.Page, matrix: tuple[float, ...]) -> bool:
    a, b, c, d, e, f = matrix
    left, bottom, right, top = (float(side) for side in page.cropbox)
    if a <= 0 or d <= 0 or abs(b) > 0.01 * a or abs(c) > 0.01 * d:
        return False  # turned or mirrored: rendering knows how
    width = min(right, e + a) - max(left, e)
    height = min(top, f + d) - max(bottom, f)
    # Not only most of the page must be picture, also most of the picture must be on the page.
    least = _MIN_COVERED_SHARE * max((right - left) * (top - bottom), a * d)
    return width > 0 and height > 0 and width * height >= least


def _picture_pixels(picture: pikepdf.Object, limits: Limits) -> Pixels | None:
    """The picture's pixels, or None where only PDFium can decode them.

    A JPEG inside a PDF is a scanner's page like any other: if it is cut off, the document is
    damaged. PDFium would show the half that is there.
    """
    width, height = int(picture.get("/Width", 0)), int(picture.get("/Height", 0))
    demand_pixels(width, height, limits.max_pixels)
    wrapped = pikepdf.PdfImage(picture)
    jpeg = wrapped.filters == ["/DCTDecode"]
    if not jpeg and width * height > _MAX_RAW_PIXELS:
        return None
    try:
        image = wrapped.as_pil_image()
    except (pikepdf.PdfError, NotImplementedError, ValueError, OSError):
        if jpeg:
            raise Unfit(DAMAGED, "a page's picture cannot be decoded") from None
        return None
    with image:
        # The picture's own header may claim another size than the PDF does.
        demand_pixels(image.width, image.height, limits.max_pixels)
        return grey(image)


def _quarter_turns(page: pikepdf.Page) -> int:
    return _QUARTER_TURNS_CLOCKWISE.get(int(page.get("/Rotate", 0)) % 360, 0)


def _demand_finite_forms(page: pikepdf.Page) -> None:
    """Raise `Unfit` when forms contain themselves or multiply beyond reason.

    Each form of a chain may draw the next one ten times: few forms, and drawings without number.
    """
    budget = _MAX_FORMS

    def visit(holder: Any, path: tuple[tuple[int, int], ...], drawn: int) -> None:
        nonlocal budget
        resources = holder.get("/Resources")
        table = resources.get("/XObject") if resources is not None else None
        if path and table:
            # At most as often as its content has the word; what is too long to count is long.
            drawn *= holder.read_bytes().count(b"Do")
        if drawn > _MAX_DRAWN:
            raise Unfit(TOO_LARGE, "unpacks to more than a document needs")
        for form in table.values() if table is not None else ():
            if form.get("/Subtype") != "/Form":
                continue
            budget -= 1
            if form.objgen in path or len(path) > _MAX_FORM_DEPTH:
                raise Unfit(DAMAGED, "a drawing contains itself")
            if budget < 0:
                raise Unfit(TOO_LARGE, "unpacks to more than a document needs")
            visit(form, (*path, form.objgen), drawn)

    visit(page, (), 1)


def _rendered(stream: BinaryIO, page_index: int) -> Pixels:
    import pypdfium2  # only a page that is not one picture needs the renderer

    stream.seek(0)
    document = pypdfium2.PdfDocument(stream)
    try:
        page = document[page_index]
        width_pt, height_pt = page.get_size()
        if not (0 < width_pt < math.inf and 0 < height_pt < math.inf):
            raise Unfit(DAMAGED, "a page without size")
        scale = min(
            _DPI / 72,
            math.sqrt(WORKING_PIXELS / (width_pt * height_pt)),
            _LONGEST_SIDE_PX / max(width_pt, height_pt),
        )
        bitmap = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True)
        return _red_of(bitmap.to_pil())
    finally:
        document.close()


def _red_of(image: Image.Image) -> Pixels:
    return np.array(image if image.mode == "L" else image.getchannel("R"), dtype=np.uint8)
