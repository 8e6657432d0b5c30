"""S002, the customer revisit centre: three grades and who opens them, eight parts of a customer's
file, monthly reports and checks, three signatures for a destruction, complaints and revisits."""

from datetime import date

import pytest
from customer_law import Regular, asked_for, in_charge, names, provisions, regular

from policies.approvals import Request, decide, loan_terms
from policies.checklist import Paper, lacking, review
from policies.conduct_rows import Incident
from policies.customers import profiles, scheme_value
from policies.deadlines import due_of
from policies.destruction import disposal_terms
from policies.measures import measures, target_percent
from policies.pack_rows import Role, Series
from policies.reach import role_words
from policies.routines import occurrences
from policies.rule_rows import Form, Routine
from policies.scope import marking
from policies.wording import signer_words

PACK = "visit-centre"
EIGHT = [
    ("客户基本档案", "客户基本档案"),
    ("客户组织结构与管理体系", "客户组织结构与管理体系"),
    ("关键人物", "客户企业中的关键人物"),
    ("客户基本情况", "客户基本情况"),
    ("对接人物个人情况资料", "对接人物个人情况资料"),
    ("客户专案规模", "客户专案规模"),
    ("单次专案需求计划", "单次专案需求计划"),
    ("客户资讯分析", "客户资讯分析"),
]
COMPANY = {"kind": "company"}
TODAY = date(2026, 6, 1)
BOTH = frozenset({"customer_service_staff", "technical_staff"})


def asks(law, action, **request):
    """The steps of a decision in the text's own words, or why it is refused."""
    policy = law.policy(PACK)
    if "paper" in request:
        request["doc_type"] = policy.document_type(request.pop("paper")).id
    decision = decide(policy, Request(action, **request))
    if decision.free or decision.why:
        return "free" if decision.free else decision.why.code
    return [(role_words(policy, step.role)[0], step.act) for step in decision.steps]


def grade_of(law, paper, *more):
    policy = law.policy(PACK, *more)
    ruling = policy.default_grade(policy.document_type(paper).id)
    return ruling.grade.code if ruling else None


def routine(law, of):
    """The one routine of this kind that names its own rhythm, and its policy."""
    policy = law.policy(PACK)
    (row,) = (c.row for c in policy.rows(Routine) if c.row.of == of and not c.row.every_from)
    return policy, row


def registered(law, title):
    """Title of a profile → its fields with their grades, for a company."""
    found = {c.row.zh: c.row.fields for c in profiles(law.policy(PACK), COMPANY)}
    return {field.zh: field.grade for field in found[title]}


# ── Who does what ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.rule("S002-R01")
def test_the_administration_manager_inspects_and_the_director_organises(law):
    """行政部经理检查、监督; 主任组织、实施; 员工负责具体工作."""
    policy = law.policy(PACK)
    for act, who in (
        ("inspect", "行政部经理"), ("supervise", "行政部经理"), ("organise", "客户回访中心主任"),
        ("carry_out", "客户回访中心员工"),
    ):  # fmt: skip
        assert in_charge(policy, act) == {who}
    (row,) = (c.row for c in policy.rows(Role) if c.row.zh == "行政部经理")
    assert policy.departments[row.department].zh == "行政部"


@pytest.mark.rule("S002-R02")
def test_the_centre_manages_files_follows_contracts_and_receives_complaints(law):
    """管理客户档案资讯, 跟踪合同执行, 处理客户投诉."""
    policy = law.policy(PACK, "auto-dealer")
    centre = "客户回访中心"
    assert centre in in_charge(policy, "keep", dossier_type="机构客户资讯档案")
    assert centre in in_charge(policy, "supervise", "销售合同")
    assert centre not in in_charge(policy, "supervise", "绿卡")
    assert in_charge(policy, "receive", dossier_type="回访中心客户投诉") == {centre}


@pytest.mark.rule("S002-R04")
def test_an_archive_clerk_keeps_the_result_archives(law):
    """成果档案: 指定专人负责（档案管理员）."""
    policy = law.policy(PACK)
    assert in_charge(policy, "keep", series="result_archives") == {"档案管理员"}
    assert policy.dossier_type("成果档案").series == "result_archives"
    assert [row.zh for row in law.pack(PACK).rows(Series)] == ["成果档案"]


@pytest.mark.rule("S002-R06")
def test_the_clerk_re_arranges_what_changes(law):
    """针对更改情况随时进行整理."""
    assert in_charge(law.policy(PACK), "arrange", series="result_archives") == {"档案管理员"}


@pytest.mark.rule("S002-R08")
def test_customer_files_are_kept_by_one_dedicated_person(law):
    """由客户回访中心设专人进行统一管理."""
    assert "资讯员" in in_charge(law.policy(PACK), "keep", dossier_type="机构客户资讯档案")


@pytest.mark.rule("S002-R09")
def test_the_centre_surveys_and_files_all_customers(law):
    """统计调查、整理归档并及时更新."""
    who = in_charge(law.policy(PACK), "collect", dossier_type="机构客户资讯档案")
    assert who == {"客户回访中心"}


@pytest.mark.rule("S002-R18")
def test_departments_follow_changes_and_the_clerk_enters_them(law):
    """各业务部门填写、更新; 资讯员录入、整理."""
    policy = law.policy(PACK)
    assert in_charge(policy, "update", dossier_type="机构客户资讯档案") == {"各业务部门"}
    assert in_charge(policy, "register", dossier_type="机构客户资讯档案") == {"资讯员"}


@pytest.mark.rule("S002-R18")
def test_a_change_is_handed_on_within_the_days_the_company_calls_prompt(law):
    """及时: without the company's number nothing is due."""
    changed = {"changed": date(2026, 4, 29)}
    silent = law.policy(PACK)
    assert asked_for(silent, "客户资讯变更") == [("客户资讯更新单", ("客户资讯更新单",))]
    assert "centre_update_promptly" in {question.setting for question in silent.questions}
    assert due_of(silent.dossier_type("客户资讯变更"), "update", changed, law.calendar) is None
    kind = law.policy(PACK, centre_update_promptly="5").dossier_type("客户资讯变更")
    assert due_of(kind, "update", changed, law.calendar).day == date(2026, 5, 4)


@pytest.mark.rule("S002-R22")
def test_the_centre_sorts_the_files_for_use(law):
    """整理分类，以便于使用."""
    who = in_charge(law.policy(PACK), "arrange", dossier_type="机构客户资讯档案")
    assert who == {"客户回访中心"}


# ── The customer's file ───────────────────────────────────────────────────────────────────────


@pytest.mark.rule("S002-R11")
def test_a_customers_file_has_eight_parts(law):
    """In the order of the text, each missing until it is there."""
    policy = law.policy(PACK)
    asked = [(title, (paper,)) for title, paper in EIGHT]
    assert asked_for(policy, "institutional_customer") == asked
    kind = policy.dossier_type("institutional_customer")
    have = {policy.document_type(paper).id for _, paper in EIGHT[:-1]}
    assert lacking(kind, have) == (kind.items[-1].id,)


@pytest.mark.rule("S002-R12")
def test_the_basic_file_has_eleven_fields(law):
    """Basics are secret; whom we deal with there is confidential."""
    assert registered(law, "客户基本档案") == {
        "客户的基本情况": "SECRET", "组织架构与管理体系": "SECRET", "所有者": "SECRET",
        "管理者": "SECRET", "对接人物的个人情况资料": "CONF", "资质": "SECRET",
        "创立时间": "SECRET", "与本企业建立业务关系时间": "SECRET", "企业规模": "SECRET",
        "行业": "SECRET", "资产": "SECRET",
    }  # fmt: skip


@pytest.mark.rule("S002-R13")
def test_the_traits_of_a_customer(law):
    """服务区域 to 经营管理特点; the size is told in staff and in sales."""
    assert list(registered(law, "客户特征")) == [
        "服务区域", "经济实力", "发展潜力", "企业文化", "经营方针与政策",
        "企业规模：员工人数", "企业规模：销售额", "经营管理特点",
    ]  # fmt: skip


@pytest.mark.rule("S002-R14")
def test_the_business_status_is_top_secret(law):
    """实绩、素质、竞争者、合作态度: what S002-R31 calls the state of cooperation."""
    assert registered(law, "业务状况") == dict.fromkeys(
        (
            "目前及以往的实绩",
            "经营管理者和业务人员的素质",
            "与其他竞争者的关系",
            "与本企业的业务联络及合作态度",
        ),
        "TOP",
    )


@pytest.mark.rule("S002-R15")
def test_the_current_activity_with_credit_and_terms(law):
    """Credit, terms and past trouble belong to the cooperation; the rest is basic data."""
    found = registered(law, "业务活动现状")
    assert [name for name, grade in found.items() if grade == "SECRET"] == [
        "客户的销售活动状况", "存在的问题", "保持的优势", "未来的对策", "企业信誉与形象",
    ]  # fmt: skip
    assert [name for name, grade in found.items() if grade == "TOP"] == [
        "信用状况", "交易条件", "以往出现的信用问题",
    ]  # fmt: skip


@pytest.mark.rule("S002-R12", "S002-R13", "S002-R14", "S002-R15")
def test_these_fields_are_asked_of_institutions_only(law):
    """A private person has none of them."""
    policy = law.policy(PACK)
    assert len(profiles(policy, COMPANY)) == 4
    assert profiles(policy, {"kind": "person"}) == ()


@pytest.mark.rule("S002-R17")
def test_every_institutional_customer_has_a_file_and_the_manager_sees_to_it(law):
    """对每个机构客户，必须建立、健全客户基本资料档案."""
    policy = law.policy(PACK)
    (found,) = measures(policy, "basic_file_coverage", "institutional_customer")
    assert (target_percent(policy, found.row), found.row.when) == (100, "customer.kind=company")
    who = in_charge(policy, "supervise", dossier_type="机构客户资讯档案")
    assert "行政部经理" in who
    assert any(
        c.row.clause == "S002-R17" and names(policy, c.row) == ("行政部经理",)
        for c in policy.duties("supervise", None, "institutional_customer")
    )
    assert policy.dossier_type("institutional_customer").kind == "customer"


# ── Reports, checks, inspections ──────────────────────────────────────────────────────────────


@pytest.mark.rule("S002-R16")
def test_departments_report_on_the_first_monday(law):
    """每月第一个星期一: in October 2026 within the holiday, and the text does not move it."""
    policy, row = routine(law, "report")
    since, until = date(2026, 9, 1), date(2026, 11, 30)
    due = [one.due for one in occurrences(row, since, until, law.calendar, {})]
    assert due == [date(2026, 9, 7), date(2026, 10, 5), date(2026, 11, 2)]
    assert names(policy, row) == ("各业务部门",)
    assert policy.departments[row.to].zh == "客户回访中心"
    assert [policy.document_type(name).zh for name in row.types] == ["客户资讯报告"]


@pytest.mark.rule("S002-R19")
def test_every_file_is_verified_again_within_a_month(law):
    """至少每月重新核定一次: a file last verified on 31 January is due by the end of February."""
    policy, row = routine(law, "review")
    due = occurrences(row, TODAY, date(2026, 8, 1), law.calendar, {}, date(2026, 5, 31))
    assert due[0].due == date(2026, 6, 30)
    assert [policy.dossier_type(name).zh for name in row.dossier_types] == ["机构客户资讯档案"]


@pytest.mark.rule("S002-R05")
def test_result_archives_are_inspected_twice_a_year_by_plan(law):
    """至少2次/年, and the plan goes into the centre's plan of the year."""
    policy, row = routine(law, "inspection")
    due = occurrences(row, date(2026, 1, 1), date(2026, 12, 31), law.calendar, {})
    assert len(due) == 2
    assert row.planned
    assert names(policy, row) == ("客户回访中心",)
    assert [policy.document_type(name).zh for name in row.types] == ["检查报告"]
    kind = policy.dossier_type("客户回访中心年度工作计划")
    assert kind.kind == "year"
    plan, report = (Paper(policy.document_type(n).id, TODAY) for n in ("检查计划", "检查报告"))
    assert [bool(one.lacks) for one in review(kind, [], {}, {}, TODAY)] == [True, True]
    assert [bool(one.lacks) for one in review(kind, [plan, report], {}, {}, TODAY)] == [False, True]
    twice = [plan, report, report]
    assert [bool(one.lacks) for one in review(kind, twice, {}, {}, TODAY)] == [False, False]


@pytest.mark.rule("S002-R23")
def test_reports_and_edited_material_are_kept_in_the_result_archive(law):
    """必须妥善保管: they have their place, and none is missing when none was made."""
    policy = law.policy(PACK)
    names_of = ["客户资讯报表", "加工整理后的客户资讯资料"]
    assert asked_for(policy, "成果档案") == [(name, (name,)) for name in names_of]
    assert lacking(policy.dossier_type("成果档案"), set()) == ()


# ── Grades, viewing, borrowing, destruction ───────────────────────────────────────────────────


@pytest.mark.rule("S002-R29")
def test_basic_data_is_secret(law):
    """秘密级是指基础的客户资料."""
    policy = law.policy(PACK)
    assert grade_of(law, "客户基本档案") == "SECRET"
    assert policy.default_grade("customer_basic_file").clauses == ("S002-R29",)
    assert (policy.grade("秘密").rank, policy.grade("秘密").encrypt) == (2, True)


@pytest.mark.rule("S002-R30")
def test_contact_persons_are_confidential(law):
    """机密级是指客户的联络人资料."""
    assert grade_of(law, "联络人资料") == "CONF"
    policy = law.policy(PACK)
    assert (policy.grade("机密").rank, policy.grade("机密").encrypt) == (3, True)


@pytest.mark.rule("S002-R31")
def test_the_state_of_cooperation_is_top_secret(law):
    """绝密级是指与客户合作状况资料: projects, trade, contracts."""
    assert {grade_of(law, name) for name in ("单次专案需求计划", "客户专案规模")} == {"TOP"}
    assert grade_of(law, "销售合同", "auto-dealer") == "TOP"
    assert grade_of(law, "交易记录", "city-investment") == "TOP"
    policy = law.policy(PACK)
    assert (policy.grade("绝密").rank, policy.grade("绝密").encrypt) == (4, True)


@pytest.mark.rule("S002-R31")
def test_secrecy_grades_contracts_otherwise_and_the_company_decides(law):
    """S001-4 says a contract is 秘密: nothing is guessed, the setting settles it."""
    both = ("visit-centre", "secrecy", "auto-dealer")
    (question,) = (
        q for q in law.policy(*both).questions if q.setting == "grade.sales_contract"
    )  # fmt: skip
    assert question.contradiction and {"S002-R31", "S001-4-R11"} <= set(question.clauses)
    settled = law.policy(*both, grade__sales_contract="TOP")
    assert settled.default_grade("sales_contract").grade.code == "TOP"


@pytest.mark.rule("S002-R20")
def test_customer_files_are_commercial_secrets_in_dedicated_hands(law):
    """Whatever no other rule grades is secret all the same."""
    policy = law.policy(PACK)
    assert grade_of(law, "整改报告") == "SECRET"
    assert policy.default_grade("rectification_report").clauses == ("S002-R20",)
    keepers = [role_words(policy, role)[0] for role in marking(policy, "SECRET").custodians]
    assert keepers == ["资讯员"]


@pytest.mark.rule("S002-R25")
def test_a_manager_opens_secret_papers_and_the_executive_director_the_others(law):
    """秘密级由经理级批准; 机密及绝密级由执行董事批准."""
    for action in ("view", "borrow"):
        assert asks(law, action, grade="SECRET") == [("经理级", "approve")]
        assert asks(law, action, grade="CONF") == [("执行董事", "approve")]
        assert asks(law, action, grade="TOP", relation="other_dept") == [("执行董事", "approve")]


@pytest.mark.rule("S002-R25")
def test_who_counts_as_a_manager_the_company_says(law):
    """经理级 is nobody until somebody says who."""
    assert law.policy(PACK).who_is("manager_level") == ()
    settled = law.policy(PACK, role__manager_level="department_manager")
    assert settled.who_is("manager_level") == ("department_manager",)


@pytest.mark.rule("S002-R07")
def test_result_archives_need_the_department_heads_permission(law):
    """必须经过各部门负责人的许可, except where the competent department inspects."""
    request = {"series": "result_archives", "grade": "CONF"}
    for action in ("view", "borrow"):
        assert asks(law, action, **request) == [("部门负责人", "approve")]
        inspecting = {"relation": "authority", "purpose": "inspection"}
        assert asks(law, action, **request, **inspecting) == "free"
        assert asks(law, action, **request, purpose="inspection") != "free"
    (series,) = law.pack(PACK).rows(Series)
    assert series.id == law.policy(PACK).dossier_type("成果档案").series


@pytest.mark.rule("S002-R21")
def test_whoever_asks_for_papers_has_his_head_sign_and_asks_the_centre(law):
    """需各部门负责人签字后，向客户回访中心申请."""
    chain = [("部门负责人", "sign"), ("客户回访中心主任", "approve")]
    for action in ("copy", "extract", "export", "take_out"):
        assert asks(law, action, grade="SECRET") == chain


@pytest.mark.rule("S002-R21", "S002-R25")
def test_statistics_take_both_the_signature_and_the_grades_approval(law):
    """客户资讯统计资料: the head signs, the centre is asked, then whoever opens the grade."""
    chain = [("部门负责人", "sign"), ("客户回访中心主任", "approve")]
    for paper in ("客户资讯统计资料", "加工整理后的客户资讯资料"):
        for action in ("view", "borrow"):
            manager, director = (
                asks(law, action, paper=paper, grade=grade) for grade in ("SECRET", "TOP")
            )
            assert manager == [*chain, ("经理级", "approve")]
            assert director == [*chain, ("执行董事", "approve")]


@pytest.mark.rule("S002-R24")
def test_destruction_takes_three_approvals_and_a_statement(law):
    """客户回访中心主任、行政部经理、总经理分别核准后，方可销毁."""
    assert asks(law, "destroy", grade="SECRET") == [
        ("客户回访中心主任", "approve"), ("行政部经理", "approve"), ("总经理", "approve"),
    ]  # fmt: skip
    terms = disposal_terms(law.policy(PACK), "customer_basic_file")
    assert terms.statement and terms.only_by_procedure


@pytest.mark.rule("S002-R26")
def test_paper_is_lent_against_a_loan_card(law):
    """借阅纸质资料时须填写借阅卡; the card says where it must not be read."""
    policy = law.policy(PACK)
    terms = loan_terms(policy, "borrow")
    assert "loan_card" in terms.demands and "read_in_public" in terms.forbids
    (card,) = (cited.row for cited in policy.rows(Form) if cited.row.of == "loan_card")
    assert card.zh == "借阅卡"
    assert any("公众场所" in field and "飞机、火车" in field for field in card.fields)


@pytest.mark.rule("S002-R28")
def test_the_superior_answers_for_a_breach_a_loss_and_a_leak(law):
    """直接上级承担领导责任."""
    (row,) = (cited.row for cited in law.policy(PACK).rows(Incident))
    assert set(row.of) == {"abuse", "loss", "leak"}
    assert row.superior
    assert "对有关当事人予以严肃处理" in row.remedies


# ── Complaints ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.rule("S002-R33", "S002-R40")
def test_a_complaint_is_recorded_at_once_and_answered_when_promised(law):
    """即时受理; 向客户告知反馈时间; 处理后有回访."""
    policy = law.policy(PACK)
    kind = policy.dossier_type("complaint_centre")
    assert [papers for _, papers in asked_for(policy, "complaint_centre")] == [
        ("客户投诉记录表",), ("整改报告",), ("客户回访记录表",),
    ]  # fmt: skip
    received, keys = {"received": date(2026, 2, 14)}, {"promised_on": "2026-02-25"}
    due = [due_of(kind, item.id, received, law.calendar, {}, keys).day for item in kind.items]
    assert due == [date(2026, 2, 14), date(2026, 2, 25), date(2026, 2, 25)]
    assert due_of(kind, "revisit", received, law.calendar) is None
    assert "告知客户的反馈时间" in kind.items[0].fields


@pytest.mark.rule("S002-R33")
def test_a_complaint_is_complete_only_after_a_revisit(law):
    """建立投诉归档资料: the record alone is not enough."""
    policy = law.policy(PACK)
    kind = policy.dossier_type("complaint_centre")
    assert lacking(kind, {"complaint_record"}) == ("revisit",)
    assert policy.departments[kind.department].zh == "客户回访中心"


@pytest.mark.rule("S002-R43")
def test_two_sign_after_every_visit(law):
    """每次回访后: also after a complaint; who they are is told in the regulation's words."""
    policy = law.policy(PACK)
    for case in ("complaint_centre", "centre_revisit", "project_revisit", "repair_revisit"):
        (visit,) = [i for i in policy.dossier_type(case).items if "revisit_record" in i.types]
        assert [signer_words(policy, who)[0] for who in visit.signed_by] == [
            "客户服务人员", "技术服务人员",
        ]  # fmt: skip


@pytest.mark.rule("S002-R42")
def test_one_persons_fault_takes_his_report_and_a_teams_the_heads_word(law):
    """责任人立即整改并作出报告; otherwise the head of department explains."""
    policy = law.policy(PACK)
    kind = policy.dossier_type("complaint_centre")
    have = {"complaint_record", "revisit_record"}
    assert lacking(kind, have, {}, {"personal_fault": "是"}) == ("rectification",)
    assert lacking(kind, have, {}, {"personal_fault": "否"}) == ()
    assert policy.document_type("整改报告").id in kind.items[1].types
    who = in_charge(policy, "answer_for", dossier_type="complaint_centre")
    assert who == {"部门负责人"}


@pytest.mark.rule("S002-R42")
def test_the_lost_end_of_the_text_is_marked(law):
    """The source breaks off at 提出处理方案."""
    assert ["提出处理方案" in gap for gap in provisions(law.policy(PACK), "gap")] == [True]


# ── Revisits ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.rule("S002-R34")
def test_revisits_and_surveys_come_as_often_as_the_company_says(law):
    """定期和不定期回访，开展满意度调查: the text gives no number."""
    assert regular(law, PACK, "centre_survey_months", 6, date(2026, 8, 31)) == Regular(
        "survey", ("满意度调查",), ("客户回访中心",), date(2027, 2, 28)
    )
    assert law.policy(PACK).document_type("客户回访记录表").anywhere


@pytest.mark.rule("S002-R34", "S002-R35")
def test_revisits_keep_the_times_of_the_standard_procedure(law):
    """按照《回访管理标准作业规程》规定的回访时间."""
    assert regular(law, PACK, "centre_revisit_months", 3, date(2026, 3, 31)) == Regular(
        "revisit", ("客户回访记录表",), ("客户回访中心",), date(2026, 6, 30)
    )


@pytest.mark.rule("S002-R35")
def test_the_revisit_rate_is_the_standard_procedures(law):
    """规定的回访率: asked of the company, and reported against what it says."""
    silent = law.policy(PACK)
    assert "centre_revisit_percent" in {question.setting for question in silent.questions}
    (found,) = measures(silent, "revisit_rate")
    assert target_percent(silent, found.row) is None
    assert target_percent(law.policy(PACK, centre_revisit_percent="80%"), found.row) == 80


@pytest.mark.rule("S002-R38")
def test_all_key_customers_are_revisited(law):
    """必须保证重点客户的100%的回访."""
    policy = law.policy(PACK)
    (found,) = measures(policy, "revisit_coverage")
    assert target_percent(policy, found.row) == 100
    assert [policy.document_type(name).zh for name in found.row.types] == ["客户回访记录表"]
    assert scheme_value(policy, "重点客户") == (PACK, "key")
    field, _, values = found.row.when.partition("=")
    assert field == "customer.class" and {"重点客户", f"{PACK}:key"} <= set(values.split("|"))


@pytest.mark.rule("S002-R35", "S002-R39", "S002-R43")
def test_a_revisit_is_fully_recorded_and_signed_by_two(law):
    """回访资讯的完整记录; 客户服务人员和技术服务人员签字."""
    policy = law.policy(PACK)
    kind = policy.dossier_type("回访中心客户回访")
    assert asked_for(policy, "回访中心客户回访") == [("客户回访记录表", ("客户回访记录表",))]
    wanted = frozenset(kind.items[0].fields)
    assert {"回访结果", "客户对本司的评价"} <= wanted

    def lacks(**seen):
        (found,) = review(kind, [Paper("revisit_record", TODAY, **seen)], {}, {}, TODAY)
        return {(lack.kind, lack.detail) for lack in found.lacks}, found.unattested

    assert lacks(signed_by=BOTH, fields=wanted) == (set(), ())
    alone = {"signed_by": BOTH - {"technical_staff"}, "unsigned": frozenset({"technical_staff"})}
    assert lacks(**alone, fields=wanted)[0] == {("signature", "technical_staff")}
    assert lacks(signed_by=BOTH, lacking_fields=frozenset({"回访结果"}))[0] == {
        ("field", "回访结果")
    }


@pytest.mark.rule("S002-R35", "S002-R39", "S002-R43")
def test_the_record_form_has_the_fields_and_two_signatures(law):
    """《回访记录表》 as it is printed."""
    policy = law.policy(PACK)
    (form,) = (cited.row for cited in policy.rows(Form) if cited.row.of == "revisit")
    assert policy.document_type(form.type).zh == "客户回访记录表"
    assert {"回访时间", "回访结果"} <= set(form.fields)
    assert form.signatures == ("客户服务人员", "技术服务人员")


@pytest.mark.rule("S002-R43", "S002-R44")
def test_a_project_is_revisited_at_its_start_and_its_end(law):
    """每个专案回访二次: one record is not enough, and both are signed by two."""
    kind = law.policy(PACK).dossier_type("project_revisit")
    assert [event.zh for event in kind.events] == ["入场开工", "专案完工"]
    one = Paper("revisit_record", TODAY, "R1", signed_by=BOTH)
    unsigned = frozenset({"customer_service_staff"})
    two = Paper("revisit_record", TODAY, "R2", unsigned=unsigned)

    def lacks(*papers):
        (found,) = review(kind, papers, {}, {}, TODAY)
        return [(lack.kind, lack.detail) for lack in found.lacks]

    assert lacks() == [("document", "")]
    assert lacks(one) == [("count", "1/2")]
    assert lacks(one, two) == [("signature", "customer_service_staff")]
    assert lacks(one, Paper("revisit_record", TODAY, "R3", signed_by=BOTH)) == []


@pytest.mark.rule("S002-R43", "S002-R44")
def test_a_repair_is_followed_by_a_visit(law):
    """维修完成后，及时对客户进行回访: how soon is the company's word."""
    silent = law.policy(PACK)
    kind = silent.dossier_type("售后维修回访")
    assert lacking(kind, set()) == ("visit",)
    assert set(kind.items[0].signed_by) == BOTH
    assert "centre_repair_visit_promptly" in {question.setting for question in silent.questions}
    repaired = {"repaired": date(2026, 12, 30)}
    assert due_of(kind, "visit", repaired, law.calendar) is None
    kind = law.policy(PACK, centre_repair_visit_promptly="3").dossier_type("售后维修回访")
    assert due_of(kind, "visit", repaired, law.calendar).day == date(2027, 1, 2)
