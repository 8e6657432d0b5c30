"""`archivist cover`: QR cover sheets to put before the pages in the feeder.

One sheet for each document type, or one for the whole dossier. A stack with several
sheets is cut at them.
"""

from __future__ import annotations

from pathlib import Path

import click

from archivist import cover_sheets
from archivist.cli.door import Call, common_options, pass_call
from archivist.cli.spoken import command, option
from archivist.errors import BadRequest
from storage import durable


@command("cover", zh="为档案 DOSSIER 打印二维码封面页：每种资料 TYPE 一张，不写则整份档案一张。\n\n"
         "夹在资料前面，一摞一次扫完，程序自动分开。",
         changes=("FILE.pdf", "FILE.pdf"), never=("档案库", "the archive"),
         exits=(0, 2, 4, 10, 12))  # fmt: skip
@click.argument("dossier")
@click.argument("types", nargs=-1, metavar="[TYPE…]")
@option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.pdf",
        zh="写到哪个文件；已有的会被替换。",
        help="Where to write; a file that is there is replaced.")  # fmt: skip
@common_options
@pass_call
def cover_command(call: Call, dossier: str, types: tuple[str, ...], output: Path) -> None:
    """Print QR cover sheets for DOSSIER: one for each TYPE, or one for the whole.

    Put one before the pages of each document and scan the stack in one go.
    """
    archive = call.archive
    archive.follow()
    row = archive.the("dossier", dossier)
    archive.check_unrestricted(row["customer"])
    customer = archive.the("customer", row["customer"])
    policy = call.policy
    label = f"{row['customer']}  {customer['name'] or ''}"
    wanted = [policy.document_type(name) for name in types]
    sheets = [cover_sheets.Sheet(dossier, kind.id, label, kind.zh) for kind in wanted]
    if not sheets:
        found = policy.find_dossier_type(row["type"])
        sheets = [cover_sheets.Sheet(dossier, None, label, found.zh if found else row["type"])]
    if not output.absolute().parent.is_dir():
        raise BadRequest(f"没有目录 {output.parent}", f"there is no folder {output.parent}")
    durable.replace(
        output.absolute(), cover_sheets.cover_pdf(sheets, call.settings.archive_id), mode=0o644
    )
    call.emit({"file": str(output), "sheets": len(sheets)}, str(output))
