"""Lending: the paper goes out and comes back. Issue, renew, excuse, recall, return.

Owns the second half of the ledger act `loan`; who asked and who approved is `archivist.loans`.

    issue    approvals verified anew → note sealed → entry, the paper is handed over
    renew    before it is late; where the matrix asks for approvals, they are given anew
    excuse   the role that the regulation names lets the papers be kept back for a while
    recall   the papers are wanted back, by an earlier day if one is said
    return   counted by both, condition looked at → entry

Rules it keeps:
- Before papers leave everything is asked again: the regulations, the borrower, who may know, each
  approval from the ledger, where the original is.
- Whoever hands out or takes back keeps the papers and has no part in the loan (S001-1-R50: both
  sides count face to face). A count that differs is said in a sealed note.
- An original is lent once. Of two who issue at once the second finds it gone: the writer's lock is
  held from the look to the entry.
- Papers in other hands than the borrower's were lent on, which is recorded; they are taken back
  from the borrower.

    issue(archive, policy, "L000001", Count(), "", li, now, today).due      # date(2026, 3, 19)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from archivist import (
    granting,
    loan_desk,
    loan_gate,
    loan_proofs,
    loan_rulings,
    regulations,
    statements,
)
from archivist.errors import BadRequest
from archivist.loan_book import due_of, is_overdue, records_of, terms_of, the_loan
from archivist.records import timestamp
from policies import rule_rows
from policies.approvals import Request, decide, may_sign
from policies.incidents import speaking

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk
    from archivist.loan_rulings import Ruling
    from index.catalogue import Row
    from policies.conduct_rows import Incident
    from policies.policy import Cited, Policy
    from storage.people import Unlocked

# What packs call it when papers come back so.
INCIDENT_OF = {"damaged": "damage", "incomplete": "loss", "lost": "loss"}


@dataclass(frozen=True, slots=True)
class Count:
    """What both sides counted; None: all of it is there."""

    pages: int | None = None
    pieces: int | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a loan: its state, the day it is due, what was counted, and what to do now.

    `papers` are the cards and registers that the regulation wants kept, `incidents` what it asks
    when papers come back damaged or not at all.
    """

    loan: str
    state: str
    due: date | None
    pages: int
    pieces: int
    papers: tuple[rule_rows.Form, ...] = ()
    incidents: tuple[Cited[Incident], ...] = ()


# ── issue ─────────────────────────────────────────────────────────────────────


def issue(
    archive: Archive,
    policy: Policy,
    loan: str,
    count: Count,
    note: str,
    custodian: Unlocked,
    now: datetime,
    today: date,
    copies: int = 1,
) -> Handed:
    """Hand the papers out, and open the records to a borrower who has keys here.

    Heads that open them are durable before the entry that names them. Raises NotKnown, NotAllowed,
    Denied, BadRequest (a count that differs without a note). `copies` counts for the form `copy`:
    each gets a number of its own (S001-4-R20).
    """
    archive.follow()
    row = the_loan(archive, loan)
    with loan_desk.at_the_desk(
        archive, now, custodian.name, "issue", loan_desk.subject_of(row)
    ) as desk:
        row = the_loan(archive, loan)
        ruling = _may_leave(archive, policy, row, custodian.name, now)
        state = loan_desk.next_state(row["state"], "issue")
        until = date.fromisoformat(row["until"]) if row["until"] else None
        limit = loan_rulings.last_day(ruling, today)
        due = min((day for day in (until, limit) if day), default=None)
        loan_rulings.check_until(ruling, due, today, row["form"])
        counted = _counted(row["lent"], count, note)
        # Without a day on which it is due a paper is looked at on the day itself.
        heads = granting.grant(archive, row, ruling.records, due or today, custodian)
        more: dict[str, Any] = {
            "on": today.isoformat(),
            "due": due.isoformat() if due else None,
            "due_after": _due_after(ruling),
            "counted": counted,
            "records": sorted(row["lent"]),
            "grants": heads or None,
            "copies": copies if row["form"] == "copy" else None,
            "granted_until": (due or today).isoformat() if heads else None,
        }
        _say(desk, row, "issue", state, note, **more, **loan_rulings.entry_fields(ruling))
    archive.follow()
    row = the_loan(archive, loan)
    papers = _papers(policy, ruling)
    return Handed(loan, state, due_of(archive, row), counted["pages"], counted["pieces"], papers)


def _may_leave(archive: Archive, policy: Policy, row: Row, custodian: str, now: datetime) -> Ruling:
    """Everything that is asked again before papers leave. Raises Denied, NotAllowed."""
    if row["state"] == "requested":
        raise loan_desk.Denied("not-approved")
    loan_desk.next_state(row["state"], "issue")
    reader = loan_rulings.reader_of_loan(archive, policy, row)
    loan_gate.check_custodian(archive, policy, row, custodian)
    ruling = loan_rulings.rule_again(archive, policy, row, reader)
    approvers = loan_gate.proven(archive, policy, row, now)
    if len(approvers) < len(row["steps"]):
        raise loan_desk.Denied("not-approved")
    loan_rulings.check_knows(archive, policy, ruling, approvers)
    loan_gate.check_not_lent(archive, row["form"], sorted(row["lent"]))
    return ruling


def _due_after(ruling: Ruling) -> dict[str, Any] | None:
    terms = ruling.terms
    if not terms.due_after or terms.days is None:
        return None
    return {"events": list(terms.due_after), "days": terms.days}


def _papers(policy: Policy, ruling: Ruling) -> tuple[rule_rows.Form, ...]:
    """The cards and registers that the regulations want kept of such a loan."""
    wanted = set()
    if "loan_card" in ruling.terms.demands:
        wanted.add("loan_card")
    if ruling.decision.register or "registration" in ruling.terms.demands:
        outside = ruling.reader.name is None
        wanted.add("external_readers" if outside else "loans")
    return tuple(cited.row for cited in policy.rows(rule_rows.Form) if cited.row.of in wanted)


# ── renew, excuse, recall ─────────────────────────────────────────────────────


def renew(
    archive: Archive, policy: Policy, loan: str, until: date, person: str, now: datetime,
    today: date,
) -> str:  # fmt: skip
    """Let a loan last until a later day; returns its state.

    `renewing` where the matrix asks for approvals: they are given to the renewal as to a request.
    Raises NotKnown, NotAllowed, BadRequest (no later day, too late a day), Denied (overdue, not
    the borrower, left, rules).
    """
    archive.follow()
    row = the_loan(archive, loan)
    with loan_desk.at_the_desk(archive, now, person, "renew", loan_desk.subject_of(row)) as desk:
        row = the_loan(archive, loan)
        loan_desk.next_state(row["state"], "renew", "issued")
        if person != loan_gate.requester(row):
            raise loan_desk.Denied("not-the-borrower")
        if is_overdue(archive, row, today):
            raise loan_desk.Denied("overdue")
        reader = loan_rulings.reader_of_loan(archive, policy, row)
        dossier, records = archive.the("dossier", row["dossier"]), records_of(archive, row)
        ruling = loan_rulings.rule(
            policy, dossier, records, loan_rulings.Wish(row["form"], row["purpose"]), reader
        )
        due = due_of(archive, row)
        if due is not None and until <= due:
            raise BadRequest(
                f"须晚于现在的归还日期 {due.isoformat()}",
                f"it must be later than {due.isoformat()}, when it is due now",
            )
        loan_rulings.check_until(ruling, until, today, row["form"])
        free = not ruling.decision.steps
        state = loan_desk.next_state(row["state"], "renew", "issued" if free else "renewing")
        desk.say(
            "loan", loan_desk.subject_of(row), step="renew", state=state, until=until.isoformat(),
            on=today.isoformat(), steps=ruling.steps, separate=ruling.decision.separate,
            due=until.isoformat() if free else None, **loan_rulings.entry_fields(ruling),
        )  # fmt: skip
        desk.append()
    archive.follow()
    return state


def excuse(
    archive: Archive,
    policy: Policy,
    loan: str,
    until: date,
    reason: str,
    person: Unlocked,
    now: datetime,
) -> str:
    """Let papers that cannot be returned be kept back until a day (S001-9-R07); signed.

    Only by the roles that the rules of the loan and the approval `keep_back` name. Raises
    NotKnown, NotAllowed, BadRequest, Denied, Damaged.
    """
    if not reason.strip():
        raise BadRequest("请用 --reason 写明理由", "say why with --reason TEXT")
    archive.follow()
    row = the_loan(archive, loan)
    with loan_desk.at_the_desk(
        archive, now, person.name, "excuse", loan_desk.subject_of(row)
    ) as desk:
        row = the_loan(archive, loan)
        state = loan_desk.next_state(row["state"], "excuse")
        clauses, packs = _may_excuse(archive, policy, row, person.name)
        statements.check_own_key(archive, person)
        statement = {
            "act": loan_proofs.EXCUSE, "v": 1, "archive": archive.settings.archive_id, "loan": loan,
            "until": until.isoformat(), "person": person.name, "time": timestamp(now),
        }  # fmt: skip
        _say(desk, row, "excuse", state, reason, until=until.isoformat(), clauses=clauses,
             packs=packs, **statements.signed(statement, person))  # fmt: skip
    archive.follow()
    return state


def _may_excuse(
    archive: Archive, policy: Policy, row: Row, name: str
) -> tuple[list[str], list[str]]:
    """Clauses and packs that let this person excuse it. Raises Denied."""
    terms = terms_of(archive, policy, row)
    if not terms.excused_by:
        raise loan_desk.Denied("no-rule")
    dossier = archive.the("dossier", row["dossier"])
    records = records_of(archive, row)
    request = Request("keep_back", records[0]["grade"], row["relation"], records[0]["type"],
                      dossier["type"])  # fmt: skip
    decision, roles = (
        decide(policy, request),
        regulations.roles_held(archive.catalogue, policy, name),
    )
    meant = {role for by in terms.excused_by for role in policy.who_is(by)}
    if not meant & roles:
        raise loan_desk.Denied("wrong-role")
    if decision.allowed and decision.steps:
        said = may_sign(policy, decision, 1, name, roles, loan_gate.requester(row), ())
        if said is not None:
            raise loan_desk.Denied("self-approval" if said == "self-approval" else "wrong-role")
    clauses = (*terms.clauses, *decision.clauses)
    return list(dict.fromkeys(clauses)), list(dict.fromkeys((*terms.packs, *decision.packs)))


def recall(
    archive: Archive, policy: Policy, loan: str, until: date | None, custodian: str,
    now: datetime, today: date,
) -> Handed:  # fmt: skip
    """Ask for the papers back, by an earlier day where one is said.

    Raises NotKnown, NotAllowed, BadRequest (no earlier day), Denied.
    """
    archive.follow()
    row = the_loan(archive, loan)
    with loan_desk.at_the_desk(
        archive, now, custodian, "recall", loan_desk.subject_of(row)
    ) as desk:
        row = the_loan(archive, loan)
        state = loan_desk.next_state(row["state"], "recall")
        loan_gate.check_custodian(archive, policy, row, custodian)
        due = due_of(archive, row)
        if until is not None and (until < today or (due is not None and until > due)):
            raise BadRequest("催还只能提前，且不早于今天", "a recall brings the day nearer, "
                             "and not before today")  # fmt: skip
        desk.say("loan", loan_desk.subject_of(row), step="recall", state=state,
                 on=today.isoformat(), due=until.isoformat() if until else None)  # fmt: skip
        desk.append()
    archive.follow()
    row = the_loan(archive, loan)
    return Handed(loan, state, due_of(archive, row), sum(row["lent"].values()), len(row["lent"]))


# ── return ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Back:
    """How papers come back: their condition, what was counted, who brought them."""

    condition: str = "intact"
    count: Count = Count()
    note: str = ""
    brought_by: str | None = None


def take_back(
    archive: Archive,
    policy: Policy,
    loan: str,
    back: Back,
    custodian: str,
    now: datetime,
    today: date,
) -> Handed:
    """Take the papers back, or record that they are lost; the borrower opens nothing any more.

    Raises NotKnown, NotAllowed, BadRequest, Denied (not a custodian,
    his own loan, lent on).
    """
    archive.follow()
    row = the_loan(archive, loan)
    with loan_desk.at_the_desk(
        archive, now, custodian, "return", loan_desk.subject_of(row)
    ) as desk:
        row = the_loan(archive, loan)
        goal = "lost" if back.condition == "lost" else "returned"
        state = loan_desk.next_state(row["state"], "return", goal)
        loan_gate.check_custodian(archive, policy, row, custodian)
        _check_own_hands(archive, policy, row, back)
        if row["issued"] and today.isoformat() < row["issued"]:
            raise BadRequest("归还日期在借出之前", "it would be back before it was lent")
        if back.condition != "intact" and not back.note.strip():
            raise BadRequest("请用 --note 写明情形", "say what is wrong with --note TEXT")
        gone = back.condition == "lost"
        counted = None if gone else _counted(row["lent"], back.count, back.note)
        _say(desk, row, "return", state, back.note, on=today.isoformat(), counted=counted,
             condition=back.condition, records=sorted(row["lent"]))  # fmt: skip
    archive.follow()
    granting.withdraw(archive, loan)
    incidents = incidents_of(policy, back.condition)
    pages, pieces = (counted["pages"], counted["pieces"]) if counted else (0, 0)
    return Handed(loan, state, due_of(archive, row), pages, pieces, incidents=incidents)


def incidents_of(policy: Policy, condition: str) -> tuple[Cited[Incident], ...]:
    """What the regulations ask when papers come back so: the place where an incident begins.

    The violation needs nobody's entry: the return shows it (`archivist.loan_lapses`).
    """
    happened = INCIDENT_OF.get(condition)
    return speaking(policy, happened, "none") if happened else ()


def _check_own_hands(archive: Archive, policy: Policy, row: Row, back: Back) -> None:
    """Raises Denied when somebody else brings what must not be lent on (S001-1-R49)."""
    brought = back.brought_by
    if brought is None or brought == row["person"]:
        return
    if "on_lend" in terms_of(archive, policy, row).forbids:
        raise loan_desk.Denied("on-lent")


def _counted(lent: Mapping[str, int], count: Count, note: str) -> dict[str, int]:
    """What both sides counted. Raises BadRequest when it differs and nobody says why."""
    pages, pieces = sum(lent.values()), len(lent)
    found = {
        "pages": pages if count.pages is None else count.pages,
        "pieces": pieces if count.pieces is None else count.pieces,
    }
    if (found["pages"], found["pieces"]) != (pages, pieces) and not note.strip():
        raise BadRequest(
            f"点得 {found['pieces']} 件 {found['pages']} 页，登记为 {pieces} 件 {pages} 页",
            f"counted {found['pieces']} pieces, {found['pages']} pages; on record are {pieces} "
            f"and {pages}",
            "核实后用 --note 说明",
            "look again, then say why with --note TEXT",
        )
    return found


def _say(desk: Desk, row: Row, step: str, state: str, note: str, **fields: Any) -> None:
    """Append one entry of a loan; free words go into a sealed card beside it."""
    said = {"step": step, "state": state, **fields}
    if note.strip():
        folder = f"{row['customer']}/{row['dossier']}"
        desk.say_with_card(folder, row["id"], {"v": 1, "note": note}, "loan",
                           loan_desk.subject_of(row), **said)  # fmt: skip
    else:
        desk.say("loan", loan_desk.subject_of(row), **said)
        desk.append()
