"""Clearing: who can open a grade, given and taken away by the hand of somebody who may.

Owns the ledger acts `clear`, `revoke` and `leave`, with a withdrawal the `key` entry of the
grade's next generation, and `refused-login`: who was not let in. To be cleared *is* to hold the
grade's keys, sealed to one's own; so clearing takes somebody who can open them, and withdrawing
takes a new key.

    clear    entry ──▶ every generation in use, sealed to the person
    revoke   a new generation, sealed to the others ──▶ entries ──▶ his copies are deleted
    leave    the same for each of his grades, and his own key file is deleted

Rules it keeps:
- The entry stands between what adds and what takes: nobody ever holds a key without an entry
  that says so. What a crash leaves undone after the entry, the same command does when repeated.
- Nobody clears himself, and nobody certifies his own leaving.
- Where a regulation says who clears people (a duty `clear`), it takes that office; else anybody
  who is cleared for the grade himself. Offices that a regulation holds apart in one hand void it.
- Nobody is cleared in a role that a regulation keeps from it (`uncleared`: who runs the system).
- A grade keeps a holder: what nobody can open is lost.
- Nobody leaves with open things in his name (S001-1-R04, S001-14-R13): they are told, and wait
  for a successor.
- What somebody has copied stays open to him. Records filed from then on are shut; older ones
  are as soon as the grade's key is rotated.

    clear(archive, policy, "wang", "秘密", li, now).generations      # (1, 2)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from archivist.archive import Archive, Desk
from archivist.errors import BadRequest, NotAllowed, NotKnown
from archivist.holding import (
    Revoked,
    digests_of,
    genuine,
    hand_out,
    holders,
    in_use,
    others,
    replace_key,
    sealed_to,
    withdraw,
)
from archivist.records import grade_of, key_subject, target_of, timestamp
from archivist.regulations import refuse_held_apart, refuse_uncleared, roles_meant
from index.catalogue import Row
from index.catalogue_view import key_form
from policies.loan_life import OUT
from policies.policy import Cited, Policy
from policies.reach import role_words
from policies.rule_rows import Duty
from storage.people import Unlocked

RECENT = timedelta(hours=1)
CARDS = "PEOPLE"  # where the sealed reasons lie; a person's name must not stand in a path


@dataclass(frozen=True, slots=True)
class Cleared:
    """Who was cleared for which grade, and the generations of its key that he holds now."""

    person: str
    grade: str
    generations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """Who left, and what was withdrawn from him."""

    person: str
    revoked: tuple[Revoked, ...]


@dataclass(frozen=True, slots=True)
class StillOpen:
    """What still stands in a person's name: `{"kind": "dossier" or "customer", "id", "role"}`."""

    person: str
    things: tuple[dict[str, Any], ...]


# ── giving ────────────────────────────────────────────────────────────────────


def clear(
    archive: Archive, policy: Policy, name: str, grade: str, by: Unlocked, now: datetime
) -> Cleared:
    """Give somebody every generation of a grade's key that is in use.

    `by` must hold them all. Raises NotKnown, BadRequest (no sealed grade, cleared already),
    NotAllowed (himself, no office, not cleared), Damaged when a key is not the ledger's.
    """
    code = _sealed(policy, grade)
    if name == by.name:
        clauses = ", ".join(_cited(policy.duties("clear")).get("clauses", ()))
        cited = (f"（{clauses}）", f" ({clauses})") if clauses else ("", "")
        raise NotAllowed(f"不能给自己授予涉密权限{cited[0]}", f"nobody clears himself{cited[1]}")
    with archive.writing(now, by.name) as desk:
        row, page = archive.active(name), archive.vouched(name)
        office = _office(archive, policy, by.name, code)
        refuse_held_apart(policy, row["roles"])
        refuse_uncleared(policy, row["roles"])
        keys = [genuine(archive, code, n, by) for n in in_use(archive, code)]
        if not keys:
            raise NotAllowed("该密级的密钥已无人持有", "nobody holds the keys of this grade")
        granted = {(c["generation"], c["person"]) for c in archive.catalogue.clearances(code)}
        told = [key.generation for key in keys if (key.generation, name) not in granted]
        lacking = [key for key in keys if not archive.keys.holds(code, key.generation, name)]
        if not told and not lacking:
            raise BadRequest(f"{name} 已有该密级的涉密权限", f"{name} is cleared already")
        given = sealed_to(archive, page, keys)
        # Also where only the files were lacking: what lies there is what an entry names.
        numbers = told or [key.generation for key in lacking]
        _say(desk, "clear", name, code, office, generations=numbers, sealed=digests_of(page, given))
        desk.append()
        hand_out(archive, page, given)
    archive.follow()
    return Cleared(name, code, tuple(key.generation for key in keys))


# ── taking away ───────────────────────────────────────────────────────────────


def revoke(
    archive: Archive, policy: Policy, name: str, grade: str, reason: str, by: str, now: datetime
) -> tuple[Revoked, ...]:
    """Withdraw a clearance; what is filed from now on is sealed to a key of the others.

    The grade comes first in the answer, then the need-to-know lists that ended with it. The
    reason is sealed. Raises NotKnown, BadRequest (not cleared), NotAllowed (no office, the
    last holder), Damaged when the page of somebody who stays is not the ledger's.
    """
    code = _sealed(policy, grade)
    with archive.writing(now, by) as desk:
        archive.active(name)
        office = _office(archive, policy, by, code)
        if not any(c["person"] == name for c in archive.catalogue.clearances(code)):
            shared = [key for key in archive.keys.key_ids() if grade_of(key) == code]
            gone = [n for key in shared for n in withdraw(archive, key, name)]
            if not gone:
                raise BadRequest(f"{name} 没有该密级的涉密权限", f"{name} is not cleared for it")
            return (_as_it_stands(archive, name, code),)
        keys = [code, *_lists_of(archive, name, code)]
        for key in keys:
            others(archive, name, key)
        revoked = [replace_key(archive, desk, name, key) for key in keys]
        for one in revoked[1:]:
            _say(desk, "revoke", name, one.key, office, generations=list(one.withdrawn))
        card: dict[str, Any] = {"v": 1, "reason": reason}
        fields = {"generations": list(revoked[0].withdrawn), **_cited(office)}
        subject = {"person": name, "grade": code}
        desk.say_with_card(CARDS, "REVOKE", card, "revoke", subject, **fields)
        for key in keys:
            withdraw(archive, key, name)
    archive.follow()
    return tuple(revoked)


def _lists_of(archive: Archive, name: str, grade: str) -> list[str]:
    """The need-to-know lists within a grade that a person is on: they end with the clearance."""
    keys = {row["key"] for row in archive.catalogue.clearances() if row["person"] == name}
    return sorted(key for key in keys if target_of(key) is not None and grade_of(key) == grade)


def leave(archive: Archive, policy: Policy, name: str, by: str, now: datetime) -> Left | StillOpen:
    """Withdraw everything from somebody who leaves, for ever; his name stays in the ledger.

    Nothing is done while something is open in his name. Raises NotKnown, BadRequest (left
    already), NotAllowed (himself, no office, the last holder of a grade), Damaged.
    """
    if name == by:
        raise NotAllowed("不能办理自己的离职", "nobody certifies his own leaving")
    with archive.writing(now, by) as desk:
        person = archive.catalogue.person(name)
        if person is None:
            raise NotKnown(f"没有名为 {name} 的人员", f"there is no person {name}")
        if person["left_at"]:
            if not _shut_out(archive, name):
                raise BadRequest(f"{name} 已离职", f"{name} has left already")
            return Left(name, ())
        if things := still_open(archive, policy, name):
            return StillOpen(name, tuple(things))
        held = archive.catalogue.clearances()
        keys = sorted({c["key"] for c in held if c["person"] == name})
        grades = sorted({grade_of(key) for key in keys})
        offices = {code: _office(archive, policy, by, code) for code in grades}
        office = next(iter(offices.values())) if offices else _office(archive, policy, by, None)
        for key in keys:
            others(archive, name, key)
        revoked = [replace_key(archive, desk, name, key) for key in keys]
        for one in revoked:
            withdrawn = list(one.withdrawn)
            _say(desk, "revoke", name, one.key, offices[one.grade], generations=withdrawn)
        desk.say("leave", {"person": name}, **_cited(office))
        desk.append()
        _shut_out(archive, name)
    archive.follow()
    return Left(name, tuple(revoked))


def still_open(archive: Archive, policy: Policy, name: str) -> list[dict[str, Any]]:
    """The open dossiers whose keys name this person, the customers that are his, his loans.

    Needs a catalogue that is caught up.
    """
    wanted = key_form(name)
    found: list[dict[str, Any]] = []
    for row in archive.catalogue.dossiers():
        kind = policy.find_dossier_type(row["type"])
        if row["closed"] is None and kind is not None:
            found += (
                {"kind": "dossier", "id": row["id"], "role": key.role}
                for key in kind.keys
                if key.role and key_form(str(row["keys"].get(key.id, ""))) == wanted
            )
    found += (
        {"kind": "customer", "id": row["id"], "role": "owner"}
        for row in archive.catalogue.customers()
        if row["owner"] and key_form(row["owner"]) == wanted
    )
    found += (
        {"kind": "loan", "id": row["id"], "role": "borrower"}
        for row in archive.catalogue.loans(name)
        if row["state"] in OUT
    )
    return found


def _shut_out(archive: Archive, name: str) -> bool:
    """Delete every key of somebody who left; False when none was there."""
    held = [archive.keys.withdraw(grade, n, name) for grade, n in archive.keys.held_by(name)]
    return archive.people.retire(name) or any(held)


def _as_it_stands(archive: Archive, name: str, grade: str) -> Revoked:
    generation, _ = archive.sealing_key(grade)
    return Revoked(name, grade, (), generation, holders(archive, grade))


# ── at the door ───────────────────────────────────────────────────────────────


def refused_login(archive: Archive, name: str, now: datetime) -> int:
    """Record that a wrong passphrase was tried for a person; how many in the last hour, with this.

    Nobody is logged in then: the entry is the station's, and the house key signs the ledger.
    """
    with archive.writing(now, "station") as desk:
        before = archive.catalogue.refused_logins(name, timestamp(now - RECENT))
        desk.say("refused-login", {"person": name}, count=before + 1)
        desk.append()
    archive.follow()
    return before + 1


# ── who may ───────────────────────────────────────────────────────────────────


def _office(archive: Archive, policy: Policy, by: str, grade: str | None) -> Sequence[Cited[Duty]]:
    """The duties by which `by` may clear people; none where no regulation speaks of it and he is
    cleared himself. Raises NotAllowed."""
    row = archive.active(by)
    duties = policy.duties("clear")
    if duties:
        refuse_held_apart(policy, row["roles"])
        held = [cited for cited in duties if _holds(policy, row, cited.row)]
        if held:
            return held
        roles = dict.fromkeys(role for cited in duties for role in cited.row.roles)
        zh = "、".join(role_words(policy, role)[0] for role in roles)
        clauses = ", ".join(dict.fromkeys(cited.row.clause for cited in duties))
        raise NotAllowed(
            f"涉密权限须由{zh}授予和撤销（{clauses}）",
            f"only {', '.join(roles)} may clear people ({clauses})",
        )
    rows = archive.catalogue.clearances(grade) if grade else []
    if grade and not any(cleared["person"] == by for cleared in rows):
        raise NotAllowed(f"{by} 没有该密级的涉密权限", f"{by} is not cleared for this grade")
    return ()


def _holds(policy: Policy, person: Row, duty: Duty) -> bool:
    roles = roles_meant(policy, person["roles"])
    meant = {word for role in duty.roles for word in policy.who_is(role)}
    return bool(roles & meant) or person["department"] in duty.departments


def _sealed(policy: Policy, grade: str) -> str:
    level = policy.grade(grade)
    if not level.encrypt:
        raise BadRequest(
            f"{level.zh} 人人可看，无须授权", f"{level.code} is open: nobody need be cleared"
        )
    return level.code


def _say(
    desk: Desk, act: str, person: str, key: str, office: Sequence[Cited[Duty]], **fields: Any
) -> None:
    desk.say(act, {"person": person} | key_subject(key), **fields, **_cited(office))


def _cited(office: Sequence[Cited[Duty]]) -> dict[str, list[str]]:
    """Clauses and packs of a decision, as an entry has them; nothing where none decided."""
    if not office:
        return {}
    return {
        "clauses": list(dict.fromkeys(cited.row.clause for cited in office)),
        "packs": list(dict.fromkeys(cited.pack for cited in office)),
    }
