"""`archivist volume`: papers arranged to volumes (立卷) by year, checked by somebody else.

    archivist volume compose --year 2025 --dry-run
    archivist volume contents J000001 -o 卷内文件目录.pdf
    archivist volume check J000001

Ids, codes and JSON keys never change with the language. What the regulations want is decided in
`policies.composing` and `policies.arrangement`; here it is only asked and told.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archivist import (
    form_pages,
    grade_rulings,
    volume_book,
    volume_checks,
    volume_lines,
    volume_sheets,
    volumes,
)
from archivist.cli.door import DAMAGE, FINDINGS, Call, common_options, now, pass_call
from archivist.cli.say import counted, facts, say
from archivist.cli.spoken import ENTRY, NOTHING, group, option
from archivist.cli.volume_words import (
    left_row,
    say_of_codes,
    say_of_the_year,
    say_whose_office,
    shown_check,
    shown_composed,
    shown_list,
    shown_volume,
)
from archivist.cli.words import iso_date, pairs
from archivist.errors import BadRequest
from policies.volume_life import STATES
from storage import durable

if TYPE_CHECKING:
    from archivist.volume_sheets import Sheet

KEPT = ("资料本身；已给的档号", "the records; codes once given")
SHEET = ("先加台账一条，再写 FILE.pdf", "one ledger entry first, then FILE.pdf")
_FILE = option("-o", "--output", required=True, type=click.Path(path_type=Path),
               metavar="FILE.pdf", zh="写到哪个文件；已有的会被替换。",
               help="Where to write; a file that is there is replaced.")  # fmt: skip
_REASON = option("--reason", required=True, metavar="TEXT", zh="理由，加密保存。",
                 help="Why; kept sealed.")  # fmt: skip


@group("volume", zh="立卷：把一年的资料按制度组成案卷，由另一人检查，打印目录和备考表。")
def volume_command() -> None:
    """Volumes: a year's papers arranged as the regulations say, checked by somebody else."""


# ── compose ───────────────────────────────────────────────────────────────────


@volume_command.command("compose", zh="组卷：把客户 CUSTOMER、一份档案或一个年度的资料组成案卷。"
                        "\n\n只组尚未立卷的。按年度、保管期限、密级分卷，同一事由的不分开，按制度排列，并编档号；"
                        "不能立卷的逐件说明理由。--dry-run 只列出，不作改动。",
                        changes=("每卷台账一条，含立卷人签字",
                                 "one ledger entry for each volume, signed by its maker"),
                        never=KEPT, exits=(0, 2, 3, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("customer", required=False)
@option("--year", type=click.IntRange(1900, 9999), metavar="Y", zh="只组这一年度的。",
        help="Only this year's.")  # fmt: skip
@option("--dossier", metavar="D", zh="只组这份档案的。", help="Only this dossier's.")
@option("--dry-run", is_flag=True, zh="只列出，不作改动。", help="List only, change nothing.")
@common_options
@pass_call
def compose(
    call: Call, customer: str | None, year: int | None, dossier: str | None, dry_run: bool
) -> int:
    """Compose volumes of what lies in none yet: of CUSTOMER, of a dossier, or of a year.

    Volumes are parted by year, keeping and grade; papers of one matter stay together, in the order
    that the regulation gives, with archival codes. What cannot be arranged is listed with its
    reason; then it ends with 3.
    """
    if customer is None and year is None and dossier is None:
        raise BadRequest("请写客户编号，或用 --year、--dossier",
                         "name a customer, or --year, --dossier",
                         "例如 archivist volume compose --year 2025",
                         "e.g. archivist volume compose --year 2025")  # fmt: skip
    wish = volumes.Wish(customer, year, dossier)
    at = now()
    if dry_run:
        asker = call.session.name if call.session else None
        made = volumes.propose(call.archive, call.policy, wish, asker)
    else:
        person = call.somebody().unlocked()
        say_whose_office(call, person.name)
        made = volumes.compose(call.archive, call.policy, wish, person, at)
    say_of_codes(made)
    say_of_the_year(made, at.astimezone().year)
    call.emit(
        {"dry_run": dry_run, "volumes": made.volumes, "left": [left_row(one) for one in made.left],
         "late": made.late},
        lambda: shown_composed(call, made, dry_run),
    )  # fmt: skip
    return FINDINGS if any(one.code != "sheet" for one in made.left) else 0


# ── describe ──────────────────────────────────────────────────────────────────


@volume_command.command("describe", zh="写明资料 RECORD 在其事由中是什么，供组卷。"
                        "\n\n如正件、附件、请示、批复。同一事由以其中一份资料的编号为名。跨年度的写明按什么归年。",
                        changes=ENTRY,
                        never=("资料本身；以前写明的", "the record; what was said before"),
                        exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("record")
@option("--matter", metavar="RECORD", zh="事由以哪份资料为名（可为其自身）。",
        help="The record its matter is named after (may be itself).")  # fmt: skip
@option("--part", "parts", multiple=True, metavar="PART",
        zh="是什么，如 main 正件、attachment 附件、request 请示、reply 批复；可多次使用。",
        help="What it is: main, attachment, request, reply, draft …; repeatable.")  # fmt: skip
@option("--about", metavar="KIND",
        zh="跨年度的：plan 规划、summary 总结、meeting 会议、request 请示。",
        help="If of several years: plan, summary, meeting, request, request_reply.")  # fmt: skip
@option("--date", "dates", multiple=True, metavar="NAME=DATE",
        zh="决定年度的日期，如 first_target=2026；可多次使用。",
        help="A date that decides its year, as first_target=2026; repeatable.")  # fmt: skip
@option("--copies", type=click.IntRange(1, 999), metavar="N", zh="份数。", help="How many copies.")
@option("--linked", multiple=True, metavar="RECORD", zh="与哪份资料密切联系；可多次使用。",
        help="A record it is closely linked to; repeatable.")  # fmt: skip
@common_options
@pass_call
def describe(
    call: Call, record: str, matter: str | None, parts: tuple[str, ...], about: str | None,
    dates: tuple[str, ...], copies: int | None, linked: tuple[str, ...],
) -> None:  # fmt: skip
    """Say what RECORD is in its matter, for composing: main text, attachment, request, reply …

    A matter is named after one of its records. Of papers of several years say what decides.
    """
    who = call.somebody().name
    days = {name: _day(said) for name, said in pairs(dates).items()}
    said = volumes.Described(matter, parts, about, days, copies, linked)
    found = volumes.describe(call.archive, call.policy, record, said, now(), who)
    call.emit({"record": record, "described": found}, lambda: f"{record}  {facts(found.items())}")


def _day(said: str) -> date:
    written = said.strip()
    return date.fromisoformat(iso_date(f"{written}-01-01" if len(written) == 4 else written))


# ── list, show ────────────────────────────────────────────────────────────────


@volume_command.command("list", zh="列出案卷，以及空缺的档号和封卷后才归档的资料。",
                        never=NOTHING, exits=(0, 2, 4, 10, 12))  # fmt: skip
@option("--year", type=int, metavar="Y", zh="只列这一年度的。", help="Only this year's.")
@option("--customer", metavar="C", zh="只列这个客户的。", help="Only this customer's.")
@option("--state", type=click.Choice(STATES), zh="只列处于此状态的。", help="Only in this state.")
@common_options
@pass_call
def list_(call: Call, year: int | None, customer: str | None, state: str | None) -> None:
    """List volumes, numbers that are missing, and what was filed after its volume was closed."""
    call.archive.follow()
    if customer is not None:
        call.archive.the("customer", customer)
    asker = call.session.name if call.session else None
    rows = [
        volume_book.plain(call.archive, call.policy, row, asker)
        for row in call.archive.catalogue.volumes()
        if year in (None, row["year"])
        and customer in (None, row["customer"])
        and state in (None, row["state"])
    ]
    missing = volume_book.numbers_missing(call.archive)
    late = volume_book.latecomers(call.archive, call.policy)
    call.emit({"volumes": rows, "gaps": missing, "late": late},
              lambda: shown_list(call, rows, missing, late))  # fmt: skip


@volume_command.command("show", zh="查看案卷 VOLUME：卷内资料、签字和经过。\n\n"
                        "题名只向有权打开的人显示。",
                        never=NOTHING, exits=(0, 2, 4, 10, 12, 13))  # fmt: skip
@click.argument("volume")
@common_options
@pass_call
def show(call: Call, volume: str) -> int:
    """Show VOLUME: its papers, signatures and history. Titles only to whoever may open them."""
    call.archive.follow()
    person = call.person
    asker = person.name if person else None
    row = volume_book.the_volume(call.archive, volume)
    records = volume_book.records_of(call.archive, row)
    open_ = volume_book.opened_to(call.archive, records.values(), asker)
    papers = []
    for paper in row["papers"]:
        record = records.get(paper["record"])
        known = record is not None and record["id"] in open_
        title = None
        if record is not None and known:
            title = call.archive.record_card(record, person)["title"]
        papers.append({
            "record": paper["record"], "item": paper["item"], "code": paper.get("code"),
            "type": record["type"] if record else None, "title": title,
            "grade": record["grade"] if record and known else None,
            "pages": paper["pages"], "copies": paper["copies"], "there": record is not None,
        })  # fmt: skip
    proofs = volume_checks.proofs(call.archive, row)
    told = volume_book.plain(call.archive, call.policy, row, asker) | {
        "title": volume_lines.title_of(call.archive, call.policy, row),
        "papers": papers,
        "signatures": list(proofs),
        "clauses": volume_book.clauses_shown(call.policy, row["clauses"], records.values(),
                                 grade_rulings.held_by(call.archive, asker)),
        "packs": row["packs"],
        "history": [
            {"index": entry.index, "time": entry.time, "act": entry.act,
             "step": entry.fields.get("step"), "who": entry.who}
            for entry in call.archive.entries_of(volume)
        ],
    }  # fmt: skip
    call.emit(told, lambda: shown_volume(call, told))
    return DAMAGE if proofs else 0


# ── printing ──────────────────────────────────────────────────────────────────


@volume_command.command("contents", zh="打印案卷 VOLUME 的卷内文件目录（放在卷首）。\n\n"
                        "题名只印有权打开的，其余印种类和编号。", changes=SHEET, never=KEPT,
                        exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("volume")
@_FILE
@common_options
@pass_call
def contents(call: Call, volume: str, output: Path) -> None:
    """Print the contents list of VOLUME, which lies in front.

    Titles of what you may open; else type and id.
    """
    _check_folder(output)
    person, at = call.somebody().unlocked(), now()
    sheet = volume_sheets.contents(
        call.archive, call.policy, volume, person, at.astimezone().date()
    )
    _print(call, sheet, person.name, output, volume=volume)


@volume_command.command("notes", zh="打印案卷 VOLUME 的卷内备考表（放在卷末）。\n\n"
                        "印件数、页数、情况说明、立卷人和检查人。",
                        changes=SHEET, never=KEPT, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("volume")
@_FILE
@common_options
@pass_call
def notes(call: Call, volume: str, output: Path) -> None:
    """Print the notes sheet of VOLUME, which lies at its end: counts, remarks, who signed."""
    _check_folder(output)
    person, at = call.somebody().unlocked(), now()
    sheet = volume_sheets.notes(call.archive, call.policy, volume, person, at.astimezone().date())
    _print(call, sheet, person.name, output, volume=volume)


@volume_command.command("catalogue", zh="打印案卷目录：一年度、一个客户或全部的案卷。",
                        changes=SHEET, never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@option("--year", type=int, metavar="Y", zh="只印这一年度的。", help="Only this year's.")
@option("--customer", metavar="C", zh="只印这个客户的。", help="Only this customer's.")
@_FILE
@common_options
@pass_call
def catalogue(call: Call, year: int | None, customer: str | None, output: Path) -> None:
    """Print the list of volumes: of a year, of a customer, or all."""
    _check_folder(output)
    who, at = call.somebody().name, now()
    sheet = volume_sheets.catalogue(
        call.archive, call.policy, year, customer, at.astimezone().date()
    )
    _print(call, sheet, who, output, year=year)


def _print(call: Call, sheet: Sheet, who: str, output: Path, **about: Any) -> None:
    content = form_pages.as_pdf(sheet.printout)
    volume_sheets.record_print(call.archive, sheet, who, now())
    # Customers' data: for whoever printed it, not for everybody on the machine.
    durable.replace(output.absolute(), content, mode=0o600)
    call.emit({**about, "file": str(output), "lines": len(sheet.printout.rows)}, str(output))


def _check_folder(output: Path) -> None:
    if not output.absolute().parent.is_dir():
        # Said before the ledger names somebody as having printed what could not be written.
        raise BadRequest(f"没有目录 {output.parent}", f"there is no folder {output.parent}")


# ── check and after ───────────────────────────────────────────────────────────


@volume_command.command("check", zh="检查案卷 VOLUME：逐条对照制度，没有问题就签字封卷。\n\n"
                        "有问题则列出。检查人不得是立卷人。已封的案卷只再对照一遍。"
                        "--return 退回改正。",
                        changes=("没有问题时台账一条，含检查人签字",
                                 "without a fault one ledger entry, signed by the checker"),
                        never=KEPT, exits=(0, 2, 3, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("volume")
@option("--seen", multiple=True, metavar="NAME",
        zh="亲眼确认的要求，如“统一标准的用户档案袋”；可多次使用。",
        help="A demand you saw to be met, as the regulation words it; repeatable.")  # fmt: skip
@option("--return", "back", is_flag=True, zh="退回改正，须写 --reason。",
        help="Return it to be corrected; say why with --reason.")  # fmt: skip
@option("--reason", metavar="TEXT", zh="退回的理由，加密保存。", help="Why; kept sealed.")
@option("--dry-run", is_flag=True, zh="只对照，不签字。", help="Compare only, sign nothing.")
@common_options
@pass_call
def check(
    call: Call, volume: str, seen: tuple[str, ...], back: bool, reason: str | None, dry_run: bool
) -> int:
    """Check VOLUME against every rule; without a fault close it with your signature.

    Nobody checks what he composed. One that is closed is only compared again, as things stand now.
    Faults are listed and it ends with 3.
    """
    if back:
        if dry_run or seen:
            raise BadRequest("--return 不能和 --dry-run、--seen 一起用",
                             "--return does not go with --dry-run or --seen")  # fmt: skip
        person = call.somebody().unlocked()
        volume_checks.send_back(call.archive, volume, reason or "", person, now())
        call.emit({"volume": volume, "state": "returned"}, f"{volume}  {say('已退回', 'returned')}")
        return 0
    if reason is not None:
        raise BadRequest("--reason 只和 --return 一起用", "--reason goes with --return")
    if dry_run:
        who = call.session.name if call.session else ""
        found = volume_checks.look(call.archive, call.policy, volume, seen, who)
    else:
        person = call.somebody().unlocked()
        found = volume_checks.check(call.archive, call.policy, volume, person, now(), seen)
    state = volume_book.the_volume(call.archive, volume)["state"]
    call.emit(
        {"volume": volume, "state": state, "signed": found.signed,
         "faults": [one.plain() for one in found.faults],
         "notices": [one.plain() for one in found.notices], "signatures": list(found.proofs)},
        lambda: shown_check(call, volume, state, found),
    )  # fmt: skip
    if found.proofs:
        return DAMAGE
    return FINDINGS if found.faults else 0


@volume_command.command("correct", zh="改正未封的案卷 VOLUME：加入或抽出资料，重新签字。\n\n"
                        "件号不重用；原来没有的档号一并编上。",
                        changes=("加密的理由和台账一条，含签字",
                                 "a sealed reason and one ledger entry, signed"),
                        never=KEPT, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("volume")
@option("--add", multiple=True, metavar="RECORD", zh="加入的资料；可多次使用。",
        help="A record to add; repeatable.")  # fmt: skip
@option("--take-out", multiple=True, metavar="RECORD", zh="抽出的资料；可多次使用。",
        help="A record to take out; repeatable.")  # fmt: skip
@_REASON
@common_options
@pass_call
def correct(
    call: Call, volume: str, add: tuple[str, ...], take_out: tuple[str, ...], reason: str
) -> None:
    """Correct VOLUME while it is open: add papers, take some out, sign the list anew.

    Codes that were lacking are given now; a number within the volume is never given twice.
    """
    person = call.somebody().unlocked()
    row = volumes.correct(call.archive, call.policy, volume, add, take_out, reason, person, now())
    told = volume_book.plain(call.archive, call.policy, row, person.name)
    told |= {"papers": [{name: paper.get(name) for name in ("record", "item", "code")}
                        for paper in row["papers"]]}  # fmt: skip
    words = say(f"{len(row['papers'])} 件", counted(len(row["papers"]), "record"))
    call.emit(told, f"{volume}  {words}  {row['code'] or ''}".rstrip())


@volume_command.command("reopen", zh="拆封已封的案卷 VOLUME，以便改正；之后须重新检查。",
                        changes=("加密的理由和台账一条", "a sealed reason and one ledger entry"),
                        never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("volume")
@_REASON
@common_options
@pass_call
def reopen(call: Call, volume: str, reason: str) -> None:
    """Reopen VOLUME, which is closed, to correct it; it is checked anew afterwards."""
    who = call.somebody().name
    volume_checks.reopen(call.archive, volume, reason, now(), who)
    call.emit({"volume": volume, "state": "reopened"}, f"{volume}  {say('已拆封', 'reopened')}")


@volume_command.command("dissolve", zh="撤去未封的案卷 VOLUME：其资料可重新组卷，档号不再使用。",
                        changes=("加密的理由和台账一条", "a sealed reason and one ledger entry"),
                        never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("volume")
@_REASON
@common_options
@pass_call
def dissolve(call: Call, volume: str, reason: str) -> None:
    """Dissolve VOLUME, which is open: its papers are free again, its codes are never used again."""
    who = call.somebody().name
    volume_checks.dissolve(call.archive, volume, reason, now(), who)
    call.emit({"volume": volume, "state": "dissolved"}, f"{volume}  {say('已撤卷', 'dissolved')}")


@volume_command.command("remark", zh="把 TEXT 记入案卷 VOLUME 的备考表。\n\n"
                        "本卷情况，或立卷后发生、发现的问题。",
                        changes=("加密的说明和台账一条", "a sealed remark and one ledger entry"),
                        never=("以前的说明", "earlier remarks"),
                        exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("volume")
@click.argument("text")
@common_options
@pass_call
def remark(call: Call, volume: str, text: str) -> None:
    """Write TEXT on the notes sheet of VOLUME: how it is, or what came to light afterwards."""
    who = call.somebody().name
    volume_checks.remark(call.archive, volume, text, now(), who)
    call.emit({"volume": volume}, f"{volume}  {say('已记入', 'written down')}")
