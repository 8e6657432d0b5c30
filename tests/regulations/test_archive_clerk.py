"""S001-8: how the customer archive clerk makes, updates and assesses a file."""

from datetime import date

import pytest

from policies.approvals import Request, decide, may_sign
from policies.checklist import Paper, lacking, review
from policies.deadlines import DossierState, due_of, missing
from policies.pack_rows import Role
from policies.rule_rows import Secrecy

CORE = ("salesman_customer_data", "customer_file_assessment")


def policy(law, **settings):
    """The regulation alone, with the company's answers."""
    return law.policy("archive-clerk", **settings)


def role(law, role_id):
    """What a role is called."""
    return {found.id: found.zh for found in law.pack("archive-clerk").rows(Role)}[role_id]


@pytest.mark.rule("S001-8-R01")
def test_a_file_is_made_once_a_market_inspector_verified_the_data(law):
    """经市场监察人员核实后建立: one step, and nobody verifies what he handed in himself."""
    decision = decide(policy(law), Request("register"))
    assert [(s.role, s.act) for s in decision.steps] == [("market_inspector", "verify")]
    held = ["market_inspector"]
    assert may_sign(policy(law), decision, 1, "chen", held, "chen", ()) == "self-approval"
    assert may_sign(policy(law), decision, 1, "luo", ["salesman"], "chen", ()) == "wrong-role"
    assert may_sign(policy(law), decision, 1, "luo", held, "chen", ()) is None


@pytest.mark.rule("S001-8-R01")
def test_what_salesmen_report_is_signed_by_the_inspector(law):
    """The reported data open the checklist, with the inspector's signature on them."""
    kind = policy(law).dossier_type("经核实的客户档案")
    paper = policy(law).find_type("业务员反馈的客户资料")
    unsigned = Paper(paper.id, date(2026, 7, 6), unsigned=frozenset({"market_inspector"}))
    found = review(kind, [unsigned], {}, {}, date(2026, 7, 6))[0]
    assert [(lack.kind, lack.detail) for lack in found.lacks] == [("signature", "market_inspector")]
    (duty,) = policy(law).duties("verify", doc_type=paper.id)
    assert duty.row.roles == ("market_inspector",)
    (duty,) = policy(law).duties("compose", dossier_type=kind.id)
    assert duty.row.roles == ("archive_clerk",)
    assert role(law, "market_inspector") == "市场监察人员"
    assert role(law, "salesman") == "业务员"


@pytest.mark.rule("S001-8-R02")
def test_the_clerk_keeps_business_secrets(law):
    """严格保守商业秘密."""
    (found,) = law.pack("archive-clerk").rows(Secrecy)
    assert (found.of, found.by) == ("custody", ("archive_clerk",))


@pytest.mark.rule("S001-8-R03")
def test_files_are_updated_from_three_named_sources(law):
    """信息反馈管理人员、市场监察人员、业务员 supply; from anybody else nothing is taken."""
    for source in ("feedback_officer", "market_inspector", "salesman"):
        decision = decide(policy(law), Request("update", roles=(source,)))
        assert decision.free and decision.register
    assert not decide(policy(law), Request("update", roles=("market_manager",))).allowed
    (duty,) = policy(law).duties("update", dossier_type="verified_customer")
    assert duty.row.roles == ("archive_clerk",)
    assert role(law, "feedback_officer") == "信息反馈管理人员"
    assert role(law, "archive_clerk") == "档案管理员"


@pytest.mark.rule("S001-8-R03")
def test_an_update_names_its_source_and_comes_promptly(law):
    """及时: the company says how many days; the source stands on the update."""
    assert "clerk_update_days" in {q.setting for q in policy(law).questions}
    adopted = policy(law, clerk_update_days="2")
    kind = adopted.dossier_type("客户档案更新")
    paper = Paper(adopted.find_type("客户档案更新资料").id, date(2026, 7, 6))
    (found,) = review(kind, [paper], {}, {}, date(2026, 7, 6))
    source = "资料来源（信息反馈管理人员、市场监察人员或业务员）"
    assert found.papers == (paper,) and found.unattested == (f"field:{source}",)
    assert [key.zh for key in kind.keys] == ["资料来源"]
    due = due_of(kind, paper.type, {"supplied": date(2026, 7, 6)}, law.calendar)
    assert (due.day, due.clause) == (date(2026, 7, 8), "S001-8-R03")


@pytest.mark.rule("S001-8-R03")
def test_each_update_supplied_is_missed_until_it_is_filed(law):
    """Papers supplied in July are overdue in the file of July, whatever came in March."""
    adopted = policy(law, clerk_update_days="2")
    state = DossierState("customer_file_update", events={"supplied": date(2026, 7, 6)})
    for day, overdue in ((date(2026, 7, 8), False), (date(2026, 7, 9), True)):
        (lack,) = missing(state, adopted, law.calendar, day)
        assert (lack.item, lack.due, lack.overdue) == (
            "customer_data_update", date(2026, 7, 8), overdue,
        )  # fmt: skip


@pytest.mark.rule("S001-8-R04")
def test_files_are_assessed_for_the_market_manager(law):
    """客户档案评估，向市场部经理提供依据."""
    paper = policy(law).find_type("客户档案评估")
    (duty,) = policy(law).duties("analyse", doc_type=paper.id)
    assert duty.row.roles == ("archive_clerk",)
    assert lacking(policy(law).dossier_type("verified_customer"), ()) == CORE
    assert role(law, "market_manager") == "市场部经理"
    assert policy(law).departments["marketing"].zh == "市场部"


@pytest.mark.rule("S001-8-R04")
def test_a_sale_that_is_not_paid_in_cash_is_signed_for(law):
    """非现款交易方式应经历“签字”程序; a sale in cash need not."""
    kind = policy(law).dossier_type("verified_customer")
    signature = policy(law).find_type("非现款交易签字审批").id
    for payment in ("credit", "赊销", "承兑汇票"):
        assert lacking(kind, CORE, {}, {"payment": payment}) == (signature,)
    for payment in ("cash", "现款"):
        assert lacking(kind, CORE, {}, {"payment": payment}) == ()
