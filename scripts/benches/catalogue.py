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


# Each runs in a process of its own and prints seconds by the clock and of processor time, peak
# memory in MiB, and what it found.
OPENED = """
import json, sys, time, resource
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


PLAN_WORK = """
policy = policy_of(archive.settings, archive.catalogue)
plan = sweeping.plan_of(archive, policy, company_calendar({}), today)
found = {name: len(lines) for name, lines in plan.lists.items()} | {"papers": dict(plan.kept)}
"""
# What somebody writes who knows that one period holds for everything.
BY_HAND_WORK = """
sql = '''SELECT r.id, r.type, r.packs, r.filed FROM record r JOIN dossier d ON d.id = r.dossier
  WHERE date(coalesce(d.closed, r.filed), '+10 years') < ? '''
found = sum(1 for row in archive.catalogue._db.execute(sql, (today.isoformat(),)))
"""


def bench_sweep(options: argparse.Namespace) -> Iterator[Table]:
    """The whole plan of a sweep against one statement by hand, over the same rows."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name), packs=("auto-dealer", "secrecy", "statutory-floors"))
        key = insert_records(bench, options)
        asked = {"SQL by hand": BY_HAND_WORK, "plan": PLAN_WORK}
        title = f"planning a sweep over {options.records} records"
        yield compared(title, bench, key, asked, options.rounds)


# ── three questions at several sizes ──────────────────────────────────────────

# Question → (as the archive answers it, as somebody writes it who has the wanted types at hand).
QUESTIONS = {
    "missing": (
        """
from archivist.missing import missing_items
policy = policy_of(archive.settings, archive.catalogue)
found = len(missing_items(archive, policy, company_calendar({}), today))
""",
        """
sql = '''SELECT d.id, d.customer, c.name, w.value
  FROM dossier d JOIN customer c ON c.id = d.customer, json_each(?) w
  WHERE d.closed IS NULL AND NOT EXISTS
  (SELECT 1 FROM record r WHERE r.dossier = d.id AND r.type = w.value)'''
policy = policy_of(archive.settings, archive.catalogue)
wanted = json.dumps(sorted({one for item in policy.find_dossier_type("new_car").items
                            for one in item.types}))
started, used = time.perf_counter(), time.process_time()
found = len(archive.catalogue._db.execute(sql, (wanted,)).fetchall())
""",
    ),
    "loan list": (
        """
from archivist.loan_book import listed
found = len(listed(archive, today))
""",
        """
sql = '''SELECT l.*, l.issued IS NOT NULL AND l.returned IS NULL AND l.due < ? AS late, d.events
  FROM loan l JOIN dossier d ON d.id = l.dossier ORDER BY l.id'''
found = len(archive.catalogue._db.execute(sql, (today.isoformat(),)).fetchall())
""",
    ),
    "sweep plan": (PLAN_WORK, BY_HAND_WORK),
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
            for question, (ours, by_hand) in QUESTIONS.items():
                asked = {"SQL by hand": by_hand, "archivist": ours}
                yield compared(f"{question}, {told}", bench, key, asked, options.rounds)


def compared(title: str, bench: Bench, key: Path, asked: dict[str, str], rounds: int) -> Table:
    """Seconds by the clock; processor time, memory and what was found are told beside."""
    took: Rates = {}
    used: Rates = {}
    peaks, found = {}, {}
    for _ in range(rounds):
        for label, work in asked.items():
            words = [
                sys.executable,
                "-P",
                "-c",
                OPENED.format(work=work),
                str(bench.root),
                str(key),
            ]
            ran = subprocess.run(words, capture_output=True, text=True, check=True)
            by_clock, by_core, peaks[label], found[label] = ran.stdout.split(" ", 3)
            took.setdefault(label, []).append(float(by_clock))
            used.setdefault(label, []).append(float(by_core))
    cores = Table("", "", used)
    notes = [
        f"{label}: {cores.medians[label]:.3f} s of processor time ({cores.ratios[label]:.2f}), "
        f"peak {peaks[label]} MiB, found {found[label].strip()}"
        for label in asked
    ]
    return Table(title, "s", took, tuple(notes))
