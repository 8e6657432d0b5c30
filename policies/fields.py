"""The kinds of field a pack's row may have: each says how it is read and what may stand in it.

Owns the small vocabulary in which `pack_rows` and `rule_rows` declare the grammar of packs. A
row class lists its fields with these words; `read_row` then reads any of them. So the grammar
stands in one place, and `docs/packs.md` is printed from the same lines.

Rules it keeps: a field without `default` must be written. A word that may be one of a few is
declared with all of them, so that a misspelling is found when the pack is checked. What
depends on several fields at once is said by the row itself, in its method `complaints`.

    >>> class Door(Written):
    ...     colour: str = choice("red", "blue", zh="颜色", en="its colour")
    >>> Door("red")
    Door(colour='red')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import FrozenInstanceError, dataclass, field, fields
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from policies.pack_text import Table

__all__ = [
    "MOST", "Complaint", "Spec", "Written", "calendar_day", "choice", "choices", "clock", "label",
    "read_row", "row_list", "slug", "slugs", "spec_of", "text", "texts", "whole", "yes_no",
]  # fmt: skip

_R = TypeVar("_R")
Complaint = tuple[str, str, str]
"""A field of the row ("" for the row itself, `item.3.when` for a row below it), and what is wrong
with it in Chinese and in English."""

MOST = 1_000_000
"""No regulation counts further, and beyond it a day or an amount could not be reckoned with."""
# Compiled when a pack is first checked, which a command seldom does.
SLUG = r"[a-z][a-z0-9_\-]{0,39}"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00"
_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Spec:
    """How one field is read, and what the manual says of it.

    `form` is how it is written (`text`, `list`, `number`, `yes/no`, `date`, `rows`), `allowed`
    the words it may hold (none: any).
    """

    read: Callable[[Table, str], Any]
    form: str
    zh: str
    en: str
    required: bool
    allowed: tuple[str, ...] = ()
    rows_of: type | None = None
    written: str = ""  # its name in the file, where that is not the field's


@dataclass_transform(frozen_default=True)
class Written:
    """What every row class is: a frozen value of the fields that it declares.

    For the `dataclasses` module it is a data class like any other (`replace`, `fields`, `asdict`).
    But its methods are these, one text for all: the standard decorator writes and compiles six
    for each class, and the fifty of the grammar were a fifth of what a command needs to begin.
    """

    __match_args__: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        dataclass(init=False, repr=False, eq=False)(cls)

    def __init__(self, *values: Any, **named: Any) -> None:
        names, kind = self.__match_args__, type(self)
        named.update(zip(names, values, strict=False))
        lacking = [name for name in names if name not in named and not hasattr(kind, name)]
        strange = named.keys() - set(names)
        if lacking or strange or len(values) > len(names):
            raise TypeError(f"{kind.__name__}: lacking {lacking}, unknown {sorted(strange)}")
        self.__dict__.update(named)

    def __setattr__(self, name: str, value: Any) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        told = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__qualname__}({', '.join(told)})"


def _field(
    read: Callable[[Table, str], Any], form: str, zh: str, en: str, default: Any, **more: Any
) -> Any:
    required = default is _MISSING
    spec = Spec(read, form, zh, en, required, **more)
    if required:
        return field(metadata={"spec": spec})
    return field(default=default, metadata={"spec": spec})


def text(zh: str, en: str, default: Any = _MISSING) -> Any:
    """Any non-empty text."""
    given = None if default is _MISSING else default
    return _field(lambda row, name: row.text(name, given), "text", zh, en, default)


def label(zh: str, en: str) -> Any:
    """What people read; required."""
    return text(zh, en)


def slug(zh: str, en: str, default: Any = _MISSING) -> Any:
    """An id: plain ASCII, so that it can stand in a command and in the ledger for ever."""

    def read(row: Table, name: str) -> str:
        found = row.text(name, None if default is _MISSING else default)
        if found and not re.fullmatch(SLUG, found):
            row.complain(name, *_NO_SLUG)
        return found

    return _field(read, "text", zh, en, default)


def slugs(zh: str, en: str, *, required: bool = False, star: bool = False) -> Any:
    """A list of ids; with `star` also "*", which means all."""

    def read(row: Table, name: str) -> tuple[str, ...]:
        found = row.texts(name, required)
        for word in found:
            if not re.fullmatch(SLUG, word) and not (star and word == "*"):
                row.complain(name, *_NO_SLUG)
        return found

    return _field(read, "list", zh, en, _MISSING if required else ())


_NO_SLUG = (
    "编号只能用小写英文字母、数字、_ 和 -，以字母开头，最长 40 个字符。",
    "ids are lower-case letters, digits, _ and -, start with a letter, at most 40 long",
)


def texts(zh: str, en: str, *, required: bool = False) -> Any:
    """A list of texts; none when it is not written."""
    return _field(
        lambda row, name: row.texts(name, required), "list", zh, en, _MISSING if required else ()
    )


def choice(*allowed: str, zh: str, en: str, default: Any = _MISSING) -> Any:
    """One of a few words."""
    given = None if default is _MISSING else default
    return _field(
        lambda row, name: row.choice(name, allowed, given), "text", zh, en, default, allowed=allowed
    )


def choices(*allowed: str, zh: str, en: str, required: bool = False) -> Any:
    """A list of words out of a few."""

    def read(row: Table, name: str) -> tuple[str, ...]:
        found = row.texts(name, required)
        for word in found:
            if word not in allowed:
                row.complain(
                    name,
                    f"只能是下列之一：{'、'.join(allowed)}。",
                    f"must be of: {', '.join(allowed)}",
                )
        return found

    return _field(read, "list", zh, en, _MISSING if required else (), allowed=allowed)


def whole(zh: str, en: str, default: Any = _MISSING, least: int = 0, most: int = MOST) -> Any:
    """A whole number from `least` to `most`; a field left out may default to anything."""

    def read(row: Table, name: str) -> Any:
        if default is not _MISSING and not row.has(name):
            row.skip(name)
            return default
        return row.whole(name, least=least, most=most)

    return _field(read, "number", zh, en, default)


def yes_no(zh: str, en: str, default: Any = False) -> Any:
    """true or false; required when the default is None."""
    given = _MISSING if default is None else default
    return _field(lambda row, name: row.yes_no(name, default), "yes/no", zh, en, given)


def calendar_day(zh: str, en: str, default: Any = _MISSING) -> Any:
    """A date without quotes, such as 2026-01-01."""

    def read(row: Table, name: str) -> date | None:
        if default is not _MISSING and not row.has(name):
            row.skip(name)
            return None
        return row.day(name)

    return _field(read, "date", zh, en, default)


def clock(zh: str, en: str) -> Any:
    """A time of day such as "18:00", or ""; up to "24:00", the end of the day."""

    def read(row: Table, name: str) -> str:
        found = row.text(name, "")
        if found and not re.fullmatch(_CLOCK, found):
            row.complain(name, "时刻写法如 18:00。", "write a time of day as 18:00")
        return found

    return _field(read, "text", zh, en, "")


def row_list(kind: type[Any], written: str, zh: str, en: str) -> Any:
    """Rows below this row, `[[outer.written]]`; a single `[outer.written]` is one of them."""

    def read(row: Table, _: str) -> tuple[Any, ...]:
        return tuple(read_row(kind, inner) for inner in row.tables(written))

    return _field(read, "rows", zh, en, (), rows_of=kind, written=written)


_KNOWN: dict[type[Any], dict[str, Spec]] = {}  # a pack has hundreds of rows of a few kinds


def spec_of(kind: type[Any]) -> dict[str, Spec]:
    """The fields of a row class, in the order in which they are written."""
    if kind not in _KNOWN:
        _KNOWN[kind] = {f.name: f.metadata["spec"] for f in fields(kind) if "spec" in f.metadata}
    return _KNOWN[kind]


def read_row(kind: type[_R], row: Table) -> _R:
    """One row of `kind`; every problem goes to the table's report, none is raised."""
    values = {name: spec.read(row, name) for name, spec in spec_of(kind).items()}
    row.done()
    made = kind(**values)
    complaints: Callable[[], Iterable[Complaint]] | None = getattr(made, "complaints", None)
    for name, zh, en in complaints() if complaints else ():
        steps = (int(step) if step.isdigit() else step for step in name.split(".") if step)
        row.report.add((*row.path, *steps), zh, en)
    return made
