"""What is registered of customers, how they are classed, and whose they are: rows of a pack.

Owns the rows of profiles, schemes, ownership and escalation. Answered by `policies.customers`.

Rules it keeps: as `rule_rows`; a value is told with its scheme, because the same letter means
other things in another.

    >>> row = Ownership("first", "先登记", "first", "S001-6-R04", rule="earliest_registration")
    >>> row.cut_off
    ''
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.fields import (
    Complaint,
    Written,
    choice,
    clock,
    row_list,
    slug,
    slugs,
    text,
    texts,
    whole,
    yes_no,
)
from policies.pack_rows import DOSSIERS_SCOPE, GRADE_CODES, WHEN_WORDS, Row, wrong_condition

__all__ = ["Escalation", "Ownership", "Profile", "ProfileField", "Scheme", "SchemeValue"]


class ProfileField(Written):
    """One thing registered of a customer."""

    id: str = slug("编号", "id")
    zh: str = text("中文叫法", "label")
    en: str = text("英文叫法", "label")
    required: bool = yes_no("必填", "required", True)
    personal: str = choice(
        "none", "ordinary", "sensitive", default="none", zh="个人信息", en="personal information"
    )
    grade: str = choice(*GRADE_CODES, default="", zh="密级", en="its own grade")


class Profile(Row):
    """What is registered of a customer (客户基本信息). Answered by `policies.customers`."""

    when: str = text(*WHEN_WORDS, "")
    fields: tuple[ProfileField, ...] = row_list(ProfileField, "field", "栏目", "its fields")
    type: str = slug("登记在哪种表上", "the form it is written on", "")

    def complaints(self) -> Iterator[Complaint]:
        yield from wrong_condition(self.when)


class SchemeValue(Written):
    """One value of a scheme; `means` is what qualifies a customer for it."""

    id: str = slug("编号", "id")
    zh: str = text("中文叫法", "label")
    en: str = text("英文叫法", "label")
    means: str = text("够得上的条件", "what qualifies for it", "")


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
    when: str = text(*WHEN_WORDS, "")
    expenses: tuple[str, ...] = texts("涉及的费用", "expenses concerned")

    def complaints(self) -> Iterator[Complaint]:
        yield from wrong_condition(self.when)


class Escalation(Row):
    """Who is asked next when a case is not settled. Answered by `policies.customers`."""

    steps: tuple[str, ...] = slugs("逐级请示的职务", "roles, in order", required=True)
    dossier_types: tuple[str, ...] = slugs(*DOSSIERS_SCOPE)
    when: str = text(*WHEN_WORDS, "")

    def complaints(self) -> Iterator[Complaint]:
        yield from wrong_condition(self.when)
