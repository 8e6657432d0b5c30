"""The gate before anything is destroyed: every reason against it, asked anew from the ledger.

Owns the last look. The opinions, approvals, loans and holds that count are those of the ledger,
read through; the catalogue only says what the records are, and each row is held against the
entries that made it. Nothing here changes anything, and nothing is taken from an earlier look.

Rules it keeps:
- Empty is not approval: a disposal that nobody appraised, approved or has records left in does not
  pass. Everything that speaks against it is told at once, with the clause, the record, the person.
- Proposer, approvers, executor and witnesses are all different people, and none has left.
- Periods are counted by the packs in force now: what a new pack prolongs is not destroyed.
- Approvals and cooling-off days go by the clock, periods by the day that is asked for.

    with archive.writing(now, who) as desk:
        found = refusals(archive, "X000001", today, now, "li", ("wang", "zhao"))   # () opens it
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archivist import denials, disposal_checks, hold_book, regulations
from archivist.disposal_book import Case, case_by_ledger
from archivist.disposal_desk import Refusal, refusal
from archivist.disposal_proofs import DISPOSAL, opinion_problems
from archivist.standing import local_moment
from archivist.step_proofs import as_decision, proven
from policies import loan_life
from policies.disposal_life import STATE_WORDS
from policies.reach import role_words
from storage.errors import Damaged

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.approvals import Decision
    from policies.policy import Policy

__all__ = ["COOLING_OFF", "Gate", "Refusal", "cooling_off_until", "refusals"]

COOLING_OFF = "disposal.cooling_off_days"  # the company's setting
USUAL_WITNESSES = 2  # where no regulation and no setting gives a number


def refusals(
    archive: Archive,
    disposal: str,
    on: date,
    now: datetime,
    executor: str | None,
    witnesses: Sequence[str] | None,
) -> tuple[Refusal, ...]:
    """Everything that speaks against executing a disposal now; empty when nothing does.

    MUST be asked with the writer's lock held. `on` is the day by which periods are counted, `now`
    the clock: approvals and cooling-off go by it. Without `executor` or `witnesses` nothing is
    asked of them: so a list shows what is missing. Raises NotKnown.
    """
    policy = regulations.policy_of(archive.settings, archive.catalogue)
    gate = Gate(archive, policy, case_by_ledger(archive, disposal), on, now)
    return (*gate.against(), *gate.against_people(executor, witnesses))


@dataclass(frozen=True, slots=True)
class Seen:
    """What the whole ledger says of people and loans."""

    keys: Mapping[str, str]
    left: frozenset[str]
    lent: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, archive: Archive) -> Seen:
        """Read the ledger through."""
        keys: dict[str, str] = {}
        left: set[str] = set()
        states: dict[str, str] = {}
        lent: dict[str, Sequence[str]] = {}
        for raw in _speaking(archive):
            subject = raw["subject"]
            if raw["act"] == "leave":
                left.add(subject["person"])
            elif raw["act"] == "person" and "key" in raw:
                keys[subject["person"]] = raw["key"]
            elif raw["act"] == "loan":
                states[subject["loan"]] = raw["state"]
                if raw["step"] == "request":
                    lent[subject["loan"]] = tuple(raw["records"])
        open_ = {
            record: (loan, states[loan])
            for loan, records in lent.items()
            if states[loan] in loan_life.OUT | disposal_checks.ASKED_FOR
            for record in records
        }
        return cls(keys, frozenset(left), open_)


def _speaking(archive: Archive) -> Iterator[dict[str, Any]]:
    acts = (b'"act":"leave"', b'"act":"person"', b'"act":"loan"')  # canonical, so exact
    for _, raw in archive.ledger.entries(0):
        if any(act in raw for act in acts):
            yield json.loads(raw)


class Gate:
    """One look at one disposal. `needed_witnesses` and `cooling_off` are what execution takes."""

    def __init__(
        self, archive: Archive, policy: Policy, case: Case, on: date, now: datetime
    ) -> None:
        self.archive, self.policy, self.case = archive, policy, case
        self._on, self._now = on, now
        self._seen = Seen.of(archive)
        self.checks = disposal_checks.Checks(
            archive, policy, hold_book.held_by_ledger(archive), self._seen.lent
        )

    @property
    def proposer(self) -> str:
        """Who proposed it; the station where the sweep did."""
        return self.case.proposal.who

    @cached_property
    def proposed(self) -> dict[str, Row]:
        """What the catalogue copied of each record when it was proposed."""
        return {row["record"]: row for row in self.archive.catalogue.disposal_records(self.case.id)}

    @cached_property
    def rows(self) -> dict[str, Row]:
        """The rows of its records that are there, each held against the ledger."""
        found: dict[str, Row] = {}
        for name in self.case.items:
            row = self.archive.catalogue.record(name)
            try:
                if row is not None:
                    self.archive.vouch(row)
                    found[name] = row
            except Damaged:
                continue
        return found

    def asked(self, record: str) -> int:
        """How many people have to say `destroy` of a record."""
        row = self.rows.get(record)
        return self.checks.appraisers(row) if row else 1

    @cached_property
    def to_destroy(self) -> tuple[str, ...]:
        """What would be destroyed: nobody keeps it, and enough people say so."""
        return self.case.to_destroy(self.asked)

    @cached_property
    def not_spared(self) -> tuple[str, ...]:
        """What nobody keeps: to be destroyed, or not appraised yet."""
        items = self.case.items.items()
        return tuple(n for n, item in items if item.fate(self.asked(n)) in ("open", "destroy"))

    # ── all of it ─────────────────────────────────────────────────────────────

    def against(self) -> tuple[Refusal, ...]:
        """What speaks against it whoever executes it."""
        return (
            *self._clock(),
            *self._state(),
            *self._appraisal(),
            *self._approvals(),
            *self._cooling(),
            *self.records_against(),
        )

    def _clock(self) -> Iterator[Refusal]:
        if hint := denials.clock_problem(self.archive, self._now):
            yield refusal(denials.CLOCK_SET_BACK, hint)

    def _state(self) -> Iterator[Refusal]:
        if self.case.state != "approved":
            yield refusal("not-approved", STATE_WORDS[self.case.state])

    def _appraisal(self) -> Iterator[Refusal]:
        open_ = [n for n, item in self.case.items.items() if item.fate(self.asked(n)) == "open"]
        for name in open_:
            yield refusal("not-appraised", (name, name), self._terms_clauses(name), name)
        if not open_ and not self.to_destroy:
            yield refusal("nothing-to-destroy")
        here = self.archive.settings.archive_id
        for name in self.to_destroy:
            for entry in self.case.items[name].opinions.values():
                if opinion_problems(entry, self.case, self._seen.keys, here):
                    yield refusal("altered-opinion", record=name, person=entry.who)

    def _terms_clauses(self, record: str) -> tuple[str, ...]:
        row = self.rows.get(record)
        return self.checks.terms(row).clauses if row else ()

    # ── approvals ─────────────────────────────────────────────────────────────

    def _approvals(self) -> Iterator[Refusal]:
        asked = self.case.asked
        if asked is None:
            return  # told as an appraisal that is not complete
        assert self.case.round is not None
        if self.case.round.fields["digest"] != self.case.digest:
            yield refusal("list-changed")
        taken = proven(
            self.archive, self.policy, DISPOSAL, asked, self.case.approvals, self.decision,
            self.proposer, self._seen.keys, self._now,
        )  # fmt: skip
        clauses = tuple(self.case.round.fields["clauses"])
        if taken.problem is not None:
            yield refusal(approval_code(taken.problem), clauses=clauses, person=taken.person)
        elif len(taken.people) < len(asked.steps):
            step = asked.steps[len(taken.people)]
            yield refusal("not-approved", role_words(self.policy, step["role"]), clauses)
        for name in taken.people:
            if name in self._seen.left:
                yield refusal("approver-left", (name, name), person=name)
        yield from self._rules(clauses)

    @cached_property
    def decision(self) -> Decision:
        """The steps that the appraisal led to; every one by another person."""
        steps = self.case.round.fields["steps"] if self.case.round else ()
        return as_decision(self.policy, steps, separate=True)

    def _rules(self, clauses: Sequence[str]) -> Iterator[Refusal]:
        rows = [self.rows[name] for name in self.to_destroy if name in self.rows]
        if not rows:
            return
        said = self.checks.decision(rows)
        steps = [(step.role, step.act) for step in said.steps]
        if said.allowed and steps != [(step.role, step.act) for step in self.decision.steps]:
            yield refusal("rules-changed", clauses=(*clauses, *said.clauses))

    def _cooling(self) -> Iterator[Refusal]:
        until = cooling_off_until(self.policy, self.case)
        today = local_moment(self._now.isoformat()).date()
        if until is not None and today < until:
            day = until.isoformat()
            yield refusal("cooling-off", (f"{day} 起可以执行", f"to be executed from {day} on"))

    # ── people ────────────────────────────────────────────────────────────────

    @cached_property
    def took_part(self) -> frozenset[str]:
        """Who proposed or approved what stands now: none of them executes or witnesses."""
        return frozenset({self.proposer, *(entry.who for entry in self.case.approvals)})

    @cached_property
    def needed_witnesses(self) -> int:
        """How many have to look on: what the regulations ask for, else two."""
        asked = [self.checks.terms(self.rows[n]).witnesses for n in self.to_destroy
                 if n in self.rows]  # fmt: skip
        return max(asked, default=0) or USUAL_WITNESSES

    def against_people(
        self, executor: str | None, witnesses: Sequence[str] | None
    ) -> Iterator[Refusal]:
        """What speaks against these people carrying it out and looking on."""
        if executor is not None:
            yield from self._known(executor)
            if executor in self.took_part:
                yield refusal("executor-took-part", (executor, executor), person=executor)
        if witnesses is None:
            return
        several = dict.fromkeys(witnesses)
        for name in several:
            yield from self._known(name)
            if name in self.took_part or name == executor:
                yield refusal("witness-took-part", (name, name), person=name)
        if len(several) < self.needed_witnesses:
            clauses = {c for n in self.to_destroy for c in self._terms_clauses(n)}
            n = self.needed_witnesses
            yield refusal("witnesses-missing", (f"须 {n} 名", f"{n} are needed"), sorted(clauses))

    def _known(self, name: str) -> Iterator[Refusal]:
        if name in self._seen.left:
            yield refusal("person-left", (name, name), person=name)
        elif name not in self._seen.keys:
            yield refusal("unknown-person", (name, name), person=name)

    # ── records ───────────────────────────────────────────────────────────────

    def records_against(self) -> Iterator[Refusal]:
        """What speaks against each record that nobody keeps."""
        origin = self.case.proposal.fields["origin"]
        for name in self.not_spared:
            row = self.rows.get(name)
            if row is None:
                gone = self.archive.catalogue.record(name) is None
                yield refusal("record-gone" if gone else "record-damaged", (name, name),
                              record=name)  # fmt: skip
                continue
            before = self.proposed[name]
            said = disposal_checks.changed(
                row, self.case.items[name].content, before["grade"], before["key"]
            )
            if said is not None:
                yield said
            yield from self.checks.against(row, self._on, origin, self.case.id)


def approval_code(problem: str) -> str:
    """The reason code of what is wrong with an approval."""
    return {
        "approval-of-another": "approval-of-another-disposal",
        "request-changed": "list-changed",
        "all-done": "wrong-order",
    }.get(problem, problem)


def cooling_off_until(policy: Policy, case: Case) -> date | None:
    """The first day on which it may be executed; None without approvals or cooling-off days."""
    days = regulations.days_said(policy, COOLING_OFF, 0, least=0)
    if not days or not case.approvals:
        return None
    last = local_moment(case.approvals[-1].time).date()
    return last + timedelta(days=days)
