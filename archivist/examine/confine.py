"""What a child gives up before it touches an untrusted byte. Linux; other systems keep the limits.

    confine(parent_pid, private_bytes, readable=[...])     # first thing in the child

Given up: core dumps (they would spill a page to disk), writing to files, more than a few open
files, the network, every path except the program's own, what root may do beyond others, and the
system calls that start programs, open sockets or reach other processes (`syscalls`). Parsers of PDF
and image formats have holes; one that is taken over finds nothing to read, nowhere to send it and
no way to stay.

Rules it keeps:
- Call it before any thread exists: namespaces and Landlock bind the calling thread and what it
  starts later.
- What the kernel does not offer is left out, because an old kernel must still file scans. The
  names of what did take hold are returned, so that `doctor` can say what did not (`MEASURES`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from archivist.examine import syscalls

# Everything that can take hold, with what is lacking where it does not.
MEASURES = {
    "limits": ("没有内存和文件大小的上限", "no limits on memory and file sizes"),
    "no network": ("读取进程能使用网络", "reading processes can use the network"),
    "no files": ("读取进程能打开其他文件", "reading processes can open other files"),
    "no privileges": ("读取进程保留管理员权限", "reading processes keep root's rights"),
    "no programs": ("读取进程能启动其他程序", "reading processes can start programs"),
}

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_MAX_OPEN_FILES = 64

# landlock(7). The three system call numbers are the same on every architecture.
_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_LANDLOCK_ABI_VERSION_FLAG = 1
_LANDLOCK_PATH_BENEATH = 1
_ACCESS_EXECUTE, _ACCESS_READ_FILE, _ACCESS_READ_DIR = 1 << 0, 1 << 2, 1 << 3
# Each version of Landlock governs more: rights on files (the last is that of ioctl on devices),
# then TCP, then sockets without a file and signals, both kept within the child's own domain.
_ACCESS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP_ABI, _TCP_BIND_AND_CONNECT = 4, 0b11
_SCOPE_ABI, _SCOPE_SOCKETS_AND_SIGNALS = 6, 0b11
_CAPABILITY_VERSION_3 = 0x20080522
# Kept where it is held: the program may be installed for somebody else than root. Landlock still
# says what can be read.
_CAP_DAC_READ_SEARCH = 1 << 2
_SYSTEM_PATHS = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/proc", "/sys", "/dev/urandom")


def confine(parent_pid: int, private_bytes: int, readable: Iterable[Path]) -> list[str]:
    """Give up what reading scans does not need; return the names of what took hold.

    `readable` are the folders of the program itself; system libraries are added here.
    Exits at once when the parent is already gone: nobody would ever stop this child.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)
    _limit(resource.RLIMIT_DATA, private_bytes)
    held = ["limits"]
    if not sys.platform.startswith("linux"):
        return held
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    # The parent may have died before the line above took effect; then the signal never comes.
    if os.getppid() != parent_pid:
        os._exit(0)
    if _leave_network(libc):
        held.append("no network")
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return held  # neither Landlock nor a filter of system calls is to be had without
    if _close_file_system(libc, [*map(Path, _SYSTEM_PATHS), *readable]):
        held.append("no files")
    if _give_up_privileges(libc):
        held.append("no privileges")
    # Last, because it refuses what the lines above do.
    if syscalls.forbid(libc):
        held.append("no programs")
    return held


def lacking(held: Iterable[str]) -> list[tuple[str, str]]:
    """What this system does not enforce of all that a child gives up, in both languages."""
    there = set(held)
    return [words for name, words in MEASURES.items() if name not in there]


def cpu_allowance(seconds: int) -> None:
    """Let this process use `seconds` more of CPU time; beyond that the kernel ends it (SIGXCPU).

    The limit counts from the start of the process, so each request sets it anew.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    bound = int(used.ru_utime + used.ru_stime) + seconds + 1
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        bound = min(bound, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (bound, hard))


def _limit(which: int, value: int) -> None:
    _soft, hard = resource.getrlimit(which)
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (bound, bound))


def _leave_network(libc: ctypes.CDLL) -> bool:
    """Enter an empty network namespace; without privileges, through a user namespace."""
    return any(
        libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET)
    )


def _close_file_system(libc: ctypes.CDLL, readable: list[Path]) -> bool:
    """Landlock: deny every access to files by path, except reading beneath `readable`."""
    abi = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_ABI_VERSION_FLAG)
    if abi < 1:
        return False
    governed = struct.pack("=Q", _ACCESS_BY_ABI[max(v for v in _ACCESS_BY_ABI if v <= abi)])
    if abi >= _TCP_ABI:
        governed += struct.pack("=Q", _TCP_BIND_AND_CONNECT)
    if abi >= _SCOPE_ABI:
        governed += struct.pack("=Q", _SCOPE_SOCKETS_AND_SIGNALS)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, governed, len(governed), 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _allow_reading(libc, ruleset, path)
        return bool(libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _give_up_privileges(libc: ctypes.CDLL) -> bool:
    """Keep no capability but that of reading what Landlock lets through, where it was held."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    sets = ctypes.create_string_buffer(24)
    if libc.capget(header, sets) != 0:
        return False
    effective, permitted, *_ = struct.unpack("=6I", sets.raw)
    kept = struct.pack(
        "=6I", effective & _CAP_DAC_READ_SEARCH, permitted & _CAP_DAC_READ_SEARCH, 0, 0, 0, 0
    )
    return bool(libc.capset(header, kept) == 0)


def _allow_reading(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine: nothing to allow
    try:
        access = _ACCESS_READ_FILE | _ACCESS_EXECUTE
        if path.is_dir():
            access |= _ACCESS_READ_DIR
        rule = struct.pack("=Qi", access, descriptor)
        libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
