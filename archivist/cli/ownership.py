"""`archivist customer claim`, `assign`, `contact` …: whose customer it is, and who served him.

The commands below `customer` that write no card of his: claims and contacts are ledger entries
of ids and moments. A claim is told together with the ruling that it brings about.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from archivist import customers, ownership, regulations
from archivist.cli.door import DONE, FINDINGS, Call, common_options, day_of, now, pass_call
from archivist.cli.labels import department_label, local_time
from archivist.cli.say import facts, say, table
from archivist.cli.spoken import ENTRY, NOTHING, command, option
from archivist.errors import BadRequest
from policies import reach

if TYPE_CHECKING:
    from policies.policy import Policy

KEPT = ("以前的主张和归属", "earlier claims and owners")
_KINDS = {"visit": "家访、拜访", "call": "电话", "mail": "信函、邮件", "meeting": "会面"}
_RULES = {
    "earliest_registration": ("先登记者", "registered first"),
    "earliest_list": ("先交名单者", "handed in the list first"),
    "named_manager": ("客户指名", "named by the customer"),
    "on_duty": ("当班者", "was on duty"),
    "assigned": ("由有权的职务改派", "assigned by the role in charge"),
}

_ON = option("--on", metavar="DATE", zh="日期，如 2026-03-05；不写为今天。",
             help="The day, e.g. 2026-03-05; today if not said.")  # fmt: skip


@command("claim", zh="记下：人员 PERSON（不写为本人）主张客户 ID 归他，并按现行制度判断归属。\n\n"
         "主张时间以台账为准；所有主张永远保留。",
         changes=ENTRY, never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@option("--person", metavar="PERSON", zh="谁主张（人员名）；不写为本人。",
        help="Whose customer it is said to be, by name; you if not said.")  # fmt: skip
@option("--department", metavar="D", zh="为哪个部门；不写为此人所在部门。",
        help="For which department; the person's own if not said.")  # fmt: skip
@option("--listed", metavar="TIME", zh="名单上交的时间，如 \"2026-03-02 17:40\"。",
        help='When the list that names him was handed in, e.g. "2026-03-02 17:40".')  # fmt: skip
@option("--named", is_flag=True, zh="客户自己说出或指定了此人。",
        help="The customer himself named this person.")  # fmt: skip
@option("--on-duty", is_flag=True, zh="由此人当班接待。", help="He was on duty.")
@common_options
@pass_call
def claim(
    call: Call, identifier: str, person: str | None, department: str | None,
    listed: str | None, named: bool, on_duty: bool,
) -> None:  # fmt: skip
    """Record that the customer ID is said to be PERSON's, and rule by the regulation in force.

    The time is the ledger's. Every claim is kept for ever.
    """
    who = call.somebody().name
    claimed = ownership.Claimed(
        identifier,
        person or who,
        regulations.department_id(call.policy, department) if department else "",
        _moment(listed) if listed else None,
        named,
        on_duty,
    )
    found = ownership.claim(call.archive, call.policy, claimed, now(), who).plain()
    call.emit(found, lambda: _standing(call.policy, found))


@command("claims", zh="查看客户 ID 的全部主张、归属和依据；不写 ID，列出有几人主张的客户。",
         never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("identifier", metavar="[ID]", required=False)
@common_options
@pass_call
def claims(call: Call, identifier: str | None) -> None:
    """Show every claim to the customer ID, whose it is and why.

    Without ID: the customers that several people claim, those that are nobody's first.
    """
    policy = call.policy
    if identifier is not None:
        found = ownership.standing(call.archive, policy, identifier).plain()
        call.emit(found, lambda: _standing(policy, found))
        return
    rows = [one.plain() for one in ownership.disputes(call.archive, policy)]
    call.emit(rows, lambda: _disputes(policy, rows))


def _disputes(policy: Policy, rows: list[dict[str, Any]]) -> str:
    if not rows:
        return say("没有几人主张的客户", "no customer is claimed by several people")
    heads = (say("客户", "customer"), say("归属人", "owner"), say("主张人", "claimed by"),
             say("依据", "because"), say("条款", "clause"))  # fmt: skip
    lines = [
        (row["customer"], owner_words(policy, row), claimants(row), _because(row), row["clauses"])
        for row in rows
    ]
    return table(heads, lines, cut=(1, 2))


def _because(found: dict[str, Any]) -> str | None:
    rule = _RULES.get(found["rule"])
    return say(*rule) if rule else None


@command("assign", zh="把客户 ID 改派给人员 PERSON；须由制度指定的职务操作。",
         changes=(f"一张加密的卡片（理由），{ENTRY[0]}", f"one sealed card (why), {ENTRY[1]}"),
         never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@click.argument("person")
@option("--reason", required=True, metavar="TEXT", zh="理由；加密保存，不进台账。",
        help="Why; sealed, never in the ledger.")  # fmt: skip
@common_options
@pass_call
def assign(call: Call, identifier: str, person: str, reason: str) -> None:
    """Give the customer ID to PERSON; only a role that a regulation names may."""
    who = call.somebody().name
    given = ownership.assign(call.archive, call.policy, identifier, person, reason, now(), who)
    found = given.plain()
    call.emit(found, lambda: _standing(call.policy, found))


@command("contact", zh="记下：某日联系过客户 ID。", changes=ENTRY,
         never=("以前的记录", "earlier contacts"), exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@option("--kind", type=click.Choice(ownership.KINDS), required=True,
        zh="方式：visit 拜访，call 电话，mail 信函邮件，meeting 会面。",
        help="How the customer was served.")  # fmt: skip
@option("--person", metavar="PERSON", zh="谁联系的；不写为本人。", help="By whom; you if not said.")
@_ON
@common_options
@pass_call
def contact(call: Call, identifier: str, kind: str, person: str | None, on: str | None) -> None:
    """Record that the customer ID was served on a day."""
    who = call.somebody().name
    day, by = day_of(on), person or who
    ownership.record_contact(call.archive, identifier, kind, day, by, now(), who)
    row = {"customer": identifier, "kind": kind, "on": day.isoformat(), "person": by}
    call.emit(row, f"{identifier}  {row['on']}  {say(_KINDS[kind], kind)}  {by}")


@command("neglected", zh="列出服务不到位、可以改派的客户。\n\n"
         "从最近一次联系（没有联系的，从登记）起，超过制度规定的时间。",
         never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@_ON
@common_options
@pass_call
def neglected(call: Call, on: str | None) -> None:
    """List customers whose last contact, else registration, is longer ago than allowed."""
    rows = ownership.neglected_customers(call.archive, call.policy, day_of(on))
    heads = (say("客户", "customer"), say("名称", "name"), say("归属人", "owner"),
             say("最近联系", "last contact"), say("由谁改派", "decided by"),
             say("条款", "clause"))  # fmt: skip
    call.emit(
        rows,
        lambda: table(
            heads,
            [
                (r["customer"], r["name"], r["owner"], _last(r),
                 _roles(call.policy, r["decided_by"]), r["clause"])
                for r in rows
            ],
            cut=(1, 4),
        )
        if rows
        else say("没有服务不到位的客户", "no customer is neglected"),
    )  # fmt: skip


def _last(row: dict[str, Any]) -> str:
    return (
        str(row["last"]) if row["contacted"] else say(f"{row['last']} 登记", f"{row['last']} reg.")
    )


@command("registered",
         zh="客户 CUSTOMER（编号、名称或登记的号码）在某日终了前是否已经登记备案。\n\n"
         "财务部门报销前查询：退出码 0 为已登记，3 为没有登记。",
         never=NOTHING, exits=(0, 2, 3, 10, 12))  # fmt: skip
@click.argument("customer")
@_ON
@common_options
@pass_call
def registered(call: Call, customer: str, on: str | None) -> int:
    """Whether CUSTOMER (id, name or registered number) was registered by the end of a day.

    What finance asks before it pays expenses: exit code 0 for yes, 3 for no.
    """
    found = customers.was_registered(call.archive, call.policy, customer, day_of(on))
    call.emit(found, lambda: _registered(found))
    return DONE if found["registered"] else FINDINGS


def _registered(found: dict[str, Any]) -> str:
    rows = found["customers"]
    yes = say(f"截至 {found['on']} 已登记", f"registered by {found['on']}")
    no = say(f"截至 {found['on']} 没有登记", f"not registered by {found['on']}")
    gate = say("；", "; ").join(found["clauses"])
    return facts(
        (
            (say("结果", "answer"), yes if found["registered"] else no),
            (say("客户", "customer"), [r["customer"] for r in rows]),
            (say("登记时间", "registered"), [local_time(r["time"]) for r in rows]),
            (say("未登记不予报销", "not reimbursed without"), found["expenses"]),
            (say("条款", "clause"), gate),
        )
    )


# ── words ─────────────────────────────────────────────────────────────────────


def owner_words(policy: Policy, found: dict[str, Any]) -> str | None:
    """The owner; where several claim the customer and nobody wins, that it is contested."""
    if not found["contested"]:
        return str(found["owner"]) if found["owner"] else None
    by = _roles(policy, found["decided_by"])
    who = say(f"，由{by}裁定", f", {by} decides") if by else ""
    return f"{found['owner'] or '-'}{say(f'（有争议{who}）', f' (contested{who})')}"


def claimants(found: dict[str, Any]) -> list[str]:
    """Everybody who claims the customer, when it is more than the owner."""
    people = list(dict.fromkeys(row["person"] for row in found["claims"]))
    return [] if people == [found["owner"]] else people


def _standing(policy: Policy, found: dict[str, Any]) -> str:
    head = facts(
        (
            (say("客户", "customer"), found["customer"]),
            (say("归属人", "owner"), owner_words(policy, found)),
            (say("依据", "because"), _because(found)),
            (say("条款", "clause"), found["clauses"]),
            (say("未胜出", "lost"), [] if found["contested"] else found["losers"]),
        )
    )
    heads = (say("时间", "time"), say("事项", "step"), say("人员", "person"),
             say("部门", "department"), say("交单时间", "listed"), say("指名", "named"),
             say("当班", "on duty"), say("经手", "by"), say("理由", "reason"))  # fmt: skip
    steps = {"claim": say("主张", "claim"), "assign": say("改派", "assign")}
    lines = [
        (
            local_time(row["time"]),
            steps[row["step"]],
            row["person"],
            department_label(policy, row["department"]) if row["department"] else None,
            local_time(row["listed"]),
            row["named"],
            row["on_duty"],
            row["who"],
            row["reason"],
        )
        for row in found["claims"]
    ]
    return f"{head}\n\n{table(heads, lines, cut=(8, 3))}" if lines else head


def _roles(policy: Policy, roles: Any) -> str:
    return say("、", ", ").join(say(*reach.role_words(policy, role)) for role in roles)


def _moment(given: str) -> datetime:
    """A time of the clock on the wall, `2026-03-02 17:40`."""
    try:
        moment = datetime.fromisoformat(given.strip())
    except ValueError:
        moment = None
    if moment is None or len(given.strip()) <= len("2026-03-02"):
        raise BadRequest(
            f"“{given}” 不是时间", f"{given!r} is not a time",
            "例如 \"2026-03-02 17:40\"", 'e.g. "2026-03-02 17:40"',
        )  # fmt: skip
    return moment.astimezone()


COMMANDS = (claim, claims, assign, contact, neglected, registered)
