"""`archivist inbox`: scans that wait in a tray until a person settles them.

`assign` files one where you say, `retry` judges it again, `reject` sets it aside for good;
no scan is ever deleted. Exit codes: 0; 2 for a claim that waits nowhere; 3 when it was
refused again.
"""

import click

from archivist import inbox
from archivist.claims import Claim
from archivist.cli.door import FINDINGS, Call, common_options, now, pass_call
from archivist.cli.labels import tray_label
from archivist.cli.reading import station_of, write_outcome
from archivist.cli.say import say, table
from archivist.intake import Outcome
from policies.facts import Order


@click.group("inbox")
def inbox_command() -> None:
    """Scans that wait in a tray."""


@inbox_command.command("list")
@common_options
@pass_call
def list_(call: Call) -> None:
    """List what waits, with the reason and the best guess at a place."""
    rows = inbox.waiting(call.archive)
    heads = (say("编号", "claim"), say("托盘", "tray"), say("原因", "reason"),
             say("建议", "suggestion"), say("来源", "source"))  # fmt: skip
    call.emit(
        rows,
        lambda: table(
            heads,
            [
                (r["claim"], tray_label(r["tray"]), r["reason"],
                 "/".join(filter(None, (r["customer"], r["dossier"], r["type"]))) or None,
                 r["source"])
                for r in rows
            ],
        )
        if rows
        else say("没有待处理的扫描件", "nothing waits"),
    )  # fmt: skip


@inbox_command.command("assign")
@click.argument("claim")
@click.option("--dossier", required=True, metavar="D")
@click.option("--type", "type_", required=True, metavar="T")
@click.option("--grade", metavar="G")
@click.option("--again", is_flag=True, help="File it although the same scan is filed already.")
@common_options
@pass_call
def assign(call: Call, claim: str, dossier: str, type_: str, grade: str | None, again: bool) -> int:
    """File a waiting scan where you say."""
    return _settle(call, claim, Order(dossier, type_, grade, despite_duplicate=again))


@inbox_command.command("retry")
@click.argument("claim")
@common_options
@pass_call
def retry(call: Call, claim: str) -> int:
    """Judge a waiting scan again, as if it had just come."""
    return _settle(call, claim, None)


@inbox_command.command("reject")
@click.argument("claim")
@click.option("--reason", required=True, metavar="TEXT")
@common_options
@pass_call
def reject(call: Call, claim: str, reason: str) -> None:
    """Decide that a waiting scan is not to be filed."""
    inbox.reject(call.archive, claim, reason, now(), call.who)
    call.emit({"claim": claim, "tray": "rejected"}, say("已退回", "rejected"))


def _settle(call: Call, identifier: str, order: Order | None) -> int:
    with station_of(call, 1, call.who) as station:

        def take_in(claim: Claim) -> list[Outcome]:
            station.offer(claim, order)
            return list(station.finish())

        outcomes = inbox.settle(call.archive, identifier, take_in)
    for outcome in outcomes:
        write_outcome(call, outcome)
    return 0 if all(outcome.filed for outcome in outcomes) else FINDINGS
