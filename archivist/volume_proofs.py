"""That a volume was composed and checked by two people, as proofs verified from the ledger.

Owns the statement that both sign, each with the own Ed25519 key. It is canonical JSON and stands in
the entry, so that whoever has the ledger can verify it without this program's word:

    act, v        "volume-list", 1
    archive       which archive
    volume        which volume; customer, dossier, year and code ("" for none)
    step          composed, corrected, checked or returned
    list          SHA-256 over the canonical JSON of `papers`: which records, in which order
    entry, digest of the composing entry that a checker looked at, and of its bytes; -1, "" in that
    person, time  who signs, and when

Rules it keeps: a checker confirms one list. One that was corrected afterwards is confirmed by
nobody until it is checked anew.

    proof_problems(archive, archive.catalogue.volume("J000001"))      # ()
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from archivist.archive import Archive
from archivist.records import Entry, canonical, timestamp
from archivist.statements import digest_of, ledger_keys, signed, verifies
from archivist.volume_book import digest_of_list
from index.catalogue import Row
from storage.people import Unlocked

KIND = "volume-list"  # stands in the statement, so that it cannot pass for another kind of one


def signed_list(
    archive: Archive,
    volume: Mapping[str, Any],
    step: str,
    person: Unlocked,
    now: datetime,
    looked_at: tuple[int, str] = (-1, ""),
) -> dict[str, Any]:
    """The fields of an entry: statement, key and signature. `volume` has id, customer, dossier,
    year, code and list."""
    statement = {
        "act": KIND,
        "v": 1,
        "archive": archive.settings.archive_id,
        "volume": volume["id"],
        "customer": volume["customer"],
        "dossier": volume["dossier"],
        "year": volume["year"],
        "code": volume["code"] or "",
        "step": step,
        "list": volume["list"],
        "entry": looked_at[0],
        "digest": looked_at[1],
        "person": person.name,
        "time": timestamp(now),
    }
    return signed(statement, person)


def composing(archive: Archive, row: Row) -> tuple[Entry, str]:
    """The entry that the newest list of a volume was signed in, and the digest of its bytes."""
    ((index, raw),) = archive.ledger.entries(row["composed_at"], row["composed_at"] + 1)
    return Entry.parse(index, raw), digest_of(raw)


def proof_problems(archive: Archive, row: Row) -> tuple[str, ...]:
    """Why the signatures on a volume prove nothing; empty when they hold.

    Codes: bad-list (not the signed one), bad-signature:NAME, unknown-key:NAME, bad-check,
    same-person.
    """
    made, digest = composing(archive, row)
    found = [*_problems(archive, row, made, made.fields["step"])]
    if digest_of_list(row["papers"]) != row["list"] or made.fields["list"] != row["list"]:
        found.append("bad-list")
    if row["state"] != "checked":
        return tuple(found)
    checked = [e for e in archive.entries_of(row["id"]) if e.fields.get("step") == "checked"]
    if not checked:
        return (*found, "bad-check")
    found += _problems(archive, row, checked[-1], "checked")
    said = checked[-1].fields["statement"]
    if (said["entry"], said["digest"]) != (made.index, digest):
        found.append("bad-check")
    if checked[-1].who in row["composers"]:
        found.append("same-person")
    return tuple(found)


def _problems(archive: Archive, row: Row, entry: Entry, step: str) -> list[str]:
    said, key = entry.fields["statement"], entry.fields["key"]
    names = ("volume", "customer", "dossier")
    fits = (
        said["act"] == KIND
        and said["archive"] == archive.settings.archive_id
        and all(said[name] == entry.subject[name] for name in names)
        and (said["step"], said["person"]) == (step, entry.who)
        and said["list"] == row["list"]
    )
    known = ledger_keys(archive, [entry.who]).get(entry.who)
    if known is None or known != key:
        return [f"unknown-key:{entry.who}"]
    if not fits or not verifies(key, entry.fields["signature"], canonical(said)):
        return [f"bad-signature:{entry.who}"]
    return []
