"""Packs: the shipped ones say what the regulations say, and mistakes are pointed at."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import PackInvalid
from policies.pack import parse_head
from policies.pack_rows import DossierType, Grade
from policies.packs import check_pack, check_pack_bytes, parse_pack

HEAD = """[pack]
id = "own"
version = "1"
zh = "公司制度"
en = "Own rules"
source = "公司"
effective_from = 2026-01-01
"""

TYPE = '[[document_type]]\nid = "a"\nzh = "甲"\nen = "a paper"\nclause = "X-1"\n'

DOSSIER = """[[dossier_type]]
id = "case"
zh = "案"
en = "case"
kind = "case"
department = "desk"
clause = "X-2"
[[dossier_type.event]]
id = "start"
zh = "开始"
en = "start"
[dossier_type.deadline]
after = "start"
days = 3
roll = "next"
clause = "X-3"
[[dossier_type.item]]
id = "a"
zh = "甲"
en = "a"
types = ["a"]
clause = "X-2"
"""

WHOLE = HEAD + TYPE + DOSSIER


def problems(text):
    return [(problem.line, problem.field) for problem in check_pack(text, "own.toml")]


def line_of(text, wanted):
    return text.splitlines().index(wanted) + 1


def test_shipped_packs_have_no_problems(pack_texts):
    """Every pack that comes with the program can be adopted as it is."""
    for name, text in pack_texts.items():
        assert check_pack(text, name) == []


def test_the_smallest_whole_pack_is_accepted():
    """The base of the following tests has nothing wrong with it."""
    assert problems(WHOLE) == []
    assert parse_pack(WHOLE).ref == "own@1"


def test_rows_cite_a_clause_of_their_regulation(packs):
    """No row of the dealer's pack decides anything without its source."""
    for dossier in packs[0].rows(DossierType):
        for row in (dossier, *dossier.items, *dossier.deadlines):
            assert re.fullmatch(r"S001-3-R\d\d(, S001-3-R\d\d)*", row.clause)


@pytest.mark.rule("S001-3-R13")
def test_new_car_checklist_is_the_regulations(packs):
    """The new-car file has the twelve items of the regulation in its order."""
    new_car = packs[0].rows(DossierType)[0]
    assert [item.id for item in new_car.items] == [
        "green_card", "invoice_copy", "sales_contract", "identity", "delivery_check",
        "driving_licence", "insurance", "derived_service", "conformity_cert", "delivery_photo",
        "pdi", "other_proof",
    ]  # fmt: skip
    items = {item.id: item for item in new_car.items}
    assert items["identity"].types == ("id_card", "org_code_cert", "business_licence")
    assert items["identity"].sides == 2
    assert items["sales_contract"].copy == "original"
    assert items["other_proof"].when == "customer.special"


@pytest.mark.rule("S001-3-R15")
@pytest.mark.rule("S001-3-R16")
@pytest.mark.rule("S001-3-R17")
@pytest.mark.rule("S001-3-R18")
@pytest.mark.rule("S001-3-R19")
@pytest.mark.parametrize(
    "dossier, asked, optional",
    [
        ("minor_repair", set(), {"additional_items", "test_drive", "damage_assessment",
                                 "special_tool_data", "estimate"}),
        ("first_service", {"first_service_card"}, set()),
        ("maintenance", set(), set()),
        ("overhaul", {"test_drive", "estimate"}, set()),
        ("warranty_claim", set(), {"parts_invoice", "test_drive", "damage_photo",
                                   "fault_report", "special_tool_data"}),
    ],
)  # fmt: skip
def test_service_checklists_are_the_regulations(packs, dossier, asked, optional):
    """Each service file has the four common papers, its own, and its settlement attachments."""
    found = next(row for row in packs[0].rows(DossierType) if row.id == dossier)
    core = {"reception", "work_order", "settlement", "free_check_12"}
    assert {item.id for item in found.items if item.required == "mandatory"} == core | asked
    attached = {item.id for item in found.items if item.part_of == "settlement"}
    assert attached == optional == {i.id for i in found.items if i.required == "optional"}


@pytest.mark.rule("S001-3-R11")
@pytest.mark.rule("S001-3-R14")
def test_deadlines_are_the_regulations(packs):
    """Three working days after sale; one working day after delivery."""
    new_car, *service = packs[0].rows(DossierType)
    assert (new_car.deadlines[0].after, new_car.deadlines[0].count) == ("sale", 3)
    for dossier in service:
        assert (dossier.deadlines[0].after, dossier.deadlines[0].count) == ("delivery", 1)


@pytest.mark.rule("S001-4-R03")
def test_grades_are_ordered_and_only_public_is_plain(packs):
    """Top secret outranks confidential outranks secret; only public papers lie unencrypted."""
    grades = sorted(packs[1].rows(Grade), key=lambda grade: -grade.rank)
    assert [grade.zh for grade in grades] == ["绝密", "机密", "秘密", "内部", "公开"]
    assert [grade.code for grade in grades if not grade.encrypt] == ["PUBLIC"]


def test_syntax_error_names_its_line():
    """A missing quote is reported on the line where it is missing."""
    text = WHOLE.replace('zh = "公司制度"', 'zh = "公司制度')
    assert problems(text) == [(line_of(text, 'zh = "公司制度'), "toml")]


def test_syntax_error_at_the_end_points_at_the_end():
    """A text that stops in the middle is reported where it stops."""
    assert problems('[pack]\nid = "x"\nzh = [')[0][0] == 3


@pytest.mark.parametrize(
    "right, wrong, field",
    [
        ('id = "own"', 'id = "Own Rules"', "pack.id"),
        ("effective_from = 2026-01-01", 'effective_from = "2026"', "pack.effective_from"),
        ('kind = "case"', 'kind = "cases"', "dossier_type.kind"),
        ('after = "start"', 'after = "begin"', "dossier_type.deadline.after"),
        ('types = ["a"]', "types = []", "dossier_type.item.types"),
        ('types = ["a"]', 'types = "a"', "dossier_type.item.types"),
        ("days = 3", "days = 0", "dossier_type.deadline.days"),
        ("days = 3", "days = true", "dossier_type.deadline.days"),
        ("days = 3", "days = 3\nmonths = 1", "dossier_type.deadline"),
        ("days = 3", "same_day = false", "dossier_type.deadline"),
        ('roll = "next"\n', "", "dossier_type.deadline.roll"),
        ('types = ["a"]', 'types = ["a"]\nrequird = "optional"', "dossier_type.item.requird"),
        ('types = ["a"]', 'types = ["a"]\nrequired = "conditional"', "dossier_type.item.when"),
        ('types = ["a"]', 'types = ["a"]\nwhen = "customer.vip"', "dossier_type.item.when"),
        ('types = ["a"]', 'types = ["a"]\npart_of = "a"', "dossier_type.item.part_of"),
        ('en = "a paper"\nclause = "X-1"', 'en = "a paper"', "document_type.clause"),
        ("[pack]", "[[pack]]", "pack"),
    ],
)
def test_mistakes_are_found_at_their_field(right, wrong, field):
    """Each kind of mistake is reported once, at the field that has it."""
    assert right in WHOLE
    found = check_pack(WHOLE.replace(right, wrong, 1))
    assert field in [problem.field for problem in found]
    assert all(problem.zh and problem.en for problem in found)


def test_a_misspelt_field_is_named_on_its_own_line():
    """The second item of the second dossier type is told apart from all others."""
    second = DOSSIER.replace('"case"\nzh', '"other"\nzh') + DOSSIER[DOSSIER.rindex("[[") :].replace(
        'id = "a"', 'id = "b"\ncopi = "original"'
    )
    text = WHOLE + second
    assert problems(text) == [(line_of(text, 'copi = "original"'), "dossier_type.item.copi")]


def test_an_empty_checklist_is_a_problem():
    """A dossier type that asks for nothing would be complete from the start."""
    assert problems(HEAD + DOSSIER[: DOSSIER.rindex("[[")])


def test_one_name_for_two_types_is_a_problem():
    """A folder of that name could mean either."""
    text = WHOLE + TYPE.replace('id = "a"', 'id = "b"').replace('"甲"', '"乙"').replace(
        '"a paper"', '"A"'
    )
    assert [field for _, field in problems(text)] == ["document_type.aliases"]


def test_a_company_grade_must_not_carry_the_star():
    """The star marks state secrets."""
    grade = '[[grade]]\ncode = "TOP"\nzh = "绝密"\nen = "top"\nrank = 1\nmark = "绝密★"\n'
    text = HEAD + grade + 'encrypt = true\nclause = "X"\n'
    assert problems(text) == [(line_of(text, 'mark = "绝密★"'), "grade.mark")]


def test_invalid_pack_raises_with_every_problem():
    """Adopting names all mistakes at once, not the first."""
    text = WHOLE.replace('zh = "甲"\n', "").replace("days = 3", "days = 0")
    with pytest.raises(PackInvalid) as caught:
        parse_pack(text, "own.toml")
    assert len(caught.value.problems) == len(problems(text)) >= 2
    assert "own.toml:" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ((HEAD + '"甲').encode()[:-1], HEAD.count("\n") + 1),
        (HEAD.encode("utf-16"), 1),
        (b"x = " + b"[" * 5000 + b"]" * 5000, 1),
    ],
    ids=["torn character", "utf-16", "deep nesting"],
)
def test_bytes_that_are_no_toml_are_a_problem(content, line):
    """A torn file, another encoding and a wall of brackets are reported, never a crash."""
    found = check_pack_bytes(content, "own.toml")
    assert [(problem.line, problem.field) for problem in found] == [(line, "toml")]


@given(st.data())
def test_no_text_breaks_the_checking(data):
    """Whatever is typed into a pack ends as a list of problems, never as a crash."""
    start = data.draw(st.integers(0, len(WHOLE)))
    end = data.draw(st.integers(start, len(WHOLE)))
    middle = data.draw(
        st.sampled_from(["", "[[item]]", "= 1", '"', "[]", "[[pack]]\n", "x.y = 2\n"])
    )
    for problem in check_pack(WHOLE[:start] + middle + WHOLE[end:]):
        assert problem.line >= 1


def test_the_head_read_alone_is_the_head_of_the_whole_pack(pack_texts):
    """A list of packs says of each what reading all of it would say."""
    for name, text in pack_texts.items():
        assert parse_head(text, name) == parse_pack(text, name).head
