"""Loans of a period: who had what, until when, what is out and what was late.

The rate is what came back in time of what had to come back by now.
"""

from datetime import date
from typing import Any

from archivist.loan_book import listed
from archivist.report_pages import Column, Section
from archivist.reports.parts import Asked, Told, department_fields, told
from archivist.standing import local_moment
from policies.approvals import ACTION_WORDS
from policies.loan_life import OUT, STATE_WORDS
from policies.measures import Rate

_ROWS = (
    Column("编号", "loan", "loan"),
    Column("档案", "target", "target"),
    Column("借阅人", "person", "person"),
    Column("部门", "department", "department_zh", "department_en"),
    Column("形式", "form", "form_zh", "form"),
    Column("申请日期", "requested", "requested_on"),
    Column("借出日期", "issued", "issued"),
    Column("应还日期", "due", "due"),
    Column("归还日期", "returned", "returned"),
    Column("状态", "state", "state_zh", "state"),
    Column("逾期", "overdue", "late_zh", "late_en"),
    Column("条款", "clauses", "clauses"),
)


def loans(asked: Asked) -> Told:
    """Every loan asked for in the period, with the state in which it is on the day asked."""
    rows = [
        row
        for loan in listed(asked.archive, asked.today)
        if (row := _row(asked, loan))
        and (asked.period is None or asked.period.holds(date.fromisoformat(row["requested_on"])))
        and asked.department in (None, row["department"])
    ]
    had = [row for row in rows if row["numerator"] or row["denominator"]]
    pending = sum(row["state"] in OUT and not row["overdue"] for row in rows)
    rate = Rate(sum(row["numerator"] for row in had), len(had), pending)
    title = ("借阅报表", "loans")
    return told(asked, "loans", title, rate, (Section(("", ""), _ROWS, rows),), rows=rows)


def _row(asked: Asked, loan: dict[str, Any]) -> dict[str, Any]:
    person = None if loan["external"] else asked.archive.catalogue.person(loan["person"])
    late = _late(loan, asked.today)
    settled = loan["returned"] is not None and loan["returned"] <= asked.today.isoformat()
    return {
        **loan,
        **department_fields(asked.policy, person["department"] if person else None),
        "requested_on": f"{local_moment(loan['requested']):%Y-%m-%d}",
        "form_zh": ACTION_WORDS[loan["form"]][0],
        "state_zh": STATE_WORDS[loan["state"]][0],
        "days_late": late,
        "late_zh": f"{late} 天" if late else "",
        "late_en": f"{late} days" if late else "",
        "numerator": int(settled and not late and loan["state"] != "lost"),
        "denominator": int(settled or loan["overdue"]),
    }


def _late(loan: dict[str, Any], today: date) -> int:
    if not loan["due"]:
        return 0
    end = date.fromisoformat(loan["returned"]) if loan["returned"] else today
    return max(0, (min(end, today) - date.fromisoformat(loan["due"])).days)
