"""Need to know (知悉范围): within a grade only those on a list open a dossier's or record's papers.

Owns the ledger act `limit` (begun, ended) and, for lists, `key`, `clear` and `revoke`. A list is a
key of its own: what it covers is sealed to that key, and no longer to the grade's, so that somebody
cleared for the grade alone can read, find or count nothing of it, with this program or without.

    limit    a key, sealed to those named → entries `limit` begun, `key`
             each record of the grade there, sealed anew for it (`archivist.resealing`)
    add      entry `clear` → every generation in use, sealed to the person
    remove   a next generation for the others → entries `key`, `revoke` → his copies are deleted;
             whoever calls this rotates the key then, so that older copies open nothing
    lift     entry `limit` ended → each record back to the grade's key → the list's is destroyed

Rules it keeps:
- Whom a list names, the regulation's role decides: for the top grade whom the leaders name
  (S001-4-R15), below it the manager in charge (S001-4-R16). Where no regulation says who, whoever
  opens the papers.
- A list adds to clearance and never replaces it: only somebody cleared for the grade is put on.
- Who may know all by a standing right (S001-4-R14), and is cleared, is on every list.
- Who makes a list is on it; nobody puts himself on one, or takes himself off.
- What a crash leaves between the entry and the last record, the same command does when repeated.
- A list holds for one grade. A record that comes to another grade comes to that grade's lists.

    limit(archive, policy, Scope("D000001", "TOP"), ["wang"], "并购", li, now).holders
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from archivist import grade_rulings, resealing
from archivist.errors import BadRequest, NotAllowed
from archivist.holding import (
    Revoked,
    digests_of,
    genuine,
    hand_out,
    holders,
    in_use,
    replace_key,
    sealed_to,
    withdraw,
)
from archivist.records import grade_of, key_subject, kind_of, list_key, target_of
from policies import lending
from storage.keys import Suite

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk
    from index.catalogue import Row
    from policies.policy import Policy
    from storage.people import Unlocked

Reach = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a list covers: a dossier or record, and the grade within it (None: its highest)."""

    target: str
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: its key, who is on it, and how many records were sealed anew by this call."""

    key: str
    holders: tuple[str, ...]
    records: int

    @property
    def target(self) -> str:
        """The dossier or record."""
        return target_of(self.key) or ""

    @property
    def grade(self) -> str:
        """The grade within which it limits."""
        return grade_of(self.key)


@dataclass(frozen=True, slots=True)
class _Namer:
    """By which clauses and packs somebody may say who is on a list."""

    clauses: tuple[str, ...]
    packs: tuple[str, ...]

    def cited(self) -> dict[str, list[str]]:
        return {"clauses": list(self.clauses), "packs": list(self.packs)} if self.clauses else {}


# ── beginning ─────────────────────────────────────────────────────────────────


def limit(
    archive: Archive,
    policy: Policy,
    scope: Scope,
    names: Sequence[str],
    reason: str,
    by: Unlocked,
    now: datetime,
    reach: Reach = lambda done, total: None,
) -> Listed:
    """Let only those named, whoever makes the list and the leaders know of what it covers.

    Repeated, it ends what a crash left. `reach(done, total)` counts records. Raises NotKnown,
    BadRequest (no sealed grade, no reason, limited already), NotAllowed (not whom the regulation
    asks, not cleared, somebody named who is not), Damaged.
    """
    archive.follow()
    grade = _grade(archive, policy, scope, by)
    key = list_key(grade, scope.target)
    if not reason.strip():
        raise BadRequest("请写明理由", "a reason is needed")
    namer = _namer(archive, policy, grade, by.name)
    begun = any(row["key"] == key for row in archive.catalogue.lists())
    if not begun:
        wanted = _cleared(archive, grade, [*names, by.name, *_leaders(archive, policy, grade)])
        with archive.writing(now, by.name) as desk:
            _begin(archive, desk, key, wanted, reason, namer)
    moved = _move(archive, policy, _outside(archive, key), by, "limited", now, reach)
    if begun and not moved:
        raise BadRequest(
            f"{scope.target} 已限定知悉范围",
            f"{scope.target} has a need-to-know list already",
            f"增减名单：archivist need-to-know add、remove {scope.target} 姓名",
            f"change it with archivist need-to-know add or remove {scope.target} NAME",
        )
    return Listed(key, holders(archive, key), moved)


def _begin(
    archive: Archive, desk: Desk, key: str, names: Sequence[str], reason: str, namer: _Namer
) -> None:
    genuine_pages = [archive.vouched(name) for name in names]
    place = _place(archive, key)
    desk.new_key(key, genuine_pages, cast(Suite, archive.settings.suite))
    desk.say_with_card(
        f"{place['customer']}/{place['dossier']}",
        target_of(key) or "",
        {"v": 1, "reason": reason},
        "limit",
        place | {"key": key},
        state="begun",
        grade=grade_of(key),
        **namer.cited(),
    )
    archive.follow()


def _outside(archive: Archive, key: str) -> list[Row]:
    """The records that a list covers and that its key does not seal yet."""
    grade, target = grade_of(key), target_of(key) or ""
    if kind_of(target) == "record":
        rows = [archive.the("record", target)]
    else:
        rows = archive.catalogue.records(target)
    return [
        row
        for row in rows
        if (row["grade"], row["key"]) != (grade, key)
        and archive.catalogue.key_for(row["grade"], row["dossier"], row["id"]) == key
    ]


def _move(
    archive: Archive,
    policy: Policy,
    rows: Sequence[Row],
    by: Unlocked,
    why: str,
    now: datetime,
    reach: Reach,
) -> int:
    for done, row in enumerate(rows, start=1):
        ruling = resealing.Ruling("regrade", why=why)
        resealing.carry_out(
            archive, policy, row, resealing.Change(row["grade"], row["until"], ruling), by, now
        )
        reach(done, len(rows))
    return len(rows)


# ── changing ──────────────────────────────────────────────────────────────────


def add(
    archive: Archive, policy: Policy, scope: Scope, name: str, by: Unlocked, now: datetime
) -> Listed:
    """Put somebody on a list: he opens from now on what it covers, filed before or after.

    Raises NotKnown, BadRequest (no such list, on it already), NotAllowed (himself, not whom the
    regulation asks, not on the list oneself, not cleared for the grade), Damaged.
    """
    archive.follow()
    key = _in_force(archive, policy, scope, by)
    if name == by.name:
        raise NotAllowed("不能把自己加入知悉范围", "nobody puts himself on a list")
    namer = _namer(archive, policy, grade_of(key), by.name)
    with archive.writing(now, by.name) as desk:
        _cleared(archive, grade_of(key), [name])
        page = archive.vouched(name)
        keys = [genuine(archive, key, n, by) for n in in_use(archive, key)]
        said = {(row["generation"], row["person"]) for row in archive.catalogue.clearances(key)}
        told = [one.generation for one in keys if (one.generation, name) not in said]
        lacking = [one for one in keys if not archive.keys.holds(key, one.generation, name)]
        if not told and not lacking:
            raise BadRequest(f"{name} 已在知悉范围内", f"{name} is on the list already")
        given = sealed_to(archive, page, keys)
        subject = {"person": name} | key_subject(key)
        numbers = told or [one.generation for one in lacking]
        sealed = digests_of(page, given)
        desk.say("clear", subject, generations=numbers, sealed=sealed, **namer.cited())
        desk.append()
        hand_out(archive, page, given)
    archive.follow()
    return Listed(key, holders(archive, key), 0)


def remove(
    archive: Archive, policy: Policy, scope: Scope, name: str, by: Unlocked, now: datetime
) -> Revoked:
    """Take somebody off a list; what is filed from now on is sealed to the others.

    The caller rotates the key then (`archivist.rotation`). Raises what `add` does, and NotAllowed
    for whoever may know all and for the last on the list.
    """
    archive.follow()
    key = _in_force(archive, policy, scope, by)
    if name == by.name:
        raise NotAllowed("不能把自己移出知悉范围", "nobody takes himself off a list")
    grade = grade_of(key)
    namer = _namer(archive, policy, grade, by.name)
    if name in _leaders(archive, policy, grade):
        clauses = _clauses(policy, grade, ("standing",))
        raise NotAllowed(
            f"{name} 依制度有权全部知晓（{'、'.join(clauses)}）",
            f"{name} may know all by the regulation ({', '.join(clauses)})",
        )
    with archive.writing(now, by.name) as desk:
        if name not in holders(archive, key) and not withdraw(archive, key, name):
            raise BadRequest(f"{name} 不在知悉范围内", f"{name} is not on the list")
        if name not in holders(archive, key):
            newest = archive.catalogue.newest_generation(key) or 0
            return Revoked(name, key, (), newest, holders(archive, key))
        revoked = replace_key(archive, desk, name, key)
        subject = {"person": name} | key_subject(key)
        desk.say("revoke", subject, generations=list(revoked.withdrawn), **namer.cited())
        desk.append()
        withdraw(archive, key, name)
    archive.follow()
    return revoked


def lift(
    archive: Archive,
    policy: Policy,
    scope: Scope,
    reason: str,
    by: Unlocked,
    now: datetime,
    reach: Reach = lambda done, total: None,
) -> Listed:
    """End a list: everybody cleared for the grade opens again what it covered.

    Repeated, it ends what a crash left. Raises what `limit` does.
    """
    archive.follow()
    if not reason.strip():
        raise BadRequest("请写明理由", "a reason is needed")
    key = _ever(archive, policy, scope)
    namer = _namer(archive, policy, grade_of(key), by.name)
    on_it = holders(archive, key)
    _check_on(archive, key, by)
    if any(row["key"] == key for row in archive.catalogue.lists()):
        place = _place(archive, key)
        with archive.writing(now, by.name) as desk:
            desk.say_with_card(
                f"{place['customer']}/{place['dossier']}", target_of(key) or "",
                {"v": 1, "reason": reason}, "limit", place | {"key": key},
                state="ended", grade=grade_of(key), **namer.cited(),
            )  # fmt: skip
        archive.follow()
    rows = [archive.the("record", record) for record in archive.catalogue.sealed_by(key)]
    moved = _move(archive, policy, rows, by, "lifted", now, reach)
    with archive.writing(now, by.name):
        tidy(archive)
    return Listed(key, on_it, moved)


def tidy(archive: Archive) -> None:
    """Destroy the keys of lists that ended and seal nothing. Call it with the lock held."""
    in_force = {row["key"] for row in archive.catalogue.lists()}
    for key in archive.keys.key_ids():
        if target_of(key) is None or key in in_force or archive.catalogue.sealed_by(key):
            continue
        for generation in archive.keys.generations(key):
            archive.keys.destroy_private(key, generation)


def listed(archive: Archive) -> list[dict[str, Any]]:
    """Every list in force: what it covers, who is on it, and how many records it seals."""
    archive.follow()
    return [
        {
            "key": row["key"],
            "target": row["target"],
            "grade": row["grade"],
            "since": row["since"],
            "people": list(holders(archive, row["key"])),
            "records": len(archive.catalogue.sealed_by(row["key"])),
            "waiting": len(_outside(archive, row["key"])),
        }
        for row in archive.catalogue.lists()
    ]


# ── who may, and what is meant ────────────────────────────────────────────────


def _namer(archive: Archive, policy: Policy, grade: str, name: str) -> _Namer:
    """On what it rests that this person says who must know. Raises NotAllowed."""
    rules = [c for c in lending.who_may_know(policy, grade) if c.row.who in ("named", "delegated")]
    roles = grade_rulings.roles_of(archive, policy, name)
    refused: NotAllowed | None = None
    for cited in rules:
        for role in cited.row.by:
            try:
                grade_rulings.check_role(
                    policy, role, policy.who_is(role), roles, [cited.row.clause]
                )
            except NotAllowed as error:
                refused = error
            else:
                return _Namer((cited.row.clause,), (cited.pack,))
    if refused is not None:
        raise refused
    return _Namer((), ())


def _leaders(archive: Archive, policy: Policy, grade: str) -> list[str]:
    """Who may know all of this grade by a standing right and is cleared for it."""
    meant = {
        word
        for cited in lending.who_may_know(policy, grade)
        if cited.row.who == "standing"
        for role in cited.row.by
        for word in policy.who_is(role)
    }
    cleared = holders(archive, grade)
    return [name for name in cleared if grade_rulings.roles_of(archive, policy, name) & meant]


def _clauses(policy: Policy, grade: str, kinds: Iterable[str]) -> list[str]:
    wanted = set(kinds)
    return [c.row.clause for c in lending.who_may_know(policy, grade) if c.row.who in wanted]


def _cleared(archive: Archive, grade: str, names: Iterable[str]) -> list[str]:
    """The names, each once, all cleared for the grade. Raises NotKnown, NotAllowed."""
    cleared = set(holders(archive, grade))
    wanted = sorted(set(names))
    for name in wanted:
        archive.active(name)
        if name not in cleared:
            raise NotAllowed(
                f"{name} 没有该密级的涉密权限",
                f"{name} is not cleared for this grade",
                f"先授权：archivist person clear {name} {grade}",
                f"clear this person first: archivist person clear {name} {grade}",
            )
    return wanted


def _check_on(archive: Archive, key: str, by: Unlocked) -> None:
    if not archive.keys.holds_any(key, by.name):
        raise archive.shut(key, by.name)


def _grade(archive: Archive, policy: Policy, scope: Scope, by: Unlocked) -> str:
    """The grade a new list limits. Raises NotKnown, BadRequest, NotAllowed."""
    found = _meant(archive, policy, scope, by)
    if not policy.grade(found).encrypt:
        zh = policy.grade(found).zh
        raise BadRequest(
            f"{zh}级人人可看，不能限定知悉范围",
            f"the grade {found} is open: nothing is limited",
        )
    if not archive.keys.holds_any(found, by.name):
        raise archive.shut(found, by.name)
    return found


def _meant(archive: Archive, policy: Policy, scope: Scope, by: Unlocked) -> str:
    kind = kind_of(scope.target)
    if kind not in ("dossier", "record"):
        raise BadRequest(
            f"{scope.target} 不是档案编号", f"{scope.target} is no dossier or record",
            "写 D000001 或 R00000001 这样的编号", "give an id such as D000001 or R00000001",
        )  # fmt: skip
    row = archive.the(kind, scope.target)
    if kind == "record":
        return str(row["grade"])
    if scope.grade is not None:
        return policy.grade(scope.grade).code
    filed = archive.catalogue.records(scope.target)
    highest = grade_rulings.highest_known(policy, filed, grade_rulings.held_by(archive, by.name))
    if highest is None:
        raise BadRequest(
            f"{scope.target} 中还没有可限定的资料，请写明密级",
            f"{scope.target} has no papers yet: name the grade",
            "加上 --grade 密级", "add --grade GRADE",
        )  # fmt: skip
    return highest


def _in_force(archive: Archive, policy: Policy, scope: Scope, by: Unlocked) -> str:
    """The key of a list that is in force and that this person is on."""
    keys = [row["key"] for row in archive.catalogue.lists() if row["target"] == scope.target]
    key = _only(policy, scope, keys)
    _check_on(archive, key, by)
    return key


def _ever(archive: Archive, policy: Policy, scope: Scope) -> str:
    """The key of a list in force, or of one that ended and still seals something."""
    catalogue = archive.catalogue
    in_force = {row["key"] for row in catalogue.lists()}
    keys = [key for key in archive.keys.key_ids() if target_of(key) == scope.target]
    return _only(policy, scope, [k for k in keys if k in in_force or catalogue.sealed_by(k)])


def _only(policy: Policy, scope: Scope, keys: Sequence[str]) -> str:
    if scope.grade is not None:
        keys = [key for key in keys if grade_of(key) == policy.grade(scope.grade).code]
    if not keys:
        raise BadRequest(
            f"{scope.target} 没有限定知悉范围", f"{scope.target} has no need-to-know list",
            "限定：archivist need-to-know limit", "begin one: archivist need-to-know limit",
        )  # fmt: skip
    if len(keys) > 1:
        raise BadRequest(
            f"{scope.target} 有几个密级的知悉范围，请写明密级",
            f"{scope.target} has lists for several grades: name one",
            "加上 --grade 密级", "add --grade GRADE",
        )  # fmt: skip
    return keys[0]


def _place(archive: Archive, key: str) -> dict[str, str]:
    """How an entry names what a list covers."""
    target = target_of(key) or ""
    kind = kind_of(target) or ""
    row = archive.the(kind, target)
    if kind == "record":
        return {"customer": row["customer"], "dossier": row["dossier"], "record": target}
    return {"customer": row["customer"], "dossier": target}
