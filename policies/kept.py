"""A pack that was read once, as a text that is read again in no time.

Owns that text: JSON of the head and of every row, without what a row has by default. `fetched`
makes rows of a kind when they are first asked for, so whoever wants the names of grades makes no
deadlines. Nothing is checked here: only what `parse_pack` let pass is kept, and whoever keeps it
answers for the text's being the one he kept, made by the same rules (`READ_BY`).

    >>> from policies.pack_rows import Role
    >>> pack = Pack(Head("x", "1", "规定", "rules", "S", date(2026, 1, 1)),
    ...             {Role: (Role("clerk", "档案员", "clerk", "S-R1"),)})
    >>> fetched(kept(pack)).rows(Role) == pack.rows(Role)
    True
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from policies import packs
from policies.fields import spec_of
from policies.pack import Head, Pack

READ_BY = (
    "fields", "pack_text", "pack", "packs", "kept",
    "pack_rows", "rule_rows", "keeping_rows", "customer_rows", "conduct_rows",
)  # fmt: skip
"""The modules of this room that say how a pack reads: a text kept under others is read anew."""


def kept(pack: Pack) -> str:
    """The pack as a text for `fetched`."""
    rows = {kind.__name__: found for kind, found in pack.tables.items() if found}
    plain = {"head": pack.head, "rows": rows}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), default=_plain)


def fetched(text: str) -> Pack:
    """The pack that `kept` was given."""
    plain = json.loads(text)
    return Pack(_made(Head, plain["head"]), _Rows(plain["rows"]))


class _Rows(Mapping[type[Any], tuple[Any, ...]]):
    """Kind → rows, each kind made when it is first asked for."""

    def __init__(self, plain: Mapping[str, list[dict[str, Any]]]) -> None:
        self._plain = plain
        self._known: dict[type[Any], tuple[Any, ...]] = {}

    def __getitem__(self, kind: type[Any]) -> tuple[Any, ...]:
        if kind not in self._known:
            rows = self._plain.get(kind.__name__, ())
            self._known[kind] = tuple(_made(kind, row) for row in rows)
        return self._known[kind]

    def __iter__(self) -> Iterator[type[Any]]:
        return iter(packs.TABLES.values())

    def __len__(self) -> int:
        return len(packs.TABLES)


def _plain(value: Any) -> Any:
    """What JSON holds of a row, or of a date in it."""
    if isinstance(value, date):
        return value.isoformat()
    kind = type(value)
    return {name: said for name in kind.__match_args__
            if (said := getattr(value, name)) != getattr(kind, name, _plain)}  # fmt: skip


def _made(kind: type[Any], plain: Mapping[str, Any]) -> Any:
    specs = spec_of(kind)
    values = dict(plain)
    for name, value in plain.items():
        spec = specs[name]
        if spec.rows_of is not None:
            values[name] = tuple(_made(spec.rows_of, row) for row in value)
        elif spec.form == "list":
            values[name] = tuple(value)
        elif spec.form == "date" and value is not None:
            values[name] = date.fromisoformat(value)
    return kind(**values)
