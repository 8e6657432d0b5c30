"""`archivist view`: open a record, byte for byte.

The ledger says who opened what before the first byte is written; the purpose is sealed.
Where the stored bytes are not what was filed, no file is left behind.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from archivist import viewing
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.say import note, say
from archivist.cli.screen import show_pages
from archivist.cli.spoken import command, option
from archivist.errors import BadRequest


@command("view", zh="打开资料 RECORD，写入 FILE 或标准输出，与归档时逐字节相同。\n\n"
         "先记账，后打开；所存的字节与归档时不符则不留下文件。",
         changes=("先加台账一条（用途另行加密保存），再写 FILE",
                  "one ledger entry first (the purpose is sealed beside it), then FILE"),
         never=("资料本身；已有的文件", "the record; a file that is there"),
         exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("record")
@option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
        zh="写到哪个文件。", help="Where to write.")  # fmt: skip
@option("--screen", is_flag=True, zh="只在屏幕上看：浏览器中显示各页图片，不留文件。",
        help="On the screen only: pictures of the pages in a browser, no file.")  # fmt: skip
@option("--purpose", required=True, metavar="TEXT", zh="用途，加密保存。", help="Why; kept sealed.")
@common_options
@pass_call
def view_command(call: Call, record: str, output: Path | None, screen: bool, purpose: str) -> None:
    """Open RECORD and write it to FILE, or to standard output, byte for byte as it was filed.

    The ledger says so first. Where the stored bytes are not what was filed, no file is left.
    Whoever borrows it gets it with a watermark. With --screen the pages are shown in a browser of
    this machine until Enter is pressed, and no file is made.
    """
    if screen and output is not None:
        raise BadRequest("--screen 不写文件，请去掉 -o", "--screen writes no file: leave out -o")
    if output is None and not screen and (sys.stdout.isatty() or call.json):
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
    person = call.somebody().unlocked()
    row, chunks = viewing.view(call.archive, call.policy, record, purpose, person, now(), screen)
    if screen:
        pages = list(chunks)
        note(say("已登记本次调阅", "this viewing is recorded"))
        show_pages(pages, record)
        call.emit({"record": record, "pages": len(pages), "loan": row.get("loan")},
                  say("已关闭", "closed"))  # fmt: skip
        return
    if output is None:
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    size_bytes = _write(output, chunks)
    note(say("已登记本次调阅", "this viewing is recorded"))
    if row.get("loan"):
        note(
            say(
                f"凭借阅 {row['loan']} 打开，每页有您的水印，不得转借",
                f"opened by loan {row['loan']}; every page bears your watermark: do not lend it on",
            )
        )
    call.emit({"record": record, "file": str(output), "size_bytes": size_bytes,
               "media": row["media"], "loan": row.get("loan")}, str(output))  # fmt: skip


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
