"""How long each command takes to begin, against an interpreter that imports click.

A command that only reads is called as somebody calls it, in a small archive with somebody
logged in; the others with `--help`, which imports what the command imports. Those that read
scans begin with the libraries that do it, and are held against no limit.
"""

import argparse
import resource
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benches.material import BIN, Bench, text_pdf
from benches.measuring import Rates, Table, milliseconds, seconds_of

BARE = 'python -c "import click"'
SLOWEST = 5
AIM = 3.0

# What reads and asks nothing.
CALLS = {
    "whoami": "whoami",
    "person": "person list",
    "need-to-know": "need-to-know list",
    "key": "key list",
    "pack": "pack list",
    "customer": "customer list",
    "dossier": "dossier list",
    "routines": "routines",
    "inbox": "inbox list",
    "missing": "missing",
    "loan": "loan list",
    "volume": "volume list",
    "incident": "incident list",
    "disposal": "disposal list",
    "hold": "hold list",
    "violation": "violation list",
    "search": "search 合同",
    "show": "show R00000001",
    "sweep": "sweep --dry-run",
    "ledger": "ledger show",
}
READS_SCANS = ("watch", "file")


def calls() -> dict[str, list[str]]:
    """Command → the words it is called with."""
    from archivist.cli import COMMANDS

    return {name: CALLS.get(name, f"{name} --help").split() for name in COMMANDS}


def bench_startup(options: argparse.Namespace) -> Iterator[Table]:
    """Whole processes, from exec to exit, warm."""
    by_clock: Rates = {}
    by_core: Rates = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        text_pdf(bench.place / "00000.pdf", 1, 2)
        assert bench.watch_once() == 1
        bench.run("login", "bench")
        wanted = calls()
        bench.run("search", "合同")  # the first call catches up with the ledger
        for _ in range(options.rounds):
            for number, words in enumerate(wanted.values()):
                if number % 8 == 0:  # often enough to meet what the commands meet
                    bare = [sys.executable, "-c", "import click"]
                    _timed(BARE, bare, bench, by_clock, by_core)
                _timed(" ".join(words), [str(BIN / "archivist"), *words], bench, by_clock, by_core)
    reading = [" ".join(wanted[name]) for name in READS_SCANS]
    for title, rates in (("", by_clock), (", processor time", by_core)):
        told = Table(f"start of each command{title}", "ms", milliseconds(rates))
        yield replace(told, notes=tuple(_slow(told, reading)))


def _timed(row: str, words: list[str], bench: Bench, by_clock: Rates, by_core: Rates) -> None:
    """One process; on a busy machine its processor time says more than the clock."""
    used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    by_clock.setdefault(row, []).append(seconds_of(words, bench.environment))
    now = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    by_core.setdefault(row, []).append(now - used)


def _slow(told: Table, reading: list[str]) -> Iterator[str]:
    """The slowest, and how many are above what is aimed at."""
    ratios = {row: ratio for row, ratio in told.ratios.items() if row not in (BARE, *reading)}
    ordered = sorted(ratios, key=ratios.__getitem__, reverse=True)
    yield "slowest: " + ", ".join(f"{row} {ratios[row]:.2f}" for row in ordered[:SLOWEST])
    above = sum(ratio > AIM for ratio in ratios.values())
    yield f"above {AIM:g} times the limit: {above} of {len(ratios)} that read no scans"
