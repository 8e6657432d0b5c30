"""Everything stored, held against the ledger: what `ledger verify` says beyond the ledger.

Owns the comparison of what lies on the disk with what the entries say lies there. The ledger
proves itself; this proves that the rest still is what it speaks of. Needs the house key, and
nobody's passphrase: bodies are compared by digest, heads by digest and label.

    C-ALTERED   a row of the catalogue is not what the ledger makes of it
    C-LOST      a row that the ledger makes is not in the catalogue
    C-FOREIGN   a row is in the catalogue that no entry makes
    C-DAMAGED   the catalogue cannot be read
    S-BODY      a stored body is missing, or is not the one filed
    S-HEAD      a head is missing, another record's, or of another key or generation
    S-GRANT     what opens a record to a borrower belongs to no open loan, or was altered
    S-GONE      something lies there of a record that was destroyed
    S-CARD      a sealed card is missing, or is not the one the entry names
    K-GRADE     a grade's public key is missing, or is not the one the ledger names
    K-PERSON    a person's public page is missing, another's, or has other keys

Rules it keeps:
- Findings name ids, files, columns and digests; never a value of a row.
- Somebody at work is no damage. Comparing takes minutes and holds nobody up, so a record may be
  sealed anew, or a key made, after its row was read. What does not fit is therefore looked at
  again while nobody writes, by what the ledger says then; only what still does not fit is found.

Every stored byte is read once, on every core (`audit_bodies`, whose `Scope` says which records and
how fast); what does not fit there is looked at closely here.

    for finding in vouched(archive, reach):
        print(finding.code, finding.where, finding.message)
"""

import gc
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from archivist import regulations
from archivist.archive import HOUSE, Archive, record_label, record_name
from archivist.audit_bodies import Early, Reach, Scope, Tag, doubtful
from archivist.erasing import goes_with, outlived
from archivist.granting import label_of, last_day
from archivist.records import Entry
from index.catalogue import Change, Row
from index.errors import IndexLocked, ShadowError
from index.replay import Difference, Replay
from policies.loan_life import OUT
from storage.checking import WORTH_RECORDS, Checking
from storage.children import cores
from storage.errors import Busy, Damaged, DiskFailed, Missing, StorageError
from storage.grants import Grants
from storage.keys import recipient_digest
from storage.ledger import LOCK_TIMEOUT_SECONDS, Ledger
from storage.ledger_findings import Finding

Look = Callable[[], Iterator[Finding]]

KINDS = {"altered": "C-ALTERED", "lost": "C-LOST", "foreign": "C-FOREIGN"}
SELDOM = 100_000  # objects, until cycles among them are looked for
TRIES = 20  # a station that files all the time is caught up with in the second or third


@dataclass(slots=True)
class Truth:
    """What findings are held against: the ledger, and the rows made from its entries alone."""

    archive: Archive
    ledger: Ledger
    replay: Replay
    early: Early | None = None
    # Name below `keys/` → the newest digest that an entry names for that sealed key.
    sealed: dict[str, str] = field(default_factory=dict)

    def follow(self, end: int) -> None:
        """Apply the entries up to there."""
        # An entry is a tree, gone when it has been applied: looking for cycles every few hundred
        # objects took a tenth of the time.
        seldom = gc.get_threshold()
        gc.set_threshold(SELDOM, *seldom[1:])
        try:
            self.replay.apply(self._changes(self.replay.applied, end), "")
        finally:
            gc.set_threshold(*seldom)

    def entries_of(self, *subjects: str) -> Iterator[Entry]:
        """Every entry that names one of these, in order, by the rows made here: the catalogue is
        not asked."""
        for index in sorted({index for name in subjects for index in self.replay.history(name)}):
            for at, raw in self.ledger.entries(index, index + 1):
                yield Entry.parse(at, raw)

    def _changes(self, start: int, end: int) -> Iterator[Change]:
        for index, raw in self.ledger.entries(start, max(start, end)):
            fields = json.loads(raw.decode())  # of bytes it would find out the encoding first
            if "sealed" in fields:
                self.sealed.update(fields["sealed"])
            if self.early:
                self.early.entry(index, fields)
            try:
                card = self.archive.card_of(fields)
            except StorageError:
                card = None  # named as S-CARD by `_card`; its row cannot be vouched for
            yield index, fields, card


def vouched(
    archive: Archive,
    reach: Reach = lambda done, total: None,
    scope: Scope | None = None,
    also: Callable[[Truth, Scope], Iterable[Look]] = lambda truth, scope: (),
) -> Iterator[Finding]:
    """Compare catalogue, stored objects and public keys with the ledger.

    `reach(done, total)` counts records; `also` gives further looks, taken last. Raises IndexLocked
    when other processes change the catalogue faster than it can be followed, DiskFailed when the
    disk cannot be read, NoKey with a house key that is another archive's.
    """
    scope = Scope() if scope is None else scope
    with (
        tempfile.TemporaryDirectory(prefix="archivist-") as folder,
        Replay.beside(Path(folder)) as replay,
    ):
        # Opened by itself: the archive's own would not open beside a broken catalogue.
        # With the key that signs it: another archive's house key is no damage to this one.
        signing = archive.house.signing_key()
        ledger = Ledger.open(archive.root / "ledger", archive.settings.vkey, signing)
        truth = Truth(archive, ledger, replay)
        children = scope.workers if scope.workers is not None else cores()
        try:
            with Checking(
                archive.root, scope.key, children if ledger.size >= WORTH_RECORDS else 0
            ) as work:
                early = truth.early = Early(work if scope.early else None)
                yield from _catalogue(truth)
                truth.follow(ledger.size)
                truth.early = None
                early.end()
                scope.entries = replay.applied
                tags = doubtful(replay, scope, early, work, ledger.entries, reach)
                looks: list[Look] = [partial(_stored, truth, tag) for tag in tags]
            looks += (look for look in _others(truth, scope) if any(look()))
            looks += (look for look in also(truth, scope) if any(look()))
        finally:
            ledger.close()
        patience = LOCK_TIMEOUT_SECONDS
        for look in looks:
            with _nobody_writing(archive, patience) as (now, alone):
                truth.ledger = now
                truth.follow(now.size)
                found = list(look())
            yield from found
            if not alone:
                patience = 0.0


@contextmanager
def _nobody_writing(archive: Archive, patience: float) -> Iterator[tuple[Ledger, bool]]:
    """The ledger read to its end, and whether its lock is held: one that is not to be had must
    not keep damage from being named. Without the signing key nothing is cut, flushed or written."""
    ledger = Ledger.open(archive.root / "ledger", archive.settings.vkey)
    with ExitStack() as stack:
        alone = False
        with suppress(Busy, Missing, DiskFailed):
            stack.enter_context(ledger.exclusive(patience))
            alone = True
        yield ledger, alone


# ── the catalogue ─────────────────────────────────────────────────────────────


def _catalogue(truth: Truth) -> Iterator[Finding]:
    archive, ledger, replay = truth.archive, truth.ledger, truth.replay
    path, key = archive.root / "catalogue.db", archive.house.catalogue_key()
    try:
        for _ in range(TRIES):
            ledger.refresh()
            truth.follow(archive.catalogue.applied)
            found = replay.differences(path, key)
            if found is not None:
                for told in archive.catalogue.altered_pages():
                    yield Finding("C-DAMAGED", "catalogue.db", told)
                yield from map(_finding, found)
                for digest in regulations.false_readings(archive.root, archive.catalogue):
                    yield Finding("C-ALTERED", f"reading {digest}", "not what its text says")
                return
    except IndexLocked:
        raise
    except ShadowError:
        yield Finding("C-DAMAGED", "catalogue.db", "cannot be read")
        return
    raise IndexLocked("the catalogue changes too fast to be compared")


def _finding(found: Difference) -> Finding:
    messages = {
        "altered": f"{', '.join(found.columns)} not as the ledger says",
        "lost": "the ledger has it, the catalogue has not",
        "foreign": "no entry of the ledger makes it",
    }
    return Finding(KINDS[found.kind], f"{found.table} {found.row}", messages[found.kind])


# ── what is stored ────────────────────────────────────────────────────────────


def _stored(truth: Truth, tag: Tag) -> Iterator[Finding]:
    """A close look at a record, or at the card that an entry names, by what the rows say now."""
    archive, replay = truth.archive, truth.replay
    if isinstance(tag, str):
        yield from _record(archive, replay, tag)
        return
    for _, raw in truth.ledger.entries(tag, tag + 1):
        fields = json.loads(raw)
        record = goes_with(fields)
        if record is None or not replay.tombstone(record):
            yield from _card(archive, fields["card"])
            yield from _evidence(archive, fields)


def _others(truth: Truth, scope: Scope) -> Iterator[Look]:
    """One look at each thing that the ledger names beside cards and records that are kept."""
    archive, replay = truth.archive, truth.replay
    for record in scope.again:
        yield partial(_record, archive, replay, record)
    for stone in replay.every_tombstone():
        yield partial(_stone, truth, stone)
    for row in replay.grade_keys():
        yield partial(_grade_key, archive, row)
    for row in replay.people():
        yield partial(_person, archive, replay, row["id"])
    yield partial(_grants, truth, scope.today or _newest_day(replay))


def _card(archive: Archive, named: Mapping[str, str]) -> Iterator[Finding]:
    label = {"card": named["name"], "key": HOUSE}
    name, vault = named["name"], archive.vault
    yield from _checked(
        "S-CARD",
        name,
        partial(vault.verify_body, name, "card", named["sha256"]),
        partial(vault.verify_head, name, label, named["head"]),
    )


def _evidence(archive: Archive, fields: Mapping[str, Any]) -> Iterator[Finding]:
    """What a reader from outside showed lies beside the card of his request."""
    for body in fields.get("evidence", ()):
        name = fields["card"]["name"]
        verify = partial(archive.vault.verify_body, name, body["suffix"], body["sha256"])
        yield from _checked("S-CARD", f"{name}.{body['suffix']}", verify)


def _record(archive: Archive, replay: Replay, record: str) -> Iterator[Finding]:
    row = replay.record(record)
    if row is None:
        return  # destroyed since its row was read
    name, vault, sealed = record_name(row), archive.vault, row["generation"] is not None
    for body in (row["objects"][kind] for kind in ("scan", "card")):
        verify = partial(vault.verify_body, name, body["suffix"], body["sha256"], sealed=sealed)
        yield from _checked("S-BODY", f"{name}.{body['suffix']}", verify)
    if sealed:
        newest = replay.newest_generation(row["key"])
        yield from _checked("S-HEAD", name, partial(_head, archive, row, newest))


def _stone(truth: Truth, stone: Row) -> Iterator[Finding]:
    # While it is carried out the bytes may lie there still; from its last entry on they may not.
    if stone["destroyed"] and outlived(truth.archive, stone, truth.entries_of):
        yield Finding("S-GONE", stone["id"], "was destroyed, and something of it lies there")


def _head(archive: Archive, row: Row, newest: int | None) -> None:
    name, key, generation = record_name(row), row["key"], row["generation"]
    verify = archive.vault.verify_head
    try:
        verify(name, record_label(row["id"], key, generation), row["objects"]["head"])
    except Damaged:
        if newest is None or newest == generation:
            raise
        # A rotation under way: the new head lies there before the entry that names it.
        verify(name, record_label(row["id"], key, newest), None)


def _grants(truth: Truth, today: date) -> Iterator[Finding]:
    grants, replay = truth.archive.grants, truth.replay
    for name in list(grants.names()):
        loan = replay.loan(name.partition("/")[0])
        if loan and loan["state"] in ("requested", "approved"):
            continue  # being issued at this moment: its entry comes after it
        check = partial(_same_grant, grants, replay, name, loan)
        where = f"keys/loans/{name}"
        head = os.path.lexists(truth.archive.root / f"{where}.head")
        yield from _checked("S-GRANT", f"{where}.head" if head else where, check)
    for loan in replay.loans():
        for record in (loan["grants"] or {}) if loan["state"] in OUT else ():
            where = f"keys/loans/{loan['id']}/{record}.head"
            there = os.path.lexists(truth.archive.root / where)
            if not there and not _ended(truth, loan, record, today):
                yield Finding("S-GRANT", where, "is missing: the loan is out")


def _ended(truth: Truth, loan: Row, record: str, today: date) -> bool:
    """Whether a loan that is out opens a record no more, so that its head had to go: its last day
    is over, or since it was issued the customer was restricted, or the record sealed anew or
    destroyed, or the archive restored: a backup holds no borrower's head."""
    if truth.replay.record(record) is None or today > last_day(truth.archive, loan):
        return True
    subjects = (loan["id"], loan["customer"], record, truth.archive.settings.archive_id)
    ended = False
    for entry in truth.entries_of(*subjects):
        if entry.act == "loan" and entry.subject["loan"] == loan["id"]:
            ended = ended and entry.fields["step"] != "issue"
        elif entry.act in ("restrict", "restore"):
            ended = True
        elif entry.subject.get("record") == record:
            ended = ended or "stored" in entry.fields
    return ended


def _newest_day(replay: Replay) -> date:
    return datetime.fromisoformat(replay.newest).astimezone().date()


def _same_grant(grants: Grants, replay: Replay, name: str, loan: Row | None) -> None:
    record = replay.record(name.partition("/")[2])
    named = (loan or {}).get("grants") or {}
    if loan is None or record is None or record["id"] not in named:
        raise Damaged("belongs to no loan")
    if loan["state"] not in OUT:
        raise Damaged("outlived its loan: it goes with the next start of archivist watch")
    label = label_of(loan["id"], record["id"], loan["granted_until"])
    grants.verify(name, record_name(record), label, named[record["id"]])


# ── public keys ───────────────────────────────────────────────────────────────


def _grade_key(archive: Archive, row: Row) -> Iterator[Finding]:
    where = f"keys/grades/{row['key']}/{row['generation']:04}/public"
    yield from _checked("K-GRADE", where, partial(_same_grade_key, archive, row))


def _person(archive: Archive, replay: Replay, name: str) -> Iterator[Finding]:
    row = replay.person(name)
    assert row is not None, "no step takes a person out"
    where = f"keys/people/{name}.json"
    yield from _checked("K-PERSON", where, partial(_same_person, archive, row))


def _same_grade_key(archive: Archive, row: Row) -> None:
    found = archive.keys.recipient(row["key"], row["generation"])
    if recipient_digest(found) != row["public"]:
        raise Damaged("is not the one the ledger names")
    if archive.keys.public_bytes(row["key"], row["generation"]) != f"{found.text}\n".encode():
        raise Damaged("is written otherwise than keys are")


def _same_person(archive: Archive, row: Row) -> None:
    page = archive.people.person(row["id"])
    found = {"key": page.verify_key.hex(), "recipient": recipient_digest(page.recipient)}
    # Entries of the first versions name fewer of a person's keys.
    if any(row[name] not in (None, value) for name, value in found.items()):
        raise Damaged("is not the one the ledger names")


def _checked(code: str, where: str, *checks: Callable[[], object]) -> Iterator[Finding]:
    for check in checks:
        try:
            check()
        except DiskFailed:
            raise
        except StorageError as error:
            yield Finding(code, where, str(error))
