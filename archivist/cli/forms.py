"""`archivist form`: the registers and forms that the regulations name, as PDF or CSV.

In an archive they are filled with what it knows, and the ledger names who printed them; with
`--pack` a pack that is not in force here, or no archive at all, gives the empty form.

    archivist form list
    archivist form print 借阅卡 -o card.pdf
    archivist form print vehicle_receipt_book --month 2026-03 -o book.csv
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from archivist import form_pages, forms, register_rows, regulations
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.say import say, table
from archivist.cli.spoken import NOTHING, group, option
from archivist.errors import BadRequest, NoArchive
from index import analysis
from policies.packs import parse_pack
from policies.policy import Policy
from storage import durable

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_YEAR = re.compile(r"[0-9]{4}")
_PACK = option("--pack", "packs", multiple=True, metavar="PACK",
               zh="只看这个制度包（自带的名称，或 TOML 文件）；可多次使用。",
               help="Only this pack (its name, or a TOML file); repeatable.")  # fmt: skip


@group("form", zh="登记簿与表格：列出、打印。")
def form_command() -> None:
    """Registers and forms: list, print."""


@form_command.command("list", zh="列出各制度规定的登记簿与表格。", never=NOTHING,
                      exits=(0, 2, 10, 12))  # fmt: skip
@_PACK
@common_options
@pass_call
def list_(call: Call, packs: tuple[str, ...]) -> None:
    """List the registers and forms that the regulations name."""
    law = _law(call, packs)
    rows = forms.listed(law.policy, law.only)
    heads = (say("编号", "id"), say("名称", "title"), say("种类", "kind"), say("制度包", "pack"),
             say("条款", "clause"))  # fmt: skip
    kinds = {"register": say("登记簿", "register"), "form": say("表格", "form")}
    call.emit(
        rows,
        lambda: table(
            heads,
            [(r["form"], say(r["title"], r["title_en"]), kinds[r["kind"]], r["pack"], r["clause"])
             for r in rows],
            cut=(4,),
        ),
    )  # fmt: skip


@form_command.command("print", zh="把登记簿或表格 FORM 打印成 PDF（或 CSV），已知内容先填好。\n\n"
                      "不知道的留空，供手写；密级内容只有有权的人能印出，并印上密级标志。",
                      changes=("先加台账一条，再写 FILE", "one ledger entry first, then FILE"),
                      never=("档案内容", "what is filed"),
                      exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("form")
@option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
        zh="写到哪个 .pdf 或 .csv 文件；已有的会被替换。",
        help="Which .pdf or .csv to write; a file that is there is replaced.")  # fmt: skip
@option("--customer", metavar="C", zh="关于哪个客户。", help="About this customer.")
@option("--dossier", metavar="D", zh="关于哪份客户档案。", help="About this dossier.")
@option("--loan", metavar="L", zh="关于哪份借阅（借阅卡、使用申请、借阅登记簿）。",
        help="About this loan: its card, its application, its line.")  # fmt: skip
@option("--month", metavar="YYYY-MM", zh="登记簿的月份。", help="The month of a register.")
@option("--year", metavar="YYYY", zh="登记簿的年度。", help="The year of a register.")
@option("--rows", "blank_rows", type=click.IntRange(0, 2000), metavar="N",
        zh="登记簿末尾留多少空行；不写则排满一页。",
        help="Empty rows after the filled ones; else they fill the page.")  # fmt: skip
@option("--cover", is_flag=True, zh="前面加一张二维码封面页，填好后一起扫描即自动归档。",
        help="A QR cover sheet before it, so that the scan files itself.")  # fmt: skip
@_PACK
@common_options
@pass_call
def print_(
    call: Call, form: str, output: Path, customer: str | None, dossier: str | None,
    loan: str | None,
    month: str | None, year: str | None, blank_rows: int | None, cover: bool,
    packs: tuple[str, ...],
) -> None:  # fmt: skip
    """Print the register or form FORM as PDF (or CSV), filled with what the archive knows.

    The rest stays empty for the pen. Graded content is printed for those cleared only, and the
    paper bears its mark.
    """
    makers = {".pdf": form_pages.as_pdf, ".csv": form_pages.as_csv}
    make = makers.get(output.suffix.lower())
    if make is None:
        raise BadRequest("文件名须以 .pdf 或 .csv 结尾", "the file's name ends in .pdf or .csv")
    if not output.absolute().parent.is_dir():
        # Said before the ledger names somebody as having printed what could not be written.
        raise BadRequest(f"没有目录 {output.parent}", f"there is no folder {output.parent}")
    law, period = _law(call, packs), _period(month, year)
    cited = forms.the_form(law.policy, form, law.only)
    wanted = forms.Wanted(blank_rows, cover)
    at = now()
    today = at.astimezone().date()
    if law.in_force:
        person = call.somebody().unlocked()
        asked = register_rows.Asked(
            call.archive, law.policy, person, today, period, customer, dossier, loan
        )
        content = make(printout := forms.filled(asked, cited, wanted))
        forms.record_print(call.archive, cited, asked, output.suffix.lower()[1:], at)
    elif customer or dossier or loan or period or cover:
        raise BadRequest(
            f"{cited.pack} 没有在档案库中采用，只能打印空白表",
            f"{cited.pack} is not in force in an archive; only the empty form can be printed",
        )
    else:
        content = make(printout := forms.blank(law.policy, cited, wanted, today))
    # Customers' data: for whoever printed it, not for everybody on the machine.
    durable.replace(output.absolute(), content, mode=0o600)
    call.emit({"file": str(output), "form": cited.row.id, "pack": cited.pack,
               "rows": len(printout.rows)}, str(output))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Law:
    """The packs that are asked, whether they are in force, and to which of them it is narrowed."""

    policy: Policy
    in_force: bool
    only: tuple[str, ...] = ()


def _law(call: Call, packs: Sequence[str]) -> _Law:
    try:
        call.settings  # noqa: B018  # raises where there is no archive
    except NoArchive:
        if not packs:
            raise
    else:
        adopted = {pack.id for pack in call.policy.adopted}
        if adopted.issuperset(packs):
            return _Law(call.policy, True, tuple(packs))
    read = [parse_pack(regulations.pack_text(name), name) for name in packs]
    return _Law(Policy.adopt(read, {}, analysis.fold), False)


def _period(month: str | None, year: str | None) -> str:
    """`2026-03`, `2026` or ""; BadRequest for anything else."""
    if month and year:
        raise BadRequest("--month 和 --year 只写一个", "give --month or --year, not both")
    if month and not _MONTH.fullmatch(month):
        raise BadRequest(
            f"“{month}”不是月份", f"{month} is no month", "例如 2026-03", "e.g. 2026-03"
        )
    if year and not _YEAR.fullmatch(year):
        raise BadRequest(f"“{year}”不是年份，例如 2026", f"{year} is no year, as 2026")
    return month or year or ""
