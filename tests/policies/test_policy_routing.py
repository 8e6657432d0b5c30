"""Clues: stacks are cut at covers, names are read, forms are recognised, lists are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_samples import (
    CONTRACT,
    INVOICE,
    RECEIPT,
    RECEIPT_TRADITIONAL,
    REGULATION,
    REGULATION_MIDDLE,
)

from policies.facts import Cover, Facts, Hints, PageFacts
from policies.routing import Part, lonely_covers, read_clues, recognise, split


def scan(*texts, covers=(), defect=None):
    """A scan; a text of None is a blank page."""
    pages = tuple(PageFacts(text or "", "ocr", blank=text is None) for text in texts)
    return Facts("application/pdf", ".pdf", 1, "0" * 64, pages, tuple(covers), defect)


def test_a_scan_without_covers_is_one_part():
    """Nothing is cut without a cover sheet."""
    assert split(scan("a", "b")) == (Part((0, 1)),)


def test_covers_cut_a_stack_and_belong_to_no_part():
    """Pages before the first cover are a part of their own; each cover opens the next."""
    one, two = Cover(1, "D000001"), Cover(3, "D000002", "invoice_copy")
    facts = scan("before", "cover", "a", "cover", "b", "c", covers=[two, one])
    assert split(facts) == (Part((0,)), Part((2,), one), Part((4, 5), two))
    assert lonely_covers(facts) == ()


def test_the_blank_back_of_a_cover_is_left_out():
    """A duplex scanner adds one blank page; a second blank page is somebody's."""
    cover = Cover(0, "D000001")
    assert split(scan("cover", None, "a", covers=[cover])) == (Part((2,), cover),)
    assert split(scan("cover", None, None, "a", covers=[cover])) == (Part((2, 3), cover),)


def test_two_covers_in_a_row_are_reported():
    """The part between them is empty: it is no document, and it is not hushed up."""
    lonely, good = Cover(0, "D000001"), Cover(1, "D000002")
    facts = scan("cover", "cover", "a", covers=[lonely, good])
    assert split(facts) == (Part((2,), good),)
    assert lonely_covers(facts) == (lonely,)


def test_nothing_but_covers_is_still_one_part():
    """The scan must end in a tray, so there is a part to refuse."""
    cover = Cover(0, "D000001")
    (part,) = split(scan("cover", None, covers=[cover]))
    assert part.page_indexes == ()
    assert lonely_covers(scan("cover", None, covers=[cover])) == (cover,)


def test_two_codes_on_one_page_name_nothing():
    """Which of them is meant would be a guess."""
    facts = scan("covers", "a", covers=[Cover(0, "D000001"), Cover(0, "D000002")])
    (part,) = split(facts)
    assert part.cover.contested
    same = scan("covers", "a", covers=[Cover(0, "D000001"), Cover(0, "D000001")])
    assert split(same)[0].cover == Cover(0, "D000001")


def test_a_defective_scan_is_not_cut():
    """Its pages may be wrong; it is one puzzle, not several."""
    facts = scan("cover", "a", covers=[Cover(0, "D000001")], defect="damaged")
    assert split(facts) == (Part((0, 1)),)


@given(st.lists(st.sampled_from(["cover", "page", "blank"]), min_size=1, max_size=12))
def test_every_page_is_in_one_part_or_accounted_for(kinds):
    """Only covers and the blank page behind one are left out, and no page is filed twice."""
    covers = [Cover(i, f"D{i:06}") for i, kind in enumerate(kinds) if kind == "cover"]
    facts = scan(*(None if kind == "blank" else kind for kind in kinds), covers=covers)
    used = [index for part in split(facts) for index in part.page_indexes]
    assert used == sorted(set(used))
    for index in set(range(len(kinds))) - set(used):
        behind = index > 0 and kinds[index - 1] == "cover" and kinds[index] == "blank"
        assert kinds[index] == "cover" or behind


@pytest.mark.parametrize(
    "text, doc_type",
    [
        (INVOICE, "invoice_copy"),
        (CONTRACT, "sales_contract"),
        (RECEIPT, "handover_receipt"),
        (RECEIPT_TRADITIONAL, "handover_receipt"),
        (INVOICE.split("\n", 1)[1], "invoice_copy"),  # the title was not read: phrases suffice
        ("广州市嘉禾有限公司\n接车单\n进厂时间", "reception"),
    ],
)
def test_forms_are_recognised(policy, text, doc_type):
    """A form is known by its title or by enough of its printed words, in either script."""
    assert recognise((PageFacts(text),), policy) == (doc_type,)


@pytest.mark.parametrize(
    "text",
    [REGULATION, REGULATION_MIDDLE, "", "发票", "请附上机动车销售统一发票。", "1)绿卡\n2)接车单"],
)
def test_texts_that_mention_papers_are_not_those_papers(policy, text):
    """A regulation, a list or a sentence about an invoice is no invoice."""
    assert recognise((PageFacts(text),), policy) == ()


def test_spaces_between_characters_do_not_hide_a_form(policy):
    """Recognition often spreads a title."""
    text = "机 动 车 销 售 统 一 发 票\n发票 代码"
    assert recognise((PageFacts(text),), policy) == ("invoice_copy",)


def test_two_forms_on_one_page_are_in_doubt(policy):
    """Printed words of two forms in equal strength recognise neither alone."""
    invoice = "发票代码 发票号码 购买方名称 价税合计"
    contract = "合同编号 违约责任 争议解决 质量保证"
    assert len(recognise((PageFacts(f"{invoice}\n{contract}"),), policy)) == 2
    one_more = f"{invoice} 税控码\n{contract}"
    assert len(recognise((PageFacts(one_more),), policy)) == 2
    assert recognise((PageFacts(f"{one_more} 不含税价"),), policy) == ("invoice_copy",)


def test_content_is_the_first_page_with_text(policy):
    """A blank first page does not hide the form, and an appendix does not outvote it."""
    pages = (PageFacts("", blank=True), PageFacts(CONTRACT), PageFacts(INVOICE))
    assert recognise(pages, policy) == ("sales_contract",)


def clues_of(policy, folders=(), stem="", text=""):
    return read_clues(scan(text), Hints(tuple(folders), stem), policy)


@pytest.mark.parametrize(
    "stem, words, doc_type",
    [
        ("C000001_D000001_invoice_copy", ("C000001", "D000001"), "invoice_copy"),
        ("C000001_D000001_invoice_copy_2", ("C000001", "D000001"), "invoice_copy"),
        ("C000001_D000001_invoice_copy-2", ("C000001", "D000001"), "invoice_copy"),
        ("C000001_D000001_invoice_copy (1)", ("C000001", "D000001"), "invoice_copy"),
        ("C000001_D000001_invoice_copy_2026-03-05_x", ("C000001", "D000001"), "invoice_copy"),
        ("C000001_D000001_free_check_12", ("C000001", "D000001"), "free_check_12"),
        ("C000001_D000001_free_check_12_001", ("C000001", "D000001"), "free_check_12"),
        ("张三_LSVNV133X22038147_发票", ("张三", "LSVNV133X22038147"), "invoice_copy"),
        ("张三＿ＩＮＶＯＩＣＥ", ("张三",), "invoice_copy"),
        ("20260305_张三_發票", ("张三",), "invoice_copy"),
        ("发票", (), "invoice_copy"),
        ("张三_合同 副本", ("张三",), "sales_contract"),
        ("D000002-invoice_copy-0001", ("D000002",), "invoice_copy"),
        ("d000002 发票", ("D000002",), "invoice_copy"),
        ("C000001 - D000001 - 合同 (3)", ("C000001", "D000001"), "sales_contract"),
        ("张三_合同 - 副本 (2)", ("张三",), "sales_contract"),
        ("张三_sales_contract - Copy", ("张三",), "sales_contract"),
        ("scan_0001", ("scan",), None),
        ("20260305-112233", (), None),
        ("", (), None),
    ],
)
def test_file_names_are_read(policy, stem, words, doc_type):
    """Customer, dossier and type in that order; counters, dates and the rest are noise."""
    clues = clues_of(policy, stem=stem)
    assert (clues.name_words, clues.name_type) == (words, doc_type)


def test_folders_are_read(policy):
    """The last folder may be a type; dates and counters name nobody."""
    clues = clues_of(policy, folders=["2026-03", "张三", "D000001", "发票"])
    assert (clues.folders, clues.folder_type) == (("张三", "D000001"), "invoice_copy")


def test_words_to_look_up_are_given_once(policy):
    """The catalogue is asked about each word, wherever it was written."""
    clues = clues_of(policy, folders=["C000001"], stem="C000001_D000001_发票")
    assert clues.words == ("C000001", "D000001")


def test_clues_keep_names_and_numbers_out_of_repr(policy):
    """Clues may be logged."""
    clues = clues_of(policy, ["张三"], "张三_发票", "11010519491231002X")
    assert clues.identifiers
    assert "张三" not in repr(clues)
    assert "1101" not in repr(clues)


def test_folding_by_script_lets_either_find_the_other(packs):
    """With a fold from Traditional to Simplified, a Traditional form matches Simplified words."""
    from policies.policy import Policy, default_fold

    table = str.maketrans("進廠時間里程試車員結果", "进厂时间里程试车员结果")
    policy = Policy.adopt(packs, {}, lambda text: default_fold(text).translate(table))
    text = "試車人 試車里程 試車結果\n試車单"
    assert "test_drive" in recognise((PageFacts(text + "\n试车路线"),), policy)
