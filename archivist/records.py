"""Ids and ledger entries: the words in which the archive says what it did.

An entry is canonical JSON (RFC 8785): object keys sorted, no spaces, UTF-8, and
no number but integers, so that the same statement always has the same bytes.
Every entry carries

    v        format, 1
    t        UTC time, seconds, "2026-11-23T09:30:00Z"
    act      what was done: one of `ACTS`
    who      the person, or "station" for the scanner station
    station  the machine
    subject  ids: {"customer": "C000001", "dossier": "D000001", …}
    salt     16 random bytes, hex: leaf hashes appear in other people's proofs,
             and a guessable entry must not be confirmed from its hash

and what the act adds: object digests, grade, clauses, pack versions. Ids and
digests only: no names, no titles, no text, because the ledger can never be
erased. Free words (a purpose, a name) live in a sealed card beside the
subject; the entry holds the card's name and digest.

    >>> Entry.parse(0, entry("view", at, "zhang", "desk", {"record": "R00000001"}, salt)).act
    'view'
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ACTS = frozenset(
    {
        "init",  # the archive was made
        "adopt",  # a pack version came into force
        "person",  # a person was added
        "key",  # a grade's key generation was made and granted
        "clear",  # a person was cleared for a grade
        "revoke",  # a person's clearance for a grade was withdrawn
        "leave",  # a person left; whatever he was cleared for is withdrawn
        "refused-login",  # a wrong passphrase was tried
        "rotate",  # the records of a grade move to its newest key: begun, ended
        "rewrap",  # heads were sealed anew to the newest key
        "escrow",  # keys were put into a recovery bundle
        "recover",  # a person was given all keys from a recovery bundle
        "backup",  # a snapshot was made in a backup, or verified
        "restore",  # the archive was put back from a snapshot: what came after it is lost
        "customer",  # a customer was added or changed (newest card counts)
        "dossier",  # a dossier was opened, changed, closed or got an event
        "ownership",  # somebody claimed a customer, or was given one
        "contact",  # somebody served a customer
        "file",  # a document was filed: the commit point of intake
        "regrade",  # a record came to another grade or key, or its secrecy was extended
        "limit",  # only those on a list may know of a dossier or record: begun, ended
        "declassify",  # a record ceased to be secret: by decision, or because its period ended
        "attest",  # a person said what he saw on a paper
        "handover",  # papers were handed over; both sides signed
        "routine",  # work that comes again was done
        "sweep",  # what the calendar had brought was listed, and what needs nobody was done
        "remind",  # somebody was urged to hand in what is missing
        "refuse",  # a scan was turned away into a tray
        "reject",  # a person decided that a scan is not to be filed
        "view",  # a record was opened and read
        "export",  # records went out of the archive, as files
        "unmask",  # personal numbers were shown in full
        "print",  # a register or form was printed from the archive
        "loan",  # a loan was asked for, approved, issued, renewed, recalled, returned …
        "loan-denied",  # somebody tried what a loan does not allow
        "audit",  # all that is kept was checked: what was read, what was found
        "witness",  # somebody is asked to witness the ledger from now on, or no more
        "incident",  # a leak, loss, damage … was reported, noted, acknowledged, closed
        "hold",  # a customer, dossier or record is not to be destroyed: placed, released
        "disposal",  # destroying was proposed, appraised, approved, refused, carried out
        "disposal-denied",  # somebody tried what a disposal does not allow
        "restrict",  # a customer's personal data is kept and no more used: begun, lifted
        "violation",  # a violation was recorded, ordered corrected, confirmed or dismissed
        "destroy",  # a disposal was carried out: decided, destroyed; papers and bundles after it
        "volume",  # papers were described, composed to a volume, checked, returned …
        "login",  # a person unlocked the keys
        "logout",
    }
)

# What a list of those who need to know seals: a grade within one dossier or one record.
_LISTED = re.compile(r"(.+)-([DR][0-9]{6,})")

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIXES = {"customer": ("C", 6), "dossier": ("D", 6), "record": ("R", 8), "violation": ("V", 6),
            "loan": ("L", 6), "incident": ("I", 6), "hold": ("H", 6),
            "disposal": ("X", 6), "volume": ("J", 6)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger entry as read back: its index, its common fields and the rest."""

    index: int
    time: str
    act: str
    who: str
    subject: Mapping[str, str]
    fields: Mapping[str, Any]

    @classmethod
    def parse(cls, index: int, raw: bytes) -> "Entry":
        """Read the bytes of entry `index`; unknown acts of later versions are kept as they are."""
        fields = json.loads(raw)
        return cls(index, fields["t"], fields["act"], fields["who"], fields["subject"], fields)


def entry(
    act: str,
    at: datetime,
    who: str,
    station: str,
    subject: Mapping[str, str],
    salt: bytes,
    **more: Any,
) -> bytes:
    """The bytes of one ledger entry. Fields that are None are left out."""
    assert act in ACTS, act
    body: dict[str, Any] = {
        "v": 1,
        "t": timestamp(at),
        "act": act,
        "who": who,
        "station": station,
        "subject": dict(subject),
        "salt": salt.hex(),
    }
    body.update((key, value) for key, value in more.items() if value is not None)
    return canonical(body)


def canonical(value: Any) -> bytes:
    """RFC 8785 for what we write: ASCII keys, strings, integers, booleans, lists, objects."""
    _only_exact(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _only_exact(value: Any) -> None:
    # A float has more than one spelling; letting one in would make digests a matter of taste.
    if isinstance(value, Mapping):
        for key, inner in value.items():
            assert isinstance(key, str) and key.isascii(), key
            _only_exact(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _only_exact(inner)
    else:
        assert value is None or isinstance(value, str | int), type(value)


def timestamp(at: datetime) -> str:
    """UTC to the second, as it stands in the ledger."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def numbered(kind: str, number: int) -> str:
    """`numbered("customer", 1)` is "C000001"."""
    letter, digits = PREFIXES[kind]
    return f"{letter}{number:0{digits}}"


def kind_of(identifier: str) -> str | None:
    """Which kind of id this is, or None when it is none."""
    for kind, (letter, digits) in PREFIXES.items():
        tail = identifier[1:]
        if identifier[:1] == letter and len(tail) >= digits and tail.isascii() and tail.isdigit():
            return kind
    return None


def list_key(grade: str, target: str) -> str:
    """The key id of a need-to-know list: `list_key("TOP", "D000001")` is "TOP-D000001"."""
    return f"{grade}-{target}"


def grade_of(key: str) -> str:
    """The grade that a key seals: of a list's key the grade within which it limits."""
    found = _LISTED.fullmatch(key)
    return found[1] if found else key


def target_of(key: str) -> str | None:
    """The dossier or record that a list's key is for; None for a grade's own key."""
    found = _LISTED.fullmatch(key)
    return found[2] if found else None


def key_subject(key: str) -> dict[str, str]:
    """How an entry names a key: a grade by itself, a list with what it is for."""
    target = target_of(key)
    if target is None:
        return {"grade": key}
    return {"key": key, "dossier" if target.startswith("D") else "record": target}


def claim_id(at: datetime, randomness: bytes) -> str:
    """A ULID: 48 bits of milliseconds, 80 random bits, so that claims sort by time."""
    assert len(randomness) == 10
    number = int(at.timestamp() * 1000) << 80 | int.from_bytes(randomness)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
