"""S003, building and keeping customer relations: a strategy, a flow of work, steady review."""

from datetime import date

import pytest
from customer_law import Regular, asked_for, provisions, regular

from policies.checklist import Paper, lacking, review
from policies.customers import scheme_value

PACK = "crm-basics"
TODAY = date(2026, 7, 1)


def points(law, paper, wanting=()):
    """What is wrong with a plan that holds `paper`, in which a person found `wanting` missing."""
    policy = law.policy(PACK)
    filed = Paper(policy.document_type(paper).id, TODAY, lacking_fields=frozenset(wanting))
    found = review(policy.dossier_type("客户关系管理方案"), [filed], {}, {}, TODAY)
    (one,) = (item for item in found if item.papers)
    return [lack.detail for lack in one.lacks], [said.partition(":")[2] for said in one.unattested]


@pytest.mark.rule("S003-R03", "S003-R04", "S003-R07")
def test_the_plan_of_a_year_has_strategy_flow_and_review(law):
    """Each is missing until it is there."""
    policy = law.policy(PACK)
    assert asked_for(policy, "客户关系管理方案") == [
        ("客户管理策略", ("客户管理策略",)),
        ("客户关系运营流程", ("客户关系运营流程",)),
        ("审核和改进记录", ("客户关系制度审核记录",)),
    ]
    kind = policy.dossier_type("客户关系管理方案")
    assert lacking(kind, {"customer_strategy"}) == ("flow", "review")
    assert policy.departments[kind.department].zh == "客户管理团队"


@pytest.mark.rule("S003-R03")
def test_the_strategy_speaks_of_classes_development_and_care(law):
    """客户分类和分级、客户开发和挖掘、客户关怀和回访."""
    three = ["客户分类和分级", "客户开发和挖掘", "客户关怀和回访"]
    assert points(law, "客户管理策略") == ([], three)
    assert points(law, "客户管理策略", three[:1]) == (three[:1], three[1:])


@pytest.mark.rule("S003-R03")
def test_the_classes_are_the_companys_own(law):
    """The text names classing and grading, and no classes: the company is asked."""
    asked = {question.setting for question in law.policy(PACK).questions}
    assert "crm_classes" in asked
    answered = law.policy(PACK, crm_classes="customer-grading").questions
    assert "crm_classes" not in {question.setting for question in answered}


@pytest.mark.rule("S003-R04")
def test_the_flow_has_contact_communication_service_and_complaints(law):
    """客户接触、沟通、服务和投诉处理: the stages of the flow, and the kinds of a matter."""
    four = ["客户接触", "沟通", "服务", "投诉处理"]
    assert points(law, "客户关系运营流程") == ([], four)
    policy = law.policy(PACK)
    stages = [scheme_value(policy, name)[1] for name in four]
    assert stages == ["contact", "communication", "service", "complaint"]


@pytest.mark.rule("S003-R07")
def test_the_regulation_is_reviewed_as_often_as_the_company_says(law):
    """不断进行审核和改进: how often is the company's word."""
    assert regular(law, PACK, "crm_review_months", 12, date(2026, 1, 15)) == Regular(
        "review", ("客户关系制度审核记录",), ("客户管理团队",), date(2027, 1, 15)
    )
    (said,) = provisions(law.policy(PACK), "review")
    assert "根据实际情况" in said and "有效性和可持续性" in said
