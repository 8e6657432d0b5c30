"""Destructions in the catalogue: what was decided, what is left of a record, what still opens it.

Owns the tables `destruction`, `tombstone` and `bundle`, and what the acts `destroy` and `escrow`
do to them. From the entry `decided` on a record has no row among the records: it is not found,
opened or lent, although its bytes may lie there until somebody has carried it out. Its tombstone
has the columns that the record had (ids, type, grade, pages, digests, dates), and no words: those
were in its sealed card only.

    witnesses  who signed before it began: names, in the order of their statements
    keys       key → the newest generation that may open an old copy: it and all before it must go
    entries    ledger indexes of what it rests on: proposal, appraisals, approvals
    gone       key → the generations that were destroyed
    checks     what was looked for afterwards and not found
    papers     how paper originals ended: {"entry", "on", "method", "who", "witnesses", "items"}
    attested   of a recovery bundle, who saw it destroyed: {"entry", "on", "who", "witnesses"}
"""

from collections.abc import Mapping
from typing import Any

from index.catalogue_rows import as_json
from index.catalogue_view import CatalogueView

SCHEMA = """
CREATE TABLE destruction (
  disposal TEXT PRIMARY KEY, idx INTEGER NOT NULL, state TEXT NOT NULL, who TEXT NOT NULL,
  decided TEXT NOT NULL, items TEXT NOT NULL, list TEXT NOT NULL, keys TEXT NOT NULL,
  witnesses TEXT NOT NULL, entries TEXT NOT NULL, clauses TEXT NOT NULL, packs TEXT NOT NULL,
  card TEXT, ended_idx INTEGER, ended TEXT, ended_by TEXT, gone TEXT, checks TEXT,
  papers TEXT NOT NULL);
CREATE TABLE tombstone (
  id TEXT PRIMARY KEY, idx INTEGER NOT NULL, customer TEXT NOT NULL, dossier TEXT NOT NULL,
  type TEXT NOT NULL, grade TEXT NOT NULL, key TEXT NOT NULL, generation INTEGER,
  pages INTEGER NOT NULL, media TEXT NOT NULL, suffix TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, filed TEXT NOT NULL, filed_by TEXT NOT NULL, claim TEXT NOT NULL,
  print TEXT NOT NULL, objects TEXT NOT NULL, clauses TEXT NOT NULL, packs TEXT NOT NULL,
  stored TEXT NOT NULL, until TEXT, disposal TEXT NOT NULL, decided TEXT NOT NULL,
  destroyed TEXT);
CREATE INDEX tombstone_dossier ON tombstone (dossier);
CREATE INDEX tombstone_disposal ON tombstone (disposal);
CREATE TABLE bundle (
  idx INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, generations TEXT NOT NULL, who TEXT NOT NULL,
  t TEXT NOT NULL, attested TEXT);
"""

# The columns a tombstone takes over, in their order; spelled out, so that a column that records
# get one day is not taken over unseen.
_KEPT = (
    "id, idx, customer, dossier, type, grade, key, generation, pages, media, suffix, size_bytes, "
    "filed, filed_by, claim, print, objects, clauses, packs, stored, until"
)


def destroy(
    catalogue: CatalogueView,
    index: int,
    entry: Mapping[str, Any],
    subject: Mapping[str, str],
    _: Mapping[str, Any],
) -> None:
    """Apply one entry of the act `destroy`."""
    _STEPS[entry["step"]](catalogue, index, entry, subject)


def escrow(
    catalogue: CatalogueView,
    index: int,
    entry: Mapping[str, Any],
    _: Mapping[str, str],
    __: Mapping[str, Any],
) -> None:
    """Apply one entry of the act `escrow`: a bundle opens what its generations seal."""
    catalogue._run(
        "INSERT INTO bundle VALUES (?,?,?,?,?,NULL) ON CONFLICT DO NOTHING",
        index, entry["sha256"], as_json(entry["generations"]), entry["who"], entry["t"],
    )  # fmt: skip


def _decided(
    catalogue: CatalogueView, index: int, entry: Mapping[str, Any], subject: Mapping[str, str]
) -> None:
    disposal, card = subject["disposal"], entry.get("card")
    catalogue._run(
        "INSERT INTO destruction VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,NULL,NULL,NULL,NULL,NULL,'[]') "
        "ON CONFLICT DO NOTHING",
        disposal, index, entry["state"], entry["who"], entry["t"], as_json(entry["records"]),
        entry["list"], as_json(entry["keys"]),
        as_json([one["statement"]["person"] for one in entry["witnesses"]]),
        as_json(entry["entries"]), as_json(entry["clauses"]), as_json(entry["packs"]),
        as_json(card) if card else None,
    )  # fmt: skip
    catalogue._run("UPDATE disposal SET state = ? WHERE id = ?", entry["state"], disposal)
    for record in entry["records"]:
        catalogue._run(
            f"INSERT INTO tombstone SELECT {_KEPT}, ?, ?, NULL FROM record WHERE id = ?",  # noqa: S608
            disposal, entry["t"], record,
        )  # fmt: skip
        catalogue._run("DELETE FROM record WHERE id = ?", record)
        # The same paper may be filed again: under a number of its own, and knowingly.
        catalogue._run("DELETE FROM print WHERE subject = ?", record)
    for claim in entry["claims"]:
        catalogue._run(
            "UPDATE claim SET outcome = 'destroyed', t = ?, idx = ? WHERE id = ?",
            entry["t"], index, claim,
        )  # fmt: skip


def _destroyed(
    catalogue: CatalogueView, index: int, entry: Mapping[str, Any], subject: Mapping[str, str]
) -> None:
    disposal = subject["disposal"]
    catalogue._run(
        "UPDATE destruction SET state = ?, ended_idx = ?, ended = ?, ended_by = ?, gone = ?, "
        "checks = ? WHERE disposal = ?",
        entry["state"], index, entry["t"], entry["who"], as_json(entry["keys"]),
        as_json(entry["checks"]), disposal,
    )  # fmt: skip
    catalogue._run("UPDATE disposal SET state = ? WHERE id = ?", entry["state"], disposal)
    # It names no records, so that its proof fits on paper; they have it in their history.
    catalogue._run(
        "INSERT INTO mention SELECT id, ? FROM tombstone WHERE disposal = ? ON CONFLICT DO NOTHING",
        index, disposal,
    )  # fmt: skip
    catalogue._run("UPDATE tombstone SET destroyed = ? WHERE disposal = ?", entry["t"], disposal)


def _paper(
    catalogue: CatalogueView, index: int, entry: Mapping[str, Any], subject: Mapping[str, str]
) -> None:
    row = catalogue.destruction(subject["disposal"])
    if row is None:
        return  # replayed for one record alone
    seen = {name: entry[name] for name in ("on", "method", "who", "card")} | {
        "entry": index,
        "items": entry["records"],
        "witnesses": [one["statement"]["person"] for one in entry["witnesses"]],
    }
    catalogue._run(
        "UPDATE destruction SET papers = ? WHERE disposal = ?",
        as_json([*row["papers"], seen]), subject["disposal"],
    )  # fmt: skip


def _bundle(
    catalogue: CatalogueView, index: int, entry: Mapping[str, Any], _: Mapping[str, str]
) -> None:
    seen = {
        "entry": index,
        "on": entry["on"],
        "method": entry["method"],
        "who": entry["who"],
        "witnesses": [one["statement"]["person"] for one in entry["witnesses"]],
    }
    catalogue._run("UPDATE bundle SET attested = ? WHERE idx = ?", as_json(seen), entry["bundle"])


_STEPS = {"decided": _decided, "destroyed": _destroyed, "paper": _paper, "bundle": _bundle}
