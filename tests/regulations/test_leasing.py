"""S001-6: confirming customers of sale and lease, and their files."""

from datetime import date, datetime
from itertools import product

import pytest

from policies.approvals import Request, decide, loan_terms
from policies.checklist import Paper, review
from policies.customer_rows import Scheme
from policies.customers import Claim, profile_gaps, rule_ownership, scheme_value
from policies.deadlines import DossierState, due_of, missing
from policies.measures import measures
from policies.pack_rows import Role, Series
from policies.penalties import Violation, assess
from policies.retention import disposal_terms, keep_until, period_of
from policies.routines import occurrences
from policies.rule_rows import Form, Provision, Routine

FILES = ("customer_closed", "customer_unclosed", "daily_registration")


def policy(law, **settings):
    """The lessor's regulation alone, with the company's answers."""
    return law.policy("leasing", **settings)


def row(law, kind, row_id):
    """One row of the pack."""
    return {found.id: found for found in law.pack("leasing").rows(kind)}[row_id]


def asked(law, setting):
    """The clauses of the open question about a setting; none when it is not asked."""
    return {q.setting: q.clauses for q in policy(law).questions}.get(setting, ())


def steps(decision):
    """Role and act of each step."""
    return [(step.role, step.act) for step in decision.steps]


@pytest.mark.rule("S001-6-R01")
def test_sale_and_lease_customers_are_closed_or_unclosed(law):
    """The regulation covers closed and unclosed customers, each with a file of its own."""
    assert set(row(law, Provision, "leasing_scope").dossier_types) == set(FILES)
    for name in ("已成交客户档案", "未成交客户档案"):
        assert policy(law).dossier_type(name).kind == "customer"
    for word in ("已成交", "未成交"):
        assert scheme_value(policy(law), word)[0] == "deal_status"


@pytest.mark.rule("S001-6-R02")
def test_a_day_s_customers_are_handed_in_that_day(law):
    """The form is due the day itself; with a reason, by 10:00 of the next working day."""
    kind = policy(law).dossier_type("daily_registration")
    thursday, saturday = date(2026, 6, 4), date(2026, 4, 11)
    for day, grace in ((thursday, date(2026, 6, 5)), (saturday, date(2026, 4, 13))):
        due = due_of(kind, "customer_registration_form", {"received": day}, law.calendar)
        assert (due.day, due.at, due.grace) == (day, "", (grace, "10:00"))
        assert due.clause == "S001-6-R02"


@pytest.mark.rule("S001-6-R02")
def test_leasing_managers_report_every_working_day(law):
    """Every working day the leasing manager sends the form to general services."""
    found = row(law, Routine, "daily_registration")
    weekend = occurrences(found, date(2026, 9, 4), date(2026, 9, 7), law.calendar, {})
    assert [one.due for one in weekend] == [date(2026, 9, 4), date(2026, 9, 7)]
    assert weekend[0].grace == (date(2026, 9, 7), "10:00")
    assert (found.roles, found.to) == (("leasing_manager",), "general_services")
    assert row(law, Role, "leasing_manager").zh == "招商经理"


@pytest.mark.rule("S001-6-R02")
@pytest.mark.rule("S001-6-R03")
@pytest.mark.rule("S001-6-R07")
def test_the_registration_form_says_where_the_customer_came_from(law):
    """The form is known by name; source, prospect and intermediary are attested on it."""
    kind = policy(law).find_type("客户信息登记表")
    dossier = policy(law).dossier_type("daily_registration")
    paper = Paper(kind.id, date(2026, 6, 4))
    (item,) = review(dossier, [paper], {}, {}, date(2026, 6, 4))
    assert item.papers == (paper,)
    wanted = ("来源（来电、来访、自行开发）", "是否意向客户", "是否有中介人", "登记时间")
    assert item.unattested == tuple(f"field:{name}" for name in wanted)


@pytest.mark.rule("S001-6-R03")
def test_a_prospect_has_left_contact_data_and_an_intent(law):
    """意向客户 is a status a customer may have beside being unclosed."""
    assert scheme_value(policy(law), "意向") == ("deal_status", "prospect")
    (scheme,) = law.pack("leasing").rows(Scheme)
    assert scheme.several and scheme.values[2].means == "有联系方式及购买/租赁意向"
    form = row(law, Form, "customer_registration_form")
    assert {"联系方式", "购买/租赁意向", "是否意向客户"} <= set(form.fields)
    assert "来源（来电、来访、自行开发）" in form.fields


@pytest.mark.rule("S001-6-R03")
@pytest.mark.rule("S001-6-R07")
def test_source_prospect_and_intermediary_are_registered(law):
    """A customer registered without them has gaps; contact and intent may be open."""
    gaps = {gap.field.zh for gap in profile_gaps(policy(law), {})}
    assert gaps == {"来源（来电、来访、自行开发）", "是否意向客户", "是否有中介人"}


@pytest.mark.rule("S001-6-R03")
def test_a_prospect_without_contact_data_and_intent_has_gaps(law):
    """意向客户指的是有联系方式及购买/租赁意向的客户: whoever is none need not leave them."""
    known = {"source": "来访", "has_intermediary": "否"}
    said = {"是": {"联系方式", "购买/租赁意向"}, "否": set()}
    for is_prospect, gaps in said.items():
        found = profile_gaps(policy(law), {**known, "is_prospect": is_prospect})
        assert {gap.field.zh for gap in found} == gaps


@pytest.mark.rule("S001-6-R07")
def test_an_intermediary_is_noted_on_the_form(law):
    """应注明是否有中介人."""
    assert "是否有中介人" in row(law, Form, "customer_registration_form").fields


@pytest.mark.rule("S001-6-R04")
def test_the_earlier_registration_wins_a_contested_customer(law):
    """The time of registration decides, whoever speaks first."""
    claims = [
        Claim("wang", datetime(2026, 7, 2, 16, 5)),
        Claim("zhao", datetime(2026, 7, 2, 16, 4)),
    ]
    ruling = rule_ownership(policy(law), claims)
    assert (ruling.winner, ruling.losers) == ("zhao", ("wang",))
    assert ruling.clauses == ("S001-6-R04",)
    assert "登记时间" in row(law, Form, "customer_registration_form").fields


@pytest.mark.rule("S001-6-R05", "S001-6-R06")
def test_a_customer_who_names_his_manager_is_that_manager_s(law):
    """A visitor or referred customer who names a manager goes to him, first seen or not."""
    claims = [
        Claim("duty", datetime(2026, 7, 3, 9), on_duty=True),
        Claim("earlier", datetime(2026, 7, 3, 11), named=True),
    ]
    ruling = rule_ownership(policy(law), claims)
    assert (ruling.winner, ruling.rule) == ("earlier", "named_manager")


@pytest.mark.rule("S001-6-R05", "S001-6-R06")
def test_a_customer_who_names_nobody_is_the_manager_s_on_duty(law):
    """Where neither a name nor the time decides, whose turn it was does."""
    moment = datetime(2026, 7, 3, 9)
    claims = [Claim("other", moment), Claim("duty", moment, on_duty=True)]
    ruling = rule_ownership(policy(law), claims)
    assert (ruling.winner, ruling.rule) == ("duty", "on_duty")


@pytest.mark.rule("S001-6-R08")
def test_nobody_sees_or_backs_up_registration_forms_without_the_general_manager(law):
    """未经过总经理允许，任何人不得查阅，备份, even from one's own department."""
    for action in ("view", "backup", "export"):
        request = Request(action, "SECRET", "own_dept", doc_type="customer_registration_form")
        decision = decide(policy(law), request)
        assert decision.allowed and not decision.free
        assert steps(decision) == [("general_manager", "approve")]
        assert decision.clauses == ("S001-6-R08",)


@pytest.mark.rule("S001-6-R08")
def test_general_services_keeps_the_registration_forms(law):
    """One person of general services keeps them and discloses them to nobody."""
    found = policy(law).duties("keep", doc_type="customer_registration_form")
    assert [c.row.departments for c in found] == [("general_services",)]
    assert policy(law).departments["general_services"].zh == "综合服务部"
    assert "disclose" in loan_terms(policy(law), "view", dossier_type="daily_registration").forbids
    assert row(law, Role, "general_manager").zh == "总经理"


@pytest.mark.rule("S001-6-R09")
def test_a_customer_file_holds_copies_of_the_qualifications(law):
    """Licence, identity card, organisation code and tax registration, as photocopies."""
    closed = policy(law).dossier_type("customer_closed")
    reviews = review(closed, [], {}, {}, date(2026, 8, 3))
    names = ["营业执照", "身份证", "组织机构代码证", "税务登记证"]
    copies = [policy(law).find_type(name).id for name in names]
    found = [(r.item.types[0], r.item.copy, r.asked) for r in reviews[1:]]
    assert found == [(name, "photocopy", True) for name in copies]


@pytest.mark.rule("S001-6-R09")
def test_a_licence_stands_for_the_certificates_it_absorbed(law):
    """Since 2015 the licence carries the codes of both certificates: nothing else is missing."""
    state = DossierState(
        "customer_closed", frozenset({"customer_file_form", "business_licence", "id_card"})
    )
    assert missing(state, policy(law), law.calendar, date(2026, 8, 3)) == ()


@pytest.mark.rule("S001-6-R10")
def test_every_developed_customer_gets_a_file_form(law):
    """The form records the customer's basics and how he was followed up."""
    adopted, day = policy(law, leasing_filing_days="4"), date(2026, 8, 3)
    for name in ("customer_closed", "customer_unclosed"):
        kind = adopted.dossier_type(name)
        first = review(kind, [], {}, {}, day)[0]
        assert (first.item.types, first.asked) == (("customer_file_form",), True)
        assert first.item.fields == ("客户的基本信息", "跟踪情况")
        due = due_of(kind, "customer_file_form", {"developed": day}, law.calendar)
        assert (due.day, due.clause) == (date(2026, 8, 7), "S001-6-R10")


@pytest.mark.rule("S001-6-R10")
def test_promptly_is_the_company_s_number(law):
    """及时 is no number: the company is asked, and until then nothing is due."""
    kind = policy(law).dossier_type("customer_unclosed")
    events = {"developed": date(2026, 8, 3)}
    assert due_of(kind, "customer_file_form", events, law.calendar) is None
    assert asked(law, "leasing_filing_days") == ("S001-6-R10",)


@pytest.mark.rule("S001-6-R10")
def test_the_leasing_manager_makes_the_file_form(law):
    """招商经理均应建立《客户档案表》."""
    assert policy(law).find_type("客户档案表").id == "customer_file_form"
    (duty,) = policy(law).duties("compose", doc_type="customer_file_form")
    assert duty.row.roles == ("leasing_manager",)
    assert row(law, Form, "customer_file_form").fields == ("客户的基本信息", "跟踪情况")


@pytest.mark.rule("S001-6-R11")
def test_file_forms_are_brought_up_to_date_on_the_last_day_of_the_month(law):
    """The last day itself, be it a Saturday (28 February 2026) or a Sunday (31 May 2026)."""
    found = row(law, Routine, "monthly_customer_file")
    rows = occurrences(found, date(2026, 2, 1), date(2026, 5, 31), law.calendar, {})
    assert [one.due.day for one in rows] == [28, 31, 30, 31]
    assert set(found.dossier_types) == {"customer_closed", "customer_unclosed"}
    assert (found.types, found.to) == (("customer_file_form",), "general_services")


@pytest.mark.rule("S001-6-R12")
def test_a_closed_customer_s_form_is_complete(law):
    """The complete form is filed, in the series of closed customers."""
    closed = policy(law).dossier_type("customer_closed")
    paper = Paper("customer_file_form", date(2026, 8, 3), lacking_fields=frozenset({"表格完整"}))
    first = review(closed, [paper], {}, {}, date(2026, 8, 3))[0]
    assert [(lack.kind, lack.detail) for lack in first.lacks] == [("field", "表格完整")]
    assert row(law, Series, closed.series).zh == "已成交客户档案"


@pytest.mark.rule("S001-6-R13")
def test_unclosed_customers_lie_in_a_series_of_their_own(law):
    """归入未成交客户档案: nothing but the form is asked for."""
    unclosed = policy(law).dossier_type("customer_unclosed")
    assert row(law, Series, unclosed.series).zh == "未成交客户档案"
    lacks = missing(DossierState("customer_unclosed"), policy(law), law.calendar, date(2026, 8, 3))
    assert [lack.item for lack in lacks] == ["customer_file_form"]


@pytest.mark.rule("S001-6-R14")
def test_nobody_sees_filed_customer_papers_without_the_general_manager(law):
    """任何人: the manager who filed them included."""
    relations = ("owner", "own_dept", "other_dept", "external")
    for action, relation in product(("view", "backup"), relations):
        decision = decide(policy(law), Request(action, "SECRET", relation, doc_type="id_card"))
        assert steps(decision) == [("general_manager", "approve")]
        assert decision.clauses == ("S001-6-R14",)


@pytest.mark.rule("S001-6-R14")
def test_filed_customer_papers_are_kept_by_general_services(law):
    """One person keeps them and tells nobody."""
    for name in ("customer_closed", "customer_unclosed"):
        found = policy(law).duties("keep", dossier_type=name)
        assert [c.row.departments for c in found] == [("general_services",)]
        assert "disclose" in loan_terms(policy(law), "borrow", dossier_type=name).forbids


@pytest.mark.rule("S001-6-R15")
def test_borrowing_takes_an_application_two_yeses_and_the_register(law):
    """The head of leasing reviews, the general manager approves, then it is registered."""
    decision = decide(policy(law), Request("borrow", "SECRET", dossier_type="customer_closed"))
    assert steps(decision) == [("leasing_head", "review"), ("general_manager", "approve")]
    assert decision.evidence == ("archive_use_application",)
    assert decision.register and decision.purpose and decision.separate
    terms = loan_terms(policy(law), "borrow", dossier_type="customer_closed")
    assert {"application", "registration"} <= set(terms.demands)


@pytest.mark.rule("S001-6-R15")
def test_the_application_is_a_paper_with_a_form(law):
    """档案使用申请, signed by the head of leasing and the general manager."""
    assert policy(law).find_type("档案使用申请").id == "archive_use_application"
    form = row(law, Form, "archive_use_application")
    assert form.signatures[:2] == ("招商部负责人审核", "总经理审批")
    assert row(law, Role, "leasing_head").department == "leasing"
    assert policy(law).departments["leasing"].zh == "招商部"


@pytest.mark.rule("S001-6-R16")
def test_customer_files_are_kept_ten_years(law):
    """Ten years from the event that the company names."""
    adopted = policy(law, leasing_retention_start="closed")
    for name in FILES:
        period = period_of(adopted, "customer_file_form", name)
        assert (period.years, period.start) == (10, "closed")
        kept = keep_until(period, {"closed": date(2026, 11, 30)}, date(2026, 1, 5))
        assert kept.day == date(2036, 11, 30)


@pytest.mark.rule("S001-6-R16")
def test_from_when_the_ten_years_count_is_asked(law):
    """The text names no event: without the company's answer no period is known."""
    assert period_of(policy(law), None, "customer_closed").rule is None
    assert asked(law, "leasing_retention_start") == ("S001-6-R16",)


@pytest.mark.rule("S001-6-R17")
def test_destroying_takes_a_review_and_an_approval(law):
    """The head of leasing reviews, the general manager approves."""
    decision = decide(policy(law), Request("destroy", "SECRET", dossier_type="customer_unclosed"))
    assert steps(decision) == [("leasing_head", "review"), ("general_manager", "approve")]
    assert decision.clauses == ("S001-6-R17",)


@pytest.mark.rule("S001-6-R17")
def test_destruction_is_recorded(law):
    """Only by this procedure, and with a destruction record."""
    for name in FILES:
        terms = disposal_terms(policy(law), None, name)
        assert terms.register and terms.only_by_procedure
    assert row(law, Form, "leasing_destruction_record").type == "leasing_destruction_record"
    assert policy(law).find_type("客户档案销毁记录").id == "leasing_destruction_record"


@pytest.mark.rule("S001-6-R18")
def test_a_late_form_costs_points_that_the_company_sets(law):
    """相应分数 is no number: nothing is deducted until the company says how many."""
    assert {found.late for found in law.pack("leasing").rows(Routine)} == {"late_leasing_form"}
    kinds = [policy(law, leasing_filing_days="3").dossier_type(name) for name in FILES]
    assert {one.late for kind in kinds for one in kind.deadlines} == {"late_leasing_form"}
    late = Violation("late_leasing_form", "leasing_manager", date(2026, 9, 1))
    (unset,) = assess(policy(law), [late])
    assert (unset.points, unset.amount) == (0, 0)
    assert unset.penalty and unset.open[0].setting == "leasing_late_points"
    (found,) = assess(policy(law, leasing_late_points="2"), [late])
    assert (found.points, found.clauses) == (2, ("S001-6-R18",))
    assert asked(law, "leasing_late_points") == ("S001-6-R18",)


@pytest.mark.rule("S001-6-R18")
def test_late_forms_are_counted_for_each_person(law):
    """Both forms count in the month's appraisal, for the manager whom the dossier names."""
    for name in FILES:
        (key,) = policy(law).dossier_type(name).keys
        assert (key.zh, key.role) == ("招商经理", "leasing_manager")
    (cited,) = measures(policy(law), "late_forms")
    assert set(cited.row.types) == {"customer_registration_form", "customer_file_form"}
    assert (cited.row.per, cited.row.months) == ("person", 1)


@pytest.mark.rule("S001-6-R19")
def test_the_company_interprets_amends_and_repeals(law):
    """Interpretation, amendment and repeal are the company's; in force from 1 July."""
    about = {found.id: found for found in law.pack("leasing").rows(Provision)}
    assert "解释说明权" in about["leasing_interpreted"].zh
    assert "修改和废除权" in about["leasing_amended"].zh
    assert "7月1日" in about["leasing_effective"].zh


@pytest.mark.rule("S001-6-R20")
def test_both_annexed_forms_can_be_printed(law):
    """客户档案表 and 客户信息登记表; their layout is missing from the text, and that is said."""
    forms = {form.zh: form for form in law.pack("leasing").rows(Form)}
    assert forms["客户档案表"].type == "customer_file_form"
    assert forms["客户信息登记表"].type == "customer_registration_form"
    assert row(law, Provision, "leasing_annex_gap").about == "gap"
