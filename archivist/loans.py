"""Asking for a loan: the request, the approvals of each step, the refusal, and its withdrawal.

Owns the first half of the ledger act `loan`; what happens to the paper is `archivist.lending`.

    request   purpose, names and evidence sealed → entry: the papers, the steps that are needed
    approve   the statement of the next step, signed with the approver's own key → entry
    refuse    the reason sealed → entry          cancel   entry

Rules it keeps:
- What is asked for is fixed with the request: papers, pages, steps. Approvals name the entry by
  its digest; when papers, grades or regulations change, it must be asked anew.
- A step is taken by its role, in order, before the earlier approvals expire; where the regulation
  holds the steps apart, by another person each time, and never by whoever borrows or asked.
- Where nobody need be asked (a standing right, an inspection) the request is approved at once.
- A reader from outside is asked for by somebody here. His name, his unit and what he brought to
  prove himself are sealed; the ledger holds digests.

    asked = request(archive, policy, Ask("R00000001", "borrow", "核对合同"), lin, now, today)
    approve(archive, policy, asked.loan, zhao, now)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archivist import (
    evidence,
    loan_desk,
    loan_gate,
    loan_proofs,
    loan_rulings,
    regulations,
    statements,
)
from archivist.errors import BadRequest
from archivist.loan_book import the_loan
from policies.loan_life import START

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk
    from archivist.loan_rulings import Ruling
    from archivist.records import Entry
    from index.catalogue import Row
    from policies.policy import Policy
    from storage.people import Unlocked

_ACTS = {"loan-denied": "denied"}  # entries on a loan that are no step of its life
FORMS = ("view", "borrow", "copy", "extract", "take_out")


@dataclass(frozen=True, slots=True)
class Outsider:
    """A reader from outside: his name and unit, which are sealed, and the papers he showed."""

    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody asks for: a record or dossier, in which form, what for, until when."""

    target: str
    form: str
    purpose: str
    until: date | None = None
    outsider: Outsider | None = None
    evidence: tuple[Path, ...] = ()


# ── request ───────────────────────────────────────────────────────────────────


def request(
    archive: Archive, policy: Policy, ask: Ask, person: Unlocked, now: datetime, today: date
) -> str:
    """Ask for a loan; returns its id.

    Raises NotKnown, BadRequest (no purpose, no papers, dates that do not fit, evidence that is
    missing), Denied: no rule, not to know, lent already, period open, left, clock.
    """
    if not ask.purpose.strip():
        raise BadRequest("请写明借阅用途", "a purpose is needed")
    archive.follow()
    dossier, records = loan_rulings.papers_of(archive, ask.target)
    subject = {"customer": dossier["customer"], "dossier": dossier["id"]}
    if ask.target != dossier["id"]:
        subject["record"] = ask.target
    if ask.outsider is None:
        subject["person"] = person.name
    with loan_desk.at_the_desk(archive, now, person.name, "request", subject) as desk:
        dossier, records = loan_rulings.papers_of(archive, ask.target)  # as the lock finds them
        ruling = _ruling(archive, policy, ask, dossier, records, person.name)
        loan_rulings.check_until(ruling, ask.until, today, ask.form)
        _check_evidence(ruling, ask)
        free = not ruling.decision.steps
        state = loan_desk.next_state(START, "request", "approved" if free else "requested")
        loan = desk.number("loan")
        _say_request(archive, desk, loan, subject, ask, ruling, policy, state)
        desk.append()
    archive.follow()
    return loan


def _ruling(
    archive: Archive, policy: Policy, ask: Ask, dossier: Row, records: Sequence[Row], name: str
) -> Ruling:
    code = loan_rulings.purpose_code(policy, ask.purpose)
    if ask.outsider is not None:
        reader = loan_rulings.Reader(None, "authority" if code == "inspection" else "external")
    else:
        reader = loan_rulings.reader_here(archive, policy, name, dossier)
    ruling = loan_rulings.rule(policy, dossier, records, loan_rulings.Wish(ask.form, code), reader)
    loan_rulings.check_could_know(archive, policy, ruling)
    loan_gate.check_not_lent(archive, ask.form, [record["id"] for record in records])
    return ruling


def _check_evidence(ruling: Ruling, ask: Ask) -> None:
    wanted = ruling.decision.evidence
    if len(ask.evidence) < len(wanted):
        raise BadRequest(
            f"须附证明 {len(wanted)} 份（依次为 {'、'.join(wanted)}），已附 {len(ask.evidence)} 份",
            f"{len(wanted)} papers must be shown ({', '.join(wanted)}, in this order); "
            f"{len(ask.evidence)} given",
            "扫描后用 --evidence 文件 附上",
            "scan them and add --evidence FILE for each",
        )
    evidence.check(ask.evidence)


def _say_request(
    archive: Archive,
    desk: Desk,
    loan: str,
    subject: dict[str, str],
    ask: Ask,
    ruling: Ruling,
    policy: Policy,
    state: str,
) -> None:
    """Seal purpose, names and evidence as one object, then plan the entry that names it."""
    content: dict[str, Any] = {"v": 1, "purpose": ask.purpose}
    if ask.outsider is not None:
        content |= {"name": ask.outsider.name, "unit": ask.outsider.unit}
    folder = f"{subject['customer']}/{subject['dossier']}"
    wanted = ruling.decision.evidence
    sealed = evidence.seal_with_card(archive, desk, folder, loan, content, ask.evidence, wanted)
    desk.say(
        "loan",
        {"loan": loan, **subject},
        step="request",
        state=state,
        relation=ruling.reader.relation,
        form=ask.form,
        purpose=loan_rulings.purpose_code(policy, ask.purpose) or None,
        records={record["id"]: record["pages"] for record in ruling.records},
        steps=ruling.steps,
        separate=ruling.decision.separate,
        until=ask.until.isoformat() if ask.until else None,
        **sealed,
        **loan_rulings.entry_fields(ruling),
    )


# ── approve ───────────────────────────────────────────────────────────────────


def approve(archive: Archive, policy: Policy, loan: str, person: Unlocked, now: datetime) -> str:
    """Take the next step of a loan, or of its renewal; returns the state it leads to.

    Raises NotKnown, NotAllowed (nothing waits for approval), Denied, Damaged when the person's
    key is not the one in the ledger.
    """
    archive.follow()
    row = the_loan(archive, loan)
    with loan_desk.at_the_desk(
        archive, now, person.name, "approve", loan_desk.subject_of(row)
    ) as desk:
        row = the_loan(archive, loan)
        loan_desk.next_state(row["state"], "approve", row["state"])  # illegal unless one waits
        reader = loan_rulings.reader_of_loan(archive, policy, row)
        ruling = loan_rulings.rule_again(archive, policy, row, reader)
        statements.check_own_key(archive, person)
        earlier = loan_gate.proven(archive, policy, row, now)
        loan_gate.check_signer(archive, policy, row, person.name, earlier)
        last = len(earlier) + 1 == len(row["steps"])
        if last:
            loan_rulings.check_knows(archive, policy, ruling, [*earlier, person.name])
        goal = ("issued" if row["state"] == "renewing" else "approved") if last else row["state"]
        state = loan_desk.next_state(row["state"], "approve", goal)
        due = row["until"] if state == "issued" else None
        number, asked = len(earlier) + 1, loan_proofs.asked_for(archive, row)
        fields = loan_proofs.signed_approval(
            archive.settings.archive_id,
            asked,
            number,
            person,
            now,
            loan_rulings.approval_days(policy),
        )
        desk.say("loan", loan_desk.subject_of(row), step="approve", state=state, due=due, **fields,
                 **loan_rulings.entry_fields(ruling))  # fmt: skip
        desk.append()
    archive.follow()
    return state


# ── refuse, cancel ────────────────────────────────────────────────────────────


def refuse(
    archive: Archive, policy: Policy, loan: str, reason: str, person: str, now: datetime
) -> str:
    """Say no, as one of those whom the steps ask; the reason is sealed. Returns the state.

    Raises NotKnown, BadRequest, NotAllowed (nothing to refuse), Denied (wrong role, clock).
    """
    if not reason.strip():
        raise BadRequest("请用 --reason 写明理由", "say why with --reason TEXT")
    archive.follow()
    row = the_loan(archive, loan)
    with loan_desk.at_the_desk(archive, now, person, "refuse", loan_desk.subject_of(row)) as desk:
        row = the_loan(archive, loan)
        state = loan_desk.next_state(row["state"], "refuse")
        asked = {role for step in loan_gate.as_decision(policy, row).steps for role in step.means}
        if not asked & regulations.roles_held(archive.catalogue, policy, person):
            raise loan_desk.Denied("wrong-role")
        folder = f"{row['customer']}/{row['dossier']}"
        desk.say_with_card(folder, loan, {"v": 1, "reason": reason}, "loan",
                           loan_desk.subject_of(row), step="refuse", state=state)  # fmt: skip
    archive.follow()
    return state


def cancel(archive: Archive, loan: str, person: str, now: datetime) -> str:
    """Take a request, or a wish to renew, back; only whoever made it. Returns the state."""
    archive.follow()
    row = the_loan(archive, loan)
    with loan_desk.at_the_desk(archive, now, person, "cancel", loan_desk.subject_of(row)) as desk:
        row = the_loan(archive, loan)
        state = loan_desk.next_state(row["state"], "cancel")
        if person != loan_gate.requester(row):
            raise loan_desk.Denied("not-the-borrower")
        desk.say("loan", loan_desk.subject_of(row), step="cancel", state=state)
        desk.append()
    archive.follow()
    return state


def history(archive: Archive, loan: str) -> list[dict[str, Any]]:
    """Everything the ledger says of a loan, with the sealed words of each entry; oldest first."""
    return [
        _line(archive, entry)
        for entry in archive.entries_of(loan)
        if entry.act in ("loan", "loan-denied", "view")  # incidents name their loan too
    ]


def _line(archive: Archive, entry: Entry) -> dict[str, Any]:
    card = entry.fields.get("card")
    words = archive.read_card(card["name"], card["sha256"]) if card else {}
    said = entry.fields.get("statement", {})
    return {
        "index": entry.index,
        "time": entry.time,
        "who": entry.who,
        "step": entry.fields.get("step") or _ACTS.get(entry.act, entry.act),
        "tried": entry.fields.get("tried"),
        "reason": entry.fields.get("reason"),
        "role": said.get("role"),
        "words": words.get("purpose") or words.get("reason") or words.get("note"),
    }
