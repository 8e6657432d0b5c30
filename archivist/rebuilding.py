"""Rebuilding the shadows: catalogue and full text, made anew from ledger, cards and heads.

Owns nothing that lasts: what is deleted here is derived from what stays. Whoever suspects a shadow
deletes it; the ledger cannot be talked into anything else.

Rules it keeps:
- The catalogue is replaced while nobody writes. A process that has the old file open goes on with
  it until it ends, and catches up from the ledger as before.
- The full text of a key comes back for whoever holds the key; of the others it is deleted, and made
  by the next search of somebody who does.

    rebuild_catalogue(archive)                                # entries applied
    rebuild_indexes(archive, session, person)                 # {"SECRET": 3}
"""

from collections.abc import Callable
from pathlib import Path

from archivist import indexing, searching
from archivist.archive import LOCK_SECONDS, Archive
from index.rekeying import throw_away
from storage.ledger import Ledger
from storage.people import Unlocked
from storage.session import Session

ENDINGS = (".db", ".whoosh")


def rebuild_catalogue(archive: Archive) -> int:
    """Delete the catalogue and follow the ledger from its first entry; returns how many those are.

    Raises Busy when somebody writes for too long, NoKey with another archive's house key.
    """
    # Opened by itself: the archive's own does not open beside a catalogue that cannot be read.
    # With the key that signs it: what does not open with a wrong key is not to be deleted.
    signing = archive.house.signing_key()
    ledger = Ledger.open(archive.root / "ledger", archive.settings.vkey, signing)
    try:
        with ledger.exclusive(LOCK_SECONDS):
            archive.forget_catalogue()
    finally:
        ledger.close()
    archive.follow()
    return archive.catalogue.applied


def throw_indexes_away(archive: Archive) -> list[str]:
    """Delete the full text of every key; returns whose there was."""
    found = sorted(path for path in _indexes(archive.root))
    for path in found:
        throw_away(path)
    return sorted({path.stem for path in found})


def fill_indexes(
    archive: Archive,
    session: Session,
    person: Unlocked,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, int]:
    """Make the full text of every key that the person holds; how many records of each."""
    filled = {}
    with searching.shelves(archive.settings, session) as opened:
        for shelf in opened:
            filled[shelf.key] = indexing.catch_up(archive, person, [shelf], progress)
    return filled


def _indexes(root: Path) -> list[Path]:
    folder = root / "index"
    return [p for p in folder.iterdir() if p.suffix in ENDINGS] if folder.is_dir() else []
