"""Holds (冻结) in the catalogue: one row for each, and what it is laid on.

Owns the table `hold` and what the act `hold` does to it. Why it was placed and why it was
released is in sealed cards; the row has the kind, which is a code.

    target    the customer, dossier or record that is held: everything below it is held with it
    released  when somebody ended it; while it is null nothing that it covers may be destroyed

A hold on a customer has no `dossier`, one on a dossier no `record`.
"""

import json
from collections.abc import Mapping
from typing import Any

from index.catalogue_view import CatalogueView

SCHEMA = """
CREATE TABLE hold (
  id TEXT PRIMARY KEY, idx INTEGER NOT NULL, target TEXT NOT NULL, customer TEXT NOT NULL,
  dossier TEXT, record TEXT, kind TEXT NOT NULL, placed TEXT NOT NULL, placed_by TEXT NOT NULL,
  released TEXT, released_by TEXT, released_idx INTEGER, card TEXT);
CREATE INDEX hold_target ON hold (target, released);
CREATE INDEX hold_customer ON hold (customer);
"""


def hold(
    catalogue: CatalogueView,
    index: int,
    entry: Mapping[str, Any],
    subject: Mapping[str, str],
    _: Mapping[str, Any],
) -> None:
    """Apply one entry of the act `hold`."""
    if entry["step"] == "release":
        catalogue._run(
            "UPDATE hold SET released = ?, released_by = ?, released_idx = ? WHERE id = ?",
            entry["t"],
            entry["who"],
            index,
            subject["hold"],
        )
        return
    target = subject.get("record") or subject.get("dossier") or subject["customer"]
    catalogue._run(
        "INSERT INTO hold VALUES (?,?,?,?,?,?,?,?,?,NULL,NULL,NULL,?) ON CONFLICT DO NOTHING",
        subject["hold"],
        index,
        target,
        *(subject.get(name) for name in ("customer", "dossier", "record")),
        entry["kind"],
        entry["t"],
        entry["who"],
        json.dumps(entry.get("card"), sort_keys=True),
    )
