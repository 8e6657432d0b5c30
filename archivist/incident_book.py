"""Incidents as they stand: what each is about, whom the regulations name, who still has to confirm.

Reads the catalogue and the house cards; changes nothing. Roles are those that the report fixed;
who holds them is looked up now, because people come and go while an incident is open.

    listed(archive, policy, open_only=True)
    waiting_for(archive, policy, "zhao")        # ["I000001"]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from archivist.errors import NotKnown
from archivist.regulations import roles_meant
from policies.incident_life import ENDED
from policies.incidents import speaking

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.policy import Policy


def the_incident(archive: Archive, identifier: str) -> Row:
    """The row of an incident. Raises NotKnown."""
    row = archive.catalogue.incident(identifier)
    if row is None:
        raise NotKnown(f"没有编号为 {identifier} 的事件", f"there is no incident {identifier}",
                       "archivist incident list", "archivist incident list")  # fmt: skip
    return row


def holders(archive: Archive, policy: Policy, means: Iterable[str]) -> list[str]:
    """Who holds one of these roles, and has not left."""
    wanted = set(means)
    return [
        person["id"]
        for person in archive.catalogue.people()
        if not person["left_at"] and wanted & roles_meant(policy, person["roles"])
    ]


def roles_to_confirm(archive: Archive, policy: Policy, row: Row, name: str) -> list[str]:
    """The roles of an incident that a person holds and has not confirmed it in."""
    done = {role for one in row["acknowledged"] if one["person"] == name for role in one["roles"]}
    return [
        notice["role"]
        for notice in row["notify"]
        if notice["role"] not in done and name in holders(archive, policy, notice["means"])
    ]


def waiting_for(archive: Archive, policy: Policy, name: str) -> list[str]:
    """The open incidents that a person has to be told of and has not confirmed."""
    return [
        row["id"]
        for row in archive.catalogue.incidents()
        if row["state"] not in ENDED and roles_to_confirm(archive, policy, row, name)
    ]


def unconfirmed(row: Row) -> list[str]:
    """The roles that nobody has confirmed the incident in, as the catalogue shows it."""
    done = {role for one in row["acknowledged"] for role in one["roles"]}
    return [notice["role"] for notice in row["notify"] if notice["role"] not in done]


def plain(archive: Archive, policy: Policy, row: Row) -> dict[str, Any]:
    """One incident as `--json` tells it."""
    rows = speaking(policy, row["kind"], row["severity"])
    return {
        "incident": row["id"],
        "of": row["kind"],
        "severity": row["severity"],
        "state": row["state"],
        "person": row["person"],
        "customer": row["customer"],
        "dossier": row["dossier"],
        "record": row["record"],
        "loan": row["loan"],
        "reported": row["reported"],
        "reported_by": row["reported_by"],
        "what": _words(archive, row["card"]).get("what"),
        "at_once": any(notice["at_once"] for notice in row["notify"]),
        "notify": [_notice(archive, policy, row, notice) for notice in row["notify"]],
        "unconfirmed": row["unconfirmed"] if row["closed"] else unconfirmed(row),
        "acknowledged": row["acknowledged"],
        "remedies": list(dict.fromkeys(said for c in rows for said in c.row.remedies)),
        "superior_answers": any(c.row.superior for c in rows),
        "clauses": row["clauses"],
        "packs": row["packs"],
        "notes": row["notes"],
        "closed": row["closed"],
        "closed_by": row["closed_by"],
    }


def _notice(archive: Archive, policy: Policy, row: Row, notice: Mapping[str, Any]) -> Row:
    confirmed = [one["person"] for one in row["acknowledged"] if notice["role"] in one["roles"]]
    people = holders(archive, policy, notice["means"])
    return {**notice, "people": people, "confirmed_by": confirmed}


def listed(archive: Archive, policy: Policy, open_only: bool = False) -> list[dict[str, Any]]:
    """Every incident, or those that are not closed; oldest first."""
    archive.follow()
    rows = archive.catalogue.incidents()
    return [
        plain(archive, policy, row) for row in rows if not open_only or row["state"] not in ENDED
    ]


def history(archive: Archive, identifier: str) -> list[dict[str, Any]]:
    """Everything the ledger says of an incident, with the sealed words of each entry."""
    return [
        {"index": entry.index, "time": entry.time, "who": entry.who, "step": entry.fields["step"],
         "roles": entry.fields.get("statement", {}).get("roles", []),
         **{name: words.get(name) for name in ("what", "note", "outcome", "reason")},
         "evidence": words.get("evidence", [])}
        for entry in archive.entries_of(identifier)
        for words in [_words(archive, entry.fields.get("card"))]
    ]  # fmt: skip


def _words(archive: Archive, card: Mapping[str, str] | None) -> dict[str, Any]:
    return archive.read_card(card["name"], card["sha256"]) if card else {}
