"""S001-4, the company's secrecy regulation: the program answers in its words."""

from dataclasses import replace
from datetime import date

import pytest

from policies.approvals import Request, decide
from policies.conduct_rows import Incident
from policies.lending import knows, loan_terms
from policies.pack_rows import DocumentType, Need, Role
from policies.packs import Pack
from policies.rule_rows import Form, Provision, Secrecy
from policies.scope import marking, secrecy_scope

SECRETS = ("TOP", "CONF", "SECRET")
PAPERS = ("business_licence", "org_code_cert", "other_licence")


def secrecy(law, **settings):
    return law.policy("secrecy", **settings)


def with_certificates(law):
    """The regulation with three company certificates to be asked about."""
    known = law.pack("auto-dealer").rows(DocumentType)
    types = [row for row in known if row.id in PAPERS]
    types.append(replace(types[0], id="other_licence", zh="许可证", en="permit", aliases=()))
    head = law.pack("auto-dealer").head
    return law.without(Pack(head, {DocumentType: tuple(types)})).policy("secrecy", "auto-dealer")


def ask(policy, action, grade, **more):
    return decide(policy, Request(action, grade=grade, **more))


def steps(decision):
    return [(step.role, step.act) for step in decision.steps]


def said(policy, about):
    return [(c.row.by, c.row.zh) for c in policy.rows(Provision) if c.row.about == about]


def role_zh(policy, role):
    return {c.row.id: c.row.zh for c in policy.rows(Role)}[role]


def definitions(policy, grade):
    return {
        c.row.zh for c in policy.rows(Secrecy) if c.row.of == "definition" and grade in c.row.grades
    }


def graded(law, *classes):
    """The default grade of a paper of each of these classes, asked of the program."""
    blank = law.pack("auto-dealer").rows(DocumentType)[0]
    types = tuple(
        replace(blank, id=f"t{n}", zh=f"资料{n}", en=f"paper {n}", aliases=(), classes=(word,))
        for n, word in enumerate(classes)
    )
    made = law.without(Pack(law.pack("auto-dealer").head, {DocumentType: types}))
    policy = made.policy("secrecy", "auto-dealer", ungraded="PUBLIC")
    return {policy.default_grade(row.id).grade.zh for row in types}


# ── the regulation, its grades and its scope ──────────────────────────────────


@pytest.mark.rule("S001-4-R01")
def test_it_binds_the_head_company_and_its_direct_subsidiaries(law):
    """总公司及直属公司全体员工."""
    ((_, text),) = said(secrecy(law), "scope")
    assert "总公司及直属公司全体员工" in text


@pytest.mark.rule("S001-4-R02")
def test_a_secret_is_fixed_for_a_time_and_for_certain_persons(law):
    """A definition for all grades, with a period."""
    rows = [c.row for c in secrecy(law).rows(Secrecy) if c.row.of == "definition"]
    (general,) = [row for row in rows if not row.grades]
    assert general.period
    assert all(word in general.zh for word in ("公司利益", "一定时间", "一定范围内的人员"))


@pytest.mark.rule("S001-4-R03")
def test_there_are_three_grades_of_secrets(law):
    """绝密 above 机密 above 秘密, and below them what is no secret."""
    grades = secrecy(law).grades
    ranked = sorted(grades.values(), key=lambda grade: -grade.rank)
    assert [grade.zh for grade in ranked[:3]] == ["绝密", "机密", "秘密"]
    assert [grade.code for grade in ranked if grade.period == "required"] == [*SECRETS]


@pytest.mark.rule("S001-4-R04")
def test_top_secret_is_what_does_especially_serious_damage(law):
    """最重要的公司秘密."""
    policy = secrecy(law)
    assert policy.grade("绝密").code == "TOP"
    (text,) = definitions(policy, "TOP")
    assert text.startswith("最重要的公司秘密")
    assert "特别严重" in text


@pytest.mark.rule("S001-4-R05")
def test_highly_confidential_is_what_does_serious_damage(law):
    """重要的公司秘密."""
    policy = secrecy(law)
    assert policy.grade("机密").code == "CONF"
    (text,) = definitions(policy, "CONF")
    assert text.startswith("重要的公司秘密")
    assert "造成严重的" in text


@pytest.mark.rule("S001-4-R06")
def test_secret_is_what_does_damage(law):
    """一般的公司秘密."""
    policy = secrecy(law)
    assert policy.grade("秘密").code == "SECRET"
    (text,) = definitions(policy, "SECRET")
    assert text.startswith("一般的公司秘密")
    assert "严重" not in text


HEADS = (
    ("key_decision",),
    ("strategy",),
    ("contract", "agreement", "opinion", "feasibility_report", "important_minutes"),
    ("budget", "audit_report", "financial_statement", "statistics"),
    ("unpublished",),
    ("management_strategy", "customer_info", "supply_intelligence", "sales_strategy"),
    ("technical",),
    ("manufacturer_technical",),
    ("licence",),
    ("personnel", "pay"),
    ("confirmed_secret",),
)


@pytest.mark.rule("S001-4-R07")
def test_the_scope_has_eleven_heads(law):
    """Each sort of paper is secret by its own head, in the order of the text."""
    policy = secrecy(law)
    for number, words in enumerate(HEADS, start=1):
        for word in words:
            ruling = secrecy_scope(policy, [word])
            assert ruling.secret is True
            assert number in {cited.row.number for cited in ruling.heads}


@pytest.mark.rule("S001-4-R07")
def test_customer_information_is_in_scope_but_not_graded(law):
    """Head 6 names it, no grade is given: the company must say which."""
    policy = secrecy(law)
    assert secrecy_scope(policy, ["customer_info"]).clauses == ("S001-4-R07",)
    assert [c.row.kind for c in policy.rows(Need) if c.row.id == "ungraded"] == ["grade"]
    assert graded(law, "customer_info") == {"公开"}  # the setting of this test, nothing else


@pytest.mark.rule("S001-4-R08")
def test_ordinary_papers_are_no_secret(law):
    """一般性决定、决议、通告、通知 are internal, not secret."""
    policy = secrecy(law)
    assert secrecy_scope(policy, ["ordinary_paper"]).secret is False
    assert policy.grades["INTERNAL"].rank < policy.grades["SECRET"].rank
    assert graded(law, "ordinary_paper") == {"内部"}


@pytest.mark.rule("S001-4-R09")
def test_key_decisions_are_top_secret(law):
    """直接影响公司权益和利益的重要决策文件."""
    assert graded(law, "key_decision") == {"绝密"}


@pytest.mark.rule("S001-4-R10")
def test_plans_statements_and_minutes_are_highly_confidential(law):
    """Annual plans, statements, statistics, minutes, operating position, makers' material."""
    words = (
        "annual_plan", "financial_statement", "statistics", "important_minutes",
        "operating_position", "manufacturer_technical",
    )  # fmt: skip
    assert graded(law, *words) == {"机密"}


@pytest.mark.rule("S001-4-R11")
def test_contracts_personnel_papers_and_licences_are_secret(law):
    """合同、协议、人事档案、工资、奖金、尚未公开的信息、营业执照及相关证件."""
    words = ("contract", "agreement", "personnel", "pay", "unpublished", "licence")
    assert graded(law, *words) == {"秘密"}


# ── marking and expiry ────────────────────────────────────────────────────────


@pytest.mark.rule("S001-4-R12")
def test_the_drafter_marks_the_grade_and_fixes_the_period(law):
    """Who drafted it marks it; the usual period is each company's own, grade by grade."""
    policy = secrecy(law)
    asked = {c.row.id for c in policy.rows(Need)}
    for grade in SECRETS:
        found = marking(policy, grade)
        assert found.period_required
        assert found.marked_by == ("drafting_unit",)
        assert found.usual is None
        assert {question.setting for question in found.open} <= asked
    said_so = secrecy(
        law, secrecy_period_top="长期", secrecy_period_conf="6 months", secrecy_period_secret="2 年"
    )
    assert marking(said_so, "TOP").usual.forever
    marked = date(2026, 8, 31)
    assert marking(said_so, "CONF").usual.ends(marked) == date(2027, 2, 28)
    assert marking(said_so, "SECRET").usual.ends(marked) == date(2028, 8, 31)
    assert role_zh(policy, "drafting_unit") == "起草公司或部门"
    assert policy.who_is("drafting_unit") == ()


@pytest.mark.rule("S001-4-R12")
def test_the_drafter_changes_the_grade(law):
    """Whoever fixed grade and period changes them; nobody is named for what is no secret."""
    policy = secrecy(law)
    for action in ("regrade", "declassify"):
        for grade in SECRETS:
            assert steps(ask(policy, action, grade)) == [("drafting_unit", "approve")]


@pytest.mark.rule("S001-4-R13")
def test_secrets_declassify_by_themselves_unless_it_is_asked_for_more(law):
    """At the end of the period; the company says how long before somebody is asked."""
    policy = secrecy(law, secrecy_notice="45")
    for grade in SECRETS:
        found = marking(policy, grade)
        assert found.automatic
        assert found.extended_by == ("drafting_unit",)
        assert found.notice_days == 45
    assert policy.grade("公开").encrypt is False
    assert "secrecy_notice" in {question.setting for question in secrecy(law).questions}


# ── who may know ──────────────────────────────────────────────────────────────


@pytest.mark.rule("S001-4-R14")
def test_the_head_companys_leaders_may_know_everything(law):
    """总公司副/总经理有权全部知晓, without asking anybody."""
    policy = secrecy(law)
    for grade in SECRETS:
        assert knows(policy, grade, ["group_gm"])
        decision = ask(policy, "view", grade, relation="sister_company", roles=("group_gm",))
        assert decision.free
        assert decision.clauses == ("S001-4-R14",)
    assert role_zh(policy, "group_gm") == "总公司总经理或副总经理"


@pytest.mark.rule("S001-4-R15")
def test_top_secrets_are_for_those_the_leaders_name(law):
    """Nobody else, not even the manager in charge."""
    policy = secrecy(law, role__work_supervisor="department_manager")
    assert knows(policy, "TOP", ["clerk"], named=True)
    assert not knows(policy, "TOP", ["department_manager"], delegated=True, concerned=True)
    assert steps(ask(policy, "view", "TOP")) == [("group_gm", "approve")]


@pytest.mark.rule("S001-4-R16")
def test_highly_confidential_papers_are_for_the_manager_in_charge_and_his_people(law):
    """主管人员 and whom he finds must know; who he is the company says."""
    policy = secrecy(law)
    assert knows(policy, "CONF", ["clerk"], delegated=True)
    assert not knows(policy, "CONF", ["clerk"], named=True, concerned=True)
    decision = ask(policy, "view", "CONF")
    assert steps(decision) == [("work_supervisor", "approve")]
    assert [question.setting for question in decision.open] == ["role.work_supervisor"]
    company = secrecy(law, role__work_supervisor="department_manager")
    assert ask(company, "view", "CONF", roles=("department_manager",)).free
    assert not ask(company, "view", "CONF", roles=("clerk",)).free
    assert role_zh(policy, "work_supervisor") == "主管人员"


@pytest.mark.rule("S001-4-R17")
def test_secret_papers_are_for_those_concerned(law):
    """相关人员 need nobody's approval, strangers get none."""
    policy = secrecy(law)
    assert knows(policy, "SECRET", ["clerk"], concerned=True)
    assert not knows(policy, "SECRET", ["clerk"], named=True, delegated=True)
    for relation in ("owner", "own_dept"):
        assert ask(policy, "view", "SECRET", relation=relation).free
    for relation in ("other_dept", "sister_company", "external"):
        assert not ask(policy, "view", "SECRET", relation=relation).allowed


# ── copies, certificates, custody ─────────────────────────────────────────────


@pytest.mark.rule("S001-4-R18")
def test_top_secrets_are_in_principle_not_copied(law):
    """原则上不允许; the head company's leaders may make an exception."""
    policy = secrecy(law)
    for action in ("extract", "copy"):
        decision = ask(policy, action, "TOP")
        assert decision.exception
        assert steps(decision) == [("group_gm", "approve")]


@pytest.mark.rule("S001-4-R19")
def test_other_secrets_are_copied_with_the_subsidiarys_approval(law):
    """机密级、秘密级资料需经子公司总经理批准."""
    policy = secrecy(law)
    for action in ("extract", "copy"):
        for grade in ("CONF", "SECRET"):
            decision = ask(policy, action, grade)
            assert steps(decision) == [("subsidiary_gm", "approve")]
            assert not decision.exception
    assert role_zh(policy, "subsidiary_gm") == "子公司总经理"


@pytest.mark.rule("S001-4-R20")
def test_copies_are_not_made_privately_and_are_managed_as_originals(law):
    """Forbidden in every loan, registered, and treated as the original is."""
    policy = secrecy(law)
    for grade in SECRETS:
        assert "copy_privately" in loan_terms(policy, "view", grade=grade).forbids
        assert marking(policy, grade).like_originals
    (register,) = [c.row for c in policy.rows(Form) if c.row.of == "copies"]
    assert {"复印件编号", "密级", "归还日期", "销毁日期"} <= set(register.columns)


@pytest.mark.rule("S001-4-R21")
def test_company_certificates_are_lent_by_the_subsidiarys_manager(law):
    """Copied or lent; but licence and organisation code are copied with the department's yes."""
    policy = with_certificates(law)
    for paper in PAPERS:
        for action in ("borrow", "take_out"):
            decision = ask(policy, action, "SECRET", doc_type=paper)
            assert steps(decision) == [("subsidiary_gm", "approve")]
    for paper, approver in zip(
        PAPERS, ("department_manager", "department_manager", "subsidiary_gm"), strict=True
    ):
        decision = ask(policy, "copy", "SECRET", doc_type=paper)
        assert steps(decision) == [(approver, "approve")]
        assert decision.clauses == ("S001-4-R21",)
    assert role_zh(policy, "department_manager") == "部门经理"


@pytest.mark.rule("S001-4-R22")
def test_each_company_appoints_a_custodian(law):
    """专人负责秘密文件、资料的保管."""
    policy = secrecy(law)
    for grade in SECRETS:
        assert marking(policy, grade).custodians == ("secret_custodian",)
    assert "secret_custodian" in {c.row.id for c in policy.rows(Role)}


@pytest.mark.rule("S001-4-R23")
def test_a_leak_is_reported_to_the_leaders_at_once(law):
    """立即向总公司领导报告, for remedy."""
    rows = [c.row for c in secrecy(law).rows(Incident)]
    told = [row for row in rows if "leak" in row.of and row.notify]
    assert [(row.notify, row.at_once) for row in told] == [(("group_gm",), True)]
    assert "补救" in told[0].remedies[0]


@pytest.mark.rule("S001-4-R25")
def test_four_acts_are_punished(law):
    """Leaks without and with serious consequence, procuring secrets, abusing power."""
    rows = [c.row for c in secrecy(law).rows(Incident) if any("处罚" in r for r in c.row.remedies)]
    assert {(row.of, row.severity) for row in rows} == {
        (("leak",), "minor"), (("leak",), "serious"), (("theft",), "none"), (("abuse",), "none"),
    }  # fmt: skip
    assert all(any("法律责任" in remedy for remedy in row.remedies) for row in rows)


@pytest.mark.rule("S001-4-R27")
def test_it_is_in_force_when_issued_and_explained_by_human_resources(law):
    """自发布之日起生效, 解释归人力资源部."""
    policy = secrecy(law)
    assert [by for by, _ in said(policy, "interpreted_by")] == [("human_resources",)]
    assert policy.departments["human_resources"].zh == "人力资源部"
    ((_, text),) = said(policy, "effective")
    assert "发布之日" in text


@pytest.mark.rule("S001-4-R02")
@pytest.mark.rule("S001-4-R08")
def test_a_period_is_for_secrets_only(law):
    """A notice outside the secrecy scope is internal: nobody fixes a period for it."""
    policy = law.policy("secrecy", "office-records")
    notice = policy.default_grade("meeting_notice")
    assert notice is not None and notice.grade.code == "INTERNAL"
    assert [marking(policy, grade).period_required for grade in policy.grades] == [
        True, True, True, False, False,
    ]  # fmt: skip
