"""`archivist remind`: somebody is urged to hand in what is missing (催办), and it is kept.

How often it takes until failing to register is penalised, the company says
(`registration_reminders` under S001-14-R18).

    archivist remind D000001 --person zhao -o slip.pdf
    archivist remind list --month 2026-03
"""

from __future__ import annotations

import copy
import functools
from datetime import date
from pathlib import Path
from typing import Any

import click

from archivist import reminders, standing
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.say import note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, Group, command, option
from archivist.cli.words import iso_date
from archivist.errors import BadRequest
from archivist.records import kind_of
from storage import durable


class _Remind(Group):
    """`remind D000001 …` or `remind C000001 …` reminds; any other word is a command below."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if kind_of(cmd_name) is None:
            return super().get_command(ctx, cmd_name)
        assert _urge.callback
        bound = copy.copy(_urge)
        bound.name = cmd_name
        bound.callback = functools.partial(_urge.callback, target=cmd_name)
        return bound

    def rows(self, ctx: click.Context) -> list[tuple[str, str]]:
        return [("TARGET", _urge.get_short_help_str()), *super().rows(ctx)]


@click.group("remind", cls=_Remind, zh="催办：记下已督促某人补交所缺资料，并列出所缺。\n\n"
       "一份档案或一位客户：archivist remind D000001 --person zhao -o 催办单.pdf。",
       subcommand_metavar="TARGET|COMMAND …")  # fmt: skip
def remind_command() -> None:
    """Urge somebody to hand in what is missing, and keep that it was done.

    A dossier or a customer: archivist remind D000001 --person zhao -o slip.pdf.
    """


@command("TARGET", zh="记下已催办一份档案，或一位客户的全部未结档案；输出可交给本人的通知。",
         changes=(f"{ENTRY[0]}；您用 -o 指明的文件", f"{ENTRY[1]}; the file you name with -o"),
         never=("以前的催办", "earlier reminders"), exits=(0, 2, 10, 11, 12))  # fmt: skip
@option("--item", "items", multiple=True, metavar="ITEM",
        zh="只催清单的这一项；可多次使用。不写为所缺的全部。",
        help="Only this item of the checklist; repeatable. Else all that is missing.")  # fmt: skip
@option("--person", metavar="P", zh="催办了谁（人员名）。",
        help="Who was urged, by the person's name here.")  # fmt: skip
@option("--on", metavar="DATE", zh="哪天催办的；不写为今天。", help="On which day; else today.")
@option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE.pdf",
        zh="把通知写成 PDF；已有的会被替换。",
        help="The note as PDF; a file that is there is replaced.")  # fmt: skip
@common_options
@pass_call
def _urge(
    call: Call, target: str, items: tuple[str, ...], person: str | None, on: str | None,
    output: Path | None,
) -> None:  # fmt: skip
    """Record that somebody was urged for a dossier, or for all open dossiers of a customer.

    Prints what is still missing, in both languages, as a note to be handed on.
    """
    # Said before anything is recorded: a slip that cannot be written helps nobody.
    if output is not None and not output.absolute().parent.is_dir():
        raise BadRequest(f"没有目录 {output.parent}", f"there is no folder {output.parent}")
    who = call.somebody().name
    moment = now()
    day = date.fromisoformat(iso_date(on)) if on else moment.astimezone().date()
    call.archive.follow()
    urged = reminders.Urged(target, items, person)
    calendar = standing.company_calendar(call.settings.company)
    made = reminders.remind(call.archive, call.policy, calendar, urged, day, moment, who)
    text = reminders.note_text(call.policy, made)
    if output is not None:
        _write_slip(call, made, output)
    call.emit({**made, "note": text, "file": str(output) if output else None}, text)
    if output is not None and not call.json:
        note(say(f"已写入 {output}", f"written to {output}"))


def _write_slip(call: Call, made: dict[str, Any], output: Path) -> None:
    from archivist.report_pages import as_pdf

    name = call.archive.the("customer", made["customer"])["name"] or ""
    content = as_pdf(reminders.slip(call.policy, made, name), chinese=True)
    durable.replace(output.absolute(), content, mode=0o600)


@remind_command.command("list", zh="列出催办，每份档案一行，按日期。",
                        never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@option("--dossier", metavar="D", zh="只列这份档案的。", help="Only this dossier's.")
@option(
    "--month", metavar="M", zh="只列这个月的，如 2026-03。", help="Only this month, e.g. 2026-03."
)
@common_options
@pass_call
def list_(call: Call, dossier: str | None, month: str | None) -> None:
    """List reminders, a row for each dossier, by day."""
    wanted = _month(month) if month else None
    rows = reminders.listed(call.archive, dossier, wanted)
    heads = (say("日期", "day"), say("客户档案", "dossier"), say("客户", "customer"),
             say("催办了谁", "urged"), say("第几次", "number"), say("项目", "items"),
             say("经办人", "by"))  # fmt: skip
    call.emit(
        rows,
        lambda: (
            table(
                heads,
                [
                    (r["day"], r["dossier"], r["customer"], r["person"], r["nth"],
                     _titles(call, r), r["who"])
                    for r in rows
                ],
                cut=(5,),
            )
            if rows
            else say("没有催办", "nobody was reminded")
        ),
    )  # fmt: skip


def _titles(call: Call, row: dict[str, Any]) -> list[str]:
    """The items as the checklist calls them."""
    dossier = call.archive.catalogue.dossier(row["dossier"])
    kind = call.policy.find_dossier_type(dossier["type"]) if dossier else None
    known = {item.id: say(item.zh, item.en) for item in kind.items} if kind else {}
    return [known.get(item, item) for item in row["items"]]


def _month(given: str) -> str:
    try:
        return date.fromisoformat(f"{given}-01").isoformat()[:7]
    except ValueError:
        raise BadRequest(
            f"“{given}” 不是月份", f"{given!r} is not a month", "例如 2026-03", "e.g. 2026-03"
        ) from None
