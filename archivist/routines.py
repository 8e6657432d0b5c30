"""Routines as they stand: what comes again by the calendar, what shows that it was done.

Joins `policies.routines` to the archive. Work that leaves papers is shown to be done by their
filing; work that leaves none, a person says he did (ledger act `routine`). What is done for
each dossier is asked of each open one.

Rules it keeps: nothing is owed for the time before the regulation was adopted or the dossier
opened. A person may say that something was done on an earlier day, never on a later one.

    rows = owed_now(archive, policy, calendar, date(2026, 3, 5))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from archivist.errors import BadRequest, NotKnown
from archivist.regulations import department_id
from archivist.standing import adopted_on, customer_fields, local_moment
from policies import checklist
from policies.routines import Owed, in_force, intervals, owed_of, rhythm_words

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.calendar import Calendar
    from policies.policy import Cited, Policy
    from policies.rule_rows import Routine

# Most urgent first.
STATES = ("overdue", "open", "unset", "later", "done")


@dataclass(frozen=True, slots=True)
class _Done:
    """One doing: the day, and the record or ledger entry that shows it."""

    day: date
    dossier: str
    shown_by: str


def owed_now(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    today: date,
    department: str | None = None,
    of: str | None = None,
) -> list[dict[str, Any]]:
    """How every routine stands on `today` (a day, or a moment of it), most urgent first.

    `department` (id or name) keeps what its people do or receive, `of` one kind of work
    (`inspection`). Raises NotKnown for the department.
    """
    archive.follow()
    wanted = department_id(policy, department) if department else None
    answers = intervals(policy)
    rows = [
        row
        for cited in in_force(policy)
        if of in (None, cited.row.of)
        and (wanted is None or wanted in (*cited.row.departments, cited.row.to))
        for row in _standing(archive, policy, calendar, today, cited, answers)
    ]
    return sorted(rows, key=lambda r: (STATES.index(r["state"]), r["due"] or "", r["routine"]))


def _standing(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    today: date,
    cited: Cited[Routine],
    answers: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    done = _doings(archive, cited.row)
    adopted = adopted_on(archive.catalogue, cited.pack)
    for dossier in _subjects(archive, cited.row):
        name = dossier["id"] if dossier else ""
        here = [one for one in done if not dossier or one.dossier == name]
        opened = local_moment(dossier["opened"]).date() if dossier else adopted
        event = dossier["events"].get(cited.row.before_event) if dossier else None
        for owed in owed_of(
            cited,
            calendar,
            today,
            [one.day for one in here],
            answers,
            max(filter(None, (adopted, opened)), default=None),
            date.fromisoformat(event) if event else None,
            name,
        ):
            yield _row(policy, owed, here, dossier)


def _subjects(archive: Archive, routine: Routine) -> list[Row | None]:
    """For whom it is done: each open dossier of its kinds, or once for the company."""
    if not routine.dossier_types:
        return [None]
    return [
        dossier
        for dossier in archive.catalogue.dossiers()
        if dossier["type"] in routine.dossier_types
        and dossier["closed"] is None
        and checklist.holds(
            routine.when,
            customer_fields(archive.catalogue.customer(dossier["customer"])),
            dossier["keys"],
        )
    ]


def _doings(archive: Archive, routine: Routine) -> list[_Done]:
    filed = [
        _Done(local_moment(row["filed"]).date(), row["dossier"], row["id"])
        for row in archive.catalogue.filed_of(routine.types)
    ]
    said = [
        _Done(date.fromisoformat(row["day"]), row["dossier"], str(row["idx"]))
        for row in archive.catalogue.routines_done()
        if row["routine"] == routine.id
    ]
    return sorted([*filed, *said], key=lambda one: one.day)


def _row(policy: Policy, owed: Owed, done: Sequence[_Done], dossier: Row | None) -> dict[str, Any]:
    routine, one = owed.cited.row, owed.occurrence
    how_often = rhythm_words(routine, intervals(policy))
    return {
        "routine": routine.id,
        "title": routine.zh,
        "title_en": routine.en,
        "of": routine.of,
        "how_often": how_often[0],
        "how_often_en": how_often[1],
        "state": owed.state,
        "overdue": owed.state == "overdue",
        "period": one.period if one else None,
        "opens": one.opens.isoformat() if one else None,
        "due": one.due.isoformat() if one else None,
        "due_at": one.at if one else "",
        "grace": f"{one.grace[0].isoformat()} {one.grace[1]}" if one and one.grace else None,
        "certain": one.certain if one else True,
        "missed": owed.missed,
        "done": owed.done.isoformat() if owed.done else None,
        "done_by": [each.shown_by for each in done if each.day == owed.done],
        "departments": list(routine.departments),
        "roles": list(routine.roles),
        "to": routine.to or None,
        "types": list(routine.types),
        "dossier": dossier["id"] if dossier else None,
        "customer": dossier["customer"] if dossier else None,
        "clause": routine.clause,
        "pack": owed.cited.pack,
    }


def say_done(
    archive: Archive,
    policy: Policy,
    identifier: str,
    on: date,
    now: datetime,
    who: str,
    dossier: str | None = None,
    records: Sequence[str] = (),
) -> dict[str, Any]:
    """Record that a routine was done on a day; returns what was recorded.

    Raises NotKnown for a routine, dossier or record, BadRequest for a day to come and where a
    dossier is wanted, or none is.
    """
    routine = _known(policy, identifier)
    if on > now.astimezone().date():
        raise BadRequest("不能登记将来的日期", "that day has not come yet")
    if bool(routine.dossier_types) != bool(dossier):
        raise BadRequest(
            *(("请用 --dossier 写明是哪份档案", "say for which dossier with --dossier")
              if routine.dossier_types
              else ("这项工作不按档案进行", "this work is not done for a dossier")),
        )  # fmt: skip
    with archive.writing(now, who) as desk:
        subject = {"routine": routine.id}
        if dossier:
            row = archive.the("dossier", dossier)
            if row["type"] not in routine.dossier_types:
                raise BadRequest(
                    f"{dossier} 不在这项工作的范围内", f"this work is not done for {dossier}"
                )
            subject |= {"dossier": dossier, "customer": row["customer"]}
        for record in records:
            archive.the("record", record)
        desk.say(
            "routine",
            subject,
            day=on.isoformat(),
            records=list(records) or None,
            clauses=[routine.clause],
        )
        desk.append()
    archive.follow()
    return {"routine": routine.id, "day": on.isoformat(), "dossier": dossier,
            "records": list(records)}  # fmt: skip


def _known(policy: Policy, identifier: str) -> Routine:
    rows = {cited.row.id: cited.row for cited in in_force(policy)}
    if identifier not in rows:
        known = ", ".join(rows)
        raise NotKnown(
            f"没有名为 {identifier} 的例行工作",
            f"there is no routine {identifier}",
            f"可用：{known}",
            f"there are: {known}",
        )
    return rows[identifier]
