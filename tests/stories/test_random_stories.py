"""Random stories: the real archive against a model of dictionaries; after every step both agree.

A story files, files again, lends, takes back, regrades, rotates keys, holds, destroys from proposal
to execution, backs up, and loses its machine, so that another one is set up from backup and bundle
alone; and any of these may be killed at any call that changes a disk, and recovered. After each
step: which records there are, in which grade, who opens them, what is on
loan to whom, and what is destroyed and therefore nowhere. Every few steps: what is found by whom,
and that the ledger proves itself, the catalogue is the one that a replay makes, and everything
stored is what entries name.

ARCHIVIST_LONG=1 tells longer stories, and many more of them.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from archive_home import PASSPHRASE, PERSON, Home
from faults import LONG, Fault, run
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from story_home import CLEARED, WORDS, staged
from whole import assert_whole, digest, ends_of, no_claim_left

from archivist import (
    backing_up,
    destruction,
    disposals,
    escrow,
    granting,
    holds,
    lending,
    loans,
    regrading,
    restoring,
    rotation,
)
from archivist.backup_proofs import proved
from archivist.destruction import ordered
from archivist.disposals import Said
from archivist.errors import ArchivistError, NotAllowed, NotKnown
from archivist.intake import Piece, take_in
from archivist.lending import Back, Count
from archivist.loans import Ask
from archivist.recover import recover
from archivist.regrading import Wish
from archivist.regulations import policy_of
from policies.facts import Order
from storage.backups import Medium
from storage.counterparts import Counterparts
from storage.errors import StorageError

GRADES = ("PUBLIC", "INTERNAL", "SECRET")
DEATHS = st.one_of(st.just(0), st.integers(1, 40), st.integers(41, 400)) if LONG else st.one_of(
    st.just(0), st.just(0), st.integers(1, 90)
)  # fmt: skip


@dataclass
class Record:
    """What the model knows of one."""

    word: str
    grade: str
    destroyed: bool = False


@dataclass
class Loan:
    """Of one record, to lin."""

    record: str
    state: str = "requested"
    opens: bool = True


@dataclass
class Model:
    """The archive as dictionaries."""

    records: dict[str, Record] = field(default_factory=dict)
    loans: dict[str, Loan] = field(default_factory=dict)
    holds: dict[str, str] = field(default_factory=dict)  # in force: hold → record or dossier
    disposal: str | None = None
    listed: tuple[str, ...] = ()
    dropped: Counter[str] = field(default_factory=Counter)  # digests that ever lay in the drop
    trayed: int = 0

    # Those that backup and bundle bring back; None once the bundle is void.
    saved: "Model | None" = None

    def kept(self) -> list[str]:
        return [name for name, record in self.records.items() if not record.destroyed]

    def out(self, record: str) -> bool:
        return any(one.record == record and one.state in ("issued", "requested", "approved")
                   for one in self.loans.values())  # fmt: skip

    def held(self, record: str) -> bool:
        return any(target in (record, "D000001") for target in self.holds.values())


class Stories(RuleBasedStateMachine):
    """One archive and its model. `stage` is set by the test."""

    stage: Any = None
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.steps = 0
        Stories.folder.mkdir(exist_ok=True)
        self.top = Path(tempfile.mkdtemp(dir=Stories.folder))
        self.home = Home.copy_of(self.stage.home.top, self.top / "home")
        self.keys = self.stage.keys
        self.machines = 1
        # Entries are never of the same moment, and no act is before the one it rests on.
        self.now = datetime.now(UTC)
        self.today = date.today()

    def teardown(self) -> None:
        if not hasattr(self, "top"):
            return
        try:
            if self.model is not None:
                self.everything_holds()
        finally:
            shutil.rmtree(self.top)

    # ── doing ─────────────────────────────────────────────────────────────────

    @contextmanager
    def opened(self):
        archive = self.home.open()
        try:
            archive.follow()
            yield archive
        finally:
            archive.close()

    def policy(self, archive):
        return policy_of(archive.settings, archive.catalogue)

    def entries(self, act: str, **subject: str) -> list[dict[str, Any]]:
        with self.opened() as archive:
            lines = [json.loads(raw) for _, raw in archive.ledger.entries(0)]
        lines = [{**line["subject"], **line} for line in lines if line["act"] == act]
        return [line for line in lines if subject.items() <= line.items()]

    def does(self, act: Callable[[Any], object], death: int, said: str, **named: str) -> bool:
        """Do it, perhaps to its death; whether the ledger now says it once more.

        What was refused changed nothing that the ledger would say under this name. `self.refused`
        is why.
        """
        self.now += timedelta(seconds=1)
        before = len(self.entries(said, **named))
        self.refused = ""
        if death:
            end = run(lambda: self._whole(act), Fault("killed", death))
            self.refused = end.told
            assert end.error is None or issubclass(end.error, ArchivistError), end.told
        else:
            try:
                self._whole(act)
            except ArchivistError as error:
                self.refused = str(error)
        with self.opened() as archive:
            left = recover(archive, self.now)
            if left:
                pieces = [self._piece(claim) for claim in left]
                take_in(pieces, archive, self.policy(archive), self.now, "station")
        more = len(self.entries(said, **named)) - before
        assert more in (0, 1), f"{said} was said {more} times"
        assert not (more and self.refused), "it was refused, and done"
        assert more or self.refused or death, "it was neither done nor refused"
        return bool(more)

    def _whole(self, act):
        with self.opened() as archive:
            act(archive)

    # ── filing ────────────────────────────────────────────────────────────────

    def _piece(self, claim):
        content = claim.path.read_bytes()
        (word,) = [w for w, scan in self.stage.scans.items() if scan == content]
        grade = claim.source.parts[0]
        return Piece(claim, self.stage.facts[word], order=Order("D000001", "sales_contract", grade))

    @rule(word=st.sampled_from(WORDS), grade=st.sampled_from(GRADES), death=DEATHS)
    def file(self, word, grade, death):
        """A scan comes; one that is there already goes to its tray, one destroyed is filed anew."""
        content = self.stage.scans[word]
        known = [r for r in self.model.kept() if self.model.records[r].word == word]
        self.home.drop(f"{grade}/{word}.pdf", content)
        self.model.dropped[digest(content)] += 1

        def act(archive):
            for path in self.home.drop_folder.rglob("*.pdf"):
                claim = archive.claims.take(path, self.home.drop_folder, self.now, os.urandom(10))
                take_in([self._piece(claim)], archive, self.policy(archive), self.now, "station")

        said = "refuse" if known else "file"
        done = self.does(act, death, said)
        if not done:
            assert death, self.refused
            assert self.does(act, 0, said), "the scan is nowhere"
        if known:
            self.model.trayed += 1
        else:
            self.model.records[f"R{len(self.model.records) + 1:08}"] = Record(word, grade)

    # ── lending ───────────────────────────────────────────────────────────────

    @precondition(lambda self: self.model.records)
    @rule(data=st.data(), death=DEATHS)
    def request(self, data, death):
        record = data.draw(st.sampled_from(sorted(self.model.records)))
        asked, loan = self.model.records[record], f"L{len(self.model.loans) + 1:06}"

        def act(archive):
            ask = Ask(record, "view", "核对")
            lin = self.keys["lin"]
            loans.request(archive, self.policy(archive), ask, lin, self.now, self.today)

        if self.does(act, death, "loan", step="request"):
            assert not asked.destroyed
            assert asked.grade != "CONF"
            self.model.loans[loan] = Loan(record)
        elif not death:
            # Of what is confidential a salesman learns by a need-to-know list alone.
            assert asked.destroyed or asked.grade == "CONF", self.refused

    def _loan(self, data, *states):
        names = [name for name, loan in self.model.loans.items() if loan.state in states]
        return data.draw(st.sampled_from(names)) if names else None

    @precondition(lambda self: any(x.state != "returned" for x in self.model.loans.values()))
    @rule(data=st.data(), death=DEATHS)
    def loan_goes_on(self, data, death):
        """The next step of a loan: approved by zhao, handed out and taken back by li."""
        name = self._loan(data, "requested", "approved", "issued")
        loan = self.model.loans[name]
        step, then = {"requested": ("approve", "approved"), "approved": ("issue", "issued"),
                      "issued": ("return", "returned")}[loan.state]  # fmt: skip

        def act(archive):
            policy, li = self.policy(archive), self.keys[PERSON]
            if step == "approve":
                loans.approve(archive, policy, name, self.keys["zhao"], self.now)
            elif step == "issue":
                lending.issue(archive, policy, name, Count(), "", li, self.now, self.today)
            else:
                lending.take_back(archive, policy, name, Back(), PERSON, self.now, self.today)

        if self.does(act, death, "loan", step=step, loan=name):
            loan.state = then
            loan.opens = True  # by the grade that the record has at the issue

    # ── grades and keys ───────────────────────────────────────────────────────

    @precondition(lambda self: self.model.kept())
    @rule(data=st.data(), grade=st.sampled_from(("INTERNAL", "SECRET", "CONF")), death=DEATHS)
    def regrade(self, data, grade, death):
        record = data.draw(st.sampled_from(self.model.kept()))
        wish = Wish(grade, "涉诉", date(2039, 1, 1) if grade != "INTERNAL" else None)

        def act(archive):
            policy = self.policy(archive)
            regrading.regrade(archive, policy, record, wish, self.keys[PERSON], self.now)

        before = self.model.records[record].grade
        if self.does(act, death, "regrade", record=record) and grade != before:
            self.model.records[record].grade = grade
            for loan in self.model.loans.values():
                loan.opens = loan.opens and loan.record != record

    @rule(grade=st.sampled_from(("INTERNAL", "SECRET")), death=DEATHS)
    def rotate(self, grade, death):
        """A new key; one that was cut short is ended by the next."""

        def act(archive):
            rotation.rotate(archive, grade, self.keys[PERSON], self.now)

        self.model.saved = None  # its bundle is void
        if not self.does(act, death, "rotate", grade=grade, state="ended"):
            assert death, self.refused

    # ── holding and destroying ────────────────────────────────────────────────

    @precondition(lambda self: self.model.kept())
    @rule(data=st.data(), death=DEATHS)
    def hold(self, data, death):
        target = data.draw(st.sampled_from(["D000001", *self.model.kept()]))

        def act(archive):
            policy = self.policy(archive)
            holds.place(archive, policy, target, "litigation", "案号", PERSON, self.now)

        if self.does(act, death, "hold", step="place"):
            placed = len(self.entries("hold", step="place"))
            self.model.holds[f"H{placed:06}"] = target
        else:
            assert death, self.refused

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data(), death=DEATHS)
    def release(self, data, death):
        name = data.draw(st.sampled_from(sorted(self.model.holds)))

        def act(archive):
            policy = self.policy(archive)
            holds.release(archive, policy, name, "撤诉", self.keys["chen"], self.now)

        if self.does(act, death, "hold", step="release", hold=name):
            del self.model.holds[name]

    @precondition(lambda self: self.model.kept() and not self.model.disposal)
    @rule(data=st.data(), death=DEATHS)
    def propose(self, data, death):
        """What is held, lent or asked for is left out."""
        kept = self.model.kept()
        wanted = data.draw(st.lists(st.sampled_from(kept), min_size=1, max_size=3, unique=True))
        fit = [r for r in wanted if not self.model.held(r) and not self.model.out(r)]

        def act(archive):
            policy = self.policy(archive)
            made = disposals.propose(archive, policy, wanted, PERSON, self.now, self.today)
            if made.disposal is None:
                raise NotAllowed("没有", "nothing")

        if self.does(act, death, "disposal", step="propose"):
            listed = self.entries("disposal", step="propose")[-1]
            self.model.disposal = listed["subject"]["disposal"]
            self.model.listed = tuple(sorted(fit))
            assert fit, "what may not be proposed was"
        elif not death:
            assert not fit, self.refused

    @precondition(lambda self: self.model.disposal)
    @rule(death=DEATHS)
    def disposal_goes_on(self, death):
        """The next step, whichever it is: opinions, approvals; refused where something changed."""
        name = self.model.disposal
        with self.opened() as archive:
            row = archive.catalogue.disposal(name)
        told = self.entries("disposal", disposal=name)

        def act(archive):
            policy = self.policy(archive)
            if row["state"] == "appraised":
                earlier = {e["who"] for e in told if e["step"] == "approve"}
                who = "gm" if "zhao" in earlier else "zhao"
                disposals.approve(archive, policy, name, self.keys[who], self.now)
                return
            given = {(e["who"], e["subject"]["record"]) for e in told if e["step"] == "appraise"}
            waits = [(who, record) for record in self.model.listed for who in ("wang", "chen")
                     if (who, record) not in given]  # fmt: skip
            if not waits:
                raise NotAllowed("都说过了", "everybody has said it")
            who, record = waits[0]
            disposals.appraise(archive, policy, name, record, Said("destroy", "看过"),
                               self.keys[who], self.now, self.today)  # fmt: skip

        if row["state"] in ("proposed", "appraised"):
            step = "approve" if row["state"] == "appraised" else "appraise"
            self.does(act, death, "disposal", step=step, disposal=name)

    @precondition(lambda self: self.model.disposal)
    @rule(death=DEATHS)
    def withdraw(self, death):
        name = self.model.disposal

        def act(archive):
            disposals.withdraw(archive, name, PERSON, self.now)

        if self.does(act, death, "disposal", step="withdraw", disposal=name):
            self.model.disposal, self.model.listed = None, ()

    @precondition(lambda self: self.model.disposal)
    @rule(death=DEATHS)
    def execute(self, death):
        """Only what is approved, and neither held nor lent; decided is as good as destroyed."""
        name, chen = self.model.disposal, self.keys["chen"]
        witnesses = ("xu", "he")

        def act(archive):
            def gate():
                return ordered(archive, name, self.today, self.now, "chen", witnesses)

            destruction.execute(archive, name, gate, chen, [self.keys[w] for w in witnesses],
                                "档案室", self.now)  # fmt: skip
            destruction.finish(archive, name, chen, self.now)

        if not self.does(act, death, "destroy", disposal=name, step="decided"):
            return
        self.model.saved = None  # nor may the bundle bring back what it opened
        for record in self.model.listed:
            assert not self.model.held(record) and not self.model.out(record)
            self.model.records[record].destroyed = True
        with self.opened() as archive:
            assert destruction.finish(archive, name, chen, self.now).done
        self.model.disposal, self.model.listed = None, ()

    # ── backing up, and losing the machine ────────────────────────────────────

    @property
    def stick(self) -> Path:
        return self.top / "stick"

    @rule(death=DEATHS)
    def back_up(self, death):
        """A bundle, then a snapshot; one that was killed counts where it has a manifest."""
        bundle = self.top / "bundle"
        bundle.unlink(missing_ok=True)
        with self.opened() as archive:
            log_n = archive.settings.scrypt_log_n
            escrow.issue(archive, self.keys[PERSON], bundle, PASSPHRASE, self.now, log_n)
        before = self._snapshots()

        def act(archive):
            backing_up.create(archive, self.stick, self.now, "station")

        done = self.does(act, death, "backup", step="create")
        assert done or death, self.refused
        new = self._snapshots()[len(before) :]
        assert len(new) == 1 if done else len(new) <= 1
        for snapshot in new:
            assert proved(Medium.open(self.stick), snapshot).findings == ()
            self.model.saved = None
            self.model.saved = deepcopy(self.model)
        if not new:
            self.model.saved = None  # an older snapshot, and a bundle that it may not know

    def _snapshots(self) -> list[str]:
        there = (self.stick / "backup.json").exists()
        return Medium.open(self.stick).snapshots() if there else []

    @precondition(lambda self: self.model.saved)
    @rule(death=DEATHS)
    def lose_the_machine(self, death):
        """Nothing is left but backup and bundle; a restore that is killed leaves no archive."""
        shutil.rmtree(self.home.top)
        self.machines += 1
        home = Home(self.top / f"machine{self.machines}")
        bundle, sha256 = escrow.open_bundle(self.top / "bundle", PASSPHRASE)
        house_key = home.top / "config" / "archivist" / f"{bundle.archive_id}.key"
        order = restoring.Order(self.stick, home.root, house_key, Counterparts.beside(house_key))
        heir = escrow.Heir(PERSON, PASSPHRASE, ("archivist",))
        self.now += timedelta(seconds=1)

        def act():
            restoring.restore(order, bundle, sha256, heir, self.now)

        end = run(act, Fault("killed", death)) if death else None
        if end is None or end.how == "killed":
            assert not home.root.exists()
            act()
        assert end is None or end.how != "failed", end.told
        self.home, self.model = home, self.model.saved
        self.model.saved = deepcopy(self.model)
        with self.opened() as archive:
            # The others' keys were in their own heads; what is sealed to them came back.
            own = archive.people.unlock(PERSON, PASSPHRASE)
        self.keys = {**self.keys, PERSON: own}
        for loan in self.model.loans.values():
            loan.opens = False  # a head for a borrower is in no backup
        self.home.json("login", PERSON)

    # ── agreeing ──────────────────────────────────────────────────────────────

    @invariant()
    def they_agree(self):
        """Which records, in which grade, opened by whom; which loans; what is destroyed."""
        self.steps += 1
        with self.opened() as archive:
            rows = {row["id"]: row for row in archive.catalogue._all("SELECT * FROM record")}
            kept = {name: r.grade for name, r in self.model.records.items() if not r.destroyed}
            assert {name: row["grade"] for name, row in rows.items()} == kept
            states = {row["id"]: row["state"] for row in archive.catalogue.loans()}
            assert states == {name: loan.state for name, loan in self.model.loans.items()}
            for name, record in self.model.records.items():
                if record.destroyed:
                    with pytest.raises(NotKnown):
                        archive.the("record", name)
                    assert not list(self.home.root.rglob(f"{name}*")), name
                else:
                    self._readers(archive, rows[name], record)
        assert no_claim_left(self.home)
        if self.steps % 8 == 0:
            self.everything_holds()

    def _readers(self, archive, row, record):
        content = self.stage.scans[record.word]
        for name, cleared in CLEARED.items():
            may = record.grade == "PUBLIC" or record.grade in cleared
            opening = partial(archive.record_bytes, row, "scan", self.keys[name])
            assert _opens(opening, content) == may, name
        lent = any(loan.record == row["id"] and loan.state == "issued" and loan.opens
                   for loan in self.model.loans.values())  # fmt: skip
        loan = granting.loan_that_opens(archive, row, "lin")
        found = loan is not None and _opens(
            partial(granting.opened, archive, loan, row, self.keys["lin"]), content
        )
        assert found == (lent and record.grade != "PUBLIC")

    def everything_holds(self):
        """The slow looks: every byte, every row, every scan, every word."""
        with self.opened() as archive:
            assert_whole(archive)
            ends = ends_of(self.home, archive, self.keys[PERSON])
        gone = Counter()
        for record in self.model.records.values():
            if record.destroyed:
                gone[digest(self.stage.scans[record.word])] += 1
        for content, count in self.model.dropped.items():
            # What waits in a tray goes with the record that it is a copy of.
            assert ends[content] <= count - gone[content]
            if not gone[content]:
                assert ends[content] == count
        for word in WORDS:
            there = any(self.model.records[name].word == word for name in self.model.kept())
            assert self.home.json("search", word)["total"] == there, word


def _opens(chunks, content):
    try:
        return b"".join(chunks()) == content
    except (NotAllowed, StorageError):
        return False


def test_random_stories(template, scan, tmp_path_factory):
    """Whatever is done in whatever order, and wherever it is cut short, model and archive agree."""
    Stories.stage = staged(template, tmp_path_factory.mktemp("staged") / "home", scan)
    Stories.folder = tmp_path_factory.mktemp("stories")
    run_state_machine_as_test(
        Stories,
        settings=settings(
            max_examples=60 if LONG else 3,
            stateful_step_count=50 if LONG else 14,
            deadline=None,
            derandomize=not LONG,
            phases=[Phase.generate],  # to shrink a story takes longer than to read it
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
