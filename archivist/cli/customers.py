"""`archivist customer`: who the files are about.

`add` and `edit` write a sealed card and one ledger entry; names never stand in the
ledger. Nothing is ever deleted.
"""

from typing import Any

import click

from archivist import customers
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.labels import word
from archivist.cli.say import facts, say, table
from archivist.cli.spoken import ENTRY, NOTHING, group, option
from archivist.cli.words import pairs

KINDS = click.Choice(["person", "company"])
CARD = (f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}")
EARLIER = ("以前的卡片；台账里从不写姓名", "earlier cards; and the ledger never holds a name")


@group("customer", zh="客户：登记、修改、列出、查看。")
def customer_command() -> None:
    """Customers: add, edit, list, show."""


@customer_command.command("add", zh="登记名为 NAME 的客户，输出其编号。", changes=CARD,
                          never=EARLIER, exits=(0, 2, 10, 11, 12))  # fmt: skip
@click.argument("name")
@option("--kind", type=KINDS, default="person", show_default=True,
        zh="个人（person）还是单位（company）。", help="A person or a company.")  # fmt: skip
@option("--class", "class_", metavar="CLASS",
        zh="公司自定的客户类别。", help="The company's own class of customers.")  # fmt: skip
@option("--department", metavar="D", zh="负责的部门。", help="The department in charge.")
@option("--owner", metavar="PERSON", zh="客户归属人。", help="Who is responsible for the customer.")
@option("--field", "fields", multiple=True, metavar="K=V",
        zh="登记项，如 uscc=…、phone=…；可多次使用。",
        help="E.g. uscc=…, phone=…; repeatable.")  # fmt: skip
@common_options
@pass_call
def add(call: Call, /, name: str, fields: tuple[str, ...], class_: str | None, **card: Any) -> None:
    """Add a customer called NAME and print its id."""
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


@customer_command.command("edit", zh="修改客户 ID 的资料；没有写到的项目不变。", changes=CARD,
                          never=EARLIER, exits=(0, 2, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@option("--name", metavar="NAME", zh="新的名称。", help="The new name.")
@option(
    "--kind", type=KINDS, zh="个人（person）还是单位（company）。", help="A person or a company."
)
@option("--class", "class_", metavar="CLASS", zh="客户类别；写空串则清除。",
        help="The class of customers; an empty one is removed.")  # fmt: skip
@option("--department", metavar="D", zh="负责的部门；写空串则清除。",
        help="The department in charge; an empty one is removed.")  # fmt: skip
@option("--owner", metavar="PERSON", zh="客户归属人；写空串则清除。",
        help="Who is responsible; an empty one is removed.")  # fmt: skip
@option("--field", "fields", multiple=True, metavar="K=V",
        zh="登记项；写 K= 则删去这一项；可多次使用。",
        help="K= removes the field; repeatable.")  # fmt: skip
@common_options
@pass_call
def edit(call: Call, /, identifier: str, fields: tuple[str, ...], **changes: str | None) -> None:
    """Change what is known of the customer ID; what is not named stays."""
    customers.edit(call.archive, identifier, changes, pairs(fields), now(), call.who)
    call.emit({"customer": identifier}, identifier)


@customer_command.command("list", zh="列出所有客户。", never=NOTHING, exits=(0, 10, 12))
@common_options
@pass_call
def list_(call: Call) -> None:
    """List all customers."""
    rows = customers.all_of(call.archive)
    heads = (say("编号", "id"), say("名称", "name"), say("性质", "kind"), say("档案", "dossiers"))
    call.emit(
        rows,
        lambda: (
            table(
                heads,
                [(r["customer"], r["name"], word(r["kind"]), r["dossiers"]) for r in rows],
                cut=(1,),
            )
            if rows
            else say("还没有客户", "no customers yet")
        ),
    )


@customer_command.command("show", zh="查看客户 ID 和他的客户档案。", never=NOTHING,
                          exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@common_options
@pass_call
def show(call: Call, identifier: str) -> None:
    """Show the customer ID and the dossiers it owns."""
    row = customers.shown(call.archive, identifier)
    call.emit(
        row,
        lambda: facts(
            (
                (say("编号", "id"), row["customer"]),
                (say("名称", "name"), row["name"]),
                (say("性质", "kind"), word(row["kind"])),
                (say("类别", "class"), row["class"]),
                (say("部门", "department"), row["department"]),
                (say("归属人", "owner"), row["owner"]),
                (say("登记项", "fields"), row["fields"]),
                (say("客户档案", "dossiers"), [d["dossier"] for d in row["dossiers"]]),
            )
        ),
    )
