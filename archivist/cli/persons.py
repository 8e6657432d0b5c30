"""`archivist login`, `logout`, `whoami`, `person`: whose keys are at hand, and who has any.

`login` keeps the unlocked keys in memory-backed storage of this machine for some hours,
readable by this user alone; `logout` forgets them. `person add` makes keys for somebody else.
All of them are recorded.
"""

import os
from dataclasses import replace
from datetime import timedelta

import click

from archivist import enrolling
from archivist.archive import Archive
from archivist.cli.door import (
    Call,
    ask_new_passphrase,
    ask_passphrase,
    common_options,
    now,
    pass_call,
)
from archivist.cli.labels import department_label, grade_label, local_time, role_label, word
from archivist.cli.say import facts, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, command, group, option, several
from archivist.errors import BadRequest
from archivist.regulations import department_id
from storage import session

KEPT = ("资料和密钥", "records and keys")


@command("login", zh="打开 NAME 的密钥，几小时内有效；只有一位用户时可不写姓名。",
         changes=(f"本机内存中的会话；{ENTRY[0]}",
                  f"a session in this machine's memory; {ENTRY[1]}"),
         never=KEPT, exits=(0, 2, 10, 11, 12))  # fmt: skip
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
    folder = session.runtime_folder(os.environ)
    session.save(
        folder, call.settings.archive_id, unlocked.unlocked(), expires, unlocked.index_keys
    )
    _record(call.archive, "login", who)
    until = expires.astimezone().strftime("%Y-%m-%d %H:%M")
    result = {"person": who, "until": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    call.emit(result, say(f"{who} 已登录，至 {until}", f"{who} is logged in until {until}"))


@command("logout", zh="忘掉已打开的密钥。",
         changes=(f"会话结束；{ENTRY[0]}", f"the session ends; {ENTRY[1]}"),
         never=KEPT, exits=(0, 10, 11, 12))  # fmt: skip
@common_options
@pass_call
def logout_command(call: Call) -> None:
    """Forget the unlocked keys."""
    folder = session.runtime_folder(os.environ)
    person = session.load(folder, call.settings.archive_id, now())
    session.forget(folder, call.settings.archive_id)
    if person is not None:
        _record(call.archive, "logout", person.name)
    call.emit({"person": person.name if person else None}, say("已退出", "logged out"))


@command("whoami", zh="谁已登录，密钥能打开哪些密级。", never=NOTHING, exits=(0, 2, 10, 12))
@common_options
@pass_call
def whoami_command(call: Call) -> None:
    """Who is logged in, and which grades that person's keys open."""
    person = call.somebody()
    archive = call.archive
    archive.follow()
    row = next((p for p in archive.catalogue.people() if p["id"] == person.name), None)
    held = archive.keys.held_by(person.name)
    ranked = sorted(
        {grade for grade, _ in held} & set(call.policy.grades),
        key=lambda grade: -call.policy.grades[grade].rank,
    )
    result = {
        "person": person.name,
        "roles": row["roles"] if row else [],
        "grades": [{"grade": grade, "generation": generation} for grade, generation in held],
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
            )
        ),
    )


@group("person", zh="人员：登记、列出。")
def person_command() -> None:
    """People: add, list."""


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
    within = department_id(call.policy, department) if department else ""
    held = enrolling.role_ids(call.policy, roles)
    newcomer = enrolling.Newcomer(name, held, within)
    enrolling.check(call.archive, call.policy, newcomer, by)
    newcomer = replace(newcomer, passphrase=ask_new_passphrase(name))
    unknown = enrolling.enrol(
        call.archive, call.policy, newcomer, now(), by, call.settings.scrypt_log_n
    )
    for role in unknown:
        note(say(f"注意：所采用的制度中没有角色 {role}",
                 f"note: no adopted regulation speaks of the role {role}"))  # fmt: skip
    row = {"person": name, "roles": list(newcomer.roles), "department": within or None,
           "unknown_roles": list(unknown)}  # fmt: skip
    call.emit(row, name)


@person_command.command("list", zh="列出所有人员及其角色。", never=NOTHING, exits=(0, 10, 12))
@common_options
@pass_call
def list_(call: Call) -> None:
    """List everybody, with their roles."""
    rows = enrolling.enrolled(call.archive)
    heads = (say("人员", "person"), say("角色", "roles"), say("部门", "department"),
             say("登记时间", "added"))  # fmt: skip
    lines = [
        (r["person"], [role_label(call.policy, role) for role in r["roles"]],
         department_label(call.policy, r["department"]) if r["department"] else None,
         local_time(r["added"]))
        for r in rows
    ]  # fmt: skip
    call.emit(rows, lambda: table(heads, lines, cut=(1,)))


def _record(archive: Archive, act: str, who: str) -> None:
    with archive.writing(now(), who) as desk:
        desk.say(act, {"person": who})
        desk.append()
    archive.follow()
