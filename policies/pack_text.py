"""Reading TOML rows with the line number at hand: the gate every pack passes.

Owns two things. `Lines` knows on which line of the text each field stands, because a records
manager who edited a pack must be pointed at the line, and TOML readers forget lines once the
syntax is right. `Table` hands out the fields of one row, typed, and collects a `Problem` in
Chinese and English for each one that is missing, of the wrong shape, or not known at all.

Rules it keeps: a problem never stops the reading (all are reported at once); a field nobody
asked for is a problem, because a misspelt `requird = "optional"` would otherwise be silently
mandatory.

    >>> lines = Lines('[pack]\\nid = "x"\\n[[item]]\\nzh = "甲"\\n[[item]]\\nzh = "乙"')
    >>> lines.of(("item", 1, "zh"))
    6
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from policies.fields import MOST

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?\s*(?:#.*)?$")
_FIELD = re.compile(r"\s*([A-Za-z0-9_.\-]+)\s*=")

# Rows stand three names deep at most. A key of thousands of names must not cost their square.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a pack: where it is, and what it is in plain words."""

    file: str
    line: int
    field: str
    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.en}"


class Lines:
    """The line of every header and field in a TOML text, found by reading it line by line.

    This is no TOML parser: a line inside a multi-line string that looks like a field may be
    indexed too. It is only asked about fields the real parser found, so at worst a line number
    is off inside such a string.
    """

    def __init__(self, text: str) -> None:
        self._found: dict[Path, int] = {}
        here: Path = ()
        counts: dict[Path, int] = {}
        # Not `splitlines`, which breaks at U+2028 and form feeds too: no editor counts those.
        for number, line in enumerate(text.split("\n"), start=1):
            if header := _HEADER.match(line):
                here = self._enter(_names(header[2]), header[1] == "[[", counts)
                self._found.setdefault(here, number)
            elif field := _FIELD.match(line):
                path = here
                for name in _names(field[1]):
                    path = (*path, name)
                    self._found.setdefault(path, number)

    @staticmethod
    def _enter(names: list[str], is_array: bool, counts: dict[Path, int]) -> Path:
        path: Path = ()
        for position, name in enumerate(names):
            path = (*path, name)
            if is_array and position == len(names) - 1:
                counts[path] = counts.get(path, -1) + 1
            # A name that was opened as [[array]] means its newest element from here on.
            if path in counts:
                path = (*path, counts[path])
        return path

    def of(self, path: Path) -> int:
        """The line of `path`, or of the nearest thing around it that has one."""
        while path:
            if path in self._found:
                return self._found[path]
            path = path[:-1]
        return 1


def _names(dotted: str) -> list[str]:
    return dotted.split(".", _DEEPEST)[:_DEEPEST]


class Report:
    """Collects the problems of one file."""

    def __init__(self, file_name: str, text: str) -> None:
        self.file_name = file_name
        self.problems: list[Problem] = []
        self._text = text

    @cached_property
    def lines(self) -> Lines:
        # Looked for only when there is something to point at: a good pack loads in half the time.
        return Lines(self._text)

    def add(self, path: Path, zh: str, en: str) -> None:
        field = ".".join(str(step) for step in path if isinstance(step, str)) or "pack"
        self.problems.append(Problem(self.file_name, self.lines.of(path), field, zh, en))


class Table:
    """One row, field by field. Getters note what was asked for; `done` reports the rest."""

    def __init__(self, row: object, path: Path, report: Report) -> None:
        self.path = path
        self.report = report
        self._row: Mapping[str, Any] = row if isinstance(row, dict) else {}
        self._asked: set[str] = set()
        if not isinstance(row, dict):
            report.add(path, "这里应当是一个表。", "this must be a table")

    def has(self, name: str) -> bool:
        return name in self._row

    def skip(self, name: str) -> None:
        """Name a field that may be left out and was, so that `done` knows it."""
        self._asked.add(name)

    def complain(self, name: str, zh: str, en: str) -> None:
        self.report.add((*self.path, name) if name else self.path, zh, en)

    def text(self, name: str, default: str | None = None) -> str:
        """A non-empty text; required when no default is given."""
        found = self._get(name, required=default is None)
        if found is None:
            return default or ""
        if not isinstance(found, str) or not found.strip():
            self.complain(name, "应当是一段非空文字。", "must be a non-empty text")
            return default or ""
        return found.strip()

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        found = self.text(name, default)
        if found and found not in allowed:
            options = "、".join(allowed), ", ".join(allowed)
            self.complain(name, f"只能是下列之一：{options[0]}。", f"must be one of: {options[1]}")
        return found

    def texts(self, name: str, required: bool = False) -> tuple[str, ...]:
        """A list of texts; empty when absent and not required."""
        found = self._get(name, required=required)
        if found is None:
            return ()
        good = isinstance(found, list) and all(isinstance(t, str) and t.strip() for t in found)
        if not good or (required and not found):
            self.complain(name, "应当是文字的列表。", "must be a list of texts")
            return ()
        return tuple(t.strip() for t in found)

    def whole(self, name: str, default: int | None = None, least: int = 0, most: int = MOST) -> int:
        found = self._get(name, required=default is None)
        if found is None:
            return default or 0
        if type(found) is not int or found < least:
            self.complain(
                name, f"应当是不小于 {least} 的整数。", f"must be a whole number from {least} up"
            )
            return default or 0
        if found > most:
            self.complain(name, f"不能大于 {most}。", f"must not be greater than {most}")
            return default or 0
        return found

    def yes_no(self, name: str, default: bool | None = None) -> bool:
        found = self._get(name, required=default is None)
        if found is None:
            return bool(default)
        if not isinstance(found, bool):
            self.complain(name, "只能是 true 或 false。", "must be true or false")
            return bool(default)
        return found

    def day(self, name: str) -> date:
        found = self._get(name, required=True)
        if type(found) is date:
            return found
        if found is not None:
            self.complain(
                name, "应当是日期，如 2026-01-01，不加引号。", "must be a date like 2026-01-01"
            )
        return date.min

    def tables(self, name: str) -> list[Table]:
        """The rows of `[[name]]`; none when absent."""
        found = self._get(name, required=False)
        if found is None:
            return []
        if isinstance(found, dict):  # `[name]`: one row, and the reader sees no difference
            return [Table(found, (*self.path, name), self.report)]
        if not isinstance(found, list):
            self.complain(name, f"应当写作 [[{name}]]。", f"must be written [[{name}]]")
            return []
        return [
            Table(row, (*self.path, name, number), self.report) for number, row in enumerate(found)
        ]

    def table(self, name: str, required: bool = False) -> Table | None:
        found = self._get(name, required=required)
        return None if found is None else Table(found, (*self.path, name), self.report)

    def done(self) -> None:
        """Report the fields nobody asked for; call once all fields were asked."""
        for name in self._row:
            if name not in self._asked:
                known = sorted(self._asked)
                self.complain(
                    name,
                    f"不认识这一项；这里可以写：{'、'.join(known)}。",
                    f"unknown field; known here: {', '.join(known)}",
                )

    def _get(self, name: str, *, required: bool) -> Any:
        self._asked.add(name)
        found = self._row.get(name)
        if found is None and required:
            self.complain(name, "缺少这一项。", "is missing")
        return found
