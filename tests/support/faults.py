"""One call that changes a disk goes wrong, whichever it is: `Fault`, `run`, `tried`.

    killed    the process ends before the call, without a word; the page cache stays
    lost      the call changes nothing and says EIO
    landed    the call does what it should and says EIO all the same
    full      the call changes nothing and says ENOSPC

The action runs in a forked child, so that what it patched and what it left open ends with it, as
after `kill -9`. Counted are the calls of `os` that change a disk, and files that `open()` opens for
writing; not what SQLite does on its own, which has a journal of its own and no say in what counts.

    total = run(act).calls
    for fault in tried(total, "killed", "landed"):
        end = run(act, fault)           # end.how: "done", "killed", or "failed" with end.error
        ...                             # look at what is left

ARCHIVIST_LONG=1 tries every call; otherwise `tried` gives a few, spread over all of them.
"""

import errno
import os
import pickle
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

CALLS = (
    *("open", "write", "pwrite", "ftruncate", "truncate", "posix_fallocate", "fsync", "fdatasync"),
    *("link", "symlink", "unlink", "remove", "rename", "replace", "mkdir", "rmdir", "sync"),
)
LONG = "ARCHIVIST_LONG" in os.environ
WRITES = os.O_WRONLY | os.O_RDWR
_KILLED, _BROKEN = 77, 78

Kind = Literal["killed", "lost", "landed", "full"]


@dataclass(frozen=True)
class Fault:
    """What happens, at the how-manieth call; none at 0."""

    kind: Kind = "killed"
    at: int = 0


NONE = Fault()


@dataclass(frozen=True)
class End:
    """How an action ended, how many calls it had made by then, and with what error, if with one."""

    how: Literal["done", "killed", "failed"]
    calls: int
    error: type[Exception] | None = None
    told: str = ""


def tried(total: int, *kinds: Kind, count: int = 5, first: int = 1) -> Iterator[Fault]:
    """Faults of each kind at about `count` of the calls, at others for each kind."""
    step = 1 if LONG else max(1, (total - first + 1) // count)
    for nth, kind in enumerate(kinds):
        start = first + (nth * step) // len(kinds)
        yield from (Fault(kind, at) for at in range(start, total + 1, step))


def run(
    act: Callable[[], object], fault: Fault = NONE, also: Sequence[tuple[Any, str]] = ()
) -> End:
    """Do it in a child in which this goes wrong; `also` names functions that count as calls."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # The child touches no lock that a thread of the test's worker may hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reading)
        _in_child(act, fault, also, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == _KILLED:
        return End("killed", fault.at)
    assert code == 0, f"the child itself failed with {code}"
    how, calls, error, told = pickle.loads(said)
    return End(how, calls, error, told)


def _in_child(
    act: Callable[[], object], fault: Fault, also: Sequence[tuple[Any, str]], pipe: int
) -> None:
    code = _BROKEN
    write = os.write
    try:
        spoiler = _Spoiler(fault)
        spoiler.install([*((os, name) for name in CALLS), *also])
        try:
            act()
            said: tuple[Any, ...] = ("done", spoiler.calls, None, "")
        except Exception as error:
            told = traceback.format_exc()
            said = ("failed", spoiler.calls, type(error), told)
        spoiler.over = True
        write(pipe, pickle.dumps(said))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


class _Spoiler:
    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._mutex = threading.Lock()
        self.calls = 0
        self.over = False

    def install(self, calls: Sequence[tuple[Any, str]]) -> None:
        for where, name in calls:
            setattr(where, name, self._watched(name, getattr(where, name)))
        sys.addaudithook(self._heard)

    def _turn(self) -> bool:
        """Count one call; whether it is the one that goes wrong. Dies where that is the fault."""
        if self.over:
            return False
        with self._mutex:
            self.calls += 1
            if self.calls != self._fault.at:
                return False
        if self._fault.kind == "killed":
            os._exit(_KILLED)
        return True

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **more: Any) -> Any:
            if name == "open" and not args[1] & WRITES:
                return call(*args, **more)
            if not self._turn():
                return call(*args, **more)
            if self._fault.kind == "landed":
                made = call(*args, **more)
                if name == "open":
                    os.close(made)
            raise self._error()

        return counting

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        # `os.open` says no mode; it is counted where it is called.
        if event != "open" or arguments[1] is None or not arguments[2] & WRITES:
            return
        if not str(arguments[0]).startswith(("/proc/", "/dev/")) and self._turn():
            raise self._error()

    def _error(self) -> OSError:
        number = errno.ENOSPC if self._fault.kind == "full" else errno.EIO
        return OSError(number, os.strerror(number))
