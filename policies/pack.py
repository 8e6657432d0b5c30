"""A pack as it was read: its head, and its rows by kind.

Owns the value, and how its head alone is read. How a whole one is read from TOML is
`policies.packs`, how it is kept and had again without its text `policies.kept`. Whoever only asks
a pack for its name or for rows needs no grammar of all tables.

    >>> Pack(Head("x", "2026.1", "规定", "rules", "S000", date(2026, 1, 1)), {}).ref
    'x@2026.1'
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from policies import pack_text
from policies.errors import PackInvalid
from policies.fields import Written, calendar_day, choice, read_row, slug, text

__all__ = ["Head", "Pack", "parse_head"]

_R = TypeVar("_R")
_VERSION = r"[0-9A-Za-z][0-9A-Za-z.\-]{0,19}"


class Head(Written):
    """The head of a pack, `[pack]`.

    `kind` is regulation, company (the company's own decisions: its rows replace those of other
    packs, its settings answer their questions) or statute (the law's floors).
    """

    id: str = slug("编号", "id")
    version: str = text("版本，如 2026.1", "version, as 2026.1")
    zh: str = text("名称", "title")
    en: str = text("英文名称", "title")
    source: str = text("出处", "source")
    effective_from: date = calendar_day("施行日期", "in force from")
    kind: str = choice(
        "regulation", "company", "statute", default="regulation", zh="性质", en="kind"
    )
    repealed_on: date | None = calendar_day("废止日期", "repealed on", None)
    review_by: date | None = calendar_day("复审日期", "to be reviewed by", None)

    @property
    def ref(self) -> str:
        return f"{self.id}@{self.version}"

    def complaints(self) -> Iterator[tuple[str, str, str]]:
        if self.version and not re.fullmatch(_VERSION, self.version):
            yield ("version", "版本号写法如 2026.1。", "a version looks like 2026.1")


@dataclass(frozen=True, slots=True)
class Pack:
    """One regulation. `ref` (`auto-dealer@2026.1`) is what ledger entries cite."""

    head: Head
    tables: Mapping[type[Any], tuple[Any, ...]]

    @property
    def ref(self) -> str:
        return self.head.ref

    @property
    def id(self) -> str:
        return self.head.id

    @property
    def version(self) -> str:
        return self.head.version

    def rows(self, kind: type[_R]) -> tuple[_R, ...]:
        """The pack's rows of one kind, in the order of the file."""
        return self.tables.get(kind, ())


def parse_head(source: str, file_name: str = "pack.toml") -> Head:
    """What a sound pack says of itself, without reading its rows: they come behind `[pack]`."""
    report = pack_text.Report(file_name, source)
    plain = tomllib.loads(source.partition("\n[[")[0])
    head = read_row(Head, pack_text.Table(plain["pack"], ("pack",), report))
    if report.problems:
        raise PackInvalid(report.problems)
    return head
