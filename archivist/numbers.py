"""What the watcher has counted since it started, as a page that Prometheus reads.

    numbers = Numbers()
    numbers.add("documents_total", outcome="refused", reason="damaged")
    numbers.took("look", 0.004)
    print(numbers.page())

Owns the names and the text form (Prometheus text format 0.0.4). It measures nothing itself and
knows no archive: whoever does the work says so here, from any thread.

Rules it keeps:
- No label carries anything of a person or document: labels are outcomes, reasons, stages and acts.
- Every value is there from the start, as 0: a series that appears with the first error cannot be
  told from one that was never asked for. A time that is not known is not there.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PREFIX = "archivist_"
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: what it counts in words, its kind, and its labels with their known values."""

    kind: str
    words: str
    labels: Mapping[str, tuple[str, ...]]
    shown_unset: bool = True


_NONE: Mapping[str, tuple[str, ...]] = {}
_STAGES = {"stage": ("look", "read", "cut", "file")}
METRICS: Mapping[str, Metric] = {
    "documents_total": Metric(
        "counter", "Documents by outcome; filed ones have the reason ok.",
        {"outcome": ("filed", "refused"), "reason": ()}, False,
    ),
    "backlog_files": Metric("gauge", "Files seen in the drop folder and not yet claimed.", _NONE),
    "claimed_files": Metric("gauge", "Scans claimed and without an outcome yet.", _NONE),
    "stage_seconds_total": Metric("counter", "Seconds spent, by stage.", _STAGES),
    "stage_runs_total": Metric("counter", "How often a stage was run.", _STAGES),
    "pages_read_total": Metric("counter", "Page pictures given to text recognition.", _NONE),
    "ledger_entries": Metric("gauge", "Entries in the ledger.", _NONE),
    "last_act_timestamp_seconds": Metric(
        "gauge", "When the ledger last names such an act; absent while it never has.",
        {"act": ("audit", "backup", "sweep")}, False,
    ),
    "errors_total": Metric(
        "counter", "What went wrong and was gone about again later, by place.",
        {"place": ("archive", "full-text", "sweep", "reading")},
    ),
    "start_timestamp_seconds": Metric("gauge", "When this watcher started.", _NONE),
}  # fmt: skip


class Numbers:
    """Counters and gauges. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[Labels, float]] = {name: {} for name in METRICS}
        for name, metric in METRICS.items():
            if metric.shown_unset:
                for labels in _all_of(metric.labels):
                    self._values[name][labels] = 0.0

    def add(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Count `amount` more."""
        key = self._key(name, labels)
        with self._lock:
            self._values[name][key] = self._values[name].get(key, 0.0) + amount

    def put(self, name: str, value: float, **labels: str) -> None:
        """This is the value now."""
        with self._lock:
            self._values[name][self._key(name, labels)] = value

    def took(self, stage: str, seconds: float) -> None:
        """A stage was run once and took so long."""
        self.add("stage_seconds_total", seconds, stage=stage)
        self.add("stage_runs_total", stage=stage)
        if stage == "read":
            self.add("pages_read_total")

    def page(self) -> str:
        """All of it, in the text format."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        for name, metric in METRICS.items():
            yield f"# HELP {PREFIX}{name} {metric.words}"
            yield f"# TYPE {PREFIX}{name} {metric.kind}"
            for labels, value in sorted(self._values[name].items()):
                told = ",".join(f'{label}="{text}"' for label, text in labels)
                yield (
                    f"{PREFIX}{name}{{{told}}} {value:.17g}"
                    if told
                    else (f"{PREFIX}{name} {value:.17g}")
                )

    @staticmethod
    def _key(name: str, labels: Mapping[str, str]) -> Labels:
        known = METRICS[name].labels
        assert labels.keys() == known.keys(), (name, labels)
        for label, value in labels.items():
            # A code, so that nothing needs escaping and nothing personal fits.
            plain = value.isascii() and value.replace("-", "").replace("_", "").isalnum()
            assert plain and (not known[label] or value in known[label]), (name, label)
        return tuple(sorted(labels.items()))


def _all_of(labels: Mapping[str, tuple[str, ...]]) -> list[Labels]:
    found: list[Labels] = [()]
    for label, values in sorted(labels.items()):
        found = [(*before, (label, value)) for before in found for value in values]
    return found
