"""`archivist sweep`: what is over, overdue or due, and of it what needs no decision.

Run daily, by the watcher or by a timer. Needs no passphrase, and lists ids only. What declassifies
by itself is sealed anew when somebody cleared for it is there; until then it is listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from archivist import disposal_desk, standing, sweeping
from archivist.cli import labels
from archivist.cli.door import (
    DRY_RUN,
    FINDINGS,
    Call,
    common_options,
    day_come,
    day_of,
    now,
    pass_call,
)
from archivist.cli.progress import Progress
from archivist.cli.say import counted, note, say, table
from archivist.cli.spoken import command, option
from policies import wording

if TYPE_CHECKING:
    from archivist.sweeping import Plan, Swept
    from policies.policy import Policy
    from policies.sweep import Line

SHOWN = 40  # lines of each list on a screen; --json has all

LISTS = {
    "retention": ("保管期限", "keeping"),
    "declassify": ("解密", "secrecy"),
    "overdue": ("借阅", "loan"),
    "deadlines": ("缺件", "missing"),
    "inspections": ("检查", "inspection"),
}
REASONS = {
    "period-over": ("期满", "period over"),
    "floor-over": ("法定期限已满", "legal minimum over"),
    "appraised-over": ("鉴定留存期满", "appraised period over"),
    "earlier-longer": ("归档时的规定更长", "kept by an earlier version"),
    "ceiling-over": ("超过个人信息最长期限", "beyond the maximum for personal data"),
    "ends-soon": ("即将到期", "ends soon"),
    "over-to-decide": ("已到期，待决定", "over, to be decided"),
    "overdue": ("逾期", "overdue"),
    "due": ("该做了", "due"),
}


@command("sweep", zh="到期清查：保管期满、到期解密、逾期借阅、逾期缺件、该做的检查。\n\n"
         "不需要口令，只列编号。催办直接登记；到期解密须有权限的人登录后办理；"
         "销毁只提出，由人决定。同一天再运行不会重复；漏掉的日子会补上。",
         changes=("台账（催办、清查各记一条）；到期解密的资料；到期的借阅授权",
                  "the ledger (reminders, the sweep itself); what declassifies by itself; grants "
                  "of loans that ended"),
         never=("什么都不销毁；--dry-run 什么都不改",
                "nothing is destroyed; with --dry-run nothing changes at all"),
         exits=(0, 2, 3, 4, 10, 11, 12, 13))  # fmt: skip
@option("--dry-run", is_flag=True, zh="只列出，不作改动。", help="List only, change nothing.")
@option("--on", metavar="DATE", zh="按这一天计算；将来的日子只能和 --dry-run 一起用。",
        help="As if it were this day; a future one only with --dry-run.")  # fmt: skip
@common_options
@pass_call
def sweep_command(call: Call, dry_run: bool, on: str | None) -> int:
    """List what is over, overdue or due, and do of it what needs no decision.

    Needs no passphrase. Reminders are entered; what declassifies by itself waits for somebody
    who is cleared; destruction is only proposed. A second run on a day does nothing new, and
    days that were missed are made up for.
    """
    at = now()
    today = day_of(on) if dry_run else day_come(on, *DRY_RUN)
    calendar = standing.company_calendar(call.settings.company)
    with Progress(say("清查", "sweeping")) as bar:
        plan = sweeping.plan_of(call.archive, call.policy, calendar, today, bar.reach)
    done = None if dry_run else _carried_out(call, plan, at)
    call.emit({**_lists(plan), "day": today.isoformat(), "kept": plan.kept, "done": _done(done)},
              lambda: _shown(call.policy, plan))  # fmt: skip
    if done is not None:
        note(told(plan, done))
    return FINDINGS if done is not None and done.before else 0


def _carried_out(call: Call, plan: Plan, at: Any) -> Swept:
    from archivist.cli.regrade import follow_texts

    with Progress(say("解密", "declassifying"), len(plan.declassify)) as bar:
        done = sweeping.carry_out(call.archive, call.policy, plan, at, call.person, bar.advance)
    if done.declassified:
        follow_texts(call)
    return done


def told(plan: Plan, done: Swept) -> str:
    """What a sweep did, in a line."""
    day = plan.day.isoformat()
    if done.before:
        return say(f"{done.before} 已清查过，{day} 在它之前，未作任何改动",
                   f"swept on {done.before}, {day} is earlier: nothing was done")  # fmt: skip
    if done.entry is None:
        zh, en = f"{day} 已清查过，没有新的事项", f"{day} was swept already; nothing new"
        return say(zh + _left_out(done)[0], en + _left_out(done)[1])
    waits = sum(line.act == "declassify" for line in plan.declassify) - len(done.declassified)
    zh = (f"{day} 已清查：催办 {done.reminded} 份档案，提出销毁 {len(done.proposed)} 项，"
          f"解密 {len(done.declassified)} 份")  # fmt: skip
    en = (f"swept {day}: {counted(done.reminded, 'dossier')} reminded, "
          f"{counted(len(done.proposed), 'disposal')} proposed, "
          f"{counted(len(done.declassified), 'record')} declassified")  # fmt: skip
    if waits > 0:
        zh += f"；{waits} 份到期解密待有权限的人登录"
        en += f"; {waits} to declassify wait for somebody who is cleared"
    return say(zh + _left_out(done)[0], en + _left_out(done)[1])


def _left_out(done: Swept) -> tuple[str, str]:
    """How many records were not proposed, by the reason."""
    codes = Counter(code for why in done.left_out.values() for code in why[:1])
    if not codes:
        return "", ""
    words = disposal_desk.REASONS
    zh = "、".join(f"{words[code][0]} {number} 件" for code, number in codes.items())
    en = ", ".join(f"{number}: {words[code][1]}" for code, number in codes.items())
    return f"；未能提出销毁：{zh}", f"; not proposed for disposal: {en}"


def _lists(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    return {name: [_row(line) for line in lines] for name, lines in plan.lists.items()}


def _row(line: Line) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": line.id,
        "act": line.act,
        "reason": line.reason,
        "day": line.day.isoformat() if line.day else None,
        "clauses": list(line.clauses),
        "packs": list(line.packs),
        "customer": line.customer or None,
        "dossier": line.dossier or None,
        "what": line.what or None,
    }
    if line.lack:
        row |= {"lack": line.lack, "detail": line.detail}
    if line.shorter:
        row["shorter"] = {"day": line.shorter.day.isoformat(),
                          "clauses": list(line.shorter.clauses),
                          "packs": list(line.shorter.packs)}  # fmt: skip
    return row


def _done(done: Swept | None) -> dict[str, Any] | None:
    if done is None:
        return None
    return {"entry": done.entry, "reminded": done.reminded, "proposed": list(done.proposed),
            "left_out": {name: list(codes) for name, codes in done.left_out.items()},
            "declassified": list(done.declassified), "later_sweep": done.before}  # fmt: skip


def _shown(policy: Policy, plan: Plan) -> str:
    heads = (say("事项", "matter"), say("编号", "id"), say("情形", "state"), say("日期", "day"),
             say("关于", "about"), say("客户档案", "dossier"), say("条款", "clause"))  # fmt: skip
    rows = [cells for name, lines in plan.lists.items() for cells in _cells(policy, name, lines)]
    if not rows:
        return say("没有到期或逾期的事项", "nothing is over, overdue or due")
    more = sum(max(0, len(lines) - SHOWN) for lines in plan.lists.values())
    rest = say(f"\n另有 {more} 条，用 --json 列出全部", f"\n{more} more; --json lists all")
    return table(heads, rows, cut=(6, 4)) + (rest if more else "")


def _cells(policy: Policy, name: str, lines: list[Line]) -> Iterator[tuple[Any, ...]]:
    for line in nsmallest(SHOWN, lines, key=lambda line: (line.day or date.max, line.id)):
        state = say(*REASONS[line.reason])
        if line.shorter:
            now_says = line.shorter
            state += say(f"（现行 {'、'.join(now_says.packs)} 只到 {now_says.day}）",
                         f" ({', '.join(now_says.packs)} says {now_says.day} only)")  # fmt: skip
        yield (say(*LISTS[name]), line.id, state, line.day.isoformat() if line.day else None,
               _about(policy, name, line), line.dossier or None, list(line.clauses))  # fmt: skip


def _about(policy: Policy, name: str, line: Line) -> str | None:
    if name == "retention":
        return labels.type_label(policy, line.what)
    if name == "declassify":
        return labels.grade_label(policy, line.what)
    if name == "deadlines":
        titles = {item.id: (item.zh, item.en) for kind in policy.dossier_types.values()
                  for item in kind.items}  # fmt: skip
        lacks = say(*wording.lack_words(policy, line.lack, line.detail))
        return f"{say(*titles.get(line.what, (line.what, line.what)))}: {lacks}"
    return labels.word(line.what) if line.what else None
