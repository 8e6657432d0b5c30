"""Full text: whole searches as somebody types them, the engines alone, and building an index."""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benches.engines import engines, engines_absent, tokens_of
from benches.material import BIN, GRADES, Bench, house_key, page_text, text_pdf
from benches.measuring import Rates, Table, bytes_below, milliseconds, seconds, seconds_of


def bench_search(options: argparse.Namespace) -> Iterator[Table]:
    """A whole process, from exec to exit, against an interpreter that imports the two basics."""
    if options.grades > 1:
        yield from several_grades(options)
        return
    if options.sizes:
        yield from warm_searches(options)
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name))
        for seed in range(options.pages // 10):
            text_pdf(bench.place / f"{seed:05}.pdf", seed, 10)
        assert bench.watch_once() == options.pages // 10
        bench.run("login", "bench")
        needles = [page_text(seed * 100)[40:46] for seed in range(8)]
        bench.run("search", needles[0])  # catches up; measured is what everyday searches cost
        if options.inserted:
            insert_pages(bench, GRADES[:1], options.inserted)
            needles = [RARE, COMMON]
        bare_words = [sys.executable, "-c", "import sqlite3, click"]
        bare: list[float] = []
        ours: list[float] = []
        for turn in range(options.rounds * 5):
            bare.append(seconds_of(bare_words, bench.environment))
            words = [str(BIN / "archivist"), "search", needles[turn % len(needles)]]
            ours.append(seconds_of(words, bench.environment))
    rates = {"import sqlite3, click": bare, "archivist search": ours}
    pages = options.pages + options.inserted
    yield Table(f"search, cold process, {pages} pages", "ms", milliseconds(rates))


def several_grades(options: argparse.Namespace) -> Iterator[Table]:
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
    yield Table(
        f"search, cold process, {pages} pages a grade", "ms", milliseconds(rates),
        notes=(all_over_slowest(rates, chosen),),
    )  # fmt: skip


def all_over_slowest(rates: Rates, chosen: Sequence[str]) -> str:
    """How many times the slowest grade alone a search of all grades took."""
    medians = {grade: statistics.median(values) for grade, values in rates.items()}
    slowest = max(medians[grade] for grade in chosen)
    return f"{len(chosen)} grades / slowest single grade: {medians['all of them'] / slowest:.2f}"


# A name that one page in seven thousand has, a word that one in ten has, both together, and
# one character of the word: what is rare, common, mixed, and found by its first letter.
RARE, COMMON = "龙鳞项目", "罡煞魁魉"


ASKED = {"rare": RARE, "common": COMMON, "both": f"{COMMON} {RARE}", "one character": COMMON[0]}


def merged_pages(grade: int, start: int, stop: int, characters: int = 100) -> Iterator[Any]:
    """Short pages as only the engine needs them."""
    from index.engine import Page

    for number in range(start, stop):
        text = page_text(grade * 10_000_000 + number, characters)
        text += RARE * (number % 7000 == 3) + COMMON * (number % 10 == 3)
        names = (f"C{number // 100:06}", f"D{number // 10:06}", "sales_contract")
        yield Page(f"R{grade}{number:08}", 1, *names, 20260101, "", text)


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


def bench_merge(options: argparse.Namespace) -> Iterator[Table]:
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
        yield Table(
            f"merged search, {title}, {options.pages} pages a grade", "ms", milliseconds(found),
            notes=(all_over_slowest(found, chosen),),
        )  # fmt: skip


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


def bench_index(options: argparse.Namespace) -> Iterator[Table]:
    """Pages put a second, many in a transaction and one in each, by each engine; by the clock and
    in processor time, which other work on the machine moves less."""
    whole = list(merged_pages(0, 0, options.pages, options.characters))
    for page in whole:
        tokens_of(page)  # so that the bare engine finds them ready made
    few = whole[: max(10, options.pages // 10)]
    for title, pages, batch in (("200 pages", whole, 200), ("one page", few, 1)):
        rates: Rates = {}
        used: Rates = {}
        sizes: dict[str, float] = {}
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory(prefix="bench-") as name:
                for engine in engines(Path(name)):
                    if batch == 1 and engine.name == "whoosh":
                        pages = pages[:100]  # it rewrites a segment for each
                    began = time.process_time()
                    took = seconds(lambda: engine.fill(pages, batch))  # noqa: B023
                    cost = time.process_time() - began
                    rates.setdefault(engine.name, []).append(len(pages) / took)
                    used.setdefault(engine.name, []).append(len(pages) / cost)
                    engine.close()
                    sizes[engine.name] = bytes_below(engine.place) / len(pages)
        on_disk = ", ".join(f"{row} {size:,.0f}" for row, size in sizes.items())
        notes = (f"bytes a page on disk: {on_disk}", *engines_absent())
        many = f"{len(pages)} pages of {options.characters} characters"
        yield Table(f"index, {many}, {title} a transaction", "pages/s", rates, notes)
        best = {row: [max(values)] for row, values in used.items()}
        yield Table(f"the same, best of {options.rounds}", "pages/s of processor time", best)


def warm_searches(options: argparse.Namespace) -> Iterator[Table]:
    """The engines with open indexes of several sizes; `grep` over the same text is a process."""
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            opened = list(engines(Path(name), size))
            for start in range(0, size, 1000):
                pages = list(merged_pages(0, start, min(start + 1000, size), options.characters))
                for engine in opened:
                    engine.fill(pages, 1000)
            for title, word in (("rare", RARE), ("common", COMMON)):
                took: Rates = {engine.name: [] for engine in opened}
                for _ in range(options.rounds * 20):
                    for engine in opened:
                        took[engine.name].append(seconds(lambda: engine.ask(word)))  # noqa: B023
                shown = milliseconds(took)
                slow = ", ".join(
                    f"{row} {sorted(values)[round(0.99 * (len(values) - 1))]:.2f}"
                    for row, values in shown.items()
                )
                yield Table(
                    f"search, warm, {size} pages, {title} word, top 10", "ms", shown,
                    notes=(f"99 of 100 within: {slow}", *engines_absent()),
                )  # fmt: skip
            for engine in opened:
                engine.close()
