"""`archivist show`: what is known of a record, and its history.

Title and source name show only to whoever is cleared.
"""

from typing import Any

import click

from archivist import viewing
from archivist.cli.attest import said, seen_words
from archivist.cli.door import Call, common_options, pass_call
from archivist.cli.holds import held_words
from archivist.cli.labels import (
    act_label,
    grade_label,
    local_time,
    title_label,
    type_label,
    word,
)
from archivist.cli.restricting import restricted_words
from archivist.cli.say import facts, say, table
from archivist.cli.spoken import NOTHING, command


@command("show", zh="查看一份已归档资料 RECORD：位置、密级、依据条款和经过。\n\n"
         "题名和来源只显示给有权限的人。",
         never=NOTHING, exits=(0, 2, 4, 10, 12, 13))  # fmt: skip
@click.argument("record")
@common_options
@pass_call
def show_command(call: Call, record: str) -> None:
    """Show RECORD: where it lies, its grade, its clauses, its history.

    Title and source name show only to whoever is cleared.
    """
    row = viewing.shown(call.archive, record, call.person) | {"attested": said(call, record)}

    def shown() -> str:
        head = facts(
            (
                (say("编号", "record"), row["record"]),
                (say("题名", "title"), title_label(call.policy, row["type"], row["title"])),
                (say("来源", "source"), row["source"]),
                (say("客户档案", "dossier"), f"{row['customer']}/{row['dossier']}"),
                (say("种类", "type"), type_label(call.policy, row["type"])),
                (say("密级", "grade"), grade_label(call.policy, row["grade"])),
                (say("知悉范围", "need-to-know list of"), row["need_to_know"]),
                (say("保密至", "secret until"), row["until"]),
                (say("冻结", "held"), held_words(row["held"])),
                (say("限制处理", "restricted"), restricted_words(row["restricted"])),
                (say("页数", "pages"), row["pages"]),
                (say("格式", "media"), row["media"]),
                (say("归档", "filed"), f"{local_time(row['filed'])}  {word(row['filed_by'])}"),
                (say("销毁", "destroyed"), _end(row["destruction"])),
                (say("核对", "attested"), seen_words(call.policy, row["attested"])),
                (say("依据", "clauses"), row["clauses"]),
                (say("存储件 SHA-256", "stored SHA-256"), row["objects"]["scan"]["sha256"]),
            )
        )
        heads = (say("台账", "entry"), say("时间", "time"), say("事项", "act"), say("人员", "who"))
        lines = [
            (h["index"], local_time(h["time"]), act_label(h["act"]), word(h["who"]))
            for h in row["history"]
        ]
        return f"{head}\n\n{table(heads, lines)}"

    call.emit(row, shown)


def _end(destruction: dict[str, Any] | None) -> str | None:
    if destruction is None:
        return None
    disposal, ended = destruction["disposal"], destruction["destroyed"]
    if ended is None:
        when = local_time(destruction["decided"])
        return say(f"{disposal}  {when} 决定，正在销毁", f"{disposal}  decided {when}, under way")
    return f"{disposal}  {local_time(ended)}"
