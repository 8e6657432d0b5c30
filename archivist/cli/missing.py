"""`archivist missing`: what the checklists still lack, with due dates.

Working days follow the Chinese calendar with its make-up days. Without --on the clock counts
too: what was due by six o'clock is overdue at half past.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from archivist import missing, standing
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.labels import department_label, dossier_type_label, with_name
from archivist.cli.say import note, say, table
from archivist.cli.spoken import NOTHING, command, option
from archivist.cli.words import iso_date
from policies import wording

if TYPE_CHECKING:
    from policies.policy import Policy


@command("missing", zh="列出客户档案还缺的资料，最急的在前。\n\n"
         "按工作日计算，法定节假日和调休上班日都算在内。",
         never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@option("--customer", metavar="C", zh="只列这位客户的。", help="Only this customer's.")
@option("--dossier", metavar="D", zh="只列这份档案的。", help="Only this dossier's.")
@option("--department", metavar="X", zh="只列这个部门的（代码或名称）。",
        help="Only this department's, by id or name.")  # fmt: skip
@option("--overdue", is_flag=True, zh="只列逾期的。", help="Only what is overdue.")
@option("--on", metavar="DATE", zh="按这一天计算，如 2026-03-05。",
        help="As if it were this day, e.g. 2026-03-05.")  # fmt: skip
@common_options
@pass_call
def missing_command(
    call: Call, customer: str | None, dossier: str | None, department: str | None,
    overdue: bool, on: str | None,
) -> None:  # fmt: skip
    """List the items that dossiers still lack, most urgent first.

    Counts working days, with Chinese holidays and make-up days.
    """
    rows = missing.missing_items(
        call.archive,
        call.policy,
        standing.company_calendar(call.settings.company),
        date.fromisoformat(iso_date(on)) if on else now().astimezone(),
        customer,
        dossier,
        department,
        overdue,
    )
    # The make-up days of a year are published in the November before.
    if any(not row["certain"] for row in rows) and not call.json:
        note(say("有的年份调休安排尚未公布，其中的应交日期为推算。",
                 "some due dates are a forecast: the make-up days of their year "
                 "are not published yet"))  # fmt: skip
    heads = (say("客户", "customer"), say("客户档案", "dossier"), say("种类", "type"),
             say("资料", "paper"), say("缺什么", "lacks"), say("应交日期", "due"),
             say("逾期", "overdue"), say("部门", "department"), say("条款", "clause"))  # fmt: skip
    call.emit(
        rows,
        lambda: (
            table(heads, [_line(call.policy, row) for row in rows], cut=(7, 3, 4, 2, 0))
            if rows
            else say("没有缺件", "nothing is missing")
        ),
    )


def _line(policy: Policy, row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        with_name(row["customer"], row["customer_name"]), row["dossier"],
        dossier_type_label(policy, row["dossier_type"]),
        say(row["title"], row["title_en"]), _lacks(policy, row), _due(policy, row), row["overdue"],
        department_label(policy, row["department"]), _clauses(row),
    )  # fmt: skip


def _lacks(policy: Policy, row: dict[str, Any]) -> str:
    return say(*wording.lack_words(policy, row["lack"], row["detail"]))


def _clauses(row: dict[str, Any]) -> str:
    """Where the paper is asked for, and where it is said by when."""
    named = [part for name in ("clause", "due_clause") for part in (row[name] or "").split(", ")]
    return ", ".join(dict.fromkeys(filter(None, named)))


def _due(policy: Policy, row: dict[str, Any]) -> str | None:
    """The day; else the event that nobody recorded, without which nothing ever falls due."""
    if row["due"]:
        due = f"{row['due']} {row['due_at']}".strip()
        grace = row["grace"]
        return due + say(f"（可宽限至 {grace}）", f" (grace till {grace})") if grace else due
    if not row["waits_for"]:
        return None
    kind = policy.dossier_type(row["dossier_type"])
    words = {event.id: (event.zh, event.en) for event in kind.events}
    told = [words.get(name, (name, name)) for name in row["waits_for"]]
    return say(f"待“{'、'.join(zh for zh, _ in told)}”",
               f"waits for {', '.join(en for _, en in told)}")  # fmt: skip
