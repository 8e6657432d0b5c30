"""How long papers are kept, how they are destroyed, and in which order they lie: rows of a pack.

Owns the rows of retention, disposal, filing year, arrangement, volumes and archival codes.
Answered by `policies.retention`, `policies.destruction`, `policies.filing_years`,
`policies.arrangement` and `policies.archival_codes`.

Rules it keeps: as `rule_rows`: an empty scope means "any", and a number the regulation does not
give is a setting the company must make.

    >>> row = RetentionClass("permanent", "永久", "permanent", "S001-1-R40", permanent=True)
    >>> list(row.complaints())
    []
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.fields import Complaint, choice, choices, slug, slugs, text, texts, whole, yes_no
from policies.pack_rows import (
    CLASSES_SCOPE,
    DOSSIERS_SCOPE,
    GRADE_CODES,
    SERIES_SCOPE,
    TYPES_SCOPE,
    Row,
)

__all__ = [
    "CODE_PARTS", "PLACE", "ArchivalCode", "Arrangement", "Disposal", "FilingYear", "Retention",
    "RetentionClass", "VolumeRule",
]  # fmt: skip

CODE_PARTS = ("fonds", "category", "year", "keep", "department", "customer", "dossier")
"""What may stand in the template of an archival code beside its running number."""
PLACE = r"\{([a-z]+)(?::([1-9]))?\}"
_CODE_TEXT = r"[A-Za-z0-9·.\-]*"


class RetentionClass(Row):
    """A class of keeping (永久, 长期, 短期); `years` 0 with `permanent`, or from a setting."""

    code: str = text("代码，如 Y、D30、D10", "code, as Y, D30, D10", "")
    permanent: bool = yes_no("永久", "for ever")
    years: int = whole("年数", "years", 0, 1)
    years_from: str = slug("年数由公司设置，设置名", "setting that holds the years", "")

    def complaints(self) -> Iterator[Complaint]:
        if sum(map(bool, (self.permanent, self.years, self.years_from))) != 1:
            yield (
                "",
                "须且只能写 permanent、years、years_from 之一。",
                "has exactly one of: permanent, years, years_from",
            )


class Retention(Row):
    """How long papers are kept. Answered by `policies.retention`.

    `kind` is company (the regulation's own period), floor (a legal minimum; wins over a shorter
    one) or ceiling (the longest personal data may be kept; warned about, never silent).
    `start` is the event it counts from: filed, closed, or an event of the dossier; where the
    text is silent, `start_from` names the setting.
    """

    kind: str = choice("company", "floor", "ceiling", default="company", zh="性质", en="kind")
    permanent: bool = yes_no("永久", "for ever")
    years: int = whole("年数", "years", 0, 1)
    months: int = whole("月数", "months", 0, 1)
    retention_class: str = slug("保管期限类别", "class of keeping", "")
    years_from: str = slug("年数由公司设置，设置名", "setting that holds the years", "")
    start: str = slug("从哪个事件起算", "the event it counts from", "")
    start_from: str = slug("起算事件由公司设置，设置名", "setting that names that event", "")
    count_from: str = choice(
        "event", "next_year", default="event", zh="自当日或次年一月一日", en="or from next year"
    )  # fmt: skip
    types: tuple[str, ...] = slugs(*TYPES_SCOPE)
    classes: tuple[str, ...] = texts(*CLASSES_SCOPE)
    series: tuple[str, ...] = slugs(*SERIES_SCOPE)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    personal: tuple[str, ...] = choices("ordinary", "sensitive", zh="个人信息", en="personal data")

    def complaints(self) -> Iterator[Complaint]:
        periods = (
            self.permanent, self.years, self.months, self.retention_class, self.years_from
        )  # fmt: skip
        if sum(map(bool, periods)) != 1:
            yield (
                "",
                "须且只能写一种期限：permanent、years、months、retention_class、years_from。",
                "has exactly one period: permanent, years, months, retention_class, years_from",
            )
        if not self.permanent and bool(self.start) == bool(self.start_from):
            yield (
                "start",
                "须写 start（从何时起算），制度没有写明时写 start_from。",
                "needs start, or start_from where the regulation does not say",
            )


class Disposal(Row):
    """What destruction takes: who approves is an `approval` for destroy; this says the rest.
    Answered by `policies.retention`."""

    series: tuple[str, ...] = slugs(*SERIES_SCOPE)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    types: tuple[str, ...] = slugs(*TYPES_SCOPE)
    grades: tuple[str, ...] = choices(*GRADE_CODES, zh="密级", en="grades")
    appraisal: int = whole("鉴定小组至少几人", "members of the appraisal group at least", 0, 1)
    statement: bool = yes_no("须有无保存价值的说明", "a statement that it has no value is needed")
    witnesses: int = whole("监销人至少几人", "witnesses at least", 0, 1)
    register: bool = yes_no("须做销毁记录", "a destruction record is made")
    method: str = choice(
        "shred", "tear", "burn", "pulp", "key_destruction", default="", zh="方式", en="method"
    )
    only_by_procedure: bool = yes_no("只能按程序销毁", "never thrown away, only by this procedure")


class FilingYear(Row):
    """To which year a paper of several years belongs. Answered by `policies.arrangement`."""

    matter: str = choice(
        "plan", "summary", "meeting", "request_reply", "request", "other", zh="什么文件", en="which"
    )
    takes: str = choice(
        "first_target_year", "last_target_year", "opening_year", "closing_year", "reply_year",
        "request_year", "issue_year", "completion_year", zh="归入哪年", en="the year it takes",
    )  # fmt: skip


class Arrangement(Row):
    """The order of papers, and what is never parted. `order` is a list of `front>back` pairs
    (`reply>request`) or of fields (`issue_date`). Answered by `policies.arrangement`."""

    series: tuple[str, ...] = slugs(*SERIES_SCOPE)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    order: tuple[str, ...] = texts("次序，如 reply>request 或 issue_date", "order, as said above")
    together: tuple[str, ...] = slugs("不得分开的各部分", "parts that are filed together")
    catalogued: bool = yes_no("须有详细目录", "a detailed catalogue is kept")


class VolumeRule(Row):
    """One thing a volume (案卷) must keep to. Answered by `policies.arrangement`."""

    of: str = choice(
        "by_year", "one_year_only", "apart", "by_value", "one_matter", "counts", "contents",
        "notes_sheet", "signatures", "both_forms", "scheme", "by_class_number", "running_file",
        "format", zh="哪方面", en="about",
    )  # fmt: skip
    grades: tuple[str, ...] = choices(*GRADE_CODES, zh="密级", en="grades")
    unless_related: bool = yes_no("密切相关的普通文件可随同", "closely linked others may go along")
    fields: tuple[str, ...] = texts("须记载的内容", "what must be recorded")
    place: str = choice("front", "end", default="", zh="放在哪里", en="where it lies")
    roles: tuple[str, ...] = slugs("由哪些职务", "which roles")
    distinct: bool = yes_no("须由不同的人", "by different people")
    per: str = choice("department", "company", default="", zh="按什么编", en="drawn up per")


class ArchivalCode(Row):
    """How archival codes (档号) are written: `volume` for a volume, `item` for a paper in it.

    In braces stand parts: `fonds` (the setting of that name), `category` (of the series, else the
    row's own), `year`, `keep` (Y, D30 …), `department`, `customer`, `dossier`; once `number:4`, the
    running number with so many digits at least; in `item` first `volume`, and once `item:3`.
    Answered by `policies.archival_codes`.
    """

    volume: str = text("案卷档号的写法", "template of a volume's code")
    item: str = text("件的档号的写法", "template of an item's code", "{volume}-{item:3}")
    category: str = text("档案门类代码，系列没有写明时用", "category where the series has none", "")
    series: tuple[str, ...] = slugs(*SERIES_SCOPE)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)

    def complaints(self) -> Iterator[Complaint]:
        yield from _template("volume", self.volume, CODE_PARTS, "number")
        yield from _template("item", self.item, ("volume",), "item")
        if not self.item.startswith("{volume}"):
            yield ("item", "须以 {volume} 开头。", "begins with {volume}")
        if not re.fullmatch(_CODE_TEXT, self.category):
            yield ("category", *_PLAIN)


_PLAIN = (
    "花括号外只能用英文字母、数字、· . 和 -。",
    "outside the braces only letters, digits, · . and - may stand",
)


def _template(field: str, said: str, parts: tuple[str, ...], counter: str) -> Iterator[Complaint]:
    """What is wrong with one template."""
    found = re.findall(PLACE, said)
    names = [name for name, _ in found]
    if unknown := [name for name in names if name not in (*parts, counter)]:
        yield (
            field,
            f"不认识 {{{unknown[0]}}}；可用：{'、'.join((*parts, counter))}。",
            f"{{{unknown[0]}}} is unknown; there are: {', '.join((*parts, counter))}",
        )
    if names.count(counter) != 1:
        yield (
            field,
            f"{{{counter}}} 须且只能出现一次，如 {{{counter}:4}}。",
            f"has {{{counter}}} exactly once, as {{{counter}:4}}",
        )
    if any(width for name, width in found if name != counter):
        yield (field, "只有流水号可以写位数。", "only the running number has a number of digits")
    if not re.fullmatch(_CODE_TEXT, re.sub(PLACE, "", said)):
        yield (field, *_PLAIN)
