"""What is known of a loan, under the headings of registers, loan cards and applications.

Owns the words; which register a loan stands in is `register_rows`. A paper is named by its id and
its kind, never by its title: a register lies open on the desk.

    loan_words(archive, policy, "L000001").about("借阅人").lines
"""

from archivist.archive import Archive
from archivist.form_words import Known, type_words
from archivist.loan_book import TEMPORARY, card_of, due_of, reader_of, records_of, the_loan
from archivist.standing import local_moment
from index.catalogue import Row
from policies.approvals import ACTION_WORDS
from policies.policy import Policy

_CONDITIONS = {"intact": "完好", "damaged": "损坏", "incomplete": "缺失", "lost": "遗失"}


def loan_words(archive: Archive, policy: Policy, loan: str, known: Known | None = None) -> Known:
    """Everything that a form may ask of a loan, behind what is `known` of it already.

    Raises NotKnown.
    """
    row = the_loan(archive, loan)
    card, name = card_of(archive, row), reader_of(archive, row)
    known = known or Known()
    known.say(("借阅编号", "编号"), row["id"])
    known.say(
        ("档案名称", "资料名称", "文件资料名称", "所需客户资料"), _papers(archive, policy, row)
    )
    known.say(("密级",), _grades(archive, policy, row))
    known.say(("借阅人", "申请人", "查阅人", "承办人员"), name)
    known.say(("借阅部门", "工作单位"), card.get("unit") or _department(archive, policy, row))
    known.say(("借阅用途", "查阅理由", "业务需要", "用途"), card.get("purpose"))
    known.say(("借阅形式",), ACTION_WORDS[row["form"]][0])
    known.say(("借阅时间", "借阅日期", "查阅时间", "借用时间"), _given(row))
    due, back = due_of(archive, row), row["returned"]
    shown_due = due.isoformat() if due and row["issued"] else row["until"]
    # The register of temporary loans has one column for both: what is back is told as it was.
    known.say(("归还时间", "归还日期"), back if row["purpose"] == TEMPORARY else shown_due)
    known.say(("实际归还时间",), _back(row))
    known.say(("批准人",), "、".join(one["person"] for one in row["approvals"]))
    known.say(("经手人", "档案管理员"), row["issued_by"])
    known.say(("件数", "份数"), len(row["lent"]))
    known.say(("页数",), sum(row["lent"].values()))
    return known


def _papers(archive: Archive, policy: Policy, row: Row) -> str:
    if row["record"]:
        record = archive.record_or_stone(row["record"])
        return f"{row['record']} {type_words(policy, record['type'])}"
    dossier = archive.the("dossier", row["dossier"])
    kind = policy.find_dossier_type(dossier["type"])
    return f"{row['dossier']} {kind.zh if kind else ''}（{len(row['lent'])} 件）"


def _grades(archive: Archive, policy: Policy, row: Row) -> str:
    codes = {record["grade"] for record in records_of(archive, row)}
    known = sorted((policy.grades[c] for c in codes & set(policy.grades)), key=lambda g: -g.rank)
    return "、".join(grade.zh for grade in known)


def _department(archive: Archive, policy: Policy, row: Row) -> str:
    person = archive.catalogue.person(row["person"]) if row["person"] else None
    home = person["department"] if person else None
    found = policy.departments.get(home or "")
    return found.zh if found else home or ""


def _given(row: Row) -> str:
    """The day the papers went out; what is only looked at was given when it was granted."""
    return row["issued"] or f"{local_moment(row['requested']):%Y-%m-%d}"


def _back(row: Row) -> str:
    if not row["returned"]:
        return ""
    return f"{row['returned']} {_CONDITIONS[row['condition']]}"
