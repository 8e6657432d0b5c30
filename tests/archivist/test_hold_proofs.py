"""Holds by the ledger alone: what a release must prove before it ends anything."""

from datetime import UTC, datetime

import pytest

from archivist import hold_proofs
from archivist.hold_book import ids_of, is_held
from archivist.records import entry
from archivist.statements import signed
from storage.age.recipients import HybridIdentity
from storage.people import Unlocked

AT = datetime(2026, 3, 5, 9, tzinfo=UTC)
ARCHIVE = "0123456789abcdef"


def somebody(name, number):
    return Unlocked(name, HybridIdentity(bytes(32)), bytes([number]) * 32)


LI, WANG, ZHAO = somebody("li", 1), somebody("wang", 2), somebody("zhao", 3)


def said(act, who, subject, **fields):
    return entry(act, AT, who, "desk", subject, bytes(16), **fields)


def ledger(*more):
    """A ledger with three people and a hold on a dossier, placed by li, and more entries."""
    people = [said("person", "li", {"person": p.name}, key=p.verify_key.hex(), roles=[])
              for p in (LI, WANG, ZHAO)]  # fmt: skip
    first = said("init", "li", {"archive": ARCHIVE})
    return list(enumerate([first, *people, PLACE, *more]))


ON = {"hold": "H000001", "customer": "C000001", "dossier": "D000001"}
PLACE = said("hold", "li", ON, step="place", kind="audit", card={"name": "x", "sha256": "y"})
HOLD = hold_proofs.placed(4, PLACE)


def release(by=WANG, who=None, subject=ON, **altered):
    """A release by somebody, with these words of its statement altered and signed so."""
    statement = hold_proofs.signed_release(ARCHIVE, HOLD, by, AT)["statement"] | altered
    return said("hold", who or by.name, subject, step="release", **signed(statement, by))


def test_a_hold_is_in_force_until_another_person_signs_its_release():
    """Placed it holds; a true release ends it; both are read from entries alone."""
    held = hold_proofs.in_force(ledger())
    assert (held["H000001"].target, held["H000001"].kind) == ("D000001", "audit")
    assert hold_proofs.in_force(ledger(release())) == {}
    assert list(hold_proofs.verify(ledger(release()))) == [(5, ())]


@pytest.mark.parametrize(("forged", "code"), [
    (release(LI), "same-person"),
    (release(archive="f" * 16), "wrong-archive"),
    (release(hold="H000002"), "wrong-hold"),
    (release(subject=ON | {"hold": "H000001", "dossier": "D000002"}, placed=3), "hold-changed"),
    (release(digest="0" * 64), "hold-changed"),
    (release(person="zhao"), "wrong-person"),
    (release(WANG, who="zhao", person="zhao"), "wrong-key"),
    (release(act="loan-approval"), "malformed"),
    (release(v=2), "malformed"),
    (release(more="x"), "malformed"),
    (release(somebody("chen", 4)), "unknown-key"),
    (said("hold", "wang", ON, step="release"), "malformed"),
    (release().replace(b'"time":"2026', b'"time":"2027'), "bad-signature"),
])  # fmt: skip
def test_a_forged_release_releases_nothing(forged, code):
    """Somebody with the house key can append it; the hold stays, and the fault is named."""
    told = ledger(forged)
    ((_, found),) = hold_proofs.verify(told)
    assert code in found
    assert set(hold_proofs.in_force(told)) == {"H000001"}


def test_a_hold_cannot_be_moved_by_placing_its_number_again():
    """The first entry of a number counts, and a release of the second ends nothing."""
    moved = said("hold", "zhao", {"hold": "H000001", "customer": "C000009"}, step="place",
                 kind="other", card={})  # fmt: skip
    held = hold_proofs.in_force(ledger(moved))
    assert held["H000001"].target == "D000001"


def test_a_hold_covers_everything_below_its_target():
    """A record is held by its own id, its dossier's or its customer's, and by no other."""
    record = {"id": "R00000001", "dossier": "D000001", "customer": "C000001"}
    assert all(is_held(record, {name}) for name in ids_of(record))
    assert not is_held(record, {"R00000002", "D000002", "C000002"})
    assert not is_held({"id": "D000001", "customer": "C000001"}, {"R00000001"})
