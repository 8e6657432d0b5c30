"""The one place that makes promises about disks.

Owns the write protocol. Everything that must outlive a power cut goes through here:

    write_new(path, data)   a name is given once; afterwards its bytes never change
    replace(path, data)     old bytes or new bytes, never a mixture, never nothing
    move(src, dst)          under the old name or the new one, on either file system
    make_folders, sync_folder, remove, sweep
    Batch                   many new files made durable together
    set_beside, put_in_place, sync_folders  many files exchanged, durable together

Rules it keeps, in this order: temporary file in the same folder, all bytes written,
fsync of the file, then link (or rename), then fsync of the folder. A name is never
visible before its bytes are on the disk, and no function returns before the name is.

What it cannot promise: a disk that lies about flushing; a network share, where rename
is not atomic for other machines; a file system without hard links, where `write_new`
refuses; and what the kernel kept after a failed fsync. The last is why every failure is
final: the second fsync on the same file may well report success for lost pages.

    batch = Batch()
    digest = batch.add(Path("store/C000001/D000001/R00000001.pdf.age"), chunks)
    batch.commit()              # durable from here, or DiskFailed and nothing to see
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.durable.batch import Batch
    from storage.durable.hashing import Hashing, Source
    from storage.durable.many import put_in_place, set_beside, sync_folders
    from storage.durable.reading import Digest, digest_of, read_bytes, read_chunks
    from storage.durable.single import make_folders, move, remove, replace, sweep, write_new
    from storage.durable.steps import Data, name_beside, sync_folder

__all__ = [
    "Batch",
    "Data",
    "Digest",
    "Hashing",
    "Source",
    "digest_of",
    "make_folders",
    "move",
    "name_beside",
    "put_in_place",
    "read_bytes",
    "read_chunks",
    "remove",
    "replace",
    "set_beside",
    "sweep",
    "sync_folder",
    "sync_folders",
    "write_new",
]

# A part is loaded when something of it is asked for: a search reads keys and
# never writes.
_PARTS = {
    "storage.durable.batch": ("Batch",),
    "storage.durable.hashing": ("Hashing", "Source"),
    "storage.durable.many": ("put_in_place", "set_beside", "sync_folders"),
    "storage.durable.reading": ("Digest", "digest_of", "read_bytes", "read_chunks"),
    "storage.durable.single": ("make_folders", "move", "remove", "replace", "sweep", "write_new"),
    "storage.durable.steps": ("Data", "name_beside", "sync_folder"),
}
_PART_OF = {name: part for part, names in _PARTS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PART_OF:
        raise AttributeError(name)
    return getattr(import_module(_PART_OF[name]), name)
