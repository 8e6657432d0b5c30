"""Whether the text inside a PDF page can be trusted, or the page must be read from its picture.

Pure: text and numbers in, a decision out. A wrong "yes" files a page that no search will find; a
wrong "no" costs two seconds of recognition. So the layer has to prove itself:

- Fonts without a mapping to Unicode yield control or private-use characters, and every PDF library
  returns them without an error. More than 2 % of them: the layer is garbage.
- A page that is one big picture with a stamp of text ("Scanned by …") is a scan.

    >>> trusted("第一条 文书档案立卷归档法", largest_image_px=0)
    True
    >>> trusted("\\x01\\x02\\x03\\x04 \\x05\\x06", largest_image_px=0)
    False
    >>> trusted("Scanned by CamScanner", largest_image_px=3_800_000)
    False
"""

from __future__ import annotations

import re
import unicodedata

MIN_CHARS = 16
"""Below this a picture on the page decides: 16 characters are a caption, not a page."""
MIN_CHARS_ON_SCAN = 64
"""Over a full-page picture a real text layer has at least a few lines."""
SCAN_PIXELS = 400_000
"""An A4 page at 72 dpi has 500 000: the smallest picture that can be a whole page."""
_MAX_GARBAGE_SHARE = 0.02
_MIN_WORD_SHARE = 0.4

_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_SPACES = re.compile(r"[ \t\u3000\xa0]+")
_GARBAGE = frozenset({"Cc", "Co", "Cs", "Cn"})


def trusted(text: str, largest_image_px: int) -> bool:
    """Whether the layer's text stands for the page. `largest_image_px` is 0 without pictures."""
    chars = "".join(text.split())
    if largest_image_px >= SCAN_PIXELS and len(chars) < MIN_CHARS_ON_SCAN:
        return False
    if len(chars) < MIN_CHARS and largest_image_px > 0:
        return False
    return bool(chars) and _plausible(chars)


def _plausible(chars: str) -> bool:
    # Almost every real page is all letters and CJK; `isalnum` is one C call per character, so the
    # table of Unicode categories is asked only about the rest.
    others = [char for char in chars if not char.isalnum()]
    garbage = sum(char == "\ufffd" or unicodedata.category(char) in _GARBAGE for char in others)
    words = len(chars) - len(others)
    return garbage <= len(chars) * _MAX_GARBAGE_SHARE and words >= len(chars) * _MIN_WORD_SHARE


def lines_of(text: str) -> list[str]:
    """The layer's lines, cleaned: no control characters, no lone surrogates, no empty lines.

    What is left can be written as UTF-8 by every later step.
    """
    cleaned = (_SPACES.sub(" ", _UNWANTED.sub("", line)).strip() for line in text.splitlines())
    return [line for line in cleaned if line]
