"""Hostile scans cost a child its life and the daemon nothing: memory stays bounded."""

import io
import signal
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pikepdf
from PIL import Image

MEBIBYTE = 1024 * 1024
BOUND = 1536 * MEBIBYTE


def tree(pid):
    """Process ids of a process and all below it."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:
            waiting += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
            for task in Path(f"/proc/{one}/task").iterdir():
                if task.name != str(one):
                    waiting += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def used(pid):
    """Bytes in memory of a whole process tree."""
    total = 0
    for one in tree(pid):
        try:
            for line in Path(f"/proc/{one}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            continue
    return total


def bombs():
    """Small files that want gigabytes: pixels, operators, object streams, pages."""
    picture = io.BytesIO()
    Image.new("1", (8900, 8900), 0).save(picture, "PNG")  # within bounds, and large once unpacked
    wide = io.BytesIO()
    Image.new("1", (40_000, 40_000), 0).save(wide, "PNG")
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        packed = zlib.compress(b"0 0 m 1 1 l S\n" * (20 * MEBIBYTE), 9)
        stream = pdf.make_stream(b"")
        stream.write(packed, filter=pikepdf.Name.FlateDecode)
        pdf.pages[0].Contents = stream
        operators = io.BytesIO()
        pdf.save(operators)
    with pikepdf.new() as pdf:
        for _ in range(1000):
            pdf.add_blank_page(page_size=(200, 200))
        pages = io.BytesIO()
        pdf.save(pages)
    return {
        "dark.png": picture.getvalue(),
        "wide.png": wide.getvalue(),
        "operators.pdf": operators.getvalue(),
        "pages.pdf": pages.getvalue(),
    }


def test_bombs_stay_within_a_gibibyte_and_a_half(home, scan):
    """Each bomb gets its tray, the good scan among them is filed, and memory stays bounded."""
    content = bombs()
    for name, bomb in content.items():
        home.drop(f"C000001/D000001/合同/{name}", bomb)
    home.drop("C000001/D000001/合同/good.pdf", scan("好"))
    daemon = home.process("watch", "--json", "--once", stderr=subprocess.DEVNULL)
    peak, done = 0, threading.Event()

    def measure():
        nonlocal peak
        while not done.is_set():
            peak = max(peak, used(daemon.pid))
            time.sleep(0.02)

    measuring = threading.Thread(target=measure)
    measuring.start()
    try:
        out, _ = daemon.communicate(timeout=120)
    finally:
        done.set()
        measuring.join()
    assert daemon.returncode in (0, 3), signal.Signals(-daemon.returncode)
    assert out.count(b"\n") == len(content) + 1
    assert b"good.pdf" in out
    assert peak < BOUND, f"{peak / MEBIBYTE:.0f} MiB"
    trays = sorted(home.in_tray("quarantine") + home.in_tray("unsorted"))
    filed = sorted(home.opened(record) for record in home.records())
    assert sorted(trays + filed) == sorted([*content.values(), scan("好")])
