"""Routines: work that comes again by the calendar, and what of it is owed on a day.

Owns the matching of what was done with what was due, and the contradictions between
regulations that ask for the same work at different times. When a routine falls due is
`policies.rhythms`.

Rules it keeps:
- What is done within an occurrence's window is done in time; what is done outside every window
  is late work of the newest occurrence still open.
- "At least every N months" is counted from the day it was last done; before the first time,
  from the day the regulation binds.
- An interval that the regulation leaves open (定期) is the company's setting. Without one
  nothing is due, and the pack's `need` says so: there is no silent default.

    >>> from policies.calendar import Calendar
    >>> from policies.rule_rows import Routine
    >>> report = Routine("report", "客户资讯报告", "report", "S002-R16", of="report",
    ...                  nth_weekday="1 monday")
    >>> march = occurrences(report, date(2026, 3, 1), date(2026, 3, 31), Calendar(), {})
    >>> matched(march, [date(2026, 3, 4)])[0][1]  # two days late, but done
    datetime.date(2026, 3, 4)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING

from policies import deadlines, pack_rows, rule_rows
from policies.policy import Cited, Policy, Question
from policies.rhythms import Occurrence, business_day, interval, occurrences, rhythm_words

if TYPE_CHECKING:
    from policies.calendar import Calendar

__all__ = [
    "UPDATES", "Occurrence", "Owed", "business_day", "in_force", "intervals", "matched",
    "occurrences", "owed", "owed_of", "rhythm_words", "unsettled",
]  # fmt: skip

UPDATES = ("update", "review")
"""Two words of the regulations for one work: making sure that what is known of a customer holds."""

_LOOK_BACK_MONTHS = 12
# Far enough ahead to find the next occurrence of what happens once a year.
_AHEAD = timedelta(days=800)
_INTERVALS = ("every_months", "every_from")


@dataclass(frozen=True, slots=True)
class Owed:
    """How one routine stands, with the occurrence to look at.

    `state` is overdue (then `missed` counts the occurrences nobody has done, and the newest is
    shown), open (its window has begun), done, later, or unset: the company has not said how
    often. `done` is the day of the newest doing, `subject` the dossier, "" for the company.
    """

    cited: Cited[rule_rows.Routine]
    state: str
    occurrence: Occurrence | None = None
    done: date | None = None
    missed: int = 0
    subject: str = ""


def matched(
    due: Sequence[Occurrence], done: Iterable[date]
) -> tuple[tuple[Occurrence, date | None], ...]:
    """Each occurrence with the day on which it was done, or None.

    A second doing within one window settles nothing else: two papers handed in on one day must
    not cover up a month in which none was.
    """
    settled: dict[int, date] = {}
    for day in sorted(done):
        window = next((i for i, one in enumerate(due) if one.opens <= day <= one.due), None)
        if window is None:
            past = (i for i, one in enumerate(due) if one.due < day and i not in settled)
            window = max(past, default=None)
        if window is not None:
            settled.setdefault(window, day)
    return tuple((one, settled.get(i)) for i, one in enumerate(due))


def owed(
    policy: Policy,
    calendar: Calendar,
    today: date,
    done: Mapping[str, Sequence[date]],
    since: date | None = None,
) -> tuple[Owed, ...]:
    """How every routine of the company stands as of `today` (a day, or a moment of it).

    `done` are the days on which each routine (by id) was done; `since` is the day from which
    the regulations bind, the last twelve months where it is not said. What is done for each
    dossier, or before an event of one, is asked with `owed_of`.
    """
    settings = intervals(policy)
    return tuple(
        row
        for cited in in_force(policy)
        if not cited.row.dossier_types and not cited.row.before_event
        for row in owed_of(cited, calendar, today, done.get(cited.row.id, ()), settings, since)
    )


def owed_of(
    cited: Cited[rule_rows.Routine],
    calendar: Calendar,
    today: date,
    done: Sequence[date],
    settings: Mapping[str, str],
    since: date | None = None,
    event_day: date | None = None,
    subject: str = "",
) -> tuple[Owed, ...]:
    """How one routine stands: what is overdue, and what is due next. `since` as for `owed`."""
    routine = cited.row
    day = today.date() if isinstance(today, datetime) else today
    done = [each for each in done if each <= day]
    last = max(done, default=None)
    start = max(since or date.min, deadlines.add_months(day, -_LOOK_BACK_MONTHS))
    if routine.rhythm in _INTERVALS:
        if routine.every_from and interval(settings.get(routine.every_from, "")) is None:
            return (Owed(cited, "unset", done=last, subject=subject),)
        event_day = last or since
        done, start = [], max(start, event_day or start)
    rows = occurrences(routine, start, day + _AHEAD, calendar, settings, event_day)
    pairs = matched(rows, done)
    late = [one for one, settled in pairs if settled is None and _is_late(one, today)]
    found = []
    if late:
        found.append(Owed(cited, "overdue", late[-1], last, len(late), subject))
    coming = next((pair for pair in pairs if not _is_late(pair[0], today)), None)
    # What is counted from its last doing begins anew only when it is done.
    if coming and not (late and routine.rhythm in _INTERVALS):
        one, settled = coming
        state = "done" if settled else "open" if one.opens <= day else "later"
        found.append(Owed(cited, state, one, settled or last, 0, subject))
    return tuple(found)


def _is_late(one: Occurrence, today: date) -> bool:
    return deadlines.is_overdue(deadlines.Due(one.due, one.at, ""), today)


def intervals(policy: Policy) -> dict[str, str]:
    """The company's answers to `every_from`, each with its unit: {"backup_interval": "1 months"}.

    A bare number takes the unit that the pack's `need` asks for.
    """
    kinds = _kinds(policy)
    found = {}
    for cited in policy.rows(rule_rows.Routine):
        name = cited.row.every_from
        value = policy.setting(name) if name else None
        if value:
            found[name] = f"{value} {kinds.get(name, '')}" if value.isdigit() else value
    return found


def _kinds(policy: Policy) -> dict[str, str]:
    return {cited.row.id: cited.row.kind for cited in policy.rows(pack_rows.Need)}


def in_force(policy: Policy) -> tuple[Cited[rule_rows.Routine], ...]:
    """The routines that bind: where regulations clash, those of the pack that the setting names."""
    prevailing = policy.setting("routine.update")
    clashing = {id(cited.row) for pair in _update_clashes(policy) for cited in pair}
    return tuple(
        cited
        for cited in policy.rows(rule_rows.Routine)
        if id(cited.row) not in clashing or prevailing in (None, "all", _pack_id(cited))
    )


def unsettled(policy: Policy) -> Iterator[Question]:
    """Contradictions about routines that nothing settles, and intervals that cannot be read."""
    yield from _unread(policy)
    answers = {"all", *(pack.id for pack in policy.adopted)}
    if (clashes := _update_clashes(policy)) and policy.setting("routine.update") not in answers:
        rows = {id(cited.row): cited.row for pair in clashes for cited in pair}.values()
        said = [(row.clause, *rhythm_words(row)) for row in rows]
        yield Question(
            "routine.update",
            "各制度对更新客户信息的时间规定不一："
            + "；".join(f"{clause} {zh}" for clause, zh, _ in said)
            + "。填以哪个制度包为准，或填 all（都执行）",
            "regulations disagree on when customer information is updated: "
            + "; ".join(f"{clause} {en}" for clause, _, en in said)
            + "; name the pack that prevails, or all",
            tuple(dict.fromkeys(row.clause for row in rows)),
            contradiction=True,
        )
    yield from _backup_clash(policy)


def _unread(policy: Policy) -> Iterator[Question]:
    # Where the pack asks for a number, whether one was given is asked with the other needs.
    answers, kinds = intervals(policy), _kinds(policy)
    for cited in policy.rows(rule_rows.Routine):
        name = cited.row.every_from
        free = kinds.get(name, "text") == "text"
        if free and name in answers and interval(answers[name]) is None:
            yield Question(
                name,
                f"“{answers[name].strip()}”不是间隔，写法如 6 months、30 days、1 year",
                f"{answers[name].strip()!r} is no interval; write 6 months, 30 days or 1 year",
                (cited.row.clause,),
            )


def _update_clashes(
    policy: Policy,
) -> list[tuple[Cited[rule_rows.Routine], Cited[rule_rows.Routine]]]:
    """Pairs of rows of different packs that give the same updating different rhythms.

    An open interval (定期) contradicts nobody: the company's own answer is what it says.
    """
    rows = [
        cited
        for cited in policy.rows(rule_rows.Routine)
        if cited.row.of in UPDATES and not cited.row.every_from
    ]
    if any(cited.company for cited in rows):
        return []
    return [
        (one, other)
        for one, other in combinations(rows, 2)
        if one.pack != other.pack
        and _rhythm(one.row) != _rhythm(other.row)
        and _share_scope(one.row, other.row)
    ]


def _rhythm(row: rule_rows.Routine) -> tuple[str, object]:
    return row.rhythm, getattr(row, row.rhythm)


def _share_scope(one: rule_rows.Routine, other: rule_rows.Routine) -> bool:
    mine, yours = set(one.dossier_types), set(other.dossier_types)
    return bool(mine & yours) or mine == yours


def _backup_clash(policy: Policy) -> Iterator[Question]:
    """One regulation wants backups made, another forbids them without approval (A.2.6 no. 9)."""
    routines = [cited for cited in policy.rows(rule_rows.Routine) if cited.row.of == "backup"]
    gates = [
        cited
        for cited in policy.rows(rule_rows.Approval)
        if "backup" in cited.row.actions and not cited.row.free
    ]
    own = any(cited.company for cited in routines) or any(gate.company for gate in gates)
    if own or policy.setting("backup.standing"):
        return
    pairs = [(r, gate) for r in routines for gate in gates if r.pack != gate.pack]
    if pairs:
        clauses = tuple(dict.fromkeys(c.row.clause for pair in pairs for c in pair))
        yield Question(
            "backup.standing",
            f"制度既要求定期备份，又规定备份须经批准：{'、'.join(clauses)}。"
            "请填写长期授权的批准人和日期",
            f"one regulation demands regular backups, another forbids them without approval: "
            f"{', '.join(clauses)}; say who gave a standing authorisation, and when",
            clauses,
            contradiction=True,
        )


def _pack_id(cited: Cited[rule_rows.Routine]) -> str:
    return cited.pack.partition("@")[0]
