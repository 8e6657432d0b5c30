"""`archivist customer`: who the files are about.

`add` and `edit` write a sealed card and one ledger entry; names never stand in the
ledger. Nothing is ever deleted. Whose customer it is: `archivist.cli.ownership`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from archivist import customers, ownership, standing
from archivist.cli import ownership as owning
from archivist.cli import restricting
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.holds import held_words
from archivist.cli.labels import local_time, word
from archivist.cli.numbers import UNMASKS, discreet, purpose_option
from archivist.cli.say import facts, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, group, option
from archivist.cli.words import iso_date, pairs
from archivist.masking import masked_in
from policies import customer_rows, naming
from policies.customers import FIRST_CONTACT, scheme_words

if TYPE_CHECKING:
    from policies.policy import Policy

KINDS = click.Choice(["person", "company"])
_FIELDS = {
    FIRST_CONTACT: ("首次接触", "first contact"),
    "uscc": ("统一社会信用代码", "uscc"),
    "resident_id": ("身份证号", "resident_id"),
    "phone": ("电话", "phone"),
    "mobile": ("手机", "mobile"),
    "grade": ("等级", "grade"),
}
CARD = (f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}")
EARLIER = ("以前的卡片；台账里从不写姓名", "earlier cards; and the ledger never holds a name")


@group("customer", zh="客户：登记、修改、列出、查看；归属和联系。")
def customer_command() -> None:
    """Customers: add, edit, list, show; whose they are and who served them."""


for below in (*owning.COMMANDS, *restricting.COMMANDS):
    customer_command.add_command(below)


@customer_command.command("add", zh="登记（备案）名为 NAME 的客户，输出其编号。\n\n"
                          "登记时间以台账为准；归属人即第一个主张人。制度要求而没有填写的栏目会提示，"
                          "不妨碍登记。",
                          changes=CARD, never=EARLIER, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("name")
@option("--kind", type=KINDS, default="person", show_default=True,
        zh="个人（person）还是单位（company）。", help="A person or a company.")  # fmt: skip
@option("--class", "class_", metavar="CLASS",
        zh="客户类别；制度规定了类别的，写 方案:值，如 business_class:key。",
        help="The class, as SCHEME:VALUE where a regulation declares classes.")  # fmt: skip
@option("--grade", metavar="GRADE",
        zh="客户等级；制度规定了等级的，写 方案:值，如 customer-grading:a。",
        help="The grade, as SCHEME:VALUE where a regulation declares grades.")  # fmt: skip
@option("--department", metavar="D", zh="负责的部门。", help="The department in charge.")
@option("--owner", metavar="PERSON", zh="客户归属人，即第一个主张人。",
        help="Whose customer it is: the first claim.")  # fmt: skip
@option("--first-contact", metavar="DATE", zh="首次接触的日期；登记时限由此起算。",
        help="The day of the first contact, from which the time to register counts.")  # fmt: skip
@option("--despite-duplicate", is_flag=True,
        zh="号码已登记在另一客户名下，仍作为新客户登记。",
        help="Register it though another customer has the same number.")  # fmt: skip
@option("--field", "fields", multiple=True, metavar="K=V",
        zh="登记项，如 uscc=…、phone=…；可多次使用。",
        help="E.g. uscc=…, phone=…; repeatable.")  # fmt: skip
@common_options
@pass_call
def add(
    call: Call, /, name: str, fields: tuple[str, ...], class_: str | None, grade: str | None,
    first_contact: str | None, despite_duplicate: bool, **card: Any,
) -> None:  # fmt: skip
    """Register a customer called NAME and print its id.

    The time is the ledger's; the owner has the first claim. Fields that a regulation wants and
    that were not given are told, and hinder nothing.
    """
    told = {"grade": grade, FIRST_CONTACT: iso_date(first_contact) if first_contact else None}
    content = customers.CustomerCard(
        name=name,
        kind=card["kind"],
        class_=class_,
        department=card["department"],
        owner=card["owner"],
        fields={**_field_ids(call, fields), **{key: value for key, value in told.items() if value}},
    )
    identifier = customers.add(
        call.archive, call.policy, content, now(), call.who, despite_duplicate
    )
    _note_owner(call, content.owner)
    _note_doubts(content.fields)
    call.emit({"customer": identifier, **_registration(call, identifier)}, identifier)


def _registration(call: Call, identifier: str) -> dict[str, Any]:
    """What is still to be registered, and whether it came in time; told beside the id.

    Nothing is told where no regulation asks for anything.
    """
    gaps = customers.gaps(call.archive, call.policy, identifier)
    told: dict[str, Any] = {"gaps": gaps} if gaps else {}
    if gaps:
        zh = "、".join(gap["zh"] for gap in gaps)
        en = ", ".join(gap["field"] for gap in gaps)
        note(say(f"注意：制度要求登记而没有填写：{zh}", f"note: required and not given: {en}"))
    calendar = standing.company_calendar(call.settings.company)
    found = customers.registered_by(call.archive, call.policy, calendar, identifier)
    if found is None:
        return told
    due, late = found
    if late:
        note(
            say(
                f"注意：应在 {due.day} 前登记，已逾期（{due.clause}）",
                f"note: it was due by {due.day}, and is late ({due.clause})",
            )
        )
    return {**told, "due": due.day.isoformat(), "late": late, "due_clause": due.clause}


def _note_doubts(fields: Mapping[str, str]) -> None:
    """The number itself is not told again: it is personal, and the clerk has it before him."""
    for name in customers.doubtful(fields):
        zh, en = _FIELDS.get(name, (name, name))
        note(
            say(
                f"注意：{zh}的校验位不对，请核对",
                f"note: the check digit of {en} is wrong; please compare",
            )
        )


def _note_owner(call: Call, owner: str | None) -> None:
    if owner and owner not in call.archive.people.names():
        note(
            say(
                f"注意：{owner} 不是本库的人员，台账里没有记下他的主张",
                f"note: {owner} is no person of this archive; the ledger holds no claim of his",
            )
        )


@customer_command.command("edit", zh="修改客户 ID 的资料；没有写到的项目不变。", changes=CARD,
                          never=EARLIER, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
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
    given = _field_ids(call, fields)
    customers.edit(call.archive, call.policy, identifier, changes, given, now(), call.who)
    _note_doubts(given)
    for holder, name in customers.holders_of(call.archive, given):
        if holder != identifier:
            note(
                say(
                    f"注意：{name} 也登记在客户 {holder} 名下",
                    f"note: customer {holder} is registered with the same {name}",
                )
            )
    call.emit({"customer": identifier}, identifier)


def _field_ids(call: Call, given: tuple[str, ...]) -> dict[str, str]:
    """What is registered, by ids: conditions and checks look for `source`, people write 来源."""
    return {naming.field_id(call.policy, name): value for name, value in pairs(given).items()}


@customer_command.command(
    "list", zh="列出所有客户；个人号码不完整显示。", never=NOTHING, exits=(0, 10, 12)
)
@common_options
@pass_call
def list_(call: Call) -> None:
    """List all customers; personal numbers are masked."""
    rows = masked_in(customers.all_of(call.archive))
    heads = (say("编号", "id"), say("名称", "name"), say("性质", "kind"), say("档案", "dossiers"))
    call.emit(
        rows,
        lambda: (
            table(
                heads,
                [(r["customer"], _name(r), word(r["kind"]), r["dossiers"]) for r in rows],
                cut=(1,),
            )
            if rows
            else say("还没有客户", "no customers yet")
        ),
    )


@customer_command.command("show", zh="查看客户 ID 和他的客户档案；个人号码不完整显示。",
                          changes=UNMASKS, never=EARLIER, exits=(0, 2, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@purpose_option
@common_options
@pass_call
def show(call: Call, identifier: str, purpose: str | None) -> None:
    """Show the customer ID and the dossiers it owns; personal numbers are masked."""
    row = customers.shown(call.archive, call.policy, identifier)
    row["ownership"] = ownership.standing(call.archive, call.policy, identifier).plain()
    row = discreet(call, row, purpose, {"customer": identifier})
    call.emit(row, lambda: _shown(call, row))


def _shown(call: Call, row: dict[str, Any]) -> str:
    policy = call.policy
    return facts(
        (
            (say("编号", "id"), row["customer"]),
            (say("名称", "name"), row["name"]),
            (say("性质", "kind"), word(row["kind"])),
            (say("类别", "class"), say(*scheme_words(policy, row["class"] or "")) or None),
            (say("部门", "department"), row["department"]),
            (say("归属人", "owner"), owning.owner_words(policy, row["ownership"])),
            (say("主张人", "claims"), owning.claimants(row["ownership"])),
            (say("联系人员", "in contact"), _contacts(row)),
            (say("登记时间", "registered"), local_time(row["opened"])),
            (say("冻结", "held"), held_words(row["held"])),
            (say("限制处理", "restricted"), restricting.restricted_words(row["restricted"])),
            (say("登记项", "fields"), _fields(policy, row["fields"])),
            (say("尚未登记", "to register"), [say(gap["zh"], gap["en"]) for gap in row["gaps"]]),
            (say("客户档案", "dossiers"), [d["dossier"] for d in row["dossiers"]]),
        )
    )


def _name(row: dict[str, Any]) -> str | None:
    return row["name"] or (say("（限制处理）", "(restricted)") if row["restricted"] else None)


def _fields(policy: Policy, fields: dict[str, str]) -> dict[str, str]:
    """Registered fields under the names that regulations give them."""
    names = {
        **_FIELDS,
        **{
            f.id: (f.zh, f.en)
            for cited in policy.rows(customer_rows.Profile)
            for f in cited.row.fields
        },
    }
    shown = {**fields}
    if "grade" in shown:
        shown["grade"] = say(*scheme_words(policy, shown["grade"]))
    return {say(*names.get(name, (name, name))): value for name, value in shown.items()}


def _contacts(row: dict[str, Any]) -> str | None:
    """Who is in contact, and how many a regulation wants."""
    people = say("、", ", ").join(row["contacts"])
    needed, clause = row["contacts_needed"], row["contacts_clause"]
    if len(row["contacts"]) >= needed or clause is None:
        return people or None
    wanted = say(f"须有 {needed} 人，{clause}", f"{needed} are needed, {clause}")
    return f"{people or say('无', 'nobody')}{say(f'（{wanted}）', f' ({wanted})')}"
