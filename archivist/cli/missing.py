"""`archivist missing`: what the checklists still lack, with due dates.

Working days follow the Chinese calendar with its make-up days. Reads only. Exit codes:
0; 2 for a customer or dossier that does not exist.
"""

from datetime import date

import click

from archivist.cli.door import Call, common_options, pass_call, today
from archivist.cli.labels import department_label
from archivist.cli.say import say, table
from archivist.cli.words import iso_date
from archivist.missing import missing_items
from policies.calendar import Calendar


@click.command("missing")
@click.option("--customer", metavar="C")
@click.option("--dossier", metavar="D")
@click.option("--department", metavar="X")
@click.option("--overdue", is_flag=True, help="Only what is overdue.")
@click.option("--on", metavar="DATE", help="As if it were this day.")
@common_options
@pass_call
def missing_command(
    call: Call, customer: str | None, dossier: str | None, department: str | None,
    overdue: bool, on: str | None,
) -> None:  # fmt: skip
    """List the items that dossiers still lack, most urgent first."""
    day = date.fromisoformat(iso_date(on) if on else today())
    company = call.settings.company
    calendar = Calendar(
        closures=[date.fromisoformat(str(d)) for d in company.get("closures", [])],
        working_days=[date.fromisoformat(str(d)) for d in company.get("working_days", [])],
    )
    rows = missing_items(
        call.archive,
        call.policy,
        calendar,
        day,
        customer,
        dossier,
        department,
        overdue,
    )
    heads = (say("客户档案", "dossier"), say("缺件", "missing"), say("应交日期", "due"),
             say("逾期", "overdue"), say("部门", "department"), say("条款", "clause"))  # fmt: skip
    call.emit(
        rows,
        lambda: table(
            heads,
            [
                (r["dossier"], say(r["title"], r["title_en"]), r["due"], r["overdue"],
                 department_label(call.policy, r["department"]), r["clause"])
                for r in rows
            ],
        )
        if rows
        else say("没有缺件", "nothing is missing"),
    )  # fmt: skip
