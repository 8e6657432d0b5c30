"""What `watch`, `file` and `inbox` share: readers, the station, and a line for each scan."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from archivist.cli.door import Call, now
from archivist.cli.labels import detail_in_one_language, grade_label, tray_label, type_label
from archivist.cli.say import say, write, write_json
from archivist.examine import Examiners, Limits
from archivist.intake import Outcome
from archivist.station import Station


@contextmanager
def station_of(call: Call, workers: int | None, who: str) -> Iterator[Station]:
    """A station with its readers; they start with the first scan and end with the block."""
    settings = call.settings
    limits = Limits(
        max_size_bytes=settings.max_size_bytes,
        max_pages=settings.max_pages,
        max_pixels=settings.max_pixels,
    )
    readers = workers or len(os.sched_getaffinity(0))
    with Examiners(readers, limits, settings.archive_id) as examiners:
        yield Station(call.archive, call.policy, examiners, now, os.urandom, who)


def write_outcome(call: Call, outcome: Outcome) -> None:
    """One line as soon as a scan has its outcome."""
    if call.json:
        write_json(outcome.plain(), one_line=True)
        return
    row = outcome.plain()
    source = click.format_filename(outcome.source)
    if outcome.filed:
        kind = type_label(call.policy, row["type"])
        grade = grade_label(call.policy, row["grade"])
        place = f"{row['record']}  {row['customer']}/{row['dossier']}  {kind}  {grade}"
        write(f"{say('已归档', 'filed')}  {place}  {source}")
    else:
        tray = tray_label(row["tray"])
        detail = detail_in_one_language(row["detail"])
        write(f"{say('未归档', 'refused')}  {tray}  {row['reason']}  {source}  {detail}")
