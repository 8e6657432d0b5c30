"""`archivist init`: make an archive.

Writes DIR (which must be empty or absent) and the house key, which lies outside DIR: a
copy of the folder alone cannot be read.
"""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archivist import founding, regulations
from archivist.cli.complaints import question_row, tell_open
from archivist.cli.door import (
    Call,
    ask_new_passphrase,
    common_options,
    counterparts_of,
    house_key_path,
    now,
    pass_call,
)
from archivist.cli.say import note, say
from archivist.cli.spoken import command, option, several
from archivist.cli.words import pairs
from policies import pack_rows, questions, rule_rows

if TYPE_CHECKING:
    from policies.packs import Pack
    from storage.keys import Suite


@command("init", zh="在目录 DIR 中新建档案库、密钥和第一位用户。\n\n"
         "制度没有写明、须由公司决定的事项，用 --set 决定。",
         changes=("目录 DIR；放在 DIR 之外的馆钥", "DIR, and the house key, which lies outside it"),
         never=("不是空的目录", "a folder that is not empty"), exits=(0, 2, 12))  # fmt: skip
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@several("--pack", "packs", required=True, metavar="PACK…",
         zh="自带的制度包，或 TOML 文件；可写几个，也可多次使用。",
         help="Packs that come with the program, or TOML files; repeatable.")  # fmt: skip
@option("--person", metavar="NAME", zh="第一位用户；不写则用登录系统的名字。",
        help="The first person; otherwise your login name.")  # fmt: skip
@several("--role", "roles", metavar="ROLE…",
         zh="此人的职务（名称或编号）；可写几个，也可多次使用。",
         help="Roles of that person, by name or id; repeatable.")  # fmt: skip
@option("--set", "settings", multiple=True, metavar="K=V",
        zh="决定制度留给公司的事项，如 ungraded=SECRET；可多次使用。",
        help="Decide what the packs leave open, e.g. ungraded=SECRET; repeatable.")  # fmt: skip
@option("--suite", type=click.Choice(["hybrid", "x25519"]), default="hybrid", show_default=True,
        zh="密级密钥：抗量子的 hybrid，或任何 age 1.0 以上工具都能打开的 x25519。"
           "个人密钥总是 hybrid。",
        help="Grade keys: hybrid (post-quantum), or x25519, which any age tool from 1.0 on "
             "opens. Persons' own keys stay hybrid.")  # fmt: skip
@option("--work-factor", type=click.IntRange(16, 22), default=18, show_default=True, metavar="N",
        zh="试一次口令的代价：2 的 N 次方（16 到 22）。",
        help="Cost of one passphrase attempt: 2^N (16 to 22).")  # fmt: skip
@common_options
@pass_call
def init_command(
    call: Call, folder: Path, packs: tuple[str, ...], person: str | None, roles: tuple[str, ...],
    settings: tuple[str, ...], suite: Suite, work_factor: int,
) -> None:  # fmt: skip
    """Create an archive in DIR, its keys and its first person.

    What the regulations leave to the company is decided with --set.
    """
    texts = [(name, regulations.pack_text(name)) for name in packs]
    adopted = founding.read_packs(texts)
    company = _decided(adopted, pairs(settings))
    policy = founding.settle([pack for pack, _ in adopted], company)
    left = questions.open_questions(policy)
    name = person or call.wanted or getpass.getuser()
    plan = founding.Plan(
        root=folder.absolute(),
        packs=adopted,
        company=company,
        founder=founding.Founder(
            name, roles or ("archivist",), ask_new_passphrase(name, "ARCHIVIST_PASSPHRASE")
        ),
        suite=suite,
        scrypt_log_n=work_factor,
    )
    archive = founding.found(plan, now(), os.urandom, house_key_path, counterparts_of)
    key_path = str(house_key_path(archive.settings.archive_id))
    note(
        say(
            f"馆钥在 {key_path}，请另存一份；没有它，目录和台账签名都无法恢复。",
            f"the house key is {key_path}; keep a copy elsewhere: nothing replaces it.",
        )
    )
    result = {
        "archive": str(archive.root),
        "id": archive.settings.archive_id,
        "person": name,
        "house_key": key_path,
        "packs": list(archive.settings.packs),
        "open": [question_row(question) for question in left],
    }
    tell_open(left)
    call.emit(result, say(f"已建立档案库 {archive.root}", f"created the archive {archive.root}"))


def _decided(packs: list[tuple[Pack, str]], given: dict[str, str]) -> dict[str, str]:
    """What the company decides, with the one answer that can be given for it: and it is said.

    Papers that a regulation puts in scope without a grade get the lowest grade that is
    still a secret. It is written into archive.toml, where it can be read and changed; a pack of
    the company's own that says which grade it is has the word.
    """
    needed = {need.id for pack, _ in packs for need in pack.rows(pack_rows.Need)}
    said = {row.id for pack, _ in packs for row in pack.rows(rule_rows.CompanySetting)} | set(given)
    if "ungraded" in needed - said:
        note(
            say(
                "制度未定级的资料按“秘密”处理（archive.toml 的 [company] ungraded 可改）。",
                "papers that no clause grades become SECRET ([company] ungraded in archive.toml).",
            )
        )
        return {"ungraded": "SECRET", **given}
    return given
