"""Numbers that identify a vehicle, a company or a person, and their check digits.

Owns three kinds: `vin` (GB 16735-2019, the same weights as ISO 3779 and 49 CFR 565.15), `uscc`
(统一社会信用代码, GB 32100-2015) and `resident_id` (公民身份号码, GB 11643-1999).
`find_identifiers` returns every candidate in a text with a verdict on its check digit; it
leaves to routing what a wrong one is worth (a misread scan produces them, so do samples).

Letters these alphabets do not have are read as the digit they resemble (a VIN has no I, O or
Q), so that the number survives a scan; `normal` does the same to a registered key, and the two
are compared in that form only.

    >>> is_valid("vin", "1M8GDM9AXKP042788"), is_valid("resident_id", "11010519491231002X")
    (True, True)
    >>> find_identifiers("车架号:1M8GDM9A XKP042788。")[0].value
    '1M8GDM9AXKP042788'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

VIN = "vin"
USCC = "uscc"
RESIDENT_ID = "resident_id"

_VIN_VALUES = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ",
        [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)
)  # fmt: skip
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(3**place % 31 for place in range(17))
_ID_WEIGHTS = tuple(2 ** (17 - place) % 11 for place in range(17))
_ID_CHECKS = "10X98765432"

_VIN_LOOKALIKES = str.maketrans("IOQ", "100")
_USCC_LOOKALIKES = str.maketrans("IOSZ", "1052")

_RUN = re.compile(r"[0-9A-Z]{17,18}")
_VIN_SHAPE = re.compile(r"(?=.*[A-Z])[0-9A-HJ-NPR-Z]{13}[0-9]{4}")
_USCC_SHAPE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_ID_SHAPE = re.compile(
    r"[1-9]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9X]"
)
# Alone between two such characters these only group digits; elsewhere they separate words.
_GROUPING = re.compile(r"(?<=[0-9A-Z])[ \t\u00b7\-](?=[0-9A-Z])")


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number found in a document. `valid`: its check digit is right.

    The value is personal data: it stays out of `repr`.
    """

    kind: str
    value: str = field(repr=False)
    valid: bool


def normal(kind: str, value: str) -> str:
    """`value` in the form in which numbers of this kind are compared: upper case, no spaces."""
    bare = re.sub(r"[\s\u00b7\-]", "", unicodedata.normalize("NFKC", value)).upper()
    if kind == VIN:
        return bare.translate(_VIN_LOOKALIKES)
    if kind == USCC:
        return bare.translate(_USCC_LOOKALIKES)
    return bare


def is_valid(kind: str, value: str) -> bool:
    """Whether `value` has the shape and the check digit of its kind; unknown kinds: False."""
    rule = _RULES.get(kind)
    return rule is not None and rule(normal(kind, value))


def find_identifiers(text: str) -> tuple[Identifier, ...]:
    """Every candidate in `text`, in order of appearance, each value once per kind."""
    upper = unicodedata.normalize("NFKC", text).upper()
    found: dict[tuple[str, str], Identifier] = {}
    # Once as printed and once with grouping removed: "1M8GDM9A XKP042788" is one number, while
    # removing alone would glue a number to the word before it.
    for version in dict.fromkeys((upper, _GROUPING.sub("", upper))):
        for run in _RUN.finditer(version):
            if _is_bounded(version, run):
                for candidate in _candidates(run[0]):
                    found.setdefault((candidate.kind, candidate.value), candidate)
    return tuple(found.values())


def _is_bounded(text: str, run: re.Match[str]) -> bool:
    # A longer run of letters and digits is some other number, not one of ours with a tail.
    after = text[run.end() : run.end() + 1]
    before = text[run.start() - 1 : run.start()] if run.start() else ""
    return not any(c.isascii() and c.isalnum() for c in before + after)


def _candidates(run: str) -> list[Identifier]:
    if len(run) == 17:
        value = normal(VIN, run)
        return [Identifier(VIN, value, is_vin(value))] if _VIN_SHAPE.fullmatch(value) else []
    if _ID_SHAPE.fullmatch(run):
        # A number with a birth date inside is a person's; as a company code it would need a
        # region and an office code that happen to read like one. Only a right check digit
        # may say so.
        found = [Identifier(RESIDENT_ID, run, is_resident_id(run))]
        return [*found, Identifier(USCC, run, True)] if is_uscc(run) else found
    value = normal(USCC, run)
    return [Identifier(USCC, value, is_uscc(value))] if _USCC_SHAPE.fullmatch(value) else []


def is_vin(value: str) -> bool:
    """GB 16735-2019: ninth character = weighted sum modulo 11, X for ten."""
    if not _VIN_SHAPE.fullmatch(value):
        return False
    total = sum(w * _VIN_VALUES[c] for w, c in zip(_VIN_WEIGHTS, value, strict=True))
    return value[8] == "0123456789X"[total % 11]


def is_uscc(value: str) -> bool:
    """GB 32100-2015: last character makes the weighted sum a multiple of 31."""
    if not _USCC_SHAPE.fullmatch(value):
        return False
    total = sum(w * _USCC_ALPHABET.index(c) for w, c in zip(_USCC_WEIGHTS, value[:17], strict=True))
    return value[17] == _USCC_ALPHABET[-total % 31]


def is_resident_id(value: str) -> bool:
    """GB 11643-1999 (ISO 7064 MOD 11-2) with a possible birth date."""
    if not _ID_SHAPE.fullmatch(value):
        return False
    total = sum(w * int(c) for w, c in zip(_ID_WEIGHTS, value[:17], strict=True))
    return value[17] == _ID_CHECKS[total % 11]


_RULES: dict[str, Callable[[str], bool]] = {
    VIN: is_vin,
    USCC: is_uscc,
    RESIDENT_ID: is_resident_id,
}
