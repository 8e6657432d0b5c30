"""What may lie in the archive, as a pack declares it: papers, dossiers, checklists, grades.

Owns the rows that name things, and the words all rows share. The rows that rule over them are
`rule_rows` (duties, approvals, routines), `keeping_rows` (periods, order, volumes),
`customer_rows` and `conduct_rows` (penalties, rates); `policies.packs` reads them all. Nothing
here decides.

Rules it keeps: every row that decides something carries the `clause` it was taken from
(`S001-3-R13`), so that a decision can cite it. What two fields of one row must not say
together, the row's `complaints` says.

    >>> item = Item("identity", "身份证明", "proof of identity", "S001-3-R13",
    ...             types=("id_card", "org_code_cert"), copy="photocopy", sides=2)
    >>> item.required
    'mandatory'
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.fields import (
    Complaint,
    Written,
    choice,
    clock,
    label,
    row_list,
    slug,
    slugs,
    text,
    texts,
    whole,
    yes_no,
)

CONDITION = r"(customer|dossier)\.([a-z][a-z0-9_]*)(?:(!?=)(.+))?"
"""`when`: whose field, which field, and the values it must (=) or must not (!=) have, parted by
`|`; without a value: that it is registered at all and does not say no. A customer's `class` and
`kind` can be asked like fields; a dossier's fields are its keys."""

# They are counted one by one: forty years of them are reckoned in a moment, a million are not.
MOST_WORKING_DAYS = 9_999
GRADE_CODES = ("TOP", "CONF", "SECRET", "INTERNAL", "PUBLIC")
KINDS = ("vehicle", "customer", "tenant", "guest", "case", "year")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ROLLS = ("none", "previous", "next")

_CLAUSE = ("出自哪一条", "the clause it comes from")
WHEN_WORDS = (
    "条件，如 customer.special 或 dossier.origin=own|other",
    "condition, as customer.special or dossier.origin=own|other",
)
TYPES_SCOPE = ("资料种类，不写为任何", "document types; any if not said")
CLASSES_SCOPE = ("资料归类", "classes of document types")
SERIES_SCOPE = ("档案系列", "series")
DOSSIERS_SCOPE = ("档案种类", "dossier types")


class Row(Written):
    """What every row has: an id for programs, a label in each language, its clause."""

    id: str = slug("编号，用过就不要改", "id for programs; never change it once used")
    zh: str = label("中文叫法", "what it is called in Chinese")
    en: str = label("英文叫法", "what it is called in English")
    clause: str = text(*_CLAUSE)


def wrong_condition(when: str) -> Iterator[Complaint]:
    """What to say of a condition that cannot be read; nothing for a good one or none."""
    found = re.fullmatch(CONDITION, when)
    # An empty value would make `=` hold for whoever never had the field registered.
    if when and not (found and all(word.strip() for word in (found[4] or "any").split("|"))):
        yield (
            "when",
            "写法为 customer.字段、dossier.字段，或再加 =值、!=值。",
            "write customer.field or dossier.field, optionally =value or !=value",
        )


class Department(Row):
    """A department that hands documents over or keeps them."""


class Role(Row):
    """Somebody the regulation gives a say. People hold roles; a `vague` one (负责人, 经理级) the
    company must first say the meaning of, in the setting `role.<id>` or a `role_map` row."""

    department: str = slug("所属部门", "its department", "")
    vague: bool = yes_no("制度没有写明是谁", "the regulation does not say who that is")
    excludes: tuple[str, ...] = slugs("不得同时担任的职务", "roles nobody may hold beside it")
    uncleared: bool = yes_no("不得有任何涉密权限", "must not be cleared for any grade")


class Series(Row):
    """A series of the archive (已成交客户, 售后档案), with its archival category (WS, ZY, …)."""

    category: str = text("档案门类代码，如 WS、ZY", "archival category code, as WS or ZY", "")
    when: str = text(*WHEN_WORDS, "")

    def complaints(self) -> Iterator[Complaint]:
        yield from wrong_condition(self.when)


class DocumentType(Row):
    """A kind of paper and how it is recognised.

    `aliases` are further names for folders, file names and commands. `titles` stand as a line
    of their own at the head of the first page; `phrases` are printed on the form. `classes` are
    the words other regulations use for it (`contract`, `licence`). `anywhere`: it may lie in any
    dossier though no checklist asks for it.
    """

    aliases: tuple[str, ...] = texts("其他叫法", "other names for folders and file names")
    titles: tuple[str, ...] = texts("首页单独成行的标题", "headings on a line of their own")
    phrases: tuple[str, ...] = texts("表格上印着的字样", "words printed on the form")
    classes: tuple[str, ...] = texts("其他制度对它的归类", "what other regulations call it")
    anywhere: bool = yes_no("可归入任何档案", "may lie in any dossier, asked for or not")
    media: str = choice("any", "image", "audio", "video", default="any", zh="载体", en="medium")
    personal: str = choice(
        "none", "ordinary", "sensitive", default="none", zh="个人信息", en="personal information"
    )


class Key(Written):
    """A field that identifies or describes a dossier. `check` names the check-digit rule ("" for
    none); a key with a `role` names the person who holds that role in this dossier."""

    id: str = slug("编号", "id")
    zh: str = label("中文叫法", "label")
    en: str = label("英文叫法", "label")
    check: str = choice("vin", "uscc", "resident_id", default="", zh="校验", en="check digits")
    required: bool = yes_no("立档时必填", "must be given when a dossier is opened")
    role: str = slug("填写承担该职务的人员", "names the person who has this role here", "")
    values: tuple[str, ...] = texts("只能填这些值", "the only values it may have")

    @property
    def identifies(self) -> bool:
        """Whether its value finds the dossier: a person's name or one of a few words does not."""
        return not self.role and not self.values


class Event(Written):
    """Something that happens to a dossier on a date and starts a deadline."""

    id: str = slug("编号", "id")
    zh: str = label("中文叫法", "label")
    en: str = label("英文叫法", "label")


class Item(Row):
    """One line of a checklist: any one of `types` satisfies it.

    `required` is mandatory, conditional (then `when` says when) or optional. `copy` is original,
    photocopy or either; `sides` the sides to be copied. `part_of` names the item this one is
    attached to, `group` the heading it stands under. `signed_by` and `fields` are attested by a
    person, who looked; so are the points of `verify`. `expires = "yearly"`: a paper of an
    earlier year no longer counts. `least` papers are needed (two visits to one project).
    """

    types: tuple[str, ...] = slugs("任一种即可", "any one of these satisfies it", required=True)
    required: str = choice(
        "mandatory", "conditional", "optional", default="mandatory", zh="要求", en="how strictly"
    )
    when: str = text(*WHEN_WORDS, "")
    copy: str = choice(
        "original", "photocopy", "either", default="either", zh="原件或复印件", en="which copy"
    )
    sides: int = whole("需要复印的面数", "sides to be copied", 1, 1)
    signed_by: tuple[str, ...] = slugs("须由谁签字", "who must have signed it")
    fields: tuple[str, ...] = texts("必须填写的栏目", "fields that must be filled in")
    verify: tuple[str, ...] = texts("需人核对的要点", "points a person checks by eye")
    part_of: str = slug("附在哪一项之后", "the item it is attached to", "")
    group: str = text("归入哪一组", "the heading it stands under", "")
    expires: str = choice("yearly", default="", zh="有效期", en="how long it counts")
    least: int = whole("至少几份", "how many papers at least", 1, 1)

    def complaints(self) -> Iterator[Complaint]:
        if (self.required == "conditional") != bool(self.when):
            yield (
                "when",
                "有条件的项目（conditional）必须写 when；其他项目不能写。",
                "a conditional item needs `when`, and only a conditional item may have it",
            )
        yield from wrong_condition(self.when)


class Deadline(Written):
    """When papers of one dossier must be there, counted from one of its events.

    Exactly one of: `working_days`, `days`, `months`, `same_day`, `next_weekday` (that weekday
    of the week after), `month_end` (of the event's month), `stated_by` (a key of the dossier
    that holds the date the customer asked for), `days_from` (及时: a setting that holds the
    number; `policies.promptly` puts it in place). `at` is the time of day, the end of the day if
    not said. `roll` says what becomes of a last day on which nobody works. `items` are the
    items it binds, all when empty; `when` a condition on the dossier; `grace` a later time, on
    the next working day, for those who give a reason. `late` is the code of the violation that
    missing it is; a penalty row that counts from an event by itself (`after`) needs none.
    """

    after: str = slug("从哪个事件起算", "the event it counts from")
    clause: str = text(*_CLAUSE)
    id: str = slug("编号", "id", "")
    working_days: int = whole("工作日数", "working days", 0, 1, MOST_WORKING_DAYS)
    days: int = whole("自然日数", "calendar days", 0, 1)
    months: int = whole("月数", "months", 0, 1)
    same_day: bool = yes_no("当日", "on the day itself")
    next_weekday: str = choice(*WEEKDAYS, default="", zh="下周几", en="that day of next week")
    month_end: bool = yes_no("当月最后一天", "last day of that month")
    stated_by: str = slug("客户要求的日期记在哪个键", "key that holds the date asked for", "")
    at: str = clock("几点前", "by what time of day")
    roll: str = choice(*ROLLS, default="", zh="逢休息日", en="when it falls on a day off")
    items: tuple[str, ...] = slugs("只约束这些项目", "the items it binds; all if not said")
    when: str = text(*WHEN_WORDS, "")
    grace: str = clock("有正当理由可宽限至次日几点", "later time on the next working day")
    days_from: str = slug("天数由公司设置，设置名", "setting that holds the days", "")
    late: str = slug("逾期算哪种违规", "the violation that missing it is", "")

    @property
    def unit(self) -> str:
        """Which of the forms it is; the name of the field that was written."""
        return next((name for name in DEADLINE_FORMS if getattr(self, name)), "")

    @property
    def count(self) -> int:
        """How many days, working days or months; 0 for the other forms."""
        return self.working_days or self.days or self.months

    def complaints(self) -> Iterator[Complaint]:
        written = [name for name in DEADLINE_FORMS if getattr(self, name)]
        if len(written) != 1:
            yield (
                "",
                f"期限须且只能写一种：{'、'.join(DEADLINE_FORMS)}。",
                f"a deadline has exactly one of: {', '.join(DEADLINE_FORMS)}",
            )
        # A count of working days ends on one, and a customer's own date is his to choose; every
        # other form may end on a holiday, and the regulations are silent on that.
        if not self.roll and not (self.working_days or self.stated_by):
            yield (
                "roll",
                "须写明逢休息日如何：none 不变、previous 提前、next 顺延。",
                "must say what happens on a day off: none, previous or next",
            )
        yield from wrong_condition(self.when)


DEADLINE_FORMS = (
    "working_days", "days", "months", "same_day", "next_weekday", "month_end", "stated_by",
    "days_from",
)  # fmt: skip


class DossierType(Row):
    """A kind of dossier with its checklist. A customer may own many of each kind."""

    kind: str = choice(*KINDS, zh="立档单位", en="what one dossier is about")
    department: str = slug("责任部门", "the department that owes the papers")
    series: str = slug("所属系列", "its series", "")
    keys: tuple[Key, ...] = row_list(Key, "key", "标识", "what identifies it")
    events: tuple[Event, ...] = row_list(Event, "event", "事件", "what happens to it")
    items: tuple[Item, ...] = row_list(Item, "item", "清单", "its checklist")
    deadlines: tuple[Deadline, ...] = row_list(Deadline, "deadline", "期限", "its deadlines")

    def complaints(self) -> Iterator[Complaint]:
        if not self.items:
            yield ("", "清单不能为空。", "a checklist without items would call anything complete")
        ids = {item.id for item in self.items}
        events = {event.id for event in self.events}
        keys = {key.id for key in self.keys}
        for number, deadline in enumerate(self.deadlines):
            where = f"deadline.{number}."
            if deadline.after not in events:
                yield (
                    f"{where}after",
                    "after 所指的事件没有登记。",
                    "after names an undeclared event",
                )
            if deadline.stated_by and deadline.stated_by not in keys:
                yield (f"{where}stated_by", "没有登记这个键。", "names an undeclared key")
            if set(deadline.items) - ids:
                yield (f"{where}items", "清单里没有这一项。", "names no item of this checklist")
        for number, item in enumerate(self.items):
            if item.part_of and (item.part_of not in ids or item.part_of == item.id):
                yield (
                    f"item.{number}.part_of",
                    "part_of 必须是本清单的另一项。",
                    "part_of must name another item of this checklist",
                )


class Grade(Written):
    """A secrecy grade. `rank` grows with secrecy; `mark` is printed on the carrier; `period` says
    whether a secrecy period must be fixed when a paper gets this grade."""

    code: str = choice(*GRADE_CODES, zh="代码，不要改", en="code for programs: keep it")
    zh: str = label("中文叫法", "label")
    en: str = label("英文叫法", "label")
    rank: int = whole("越大越保密", "higher is more secret")
    mark: str = text("印在载体上的标志", "the mark on the carrier; never a star")
    encrypt: bool = yes_no("是否须涉密权限才能打开", "whether it takes a clearance", None)
    clause: str = text(*_CLAUSE)
    period: str = choice("required", "optional", default="optional", zh="保密期限", en="period")

    def complaints(self) -> Iterator[Complaint]:
        if "★" in self.mark:
            yield (
                "mark",
                "★ 是国家秘密专用标志，企业密级不得使用。",
                "the star marks state secrets; a company grade must not carry it",
            )


class DefaultGrade(Written):
    """Documents of these types or classes get `grade` unless something more specific speaks.

    `types == ("*",)` is the pack's general rule: everything no other row names.
    """

    grade: str = choice(*GRADE_CODES, zh="密级", en="grade")
    clause: str = text(*_CLAUSE)
    types: tuple[str, ...] = slugs("资料种类，* 为其余一切", "types; * for all else", star=True)
    classes: tuple[str, ...] = texts("资料归类", "classes")

    def complaints(self) -> Iterator[Complaint]:
        if not self.types and not self.classes:
            yield (
                "",
                '须写 types 或 classes；适用于其余一切资料时写 types = ["*"]。',
                'needs types or classes; write types = ["*"] for everything else',
            )


class Need(Row):
    """A setting the regulation leaves open: the company must make it, there is no default."""

    kind: str = choice(
        "grade", "text", "days", "working_days", "months", "years", "role",
        zh="填什么", en="what it holds",
    )  # fmt: skip


__all__ = [
    "CONDITION", "DEADLINE_FORMS", "GRADE_CODES", "KINDS", "ROLLS", "WEEKDAYS", "Deadline",
    "DefaultGrade", "Department", "DocumentType", "DossierType", "Event", "Grade", "Item", "Key",
    "Need", "Role", "Row", "Series", "wrong_condition",
]  # fmt: skip
