"""`archivist watch`: take in what the scanner drops.

Moves each complete file out of the drop folder into the vault or into a tray, and records
it. Needs no passphrase: a station that nobody is logged in to seals and cannot read back.
Full text of what it filed is indexed by whoever is logged in and cleared. A crash loses
nothing: what was claimed is taken up again at the next start.

Exit codes: 0; with --once 3 when something was refused; 11 when the archive is locked.
"""

import os
import signal
import time

import click

from archivist import indexing, recover, searching
from archivist.cli.door import FINDINGS, Call, common_options, now, pass_call
from archivist.cli.reading import station_of, write_outcome
from archivist.cli.say import note, say
from archivist.errors import ArchivistError
from archivist.watch import DropFolder
from index.errors import ShadowError
from storage import session
from storage.errors import StorageError


@click.command("watch")
@click.option("--once", is_flag=True, help="Take what is there, then stop.")
@click.option(
    "--workers", type=click.IntRange(1, 64), metavar="N", help="Readers; else one a core."
)
@common_options
@pass_call
def watch_command(call: Call, once: bool, workers: int | None) -> int:
    """Watch the drop folder."""
    drop = DropFolder(call.settings, time.monotonic, time.time)
    drop.folder.mkdir(parents=True, exist_ok=True)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: drop.stop())
    refused = 0
    with station_of(call, workers, "station") as station:
        for claim in recover.recover(call.archive, now()):
            station.offer(claim)
        if not once:
            note(say(f"正在监视 {drop.folder}，按 Ctrl-C 结束", f"watching {drop.folder}"))
        for outcome in station.run(drop.settled(once), drop.stopped, lambda: _rest(call)):
            write_outcome(call, outcome)
            refused += not outcome.filed
    return FINDINGS if once and refused else 0


def _rest(call: Call) -> None:
    """What waits until no scan does: tiles for outsiders, and full text if somebody is here.

    Only a session counts, never a passphrase in the environment: the station itself must
    not come to hold a secret that opens what it has sealed.
    """
    call.archive.ledger.publish()
    folder = session.runtime_folder(os.environ)
    kept = session.load(folder, call.settings.archive_id, now())
    if kept is None:
        return
    try:
        with searching.shelves(call.settings, kept.index_keys) as opened:
            late = searching.behind(call.settings, opened)
            if late:
                indexing.catch_up(call.archive, kept.unlocked(), late)
    except (ShadowError, StorageError, ArchivistError) as error:
        note(say(f"全文索引稍后补上：{error}", f"full text catches up later: {error}"))
