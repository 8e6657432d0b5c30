"""Which numbers are a person's, at the borders, and what is left of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archivist.masking import HIDDEN, masked, masked_in

HIDES = [
    ("13800138000", "138××××8000"),
    ("电话13800138000或13900139000。", "电话138××××8000或139××××9000。"),
    ("13800138000 13900139000", "138××××8000 139××××9000"),
    ("+8613800138000", "+86138××××8000"),
    ("0086 138 0013 8000", "0086 138 ×××× 8000"),
    ("138-0013-8000", "138-××××-8000"),
    ("1380013\n8000", "138××××\n8000"),
    ("１３８００１３８０００", "138××××8000".translate(str.maketrans("0138", "０１３８"))),
    ("11010519491231002X", "××××××××××××××002X"),
    ("11010519491231002x", "××××××××××××××002x"),
    ("110105194912310021", "××××××××××××××0021"),  # a misread check digit is no excuse
    ("110105 19491231 002X", "×××××× ×××××××× 002X"),
    ("身份证号：110105491231002。", "身份证号：×××××××××××1002。"),
    ("0755-26881234", "0755-××××1234"),
    ("(0755)2688 1234", "(0755)×××× 1234"),
    ("（０７５５）26881234", "（０７５５）××××1234"),
    ("075526881234", "0755××××1234"),
    ("010-62345678转8012", "010-××××5678转8012"),
    ("0371-5512345", "0371-×××2345"),
    ("4111111111111111", "××××××××××××1111"),
    ("6222 0212 3456 7890 128", "×××× ×××× ×××× ×××0 128"),
]

STAYS = [
    "LSVAA49J132047371",  # a VIN
    "LSVAA413800138000",  # a VIN whose tail reads like a mobile number
    "91310000MA1FL8TQ32",  # a company code
    "12100000400014591W",
    "A13800138000",
    "13800138000B",
    "138001380001",  # twelve digits
    "1380013800",  # ten
    "12800138000",  # no such network
    "110105194913310021",  # no such month
    "990105194912310021",  # no such province
    "110105491331002",
    "400-800-1234",
    "26881234",  # a landline without area code reads like a date or an amount
    "20261123174038",
    "2026-11-23 17:40:38",
    "4111111111111112",  # Luhn's sum is wrong
    "R00000001 C000001 D000001",
    "SHA-256 " + "0138" * 16,
    "¥1,234,567.89",
    "",
]


@pytest.mark.parametrize(("text", "expected"), HIDES)
def test_a_personal_number_is_hidden_but_for_its_ends(text, expected):
    """The last four stay, of a mobile number the first three, of a landline the area code."""
    assert masked(text) == expected


@pytest.mark.parametrize("text", STAYS)
def test_other_numbers_stay_as_they_are(text):
    """VINs, company codes, dates, amounts, ids and digests are not personal numbers."""
    assert masked(text) == text


def test_a_company_code_of_digits_alone_is_told_by_its_check_character():
    """Its shape may be that of an identity number; only one of the two checks is right."""
    from policies.identifiers import is_resident_id, is_uscc

    found = [
        code
        for region in range(100, 1000)
        for check in range(10)
        if is_uscc(code := f"11{region}0194912310{region % 100:02}{check}")
        and not is_resident_id(code)
    ]
    assert found
    assert [code for code in found if masked(code) != code] == []


@given(st.text("0123456789Xx -\n(+AV年，", max_size=60))
def test_nothing_moves_and_nothing_but_digits_is_hidden(text):
    """Positions in the masked text are those of the text; masking again changes nothing."""
    shown = masked(text)
    assert len(shown) == len(text)
    assert all(s == t or (s == HIDDEN and t in "0123456789Xx") for s, t in zip(shown, text))  # noqa: B905
    assert masked(shown) == shown


@given(st.sampled_from([text for text, _ in HIDES]), st.sampled_from("，。：年 \n/"))
def test_a_number_is_found_wherever_it_stands(number, border):
    """Words and punctuation around it make no difference."""
    assert masked(f"张伟{border}{number}{border}李四") == (
        f"张伟{border}{masked(number)}{border}李四"
    )


def test_every_text_of_a_value_is_masked_and_nothing_else():
    """Lists and objects keep their shape, keys and numbers."""
    value = {"13800138000": ["13800138000", 13800138000, None, {"tel": "010-62345678"}]}
    assert masked_in(value) == {
        "13800138000": ["138××××8000", 13800138000, None, {"tel": "010-××××5678"}]
    }
