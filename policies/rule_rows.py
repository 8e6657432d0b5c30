"""What a regulation rules, as a pack declares it: duties, scopes, routines, approvals, loans.

Owns the rows that decide over papers and people; the papers themselves are `pack_rows`. Each
kind of row has one module that answers from it, named in its docstring; nothing here decides.

Rules it keeps: a row names its scope with `types`, `classes`, `series`, `dossier_types`,
`grades`; an empty list means "any". A rule that needs a number the regulation does not give
names a setting (`*_from`), which the company must make: there is no silent default.

    >>> row = Approval("view_own", "查阅", "view", "S001-14-R08", actions=("view",),
    ...                relations=("own_dept",), steps=("department_manager:approve",))
    >>> row.roles
    ('department_manager',)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.fields import (
    Complaint,
    Written,
    choice,
    choices,
    clock,
    slug,
    slugs,
    text,
    texts,
    whole,
    yes_no,
)
from policies.pack_rows import (
    CLASSES_SCOPE,
    DOSSIERS_SCOPE,
    GRADE_CODES,
    ROLLS,
    SERIES_SCOPE,
    TYPES_SCOPE,
    WEEKDAYS,
    WHEN_WORDS,
    Row,
    wrong_condition,
)

ACTIONS = (
    "view", "extract", "copy", "borrow", "take_out", "export", "backup", "destroy", "regrade",
    "declassify", "transfer", "file", "register", "update", "keep_back",
)  # fmt: skip
RELATIONS = ("owner", "own_dept", "other_dept", "sister_company", "external", "authority")
_STEP = r"([a-z][a-z0-9_\-]{0,39}):(certify|review|approve|verify|sign|countersign)"
_NTH = r"[1-5] (" + "|".join(WEEKDAYS) + ")"


def steps_of(steps: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """`("leasing_head:review", …)` → role and act of each step, in order."""
    parts = (step.partition(":") for step in steps)
    return tuple((role, act) for role, _, act in parts)


def wrong_steps(steps: tuple[str, ...]) -> Iterator[Complaint]:
    """What to say of steps that cannot be read."""
    for step in steps:
        if not re.fullmatch(_STEP, step):
            yield (
                "steps",
                f"“{step}”写法应为 职务:动作，动作为 certify、review、approve、verify、sign 或"
                " countersign。",
                f"{step!r}: write role:act, the act being certify, review, approve, verify, sign "
                "or countersign",
            )


class Provision(Row):
    """What a regulation says of itself: whom it binds, who issues and interprets it, that it
    prevails over others, what its text leaves out. `pack show` prints it."""

    about: str = choice(
        "scope", "effective", "issued_by", "interpreted_by", "prepared_by", "reviewed_by",
        "prevails", "review", "gap", "flow", "principle", zh="哪方面", en="what it is about",
    )  # fmt: skip
    by: tuple[str, ...] = slugs("哪些职务或部门", "roles or departments")
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    series: tuple[str, ...] = slugs(*SERIES_SCOPE)


class Duty(Row):
    """Who does something as a matter of office. Answered by `Policy.duties`."""

    act: str = choice(
        "collect", "keep", "supervise", "arrange", "compose", "check", "answer_for", "register",
        "confirm_penalties", "inspect", "analyse", "verify", "update", "appoint", "appraise",
        "receive", "assign", "accompany", "organise", "carry_out", "clear", zh="做什么",
        en="what they do",
    )  # fmt: skip
    roles: tuple[str, ...] = slugs("由哪些职务", "which roles")
    departments: tuple[str, ...] = slugs("由哪些部门", "which departments")
    types: tuple[str, ...] = slugs(*TYPES_SCOPE)
    classes: tuple[str, ...] = texts(*CLASSES_SCOPE)
    series: tuple[str, ...] = slugs(*SERIES_SCOPE)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    registered: bool = yes_no("名单须备案", "the names are put on record, changes at once")

    def complaints(self) -> Iterator[Complaint]:
        if not self.roles and not self.departments:
            yield ("", "须写 roles 或 departments。", "needs roles or departments")


class FilingScope(Row):
    """One head of what must be filed (归档范围) or kept secret (保密范围, `secret = true`);
    `not_secret = true` says what is not secret. Answered by `policies.scope`."""

    number: int = whole("第几项", "number in the regulation", 0)
    types: tuple[str, ...] = slugs(*TYPES_SCOPE)
    classes: tuple[str, ...] = texts(*CLASSES_SCOPE)
    departments: tuple[str, ...] = slugs("由哪些部门归档", "departments that file it")
    secret: bool = yes_no("属于保密范围", "a head of the secrecy scope")
    not_secret: bool = yes_no("不属于保密范围", "expressly outside the secrecy scope")


class Routine(Row):
    """Work that comes again by the calendar. Answered by `policies.routines`.

    Exactly one rhythm. `every_from` and `times_from` name a setting where the regulation says
    "定期" and gives no number. `types` are the papers whose filing shows that it was done;
    `dossier_types`: it is done for each open dossier of these types, else once for the company.
    `before_event` with `days_before`: only on the days before that event of a dossier.
    """

    of: str = choice(
        "hand_over", "update", "review", "meeting", "report", "statistics", "inspection",
        "backup", "survey", "arrange", "register", "revisit", "contact",
        zh="什么工作", en="which work",
    )  # fmt: skip
    daily: str = clock("每日几点前", "every day by this time")
    weekly: str = choice(*WEEKDAYS, default="", zh="每周几", en="every week on this day")
    monthly_day: int = whole("每月几日前", "every month by this day", 0, 1)
    month_end: bool = yes_no("每月最后一天", "last day of every month")
    mid_month: bool = yes_no("每月中旬（11 至 20 日）", "every month from the 11th to the 20th")
    first_working_day: bool = yes_no("每月第一个工作日", "first working day of every month")
    nth_weekday: str = text("每月第几个星期几，如 1 monday", "as 1 monday, each month", "")
    every_months: int = whole("至少每几个月一次", "at least once in this many months", 0, 1)
    times_per_year: int = whole("每年至少几次", "at least this often a year", 0, 1)
    every_from: str = slug("间隔由公司设置，设置名", "setting that holds the interval", "")
    working_days_only: bool = yes_no("只在工作日", "on working days only")
    roll: str = choice(*ROLLS, default="none", zh="逢休息日", en="when it falls on a day off")
    grace: str = clock("有正当理由可宽限至次日几点", "later time on the next working day")
    departments: tuple[str, ...] = slugs("由哪些部门", "departments that do it")
    roles: tuple[str, ...] = slugs("由哪些职务", "roles that do it")
    to: str = slug("交给谁（部门或职务）", "department or role that receives it", "")
    types: tuple[str, ...] = slugs("以哪些资料为证", "papers that show it was done")
    dossier_types: tuple[str, ...] = slugs("对哪些档案逐一进行", "done for each of these dossiers")
    when: str = text(*WHEN_WORDS, "")
    before_event: str = slug("只在此事件之前", "only before this event", "")
    days_before: int = whole("事件前几天内", "within so many days before it", 0, 1)
    planned: bool = yes_no("须有年度计划并归档", "a yearly plan is made and itself filed")
    late: str = slug("逾期算哪种违规", "the violation that doing it late is", "")

    @property
    def rhythm(self) -> str:
        """The name of the field that says when."""
        return next((name for name in RHYTHMS if getattr(self, name)), "")

    def complaints(self) -> Iterator[Complaint]:
        if sum(bool(getattr(self, name)) for name in RHYTHMS) != 1:
            yield (
                "",
                f"须且只能写一种周期：{'、'.join(RHYTHMS)}。",
                f"has exactly one rhythm: {', '.join(RHYTHMS)}",
            )
        if self.nth_weekday and not re.fullmatch(_NTH, self.nth_weekday):
            yield ("nth_weekday", "写法如 1 monday。", "write it as 1 monday")
        if self.monthly_day > 31:
            yield ("monthly_day", "每月没有这一天。", "no month has that day")
        yield from wrong_condition(self.when)


RHYTHMS = (
    "daily", "weekly", "monthly_day", "month_end", "mid_month", "first_working_day",
    "nth_weekday", "every_months", "times_per_year", "every_from",
)  # fmt: skip


class Approval(Row):
    """Who must say yes, in which order, before something is done. Answered by
    `policies.approvals`: the most specific row wins, and where no row speaks the answer is no.

    `steps` are `role:act` in order. `free = true` needs nobody's approval (standing rights,
    inspections by the competent authority); `never = true` forbids in principle, and steps then
    are the exception. `requesters` limits the row to people who hold one of these roles.
    """

    actions: tuple[str, ...] = choices(*ACTIONS, zh="动作", en="actions", required=True)
    grades: tuple[str, ...] = choices(*GRADE_CODES, zh="密级", en="grades")
    relations: tuple[str, ...] = choices(*RELATIONS, zh="申请人身份", en="who asks")
    types: tuple[str, ...] = slugs(*TYPES_SCOPE)
    classes: tuple[str, ...] = texts(*CLASSES_SCOPE)
    series: tuple[str, ...] = slugs(*SERIES_SCOPE)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    purposes: tuple[str, ...] = slugs("用途，如 inspection", "purposes, as inspection")
    requesters: tuple[str, ...] = slugs("申请人须担任", "roles of the one who asks")
    steps: tuple[str, ...] = texts("依次审批，职务:动作", "who says yes, in order, role:act")
    evidence: tuple[str, ...] = slugs("须附的证明", "documents to be shown")
    free: bool = yes_no("无需审批", "needs no approval")
    never: bool = yes_no("原则上不允许", "forbidden in principle")
    register: bool = yes_no("须登记", "must be entered in the register")
    due_date: bool = yes_no("须写归还日期", "a return date must be given")
    purpose: bool = yes_no("须写用途", "a purpose must be given")
    separate: bool = yes_no(
        "各步须由不同的人，且不得自批", "distinct people, none for himself", True
    )

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that say yes, in order."""
        return tuple(role for role, _ in steps_of(self.steps))

    def complaints(self) -> Iterator[Complaint]:
        yield from wrong_steps(self.steps)
        if self.free and (self.steps or self.never):
            yield ("free", "无需审批的不能再写步骤。", "what is free has no steps")
        if not (self.free or self.never or self.steps):
            yield (
                "steps",
                "须写审批步骤；无需审批写 free，不允许写 never。",
                "needs steps; write free where nobody is asked, never where it is forbidden",
            )


class Knowledge(Row):
    """Who may know a grade: `standing` (the role knows all), `named` (only persons whom `by`
    names), `delegated` (the one in charge, and whom he lets know), `concerned` (those whose work
    it concerns). Answered by `policies.approvals.who_may_know`."""

    grades: tuple[str, ...] = choices(*GRADE_CODES, zh="密级", en="grades", required=True)
    who: str = choice("standing", "named", "delegated", "concerned", zh="谁", en="who")
    by: tuple[str, ...] = slugs("由哪些职务", "by which roles")


class Secrecy(Row):
    """How a secrecy grade is fixed, marked, ended and guarded. Answered by `policies.scope`."""

    of: str = choice(
        "marking", "expiry", "extension", "copies", "custody", "definition", zh="哪方面", en="about"
    )
    grades: tuple[str, ...] = choices(*GRADE_CODES, zh="密级", en="grades")
    by: tuple[str, ...] = slugs("由哪些职务或部门", "which roles or departments")
    automatic: bool = yes_no("到期自行解密", "declassifies by itself at expiry")
    period: bool = yes_no("须同时确定保密期限", "a period must be fixed")
    notice_from: str = slug("提前几天提醒，设置名", "setting: days of notice", "")
    period_from: str = slug("默认期限，设置名", "setting: the usual period", "")
    like_originals: bool = yes_no("复印件视同原件", "copies are managed as originals")


class LoanRule(Row):
    """What borrowing demands beside approval. Answered by `policies.approvals.loan_terms`."""

    kinds: tuple[str, ...] = choices(
        "temporary", "view", "copy", "extract", "borrow", "take_out", zh="借阅形式", en="forms"
    )
    relations: tuple[str, ...] = choices(*RELATIONS, zh="申请人身份", en="who asks")
    grades: tuple[str, ...] = choices(*GRADE_CODES, zh="密级", en="grades")
    series: tuple[str, ...] = slugs(*SERIES_SCOPE)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    forbids: tuple[str, ...] = choices(
        "alter", "mark", "fold", "on_lend", "lose", "disclose", "leave_room", "copy_privately",
        "read_in_public", "leave_screen", zh="禁止", en="forbids",
    )  # fmt: skip
    demands: tuple[str, ...] = choices(
        "registration", "joint_count", "loan_card", "purpose", "due_date", "return_check",
        "completeness_check", "application", "return_before_leaving", zh="要求", en="demands",
    )  # fmt: skip
    fields: tuple[str, ...] = texts("登记栏目", "what is entered")
    days: int = whole("借期（自然日）", "loan period in days", 0, 1)
    days_from: str = slug("借期由公司设置，设置名", "setting: loan period", "")
    due_after: str = slug("在此事件后及时归还", "due back promptly after this event", "")
    excused_by: tuple[str, ...] = slugs("可批准不还的职务", "who may excuse not returning")
    overdue: str = slug("逾期算哪种违规", "the violation an overdue loan is", "")


class Receipt(Row):
    """Handing papers over (签收). Answered by `policies.handover`."""

    givers: tuple[str, ...] = slugs("移交部门或职务", "who gives")
    receivers: tuple[str, ...] = slugs("接收部门或职务", "who receives")
    both_sign: bool = yes_no("双方签字", "both sign")
    lists_missing: bool = yes_no("注明缺件", "what is missing is noted")
    same_day: bool = yes_no("当日登记", "entered the same day")
    gate: str = text("以签收为前提的事", "what depends on the receipt", "")
    flow: tuple[str, ...] = texts("步骤", "the steps in order")
    occasions: tuple[str, ...] = choices(
        "handover", "transfer", "lend", "return", "leaving", "dispatch", zh="什么时候", en="when"
    )
    series: tuple[str, ...] = slugs(*SERIES_SCOPE)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)


class Form(Row):
    """A register (rows under `columns`) or a form (one page of `fields`) that the regulation
    names and the program prints. Answered by `archivist.forms`."""

    of: str = choice(
        "loans", "temporary_loans", "external_readers", "loan_card", "application", "receipts",
        "dispatch", "processing", "contents", "notes_sheet", "scheme", "volumes", "violations",
        "destruction", "copies", "customers", "customer", "registration", "change", "revisit",
        "complaints", "complaint", "statistics", "inspection_plan", "incidents", "report", "guest",
        "record", "custodians", zh="登记什么", en="what it holds",
    )  # fmt: skip
    columns: tuple[str, ...] = texts("登记簿的栏目", "columns of a register")
    fields: tuple[str, ...] = texts("表格的栏目", "fields of a form")
    type: str = slug("成为哪种资料", "the document type it becomes", "")
    signatures: tuple[str, ...] = texts("签字栏", "who signs")
    landscape: bool = yes_no("横排", "printed across")

    def complaints(self) -> Iterator[Complaint]:
        if not self.columns and not self.fields:
            yield ("", "须写 columns 或 fields。", "needs columns or fields")


class RoleMeaning(Written):
    """A company's word on a role that a regulation leaves vague: who is meant by it."""

    role: str = slug("制度中的职务", "role of the regulation")
    means: tuple[str, ...] = slugs("指哪些职务", "roles that are meant", required=True)
    clause: str = text("公司决定的依据", "the company's decision")


class CompanySetting(Written):
    """A company's answer to an open question: what `archive.toml` may say in `[company]` too."""

    id: str = text("设置名", "name of the setting")
    value: str = text("值", "value")
    clause: str = text("公司决定的依据", "the company's decision")


__all__ = [
    "ACTIONS",
    "RELATIONS",
    "RHYTHMS",
    "Approval",
    "CompanySetting",
    "Duty",
    "FilingScope",
    "Form",
    "Knowledge",
    "LoanRule",
    "Provision",
    "Receipt",
    "RoleMeaning",
    "Routine",
    "Secrecy",
    "steps_of",
    "wrong_steps",
]
