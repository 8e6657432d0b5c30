"""S001-14: registering customers with market promotion, viewing and keeping up their files."""

from datetime import date

import pytest

from policies.approvals import Request, decide
from policies.checklist import Paper, checklist, review
from policies.customer_rows import Ownership
from policies.customers import contacts_needed, profile_gaps, scheme_value
from policies.deadlines import DossierState, due_of, missing
from policies.measures import measures, reminders_needed, urged_in_vain
from policies.pack_rows import Role
from policies.penalties import Violation, assess
from policies.routines import intervals, owed_of
from policies.rule_rows import FilingScope, Form, Provision, Routine

BASICS = ("客户名称", "客户类别", "企业性质", "主管单位", "地址", "联系人", "联系电话")


def policy(law, **settings):
    """The regulation alone, with the company's answers."""
    return law.policy("business-registration", **settings)


def row(law, kind, row_id):
    """One row of the pack."""
    return {found.id: found for found in law.pack("business-registration").rows(kind)}[row_id]


def ownership(law, rule):
    """The one row of the pack that states this ownership rule."""
    (found,) = (r for r in law.pack("business-registration").rows(Ownership) if r.rule == rule)
    return found


def asked(law, setting):
    """The clauses of the open question about a setting; none when it is not asked."""
    return {q.setting: q.clauses for q in policy(law).questions}.get(setting, ())


def state_of(law, routine_id, last, today, **settings):
    """How a routine of one dossier stands."""
    adopted = policy(law, **settings)
    (cited,) = (c for c in adopted.rows(Routine) if c.row.id == routine_id)
    return owed_of(cited, law.calendar, today, [last], intervals(adopted))[0].state


@pytest.mark.rule("S001-14-R01")
def test_customers_are_parties_with_business_dealings(law):
    """公司客户主要指与公司有业务往来的客户."""
    found = row(law, Provision, "registration_scope")
    assert (found.about, found.zh) == ("scope", "公司客户主要指与公司有业务往来的客户")


@pytest.mark.rule("S001-14-R02")
def test_there_are_four_classes_of_customers(law):
    """目标、一般、重点和潜在客户, each told with its scheme."""
    names = ("目标客户", "一般客户", "重点客户", "潜在客户")
    found = [scheme_value(policy(law), name) for name in names]
    classes = ("target", "ordinary", "key", "potential")
    assert found == [("business_class", value) for value in classes]


@pytest.mark.rule("S001-14-R03", "S001-14-R06")
def test_a_new_customer_is_registered_within_five_working_days(law):
    """His file account is opened; a contact on the eve of National Day is due on the 14th."""
    kind = policy(law).dossier_type("registration")
    assert kind.kind == "customer"
    for met, due in (
        (date(2025, 9, 30), date(2025, 10, 14)),  # 11 October 2025 is a make-up Saturday
        (date(2026, 6, 1), date(2026, 6, 8)),
    ):
        found = due_of(kind, "customer_basics_form", {"first_contact": met}, law.calendar)
        assert (found.day, found.clause) == (due, "S001-14-R06")


@pytest.mark.rule("S001-14-R04")
def test_the_basics_of_a_customer_are_standard(law):
    """Seven fields, from the name to the telephone: what is not registered is a gap."""
    assert [gap.field.zh for gap in profile_gaps(policy(law), {})] == list(BASICS)
    gaps = profile_gaps(policy(law), {"name": "甲公司", "class": "重点客户", "phone": "029"})
    assert [gap.field.zh for gap in gaps] == ["企业性质", "主管单位", "地址", "联系人"]


@pytest.mark.rule("S001-14-R04", "S001-14-R06")
def test_registration_takes_the_customer_basics_form(law):
    """《客户基本信息表》, with the seven fields filled in."""
    form = policy(law).find_type("客户基本信息表")
    kind = policy(law).dossier_type("registration")
    (found,) = review(kind, [Paper(form.id, date(2026, 6, 2))], {}, {}, date(2026, 6, 2))
    assert found.papers and found.unattested == tuple(f"field:{name}" for name in BASICS)
    assert row(law, Form, "customer_basics_form").fields == BASICS


@pytest.mark.rule("S001-14-R05")
def test_major_changes_on_either_side_are_entered(law):
    """客户方面的, and 公司与客户方面的: both go into the customer's file."""
    heads = [
        row(law, FilingScope, name) for name in ("customers_own_changes", "changes_between_us")
    ]
    assert [head.number for head in heads] == [1, 2]
    assert {head.types for head in heads} == {("customer_change_form",)}
    (side,) = policy(law).dossier_type("change").keys
    assert side.values == ("客户方面", "公司与客户方面")
    form = row(law, Form, "customer_change_form")
    assert {"客户方面的重大变动", "公司与客户方面的重大变动"} <= set(form.fields)


@pytest.mark.rule("S001-14-R06", "S001-14-R07")
def test_market_promotion_receives_registrations_and_changes(law):
    """The business department hands in, market promotion receives."""
    for name in ("registration", "change"):
        assert policy(law).dossier_type(name).department == "business_department"
        (duty,) = policy(law).duties("receive", dossier_type=name)
        assert duty.row.departments == ("market_promotion",)
    assert policy(law).departments["market_promotion"].zh == "市场推广部"
    assert policy(law).departments["business_department"].zh == "业务部门"


@pytest.mark.rule("S001-14-R07")
def test_changes_are_reported_within_five_working_days(law):
    """《客户信息维护表》; make-up days count, Spring Festival does not."""
    kind = policy(law).dossier_type("change")
    due = due_of(kind, "customer_change_form", {"change": date(2025, 1, 24)}, law.calendar)
    assert (due.day, due.clause) == (date(2025, 2, 7), "S001-14-R07")
    state = DossierState("change", events={"change": date(2026, 6, 1)})
    (lack,) = missing(state, policy(law), law.calendar, date(2026, 6, 9))
    assert (lack.item, lack.overdue) == ("customer_change_form", True)
    assert policy(law).find_type("客户信息维护表").id == "customer_change_form"
    assert row(law, Form, "customer_change_form").type == "customer_change_form"


@pytest.mark.rule("S001-14-R08")
def test_the_department_manager_lets_his_department_see_its_files(law):
    """本业务部门客户档案，经部门经理批准后."""
    decision = decide(policy(law), Request("view", "SECRET", "own_dept"))
    assert [(s.role, s.act) for s in decision.steps] == [("department_manager", "approve")]
    assert row(law, Role, "department_manager").zh == "部门经理"


@pytest.mark.rule("S001-14-R09")
def test_the_general_manager_lets_another_department_see_them(law):
    """非本业务部门客户档案，经总经理批准后."""
    decision = decide(policy(law), Request("view", "SECRET", "other_dept"))
    assert [(s.role, s.act) for s in decision.steps] == [("general_manager", "approve")]
    assert row(law, Role, "general_manager").zh == "总经理"
    assert not decide(policy(law), Request("view", "SECRET", "external")).allowed


@pytest.mark.rule("S001-14-R11")
def test_letters_faxes_and_calls_are_merged_into_the_file(law):
    """Whichever there was; a correspondence file with none of them lacks something."""
    types = [policy(law).find_type(name).id for name in ("信函", "传真", "电话记录")]
    assert row(law, FilingScope, "correspondence").types == tuple(types)
    kind = policy(law).dossier_type("correspondence")
    assert [s.item.id for s in checklist(kind, ()) if s.missing] == ["exchange"]
    for name in types:
        states = checklist(kind, [name])
        assert not any(state.missing for state in states)
        assert [s.item.types for s in states if s.satisfied] == [tuple(types), (name,)]


@pytest.mark.rule("S001-14-R12")
def test_an_important_new_customer_has_two_contacts(law):
    """公司要有两名以上的人员与之联系: for key customers, not for others."""
    for word in ("重点", "重点客户", "key"):
        assert contacts_needed(policy(law), {"class": word}) == (2, "S001-14-R12")
    assert contacts_needed(policy(law), {"class": "一般客户"})[0] == 1


@pytest.mark.rule("S001-14-R12")
def test_contacts_with_an_important_new_customer_are_reported(law):
    """联系报告制度: a report is asked for, and again in the company's rhythm."""
    state = DossierState("key_new_customer")
    (lack,) = missing(state, policy(law), law.calendar, date(2026, 6, 1))
    assert lack.item == policy(law).find_type("联系报告").id == "contact_report"
    told = date(2026, 3, 31)
    answer = {"contact_report_months": "2"}
    assert state_of(law, "contact_reports", told, date(2026, 5, 31), **answer) == "open"
    assert state_of(law, "contact_reports", told, date(2026, 6, 1), **answer) == "overdue"
    assert asked(law, "contact_report_months") == ("S001-14-R12",)


@pytest.mark.rule("S001-14-R13")
def test_a_contact_who_leaves_is_replaced_and_the_customer_told(law):
    """应由公司及时通知有关客户，并指派其他员工代替."""
    found = ownership(law, "leaver_replaced")
    assert "通知客户" in found.zh and "代替" in found.zh
    assert policy(law).find_type("联系人员变更通知").anywhere


@pytest.mark.rule("S001-14-R14")
def test_market_promotion_plans_visits_and_care_by_class(law):
    """制定相应的客户拜访及关系维护方案."""
    plan = policy(law).find_type("客户拜访及关系维护方案")
    (duty,) = policy(law).duties("compose", doc_type=plan.id)
    assert duty.row.departments == ("market_promotion",)


@pytest.mark.rule("S001-14-R15")
def test_customers_are_revisited_and_surveyed_in_the_company_s_rhythm(law):
    """定期 is no number: the company sets both intervals."""
    last = date(2026, 1, 15)
    for routine, setting, paper in (
        ("registered_revisits", "registered_revisit_months", "客户回访记录表"),
        ("registered_surveys", "registered_survey_months", "满意度调查"),
    ):
        assert asked(law, setting) == ("S001-14-R15",)
        assert row(law, Routine, routine).types == (policy(law).find_type(paper).id,)
        answer = {setting: "6"}
        assert state_of(law, routine, last, date(2026, 7, 15), **answer) == "open"
        assert state_of(law, routine, last, date(2026, 7, 16), **answer) == "overdue"


@pytest.mark.rule("S001-14-R15")
def test_what_revisits_and_surveys_find_counts_for_the_department(law):
    """以此做为业务部门相应考核依据."""
    (cited,) = measures(policy(law), "satisfaction")
    assert cited.row.per == "department"
    assert set(cited.row.types) == {"revisit_record", "satisfaction_survey"}


@pytest.mark.rule("S001-14-R17")
def test_expenses_for_an_unregistered_customer_are_not_reimbursed(law):
    """招待、差旅、礼品: finance reimburses none of it."""
    found = ownership(law, "registered_gate")
    assert found.expenses == ("招待", "差旅", "礼品")
    assert policy(law).departments["finance"].zh == "财务部"


@pytest.mark.rule("S001-14-R18")
def test_who_does_not_register_in_spite_of_reminders_is_penalised(law):
    """多次 and 相应 are no numbers: the company says how many reminders, how many points."""
    (cited,) = measures(policy(law), "registration")
    assert cited.row.reminders_from == "registration_reminders"
    assert (cited.row.violation, cited.row.dossier_types) == (
        "registration_refused", ("registration",),
    )  # fmt: skip
    answered = policy(law, registration_reminders="2")
    assert reminders_needed(policy(law), cited.row) == 0
    assert reminders_needed(answered, cited.row) == 2
    urged = [date(2026, 6, 10), date(2026, 6, 17)]
    assert urged_in_vain(urged, None, date(2026, 6, 30), least=2)
    refusal = Violation("registration_refused", "", date(2026, 6, 30), dossier_type="registration")
    (found,) = assess(policy(law, registration_points="5"), [refusal])
    assert (found.violation.role, found.points) == ("registering_staff", 5)
    assert found.clauses == ("S001-14-R18",)
    assert row(law, Role, "registering_staff").department == "business_department"
    for setting in ("registration_reminders", "registration_points"):
        assert asked(law, setting) == ("S001-14-R18",)


@pytest.mark.rule("S001-14-R19")
def test_market_promotion_interprets_and_the_general_manager_issues(law):
    """由市场推广部解释、补充，经总经理批准后颁行; in force from 1 July."""
    assert row(law, Provision, "registration_interpreted").by == ("market_promotion",)
    assert row(law, Provision, "registration_issued").by == ("general_manager",)
    assert "7月1日" in row(law, Provision, "registration_effective").zh


@pytest.mark.rule("S001-14-R20")
def test_three_flows_are_named_and_their_charts_are_missing(law):
    """客户备案流程、客户拜访流程和客户费用报销流程."""
    flows = row(law, Provision, "registration_flows").zh
    assert all(name in flows for name in ("客户备案流程", "客户拜访流程", "客户费用报销流程"))
    assert row(law, Provision, "registration_charts_gap").about == "gap"
