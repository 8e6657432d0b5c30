"""`archivist init`: make an archive.

Writes DIR (which must be empty or absent) and the house key, which lies outside DIR: a
copy of the folder alone cannot be read. Exit codes: 0; 2 when packs leave something
undecided or DIR is not empty; 12 without a passphrase.
"""

import getpass
import os
from pathlib import Path

import click

from archivist import founding, regulations
from archivist.cli.door import (
    Call,
    ask_new_passphrase,
    common_options,
    house_key_path,
    now,
    pass_call,
)
from archivist.cli.say import note, say
from archivist.cli.words import pairs
from policies.pack_rows import Pack
from storage.keys import Suite


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--pack", "packs", multiple=True, required=True, metavar="PACK",
              help="A pack that comes with the program, or a TOML file; repeatable.")  # fmt: skip
@click.option("--person", metavar="NAME", help="The first person; otherwise your login name.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Roles of that person.")
@click.option("--set", "settings", multiple=True, metavar="K=V",
              help="Decide what the regulations leave open, e.g. ungraded=SECRET.")  # fmt: skip
@click.option("--suite", type=click.Choice(["hybrid", "x25519"]), default="hybrid",
              help="Grade keys: post-quantum, or readable by every age tool.")  # fmt: skip
@click.option("--work-factor", type=click.IntRange(16, 22), default=18, metavar="N",
              help="Cost of one passphrase attempt: 2^N (16 to 22).")  # fmt: skip
@common_options
@pass_call
def init_command(
    call: Call, folder: Path, packs: tuple[str, ...], person: str | None, roles: tuple[str, ...],
    settings: tuple[str, ...], suite: Suite, work_factor: int,
) -> None:  # fmt: skip
    """Create an archive in DIR, its keys and its first person."""
    texts = [(name, regulations.pack_text(name)) for name in packs]
    adopted = founding.read_packs(texts)
    company = _decided(adopted, pairs(settings))
    founding.settle([pack for pack, _ in adopted], company)
    name = person or call.person_name or os.environ.get("ARCHIVIST_PERSON") or getpass.getuser()
    plan = founding.Plan(
        root=folder.absolute(),
        packs=adopted,
        company=company,
        founder=founding.Founder(name, roles or ("archivist",), ask_new_passphrase(name)),
        suite=suite,
        scrypt_log_n=work_factor,
    )
    archive = founding.found(plan, now(), os.urandom, house_key_path)
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
    }
    call.emit(result, say(f"已建立档案库 {archive.root}", f"created the archive {archive.root}"))


def _decided(packs: list[tuple[Pack, str]], given: dict[str, str]) -> dict[str, str]:
    """What the company decides, with the one answer that can be given for it: and it is said.

    Papers that a regulation puts in scope without a grade get the lowest grade that is
    still a secret. It is written into archive.toml, where it can be read and changed.
    """
    needed = {need.id for pack, _ in packs for need in pack.needs}
    if "ungraded" in needed and "ungraded" not in given:
        note(
            say(
                "制度未定级的资料按“秘密”处理（archive.toml 的 [company] ungraded 可改）。",
                "papers that no clause grades become SECRET ([company] ungraded in archive.toml).",
            )
        )
        return {"ungraded": "SECRET", **given}
    return given
