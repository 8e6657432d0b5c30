"""Checklists held against papers: what is lacking, and what nobody has looked at yet."""

from datetime import date

import pytest

from policies.checklist import LACKS, Lacking, Paper, checklist, lacking, review
from policies.pack_rows import DossierType, Item

TODAY = date(2026, 3, 5)


def item(name="x", types=("x",), **more):
    return Item(name, name, name, "X", types=types, **more)


def dossier(*items):
    return DossierType("k", "乙", "k", "X", "case", "d", items=items)


def paper(doc_type="x", filed=date(2026, 3, 1), record="R1", **more):
    said = {
        name: frozenset(value) if isinstance(value, set) else value for name, value in more.items()
    }
    return Paper(doc_type, filed, record, **said)


def reviewed(one, *papers, customer=None, keys=None, today=TODAY):
    return review(dossier(one), papers, customer or {}, keys or {}, today)[0]


def lacks(one, *papers, **more):
    return [(lack.kind, lack.detail) for lack in reviewed(one, *papers, **more).lacks]


def test_without_a_paper_the_document_is_lacking():
    """Nothing else is said of a paper that is not there."""
    wanted = item(signed_by=("customer",), fields=("地址",), copy="original", least=2)
    found = reviewed(wanted)
    assert found.asked
    assert found.lacks == (Lacking("document"),)
    assert found.unattested == ()


def test_a_paper_of_another_type_does_not_count():
    """Only the item's own types satisfy it."""
    assert lacks(item(), paper("y")) == [("document", "")]


@pytest.mark.rule("S002-R44")
def test_fewer_papers_than_needed_are_counted():
    """Two visits to one project: one record is not enough, two are."""
    visits = item(least=2)
    assert lacks(visits, paper()) == [("count", "1/2")]
    assert lacks(visits, paper(record="R1"), paper(record="R2")) == []


@pytest.mark.rule("S001-3-R13")
def test_only_what_was_attested_wrong_is_lacking():
    """A paper nobody looked at lacks nothing; it is listed as not attested."""
    wanted = item(copy="original", signed_by=("customer", "internal"), fields=("联系人",),
                  verify=("电话属实",))  # fmt: skip
    assert lacks(wanted, paper()) == []
    assert set(reviewed(wanted, paper()).unattested) == {
        "copy:original", "signature:customer", "signature:internal", "field:联系人",
        "verify:电话属实",
    }  # fmt: skip
    seen = paper(copy="original", signed_by={"customer"}, unsigned={"internal"},
                 fields={"联系人"}, lacking_fields={"电话属实"})  # fmt: skip
    assert lacks(wanted, seen) == [("signature", "internal"), ("field", "电话属实")]
    assert reviewed(wanted, seen).unattested == ()


@pytest.mark.rule("S001-3-R13")
@pytest.mark.parametrize(
    ("asked", "given", "wrong"),
    [
        ("original", "photocopy", True),
        ("photocopy", "original", True),
        ("original", "original", False),
        ("either", "photocopy", False),
    ],
)
def test_the_wrong_kind_of_copy_is_lacking(asked, given, wrong):
    """销售合同原件 is not satisfied by a photocopy."""
    assert lacks(item(copy=asked), paper(copy=given)) == [("copy", asked)] * wrong


@pytest.mark.rule("S001-3-R13")
@pytest.mark.parametrize(
    ("doc_type", "sides", "wrong"),
    [("id_card", 1, True), ("id_card", 2, False), ("org_code_cert", 1, False)],
)
def test_two_sides_bind_the_identity_card_alone(doc_type, sides, wrong):
    """身份证复印件（需两面）或组织机构代码证复印件: a certificate has one side."""
    proof = item(types=("org_code_cert", "id_card"), sides=2)
    assert lacks(proof, paper(doc_type, sides=sides)) == [("sides", "2")] * wrong
    open_points = reviewed(proof, paper(doc_type)).unattested
    assert open_points == (("sides:2",) if doc_type == "id_card" else ())


def test_sides_bind_the_one_type_there_is():
    """An item of a single type means that type, whatever it is called."""
    assert lacks(item(sides=2), paper(sides=1)) == [("sides", "2")]


def test_the_newest_paper_counts():
    """A signed sheet filed after the unsigned one corrects it; the other way round it does not."""
    sheet = item(signed_by=("customer",))
    unsigned = paper(record="R1", filed=date(2026, 3, 1), unsigned={"customer"})
    signed = paper(record="R2", filed=date(2026, 3, 2), signed_by={"customer"})
    assert lacks(sheet, unsigned, signed) == []
    later = paper(record="R3", filed=date(2026, 3, 3), unsigned={"customer"})
    assert lacks(sheet, signed, later) == [("signature", "customer")]


def test_a_later_photocopy_does_not_unsay_the_original():
    """Both lie there, so the original does."""
    original = paper(record="R1", filed=date(2026, 3, 1), copy="original")
    photocopy = paper(record="R2", filed=date(2026, 3, 2), copy="photocopy")
    assert lacks(item(copy="original"), original, photocopy) == []


@pytest.mark.rule("S001-10-R05")
@pytest.mark.parametrize(
    ("filed", "dated", "today", "expired"),
    [
        ("2025-12-31", None, "2026-01-01", True),  # 年审: last year's no longer counts
        ("2026-01-01", None, "2026-12-31", False),
        ("2026-02-01", "2025-06-30", "2026-03-05", True),  # what it says, not when it came
        ("2024-02-01", "2025-06-30", "2025-12-31", False),
    ],
)
def test_a_yearly_paper_of_an_earlier_year_has_expired(filed, dated, today, expired):
    """The calendar year of the newest paper decides."""
    day = date.fromisoformat
    licence = item(expires="yearly")
    given = paper(filed=day(filed), dated=day(dated) if dated else None)
    kinds = [kind for kind, _ in lacks(licence, given, today=day(today))]
    assert kinds == ["expired"] * expired


def test_an_old_copy_filed_late_expires_nothing():
    """This year's licence is there, whatever was added to the file since."""
    licence = item(expires="yearly")
    current = paper(record="R1", filed=date(2026, 1, 5))
    old = paper(record="R2", filed=date(2026, 3, 1), dated=date(2020, 1, 1))
    assert lacks(licence, current, old) == []


@pytest.mark.rule("S001-3-R15")
def test_optional_attachments_are_never_missing():
    """What is attached to a settlement sheet belongs there when it exists."""
    settlement = item("settlement", ("settlement",))
    estimate = item("estimate", ("estimate",), required="optional", part_of="settlement",
                    signed_by=("customer",))  # fmt: skip
    kind = dossier(settlement, estimate)
    assert lacking(kind, ()) == ("settlement",)
    found = review(kind, [paper("estimate", unsigned={"customer"})], {}, {}, TODAY)[1]
    assert not found.asked
    assert found.lacks == (Lacking("signature", "customer"),)  # a defect of a paper that is there


@pytest.mark.parametrize("special", ["yes", ""])
def test_an_attachment_is_asked_for_where_its_parent_is(special):
    """A mandatory attachment of a conditional item follows it, at any depth."""
    kind = dossier(
        item("letter", ("letter",), part_of="proof"),
        item("stamp", ("stamp",), part_of="letter"),
        item("proof", ("proof",), required="conditional", when="customer.special"),
    )
    expected = ("letter", "stamp", "proof") if special else ()
    assert lacking(kind, (), {"special": special}) == expected


def test_items_attached_to_each_other_are_not_asked_for():
    """A circle belongs to nothing, and does not hang the program."""
    kind = dossier(item("a", part_of="b"), item("b", part_of="a"))
    assert lacking(kind, ()) == ()


@pytest.mark.parametrize(
    "when, customer, keys, asked",
    [
        ("customer.special", {"special": "yes"}, {}, True),
        ("customer.special", {"special": "否"}, {}, False),
        ("customer.special", {}, {"special": "yes"}, False),
        ("dossier.origin=own", {}, {"origin": " Own "}, True),
        ("dossier.origin=own", {}, {"origin": "other"}, False),
        ("dossier.origin=own", {}, {}, False),
        ("dossier.origin=own|sister", {}, {"origin": "sister"}, True),
        ("dossier.origin!=own", {}, {"origin": "other"}, True),
        ("dossier.origin!=own", {}, {"origin": "own"}, False),
        ("dossier.origin!=own", {}, {}, False),
    ],
)
def test_conditions_look_at_registered_fields(when, customer, keys, asked):
    """A conditional item is asked for exactly when its condition holds."""
    kind = dossier(item(required="conditional", when=when))
    assert lacking(kind, (), customer, keys) == (("x",) if asked else ())


def test_review_and_checklist_ask_for_the_same(policy):
    """What judging calls lacking is what the list of missing items calls lacking."""
    for kind in policy.dossier_types.values():
        for fields in ({}, {"special": "yes"}):
            states = checklist(kind, (), fields)
            reviews = review(kind, (), fields, {}, TODAY)
            assert [s.asked for s in states] == [r.asked for r in reviews]
            assert [bool(r.lacks) for r in reviews] == [s.missing for s in states]


def test_every_kind_of_lack_is_declared():
    """Programs may switch on the kind, so there are no others."""
    strict = item(types=("id_card",), copy="original", sides=2, signed_by=("a",), fields=("f",),
                  verify=("v",), expires="yearly", least=2)  # fmt: skip
    bad = paper("id_card", copy="photocopy", sides=1, unsigned={"a"}, lacking_fields={"f", "v"},
                dated=date(2020, 1, 1))  # fmt: skip
    kinds = {kind for kind, _ in lacks(strict, bad)} | {kind for kind, _ in lacks(strict)}
    assert kinds == set(LACKS)
