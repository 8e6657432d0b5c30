"""Checklists and deadlines: what is missing, by when, on the Chinese calendar."""

import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.calendar import Calendar, _asked_of_library
from policies.checklist import Paper
from policies.deadlines import (
    DossierState,
    add_months,
    due_of,
    due_on,
    is_overdue,
    missing,
    repeats,
)
from policies.errors import UnknownName
from policies.pack_rows import Deadline, DossierType, Item
from policies.packs import parse_pack
from policies.policy import Policy
from policies.public_days import KNOWN_UNTIL

ROOT = Path(__file__).parents[2]
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


def test_the_days_written_down_are_those_of_the_library():
    """The table of past notices was made by its script, and says of each day what the library
    says."""
    command = [sys.executable, ROOT / "scripts" / "make_public_days.py", "--check"]
    assert subprocess.run(command, check=False).returncode == 0
    asked = Calendar()
    asked._years = {year: _asked_of_library(year) for year in range(1990, KNOWN_UNTIL + 1)}
    first, last = date(1990, 1, 1), date(KNOWN_UNTIL, 12, 31)
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    assert all(CALENDAR.is_working_day(day) == asked.is_working_day(day) for day in days)


def test_years_of_the_table_do_not_load_the_library():
    """What fell due in years whose notice is out is counted without reading the library."""
    code = (
        "import sys; from datetime import date; from policies.calendar import Calendar;"
        "c = Calendar();"
        "c.add_working_days(date(2025, 12, 20), 9), c.is_certain(date(2026, 12, 31));"
        "sys.exit('holidays' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


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


def due(event, keys=None, **form):
    return due_on(Deadline("e", "X", **form), d(event), CALENDAR, keys or {})


@pytest.mark.parametrize(
    ("form", "event", "day"),
    [
        ({"days": 3, "roll": "none"}, "2026-03-05", "2026-03-08"),
        ({"days": 3, "roll": "next"}, "2026-03-05", "2026-03-09"),
        ({"days": 3, "roll": "previous"}, "2026-03-05", "2026-03-06"),
        ({"days": 1, "roll": "none"}, "2026-09-30", "2026-10-01"),  # National Day, the literal day
        ({"days": 1, "roll": "next"}, "2026-09-30", "2026-10-08"),
        ({"days": 1, "roll": "next"}, "2025-09-30", "2025-10-09"),  # eight days off that year
        ({"days": 1, "roll": "previous"}, "2026-10-06", "2026-09-30"),
        ({"same_day": True, "roll": "none"}, "2026-03-07", "2026-03-07"),
        ({"same_day": True, "roll": "next"}, "2026-02-16", "2026-02-24"),  # Spring Festival
        ({"same_day": True, "roll": "next"}, "2026-02-14", "2026-02-14"),  # a Saturday worked
        ({"months": 3, "roll": "none"}, "2025-11-30", "2026-02-28"),
        ({"months": 1, "roll": "next"}, "2026-01-28", "2026-02-28"),  # a Saturday that is worked
        ({"months": 1, "roll": "next"}, "2026-01-21", "2026-02-24"),
        ({"months": 14, "roll": "none"}, "2024-12-31", "2026-02-28"),
        ({"working_days": 1}, "2026-03-06", "2026-03-09"),
        ({"working_days": 1}, "2026-02-27", "2026-02-28"),  # a make-up Saturday
        ({"working_days": 5}, "2026-02-10", "2026-02-24"),  # 11 to 14, then after the festival
        ({"month_end": True, "roll": "none"}, "2026-02-03", "2026-02-28"),
        ({"month_end": True, "roll": "none"}, "2024-02-29", "2024-02-29"),
        ({"month_end": True, "roll": "none"}, "2026-05-31", "2026-05-31"),  # a Sunday
        ({"month_end": True, "roll": "previous"}, "2026-05-04", "2026-05-29"),
        ({"month_end": True, "roll": "next"}, "2026-05-04", "2026-06-01"),
        ({"next_weekday": "monday", "roll": "none"}, "2026-03-02", "2026-03-09"),  # a Monday
        ({"next_weekday": "monday", "roll": "none"}, "2026-03-08", "2026-03-09"),  # a Sunday
        ({"next_weekday": "friday", "roll": "none"}, "2026-03-04", "2026-03-13"),
        ({"next_weekday": "monday", "roll": "none"}, "2026-09-30", "2026-10-05"),
        ({"next_weekday": "monday", "roll": "next"}, "2026-09-30", "2026-10-08"),
        ({"next_weekday": "monday", "roll": "none"}, "2025-12-31", "2026-01-05"),
    ],
)  # fmt: skip
def test_each_form_of_deadline(form, event, day):
    """Every form at month ends, National Day and Spring Festival, rolled as the pack says."""
    assert due(event, **form).day == d(day)


@pytest.mark.rule("S001-12-R07")
@pytest.mark.parametrize(
    ("stated", "day", "at"),
    [
        ("2026-10-01", "2026-10-01", "18:00"),  # the guest chooses; a holiday is his to choose
        ("2026-10-01 15:30", "2026-10-01", "15:30"),
        ("2026-10-01T09:05:00", "2026-10-01", "09:05"),
    ],
)
def test_the_customer_states_the_time(stated, day, at):
    """原则上不得超过客人要求给予处理的时间: the key of the dossier holds it."""
    found = due("2026-09-30", {"asked": stated}, stated_by="asked", at="18:00")
    assert (found.day, found.at) == (d(day), at)


@pytest.mark.parametrize("stated", ["", "明天", "2026-02-30", "2026-1-1"])
def test_a_time_that_cannot_be_read_is_no_deadline(stated):
    """Nothing is guessed from words."""
    assert due("2026-02-01", {"asked": stated}, stated_by="asked") is None


@pytest.mark.rule("S001-6-R02")
def test_grace_ends_on_the_next_working_day():
    """特殊情况可延迟至次日上午10:00前: on the Friday before a weekend, on Monday."""
    form = {"same_day": True, "roll": "none", "grace": "10:00"}
    assert due("2026-03-06", **form).grace == (d("2026-03-09"), "10:00")
    assert due("2026-02-27", **form).grace == (d("2026-02-28"), "10:00")  # a Saturday worked
    assert due("2026-03-06", same_day=True, roll="none").grace is None


@pytest.mark.parametrize(
    ("at", "moment", "late"),
    [
        ("18:00", "2026-03-05T18:00:00", False),
        ("18:00", "2026-03-05T18:00:01", True),
        ("18:00", "2026-03-04T23:59:59", False),
        ("", "2026-03-05T23:59:59", False),
        ("", "2026-03-06T00:00:00", True),
        ("24:00", "2026-03-05T23:59:59", False),
    ],
)
def test_a_time_of_day_is_kept_to_the_second(at, moment, late):
    """On the stroke it is in time; asked with a date alone, the whole day is."""
    found = due("2026-03-05", same_day=True, roll="none", at=at)
    assert is_overdue(found, datetime.fromisoformat(moment)) is late
    assert not is_overdue(found, d("2026-03-05"))
    assert is_overdue(found, d("2026-03-06"))


def test_the_earliest_binding_deadline_counts():
    """One that names items binds these alone; the time of day decides between equal days."""
    kind = DossierType(
        "k", "乙", "k", "X", "case", "d",
        items=tuple(Item(name, name, name, "X", types=(name,)) for name in ("start", "answer")),
        deadlines=(
            Deadline("receipt", "R10-1", working_days=1, items=("start",)),
            Deadline("receipt", "R10-2", working_days=2),
            Deadline("receipt", "R10-3", working_days=2, at="12:00", items=("answer",)),
            Deadline("receipt", "VIP", same_day=True, roll="none", when="customer.class=重点"),
            Deadline("closed", "later", days=1, roll="none", items=("answer",)),
        ),
    )  # fmt: skip
    events = {"receipt": d("2026-09-30")}

    def clause(item, customer=None, events=events):
        found = due_of(kind, item, events, CALENDAR, customer or {})
        return found and (found.clause, found.day.isoformat())

    assert clause("start") == ("R10-1", "2026-10-08")
    assert clause("answer") == ("R10-3", "2026-10-09")
    assert clause(None) == ("R10-2", "2026-10-09")
    assert clause("answer", {"class": "重点"}) == ("VIP", "2026-09-30")
    both = {**events, "closed": d("2026-10-01")}
    assert clause("answer", events=both) == ("later", "2026-10-02")
    assert clause("start", events={}) is None


@pytest.mark.rule("S001-3-R29")
@pytest.mark.parametrize(
    ("ordered", "corrected", "until", "failed"),
    [
        ("2026-03-02", None, "2026-03-03", []),  # the working day allowed is not over
        ("2026-03-02", None, "2026-03-04", ["2026-03-03"]),
        ("2026-03-02", "2026-03-03", "2026-03-31", []),  # corrected in time
        ("2026-03-02", "2026-03-05", "2026-03-31", ["2026-03-03", "2026-03-04"]),
        ("2026-03-05", None, "2026-03-10", ["2026-03-06", "2026-03-09"]),  # over a weekend
        ("2026-09-29", "2026-10-10", "2026-10-31", ["2026-09-30", "2026-10-08", "2026-10-09"]),
        ("2026-02-13", None, "2026-02-26", ["2026-02-14", "2026-02-24", "2026-02-25"]),
    ],
)
def test_each_working_day_without_correction_is_a_repeat(ordered, corrected, until, failed):
    """未在一个工作日内改正的，视同再次违规，以此类推，直至改正."""
    end = d(corrected) if corrected else None
    assert repeats(d(ordered), end, d(until), CALENDAR) == tuple(map(d, failed))


def test_repeats_may_come_in_longer_steps():
    """A regulation that allows two working days each time is failed half as often."""
    found = repeats(d("2026-03-02"), None, d("2026-03-10"), CALENDAR, step_working_days=2)
    assert found == (d("2026-03-04"), d("2026-03-06"))


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


@pytest.mark.rule("S001-3-R23")
@pytest.mark.rule("S001-3-R24")
def test_a_defect_is_owed_like_a_missing_paper(policy):
    """完善补齐全套档案: a sheet attested as unsigned is due when the set is."""
    kind = policy.dossier_type("maintenance")
    sheet = next(item for item in kind.items if item.signed_by)
    papers = tuple(
        Paper(name, d("2026-03-06"), unsigned=frozenset(item.signed_by[:1] * (item == sheet)))
        for item in kind.items
        for name in item.types[:1]
    )
    state = DossierState("maintenance", events={"delivery": d("2026-03-05")}, papers=papers)
    (lack,) = missing(state, policy, CALENDAR, d("2026-03-07"))
    assert (lack.item, lack.kind, lack.detail) == (sheet.id, "signature", sheet.signed_by[0])
    assert (lack.due, lack.overdue) == (d("2026-03-06"), True)


TENANT = """
[pack]
id = "tenants"
version = "1"
zh = "租户"
en = "tenants"
source = "X"
effective_from = 2020-01-01
[[document_type]]
id = "licence"
zh = "执照"
en = "licence"
clause = "X"
[[dossier_type]]
id = "tenant"
zh = "租户"
en = "tenant"
clause = "X"
kind = "tenant"
department = "d"
[[dossier_type.event]]
id = "moved_in"
zh = "迁入"
en = "moved in"
[[dossier_type.item]]
id = "licence"
zh = "执照"
en = "licence"
clause = "X"
types = ["licence"]
expires = "yearly"
[[dossier_type.deadline]]
after = "moved_in"
clause = "X"
days = 7
roll = "none"
"""


def test_a_yearly_renewal_has_no_date_of_its_own():
    """The deadline was for the first paper; for its successor the regulation names no day."""
    law = Policy.adopt([parse_pack(TENANT)], {})
    papers = (Paper("licence", d("2025-05-01")),)
    state = DossierState("tenant", events={"moved_in": d("2025-04-30")}, papers=papers)
    assert missing(state, law, CALENDAR, d("2025-12-31")) == ()
    (lack,) = missing(state, law, CALENDAR, d("2026-01-01"))
    assert (lack.kind, lack.detail, lack.due, lack.overdue) == ("expired", "2025", None, False)


def test_an_undeclared_dossier_type_is_an_error(policy):
    """Nothing is called complete because nobody knows what it should hold."""
    with pytest.raises(UnknownName):
        lacks(policy, "2026-01-01", kind="spaceship")
