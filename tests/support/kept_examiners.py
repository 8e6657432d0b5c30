"""Examining children that outlive the command that asked them.

A command starts its child and ends it, which takes longer than most tests. Here the child stays
with a thread of its own and serves whatever command comes next with the same limits: the same
program, confined in the same way, asked through the same driver.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from threading import Lock
from typing import Any

from archivist.examine.driver import Driver

_lock = Lock()
_kept: dict[tuple[Any, ...], tuple[ThreadPoolExecutor, Driver]] = {}


class KeptDriver:
    """Asks a driver that is kept. The kernel ends a child with the thread that started it, so
    each has one thread for good."""

    def __init__(self, limits: Any, cover_tag: str, core: int | None) -> None:
        self._asked = limits, cover_tag, core

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self._called(name, args)

    def close(self) -> None:
        """Kept: the next one may need it."""

    def _called(self, name: str, args: tuple[Any, ...]) -> Any:
        with _lock:
            key = (astuple(self._asked[0]), self._asked[1])
            if key not in _kept:
                end_all()  # children are large: one at a time
                _kept[key] = ThreadPoolExecutor(1), Driver(*self._asked)
            thread, driver = _kept[key]
            return thread.submit(getattr(driver, name), *args).result()


def _forked() -> None:
    """A forked child has neither the threads nor the children, and starts its own."""
    global _lock
    _lock = Lock()
    _kept.clear()


os.register_at_fork(after_in_child=_forked)


def end_all() -> None:
    """End every child that was kept."""
    for thread, driver in _kept.values():
        thread.submit(driver.close).result()
        thread.shutdown()
    _kept.clear()
