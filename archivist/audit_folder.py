"""The archive's folder, file by file: what an audit looks at that no record names.

Owns the question "does every file belong here, and is it what it was?" for all that is not a
record's body or head: sealed keys, regulations, trays, settings, the ledger's lock, and strays
anywhere. `archivist.vouching` looks at the rest, and takes these looks in the same way: what does
not fit is looked at again while nobody writes.

What a file is held against:

    keys/people, keys/grades    digests in the entries that gave the keys
    packs/                      digests in the entries that adopted them
    trays/                      the keyed fingerprint in the entry that turned the scan away
    archive.toml                the ledger (id, packs), and the digest the last audit recorded
    store/, keys/records/       the rows: a file that no row and no entry names is a stray

Rule: `drop/` and `work/` are for what is not archived yet; nothing in them is judged.

    vouched(archive, also=partial(folder_looks, grades))
"""

import json
import os
import re
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from archivist.audit_bodies import Scope
from archivist.claims import TRAYS
from archivist.config import FILE_NAME
from archivist.regulations import ADOPTED
from archivist.vouching import Look, Truth
from index.catalogue import Row
from storage import durable
from storage.checking import sum_of_names
from storage.errors import Missing, StorageError
from storage.ledger_findings import Finding

AT_ROOT = frozenset(
    (FILE_NAME, "catalogue.db", "catalogue.db-wal", "catalogue.db-shm", "drop", "index", "keys",
     "ledger", "packs", "store", "trays", "work")
)  # fmt: skip
# Beside a name that is written once: what a crash left of the attempt. `durable.sweep` removes it.
_TEMPORARY = re.compile(r"\.[^/]+\.\d+\.[0-9a-f]{8}\.tmp")
_RECORD = re.compile(r"(R\d{8,})(?:-G(\d{8}))?\.(?:[a-z0-9]+(?:\.age)?|head)")
_CARD = re.compile(r"(.+-(\d{8}))\.(?:([a-z0-9]+)\.age|head)")
_STORED = ("store", "keys/records")
_MAKING = {".making"}  # held by whoever makes an index
_CARDS_AFTER = 64  # a card is named after the entry that it stands by, or one of the same group


def folder_looks(grades: frozenset[str] | None, truth: Truth, scope: Scope) -> Iterator[Look]:
    """One look at each part of the folder; `grades` are those that the regulations declare,
    None where they cannot be read."""
    yield partial(sealed_keys, truth)
    yield partial(stray_keys, truth)
    yield partial(packs, truth)
    for tray in TRAYS:
        yield partial(waiting, truth, tray)
    yield partial(beside_trays, truth)
    yield partial(lost_claims, truth)
    yield partial(identity, truth)
    yield partial(at_root, truth)
    yield partial(torn_tails, truth)
    yield partial(lock, truth)
    yield partial(indexes, truth, grades)
    count, total = sum_of_names(scope.key, stored_files(truth.archive.root))
    if (count, total) != (scope.files, scope.names):
        # Others lie there, or some are gone; these have been named by whoever missed them.
        for path in stored_files(truth.archive.root):
            if not _belongs(truth, path):
                yield partial(stray, truth, path)


# ── store ─────────────────────────────────────────────────────────────────────


def stored_files(root: Path) -> Iterator[str]:
    """Every file in the store and among the records' heads, relative to the root."""
    for top in _STORED:
        yield from files_below(root, top)


def files_below(root: Path, top: str) -> Iterator[str]:
    """Every file, link or device below a folder, without what a crash left half written."""
    pending, base = [top], os.fspath(root)
    while pending:
        folder = pending.pop()
        try:
            entries = os.scandir(f"{base}/{folder}")
        except (FileNotFoundError, NotADirectoryError):
            continue
        # To its end before anything is given out: whoever asks may change the folder.
        with entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_folder in found:
            if is_folder:
                pending.append(f"{folder}/{name}")
            elif name[0] != "." or not _TEMPORARY.fullmatch(name):
                yield f"{folder}/{name}"


def stray(truth: Truth, path: str) -> Iterator[Finding]:
    """A file in the store that no record and no card is stored in."""
    if os.path.lexists(truth.archive.root / path) and not _belongs(truth, path):
        yield Finding("S-STRAY", path, "no entry of the ledger names it")


def _belongs(truth: Truth, path: str) -> bool:
    top = next(top for top in _STORED if path.startswith(f"{top}/"))
    folder, _, name = path[len(top) + 1 :].rpartition("/")
    if found := _RECORD.fullmatch(name):
        row = truth.replay.record(found[1])
        if row is None and (stone := truth.replay.tombstone(found[1])) and not stone["destroyed"]:
            row = stone  # its destruction is being carried out
        if row is not None and path in files_of_record(row):
            return True
    found = _CARD.fullmatch(name)
    return found is not None and _is_card(truth, f"{folder}/{found[1]}", int(found[2]), found[3])


def files_of_record(row: Row) -> set[str]:
    """Where a record's files lie now."""
    name = f"{row['customer']}/{row['dossier']}/{row['stored']}"
    objects = row["objects"]
    if row["generation"] is None:
        return {f"store/{name}.{objects[kind]['suffix']}" for kind in ("scan", "card")}
    bodies = {f"store/{name}.{objects[kind]['suffix']}.age" for kind in ("scan", "card")}
    return bodies | {f"keys/records/{name}.head"}


def _is_card(truth: Truth, name: str, index: int, suffix: str | None) -> bool:
    if index >= truth.ledger.size:
        return False
    end = min(index + _CARDS_AFTER, truth.ledger.size)
    for _, raw in truth.ledger.entries(index, end):
        fields = json.loads(raw)
        if fields.get("card", {}).get("name") == name:
            shown = [one["suffix"] for one in fields.get("evidence", ())]
            return suffix in (None, "card", *shown)
    return False


# ── keys ──────────────────────────────────────────────────────────────────────


def sealed_keys(truth: Truth) -> Iterator[Finding]:
    """Every sealed private half that somebody should have, held against the entry that gave it."""
    said = truth.sealed
    for place in held(truth):
        path = f"keys/{place}"
        try:
            found = durable.digest_of(truth.archive.root / path).sha256
        except Missing:
            yield Finding("K-SEALED", path, "is missing")
            continue
        # Keys given by a version that named no digests are compared with nothing.
        if said.get(place, found) != found:
            yield Finding("K-SEALED", path, "is not what the ledger names")


def unvouched(truth: Truth) -> int:
    """How many sealed keys no entry names the digest of: given by an older version."""
    said = truth.sealed
    return sum(place not in said for place in held(truth))


def held(truth: Truth) -> Iterator[str]:
    """Every sealed private half that somebody should have, by its name below `keys/`."""
    for person in truth.replay.people():
        yield f"people/{person['id']}.json"
        if not person["left_at"]:
            yield f"people/{person['id']}.age"
    for row in truth.replay.clearances():
        yield f"grades/{row['key']}/{row['generation']:04}/{row['person']}.age"
    for place in truth.sealed:
        if place.endswith("/@house.age") and not _is_over(truth, place):
            yield place


def _is_over(truth: Truth, place: str) -> bool:
    """Whether the generation of a sealed key of the house was replaced, and its rotation ended:
    nobody was cleared for it, so no clearance that ended with it says so."""
    _, key, generation, _ = place.split("/")
    return any(
        entry.act == "rotate"
        and entry.fields["state"] == "ended"
        and entry.fields["generation"] > int(generation)
        for entry in truth.entries_of(key)
    )


def stray_keys(truth: Truth) -> Iterator[Finding]:
    """Files among the keys that are nobody's, or of somebody who has no right to them any more."""
    expected = {f"keys/{place}" for place in held(truth)}
    expected |= {
        f"keys/grades/{row['key']}/{row['generation']:04}/public"
        for row in truth.replay.grade_keys()
    }
    for path in files_below(truth.archive.root, "keys"):
        if path.startswith(("keys/records/", "keys/loans/")):
            continue
        if path not in expected:
            yield Finding("K-STRAY", path, "belongs to nobody who is cleared")


# ── regulations, settings ─────────────────────────────────────────────────────


def packs(truth: Truth) -> Iterator[Finding]:
    """Every text that was adopted lies there as it was adopted, and nothing else does."""
    root = truth.archive.root
    expected: set[str] = set()
    for row in truth.replay.every_pack():
        kept = f"{ADOPTED}/{row['sha256']}.toml"
        readable = f"packs/{row['id']}@{row['version']}.toml"
        expected |= {kept, readable}
        for path in (kept, readable):
            yield from _same_text(root, path, row["sha256"])
    for path in files_below(root, "packs"):
        if path not in expected:
            yield Finding("P-STRAY", path, "was never adopted")


def _same_text(root: Path, path: str, digest: str) -> Iterator[Finding]:
    try:
        if durable.digest_of(root / path).sha256 != digest:
            yield Finding("P-TEXT", path, "is not what was adopted")
    except Missing:
        yield Finding("P-TEXT", path, "is missing")


def identity(truth: Truth) -> Iterator[Finding]:
    """The settings name this archive and packs that were adopted, and are as the last audit saw
    them: whoever changed them since is not told by any entry."""
    settings = truth.archive.settings
    (first,) = truth.ledger.entries(0, 1)
    named = json.loads(first[1])["subject"].get("archive")
    if named != settings.archive_id:
        yield Finding("F-IDENTITY", FILE_NAME, "names another archive than the ledger")
    adopted = {f"{row['id']}@{row['version']}" for row in truth.replay.every_pack()}
    for ref in settings.packs:
        if ref not in adopted and ref not in {name.partition("@")[0] for name in adopted}:
            yield Finding("F-SETTINGS", FILE_NAME, f"names {ref}, which was never adopted")
    last = last_audit(truth)
    if last and last["settings"] != settings_digest(truth.archive.root):
        since = f"since the audit of {last['t']}"
        yield Finding("F-SETTINGS", FILE_NAME, f"was changed {since}; this audit records it anew")


def settings_digest(root: Path) -> str:
    """What the settings' file holds now."""
    return sha256(durable.read_bytes(root / FILE_NAME)).hexdigest()


def last_audit(truth: Truth) -> dict[str, Any] | None:
    """The newest entry of an audit, or None."""
    named = truth.archive.settings.archive_id
    for index in reversed(truth.replay.history(named)):
        for _, raw in truth.ledger.entries(index, index + 1):
            fields: dict[str, Any] = json.loads(raw)
            if fields["act"] == "audit":
                return fields
    return None


def at_root(truth: Truth) -> Iterator[Finding]:
    """What lies beside the archive's own folders."""
    for name in sorted(path.name for path in truth.archive.root.iterdir()):
        if name not in AT_ROOT and not _TEMPORARY.fullmatch(name):
            yield Finding("F-STRAY", name, "does not belong to an archive")


# ── trays ─────────────────────────────────────────────────────────────────────


def waiting(truth: Truth, tray: str) -> Iterator[Finding]:
    """Every scan in a tray is the one that was turned away there, byte for byte."""
    root = truth.archive.root
    for path in files_below(root, f"trays/{tray}"):
        claim = path.split("/")[2]
        row = truth.replay.claim(claim)
        if row is None or row["outcome"] == "filed" or row["tray"] != tray:
            yield Finding("T-STRAY", path, "no entry put it there")
        elif row["print"] is not None and not (root / path).is_symlink():
            yield from _same_scan(truth, path, row["print"])


def beside_trays(truth: Truth) -> Iterator[Finding]:
    """What lies beside the trays, in none of them."""
    top = truth.archive.root / "trays"
    for name in sorted(path.name for path in top.iterdir()) if top.is_dir() else ():
        if name not in TRAYS:
            inside = list(files_below(truth.archive.root, f"trays/{name}"))
            for path in inside or [f"trays/{name}"]:
                yield Finding("T-STRAY", path, "no entry put it there")


def _same_scan(truth: Truth, path: str, print_: str) -> Iterator[Finding]:
    try:
        digest = durable.digest_of(truth.archive.root / path).sha256
    except StorageError:
        return  # no plain file: what came was none
    if truth.archive.house.fingerprint(digest) != print_:
        yield Finding("T-ALTERED", path, "is not the scan that came")


def lost_claims(truth: Truth) -> Iterator[Finding]:
    """Every scan that waits for a person is there."""
    for row in truth.replay.claims_in_trays():
        if next(iter(files_below(truth.archive.root, f"trays/{row['tray']}/{row['id']}")), None):
            continue
        # Whoever settles it has it in his hands just now.
        if next(iter(files_below(truth.archive.root, f"work/{row['id']}")), None) is None:
            yield Finding("T-LOST", f"trays/{row['tray']}/{row['id']}", "is gone")


# ── ledger, indexes ───────────────────────────────────────────────────────────


def torn_tails(truth: Truth) -> Iterator[Finding]:
    """Bytes that recovery cut off are kept under their own digest."""
    for path in files_below(truth.archive.root, "ledger/journal"):
        name = path.rpartition("/")[2]
        if name.startswith("torn-"):
            digest = durable.digest_of(truth.archive.root / path).sha256
            if digest[:8] != name.rpartition("-")[2]:
                yield Finding("L-TORN", path.removeprefix("ledger/"), "is not what was cut off")


def lock(truth: Truth) -> Iterator[Finding]:
    """The lock says where the last writer stood: never further than the ledger goes.

    It holds no truth. What it says behind that is stale by a crash, or by somebody's hand: nothing
    follows from it but one flush more, so it is not told.
    """
    try:
        raw = durable.read_bytes(truth.archive.root / "ledger" / "lock")
    except Missing:
        yield Finding("L-LOCK", "lock", "is missing")
        return
    found = re.fullmatch(rb"(\d{20}) (\d{20})\n", raw)
    if raw and (not found or int(found[2]) > int(found[1]) or int(found[1]) > truth.ledger.size):
        yield Finding("L-LOCK", "lock", "is not what a writer leaves")


def indexes(truth: Truth, grades: frozenset[str] | None) -> Iterator[Finding]:
    """Only full-text indexes of keys that there are lie among the indexes, and none has gone."""
    there = {path.split("/")[1] for path in files_below(truth.archive.root, "index")}
    ending = re.compile(r"(.+)\.(?:db|db-wal|db-shm|whoosh)")
    keys = truth.replay.key_ids() | (grades or set())
    for name in sorted(there - _MAKING):
        found = ending.fullmatch(name)
        if found is None or (grades is not None and found[1] not in keys):
            yield Finding("X-STRAY", f"index/{name}", "is no index of this archive")
    last = last_audit(truth)
    for name in (last or {}).get("indexes", ()):
        if name not in there:
            yield Finding("X-GONE", f"index/{name}", "was there at the last audit; it is made anew")


def index_names(root: Path) -> list[str]:
    """The full-text indexes that lie there, without their logs."""
    there = {path.split("/")[1] for path in files_below(root, "index")}
    return sorted(name for name in there if name.endswith((".db", ".whoosh")))


def before_opening(root: Path, applied: int | None, size: int) -> list[Finding]:
    """What can only be seen before anything is caught up: `applied` is how far the catalogue had
    followed, None when its file was not there."""
    if applied is None and size:
        return [Finding("C-BEHIND", "catalogue.db", "is gone; it was made anew from the ledger")]
    if applied is not None and applied < size:
        told = f"held {applied} of {size} entries; it caught up"
        return [Finding("C-BEHIND", "catalogue.db", told)]
    return []
