"""Rows written by their columns' names, as the steps of the catalogue that have many columns do.

Owns the two statements and the form of what stands in a column as JSON. Names of tables and
columns come from the code, never from an entry.

    insert(catalogue, "loan", {"id": "L000001", "steps": as_json(steps), …})
    update(catalogue, "loan", "L000001", {"state": "issued"})
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from index.catalogue_view import CatalogueView

# Made once: `json.dumps` makes one for each value, which was a third of its time here.
_WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


def as_json(value: Any) -> str:
    """A value as it stands in a column."""
    return _WRITER.encode(value)


@lru_cache(maxsize=256)
def names_as_json(*names: str) -> str:
    """The same for a list of names, of which many rows have the very same: clauses, packs."""
    return as_json(list(names))


def insert(catalogue: CatalogueView, table: str, row: Mapping[str, Any]) -> None:
    """Add a row; one that is there already stays as it is."""
    marks = ", ".join("?" * len(row))
    catalogue._run(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608
        *row.values(),
    )


def update(
    catalogue: CatalogueView, table: str, identifier: str, changed: Mapping[str, Any]
) -> None:
    """Change some columns of the row with this `id`."""
    sets = ", ".join(f"{name} = ?" for name in changed)
    catalogue._run(f"UPDATE {table} SET {sets} WHERE id = ?", *changed.values(), identifier)  # noqa: S608


def approval(index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an approving entry: who took which step, and what was asked then."""
    said = entry["statement"]
    return {
        "step": said["step"],
        "role": said["role"],
        "act": said["does"],
        "person": said["person"],
        "time": said["time"],
        "expires": said["expires"],
        "entry": index,
        "round": said["request"],
    }
