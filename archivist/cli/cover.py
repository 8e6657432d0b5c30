"""`archivist cover`: QR cover sheets to put before the pages in the feeder.

One sheet for each document type, or one for the whole dossier. A stack with several
sheets is cut at them. Writes FILE and nothing else. Exit codes: 0; 2 for unknown names.
"""

from pathlib import Path

import click

from archivist.cli.door import Call, common_options, pass_call
from archivist.cover_sheets import Sheet, cover_pdf
from storage import durable


@click.command("cover")
@click.argument("dossier")
@click.argument("types", nargs=-1, metavar="[TYPE…]")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.pdf")
@common_options
@pass_call
def cover_command(call: Call, dossier: str, types: tuple[str, ...], output: Path) -> None:
    """Print cover sheets for DOSSIER."""
    archive = call.archive
    archive.follow()
    row = archive.the("dossier", dossier)
    customer = archive.the("customer", row["customer"])
    policy = call.policy
    label = f"{row['customer']}  {customer['name'] or ''}"
    wanted = [policy.document_type(name) for name in types]
    sheets = [Sheet(dossier, kind.id, label, kind.zh) for kind in wanted]
    if not sheets:
        found = policy.find_dossier_type(row["type"])
        sheets = [Sheet(dossier, None, label, found.zh if found else row["type"])]
    durable.replace(output.absolute(), cover_pdf(sheets, call.settings.archive_id), mode=0o644)
    call.emit({"file": str(output), "sheets": len(sheets)}, str(output))
