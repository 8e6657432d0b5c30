"""What goes wrong, what it costs and how well it goes: rows of a pack.

Owns the rows of incidents, penalties and measures. Answered by `policies.penalties` and
`policies.measures`; incidents by `Policy.rows`.

Rules it keeps: as `rule_rows`. A penalty is computed and reported, never paid through here.

    >>> row = Penalty("late", "迟交", "late", "S001-3-R20", on="late_new_car",
    ...               who=("sales_adviser",), per="visit", amount=50)
    >>> list(row.complaints())
    []
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.fields import Complaint, choice, choices, slug, slugs, text, texts, whole, yes_no
from policies.pack_rows import (
    DOSSIERS_SCOPE,
    MOST_WORKING_DAYS,
    TYPES_SCOPE,
    WHEN_WORDS,
    Row,
    wrong_condition,
)

__all__ = ["DEFECTS", "Incident", "Measure", "Penalty", "PenaltyTerms"]

DEFECTS = ("copy", "sides", "signature", "field")
"""What a person can attest against a paper that lies there; the words of `policies.checklist`."""


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
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    after: str = slug("逾期从哪个事件起算", "lateness counts from this event", "")
    working_days: int = whole(
        "几个工作日后算逾期", "late after so many working days", 0, 1, MOST_WORKING_DAYS
    )
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
    when: str = text(*WHEN_WORDS, "")
    types: tuple[str, ...] = slugs(*TYPES_SCOPE)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    reminders: int = whole("催办几次后", "after so many reminders", 0, 1)
    reminders_from: str = slug("催办次数由公司设置，设置名", "setting: reminders", "")
    violation: str = slug("催办无效算哪种违规", "the violation that ignoring them is", "")

    def complaints(self) -> Iterator[Complaint]:
        yield from wrong_condition(self.when)
