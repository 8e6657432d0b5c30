"""`archivist key`: the keys of the grades: who holds them, moving to new ones, a way back.

`rotate` seals every record of a grade anew and destroys the old key. `escrow` writes all keys
into one file under a passphrase of its own; `recover` opens the archive with it when a passphrase
or the house key is lost.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archivist import enrolling, escrow, regulations, rotation
from archivist.cli.door import (
    DAMAGE,
    DONE,
    Call,
    ask_escrow_passphrase,
    ask_new_passphrase,
    common_options,
    house_key_path,
    now,
    pass_call,
)
from archivist.cli.labels import key_label, local_time
from archivist.cli.progress import Progress
from archivist.cli.say import counted, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, group, option, several
from archivist.errors import BadRequest
from archivist.records import grade_of, target_of
from storage.keys import AT_HOUSE

if TYPE_CHECKING:
    from archivist.archive import Archive

DEFAULT_ROLES = ("archivist",)
KEPT = ("资料本身（只重写密钥头）", "the records themselves: only their heads are rewritten")


@group("key", zh="密钥：列出、轮换、托管、恢复。")
def key_command() -> None:
    """Keys of the grades: list, rotate, escrow, recover."""


@key_command.command("list", zh="各密级的密钥：第几代、何时生成、谁持有、封存多少份资料。",
                     never=NOTHING, exits=(0, 10, 12))  # fmt: skip
@common_options
@pass_call
def list_(call: Call) -> None:
    """Generations of each grade's key: made when, held by whom, and how many records they seal."""
    call.archive.follow()
    rows = _generations(call.archive)
    heads = (say("密级", "grade"), say("代", "generation"), say("生成时间", "made"),
             say("资料", "records"), say("持有人", "held by"), say("状态", "state"))  # fmt: skip
    states = {"current": say("现用", "current"), "older": say("待轮换", "to be rotated"),
              "destroyed": say("已销毁", "destroyed")}  # fmt: skip

    def shown() -> str:
        lines = [
            (key_label(call.policy, row["key"]), row["generation"], local_time(row["made"]),
             row["records"], [_holder(name) for name in row["holders"]], states[row["state"]])
            for row in rows
        ]  # fmt: skip
        return table(heads, lines, cut=(4,))

    call.emit(rows, shown)
    if any(row["state"] == "current" and not row["escrowed"] for row in rows):
        note(
            say(
                "现用密钥尚未全部托管：archivist key escrow -o 文件",
                "not every current key is in a recovery bundle: archivist key escrow -o FILE",
            )
        )


def _holder(name: str) -> str:
    return say("馆钥", "the house key") if name == AT_HOUSE else name


def _generations(archive: Archive) -> list[dict[str, Any]]:
    records = {
        (row["key"], row["generation"]): row["records"]
        for row in archive.catalogue.generations_used()
    }
    bundles = [
        entry for entry in archive.entries_of(archive.settings.archive_id) if entry.act == "escrow"
    ]
    escrowed = bundles[-1].fields["generations"] if bundles else {}
    rows = []
    for key in sorted(archive.catalogue.key_ids()):
        newest = archive.catalogue.newest_generation(key)
        for entry in archive.entries_of(key):
            if entry.act != "key":
                continue
            generation = entry.fields["generation"]
            holders = archive.keys.holders(key, generation)
            sealing = bool(holders) or (key, generation) in records
            latest = "current" if generation == newest else "older"
            rows.append({
                "key": key, "grade": grade_of(key), "target": target_of(key),
                "generation": generation, "made": entry.time,
                "records": records.get((key, generation), 0), "holders": holders,
                "state": latest if sealing else "destroyed",
                "escrowed": generation in escrowed.get(key, ()),
            })  # fmt: skip
    return rows


@key_command.command("rotate", zh="为密级 GRADE 换新密钥：重封每份资料的密钥头，再销毁旧密钥。\n\n"
                     "也可写知悉范围的密钥，如 TOP-D000001。"
                     "中断后再次运行即可继续。此前制作的恢复包随即作废。",
                     changes=(f"密钥头、密钥文件、该密级的全文索引；{ENTRY[0]}",
                              f"heads, key files, the grade's index; {ENTRY[1]}"),
                     never=KEPT, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("grade")
@common_options
@pass_call
def rotate(call: Call, grade: str) -> int:
    """Give GRADE a new key: seal the head of every record anew, then destroy the old key.

    A need-to-know list's key may be named too, as TOP-D000001.
    What was interrupted goes on when it is run again. Recovery bundles made before are void.
    """
    call.somebody()
    person = call.person
    assert person is not None
    call.archive.follow()
    listed = grade in call.archive.catalogue.key_ids() and target_of(grade) is not None
    code = grade if listed else call.policy.grade(grade).code
    with Progress(say("轮换密钥", "rotating")) as bar:
        done = rotation.rotate(call.archive, code, person, now(), bar.reach)
    result = {"grade": grade_of(done.key), "target": target_of(done.key),
              "generation": done.generation, "records": done.records,
              "destroyed": list(done.destroyed), "damaged": list(done.damaged)}  # fmt: skip
    label = key_label(call.policy, code)
    call.emit(result, say(f"{label}：{done.records} 份资料已改用第 {done.generation} 代密钥",
                          f"{label}: {counted(done.records, 'record')} moved to generation "
                          f"{done.generation}"))  # fmt: skip
    if done.damaged:
        note(
            say(
                f"{len(done.damaged)} 份资料的密钥头已损坏，旧密钥予以保留："
                f"{'、'.join(done.damaged)}。请从副本取回后再次运行。",
                f"the old key stays for {counted(len(done.damaged), 'record')} with a damaged "
                f"head: {', '.join(done.damaged)}. Put them back from a copy and run again.",
            )
        )
        return DAMAGE
    note(say("旧密钥已销毁；此前的恢复包已作废，请重新制作：archivist key escrow -o 文件",
             "the old key is destroyed; earlier recovery bundles are void, make a new one: "
             "archivist key escrow -o FILE"))  # fmt: skip
    return DONE


@key_command.command("escrow", zh="把现用的全部密钥和馆钥封入一个恢复包，另设口令。\n\n"
                     "口令输入两次，或取自 ARCHIVIST_ESCROW_PASSPHRASE。"
                     "与口令分开，存放在档案库之外。",
                     changes=(f"您指定的文件；{ENTRY[0]}", f"the file you name; {ENTRY[1]}"),
                     never=("档案和密钥", "records and keys"),
                     exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@option("-o", "--output", "target", required=True, metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        zh="写到这个新文件。", help="The new file to write.")  # fmt: skip
@common_options
@pass_call
def escrow_(call: Call, target: Path) -> None:
    """Seal every key in use and the house key into one file, under a passphrase of its own.

    The passphrase is typed twice, or comes from ARCHIVIST_ESCROW_PASSPHRASE. Keep file and
    passphrase apart, and both away from the archive.
    """
    call.somebody()
    person = call.person
    assert person is not None
    archive = call.archive
    archive.follow()
    phrase = ask_escrow_passphrase(new=True)
    issued = escrow.issue(archive, person, target, phrase, now(), call.settings.scrypt_log_n)
    result = {"file": str(target), "sha256": issued.sha256, "generations": issued.generations,
              "lacking": list(issued.lacking)}  # fmt: skip
    if issued.lacking:
        keys = [key_label(call.policy, key) for key in issued.lacking]
        note(say(f"您不在其知悉范围内，恢复包缺少这些密钥：{'、'.join(keys)}；请由名单上的人另做一份",
                 f"you are not on the need-to-know lists of {', '.join(keys)}: the bundle lacks "
                 "their keys; somebody who is makes another"))  # fmt: skip
    call.emit(result, say(f"恢复包已写入 {target}\nSHA-256 {issued.sha256}",
                          f"the recovery bundle is {target}\nSHA-256 {issued.sha256}"))  # fmt: skip


@key_command.command("recover", zh="口令或馆钥丢失后，凭恢复包 FILE 重新打开档案库。\n\n"
                     "馆钥放回原处；NAME 得到新密钥、新口令和全部涉密权限；密钥对半缺失时另做新的，"
                     "并为有权限的人重新封存。恢复包的口令取自 "
                     "ARCHIVIST_ESCROW_PASSPHRASE 或终端，"
                     "新口令取自 ARCHIVIST_NEW_PASSPHRASE 或终端。",
                     changes=("馆钥和密钥对半（仅在缺少时）、NAME 的密钥文件、"
                              f"各人所持密级密钥的封存件；{ENTRY[0]}",
                              "the house key and counterparts if missing, the key files of NAME, "
                              f"the grades' keys as sealed to each person; {ENTRY[1]}"),
                     never=("别人的口令和个人密钥；档案",
                            "anybody else's passphrase and own keys; records"),
                     exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("file", type=click.Path(path_type=Path))
@option("--person", "name", required=True, metavar="NAME",
        zh="由谁接手：已有人员，或新的姓名。",
        help="Who takes over: somebody known, or a new name.")  # fmt: skip
@several("--role", "roles", metavar="ROLE…", zh="新人员的职务；不写则为 archivist。",
         help="Roles of a new person; else archivist.")  # fmt: skip
@common_options
@pass_call
def recover(call: Call, file: Path, name: str, roles: tuple[str, ...]) -> None:
    """Open the archive again with the recovery bundle FILE, when a passphrase or the house key
    is lost.

    The house key is put back to its place; NAME gets new keys, a new passphrase and every
    clearance. Where counterparts are missing, others are made, and everybody cleared gets the
    keys sealed anew. The bundle's passphrase comes from ARCHIVIST_ESCROW_PASSPHRASE or the
    terminal, the new one from ARCHIVIST_NEW_PASSPHRASE or the terminal.
    """
    bundle, sha256 = escrow.open_bundle(file, ask_escrow_passphrase())
    place = house_key_path(call.settings.archive_id)
    archive = escrow.reopened(call.settings, bundle, call.counterparts)
    try:
        known = archive.catalogue.person(name)
        if known is not None and roles:
            raise BadRequest("已有人员保留原有职务，请不要写 --role",
                             "somebody known keeps the roles: leave out --role")  # fmt: skip
        policy = regulations.policy_of(call.settings, archive.catalogue)
        heir = escrow.Heir(
            name, ask_new_passphrase(name), enrolling.role_ids(policy, roles or DEFAULT_ROLES)
        )
        restored = escrow.keep_house_key(bundle, place)
        escrow.recover_person(archive, bundle, sha256, heir, now(), call.settings.scrypt_log_n)
    finally:
        archive.close()
    if restored:
        note(say(f"馆钥已放回 {place}", f"the house key is back at {place}"))
    result = {"person": name, "house_key": str(place), "restored": restored,
              "generations": bundle.generations}  # fmt: skip
    call.emit(
        result,
        say(
            f"{name} 已取得全部密钥；请登录，并轮换各密级的密钥",
            f"{name} holds every key; log in, and rotate the keys of the grades",
        ),
    )
