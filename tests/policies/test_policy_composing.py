"""Composing: whatever papers there are, each comes out once, and no volume breaks a rule."""

from collections import Counter
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from small_packs import adopt, grades, pack, row

from policies.arrangement import Matter, Paper, Volume, volume_problems
from policies.composing import Item, compose, settled
from policies.volume_life import ACTS, ENDED, OPEN, STATES, allowed, step

OFFICE = pack(
    "office",
    grades(),
    row("filing_year", "answered", "R35", matter="request_reply", takes="reply_year"),
    row("filing_year", "asked", "R35", matter="request", takes="request_year"),
    row("filing_year", "plan", "R36", matter="plan", takes="first_target_year"),
    row("arrangement", "order", "R39", order=["reply>request", "main>attachment"]),
    row("arrangement", "attached", "R30", together=["main", "attachment"]),
    row("arrangement", "answered", "R30", together=["request", "reply"]),
    row("volume_rule", "by_year", "R02", of="by_year"),
    row("volume_rule", "one_year", "R34", of="one_year_only"),
    row("volume_rule", "value", "R29", of="by_value"),
    row("volume_rule", "matter", "R32", of="one_matter"),
    row("volume_rule", "apart", "R33", of="apart", grades=["TOP"], unless_related=True),
)  # fmt: skip
POLICY = adopt(OFFICE)
DAYS = st.dates(date(2024, 11, 1), date(2026, 2, 1))
STRUCTURE = {"by_year", "one_year_only", "by_value", "one_matter", "apart", "together"}


@st.composite
def papers(draw):
    """A few papers in two dossiers: matters, parts, dates known or not, links, some arranged."""
    names = [f"R{n}" for n in range(1, draw(st.integers(1, 6)) + 1)]
    items = []
    for name in names:
        day = draw(st.none() | DAYS)
        plan = draw(st.booleans()) and draw(st.booleans())
        about = Matter("plan", first_target=draw(st.none() | DAYS)) if plan else None
        paper = Paper(
            name,
            draw(st.sets(st.sampled_from(("main", "attachment", "request", "reply")), max_size=2)),
            draw(st.sampled_from(["", "", *names])),
            {"issue_date": day.isoformat()} if day else {},
            about,
            day.year if day else draw(st.none() | st.integers(2024, 2026)),
            draw(st.sampled_from(("TOP", "SECRET", "INTERNAL"))),
            draw(st.sampled_from(("", "Y", "D30", "D10"))),
            linked_to=draw(st.sets(st.sampled_from(names), max_size=2)),
        )
        lies = draw(st.sampled_from(["", "", "", "J000001"]))
        items.append(Item(paper, draw(st.sampled_from(["D1", "D2"])), "office", lies))
    return items


@settings(max_examples=60, deadline=None)
@given(papers())
def test_every_paper_comes_out_once_and_no_volume_breaks_a_rule(items):
    """A partition: in one volume or left with a reason; years pure, matters whole, grades apart."""
    made = compose(POLICY, items)
    out = Counter(paper.id for volume in made.volumes for paper in volume.papers)
    out.update(name for one in made.left for name in one.papers)
    assert out == Counter(item.paper.id for item in items if not item.volume)
    assert all(one.zh and one.en and one.code for one in made.left)
    by_matter = {i.paper.id: i.paper.matter for i in items}
    where = {p.id: n for n, volume in enumerate(made.volumes) for p in volume.papers}
    for name, matter in by_matter.items():
        same = {where.get(n) for n, m in by_matter.items() if matter and m == matter}
        assert name not in where or not matter or same == {where[name]}
    for volume in made.volumes:
        others = [i.paper for i in items if i.paper.id not in {p.id for p in volume.papers}]
        found = volume_problems(POLICY, Volume(volume.year, volume.papers, others))
        assert not [one for one in found if one.code in STRUCTURE], found


@settings(max_examples=25, deadline=None)
@given(papers(), st.randoms(use_true_random=False))
def test_the_proposal_does_not_depend_on_the_order_in_which_papers_come(items, random):
    """The same papers make the same volumes, and looking again finds what composing settled."""
    shuffled = list(items)
    random.shuffle(shuffled)
    made = compose(POLICY, items)
    assert compose(POLICY, shuffled).volumes == made.volumes
    for volume in made.volumes:
        inside = {paper.id for paper in volume.papers}
        again = settled(POLICY, [item for item in items if item.paper.id in inside])
        assert {(p.id, p.year, p.keep) for p in again} == {
            (p.id, p.year, p.keep) for p in volume.papers
        }


def test_only_the_years_asked_for_are_composed():
    """What belongs to another year is not spoken of."""
    items = [Item(Paper(f"R{year}", year=year), "D1", "office") for year in (2024, 2025)]
    made = compose(POLICY, items, [2025])
    assert [volume.year for volume in made.volumes] == [2025] and not made.left


def test_a_volumes_own_sheets_are_no_papers_of_it():
    """The scanned contents list lies in front of the volume, not in it."""
    made = compose(POLICY, [Item(Paper("R1", year=2025), "D1", "office", sheet=True)])
    assert [(one.code, one.papers) for one in made.left] == [("sheet", ("R1",))]


def test_without_a_rule_on_value_keeping_parts_nothing_but_where_a_code_says_it():
    """No pack, no rule: one volume; a code with the keeping in it needs two."""
    items = [Item(Paper("R1", year=2025, keep="Y"), "D1", "office"),
             Item(Paper("R2", year=2025, keep="D10"), "D1", "office")]  # fmt: skip
    bare = adopt(pack("bare"))
    assert [volume.keep for volume in compose(bare, items).volumes] == [""]
    assert [v.keep for v in compose(bare, items, by_keep={"office"}).volumes] == ["D10", "Y"]


def test_an_order_that_regulations_disagree_on_waits_for_the_company():
    """Nothing is arranged by luck; the company's word arranges it."""
    tenants = pack("tenants", row("arrangement", "dates", "R10", dossier_types=["tenant"],
                                  order=["issue_date"]))  # fmt: skip
    days = ("2025-03-01", "2025-01-01")
    items = [
        Item(Paper(f"R{n}", fields={"issue_date": day}, year=2025), "D1", "tenant")
        for n, day in enumerate(days, 1)
    ]
    (one,) = compose(adopt(OFFICE, tenants), items).left
    assert (one.code, one.clauses) == ("order-open", ("R39", "R10"))
    (volume,) = compose(adopt(OFFICE, tenants, arrangement__tenant="tenants"), items).volumes
    assert [paper.id for paper in volume.papers] == ["R2", "R1"]


def test_what_is_linked_to_an_ordinary_paper_of_a_secret_matter_stays_out_of_its_volume():
    """Closely linked to the top secret paper itself goes along; to what goes along does not."""
    year = {"year": 2025, "keep": "D30"}
    items = [
        Item(Paper("R1", matter="R1", grade="SECRET", **year), "D1", "office"),
        Item(Paper("R2", matter="R1", grade="TOP", **year), "D1", "office"),
        Item(Paper("R3", grade="SECRET", linked_to={"R1"}, **year), "D1", "office"),
        Item(Paper("R4", grade="SECRET", linked_to={"R2"}, **year), "D1", "office"),
    ]
    made = compose(POLICY, items)
    volumes = {frozenset(paper.id for paper in volume.papers) for volume in made.volumes}
    assert volumes == {frozenset({"R1", "R2", "R4"}), frozenset({"R3"})}


def test_grades_that_no_rule_lets_lie_together_leave_their_matter():
    """A regulation without the exception: the matter is left, not parted."""
    strict = pack("strict", grades(), row("volume_rule", "apart", "R1", of="apart", grades=["TOP"]))
    items = [Item(Paper("R1", matter="R1", year=2025, grade="TOP"), "D1", "office"),
             Item(Paper("R2", matter="R1", year=2025, grade="SECRET"), "D1", "office")]  # fmt: skip
    (one,) = compose(adopt(strict), items).left
    assert (one.code, one.papers) == ("apart", ("R1", "R2"))


def test_a_volume_has_one_life():
    """Open volumes change, closed ones are reopened first, dissolved ones are over."""
    assert {"dissolved"} == ENDED
    assert allowed("checked") == ("reopen", "remark")
    for state in STATES:
        for act in allowed(state):
            assert step(state, act) in STATES
    assert {act for state in ("", *STATES) for act in allowed(state)} == set(ACTS)
    assert all("correct" in allowed(state) for state in OPEN)
