"""What the division's office regulation says of meetings (S001-7), asked of the law.

Each test names its rules and takes the one argument `law`.
"""

from __future__ import annotations

from datetime import date

import pytest
from law import Law
from office import doing, item_of, role, the

from policies.checklist import Paper, lacking, review
from policies.handover import receipt_terms
from policies.pack_rows import DocumentType, DossierType
from policies.rhythms import occurrences
from policies.rule_rows import Routine

PACK = "office-meetings"


def meeting(law: Law) -> DossierType:
    return law.policy(PACK, "secrecy").dossier_type("会议档案")


def paper(law: Law, zh: str) -> str:
    """The id of this regulation's own document type."""
    found: str = the(law, PACK, DocumentType, zh=zh).id
    return found


@pytest.mark.rule("S001-7-R02")
def test_the_monthly_meeting_is_on_the_first_working_day(law):
    """每月第一个工作日: holidays are passed over, and a Sunday that is worked counts."""
    routine = the(law, PACK, Routine, of="meeting")
    due = [
        one.due
        for since, until in (
            (date(2026, 1, 1), date(2026, 1, 31)),
            (date(2026, 6, 1), date(2026, 6, 30)),
            (date(2026, 10, 1), date(2026, 10, 31)),
        )
        for one in occurrences(routine, since, until, law.calendar, {})
    ]
    assert due == [date(2026, 1, 4), date(2026, 6, 1), date(2026, 10, 8)]
    departments = law.policy(PACK, "secrecy").departments
    assert [departments[name].zh for name in routine.departments] == ["人事行政部"]
    assert routine.types == ("meeting_minutes",)


@pytest.mark.rule("S001-7-R02")
def test_resolutions_are_followed_up_by_the_assistant(law):
    """会议决议由总经理助理负责跟踪并予以考核."""
    assert doing(law, PACK, "supervise", dossier_type="meeting") == {"总经理助理"}
    assert item_of(law, PACK, "会议档案", "决议").types == (paper(law, "会议决议"),)


@pytest.mark.rule("S001-7-R04", "S001-7-R05", "S001-1-R14")
def test_a_meeting_leaves_its_papers_in_this_order(law):
    """The set of the meeting, with that of an important one from the office records regulation."""
    asked = [item.zh for item in meeting(law).items if item.required == "mandatory"]
    assert asked == [
        "通知", "议程", "提纲", "签到表", "会议记录", "会议纪要", "决议", "总结", "领导人讲话",
        "典型发言", "会议简报",
    ]  # fmt: skip


@pytest.mark.rule("S001-7-R04")
def test_whoever_organises_prepares_agenda_outline_and_sign_in_sheet(law):
    """安排好主持人和记录员，准备好会议议程、提纲，落实会场、签到表等."""
    assert doing(law, PACK, "arrange", dossier_type="meeting") == {"会议组织部门"}
    papers = {paper(law, zh) for zh in ("会议议程", "会议提纲", "签到表", "会议记录")}
    left = lacking(meeting(law), set())
    assert {"agenda", "outline", "sign_in", "record"} <= set(left)
    assert not {"agenda", "outline", "sign_in", "record"} & set(lacking(meeting(law), papers))
    assert {"主持人", "记录员"} <= {key.zh for key in meeting(law).keys}


@pytest.mark.rule("S001-7-R05")
def test_minutes_name_who_carries_out_and_who_checks(law):
    """明确会议事项执行负责人及检查人: minutes without a checker are not complete."""
    minutes = Paper(
        paper(law, "会议纪要"), date(2026, 6, 1), fields=frozenset({"执行负责人"}),
        lacking_fields=frozenset({"检查人"}),
    )  # fmt: skip
    held = review(meeting(law), [minutes], {}, {}, date(2026, 6, 2))
    found = next(one for one in held if one.item.zh == "会议纪要")
    assert [(lack.kind, lack.detail) for lack in found.lacks] == [("field", "检查人")]


@pytest.mark.rule("S001-7-R05")
def test_minutes_are_put_on_record_with_the_assistant(law):
    """并将会议纪要报总经理助理处备案."""
    assert doing(law, PACK, "keep", doc_type="meeting_minutes") == {"总经理助理"}
    terms = receipt_terms(law.policy(PACK, "secrecy"), "handover", "meeting")
    assert role(law, PACK, "总经理助理") in terms.receivers


@pytest.mark.rule("S001-7-R07")
def test_rewards_and_penalties_are_recorded_and_put_on_record_with_hr(law):
    """由会议负责人记录并在会后报人事行政部备案; a meeting without any has no such paper."""
    record = paper(law, "会议奖惩记录")
    assert doing(law, PACK, "register", doc_type=record) == {"会议负责人"}
    assert doing(law, PACK, "keep", doc_type=record) == {"人事行政部"}
    item = item_of(law, PACK, "会议档案", "奖惩记录")
    assert item.types == (record,)
    assert item.required == "optional"
    terms = receipt_terms(law.policy(PACK, "secrecy"), "handover", "meeting")
    assert role(law, PACK, "会议负责人") in terms.givers
    assert "hr_admin" in terms.receivers
    assert law.policy(PACK, "secrecy").default_grade(record).grade.zh == "秘密"


@pytest.mark.rule("S001-1-R14")
def test_papers_of_an_important_meeting_can_be_filed_in_it(law):
    """通知、总结、领导人讲话、典型发言、会议简报 are types of the pack."""
    for zh in ("会议通知", "会议总结", "领导人讲话", "典型发言", "会议简报"):
        assert any(paper(law, zh) in item.types for item in meeting(law).items)
