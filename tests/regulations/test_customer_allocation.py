"""S001-5: giving out customer files, joint events, neglect and grievances."""

from datetime import date, datetime, timedelta

import pytest

from policies.approvals import Request, decide
from policies.checklist import Paper, checklist, holds, review
from policies.customer_rows import Ownership
from policies.customers import Claim, escalation, neglected, rule_ownership, who_may_reassign
from policies.deadlines import DossierState, due_of, missing
from policies.handover import receipt_terms
from policies.pack_rows import Role
from policies.penalties import Violation, assess, late
from policies.routines import business_day, occurrences
from policies.rule_rows import Provision, Routine

LISTS = ("confirmed_customer_list", "planned_invitation_list", "event_day_list")
QUALITY = frozenset({"verify:全面", "verify:清晰", "verify:整洁"})


def policy(law):
    """The event marketer's regulation alone."""
    return law.policy("customer-allocation")


def row(law, kind, row_id):
    """One row of the pack."""
    return {found.id: found for found in law.pack("customer-allocation").rows(kind)}[row_id]


def ownership(law, rule):
    """The one row of the pack that states this ownership rule."""
    (found,) = (r for r in law.pack("customer-allocation").rows(Ownership) if r.rule == rule)
    return found


def days_before(law, routine_id, event):
    """The days on which a routine falls due before the event."""
    found = row(law, Routine, routine_id)
    rows = occurrences(found, event - timedelta(30), event + timedelta(30), law.calendar, {}, event)
    return [(one.due, one.at) for one in rows]


@pytest.mark.rule("S001-5-R01")
def test_outreach_files_go_to_the_crm_centre_first(law):
    """The head of outreach hands them in to be entered, before they are given out."""
    terms = receipt_terms(policy(law), "handover")
    assert (terms.givers, terms.receivers) == (("outreach_head",), ("crm_centre",))
    assert terms.gates == ("录入处理后才能分配",)
    assert row(law, Role, "outreach_head").department == "outreach"
    assert policy(law).departments["outreach"].zh == "科普部门"
    assert policy(law).departments["crm_centre"].zh == "CRM管理中心"
    assert policy(law).find_type("科普顾客档案").anywhere


@pytest.mark.rule("S001-5-R02")
def test_the_crm_centre_gives_the_files_back(law):
    """After entry they return to the head of the department."""
    terms = receipt_terms(policy(law), "return")
    assert (terms.givers, terms.receivers) == (("crm_centre",), ("outreach_head",))
    assert terms.clauses == ("S001-5-R02",)


@pytest.mark.rule("S001-5-R03")
def test_outreach_files_are_given_out_evenly(law):
    """The head gives them out evenly, fairly and openly."""
    found = ownership(law, "even_assignment")
    assert found.by == ("outreach_head",)
    assert "公平公开" in found.zh and "平均" in found.zh
    (duty,) = policy(law).duties("assign", doc_type="outreach_customer_file")
    assert duty.row.roles == ("outreach_head",)


@pytest.mark.rule("S001-5-R05")
def test_lists_are_due_at_six_on_the_seven_evenings_before_the_event(law):
    """每天晚6点前, in the week before, weekends included; not on the day of the event."""
    event = date(2026, 5, 16)
    evenings = [(date(2026, 5, day), "18:00") for day in range(9, 16)]
    assert days_before(law, "confirmed_lists", event) == evenings
    assert days_before(law, "planned_invitations", event) == evenings
    found = row(law, Routine, "confirmed_lists")
    assert (found.departments, found.roles) == (("business_units",), ("unit_head",))
    assert found.types == ("confirmed_customer_list",)
    assert row(law, Role, "unit_head").department == "business_units"
    assert "事业部" in policy(law).departments["business_units"].zh


@pytest.mark.rule("S001-5-R05")
def test_an_invitation_after_six_counts_as_the_next_day_s(law):
    """每晚6点后再邀约算作第二天邀约."""
    cut_off = ownership(law, "earliest_list").cut_off
    assert business_day(datetime(2026, 5, 12, 17, 59), cut_off) == date(2026, 5, 12)
    assert business_day(datetime(2026, 5, 12, 18, 1), cut_off) == date(2026, 5, 13)


@pytest.mark.rule("S001-5-R05")
def test_the_second_unit_also_lists_whom_it_will_invite(law):
    """Both units list confirmed customers; only the second lists the next day's invitations."""
    event = policy(law).dossier_type("joint_event")
    asked = {
        unit: [s.item.types[0] for s in checklist(event, (), {}, {"unit": unit}) if s.asked]
        for unit in ("first", "第一事业部", "second", "第二事业部")
    }
    assert asked["second"] == asked["第二事业部"] == list(LISTS)
    assert asked["first"] == asked["第一事业部"] == [LISTS[0], LISTS[2]]
    when = row(law, Routine, "planned_invitations").when
    assert [holds(when, {}, {"unit": unit}) for unit in asked] == [False, False, True, True]
    names = ("当天邀约敲定顾客档案明细表", "当天邀约敲定顾客档案表", "第二天计划邀约顾客名单")
    assert [policy(law).find_type(name).id for name in names] == [LISTS[0], LISTS[0], LISTS[1]]


@pytest.mark.rule("S001-5-R05")
def test_each_day_of_the_week_before_has_its_list(law):
    """Six lists are one too few."""
    event = policy(law).dossier_type("joint_event")
    six = [Paper("confirmed_customer_list", date(2026, 5, day)) for day in range(9, 15)]
    first = review(event, six, {}, {}, date(2026, 5, 16))[0]
    assert [(lack.kind, lack.detail) for lack in first.lacks] == [("count", "6/7")]


@pytest.mark.rule("S001-5-R07")
def test_the_coordinator_checks_the_box_the_same_evening(law):
    """当晚开箱核对: every evening before the event, by the coordinator."""
    event = date(2026, 11, 8)
    assert days_before(law, "check_invitations", event) == [
        (date(2026, 11, day), "") for day in range(1, 8)
    ]
    assert row(law, Routine, "check_invitations").roles == ("coordinator",)
    assert row(law, Role, "coordinator").zh == "协调助理"
    (duty,) = policy(law).duties("check", dossier_type="joint_event")
    assert duty.row.roles == ("coordinator",)


@pytest.mark.rule("S001-5-R07")
def test_lists_without_duplicates_go_back_next_morning(law):
    """经核对无邀约重复后，第二天早会发还各部经理."""
    terms = receipt_terms(policy(law), "return", "joint_event")
    assert terms.givers[-1] == "coordinator" and terms.receivers[-1] == "unit_head"
    assert terms.flow == ("当晚开箱", "核对邀约有无重复", "第二天早会发还各部经理")


@pytest.mark.rule("S001-5-R08")
def test_lists_are_complete_clear_and_tidy(law):
    """全面、清晰、整洁: a person attests all three on every list."""
    event = policy(law).dossier_type("joint_event")
    papers = [Paper(name, date(2026, 5, 15)) for name in LISTS]
    reviews = review(event, papers, {}, {"unit": "second"}, date(2026, 5, 16))
    assert [found.item.id for found in reviews] == list(LISTS)
    assert all(frozenset(found.unattested) == QUALITY for found in reviews)


@pytest.mark.rule("S001-5-R09")
def test_a_late_list_loses_the_customer(law):
    """Who handed in no list loses, however early his claim."""
    early = Claim("unit one", datetime(2026, 5, 10, 9))
    listed = Claim("unit two", datetime(2026, 5, 11, 9), listed=datetime(2026, 5, 11, 17, 30))
    ruling = rule_ownership(policy(law), [early, listed])
    assert (ruling.winner, ruling.losers) == ("unit two", ("unit one",))


@pytest.mark.rule("S001-5-R10")
def test_on_the_day_lists_are_due_by_ten_or_by_four(law):
    """By 10:00 for an afternoon event, by 16:00 for one in the evening."""
    event, day = policy(law).dossier_type("joint_event"), date(2026, 10, 3)
    hours = {"afternoon": "10:00", "下午": "10:00", "evening": "16:00", "晚上": "16:00"}
    for session, at in hours.items():
        keys = {"session": session}
        due = due_of(event, "event_day_list", {"event": day}, law.calendar, {}, keys)
        assert (due.day, due.at, due.clause) == (day, at, "S001-5-R10")
        assert due_of(event, LISTS[0], {"event": day}, law.calendar, {}, keys) is None
    assert policy(law).find_type("已敲定顾客档案表").id == "event_day_list"


@pytest.mark.rule("S001-5-R10")
def test_a_list_of_an_afternoon_event_is_late_after_ten(law):
    """At 10:00 it is in time, a minute later it is not."""
    keys = {"session": "afternoon"}
    state = DossierState("joint_event", events={"event": date(2026, 5, 16)}, keys=keys)

    def overdue(moment):
        lacks = missing(state, policy(law), law.calendar, moment)
        return [lack.overdue for lack in lacks if lack.item == "event_day_list"]

    assert overdue(datetime(2026, 5, 16, 10, 0)) == [False]
    assert overdue(datetime(2026, 5, 16, 10, 1)) == [True]


@pytest.mark.rule("S001-5-R11")
def test_each_late_or_missing_list_costs_the_unit_head_ten_yuan(law):
    """罚该部负责人10元, each time."""
    days = (date(2026, 5, 9), date(2026, 5, 12))
    late_lists = [Violation("late_list", "", day, dossier_type="joint_event") for day in days]
    found = assess(policy(law), late_lists)
    assert [(a.violation.role, a.amount) for a in found] == [("unit_head", 10), ("unit_head", 10)]
    assert found[0].clauses == ("S001-5-R11",)


@pytest.mark.rule("S001-5-R12")
def test_the_earlier_list_keeps_the_customer(law):
    """已有部门邀约敲定的顾客，另一门不允许再邀约: the list filed first counts."""
    claims = [
        Claim("two", datetime(2026, 5, 10, 9), listed=datetime(2026, 5, 11, 17)),
        Claim("one", datetime(2026, 5, 10, 10), listed=datetime(2026, 5, 10, 17)),
    ]
    ruling = rule_ownership(policy(law), claims)
    assert (ruling.winner, ruling.rule) == ("one", "earliest_list")
    assert "S001-5-R12" in ruling.clauses[0]


@pytest.mark.rule("S001-5-R12")
def test_the_coordinator_settles_what_lists_do_not(law):
    """Two lists of the same moment: the coordinator decides, fairly and openly."""
    moment = datetime(2026, 5, 10, 17)
    claims = [Claim("one", moment, listed=moment), Claim("two", moment, listed=moment)]
    ruling = rule_ownership(policy(law), claims)
    assert (ruling.winner, ruling.by) == (None, ("coordinator",))


@pytest.mark.rule("S001-5-R14")
def test_what_the_coordinator_cannot_decide_goes_to_the_general_manager(law):
    """必须及时上报总经理作出裁决."""
    (found,) = escalation(policy(law), "joint_event", {}, {})
    assert found.row.steps == ("coordinator", "general_manager")
    assert row(law, Role, "general_manager").zh == "总经理"


@pytest.mark.rule("S001-5-R15")
def test_visits_and_calls_may_be_filed_with_any_customer(law):
    """家访、取得电话联系 belong to the regular service of every customer."""
    for name in ("家访记录", "电话记录"):
        assert policy(law).find_type(name).anywhere
    for word in ("售前", "售中", "售后", "经常性"):
        assert word in row(law, Provision, "service_kinds").zh


@pytest.mark.rule("S001-5-R16")
def test_after_three_months_of_neglect_the_customer_is_free(law):
    """Three months to the day are not yet over; from 30 November it is the end of February."""
    served = date(2026, 4, 20)
    assert neglected(policy(law), served, date(2026, 7, 20)) is None
    assert neglected(policy(law), served, date(2026, 7, 21)).row.clause == "S001-5-R16"
    assert neglected(policy(law), date(2025, 11, 30), date(2026, 3, 1)) is not None


@pytest.mark.rule("S001-5-R16")
def test_only_the_customer_resource_director_changes_the_record(law):
    """由顾客资源总监去CRM管理处更改."""
    assert "customer_resource_director" in who_may_reassign(policy(law))
    decision = decide(policy(law), Request("transfer", purpose="neglected"))
    assert [step.role for step in decision.steps] == ["customer_resource_director"]
    (duty,) = policy(law).duties("update")
    assert duty.row.roles == ("customer_resource_director",)
    assert row(law, Role, "customer_resource_director").zh == "顾客资源总监"


@pytest.mark.rule("S001-5-R17")
def test_a_grievance_found_costs_the_employee_a_hundred(law):
    """每发现一顾客有抱怨，则罚该当事员工每次100元."""
    found = assess(policy(law), [Violation("grievance_found", "", date(2026, 5, 4))])
    assert [(a.violation.role, a.amount) for a in found] == [("customer_staff", 100)]
    assert row(law, Role, "customer_staff").zh == "当事员工"


@pytest.mark.rule("S001-5-R18")
def test_a_complaint_to_the_head_costs_manager_and_employee_a_hundred_each(law):
    """所在部门经理及当事员工每人每次100元."""
    found = assess(policy(law), [Violation("grievance_complained", "", date(2026, 5, 4))])
    charged = {a.violation.role: a.amount for a in found}
    assert charged == {"department_manager": 100, "customer_staff": 100}
    assert row(law, Role, "department_manager").zh == "部门经理"


@pytest.mark.rule("S001-5-R19")
def test_a_grievance_is_settled_within_three_calendar_days(law):
    """三日: a Friday's grievance is due on Monday, one of 1 October on the 4th."""
    kind = policy(law).dossier_type("customer_grievance")
    for told, due in (
        (date(2026, 6, 5), date(2026, 6, 8)),
        (date(2026, 10, 1), date(2026, 10, 4)),
    ):
        found = due_of(kind, "grievance_settlement", {"grievance": told}, law.calendar)
        assert (found.day, found.clause) == (due, "S001-5-R19")
    state = DossierState("customer_grievance", events={"grievance": date(2026, 6, 5)})
    (lack,) = missing(state, policy(law), law.calendar, date(2026, 6, 9))
    assert lack.overdue and policy(law).find_type("顾客抱怨处理记录").id == "grievance_settlement"


@pytest.mark.rule("S001-5-R19")
def test_an_unsettled_grievance_costs_five_hundred_each_and_the_customer(law):
    """Manager and employee 500 each, and the customer goes to another department."""
    events = {"grievance": date(2026, 6, 5)}
    in_time = (policy(law), "customer_grievance", "", events, date(2026, 6, 8))
    assert late(*in_time, date(2026, 6, 20), law.calendar) == ()
    found = assess(
        policy(law),
        late(policy(law), "customer_grievance", "", events, None, date(2026, 6, 9), law.calendar),
    )
    charged = {a.violation.role: a.amount for a in found}
    assert charged == {"department_manager": 500, "customer_staff": 500}
    assert all(a.transfers_customer for a in found)
    assert ownership(law, "unresolved_complaint").days == 3
