"""What the office records regulation says of composing volumes (S001-1-R29 … R54), carried out.

Each rule has an example that obeys and one that does not. Where composing makes the second
impossible, the volume is put together by hand and looked at. Each test takes the argument `law`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from law import Law

from policies.arrangement import Matter, Paper, Sheet, Volume, volume_problems
from policies.composing import Composition, Item, Left, compose
from policies.policy import Policy

PACK = "office-records"


def of(law: Law) -> Policy:
    """The regulation with the grades it refers to."""
    return law.policy(PACK, "secrecy")


def item(name: str, *parts: str, matter: str = "", on: str = "", **more: Any) -> Item:
    """A paper of 2025 in one dossier."""
    fields = {"issue_date": on} if on else {}
    about = {"year": 2025, "grade": "INTERNAL", "keep": "Y", "pages": 2, "copies": 1} | more
    return Item(Paper(name, parts, matter, fields, **about), "D000001", "year_volume")


def composed(law: Law, *items: Item) -> Composition:
    return compose(of(law), items)


def volumes(law: Law, *items: Item) -> list[list[str]]:
    """What lies in which volume; nothing is left."""
    made = composed(law, *items)
    assert not made.left, made.left
    return [[paper.id for paper in volume.papers] for volume in made.volumes]


def left(law: Law, *items: Item) -> Left:
    (one,) = composed(law, *items).left
    return one


def faults(law: Law, *papers: Paper, **more: Any) -> set[str]:
    """The kinds of fault of a volume that somebody put together by hand."""
    sound: dict[str, Any] = {
        "year": 2025,
        "class_number": "3.1",
        "scheme": {"3.1"},
        "contents": Sheet("front", (), [paper.id for paper in papers]),
        "notes": Sheet("end", ("卷内文件数", "文件页数", "立卷后发生或发现的问题")),
        "composed_by": "lin",
        "checked_by": "wang",
        "forms": {"paper", "electronic"},
    }
    return {one.code for one in volume_problems(of(law), Volume(papers=papers, **sound | more))}


def paper(name: str, *parts: str, matter: str = "", **more: Any) -> Paper:
    about = {"year": 2025, "grade": "INTERNAL", "keep": "Y", "pages": 2, "copies": 1,
             "class_number": "3.1"}  # fmt: skip
    return Paper(name, parts, matter, **about | more)


def test_a_volume_that_obeys_every_rule_has_no_fault(law):
    """The example that the others spoil."""
    assert faults(law, paper("R1")) == set()


@pytest.mark.rule("S001-1-R02", "S001-1-R34")
def test_each_year_has_volumes_of_its_own(law):
    """必须按年度立卷；不同年度的文件一般不得放在一起立卷."""
    assert volumes(law, item("R1"), item("R2", year=2026), item("R3")) == [["R1", "R3"], ["R2"]]
    assert left(law, item("R1", year=None)).code == "no-year"
    assert faults(law, paper("R1"), paper("R2", year=2026)) == {"one_year_only"}
    assert faults(law, paper("R1", year=None), year=None) == {"by_year", "one_year_only"}


@pytest.mark.rule("S001-1-R29")
def test_papers_of_different_value_have_volumes_of_their_own(law):
    """区别不同的价值."""
    assert volumes(law, item("R1"), item("R2", keep="D10")) == [["R2"], ["R1"]]
    assert faults(law, paper("R1"), paper("R2", keep="D10")) == {"by_value"}


@pytest.mark.rule("S001-1-R29")
def test_what_belongs_together_is_kept_as_long_as_the_longest_of_it(law):
    """保持文件之间的有机联系 goes before 区别不同的价值: an attachment follows its main text."""
    (one,) = composed(law, item("R1", "main", matter="R1", keep="D10"),
                      item("R2", "attachment", matter="R1", keep="D30")).volumes  # fmt: skip
    assert one.keep == "D30"
    assert {paper.keep for paper in one.papers} == {"D30"}


@pytest.mark.rule("S001-1-R30")
def test_no_group_is_parted_whatever_speaks_for_it(law):
    """五种：另一年度、另一保管期限、另一密级，都不得分开."""
    groups = ("main attachment", "draft final", "reply request", "forwarding forwarded",
              "language_version language_version")  # fmt: skip
    for front, back in map(str.split, groups):
        one = item("R1", front, matter="R1", on="2025-05-01")
        other = item("R2", back, matter="R1", on="2025-03-01", year=2024, keep="D10", grade="TOP")
        assert len(volumes(law, one, other)) == 1, (front, back)
        parted = faults(law, paper("R1", front, matter="R1"),
                        others=[paper("R2", back, matter="R1")])  # fmt: skip
        assert "together" in parted, (front, back)


@pytest.mark.rule("S001-1-R30")
def test_what_comes_after_its_matter_lies_in_a_volume_is_left_with_the_reason(law):
    """不得分开: a late attachment makes no volume of its own."""
    lies = Item(Paper("R1", ("main",), "R1", year=2025), "D000001", "year_volume", "J000007")
    late = left(law, lies, item("R2", "attachment", matter="R1"))
    assert (late.code, late.papers, late.clauses) == ("matter-elsewhere", ("R2",), ("S001-1-R30",))
    assert "J000007" in late.zh and "J000007" in late.en


@pytest.mark.rule("S001-1-R31")
def test_pages_and_copies_of_each_paper_must_be_stated(law):
    """归档的文件种数、份数以及每份文件的页数均应写明."""
    assert faults(law, paper("R1", pages=0)) == {"counts"}
    assert faults(law, paper("R1", copies=None)) == {"counts"}


@pytest.mark.rule("S001-1-R32")
def test_letters_and_telegrams_of_one_matter_come_to_one_volume(law):
    """文电应合一立卷."""
    letter, wire = item("R1", matter="R1"), item("R3", matter="R1", keep="D10")
    assert volumes(law, letter, item("R2"), wire) == [["R1", "R3", "R2"]]
    assert faults(law, paper("R1", matter="R1"), others=[paper("R3", matter="R1")]) == {
        "one_matter"
    }


@pytest.mark.rule("S001-1-R33")
def test_top_secret_papers_have_volumes_of_their_own(law):
    """绝密文件单独立卷."""
    made = composed(law, item("R1"), item("R2", grade="TOP"), item("R3", grade="CONF"))
    assert [[p.id for p in v.papers] for v in made.volumes] == [["R1", "R3"], ["R2"]]
    assert [v.apart for v in made.volumes] == [(), ("TOP",)]
    assert faults(law, paper("R1"), paper("R2", grade="TOP")) == {"apart"}


@pytest.mark.rule("S001-1-R33")
def test_a_closely_linked_paper_may_go_with_a_top_secret_one(law):
    """密切联系的少数普通文电可随同; one that is linked to something else may not."""
    top = item("R2", grade="TOP")
    assert volumes(law, item("R1", linked_to=("R2",)), top) == [["R1", "R2"]]
    assert volumes(law, item("R1", linked_to=("R9",)), top) == [["R1"], ["R2"]]
    assert volumes(law, item("R1", linked_to=("R2",), year=2024), top) == [["R1"], ["R2"]]
    half = item("R1", matter="R1", linked_to=("R2",)), item("R3", matter="R1")
    assert volumes(law, *half, top) == [["R1", "R3"], ["R2"]]
    assert faults(law, paper("R1", linked_to=("R2",)), paper("R2", grade="TOP")) == set()


@pytest.mark.rule("S001-1-R35")
def test_request_and_reply_go_into_the_year_of_the_reply(law):
    """跨年度的请示与批复，放在复文年；没有复文的，放在请示年."""
    asked = item("R1", "request", matter="R1", on="2024-12-20", year=2024)
    answered = item("R2", "reply", matter="R1", on="2025-01-08")
    (one,) = composed(law, asked, answered).volumes
    assert (one.year, [p.id for p in one.papers]) == (2025, ["R2", "R1"])
    assert "S001-1-R35" in one.clauses
    (alone,) = composed(law, asked).volumes
    assert alone.year == 2024
    undated = left(law, asked, item("R2", "reply", matter="R1"))
    assert (undated.code, undated.papers) == ("no-date", ("R1", "R2"))
    assert undated.clauses == ("S001-1-R35",)


@pytest.mark.rule("S001-1-R36", "S001-1-R37", "S001-1-R38")
def test_papers_of_several_years_go_where_the_regulation_says(law):
    """规划放在针对的第一年，总结放在最后一年，会议放在开幕年; without that date they are left."""
    for about, year in (
        (Matter("plan", issued=date(2025, 1, 2), first_target=date(2026, 1, 1)), 2026),
        (Matter("summary", issued=date(2025, 1, 2), last_target=date(2024, 1, 1)), 2024),
        (Matter("meeting", opened=date(2024, 12, 30), closed=date(2025, 1, 2)), 2024),
    ):
        assert [v.year for v in composed(law, item("R1", about=about)).volumes] == [year]
        bare = Matter(about.kind, issued=date(2025, 1, 2), closed=date(2025, 1, 2))
        assert left(law, item("R1", about=bare)).code == "no-date"


@pytest.mark.rule("S001-1-R34", "S001-1-R30")
def test_one_matter_that_people_put_into_two_years_is_left(law):
    """Neither rule gives way by itself: somebody must say which year."""
    one = item("R1", "main", matter="R1", about=Matter("plan", first_target=date(2025, 1, 1)))
    other = item("R2", "attachment", matter="R1",
                 about=Matter("plan", first_target=date(2026, 1, 1)))  # fmt: skip
    found = left(law, one, other)
    assert (found.code, found.papers) == ("years-differ", ("R1", "R2"))
    assert {"S001-1-R30", "S001-1-R34"} <= set(found.clauses)


@pytest.mark.rule("S001-1-R39")
def test_the_order_inside_a_volume(law):
    """批复在前，请示在后；正件在前，附件在后；草稿在前，定稿在后；其他以其形成规律."""
    lying = [
        item("R1", "request", matter="R1", on="2025-02-01"),
        item("R2", on="2025-01-15"),
        item("R3", "attachment", matter="R4", on="2025-03-01"),
        item("R4", "main", matter="R4", on="2025-03-01"),
        item("R5", "reply", matter="R1", on="2025-04-01"),
        item("R6", "final", matter="R7", on="2025-05-02"),
        item("R7", "draft", matter="R7", on="2025-05-01"),
    ]
    assert volumes(law, *lying) == [["R2", "R5", "R1", "R4", "R3", "R7", "R6"]]


@pytest.mark.rule("S001-1-R25", "S001-1-R27")
def test_a_volume_bears_a_class_number_that_was_drawn_up(law):
    """编制案卷类目，对号入座."""
    assert faults(law, paper("R1"), scheme=set()) == {"scheme"}
    assert faults(law, paper("R1", class_number="4.2")) == {"by_class_number"}


@pytest.mark.rule("S001-1-R41", "S001-1-R52", "S001-1-R54")
def test_contents_and_notes_must_be_there_and_complete(law):
    """卷内目录逐件填写、放在卷首；备考表写明件数页数；纸质和电子各一份."""
    one = paper("R1")
    assert faults(law, one, contents=None) == {"contents"}
    assert faults(law, one, contents=Sheet("end", (), ["R1"])) == {"contents"}
    assert faults(law, one, contents=Sheet("front", (), [])) == {"contents"}
    assert faults(law, one, notes=None) == {"notes_sheet"}
    assert faults(law, one, notes=Sheet("end", ("卷内文件数",))) == {"notes_sheet"}
    assert faults(law, one, forms={"electronic"}) == {"both_forms"}


@pytest.mark.rule("S001-1-R53")
def test_maker_and_checker_are_two_people(law):
    """立卷人签名；检查人审核案卷质量后签名."""
    assert faults(law, paper("R1"), checked_by="") == {"signatures"}
    assert faults(law, paper("R1"), checked_by="lin") == {"signatures"}
