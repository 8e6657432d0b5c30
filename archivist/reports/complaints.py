"""Complaints: the week's register, and how many were settled within their clocks.

Two papers of S001-12 are made here. The register of one department and week
(客户投诉记录表（每周）) is handed in on the Monday after; the statistics of a month
(顾客投诉统计分析报告表) are compiled in the middle of the next one, so that `--month` names the
month before. Their columns are those of the pack's `[[form]]` rows: what the archive knows is
filled in, the rest is left for the pen.

A complaint is a case dossier whose checklist asks for a complaint record. It belongs to the day
it was received; each deadline that binds it is a clock of its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
from archivist.standing import dossier_state, filings
from index.catalogue import Row
from policies.customer_rows import Scheme
from policies.measures import OwedSet, Rate, owed_sets
from policies.pack_rows import CONDITION, DossierType
from policies.policy import Cited, Policy
from policies.rule_rows import Form

_RECORD = "complaint_record"
_DETAIL = (
    Column("部门", "department", "department_zh", "department_en"),
    Column("种类", "type", "type_zh", "type_en"),
    Column("分类", "kind", "kind_zh", "kind_en"),
    Column("件数", "cases", "cases"),
    Column("时限内 / 已到期", "within / due", "rate"),
    Column("超过时限", "beyond", "beyond"),
    Column("办理中", "pending", "pending"),
    Column("条款", "clauses", "clauses"),
)
_HEAD = (
    Column("序号", "no.", "number"),
    Column("客户档案", "dossier", "dossier"),
    Column("受理日期", "received", "received"),
    Column("分类", "kind", "kind_zh", "kind_en"),
    Column("处理时限", "due", "due"),
    Column("办理状况", "state", "state_zh", "state"),
)
_STATES = {"within": "时限内办结", "beyond": "超过时限", "pending": "办理中", "none": "无时限"}


@dataclass(frozen=True, slots=True)
class _Case:
    """One complaint: its dossier, the day it was received, what kind it is, its clocks."""

    row: Row
    type: DossierType
    received: date
    kind: tuple[str, str, str]  # id, Chinese, English
    clocks: tuple[OwedSet, ...]

    @property
    def department(self) -> str:
        """Where it was taken in, if the dossier says so; else whose such dossiers are."""
        return str(self.row["keys"].get("department") or self.type.department)

    @property
    def week(self) -> tuple[int, int]:
        """ISO year and week of the day it was received."""
        year, week, _ = self.received.isocalendar()
        return year, week


_Clock = tuple[str, OwedSet | None]  # the dossier it belongs to; None where nothing binds it


def complaints(asked: Asked) -> Told:
    """The complaints received in the period: statistics, then the register of each week."""
    cases = sorted(_cases(asked), key=lambda case: (case.received, case.row["id"]))
    rows = _statistics(asked, cases)
    weeks = _weeks(asked, cases)
    sections = [
        *_compiled(asked, cases, rows),
        Section(("时限执行情况", "clocks"), _DETAIL, rows),
        *(_register(week) for week in weeks),
    ]
    whole = summed(Rate(row["numerator"], row["denominator"], row["pending"]) for row in rows)
    title = ("客户投诉统计", "complaints")
    return told(asked, "complaints", title, whole, sections, rows=rows, weeks=weeks,
                cases=len(cases))  # fmt: skip


def _cases(asked: Asked) -> Iterator[_Case]:
    wanted = {
        c.row.type for c in asked.policy.rows(Form) if c.row.of in ("complaint", "complaints")
    }
    for row in asked.archive.catalogue.dossiers():
        kind = asked.policy.find_dossier_type(row["type"])
        if kind is None or kind.kind != "case":
            continue
        if not any({_RECORD, *wanted} & set(item.types) for item in kind.items):
            continue
        received = _received(kind, row)
        if received is None or not (asked.period is None or asked.period.holds(received)):
            continue
        state = dossier_state(asked.archive.catalogue, row)
        moments = filings(asked.archive.catalogue, row["id"])
        clocks = owed_sets(asked.policy, row["id"], state, asked.calendar, asked.today, moments)
        case = _Case(row, kind, received, _kind(asked.policy, kind, row), clocks)
        if received <= asked.today and asked.department in (None, case.department):
            yield case


def _received(kind: DossierType, row: Row) -> date | None:
    """The day its clocks count from, else the first event that its type declares."""
    names = [*(deadline.after for deadline in kind.deadlines), *(event.id for event in kind.events)]
    found = next((row["events"][name] for name in names if name in row["events"]), None)
    return date.fromisoformat(found) if found else None


def _kind(policy: Policy, kind: DossierType, row: Row) -> tuple[str, str, str]:
    """What the clocks tell complaints apart by (during or after consumption), in words."""
    for deadline in kind.deadlines:
        asks = re.fullmatch(CONDITION, deadline.when)
        value = row["keys"].get(asks[2]) if asks and asks[1] == "dossier" else None
        if value:
            schemes = (c.row for c in policy.rows(Scheme) if c.row.of == "case")
            for one in (one for scheme in schemes for one in scheme.values):
                if one.id == value:
                    return one.id, one.zh, one.en
            return value, value, value
    return kind.id, kind.zh, kind.en


# ── statistics ────────────────────────────────────────────────────────────────


def _statistics(asked: Asked, cases: Sequence[_Case]) -> list[dict[str, Any]]:
    """One row for each department, type, kind and clock."""
    groups: dict[tuple[str, str, tuple[str, str, str], str], list[_Clock]] = {}
    for case in cases:
        for clock in case.clocks or (None,):
            clause = clock.due.clause if clock else ""
            key = (case.department, case.type.id, case.kind, clause)
            groups.setdefault(key, []).append((case.row["id"], clock))
    return [
        {
            **department_fields(asked.policy, department),
            **type_fields(asked.policy, type_),
            "kind": kind[0],
            "kind_zh": kind[1],
            "kind_en": kind[2],
            "cases": len({dossier for dossier, _ in clocks}),
            **rate_fields(rate := _kept(asked, clocks)),
            "beyond": rate.denominator - rate.numerator,
            "clauses": [part.strip() for part in clause.split(",") if part.strip()],
        }
        for (department, type_, kind, clause), clocks in sorted(groups.items())
    ]


def _kept(asked: Asked, clocks: Sequence[_Clock]) -> Rate:
    known = [clock for _, clock in clocks if clock is not None]
    pending = sum(clock.pending(asked.today) for clock in known)
    return Rate(sum(clock.in_time for clock in known), len(known) - pending, pending)


def _compiled(
    asked: Asked, cases: Sequence[_Case], rows: Sequence[Mapping[str, Any]]
) -> Iterator[Section]:
    """The statistics sheet as a regulation lays it out, a line for each of its departments."""
    for cited in asked.policy.rows(Form):
        form, declared = cited.row, _declared(asked.policy, cited)
        if form.of != "statistics" or not any(case.type.id in declared for case in cases):
            continue
        own = [case for case in cases if case.type.id in declared]
        judged = [row for row in rows if row["dossier_type"] in declared]
        lines = [
            _compiled_line(asked, form, department, own, judged)
            for department in dict.fromkeys(case.department for case in own)
        ]
        columns = tuple(Column(label, label, label, pen=True) for label in form.columns)
        yield Section((form.zh, form.en), columns, lines)


def _compiled_line(
    asked: Asked,
    form: Form,
    department: str,
    cases: Sequence[_Case],
    rows: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    judged = [row for row in rows if row["department"] == department]
    within, beyond, pending = (
        sum(row[name] for row in judged) for name in ("numerator", "beyond", "pending")
    )
    said: dict[str, Any] = {
        zh: sum(zh in _words(case) for case in cases if case.department == department)
        for zh in (word for case in cases for word in _words(case))
    }
    said["部门"] = department_fields(asked.policy, department)["department_zh"]
    said["处理状况"] = f"时限内 {within}，超过时限 {beyond}，办理中 {pending}"
    # A kind that no case was of is none; what the archive cannot know is left for the pen.
    kinds = {value.zh for c in asked.policy.rows(Scheme) for value in c.row.values}
    return {label: said.get(label, 0 if label in kinds else "") for label in form.columns}


def _words(case: _Case) -> tuple[str, str]:
    return case.kind[1], case.type.zh


def _declared(policy: Policy, cited: Cited[Form]) -> set[str]:
    """The complaints a form is for: those that its own regulation declares."""
    packs = (pack for pack in policy.adopted if cited.company or pack.ref == cited.pack)
    return {row.id for pack in packs for row in pack.rows(DossierType)}


# ── the register of a week ────────────────────────────────────────────────────


def _weeks(asked: Asked, cases: Sequence[_Case]) -> list[dict[str, Any]]:
    """The register of each department and week, oldest week first."""
    groups: dict[tuple[tuple[int, int], str, str], list[_Case]] = {}
    forms: dict[str, Form | None] = {}
    for case in cases:
        form = forms.setdefault(case.type.id, _form_of(asked.policy, case.type))
        key = (case.week, case.department, form.id if form else "")
        groups.setdefault(key, []).append(case)
    found = []
    for ((year, week), department, _), own in sorted(groups.items()):
        monday = date.fromisocalendar(year, week, 1)
        form = forms[own[0].type.id]
        found.append(
            {
                "week": f"{year}-W{week:02}",
                "since": monday.isoformat(),
                "until": (monday + timedelta(6)).isoformat(),
                "hand_in": (monday + timedelta(7)).isoformat() if form else None,
                **department_fields(asked.policy, department),
                "form": form.id if form else None,
                "title": form.zh if form else "客户投诉",
                "title_en": form.en if form else "complaints",
                "clauses": [part.strip() for part in form.clause.split(",")] if form else [],
                "cases": [_line(asked, case, n, form) for n, case in enumerate(own, 1)],
            }
        )
    return found


def _form_of(policy: Policy, kind: DossierType) -> Form | None:
    rows = (c.row for c in policy.rows(Form) if kind.id in _declared(policy, c))
    return next((row for row in rows if row.of == "complaints"), None)


def _line(asked: Asked, case: _Case, number: int, form: Form | None) -> dict[str, Any]:
    silent = case.row["customer"] in asked.archive.catalogue.restricted()
    last = max(case.clocks, key=lambda clock: clock.due.moment, default=None)
    state = "none"
    if last is not None:
        pending = any(clock.pending(asked.today) for clock in case.clocks)
        kept = all(clock.in_time for clock in case.clocks)
        state = "within" if kept else "pending" if pending else "beyond"
    return {
        "number": number,
        "dossier": case.row["id"],
        "customer": case.row["customer"],
        "received": case.received.isoformat(),
        "kind": case.kind[0],
        "kind_zh": case.kind[1],
        "kind_en": case.kind[2],
        "due": f"{last.due.day.isoformat()} {last.due.at}".rstrip() if last else None,
        "state": state,
        "state_zh": _STATES[state],
        # What is said of a restricted customer stays for the pen.
        "columns": {
            label: "" if silent else _known(case, label) for label in (form.columns if form else ())
        },
    }


def _known(case: _Case, label: str) -> str:
    """What the dossier's keys and events say under this heading; "" is left for the pen."""
    named = [
        *((key.zh, case.row["keys"].get(key.id)) for key in case.type.keys),
        *((event.zh, case.row["events"].get(event.id)) for event in case.type.events),
    ]
    return next((value for zh, value in named if zh == label and value), "")


def _register(week: Mapping[str, Any]) -> Section:
    """A week's register as a table: what the archive knows of each case, then the form."""
    rows = [{**line, **line["columns"]} for line in week["cases"]]
    labels = dict.fromkeys(label for line in week["cases"] for label in line["columns"])
    columns = (*_HEAD, *(Column(label, label, label, pen=True) for label in labels))
    span, monday = f"{week['since']} – {week['until']}", week["hand_in"]
    zh = f"{week['title']}　{week['department_zh']}　{span}"
    en = f"{week['title_en']}, {week['department_en']}, {span}"
    if monday:
        zh, en = f"{zh}　应于 {monday} 上交", f"{en}, to be handed in on {monday}"
    return Section((zh, en), columns, rows)
