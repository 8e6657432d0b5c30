"""Papers about loans: the overdue notice (催还通知) and a borrower's statement (借阅对账单).

Owns what stands on these pages; how a page looks is `report_pages`, the registers that the
regulations name are `register_rows`. Nothing is changed, and nothing of a sealed record is told:
a paper is named by its id and what kind it is, never by its title.

    sheet, rows = notice(archive, policy, date(2026, 3, 20))
    as_pdf(sheet, chinese=True)
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from archivist.archive import Archive
from archivist.errors import BadRequest, NotKnown
from archivist.loan_book import listed, terms_of, the_loan
from archivist.report_pages import Column, Section, Sheet
from archivist.standing import local_moment
from policies.approvals import ACTION_WORDS
from policies.loan_life import OUT, STATE_WORDS
from policies.policy import Policy
from policies.rule_rows import LoanRule

_CONDITIONS = {
    "intact": ("完好", "intact"), "damaged": ("损坏", "damaged"),
    "incomplete": ("缺失", "incomplete"), "lost": ("遗失", "lost"),
}  # fmt: skip
_DUE = (
    Column("借阅编号", "loan", "loan"),
    Column("档案", "papers", "papers_zh", "papers_en"),
    Column("件数", "pieces", "pieces"),
    Column("页数", "pages", "pages"),
    Column("借出日期", "issued", "issued"),
    Column("应还日期", "due", "due"),
    Column("逾期天数", "days late", "late"),
)
_STATEMENT = (
    *_DUE[:6],
    Column("归还日期", "returned", "returned"),
    Column("状况", "condition", "condition_zh", "condition_en"),
    Column("逾期天数", "days late", "late"),
    Column("状态", "state", "state_zh", "state_en"),
)


def notice(
    archive: Archive, policy: Policy, today: date, loans: Sequence[str] = (),
    person: str | None = None,
) -> tuple[Sheet, list[dict[str, Any]]]:  # fmt: skip
    """What must come back, borrower by borrower: the loans named, else all that are overdue.

    Raises NotKnown, BadRequest for a loan that is not out or where nothing is overdue.
    """
    rows = listed(archive, today, person)
    if loans:
        for loan in loans:
            the_loan(archive, loan)
        rows = [row for row in rows if row["loan"] in loans]
        for row in rows:
            if row["state"] not in OUT:
                raise BadRequest(f"{row['loan']} 没有借出", f"{row['loan']} is not out")
    else:
        rows = [row for row in rows if row["overdue"]]
    if not rows:
        raise BadRequest("没有逾期的借阅", "nothing is overdue")
    told = [_told(archive, policy, row, today) for row in rows]
    sections = [
        Section((f"借阅人：{name}", f"borrower: {name}"), _DUE, own)
        for name, own in _by_person(told).items()
    ]
    day = today.isoformat()
    facts = [
        (("日期", "date"), (day, day)),
        (("份数", "loans"), (str(len(told)), str(len(told)))),
    ]
    notes = [_urging(rows), *_consequences(archive, policy, rows)]
    return Sheet(("催还通知", "overdue notice"), tuple(facts), tuple(sections), tuple(notes)), told


def _urging(rows: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """What the borrower is asked to do: at once, or by the day the papers are due."""
    late = all(row["overdue"] for row in rows)
    zh = "以上档案已过归还日期，请即归还" if late else "请于应还日期前归还以上档案"
    en = "These papers are overdue: return them at once" if late else "Return these papers in time"
    return (
        f"{zh}，双方当面点清；借阅不得转借，不得涂改、圈划、折叠。",
        f"{en}; both sides count them. They may not be lent on, altered, marked or folded.",
    )


def _consequences(
    archive: Archive, policy: Policy, rows: Sequence[dict[str, Any]]
) -> list[tuple[str, str]]:
    """By which clauses being late is a breach."""
    codes = {
        code
        for row in rows
        for code in terms_of(archive, policy, the_loan(archive, row["loan"])).overdue
    }
    clauses = dict.fromkeys(c.row.clause for c in policy.rows(LoanRule) if c.row.overdue in codes)
    if not clauses:
        return []
    said = "、".join(clauses)
    return [
        (
            f"逾期不还的，按制度计为违规（{said}）。",
            f"What is not returned in time is a breach of the regulations ({said}).",
        )
    ]


def statement(
    archive: Archive, policy: Policy, today: date, person: str
) -> tuple[Sheet, list[dict[str, Any]]]:
    """Everything that a person borrowed: what is out, what is back, late or damaged.

    Raises NotKnown for somebody who never had a key here and never borrowed.
    """
    rows = [row for row in listed(archive, today, person) if row["issued"]]
    known = archive.catalogue.person(person)
    if known is None and not rows:
        raise NotKnown(f"没有名为 {person} 的人员", f"there is no person {person}")
    told = [_told(archive, policy, row, today) for row in rows]
    out = [row for row in told if row["state"] in OUT]
    back = [row for row in told if row["state"] not in OUT]
    late = sum(row["overdue"] for row in told)
    facts = (
        (("借阅人", "borrower"), (person, person)),
        (("截至", "as of"), (today.isoformat(), today.isoformat())),
        (("借着", "on loan"), (f"{len(out)} 份", str(len(out)))),
        (("其中逾期", "overdue"), (f"{late} 份", str(late))),
    )
    sections = (
        Section(("尚未归还", "not returned"), _DUE, out),
        Section(("已归还或遗失", "returned or lost"), _STATEMENT, back),
    )
    return Sheet(("借阅对账单", "statement of loans"), facts, sections, ()), told


def _by_person(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(str(row["person"]), []).append(row)
    return found


def _told(archive: Archive, policy: Policy, row: dict[str, Any], today: date) -> dict[str, Any]:
    zh, en = papers_words(archive, policy, row)
    condition = _CONDITIONS.get(row["condition"] or "", ("", ""))
    return {
        **row,
        "papers_zh": f"{row['target']} {zh}",
        "papers_en": f"{row['target']} {en}",
        "pieces": len(row["records"]),
        "form_zh": ACTION_WORDS[row["form"]][0],
        "late": _days_late(row, today) or "",
        "condition_zh": condition[0],
        "condition_en": condition[1],
        "state_zh": STATE_WORDS[row["state"]][0],
        "state_en": STATE_WORDS[row["state"]][1],
        "requested_on": f"{local_moment(row['requested']):%Y-%m-%d}",
    }


def _days_late(row: dict[str, Any], today: date) -> int:
    if not row["due"]:
        return 0
    end = date.fromisoformat(row["returned"]) if row["returned"] else today
    return max(0, (min(end, today) - date.fromisoformat(row["due"])).days)


def papers_words(archive: Archive, policy: Policy, row: dict[str, Any]) -> tuple[str, str]:
    """What kind of papers a loan is about: a document type, or the type of the dossier."""
    if row["target"] == row["dossier"]:
        kind = policy.find_dossier_type(archive.the("dossier", row["dossier"])["type"])
        return (kind.zh, kind.en) if kind else ("", "")
    found = policy.find_type(archive.record_or_stone(row["target"])["type"])
    return (found.zh, found.en) if found else ("", "")
