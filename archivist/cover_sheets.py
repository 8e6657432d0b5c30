"""Cover sheets on paper: one A4 page each, with the code twice and words for people.

Twice, because a staple, a stamp or a folded corner rarely meets both. The payload is also
there as text: a PDF that never saw a scanner is routed by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import segno

from archivist import covers
from archivist.printing import WIDTH_PT, Paper, draw_code

MODULE_PT = 4.6  # 1.6 mm: twice what a 150-dpi scan resolves; a copy of a copy is still read
QUIET_MODULES = 4  # white border that readers need (ISO/IEC 18004, 6.3.8)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One cover sheet to print. The two labels are for people and may be empty."""

    dossier: str
    doc_type: str | None
    customer_label: str
    type_label: str


def cover_pdf(sheets: Sequence[Sheet], archive_tag: str = "") -> bytes:
    """A PDF with one page for each sheet. Raises ValueError as `payload` does, and for none."""
    if not sheets:
        raise ValueError("there is no sheet to print")
    paper = Paper("封面页")
    for sheet in sheets:
        draw(paper, sheet, archive_tag)
        paper.next_page()
    return paper.finished()


def draw(paper: Paper, sheet: Sheet, archive_tag: str = "") -> None:
    """One cover sheet on the present page, which stands. Raises ValueError as `payload` does."""
    line = covers.payload(sheet.dossier, sheet.doc_type, archive_tag)
    paper.centred(sheet.type_label or sheet.doc_type or "档案封面", 40, 742)
    paper.centred(sheet.dossier, 30, 690)
    paper.centred(sheet.customer_label, 20, 652)
    _draw_code(paper, line, top_pt=625)
    paper.centred(line, 11, 412)
    paper.centred("封面页：请放在所属材料之前一并扫描，请勿折叠或涂写", 14, 380)
    _draw_code(paper, line, top_pt=345)
    paper.centred(line, 11, 132)


def _draw_code(paper: Paper, line: str, top_pt: float) -> None:
    matrix = segno.make_qr(line, error="q", boost_error=False).matrix
    left_pt = (WIDTH_PT - len(matrix) * MODULE_PT) / 2
    top_pt -= QUIET_MODULES * MODULE_PT
    draw_code(paper, matrix, left_pt, top_pt, MODULE_PT)
