"""How long papers are kept, how they are destroyed, and in which order they lie: rows of a pack.

Owns the rows of retention, disposal, filing year, arrangement and volumes. Answered by
`policies.retention`, `policies.destruction`, `policies.filing_years` and `policies.arrangement`.

Rules it keeps: as `rule_rows`: an empty scope means "any", and a number the regulation does not
give is a setting the company must make.

    >>> row = RetentionClass("permanent", "永久", "permanent", "S001-1-R40", permanent=True)
    >>> list(row.complaints())
    []
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.fields import Complaint, choice, choices, slug, slugs, text, texts, whole, yes_no
from policies.pack_rows import (
    CLASSES_SCOPE,
    DOSSIERS_SCOPE,
    GRADE_CODES,
    SERIES_SCOPE,
    TYPES_SCOPE,
    Row,
)

__all__ = ["Arrangement", "Disposal", "FilingYear", "Retention", "RetentionClass", "VolumeRule"]


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class FilingYear(Row):
    """To which year a paper of several years belongs. Answered by `policies.arrangement`."""

    matter: str = choice(
        "plan", "summary", "meeting", "request_reply", "request", "other", zh="什么文件", en="which"
    )
    takes: str = choice(
        "first_target_year", "last_target_year", "opening_year", "closing_year", "reply_year",
        "request_year", "issue_year", "completion_year", zh="归入哪年", en="the year it takes",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Arrangement(Row):
    """The order of papers, and what is never parted. `order` is a list of `front>back` pairs
    (`reply>request`) or of fields (`issue_date`). Answered by `policies.arrangement`."""

    series: tuple[str, ...] = slugs(*SERIES_SCOPE)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    order: tuple[str, ...] = texts("次序，如 reply>request 或 issue_date", "order, as said above")
    together: tuple[str, ...] = slugs("不得分开的各部分", "parts that are filed together")
    catalogued: bool = yes_no("须有详细目录", "a detailed catalogue is kept")


@dataclass(frozen=True, slots=True)
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
