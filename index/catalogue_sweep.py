"""Sweeps in the catalogue: when the archive was last swept, and what a sweep goes through.

Owns the table `sweep`, what the act `sweep` does to it, and two streams in the order of the
dossiers. A million records pass by: those of a dossier come joined in one row, plain tuples, one
at a time, and both streams are read off indexes, so that nobody deciphers the rest of each row.

    for dossier, packs, first, last, ids, types in bundles(catalogue): …
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from index.catalogue_view import CatalogueView, Row, _translating

SCHEMA = """
CREATE TABLE sweep (idx INTEGER PRIMARY KEY, day TEXT NOT NULL, t TEXT NOT NULL,
  counts TEXT NOT NULL);
CREATE INDEX sweep_day ON sweep (day);
CREATE INDEX record_kept ON record (dossier, packs, type, id, filed, idx);
CREATE INDEX record_until ON record (until, id, grade) WHERE until IS NOT NULL;
"""


def sweep(
    catalogue: CatalogueView,
    index: int,
    entry: Mapping[str, Any],
    _: Mapping[str, str],
    __: Mapping[str, Any],
) -> None:
    """Apply one entry of the act `sweep`."""
    catalogue._run(
        "INSERT INTO sweep VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
        index,
        entry["day"],
        entry["t"],
        json.dumps(entry["counts"], sort_keys=True),
    )


def bundles(catalogue: CatalogueView) -> Iterator[tuple[str, str, int, int, str, str]]:
    """Every record in the order of dossiers, those filed under the same packs in one row:
    `dossier`, `packs` as the JSON it is stored as, the first and last `idx`, and joined by commas,
    in one order, each `id` and `type`. None of these has a comma in it."""
    return _stream(
        catalogue,
        "SELECT dossier, packs, min(idx), max(idx), group_concat(id), group_concat(type) "
        "FROM record INDEXED BY record_kept GROUP BY dossier, packs ORDER BY dossier, packs",
    )


def bundled(
    catalogue: CatalogueView, dossier: str, packs: str
) -> Iterator[tuple[str, str, str, int]]:
    """The records of one such row, one by one: `id`, `type`, `filed`, `idx`."""
    return _stream(
        catalogue,
        "SELECT id, type, filed, idx FROM record INDEXED BY record_kept "
        "WHERE dossier = ? AND packs = ? ORDER BY type, id",
        dossier,
        packs,
    )


def folders(catalogue: CatalogueView) -> Iterator[tuple[Any, ...]]:
    """Every dossier by id, of an open one with what its customer's registration says: `id`,
    `customer`, `type`, `events`, `closed`, `keys`, then the customer's `fields`, `class` and
    `kind`. JSON as stored."""
    return _stream(
        catalogue,
        "SELECT d.id, d.customer, d.type, d.events, d.closed, d.keys, c.fields, c.class, c.kind "
        "FROM dossier d LEFT JOIN customer c ON c.id = d.customer AND d.closed IS NULL "
        "ORDER BY d.id",
    )


def open_dossiers(catalogue: CatalogueView) -> Iterator[tuple[Any, ...]]:
    """Every open dossier by id, with its customer and its papers: `id`, `customer`, `type`,
    `events`, `keys`, the customer's `name` (None where it is restricted), `fields`, `class` and
    `kind`, then each record's `type`, sorted and joined by commas (None without records), and
    whether somebody said something of a paper or one was destroyed. JSON as stored."""
    return _stream(
        catalogue,
        "SELECT d.id, d.customer, d.type, d.events, d.keys, "
        "CASE WHEN c.restricted IS NULL THEN c.name END, c.fields, c.class, c.kind, "
        "(SELECT group_concat(r.type) FROM record r INDEXED BY record_dossier "
        "WHERE r.dossier = d.id), "
        "EXISTS (SELECT 1 FROM attestation a WHERE a.dossier = d.id) "
        "OR EXISTS (SELECT 1 FROM tombstone t WHERE t.dossier = d.id) "
        "FROM dossier d LEFT JOIN customer c ON c.id = d.customer "
        "WHERE d.closed IS NULL ORDER BY d.id",
    )


def dossier_count(catalogue: CatalogueView) -> int:
    """How many dossiers there are."""
    return int(catalogue._all("SELECT count(*) AS n FROM dossier")[0]["n"])


def dossiers_apart(catalogue: CatalogueView) -> frozenset[str]:
    """The dossiers whose papers cannot be told from their number: somebody said something of
    one, or one was destroyed."""
    rows = _stream(
        catalogue,
        "SELECT dossier FROM attestation UNION SELECT r.dossier FROM disposal_record r "
        "JOIN disposal d ON d.id = r.disposal "
        "WHERE r.fate = 'destroy' AND d.state IN ('executing', 'destroyed')",
    )
    return frozenset(row[0] for row in rows)


def ending(catalogue: CatalogueView, until: str) -> Iterator[Row]:
    """Records whose secrecy ends by a day, the nearest first: `id`, `grade`, `until`."""
    rows = _stream(
        catalogue,
        "SELECT id, grade, until FROM record WHERE until IS NOT NULL AND until <= ? "
        "ORDER BY until, id",
        until,
    )
    return ({"id": record, "grade": grade, "until": day} for record, grade, day in rows)


def loans_out(catalogue: CatalogueView, day: str) -> list[Row]:
    """Every loan that was handed out and not back before a day, oldest first."""
    return catalogue._all(
        "SELECT * FROM loan WHERE issued IS NOT NULL AND (returned IS NULL OR returned >= ?) "
        "ORDER BY id",
        day,
    )


def lent(catalogue: CatalogueView, states: Sequence[str]) -> frozenset[str]:
    """The records of every loan in one of these states."""
    rows = _stream(catalogue, f"SELECT lent FROM loan WHERE state IN ({_marks(states)})", *states)  # noqa: S608
    return frozenset(record for row in rows for record in json.loads(row[0]))


def in_disposals(catalogue: CatalogueView, states: Sequence[str]) -> frozenset[str]:
    """The records that a disposal in one of these states is about and has not spared."""
    rows = _stream(
        catalogue,
        "SELECT r.record FROM disposal_record r JOIN disposal d ON d.id = r.disposal "  # noqa: S608
        f"WHERE r.fate IN ('open', 'destroy') AND d.state IN ({_marks(states)})",
        *states,
    )
    return frozenset(row[0] for row in rows)


def proposed_on(catalogue: CatalogueView, day: str) -> int:
    """How many records were proposed by sweeps as of a day."""
    row = catalogue._one(
        "SELECT count(*) AS n FROM disposal_record r JOIN disposal d ON d.id = r.disposal "
        "WHERE d.origin = 'sweep' AND d.day = ?",
        day,
    )
    return int(row["n"]) if row else 0


def urged_since(catalogue: CatalogueView, day: str) -> list[Row]:
    """Every reminder of this day and later, by day: `dossier`, `day`, `items`."""
    return catalogue._all(
        "SELECT dossier, day, items FROM reminder WHERE day >= ? ORDER BY day, idx", day
    )


@contextlib.contextmanager
def snapshot(catalogue: CatalogueView) -> Iterator[None]:
    """One moment of the catalogue for several streams, whatever others write meanwhile."""
    catalogue._run("BEGIN")
    try:
        yield
    finally:
        catalogue._run("ROLLBACK")


def last_sweep(catalogue: CatalogueView) -> Row | None:
    """The sweep of the latest day, or None: `idx`, `day`, `t`, `counts`."""
    return catalogue._one("SELECT * FROM sweep ORDER BY day DESC, idx DESC LIMIT 1")


def first_day(catalogue: CatalogueView) -> str | None:
    """The time of the oldest adoption: an archive is swept from the day after on."""
    row = catalogue._one("SELECT min(t) AS t FROM pack")
    return row["t"] if row else None


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _stream(catalogue: CatalogueView, sql: str, *values: Any) -> Iterator[Any]:
    with _translating():
        yield from catalogue._db.execute(sql, values)
