"""Broken and hostile scans by the hundred: each has its end, and none is lost or altered.

A short corpus always; ARCHIVIST_LONG=1 makes it ten times as long. `scripts/bench hostile` sends
ten thousand through a daemon of its own and measures.
"""

import hashlib
import os
from collections import Counter
from pathlib import Path

import hostile
import pytest

SCANS = Path(__file__).parents[3] / "shared" / "scans"
LONG = "ARCHIVIST_LONG" in os.environ
SEED, COUNT = 7, 1500 if LONG else 145
BOX = hostile.LINES if LONG else hostile.MARGIN
QUARANTINED = {"damaged", "empty", "encrypted", "not-a-document", "too-large"}


@pytest.fixture(scope="module")
def corpus():
    if not SCANS.is_dir():
        pytest.skip("the sample scans are not here")
    return list(hostile.corpus(SCANS, SEED, COUNT, BOX))


def digest(content):
    return hashlib.sha256(content).hexdigest()


def test_every_hostile_scan_has_one_end(home, corpus):
    """Each file of the corpus is a record or lies in a tray, byte for byte, with a known reason."""
    for name, content in corpus:
        home.drop(f"C000001/D000001/合同/{name}", content)
    outcomes = home.lines("watch", "--once")
    assert len(outcomes) == len(corpus)
    trays = [content for tray in ("quarantine", "unsorted", "duplicates") for content in
             home.in_tray(tray)]  # fmt: skip
    records = [home.opened(o["record"]) for o in outcomes if o["record"]]
    assert Counter(map(digest, trays + records)) == Counter(digest(c) for _, c in corpus)
    assert not [path for path in (home.root / "work").rglob("*") if path.is_file()]
    reasons = Counter(o["reason"] for o in outcomes)
    assert set(reasons) <= QUARANTINED | {None, "duplicate", "blank"}
    assert reasons["damaged"] > COUNT / 4, reasons  # the corpus does spoil what it changes
    assert home.json("ledger", "verify")["ok"]


def test_the_corpus_is_the_same_for_the_same_seed(corpus):
    """What a run finds can be made again from its seed and the file's number."""
    again = dict(hostile.corpus(SCANS, SEED, 40, BOX))
    assert all(content == again[name] for name, content in corpus[:40])
    assert len({digest(content) for _, content in corpus}) == len(corpus)
