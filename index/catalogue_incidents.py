"""Incidents in the catalogue: one row for each, as the newest entry on it left it.

Owns the table `incident` and what the act `incident` does to it. Each entry says the state it
leads to itself. What happened, notes, outcomes and reasons are in sealed cards.

    notify        whom the regulations have told: {"role", "means", "at_once", "clauses"}
    acknowledged  who confirmed it: {"person", "roles", "time", "entry"}
"""

from collections.abc import Mapping
from typing import Any

from index.catalogue_rows import as_json, insert, update
from index.catalogue_view import CatalogueView

SCHEMA = """
CREATE TABLE incident (
  id TEXT PRIMARY KEY, idx INTEGER NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL,
  person TEXT, customer TEXT, dossier TEXT, record TEXT, loan TEXT, notify TEXT NOT NULL,
  acknowledged TEXT NOT NULL, state TEXT NOT NULL, reported TEXT NOT NULL,
  reported_by TEXT NOT NULL, notes INTEGER NOT NULL, closed TEXT, closed_by TEXT,
  unconfirmed TEXT, clauses TEXT NOT NULL, packs TEXT NOT NULL, card TEXT);
CREATE INDEX incident_loan ON incident (loan);
"""


_ABOUT = ("person", "customer", "dossier", "record", "loan")


def incident(
    catalogue: CatalogueView,
    index: int,
    entry: Mapping[str, Any],
    subject: Mapping[str, str],
    _: Mapping[str, Any],
) -> None:
    """Apply one entry of the act `incident`."""
    if entry["step"] == "report":
        _report(catalogue, index, entry, subject)
        return
    row = catalogue.incident(subject["incident"])
    if row is None:
        return  # replayed for one record alone, whose history need not hold the report
    changed: dict[str, Any] = {"state": entry["state"]}
    if entry["step"] == "note":
        changed["notes"] = row["notes"] + 1
    elif entry["step"] == "acknowledge":
        changed["acknowledged"] = as_json([*row["acknowledged"], _confirmed(index, entry)])
    elif entry["step"] == "close":
        changed |= {"closed": entry["t"], "closed_by": entry["who"],
                    "unconfirmed": as_json(entry["unconfirmed"])}  # fmt: skip
    update(catalogue, "incident", row["id"], changed)


def _report(
    catalogue: CatalogueView, index: int, entry: Mapping[str, Any], subject: Mapping[str, str]
) -> None:
    row = {
        "id": subject["incident"],
        "idx": index,
        "kind": entry["of"],
        "severity": entry["severity"],
        **{name: subject.get(name) for name in _ABOUT},
        "notify": as_json(entry["notify"]),
        "acknowledged": as_json([]),
        "state": entry["state"],
        "reported": entry["t"],
        "reported_by": entry["who"],
        "notes": 0,
        "clauses": as_json(entry["clauses"]),
        "packs": as_json(entry["packs"]),
        "card": as_json(entry["card"]),
    }
    insert(catalogue, "incident", row)


def _confirmed(index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    said = entry["statement"]
    return {"person": said["person"], "roles": said["roles"], "time": said["time"], "entry": index}
