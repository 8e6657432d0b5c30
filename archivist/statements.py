"""Statements that people sign: canonical JSON under the maker's own Ed25519 key.

Owns the signature and its check, and whose key is whose by the ledger. What a statement says, and
what makes it prove nothing, stands with each kind: loans, incidents, handovers.

    fields = signed({"act": "loan-approval", …}, zhao)
    verifies(fields["key"], fields["signature"], canonical(fields["statement"]))     # True
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from archivist import records
from storage.errors import Damaged

if TYPE_CHECKING:
    from archivist.archive import Archive
    from storage.people import Unlocked


def digest_of(raw: bytes) -> str:
    """What an approval says of the entry it approves."""
    return hashlib.sha256(raw).hexdigest()


def signed(statement: Mapping[str, Any], person: Unlocked) -> dict[str, Any]:
    """A statement with the key and the signature of whoever makes it."""
    signature = person.sign(records.canonical(statement)).hex()
    return {"statement": statement, "key": person.verify_key.hex(), "signature": signature}


def verifies(key: str, signature: str, message: bytes) -> bool:
    """Whether a hex Ed25519 signature is this key's over these bytes; what is no hex is not."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
            bytes.fromhex(signature), message
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def key_problem(
    person: str, key: str, signature: str, statement: Mapping[str, Any], keys: Mapping[str, str]
) -> str | None:
    """Why a statement is not this person's: `unknown-key`, `wrong-key` or `bad-signature`; None
    when it is. `keys` are the hex signing keys that the ledger names, by person."""
    if person not in keys:
        return "unknown-key"
    if keys[person] != key:
        return "wrong-key"
    return None if verifies(key, signature, records.canonical(statement)) else "bad-signature"


def fingerprint(key: str) -> str:
    """Sixteen digits of the SHA-256 of a signing key, in fours: to be compared by eye."""
    digits = hashlib.sha256(bytes.fromhex(key)).hexdigest()[:16]
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def ledger_keys(archive: Archive, names: Iterable[str]) -> dict[str, str]:
    """Whose signing key is which, from the entries that made them."""
    found: dict[str, str] = {}
    for name in set(names):
        for entry in archive.entries_of(name):
            if entry.act == "person" and entry.subject["person"] == name and "key" in entry.fields:
                found[name] = entry.fields["key"]
    return found


def check_own_key(archive: Archive, person: Unlocked) -> None:
    """Raises Damaged when a person's keys are not those that the ledger names."""
    if ledger_keys(archive, [person.name]).get(person.name) != person.verify_key.hex():
        raise Damaged(f"the signing key of {person.name} is not the one in the ledger")
