"""Dossiers: what is filed together, its keys and the events its deadlines count from.

A dossier's card holds keys (vin, plate), events (sale=2026-03-05) and flags; like a
customer's card it is sealed anew at every change. The type stands in the ledger, the
keys do not: a number plate is personal data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archivist.archive import Archive, Desk
from archivist.errors import BadRequest
from index.catalogue import Row
from policies.identifiers import is_valid, normal
from policies.pack_rows import DossierType
from policies.policy import Policy


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
    def of(cls, row: Row) -> "DossierCard":
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

    Keys and events that the type does not declare are mistakes of the hand: BadRequest.
    """
    kind = policy.dossier_type(type_name)
    _check_names(kind, keys, events)
    # Stored as scans are read: a vehicle number has no letter O, whoever typed one meant zero.
    checks = {key.id: key.check for key in kind.keys}
    keys = {n: normal(checks[n], value) if checks[n] else value for n, value in keys.items()}
    with archive.writing(now, who) as desk:
        archive.the("customer", customer)
        identifier = desk.number("dossier")
        _write(desk, customer, identifier, kind.id, DossierCard(keys, events, {}))
    archive.follow()
    return identifier


def doubts(
    archive: Archive, policy: Policy, type_name: str, keys: Mapping[str, str]
) -> list[tuple[str, str]]:
    """What a clerk should look at once more before opening a dossier, in both languages.

    Neither is forbidden: a vehicle comes for service twice, and a number may have been
    issued wrongly; but scans cannot be routed by a key that two open dossiers share.
    """
    kind = policy.dossier_type(type_name)
    found = []
    for key in kind.keys:
        value = keys.get(key.id)
        if value and key.check and not is_valid(key.check, value):
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
) -> None:
    """Note that something happened on a day, such as sale or delivery. The newest date counts."""
    with archive.writing(now, who) as desk:
        row = archive.the("dossier", identifier)
        _check_names(policy.dossier_type(row["type"]), {}, events)
        old = DossierCard.of(row)
        card = DossierCard(old.keys, {**old.events, **events}, old.flags, old.closed)
        _write(desk, row["customer"], identifier, row["type"], card)
    archive.follow()


def listed(archive: Archive, customer: str | None = None) -> list[Row]:
    """All dossiers, or those of one customer."""
    archive.follow()
    if customer is not None:
        archive.the("customer", customer)
    return [
        {**_plain(row), "records": sum(archive.catalogue.types_filed(row["id"]).values())}
        for row in archive.catalogue.dossiers(customer)
    ]


def shown(archive: Archive, identifier: str) -> Row:
    """One dossier with its records: ids, types and grades, no titles."""
    archive.follow()
    row = archive.the("dossier", identifier)
    records = [
        {
            "record": r["id"],
            "type": r["type"],
            "grade": r["grade"],
            "pages": r["pages"],
            "filed": r["filed"],
        }
        for r in archive.catalogue.records(identifier)
    ]
    return {**_plain(row), "records": records}


def _write(desk: Desk, customer: str, identifier: str, type_: str, card: DossierCard) -> None:
    subject = {"customer": customer, "dossier": identifier}
    folder = f"{customer}/{identifier}"
    desk.say_with_card(folder, identifier, card.plain(), "dossier", subject, type=type_)


def _check_names(kind: DossierType, keys: Mapping[str, str], events: Mapping[str, str]) -> None:
    for given, declared, zh, en in (
        (keys, [key.id for key in kind.keys], "键", "key"),
        (events, [event.id for event in kind.events], "事件", "event"),
    ):
        for name in given:
            if name not in declared:
                known = ", ".join(declared)
                raise BadRequest(
                    f"{kind.zh}没有名为 {name} 的{zh}",
                    f"{kind.id} has no {en} {name}",
                    f"可用：{known}",
                    f"there are: {known}",
                )
    for key in kind.keys:
        if key.values and keys.get(key.id) not in (None, *key.values):
            known = ", ".join(key.values)
            raise BadRequest(
                f"{key.zh}（{key.id}）不能填 {keys[key.id]}",
                f"{key.id} cannot be {keys[key.id]}",
                f"可用：{known}",
                f"there are: {known}",
            )


def _plain(row: Row) -> Row:
    names = ("customer", "type", "keys", "events", "closed", "opened")
    return {"dossier": row["id"], **{name: row[name] for name in names}}
