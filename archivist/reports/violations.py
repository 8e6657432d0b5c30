"""Violations of a period, with what the regulations make of them and what was confirmed.

The sheet says on its face that it is an assessment to be confirmed, never payroll.
"""

from typing import Any

from archivist.assessing import assessed, plain
from archivist.lapses import CONFIRMED, DISMISSED
from archivist.report_pages import Column, Section
from archivist.reports.parts import Asked, Told, department_fields, told
from policies.measures import Rate
from policies.wording import consequence_words

NOTE = (
    "金额按制度条文计算，供指定职务核定之用；本表不是工资表，不作扣款凭证。",
    "Amounts follow the text of the regulations and await confirmation by the role they name; "
    "this is no payroll and no ground for a deduction.",
)
_STATES = {"open": "待核定", "confirmed": "已核定", "dismissed": "已撤销"}
_ROWS = (
    Column("编号", "id", "violation"),
    Column("日期", "day", "on"),
    Column("违规", "violation", "title", "title_en"),
    Column("人员", "person", "person"),
    Column("部门", "department", "department_zh", "department_en"),
    Column("客户档案", "dossier", "dossier"),
    Column("次/项", "count", "count"),
    Column("当月第几次", "of the month", "nth"),
    Column("倍数", "times", "multiplier"),
    Column("评估金额（元，待核定，非扣款）", "assessed yuan (no deduction)", "amount_shown"),
    Column("其他处罚", "besides", "besides_zh", "besides_en"),
    Column("核定金额（元）", "confirmed yuan", "confirmed_shown"),
    Column("状态", "state", "state_zh", "state"),
    Column("条款", "clauses", "clauses"),
)
_SUMS = (
    Column("部门", "department", "department_zh", "department_en"),
    Column("人员", "person", "person"),
    Column("已核定 / 违规", "confirmed / violations", "rate"),
    Column("评估金额（元，待核定，非扣款）", "assessed yuan (no deduction)", "amount_shown"),
    Column("扣分", "points", "points_shown"),
    Column("核定金额（元）", "confirmed yuan", "confirmed_shown"),
)


def violations(asked: Asked) -> Told:
    """Every violation of the period; sums by person. What was dismissed is told and not summed."""
    rows = [
        _row(asked, plain(asked.policy, found))
        for found in assessed(asked.archive, asked.policy, asked.calendar, asked.today)
        if (asked.period is None or asked.period.holds(found.case.violation.on))
        and asked.department in (None, found.case.violation.department)
    ]
    standing = [row for row in rows if row["state"] != DISMISSED]
    rate = Rate(sum(row["state"] == CONFIRMED for row in standing), len(standing))
    sums = _sums(standing)
    sections = (
        Section(("", ""), _ROWS, rows),
        Section(("按人员合计", "by person"), _SUMS, sums),
    )
    title = ("违规与处罚评估表", "violations and penalties assessed")
    return told(asked, "violations", title, rate, sections, (NOTE,), rows=rows, sums=sums)


def _row(asked: Asked, row: dict[str, Any]) -> dict[str, Any]:
    decided, besides = row["decision"], consequence_words(row)
    return {
        **row,
        **department_fields(asked.policy, row["department"]),
        "state_zh": _STATES[row["state"]],
        "numerator": int(row["state"] == CONFIRMED),
        "denominator": int(row["state"] != DISMISSED),
        "amount_shown": _range(row["amount"], row["amount_to"]),
        "besides_zh": [zh for zh, _ in besides],
        "besides_en": [en for _, en in besides],
        "confirmed_amount": decided["amount"] if decided else None,
        "confirmed_shown": _range(decided["amount"], decided["amount"]) if decided else None,
    }


def _sums(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["department"] or "", row["person"] or ""), []).append(row)
    found = []
    for (department, person), own in sorted(groups.items()):
        confirmed = [row for row in own if row["state"] == CONFIRMED]
        least, most = (sum(row[name] for row in own) for name in ("amount", "amount_to"))
        found.append(
            {
                "department": department or None,
                "department_zh": own[0]["department_zh"],
                "department_en": own[0]["department_en"],
                "person": person or None,
                "numerator": len(confirmed),
                "denominator": len(own),
                "rate": f"{len(confirmed)}/{len(own)}",
                "amount": least,
                "amount_to": most,
                "amount_shown": _range(least, most),
                "points": (points := sum(row["points"] for row in own)),
                "points_shown": points or None,
                "confirmed_amount": (
                    decided := sum(row["confirmed_amount"] or 0 for row in confirmed)
                ),
                "confirmed_shown": _range(decided, decided),
                "clauses": list(dict.fromkeys(c for row in own for c in row["clauses"])),
            }
        )
    return found


def _range(least: int, most: int) -> str:
    """Yuan as they are told; what costs none says nothing of yuan."""
    if not most:
        return ""
    return str(least) if least == most else f"{least}-{most}"
