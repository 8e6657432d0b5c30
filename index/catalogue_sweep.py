"""Sweeps in the catalogue: when the archive was last swept, and what a sweep goes through.

Owns the table `sweep`, what the act `sweep` does to it, and two streams in the order of the
dossiers. A million records pass by: rows are plain tuples, one at a time, and both streams are
read off indexes, so that nobody deciphers the rest of each row.

    for dossier, record, type, filed, entry, packs in papers(catalogue): …
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from index.catalogue_view import CatalogueView, Row, _translating

SCHEMA = """
CREATE TABLE sweep (idx INTEGER PRIMARY KEY, day TEXT NOT NULL, t TEXT NOT NULL,
  counts TEXT NOT NULL);
CREATE INDEX sweep_day ON sweep (day);
CREATE INDEX record_kept ON record (dossier, id, type, filed, idx, packs);
CREATE INDEX record_until ON record (until, id) WHERE until IS NOT NULL;
CREATE INDEX loan_state ON loan (state)
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


def papers(catalogue: CatalogueView) -> Iterator[tuple[str, str, str, str, int, str]]:
    """Every record in the order of dossiers: `dossier`, `id`, `type`, `filed`, `idx`, and `packs`
    as the JSON it is stored as."""
    yield from _stream(
        catalogue,
        "SELECT dossier, id, type, filed, idx, packs FROM record INDEXED BY record_kept "
        "ORDER BY dossier, id",
    )


def folders(catalogue: CatalogueView) -> Iterator[tuple[Any, ...]]:
    """Every dossier by id, with what its customer's registration says: `id`, `customer`, `type`,
    `events`, `closed`, `keys`, then the customer's `fields`, `class` and `kind`. JSON as stored."""
    yield from _stream(
        catalogue,
        "SELECT d.id, d.customer, d.type, d.events, d.closed, d.keys, c.fields, c.class, c.kind "
        "FROM dossier d LEFT JOIN customer c ON c.id = d.customer ORDER BY d.id",
    )


def dossiers_attested(catalogue: CatalogueView) -> frozenset[str]:
    """The dossiers of whose papers somebody said something."""
    rows = _stream(catalogue, "SELECT DISTINCT dossier FROM attestation")
    return frozenset(row[0] for row in rows)


def last_sweep(catalogue: CatalogueView) -> Row | None:
    """The sweep of the latest day, or None: `idx`, `day`, `t`, `counts`."""
    return catalogue._one("SELECT * FROM sweep ORDER BY day DESC, idx DESC LIMIT 1")


def first_day(catalogue: CatalogueView) -> str | None:
    """The time of the oldest adoption: an archive is swept from the day after on."""
    row = catalogue._one("SELECT min(t) AS t FROM pack")
    return row["t"] if row else None


def _stream(catalogue: CatalogueView, sql: str) -> Iterator[Any]:
    with _translating():
        yield from catalogue._db.execute(sql)
