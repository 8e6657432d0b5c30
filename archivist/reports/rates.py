"""How many sets came in time, how many are complete, and whom nobody reached.

By department and by the month in which the deadline fell (S001-3-R27). Below the rates stand
the sets that missed, so that nobody has to look for them; under timeliness also the forms that
each person handed in late (S001-6-R18), under completeness what every customer of a kind must
have (S002-R17, S002-R38).
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from archivist.lapses import DISMISSED, Case, form_lapses
from archivist.late_forms import OwedForm, named_late
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
from archivist.standing import customer_fields, dossier_state, filings, papers_of
from policies import measures
from policies.checklist import holds
from policies.conduct_rows import Measure
from policies.measures import Coverage, OwedSet, Rate, asked_items, complete_on
from policies.policy import Cited

_BY_VISIT = ("revisit_coverage", "revisit_rate", "satisfaction")
_BY_FILE = ("basic_file_coverage", "registration")

_RATES = (
    Column("部门", "department", "department_zh", "department_en"),
    Column("月份", "month", "month"),
    Column("达标 / 到期", "met / due", "rate"),
    Column("未到期", "pending", "pending"),
    Column("目标（%）", "target (%)", "target_percent"),
    Column("达到目标", "target met", "target_met"),
    Column("条款", "clauses", "clauses"),
)
_MISSED = (
    Column("客户档案", "dossier", "dossier"),
    Column("种类", "type", "type_zh", "type_en"),
    Column("部门", "department", "department_zh", "department_en"),
    Column("期限", "due", "due_shown"),
    Column("齐全日期", "complete on", "complete_on"),
    Column("条款", "clauses", "clauses"),
)
_LATE_FORMS = (
    Column("指标", "measure", "title", "title_en"),
    Column("部门", "department", "department_zh", "department_en"),
    Column("人员", "person", "person"),
    Column("月份", "month", "month"),
    Column("迟交 / 应交", "late / owed", "rate"),
    Column("未到期", "pending", "pending"),
    Column("迟交的档案", "late in", "dossiers"),
    Column("条款", "clauses", "clauses"),
)
_COVERAGE = (
    Column("指标", "measure", "title", "title_en"),
    Column("达到 / 应达到", "reached / owed", "rate"),
    Column("目标（%）", "target (%)", "target_percent"),
    Column("达到目标", "target met", "target_met"),
    Column("未达到的客户", "customers not reached", "without"),
    Column("条款", "clauses", "clauses"),
)


def timeliness(asked: Asked) -> Told:
    """Of the sets due in the period, those that were there in time (及时率); and late forms."""
    sets = _sets(asked)
    rates = measures.timeliness(sets, asked.today)
    missed = [owed for owed in sets if not owed.in_time and not owed.pending(asked.today)]
    more = (("迟交表格", "late forms"), _LATE_FORMS, "late_forms", _late_forms(asked))
    return _told(asked, "timeliness", ("档案及时率", "papers in time"), rates, sets,
                 ("未按时上交", "not in time"), missed, more)  # fmt: skip


def completeness(asked: Asked) -> Told:
    """Of the sets due in the period, those that are complete (完整率); and the coverage."""
    sets = _sets(asked)
    rates = measures.completeness(sets, asked.today)
    missed = [owed for owed in sets if not owed.complete and not owed.pending(asked.today)]
    more = (("客户覆盖", "customers reached"), _COVERAGE, "coverage", list(_coverage(asked)))
    return _told(asked, "completeness", ("档案完整率", "complete papers"), rates, sets,
                 ("不完整", "not complete"), missed, more)  # fmt: skip


def _sets(asked: Asked) -> list[OwedSet]:
    found = []
    for row in asked.dossiers():
        state = dossier_state(asked.archive.catalogue, row)
        moments = filings(asked.archive.catalogue, row["id"])
        owed = measures.owed_sets(
            asked.policy, row["id"], state, asked.calendar, asked.today, moments
        )
        found += [one for one in owed if asked.period is None or asked.period.holds(one.due.day)]
    return sorted(found, key=lambda one: (one.due.moment, one.dossier))


def _told(
    asked: Asked,
    kind: str,
    title: tuple[str, str],
    rates: dict[tuple[str, str], Rate],
    sets: list[OwedSet],
    missed_title: tuple[str, str],
    missed: list[OwedSet],
    further: tuple[tuple[str, str], tuple[Column, ...], str, list[dict[str, Any]]],
) -> Told:
    rows = [
        _rate_row(asked, kind, department, month, rate, sets)
        for (department, month), rate in rates.items()
    ]
    late = [_set_row(asked, owed) for owed in missed]
    sections = [Section(("", ""), _RATES, rows), Section(missed_title, _MISSED, late)]
    more: dict[str, Any] = {"rows": rows, "sets": late}
    heading, columns, name, further_rows = further
    if further_rows:
        sections.append(Section(heading, columns, further_rows))
        more[name] = further_rows
    return told(asked, kind, title, summed(rates.values()), sections, **more)


def _rate_row(
    asked: Asked, kind: str, department: str, month: str, rate: Rate, sets: Iterable[OwedSet]
) -> dict[str, Any]:
    own = [one for one in sets if (one.department, one.month) == (department, month)]
    types = dict.fromkeys(one.dossier_type for one in own)
    asking = list(dict.fromkeys(c for t in types for c in measures.measures(asked.policy, kind, t)))
    by_measure = (clause for cited in asking for clause in _ids(cited.row.clause))
    by_deadline = (clause for one in own for clause in _ids(one.due.clause))
    return {
        **department_fields(asked.policy, department),
        "month": month,
        **rate_fields(rate),
        **_target(asked, [cited.row for cited in asking], rate),
        "clauses": list(dict.fromkeys((*by_measure, *by_deadline))),
        "packs": list(dict.fromkeys(cited.pack for cited in asking)),
    }


def _target(asked: Asked, rows: list[Measure], rate: Rate) -> dict[str, Any]:
    targets = [t for row in rows if (t := measures.target_percent(asked.policy, row)) is not None]
    target = max(targets, default=None)
    met = rate.meets(target) if target is not None else None
    return {"target_percent": target, "target_met": met}


def _set_row(asked: Asked, owed: OwedSet) -> dict[str, Any]:
    there = owed.complete_on
    due = owed.due.day.isoformat()
    return {
        "dossier": owed.dossier,
        **type_fields(asked.policy, owed.dossier_type),
        **department_fields(asked.policy, owed.department),
        "due": due,
        "due_at": owed.due.at,
        "due_shown": f"{due} {owed.due.at}".rstrip(),
        "certain": owed.due.certain,
        "complete_on": there.isoformat()[:10] if there else None,
        "clauses": _ids(owed.due.clause),
    }


# ── late forms ────────────────────────────────────────────────────────────────


def _late_forms(asked: Asked) -> list[dict[str, Any]]:
    """How many of the forms due from each person in a month were late, measure by measure.

    A violation that was dismissed is no late form: the reason given was accepted.
    """
    found: dict[tuple[str, str, str, str], tuple[Cited[Measure], list[tuple[OwedForm, bool]]]] = {}
    for kind, form, case, dismissed in _forms(asked):
        for cited in measures.measures(asked.policy, "late_forms", kind):
            if cited.row.types and not set(cited.row.types) & set(form.types):
                continue
            person = case.violation.person if cited.row.per == "person" else ""
            key = (cited.row.id, case.violation.department, person, f"{form.due:%Y-%m}")
            found.setdefault(key, (cited, []))[1].append((form, form.late and not dismissed))
    return [_late_row(asked, key, *found[key]) for key in sorted(found)]


def _forms(asked: Asked) -> Iterator[tuple[str, OwedForm, Case, bool]]:
    """Each form due in the period: dossier type, form, the violation it is, and if dismissed."""
    catalogue = asked.archive.catalogue
    dismissed = {row["id"] for row in catalogue.violations() if row["state"] == DISMISSED}
    until = asked.period.until if asked.period else asked.today
    routines = named_late(asked.policy)
    for row in asked.dossiers():
        for form, case in form_lapses(
            asked.archive, asked.policy, asked.calendar, asked.today, row, routines, until
        ):
            if asked.period is None or asked.period.holds(form.due):
                yield row["type"], form, case, case.id in dismissed


def _late_row(
    asked: Asked,
    key: tuple[str, str, str, str],
    cited: Cited[Measure],
    forms: list[tuple[OwedForm, bool]],
) -> dict[str, Any]:
    _, department, person, month = key
    late = [form for form, is_late in forms if is_late]
    pending = sum(form.pending for form, _ in forms)
    return {
        "measure": cited.row.id,
        "title": cited.row.zh,
        "title_en": cited.row.en,
        **department_fields(asked.policy, department),
        "person": person or None,
        "month": month,
        **rate_fields(Rate(len(late), len(forms) - pending, pending)),
        "dossiers": list(dict.fromkeys(form.dossier for form in late)),
        "clauses": _ids(cited.row.clause),
        "packs": [cited.pack],
    }


# ── coverage ──────────────────────────────────────────────────────────────────


def _coverage(asked: Asked) -> Iterator[dict[str, Any]]:
    """What every customer of a kind must have, measure by measure."""
    for of in (*_BY_VISIT, *_BY_FILE):
        for cited in measures.measures(asked.policy, of):
            row = cited.row
            found = _reached(asked, row, of)
            yield {
                "measure": row.id,
                "title": row.zh,
                "title_en": row.en,
                **rate_fields(found.rate),
                **_target(asked, [row], found.rate),
                "without": list(found.without),
                "clauses": _ids(row.clause),
                "packs": [cited.pack],
            }


def _reached(asked: Asked, row: Measure, of: str) -> Coverage:
    catalogue = asked.archive.catalogue
    owed = [
        customer["id"]
        for customer in catalogue.customers()
        if customer["opened"][:10] <= asked.today.isoformat()
        and holds(row.when, customer_fields(customer))
    ]
    if of in _BY_FILE:
        return measures.coverage(owed, _with_file(asked, row))
    visits: dict[str, list[date]] = {}
    for dossier in catalogue.dossiers():
        for paper in papers_of(catalogue, dossier["id"]):
            if paper.type in row.types and paper.filed <= asked.today:
                visits.setdefault(dossier["customer"], []).append(paper.dated or paper.filed)
    since = asked.period.since if asked.period else date.min
    until = min(asked.period.until, asked.today) if asked.period else asked.today
    return measures.revisited(owed, visits, since, until)


def _with_file(asked: Asked, row: Measure) -> set[str]:
    """The customers who have a dossier of these types with every asked paper in it."""
    found = set()
    for dossier in asked.archive.catalogue.dossiers():
        kind = asked.policy.find_dossier_type(dossier["type"])
        if kind is None or kind.id not in row.dossier_types:
            continue
        state = dossier_state(asked.archive.catalogue, dossier)
        papers = [paper for paper in state.papers if paper.filed <= asked.today]
        if complete_on(kind, asked_items(kind, state), papers) is not None:
            found.add(dossier["customer"])
    return found


def _ids(clause: str) -> list[str]:
    return [part.strip() for part in clause.split(",") if part.strip()]
