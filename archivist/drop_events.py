"""Events of the drop folder, from watchdog: hints that a look would be worth while.

Kept apart from `watch` because importing watchdog costs every command that only looks
once. Only the end of a write and renames are asked for: fewer events, and a queue in
the kernel that lasts longer. What is lost in an overflow the next look finds.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

NETWORK = frozenset(("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ncpfs", "afs"))
POLL_SECONDS = 2.0


@contextlib.contextmanager
def observing(
    folder: Path, polling: bool, on_event: Callable[[Path, bool], None]
) -> Iterator[None]:
    """Call `on_event(path, renamed)` from another thread while the block runs."""
    # watchdog warns once per folder that vanishes while it is being added; the look copes.
    warnings.filterwarnings("ignore", module="watchdog")
    observer: BaseObserver
    if polling or is_network(folder):
        observer = PollingObserver(timeout=POLL_SECONDS)
    else:
        observer = Observer()
    observer.schedule(
        _Hints(on_event),
        str(folder),
        recursive=True,
        event_filter=[FileCreatedEvent, FileMovedEvent, FileClosedEvent],
    )
    observer.start()
    try:
        yield
    finally:
        observer.stop()
        observer.join()


class _Hints(FileSystemEventHandler):  # type: ignore[misc]
    def __init__(self, on_event: Callable[[Path, bool], None]) -> None:
        self._on_event = on_event

    def on_any_event(self, event: FileSystemEvent) -> None:
        renamed = isinstance(event, FileMovedEvent)
        self._on_event(Path(str(event.dest_path if renamed else event.src_path)), renamed)


def is_network(folder: Path) -> bool:
    """Whether the folder lies on a file system whose other writers send no events."""
    best, kind = "", ""
    place = str(folder.resolve())
    for line in Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines():
        _, mount, filesystem, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        inside = place == mount or place.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, filesystem
    return kind in NETWORK
