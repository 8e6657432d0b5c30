"""Archives written by earlier versions open for ever: the frozen archive in tests/vectors."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from storage import age
from storage.errors import Damaged
from storage.people import People
from storage.vault import Vault

FOLDER = Path(__file__).parents[1] / "vectors" / "age"
MADE = runpy.run_path(str(FOLDER / "make.py"))
VAULT = Vault(FOLDER / "archive")


def read(number: int, suffix: str, identity: age.Identity, label) -> bytes:
    name = f"C000001/D000001/R0000000{number}"
    return VAULT.read(name, suffix, [identity], label, max_bytes=1 << 20)


def test_frozen_hybrid_record_opens() -> None:
    """Scan and card of the record sealed to the hybrid key."""
    assert read(1, "pdf", MADE["HYBRID"], MADE["LABEL"]) == MADE["SCAN"]
    assert read(1, "card", MADE["HYBRID"], MADE["LABEL"]) == MADE["CARD"]


def test_frozen_curve_record_opens() -> None:
    """The card of the record sealed to the X25519 key."""
    assert read(2, "card", MADE["CURVE"], MADE["LABEL"]) == MADE["CARD"]


def test_frozen_plain_record_opens() -> None:
    """The card that was never sealed."""
    assert read(3, "card", MADE["CURVE"], None) == MADE["CARD"]


def test_frozen_label_still_counts() -> None:
    """A frozen record does not open under another label."""
    with pytest.raises(Damaged):
        read(1, "card", MADE["HYBRID"], {**MADE["LABEL"], "generation": 2})


def test_frozen_person_unlocks() -> None:
    """The passphrase of the frozen person opens both keys."""
    people = People(FOLDER / "archive" / "keys" / "people")
    unlocked = people.unlock("lin", MADE["PASSPHRASE"])
    assert people.person("lin").verifies(b"x", unlocked.sign(b"x"))
    assert people.person("lin").created == MADE["CREATED"]


def test_frozen_label_has_one_spelling() -> None:
    """The label's JSON is sorted, compact and not ASCII-escaped, byte for byte."""
    header = age.Header.parse(VAULT.stored_head("C000001/D000001/R00000001"))
    (stanza,) = header.of_kind("archivist/label-v1")
    text = stanza.body.decode()
    assert text.startswith('{"bodies":{"card":"')
    assert text.endswith(
        '"},"generation":1,"key":"jimi","name":"C000001/D000001/R00000001",'
        '"record":"R00000001","注":"档案"}'
    )
