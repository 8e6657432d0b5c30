"""How the archive talks: two languages, aligned tables, one JSON document.

The language is `ARCHIVIST_LANG` (zh or en), else the locale. Ids, codes and JSON keys
never change with it.

    print(table(("编号", "名称"), [("C000001", "张三")]))
"""

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

GAP = "  "
NARROWEST = 12  # cells that a shortened column keeps


def chinese() -> bool:
    """Whether to talk Chinese."""
    wanted = os.environ.get("ARCHIVIST_LANG")
    if wanted:
        return wanted.startswith("zh")
    locale = next(
        (value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), ""
    )
    return locale.startswith("zh")


def say(zh: str, en: str) -> str:
    """The sentence in the person's language."""
    return zh if chinese() else en


def write(text: str) -> None:
    """Results, and only results, go to stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Everything that is not the result goes to stderr; nobody's number does."""
    from archivist.masking import masked  # most calls have nothing to note

    sys.stderr.write(masked(text) + "\n")
    sys.stderr.flush()


def write_json(value: Any, one_line: bool = False) -> None:
    """One JSON document, UTF-8 whatever the locale, not ASCII-escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=None if one_line else 2)
    sys.stdout.flush()
    # Half a character from a name on disk is no UTF-8; its escape is JSON all the same.
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], cut: Sequence[int] = ()) -> str:
    """Columns aligned as a terminal shows them: a Chinese character is two cells wide.

    On a terminal that is too narrow the columns `cut`, in this order, lose the middle of
    their longest cells, so that rows stay rows; never ids, which are there to be copied.
    """
    lines = [list(map(_cell, row)) for row in rows]
    if not lines:
        return say("没有内容", "nothing")
    cells = [list(map(_cell, heads)), *lines]
    widths = _fitting([max(map(width, column)) for column in zip(*cells, strict=True)], cut)
    shown = [
        GAP.join(
            _padded(shortened(cell, room), room) for cell, room in zip(row, widths, strict=True)
        )
        for row in cells
    ]
    rule = "-" * _total(widths)
    return "\n".join(line.rstrip() for line in (shown[0], rule, *shown[1:]))


def _fitting(widths: list[int], cut: Sequence[int]) -> list[int]:
    room = terminal_cells()
    excess = 0 if room is None else _total(widths) - room
    for column in cut:
        taken = max(0, min(excess, widths[column] - NARROWEST))
        widths[column] -= taken
        excess -= taken
    return widths


def _total(widths: list[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def terminal_cells() -> int | None:
    """How wide the terminal is that reads the results; None when a file or program does."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None


def shortened(text: str, cells: int) -> str:
    """The text with `…` for its middle when it is too wide: a file name keeps its ending."""
    if width(text) <= cells:
        return text
    head, tail = text, text
    while width(head) > (cells - 1) // 2:
        head = head[:-1]
    while width(tail) > cells - 1 - width(head):
        tail = tail[1:]
    return f"{head}…{tail}"


def counted(number: int, noun: str) -> str:
    """`1 page`, `2 pages`; for nouns that take an s, and entry."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else plural}"


def facts(pairs: Iterable[tuple[str, Any]]) -> str:
    """Names and values in two aligned columns; empty values are left out."""
    shown = [(name, _cell(value)) for name, value in pairs if value not in (None, "", [], {})]
    widest = max((width(name) for name, _ in shown), default=0)
    return "\n".join(f"{_padded(name, widest)}{GAP}{value}" for name, value in shown)


def width(text: str) -> int:
    """Terminal cells a text takes."""
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _padded(text: str, cells: int) -> str:
    return text + " " * (cells - width(text))


def _cell(value: Any) -> str:
    if value is None or value == {}:
        return "-"
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    if isinstance(value, dict):
        return ", ".join(f"{key}={_cell(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(_cell, value))
    # A control character in a name must not move the cursor of whoever reads the list.
    return "".join(char if char.isprintable() else "�" for char in str(value))
