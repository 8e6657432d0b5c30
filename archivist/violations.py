"""What people do about violations: record, order corrected, confirm, dismiss.

Every step is one ledger entry, act `violation`. It names ids and codes only; the reason, which
is free text about a person, lies in a sealed card. What the archive shows by itself (a late set)
has no entry until somebody acts on it; then the entry says all that is needed to know it again.

    open ──order──▶ open, ordered ──corrected──▶ open, corrected
      └──────────────┴──────────────┴──▶ confirmed | dismissed

Rules it keeps: only a person whose role the regulation names confirms or dismisses, and nobody
his own case. A confirmation is signed with the person's own key, so that the entry proves it to
whoever has the public half. Nothing here pays or deducts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from archivist.archive import Archive, Desk
from archivist.assessing import Assessed, assessed
from archivist.errors import BadRequest, NotAllowed, NotKnown
from archivist.lapses import CONFIRMED, DISMISSED, OPEN, Case
from archivist.records import Entry, canonical, timestamp
from archivist.regulations import roles_meant
from index.catalogue import Row
from policies.calendar import Calendar
from policies.errors import UnknownName
from policies.naming import role_id, violation_code
from policies.pack_rows import DossierType, Role
from policies.penalties import Violation, liable
from policies.policy import Policy
from policies.reach import role_words
from storage.people import Unlocked

FOLDER = "VIOLATIONS"


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports: code and day, and who, or in which role, by which papers."""

    code: str
    on: date
    person: str | None = None
    role: str | None = None
    dossier: str | None = None
    record: str | None = None
    item: str | None = None
    count: int = 1


def record(
    archive: Archive, policy: Policy, report: Report, reason: str, now: datetime, who: str
) -> str:
    """Record a violation; returns its id.

    Raises BadRequest for a code no adopted regulation knows, for a role it does not fall on, and
    when it is not clear who is meant; NotKnown for a person, dossier or record that is not there.
    """
    report = replace(report, code=code_called(policy, report.code))
    if report.count < 1:
        raise BadRequest("数量须为 1 以上", "the count must be at least 1")
    with archive.writing(now, who) as desk:
        case = _described(archive, policy, report, desk.number("violation"))
        _append(desk, case, {"state": OPEN}, reason)
    archive.follow()
    return case.id


def order(
    archive: Archive, policy: Policy, calendar: Calendar, identifier: str, day: date,
    now: datetime, who: str,
) -> None:  # fmt: skip
    """Order that a fault be corrected; from here each failed working day counts again."""
    found = _open(archive, policy, calendar, identifier, day)
    with archive.writing(now, who) as desk:
        _append(desk, found.case, {"state": OPEN, "ordered": day.isoformat()})
    archive.follow()


def corrected(
    archive: Archive, policy: Policy, calendar: Calendar, identifier: str, day: date,
    now: datetime, who: str,
) -> None:  # fmt: skip
    """Note that a fault was corrected on a day."""
    found = _open(archive, policy, calendar, identifier, day)
    if day < found.case.violation.on:
        raise BadRequest("改正日期早于违规日期", "it was corrected before it happened")
    with archive.writing(now, who) as desk:
        _append(desk, found.case, {"state": OPEN, "corrected": day.isoformat()})
    archive.follow()


def confirm(
    archive: Archive, policy: Policy, calendar: Calendar, identifier: str, today: date,
    amount: int | None, now: datetime, person: Unlocked,
) -> dict[str, Any]:  # fmt: skip
    """Confirm a penalty as it is assessed today; returns what was decided.

    Where the regulation gives a range, `amount` says how much. Raises NotAllowed unless the
    person holds a role that the regulation names, BadRequest while something is undecided.
    """
    found = _open(archive, policy, calendar, identifier, today)
    _check_decider(archive, policy, found, person.name)
    if not found.penalised:
        open_settings = "、".join(q.setting for one in found.found for q in one.open)
        raise BadRequest(
            f"{identifier} 没有可核定的处罚"
            + (f"，待定：{open_settings}" if open_settings else ""),
            f"there is no penalty to confirm for {identifier}"
            + (f"; undecided: {open_settings}" if open_settings else ""),
        )
    decision = _decision(found, amount)
    statement = _statement(archive.settings.archive_id, found.case.id, decision, now)
    more = {"state": CONFIRMED, "decision": decision, "signature": person.sign(statement).hex()}
    with archive.writing(now, person.name) as desk:
        _append(desk, found.case, more)
    archive.follow()
    return decision


def dismiss(
    archive: Archive, policy: Policy, calendar: Calendar, identifier: str, today: date,
    reason: str, now: datetime, person: str,
) -> None:  # fmt: skip
    """Decide that something is no violation, or is not to be penalised. The reason is sealed."""
    found = _open(archive, policy, calendar, identifier, today)
    _check_decider(archive, policy, found, person)
    with archive.writing(now, person) as desk:
        _append(desk, found.case, {"state": DISMISSED}, reason)
    archive.follow()


def reasons(archive: Archive, identifier: str) -> list[dict[str, Any]]:
    """What people wrote about a violation, oldest first: time, who, state, reason."""
    told = []
    for entry in archive.entries_of(identifier):
        if entry.act == "violation":
            card = entry.fields.get("card")
            reason = archive.read_card(card["name"], card["sha256"])["reason"] if card else None
            told.append({"time": entry.time, "who": entry.who, "step": _step(entry),
                         "reason": reason})  # fmt: skip
    return told


def signed_statement(archive_id: str, entry: Entry) -> bytes:
    """What the signature of a confirming entry covers: verify it with the person's public key."""
    at = datetime.fromisoformat(entry.time)
    identifier = entry.subject.get("violation") or entry.subject["lapse"]
    return _statement(archive_id, identifier, entry.fields["decision"], at)


# ── below ─────────────────────────────────────────────────────────────────────


def the_case(
    archive: Archive, policy: Policy, calendar: Calendar, identifier: str, today: date
) -> Assessed:
    """One violation as it stands. Raises NotKnown."""
    archive.follow()
    for found in assessed(archive, policy, calendar, today):
        if found.case.id == identifier:
            return found
    raise NotKnown(f"没有违规 {identifier}", f"there is no violation {identifier}")


def _open(
    archive: Archive, policy: Policy, calendar: Calendar, identifier: str, today: date
) -> Assessed:
    found = the_case(archive, policy, calendar, identifier, today)
    if found.case.state != OPEN:
        zh = {"confirmed": "核定", "dismissed": "撤销"}[found.case.state]
        raise BadRequest(f"{identifier} 已经{zh}", f"{identifier} is {found.case.state} already")
    return found


def _check_decider(archive: Archive, policy: Policy, found: Assessed, who: str) -> None:
    """Confirming and dismissing is the office of one role, and never one's own case."""
    named = found.may_confirm
    if not set(named) & _held(archive, policy, who):
        roles = "、".join(role_words(policy, role)[0] for role in named)
        zh = f"须由{roles}核定或撤销" if named else "制度没有写明由谁核定"
        en = f"only {' or '.join(named)} may" if named else "no regulation says who may"
        raise NotAllowed(
            f"{who} 不能核定 {found.case.id}", f"{who} may not decide on {found.case.id}", zh, en
        )
    if found.case.violation.person == who:
        raise NotAllowed("不能核定自己的违规", "nobody decides on a violation of his own")


def _decision(found: Assessed, amount: int | None) -> dict[str, Any]:
    least = sum(one.amount for one in found.found)
    most = sum(one.amount_to for one in found.found)
    if amount is None and least != most:
        raise BadRequest(
            f"制度规定 {least} 至 {most} 元，请用 --amount 写明",
            f"the regulation says {least} to {most} yuan; give --amount",
        )
    chosen = least if amount is None else amount
    if not least <= chosen <= most:
        raise BadRequest(
            f"制度规定 {least} 元" if least == most else f"金额须在 {least} 至 {most} 元之间",
            f"the regulation says {least} yuan"
            if least == most
            else f"the amount lies between {least} and {most} yuan",
        )
    return {
        "amount": chosen,
        "points": sum(one.points for one in found.found),
        "multiplier": max(one.multiplier for one in found.found),
        "clauses": list(dict.fromkeys(c for one in found.found for c in one.clauses)),
        "packs": list(dict.fromkeys(p for one in found.found for p in one.packs)),
    }


def _statement(archive: str, identifier: str, decision: Mapping[str, Any], at: datetime) -> bytes:
    return canonical(
        {
            "archive": archive,
            "decision": dict(decision),
            "t": timestamp(at),
            "violation": identifier,
        }
    )


def _append(desk: Desk, case: Case, more: Mapping[str, Any], reason: str = "") -> None:
    violation = case.violation
    recorded = case.source == "recorded"
    # A dossier's key may hold a name as people write it; only a person's own id may be told.
    person = violation.person if recorded else None
    named = {"person": person, "customer": case.customer, "dossier": case.dossier,
             "record": case.record}  # fmt: skip
    subject = {"violation" if recorded else "lapse": case.id}
    subject.update((name, value) for name, value in named.items() if value)
    fields: dict[str, Any] = {
        "code": violation.code,
        "role": violation.role,
        "department": violation.department or None,
        "item": violation.item or None,
        "count": violation.count,
        "on": violation.on.isoformat(),
        **more,
    }
    if reason:
        folder = f"{case.customer}/{case.dossier}" if case.dossier else FOLDER
        desk.say_with_card(
            folder, _card_name(case), {"v": 1, "reason": reason}, "violation", subject, **fields
        )
    else:
        desk.say("violation", subject, **fields)
        desk.append()


def _card_name(case: Case) -> str:
    # A made-up id is longer than a name in the vault may be; the entry says which one is meant.
    return case.id if case.source == "recorded" else "LAPSE"


def _step(entry: Entry) -> str:
    return next((name for name in ("ordered", "corrected") if name in entry.fields),
                str(entry.fields["state"]))  # fmt: skip


# ── a new one ─────────────────────────────────────────────────────────────────


def code_called(policy: Policy, said: str) -> str:
    """The violation called so. Raises BadRequest with the codes and words there are."""
    try:
        return violation_code(policy, said)
    except UnknownName as error:
        raise BadRequest(
            f"现行制度没有违规代码 {said}",
            f"no adopted regulation knows the violation {said}",
            f"可用：{'、'.join(error.known_zh)}",
            f"there are: {', '.join(error.known)}",
        ) from None


def _described(archive: Archive, policy: Policy, report: Report, identifier: str) -> Case:
    """A recorded violation as a case: where it belongs, and whom it concerns."""
    dossier = _dossier_of(archive, report)
    kind = policy.find_dossier_type(dossier["type"]) if dossier else None
    item = _item(policy, kind, report.item) if report.item is not None else ""
    role = _role_of(archive, policy, report, dossier)
    violation = Violation(
        code=report.code,
        role=role,
        on=report.on,
        person=report.person or "",
        department=kind.department if kind else _home(archive, policy, report.person, role),
        item=item,
        count=report.count,
        dossier_type=kind.id if kind else "",
    )
    customer = dossier["customer"] if dossier else None
    return Case(
        identifier, "recorded", violation, customer, dossier["id"] if dossier else None,
        report.record,
    )  # fmt: skip


def _item(policy: Policy, kind: DossierType | None, name: str) -> str:
    """The id of the item of the checklist called so. Raises BadRequest."""
    if kind is None:
        raise BadRequest(
            "--item 须与 --dossier 或 --record 同用", "--item needs --dossier or --record"
        )
    wanted = policy.fold(name)
    for item in kind.items:
        if wanted in map(policy.fold, (item.id, item.zh, item.en)):
            return item.id
    raise BadRequest(
        f"清单里没有 {name}",
        f"the checklist has no item {name}",
        f"可用：{'、'.join(item.zh for item in kind.items)}",
        f"there are: {', '.join(item.id for item in kind.items)}",
    )


def _dossier_of(archive: Archive, report: Report) -> Row | None:
    given = report.dossier
    if report.record:
        filed_in = archive.the("record", report.record)["dossier"]
        if given not in (None, filed_in):
            raise BadRequest(
                f"{report.record} 不在 {given} 中", f"{report.record} does not lie in {given}"
            )
        given = filed_in
    return archive.the("dossier", given) if given else None


def _role_of(archive: Archive, policy: Policy, report: Report, dossier: Row | None) -> str:
    """In which role: as given, else the one role of the person that the violation falls on.

    A person is not fined for what falls on others: one who holds none of the roles is refused,
    until somebody says with `role` in which he did it.
    """
    fits = liable(policy, report.code, dossier["type"] if dossier else "")
    held = _held(archive, policy, report.person)
    if report.role:
        role = role_id(policy, report.role)
        meant = {name for each in fits for name in (each, *policy.who_is(each))}
        if fits and role not in meant:
            raise BadRequest(
                f"{report.code} 不处罚{role_words(policy, role)[0]}",
                f"{report.code} does not fall on {role}",
                *_roles_there(policy, fits),
            )
        return role
    own = [role for role in fits if held & {role, *policy.who_is(role)}]
    found = own if report.person else list(fits)
    if len(found) == 1 or not fits:
        return found[0] if found else ""
    if report.person and not own:
        raise BadRequest(
            f"{report.code} 不处罚 {report.person} 现任的职务；当时任别的职务的，用 --role 写明",
            f"{report.code} falls on no role that {report.person} holds; "
            "say with --role in which it was done",
            *_roles_there(policy, fits),
        )
    raise BadRequest(
        "请用 --person 或 --role 写明是谁",
        "say who is meant with --person or --role",
        *_roles_there(policy, found),
    )


def _roles_there(policy: Policy, roles: Iterable[str]) -> tuple[str, str]:
    """The hint that names the roles a violation can fall on, in both languages."""
    known = tuple(roles)
    return (
        f"可用：{'、'.join(role_words(policy, role)[0] for role in known)}",
        f"roles: {', '.join(known)}",
    )


def _held(archive: Archive, policy: Policy, person: str | None) -> frozenset[str]:
    if person is None:
        return frozenset()
    for row in archive.catalogue.people():
        if row["id"] == person:
            return roles_meant(policy, row["roles"])
    known = ", ".join(archive.people.names())
    raise NotKnown(
        f"没有名为 {person} 的人员", f"there is no person {person}",
        f"已有人员：{known}", f"there are: {known}",
    )  # fmt: skip


def _home(archive: Archive, policy: Policy, person: str | None, role: str) -> str:
    """The department of the person, else that of the role."""
    people = {row["id"]: row["department"] for row in archive.catalogue.people()}
    own = people.get(person or "") or ""
    homes = [c.row.department for c in policy.rows(Role) if c.row.id == role]
    return own or next(iter(homes), "")
