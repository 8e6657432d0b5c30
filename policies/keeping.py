"""Keeping: until when one paper is kept, when its regulations have changed since it was filed.

Owns the comparison of editions. An *edition* is a set of packs that were in force together while
the paper lay here: those it was filed under, those after each adoption since, those in force now.
How long one edition says is `policies.retention`; which of several rules is said here.

Rules it keeps:
- A change of the packs never shortens by itself. Every edition is asked, the longest answer
  rules, and where one of before outlasts the one in force now, both are told (`Kept.shorter`).
- A shortening applies where the company adopted the new version with that very word
  (`shortens`): then it stands in the place of the versions before it, in every edition.
- An edition that says nothing of the paper shortens nothing and prolongs nothing. The one in
  force now is different: while it does not say how long, the paper is kept.
- An edition whose text cannot be read any more may have been the longest: the paper is kept.
- An appraisal's "keep until" prolongs and never shortens.

    >>> editions(["law@1", "shop@1"], [Adoption("shop@2")], ["law@1", "shop@2"])
    (('law@1', 'shop@1'), ('law@1', 'shop@2'))
    >>> editions(["law@1", "shop@1"], [Adoption("shop@2", shortens=True)], ["law@1", "shop@2"])
    (('law@1', 'shop@2'),)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from policies.reach import distinct, pack_id
from policies.retention import KeptUntil, Period, keep_until

__all__ = ["Adoption", "Edition", "Kept", "Shorter", "Why", "editions", "longest"]

Why = Literal["period", "floor", "permanent", "waits", "open", "pack-gone", "appraised"]


@dataclass(frozen=True, slots=True)
class Adoption:
    """A version that was adopted (`id@version`), and whether the company said that it shortens."""

    ref: str
    shortens: bool = False


@dataclass(frozen=True, slots=True)
class Edition:
    """Packs that were in force together, and the period they give this kind of paper.

    `period` is None where the text of one of them is not to be had any more.
    """

    packs: tuple[str, ...]
    period: Period | None


@dataclass(frozen=True, slots=True)
class Shorter:
    """What the packs in force now would say, where those of before keep the paper for longer."""

    day: date
    clauses: tuple[str, ...]
    packs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Until when a paper is kept, and by what.

    `day` is the last day on which it must be kept. Without one it is kept `forever`, or nobody
    knows yet: `waits_for` names events of the dossier that have not happened, and when there are
    none, `why` says what is not known. `packs` are the versions whose rows ruled and `clauses`
    what they rest on. `beyond` ends the shortest maximum period for personal data: a warning.

        period      the regulation's own period     floor      a legal minimum that is longer
        permanent   for ever                        waits      an event has not happened yet
        open        no period is known              pack-gone  an earlier text is not to be had
        appraised   an appraisal said: keep until
    """

    day: date | None
    forever: bool
    waits_for: tuple[str, ...]
    clauses: tuple[str, ...]
    packs: tuple[str, ...]
    why: Why
    shorter: Shorter | None = None
    beyond: date | None = None

    def over(self, today: date) -> bool:
        """Whether it may be appraised for disposal: its last day is past."""
        return self.day is not None and today > self.day


def editions(
    filed_under: Sequence[str], later: Iterable[Adoption], now: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """The sets of packs in force together since the paper was filed, the present one last.

    `later` are the adoptions since then, oldest first.
    """
    moments = [tuple(sorted(filed_under))]
    for adoption in later:
        if adoption.shortens:
            moments = [_with(moment, adoption.ref) for moment in moments]
        else:
            moments.append(_with(moments[-1], adoption.ref))
    present = tuple(sorted(now))
    return (*(moment for moment in distinct(moments) if moment != present), present)


def longest(
    said: Sequence[Edition],
    events: Mapping[str, date],
    filed: date,
    appraised: date | None = None,
) -> Kept:
    """Until when a paper is kept by all these editions together; the last is the one in force."""
    now = said[-1]
    assert now.period is not None, "the packs in force can be read"
    answers = [
        (edition, edition.period, keep_until(edition.period, events, filed))
        for edition in reversed(said)  # of equal answers the newest is cited
        if edition.period is not None and (edition is now or not edition.period.silent)
    ]
    present = answers[0][2]
    ruling, period, until = max(answers, key=lambda answer: _weight(answer[2]))
    why = _why(said, period, until)
    shorter = None
    if ruling is not now and present.day is not None:
        shorter = Shorter(present.day, now.period.clauses, now.period.packs)
    day = until.day if why in ("period", "floor") else None
    if day is not None and appraised is not None and appraised > day:
        day, why = appraised, "appraised"
    return Kept(day, until.forever, until.waits_for, period.clauses, period.packs, why, shorter,
                present.beyond)  # fmt: skip


def _why(said: Sequence[Edition], period: Period, until: KeptUntil) -> Why:
    if until.forever:
        return "permanent"
    if any(edition.period is None for edition in said):
        return "pack-gone"
    if period.rule is None:
        return "open"
    if until.waits_for:
        return "waits"
    return "floor" if period.floor else "period"


def _weight(until: KeptUntil) -> tuple[int, date]:
    """For ever outweighs what is not known, and that outweighs any day."""
    if until.forever:
        return 3, date.max
    if until.day is None:
        return (1 if until.waits_for else 2), date.max
    return 0, until.day


def _with(packs: tuple[str, ...], ref: str) -> tuple[str, ...]:
    """The packs with this version in the place of any other of the same pack."""
    others = (other for other in packs if pack_id(other) != pack_id(ref))
    return tuple(sorted((*others, ref)))
