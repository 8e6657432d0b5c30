"""`archivist customer restrict` and `unrestrict`: personal data that is kept and not used.

archivist customer restrict C000001 --reason 本人撤回同意
archivist customer unrestrict C000001 --reason 本人重新同意
"""

import click

from archivist import restricting
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.say import say
from archivist.cli.spoken import ENTRY, Command, Words, command, option

CARD: Words = (f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}")
KEPT: Words = ("资料本身；以前的台账", "the records; earlier entries")


@command("restrict", zh="限制处理客户 ID 的个人信息：只保存和保护，不再使用。\n\n"
         "检索、调阅、借阅、封面页、催办和带姓名的清单都不再可用；仍可归档、冻结、审计、销毁，"
         "以及应本人请求导出。",
         changes=(f"{CARD[0]}；借出的资料不再打开", f"{CARD[1]}; what is lent opens no more"),
         never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@option("--reason", required=True, metavar="TEXT", zh="理由，加密保存。", help="Why; kept sealed.")
@common_options
@pass_call
def restrict(call: Call, identifier: str, reason: str) -> None:
    """Restrict the personal data of the customer ID: it is kept and protected, and not used.

    No search finds it, nobody views, borrows or prints it, no list names the customer. It may
    still be filed into, held, audited, destroyed, and exported for its subject.
    """
    who = call.somebody().name
    restricting.restrict(call.archive, call.policy, identifier, reason, who, now())
    call.emit({"customer": identifier, "restricted": True},
              f"{identifier}  {say('已限制处理', 'restricted')}")  # fmt: skip


@command("unrestrict", zh="取消客户 ID 的限制处理；不能取消自己设的。",
         changes=CARD, never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("identifier", metavar="ID")
@option("--reason", required=True, metavar="TEXT", zh="理由，加密保存。", help="Why; kept sealed.")
@common_options
@pass_call
def unrestrict(call: Call, identifier: str, reason: str) -> None:
    """Let the data of the customer ID be used again; nobody lifts what he restricted himself."""
    who = call.somebody().name
    restricting.unrestrict(call.archive, call.policy, identifier, reason, who, now())
    call.emit({"customer": identifier, "restricted": False},
              f"{identifier}  {say('已取消限制', 'no longer restricted')}")  # fmt: skip


def restricted_words(since: str | bool | None) -> str | None:
    """That somebody's data is kept and not used; None where it is used."""
    return say("个人信息限制处理，只保存不使用", "personal data kept, not used") if since else None


COMMANDS: tuple[Command, ...] = (restrict, unrestrict)
