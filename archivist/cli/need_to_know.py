"""`archivist need-to-know`: within a grade, only those on a list open a dossier or record.

`limit` begins a list and seals what it covers to a key of its own; `add` and `remove` change who is
on it; `lift` ends it. The list adds to clearance and never replaces it.
"""

from typing import Any

import click

from archivist import holding, knowing, rotation
from archivist.cli import labels, progress
from archivist.cli.door import DAMAGE, DONE, Call, common_options, now, pass_call
from archivist.cli.say import counted, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, group, option
from archivist.errors import NotAllowed

SEALED = (
    f"名单的密钥，有关资料改用它封存，全文索引；一张加密的卡片（理由），{ENTRY[0]}",
    f"the list's key, the records it covers, which are sealed to it anew, the indexes; one sealed "
    f"card (why), {ENTRY[1]}",
)
KEPT = ("资料内容；涉密权限", "what the records say; anybody's clearance")
EXITS = (0, 2, 4, 10, 11, 12, 13)


def _grade_option(command: Any) -> Any:
    return option("--grade", metavar="GRADE", zh="限定哪个密级；不写则为其中最高的。",
                  help="Within which grade; else the highest there.")(command)  # fmt: skip


def _reason_option(command: Any) -> Any:
    return option("--reason", required=True, metavar="TEXT", zh="理由；加密保存，不进台账。",
                  help="Why; sealed, never in the ledger.")(command)  # fmt: skip


@group("need-to-know", zh="知悉范围：限定、加入、移出、解除、列出。")
def need_to_know_command() -> None:
    """Need-to-know lists: limit, add, remove, lift, list."""


@need_to_know_command.command(
    "limit", zh="限定 TARGET（客户档案或资料）的知悉范围：只有 NAME… 和您能打开。\n\n"
    "名单上的人须已有该密级的涉密权限；制度规定由谁指定的，须由其指定；"
    "有权全部知晓的领导自动列入。中断后再次运行即可继续。",
    changes=SEALED, never=KEPT, exits=EXITS)  # fmt: skip
@click.argument("target")
@click.argument("names", nargs=-1, metavar="NAME…")
@_grade_option
@_reason_option
@common_options
@pass_call
def limit(call: Call, target: str, names: tuple[str, ...], grade: str | None, reason: str) -> None:
    """Let only NAME… and yourself open TARGET, a dossier or record, within its grade.

    Everybody on the list must be cleared for the grade. Where a regulation says who names them,
    you must be that one; leaders who may know all are put on by themselves. What was interrupted
    goes on when it is run again.
    """
    by = call.somebody().unlocked()
    scope = knowing.Scope(target, grade)
    with progress.Progress(say("重新封存", "sealing anew")) as bar:
        done = knowing.limit(call.archive, call.policy, scope, names, reason, by, now(), bar.reach)
    note(say("以前制作的恢复包缺少这份名单的密钥，请重新制作：archivist key escrow -o 文件",
             "earlier recovery bundles lack the key of this list, make a new one: "
             "archivist key escrow -o FILE"))  # fmt: skip
    call.emit(_row(done), lambda: _told(call, done))


@need_to_know_command.command(
    "add", zh="把 NAME 加入 TARGET 的知悉范围。操作人须在名单上，且不能加入自己。",
    changes=(f"封给此人的密钥；{ENTRY[0]}", f"the list's keys, sealed to the person; {ENTRY[1]}"),
    never=KEPT, exits=EXITS)  # fmt: skip
@click.argument("target")
@click.argument("name")
@_grade_option
@common_options
@pass_call
def add(call: Call, target: str, name: str, grade: str | None) -> None:
    """Put NAME on the need-to-know list of TARGET. You must be on it; nobody adds himself."""
    by = call.somebody().unlocked()
    scope = knowing.Scope(target, grade)
    done = knowing.add(call.archive, call.policy, scope, name, by, now())
    call.emit(_row(done), lambda: _told(call, done))


@need_to_know_command.command(
    "remove", zh="把 NAME 移出 TARGET 的知悉范围，并随即轮换名单的密钥。",
    changes=(f"名单的密钥和密钥头；{ENTRY[0]}", f"the list's keys and heads; {ENTRY[1]}"),
    never=KEPT, exits=EXITS)  # fmt: skip
@click.argument("target")
@click.argument("name")
@_grade_option
@common_options
@pass_call
def remove(call: Call, target: str, name: str, grade: str | None) -> int:
    """Take NAME off the need-to-know list of TARGET, and rotate the list's key at once."""
    by = call.somebody().unlocked()
    scope = knowing.Scope(target, grade)
    done = knowing.remove(call.archive, call.policy, scope, name, by, now())
    try:
        with progress.Progress(say("轮换密钥", "rotating")) as bar:
            moved = rotation.rotate(call.archive, done.key, by, now(), bar.reach)
    except NotAllowed:
        moved = None  # not every older generation is his: somebody else on the list rotates
    call.emit(_removed_row(done, moved), lambda: _removed(call, done, moved))
    return DAMAGE if moved is not None and moved.damaged else DONE


@need_to_know_command.command(
    "lift", zh="解除 TARGET 的知悉范围：有该密级涉密权限的人都能打开。",
    changes=SEALED, never=KEPT, exits=EXITS)  # fmt: skip
@click.argument("target")
@_grade_option
@_reason_option
@common_options
@pass_call
def lift(call: Call, target: str, grade: str | None, reason: str) -> None:
    """End the need-to-know list of TARGET: everybody cleared for the grade opens it again."""
    by = call.somebody().unlocked()
    scope = knowing.Scope(target, grade)
    with progress.Progress(say("重新封存", "sealing anew")) as bar:
        done = knowing.lift(call.archive, call.policy, scope, reason, by, now(), bar.reach)
    label = labels.grade_label(call.policy, done.grade)
    call.emit(_row(done) | {"people": []}, say(
        f"{done.target}（{label}）的知悉范围已解除；{done.records} 份资料改用密级的密钥",
        f"the need-to-know list of {done.target} ({label}) is lifted; "
        f"{counted(done.records, 'record')} sealed to the grade's key again",
    ))  # fmt: skip


@need_to_know_command.command("list", zh="列出现有的知悉范围和名单。", never=NOTHING,
                              exits=(0, 10, 12))  # fmt: skip
@common_options
@pass_call
def list_(call: Call) -> None:
    """List every need-to-know list, who is on it, and what it seals."""
    rows = knowing.listed(call.archive)
    heads = (say("范围", "target"), say("密级", "grade"), say("名单", "people"),
             say("资料", "records"), say("起", "since"))  # fmt: skip
    lines = [
        (r["target"], labels.grade_label(call.policy, r["grade"]), r["people"], r["records"],
         labels.local_time(r["since"]))
        for r in rows
    ]  # fmt: skip
    call.emit(rows, lambda: table(heads, lines, cut=(2,)))
    for row in rows:
        if row["waiting"]:
            note(say(f"{row['target']} 还有 {row['waiting']} 份资料未改封，请再次运行 limit",
                     f"{row['target']}: {counted(row['waiting'], 'record')} not sealed to the "
                     "list yet; run limit again"))  # fmt: skip


def _row(done: knowing.Listed) -> dict[str, Any]:
    return {"key": done.key, "target": done.target, "grade": done.grade,
            "people": list(done.holders), "records": done.records}  # fmt: skip


def _told(call: Call, done: knowing.Listed) -> str:
    label = labels.grade_label(call.policy, done.grade)
    return say(
        f"{done.target}（{label}）只限以下人员知悉：{'、'.join(done.holders)}",
        f"{done.target} ({label}) is known to {', '.join(done.holders)} only",
    )


def _removed_row(done: holding.Revoked, moved: rotation.Rotated | None) -> dict[str, Any]:
    return {
        "key": done.key, "target": done.target, "grade": done.grade, "person": done.person,
        "people": list(done.holders), "generation": done.generation,
        "records": moved.records if moved else None,
        "rotated": moved is not None and not moved.damaged,
    }  # fmt: skip


def _removed(call: Call, done: holding.Revoked, moved: rotation.Rotated | None) -> str:
    label = labels.grade_label(call.policy, done.grade)
    head = say(
        f"{done.person} 已移出 {done.target}（{label}）的知悉范围；"
        f"名单上还有：{'、'.join(done.holders)}",
        f"{done.person} is off the need-to-know list of {done.target} ({label}); still on it: "
        f"{', '.join(done.holders)}",
    )
    if moved is not None and not moved.damaged:
        return head
    rest = say(
        f"旧密钥尚未销毁，请名单上的人运行 archivist key rotate {done.key}",
        f"the old key is not destroyed yet: somebody on the list runs archivist key rotate "
        f"{done.key}",
    )
    return f"{head}\n{rest}"
