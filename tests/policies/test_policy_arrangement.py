"""Filing years, the order of papers, and what a volume must keep to."""

from dataclasses import replace
from datetime import date

import pytest
from small_packs import adopt, grades, pack, row

from policies.arrangement import (
    Matter,
    Paper,
    Sheet,
    Volume,
    filing_year,
    never_parted,
    order_of,
    sorted_papers,
    unsettled,
    volume_problems,
)


def year(matter, takes, clause):
    return row("filing_year", f"{matter}_year", clause, matter=matter, takes=takes)


OFFICE = pack(
    "office",
    grades(),
    year("request_reply", "reply_year", "S001-1-R35"),
    year("request", "request_year", "S001-1-R35"),
    year("plan", "first_target_year", "S001-1-R36"),
    year("summary", "last_target_year", "S001-1-R37"),
    year("meeting", "opening_year", "S001-1-R38"),
    row("arrangement", "order", "S001-1-R39",
        order=["reply>request", "main>attachment", "draft>final"]),
    row("arrangement", "attached", "S001-1-R30", together=["main", "attachment"]),
    row("arrangement", "answered", "S001-1-R30", together=["request", "reply"]),
)  # fmt: skip
NATIONAL = pack("national", year("meeting", "closing_year", "DAT22-5"))
TENANTS = pack(
    "tenants",
    row("arrangement", "dates", "S001-10-R10", dossier_types=["tenant"], order=["issue_date"],
        catalogued=True),
)  # fmt: skip

REQUESTED, REPLIED = date(2025, 12, 20), date(2026, 1, 8)


@pytest.mark.parametrize(
    ("matter", "expected", "clause"),
    [
        (Matter("request_reply", requested=REQUESTED, replied=REPLIED), 2026, "S001-1-R35"),
        (Matter("request", requested=REQUESTED, replied=REPLIED), 2026, "S001-1-R35"),
        (Matter("request", requested=REQUESTED), 2025, "S001-1-R35"),
        (Matter("request_reply", requested=REQUESTED), 2025, "S001-1-R35"),
        (
            Matter("plan", issued=date(2025, 11, 1), first_target=date(2026, 1, 1),
                   last_target=date(2030, 12, 31)),
            2026, "S001-1-R36",
        ),
        (
            Matter("summary", issued=date(2026, 2, 1), first_target=date(2021, 1, 1),
                   last_target=date(2025, 12, 31)),
            2025, "S001-1-R37",
        ),
        (Matter("meeting", opened=date(2025, 12, 30), closed=date(2026, 1, 2)), 2025, "S001-1-R38"),
    ],
)  # fmt: skip
def test_papers_of_several_years_belong_to_the_year_the_regulation_says(matter, expected, clause):
    """Reply before request, first year of a plan, last of a summary, a meeting's opening."""
    ruling = filing_year(adopt(OFFICE), matter)
    assert (ruling.year, ruling.clause, ruling.pack) == (expected, clause, "office@1")


def test_the_date_that_decides_is_named_when_it_is_missing():
    """No other date is taken in its place."""
    ruling = filing_year(adopt(OFFICE), Matter("plan", issued=date(2025, 11, 1)))
    assert (ruling.year, ruling.lacks) == (None, "first_target")


def test_a_matter_nobody_rules_is_an_open_question():
    """“Other papers per the relevant rules”: the company must say which."""
    matter = Matter("other", issued=date(2026, 5, 1))
    (question,) = filing_year(adopt(OFFICE), matter).open
    assert (question.setting, question.contradiction) == ("filing_year.other", False)
    assert filing_year(adopt(OFFICE, filing_year__other="issue_year"), matter).year == 2026


@pytest.mark.parametrize(
    ("said", "expected", "clause"),
    [("office", 2025, "S001-1-R38"), ("closing_year", 2026, "DAT22-5"), ("", None, "")],
)
def test_opening_or_closing_year_is_for_the_company_to_say(said, expected, clause):
    """Two regulations take opposite years of one meeting."""
    policy = adopt(OFFICE, NATIONAL, filing_year__meeting=said)
    matter = Matter("meeting", opened=date(2025, 12, 30), closed=date(2026, 1, 2))
    ruling = filing_year(policy, matter)
    assert (ruling.year, ruling.clause) == (expected, clause)
    found = [(q.setting, q.clauses, q.contradiction) for q in unsettled(policy)]
    asked = [("filing_year.meeting", ("S001-1-R38", "DAT22-5"), True)]
    assert found == ([] if said else asked)


def test_the_company_s_own_rule_beats_both():
    """A row of the company's pack is no contradiction."""
    own = pack("own", year("meeting", "closing_year", "C-1"), kind="company")
    matter = Matter("meeting", opened=date(2025, 12, 30), closed=date(2026, 1, 2))
    assert filing_year(adopt(OFFICE, own), matter).clause == "C-1"
    assert not list(unsettled(adopt(OFFICE, NATIONAL, own)))


def names(papers):
    return [paper.id for paper in papers]


def test_reply_lies_before_request_and_main_before_attachment():
    """The first pair goes first: everything of the reply lies before the request."""
    papers = [
        Paper("request", {"request", "main"}, "m"),
        Paper("annex", {"reply", "attachment"}, "m"),
        Paper("reply", {"reply", "main"}, "m"),
    ]
    (order,) = order_of(adopt(OFFICE))
    assert names(sorted_papers(papers, order.row.order)) == ["reply", "annex", "request"]


def test_this_regulation_puts_the_draft_before_the_final_text():
    """S001-1-R39 says so, though national practice is the other way round."""
    papers = [Paper("final", {"final"}, "m"), Paper("draft", {"draft"}, "m")]
    assert names(sorted_papers(papers, ["draft>final"])) == ["draft", "final"]


def test_pairs_bind_papers_of_one_matter_only():
    """A reply does not overtake another matter's request; the natural order stays."""
    papers = [
        Paper("q1", {"request"}, "one"), Paper("other"), Paper("a2", {"reply"}, "two"),
        Paper("a1", {"reply"}, "one"), Paper("q2", {"request"}, "two"),
    ]  # fmt: skip
    assert names(sorted_papers(papers, ["reply>request"])) == ["other", "a2", "a1", "q1", "q2"]


def test_papers_lie_by_date_of_issue_and_undated_ones_last():
    """ISO dates sort as days; what has none comes after."""
    papers = [
        Paper("c", fields={"issue_date": "2026-03-01"}),
        Paper("none"),
        Paper("a", fields={"issue_date": "2025-12-31"}),
    ]
    assert names(sorted_papers(papers, ["issue_date"])) == ["a", "c", "none"]


def test_pairs_that_turn_in_a_ring_lose_nothing():
    """Contradicting pairs give some order of all papers, never an endless search."""
    papers = [
        Paper("x", {"a", "c2"}, "m"),
        Paper("y", {"b", "a2"}, "m"),
        Paper("z", {"c", "b2"}, "m"),
    ]
    ring = ["a>a2", "b>b2", "c>c2"]
    assert sorted(names(sorted_papers(papers, ring))) == ["x", "y", "z"]


def test_two_orders_for_one_dossier_are_a_contradiction():
    """By date or by matter: the company says for tenants."""
    (question,) = unsettled(adopt(OFFICE, TENANTS))
    assert (question.setting, question.clauses) == (
        "arrangement.tenant", ("S001-1-R39", "S001-10-R10")
    )  # fmt: skip
    settled = adopt(OFFICE, TENANTS, arrangement__tenant="tenants")
    assert [cited.row.order for cited in order_of(settled, "tenant")] == [("issue_date",)]
    assert not list(unsettled(settled))
    assert [cited.pack for cited in order_of(settled, "contract_file")] == ["office@1"]


def test_parts_that_are_never_parted_are_told():
    """Each group with its clause."""
    groups = [(c.row.together, c.row.clause) for c in never_parted(adopt(OFFICE))]
    assert (("main", "attachment"), "S001-1-R30") in groups


RULES = pack(
    "rules",
    *(
        row("volume_rule", of, f"V-{of}", of=of, **fields)
        for of, fields in {
            "by_year": {},
            "one_year_only": {},
            "apart": {"grades": ["TOP"], "unless_related": True},
            "by_value": {},
            "one_matter": {},
            "counts": {"fields": ["页数"]},
            "contents": {"place": "front", "fields": ["题名"]},
            "notes_sheet": {"fields": ["卷内文件数"]},
            "signatures": {"distinct": True},
            "both_forms": {},
            "scheme": {"per": "department"},
            "by_class_number": {},
            "format": {"fields": ["档案袋"]},
            "running_file": {},
        }.items()
    ),
)


def paper(name, **fields):
    return replace(
        Paper(name, year=2026, keep="long", pages=2, copies=1, class_number="3"), **fields
    )


GOOD = Volume(
    2026,
    (paper("r1"), paper("r2", about=Matter("request", requested=REQUESTED, replied=REPLIED))),
    class_number="3",
    scheme={"1", "3"},
    contents=Sheet("front", {"题名", "页数"}, {"r1", "r2"}),
    notes=Sheet("end", {"卷内文件数"}),
    composed_by="li",
    checked_by="wu",
    forms={"paper", "electronic"},
    attested={"档案袋"},
)


def problems(volume, *packs):
    found = volume_problems(adopt(*(packs or (OFFICE, RULES))), volume)
    return [(problem.code, problem.papers) for problem in found]


def test_a_good_volume_has_no_fault():
    """The reply of January belongs to 2026 though the request is of 2025."""
    assert problems(GOOD) == []


PLAN = Matter("plan", first_target=date(2027, 1, 1))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"year": None}, [("by_year", ()), ("one_year_only", ("r1", "r2"))]),
        ({"papers": (paper("r1"), paper("r2", year=2025))}, [("one_year_only", ("r2",))]),
        ({"papers": (paper("r1"), paper("r2", about=PLAN))}, [("one_year_only", ("r2",))]),
        ({"papers": (paper("r1"), paper("r2", year=None))}, [("one_year_only", ("r2",))]),
        ({"papers": (paper("r1", grade="TOP"), paper("r2"))}, [("apart", ("r2",))]),
        ({"papers": (paper("r1"), paper("r2", keep="short"))}, [("by_value", ("r1", "r2"))]),
        ({"papers": (paper("r1", pages=None), paper("r2", copies=0))}, [("counts", ("r1", "r2"))]),
        ({"papers": (paper("r1"), paper("r2", class_number="1"))}, [("by_class_number", ("r2",))]),
        ({"contents": None}, [("contents", ())]),
        ({"contents": Sheet("end", {"题名"}, {"r1", "r2"})}, [("contents", ())]),
        ({"contents": Sheet("front", {"题名"}, {"r1"})}, [("contents", ("r2",))]),
        ({"contents": Sheet("front", (), {"r1", "r2"})}, [("contents", ())]),
        ({"notes": None}, [("notes_sheet", ())]),
        ({"notes": Sheet("end")}, [("notes_sheet", ())]),
        ({"composed_by": ""}, [("signatures", ())]),
        ({"checked_by": ""}, [("signatures", ())]),
        ({"checked_by": "li"}, [("signatures", ())]),
        ({"forms": {"paper"}}, [("both_forms", ())]),
        ({"forms": {"electronic"}}, [("both_forms", ())]),
        ({"scheme": ()}, [("scheme", ())]),
        ({"scheme": {"1"}}, [("scheme", ())]),
        ({"attested": ()}, [("format", ())]),
    ],
)
def test_each_fault_of_a_volume_is_found_alone(change, expected):
    """One thing wrong, one fault, with the papers it concerns."""
    assert problems(replace(GOOD, **change)) == expected


def test_a_paper_closely_linked_to_a_top_secret_one_may_go_with_it():
    """The exception holds for the linked paper only."""
    papers = (paper("r1", grade="TOP"), paper("r2", linked_to={"r1"}), paper("r3"))
    listed = Sheet("front", {"题名"}, {"r1", "r2", "r3"})
    assert problems(replace(GOOD, papers=papers, contents=listed)) == [("apart", ("r3",))]


def test_what_belongs_together_may_not_lie_in_two_volumes():
    """An attachment elsewhere is named with its main text; letters of one matter likewise."""
    here = (paper("r1", parts={"main"}, matter="m"), paper("r2"))
    elsewhere = (paper("r9", parts={"attachment"}, matter="m"),)
    found = volume_problems(adopt(OFFICE, RULES), replace(GOOD, papers=here, others=elsewhere))
    assert [(p.code, p.papers, p.clause) for p in found] == [
        ("one_matter", ("r9",), "V-one_matter"), ("together", ("r1", "r9"), "S001-1-R30")
    ]  # fmt: skip


def test_parts_of_different_matters_are_no_fault():
    """Somebody else's attachment may lie elsewhere."""
    here = (paper("r1", parts={"main"}, matter="m"), paper("r2"))
    elsewhere = (paper("r9", parts={"attachment"}, matter="n"),)
    assert problems(replace(GOOD, papers=here, others=elsewhere)) == []


def test_only_adopted_rules_find_faults():
    """An empty volume is no fault where no regulation makes volumes."""
    assert problems(Volume(None, ()), TENANTS) == []
