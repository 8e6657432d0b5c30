"""`archivist hold`: what must not be destroyed, whoever asks; placed by one, released by another.

archivist hold place C000001 --kind litigation --reason 买卖合同纠纷
archivist hold list
archivist hold release H000001 --reason 判决已生效
"""

from typing import Any

import click

from archivist import holds, masking
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.labels import local_time
from archivist.cli.say import say, table
from archivist.cli.spoken import ENTRY, NOTHING, Words, group, option
from archivist.hold_book import KINDS, plain

CARD: Words = (f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}")
KEPT: Words = ("资料本身；以前的台账", "the records; earlier entries")
_KIND = {zh: kind for kind, (zh, _) in KINDS.items()}


@group("hold", zh="冻结：客户、客户档案或一件档案在解除之前不得销毁，管理员也不例外。")
def hold_command() -> None:
    """Holds: a customer, dossier or record that nobody destroys before it is released."""


@hold_command.command("place", zh="冻结 TARGET（客户、客户档案或档案）和其中的一切，"
                      "包括以后归档的；输出冻结编号。",
                      changes=CARD, never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("target")
@option("--kind", default="other", show_default=True, metavar="KIND",
        type=click.Choice([*KINDS, *_KIND]),
        zh="litigation 诉讼仲裁、audit 审计、complaint 投诉、debt 债务、other 其他；也可写中文。",
        help="litigation, audit, complaint, debt or other.")  # fmt: skip
@option("--reason", required=True, metavar="TEXT", zh="理由，加密保存。", help="Why; kept sealed.")
@common_options
@pass_call
def place(call: Call, target: str, kind: str, reason: str) -> None:
    """Hold TARGET (a customer, dossier or record) and all it contains; print the hold's id.

    What is filed there later is held too. Nothing that is held is destroyed, whoever asks.
    """
    who = call.somebody().name
    of = _KIND.get(kind, kind)
    made = holds.place(call.archive, call.policy, target, of, reason, who, now())
    row = call.archive.catalogue.hold(made)
    assert row is not None
    call.emit(masking.masked_in(plain(call.archive, row)), made)


@hold_command.command("release", zh="解除冻结 HOLD，由本人的密钥签名；不能解除自己设的。",
                      changes=CARD, never=KEPT, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("hold")
@option("--reason", required=True, metavar="TEXT", zh="理由，加密保存。", help="Why; kept sealed.")
@common_options
@pass_call
def release(call: Call, hold: str, reason: str) -> None:
    """Release HOLD, signed with your own key; nobody releases what he placed himself."""
    person = call.somebody().unlocked()
    row = holds.release(call.archive, call.policy, hold, reason, person, now())
    told = plain(call.archive, row)
    call.emit(masking.masked_in(told), f"{hold}  {say('已解除', 'released')}")


@hold_command.command("list", zh="列出冻结：对象、种类、何人何时设定、理由。\n\n"
                      "知悉范围内的只列给名单上的人。",
                      never=NOTHING, exits=(0, 2, 4, 10, 12))  # fmt: skip
@option("--target", metavar="ID", zh="只列涉及这个客户、客户档案或档案的。",
        help="Only those that concern this customer, dossier or record.")  # fmt: skip
@option("--all", "every", is_flag=True, zh="已解除的也列出。", help="Those released too.")
@common_options
@pass_call
def list_(call: Call, target: str | None, every: bool) -> None:
    """List holds: what is held, why, since when and by whom.

    What a need-to-know list keeps apart is shown to those on it.
    """
    asker = call.session.name if call.session else None
    rows = masking.masked_in(holds.listed(call.archive, asker, target, every))
    heads = (say("编号", "hold"), say("对象", "target"), say("种类", "kind"),
             say("设定时间", "placed"), say("设定人", "by"), say("状态", "state"),
             say("理由", "reason"))  # fmt: skip
    call.emit(
        rows,
        lambda: (
            masking.masked(table(heads, [_line(row) for row in rows], cut=(6, 4)))
            if rows
            else say("没有冻结", "no holds")
        ),
    )


def _line(row: dict[str, Any]) -> tuple[Any, ...]:
    state = say("冻结", "held")
    if row["released"]:
        day = (local_time(row["released"]) or "")[:10]
        state = say(f"{row['released_by']} {day} 解除", f"released by {row['released_by']} {day}")
    return (row["hold"], row["target"], say(KINDS[row["kind"]][0], row["kind"]),
            local_time(row["placed"]), row["placed_by"], state,
            row["release_reason"] or row["reason"])  # fmt: skip


def held_words(held: list[str]) -> str | None:
    """That something is held and by which hold; None where it is not."""
    return (
        say("冻结，不得销毁：", "held, not to be destroyed: ") + ", ".join(held) if held else None
    )
