"""What an audit asks of the rows: numbers without gaps, fields that are there and plausible.

Owns the checks of completeness and of metadata (DA/T 46: identifier, place, type, date, grade,
period, pages, format, size, digests, who filed it under which rule). The rows it asks are those
made from the ledger, so what it finds was entered so, and was not changed afterwards.

Rule: questions are put to the whole table at once, so that a hundred thousand records cost no more
than one pass over them; at most `MOST` findings of one kind are told.

    for finding in facts(truth, now):
        print(finding.code, finding.where)
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from archivist.audit_bodies import Scope
from archivist.records import PREFIXES, numbered, timestamp
from archivist.vouching import Look, Truth
from policies.policy import Policy
from storage.ledger_findings import Finding

MOST = 200
CLOCK_SLACK = timedelta(minutes=5)

# What must be true of every record: a condition on its row that is wrong, the code, the words.
_RULES = (
    ("pages <= 0", "M-FIELD", "has no pages"),
    ("size_bytes <= 0", "M-FIELD", "has no size"),
    ("media = '' OR suffix = ''", "M-FIELD", "has no format"),
    ("type = '' OR grade = ''", "M-FIELD", "has no type or grade"),
    ("filed_by = '' OR claim = '' OR print = ''", "M-FIELD", "lacks who filed what"),
    ("until IS NOT NULL AND until < substr(filed, 1, 10)", "M-VALUE",
     "its secrecy ended before it was filed"),
    ("filed NOT GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T*Z'", "M-VALUE",
     "its day of filing is none"),
)  # fmt: skip


def fact_looks(now: datetime, policy: Policy | None, truth: Truth, scope: Scope) -> Iterator[Look]:
    """One look at each kind of fact. `policy` None: the regulations cannot be read."""
    for kind in ("customer", "dossier", "record"):
        yield partial(gaps, truth, kind)
    for condition, code, words in _RULES:
        yield partial(_wrong, truth, condition, code, words)
    ahead = timestamp(now + CLOCK_SLACK)
    yield partial(_wrong, truth, f"filed > '{ahead}'", "M-VALUE", "was filed in the future")
    for kind in ("customer", "dossier"):
        yield partial(_placeless, truth, kind)
    if policy is not None:
        yield partial(unknown_types, truth, policy)


def gaps(truth: Truth, kind: str) -> Iterator[Finding]:
    """Numbers count up without a gap; a destroyed record keeps its own."""
    missing = truth.replay.numbers_missing(kind, len(PREFIXES[kind][0]), MOST)
    for number in missing:
        yield Finding("G-GAP", numbered(kind, number), "was never given, though later numbers were")


def _wrong(truth: Truth, condition: str, code: str, words: str) -> Iterator[Finding]:
    for record in truth.replay.records_where(condition, MOST):
        yield Finding(code, record, words)


def _placeless(truth: Truth, kind: str) -> Iterator[Finding]:
    condition = f"{kind} NOT IN (SELECT id FROM {kind})"  # noqa: S608 (one of two words)
    for record in truth.replay.records_where(condition, MOST):
        yield Finding("M-PLACE", record, f"its {kind} is not there")


def unknown_types(truth: Truth, policy: Policy) -> Iterator[Finding]:
    """Every record is of a type and grade that an adopted regulation once declared."""
    known = {row["id"] for row in truth.replay.every_pack()}
    for named in truth.replay.types_and_grades():
        unknown = policy.find_type(named["type"]) is None or named["grade"] not in policy.grades
        if unknown and known <= {ref.partition("@")[0] for ref in policy.packs}:
            told = f"no regulation in force knows {named['type']} of grade {named['grade']}"
            yield Finding("M-VALUE", named["id"], told)
