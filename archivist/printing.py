"""Printing: A4 pages with Chinese text, as PDF with every font embedded.

ReportLab draws; the Chinese font lies in the package, because a machine may have none.
Text is set in runs: what the Chinese font lacks (Latin letters, digits) comes from the
Latin one, so that a mixed line needs no thought from its writer.

Rules it keeps: no text is cut, it is broken into lines; a character that no font has shows as
`MISSING`. ReportLab is loaded when something is printed: commands that can print seldom do.
How tables are broken into pages is the business of whoever prints them.

    paper = Paper("封面")
    paper.centred("销售合同 D000001", size_pt=30, baseline_pt=700)
    data = paper.finished()
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

WIDTH_PT, HEIGHT_PT = 595.0, 842.0  # A4, to the point
MARGIN_PT = 40.0
CHINESE, LATIN = "archivist-zh", "archivist-latin"
MISSING = "〓"  # shown for a character that no font has: visibly wrong beats invisible
SHADE = 0.92  # of the cells that head a table
_WORD_PT = 130.0  # a word wider than this is broken: it is none, or nobody's name
# A word or one character, with the marks that must not begin a line.
_PIECES = re.compile(r"\s+|(?:[A-Za-z0-9_.@+:/-]+|\S)[，。；：、）》”！？,.;:)%]*")


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How the cells of a table are set: size of the text, from line to line, and its border."""

    size_pt: float
    lead_pt: float
    pad_pt: float

    def lines(self, text: str, width_pt: float) -> list[str]:
        """The text as it stands in a cell of this width."""
        return wrapped(text, width_pt - 2 * self.pad_pt, self.size_pt)

    def height_pt(self, texts: Sequence[Sequence[str]]) -> float:
        """How high a row with these lines is."""
        most = max((len(lines) for lines in texts), default=1)
        return most * self.lead_pt + 2 * self.pad_pt

    def baseline_pt(self, line: int) -> float:
        """How far below the top of its cell a line stands."""
        return self.pad_pt + self.size_pt + line * self.lead_pt

    def width_pt(self, text: str) -> float:
        """How wide a cell is that holds the text in one line."""
        return text_width(text, self.size_pt) + 2 * self.pad_pt + 1

    def widths(self, table: Sequence[Sequence[str]], room_pt: float) -> list[float]:
        """Column widths that fill the room: as wide as the text wants, the widest give way."""
        columns = list(zip(*table, strict=True))
        wanted = [max(map(self.width_pt, column)) for column in columns]
        if sum(wanted) <= room_pt:
            return [width * room_pt / sum(wanted) for width in wanted]
        least = [min(max(map(self._unbroken, column)), _WORD_PT) for column in columns]
        if sum(least) >= room_pt:  # even single words are too wide together: they are broken
            return [width * room_pt / sum(least) for width in least]
        spare = (room_pt - sum(least)) / (sum(wanted) - sum(least))
        return [low + (high - low) * spare for low, high in zip(least, wanted, strict=True)]

    def _unbroken(self, text: str) -> float:
        return max(map(self.width_pt, _PIECES.findall(text)), default=2 * self.pad_pt + 1)


class Paper:
    """A document being drawn, page by page. Coordinates in points from the lower left."""

    def __init__(self, title: str) -> None:
        from reportlab.pdfgen.canvas import Canvas  # only what prints pays for it

        _fonts()
        self._out = io.BytesIO()
        # invariant: the same pages give the same bytes, so a reprint can be compared.
        self.canvas = Canvas(self._out, invariant=1)
        self.canvas.setTitle(title)
        self.lay(across=False)

    def lay(self, across: bool) -> None:
        """Let this page and those that follow lie across, or stand."""
        self.width_pt, self.height_pt = (HEIGHT_PT, WIDTH_PT) if across else (WIDTH_PT, HEIGHT_PT)
        self.canvas.setPageSize((self.width_pt, self.height_pt))

    @property
    def room_pt(self) -> float:
        """How wide what is printed may be."""
        return self.width_pt - 2 * MARGIN_PT

    def centred(self, text: str, size_pt: float, baseline_pt: float) -> None:
        """One line in the middle, made smaller when it would not fit."""
        wide_pt = text_width(text, size_pt)
        size_pt *= min(1.0, self.room_pt / wide_pt) if wide_pt else 1.0
        self.text(text, size_pt, (self.width_pt - text_width(text, size_pt)) / 2, baseline_pt)

    def text(self, text: str, size_pt: float, left_pt: float, baseline_pt: float) -> None:
        """One line from `left_pt`."""
        line = self.canvas.beginText(left_pt, baseline_pt)
        for font, run in _runs(text):
            line.setFont(font, size_pt)
            line.textOut(run)
        self.canvas.drawText(line)

    def row(
        self,
        texts: Sequence[Sequence[str]],
        widths: Sequence[float],
        style: CellStyle,
        left_pt: float,
        top_pt: float,
        height_pt: float = 0.0,
        shaded: bool = False,
        middle: bool = False,
    ) -> float:
        """A row of ruled cells, each with its lines; returns where the next row begins.

        It is as high as its lines need, or `height_pt` when that is more; lines begin at the
        top of their cell, or stand in its `middle`.
        """
        height_pt = max(height_pt, style.height_pt(texts))
        for lines, width_pt in zip(texts, widths, strict=True):
            self.canvas.setFillGray(SHADE if shaded else 1)
            self.canvas.setLineWidth(0.4)
            self.canvas.rect(left_pt, top_pt - height_pt, width_pt, height_pt, fill=1)
            self.canvas.setFillGray(0)
            lowered = (height_pt - style.height_pt([lines])) / 2 if middle else 0.0
            for number, line in enumerate(lines):
                baseline = top_pt - lowered - style.baseline_pt(number)
                self.text(line, style.size_pt, left_pt + style.pad_pt, baseline)
            left_pt += width_pt
        return top_pt - height_pt

    def next_page(self) -> None:
        """Finish this page and begin another."""
        self.canvas.showPage()

    def finished(self) -> bytes:
        """The PDF."""
        self.canvas.save()
        return self._out.getvalue()


def draw_code(
    paper: Paper, matrix: Sequence[Sequence[int]], left_pt: float, top_pt: float, module_pt: float
) -> None:
    """A QR code's modules; its white border is the caller's to leave."""
    for y, row in enumerate(matrix):
        for start, length in _dark_runs(row):
            paper.canvas.rect(
                left_pt + start * module_pt,
                top_pt - (y + 1) * module_pt,
                length * module_pt,
                module_pt,
                stroke=0,
                fill=1,
            )


def _dark_runs(row: Sequence[int]) -> Iterator[tuple[int, int]]:
    """`(start, length)` of each unbroken run of dark modules.

    Runs, not single modules: hairlines between neighbouring squares would be printed.
    """
    start = None
    for x, dark in enumerate([*row, 0]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x - start
            start = None


def text_width(text: str, size_pt: float) -> float:
    """How wide a line is, in points."""
    width_of = _fonts().stringWidth
    return sum(float(width_of(run, font, size_pt)) for font, run in _runs(text))


def wrapped(text: str, room_pt: float, size_pt: float) -> list[str]:
    """The text in lines no wider than `room_pt`; a word that is wider is broken."""
    lines, line = [], ""
    for piece in _PIECES.findall(text):
        if text_width(line + piece.rstrip(), size_pt) <= room_pt:
            line += piece if line or not piece.isspace() else ""
            continue
        if line:
            lines.append(line.rstrip())
            line = ""
        for char in piece.lstrip():
            if line and text_width(line + char, size_pt) > room_pt:
                lines.append(line)
                line = ""
            line += char
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def printable(text: str) -> str:
    """The text without characters that would move the pen."""
    return "".join(char if char.isprintable() else " " for char in text)


def lacks_glyph(text: str) -> bool:
    """Whether a character of the text would show as `MISSING`."""
    return any(_shown(char) != char for char in text)


def _runs(text: str) -> list[tuple[str, str]]:
    """The text cut where the font changes."""
    return [(font, "".join(run)) for font, run in groupby(map(_shown, text), key=_font_of)]


def _shown(char: str) -> str:
    return char if ord(char) in _glyphs(CHINESE) or ord(char) in _glyphs(LATIN) else MISSING


def _font_of(char: str) -> str:
    return CHINESE if ord(char) in _glyphs(CHINESE) else LATIN


def missing_glyphs(text: str) -> str:
    """The characters of `text` that no font here can print; a box would stand for them."""
    return "".join(char for char in text if not {ord(char)} & (_glyphs(CHINESE) | _glyphs(LATIN)))


@cache
def _glyphs(font: str) -> frozenset[int]:
    return frozenset(_fonts().getFont(font).face.charToGlyph)


@cache
def _fonts() -> Any:
    """ReportLab's measures, with both fonts known to them."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = resources.files("archivist") / "fonts"
    chinese = str(folder / "DroidSansFallbackFull.ttf")
    latin = str(Path(str(resources.files("reportlab"))) / "fonts" / "Vera.ttf")
    pdfmetrics.registerFont(TTFont(CHINESE, chinese))
    pdfmetrics.registerFont(TTFont(LATIN, latin))
    return pdfmetrics
