"""S004-1, business customers: four grades, a file of three parts, complaints, risk and credit."""

from datetime import date

import pytest
from customer_law import Regular, asked_for, provisions, regular

from policies.checklist import holds, lacking
from policies.conduct_rows import Incident
from policies.customer_rows import Scheme
from policies.customers import profile_gaps, scheme_value
from policies.deadlines import due_of
from policies.errors import UnknownName
from policies.lending import loan_terms
from policies.rule_rows import Provision, Routine

PACK = "customer-grading"
GRADES = {
    "VIP客户": "对公司业务贡献较大，具有长期合作意愿",
    "A级客户": "对公司业务有一定贡献，合作年限较长，有发展潜力",
    "B级客户": "对公司业务有一定贡献，合作年限较短，需持续关注和培养",
    "C级客户": "对公司业务贡献较小，合作年限较短，需评估和调整",
}


@pytest.mark.rule("S004-1-R01")
def test_there_are_four_grades_and_what_qualifies_for_each(law):
    """VIP, A, B, C, in the words of article 4."""
    (scheme,) = (cited.row for cited in law.policy(PACK).rows(Scheme))
    assert {value.zh: value.means for value in scheme.values} == GRADES
    assert [value.id for value in scheme.values] == ["vip", "a", "b", "c"]


@pytest.mark.rule("S004-1-R01")
def test_a_bare_letter_means_nothing_where_two_schemes_know_it(law):
    """A级 is another thing in S004-2: the scheme is always told with it."""
    assert scheme_value(law.policy(PACK), "A级客户") == (PACK, "a")
    both = law.policy(PACK, "customer-care")
    with pytest.raises(UnknownName):
        scheme_value(both, "A")
    assert scheme_value(both, "customer-grading:a") == (PACK, "a")
    assert scheme_value(both, "vip") == (PACK, "vip")


@pytest.mark.rule("S004-1-R02")
def test_every_customer_is_graded(law):
    """对客户进行分级管理: a customer without a grade shows as a gap."""
    policy = law.policy(PACK)
    assert "客户等级" in {gap.field.zh for gap in profile_gaps(policy, {})}
    graded = {"grade": "customer-grading:b"}
    assert "客户等级" not in {gap.field.zh for gap in profile_gaps(policy, graded)}


def talked_to_at_its_own_interval(law, grade):
    setting = f"grading_contact_{grade}_months"
    assert regular(law, PACK, setting, 2, date(2026, 6, 30)) == Regular(
        "contact", ("沟通记录",), (), date(2026, 8, 30)
    )
    policy = law.policy(PACK)
    (row,) = (c.row for c in policy.rows(Routine) if c.row.every_from == setting)
    assert holds(row.when, {"grade": f"customer-grading:{grade}"})
    assert not holds(row.when, {"grade": f"customer-care:{grade}"})
    assert [policy.dossier_type(name).id for name in row.dossier_types] == ["business_customer_1"]


@pytest.mark.rule("S004-1-R02", "S004-1-R04")
def test_each_grade_is_talked_to_at_its_own_interval(law):
    """不同级别的客户得到相应的服务; 定期与客户沟通: how often, the company says for each grade."""
    for value in ("vip", "a", "b", "c"):
        talked_to_at_its_own_interval(law, value)


@pytest.mark.rule("S004-1-R03")
def test_the_customers_file_has_three_parts(law):
    """客户基本信息、合作历史、交易记录."""
    policy = law.policy(PACK)
    parts = ["客户基本信息", "合作历史", "交易记录"]
    assert asked_for(policy, "business_customer_1") == [(name, (name,)) for name in parts]
    kind = policy.dossier_type("business_customer_1")
    assert lacking(kind, {"customer_basic_info", "transaction_record"}) == ("history",)


@pytest.mark.rule("S004-1-R04")
def test_talks_and_opinions_have_their_papers(law):
    """定期与客户沟通，收集客户意见和建议: both may lie in any file."""
    policy = law.policy(PACK)
    for paper in ("沟通记录", "客户意见和建议"):
        assert policy.document_type(paper).anywhere


@pytest.mark.rule("S004-1-R06")
def test_customer_information_is_not_disclosed_nor_used_for_gain(law):
    """不得泄露客户信息，不得利用职务之便谋取私利."""
    policy = law.policy(PACK)
    assert "disclose" in loan_terms(policy, "borrow").forbids
    assert "disclose" in loan_terms(policy, "view").forbids
    (row,) = (cited.row for cited in policy.rows(Incident))
    assert set(row.of) == {"leak", "abuse"}
    assert "谋取私利" in row.zh


@pytest.mark.rule("S004-1-R07")
def test_a_complaint_is_recorded_and_settled(law):
    """及时响应客户投诉，确保客户问题得到妥善解决."""
    policy = law.policy(PACK)
    assert asked_for(policy, "业务客户投诉档案") == [
        ("客户投诉记录表", ("客户投诉记录表",)),
        ("投诉解决记录", ("投诉解决记录",)),
    ]


@pytest.mark.rule("S004-1-R07")
def test_how_soon_a_complaint_is_answered_the_company_says(law):
    """及时: no number, no due date."""
    received = {"received": date(2026, 1, 30)}
    silent = law.policy(PACK)
    assert "grading_complaint_promptly" in {question.setting for question in silent.questions}
    kind = silent.dossier_type("业务客户投诉档案")
    assert due_of(kind, "record", received, law.calendar) is None
    kind = law.policy(PACK, grading_complaint_promptly="2").dossier_type("业务客户投诉档案")
    assert due_of(kind, "record", received, law.calendar).day == date(2026, 2, 1)
    assert due_of(kind, "settlement", received, law.calendar) is None


@pytest.mark.rule("S004-1-R08")
def test_every_customer_is_assessed_for_risk(law):
    """对客户进行风险评估: the assessment, and the level it finds."""
    policy = law.policy(PACK)
    kind = policy.dossier_type("客户风险档案")
    assert asked_for(policy, "客户风险档案")[0] == ("客户风险评估", ("客户风险评估",))
    assert lacking(kind, set(), {"risk_level": "低"}) == ("risk",)
    assert "风险等级" in {gap.field.zh for gap in profile_gaps(policy, {})}


@pytest.mark.rule("S004-1-R09")
def test_a_high_risk_customers_credit_and_limit_are_watched(law):
    """对高风险客户进行重点关注，严格控制交易额度."""
    policy = law.policy(PACK)
    kind = policy.dossier_type("客户风险档案")
    high, low = {"risk_level": "高风险"}, {"risk_level": "低"}
    assert policy.document_type("信用评估").zh == "客户信用评估"
    assert policy.document_type("信用评估").id in kind.items[1].types
    assert lacking(kind, {"risk_assessment"}, high) == ("credit",)
    assert lacking(kind, {"risk_assessment"}, low) == ()
    assert "交易额度" in {gap.field.zh for gap in profile_gaps(policy, high)}
    assert "交易额度" not in {gap.field.zh for gap in profile_gaps(policy, low)}


@pytest.mark.rule("S004-1-R12")
def test_it_binds_from_its_issue_and_business_management_interprets_it(law):
    """自发布之日起实施; 由公司业务管理部门负责解释、补充和修订."""
    policy = law.policy(PACK)
    assert provisions(policy, "effective") == ["自发布之日起实施"]
    (said,) = (c.row for c in policy.rows(Provision) if c.row.about == "interpreted_by")
    assert [policy.departments[name].zh for name in said.by] == ["业务管理部门"]
    assert "补充和修订" in said.zh
