"""S001-3, the car dealer's customer archive regulation: the program answers in its words."""

from datetime import date

import pytest

from policies.checklist import Paper, checklist, lacking, review
from policies.deadlines import DossierState, due_of, missing
from policies.handover import receipt_terms
from policies.keeping_rows import VolumeRule
from policies.lending import loan_terms
from policies.measures import completeness as completeness_of
from policies.measures import measures, owed_sets, timeliness
from policies.pack_rows import Role, Series
from policies.penalties import Violation, assess, confirmers, late, uncorrected
from policies.rule_rows import Form, Provision

SERVICE = ("minor_repair", "first_service", "maintenance", "overhaul", "warranty_claim")
VEHICLES = ("new_car", *SERVICE)


def dealer(law):
    return law.policy("auto-dealer")


def types_of(policy, *names):
    """The ids of papers, each found by the name the regulation gives it."""
    return {policy.document_type(name).id for name in names}


def said(policy, about):
    """What the regulation says of itself under this head: (by, text) of each row."""
    return {(c.row.by, c.row.zh) for c in policy.rows(Provision) if c.row.about == about}


def role_names(policy):
    return {c.row.id: (c.row.zh, c.row.department) for c in policy.rows(Role)}


def who(policy, act, **scope):
    """Roles and departments whose office it is, by their Chinese names."""
    names = {role: zh for role, (zh, _) in role_names(policy).items()}
    names |= {row.id: row.zh for row in policy.departments.values()}
    return {
        names[word]
        for cited in policy.duties(act, **scope)
        for word in (*cited.row.roles, *cited.row.departments)
    }


def fine(policy, code, role, on="2026-04-07", **more):
    """Yuan for one violation by itself, and its clauses."""
    (found,) = assess(policy, [Violation(code, role, date.fromisoformat(on), "p", **more)])
    return found.amount, found.clauses


def month(policy, code, role, *days, **more):
    """The fines of one person for one code on these days of May 2026."""
    given = [Violation(code, role, date(2026, 5, day), "p", **more) for day in days]
    return assess(policy, given)


# ── scope, carriers, duties ───────────────────────────────────────────────────


@pytest.mark.rule("S001-3-R01")
def test_files_are_of_cars_sold_here_or_serviced_here(law):
    """New-car files are one series; service files the other, of own and of strangers' cars."""
    policy = dealer(law)
    series = {cited.row.zh: cited.row.id for cited in policy.rows(Series)}
    assert policy.dossier_type("新车档案").series == series["整车用户档案"]
    for name in SERVICE:
        kind = policy.dossier_type(name)
        assert kind.series == series["售后用户档案"]
        assert {key.id: key.values for key in kind.keys}["origin"] == ("own", "other")


@pytest.mark.rule("S001-3-R02")
def test_every_file_is_kept_on_paper_and_electronically(law):
    """Both carriers are demanded."""
    rules = [cited.row for cited in dealer(law).rows(VolumeRule)]
    assert "both_forms" in {rule.of for rule in rules}


@pytest.mark.rule("S001-3-R03")
def test_customer_care_appoints_the_archivist(law):
    """客户关爱部设立档案管理人员."""
    policy = dealer(law)
    assert who(policy, "appoint") == {"客户关爱部"}
    assert role_names(policy)["archive_clerk"] == ("档案管理员", "customer_care")


@pytest.mark.rule("S001-3-R04")
def test_one_vehicle_is_one_file(law):
    """Every file is of one vehicle, known by its number, in a bag of one standard."""
    policy = dealer(law)
    for name in VEHICLES:
        kind = policy.dossier_type(name)
        assert kind.kind == "vehicle"
        assert [key.id for key in kind.keys if key.check == "vin"] == ["vin"]
    formats = [c.row.fields for c in policy.rows(VolumeRule) if c.row.of == "format"]
    assert any("用户档案袋" in field for fields in formats for field in fields)


@pytest.mark.rule("S001-3-R06")
def test_what_is_handed_over_is_entered_the_same_day(law):
    """The receipt book names both departments and the archivist, and is kept daily."""
    policy = dealer(law)
    terms = receipt_terms(policy, "handover", "overhaul")
    assert terms.same_day
    assert {"sales", "after_sales"} <= set(terms.givers)
    assert terms.receivers == ("archive_clerk",)
    assert who(policy, "register") == {"档案管理员"}
    books = [c.row.zh for c in policy.rows(Form) if c.row.of == "receipts"]
    assert books == ["用户档案签收薄"]


@pytest.mark.rule("S001-3-R07")
def test_a_loan_leaves_the_papers_complete(law):
    """Completeness is asked for; the loan regulation itself is said to be missing."""
    policy = dealer(law)
    for name in ("new_car", "warranty_claim"):
        assert "completeness_check" in loan_terms(policy, "borrow", dossier_type=name).demands
    assert any("档案借阅制度" in text for _, text in said(policy, "gap"))


@pytest.mark.rule("S001-3-R08")
def test_customer_care_answers_for_all_files(law):
    """It directs, keeps and answers for every file of the company."""
    policy = dealer(law)
    for act in ("answer_for", "supervise", "keep"):
        assert "客户关爱部" in who(policy, act)
    assert policy.departments["customer_care"].zh == "客户关爱部"


@pytest.mark.rule("S001-3-R09")
def test_sales_builds_and_its_heads_answer_for_sales_files(law):
    """The department builds and supplements; director and manager are responsible."""
    policy = dealer(law)
    heads = {"销售总监", "销售经理"}
    assert who(policy, "collect", series="sales") == {"销售部"}
    assert who(policy, "update", series="sales") == {"销售部"}
    assert heads <= who(policy, "supervise", series="sales")
    assert heads <= who(policy, "answer_for", series="sales")
    assert not heads & who(policy, "answer_for", series="service")
    assert policy.departments["sales"].zh == "销售部"


@pytest.mark.rule("S001-3-R10")
def test_after_sales_builds_and_its_heads_answer_for_service_files(law):
    """Likewise for service files; that the text breaks off is said."""
    policy = dealer(law)
    heads = {"服务总监", "服务经理"}
    assert who(policy, "collect", series="service") == {"售后服务部"}
    assert who(policy, "update", series="service") == {"售后服务部"}
    assert heads <= who(policy, "supervise", series="service")
    assert heads <= who(policy, "answer_for", series="service")
    assert policy.departments["after_sales"].zh == "售后服务部"
    assert (("after_sales",), "第三章第3条") in {(by, text[:6]) for by, text in said(policy, "gap")}


# ── handing over ──────────────────────────────────────────────────────────────


@pytest.mark.rule("S001-3-R11")
def test_a_new_car_file_is_handed_over_within_three_working_days_of_the_sale(law):
    """Sold before the long Labour Day of 2026, it is due after it and the make-up Saturday."""
    kind = dealer(law).dossier_type("new_car")
    for sold, due in (
        ("2026-04-29", "2026-05-07"),  # 1 to 5 May are free: 30 April, 6 and 7 May count
        ("2026-05-07", "2026-05-11"),  # Saturday 9 May is worked
        ("2026-12-28", "2026-12-31"),
    ):
        found = due_of(kind, "pdi", {"sale": date.fromisoformat(sold)}, law.calendar)
        assert (found.day.isoformat(), found.clause) == (due, "S001-3-R11")


@pytest.mark.rule("S001-3-R12")
def test_new_cars_flow_from_the_sales_check_to_the_electronic_file(law):
    """Sales checks, both sign and note what is missing, the archivist checks, copies, files."""
    policy = dealer(law)
    terms = receipt_terms(policy, "handover", "new_car")
    words = ("销售部检查", "签字确认", "管理员检查", "复印及扫描", "档案柜", "客户档案电子版")
    assert len(terms.flow) == len(words)
    assert all(word in step for word, step in zip(words, terms.flow, strict=True))
    assert terms.both_sign
    assert terms.lists_missing
    assert who(policy, "check", series="sales") == {"销售部", "档案管理员"}
    forms = {c.row.zh: c.row for c in policy.rows(Form)}
    assert forms["用户档案签收薄"].type == policy.document_type("用户档案签收薄").id
    assert "缺件" in forms["用户档案签收薄"].columns
    assert "客户档案电子版" in forms


@pytest.mark.rule("S001-3-R14")
def test_service_files_are_handed_over_the_working_day_after_delivery(law):
    """Within one working day, after the service adviser's check."""
    policy = dealer(law)
    for name in SERVICE:
        kind = policy.dossier_type(name)
        for delivered, due in (
            ("2026-05-08", "2026-05-09"),  # the Saturday after is a working day
            ("2026-06-18", "2026-06-22"),  # Dragon Boat: Friday 19 June is free
            ("2026-12-31", "2027-01-04"),
        ):
            found = due_of(kind, None, {"delivery": date.fromisoformat(delivered)}, law.calendar)
            assert (found.day.isoformat(), found.clause) == (due, "S001-3-R14")
        terms = receipt_terms(policy, "handover", name)
        assert terms.flow[0] == "服务顾问检查"
        assert terms.lists_missing
    assert who(policy, "check", series="service") == {"服务顾问", "档案管理员"}
    assert role_names(policy)["service_adviser"] == ("服务顾问", "after_sales")
    assert "客户档案电子版" in {c.row.zh for c in policy.rows(Form)}


# ── checklists ────────────────────────────────────────────────────────────────

NEW_CAR = (
    "绿卡", "购车发票复印件", "销售合同原件", "身份证复印件", "交车检查表", "行驶证复印件",
    "保险单复印件", "衍生服务清单", "车辆合格证复印件", "交车照片", "新车PDI检查表",
    "其它证明类文件",
)  # fmt: skip


@pytest.mark.rule("S001-3-R13")
def test_a_new_car_file_has_the_twelve_papers_in_their_order(law):
    """Each paper is found by the name the regulation gives it and satisfies its own item."""
    policy = dealer(law)
    kind = policy.dossier_type("新车档案")
    assert len(kind.items) == len(NEW_CAR)
    for item, name in zip(kind.items, NEW_CAR, strict=True):
        assert policy.document_type(name).id in item.types
    special = {"special": "是"}
    everything = types_of(policy, *NEW_CAR)
    assert lacking(kind, everything, special) == ()
    assert lacking(kind, everything - types_of(policy, "绿卡"), special) == ("green_card",)
    without = everything - types_of(policy, "其它证明类文件")
    assert lacking(kind, without, special) == ("other_proof",)
    assert lacking(kind, without) == ()


@pytest.mark.rule("S001-3-R13")
def test_identity_is_a_card_from_both_sides_or_a_company_paper(law):
    """身份证复印件（需两面）或组织机构代码证复印件; the licence has taken the latter's place."""
    policy = dealer(law)
    kind = policy.dossier_type("new_car")
    complete = types_of(policy, *NEW_CAR) - {"id_card"}
    for name in ("身份证复印件", "组织机构代码证复印件", "营业执照复印件"):
        assert lacking(kind, complete | types_of(policy, name)) == ()
    day = date(2026, 7, 1)
    one_side = [Paper("id_card", day, "R1", copy="photocopy", sides=1)]
    found = {r.item.id: r.lacks for r in review(kind, one_side, {}, {}, day)}
    assert [lack.kind for lack in found["identity"]] == ["sides"]
    licence = [Paper("org_code_cert", day, "R1", copy="photocopy", sides=1)]
    found = {r.item.id: r.lacks for r in review(kind, licence, {}, {}, day)}
    assert found["identity"] == ()


@pytest.mark.rule("S001-3-R13")
def test_contracts_are_originals_and_the_other_papers_copies(law):
    """销售合同原件; invoice, licences, policy and certificate are photocopies."""
    kind = dealer(law).dossier_type("new_car")
    copies = {item.id: item.copy for item in kind.items if item.copy != "either"}
    assert copies == {
        "sales_contract": "original", "invoice_copy": "photocopy", "identity": "photocopy",
        "driving_licence": "photocopy", "insurance": "photocopy", "conformity_cert": "photocopy",
    }  # fmt: skip


@pytest.mark.rule("S001-3-R13")
def test_a_green_card_names_the_customer_and_how_to_reach_him(law):
    """Customer, contact, mobile, land line with area code, address; asked for and printed."""
    policy = dealer(law)
    fields = policy.dossier_type("new_car").items[0].fields
    words = ("客户名称", "联系人", "联系手机", "区号", "联系地址")
    assert len(fields) == len(words)
    assert all(word in field for word, field in zip(words, fields, strict=True))
    (form,) = [c.row for c in policy.rows(Form) if c.row.type == "green_card"]
    assert form.fields == fields


CORE = ("接车单", "任务委托书", "结算单", "12项免费检查表")


def service_file(law, name, asked, attached):
    """A service file asks for the core and `asked`; `attached` go with the settlement."""
    policy = dealer(law)
    kind = policy.dossier_type(name)
    complete = types_of(policy, *CORE, *asked)
    assert lacking(kind, complete) == ()
    for paper in complete:
        assert len(lacking(kind, complete - {paper})) == 1
    states = checklist(kind, types_of(policy, *attached))
    with_settlement = {s.by[0] for s in states if s.item.part_of == "settlement" and s.satisfied}
    assert with_settlement == types_of(policy, *attached)
    assert len(kind.items) == len(complete) + len(attached)


@pytest.mark.rule("S001-3-R15")
def test_minor_repairs(law):
    """Four papers; five more go with the settlement when there are any."""
    attached = ("增项单", "试车表", "定损单", "对应项目专用工具检查数据", "估算单")
    service_file(law, "小修档案", (), attached)


@pytest.mark.rule("S001-3-R16")
def test_first_services(law):
    """The four papers and a copy of the first service card."""
    service_file(law, "首保档案", ("首保卡复印件",), ())
    kind = dealer(law).dossier_type("首保档案")
    assert {i.id: i.copy for i in kind.items}["first_service_card"] == "photocopy"


@pytest.mark.rule("S001-3-R17")
def test_maintenance(law):
    """The four papers and nothing else."""
    service_file(law, "保养档案", (), ())


@pytest.mark.rule("S001-3-R18")
def test_overhauls(law):
    """The four papers, a test drive sheet and an estimate."""
    service_file(law, "大修档案", ("试车单", "估算单"), ())


@pytest.mark.rule("S001-3-R19")
def test_warranty_claims(law):
    """The four papers; the proofs for the maker go with the settlement."""
    attached = (
        "备件发票复印件", "试车单", "损坏零件及车辆信息照片", "测试及故障报告",
        "对应项目专用工具检查数据",
    )  # fmt: skip
    service_file(law, "索赔档案", (), attached)


# ── penalties ─────────────────────────────────────────────────────────────────


@pytest.mark.rule("S001-3-R20")
def test_a_new_car_file_late_after_delivery_costs_the_adviser_fifty(law):
    """Counted from the delivery, not from the sale as the handing over is."""
    policy = dealer(law)
    events = {"sale": date(2026, 4, 1), "delivery": date(2026, 6, 15)}
    args = (policy, "new_car", "sales_adviser", events)
    # Wednesday 17, Thursday 18, then Monday 22 June: the 19th is a holiday.
    assert late(*args, date(2026, 6, 18), date(2026, 7, 1), law.calendar) == ()
    (found,) = late(*args, date(2026, 6, 23), date(2026, 7, 1), law.calendar)
    assert (found.code, found.on) == ("late_new_car", date(2026, 6, 19))
    (made,) = assess(policy, [found])
    assert (made.amount, made.clauses[0], made.penalty.row.per) == (50, "S001-3-R20", "visit")
    assert role_names(policy)["sales_adviser"] == ("销售顾问", "sales")


@pytest.mark.rule("S001-3-R21")
def test_an_inspection_paper_without_the_customers_signature_costs_twenty(law):
    """Per item; the inspection papers are those the customer signs."""
    policy = dealer(law)
    kind = policy.dossier_type("new_car")
    signed = {item.id for item in kind.items if "customer" in item.signed_by}
    assert signed == {"delivery_check", "pdi"}
    on_new_cars = {"dossier_type": "new_car"}
    assert fine(policy, "no_customer_signature", "sales_adviser", **on_new_cars)[0] == 20
    assert fine(policy, "no_customer_signature", "sales_adviser", count=2, **on_new_cars)[0] == 40


@pytest.mark.rule("S001-3-R22")
def test_not_verifying_the_contact_costs_fifty(law):
    """Contact and unique number are asked for at each visit, looked at, and fined per visit."""
    policy = dealer(law)
    for name in SERVICE:
        item = policy.dossier_type(name).items[0]
        assert item.fields == ("当次进厂联系人", "唯一联系方式")
        assert len(item.verify) == 1
        papers = [Paper("reception", date(2026, 4, 7), "R1", lacking_fields=frozenset(item.verify))]
        reviewed = review(policy.dossier_type(name), papers, {}, {}, date(2026, 4, 7))[0]
        assert [lack.detail for lack in reviewed.lacks] == list(item.verify)
    assert who(policy, "verify", doc_type="reception", series="service") == {"服务顾问"}
    assert fine(policy, "contact_not_verified", "service_adviser")[0] == 50


@pytest.mark.rule("S001-3-R23")
def test_a_service_set_not_complete_after_one_working_day_costs_fifty(law):
    """Not handed over, or not completed, by the end of the working day after delivery."""
    policy = dealer(law)
    for name in SERVICE:
        events = {"delivery": date(2026, 9, 24)}  # Thursday; Friday 25 September is Mid-Autumn
        args = (policy, name, "service_adviser", events)
        assert late(*args, date(2026, 9, 28), date(2026, 9, 30), law.calendar) == ()
        (found,) = late(*args, None, date(2026, 9, 30), law.calendar)
        (made,) = assess(policy, [found])
        assert (found.on, made.amount) == (date(2026, 9, 29), 50)
        assert "S001-3-R23" in made.clauses


@pytest.mark.rule("S001-3-R24")
def test_defects_of_service_papers_cost_twenty_or_fifty_each(law):
    """Not as required 20, without the customer's signature 50, without our own 20, per item."""
    policy = dealer(law)
    for code, yuan in (
        ("paper_defect", 20), ("no_customer_signature", 50), ("no_internal_signature", 20)
    ):  # fmt: skip
        for name in SERVICE:
            amount, clauses = fine(policy, code, "service_adviser", count=3, dossier_type=name)
            assert (amount, clauses[0]) == (3 * yuan, "S001-3-R24")
    for name in SERVICE:
        core = policy.dossier_type(name).items
        signed = {i.id for i in core if i.signed_by == ("customer", "internal")}
        assert signed == types_of(policy, *CORE)


@pytest.mark.rule("S001-3-R25")
def test_sales_advisers_pay_double_from_the_second_of_a_month(law):
    """50, then 100; a new month begins anew; no pay is cut."""
    policy = dealer(law)
    found = month(policy, "late_new_car", "sales_adviser", 6, 11, 29, dossier_type="new_car")
    assert [made.amount for made in found] == [50, 100, 100]
    assert {made.pay_cut for made in found} == {None}
    may, june = (
        Violation("late_new_car", "sales_adviser", day, "p", dossier_type="new_car")
        for day in (date(2026, 5, 29), date(2026, 6, 1))
    )
    assert [made.amount for made in assess(policy, [may, june])] == [50, 50]


@pytest.mark.rule("S001-3-R25")
def test_service_advisers_pay_double_from_the_third_of_a_month(law):
    """50, 50, 100, 100, and 10 to 30 % of the month's performance pay may be cut."""
    policy = dealer(law)
    found = month(policy, "late_or_incomplete_set", "service_adviser", 6, 11, 20, 29)
    assert [made.amount for made in found] == [50, 50, 100, 100]
    assert [made.pay_cut for made in found] == [None, None, (10, 30), (10, 30)]
    both = month(policy, "late_or_incomplete_set", "service_adviser", 6, 7)
    assert sum(made.amount for made in both) == 100


@pytest.mark.rule("S001-3-R25")
def test_a_paper_with_two_defects_costs_both_and_counts_once(law):
    """Neither signature: 50 and 20; the next violation is the month's second, not its third."""
    policy = dealer(law)
    defects = [
        Violation(code, "service_adviser", date(2026, 5, 6), "p", subject="D000009",
                  item="settlement", dossier_type="overhaul")
        for code in ("no_customer_signature", "no_internal_signature")
    ]  # fmt: skip
    later = Violation("paper_defect", "service_adviser", date(2026, 5, 8), "p")
    amounts = [made.amount for made in assess(policy, [*defects, later])]
    assert sorted(amounts[:2]) == [20, 50]
    assert amounts[2] == 20


@pytest.mark.rule("S001-3-R26")
def test_lost_papers_cost_twenty_each_on_top(law):
    """另罚: beside what else is due, per piece, whoever lost them; never doubled."""
    policy = dealer(law)
    for role in ("sales_adviser", "service_adviser", "archive_clerk", "borrower"):
        assert fine(policy, "lost_or_damaged", role, count=4) == (80, ("S001-3-R26",))
    late_ones = month(policy, "late_new_car", "sales_adviser", 6, 11, dossier_type="new_car")
    lost = Violation("lost_or_damaged", "sales_adviser", date(2026, 5, 12), "p")
    found = assess(policy, [*(made.violation for made in late_ones), lost])
    assert [made.amount for made in found] == [50, 100, 20]
    assert role_names(policy)["borrower"][0] == "借阅人"


@pytest.mark.rule("S001-3-R27")
def test_departments_are_measured_by_timeliness_and_completeness(law):
    """Both rates are told per department: one set of two in time, both complete in the end."""
    policy = dealer(law)
    for of in ("timeliness", "completeness"):
        (measure,) = measures(policy, of, "new_car")
        assert measure.row.per == "department"
    kind = policy.dossier_type("保养档案")
    types = [item.types[0] for item in kind.items]
    today, sets = date(2026, 9, 1), []
    for dossier, filed in (("D1", date(2026, 8, 4)), ("D2", date(2026, 8, 10))):
        papers = tuple(Paper(name, filed, f"R{n}") for n, name in enumerate(types))
        state = DossierState(kind.id, events={"delivery": date(2026, 8, 3)}, papers=papers)
        sets += owed_sets(policy, dossier, state, law.calendar, today)
    key = ("after_sales", "2026-08")
    in_time = timeliness(sets, today)[key]
    whole = completeness_of(sets, today)[key]
    assert (in_time.numerator, in_time.denominator) == (1, 2)
    assert (whole.numerator, whole.denominator) == (2, 2)


@pytest.mark.rule("S001-3-R28")
def test_the_customer_director_confirms_penalties(law):
    """以上违规处罚由客户总监负责检查、执行."""
    policy = dealer(law)
    assert confirmers(policy, law.pack("auto-dealer").ref) == ("customer_director",)
    assert role_names(policy)["customer_director"][0] == "客户总监"
    (made,) = month(policy, "late_new_car", "sales_adviser", 6, dossier_type="new_car")
    assert made.confirmed_by == ("customer_director",)


@pytest.mark.rule("S001-3-R29")
@pytest.mark.rule("S001-3-R25")
def test_what_is_not_corrected_in_a_working_day_is_fined_again(law):
    """Ordered on a Thursday, corrected the Tuesday after: failed on Friday and on Monday."""
    policy = dealer(law)
    ordered, corrected, until = date(2026, 11, 5), date(2026, 11, 10), date(2026, 11, 20)
    for name in VEHICLES:
        kind = policy.dossier_type(name)
        assert "correction_ordered" in {event.id for event in kind.events}
    for code, role, name in (
        ("late_new_car", "sales_adviser", "new_car"),
        ("no_customer_signature", "sales_adviser", "new_car"),
        ("contact_not_verified", "service_adviser", "overhaul"),
        ("late_or_incomplete_set", "service_adviser", "overhaul"),
        ("paper_defect", "service_adviser", "overhaul"),
        ("no_customer_signature", "service_adviser", "overhaul"),
        ("no_internal_signature", "service_adviser", "overhaul"),
    ):
        first = Violation(code, role, date(2026, 11, 4), "p", "s", "D1", dossier_type=name)
        again = uncorrected(policy, first, ordered, corrected, until, law.calendar)
        assert [repeat.on.day for repeat in again] == [6, 9]
        made = assess(policy, [first, *again])
        doubled = {"sales_adviser": [1, 2, 2], "service_adviser": [1, 1, 2]}[role]
        assert [m.amount for m in made] == [made[0].amount * n for n in doubled]


# ── the regulation itself ─────────────────────────────────────────────────────


@pytest.mark.rule("S001-3-R30")
def test_who_made_approves_and_explains_the_regulation(law):
    """Drawn up and explained by customer care, approved by the general manager; it prevails."""
    policy = dealer(law)
    assert {by for by, _ in said(policy, "prepared_by")} == {("customer_care",)}
    assert {by for by, _ in said(policy, "interpreted_by")} == {("customer_care",)}
    assert {by for by, _ in said(policy, "issued_by")} == {("general_manager",)}
    assert any("颁布之日" in text for _, text in said(policy, "effective"))
    assert any("以本制度为准" in text for _, text in said(policy, "prevails"))
    assert role_names(policy)["general_manager"][0] == "总经理"


@pytest.mark.rule("S001-3-R31")
def test_the_issue_block_has_three_signatures(law):
    """编制、审核、批准, each with its date."""
    (text,) = (text for _, text in said(dealer(law), "reviewed_by"))
    assert all(word in text for word in ("编制", "审核", "批准", "日期"))


@pytest.mark.rule("S001-3-R12")
def test_receipts_may_lie_in_any_file(law):
    """《用户档案签收薄》 belongs to no checklist and is taken everywhere."""
    policy = dealer(law)
    receipt = policy.document_type("用户档案签收薄")
    assert receipt.anywhere
    for name in VEHICLES:
        assert all(receipt.id not in item.types for item in policy.dossier_type(name).items)


@pytest.mark.rule("S001-3-R11")
@pytest.mark.rule("S001-3-R14")
def test_each_department_owes_its_own_files(law):
    """What is missing is asked of the department that must hand it over."""
    policy = dealer(law)
    events = {"sale": date(2026, 3, 2), "delivery": date(2026, 3, 2)}
    for name, owes, due in (("new_car", "sales", 5), ("maintenance", "after_sales", 3)):
        found = missing(DossierState(name, events=events), policy, law.calendar, date(2026, 3, 6))
        assert {(lack.department, lack.due.day, lack.overdue) for lack in found} == {
            (owes, due, True)
        }
    adviser = {
        name: key.role
        for name in VEHICLES
        for key in policy.dossier_type(name).keys
        if key.id == "adviser"
    }
    assert adviser == {"new_car": "sales_adviser", **dict.fromkeys(SERVICE, "service_adviser")}
