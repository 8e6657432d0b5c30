"""An audit: the four natures (四性) of all that is kept, in one order, and its entry in the ledger.

Owns the order, what is remembered of an audit that was interrupted, and what is recorded of one
that came to its end. What is looked at stands in `vouching` (the ledger's word on rows, bodies,
heads), `audit_folder` (every other file), `audit_facts` (rows) and `audit_contents` (with keys).

    read      every stored byte, or a sample's, on every core
    look      folder, keys, regulations, trays, rows
    open      with the keys of whoever is logged in
    record    counts, and the digest of the findings; no names

Rules it keeps:
- Nothing is changed but one ledger entry at the end, and while it lasts one file below `work/`.
- Interrupted, it goes on from the last record of which all before it had been read. What an
  earlier run found doubtful is looked at again, so a finding tells how things are now.
- A sample is told with its seed, and with what it leaves possible.

    audit = Audit(archive, Asked(seed=7, now=now), policy, person)
    findings = list(audit.run(reach))
    audit.record("lin")
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

from archivist.archive import Archive
from archivist.audit_bodies import Reach, Scope
from archivist.audit_codes import Found, as_finding
from archivist.audit_contents import Contents, card_findings, index_findings
from archivist.audit_counterparts import counterparts
from archivist.audit_facts import fact_looks
from archivist.audit_folder import folder_looks, index_names, settings_digest
from archivist.examine import Examiners
from archivist.records import canonical, timestamp
from archivist.virus import Scanner
from archivist.vouching import Look, Truth, vouched
from index.catalogue import Row
from index.errors import ShadowError
from policies.policy import Policy
from policies.sampling import Picker, size_of
from storage import durable
from storage.children import cores
from storage.errors import Missing, StorageError
from storage.people import Unlocked

STATE = "work/audit/state.json"
MAX_STATE_BYTES = 16_000_000
WORTH_RECORDS = 8  # to be opened, before another child is started for them
OPENED = 300  # records opened where nobody asked for all: 99 % find what 1.5 % have


@dataclass(frozen=True, slots=True)
class Asked:
    """What kind of audit: `percent` of the records (None: all); whether all are opened too.

    `clock` counts seconds evenly and `sleep` waits: for the rate (bytes a second, 0: no limit).
    """

    seed: int
    now: datetime
    percent: str | None = None
    full: bool = False
    rate_bytes: float = 0.0
    workers: int | None = None
    clock: Callable[[], float] = lambda: 0.0
    sleep: Callable[[float], None] = lambda seconds: None


@dataclass(slots=True)
class Progress:
    """How far an audit is; this is what survives an interruption."""

    seed: int
    percent: str | None
    full: bool
    begun: str
    total: int = 0
    last: str = ""
    records: int = 0
    size_bytes: int = 0
    doubtful: list[str] = field(default_factory=list)
    opened_last: str = ""
    opened: int = 0
    closed: int = 0
    scanned: int = 0
    contents: list[dict[str, str]] = field(default_factory=list)  # findings of opened records


class Audit:
    """One audit, from its beginning or from where another was interrupted."""

    def __init__(
        self,
        archive: Archive,
        asked: Asked,
        policy: Policy | None,
        person: Unlocked | None,
        index_keys: Mapping[str, bytes] | None = None,
        fresh: bool = False,
    ) -> None:
        self._archive = archive
        self._asked = asked
        self._policy = policy
        self._person = person
        self._index_keys = dict(index_keys or {})
        self._place = archive.root / STATE
        before = None if fresh else _left(self._place, asked)
        begun = timestamp(asked.now)
        self.resumed = before is not None
        self.progress = before or Progress(asked.seed, asked.percent, asked.full, begun)
        self.entries = 0
        self.of = 0
        self.findings: list[Found] = []

    @property
    def checked(self) -> dict[str, int]:
        """What was read, as the contract has it."""
        done = self.progress
        return {"records": done.records, "bytes": done.size_bytes, "entries": self.entries}

    def run(self, reach: Reach = lambda done, total: None) -> Iterator[Found]:
        """Every finding, as it is made. An interruption is remembered and passes on.

        Raises what `vouched` does, and ScannerAway.
        """
        try:
            for found in self._run(reach):
                self.findings.append(found)
                yield found
        except (KeyboardInterrupt, GeneratorExit):
            self._remember()
            raise
        durable.remove(self._place)

    def _run(self, reach: Reach) -> Iterator[Found]:
        done, archive = self.progress, self._archive
        if not done.total:
            done.total = archive_count(archive)
        scope = Scope(
            chosen=self._chooser(self._asked.percent, done.seed),
            after=done.last,
            again=tuple(done.doubtful),
            pace=_Pace(self._asked),
            workers=self._asked.workers,
            today=self._asked.now.astimezone().date(),
            early=self._asked.percent is None and not self._asked.rate_bytes and not done.last,
        )
        before = (done.records, done.size_bytes, tuple(done.doubtful))
        try:
            for finding in vouched(archive, reach, scope, self._also):
                yield as_finding(finding)
        finally:
            self.entries, self.of = scope.entries, scope.of
            done.records = before[0] + scope.records
            done.size_bytes = before[1] + scope.size_bytes
            done.last = max(done.last, scope.last)
            done.doubtful = [*before[2], *scope.doubtful]
        yield from self._open(reach)
        for finding in index_findings(archive, self._index_keys):
            yield as_finding(finding)

    def _also(self, truth: Truth, scope: Scope) -> Iterator[Look]:
        grades = frozenset(self._policy.grades) if self._policy else None
        yield from folder_looks(grades, truth, scope)
        yield partial(counterparts, truth)
        yield from fact_looks(self._asked.now, self._policy, truth, scope)

    def _chooser(self, percent: str | None, seed: int) -> Callable[[Row], bool]:
        if percent is None:
            return lambda row: True
        total = self.progress.total
        picker = Picker(seed, total, size_of(total, float(percent)))
        return lambda row: picker.takes()

    # ── with keys ─────────────────────────────────────────────────────────────

    def _open(self, reach: Reach) -> Iterator[Found]:
        done, archive = self.progress, self._archive
        place = archive.settings.virus_socket
        yield from (Found(**told) for told in done.contents)
        # Starting a child takes as long as looking at some records.
        workers = max(1, min(self._asked.workers or cores(), self._opening // WORTH_RECORDS))
        with Examiners(workers, cover_tag=archive.settings.archive_id) as examiners:
            opened = Contents(archive, self._person, examiners, Scanner(place) if place else None)
            begun = (done.opened, done.closed, done.scanned)
            try:
                for found in self._looked_into(opened, reach):
                    done.contents.append(found.plain())
                    yield found
            finally:
                done.opened = begun[0] + opened.count
                done.closed = begun[1] + opened.closed
                done.scanned = begun[2] + opened.scanned

    def _looked_into(self, opened: Contents, reach: Reach) -> Iterator[Found]:
        archive, total = self._archive, self._opening
        cards: list[Row] = []
        count = 0

        def ended(row: Row) -> None:
            nonlocal count
            count += 1
            cards.append(row)
            self.progress.opened_last = row["id"]
            reach(count, total)

        def rows() -> Iterator[Row]:
            for row in self._to_open():
                if opened.may(row) and (found := archive.catalogue.record(row["id"])):
                    yield found

        with suppress(ShadowError):  # it is named already that the catalogue cannot be read
            for finding in opened.of(rows(), ended):
                yield as_finding(finding)
                yield from self._cards(cards)
        yield from self._cards(cards)

    def _cards(self, rows: list[Row]) -> Iterator[Found]:
        while rows:
            for finding in card_findings(self._archive, rows.pop(0), self._person):
                yield as_finding(finding)

    @property
    def _opening(self) -> int:
        """How many records are to be opened: all, those of the sample, or some."""
        total, percent = self.progress.total, self._asked.percent
        if percent is not None:
            return size_of(total, float(percent))
        return total if self._asked.full else min(total, OPENED)

    def _to_open(self) -> Iterator[Row]:
        """Id and key of the records to be opened, in their order."""
        done = self.progress
        picker = Picker(done.seed, done.total, self._opening)
        for row in self._archive.catalogue.record_keys():
            if picker.takes() and row["id"] > done.opened_last:
                yield row

    # ── what is remembered ────────────────────────────────────────────────────

    def _remember(self) -> None:
        durable.make_folders(self._place.parent)
        durable.replace(self._place, json.dumps(asdict(self.progress)).encode())

    def record(self, who: str, found: Iterable[Found], now: datetime) -> int:
        """Append the audit's entry; gives its index. Raises what appending does."""
        done, archive = self.progress, self._archive
        rows = [one.plain() for one in found]
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["code"]] = counts.get(row["code"], 0) + 1
        with archive.writing(now, who) as desk:
            desk.say(
                "audit",
                {"archive": archive.settings.archive_id},
                begun=done.begun,
                checked=self.checked,
                of=self.of,
                opened=done.opened,
                closed=done.closed,
                scanned=done.scanned if archive.settings.virus_socket else None,
                percent=done.percent,
                seed=done.seed if done.percent is not None or not done.full else None,
                findings=counts,
                digest=sha256(canonical(rows)).hexdigest(),
                settings=settings_digest(archive.root),
                indexes=index_names(archive.root),
            )
            (index,) = desk.append()
        archive.follow()
        return index


class _Pace:
    """Waits until as many bytes may be read: an archive is at work while it is audited."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._begun: float | None = None
        self._size_bytes = 0

    def __call__(self, size_bytes: int) -> None:
        if self._asked.rate_bytes <= 0:
            return
        if self._begun is None:
            self._begun = self._asked.clock()
        due = self._size_bytes / self._asked.rate_bytes
        self._size_bytes += size_bytes
        late = due - (self._asked.clock() - self._begun)
        if late > 0:
            self._asked.sleep(late)


def archive_count(archive: Archive) -> int:
    """How many records there are, as far as the catalogue can say."""
    try:
        return archive.catalogue.record_count()
    except ShadowError:
        return 0


def _left(place: Path, asked: Asked) -> Progress | None:
    """What an audit of the same kind left when it was interrupted; one that cannot be read is
    none."""
    try:
        left = Progress(**json.loads(durable.read_bytes(place, MAX_STATE_BYTES)))
    except (Missing, StorageError, ValueError, TypeError):
        return None
    return left if (left.percent, left.full) == (asked.percent, asked.full) else None
