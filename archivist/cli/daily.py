"""The daily sweep of a watcher: once a day, after the time that archive.toml gives.

The ledger decides, not this process: the day of the last `sweep` entry says whether one is due, so
that a timer beside the watcher, or a second watcher, makes no second one. A watcher that starts
late, or after days, makes up for it. While scans wait it waits too, but not longer than
`patience_hours`.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta

from archivist import standing, sweeping
from archivist.cli import logs
from archivist.cli.door import Call, now
from archivist.errors import ArchivistError
from archivist.numbers import Numbers
from index.errors import ShadowError
from policies import sweep
from storage import session
from storage.errors import Busy

PAUSE = timedelta(minutes=1)  # between two looks at whether it is time


class Daily:
    """Asked between two looks at the drop folder."""

    def __init__(self, call: Call, numbers: Numbers | None = None) -> None:
        self._call = call
        self._numbers = numbers or Numbers()
        self._next_look: datetime | None = None
        self._due_since: datetime | None = None

    def between(self, scans_wait: bool) -> None:
        """Sweep if it is time. Never fatal: what is in the way is said, and tried again."""
        at = now()
        if self._next_look is not None and at < self._next_look <= at + PAUSE:
            return
        self._next_look = at + PAUSE
        try:
            if self._is_due(at) and not self._put_off(at, scans_wait):
                self._sweep(at)
        except (ShadowError, ArchivistError, Busy) as error:
            logs.tell("sweep-later", logging.WARNING, error=error)
            self._numbers.add("errors_total", place="sweep")

    def _is_due(self, at: datetime) -> bool:
        archive = self._call.archive
        archive.follow()
        last = sweeping.swept_until(archive)
        return last is not None and sweep.is_time(last, at.astimezone(), archive.settings.sweep_at)

    def _put_off(self, at: datetime, scans_wait: bool) -> bool:
        if self._due_since is None or self._due_since > at:
            self._due_since = at
        patience = timedelta(hours=self._call.settings.sweep_patience_hours)
        return scans_wait and at - self._due_since < patience

    def _sweep(self, at: datetime) -> None:
        """Only a session counts, never a passphrase in the environment: the station itself must
        not come to hold what opens what it has sealed."""
        folder, archive_id = session.runtime_folder(os.environ), self._call.settings.archive_id
        kept = session.load(folder, archive_id, at, self._call.counterparts)
        fresh = Call()  # settings and packs may have changed since the watcher was started
        fresh.archive_dir = str(self._call.root)
        try:
            calendar = standing.company_calendar(fresh.settings.company)
            today = at.astimezone().date()
            plan = sweeping.plan_of(fresh.archive, fresh.policy, calendar, today)
            person = kept.unlocked() if kept else None
            done = sweeping.carry_out(fresh.archive, fresh.policy, plan, at, person)
        finally:
            fresh.close()
        self._due_since = None
        if done.entry is not None:
            logs.tell("swept", day=plan.day.isoformat(), reminded=done.reminded,
                      proposed=len(done.proposed), declassified=len(done.declassified))  # fmt: skip
