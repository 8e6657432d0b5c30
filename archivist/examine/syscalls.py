"""The system calls that a reading child may still make: a seccomp filter, Linux on x86-64.

    forbid(libc)     # → True when the kernel took it; for good, and for every later thread

Landlock and the network namespace say which files and which network there are. They say nothing of
starting programs, of owners, modes and times of files, of sockets that are files, of tracing and
signalling others, nor of the parts of the kernel that no reader of pictures needs and that its
holes are found in. Those calls fail here with EPERM.

Rules it keeps:
- What is refused is named; the rest stays allowed. A list of allowed calls would have to know what
  the next release of a numeric library asks for, and would end children that did nothing wrong.
- Threads may start, processes may not: a clone that is no thread is refused, and clone3, whose
  flags no filter can see, does not exist (the C library then uses clone).
- A call by another architecture's numbers ends the process: the numbers would mean other calls.
- On another architecture there is no filter, and the caller says so.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ARCH_X86_64 = 0xC000003E
_X32_BIT = 0x40000000
_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x00010000
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# struct seccomp_data: number, architecture, instruction pointer, six arguments of 8 bytes.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_CLONE, _CLONE3, _TGKILL, _PRLIMIT = 56, 435, 234, 302

_REFUSED = (
    # other programs and processes: fork, vfork, execve, execveat
    *(57, 58, 59, 322),
    # sockets, also those that are files: socket, connect, accept, bind, listen, socketpair, accept4
    *(41, 42, 43, 49, 50, 53, 288),
    # others: ptrace, process_vm_readv, process_vm_writev, kcmp, kill, tkill, rt_sigqueueinfo,
    # rt_tgsigqueueinfo, pidfd_send_signal, pidfd_open, pidfd_getfd
    *(101, 310, 311, 312, 62, 200, 129, 297, 424, 434, 438),
    # modes, owners, times and attributes of files
    *(90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280),
    *(188, 189, 190, 197, 198, 199),
    # names of another world: mount, umount2, pivot_root, chroot, unshare, setns, the new mount
    # calls, open_by_handle_at
    *(165, 166, 155, 161, 272, 308, 428, 429, 430, 431, 432, 433, 442, 304),
    # memory that outlives its process: shmget, msgget, semget
    *(29, 68, 64),
    # the kernel's own workshop: bpf, perf_event_open, io_uring, userfaultfd, keys, modules, kexec,
    # reboot
    *(321, 298, 425, 426, 427, 323, 248, 249, 250, 175, 176, 313, 246, 320, 169),
)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def forbid(libc: ctypes.CDLL) -> bool:
    """Install the filter; whether it took hold. Needs no_new_privs; call it last."""
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return False
    code = b"".join(_filter(os.getpid()))
    program = _Program(len(code) // 8, code)
    done = libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0)
    return bool(done == 0)


def _filter(pid: int) -> list[bytes]:
    return [
        _step(_LOAD, _ARCHITECTURE),
        _step(_JUMP_EQUAL, _ARCH_X86_64, past=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        *_answer(_JUMP_AT_LEAST, _X32_BIT, _ERRNO | _EPERM),
        *(step for number in _REFUSED for step in _answer(_JUMP_EQUAL, number, _ERRNO | _EPERM)),
        *_answer(_JUMP_EQUAL, _CLONE3, _ERRNO | _ENOSYS),
        *_only_if(_CLONE, _step(_JUMP_ANY_BIT, _CLONE_THREAD, past=1)),
        *_only_if(_TGKILL, _step(_JUMP_EQUAL, pid, past=1)),  # abort() signals itself
        *_only_if(_PRLIMIT, _step(_JUMP_EQUAL, 0, past=1)),  # its own limits, never its parent's
        _step(_RETURN, _ALLOW),
    ]


def _answer(jump: int, value: int, answer: int) -> list[bytes]:
    """Where the comparison holds, this answer; else the next step."""
    return [_step(jump, value, otherwise=1), _step(_RETURN, answer)]


def _only_if(number: int, first_argument_is: bytes) -> list[bytes]:
    """This call only where its first argument passes; the steps behind find the number again."""
    return [
        _step(_JUMP_EQUAL, number, otherwise=4),
        _step(_LOAD, _FIRST_ARGUMENT),
        first_argument_is,
        _step(_RETURN, _ERRNO | _EPERM),
        _step(_RETURN, _ALLOW),
    ]


def _step(code: int, value: int, past: int = 0, otherwise: int = 0) -> bytes:
    """One instruction: how many are left out where its comparison holds, and where not."""
    return struct.pack("=HBBI", code, past, otherwise, value)
