"""What somebody tried and may not: it is recorded first, and told then.

Owns the writer's desk for acts that are watched (loans, disposals), and the look at the clock. The
reason codes and their words stand with each kind.

Rules it keeps:
- What somebody tried and may not is recorded before he is told: the act, a reason code, ids.
- A clock that was set back would make what expired valid again. No such act is done while the
  machine's clock stands before the latest time in the ledger by more than `CLOCK_SLACK`.

    with recording(archive, now, "lin", "loan-denied", "issue", {"loan": "L000001"}) as desk:
        raise MyDenial("already-lent")      # an entry, then NotAllowed
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from archivist import records
from archivist.errors import NotAllowed

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk

CLOCK_SLACK = timedelta(minutes=5)  # machines that file together differ by less
CLOCK_SET_BACK = "clock-set-back"


class Denial(NotAllowed):
    """Somebody tried what is not allowed: `code` is recorded, the words are told."""

    def __init__(self, code: str, words: tuple[str, str], hint: tuple[str, str] = ("", "")):
        super().__init__(*words, *hint)
        self.code = code


@contextmanager
def recording(
    archive: Archive, now: datetime, who: str, act: str, tried: str, subject: dict[str, str]
) -> Iterator[Desk]:
    """The writer's desk for an act. What is denied inside is recorded as `act`, then raised.

    MUST deny before anything is planned: the entry that says so stands alone.
    """
    denied: Denial | None = None
    with archive.writing(now, who) as desk:
        try:
            yield desk
        except Denial as error:
            desk.say(act, subject, tried=tried, reason=error.code)
            desk.append()
            denied = error
    archive.follow()
    if denied is not None:
        raise denied


def clock_problem(archive: Archive, now: datetime) -> tuple[str, str] | None:
    """What to say while the clock stands before the newest entry. Needs a followed catalogue."""
    newest = archive.catalogue.newest
    if newest and records.timestamp(now + CLOCK_SLACK) < newest:
        return (
            f"核对时钟；台账最新时间为 {newest}（UTC）",
            f"check the clock; the newest entry is of {newest} (UTC)",
        )
    return None
