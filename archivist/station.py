"""The scanner station: keeps the readers busy and takes in what is ready.

While some scans are being read, others wait in the drop folder and finished ones are
taken in together. The reading is what costs, so the rule is: as many scans in the
readers' hands as keeps every core busy, and no more, because a claimed scan is work
for `recover` when the power goes; what is ready is taken in at once, as one group.

    station = Station(archive, regulations.current, examiners, now=…, entropy=os.urandom)
    for outcome in station.run(drop, once=True, rest=publish):
        print(outcome.plain())
"""

import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from archivist.archive import Archive
from archivist.claims import TOO_OFTEN, Claim
from archivist.examine import Examiners
from archivist.examine.pool import Around, uncounted
from archivist.intake import Outcome, Piece, take_in
from archivist.remarks import remark
from archivist.virus import Scanner
from archivist.watch import DropFolder
from policies.facts import Facts, Order
from policies.policy import Policy
from policies.routing import split
from storage import durable
from storage.errors import StorageError

GROUP = 32  # pieces in one commit: beyond that the flush costs nothing any more
AHEAD = 8  # scans being read or waiting for it, for each reader
WAIT_SECONDS = 0.5  # how long a request to stop may go unnoticed


class Station:
    """Takes in scans. `now` and `entropy` are passed in, so that a story can be replayed.

    `policy` is asked before each group: a regulation adopted meanwhile counts from then on.
    """

    def __init__(
        self,
        archive: Archive,
        policy: Callable[[], Policy],
        examiners: Examiners,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
        who: str = "station",
        scanner: Scanner | None = None,
        around: Around = uncounted,
    ) -> None:
        self._archive = archive
        self._policy = policy
        self._examiners = examiners
        self._now = now
        self._entropy = entropy
        self._who = who
        self._scanner = scanner
        self._scans = ThreadPoolExecutor(examiners.workers) if scanner else None
        self._around = around  # entered around each group that is taken in, as "file"
        self._reading = 0
        self._nudge: Callable[[], None] = lambda: None
        self._ready: queue.SimpleQueue[
            tuple[Claim, Order | None, Future[Facts], Future[str | None] | None]
        ] = queue.SimpleQueue()

    def run(
        self,
        drop: DropFolder,
        once: bool,
        rest: Callable[[], None],
        between: Callable[[bool], None] = lambda _: None,
        left: Iterable[Claim] = (),
    ) -> Iterator[Outcome]:
        """Claim and take in what lies complete in the drop folder.

        Ends when the folder is done with and everything claimed has its outcome; after
        `drop.stop()` at once: what has been claimed is taken up by the next start. `rest`
        is called when there is nothing else to do after something was taken in; `between` after
        each look at the folder, and told whether scans wait. `left` is what a crash left, and comes
        first.
        """
        self._nudge = drop.nudge
        if self._scanner is not None:
            self._scanner.version()  # before anything is read: while it is away, all waits
        yield from self._read_again(left, drop)
        busy = True
        for path in drop.settled(once):
            if path is not None:
                self._claim(path)
            if path is None or self._reading >= AHEAD * self._examiners.workers:
                outcomes = self.take_ready(wait=path is not None)
                yield from outcomes
                busy = busy or bool(outcomes) or self._reading > 0
            if path is None and busy and not self._reading:
                rest()
                busy = False
            if path is None:
                between(self._reading > 0)
        while self._reading and not drop.stopped.is_set():
            yield from self.take_ready(wait=True)
            busy = True
        if busy:
            rest()

    @property
    def reading(self) -> int:
        """How many claimed scans have no outcome yet."""
        return self._reading

    def _claim(self, path: Path) -> None:
        self._archive.check_in_place()
        try:
            claim = self._archive.claims.take(
                path, self._archive.settings.drop, self._now(), self._entropy(10)
            )
        except (OSError, StorageError) as error:
            # Not its name, which often is the customer's: `find drop -inum N` tells which.
            remark(
                "一份扫描件留在投放目录中：%s，inode %s",
                "a scan stays in the drop folder: %s, inode %s",
                error,
                _inode(path),
            )
            return
        if claim is not None:
            self.offer(claim)

    def _read_again(self, left: Iterable[Claim], drop: DropFolder) -> Iterator[Outcome]:
        """What was in hand when a process died, one at a time, the likeliest culprit last: so that
        a scan which kills the station is found out, and nothing waits behind it for ever."""
        claims = self._archive.claims
        for claim in sorted(left, key=claims.deaths):
            if drop.stopped.is_set():
                return
            if claims.deaths(claim) >= TOO_OFTEN and (facts := _unread(claim)):
                self._give(claim, facts)
                yield from self.finish()
                continue
            with claims.alone(claim):
                self.offer(claim)
                while self._reading and not drop.stopped.is_set():
                    yield from self.take_ready(wait=True)

    def _give(self, claim: Claim, facts: Facts) -> None:
        """Have an outcome made of what is known without reading."""
        known: Future[Facts] = Future()
        known.set_result(facts)
        self._reading += 1
        self._ready.put((claim, None, known, None))

    def offer(self, claim: Claim, order: Order | None = None) -> None:
        """Let a claim be read; its outcome comes out of `take_ready` or `finish`."""
        self._reading += 1
        scan = self._scans.submit(self._scanned, claim.path) if self._scans else None
        future = self._examiners.examine_async(claim.path)
        future.add_done_callback(lambda done: self._read(claim, order, done, scan))

    def _read(
        self,
        claim: Claim,
        order: Order | None,
        done: Future[Facts],
        scan: Future[str | None] | None,
    ) -> None:
        # Called by a reader's thread.
        self._ready.put((claim, order, done, scan))
        self._nudge()

    def _scanned(self, path: Path) -> str | None:
        assert self._scanner is not None
        try:
            return self._scanner.look(durable.read_chunks(path))
        except StorageError:
            return None  # a link or a device: examining refuses it

    def close(self) -> None:
        """Let go of the threads that talk to the virus scanner."""
        if self._scans is not None:
            self._scans.shutdown(cancel_futures=True)

    def finish(self) -> Iterator[Outcome]:
        """Take in everything offered so far."""
        while self._reading:
            yield from self.take_ready(wait=True)

    def take_ready(self, wait: bool) -> list[Outcome]:
        """Take in what has been read; `wait` a little for the first if something is being read."""
        pieces: list[Piece] = []
        wholes: list[Claim] = []
        while self._reading and len(pieces) < GROUP:
            try:
                claim, order, read, scan = self._ready.get(wait and not pieces, WAIT_SECONDS)
            except queue.Empty:
                break
            self._reading -= 1
            facts = read.result()
            if scan is not None and (virus := scan.result()) is not None:
                facts = replace(facts, defect="infected", detail=virus, covers=())
            cut = self._cut(claim, facts, order)
            pieces += cut
            if cut[0].claim is not claim:
                wholes.append(claim)
        if not pieces:
            return []
        with self._around("file"):
            outcomes = take_in(pieces, self._archive, self._policy(), self._now(), self._who)
        for whole in wholes:
            self._archive.claims.drop(whole)  # every document of the stack has its entry now
        return outcomes

    def _cut(self, claim: Claim, facts: Facts, order: Order | None) -> list[Piece]:
        """One piece for each document of a stack; a scan without cover sheets is one piece.

        The sheets themselves are not filed: they say where to, and the ledger has said it.
        """
        parts = split(facts)
        if not facts.covers or not parts[0].page_indexes:
            only = parts[0]
            pages = tuple(facts.pages[page] for page in only.page_indexes)
            return [Piece(claim, replace(facts, pages=pages), only.cover, order)]
        pieces: list[Piece] = []
        for number, part in enumerate(parts, start=1):
            piece_claim = self._archive.claims.part(claim, number, facts.extension)
            made = self._examiners.cut(
                claim.path, facts.media_type, part.page_indexes, piece_claim.path
            ).result()
            if "defect" in made:
                # What cannot be cut is settled as a whole, by a person.
                self._archive.claims.drop(piece_claim)
                for piece in pieces:
                    self._archive.claims.drop(piece.claim)
                spoilt = replace(facts, defect=made["defect"], detail=made["detail"])
                return [Piece(claim, spoilt, order=order)]
            own = replace(
                facts,
                pages=tuple(facts.pages[page] for page in part.page_indexes),
                covers=(),
                sha256=made["sha256"],
                size_bytes=made["size_bytes"],
            )
            pieces.append(Piece(piece_claim, own, part.cover, order, facts.sha256, claim.source))
        return pieces


def _unread(claim: Claim) -> Facts | None:
    """What is said of a scan that nobody dares to read; None for what is no plain file."""
    try:
        found = durable.digest_of(claim.path)
    except StorageError:
        return None
    return Facts("application/octet-stream", "", found.size_bytes, found.sha256, defect="fatal")


def _inode(path: Path) -> int | None:
    try:
        return path.lstat().st_ino
    except OSError:
        return None
