"""What the law says on how long papers must, and may, be kept."""

from dataclasses import replace
from datetime import date

import pytest

from policies.keeping_rows import Retention
from policies.pack_rows import DocumentType
from policies.packs import Pack
from policies.retention import keep_until, period_of
from policies.rule_rows import Provision

LAW = ("auto-dealer", "secrecy", "statutory-floors")
PERSONAL = {"personal_years": "10", "sensitive_personal_years": "3"}


def under(law, **settings):
    return law.policy(*LAW, **{**PERSONAL, **settings})


def kept(policy, paper, closed=None, filed=date(2026, 3, 5), dossier=None):
    """The last day a paper must be kept, "for ever", or None while that is not known."""
    doc_type = policy.document_type(paper).id
    period = period_of(policy, doc_type, dossier)
    found = keep_until(period, {"closed": closed} if closed else {}, filed)
    return "for ever" if found.forever else found.day


@pytest.mark.rule("商务部令2017-1")
def test_dealers_keep_sales_files_ten_years_at_least(law):
    """Counted from the closing of the file; while it is open nothing runs out."""
    policy = under(law)
    for paper in ("绿卡", "购车发票复印件", "销售合同"):
        assert kept(policy, paper, date(2026, 6, 30), dossier="new_car") == date(2036, 6, 30)
        assert kept(policy, paper, dossier="new_car") is None
    assert period_of(policy, "green_card", "new_car").clauses == ("商务部令2017-1",)


@pytest.mark.rule("机动车维修管理规定")
def test_repair_files_are_kept_two_years_at_least(law):
    """Each sort of service file; a leap day ends on the last of February."""
    policy = under(law)
    for dossier in ("minor_repair", "first_service", "maintenance", "overhaul", "warranty_claim"):
        found = kept(policy, "结算单", date(2028, 2, 29), dossier=dossier)
        assert found == date(2030, 2, 28)
        assert period_of(policy, "settlement", dossier).clauses == ("机动车维修管理规定",)


@pytest.mark.rule("财政部国家档案局令79")
def test_vouchers_and_books_are_kept_thirty_years(law):
    """From the first day after the accounting year, handover registers too."""
    policy = under(law)
    for paper in ("会计凭证", "记账凭证", "会计账簿", "日记账", "会计档案移交清册"):
        assert kept(policy, paper) == date(2056, 12, 31)
        assert kept(policy, paper, filed=date(2026, 12, 31)) == date(2056, 12, 31)


@pytest.mark.rule("财政部国家档案局令79")
def test_other_accounting_papers_are_kept_ten_years(law):
    """Monthly reports, bank statements and tax returns."""
    policy = under(law)
    for paper in ("月度财务会计报告", "银行对账单", "纳税申报表"):
        assert kept(policy, paper) == date(2036, 12, 31)


@pytest.mark.rule("财政部国家档案局令79")
def test_annual_reports_and_destruction_registers_are_kept_for_ever(law):
    """No date, whatever was filed when."""
    policy = under(law)
    for paper in ("年度财务会计报告", "档案销毁清册", "会计档案销毁清册"):
        assert kept(policy, paper, date(2020, 1, 1)) == "for ever"


@pytest.mark.rule("反洗钱法")
def test_banks_keep_what_identifies_a_customer_ten_years(law):
    """Only papers that the institution's own pack gives the class."""
    card = next(row for row in law.pack("auto-dealer").rows(DocumentType) if row.id == "id_card")
    bank = Pack(
        replace(law.pack("auto-dealer").head, id="bank"),
        {DocumentType: (replace(card, classes=("aml_identity",)),)},
    )
    policy = law.without(bank).policy("secrecy", "statutory-floors", "bank", **PERSONAL)
    assert kept(policy, "身份证复印件", date(2026, 6, 30)) == date(2036, 6, 30)
    assert kept(under(law), "身份证复印件", date(2026, 6, 30), dossier="overhaul").year == 2028


@pytest.mark.rule("商务部令2017-1")
def test_a_floor_wins_over_a_shorter_rule_and_not_over_a_longer_one(law):
    """法定最低期限: the company may keep longer, never shorter."""
    row = next(row for row in law.pack("statutory-floors").rows(Retention) if row.years == 10)
    for years, wins in ((5, 10), (12, 12)):
        own = replace(row, id="own", kind="company", years=years, clause="C-1")
        pack = Pack(replace(law.pack("auto-dealer").head, id="own"), {Retention: (own,)})
        policy = law.without(pack).policy(*LAW, "own", **PERSONAL)
        found = period_of(policy, "green_card", "new_car")
        assert found.years == wins
        assert (found.floor is not None) is (wins == 10)


@pytest.mark.rule("个人信息保护法-19")
def test_personal_data_have_a_ceiling_that_only_warns(law):
    """Ordinary and sensitive data by the company's own numbers; the floor still holds."""
    policy = under(law, personal_years="12")
    closed = date(2026, 6, 30)
    for paper, beyond in (("绿卡", date(2038, 6, 30)), ("身份证复印件", date(2029, 6, 30))):
        period = period_of(policy, policy.document_type(paper).id, "new_car")
        found = keep_until(period, {"closed": closed}, date(2026, 3, 5))
        assert (found.day, found.beyond) == (date(2036, 6, 30), beyond)
    photographs = period_of(policy, "pdi", "new_car")
    assert photographs.ceiling is None


@pytest.mark.rule("个人信息保护法-19")
def test_the_company_says_how_long_personal_data_are_needed(law):
    """No number stands in the law, so none is taken for granted."""
    policy = law.policy(*LAW)
    asked = {question.setting for question in policy.questions}
    assert {"personal_years", "sensitive_personal_years"} <= asked
    assert period_of(policy, "green_card", "new_car").ceiling is None


@pytest.mark.rule("个人信息保护法-47")
def test_what_may_not_be_deleted_yet_is_only_stored(law):
    """停止除存储和采取必要的安全保护措施之外的处理."""
    rows = [c.row for c in under(law).rows(Provision) if c.pack.startswith("statutory-floors@")]
    assert any("停止除存储" in row.zh for row in rows)


@pytest.mark.rule("商务部令2017-1")
@pytest.mark.rule("财政部国家档案局令79")
def test_it_is_law_and_not_a_regulation(law):
    """The pack says so, so that nothing of it is taken for the company's own rule."""
    pack = law.pack("statutory-floors")
    assert pack.head.kind == "statute"
    assert all(row.kind in ("floor", "ceiling") for row in pack.rows(Retention))
