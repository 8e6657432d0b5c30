"""A bar on the terminal for whatever takes longer than a second.

Drawn on stderr, and only when that is a terminal: a log must not fill with bars. A thread
draws it, because one slow scan takes as long as a hundred quick ones and gives no sign.

    with Progress(say("核验台账", "verifying"), total=5000) as bar:
        bar.reach(1200)
        with bar.aside():
            write("a line of the result")
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

PATIENCE_SECONDS = 1.0
INTERVAL_SECONDS = 0.2
CELLS = 24
CLEAR = "\r\x1b[K"


class Progress:
    """How much of `total` is done; without a total, or without a terminal, silent."""

    def __init__(self, label: str, total: int = 0) -> None:
        self._label = label
        self._total = total
        self._done = 0
        self._drawn = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw_until_over, daemon=True)
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> "Progress":
        if self._shown:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._shown:
            self._thread.join()
            self._clear()

    def advance(self, steps: int = 1) -> None:
        """So many more are done."""
        self._done += steps

    def reach(self, done: int, total: int) -> None:
        """So many of so many are done."""
        self._done, self._total = done, total

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar off the screen while a result is written, which shares the terminal."""
        with self._lock:
            self._clear()
            yield

    def _draw_until_over(self) -> None:
        wait_seconds = PATIENCE_SECONDS
        while not self._over.wait(wait_seconds):
            wait_seconds = INTERVAL_SECONDS
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        if not self._total:
            return
        total = max(self._total, self._done)  # a stack is one scan and several outcomes
        full = CELLS * self._done // total
        bar = "#" * full + "-" * (CELLS - full)
        sys.stderr.write(f"{CLEAR}{self._label} [{bar}] {self._done}/{total}")
        sys.stderr.flush()
        self._drawn = True

    def _clear(self) -> None:
        if self._drawn:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
            self._drawn = False
