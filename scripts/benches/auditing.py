"""An audit without keys against hashing the same files alone on as many cores."""

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benches.material import Bench, filed_heads
from benches.measuring import CORES, Table, child_code, cpu_of_children, measured_in_child


def stored_paths(root: Path) -> list[str]:
    """Every file that an audit reads, in the order of their names."""
    tops = (root / "store", root / "keys" / "records")
    return sorted(str(path) for top in tops for path in top.rglob("*") if path.is_file())


def hashed(paths: list[str]) -> int:
    """SHA-256 over each file."""
    for path in paths:
        with Path(path).open("rb", buffering=0) as file:
            hashlib.file_digest(file, "sha256")
    return len(paths)


def bench_audit(options: argparse.Namespace) -> Iterator[Table]:
    """An audit without keys (ledger verified, rows made again and compared, every stored byte
    hashed, heads' labels compared, strays looked for) against hashing the same files alone on as
    many cores. Both start their processes within the time, of the clock and of the processors."""
    clock: dict[str, list[float]] = {"bare SHA-256": [], "audit": []}
    cpu: dict[str, list[float]] = {name: [] for name in clock}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        filed_heads(bench, options.records, options.kib << 10)
        paths = stored_paths(bench.root)
        mib = sum(Path(path).stat().st_size for path in paths) / 2**20
        chunk = max(1, len(paths) // (CORES * 8))
        shares = [paths[at : at + chunk] for at in range(0, len(paths), chunk)]
        hashed(paths)  # both read from the page cache
        key = next((bench.folder / "config" / "archivist").glob("*.key"))
        peak = 0
        for _ in range(options.rounds):
            started, used = time.perf_counter(), cpu_of_children()
            with ProcessPoolExecutor(CORES, mp_context=get_context("fork")) as pool:
                assert sum(pool.map(hashed, shares)) == len(paths)
            clock["bare SHA-256"].append(mib / (time.perf_counter() - started))
            cpu["bare SHA-256"].append(mib / (cpu_of_children() - used))
            took, cpu_took, peak = measured_in_child(AUDIT_CODE, bench.root, str(key))
            clock["audit"].append(mib / took)
            cpu["audit"].append(mib / cpu_took)
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    title = f"audit, {options.records} records of {options.kib} KiB (peak {peak} MiB, load {load})"
    yield Table(title, "MiB/s", clock)
    yield Table(title, "MiB a second of processor time", cpu)


AUDIT_CODE = child_code(
    """
from datetime import UTC, datetime
from archivist import config
from archivist.archive import Archive
from archivist.auditing import Asked, Audit
archive = Archive.open(config.load(Path(sys.argv[1])), Path(sys.argv[2]))
started, used = time.perf_counter(), cpu()
assert verify(archive.root / "ledger", archive.settings.vkey).ok
audit = Audit(archive, Asked(seed=1, now=datetime.now(UTC)), None, None, fresh=True)
found = list(audit.run())
assert not found, found[:3]
"""
)
