"""Showing personal numbers in full, and saying so in the ledger first.

Lists show them masked (`archivist.masking`). Whoever needs them says what for; the entry comes
before the numbers, holds ids only, and the words lie in a sealed card beside the subject.

    record_unmasking(archive, "回访", {"customer": "C000001"}, "lin", now)
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from archivist.archive import Archive

MANY = "NUMBERS"  # where the cards lie of what was shown of several subjects at once


def record_unmasking(
    archive: Archive,
    purpose: str,
    subject: Mapping[str, str],
    who: str,
    now: datetime,
    shown: Sequence[str] = (),
) -> None:
    """Append the entry `unmask`: `subject` where one was looked at, `shown` the ids in a list."""
    # Beside its subject, so that the card goes when the subject is destroyed.
    folder = "/".join(subject[kind] for kind in ("customer", "dossier") if kind in subject) or MANY
    name = folder.rpartition("/")[2]
    with archive.writing(now, who) as desk:
        desk.say_with_card(folder, name, {"v": 1, "purpose": purpose}, "unmask", subject,
                           shown=sorted(set(shown)) or None)  # fmt: skip
    archive.follow()
