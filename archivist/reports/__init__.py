"""Reports: rates, violations, loans, complaints and the inventory, for a month or a year.

Each kind is a page of its own in this folder and gives a `Told`: the plain document that
`--json` prints, and the `Sheet` that becomes CSV, PDF or HTML. Both are made of the same rows.

Rules it keeps: a rate is told with both its numbers. Every figure names the clauses it follows
from, and the document the pack versions in force. What is asked as of another day is answered
as of that day; papers filed later are not there yet.

    told = build(Asked(archive, policy, calendar, today, period), "timeliness")
"""

from collections.abc import Callable

from archivist.reports.complaints import complaints
from archivist.reports.inventory import inventory
from archivist.reports.loans import loans
from archivist.reports.parts import Asked, Period, Told, month_of, year_of
from archivist.reports.rates import completeness, timeliness
from archivist.reports.violations import violations

__all__ = ["KINDS", "Asked", "Period", "Told", "build", "month_of", "year_of"]

KINDS: dict[str, Callable[[Asked], Told]] = {
    "completeness": completeness,
    "timeliness": timeliness,
    "violations": violations,
    "loans": loans,
    "complaints": complaints,
    "inventory": inventory,
}


def build(asked: Asked, kind: str) -> Told:
    """The report of a kind. The catalogue catches up first."""
    asked.archive.follow()
    return KINDS[kind](asked)
