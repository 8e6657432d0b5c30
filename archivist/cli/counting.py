"""What the watcher counts and tells while it works, on its way from the station to stdout.

    counting = Counting(started)
    outcomes = counting.each(station.run(…))

Each outcome becomes a line of the log and a number; the station's stages are timed. The newest
audit, backup and sweep are read from the ledger, by their act alone, so that they are known however
they were made: by this watcher, a timer or a person.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from archivist.cli import logs
from archivist.numbers import METRICS, Numbers
from storage.errors import StorageError

if TYPE_CHECKING:
    from archivist.archive import Archive
    from archivist.intake import Outcome

_ACTS = METRICS["last_act_timestamp_seconds"].labels["act"]
_SPELLED = re.compile(b'"act":"(' + "|".join(_ACTS).encode() + b')"')


class Counting:
    """The numbers of one watcher."""

    def __init__(self, started: float) -> None:
        self.numbers = Numbers()
        self.numbers.put("start_timestamp_seconds", started)
        self._seen_entries = 0

    def each(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """The outcomes as they pass, each counted and told by its claim and ids."""
        for outcome in outcomes:
            row = outcome.plain()
            reason = row["reason"] or "ok"
            self.numbers.add("documents_total", outcome=row["outcome"], reason=reason)
            told = ("claim", "record", "customer", "dossier", "type", "pages", "tray", "reason")
            logs.tell(row["outcome"], **{name: row[name] for name in told})
            yield outcome

    @contextmanager
    def around(self, stage: str) -> Iterator[None]:
        """Time one run of a stage."""
        started = time.perf_counter()
        try:
            yield
        except Exception:
            self.numbers.add("errors_total", place="reading" if stage != "file" else "archive")
            raise
        finally:
            self.numbers.took(stage, time.perf_counter() - started)

    def look(self, archive: Archive, waiting: int, reading: int) -> None:
        """How much waits, and what the ledger holds by now."""
        self.numbers.put("backlog_files", waiting)
        self.numbers.put("claimed_files", reading)
        try:
            archive.ledger.refresh()
            size = archive.ledger.size
            for _, raw in archive.ledger.entries(self._seen_entries, size):
                if _SPELLED.search(raw):
                    self._note_act(raw)
        except StorageError:
            # Whoever writes next meets the same, and says it; numbers stop nobody.
            self.numbers.add("errors_total", place="archive")
            return
        self._seen_entries = size
        self.numbers.put("ledger_entries", size)

    def _note_act(self, raw: bytes) -> None:
        entry = json.loads(raw)
        if entry["act"] in _ACTS:
            at = datetime.fromisoformat(entry["t"]).timestamp()
            self.numbers.put("last_act_timestamp_seconds", at, act=entry["act"])
