"""Volumes in the catalogue: one row for each, what lies in which, every code ever given.

Owns the tables of the act `volume` and what it does to them. Each entry says the state it leads to
itself. Reasons and remarks are in sealed cards.

    volume         the newest entry's state; `papers` in order: {"record", "item", "code", "pages",
                   "copies", "grade"}; `composers` everybody who composed or corrected it; `remarks`
                   {"entry", "state", "who", "time", "card"}
    in_volume      record → the one volume it lies in
    archival_code  every code that was ever given, for a volume or a paper in one: nothing here is
                   ever taken away, whatever became of what bore it
    described      what people said a paper is in its matter, the newest word on each point
"""

from collections.abc import Mapping
from typing import Any

from index.catalogue_rows import as_json, insert, update
from index.catalogue_view import CatalogueView

SCHEMA = """
CREATE TABLE volume (
  id TEXT PRIMARY KEY, idx INTEGER NOT NULL, customer TEXT NOT NULL, dossier TEXT NOT NULL,
  year INTEGER NOT NULL, keep TEXT NOT NULL, series TEXT, number INTEGER, code TEXT,
  state TEXT NOT NULL, papers TEXT NOT NULL, last_item INTEGER NOT NULL, list TEXT NOT NULL,
  composed_at INTEGER NOT NULL, composed_by TEXT NOT NULL, composed TEXT NOT NULL,
  composers TEXT NOT NULL, checked_by TEXT, checked TEXT, remarks TEXT NOT NULL,
  clauses TEXT NOT NULL, packs TEXT NOT NULL);
CREATE INDEX volume_dossier ON volume (dossier, year);
CREATE TABLE in_volume (record TEXT PRIMARY KEY, volume TEXT NOT NULL);
CREATE INDEX in_volume_volume ON in_volume (volume);
CREATE TABLE archival_code (
  code TEXT PRIMARY KEY, series TEXT NOT NULL, number INTEGER NOT NULL, volume TEXT NOT NULL,
  record TEXT);
CREATE INDEX archival_code_series ON archival_code (series, number);
CREATE TABLE described (
  record TEXT NOT NULL, point TEXT NOT NULL, value TEXT NOT NULL, idx INTEGER NOT NULL,
  PRIMARY KEY (record, point));
CREATE INDEX described_value ON described (point, value);
"""


def volume(
    catalogue: CatalogueView,
    index: int,
    entry: Mapping[str, Any],
    subject: Mapping[str, str],
    _: Mapping[str, Any],
) -> None:
    """Apply one entry of the act `volume`."""
    if entry["step"] == "described":
        _describe(catalogue, index, entry, subject)
        return
    if entry["step"] == "composed":
        _compose(catalogue, index, entry, subject)
        return
    row = catalogue.volume(subject["volume"])
    if row is None:
        return  # replayed for one record alone, whose history need not hold the composing
    changed: dict[str, Any] = {"state": entry["state"]}
    if entry["step"] == "corrected":
        changed |= _listed(index, entry) | {
            "last_item": max(row["last_item"], entry["last_item"]),
            "composers": as_json([*dict.fromkeys((*row["composers"], entry["who"]))]),
            "checked_by": None,
            "checked": None,
        }
        changed |= {name: entry[name] for name in ("series", "number", "code") if name in entry}
        _lay_in(catalogue, subject["volume"], entry)
    elif entry["step"] == "checked":
        changed |= {"checked_by": entry["who"], "checked": entry["t"]}
    elif entry["step"] == "dissolved":
        catalogue._run("DELETE FROM in_volume WHERE volume = ?", subject["volume"])
    if "card" in entry:
        changed["remarks"] = as_json([*row["remarks"], _remark(index, entry)])
    update(catalogue, "volume", row["id"], changed)


def _compose(
    catalogue: CatalogueView, index: int, entry: Mapping[str, Any], subject: Mapping[str, str]
) -> None:
    row = {
        "id": subject["volume"],
        "idx": index,
        "customer": subject["customer"],
        "dossier": subject["dossier"],
        "year": entry["year"],
        "keep": entry["keep"],
        **{name: entry.get(name) for name in ("series", "number", "code")},
        "state": entry["state"],
        "last_item": entry["last_item"],
        **_listed(index, entry),
        "composers": as_json([entry["who"]]),
        "remarks": as_json([]),
        "clauses": as_json(entry["clauses"]),
        "packs": as_json(entry["packs"]),
    }
    insert(catalogue, "volume", row)
    _lay_in(catalogue, subject["volume"], entry)


def _listed(index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What composing and correcting say alike; `composed_at` is the entry that was signed."""
    return {
        "papers": as_json(entry["papers"]),
        "list": entry["list"],
        "composed_at": index,
        "composed_by": entry["who"],
        "composed": entry["t"],
    }


def _lay_in(catalogue: CatalogueView, identifier: str, entry: Mapping[str, Any]) -> None:
    """Which records lie in it now, and the codes that were given: those stay for ever."""
    catalogue._run("DELETE FROM in_volume WHERE volume = ?", identifier)
    given = [(entry["code"], entry["series"], entry["number"], None)] if "code" in entry else []
    for paper in entry["papers"]:
        catalogue._run(
            "INSERT INTO in_volume VALUES (?, ?) ON CONFLICT (record) DO UPDATE SET "
            "volume=excluded.volume",
            paper["record"],
            identifier,
        )
        if "code" in paper:
            # The papers of a volume count for themselves, under the volume's own id.
            given.append((paper["code"], identifier, paper["item"], paper["record"]))
    for code, series, number, record in given:
        catalogue._run(
            "INSERT INTO archival_code VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING",
            code, series, number, identifier, record,
        )  # fmt: skip


def _describe(
    catalogue: CatalogueView, index: int, entry: Mapping[str, Any], subject: Mapping[str, str]
) -> None:
    for point, value in entry["said"].items():
        catalogue._run(
            "INSERT INTO described VALUES (?,?,?,?) ON CONFLICT (record, point) DO UPDATE SET "
            "value=excluded.value, idx=excluded.idx",
            subject["record"],
            point,
            value,
            index,
        )


def _remark(index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    names = {"entry": index, "step": entry["step"], "who": entry["who"], "time": entry["t"]}
    return names | {"card": entry["card"]}
