"""Opening a record again, byte for byte, and saying so in the ledger first.

The entry comes before the bytes: whoever sees a record has been recorded, also when the
power goes in between. The purpose is a free text and is sealed in a card beside the
record; the entry holds its digest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archivist import fixity, granting, hold_book, loan_book, loan_desk, watermark
from archivist.errors import BadRequest, NotAllowed
from archivist.records import Entry, target_of

if TYPE_CHECKING:
    from archivist.archive import Archive, Desk
    from index.catalogue import Row
    from policies.policy import Policy
    from storage.people import Unlocked


def view(
    archive: Archive, policy: Policy, record: str, purpose: str, person: Unlocked, now: datetime,
    on_screen: bool = False,
) -> tuple[Row, Iterator[bytes]]:  # fmt: skip
    """Open a record for a person; returns its row and its bytes, verified as they come.

    Whoever is not cleared but borrows it gets it with a watermark on every page, and the row
    names the `loan`. `on_screen` gives a picture (PNG) of each page instead, marked for everybody;
    where a regulation forbids a loan to leave the screen, nothing else is given. Raises NotKnown,
    NotAllowed without clearance or loan, Denied after a loan's last day, BadRequest without a
    purpose or for what cannot be marked, Damaged when the stored bytes are not what was filed.
    What is refused is not recorded as seen.
    """
    if not purpose.strip():
        raise BadRequest("请写明调阅用途", "a purpose is needed")
    archive.follow()
    row = archive.the("record", record)
    loan = granting.loan_that_opens(archive, row, person.name)
    if loan is not None:
        return _borrowed(archive, policy, row, loan, purpose, person, now, on_screen)
    chunks = archive.record_bytes(row, "scan", person)
    with archive.writing(now, person.name) as desk:
        _say(desk, row, purpose)
    archive.follow()
    chunks = fixity.as_filed(archive, row, chunks)
    if not on_screen:
        return row, chunks
    return row, watermark.pictures(
        row["media"], b"".join(chunks), _mark(policy, row, person, record, now)
    )


def _borrowed(
    archive: Archive, policy: Policy, row: Row, loan: Row, purpose: str, person: Unlocked,
    now: datetime, on_screen: bool,
) -> tuple[Row, Iterator[bytes]]:  # fmt: skip
    """Open a record by a loan: what the borrower gets says on every page whose it is."""
    with loan_desk.at_the_desk(archive, now, person.name, "open", loan_desk.subject_of(loan)):
        granting.check_open(archive, loan, now)
    if not on_screen and "leave_screen" in loan_book.terms_of(archive, policy, loan).forbids:
        raise NotAllowed(
            "制度规定这份资料只许在屏幕上阅览",
            "the regulation lets this record be read on a screen only",
            "加上 --screen",
            "add --screen",
        )
    # Outside the lock: a document may take a minute to mark.
    plain = b"".join(fixity.as_filed(archive, row, granting.opened(archive, loan, row, person)))
    mark = _mark(policy, row, person, loan["id"], now)
    if on_screen:
        media, seen = "image/png", list(watermark.pictures(row["media"], plain, mark))
    else:
        media, marked = watermark.stamped(row["media"], plain, mark)
        seen = [marked]
    with archive.writing(now, person.name) as desk:
        _say(desk, row, purpose, loan["id"])
    archive.follow()
    return row | {"media": media, "loan": loan["id"]}, iter(seen)


def _mark(policy: Policy, row: Row, person: Unlocked, under: str, now: datetime) -> watermark.Mark:
    """Whose it is, under which loan or record, when, and how secret."""
    grade = policy.grades.get(row["grade"])
    moment = now.astimezone().strftime("%Y-%m-%d %H:%M")
    return watermark.Mark(person.name, under, moment, grade.mark if grade else "")


def _say(desk: Desk, row: Row, purpose: str, loan: str | None = None) -> None:
    folder, record = f"{row['customer']}/{row['dossier']}", row["id"]
    subject = {"customer": row["customer"], "dossier": row["dossier"], "record": record}
    subject |= {"loan": loan} if loan else {}
    desk.say_with_card(folder, record, {"v": 1, "purpose": purpose}, "view", subject)


def shown(archive: Archive, record: str, person: Unlocked | None) -> dict[str, Any]:
    """What is known of a record, and its history; `held` names the holds that cover it.

    Title and source name are in the sealed card: they are shown to whoever can open it,
    and are null for everybody else. Of a destroyed record its tombstone is left, which names the
    `destruction`.
    """
    archive.follow()
    stone = archive.catalogue.tombstone(record)
    if stone is not None:
        return _left_of(archive, stone, person.name if person else None)
    row = archive.the("record", record)
    card, asker = _card(archive, row, person), person.name if person else None
    words = {name: card[name] if card else None for name in ("title", "source")}
    return _known(archive, row, asker) | words | {"destruction": None}


def _left_of(archive: Archive, stone: Row, asker: str | None) -> dict[str, Any]:
    """A destroyed record: ids, digests, dates and the decision; its words are no more."""
    ended = {"disposal": stone["disposal"], "decided": stone["decided"],
             "destroyed": stone["destroyed"]}  # fmt: skip
    return _known(archive, stone, asker) | {"title": None, "source": None, "destruction": ended}


def _known(archive: Archive, row: Row, asker: str | None) -> dict[str, Any]:
    return {
        "record": row["id"],
        "customer": row["customer"],
        "dossier": row["dossier"],
        "type": row["type"],
        "grade": row["grade"],
        "need_to_know": target_of(row["key"]),
        "generation": row["generation"],
        "until": row["until"],
        "restricted": row["customer"] in archive.catalogue.restricted(),
        "held": hold_book.known(archive, hold_book.holds_on(archive, row), asker),
        "pages": row["pages"],
        "media": row["media"],
        "size_bytes": row["objects"]["scan"]["size_bytes"],
        "filed": row["filed"],
        "filed_by": row["filed_by"],
        "clauses": row["clauses"],
        "packs": row["packs"],
        "objects": row["objects"],
        "history": [
            _line(entry)
            for entry in archive.entries_of(row["id"])
            if entry.act != "hold"
            or hold_book.may_know(
                archive, hold_book.the_hold(archive, entry.subject["hold"]), asker
            )
        ],
    }


def _card(archive: Archive, row: Row, person: Unlocked | None) -> dict[str, Any] | None:
    if row["customer"] in archive.catalogue.restricted():
        return None
    held = archive.held_by(person.name if person else None)
    if row["generation"] is not None and (row["key"], row["generation"]) not in held:
        return None
    return archive.record_card(row, person)


def _line(entry: Entry) -> dict[str, Any]:
    return {"index": entry.index, "time": entry.time, "act": entry.act, "who": entry.who}
