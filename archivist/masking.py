"""Personal numbers in what is shown: hidden, unless somebody says what for.

Owns which digits of a text are a person's: resident identity numbers (公民身份号码, of 18 and
of the former 15 characters), mobile and landline numbers, bank cards. Pure: a text in, a
text of the same length out, so that positions found in one hold in the other.

Rules it keeps:
- The last four stay, of a mobile number the first three and of a landline the area code: enough
  to compare with a paper, too little to use.
- A number within a longer run of letters and digits is none: VINs (GB 16735), archival codes
  and company codes (统一社会信用代码, GB 32100-2015) stay as they are.
- When in doubt it is hidden. A check digit is asked of cards alone, whose shape says nothing;
  a misread digit must not lay a number open.
- The cross `×` stands for what is hidden; an asterisk would look like a match in a snippet.

    >>> masked("张伟 13800138000，身份证 11010519491231002X，车架号 LSVAA49J132047371")
    '张伟 138××××8000，身份证 ××××××××××××××002X，车架号 LSVAA49J132047371'
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

HIDDEN = "×"
LAST = 4

# Full-width digits are digits; one for one, so that nothing moves.
_ASCII = {0xFEE0 + code: code for code in range(0x21, 0x7F)}

_GAP = r"[ \t\r\n\u3000·\-]"  # one of these groups digits, also where a scan breaks the line
_ALONE = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_RUN = re.compile(r"[0-9](?:[ \t\r\n\u3000·()\-]{0,2}[0-9Xx]){9,}")

# Provinces of GB/T 2260: without them every long number with a date inside would count.
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"


def _spaced(*groups: str) -> str:
    return f"{_GAP}?".join(groups)


_RESIDENT = _spaced(rf"{_PROVINCE}\d{{4}}", r"(?:18|19|20)\d\d" + _MONTH_DAY, r"\d{3}[0-9Xx]")
_FORMER = _spaced(rf"{_PROVINCE}\d{{4}}", r"\d\d" + _MONTH_DAY, r"\d{3}")
_MOBILE = _spaced(r"1[3-9]\d", r"\d{4}", r"\d{4}")
_CARD = rf"[3-9]\d{{3}}(?:{_GAP}?\d{{4}}){{3}}(?:{_GAP}?\d{{1,3}})?"
_AREA = r"(?:010|02\d|0[3-9]\d\d)"


@cache
def _alone(shape: str) -> re.Pattern[str]:
    # Made when first needed: five shapes cost a search more than the rest of what it loads.
    return re.compile(shape.join(_ALONE))


def masked(text: str) -> str:
    """`text` with the personal numbers in it hidden; as long as it was."""
    plain = text.translate(_ASCII)
    shown = list(text)
    longest = max((_length(run[0]) for run in _RUN.finditer(plain)), default=0)
    for length, shape, begin, personal in _KINDS:
        for found in _alone(shape).finditer(plain) if length <= longest else ():
            if personal(found["number"]):
                _hide(shown, plain, *found.span("number"), begin)
    return "".join(shown)


def masked_in(value: Any) -> Any:
    """The same for every text inside a JSON value; keys and what is no text stay."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: masked_in(inner) for name, inner in value.items()}
    return [masked_in(inner) for inner in value] if isinstance(value, list) else value


def _hide(shown: list[str], plain: str, start: int, end: int, begin: int) -> None:
    """Hide all digits but the first `begin` and the last four; what groups them stays."""
    places = [at for at in range(start, end) if plain[at].isalnum()]
    for at in places[begin:-LAST]:
        shown[at] = HIDDEN


def _length(run: str) -> int:
    return sum(map(str.isalnum, run))


def _always(_: str) -> bool:
    return True


def _not_a_company(number: str) -> bool:
    """No company code: the same shape, and only its own check character is right."""
    from policies.identifiers import is_resident_id, is_uscc  # only where a number is found

    bare = "".join(filter(str.isalnum, number)).upper()
    return is_resident_id(bare) or not is_uscc(bare)


def _luhn(number: str) -> bool:
    """ISO/IEC 7812-1: every second digit doubled, from the right, the sum a multiple of ten."""
    digits = [int(char) for char in reversed(number) if char.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


# How many characters at least, shape, how many stay at the beginning, and what else must hold.
_KINDS: tuple[tuple[int, str, int, Callable[[str], bool]], ...] = (
    (18, f"(?P<number>{_RESIDENT})", 0, _not_a_company),
    (15, f"(?P<number>{_FORMER})", 0, _always),
    (11, rf"(?:(?:\+|00)?86{_GAP}?)?(?P<number>{_MOBILE})", 3, _always),
    (10, rf"\(?{_AREA}\)?{_GAP}?(?P<number>[2-8]\d{{2,3}}{_GAP}?\d{{4}})", 0, _always),
    (16, f"(?P<number>{_CARD})", 0, _luhn),
)
