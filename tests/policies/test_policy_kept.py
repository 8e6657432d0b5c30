"""A pack that is kept as a text reads as it did from its own."""

from __future__ import annotations

import pytest
from law import Law

from policies.fields import Written, text
from policies.kept import READ_BY, fetched, kept
from policies.packs import TABLES
from policies.policy import Policy

SHIPPED = Law.shipped().packs


@pytest.mark.parametrize("name", SHIPPED)
def test_a_kept_pack_has_the_rows_that_were_read(name: str) -> None:
    """Every row of every kind, dates and rows below rows among them, and the head."""
    pack = SHIPPED[name]
    again = fetched(kept(pack))
    assert again == pack
    assert (again.ref, hash(again.head)) == (pack.ref, hash(pack.head))
    assert kept(again) == kept(pack)


def test_kept_packs_decide_as_the_packs_themselves() -> None:
    """The same questions, names, readings and grades of everything."""
    packs = [SHIPPED[name] for name in ("auto-dealer", "secrecy", "company-sample")]
    one, other = (Policy.adopt(some, {}) for some in (packs, [fetched(kept(p)) for p in packs]))
    assert one.questions == other.questions
    assert one.readings == other.readings
    assert one.document_types == other.document_types
    assert one.dossier_types == other.dossier_types
    for name in one.document_types:
        assert one.default_grade(name) == other.default_grade(name)
        assert one.find_type(name) == other.find_type(name)


def test_what_is_kept_names_every_module_that_reads_it() -> None:
    """A change to the grammar of any row makes what was kept before worthless."""
    assert {kind.__module__ for kind in TABLES.values()} <= {f"policies.{name}" for name in READ_BY}


class _Door(Written):
    """A door."""

    colour: str = text("颜色", "its colour")
    room: str = text("房间", "its room", "hall")


def test_a_row_is_a_frozen_value_of_its_fields() -> None:
    """Equal by content, never changed, and nothing is left out or made up."""
    assert _Door("red") == _Door(colour="red", room="hall") != _Door("blue")
    assert len({_Door("red"), _Door("red")}) == 1
    for attempt in (
        lambda: setattr(_Door("red"), "colour", "blue"),
        lambda: delattr(_Door("red"), "colour"),
    ):
        with pytest.raises(AttributeError):
            attempt()
    for wrong in ({}, {"colour": "red", "size": "big"}):
        with pytest.raises(TypeError):
            _Door(**wrong)
    with pytest.raises(TypeError):
        _Door("red", "hall", "more")
