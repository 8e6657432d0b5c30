"""What an audit sees with somebody's keys: every record he may open, opened again.

Owns the test that what is stored can still be used: the body is decrypted, its plaintext compared
with the fingerprint that was taken at filing, its pages counted by the confined child that reads
scans, its card read, and the bytes shown to the virus scanner where there is one. An audit of
sealed bytes alone proves that nobody changed them; only this proves that they open.

Rules it keeps:
- What somebody is not cleared for he does not open: it is counted, and was checked without keys.
- The plaintext is held in memory that has no name, one record for each core, and is forgotten.
- What a file does to a child is a finding, never the end of the audit.

    opened = Contents(archive, person, examiners, scanner)
    for finding in opened.of(rows, reach): …
    opened.count, opened.closed
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from typing import Any

from archivist.archive import Archive
from archivist.errors import KeyNeeded, NotAllowed
from archivist.examine import Examiners
from archivist.searching import ENGINES
from archivist.virus import Scanner
from index.catalogue import Row
from index.errors import IndexMissing, ShadowError
from storage.errors import DiskFailed, NoKey, StorageError
from storage.ledger_findings import Finding
from storage.people import Unlocked

AHEAD = 2  # records under way for each core


class Contents:
    """Records opened and looked at; counts while it goes on."""

    def __init__(
        self,
        archive: Archive,
        person: Unlocked | None,
        examiners: Examiners,
        scanner: Scanner | None,
    ) -> None:
        self._archive = archive
        self._person = person
        self._examiners = examiners
        self._scanner = scanner
        self._keys: dict[tuple[str, int | None], bool] = {}
        self.count = 0
        self.closed = 0
        self.scanned = 0
        self.size_bytes = 0

    def of(self, rows: Iterable[Row], reach: Callable[[Row], None]) -> Iterator[Finding]:
        """What is wrong with these records. `reach` hears of each that is done, in order."""
        with ThreadPoolExecutor(self._examiners.workers) as threads:
            sent: deque[tuple[Row, Future[list[Finding]]]] = deque()
            try:
                for row in rows:
                    # Opened by the one thread that may ask the catalogue; looked at by many.
                    sent.append((row, threads.submit(self._look, row, self._opening(row))))
                    if len(sent) > AHEAD * self._examiners.workers:
                        yield from self._done(*sent.popleft(), reach)
                while sent:
                    yield from self._done(*sent.popleft(), reach)
            finally:
                threads.shutdown(cancel_futures=True)

    def _done(
        self, row: Row, found: Future[list[Finding]], reach: Callable[[Row], None]
    ) -> Iterator[Finding]:
        told = found.result()
        self.count += 1
        reach(row)
        yield from told

    def may(self, row: Row) -> bool:
        """Whether a record of this key can be opened here; those that cannot are counted."""
        key = (row["key"], row["generation"])
        if key not in self._keys:
            self._keys[key] = self._opens(*key)
        self.closed += not self._keys[key]
        return self._keys[key]

    def _opens(self, key: str, generation: int | None) -> bool:
        if generation is None:
            return True
        if self._person is None:
            return False
        try:
            self._archive.opened(key, generation, self._person)
        except (NotAllowed, KeyNeeded, NoKey):
            return False
        except StorageError:
            return True  # opening the record will say what is wrong
        return True

    def _opening(self, row: Row) -> Iterator[bytes] | Finding:
        try:
            return self._archive.record_bytes(row, "scan", self._person)
        except DiskFailed:
            raise
        except (StorageError, NotAllowed) as error:
            return Finding("O-OPEN", row["id"], str(error))

    def _look(self, row: Row, opened: Iterator[bytes] | Finding) -> list[Finding]:
        if isinstance(opened, Finding):
            return [opened]
        scan = os.memfd_create("scan", os.MFD_CLOEXEC)
        try:
            hasher = sha256()
            try:
                for chunk in opened:
                    hasher.update(chunk)
                    os.write(scan, chunk)
                    self.size_bytes += len(chunk)
            except DiskFailed:
                raise
            except StorageError as error:
                return [Finding("O-OPEN", row["id"], str(error))]
            return [*self._same(row, hasher.hexdigest()), *self._reads(row, scan)]
        finally:
            os.close(scan)

    def _same(self, row: Row, digest: str) -> Iterator[Finding]:
        if self._archive.house.fingerprint(digest) != row["print"]:
            yield Finding("O-CONTENT", row["id"], "the plain bytes are not those that were filed")

    def _reads(self, row: Row, scan: int) -> Iterator[Finding]:
        told: dict[str, Any] = self._examiners.look_into(scan, f"scan.{row['suffix']}").result()
        if "defect" in told:
            why = f"{told['defect']}: {told.get('detail', '')}"
            yield Finding("O-PARSE", row["id"], why)
        elif told["media_type"] != row["media"]:
            yield Finding("O-PARSE", row["id"], f"is {told['media_type']}, not {row['media']}")
        elif len(told["pages"]) < row["pages"]:
            pages = f"has {len(told['pages'])} pages, filed were {row['pages']}"
            yield Finding("O-PAGES", row["id"], pages)
        if self._scanner is not None:
            os.lseek(scan, 0, os.SEEK_SET)
            virus = self._scanner.look(iter(lambda: os.read(scan, 1 << 18), b""))
            self.scanned += 1
            if virus is not None:
                yield Finding("V-INFECTED", row["id"], virus)


def card_findings(archive: Archive, row: Row, person: Unlocked | None) -> Iterator[Finding]:
    """Whether a record's card opens and tells a title and as many pages as the ledger."""
    try:
        card = archive.record_card(row, person)
        if not str(card["title"]).strip():
            yield Finding("O-TITLE", row["id"], "its card has no title")
        if len(card["facts"]["pages"]) != row["pages"]:
            yield Finding("O-PAGES", row["id"], "its card tells another number of pages")
    except DiskFailed:
        raise
    except StorageError as error:
        yield Finding("O-OPEN", row["id"], f"its card: {error}")
    except (ValueError, LookupError, TypeError):
        yield Finding("O-PARSE", row["id"], "its card cannot be read")


def index_findings(archive: Archive, keys: dict[str, bytes]) -> Iterator[Finding]:
    """Each full-text index that these keys open, read to its last page."""
    module, name, ending = ENGINES[archive.settings.engine]
    engine = getattr(import_module(module), name)
    for key_id, key in sorted(keys.items()):
        where = archive.root / "index" / f"{key_id}{ending}"
        try:
            opened = engine.open(where, key)
        except IndexMissing:
            continue
        except ShadowError as error:
            yield Finding("X-INDEX", f"index/{where.name}", str(error))
            continue
        try:
            for told in opened.check():
                yield Finding("X-INDEX", f"index/{where.name}", told)
        finally:
            with suppress(ShadowError):
                opened.close()
