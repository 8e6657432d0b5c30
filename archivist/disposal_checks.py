"""What must hold of a record before it may be thought of: asked when it is proposed, and again
at the gate.

Owns the reasons that lie in a record itself: its period, holds, loans, other disposals, and the
rule by which it could be approved. How long it is kept is `archivist.keeping`. It changes nothing.

Rules it keeps:
- Every reason is told, not the first alone: whoever proposes learns what else stands in the way.
- A person's request for deletion (PIPL art. 47) ends the company's own periods, not the law's:
  where a legal minimum runs, or nobody knows until when, the record stays.
- A loan that is asked for stops a disposal like one that is out: somebody needs the paper.

    Checks(archive, policy, held_targets(archive), open_loans(archive)).against(row, today, PERSON)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from archivist import disposal_book, hold_book, keeping, standing
from archivist.disposal_desk import Refusal, refusal
from policies import approvals, disposal_life, loan_life, reach, retention

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.approvals import Decision
    from policies.keeping import Kept
    from policies.policy import Policy
    from policies.retention import DisposalTerms

ASKED_FOR = frozenset({"requested", "approved"})  # a loan that has not begun yet
_WHY = {"permanent": "permanent", "waits": "waits", "open": "period-open",
        "pack-gone": "period-open", "appraised": "kept"}  # fmt: skip


def open_loans(archive: Archive) -> dict[str, tuple[str, str]]:
    """Record → the loan that is open on it, and its state."""
    return {
        record: (row["id"], row["state"])
        for row in archive.catalogue.loans()
        if row["state"] in loan_life.OUT | ASKED_FOR
        for record in row["lent"]
    }


class Checks:
    """The questions to one record, for one look: what repeats is worked out once.

    `held` are the targets of holds in force, `lent` the open loans by record: from the catalogue
    for a proposal, from the ledger at the gate. Needs a catalogue that is caught up.
    """

    def __init__(
        self,
        archive: Archive,
        policy: Policy,
        held: Collection[str],
        lent: Mapping[str, tuple[str, str]],
    ) -> None:
        self._archive = archive
        self._policy = policy
        self._held = held
        self._lent = lent
        self._schedule = keeping.Schedule(archive, policy)
        self._dossiers: dict[str, Row] = {}

    def against(
        self, row: Row, on: date, origin: str, disposal: str | None = None
    ) -> tuple[Refusal, ...]:
        """Everything that speaks against destroying a record on a day; `disposal` is its own."""
        return tuple(self._against(row, on, origin, disposal))

    def _against(self, row: Row, on: date, origin: str, disposal: str | None) -> Iterator[Refusal]:
        record = row["id"]
        if hold_book.is_held(row, self._held):
            yield refusal("held", record=record)
        if record in self._lent:
            loan, state = self._lent[record]
            yield refusal(
                "on-loan" if state in loan_life.OUT else "loan-asked", (loan, loan), record=record
            )
        yield from self._elsewhere(record, origin, disposal)
        yield from (
            self._floors(row, on) if origin == disposal_book.REQUEST else self._period(row, on)
        )
        decision = self.decision([row])
        if decision.why is not None:
            yield refusal(decision.why.code, (decision.why.zh, decision.why.en), decision.clauses,
                          record)  # fmt: skip

    def _elsewhere(self, record: str, origin: str, disposal: str | None) -> Iterator[Refusal]:
        others = [row for row in self._archive.catalogue.disposals_of(record)
                  if row["id"] != disposal]  # fmt: skip
        for other in others:
            if other["state"] in disposal_life.OPEN and other["fate"] in ("open", "destroy"):
                yield refusal("in-disposal", (other["id"], other["id"]), record=record)
        # Otherwise a sweep would propose every night what somebody said no to in the morning.
        said_no = [row["id"] for row in others if row["state"] in ("refused", "withdrawn")]
        if origin == disposal_book.SWEEP and disposal is None and said_no:
            yield refusal("refused-before", (said_no[-1], said_no[-1]), record=record)

    # ── periods ───────────────────────────────────────────────────────────────

    def kept(self, row: Row) -> Kept:
        """Until when a record is kept, with what an appraisal said of it."""
        until = self._archive.catalogue.kept_until(row["id"])
        return self._schedule.kept(
            row, self.dossier(row), date.fromisoformat(until) if until else None
        )

    def _period(self, row: Row, on: date) -> Iterator[Refusal]:
        kept = self.kept(row)
        if kept.over(on):
            return
        code = _WHY.get(kept.why, "not-run-out")
        until = kept.day.isoformat() if kept.day else ""
        if kept.waits_for:
            more = ("等待" + "、".join(kept.waits_for), "it waits for " + ", ".join(kept.waits_for))
        elif until == disposal_book.FOREVER:
            more = ("永久", "for good")
        else:
            more = (f"至 {until}", f"until {until}") if until else ("", "")
        yield refusal(code, more, kept.clauses, row["id"])

    def _floors(self, row: Row, on: date) -> Iterator[Refusal]:
        dossier = self.dossier(row)
        floors = retention.period_of(self._policy, row["type"], dossier["type"]).floors
        events = keeping.events_of(dossier["events"], dossier["closed"])
        filed = standing.local_moment(row["filed"]).date()
        for floor in floors:
            day = retention.last_day(floor, events, filed)
            if day is None or day >= on:
                until = day.isoformat() if day else floor.start
                yield refusal("legal-floor", (f"至 {until}", f"until {until}"),
                              reach.clauses_of([floor.clause]), row["id"])  # fmt: skip

    def ground(self, row: Row) -> tuple[str | None, dict[str, Any]]:
        """The last day of a record's period, and the rule of it as an entry has it."""
        kept = self.kept(row)
        rule = retention.period_of(self._policy, row["type"], self.dossier(row)["type"]).rule
        length: dict[str, Any] = {"permanent": True} if rule and rule.permanent else {}
        if rule and not rule.permanent:
            length = {"years": rule.years, "months": rule.months, "start": rule.start}
        return (
            kept.day.isoformat() if kept.day else None,
            {"clauses": list(kept.clauses), "packs": list(kept.packs), **length},
        )

    # ── rules ─────────────────────────────────────────────────────────────────

    def decision(self, rows: Sequence[Row]) -> Decision:
        """Who has to approve the destruction of all of these; at least one."""
        kinds = reach.distinct((r["grade"], r["type"], self.dossier(r)["type"]) for r in rows)
        return approvals.joined(
            approvals.decide(
                self._policy, approvals.Request("destroy", grade, doc_type=paper, dossier_type=kind)
            )
            for grade, paper, kind in kinds
        )

    def terms(self, row: Row) -> DisposalTerms:
        """What destroying a record takes beside approvals."""
        return retention.disposal_terms(
            self._policy, row["type"], self.dossier(row)["type"], grade=row["grade"]
        )

    def appraisers(self, row: Row) -> int:
        """How many people have to say `destroy`: those the regulation asks for, at least one."""
        return max(self.terms(row).appraisal, 1)

    def dossier(self, row: Row) -> Row:
        """The dossier of a record."""
        name = row["dossier"]
        if name not in self._dossiers:
            self._dossiers[name] = self._archive.the("dossier", name)
        return self._dossiers[name]


def changed(row: Row, content: str, grade: str, key: str) -> Refusal | None:
    """What changed of a record since it was proposed with this content, grade and key."""
    if (row["grade"], row["key"]) != (grade, key):
        return refusal("regraded", (f"{grade} → {row['grade']}",) * 2, record=row["id"])
    if disposal_book.content_of(row) != content:
        return refusal("record-changed", record=row["id"])
    return None
