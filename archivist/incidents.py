"""Incidents (泄密、遗失、损坏): reported by anybody, confirmed by whom the rules name, closed.

Owns the ledger act `incident`.

    report       what happened and the evidence sealed → entry: kind, ids, whom the regulations name
    note         what was found or done, sealed → entry
    acknowledge  a statement signed with the person's own key → entry
    close        the outcome sealed → entry: which roles had not confirmed

Rules it keeps:
- Whom to tell is the regulations' word and not the reporter's guess. It is fixed with the report.
- Anybody may report, also the station with nobody logged in. Everything after that somebody
  answers for.
- Closing needs a confirmation in every role that is named, each signature verified from the
  ledger; else the closer says why not. Where nobody is named, or a named role means nobody yet,
  that is said too: silence never passes for a confirmation.
- Nobody closes an incident about himself, or about papers that he had on loan.

    made = report(archive, policy, Report("leak", "传真误发", record="R00000001"), now, "lin")
    acknowledge(archive, policy, made, zhao, now)
    close(archive, policy, made, "已收回", "", "wang", now)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from archivist import evidence
from archivist.archive import Archive
from archivist.errors import BadRequest, NotAllowed
from archivist.incident_book import roles_to_confirm, the_incident
from archivist.incident_proofs import confirmed, reported, signed_confirmation
from archivist.loan_book import the_loan
from archivist.statements import check_own_key
from index.catalogue import Row
from policies.incident_life import START, IllegalStep, step
from policies.incidents import notices, speaking
from policies.policy import Policy
from policies.reach import role_words
from storage.people import Unlocked

FOLDER = "INCIDENTS"  # where cards lie of what concerns no dossier
_ABOUT = ("person", "customer", "dossier", "record", "loan")


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports: the kind, what happened, and which papers and whom it concerns."""

    of: str
    what: str
    severity: str = "none"
    record: str | None = None
    dossier: str | None = None
    loan: str | None = None
    person: str | None = None
    evidence: tuple[Path, ...] = ()


def report(archive: Archive, policy: Policy, said: Report, now: datetime, who: str) -> str:
    """Record an incident; returns its id.

    Raises BadRequest (nothing said, papers that do not belong together, evidence that is
    missing), NotKnown for a record, dossier, loan or person that is not there.
    """
    if not said.what.strip():
        raise BadRequest("请用 --what 写明发生了什么", "say what happened with --what TEXT")
    evidence.check(said.evidence)
    archive.follow()
    with archive.writing(now, who) as desk:
        about = _about(archive, said)
        rows = speaking(policy, said.of, said.severity)
        made = desk.number("incident")
        sealed = evidence.seal_with_card(
            archive, desk, _folder(about), made, {"v": 1, "what": said.what}, said.evidence
        )
        desk.say(
            "incident",
            {"incident": made, **about},
            step="report",
            state=step(START, "report"),
            of=said.of,
            severity=said.severity,
            notify=[
                {"role": n.role, "means": list(n.means), "at_once": n.at_once,
                 "clauses": list(n.clauses)}
                for n in notices(rows, policy)
            ],
            clauses=list(dict.fromkeys(cited.row.clause for cited in rows)),
            packs=list(dict.fromkeys(cited.pack for cited in rows)),
            **sealed,
        )  # fmt: skip
        desk.append()
    archive.follow()
    return made


def note(archive: Archive, identifier: str, text: str, now: datetime, who: str) -> str:
    """Record what was found or done since; returns the state. Raises NotKnown, NotAllowed."""
    if not text.strip():
        raise BadRequest("请写明内容", "say what was found or done")
    archive.follow()
    with archive.writing(now, who) as desk:
        row = the_incident(archive, identifier)
        state = _next(row["state"], "note", row["state"])
        desk.say_with_card(_folder(row), identifier, {"v": 1, "note": text}, "incident",
                           _subject(row), step="note", state=state)  # fmt: skip
    archive.follow()
    return state


def acknowledge(
    archive: Archive, policy: Policy, identifier: str, person: Unlocked, now: datetime
) -> str:
    """Confirm having been told, in every role that is named and held; returns the state.

    Raises NotKnown, NotAllowed (closed, not one who is named, confirmed already), Damaged when the
    person's key is not the one in the ledger.
    """
    archive.follow()
    with archive.writing(now, person.name) as desk:
        row = the_incident(archive, identifier)
        _next(row["state"], "acknowledge", row["state"])  # illegal once it is closed
        roles = roles_to_confirm(archive, policy, row, person.name)
        if not roles:
            raise _not_asked(policy, row, person.name)
        check_own_key(archive, person)
        on = reported(archive, row)
        left = set(on.notify) - confirmed(archive, policy, row) - set(roles)
        goal = row["state"] if left else "acknowledged"
        state = _next(row["state"], "acknowledge", goal)
        fields = signed_confirmation(archive.settings.archive_id, on, roles, person, now)
        desk.say("incident", _subject(row), step="acknowledge", state=state, **fields)
        desk.append()
    archive.follow()
    return state


def close(
    archive: Archive, policy: Policy, identifier: str, outcome: str, reason: str, who: str,
    now: datetime,
) -> list[str]:  # fmt: skip
    """Close an incident; returns the named roles that had not confirmed it.

    Raises NotKnown, NotAllowed (closed already, about the closer), BadRequest without an outcome,
    and without a reason where not every named role confirmed or none is named.
    """
    if not outcome.strip():
        raise BadRequest("请用 --outcome 写明处理结果", "say how it ended with --outcome TEXT")
    archive.follow()
    with archive.writing(now, who) as desk:
        row = the_incident(archive, identifier)
        state = _next(row["state"], "close")
        _check_not_about(archive, row, who)
        named = reported(archive, row).notify
        done = confirmed(archive, policy, row)
        left = [role for role in named if role not in done]
        if (left or not named) and not reason.strip():
            raise _why_not(policy, left, named)
        content = {"v": 1, "outcome": outcome} | ({"reason": reason} if reason.strip() else {})
        desk.say_with_card(_folder(row), identifier, content, "incident", _subject(row),
                           step="close", state=state, unconfirmed=left)  # fmt: skip
    archive.follow()
    return left


# ── below ─────────────────────────────────────────────────────────────────────


def _about(archive: Archive, said: Report) -> dict[str, str]:
    """The ids that a report names, each looked up; those that follow from another are added."""
    about: dict[str, str] = {}
    if said.person is not None:
        if archive.catalogue.person(said.person) is None:
            archive.active(said.person)  # says who there is
        about["person"] = said.person
    dossiers: list[str] = []
    if said.loan is not None:
        loan = the_loan(archive, said.loan)
        about["loan"] = said.loan
        dossiers.append(loan["dossier"])
        if loan["record"] and said.record is None:
            about["record"] = loan["record"]
    if said.record is not None:
        dossiers.append(archive.the("record", said.record)["dossier"])
        about["record"] = said.record
    if said.dossier is not None:
        dossiers.append(archive.the("dossier", said.dossier)["id"])
    if len(set(dossiers)) > 1:
        zh, en = (
            "所写的档案、客户档案和借阅不是一处的",
            "record, dossier and loan do not belong together",
        )
        raise BadRequest(zh, en)
    if dossiers:
        about["dossier"] = dossiers[0]
        about["customer"] = archive.the("dossier", dossiers[0])["customer"]
    return about


def _subject(row: Row) -> dict[str, str]:
    return {"incident": row["id"], **{name: row[name] for name in _ABOUT if row[name]}}


def _folder(about: Mapping[str, Any]) -> str:
    return f"{about['customer']}/{about['dossier']}" if about.get("dossier") else FOLDER


def _next(state: str, act: str, to: str | None = None) -> str:
    try:
        return step(state, act, to)
    except IllegalStep as error:
        raise NotAllowed(error.zh, error.en) from None


def _check_not_about(archive: Archive, row: Row, who: str) -> None:
    """Raises NotAllowed for whom it concerns, and for the borrower of the loan it concerns."""
    concerned = {row["person"]}
    if row["loan"]:
        loan = the_loan(archive, row["loan"])
        concerned |= {loan["person"], loan["asked_by"]}
    if who in concerned:
        raise NotAllowed("不能了结涉及自己的事件", "nobody closes an incident about himself",
                         "请由其他人了结", "let somebody else close it")  # fmt: skip


def _not_asked(policy: Policy, row: Row, who: str) -> NotAllowed:
    if any(one["person"] == who for one in row["acknowledged"]):
        return NotAllowed(f"{who} 已确认知悉 {row['id']}", f"{who} confirmed {row['id']} already")
    zh, en = _words(policy, [notice["role"] for notice in row["notify"]])
    return NotAllowed(
        f"制度没有要求向 {who} 报告 {row['id']}",
        f"no regulation has {who} told of {row['id']}",
        f"应由{zh}确认" if zh else "制度没有写明向谁报告",
        f"to be confirmed by {en}" if en else "no regulation names anybody to be told",
    )


def _why_not(policy: Policy, left: Sequence[str], named: Mapping[str, Any]) -> BadRequest:
    zh, en = _words(policy, left)
    hint = ("用 --reason 写明为何仍可了结", "say with --reason TEXT why it is closed all the same")
    if not named:
        return BadRequest(
            "制度没有写明向谁报告，没有人确认知悉",
            "no regulation names anybody to be told, so nobody has confirmed it",
            *hint,
        )
    return BadRequest(f"{zh}尚未确认知悉", f"not confirmed by {en} yet", *hint)


def _words(policy: Policy, roles: Sequence[str]) -> tuple[str, str]:
    words = [role_words(policy, role) for role in roles]
    return "、".join(zh for zh, _ in words), ", ".join(en for _, en in words)
