"""`archivist dossier`: what is filed together, and what happened to it.

Whatever writes makes a sealed card and one ledger entry; earlier cards are kept. A dossier of
any kind (a car, a tenant, a complaint, a meeting) goes the same way from `open` to `close`.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from archivist import dossiers, standing
from archivist.cli import restricting
from archivist.cli.attest import said, seen_words
from archivist.cli.door import DONE, FINDINGS, Call, common_options, day_of, now, pass_call
from archivist.cli.holds import held_words
from archivist.cli.labels import (
    department_label,
    dossier_type_label,
    grade_label,
    local_time,
    named,
    type_label,
)
from archivist.cli.numbers import UNMASKS, discreet, purpose_option
from archivist.cli.say import facts, note, say, table
from archivist.cli.spoken import ENTRY, group, option
from archivist.cli.words import iso_date, pairs
from archivist.errors import BadRequest
from policies import pack_rows, wording

if TYPE_CHECKING:
    from policies.policy import Policy

CARD = (f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}")
EARLIER = (
    "以前的卡片；台账里从不写键和事件",
    "earlier cards; the ledger holds no key and no event",
)


_KINDS = {"vehicle": "一车一档", "customer": "客户", "tenant": "租户", "guest": "宾客",
          "case": "事项", "year": "年度"}  # fmt: skip


@group("dossier", zh="客户档案：建立、记事件、改键、结案、列出、查看。")
def dossier_command() -> None:
    """Dossiers: open, record events and keys, close, list, show."""


@dossier_command.command("open", zh="为客户 CUSTOMER 建立一份 TYPE 类档案，输出其编号。\n\n"
                         "种类、键和事件由所采用的制度包规定，见 archivist pack show 制度包。",
                         changes=CARD, never=EARLIER, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("customer")
@click.argument("type_", metavar="TYPE")
@option("--key", "keys", multiple=True, metavar="K=V",
        zh="认档案的键，如 vin=LVGBE40K9SG105862；可多次使用。",
        help="What it is known by, e.g. vin=LVGBE40K9SG105862; repeatable.")  # fmt: skip
@option("--event", "events", multiple=True, metavar="NAME=DATE",
        zh="已发生的事件，如 sale=2026-03-05；可多次使用。",
        help="What has happened, e.g. sale=2026-03-05; repeatable.")  # fmt: skip
@common_options
@pass_call
def open_(
    call: Call, customer: str, type_: str, keys: tuple[str, ...], events: tuple[str, ...]
) -> None:
    """Open a dossier of type TYPE for CUSTOMER and print its id.

    Types, keys and events are those of the adopted packs: archivist pack show PACK.
    """
    policy = call.policy
    for zh, en in dossiers.doubts(call.archive, policy, type_, pairs(keys)):
        note(say(f"注意：{zh}", f"note: {en}"))
    identifier = dossiers.open_dossier(
        call.archive,
        policy,
        customer,
        type_,
        pairs(keys),
        {name: iso_date(day) for name, day in pairs(events).items()},
        now(),
        call.who,
    )
    call.emit({"dossier": identifier, "customer": customer}, identifier)


@dossier_command.command("event",
                         zh="记下档案 ID 在某日发生的事，如 sale=2026-03-05；以最新的日期为准。",
                         changes=CARD, never=EARLIER, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@click.argument("events", nargs=-1, required=True, metavar="NAME=DATE…")
@common_options
@pass_call
def event(call: Call, identifier: str, events: tuple[str, ...]) -> None:
    """Record what happened to the dossier ID on a day, such as sale=2026-03-05.

    The newest date counts.
    """
    dates = {name: iso_date(day) for name, day in pairs(events).items()}
    known = dossiers.record_event(call.archive, call.policy, identifier, dates, now(), call.who)
    call.emit({"dossier": identifier, "events": known}, identifier)


@dossier_command.command("key", zh="补写或更正档案 ID 的键，如 plate=沪A12345；写 名称= 则删去。",
                         changes=CARD, never=EARLIER, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@click.argument("keys", nargs=-1, required=True, metavar="K=V…")
@common_options
@pass_call
def key(call: Call, identifier: str, keys: tuple[str, ...]) -> None:
    """Write or correct keys of the dossier ID that became known later; K= removes one."""
    given = pairs(keys)
    dossiers.set_keys(call.archive, call.policy, identifier, given, now(), call.who)
    call.emit({"dossier": identifier, "keys": given}, identifier)


@dossier_command.command("close", zh="档案 ID 结案。\n\n"
                         "应有的资料齐全才能结案；还缺资料时列出所缺，不结案，退出码为 3。",
                         changes=CARD, never=("资料；以前的卡片", "records; earlier cards"),
                         exits=(0, 2, 3, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@option("--on", metavar="DATE", zh="结案日期，如 2026-03-05；不写为今天。",
        help="The day it was closed; today if not said.")  # fmt: skip
@option("--incomplete", is_flag=True, zh="虽缺资料，仍然结案；须写理由。",
        help="Close it though papers are missing; needs --reason.")  # fmt: skip
@option("--reason", metavar="TEXT", zh="缺资料仍结案的理由；加密保存，不进台账。",
        help="Why it is closed incomplete; sealed, never in the ledger.")  # fmt: skip
@common_options
@pass_call
def close(call: Call, identifier: str, on: str | None, incomplete: bool, reason: str | None) -> int:
    """Close the dossier ID; while something is lacking it stays open, and that is listed."""
    if incomplete != bool(reason and reason.strip()):
        raise BadRequest(
            "--incomplete 和 --reason 须同时写", "--incomplete and --reason go together"
        )
    day = day_of(on)
    calendar = standing.company_calendar(call.settings.company)
    policy = call.policy
    lacks = dossiers.close(call.archive, policy, calendar, identifier, day, reason, now(), call.who)
    open_still = bool(lacks) and not incomplete
    told = [standing.lack_row(lack) for lack in lacks]
    closed = None if open_still else day.isoformat()
    call.emit(
        {"dossier": identifier, "closed": closed, "lacking": told},
        lambda: _lacking(policy, told) if open_still else identifier,
    )
    if open_still:
        note(
            say(
                f"{identifier} 还缺上列资料，没有结案；确需结案，加 --incomplete --reason 理由",
                f"{identifier} still lacks these and stays open; "
                "to close it all the same: --incomplete --reason TEXT",
            )
        )
    return FINDINGS if open_still else DONE


@dossier_command.command("reopen", zh="撤销档案 ID 的结案；所缺资料重新计入缺件。",
                         changes=CARD, never=EARLIER, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@option("--reason", required=True, metavar="TEXT", zh="理由；加密保存，不进台账。",
        help="Why; sealed, never in the ledger.")  # fmt: skip
@common_options
@pass_call
def reopen(call: Call, identifier: str, reason: str) -> None:
    """Open the closed dossier ID again; what it lacks is missed again."""
    dossiers.reopen(call.archive, identifier, reason, now(), call.who)
    call.emit({"dossier": identifier, "closed": None}, identifier)


@dossier_command.command("list", zh="列出所有客户档案；个人号码不完整显示。", changes=UNMASKS,
                         never=EARLIER, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@option("--customer", metavar="C", zh="只列这位客户的。", help="Only those of this customer.")
@purpose_option
@common_options
@pass_call
def list_(call: Call, customer: str | None, purpose: str | None) -> None:
    """List all dossiers; personal numbers are masked."""
    rows = dossiers.listed(call.archive, call.policy, customer, _asker(call))
    rows = discreet(call, rows, purpose, shown=[row["dossier"] for row in rows])
    heads = (say("编号", "id"), say("客户", "customer"), say("种类", "type"), say("键", "keys"),
             say("事件", "events"), say("件数", "records"), say("密级", "grade"),
             say("结案", "closed"))  # fmt: skip
    call.emit(
        rows,
        lambda: (
            table(
                heads,
                [
                    (
                        r["dossier"],
                        r["customer"],
                        dossier_type_label(call.policy, r["type"]),
                        named(call.policy, r["type"], r["keys"]),
                        named(call.policy, r["type"], r["events"]),
                        r["records"],
                        grade_label(call.policy, r["grade"]) if r["grade"] else None,
                        r["closed"],
                    )
                    for r in rows
                ],
                cut=(4, 3),
            )
            if rows
            else say("还没有客户档案", "no dossiers yet")
        ),
    )


@dossier_command.command("show", zh="查看档案 ID 和其中的资料；个人号码不完整显示。",
                         changes=UNMASKS, never=EARLIER, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@option("--on", metavar="DATE", zh="按这一天计算逾期，如 2026-03-05。",
        help="What is overdue as if it were this day.")  # fmt: skip
@purpose_option
@common_options
@pass_call
def show(call: Call, identifier: str, on: str | None, purpose: str | None) -> None:
    """Show the dossier ID, what lies in it, what is overdue, and who is asked next.

    Personal numbers are masked.
    """
    policy = call.policy
    calendar = standing.company_calendar(call.settings.company)
    as_of = date.fromisoformat(iso_date(on)) if on else now().astimezone()
    row = dossiers.shown(call.archive, policy, calendar, identifier, as_of, _asker(call))
    for record in row["records"]:
        record["attested"] = said(call, record["record"])
    subject = {"customer": row["customer"], "dossier": row["dossier"]}
    row = discreet(call, row, purpose, subject)
    call.emit(row, lambda: _shown(policy, row))


def _asker(call: Call) -> str | None:
    """Whoever asks, as far as somebody does; what nobody may know raises no grade."""
    return call.session.name if call.session else None


def _shown(policy: Policy, row: dict[str, Any]) -> str:
    head = facts(
        (
            (say("编号", "id"), row["dossier"]),
            (say("客户", "customer"), row["customer"]),
            (say("种类", "type"), dossier_type_label(policy, row["type"])),
            (say("立档单位", "kind"), say(_KINDS.get(row["kind"], ""), row["kind"] or "")),
            (say("系列", "series"), _series(policy, row["series"])),
            (say("密级", "grade"), grade_label(policy, row["grade"]) if row["grade"] else None),
            (say("责任部门", "department"), department_label(policy, row["department"] or "")),
            (say("键", "keys"), named(policy, row["type"], row["keys"])),
            (say("事件", "events"), named(policy, row["type"], row["events"])),
            (say("冻结", "held"), held_words(row["held"])),
            (say("限制处理", "restricted"), restricting.restricted_words(row["restricted"])),
            (say("结案", "closed"), row["closed"]),
            (say("缺资料结案的理由", "closed incomplete"), row["flags"].get(dossiers.INCOMPLETE)),
            (say("重新打开的理由", "opened again"), row["flags"].get(dossiers.REOPENED)),
            *((say("逐级请示", "asked next"), _chain(one)) for one in row["escalation"]),
            *((say("待公司决定", "undecided"), _question(one)) for one in row["questions"]),
        )
    )
    parts = [head]
    if row["overdue"]:
        parts += [say("逾期", "Overdue"), _lacking(policy, row["overdue"])]
    if row["records"]:
        parts.append(_records(policy, row["records"]))
    return "\n\n".join(parts)


def _series(policy: Policy, series: str | None) -> str | None:
    for cited in policy.rows(pack_rows.Series):
        if cited.row.id == series:
            return say(cited.row.zh, cited.row.en)
    return series


def _chain(escalation: dict[str, Any]) -> str:
    """`部门负责人（li）→ 总经理`, with the clause."""
    steps = [
        say(step["zh"], step["en"]) + (f" ({', '.join(step['people'])})" if step["people"] else "")
        for step in escalation["steps"]
    ]
    return f"{' → '.join(steps)}  {escalation['clause']}"


def _question(question: dict[str, Any]) -> str:
    return f"{question['setting']}: {say(question['zh'], question['en'])}"


def _lacking(policy: Policy, lacks: list[dict[str, Any]]) -> str:
    heads = (say("资料", "paper"), say("缺什么", "lacks"), say("应交日期", "due"),
             say("逾期", "overdue"), say("条款", "clause"))  # fmt: skip
    lines = [
        (
            say(lack["title"], lack["title_en"]),
            say(*wording.lack_words(policy, lack["lack"], lack["detail"])),
            f"{lack['due']} {lack['due_at']}".strip() if lack["due"] else None,
            lack["overdue"],
            lack["due_clause"] or lack["clause"],
        )
        for lack in lacks
    ]
    return table(heads, lines, cut=(0, 1))


def _records(policy: Policy, records: list[dict[str, Any]]) -> str:
    # A column for holds only where there are any: most dossiers have none.
    held = any(r["held"] for r in records)
    heads = [say("档案", "record"), say("资料", "document"), say("密级", "grade"),
             say("页数", "pages"), say("归档时间", "filed"), say("核对", "attested"),
             *([say("冻结", "held")] if held else [])]  # fmt: skip
    lines: list[list[Any]] = [
        [
            r["record"],
            type_label(policy, r["type"]),
            grade_label(policy, r["grade"]),
            r["pages"],
            local_time(r["filed"]),
            seen_words(policy, r["attested"]) or None,
            *([", ".join(r["held"]) or None] if held else []),
        ]
        for r in records
    ]
    return table(heads, lines, cut=(5, 1))
