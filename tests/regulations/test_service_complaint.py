"""S001-13, complaints of service: the papers of a case, its two clocks, who may look, penalties."""

from datetime import date

import pytest

from policies.approvals import Request, decide
from policies.checklist import Paper, review
from policies.customers import scheme_value
from policies.deadlines import due_of
from policies.handover import receipt_rules
from policies.pack_rows import Role
from policies.penalties import Violation, assess
from policies.rule_rows import Form
from policies.scope import in_filing_scope

PAPERS = ["客户投诉记录表", "客户投诉报表", "投诉处理结果", "客户回访记录表", "总结与综合评价"]
TITLES = ["客户投诉记录表", "客户投诉报表", "处理结果", "回访记录", "总结与综合评价"]
TODAY = date(2026, 6, 15)


def adopted(law):
    return law.policy("service-complaint")


def case(law):
    return adopted(law).dossier_type("complaint_agency")


def item(law, title):
    return next(item for item in case(law).items if item.zh == title)


def roles(law, ids):
    words = {c.row.id: c.row.zh for c in adopted(law).rows(Role)}
    return [words[role] for role in ids]


def lacks(law, names):
    policy = adopted(law)
    filed = [Paper(policy.document_type(name).id, TODAY) for name in names]
    return [one.item.zh for one in review(case(law), filed, {}, {}, TODAY) if one.lacks]


def fined(law, code):
    """What one violation costs: role, from, to, points, month's pay, notice, sanction."""
    (one,) = assess(adopted(law), [Violation(code, "", date(2026, 6, 3), person="li")])
    return (
        *roles(law, [one.violation.role]), one.amount, one.amount_to, one.points, one.month_pay,
        one.notice, one.sanction,
    )  # fmt: skip


@pytest.mark.rule("S001-13-R01")
def test_complaints_are_of_attitude_competence_efficiency_or_other_service(law):
    """服务态度, 专业素质, 服务效率, and other matters of service."""
    kinds = [scheme_value(adopted(law), word) for word in
             ("服务态度", "专业素质", "服务效率", "其他服务方面")]  # fmt: skip
    assert len({scheme for scheme, _ in kinds}) == 1
    assert len({value for _, value in kinds}) == 4


@pytest.mark.rule("S001-13-R03")
def test_the_hr_manager_takes_the_complaint_and_writes_the_record(law):
    """人事行政经理 writes down the matter and what the customer wants."""
    policy = adopted(law)
    (duty,) = policy.duties("receive", dossier_type="complaint_agency")
    assert roles(law, duty.row.roles) == ["人事行政经理"]
    assert policy.departments[case(law).department].zh == "人事行政部"
    record = item(law, "客户投诉记录表")
    assert record.fields == ("客户投诉的主要资料", "客户要求")
    assert record.types == (policy.document_type("客户投诉登记表").id,)
    forms = [c.row for c in policy.rows(Form) if c.row.type == record.types[0]]
    assert [set(record.fields) <= set(form.fields) for form in forms] == [True]


@pytest.mark.rule("S001-13-R05")
def test_the_complaint_is_passed_on_with_its_form(law):
    """客户投诉报表 goes from the HR manager to the supervisor of the department complained of."""
    policy = adopted(law)
    (cited,) = receipt_rules(policy, "transfer", "complaint_agency")
    assert roles(law, (*cited.row.givers, *cited.row.receivers)) == [
        "人事行政经理", "被投诉部门主管",
    ]  # fmt: skip
    form = policy.document_type("客户投诉报表")
    assert item(law, "客户投诉报表").types == (form.id,)
    assert form.id in {c.row.type for c in policy.rows(Form)}


@pytest.mark.rule("S001-13-R06")
def test_the_department_settles_it_and_reports_the_result(law):
    """被投诉部门主管 investigates, and reports once the customer is content."""
    (duty,) = adopted(law).duties("answer_for", dossier_type="complaint_agency")
    assert roles(law, duty.row.roles) == ["被投诉部门主管"]
    assert item(law, "处理结果").types == (adopted(law).document_type("投诉处理结果").id,)


@pytest.mark.rule("S001-13-R07")
def test_the_hr_manager_revisits_and_sums_up(law):
    """回访, the final result, summary and evaluation, by 人事行政经理."""
    policy = adopted(law)
    (duty,) = policy.duties("check", dossier_type="complaint_agency")
    assert roles(law, duty.row.roles) == ["人事行政经理"]
    assert item(law, "回访记录").types == (policy.document_type("客户回访记录表").id,)
    summary = item(law, "总结与综合评价")
    assert summary.fields == ("最终处理结果", "总结与综合评价")
    assert summary.types == (policy.document_type("投诉总结").id,)


@pytest.mark.rule("S001-13-R08")
def test_every_document_of_a_complaint_is_filed(law):
    """The case is complete with its five papers; whatever else there was has a place too."""
    assert lacks(law, []) == TITLES
    assert lacks(law, PAPERS) == []
    for number, title in enumerate(TITLES):
        assert lacks(law, PAPERS[:number] + PAPERS[number + 1 :]) == [title]
    for name in (*PAPERS, "投诉相关资料"):
        kind = adopted(law).document_type(name)
        assert in_filing_scope(adopted(law), kind.id, "hr_admin").inside, name
    letters = adopted(law).document_type("投诉相关资料").id
    assert [each.required for each in case(law).items if letters in each.types] == ["optional"]


@pytest.mark.rule("S001-13-R09")
def test_supervisors_and_the_general_manager_look_by_their_rights(law):
    """部门主管 his own department's, 总经理 all, anybody else none."""

    def free(role, relation):
        request = Request("view", "SECRET", relation, None, "complaint_agency", roles=(role,))
        return decide(adopted(law), request).free

    for relation in ("owner", "own_dept", "other_dept"):
        assert free("general_manager", relation)
        assert free("department_supervisor", relation) == (relation != "other_dept")
        assert not free("service_staff", relation)
    assert roles(law, ["department_supervisor", "general_manager"]) == ["部门主管", "总经理"]


@pytest.mark.rule("S001-13-R09")
def test_the_whole_course_stands_in_the_record(law):
    """事件处理全过程 goes into 客户投诉记录表, from the matter to the evaluation."""
    kind = adopted(law).document_type("客户投诉记录表")
    (form,) = [c.row for c in adopted(law).rows(Form) if c.row.type == kind.id]
    assert form.fields[0] == "客户投诉的主要资料"
    assert form.fields[-1] == "总结与综合评价"
    assert {"具体职责人", "解决方案", "处理结果"} <= set(form.fields)


@pytest.mark.rule("S001-13-R10")
def test_two_clocks_run_from_one_complaint(law):
    """Investigated within one working day, answered within two."""

    def due(title, received):
        found = due_of(case(law), item(law, title).id, {"received": received}, law.calendar)
        return found and (found.day, found.clause)

    for received, first, second in (
        (date(2026, 6, 9), date(2026, 6, 10), date(2026, 6, 11)),
        (date(2026, 6, 18), date(2026, 6, 22), date(2026, 6, 23)),  # Dragon Boat, 19 to 21 June
        (date(2026, 9, 30), date(2026, 10, 8), date(2026, 10, 9)),  # National Day, 1 to 7 October
    ):
        assert due("客户投诉记录表", received) == (first, "S001-13-R10")
        assert due("客户投诉报表", received) == (first, "S001-13-R10")
        assert due("处理结果", received) == (second, "S001-13-R10")
        assert due("回访记录", received) is None


@pytest.mark.rule("S001-13-R11")
def test_tier_one_costs_thirty_to_a_hundred_yuan(law):
    """Poor service, not knowing the work, disrespect."""
    for code in ("poor_service", "unfamiliar_with_work", "disrespect"):
        assert fined(law, code) == ("服务人员", 30, 100, 0, False, False, "")


@pytest.mark.rule("S001-13-R12")
def test_tier_two_costs_two_hundred_yuan_and_five_points(law):
    """Cold reception, making things difficult, quarrelling; announced to the company."""
    for code in ("cold_reception", "harassing_customer", "quarrel_with_customer"):
        assert fined(law, code) == ("服务人员", 200, 200, 5, False, True, "")


@pytest.mark.rule("S001-13-R13")
def test_tier_three_costs_a_reprimand_three_hundred_yuan_and_ten_points(law):
    """Denial; and a supervisor who does not supervise."""
    assert fined(law, "denial") == ("服务人员", 300, 300, 10, False, True, "申诫")
    assert fined(law, "poor_supervision") == ("部门主管", 300, 300, 10, False, True, "申诫")


@pytest.mark.rule("S001-13-R14")
def test_tier_four_costs_a_major_demerit_and_the_months_pay(law):
    """Concealment and obstruction: 记大过, 1000 yuan, the month's performance pay."""
    for code in ("concealment", "obstruction"):
        assert fined(law, code) == ("服务人员", 1000, 1000, 0, True, True, "记大过")


@pytest.mark.rule("S001-13-R16")
def test_department_managers_confirm_penalties(law):
    """部门经理负责本部门投诉事件的处罚管理."""
    (one,) = assess(adopted(law), [Violation("disrespect", "service_staff", date(2026, 6, 3),
                                             dossier_type="complaint_agency")])  # fmt: skip
    assert roles(law, one.confirmed_by) == ["部门经理"]
