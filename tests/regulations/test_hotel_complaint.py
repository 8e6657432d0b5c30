"""S001-12, complaints in a hotel: the clocks of the two stages, escalation, weekly and monthly
papers, and the report that three sign."""

from datetime import date

import pytest

from policies.approvals import Request, decide, may_sign
from policies.checklist import Paper, review
from policies.customer_rows import Scheme
from policies.customers import escalation, scheme_value
from policies.deadlines import due_of
from policies.naming import key_value
from policies.pack_rows import Role
from policies.routines import occurrences
from policies.rule_rows import Form, Provision, Routine

TODAY = date(2026, 5, 11)


def adopted(law):
    return law.policy("hotel-complaint")


def complaint(law):
    return adopted(law).dossier_type("酒店客户投诉")


def roles(law, ids):
    """What roles are called, in order."""
    words = {c.row.id: c.row.zh for c in adopted(law).rows(Role)}
    return [words[role] for role in ids]


def due(law, received, **keys):
    item = next(item.id for item in complaint(law).items if item.zh == "客户投诉记录表")
    return due_of(complaint(law), item, {"received": received}, law.calendar, {}, keys)


def routine(law, of):
    (row,) = [c.row for c in adopted(law).rows(Routine) if c.row.of == of]
    return row


def form(law, title):
    (row,) = [c.row for c in adopted(law).rows(Form) if c.row.zh == title]
    return row


@pytest.mark.rule("S001-12-R01")
def test_a_complaint_is_oral_or_written_and_asks_for_an_answer_or_compensation(law):
    """以口头或书面等形式提出,期望酒店给予回复或补偿."""
    schemes = [c.row for c in adopted(law).rows(Scheme) if c.row.of == "case"]
    words = [value.zh for row in schemes for value in row.values]
    assert words[:4] == ["口头", "书面", "回复", "补偿"]
    assert complaint(law).kind == "case"


@pytest.mark.rule("S001-12-R02")
def test_everybody_receives_heads_answer_marketing_analyses(law):
    """各级员工受理, 部门负责人 is directly responsible, 营销部 sums up and analyses."""
    policy = adopted(law)

    def named(act):
        (cited,) = policy.duties(act, dossier_type="complaint_hotel")
        departments = [policy.departments[name].zh for name in cited.row.departments]
        return roles(law, cited.row.roles) + departments

    assert named("receive") == ["酒店各级员工"]
    assert named("answer_for") == ["部门负责人", "酒店各部门"]
    assert named("analyse") == ["营销部"]
    assert policy.departments[complaint(law).department].zh == "酒店各部门"


@pytest.mark.rule("S001-12-R03")
def test_a_complaint_is_made_during_consumption_or_after_it(law):
    """消费中投诉 and 消费后投诉, and every case says which."""
    assert scheme_value(adopted(law), "消费中投诉")[1] == "during"
    assert scheme_value(adopted(law), "消费后投诉")[1] == "after"
    stage = next(key for key in complaint(law).keys if key.id == "stage")
    assert (stage.values, stage.required) == (("during", "after"), True)
    said = {word: key_value(adopted(law), stage, word) for word in
            ("消费中投诉", "消费后", "DURING", "投诉", "住店前")}  # fmt: skip
    assert list(said.values()) == ["during", "after", "during", None, None]


@pytest.mark.rule("S001-12-R05", "S001-12-R06")
def test_a_complaint_is_of_ones_own_department_or_of_another(law):
    """投诉本部门 and 投诉其他部门 are the words of the text."""
    against = next(key for key in complaint(law).keys if key.id == "against")
    assert key_value(adopted(law), against, "投诉本部门") == "own"
    assert key_value(adopted(law), against, "其他部门") == "other"
    assert key_value(adopted(law), against, "") == ""


@pytest.mark.rule("S001-12-R04")
def test_the_record_says_five_things(law):
    """Time, place, course, persons concerned, how to reach the customer."""
    five = ("时间", "地点", "经过", "主要当事人姓名", "客户联系方式")
    (item,) = [item for item in complaint(law).items if item.required == "mandatory"]
    assert (item.zh, item.fields) == ("客户投诉记录表", five)
    assert item.types == (adopted(law).document_type("顾客投诉记录表").id,)
    case = form(law, "客户投诉记录表")
    assert (case.of, case.fields, case.type) == ("complaint", five, item.types[0])
    assert form(law, "客户投诉记录表（每周）").columns[:5] == five


@pytest.mark.rule("S001-12-R05")
def test_a_complaint_of_ones_own_department_goes_up_three_steps(law):
    """部门负责人, then 分管副总, then 总经理."""
    (chain,) = escalation(adopted(law), "complaint_hotel", {}, {"against": "own"})
    assert roles(law, chain.row.steps) == ["部门负责人", "分管副总经理", "总经理"]
    assert chain.row.clause == "S001-12-R05"


@pytest.mark.rule("S001-12-R06")
def test_a_complaint_of_another_department_is_agreed_between_the_heads(law):
    """本部门负责人 with 被投诉部门负责人, then 分管副总, then 总经理."""
    (chain,) = escalation(adopted(law), "complaint_hotel", {}, {"against": "other"})
    assert roles(law, chain.row.steps) == [
        "部门负责人", "被投诉部门负责人", "分管副总经理", "总经理",
    ]  # fmt: skip
    assert chain.row.clause == "S001-12-R06"


@pytest.mark.rule("S001-12-R07")
def test_during_consumption_the_guest_says_when(law):
    """不得超过客人要求给予处理的时间, to the minute; without his word there is no due date."""
    found = due(law, date(2026, 10, 1), stage="during", asked_by="2026-10-01 20:30")
    assert (found.day, found.at, found.clause) == (date(2026, 10, 1), "20:30", "S001-12-R07")
    assert due(law, date(2026, 10, 1), stage="during", asked_by="2026-10-03").day.day == 3
    assert due(law, date(2026, 10, 1), stage="during") is None


@pytest.mark.rule("S001-12-R08")
def test_after_consumption_three_working_days(law):
    """从受理投诉到最终处理 not more than three working days."""
    for received, day in (
        (date(2026, 5, 13), date(2026, 5, 18)),  # Wednesday: over a weekend
        (date(2026, 9, 29), date(2026, 10, 9)),  # National Day from the 1st to the 7th
        (date(2026, 2, 13), date(2026, 2, 25)),  # Saturday the 14th is worked, then Spring Festival
    ):
        found = due(law, received, stage="after", asked_by="2026-12-31")
        assert (found.day, found.clause) == (day, "S001-12-R08")


@pytest.mark.rule("S001-12-R09")
def test_the_weeks_records_go_to_marketing_on_monday(law):
    """编制于周末, 下周一交营销部存档."""
    row = routine(law, "hand_over")
    found = occurrences(row, date(2026, 5, 9), date(2026, 5, 31), law.calendar, {})
    assert [one.due.day for one in found] == [11, 18, 25]
    policy = adopted(law)
    assert policy.departments[row.to].zh == "营销部"
    assert [policy.departments[name].zh for name in row.departments] == ["酒店各部门"]
    assert roles(law, row.roles) == ["部门营销专员", "部门指定人员"]
    sheet = form(law, "客户投诉记录表（每周）")
    assert (sheet.of, sheet.type) == ("complaints", row.types[0])
    assert row.types == (policy.document_type(sheet.zh).id,), "found by what the form prints"
    weekly = policy.document_type("客户投诉周报表")
    assert (weekly.id, weekly.anywhere) == (row.types[0], True)
    (record,) = [item for item in complaint(law).items if item.required == "mandatory"]
    assert not set(row.types) & set(record.types), "the record of one case is not the week's list"


@pytest.mark.rule("S001-12-R10")
def test_marketing_reports_on_last_month_in_the_middle_of_the_month(law):
    """每月中旬: from the 11th to the 20th, to the general manager's office."""
    row = routine(law, "statistics")
    found = occurrences(row, date(2026, 2, 1), date(2026, 4, 30), law.calendar, {})
    assert [(one.opens.day, one.due.day) for one in found] == [(11, 20)] * 3
    policy = adopted(law)
    assert [policy.departments[name].zh for name in row.departments] == ["营销部"]
    assert policy.departments[row.to].zh == "总经理办公室"
    report = policy.document_type("顾客投诉统计分析报告表")
    assert (row.types, report.classes) == ((report.id,), ("statistics",))
    graded = law.policy("hotel-complaint", "secrecy").default_grade(report.id)
    assert graded.grade.zh == "机密", "statistics are 机密 by S001-4"
    assert form(law, "顾客投诉统计分析报告表").type == report.id


@pytest.mark.rule("S001-12-R09", "S001-12-R10", "S001-12-R11")
def test_the_annexed_forms_are_said_to_be_missing(law):
    """附件一、二、三 are named in the text and not shown in it."""
    gaps = [c.row for c in adopted(law).rows(Provision) if c.row.about == "gap"]
    assert ["附件一、二、三" in row.zh for row in gaps] == [True]


@pytest.mark.rule("S001-12-R11")
def test_a_matter_without_rule_or_training_needs_a_report(law):
    """顾客投诉处理报告表: cause, finding, and which norm or training would prevent it."""
    record = Paper("complaint_record", TODAY)
    for said, wanted in (("是", ["顾客投诉处理报告表"]), ("否", []), ("", [])):
        found = review(complaint(law), [record], {}, {"no_rule_or_training": said}, TODAY)
        assert [one.item.zh for one in found if one.lacks] == wanted
    (item,) = [item for item in complaint(law).items if item.when]
    assert item.fields == (
        "客户投诉的原因", "部门调查处理结果", "建议编写规范化文件或开展培训的名称",
    )  # fmt: skip
    assert item.types == (adopted(law).document_type("投诉处理报告表").id,)
    assert form(law, "顾客投诉处理报告表").fields == item.fields


@pytest.mark.rule("S001-12-R11")
def test_three_sign_the_report_one_after_another(law):
    """部门负责人签认, 营销部加签意见, 总经室审批, in this order and by three people."""
    policy = adopted(law)
    decision = decide(policy, Request("file", doc_type="complaint_handling_report"))
    assert decision.allowed
    assert [step.act for step in decision.steps] == ["sign", "countersign", "approve"]
    signers = [step.role for step in decision.steps]
    assert roles(law, signers) == ["部门负责人", "营销部加签人", "总经室审批人"]
    (item,) = [item for item in complaint(law).items if item.when]
    assert list(item.signed_by) == signers
    assert may_sign(policy, decision, 2, "wang", [signers[1]], "li", []) == "wrong-order"
    assert may_sign(policy, decision, 2, "wang", [signers[1]], "li", ["zhao"]) is None
    assert may_sign(policy, decision, 2, "zhao", [signers[1]], "li", ["zhao"]) == "same-person"


@pytest.mark.rule("S001-12-R12")
def test_departments_write_their_own_instructions(law):
    """作业指导书: how complaints are handled and who may do what; it may lie in any dossier."""
    paper = adopted(law).document_type("作业指导书")
    assert paper.anywhere
    sheet = form(law, "作业指导书")
    assert sheet.type == paper.id
    assert {"处理客户投诉的操作程序", "各级员工处理客户投诉的职责、权限"} <= set(sheet.fields)


@pytest.mark.rule("S001-12-R13")
def test_the_general_manager_puts_it_in_force_and_his_office_interprets_it(law):
    """经总经理批准后生效; 解释权、修订权属总经室."""
    said = {c.row.about: c.row.by for c in adopted(law).rows(Provision)}
    assert roles(law, said["effective"]) == ["总经理"]
    assert [adopted(law).departments[name].zh for name in said["interpreted_by"]] == [
        "总经理办公室"
    ]
