"""Customers: names and fields in sealed cards, ids and digests in the ledger.

A customer's card is written anew at every change; the newest one counts, earlier ones
stay as history. Whoever holds the house key can rebuild the catalogue from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from archivist.archive import Archive, Desk
from archivist.errors import BadRequest
from index.catalogue import Row

NAME_LENGTH = 200


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
        }


def add(archive: Archive, card: CustomerCard, now: datetime, who: str) -> str:
    """Register a customer; returns its id."""
    _check(card)
    with archive.writing(now, who) as desk:
        identifier = desk.number("customer")
        _write(desk, identifier, card)
    archive.follow()
    return identifier


def edit(
    archive: Archive,
    identifier: str,
    changes: Mapping[str, str | None],
    fields: Mapping[str, str],
    now: datetime,
    who: str,
) -> None:
    """Change a customer's card. `changes` that are None stay; what is empty is removed."""
    given = {key: value for key, value in changes.items() if value is not None}
    with archive.writing(now, who) as desk:
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
        _check(card)
        _write(desk, identifier, card)
    archive.follow()


def all_of(archive: Archive) -> list[Row]:
    """Every customer with the number of its dossiers."""
    archive.follow()
    return [
        {**_plain(row), "dossiers": len(archive.catalogue.dossiers(row["id"]))}
        for row in archive.catalogue.customers()
    ]


def shown(archive: Archive, identifier: str) -> Row:
    """One customer with its dossiers. Raises NotKnown."""
    archive.follow()
    row = archive.the("customer", identifier)
    dossiers = [
        {"dossier": d["id"], "type": d["type"], "closed": d["closed"]}
        for d in archive.catalogue.dossiers(identifier)
    ]
    return {**_plain(row), "dossiers": dossiers}


def _write(desk: Desk, identifier: str, card: CustomerCard) -> None:
    desk.say_with_card(identifier, identifier, card.plain(), "customer", {"customer": identifier})


def _check(card: CustomerCard) -> None:
    if not card.name.strip() or len(card.name) > NAME_LENGTH:
        raise BadRequest(
            f"客户名称须为 1 到 {NAME_LENGTH} 个字",
            f"a customer's name has 1 to {NAME_LENGTH} characters",
        )


def _plain(row: Row) -> Row:
    names = ("name", "kind", "class", "department", "owner", "fields", "opened")
    return {"customer": row["id"], **{name: row[name] for name in names}}
