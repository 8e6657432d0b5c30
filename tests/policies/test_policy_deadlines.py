"""Checklists and deadlines: what is missing, by when, on the Chinese calendar."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.calendar import Calendar
from policies.checklist import checklist, lacking
from policies.deadlines import DossierState, add_months, due_on, missing
from policies.errors import UnknownName
from policies.pack_rows import Deadline, DossierType, Item

CALENDAR = Calendar()
DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))


def d(text):
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    "year, made_up, off",
    [
        (2024, "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12", "02-12 02-16 05-03 09-16 10-07"),
        (2025, "01-26 02-08 04-27 09-28 10-11", "01-28 02-04 05-05 10-06 10-07 10-08"),
        (2026, "01-04 02-14 02-28 05-09 09-20 10-10", "01-02 02-16 02-20 02-23 04-06 05-05 10-07"),
    ],
)
def test_the_published_notices_are_followed(year, made_up, off):
    """Exactly the weekend days of the notice are worked, and its weekdays are free."""
    start = date(year, 1, 1)
    weekends = (start + timedelta(n) for n in range(366))
    worked = [
        day for day in weekends
        if day.year == year and day.weekday() >= 5 and CALENDAR.is_working_day(day)
    ]  # fmt: skip
    assert worked == [d(f"{year}-{day}") for day in made_up.split()]
    assert not any(CALENDAR.is_working_day(d(f"{year}-{day}")) for day in off.split())


@pytest.mark.rule("S001-3-R11")
@pytest.mark.parametrize(
    "sale, due",
    [
        ("2026-03-05", "2026-03-10"),  # a Thursday, plain weekend between
        ("2026-02-13", "2026-02-25"),  # Sat 14 is worked, then Spring Festival to the 23rd
        ("2026-02-12", "2026-02-24"),
        ("2026-09-30", "2026-10-10"),  # the golden week, and the made-up Saturday
        ("2026-10-01", "2026-10-10"),  # sold on a holiday
        ("2025-09-26", "2025-09-30"),  # Sunday 28 is worked
        ("2024-12-30", "2025-01-03"),  # across the year's end
    ],
)
def test_three_working_days_after_the_sale(sale, due):
    """The day of the sale is not counted; holidays and make-up days are honoured."""
    assert CALENDAR.add_working_days(d(sale), 3) == d(due)


@given(DAYS, st.integers(1, 15))
def test_counting_agrees_with_looking(day, count):
    """The result is a working day, and as many lie up to it as were counted."""
    due = CALENDAR.add_working_days(day, count)
    between = [day + timedelta(n + 1) for n in range((due - day).days)]
    assert CALENDAR.is_working_day(due)
    assert sum(map(CALENDAR.is_working_day, between)) == count


def test_the_company_has_days_of_its_own():
    """A closure and an extra working day win over the public calendar."""
    calendar = Calendar(closures=[d("2026-03-06")], working_days=[d("2026-03-07")])
    assert calendar.add_working_days(d("2026-03-05"), 1) == d("2026-03-07")
    with pytest.raises(ValueError, match="2026-03-07"):
        Calendar([d("2026-03-07")], [d("2026-03-07")])


def test_unpublished_years_are_said_to_be_forecasts():
    """Whatever lies behind the last known notice is not certain."""
    assert CALENDAR.is_certain(d("2026-12-31"))
    assert not CALENDAR.is_certain(CALENDAR.certain_until + timedelta(1))
    # The law's own days off hold all the same.
    assert not CALENDAR.is_working_day(date(CALENDAR.certain_until.year + 1, 10, 1))


def test_working_days_are_not_counted_backwards():
    """A negative count is a programmer's mistake and says so."""
    with pytest.raises(ValueError, match="forwards"):
        CALENDAR.add_working_days(d("2026-03-05"), -1)


@pytest.mark.parametrize(
    "unit, count, roll, event, due",
    [
        ("days", 3, "none", "2026-03-05", "2026-03-08"),
        ("days", 3, "next", "2026-03-05", "2026-03-09"),
        ("days", 3, "previous", "2026-03-05", "2026-03-06"),
        ("days", 0, "none", "2026-03-07", "2026-03-07"),  # same day
        ("months", 3, "none", "2025-11-30", "2026-02-28"),
        ("months", 1, "next", "2026-01-28", "2026-02-28"),  # a Saturday that is worked
        ("months", 14, "none", "2024-12-31", "2026-02-28"),
        ("working_days", 1, "none", "2026-03-06", "2026-03-09"),
    ],
)
def test_each_form_of_deadline(unit, count, roll, event, due):
    """Days, months and working days, rolled as the pack says."""
    assert due_on(Deadline("e", unit, count, roll, "X"), d(event), CALENDAR) == d(due)


@given(DAYS, st.integers(0, 40))
def test_months_keep_the_day_or_take_the_last(day, count):
    """The month is right, and the day is the same unless the month has none such."""
    later = add_months(day, count)
    assert (later.year - day.year) * 12 + later.month - day.month == count
    assert later.day == day.day or (later + timedelta(1)).day == 1


def lacks(policy, today, events=None, have=(), fields=None, kind="new_car"):
    state = DossierState(kind, frozenset(have), events or {}, fields or {})
    return missing(state, policy, CALENDAR, d(today))


@pytest.mark.rule("S001-3-R11")
@pytest.mark.rule("S001-3-R13")
def test_a_new_car_file_is_due_three_working_days_after_sale(policy):
    """On the due day it is in time, the day after it is overdue."""
    sold = {"sale": d("2026-03-05")}
    on_time = lacks(policy, "2026-03-10", sold)
    assert len(on_time) == 11
    assert {(lack.due, lack.overdue) for lack in on_time} == {(d("2026-03-10"), False)}
    late = lacks(policy, "2026-03-11", sold, have={"invoice_copy"})
    assert len(late) == 10
    assert all(lack.overdue and lack.department == "sales" for lack in late)
    assert {(lack.clause, lack.due_clause) for lack in late} == {("S001-3-R13", "S001-3-R11")}


@pytest.mark.rule("S001-3-R14")
def test_a_service_file_is_due_one_working_day_after_delivery(policy):
    """Delivered on a Friday, due on Monday, owed by after-sales."""
    found = lacks(policy, "2026-03-09", {"delivery": d("2026-03-06")}, kind="maintenance")
    assert [lack.item for lack in found] == [
        "reception",
        "work_order",
        "settlement",
        "free_check_12",
    ]
    assert {(lack.due, lack.overdue) for lack in found} == {(d("2026-03-09"), False)}
    assert {lack.department for lack in found} == {"after_sales"}


def test_without_the_event_nothing_is_due(policy):
    """The papers are missing all the same; another event does not start the clock."""
    found = lacks(policy, "2030-01-01", {"delivery": d("2026-03-06")})
    assert len(found) == 11
    assert {(lack.due, lack.overdue) for lack in found} == {(None, False)}


def test_a_due_date_in_an_unpublished_year_is_marked(policy):
    """Whoever reads the list knows that the date may move."""
    sold = {"sale": date(CALENDAR.certain_until.year + 1, 3, 1)}
    assert not any(lack.certain for lack in lacks(policy, "2026-01-01", sold))


@pytest.mark.rule("S001-3-R13")
@pytest.mark.parametrize("proof", ["id_card", "org_code_cert", "business_licence"])
def test_any_one_proof_of_identity_is_enough(policy, proof):
    """The identity item is satisfied by any of its papers."""
    assert "identity" not in {lack.item for lack in lacks(policy, "2026-01-01", have={proof})}


@pytest.mark.rule("S001-3-R15")
def test_settlement_attachments_are_never_missing(policy):
    """They belong to the file when they exist."""
    kind = policy.dossier_type("minor_repair")
    assert lacking(kind, {"reception", "work_order", "settlement", "free_check_12"}) == ()
    state = next(s for s in checklist(kind, {"test_drive"}) if s.item.id == "test_drive")
    assert state.satisfied
    assert not state.asked


@pytest.mark.parametrize(
    "when, customer, dossier, asked",
    [
        ("customer.special", {"special": "yes"}, {}, True),
        ("customer.special", {"special": "否"}, {}, False),
        ("customer.special", {}, {"special": "yes"}, False),
        ("dossier.origin=own", {}, {"origin": " Own "}, True),
        ("dossier.origin=own", {}, {"origin": "other"}, False),
        ("dossier.origin=own", {}, {}, False),
    ],
)
def test_conditions_look_at_registered_fields(when, customer, dossier, asked):
    """A conditional item is asked for exactly when its condition holds."""
    item = Item("x", "甲", "x", "X", types=("x",), required="conditional", when=when)
    kind = DossierType("k", "乙", "k", "X", "case", "d", items=(item,))
    assert lacking(kind, (), customer, dossier) == (("x",) if asked else ())


def test_an_undeclared_dossier_type_is_an_error(policy):
    """Nothing is called complete because nobody knows what it should hold."""
    with pytest.raises(UnknownName):
        lacks(policy, "2026-01-01", kind="spaceship")
