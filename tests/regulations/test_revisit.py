"""S001-9, customer revisits: plan, record, report, review, and the material that was borrowed."""

from datetime import date

import pytest

from policies.approvals import Request, decide
from policies.checklist import Paper, review
from policies.customers import scheme_value
from policies.deadlines import due_of, is_overdue
from policies.lending import loan_terms
from policies.pack_rows import Role, Series
from policies.rule_rows import Form

PAPERS = ["客户回访计划", "客户回访记录表", "客户回访报告表", "主管审查意见"]


def adopted(law, **settings):
    return law.policy("revisit", **settings)


def revisit(law):
    return adopted(law).dossier_type("客户回访")


def item(law, title):
    return next(item for item in revisit(law).items if item.zh == title)


def form(law, title):
    (row,) = [c.row for c in adopted(law).rows(Form) if c.row.zh == title]
    return row


def roles(law, ids):
    words = {c.row.id: c.row.zh for c in adopted(law).rows(Role)}
    return [words[role] for role in ids]


@pytest.mark.rule("S001-9-R01")
def test_revisits_are_routine_or_special(law):
    """例行回访, and 特定回访 to major customers, by the customer service specialist."""
    values = [scheme_value(adopted(law), word)[1] for word in ("例行回访", "大客户特定回访")]
    (kind,) = [key for key in revisit(law).keys if key.id == "kind"]
    assert kind.values == tuple(values) == ("routine", "special")
    assert revisit(law).kind == "case"
    assert roles(law, ["service_specialist"]) == ["客户服务专员"]


@pytest.mark.rule("S001-9-R03")
def test_the_plan_says_when_what_and_why(law):
    """《客户回访计划》: approximate time, content, purpose."""
    assert item(law, "客户回访计划").fields == ("大概时间", "回访内容", "回访目的")
    assert set(item(law, "客户回访计划").fields) <= set(form(law, "客户回访计划").fields)
    assert item(law, "客户回访计划").types == (adopted(law).document_type("回访计划").id,)
    assert roles(law, ["service_specialist"]) == ["客户服务专员"]


@pytest.mark.rule("S001-9-R05")
def test_material_for_a_revisit_is_a_loan_of_three_things(law):
    """客户基本情况（姓名、职务、年龄等）, service records, traits of consumption."""
    assert loan_terms(adopted(law), "borrow", dossier_type="revisit").fields == (
        "客户基本情况（姓名、职务、年龄等）", "客户服务的相关记录", "客户消费特点",
    )  # fmt: skip


@pytest.mark.rule("S001-9-R06")
def test_the_record_is_filled_in_at_the_visit(law):
    """《客户回访记录表》: the customer's needs and opinion of the service."""
    assert item(law, "客户回访记录表").types == (adopted(law).document_type("回访记录").id,)
    assert {"客户的需求", "对服务的意见"} <= set(form(law, "客户回访记录表").fields)


@pytest.mark.rule("S001-9-R07")
def test_borrowed_material_comes_back_after_the_visit(law):
    """及时: due after the end of the visit, within the days that the company names."""
    terms = loan_terms(adopted(law), "borrow", dossier_type="revisit")
    (ended,) = [event for event in revisit(law).events if event.id in terms.due_after]
    assert ended.zh == "回访结束"
    assert [question.setting for question in terms.open] == ["revisit_return_days"]
    settled = adopted(law, revisit_return_days="2")
    assert loan_terms(settled, "borrow", dossier_type="revisit").days == 2
    asked = {question.setting: question.clauses for question in adopted(law).questions}
    assert asked["revisit_return_days"] == ("S001-9-R07",)


@pytest.mark.rule("S001-9-R07")
def test_the_supervisor_excuses_what_cannot_be_returned(law):
    """由于客观原因确实无法归还,应报客户服务主管批准: with the reason given."""
    decision = decide(adopted(law), Request("keep_back", "SECRET", "owner"))
    assert (decision.allowed, decision.purpose) == (True, True)
    assert [step.act for step in decision.steps] == ["approve"]
    assert roles(law, [step.role for step in decision.steps]) == ["客户服务主管"]
    terms = loan_terms(adopted(law), "borrow", dossier_type="revisit")
    assert roles(law, terms.excused_by) == ["客户服务主管"]


@pytest.mark.rule("S001-9-R08")
def test_the_report_is_due_the_day_after_the_visit(law):
    """结束回访的第二天: the next calendar day, which is itself in time; the other papers wait."""

    def due(title, ended):
        return due_of(revisit(law), item(law, title).id, {"ended": ended}, law.calendar)

    for ended, day in (
        (date(2026, 3, 31), date(2026, 4, 1)),
        (date(2026, 2, 28), date(2026, 3, 1)),  # a Sunday: the text knows no holidays
        (date(2026, 9, 30), date(2026, 10, 1)),
    ):
        found = due("客户回访报告表", ended)
        assert (found.day, found.clause) == (day, "S001-9-R08")
        assert (is_overdue(found, day), is_overdue(found, date(2026, 10, 2))) == (False, True)
    assert due("客户回访记录表", date(2026, 3, 31)) is None


@pytest.mark.rule("S001-9-R08")
def test_the_report_sums_up_course_and_result(law):
    """对客户的回访过程和回访结果进行汇总和评价."""
    report = item(law, "客户回访报告表")
    assert report.fields == ("回访过程", "回访结果", "评价")
    assert report.types == (adopted(law).document_type("回访报告").id,)
    assert set(report.fields) <= set(form(law, "客户回访报告表").fields)


@pytest.mark.rule("S001-9-R09")
def test_the_supervisor_reviews_record_and_report(law):
    """Both are reviewed before they are filed, and his opinion is filed with them."""
    policy = adopted(law)
    for name in ("客户回访记录表", "客户回访报告表"):
        kind = policy.document_type(name).id
        decision = decide(policy, Request("file", doc_type=kind, dossier_type="revisit"))
        assert [step.act for step in decision.steps] == ["review"]
        assert roles(law, [step.role for step in decision.steps]) == ["客户服务主管"]
    assert roles(law, item(law, "主管审查意见").signed_by) == ["客户服务主管"]
    assert item(law, "主管审查意见").types == (policy.document_type("主管审查意见").id,)
    assert "主管审查意见" in form(law, "客户回访报告表").fields


@pytest.mark.rule("S001-9-R03", "S001-9-R06", "S001-9-R08", "S001-9-R09")
def test_a_revisit_is_complete_with_its_four_papers(law):
    """Plan, record, report, review: each is missed when it is not there."""
    policy, kind = adopted(law), revisit(law)
    day = date(2026, 7, 1)
    filed = [Paper(policy.document_type(name).id, day) for name in PAPERS]
    for number, title in enumerate(PAPERS):
        found = review(kind, filed[:number] + filed[number + 1 :], {}, {}, day)
        assert [one.item.zh for one in found if one.lacks] == [title]
    assert not [one for one in review(kind, filed, {}, {}, day) if one.lacks]


@pytest.mark.rule("S001-9-R10")
def test_records_are_kept_together_by_one_person(law):
    """汇总、分类后由专人负责保存, in customer service."""
    policy = adopted(law)
    kind = policy.document_type("客户回访记录表").id
    (duty,) = policy.duties("keep", doc_type=kind, dossier_type="revisit")
    assert roles(law, duty.row.roles) == ["回访记录保管人"]
    assert [policy.departments[name].zh for name in duty.row.departments] == ["客户服务部"]
    assert revisit(law).series in {c.row.id for c in policy.rows(Series)}
