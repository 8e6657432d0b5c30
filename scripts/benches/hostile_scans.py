"""The hostile corpus through the real daemon: what became of each file, how long, how much memory.

    scripts/bench hostile [--files N] [--batch N] [--seconds S] [--seed N]

Drops the corpus of tests/support/hostile.py in batches into a fresh archive and runs
`archivist watch --once` over each. After every batch each file must be a record, opened and
compared by digest, or lie in a tray, byte for byte; the daemon must have ended by itself. One
table, one JSON line; the first thing that does not hold ends the run with an error.
`--seconds`: begin no batch after so long, and say how many files that was.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benches.material import BIN, Bench, sample_scans
from benches.measuring import CORES, Held

BOUND_MIB = 1536  # of the daemon and its children together
# Two readers' worth of the longest that one page may take, twice for a second try.
LONGEST_GAP_SECONDS = 200.0


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Run:
    """One daemon over one batch: its outcomes, peak memory and longest silence."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.outcomes: list[dict[str, Any]] = []
        self.longest_gap_seconds = 0.0
        started = time.monotonic()
        with subprocess.Popen(
            words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            held = Held(process)
            complaints = threading.Thread(target=self._hear, args=(process,))
            complaints.start()
            last = started
            assert process.stdout is not None
            for line in process.stdout:
                self.outcomes.append(json.loads(line))
                now = time.monotonic()
                self.longest_gap_seconds = max(self.longest_gap_seconds, now - last)
                last = now
            self.code = process.wait()
            complaints.join()
            self.peak_mib = held.since()
        self.took_seconds = time.monotonic() - started

    def _hear(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        self.said = process.stderr.read()


def kept_in_trays(root: Path) -> Iterator[str]:
    for path in (root / "trays").rglob("*"):
        if path.is_file():
            yield digest(path.read_bytes())


def kept_as_records(root: Path, key: Path, records: list[str]) -> Iterator[str]:
    """The digest of each record's opened bytes."""
    from archivist import config
    from archivist.archive import Archive

    archive = Archive.open(config.load(root), key)
    person = archive.people.unlock("bench", "bench")
    archive.follow()
    for record in records:
        row = archive.catalogue.record(record)
        assert row is not None, f"{record} is not in the catalogue"
        yield digest(b"".join(archive.record_bytes(row, "scan", person)))
    archive.close()


def bench_hostile(options: argparse.Namespace) -> None:
    import hostile

    reasons: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    ended: Counter[str] = Counter()  # those that became records
    peak_mib = gap_seconds = took_seconds = 0.0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        key = next((Path(name) / "config" / "archivist").glob("*.key"))
        words = [str(BIN / "archivist"), "watch", "--once", "--json"]
        batch: list[tuple[str, bytes]] = []
        files = hostile.corpus(sample_scans(), options.seed, options.files)
        late = False
        for number, (file, content) in enumerate(files, start=1):
            batch.append((file, content))
            if len(batch) < options.batch and number < options.files:
                continue
            for file, content in batch:
                (bench.place / file).write_bytes(content)
                sent[digest(content)] += 1
            run = Run(words, bench.environment)
            took_seconds += run.took_seconds
            peak_mib = max(peak_mib, run.peak_mib)
            gap_seconds = max(gap_seconds, run.longest_gap_seconds)
            reasons.update(o["reason"] or "filed" for o in run.outcomes)
            assert run.code in (0, 3), f"the daemon ended with {run.code}: {run.said}"
            assert len(run.outcomes) == len(batch), f"{len(run.outcomes)} of {len(batch)} outcomes"
            records = [o["record"] for o in run.outcomes if o["record"]]
            ended.update(kept_as_records(bench.root, key, records))
            assert ended + Counter(kept_in_trays(bench.root)) == sent, "a file is lost or changed"
            assert not [p for p in (bench.root / "work").rglob("*") if p.is_file()], (
                "a claim is left"
            )
            batch = []
            late = time.monotonic() - began > options.seconds
            print(f"{number} files, {took_seconds:.0f} s", file=sys.stderr, flush=True)
            if late:
                break
        assert json.loads(bench.run("ledger", "verify", "--json"))["ok"]
    assert peak_mib < BOUND_MIB, f"{peak_mib:.0f} MiB"
    assert gap_seconds < LONGEST_GAP_SECONDS, f"{gap_seconds:.0f} s without an outcome"
    done = sum(sent.values())
    shown = {
        "files": done,
        "seconds a file": round(took_seconds / done, 3),
        "longest wait between outcomes, s": round(gap_seconds, 1),
        "peak of the process tree, MiB": round(peak_mib),
    } | dict(reasons.most_common())
    print(f"hostile corpus, seed {options.seed} ({CORES} cores)")
    for name, value in shown.items():
        print(f"  {name:<34} {value:>10}")
    print(json.dumps({"bench": "hostile", "cores": CORES, "seed": options.seed, **shown}))
