"""`archivist watch`: take in what the scanner drops.

Moves each complete file out of the drop folder into the vault or into a tray, and records
it. Once a day it sweeps besides (`archivist sweep`). Needs no passphrase: a station that nobody
is logged in to seals and cannot read back. Full text of what it filed is indexed by whoever is
logged in and cleared. A crash loses nothing: what was claimed is taken up again at the next start.

Outcomes go to stdout and name the scan. What goes to stderr is a log without names (`logs`), and
`--metrics` serves numbers only (`metrics`).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from archivist import indexing, recover, searching, watch
from archivist.cli import logs
from archivist.cli import metrics as page
from archivist.cli.complaints import explain
from archivist.cli.counting import Counting
from archivist.cli.daily import Daily
from archivist.cli.door import FINDINGS, Call, common_options, now, pass_call
from archivist.cli.progress import Progress
from archivist.cli.reading import station_of, write_outcomes
from archivist.cli.say import say
from archivist.cli.spoken import command, option
from archivist.errors import ArchivistError, Away
from archivist.virus import ScannerAway
from index.errors import IndexLocked, IndexUnwritable, ShadowError
from storage import session
from storage.errors import Busy, DiskFailed, StorageError

if TYPE_CHECKING:
    from archivist.intake import Outcome

# What passes: somebody makes room, lets go of the lock, puts a disk back, starts the scanner.
TRANSIENT = (Busy, DiskFailed, IndexLocked, IndexUnwritable, ScannerAway, Away, OSError)
PATIENCE_SECONDS = 5.0


@command("watch", zh="监视扫描投放目录，把写完的扫描件归档或放入托盘。\n\n"
         "不需要口令。随时可以停止，已领取的扫描件下次启动时接着处理。",
         changes=("投放目录、归档件、台账、托盘；有人登录时更新全文索引",
                  "the drop folder, the vault, the ledger, trays; full text while somebody "
                  "is logged in"),
         never=("已归档的资料；认不出的扫描件只移入托盘，从不删除",
                "what is filed; a scan it cannot place goes to a tray, none is deleted"),
         exits=(0, 1, 3, 10, 11, 12, 13))  # fmt: skip
@option("--once", is_flag=True, zh="处理完现有的就结束；有未归档的则退出码为 3。",
        help="Take what is there, then stop; exit code 3 when something was refused.")  # fmt: skip
@option("--workers", type=click.IntRange(1, 64), metavar="N", zh="几个读取进程；不写则每核一个。",
        help="Readers; else one a core.")  # fmt: skip
@option("--metrics", metavar="HOST:PORT", zh="在此地址提供 Prometheus 指标页 /metrics。",
        help="Serve Prometheus metrics there, at /metrics.")  # fmt: skip
@common_options
@pass_call
def watch_command(call: Call, once: bool, workers: int | None, metrics: str | None) -> int:
    """Watch the drop folder: file each complete scan, or put it into a tray.

    Needs no passphrase. Stop it at any moment: what it has claimed it takes up again.
    """
    page_at = page.address(metrics) if metrics else None
    drop = watch.DropFolder(call.settings, time.monotonic, time.time, _tell_away)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: drop.stop())
    counting = Counting(time.time())
    with ExitStack() as open_until_done:
        terminal = sys.stderr.isatty()
        open_until_done.enter_context(logs.written(sys.stderr, logs.wanted(os.environ, terminal)))
        if page_at is not None:
            host, port = open_until_done.enter_context(page.served(page_at, counting.numbers))
            logs.tell("metrics", address=f"{host}:{port}")
            if not page.is_local(host):
                logs.tell("metrics-open", logging.WARNING, address=f"{host}:{port}")
        refused = _watched(call, drop, once, workers, counting)
        logs.tell("stopped")
    return FINDINGS if once and refused else 0


def _watched(
    call: Call, drop: watch.DropFolder, once: bool, workers: int | None, counting: Counting
) -> int:
    """Watch until told to stop, past whatever passes; returns how many were refused."""
    refused = 0
    while not drop.stopped.is_set():
        try:
            with Progress(say("归档", "filing"), _lying(drop) if once else 0) as bar:
                outcomes = counting.each(_outcomes(call, drop, once, workers, counting))
                refused += write_outcomes(call, outcomes, bar)
        except (ShadowError, StorageError, ArchivistError, OSError) as error:
            # Nobody may be at the station to start it again: it waits, and begins as after
            # a crash, because a ledger that failed to write must be opened anew.
            if once or not _passes(call, error):
                raise
            counting.numbers.add("errors_total", place="archive")
            if sys.stderr.isatty():
                explain(error)  # with what to do; whoever sits there may see names
            logs.tell("waiting", logging.ERROR, error=error)
            call.close()
            drop.stopped.wait(PATIENCE_SECONDS)
        except Exception as error:
            logs.tell("failed", logging.ERROR, error=error)
            raise
        else:
            break
    return refused


def _passes(call: Call, error: Exception) -> bool:
    """Whether it is worth waiting: also for whatever is missed while the archive itself is away."""
    try:
        call.archive.check_in_place()
    except Away:
        return True
    return isinstance(error, TRANSIENT)


def _tell_away(why: OSError | None) -> None:
    """The drop folder cannot be listed, or can again."""
    if why is None:
        logs.tell("drop-back")
    else:
        logs.tell("drop-away", logging.ERROR, error=why)


def _lying(drop: watch.DropFolder) -> int:
    """About how many scans there are to take: for the bar, so that names are not judged here."""
    return sum(len(files) for _, _, files in os.walk(drop.folder))


def _outcomes(
    call: Call, drop: watch.DropFolder, once: bool, workers: int | None, counting: Counting
) -> Iterator[Outcome]:
    """What a crash left first, then what is dropped, until stopped."""
    call.archive.check_in_place()
    drop.folder.mkdir(parents=True, exist_ok=True)
    with station_of(call, workers, "station", counting.around) as station:
        left = recover.recover(call.archive, now())
        if not once:
            logs.tell("watching")
        daily = Daily(call, counting.numbers)

        def between(scans_wait: bool) -> None:
            counting.look(call.archive, drop.waiting, station.reading)
            if not once:
                daily.between(scans_wait)

        yield from station.run(drop, once, lambda: _rest(call, counting), between, left)


def _rest(call: Call, counting: Counting) -> None:
    """What waits until no scan does: tiles for outsiders, and full text if somebody is here.

    Only a session counts, never a passphrase in the environment: the station itself must
    not come to hold a secret that opens what it has sealed.
    """
    call.archive.ledger.publish()
    try:
        folder = session.runtime_folder(os.environ)
        kept = session.load(folder, call.settings.archive_id, now(), call.counterparts)
        if kept is None:
            return
        with searching.shelves(call.settings, kept) as opened:
            late = searching.behind(call.settings, opened)
            if late:
                indexing.catch_up(call.archive, kept.unlocked(), late)
    except (ShadowError, StorageError, ArchivistError) as error:
        counting.numbers.add("errors_total", place="full-text")
        logs.tell("full-text-later", logging.WARNING, error=error)
