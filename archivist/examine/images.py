"""Pictures: what a TIFF, JPEG or PNG claims, and the pixels of one page as grey values.

Pillow decides what is acceptable. OpenCV would decode half a file without a word and fill the rest
with grey; a page lost in that way is lost for ever.

Rules it keeps:
- The header's dimensions are checked before a pixel is decoded, for every frame.
- A file must be whole: the end marker of its format has to be there, every strip of a TIFF has to
  lie inside the file, and `LOAD_TRUNCATED_IMAGES` stays off.
- Memory for a page is bounded: a huge JPEG is decoded at a half or quarter, everything else is
  reduced before colours are taken apart.
- Of a colour page only the red channel is kept: red stamps vanish and the text under them is read.
"""

from __future__ import annotations

import math
import mmap
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from archivist.examine import media
from archivist.examine.limits import Limits
from archivist.examine.unfit import DAMAGED, TOO_LARGE, Unfit

Pixels: TypeAlias = NDArray[np.uint8]

ImageFile.LOAD_TRUNCATED_IMAGES = False
# Above its bound Pillow warns and goes on; here the header has been checked before.
Image.MAX_IMAGE_PIXELS = None
# Pillow warns of odd metadata; the pixels decide.
warnings.filterwarnings("ignore", module=r"PIL\.")

WORKING_PIXELS = 18_000_000
"""A3 at 300 dpi: more adds nothing that recognition could use."""

_FORMATS = {media.TIFF: "TIFF", media.JPEG: "JPEG", media.PNG: "PNG"}
_EXIF_ORIENTATION = 0x0112
_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 273, 279, 324, 325


def look_image(stream: BinaryIO, media_type: str, limits: Limits) -> list[dict[str, Any]]:
    """One `{"read": True}` per page, after every frame's header has been checked.

    Raises `Unfit`: `too-large` by pages or pixels, `damaged` when the file is not whole.
    """
    _demand_end(stream, media_type)
    size_bytes = stream.seek(0, 2)
    pages: list[dict[str, Any]] = []
    for frame in _frames(stream, media_type):
        if len(pages) == limits.max_pages:
            raise Unfit(TOO_LARGE, f"more than {limits.max_pages} pages")
        demand_pixels(frame.width, frame.height, limits.max_pixels)
        if media_type == media.TIFF:
            _demand_strips(frame, size_bytes)
        pages.append({"read": True})
    return pages


def read_image(stream: BinaryIO, media_type: str, page_index: int, limits: Limits) -> Pixels:
    """The page as grey values, height x width, turned as its EXIF data says.

    Raises `Unfit`, or whatever Pillow raises when the frame cannot be decoded to its end.
    """
    with Image.open(stream, formats=[_FORMATS[media_type]]) as image:
        if page_index:
            image.seek(page_index)
        demand_pixels(image.width, image.height, limits.max_pixels)
        turn = image.getexif().get(_EXIF_ORIENTATION, 1) if media_type == media.JPEG else 1
        return _exif_turned(grey(image), turn)


def demand_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raise `Unfit` unless a page of that size may be decoded."""
    if width < 1 or height < 1:
        raise Unfit(DAMAGED, "a page without pixels")
    if width * height > max_pixels:
        raise Unfit(TOO_LARGE, f"a page of {width * height} pixels, at most {max_pixels}")


def grey(image: Image.Image) -> Pixels:
    """Decode `image` to its last pixel and return it as grey values, about `WORKING_PIXELS`."""
    # A JPEG can leave out detail while decoding; its data is still read to the end, so a
    # truncated file is still found.
    factor = _reduction(image)
    if factor > 1:
        image.draft(image.mode, (image.width // factor, image.height // factor))
    image.load()
    factor = _reduction(image)
    if image.mode in ("1", "P", "PA"):
        # These must become real values before pixels are averaged.
        image = image.convert("L" if image.mode == "1" else "RGBA")
    if factor > 1:
        image = image.reduce(factor)
    return _red(image)


def _reduction(image: Image.Image) -> int:
    return math.ceil(math.sqrt(image.width * image.height / WORKING_PIXELS))


def _red(image: Image.Image) -> Pixels:
    if image.mode in ("RGBA", "LA", "La", "RGBa"):
        # What is transparent is paper.
        straight = image.convert("RGBA")
        paper = Image.new("RGB", image.size, (255, 255, 255))
        paper.paste(straight, mask=straight.getchannel("A"))
        image = paper
    if image.mode.startswith("I") or image.mode == "F":
        return _scaled(np.asarray(image))
    if image.mode != "L":
        image = (image if image.mode == "RGB" else image.convert("RGB")).getchannel("R")
    return np.array(image, dtype=np.uint8)


def _scaled(values: NDArray[Any]) -> Pixels:
    """16-bit and floating samples as 8-bit: by their own maximum, whichever range they use."""
    bound = max(float(values.max()), 1.0)
    scale = 255.0 / (65535.0 if 255.0 < bound <= 65535.0 else max(bound, 255.0))
    return np.clip(values * scale, 0, 255).astype(np.uint8)


def _exif_turned(page: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation (1-8): the camera was held that way."""
    if orientation in (5, 6, 7, 8):
        page = page.T
    if orientation in (2, 3, 6, 7):
        page = page[:, ::-1]
    if orientation in (3, 4, 7, 8):
        page = page[::-1]
    return np.ascontiguousarray(page)


def _frames(stream: BinaryIO, media_type: str) -> Iterator[Image.Image]:
    with Image.open(stream, formats=[_FORMATS[media_type]]) as image:
        yield image
        # Only a TIFF has pages; a JPEG's further pictures are previews.
        while media_type == media.TIFF:
            try:
                image.seek(image.tell() + 1)
            except EOFError:
                return
            yield image


def _demand_end(stream: BinaryIO, media_type: str) -> None:
    """Raise `Unfit` when the format's end marker is missing: the file was cut off.

    A JPEG's end must come after its last start of data, because a preview in its header has an
    end marker of its own.
    """
    if media_type == media.TIFF:
        return
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if media_type == media.PNG:
            whole = data.rfind(b"IEND\xaeB`\x82") >= 0
        else:
            whole = data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
    if not whole:
        raise Unfit(DAMAGED, "ends before its picture does")


def _demand_strips(frame: Image.Image, size_bytes: int) -> None:
    tags = frame.tag_v2  # type: ignore[attr-defined]
    for offsets, sizes in ((_STRIPS, _STRIP_SIZES), (_TILES, _TILE_SIZES)):
        starts, lengths = tags.get(offsets, ()), tags.get(sizes, ())
        if isinstance(starts, int) or isinstance(lengths, int):
            raise Unfit(DAMAGED, "a page's data has no place in the file")
        if any(start + length > size_bytes for start, length in zip(starts, lengths, strict=False)):
            raise Unfit(DAMAGED, "ends before its last page does")
