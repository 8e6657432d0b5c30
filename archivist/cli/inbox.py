"""`archivist inbox`: scans that wait in a tray until a person settles them.

`assign` files one where you say, `retry` judges it again, `reject` sets it aside for good;
no scan is ever deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from archivist import inbox
from archivist.cli import labels, progress, reading
from archivist.cli.door import FINDINGS, Call, common_options, now, pass_call
from archivist.cli.numbers import UNMASKS, discreet, purpose_option
from archivist.cli.say import say, table
from archivist.cli.spoken import ENTRY, group, option
from policies import facts

if TYPE_CHECKING:
    from archivist.claims import Claim
    from archivist.intake import Outcome

SETTLES = ("归档件、台账；扫描件离开托盘", "the vault, the ledger; the scan leaves its tray")
OTHERS = ("其他扫描件；扫描件的内容", "other scans; the bytes of this one")


@group("inbox", zh="在托盘中等人处理的扫描件：列出、指定去处、重新判定、退回。")
def inbox_command() -> None:
    """Scans that wait in a tray: list, assign, retry, reject."""


@inbox_command.command("list", zh="列出等待处理的扫描件、原因和猜测的去处；个人号码不完整显示。",
                       changes=UNMASKS, never=OTHERS, exits=(0, 2, 10, 11, 12))  # fmt: skip
@purpose_option
@common_options
@pass_call
def list_(call: Call, purpose: str | None) -> None:
    """List what waits, with the reason and the best guess at a place.

    Personal numbers are masked.
    """
    rows = discreet(call, inbox.waiting(call.archive), purpose)
    heads = (say("编号", "claim"), say("托盘", "tray"), say("原因", "reason"),
             say("建议", "suggestion"), say("客户", "customer"), say("来源", "source"))  # fmt: skip
    call.emit(
        rows,
        lambda: table(
            heads,
            [
                (r["claim"], labels.tray_label(r["tray"]), labels.reason_label(r["reason"]),
                 _guess(call, r), r["customer_name"], r["source"])
                for r in rows
            ],
            cut=(5, 3, 4),
        )
        if rows
        else say("没有待处理的扫描件", "nothing waits"),
    )  # fmt: skip


def _guess(call: Call, row: dict[str, Any]) -> str | None:
    # A dossier says whose it is; the customer helps only while no dossier is known.
    place = row["dossier"] or row["customer"]
    return "/".join(filter(None, (place, labels.type_label(call.policy, row["type"])))) or None


@inbox_command.command("assign", zh="把扫描件 CLAIM 归到指定的地方。", changes=SETTLES,
                       never=OTHERS, exits=(0, 2, 3, 4, 10, 11, 12))  # fmt: skip
@click.argument("claim")
@option("--dossier", required=True, metavar="D", zh="归入这份档案。",
        help="The dossier it belongs to.")  # fmt: skip
@option("--type", "type_", required=True, metavar="T", zh="资料种类（代码或名称）。",
        help="The document type, by id or name.")  # fmt: skip
@option("--grade", metavar="G", zh="密级；不写则由制度决定。",
        help="The grade; else the regulations decide.")  # fmt: skip
@option("--again", is_flag=True, zh="同样的扫描件已经归档，仍再归一次。",
        help="File it although the same scan is filed already.")  # fmt: skip
@common_options
@pass_call
def assign(call: Call, claim: str, dossier: str, type_: str, grade: str | None, again: bool) -> int:
    """File the waiting scan CLAIM where you say."""
    # Slips of the hand are told before the scan leaves its tray.
    call.archive.follow()
    call.archive.the("dossier", dossier)
    call.policy.document_type(type_)
    if grade is not None:
        call.policy.grade(grade)
    return _settle(call, claim, facts.Order(dossier, type_, grade, despite_duplicate=again))


@inbox_command.command("retry", zh="重新判定扫描件 CLAIM，如同刚刚扫入。", changes=SETTLES,
                       never=OTHERS, exits=(0, 2, 3, 4, 10, 11, 12))  # fmt: skip
@click.argument("claim")
@common_options
@pass_call
def retry(call: Call, claim: str) -> int:
    """Judge the waiting scan CLAIM again, as if it had just come."""
    return _settle(call, claim, None)


@inbox_command.command("reject", zh="认定扫描件 CLAIM 不予归档。",
                       changes=(f"扫描件移入 trays/rejected；{ENTRY[0]}",
                                f"the scan moves to trays/rejected; {ENTRY[1]}"),
                       never=("扫描件本身：程序不会删除它", "the scan itself: nothing deletes it"),
                       exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("claim")
@option("--reason", required=True, metavar="TEXT", zh="原因，加密保存。",
        help="Why; kept sealed.")  # fmt: skip
@common_options
@pass_call
def reject(call: Call, claim: str, reason: str) -> None:
    """Decide that the waiting scan CLAIM is not to be filed."""
    inbox.reject(call.archive, claim, reason, now(), call.who)
    call.emit({"claim": claim, "tray": "rejected"}, say("已退回", "rejected"))


def _settle(call: Call, identifier: str, order: facts.Order | None) -> int:
    with reading.station_of(call, 1, call.who) as station:

        def take_in(claim: Claim) -> list[Outcome]:
            station.offer(claim, order)
            return list(station.finish())

        with progress.Progress(say("读取", "reading"), 1) as bar:
            outcomes = inbox.settle(call.archive, identifier, take_in)
            refused = reading.write_outcomes(call, outcomes, bar)
    return FINDINGS if refused else 0
