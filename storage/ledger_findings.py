"""What may be wrong with a ledger, in words that stay the same.

Owns the codes by which damage to a ledger is named. Opening a ledger raises one of them;
verifying it collects them all.

    L-ENTRY       an entry is not the one that was recorded
    L-TILE        a hash tile or entry bundle is missing, malformed or altered
    L-CHECKPOINT  a signed checkpoint is missing, malformed, or says something else
    L-JOURNAL     a record of the commit journal is damaged, with intact ones behind it
    L-TORN        bytes that are no intact record follow the last one
    L-ROLLBACK    the ledger no longer holds what a witness saw in it
    L-WITNESS     what a witness keeps, or has cosigned, cannot be what it was
    L-STAMP       a time stamp is not over the head it lies beside, or not by the authority
    L-STRAY       a file lies in the ledger that does not belong there

Rule: `where` names a file relative to the ledger's folder, and the entry where one is
meant; a message never holds a byte of an entry.

    raise LedgerDamaged(Finding(TILE, "tile/0/017", "is missing"))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from storage.errors import Damaged

ENTRY = "L-ENTRY"
TILE = "L-TILE"
CHECKPOINT = "L-CHECKPOINT"
JOURNAL = "L-JOURNAL"
TORN = "L-TORN"
ROLLBACK = "L-ROLLBACK"
WITNESS = "L-WITNESS"
STAMP = "L-STAMP"
STRAY = "L-STRAY"


class Seen(NamedTuple):
    """A head that somebody saw: the ledger must still contain it."""

    size: int
    root: bytes
    who: str = "a witness"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: a stable code, the file (and entry), and what about it."""

    code: str
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found: how far it came, the root it derived, and what is wrong."""

    size: int
    root_hex: str
    ok: bool
    findings: tuple[Finding, ...]


class LedgerDamaged(Damaged):
    """The ledger cannot be trusted as it is; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.code} {finding.where}: {finding.message}")
        self.finding = finding
