"""Retention: how long a paper is kept, and from when.

Owns the answers of the `retention` and `retention_class` rows. What destroying it takes is
`policies.destruction`, and can be had from here; who approves it is `policies.approvals`.

Rules it keeps:
- Of the regulations' own periods the most specific apply (the order stands in `policies.reach`),
  and of these the longest: nothing is destroyed early because two texts disagree. That they
  disagree is an open question all the same (setting `retention.<type, class, series or dossier
  type>`, or `retention`; its value a pack's id).
- A legal floor wins over a shorter period and is cited. A ceiling for personal data is told, and
  never shortens anything by itself.
- Years that the regulation does not give come from a setting. Until it is made, the period is not
  known, and what has no known period is kept.
- A period is counted as the Civil Code counts (arts. 201 and 202): the day of the event is not
  counted, the last day is the same day of the last month, or that month's last day where it has
  none. `next_year` counts from 1 January after the event, as accounting archives do, so the
  last day is the one before the period's anniversary: 31 December for whole years.

    >>> span = Span(years=10, start="closed")
    >>> last_day(span, {"closed": date(2024, 2, 29)}, filed=date(2024, 1, 1))
    datetime.date(2034, 2, 28)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from policies import deadlines, destruction, keeping_rows
from policies.destruction import DisposalTerms, disposal_terms
from policies.policy import Cited, Policy, Question
from policies.promptly import is_number
from policies.reach import (
    Subject,
    classes_of,
    clauses_of,
    covering,
    distinct,
    named_by,
    once_each,
    prevailing,
    series_of,
    speakers,
    unanswered,
    weight,
)

__all__ = [
    "DisposalTerms", "KeptUntil", "Period", "Span", "disposal_terms", "keep_until", "last_day",
    "period_of", "unsettled",
]  # fmt: skip

_FOREVER = ("permanent", "for ever", "永久")  # what a setting may say instead of a number
_Length = tuple[bool, int]  # for ever, or so many years


_SILENT = Question(
    "retention",
    "采用的制度都没有规定这种资料保管多久；请在本公司的制度包中用 [[retention]] 写明",
    "no adopted regulation says how long this is kept; say it in a [[retention]] of the company's "
    "own pack",
)


@dataclass(frozen=True, slots=True)
class Span:
    """A length of keeping: for ever, or years and months from the event `start`.

    `start` is `filed`, `closed` or an event of the dossier; `count_from` is `event` or
    `next_year`. `clause` and `pack` say who said so.
    """

    permanent: bool = False
    years: int = 0
    months: int = 0
    start: str = ""
    count_from: str = "event"
    clause: str = ""
    pack: str = ""

    @property
    def length(self) -> tuple[bool, int, bool]:
        """What is compared when one period is called longer than another."""
        return self.permanent, self.years * 12 + self.months, self.count_from == "next_year"


@dataclass(frozen=True, slots=True)
class Period:
    """How long a paper is kept.

    `rule` is the longest span that applies, floors included; None where nobody says one, and
    then `open` says what is not known. `own` are the regulations' own spans, `floors` the law's
    minimum periods, `ceilings` its maximum ones for personal data, which are only told.
    """

    rule: Span | None = None
    own: tuple[Span, ...] = ()
    floors: tuple[Span, ...] = ()
    ceilings: tuple[Span, ...] = ()
    open: tuple[Question, ...] = ()

    @property
    def permanent(self) -> bool:
        return self.rule is not None and self.rule.permanent

    @property
    def years(self) -> int:
        return self.rule.years if self.rule else 0

    @property
    def months(self) -> int:
        return self.rule.months if self.rule else 0

    @property
    def start(self) -> str:
        return self.rule.start if self.rule else ""

    @property
    def count_from(self) -> str:
        return self.rule.count_from if self.rule else ""

    @property
    def floor(self) -> Span | None:
        """The legal minimum that made the period longer than the regulations did, if one did."""
        return self.rule if self.rule in self.floors and self.rule not in self.own else None

    @property
    def ceiling(self) -> Span | None:
        """The shortest of the maximum periods, where there is one."""
        return min(self.ceilings, key=lambda span: span.length, default=None)

    @property
    def silent(self) -> bool:
        """Whether no regulation says anything: not even that it leaves it open."""
        return _SILENT in self.open

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that the period rests on."""
        said = (*self.own, *self.floors) if self.rule else ()
        return clauses_of(span.clause for span in said)

    @property
    def packs(self) -> tuple[str, ...]:
        said = (*self.own, *self.floors) if self.rule else ()
        return distinct(span.pack for span in said)


@dataclass(frozen=True, slots=True)
class KeptUntil:
    """The last day on which the paper must be kept; it may be appraised from the day after.

    Without a `day` it is kept `forever`, or it is not yet known: `waits_for` then names the
    events whose day is missing (empty: the period itself is open). `beyond` is the day on which
    the shortest maximum period for personal data ends: a warning, no order.
    """

    day: date | None = None
    forever: bool = False
    waits_for: tuple[str, ...] = ()
    beyond: date | None = None


def period_of(
    policy: Policy,
    doc_type: str | None,
    dossier_type: str | None = None,
    series: str | None = None,
) -> Period:
    """How long a paper of this type in a dossier of that type is kept.

    Without a document type: how long the dossier itself is.
    """
    subject = Subject(doc_type, dossier_type, series)
    own, asked = _own(policy, subject)
    floors, asked_too = _spans(policy, covering(policy, _rows(policy, "floor"), subject))
    ceilings, told = _spans(policy, covering(policy, _rows(policy, "ceiling"), subject))
    longest = max((*own, *floors), key=lambda span: span.length, default=None)
    asked = distinct((*asked, *asked_too)) or (() if longest else (_SILENT,))
    # While any number is open the longest known one may not be the longest: it is no answer.
    known = longest and (longest.permanent or all(question.contradiction for question in asked))
    return Period(longest if known else None, own, floors, ceilings, distinct((*asked, *told)))


def keep_until(period: Period, events: Mapping[str, date], filed: date) -> KeptUntil:
    """Until which day the paper is kept, given when its dossier's events happened."""
    shortest = period.ceiling
    beyond = last_day(shortest, events, filed) if shortest else None
    if period.permanent:
        return KeptUntil(forever=True, beyond=beyond)
    if period.rule is None:
        return KeptUntil(beyond=beyond)
    # Floors may count from other events than the rule: the last of all days counts.
    spans = (*period.own, *period.floors)
    days = [last_day(span, events, filed) for span in spans]
    waits = distinct(s.start for s, day in zip(spans, days, strict=True) if day is None)
    last = None if waits else max(day for day in days if day)
    return KeptUntil(last, waits_for=waits, beyond=beyond)


def last_day(span: Span, events: Mapping[str, date], filed: date) -> date | None:
    """The last day of the span; None for ever, or while its event has not happened."""
    began = filed if span.start == "filed" else events.get(span.start)
    if span.permanent or began is None:
        return None
    months = span.years * 12 + span.months
    if span.count_from == "next_year":
        return deadlines.add_months(date(began.year + 1, 1, 1), months) - timedelta(days=1)
    return deadlines.add_months(began, months)


def unsettled(policy: Policy) -> Iterator[Question]:
    """What the adopted packs leave open or rule differently: periods, starts, classes, methods."""
    yield from once_each(_unsettled(policy))


def _unsettled(policy: Policy) -> Iterator[Question]:
    for cited in policy.rows(keeping_rows.RetentionClass):
        if cited.row.years_from and isinstance(found := _length(policy, cited), Question):
            yield found
    for kept in policy.rows(keeping_rows.Retention):
        for at in named_by(policy, kept.row):
            asked = period_of(policy, at.doc_type, at.dossier_type, at.series).open
            # That no regulation speaks of a paper is no gap in the regulations that do.
            yield from (question for question in asked if question is not _SILENT)
    yield from destruction.unsettled(policy)


def _rows(policy: Policy, kind: str) -> tuple[Cited[keeping_rows.Retention], ...]:
    return tuple(cited for cited in policy.rows(keeping_rows.Retention) if cited.row.kind == kind)


def _own(policy: Policy, subject: Subject) -> tuple[tuple[Span, ...], tuple[Question, ...]]:
    """The regulations' own spans that apply, longest first, and what is open about them."""
    by_pack = speakers(policy, _rows(policy, "company"), subject)
    if not by_pack:
        return (), ()
    best = max(weight(rows[0].row, subject) for rows in by_pack.values())
    equal = {p: rows for p, rows in by_pack.items() if weight(rows[0].row, subject) == best}
    setting = _setting(policy, next(iter(equal.values()))[0].row, subject)
    chosen = prevailing(equal, policy.setting(setting))
    rows = chosen or tuple(cited for rows in equal.values() for cited in rows)
    spans, asked = _spans(policy, rows)
    spans = tuple(sorted(spans, key=lambda span: span.length, reverse=True))
    essence = {(span.length, span.start) for span in spans}
    if chosen is None and len(equal) > 1 and len(essence) > 1:
        asked = (*asked, _disagreement(setting, spans))
    # One rule decides: the shorter ones of the same weight are not cited for what they do not say.
    return tuple(s for s in spans if s.length == spans[0].length), asked


def _spans(
    policy: Policy, rows: Iterable[Cited[keeping_rows.Retention]]
) -> tuple[tuple[Span, ...], tuple[Question, ...]]:
    found = [_span(policy, cited) for cited in rows]
    questions = (question for _, asked in found for question in asked)
    return tuple(span for span, _ in found if span), distinct(questions)


def _span(
    policy: Policy, cited: Cited[keeping_rows.Retention]
) -> tuple[Span | None, tuple[Question, ...]]:
    """One row with the company's settings filled in, or the questions that it waits for."""
    row = cited.row
    length = _length(policy, cited)
    asked = [length] if isinstance(length, Question) else []
    permanent, years = (False, 0) if isinstance(length, Question) else length
    start = row.start or policy.setting(row.start_from) or ""
    if not start and not permanent:
        zh, en = f"保管期限从哪个事件起算：{row.zh}", f"which event it counts from: {row.en}"
        asked.append(unanswered(policy, row.start_from, row.clause, zh, en))
    if asked:
        return None, tuple(asked)
    months, count_from = (0, "event") if permanent else (row.months, row.count_from)
    start = "" if permanent else start
    return Span(permanent, years, months, start, count_from, row.clause, cited.pack), ()


def _length(
    policy: Policy, cited: Cited[keeping_rows.Retention] | Cited[keeping_rows.RetentionClass]
) -> _Length | Question:
    """The years of a row or class; 0 for one of months. Else the question to be answered first."""
    row = cited.row
    if isinstance(row, keeping_rows.Retention) and row.retention_class:
        return _class_length(policy, cited.pack, row)
    said = (policy.setting(row.years_from) or "") if row.years_from else ""
    if row.permanent or said.casefold() in _FOREVER:
        return True, 0
    if not row.years_from:
        return False, row.years
    if is_number(said):
        return False, int(said)
    zh, en = f"“{row.zh}”是几年", f"how many years is meant: {row.en}"
    return unanswered(policy, row.years_from, row.clause, zh, en)


def _class_length(policy: Policy, pack: str, row: keeping_rows.Retention) -> _Length | Question:
    """The years of a class: the company's word, else the row's own pack's, else another's."""
    named = [c for c in policy.rows(keeping_rows.RetentionClass) if c.row.id == row.retention_class]
    named.sort(key=lambda cited: (not cited.company, cited.pack != pack))
    if named:
        return _length(policy, named[0])
    return Question(
        f"packs.{row.retention_class}",
        f"保管期限类别“{row.retention_class}”没有登记",
        f"the class of keeping {row.retention_class} is undeclared",
        (row.clause,),
    )


def _setting(policy: Policy, row: keeping_rows.Retention, subject: Subject) -> str:
    """The setting that would settle it: named after what the rows speak of."""
    if subject.doc_type in row.types:
        return f"retention.{subject.doc_type}"
    if shared := classes_of(policy, subject.doc_type) & set(row.classes):
        return f"retention.{min(shared)}"
    if row.series:
        return f"retention.{series_of(policy, subject.dossier_type, subject.series)}"
    return f"retention.{subject.dossier_type}" if row.dossier_types else "retention"


def _disagreement(setting: str, spans: Iterable[Span]) -> Question:
    said = tuple(spans)
    zh = "；".join(f"{span.clause} {_said(span)[0]}" for span in said)
    en = "; ".join(f"{span.clause} {_said(span)[1]}" for span in said)
    return Question(
        setting,
        f"各制度规定的保管期限不一：{zh}。请设为以哪个制度包为准",
        f"regulations disagree on how long it is kept: {en}; name the pack that prevails",
        clauses_of(span.clause for span in said),
        contradiction=True,
    )


def _said(span: Span) -> tuple[str, str]:
    if span.permanent:
        return "永久", "for ever"
    zh = (f"{span.years}年" if span.years else "") + (f"{span.months}个月" if span.months else "")
    en = [f"{span.years} years"] * bool(span.years) + [f"{span.months} months"] * bool(span.months)
    next_year = span.count_from == "next_year"
    return (
        f"{zh}（自 {span.start} {'次年起' if next_year else '起'}）",
        f"{' '.join(en)} from {'the year after ' if next_year else ''}{span.start}",
    )
