"""The ledger: durable appends against SQLite, verifying against hashing, opening at full size.

The transparency log of Go's module system reads the same folder beside it, where it is installed.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from benches.measuring import Table, bytes_below, child_code, seconds, seconds_of, timed_in_child

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
    import go_log

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
        go = go_log.build(Path(name))
        for count in (options.entries // 10, options.entries):
            root = Path(name) / f"{count}"
            vkey = filled(root, count)
            yield verifying(root, vkey, count, options.rounds, go)
            yield proving(root, vkey, count, options.rounds, go)


def filled(root: Path, count: int) -> str:
    """A ledger of so many published entries and one that is not; returns its key."""
    ledger = new_ledger(root)
    for start in range(0, count, 4000):
        ledger.append([entry_of(n) for n in range(start, min(start + 4000, count))])
        if start % 40_000 == 0:
            ledger.publish()
    ledger.publish()
    ledger.append([entry_of(count)])
    ledger.close()
    return ledger.vkey


def verifying(root: Path, vkey: str, count: int, rounds: int, go: Path | None) -> Table:
    """Verified and opened, each in a process of its own."""
    entries = [entry_of(n) for n in range(min(count, 100_000))]
    rates: dict[str, list[float]] = {"bare SHA-256": [], "ledger verify": []}
    if go:
        rates[GO] = []
    opened, peak = [], 0
    for _ in range(rounds):
        rates["bare SHA-256"].append(
            len(entries) / seconds(lambda: [sha256(entry).digest() for entry in entries])
        )
        took, peak = timed_in_child(VERIFY_CODE, root, vkey)
        rates["ledger verify"].append(count / took)
        if go:
            rates[GO].append(count / seconds_of([str(go), "verify", str(root), vkey], {}))
        opened.append(timed_in_child(OPEN_CODE, root, vkey))
    times, peaks = zip(*opened, strict=True)
    return Table(
        f"verifying {count} entries (peak {peak} MiB)", "entries/s", rates,
        notes=(
            f"opening it: {1000 * statistics.median(times):.1f} ms, peak {max(peaks)} MiB",
            f"on disk: {bytes_below(root) / count:.0f} bytes an entry",
        ),
    )  # fmt: skip


def proving(root: Path, vkey: str, count: int, rounds: int, go: Path | None) -> Table:
    """Proofs of entries all over the ledger, made and checked, the ledger opened for it."""
    path = [bytes(65)] * (count.bit_length() - 1)  # as many hashes as lead from a leaf to the root
    rates: dict[str, list[float]] = {"bare SHA-256": [], "ledger prove": []}
    if go:
        rates[GO] = []
    for _ in range(rounds):
        bare = seconds(lambda: [sha256(pair).digest() for pair in path], times=PROOFS)
        rates["bare SHA-256"].append(1 / bare)
        rates["ledger prove"].append(PROOFS / timed_in_child(PROVE_CODE, root, vkey)[0])
        if go:
            words = [go, "prove", root, vkey, str(PROOFS)]
            took = float(subprocess.run(words, capture_output=True, check=True).stdout)
            rates[GO].append(PROOFS / took)
    return Table(f"proofs from {count} entries", "proofs/s", rates)


GO = "Go's module log"
PROOFS = 500
VERIFY_CODE = child_code("assert verify(Path(sys.argv[1]), sys.argv[2]).ok")
OPEN_CODE = child_code("Ledger.open(Path(sys.argv[1]), sys.argv[2])")
PROVE_CODE = child_code(f"""
from storage.merkle import leaf_hash, verify_inclusion
ledger = Ledger.open(Path(sys.argv[1]), sys.argv[2])
for number in range({PROOFS}):
    index = number * ledger.size // {PROOFS}
    [(_, entry)] = ledger.entries(index, index + 1)
    leaf = leaf_hash(entry)
    assert verify_inclusion(leaf, index, ledger.size, ledger.prove(index), ledger.root_hash)
""")
