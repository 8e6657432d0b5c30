"""`archivist show`: what is known of a record, and its history.

Title and source name show only to whoever is cleared. Reads only. Exit codes: 0; 2 when
there is no such record.
"""

import click

from archivist import viewing
from archivist.cli.door import Call, common_options, pass_call
from archivist.cli.labels import grade_label, type_label
from archivist.cli.say import facts, say, table


@click.command("show")
@click.argument("record")
@common_options
@pass_call
def show_command(call: Call, record: str) -> None:
    """Show RECORD: where it lies, its grade, its clauses, its history."""
    row = viewing.shown(call.archive, record, call.person)

    def shown() -> str:
        head = facts(
            (
                (say("编号", "record"), row["record"]),
                (say("题名", "title"), row["title"]),
                (say("来源", "source"), row["source"]),
                (say("客户档案", "dossier"), f"{row['customer']}/{row['dossier']}"),
                (say("种类", "type"), type_label(call.policy, row["type"])),
                (say("密级", "grade"), grade_label(call.policy, row["grade"])),
                (say("页数", "pages"), row["pages"]),
                (say("格式", "media"), row["media"]),
                (say("归档", "filed"), f"{row['filed']}  {row['filed_by']}"),
                (say("依据", "clauses"), row["clauses"]),
                ("SHA-256", row["objects"]["scan"]["sha256"]),
            )
        )
        heads = (say("台账", "entry"), say("时间", "time"), say("事项", "act"), say("人员", "who"))
        lines = [(h["index"], h["time"], h["act"], h["who"]) for h in row["history"]]
        return f"{head}\n\n{table(heads, lines)}"

    call.emit(row, shown)
