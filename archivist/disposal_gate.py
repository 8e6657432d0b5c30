"""The gate before anything is destroyed.

refusals(archive, "X000001", today, now, "li", ("wang", "zhao"))      # () opens it
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from archivist.archive import Archive
from archivist.disposal_book import case_by_ledger


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the gate stays shut: `code`, in words, the clauses, and the record or person it is
    about where it is about one."""

    code: str
    zh: str
    en: str
    clauses: tuple[str, ...] = ()
    record: str | None = None
    person: str | None = None


def refusals(
    archive: Archive,
    disposal: str,
    on: date,
    now: datetime,
    executor: str | None,
    witnesses: Sequence[str] | None,
) -> tuple[Refusal, ...]:
    """Everything that speaks against executing a disposal now; empty when nothing does.

    MUST be asked with the writer's lock held. `on` is the day by which periods are counted, `now`
    the clock: approvals and cooling-off go by it. Without `executor` or `witnesses` nothing is
    asked of them: so a list shows what is missing. Raises NotKnown.
    """
    case = case_by_ledger(archive, disposal)
    zh, en = "尚未核对", "nothing was checked yet"
    return (Refusal("not-checked", zh, f"{en} ({case.state})"),)
