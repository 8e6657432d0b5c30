"""Registers and forms on paper: A4, ruled, with room for the pen.

Owns how a register or form looks; what stands in it is `archivist.forms`. A register is a table
with empty rows below the filled ones. A form is one field below the other, the label on the left,
and boxes for signatures at the foot.

Rules it keeps: order and words are the pack's. No text is cut: cells break into lines, long rows
over pages, and each page of a table has the heading row. A character without a glyph shows as 〓
and a note says so. Always in Chinese: the paper is the regulation's own.

    card = Printout("借阅卡", ("密级", "借阅人"), today, "S002-R26", values=((), ()))
    content = as_pdf(card)
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from archivist import cover_sheets, spreadsheets
from archivist.printing import (
    HEIGHT_PT,
    MARGIN_PT,
    WIDTH_PT,
    CellStyle,
    Paper,
    lacks_glyph,
    printable,
    text_width,
    wrapped,
)

TABLE = CellStyle(size_pt=9.0, lead_pt=13.0, pad_pt=4.0)
FIELD = CellStyle(size_pt=10.5, lead_pt=16.0, pad_pt=7.0)
TITLE_PT, SMALL_PT = 18.0, 8.5
ROW_PT = 25.0  # an empty row: about the line distance of an exercise book
SHORT_PT, LONG_PT = 32.0, 62.0  # an empty field for a word, and for some sentences
SIGN_PT = 46.0
FOOT_PT = 24.0  # baseline of the page number
BODY_FOOT_PT = 52.0  # nothing but the foot stands below
MOST_PT = 420.0  # a higher empty field asks for more than anybody writes
NARROW_PT, LABEL_PT = 90.0, 150.0  # the labels of a form; a longer label breaks
GAP_PT = 10.0  # between the table and the signatures
NOTE = "〓 表示字库中没有的字，请手写补上。"

# How many characters people write under a heading that ends so; the first that fits counts.
_ROOM = (
    (re.compile(r"(序号|顺序号|份数|页数|密级|年度|页号|条款号|件数)$"), 3),
    (re.compile(r"(日期|时间|人|人员|电话|号|部门|审核|审批|负责人|签字|投诉)$"), 6),
    (re.compile(r"(情况|状况|分析|经过|意见|结果|内容|缺件|理由|用途|备注|题名|名称)$"), 12),
)
_SENTENCE = re.compile(r"：.{4}")  # a label that goes on after a colon is something to be read
_CHOICES = re.compile(r"（([^（）]*、[^（）]*)）$")
# A field whose answer is a word, a name, a number or a day.
_SHORT = re.compile(
    r"(日期|时间|年度|月份|姓名|名称|人|人员|经理|客户|电话|手机|地址|部门|单位|类别|性质|密级|编号"
    r"|车架号|车牌号|文件数|页数|份数|个数|频道|温度|品牌|数量|地点|方式|位置)$"
)


@dataclass(frozen=True, slots=True)
class Printout:
    """A register (`rows`) or a form (`values`, one tuple of lines for each label) to be printed.

    `blank_rows` below the filled ones of a register: None fills the page. `mark` is the secrecy
    mark of the carrier. A `cover` sheet is printed first, so that the scan finds its place.
    """

    title: str
    labels: tuple[str, ...]
    printed_on: date
    clause: str
    rows: tuple[tuple[str, ...], ...] = ()
    values: tuple[tuple[str, ...], ...] | None = None
    signatures: tuple[str, ...] = ()
    across: bool = False
    company: str = ""
    facts: tuple[str, ...] = ()
    mark: str = ""
    blank_rows: int | None = None
    cover: cover_sheets.Sheet | None = None
    archive_tag: str = field(default="", repr=False)

    @property
    def is_register(self) -> bool:
        """Whether it is a table."""
        return self.values is None

    @property
    def top_pt(self) -> float:
        """Where a page begins."""
        return (WIDTH_PT if self.across else HEIGHT_PT) - MARGIN_PT

    @property
    def room_pt(self) -> float:
        """How wide a table is."""
        return (HEIGHT_PT if self.across else WIDTH_PT) - 2 * MARGIN_PT

    def texts(self) -> Iterator[str]:
        """Everything that is to be read on it."""
        yield from (self.title, self.company, self.mark, *self.labels, *self.facts)
        yield from self.signatures
        for row in self.rows if self.values is None else self.values:
            yield from row


def as_csv(printout: Printout) -> bytes:
    """The labels as heading row, then the rows of a register, or the one row of a form."""
    rows: list[Sequence[str]] = [printout.labels]
    if printout.values is None:
        rows += printout.rows
        rows += [[""] * len(printout.labels)] * (printout.blank_rows or 0)
    else:
        rows.append(["；".join(lines) for lines in printout.values])
    return spreadsheets.comma_separated([[printable(cell) for cell in row] for row in rows])


def as_pdf(printout: Printout) -> bytes:
    """The pages, with the cover sheet before them where there is one."""
    blocks = _table(printout) if printout.values is None else _fields(printout, printout.values)
    pages = _paged(printout, blocks)
    paper = Paper(printout.title)
    if printout.cover is not None:
        cover_sheets.draw(paper, printout.cover, printout.archive_tag)
        paper.next_page()
    paper.lay(printout.across)
    for number, page in enumerate(pages, 1):
        if number == 1:
            _head(paper, printout)
        for top_pt, block in page:
            block.draw(paper, top_pt)
        _mark(paper, printout.mark)
        _foot(paper, printout, number, len(pages))
        paper.next_page()
    return paper.finished()


# ── blocks ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Block:
    """A row of cells, as high as its words need, at least `least_pt`. `head`: it stands again on
    each page; `labelled`: the first cell is a label; `boxes` are drawn in the last cell."""

    texts: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    style: CellStyle
    least_pt: float = 0.0
    head: bool = False
    boxes: tuple["_Box", ...] = ()
    labelled: bool = False

    @property
    def height_pt(self) -> float:
        return max(self.least_pt, self._boxed_pt, self.style.height_pt(self.texts))

    def draw(self, paper: Paper, top_pt: float) -> None:
        style, left, height = self.style, MARGIN_PT, self.height_pt
        texts, widths = self.texts, self.widths
        middle = height < LONG_PT
        if self.labelled:
            paper.row(texts[:1], widths[:1], style, left, top_pt, height, True, middle)
            texts, widths, left = texts[1:], widths[1:], left + widths[0]
        paper.row(texts, widths, style, left, top_pt, height, self.head, middle)
        lowered = (height - self._boxed_pt) / 2 if middle else 0.0
        for box in self.boxes:
            baseline = top_pt - lowered - style.baseline_pt(box.line)
            box.draw(paper, left + style.pad_pt + box.left_pt, baseline, style.size_pt)

    @property
    def _boxed_pt(self) -> float:
        if not self.boxes:
            return 0.0
        return self.style.height_pt([[""] * (1 + max(box.line for box in self.boxes))])


@dataclass(frozen=True, slots=True)
class _Box:
    """A word to be ticked: on which line of its cell, and how far from its left border."""

    word: str
    ticked: bool
    line: int
    left_pt: float

    def draw(self, paper: Paper, left_pt: float, baseline_pt: float, size_pt: float) -> None:
        side = size_pt * 0.85
        canvas = paper.canvas
        canvas.setLineWidth(0.7)
        canvas.rect(left_pt, baseline_pt - 1, side, side)
        if self.ticked:
            canvas.setLineWidth(1.3)
            canvas.line(left_pt + 1.5, baseline_pt + 2.5, left_pt + side * 0.4, baseline_pt + 0.5)
            canvas.line(
                left_pt + side * 0.4, baseline_pt + 0.5, left_pt + side - 1, baseline_pt + side - 3
            )
        paper.text(self.word, size_pt, left_pt + side + 4, baseline_pt)


# ── registers ─────────────────────────────────────────────────────────────────


def _table(printout: Printout) -> list[_Block]:
    rows = [tuple(printable(cell) for cell in row) for row in printout.rows]
    room = tuple("写" * _written(label) for label in printout.labels)
    widths = tuple(TABLE.widths([printout.labels, room, *rows], printout.room_pt))

    def block(row: Sequence[str], head: bool = False) -> _Block:
        cells = tuple(tuple(TABLE.lines(c, w)) for c, w in zip(row, widths, strict=True))
        return _Block(cells, widths, TABLE, ROW_PT, head)

    blocks = [block(printout.labels, head=True), *map(block, rows)]
    blank = block([""] * len(printout.labels))
    return blocks + [blank] * (printout.blank_rows or 0)


def _written(label: str) -> int:
    return next((count for ends, count in _ROOM if ends.search(_bare(label))), 8)


# ── forms ─────────────────────────────────────────────────────────────────────


def _fields(printout: Printout, values: Sequence[Sequence[str]]) -> list[_Block]:
    """One block for each field; the empty long ones share what is left of the page."""
    answered = [label for label in printout.labels if not _SENTENCE.search(label)]
    label_pt = min(LABEL_PT, max(map(FIELD.width_pt, answered), default=LABEL_PT))
    label_pt = max(NARROW_PT, label_pt)
    widths = (label_pt, printout.room_pt - label_pt)
    blocks = [
        _field(label, lines, widths) for label, lines in zip(printout.labels, values, strict=True)
    ]
    open_ = [n for n, block in enumerate(blocks) if block.least_pt == LONG_PT]
    spare = _first_top(printout) - BODY_FOOT_PT - _signing(printout)
    spare -= sum(block.height_pt for block in blocks)
    if spare > 0 and open_:
        least = min(MOST_PT, LONG_PT + spare / len(open_))
        for number in open_:
            blocks[number] = replace(blocks[number], least_pt=least)
    elif spare > 0:
        share = min(8.0, spare / len(blocks))  # short answers only: a little air, no more
        blocks = [replace(b, least_pt=b.height_pt + share) if b.labelled else b for b in blocks]
    return blocks


def _field(label: str, lines: Sequence[str], widths: tuple[float, float]) -> _Block:
    if _SENTENCE.search(label):
        whole = (sum(widths),)
        return _Block((tuple(FIELD.lines(label, whole[0])),), whole, FIELD)
    value_pt = widths[1]
    said = [printable(line) for line in lines]
    choices = _choices(label)
    boxes = _laid_boxes(choices, said, value_pt - 2 * FIELD.pad_pt) if choices else ()
    if boxes and all(line in choices for line in said):
        said = []
    elif boxes:
        boxes = ()  # the answer is none of those offered: it stands there in words
    texts = tuple(line for text in said for line in FIELD.lines(text, value_pt))
    label_lines = tuple(FIELD.lines(label, widths[0]))
    short = bool(boxes or said or _SHORT.search(_bare(label)))
    least = SHORT_PT if short else LONG_PT
    return _Block((label_lines, texts), widths, FIELD, least, boxes=boxes, labelled=True)


def _choices(label: str) -> tuple[str, ...]:
    """What a label offers to be ticked: `来源（来电、来访）`, `是否…`."""
    offered = _CHOICES.search(label)
    if offered:
        return tuple(offered[1].split("、"))
    return ("是", "否") if label.startswith("是否") or "是否" in label[-6:] else ()


def _laid_boxes(choices: Sequence[str], said: Sequence[str], room_pt: float) -> tuple[_Box, ...]:
    boxes, line, left = [], 0, 0.0
    for word in choices:
        wide = text_width(word, FIELD.size_pt) + FIELD.size_pt + 22
        if left and left + wide > room_pt:
            line, left = line + 1, 0.0
        boxes.append(_Box(word, word in said, line, left))
        left += wide
    return tuple(boxes)


def _bare(label: str) -> str:
    return re.sub(r"（[^（）]*）$", "", label)


# ── pages ─────────────────────────────────────────────────────────────────────


_Page = list[tuple[float, _Block]]


def _paged(printout: Printout, blocks: Sequence[_Block]) -> list[_Page]:
    """The blocks with their tops, page by page; the signatures stand at the end of the last."""
    repeated = [block for block in blocks if block.head]
    pages: list[_Page] = [[]]
    top = _first_top(printout)

    def place(block: _Block) -> None:
        nonlocal top
        pages[-1].append((top, block))
        top -= block.height_pt

    def make_room(height_pt: float) -> None:
        nonlocal top
        if top - height_pt < BODY_FOOT_PT - 0.01 and pages[-1]:  # sums of shares are not exact
            pages.append([])
            top = printout.top_pt
            for head in repeated:
                place(head)

    highest = printout.top_pt - BODY_FOOT_PT - sum(head.height_pt for head in repeated)
    for block in blocks:
        for piece in _pieces(block, highest):
            make_room(piece.height_pt)
            place(piece)
    signing = _signing(printout)
    make_room(signing)
    if printout.is_register and printout.blank_rows is None:
        blank = replace(blocks[0], texts=((),) * len(printout.labels), head=False)
        while top - ROW_PT - signing >= BODY_FOOT_PT:
            place(blank)
    top -= GAP_PT
    for block in _signature_row(printout):
        place(block)
    return pages


def _pieces(block: _Block, room_pt: float) -> Iterator[_Block]:
    """The block, or as many as it takes where it is higher than a page."""
    most = int((room_pt - 2 * block.style.pad_pt) // block.style.lead_pt)
    longest = max(map(len, block.texts), default=0)
    if longest <= most:
        yield block
        return
    for start in range(0, longest, most):
        cells = tuple(lines[start : start + most] for lines in block.texts)
        yield _Block(cells, block.widths, block.style, labelled=block.labelled)


def _signing(printout: Printout) -> float:
    return sum(block.height_pt + GAP_PT for block in _signature_row(printout))


def _signature_row(printout: Printout) -> list[_Block]:
    """The boxes to be signed, side by side; in several rows where they are many."""
    signers = printout.signatures
    if not signers:
        return []
    width = printout.room_pt / len(signers)
    cells = tuple(
        (*wrapped(f"{who}：", width - 2 * FIELD.pad_pt, FIELD.size_pt), "", "日期：")
        for who in signers
    )
    return [_Block(cells, (width,) * len(signers), FIELD, SIGN_PT)]


def _first_top(printout: Printout) -> float:
    """Where the table of the first page begins: below the title and what is said under it."""
    return printout.top_pt - 36 - 14 * len(_fact_lines(printout))


def _fact_lines(printout: Printout) -> list[str]:
    """What stands between title and table: whom it is about, the period, missing glyphs."""
    facts = "　　".join(printable(fact) for fact in printout.facts)
    lines = wrapped(facts, printout.room_pt, SMALL_PT) if facts else []
    return [*lines, NOTE] if any(map(lacks_glyph, printout.texts())) else lines


def _head(paper: Paper, printout: Printout) -> None:
    top = paper.height_pt - MARGIN_PT
    paper.text(printout.company or "单位：", SMALL_PT, MARGIN_PT, top)
    paper.centred(printout.title, TITLE_PT, top - 22)
    for number, line in enumerate(_fact_lines(printout)):
        paper.text(line, SMALL_PT, MARGIN_PT, top - 40 - 14 * number)


def _mark(paper: Paper, mark: str) -> None:
    """The secrecy mark, at the upper right of each page."""
    left = paper.width_pt - MARGIN_PT - text_width(mark, FIELD.size_pt)
    paper.text(mark, FIELD.size_pt, left, paper.height_pt - MARGIN_PT + 6)


def _foot(paper: Paper, printout: Printout, number: int, pages: int) -> None:
    day = f"打印日期：{printout.printed_on.isoformat()}"
    paper.text(f"依据：{printout.clause}", SMALL_PT, MARGIN_PT, FOOT_PT + 13)
    wide = text_width(day, SMALL_PT)
    paper.text(day, SMALL_PT, paper.width_pt - MARGIN_PT - wide, FOOT_PT + 13)
    paper.centred(f"{printout.title}　第 {number} 页 共 {pages} 页", SMALL_PT, FOOT_PT)
