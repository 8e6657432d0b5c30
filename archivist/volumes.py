"""Volumes (立卷): describe papers, compose them, correct a volume that is still open.

Owns of the ledger act `volume` the steps described, composed and corrected; what follows is
`volume_checks`.

    describe   what a paper is in its matter → entry: ids, parts, dates
    compose    papers that lie in no volume → one entry for each volume, all in one group: ids in
               order, archival codes, clauses and packs, the list's digest signed by the composer
    correct    papers added or taken out, with a reason sealed → entry: the whole list, signed anew

Rules it keeps:
- What is proposed is decided by `policies.composing` and shown by a dry run, which writes nothing.
  It is decided again under the writer's lock: a record lies in one volume at most.
- Codes are given with the list and never again, whatever becomes of what bears them: the next
  number is one more than the highest that the ledger ever gave in that series.
- A code that cannot be written yet is not made up: the volume has none until it is corrected.
- A closed volume takes nothing. What is filed late makes another volume, or this one is reopened.

    made = compose(archive, policy, Wish(customer="C000001"), lin, now)
    made.volumes[0]["volume"], made.left
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from archivist.archive import Archive, Desk
from archivist.errors import BadRequest, NotAllowed
from archivist.grade_rulings import held_by
from archivist.statements import check_own_key
from archivist.volume_book import (
    DATES,
    Reading,
    clauses_shown,
    digest_of_list,
    items,
    latecomers,
    subject_of,
    the_volume,
)
from archivist.volume_faults import structural
from archivist.volume_proofs import signed_list
from index.catalogue import Row
from policies.archival_codes import Template, Uncoded, keep_counts, template_for
from policies.arrangement import MATTERS, never_parted
from policies.composing import Composition, Left, Proposed
from policies.composing import compose as composed
from policies.policy import Policy
from policies.volume_life import OPEN, START, IllegalStep, step
from storage.people import Unlocked


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose papers are to be composed, a customer's, a dossier's or all; of one year or of all."""

    customer: str | None = None
    year: int | None = None
    dossier: str | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """Volumes as they stand in JSON, what is left with its reason, and who came too late."""

    volumes: list[dict[str, Any]]
    left: tuple[Left, ...]
    late: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Described:
    """What a person says a paper is in its matter; None and empty where he says nothing.

    `matter` is the record that the matter is named after, `about` one of `MATTERS`, `dates` the
    days that decide its year, `linked` records it is closely linked to.
    """

    matter: str | None = None
    parts: tuple[str, ...] = ()
    about: str | None = None
    dates: Mapping[str, date] = field(default_factory=dict)
    copies: int | None = None
    linked: tuple[str, ...] = ()

    def plain(self) -> dict[str, str]:
        """Point → what is said on it, as the entry has it."""
        said = {
            "matter": self.matter or "",
            "part": ",".join(self.parts),
            "about": self.about or "",
            "copies": str(self.copies or ""),
            "linked": ",".join(self.linked),
            **{name: day.isoformat() for name, day in self.dates.items()},
        }
        return {name: value for name, value in said.items() if value}


# ── describing ────────────────────────────────────────────────────────────────


def describe(
    archive: Archive, policy: Policy, record: str, said: Described, now: datetime, who: str
) -> dict[str, str]:
    """Say what a record is in its matter; the newest word on each point counts.

    Raises NotKnown for a record, BadRequest when nothing is said or no regulation knows the part,
    NotAllowed for a paper whose volume is closed.
    """
    if not said.plain():
        raise BadRequest("请写明是什么", "say what it is", "例如 --matter R00000001 --part reply",
                         "e.g. --matter R00000001 --part reply")  # fmt: skip
    _check_words(policy, said)
    with archive.writing(now, who) as desk:
        row = archive.the("record", record)
        for other in (*said.linked, *([said.matter] if said.matter else [])):
            archive.the("record", other)
        volume = archive.catalogue.volume_of(record)
        if volume and the_volume(archive, volume)["state"] not in OPEN:
            raise NotAllowed(
                f"{record} 在已封卷的 {volume} 中",
                f"{record} lies in {volume}, which is closed",
                f"先拆封：archivist volume reopen {volume} --reason 理由",
                f"reopen it first: archivist volume reopen {volume} --reason TEXT",
            )
        subject = {"record": record, "customer": row["customer"], "dossier": row["dossier"]}
        desk.say("volume", subject, step="described", said=said.plain())
        desk.append()
    archive.follow()
    return archive.catalogue.described_of(record)


def _check_words(policy: Policy, said: Described) -> None:
    parts = {part for cited in never_parted(policy) for part in cited.row.together}
    if said.about is not None and said.about not in MATTERS:
        raise _no_such(said.about, MATTERS)
    for part in said.parts:
        if part not in parts:
            raise _no_such(part, sorted(parts))
    for name in said.dates:
        if name not in DATES:
            raise _no_such(name, DATES)


def _no_such(word: str, known: Sequence[str]) -> BadRequest:
    return BadRequest(
        f"制度中没有“{word}”", f"no regulation knows {word}",
        f"可用：{'、'.join(known) or '无'}", f"there are: {', '.join(known) or 'none'}",
    )  # fmt: skip


# ── composing ─────────────────────────────────────────────────────────────────


def propose(archive: Archive, policy: Policy, wish: Wish, asker: str | None) -> Composed:
    """What `compose` would make now; nothing is written. Raises NotKnown, BadRequest."""
    archive.follow()
    reading, proposal = _proposal(archive, policy, wish)
    numbers = _Numbers(archive)
    made = [_planned(archive, policy, reading, one, numbers) for one in proposal.volumes]
    closed = _closed(archive)
    told = [_told(archive, policy, one, planned, asker, closed)
            for one, planned in zip(proposal.volumes, made, strict=True)]  # fmt: skip
    return Composed(told, proposal.left, latecomers(archive, policy))


def compose(
    archive: Archive, policy: Policy, wish: Wish, person: Unlocked, now: datetime
) -> Composed:
    """Compose volumes and record them, each signed by its composer.

    Raises NotKnown, BadRequest, and Damaged when the person's key is not the one in the ledger.
    """
    archive.follow()
    late = latecomers(archive, policy)
    told = []
    with archive.writing(now, person.name) as desk:
        check_own_key(archive, person)
        reading, proposal = _proposal(archive, policy, wish)
        numbers, closed = _Numbers(archive), _closed(archive)
        for one in proposal.volumes:
            planned = _planned(archive, policy, reading, one, numbers)
            planned |= {"id": desk.number("volume")}
            _say_composed(archive, desk, one, planned, person, now)
            told.append(_told(archive, policy, one, planned, person.name, closed))
        if told:
            desk.append()
    archive.follow()
    return Composed(told, proposal.left, late)


def _proposal(archive: Archive, policy: Policy, wish: Wish) -> tuple[Reading, Composition]:
    customer = wish.customer
    if wish.dossier is not None:
        owner = archive.the("dossier", wish.dossier)["customer"]
        if customer not in (None, owner):
            raise BadRequest(f"{wish.dossier} 不是 {customer} 的档案",
                             f"{wish.dossier} is not a dossier of {customer}")  # fmt: skip
        customer = owner
    if customer is not None:
        archive.the("customer", customer)
    rows = archive.catalogue.unarranged(customer)
    if wish.dossier is not None:
        rows = [row for row in rows if row["dossier"] == wish.dossier]
    reading = Reading(archive, policy)
    papers = items(archive, policy, rows, reading)
    coded = {item.dossier_type for item in papers if keep_counts(policy, item.dossier_type)}
    years = () if wish.year is None else (wish.year,)
    return reading, composed(policy, papers, years, coded)


class _Numbers:
    """The next number of each series: one more than was ever given, in the ledger or just now."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._last: dict[str, int] = {}

    def next(self, template: Template) -> tuple[int, str]:
        """A number and its code, both for the first time."""
        catalogue = self._archive.catalogue
        last = self._last.get(template.series, catalogue.highest_code(template.series))
        number = last + 1
        while catalogue.code_given(template.volume(number)):
            number += 1  # another template wrote the same code once
        self._last[template.series] = number
        return number, template.volume(number)


def _planned(
    archive: Archive, policy: Policy, reading: Reading, one: Proposed, numbers: _Numbers
) -> dict[str, Any]:
    """A volume as its entry will name it, all but its id and the signature."""
    dossier = reading.dossier(one.dossier)
    coding = _coding(policy, dossier, one.year, one.keep)
    papers = [
        {"record": paper.id, "item": number, "pages": paper.pages or 0,
         "copies": paper.copies or 1, "grade": paper.grade}
        for number, paper in enumerate(one.papers, 1)
    ]  # fmt: skip
    planned: dict[str, Any] = {
        "customer": dossier["customer"],
        "dossier": one.dossier,
        "year": one.year,
        "keep": one.keep,
        "code": None,
        "lacks": coding if isinstance(coding, Uncoded) else None,
        "papers": papers,
        "last_item": len(papers),
    }
    if isinstance(coding, Template):
        number, code = numbers.next(coding)
        planned |= {"series": coding.series, "number": number, "code": code}
        _give_codes(coding, code, papers)
    return planned | {"list": digest_of_list(papers)}


def _coding(policy: Policy, dossier: Row, year: int, keep: str) -> Template | Uncoded:
    kind = policy.find_dossier_type(dossier["type"])
    parts = {"year": str(year), "keep": keep, "customer": dossier["customer"],
             "dossier": dossier["id"], "department": kind.department if kind else ""}  # fmt: skip
    return template_for(policy, dossier["type"], parts)


def _give_codes(template: Template, volume: str, papers: Sequence[dict[str, Any]]) -> None:
    for paper in papers:
        paper.setdefault("code", template.item(volume, paper["item"]))


def _say_composed(
    archive: Archive, desk: Desk, one: Proposed, planned: Mapping[str, Any], person: Unlocked,
    now: datetime,
) -> None:  # fmt: skip
    names = ("year", "keep", "papers", "last_item", "list")
    coded = {name: planned.get(name) for name in ("series", "number", "code")}
    desk.say(
        "volume",
        subject_of(dict(planned)),
        step="composed",
        state=step(START, "compose"),
        **{name: planned[name] for name in names},
        **coded,
        clauses=list(one.clauses),
        packs=list(one.packs),
        **signed_list(archive, planned, "composed", person, now),
    )


def _closed(archive: Archive) -> dict[tuple[str, int], list[str]]:
    """Dossier and year → the volumes of them that are closed."""
    found: dict[tuple[str, int], list[str]] = {}
    for row in archive.catalogue.volumes():
        if row["state"] == "checked":
            found.setdefault((row["dossier"], row["year"]), []).append(row["id"])
    return found


def _told(
    archive: Archive, policy: Policy, one: Proposed, planned: Mapping[str, Any],
    asker: str | None, closed: Mapping[tuple[str, int], list[str]],
) -> dict[str, Any]:  # fmt: skip
    """A composed volume for whoever composes: ids, types and pages, no more of what is sealed."""
    found = (archive.catalogue.record(paper["record"]) for paper in planned["papers"])
    rows = [row for row in found if row is not None]
    return {
        "volume": planned.get("id"),
        "code": planned["code"],
        "code_lacks": planned["lacks"].lacks if planned["lacks"] else None,
        "customer": planned["customer"],
        "dossier": planned["dossier"],
        "year": planned["year"],
        "keep": planned["keep"] or None,
        "records": [
            {"record": paper["record"], "item": paper["item"], "code": paper.get("code"),
             "type": row["type"], "pages": paper["pages"], "copies": paper["copies"]}
            for paper, row in zip(planned["papers"], rows, strict=True)
        ],
        "pages": sum(paper["pages"] for paper in planned["papers"]),
        "supplements": closed.get((one.dossier, one.year), []),
        "clauses": clauses_shown(policy, one.clauses, rows, held_by(archive, asker)),
        "packs": list(one.packs),
    }  # fmt: skip


# ── correcting ────────────────────────────────────────────────────────────────


def correct(
    archive: Archive,
    policy: Policy,
    identifier: str,
    add: Sequence[str],
    take_out: Sequence[str],
    reason: str,
    person: Unlocked,
    now: datetime,
) -> Row:
    """Add papers to an open volume or take some out; sign the list anew. Codes that were lacking
    are given now.

    Raises NotKnown, NotAllowed for a closed volume and for what no rule lets lie in it, BadRequest
    for papers that lie elsewhere or not in it, without a reason, and for an empty volume.
    """
    if not reason.strip():
        raise BadRequest("请写明理由", "a reason is needed")
    archive.follow()
    with archive.writing(now, person.name) as desk:
        check_own_key(archive, person)
        row = the_volume(archive, identifier)
        state = _next(row, "correct")
        papers, last = _corrected(archive, row, add, take_out)
        _check_fits(archive, policy, row, papers)
        changed = _coded(archive, policy, row, papers)
        changed |= {"papers": papers, "last_item": last, "list": digest_of_list(papers)}
        proof = signed_list(archive, row | changed, "corrected", person, now)
        desk.say_with_card(
            f"{row['customer']}/{row['dossier']}", identifier, {"v": 1, "reason": reason},
            "volume", subject_of(row), step="corrected", state=state,
            added=list(add), taken_out=list(take_out), **changed, **proof,
        )  # fmt: skip
    archive.follow()
    return the_volume(archive, identifier)


def _corrected(
    archive: Archive, row: Row, add: Sequence[str], take_out: Sequence[str]
) -> tuple[list[dict[str, Any]], int]:
    """The list with and without them; a number within the volume is never given twice."""
    reading = archive.catalogue
    inside = {paper["record"] for paper in row["papers"]}
    if foreign := [name for name in take_out if name not in inside]:
        raise BadRequest(f"{foreign[0]} 不在 {row['id']} 中", f"{foreign[0]} is not in {row['id']}")
    papers = [dict(paper) for paper in row["papers"] if paper["record"] not in take_out]
    last = row["last_item"]
    for name in dict.fromkeys(add):
        record = archive.the("record", name)
        if other := reading.volume_of(name):
            raise BadRequest(f"{name} 已在 {other} 中", f"{name} lies in {other} already")
        last += 1
        copies = int(reading.described_of(name).get("copies", 1))
        papers.append({"record": name, "item": last, "pages": record["pages"], "copies": copies,
                       "grade": record["grade"]})  # fmt: skip
    if not papers:
        raise BadRequest(
            f"{row['id']} 中就没有文件了", f"{row['id']} would be empty",
            f"撤卷：archivist volume dissolve {row['id']} --reason 理由",
            f"dissolve it: archivist volume dissolve {row['id']} --reason TEXT",
        )  # fmt: skip
    return papers, last


def _check_fits(
    archive: Archive, policy: Policy, row: Row, papers: Sequence[Mapping[str, Any]]
) -> None:
    """NotAllowed when a volume would break a rule that it did not break before."""
    before = {(fault.code, fault.clause) for fault in structural(archive, policy, row)}
    after = structural(archive, policy, row | {"papers": list(papers)})
    new = [fault for fault in after if (fault.code, fault.clause) not in before]
    if new:
        fault = new[0]
        named = "、".join(fault.records)
        raise NotAllowed(
            f"不能这样改正：{named} {fault.zh}（{fault.clause}）",
            f"not like this: {named.replace('、', ', ')} {fault.en} ({fault.clause})",
        )


def _coded(
    archive: Archive, policy: Policy, row: Row, papers: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The codes that are still lacking: of added papers, and of a volume that had none."""
    dossier = archive.the("dossier", row["dossier"])
    coding = _coding(policy, dossier, row["year"], row["keep"])
    if row["code"] is not None:
        if isinstance(coding, Template):
            _give_codes(replace(coding, series=row["series"]), row["code"], papers)
        return {}
    if isinstance(coding, Uncoded):
        return {}
    number, code = _Numbers(archive).next(coding)
    _give_codes(coding, code, papers)
    return {"series": coding.series, "number": number, "code": code}


def _next(row: Row, act: str) -> str:
    try:
        return step(row["state"], act)
    except IllegalStep as error:
        identifier = row["id"]
        closed = row["state"] == "checked"
        raise NotAllowed(
            error.zh, error.en,
            f"补充的文件可另组一卷，或先拆封：archivist volume reopen {identifier} --reason 理由"
            if closed else "",
            "what came later makes another volume; or reopen it: "
            f"archivist volume reopen {identifier} --reason TEXT" if closed else "",
        ) from None  # fmt: skip
