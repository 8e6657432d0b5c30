"""What is in the archive: dossiers by department, type and customer class; papers by type.

Counts only, and none by secrecy grade: how many top-secret papers lie here is itself something
that not everybody may know.
"""

from collections import defaultdict
from typing import Any

from archivist.report_pages import Column, Section
from archivist.reports.parts import (
    Asked,
    Told,
    department_fields,
    rate_fields,
    summed,
    told,
    type_fields,
)
from archivist.standing import dossier_state, local_moment
from policies.checklist import review
from policies.measures import Rate

_DOSSIERS = (
    Column("部门", "department", "department_zh", "department_en"),
    Column("档案种类", "dossier type", "type_zh", "type_en"),
    Column("客户类别", "customer class", "customer_class"),
    Column("份数", "dossiers", "dossiers"),
    Column("已结案", "closed", "closed"),
    Column("完整 / 份数", "complete / dossiers", "rate"),
    Column("件数", "records", "records"),
    Column("页数", "pages", "pages"),
    Column("条款", "clauses", "clauses"),
)
_PAPERS = (
    Column("资料种类", "document type", "type_zh", "type_en"),
    Column("件数", "records", "records"),
    Column("页数", "pages", "pages"),
)


def inventory(asked: Asked) -> Told:
    """Dossiers and papers as of the day asked, or of the end of the period if that is over."""
    catalogue = asked.archive.catalogue
    day = min(asked.period.until, asked.today) if asked.period else asked.today
    classes = {row["id"]: row["class"] for row in catalogue.customers()}
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * 5)
    papers: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in asked.dossiers():
        if local_moment(row["opened"]).date() > day:
            continue
        kind = asked.policy.dossier_type(row["type"])
        state = dossier_state(catalogue, row)
        there = [paper for paper in state.papers if paper.filed <= day]
        reviews = review(kind, there, state.customer_fields, state.keys, day)
        records = [one for one in catalogue.records(row["id"])
                   if local_moment(one["filed"]).date() <= day]  # fmt: skip
        count = groups[(kind.department, kind.id, classes.get(row["customer"]) or "")]
        count[0] += 1
        count[1] += row["closed"] is not None and row["closed"] <= day.isoformat()
        count[2] += not any(found.lacks for found in reviews)
        count[3] += len(records)
        count[4] += sum(one["pages"] for one in records)
        for one in records:
            papers[one["type"]][0] += 1
            papers[one["type"]][1] += one["pages"]
    rows = [_row(asked, *key, count) for key, count in sorted(groups.items())]
    types = [_type_row(asked, name, *count) for name, count in sorted(papers.items())]
    whole = summed(Rate(row["numerator"], row["denominator"]) for row in rows)
    sections = (
        Section(("", ""), _DOSSIERS, rows),
        Section(("资料", "papers"), _PAPERS, types),
    )
    return told(asked, "inventory", ("馆藏统计", "inventory"), whole, sections,
                rows=rows, types=types)  # fmt: skip


def _row(
    asked: Asked, department: str, kind: str, customer_class: str, count: list[int]
) -> dict[str, Any]:
    dossiers, closed, complete, records, pages = count
    clause = asked.policy.dossier_type(kind).clause
    return {
        **department_fields(asked.policy, department),
        **type_fields(asked.policy, kind),
        "customer_class": customer_class or None,
        "dossiers": dossiers,
        "closed": closed,
        **rate_fields(Rate(complete, dossiers)),
        "records": records,
        "pages": pages,
        "clauses": [part.strip() for part in clause.split(",")],
    }


def _type_row(asked: Asked, name: str, records: int, pages: int) -> dict[str, Any]:
    found = asked.policy.find_type(name)
    zh, en = (found.zh, found.en) if found else (name, name)
    return {"type": name, "type_zh": zh, "type_en": en, "records": records, "pages": pages}
