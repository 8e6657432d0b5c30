"""Disposals as they are told: in a list, and one by one to whoever decides between two meetings.

Owns what `disposal list` and `disposal show` say: how many records, whose, by which rule, what was
said of each, what is still needed and by whom, and what would stop it today. It changes nothing.

Rules it keeps:
- A title is for whoever can open the record. So are the words of an opinion on it; they are also
  for those who are asked to approve, and for those who appraise.
- A list counts what the catalogue has; one disposal is told from its entries.

    listed(archive, policy)
    shown(archive, policy, "X000001", today, now, person)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from archivist import disposal_gate, regulations, standing
from archivist.disposal_book import Item, case_by_ledger, the_disposal
from policies.disposal_life import BEFORE_EXECUTION
from storage.errors import Missing

if TYPE_CHECKING:
    from archivist.archive import Archive
    from archivist.records import Entry
    from index.catalogue import Row
    from policies.approvals import Decision
    from policies.policy import Policy
    from storage.people import Unlocked

Told = dict[str, Any]


def plain(archive: Archive, row: Row) -> Told:
    """One disposal as a list has it."""
    records = archive.catalogue.disposal_records(row["id"])
    fates = Counter(record["fate"] for record in records)
    given = [one for one in row["approvals"] if one["round"] == row["round"]]
    steps = row["steps"] or []
    waits = row["state"] == "appraised" and len(given) < len(steps)
    return {
        "disposal": row["id"],
        "state": row["state"],
        "origin": row["origin"],
        "proposed": row["proposed"],
        "proposed_by": row["proposed_by"],
        "on": row["day"],
        "records": len(records),
        "pages": sum(record["pages"] for record in records),
        "destroy": fates["destroy"],
        "keep": fates["keep"],
        "regrade": fates["regrade"],
        "open": fates["open"],
        "customers": sorted({record["customer"] for record in records}),
        "steps": steps,
        "approvals": given,
        "waits_for": steps[len(given)] if waits else None,
        "clauses": row["clauses"],
        "packs": row["packs"],
    }


def listed(archive: Archive, open_only: bool = False) -> list[Told]:
    """Every disposal, or those that are not executed, refused or withdrawn; oldest first."""
    archive.follow()
    return [
        plain(archive, row)
        for row in archive.catalogue.disposals()
        if not open_only or row["state"] in BEFORE_EXECUTION
    ]


def shown(
    archive: Archive,
    policy: Policy,
    identifier: str,
    on: date,
    now: datetime,
    person: Unlocked | None,
) -> Told:
    """One disposal with everything that deciding on it takes. Raises NotKnown."""
    archive.follow()
    row = the_disposal(archive, identifier)
    gate = disposal_gate.Gate(archive, policy, case_by_ledger(archive, identifier), on, now)
    begun = row["state"] not in BEFORE_EXECUTION
    against = () if begun else gate.against()
    concerned = _concerned(archive, policy, gate, person)
    return {
        **plain(archive, row),
        "steps": [{"role": step.role, "act": step.act} for step in expected(gate).steps],
        "names": {
            name: standing.customer_name(archive.catalogue, name)
            for name in sorted({one["customer"] for one in gate.proposed.values()})
        },
        "items": [
            _item(archive, gate, gate.proposed[name], item, person, concerned)
            for name, item in gate.case.items.items()
        ],
        "list": gate.case.digest,
        "needs": [] if begun else list(_needs(gate)),
        "refusals": [asdict(one) | {"clauses": list(one.clauses)} for one in against],
        "evidence": [one["type"] for one in gate.case.proposal.fields.get("evidence", [])],
        "history": [_line(archive, entry, concerned) for entry in gate.case.entries
                    if entry.fields["step"] != "part"],
    }  # fmt: skip


def expected(gate: disposal_gate.Gate) -> Decision:
    """The steps that the appraisal led to; before that, those that all of it would take."""
    if gate.case.round is not None or not gate.rows:
        return gate.decision
    spared = [name for name, item in gate.case.items.items()
              if item.fate(gate.asked(name)) not in ("open", "destroy")]  # fmt: skip
    rows = [row for name, row in gate.rows.items() if name not in spared]
    return gate.checks.decision(rows or list(gate.rows.values()))


def _concerned(
    archive: Archive, policy: Policy, gate: disposal_gate.Gate, person: Unlocked | None
) -> bool:
    """Whether somebody has a part in it: he proposed, appraised, or is asked to approve."""
    if person is None:
        return False
    roles = {role for step in expected(gate).steps for role in step.means}
    said = {who for item in gate.case.items.values() for who in item.opinions}
    return person.name in {gate.proposer, *said} or bool(
        roles & regulations.roles_held(archive.catalogue, policy, person.name)
    )


def _item(
    archive: Archive,
    gate: disposal_gate.Gate,
    proposed: Row,
    item: Item,
    person: Unlocked | None,
    concerned: bool,
) -> Told:
    row = gate.rows.get(item.record)
    opens = row is not None and _opens(archive, row, person)
    used = proposed["customer"] not in archive.catalogue.restricted()  # else its title is kept shut
    return {
        **{name: proposed[name] for name in ("record", "customer", "dossier", "type", "grade",
                                             "pages", "filed")},
        "title": archive.record_card(row, person)["title"] if row and opens and used else None,
        "due": item.due,
        "ground": dict(item.ground),
        "fate": item.fate(gate.asked(item.record)),
        "keep_until": item.keep_until,
        "opinions": [
            {
                "person": who,
                **{name: entry.fields.get(name) for name in ("opinion", "until", "grade")},
                "time": entry.time,
                "words": _words(archive, entry) if opens or concerned else None,
            }
            for who, entry in item.opinions.items()
        ],
    }  # fmt: skip


def _opens(archive: Archive, row: Row, person: Unlocked | None) -> bool:
    if row["generation"] is None:
        return True
    held = archive.held_by(person.name if person else None)
    return (row["key"], row["generation"]) in held


def _words(archive: Archive, entry: Entry) -> str | None:
    """The sealed words of an entry; None where there are none."""
    card = entry.fields.get("card")
    if card is None:
        return None
    try:
        said = archive.read_card(card["name"], card["sha256"])
    except Missing:
        return None
    words: str | None = said.get("opinion") or said.get("reason")
    return words


def _line(archive: Archive, entry: Entry, concerned: bool) -> Told:
    said = entry.fields.get("statement", {})
    reason = entry.fields["step"] == "refuse" and concerned
    return {
        "index": entry.index,
        "time": entry.time,
        "who": entry.who,
        "step": entry.fields["step"],
        "record": entry.subject.get("record"),
        "opinion": entry.fields.get("opinion"),
        "role": said.get("role"),
        "words": _words(archive, entry) if reason else None,
    }


# ── what is still needed ──────────────────────────────────────────────────────


def _needs(gate: disposal_gate.Gate) -> Iterator[Told]:
    case = gate.case
    lacking = [name for name, item in case.items.items() if item.fate(gate.asked(name)) == "open"]
    for name in lacking:
        more = gate.asked(name) - len(case.items[name].opinions)
        yield {"what": "opinion", "record": name, "more": more}
    if lacking or case.asked is None:
        return
    for step in _left(gate, case.asked.steps):
        yield {"what": "approval", "role": step["role"], "act": step["act"]}
    until = disposal_gate.cooling_off_until(gate.policy, case)
    if until is not None and case.state == "approved":
        yield {"what": "cooling-off", "until": until.isoformat()}
    yield {"what": "execution", "witnesses": gate.needed_witnesses, "not": sorted(gate.took_part)}


def _left(gate: disposal_gate.Gate, steps: Sequence[Any]) -> Sequence[Any]:
    return steps[len(gate.case.approvals) :]
