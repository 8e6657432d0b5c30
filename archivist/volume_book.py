"""What the archive knows of volumes (案卷): papers as composing sees them, lists, gaps, latecomers.

Owns the step from catalogue rows to `policies.composing.Item`: what a paper is in its matter, which
year it has, how long it is kept. Changes nothing.

Rules it keeps:
- What a person said of a paper (`volume describe`) goes before what a checklist says. A checklist
  knows what is attached to what (`part_of`); with one main paper in the dossier all attachments are
  its own, with several those of a year belong together.
- A paper's own year is that of its dossier, where that is one of a year; else of the date that
  somebody read on it; else of its filing. Where somebody ruled on other papers (`other`), that
  rules.
- Whoever is not cleared for a record learns its id, type and pages from a volume, as from its
  dossier; never its title, and a volume's grade is the highest of what one may know.

    items(archive, policy, archive.catalogue.unarranged("C000001"))
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archivist import grade_rulings, standing
from archivist.errors import NotKnown
from archivist.records import canonical
from policies import archival_codes, arrangement, composing, keeping_rows, retention, rule_rows
from policies.volume_life import ENDED

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.pack_rows import DossierType
    from policies.policy import Policy

DATES = ("issued", "opened", "closed", "first_target", "last_target", "requested", "replied",
         "completed")  # fmt: skip
SHEETS = ("contents", "notes_sheet")


def the_volume(archive: Archive, identifier: str) -> Row:
    """The row of a volume. Raises NotKnown."""
    row = archive.catalogue.volume(identifier)
    if row is None:
        raise NotKnown(
            f"没有编号为 {identifier} 的案卷",
            f"there is no volume {identifier}",
            "列出案卷：archivist volume list",
            "list them: archivist volume list",
        )
    return row


def subject_of(row: Row) -> dict[str, str]:
    """How an entry names a volume."""
    return {"volume": row["id"], "customer": row["customer"], "dossier": row["dossier"]}


def digest_of_list(papers: Sequence[Mapping[str, Any]]) -> str:
    """What is signed of a volume's list: SHA-256 over its canonical JSON."""
    return hashlib.sha256(canonical(list(papers))).hexdigest()


# ── papers ────────────────────────────────────────────────────────────────────


@dataclass
class Reading:
    """Rows read once for a whole composition; `items` makes papers of records."""

    archive: Archive
    policy: Policy
    _dossiers: dict[str, Row] = field(default_factory=dict)
    _mains: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _keeps: dict[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def dated(self) -> dict[str, str]:
        """Record → the date read on it."""
        return self.archive.catalogue.dated()

    @cached_property
    def said(self) -> dict[str, dict[str, str]]:
        """Record → what people said it is in its matter."""
        found: dict[str, dict[str, str]] = {}
        for row in self.archive.catalogue.described():
            found.setdefault(row["record"], {})[row["point"]] = row["value"]
        return found

    @cached_property
    def volumes(self) -> dict[str, str]:
        """Record → the volume it lies in."""
        return self.archive.catalogue.in_volumes()

    @cached_property
    def sheets(self) -> frozenset[str]:
        """Document types that are a volume's own list or sheet."""
        forms = self.policy.rows(rule_rows.Form)
        return frozenset(c.row.type for c in forms if c.row.of in SHEETS and c.row.type)

    @cached_property
    def _rules_others(self) -> bool:
        return not arrangement.filing_year(self.policy, arrangement.Matter("other")).open

    def dossier(self, identifier: str) -> Row:
        """A dossier's row."""
        if identifier not in self._dossiers:
            self._dossiers[identifier] = self.archive.the("dossier", identifier)
        return self._dossiers[identifier]

    def item(self, row: Row, asked: bool = True) -> composing.Item:
        """One record as composing sees it."""
        dossier = self.dossier(row["dossier"])
        said = self.said.get(row["id"], {})
        year = self._year(row, dossier)
        matter, parts = self._matter(row, dossier, year)
        if "matter" in said or "part" in said:
            matter = said.get("matter", matter)
            parts = tuple(said["part"].split(",")) if "part" in said else parts
        dated = self.dated.get(row["id"])
        paper = arrangement.Paper(
            id=row["id"],
            parts=parts,
            matter=matter,
            fields={"issue_date": dated} if dated else {},
            about=_about(said, dated),
            year=year,
            grade=row["grade"],
            keep=self.keep(row["type"], dossier),
            pages=row["pages"],
            copies=int(said.get("copies", 1)),
            class_number=dossier["keys"].get("class_no", ""),
            linked_to=tuple(filter(None, said.get("linked", "").split(","))),
        )
        sheet = row["type"] in self.sheets
        volume = self.volumes.get(row["id"], "")
        return composing.Item(paper, row["dossier"], dossier["type"], volume, asked, sheet)

    def _year(self, row: Row, dossier: Row) -> int | None:
        kind = self.policy.find_dossier_type(dossier["type"])
        own = dossier["keys"].get("year", "")
        if kind is not None and kind.kind == "year" and own.isdecimal():
            return int(own)
        dated = self.dated.get(row["id"])
        if self._rules_others:
            closed = dossier["closed"]
            matter = arrangement.Matter(
                "other",
                issued=date.fromisoformat(dated) if dated else None,
                completed=date.fromisoformat(closed) if closed else None,
            )
            return arrangement.filing_year(self.policy, matter).year
        return int(dated[:4]) if dated else standing.local_moment(row["filed"]).year

    def _matter(self, row: Row, dossier: Row, year: int | None) -> tuple[str, tuple[str, ...]]:
        """What the checklist says is attached to what."""
        kind = self.policy.find_dossier_type(dossier["type"])
        for item in kind.items if kind else ():
            if row["type"] not in item.types:
                continue
            main = item.part_of or (item.id if _has_attachments(kind, item.id) else "")
            if main:
                one = len(self._main_papers(dossier, kind, main)) < 2
                matter = f"{dossier['id']}/{main}" if one else f"{dossier['id']}/{main}/{year}"
                return matter, ("attachment",) if item.part_of else ("main",)
        return "", ()

    def _main_papers(self, dossier: Row, kind: DossierType | None, main: str) -> list[str]:
        key = (dossier["id"], main)
        if key not in self._mains:
            types = next((i.types for i in kind.items if i.id == main), ()) if kind else ()
            rows = self.archive.catalogue.records(dossier["id"])
            self._mains[key] = [row["id"] for row in rows if row["type"] in types]
        return self._mains[key]

    def keep(self, doc_type: str, dossier: Row) -> str:
        """The class of keeping as codes write it: Y, D30, M6; "" while it is open."""
        own = dossier["keys"].get("retention", "")
        key = (doc_type, f"{dossier['type']}/{own}")
        if key not in self._keeps:
            self._keeps[key] = _class_said(self.policy, own) or _class_ruled(
                self.policy, doc_type, dossier["type"]
            )
        return self._keeps[key]


def items(
    archive: Archive, policy: Policy, rows: Sequence[Row], reading: Reading | None = None
) -> list[composing.Item]:
    """The records as composing sees them, and those that a matter of theirs reaches."""
    reading = reading or Reading(archive, policy)
    found = {row["id"]: reading.item(row) for row in rows}
    matters = {item.paper.matter for item in found.values()} - {""}
    for row in _reached(archive, reading, matters, found):
        item = reading.item(row, asked=False)
        if item.paper.matter in matters:
            found[row["id"]] = item
    return list(found.values())


def _reached(
    archive: Archive, reading: Reading, matters: set[str], known: Mapping[str, composing.Item]
) -> Iterator[Row]:
    """Records that may be of these matters and are not among those asked for."""
    if not matters:
        return
    named = {
        name
        for name, said in reading.said.items()
        if said.get("matter") in matters and name not in known
    }
    for name in named:
        row = archive.catalogue.record(name)
        if row is not None:
            yield row
    # A matter of a checklist is called after its dossier, one that a person named after a record.
    for dossier in {matter.partition("/")[0] for matter in matters if "/" in matter}:
        for row in archive.catalogue.records(dossier):
            if row["id"] not in known and row["id"] not in named:
                yield row


def _about(said: Mapping[str, str], dated: str | None) -> arrangement.Matter | None:
    if "about" not in said:
        return None
    days = {name: date.fromisoformat(said[name]) for name in DATES if name in said}
    if dated:
        days.setdefault("issued", date.fromisoformat(dated))
    return arrangement.Matter(said["about"], **days)


def _has_attachments(kind: DossierType | None, item: str) -> bool:
    return kind is not None and any(other.part_of == item for other in kind.items)


def _class_said(policy: Policy, said: str) -> str:
    """The class of keeping that a dossier's own key names."""
    for cited in policy.rows(keeping_rows.RetentionClass):
        row = cited.row
        if said and policy.fold(said) in map(policy.fold, (row.id, row.zh, row.en, row.code)):
            years = policy.setting(row.years_from) or "" if row.years_from else str(row.years)
            return row.code or ("Y" if row.permanent else f"D{years}" if years.isdigit() else "")
    return ""


def _class_ruled(policy: Policy, doc_type: str, dossier_type: str) -> str:
    period = retention.period_of(policy, doc_type, dossier_type)
    if period.rule is None:
        return ""
    if period.permanent:
        return "Y"
    return f"D{period.years}" if not period.months else f"M{period.years * 12 + period.months}"


# ── what is told ──────────────────────────────────────────────────────────────


def plain(archive: Archive, policy: Policy, row: Row, asker: str | None) -> dict[str, Any]:
    """A volume as it stands in JSON: nothing that the asker may not know."""
    records = records_of(archive, row)
    return {
        "volume": row["id"],
        "code": row["code"],
        "customer": row["customer"],
        "dossier": row["dossier"],
        "year": row["year"],
        "keep": row["keep"] or None,
        "state": row["state"],
        "grade": grade_rulings.highest_known(
            policy, records.values(), grade_rulings.held_by(archive, asker)
        ),
        "records": len(row["papers"]),
        "pages": sum(paper["pages"] for paper in row["papers"]),
        "composed_by": row["composed_by"],
        "composed": row["composed"],
        "checked_by": row["checked_by"],
        "checked": row["checked"],
    }


def records_of(archive: Archive, row: Row) -> dict[str, Row]:
    """Record → its row, of those papers of a volume that are still there."""
    found = ((p["record"], archive.catalogue.record(p["record"])) for p in row["papers"])
    return {name: record for name, record in found if record is not None}


def opened_to(archive: Archive, rows: Iterable[Row], name: str | None) -> frozenset[str]:
    """The records among these whose titles somebody may see: he holds the key, and the customer's
    data are not restricted."""
    held, restricted = grade_rulings.held_by(archive, name), archive.catalogue.restricted()
    return frozenset(
        row["id"]
        for row in rows
        if (row["generation"] is None or (row["key"], row["generation"]) in held)
        and row["customer"] not in restricted
    )


def clauses_shown(
    policy: Policy, clauses: Iterable[str], rows: Iterable[Row], held: set[tuple[str, int]]
) -> list[str]:
    """The clauses that a volume rests on, without the one that would tell somebody not cleared
    that papers lie apart."""
    known = {
        row["grade"]
        for row in rows
        if row["generation"] is None or (row["key"], row["generation"]) in held
    }
    hidden = {
        cited.row.clause
        for cited in policy.rows(keeping_rows.VolumeRule)
        if cited.row.of == "apart" and not known & set(cited.row.grades)
    }
    return [clause for clause in clauses if clause not in hidden]


def numbers_missing(archive: Archive) -> list[dict[str, Any]]:
    """Every number that was given and that nothing bears now, or that was never given: of volumes
    (`series` as the template says it) and of papers within a volume (its id)."""
    volumes = {row["id"]: row for row in archive.catalogue.volumes()}
    given: dict[str, dict[int, str]] = {}
    borne: dict[str, set[int]] = {}
    for row in archive.catalogue.codes_given():
        given.setdefault(row["series"], {})[row["number"]] = _became(archive, volumes, row)
        if given[row["series"]][row["number"]] == "":
            borne.setdefault(row["series"], set()).add(row["number"])
    return [
        {"series": gap.series, "number": gap.number, "why": gap.why}
        for series in sorted(given)
        if series not in volumes or volumes[series]["state"] not in ENDED
        for gap in archival_codes.gaps(series, borne.get(series, set()), given[series])
    ]


def _became(archive: Archive, volumes: Mapping[str, Row], code: Row) -> str:
    """What became of what bore a code: "" while it is there."""
    volume = volumes[code["volume"]]
    if volume["state"] in ENDED:
        return "dissolved"
    record = code["record"]
    if record is None:
        return "" if volume["code"] == code["code"] else "unknown"
    if archive.catalogue.record(record) is None:
        return "destroyed" if _was_destroyed(archive, record) else "unknown"
    return "" if any(paper["record"] == record for paper in volume["papers"]) else "taken-out"


def _was_destroyed(archive: Archive, record: str) -> bool:
    return any(entry.act == "destroy" for entry in archive.entries_of(record))


def latecomers(archive: Archive, policy: Policy) -> list[dict[str, Any]]:
    """Records that lie in no volume though one of their dossier and year is closed already."""
    closed: dict[tuple[str, int], list[str]] = {}
    for row in archive.catalogue.volumes():
        if row["state"] == "checked":
            closed.setdefault((row["dossier"], row["year"]), []).append(row["id"])
    if not closed:
        return []
    reading = Reading(archive, policy)
    found = []
    for item in map(reading.item, archive.catalogue.unarranged_beside("checked")):
        volumes = closed.get((item.dossier, item.paper.year or 0))
        if volumes and not item.sheet:
            found.append({"record": item.paper.id, "dossier": item.dossier,
                          "year": item.paper.year, "volumes": volumes})  # fmt: skip
    return found
