"""What a regulation rules, as a pack declares it: duties, approvals, periods, order, penalties.

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
from dataclasses import dataclass

from policies.fields import (
    Complaint,
    choice,
    choices,
    clock,
    row_list,
    slug,
    slugs,
    text,
    texts,
    whole,
    yes_no,
)
from policies.pack_rows import GRADE_CODES, ROLLS, WEEKDAYS, Row, wrong_condition

ACTIONS = (
    "view", "extract", "copy", "borrow", "take_out", "export", "backup", "destroy", "regrade",
    "declassify", "transfer", "file", "register", "update", "keep_back",
)  # fmt: skip
DEFECTS = ("copy", "sides", "signature", "field")
"""What a person can attest against a paper that lies there; the words of `policies.checklist`."""
RELATIONS = ("owner", "own_dept", "other_dept", "sister_company", "external", "authority")
_STEP = re.compile(r"([a-z][a-z0-9_\-]{0,39}):(certify|review|approve|verify|sign|countersign)")
_NTH = re.compile(r"[1-5] (" + "|".join(WEEKDAYS) + ")")

_TYPES = ("资料种类，不写为任何", "document types; any if not said")
_CLASSES = ("资料归类", "classes of document types")
_SERIES = ("档案系列", "series")
_DOSSIERS = ("档案种类", "dossier types")
_GRADES_ZH, _GRADES_EN = "密级", "grades"
_WHEN = ("条件，如 customer.class=重点", "condition, as customer.class=重点")


def steps_of(steps: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """`("leasing_head:review", …)` → role and act of each step, in order."""
    parts = (step.partition(":") for step in steps)
    return tuple((role, act) for role, _, act in parts)


def wrong_steps(steps: tuple[str, ...]) -> Iterator[Complaint]:
    """What to say of steps that cannot be read."""
    for step in steps:
        if not _STEP.fullmatch(step):
            yield (
                "steps",
                f"“{step}”写法应为 职务:动作，动作为 certify、review、approve、verify、sign 或"
                " countersign。",
                f"{step!r}: write role:act, the act being certify, review, approve, verify, sign "
                "or countersign",
            )


@dataclass(frozen=True, slots=True)
class Provision(Row):
    """What a regulation says of itself: whom it binds, who issues and interprets it, that it
    prevails over others, what its text leaves out. `pack show` prints it."""

    about: str = choice(
        "scope", "effective", "issued_by", "interpreted_by", "prepared_by", "reviewed_by",
        "prevails", "review", "gap", "flow", "principle", zh="哪方面", en="what it is about",
    )  # fmt: skip
    by: tuple[str, ...] = slugs("哪些职务或部门", "roles or departments")
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)
    series: tuple[str, ...] = slugs(*_SERIES)


@dataclass(frozen=True, slots=True)
class Duty(Row):
    """Who does something as a matter of office. Answered by `Policy.duties`."""

    act: str = choice(
        "collect", "keep", "supervise", "arrange", "compose", "check", "answer_for", "register",
        "confirm_penalties", "inspect", "analyse", "verify", "update", "appoint", "appraise",
        "receive", "assign", "accompany", "organise", "carry_out", zh="做什么", en="what they do",
    )  # fmt: skip
    roles: tuple[str, ...] = slugs("由哪些职务", "which roles")
    departments: tuple[str, ...] = slugs("由哪些部门", "which departments")
    types: tuple[str, ...] = slugs(*_TYPES)
    classes: tuple[str, ...] = texts(*_CLASSES)
    series: tuple[str, ...] = slugs(*_SERIES)
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)
    registered: bool = yes_no("名单须备案", "the names are put on record, changes at once")

    def complaints(self) -> Iterator[Complaint]:
        if not self.roles and not self.departments:
            yield ("", "须写 roles 或 departments。", "needs roles or departments")


@dataclass(frozen=True, slots=True)
class FilingScope(Row):
    """One head of what must be filed (归档范围) or kept secret (保密范围, `secret = true`);
    `not_secret = true` says what is not secret. Answered by `policies.scope`."""

    number: int = whole("第几项", "number in the regulation", 0)
    types: tuple[str, ...] = slugs(*_TYPES)
    classes: tuple[str, ...] = texts(*_CLASSES)
    departments: tuple[str, ...] = slugs("由哪些部门归档", "departments that file it")
    secret: bool = yes_no("属于保密范围", "a head of the secrecy scope")
    not_secret: bool = yes_no("不属于保密范围", "expressly outside the secrecy scope")


@dataclass(frozen=True, slots=True)
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
    when: str = text(*_WHEN, "")
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
        if self.nth_weekday and not _NTH.fullmatch(self.nth_weekday):
            yield ("nth_weekday", "写法如 1 monday。", "write it as 1 monday")
        if self.monthly_day > 31:
            yield ("monthly_day", "每月没有这一天。", "no month has that day")
        yield from wrong_condition(self.when)


RHYTHMS = (
    "daily", "weekly", "monthly_day", "month_end", "mid_month", "first_working_day",
    "nth_weekday", "every_months", "times_per_year", "every_from",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Approval(Row):
    """Who must say yes, in which order, before something is done. Answered by
    `policies.approvals`: the most specific row wins, and where no row speaks the answer is no.

    `steps` are `role:act` in order. `free = true` needs nobody's approval (standing rights,
    inspections by the competent authority); `never = true` forbids in principle, and steps then
    are the exception. `requesters` limits the row to people who hold one of these roles.
    """

    actions: tuple[str, ...] = choices(*ACTIONS, zh="动作", en="actions", required=True)
    grades: tuple[str, ...] = choices(*GRADE_CODES, zh=_GRADES_ZH, en=_GRADES_EN)
    relations: tuple[str, ...] = choices(*RELATIONS, zh="申请人身份", en="who asks")
    types: tuple[str, ...] = slugs(*_TYPES)
    classes: tuple[str, ...] = texts(*_CLASSES)
    series: tuple[str, ...] = slugs(*_SERIES)
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)
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


@dataclass(frozen=True, slots=True)
class Knowledge(Row):
    """Who may know a grade: `standing` (the role knows all), `named` (only persons whom `by`
    names), `delegated` (the one in charge, and whom he lets know), `concerned` (those whose work
    it concerns). Answered by `policies.approvals.who_may_know`."""

    grades: tuple[str, ...] = choices(*GRADE_CODES, zh=_GRADES_ZH, en=_GRADES_EN, required=True)
    who: str = choice("standing", "named", "delegated", "concerned", zh="谁", en="who")
    by: tuple[str, ...] = slugs("由哪些职务", "by which roles")


@dataclass(frozen=True, slots=True)
class Secrecy(Row):
    """How a secrecy grade is fixed, marked, ended and guarded. Answered by `policies.scope`."""

    of: str = choice(
        "marking", "expiry", "extension", "copies", "custody", "definition", zh="哪方面", en="about"
    )
    grades: tuple[str, ...] = choices(*GRADE_CODES, zh=_GRADES_ZH, en=_GRADES_EN)
    by: tuple[str, ...] = slugs("由哪些职务或部门", "which roles or departments")
    automatic: bool = yes_no("到期自行解密", "declassifies by itself at expiry")
    period: bool = yes_no("须同时确定保密期限", "a period must be fixed")
    notice_from: str = slug("提前几天提醒，设置名", "setting: days of notice", "")
    period_from: str = slug("默认期限，设置名", "setting: the usual period", "")
    like_originals: bool = yes_no("复印件视同原件", "copies are managed as originals")


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
    types: tuple[str, ...] = slugs(*_TYPES)
    classes: tuple[str, ...] = texts(*_CLASSES)
    series: tuple[str, ...] = slugs(*_SERIES)
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)
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

    series: tuple[str, ...] = slugs(*_SERIES)
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)
    types: tuple[str, ...] = slugs(*_TYPES)
    grades: tuple[str, ...] = choices(*GRADE_CODES, zh=_GRADES_ZH, en=_GRADES_EN)
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

    series: tuple[str, ...] = slugs(*_SERIES)
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)
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
    grades: tuple[str, ...] = choices(*GRADE_CODES, zh=_GRADES_ZH, en=_GRADES_EN)
    unless_related: bool = yes_no("密切相关的普通文件可随同", "closely linked others may go along")
    fields: tuple[str, ...] = texts("须记载的内容", "what must be recorded")
    place: str = choice("front", "end", default="", zh="放在哪里", en="where it lies")
    roles: tuple[str, ...] = slugs("由哪些职务", "which roles")
    distinct: bool = yes_no("须由不同的人", "by different people")
    per: str = choice("department", "company", default="", zh="按什么编", en="drawn up per")


@dataclass(frozen=True, slots=True)
class LoanRule(Row):
    """What borrowing demands beside approval. Answered by `policies.approvals.loan_terms`."""

    kinds: tuple[str, ...] = choices(
        "temporary", "view", "copy", "extract", "borrow", "take_out", zh="借阅形式", en="forms"
    )
    relations: tuple[str, ...] = choices(*RELATIONS, zh="申请人身份", en="who asks")
    grades: tuple[str, ...] = choices(*GRADE_CODES, zh=_GRADES_ZH, en=_GRADES_EN)
    series: tuple[str, ...] = slugs(*_SERIES)
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)
    forbids: tuple[str, ...] = choices(
        "alter", "mark", "fold", "on_lend", "lose", "disclose", "leave_room", "copy_privately",
        "read_in_public", zh="禁止", en="forbids",
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


@dataclass(frozen=True, slots=True)
class Incident(Row):
    """Leak, loss, damage: to whom it is reported. Answered by `Policy.rows`."""

    of: tuple[str, ...] = choices(
        "leak", "loss", "damage", "theft", "abuse", zh="什么事件", en="which", required=True
    )
    notify: tuple[str, ...] = slugs("报告给谁", "who is told")
    at_once: bool = yes_no("立即", "at once")
    severity: str = choice("none", "minor", "serious", default="none", zh="后果", en="consequence")
    superior: bool = yes_no("直接上级承担领导责任", "the direct superior answers for it too")
    remedies: tuple[str, ...] = texts("处理", "what is done")


@dataclass(frozen=True, slots=True)
class Penalty(Row):
    """A penalty as the regulation states it: computed and reported, never paid through here.
    Answered by `policies.penalties`.

    `on` is the violation's code. `who` are the roles it falls on, each of them. `per` is the
    unit counted. `amount` yuan (to `amount_to`), `points` off the month's appraisal. `lacks`
    are the defects that, once somebody attested them, are this violation: `signature:customer`,
    or `field` for any field that no other row names.
    """

    on: str = slug("什么违规", "code of the violation")
    who: tuple[str, ...] = slugs("处罚谁", "whom it falls on", required=True)
    per: str = choice("visit", "item", "piece", "time", "working_day", zh="计量", en="unit counted")
    amount: int = whole("金额（元）", "yuan", 0, 1)
    amount_to: int = whole("金额上限（元）", "up to so many yuan", 0, 1)
    points: int = whole("扣分", "points off", 0, 1)
    points_from: str = slug("扣分由公司设置，设置名", "setting: points off", "")
    month_pay: bool = yes_no("扣当月绩效工资", "the month's performance pay")
    notice: bool = yes_no("通报全公司", "announced to the whole company")
    sanction: str = text("其他处分", "other sanction", "")
    transfers_customer: bool = yes_no("客户移交他人", "the customer goes to somebody else")
    repeats: bool = yes_no("直至改正，逐日再次处罚", "again each unit until it is corrected")
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)
    after: str = slug("逾期从哪个事件起算", "lateness counts from this event", "")
    working_days: int = whole("几个工作日后算逾期", "late after so many working days", 0, 1)
    days: int = whole("几天后算逾期", "late after so many days", 0, 1)
    additional: bool = yes_no("在其他处罚之外另加", "on top of any other penalty")
    lacks: tuple[str, ...] = texts(
        "资料的哪些缺陷属于此违规，如 signature:customer、copy、field",
        "which defects of a paper are this violation, as signature:customer, copy, field",
    )

    def complaints(self) -> Iterator[Complaint]:
        for lack in self.lacks:
            if lack.partition(":")[0] not in DEFECTS:
                yield (
                    "lacks",
                    f"“{lack}”须以下列之一开头：{'、'.join(DEFECTS)}。",
                    f"{lack!r} must begin with one of: {', '.join(DEFECTS)}",
                )
        if bool(self.after) != bool(self.working_days or self.days):
            yield ("after", "after 与天数须一起写。", "`after` and a number of days go together")


@dataclass(frozen=True, slots=True)
class PenaltyTerms(Row):
    """How the penalties of one role add up in a calendar month. Answered by
    `policies.penalties`: from the `double_from`-th on the amount is multiplied."""

    who: tuple[str, ...] = slugs("哪些职务", "which roles", required=True)
    double_from: int = whole("从第几次起翻倍", "multiplied from this one on", 0, 2)
    factor: int = whole("倍数", "factor", 2, 2)
    doubling: str = choice(
        "flat",
        "geometric",
        default="flat",
        zh="flat 一律翻倍，geometric 每次再翻",
        en="how it grows",
    )
    repeats_count: bool = yes_no("未改正的再次违规也计次", "repeats of the uncorrected count too")
    loss_doubles: bool = yes_no("遗失毁损的罚款也翻倍", "penalties for loss are multiplied too")
    combine: str = choice(
        "sum",
        "max",
        default="sum",
        zh="同一项多处缺陷相加或取最大",
        en="several defects of one item",
    )
    pay_cut_from: int = whole("可扣绩效工资下限（%）", "pay cut from this percentage", 0, 1)
    pay_cut_to: int = whole("可扣绩效工资上限（%）", "pay cut to this percentage", 0, 1)


@dataclass(frozen=True, slots=True)
class Measure(Row):
    """A rate that is reported (考核). Answered by `policies.measures`.

    `violation` is the code of what it is to be urged `reminders` times (`reminders_from`: a
    setting) and still not to have done it at the month's end.
    """

    of: str = choice(
        "timeliness", "completeness", "revisit_coverage", "revisit_rate", "registration",
        "late_forms", "satisfaction", "basic_file_coverage", zh="指标", en="which rate",
    )  # fmt: skip
    per: str = choice("department", "person", "company", default="department", zh="按", en="per")
    months: int = whole("几个月一期", "period in months", 1, 1)
    target_percent: int = whole("目标（%）", "target in percent", 0, 1)
    target_from: str = slug("目标由公司设置，设置名", "setting: target", "")
    when: str = text(*_WHEN, "")
    types: tuple[str, ...] = slugs(*_TYPES)
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)
    reminders: int = whole("催办几次后", "after so many reminders", 0, 1)
    reminders_from: str = slug("催办次数由公司设置，设置名", "setting: reminders", "")
    violation: str = slug("催办无效算哪种违规", "the violation that ignoring them is", "")

    def complaints(self) -> Iterator[Complaint]:
        yield from wrong_condition(self.when)


@dataclass(frozen=True, slots=True)
class ProfileField:
    """One thing registered of a customer."""

    id: str = slug("编号", "id")
    zh: str = text("中文叫法", "label")
    en: str = text("英文叫法", "label")
    required: bool = yes_no("必填", "required", True)
    personal: str = choice(
        "none", "ordinary", "sensitive", default="none", zh="个人信息", en="personal information"
    )
    grade: str = choice(*GRADE_CODES, default="", zh="密级", en="its own grade")


@dataclass(frozen=True, slots=True)
class Profile(Row):
    """What is registered of a customer (客户基本信息). Answered by `policies.customers`."""

    when: str = text(*_WHEN, "")
    fields: tuple[ProfileField, ...] = row_list(ProfileField, "field", "栏目", "its fields")
    type: str = slug("登记在哪种表上", "the form it is written on", "")

    def complaints(self) -> Iterator[Complaint]:
        yield from wrong_condition(self.when)


@dataclass(frozen=True, slots=True)
class SchemeValue:
    """One value of a scheme; `means` is what qualifies a customer for it."""

    id: str = slug("编号", "id")
    zh: str = text("中文叫法", "label")
    en: str = text("英文叫法", "label")
    means: str = text("够得上的条件", "what qualifies for it", "")


@dataclass(frozen=True, slots=True)
class Scheme(Row):
    """A way to class or grade customers. A value is always told with its scheme
    (`customer-grading:a`): the same letter means other things elsewhere. Answered by
    `policies.customers`."""

    of: str = choice("class", "grade", "facet", "status", "case", zh="用于", en="used for")
    values: tuple[SchemeValue, ...] = row_list(SchemeValue, "value", "值", "its values")
    several: bool = yes_no("可同时有几个值", "may have several values at once")

    def complaints(self) -> Iterator[Complaint]:
        if not self.values:
            yield ("", "须至少有一个值。", "needs at least one value")


@dataclass(frozen=True, slots=True)
class Ownership(Row):
    """Whose customer it is. Answered by `policies.customers`; losing claims are kept."""

    rule: str = choice(
        "earliest_registration", "earliest_list", "named_manager", "on_duty", "late_forfeits",
        "adjudicated", "neglected", "leaver_replaced", "two_contacts", "even_assignment",
        "registered_gate", "registered_first", "unresolved_complaint", zh="规则", en="rule",
    )  # fmt: skip
    by: tuple[str, ...] = slugs("由哪些职务决定", "roles that decide")
    cut_off: str = clock("当日截止时刻", "cut-off; later counts as the next day")
    months: int = whole("几个月", "months", 0, 1)
    days: int = whole("几天", "days", 0, 1)
    count: int = whole("人数", "number of people", 0, 1)
    when: str = text(*_WHEN, "")
    expenses: tuple[str, ...] = texts("涉及的费用", "expenses concerned")

    def complaints(self) -> Iterator[Complaint]:
        yield from wrong_condition(self.when)


@dataclass(frozen=True, slots=True)
class Escalation(Row):
    """Who is asked next when a case is not settled. Answered by `policies.customers`."""

    steps: tuple[str, ...] = slugs("逐级请示的职务", "roles, in order", required=True)
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)
    when: str = text(*_WHEN, "")

    def complaints(self) -> Iterator[Complaint]:
        yield from wrong_condition(self.when)


@dataclass(frozen=True, slots=True)
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
    series: tuple[str, ...] = slugs(*_SERIES)
    dossier_types: tuple[str, ...] = slugs(*_DOSSIERS)


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class RoleMeaning:
    """A company's word on a role that a regulation leaves vague: who is meant by it."""

    role: str = slug("制度中的职务", "role of the regulation")
    means: tuple[str, ...] = slugs("指哪些职务", "roles that are meant", required=True)
    clause: str = text("公司决定的依据", "the company's decision")


@dataclass(frozen=True, slots=True)
class CompanySetting:
    """A company's answer to an open question: what `archive.toml` may say in `[company]` too."""

    id: str = text("设置名", "name of the setting")
    value: str = text("值", "value")
    clause: str = text("公司决定的依据", "the company's decision")


__all__ = [
    "ACTIONS",
    "DEFECTS",
    "RELATIONS",
    "RHYTHMS",
    "Approval",
    "Arrangement",
    "CompanySetting",
    "Disposal",
    "Duty",
    "Escalation",
    "FilingScope",
    "FilingYear",
    "Form",
    "Incident",
    "Knowledge",
    "LoanRule",
    "Measure",
    "Ownership",
    "Penalty",
    "PenaltyTerms",
    "Profile",
    "ProfileField",
    "Provision",
    "Receipt",
    "Retention",
    "RetentionClass",
    "RoleMeaning",
    "Routine",
    "Scheme",
    "SchemeValue",
    "Secrecy",
    "VolumeRule",
    "steps_of",
    "wrong_steps",
]
