"""Commercial secrets of state-owned enterprises: the marks, and how they are fixed."""

from datetime import date

import pytest

from policies.approvals import Request, decide
from policies.lending import knows
from policies.pack_rows import Need, Role
from policies.questions import open_questions
from policies.rule_rows import Secrecy
from policies.scope import marking, secrecy_scope

GRADES = ("CONF", "SECRET")


def commercial(law, **settings):
    return law.policy("secrecy-commercial", **settings)


def ask(policy, action, grade, **more):
    decision = decide(policy, Request(action, grade=grade, **more))
    return [(step.role, step.act) for step in decision.steps]


def about(policy, of):
    return [c.row for c in policy.rows(Secrecy) if c.row.of == of]


@pytest.mark.rule("SASAC-2010-10")
def test_business_and_technical_information_are_commercial_secrets(law):
    """客户信息 is named; formulas and know-how are; which grade is left to the enterprise."""
    policy = commercial(law)
    business = secrecy_scope(policy, ["customer_info"])
    technical = secrecy_scope(policy, ["know_how"])
    assert business.secret is technical.secret is True
    assert business.heads != technical.heads
    for word in ("strategy", "financial_statement", "tender", "formula", "design"):
        assert secrecy_scope(policy, [word]).secret
    assert [c.row.kind for c in policy.rows(Need) if c.row.id == "ungraded"] == ["grade"]
    rest = [grade.code for grade in policy.grades.values() if grade.period != "required"]
    assert rest == ["INTERNAL", "PUBLIC"]


@pytest.mark.rule("SASAC-2010-12")
def test_grade_period_and_circle_are_proposed_approved_and_put_on_record(law):
    """业务部门拟定，主管领导审批，保密办公室备案."""
    policy = commercial(law)
    proposed = [("business_department", "review"), ("leader_in_charge", "approve")]
    for grade in GRADES:
        for action in ("regrade", "declassify"):
            assert ask(policy, action, grade) == [*proposed, ("secrecy_office", "sign")]
        assert ask(policy, "view", grade) == proposed
        assert knows(policy, grade, [], named=True)
        assert not knows(policy, grade, [], concerned=True, delegated=True)
    names = {c.row.id: c.row.zh for c in policy.rows(Role)}
    assert names == {
        "business_department": "产生该事项的业务部门",
        "leader_in_charge": "主管领导",
        "secrecy_office": "保密办公室",
    }
    open_roles = {q.setting for q in open_questions(policy) if q.setting.startswith("role.")}
    assert open_roles == {"role.business_department", "role.leader_in_charge"}


@pytest.mark.rule("SASAC-2010-13")
def test_there_are_core_and_ordinary_commercial_secrets(law):
    """By the economic damage a leak does; marked 核心商密 and 普通商密, never with a star."""
    policy = commercial(law)
    grades = policy.grades
    assert "TOP" not in grades
    assert [(grades[code].zh, grades[code].mark) for code in GRADES] == [
        ("核心商密", "核心商密"), ("普通商密", "普通商密"),
    ]  # fmt: skip
    assert grades["CONF"].rank > grades["SECRET"].rank > grades["INTERNAL"].rank
    assert all(grades[code].encrypt for code in GRADES)
    (meant,) = about(policy, "definition")
    assert set(meant.grades) == set(GRADES)
    assert "经济利益" in meant.zh


@pytest.mark.rule("SASAC-2010-14")
def test_the_enterprise_fixes_the_period(law):
    """Years, months and days, or 长期 where no end can be foreseen; no default."""
    policy = commercial(law)
    for grade in GRADES:
        found = marking(policy, grade)
        assert found.usual is None
        assert [question.clauses for question in found.open] == [("SASAC-2010-14",)]
    assert "commercial_secrecy_period" in {question.setting for question in policy.questions}
    two_years = commercial(law, commercial_secrecy_period="2 years")
    ends = marking(two_years, "CONF").usual.ends(date(2026, 5, 6))
    assert ends == date(2028, 5, 6)
    assert marking(commercial(law, commercial_secrecy_period="长期"), "SECRET").usual.forever


@pytest.mark.rule("SASAC-2010-15")
def test_the_mark_says_whose_secret_it_is_its_grade_and_its_period(law):
    """权属、密级、保密期限 stand on the carrier."""
    policy = commercial(law)
    for grade in GRADES:
        found = marking(policy, grade)
        assert found.period_required
        assert found.marked_by == ("business_department",)
    (row,) = about(policy, "marking")
    assert all(word in row.zh for word in ("权属", "密级", "保密期限"))


@pytest.mark.rule("SASAC-2010-13")
def test_an_archive_may_change_to_it_without_grading_anew(law):
    """The codes that both regulations share have the same rank and are sealed alike."""
    theirs, ours = commercial(law).grades, law.policy("secrecy").grades
    assert set(theirs) == set(ours) - {"TOP"}
    for code, grade in theirs.items():
        assert (grade.rank, grade.encrypt) == (ours[code].rank, ours[code].encrypt)
    dealer = law.policy("auto-dealer", "secrecy-commercial")
    assert dealer.default_grade("green_card").grade.zh == "普通商密"
