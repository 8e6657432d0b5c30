"""One watcher over a long stream of documents: does its memory grow with what it has filed?

    scripts/bench stream [--documents N] [--at N …]

Small text PDFs are dropped as fast as they are filed. Held is counted over the watcher and its
children together, twenty times a second; each row is the most between two marks. The first mark is
what the others are measured by: aimed at is 1.3 times at most from 10,000 to 100,000.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benches.material import BIN, Bench, held_mib
from benches.measuring import Held, Table

AHEAD = 500  # documents that wait in the drop folder at most


def small_pdf(number: int) -> bytes:
    """A page with a line of text of its own, as an office program writes it."""
    line = (
        f"BT /F 12 Tf 60 700 Td (Contract {number:09} of dealer {number * 7919 % 10**9:09}) Tj ET"
    )
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        "/Resources<</Font<</F 5 0 R>>>>>>",
        f"<</Length {len(line)}>>stream\n{line}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, offsets = "%PDF-1.4\n", []
    for index, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{index} 0 obj{content}endobj\n"
    table = "".join(f"{at:010} 00000 n \n" for at in offsets)
    size = len(objects) + 1
    return (
        f"{out}xref\n0 {size}\n0000000000 65535 f \n{table}"
        f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n"
    ).encode()


def bench_stream(options: argparse.Namespace) -> Iterator[Table]:
    """Documents through one watcher, never started again."""
    held: dict[str, list[float]] = {}
    notes = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        words = [str(BIN / "archivist"), "watch", "--json"]
        with (
            (Path(name) / "log").open("wb") as log,
            subprocess.Popen(words, env=bench.environment, stdout=subprocess.PIPE, stderr=log,
                             text=True) as process,
        ):  # fmt: skip
            most, dropped, filed, began = Held(process), 0, 0, time.monotonic()
            assert process.stdout is not None
            marks = sorted(mark for mark in options.at if mark <= options.documents)
            for mark in marks:
                while filed < mark:
                    while dropped < min(filed + AHEAD, options.documents):
                        (bench.place / f"{dropped}.pdf").write_bytes(small_pdf(dropped))
                        dropped += 1
                    line = process.stdout.readline()
                    if not line:
                        sys.exit(f"the watcher ended: {(Path(name) / 'log').read_text()}")
                    filed += json.loads(line)["outcome"] == "filed"
                held[f"after {mark}"] = [most.since()]
                notes.append(f"after {mark}: the watcher alone {held_mib(process.pid)} MiB, "
                             f"{filed / (time.monotonic() - began):.1f} documents/s")  # fmt: skip
                print(notes[-1], file=sys.stderr, flush=True)
            process.terminate()
            for _ in process.stdout:
                pass
    yield Table("one watcher and its children, the most they held", "MiB", held, notes=tuple(notes))
