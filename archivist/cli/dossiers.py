"""`archivist dossier`: what is filed together, and what happened to it.

`open` and `event` write a sealed card and one ledger entry; earlier cards are kept.
"""

import click

from archivist import dossiers
from archivist.cli.attest import said, seen_words
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.labels import dossier_type_label, grade_label, local_time, named, type_label
from archivist.cli.say import facts, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, group, option
from archivist.cli.words import iso_date, pairs

CARD = (f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}")
EARLIER = (
    "以前的卡片；台账里从不写键和事件",
    "earlier cards; the ledger holds no key and no event",
)


@group("dossier", zh="客户档案：建立、记事件、列出、查看。")
def dossier_command() -> None:
    """Dossiers: open, record events, list, show."""


@dossier_command.command("open", zh="为客户 CUSTOMER 建立一份 TYPE 类档案，输出其编号。\n\n"
                         "种类、键和事件由所采用的制度包规定，见 archivist pack show 制度包。",
                         changes=CARD, never=EARLIER, exits=(0, 2, 10, 11, 12))  # fmt: skip
@click.argument("customer")
@click.argument("type_", metavar="TYPE")
@option("--key", "keys", multiple=True, metavar="K=V",
        zh="认档案的键，如 vin=LVGBE40K9SG105862；可多次使用。",
        help="What it is known by, e.g. vin=LVGBE40K9SG105862; repeatable.")  # fmt: skip
@option("--event", "events", multiple=True, metavar="NAME=DATE",
        zh="已发生的事件，如 sale=2026-03-05；可多次使用。",
        help="What has happened, e.g. sale=2026-03-05; repeatable.")  # fmt: skip
@common_options
@pass_call
def open_(
    call: Call, customer: str, type_: str, keys: tuple[str, ...], events: tuple[str, ...]
) -> None:
    """Open a dossier of type TYPE for CUSTOMER and print its id.

    Types, keys and events are those of the adopted packs: archivist pack show PACK.
    """
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


@dossier_command.command("event",
                         zh="记下档案 ID 在某日发生的事，如 sale=2026-03-05；以最新的日期为准。",
                         changes=CARD, never=EARLIER, exits=(0, 2, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@click.argument("events", nargs=-1, required=True, metavar="NAME=DATE…")
@common_options
@pass_call
def event(call: Call, identifier: str, events: tuple[str, ...]) -> None:
    """Record what happened to the dossier ID on a day, such as sale=2026-03-05.

    The newest date counts.
    """
    dates = {name: iso_date(day) for name, day in pairs(events).items()}
    dossiers.record_event(call.archive, call.policy, identifier, dates, now(), call.who)
    call.emit({"dossier": identifier, "events": dates}, identifier)


@dossier_command.command("list", zh="列出所有客户档案。", never=NOTHING, exits=(0, 2, 10, 12))
@option("--customer", metavar="C", zh="只列这位客户的。", help="Only those of this customer.")
@common_options
@pass_call
def list_(call: Call, customer: str | None) -> None:
    """List all dossiers."""
    rows = dossiers.listed(call.archive, customer)
    heads = (say("编号", "id"), say("客户", "customer"), say("种类", "type"), say("键", "keys"),
             say("事件", "events"), say("件数", "records"))  # fmt: skip
    call.emit(
        rows,
        lambda: (
            table(
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
                cut=(4, 3),
            )
            if rows
            else say("还没有客户档案", "no dossiers yet")
        ),
    )


@dossier_command.command("show", zh="查看档案 ID 和其中的资料。", never=NOTHING,
                         exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@common_options
@pass_call
def show(call: Call, identifier: str) -> None:
    """Show the dossier ID and what lies in it."""
    row = dossiers.shown(call.archive, identifier)
    policy = call.policy
    for record in row["records"]:
        record["attested"] = said(call, record["record"])

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
                 say("页数", "pages"), say("归档时间", "filed"),
                 say("核对", "attested"))  # fmt: skip
        lines = [
            (
                r["record"],
                type_label(policy, r["type"]),
                grade_label(policy, r["grade"]),
                r["pages"],
                local_time(r["filed"]),
                seen_words(policy, r["attested"]) or None,
            )
            for r in row["records"]
        ]
        return f"{head}\n\n{table(heads, lines, cut=(5, 1))}" if lines else head

    call.emit(row, shown)
