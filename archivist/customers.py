"""Customers: names and fields in sealed cards, ids and digests in the ledger.

A customer's card is written anew at every change; the newest one counts, earlier ones
stay as history. Whoever holds the house key can rebuild the catalogue from them. The entry
of the first card is the registration (备案): its time is the archive's own, and the person
registered as owner has the first claim to the customer.

Rules it keeps:
- A number that identifies (credit code, identity number, telephone) belongs to one customer;
  a second one with the same number is registered only by express order.
- Where an adopted regulation declares classes or grades, one of them is meant, told with its
  scheme (`business_class:key`); elsewhere these are free words.
- Where a regulation says whose a customer is, nobody simply writes down another owner.

    card = CustomerCard("上海远行商贸有限公司", "company", fields={"uscc": "91310000MA1FL8TQ32"})
    add(archive, policy, card, now, "li")       # 'C000001'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from archivist.errors import BadRequest, NotAllowed
from archivist.hold_book import holds_on
from archivist.standing import customer_fields, local_moment
from index.catalogue_view import key_form
from policies import deadlines, placing
from policies.customers import (
    FIRST_CONTACT,
    contacts_needed,
    gates,
    owners_are_ruled,
    profile_gaps,
    registration_due,
    scheme_value,
    schemes_of,
)
from policies.identifiers import RESIDENT_ID, USCC, is_valid, normal

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk
    from index.catalogue import Row
    from policies.calendar import Calendar
    from policies.deadlines import Due
    from policies.policy import Policy

NAME_LENGTH = 200
PHONE = "phone"
# Registered fields that identify a customer, and what kind of number each holds.
NUMBERS = {
    "uscc": USCC, "resident_id": RESIDENT_ID, "id_number": RESIDENT_ID, "phone": PHONE,
    "mobile": PHONE,
}  # fmt: skip

# Those of which every one has a check digit; an `id_number` may be that of a passport.
_CHECKED = ("uscc", "resident_id")


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """What is known of a customer. `fields` are free: uscc, phone, special …"""

    name: str
    kind: str = "person"
    class_: str | None = None
    department: str | None = None
    owner: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The card's content as it is sealed."""
        return {
            "v": 1,
            "name": self.name,
            "kind": self.kind,
            "class": self.class_,
            "department": self.department,
            "owner": self.owner,
            "fields": dict(self.fields),
            # As they are compared, so that a number is found however it was typed.
            "numbers": {name: number for name, _, number in numbers_of(self.fields)},
        }


def add(
    archive: Archive,
    policy: Policy,
    card: CustomerCard,
    now: datetime,
    who: str,
    despite_duplicate: bool = False,
) -> str:
    """Register a customer; returns its id.

    Raises BadRequest when another customer has one of its numbers, unless `despite_duplicate`;
    UnknownName for a class or grade that no adopted scheme has.
    """
    card = _checked(policy, card)
    with archive.writing(now, who) as desk:
        if not despite_duplicate:
            _refuse_duplicate(archive, card.fields)
        identifier = desk.number("customer")
        _register_owner(archive, desk, identifier, card.owner)
        _write(desk, identifier, card)
    archive.follow()
    return identifier


def edit(
    archive: Archive,
    policy: Policy,
    identifier: str,
    changes: Mapping[str, str | None],
    fields: Mapping[str, str],
    now: datetime,
    who: str,
) -> None:
    """Change a customer's card. `changes` that are None stay; what is empty is removed.

    Raises NotAllowed for another owner where a regulation says whose a customer is.
    """
    given = {key: value for key, value in changes.items() if value is not None}
    with archive.writing(now, who) as desk:
        archive.check_unrestricted(identifier)
        row = archive.the("customer", identifier)
        merged = {**row["fields"], **fields}
        known = {**row, "class_": row["class"], **given}
        card = CustomerCard(
            name=known["name"],
            kind=known["kind"],
            class_=known["class_"] or None,
            department=known["department"] or None,
            owner=known["owner"] or None,
            fields={key: value for key, value in merged.items() if value},
        )
        # A word of before a scheme was adopted stays until somebody writes another.
        told = {name for name in ("class_", "grade") if {**given, **fields}.get(name)}
        card = _checked(policy, card, told)
        if card.owner != (row["owner"] or None):
            if row["owner"] and owners_are_ruled(policy):
                raise _ruled(identifier)
            _register_owner(archive, desk, identifier, card.owner)
        _write(desk, identifier, card)
    archive.follow()


def _register_owner(archive: Archive, desk: Desk, identifier: str, owner: str | None) -> None:
    """The claim of whoever is registered as owner, planned before the card: one group, one time.

    Somebody who has no key here is a name, and names never stand in the ledger.
    """
    if owner and archive.catalogue.person(owner) is not None:
        archive.active(owner)
        subject = {"customer": identifier, "person": owner}
        desk.say("ownership", subject, step="claim", owner=owner)


def _ruled(identifier: str) -> NotAllowed:
    return NotAllowed(
        f"{identifier} 归谁由制度规定，不能直接改写",
        f"a regulation says whose {identifier} is; it cannot simply be written down",
        "登记主张：archivist customer claim；有权的职务改派：archivist customer assign",
        "record a claim with archivist customer claim, or have it assigned by the role in charge",
    )


# ── one customer, one number ──────────────────────────────────────────────────


def numbers_of(fields: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Field, kind and comparable form of each number that identifies; too short ones do not."""
    for name, kind in NUMBERS.items():
        number = comparable(kind, fields.get(name, ""))
        if len(number) >= placing.SHORTEST_KEY and any(map(str.isdecimal, number)):
            yield name, kind, number


def comparable(kind: str, value: str) -> str:
    """A number as it is compared: a telephone by its digits, without the country's code."""
    if kind != PHONE:
        return normal(kind, value)
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", value))
    return re.sub(r"^(00)?86(?=1\d{10}$)", "", digits)


def doubtful(fields: Mapping[str, str]) -> list[str]:
    """The fields whose number has a wrong check digit.

    It may have been issued so: nobody is kept from registering it.
    """
    return [
        name for name in _CHECKED if fields.get(name) and not is_valid(NUMBERS[name], fields[name])
    ]


def holders_of(archive: Archive, fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each customer that has one of these numbers already: its id, and the field as given."""
    found = []
    for name, kind, number in numbers_of(fields):
        for holder in archive.catalogue.known_by("customer", [number, fields[name]]):
            own = archive.the("customer", holder)["fields"]
            if (kind, number) in {(k, n) for _, k, n in numbers_of(own)}:
                found.append((holder, name))
    return found


def _refuse_duplicate(archive: Archive, fields: Mapping[str, str]) -> None:
    for holder, name in holders_of(archive, fields):
        raise BadRequest(
            f"{name} 已登记在客户 {holder} 名下",
            f"customer {holder} is registered with this {name}",
            f"同一客户请用 archivist customer claim {holder} 登记主张；"
            "确为另一客户，加 --despite-duplicate",
            f"if it is the same customer: archivist customer claim {holder}; "
            "if it is another one all the same: --despite-duplicate",
        )


# ── reading ───────────────────────────────────────────────────────────────────


def all_of(archive: Archive) -> list[Row]:
    """Every customer with the number of its dossiers."""
    archive.follow()
    return [
        {**_plain(row), "dossiers": len(archive.catalogue.dossiers(row["id"]))}
        for row in archive.catalogue.customers()
    ]


def shown(archive: Archive, policy: Policy, identifier: str) -> Row:
    """One customer with its dossiers and what is still to be registered. Raises NotKnown."""
    archive.follow()
    row = archive.the("customer", identifier)
    dossiers = [
        {"dossier": d["id"], "type": d["type"], "closed": d["closed"]}
        for d in archive.catalogue.dossiers(identifier)
    ]
    count, clause = contacts_needed(policy, customer_fields(row))
    served = [contact["person"] for contact in archive.catalogue.contacts(identifier)]
    own = [person["id"] for person in archive.catalogue.people() if person["id"] == row["owner"]]
    return {
        **_plain(row),
        "held": [hold["id"] for hold in holds_on(archive, row)],
        "dossiers": dossiers,
        "gaps": gaps(archive, policy, identifier),
        "contacts": list(dict.fromkeys([*own, *served])),
        "contacts_needed": count,
        "contacts_clause": clause or None,
    }


def gaps(archive: Archive, policy: Policy, identifier: str) -> list[dict[str, str]]:
    """The fields that a regulation wants registered of this customer and that are not."""
    row = archive.the("customer", identifier)
    known = {name: row[name] or "" for name in ("name", "department", "owner")}
    return [
        {
            "field": gap.field.id,
            "zh": gap.field.zh,
            "en": gap.field.en,
            "profile": gap.profile,
            "clause": gap.clause,
        }
        for gap in profile_gaps(policy, {**known, **customer_fields(row)})
    ]


def registered_by(
    archive: Archive, policy: Policy, calendar: Calendar, identifier: str
) -> tuple[Due, bool] | None:
    """By when a customer had to be registered, and whether it was later; None without a rule."""
    row = archive.the("customer", identifier)
    first = row["fields"].get(FIRST_CONTACT)
    due = registration_due(policy, date.fromisoformat(first), calendar) if first else None
    return (due, deadlines.is_overdue(due, local_moment(row["opened"]))) if due else None


def was_registered(archive: Archive, policy: Policy, asked: str, day: date) -> dict[str, Any]:
    """Whether a customer (by id, name or registered number) was registered by the end of `day`.

    Of several with one name all are listed. The clauses say what waits for a registration.
    """
    archive.follow()
    forms = {asked, *(comparable(kind, asked) for kind in NUMBERS.values())} - {""}
    found = {*archive.catalogue.known_by("customer", sorted(forms)), asked}
    known = [row for name in sorted(found) if (row := archive.catalogue.customer_kept(name))]
    rows = [row for row in known if _goes_by(row, asked)]
    customers = [{"customer": row["id"], "time": row["opened"]} for row in rows]
    return {
        "registered": any(local_moment(row["opened"]).date() <= day for row in rows),
        "on": day.isoformat(),
        "customers": customers,
        "clauses": [cited.row.clause for cited in gates(policy)],
        "packs": [cited.pack for cited in gates(policy)],
        "expenses": [name for cited in gates(policy) for name in cited.row.expenses],
    }


def _goes_by(row: Row, asked: str) -> bool:
    """Whether it is his id, name or number; other fields (`special=yes`) name nobody."""
    numbers = {(kind, number) for _, kind, number in numbers_of(row["fields"])}
    return (
        asked == row["id"]
        or key_form(asked) == key_form(row["name"] or "")
        or any((kind, comparable(kind, asked)) in numbers for kind in NUMBERS.values())
    )


# ── the card ──────────────────────────────────────────────────────────────────


def _write(desk: Desk, identifier: str, card: CustomerCard) -> None:
    desk.say_with_card(identifier, identifier, card.plain(), "customer", {"customer": identifier})


def _checked(
    policy: Policy, card: CustomerCard, told: frozenset[str] | set[str] | None = None
) -> CustomerCard:
    """The card with class and grade told in full. `told` limits the check to what is new."""
    if not card.name.strip() or len(card.name) > NAME_LENGTH:
        raise BadRequest(
            f"客户名称须为 1 到 {NAME_LENGTH} 个字",
            f"a customer's name has 1 to {NAME_LENGTH} characters",
        )
    _check_first_contact(card.fields.get(FIRST_CONTACT))
    if card.class_ and (told is None or "class_" in told):
        card = replace(card, class_=_in_full(policy, "class", card.class_))
    grade = card.fields.get("grade")
    if grade and (told is None or "grade" in told):
        full = _in_full(policy, "grade", grade)
        card = replace(card, fields={**card.fields, "grade": full})
    return card


def _in_full(policy: Policy, of: str, text: str) -> str:
    """`business_class:key` for 重点客户; any text while no adopted pack declares such a scheme."""
    if not schemes_of(policy, of):
        return text
    return ":".join(scheme_value(policy, text, of))


def _check_first_contact(given: str | None) -> None:
    try:
        date.fromisoformat(given or "2026-01-01")
    except ValueError:
        raise BadRequest(
            f"首次接触“{given}”不是日期", f"the first contact {given!r} is not a date",
            "例如 2026-03-05", "e.g. 2026-03-05",
        ) from None  # fmt: skip


def _plain(row: Row) -> Row:
    names = ("name", "kind", "class", "department", "owner", "fields", "opened", "restricted")
    told = {"customer": row["id"], **{name: row[name] for name in names}}
    return told if row["restricted"] is None else told | {"fields": {}}
