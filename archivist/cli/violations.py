"""`archivist violation`: what went against the regulations, and what the named role decides.

Amounts are assessed and reported. Nothing here pays, deducts or keeps books.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click

from archivist import assessing, standing, violations
from archivist.cli import labels
from archivist.cli.door import Call, common_options, day_of, now, pass_call, today
from archivist.cli.say import facts, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, group, option
from archivist.errors import BadRequest
from policies import wording

CARD = (f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}")
WORDS = (
    "以前的条目；台账里从不写理由和姓名以外的文字",
    "earlier entries; the reason never stands in the ledger",
)
PAY = ("工资、奖金或任何账目", "pay or any books")
_STATES = {"open": "待核定", "confirmed": "已核定", "dismissed": "已撤销"}
_SOURCES = {"computed": "系统核出", "attested": "核对时发现", "recorded": "人工登记"}
_STEPS = {**_STATES, "open": "登记", "ordered": "责令改正", "corrected": "已改正"}
NOT_PAY = (
    "处罚金额按制度条文计算，仅供核定，不是工资扣款。",
    "Amounts follow the text of the regulations and await confirmation; they are not payroll.",
)


@group("violation", zh="违规：登记、责令改正、核定、撤销、列出。\n\n"
       "金额只计算和报告，由制度指定的职务核定，不作工资扣款。")  # fmt: skip
def violation_command() -> None:
    """Violations: record, order corrected, confirm, dismiss, list.

    Amounts are only computed and reported; the role that the regulation names confirms them.
    """


_ON = option("--on", metavar="DATE", zh="日期，如 2026-03-05；不写为今天。",
             help="The day, e.g. 2026-03-05; today if not said.")  # fmt: skip
_REASON = option("--reason", required=True, metavar="TEXT", zh="理由；加密保存，不进台账。",
                 help="Why; sealed, never in the ledger.")  # fmt: skip


@violation_command.command("record", zh="登记一次违规 CODE，输出其编号。\n\n"
                           "代码由制度包的处罚规定，也可写其中文叫法；写错时列出可用的。",
                           changes=CARD, never=WORDS, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("code")
@option("--person", metavar="NAME", zh="谁（人员名）。", help="Who, by the person's name here.")
@option("--role", metavar="ROLE", zh="以什么职务。", help="In which role.")
@option("--dossier", metavar="D", zh="涉及哪份客户档案。", help="Which dossier it concerns.")
@option("--record", "record_", metavar="R", zh="涉及哪件档案。", help="Which record it concerns.")
@option("--item", metavar="ITEM", zh="涉及清单的哪一项。", help="Which item of the checklist.")
@option("--count", default=1, metavar="N", zh="几项、几件或几次。",
        help="How many items, pieces or times.")  # fmt: skip
@_ON
@_REASON
@common_options
@pass_call
def record(
    call: Call, code: str, person: str | None, role: str | None, dossier: str | None,
    record_: str | None, item: str | None, count: int, on: str | None, reason: str,
) -> None:  # fmt: skip
    """Record a violation CODE and print its id.

    The codes are those of the adopted packs' penalties; a wrong one lists them.
    """
    day = day_of(on)
    if day > date.fromisoformat(today()):
        raise BadRequest("违规日期在今天之后", "a violation cannot lie in the future")
    code = violations.code_called(call.policy, code)
    report = violations.Report(code, day, person, role, dossier, record_, item, count)
    made = violations.record(call.archive, call.policy, report, reason, now(), call.somebody().name)
    call.emit({"violation": made, "code": code}, made)


@violation_command.command("order", zh="责令改正违规 ID：此后每过一个工作日未改正，视同再次违规。",
                           changes=ENTRY, never=PAY, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@_ON
@common_options
@pass_call
def order(call: Call, identifier: str, on: str | None) -> None:
    """Order that ID be corrected: each working day without it counts as the same again."""
    day = day_of(on)
    violations.order(*_asked(call), identifier, day, now(), call.somebody().name)
    call.emit({"violation": identifier, "ordered": day.isoformat()}, identifier)


@violation_command.command("corrected", zh="记下违规 ID 已于某日改正。",
                           changes=ENTRY, never=PAY, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@_ON
@common_options
@pass_call
def corrected(call: Call, identifier: str, on: str | None) -> None:
    """Note that ID was corrected on a day."""
    day = day_of(on)
    violations.corrected(*_asked(call), identifier, day, now(), call.somebody().name)
    call.emit({"violation": identifier, "corrected": day.isoformat()}, identifier)


@violation_command.command("confirm", zh="核定违规 ID 的处罚：只有制度指定的职务可以。\n\n"
                           "不得核定自己的。核定由本人的密钥签名。",
                           changes=ENTRY, never=PAY, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@option("--amount", type=int, metavar="YUAN", zh="金额（元）；制度规定幅度时须写。",
        help="Yuan, where the regulation gives a range.")  # fmt: skip
@_ON
@common_options
@pass_call
def confirm(call: Call, identifier: str, amount: int | None, on: str | None) -> None:
    """Confirm the penalty of ID: only a role that the regulation names, and never one's own.

    The confirmation is signed with the person's own key.
    """
    person = call.somebody().unlocked()
    decision = violations.confirm(*_asked(call), identifier, day_of(on), amount, now(), person)
    found = violations.the_case(*_asked(call), identifier, day_of(on))
    zh, en = wording.penalty_words(assessing.plain(call.policy, found))
    told = say(f"{identifier} 已核定：{zh}", f"{identifier} confirmed: {en}")
    call.emit({"violation": identifier, "state": "confirmed", "decision": decision}, told)
    note(say(*NOT_PAY))


@violation_command.command("dismiss", zh="撤销违规 ID：只有制度指定的职务可以。\n\n"
                           "制度对有正当理由者予以宽限的，也以此认可其理由，不再算迟交。",
                           changes=CARD, never=PAY, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@_REASON
@_ON
@common_options
@pass_call
def dismiss(call: Call, identifier: str, reason: str, on: str | None) -> None:
    """Dismiss ID: only a role that the regulation names.

    Where the regulation grants more time to those with a reason, this is how it is accepted.
    """
    who = call.somebody().name
    violations.dismiss(*_asked(call), identifier, day_of(on), reason, now(), who)
    call.emit({"violation": identifier, "state": "dismissed"}, identifier)


@violation_command.command("list", zh="列出违规和按制度计算的处罚，按日期。",
                           never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@option(
    "--month", metavar="M", zh="只列这个月的，如 2026-03。", help="Only this month, e.g. 2026-03."
)
@option("--person", metavar="P", zh="只列此人的。", help="Only this person's.")
@_ON
@common_options
@pass_call
def list_(call: Call, month: str | None, person: str | None, on: str | None) -> None:
    """List violations and what the regulations make of them, by day."""
    wanted = _month(month) if month else None
    call.archive.follow()
    rows = [
        {
            **(row := assessing.plain(call.policy, found)),
            "customer_name": standing.customer_name(call.archive.catalogue, row["customer"]),
        }
        for found in assessing.assessed(*_asked(call), day_of(on))
        if wanted is None or found.case.violation.on.isoformat().startswith(wanted)
    ]
    if person is not None:
        rows = [row for row in rows if row["person"] == person]
    heads = (say("编号", "id"), say("日期", "day"), say("违规", "violation"), say("谁", "who"),
             say("客户", "customer"), say("处罚", "penalty"), say("状态", "state"),
             say("条款", "clauses"))  # fmt: skip
    call.emit(
        rows,
        lambda: (
            table(heads, [_line(call, row) for row in rows], cut=(2, 7, 5, 4))
            if rows
            else say("没有违规", "no violations")
        ),
    )
    if rows and not call.json:
        note(say(*NOT_PAY))


@violation_command.command("show", zh="查看违规 ID：怎样计算、由谁核定、经过。",
                           never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@_ON
@common_options
@pass_call
def show(call: Call, identifier: str, on: str | None) -> None:
    """Show ID: how it was reckoned, who confirms it, what happened to it."""
    found = violations.the_case(*_asked(call), identifier, day_of(on))
    row = assessing.plain(call.policy, found)
    row["customer_name"] = standing.customer_name(call.archive.catalogue, row["customer"])
    row["history"] = violations.reasons(call.archive, identifier)

    def shown() -> str:
        head = facts(
            (
                (say("编号", "id"), row["violation"]),
                (say("违规", "violation"), say(row["title"], row["title_en"])),
                (say("来源", "source"), say(_SOURCES[row["source"]], row["source"])),
                (say("日期", "day"), row["on"]),
                (say("谁", "who"), _who(call, row)),
                (say("客户", "customer"), labels.with_name(row["customer"], row["customer_name"])),
                (say("客户档案", "dossier"), row["dossier"]),
                (say("档案", "record"), row["record"]),
                (say("当月第几次", "of the month"), row["nth"] or None),
                (say("倍数", "multiplied by"), row["multiplier"]),
                (say("处罚", "penalty"), say(*wording.penalty_words(row))),
                (say("责令改正", "ordered"), row["ordered"]),
                (say("改正", "corrected"), row["corrected"]),
                (
                    say("核定职务", "confirmed by"),
                    [labels.role_label(call.policy, role) for role in row["may_confirm"]],
                ),
                (say("状态", "state"), say(_STATES[row["state"]], row["state"])),
                (say("条款", "clauses"), row["clauses"]),
                (say("制度", "regulations"), row["packs"]),
                (say("待定", "undecided"), [say(q["zh"], q["en"]) for q in row["open"]]),
            )
        )
        heads = (say("时间", "time"), say("人员", "person"), say("经过", "step"),
                 say("理由", "reason"))  # fmt: skip
        steps = [
            (labels.local_time(s["time"]), s["who"], say(_STEPS[s["step"]], s["step"]), s["reason"])
            for s in row["history"]
        ]
        return f"{head}\n\n{table(heads, steps, cut=(3,))}" if steps else head

    call.emit(row, shown)
    if not call.json:
        note(say(*NOT_PAY))


def _asked(call: Call) -> tuple[Any, Any, Any]:
    """What every question about violations needs: archive, policy, calendar."""
    return call.archive, call.policy, standing.company_calendar(call.settings.company)


def _month(given: str) -> str:
    try:
        return datetime.strptime(given, "%Y-%m").strftime("%Y-%m")
    except ValueError:
        raise BadRequest(
            f"“{given}” 不是月份", f"{given!r} is not a month", "例如 2026-03", "e.g. 2026-03"
        ) from None


def _line(call: Call, row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["violation"], row["on"], say(row["title"], row["title_en"]), _who(call, row),
        labels.with_name(row["customer"], row["customer_name"]),
        say(*wording.penalty_words(row)), say(_STATES[row["state"]], row["state"]), row["clauses"],
    )  # fmt: skip


def _who(call: Call, row: dict[str, Any]) -> str:
    home = row["department"]
    return row["person"] or (
        labels.department_label(call.policy, home)
        if home
        else labels.role_label(call.policy, row["role"] or "")
    )
