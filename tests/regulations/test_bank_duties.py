"""S001-2: what the bank desk's work leaves in the archive."""

import pytest

from policies.checklist import lacking
from policies.pack_rows import Role


def policy(law):
    """The regulation alone."""
    return law.policy("bank-duties")


@pytest.mark.rule("S001-2-R02")
def test_minutes_of_meetings_and_negotiations_may_be_filed(law):
    """参与与银行业务有关的会议与谈判: the records have a place, and are never missing."""
    bank = policy(law).dossier_type("银行合作档案")
    optional = {item.types: item.required for item in bank.items[1:]}
    for name in ("会议记录", "谈判记录"):
        paper = policy(law).find_type(name)
        assert paper.anywhere and optional[(paper.id,)] == "optional"
        (duty,) = policy(law).duties("register", doc_type=paper.id)
        assert duty.row.roles == ("bank_officer",)


@pytest.mark.rule("S001-2-R04")
def test_contracts_and_agreements_reach_the_dossier(law):
    """草拟、签订相关的合同、协议: one or the other must lie there."""
    bank = policy(law).dossier_type("银行合作档案")
    assert lacking(bank, ()) == ("contract_or_agreement",)
    for name, word in (("合同文本", "contract"), ("协议书", "agreement")):
        paper = policy(law).find_type(name)
        assert paper.classes == (word,) and lacking(bank, [paper.id]) == ()
        (duty,) = policy(law).duties("compose", doc_type=paper.id)
        assert duty.row.roles == ("bank_officer",)
    assert bank.department in policy(law).departments
    roles = {role.id: role.department for role in law.pack("bank-duties").rows(Role)}
    assert roles["bank_officer"] == bank.department
