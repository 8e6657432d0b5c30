"""After a crash: every claim in the work folder gets its one end.

The ledger decides. A claim it names as filed is dropped; one it names as refused goes
to the tray it names; one it does not name starts again, as if it had just been
claimed. Parts of a stack whose whole still lies here unnamed are thrown away, because
they will be cut again.

A rotation of keys that had ended, or a need-to-know list, lets go of its old keys here; a rotation
that had not is taken up by the next `key rotate`, because moving records takes somebody who can
open them. A destruction that was decided is gone on with in the same way: what needs no key is
erased here, the keys go when somebody who holds them says it again.

Run before watching. Repeating it changes nothing.
"""

from collections.abc import Iterator
from datetime import datetime

from archivist import destruction, granting, knowing, resealing, rotation
from archivist.archive import Archive
from archivist.claims import Claim
from archivist.intake import tidy


def recover(archive: Archive, now: datetime) -> list[Claim]:
    """Tidy what a crash left; returns the claims that have to be read again.

    What another living process holds stays its own. Raises Busy when the archive is locked
    for too long.
    """
    with archive.writing(now, "station"):
        rotation.tidy(archive)
        resealing.settle(archive)
        destruction.tidy(archive)
        knowing.tidy(archive)
        granting.tidy(archive, now.astimezone().date())
        return list(_left_over(archive, list(archive.claims.left_over())))


def _left_over(archive: Archive, claims: list[Claim]) -> Iterator[Claim]:
    for claim in claims:
        said = archive.catalogue.claim(claim.id)
        if said is not None:
            tidy(archive, claim, said["tray"] if said["outcome"] != "filed" else None)
        elif archive.catalogue.claims_of_scan(claim.id):
            archive.claims.drop(claim)  # a stack: each of its documents has its own entry
        elif claim.came in ("copy", "part"):
            # The person still has the original; the part will be cut again from its stack.
            archive.claims.drop(claim)
        else:
            yield claim
