"""Marking: the same words over every page of a document, so that a copy tells whose it is.

The words come as a small PDF of two pages, drawn where nothing is untrusted: a square that is
repeated over the page, and a strip for its foot. The document is untrusted.

Rules it keeps:
- A PDF page's own content becomes one form, clipped to what the page shows: brackets left open in
  it cannot move or hide the mark, which is drawn after it.
- What carries no mark goes: annotations are flattened into the page first; embedded files, actions,
  form fields and thumbnails are taken out.
- Every page is marked, or the whole is refused. Size, turn and resolution stay.

    mark(stream, "application/pdf", words)          # the bytes of the marked document
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import Any, BinaryIO

from archivist.examine import media
from archivist.examine.unfit import DAMAGED, ENCRYPTED, TOO_LARGE, Unfit

ACROSS = 2.4  # so many squares fit across the shorter side
MOST = 60  # squares on one page, however long it is
FOOT_SHARE = 0.92  # of the page's width that the foot may take
PAGE, SQUARE, FOOT = "/ArchivistPage", "/ArchivistMark", "/ArchivistFoot"
INK = 90  # grey of the mark on a picture
FOOT_PIXELS = 360  # what the foot needs on a picture to be read
SCREEN_SCALE = 150 / 72  # dots per point of a page that is only shown
SCREEN_PIXELS = 18_000_000  # of one such page, whatever size it claims
_FORMATS = {media.TIFF: "TIFF", media.JPEG: "JPEG", media.PNG: "PNG"}
_GONE_FROM_ROOT = (
    *("/OpenAction", "/AA", "/AcroForm", "/Names", "/Collection", "/AF", "/Perms", "/PieceInfo"),
)
_GONE_FROM_PAGE = (
    *("/Annots", "/AA", "/Thumb", "/AF", "/PieceInfo", "/TrimBox", "/BleedBox", "/ArtBox"),
)


def mark(stream: BinaryIO, media_type: str, words: bytes) -> bytes:
    """The document with the mark on every page. Raises `Unfit`, or what the parsers raise."""
    return _pdf(stream, words) if media_type == media.PDF else _picture(stream, media_type, words)


# ── PDF ───────────────────────────────────────────────────────────────────────


def _pdf(stream: BinaryIO, words: bytes) -> bytes:
    import pikepdf

    try:
        document = pikepdf.open(stream, attempt_recovery=False)
    except pikepdf.PasswordError:
        raise Unfit(ENCRYPTED, "needs a password") from None
    out = io.BytesIO()
    with document, pikepdf.open(io.BytesIO(words)) as marks:
        document.flatten_annotations("screen")
        forms = [document.copy_foreign(page.as_form_xobject()) for page in marks.pages]
        for name in _GONE_FROM_ROOT:
            if name in document.Root:
                del document.Root[name]
        if not len(document.pages):
            raise Unfit(DAMAGED, "has no pages")
        for page in document.pages:
            _over(document, page, forms)
        document.remove_unreferenced_resources()
        document.save(out)
    return out.getvalue()


def _over(document: Any, page: Any, forms: list[Any]) -> None:
    import pikepdf

    left, low, right, high = _seen(page)
    width, height = right - left, high - low
    page.obj.MediaBox = page.obj.CropBox = pikepdf.Array([left, low, right, high])
    content = page.as_form_xobject(handle_transformations=False)
    # Otherwise read from the page when it is saved, and by then the page draws this form.
    content.write(content.read_bytes())
    content.BBox = pikepdf.Array([left, low, right, high])
    square, foot = forms
    turn = int(page.rotation) % 360
    steps = [f"q {PAGE} Do Q".encode()]
    for x, y, scale in _places(width, height):
        steps.append(_placed(SQUARE, _box(square), left + x, low + y, scale, turn))
    steps.append(_footing(foot, (left, low, width, height), turn))
    for name in _GONE_FROM_PAGE:
        if name in page.obj:
            del page.obj[name]
    page.obj.Contents = document.make_stream(b"\n".join(steps))
    page.obj.Resources = pikepdf.Dictionary(
        XObject=pikepdf.Dictionary({PAGE: content, SQUARE: square, FOOT: foot})
    )


def _seen(page: Any) -> tuple[float, float, float, float]:
    """What readers show of a page: the crop box where it lies on the medium, else the medium.

    A crop box far larger than its medium would carry the marks off what is seen.
    """
    medium, crop = _corners(page.mediabox), _corners(page.cropbox)
    both = (*map(max, medium[:2], crop[:2]), *map(min, medium[2:], crop[2:]))
    for left, low, right, high in (both, medium):
        if 0 < right - left < math.inf and 0 < high - low < math.inf:
            return left, low, right, high
    raise Unfit(DAMAGED, "a page has no size")


def _corners(box: Any) -> tuple[float, float, float, float]:
    """Left, low, right, high: the standard lets any two opposite corners be named."""
    one, two, three, four = (float(edge) for edge in box)
    return min(one, three), min(two, four), max(one, three), max(two, four)


def _box(form: Any) -> tuple[float, float]:
    left, low, right, high = (float(edge) for edge in form.BBox)
    return right - left, high - low


def _places(width: float, height: float) -> Iterator[tuple[float, float, float]]:
    """Centres of the squares and how much each is enlarged; units are those of the sides."""
    step = max(min(width, height) / ACROSS, math.sqrt(width * height / MOST))
    across, down = math.ceil(width / step), math.ceil(height / step)
    for row in range(down):
        for column in range(across):
            yield (column + 0.5) * width / across, (row + 0.5) * height / down, step


def _placed(
    name: str, box: tuple[float, float], x: float, y: float, size: float, turn: int
) -> bytes:
    """Draw a form around its middle, upright on a page that is shown turned."""
    scale = size / max(box)
    cos, sin = round(math.cos(math.radians(turn))), round(math.sin(math.radians(turn)))
    a, b, c, d = scale * cos, scale * sin, -scale * sin, scale * cos
    e = x - (a * box[0] + c * box[1]) / 2
    f = y - (b * box[0] + d * box[1]) / 2
    return f"q {a:.5f} {b:.5f} {c:.5f} {d:.5f} {e:.3f} {f:.3f} cm {name} Do Q".encode()


def _footing(foot: Any, page: tuple[float, float, float, float], turn: int) -> bytes:
    left, low, width, height = page
    box = _box(foot)
    shown = height if turn in (90, 270) else width
    size = min(max(box), shown * FOOT_SHARE)
    inset = box[1] * size / max(box)
    x, y = {
        0: (left + width / 2, low + inset),
        90: (left + width - inset, low + height / 2),
        180: (left + width / 2, low + height - inset),
        270: (left + inset, low + height / 2),
    }.get(turn, (left + width / 2, low + inset))
    return _placed(FOOT, box, x, y, size, turn)


# ── pictures ──────────────────────────────────────────────────────────────────


def _picture(stream: BinaryIO, media_type: str, words: bytes) -> bytes:
    from PIL import Image, ImageSequence

    masks = _ink(words)
    out = io.BytesIO()
    with Image.open(stream, formats=[_FORMATS[media_type]]) as image:
        if media_type == media.TIFF:
            return _tiff(ImageSequence.Iterator(image), masks)
        kept = {name: image.info[name] for name in ("dpi", "icc_profile") if name in image.info}
        frame = _inked(image, masks)
        if media_type == media.JPEG:
            frame.save(out, "JPEG", quality=90, **kept)
        else:
            frame.save(out, "PNG", **kept)
    return out.getvalue()


def _tiff(frames: Any, masks: tuple[Any, Any]) -> bytes:
    """Frame by frame: a thousand of them are never in memory together."""
    from PIL.TiffImagePlugin import AppendingTiffWriter

    out = io.BytesIO()
    with AppendingTiffWriter(out, new=True) as writer:
        for frame in frames:
            kept = {name: frame.info[name] for name in ("dpi",) if name in frame.info}
            _inked(frame, masks).save(writer, "TIFF", compression="tiff_adobe_deflate", **kept)
            writer.newFrame()
    return out.getvalue()


def _ink(words: bytes) -> tuple[Any, Any]:
    """Square and foot as masks: where, and how strongly, the mark stands."""
    import pypdfium2
    from PIL import ImageOps

    with pypdfium2.PdfDocument(words) as document:
        square, foot = (
            ImageOps.invert(page.render(scale=4).to_pil().convert("L")) for page in document
        )
    return square, foot


def _inked(frame: Any, masks: tuple[Any, Any]) -> Any:
    from PIL import ImageOps

    from archivist.examine.limits import Limits

    if frame.width * frame.height > Limits().max_pixels:
        raise Unfit(TOO_LARGE, "too many pixels")
    square, foot = masks
    grey = frame.mode in ("1", "L", "I;16", "I", "F")
    # As it is seen: a turn that stands beside the pixels would turn the mark with them.
    shown = ImageOps.exif_transpose(frame).convert("L" if grey else "RGB")
    ink = INK if grey else (INK, INK, INK)
    for x, y, size in _places(*shown.size):
        side = max(1, round(size))
        mask = square.resize((side, side))
        shown.paste(ink, (round(x - side / 2), round(y - side / 2)), mask)
    # As small as on a PDF, for it must not cover the page; wider where it could not be read.
    wide = max(1, round(min(max(shown.width * 0.4, FOOT_PIXELS), shown.width * FOOT_SHARE)))
    high = max(1, round(foot.height * wide / foot.width))
    place = ((shown.width - wide) // 2, shown.height - round(1.5 * high))
    shown.paste(0 if grey else (0, 0, 0), place, foot.resize((wide, high)))
    return shown


# ── on the screen only ────────────────────────────────────────────────────────


def show(stream: BinaryIO, media_type: str, page_index: int) -> tuple[bytes, int]:
    """One page of a marked document as a PNG, and how many pages there are."""
    out = io.BytesIO()
    picture, pages = (_rendered if media_type == media.PDF else _frame)(
        stream, media_type, page_index
    )
    # Nothing but the pixels: no words beside them, no profile.
    picture.info = {}
    picture.save(out, "PNG")
    return out.getvalue(), pages


def _rendered(stream: BinaryIO, _media_type: str, page_index: int) -> tuple[Any, int]:
    import pypdfium2

    with pypdfium2.PdfDocument(stream) as document:
        page = document[page_index]
        width, height = page.get_size()
        scale = min(SCREEN_SCALE, math.sqrt(SCREEN_PIXELS / (width * height)))
        return page.render(scale=scale).to_pil().convert("RGB"), len(document)


def _frame(stream: BinaryIO, media_type: str, page_index: int) -> tuple[Any, int]:
    from PIL import Image

    with Image.open(stream, formats=[_FORMATS[media_type]]) as image:
        image.seek(page_index)
        shown = image.convert("L" if image.mode == "L" else "RGB")
        return shown, getattr(image, "n_frames", 1)
