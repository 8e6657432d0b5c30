"""A second catalogue, made from the ledger alone, to hold the first one against.

Whoever has the house key can open `catalogue.db` and change a row. Nothing in the file can
prove its rows, because the key that would prove them is the key he has. So they are made
again from the entries, by the very steps that made them, and compared.

Rules:
- `differences` is the whole answer: every table, row by row, the schema and the counters. Only
  readings are no entry's rows; whoever makes them compares them (`archivist.regulations`).
  Its file lies elsewhere, under a random key, and is thrown away.
- `record_after` is the answer for one record, from the entries that name it: quick enough to
  be asked before each reading.
- A difference names a table, an id and columns. It never carries a value: rows hold names.

    with Replay.beside(folder) as replay:
        replay.apply(changes, "")
        replay.differences(path, key)   # [Difference("record", "R00000001", ("grade",), …)]
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlcipher3 import dbapi2 as sqlite

from index.catalogue import _STEPS, Catalogue, Change, _unlock
from index.catalogue_view import Row, _translating

Kind = Literal["altered", "lost", "foreign"]

# What these tables are keyed by is itself a name or a number of somebody.
_NAMED_BY = {"known_by": ("kind", "id")}


# The number of a record's block, counted from 0.
_BLOCK = "(substr(id, 2) - 1) / ?"

# The database itself notes whose row is no more as it was inserted, whatever step did that. What
# is temporary is in another schema than what is compared.
_WATCHED = (
    "CREATE TEMP TABLE changed (id TEXT PRIMARY KEY)",
    "CREATE TEMP TRIGGER was_updated AFTER UPDATE ON main.record BEGIN "
    "INSERT INTO changed VALUES (old.id) ON CONFLICT DO NOTHING; END",
    "CREATE TEMP TRIGGER was_deleted AFTER DELETE ON main.record BEGIN "
    "INSERT INTO changed VALUES (old.id) ON CONFLICT DO NOTHING; END",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that is not what the ledger makes of it: `columns` differ when it was altered."""

    table: str
    row: str
    kind: Kind
    columns: tuple[str, ...] = ()


class Replay(Catalogue):
    """A catalogue of its own, filled from entries and compared with another."""

    @classmethod
    def in_memory(cls) -> "Replay":
        """An empty one that never touches a disk: for single records."""
        replay = cls(sqlite.connect(":memory:", isolation_level=None))
        replay._lay_out()
        return replay

    @classmethod
    def beside(cls, folder: Path) -> "Replay":
        """An empty one in a file of this folder, under a key that is kept nowhere."""
        connection = sqlite.connect(str(folder / "replay.db"), isolation_level=None)
        _unlock(connection, os.urandom(32))
        # Nobody opens it after a crash: no log beside it, nothing wiped, and fewer pages sealed
        # again and again. The cache is full with the rows of some thousand records already.
        for pragma in (
            "journal_mode=MEMORY", "synchronous=OFF", "secure_delete=OFF", "cache_size=-16000"
        ):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")
        replay = cls(connection)
        replay._lay_out()
        for statement in _WATCHED:
            replay._run(statement)
        return replay

    def __enter__(self) -> "Replay":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record_after(
        self, changes: Iterable[Change], identifier: str
    ) -> tuple[Row | None, list[Row]]:
        """The row of a record and what was said of it, as these entries alone make them.

        Nothing is kept of them.
        """
        self._run("BEGIN")
        self._held = {}
        try:
            for index, entry, card in changes:
                step = _STEPS.get(entry["act"])
                if step is not None:
                    self._settle()
                    step(self, index, _narrowed(entry, identifier), entry["subject"], card or {})
            self._settle()
            return self.record(identifier), self.attested_of(identifier)
        finally:
            self._run("ROLLBACK")

    def every_record(self) -> Iterator[Row]:
        """Every record's row, in bounded memory, oldest first."""
        last = ""
        while rows := self._all("SELECT * FROM record WHERE id > ? ORDER BY id LIMIT 1000", last):
            yield from rows
            last = rows[-1]["id"]

    def record_blocks(self, width: int) -> dict[int, int]:
        """How many records there are of each so many numbers, in their order."""
        sql = f"SELECT {_BLOCK} AS block, count(*) AS n FROM record GROUP BY 1 ORDER BY 1"  # noqa: S608
        return {row["block"]: row["n"] for row in self._all(sql, width)}

    def changed_since_inserted(self, width: int) -> set[int]:
        """The blocks, of so many numbers, of whose records a row was changed or taken away."""
        sql = f"SELECT DISTINCT {_BLOCK} AS block FROM temp.changed"  # noqa: S608
        return {row["block"] for row in self._all(sql, width)}

    def stored_in(self, block: int, width: int) -> list[Row]:
        """What is needed of each record of a block to find its files, oldest first: `id`,
        `customer`, `dossier`, `stored`, `key`, `generation`, `objects`."""
        first, last = block * width + 1, (block + 1) * width
        return self._all(
            "SELECT id, customer, dossier, stored, key, generation, objects FROM record "
            "WHERE id BETWEEN ? AND ? ORDER BY id",
            f"R{first:08}",
            f"R{last:08}",
        )

    def records_where(self, condition: str, limit: int) -> list[str]:
        """Ids of records whose row meets a condition in SQL, at most so many."""
        sql = f"SELECT id FROM record WHERE {condition} ORDER BY id LIMIT ?"  # noqa: S608
        return [row["id"] for row in self._all(sql, limit)]

    def types_and_grades(self) -> list[Row]:
        """Each `type` and `grade` that occur together, with the first record (`id`) of them."""
        return self._all("SELECT type, grade, min(id) AS id FROM record GROUP BY type, grade")

    def numbers_missing(self, table: str, prefix: int, limit: int) -> list[int]:
        """Numbers below the last that no row has (`prefix` letters stand before them), at most so
        many."""
        # A destroyed record has left its number.
        stones = " UNION SELECT id FROM tombstone" if table == "record" else ""
        sql = f"SELECT substr(id, ?) + 0 AS n FROM (SELECT id FROM {table}{stones}) ORDER BY n"  # noqa: S608
        found: list[int] = []
        expected = 1
        with _translating():
            for (number,) in self._db.execute(sql, (prefix + 1,)):
                while expected < number and len(found) < limit:
                    found.append(expected)
                    expected += 1
                expected = number + 1
        return found

    def every_pack(self) -> list[Row]:
        """Every version of every pack that was adopted."""
        return self._all("SELECT * FROM pack ORDER BY idx")

    def every_tombstone(self) -> list[Row]:
        """What is left of every destroyed record, oldest first."""
        return self._all("SELECT * FROM tombstone ORDER BY id")

    def grade_keys(self) -> list[Row]:
        """Every generation of every key, with the digest of its public half."""
        return self._all("SELECT * FROM grade_key ORDER BY key, generation")

    def differences(self, path: Path, key: bytes) -> list[Difference] | None:
        """How the catalogue at `path` differs from this one, which has followed as far.

        None when the other has followed further (or less far) by now: apply and ask again.
        """
        self._run(f"ATTACH DATABASE ? AS live KEY \"x'{key.hex()}'\"", str(path))
        try:
            self._run("BEGIN")  # one snapshot of the other file for all questions
            try:
                (other,) = self._all("SELECT v FROM live.meta WHERE k = 'applied'") or [{"v": "?"}]
                if other["v"] != str(self.applied):
                    return None
                return list(self._compared())
            finally:
                self._run("ROLLBACK")
        finally:
            self._run("DETACH DATABASE live")

    def _compared(self) -> Iterator[Difference]:
        shape = "SELECT type, name, tbl_name, sql FROM {}.sqlite_master"
        laid_out = self._rows_apart(shape.format("main"), shape.format("live"))
        for row, kind in laid_out:
            # A trigger or a view in the way would answer in the place of a row.
            yield Difference("sqlite_master", row["name"], kind)
        if not laid_out:
            sql = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name <> 'reading'"
            for table in self._all(sql):
                yield from self._of_table(table["name"])

    def _of_table(self, table: str) -> Iterator[Difference]:
        columns = self._all(f"PRAGMA main.table_info({table})")
        keys = [c["name"] for c in sorted(columns, key=lambda c: c["pk"]) if c["pk"]]
        # The root is compared with the ledger itself, by whoever verifies it.
        only = " WHERE k <> 'root'" if table == "meta" else ""
        if keys and self._same(table, [c["name"] for c in columns], keys, only):
            return
        sql = f"SELECT * FROM {{}}.{table}{only}"  # noqa: S608
        by_key: dict[tuple[object, ...], dict[Kind, Row]] = {}
        for row, kind in self._rows_apart(sql.format("main"), sql.format("live")):
            by_key.setdefault(tuple(row[name] for name in keys), {})[kind] = row
        for found in by_key.values():
            made, other = found.get("lost"), found.get("foreign")
            named = _named(table, keys, made or other or {})
            if made and other:
                apart = tuple(name for name in made if made[name] != other[name])
                yield Difference(table, named, "altered", apart)
            else:
                yield Difference(table, named, "lost" if made else "foreign")

    def _same(self, table: str, columns: Sequence[str], keys: Sequence[str], only: str) -> bool:
        """Whether both tables hold the same rows, in memory that hardly grows with them.

        The other table is read as it lies, by no index of its own.
        """
        same = " AND ".join(
            f"mine.{name} {'=' if name in keys else 'IS'} other.{name}" for name in columns
        )
        if self._all("SELECT 1 FROM pragma_table_list(?) WHERE schema = 'main' AND wr", table):
            # It lies in the order of its key: every row here is looked up there, and there are
            # no more. By its key alone, since an index may hold what the table does not.
            (key,) = self._all("SELECT name FROM pragma_index_list(?) WHERE origin = 'pk'", table)
            sql = (
                f"SELECT (SELECT count(*) FROM live.{table} NOT INDEXED), "  # noqa: S608 (names of our own schema)
                f"count(other.{keys[0]}), count(*) FROM main.{table} AS mine "
                f"LEFT JOIN live.{table} AS other INDEXED BY {key['name']} ON {same}"
            )
        else:
            # Each of its rows is looked up here. As many as there are here, each found, and no
            # two the same: then none is lost.
            sql = (
                "SELECT count(*), count(DISTINCT mine.rowid), "  # noqa: S608
                f"(SELECT count(*) FROM main.{table}{only}) "
                f"FROM (SELECT * FROM live.{table} NOT INDEXED{only}) AS other "
                f"LEFT JOIN main.{table} AS mine ON {same}"
            )
        with _translating():
            there, found, here = self._db.execute(sql).fetchone()
        return bool(there == found == here)

    def _rows_apart(self, mine: str, other: str) -> list[tuple[Row, Kind]]:
        lost: list[tuple[Row, Kind]] = [(r, "lost") for r in self._raw(f"{mine} EXCEPT {other}")]
        return lost + [(row, "foreign") for row in self._raw(f"{other} EXCEPT {mine}")]

    def _raw(self, sql: str) -> list[Row]:
        # Not through `_all`: what somebody wrote into a JSON column need not be JSON.
        with _translating():
            cursor = self._db.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _named(table: str, keys: Sequence[str], row: Row) -> str:
    return " ".join(str(row[name]) for name in _NAMED_BY.get(table, keys))


def _narrowed(entry: Mapping[str, Any], identifier: str) -> Mapping[str, Any]:
    """An entry that speaks of hundreds of records at once, as far as it is about this one."""
    if entry["act"] == "destroy" and "records" in entry:
        return {**entry, "records": [name for name in entry["records"] if name == identifier]}
    many = "records" if entry["act"] == "disposal" else "heads"
    said = entry.get(many)
    if not isinstance(said, Mapping):
        return entry
    return {**entry, many: {name: said[name] for name in said if name == identifier}}
