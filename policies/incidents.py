"""What the regulations ask when something leaked, is lost, damaged, stolen or was abused.

Owns the answer to one question: which rows speak of this incident, whom they have told, and how
fast. Changes nothing, and knows no people: who holds a role is the archive's to say.

Rules it keeps:
- A row without a severity speaks always (S001-4-R23: any leak is reported). A row of a severity
  speaks of that one only (S001-4-R25).
- A role that several rows name is told once; at once when one of them says so.
- A vague role (领导) whose meaning the company has not given means nobody: `means` is empty, and
  the role is still named, so that it is not forgotten.

    >>> from policies.policy import Policy
    >>> notices(speaking(Policy.adopt([], {}), "leak", "none"), Policy.adopt([], {}))
    ()
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policies import conduct_rows

if TYPE_CHECKING:
    from policies.policy import Cited, Policy

__all__ = ["OF_WORDS", "SEVERITY_WORDS", "Notice", "notices", "speaking"]

OF_WORDS: Mapping[str, tuple[str, str]] = {
    "leak": ("泄密", "leak"),
    "loss": ("遗失", "loss"),
    "damage": ("损坏", "damage"),
    "theft": ("窃取", "theft"),
    "abuse": ("滥用职权", "abuse"),
}
SEVERITY_WORDS: Mapping[str, tuple[str, str]] = {
    "none": ("后果未明", "none known"),
    "minor": ("未造成严重后果", "minor"),
    "serious": ("后果严重", "serious"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One role that is to be told: which roles of the company it means, and how fast."""

    role: str
    means: tuple[str, ...]
    at_once: bool
    clauses: tuple[str, ...]


def speaking(policy: Policy, of: str, severity: str) -> tuple[Cited[conduct_rows.Incident], ...]:
    """The rows that speak of an incident of this kind and consequence."""
    return tuple(
        cited
        for cited in policy.rows(conduct_rows.Incident)
        if of in cited.row.of and cited.row.severity in ("none", severity)
    )


def notices(rows: Iterable[Cited[conduct_rows.Incident]], policy: Policy) -> tuple[Notice, ...]:
    """Whom these rows have told, each role once, in the order of the regulations."""
    found: dict[str, list[conduct_rows.Incident]] = {}
    for cited in rows:
        for role in cited.row.notify:
            found.setdefault(role, []).append(cited.row)
    return tuple(
        Notice(
            role,
            policy.who_is(role),
            any(row.at_once for row in named),
            tuple(dict.fromkeys(row.clause for row in named)),
        )
        for role, named in found.items()
    )
