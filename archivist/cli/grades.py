"""Grades by the labels that people know, without loading the regulations.

Owns the usual words for the five codes. A search is over before a policy would be loaded, so its
hits are labelled from here; only an archive whose packs call a grade something else (核心商密)
pays for asking them.

    >>> usual_words("CONF")
    ('机密', 'highly confidential')
"""

import re
from pathlib import Path

_USUAL = {
    "TOP": ("绝密", "top secret"),
    "CONF": ("机密", "highly confidential"),
    "SECRET": ("秘密", "secret"),
    "INTERNAL": ("内部", "internal"),
    "PUBLIC": ("公开", "public"),
}


def usual_words(code: str) -> tuple[str, str]:
    """What a grade is called where nobody calls it otherwise; a code nobody knows is itself."""
    return _USUAL.get(code, (code, code))


def named_otherwise(packs: Path) -> bool:
    """Whether a pack in this folder of the archive gives a grade a name of its own.

    The text is looked at, not parsed: what is not written plainly counts as a name of its own,
    and costs no more than asking the regulations.
    """
    for path in packs.glob("*.toml"):
        text = path.read_text("utf-8", errors="replace")
        if "[[grade]]" not in text:
            continue
        for block in re.findall(r"^\[\[grade\]\](.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL):
            said = dict(re.findall(r'^(code|zh|en) = "([^"]*)"', block, re.MULTILINE))
            words = said.get("zh", ""), said.get("en", "")
            if _USUAL.get(said.get("code", "")) != words:
                return True
    return False
