"""`archivist pack`: the regulations as data.

`list` and `show` read the archive's adopted packs, or outside an archive the ones that
come with the program; `check` reads a file and points at every mistake by line. Nothing
is changed. Exit codes: 0; 3 when `check` finds something.
"""

from pathlib import Path
from typing import Any

import click

from archivist import regulations
from archivist.cli.door import FINDINGS, Call, common_options, pass_call
from archivist.cli.say import facts, say, table
from archivist.errors import NoArchive
from policies.pack_rows import Pack
from policies.packs import check_pack, parse_pack


@click.group("pack")
def pack_command() -> None:
    """The regulations: list, show, check."""


@pack_command.command("list")
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
            "title": pack.zh,
            "title_en": pack.en,
            "source": pack.source,
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


@pack_command.command("show")
@click.argument("name", metavar="PACK")
@common_options
@pass_call
def show(call: Call, name: str) -> None:
    """Show what a pack says: dossier types, checklists, deadlines, grades."""
    adopted = {pack.id: pack for pack in _adopted(call).values()}
    pack = adopted.get(name) or parse_pack(regulations.pack_text(name), name)
    call.emit(_plain(pack), lambda: _shown(pack))


@pack_command.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@common_options
@pass_call
def check(call: Call, files: tuple[Path, ...]) -> int:
    """Check pack files and point at every mistake by file, line and field."""
    problems = []
    for file in files:
        text = file.read_text("utf-8") if file.exists() else regulations.pack_text(str(file))
        problems += check_pack(text, str(file))
    rows: list[dict[str, Any]] = [
        {"file": p.file, "line": p.line, "field": p.field, "zh": p.zh, "en": p.en} for p in problems
    ]
    call.emit(
        rows,
        lambda: "\n".join(f"{r['file']}:{r['line']}: {r['field']}: {say(r['zh'], r['en'])}"
                          for r in rows) or say("没有发现问题", "no problems"),
    )  # fmt: skip
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
        "title": pack.zh,
        "title_en": pack.en,
        "source": pack.source,
        "effective_from": pack.effective_from.isoformat(),
        "grades": [
            {"grade": g.code, "label": g.zh, "rank": g.rank, "mark": g.mark, "encrypt": g.encrypt,
             "clause": g.clause} for g in pack.grades
        ],
        "document_types": [
            {"type": t.id, "title": t.zh, "title_en": t.en, "clause": t.clause}
            for t in pack.document_types
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
                "deadline": {"after": d.deadline.after, "unit": d.deadline.unit,
                             "count": d.deadline.count, "clause": d.deadline.clause}
                if d.deadline else None,
                "items": [
                    {"item": i.id, "title": i.zh, "types": list(i.types), "required": i.required,
                     "when": i.when or None, "clause": i.clause} for i in d.items
                ],
            }
            for d in pack.dossier_types
        ],
    }  # fmt: skip


def _shown(pack: Pack) -> str:
    parts = [
        facts(
            (
                (say("制度包", "pack"), pack.ref),
                (say("名称", "title"), say(pack.zh, pack.en)),
                (say("来源", "source"), pack.source),
                (say("施行", "effective"), pack.effective_from.isoformat()),
            )
        )
    ]
    if pack.grades:
        heads: tuple[str, ...] = (say("密级", "grade"), say("名称", "label"), say("标志", "mark"),
                                  say("加密", "sealed"), say("条款", "clause"))  # fmt: skip
        parts.append(
            table(
                heads, [(g.code, say(g.zh, g.en), g.mark, g.encrypt, g.clause) for g in pack.grades]
            )
        )
    heads = (say("项目", "item"), say("名称", "title"), say("要求", "required"),
             say("条款", "clause"))  # fmt: skip
    for kind in pack.dossier_types:
        due = kind.deadline
        when = f"  {due.after} + {due.count} {due.unit}  {due.clause}" if due else ""
        rows = [(i.id, say(i.zh, i.en), i.required, i.clause) for i in kind.items]
        parts.append(f"{kind.id}  {say(kind.zh, kind.en)}{when}\n{table(heads, rows)}")
    return "\n\n".join(parts)
