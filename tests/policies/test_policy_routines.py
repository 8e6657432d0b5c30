"""Routines: when work comes again, what is owed of it, and where regulations disagree."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.calendar import Calendar
from policies.packs import parse_pack
from policies.policy import Policy
from policies.questions import open_questions
from policies.rhythms import interval
from policies.routines import (
    Occurrence,
    business_day,
    in_force,
    intervals,
    matched,
    occurrences,
    owed,
    owed_of,
    rhythm_words,
)
from policies.rule_rows import RHYTHMS, Routine

CALENDAR = Calendar()


def d(text):
    return date.fromisoformat(text)


def routine(of="report", **more):
    return Routine("r", "甲", "r", "X", of=of, **more)


def dues(row, since, until, settings=None, event_day=None):
    rows = occurrences(row, d(since), d(until), CALENDAR, settings or {}, event_day)
    return [one.due.isoformat() for one in rows]


@pytest.mark.parametrize(
    ("rhythm", "since", "until", "expected"),
    [
        # S002-R16: the first Monday, also where it lies in National Day.
        ({"nth_weekday": "1 monday"}, "2026-09-01", "2026-11-30",
         ["2026-09-07", "2026-10-05", "2026-11-02"]),
        ({"nth_weekday": "1 monday", "roll": "next"}, "2026-10-01", "2026-10-31", ["2026-10-08"]),
        ({"nth_weekday": "5 friday"}, "2026-01-01", "2026-05-31", ["2026-01-30", "2026-05-29"]),
        # S001-12-R09: every Monday.
        ({"weekly": "monday"}, "2026-03-01", "2026-03-16",
         ["2026-03-02", "2026-03-09", "2026-03-16"]),
        # S001-12-R10: 每月中旬.
        ({"mid_month": True}, "2026-02-01", "2026-03-31", ["2026-02-20", "2026-03-20"]),
        ({"mid_month": True, "roll": "next"}, "2026-02-01", "2026-02-28", ["2026-02-24"]),
        # S001-1-R12: by the 10th, itself in time.
        ({"monthly_day": 10}, "2026-01-01", "2026-02-28", ["2026-01-10", "2026-02-10"]),
        ({"monthly_day": 31}, "2026-01-01", "2026-04-30",
         ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        # S001-6-R11: the last day, a Saturday in February 2026 (worked), a Sunday in May.
        ({"month_end": True}, "2026-02-01", "2026-02-28", ["2026-02-28"]),
        ({"month_end": True, "roll": "previous"}, "2026-05-01", "2026-05-31", ["2026-05-29"]),
        ({"month_end": True, "roll": "next"}, "2026-06-01", "2026-06-30", ["2026-06-01",
                                                                          "2026-06-30"]),
        # S001-7-R02: the first working day, after the holidays.
        ({"first_working_day": True}, "2026-01-01", "2026-05-31",
         ["2026-01-04", "2026-02-02", "2026-03-02", "2026-04-01", "2026-05-06"]),
        ({"first_working_day": True}, "2025-10-01", "2025-10-31", ["2025-10-09"]),
        # S001-6-R02: each working day, make-up days included.
        ({"daily": "24:00", "working_days_only": True}, "2026-02-12", "2026-02-25",
         ["2026-02-12", "2026-02-13", "2026-02-14", "2026-02-24", "2026-02-25"]),
        ({"daily": "18:00"}, "2026-02-27", "2026-03-01", ["2026-02-27", "2026-02-28",
                                                          "2026-03-01"]),
        # S002-R05: at least twice a year.
        ({"times_per_year": 2}, "2026-01-01", "2026-12-31", ["2026-06-30", "2026-12-31"]),
        ({"times_per_year": 1}, "2025-06-01", "2026-12-31", ["2025-12-31", "2026-12-31"]),
        ({"times_per_year": 4}, "2026-04-01", "2026-09-30", ["2026-06-30", "2026-09-30"]),
        ({"times_per_year": 24}, "2026-12-01", "2026-12-31", ["2026-12-15", "2026-12-31"]),
        # S002-R19: at least monthly, while nobody knows when it was last done.
        ({"every_months": 1}, "2026-01-01", "2026-03-31",
         ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ({"every_months": 3}, "2026-01-01", "2026-12-31",
         ["2026-03-31", "2026-06-30", "2026-09-30", "2026-12-31"]),
    ],
)  # fmt: skip
def test_each_rhythm_falls_due(rhythm, since, until, expected):
    """Month ends, National Day and Spring Festival of 2025 and 2026 among them."""
    assert dues(routine(**rhythm), since, until) == expected


@pytest.mark.rule("S001-12-R10")
def test_a_first_monday_that_is_the_first_takes_the_friday_before():
    """1 June 2026 is a Monday: the report of 29 May is in time, that of the 25th is May's."""
    june, july = occurrences(
        routine(nth_weekday="1 monday"), d("2026-06-01"), d("2026-07-31"), CALENDAR, {}
    )
    assert (june.opens, june.due) == (d("2026-05-29"), d("2026-06-01"))
    assert (july.opens, july.due) == (d("2026-07-01"), d("2026-07-06"))


def test_the_middle_of_the_month_is_a_window():
    """每月中旬: it opens on the 11th and closes on the 20th."""
    (one,) = occurrences(routine(mid_month=True), d("2026-03-01"), d("2026-03-31"), CALENDAR, {})
    assert (one.period, one.opens, one.due) == ("2026-03", d("2026-03-11"), d("2026-03-20"))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("6 months", ["2026-06-30", "2026-12-31"]),
        ("6个月", ["2026-06-30", "2026-12-31"]),
        ("1 year", ["2026-12-31"]),
        ("180 days", ["2026-06-29", "2026-12-26"]),
        ("26 weeks", ["2026-07-01", "2026-12-30"]),
        ("", []),
        ("sometimes", []),
    ],
)
def test_the_company_says_how_often(answer, expected):
    """定期: without an answer nothing is due."""
    row = routine("inspection", every_from="inspection_interval")
    settings = {"inspection_interval": answer} if answer else {}
    assert dues(row, "2026-01-01", "2026-12-31", settings) == expected


@pytest.mark.parametrize(
    ("answer", "last", "expected"),
    [
        ("1 months", "2026-01-31", ["2026-02-28", "2026-03-31", "2026-04-30"]),
        ("1 years", "2024-02-29", ["2025-02-28", "2026-02-28"]),
        ("10 days", "2026-03-25", ["2026-04-04", "2026-04-14", "2026-04-24"]),
        ("3 working days", "2026-04-22", ["2026-04-27", "2026-04-30"]),
    ],
)
def test_an_interval_counts_from_the_last_time(answer, last, expected):
    """The 31st comes back after a short month."""
    row = routine(every_from="x")
    assert dues(row, "2025-01-01", "2026-04-30", {"x": answer}, d(last)) == expected


@pytest.mark.rule("S001-5-R05")
def test_before_an_event_every_evening():
    """联谊会前一周内每天晚6点前: the seven days before it, and not the day itself."""
    row = routine(daily="18:00", before_event="event", days_before=7)
    found = occurrences(row, d("2026-03-01"), d("2026-03-31"), CALENDAR, {}, d("2026-03-20"))
    assert [one.due.day for one in found] == [13, 14, 15, 16, 17, 18, 19]
    assert {one.at for one in found} == {"18:00"}
    assert occurrences(row, d("2026-03-01"), d("2026-03-31"), CALENDAR, {}) == ()


@pytest.mark.rule("S001-5-R05")
@pytest.mark.parametrize(
    ("moment", "cut_off", "day"),
    [
        ("2026-03-05T17:59:59", "18:00", "2026-03-05"),
        ("2026-03-05T18:00:00", "18:00", "2026-03-05"),
        ("2026-03-05T18:00:01", "18:00", "2026-03-06"),
        ("2026-12-31T23:00:00", "18:00", "2027-01-01"),
        ("2026-03-05T23:59:59", "24:00", "2026-03-05"),
        ("2026-03-05T23:59:59", "", "2026-03-05"),
    ],
)
def test_after_the_cut_off_it_counts_as_the_next_day(moment, cut_off, day):
    """每晚6点后再邀约算作第二天邀约."""
    assert business_day(datetime.fromisoformat(moment), cut_off) == d(day)


@pytest.mark.rule("S001-6-R02")
def test_those_with_a_reason_have_until_the_next_morning():
    """特殊情况可延迟至次日上午10:00前."""
    row = routine(daily="24:00", working_days_only=True, grace="10:00")
    (one,) = occurrences(row, d("2026-03-06"), d("2026-03-06"), CALENDAR, {})
    assert one.grace == (d("2026-03-09"), "10:00")


@given(
    st.sampled_from(RHYTHMS), st.dates(date(2025, 1, 1), date(2026, 6, 1)), st.integers(0, 300),
    st.integers(0, 300), st.sampled_from(("none", "previous", "next")),
)  # fmt: skip
def test_a_span_cut_in_two_has_the_same_occurrences(rhythm, since, first, more, roll):
    """Nothing is lost or found twice at the seam; each is in its span and opens before its due."""
    given = {"daily": "18:00", "weekly": "friday", "monthly_day": 15, "nth_weekday": "2 tuesday",
             "every_months": 2, "times_per_year": 3, "every_from": "x"}  # fmt: skip
    row = routine(**{rhythm: given.get(rhythm, True)}, roll=roll)
    settings = {"x": "2 months"}
    middle, end = since + timedelta(first), since + timedelta(first + more + 1)

    def ask(start, until):
        return occurrences(row, start, until, CALENDAR, settings)

    whole = ask(since, end)
    assert whole == ask(since, middle) + ask(middle + timedelta(1), end)
    assert all(one.opens <= one.due and since <= one.due <= end for one in whole)
    assert len({one.period for one in whole}) == len(whole)
    assert all(rhythm_words(row))


def window(month):
    return Occurrence("r", f"2026-{month:02}", date(2026, month, 1), date(2026, month, 10))


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (["2026-03-05"], [None, "2026-03-05", None]),
        (["2026-03-15"], [None, "2026-03-15", None]),  # late, for March
        (["2026-03-04", "2026-03-05"], [None, "2026-03-04", None]),  # the second covers up nothing
        (["2026-03-04", "2026-03-15"], ["2026-03-15", "2026-03-04", None]),  # February made good
        (["2026-01-05"], [None, None, None]),
        (["2026-02-10", "2026-03-01", "2026-04-10"], ["2026-02-10", "2026-03-01", "2026-04-10"]),
    ],
)
def test_what_was_done_is_matched_with_what_was_due(done, expected):
    """Within its window in time, outside every window late for the newest open one."""
    pairs = matched([window(2), window(3), window(4)], [d(day) for day in done])
    assert [day and day.isoformat() for _, day in pairs] == expected


HEAD = """
[pack]
id = "{id}"
version = "1"
zh = "{id}"
en = "{id}"
source = "X"
effective_from = 2020-01-01
kind = "{kind}"
"""
ROW = """
[[routine]]
id = "{id}"
zh = "工作"
en = "work"
clause = "{clause}"
of = "{of}"
{more}
"""


def pack(name, *rows, kind="regulation", more=""):
    written = [ROW.format(id=i, clause=c, of=of, more=m) for i, c, of, m in rows]
    return parse_pack(HEAD.format(id=name, kind=kind) + "".join(written) + more)


def policy(*packs, **settings):
    said = {name.replace("__", "."): value for name, value in settings.items()}
    return Policy.adopt(packs, said)


@pytest.fixture(scope="module")
def monthly():
    """By the tenth of each month."""
    return policy(pack("office", ("filing", "S001-1-R12", "hand_over", "monthly_day = 10")))


def stands(rows):
    return [(row.state, row.occurrence.period, row.missed) for row in rows]


@pytest.mark.parametrize(
    ("today", "done", "expected"),
    [
        ("2026-03-10", [], [("open", "2026-03", 0)]),
        ("2026-03-11", [], [("overdue", "2026-03", 1), ("later", "2026-04", 0)]),
        ("2026-04-05", [], [("overdue", "2026-03", 1), ("open", "2026-04", 0)]),
        ("2026-05-20", [], [("overdue", "2026-05", 3), ("later", "2026-06", 0)]),
        ("2026-03-10", ["2026-03-09"], [("done", "2026-03", 0)]),
        ("2026-03-15", ["2026-03-14"], [("later", "2026-04", 0)]),
        ("2026-03-08", ["2026-03-09"], [("open", "2026-03", 0)]),  # not done yet on that day
    ],
)
def test_what_is_owed_of_a_monthly_work(monthly, today, done, expected):
    """The tenth is still in time; the newest missed one is shown with their number."""
    found = owed(monthly, CALENDAR, d(today), {"filing": [d(day) for day in done]}, d("2026-03-01"))
    assert stands(found) == expected


def test_nothing_is_owed_for_the_time_before_the_regulation_bound(monthly):
    """An archive made in May owes nothing for March."""
    assert stands(owed(monthly, CALENDAR, d("2026-05-12"), {}, d("2026-05-11"))) == [
        ("later", "2026-06", 0)
    ]


def test_an_interval_is_owed_from_the_last_time():
    """At least monthly: overdue one month after it was last done, and only once."""
    law = policy(pack("centre", ("check", "S002-R19", "review", "every_months = 1")))

    def asked(today, *done):
        found = owed(law, CALENDAR, d(today), {"check": [d(day) for day in done]}, d("2026-01-15"))
        return [(row.state, row.occurrence.due.isoformat(), row.missed) for row in found]

    assert asked("2026-02-15") == [("open", "2026-02-15", 0)]
    assert asked("2026-02-16") == [("overdue", "2026-02-15", 1)]
    assert asked("2026-02-16", "2026-01-31") == [("later", "2026-02-28", 0)]
    assert asked("2026-02-19", "2026-01-31") == [("open", "2026-02-28", 0)]
    assert asked("2026-05-01", "2026-01-31") == [("overdue", "2026-04-30", 3)]


def test_an_unset_interval_is_said_to_be_unset():
    """Not overdue and not done: the company has to say how often."""
    law = policy(pack("office", ("backup", "S001-1-R07", "backup", 'every_from = "backup_every"')))
    assert [row.state for row in owed(law, CALENDAR, d("2026-03-05"), {})] == ["unset"]


def test_a_bare_number_takes_the_unit_that_was_asked_for():
    """The pack asks for months; the company answers 6."""
    assert interval(intervals(policy(backups("months"), every="6"))["every"]) == (6, "months")
    assert interval(intervals(policy(backups("text"), every="30 days"))["every"]) == (30, "days")


def backups(kind):
    need = f'[[need]]\nid = "every"\nzh = "间隔"\nen = "how often"\nclause = "X"\nkind = "{kind}"\n'
    return pack("office", ("backup", "X", "backup", 'every_from = "every"'), more=need)


@pytest.mark.parametrize("kind", ["months", "text"])
def test_an_answer_that_is_no_interval_leaves_the_question_open(kind):
    """It is asked once, and contradicts nobody."""
    asked = [q for q in open_questions(policy(backups(kind), every="常常")) if q.setting == "every"]
    assert [question.contradiction for question in asked] == [False]


def test_what_is_done_for_each_dossier_is_asked_for_each():
    """It is not among the company's, and carries the dossier it is done for."""
    law = policy(
        pack("hotel", ("ask", "X", "revisit", 'every_months = 1\ndossier_types = ["guest"]'))
    )
    assert owed(law, CALENDAR, d("2026-03-05"), {}) == ()
    (row,) = owed_of(in_force(law)[0], CALENDAR, d("2026-03-05"), [], {}, d("2026-01-01"),
                     subject="D000001")  # fmt: skip
    assert (row.state, row.subject) == ("overdue", "D000001")


LEASING = pack("leasing", ("update_file", "S001-6-R11", "update", "month_end = true"))
CENTRE = pack("visit-centre", ("verify", "S002-R19", "review", "every_months = 1"))


def contradictions(*packs, **settings):
    return {
        question.setting: question
        for question in open_questions(policy(*packs, **settings))
        if question.contradiction
    }


def test_two_rhythms_for_updating_customers_contradict():
    """Both clauses are named; the pack that prevails, or all, settles it."""
    question = contradictions(LEASING, CENTRE)["routine.update"]
    assert question.clauses == ("S001-6-R11", "S002-R19")
    assert "每月最后一天" in question.zh
    for answer, left in (
        ("leasing", ["update_file"]),
        ("visit-centre", ["verify"]),
        ("all", ["update_file", "verify"]),
    ):
        assert not contradictions(LEASING, CENTRE, routine__update=answer)
        law = policy(LEASING, CENTRE, routine__update=answer)
        assert [cited.row.id for cited in in_force(law)] == left
    assert contradictions(LEASING, CENTRE, routine__update="whichever")


def test_updates_of_different_dossiers_do_not_contradict():
    """Neither do equal rhythms, nor an interval left open."""
    tenants = pack("tenants", ("t", "X", "update", 'every_months = 3\ndossier_types = ["tenant"]'))
    same = pack("same", ("s", "Y", "update", "month_end = true"))
    vague = pack("vague", ("v", "S000-R04", "update", 'every_from = "update_every"'))
    assert not contradictions(LEASING, tenants)
    assert not contradictions(LEASING, same)
    assert not contradictions(LEASING, vague)


def test_the_company_settles_it_in_a_pack_of_its_own():
    """A rhythm in the company's own pack is its word."""
    own = pack("ours", ("update_file", "decision 7", "update", "monthly_day = 5"), kind="company")
    assert not contradictions(LEASING, CENTRE, own)


GATE = """
[[approval]]
id = "backup"
zh = "备份"
en = "backup"
clause = "S001-6-R14"
actions = ["backup"]
steps = ["general_manager:approve"]
"""


def test_regular_backups_against_no_backup_without_approval():
    """A.2.6 no. 9: a standing authorisation settles it."""
    office = pack("office", ("backup", "S001-1-R07", "backup", 'every_from = "backup_every"'))
    gate = pack("leasing", more=GATE)
    assert contradictions(office, gate)["backup.standing"].clauses == ("S001-1-R07", "S001-6-R14")
    assert not contradictions(office)
    assert not contradictions(gate)
    assert not contradictions(office, gate, backup__standing="总经理 2026-01-05")
    both = pack("one", ("backup", "S001-1-R07", "backup", 'every_from = "backup_every"'), more=GATE)
    assert not contradictions(both)  # one regulation that says both means them together
