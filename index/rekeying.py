"""An index moved to another key, whichever engine made it, without reading a page anew.

Owns nothing on disk; it rewrites what the engines own. Rules: a file that opens with the new
key already is left as it is; what cannot be moved is for the caller to throw away, since an
index is a shadow. Killed half-way a database is as before or after (SQLite's own journal); a
folder of sealed files may be mixed, opens with neither key, and is rebuilt.

    rekey(Path("index/SECRET.db"), [old_key], new_key)
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.errors import IndexLocked, WrongIndexKey


def rekey(where: Path, old_keys: Sequence[bytes], new_key: bytes) -> None:
    """Encrypt an index under `new_key`, which any one of `old_keys` opens now.

    Raises WrongIndexKey when none of them does, IndexDamaged, IndexLocked while somebody else
    uses it, OSError.
    """
    for key in (new_key, *old_keys):
        try:
            (_rekey_folder if where.is_dir() else _rekey_database)(where, key, new_key)
        except WrongIndexKey:
            continue
        return
    raise WrongIndexKey(f"none of the keys opens index {where.name}")


def throw_away(where: Path) -> None:
    """Remove an index with whatever lies beside it; the next search builds it anew."""
    if where.is_dir():
        shutil.rmtree(where)
    else:
        for file in list(where.parent.glob(f"{where.name}*")):
            file.unlink()


def _rekey_database(where: Path, old: bytes, new: bytes) -> None:
    from sqlcipher3 import dbapi2 as sqlite

    from index.fts5 import CONTAINER, Fts5Engine

    Fts5Engine.open(where, old).close()  # proves the key, with the engine's own errors
    if old == new:
        return
    connection: Any = sqlite.connect(str(where), timeout=10.0, isolation_level=None)
    try:
        for pragma in (
            "cipher_log_level = NONE",
            f"key = \"x'{old.hex()}'\"",
            *CONTAINER,
            f"rekey = \"x'{new.hex()}'\"",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        # Pages under the old key must not stay behind in the log.
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite.Error:
        raise IndexLocked(f"index {where.name} cannot be moved to another key now") from None
    finally:
        connection.close()
    if busy:
        raise IndexLocked(f"index {where.name} is in use by another process")


def _rekey_folder(where: Path, old: bytes, new: bytes) -> None:
    from index.encrypted_storage import EncryptedStorage
    from index.whoosh_engine import WhooshEngine

    WhooshEngine.open(where, old).close()
    if old == new:
        return
    before, after = EncryptedStorage(where, old), EncryptedStorage(where, new)
    for name in before.sealed():
        after.seal(name, before.unseal(name))
