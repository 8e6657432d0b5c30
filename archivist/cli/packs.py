"""`archivist pack`: the regulations as data.

`list` and `show` read the archive's adopted packs, or outside an archive the ones that
come with the program; `check` reads a file and points at every mistake by line. Nothing
is changed.
"""

from pathlib import Path
from typing import Any

import click

from archivist import regulations
from archivist.cli.complaints import problem_line
from archivist.cli.door import FINDINGS, Call, common_options, pass_call
from archivist.cli.labels import word
from archivist.cli.say import facts, say, table
from archivist.cli.spoken import NOTHING, group
from archivist.errors import BadRequest, NoArchive
from policies.pack_rows import DocumentType, DossierType, Grade
from policies.packs import Pack, check_pack, check_pack_bytes, parse_pack

_UNITS = {"working_days": ("个工作日", "working days"), "days": ("天", "days"),
          "months": ("个月", "months")}  # fmt: skip


@group("pack", zh="制度包：列出、查看、查错。")
def pack_command() -> None:
    """The regulations: list, show, check."""


@pack_command.command(
    "list", zh="列出自带的制度包，以及本档案库采用了哪些。", never=NOTHING, exits=(0, 2)
)
@common_options
@pass_call
def list_(call: Call) -> None:
    """List the packs that come with the program, and which are adopted here."""
    adopted = _adopted(call)
    packs = {pack.ref: pack for pack in [*_shipped().values(), *adopted.values()]}
    rows: list[dict[str, Any]] = [
        {
            "pack": pack.id,
            "version": pack.version,
            "title": pack.head.zh,
            "title_en": pack.head.en,
            "source": pack.head.source,
            "adopted": ref in adopted,
        }
        for ref, pack in sorted(packs.items())
    ]
    heads = (say("制度包", "pack"), say("版本", "version"), say("名称", "title"),
             say("已采用", "adopted"))  # fmt: skip
    call.emit(
        rows,
        lambda: table(
            heads,
            [(r["pack"], r["version"], say(r["title"], r["title_en"]), r["adopted"]) for r in rows],
        ),
    )


@pack_command.command("show", zh="查看制度包 PACK：密级、档案种类、归档清单、期限。", never=NOTHING,
                      exits=(0, 2))  # fmt: skip
@click.argument("name", metavar="PACK")
@common_options
@pass_call
def show(call: Call, name: str) -> None:
    """Show what PACK says: grades, dossier types, checklists, deadlines."""
    adopted = {pack.id: pack for pack in _adopted(call).values()}
    pack = adopted.get(name) or parse_pack(regulations.pack_text(name), name)
    call.emit(_plain(pack), lambda: _shown(pack))


@pack_command.command("check", zh="检查制度包文件 FILES，指出每个错误的文件、行号和字段。",
                      never=NOTHING, exits=(0, 2, 3))  # fmt: skip
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@common_options
@pass_call
def check(call: Call, files: tuple[Path, ...]) -> int:
    """Check the pack files FILES and point at every mistake by file, line and field."""
    problems = []
    for file in files:
        if file.is_dir():
            raise BadRequest(
                f"{file} 是文件夹，不是制度包文件", f"{file} is a folder, not a pack file"
            )
        if file.exists():
            problems += check_pack_bytes(file.read_bytes(), str(file))
        else:
            problems += check_pack(regulations.pack_text(str(file)), str(file))
    rows: list[dict[str, Any]] = [
        {"file": p.file, "line": p.line, "field": p.field, "zh": p.zh, "en": p.en} for p in problems
    ]
    call.emit(
        rows,
        lambda: (
            "\n".join(problem_line(**row) for row in rows) or say("没有发现问题", "no problems")
        ),
    )
    return FINDINGS if rows else 0


def _shipped() -> dict[str, Pack]:
    packs = (parse_pack(text, name) for name, text in regulations.shipped_packs().items())
    return {pack.ref: pack for pack in packs}


def _adopted(call: Call) -> dict[str, Pack]:
    try:
        settings = call.settings
    except NoArchive:
        return {}
    packs = (regulations.adopted_pack(settings, ref) for ref in settings.packs)
    return {pack.ref: pack for pack in packs}


def _plain(pack: Pack) -> dict[str, Any]:
    return {
        "pack": pack.id,
        "version": pack.version,
        "title": pack.head.zh,
        "title_en": pack.head.en,
        "source": pack.head.source,
        "effective_from": pack.head.effective_from.isoformat(),
        "grades": [
            {"grade": g.code, "label": g.zh, "rank": g.rank, "mark": g.mark, "encrypt": g.encrypt,
             "clause": g.clause} for g in pack.rows(Grade)
        ],
        "document_types": [
            {"type": t.id, "title": t.zh, "title_en": t.en, "clause": t.clause}
            for t in pack.rows(DocumentType)
        ],
        "dossier_types": [
            {
                "type": d.id,
                "title": d.zh,
                "title_en": d.en,
                "kind": d.kind,
                "department": d.department,
                "keys": [key.id for key in d.keys],
                "events": [event.id for event in d.events],
                "deadlines": [
                    {"after": due.after, "unit": due.unit, "count": due.count,
                     "items": list(due.items) or None, "clause": due.clause} for due in d.deadlines
                ],
                "items": [
                    {"item": i.id, "title": i.zh, "types": list(i.types), "required": i.required,
                     "when": i.when or None, "clause": i.clause} for i in d.items
                ],
            }
            for d in pack.rows(DossierType)
        ],
    }  # fmt: skip


def _shown(pack: Pack) -> str:
    parts = [
        facts(
            (
                (say("制度包", "pack"), pack.ref),
                (say("名称", "title"), say(pack.head.zh, pack.head.en)),
                (say("来源", "source"), pack.head.source),
                (say("施行", "effective"), pack.head.effective_from.isoformat()),
            )
        )
    ]
    if grades := pack.rows(Grade):
        heads: tuple[str, ...] = (say("密级", "grade"), say("名称", "label"), say("标志", "mark"),
                                  say("加密", "sealed"), say("条款", "clause"))  # fmt: skip
        parts.append(
            table(
                heads,
                [(g.code, say(g.zh, g.en), g.mark, g.encrypt, g.clause) for g in pack.rows(Grade)],
            )
        )
    heads = (say("项目", "item"), say("名称", "title"), say("要求", "required"),
             say("条款", "clause"))  # fmt: skip
    for kind in pack.rows(DossierType):
        rows = [(i.id, say(i.zh, i.en), word(i.required), i.clause) for i in kind.items]
        parts.append(f"{_described(kind)}\n{table(heads, rows, cut=(1,))}")
    return "\n\n".join(parts)


def _described(kind: DossierType) -> str:
    """What a clerk must know to open one: its name, keys and events, and its deadline."""
    events = {event.id: say(event.zh, event.en) for event in kind.events}
    lines = [(kind.id, say(kind.zh, kind.en)),
             (say("键", "keys"), {key.id: say(key.zh, key.en) for key in kind.keys}),
             (say("事件", "events"), events)]  # fmt: skip
    for due in kind.deadlines:
        after = events.get(due.after, due.after)
        unit = say(*_UNITS[due.unit])
        when = say(f"{after}后 {due.count} {unit}", f"{due.count} {unit} after {after}")
        when = when if due.count else say(f"{after}当日", f"the day of {after}")
        lines.append((say("期限", "deadline"), f"{when}  {due.clause}"))
    return facts(lines)
