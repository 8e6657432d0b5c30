"""S001-15: what account managers put on record."""

import pytest

from policies.checklist import lacking
from policies.pack_rows import Role


def policy(law):
    """The regulation alone."""
    return law.policy("account-manager")


@pytest.mark.rule("S001-15-R01")
def test_suggestions_enquiries_and_grievances_are_recorded(law):
    """记录客户合理化建议，咨询和抱怨中的案例, in any customer's file."""
    for name in ("客户合理化建议", "客户咨询记录", "客户抱怨案例"):
        paper = policy(law).find_type(name)
        assert paper.anywhere
        (duty,) = policy(law).duties("register", doc_type=paper.id)
        assert duty.row.roles == ("account_manager",)
    roles = {role.id: role.zh for role in law.pack("account-manager").rows(Role)}
    assert roles["account_manager"] == "客户经理"


@pytest.mark.rule("S001-15-R02")
def test_sales_are_reported_analysed_and_counted(law):
    """销售报告、销售分析、销售统计: a year's sales papers lack whichever is not filed."""
    names = ("销售报告", "销售分析", "销售统计")
    papers = [policy(law).find_type(name).id for name in names]
    year = policy(law).dossier_type("年度销售资料")
    assert lacking(year, ()) == tuple(papers)
    assert lacking(year, papers[:2]) == ("sales_statistics",)
    for paper in papers:
        (duty,) = policy(law).duties("analyse", doc_type=paper)
        assert duty.row.roles == ("account_manager",)
    assert policy(law).departments[year.department].zh == "市场营销部"
