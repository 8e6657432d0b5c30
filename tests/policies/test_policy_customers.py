"""Whose customer it is, what is registered of him, and how he is classed."""

from datetime import date, datetime

import pytest
from law import Law

from policies.calendar import Calendar
from policies.customers import (
    Claim,
    contacts_needed,
    gates,
    neglected,
    owners_are_ruled,
    profile_gaps,
    registration_due,
    rule_ownership,
    scheme_value,
    scheme_words,
    unsettled,
    who_may_reassign,
)
from policies.errors import UnknownName
from policies.packs import parse_pack
from policies.policy import Policy

HEAD = """[pack]
id = "{id}"
version = "1"
zh = "{id}"
en = "{id}"
source = "X"
effective_from = 2026-01-01
kind = "{kind}"
"""


def pack(name, *rows, kind="regulation"):
    """A pack of ownership rows, each (rule, further lines)."""
    body = "".join(
        f'[[ownership]]\nid = "{rule.replace("_", "-")}"\nzh = "规则"\nen = "rule"\n'
        f'clause = "{name}-{rule}"\nrule = "{rule}"\n{more}\n'
        for rule, more in rows
    )
    return parse_pack(HEAD.format(id=name, kind=kind) + body)


def at(hour, minute=0, day=2):
    return datetime(2026, 3, day, hour, minute)


BY_TIME = pack("by-time", ("earliest_registration", ""), ("named_manager", ""), ("on_duty", ""))
BY_LIST = pack(
    "by-list",
    ("earliest_list", 'cut_off = "18:00"'),
    ("late_forfeits", ""),
    ("adjudicated", 'by = ["coordinator"]'),
)


def test_the_earlier_registration_wins_and_the_other_claim_is_kept():
    """Time on the form decides, whoever claims first in the list."""
    ruling = rule_ownership(
        Policy.adopt([BY_TIME], {}), [Claim("li", at(10)), Claim("wang", at(9, 59))]
    )
    assert (ruling.winner, ruling.losers) == ("wang", ("li",))
    assert ruling.clauses == ("by-time-earliest_registration",)


def test_a_customer_who_names_his_manager_goes_to_him():
    """What the customer says comes before the time."""
    claims = [Claim("li", at(10), named=True), Claim("wang", at(9))]
    assert rule_ownership(Policy.adopt([BY_TIME], {}), claims).winner == "li"


def test_equal_times_are_nobodys_but_the_one_on_duty():
    """A tie is not settled by order of entry."""
    policy = Policy.adopt([BY_TIME], {})
    assert rule_ownership(policy, [Claim("li", at(9)), Claim("wang", at(9))]).winner is None
    claims = [Claim("li", at(9)), Claim("wang", at(9), on_duty=True)]
    assert rule_ownership(policy, claims).winner == "wang"


def test_a_list_after_the_cut_off_counts_as_the_next_day():
    """18:00 sharp is in time and beats 18:01, whoever was recorded first."""
    policy = Policy.adopt([BY_LIST], {})
    late = Claim("li", at(8), listed=at(18, 1))
    in_time = Claim("wang", at(9), listed=at(18))
    assert rule_ownership(policy, [late, in_time]).winner == "wang"


def test_without_a_list_there_is_no_claim():
    """Confirmed first, but no list handed in: the other unit has the customer."""
    claims = [Claim("li", at(8)), Claim("wang", at(9), listed=at(17))]
    assert rule_ownership(Policy.adopt([BY_LIST], {}), claims).winner == "wang"


def test_lists_at_the_same_time_are_for_the_coordinator():
    """The regulation names who decides; the program does not."""
    claims = [Claim("li", at(8), listed=at(17)), Claim("wang", at(9), listed=at(17))]
    ruling = rule_ownership(Policy.adopt([BY_LIST], {}), claims)
    assert (ruling.winner, ruling.by) == (None, ("coordinator",))
    assert ruling.losers == ("li", "wang")


def test_two_ways_to_decide_contradict_until_one_is_chosen():
    """Time against list: both clauses are named, nobody wins, and a setting settles it."""
    open_ = Policy.adopt([BY_TIME, BY_LIST], {})
    (question,) = unsettled(open_)
    assert question.contradiction
    assert question.clauses == ("by-time-earliest_registration", "by-list-earliest_list")
    claims = [Claim("li", at(8), listed=at(18)), Claim("wang", at(9), listed=at(17))]
    assert rule_ownership(open_, claims).winner is None
    settled = Policy.adopt([BY_TIME, BY_LIST], {"ownership.conflict": "by-time"})
    assert not list(unsettled(settled))
    assert rule_ownership(settled, claims).winner == "li"


def test_three_months_of_neglect_end_with_the_third_month():
    """On the last day he still has his customer; the day after, others may take over."""
    policy = Policy.adopt([pack("x", ("neglected", "months = 3"))], {})
    assert neglected(policy, date(2025, 11, 30), date(2026, 2, 28)) is None
    assert neglected(policy, date(2025, 11, 30), date(2026, 3, 1)) is not None


def test_key_customers_need_two_contacts():
    """The number comes from the rule whose condition holds."""
    policy = Policy.adopt(
        [pack("x", ("two_contacts", 'count = 2\nwhen = "customer.class=重点"'))], {}
    )
    assert contacts_needed(policy, {"class": "重点"}) == (2, "x-two_contacts")
    assert contacts_needed(policy, {"class": "一般"}) == (1, "")


SCHEMES = """
[[scheme]]
id = "{id}"
zh = "{zh}"
en = "{id}"
clause = "X"
of = "grade"
[[scheme.value]]
id = "a"
zh = "A级"
en = "A"
[[scheme.value]]
id = "{id}-only"
zh = "只有{zh}"
en = "only {id}"
"""


def test_a_bare_letter_of_two_schemes_means_nothing():
    """A of one scheme is not A of the other; with its scheme, or alone in one, it is plain."""
    packs = [
        parse_pack(HEAD.format(id=name, kind="regulation") + SCHEMES.format(id=name, zh=name))
        for name in ("one", "two")
    ]
    policy = Policy.adopt(packs, {})
    with pytest.raises(UnknownName):
        scheme_value(policy, "A级")
    assert scheme_value(policy, "two:A级") == ("two", "a")
    assert scheme_value(policy, "two-only") == ("two", "two-only")
    with pytest.raises(UnknownName):
        scheme_value(policy, "z")


def test_required_fields_are_missed_where_the_profile_applies():
    """A profile for companies asks nothing of a person."""
    text = (
        HEAD.format(id="x", kind="regulation")
        + """
[[profile]]
id = "unit"
zh = "单位"
en = "unit"
clause = "X-1"
when = "customer.kind=company"
[[profile.field]]
id = "address"
zh = "地址"
en = "address"
[[profile.field]]
id = "fax"
zh = "传真"
en = "fax"
required = false
"""
    )
    policy = Policy.adopt([parse_pack(text)], {})
    assert [gap.field.id for gap in profile_gaps(policy, {"kind": "company"})] == ["address"]
    assert profile_gaps(policy, {"kind": "person"}) == ()
    assert profile_gaps(policy, {"kind": "company", "address": "西安"}) == ()


def test_who_hands_customers_out_does_not_take_them_away():
    """Even assignment is for customers who are nobody's yet."""
    policy = Policy.adopt(
        [pack("a", ("even_assignment", 'by = ["head"]'), ("neglected", 'by = ["director"]'))], {}
    )
    assert who_may_reassign(policy) == ("director",)
    assert set(who_may_reassign(policy, owned=False)) == {"head", "director"}


@pytest.mark.parametrize(
    ("rule", "more", "ruled"),
    [
        ("earliest_registration", "", True),
        ("adjudicated", 'by = ["coordinator"]', True),
        ("leaver_replaced", "", False),
        ("two_contacts", "count = 2", False),
        ("registered_gate", "", False),
    ],
)
def test_an_owner_may_be_written_down_only_where_no_rule_decides(rule, more, ruled):
    """Rules that merely ask for somebody leave it to the company who it is."""
    policy = Policy.adopt([pack("a", (rule, more))], {})
    assert owners_are_ruled(policy) is ruled
    assert [cited.row.rule for cited in gates(policy)] == ["registered_gate"] * (
        rule == "registered_gate"
    )


def test_registration_is_due_after_the_first_contact_where_a_pack_says_so():
    """Five working days over National Day; no such event in any pack, no due date."""
    law = Law.shipped()
    due = registration_due(law.policy("business-registration"), date(2025, 9, 30), Calendar())
    assert due and (due.day, due.clause) == (date(2025, 10, 14), "S001-14-R06")
    assert registration_due(law.policy("leasing"), date(2025, 9, 30), Calendar()) is None


def test_a_value_is_sought_among_schemes_of_one_use():
    """Where grades and classes share a letter, the use tells them apart."""
    policy = Law.shipped().policy("customer-grading", "business-registration")
    assert scheme_value(policy, "a", "grade") == ("customer-grading", "a")
    with pytest.raises(UnknownName) as unknown:
        scheme_value(policy, "a", "class")
    assert all(name.startswith("business_class:") for name in unknown.value.known)
    assert scheme_words(policy, "business_class:key")[0] == "重点客户"
    assert scheme_words(policy, "老客户") == ("老客户", "老客户")
