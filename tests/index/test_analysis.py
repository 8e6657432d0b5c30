"""The analysis: one stream per page, tokens, plans, snippets."""

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import opencc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index import analysis
from index.analysis import (
    bigrams,
    body_tokens,
    contains,
    fold,
    mark_tokens,
    marks,
    page_tokens,
    plan,
    snippet,
    storable,
    stream,
)

ROOT = Path(analysis.__file__).parent.parent
ODD = (
    "㈱①½ﬁﾊﾞが가각éẞſİıΐ〇々𠮷𪚥\U00020000\U000323af\ue123\u200b\ufe00\xad\x00"
    "\ud800\udcff\U0001f600 \n\t\u3000"
)
MIXED = st.text(
    st.sampled_from("客户檔档案管理制度後后瞭了ABCabc0139ＡＢ９－—，。“”\"'「」()（）…" + ODD),
    max_size=60,
)
ANY = st.one_of(MIXED, st.text(max_size=40))
PAGES = [
    "客户档案管理制度\n第一条 总则：为加强公司文书档案、声像档案资料的管理工作，\n保证文书档案的"
    "及时归档，特制定本规定。\n",
    "第二条 行政助理负责档案的归档监督和日常管理工作。对档案资料必须按年度立卷，各系统和\n"
    "部门在工作活动中形成的各种有保存价值的档案资料，都要按本制度规定分别立卷归档。\n",
    "因工作变动或离职时应将经办或保管的档案资料向接办人员交接清楚，不\n得擅自带走或销毁。",
    "甲方（出租人）：深圳市鵬飛貿易有限公司\n统一社会信用代码：91440300MA5FKX7T2Q",
    "Ｉｎｖｏｉｃｅ №１２３４５６ — total ￥1,234.50\nVIN LSVAU2180N2183294",
    "瞭解客戶需求，憑藉優質服務；答覆客戶投訴，乾燥處理後里程歸零，麵條與麪粉",
]


@given(ANY, ANY)
def test_the_stream_of_two_texts_is_their_streams_joined(a: str, b: str) -> None:
    """Cutting a text anywhere cuts its stream there."""
    assert fold(a + b) == fold(a) + fold(b)
    assert marks(a + b) == marks(a) | marks(b)


@given(ANY.map(storable))
@example("".join(map(storable, ODD)) * 2)
def test_tokens_of_a_page_are_those_of_its_stream(text: str) -> None:
    """What an index is given of a page are its tokens, spelt out, however it was found."""
    tokens = page_tokens(text)
    assert tokens.body == " ".join(body_tokens(text))
    assert tokens.marks == " ".join(mark_tokens(text))
    assert tokens.length == len(fold(text))


def test_every_letter_and_ideograph_makes_the_tokens_it_has() -> None:
    """Of each common character, the page's tokens are those that the stream and the marks give."""
    everything = "".join(map(chr, [*range(0x3400), *range(0x4E00, 0xA000)]))
    tokens = page_tokens(everything)
    assert tokens.body == " ".join(body_tokens(everything))
    assert tokens.marks == " ".join(mark_tokens(everything))


@given(ANY)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    """A stream is its own stream, so a term can be copied from a result and searched again."""
    assert fold(fold(text)) == fold(text)


@given(ANY)
def test_the_stream_knows_where_each_letter_came_from(text: str) -> None:
    """Every letter of the stream is found again in the folded original character."""
    flow = stream(text)
    assert flow.text == fold(text)
    assert len(flow.at) == len(flow.text)
    assert list(flow.at) == sorted(flow.at)
    assert all(letter in fold(text[i]) for letter, i in zip(flow.text, flow.at, strict=True))


@given(ANY)
def test_what_is_stored_has_the_tokens_of_what_was_given(text: str) -> None:
    """Lone surrogates, which no file can hold, do not change a page's tokens."""
    storable(text).encode()
    assert body_tokens(storable(text)) == body_tokens(text)
    assert mark_tokens(storable(text)) == mark_tokens(text)


@given(ANY, st.data())
def test_any_visible_piece_of_a_page_finds_it(text: str, data: st.DataObject) -> None:
    """Whatever is cut out of a page, the plan made of it contains that page."""
    start = data.draw(st.integers(0, max(len(text) - 1, 0)))
    piece = text[start : start + data.draw(st.integers(1, 12))]
    if fold(piece) or marks(piece):
        assert contains(text, plan(piece))
    else:
        assert not plan(piece)


@given(ANY, st.text(st.sampled_from("客户檔档案管理ABab01后後"), min_size=1, max_size=4))
def test_a_plain_word_is_found_exactly_where_its_stream_is(text: str, word: str) -> None:
    """There is no false hit: found means contained."""
    assert contains(text, plan(word)) == (fold(word) in fold(text))


@given(ANY)
def test_every_token_survives_a_tokenizer_that_splits_ascii(text: str) -> None:
    """No token holds white space, ASCII punctuation or capitals that a tokenizer would change."""
    for token in body_tokens(text) + mark_tokens(text):
        assert re.fullmatch(r"[a-z0-9\u0080-\U0010ffff]+", token)
        assert not any(char.isspace() for char in token)


@pytest.mark.parametrize("text", PAGES)
@pytest.mark.parametrize("script", ["s2t", "s2tw", "s2hk", "t2s", "tw2s", "hk2s"])
def test_both_scripts_have_the_same_stream(text: str, script: str) -> None:
    """A page and any conversion of it between the scripts cannot be told apart."""
    assert fold(opencc.OpenCC(script).convert(text)) == fold(text)


def test_the_fold_table_is_the_one_its_script_makes() -> None:
    """The data file was not edited by hand."""
    command = [sys.executable, ROOT / "scripts" / "make_fold_table.py", "--check"]
    assert subprocess.run(command, check=False).returncode == 0


def test_no_folded_character_needs_folding_again() -> None:
    """The table maps onto characters that it leaves alone."""
    table = analysis._fold_table()
    assert not set(table) & set(table.values())
    assert all(unicodedata.normalize("NFKD", char) == char for char in table.values())


@pytest.mark.parametrize(
    ("query", "terms", "wanted"),
    [
        ("客戶 檔案", ("客户", "档案"), ""),
        ("MA5FK", ("ma5fk",), ""),
        ('"138 0013"', ("1380013",), ""),
        ("户口，\n名", ("户口", "名"), ""),
        ("、：", (), ":、"),
        ("客户 …", ("客户",), "."),
        ('""', (), '"'),
        ("客户档案 档案", ("客户档案",), ""),
        ("", (), ""),
        (" \n", (), ""),
    ],
)
def test_a_query_becomes_terms_and_marks(query: str, terms: tuple[str, ...], wanted: str) -> None:
    """Runs are AND-ed, quotes hold together, punctuation counts only where it stands alone."""
    assert plan(query).terms == terms
    assert "".join(plan(query).marks) == wanted


def test_a_pasted_paragraph_keeps_a_bounded_plan() -> None:
    """A thousand words still make an expression that an engine accepts."""
    words = " ".join(f"{i:04}" for i in range(1000))
    assert len(plan(words).terms) == analysis.MAX_TERMS
    assert contains(words, plan(words))


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("甲方：張\n三豐（簽章）", "张三丰", "甲方：**張三豐**（簽章）"),
        ("the quick\nbrown fox", "kbr", "the quic**k br**own fox"),
        ("㈱東京 電話", "株东", "**㈱東**京 電話"),
        ("caf" + "e\u0301" + "s", "cafe", "**cafe\u0301**s"),
        ("a，b。c", "。", "a，b**。**c"),
        ("客户客户", "客户", "**客户客户**"),
        ("档案与客户", "客户 档案", "**档案**与**客户**"),
        ("没有", "客户", "没有"),
        ("客户", "", "客户"),
    ],
)
def test_a_snippet_marks_the_original_characters(text: str, query: str, shown: str) -> None:
    """Matches are shown as they stand on the page, in one line."""
    assert snippet(text, plan(query)) == shown


def test_a_long_page_is_cut_around_the_match() -> None:
    """Cut ends are shown, the match is in the middle."""
    assert (
        snippet("前" * 50 + "客户" + "后" * 50, plan("客户"), around=3) == "…前前前**客户**后后后…"
    )


@given(ANY, st.data())
def test_a_snippet_adds_nothing_but_marks_and_cuts(text: str, data: st.DataObject) -> None:
    """Apart from marks, ellipses and white space a snippet is a piece of the page."""
    text = text.replace("*", "").replace("…", "")
    piece = text[data.draw(st.integers(0, max(len(text) - 1, 0))) :][:5]
    shown = snippet(text, plan(piece), around=4).replace("**", "").strip("…")
    assert "".join(shown.split()) in "".join(text.split())


def test_bigrams_overlap() -> None:
    """Each character but the last starts a pair."""
    assert bigrams("客户档") == ["客户", "户档"]
    assert body_tokens("客，户") == ["客户", "户"]
    assert body_tokens("，") == []


def test_matches_that_meet_make_one_mark() -> None:
    """What is shown side by side is marked as one, also where a line break was closed up."""
    assert snippet("合同合同", plan("合同")) == "**合同合同**"
    assert snippet("销售合同\n合同附件", plan("合同")) == "销售**合同合同**附件"
    assert snippet("合同 contract", plan("合同 contract")) == "**合同** **contract**"
    assert snippet("尾号 1234****5678", plan("5678")) == "尾号 1234****5678".replace(
        "5678", "**5678**"
    )
