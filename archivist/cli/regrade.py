"""`archivist regrade` and `archivist declassify`: another grade, or none, or for longer.

The record is sealed anew for its new grade, and the texts go from the old grade's index into the
new one. The reason is sealed; the ledger names grades, digests and clauses.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from archivist import grade_rulings, regrading
from archivist.cli.door import DRY_RUN, Call, common_options, day_come, day_of, now, pass_call
from archivist.cli.labels import grade_label
from archivist.cli.progress import Progress
from archivist.cli.say import counted, note, say, table
from archivist.cli.spoken import command, option
from archivist.cli.words import iso_date
from archivist.errors import BadRequest
from index.errors import ShadowError

if TYPE_CHECKING:
    from archivist.regrading import Regraded
    from policies.expiry import Ending

CHANGES = ("资料按新密级重新加密，旧文件删除；加密的理由和台账一条；新旧密级的全文索引",
           "the record is sealed anew and its old files removed; a sealed reason, one entry; both "
           "full-text indexes")  # fmt: skip
NEVER = ("资料的内容；以前的台账", "what the record says; earlier entries")
STATES = {"due": ("到期解密", "due"), "notice": ("即将到期", "ends soon"),
          "review": ("已到期，待决定", "over, to be decided")}  # fmt: skip


@command("regrade", zh="把资料 RECORD 的密级改为 GRADE；密级不变、日期更晚即延长保密期限。\n\n"
         "须有原密级的权限，并担任制度规定的职务；延长须在期限届满前。",
         changes=CHANGES, never=NEVER, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("record")
@click.argument("grade")
@option("--reason", required=True, metavar="TEXT", zh="理由，加密保存。", help="Why; kept sealed.")
@option("--until", metavar="DATE", zh="保密到哪一天（含当天）。",
        help="The last day of secrecy.")  # fmt: skip
@common_options
@pass_call
def regrade_command(call: Call, record: str, grade: str, reason: str, until: str | None) -> None:
    """Give RECORD the grade GRADE; with its own grade and a later day, extend its secrecy.

    Needs clearance for the old grade and the role the regulation names; a period is extended
    before it ends.
    """
    person = call.somebody().unlocked()
    last = date.fromisoformat(iso_date(until)) if until else None
    wish = regrading.Wish(call.policy.grade(grade).code, reason, last)
    done = regrading.regrade(call.archive, call.policy, record, wish, person, now())
    follow_texts(call)
    call.emit(done.plain(), lambda: _line(call, done))


@command("declassify", zh="解密资料 RECORD；或用 --due 解密保密期限已届满的资料。\n\n"
         "提前解密由制度规定的职务决定；期限届满的自行解密，不另行审批。"
         "--due --dry-run 只列出已届满和即将届满的，不作改动。",
         changes=CHANGES, never=NEVER, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("record", required=False)
@option("--reason", metavar="TEXT", zh="理由，加密保存。", help="Why; kept sealed.")
@option("--due", is_flag=True, zh="所有保密期限已届满的。", help="All whose period is over.")
@option("--dry-run", is_flag=True, zh="只列出，不作改动。", help="List only, change nothing.")
@option("--on", metavar="DATE", zh="按这一天计算；将来的日子只能和 --dry-run 一起用。",
        help="As if it were this day; a future one only with --dry-run.")  # fmt: skip
@common_options
@pass_call
def declassify_command(
    call: Call, record: str | None, reason: str | None, due: bool, dry_run: bool, on: str | None
) -> None:
    """Declassify RECORD before its time; or, with --due, whatever has reached the end of its
    period.

    Who decides on the former the regulation says; the latter needs no approval. With --due
    --dry-run what is over and what soon will be is listed, and nothing changes. Only records
    you are cleared for.
    """
    if due == (record is not None):
        raise BadRequest("请写资料编号，或用 --due", "name a record, or use --due")
    if not due and (dry_run or on):
        raise BadRequest("--dry-run 和 --on 只和 --due 一起用", "--dry-run and --on go with --due")
    if due:
        _declassify_due(call, dry_run, on)
        return
    if reason is None or record is None:
        raise BadRequest("请用 --reason 写明理由", "say why with --reason TEXT")
    person = call.somebody().unlocked()
    done = regrading.declassify(call.archive, call.policy, record, reason, person, now())
    follow_texts(call)
    call.emit(done.plain(), lambda: _line(call, done))


def _declassify_due(call: Call, dry_run: bool, on: str | None) -> None:
    person = call.somebody().unlocked()
    at = now()
    today = day_of(on) if dry_run else day_come(on, *DRY_RUN)
    found = regrading.endings(call.archive, call.policy, person, today)
    due = [ending for ending in found if ending.state == "due"]
    to = grade_rulings.declassified(call.policy) if due else None
    done: dict[str, Regraded] = {}
    if due and not dry_run:
        with Progress(say("解密", "declassifying"), len(due)) as bar:
            work = regrading.declassify_due(call.archive, call.policy, due, person, at, bar.advance)
            done = {one.record: one for one in work}
        follow_texts(call)
    rows = [_row(ending, to, ending.record in done) for ending in found]
    call.emit(rows, lambda: _shown(call, rows))


def _row(ending: Ending, to: str | None, done: bool) -> dict[str, Any]:
    return {"record": ending.record, "grade": ending.grade, "until": ending.until.isoformat(),
            "state": ending.state, "to": to if ending.state == "due" else None, "done": done,
            "clauses": list(ending.clauses)}  # fmt: skip


def _shown(call: Call, rows: list[dict[str, Any]]) -> str:
    if not rows:
        return say("没有保密期限届满或将届满的资料", "no period is over or soon will be")
    heads = (say("档案", "record"), say("密级", "grade"), say("保密至", "secret until"),
             say("情形", "state"), say("条款", "clause"))  # fmt: skip
    return table(
        heads,
        [
            (
                row["record"],
                grade_label(call.policy, row["grade"]),
                row["until"],
                say("已解密", "declassified") if row["done"] else say(*STATES[row["state"]]),
                row["clauses"],
            )
            for row in rows
        ],
        cut=(4,),
    )


def _line(call: Call, done: Regraded) -> str:
    until = say(f"，保密至 {done.until}", f", secret until {done.until}") if done.until else ""
    if done.before == done.after:
        return f"{done.record}  {grade_label(call.policy, done.after)}{until}"
    before, after = (grade_label(call.policy, code) for code in (done.before, done.after))
    return f"{done.record}  {before} → {after}{until}"


def follow_texts(call: Call) -> None:
    """Let the texts leave the old grade's index now; a reader in the way only delays it."""
    from archivist import indexing, searching

    try:
        with searching.shelves(call.settings, call.somebody()) as opened:
            late = searching.behind(call.settings, opened)
            with Progress(
                say("更新全文索引", "indexing"), indexing.waiting(call.archive, late)
            ) as bar:
                indexed = indexing.catch_up(call.archive, call.person, late, bar.advance)
    except ShadowError:
        note(say("全文索引在下次检索时更新", "the indexes follow at the next search"))
        return
    if indexed > 1:
        note(say(f"全文索引更新 {indexed} 份", f"indexed {counted(indexed, 'record')}"))
