"""Adopting packs together: names, grades, and questions the regulations leave open."""

import pytest

from policies.errors import PolicyIncomplete, UnknownName
from policies.packs import parse_pack
from policies.policy import Policy
from policies.questions import open_questions

OTHER = """[pack]
id = "own"
version = "2"
zh = "回访中心"
en = "revisit centre"
source = "S002"
effective_from = 2026-01-01
[[default_grade]]
{row}
grade = "TOP"
clause = "S002-R24"
"""

# The secrecy regulation leaves periods and a notice open beside the grade.
PERIODS = {f"secrecy_period_{grade}": "3 years" for grade in ("top", "conf", "secret")}
PERIODS["secrecy_notice"] = "30"
SETTLED = {"ungraded": "SECRET", **PERIODS}


def own(row):
    return parse_pack(OTHER.format(row=row))


@pytest.mark.rule("S001-4-R07")
def test_customer_information_needs_a_decision(packs):
    """The secrecy regulation grades no customer information, so the company must."""
    policy = Policy.adopt(packs, PERIODS)
    assert [question.setting for question in policy.questions] == ["ungraded"]
    assert policy.default_grade("green_card") is None
    with pytest.raises(PolicyIncomplete, match="ungraded"):
        policy.require_settled()


def test_a_settled_policy_has_no_questions(policy):
    """With its settings made, the shipped packs leave nothing open."""
    policy.require_settled()
    assert set(policy.document_types) == {
        row for row in policy.document_types if policy.default_grade(row)
    }


@pytest.mark.rule("S001-4-R11")
def test_contracts_and_licences_are_secret(packs):
    """Whatever the company chose for ungraded papers, contracts and licences are secret."""
    policy = Policy.adopt(packs, {"ungraded": "公开"})
    for doc_type in ("sales_contract", "business_licence", "org_code_cert"):
        ruling = policy.default_grade(doc_type)
        assert (ruling.grade.code, ruling.clauses) == ("SECRET", ("S001-4-R11",))
    assert policy.default_grade("green_card").grade.code == "PUBLIC"


def test_a_grade_setting_that_names_nothing_is_a_question(packs):
    """A misspelt grade is not silently no grade."""
    policy = Policy.adopt(packs, {**PERIODS, "ungraded": "SECRETT"})
    assert [question.setting for question in policy.questions] == ["ungraded"]


def test_regulations_that_disagree_are_named_with_both_clauses(packs):
    """Two regulations give contracts two grades: nothing is filed by luck."""
    policy = Policy.adopt([*packs, own('classes = ["contract"]')], SETTLED)
    (question,) = policy.questions
    assert question.setting == "grade.sales_contract"
    assert set(question.clauses) == {"S001-4-R11", "S002-R24"}
    assert policy.default_grade("sales_contract") is None


def test_the_company_settles_a_contradiction(packs):
    """The setting decides, and both clauses stay on the ruling."""
    settings = {**SETTLED, "grade.sales_contract": "机密"}
    policy = Policy.adopt([*packs, own('classes = ["contract"]')], settings)
    policy.require_settled()
    ruling = policy.default_grade("sales_contract")
    assert ruling.grade.code == "CONF"
    assert set(ruling.clauses) == {"S001-4-R11", "S002-R24"}


@pytest.mark.parametrize(
    "row, contract, green_card",
    [
        ('types = ["sales_contract"]', "TOP", "SECRET"),
        ('types = ["*"]', "SECRET", "TOP"),
    ],
)
def test_the_more_specific_row_wins(packs, row, contract, green_card):
    """A row naming the type beats its class, and any row beats a general rule."""
    policy = Policy.adopt([*packs, own(row)], SETTLED)
    policy.require_settled()
    assert policy.default_grade("sales_contract").grade.code == contract
    assert policy.default_grade("green_card").grade.code == green_card


def test_grades_are_found_by_code_or_label(policy):
    """One grade, however it is written."""
    for name in ("SECRET", "secret", "秘密", " 秘 密 ", "ＳＥＣＲＥＴ"):
        assert policy.grade(name) is policy.grades["SECRET"]
    with pytest.raises(UnknownName):
        policy.grade("秘")


@pytest.mark.parametrize(
    "name", ["invoice_copy", "INVOICE", "发票", "發票", "ｉｎｖｏｉｃｅ", "机动车销售统一发票"]
)
def test_types_are_found_by_id_label_or_alias(policy, name):
    """Case, width and the clerk's word for it do not matter."""
    assert policy.document_type(name).id == "invoice_copy"


def test_a_type_is_found_by_a_heading_of_its_own(packs):
    """What stands at the head of a paper names it, unless it stands on another or names one."""
    extra = """[[document_type]]
id = "parts_bill"
zh = "配件单"
en = "parts bill"
titles = ["配件结算明细", "机动车辆保险单", "新车PDI检查表"]
clause = "C-1"
"""
    head = OTHER.split("[[default_grade]]")[0]
    policy = Policy.adopt([*packs, parse_pack(head + extra)], SETTLED)
    assert policy.document_type("配件结算明细").id == "parts_bill"
    shared = {t for row in policy.document_types.values() if row.id != "parts_bill"
              for t in row.titles} & set(policy.document_types["parts_bill"].titles)  # fmt: skip
    assert shared
    assert all(getattr(policy.find_type(title), "id", "") != "parts_bill" for title in shared)


def test_unknown_names_are_errors_only_where_asked(policy):
    """Looking up may find nothing; demanding raises."""
    assert policy.find_type("发") is None
    assert policy.find_dossier_type("新") is None
    with pytest.raises(UnknownName):
        policy.document_type("发")
    with pytest.raises(UnknownName):
        policy.dossier_type("新")


def test_dossier_types_are_found_by_label(policy):
    """新车档案 and NEW_CAR are one."""
    assert policy.dossier_type("新车档案") is policy.dossier_type("NEW_CAR")


def _retitled(text, version="9"):
    text = text.replace('id = "auto-dealer"', 'id = "company"', 1)
    return text.replace('version = "2026.2"', f'version = "{version}"', 1)


def test_a_shared_type_joins_the_names_of_both_packs(packs, pack_texts):
    """A company pack may add a name for a paper and nothing else changes."""
    extra = """[[document_type]]
id = "invoice_copy"
zh = "购车发票复印件"
en = "purchase invoice copy"
aliases = ["购车票"]
clause = "C-1"
"""
    head = OTHER.split("[[default_grade]]")[0]
    policy = Policy.adopt([*packs, parse_pack(head + extra)], SETTLED)
    policy.require_settled()
    assert policy.find_type("购车票").id == policy.find_type("发票").id == "invoice_copy"


def test_one_name_for_two_types_finds_neither(packs):
    """A name that two packs give to two papers is a question, not a coin toss."""
    extra = """[[document_type]]
id = "parts_bill"
zh = "发票"
en = "parts bill"
clause = "C-1"
"""
    head = OTHER.split("[[default_grade]]")[0]
    policy = Policy.adopt([*packs, parse_pack(head + extra)], SETTLED)
    assert policy.find_type("发票") is None
    assert policy.find_type("invoice").id == "invoice_copy"
    assert any("parts_bill" in question.en for question in policy.questions)


def test_a_company_checklist_overrides_on_the_record(packs, pack_texts):
    """Two packs with different checklists: `packs.<id>` says whose is used."""
    text = _retitled(pack_texts["auto-dealer.toml"]).replace("working_days = 3", "working_days = 5")
    company = parse_pack(text)
    policy = Policy.adopt([*packs, company], SETTLED)
    assert [question.setting for question in policy.questions] == ["packs.new_car"]
    policy = Policy.adopt([*packs, company], {**SETTLED, "packs.new_car": "company"})
    policy.require_settled()
    assert policy.dossier_type("new_car").deadlines[0].count == 5


def test_an_item_of_an_undeclared_type_is_a_question(packs):
    """A checklist item nobody could ever satisfy is found at adoption."""
    dossier = """[[dossier_type]]
id = "tenant"
zh = "租户档案"
en = "tenant file"
kind = "tenant"
department = "office"
clause = "C-1"
[[dossier_type.item]]
id = "lease"
zh = "租约"
en = "lease"
types = ["lease"]
clause = "C-2"
"""
    head = OTHER.split("[[default_grade]]")[0]
    policy = Policy.adopt([*packs, parse_pack(head + dossier)], SETTLED)
    assert [question.setting for question in policy.questions] == ["packs.lease"]


def test_no_pack_and_no_grades_are_questions(packs):
    """An archive without regulations or without grades is not ready."""
    assert Policy.adopt([], {}).questions
    assert "grades" in str(Policy.adopt(packs[:1], {}).questions[0])


def test_an_answer_that_cannot_be_read_is_named(packs):
    """Asked again with what was written, once, whether a number or a period was wanted."""
    given = {**SETTLED, "secrecy_period_secret": "三年", "secrecy_notice": "一个月"}
    asked = {q.setting: q for q in open_questions(Policy.adopt(packs, given))}
    for setting, said in (("secrecy_period_secret", "三年"), ("secrecy_notice", "一个月")):
        assert asked[setting].zh.endswith(f"（现写“{said}”，读不懂）")
        assert repr(said) in asked[setting].en
    assert len(asked) == len(open_questions(Policy.adopt(packs, given)))
