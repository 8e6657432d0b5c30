"""`archivist dossier`: what is filed together, and what happened to it.

`open` and `event` write a sealed card and one ledger entry. Exit codes: 0, 2 for wrong
words, 11 when busy.
"""

import click

from archivist import dossiers
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.labels import dossier_type_label, grade_label, named, type_label
from archivist.cli.say import facts, note, say, table
from archivist.cli.words import iso_date, pairs


@click.group("dossier")
def dossier_command() -> None:
    """Open, list and show dossiers; record events."""


@dossier_command.command("open")
@click.argument("customer")
@click.argument("type_", metavar="TYPE")
@click.option("--key", "keys", multiple=True, metavar="K=V", help="E.g. vin=LVGBE40K9SG105862.")
@click.option("--event", "events", multiple=True, metavar="NAME=DATE", help="E.g. sale=2026-03-05.")
@common_options
@pass_call
def open_(
    call: Call, customer: str, type_: str, keys: tuple[str, ...], events: tuple[str, ...]
) -> None:
    """Open a dossier for CUSTOMER and print its id."""
    policy = call.policy
    for zh, en in dossiers.doubts(call.archive, policy, type_, pairs(keys)):
        note(say(f"注意：{zh}", f"note: {en}"))
    identifier = dossiers.open_dossier(
        call.archive,
        policy,
        customer,
        type_,
        pairs(keys),
        {name: iso_date(day) for name, day in pairs(events).items()},
        now(),
        call.who,
    )
    call.emit({"dossier": identifier, "customer": customer}, identifier)


@dossier_command.command("event")
@click.argument("identifier", metavar="ID")
@click.argument("events", nargs=-1, required=True, metavar="NAME=DATE…")
@common_options
@pass_call
def event(call: Call, identifier: str, events: tuple[str, ...]) -> None:
    """Record that something happened on a day, such as sale=2026-03-05."""
    dates = {name: iso_date(day) for name, day in pairs(events).items()}
    dossiers.record_event(call.archive, call.policy, identifier, dates, now(), call.who)
    call.emit({"dossier": identifier, "events": dates}, identifier)


@dossier_command.command("list")
@click.option("--customer", metavar="C")
@common_options
@pass_call
def list_(call: Call, customer: str | None) -> None:
    """List all dossiers, or those of one customer."""
    rows = dossiers.listed(call.archive, customer)
    heads = (say("编号", "id"), say("客户", "customer"), say("种类", "type"), say("键", "keys"),
             say("事件", "events"), say("件数", "records"))  # fmt: skip
    call.emit(
        rows,
        lambda: table(
            heads,
            [
                (
                    r["dossier"],
                    r["customer"],
                    dossier_type_label(call.policy, r["type"]),
                    named(call.policy, r["type"], r["keys"]),
                    named(call.policy, r["type"], r["events"]),
                    r["records"],
                )
                for r in rows
            ],
        ),
    )


@dossier_command.command("show")
@click.argument("identifier", metavar="ID")
@common_options
@pass_call
def show(call: Call, identifier: str) -> None:
    """Show one dossier and what lies in it."""
    row = dossiers.shown(call.archive, identifier)
    policy = call.policy

    def shown() -> str:
        head = facts(
            (
                (say("编号", "id"), row["dossier"]),
                (say("客户", "customer"), row["customer"]),
                (say("种类", "type"), dossier_type_label(policy, row["type"])),
                (say("键", "keys"), named(policy, row["type"], row["keys"])),
                (say("事件", "events"), named(policy, row["type"], row["events"])),
                (say("结案", "closed"), row["closed"]),
            )
        )
        heads = (say("档案", "record"), say("资料", "document"), say("密级", "grade"),
                 say("页数", "pages"), say("归档时间", "filed"))  # fmt: skip
        lines = [
            (
                r["record"],
                type_label(policy, r["type"]),
                grade_label(policy, r["grade"]),
                r["pages"],
                r["filed"],
            )
            for r in row["records"]
        ]
        return f"{head}\n\n{table(heads, lines)}" if lines else head

    call.emit(row, shown)
