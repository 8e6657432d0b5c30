"""The thirty contradictions, gaps and ambiguities among the source regulations: each is asked,
decided by a row that can be read, or impossible to write."""

from datetime import date

import pytest
from law import Law

from policies.approvals import Request, decide
from policies.arrangement import order_of
from policies.conduct_rows import PenaltyTerms
from policies.customers import scheme_value
from policies.deadlines import due_of
from policies.errors import UnknownName
from policies.packs import check_pack
from policies.questions import open_questions
from policies.rule_rows import Provision, Secrecy


@pytest.fixture(scope="module")
def law():
    return Law.shipped()


def asked(law, *packs, **settings):
    """Setting → the question, for packs adopted together."""
    return {q.setting: q for q in open_questions(law.policy(*packs, **settings))}


CONTRADICTIONS = [
    (1, ("secrecy", "visit-centre"), "approval.view.CONF", {"S001-4-R16", "S002-R25"}),
    (1, ("leasing", "business-registration"), "approval.view", {"S001-6-R14", "S001-14-R08"}),
    (1, ("office-records", "leasing"), "approval.view", {"S001-1-R42", "S001-6-R14"}),
    (2, ("secrecy", "visit-centre"), "approval.view.SECRET", {"S001-4-R17", "S002-R25"}),
    (3, ("secrecy", "visit-centre"), "approval.view.TOP", {"S001-4-R15", "S002-R25"}),
    (
        4,
        ("secrecy", "visit-centre", "bank-duties"),
        "grade.contract_paper",
        {"S001-4-R11", "S002-R31"},
    ),
    (8, ("leasing", "visit-centre"), "approval.destroy", {"S001-6-R17", "S002-R24"}),
    (9, ("office-records", "leasing"), "backup.standing", {"S001-1-R07", "S001-6-R08"}),
    (15, ("office-records", "property"), "arrangement.tenant", {"S001-1-R39", "S001-10-R10"}),
    (17, ("leasing", "customer-allocation"), "ownership.conflict", {"S001-6-R04", "S001-5-R05"}),
]  # fmt: skip


@pytest.mark.parametrize("number, packs, setting, clauses", CONTRADICTIONS)
def test_two_regulations_that_disagree_are_both_named(law, number, packs, setting, clauses):
    """Either pack alone asks nothing of it; both together ask, with both clauses."""
    for pack in packs:
        assert setting not in asked(law, pack)
    question = asked(law, *packs)[setting]
    assert question.contradiction
    cited = " ".join(question.clauses)
    assert all(clause in cited for clause in clauses), (number, cited)


@pytest.mark.parametrize("number, packs, setting, clauses", CONTRADICTIONS)
def test_naming_a_pack_settles_it(law, number, packs, setting, clauses):
    """The company's word for one of the two closes the question."""
    value = "SECRET" if setting.startswith("grade.") else packs[0]
    assert setting not in asked(law, *packs, **{setting.replace(".", "__"): value}), number


@pytest.mark.parametrize(
    "number, pack, setting",
    [
        (6, "leasing", "leasing_retention_start"),
        (7, "office-records", "retention_long_years"),
        (7, "office-records", "retention_short_years"),
        (8, "visit-centre", "disposal.witnesses"),
        (12, "city-investment", "city_update_months"),
        (19, "property", "tenant_loan_days"),
        (20, "office-records", "role.archive_head"),
        (20, "visit-centre", "role.manager_level"),
        (21, "secrecy", "secrecy_period_top"),
        (22, "secrecy", "secrecy_notice"),
        (25, "statutory-floors", "sensitive_personal_years"),
    ],
)
def test_what_a_regulation_leaves_open_is_asked(law, number, pack, setting):
    """An open number or role is no contradiction, and has no default."""
    question = asked(law, pack)[setting]
    assert not question.contradiction and question.clauses, number


def test_an_answer_that_is_no_number_is_asked_again(law):
    """A word where days are counted settles nothing."""
    assert "tenant_loan_days" in asked(law, "property", tenant_loan_days="bald")
    assert "tenant_loan_days" not in asked(law, "property", tenant_loan_days="14")


def test_viewing_and_copying_are_two_questions(law):
    """#2: the same grade, other approvers."""
    policy = law.policy("secrecy")
    copy = decide(policy, Request("copy", grade="SECRET"))
    assert [step.role for step in copy.steps] == ["subsidiary_gm"]
    assert decide(policy, Request("view", grade="SECRET", relation="own_dept")).free


def test_a_document_type_beats_its_grade(law):
    """#5: a licence is secret, and still copied with the department manager's approval alone."""
    policy = law.policy("secrecy", "auto-dealer")
    licence = decide(policy, Request("copy", grade="SECRET", doc_type="business_licence"))
    assert [step.role for step in licence.steps] == ["department_manager"]


def test_dossiers_of_every_kind_stand_side_by_side(law):
    """#10: vehicle, customer, tenant, guest, case and year, in one policy, without a question."""
    names = [name for name in law.packs if name not in ("secrecy-commercial", "company-sample")]
    policy = law.policy(*names)
    kinds = {kind.kind for kind in policy.dossier_types.values()}
    assert kinds == {"vehicle", "customer", "tenant", "guest", "case", "year"}
    assert not [q for q in policy.questions if q.setting.startswith("packs")]


def test_the_deadline_and_its_penalty_have_triggers_of_their_own(law):
    """#11: due three working days after the sale, punished from three after the delivery."""
    from policies.conduct_rows import Penalty

    policy = law.policy("auto-dealer", "secrecy")
    events = {"sale": date(2026, 3, 5), "delivery": date(2026, 3, 12)}
    due = due_of(policy.dossier_type("new_car"), None, events, law.calendar)
    assert due.day == date(2026, 3, 10)
    (late,) = [c.row for c in policy.rows(Penalty) if "S001-3-R20" in c.row.clause]
    assert (late.after, late.working_days) == ("delivery", 3)


def test_complaint_clocks_belong_to_the_kind_of_case(law):
    """#13: three working days, one and two working days, three calendar days; no contradiction."""
    found = asked(law, "hotel-complaint", "service-complaint", "customer-allocation")
    assert not [
        setting for setting in found if "complaint" in setting and found[setting].contradiction
    ]


def test_how_penalties_double_stands_in_the_pack(law):
    """#14: flat, repeats count, a loss does not double: readable, and so changeable."""
    terms = [c.row for c in law.policy("auto-dealer").rows(PenaltyTerms)]
    assert {(t.doubling, t.repeats_count, t.loss_doubles, t.combine) for t in terms} == {
        ("flat", True, False, "sum")
    }


def test_an_order_of_papers_is_one_series(law):
    """#15: alone, each regulation has its order."""
    (tenant,) = order_of(law.policy("property"), dossier_type="tenant")
    assert tenant.row.order == ("issue_date",)


def test_a_letter_of_two_schemes_is_no_grade(law):
    """#18: A of VIP/A/B/C is not A of A/B/C/D."""
    both = law.policy("customer-grading", "customer-care")
    with pytest.raises(UnknownName):
        scheme_value(both, "A")
    with pytest.raises(UnknownName):
        scheme_value(both, "A级客户")


def test_obsolete_papers_have_equivalents(law):
    """#23: since 2015 the licence stands for organisation code and tax registration."""
    item = next(
        i for i in law.policy("auto-dealer").dossier_type("new_car").items if i.id == "identity"
    )
    assert {"org_code_cert", "business_licence"} <= set(item.types)


def test_copies_are_managed_like_originals(law):
    """#24: the rule stands as a row that copying must ask."""
    assert any(c.row.like_originals for c in law.policy("secrecy").rows(Secrecy))


BASE = """[pack]
id = "x"
version = "1"
zh = "x"
en = "x"
source = "x"
effective_from = 2026-01-01
"""


def test_a_day_off_must_be_ruled(law):
    """#26: a deadline by the calendar without `roll` is a mistake of the pack."""
    text = BASE + (
        '[[dossier_type]]\nid = "d"\nzh = "d"\nen = "d"\nclause = "c"\nkind = "case"\n'
        'department = "x"\n[[dossier_type.event]]\nid = "e"\nzh = "e"\nen = "e"\n'
        '[[dossier_type.deadline]]\nafter = "e"\nmonth_end = true\nclause = "c"\n'
        '[[dossier_type.item]]\nid = "i"\nzh = "i"\nen = "i"\nclause = "c"\ntypes = ["i"]\n'
    )
    assert [p.field for p in check_pack(text)] == ["dossier_type.deadline.roll"]


def test_the_star_is_the_states(law):
    """#27: a company's grade must not carry the mark of state secrets."""
    text = BASE + (
        '[[grade]]\ncode = "TOP"\nzh = "绝密"\nen = "top"\nrank = 4\nmark = "绝密★"\n'
        'encrypt = true\nclause = "c"\n'
    )
    assert [p.field for p in check_pack(text)] == ["grade.mark"]


@pytest.mark.parametrize(
    "pack", ["office-records", "auto-dealer", "business-registration", "visit-centre",
             "customer-care", "city-investment"],
)  # fmt: skip
def test_missing_text_is_marked(law, pack):
    """#28: where the source is cut off or garbled the pack says so."""
    assert any(row.about == "gap" for row in law.pack(pack).rows(Provision))


@pytest.mark.parametrize(
    "written",
    ["客户投诉记录表", "客戶投訴記錄表", "客户报诉记录表", "用户档案签收薄", "用户档案签收簿"],
)
def test_variants_of_the_sources_name_the_same_paper(law, written):
    """#29: Traditional script, typos of the source, both spellings of 簿."""
    names = [name for name in law.packs if name not in ("secrecy-commercial", "company-sample")]
    assert law.policy(*names).find_type(written) is not None


@pytest.mark.parametrize(
    "pack, clause", [("auto-dealer", "S001-3-R30"), ("customer-care", "S004-2-R10")]
)
def test_a_claim_to_prevail_is_on_record_and_settles_nothing(law, pack, clause):
    """#30: the regulation that claims to prevail is shown; the company decides."""
    (row,) = [r for r in law.pack(pack).rows(Provision) if r.about == "prevails"]
    assert clause in row.clause
