"""A workbook (.xlsx) with one sheet: the least that every spreadsheet program opens.

Owns the few parts of the format (ECMA-376) that a table of text and numbers takes. Cells hold
their text inline: a text is a text and never a formula, whatever it begins with. The first row
are the heads, and stay in sight. The same rows give the same bytes.

    content = workbook("销毁清册", [("序号", "题名"), (1, "购车合同 R00000001")])
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest day that a zip archive can say
_NARROW, _WIDE = 6.0, 40.0  # columns, in characters
_NAME_CHARACTERS = 31  # of a sheet's name

Cell = str | int | None


def workbook(name: str, rows: Sequence[Sequence[Cell]]) -> bytes:
    """The file; `name` is the sheet's."""
    parts = {
        "[Content_Types].xml": _types(),
        "_rels/.rels": _relations("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": _book(name),
        "xl/_rels/workbook.xml.rels": _relations("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": _sheet(rows),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in parts.items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), _HEAD + text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _types() -> str:
    parts = (("/xl/workbook.xml", "sheet.main"), ("/xl/worksheets/sheet1.xml", "worksheet"))
    named = "".join(
        f'<Override PartName="{path}" ContentType="{_TYPE}.{kind}+xml"/>' for path, kind in parts
    )
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{relations}"/>{named}</Types>'
    )


def _relations(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELATIONS}/{kind}" Target="{target}"/></Relationships>'
    )


def _book(name: str) -> str:
    plain = "".join(char for char in name if char not in "[]:*?/\\")[:_NAME_CHARACTERS]
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
        f'<sheet name={quoteattr(plain)} sheetId="1" r:id="rId1"/></sheets></workbook>'
    )


def _sheet(rows: Sequence[Sequence[Cell]]) -> str:
    widths = (_width(column) for column in zip(*rows, strict=True))
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width:.1f}" customWidth="1"/>'
        for n, width in enumerate(widths, 1)
    )
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    return (
        f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}'
        f"</sheetView></sheetViews><cols>{columns}</cols>"
        f"<sheetData>{''.join(_rows(rows))}</sheetData></worksheet>"
    )


def _rows(rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{_letters(n)}{number}", value) for n, value in enumerate(row))
        yield f'<row r="{number}">{cells}</row>'


def _cell(place: str, value: Cell) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, int):
        return f'<c r="{place}"><v>{value}</v></c>'
    text = escape("".join(char for char in value if char >= " " or char in "\t\n"))
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _width(column: Sequence[Cell]) -> float:
    cells = (str(value or "") for value in column)
    longest = max(sum(1 + (char > "\u2e80") for char in text) for text in cells)
    return min(_WIDE, max(_NARROW, longest + 2.0))


def _letters(column: int) -> str:
    """A, B, … Z, AA: the name of a column counted from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
