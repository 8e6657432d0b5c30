"""How long papers are kept, and what destroying them takes."""

from datetime import date

import pytest
from small_packs import adopt, grades, pack, row

from policies.retention import (
    KeptUntil,
    Period,
    Span,
    disposal_terms,
    keep_until,
    last_day,
    period_of,
    unsettled,
)


def kept(rule_id, clause, **fields):
    return row("retention", rule_id, clause, **fields)


LEASING = pack(
    "leasing",
    kept("ten", "S001-6-R16", years=10, start_from="lease_start", dossier_types=["closed_deal"]),
)
FLOORS = pack(
    "floors",
    kept("sales", "L-1", kind="floor", years=10, start="closed", series=["sales"]),
    kept("repair", "L-2", kind="floor", years=2, start="closed", series=["service"]),
    kept("voucher", "L-3", kind="floor", years=30, start="filed", count_from="next_year",
         types=["voucher"]),
    kept("personal", "L-4", kind="ceiling", years=5, start="closed", personal=["sensitive"]),
    row("document_type", "id_copy", "L-4", personal="sensitive"),
    row("document_type", "voucher", "L-3", classes=["accounts"]),
    kind="statute",
)  # fmt: skip
OFFICE = pack(
    "office",
    row("retention_class", "permanent", "S001-1-R40", code="Y", permanent=True),
    row("retention_class", "long", "S001-1-R40", years_from="long_years"),
    kept("rules", "S001-1-R40", retention_class="permanent", start="filed", types=["company_rule"]),
    kept("letters", "S001-1-R40", retention_class="long", start="filed", types=["letter"]),
)


def test_a_start_the_regulation_does_not_give_is_asked_for():
    """Ten years from when? Until the company says, the period is not known."""
    period = period_of(adopt(LEASING), "contract", "closed_deal")
    assert (period.rule, period.clauses) == (None, ())
    assert [(q.setting, q.clauses, q.contradiction) for q in period.open] == [
        ("lease_start", ("S001-6-R16",), False)
    ]
    assert [q.setting for q in unsettled(adopt(LEASING))] == ["lease_start"]
    assert keep_until(period, {"closed": date(2026, 1, 1)}, date(2026, 1, 1)) == KeptUntil()


def test_ten_years_count_from_the_event_the_company_named():
    """With the setting made, the last day is the same day ten years on."""
    period = period_of(adopt(LEASING, lease_start="deal"), "contract", "closed_deal")
    assert (period.years, period.start, period.clauses, period.packs) == (
        10, "deal", ("S001-6-R16",), ("leasing@1",)
    )  # fmt: skip
    until = keep_until(period, {"deal": date(2026, 3, 5)}, date(2026, 3, 9))
    assert until == KeptUntil(date(2036, 3, 5))


def test_an_event_that_has_not_happened_is_named():
    """Without the event's day there is no last day, and the answer says which is missing."""
    period = period_of(adopt(LEASING, lease_start="deal"), None, "closed_deal")
    assert keep_until(period, {}, date(2026, 3, 9)) == KeptUntil(waits_for=("deal",))


def test_a_floor_wins_over_a_shorter_period_and_is_cited():
    """Five years of the regulation give way to the law's ten."""
    short = pack("short", kept("five", "X-R1", years=5, start="closed", series=["sales"]))
    period = period_of(adopt(short, FLOORS), "contract", series="sales")
    assert (period.years, period.floor.clause) == (10, "L-1")
    assert period.clauses == ("X-R1", "L-1")


def test_a_longer_period_stands_beside_a_floor():
    """The law's ten years do not shorten the regulation's fifteen."""
    long = pack("long", kept("fifteen", "X-R1", years=15, start="closed", series=["sales"]))
    period = period_of(adopt(long, FLOORS), "contract", series="sales")
    assert (period.years, period.floor) == (15, None)


def test_a_floor_that_counts_from_elsewhere_can_still_end_later():
    """Of two ten-year periods the one that begins later is kept to its end."""
    own = pack("own", kept("ten", "X-R1", years=10, start="sale", series=["sales"]))
    period = period_of(adopt(own, FLOORS), "contract", series="sales")
    events = {"sale": date(2024, 5, 1), "closed": date(2026, 2, 1)}
    assert keep_until(period, events, date(2024, 5, 1)).day == date(2036, 2, 1)


def test_a_ceiling_is_told_and_shortens_nothing():
    """Sensitive data past their maximum are told, the longer floor still holds."""
    period = period_of(adopt(FLOORS), "id_copy", series="sales")
    until = keep_until(period, {"closed": date(2026, 2, 1)}, date(2026, 2, 1))
    assert (until.day, until.beyond) == (date(2036, 2, 1), date(2031, 2, 1))


def test_a_class_for_ever_never_ends():
    """Permanent papers have no last day, whatever has happened."""
    policy = adopt(OFFICE, long_years="30")
    until = keep_until(period_of(policy, "company_rule"), {}, date(2026, 1, 1))
    assert (until.forever, until.day) == (True, None)


@pytest.mark.parametrize(
    ("said", "years", "permanent"), [("30", 30, False), ("永久", 0, True), ("many", 0, False)]
)
def test_the_years_of_a_class_come_from_the_company(said, years, permanent):
    """A number, for ever, or an open question: never a default."""
    period = period_of(adopt(OFFICE, long_years=said), "letter")
    assert (period.years, period.permanent) == (years, permanent)
    assert bool(period.open) == (said == "many")


def test_a_company_class_replaces_the_regulation_s():
    """The company's own pack says what 长期 means."""
    own = pack("own", row("retention_class", "long", "C-1", years=20), kind="company")
    assert period_of(adopt(OFFICE, own), "letter").years == 20


def test_an_undeclared_class_is_an_open_question():
    """A class that no pack declares gives no period."""
    loose = pack("loose", kept("a", "X-R1", retention_class="ages", start="filed"))
    (question,) = period_of(adopt(loose), "letter").open
    assert question.setting == "packs.ages"


def test_a_paper_of_which_nobody_speaks_has_no_period():
    """No regulation, no period; and the answer says so."""
    period = period_of(adopt(OFFICE), "photo")
    assert (period.rule, [q.setting for q in period.open]) == (None, ["retention"])


SPECIFIC = pack(
    "specific",
    row("document_type", "deed", classes=["title"]),
    row("document_type", "plan_of_house", classes=["title"]),
    row("document_type", "note"),
    kept("type", "X-R1", years=1, start="filed", types=["deed"]),
    kept("class", "X-R2", years=2, start="filed", classes=["title"]),
    kept("series", "X-R3", years=3, start="filed", series=["sales"]),
    kept("dossier", "X-R4", years=4, start="filed", dossier_types=["house"]),
    kept("all", "X-R5", years=5, start="filed"),
)


@pytest.mark.parametrize(
    ("doc_type", "dossier_type", "series", "clause"),
    [
        ("deed", "house", "sales", "X-R1"),
        ("plan_of_house", "house", "sales", "X-R2"),
        ("note", "house", "sales", "X-R3"),
        ("note", "house", None, "X-R4"),
        ("note", None, None, "X-R5"),
    ],
)
def test_the_most_specific_period_applies(doc_type, dossier_type, series, clause):
    """Type before class before series before dossier type, though the others are longer."""
    assert period_of(adopt(SPECIFIC), doc_type, dossier_type, series).clauses == (clause,)


def test_two_regulations_with_different_periods_are_asked_and_the_longer_is_kept():
    """Until it is settled the longer period holds, and both clauses are named."""
    one = pack("one", kept("a", "A-R1", years=10, start="closed", dossier_types=["house"]))
    other = pack("other", kept("b", "B-R1", years=15, start="closed", dossier_types=["house"]))
    period = period_of(adopt(one, other), "deed", "house")
    (question,) = period.open
    assert (period.years, question.setting, question.contradiction) == (
        15, "retention.house", True
    )  # fmt: skip
    assert question.clauses == ("B-R1", "A-R1")
    assert list(unsettled(adopt(one, other))) == [question]
    settled = period_of(adopt(one, other, retention__house="one"), "deed", "house")
    assert (settled.years, settled.open) == (10, ())


def test_the_same_years_from_another_event_disagree_too():
    """From when is half of how long."""
    one = pack("one", kept("a", "A-R1", years=10, start="closed"))
    other = pack("other", kept("b", "B-R1", years=10, start="deal"))
    policy = adopt(one, other)
    assert [q.setting for q in unsettled(policy)] == ["retention"]
    events = {"closed": date(2026, 1, 1), "deal": date(2027, 1, 1)}
    assert keep_until(period_of(policy, "x"), events, date(2026, 1, 1)).day == date(2037, 1, 1)


def test_the_company_s_period_beats_the_regulations():
    """The company's own row settles it; the law's floor it cannot lower."""
    own = pack("own", kept("c", "C-1", years=3, start="closed", series=["sales"]), kind="company")
    long = pack("long", kept("a", "A-R1", years=20, start="closed", series=["sales"]))
    period = period_of(adopt(long, own, FLOORS), "deed", series="sales")
    assert (period.years, period.clauses) == (10, ("C-1", "L-1"))


@pytest.mark.parametrize(
    ("span", "began", "expected"),
    [
        (Span(years=10, start="e"), date(2024, 2, 29), date(2034, 2, 28)),
        (Span(years=4, start="e"), date(2024, 2, 29), date(2028, 2, 29)),
        (Span(months=1, start="e"), date(2026, 1, 31), date(2026, 2, 28)),
        (Span(years=1, months=6, start="e"), date(2026, 8, 31), date(2028, 2, 29)),
        (Span(years=10, start="e", count_from="next_year"), date(2026, 3, 5), date(2036, 12, 31)),
        (Span(years=10, start="e", count_from="next_year"), date(2026, 1, 1), date(2036, 12, 31)),
        (Span(months=6, start="e", count_from="next_year"), date(2026, 12, 31), date(2027, 6, 30)),
        (Span(permanent=True), date(2026, 1, 1), None),
    ],
)
def test_a_period_ends_on_the_day_the_law_counts_to(span, began, expected):
    """Same day of the last month, its last day where it has none; whole calendar years."""
    assert last_day(span, {"e": began}, date(1999, 1, 1)) == expected


def test_filing_is_an_event_that_has_always_happened():
    """A period from filing needs no event of the dossier."""
    assert last_day(Span(years=1, start="filed"), {}, date(2026, 5, 6)) == date(2027, 5, 6)


def test_a_period_without_a_rule_knows_nothing():
    """An empty period is neither for ever nor over."""
    assert keep_until(Period(), {}, date(2026, 1, 1)) == KeptUntil()


PROPERTY = pack(
    "property",
    grades(),
    row("disposal", "any", "S001-10-R13", only_by_procedure=True),
    row("disposal", "shred", "S001-10-R14", grades=["TOP", "CONF", "SECRET"], method="shred"),
    row("disposal", "tear", "S001-10-R14", grades=["INTERNAL"], method="tear"),
)
CENTRE = pack("centre", row("disposal", "each", "S002-R24", statement=True, register=True))


@pytest.mark.parametrize(("grade", "method"), [("SECRET", "shred"), ("INTERNAL", "tear")])
def test_confidential_papers_are_shredded_and_others_torn(grade, method):
    """The method goes by the grade."""
    terms = disposal_terms(adopt(PROPERTY), "letter", grade=grade)
    assert (terms.method, terms.only_by_procedure) == (method, True)


def test_what_destroying_takes_adds_up():
    """A statement of one regulation and the procedure of another are both kept."""
    terms = disposal_terms(adopt(PROPERTY, CENTRE), "letter", grade="SECRET")
    assert (terms.statement, terms.register, terms.method) == (True, True, "shred")
    assert terms.clauses == ("S001-10-R13", "S001-10-R14", "S002-R24")


def test_the_number_of_witnesses_is_asked_for_where_nobody_gives_it():
    """No regulation names two witnesses: the company must, or a pack does."""
    (question,) = disposal_terms(adopt(CENTRE), "letter").open
    assert (question.setting, question.contradiction) == ("disposal.witnesses", False)
    assert [q.setting for q in unsettled(adopt(CENTRE))] == ["disposal.witnesses"]
    settled = disposal_terms(adopt(CENTRE, disposal__witnesses="2"), "letter")
    assert (settled.witnesses, settled.open) == (2, ())
    law = pack("law", row("disposal", "two", "DA-42", witnesses=2, appraisal=3))
    assert disposal_terms(adopt(CENTRE, law), "letter").appraisal == 3


def test_two_methods_for_one_paper_are_a_contradiction():
    """Shredding and burning cannot both be the way until one prevails."""
    burn = pack("burn", row("disposal", "burn", "X-R1", method="burn", witnesses=2))
    terms = disposal_terms(adopt(PROPERTY, burn), "letter", grade="SECRET")
    assert (terms.method, [q.setting for q in terms.open]) == ("", ["disposal.method"])
    settled = adopt(PROPERTY, burn, disposal__method="burn")
    assert disposal_terms(settled, "letter", grade="SECRET").method == "burn"
