"""Disposals (销毁) in the catalogue: what is proposed, how it was appraised, what was kept.

Owns four tables and what the act `disposal` does to them; what is then carried out has a table of
its own, and only moves the state here. Each entry says the state it leads to,
and the fate of the record it is about; whether it was allowed to is settled before it is written,
and is settled again from the entries alone before anything is destroyed. Opinions in words,
reasons and evidence are in sealed cards.

    disposal         one row for each, as the newest entry on it left it
      origin         who thought of it: person, sweep, or request (PIPL art. 47)
      day            the day as of which it was proposed
      steps          who is to say yes, in order: {"role", "act"}; null until it is appraised
      approvals      who said yes: {"step", "role", "act", "person", "time", "expires", "entry",
                     "round"}
      round          ledger index of the opinion that approvals are asked for now
      digest         of the list that they are signed over
    disposal_record  the records of each; `content` is the digest of what was proposed, `due` the
                     last day of its period, `ground` the rule of that, `fate` open, destroy, keep
                     or regrade; `customer` to `filed` are copied from the record's row, which the
                     destruction takes away
    appraisal        the newest opinion of each person on each record
    kept             record → the day until which an appraisal keeps it, the latest of all; the
                     end of time (9999-12-31) where it said "for good". It is the record's new
                     period, whatever became of the disposal.
"""

from collections.abc import Mapping
from typing import Any

from index.catalogue_rows import approval, as_json, update
from index.catalogue_view import CatalogueView

SCHEMA = """
CREATE TABLE disposal (
  id TEXT PRIMARY KEY, idx INTEGER NOT NULL, state TEXT NOT NULL, origin TEXT NOT NULL,
  proposed TEXT NOT NULL, proposed_by TEXT NOT NULL, day TEXT NOT NULL, steps TEXT,
  approvals TEXT NOT NULL, round INTEGER, digest TEXT, clauses TEXT NOT NULL, packs TEXT NOT NULL,
  card TEXT);
CREATE INDEX disposal_state ON disposal (state);
CREATE TABLE disposal_record (
  disposal TEXT NOT NULL, record TEXT NOT NULL, customer TEXT NOT NULL, dossier TEXT NOT NULL,
  type TEXT NOT NULL, grade TEXT NOT NULL, key TEXT NOT NULL, pages INTEGER NOT NULL,
  filed TEXT NOT NULL, content TEXT NOT NULL, due TEXT, ground TEXT NOT NULL, fate TEXT NOT NULL,
  PRIMARY KEY (disposal, record));
CREATE INDEX disposal_of_record ON disposal_record (record);
CREATE TABLE appraisal (
  disposal TEXT NOT NULL, record TEXT NOT NULL, person TEXT NOT NULL, opinion TEXT NOT NULL,
  until TEXT, grade TEXT, t TEXT NOT NULL, idx INTEGER NOT NULL, card TEXT,
  PRIMARY KEY (disposal, record, person));
CREATE INDEX appraisal_of_record ON appraisal (record);
CREATE TABLE kept (record TEXT PRIMARY KEY, until TEXT NOT NULL);
"""


def disposal(
    catalogue: CatalogueView,
    index: int,
    entry: Mapping[str, Any],
    subject: Mapping[str, str],
    _: Mapping[str, Any],
) -> None:
    """Apply one entry of the act `disposal`."""
    step = entry["step"]
    if step == "propose":
        _propose(catalogue, index, entry, subject)
    if step in ("propose", "part"):
        _list(catalogue, entry, subject)
        return
    row = catalogue.disposal(subject["disposal"])
    if row is None:
        return  # replayed for one record alone, whose history need not hold the proposal
    changed: dict[str, Any] = {"state": entry["state"]}
    if step == "appraise":
        _appraise(catalogue, index, entry, subject)
        asked = "steps" in entry
        changed |= {
            "steps": as_json(entry["steps"]) if asked else None,
            "round": index if asked else None,
            "digest": entry.get("digest"),
            "clauses": as_json(entry["clauses"]),
            "packs": as_json(entry["packs"]),
        }
    if step == "approve":
        changed["approvals"] = as_json([*row["approvals"], approval(index, entry)])
    update(catalogue, "disposal", subject["disposal"], changed)


def _propose(
    catalogue: CatalogueView, index: int, entry: Mapping[str, Any], subject: Mapping[str, str]
) -> None:
    catalogue._run(
        "INSERT INTO disposal VALUES (?,?,?,?,?,?,?,NULL,?,NULL,NULL,?,?,?) ON CONFLICT DO NOTHING",
        subject["disposal"],
        index,
        entry["state"],
        entry["origin"],
        entry["t"],
        entry["who"],
        entry["on"],
        as_json([]),
        as_json(entry["clauses"]),
        as_json(entry["packs"]),
        as_json(entry["card"]) if "card" in entry else None,
    )


def _list(catalogue: CatalogueView, entry: Mapping[str, Any], subject: Mapping[str, str]) -> None:
    for name, said in entry["records"].items():
        row = catalogue.record(name)
        if row is None:
            continue  # replayed for another record alone
        copied = ("customer", "dossier", "type", "grade", "key", "pages", "filed")
        catalogue._run(
            "INSERT INTO disposal_record VALUES (?,?,?,?,?,?,?,?,?,?,?,?,'open') "
            "ON CONFLICT DO NOTHING",
            subject["disposal"],
            name,
            *(row[column] for column in copied),
            said["content"],
            said.get("due"),
            as_json(entry["grounds"][said["ground"]]),
        )


def _appraise(
    catalogue: CatalogueView, index: int, entry: Mapping[str, Any], subject: Mapping[str, str]
) -> None:
    disposal, record = subject["disposal"], subject["record"]
    catalogue._run(
        "INSERT INTO appraisal VALUES (?,?,?,?,?,?,?,?,?) "
        "ON CONFLICT (disposal, record, person) DO UPDATE SET opinion=excluded.opinion, "
        "until=excluded.until, grade=excluded.grade, t=excluded.t, idx=excluded.idx, "
        "card=excluded.card",
        disposal,
        record,
        entry["who"],
        entry["opinion"],
        entry.get("until"),
        entry.get("grade"),
        entry["t"],
        index,
        as_json(entry["card"]),
    )
    catalogue._run(
        "UPDATE disposal_record SET fate = ? WHERE disposal = ? AND record = ?",
        entry["fate"],
        disposal,
        record,
    )
    catalogue._run("DELETE FROM kept WHERE record = ?", record)
    catalogue._run(
        "INSERT INTO kept SELECT record, max(until) FROM appraisal "
        "WHERE record = ? AND opinion = 'keep' GROUP BY record",
        record,
    )
