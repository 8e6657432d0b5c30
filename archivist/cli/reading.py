"""What `watch`, `file` and `inbox` share: readers, the station, and a line for each scan."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from archivist import examine, regulations, station, virus
from archivist.cli.door import Call, now
from archivist.cli.labels import detail_in_one_language, grade_label, tray_label, type_label
from archivist.cli.progress import Progress
from archivist.cli.say import NARROWEST, say, shortened, terminal_cells, width, write, write_json
from archivist.examine.pool import Around, uncounted
from archivist.masking import masked

if TYPE_CHECKING:
    from archivist.intake import Outcome
    from archivist.station import Station


@contextmanager
def station_of(
    call: Call, workers: int | None, who: str, around: Around = uncounted
) -> Iterator[Station]:
    """A station with its readers; they start with the first scan and end with the block."""
    settings = call.settings
    limits = examine.Limits(
        max_size_bytes=settings.max_size_bytes,
        max_pages=settings.max_pages,
        max_pixels=settings.max_pixels,
    )
    call.archive.follow()  # a regulation adopted elsewhere may wait in the ledger
    law = regulations.Regulations(call.archive)
    readers = workers or len(os.sched_getaffinity(0))
    with examine.Examiners(readers, limits, settings.archive_id, around) as examiners:
        scanner = virus.Scanner(settings.virus_socket) if settings.virus_socket else None
        opened = station.Station(
            call.archive, law.current, examiners, now, os.urandom, who, scanner, around
        )
        try:
            yield opened
        finally:
            opened.close()


def write_outcomes(
    call: Call, outcomes: Iterable[Outcome], bar: Progress, kept: list[Outcome] | None = None
) -> int:
    """A line for each scan as soon as it has its outcome; returns how many were refused.

    Outcomes whose JSON is to be one document are `kept` instead of written.
    """
    refused = 0
    for outcome in outcomes:
        bar.advance()
        if call.json and kept is not None:
            kept.append(outcome)
        else:
            with bar.aside():
                _write(call, outcome)
        refused += not outcome.filed
    return refused


def _write(call: Call, outcome: Outcome) -> None:
    row = outcome.plain()
    if call.json:
        write_json(row, one_line=True)
        return
    if outcome.filed:
        kind = type_label(call.policy, row["type"])
        grade = grade_label(call.policy, row["grade"])
        place = f"{row['record']}  {row['customer']}/{row['dossier']}  {kind}  {grade}"
        before, after = f"{say('已归档', 'filed')}  {place}  ", ""
    else:
        before = f"{say('未归档', 'refused')}  {tray_label(row['tray'])}  {row['reason']}  "
        after = f"  {detail_in_one_language(row['detail'])}"
    room = (terminal_cells() or 100_000) - width(before) - width(after)
    # These lines end in the journal of the service.
    source = masked(click.format_filename(outcome.source))
    write(f"{before}{shortened(source, max(room, NARROWEST))}{after}")
