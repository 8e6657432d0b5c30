"""`archivist file`: file documents by hand.

Takes copies; the originals stay where they are. Without --dossier and --type the scan is
routed as if the scanner had dropped it. What is refused lies, as a copy, in a tray. Whoever has
the paper in his hands can say at once what he sees on it (`archivist attest` says the rest).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archivist import attesting
from archivist.cli.attest import copy_options
from archivist.cli.door import FINDINGS, Call, common_options, now, pass_call
from archivist.cli.progress import Progress
from archivist.cli.reading import station_of, write_outcomes
from archivist.cli.say import note, say, write_json
from archivist.cli.spoken import command, option
from archivist.errors import BadRequest
from policies import facts

if TYPE_CHECKING:
    from archivist.intake import Outcome


@command("file", zh="手工归档文件 PATH，逐个输出结果。\n\n"
         "不写 --dossier 和 --type 时，与扫描投放一样自动认定去处。--signed、--copy、--sides "
         "写明在资料上看到的，须与前两项同写。",
         changes=("归档件、台账；未归档的副本放入托盘",
                  "the vault, the ledger; trays for what is refused"),
         never=("原文件", "the files you name: they are copied"),
         exits=(0, 2, 3, 4, 10, 11, 12))  # fmt: skip
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@option("--dossier", metavar="D", zh="归入这份档案。", help="The dossier they belong to.")
@option("--type", "type_", metavar="T", zh="资料种类（代码或名称）。",
        help="The document type, by id or name.")  # fmt: skip
@option("--grade", metavar="G", zh="密级；不写则由制度决定。",
        help="The grade; else the regulations decide.")  # fmt: skip
@copy_options
@common_options
@pass_call
def file_command(
    call: Call, paths: tuple[Path, ...], dossier: str | None, type_: str | None, grade: str | None,
    signed: tuple[str, ...], copy: str | None, sides: int | None,
) -> int:  # fmt: skip
    """File PATH… and print what became of each.

    Without --dossier and --type each is routed as if the scanner had dropped it. --signed,
    --copy and --sides say what you see on the papers; they need both.
    """
    seen = _seen(call, dossier, type_, attesting.Seen(signed, copy=copy or "", sides=sides or 0))
    order = facts.Order(dossier, type_, grade) if dossier or type_ or grade else None
    for path in paths:
        if not path.is_file():
            raise BadRequest(f"{path} 不是文件", f"{path} is not a file")
    refused = 0
    kept: list[Outcome] = []
    filed: list[str] = []
    with (
        station_of(call, None, call.who) as station,
        Progress(say("归档", "filing"), len(paths)) as bar,
    ):
        for path in paths:
            station.offer(call.archive.claims.copy_in(path, now(), os.urandom(10)), order)
            ready = _noted(station.take_ready(wait=False), filed)
            refused += write_outcomes(call, ready, bar, kept)
        refused += write_outcomes(call, _noted(station.finish(), filed), bar, kept)
    if seen and filed:
        attesting.attest(call.archive, call.policy, filed, seen, now(), call.somebody().name)
    if call.json:
        # One document whatever happens: the one outcome, or a list of them.
        rows = [outcome.plain() for outcome in kept]
        write_json(rows[0] if len(rows) == 1 else rows, one_line=True)
    call.archive.ledger.publish()
    if type_ and call.policy.find_type(type_) is None:
        known = say("、", ", ").join(_type_names(call, dossier))
        note(f"archivist: hint: {say('资料种类可为', 'document types there are')}: {known}")
    return FINDINGS if refused else 0


def _type_names(call: Call, dossier: str | None) -> list[str]:
    """What papers are called: those of the dossier's checklist where one is named, else all."""
    types = call.policy.document_types
    row = call.archive.catalogue.dossier(dossier) if dossier else None
    kind = call.policy.find_dossier_type(row["type"]) if row else None
    asked = {name for item in kind.items for name in item.types} if kind else set()
    return [say(t.zh, t.id) for t in types.values() if not asked or t.id in asked or t.anywhere]


def _noted(outcomes: Iterable[Outcome], filed: list[str]) -> Iterator[Outcome]:
    """The outcomes as they pass, their records remembered: they are attested together."""
    for outcome in outcomes:
        if outcome.record:
            filed.append(outcome.record)
        yield outcome


def _seen(
    call: Call, dossier: str | None, type_: str | None, seen: attesting.Seen
) -> attesting.Seen | None:
    """What is to be attested, looked at before anything is filed; None when nothing is."""
    if not seen.plain():
        return None
    if not (dossier and type_):
        raise BadRequest(
            "写明所见时，须同时写 --dossier 和 --type",
            "what you see can be said of a paper whose --dossier and --type you name",
        )
    call.somebody()
    call.archive.follow()
    row = call.archive.the("dossier", dossier)
    attesting.check(call.policy, row["type"], call.policy.document_type(type_).id, seen)
    return seen
