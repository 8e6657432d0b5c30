"""Benchmarks: ours and the bare work in turn, medians of several rounds, the ratio last.

    scripts/bench intake [--count N] [--rounds R]   text PDFs, documents per second
    scripts/bench ocr    [--pages N] [--rounds R]   scanned pages, pages per second
    scripts/bench search [--pages N] [--rounds R] [--grades N [--inserted N]]   a whole cold
                                                    search process; so many pages more a grade
    scripts/bench merge  [--pages N] [--rounds R] [--grades N]   the engines' own share of a search
    scripts/bench index  [--pages N] [--rounds R]   pages indexed per second, both engines
    scripts/bench rotate [--records N] [--rounds R]   heads sealed anew to a new key, per second
    scripts/bench audit  [--records N] [--kib N] [--rounds R]   every stored byte checked; memory
    scripts/bench sweep  [--records N] [--rounds R] [--all-due]   the plan of a sweep
    scripts/bench ledger [--entries N] [--rounds R]   durable appends; verifying; opening
    scripts/bench kills  [--files N] [--kills K] [--seed S]   a watcher killed at random moments:
                                                    what was lost, what is there twice
    scripts/bench policies [--rounds R]             all packs loaded; one document judged by all
    scripts/bench hostile [--files N] [--seconds S] broken and hostile scans through the daemon

Each prints one table and one JSON line. "Bare" means: the libraries alone, doing the same
reading, sealing and flushing, without claims, judging, ledger, catalogue or limits.
"""

import argparse
import hashlib
import json
import math
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage.ledger import Ledger

TOP = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CORES = len(os.sched_getaffinity(0))
WORDS = (
    "客户档案管理制度合同交车检查保险单身份证复印件购车发票销售部售后服务移交签收保管期限"
    "秘密机密绝密经办人审批借阅归还销毁鉴定台账车辆识别代号发动机号码价税合计金额日期地址电话"
)


# ── material ──────────────────────────────────────────────────────────────────


def page_text(seed: int, characters: int = 600) -> str:
    """A page of made-up Chinese business text; the same for the same seed."""
    rng = random.Random(seed)
    body = "".join(rng.choice(WORDS) for _ in range(characters))
    return "\n".join(body[at : at + 38] for at in range(0, characters, 38))


def text_pdf(path: Path, seed: int, pages: int) -> None:
    """A text PDF with embedded font, as office programs write it."""
    from archivist.printing import Paper

    paper = Paper(f"{seed}")
    for page in range(pages):
        for number, line in enumerate(page_text(seed * 100 + page).splitlines()):
            paper.text(line, 12, 60, 780 - 20 * number)
        paper.next_page()
    path.write_bytes(paper.finished())


class Bench:
    """A fresh archive with one dossier, in a temporary folder with its own keys."""

    def __init__(
        self,
        folder: Path,
        engine: str = "fts5",
        packs: Sequence[str] = ("auto-dealer", "secrecy"),
    ) -> None:
        self.folder = folder
        self.root = folder / "archive"
        self.environment = {
            **os.environ,
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_RUNTIME_DIR": str(folder / "runtime"),
            "ARCHIVIST_PASSPHRASE": "bench",
            "ARCHIVIST_ARCHIVE": str(self.root),
            "ARCHIVIST_LANG": "en",
        }
        (folder / "runtime").mkdir(parents=True)
        self.run("init", str(self.root), *(f"--pack={pack}" for pack in packs),
                 "--person", "bench", "--work-factor", "16")  # fmt: skip
        settings = self.root / "archive.toml"
        text = settings.read_text("utf-8").replace("settle_seconds = 1.0", "settle_seconds = 0.0")
        settings.chmod(0o644)
        settings.write_text(text.replace('engine = "fts5"', f'engine = "{engine}"'), "utf-8")
        self.run("customer", "add", "bench")
        self.run("dossier", "open", "C000001", "new_car")
        self.place = self.root / "drop" / "C000001" / "D000001" / "sales_contract"
        self.place.mkdir(parents=True)

    def run(self, *words: str) -> str:
        """Run one command; a failure ends the benchmark."""
        done = subprocess.run([BIN / "archivist", *words], env=self.environment, text=True,
                              capture_output=True, check=False)  # fmt: skip
        if done.returncode not in (0, 3):
            sys.exit(f"archivist {words[0]} failed: {done.stderr}")
        return done.stdout

    def watch_once(self) -> int:
        """Take in what was dropped; returns how many were filed."""
        lines = self.run("watch", "--once", "--json").splitlines()
        return sum(json.loads(line)["outcome"] == "filed" for line in lines)


# ── bare ──────────────────────────────────────────────────────────────────────


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


def bench_intake(options: argparse.Namespace) -> None:
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
            bench = Bench(folder / f"ours-{turn}")
            for file in files:
                shutil.copy(file, bench.place)
            started = time.perf_counter()
            filed = bench.watch_once()
            ours.append(options.count / (time.perf_counter() - started))
            assert filed == options.count, f"{filed} of {options.count} filed"
    report("intake, text PDFs", "documents/s", {"bare": bare, "archivist": ours})


# ── recognition ───────────────────────────────────────────────────────────────


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


def sample_scans() -> Path:
    """The folder of sample scans."""
    return Path(os.environ.get("ARCHIVIST_SCANS", TOP.parent / "shared" / "scans"))


def scans(folder: Path, count: int) -> list[Path]:
    """Copies of the sample pages, each with bytes of its own so that none is a duplicate."""
    samples = sample_scans() / "pages"
    pages = sorted(samples.glob("sc_*_200.jpg")) + sorted(samples.glob("tc_*.jpg"))
    if not pages:
        sys.exit(f"no sample scans in {samples}; name a folder in ARCHIVIST_SCANS")
    folder.mkdir()
    made = []
    for number in range(count):
        data = pages[number % len(pages)].read_bytes()
        note = f"copy {number}".encode()
        comment = b"\xff\xfe" + (len(note) + 2).to_bytes(2) + note  # a JPEG comment segment
        made.append(folder / f"{number:04}.jpg")
        made[-1].write_bytes(data[:2] + comment + data[2:])
    return made


def bench_ocr(options: argparse.Namespace) -> None:
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
            bench = Bench(Path(name) / f"ours-{turn}")
            for page in pages:
                shutil.copy(page, bench.place)
            started = time.perf_counter()
            filed = bench.watch_once()
            ours.append(options.pages / (time.perf_counter() - started))
            assert filed == options.pages, f"{filed} of {options.pages} filed"
    report("intake, scanned pages", "pages/s", {"bare": bare, "archivist": ours})


# ── search and index ──────────────────────────────────────────────────────────


def bench_search(options: argparse.Namespace) -> None:
    """A whole process, from exec to exit, against an interpreter that imports the two basics."""
    if options.grades > 1:
        bench_grades(options)
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        for seed in range(options.pages // 10):
            text_pdf(bench.place / f"{seed:05}.pdf", seed, 10)
        assert bench.watch_once() == options.pages // 10
        bench.run("login", "bench")
        needles = [page_text(seed * 100)[40:46] for seed in range(8)]
        bench.run("search", needles[0])  # catches up; measured is what everyday searches cost
        bare_words = [sys.executable, "-c", "import sqlite3, click"]
        bare: list[float] = []
        ours: list[float] = []
        for turn in range(options.rounds * 5):
            bare.append(seconds_of(bare_words, bench.environment))
            words = [str(BIN / "archivist"), "search", needles[turn % len(needles)]]
            ours.append(seconds_of(words, bench.environment))
    rates = {"import sqlite3, click": bare, "archivist search": ours}
    report(f"search, cold process, {options.pages} pages", "ms", milliseconds(rates))


GRADES = ("SECRET", "CONF", "TOP", "INTERNAL", "PUBLIC")


def bench_grades(options: argparse.Namespace) -> None:
    """Several grades in one search against each alone, cold; `--pages` in every grade."""
    chosen = GRADES[: options.grades]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        sources = Path(name) / "sources"
        for number, grade in enumerate(chosen):
            (sources / grade).mkdir(parents=True)
            for seed in range(options.pages // 10):
                text_pdf(sources / grade / f"{seed:05}.pdf", number * options.pages + seed, 10)
            paths = sorted(map(str, (sources / grade).iterdir()))
            bench.run("file", *paths, "--dossier", "D000001", "--type", "sales_contract",
                      "--grade", grade)  # fmt: skip
        bench.run("login", "bench")
        needles = [page_text(seed * 100)[40:46] for seed in range(4)] + ["客户", "合"]
        bench.run("search", needles[0])
        if options.inserted:
            insert_pages(bench, chosen, options.inserted)
            needles = list(ASKED.values())
        # One grade alone means that the others are not open at all, as for somebody who is
        # cleared for this one; a filter would still have opened all of them.
        held = {grade: sorted(bench.root.glob(f"keys/grades/{grade}/*/*.age")) for grade in GRADES}
        rates: dict[str, list[float]] = {"import sqlite3, click": []}
        basics = [sys.executable, "-c", "import sqlite3, click"]
        for turn in range(options.rounds * 6):
            rates["import sqlite3, click"].append(seconds_of(basics, bench.environment))
            words = [str(BIN / "archivist"), "search", needles[turn % len(needles)]]
            for grade in chosen:
                others = [path for other in GRADES if other != grade for path in held[other]]
                with away(others):
                    rates.setdefault(grade, []).append(seconds_of(words, bench.environment))
            rates.setdefault("all of them", []).append(seconds_of(words, bench.environment))
    pages = options.pages + options.inserted
    report(f"search, cold process, {pages} pages a grade", "ms", milliseconds(rates))
    medians = {grade: statistics.median(values) for grade, values in rates.items()}
    slowest = max(medians[grade] for grade in chosen)
    print(f"{len(chosen)} grades / slowest single grade: {medians['all of them'] / slowest:.2f}")


# A name that one page in seven thousand has, a word that one in ten has, both together, and
# one character of the word: what is rare, common, mixed, and found by its first letter.
RARE, COMMON = "龙鳞项目", "罡煞魁魉"
ASKED = {"rare": RARE, "common": COMMON, "both": f"{COMMON} {RARE}", "one character": COMMON[0]}


def merged_pages(grade: int, start: int, stop: int) -> Iterator[Any]:
    """Short pages as only the engine needs them."""
    from index.engine import Page

    for number in range(start, stop):
        text = page_text(grade * 10_000_000 + number, 100)
        text += RARE * (number % 7000 == 3) + COMMON * (number % 10 == 3)
        names = (f"C{number // 100:06}", f"D{number // 10:06}", "sales_contract")
        yield Page(f"R{grade}{number:08}", 1, *names, 20260101, "", text)


def house_key(bench: Bench, archive_id: str) -> Path:
    """Where the bench's archives have their house key."""
    return bench.folder / "config" / "archivist" / f"{archive_id}.key"


def insert_pages(bench: Bench, grades: Sequence[str], count: int) -> None:
    """Put pages straight into the indexes: filing a hundred thousand would take an hour."""
    from archivist import config
    from index.fts5 import Fts5Engine
    from storage.counterparts import Counterparts
    from storage.session import load, runtime_folder

    archive_id = config.load(bench.root).archive_id
    beside = Counterparts.beside(house_key(bench, archive_id))
    session = load(runtime_folder(bench.environment), archive_id, datetime.now(UTC), beside)
    assert session is not None, "logged in just now"
    for (name, _), key in session.index_keys.items():
        if name not in grades:
            continue
        engine = Fts5Engine.open(bench.root / "index" / f"{name}.db", key)
        for start in range(0, count, 1000):
            engine.put(merged_pages(grades.index(name), start, min(start + 1000, count)), 0)
        engine.close()


def bench_merge(options: argparse.Namespace) -> None:
    """One merged search over several grades of one size against each alone, without a process:
    first with open indexes (as a server would hold them), then opening and closing them as well."""
    from index.analysis import plan
    from index.engine import Filters
    from index.fts5 import Fts5Engine
    from index.merge import search_all

    key = os.urandom(32)
    chosen = GRADES[: options.grades]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        places = {grade: Path(name) / f"{grade}.db" for grade in chosen}
        for number, place in enumerate(places.values()):
            engine = Fts5Engine.open(place, key, create=True)
            for start in range(0, options.pages, 1000):
                stop = min(start + 1000, options.pages)
                engine.put(merged_pages(number, start, stop), stop)
            engine.close()
        sets = {grade: (grade,) for grade in chosen} | {"all of them": chosen}
        kept = {grade: Fts5Engine.open(place, key) for grade, place in places.items()}
        rates: dict[str, dict[str, list[float]]] = {}
        for _ in range(options.rounds * 5):
            for words, query in ASKED.items():
                asked = plan(query)
                for label, grades in sets.items():
                    warm = {grade: kept[grade] for grade in grades}
                    took = seconds(lambda: search_all(warm, asked, Filters(), 20))  # noqa: B023
                    rates.setdefault(f"open, {words}", {}).setdefault(label, []).append(took)

                    def cold() -> None:
                        opened = {g: Fts5Engine.open(places[g], key) for g in grades}  # noqa: B023
                        search_all(opened, asked, Filters(), 20)  # noqa: B023
                        for engine in opened.values():
                            engine.close()

                    took = seconds(cold)
                    rates.setdefault(f"opened, {words}", {}).setdefault(label, []).append(took)
        for engine in kept.values():
            engine.close()
    for title, found in rates.items():
        report(f"merged search, {title}, {options.pages} pages a grade", "ms", milliseconds(found))
        medians = {label: statistics.median(values) for label, values in found.items()}
        slowest = max(medians[grade] for grade in chosen)
        print(f"{len(chosen)} grades / slowest: {medians['all of them'] / slowest:.2f}")


@contextmanager
def away(files: list[Path]) -> Iterator[None]:
    """Put files aside for the time of the block."""
    for file in files:
        file.rename(file.with_suffix(".aside"))
    try:
        yield
    finally:
        for file in files:
            file.with_suffix(".aside").rename(file)


def seconds_of(words: list[str], environment: dict[str, str]) -> float:
    """Wall time of one process."""
    started = time.perf_counter()
    subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def milliseconds(rates: dict[str, list[float]]) -> dict[str, list[float]]:
    """The same figures in milliseconds."""
    return {name: [value * 1000 for value in values] for name, values in rates.items()}


def bench_index(options: argparse.Namespace) -> None:
    """Pages put a second, analysis included, by each engine."""
    from index.engine import Page
    from index.fts5 import Fts5Engine
    from index.whoosh_engine import WhooshEngine

    rates: dict[str, list[float]] = {}
    pages = [
        Page(f"R{n:08}", 1, "C000001", "D000001", "sales_contract", 20260101, "", page_text(n))
        for n in range(options.pages)
    ]
    for turn in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            for kind, engine in (("fts5", Fts5Engine), ("whoosh", WhooshEngine)):
                opened = engine.open(Path(name) / f"{turn}.{kind}", os.urandom(32), create=True)
                started = time.perf_counter()
                for at in range(0, options.pages, 200):
                    opened.put(pages[at : at + 200], at + 200)
                rates.setdefault(kind, []).append(options.pages / (time.perf_counter() - started))
                opened.close()
    report(f"index, {options.pages} pages", "pages/s", rates)


def filed_heads(bench: Bench, count: int, scan_bytes: int = 4) -> None:
    """Records of a grade as filing leaves them, in dossiers of ten that are really opened; without
    their bodies' size where nothing reads a body, as in a rotation."""
    from archivist import config
    from archivist.archive import Archive, as_card, as_object, record_label
    from archivist.dossiers import DossierCard
    from storage.vault import Put

    settings = config.load(bench.root)
    archive = Archive.open(settings, house_key(bench, settings.archive_id))
    now = datetime.now(UTC)
    for start in range(0, count, 500):
        with archive.writing(now, "station") as desk:
            generation, recipient = desk.sealing_key("SECRET")
            opened = {}
            for number in range(start // 10, (min(start + 500, count) + 9) // 10):
                dossier = f"D{number + 2:06}"
                content = DossierCard({"vin": f"LSVAA49J1{number:08}"}, {}, {}).plain()
                opened[dossier] = desk._card(f"C000001/{dossier}", dossier, content)
            sealed = desk.make_durable()
            for dossier, card in opened.items():
                subject = {"customer": "C000001", "dossier": dossier}
                desk.say("dossier", subject, card=as_card(sealed[card]), type="new_car")
            names = {}
            for number in range(start, min(start + 500, count)):
                record, dossier = f"R{number + 1:08}", f"D{number // 10 + 2:06}"
                names[record] = ("C000001", dossier)
                label = record_label(record, "SECRET", generation)
                card = b"{}" if scan_bytes < 1000 else os.urandom(4000)
                bodies: dict[str, Path | bytes] = {"pdf": os.urandom(scan_bytes), "card": card}
                desk.seal(Put(f"C000001/{dossier}/{record}", label, recipient, bodies))
            receipts = desk.make_durable()
            for record, (customer, dossier) in names.items():
                receipt = receipts[f"{customer}/{dossier}/{record}"]
                objects = {"head": receipt.head_sha256, "scan": as_object(receipt, "pdf"),
                           "card": as_object(receipt, "card")}  # fmt: skip
                subject = {"customer": customer, "dossier": dossier, "record": record}
                desk.say("file", subject, claim=record, type="sales_contract", grade="SECRET",
                         generation=generation, pages=1, media="application/pdf",
                         objects=objects, print=record, clauses=[], packs=[])  # fmt: skip
            desk.append()
    archive.follow()
    archive.close()


def bare_rewrap(bench: Bench, target: Path) -> int:
    """The same heads on one core: read, opened, sealed to another key, written and renamed."""
    from archivist import config
    from storage.age.files import seal_header, unlock
    from storage.age.header import Header
    from storage.age.recipients import HybridIdentity
    from storage.counterparts import Counterparts
    from storage.keys import KeyRing
    from storage.people import People

    beside = Counterparts.beside(house_key(bench, config.load(bench.root).archive_id))
    person = People(bench.root / "keys" / "people").unlock("bench", "bench")
    old = KeyRing(bench.root / "keys" / "grades", beside).open_grade("SECRET", 1, person).identity
    recipient = HybridIdentity.generate().recipient
    target.mkdir()
    count = 0
    for path in (bench.root / "keys" / "records").rglob("R*.head"):
        header = Header.parse(path.read_bytes())
        label = header.of_kind("archivist/label-v1")
        sealed = seal_header(unlock(header, [old]), [recipient], label)
        part = target / f".{path.name}"
        part.write_bytes(sealed)
        part.rename(target / path.name)
        count += 1
    return count


def bench_rotate(options: argparse.Namespace) -> None:
    """A whole `key rotate`, durable and in the ledger, against bare re-wrapping of its heads."""
    ours: list[float] = []
    bare: list[float] = []
    peak_mib = 0
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            bench = Bench(Path(name))
            filed_heads(bench, options.records)
            started = time.perf_counter()
            assert bare_rewrap(bench, bench.folder / "bare") == options.records
            bare.append(options.records / (time.perf_counter() - started))
            started = time.perf_counter()
            bench.run("key", "rotate", "SECRET")
            ours.append(options.records / (time.perf_counter() - started))
            peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    report(f"rotation, {options.records} records (peak {peak_mib} MiB)", "heads/s",
           {"bare": bare, "key rotate": ours})  # fmt: skip


def stored_paths(root: Path) -> list[str]:
    """Every file that an audit reads, in the order of their names."""
    tops = (root / "store", root / "keys" / "records")
    return sorted(str(path) for top in tops for path in top.rglob("*") if path.is_file())


def cpu_of_children() -> float:
    """Seconds of processor time that ended children used, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def hashed(paths: list[str]) -> int:
    """SHA-256 over each file."""
    import hashlib

    for path in paths:
        with Path(path).open("rb", buffering=0) as file:
            hashlib.file_digest(file, "sha256")
    return len(paths)


def bench_audit(options: argparse.Namespace) -> None:
    """An audit without keys (ledger verified, rows made again and compared, every stored byte
    hashed, heads' labels compared, strays looked for) against hashing the same files alone on as
    many cores. Both start their processes within the time, of the clock and of the processors."""
    clock: dict[str, list[float]] = {"bare SHA-256": [], "audit": []}
    cpu: dict[str, list[float]] = {name: [] for name in clock}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        filed_heads(bench, options.records, options.kib << 10)
        paths = stored_paths(bench.root)
        mib = sum(Path(path).stat().st_size for path in paths) / 2**20
        chunk = max(1, len(paths) // (CORES * 8))
        shares = [paths[at : at + chunk] for at in range(0, len(paths), chunk)]
        hashed(paths)  # both read from the page cache
        key = next((bench.folder / "config" / "archivist").glob("*.key"))
        peak = 0
        for _ in range(options.rounds):
            started, used = time.perf_counter(), cpu_of_children()
            with ProcessPoolExecutor(CORES, mp_context=get_context("fork")) as pool:
                assert sum(pool.map(hashed, shares)) == len(paths)
            clock["bare SHA-256"].append(mib / (time.perf_counter() - started))
            cpu["bare SHA-256"].append(mib / (cpu_of_children() - used))
            took, cpu_took, peak = measured_in_child(AUDIT_CODE, bench.root, str(key))
            clock["audit"].append(mib / took)
            cpu["audit"].append(mib / cpu_took)
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    title = f"audit, {options.records} records of {options.kib} KiB (peak {peak} MiB, load {load})"
    report(title, "MiB/s", clock)
    report(title, "MiB a second of processor time", cpu)


TYPES = ("green_card", "invoice_copy", "sales_contract", "id_card", "delivery_check",
         "driving_licence", "insurance", "conformity_cert", "delivery_photo", "pdi")  # fmt: skip


def inserted_record(number: int, count: int, packs: str) -> tuple[Any, ...]:
    """A record's row, as long as filing leaves it: ten to a dossier, a thousand dossiers at a
    time, over sixteen years."""
    dossier = number // 10_000 * 1000 + number % 1000
    year, month = 2010 + number * 16 // count, number // 7 % 12 + 1
    filed = f"{year}-{month:02}-{number % 28 + 1:02}T0{number % 10}:{number % 50 + 10}:00Z"
    body = {"sha256": f"{number:064}", "size_bytes": 123_456, "suffix": "pdf"}
    objects = {"head": "a" * 64, "scan": body, "card": body | {"suffix": "card"}}
    record = f"R{number + 1:08}"
    return (record, number + 100, f"C{dossier // 2 + 1:06}", f"D{dossier + 1:06}",
            TYPES[number // 1000 % 10], "SECRET", "SECRET", 1, 3, "application/pdf", "pdf",
            123_456, filed, "station", f"{number:026}", f"{number:064}", json.dumps(objects),
            '["S001-3-R13", "S001-4-R02"]', packs, record, None)  # fmt: skip


def inserted_dossier(number: int, count: int, all_due: bool) -> tuple[Any, ...]:
    """Sold in one year and closed in the next, one in five still open; or all closed long ago."""
    year = 1990 if all_due else 2010 + number * 16 // count
    closed = None if number % 5 == 0 and not all_due else f"{year + 1}-05-{number % 28 + 1:02}"
    events = json.dumps({"sale": f"{year}-03-{number % 28 + 1:02}"})
    keys = json.dumps({"vin": f"LSVAA49J1{number:08}"})
    return (f"D{number + 1:06}", f"C{number // 2 + 1:06}", "new_car", keys, events, "{}", closed,
            "2010-01-01T00:00:00Z", None)  # fmt: skip


def insert_records(bench: Bench, options: argparse.Namespace) -> Path:
    """Records, dossiers and customers straight into the catalogue: filing a million takes hours.
    One record in a hundred is not there. Returns the house key's place."""
    from archivist import config
    from archivist.archive import Archive

    count, settings = options.records, config.load(bench.root)
    key = bench.folder / "config" / "archivist" / f"{settings.archive_id}.key"
    archive = Archive.open(settings, key)
    archive.follow()
    database = archive.catalogue._db
    packs = json.dumps(sorted(settings.packs))
    rows = (inserted_record(n, count, packs) for n in range(count + count // 99) if n % 100 != 7)
    database.execute("BEGIN")
    database.execute("DELETE FROM dossier")
    database.execute("DELETE FROM customer")
    database.executemany(f"INSERT INTO record VALUES ({', '.join('?' * 21)})", rows)
    database.executemany(
        "INSERT INTO dossier VALUES (?,?,?,?,?,?,?,?,?)",
        (inserted_dossier(n, count // 10, options.all_due) for n in range(count // 10 + 2000)),
    )
    database.executemany(
        "INSERT INTO customer (id, name, kind, fields, opened) VALUES (?,?,?,?,?)",
        ((f"C{n + 1:06}", f"customer {n}", "person", "{}", "2010-01-01T00:00:00Z")
         for n in range(count // 20 + 1000)),
    )  # fmt: skip
    database.execute("COMMIT")
    archive.close()
    return key


# Each runs in a process of its own and prints seconds by the clock and of processor time, peak
# memory in MiB, and what it found.
_OPENED = """
import sys, time, resource
from datetime import date
from pathlib import Path
from archivist import config, sweeping
from archivist.archive import Archive
from archivist.regulations import policy_of
from archivist.standing import company_calendar
archive = Archive.open(config.load(Path(sys.argv[1])), Path(sys.argv[2]))
archive.follow()
today = date(2026, 11, 29)
started, used = time.perf_counter(), time.process_time()
{work}
took, used = time.perf_counter() - started, time.process_time() - used
print(took, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, found)
"""
PLAN_CODE = _OPENED.format(
    work="""
policy = policy_of(archive.settings, archive.catalogue)
plan = sweeping.plan_of(archive, policy, company_calendar({}), today)
found = {name: len(lines) for name, lines in plan.lists.items()} | {"papers": dict(plan.kept)}
"""
)
# What somebody writes who knows that one period holds for everything.
BY_HAND_CODE = _OPENED.format(
    work="""
sql = '''SELECT r.id, r.type, r.packs, r.filed FROM record r JOIN dossier d ON d.id = r.dossier
  WHERE date(coalesce(d.closed, r.filed), '+10 years') < ? '''
found = sum(1 for row in archive.catalogue._db.execute(sql, (today.isoformat(),)))
"""
)


def bench_sweep(options: argparse.Namespace) -> None:
    """The whole plan of a sweep against one statement by hand, over the same rows."""
    took: dict[str, list[float]] = {"SQL by hand": [], "plan": []}
    used: dict[str, list[float]] = {"SQL by hand": [], "plan": []}
    peaks, found = {}, {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name), packs=("auto-dealer", "secrecy", "statutory-floors"))
        key = insert_records(bench, options)
        for _ in range(options.rounds):
            for label, code in (("SQL by hand", BY_HAND_CODE), ("plan", PLAN_CODE)):
                words = [sys.executable, "-P", "-c", code, str(bench.root), str(key)]
                ran = subprocess.run(words, capture_output=True, text=True, check=True)
                by_clock, by_core, peaks[label], found[label] = ran.stdout.split(" ", 3)
                took[label].append(float(by_clock))
                used[label].append(float(by_core))
    title = f"planning a sweep over {options.records} records (peak {peaks['plan']} MiB)"
    report(title, "s", took)
    report("the same, processor time", "s", used)
    for label, said in found.items():
        print(f"{label}: {said.strip()}")


def bench_policies(options: argparse.Namespace) -> None:
    """Loading every shipped pack against bare TOML parsing of the same text, and judging one page
    of a purchase invoice against all packs against the folding of that page alone."""
    import tomllib

    from archivist.regulations import shipped_packs
    from index.analysis import fold
    from policies.facts import DossierInfo, Facts, Hints, Known, PageFacts
    from policies.judge import judge
    from policies.packs import parse_pack
    from policies.policy import Policy
    from policies.routing import read_clues

    texts = shipped_packs()
    packs = [parse_pack(text, name) for name, text in texts.items()]
    policy = Policy.adopt(packs, {"ungraded": "SECRET"}, fold)
    text = "机动车销售统一发票\n发票代码：144032509110\n购买方名称\n价税合计\n" + page_text(1)
    facts = Facts("image/png", ".png", 1, "0" * 64, (PageFacts(text, source="ocr"),))
    known = Known((DossierInfo("D000001", "C000001", "new_car"),))
    hints = Hints(("C000001", "D000001"), "scan_0001")

    def judged() -> None:
        judge(facts, read_clues(facts, hints, policy), known, policy)

    loading: dict[str, list[float]] = {"bare tomllib": [], "all packs, checked": []}
    judging: dict[str, list[float]] = {"folding the page": [], "judging it": []}
    for _ in range(options.rounds):
        loading["bare tomllib"].append(
            1000 * seconds(lambda: [tomllib.loads(text) for text in texts.values()])
        )
        loading["all packs, checked"].append(
            1000 * seconds(lambda: [parse_pack(text, name) for name, text in texts.items()])
        )
        judging["folding the page"].append(1000 * seconds(lambda: fold(text), 100))
        judging["judging it"].append(1000 * seconds(judged, 100))
    report(f"loading {len(texts)} packs", "ms", loading)
    report(f"judging one document by {len(texts)} packs", "ms", judging)


def sqlite_appends(path: Path, groups: list[list[bytes]]) -> float:
    """Entries a second into SQLite, each group one durable transaction."""
    import sqlite3

    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE entry (idx INTEGER PRIMARY KEY, raw BLOB NOT NULL)")
    index, started = 0, time.perf_counter()
    for group in groups:
        database.execute("BEGIN")
        database.executemany("INSERT INTO entry VALUES (?, ?)", enumerate(group, start=index))
        database.execute("COMMIT")
        index += len(group)
    took = time.perf_counter() - started
    database.close()
    return index / took


def ledger_appends(root: Path, groups: list[list[bytes]]) -> float:
    """Entries a second into the ledger: every group takes and lets go of the lock."""
    ledger = new_ledger(root)
    started = time.perf_counter()
    for group in groups:
        ledger.append(group)
    took = time.perf_counter() - started
    ledger.close()
    return sum(map(len, groups)) / took


def new_ledger(root: Path) -> "Ledger":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from storage.ledger import Ledger

    return Ledger.create(root, "bench.example/l", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def entry_of(index: int) -> bytes:
    """242 bytes, as long as an entry of the archive usually is at the least."""
    return b"%012d" % index + b"e" * 230


def bench_ledger(options: argparse.Namespace) -> None:
    """Appends against SQLite; verifying against bare hashing; opening and memory at full size."""
    for size, rounds in ((1, 500), (10, 300), (100, 100)):
        groups = [
            [entry_of(n) for n in range(at, at + size)] for at in range(0, size * rounds, size)
        ]
        rates: dict[str, list[float]] = {"SQLite WAL FULL": [], "ledger": []}
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory(prefix="bench-") as name:
                rates["SQLite WAL FULL"].append(sqlite_appends(Path(name) / "e.db", groups))
                rates["ledger"].append(ledger_appends(Path(name) / "ledger", groups))
        report(f"durable appends, {size} in a group", "entries/s", rates)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        for count in (options.entries // 10, options.entries):
            bench_verify(Path(name) / f"{count}", count, options.rounds)


def bench_verify(root: Path, count: int, rounds: int) -> None:
    """One ledger of `count` entries: verified, opened, each in a process of its own."""
    from hashlib import sha256

    ledger = new_ledger(root)
    for start in range(0, count, 4000):
        ledger.append([entry_of(n) for n in range(start, min(start + 4000, count))])
        if start % 40_000 == 0:
            ledger.publish()
    ledger.publish()
    ledger.append([entry_of(count)])
    vkey = ledger.vkey
    ledger.close()
    entries = [entry_of(n) for n in range(min(count, 100_000))]
    rates: dict[str, list[float]] = {"bare SHA-256": [], "ledger verify": []}
    opened, peak = [], 0
    for _ in range(rounds):
        rates["bare SHA-256"].append(
            len(entries) / seconds(lambda: [sha256(entry).digest() for entry in entries])
        )
        took, peak = timed_in_child(VERIFY_CODE, root, vkey)
        rates["ledger verify"].append(count / took)
        opened.append(timed_in_child(OPEN_CODE, root, vkey))
    report(f"verifying {count} entries (peak {peak} MiB)", "entries/s", rates)
    times, peaks = zip(*opened, strict=True)
    print(f"opening it: {1000 * statistics.median(times):.1f} ms, peak {max(peaks)} MiB")


# Each prints its seconds by the clock and of the processors, and the most memory that it or one
# of its children held, in MiB.
_CHILD = """
import sys, time, resource
from pathlib import Path
from storage.ledger import Ledger
from storage.ledger_audit import verify
kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
def cpu():
    return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)
started, used = time.perf_counter(), cpu()
{work}
took, used = time.perf_counter() - started, cpu() - used
# What the system says of a whole process counts what its parent held when it was started, too.
own = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(took, used, max(int(own), resource.getrusage(kinds[1]).ru_maxrss) // 1024)
"""
VERIFY_CODE = _CHILD.format(work="assert verify(Path(sys.argv[1]), sys.argv[2]).ok")
AUDIT_CODE = _CHILD.format(
    work="""
from datetime import UTC, datetime
from archivist import config
from archivist.archive import Archive
from archivist.auditing import Asked, Audit
archive = Archive.open(config.load(Path(sys.argv[1])), Path(sys.argv[2]))
started, used = time.perf_counter(), cpu()
assert verify(archive.root / "ledger", archive.settings.vkey).ok
audit = Audit(archive, Asked(seed=1, now=datetime.now(UTC)), None, None, fresh=True)
found = list(audit.run())
assert not found, found[:3]
"""
)
OPEN_CODE = _CHILD.format(work="Ledger.open(Path(sys.argv[1]), sys.argv[2])")


def timed_in_child(code: str, root: Path, vkey: str) -> tuple[float, int]:
    """Seconds and peak memory of a piece of work in a fresh process, imports not counted."""
    took, _, peak = measured_in_child(code, root, vkey)
    return took, peak


def measured_in_child(code: str, root: Path, vkey: str) -> tuple[float, float, int]:
    """The same, with the seconds of processor time before the memory."""
    words = [sys.executable, "-P", "-c", code, str(root), vkey]
    ran = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    took, used, peak = ran.stdout.split()
    return float(took), float(used), int(peak)


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """How long one round of `work` takes, of so many rounds."""
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


def backup_steps(bench: Bench) -> dict[str, Callable[[], object]]:
    """Two snapshots and a proof, each behind the bare work of the same kind."""
    dest, copy = bench.folder / "stick", bench.folder / "copy"

    def copied() -> None:
        for part in ("store", "keys/records"):
            shutil.copytree(bench.root / part, copy / part)
        subprocess.run(["sync", "-f", copy], check=True)

    def hashed() -> None:
        for path in filter(Path.is_file, dest.rglob("*~*")):
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256")

    return {
        "copy and sync": copied,
        "first snapshot": lambda: bench.run("backup", "create", str(dest)),
        "nothing new": lambda: bench.run("backup", "create", str(dest)),
        "hashlib": hashed,
        "verify": lambda: bench.run("backup", "verify", str(dest)),
    }


def bench_backup(options: argparse.Namespace) -> None:
    """Whole commands, durable and in the ledger, on the disk that the archive lies on."""
    rates: dict[str, list[float]] = {}
    peak_mib = 0
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            bench = Bench(Path(name))
            filed_heads(bench, options.records, options.kilobytes * 1000)
            for title, step in backup_steps(bench).items():
                rates.setdefault(title, []).append(options.records / seconds(step))
            peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    title = f"backup, {options.records} records of {options.kilobytes} kB (peak {peak_mib} MiB)"
    report(title, "records/s", rates)


# ── dying ─────────────────────────────────────────────────────────────────────


def bench_kills(options: argparse.Namespace) -> None:
    """No rate: what is left of an intake whose process is killed again and again."""
    from kills import Campaign, bases

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        rng = random.Random(options.seed)
        told = partial(print, flush=True)
        campaign = Campaign(bench.environment, bench.root, rng, told)
        found = campaign.run(bases(), options.files, options.kills)
    print(json.dumps({"bench": "kills", **found}))


def report(title: str, unit: str, rates: dict[str, list[float]]) -> None:
    """One table and one JSON line; the first row is the limit that the others are held against."""
    medians = {name: statistics.median(values) for name, values in rates.items()}
    limit = next(iter(medians.values()))
    print(f"{title} ({unit}, {CORES} cores, median of {len(next(iter(rates.values())))})")
    for name, rate in medians.items():
        print(f"  {name:<24} {rate:10.2f}   {rate / limit:5.2f}")
    ratios = {name: round(rate / limit, 3) for name, rate in medians.items()}
    print(
        json.dumps(
            {
                "bench": title,
                "unit": unit,
                "cores": CORES,
                "rates": {n: round(r, 2) for n, r in medians.items()},
                "ratios": ratios,
            }
        )
    )


def bench_hostile(options: argparse.Namespace) -> None:
    """Broken and hostile scans through the real daemon; a page of its own."""
    from bench_hostile import bench_hostile as run

    run(options)


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "intake": bench_intake,
    "ocr": bench_ocr,
    "search": bench_search,
    "merge": bench_merge,
    "index": bench_index,
    "ledger": bench_ledger,
    "rotate": bench_rotate,
    "audit": bench_audit,
    "backup": bench_backup,
    "sweep": bench_sweep,
    "policies": bench_policies,
    "hostile": bench_hostile,
    "kills": bench_kills,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    intake = commands.add_parser("intake")
    intake.add_argument("--count", type=int, default=200)
    intake.add_argument("--pdf-pages", type=int, default=2)
    intake.add_argument("--rounds", type=int, default=3)
    for command, pages in (("ocr", 24), ("search", 1000), ("merge", 20_000), ("index", 1000)):
        words = commands.add_parser(command)
        words.add_argument("--pages", type=int, default=pages)
        words.add_argument("--rounds", type=int, default=3)
        if command in ("search", "merge"):
            usual = 1 if command == "search" else 3
            words.add_argument("--grades", type=int, choices=range(1, 6), default=usual)
        if command == "search":
            words.add_argument("--inserted", type=int, default=0)
    rotate = commands.add_parser("rotate")
    rotate.add_argument("--records", type=int, default=20_000)
    rotate.add_argument("--rounds", type=int, default=3)
    audit = commands.add_parser("audit")
    audit.add_argument("--records", type=int, default=2000)
    audit.add_argument("--kib", type=int, default=300)
    audit.add_argument("--rounds", type=int, default=3)
    backup = commands.add_parser("backup")
    backup.add_argument("--records", type=int, default=2000)
    backup.add_argument("--kilobytes", type=int, default=100)
    backup.add_argument("--rounds", type=int, default=3)
    sweep = commands.add_parser("sweep")
    sweep.add_argument("--records", type=int, default=1_000_000)
    sweep.add_argument("--rounds", type=int, default=3)
    sweep.add_argument("--all-due", action="store_true")
    ledger = commands.add_parser("ledger")
    ledger.add_argument("--entries", type=int, default=1_000_000)
    ledger.add_argument("--rounds", type=int, default=5)
    hostile = commands.add_parser("hostile")
    hostile.add_argument("--files", type=int, default=10_000)
    hostile.add_argument("--batch", type=int, default=500)
    hostile.add_argument("--seconds", type=float, default=math.inf)
    hostile.add_argument("--seed", type=int, default=1)
    kills = commands.add_parser("kills")
    kills.add_argument("--files", type=int, default=2000)
    kills.add_argument("--kills", type=int, default=500)
    kills.add_argument("--seed", type=int, default=1)
    commands.add_parser("policies").add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    COMMANDS[options.command](options)


if __name__ == "__main__":
    main()
