"""Placing and releasing holds (冻结): while one is in force nothing that it covers is destroyed.

Owns the ledger act `hold`.

    place    the reason sealed → entry: the target, and the kind of reason as a code
    release  a statement signed with the releaser's own key, the reason sealed → entry

Rules it keeps:
- Whoever keeps the archive or heads a department may do both, or the roles that the company names
  for it (`role.hold_officer`). No adopted regulation speaks of holds.
- Placing is quick and one person's act, because what is destroyed meanwhile is gone. Releasing is
  another person's: nobody ends a hold that he placed himself, whatever his office.
- The words of a hold on papers under a need-to-know list, and the hold itself, are for those on
  the list. Its number counts all the same: every path to destruction asks the ledger.

    made = place(archive, policy, "C000001", "litigation", "买卖合同纠纷", "li", now)   # "H000001"
    release(archive, policy, made, "判决已生效", wang, now)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archivist.archive import KINDS as OBJECTS
from archivist.archive import Archive
from archivist.errors import BadRequest, NotAllowed, NotKnown
from archivist.hold_book import KINDS, may_know, no_hold, plain, the_hold
from archivist.hold_proofs import placed, signed_release
from archivist.offices import check_office
from archivist.records import kind_of
from archivist.statements import check_own_key

if TYPE_CHECKING:
    from index.catalogue import Row
    from policies.policy import Policy
    from storage.people import Unlocked

OFFICE = "hold_officer"  # the company's word for who places and releases holds


def place(
    archive: Archive, policy: Policy, target: str, kind: str, reason: str, who: str, now: datetime
) -> str:
    """Hold a customer, dossier or record and everything below it; returns the hold's id.

    Raises BadRequest without a reason, NotKnown, NotAllowed for whoever may not.
    """
    assert kind in KINDS, kind
    _check_reason(reason)
    archive.follow()
    check_office(archive, policy, who, OFFICE)
    with archive.writing(now, who) as desk:
        subject = _subject(archive, target)
        made = desk.number("hold")
        folder, name = _place_of(subject)
        desk.say_with_card(folder, name, {"v": 1, "reason": reason}, "hold",
                           {"hold": made, **subject}, step="place", kind=kind)  # fmt: skip
    archive.follow()
    return made


def release(
    archive: Archive, policy: Policy, identifier: str, reason: str, by: Unlocked, now: datetime
) -> Row:
    """End a hold, signed by whoever ends it; returns its row.

    Raises BadRequest without a reason, NotKnown, NotAllowed (released already, not his office, his
    own hold), Damaged when his key is not the one in the ledger.
    """
    _check_reason(reason)
    archive.follow()
    check_office(archive, policy, by.name, OFFICE)
    with archive.writing(now, by.name) as desk:
        row = the_hold(archive, identifier)
        if not may_know(archive, row, by.name):
            raise no_hold(identifier)
        if row["released"]:
            raise NotAllowed(f"{identifier} 已解除", f"{identifier} is released already")
        ((index, raw),) = archive.ledger.entries(row["idx"], row["idx"] + 1)
        hold = placed(index, raw)
        if by.name == hold.who:
            raise NotAllowed(
                "不能解除自己设的冻结", "nobody releases a hold that he placed himself",
                "请由另一人解除", "let somebody else release it",
            )  # fmt: skip
        check_own_key(archive, by)
        subject = _of_row(row)
        folder, name = _place_of(subject)
        fields = signed_release(archive.settings.archive_id, hold, by, now)
        desk.say_with_card(folder, name, {"v": 1, "reason": reason}, "hold",
                           {"hold": identifier, **subject}, step="release", **fields)  # fmt: skip
    archive.follow()
    return the_hold(archive, identifier)


# ── looking ───────────────────────────────────────────────────────────────────


def listed(
    archive: Archive, asker: str | None, target: str | None = None, every: bool = False
) -> list[dict[str, Any]]:
    """The holds that the asker may know of, oldest first: those in force, or `every` one.

    `target` leaves those on one customer, dossier or record and on what lies below or above it.
    """
    archive.follow()
    wanted = None if target is None else set(_subject(archive, target).values())
    return [
        plain(archive, row)
        for row in archive.catalogue.holds(open_only=not every)
        if may_know(archive, row, asker) and (wanted is None or _touches(row, target, wanted))
    ]


def _touches(row: Row, target: str | None, above: set[str]) -> bool:
    return row["target"] in above or target in (row["customer"], row["dossier"])


# ── below ─────────────────────────────────────────────────────────────────────


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadRequest("请用 --reason 写明理由", "say why with --reason TEXT")


def _subject(archive: Archive, target: str) -> dict[str, str]:
    """The ids that an entry names: the target and what it lies in. Raises NotKnown."""
    kind = kind_of(target)
    if kind not in OBJECTS:
        raise NotKnown(
            f"{target} 不是客户、客户档案或档案的编号",
            f"{target} is no customer, dossier or record",
            "如 C000001、D000001 或 R00000001", "as C000001, D000001 or R00000001",
        )  # fmt: skip
    row = archive.the(kind, target)
    return _of_row({"customer": None, "dossier": None, "record": None, **row, kind: target})


def _of_row(row: Row) -> dict[str, str]:
    return {name: row[name] for name in ("customer", "dossier", "record") if row[name]}


def _place_of(subject: Mapping[str, str]) -> tuple[str, str]:
    """Folder and name of a card, beside what it is about."""
    folder = "/".join(subject[name] for name in ("customer", "dossier") if name in subject)
    return folder, list(subject.values())[-1]
