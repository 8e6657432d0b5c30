"""Asking the rules: what the regulations say, of no dossier in particular.

Each function asks one room of `policies` and gives the answer as plain values, with the clauses
and the pack versions it rests on, what is still open, and every name in both languages. Nothing
is looked up in an archive and nothing is changed: whoever writes a pack sees here what it does.

Rules it keeps: papers, dossiers, grades, roles and events are found by any of their names. A name
nobody knows raises `UnknownName` with those there are.

    answer = approval(policy, Asked("view", grade="秘密", relation="other_dept"))
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from policies import lending, retention, routines
from policies.approvals import ACTION_WORDS, Decision, Request, decide, role_words
from policies.arrangement import Matter, filing_year
from policies.calendar import Calendar
from policies.checklist import checklist as items_of
from policies.customer_rows import Scheme
from policies.deadlines import Due, awaited, due_of, is_overdue
from policies.errors import UnknownName
from policies.naming import (
    event_id,
    field_id,
    grade_code,
    key_called,
    key_value,
    role_id,
    series_id,
    violation_code,
)
from policies.pack_rows import DossierType
from policies.penalties import Assessment, Violation, assess
from policies.penalty_law import liable
from policies.policy import Policy, Question
from policies.reach import clauses_of
from policies.rule_rows import Approval, Knowledge
from policies.wording import condition_words

LENDING = ("view", "extract", "copy", "borrow", "take_out")
_VIOLATION = re.compile(
    r"(?P<code>[^@*:]+)(?:@(?P<on>\d{4}-\d{2}-\d{2}))?(?:\*(?P<count>[1-9]\d*))?"
    r"(?::(?P<item>.+))?"
)
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in the words people type."""

    action: str
    grade: str | None = None
    relation: str = "own_dept"
    doc_type: str | None = None
    dossier_type: str | None = None
    series: str | None = None
    purpose: str | None = None
    roles: tuple[str, ...] = ()


# ── approvals ─────────────────────────────────────────────────────────────────


def approval(policy: Policy, asked: Asked) -> Answer:
    """Who must say yes to what is asked, who may know it, and what a loan of it demands."""
    doc_type = policy.document_type(asked.doc_type).id if asked.doc_type else None
    grade = grade_code(policy, asked.grade) if asked.grade else None
    # Whoever names a paper means it with the grade it has; asked without one, rules that speak
    # of grades would seem not to exist.
    if grade is None and doc_type and (ruling := policy.default_grade(doc_type)):
        grade = ruling.grade.code
    known = grade if grade is None or _is_ruled(policy, grade) else None
    request = Request(
        asked.action,
        grade=known,
        relation=asked.relation,
        doc_type=doc_type,
        dossier_type=policy.dossier_type(asked.dossier_type).id if asked.dossier_type else None,
        series=series_id(policy, asked.series) if asked.series else None,
        purpose=asked.purpose,
        roles=tuple(role_id(policy, role) for role in asked.roles),
    )
    decision = decide(policy, request)
    zh, en = ACTION_WORDS[request.action]
    return {
        "action": request.action,
        "title": zh,
        "title_en": en,
        "grade": request.grade,
        "grade_undeclared": grade if known is None else None,
        "relation": request.relation,
        "type": request.doc_type,
        "dossier_type": request.dossier_type,
        "series": request.series,
        "purpose": request.purpose,
        "roles": list(request.roles),
        **_decided(policy, decision),
        "know": _knowing(policy, request.grade),
        "loan": _loan(policy, request) if request.action in LENDING else None,
    }


def _is_ruled(policy: Policy, code: str) -> bool:
    """Whether an adopted pack declares the grade or rules by it; a word alone is no law."""
    ruled = {grade for cited in policy.rows(Approval) for grade in cited.row.grades}
    ruled.update(grade for cited in policy.rows(Knowledge) for grade in cited.row.grades)
    return code in ruled or code in policy.grades


def _decided(policy: Policy, decision: Decision) -> Answer:
    why = decision.why
    return {
        "allowed": decision.allowed,
        "free": decision.free,
        "exception": decision.exception,
        "reason": why.code if why else None,
        "reason_zh": why.zh if why else None,
        "reason_en": why.en if why else None,
        "steps": [
            {"step": number, "role": step.role, **_titled(role_words(policy, step.role)),
             "act": step.act, "means": list(step.means)}
            for number, step in enumerate(decision.steps, 1)
        ],
        "evidence": [{"evidence": name, **_paper_title(policy, name)}
                     for name in decision.evidence],
        "register": decision.register,
        "due_date": decision.due_date,
        "purpose_needed": decision.purpose,
        "separate": decision.separate,
        **_cited(decision.clauses, decision.packs, decision.open),
    }  # fmt: skip


def _knowing(policy: Policy, grade: str | None) -> list[Answer]:
    return [
        {"who": cited.row.who, "by": [{"role": role, **_titled(role_words(policy, role))}
                                      for role in cited.row.by],
         "title": cited.row.zh, "title_en": cited.row.en, "clause": cited.row.clause,
         "pack": cited.pack}
        for cited in (lending.who_may_know(policy, grade) if grade else ())
    ]  # fmt: skip


def _loan(policy: Policy, request: Request) -> Answer:
    terms = lending.loan_terms(
        policy, request.action, request.relation, request.grade, request.dossier_type,
        request.series,
    )  # fmt: skip
    return {
        "forbids": list(terms.forbids),
        "demands": list(terms.demands),
        "fields": list(terms.fields),
        "days": terms.days,
        "due_after": list(terms.due_after),
        "excused_by": list(terms.excused_by),
        "overdue": list(terms.overdue),
        **_cited(terms.clauses, terms.packs, terms.open),
    }


# ── checklists and deadlines ──────────────────────────────────────────────────


def checklist(
    policy: Policy, name: str, fields: Mapping[str, str], keys: Mapping[str, str]
) -> Answer:
    """What a dossier of this type must hold, for a customer and keys like these.

    Fields and keys may go by any of their names.
    """
    kind = policy.dossier_type(name)
    fields, keys = _by_ids(policy, kind, fields, keys)
    return {
        **_dossier(policy, kind),
        "items": [
            {
                "item": state.item.id,
                "title": state.item.zh,
                "title_en": state.item.en,
                "asked": state.asked,
                "required": state.item.required,
                "when": state.item.when or None,
                **_when_words(policy, kind, state.item.when),
                "types": [{"type": t, **_paper_title(policy, t)} for t in state.item.types],
                "copy": state.item.copy,
                "sides": state.item.sides,
                "least": state.item.least,
                "signed_by": list(state.item.signed_by),
                "fields": list(state.item.fields),
                "verify": list(state.item.verify),
                "part_of": state.item.part_of or None,
                "group": state.item.group or None,
                "expires": state.item.expires or None,
                "clause": state.item.clause,
            }
            for state in items_of(kind, (), fields, keys)
        ],
    }


def _when_words(policy: Policy, kind: DossierType, when: str) -> Answer:
    zh, en = condition_words(kind, when, [cited.row for cited in policy.rows(Scheme)])
    return {"when_zh": zh or None, "when_en": en or None}


def due(
    policy: Policy,
    name: str,
    events: Mapping[str, date],
    fields: Mapping[str, str],
    keys: Mapping[str, str],
    calendar: Calendar,
    today: date,
) -> Answer:
    """By when each paper of such a dossier must be there. Events, fields and keys go by any name.

    An item without a due day names the events it waits for, if any would give it one.
    """
    kind = policy.dossier_type(name)
    happened = {event_id(kind, event): day for event, day in events.items()}
    fields, keys = _by_ids(policy, kind, fields, keys)
    rows = []
    for state in items_of(kind, (), fields, keys):
        found = due_of(kind, state.item.id, happened, calendar, fields, keys)
        waits = awaited(kind, state.item.id, happened, fields, keys)
        if state.asked or found:
            rows.append(
                {"item": state.item.id, "title": state.item.zh, "title_en": state.item.en,
                 "asked": state.asked, **_when(found, today),
                 "waits_for": [] if found else list(waits)}
            )  # fmt: skip
    return {
        **_dossier(policy, kind),
        "events": {event: day.isoformat() for event, day in happened.items()},
        "due": rows,
    }


def _by_ids(
    policy: Policy, kind: DossierType, fields: Mapping[str, str], keys: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    # A condition on a name that nobody declared would silently not hold.
    own = {}
    for name, said in keys.items():
        key = key_called(policy, kind, name)
        if (value := key_value(policy, key, said)) is None:
            raise UnknownName(key.id, said, key.values)
        own[key.id] = value
    return {field_id(policy, name): value for name, value in fields.items()}, own


def _when(found: Due | None, today: date) -> Answer:
    if found is None:
        return {"due": None, "at": None, "grace": None, "certain": None, "overdue": False,
                "clause": None}  # fmt: skip
    return {
        "due": found.day.isoformat(),
        "at": found.at or None,
        "grace": _moment(found.grace),
        "certain": found.certain,
        "overdue": is_overdue(found, today),
        "clause": found.clause,
    }


def _moment(grace: tuple[date, str] | None) -> str | None:
    return f"{grace[0].isoformat()} {grace[1]}" if grace else None


def _dossier(policy: Policy, kind: DossierType) -> Answer:
    """The dossier type with the pack it stands in, and what is open about its deadlines."""
    cited = [c for c in policy.rows(DossierType) if c.row.id == kind.id]
    same = [c for c in cited if c.row.items == kind.items] or cited
    settings = {d.days_from for c in same for d in c.row.deadlines if d.days_from}
    settings.add(f"packs.{kind.id}")
    asked = [question for question in policy.questions if question.setting in settings]
    return {
        "dossier_type": kind.id,
        **_titled((kind.zh, kind.en)),
        "clause": kind.clause,
        **_cited((kind.clause,), [same[0].pack] if same else [], asked),
    }


# ── keeping ───────────────────────────────────────────────────────────────────


def keep(
    policy: Policy, name: str, dossier_type: str | None, series: str | None, grade: str | None,
    events: Mapping[str, date], filed: date,
) -> Answer:  # fmt: skip
    """How long a paper is kept, until which day, and what destroying it then takes.

    `name` is a document type, or a dossier type: then the whole dossier is meant.
    """
    paper = policy.find_type(name)
    if paper is None and dossier_type is None and policy.find_dossier_type(name):
        dossier_type = name
    else:
        paper = policy.document_type(name)
    kind = policy.dossier_type(dossier_type) if dossier_type else None
    happened = {event_id(kind, e) if kind else e: day for e, day in events.items()}
    where = (paper.id if paper else None, kind.id if kind else None,
             series_id(policy, series) if series else None)  # fmt: skip
    period = retention.period_of(policy, *where)
    until = retention.keep_until(period, happened, filed)
    code = grade_code(policy, grade) if grade else None
    if code is None and paper and (ruling := policy.default_grade(paper.id)):
        code = ruling.grade.code
    terms = retention.disposal_terms(policy, *where, code)
    destroying = decide(
        policy,
        Request("destroy", grade=code, doc_type=where[0], dossier_type=where[1], series=where[2]),
    )
    return {
        "type": where[0],
        "dossier_type": where[1],
        "series": where[2],
        "permanent": period.permanent,
        "years": period.years or None,
        "months": period.months or None,
        "start": period.start or None,
        "count_from": period.count_from or None,
        "until": until.day.isoformat() if until.day else None,
        "waits_for": list(until.waits_for),
        "floor": _span(period.floor),
        "ceiling": _span(period.ceiling),
        "beyond": until.beyond.isoformat() if until.beyond else None,
        **_cited(period.clauses, period.packs, period.open),
        "disposal": {
            "grade": code,
            "appraisal": terms.appraisal,
            "statement": terms.statement,
            "witnesses": terms.witnesses,
            "register": terms.register,
            "methods": list(terms.methods),
            "only_by_procedure": terms.only_by_procedure,
            **_cited(terms.clauses, terms.packs, terms.open),
            "approval": _decided(policy, destroying),
        },
    }


def _span(span: retention.Span | None) -> Answer | None:
    if span is None:
        return None
    return {"permanent": span.permanent, "years": span.years or None,
            "months": span.months or None, "start": span.start or None,
            "count_from": span.count_from, "clause": span.clause, "pack": span.pack}  # fmt: skip


def year(policy: Policy, matter: Matter) -> Answer:
    """To which filing year a paper belongs."""
    ruling = filing_year(policy, matter)
    return {
        "matter": matter.ruled_as,
        "year": ruling.year,
        "takes": ruling.takes or None,
        "lacks": ruling.lacks or None,
        **_cited([ruling.clause], [ruling.pack] if ruling.pack else [], ruling.open),
    }


# ── penalties and routines ────────────────────────────────────────────────────


def penalties(
    policy: Policy, written: Sequence[str], role: str | None, dossier_type: str | None, on: date
) -> Answer:
    """What these violations of one person cost, in the order of their days.

    Each is written `CODE[@DATE][*COUNT][:ITEM]`; those with the same item are defects of one.
    """
    kind = policy.dossier_type(dossier_type).id if dossier_type else ""
    violations = []
    for word in written:
        found = _VIOLATION.fullmatch(word)
        code = violation_code(policy, found["code"] if found else word)
        if found is None:
            raise UnknownName("violation", word, ("CODE@2026-03-05*2:ITEM",))
        day = _day(found["on"], word) if found["on"] else on
        whose = (role_id(policy, role),) if role else liable(policy, code, kind)
        for each in whose:
            # One person for each role, so that what falls on one does not double another's.
            violations.append(
                Violation(
                    code, each, day, person=each, subject=each if found["item"] else "",
                    item=found["item"] or "", count=int(found["count"] or 1), dossier_type=kind,
                )
            )  # fmt: skip
    rows = [_assessed(policy, assessment) for assessment in assess(policy, violations)]
    return {
        "penalties": rows,
        "totals": [
            {"role": each, **_titled(role_words(policy, each)),
             **{name: sum(row[name] for row in rows if row["role"] == each)
                for name in ("amount", "amount_to", "points")}}
            for each in dict.fromkeys(row["role"] for row in rows)
        ],
        **_cited(
            [clause for row in rows for clause in row["clauses"]],
            dict.fromkeys(pack for row in rows for pack in row["packs"]),
            (),
        ),
    }  # fmt: skip


def _day(written: str, word: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise UnknownName("day", word, ("CODE@2026-03-05",)) from None


def _assessed(policy: Policy, found: Assessment) -> Answer:
    row = found.penalty.row if found.penalty else None
    return {
        "code": found.violation.code,
        "on": found.violation.on.isoformat(),
        "role": found.violation.role,
        "title": row.zh if row else found.violation.code,
        "title_en": row.en if row else found.violation.code,
        "item": found.violation.item or None,
        "count": found.violation.count,
        "per": row.per if row else None,
        "amount": found.amount,
        "amount_to": found.amount_to,
        "multiplier": found.multiplier,
        "nth": found.nth,
        "points": found.points,
        "month_pay": found.month_pay,
        "notice": found.notice,
        "sanction": found.sanction or None,
        "transfers_customer": found.transfers_customer,
        "pay_cut": list(found.pay_cut) if found.pay_cut else None,
        "absorbed": found.absorbed,
        "confirmed_by": list(found.confirmed_by),
        **_cited(found.clauses, found.packs, found.open),
    }


def routine(
    policy: Policy, since: date, until: date, calendar: Calendar, events: Mapping[str, date],
    department: str | None,
) -> list[Answer]:  # fmt: skip
    """The work that falls due from `since` to `until`, by day; last what no interval is set for."""
    settings = routines.intervals(policy)
    rows: list[Answer] = []
    for cited in routines.in_force(policy):
        row = cited.row
        if department and department not in row.departments:
            continue
        if row.before_event and row.before_event not in events:
            continue
        day = events.get(row.before_event)
        found = routines.occurrences(row, since, until, calendar, settings, day)
        zh, en = routines.rhythm_words(row, settings)
        fixed = {
            "routine": row.id, "title": row.zh, "title_en": row.en, "of": row.of,
            "rhythm": zh, "rhythm_en": en, "departments": list(row.departments),
            "roles": list(row.roles), "to": row.to or None, "types": list(row.types),
            "dossier_types": list(row.dossier_types), "when": row.when or None,
            "clause": row.clause, "pack": cited.pack,
        }  # fmt: skip
        for one in found:
            rows.append(
                {**fixed, "period": one.period, "opens": one.opens.isoformat(),
                 "due": one.due.isoformat(), "at": one.at or None, "grace": _moment(one.grace),
                 "certain": one.certain, "unset": None}
            )  # fmt: skip
        if row.every_from and row.every_from not in settings:
            rows.append({**fixed, "period": None, "opens": None, "due": None, "at": None,
                         "grace": None, "certain": None, "unset": row.every_from})  # fmt: skip
    return sorted(rows, key=lambda row: (row["due"] or "9", row["at"] or "24:00", row["routine"]))


# ── what every answer says ────────────────────────────────────────────────────


def _paper_title(policy: Policy, name: str) -> Answer:
    found = policy.document_types.get(name)
    return _titled((found.zh, found.en) if found else (name, name))


def _titled(words: tuple[str, str]) -> Answer:
    return {"title": words[0], "title_en": words[1]}


def _cited(clauses: Iterable[str], packs: Iterable[str], questions: Iterable[Question]) -> Answer:
    return {
        "clauses": list(clauses_of(clauses)),
        "packs": list(packs),
        "open": [
            {"setting": q.setting, "zh": q.zh, "en": q.en, "clauses": list(q.clauses),
             "contradiction": q.contradiction}
            for q in questions
        ],
    }  # fmt: skip
