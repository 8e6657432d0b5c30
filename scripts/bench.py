"""Benchmarks: ours and its limit in turn, medians of several rounds, the ratio last.

    scripts/bench NAME [options]   one of the benches below; NAME --help tells its options
    scripts/bench --quick          all but the campaigns (hostile, kills) at small sizes

Each prints its tables and one JSON line. What they measure stands in `benches/`; what was found,
in docs/performance.md.
"""

import argparse
import importlib
import json
import math
import shlex
import sys
import time
import traceback

from benches.material import NoScans
from benches.measuring import CORES

# Bench → (module below benches, what it measures, option → usual value, small sizes).
BENCHES: dict[str, tuple[str, str, dict[str, object], str]] = {
    "seal": ("sealing", "files sealed: one big, many small; cp, age, restic, borg",
             {"mib": 256, "files": 2000, "kib": 200, "batch": 100, "each": 200, "rounds": 3},
             "--mib 32 --files 40 --batch 20 --each 10 --rounds 1"),
    "open": ("sealing", "the same files opened again",
             {"mib": 256, "files": 2000, "kib": 200, "batch": 100, "each": 200, "rounds": 3},
             "--mib 32 --files 40 --batch 20 --each 10 --rounds 1"),
    "intake": ("intake", "text PDFs, documents a second",
               {"count": 400, "pdf_pages": 2, "rounds": 3}, "--count 12 --rounds 1"),
    "stream": ("streaming", "memory of one watcher over many documents",
               {"documents": 100_000, "at": [10_000, 30_000, 100_000]},
               "--documents 40 --at 20 40"),
    "ocr": ("intake", "scanned pages, pages a second",
            {"pages": 24, "rounds": 3}, "--pages 2 --rounds 1"),
    "search": ("finding", "a whole cold search process; with --sizes the engines, warm",
               {"pages": 1000, "rounds": 3, "grades": 1, "inserted": 0, "sizes": [],
                "characters": 600}, "--pages 40 --rounds 1"),
    "merge": ("finding", "the engines' own share of a search of several grades",
              {"pages": 20_000, "rounds": 3, "grades": 3}, "--pages 300 --rounds 1"),
    "index": ("finding", "pages indexed a second, by each engine",
              {"pages": 1000, "characters": 600, "rounds": 3}, "--pages 200 --rounds 1"),
    "catalogue": ("catalogue", "what is missing, loans, the plan of a sweep",
                  {"records": [10_000, 100_000, 1_000_000], "rounds": 3},
                  "--records 2000 --rounds 1"),
    "sweep": ("catalogue", "the plan of a sweep alone",
              {"records": 1_000_000, "rounds": 3, "all_due": False}, "--records 2000 --rounds 1"),
    "startup": ("start_up", "how long each command takes to begin", {"rounds": 5}, "--rounds 1"),
    "ledger": ("ledger", "durable appends; verifying; opening",
               {"entries": 1_000_000, "rounds": 5}, "--entries 10000 --rounds 1"),
    "audit": ("auditing", "every stored byte checked; memory",
              {"records": 2000, "kib": 300, "rounds": 3}, "--records 50 --rounds 1"),
    "rotate": ("sealing", "heads sealed anew to a new key",
               {"records": 20_000, "rounds": 3}, "--records 200 --rounds 1"),
    "backup": ("sealing", "snapshots and a proof",
               {"records": 2000, "kilobytes": 100, "rounds": 3}, "--records 50 --rounds 1"),
    "policies": ("rules", "all packs loaded; one document judged by all", {"rounds": 9},
                 "--rounds 3"),
}  # fmt: skip

# These count what goes wrong and tell it themselves; the tests run both of them short.
CAMPAIGNS: dict[str, tuple[str, str, dict[str, object]]] = {
    "hostile": ("hostile_scans", "broken and hostile scans through the daemon",
                {"files": 10_000, "batch": 500, "seconds": math.inf, "seed": 1}),
    "kills": ("dying", "a watcher killed at random moments: what is lost or there twice",
              {"files": 2000, "kills": 500, "seconds": math.inf, "seed": 1}),
}  # fmt: skip


def run(name: str, options: argparse.Namespace) -> None:
    """One bench: each table as it is ready, then one line for programs."""
    module = (BENCHES.get(name) or CAMPAIGNS[name])[0]
    bench = getattr(importlib.import_module(f"benches.{module}"), f"bench_{name}")
    if name in CAMPAIGNS:
        bench(options)
        return
    tables = []
    for table in bench(options):
        table.show()
        tables.append(table.plain())
    print(json.dumps({"bench": name, "cores": CORES, "tables": tables}, ensure_ascii=False))


def quick(parser: argparse.ArgumentParser) -> int:
    """All of them at small sizes. The figures say nothing; that one cannot be had does."""
    broken, begun = [], time.perf_counter()
    for name, (*_, small) in BENCHES.items():
        started = time.perf_counter()
        try:
            run(name, parser.parse_args([name, *shlex.split(small)]))
        except NoScans as lacking:
            print(f"{name}: left out, {lacking}")
        except (Exception, SystemExit) as error:
            traceback.print_exception(error)
            broken.append(name)
        print(f"  {name} took {time.perf_counter() - started:.1f} s\n", flush=True)
    print(f"{len(BENCHES)} benches in {time.perf_counter() - begun:.0f} s")
    if broken:
        print(f"broken: {', '.join(broken)}", file=sys.stderr)
    return bool(broken)


def words() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="all benches at small sizes")
    commands = parser.add_subparsers(dest="command")
    for name, (_, what, usual, *_) in (BENCHES | CAMPAIGNS).items():
        command = commands.add_parser(name, help=what)
        for option, value in usual.items():
            word = f"--{option.replace('_', '-')}"
            if isinstance(value, bool):
                command.add_argument(word, action="store_true")
            elif isinstance(value, list):
                command.add_argument(word, type=int, nargs="+", default=value)
            else:
                command.add_argument(word, type=type(value), default=value)
    return parser


def main() -> int:
    parser = words()
    options = parser.parse_args()
    if options.quick:
        return quick(parser)
    if options.command is None:
        parser.error("name a bench, or --quick")
    try:
        run(options.command, options)
    except NoScans as lacking:
        parser.error(str(lacking))
    return 0


if __name__ == "__main__":
    sys.exit(main())
