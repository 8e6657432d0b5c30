"""`archivist handover`: papers change hands (签收), and both sides sign.

Both stand at the desk and type their passphrases, also when one of them is logged in: a
signature is given, not taken from a session that somebody forgot to close.

    archivist handover D000001 --from zhao --to lin -o receipt.pdf
    archivist handover list --month 2026-03
    archivist handover print 4711 -o receipt.pdf
"""

from __future__ import annotations

import copy
import functools
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archivist import handover, receipts, report_pages, standing, statements
from archivist.cli.door import Call, ask_passphrase, common_options, now, pass_call
from archivist.cli.labels import local_time, role_label, type_label, with_name
from archivist.cli.say import note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, Group, command, option
from archivist.errors import BadRequest
from archivist.records import Entry, kind_of
from policies import pack_rows
from storage import durable

if TYPE_CHECKING:
    from policies.handover import ReceiptTerms
    from storage.people import Unlocked

KEPT = ("资料本身；以前的签收", "the records; earlier receipts")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class _Handover(Group):
    """`handover D000001 …` hands over; any other word is a command below."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if kind_of(cmd_name) != "dossier":
            return super().get_command(ctx, cmd_name)
        assert _over.callback
        bound = copy.copy(_over)
        bound.name = cmd_name
        bound.callback = functools.partial(_over.callback, dossier=cmd_name)
        return bound

    def rows(self, ctx: click.Context) -> list[tuple[str, str]]:
        return [("DOSSIER", _over.get_short_help_str()), *super().rows(ctx)]


@click.group("handover", cls=_Handover, zh="移交签收：双方当面点清，各自签字，并打印签收单。\n\n"
       "移交一份档案：archivist handover D000001 --from 移交人 --to 接收人 -o 签收单.pdf。",
       subcommand_metavar="DOSSIER|COMMAND …")  # fmt: skip
def handover_command() -> None:
    """Hand papers over: both sides count, sign, and get a receipt.

    One dossier: archivist handover D000001 --from GIVER --to RECEIVER -o receipt.pdf.
    """


@command("DOSSIER", zh="移交一份档案的全部资料，写出签收单 FILE.pdf，注明缺件。\n\n"
         "双方都要输入口令：移交人取自 ARCHIVIST_PASSPHRASE，接收人取自 "
         "ARCHIVIST_PASSPHRASE_TO，或当场输入。",
         changes=(f"FILE.pdf；{ENTRY[0]}，含双方签字",
                  f"FILE.pdf; {ENTRY[1]} with both signatures"),
         never=KEPT, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@option("--from", "giver", required=True, metavar="PERSON", zh="移交人。", help="Who gives.")
@option("--to", "receiver", required=True, metavar="PERSON", zh="接收人，须为另一人。",
        help="Who receives; somebody else.")  # fmt: skip
@option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.pdf",
        zh="签收单写到哪个文件；已有的会被替换。",
        help="The receipt; a file that is there is replaced.")  # fmt: skip
@common_options
@pass_call
def _over(call: Call, dossier: str, giver: str, receiver: str, output: Path) -> None:
    """Hand over all papers of a dossier and write the receipt FILE.pdf, with what is missing.

    Both type their passphrases; else the giver's is ARCHIVIST_PASSPHRASE, the receiver's
    ARCHIVIST_PASSPHRASE_TO.
    """
    _check_folder(output)
    for name in (giver, receiver):
        call.check_person(name)
    call.archive.follow()
    row = call.archive.the("dossier", dossier)
    terms = handover.terms_of(call.policy, row["type"])
    _say_who_should(call, terms, giver, receiver)
    same = giver == receiver  # refused below, without asking twice for one passphrase
    one = _unlocked(call, giver)
    other = one if same else _unlocked(call, receiver, "ARCHIVIST_PASSPHRASE_TO")
    calendar = standing.company_calendar(call.settings.company)
    index = handover.hand_over(call.archive, call.policy, calendar, dossier, one, other, now())
    call.archive.ledger.publish()
    entry = handover.handed_over(call.archive, index)
    _write(output, _receipt(call, entry))
    statement = entry.fields["statement"]
    result = {"entry": index, "dossier": dossier, "from": giver, "to": receiver,
              "records": [r["record"] for r in statement["records"]],
              "missing": statement["missing"], "unattested": statement["unattested"],
              "clauses": entry.fields["clauses"], "packs": entry.fields["packs"],
              "file": str(output)}  # fmt: skip
    call.emit(result, str(output))


def _unlocked(call: Call, name: str, *first: str) -> Unlocked:
    return call.unlocked(name, ask_passphrase(name, *first))


def _say_who_should(call: Call, terms: ReceiptTerms, giver: str, receiver: str) -> None:
    """The regulation names roles or departments; others are allowed, and it is said."""
    rows = {row["id"]: row for row in call.archive.catalogue.people()}
    for name, wanted, zh, en in (
        (giver, terms.givers, "移交", "give"), (receiver, terms.receivers, "接收", "receive"),
    ):  # fmt: skip
        row = rows.get(name, {})
        roles = set(row.get("roles", ()))
        # A sales adviser belongs to the sales department, entered with his name or not.
        homes = {c.row.department for c in call.policy.rows(pack_rows.Role) if c.row.id in roles}
        held = {*roles, *homes, row.get("department")}
        meant = {role for word in wanted for role in (word, *call.policy.who_is(word))}
        if wanted and not held & meant:
            known = "、".join(_label(call, word) for word in wanted)
            note(
                say(
                    f"注意：制度规定由{known}{zh}，{name} 不是",
                    f"note: the regulation lets {', '.join(wanted)} {en}; {name} is none",
                )
            )


def _label(call: Call, word: str) -> str:
    found = call.policy.departments.get(word)
    return found.zh if found else role_label(call.policy, word)


@handover_command.command("list", zh="签收薄：列出移交，逐条核对双方签字。",
                          never=NOTHING, exits=(0, 2, 3, 10, 12))  # fmt: skip
@option("--month", metavar="YYYY-MM", zh="只列这个月的。", help="Only this month's.")
@option("--format", "format_", type=click.Choice(["table", "csv", "pdf"]), default="table",
        show_default=True, zh="表格、CSV 或 PDF。", help="As a table, CSV or PDF.")  # fmt: skip
@option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
        zh="写到哪个文件；PDF 必写。", help="Where to write; PDF needs it.")  # fmt: skip
@common_options
@pass_call
def list_(call: Call, month: str | None, format_: str, output: Path | None) -> int:
    """The receipt book: list handovers and verify both signatures of each.

    Ends with exit code 3 when a signature does not hold.
    """
    if month and not _MONTH.fullmatch(month):
        raise BadRequest(f"“{month}” 不是月份", f"{month!r} is no month", "例如 2026-03",
                         "e.g. 2026-03")  # fmt: skip
    rows = handover.listed(call.archive, month)
    if format_ == "table":
        call.emit(rows, lambda: _shown(call, rows))
    else:
        _export(call, rows, month, format_, output)
    return 0 if all(row["verified"] for row in rows) else 3


def _shown(call: Call, rows: list[dict[str, Any]]) -> str:
    if not rows:
        return say("没有移交", "nothing was handed over")
    heads = (say("台账", "entry"), say("时间", "time"), say("客户", "customer"),
             say("客户档案", "dossier"),
             say("移交人", "from"), say("接收人", "to"), say("份数", "records"),
             say("页数", "pages"), say("资料", "papers"), say("缺件", "missing"),
             say("签字", "signed"))  # fmt: skip
    return table(
        heads,
        [
            (r["entry"], local_time(r["time"]), with_name(r["customer"], r["customer_name"]),
             r["dossier"], r["from"], r["to"],
             len(r["records"]), r["pages"],
             [type_label(call.policy, name) for name in dict.fromkeys(r["types"])],
             len(r["missing"]),
             say("有效", "valid") if r["verified"] else say("不符", "INVALID"))
            for r in rows
        ],
        cut=(8, 2),
    )  # fmt: skip


def _export(
    call: Call, rows: list[dict[str, Any]], month: str | None, format_: str, output: Path | None
) -> None:
    catalogue = call.archive.catalogue
    customers = {row["id"]: row for row in catalogue.customers()}
    dossiers = {row["id"]: row for row in catalogue.dossiers()}
    sheet = receipts.book_sheet(call.policy, rows, customers, dossiers, month)
    content = (report_pages.as_csv if format_ == "csv" else report_pages.as_pdf)(
        sheet, chinese=True
    )
    if output is None and format_ == "csv" and not call.json:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    if output is None:
        raise BadRequest("请用 -o 写明文件名", "say where to with -o FILE", "例如 -o 签收薄.pdf",
                         "e.g. -o book.pdf")  # fmt: skip
    _check_folder(output)
    _write(output, content)
    call.emit({"file": str(output), "handovers": len(rows)}, str(output))


@handover_command.command("print", zh="再次打印台账第 ENTRY 条的签收单，内容与当时签字的相同。",
                          changes=("FILE.pdf", "FILE.pdf"), never=("台账", "the ledger"),
                          exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("entry", type=int)
@option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.pdf",
        zh="写到哪个文件；已有的会被替换。",
        help="Where to write; a file that is there is replaced.")  # fmt: skip
@common_options
@pass_call
def print_(call: Call, entry: int, output: Path) -> None:
    """Print the receipt of ledger ENTRY again: what was signed then."""
    _check_folder(output)
    _write(output, _receipt(call, handover.handed_over(call.archive, entry)))
    call.emit({"entry": entry, "file": str(output)}, str(output))


def _receipt(call: Call, entry: Entry) -> bytes:
    statement = entry.fields["statement"]
    customer = call.archive.the("customer", statement["customer"])
    prints = [statements.fingerprint(one["key"]) for one in entry.fields["signatures"]]
    terms = handover.terms_of(call.policy, statement["type"])
    sheet = receipts.receipt_sheet(call.policy, entry, customer["name"] or "", terms, prints)
    return report_pages.as_pdf(sheet, chinese=True)


def _check_folder(output: Path) -> None:
    # Said before anything is signed: a receipt that cannot be written helps nobody.
    if not output.absolute().parent.is_dir():
        raise BadRequest(f"没有目录 {output.parent}", f"there is no folder {output.parent}")


def _write(output: Path, content: bytes) -> None:
    durable.replace(output.absolute(), content, mode=0o600)
