"""Which penalty rows speak of a violation, which terms govern them, and who confirms.

Owns the choice among the rows of several packs; `policies.penalties` reckons with what is chosen.

Rules it keeps:
- A row that names the dossier type speaks before one that names none; a company's own row
  before every regulation's.
- Two packs that penalise one code of one role differently contradict: the setting
  `penalty.<code>` names the pack that prevails, and without it no row speaks.
- Terms govern the penalties of their own pack; a company's terms govern all.
- Who confirms is whom the regulation names. Where it names nobody, the setting
  `confirm_penalties.<pack id>` does, and without that nobody may confirm.

    >>> from policies.policy import Policy
    >>> liable(Policy.adopt([], {}), "late_set")
    ()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from policies import conduct_rows, rule_rows
from policies.policy import Cited, Question

if TYPE_CHECKING:
    from policies.policy import Policy


def liable(policy: Policy, code: str, dossier_type: str = "") -> tuple[str, ...]:
    """The roles on which a violation falls, as the regulations name them."""
    rows = (c.row for c in policy.rows(conduct_rows.Penalty) if c.row.on == code)
    roles = (role for row in rows if concerns(row, dossier_type) for role in row.who)
    return tuple(dict.fromkeys(roles))


def penalties_of(
    policy: Policy, code: str, role: str, dossier_type: str = ""
) -> tuple[tuple[Cited[conduct_rows.Penalty], ...], tuple[Question, ...]]:
    """The penalty rows that speak of this code, role and type, and what is undecided.

    A row that names the dossier type speaks before one that names none. With an open question
    there are no rows: nothing is guessed.
    """
    rows = [
        cited
        for cited in policy.rows(conduct_rows.Penalty)
        if cited.row.on == code
        and concerns(cited.row, dossier_type)
        and _means(policy, cited.row.who, role)
    ]
    own = [cited for cited in rows if cited.company]
    rows = own or rows
    if chosen := policy.setting(f"penalty.{code}"):
        rows = [cited for cited in rows if _pack_id(cited.pack) == chosen or cited.company]
    for one, other in combinations(rows, 2):
        if _contradict(one, other):
            return (), (_question(one, other),)
    named = [cited for cited in rows if dossier_type and cited.row.dossier_types]
    return tuple(named or rows), ()


def terms_of(
    policy: Policy, cited: Cited[conduct_rows.Penalty], role: str
) -> Cited[conduct_rows.PenaltyTerms] | None:
    """The terms under which this role's penalties of a month add up; None where none speak."""
    home = regulation_of(policy, cited)
    speaking = [
        terms
        for terms in policy.rows(conduct_rows.PenaltyTerms)
        if _means(policy, terms.row.who, role) and (terms.company or terms.pack == home)
    ]
    return next((terms for terms in speaking if terms.company), None) or next(iter(speaking), None)


def regulation_of(policy: Policy, cited: Cited[conduct_rows.Penalty]) -> str:
    """The pack whose penalty this is: a company's row stands for the one it replaced."""
    if not cited.company:
        return cited.pack
    for pack in policy.adopted:
        if pack.head.kind != "company" and any(
            row.id == cited.row.id for row in pack.rows(conduct_rows.Penalty)
        ):
            return pack.ref
    return cited.pack


def confirmers(policy: Policy, pack: str, dossier_type: str = "") -> tuple[str, ...]:
    """The roles that confirm a pack's penalties, resolved to the company's own roles.

    Where the regulation names nobody, the setting `confirm_penalties.<pack id>` does; where
    neither does, nobody may confirm.
    """
    duties = [c for c in _confirming(policy) if not dossier_type or _holds(c.row, dossier_type)]
    named = [c for c in duties if c.company] or [c for c in duties if c.pack == pack]
    roles = [role for cited in named for role in cited.row.roles]
    if not roles:
        said = policy.setting(f"confirm_penalties.{_pack_id(pack)}") or ""
        roles = [word.strip() for word in said.split(",") if word.strip()]
    return tuple(dict.fromkeys(meant for role in roles for meant in policy.who_is(role)))


def unsettled(policy: Policy) -> Iterator[Question]:
    """What the company must decide before penalties can be assessed and confirmed."""
    rows = policy.rows(conduct_rows.Penalty)
    settled = {c.row.on for c in rows if c.company or policy.setting(f"penalty.{c.row.on}")}
    asked: dict[str, Question] = {}
    for one, other in combinations(rows, 2):
        code = one.row.on
        if code == other.row.on and code not in settled and _contradict(one, other):
            asked.setdefault(code, _question(one, other))
    yield from asked.values()
    for pack in dict.fromkeys(cited.pack for cited in rows if not cited.company):
        if not confirmers(policy, pack) and not _named(policy, pack):
            yield Question(
                f"confirm_penalties.{_pack_id(pack)}",
                f"{pack} 没有写明处罚由谁核定",
                f"{pack} does not say who confirms its penalties",
                tuple(dict.fromkeys(c.row.clause for c in rows if c.pack == pack)),
            )


def _confirming(policy: Policy) -> list[Cited[rule_rows.Duty]]:
    return [c for c in policy.rows(rule_rows.Duty) if c.row.act == "confirm_penalties"]


def _holds(duty: rule_rows.Duty, dossier_type: str) -> bool:
    return not duty.dossier_types or dossier_type in duty.dossier_types


def _named(policy: Policy, pack: str) -> bool:
    # A vague role is asked about under its own name, not once more here.
    return any(c.company or c.pack == pack for c in _confirming(policy))


def concerns(row: conduct_rows.Penalty, dossier_type: str) -> bool:
    """Whether a row speaks of a dossier type; of an unknown one ("") every row may."""
    return not (row.dossier_types and dossier_type) or dossier_type in row.dossier_types


def _means(policy: Policy, who: Sequence[str], role: str) -> bool:
    return role in who or any(role in policy.who_is(named) for named in who)


def _contradict(one: Cited[conduct_rows.Penalty], other: Cited[conduct_rows.Penalty]) -> bool:
    """Whether two packs penalise the same person for the same thing in different ways."""
    a, b = one.row, other.row
    apart = a.dossier_types and b.dossier_types and not set(a.dossier_types) & set(b.dossier_types)
    same = replace(a, id=b.id, zh=b.zh, en=b.en, clause=b.clause, who=b.who,
                   dossier_types=b.dossier_types) == b  # fmt: skip
    return (
        one.pack != other.pack
        and not (one.company or other.company)
        and bool(set(a.who) & set(b.who))
        and not apart
        and not same
    )


def _question(one: Cited[conduct_rows.Penalty], other: Cited[conduct_rows.Penalty]) -> Question:
    code = one.row.on
    return Question(
        f"penalty.{code}",
        f"{one.pack} 与 {other.pack} 对“{one.row.zh}”的处罚不一",
        f"{one.pack} and {other.pack} penalise {code} differently",
        (one.row.clause, other.row.clause),
        contradiction=True,
    )


def _pack_id(ref: str) -> str:
    return ref.partition("@")[0]


def clause_ids(clause: str) -> tuple[str, ...]:
    """`"S001-3-R24, S001-3-R29"` as single ids."""
    return tuple(part.strip() for part in clause.split(",") if part.strip())


__all__ = [
    "clause_ids", "concerns", "confirmers", "liable", "penalties_of", "regulation_of", "terms_of",
    "unsettled",
]  # fmt: skip
