"""`archivist file`: file documents by hand.

Takes copies; the originals stay where they are. Without --dossier and --type the scan is
routed as if the scanner had dropped it. Exit codes: 0; 3 when something was refused (its
copy lies in a tray); 11 when the archive is locked.
"""

import os
from pathlib import Path

import click

from archivist.cli.door import FINDINGS, Call, common_options, now, pass_call
from archivist.cli.reading import station_of, write_outcome
from archivist.errors import BadRequest
from policies.facts import Order


@click.command("file")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dossier", metavar="D")
@click.option("--type", "type_", metavar="T")
@click.option("--grade", metavar="G")
@common_options
@pass_call
def file_command(
    call: Call, paths: tuple[Path, ...], dossier: str | None, type_: str | None, grade: str | None
) -> int:
    """File PATH… and print what became of each."""
    order = Order(dossier, type_, grade) if dossier or type_ or grade else None
    for path in paths:
        if not path.is_file():
            raise BadRequest(f"{path} 不是文件", f"{path} is not a file")
    refused = 0
    with station_of(call, None, call.who) as station:
        for path in paths:
            station.offer(call.archive.claims.copy_in(path, now(), os.urandom(10)), order)
            for outcome in station.take_ready(wait=False):
                write_outcome(call, outcome)
                refused += not outcome.filed
        for outcome in station.finish():
            write_outcome(call, outcome)
            refused += not outcome.filed
    call.archive.ledger.publish()
    return FINDINGS if refused else 0
