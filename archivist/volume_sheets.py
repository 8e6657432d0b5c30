"""What is printed of volumes: 卷内文件目录, 卷内备考表, 案卷目录.

Owns what stands in them; how they look is `form_pages`. Order and words of the headings are those
of the regulation's own form, where a pack in force has one.

Rules it keeps:
- A title is printed for whoever may open the record; else its type and number stand there. The
  paper bears the mark of the highest grade whose title it shows.
- What the archive does not know stays empty, for the pen: who is responsible for a paper, and its
  number, unless the number stands on its first page in a line of its own.
- Whoever prints is named in the ledger before the paper exists, with the volume and the digest of
  its list: a volume whose sheets were not printed as it stands cannot be closed.

    sheet = contents(archive, policy, "J000001", wang, today)
    record_print(archive, sheet, wang.name, now)
    content = as_pdf(sheet.printout)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from archivist.archive import Archive
from archivist.errors import BadRequest
from archivist.form_pages import Printout
from archivist.form_words import Known, highest_mark, type_words
from archivist.standing import customer_name, local_moment
from archivist.volume_book import opened_to, records_of, the_volume
from archivist.volume_faults import (
    CONTENTS,
    CONTENTS_COLUMNS,
    NOTES,
    NOTES_FIELDS,
    form_of,
)
from archivist.volume_lines import keep_words, title_of, volume_lines
from index.catalogue import Row
from policies.policy import Policy
from policies.volume_life import ENDED
from storage.errors import Missing
from storage.people import Unlocked

LIST = "volume_list"
LIST_COLUMNS = ("案卷号", "案卷题名", "年度", "保管期限", "份数", "页数", "密级", "备注")
STANDARD = "DA/T 22-2015"  # where no regulation has a form
# 国办发〔2026〕12号: a document number (文号) in a line of its own.
_NUMBER = re.compile(r"[\u4e00-\u9fffA-Za-z]{1,20}[〔\[(（]\d{4}[〕\])）](?:第)?\d{1,6}号")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A paper to be printed, and how the ledger names it."""

    printout: Printout
    subject: dict[str, str]
    list_digest: str | None = None
    period: str | None = None


# ── 卷内文件目录 ──────────────────────────────────────────────────────────────


def contents(
    archive: Archive, policy: Policy, identifier: str, person: Unlocked, today: date
) -> Sheet:
    """The contents list of a volume: a line for each paper. Raises NotKnown, BadRequest."""
    row, dossier = _printable(archive, identifier)
    form = form_of(policy, "contents", dossier["type"])
    columns = form.columns if form and form.columns else CONTENTS_COLUMNS
    lines = list(_papers(archive, policy, row, person))
    said = [[known.about(column) for column in columns] for known in lines]
    printout = Printout(
        title=form.zh if form else "卷内文件目录",
        labels=columns,
        printed_on=today,
        clause=form.clause if form else STANDARD,
        rows=tuple(tuple("；".join(cell.lines) for cell in line) for line in said),
        company=policy.setting("name") or "",
        facts=_facts(archive, policy, row),
        mark=highest_mark(policy, (cell.grade for line in said for cell in line if cell.lines)),
        blank_rows=0,
    )
    return Sheet(printout, _subject(row, CONTENTS), row["list"])


def _papers(archive: Archive, policy: Policy, row: Row, person: Unlocked) -> Iterator[Known]:
    records, dated = records_of(archive, row), archive.catalogue.dated()
    open_ = opened_to(archive, records.values(), person.name)
    page = 1
    for number, paper in enumerate(row["papers"], 1):
        known, record = Known(), records.get(paper["record"])
        last = page + paper["pages"] - 1
        known.say(("序号", "顺序号"), number)
        known.say(("件号",), paper["item"])
        known.say(("档号",), paper.get("code"))
        known.say(("页号",), f"{page}-{last}" if last > page else page)
        known.say(("页数",), paper["pages"])
        known.say(("份数",), paper["copies"])
        known.say(("日期",), dated.get(paper["record"], "").replace("-", ""))
        known.say(("备注",), *_remarks_on(record, paper, number))
        _say_title(archive, policy, known, paper["record"], record,
                   person if paper["record"] in open_ else None)  # fmt: skip
        page = last + 1
        yield known


def _remarks_on(record: Row | None, paper: dict[str, Any], number: int) -> Iterator[str]:
    if record is None:
        yield "已销毁"
    if paper["item"] != number:
        yield f"件号 {paper['item']}"  # a number taken out is not given again
    if paper["copies"] > 1:
        yield f"{paper['copies']} 份"


def _say_title(
    archive: Archive, policy: Policy, known: Known, name: str, record: Row | None,
    opens: Unlocked | None,
) -> None:  # fmt: skip
    """The title and the number for whoever opens the paper; else what kind of paper it is."""
    if record is None or opens is None:
        kind = f"{type_words(policy, record['type'])} " if record else ""
        known.say(("题名", "文件题名"), f"〔{kind}{name}〕")
        return
    card = archive.record_card(record, opens)
    known.say(("题名", "文件题名"), card["title"], grade=record["grade"])
    known.say(("文号",), _document_number(card), grade=record["grade"])


def _document_number(card: dict[str, Any]) -> str:
    """The number on the first page, if exactly one line is nothing else."""
    pages = card.get("facts", {}).get("pages", [])
    words = str(pages[0].get("text", "")) if pages else ""
    lines = ["".join(line.split()) for line in words.splitlines()]
    found = {line for line in lines if _NUMBER.fullmatch(line)}
    return found.pop() if len(found) == 1 else ""


# ── 卷内备考表 ────────────────────────────────────────────────────────────────


def notes(
    archive: Archive, policy: Policy, identifier: str, person: Unlocked, today: date
) -> Sheet:
    """The notes sheet of a volume: counts, what is to be said of it, who made and checked it."""
    row, dossier = _printable(archive, identifier)
    form = form_of(policy, "notes_sheet", dossier["type"])
    labels = form.fields if form and form.fields else NOTES_FIELDS
    known = _noted(archive, policy, row)
    labels += tuple(name for name in _SIGNED if name not in labels and known.about(name).lines)
    printout = Printout(
        title=form.zh if form else "卷内备考表",
        labels=labels,
        printed_on=today,
        clause=form.clause if form else STANDARD,
        values=tuple(known.about(label).lines for label in labels),
        signatures=form.signatures if form and form.signatures else ("立卷人", "检查人"),
        company=policy.setting("name") or "",
        facts=_facts(archive, policy, row),
    )
    return Sheet(printout, _subject(row, NOTES), row["list"])


# Whatever the form is: who made it, who checked it and what was changed is told.
_SIGNED = ("文件种数", "文件份数", "改正情况", "立卷人", "立卷时间", "检查人", "检查时间")


def _noted(archive: Archive, policy: Policy, row: Row) -> Known:
    known = Known()
    records = records_of(archive, row)
    known.say(("卷内文件数", "文件数"), f"{len(row['papers'])} 件")
    known.say(("文件页数", "页数"), f"{sum(paper['pages'] for paper in row['papers'])} 页")
    known.say(("文件种数",), f"{len({record['type'] for record in records.values()})} 种")
    known.say(("文件份数",), f"{sum(paper['copies'] for paper in row['papers'])} 份")
    before, after, changes = _remarks(archive, row)
    known.say(("本卷情况说明",), *before)
    known.say(("立卷后发生或发现的问题",), *after)
    known.say(("改正情况",), *changes)
    if after and (last := [one for one in row["remarks"] if one["step"] == "remarked"]):
        known.say(("填写人",), last[-1]["who"])
        known.say(("填写时间",), _moment(last[-1]["time"]))
    known.say(("立卷人",), row["composed_by"])
    known.say(("立卷时间",), _moment(row["composed"]))
    if row["checked_by"]:
        known.say(("检查人",), f"{row['checked_by']}（已用本人密钥签名）")
        known.say(("检查时间",), _moment(row["checked"]))
    return known


def _remarks(archive: Archive, row: Row) -> tuple[list[str], list[str], list[str]]:
    """What was said of the volume before it was checked, after that, and why it was changed."""
    before: list[str] = []
    after: list[str] = []
    changes: list[str] = []
    checked = False
    for one in _told(archive, row):
        checked = checked or (row["checked"] is not None and one["time"] >= row["checked"])
        line = f"{one['text']}（{one['who']} {_moment(one['time'])}）"
        if one["step"] != "remarked":
            changes.append(f"{_STEPS[one['step']]}：{line}")
        else:
            (after if checked else before).append(line)
    return before, after, changes


_STEPS = {"corrected": "改正", "returned": "退回", "reopened": "拆封", "dissolved": "撤卷"}


def _told(archive: Archive, row: Row) -> Iterator[dict[str, Any]]:
    for one in row["remarks"]:
        try:
            card = archive.read_card(one["card"]["name"], one["card"]["sha256"])
        except Missing:
            continue  # destroyed since
        yield {**one, "text": card.get("remark") or card.get("reason", "")}


# ── 案卷目录 ──────────────────────────────────────────────────────────────────


def catalogue(
    archive: Archive, policy: Policy, year: int | None, customer: str | None, today: date
) -> Sheet:
    """The list of volumes of a year, of a customer, or all. Raises NotKnown."""
    archive.follow()
    if customer is not None:
        archive.the("customer", customer)
    form = form_of(policy, "volumes", "")
    columns = form.columns if form and form.columns else LIST_COLUMNS
    lines = list(volume_lines(archive, policy, year, customer))
    facts = [f"年度：{year}"] if year is not None else []
    if customer is not None:
        name = customer_name(archive.catalogue, customer)
        facts.insert(0, f"客户：{customer} {name or ''}".rstrip())
    printout = Printout(
        title=form.zh if form else "案卷目录",
        labels=columns,
        printed_on=today,
        clause=form.clause if form else STANDARD,
        rows=tuple(tuple("；".join(known.about(c).lines) for c in columns) for known in lines),
        company=policy.setting("name") or "",
        facts=(*facts, f"共 {len(lines)} 卷"),
        across=True,
        blank_rows=0,
    )
    subject = {"form": LIST} | ({"customer": customer} if customer else {})
    return Sheet(printout, subject, period=None if year is None else str(year))


# ── printing ──────────────────────────────────────────────────────────────────


def record_print(archive: Archive, sheet: Sheet, who: str, now: datetime) -> None:
    """Name in the ledger who prints which sheet of which volume.

    MUST come before the file: whoever has the paper has been recorded, also when the power goes
    in between.
    """
    with archive.writing(now, who) as desk:
        desk.say("print", sheet.subject, kind="pdf", list=sheet.list_digest, period=sheet.period)
        desk.append()
    archive.follow()


def _printable(archive: Archive, identifier: str) -> tuple[Row, Row]:
    archive.follow()
    row = the_volume(archive, identifier)
    if row["state"] in ENDED:
        raise BadRequest(f"{identifier} 已撤卷", f"{identifier} was dissolved")
    return row, archive.the("dossier", row["dossier"])


def _facts(archive: Archive, policy: Policy, row: Row) -> tuple[str, ...]:
    """Which volume it is, so that a sheet found on a desk finds its way back."""
    code = f"档号：{row['code']}" if row["code"] else "档号："
    keep = keep_words(row["keep"])
    return (
        code,
        f"案卷：{row['id']}",
        f"题名：{title_of(archive, policy, row)}",
        *([f"保管期限：{keep}"] if keep else []),
    )


def _subject(row: Row, form: str) -> dict[str, str]:
    return {"form": form, "volume": row["id"], "customer": row["customer"],
            "dossier": row["dossier"]}  # fmt: skip


def _moment(time: str) -> str:
    return f"{local_moment(time):%Y-%m-%d %H:%M}"
