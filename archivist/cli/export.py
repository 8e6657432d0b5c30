"""`archivist export`: papers out of the archive, for their subject or for whoever may have them.

archivist export C000001 -o 给本人 --purpose 本人请求查阅 --for-subject
archivist export D000001 -o bag --format bagit --purpose 移交
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archivist import export_files, exporting
from archivist.cli import progress
from archivist.cli.door import DONE, FINDINGS, Call, common_options, now, pass_call
from archivist.cli.say import counted, note, say
from archivist.cli.spoken import command, option


@command("export", zh="把 TARGET（客户、客户档案或档案）中您有权打开的资料导出到目录 DIR。\n\n"
         "含目录、元数据、台账证明；未导出的写明件数和原因。先记账，后成目录；已有内容的目录不动。",
         changes=("一张加密的卡片（用途），台账增加一条；目录 DIR",
                  "one sealed card (the purpose), one ledger entry; the folder DIR"),
         never=("资料本身；已有内容的目录", "the records; a folder with something in it"),
         exits=(0, 2, 3, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("target")
@option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="DIR",
        zh="新的目录。", help="The new folder.")  # fmt: skip
@option("--purpose", required=True, metavar="TEXT", zh="用途，加密保存。", help="Why; kept sealed.")
@option("--format", "format_", type=click.Choice(exporting.FORMATS), default="folder",
        show_default=True, zh="folder 普通目录；bagit 为 BagIt 1.0 包（RFC 8493）。",
        help="folder, or bagit: a bag after BagIt 1.0 (RFC 8493).")  # fmt: skip
@option("--for-subject", is_flag=True, zh="应客户本人请求；限制处理的客户只能这样导出。",
        help="At the customer's own request: the only export while he is restricted.")  # fmt: skip
@common_options
@pass_call
def export_command(
    call: Call, target: str, output: Path, purpose: str, format_: str, for_subject: bool
) -> int:
    """Export what you may open of TARGET (a customer, dossier or record) into the folder DIR.

    With a table of contents, metadata and proofs from the ledger; what was left out is said. The
    ledger says so first. A folder with something in it is not touched.
    """
    person = call.somebody().unlocked()
    wanted = exporting.Wanted(target, output, purpose, format_, for_subject)
    with progress.Progress(say("导出", "exporting")) as bar:
        done = exporting.export(call.archive, call.policy, wanted, person, now(), bar.reach)
    call.emit(_plain(wanted, done), str(output))
    number = len(done.records)
    note(
        say(f"已登记本次导出：{number} 件", f"this export is recorded: {counted(number, 'record')}")
    )
    for zh, en in export_files.told(done.left_out):
        note(say(zh, en))
    return FINDINGS if done.left_out else DONE


def _plain(wanted: exporting.Wanted, done: exporting.Exported) -> dict[str, Any]:
    return {
        "target": wanted.target,
        "folder": str(wanted.folder),
        "format": wanted.format,
        "records": list(done.records),
        "left_out": list(done.left_out),
        "manifest": done.manifest,
        "entry": done.entry,
    }
