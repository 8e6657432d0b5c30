"""Children: programs of their own that do a share of long work, asked through pipes.

Owns starting them, telling each what it needs once, asking it one thing after another, and its end.
A child is a module of this package run as a program that calls `storage.frames.serve`. Why programs
and not copies of this process: copying one that has threads is not safe, and starting one asks
nothing of whoever's program this is.

Rules it keeps:
  * Each child is asked through a thread of its own: whoever only writes to it, while it only
    writes to him, would wait for ever once both pipes are full.
  * What it is told goes through the pipe, never through arguments or the environment.
  * One that died answers None, and whoever asked does that share himself. So nothing that
    befalls a child changes what is found or done, at worst it is done later.

    children = started(2, Child, "storage.rewrapping", {"root": "/archive"})
    children[0].ask([…]).result()
    children[0].end()
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from storage.frames import read_frame, write_frame

_TOP = str(Path(__file__).parent.parent)


class Child:
    """One process that works for this one. Raises OSError when there is no room for another."""

    def __init__(self, module: str, told: object) -> None:
        words = self._words(module)
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        # A group of its own: Ctrl-C at the terminal is for whoever asks, who then ends it.
        self._process = subprocess.Popen(
            words, stdin=pipe, stdout=pipe, stderr=null, process_group=0
        )
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._tell, told)

    @staticmethod
    def _words(module: str) -> list[str]:
        # -P: a folder named `storage` where the user stands is not this package.
        return [sys.executable, "-P", "-m", module]

    @property
    def pid(self) -> int:
        """The process, as the system knows it."""
        return self._process.pid

    def ask(self, what: object) -> Future[Any]:
        """The answer; None when the child has died."""
        return self._thread.submit(self._ask, what)

    def end(self) -> None:
        """Kill it, and wait for it."""
        self._process.kill()
        self._thread.shutdown(cancel_futures=True)
        with suppress(BrokenPipeError), self._process:
            pass  # reaped, its pipes closed

    def _ask(self, what: object) -> Any:
        self._tell(what)
        return read_frame(self._process.stdout)

    def _tell(self, what: object) -> None:
        with suppress(BrokenPipeError):  # it died: its share is done by whoever asked
            write_frame(self._process.stdin, what)


class SlimChild(Child):
    """A program that needs nothing but a few modules of the language and its own `main`.

    It has started in a quarter of the time, since no other package is looked for.
    """

    @staticmethod
    def _words(module: str) -> list[str]:
        # -I: neither where the user stands nor what his environment names is looked into.
        begin = f"import sys; sys.path.insert(0, {_TOP!r}); from {module} import main; main()"
        return [sys.executable, "-I", "-S", "-c", begin]


_Kind = TypeVar("_Kind", bound=Child)


def started(wanted: int, kind: type[_Kind], module: str, told: object) -> list[_Kind]:
    """So many children, or as many as there is room for."""
    children: list[_Kind] = []
    for _ in range(wanted):
        with suppress(OSError):
            children.append(kind(module, told))
    return children


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))
