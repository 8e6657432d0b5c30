"""What the office records regulation says of running files and volumes (S001-1, from article 16).

Each test names its rules and takes the one argument `law`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from law import Law
from office import doing, item_of, role, the

from policies.arrangement import (
    Matter,
    Paper,
    filing_year,
    never_parted,
    order_of,
    sorted_papers,
)
from policies.checklist import Paper as FiledPaper
from policies.checklist import lacking, review
from policies.handover import receipt_rules
from policies.keeping_rows import RetentionClass, VolumeRule
from policies.pack_rows import DocumentType, Need, Role
from policies.policy import Policy
from policies.rhythms import occurrences
from policies.routines import intervals
from policies.rule_rows import Form, Provision, Routine

PACK = "office-records"


def of(law: Law, **settings: str) -> Policy:
    """The regulation with the grades it refers to."""
    return law.policy(PACK, "secrecy", **settings)


def rule(law: Law, about: str) -> VolumeRule:
    """What a volume must keep to in this respect."""
    found: VolumeRule = the(law, PACK, VolumeRule, of=about)
    return found


def year(law: Law, kind: str, **days: Any) -> int | None:
    return filing_year(of(law), Matter(kind, **days)).year


# ── 平时归卷 / Running files ──────────────────────────────────────────────────


@pytest.mark.rule("S001-1-R24")
def test_finished_papers_are_kept_together_by_the_archive_clerk(law):
    """对处理完毕或批存的文件资料，由档案管理员集中统一保管."""
    assert rule(law, "running_file").roles == (role(law, PACK, "档案管理员"),)
    assert "档案管理员" in doing(law, PACK, "keep")


@pytest.mark.rule("S001-1-R25")
def test_each_department_numbers_the_classes_of_the_year(law):
    """编制“案卷类目”, 条款必须简明确切，并标上条款号."""
    scheme = rule(law, "scheme")
    assert scheme.per == "department"
    assert scheme.fields == ("条款号", "条款")
    assert {"部门", "年度", "条款号", "条款"} == set(the(law, PACK, Form, zh="案卷类目").columns)


@pytest.mark.rule("S001-1-R26")
def test_case_officers_hand_in_what_is_finished_as_often_as_the_company_says(law):
    """及时 gives no number of days: it must be set."""
    routine = the(law, PACK, Routine, of="hand_over", roles=(role(law, PACK, "承办人员"),))
    assert routine.to == "department_archivist"
    assert the(law, PACK, Need, id=routine.every_from).kind == "days"
    assert routine.every_from in {question.setting for question in of(law).questions}
    said = intervals(of(law, **{routine.every_from: "5"}))
    span = (date(2026, 3, 2), date(2026, 3, 12), law.calendar)
    due = [one.due for one in occurrences(routine, *span, said, date(2026, 3, 1))]
    assert due == [date(2026, 3, 6), date(2026, 3, 11)]


@pytest.mark.rule("S001-1-R26")
def test_finished_papers_come_complete_and_in_order(law):
    """收集齐全，加以整理，送本部门档案员归档."""
    rows = [cited.row for cited in receipt_rules(of(law), "handover", "year_volume")]
    (row,) = [row for row in rows if row.givers == (role(law, PACK, "承办人员"),)]
    assert row.flow == ("收集齐全", "加以整理", "送本部门档案员归档")


@pytest.mark.rule("S001-1-R27")
def test_papers_lie_under_their_class_number_and_are_entered(law):
    """按照“案卷类目”存放，“对号入座”，并登记在文件处理登记簿上."""
    archivist = role(law, PACK, "总经理办公室档案员")
    assert rule(law, "by_class_number").roles == (archivist,)
    assert "总经理办公室档案员" in doing(law, PACK, "arrange")
    register = the(law, PACK, Form, zh="文件处理登记簿")
    assert {"条款号", "文件题名"} <= set(register.columns)


# ── 立卷 / Volumes ────────────────────────────────────────────────────────────


@pytest.mark.rule("S001-1-R02")
def test_volumes_are_made_by_year(law):
    """必须按年度立卷: a volume has a year and a class number."""
    assert rule(law, "by_year")
    volume = of(law).dossier_type("年度案卷")
    assert volume.kind == "year"
    assert [key.zh for key in volume.keys if key.required] == ["年度", "条款号"]


@pytest.mark.rule("S001-1-R28")
def test_the_offices_archivist_composes_and_the_departments_assists(law):
    """立卷工作由相关部门档案员配合，总经理办公室档案员负责组卷、编目."""
    assert doing(law, PACK, "compose") == {"总经理办公室档案员"}
    assert doing(law, PACK, "accompany") == {"部门档案员"}
    listed = the(law, PACK, Form, zh="案卷目录").columns
    assert {"案卷号", "案卷题名", "年度", "保管期限"} <= set(listed)


@pytest.mark.rule("S001-1-R29")
def test_papers_of_different_value_lie_apart(law):
    """遵循文件形成的规律, 保持有机联系，区别不同的价值."""
    assert "区别不同的价值" in rule(law, "by_value").zh


@pytest.mark.rule("S001-1-R30")
def test_five_kinds_of_papers_are_never_parted(law):
    """正件与附件、草稿与定稿、请示与批复、转发文件与原件、多种文字形成的同一文件."""
    groups = [set(cited.row.together) for cited in never_parted(of(law))]
    assert groups == [
        {"main", "attachment"},
        {"draft", "final"},
        {"request", "reply"},
        {"forwarding", "forwarded"},
        {"language_version"},
    ]


@pytest.mark.rule("S001-1-R31")
def test_kinds_copies_and_pages_are_stated(law):
    """归档的文件种数、份数以及每份文件的页数."""
    assert rule(law, "counts").fields == ("种数", "份数", "页数")


@pytest.mark.rule("S001-1-R32")
def test_letters_and_telegrams_of_one_matter_are_one_volume(law):
    """文电应合一立卷."""
    assert rule(law, "one_matter").fields == ("文", "电")


@pytest.mark.rule("S001-1-R33")
def test_top_secret_papers_lie_apart(law):
    """绝密文件单独立卷; a few ordinary ones closely linked may go along."""
    apart = rule(law, "apart")
    assert [of(law).grades[code].zh for code in apart.grades] == ["绝密"]
    assert apart.unless_related


@pytest.mark.rule("S001-1-R34")
def test_years_do_not_mix(law):
    """不同年度的文件一般不得放在一起立卷."""
    assert rule(law, "one_year_only")


@pytest.mark.rule("S001-1-R35")
def test_a_request_goes_into_the_year_of_its_reply(law):
    """跨年度的请示与批复，放在复文年立卷；没有复文的，放在请示年."""
    asked = date(2025, 12, 3)
    assert year(law, "request_reply", requested=asked, replied=date(2026, 1, 20)) == 2026
    assert year(law, "request", requested=asked) == 2025


@pytest.mark.rule("S001-1-R36")
def test_a_plan_goes_into_its_first_year(law):
    """跨年度的规划放在针对的第一年, whenever it was issued."""
    aims = {"first_target": date(2027, 1, 1), "last_target": date(2031, 12, 31)}
    assert year(law, "plan", issued=date(2026, 11, 5), **aims) == 2027


@pytest.mark.rule("S001-1-R37")
def test_a_summary_goes_into_its_last_year(law):
    """总结放在针对的最后一年."""
    aims = {"first_target": date(2023, 1, 1), "last_target": date(2025, 12, 31)}
    assert year(law, "summary", issued=date(2026, 2, 1), **aims) == 2025


@pytest.mark.rule("S001-1-R38")
def test_a_meeting_goes_into_the_year_it_opened(law):
    """跨年度的会议文件放在会议开幕年; the rules for other papers are elsewhere."""
    assert year(law, "meeting", opened=date(2025, 12, 30), closed=date(2026, 1, 2)) == 2025
    other = the(law, PACK, Provision, about="principle")
    assert "按照有关规定" in other.zh
    assert year(law, "other", issued=date(2026, 1, 2)) is None


@pytest.mark.rule("S001-1-R39")
def test_the_order_inside_a_volume(law):
    """批复在前，请示在后；正件在前，附件在后；草稿在前，定稿在后."""
    (cited,) = order_of(of(law), "year_volume")
    lying = [
        Paper("request", {"request"}, "a"),
        Paper("reply", {"reply"}, "a"),
        Paper("attachment", {"attachment"}, "b"),
        Paper("main", {"main"}, "b"),
        Paper("final", {"final"}, "c"),
        Paper("draft", {"draft"}, "c"),
    ]
    sorted_ids = [paper.id for paper in sorted_papers(lying, cited.row.order)]
    assert sorted_ids == ["reply", "request", "main", "attachment", "draft", "final"]


@pytest.mark.rule("S001-1-R40")
def test_long_and_short_keeping_are_for_the_company_to_say(law):
    """永久、长期或短期: the text gives no years."""
    classes = law.pack(PACK).rows(RetentionClass)
    assert [row.zh for row in classes] == ["永久", "长期", "短期"]
    assert [row.permanent for row in classes] == [True, False, False]
    for row in classes[1:]:
        assert the(law, PACK, Need, id=row.years_from).kind == "years"
        assert row.years_from in {question.setting for question in of(law).questions}


@pytest.mark.rule("S001-1-R41")
def test_each_volume_has_its_contents_in_front(law):
    """逐件填写卷内文件目录, 卷内目录放在卷首."""
    assert rule(law, "contents").place == "front"
    assert "题名" in the(law, PACK, Form, zh="卷内文件目录").columns
    assert item_of(law, PACK, "年度案卷", "卷内文件目录").required == "mandatory"
    assert the(law, PACK, DocumentType, zh="卷内文件目录")


@pytest.mark.rule("S001-1-R41", "S001-1-R54")
def test_a_volume_lacks_its_contents_and_notes_until_they_are_filed(law):
    """Everything else lies there because it exists, and is never missing."""
    volume = of(law).dossier_type("年度案卷")
    assert lacking(volume, {"work_plan"}) == ("contents", "notes_sheet")
    assert lacking(volume, {"volume_contents", "volume_notes"}) == ()


@pytest.mark.rule("S001-1-R52")
def test_the_notes_sheet_counts_papers_and_pages_and_grows(law):
    """由立卷人填写文件数及页数; later problems are written in by archivists, signed and dated."""
    notes = rule(law, "notes_sheet")
    assert notes.fields == ("卷内文件数", "文件页数", "立卷后发生或发现的问题")
    assert notes.roles == (role(law, PACK, "立卷人"), role(law, PACK, "档案管理员"))
    form = the(law, PACK, Form, of="notes_sheet")
    later = {"立卷后发生或发现的问题", "填写人", "填写时间"}
    assert {"卷内文件数", "文件页数"} | later <= set(form.fields)
    assert the(law, PACK, DocumentType, zh="卷内备考表").id == form.type
    assert item_of(law, PACK, "年度案卷", "卷内备考表").fields == ("卷内文件数", "文件页数")


@pytest.mark.rule("S001-1-R53")
def test_maker_and_checker_both_sign_and_are_two_people(law):
    """立卷人 signs, and 检查人 who reviewed the quality."""
    signed = rule(law, "signatures")
    names = [the(law, PACK, Role, id=name).zh for name in signed.roles]
    assert names == ["立卷人", "检查人"]
    assert signed.distinct
    assert the(law, PACK, Form, of="notes_sheet").signatures == ("立卷人", "检查人")
    by_maker = FiledPaper(
        "volume_notes", date(2026, 1, 8), signed_by=frozenset({"volume_maker"}),
        unsigned=frozenset({"volume_checker"}),
    )  # fmt: skip
    held = review(of(law).dossier_type("年度案卷"), [by_maker], {}, {}, date(2026, 1, 9))
    notes = next(one for one in held if one.item.zh == "卷内备考表")
    assert [(lack.kind, lack.detail) for lack in notes.lacks] == [("signature", "volume_checker")]


@pytest.mark.rule("S001-1-R54")
def test_the_notes_sheet_is_handed_in_on_paper_and_as_a_file(law):
    """交送《卷内备考表》纸质版一份，同时交送电子版."""
    assert rule(law, "both_forms").fields == ("纸质版一份", "电子版")
    paper = the(law, PACK, DocumentType, zh="卷内备考表").id
    assert the(law, PACK, Form, of="notes_sheet").type == paper
