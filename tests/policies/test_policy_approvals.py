"""Who must say yes, what borrowing demands, and who may know."""

import pytest
from small_packs import adopt, grades, pack, row

from policies.approvals import (
    Request,
    decide,
    knows,
    loan_terms,
    may_sign,
    unsettled,
    who_may_know,
)


def rule(rule_id, clause, actions, *steps, **fields):
    """An approval row for some actions (a word each)."""
    return row("approval", rule_id, clause, actions=actions.split(), steps=list(steps), **fields)


def steps(decision):
    return [f"{step.role}:{step.act}" for step in decision.steps]


OFFICE = pack(
    "office",
    rule("own", "S001-1-R42", "view borrow", "leader:approve", relations=["own_dept"]),
    rule(
        "other", "S001-1-R43", "view", "leader:certify", "archive_head:approve",
        relations=["other_dept", "sister_company"],
    ),
    rule(
        "external", "S001-1-R44", "view", "archive_head:approve", "manager:approve",
        relations=["external"], evidence=["intro_letter", "reader_id"], purpose=True,
    ),
    rule("out", "S001-1-R46", "take_out", "archive_head:approve", never=True, register=True,
         due_date=True),
    row("role", "archive_head", "S001-1-R43", vague=True),
)  # fmt: skip

SECRECY = pack(
    "secrecy",
    grades(),
    row("document_type", "licence_copy", "S001-4-R07", classes=["licence"]),
    row("document_type", "seal_permit", "S001-4-R07", classes=["licence"]),
    rule("top", "S001-4-R18", "copy extract", "group_gm:approve", grades=["TOP"], never=True),
    rule("rest", "S001-4-R19", "copy extract", "subsidiary_gm:approve", grades=["CONF", "SECRET"]),
    rule("papers", "S001-4-R21", "copy borrow", "subsidiary_gm:approve", classes=["licence"]),
    rule("licence", "S001-4-R21", "copy", "dept_manager:approve", types=["licence_copy"]),
    rule("leaders", "S001-4-R14", "view", grades=["TOP"], requesters=["group_gm"], free=True),
    rule("top_view", "S001-4-R15", "view", "group_gm:approve", grades=["TOP"]),
    row("knowledge", "all", "S001-4-R14", grades=["TOP", "CONF", "SECRET"], who="standing",
        by=["group_gm"]),
    row("knowledge", "top", "S001-4-R15", grades=["TOP"], who="named", by=["group_gm"]),
    row("knowledge", "conf", "S001-4-R16", grades=["CONF"], who="delegated"),
    row("knowledge", "secret", "S001-4-R17", grades=["SECRET"], who="concerned"),
)  # fmt: skip

LEASING = pack("leasing", rule("view", "S001-6-R14", "view backup", "gm:approve"))
CENTRE = pack(
    "centre",
    rule("secret", "S002-R25", "view", "manager:approve", grades=["SECRET"]),
    rule("destroy", "S002-R24", "destroy", "director:approve", "admin:approve", "gm:approve"),
)


@pytest.mark.parametrize(
    ("relation", "expected", "clause"),
    [
        ("own_dept", ["leader:approve"], "S001-1-R42"),
        ("other_dept", ["leader:certify", "archive_head:approve"], "S001-1-R43"),
        ("sister_company", ["leader:certify", "archive_head:approve"], "S001-1-R43"),
        ("external", ["archive_head:approve", "manager:approve"], "S001-1-R44"),
    ],
)
def test_the_chain_follows_who_the_requester_is(relation, expected, clause):
    """Each relation has its own steps, cited with clause and pack version."""
    decision = decide(adopt(OFFICE), Request("view", relation=relation))
    assert (decision.allowed, steps(decision), decision.clauses, decision.packs) == (
        True, expected, (clause,), ("office@1",)
    )  # fmt: skip


def test_an_outsider_shows_letter_and_identity():
    """External readers bring an introduction and say why."""
    decision = decide(adopt(OFFICE), Request("view", relation="external"))
    assert (decision.evidence, decision.purpose) == (("intro_letter", "reader_id"), True)


def test_what_nobody_rules_is_denied():
    """Without a row there is no permission, and the answer says so in both languages."""
    decision = decide(adopt(OFFICE), Request("export"))
    assert (decision.allowed, decision.why.code) == (False, "no-rule")
    assert "导出" in decision.why.zh and "export" in decision.why.en


def test_an_unnamed_relation_is_denied():
    """The authority is none of those whom the office's rules name."""
    assert not decide(adopt(OFFICE), Request("view", relation="authority")).allowed


@pytest.mark.parametrize(
    ("doc_type", "grade", "expected"),
    [
        ("licence_copy", "SECRET", ["dept_manager:approve"]),
        ("seal_permit", "SECRET", ["subsidiary_gm:approve"]),
        ("seal_permit", "TOP", ["subsidiary_gm:approve"]),
        (None, "TOP", ["group_gm:approve"]),
        (None, "CONF", ["subsidiary_gm:approve"]),
    ],
)
def test_the_most_specific_row_wins(doc_type, grade, expected):
    """A document type goes before its class, and a class before a grade."""
    decision = decide(adopt(SECRECY), Request("copy", grade, doc_type=doc_type))
    assert steps(decision) == expected


def test_a_series_goes_before_a_dossier_type_and_that_before_a_grade():
    """Scopes are weighed in their order, whatever the order of the file."""
    rows = [
        rule("grade", "X-R1", "view", "a:approve", grades=["TOP"]),
        rule("kind", "X-R2", "view", "b:approve", dossier_types=["case"]),
        rule("series", "X-R3", "view", "c:approve", series=["sales"]),
        rule("asks", "X-R4", "view", "d:approve", purposes=["audit"], relations=["external"]),
    ]
    policy = adopt(pack("p", grades(), *rows))
    everything = Request("view", "TOP", "external", None, "case", "sales", "audit")
    assert decide(policy, everything).clauses == ("X-R3",)
    assert decide(policy, Request("view", "TOP", "external", None, "case")).clauses == ("X-R2",)
    assert decide(policy, Request("view", "TOP", "external", purpose="audit")).clauses == ("X-R1",)


def test_equally_specific_rows_of_one_regulation_are_all_followed():
    """One regulation that says two things means both, in its order."""
    both = pack(
        "p", rule("a", "X-R1", "view", "head:sign"), rule("b", "X-R2", "view", "gm:approve")
    )
    decision = decide(adopt(both), Request("view"))
    assert (steps(decision), decision.clauses) == (["head:sign", "gm:approve"], ("X-R1", "X-R2"))


def test_forbidden_in_principle_leaves_the_exception():
    """`never` with steps may be done by them; without steps not at all."""
    decision = decide(adopt(SECRECY), Request("copy", "TOP"))
    assert (decision.allowed, decision.exception) == (True, True)
    shut = decide(adopt(pack("p", rule("n", "X-R1", "copy", never=True))), Request("copy"))
    assert (shut.allowed, shut.steps, shut.why.code) == (False, (), "forbidden")


def test_a_standing_right_needs_nobody():
    """Who may know everything views without asking; others ask him."""
    policy = adopt(SECRECY)
    assert decide(policy, Request("view", "TOP", roles=("group_gm",))).free
    asked = decide(policy, Request("view", "TOP", roles=("clerk",)))
    assert (asked.free, steps(asked)) == (False, ["group_gm:approve"])


def test_an_inspection_by_the_authority_is_free():
    """A purpose that the regulation excepts needs no approval."""
    rows = (
        rule("ask", "S002-R07", "view", "head:approve"),
        rule("inspect", "S002-R07", "view", purposes=["inspection"], free=True),
    )
    policy = adopt(pack("centre", *rows))
    assert decide(policy, Request("view", purpose="inspection")).free
    assert not decide(policy, Request("view", purpose="curiosity")).free


def test_two_regulations_that_disagree_deny_and_name_both_clauses():
    """Nothing is guessed: the question names the setting, the clauses and the packs."""
    decision = decide(adopt(LEASING, OFFICE), Request("view"))
    (question,) = decision.open
    assert (decision.allowed, decision.why.code, decision.steps) == (False, "contradiction", ())
    assert (question.setting, question.contradiction) == ("approval.view", True)
    assert question.clauses == ("S001-6-R14", "S001-1-R42")
    assert "leasing" in question.zh and "office" in question.en


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("leasing", ["gm:approve"]),
        ("office", ["leader:approve"]),
        ("centre, office", ["leader:approve"]),
        ("all", ["gm:approve", "leader:approve"]),
    ],
)
def test_the_company_settles_it_by_a_setting(said, expected):
    """A pack, several in order of which the first that speaks counts, or all in turn."""
    decision = decide(adopt(LEASING, OFFICE, CENTRE, approval__view=said), Request("view"))
    assert (decision.allowed, steps(decision), decision.open) == (True, expected, ())


def test_a_setting_for_one_grade_goes_before_the_general_one():
    """The finer setting is looked at first; where it is silent the general one counts."""
    policy = adopt(
        LEASING, CENTRE, pack("g", grades()), approval__view="leasing",
        approval__view__SECRET="centre",
    )  # fmt: skip
    assert steps(decide(policy, Request("view", "SECRET"))) == ["manager:approve"]
    unheard = adopt(LEASING, CENTRE, approval__view="leasing", approval__view__SECRET="office")
    assert steps(decide(unheard, Request("view", "SECRET"))) == ["gm:approve"]


def test_a_setting_that_names_no_speaking_pack_settles_nothing():
    """A misspelt pack leaves the contradiction open."""
    assert not decide(adopt(LEASING, OFFICE, approval__view="leesing"), Request("view")).allowed


def test_all_drops_the_step_that_two_regulations_share():
    """Nobody is asked twice for the same thing."""
    leasing = pack("l", rule("d", "S001-6-R17", "destroy", "head:review", "gm:approve"))
    decision = decide(adopt(leasing, CENTRE, approval__destroy="all"), Request("destroy"))
    assert steps(decision) == ["head:review", "gm:approve", "director:approve", "admin:approve"]


def test_the_company_s_own_pack_beats_all():
    """What the company decided for itself is no contradiction with anything."""
    own = pack("own", rule("v", "C-1", "view", "owner:approve"), kind="company")
    decision = decide(adopt(LEASING, OFFICE, own), Request("view"))
    assert (steps(decision), decision.packs) == (["owner:approve"], ("own@1",))


def test_roles_that_mean_the_same_do_not_contradict():
    """Two words for one office are one demand once the company says so."""
    other = pack("x", rule("v", "S001-14-R08", "view", "manager:approve", relations=["own_dept"]))
    same = adopt(OFFICE, other, role__leader="dept_head", role__manager="dept_head")
    decision = decide(same, Request("view"))
    assert (decision.allowed, len(decision.steps), decision.packs) == (
        True, 1, ("office@1", "x@1")
    )  # fmt: skip


def test_different_evidence_is_a_contradiction_too():
    """Two regulations that want other papers shown disagree."""
    other = pack(
        "x", rule("e", "X-R1", "view", "archive_head:approve", "manager:approve",
                  relations=["external"], evidence=["passport"]),
    )  # fmt: skip
    assert not decide(adopt(OFFICE, other), Request("view", relation="external")).allowed


def test_a_vague_role_is_asked_for_and_stands_in_the_chain():
    """Its step is told, nobody can take it, and the question is no contradiction."""
    policy = adopt(OFFICE)
    decision = decide(policy, Request("take_out"))
    (question,) = decision.open
    assert (question.setting, question.contradiction) == ("role.archive_head", False)
    assert decision.steps[0].means == ()
    assert may_sign(policy, decision, 1, "li", {"archive_head"}, "wu", ()) == "role-open"


def test_signing_keeps_order_role_and_separation():
    """Each refusal has its code; the right person at the right time has none."""
    policy = adopt(OFFICE, role__archive_head="archivist")
    chain = decide(policy, Request("view", relation="other_dept"))

    def signs(number, who, roles, earlier=()):
        return may_sign(policy, chain, number, who, roles, "wu", earlier)

    assert signs(1, "li", {"leader"}) is None
    assert signs(2, "zhou", {"archivist"}) == "wrong-order"
    assert signs(1, "zhou", {"archivist"}) == "wrong-role"
    assert signs(1, "wu", {"leader"}) == "self-approval"
    assert signs(2, "li", {"leader", "archivist"}, ["li"]) == "same-person"
    assert signs(2, "zhou", {"archivist"}, ["li"]) is None
    assert signs(3, "zhou", {"archivist"}, ["li", "zhou"]) == "all-done"


def test_where_no_separation_is_asked_one_may_do_both():
    """`separate = false` lets the requester approve."""
    policy = adopt(pack("p", rule("v", "X-R1", "view", "head:approve", separate=False)))
    decision = decide(policy, Request("view"))
    assert may_sign(policy, decision, 1, "li", {"head"}, "li", ()) is None


def test_nothing_can_be_signed_of_what_is_denied():
    """A denied request has no step to take."""
    policy = adopt(OFFICE)
    assert may_sign(policy, decide(policy, Request("export")), 1, "li", {"gm"}, "wu", ()) == (
        "not-allowed"
    )


def settings(policy):
    return {question.setting: question for question in unsettled(policy)}


def test_every_contradiction_is_found_beforehand():
    """One question for each setting, with the clauses of all sides."""
    found = settings(adopt(LEASING, OFFICE, CENTRE, SECRECY))
    contradictions = {name for name, question in found.items() if question.contradiction}
    assert contradictions == {
        "approval.view", "approval.view.SECRET", "approval.view.TOP",
        "approval.borrow",  # own staff borrow a licence: R42 asks their leader, R21 the subsidiary
    }  # fmt: skip
    assert {"S001-6-R14", "S002-R25", "S001-1-R44"} <= set(found["approval.view.SECRET"].clauses)
    assert "role.archive_head" in found


@pytest.mark.parametrize("said", ["leasing", "all"])
def test_a_settled_matrix_asks_nothing(said):
    """Once the general setting is made nothing on viewing is open where leasing speaks."""
    policy = adopt(LEASING, OFFICE, CENTRE, approval__view=said, role__archive_head="archivist")
    assert not settings(policy)


def test_what_unsettled_calls_settled_is_never_denied_as_a_contradiction():
    """Over the whole matrix: a contradiction that is met was announced."""
    packs = (LEASING, OFFICE, CENTRE, SECRECY)
    announced = settings(adopt(*packs))
    policy = adopt(*packs)
    for action in ("view", "copy", "borrow", "destroy", "backup", "take_out"):
        for grade in (None, "TOP", "CONF", "SECRET", "INTERNAL"):
            for relation in ("own_dept", "other_dept", "external", "authority"):
                for doc_type in (None, "licence_copy", "seal_permit"):
                    request = Request(action, grade, relation, doc_type)
                    for question in decide(policy, request).open:
                        assert question.setting in announced


def test_a_class_that_two_packs_rule_is_searched_by_its_types():
    """Rows that meet only in one document type are found to contradict."""
    one = pack("a", row("document_type", "deed", classes=["title"]),
               rule("x", "A-R1", "copy", "gm:approve", classes=["title"]))  # fmt: skip
    other = pack("b", rule("y", "B-R1", "copy", "clerk:approve", types=["deed"]))
    (question,) = unsettled(adopt(one, other))
    assert (question.setting, set(question.clauses)) == ("approval.copy", {"A-R1", "B-R1"})


def test_rows_that_never_meet_do_not_contradict():
    """Another series, another class, another relation: no quarrel."""
    one = pack("a", rule("x", "A-R1", "view", "gm:approve", series=["sales"]),
               rule("z", "A-R2", "borrow", "gm:approve", relations=["external"]))  # fmt: skip
    other = pack("b", rule("y", "B-R1", "view", "clerk:approve", series=["service"]),
                 rule("w", "B-R2", "borrow", "clerk:approve", relations=["owner"]))  # fmt: skip
    assert not list(unsettled(adopt(one, other)))


def test_who_may_know_each_grade():
    """A standing right knows all; the rest by name, by delegation, by concern."""
    policy = adopt(SECRECY)
    assert knows(policy, "TOP", {"group_gm"})
    assert not knows(policy, "TOP", {"clerk"}, delegated=True, concerned=True)
    assert knows(policy, "TOP", {"clerk"}, named=True)
    assert knows(policy, "CONF", {"clerk"}, delegated=True)
    assert not knows(policy, "CONF", {"clerk"}, named=True)
    assert knows(policy, "SECRET", {"clerk"}, concerned=True)
    assert not knows(policy, "SECRET", {"clerk"})
    assert [cited.row.clause for cited in who_may_know(policy, "TOP")] == [
        "S001-4-R14", "S001-4-R15"
    ]  # fmt: skip


def test_a_grade_without_a_rule_limits_nobody():
    """Where no regulation limits knowing, only the approvals decide."""
    assert knows(adopt(SECRECY), "INTERNAL", set())


def test_every_regulation_that_limits_a_grade_must_let_him_know():
    """One pack's yes does not stand for another's."""
    other = pack("x", row("knowledge", "k", "X-R1", grades=["SECRET"], who="named"))
    policy = adopt(SECRECY, other)
    assert not knows(policy, "SECRET", set(), concerned=True)
    assert knows(policy, "SECRET", set(), concerned=True, named=True)


LOANS = pack(
    "loans",
    row("loan_rule", "all", "S001-1-R48", forbids=["alter", "fold"], demands=["joint_count"],
        days=14, overdue="overdue_loan"),
    row("loan_rule", "conf", "S001-1-R49", grades=["CONF"], forbids=["alter", "on_lend"], days=5),
    row("loan_rule", "out", "S001-1-R46", kinds=["take_out"], demands=["registration"],
        fields=["借阅用途", "归还时间"]),
    row("loan_rule", "visit", "S001-9-R07", dossier_types=["revisit"], due_after="visit_end",
        excused_by=["service_supervisor"]),
)  # fmt: skip


def test_demands_of_borrowing_add_up_and_the_finer_period_counts():
    """The general rules still hold for a confidential loan; its own period replaces theirs."""
    terms = loan_terms(adopt(LOANS), "take_out", "own_dept", "CONF")
    assert terms.forbids == ("alter", "fold", "on_lend")
    assert terms.demands == ("joint_count", "registration")
    assert (terms.fields, terms.days) == (("借阅用途", "归还时间"), 5)
    assert terms.clauses == ("S001-1-R48", "S001-1-R49", "S001-1-R46")
    assert terms.overdue == ("overdue_loan",)


def test_a_pack_for_a_visit_is_due_after_it():
    """What was lent for a revisit comes back when it ends; the supervisor may excuse."""
    terms = loan_terms(adopt(LOANS), "borrow", dossier_type="revisit")
    assert (terms.due_after, terms.excused_by) == (("visit_end",), ("service_supervisor",))


def test_of_two_regulations_periods_the_shorter_keeps_both():
    """A loan of ten days breaks neither a rule of ten nor one of fourteen."""
    other = pack("x", row("loan_rule", "short", "X-R1", days=10))
    assert loan_terms(adopt(LOANS, other), "borrow").days == 10


def test_a_period_the_regulation_does_not_give_is_asked_for():
    """“Within the set time” is an open question until the company sets it."""
    tenants = pack("t", row("loan_rule", "back", "S001-10-R12", days_from="loan_days"))
    (question,) = loan_terms(adopt(tenants), "borrow").open
    assert (question.setting, question.clauses) == ("loan_days", ("S001-10-R12",))
    assert question in list(unsettled(adopt(tenants)))
    settled = loan_terms(adopt(tenants, loan_days="7"), "borrow")
    assert (settled.days, settled.open) == (7, ())
