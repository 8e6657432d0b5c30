"""Children: programs of their own that do a share of long work, asked through pipes.

Owns starting one, telling it what it needs once, asking it one thing after another, and its end.
A child is a module of this package run as a program: told one line of JSON first, it answers each
further line with one line. Why programs and not copies of this process: copying one that has
threads is not safe, and starting one asks nothing of whoever's program this is.

Rules it keeps:
  * Each child is asked through a thread of its own: whoever only writes to it, while it only
    writes to him, would wait for ever once both pipes are full.
  * What it is told goes through the pipe, never through arguments or the environment.
  * One that died answers None, and whoever asked does that share himself. So nothing that
    befalls a child changes what is found or done, at worst it is done later.

    child = Child("storage.checking", {"root": "/archive"})
    child.ask([…]).result()
    child.end()
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from storage.comparing import read_frame, write_frame


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
        """The answer to one line; None when the child has died."""
        return self._thread.submit(self._ask, what)

    def end(self) -> None:
        """Kill it, and wait for it."""
        self._process.kill()
        self._thread.shutdown(cancel_futures=True)
        with suppress(BrokenPipeError), self._process:
            pass  # reaped, its pipes closed

    def _ask(self, what: object) -> Any:
        self._tell(what)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def _tell(self, what: object) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died: its share is done by whoever asked
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            self._process.stdin.flush()


class SlimChild(Child):
    """A program that needs nothing but a few modules of the language, named by its path.

    It has started in a quarter of the time, since neither this package nor any other is looked
    for. Asked in frames (`storage.comparing`): even reading JSON takes as much to load.
    """

    @staticmethod
    def _words(module: str) -> list[str]:
        # -I: neither where the user stands nor what his environment names is looked into.
        return [sys.executable, "-I", "-S", module]

    def _ask(self, what: object) -> Any:
        self._tell(what)
        return read_frame(self._process.stdout)

    def _tell(self, what: object) -> None:
        with suppress(BrokenPipeError):
            write_frame(self._process.stdin, what)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def serve(begin: Callable[[Any], Callable[[Any], object]]) -> None:
    """What a child does: `begin` with what it is told, then answer every line."""
    answer = begin(json.loads(sys.stdin.buffer.readline()))
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(answer(json.loads(line))).encode() + b"\n")
        sys.stdout.buffer.flush()
