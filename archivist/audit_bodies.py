"""Every stored body and head read once, on every core: which of them have to be looked at closely?

Owns the order in which an audit reads what is stored: records while their rows are still being
made, as their entries filed them, and what could not be read then by its row. What is doubtful is
named by a *tag*: a record's id, or the index of the entry that names a card.

Rules it keeps:
- Each file is read as the newest word on it says. What was read by the entry that filed it counts
  only where the database has seen no change to that row, nor to any beside it in its block, and
  has as many rows there as were read; else the whole block is read again by its rows.
- Memory hardly grows: of a block that was read a few numbers stay, and the tags in doubt.

    early = Early(work)
    early.entry(index, fields)                       # for each entry, as it is applied
    for tag in doubtful(replay, scope, early, work, entries, reach):
        print(tag)
"""

import json
import os
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from archivist.archive import HOUSE, record_label, record_name
from archivist.erasing import goes_with
from index.catalogue import Row
from index.replay import Replay
from storage.checking import MODULUS, TOGETHER, Checking, Job, Told, told_of

Reach = Callable[[int, int], None]
Tag = str | int
Entries = Callable[[int, int], Iterator[tuple[int, bytes]]]


@dataclass(slots=True)
class Scope:
    """How much is read and how; what it came to is added up here while it goes on.

    `chosen` says whether a record is read: of others only names and lengths are looked at. Records
    up to the id `after` were read by an earlier run. `pace` hears before each batch how many bytes
    it has.
    """

    chosen: Callable[[Row], bool] = lambda row: True
    after: str = ""
    again: Sequence[str] = ()  # records of an earlier run that did not fit
    pace: Callable[[int], None] = lambda size_bytes: None
    workers: int | None = None
    today: date | None = None  # the day of the newest entry where nobody says it
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


@dataclass(frozen=True, slots=True)
class Read:
    """What a batch that was read early came to."""

    count: int
    last: Tag
    doubtful: tuple[Tag, ...]
    told: Told


class Early:
    """Has cards and records read while the rows are still being made: no core waits for them.

    Without `work` it only remembers which entries name a card.
    """

    def __init__(self, work: Checking | None) -> None:
        self._work = work
        self._block = -1
        self._records: list[tuple[Tag, Job]] = []
        self._cards: list[tuple[Tag, Job]] = []
        self._sent: deque[tuple[int, Sequence[Tag], Future[Any]]] = deque()
        self._read: dict[int, Read] = {}
        self.cards: list[Read] = []
        self.late = array("Q")  # entries whose card is to be read yet

    def entry(self, index: int, fields: Mapping[str, Any]) -> None:
        """An entry that is being applied."""
        if "card" in fields:
            # One that goes with its record may be gone with it by now.
            if self._work is None or goes_with(fields) is not None:
                self.late.append(index)
            else:
                self._cards += ((index, job) for job in _card_jobs(fields))
                if len(self._cards) >= TOGETHER:
                    self._ask(-1, self._cards)
                    self._cards = []
        if self._work is not None and fields["act"] == "file":
            self._filed(fields)

    def _filed(self, fields: Mapping[str, Any]) -> None:
        subject = fields["subject"]
        record = subject["record"]
        if _block(record) != self._block:
            self._send_records()
            self._block = _block(record)
        generation, objects = fields.get("generation"), fields["objects"]
        name = f"{subject['customer']}/{subject['dossier']}/{record}"
        key = fields.get("key", fields["grade"])
        self._records.append((record, _job(name, record, key, generation, objects, True)))

    def _send_records(self) -> None:
        if self._records:
            self._ask(self._block, self._records)
            self._records = []

    def _ask(self, block: int, batch: Sequence[tuple[Tag, Job]]) -> None:
        assert self._work is not None
        tags = [tag for tag, _ in batch]
        if asked := self._work.ahead([job for _, job in batch]):
            self._sent.append((block, tags, asked))
        elif block < 0:
            self._later(tags)
        self._collect(wait=False)

    def _collect(self, wait: bool) -> None:
        while self._sent and (wait or self._sent[0][2].done()):
            block, tags, asked = self._sent.popleft()
            told = told_of(asked)
            if told is None:
                if block < 0:
                    self._later(tags)
                continue
            doubtful = tuple(tag for tag, fine in zip(tags, told.fine, strict=True) if not fine)
            read = Read(len(tags), tags[-1], doubtful, told._replace(fine=()))
            if block < 0:
                self.cards.append(read)
            else:
                self._read[block] = read

    def _later(self, tags: Sequence[Tag]) -> None:
        self.late.extend(sorted({tag for tag in tags if isinstance(tag, int)}))

    def end(self) -> None:
        """Nothing more is applied: have the rest read, and wait for what is being read."""
        if self._cards:
            self._ask(-1, self._cards)
            self._cards = []
        self._send_records()
        self._collect(wait=True)

    def counting(self, replay: Replay, blocks: Mapping[int, int]) -> dict[int, Read]:
        """Block → what it came to, where that is still true of the rows as they are now."""
        changed = replay.changed_since_inserted(TOGETHER)
        return {
            block: read
            for block, read in self._read.items()
            if blocks.get(block) == read.count and block not in changed
        }


def doubtful(
    replay: Replay,
    scope: Scope,
    early: Early,
    work: Checking,
    entries: Entries,
    reach: Reach = lambda done, total: None,
) -> Iterator[Tag]:
    """Read all that is stored; gives the tags of what is not fine at the first glance."""
    total = scope.of = replay.record_count()
    done = 0
    asked: deque[Read | Sequence[tuple[Tag, Job]]] = deque()
    for told in work.checked(_batches(replay, scope, early, entries, asked)):
        batch = asked.popleft()
        scope.size_bytes += told.size_bytes
        scope.files += told.files
        scope.names = (scope.names + told.names) % MODULUS
        if isinstance(batch, Read):
            steps = [(batch.last, batch.count, batch.count, batch.doubtful)]
        else:
            steps = [
                (tag, 1, int(job.read), () if fine else (tag,))
                for (tag, job), fine in zip(batch, told.fine, strict=True)
            ]
        for last, count, read, doubts in steps:
            if isinstance(last, str):
                # All of a record before `reach`, from which an interruption may come.
                scope.doubtful += map(str, doubts)
                scope.records += read
                scope.last = max(scope.last, last)
                done += count
                reach(done, total)
            yield from doubts


def _batches(
    replay: Replay,
    scope: Scope,
    early: Early,
    entries: Entries,
    asked: deque[Read | Sequence[tuple[Tag, Job]]],
) -> Iterator[Sequence[Job] | Told]:
    """What was read early, and jobs for what was not; whose they are is put into `asked`."""
    for batch in _gathered(replay, scope, early, entries):
        asked.append(batch)
        if isinstance(batch, Read):
            yield batch.told
            continue
        jobs = [job for _, job in batch]
        if size := sum(size for job in jobs if job.read for _, _, size in job.bodies):
            scope.pace(size)
        yield jobs


def _gathered(
    replay: Replay, scope: Scope, early: Early, entries: Entries
) -> Iterator[Read | Sequence[tuple[Tag, Job]]]:
    yield from early.cards
    yield from _late_cards(replay, early.late, entries)
    blocks = replay.record_blocks(TOGETHER)
    known = early.counting(replay, blocks)
    for block in blocks:
        if read := known.get(block):
            yield read
        else:
            yield [
                # Asked of each, also of those read before: a sample is drawn one after the other.
                (row["id"], _record_job(row, scope.chosen(row) and row["id"] > scope.after))
                for row in replay.stored_in(block, TOGETHER)
            ]


def _late_cards(
    replay: Replay, late: Sequence[int], entries: Entries
) -> Iterator[Sequence[tuple[Tag, Job]]]:
    wanted = deque(sorted(set(late)))
    batch: list[tuple[Tag, Job]] = []
    # One pass over a stretch of the ledger: looking up each by itself reads its bundle anew.
    for index, raw in entries(wanted[0], wanted[-1] + 1) if wanted else ():
        if index != wanted[0]:
            continue
        wanted.popleft()
        fields = json.loads(raw)
        record = goes_with(fields)
        if record is None or not replay.tombstone(record):
            batch += ((index, job) for job in _card_jobs(fields))
        if len(batch) >= TOGETHER:
            yield batch
            batch = []
    if batch:
        yield batch


def _block(record: str) -> int:
    return (int(record[1:]) - 1) // TOGETHER


def _record_job(row: Row, read: bool) -> Job:
    return _job(record_name(row), row["id"], row["key"], row["generation"], row["objects"], read)


def _job(
    name: str,
    record: str,
    key: str,
    generation: int | None,
    objects: Mapping[str, Any],
    read: bool,
) -> Job:
    scan, card = objects["scan"], objects["card"]
    bodies = (
        (scan["suffix"], scan["sha256"], scan["size_bytes"]),
        (card["suffix"], card["sha256"], card["size_bytes"]),
    )
    label = record_label(record, key, generation)
    return Job(name, bodies, generation is not None, objects["head"], label, read)


def _card_jobs(fields: Mapping[str, Any]) -> Iterator[Job]:
    """The card that an entry names; what a reader from outside showed lies beside it."""
    named = fields["card"]
    label: dict[str, str | int] = {"card": named["name"], "key": HOUSE}
    yield Job(named["name"], (("card", named["sha256"], 0),), True, named["head"], label)
    if "evidence" in fields:
        bodies = [(one["suffix"], one["sha256"], one["size_bytes"]) for one in fields["evidence"]]
        yield Job(named["name"], bodies, True, None, {})
