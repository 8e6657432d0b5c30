"""Whether bytes are those that were once filed: compared as they pass, by the archive's own print.

b"".join(as_filed(archive, row, chunks))       # or Damaged
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from storage.errors import Damaged

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row


def as_filed(archive: Archive, row: Row, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes, and at their end the proof that they are those once filed. Raises Damaged."""
    hasher = hashlib.sha256()
    for chunk in chunks:
        hasher.update(chunk)
        yield chunk
    if archive.house.fingerprint(hasher.hexdigest()) != row["print"]:
        raise Damaged(f"record {row['id']} is not what was filed")
