"""`archivist view`: open a record, byte for byte.

The ledger says who opened what before the first byte is written; the purpose is sealed.
Exit codes: 0; 4 when you are not cleared; 12 when nobody is logged in; 13 when the stored
bytes are not what was filed (then no file is left behind).
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from archivist import viewing
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.say import note, say
from archivist.errors import BadRequest


@click.command("view")
@click.argument("record")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--purpose", required=True, metavar="TEXT", help="Why; kept sealed.")
@common_options
@pass_call
def view_command(call: Call, record: str, output: Path | None, purpose: str) -> None:
    """Open RECORD and write it to FILE, or to standard output."""
    if output is None and (sys.stdout.isatty() or call.json):
        raise BadRequest(
            "请用 -o 写明文件名",
            "say where to with -o FILE",
            "例如 -o 合同.pdf",
            "e.g. -o contract.pdf",
        )
    if output is not None and output.exists():
        raise BadRequest(f"{output} 已经存在", f"{output} exists already")
    if output is not None and not output.parent.is_dir():
        # Said before the ledger names somebody as having seen what could not be written.
        raise BadRequest(f"没有目录 {output.parent}", f"there is no folder {output.parent}")
    row, chunks = viewing.view(call.archive, record, purpose, call.somebody().unlocked(), now())
    if output is None:
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    size_bytes = _write(output, chunks)
    note(say("已登记本次调阅", "this viewing is recorded"))
    call.emit({"record": record, "file": str(output), "size_bytes": size_bytes,
               "media": row["media"]}, str(output))  # fmt: skip


def _write(output: Path, chunks: Iterator[bytes]) -> int:
    """Write beside the name and rename at the end: a failed check leaves no half file."""
    partial = output.with_name(f".{output.name[:200]}.part")
    try:
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            size_bytes = file.tell()
        partial.rename(output)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return size_bytes
