"""Reports as files: CSV for spreadsheet programs, PDF for paper, HTML for a browser.

Owns how a report looks; what stands in it is `archivist.reports`. A report is titles, a few
facts, and tables whose rows are plain dicts, the same that `--json` prints.

Rules it keeps: no text is cut, it is set in as many lines as it needs. A cell that a spreadsheet
program would take for a formula is made text. HTML loads nothing and runs nothing. PDF has
every font embedded, its pages numbered, and lies across when a table is too wide to stand.

    sheet = Sheet(("及时率", "timeliness"), (), (Section(("", ""), columns, rows),), ())
    content = as_pdf(sheet, chinese=True)
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from archivist.printing import (
    HEIGHT_PT,
    MARGIN_PT,
    WIDTH_PT,
    CellStyle,
    Paper,
    printable,
    text_width,
    wrapped,
)
from archivist.spreadsheets import comma_separated

Words = tuple[str, str]  # Chinese, English

CELLS = CellStyle(size_pt=8.5, lead_pt=12.0, pad_pt=3.5)
# For a sheet that people sign: what they sign should stand on one page with their names.
DENSE = CellStyle(size_pt=8.0, lead_pt=10.0, pad_pt=2.0)
TITLE_PT, HEAD_PT, SMALL_PT = 16.0, 10.5, 8.0
FOOT_PT = 24.0  # baseline of the page number
BODY_FOOT_PT = 44.0  # nothing but the page number stands below


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heads, and the key of the rows it shows (`en_key`: to English readers).

    `pen`: where it is empty it is left for the pen, and gets room to write on paper.
    """

    zh: str
    en: str
    key: str
    en_key: str = ""
    pen: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One table with its heading (may be empty)."""

    title: Words
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars under a heading: what each is called, how long it is (0 to 1), and what it tells."""

    title: Words
    bars: tuple[tuple[Words, float, str], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report to be printed: title, facts under it, tables, and what must be said below them.

    `dense`: set small and close on paper, for a sheet that should not need a second page.
    """

    title: Words
    facts: tuple[tuple[Words, Words], ...]
    sections: tuple[Section, ...]
    notes: tuple[Words, ...]
    dense: bool = False
    charts: tuple["Chart", ...] = ()  # on paper alone, between the facts and the tables

    @property
    def style(self) -> CellStyle:
        """How its cells are set on paper."""
        return DENSE if self.dense else CELLS


def cells(section: Section, chinese: bool) -> list[list[str]]:
    """The rows as text, without the heads."""
    keys = [c.key if chinese or not c.en_key else c.en_key for c in section.columns]
    return [[_text(row.get(key), chinese) for key in keys] for row in section.rows]


def heads(section: Section, chinese: bool) -> list[str]:
    """The heads of the columns."""
    return [column.zh if chinese else column.en for column in section.columns]


def as_csv(sheet: Sheet, chinese: bool) -> bytes:
    """Comma-separated, CRLF, UTF-8 with a byte order mark.

    The first table begins with its heads; each further one follows an empty line and its title.
    """
    rows: list[list[str]] = []
    for number, section in enumerate(sheet.sections):
        if number:
            rows += [[], [_said(section.title, chinese)]]
        rows += [heads(section, chinese), *cells(section, chinese)]
    return comma_separated(rows)


def as_html(sheet: Sheet, chinese: bool) -> bytes:
    """One page that needs nothing else: no script, no font, no picture from elsewhere."""
    title = html.escape(_said(sheet.title, chinese))
    parts = [
        f'<!doctype html>\n<html lang="{"zh-CN" if chinese else "en"}">',
        '<head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">",
        f"<title>{title}</title>\n<style>{_STYLE}</style></head>",
        f"<body>\n<h1>{title}</h1>\n<dl>",
    ]
    for name, value in sheet.facts:
        parts.append(
            f"<div><dt>{html.escape(_said(name, chinese))}</dt>"
            f"<dd>{html.escape(_said(value, chinese))}</dd></div>"
        )
    parts.append("</dl>")
    parts.extend(_html_table(section, chinese) for section in sheet.sections)
    parts.extend(f"<p>{html.escape(_said(note, chinese))}</p>" for note in sheet.notes)
    parts.append("</body>\n</html>\n")
    return "\n".join(parts).encode("utf-8")


def as_pdf(sheet: Sheet, chinese: bool) -> bytes:
    """A4, upright or across; the heads of a table stand again on each of its pages."""
    # A dense sheet stands whatever it holds: lying, fewer of its rows would share a page.
    across = not sheet.dense and any(
        _natural(section, chinese) > _room(False) for section in sheet.sections
    )
    pages = list(_laid_out(sheet, chinese, across))
    paper = Paper(_said(sheet.title, chinese))
    for number, page in enumerate(pages, 1):
        paper.lay(across)
        for mark in page:
            mark.draw(paper)
        foot = (
            f"{_said(sheet.title, chinese)}　第 {number} 页，共 {len(pages)} 页"
            if chinese
            else f"{_said(sheet.title, chinese)} - page {number} of {len(pages)}"
        )
        paper.centred(foot, SMALL_PT, FOOT_PT)
        paper.next_page()
    return paper.finished()


# ── cells ─────────────────────────────────────────────────────────────────────


def _said(words: Words, chinese: bool) -> str:
    return words[0] if chinese else words[1]


def _text(value: Any, chinese: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return ("是" if value else "否") if chinese else ("yes" if value else "no")
    if isinstance(value, list | tuple):
        return ("、" if chinese else ", ").join(_text(inner, chinese) for inner in value)
    return printable(str(value))


def _html_table(section: Section, chinese: bool) -> str:
    def row(texts: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts) + "</tr>"

    title = _said(section.title, chinese)
    head = f"<h2>{html.escape(title)}</h2>\n" if title else ""
    body = "\n".join(row(texts, "td") for texts in cells(section, chinese))
    return (
        f"{head}<table>\n<thead>{row(heads(section, chinese), 'th')}</thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>"
    )


_STYLE = """
@page { size: A4; margin: 14mm }
body { font: 15px/1.6 "Noto Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif;
  color: #1b1b1b; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; text-align: center } h2 { font-size: 1.1rem; margin-top: 2rem }
dl { display: flex; flex-wrap: wrap; gap: .2rem 2rem; margin: 0 0 1rem }
dl div { display: flex; gap: .5rem } dt { color: #666 } dd { margin: 0 }
table { border-collapse: collapse; width: 100%; font-size: .9rem }
th, td { border: 1px solid #bbb; padding: .3rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere }
th { background: #eee } thead { display: table-header-group } tr { break-inside: avoid }
p { color: #444 }
"""


# ── pages ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Mark:
    """One thing on a page: lines of text, or a row of cells with its rules."""

    top_pt: float
    left_pt: float
    size_pt: float
    texts: tuple[tuple[str, ...], ...]
    style: CellStyle
    widths: tuple[float, ...] = ()
    shaded: bool = False

    @property
    def height_pt(self) -> float:
        return self.style.height_pt(self.texts)

    def draw(self, paper: Paper) -> None:
        if self.widths:
            paper.row(
                self.texts, self.widths, self.style, self.left_pt, self.top_pt, shaded=self.shaded
            )
            return
        for lines in self.texts:
            for at, line in enumerate(lines):
                baseline = self.top_pt - self.size_pt - at * self.style.lead_pt
                paper.text(line, self.size_pt, self.left_pt, baseline)


@dataclass(frozen=True, slots=True)
class _Bar:
    """One bar of a chart, with its name before and its number behind it."""

    top_pt: float
    name: str
    share: float
    told: str
    room_pt: float
    shaded: bool = False

    @property
    def height_pt(self) -> float:
        return _BAR_PT + 6.0

    def draw(self, paper: Paper) -> None:
        baseline = self.top_pt - _BAR_PT + 2
        paper.text(self.name, CELLS.size_pt, MARGIN_PT, baseline)
        left, longest = MARGIN_PT + _BAR_NAME_PT, self.room_pt - _BAR_NAME_PT - _BAR_TOLD_PT
        long = longest * min(1.0, max(0.0, self.share))
        paper.canvas.setLineWidth(0.4)
        paper.canvas.setFillGray(0.95)
        paper.canvas.rect(left, self.top_pt - _BAR_PT, longest, _BAR_PT, stroke=0, fill=1)
        paper.canvas.setFillGray(0.35)
        paper.canvas.rect(left, self.top_pt - _BAR_PT, long, _BAR_PT, stroke=0, fill=1)
        paper.canvas.setFillGray(0)
        paper.text(self.told, CELLS.size_pt, left + longest + 6, baseline)


_BAR_PT, _BAR_NAME_PT, _BAR_TOLD_PT = 10.0, 120.0, 110.0


def _laid_out(sheet: Sheet, chinese: bool, across: bool) -> Iterator[list["_Mark | _Bar"]]:
    """The pages, each a list of marks from the top down."""
    wide, high = (HEIGHT_PT, WIDTH_PT) if across else (WIDTH_PT, HEIGHT_PT)
    room = _room(across)
    title = _said(sheet.title, chinese)
    size = TITLE_PT * min(1.0, room / max(text_width(title, TITLE_PT), 1.0))
    middle = (wide - text_width(title, size)) / 2
    style = sheet.style
    page: list[_Mark | _Bar] = [_Mark(high - MARGIN_PT, middle, size, ((title,),), style)]
    top = high - MARGIN_PT - 30
    facts = "　　".join(f"{_said(n, chinese)} {_said(v, chinese)}" for n, v in sheet.facts)
    flow: list[tuple[Section | Chart | None, str]] = [(None, facts)] if facts else []
    flow += [(chart, "") for chart in sheet.charts]
    flow += [(section, "") for section in sheet.sections]
    flow += [(None, _said(note, chinese)) for note in sheet.notes]
    for section, words in flow:
        blocks = (
            _table_blocks(section, chinese, room, style)
            if isinstance(section, Section)
            else _chart_blocks(section, chinese, room, style)
            if section
            else _text_blocks(words, room, style)
        )
        repeated: _Mark | _Bar | None = None
        for mark, follows_pt in blocks:
            if top - mark.height_pt - follows_pt < BODY_FOOT_PT:
                yield page
                page, top = [], high - MARGIN_PT
                if repeated is not None:
                    page.append(replace(repeated, top_pt=top))
                    top -= repeated.height_pt
            page.append(replace(mark, top_pt=top))
            top -= mark.height_pt
            repeated = mark if mark.shaded else repeated
        # Notes stand close below each other on a dense sheet.
        top -= 0.0 if sheet.dense and section is None and words != facts else style.lead_pt
    yield page


_Blocks = Iterator[tuple["_Mark | _Bar", float]]
"""What comes down a page, each with the height that must follow it on the same page: a heading
does not stand alone at the foot."""


def _text_blocks(words: str, room: float, style: CellStyle) -> _Blocks:
    for line in wrapped(words, room, style.size_pt):
        yield _Mark(0, MARGIN_PT, style.size_pt, ((line,),), style), 0.0


def _chart_blocks(chart: Chart, chinese: bool, room: float, style: CellStyle) -> _Blocks:
    for line in wrapped(_said(chart.title, chinese), room, HEAD_PT):
        yield _Mark(0, MARGIN_PT, HEAD_PT, ((line,),), style), _BAR_PT
    for words, share, told in chart.bars:
        yield _Bar(0, _said(words, chinese), share, told, room), 0.0


def _table_blocks(section: Section, chinese: bool, room: float, style: CellStyle) -> _Blocks:
    """The heading, the heads and the rows; a row too high for one page comes in pieces."""
    title = _said(section.title, chinese)
    head, rows = heads(section, chinese), cells(section, chinese)
    rows = rows or [["—", *[""] * (len(head) - 1)]]
    space = [_PEN_ROOM if column.pen else "" for column in section.columns]
    widths = tuple(style.widths([head, *rows, space], room))
    first, *others = (
        _row_marks(row, widths, section, style, not n) for n, row in enumerate([head, *rows])
    )
    begin_pt = others[0][0].height_pt
    for line in wrapped(title, room, HEAD_PT) if title else ():
        heading = _Mark(0, MARGIN_PT, HEAD_PT, ((line,),), style)
        yield heading, first[0].height_pt + begin_pt
    yield first[0], begin_pt
    for mark in (mark for marks in others for mark in marks):
        yield mark, 0.0


def _row_marks(
    row: Sequence[str],
    widths: tuple[float, ...],
    section: Section,
    style: CellStyle,
    is_head: bool,
) -> list[_Mark]:
    lines = [style.lines(text, width) for text, width in zip(row, widths, strict=True)]
    if not is_head and any(
        c.pen and not text for c, text in zip(section.columns, row, strict=True)
    ):
        lines = [[*cell, *[""] * (_PEN_LINES - len(cell))] for cell in lines]
    return [
        _Mark(
            0, MARGIN_PT, style.size_pt,
            tuple(tuple(cell[start : start + _MOST_LINES]) for cell in lines),
            style, widths, shaded=is_head,
        )
        for start in range(0, max(map(len, lines)), _MOST_LINES)
    ]  # fmt: skip


_MOST_LINES = 24  # of one row on one page: fits a page that lies across, under repeated heads
_PEN_ROOM, _PEN_LINES = "　" * 8, 3  # a sentence by hand


def _room(across: bool) -> float:
    return (HEIGHT_PT if across else WIDTH_PT) - 2 * MARGIN_PT


def _natural(section: Section, chinese: bool) -> float:
    """How wide the table would be if no cell were broken."""
    space = [_PEN_ROOM if column.pen else "" for column in section.columns]
    table = [heads(section, chinese), *cells(section, chinese), space]
    return sum(max(map(CELLS.width_pt, column)) for column in zip(*table, strict=True))
