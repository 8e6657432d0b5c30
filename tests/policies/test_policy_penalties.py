"""Penalties by the words of the car dealer's regulation (S001-3), counted by person and month."""

from datetime import date

import pytest
from policies_for_penalties import CARE, DEALER, TIERS

from policies.calendar import Calendar
from policies.packs import parse_pack
from policies.penalties import (
    Violation,
    assess,
    confirmers,
    late,
    penalties_of,
    uncorrected,
    unsettled,
)
from policies.policy import Policy

SALES, SERVICE = "sales_adviser", "service_adviser"
CALENDAR = Calendar()


def policy_of(*sources, **settings):
    packs = [parse_pack(source) for source in sources]
    return Policy.adopt(packs, {name.replace("__", "."): v for name, v in settings.items()})


def dealer(**terms):
    """The dealer's pack with other terms of doubling: `doubling`, `combine` and so on."""
    lines = "\n".join(f"{name} = {_toml(value)}" for name, value in terms.items())
    return policy_of(DEALER.replace("# further terms", lines))


def _toml(value):
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def sets(role, *days, code="late_set", **more):
    return [Violation(code, role, date(2026, 3, day), "zhang", **more) for day in days]


def amounts(policy, violations):
    return [found.amount for found in assess(policy, violations)]


@pytest.mark.parametrize(
    ("doubling", "expected", "total"),
    [("flat", [50, 50, 100, 100], 300), ("geometric", [50, 50, 100, 200], 400)],
)
def test_a_service_adviser_pays_double_from_the_third(doubling, expected, total):
    """Three late sets and one more within a month."""
    found = amounts(dealer(doubling=doubling), sets(SERVICE, 2, 9, 16, 23))
    assert (found, sum(found)) == (expected, total)


def test_a_sales_adviser_pays_double_from_the_second():
    """Two late files: fifty and a hundred."""
    found = assess(dealer(), sets(SALES, 2, 9, code="late_new_car"))
    assert [(f.amount, f.nth, f.multiplier) for f in found] == [(50, 1, 1), (100, 2, 2)]
    assert found[1].clauses == ("S001-3-R20", "S001-3-R25")
    assert found[1].packs == ("dealer@1",)


def test_each_month_and_each_person_is_counted_anew():
    """What somebody else did, or what lies in the month before, does not double."""
    days = [date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 1)]
    both = [Violation("late_new_car", SALES, day, person) for day in days
            for person in ("zhang", "li")]  # fmt: skip
    assert amounts(dealer(), both) == [50, 50, 100, 100, 50, 50]


def test_the_order_is_that_of_the_days_not_of_the_entries():
    """An earlier violation that is entered later is the first one."""
    found = assess(dealer(), sets(SALES, 20, 3, code="late_new_car"))
    assert [(f.violation.on.day, f.amount) for f in found] == [(3, 50), (20, 100)]


def test_without_a_person_only_the_same_dossier_is_counted_together():
    """Two dossiers of one department may be two people's; one dossier is one person's."""
    unnamed = [Violation("late_set", SERVICE, date(2026, 3, 2 + n), subject=f"D00000{n}")
               for n in range(4)]  # fmt: skip
    assert amounts(dealer(), unnamed) == [50, 50, 50, 50]
    same = [Violation("late_new_car", SALES, date(2026, 3, n), subject="D000001") for n in (2, 3)]
    assert amounts(dealer(), same) == [50, 100]


@pytest.mark.parametrize(("combine", "expected"), [("sum", [50, 20]), ("max", [50, 0])])
def test_an_item_without_both_signatures(combine, expected):
    """Fifty and twenty add up, or the dearer stands alone."""
    both = [
        Violation(code, SERVICE, date(2026, 3, 2), "zhang", subject="D000001", item="settlement")
        for code in ("no_customer_signature", "no_internal_signature")
    ]
    found = assess(dealer(combine=combine), both)
    assert [f.amount for f in found] == expected
    assert [f.nth for f in found] == [1, 1]
    assert [f.absorbed for f in found] == [amount == 0 for amount in expected]


def test_defects_of_one_item_count_once_and_of_two_items_twice():
    """The third occasion is the first that is doubled."""
    items = ["reception", "settlement", "work_order"]
    found = [Violation("paper_defect", SERVICE, date(2026, 3, 2), "zhang", subject="D1", item=item)
             for item in items]  # fmt: skip
    found.insert(1, Violation("no_customer_signature", SERVICE, date(2026, 3, 2), "zhang",
                              subject="D1", item="reception"))  # fmt: skip
    assert [(f.nth, f.amount) for f in assess(dealer(), found)] == [
        (1, 20), (1, 50), (2, 20), (3, 40),
    ]  # fmt: skip


def test_several_items_of_one_violation_cost_each():
    """Three papers that do not conform cost three times twenty, and are one occasion."""
    found = assess(dealer(), sets(SERVICE, 2, code="paper_defect", count=3))
    assert [(f.amount, f.nth) for f in found] == [(60, 1)]


@pytest.mark.parametrize(("doubles", "expected"), [(False, [50, 50, 40, 100]),
                                                   (True, [50, 50, 80, 100])])  # fmt: skip
def test_loss_is_paid_on_top(doubles, expected):
    """Twenty a piece; multiplied only where the company says so."""
    days = sets(SERVICE, 2, 9, 23)
    days.insert(2, Violation("loss", SERVICE, date(2026, 3, 16), "zhang", count=2))
    assert amounts(dealer(loss_doubles=doubles), days) == expected


@pytest.mark.parametrize(("counts", "expected"), [(True, [50, 50, 100, 100]),
                                                  (False, [50, 50, 50, 50])])  # fmt: skip
def test_what_is_not_corrected_costs_the_same_again(counts, expected):
    """One more for each working day after the order; counted towards doubling or not."""
    policy = dealer(repeats_count=counts)
    first = Violation("no_customer_signature", SERVICE, date(2026, 3, 5), "zhang",
                      subject="D000001", item="settlement")  # fmt: skip
    # Ordered on Thursday: failed by Friday evening, by Monday's and by Tuesday's.
    again = uncorrected(policy, first, date(2026, 3, 5), None, date(2026, 3, 11), CALENDAR)
    assert [violation.on.day for violation in again] == [6, 9, 10]
    assert amounts(policy, [first, *again]) == expected


def test_only_penalties_that_repeat_are_repeated():
    """A contact that was not verified at a visit cannot be verified later."""
    visit = Violation("contact_not_verified", SERVICE, date(2026, 3, 5), "zhang")
    day = date(2026, 3, 31)
    assert uncorrected(dealer(), visit, visit.on, None, day, CALENDAR) == ()


def test_a_service_adviser_may_lose_part_of_the_months_pay_from_the_third():
    """Ten to thirty per cent, and only when penalties double."""
    found = assess(dealer(), sets(SERVICE, 2, 9, 16))
    assert [f.pay_cut for f in found] == [None, None, (10, 30)]
    assert assess(dealer(), sets(SALES, 2, 9, code="late_new_car"))[1].pay_cut is None


def test_nothing_is_counted_that_nobody_penalises():
    """A code without a penalty costs nothing and does not advance the count."""
    days = [*sets(SALES, 2, code="untidy"), *sets(SALES, 3, code="late_new_car")]
    found = assess(dealer(), days)
    assert [(f.penalty is None, f.amount, f.nth) for f in found] == [(True, 0, 0), (False, 50, 1)]


def test_a_violation_without_a_role_falls_on_everybody_the_regulation_names():
    """A customer's complaint falls on the manager and on the member of staff, a hundred each."""
    found = assess(policy_of(CARE), [Violation("complained", "", date(2026, 3, 2))])
    assert [(f.violation.role, f.amount) for f in found] == [("manager", 100), ("staff", 100)]


def test_ranges_points_and_notice_are_told_as_they_are_written():
    """Thirty to a hundred yuan; then points, notice, a sanction and the month's pay."""
    codes = ["attitude", "coldness", "concealment"]
    found = assess(policy_of(TIERS), [Violation(c, "staff", date(2026, 3, 2)) for c in codes])
    assert [(f.amount, f.amount_to, f.points) for f in found] == [
        (30, 100, 0),
        (200, 200, 5),
        (1000, 1000, 0),
    ]
    assert [f.notice for f in found] == [False, True, True]
    assert (found[2].month_pay, found[2].sanction) == (True, "记大过")


def test_points_that_a_regulation_leaves_open_come_from_the_company():
    """Without the setting the violation is told with an open question."""
    late_entry = [Violation("late_registration", "staff", date(2026, 3, 2), count=2)]
    (asked,) = assess(policy_of(TIERS), late_entry)
    assert ([q.setting for q in asked.open], asked.points) == (["late_registration_points"], 0)
    (told,) = assess(policy_of(TIERS, late_registration_points="3"), late_entry)
    assert (told.open, told.points) == ((), 6)


# ── lateness ──────────────────────────────────────────────────────────────────


def lateness(complete_on, today, **events):
    days = {name: date.fromisoformat(day) for name, day in events.items()}
    return late(dealer(), "new_car", SALES, days, complete_on, today, CALENDAR,
                person="zhang", subject="D000001")  # fmt: skip


def test_lateness_counts_from_the_penalty_s_own_event():
    """The penalty counts three working days from delivery, whenever the car was sold."""
    today = date(2026, 4, 1)
    (found,) = lateness(None, today, sale="2026-01-05", delivery="2026-03-05")
    day = date(2026, 3, 11)
    assert found == Violation("late_new_car", SALES, day, "zhang", subject="D000001",
                              clause="S001-3-R20", dossier_type="new_car")  # fmt: skip
    assert lateness(None, today, sale="2026-01-05") == ()


@pytest.mark.parametrize(("complete_on", "is_late"), [("2026-10-10", False), ("2026-10-11", True)])
def test_lateness_knows_national_day_and_its_make_up_saturday(complete_on, is_late):
    """Delivered on 30 September 2026: Thursday the 8th, Friday the 9th, Saturday the 10th."""
    day = date.fromisoformat(complete_on)
    assert bool(lateness(day, day, delivery="2026-09-30")) is is_late


def test_a_set_that_is_still_open_is_late_only_after_the_last_day():
    """On the last day itself it is in time."""
    assert lateness(None, date(2026, 3, 10), delivery="2026-03-05") == ()
    assert lateness(None, date(2026, 3, 11), delivery="2026-03-05")


def test_lateness_concerns_the_dossier_types_that_the_row_names():
    """A service file is owed by the service adviser after one working day."""
    policy = dealer()
    delivered = {"delivery": date(2026, 3, 6)}
    found = late(policy, "maintenance", "", delivered, None, date(2026, 3, 10), CALENDAR)
    assert [(v.code, v.role, v.on) for v in found] == [("late_set", SERVICE, date(2026, 3, 10))]


# ── whose word ────────────────────────────────────────────────────────────────

OTHER = """
[pack]
id = "other"
version = "1"
zh = "另一制度"
en = "another"
source = "x"
effective_from = 2026-01-01
[[penalty]]
id = "late_set"
zh = "迟交"
en = "late"
on = "late_set"
who = ["service_adviser"]
per = "time"
amount = 80
clause = "X-1"
"""
COMPANY = OTHER.replace('source = "x"', 'source = "x"\nkind = "company"').replace(
    '"other"', '"own"'
)


def test_two_regulations_that_disagree_are_asked_about():
    """Neither amount is taken; the question names both clauses."""
    policy = policy_of(DEALER, OTHER)
    (found,) = assess(policy, sets(SERVICE, 2))
    (question,) = [q for q in unsettled(policy) if q.contradiction]
    assert found.penalty is None and found.amount == 0
    assert found.open == (question,)
    assert question.setting == "penalty.late_set"
    assert question.clauses == ("S001-3-R23, S001-3-R29", "X-1")


@pytest.mark.parametrize(("chosen", "amount"), [("dealer", 50), ("other", 80)])
def test_a_setting_settles_which_regulation_prevails(chosen, amount):
    """The pack that the setting names speaks alone."""
    policy = policy_of(DEALER, OTHER, penalty__late_set=chosen)
    assert amounts(policy, sets(SERVICE, 2)) == [amount]
    assert [q for q in unsettled(policy) if q.contradiction] == []


def test_the_company_s_own_penalty_stands_before_every_regulation_s():
    """It stays under the terms of the regulation whose row it replaces."""
    policy = policy_of(DEALER, COMPANY)
    assert amounts(policy, sets(SERVICE, 2, 9, 16)) == [80, 80, 160]
    assert [q for q in unsettled(policy) if q.contradiction] == []


def test_the_named_role_confirms():
    """The regulation names the customer director; another names nobody until the company does."""
    assert confirmers(dealer(), "dealer@1") == ("customer_director",)
    assert assess(dealer(), sets(SALES, 2, code="late_new_car"))[0].confirmed_by == (
        "customer_director",
    )
    assert confirmers(policy_of(CARE), "care@1") == ()
    assert [q.setting for q in unsettled(policy_of(CARE))] == ["confirm_penalties.care"]
    said = policy_of(CARE, confirm_penalties__care="general_manager")
    assert confirmers(said, "care@1") == ("general_manager",)
    assert list(unsettled(said)) == []


def test_each_regulation_s_penalties_are_confirmed_by_whom_it_names():
    """What the customer director confirms is not the other regulation's business."""
    care = CARE + DEALER[DEALER.index("[[duty]]") :].replace("customer_director", "manager")
    both = policy_of(DEALER, care)
    assert confirmers(both, "dealer@1") == ("customer_director",)
    assert confirmers(both, "care@1") == ("manager",)


def test_a_row_for_one_kind_of_dossier_speaks_before_the_general_one():
    """A defect in a warranty claim has a penalty of its own."""
    special = (
        DEALER
        + """
[[penalty]]
id = "claim_defect"
zh = "索赔档案不合格"
en = "defect in a claim"
on = "paper_defect"
who = ["service_adviser"]
per = "item"
amount = 70
dossier_types = ["warranty_claim"]
clause = "X-2"
"""
    )
    rows, _ = penalties_of(policy_of(special), "paper_defect", SERVICE, "warranty_claim")
    assert [cited.row.amount for cited in rows] == [70]
    rows, _ = penalties_of(policy_of(special), "paper_defect", SERVICE, "maintenance")
    assert [cited.row.amount for cited in rows] == [20]
