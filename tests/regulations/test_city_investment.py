"""S000, customer relations of a city investment company: four parts of a customer file, feedback
cases, and much that is to be done "regularly"."""

from datetime import date

import pytest
from customer_law import Regular, asked_for, in_charge, provisions, regular

from policies.checklist import lacking
from policies.customer_rows import Scheme
from policies.customers import scheme_value
from policies.deadlines import due_of
from policies.rule_rows import Form

PACK = "city-investment"


@pytest.mark.rule("S000-R01")
def test_it_binds_every_department_and_employee(law):
    """适用于城投公司所有部门及员工, in five fields of customer work."""
    (scope,) = provisions(law.policy(PACK), "scope")
    for words in (
        "所有部门及员工",
        "客户信息收集",
        "客户沟通",
        "客户服务",
        "客户反馈",
        "客户关系维护",
    ):
        assert words in scope


@pytest.mark.rule("S000-R03")
def test_a_customer_file_has_four_parts(law):
    """客户基本信息、交易记录、沟通记录及客户反馈, and nothing else."""
    parts = ["客户基本信息", "交易记录", "沟通记录", "客户反馈"]
    assert asked_for(law.policy(PACK), "basic_customer") == [(name, (name,)) for name in parts]


@pytest.mark.rule("S000-R03")
def test_marketing_collects_and_manages_customer_information(law):
    """客户信息的收集和管理由市场部负责."""
    policy = law.policy(PACK)
    kind = policy.dossier_type("basic_customer")
    assert policy.departments[kind.department].zh == "市场部"
    assert in_charge(policy, "collect", dossier_type="basic_customer") == {"市场部"}
    assert in_charge(policy, "keep", dossier_type="basic_customer") == {"市场部"}


@pytest.mark.rule("S000-R04")
def test_customer_information_is_updated_as_often_as_the_company_says(law):
    """定期更新: the text gives no number, so none is assumed."""
    assert regular(law, PACK, "city_update_months", 3, date(2025, 11, 30)) == Regular(
        "update", ("客户基本信息",), ("市场部",), date(2026, 2, 28)
    )


@pytest.mark.rule("S000-R06")
def test_account_managers_keep_regular_contact(law):
    """客户经理负责与客户保持定期联系, and a communication record shows it."""
    assert regular(law, PACK, "city_contact_months", 1, date(2026, 1, 31)) == Regular(
        "contact", ("沟通记录",), ("客户经理",), date(2026, 2, 28)
    )


@pytest.mark.rule("S000-R06")
def test_account_managers_record_every_communication(law):
    """沟通记录应详细记录在案."""
    assert in_charge(law.policy(PACK), "register", "沟通记录") == {"客户经理"}


@pytest.mark.rule("S000-R07")
def test_the_service_centre_serves_in_three_ways(law):
    """咨询解答、问题处理、投诉处理, by the service centre."""
    policy = law.policy(PACK)
    (scheme,) = (cited.row for cited in policy.rows(Scheme) if cited.row.of == "case")
    assert [value.zh for value in scheme.values] == ["咨询解答", "问题处理", "投诉处理"]
    assert in_charge(policy, "answer_for", "服务质量评估") == {"客服中心"}


@pytest.mark.rule("S000-R07")
def test_service_quality_is_assessed_regularly(law):
    """服务质量应定期评估; the assessment may lie in any file."""
    assert regular(law, PACK, "city_service_review_months", 6, date(2026, 4, 30)) == Regular(
        "review", ("服务质量评估",), ("客服中心",), date(2026, 10, 30)
    )
    assert law.policy(PACK).document_type("服务质量评估").anywhere


@pytest.mark.rule("S000-R09")
def test_feedback_is_recorded_analysed_and_answered(law):
    """All three papers are missing until they are there."""
    policy = law.policy(PACK)
    assert asked_for(policy, "客户反馈档案") == [
        ("反馈记录", ("客户反馈",)),
        ("分类和分析", ("反馈分类分析",)),
        ("反馈处理结果", ("反馈处理结果",)),
    ]
    kind = policy.dossier_type("客户反馈档案")
    assert lacking(kind, {"customer_feedback"}) == ("analysis", "outcome")
    assert [key.zh for key in kind.keys] == ["反馈方式", "反馈分类"]
    assert {"电话", "邮件", "在线反馈"} <= set(kind.keys[0].values)


@pytest.mark.rule("S000-R09")
def test_feedback_is_recorded_within_the_days_the_company_calls_prompt(law):
    """及时记录: without the company's number there is no due date."""
    silent = law.policy(PACK)
    received = {"received": date(2026, 9, 29)}
    assert "city_feedback_promptly" in {question.setting for question in silent.questions}
    kind = silent.dossier_type("客户反馈档案")
    assert due_of(kind, "record", received, law.calendar) is None
    kind = law.policy(PACK, city_feedback_promptly="3").dossier_type("客户反馈档案")
    assert due_of(kind, "record", received, law.calendar).day == date(2026, 10, 2)
    assert due_of(kind, "outcome", received, law.calendar) is None


@pytest.mark.rule("S000-R09")
def test_marketing_and_the_service_centre_receive_feedback_together(law):
    """客户反馈机制由市场部和客服中心共同建立."""
    both = {"市场部", "客服中心"}
    assert in_charge(law.policy(PACK), "receive", dossier_type="客户反馈档案") == both


@pytest.mark.rule("S000-R10")
def test_feedback_meetings_are_held_and_minuted(law):
    """定期召开反馈分析会议, with minutes as their record."""
    assert regular(law, PACK, "city_meeting_months", 2, date(2025, 12, 31)) == Regular(
        "meeting", ("会议纪要",), ("市场部", "客服中心"), date(2026, 2, 28)
    )


@pytest.mark.rule("S000-R11")
def test_customers_are_revisited_regularly(law):
    """应定期组织客户回访活动, by the account managers."""
    assert regular(law, PACK, "city_revisit_months", 4, date(2026, 5, 31)) == Regular(
        "revisit", ("客户回访记录表",), ("客户经理",), date(2026, 9, 30)
    )


@pytest.mark.rule("S000-R11")
def test_key_and_potential_customers_come_first(law):
    """重点关注重要客户和潜在客户."""
    policy = law.policy(PACK)
    assert scheme_value(policy, "重要客户") == (PACK, "key")
    assert scheme_value(policy, "潜在客户") == (PACK, "potential")
    assert in_charge(policy, "accompany", "客户回访记录表") == {"客户经理"}


@pytest.mark.rule("S000-R11")
def test_a_personal_service_plan_may_be_made_and_is_never_missing(law):
    """对重要客户可制定个性化服务方案: it has its place, and nobody owes it."""
    policy = law.policy(PACK)
    plan = policy.document_type("个性化服务方案")
    assert plan.anywhere
    asked = {name for kind in policy.dossier_types.values() for i in kind.items for name in i.types}
    assert plan.id not in asked
    assert in_charge(policy, "accompany", "个性化服务方案") == {"客户经理"}


@pytest.mark.rule("S000-R12")
def test_management_supervises_and_inspects(law):
    """Who the management is, and how often is regular, the company says."""
    assert regular(law, PACK, "city_inspection_months", 12, date(2024, 2, 29)) == Regular(
        "inspection", ("检查报告",), ("公司管理层",), date(2025, 2, 28)
    )
    policy = law.policy(PACK)
    assert in_charge(policy, "supervise") == {"公司管理层"}
    assert policy.who_is("company_management") == ()


@pytest.mark.rule("S000-R12")
def test_the_inspection_report_covers_three_things(law):
    """客户满意度调查、服务质量评估、客户反馈处理情况."""
    policy = law.policy(PACK)
    (form,) = (cited.row for cited in policy.rows(Form))
    assert policy.document_type(form.type).zh == "检查报告"
    assert {"客户满意度调查", "服务质量评估", "客户反馈处理情况"} <= set(form.fields)
    assert policy.document_type("满意度调查").anywhere


@pytest.mark.rule("S000-R12")
def test_the_lost_closing_provisions_are_marked(law):
    """The source breaks off at 附则."""
    assert ["附则" in gap for gap in provisions(law.policy(PACK), "gap")] == [True]
