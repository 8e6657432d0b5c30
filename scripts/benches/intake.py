"""Documents from the drop folder into the archive, against the reading and sealing alone.

Bare means: the libraries, doing the same reading, sealing and flushing, on every core, without
claims, judging, ledger, catalogue or limits.
"""

import argparse
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benches.material import Bench, scans, text_pdf
from benches.measuring import CORES, Table


def bare_intake(task: tuple[Path, Path, str]) -> int:
    """Read the text, seal the file as age, flush it: what no archive can do without."""
    import hashlib

    import pypdf

    from storage.age import parse_recipient
    from storage.age.files import encrypt

    source, folder, recipient = task
    data = source.read_bytes()
    name = hashlib.sha256(data).hexdigest()
    with source.open("rb") as file:
        text = [page.extract_text() for page in pypdf.PdfReader(file).pages]
    sealed = encrypt([parse_recipient(recipient)], data)
    target = folder / f"{name}.age"
    with target.with_suffix(".tmp").open("wb") as out:
        out.write(sealed)
        out.flush()
        os.fsync(out.fileno())
    target.with_suffix(".tmp").rename(target)
    fd = os.open(folder, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
    return len("".join(text))


def taken_in(bench: Bench, files: Sequence[Path]) -> float:
    """Files a second, from the drop folder to their records; each must become one."""
    for file in files:
        shutil.copy(file, bench.place)
    started = time.perf_counter()
    filed = bench.watch_once()
    took = time.perf_counter() - started
    assert filed == len(files), f"{filed} of {len(files)} filed"
    return len(files) / took


def bench_intake(options: argparse.Namespace) -> Iterator[Table]:
    from storage.age import HybridIdentity

    recipient = HybridIdentity.generate().recipient.text
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        sources = folder / "sources"
        sources.mkdir()
        for seed in range(options.count):
            text_pdf(sources / f"{seed:05}.pdf", seed, options.pdf_pages)
        files = sorted(sources.iterdir())
        for turn in range(options.rounds):
            target = folder / f"bare-{turn}"
            target.mkdir()
            started = time.perf_counter()
            with ProcessPoolExecutor(CORES) as pool:
                list(pool.map(bare_intake, [(f, target, recipient) for f in files], chunksize=4))
            bare.append(options.count / (time.perf_counter() - started))
            ours.append(taken_in(Bench(folder / f"ours-{turn}"), files))
    yield Table("intake, text PDFs", "documents/s", {"bare": bare, "archivist": ours})


def bare_reader(task: tuple[int, list[Path]]) -> int:
    """RapidOCR alone, tuned as well as it goes, one process bound to one core."""
    core, paths = task
    os.sched_setaffinity(0, {core})
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # it would report home
    import cv2
    import numpy as np
    from PIL import Image
    from rapidocr import EngineType, RapidOCR

    cv2.setNumThreads(1)
    settings = {
        "Global.use_cls": False,
        "Global.log_level": "error",
        "Det.limit_type": "max",
        "Det.limit_side_len": 1280,
        "EngineConfig.openvino.inference_num_threads": 1,
    }
    settings |= {f"{part}.engine_type": EngineType.OPENVINO for part in ("Det", "Cls", "Rec")}
    reader = RapidOCR(params=settings)
    recogniser = reader._load_rec_model()
    recogniser.rec_batch_num, recogniser.rec_image_shape = 1, [3, 48, 160]
    resize = recogniser.resize_norm_img
    recogniser.resize_norm_img = lambda image, ratio: resize(
        image, math.ceil(max(160, 48 * ratio) / 160) * 160 / 48
    )
    for path in paths:
        grey = np.asarray(Image.open(path).convert("L"))
        reader(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))
    return len(paths)


def bench_ocr(options: argparse.Namespace) -> Iterator[Table]:
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        pages = scans(Path(name) / "scans", options.pages)
        for turn in range(options.rounds):
            cores = sorted(os.sched_getaffinity(0))
            tasks = [(core, pages[at :: len(cores)]) for at, core in enumerate(cores)]
            started = time.perf_counter()
            with ProcessPoolExecutor(len(cores), mp_context=get_context("spawn")) as pool:
                list(pool.map(bare_reader, tasks))
            bare.append(options.pages / (time.perf_counter() - started))
            ours.append(taken_in(Bench(Path(name) / f"ours-{turn}"), pages))
    yield Table("intake, scanned pages", "pages/s", {"bare": bare, "archivist": ours})
