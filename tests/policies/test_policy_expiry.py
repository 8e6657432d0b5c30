"""When papers cease to be secret by themselves, and when somebody is asked before."""

from datetime import date

import pytest
from law import Law

from policies.expiry import Ending, expiring, unsealed_grade

UNTIL = "2026-03-31"


@pytest.fixture(scope="module")
def law():
    """The packs as shipped."""
    return Law.shipped()


def row(identifier="R00000001", grade="SECRET", until=UNTIL):
    return {"id": identifier, "grade": grade, "until": until}


@pytest.fixture
def secrecy(law):
    """The secrecy regulation, with thirty days of notice."""
    return law.policy("secrecy", secrecy_notice="30")


def states(policy, rows, day, **more):
    return {e.record: e.state for e in expiring(policy, rows, date.fromisoformat(day), **more)}


@pytest.mark.parametrize(
    ("day", "state"),
    [
        ("2026-02-28", None),
        ("2026-03-01", "notice"),
        ("2026-03-31", "notice"),
        ("2026-04-01", "due"),
        ("2030-01-01", "due"),
    ],
)
def test_the_last_day_is_secret_and_the_next_is_not(secrecy, day, state):
    """Notice is given as many days ahead as the company said; after the last day it is due."""
    assert states(secrecy, [row()], day).get("R00000001") == state


def test_without_days_of_notice_nothing_is_foretold(law):
    """What the company left open is not guessed; the end itself does not depend on it."""
    policy = law.policy("secrecy")
    assert states(policy, [row()], UNTIL) == {}
    assert states(policy, [row()], "2026-04-01") == {"R00000001": "due"}
    assert states(policy, [row()], UNTIL, notice_days=1) == {"R00000001": "notice"}


def test_a_grade_that_no_rule_ends_is_left_to_a_decision(secrecy):
    """Internal papers do not declassify by themselves: somebody is asked to review them."""
    assert states(secrecy, [row(grade="INTERNAL")], "2026-04-01") == {"R00000001": "review"}
    assert states(secrecy, [row(grade="INTERNAL")], UNTIL) == {}


def test_the_nearest_end_comes_first_and_no_end_never(secrecy):
    """Sorted by day, then by record; a paper without an end is not in the plan."""
    rows = [row("R00000003"), row("R00000002"), row("R00000001", until=None),
            row("R00000004", until="2026-01-01")]  # fmt: skip
    found = expiring(secrecy, rows, date(2026, 4, 1))
    assert [e.record for e in found] == ["R00000004", "R00000002", "R00000003"]
    assert found[0] == Ending("R00000004", "SECRET", date(2026, 1, 1), "due", ("S001-4-R13",),
                              found[0].packs)  # fmt: skip
    assert found[0].packs and found[0].packs[0].startswith("secrecy@")


def test_what_is_declassified_gets_the_lowest_grade_or_what_the_company_says(law):
    """The setting must name a declared grade: otherwise nothing is known, and nothing done."""
    assert unsealed_grade(law.policy("secrecy")) == "PUBLIC"
    for said, grade in (("INTERNAL", "INTERNAL"), ("NO SUCH", None)):
        assert unsealed_grade(law.policy("secrecy", declassified=said)) == grade
