"""One examining child seen from outside: start it, ask it, watch it, end it.

`Child.ask()` is a gate: it returns a reply, or raises why there is none. What a missing reply means
for the file is decided in `pool`.

Rules it keeps:
- A child is killed with its process group, and never waited for without a kill.
- While a request runs, the child's resident memory and its threads are counted twenty times a
  second; the kernel's own limits are behind that.
- The child's environment is empty but for what its libraries need: passphrases live in ours.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archivist.errors import Unavailable
from archivist.examine import wire
from archivist.examine.limits import Limits

_START_SECONDS = 60.0
_WATCH_SECONDS = 0.05
_MOST_THREADS = 64  # recognition starts a few; the kernel's own limit does not hold for root
_BODY_BLOCK_BYTES = 1 << 20
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    # One core per child: threads of one child would fight those of the next.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # One arena: freed memory is found again instead of growing elsewhere.
    "MALLOC_ARENA_MAX": "1",
}


class ExaminerUnavailable(Unavailable):
    """Scans cannot be read on this machine now: no child starts, or no recognition engine loads.

    It says nothing about any scan: the scan keeps its claim and is examined again later.
    """


class ChildGone(Exception):
    """The child ended, or was ended, without a reply. `reason` is one of the words below."""

    CRASH, TIME, MEMORY, PROCESSOR, GARBLED = "crash", "time", "memory", "processor", "garbled"
    THREADS = "threads"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Child:
    """A running child. Belongs to one thread, which must outlive it: the kernel ends a child when
    the *thread* that started it ends."""

    def __init__(self, limits: Limits, core: int | None) -> None:
        """Start a child and wait until it is confined. Raises `ExaminerUnavailable`."""
        self._limits = limits
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-X", "utf8", "-m", "archivist.examine.child"),
                    *(str(theirs.fileno()), str(os.getpid())),
                    json.dumps(dataclasses.asdict(limits)),
                ],
                pass_fds=[theirs.fileno()],
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._sock = ours
        self._core = core
        self.pages_read = 0
        self.served = 0
        try:
            hello = self._reply(time.monotonic() + _START_SECONDS)
        except ChildGone:
            raise ExaminerUnavailable(
                "读取扫描件的进程无法启动",
                "the process that reads scans does not start",
                "运行 archivist doctor",
                "run `archivist doctor`",
            ) from None
        self.confined: list[str] = hello.get("confined", [])

    def ask(
        self, request: dict[str, Any], descriptor: int | None, wall_seconds: float
    ) -> dict[str, Any]:
        """The reply to `request`. Raises `ChildGone`; the child is then ended."""
        if request["do"] == "read" and self.pages_read == 0:
            self._pin()
        deadline = time.monotonic() + wall_seconds
        self._sock.settimeout(wall_seconds)
        try:
            wire.send(self._sock, request, descriptor)
        except OSError:
            raise self._gone(ChildGone.CRASH) from None
        reply = self._reply(deadline)
        self.served += 1
        self.pages_read += request["do"] == "read"
        return reply

    def body(self, size_bytes: int, wall_seconds: float) -> Iterator[bytes]:
        """The bytes that follow a reply announcing them. Raises `ChildGone`; the child is ended."""
        deadline = time.monotonic() + wall_seconds
        while size_bytes:
            self._sock.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                chunk = self._sock.recv(min(size_bytes, _BODY_BLOCK_BYTES))
            except TimeoutError:
                raise self._gone(ChildGone.TIME) from None
            except OSError:
                chunk = b""
            if not chunk:
                raise self._gone(ChildGone.CRASH)
            size_bytes -= len(chunk)
            yield chunk

    def end(self) -> None:
        """Kill the child and its group, and wait for it. May be repeated."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._sock.close()

    @property
    def worn_out(self) -> bool:
        """Whether the child has read as many pages as one child should."""
        return self.pages_read >= self._limits.pages_per_child

    def _pin(self) -> None:
        """Bind the child to its core, once it is going to compute for seconds at a time."""
        if self._core is not None:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(self._process.pid, {self._core})

    def _reply(self, deadline: float) -> dict[str, Any]:
        while not select.select([self._sock], [], [], _WATCH_SECONDS)[0]:
            resident_bytes, threads = self._taken()
            if resident_bytes > self._limits.memory_bytes:
                raise self._gone(ChildGone.MEMORY)
            if threads > _MOST_THREADS:
                raise self._gone(ChildGone.THREADS)
            if time.monotonic() > deadline:
                raise self._gone(ChildGone.TIME)
        self._sock.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            reply, descriptor = wire.receive(self._sock, self._limits.reply_bytes)
        except TimeoutError:
            raise self._gone(ChildGone.TIME) from None
        except wire.ReplyTooLong:
            raise self._gone(ChildGone.GARBLED) from None
        except (wire.WireBroken, OSError):
            raise self._gone(ChildGone.CRASH) from None
        if descriptor is not None:  # a child has nothing to hand out
            os.close(descriptor)
        return reply

    def _gone(self, reason: str) -> ChildGone:
        """End the child; the kernel's own reason for its end, where there is one, wins."""
        if reason == ChildGone.CRASH:
            # The connection closed, so it is ending by itself: its own signal tells why.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
        self.end()
        if self._process.returncode == -signal.SIGXCPU:
            return ChildGone(ChildGone.PROCESSOR)
        return ChildGone(reason)

    def _taken(self) -> tuple[int, int]:
        """Resident bytes and threads of the child, from proc_pid_stat(5)."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_bytes()
            fields = stat.rpartition(b")")[2].split()  # the name before may hold anything
            return int(fields[21]) * _PAGE_BYTES, int(fields[17])
        except (OSError, IndexError):
            return 0, 0  # ended, or no /proc: the kernel's limits are left
