"""Cutting a stack: some pages of a scan as a file of their own, without loss.

PDF pages are copied with all they refer to, so the scanner's picture streams stay as they
are, byte for byte. TIFF pages are decoded and stored again losslessly (bilevel pages as
CCITT group 4, others deflated): every pixel stays, with resolution and colour profile.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, BinaryIO

from archivist.examine import media
from archivist.examine.unfit import DAMAGED, ENCRYPTED, Unfit


def cut(stream: BinaryIO, media_type: str, pages: Sequence[int]) -> bytes:
    """The pages (0-based, in this order) as a file of the same type.

    Raises `Unfit`, or what the parsers raise.
    """
    if not pages:
        raise Unfit(DAMAGED, "no pages to cut")
    return _cut_pdf(stream, pages) if media_type == media.PDF else _cut_tiff(stream, pages)


def _cut_pdf(stream: BinaryIO, pages: Sequence[int]) -> bytes:
    import pikepdf

    try:
        whole = pikepdf.open(stream)
    except pikepdf.PasswordError:
        raise Unfit(ENCRYPTED, "needs a password") from None
    out = io.BytesIO()
    with whole, pikepdf.new() as part:
        for index in pages:
            part.pages.append(whole.pages[index])
        # Deterministic: the same stack cut again after a crash gives the same bytes.
        part.save(out, deterministic_id=True)
    return out.getvalue()


def _cut_tiff(stream: BinaryIO, pages: Sequence[int]) -> bytes:
    from PIL import Image

    frames = []
    with Image.open(stream) as image:
        for index in pages:
            image.seek(index)
            frame = image.copy()
            frame.info = {
                key: image.info[key] for key in ("dpi", "icc_profile") if key in image.info
            }
            frame.encoderinfo = {
                "compression": "group4" if frame.mode == "1" else "tiff_adobe_deflate"
            }
            frames.append(frame)
    out = io.BytesIO()
    first, *others = frames
    options: Any = first.info | first.encoderinfo
    first.save(out, "TIFF", save_all=True, append_images=others, **options)
    return out.getvalue()
