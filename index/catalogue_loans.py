"""Loans in the catalogue: one row for each, as the newest entry on it left it.

Owns the table `loan` and what the act `loan` does to it. Each entry says the state it leads to
itself; whether it was allowed to is settled before it is written, and can be settled again from
the entries alone. Names of readers from outside, purposes and notes are in sealed cards.

    lent       record → pages, as the request counted them
    steps      who is to say yes, in order: {"role", "act"}
    grants     record → SHA-256 of the head that opens it to the borrower
    copies_destroyed  number of a copy → {"on", "who", "witness", "method"}
    approvals  who said yes: {"step", "role", "act", "person", "time", "expires", "entry", "round"}
    round      ledger index of the request or renewal that approvals are asked for now
"""

from collections.abc import Mapping
from typing import Any

from index.catalogue_rows import approval, as_json, insert, update
from index.catalogue_view import CatalogueView

SCHEMA = """
CREATE TABLE loan (
  id TEXT PRIMARY KEY, idx INTEGER NOT NULL, target TEXT NOT NULL, customer TEXT NOT NULL,
  dossier TEXT NOT NULL, record TEXT, person TEXT, asked_by TEXT NOT NULL, relation TEXT NOT NULL,
  form TEXT NOT NULL, purpose TEXT NOT NULL, lent TEXT NOT NULL, steps TEXT NOT NULL,
  approvals TEXT NOT NULL, separate INTEGER NOT NULL, round INTEGER NOT NULL, state TEXT NOT NULL,
  requested TEXT NOT NULL, until TEXT, due TEXT, due_after TEXT, excused TEXT, issued TEXT,
  issued_by TEXT, counted TEXT, grants TEXT, granted_until TEXT, copies INTEGER,
  copies_destroyed TEXT, recalled TEXT, returned TEXT,
  returned_by TEXT, condition TEXT, recounted TEXT, clauses TEXT NOT NULL,
  packs TEXT NOT NULL, card TEXT);
CREATE INDEX loan_person ON loan (person);
CREATE INDEX loan_dossier ON loan (dossier);
"""


def loan(
    catalogue: CatalogueView,
    index: int,
    entry: Mapping[str, Any],
    subject: Mapping[str, str],
    _: Mapping[str, Any],
) -> None:
    """Apply one entry of the act `loan`."""
    if entry["step"] == "request":
        _request(catalogue, index, entry, subject)
        return
    row = catalogue.loan(subject["loan"])
    if row is None:
        return  # replayed for one record alone, whose history need not hold the request
    changed: dict[str, Any] = {"state": entry["state"], **_CHANGES[entry["step"]](entry)}
    if entry["step"] == "approve":
        changed["approvals"] = as_json([*row["approvals"], approval(index, entry)])
    if entry["step"] == "renew":
        changed["round"] = index
    if entry["step"] == "destroy-copy":
        gone = {str(entry["copy"]): {"who": entry["who"]} | {
            name: entry[name] for name in ("on", "witness", "method")}}  # fmt: skip
        changed["copies_destroyed"] = as_json((row["copies_destroyed"] or {}) | gone)
    update(catalogue, "loan", subject["loan"], changed)


def _request(
    catalogue: CatalogueView, index: int, entry: Mapping[str, Any], subject: Mapping[str, str]
) -> None:
    row = {
        "id": subject["loan"],
        "idx": index,
        "target": subject.get("record", subject["dossier"]),
        "customer": subject["customer"],
        "dossier": subject["dossier"],
        "record": subject.get("record"),
        "person": subject.get("person"),
        "asked_by": entry["who"],
        "relation": entry["relation"],
        "form": entry["form"],
        "purpose": entry.get("purpose", ""),
        "lent": as_json(entry["records"]),
        "steps": as_json(entry["steps"]),
        "approvals": as_json([]),
        "separate": int(entry["separate"]),
        "round": index,
        "state": entry["state"],
        "requested": entry["t"],
        "until": entry.get("until"),
        "clauses": as_json(entry["clauses"]),
        "packs": as_json(entry["packs"]),
        "card": as_json(entry["card"]) if "card" in entry else None,
    }
    insert(catalogue, "loan", row)


def _issued(entry: Mapping[str, Any]) -> dict[str, Any]:
    after = entry.get("due_after")
    return {
        "issued": entry["on"],
        "issued_by": entry["who"],
        "due": entry.get("due"),
        "due_after": as_json(after) if after else None,
        "counted": as_json(entry["counted"]),
        "grants": as_json(entry["grants"]) if "grants" in entry else None,
        "granted_until": entry.get("granted_until"),
        "copies": entry.get("copies"),
    }


def _renewed(entry: Mapping[str, Any]) -> dict[str, Any]:
    new_steps = {"steps": as_json(entry["steps"]), "separate": int(entry["separate"])}
    return {"until": entry["until"], **new_steps, **_new_due(entry)}


def _new_due(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"due": entry["due"]} if "due" in entry else {}


def _returned(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "returned": entry["on"],
        "returned_by": entry["who"],
        "condition": entry["condition"],
        "recounted": as_json(entry["counted"]) if "counted" in entry else None,
    }


def _nothing(_: Mapping[str, Any]) -> dict[str, Any]:
    return {}


_CHANGES = {
    "approve": _new_due,
    "refuse": _nothing,
    "cancel": _nothing,
    "issue": _issued,
    "renew": _renewed,
    "excuse": lambda entry: {"excused": entry["until"]},
    "recall": lambda entry: {"recalled": entry["on"], **_new_due(entry)},
    "return": _returned,
    "destroy-copy": _nothing,
}
