"""What is wrong with a volume today: every rule asked again, of the papers as they are now.

Owns the comparison of a composed volume with the present: a record that was regraded, destroyed or
put on hold since, a paper of the same matter that came to lie elsewhere, sheets not printed.
Changes nothing.

Rules it keeps:
- What every volume must keep to counts whichever regulation says so. What is about a regulation's
  own kind of file (its class numbers, its bags, what is handed in) counts for dossiers of that
  regulation only.
- A contents list and a notes sheet are there when they were printed of the list as it stands.
- Being regraded or held is no fault: it is named, so that whoever checks knows.

    faults(archive, policy, row, checker="wang")      # [] when it may be closed
"""

from collections.abc import Collection
from dataclasses import dataclass

from archivist.archive import Archive
from archivist.hold_book import holds_on, known
from archivist.volume_book import Reading, items, opened_to
from index.catalogue import Row
from policies.arrangement import Problem, Sheet, Volume, volume_problems
from policies.composing import settled
from policies.keeping_rows import VolumeRule
from policies.pack_rows import DossierType
from policies.policy import Policy
from policies.rule_rows import Form

# About a regulation's own kind of file, not about volumes as such.
_OWN_FILES = ("scheme", "by_class_number", "format", "both_forms")
_STRUCTURE = ("by_year", "one_year_only", "apart", "by_value", "one_matter", "together")
CONTENTS, NOTES = "volume_contents", "volume_notes"  # what an entry `print` calls the two sheets
CONTENTS_COLUMNS = ("序号", "文号", "责任者", "题名", "日期", "页号", "备注")
NOTES_FIELDS = ("卷内文件数", "文件页数", "本卷情况说明", "立卷后发生或发现的问题")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong (or, in a notice, different): a code, in words, the clause, the records."""

    code: str
    zh: str
    en: str
    clause: str = ""
    records: tuple[str, ...] = ()

    def plain(self) -> dict[str, object]:
        """As it stands in JSON."""
        return {"code": self.code, "zh": self.zh, "en": self.en, "clause": self.clause or None,
                "records": list(self.records)}  # fmt: skip


def faults(
    archive: Archive, policy: Policy, row: Row, checker: str = "", seen: Collection[str] = ()
) -> list[Fault]:
    """Every fault of a volume as of now. `checker` would sign it; `seen` is what he saw of it."""
    gone = tuple(
        paper["record"]
        for paper in row["papers"]
        if archive.catalogue.record(paper["record"]) is None
    )
    found = [Fault("destroyed", "已不在档案库", "is no longer in the archive", records=gone)]
    problems = volume_problems(policy, _volume(archive, policy, row, checker, seen))
    dossier = archive.the("dossier", row["dossier"])
    spoken = _regulations_of(policy, dossier["type"])
    return (found if gone else []) + [
        _fault(one)
        for one in problems
        if one.code not in _OWN_FILES or spoken is None or one.pack in spoken
    ]


def structural(archive: Archive, policy: Policy, row: Row) -> list[Fault]:
    """The faults of which papers lie in it, whoever signs and whatever is printed."""
    problems = volume_problems(policy, _volume(archive, policy, row, "", ()))
    return [_fault(one) for one in problems if one.code in _STRUCTURE]


def notices(archive: Archive, row: Row, asker: str) -> list[Fault]:
    """What became different since the list was signed, and is no fault: only what the asker may
    know of."""
    records = [r for p in row["papers"] if (r := archive.catalogue.record(p["record"])) is not None]
    listed_as = {paper["record"]: paper["grade"] for paper in row["papers"]}
    open_ = opened_to(archive, records, asker)
    regraded = tuple(
        r["id"] for r in records if r["id"] in open_ and r["grade"] != listed_as[r["id"]]
    )
    held = tuple(r["id"] for r in records if known(archive, holds_on(archive, r), asker or None))
    found = (
        Fault("regraded", "组卷后变更了密级", "was regraded since", records=regraded),
        Fault("held", "已冻结，不得销毁", "is on hold and must not be destroyed", records=held),
    )
    return [one for one in found if one.records]


def to_be_seen(policy: Policy, dossier_type: str) -> tuple[str, ...]:
    """What the regulations of such dossiers want a person to have seen of a volume."""
    spoken = _regulations_of(policy, dossier_type)
    rows = [c for c in policy.rows(VolumeRule) if c.row.of == "format"]
    return tuple(name for c in rows if spoken is None or c.pack in spoken for name in c.row.fields)


def printed(archive: Archive, row: Row) -> frozenset[str]:
    """Which of its sheets were printed of the list as it stands."""
    return frozenset(
        entry.subject["form"]
        for entry in archive.entries_of(row["id"])
        if entry.act == "print" and entry.fields.get("list") == row["list"]
    )


def form_of(policy: Policy, of: str, dossier_type: str) -> Form | None:
    """The regulation's form of a contents list, notes sheet or list of volumes: of the regulation
    that the dossier type is from, else of any."""
    rows = [cited for cited in policy.rows(Form) if cited.row.of == of]
    spoken = _regulations_of(policy, dossier_type) or frozenset()
    return next((c.row for c in rows if c.pack in spoken), rows[0].row if rows else None)


def _fault(problem: Problem) -> Fault:
    return Fault(problem.code, problem.zh, problem.en, problem.clause, problem.papers)


def _regulations_of(policy: Policy, dossier_type: str) -> frozenset[str] | None:
    """The packs that speak of such a dossier: those that declare it, those that declare none, and
    the company's own. None for a dossier of no pack in force: then all speak."""
    kinds = {pack.ref: {row.id for row in pack.rows(DossierType)} for pack in policy.adopted}
    if not any(dossier_type in ids for ids in kinds.values()):
        return None
    own = {pack.ref for pack in policy.adopted if pack.head.kind == "company"}
    return frozenset(ref for ref, ids in kinds.items() if not ids or dossier_type in ids) | own


def _volume(
    archive: Archive, policy: Policy, row: Row, checker: str, seen: Collection[str]
) -> Volume:
    inside = [paper["record"] for paper in row["papers"]]
    rows = [record for name in inside if (record := archive.catalogue.record(name)) is not None]
    reading = Reading(archive, policy)
    every = items(archive, policy, rows, reading)
    here = [item for item in every if item.paper.id in inside]
    others = [item.paper for item in every if item.paper.id not in inside]
    dossier = reading.dossier(row["dossier"])
    done = printed(archive, row)
    contents = form_of(policy, "contents", dossier["type"])
    notes = form_of(policy, "notes_sheet", dossier["type"])
    return Volume(
        year=row["year"],
        papers=settled(policy, here),
        others=others,
        class_number=dossier["keys"].get("class_no", ""),
        scheme=_classes(archive, policy, dossier),
        contents=Sheet("front", contents.columns if contents else CONTENTS_COLUMNS, inside)
        if CONTENTS in done
        else None,
        notes=Sheet("end", notes.fields if notes else NOTES_FIELDS) if NOTES in done else None,
        composed_by=row["composed_by"],
        checked_by=row["checked_by"] or checker,
        # Every paper is in the archive as a file; on paper there is what was printed.
        forms={"electronic"} | ({"paper"} if NOTES in done else set()),
        attested=seen,
    )


def _classes(archive: Archive, policy: Policy, dossier: Row) -> frozenset[str]:
    """The class numbers (条款号) that the year's dossiers of its department were opened under."""
    names = ("year", "department")
    return frozenset(
        other["keys"]["class_no"]
        for other in archive.catalogue.dossiers()
        if "class_no" in other["keys"]
        and all(other["keys"].get(n) == dossier["keys"].get(n) for n in names)
    )
