"""Any call that changes a disk goes wrong: afterwards everything is whole, and the act goes on.

Each act is done in a child that is killed at one of its calls, or whose call fails, before or
after it landed (`tests/support/faults.py`). Then a start recovers, the act is done again where the
ledger does not name it, and it must have happened once: nothing lost, nothing twice.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from archive_home import PASSPHRASE, PERSON, Home, now
from faults import LONG, run, tried
from lending_home import filed, staffed
from whole import assert_whole, digest, ends_of, no_claim_left

from archivist import backing_up, clearing, customers, holds, lending, regrading
from archivist.backup_proofs import proved
from archivist.customers import CustomerCard
from archivist.errors import ArchivistError, BadRequest
from archivist.examine import Examiners
from archivist.intake import Piece, take_in
from archivist.lending import Back, Count
from archivist.recover import recover
from archivist.regrading import Wish
from archivist.regulations import policy_of
from index.errors import ShadowError
from storage.backups import Medium
from storage.errors import StorageError

TODAY = date.today()
TOLD = (StorageError, ShadowError, ArchivistError, OSError)
ASKED, LENT = "L000001", "L000002"  # approved; handed out
OFFICES = {'"role.drafting_unit"': "archivist", "secrecy_notice": "30"}
DROPPED = ("合同/甲.pdf", "合同/乙.pdf", "合同/又是甲.pdf", "无主.pdf")


@dataclass
class Stage:
    """An archive, whose keys are unlocked, and what was read of the scans in its drop folder."""

    home: Home
    keys: dict[str, Any]
    facts: dict[str, Any]


@pytest.fixture(scope="module")
def stage(template, scan, tmp_path_factory):
    """Sealed records, one loan approved and one handed out, three scans and a duplicate waiting."""
    home = staffed(Home.copy_of(template, tmp_path_factory.mktemp("stage") / "home"),
                   "lin", "zhao", "wang", **OFFICES)  # fmt: skip
    filed(home, scan, "赔偿金叁拾万圆", "合同乙")
    for record in ("R00000001", "R00000002"):
        ask = ("request", record, "--purpose", "核对", "--form", "view")
        loan = home.json("--as", "lin", "loan", *ask)["loan"]
        home.json("--as", "zhao", "loan", "approve", loan)
    home.json("loan", "issue", LENT)
    home.json("person", "clear", "zhao", "SECRET")
    contents = [scan("甲"), scan("乙"), scan("甲"), scan("无主之件")]
    facts = {}
    with Examiners(workers=1) as examiners:
        for name, content in zip(DROPPED, contents, strict=True):
            where = "" if name == DROPPED[-1] else "C000001/D000001/"
            facts[digest(content)] = examiners.examine(home.drop(where + name, content))
    archive = home.open()
    keys = {name: archive.people.unlock(name, PASSPHRASE) for name in (PERSON, "lin")}
    archive.close()
    return Stage(home, keys, facts)


# ── the acts ──────────────────────────────────────────────────────────────────


def _policy(archive):
    archive.follow()
    return policy_of(archive.settings, archive.catalogue)


def intake(stage, home, archive):
    """Claim what lies in the drop folder, with what a crash left, and take it in as one group."""
    claims = recover(archive, now())
    paths = sorted(path for path in home.drop_folder.rglob("*") if path.is_file())
    claims += [archive.claims.take(p, home.drop_folder, now(), os.urandom(10)) for p in paths]
    pieces = [Piece(c, stage.facts[digest(c.path.read_bytes())]) for c in claims]
    if pieces:
        take_in(pieces, archive, _policy(archive), now(), "station")


def issue(stage, home, archive):
    lending.issue(archive, _policy(archive), ASKED, Count(), "", stage.keys[PERSON], now(), TODAY)


def take_back(stage, home, archive):
    lending.take_back(archive, _policy(archive), LENT, Back(), PERSON, now(), TODAY)


def regrade(stage, home, archive):
    wish = Wish("CONF", "涉诉", date(2039, 1, 1))
    regrading.regrade(archive, _policy(archive), "R00000001", wish, stage.keys[PERSON], now())


def hold(stage, home, archive):
    holds.place(archive, _policy(archive), "D000001", "litigation", "案号", PERSON, now())


def add_customer(stage, home, archive):
    customers.add(archive, _policy(archive), CustomerCard("李雷"), now(), PERSON)


def clear(stage, home, archive):
    clearing.clear(archive, _policy(archive), "wang", "SECRET", stage.keys[PERSON], now())


def revoke(stage, home, archive):
    clearing.revoke(archive, _policy(archive), "zhao", "SECRET", "转岗", PERSON, now())


def leave(stage, home, archive):
    clearing.leave(archive, _policy(archive), "zhao", PERSON, now())


def back_up(stage, home, archive):
    backing_up.create(archive, home.top / "stick", now(), "station")


@dataclass(frozen=True)
class Act:
    """What is done, how the ledger says it, how often in all, and what holds before and after."""

    do: Callable[[Stage, Home, Any], None]
    named: str
    often: int = 1
    holds: Callable[[Stage, Home, Any, bool], bool] = lambda *_: True
    repeated: bool = False  # what comes behind its entry takes somebody, who says it again


def _lin_opens(loan, record):
    """lin, who is cleared for nothing, has a head of his own exactly while the loan says so."""

    def check(stage, home, archive, done):
        lent = done if loan == ASKED else not done
        return (f"{loan}/{record}" in archive.grants.names()) == lent

    return check


def _one_grade(stage, home, archive, done):
    """The record opens, and lies there once, in one grade."""
    row = archive.the("record", "R00000001")
    list(archive.record_bytes(row, "scan", stage.keys[PERSON]))
    bodies = list((home.root / "store").rglob("R00000001*.pdf.age"))
    return (row["grade"] == "CONF") == done and len(bodies) == 1


def _snapshots_whole(stage, home, archive, done):
    """Every finished snapshot is proved to the last byte; there is one where the ledger says so."""
    stick = home.top / "stick"
    names = Medium.open(stick).snapshots() if (stick / "backup.json").exists() else []
    proofs = [proved(Medium.open(stick), name).findings for name in names]
    return not any(proofs) and (bool(names) or not done)


def _keys_agree(stage, home, archive, done):
    """Nobody holds a key beyond what the ledger says; in the end both say the same."""
    said = {(c["key"], c["generation"], c["person"]) for c in archive.catalogue.clearances()}
    held = {
        (key, generation, name)
        for name in ("zhao", "wang", PERSON)
        for key, generation in archive.keys.held_by(name)
        if archive.catalogue.public_key(key, generation)
    }
    return held == said if done else held <= said


def _all_there(stage, home, archive, done):
    """Every scan lies somewhere, once; when done, in a record or the tray that it belongs to."""
    dropped = Counter({name: 2 if n == 0 else 1 for n, name in enumerate(stage.facts)})
    ends = ends_of(home, archive, stage.keys[PERSON])
    here = Counter({name: ends[name] for name in stage.facts})
    filed = archive.catalogue.record_count()
    trays = [len(home.tray_files(tray)) for tray in ("unsorted", "duplicates")]
    return here == dropped and (not done or (filed, *trays) == (4, 1, 1))


ACTS = {
    "intake": Act(intake, "file", 4, _all_there, repeated=True),
    "issue": Act(issue, "loan", 1, _lin_opens(ASKED, "R00000001")),
    "return": Act(take_back, "loan", 1, _lin_opens(LENT, "R00000002")),
    "regrade": Act(regrade, "regrade", 1, _one_grade),
    "hold": Act(hold, "hold"),
    "customer": Act(add_customer, "customer", 3),
    "clear": Act(clear, "clear", 2, _keys_agree, repeated=True),
    "revoke": Act(revoke, "revoke", 1, _keys_agree, repeated=True),
    "leave": Act(leave, "leave", 1, _keys_agree, repeated=True),
    "backup": Act(back_up, "backup", 1, _snapshots_whole),
}


def said(archive, name, act):
    """How often the ledger says that it was done."""
    lines = [json.loads(raw) for _, raw in archive.ledger.entries(0)]
    steps = {"issue": ASKED, "return": LENT}
    if name in steps:
        return sum(e["act"] == "loan" and e.get("step") == name
                   and e["subject"]["loan"] == steps[name] for e in lines)  # fmt: skip
    return sum(e["act"] == act.named for e in lines)


@pytest.mark.parametrize("name", ACTS)
def test_an_act_that_ends_at_any_call_happens_once(stage, tmp_path, name):
    """Killed, failed before it landed, failed after it: recovered, it is done or it is not."""
    act = ACTS[name]

    def attempt(home):
        archive = home.open()
        try:
            act.do(stage, home, archive)
        finally:
            archive.close()

    whole = Home.copy_of(stage.home.top, tmp_path / "whole")
    end = run(lambda: attempt(whole))
    assert end.how == "done", end.told
    seen = set()
    for fault in tried(end.calls, "killed", "lost", "landed", count=2):
        home = Home.copy_of(stage.home.top, tmp_path / "home")
        end = run(lambda home=home: attempt(home), fault)
        assert end.error is None or issubclass(end.error, TOLD), (fault, end.told)
        archive = home.open()
        recover(archive, now())
        about = (name, fault, end)
        assert_whole(archive, about)
        done = said(archive, name, act) == act.often
        seen.add(done)
        assert act.holds(stage, home, archive, done and not act.repeated), about
        archive.close()
        if not done or act.repeated:
            with suppress(BadRequest):  # done already
                attempt(home)
        archive = home.open()
        recover(archive, now())
        assert_whole(archive, about)
        # Where only the files of a clearance were lacking, one more entry names those there now.
        assert said(archive, name, act) - act.often in ((0, 1) if name == "clear" else (0,)), about
        assert act.holds(stage, home, archive, True), about
        assert no_claim_left(home), about
        archive.close()
        shutil.rmtree(home.top)
    assert not LONG or seen == {False, True}
