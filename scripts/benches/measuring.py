"""Seconds of a piece of work, and the table they are told in.

yield Table("index, 1000 pages", "pages/s", {"bare FTS5": bare, "fts5": ours})
"""

import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORES = len(os.sched_getaffinity(0))

# Round → what each row took or did.
Rates = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures, each with its ratio to the first, which is the limit."""

    title: str
    unit: str
    rates: Rates
    notes: tuple[str, ...] = ()

    @property
    def medians(self) -> dict[str, float]:
        """Row → median over the rounds."""
        return {name: statistics.median(values) for name, values in self.rates.items()}

    @property
    def ratios(self) -> dict[str, float]:
        """Row → its median over that of the first row."""
        medians = self.medians
        limit = next(iter(medians.values()))
        return {name: rate / limit for name, rate in medians.items()}

    def show(self) -> None:
        """Print it for people."""
        rounds = len(next(iter(self.rates.values())))
        print(f"{self.title} ({self.unit}, {CORES} cores, median of {rounds})")
        for name, ratio in self.ratios.items():
            print(f"  {name:<28} {self.medians[name]:12.2f}   {ratio:6.2f}")
        for note in self.notes:
            print(f"  {note}")
        print(end="", flush=True)

    def plain(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "title": self.title,
            "unit": self.unit,
            "rates": {name: round(rate, 3) for name, rate in self.medians.items()},
            "ratios": {name: round(ratio, 3) for name, ratio in self.ratios.items()},
            "notes": self.notes,
        }


def seconds_of(words: list[str], environment: dict[str, str]) -> float:
    """Wall time of one process."""
    started = time.perf_counter()
    subprocess.run(words, env=environment, capture_output=True, check=True)
    return time.perf_counter() - started


def milliseconds(rates: dict[str, list[float]]) -> dict[str, list[float]]:
    """The same figures in milliseconds."""
    return {name: [value * 1000 for value in values] for name, values in rates.items()}


def timed_in_child(code: str, root: Path, vkey: str) -> tuple[float, int]:
    """Seconds and peak memory of a piece of work in a fresh process, imports not counted."""
    took, _, peak = measured_in_child(code, root, vkey)
    return took, peak


def measured_in_child(code: str, root: Path, vkey: str) -> tuple[float, float, int]:
    """The same, with the seconds of processor time before the memory."""
    words = [sys.executable, "-P", "-c", code, str(root), vkey]
    ran = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    took, used, peak = ran.stdout.split()
    return float(took), float(used), int(peak)


def cpu_of_children() -> float:
    """Seconds of processor time that ended children used, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """How long one round of `work` takes, of so many rounds."""
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


# Each prints its seconds and the most memory it and its children held, in MiB.
_CHILD = """
import sys, time, resource
from pathlib import Path
from storage.ledger import Ledger
from storage.ledger_audit import verify
kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
def cpu():
    return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)
started, used = time.perf_counter(), cpu()
{work}
took, used = time.perf_counter() - started, cpu() - used
# What the system says of a whole process counts what its parent held when it was started, too.
own = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(took, used, max(int(own), resource.getrusage(kinds[1]).ru_maxrss) // 1024)
"""


def child_code(work: str) -> str:
    """What `timed_in_child` runs for a piece of work."""
    return _CHILD.format(work=work)


def resident_mib(pid: int) -> float:
    """What a process and everything below it hold in memory."""
    total, waiting = 0, [pid]
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}")
        try:
            total += int((folder / "statm").read_text().split()[1]) * 4096
            for task in (folder / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, IndexError):
            continue  # ended while we looked
    return total / 2**20


class Held:
    """The most that the watcher and its children held since it was asked the last time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._most = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while self._process.poll() is None:
            self._most = max(self._most, resident_mib(self._process.pid))
            time.sleep(0.05)

    def since(self) -> float:
        """MiB; from now on it is counted anew."""
        most, self._most = self._most, 0.0
        return most


def bytes_below(root: Path) -> int:
    """The size of all files below a folder, or of one file with its companions."""
    files = root.rglob("*") if root.is_dir() else root.parent.glob(f"{root.name}*")
    return sum(path.stat().st_size for path in files if path.is_file())
