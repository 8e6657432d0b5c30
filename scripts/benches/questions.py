"""Three questions asked of a whole catalogue, once as the archive answers them and once by SQL that
somebody wrote by hand who knows the regulation.

A program of its own: `questions.py QUESTION SIDE ARCHIVE KEY` prints seconds by the clock and of
processor time, peak memory in MiB, how much was found, and a digest of it.

What is fair:
- Both bring out the same rows, columns and order: the digests must be the same, and the bench stops
  where they are not. By hand rows are tuples, with flags as numbers and lists as the JSON that
  lies there, made values for the digest after the time. The archive's are values already; what
  that costs by hand is told apart.
- Within the time is the question alone. Both find the modules loaded and the regulations read.
- By hand the regulation is a temporary table made before: items, types, and for every day the
  third working day after it. It is SQL of SQLite as quick as we could make it.
- Left out by hand, because it would not be one statement: what people saw to be wrong with papers
  (there are none here), adoptions that change a period, and periods that count from a filing.
"""

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from archivist import config, sweeping
from archivist.archive import Archive
from archivist.loan_book import listed
from archivist.missing import missing_items
from archivist.regulations import policy_of
from archivist.standing import company_calendar
from policies.policy import Policy

TODAY = date(2026, 11, 29)
CALENDAR = company_calendar({})
Rows = Iterable[Mapping[str, Any]]
Answer = Callable[[Archive, Policy], Any]
Digestible = Callable[[Any], Iterable[Any]]


# ── by hand ───────────────────────────────────────────────────────────────────


def prepare(archive: Archive, policy: Policy) -> None:
    """The regulation as tables: what a new car's dossier must hold, and when three days end."""
    database = archive.catalogue._db
    database.executescript(
        "CREATE TEMP TABLE wanted (place, item PRIMARY KEY, title, title_en, clause, special);"
        "CREATE TEMP TABLE counts_for (item, type, PRIMARY KEY (item, type)) WITHOUT ROWID;"
        "CREATE TEMP TABLE working (day PRIMARY KEY, third) WITHOUT ROWID;"
    )
    for place, item in enumerate(policy.dossier_type("new_car").items):
        row = (place, item.id, item.zh, item.en, item.clause, bool(item.when))
        database.execute("INSERT INTO wanted VALUES (?,?,?,?,?,?)", row)
        database.executemany("INSERT INTO counts_for VALUES (?,?)",
                             [(item.id, name) for name in item.types])  # fmt: skip
    days = (date(1989, 1, 1) + timedelta(n) for n in range(38 * 365))
    database.executemany(
        "INSERT INTO working VALUES (?,?)",
        ((day.isoformat(), CALENDAR.add_working_days(day, 3).isoformat()) for day in days),
    )


# What an open dossier has not: neither there nor destroyed when its time was over.
LACKING = """
FROM dossier d LEFT JOIN customer c ON c.id = d.customer
LEFT JOIN working k ON k.day = json_extract(d.events, '$.sale') CROSS JOIN wanted w
WHERE d.closed IS NULL AND d.type = 'new_car'
AND (NOT w.special OR coalesce(lower(trim(json_extract(c.fields, '$.special'))), '')
     NOT IN ('', '0', 'no', 'false', 'n', '否', '无', '無'))
AND NOT EXISTS (SELECT 1 FROM counts_for f CROSS JOIN record r INDEXED BY record_dossier
                ON r.dossier = d.id AND r.type = f.type WHERE f.item = w.item)
AND NOT EXISTS (SELECT 1 FROM counts_for f CROSS JOIN tombstone t
                ON t.dossier = d.id AND t.type = f.type WHERE f.item = w.item)
"""
MISSING = f"""
SELECT d.customer, CASE WHEN c.restricted IS NULL THEN c.name END AS customer_name,
  d.id AS dossier, d.type AS dossier_type, w.item, w.title, w.title_en, 'document' AS lack,
  '' AS detail, k.third AS due, '' AS due_at, NULL AS grace,
  coalesce(k.third < :today, 0) AS overdue, w.clause,
  CASE WHEN k.third IS NOT NULL THEN 'S001-3-R11' END AS due_clause, 1 AS certain,
  CASE WHEN k.third IS NULL THEN '["sale"]' ELSE '[]' END AS waits_for, 'sales' AS department
{LACKING} ORDER BY coalesce(k.third, '9999'), d.id, w.place
"""

LOANS = """
SELECT l.id AS loan, l.target, l.customer, l.dossier,
  (SELECT json_group_array(key ORDER BY key) FROM json_each(l.lent)) AS records,
  (SELECT sum(value) FROM json_each(l.lent)) AS pages, l.person, l.person IS NULL AS external,
  l.asked_by, l.relation, l.form, nullif(l.purpose, '') AS purpose_code, l.state, l.requested,
  l.until, l.steps, CASE WHEN l.state IN ('requested', 'renewing') THEN json_extract(l.steps,
    '$[' || (SELECT count(*) FROM json_each(l.approvals)
             WHERE json_extract(value, '$.round') = l.round) || ']') END AS waits_for,
  l.approvals, l.issued, l.issued_by, CASE WHEN l.issued IS NOT NULL THEN l.last END AS due,
  l.excused, coalesce(l.issued <= :today AND (l.returned IS NULL OR l.returned > :today)
    AND l.last < :today, 0) AS overdue,
  l.recalled, l.returned, l.condition, l.clauses, l.packs
FROM (SELECT *, CASE WHEN excused > due THEN excused ELSE due END AS last FROM
  (SELECT l.*, CASE WHEN l.due_after IS NULL THEN l.due ELSE
     (SELECT min(day) FROM (SELECT l.due AS day UNION ALL
       SELECT date(max(e.value, l.issued), '+' || json_extract(l.due_after, '$.days') || ' days')
       FROM json_each(l.due_after, '$.events') n JOIN dossier d ON d.id = l.dossier
       JOIN json_each(d.events) e ON e.key = n.value)) END AS due FROM loan l) l) l
ORDER BY l.id
"""

# A law's period of ten years from the closing, longer than any regulation's, holds for everything.
OVER = """
SELECT r.id, 'dispose', 'floor-over', date(d.closed, '+10 years'), '["商务部令2017-1"]',
  '["statutory-floors@2026.1"]', d.customer, d.id, r.type, '', ''
FROM dossier d CROSS JOIN record r INDEXED BY record_kept ON r.dossier = d.id
WHERE date(d.closed, '+10 years') < :today
AND d.id NOT IN (SELECT h.target FROM hold h WHERE h.released IS NULL)
AND d.customer NOT IN (SELECT h.target FROM hold h WHERE h.released IS NULL)
AND r.id NOT IN (SELECT h.target FROM hold h WHERE h.released IS NULL)
AND r.id NOT IN (SELECT e.key FROM loan l, json_each(l.lent) e
  WHERE l.state IN ('requested', 'approved', 'issued', 'renewing', 'recalled'))
AND r.id NOT IN (SELECT o.record FROM disposal_record o WHERE o.fate IN ('open', 'destroy'))
AND r.id NOT IN (SELECT o.record FROM kept o)
ORDER BY d.id, r.packs, r.type, r.id
"""
STAYING = """
SELECT CASE WHEN d.closed IS NULL THEN 'waits' ELSE 'floor' END, count(*)
FROM dossier d CROSS JOIN record r INDEXED BY record_kept ON r.dossier = d.id
WHERE d.closed IS NULL OR date(d.closed, '+10 years') >= :today GROUP BY 1
"""
ENDING = """
SELECT id, 'declassify', 'period-over', until, clauses, packs, '', '', grade, '', ''
FROM record WHERE until IS NOT NULL AND until < :today ORDER BY until, id
"""
NOT_BACK = """
SELECT id, 'remind', 'overdue', due, clauses, packs, customer, dossier, form, '', '' FROM loan
WHERE issued <= :today AND (returned IS NULL OR returned > :today) AND due < :today ORDER BY id
"""
LATE = f"""
SELECT d.id, 'remind', 'overdue', k.third, '["' || w.clause || '", "S001-3-R11"]', '[]',
  d.customer, d.id, w.item, 'document', ''
{LACKING} AND k.third < :today ORDER BY k.third, d.id, w.item
"""


def _asked(archive: Archive, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    cursor = archive.catalogue._db.execute(sql, {"today": TODAY.isoformat()})
    return [column[0] for column in cursor.description], cursor.fetchall()


def missing_by_hand(archive: Archive, _: Policy) -> Any:
    """What each open dossier lacks."""
    return _asked(archive, MISSING)


def loans_by_hand(archive: Archive, _: Policy) -> Any:
    """Every loan."""
    return _asked(archive, LOANS)


def plan_by_hand(archive: Archive, _: Policy) -> Any:
    """The five lists, and how many papers stay."""
    lists = [_asked(archive, sql)[1] for sql in (OVER, ENDING, NOT_BACK, LATE)]
    return lists, dict(_asked(archive, STAYING)[1]) | {"over": len(lists[0])}


# ── the archive ───────────────────────────────────────────────────────────────


def missing_asked(archive: Archive, policy: Policy) -> Any:
    """What `archivist missing` asks."""
    return missing_items(archive, policy, CALENDAR, TODAY)


def loans_asked(archive: Archive, _: Policy) -> Any:
    """What `archivist loan list` asks."""
    return listed(archive, TODAY)


def plan_asked(archive: Archive, policy: Policy) -> Any:
    """What `archivist sweep --dry-run` asks."""
    return sweeping.plan_of(archive, policy, CALENDAR, TODAY)


# ── the same form for both ────────────────────────────────────────────────────

_FLAGS = ("overdue", "certain", "external")
_JSON = ("records", "steps", "waits_for", "approvals", "clauses", "packs")


def rows_by_hand(answer: tuple[list[str], list[tuple[Any, ...]]]) -> Iterable[Any]:
    """By the names of the columns, flags and JSON as values."""
    names, rows = answer
    for row in rows:
        told = dict(zip(names, row, strict=True))
        told |= {name: bool(told[name]) for name in _FLAGS if name in told}
        yield told | {name: json.loads(told[name]) for name in _JSON if told.get(name)}


def lines_by_hand(answer: tuple[list[list[tuple[Any, ...]]], dict[str, int]]) -> Iterable[Any]:
    """Line for line; then the counts."""
    for lines in answer[0]:
        yield from ((*row[:4], json.loads(row[4]), json.loads(row[5]), *row[6:]) for row in lines)
    yield answer[1]


def lines_of(plan: sweeping.Plan) -> Iterable[Any]:
    """The same of a plan. What is due on one day is in the order of dossiers and items."""
    for lines in (plan.retention, plan.declassify, plan.overdue, plan.deadlines, plan.inspections):
        yield from ((*line[:3], str(line[3]), *line[4:11]) for line in lines)
    yield dict(plan.kept)


def values_of(ask: Answer) -> Answer:
    """By hand, and made what the archive's answers are, within the time: rows with values."""
    return lambda archive, policy: list(rows_by_hand(ask(archive, policy)))


# Question → side → who answers, and how the answer is brought into one form.
SIDES: dict[str, dict[str, tuple[Answer, Digestible]]] = {
    "missing": {
        "SQL by hand": (missing_by_hand, rows_by_hand),
        "by hand, as values": (values_of(missing_by_hand), iter),
        "archivist": (missing_asked, iter),
    },
    "loan list": {
        "SQL by hand": (loans_by_hand, rows_by_hand),
        "by hand, as values": (values_of(loans_by_hand), iter),
        "archivist": (loans_asked, iter),
    },
    "sweep plan": {
        "SQL by hand": (plan_by_hand, lines_by_hand),
        "archivist": (plan_asked, lines_of),
    },
}


def main(question: str, side: str, root: str, key: str) -> None:
    """Ask once, and say what it took."""
    archive = Archive.open(config.load(Path(root)), Path(key))
    archive.follow()
    policy = policy_of(archive.settings, archive.catalogue)
    if side != "archivist":
        prepare(archive, policy)
    ask, in_one_form = SIDES[question][side]
    clock, core = time.perf_counter(), time.process_time()
    answer = ask(archive, policy)
    clock, core = time.perf_counter() - clock, time.process_time() - core
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    count, digest = 0, hashlib.sha256()
    for row in in_one_form(answer):
        count += 1
        digest.update(json.dumps(row, sort_keys=True).encode())
    print(clock, core, peak, count, digest.hexdigest()[:12])


if __name__ == "__main__":
    main(*sys.argv[1:])
