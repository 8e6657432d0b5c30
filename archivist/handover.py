"""Handing papers over (签收): one statement, signed by both sides with their own keys.

Owns the ledger act `handover`. Both sides stand at the desk and unlock their keys; what they
sign is the canonical JSON of a statement: which archive and dossier, from whom to whom, when,
each record with its pages and the digest of its stored bytes, and what is missing or not yet
looked at. The statement and both signatures stand in the entry, so that whoever has the ledger
can verify a receipt without this program's word, its catalogue or the paper it was printed on.

Rules it keeps:
- Two people: nobody hands papers over to himself.
- Incomplete papers may be handed over; then the receipt says what is missing (S001-3-R12).
- The key that signs is the one that the ledger names for its person. Keys that came to lie in
  the folder some other way sign nothing.
- A statement is text once and for all: what is printed later is printed from the entry.

    entry = hand_over(archive, policy, calendar, "D000001", zhao, lin, now)
    listed(archive)[-1]["verified"]                              # True
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from archivist.archive import Archive
from archivist.errors import BadRequest, NotAllowed, NotKnown
from archivist.records import Entry, canonical, timestamp
from archivist.standing import customer_name, dossier_state, local_moment, papers_of
from archivist.statements import key_problem
from index.catalogue import Row
from policies.calendar import Calendar
from policies.checklist import review
from policies.deadlines import missing
from policies.handover import ReceiptTerms, receipt_terms
from policies.policy import Policy
from storage.errors import Damaged
from storage.people import Unlocked

SIGNED = "handover"  # stands in the statement, so that it cannot pass for another kind of one


def hand_over(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    dossier: str,
    giver: Unlocked,
    receiver: Unlocked,
    now: datetime,
) -> int:
    """Record that `receiver` took over the papers of a dossier; returns the ledger index.

    Raises NotAllowed for one and the same person, BadRequest for a dossier without papers,
    NotKnown, Damaged when a key is not the one in the ledger.
    """
    if giver.name == receiver.name:
        raise NotAllowed(
            "移交人和接收人须为不同的人", "giver and receiver must be different people"
        )
    with archive.writing(now, receiver.name) as desk:
        for person in (giver, receiver):
            _require_known_key(archive, person)
        row = archive.the("dossier", dossier)
        statement = _statement(archive, policy, calendar, row, (giver.name, receiver.name), now)
        message = canonical(statement)
        terms = terms_of(policy, row["type"])
        desk.say(
            "handover",
            {
                "customer": row["customer"],
                "dossier": dossier,
                "from": giver.name,
                "to": receiver.name,
            },
            statement=statement,
            signatures=[_signed(person, message) for person in (giver, receiver)],
            clauses=list(terms.clauses),
            packs=list(terms.packs),
        )
        (index,) = desk.append()
    archive.follow()
    return index


def terms_of(policy: Policy, dossier_type: str) -> ReceiptTerms:
    """What the adopted regulations ask of this handover."""
    return receipt_terms(policy, "handover", dossier_type)


def _require_known_key(archive: Archive, person: Unlocked) -> None:
    named = next((row["key"] for row in archive.catalogue.people() if row["id"] == person.name), "")
    if named != person.verify_key.hex():
        raise Damaged(f"the signing key of {person.name} is not the one in the ledger")


def _signed(person: Unlocked, message: bytes) -> dict[str, str]:
    return {
        "person": person.name,
        "key": person.verify_key.hex(),
        "signature": person.sign(message).hex(),
    }


def _statement(
    archive: Archive,
    policy: Policy,
    calendar: Calendar,
    dossier: Row,
    people: tuple[str, str],
    now: datetime,
) -> dict[str, Any]:
    records = archive.catalogue.records(dossier["id"])
    if not records:
        raise BadRequest(
            f"{dossier['id']} 中还没有资料", f"there is nothing in {dossier['id']} to hand over"
        )
    copies = {paper.record: paper.copy for paper in papers_of(archive.catalogue, dossier["id"])}
    wanting, unattested = _open_points(archive, policy, calendar, dossier, now)
    return {
        "act": SIGNED,
        "v": 1,
        "archive": archive.settings.archive_id,
        "customer": dossier["customer"],
        "dossier": dossier["id"],
        "type": dossier["type"],
        "from": people[0],
        "to": people[1],
        "time": timestamp(now),
        "records": [
            {
                "record": row["id"],
                "type": row["type"],
                "pages": row["pages"],
                "copy": copies[row["id"]],
                "sha256": row["objects"]["scan"]["sha256"],
            }
            for row in records
        ],
        "missing": wanting,
        "unattested": unattested,
    }


def _open_points(
    archive: Archive, policy: Policy, calendar: Calendar, dossier: Row, now: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is missing or wrong, with due dates; and what nobody has looked at yet."""
    kind = policy.find_dossier_type(dossier["type"])
    if kind is None:
        return [], []  # of a pack that is no longer adopted: nothing is required of it now
    moment = now.astimezone()
    state = dossier_state(archive.catalogue, dossier)
    lacks = [
        {
            "item": lack.item,
            "lack": lack.kind,
            "detail": lack.detail,
            "due": lack.due.isoformat() if lack.due else "",
            "due_at": lack.due_at,
        }
        for lack in missing(state, policy, calendar, moment)
    ]
    reviews = review(kind, state.papers, state.customer_fields, state.keys, moment.date())
    unattested = [
        {"item": found.item.id, "points": list(found.unattested)}
        for found in reviews
        if found.unattested
    ]
    return lacks, unattested


# ── verifying ─────────────────────────────────────────────────────────────────


def problems(
    fields: Mapping[str, Any], keys: Mapping[str, str], archive_id: str
) -> tuple[str, ...]:
    """Why a handover's entry proves nothing; empty when both sides signed exactly this.

    `fields` are the entry's, `keys` the hex signing keys that the ledger names, by person. The
    codes: malformed, wrong-archive, wrong-subject, same-person, signatures, unknown-key:NAME,
    wrong-key:NAME, bad-signature:NAME.
    """
    if not _well_formed(fields):
        return ("malformed",)
    statement, subject = fields["statement"], fields["subject"]
    found = []
    if statement.get("archive") != archive_id:
        found.append("wrong-archive")
    names = ("customer", "dossier", "from", "to")
    if statement.get("act") != SIGNED or any(statement.get(n) != subject.get(n) for n in names):
        found.append("wrong-subject")
    if statement.get("from") == statement.get("to"):
        found.append("same-person")
    signatures = fields["signatures"]
    if [one["person"] for one in signatures] != [statement.get("from"), statement.get("to")]:
        found.append("signatures")
    for one in signatures:
        name = one["person"]
        if bad := key_problem(name, one["key"], one["signature"], statement, keys):
            found.append(f"{bad}:{name}")
    return tuple(found)


def _well_formed(fields: Mapping[str, Any]) -> bool:
    statement, signatures = fields.get("statement"), fields.get("signatures")
    return (
        isinstance(statement, dict)
        and _plain(statement)
        and isinstance(signatures, list)
        and all(
            isinstance(one, dict) and {"person", "key", "signature"} <= set(one) and _plain(one)
            for one in signatures
        )
    )


def _plain(value: Any) -> bool:
    """Whether it has one spelling only; a float has several."""
    if isinstance(value, dict):
        return all(key.isascii() and _plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(_plain, value))
    return isinstance(value, str | int)


def verify(entries: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each handover in a ledger read from its beginning, with its problems.

    Needs nothing beside the entries: which archive it is stands in `init`, whose key is whose
    in `person`, and only what stood there before the handover counts.
    """
    archive_id = ""
    keys: dict[str, str] = {}
    for index, raw in entries:
        entry = Entry.parse(index, raw)
        if entry.act == "init":
            archive_id = entry.subject["archive"]
        elif entry.act == "person" and "key" in entry.fields:
            keys[entry.subject["person"]] = entry.fields["key"]
        elif entry.act == "handover":
            yield index, problems(entry.fields, keys, archive_id)


# ── the receipt book ──────────────────────────────────────────────────────────


def handed_over(archive: Archive, index: int) -> Entry:
    """The handover that stands at a ledger index. Raises NotKnown."""
    archive.follow()
    if not any(row["idx"] == index for row in archive.catalogue.handovers()):
        raise NotKnown(f"台账第 {index} 条不是移交", f"ledger entry {index} is no handover")
    return _entry(archive, index)


def _entry(archive: Archive, index: int) -> Entry:
    ((at, raw),) = archive.ledger.entries(index, index + 1)
    return Entry.parse(at, raw)


def listed(archive: Archive, month: str | None = None) -> list[dict[str, Any]]:
    """The receipt book (签收薄): every handover, or those of a month (`2026-03`), oldest first."""
    archive.follow()
    keys = {row["id"]: row["key"] for row in archive.catalogue.people() if row["key"]}
    found = []
    for row in archive.catalogue.handovers():
        if month is None or f"{local_moment(row['t']):%Y-%m}" == month:
            entry = _entry(archive, row["idx"])
            line = _line(entry, problems(entry.fields, keys, archive.settings.archive_id))
            line["customer_name"] = customer_name(archive.catalogue, line["customer"])
            found.append(line)
    return found


def _line(entry: Entry, findings: tuple[str, ...]) -> dict[str, Any]:
    statement = entry.fields["statement"]
    return {
        "entry": entry.index,
        "time": entry.time,
        "customer": statement["customer"],
        "dossier": statement["dossier"],
        "dossier_type": statement["type"],
        "from": statement["from"],
        "to": statement["to"],
        "records": [row["record"] for row in statement["records"]],
        "types": [row["type"] for row in statement["records"]],
        "pages": sum(row["pages"] for row in statement["records"]),
        "missing": [row["item"] for row in statement["missing"]],
        "verified": not findings,
        "findings": list(findings),
        "clauses": entry.fields["clauses"],
    }
