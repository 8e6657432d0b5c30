"""Ownership: who says a customer is his, whose it is, and who served him last.

Owns the ledger acts `ownership` and `contact`. A claim (客户冲撞) is never taken back: the
regulation in force rules over all of them, and whoever lost may still be asked about years
later. What is ruled stands in the entry of the claim that brought it about, with clause and
pack version, as does an assignment by the role that may decide.

    claim ──▶ ruling over all claims ──▶ the winner is the owner, or nobody and a role decides
    assign ──▶ the person is the owner; later claims are kept and change nothing

Rules it keeps:
- Ids and moments only: a reason is free text about people and lies in a sealed card.
- The time of a claim is the archive's own. What a person says of a list's time is kept beside
  it and counts only where a regulation goes by lists.
- Only a role that a regulation names gives a customer to somebody. No role, no assignment.

    claim(archive, policy, Claimed("C000001", "li"), now, "lin").owner      # 'li'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from archivist import records, regulations
from archivist.errors import BadRequest, NotAllowed
from archivist.standing import customer_fields, local_moment
from policies import reach
from policies.customers import (
    Claim,
    Ruling,
    neglected,
    reassigning,
    rule_ownership,
    who_may_reassign,
)

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.customer_rows import Ownership as OwnershipRow
    from policies.policy import Cited, Policy

KINDS = ("visit", "call", "mail", "meeting")
ASSIGNED = "assigned"


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who says whose customer it is, as the desk hears it; the time is the archive's own."""

    customer: str
    person: str
    department: str = ""
    listed: datetime | None = None
    named: bool = False
    on_duty: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How ownership of one customer stands: the owner, the ruling, every claim, oldest first."""

    customer: str
    owner: str | None
    ruling: Ruling
    claims: tuple[dict[str, Any], ...]

    @property
    def contested(self) -> bool:
        """Whether several claim the customer and no rule gives it to one of them."""
        return self.ruling.winner is None and len(self.ruling.losers) > 1

    def plain(self) -> dict[str, Any]:
        """As it stands in JSON."""
        return {
            "customer": self.customer,
            "owner": self.owner,
            "winner": self.ruling.winner,
            "contested": self.contested,
            "losers": list(self.ruling.losers),
            "rule": self.ruling.rule,
            "decided_by": list(self.ruling.by),
            "clauses": list(self.ruling.clauses),
            "packs": list(self.ruling.packs),
            "claims": list(self.claims),
        }


def claim(archive: Archive, policy: Policy, claimed: Claimed, now: datetime, who: str) -> Standing:
    """Record a claim and rule over all claims to that customer.

    Raises NotKnown for a customer or person, BadRequest for a list handed in after now.
    """
    if claimed.listed and claimed.listed > now:
        raise BadRequest("名单的时间在现在之后", "the list cannot have been handed in after now")
    with archive.writing(now, who) as desk:
        archive.check_unrestricted(claimed.customer)
        row = archive.the("customer", claimed.customer)
        person = archive.active(claimed.person)
        said = {
            "department": claimed.department or person["department"] or None,
            "listed": records.timestamp(claimed.listed) if claimed.listed else None,
            "named": claimed.named or None,
            "on_duty": claimed.on_duty or None,
        }
        this: Row = {**said, "step": "claim", "person": claimed.person, "t": records.timestamp(now)}
        ruling = _ruling(policy, [*_history(archive, row), this])
        subject = {"customer": claimed.customer, "person": claimed.person}
        desk.say(
            "ownership",
            subject,
            step="claim",
            # A name that was registered without a key may win; it never stands in the ledger.
            owner=ruling.winner if _known(archive, ruling.winner) else None,
            clauses=list(ruling.clauses) or None,
            packs=list(ruling.packs) or None,
            **said,
        )
        desk.append()
    return standing(archive, policy, claimed.customer)


def assign(
    archive: Archive,
    policy: Policy,
    customer: str,
    person: str,
    reason: str,
    now: datetime,
    who: str,
) -> Standing:
    """Give a customer to somebody by decision; earlier owners stay in the history.

    Raises NotAllowed unless `who` holds a role that a regulation names for it.
    """
    with archive.writing(now, who) as desk:
        archive.check_unrestricted(customer)
        row = archive.the("customer", customer)
        archive.active(person)
        rules = _ruled_by(archive, policy, bool(row["owner"]), who)
        desk.say_with_card(
            customer,
            customer,
            {"v": 1, "reason": reason},
            "ownership",
            {"customer": customer, "person": person},
            step="assign",
            owner=person,
            clauses=list(dict.fromkeys(cited.row.clause for cited in rules)),
            packs=list(dict.fromkeys(cited.pack for cited in rules)),
        )
    return standing(archive, policy, customer)


def standing(archive: Archive, policy: Policy, customer: str) -> Standing:
    """Whose customer it is by the regulation in force, with every claim. Raises NotKnown."""
    archive.follow()
    row = archive.the("customer", customer)
    rows = _history(archive, row)
    claims = tuple(_told(archive, claim) for claim in rows)
    return Standing(customer, row["owner"], _ruling(policy, rows), claims)


def disputes(archive: Archive, policy: Policy) -> list[Standing]:
    """Every customer that several people claim, those that are nobody's first (S001-5-R07)."""
    archive.follow()
    found = [standing(archive, policy, customer) for customer in archive.catalogue.claimed()]
    several = [one for one in found if len({row["person"] for row in one.claims}) > 1]
    return sorted(several, key=lambda one: (not one.contested, one.customer))


def record_contact(
    archive: Archive, customer: str, kind: str, day: date, person: str, now: datetime, who: str
) -> None:
    """Note that somebody served a customer on a day."""
    if day > now.astimezone().date():
        raise BadRequest("联系日期在今天之后", "a contact cannot lie in the future")
    with archive.writing(now, who) as desk:
        archive.the("customer", customer)
        archive.check_unrestricted(customer)
        archive.active(person)
        subject = {"customer": customer, "person": person}
        desk.say("contact", subject, kind=kind, on=day.isoformat())
        desk.append()
    archive.follow()


def neglected_customers(archive: Archive, policy: Policy, today: date) -> list[dict[str, Any]]:
    """Customers whose last contact, else registration, is longer ago than a regulation allows.

    The longest neglected first.
    """
    archive.follow()
    last = archive.catalogue.last_contacts(today.isoformat())
    found = []
    for row in archive.catalogue.customers():
        registered = local_moment(row["opened"]).date()
        served = last.get(row["id"])
        since = date.fromisoformat(served) if served else registered
        if (registered > today and not served) or row["restricted"]:
            continue  # whom nobody may contact is not neglected
        cited = neglected(policy, since, today, customer_fields(row))
        if cited is None:
            continue
        found.append(
            {
                "customer": row["id"],
                "name": row["name"],
                "owner": row["owner"],
                "last": since.isoformat(),
                "contacted": served is not None,
                "months": cited.row.months,
                "days": cited.row.days,
                "decided_by": list(cited.row.by),
                "clause": cited.row.clause,
                "pack": cited.pack,
            }
        )
    return sorted(found, key=lambda row: (row["last"], row["customer"]))


# ── ruling ────────────────────────────────────────────────────────────────────


def _history(archive: Archive, customer: Row) -> list[Row]:
    """Every claim and assignment; an owner whom only the card names claimed at registration."""
    rows = archive.catalogue.ownership(customer["id"])
    owner = customer["owner"]
    if not owner or owner in {row["person"] for row in rows}:
        return rows
    registered = {"step": "claim", "person": owner, "t": customer["opened"], "owner": owner}
    return [registered, *rows]


def _ruling(policy: Policy, rows: Sequence[Row]) -> Ruling:
    """By the newest assignment if there is one, else by the adopted rules over all claims."""
    claims = [row for row in rows if row["step"] == "claim"]
    given = [row for row in rows if row["step"] == "assign"]
    if not given:
        ruling = rule_ownership(policy, _in_order(claims))
        # Where no rule names a judge, whoever may give customers away can end the dispute.
        undecided = ruling.winner is None and not ruling.by
        return replace(ruling, by=who_may_reassign(policy)) if undecided else ruling
    last = given[-1]
    winner = last["person"]
    others = dict.fromkeys(row["person"] for row in rows if row["person"] != winner)
    return Ruling(winner, tuple(others), (), tuple(last["clauses"]), tuple(last["packs"]), ASSIGNED)


def _in_order(rows: Sequence[Row]) -> list[Claim]:
    """Claims as the policy asks for them, no two at one moment.

    The ledger's order is older than any clock: entries of one second were not at once, and a
    clock that was set back must not let the later claim win.
    """
    claims: list[Claim] = []
    for row in rows:
        at = local_moment(row["t"])
        if claims:
            at = max(at, claims[-1].at + timedelta(microseconds=1))
        claims.append(
            Claim(
                row["person"],
                at,
                row.get("department") or "",
                local_moment(row["listed"]) if row.get("listed") else None,
                bool(row.get("named")),
                bool(row.get("on_duty")),
            )
        )
    return claims


def _told(archive: Archive, row: Row) -> dict[str, Any]:
    card = row.get("card")
    return {
        "entry": row.get("idx"),
        "time": row["t"],
        "step": row["step"],
        "person": row["person"],
        "department": row.get("department"),
        "listed": row.get("listed"),
        "named": bool(row.get("named")),
        "on_duty": bool(row.get("on_duty")),
        "owner": row["owner"],
        "clauses": row.get("clauses", []),
        "who": row.get("who"),
        "reason": archive.read_card(card["name"], card["sha256"])["reason"] if card else None,
    }


# ── people ────────────────────────────────────────────────────────────────────


def _known(archive: Archive, name: str | None) -> bool:
    return any(row["id"] == name for row in archive.catalogue.people())


def _ruled_by(archive: Archive, policy: Policy, owned: bool, who: str) -> list[Cited[OwnershipRow]]:
    """The rules that let this person give the customer away; NotAllowed without one."""
    people = archive.catalogue.people()
    typed = next((row["roles"] for row in people if row["id"] == who), ())
    held = regulations.roles_meant(policy, typed)
    rules = [
        cited
        for cited in reassigning(policy, owned)
        if held & {meant for role in cited.row.by for meant in policy.who_is(role)}
    ]
    if rules:
        return rules
    roles = who_may_reassign(policy, owned)
    zh = "、".join(reach.role_words(policy, role)[0] for role in roles)
    raise NotAllowed(
        f"{who} 无权改派客户",
        f"{who} may not give a customer to somebody else",
        f"须由{zh}改派" if roles else "现行制度没有写明由谁改派；请在公司制度包的 ownership 中规定",
        f"only {', '.join(roles)} may"
        if roles
        else "no adopted regulation says who may; say it in an ownership row of the company's pack",
    )
