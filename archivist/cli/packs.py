"""`archivist pack`: the regulations as data.

`list` and `show` read the archive's adopted packs, or outside an archive the ones that
come with the program; `check` reads files, points at every mistake by line and names the
clauses that contradict each other; `coverage` says which rule of the source regulations is
carried out where. Only `adopt` changes something: from then on the pack is in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archivist import adopting, regulations, rulebook
from archivist.cli import complaints, pack_pages
from archivist.cli.door import FINDINGS, Call, common_options, now, pass_call
from archivist.cli.say import note, say, table
from archivist.cli.spoken import NOTHING, group, option
from archivist.cli.words import pairs
from archivist.errors import BadRequest, NoArchive
from index import analysis
from policies import packs, policy, questions
from policies.pack import parse_head

if TYPE_CHECKING:
    from policies.pack import Head, Pack
    from policies.policy import Question

_SHOWN_PLACES = 3  # rows that `coverage` names in its table; --json names all


@group("pack", zh="制度包：列出、查看、查错、采用、逐条对照。")
def pack_command() -> None:
    """The regulations: list, show, check, adopt, coverage."""


@pack_command.command(
    "list", zh="列出自带的制度包，以及本档案库采用了哪些。", never=NOTHING, exits=(0, 2, 12)
)
@common_options
@pass_call
def list_(call: Call) -> None:
    """List the packs that come with the program, and which are adopted here."""
    adopted = _adopted(call)
    heads = {head.ref: head for head in (*_shipped(), *(pack.head for pack in adopted.values()))}
    rows: list[dict[str, Any]] = [
        {
            "pack": head.id,
            "version": head.version,
            "title": head.zh,
            "title_en": head.en,
            "source": head.source,
            "adopted": ref in adopted,
        }
        for ref, head in sorted(heads.items())
    ]
    columns = (say("制度包", "pack"), say("版本", "version"), say("名称", "title"),
             say("已采用", "adopted"))  # fmt: skip
    call.emit(
        rows,
        lambda: table(
            columns,
            [(r["pack"], r["version"], say(r["title"], r["title_en"]), r["adopted"]) for r in rows],
        ),
    )


@pack_command.command("show", zh="查看制度包 PACK：密级、档案种类、归档清单、期限。", never=NOTHING,
                      exits=(0, 2, 12))  # fmt: skip
@click.argument("name", metavar="PACK")
@common_options
@pass_call
def show(call: Call, name: str) -> None:
    """Show what PACK says: grades, dossier types, checklists, deadlines."""
    adopted = {pack.id: pack for pack in _adopted(call).values()}
    pack = adopted.get(name) or packs.parse_pack(regulations.pack_text(name), name)
    call.emit(pack_pages.plain(pack), lambda: pack_pages.shown(pack))


@pack_command.command("check", zh="检查制度包文件 FILES，指出每个错误的文件、行号和字段；\n\n"
                      "再看它们彼此之间、与本档案库现行制度之间有无矛盾。",
                      never=NOTHING, exits=(0, 2, 3, 12))  # fmt: skip
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@option("--set", "settings", multiple=True, metavar="K=V",
        zh="假设公司已这样决定；可多次使用。",
        help="Suppose that the company decided this; repeatable.")  # fmt: skip
@common_options
@pass_call
def check(call: Call, files: tuple[Path, ...], settings: tuple[str, ...]) -> int:
    """Check the pack files FILES: point at every mistake, name every contradiction.

    They are compared with each other and, in an archive, with the packs in force there.
    """
    rows: list[dict[str, Any]] = []
    sound: dict[str, Pack] = {}
    for file in files:
        content = _content(file)
        problems = packs.check_pack_bytes(content, str(file))
        rows += [complaints.problem_row(problem) for problem in problems]
        if not problems:
            pack = packs.parse_pack(content.decode("utf-8"), str(file))
            sound[pack.id] = pack
    rows += [
        complaints.question_row(question) for question in _contradictions(call, sound, settings)
    ]
    call.emit(
        rows,
        lambda: (
            "\n".join(map(complaints.shown_problem, rows)) or say("没有发现问题", "no problems")
        ),
    )
    return FINDINGS if rows else 0


def _content(file: Path) -> bytes:
    if file.is_dir():
        raise BadRequest(f"{file} 是文件夹，不是制度包文件", f"{file} is a folder, not a pack file")
    return file.read_bytes() if file.exists() else regulations.pack_text(str(file)).encode()


def _contradictions(
    call: Call, sound: Mapping[str, Pack], settings: tuple[str, ...]
) -> list[Question]:
    """What the packs leave contradictory together; those already in force are asked with them."""
    adopted = _adopted(call)
    company = {**({k: str(v) for k, v in call.settings.company.items()} if adopted else {}),
               **pairs(settings)}  # fmt: skip
    together = {**{pack.id: pack for pack in adopted.values()}, **sound}
    if not sound or len(together) < 2:
        return []
    found = questions.open_questions(
        policy.Policy.adopt(list(together.values()), company, analysis.fold)
    )
    return [question for question in found if question.contradiction]


@pack_command.command("adopt", zh="采用制度包 FILE（自带的名称，或 TOML 文件），从此按它执行。",
                      changes=("packs 目录、台账、archive.toml 的 packs 一行",
                               "packs/, the ledger, the line packs in archive.toml"),
                      never=("已归档的资料", "what was filed before"),
                      exits=(0, 2, 4, 12))  # fmt: skip
@click.argument("file", metavar="FILE")
@option("--shortens", is_flag=True,
        zh="明确声明：新版本缩短的保管期限，也适用于以前归档的资料。不写则以较长的为准。",
        help="Say that periods it shortens also hold for what was filed before; "
             "without it the longer period rules.")  # fmt: skip
@common_options
@pass_call
def adopt(call: Call, file: str, shortens: bool) -> None:
    """Put the pack FILE (its name, or a TOML file) in force from now on."""
    text = _content(Path(file)).decode("utf-8", "replace")
    who = call.somebody().name
    done = adopting.adopt(call.archive, text, Path(file).name, now(), who, shortens)
    complaints.tell_open(done.open)
    row = {
        "pack": done.pack.id,
        "version": done.pack.version,
        "before": done.before,
        "sha256": done.sha256,
        "open": [complaints.question_row(question) for question in done.open],
    }
    before = say(f"（此前 {done.before}）", f" (before: {done.before})") if done.before else ""
    call.emit(row, say(f"已采用 {done.pack.ref}{before}", f"adopted {done.pack.ref}{before}"))


@pack_command.command("coverage", zh="各制度的每一条由哪里执行、由哪些测试证明。", never=NOTHING,
                      exits=(0, 3))  # fmt: skip
@common_options
@pass_call
def coverage(call: Call) -> int:
    """Where each rule of the source regulations is carried out, and which tests prove it."""
    rows = rulebook.coverage()
    gaps = rulebook.uncovered(rows)
    heads = (say("条款", "rule"), say("类", "class"), say("何处执行", "carried out by"),
             say("测试", "tests"))  # fmt: skip
    call.emit(
        rows,
        lambda: table(
            heads,
            [(r["rule"], r["class"], _carried_out(r), len(r["tests"])) for r in rows],
            cut=(2,),
        ),
    )
    for gap in gaps:
        note(gap)
    return FINDINGS if gaps else 0


def _carried_out(row: dict[str, Any]) -> str:
    if not row["where"]:
        why = row["outside"] or {"zh": "", "en": ""}
        return say(f"不在档案范围：{why['zh']}", f"outside: {why['en']}")
    places = row["where"].split("; ")
    more = len(places) - _SHOWN_PLACES
    return "; ".join(places[:_SHOWN_PLACES]) + (f" … +{more}" if more > 0 else "")


def _shipped() -> Iterator[Head]:
    for name, text in regulations.shipped_packs().items():
        yield parse_head(text, name)


def _adopted(call: Call) -> dict[str, Pack]:
    try:
        settings = call.settings
    except NoArchive:
        return {}
    call.archive.follow()
    found = regulations.in_force(settings, call.archive.catalogue)
    return {pack.ref: pack for pack in found.packs}
