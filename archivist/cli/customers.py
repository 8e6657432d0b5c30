"""`archivist customer`: who the files are about.

`add` and `edit` write a sealed card and one ledger entry; names never stand in the
ledger. Nothing is ever deleted. Exit codes: 0, 2 for wrong words, 11 when busy.
"""

from typing import Any

import click

from archivist import customers
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.say import facts, say, table
from archivist.cli.words import pairs


@click.group("customer")
def customer_command() -> None:
    """Add, list and show customers."""


@customer_command.command("add")
@click.argument("name")
@click.option("--kind", type=click.Choice(["person", "company"]), default="person")
@click.option("--class", "class_", metavar="CLASS", help="The company's own class of customers.")
@click.option("--department", metavar="D")
@click.option("--owner", metavar="PERSON", help="Who is responsible for the customer.")
@click.option("--field", "fields", multiple=True, metavar="K=V", help="E.g. uscc=…, phone=….")
@common_options
@pass_call
def add(call: Call, /, name: str, fields: tuple[str, ...], class_: str | None, **card: Any) -> None:
    """Add a customer and print its id."""
    content = customers.CustomerCard(
        name=name,
        kind=card["kind"],
        class_=class_,
        department=card["department"],
        owner=card["owner"],
        fields=pairs(fields),
    )
    identifier = customers.add(call.archive, content, now(), call.who)
    call.emit({"customer": identifier}, identifier)


@customer_command.command("edit")
@click.argument("identifier", metavar="ID")
@click.option("--name")
@click.option("--class", "class_", metavar="CLASS")
@click.option("--department", metavar="D")
@click.option("--owner", metavar="PERSON")
@click.option("--field", "fields", multiple=True, metavar="K=V", help="K= removes the field.")
@common_options
@pass_call
def edit(call: Call, /, identifier: str, fields: tuple[str, ...], **changes: str | None) -> None:
    """Change what is known of a customer; earlier cards are kept."""
    customers.edit(call.archive, identifier, changes, pairs(fields), now(), call.who)
    call.emit({"customer": identifier}, identifier)


@customer_command.command("list")
@common_options
@pass_call
def list_(call: Call) -> None:
    """List all customers."""
    rows = customers.all_of(call.archive)
    heads = (say("编号", "id"), say("名称", "name"), say("性质", "kind"), say("档案", "dossiers"))
    call.emit(
        rows,
        lambda: table(heads, [(r["customer"], r["name"], r["kind"], r["dossiers"]) for r in rows]),
    )


@customer_command.command("show")
@click.argument("identifier", metavar="ID")
@common_options
@pass_call
def show(call: Call, identifier: str) -> None:
    """Show one customer and the dossiers it owns."""
    row = customers.shown(call.archive, identifier)
    call.emit(
        row,
        lambda: facts(
            (
                (say("编号", "id"), row["customer"]),
                (say("名称", "name"), row["name"]),
                (say("性质", "kind"), row["kind"]),
                (say("类别", "class"), row["class"]),
                (say("部门", "department"), row["department"]),
                (say("归属人", "owner"), row["owner"]),
                (say("登记项", "fields"), row["fields"]),
                (say("客户档案", "dossiers"), [d["dossier"] for d in row["dossiers"]]),
            )
        ),
    )
