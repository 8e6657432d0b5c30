"""Records taken out of an index, whichever engine made it, and proved to be out.

Owns nothing on disk; it asks the engines. Rules: what no key opens is for the caller to throw
away, since an index is a shadow; an index in which a record is still found is never called clean.

    purge(Path("index/SECRET.db"), [key], ["R00000001"])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import IndexLocked, WrongIndexKey

if TYPE_CHECKING:
    from index.engine import Engine


def purge(where: Path, keys: Sequence[bytes], records: Sequence[str]) -> None:
    """Take records out of the index at `where`, which one of `keys` opens; no trace stays.

    Raises WrongIndexKey when none does, IndexDamaged, IndexOutdated, IndexLocked while somebody
    reads it: then it is to be repeated.
    """
    engine = _opened(where, keys)
    try:
        engine.purge(records)
        if engine.holds(records):
            raise IndexLocked(f"index {where.name} was written to meanwhile")
    finally:
        engine.close()


def found(where: Path, keys: Sequence[bytes], records: Sequence[str]) -> list[str]:
    """Those of the records that the index at `where` still has. Raises as `purge` does."""
    engine = _opened(where, keys)
    try:
        return engine.holds(records)
    finally:
        engine.close()


def _opened(where: Path, keys: Sequence[bytes]) -> Engine:
    from index.fts5 import Fts5Engine
    from index.whoosh_engine import WhooshEngine

    engine: type[Engine] = WhooshEngine if where.is_dir() else Fts5Engine
    for key in keys:
        try:
            return engine.open(where, key)
        except WrongIndexKey:
            continue
    raise WrongIndexKey(f"none of the keys opens index {where.name}")
