"""`archivist routines`: work that comes again by the calendar, and what of it is owed.

What leaves papers is done by filing them; what leaves none is said with `routines done`.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from archivist import routines, standing
from archivist.cli import labels
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.say import say, table
from archivist.cli.spoken import ENTRY, NOTHING, Group, option
from archivist.cli.words import iso_date

if TYPE_CHECKING:
    from policies.policy import Policy

_STATES = {
    "overdue": "逾期",
    "open": "该做了",
    "unset": "未定间隔",
    "later": "未到",
    "done": "已完成",
}


@click.group("routines", cls=Group, invoke_without_command=True,
             zh="例行工作：哪些到期、哪些已做（凭哪些资料）、哪些逾期。\n\n"
             "不留资料的工作，用 archivist routines done 登记。",
             never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@option("--due", is_flag=True, zh="只列该做的和逾期的。", help="Only what is open or overdue.")
@option("--department", metavar="D", zh="只列这个部门的（代码或名称）。",
        help="Only this department's, by id or name.")  # fmt: skip
@option("--on", metavar="DATE", zh="按这一天计算，如 2026-03-05。",
        help="As if it were this day, e.g. 2026-03-05.")  # fmt: skip
@common_options
@click.pass_context
def routines_command(ctx: click.Context, due: bool, department: str | None, on: str | None) -> None:
    """List periodic work: what is due, what was done by which papers, what is overdue.

    Work that leaves no papers is recorded with archivist routines done.
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Call), due, department, on)


def _list(call: Call, due: bool, department: str | None, on: str | None) -> None:
    day = date.fromisoformat(iso_date(on)) if on else now().astimezone()
    calendar = standing.company_calendar(call.settings.company)
    rows = routines.owed_now(call.archive, call.policy, calendar, day, department)
    if due:
        rows = [row for row in rows if row["state"] in ("overdue", "open")]
    heads = (say("编号", "routine"), say("工作", "work"), say("档案", "dossier"),
             say("周期", "how often"), say("状态", "state"), say("期限", "due"),
             say("完成", "done"), say("凭据", "shown by"), say("由谁", "by"),
             say("条款", "clause"))  # fmt: skip
    call.emit(
        rows,
        lambda: (
            table(heads, [_cells(call.policy, row) for row in rows], cut=(8, 1, 3))
            if rows
            else say("没有例行工作", "no periodic work")
        ),
    )


def _cells(policy: Policy, row: dict[str, Any]) -> tuple[Any, ...]:
    missed = say(f"（{row['missed']} 次）", f" ({row['missed']})") if row["missed"] > 1 else ""
    by = [labels.department_label(policy, name) for name in row["departments"]]
    by += [labels.role_label(policy, role) for role in row["roles"]]
    return (
        row["routine"],
        say(row["title"], row["title_en"]),
        row["dossier"],
        say(row["how_often"], row["how_often_en"]),
        say(_STATES[row["state"]], row["state"]) + missed,
        f"{row['due']} {row['due_at']}".strip() if row["due"] else None,
        row["done"],
        row["done_by"] or None,
        by or None,
        row["clause"],
    )


@routines_command.command("done", zh="登记例行工作 ID 已经做了。须有人登录。\n\n"
                          "留下资料的工作，归档其资料即可，不必登记。",
                          changes=ENTRY, never=("以前的登记", "what was recorded before"),
                          exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@option("--record", "records", multiple=True, metavar="R", zh="有关的资料；可多次使用。",
        help="Records that go with it; repeatable.")  # fmt: skip
@option("--dossier", metavar="D", zh="为哪份档案做的。", help="The dossier it was done for.")
@option("--on", metavar="DATE", zh="哪天做的；不写为今天。", help="On which day; else today.")
@common_options
@pass_call
def done(
    call: Call, identifier: str, records: tuple[str, ...], dossier: str | None,
    on: str | None,
) -> None:  # fmt: skip
    """Record that the routine ID was done. Somebody must be logged in.

    Work that leaves papers needs no word: filing them shows it.
    """
    who = call.somebody().name
    moment = now()
    day = date.fromisoformat(iso_date(on)) if on else moment.astimezone().date()
    call.archive.follow()
    said = routines.say_done(
        call.archive, call.policy, identifier, day, moment, who, dossier, records
    )
    call.emit(said, f"{identifier}  {day.isoformat()}")
