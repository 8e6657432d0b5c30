"""Cover sheets: the QR payload that routes what follows it. Printing is `cover_sheets`.

The payload is one line of ASCII: a mark, the dossier, the document type (`-` when the sheet names
none) and four check characters.

    ARCHIVIST1 D000001 sales_contract 6ZVX

Rules it keeps:
- A wrong route is worse than none. So the check characters cover the whole line, and the grammar
  allows exactly one spelling: a damaged, shortened or foreign code is nobody's cover.
- The check guards against accidents, not against forgers: whoever can feed paper into the scanner
  can feed a cover. `archive_tag` (the archive's id) keeps the sheets of one archive from routing in
  another without making the code larger.
- The payload is also printed as text. A PDF that never saw a scanner is routed by its text layer,
  and a code that the scanner ruined is still read by recognition.

    >>> line = payload("D000001", "sales_contract")
    >>> parse(line)
    ('D000001', 'sales_contract')
    >>> parse(line.replace("D000001", "D000007")) is None
    True
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

FOREIGN: tuple[str, str | None] = ("", None)

_MARK = "ARCHIVIST1"
_LINE = re.compile(
    r"(ARCHIVIST1 (D[0-9]{6,12}) (-|[a-z0-9][a-z0-9_.]{0,63})) ([0-9A-Z]{4})", re.ASCII
)
_DOSSIER = re.compile(r"D[0-9]{6,12}", re.ASCII)
_DOC_TYPE = re.compile(r"[a-z0-9][a-z0-9_.]{0,63}", re.ASCII)
# Crockford's base32: no I, L, O or U, which a clerk or a recogniser would confuse with 1 and 0.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def payload(dossier: str, doc_type: str | None, archive_tag: str = "") -> str:
    """The line to encode for what follows the sheet. ASCII, at most 96 characters.

    Raises `ValueError` when `dossier` is not an id such as `D000001` or `doc_type` not a code such
    as `sales_contract`: a sheet that could not be read back must not be printed.
    """
    if not _DOSSIER.fullmatch(dossier):
        raise ValueError("dossier is not an id such as D000001")
    if doc_type is not None and not _DOC_TYPE.fullmatch(doc_type):
        raise ValueError("document type is not a code such as sales_contract")
    body = f"{_MARK} {dossier} {doc_type or '-'}"
    return f"{body} {_check(body, archive_tag)}"


def parse(text: str, archive_tag: str = "") -> tuple[str, str | None] | None:
    """`(dossier, document type or None)` when `text` is exactly one intact payload, else None.

    Surrounding white space is forgiven, nothing else: inside the line every character counts.
    """
    found = _LINE.fullmatch(text.strip())
    if found is None or _check(found[1], archive_tag) != found[4]:
        return None
    return found[2], None if found[3] == "-" else found[3]


def covers_among(texts: Iterable[str], archive_tag: str = "") -> list[tuple[str, str | None]]:
    """The different routes that `texts` name, in order.

    More than one means that two sheets were scanned as one page; which of them counts is for
    routing to decide, so none is dropped here. A sheet of another archive, or one whose check
    fails, is `FOREIGN`: it routes nothing, but what follows it is another document all the same.
    """
    routes = (
        parse(text, archive_tag) or FOREIGN for text in texts if _LINE.fullmatch(text.strip())
    )
    return list(dict.fromkeys(routes))


def _check(body: str, archive_tag: str) -> str:
    # 20 of the 32 bits: one damaged line in a million passes, and those are ids of this grammar.
    crc = zlib.crc32(f"{archive_tag}\n{body}".encode())
    return "".join(_ALPHABET[(crc >> shift) & 31] for shift in (15, 10, 5, 0))
