"""Dossiers: what is filed together, its keys and the events its deadlines count from.

A dossier's card holds keys (vin, plate), events (sale=2026-03-05) and flags; like a
customer's card it is sealed anew at every change. The type stands in the ledger, the
keys do not: a number plate is personal data.

    open ──key, event──▶ open ──close──▶ closed ──reopen──▶ open

Rules it keeps:
- A dossier is closed when nothing that its checklist asks for is lacking (S001-13-R08). One that
  is closed all the same says why: `incomplete` among its flags.
- Only keys and events that its type declares; those the type requires; words out of the few that
  a key allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from archivist import regulations, standing
from archivist.errors import BadRequest
from archivist.grade_rulings import held_by, highest_known
from archivist.hold_book import holds_on, known
from policies import customer_rows, customers, deadlines, identifiers, naming, questions, reach

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk
    from index.catalogue import Row
    from policies.calendar import Calendar
    from policies.pack_rows import DossierType, Event, Key
    from policies.policy import Policy

INCOMPLETE, REOPENED = "incomplete", "reopened"  # flags: why it was closed, or opened again


@dataclass(frozen=True, slots=True)
class DossierCard:
    """What is known of a dossier beside its type."""

    keys: Mapping[str, str]
    events: Mapping[str, str]  # name → ISO date
    flags: Mapping[str, str]
    closed: str | None = None  # ISO date

    def plain(self) -> dict[str, Any]:
        """The card's content as it is sealed."""
        return {
            "v": 1,
            "keys": dict(self.keys),
            "events": dict(self.events),
            "flags": dict(self.flags),
            "closed": self.closed,
        }

    @classmethod
    def of(cls, row: Row) -> DossierCard:
        """The newest card as the catalogue knows it."""
        return cls(row["keys"], row["events"], row["flags"], row["closed"])


def open_dossier(
    archive: Archive,
    policy: Policy,
    customer: str,
    type_name: str,
    keys: Mapping[str, str],
    events: Mapping[str, str],
    now: datetime,
    who: str,
) -> str:
    """Open a dossier of a declared type for a customer; returns its id.

    Keys and events that the type does not declare are mistakes of the hand, and so is a key
    that it requires and that is not there: BadRequest. NotAllowed for a key that names somebody
    who left.
    """
    kind = policy.dossier_type(type_name)
    keys, events = _by_ids(policy, kind, keys, events)
    keys = _as_kept(kind, keys)
    _check_required(kind, keys)
    _check_stated(kind, keys)
    with archive.writing(now, who) as desk:
        archive.the("customer", customer)
        _refuse_left(archive, kind, keys)
        identifier = desk.number("dossier")
        _write(desk, customer, identifier, kind.id, DossierCard(keys, events, {}))
    archive.follow()
    return identifier


def set_keys(
    archive: Archive,
    policy: Policy,
    identifier: str,
    keys: Mapping[str, str],
    now: datetime,
    who: str,
) -> None:
    """Write or correct keys that become known later; an empty one is removed."""
    with archive.writing(now, who) as desk:
        row = archive.the("dossier", identifier)
        kind = policy.dossier_type(row["type"])
        keys, _ = _by_ids(policy, kind, keys, {})
        _check_stated(kind, keys)
        _refuse_left(archive, kind, keys)
        kept = _as_kept(kind, {**row["keys"], **keys})
        _check_required(kind, kept)
        card = replace(DossierCard.of(row), keys=kept)
        _write(desk, row["customer"], identifier, row["type"], card)
    archive.follow()


def _refuse_left(archive: Archive, kind: DossierType, keys: Mapping[str, str]) -> None:
    """Nobody who left is made responsible for anything; a name without keys here is just a name."""
    for key in kind.keys:
        if key.role and archive.catalogue.person(keys.get(key.id, "")) is not None:
            archive.active(keys[key.id])


def close(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    identifier: str,
    day: date,
    reason: str | None,
    now: datetime,
    who: str,
) -> tuple[deadlines.Lack, ...]:
    """Close a dossier on a day; returns what it lacks, and then it stays open.

    With a `reason` it is closed all the same; the reason is sealed in its card. Raises
    BadRequest for one that is closed already.
    """
    with archive.writing(now, who) as desk:
        row = archive.the("dossier", identifier)
        if row["closed"] is not None:
            raise BadRequest(f"{identifier} 已经结案", f"{identifier} is closed already")
        if day > now.astimezone().date():
            raise BadRequest("结案日期在今天之后", "it cannot be closed in the future")
        lacks = _lacks(archive, policy, calendar, row, day)
        if lacks and not reason:
            return lacks
        old = DossierCard.of(row)
        why = {INCOMPLETE: reason} if lacks and reason else {}
        card = replace(old, closed=day.isoformat(), flags={**old.flags, **why})
        _write(desk, row["customer"], identifier, row["type"], card)
    archive.follow()
    return lacks


def reopen(archive: Archive, identifier: str, reason: str, now: datetime, who: str) -> None:
    """Open a closed dossier again, whatever it lacks; the reason is sealed."""
    with archive.writing(now, who) as desk:
        row = archive.the("dossier", identifier)
        if row["closed"] is None:
            raise BadRequest(f"{identifier} 没有结案", f"{identifier} is not closed")
        old = DossierCard.of(row)
        flags = {name: why for name, why in old.flags.items() if name != INCOMPLETE}
        card = replace(old, closed=None, flags={**flags, REOPENED: reason})
        _write(desk, row["customer"], identifier, row["type"], card)
    archive.follow()


def _lacks(
    archive: Archive, policy: Policy, calendar: Calendar, row: Row, today: date
) -> tuple[deadlines.Lack, ...]:
    if policy.find_dossier_type(row["type"]) is None:
        return ()  # of a pack that is no longer adopted: nothing is required of it now
    return deadlines.missing(
        standing.dossier_state(archive.catalogue, row), policy, calendar, today
    )


def doubts(
    archive: Archive, policy: Policy, type_name: str, keys: Mapping[str, str]
) -> list[tuple[str, str]]:
    """What a clerk should look at once more before opening a dossier, in both languages.

    Neither is forbidden: a vehicle comes for service twice, and a number may have been
    issued wrongly; but scans cannot be routed by a key that two open dossiers share.
    """
    kind = policy.dossier_type(type_name)
    keys, _ = _by_ids(policy, kind, keys, {})
    found = []
    for key in kind.keys:
        value = keys.get(key.id)
        if value and key.check and not identifiers.is_valid(key.check, value):
            found.append(
                (
                    f"{key.zh} {value} 的校验位不对，请核对",
                    f"the check digit of {key.en} {value} is wrong; please compare",
                )
            )
    own = [keys[key.id] for key in kind.keys if key.identifies and keys.get(key.id)]
    for other in archive.catalogue.known_by("dossier", own):
        row = archive.the("dossier", other)
        if row["type"] == kind.id and row["closed"] is None:
            found.append(
                (f"{other} 使用同样的键且未结案", f"open dossier {other} has the same key")
            )
    return found


def record_event(
    archive: Archive,
    policy: Policy,
    identifier: str,
    events: Mapping[str, str],
    now: datetime,
    who: str,
) -> dict[str, str]:
    """Note that something happened on a day, such as sale or delivery. The newest date counts.

    Returns the events by their ids.
    """
    with archive.writing(now, who) as desk:
        row = archive.the("dossier", identifier)
        _, events = _by_ids(policy, policy.dossier_type(row["type"]), {}, events)
        old = DossierCard.of(row)
        card = replace(old, events={**old.events, **events})
        _write(desk, row["customer"], identifier, row["type"], card)
    archive.follow()
    return events


def listed(
    archive: Archive, policy: Policy, customer: str | None = None, asker: str | None = None
) -> list[Row]:
    """All dossiers, or those of one customer, of whatever kind.

    `grade` is the highest of the records that the `asker` may know of.
    """
    archive.follow()
    if customer is not None:
        archive.the("customer", customer)
    kinds = {name: kind.kind for name, kind in policy.dossier_types.items()}
    graded: dict[str, list[Row]] = {}
    for row in archive.catalogue.grades_in_dossiers():
        graded.setdefault(row["dossier"], []).append(row)
    held, kept = held_by(archive, asker), archive.catalogue.restricted()
    return [
        {
            **_plain(row, row["customer"] in kept),
            "kind": kinds.get(row["type"]),
            "grade": highest_known(policy, graded.get(row["id"], []), held),
            "records": sum(archive.catalogue.types_filed(row["id"]).values()),
        }
        for row in archive.catalogue.dossiers(customer)
    ]


def shown(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    identifier: str,
    today: date,
    asker: str | None = None,
) -> Row:
    """One dossier: its records (ids, types and grades, no titles), its clocks, who is asked next.

    `grade` is the highest of the records that the `asker` may know of, `held` the holds that cover
    all of it; each record names those on itself alone.

    `overdue` is what should be there by `today` and is not; `questions` is what the regulations
    leave open for dossiers of its type.
    """
    archive.follow()
    row = archive.the("dossier", identifier)
    kind = policy.find_dossier_type(row["type"])
    filed = archive.catalogue.records(identifier)
    records = [
        {
            "record": r["id"],
            "type": r["type"],
            "grade": r["grade"],
            "pages": r["pages"],
            "filed": r["filed"],
            "held": known(archive, archive.catalogue.open_holds_on([r["id"]]), asker),
        }
        for r in filed
    ]
    lacks = _lacks(archive, policy, calendar, row, today) if row["closed"] is None else ()
    restricted = row["customer"] in archive.catalogue.restricted()
    return {
        **_plain(row, restricted),
        "held": known(archive, holds_on(archive, row), asker),
        "kind": kind.kind if kind else None,
        "grade": highest_known(policy, filed, held_by(archive, asker)),
        "series": kind.series or None if kind else None,
        "department": kind.department if kind else None,
        "escalation": _steps(archive, policy, row) if kind else [],
        "overdue": [standing.lack_row(lack) for lack in lacks if lack.overdue],
        "questions": [
            {"setting": q.setting, "zh": q.zh, "en": q.en, "clauses": list(q.clauses)}
            for q in (questions.questions_about(policy, kind) if kind else ())
        ],
        "records": records,
    }


def _steps(archive: Archive, policy: Policy, row: Row) -> list[dict[str, Any]]:
    """Who is asked, step by step, while this is not settled; with the people who hold the role."""
    fields = standing.customer_fields(archive.catalogue.customer(row["customer"]))
    people = archive.catalogue.people()

    def step(role: str) -> dict[str, Any]:
        zh, en = reach.role_words(policy, role)
        meant = {role, *policy.who_is(role)}
        holders = [p["id"] for p in people if meant & regulations.roles_meant(policy, p["roles"])]
        return {"role": role, "zh": zh, "en": en, "people": holders}

    return [
        {"zh": cited.row.zh, "en": cited.row.en, "clause": cited.row.clause, "pack": cited.pack,
         "steps": [step(role) for role in cited.row.steps]}
        for cited in customers.escalation(policy, row["type"], fields, row["keys"])
    ]  # fmt: skip


def _write(desk: Desk, customer: str, identifier: str, type_: str, card: DossierCard) -> None:
    subject = {"customer": customer, "dossier": identifier}
    folder = f"{customer}/{identifier}"
    desk.say_with_card(folder, identifier, card.plain(), "dossier", subject, type=type_)


def _by_ids(
    policy: Policy, kind: DossierType, keys: Mapping[str, str], events: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Keys and events as the card holds them, whichever of their names was used."""
    own = _named(policy, kind, kind.keys, keys, "键", "key")
    for key in kind.keys:
        said = own.get(key.id, "")
        if (value := naming.key_value(policy, key, said)) is None:
            raise BadRequest(
                f"{key.zh}（{key.id}）不能填 {said}",
                f"{key.id} cannot be {said}",
                f"可用：{'、'.join(_known_words(policy, key, 1))}",
                f"there are: {', '.join(_known_words(policy, key, 0))}",
            )
        if value:
            own[key.id] = value
    return own, _named(policy, kind, kind.events, events, "事件", "event")


def _known_words(policy: Policy, key: Key, place: int) -> list[str]:
    schemes = (cited.row for cited in policy.rows(customer_rows.Scheme))
    return [words[place] for words in naming.value_words(key, schemes)]


def _named(
    policy: Policy,
    kind: DossierType,
    declared: Sequence[Key | Event],
    given: Mapping[str, str],
    zh: str,
    en: str,
) -> dict[str, str]:
    names = {policy.fold(n): row.id for row in declared for n in (row.id, row.zh, row.en)}
    for name in given:
        if policy.fold(name) not in names:
            raise BadRequest(
                f"{kind.zh}没有名为 {name} 的{zh}",
                f"{kind.id} has no {en} {name}",
                f"可用：{'、'.join(f'{row.zh}（{row.id}）' for row in declared) or '无'}",
                f"there are: {', '.join(row.id for row in declared) or 'none'}",
            )
    return {names[policy.fold(name)]: value for name, value in given.items()}


def _as_kept(kind: DossierType, keys: Mapping[str, str]) -> dict[str, str]:
    """Keys as scans are read: a vehicle number has no letter O, whoever typed one meant zero."""
    checks = {key.id: key.check for key in kind.keys}
    return {
        name: identifiers.normal(checks[name], value) if checks.get(name) else value
        for name, value in keys.items()
        if value
    }


def _check_required(kind: DossierType, keys: Mapping[str, str]) -> None:
    lacking = [key for key in kind.keys if key.required and not keys.get(key.id)]
    if lacking:
        words = " ".join(f"--key {key.id}={'|'.join(key.values) or '…'}" for key in lacking)
        raise BadRequest(
            f"{kind.zh}须写明{'、'.join(key.zh for key in lacking)}",
            f"{kind.id} needs {', '.join(key.id for key in lacking)}",
            f"加上 {words}",
            f"add {words}",
        )


def _check_stated(kind: DossierType, keys: Mapping[str, str]) -> None:
    """A time that the customer set is written so that the deadline can be counted from it."""
    timed = {deadline.stated_by for deadline in kind.deadlines}
    for key in kind.keys:
        said = keys.get(key.id, "")
        if key.id in timed and said and deadlines.stated_time(said) is None:
            raise BadRequest(
                f"{key.zh}（{key.id}）“{said}”不是日期或时间",
                f"{key.id} {said!r} is no day and no time",
                f'例如 --key {key.id}=2026-03-05，或 --key "{key.id}=2026-03-05 15:30"',
                f'e.g. --key {key.id}=2026-03-05, or --key "{key.id}=2026-03-05 15:30"',
            )


def _plain(row: Row, restricted: bool) -> Row:
    """A dossier as it is told; of a restricted customer without its keys."""
    names = ("customer", "type", "keys", "events", "flags", "closed", "opened")
    told = {"dossier": row["id"], **{name: row[name] for name in names}}
    return told | {"restricted": restricted} | ({"keys": {}} if restricted else {})
