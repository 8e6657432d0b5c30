"""Identifying numbers: found in recognised text, with a verdict on the check digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.identifiers import find_identifiers, is_valid, normal

EXAMPLES = [
    ("vin", "1M8GDM9AXKP042788"),
    ("vin", "5GZCZ43D13S812715"),
    ("uscc", "91350100M000100Y43"),
    ("uscc", "91110000600037341L"),
    ("resident_id", "11010519491231002X"),
    ("resident_id", "440524188001010014"),
]


def found(text):
    return [(one.kind, one.value, one.valid) for one in find_identifiers(text)]


@pytest.mark.parametrize("kind, value", EXAMPLES)
def test_published_examples_are_right_and_one_changed_digit_is_wrong(kind, value):
    """The examples of the standards pass; the check digit catches a single slip."""
    assert is_valid(kind, value)
    other = "7" if value[-2] != "7" else "8"
    assert not is_valid(kind, value[:-2] + other + value[-1])


@pytest.mark.parametrize("kind, value", EXAMPLES)
@pytest.mark.parametrize("frame", ["{}", "号码:{}。", "{}\n", "（{}）", "No {} end", "a\n{}\n5"])
def test_numbers_are_found_in_text(kind, value, frame):
    """What stands around a number does not hide it."""
    assert (kind, value, True) in found(frame.format(value))


@pytest.mark.parametrize("kind, value", EXAMPLES)
def test_grouping_width_and_case_do_not_hide_a_number(kind, value):
    """Spaces between groups, full-width and small letters are read all the same."""
    assert (kind, value, True) in found(f"{value[:6]} {value[6:11]}-{value[11:]}")
    wide = "".join(chr(ord(c) + 0xFEE0) for c in value.lower())
    assert (kind, value, True) in found(wide)


def test_lookalike_letters_are_read_as_digits():
    """A VIN has no I, O or Q, so a scan that shows them means 1 and 0."""
    assert found("IM8GDM9AXKPO42788") == [("vin", "1M8GDM9AXKP042788", True)]
    assert normal("vin", "im8gdm9a xkpO42788") == "1M8GDM9AXKP042788"


def test_invented_numbers_are_candidates_marked_wrong():
    """A wrong check digit is reported, not hidden: a registered key may be just that."""
    assert found("LVGBE40K9SG105862") == [("vin", "LVGBE40K9SG105862", False)]
    assert found("91440300MA5FKX7T2Q") == [("uscc", "91440300MA5FKX7T2Q", False)]


@pytest.mark.parametrize(
    "text",
    [
        "3602001909200158",  # sixteen digits: an account
        "12345678901234567",  # seventeen digits without a letter: an account too
        "X1M8GDM9AXKP042788Y99",  # part of something longer
        "11010519491231002X99",  # likewise, behind it
        "110105194913310020",  # thirteenth month is no date, region 11 10 5194 is no code
        "ABCDEFGHJKLMNPRST",
        "",
    ],
)
def test_other_numbers_are_no_valid_identifiers(text):
    """Accounts and part numbers do not route documents."""
    assert not [one for one in find_identifiers(text) if one.valid]


def test_each_number_is_reported_once():
    """A number repeated on the page is one clue."""
    assert len(find_identifiers("1M8GDM9AXKP042788\n1M8GDM9AXKP042788")) == 1


def test_numbers_stay_out_of_repr():
    """An identity number does not end in a log."""
    assert "11010519491231002X" not in repr(find_identifiers("11010519491231002X"))


@given(st.text(alphabet="0123456789ABXIOSZ -\n号", max_size=60))
def test_any_text_can_be_searched(text):
    """Noise gives candidates or none, and each is in normal form."""
    for one in find_identifiers(text):
        assert normal(one.kind, one.value) == one.value
        assert is_valid(one.kind, one.value) == one.valid


@given(st.from_regex(r"[1-9][0-9]{5}19[0-9]{2}0[1-9]1[0-9][0-9]{3}", fullmatch=True))
def test_exactly_one_check_character_fits_an_identity_number(body):
    """Of the eleven possible last characters one is right."""
    assert sum(is_valid("resident_id", body + last) for last in "0123456789X") == 1
