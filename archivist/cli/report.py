"""`archivist report`: rates, violations, loans, complaints and the inventory, as table or file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archivist.cli.door import Call, common_options, day_of, pass_call
from archivist.cli.say import note, say, table
from archivist.cli.spoken import command, option
from archivist.errors import BadRequest
from archivist.masking import masked, masked_in
from storage import durable

if TYPE_CHECKING:
    from archivist.report_pages import Sheet

KINDS = ("completeness", "timeliness", "violations", "loans", "complaints", "inventory")
_WORDS = {"完整率": "completeness", "及时率": "timeliness", "违规": "violations",
          "借阅": "loans",          "投诉": "complaints", "目录": "inventory", "库存": "inventory",
          "馆藏": "inventory"}  # fmt: skip
FORMATS = ("table", "csv", "pdf", "html")


@command("report", zh="打印报表 KIND。\n\n"
         "completeness 完整率，timeliness 及时率，violations 违规与处罚评估，loans 借阅，"
         "complaints 客户投诉统计与每周记录表，inventory 馆藏统计；也可写中文："
         f"{'、'.join(_WORDS)}。\n\n"
         "不写 --month 或 --year 时为本月（馆藏统计为当前）。比率总是两个数一起写。"
         "处罚金额只供核定，不是工资扣款。",
         changes=("您用 -o 指明的文件", "the file you name with -o"),
         never=("档案库", "the archive"), exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("kind", type=click.Choice([*KINDS, *_WORDS]), metavar="KIND")
@option("--month", metavar="M", zh="哪个月，如 2026-03。", help="Which month, e.g. 2026-03.")
@option("--year", metavar="Y", zh="哪一年，如 2026。", help="Which year, e.g. 2026.")
@option("--department", metavar="D", zh="只列这个部门的（代码或名称）。",
        help="Only this department's, by id or name.")  # fmt: skip
@option("--format", "format_", type=click.Choice(FORMATS),
        zh="格式；不写时由 -o 的文件名决定，否则为表格。",
        help="What to print; else the ending of -o decides, else a table.")  # fmt: skip
@option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path),
        zh="写到哪个文件；已有的会被替换。",
        help="Where to write; a file that is there is replaced.")  # fmt: skip
@option("--on", metavar="DATE", zh="按这一天计算，如 2026-03-31。",
        help="As if it were this day, e.g. 2026-03-31.")  # fmt: skip
@common_options
@pass_call
def report_command(
    call: Call, kind: str, month: str | None, year: str | None, department: str | None,
    format_: str | None, output: Path | None, on: str | None,
) -> None:  # fmt: skip
    """Print a report. KIND is completeness, timeliness, violations, loans, complaints or inventory.

    Without --month or --year it is the current month (the inventory: as things stand). A rate
    is always told with both its numbers. Penalties await confirmation; they are not payroll.
    """
    from archivist import reports
    from archivist.regulations import department_id
    from archivist.standing import company_calendar

    kind = _WORDS.get(kind, kind)
    if month and year:
        raise BadRequest("--month 和 --year 只能写一个", "give --month or --year, not both")
    day = day_of(on)
    default = None if kind == "inventory" else f"{day:%Y-%m}"
    period = reports.year_of(year) if year else None
    if period is None and (month or default):
        period = reports.month_of(month or default or "")
    asked = reports.Asked(
        call.archive,
        call.policy,
        company_calendar(call.settings.company),
        day,
        period,
        department_id(call.policy, department) if department else None,
    )
    told = reports.build(asked, kind)
    wanted = format_ or _by_name(output)
    if wanted != "table":
        _deliver(call, told.sheet, wanted, output)
        if output is None:
            return
    elif output is not None:
        raise BadRequest(
            "表格只显示在屏幕上", "a table goes to the screen",
            "写入文件请用 --format csv、pdf 或 html", "for a file use --format csv, pdf or html",
        )  # fmt: skip
    if call.json or output is None:
        # A list on a screen; the files are papers, made to be handed on.
        call.emit(masked_in(told.plain), lambda: masked(_shown(told.sheet)))


def _by_name(output: Path | None) -> str:
    ending = output.suffix.lower().lstrip(".") if output else ""
    return (
        {"htm": "html"}.get(ending, ending) if ending in ("csv", "pdf", "html", "htm") else "table"
    )


def _deliver(call: Call, sheet: "Sheet", wanted: str, output: Path | None) -> None:
    """The file, or its bytes on stdout."""
    from archivist import report_pages
    from archivist.cli.say import chinese

    make = {"csv": report_pages.as_csv, "pdf": report_pages.as_pdf, "html": report_pages.as_html}
    content = make[wanted](sheet, chinese())
    if output is not None:
        if not output.absolute().parent.is_dir():
            raise BadRequest(f"没有目录 {output.parent}", f"there is no folder {output.parent}")
        durable.replace(output.absolute(), content, mode=0o644)
        note(say(f"已写入 {output}", f"written to {output}"))
        return
    if call.json:
        raise BadRequest(
            "--json 与 --format 同用时须用 -o 指明文件", "with --json a file needs -o",
        )  # fmt: skip
    if wanted == "pdf" and sys.stdout.isatty():
        raise BadRequest(
            "PDF 不能显示在屏幕上", "a PDF is not for the screen", "请加 -o 文件", "add -o FILE"
        )
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _shown(sheet: "Sheet") -> str:
    """The report on a terminal: its facts, then table after table."""
    from archivist.cli.say import chinese
    from archivist.report_pages import cells, heads

    zh = chinese()
    facts = "  ".join(f"{say(*name)} {say(*value)}" for name, value in sheet.facts)
    parts = [f"{say(*sheet.title)}\n{facts}"]
    for section in sheet.sections:
        title = say(*section.title)
        rows = table(heads(section, zh), cells(section, zh), cut=range(len(section.columns)))
        parts.append(f"{title}\n{rows}" if title else rows)
    return "\n\n".join([*parts, *(say(*words) for words in sheet.notes)])
