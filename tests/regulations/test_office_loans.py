"""What the office records regulation says of reading and borrowing (S001-1, chapters 3 and 4).

Each test names its rules and takes the one argument `law`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from law import Law
from office import doing, role, the

from policies.approvals import Request, decide
from policies.conduct_rows import Incident
from policies.handover import receipt_terms
from policies.lending import loan_terms
from policies.pack_rows import Role
from policies.penalties import Violation, assess
from policies.policy import Policy
from policies.rule_rows import Form

PACK = "office-records"


def of(law: Law, **settings: str) -> Policy:
    """The regulation with the grades it refers to."""
    return law.policy(PACK, "secrecy", **settings)


def steps(law: Law, **asked: Any) -> list[tuple[str, str]]:
    """The Chinese role and the act of every step."""
    decision = decide(of(law), Request(**asked))
    assert decision.allowed, decision.why
    names = {row.id: row.zh for row in law.pack(PACK).rows(Role)}
    return [(names[step.role], step.act) for step in decision.steps]


@pytest.mark.rule("S001-1-R42")
def test_own_staff_need_the_leader_of_their_department(law):
    """经部门领导批准后，可直接到档案室借阅."""
    for action in ("view", "borrow"):
        for relation in ("owner", "own_dept"):
            assert steps(law, action=action, relation=relation) == [("部门负责人", "approve")]


@pytest.mark.rule("S001-1-R43")
def test_other_departments_bring_a_certificate_and_need_the_archive_head(law):
    """经本公司或部门领导批准证明，负责人批准，方能查阅."""
    for relation in ("other_dept", "sister_company"):
        asked = steps(law, action="view", relation=relation)
        assert asked == [("部门负责人", "certify"), ("档案负责人", "approve")]


@pytest.mark.rule("S001-1-R44")
def test_readers_from_outside_need_two_yeses_and_two_papers(law):
    """持有单位介绍信、查阅人身份证件，经负责人批准，报经理批准."""
    asked = steps(law, action="view", relation="external")
    assert asked == [("档案负责人", "approve"), ("经理级", "approve")]
    shown = decide(of(law), Request("view", relation="external")).evidence
    assert [of(law).document_types[name].zh for name in shown] == ["单位介绍信", "查阅人身份证件"]
    assert doing(law, PACK, "receive") == {"档案管理员"}


@pytest.mark.rule("S001-1-R43", "S001-1-R44", "S001-1-R46", "S001-1-R51")
def test_bare_heads_managers_and_leaders_are_nobody_until_the_company_says(law):
    """负责人, 经理 and 领导 are nowhere defined."""
    for name in ("档案负责人", "经理级", "领导"):
        assert of(law).who_is(role(law, PACK, name)) == ()
    said = of(law, role__archive_head="archive_clerk")
    assert said.who_is(role(law, PACK, "档案负责人")) == ("archive_clerk",)


@pytest.mark.rule("S001-1-R45")
def test_readers_from_outside_are_entered_in_detail(law):
    """详细登记查阅人的工作单位、查阅时间、档案名称及查阅理由."""
    wanted = {"工作单位", "查阅时间", "档案名称", "查阅理由"}
    assert set(loan_terms(of(law), "view", relation="external").fields) == wanted
    assert loan_terms(of(law), "view", relation="own_dept").fields == ()
    assert wanted <= set(the(law, PACK, Form, of="external_readers").columns)
    decision = decide(of(law), Request("view", relation="external"))
    assert decision.register
    assert decision.purpose


@pytest.mark.rule("S001-1-R46")
def test_nothing_leaves_the_room_but_as_an_exception(law):
    """一般不得带出室外; 经负责人批准, with purpose and return date in the register."""
    for action in ("take_out", "copy"):
        decision = decide(of(law), Request(action, relation="other_dept"))
        assert decision.exception
        assert decision.register
        assert decision.due_date
        assert decision.purpose
        assert steps(law, action=action) == [("档案负责人", "approve")]
        terms = loan_terms(of(law), action)
        assert "leave_room" in terms.forbids
        assert {"registration", "purpose", "due_date"} <= set(terms.demands)
        assert set(terms.fields) == {"借阅用途", "归还时间"}
    register = the(law, PACK, Form, zh="档案借阅登记簿")
    assert {"借阅用途", "归还时间"} <= set(register.columns)


@pytest.mark.rule("S001-1-R47")
def test_an_overdue_loan_is_a_breach_of_discipline(law):
    """逾期未归还档案者按违纪处理; the text names no amount."""
    (code,) = loan_terms(of(law), "borrow").overdue
    borrower = role(law, PACK, "借阅人")
    (found,) = assess(of(law), [Violation(code, borrower, date(2026, 6, 2), person="lin")])
    assert found.sanction == "按违纪处理"
    assert found.amount == 0


@pytest.mark.rule("S001-1-R48")
def test_a_borrower_leaves_no_trace(law):
    """不准在档案上涂改、圈划、折叠等: looked at when it comes back."""
    terms = loan_terms(of(law), "view")
    assert {"alter", "mark", "fold"} <= set(terms.forbids)
    assert "return_check" in terms.demands


@pytest.mark.rule("S001-1-R49")
def test_a_loan_is_one_persons_own(law):
    """不准转借，不得丢失，不得将档案内容向无关人员泄露."""
    assert {"on_lend", "lose", "disclose"} <= set(loan_terms(of(law), "borrow").forbids)


@pytest.mark.rule("S001-1-R50")
def test_both_sides_count_at_lending_and_at_return(law):
    """借阅和归还档案时，双方要当面点清."""
    assert "joint_count" in loan_terms(of(law), "borrow").demands
    for occasion in ("lend", "return"):
        assert "S001-1-R50" in receipt_terms(of(law), occasion).clauses


@pytest.mark.rule("S001-1-R51")
def test_damage_and_loss_are_traced_reported_and_punished(law):
    """积极追查补救, 及时向领导报告, 视情节轻重进行处罚."""
    (incident,) = law.pack(PACK).rows(Incident)
    assert set(incident.of) == {"damage", "loss"}
    assert incident.at_once
    assert incident.notify == (role(law, PACK, "领导"),)
    assert incident.remedies == ("积极追查补救", "及时向领导报告", "视情节轻重进行处罚")
    lost = Violation("lost_or_damaged", role(law, PACK, "借阅人"), date(2026, 6, 2))
    assert [found.sanction for found in assess(of(law), [lost])] == ["视情节轻重进行处罚"]
