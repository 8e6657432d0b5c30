"""Tables for spreadsheet programs: comma-separated, and harmless when opened.

Rules it keeps: UTF-8 with a byte order mark, without which such a program takes it for the local
code page; CRLF; and no cell is a formula, because a name such as =HYPERLINK(…) must not run when
a clerk opens the file.

    >>> comma_separated([("客户", "电话"), ("=1+1", "+86 21")]).decode("utf-8-sig").splitlines()
    ['客户,电话', "'=1+1,'+86 21"]
"""

import csv
import io
from collections.abc import Iterable, Sequence

_BOM = "\ufeff"
# The wide forms too: a program set up for Chinese reads them as the narrow ones.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def comma_separated(rows: Iterable[Sequence[str]]) -> bytes:
    """The rows as they stand in a .csv file; an empty row is an empty line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return (_BOM + out.getvalue()).encode("utf-8")


def harmless(cell: str) -> str:
    """The cell as text, also where it looks like a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
