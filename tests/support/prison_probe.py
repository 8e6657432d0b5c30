"""What a taken-over child would try, tried: run confined or free, it prints what it managed.

    python prison_probe.py free|confined FOLDER PORT VICTIM

FOLDER holds `victim.txt`; PORT listens on 127.0.0.1; VICTIM is a process of the same user whose
environment holds a secret. Each attempt is one function; its end is "done" or the error's name.
"""

import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

from archivist.examine.confine import confine
from archivist.examine.limits import Limits

MODE, FOLDER, PORT, VICTIM = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
LIBC = ctypes.CDLL(None, use_errno=True)
MEBIBYTE = 1024 * 1024


def connect_to_this_host():
    socket.create_connection(("127.0.0.1", PORT), timeout=5).close()


def send_a_datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"page", ("127.0.0.1", PORT))


def connect_to_a_socket_file():
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(FOLDER / "socket"))


def listen():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()


def write_a_new_file():
    (FOLDER / "new.txt").write_bytes(b"x")


def write_to_a_file():
    with (FOLDER / "victim.txt").open("r+b") as file:
        file.write(b"x")


def cut_a_file():
    os.truncate(FOLDER / "victim.txt", 1)


def remove_a_file():
    (FOLDER / "spare.txt").unlink()


def rename_a_file():
    (FOLDER / "other.txt").rename(FOLDER / "renamed.txt")


def make_a_folder():
    (FOLDER / "folder").mkdir()


def make_a_link():
    (FOLDER / "link").symlink_to("victim.txt")


def take_a_files_mode():
    (FOLDER / "victim.txt").chmod(0o600)


def turn_back_a_files_time():
    os.utime(FOLDER / "victim.txt", (1, 1))


def read_a_file():
    (FOLDER / "victim.txt").read_bytes()


def list_a_folder():
    list(FOLDER.iterdir())


def read_the_parents_environment():
    assert b"SECRET=" in Path(f"/proc/{VICTIM}/environ").read_bytes()


def look_into_the_parents_files():
    next(iter(Path(f"/proc/{VICTIM}/fd").iterdir())).readlink()


def signal_the_parent():
    os.kill(VICTIM, 0)


def narrow_the_parent():
    resource.prlimit(VICTIM, resource.RLIMIT_CORE, (0, 0))


def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def start_a_program():
    subprocess.run(["/bin/true"], check=True)


def become_a_program():
    # In place of this process: where it is allowed nothing returns, so a copy tries.
    pid = os.posix_spawn("/bin/true", ["true"], {})
    assert os.waitpid(pid, 0)[1] == 0


def enter_a_world_of_its_own():
    if LIBC.unshare(0x00020000) != 0:  # CLONE_NEWNS
        raise OSError(ctypes.get_errno(), "unshare")


def take_memory_without_end():
    kept = [bytearray(64 * MEBIBYTE) for _ in range(40)]
    assert len(kept) == 40


def write_to_memory_files():
    fd = os.memfd_create("page")
    try:
        os.write(fd, b"x" * 100)
    finally:
        os.close(fd)


def open_hundreds_of_files():
    kept = [os.open("/dev/urandom", os.O_RDONLY) for _ in range(200)]
    for fd in kept:
        os.close(fd)


def lift_its_limits():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


ATTEMPTS = (
    connect_to_this_host, send_a_datagram, connect_to_a_socket_file, listen,
    write_a_new_file, write_to_a_file, cut_a_file, remove_a_file, rename_a_file, make_a_folder,
    make_a_link, take_a_files_mode, turn_back_a_files_time, read_a_file, list_a_folder,
    read_the_parents_environment, look_into_the_parents_files, signal_the_parent,
    narrow_the_parent, fork, start_a_program, become_a_program, enter_a_world_of_its_own,
    take_memory_without_end, write_to_memory_files, open_hundreds_of_files,
    lift_its_limits,
)  # fmt: skip


def tried(attempt):
    try:
        attempt()
    except Exception as error:
        return type(error).__name__
    return "done"


def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    held = []
    if MODE == "confined":
        folders = [Path(folder) for folder in {sys.prefix, sys.base_prefix}]
        here = Path(__file__).resolve().parents[2] / "archivist"
        held = confine(os.getppid(), Limits().private_bytes, [here, *folders])
    dies = ctypes.c_int()
    LIBC.prctl(2, ctypes.byref(dies), 0, 0, 0)  # PR_GET_PDEATHSIG
    found = {attempt.__name__: tried(attempt) for attempt in ATTEMPTS}
    print(json.dumps({"held": held, "dies_with_parent": dies.value, "attempts": found}))


main()
