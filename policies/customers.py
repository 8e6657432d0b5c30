"""Customers: what is registered of them, how they are classed, and whose customer it is.

Owns the answers that `profile`, `scheme`, `ownership` and `escalation` rows give. A claim is one
employee's word that a customer is his; the losing claims are kept by whoever asked, because the
ruling may be looked at again.

Rules it keeps:
- A class or grade is told with its scheme (`customer-grading:a`): VIP/A/B/C and A/B/C/D are two
  schemes, and a bare letter that two schemes know means nothing.
- Time decides only where an adopted regulation says so, and by the time of the registration
  that the archive itself recorded. A tie is nobody's: the person the regulation names decides.
- Two regulations that decide by different things contradict; until `ownership.conflict` names
  the pack that prevails, nobody wins.

    >>> from datetime import datetime
    >>> from policies.policy import Policy
    >>> rule_ownership(Policy.adopt([], {}), [Claim("li", datetime(2026, 3, 2, 9))]).winner
    'li'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from policies import checklist, customer_rows, deadlines, rhythms
from policies.errors import UnknownName
from policies.policy import Question

if TYPE_CHECKING:
    from policies.calendar import Calendar
    from policies.customer_rows import ProfileField
    from policies.deadlines import Due
    from policies.policy import Cited, Policy

FIRST_CONTACT = "first_contact"
"""The event, and the registered field, from which the time to register a customer counts."""

_DECIDING = ("earliest_registration", "earliest_list")


@dataclass(frozen=True, slots=True)
class Gap:
    """A field that must be registered of this customer and is not."""

    field: ProfileField
    profile: str
    clause: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One employee's claim to a customer.

    `at` is when the archive recorded it. `listed` is when the customer list that names him was
    handed in, where a regulation goes by lists. `named`: the customer himself named this
    employee. `on_duty`: he received the customer because it was his turn.
    """

    person: str
    at: datetime
    department: str = ""
    listed: datetime | None = None
    named: bool = False
    on_duty: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whose customer it is. Without a `winner` one of the roles `by` decides."""

    winner: str | None
    losers: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    rule: str = ""


def profiles(policy: Policy, fields: Mapping[str, str]) -> tuple[Cited[customer_rows.Profile], ...]:
    """The profiles that apply to a customer with these registered fields."""
    return tuple(
        cited
        for cited in policy.rows(customer_rows.Profile)
        if checklist.holds(cited.row.when, fields)
    )


def profile_gaps(policy: Policy, fields: Mapping[str, str]) -> tuple[Gap, ...]:
    """The required fields of every applying profile that are not registered, each once."""
    found: dict[str, Gap] = {}
    for cited in profiles(policy, fields):
        for wanted in cited.row.fields:
            if wanted.required and not fields.get(wanted.id, "").strip():
                found.setdefault(wanted.id, Gap(wanted, cited.row.id, cited.row.clause))
    return tuple(found.values())


def scheme_value(policy: Policy, text: str, of: str = "") -> tuple[str, str]:
    """The (scheme, value) ids that `text` means: `scheme:value` or a value only one scheme has.

    `of` keeps to the schemes of one use (class, grade, …). Raises `UnknownName` for a value that
    no scheme has, or that several have.
    """
    wanted_scheme, _, wanted = text.rpartition(":")
    schemes = schemes_of(policy, of)
    found = {
        (scheme.id, value.id)
        for scheme in schemes
        for value in scheme.values
        if policy.fold(wanted) in map(policy.fold, (value.id, value.zh, value.en))
        and (not wanted_scheme or _names(policy, scheme, wanted_scheme))
    }
    if len(found) == 1:
        return found.pop()
    known = {
        f"{scheme.id}:{value.id}": f"{scheme.zh}：{value.zh}（{scheme.id}:{value.id}）"
        for scheme in schemes
        for value in scheme.values
        if not found or (scheme.id, value.id) in found
    }
    raise UnknownName(of or "class", text, tuple(sorted(known)), tuple(known.values()))


def schemes_of(policy: Policy, of: str = "") -> tuple[customer_rows.Scheme, ...]:
    """The schemes of one use; all of them when `of` is empty."""
    return tuple(
        cited.row for cited in policy.rows(customer_rows.Scheme) if of in ("", cited.row.of)
    )


def scheme_words(policy: Policy, told: str) -> tuple[str, str]:
    """`business_class:key` in Chinese and English; what no scheme declares is left as it is."""
    scheme_id, _, value_id = told.partition(":")
    for cited in policy.rows(customer_rows.Scheme):
        for value in cited.row.values:
            if (cited.row.id, value.id) == (scheme_id, value_id):
                return value.zh, value.en
    return told, told


def _names(policy: Policy, scheme: customer_rows.Scheme, name: str) -> bool:
    return policy.fold(name) in map(policy.fold, (scheme.id, scheme.zh, scheme.en))


def rule_ownership(policy: Policy, claims: Sequence[Claim]) -> Ruling:
    """Whose customer it is, by the adopted rules; with one claimant there is no conflict."""
    people = tuple(dict.fromkeys(claim.person for claim in claims))
    if len(people) <= 1:
        return Ruling(people[0] if people else None)
    rules = {cited.row.rule: cited for cited in _prevailing(policy)}
    for rule, decide in _RULES.items():
        if rule in rules and (winner := decide(rules[rule].row, claims, rules)):
            losers = tuple(person for person in people if person != winner)
            cited = rules[rule]
            return Ruling(winner, losers, (), (cited.row.clause,), (cited.pack,), rule)
    judges = [cited for rule, cited in rules.items() if rule == "adjudicated"]
    return Ruling(
        None,
        people,
        tuple(role for cited in judges for role in cited.row.by),
        tuple(cited.row.clause for cited in judges),
        tuple(cited.pack for cited in judges),
        "adjudicated" if judges else "",
    )


def _prevailing(policy: Policy) -> list[Cited[customer_rows.Ownership]]:
    """The ownership rows in force: of packs that decide differently only the settled one's."""
    rows = list(policy.rows(customer_rows.Ownership))
    deciding = {cited.pack for cited in rows if cited.row.rule in _DECIDING}
    if len(deciding) < 2:
        return rows
    chosen = policy.setting("ownership.conflict")
    return [
        cited
        for cited in rows
        if cited.pack not in deciding or cited.company or cited.pack.partition("@")[0] == chosen
    ]


def _by_name(
    _: customer_rows.Ownership, claims: Sequence[Claim], __: Mapping[str, object]
) -> str | None:
    return _only([claim.person for claim in claims if claim.named])


def _by_registration(
    _: customer_rows.Ownership, claims: Sequence[Claim], __: Mapping[str, object]
) -> str | None:
    first = min(claim.at for claim in claims)
    return _only([claim.person for claim in claims if claim.at == first])


def _by_list(
    row: customer_rows.Ownership, claims: Sequence[Claim], rules: Mapping[str, object]
) -> str | None:
    """The earliest list; one handed in after the cut-off belongs to the next day.

    Where a late or missing list forfeits the claim (S001-5-R09), whoever handed in none has
    none; elsewhere his claim counts from when it was recorded.
    """
    forfeits = "late_forfeits" in rules
    moments = [
        (_business_moment(claim.listed or claim.at, row), claim.person)
        for claim in claims
        if claim.listed or not forfeits
    ]
    if not moments:
        return None
    first = min(moment for moment, _ in moments)
    return _only([person for moment, person in moments if moment == first])


def _by_duty(
    _: customer_rows.Ownership, claims: Sequence[Claim], __: Mapping[str, object]
) -> str | None:
    return _only([claim.person for claim in claims if claim.on_duty])


# In this order: a customer who names his manager settles it; then time; then whose turn it was.
_RULES = {
    "named_manager": _by_name,
    "earliest_registration": _by_registration,
    "earliest_list": _by_list,
    "on_duty": _by_duty,
}


def _business_moment(listed: datetime, row: customer_rows.Ownership) -> tuple[date, datetime]:
    return rhythms.business_day(listed, row.cut_off), listed


def _only(people: Sequence[str]) -> str | None:
    return people[0] if len(set(people)) == 1 else None


def neglected(
    policy: Policy, last_service: date, today: date, fields: Mapping[str, str] | None = None
) -> Cited[customer_rows.Ownership] | None:
    """The rule by which the customer may be given to somebody else, or None.

    Three months without adequate service (S001-5-R16): free from the day after they are over.
    """
    for cited in policy.rows(customer_rows.Ownership):
        row = cited.row
        if row.rule == "neglected" and checklist.holds(row.when, fields or {}):
            ends = deadlines.add_days(deadlines.add_months(last_service, row.months), row.days)
            if today > ends:
                return cited
    return None


def who_may_reassign(policy: Policy, owned: bool = True) -> tuple[str, ...]:
    """The roles that may change whose customer it is; empty where no regulation says.

    A customer who is nobody's yet (`owned` False) may also be given to somebody by those who
    hand customers out in the first place (S001-5-R03).
    """
    found = (cited.row.by for cited in reassigning(policy, owned))
    return tuple(dict.fromkeys(role for roles in found for role in roles))


def reassigning(policy: Policy, owned: bool = True) -> tuple[Cited[customer_rows.Ownership], ...]:
    """The rows by which somebody may give a customer away; as `who_may_reassign` asks them."""
    rules = {"neglected", "adjudicated", "unresolved_complaint", "leaver_replaced"}
    if not owned:
        rules.add("even_assignment")
    return tuple(cited for cited in policy.rows(customer_rows.Ownership) if cited.row.rule in rules)


def owners_are_ruled(policy: Policy) -> bool:
    """Whether a regulation says whose a customer is, so that nobody may simply write it down."""
    return bool(who_may_reassign(policy)) or any(
        cited.row.rule in _RULES for cited in policy.rows(customer_rows.Ownership)
    )


def gates(policy: Policy) -> tuple[Cited[customer_rows.Ownership], ...]:
    """The rules by which something waits until the customer is registered (S001-14-R17)."""
    return tuple(
        cited
        for cited in policy.rows(customer_rows.Ownership)
        if cited.row.rule == "registered_gate"
    )


def registration_due(policy: Policy, first_contact: date, calendar: Calendar) -> Due | None:
    """By when a customer first met on this day must be registered (S001-14-R06)."""
    found = (
        deadlines.due_of(kind, None, {FIRST_CONTACT: first_contact}, calendar)
        for kind in policy.dossier_types.values()
        if any(event.id == FIRST_CONTACT for event in kind.events)
    )
    return min((due for due in found if due), key=lambda due: due.moment, default=None)


def contacts_needed(policy: Policy, fields: Mapping[str, str]) -> tuple[int, str]:
    """How many employees must keep contact with this customer, and the clause; else (1, "")."""
    found = [
        (cited.row.count, cited.row.clause)
        for cited in policy.rows(customer_rows.Ownership)
        if cited.row.rule == "two_contacts" and checklist.holds(cited.row.when, fields)
    ]
    return max(found, default=(1, ""))


def escalation(
    policy: Policy,
    dossier_type: str,
    customer_fields: Mapping[str, str],
    keys: Mapping[str, str],
) -> tuple[Cited[customer_rows.Escalation], ...]:
    """Who is asked next, step by step, when this case is not settled."""
    return tuple(
        cited
        for cited in policy.rows(customer_rows.Escalation)
        if (not cited.row.dossier_types or dossier_type in cited.row.dossier_types)
        and checklist.holds(cited.row.when, customer_fields, keys)
    )


def unsettled(policy: Policy) -> Iterator[Question]:
    """Regulations that give a contested customer to different people."""
    deciding = [
        cited for cited in policy.rows(customer_rows.Ownership) if cited.row.rule in _DECIDING
    ]
    packs = {cited.pack.partition("@")[0] for cited in deciding}
    if len(packs) < 2 or any(cited.company for cited in deciding):
        return
    if policy.setting("ownership.conflict") not in packs:
        said = ", ".join(f"{cited.row.clause} {cited.row.rule}" for cited in deciding)
        yield Question(
            "ownership.conflict",
            "客户冲撞时归谁，各制度规定不一："
            + "；".join(f"{c.row.clause} {c.row.zh}" for c in deciding),
            f"regulations give a contested customer to different people: {said}",
            tuple(dict.fromkeys(cited.row.clause for cited in deciding)),
            contradiction=True,
        )
