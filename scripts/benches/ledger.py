"""The ledger: durable appends against SQLite, verifying against hashing, opening at full size."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benches.measuring import Table, bytes_below, child_code, seconds, timed_in_child

if TYPE_CHECKING:
    from storage.ledger import Ledger


def sqlite_appends(path: Path, groups: list[list[bytes]]) -> float:
    """Entries a second into SQLite, each group one durable transaction."""
    import sqlite3

    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE entry (idx INTEGER PRIMARY KEY, raw BLOB NOT NULL)")
    index, started = 0, time.perf_counter()
    for group in groups:
        database.execute("BEGIN")
        database.executemany("INSERT INTO entry VALUES (?, ?)", enumerate(group, start=index))
        database.execute("COMMIT")
        index += len(group)
    took = time.perf_counter() - started
    database.close()
    return index / took


def ledger_appends(root: Path, groups: list[list[bytes]]) -> float:
    """Entries a second into the ledger: every group takes and lets go of the lock."""
    ledger = new_ledger(root)
    started = time.perf_counter()
    for group in groups:
        ledger.append(group)
    took = time.perf_counter() - started
    ledger.close()
    return sum(map(len, groups)) / took


def new_ledger(root: Path) -> "Ledger":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from storage.ledger import Ledger

    return Ledger.create(root, "bench.example/l", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def entry_of(index: int) -> bytes:
    """242 bytes, as long as an entry of the archive usually is at the least."""
    return b"%012d" % index + b"e" * 230


def bench_ledger(options: argparse.Namespace) -> Iterator[Table]:
    """Appends against SQLite; verifying against bare hashing; opening and memory at full size."""
    for size, rounds in ((1, 500), (10, 300), (100, 100)):
        groups = [
            [entry_of(n) for n in range(at, at + size)] for at in range(0, size * rounds, size)
        ]
        rates: dict[str, list[float]] = {"SQLite WAL FULL": [], "ledger": []}
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory(prefix="bench-") as name:
                rates["SQLite WAL FULL"].append(sqlite_appends(Path(name) / "e.db", groups))
                rates["ledger"].append(ledger_appends(Path(name) / "ledger", groups))
        yield Table(f"durable appends, {size} in a group", "entries/s", rates)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        for count in (options.entries // 10, options.entries):
            yield from verifying(Path(name) / f"{count}", count, options.rounds)


def verifying(root: Path, count: int, rounds: int) -> Iterator[Table]:
    """One ledger of `count` entries: verified, opened, each in a process of its own."""
    from hashlib import sha256

    ledger = new_ledger(root)
    for start in range(0, count, 4000):
        ledger.append([entry_of(n) for n in range(start, min(start + 4000, count))])
        if start % 40_000 == 0:
            ledger.publish()
    ledger.publish()
    ledger.append([entry_of(count)])
    vkey = ledger.vkey
    ledger.close()
    entries = [entry_of(n) for n in range(min(count, 100_000))]
    rates: dict[str, list[float]] = {"bare SHA-256": [], "ledger verify": []}
    opened, peak = [], 0
    for _ in range(rounds):
        rates["bare SHA-256"].append(
            len(entries) / seconds(lambda: [sha256(entry).digest() for entry in entries])
        )
        took, peak = timed_in_child(VERIFY_CODE, root, vkey)
        rates["ledger verify"].append(count / took)
        opened.append(timed_in_child(OPEN_CODE, root, vkey))
    times, peaks = zip(*opened, strict=True)
    yield Table(
        f"verifying {count} entries (peak {peak} MiB)", "entries/s", rates,
        notes=(
            f"opening it: {1000 * statistics.median(times):.1f} ms, peak {max(peaks)} MiB",
            f"on disk: {bytes_below(root) / count:.0f} bytes an entry",
        ),
    )  # fmt: skip


VERIFY_CODE = child_code("assert verify(Path(sys.argv[1]), sys.argv[2]).ok")
OPEN_CODE = child_code("Ledger.open(Path(sys.argv[1]), sys.argv[2])")
