"""Names that become file names: people, keys, archives.

Owns what such a name may look like. Rule: a name cannot leave its folder, cannot be taken
for an option, and cannot look like another one; what breaks that raises Unsuitable, and
is not made to fit. (Records' names belong to `vault`.)

    checked_person_name("王小明") == "王小明"
    checked_person_name("../lin")           # Unsuitable
"""

from __future__ import annotations

import re
import unicodedata

from storage.errors import Unsuitable

MAX_NAME_LETTERS = 32
MAX_GENERATION = 9999

_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}")
_ARCHIVE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


def checked_person_name(name: str) -> str:
    """The name itself: 1-32 letters or digits of any script, `-` and `_`.

    It does not begin with `-`, which a command would take for an option, and stands in the
    one form (NFKC) in which full-width and composed letters cannot give two people the
    same look. Raises Unsuitable.
    """
    if not 0 < len(name) <= MAX_NAME_LETTERS or name.startswith("-"):
        raise Unsuitable("a person's name has 1 to 32 letters and begins with no hyphen")
    if not all(letter.isalpha() or letter.isdecimal() or letter in "-_" for letter in name):
        raise Unsuitable("a person's name holds letters, digits, - and _ only")
    if unicodedata.normalize("NFKC", name) != name:
        raise Unsuitable("a person's name holds letters in a form that is easily mistaken")
    return name


def checked_key_id(key_id: str) -> str:
    """The id itself: 1-32 ASCII letters, digits and hyphens. Raises Unsuitable."""
    if not _KEY_ID.fullmatch(key_id):
        raise Unsuitable("a key id has 1 to 32 letters, digits and hyphens")
    return key_id


def checked_generation(generation: int) -> int:
    """The number itself, 1 to 9999. Raises Unsuitable."""
    if not 0 < generation <= MAX_GENERATION:
        raise Unsuitable(f"a generation lies between 1 and {MAX_GENERATION}")
    return generation


def checked_archive_id(archive_id: str) -> str:
    """The id itself: 1-64 ASCII letters, digits and hyphens. Raises Unsuitable."""
    if not _ARCHIVE_ID.fullmatch(archive_id):
        raise Unsuitable("an archive id has 1 to 64 letters, digits and hyphens")
    return archive_id
