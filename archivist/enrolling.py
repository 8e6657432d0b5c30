"""Enrolling: a further person gets keys and roles, by the hand of somebody who has them.

Owns the ledger act `person` after the founding. The order: keys durable, then the entry, which
is the commit point. Its `key` is the public half of the person's signing key, so that whatever
he signs later can be verified from the ledger alone; `recipient` is the digest of what is sealed
to him, so that nobody can put another's keys in its place.

Rules it keeps:
- Nobody enrols himself, and nobody is enrolled twice: a second set of keys under one name would
  let two people sign as one.
- Roles that a regulation holds apart are not given to one person (`excludes`).
- Keys that a crash left without an entry are taken up again by whoever knows their passphrase.
- A role gives a say, never a key: what a person can open is decided by clearance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archivist.errors import BadRequest, NotAllowed
from archivist.records import target_of, timestamp
from archivist.regulations import refuse_held_apart, roles_meant
from policies.fields import SLUG
from policies.naming import role_id
from policies.pack_rows import Role
from storage.errors import Unsuitable
from storage.keys import recipient_digest
from storage.names import checked_person_name

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.policy import Policy
    from storage.people import Unlocked


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who is to be enrolled. `roles` are slugs, `department` a declared id or ""; `check` does
    without the passphrase."""

    name: str
    roles: tuple[str, ...]
    department: str = ""
    passphrase: str = field(default="", repr=False)


def enrol(
    archive: Archive, policy: Policy, newcomer: Newcomer, now: datetime, by: str, log_n: int
) -> tuple[str, ...]:
    """Give a new person keys and roles; returns the roles that no adopted pack declares.

    `log_n` is the work factor of the passphrase. Raises NotAllowed for oneself and for roles
    held apart, BadRequest for a name that is taken or unfit, WrongPassphrase where keys of that
    name lie there already.
    """
    check(archive, policy, newcomer, by)
    with archive.writing(now, by) as desk:
        if any(row["id"] == newcomer.name for row in archive.catalogue.people()):
            raise _taken(newcomer.name)
        unlocked = _keys(archive, newcomer, now, log_n)
        desk.say(
            "person",
            {"person": newcomer.name},
            roles=list(newcomer.roles),
            department=newcomer.department or None,
            key=unlocked.verify_key.hex(),
            recipient=recipient_digest(unlocked.identity.recipient),
            sealed=archive.people.digests(newcomer.name),
        )
        desk.append()
    archive.follow()
    return _undeclared(policy, newcomer.roles)


def check(archive: Archive, policy: Policy, newcomer: Newcomer, by: str) -> None:
    """Everything that can be said before a passphrase is thought of."""
    if newcomer.name == by:
        raise NotAllowed("不能登记自己", "nobody can add himself")
    try:
        checked_person_name(newcomer.name)
    except Unsuitable as error:
        raise BadRequest(
            "姓名只能用文字、数字、- 和 _，最长 32 个，且不以 - 开头", str(error)
        ) from None
    archive.follow()
    if any(row["id"] == newcomer.name for row in archive.catalogue.people()):
        raise _taken(newcomer.name)
    refuse_held_apart(policy, newcomer.roles)


def role_ids(policy: Policy, given: Iterable[str]) -> tuple[str, ...]:
    """Roles as they are recorded, each once: 销售顾问 is sales_adviser.

    A word fit to be an id stands as it was typed; what it means in the regulations is asked when
    it matters (`regulations.roles_meant`). One that no pack declares is the company's own.
    Raises BadRequest for a word that is neither a declared role's name nor fit to be an id.
    """
    ids = (name if re.fullmatch(SLUG, name) else role_id(policy, name) for name in given)
    found = tuple(dict.fromkeys(ids))
    for role in found:
        if not re.fullmatch(SLUG, role):
            known = dict.fromkeys(cited.row for cited in policy.rows(Role))
            raise BadRequest(
                f"所采用的制度中没有职务“{role}”",
                f"no adopted regulation speaks of the role {role}",
                f"可用：{'、'.join(dict.fromkeys(row.zh for row in known))}；"
                "另设职务用小写英文编号，如 sales_adviser",
                f"there are: {', '.join(dict.fromkeys(row.id for row in known))}; "
                "the company's own have lower-case ids, as sales_adviser",
            )
    return found


def _grades(cleared: Iterable[Row], name: str) -> list[str]:
    keys = {row["key"] for row in cleared if row["person"] == name}
    return sorted(key for key in keys if target_of(key) is None)


def _taken(name: str) -> BadRequest:
    return BadRequest(f"已有名为 {name} 的人员", f"there is a person {name} already")


def _undeclared(policy: Policy, roles: Sequence[str]) -> tuple[str, ...]:
    declared = {cited.row.id for cited in policy.rows(Role)}
    return tuple(role for role in roles if not declared & roles_meant(policy, [role]))


def _keys(archive: Archive, newcomer: Newcomer, now: datetime, log_n: int) -> Unlocked:
    """New keys, or those that a run left behind which crashed before its entry."""
    name, passphrase = newcomer.name, newcomer.passphrase
    if name in archive.people.names():
        return archive.people.unlock(name, passphrase)
    return archive.people.create(name, passphrase, created=timestamp(now), log_n=log_n)


def enrolled(archive: Archive) -> list[dict[str, Any]]:
    """Everybody, with roles, department and the day of enrolment, and the grades he was cleared
    for; `left` tells since when somebody is no longer here."""
    archive.follow()
    cleared = archive.catalogue.clearances()
    return [
        {
            "person": row["id"],
            "roles": row["roles"],
            "department": row["department"],
            "added": row["added"],
            "key": row["key"],
            "grades": _grades(cleared, row["id"]),
            "left": row["left_at"],
        }
        for row in archive.catalogue.people()
    ]
