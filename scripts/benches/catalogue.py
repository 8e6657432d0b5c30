"""What people ask of the whole catalogue, against SQL by somebody who knows the answer's shape."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benches.material import Bench
from benches.measuring import Rates, Table, bytes_below

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
    year = 1990 if all_due else 2010 + min(number, count - 1) * 16 // count
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


ASKING = Path(__file__).with_name("questions.py")


def bench_sweep(options: argparse.Namespace) -> Iterator[Table]:
    """The whole plan of a sweep against one statement by hand, over the same rows."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name), packs=("auto-dealer", "secrecy", "statutory-floors"))
        key = insert_records(bench, options)
        title = f"planning a sweep over {options.records} records"
        yield compared(title, "sweep plan", bench, key, options.rounds)


# ── three questions at several sizes ──────────────────────────────────────────

BY_HAND, OURS = "SQL by hand", "archivist"
QUESTIONS = {  # by whom each is answered: `questions.py` knows how
    "missing": (BY_HAND, "by hand, as values", OURS),
    "loan list": (BY_HAND, "by hand, as values", OURS),
    "sweep plan": (BY_HAND, OURS),
}


def insert_loans(bench: Bench, key: Path, count: int) -> None:
    """One loan for each hundred records, one in ten of them still out."""
    from archivist import config
    from archivist.archive import Archive

    archive = Archive.open(config.load(bench.root), key)
    database = archive.catalogue._db
    database.execute("BEGIN")
    for number in range(count):
        row = inserted_loan(number)
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT INTO loan ({', '.join(row)}) VALUES ({marks})", [*row.values()])
    database.execute("COMMIT")
    archive.close()


def inserted_loan(number: int) -> dict[str, Any]:
    """A loan's row as a request, an approval, an issue and a return leave it."""
    day, record = f"20{number % 14 + 11}-{number % 12 + 1:02}", f"R{number * 100 + 1:08}"
    approval = {"step": 0, "role": "department_head", "act": "approve", "person": "wang",
                "time": f"{day}-02T01:00:00Z", "expires": None, "entry": number,
                "round": 1}  # fmt: skip
    return {
        "id": f"L{number + 1:06}", "idx": number + 50, "target": record, "customer": "C000001",
        "dossier": f"D{number % 1000 + 1:06}", "record": record, "person": "li", "asked_by": "li",
        "relation": "inside", "form": "borrow", "purpose": "check", "round": 1, "separate": 0,
        "lent": json.dumps({record: 3}), "approvals": json.dumps([approval]),
        "steps": json.dumps([{"role": "department_head", "act": "approve"}]),
        "state": "issued" if number % 10 == 0 else "returned", "due": f"{day}-20",
        "requested": f"{day}-01T01:00:00Z", "issued": f"{day}-03", "issued_by": "lin",
        "returned": None if number % 10 == 0 else f"{day}-15", "clauses": "[]", "packs": "[]",
    }  # fmt: skip


def bench_catalogue(options: argparse.Namespace) -> Iterator[Table]:
    """What a clerk, a head and the station ask of everything, at several sizes."""
    for count in options.records:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            bench = Bench(Path(name), packs=("auto-dealer", "secrecy", "statutory-floors"))
            key = insert_records(bench, argparse.Namespace(records=count, all_due=False))
            insert_loans(bench, key, count // 100)
            size = bytes_below(bench.root / "catalogue.db") / count
            told = f"{count} records, {size:.0f} bytes of catalogue each"
            for question in QUESTIONS:
                yield compared(f"{question}, {told}", question, bench, key, options.rounds)


def compared(title: str, question: str, bench: Bench, key: Path, rounds: int) -> Table:
    """Seconds by the clock; the least processor time, memory and what was found beside it.

    Each runs in a process of its own. Ends where the two answers are not the same.
    """
    took: Rates = {}
    used: dict[str, float] = {}
    told: dict[str, tuple[str, str, str]] = {}
    for side in QUESTIONS[question] * rounds:
        words = [sys.executable, "-P", ASKING, question, side, bench.root, key]
        ran = subprocess.run(words, capture_output=True, text=True, check=True)
        by_clock, by_core, peak, count, digest = ran.stdout.split()
        took.setdefault(side, []).append(float(by_clock))
        used[side] = min(used.get(side, float("inf")), float(by_core))
        told[side] = peak, count, digest
    if len({(count, digest) for _, count, digest in told.values()}) != 1:
        sys.exit(f"{question}: the answers are not the same: {told}")
    notes = [
        f"{side}: {used[side]:.3f} s of processor time at best "
        f"({used[side] / used[BY_HAND]:.2f}), peak {peak} MiB, found {count} ({digest})"
        for side, (peak, count, digest) in told.items()
    ]
    return Table(title, "s", took, tuple(notes))
