"""Disposing (销毁) up to the gate: proposal, appraisal item by item, approvals, refusal.

Owns the first half of the ledger act `disposal`; what is then carried out is asked at
`archivist.disposal_gate` and done elsewhere.

    propose   evidence sealed, where a person asks → entries: the records, the rule of each
    appraise  the opinion in words sealed, the opinion signed → entry: the fate of the record
    approve   the statement of the next step, signed over the exact list → entry
    refuse    the reason sealed → entry          withdraw   entry

Rules it keeps:
- What may be thought of is asked record by record; what may not is named with its reason.
- Each opinion is the appraiser's own, signed, on one record as it was proposed. Whoever appraises
  a record can open it. One that keeps a record keeps it, and is its new period.
- Approvals are signed over the list with every opinion. An opinion after them makes another list,
  and they count no more.
- Proposer and approvers are different people, in the order of the regulation, each with the role
  of his step. Approvals expire.

    made = propose(archive, policy, ["R00000001"], "li", now, today)
    said = Said("destroy", "已无保存价值")
    appraise(archive, policy, made.disposal, "R00000001", said, wang, now, today)
    approve(archive, policy, made.disposal, zhao, now)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archivist import evidence
from archivist.disposal_book import (
    FOREVER,
    PERSON,
    REQUEST,
    SWEEP,
    Case,
    Item,
    content_of,
    list_digest,
    the_case,
    the_disposal,
)
from archivist.disposal_checks import Checks, changed, open_loans
from archivist.disposal_desk import Denied, Refusal, at_the_desk, next_state
from archivist.disposal_gate import approval_code
from archivist.disposal_proofs import DISPOSAL, signed_opinion
from archivist.errors import BadRequest, NotKnown
from archivist.hold_book import held_targets
from archivist.records import Entry, kind_of, timestamp
from archivist.regulations import days_said, roles_held
from archivist.statements import check_own_key, ledger_keys
from archivist.step_proofs import Taken, as_decision, next_signer, proven, signed_approval
from policies.disposal_life import START
from policies.reach import distinct, role_words

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk
    from index.catalogue import Row
    from policies.approvals import Decision
    from policies.policy import Policy
    from storage.people import Unlocked

FOLDER = "DISPOSALS"  # cards outlive the dossiers whose records are destroyed
STATION = "station"
APPROVAL_DAYS = "disposal.approval_days"  # the company's setting: how long an approval holds
USUAL_APPROVAL_DAYS = 30
_PART = 150  # records of one entry: an entry holds at most 64 KiB
MOST = 3_000  # records of one disposal: one entry has to name all that is destroyed


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of a proposal: its id, None when nothing could be proposed; the records in it, and
    what was left out, with the reasons of each."""

    disposal: str | None
    records: tuple[str, ...]
    left_out: Mapping[str, tuple[Refusal, ...]]


@dataclass(frozen=True, slots=True)
class Said:
    """One opinion: `destroy`, `keep` (until a day, or for good) or `regrade` (to a grade)."""

    opinion: str
    words: str
    until: date | None = None
    grade: str | None = None

    @property
    def fields(self) -> dict[str, str]:
        """What is signed of it."""
        fields = {"opinion": self.opinion}
        if self.opinion == "keep":
            fields["until"] = self.until.isoformat() if self.until else FOREVER
        if self.grade is not None:
            fields["grade"] = self.grade
        return fields


# ── propose ───────────────────────────────────────────────────────────────────


def records_of(archive: Archive, targets: Sequence[str]) -> list[str]:
    """The records that these customers, dossiers and records mean, each once.

    Raises NotKnown, BadRequest where there is nothing in one of them.
    """
    found: list[str] = []
    for target in targets:
        kind = kind_of(target)
        if kind not in ("customer", "dossier", "record"):
            raise NotKnown(
                f"{target} 不是客户、客户档案或档案的编号",
                f"{target} is no customer, dossier or record",
                "如 C000001、D000001 或 R00000001", "as C000001, D000001 or R00000001",
            )  # fmt: skip
        archive.the(kind, target)
        dossiers = [target] if kind == "dossier" else []
        if kind == "customer":
            dossiers = [row["id"] for row in archive.catalogue.dossiers(target)]
        inside = [row["id"] for name in dossiers for row in archive.catalogue.records(name)]
        if kind != "record" and not inside:
            raise BadRequest(f"{target} 中没有档案", f"there are no records in {target}")
        found += inside or [target]
    return list(dict.fromkeys(found))


def propose(
    archive: Archive,
    policy: Policy,
    records: Sequence[str],
    who: str,
    now: datetime,
    on: date,
    request: Sequence[Path] = (),
) -> Proposed:
    """Propose records whose period is over on a day; what may not be is named with its reasons.

    `request` are the papers of a person who asks for deletion: then the company's own periods do
    not count, the law's do. Raises NotKnown, BadRequest, Denied (clock).
    """
    evidence.check(request)
    if not 1 <= len(records) <= MOST:
        raise BadRequest(f"一次提出 1 至 {MOST} 件", f"propose 1 to {MOST} records at a time")
    archive.follow()
    origin = REQUEST if request else (SWEEP if who == STATION else PERSON)
    with at_the_desk(archive, now, who, "propose", {}) as desk:
        checks = Checks(archive, policy, held_targets(archive), open_loans(archive))
        rows = [archive.the("record", name) for name in records]
        against = {row["id"]: checks.against(row, on, origin) for row in rows}
        fit = [row for row in rows if not against[row["id"]]]
        left_out = {name: reasons for name, reasons in against.items() if reasons}
        if not fit:
            if who != STATION:  # a sweep that finds nothing tried nothing
                _say_in_vain(desk, rows, left_out)
            return Proposed(None, (), left_out)
        made = desk.number("disposal")
        _say_proposal(archive, desk, made, checks, fit, origin, on, request)
        desk.append()
    archive.follow()
    return Proposed(made, tuple(row["id"] for row in fit), left_out)


def _say_in_vain(desk: Desk, rows: Sequence[Row], reasons: Mapping[str, Sequence[Refusal]]) -> None:
    """Record that somebody tried to propose what nothing of may be proposed."""
    codes = distinct(found[0].code for found in reasons.values())
    subject = {name: rows[0][name] for name in ("customer", "dossier")}
    subject |= {"record": rows[0]["id"]} if len(rows) == 1 else {}
    desk.say("disposal-denied", subject, tried="propose",
             reason=codes[0] if len(codes) == 1 else "nothing-to-propose")  # fmt: skip
    desk.append()


def _say_proposal(
    archive: Archive,
    desk: Desk,
    made: str,
    checks: Checks,
    rows: Sequence[Row],
    origin: str,
    on: date,
    request: Sequence[Path],
) -> None:
    state = next_state(START, "propose")
    sealed: dict[str, Any] = {}
    if request:
        content = {"v": 1, "request": "PIPL-47"}
        sealed = evidence.seal_with_card(archive, desk, FOLDER, made, content, request)
    decision = checks.decision(rows)
    for number in range(0, len(rows), _PART):
        first = {
            "origin": origin, "on": on.isoformat(), "count": len(rows), **sealed,
            "clauses": list(decision.clauses), "packs": list(decision.packs),
        }  # fmt: skip
        desk.say(
            "disposal",
            {"disposal": made},
            step="part" if number else "propose",
            state=state,
            **_listed(checks, rows[number : number + _PART]),
            **({} if number else first),
        )


def _listed(checks: Checks, rows: Sequence[Row]) -> dict[str, Any]:
    """The records of one entry, and the rules of their periods, each rule once."""
    grounds: list[dict[str, Any]] = []
    records: dict[str, dict[str, Any]] = {}
    for row in rows:
        due, ground = checks.ground(row)
        if ground not in grounds:
            grounds.append(ground)
        said = {"content": content_of(row), "ground": grounds.index(ground)}
        records[row["id"]] = said | ({"due": due} if due else {})
    return {"records": records, "grounds": grounds}


# ── appraise ──────────────────────────────────────────────────────────────────


def appraise(
    archive: Archive,
    policy: Policy,
    disposal: str,
    record: str,
    said: Said,
    person: Unlocked,
    now: datetime,
    on: date,
) -> str:
    """Say of one record whether it is destroyed; returns the state that this leads to.

    Raises NotKnown, NotAllowed (over), BadRequest (no words, a day that is past, an unknown grade),
    Denied: not of the group, cannot open it, changed since, no rule, clock.
    """
    _check_said(policy, said, on)
    archive.follow()
    subject = _subject(archive, disposal, record)
    with at_the_desk(archive, now, person.name, "appraise", subject) as desk:
        case = the_case(archive, disposal)
        next_state(case.state, "appraise", "appraised")
        row = archive.the("record", record)
        checks = Checks(archive, policy, (), {})
        _check_appraiser(archive, policy, checks, row, person.name)
        before = _proposed(archive, disposal, record)
        if found := changed(row, case.items[record].content, before["grade"], before["key"]):
            raise Denied(found.code)
        check_own_key(archive, person)
        after = _with_opinion(case, record, said, person.name, now)
        listed = {row["record"]: row for row in archive.catalogue.disposal_records(disposal)}
        fates = {n: item.fate(checks.appraisers(listed[n])) for n, item in after.items()}
        state, more = _outcome(checks, listed, fates)
        state = next_state(case.state, "appraise", state)
        content = {"v": 1, "opinion": said.words}
        sealed = evidence.seal_with_card(archive, desk, FOLDER, disposal, content, ())
        fields = signed_opinion(archive.settings.archive_id, case, record, said.fields,
                                sealed["card"], person, now)  # fmt: skip
        digest, fate = list_digest(after.values()), fates[record]
        desk.say("disposal", subject, step="appraise", state=state, fate=fate, digest=digest,
                 card=sealed["card"], **fields, **more)  # fmt: skip
        desk.append()
    archive.follow()
    return state


def _check_said(policy: Policy, said: Said, on: date) -> None:
    if not said.words.strip():
        raise BadRequest("请用 --opinion 写明意见", "say why with --opinion TEXT")
    if said.until is not None and said.opinion != "keep":
        raise BadRequest("--until 只用于 keep", "--until goes with keep")
    if said.until is not None and said.until < on:
        raise BadRequest("续存日期已过", "the day until which it is kept is past")
    if said.grade is not None and said.opinion != "regrade":
        raise BadRequest("--grade 只用于 regrade", "--grade goes with regrade")
    if said.grade is not None and said.grade not in policy.grades:
        raise BadRequest(f"没有密级 {said.grade}", f"there is no grade {said.grade}")


def _check_appraiser(archive: Archive, policy: Policy, checks: Checks, row: Row, name: str) -> None:
    """Raises Denied unless this person is of the group, and can see what he appraises."""
    duties = policy.duties("appraise", row["type"], checks.dossier(row)["type"])
    roles = {role for cited in duties for word in cited.row.roles for role in policy.who_is(word)}
    if roles and not roles & roles_held(archive.catalogue, policy, name):
        words = [role_words(policy, role) for role in sorted(roles)]
        raise Denied("not-appraiser", hint=(
            "由" + "、".join(zh for zh, _ in words) + "鉴定",
            "appraised by " + ", ".join(en for _, en in words)))  # fmt: skip
    if row["generation"] is None:
        return
    if (row["key"], row["generation"]) not in archive.held_by(name):
        raise Denied("not-cleared", hint=(
            f"由看得到的人鉴定，或先授权：archivist person clear {name} {row['grade']}",
            "somebody who can open it appraises it, or clear him first: archivist person clear "
            f"{name} {row['grade']}"))  # fmt: skip


def _with_opinion(case: Case, record: str, said: Said, who: str, now: datetime) -> dict[str, Item]:
    """The list with one opinion more, which is in no entry yet."""
    item = case.items[record]
    entry = Entry(-1, timestamp(now), "disposal", who, {"record": record}, said.fields)
    return {**case.items, record: replace(item, opinions={**item.opinions, who: entry})}


def _outcome(
    checks: Checks, listed: Mapping[str, Row], fates: Mapping[str, str]
) -> tuple[str, dict[str, Any]]:
    """The state that the opinions lead to; when they are complete, who is to say yes."""
    rows = [listed[name] for name, fate in fates.items() if fate == "destroy"]
    spared = [listed[name] for name, fate in fates.items() if fate != "destroy"]
    cited = checks.decision(rows or spared)
    clauses = distinct((*cited.clauses, *(c for row in rows for c in checks.terms(row).clauses)))
    more = {"clauses": list(clauses), "packs": list(cited.packs)}
    if "open" in fates.values():
        return "proposed", more
    if not rows:
        return "kept", more
    if not cited.allowed:
        assert cited.why is not None
        raise Denied(cited.why.code, (cited.why.zh, cited.why.en))
    return "appraised", {**more, "steps": [{"role": s.role, "act": s.act} for s in cited.steps]}


# ── approve ───────────────────────────────────────────────────────────────────


def approve(
    archive: Archive, policy: Policy, disposal: str, person: Unlocked, now: datetime
) -> str:
    """Take the next step, signed over the list as it stands; returns the state it leads to.

    Raises NotKnown, NotAllowed (nothing waits for approval), Denied, Damaged when the person's
    key is not the one in the ledger.
    """
    archive.follow()
    with at_the_desk(archive, now, person.name, "approve", _subject(archive, disposal)) as desk:
        case = the_case(archive, disposal)
        next_state(case.state, "approve", "appraised")
        asked = case.asked
        assert asked is not None, "a disposal that is appraised says who is asked"
        _check_rules(archive, policy, case)
        check_own_key(archive, person)
        decision = _decision(policy, case)
        earlier = _earlier(archive, policy, case, decision, now)
        roles = roles_held(archive.catalogue, policy, person.name)
        proposer = case.proposal.who
        said = next_signer(policy, decision, person.name, roles, proposer, earlier.people)
        if said is not None:
            raise Denied(approval_code(said), hint=_whose(policy, decision, len(earlier.people)))
        number = len(earlier.people) + 1
        state = next_state(
            case.state, "approve", "approved" if number == len(asked.steps) else "appraised"
        )
        days = days_said(policy, APPROVAL_DAYS, USUAL_APPROVAL_DAYS)
        here = archive.settings.archive_id
        fields = signed_approval(DISPOSAL, here, asked, number, person, now, days)
        desk.say("disposal", _subject(archive, disposal), step="approve", state=state, **fields)
        desk.append()
    archive.follow()
    return state


def _check_rules(archive: Archive, policy: Policy, case: Case) -> None:
    """Raises Denied when the list or the rules are not those that were appraised."""
    assert case.round is not None
    if case.round.fields["digest"] != case.digest:
        raise Denied("list-changed")
    checks = Checks(archive, policy, (), {})
    rows = {name: archive.the("record", name) for name in case.items}
    destroyed = case.to_destroy(lambda name: checks.appraisers(rows[name]))
    if not destroyed:
        raise Denied("nothing-to-destroy")
    said = checks.decision([rows[name] for name in destroyed])
    if said.why is not None:
        raise Denied(said.why.code, (said.why.zh, said.why.en))
    if [{"role": s.role, "act": s.act} for s in said.steps] != case.round.fields["steps"]:
        raise Denied("rules-changed")


def _decision(policy: Policy, case: Case) -> Decision:
    assert case.round is not None
    return as_decision(policy, case.round.fields["steps"], separate=True)


def _earlier(
    archive: Archive, policy: Policy, case: Case, decision: Decision, now: datetime
) -> Taken:
    """Who took the steps before, each verified. Raises Denied where one proves nothing."""
    assert case.asked is not None
    keys = ledger_keys(archive, [entry.who for entry in case.approvals])
    taken = proven(archive, policy, DISPOSAL, case.asked, case.approvals, decision,
                   case.proposal.who, keys, now)  # fmt: skip
    if taken.problem is not None:
        raise Denied(approval_code(taken.problem))
    return taken


def _whose(policy: Policy, decision: Decision, taken: int) -> tuple[str, str]:
    if taken >= len(decision.steps):
        return "", ""
    zh, en = role_words(policy, decision.steps[taken].role)
    return f"这一步由{zh}批准", f"this step is for the {en}"


# ── refuse, withdraw ──────────────────────────────────────────────────────────


def refuse(
    archive: Archive, policy: Policy, disposal: str, reason: str, person: str, now: datetime
) -> str:
    """Say no, as one of those whom the steps ask; the reason is sealed. Returns the state.

    Raises NotKnown, BadRequest, NotAllowed (nothing to refuse), Denied (wrong role, clock).
    """
    if not reason.strip():
        raise BadRequest("请用 --reason 写明理由", "say why with --reason TEXT")
    archive.follow()
    subject = _subject(archive, disposal)
    with at_the_desk(archive, now, person, "refuse", subject) as desk:
        case = the_case(archive, disposal)
        state = next_state(case.state, "refuse")
        if not _asked_roles(archive, policy, case) & roles_held(archive.catalogue, policy, person):
            raise Denied("wrong-role")
        desk.say_with_card(FOLDER, disposal, {"v": 1, "reason": reason}, "disposal", subject,
                           step="refuse", state=state)  # fmt: skip
    archive.follow()
    return state


def _asked_roles(archive: Archive, policy: Policy, case: Case) -> frozenset[str]:
    """The roles of every step: as the appraisal led to them, else of all that was proposed."""
    if case.round is not None:
        decision = _decision(policy, case)
    else:
        rows = [archive.the("record", name) for name in case.items]
        decision = Checks(archive, policy, (), {}).decision(rows)
    return frozenset(role for step in decision.steps for role in step.means)


def withdraw(archive: Archive, disposal: str, person: str, now: datetime) -> str:
    """Take a proposal back; only whoever made it. Returns the state."""
    archive.follow()
    subject = _subject(archive, disposal)
    with at_the_desk(archive, now, person, "withdraw", subject) as desk:
        case = the_case(archive, disposal)
        state = next_state(case.state, "withdraw")
        if person != case.proposal.who:
            raise Denied("not-the-proposer")
        desk.say("disposal", subject, step="withdraw", state=state)
        desk.append()
    archive.follow()
    return state


# ── below ─────────────────────────────────────────────────────────────────────


def _subject(archive: Archive, disposal: str, record: str | None = None) -> dict[str, str]:
    """The ids that an entry on a disposal names. Raises NotKnown."""
    the_disposal(archive, disposal)
    if record is None:
        return {"disposal": disposal}
    row = _proposed(archive, disposal, record)
    ids = {name: row[name] for name in ("customer", "dossier", "record")}
    return {"disposal": disposal, **ids}


def _proposed(archive: Archive, disposal: str, record: str) -> Row:
    for row in archive.catalogue.disposal_records(disposal):
        if row["record"] == record:
            return row
    raise NotKnown(
        f"{disposal} 中没有 {record}",
        f"there is no {record} in {disposal}",
        f"查看：archivist disposal show {disposal}",
        f"see archivist disposal show {disposal}",
    )
