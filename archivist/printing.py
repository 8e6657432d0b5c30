"""Printing: A4 pages with Chinese text, as PDF with every font embedded.

ReportLab draws; the Chinese font lies in the package, because a machine may have none.
Text is set in runs: what the Chinese font lacks (Latin letters, digits) comes from the
Latin one, so that a mixed line needs no thought from its writer.

    paper = Paper("封面")
    paper.centred("销售合同 D000001", size_pt=30, baseline_pt=700)
    data = paper.finished()
"""

import io
from functools import cache
from importlib import resources
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

WIDTH_PT, HEIGHT_PT = 595.0, 842.0  # A4, to the point
MARGIN_PT = 40.0
CHINESE, LATIN = "archivist-zh", "archivist-latin"
MISSING = "〓"  # shown for a character that no font has: visibly wrong beats invisible


class Paper:
    """A document being drawn, page by page. Coordinates in points from the lower left."""

    def __init__(self, title: str) -> None:
        _load_fonts()
        self._out = io.BytesIO()
        # invariant: the same pages give the same bytes, so a reprint can be compared.
        self.canvas = Canvas(self._out, pagesize=(WIDTH_PT, HEIGHT_PT), invariant=1)
        self.canvas.setTitle(title)

    def centred(self, text: str, size_pt: float, baseline_pt: float) -> None:
        """One line in the middle, made smaller when it would not fit."""
        wide_pt = text_width(text, size_pt)
        size_pt *= min(1.0, (WIDTH_PT - 2 * MARGIN_PT) / wide_pt) if wide_pt else 1.0
        self.text(text, size_pt, (WIDTH_PT - text_width(text, size_pt)) / 2, baseline_pt)

    def text(self, text: str, size_pt: float, left_pt: float, baseline_pt: float) -> None:
        """One line from `left_pt`."""
        line = self.canvas.beginText(left_pt, baseline_pt)
        for font, run in _runs(text):
            line.setFont(font, size_pt)
            line.textOut(run)
        self.canvas.drawText(line)

    def next_page(self) -> None:
        """Finish this page and begin another."""
        self.canvas.showPage()

    def finished(self) -> bytes:
        """The PDF."""
        self.canvas.save()
        return self._out.getvalue()


def text_width(text: str, size_pt: float) -> float:
    """How wide a line is, in points."""
    _load_fonts()
    return sum(float(pdfmetrics.stringWidth(run, font, size_pt)) for font, run in _runs(text))


def _runs(text: str) -> list[tuple[str, str]]:
    """The text cut where the font changes."""
    return [(font, "".join(run)) for font, run in groupby(map(_shown, text), key=_font_of)]


def _shown(char: str) -> str:
    return char if ord(char) in _glyphs(CHINESE) or ord(char) in _glyphs(LATIN) else MISSING


def _font_of(char: str) -> str:
    return CHINESE if ord(char) in _glyphs(CHINESE) else LATIN


@cache
def _glyphs(font: str) -> frozenset[int]:
    return frozenset(pdfmetrics.getFont(font).face.charToGlyph)


@cache
def _load_fonts() -> None:
    folder = resources.files("archivist") / "fonts"
    chinese = str(folder / "DroidSansFallbackFull.ttf")
    latin = str(Path(str(resources.files("reportlab"))) / "fonts" / "Vera.ttf")
    pdfmetrics.registerFont(TTFont(CHINESE, chinese))
    pdfmetrics.registerFont(TTFont(LATIN, latin))
