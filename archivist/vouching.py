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

Every stored byte is read once, on every core (`storage.checking`); what does not fit there is
looked at closely here. `Scope` says which records are read, how fast, and whose files are added up.

    for finding in vouched(archive, reach):
        print(finding.code, finding.where, finding.message)
"""

import json
import os
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any

from archivist.archive import HOUSE, Archive, record_label, record_name
from archivist.erasing import goes_with, outlived
from archivist.granting import label_of
from index.catalogue import Change, Row
from index.errors import IndexLocked, ShadowError
from index.replay import Difference, Replay
from policies.loan_life import OUT
from storage.checking import MODULUS, TOGETHER, WORTH_RECORDS, Checking, Job
from storage.children import cores
from storage.errors import Busy, Damaged, DiskFailed, Missing, StorageError
from storage.grants import Grants
from storage.keys import recipient_digest
from storage.ledger import LOCK_TIMEOUT_SECONDS, Ledger
from storage.ledger_findings import Finding

Reach = Callable[[int, int], None]
Look = Callable[[], Iterator[Finding]]

KINDS = {"altered": "C-ALTERED", "lost": "C-LOST", "foreign": "C-FOREIGN"}
TRIES = 20  # a station that files all the time is caught up with in the second or third


@dataclass(slots=True)
class Truth:
    """What findings are held against: the ledger, and the rows made from its entries alone."""

    archive: Archive
    ledger: Ledger
    replay: Replay
    # Of the entries that name a card, so that no entry is read for it a second time.
    carded: "array[int]" = field(default_factory=lambda: array("Q"))
    early: "Early | None" = None

    def follow(self, end: int) -> None:
        """Apply the entries up to there."""
        self.replay.apply(self._changes(self.replay.applied, end), "")

    def _changes(self, start: int, end: int) -> Iterator[Change]:
        for index, raw in self.ledger.entries(start, max(start, end)):
            fields = json.loads(raw)
            if "card" in fields:
                self.carded.append(index)
            if self.early and fields["act"] == "file":
                self.early.filed(fields)
            try:
                card = self.archive.card_of(fields)
            except StorageError:
                card = None  # named as S-CARD by `_card`; its row cannot be vouched for
            yield index, fields, card


@dataclass(slots=True)
class Scope:
    """How much is read and how; what it came to is added up here while it goes on.

    `chosen` says whether a record is read: of others only names and lengths are looked at. Records
    up to the id `after` were read by an earlier run. `pace` hears before each batch how many bytes
    it has. `also` gives further looks, taken last.
    """

    chosen: Callable[[Row], bool] = lambda row: True
    after: str = ""
    again: Sequence[str] = ()  # records of an earlier run that did not fit
    pace: Callable[[int], None] = lambda size_bytes: None
    also: Callable[["Truth", "Scope"], Iterable[Look]] = lambda truth, scope: ()
    workers: int | None = None
    early: bool = True  # every record is read, and none has to wait for `pace`
    key: bytes = field(default_factory=lambda: os.urandom(16))
    entries: int = 0
    records: int = 0  # read
    of: int = 0  # there are
    size_bytes: int = 0
    files: int = 0
    names: int = 0
    last: str = ""  # the newest record of which all up to it have been looked at
    doubtful: list[str] = field(default_factory=list)  # up to there


class Early:
    """Has records read while their rows are still being made, as the entries filed them.

    No core waits for the rows. What a block of records came to counts only for the very same
    jobs: one record regraded, sealed anew or destroyed since, and its block is read again.
    """

    def __init__(self, work: Checking) -> None:
        self._work = work
        self._block = -1
        self._jobs: list[Job] = []
        self._read: dict[int, tuple[bytes, Future[Any]]] = {}

    def filed(self, fields: Mapping[str, Any]) -> None:
        """An entry that files a record."""
        subject = fields["subject"]
        record, key = subject["record"], fields.get("key", fields["grade"])
        row = {**subject, "id": record, "stored": record, "key": key,
               "generation": fields.get("generation"), "objects": fields["objects"]}  # fmt: skip
        if _block(record) != self._block:
            self.send()
            self._block = _block(record)
        self._jobs.append(_record_job(row, True))

    def send(self) -> None:
        """Have what was gathered read, if a child has room."""
        if self._jobs and (asked := self._work.ahead(self._jobs)):
            self._read[self._block] = (_print(self._jobs), asked)
        self._jobs = []

    def known(self, batch: Sequence[Job]) -> Future[Any] | None:
        """What these jobs came to, or will; None when not exactly these are being read."""
        record = batch[0].label.get("record")
        print_, asked = self._read.pop(_block(str(record)) if record else -1, (b"", None))
        return asked if asked and print_ == _print(batch) else None


def _block(record: str) -> int:
    return (int(record[1:]) - 1) // TOGETHER


def _print(jobs: Sequence[Job]) -> bytes:
    return blake2b(repr(jobs).encode(), digest_size=16).digest()


def vouched(
    archive: Archive,
    reach: Reach = lambda done, total: None,
    scope: Scope | None = None,
) -> Iterator[Finding]:
    """Compare catalogue, stored objects and public keys with the ledger.

    `reach(done, total)` counts records. Raises IndexLocked when other processes change the
    catalogue faster than it can be followed, DiskFailed when the disk cannot be read, NoKey
    with a house key that is another archive's.
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
                truth.early = Early(work) if scope.early else None
                yield from _catalogue(truth)
                truth.follow(ledger.size)
                if truth.early:
                    truth.early.send()
                scope.entries = replay.applied
                doubtful = list(_doubtful(truth, scope, work, reach))
            truth.early = None
            doubtful += (look for look in scope.also(truth, scope) if any(look()))
        finally:
            ledger.close()
        patience = LOCK_TIMEOUT_SECONDS
        for look in doubtful:
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


Quick = tuple[Look, Job]


def _looks(truth: Truth, scope: Scope) -> Iterator[Look | Quick]:
    """One look at each thing that the ledger names; it goes by the rows when it is taken.

    With it, where there is one, the quick way to see that all is well.
    """
    archive, replay = truth.archive, truth.replay
    for fields in _naming_cards(truth):
        record = goes_with(fields)
        if record is not None and replay.tombstone(record):
            continue
        yield partial(_card, archive, fields["card"]), _card_job(fields["card"])
        if "evidence" in fields:
            yield partial(_evidence, archive, fields), _evidence_job(fields)
    scope.of = replay.record_count()
    for row in replay.every_stored():
        # Asked of each, also of those read before: a sample is drawn one after the other.
        chosen = scope.chosen(row)
        job = _record_job(row, chosen and row["id"] > scope.after)
        yield partial(_record, archive, replay, row["id"]), job
    for record in scope.again:
        yield partial(_record, archive, replay, record)
    for stone in replay.every_tombstone():
        yield partial(_stone, archive, stone)
    for row in replay.grade_keys():
        yield partial(_grade_key, archive, row)
    for row in replay.people():
        yield partial(_person, archive, replay, row["id"])
    yield partial(_grants, archive, replay)


def _naming_cards(truth: Truth) -> Iterator[Mapping[str, Any]]:
    carded = iter(truth.carded)
    wanted = next(carded, None)
    for index, raw in truth.ledger.entries(0, truth.replay.applied):
        if index == wanted:
            wanted = next(carded, None)
            yield json.loads(raw)


def _doubtful(truth: Truth, scope: Scope, work: Checking, reach: Reach) -> Iterator[Look]:
    """The looks that find something at the first glance."""
    plain: list[Look] = []
    done = 0
    total = scope.of = truth.replay.record_count()
    known = truth.early.known if truth.early else lambda batch: None
    waiting: dict[int, Sequence[Look]] = {}
    for batch, told in work.checked(_batches(_looks(truth, scope), waiting, plain, scope), known):
        asked = waiting.pop(id(batch))
        scope.size_bytes += told.size_bytes
        scope.files += told.files
        scope.names = (scope.names + told.names) % MODULUS
        for look, job, fine in zip(asked, batch, told.fine, strict=True):
            if "record" in job.label:
                done += 1
                scope.records += job.read
                scope.last = max(scope.last, str(job.label["record"]))
                reach(done, total)
            if not fine:
                if "record" in job.label:
                    scope.doubtful.append(str(job.label["record"]))
                yield look
    yield from (look for look in plain if any(look()))


def _batches(
    looks: Iterable[Look | Quick],
    waiting: dict[int, Sequence[Look]],
    plain: list[Look],
    scope: Scope,
) -> Iterator[list[Job]]:
    """Jobs in batches; whose looks they are waits in `waiting`, looks without one in `plain`."""
    quick: list[Quick] = []
    for look in chain(looks, [None]):
        if quick and (look is None or len(quick) == TOGETHER or _apart(quick[-1], look)):
            batch = [job for _, job in quick]
            waiting[id(batch)] = [asked for asked, _ in quick]
            if told := sum(size for job in batch if job.read for _, _, size in job.bodies):
                scope.pace(told)
            yield batch
            quick = []
        if isinstance(look, tuple):
            quick.append(look)
        elif look is not None:
            plain.append(look)


def _apart(one: Quick, other: Look | Quick) -> bool:
    """Whether a new batch begins here: blocks of records are read as `Early` cuts them."""
    if not isinstance(other, tuple):
        return False
    records = [str(job.label["record"]) for _, job in (one, other) if "record" in job.label]
    return len(records) == 1 or (len(records) == 2 and _block(records[0]) != _block(records[1]))


def _record_job(row: Row, read: bool) -> Job:
    objects = row["objects"]
    both = (objects["scan"], objects["card"])
    bodies = [(one["suffix"], one["sha256"], one["size_bytes"]) for one in both]
    label = record_label(row["id"], row["key"], row["generation"])
    return Job(
        record_name(row), bodies, row["generation"] is not None, objects["head"], label, read
    )


def _card_job(named: Mapping[str, str]) -> Job:
    label: dict[str, str | int] = {"card": named["name"], "key": HOUSE}
    return Job(named["name"], [("card", named["sha256"], 0)], True, named["head"], label)


def _evidence_job(fields: Mapping[str, Any]) -> Job:
    bodies = [(one["suffix"], one["sha256"], one["size_bytes"]) for one in fields["evidence"]]
    return Job(fields["card"]["name"], bodies, True, None, {})


def _card(archive: Archive, named: Mapping[str, str] | None) -> Iterator[Finding]:
    if named is None:
        return
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


def _stone(archive: Archive, stone: Row) -> Iterator[Finding]:
    # While it is carried out the bytes may lie there still; from its last entry on they may not.
    if stone["destroyed"] and outlived(archive, stone):
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


def _was_restricted(archive: Archive, customer: str) -> bool:
    """Whether a customer's data were ever restricted: borrowers' heads went then."""
    return any(entry.act == "restrict" for entry in archive.entries_of(customer))


def _grants(archive: Archive, replay: Replay) -> Iterator[Finding]:
    grants = archive.grants
    for name in list(grants.names()):
        loan = replay.loan(name.partition("/")[0])
        if loan and loan["state"] in ("requested", "approved"):
            continue  # being issued at this moment: its entry comes after it
        check = partial(_same_grant, grants, replay, name, loan)
        yield from _checked("S-GRANT", f"keys/loans/{name}", check)
    for loan in replay.loans():
        for record in (loan["grants"] or {}) if loan["state"] in OUT else ():
            name = f"{loan['id']}/{record}"
            there = os.path.lexists(archive.root / "keys" / "loans" / f"{name}.head")
            if not there and not _was_restricted(archive, loan["customer"]):
                yield Finding("S-GRANT", f"keys/loans/{name}.head", "is missing: the loan is out")


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
