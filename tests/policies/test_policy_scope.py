"""What must be filed, what is secret, and what marking a grade takes."""

from datetime import date

import pytest
from small_packs import adopt, grades, pack, row

from policies.scope import (
    SecrecyPeriod,
    in_filing_scope,
    marking,
    secrecy_period,
    secrecy_scope,
    unsettled,
)

OFFICE = pack(
    "office",
    row("document_type", "deal", classes=["contract"]),
    row("document_type", "minutes"),
    row("document_type", "menu"),
    row("filing_scope", "meetings", "S001-1-R14", number=5, types=["minutes"]),
    row("filing_scope", "contracts", "S001-1-R19", classes=["contract"], departments=["sales"]),
)
ALL_GRADES = ["TOP", "CONF", "SECRET"]
SECRECY = pack(
    "secrecy",
    grades(),
    row("filing_scope", "deals", "S001-4-R07", number=3, secret=True, classes=["contract"]),
    row("filing_scope", "notices", "S001-4-R08", not_secret=True, classes=["ordinary", "contract"]),
    row("secrecy", "mark", "S001-4-R12", of="marking", grades=ALL_GRADES, by=["drafter"],
        period=True, period_from="usual_period"),
    row("secrecy", "end", "S001-4-R13", of="expiry", grades=ALL_GRADES, automatic=True,
        notice_from="notice_days"),
    row("secrecy", "longer", "S001-4-R13", of="extension", grades=ALL_GRADES, by=["drafter"]),
    row("secrecy", "copies", "S001-4-R20", of="copies", grades=ALL_GRADES, like_originals=True),
    row("secrecy", "keeper", "S001-4-R22", of="custody", grades=ALL_GRADES, by=["custodian"]),
    row("need", "usual_period", "S001-4-R12", kind="months"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("doc_type", "department", "inside", "clauses"),
    [
        ("minutes", None, True, ("S001-1-R14",)),
        ("minutes", "sales", True, ("S001-1-R14",)),
        ("deal", "sales", True, ("S001-1-R19",)),
        ("deal", "service", False, ()),
        ("menu", None, False, ()),
    ],
)
def test_the_filing_scope_knows_its_papers_and_departments(doc_type, department, inside, clauses):
    """By type or by class, for the department that files it."""
    ruling = in_filing_scope(adopt(OFFICE), doc_type, department)
    assert (ruling.inside, ruling.clauses) == (inside, clauses)


def test_without_a_filing_scope_nothing_is_said():
    """A secrecy scope is no filing scope."""
    assert in_filing_scope(adopt(SECRECY), "deal").inside is None


def test_a_head_that_keeps_secret_goes_before_one_that_does_not():
    """Contracts stay secret whatever another head says."""
    assert secrecy_scope(adopt(SECRECY), ["contract"]).clauses == ("S001-4-R07",)
    assert secrecy_scope(adopt(SECRECY), ["ordinary"]).secret is False
    assert secrecy_scope(adopt(SECRECY), ["menu"]).secret is None
    assert secrecy_scope(adopt(OFFICE, SECRECY), (), "deal").secret is True


def test_marking_says_who_and_for_how_long():
    """Drafter, period, automatic end, notice, extension, copies and custody, all cited."""
    terms = marking(adopt(SECRECY, usual_period="18", notice_days="30"), "CONF")
    assert (terms.period_required, terms.marked_by, terms.automatic) == (True, ("drafter",), True)
    assert (terms.usual, terms.notice_days) == (SecrecyPeriod(months=18), 30)
    assert (terms.extended_by, terms.like_originals) == (("drafter",), True)
    assert (terms.custodians, terms.open) == (("custodian",), ())
    assert terms.clauses == ("S001-4-R12", "S001-4-R13", "S001-4-R20", "S001-4-R22")


def test_a_grade_without_rules_is_marked_freely():
    """Internal papers need no period and never end by themselves."""
    terms = marking(adopt(SECRECY), "INTERNAL")
    assert (terms.period_required, terms.automatic, terms.clauses) == (False, False, ())


def test_period_and_notice_are_asked_for_and_contradict_nothing():
    """The regulation gives no numbers: two questions, in the pack's own words where it has them."""
    asked = {question.setting: question for question in unsettled(adopt(SECRECY))}
    assert set(asked) == {"usual_period", "notice_days"}
    assert not any(question.contradiction for question in asked.values())
    assert asked["usual_period"] in adopt(SECRECY).questions


def test_two_usual_periods_are_a_contradiction():
    """Two packs that give a grade other periods need the company's word."""
    other = pack("other", row("secrecy", "c", "X-R1", of="expiry", grades=["CONF"],
                              period_from="other_period"))  # fmt: skip
    said = {"usual_period": "24", "other_period": "长期", "notice_days": "30"}
    (question,) = unsettled(adopt(SECRECY, other, **said))
    assert (question.setting, question.contradiction) == ("secrecy.CONF", True)
    settled = adopt(SECRECY, other, **said, secrecy__CONF="other")
    assert marking(settled, "CONF").usual.forever


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("10 years", date(2036, 8, 31)),
        ("10年", date(2036, 8, 31)),
        ("6 months", date(2027, 2, 28)),
        ("6个月", date(2027, 2, 28)),
        ("30 days", date(2026, 9, 30)),
        ("3", date(2029, 8, 31)),
        ("长期", None),
    ],
)
def test_a_period_is_read_as_people_write_it(said, ends):
    """Years, months and days in either language, or for as long as nobody declassifies."""
    assert secrecy_period(said).ends(date(2026, 8, 31)) == ends


@pytest.mark.parametrize("said", ["", "soon", "0 years", "-1", "1.5 years"])
def test_what_is_no_period_is_none(said):
    """A word that cannot be read leaves the question open."""
    assert secrecy_period(said) is None
