"""The inbox: scans that wait in a tray until a person settles them.

`assign` files one by a person's order, `retry` judges it again as if it had just come
(a dossier may have been opened since), `reject` says that it is not to be filed. Nothing
is deleted: a rejected scan lies in its own tray until somebody takes it away by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archivist import claims, intake, standing
from archivist.errors import NotKnown

if TYPE_CHECKING:
    from archivist.archive import Archive
    from archivist.claims import Claim
    from archivist.intake import Outcome
    from index.catalogue import Row


def waiting(archive: Archive) -> list[dict[str, Any]]:
    """Every scan in a tray, oldest first, with the reason and the best guess at a place."""
    archive.follow()
    return [_shown(archive, row) for row in archive.catalogue.claims_in_trays()]


def settle(
    archive: Archive, identifier: str, take_in: Callable[[Claim], list[Outcome]]
) -> list[Outcome]:
    """Take a scan out of its tray and let `take_in` examine and judge it once more.

    When that fails for a reason of the machine the scan goes back to its tray. Raises
    NotKnown for a claim that waits nowhere.
    """
    archive.follow()
    tray, waiting_claim = archive.claims.in_tray(identifier)
    claim = archive.claims.out_of_tray(waiting_claim)
    try:
        return take_in(claim)
    except BaseException:
        said = archive.catalogue.claim(identifier)
        if said is None or said["outcome"] != "filed":
            intake.tidy(archive, claim, tray)
        raise


def reject(archive: Archive, identifier: str, reason: str, now: datetime, who: str) -> None:
    """Decide that a scan is not to be filed. The reason is sealed, not written in the ledger."""
    archive.follow()
    tray, claim = archive.claims.in_tray(identifier)
    if tray == "rejected":
        raise NotKnown(f"{identifier} 已经退回", f"claim {identifier} is rejected already")
    claim = archive.claims.out_of_tray(claim)
    try:
        with archive.writing(now, who) as desk:
            name, content = identifier.replace(".", "-"), {"v": 1, "reason": reason}
            desk.say_with_card(
                "INBOX", name, content, "reject", {}, claim=identifier, tray="rejected"
            )
    except BaseException:
        intake.tidy(archive, claim, tray)  # it waits as before
        raise
    archive.follow()
    intake.tidy(archive, claim, "rejected")


def _shown(archive: Archive, row: Row) -> dict[str, Any]:
    try:
        _, claim = archive.claims.in_tray(row["id"])
        source, path = str(claim.source), claims.readable(claim.path)
    except NotKnown:
        source, path = None, None  # being judged at this moment, or taken away by hand
    return {
        "claim": row["id"],
        "source": source,
        "path": path,
        "tray": row["tray"],
        "reason": row["reason"],
        "time": row["t"],
        "customer": row["customer"],
        "customer_name": standing.customer_name(archive.catalogue, _whose(archive, row)),
        "dossier": row["dossier"],
        "type": row["type"],
        "suggestion": {name: row[name] for name in ("customer", "dossier", "type") if row[name]}
        or None,
    }


def _whose(archive: Archive, row: Row) -> str | None:
    """The customer meant: a dossier that was guessed says whose it is."""
    dossier = archive.catalogue.dossier(row["dossier"]) if row["dossier"] else None
    return str(dossier["customer"]) if dossier else row["customer"]
