"""`archivist login`, `logout`, `whoami`, `person`: whose keys are at hand, and who has any.

`login` keeps the unlocked keys in memory-backed storage of this machine for some hours,
readable by this user alone; `logout` forgets them. `person add` makes keys for somebody else,
`clear` and `revoke` say what they open, `leave` ends them. All of them are recorded, and so is
every wrong passphrase.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from archivist import clearing, enrolling, holding, incident_book, indexing, regulations, rotation
from archivist.cli import destruction
from archivist.cli.door import (
    DAMAGE,
    DONE,
    FINDINGS,
    Call,
    ask_new_passphrase,
    ask_passphrase,
    common_options,
    now,
    pass_call,
)
from archivist.cli.labels import (
    department_label,
    grade_label,
    key_label,
    local_time,
    role_label,
    word,
)
from archivist.cli.progress import Progress
from archivist.cli.say import counted, facts, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, command, group, option, several
from archivist.errors import BadRequest, NotAllowed
from archivist.records import target_of
from storage import session

if TYPE_CHECKING:
    from archivist.archive import Archive

KEPT = ("资料和密钥", "records and keys")


@command("login", zh="打开 NAME 的密钥，几小时内有效；只有一位用户时可不写姓名。",
         changes=(f"本机内存中的会话；{ENTRY[0]}",
                  f"a session in this machine's memory; {ENTRY[1]}"),
         never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("name", required=False)
@option("--hours", type=click.FloatRange(0.01, 72), metavar="H",
        zh="有效几小时；不写则按 archive.toml。",
        help="How long; else archive.toml says.")  # fmt: skip
@common_options
@pass_call
def login_command(call: Call, name: str | None, hours: float | None) -> None:
    """Unlock the keys of NAME for some hours; with one person in the archive, of that one."""
    who = name or call.wanted or call.only_person()
    if who is None:
        raise BadRequest("请写明姓名", "say who you are", "archivist login 姓名",
                         "archivist login NAME")  # fmt: skip
    call.check_person(who)
    expires = now() + timedelta(hours=hours or call.settings.login_hours)
    unlocked = call.unlock(who, ask_passphrase(who), expires)
    person, keys = unlocked.unlocked(), unlocked.index_keys
    if destruction.go_on(call, person):  # a destruction that was cut short has new keys now
        keys = indexing.index_keys(call.archive, call.policy, person)
    folder = session.runtime_folder(os.environ)
    session.save(folder, call.settings.archive_id, person, expires, keys, call.counterparts)
    _record(call.archive, "login", who)
    until = expires.astimezone().strftime("%Y-%m-%d %H:%M")
    result = {"person": who, "until": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    call.emit(result, say(f"{who} 已登录，至 {until}", f"{who} is logged in until {until}"))
    _tell_waiting(incident_book.waiting_for(call.archive, call.policy, who))


def _tell_waiting(incidents: Sequence[str]) -> None:
    """One line about the incidents that wait for this person's confirmation; none if none do."""
    if incidents:
        named = ", ".join(incidents)
        note(say(f"待您确认知悉的事件：{named}（archivist incident acknowledge 编号）",
                 f"incidents that you have to confirm: {named} "
                 "(archivist incident acknowledge ID)"))  # fmt: skip


@command("logout", zh="忘掉已打开的密钥。",
         changes=(f"会话结束；{ENTRY[0]}", f"the session ends; {ENTRY[1]}"),
         never=KEPT, exits=(0, 10, 11, 12))  # fmt: skip
@common_options
@pass_call
def logout_command(call: Call) -> None:
    """Forget the unlocked keys."""
    folder = session.runtime_folder(os.environ)
    person = session.load(folder, call.settings.archive_id, now(), call.counterparts)
    session.forget(folder, call.settings.archive_id)
    if person is not None:
        _record(call.archive, "logout", person.name)
    call.emit({"person": person.name if person else None}, say("已退出", "logged out"))


@command("whoami", zh="谁已登录，密钥能打开哪些密级。", never=NOTHING, exits=(0, 2, 4, 10, 12))
@common_options
@pass_call
def whoami_command(call: Call) -> None:
    """Who is logged in, and which grades that person's keys open."""
    person = call.somebody()
    archive = call.archive
    archive.follow()
    row = archive.catalogue.person(person.name)
    held = archive.keys.held_by(person.name)
    ranked = _ranked(call, (grade for grade, _ in held))
    result = {
        "person": person.name,
        "roles": row["roles"] if row else [],
        "grades": [{"grade": key, "generation": n} for key, n in held if target_of(key) is None],
        "need_to_know": sorted({key for key, _ in held if target_of(key) is not None}),
        "incidents": incident_book.waiting_for(archive, call.policy, person.name),
    }
    call.emit(
        result,
        lambda: facts(
            (
                (say("人员", "person"), person.name),
                (say("角色", "roles"), [word(role) for role in result["roles"]]),
                (
                    say("涉密权限", "cleared for"),
                    [grade_label(call.policy, grade) for grade in ranked],
                ),
                (
                    say("知悉范围", "on the lists of"),
                    [key_label(call.policy, key) for key in result["need_to_know"]],
                ),
            )
        ),
    )
    _tell_waiting(result["incidents"])


@group("person", zh="人员：登记、授予和撤销涉密权限、离职、列出。")
def person_command() -> None:
    """People: add, clear, revoke, leave, list."""


@person_command.command("add", zh="为 NAME 生成密钥并登记角色。须有人登录，且不能登记自己。\n\n"
                        "口令由本人输入两次，或取自 ARCHIVIST_NEW_PASSPHRASE。",
                        changes=(f"此人的密钥文件；{ENTRY[0]}",
                                 f"the person's key files; {ENTRY[1]}"),
                        never=("已有人员的密钥；涉密权限另行授予",
                               "anybody else's keys; clearance is given apart"),
                        exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("name")
@several("--role", "roles", required=True, metavar="ROLE…",
         zh="职务，如 销售顾问（或其编号 sales_adviser）；可写几个，也可多次使用。",
         help="Roles by name or id, e.g. sales_adviser; repeatable.")  # fmt: skip
@option("--department", metavar="D", zh="所属部门（代码或名称）。",
        help="Department, by id or name.")  # fmt: skip
@common_options
@pass_call
def add(call: Call, name: str, roles: tuple[str, ...], department: str | None) -> None:
    """Make keys for NAME and record the roles. Somebody else must be logged in.

    The new person types the passphrase twice, or it comes from ARCHIVIST_NEW_PASSPHRASE.
    """
    by = call.somebody().name
    within = regulations.department_id(call.policy, department) if department else ""
    held = enrolling.role_ids(call.policy, roles)
    newcomer = enrolling.Newcomer(name, held, within)
    enrolling.check(call.archive, call.policy, newcomer, by)
    newcomer = replace(newcomer, passphrase=ask_new_passphrase(name))
    with call.counting_refusals(name):  # keys of that name may lie there since a crash
        unknown = enrolling.enrol(
            call.archive, call.policy, newcomer, now(), by, call.settings.scrypt_log_n
        )
    for role in unknown:
        note(say(f"注意：所采用的制度中没有角色 {role}",
                 f"note: no adopted regulation speaks of the role {role}"))  # fmt: skip
    row = {"person": name, "roles": list(newcomer.roles), "department": within or None,
           "unknown_roles": list(unknown)}  # fmt: skip
    call.emit(row, name)


@person_command.command("clear", zh="授予 NAME 涉密权限：可以打开密级 GRADE 的资料。\n\n"
                        "授权人须自己能打开该密级；制度指定了授权职务的，须担任该职务。不能给自己授权。",
                        changes=(f"封给此人的密级密钥；{ENTRY[0]}",
                                 f"the grade's keys, sealed to the person; {ENTRY[1]}"),
                        never=("资料；其他人的权限", "records; what others are cleared for"),
                        exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("name")
@click.argument("grade")
@common_options
@pass_call
def clear(call: Call, name: str, grade: str) -> None:
    """Clear NAME for GRADE: from now on this person opens what is sealed with it.

    You must be able to open it yourself and, where a regulation names an office for it, hold
    that office. Nobody clears himself.
    """
    by = call.somebody().unlocked()
    done = clearing.clear(call.archive, call.policy, name, grade, by, now())
    label = grade_label(call.policy, done.grade)
    row = {"person": name, "grade": done.grade, "generations": list(done.generations)}
    call.emit(row, say(f"{name} 可以打开{label}资料", f"{name} is cleared for {label}"))


@person_command.command("revoke", zh="撤销 NAME 对密级 GRADE 的涉密权限，并为该密级启用新密钥。\n\n"
                        "操作人自己能打开该密级的，随即轮换密钥，以前的资料也不再能用旧密钥打开；"
                        "否则另行运行 key rotate。唯一的持有人不能撤销。",
                        changes=("此人的密级密钥，其他人的新密钥，密钥头；一张加密的卡片（理由），"
                                 f"{ENTRY[0]}",
                                 "the person's keys of the grade, a new key for the others, "
                                 "heads; "
                                 f"one sealed card (why), {ENTRY[1]}"),
                        never=("资料本身", "the records themselves"),
                        exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("name")
@click.argument("grade")
@option("--reason", required=True, metavar="TEXT", zh="理由；加密保存，不进台账。",
        help="Why; sealed, never in the ledger.")  # fmt: skip
@common_options
@pass_call
def revoke(call: Call, name: str, grade: str, reason: str) -> int:
    """Withdraw NAME's clearance for GRADE, and make a new key for those who stay.

    If you can open the grade yourself its key is rotated at once, so that the old one opens
    nothing; else somebody who can runs key rotate. The last who is cleared cannot be revoked.
    """
    by = call.somebody().name
    done = clearing.revoke(call.archive, call.policy, name, grade, reason, by, now())
    moved = [_rotated(call, one) for one in done]
    pairs = list(zip(done, moved, strict=True))
    row, *lists = [_revoked_row(*pair) for pair in pairs]
    call.emit(row | {"lists": lists}, lambda: "\n".join(_revoked(call, *pair) for pair in pairs))
    return _after_rotating(moved)


@person_command.command("leave", zh="NAME 离职：撤销全部涉密权限，此后不能登录、签字。\n\n"
                        "名下还有未移交的客户档案或客户时不办理，并列出（退出码 3）。"
                        "不能办理自己的离职。",
                        changes=("此人的全部密钥，各密级的新密钥，密钥头；"
                                 f"{ENTRY[0]}",
                                 "all keys of this person, new keys of the grades, heads; "
                                 f"{ENTRY[1]}"),
                        never=("台账中的姓名和签字", "the name and signatures in the ledger"),
                        exits=(0, 2, 3, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("name")
@common_options
@pass_call
def leave(call: Call, name: str) -> int:
    """NAME leaves for good: every clearance is withdrawn; no login, no signature from now on.

    Refused, with the list, while open dossiers or customers are in this name (exit code 3).
    Nobody certifies his own leaving.
    """
    done = clearing.leave(call.archive, call.policy, name, call.somebody().name, now())
    if isinstance(done, clearing.StillOpen):
        row: dict[str, Any] = {"person": name, "left": False, "open": list(done.things)}
        call.emit(row, lambda: _still_open(call, done))
        return FINDINGS
    moved = [_rotated(call, one) for one in done.revoked]
    pairs = list(zip(done.revoked, moved, strict=True))
    row = {"person": name, "left": True, "revoked": [_revoked_row(*pair) for pair in pairs]}
    told = [say(f"{name} 已离职", f"{name} has left")]
    call.emit(row, lambda: "\n".join([*told, *(_revoked(call, *pair) for pair in pairs)]))
    return _after_rotating(moved)


def _rotated(call: Call, done: holding.Revoked) -> rotation.Rotated | None:
    """Move the older records to the new key too; None when it takes somebody else to do it."""
    person = call.person
    if person is None or person.name not in done.holders:
        return None
    try:
        with Progress(say("轮换密钥", "rotating")) as bar:
            return rotation.rotate(call.archive, done.key, person, now(), bar.reach)
    except NotAllowed:
        return None  # holds the new key, and not all of the older ones


def _after_rotating(moved: Sequence[rotation.Rotated | None]) -> int:
    """What follows from destroyed keys, and from heads that could not be moved."""
    if any(one and one.destroyed for one in moved):
        note(say("旧密钥已销毁；此前的恢复包已作废，请重新制作：archivist key escrow -o 文件",
                 "the old key is destroyed; earlier recovery bundles are void, make a new one: "
                 "archivist key escrow -o FILE"))  # fmt: skip
    damaged = [record for one in moved if one for record in one.damaged]
    if damaged:
        note(say(f"密钥头已损坏，旧密钥予以保留：{'、'.join(damaged)}",
                 f"the old key stays, for damaged heads: {', '.join(damaged)}"))  # fmt: skip
    return DAMAGE if damaged else DONE


def _revoked_row(done: holding.Revoked, moved: rotation.Rotated | None) -> dict[str, Any]:
    return {
        "person": done.person,
        "grade": done.grade,
        "target": done.target,
        "withdrawn": list(done.withdrawn),
        "generation": done.generation,
        "holders": list(done.holders),
        "records": moved.records if moved else None,
        "rotated": moved is not None and not moved.damaged,
    }


def _revoked(call: Call, done: holding.Revoked, moved: rotation.Rotated | None) -> str:
    label = key_label(call.policy, done.key)
    head = say(
        f"{done.person} 的{label}权限已撤销；新密钥为第 {done.generation} 代，"
        f"持有人：{'、'.join(done.holders)}",
        f"{done.person} is no longer cleared for {label}; the new key is generation "
        f"{done.generation}, held by {', '.join(done.holders)}",
    )
    if moved is not None and not moved.damaged:
        rest = say(
            f"以前归档的 {moved.records} 份资料已改用新密钥",
            f"{counted(moved.records, 'record')} filed before moved to the new key",
        )
    else:
        rest = say(
            f"以前归档的资料，用可能留有的旧密钥副本仍能打开，"
            f"直到由能打开的人运行 archivist key rotate {done.key}",
            "records filed before still open with a copy of the old key that may have been kept, "
            f"until somebody who can open them runs archivist key rotate {done.key}",
        )
    return f"{head}\n{rest}"


def _still_open(call: Call, done: clearing.StillOpen) -> str:
    head = say(
        f"{done.person} 名下还有未移交的，先交给接办人："
        "archivist dossier key、archivist customer assign 或 customer edit --owner；"
        "借阅的先归还：archivist loan return",
        f"open in the name of {done.person}; give them to a successor first with "
        "archivist dossier key, archivist customer assign or customer edit --owner; what he "
        "borrowed comes back first: archivist loan return",
    )
    kinds = {"dossier": say("客户档案", "dossier"), "customer": say("客户", "customer"),
             "loan": say("借阅", "loan")}  # fmt: skip
    lines = [
        (
            kinds[thing["kind"]],
            thing["id"],
            say("归属人", "owner")
            if thing["role"] == "owner"
            else role_label(call.policy, thing["role"]),
        )
        for thing in done.things
    ]
    heads = (say("种类", "kind"), say("编号", "id"), say("身份", "as"))
    return f"{head}\n\n{table(heads, lines)}"


@person_command.command("list", zh="列出所有人员、角色和涉密权限。", never=NOTHING,
                        exits=(0, 10, 12))  # fmt: skip
@common_options
@pass_call
def list_(call: Call) -> None:
    """List everybody, with their roles and what they are cleared for."""
    rows = enrolling.enrolled(call.archive)
    heads = (say("人员", "person"), say("角色", "roles"), say("部门", "department"),
             say("涉密权限", "cleared for"), say("登记时间", "added"),
             say("离职", "left"))  # fmt: skip
    lines = [
        (r["person"], [role_label(call.policy, role) for role in r["roles"]],
         department_label(call.policy, r["department"]) if r["department"] else None,
         [grade_label(call.policy, grade) for grade in _ranked(call, r["grades"])],
         local_time(r["added"]), local_time(r["left"]))
        for r in rows
    ]  # fmt: skip
    call.emit(rows, lambda: table(heads, lines, cut=(1,)))


def _ranked(call: Call, grades: Iterable[str]) -> list[str]:
    """Grades of the adopted regulations, the most secret first."""
    known = call.policy.grades
    return sorted({*grades} & set(known), key=lambda grade: -known[grade].rank)


def _record(archive: Archive, act: str, who: str) -> None:
    with archive.writing(now(), who) as desk:
        desk.say(act, {"person": who})
        desk.append()
    archive.follow()
