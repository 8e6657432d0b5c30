"""S004-2, business customers: three ways to class them, four grades, a file of three parts."""

from datetime import date

import pytest
from customer_law import Regular, asked_for, provisions, regular

from policies.checklist import lacking
from policies.customer_rows import Scheme
from policies.customers import scheme_value

PACK = "customer-care"
GRADES = {
    "A级客户": "对公司业务贡献度大，具有战略合作伙伴关系",
    "B级客户": "对公司业务有一定贡献度，合作稳定",
    "C级客户": "对公司业务贡献度一般，合作潜力较大",
    "D级客户": "对公司业务贡献度小，合作潜力较小",
}


@pytest.mark.rule("S004-2-R01")
def test_customers_are_classed_by_industry_scale_and_region(law):
    """Article 4, with the examples it gives."""
    rows = [c.row for c in law.policy(PACK).rows(Scheme) if c.row.of == "facet"]
    assert [[value.zh for value in row.values] for row in rows] == [
        ["金融", "制造", "教育"],
        ["大型企业", "中型企业", "小型企业"],
        ["国内客户", "海外客户"],
    ]
    assert scheme_value(law.policy(PACK), "海外客户") == ("care-region", "overseas")


@pytest.mark.rule("S004-2-R02")
def test_there_are_four_grades_and_what_qualifies_for_each(law):
    """A, B, C, D, in the words of article 5."""
    (scheme,) = (c.row for c in law.policy(PACK).rows(Scheme) if c.row.of == "grade")
    assert {value.zh: value.means for value in scheme.values} == GRADES
    assert scheme_value(law.policy(PACK), "D") == (PACK, "d")


@pytest.mark.rule("S004-2-R03")
def test_the_customers_file_has_three_parts(law):
    """基本信息、业务往来、服务记录."""
    policy = law.policy(PACK)
    assert asked_for(policy, "business_customer_2") == [
        ("基本信息", ("客户基本信息",)),
        ("业务往来", ("业务往来记录",)),
        ("服务记录", ("服务记录",)),
    ]
    kind = policy.dossier_type("business_customer_2")
    assert lacking(kind, {"customer_basic_info"}) == ("dealings", "service")
    assert policy.departments[kind.department].zh == "业务部门"


@pytest.mark.rule("S004-2-R06")
def test_satisfaction_is_surveyed_as_often_as_the_company_says(law):
    """定期开展客户满意度调查: the text gives no number."""
    assert regular(law, PACK, "care_survey_months", 6, date(2026, 2, 28)) == Regular(
        "survey", ("满意度调查",), ("业务部门",), date(2026, 8, 28)
    )


@pytest.mark.rule("S004-2-R07")
def test_approvals_of_business_have_a_paper_of_their_own(law):
    """建立业务审批制度: the form may lie in any file, recognised by what is printed on it."""
    form = law.policy(PACK).document_type("业务审批单")
    assert form.anywhere
    assert "业务审批单" in form.titles


@pytest.mark.rule("S004-2-R10")
def test_it_binds_from_its_issue_and_goes_before_earlier_rules(law):
    """自发布之日起实施, 原有相关规定与本制度不一致的, 以 … and there the text is lost."""
    policy = law.policy(PACK)
    assert provisions(policy, "effective") == ["自发布之日起实施"]
    (prevails,) = provisions(policy, "prevails")
    assert prevails.startswith("原有相关规定与本制度不一致的")
    assert ["第十六条" in gap for gap in provisions(policy, "gap")] == [True]
