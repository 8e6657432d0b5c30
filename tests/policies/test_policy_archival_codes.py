"""Archival codes: templates, what is missing in them, numbers and gaps."""

import pytest
from small_packs import adopt, pack, row

from policies.archival_codes import Gap, Template, Uncoded, gaps, keep_counts, template_for
from policies.packs import check_pack

HEAD = (
    '[pack]\nid = "x"\nversion = "1"\nzh = "x"\nen = "x"\nsource = "x"\n'
    "effective_from = 2026-01-01\n"
)


def code(name="codes", **fields):
    return row("archival_code", name, **{"volume": "{fonds}-{category}·{year}-{number:4}"} | fields)


def problems(**fields):
    return [(p.field, p.en) for p in check_pack(HEAD + code(**fields), "x.toml")]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"volume": "{fonds}-{year}"}, "volume", "{number} exactly once"),
        ({"volume": "{number:4}-{number}"}, "volume", "{number} exactly once"),
        ({"volume": "{fond}-{number:4}"}, "volume", "{fond} is unknown"),
        ({"volume": "{year:4}-{number:4}"}, "volume", "only the running number"),
        ({"volume": "卷-{number:4}"}, "volume", "only letters, digits"),
        ({"volume": "{number:0}"}, "volume", "{number} exactly once"),
        ({"item": "{item:3}"}, "item", "begins with {volume}"),
        ({"item": "{volume}"}, "item", "{item} exactly once"),
        ({"item": "{volume}-{year}-{item}"}, "item", "{year} is unknown"),
        ({"category": "专业"}, "category", "only letters, digits"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_a_problem_of_the_pack(fields, field, words):
    """Every mistake is told with its field when the pack is checked."""
    found = problems(**fields)
    assert any(at.endswith(f".{field}") and words in said for at, said in found), found


def test_a_sound_template_is_no_problem():
    """With and without width, with every part that there is."""
    assert problems() == []
    whole = "{fonds}.{category}.{year}.{keep}.{department}.{customer}.{dossier}-{number}"
    assert problems(volume=whole, item="{volume}/{item}".replace("/", "."), category="ZY") == []


def test_what_is_not_known_makes_no_code_and_is_named():
    """No fonds number, no category, an open keeping period."""
    policy = adopt(pack("p", code(volume="{fonds}-{keep}-{number}", category="ZY")), fonds="Z1")
    for parts, lacks in (({"keep": ""}, "keep"), ({}, "keep"), ({"keep": "三十年"}, "keep")):
        found = template_for(policy, None, parts)
        assert isinstance(found, Uncoded) and found.lacks == lacks
    bare = template_for(adopt(pack("p", code())), None, {"year": "2026"})
    assert isinstance(bare, Uncoded) and bare.lacks == "fonds"
    none = template_for(adopt(pack("p")), None, {})
    assert isinstance(none, Uncoded) and none.lacks == "template"


def test_the_most_specific_row_and_the_companys_own_go_first():
    """A row for a dossier type beats a general one; the company's beats every other."""
    one = pack("one", code("all", volume="A-{number}"),
               code("tenants", volume="B-{number}", dossier_types=["tenant"]))  # fmt: skip
    own = pack("own", code("ours", volume="C-{number}"), kind="company")
    assert template_for(adopt(one), "guest", {}) == Template("A-{number}", "{volume}-{item:3}",
                                                             "X-R1", "one@1")  # fmt: skip
    assert template_for(adopt(one), "tenant", {}).series == "B-{number}"
    assert template_for(adopt(one, own), "tenant", {}).series == "C-{number}"


def test_two_packs_that_disagree_wait_for_the_company():
    """No order of packs decides; the setting does."""
    one = pack("one", code("one", volume="A-{number}"))
    two = pack("two", code("two", volume="B-{number}"))
    open_ = template_for(adopt(one, two), None, {})
    assert isinstance(open_, Uncoded) and open_.lacks == "prevailing"
    assert template_for(adopt(one, two, archival_code="two"), None, {}).series == "B-{number}"


def test_keeping_parts_volumes_where_it_stands_in_the_code():
    """Else a code would say of all papers what holds for some."""
    assert keep_counts(adopt(pack("p", code(volume="{keep}-{number}"))), None)
    assert not keep_counts(adopt(pack("p", code())), None)


def test_gaps_are_named_with_what_became_of_the_number():
    """Below the highest that was ever given; nobody knows of a number that was never given."""
    given = {1: "", 2: "dissolved", 4: "", 5: "destroyed"}
    assert list(gaps("s", {1, 4}, given)) == [
        Gap("s", 2, "dissolved"), Gap("s", 3, "unknown"), Gap("s", 5, "destroyed"),
    ]  # fmt: skip
    assert list(gaps("s", set(), {})) == []
