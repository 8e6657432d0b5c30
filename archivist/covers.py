"""Cover sheets: the QR payload that routes what follows it, and the PDF to print it from.

The payload is one line of ASCII: a mark, the dossier, the document type (`-` when the sheet names
none) and four check characters.

    ARCHIVIST1 D000001 sales_contract 6ZVX

Rules it keeps:
- A wrong route is worse than none. So the check characters cover the whole line, and the grammar
  allows exactly one spelling: a damaged, shortened or foreign code is nobody's cover.
- The check guards against accidents, not against forgers: whoever can feed paper into the scanner
  can feed a cover. `archive_tag` (any word of the archive, such as its id) keeps the sheets of one
  archive from routing in another without making the code larger.
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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pikepdf

_MARK = "ARCHIVIST1"
_LINE = re.compile(
    r"(ARCHIVIST1 (D[0-9]{6,12}) (-|[a-z0-9][a-z0-9_.]{0,63})) ([0-9A-Z]{4})", re.ASCII
)
_DOSSIER = re.compile(r"D[0-9]{6,12}", re.ASCII)
_DOC_TYPE = re.compile(r"[a-z0-9][a-z0-9_.]{0,63}", re.ASCII)
# Crockford's base32: no I, L, O or U, which a clerk or a recogniser would confuse with 1 and 0.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_PAGE_WIDTH_PT, _PAGE_HEIGHT_PT = 595, 842
# 1.6 mm: more than twice what a 150-dpi scan resolves, so a copy of a copy is still read.
_MODULE_PT = 4.6
_QUIET_MODULES = 4


@dataclass(frozen=True, slots=True)
class Sheet:
    """One cover sheet to print. The two labels are for people and may be empty."""

    dossier: str
    doc_type: str | None
    customer_label: str
    type_label: str


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
    routing to decide, so none is dropped here.
    """
    found = (parse(text, archive_tag) for text in texts)
    return list(dict.fromkeys(route for route in found if route))


def _check(body: str, archive_tag: str) -> str:
    # 20 of the 32 bits: one damaged line in a million passes, and those are ids of this grammar.
    crc = zlib.crc32(f"{archive_tag}\n{body}".encode())
    return "".join(_ALPHABET[(crc >> shift) & 31] for shift in (15, 10, 5, 0))


def cover_pdf(sheets: Sequence[Sheet], archive_tag: str = "") -> bytes:
    """An A4 PDF with one page per sheet: labels, the payload as text, and the code twice.

    Twice, because a staple, a stamp or a folded corner rarely meets both. The Chinese font is
    named, not embedded (`STSong-Light`, a standard CID font of ISO 32000-1, 9.7.5.2), which every
    PDF viewer and printer driver replaces by a Chinese font it has.
    Raises `ValueError` as `payload` does, and when there is no sheet.
    """
    import pikepdf  # only printing needs it; reading a payload must stay cheap

    if not sheets:
        raise ValueError("there is no sheet to print")
    with pikepdf.new() as pdf:
        fonts = pikepdf.Dictionary(F1=_chinese_font(pdf), F2=_latin_font(pdf))
        for sheet in sheets:
            line = payload(sheet.dossier, sheet.doc_type, archive_tag)
            pdf.add_blank_page(page_size=(_PAGE_WIDTH_PT, _PAGE_HEIGHT_PT))
            page = pdf.pages[-1]
            page.Resources = pikepdf.Dictionary(Font=fonts)
            page.Contents = pdf.make_stream(_page_drawing(sheet, line))
        return _saved(pdf)


def _saved(pdf: pikepdf.Pdf) -> bytes:
    import io

    out = io.BytesIO()
    # The same sheets give the same bytes, so a reprint can be compared with the first print.
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _page_drawing(sheet: Sheet, line: str) -> bytes:
    """The page's content stream. Everything is centred; the lower code repeats the upper one."""
    heading = sheet.type_label or sheet.doc_type or "档案封面"
    parts = [
        _centred_text("F1", 40, 742, heading),
        _centred_text("F2", 30, 690, sheet.dossier),
        _centred_text("F1", 20, 652, sheet.customer_label),
        _code_drawing(line, top_pt=625),
        _centred_text("F2", 11, 412, line),
        _centred_text("F1", 14, 380, "封面页：请放在所属材料之前一并扫描，请勿折叠或涂写"),
        _code_drawing(line, top_pt=345),
        _centred_text("F2", 11, 132, line),
    ]
    return b"\n".join(parts)


def _code_drawing(line: str, top_pt: float) -> bytes:
    """The QR code of `line` as filled rectangles, one per run of dark modules."""
    import segno

    matrix = segno.make_qr(line, error="q", boost_error=False).matrix
    left = (_PAGE_WIDTH_PT - len(matrix) * _MODULE_PT) / 2
    # The quiet zone is white paper; nothing else may be drawn there.
    top = top_pt - _QUIET_MODULES * _MODULE_PT
    ops = ["0 g"]
    for y, row in enumerate(matrix):
        for start, length in _dark_runs(row):
            ops.append(
                f"{left + start * _MODULE_PT:.2f} {top - (y + 1) * _MODULE_PT:.2f} "
                f"{length * _MODULE_PT:.2f} {_MODULE_PT:.2f} re"
            )
    return "\n".join([*ops, "f"]).encode("ascii")


def _dark_runs(row: Sequence[int]) -> list[tuple[int, int]]:
    """`(start, length)` of each unbroken run of dark modules.

    Runs instead of single modules: hairlines between neighbouring squares would be printed.
    """
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and runs and sum(runs[-1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif dark:
            runs.append((x, 1))
    return runs


def _centred_text(font: str, size_pt: float, baseline_pt: float, text: str) -> bytes:
    """One line of text in the middle of the page, made smaller when it would not fit."""
    if not text:
        return b""
    advance_em = sum(_advance_em(char, font) for char in text)
    size = min(size_pt, (_PAGE_WIDTH_PT - 80) / advance_em)
    x = (_PAGE_WIDTH_PT - advance_em * size) / 2
    # The Chinese font is addressed by UCS-2; what lies outside is a rare character on a label.
    shown = text.encode("utf-16-be") if font == "F1" else text.encode("ascii", "replace")
    return (
        f"BT /{font} {size:.2f} Tf 1 0 0 1 {x:.2f} {baseline_pt} Tm <{shown.hex()}> Tj ET".encode()
    )


def _advance_em(char: str, font: str) -> float:
    if font == "F2":
        return 0.6
    return 0.5 if ord(char) < 0x7F else 1.0


def _latin_font(pdf: pikepdf.Pdf) -> pikepdf.Object:
    import pikepdf

    return pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Courier,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
    )


def _chinese_font(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """STSong-Light through UniGB-UCS2-H: both are predefined, so nothing has to be embedded."""
    import pikepdf

    descendant = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.CIDFontType0,
        BaseFont=pikepdf.Name("/STSong-Light"),
        CIDSystemInfo=pikepdf.Dictionary(
            Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("GB1"), Supplement=4
        ),
        FontDescriptor=pikepdf.Dictionary(
            Type=pikepdf.Name.FontDescriptor,
            FontName=pikepdf.Name("/STSong-Light"),
            Flags=6,
            FontBBox=[-25, -254, 1000, 880],
            ItalicAngle=0,
            Ascent=880,
            Descent=-120,
            CapHeight=880,
            StemV=93,
        ),
        DW=1000,
        # CIDs 814-907 are the half-width Latin letters that UniGB-UCS2-H maps ASCII to.
        W=[814, 907, 500],
    )
    return pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type0,
            BaseFont=pikepdf.Name("/STSong-Light-UniGB-UCS2-H"),
            Encoding=pikepdf.Name("/UniGB-UCS2-H"),
            DescendantFonts=[pdf.make_indirect(descendant)],
        )
    )
