"""SIGKILL at any moment of an intake, again and again: `scripts/bench kills`.

Owns the campaign and the count at its end. A real `archivist watch` takes in a mixture of sound
scans, the same ones a second time and broken ones; it is killed at random moments and started
again, until it has been killed often enough; then one more run may end. Afterwards

- every scan that was dropped lies in exactly one record or tray, by digest, and nothing else does;
- every scan has one entry, and the drop and work folders are empty;
- `ledger verify` is clean, which compares the catalogue row by row with a replay, and every body,
  head and key with its entry; `reconcile` finds at most what was set aside;
- `audit --full`, with the keys of who may open them all, opens every record and finds nothing.

Most lives are ended while scans are being read, sealed and entered; the others at any time from
the start of the process on.

    campaign = Campaign(environment, root, random.Random(1))
    print(campaign.run(bases(), files=2000, kills=500))
"""

import hashlib
import json
import math
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
BASES = 20  # documents with text of their own; a comment behind the end makes each copy another
DURING = 0.9  # of the lives are ended at work
LONGEST_WAIT_SECONDS = 120.0
TRAYS = ("unsorted", "quarantine", "duplicates", "rejected")
PLACE = "C000001/D000001/sales_contract"


def digest(content: bytes) -> str:
    """How a scan is known again."""
    return hashlib.sha256(content).hexdigest()


class Campaign:
    """One archive whose watcher is killed; `environment` names it, its keys and a passphrase."""

    def __init__(
        self,
        environment: dict[str, str],
        root: Path,
        rng: random.Random,
        told: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._environment = environment
        self._root = root
        self._rng = rng
        self._told = told
        self._work_seconds = 0.5  # from the first claim to the last outcome of a life
        self._life_seconds = 1.0  # the same from its start
        self._said = root.parent / "said"  # by the last watcher, on stderr
        self.at_work = 0

    def run(
        self, bases: list[bytes], files: int, kills: int, seconds: float = math.inf
    ) -> dict[str, Any]:
        """The whole campaign; what it found. Raises AssertionError where something is amiss.

        After so many seconds nothing is killed any more; what waits is dropped and counted all
        the same.
        """
        started = time.perf_counter()
        sources = self._mixture(bases, files)
        waiting = list(sources)
        share = max(1, files // (kills + 1))
        self._drop([waiting.pop() for _ in range(min(share, len(waiting)))])
        self._measure()
        killed = 0
        while killed < kills and time.perf_counter() - started < seconds:
            self._drop([waiting.pop() for _ in range(min(share, len(waiting)))])
            self._one_life()
            killed += 1
            if killed % 25 == 0:
                so_far = time.perf_counter() - started
                self._told(f"{killed} kills, {files - len(waiting)} scans, {so_far:.0f} s")
        self._drop(waiting)
        self._watch_once()
        found = self._counted(sources)
        return {"files": files, "kills": killed, "at_work": self.at_work,
                "seconds": round(time.perf_counter() - started), **found}  # fmt: skip

    def _mixture(self, bases: list[bytes], files: int) -> list[tuple[str, bytes]]:
        """Name and content: of twenty scans two come twice and one is broken."""
        made: list[tuple[str, bytes]] = []
        for number in range(files):
            content = bases[number % len(bases)] + b"%% copy %d\n" % number
            if number % 20 == 19:
                content = content[: 200 + number]
            if number % 10 == 9 and number % 20 != 19:
                content = made[number - 5][1]
            made.append((f"{PLACE}/{number:05}.pdf", content))
        self._rng.shuffle(made)
        return made

    def _drop(self, scans: list[tuple[str, bytes]]) -> None:
        for name, content in scans:
            path = self._root / "drop" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            hidden = path.with_name(f".{path.name}")
            hidden.write_bytes(content)
            hidden.rename(path)

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._said.open("wb") as said:
            return subprocess.Popen(
                [BIN / "archivist", "watch", "--workers", "1", "--json"],
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )

    def _until(self, wanted: Callable[[], bool], watcher: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while not wanted():
            ended = watcher.poll()
            assert ended is None, (
                f"the watcher ended by itself with {ended}: {self._said.read_text('utf-8')}"
            )
            assert time.monotonic() < deadline, "the watcher does nothing"
            time.sleep(0.003)

    def _claimed(self) -> bool:
        """Whether a scan is in somebody's hands just now."""
        return any(len(path.name) == 26 for path in (self._root / "work").glob("*"))

    def _measure(self) -> None:
        """How long a life takes that nobody ends, and how long of it scans are at work."""
        began = time.perf_counter()
        watcher = self._start()
        self._until(self._claimed, watcher)
        claimed = time.perf_counter()
        self._until(lambda: not self._claimed() and not self._lying(), watcher)
        ended = time.perf_counter()
        watcher.send_signal(signal.SIGTERM)
        watcher.wait()
        self._work_seconds = max(0.1, ended - claimed)
        self._life_seconds = ended - began

    def _one_life(self) -> None:
        before = {path.name for path in (self._root / "work").glob("*")}
        watcher = self._start()
        if self._rng.random() < DURING:
            # Claims of an earlier life lie there from the start: work begins with a new one.
            self._until(lambda: bool(self._names() - before) or not self._lying(), watcher)
            time.sleep(self._rng.uniform(0, self._work_seconds))
        else:
            time.sleep(self._rng.uniform(0, self._life_seconds))
        self.at_work += self._claimed()
        watcher.send_signal(signal.SIGKILL)
        watcher.wait()

    def _names(self) -> set[str]:
        return {path.name for path in (self._root / "work").glob("*")}

    def _lying(self) -> bool:
        return any(path.is_file() for path in (self._root / "drop").rglob("*"))

    def _watch_once(self) -> None:
        self._json("watch", "--once", codes=(0, 3), lines=True)

    def _json(self, *words: str, codes: tuple[int, ...] = (0,), lines: bool = False) -> Any:
        done = subprocess.run([BIN / "archivist", "--json", *words], env=self._environment,
                              capture_output=True, check=False)  # fmt: skip
        assert done.returncode in codes, (words, done.returncode, done.stderr.decode())
        rows = [json.loads(line) for line in done.stdout.splitlines()] if lines else None
        return rows if lines else json.loads(done.stdout)

    def _counted(self, sources: list[tuple[str, bytes]]) -> dict[str, Any]:
        """What became of every scan. Raises AssertionError for what is lost, twice, or wrong."""
        wanted = Counter(digest(content) for _, content in sources)
        records, trays = self._in_records(), self._in_trays()
        assert records + trays == wanted, {
            "lost": sum((wanted - records - trays).values()),
            "too many": sum((records + trays - wanted).values()),
        }
        assert set(records.values()) <= {1}, "a scan was filed twice"
        assert not self._lying() and not self._claimed(), "something waits still"
        ended = [e for e in self._json("ledger", "show") if e["act"] in ("file", "refuse")]
        assert len(ended) == len({e["claim"] for e in ended}) == len(sources)
        verified = self._json("ledger", "verify")
        assert verified["ok"], verified["findings"]
        # What a killed process had sealed for an entry that it did not write lies aside.
        reconciled = self._json("reconcile", codes=(0, 3))["findings"]
        assert {finding["code"] for finding in reconciled} <= {"F-ORPHAN"}, reconciled
        audited = self._json("audit", "--full", codes=(0, 3, 13))
        assert audited["findings"] == [], audited["findings"]
        assert (audited["opened"], audited["closed"]) == (records.total(), 0), audited
        orphans = sum(1 for p in (self._root / "work" / "orphans").rglob("*") if p.is_file())
        return {"filed": records.total(), "in_trays": trays.total(), "lost": 0, "twice": 0,
                "entries": verified["size"], "set_aside": orphans,
                "opened": audited["opened"], "findings": 0}  # fmt: skip

    def _in_records(self) -> Counter[str]:
        """Digest of what each record opens to."""
        from archivist import config
        from archivist.archive import Archive

        settings = config.load(self._root)
        folder = Path(self._environment["XDG_CONFIG_HOME"]) / "archivist"
        archive = Archive.open(settings, folder / f"{settings.archive_id}.key")
        archive.follow()
        (name,) = (row["id"] for row in archive.catalogue.people())
        person = archive.people.unlock(name, self._environment["ARCHIVIST_PASSPHRASE"])
        found: Counter[str] = Counter()
        for number in range(1, archive.catalogue.record_count() + 1):
            row = archive.the("record", f"R{number:08}")
            found[digest(b"".join(archive.record_bytes(row, "scan", person)))] += 1
        archive.close()
        return found

    def _in_trays(self) -> Counter[str]:
        files = (p for tray in TRAYS for p in (self._root / "trays" / tray).rglob("*"))
        return Counter(digest(path.read_bytes()) for path in files if path.is_file())


def bases(count: int = BASES) -> list[bytes]:
    """Small text PDFs, each with words of its own."""
    from archivist.printing import Paper

    made = []
    for number in range(count):
        paper = Paper(f"{number}")
        paper.text(f"第{number}号销售合同 甲方{number} 乙方{number * 7}", 14, 60, 780)
        paper.next_page()
        made.append(paper.finished())
    return made
