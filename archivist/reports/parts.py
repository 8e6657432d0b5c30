"""What every report shares: the question, the period, and the frame of the answer.

A period is whole months; `today` may lie within it. Then what is not due yet is pending.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from archivist.archive import Archive
from archivist.errors import BadRequest
from archivist.report_pages import Section, Sheet, Words
from index.catalogue import Row
from policies.calendar import Calendar
from policies.measures import Rate
from policies.policy import Policy


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to `until`, both included; `label` is 2026-03 or 2026."""

    label: str
    since: date
    until: date

    def holds(self, day: date) -> bool:
        """Whether a day lies within it."""
        return self.since <= day <= self.until


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked: of which archive, as of which day, for which period.

    `period` None: as things stand. `department` is an id.
    """

    archive: Archive
    policy: Policy
    calendar: Calendar
    today: date
    period: Period | None = None
    department: str | None = None

    def dossiers(self) -> Iterator[Row]:
        """The dossiers of types that a pack in force declares, of the department asked for."""
        for row in self.archive.catalogue.dossiers():
            kind = self.policy.find_dossier_type(row["type"])
            if kind is not None and self.department in (None, kind.department):
                yield row


@dataclass(frozen=True, slots=True)
class Told:
    """A report: the document for programs, and the sheet for people."""

    plain: dict[str, Any]
    sheet: Sheet


def month_of(written: str) -> Period:
    """`2026-03` as a period. Raises BadRequest."""
    try:
        first = date.fromisoformat(f"{written}-01")
    except ValueError:
        raise BadRequest(
            f"“{written}” 不是月份", f"{written!r} is not a month", "例如 2026-03", "e.g. 2026-03"
        ) from None
    return Period(written, first, first + timedelta(monthrange(first.year, first.month)[1] - 1))


def year_of(written: str) -> Period:
    """`2026` as a period. Raises BadRequest."""
    try:
        first = date.fromisoformat(f"{written}-01-01")
    except ValueError:
        raise BadRequest(
            f"“{written}” 不是年份", f"{written!r} is not a year", "例如 2026", "e.g. 2026"
        ) from None
    return Period(written, first, date(first.year, 12, 31))


def told(
    asked: Asked, kind: str, title: Words, rate: Rate, sections: Sequence[Section],
    notes: Sequence[Words] = (), **more: Any,
) -> Told:  # fmt: skip
    """The frame: what was asked, the packs in force, the sum as two numbers, then the rows."""
    period = asked.period
    plain: dict[str, Any] = {
        "report": kind,
        "title": title[0],
        "title_en": title[1],
        "period": period.label if period else None,
        "since": period.since.isoformat() if period else None,
        "until": period.until.isoformat() if period else None,
        "as_of": asked.today.isoformat(),
        "department": asked.department,
        **rate_fields(rate),
        "clauses": clauses_of(more),
        "packs": list(asked.policy.packs),
        **more,
    }
    facts: list[tuple[Words, Words]] = []
    if period:
        facts.append((("期间", "period"), (period.label, period.label)))
    day = asked.today.isoformat()
    facts.append((("截至", "as of"), (day, day)))
    if asked.department:
        facts.append((("部门", "department"), department_words(asked.policy, asked.department)))
    packs = ", ".join(asked.policy.packs)
    facts.append((("制度", "regulations"), (packs, packs)))
    return Told(plain, Sheet(title, tuple(facts), tuple(sections), tuple(notes)))


def rate_fields(rate: Rate) -> dict[str, Any]:
    """A rate as it is told: never without its two numbers."""
    shown = f"{rate.numerator}/{rate.denominator}"
    if rate.percent is not None:
        shown += f" ({rate.percent}%)"
    return {
        "numerator": rate.numerator,
        "denominator": rate.denominator,
        "pending": rate.pending,
        "percent": rate.percent,
        "rate": shown,
    }


def summed(rates: Iterable[Rate]) -> Rate:
    """Rates of several departments or months as one."""
    known = list(rates)
    return Rate(
        sum(rate.numerator for rate in known),
        sum(rate.denominator for rate in known),
        sum(rate.pending for rate in known),
    )


def clauses_of(more: Mapping[str, Any]) -> list[str]:
    """Every clause that a row of the document cites, once."""
    rows = (row for rows in more.values() if isinstance(rows, list) for row in rows)
    cited = (clause for row in rows if isinstance(row, dict) for clause in row.get("clauses", ()))
    return list(dict.fromkeys(cited))


def department_fields(policy: Policy, department: str | None) -> dict[str, Any]:
    """A department's id with what it is called."""
    zh, en = department_words(policy, department or "")
    return {"department": department, "department_zh": zh, "department_en": en}


def department_words(policy: Policy, department: str) -> Words:
    """What a department is called."""
    row = policy.departments.get(department)
    return (row.zh, row.en) if row else (department, department)


def type_fields(policy: Policy, dossier_type: str) -> dict[str, str]:
    """A dossier type's id with what it is called."""
    row = policy.find_dossier_type(dossier_type)
    zh, en = (row.zh, row.en) if row else (dossier_type, dossier_type)
    return {"dossier_type": dossier_type, "type_zh": zh, "type_en": en}
