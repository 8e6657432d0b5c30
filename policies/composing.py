"""Composing (组卷): which papers make which volume, in which order; and what cannot be arranged.

Owns the proposal. Papers go in as plain values, volumes come out as values with their reasons and
clauses; nobody is asked and nothing is written. That what was proposed still holds when somebody
checks the volume is `policies.arrangement`.

    papers ──of one matter──▶ groups ──year, keeping, grade──▶ volumes ──order──▶ a proposal
                                └─▶ left, each with its reason

Rules it keeps:
- Papers of one matter are never parted (S001-1-R30, R32): they come to one volume or to none. The
  paper that the matter is named after leads: its year is theirs, unless a person said more of one
  of them, or they are a request and its reply (S001-1-R35).
- A volume has one year, papers of one dossier and, where keeping counts, one class of keeping.
- Papers of the grades that lie apart have volumes of their own (S001-1-R33). What is of one matter
  with such a paper goes along; so may what somebody called closely linked, in the same place.
- Nothing is guessed. Where a date, an answer or the order is not known, the papers are left and the
  reason is named. Every paper that goes in comes out once: in a volume, or left.

    >>> from policies.policy import Policy
    >>> item = Item(Paper("R1", year=2026), "D1", "new_car")
    >>> compose(Policy.adopt([], {}), [item]).volumes[0].year
    2026
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from policies.arrangement import Paper, never_parted, order_of, sorted_papers
from policies.filing_years import Matter, Ruling, filing_year
from policies.keeping_rows import VolumeRule
from policies.reach import clauses_of, distinct

if TYPE_CHECKING:
    from policies.policy import Cited, Policy

__all__ = ["Composition", "Item", "Left", "Proposed", "compose", "settled"]


@dataclass(frozen=True, slots=True)
class Item:
    """A paper (件) with the dossier it lies in.

    `paper.year` is the year it has by itself: its own date's, or that of filing. `volume` is the
    volume it lies in already. `asked`: whether it is one of those that are to be arranged; the
    others are there because a matter reaches them. `sheet`: it is a volume's own contents list or
    notes sheet, and no paper of it.
    """

    paper: Paper
    dossier: str
    dossier_type: str
    volume: str = ""
    asked: bool = True
    sheet: bool = False


@dataclass(frozen=True, slots=True)
class Proposed:
    """A volume to be made. `papers` are in order, with year, keeping and links settled;
    `apart` are the grades that lie apart and made it a volume of its own."""

    dossier: str
    dossier_type: str
    year: int
    keep: str
    papers: tuple[Paper, ...]
    apart: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """Papers that cannot be arranged, and why: a code, in words, and the clauses."""

    papers: tuple[str, ...]
    code: str
    zh: str
    en: str
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Composition:
    """A whole proposal."""

    volumes: tuple[Proposed, ...]
    left: tuple[Left, ...]


@dataclass(slots=True)
class _Group:
    """Papers of one matter, or a paper alone; settled step by step."""

    items: list[Item]
    year: int = 0
    keep: str = ""
    apart: tuple[str, ...] = ()
    clauses: list[str] = field(default_factory=list)
    packs: list[str] = field(default_factory=list)

    @property
    def lead(self) -> Item:
        named = (item for item in self.items if item.paper.id == item.paper.matter)
        return next(named, self.items[0])

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(item.paper.id for item in self.items)

    def cite(self, clause: str, pack: str) -> None:
        self.clauses.append(clause)
        self.packs.append(pack)


def compose(
    policy: Policy,
    items: Iterable[Item],
    years: Collection[int] = (),
    by_keep: Collection[str] = (),
) -> Composition:
    """The volumes of these papers, and the papers that are left.

    `years`: only matters of these years, all when empty; what belongs to another year is not
    spoken of. `by_keep`: dossier types in whose codes keeping counts, so that it parts volumes.
    """
    left: list[Left] = []
    groups: list[_Group] = []
    for group in _groups(items):
        refused = _settle(policy, group)
        if refused:
            left.append(refused)
        elif not years or group.year in years:
            groups.append(group)
    for group in groups:
        if not _rule(policy, "by_value") and group.lead.dossier_type not in by_keep:
            group.keep = ""  # neither a regulation nor a code parts what is kept differently
    placed: dict[tuple[str, int, str, tuple[str, ...]], list[_Group]] = {}
    for group in _going_along(policy, groups):
        placed.setdefault((*_place(group), group.apart), []).append(group)
    made = [
        _volume(policy, some, year, keep, apart)
        for (_, year, keep, apart), some in sorted(placed.items())
    ]
    left += [one for one in made if isinstance(one, Left)]
    return Composition(tuple(one for one in made if isinstance(one, Proposed)), tuple(left))


def settled(policy: Policy, items: Sequence[Item]) -> tuple[Paper, ...]:
    """The papers of a volume that exists, as they are to be judged: each matter's year, keeping
    and links settled as composing settles them; what cannot be settled has no year."""
    found: dict[str, Paper] = {}
    for group in _groups(replace(item, volume="", asked=True) for item in items):
        refused = _settle(policy, group)
        for item in group.items:
            year = None if refused else group.year
            found[item.paper.id] = _as_settled(policy, group, item.paper, year)
    return tuple(found[item.paper.id] for item in items)


# ── groups ────────────────────────────────────────────────────────────────────


def _groups(items: Iterable[Item]) -> Iterator[_Group]:
    """Papers of one matter together, in the order in which their first paper arose."""
    by_matter: dict[str, list[Item]] = {}
    for item in sorted(items, key=_arose):
        key = item.paper.matter or f"\0{item.paper.id}"
        by_matter.setdefault(key, []).append(item)
    for some in by_matter.values():
        if any(item.asked and not item.volume for item in some):
            yield _Group(some)


def _arose(item: Item) -> tuple[str, str]:
    return item.paper.fields.get("issue_date", "9999"), item.paper.id


def _settle(policy: Policy, group: _Group) -> Left | None:
    """Find the group's year, keeping and grade; or why it cannot be arranged."""
    if sheets := tuple(item.paper.id for item in group.items if item.sheet):
        return Left(
            sheets,
            "sheet",
            "是案卷自己的目录或备考表，不作为卷内文件",
            "is a volume's own contents list or notes sheet, no paper in it",
        )
    if volumes := distinct(item.volume for item in group.items if item.volume):
        return Left(
            tuple(item.paper.id for item in group.items if not item.volume),
            "matter-elsewhere",
            f"同一事由的文件已在 {'、'.join(volumes)} 中，不得分开",
            f"papers of its matter lie in {', '.join(volumes)} and must not be parted from it",
            _together(policy, group),
        )
    keeps = [item.paper.keep for item in group.items]
    group.keep = max(keeps, key=_length) if all(keeps) else ""
    return _settle_year(policy, group) or _settle_grade(policy, group)


def _length(keep: str) -> tuple[bool, int]:
    """A matter is kept as long as the paper of it that is kept longest."""
    return keep == "Y", int(keep[1:]) if keep[1:].isdigit() else 0


def _settle_year(policy: Policy, group: _Group) -> Left | None:
    rulings = _rulings(policy, group)
    for ruling in rulings:
        if ruling.year is None:
            return _no_year(group, ruling)
        if ruling.clause:
            group.cite(ruling.clause, ruling.pack)
    years = distinct(ruling.year for ruling in rulings)
    if len(years) > 1:
        told = ", ".join(map(str, years))
        return Left(
            group.ids,
            "years-differ",
            f"同一事由的文件分属 {told} 年",
            f"papers of one matter belong to the years {told}",
            (*_together(policy, group), *_clauses(policy, "one_year_only")),
        )
    year = years[0] if years else group.lead.paper.year
    if year is None:
        return Left(
            group.ids, "no-year", "归入哪一年尚不清楚",
            "it is not known to which year it belongs", _clauses(policy, "by_year"),
        )  # fmt: skip
    group.year = year
    return None


def _rulings(policy: Policy, group: _Group) -> list[Ruling]:
    """What decides the year beside the leading paper's own: what people said, or a reply."""
    said = [item.paper.about for item in group.items if item.paper.about]
    if said:
        return [filing_year(policy, about) for about in said]
    asks = [item.paper for item in group.items if "request" in item.paper.parts]
    answers = [item.paper for item in group.items if "reply" in item.paper.parts]
    if not asks or filing_year(policy, Matter("request")).open:
        return []  # no regulation has a word on it: the leading paper's year is theirs
    requested, replied = _last_day(asks), _last_day(answers)
    if answers and replied is None:
        answered = filing_year(policy, Matter("request_reply", replied=date.max))
        return [replace(answered, year=None, lacks="replied")]
    return [filing_year(policy, Matter("request_reply", requested=requested, replied=replied))]


def _last_day(papers: Sequence[Paper]) -> date | None:
    """The last of their dates; None where one of them has none, or there is no paper."""
    said = [paper.fields.get("issue_date") for paper in papers]
    days = [date.fromisoformat(day) for day in said if day]
    return max(days) if days and len(days) == len(papers) else None


def _no_year(group: _Group, ruling: Ruling) -> Left:
    if ruling.lacks:
        zh, en = _DATES[ruling.lacks]
        return Left(
            group.ids,
            "no-date",
            f"归入哪一年取决于{zh}，尚不清楚",
            f"its year depends on {en}, which is not known",
            clauses_of((ruling.clause,)),
        )
    asked = ruling.open
    return Left(
        group.ids,
        "year-open",
        "；".join(question.zh for question in asked),
        "; ".join(question.en for question in asked),
        distinct(clause for question in asked for clause in question.clauses),
    )


_DATES = {
    "first_target": ("所针对的第一年", "the first year it targets"),
    "last_target": ("所针对的最后一年", "the last year it targets"),
    "opened": ("开幕日期", "the day it opened"),
    "closed": ("闭幕日期", "the day it closed"),
    "replied": ("复文日期", "the date of the reply"),
    "requested": ("请示日期", "the date of the request"),
    "issued": ("签发日期", "the date of issue"),
    "completed": ("办结日期", "the day it was completed"),
}


def _settle_grade(policy: Policy, group: _Group) -> Left | None:
    """Which grades that lie apart are in the group; Left where others may not go with them."""
    for cited in _rule(policy, "apart"):
        kept_apart = {i.paper.id for i in group.items if i.paper.grade in cited.row.grades}
        if not kept_apart:
            continue
        if len(kept_apart) < len(group.items) and not cited.row.unless_related:
            return Left(
                group.ids,
                "apart",
                f"同一事由的文件密级不同，而制度规定：{cited.row.zh}",
                f"papers of one matter are of different grades, and: {cited.row.en}",
                (*clauses_of((cited.row.clause,)), *_together(policy, group)),
            )
        group.apart = tuple(sorted({*group.apart, *cited.row.grades}))
        group.cite(cited.row.clause, cited.pack)
    return None


# ── volumes ───────────────────────────────────────────────────────────────────


def _going_along(policy: Policy, groups: Sequence[_Group]) -> Sequence[_Group]:
    """Ordinary papers that somebody called closely linked to one that lies apart go with it,
    where its volume is of the same dossier, year and keeping."""
    if not any(cited.row.unless_related for cited in _rule(policy, "apart")):
        return groups
    kept_apart = {name: group for group in groups if group.apart for name in _lying_apart(group)}
    for group in groups:
        if group.apart:
            continue
        found = (kept_apart.get(n) for item in group.items for n in item.paper.linked_to)
        for other in filter(None, found):
            if _place(group) == _place(other) and _all_linked(group, other):
                group.apart = other.apart
                break
    return groups


def _place(group: _Group) -> tuple[str, int, str]:
    return group.lead.dossier, group.year, group.keep


def _all_linked(group: _Group, other: _Group) -> bool:
    """Each paper must be linked itself, and to one that lies apart itself: what is linked to one
    of a matter is not to all."""
    return all({*item.paper.linked_to} & _lying_apart(other) for item in group.items)


def _lying_apart(group: _Group) -> set[str]:
    """The papers of a group for whose grade it lies apart; the others only go with them."""
    return {item.paper.id for item in group.items if item.paper.grade in group.apart}


def _volume(
    policy: Policy, groups: Sequence[_Group], year: int, keep: str, apart: tuple[str, ...]
) -> Proposed | Left:
    lead = groups[0].lead
    orders = order_of(policy, lead.dossier_type)
    if len({cited.row.order for cited in orders}) > 1 and len({c.pack for c in orders}) > 1:
        return Left(
            tuple(name for group in groups for name in group.ids),
            "order-open",
            "各制度规定的排列次序不一，公司尚未写明以何者为准",
            "regulations disagree on the order of papers, and the company has not said which "
            "prevails",
            clauses_of(cited.row.clause for cited in orders),
        )
    order = orders[0].row.order if orders else ()
    papers = [
        [_as_settled(policy, group, item.paper, year, keep) for item in group.items]
        for group in groups
    ]
    always = [c for name in ("by_year", "one_year_only", "by_value") for c in _rule(policy, name)]
    rules = [(c.row.clause, c.pack) for c in always] + [(c.row.clause, c.pack) for c in orders]
    return Proposed(
        lead.dossier,
        lead.dossier_type,
        year,
        keep,
        _in_order(papers, order),
        apart,
        clauses_of(
            (
                *(clause for clause, _ in rules),
                *(clause for group in groups for clause in group.clauses),
                *(c for group in groups if len(group.items) > 1 for c in _together(policy, group)),
            )
        ),
        distinct((*(p for _, p in rules), *(p for group in groups for p in group.packs))),
    )


def _in_order(groups: Sequence[Sequence[Paper]], order: Sequence[str]) -> tuple[Paper, ...]:
    """Matter after matter as they arose, each in its own order; by fields across all of them,
    where the regulation names a field."""
    if any(">" not in entry for entry in order):
        return sorted_papers((paper for group in groups for paper in group), order)
    return tuple(paper for group in groups for paper in sorted_papers(group, order))


def _as_settled(
    policy: Policy, group: _Group, paper: Paper, year: int | None, keep: str | None = None
) -> Paper:
    """A paper with what was settled for its matter, so that nothing is decided twice."""
    linked = {*paper.linked_to}
    if group.apart and paper.grade not in group.apart:
        linked |= _lying_apart(group)
    return replace(
        paper,
        about=None,
        year=year,
        keep=group.keep if keep is None else keep,
        linked_to=frozenset(linked),
    )


# ── the rules ─────────────────────────────────────────────────────────────────


def _rule(policy: Policy, of: str) -> tuple[Cited[VolumeRule], ...]:
    return tuple(cited for cited in policy.rows(VolumeRule) if cited.row.of == of)


def _clauses(policy: Policy, of: str) -> tuple[str, ...]:
    return clauses_of(cited.row.clause for cited in _rule(policy, of))


def _together(policy: Policy, group: _Group) -> tuple[str, ...]:
    """The clauses that hold a group together: of the parts it has, else of one matter."""
    parts = {part for item in group.items for part in item.paper.parts}
    named = [c.row.clause for c in never_parted(policy) if parts & {*c.row.together}]
    return clauses_of(named) or _clauses(policy, "one_matter")
