"""Rates of timeliness, completeness and coverage: by department, by the month of the deadline."""

from datetime import date, datetime

import pytest

from policies.calendar import Calendar
from policies.checklist import Paper
from policies.deadlines import DossierState
from policies.measures import (
    Filings,
    Rate,
    complete_on,
    completeness,
    coverage,
    measures,
    owed_sets,
    revisited,
    target_percent,
    timeliness,
    urged_in_vain,
)
from policies.packs import parse_pack
from policies.policy import Policy

CALENDAR = Calendar()
PACK = """
[pack]
id = "dealer"
version = "1"
zh = "销售"
en = "dealer"
source = "S001-3"
effective_from = 2026-01-01
[[dossier_type]]
id = "car"
zh = "车"
en = "car"
kind = "vehicle"
department = "sales"
clause = "S001-3-R13"
[[dossier_type.event]]
id = "sale"
zh = "销售"
en = "sale"
[[dossier_type.event]]
id = "visit"
zh = "回访"
en = "visit"
[[dossier_type.item]]
id = "contract"
zh = "合同"
en = "contract"
types = ["contract"]
signed_by = ["customer"]
clause = "S001-3-R13"
[[dossier_type.item]]
id = "proof"
zh = "证明"
en = "proof"
types = ["licence", "card"]
clause = "S001-3-R13"
[[dossier_type.item]]
id = "extra"
zh = "特定"
en = "extra"
types = ["extra"]
required = "conditional"
when = "customer.special"
clause = "S001-3-R13"
[[dossier_type.item]]
id = "report"
zh = "报告"
en = "report"
types = ["report"]
least = 2
required = "optional"
clause = "S001-3-R13"
[[dossier_type.deadline]]
after = "sale"
working_days = 3
clause = "S001-3-R11"
[[dossier_type.deadline]]
after = "visit"
same_day = true
roll = "none"
at = "18:00"
items = ["contract"]
clause = "S001-9-R08"
[[measure]]
id = "in_time"
zh = "及时率"
en = "timeliness"
of = "timeliness"
target_percent = 95
dossier_types = ["car"]
clause = "S001-3-R27"
[[measure]]
id = "whole"
zh = "完整率"
en = "completeness"
of = "completeness"
target_from = "completeness_target"
clause = "S001-3-R27"
"""
TODAY = date(2026, 6, 30)


def policy_of(**settings):
    return Policy.adopt([parse_pack(PACK)], settings)


def papers(**filed):
    return tuple(Paper(name, date.fromisoformat(day), record=name) for name, day in filed.items())


def sets_of(have=(), today=TODAY, fields=None, filings=None, **events):
    happened = {name: date.fromisoformat(day) for name, day in events.items()}
    state = DossierState("car", papers=tuple(have), events=happened, customer_fields=fields or {})
    return owed_sets(policy_of(), "D000001", state, CALENDAR, today, filings)


@pytest.mark.parametrize(("last", "in_time"), [("2026-03-10", True), ("2026-03-11", False)])
def test_a_set_is_timely_when_its_last_paper_came_by_the_deadline(last, in_time):
    """Sold on Thursday, due on Tuesday: to its end and not longer."""
    (owed,) = sets_of(papers(contract="2026-03-06", card=last), sale="2026-03-05")
    assert (owed.in_time, owed.complete, owed.complete_on) == (
        in_time,
        True,
        date.fromisoformat(last),
    )
    rate = Rate(int(in_time), 1)
    assert timeliness([owed], TODAY) == {("sales", "2026-03"): rate}
    assert completeness([owed], TODAY) == {("sales", "2026-03"): Rate(1, 1)}


def test_a_set_belongs_to_the_month_of_its_deadline():
    """Sold at the end of March and due in April: April's rate, whenever it was handed in."""
    (owed,) = sets_of(papers(contract="2026-05-06", card="2026-05-06"), sale="2026-03-31")
    assert timeliness([owed], TODAY) == {("sales", "2026-04"): Rate(0, 1)}


def test_a_set_that_lacks_a_paper_is_neither_timely_nor_complete():
    """Any of an item's papers will do; a missing item leaves the set open."""
    (owed,) = sets_of(papers(contract="2026-03-06"), sale="2026-03-05")
    assert (owed.complete_on, owed.in_time, owed.complete) == (None, False, False)
    (special,) = sets_of(papers(contract="2026-03-06", card="2026-03-06"),
                         fields={"special": "yes"}, sale="2026-03-05")  # fmt: skip
    assert special.complete_on is None


def test_a_paper_found_unsigned_came_in_time_but_leaves_the_set_incomplete():
    """Timeliness asks when it came, completeness what it is worth."""
    unsigned = Paper("contract", date(2026, 3, 6), "R1", unsigned=frozenset({"customer"}))
    (owed,) = sets_of([unsigned, *papers(card="2026-03-06")], sale="2026-03-05")
    assert (owed.in_time, owed.complete) == (True, False)


def test_what_is_not_due_yet_is_pending():
    """On the last day an open set counts neither for nor against anybody."""
    sale = {"sale": "2026-03-05"}
    assert timeliness(sets_of(today=date(2026, 3, 10), **sale), date(2026, 3, 10)) == {
        ("sales", "2026-03"): Rate(0, 0, 1)
    }
    assert timeliness(sets_of(today=date(2026, 3, 11), **sale), date(2026, 3, 11)) == {
        ("sales", "2026-03"): Rate(0, 1)
    }


def test_what_was_complete_before_its_deadline_counts_at_once():
    """Nobody waits for the deadline of a set that is there already."""
    day = date(2026, 3, 6)
    owed = sets_of(papers(contract="2026-03-06", card="2026-03-06"), today=day, sale="2026-03-05")
    assert timeliness(owed, day) == {("sales", "2026-03"): Rate(1, 1)}


def test_papers_of_a_later_day_are_not_there_yet():
    """Asked as of an earlier day, what came afterwards does not help."""
    (owed,) = sets_of(papers(contract="2026-03-06", card="2026-03-12"),
                      today=date(2026, 3, 11), sale="2026-03-05")  # fmt: skip
    assert owed.complete_on is None


@pytest.mark.parametrize(("hour", "in_time"), [(17, True), (19, False)])
def test_a_deadline_with_a_time_of_day_looks_at_the_clock(hour, in_time):
    """By six in the evening, and only for the item that the deadline names."""
    filings = Filings({"contract": datetime(2026, 3, 5, hour, 30)})
    (owed,) = sets_of(papers(contract="2026-03-05"), filings=filings, visit="2026-03-05")
    assert (owed.due.at, owed.in_time) == ("18:00", in_time)


def test_without_its_event_a_deadline_binds_nothing():
    """Nobody is late for a sale that was not recorded."""
    assert sets_of(papers(contract="2026-03-06")) == ()
    assert owed_sets(policy_of(), "D1", DossierState("unknown"), CALENDAR, TODAY) == ()


def test_an_item_that_asks_for_two_papers_is_there_with_the_second():
    """The day of the second report."""
    kind = policy_of().dossier_type("car")
    both = [Paper("report", date(2026, 3, day), f"R{day}") for day in (9, 5, 20)]
    assert complete_on(kind, {"report"}, both) == date(2026, 3, 9)
    assert complete_on(kind, {"report"}, both[:1]) is None


def test_a_rate_keeps_both_numbers():
    """A percentage is cut, never rounded up, and nothing has none."""
    assert (Rate(299, 300).percent, Rate(0, 0).percent) == (99, None)
    assert (Rate(19, 20).meets(95), Rate(18, 20).meets(95), Rate(0, 0).meets(95)) == (
        True, False, None,
    )  # fmt: skip


def test_key_customers_are_covered_by_a_visit_within_the_period():
    """All of them must be; who was not is named."""
    visits = {"C1": [date(2026, 3, 31)], "C2": [date(2026, 4, 1)], "C9": [date(2026, 3, 2)]}
    found = revisited(["C1", "C2", "C3"], visits, date(2026, 3, 1), date(2026, 3, 31))
    assert (found.rate, found.without) == (Rate(1, 3), ("C2", "C3"))
    assert coverage(["C1", "C1"], {"C1"}).rate == Rate(1, 1)


def test_a_customer_is_urged_in_vain_after_so_many_reminders():
    """Only while he is not registered, and only what was said by then counts."""
    days = [date(2026, 3, day) for day in (2, 9, 16)]
    until = date(2026, 3, 31)
    assert urged_in_vain(days, None, until, 3)
    assert not urged_in_vain(days, None, date(2026, 3, 10), 3)
    assert not urged_in_vain(days, date(2026, 3, 20), until, 3)
    assert urged_in_vain(days, date(2026, 4, 2), until, 3)
    assert not urged_in_vain(days, None, until, 0)


def test_a_target_is_the_regulation_s_or_the_company_s():
    """Where neither names one there is none."""
    (in_time,) = measures(policy_of(), "timeliness")
    assert target_percent(policy_of(), in_time.row) == 95
    (whole,) = measures(policy_of(), "completeness", "car")
    assert target_percent(policy_of(), whole.row) is None
    assert target_percent(policy_of(completeness_target="98%"), whole.row) == 98
    assert measures(policy_of(), "timeliness", "tenant") == ()
