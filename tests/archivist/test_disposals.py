"""Disposals up to the gate: everything that is refused is told, recorded, and nothing changed."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from archive_home import PASSPHRASE, Home
from disposal_home import RULES, adopted

from archivist import disposals, step_proofs
from archivist.disposal_book import content_of, the_case
from archivist.disposal_checks import Checks, changed, open_loans
from archivist.disposal_desk import REASONS, Denied
from archivist.disposal_gate import refusals
from archivist.disposal_proofs import DISPOSAL
from archivist.disposals import Said
from archivist.errors import BadRequest, NotAllowed, NotKnown
from archivist.hold_book import held_targets
from archivist.regulations import policy_of
from archivist.statements import signed

DAY = timedelta(days=1)
TODAY = datetime.now().astimezone().date()
R1, R2, R3, SECRET, OTHER = (f"R0000000{n}" for n in range(1, 6))
DESTROY = Said("destroy", "已无保存价值")


@pytest.fixture(scope="module")
def people(disposing):
    """Everybody with both keys, unlocked once."""
    archive = disposing.open()
    names = ("li", "zhao", "gm", "wang", "chen", "xu", "he")
    found = {name: archive.people.unlock(name, PASSPHRASE) for name in names}
    archive.close()
    return found


@pytest.fixture(scope="module")
def approved_stage(disposing, people, tmp_path_factory):
    """X000001: two of the contracts to be destroyed, one kept, and both approvals given."""
    home = Home.copy_of(disposing.top, tmp_path_factory.mktemp("approved"))
    at = Inside(home, people)
    at.propose(R1, R2, R3)
    at.appraise(R1)
    at.appraise(R3, Said("keep", "可能涉诉", date(2040, 1, 1)))
    at.appraise(R2)
    at.approve("zhao")
    assert at.approve("gm") == "approved"
    at.archive.close()
    return home


@pytest.fixture
def at(disposing, people, tmp_path):
    """The rooms behind the door of an archive of the test's own."""
    inside = Inside(Home.copy_of(disposing.top, tmp_path / "house"), people)
    yield inside
    inside.archive.close()


@pytest.fixture
def ready(approved_stage, people, tmp_path):
    """The same with X000001 approved."""
    inside = Inside(Home.copy_of(approved_stage.top, tmp_path / "house"), people)
    yield inside
    inside.archive.close()


class Inside:
    """The rooms behind the door, with a clock of the test's own."""

    def __init__(self, home, people):
        self.home, self.people, self.archive = home, people, home.open()
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.refresh()

    def refresh(self):
        """Look again at archive.toml and the regulations."""
        self.archive.close()
        self.archive = self.home.open()
        self.archive.follow()
        self.policy = policy_of(self.archive.settings, self.archive.catalogue)
        self.now = max(self.now, datetime.now(UTC).replace(microsecond=0))

    def propose(self, *records, who="li", on=TODAY, request=()):
        return disposals.propose(
            self.archive, self.policy, records, who, self.now, on, request=request
        )

    def appraise(self, record, said=DESTROY, who="wang", disposal="X000001"):
        return disposals.appraise(self.archive, self.policy, disposal, record, said,
                                  self.people[who], self.now, TODAY)  # fmt: skip

    def approve(self, who, disposal="X000001", now=None):
        return disposals.approve(
            self.archive, self.policy, disposal, self.people[who], now or self.now
        )

    def gate(self, executor="chen", witnesses=("xu", "he"), now=None, disposal="X000001"):
        """The refusals, asked as they are at execution: with the lock held."""
        now = now or self.now
        with self.archive.writing(now, "chen"):
            day = now.astimezone().date()
            return refusals(self.archive, disposal, day, now, executor, witnesses)

    def codes(self, **asked):
        return {one.code for one in self.gate(**asked)}

    def say(self, step, who="li", disposal="X000001", act="disposal", **fields):
        """Append an entry as somebody with the house key could."""
        with self.archive.writing(self.now, who) as desk:
            desk.say(act, {"disposal": disposal}, step=step, **fields)
            desk.append()
        self.archive.follow()

    def forge(self, act, subject, who="li", **fields):
        """Append any other entry."""
        with self.archive.writing(self.now, who) as desk:
            desk.say(act, subject, **fields)
            desk.append()
        self.archive.follow()

    def denied(self, code, **subject):
        """Exactly one refusal is in the ledger with this reason, and it holds ids only."""
        found = [e for e in self.entries("disposal-denied") if e["reason"] == code]
        assert len(found) == 1, self.entries("disposal-denied")
        assert subject.items() <= found[0]["subject"].items()
        assert set(found[0]) == {"v", "t", "act", "who", "station", "subject", "salt", "tried",
                                 "reason"}  # fmt: skip

    def entries(self, act):
        import json

        found = (json.loads(raw) for _, raw in self.archive.ledger.entries())
        return [entry for entry in found if entry["act"] == act]

    def left_out(self, *records, **asked):
        """Code → the records of which nothing could be proposed for that reason."""
        made = self.propose(*records, **asked)
        return {(name, one.code) for name, found in made.left_out.items() for one in found}

    def approval(self, who, number, disposal="X000001", **changed):
        """The fields of an approval, as its approver would sign it."""
        asked = the_case(self.archive, disposal).asked
        here = self.archive.settings.archive_id
        made = step_proofs.signed_approval(
            DISPOSAL, here, asked, number, self.people[who], self.now, 30
        )
        return signed({**made["statement"], **changed}, self.people[who]) if changed else made

    def rules(self, old, new):
        """Another version of the regulation in force."""
        version = len(self.archive.catalogue.adoptions("disposing")) + 1
        text = RULES.replace('version = "1"', f'version = "{version}"').replace(old, new)
        adopted(self.home, text)
        self.refresh()


def refused(code, call, *given, **named):
    with pytest.raises(Denied) as told:
        call(*given, **named)
    assert told.value.code == code


# ── proposing ─────────────────────────────────────────────────────────────────


def test_what_may_not_be_proposed_is_named_with_its_reason(at):
    """A dossier is proposed without what is kept, and that is told with its clause."""
    records = disposals.records_of(at.archive, ["D000001"])
    made = at.propose(*records)
    assert made.disposal == "X000001"
    assert made.records == (R1, R2, R3, SECRET)
    ((record, (reason,)),) = made.left_out.items()
    assert (record, reason.code, reason.clauses) == (OTHER, "not-run-out", ("X-4",))
    assert at.archive.catalogue.disposal("X000001")["state"] == "proposed"
    entry = at.entries("disposal")[0]
    assert {r: said["due"] for r, said in entry["records"].items()}[R1] == "2020-03-05"


def test_customers_and_dossiers_stand_for_their_records(at):
    """Each record once, whatever names it; what is nothing or empty is said."""
    assert disposals.records_of(at.archive, ["C000001", R1]) == [R1, R2, R3, SECRET, OTHER]
    with pytest.raises(BadRequest):
        disposals.records_of(at.archive, ["D000002"])
    with pytest.raises(NotKnown):
        disposals.records_of(at.archive, ["L000001"])


def test_a_proposal_of_nothing_that_may_go_is_denied_and_recorded(at):
    """Whoever tries to propose what is kept leaves an entry; a sweep does not."""
    assert at.propose(OTHER).disposal is None
    at.denied("not-run-out", record=OTHER)
    at.propose(OTHER, who="station")
    assert len(at.entries("disposal-denied")) == 1
    at.home.json("hold", "place", R1, "--reason", "x")
    at.refresh()
    assert at.propose(R1, OTHER).disposal is None
    at.denied("nothing-to-propose", dossier="D000001")
    assert at.archive.catalogue.disposals() == []


def test_many_records_are_one_disposal(at, monkeypatch):
    """What does not fit into one entry stands in several, appended as one."""
    monkeypatch.setattr(disposals, "_PART", 2)
    at.propose(R1, R2, R3)
    steps = [(e["step"], len(e["records"])) for e in at.entries("disposal")]
    assert steps == [("propose", 2), ("part", 1)]
    assert set(the_case(at.archive, "X000001").items) == {R1, R2, R3}


def test_what_is_held_or_in_another_disposal_is_left_out(at):
    """A hold on the customer covers the record; a second proposal finds the first."""
    at.home.json("hold", "place", "C000001", "--reason", "x")
    assert (R1, "held") in at.left_out(R1)
    at.home.json("--as", "wang", "hold", "release", "H000001", "--reason", "x")
    at.refresh()
    at.propose(R1)
    assert at.left_out(R1) == {(R1, "in-disposal")}


def test_a_loan_asked_for_or_out_stops_a_disposal(ready):
    """Somebody needs the paper: before it is lent, and while it is."""
    lent = {"relation": "own_dept", "form": "borrow", "records": {R1: 2}, "steps": [],
            "separate": True, "clauses": [], "packs": []}  # fmt: skip
    subject = {"loan": "L000001", "customer": "C000001", "dossier": "D000001", "record": R1}
    ready.forge("loan", subject, step="request", state="requested", **lent)
    assert open_loans(ready.archive) == {R1: ("L000001", "requested")}
    assert ready.codes() == {"loan-asked"}
    ready.forge("loan", subject, step="issue", state="issued", on="2026-01-01", counted={})
    assert ready.codes() == {"on-loan"}
    ready.forge("loan", subject, step="return", state="returned", on="2026-01-02",
                condition="intact")  # fmt: skip
    assert ready.codes() == set()


def test_a_sweep_does_not_repeat_what_somebody_refused(at):
    """A person may propose it again, the nightly sweep may not."""
    at.propose(R1)
    disposals.refuse(at.archive, at.policy, "X000001", "仍需要", "zhao", at.now)
    assert at.left_out(R1, who="station") == {(R1, "refused-before")}
    assert at.propose(R1).disposal == "X000002"


PERIODS = {
    "permanent": ("years = 30\nstart", "permanent = true\n# start"),
    "waits": ('years = 30\nstart = "sale"', 'years = 30\nstart = "scrapped"'),
    "period-open": ('years = 30\nstart = "sale"', 'years_from = "how_long"\nstart = "sale"'),
    "forbidden": ('[[disposal]]\nid = "secret"',
                  '[[approval]]\nid = "no"\nzh = "x"\nen = "x"\nactions = ["destroy"]\n'
                  'types = ["invoice_copy"]\nnever = true\nclause = "X-9"\n\n'
                  '[[disposal]]\nid = "secret"'),
    "no-rule": ('actions = ["destroy"]', 'actions = ["destroy"]\ntypes = ["sales_contract"]'),
}  # fmt: skip


@pytest.mark.parametrize("code", PERIODS)
def test_what_has_no_known_end_or_no_rule_is_left_out(at, code):
    """Kept for ever, not begun to run, not said how long; and what nobody may approve."""
    at.rules(*PERIODS[code])
    assert (OTHER, code) in at.left_out(OTHER)


def test_regulations_that_disagree_let_nothing_be_proposed(at):
    """Two regulations that ask other people: the company decides first."""
    pack = RULES.replace('kind = "company"', 'kind = "regulation"')
    adopted(at.home, pack.replace('version = "1"', 'version = "2"'))
    other = pack.replace('"disposing"', '"other"').replace(', "general_manager:approve"', "")
    adopted(at.home, re.sub(r"\[\[role\]\].*?\n\n", "", other, flags=re.DOTALL))
    at.refresh()
    assert (R1, "contradiction") in at.left_out(R1)


FLOOR = (
    '[[retention]]\nid = "contracts"',
    '[[retention]]\nid = "law"\nzh = "x"\nen = "x"\nkind = "floor"\nyears = 40\nstart = "sale"\n'
    'types = ["invoice_copy"]\nclause = "LAW-1"\n\n[[retention]]\nid = "contracts"',
)


def test_a_request_ends_the_companys_period_and_not_the_laws(at):
    """Deletion asked for by the person: before thirty years, but not before a legal minimum."""
    letter = at.home.top / "letter.pdf"
    letter.write_bytes(b"%PDF-1.4 please")
    made = at.propose(OTHER, request=[letter])
    assert made.records == (OTHER,)
    entry = at.entries("disposal")[0]
    assert entry["origin"] == "request"
    assert len(entry["evidence"]) == 1
    disposals.withdraw(at.archive, "X000001", "li", at.now)
    at.rules(*FLOOR)
    (reason,) = at.propose(OTHER, request=[letter]).left_out[OTHER]
    assert (reason.code, reason.clauses) == ("legal-floor", ("LAW-1",))
    assert "2055-03-05" in reason.zh


# ── appraising ────────────────────────────────────────────────────────────────


def test_two_appraise_what_is_secret_and_one_keeps_it(at):
    """One opinion is not enough where two are asked; one that keeps outweighs both."""
    at.propose(SECRET)
    assert at.appraise(SECRET) == "proposed"
    assert at.codes() == {"not-approved", "not-appraised", "nothing-to-destroy"} - {
        "nothing-to-destroy"
    }
    assert at.appraise(SECRET, who="chen") == "appraised"
    assert at.appraise(SECRET, Said("keep", "x", date(2040, 1, 1)), who="li") == "kept"
    assert at.archive.catalogue.kept_until(SECRET) == "2040-01-01"
    assert at.codes() == {"not-approved", "nothing-to-destroy"}


def test_a_record_that_was_kept_is_kept_from_then_on(ready):
    """Its new period counts for the next proposal, by a person as by the sweep."""
    (reason,) = ready.propose(R3).left_out[R3]
    assert reason.code == "kept"
    assert "2040-01-01" in reason.zh
    assert ready.archive.catalogue.all_kept() == {R3: "2040-01-01"}
    day = date(2040, 1, 2)
    assert ready.propose(R3, on=day).records == (R3,)


def test_kept_for_good_is_kept_for_good(at):
    """Without a day nothing ends it; whoever kept it by mistake says so anew."""
    at.propose(R1)
    assert at.appraise(R1, Said("keep", "x")) == "kept"
    assert at.left_out(R1, on=date(2999, 1, 1)) == {(R1, "kept")}
    assert at.appraise(R1, DESTROY) == "appraised"
    assert at.archive.catalogue.kept_until(R1) is None


def test_a_record_that_is_to_be_regraded_is_spared(at):
    """It is not in the list that is approved, and not destroyed."""
    at.propose(R1, R2)
    at.appraise(R1, Said("regrade", "应为机密", grade="CONF"))
    at.appraise(R2)
    case = the_case(at.archive, "X000001")
    assert case.to_destroy(lambda _: 1) == (R2,)


def test_only_who_can_open_a_record_appraises_it(at):
    """Somebody who is not cleared has seen nothing."""
    at.propose(R1)
    refused("not-cleared", at.appraise, R1, who="xu")
    at.denied("not-cleared", record=R1, disposal="X000001")


def test_the_regulation_names_the_group(at):
    """Where it says who appraises, nobody else does."""
    at.propose(R1)
    at.rules("[[disposal]]\nid = \"secret\"", '[[duty]]\nid = "group"\nzh = "x"\nen = "x"\n'
             'act = "appraise"\nroles = ["general_manager"]\nclause = "X-2"\n\n'
             '[[disposal]]\nid = "secret"')  # fmt: skip
    refused("not-appraiser", at.appraise, R1)
    assert at.appraise(R1, who="gm") == "appraised"


def test_an_opinion_needs_words_and_a_day_to_come(at):
    """What does not fit together is no entry."""
    at.propose(R1)
    for said in (
        Said("destroy", " "),
        Said("keep", "x", TODAY - DAY),
        Said("destroy", "x", TODAY),
        Said("destroy", "x", grade="CONF"),
        Said("regrade", "x", grade="NONE"),
    ):
        with pytest.raises(BadRequest):
            at.appraise(R1, said)
    assert len(at.entries("disposal")) == 1


def test_opinions_are_sealed_and_signed(at):
    """The words stand in a card; the entry has codes, digests, and the appraiser's signature."""
    at.propose(R1)
    at.appraise(R1, Said("destroy", "重复件，已无价值"))
    entry = at.entries("disposal")[-1]
    assert "重复" not in str(entry)
    card = at.archive.read_card(entry["card"]["name"], entry["card"]["sha256"])
    assert card["opinion"] == "重复件，已无价值"
    assert entry["statement"]["words"] == entry["card"]["sha256"]
    assert entry["statement"]["content"] == content_of(at.archive.catalogue.record(R1))


# ── approving ─────────────────────────────────────────────────────────────────


@pytest.fixture
def appraised(at):
    """X000001 with one record, to be destroyed."""
    at.propose(R1)
    at.appraise(R1)
    return at


def test_steps_are_taken_in_order_by_their_roles_and_apart(appraised):
    """Whoever is not asked, not yet asked, or proposed it himself, is denied and recorded."""
    refused("self-approval", appraised.approve, "li")
    refused("wrong-order", appraised.approve, "gm")
    refused("wrong-role", appraised.approve, "xu")
    assert appraised.approve("zhao") == "appraised"
    refused("wrong-role", appraised.approve, "zhao")
    assert appraised.approve("gm") == "approved"
    for code in ("self-approval", "wrong-order"):
        appraised.denied(code, disposal="X000001")
    with pytest.raises(NotAllowed):
        appraised.approve("gm")


def test_one_person_takes_one_step(appraised):
    """Two roles are two roles of one person."""
    appraised.rules('steps = ["department_head:review"', 'steps = ["archive_clerk:review"')
    appraised.appraise(R1)
    appraised.approve("chen")
    fields = {"roles": ["general_manager", "archive_clerk"], "department": "sales"}
    row = appraised.archive.catalogue.person("chen")
    appraised.forge("person", {"person": "chen"}, key=row["key"], recipient=row["recipient"],
                    **fields)  # fmt: skip
    refused("same-person", appraised.approve, "chen")


def test_a_step_that_is_nobodys_waits(appraised):
    """A role that the regulation leaves vague, and the company too, takes no step."""
    appraised.rules('clause = "X-0"\n\n[[role]]\nid = "general_manager"',
                    'clause = "X-0"\nvague = true\n\n[[role]]\nid = "general_manager"')  # fmt: skip
    refused("role-open", appraised.approve, "zhao")


def test_an_approval_ends(appraised):
    """After the days that the company says; an opinion given anew begins afresh."""
    appraised.home.set("company", **{'"disposal.approval_days"': 2})
    appraised.refresh()
    appraised.approve("zhao")
    refused("expired-approval", appraised.approve, "gm", now=appraised.now + 2 * DAY)
    appraised.now += 3 * DAY
    assert appraised.appraise(R1) == "appraised"
    appraised.approve("zhao")
    assert appraised.approve("gm") == "approved"


def test_an_opinion_after_an_approval_makes_it_void(ready):
    """The approvals were for another list; both are asked anew."""
    assert ready.codes() == set()
    ready.appraise(R2, Said("keep", "x", date(2041, 1, 1)))
    assert ready.codes() == {"not-approved"}
    assert ready.archive.catalogue.disposal("X000001")["state"] == "appraised"
    ready.approve("zhao")
    ready.approve("gm")
    assert ready.codes() == set()
    case = the_case(ready.archive, "X000001")
    assert case.to_destroy(lambda _: 1) == (R1,)


def test_only_the_proposer_withdraws_and_only_a_step_refuses(appraised):
    """Others are denied; a refusal keeps its reason sealed."""
    refused("not-the-proposer", disposals.withdraw, appraised.archive, "X000001", "xu",
            appraised.now)  # fmt: skip
    refused("wrong-role", disposals.refuse, appraised.archive, appraised.policy, "X000001", "x",
            "xu", appraised.now)  # fmt: skip
    assert disposals.refuse(appraised.archive, appraised.policy, "X000001", "仍需要", "gm",
                            appraised.now) == "refused"  # fmt: skip
    assert "仍需要" not in str(appraised.entries("disposal"))


def test_a_clock_set_back_stops_every_act(appraised):
    """What expired must not become valid again."""
    refused("clock-set-back", appraised.approve, "zhao", now=appraised.now - DAY)
    appraised.denied("clock-set-back")
    assert "clock-set-back" in appraised.codes(now=appraised.now - DAY)


# ── the gate: people ──────────────────────────────────────────────────────────


def test_the_gate_opens_for_what_is_in_order(ready):
    """Approved, appraised, not held, not lent, run out: nothing speaks against it."""
    assert ready.gate() == ()
    assert ready.gate(executor=None, witnesses=None) == ()


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("executor-took-part", {"executor": "li"}),
        ("executor-took-part", {"executor": "gm"}),
        ("witness-took-part", {"witnesses": ("zhao", "he")}),
        ("witness-took-part", {"witnesses": ("chen", "he")}),
        ("witnesses-missing", {"witnesses": ("xu", "xu")}),
        ("witnesses-missing", {"witnesses": ()}),
        ("unknown-person", {"executor": "nobody"}),
    ],
)
def test_who_proposes_approves_executes_and_witnesses_are_different_people(ready, code, asked):
    """And there are enough of them."""
    assert ready.codes(**asked) == {code}


def test_nobody_who_left_counts(ready):
    """Neither as a witness, nor as somebody who approved."""
    for name in ("xu", "gm"):
        ready.home.json("person", "leave", name)
    ready.refresh()
    found = {(one.code, one.person) for one in ready.gate()}
    assert found == {("person-left", "xu"), ("approver-left", "gm")}


def test_the_regulation_says_how_many_witnesses(ready):
    """Two where nobody gives a number, else as many as it asks for."""
    ready.rules("only_by_procedure = true", "only_by_procedure = true\nwitnesses = 3")
    (told,) = ready.gate()
    assert (told.code, "X-1" in told.clauses) == ("witnesses-missing", True)


# ── the gate: approvals ───────────────────────────────────────────────────────


def test_a_role_that_is_no_more_held_proves_nothing(ready):
    """The role is asked for as it is held at the execution."""
    row = ready.archive.catalogue.person("zhao")
    ready.forge("person", {"person": "zhao"}, roles=["clerk"], key=row["key"],
                recipient=row["recipient"])  # fmt: skip
    assert ready.codes() == {"wrong-role"}


def test_approvals_expire_before_the_gate(ready):
    """Thirty days where the company says nothing."""
    assert ready.codes(now=ready.now + 29 * DAY) == set()
    assert ready.codes(now=ready.now + 30 * DAY) == {"expired-approval"}


def test_cooling_off_days_are_waited_for(ready):
    """Between the last approval and the execution, where the company sets them."""
    ready.home.set("company", **{'"disposal.cooling_off_days"': 10})
    ready.refresh()
    assert ready.codes() == {"cooling-off"}
    assert ready.codes(now=ready.now + 9 * DAY) == {"cooling-off"}
    assert ready.codes(now=ready.now + 10 * DAY) == set()


def test_an_altered_approval_opens_nothing(appraised):
    """Somebody with the house key writes what nobody signed."""
    for who, number in (("zhao", 1), ("gm", 2)):
        fields = appraised.approval(who, number)
        altered = {
            **fields,
            "statement": {**fields["statement"], "expires": "2999-01-01T00:00:00Z"},
        }
        state = "approved" if number == 2 else "appraised"
        appraised.say("approve", who, state=state, **altered)
    assert appraised.codes() == {"altered-approval"}


def test_an_approval_of_another_list_opens_nothing(appraised):
    """Somebody signed, with his own key, what is not the list that is there."""
    fields = appraised.approval("zhao", 1, list="00" * 32)
    appraised.say("approve", "zhao", state="appraised", **fields)
    assert "list-changed" in appraised.codes()
    refused("list-changed", appraised.approve, "gm")


def test_the_list_that_is_signed_has_every_opinion(at):
    """Another opinion, another day, another person: another list."""
    at.propose(R1, R2)
    seen = {the_case(at.archive, "X000001").digest}
    for said, who in (
        (DESTROY, "wang"),
        (DESTROY, "chen"),
        (Said("keep", "x"), "chen"),
        (Said("keep", "x", date(2040, 1, 1)), "chen"),
        (Said("regrade", "x", grade="CONF"), "chen"),
    ):
        at.appraise(R1, said, who)
        seen.add(the_case(at.archive, "X000001").digest)
    assert len(seen) == 6


def test_an_approval_of_another_disposal_opens_nothing(ready):
    """Replayed for a second disposal, the signatures name the first."""
    ready.propose(SECRET)
    for who in ("wang", "chen"):
        ready.appraise(SECRET, who=who, disposal="X000002")
    for entry in [e for e in ready.entries("disposal") if e["step"] == "approve"]:
        fields = {name: entry[name] for name in ("statement", "key", "signature")}
        ready.say("approve", entry["who"], "X000002", state=entry["state"], **fields)
    assert ready.codes(disposal="X000002") == {"approval-of-another-disposal"}


def test_an_approval_signed_out_of_turn_opens_nothing(appraised):
    """A statement of the second step does not stand for the first, nor a third for two."""
    appraised.say("approve", "gm", state="appraised", **appraised.approval("gm", 2))
    assert "wrong-order" in appraised.codes()


def test_more_approvals_than_steps_are_no_proof(ready):
    """What nobody asked for is not taken for a step."""
    asked = the_case(ready.archive, "X000001").asked
    step = asked.steps[1]
    more = step_proofs.Asked(asked.of, asked.index, asked.digest, [step] * 3, asked.also)
    here = ready.archive.settings.archive_id
    fields = step_proofs.signed_approval(
        DISPOSAL, here, more, 3, ready.people["wang"], ready.now, 30
    )
    ready.say("approve", "wang", state="approved", **fields)
    assert ready.codes() == {"wrong-role"}


def test_a_record_slipped_in_after_the_approvals_is_found(ready):
    """The list that was signed is not the list that is there."""
    row = ready.archive.catalogue.record(SECRET)
    ready.say("part", records={SECRET: {"content": content_of(row), "ground": 0}},
              grounds=[{"clauses": [], "packs": []}], state="approved")  # fmt: skip
    assert {"list-changed", "not-appraised"} <= ready.codes()


def test_an_opinion_that_nobody_signed_destroys_nothing(ready):
    """Whoever has the house key turns a `keep` into a `destroy`: seen at once."""
    entry = next(e for e in ready.entries("disposal") if e.get("opinion") == "keep")
    with ready.archive.writing(ready.now, "wang") as desk:
        forged = {name: entry[name] for name in ("card", "key", "signature", "statement", "clauses",
                                                 "packs")}  # fmt: skip
        steps = next(e["steps"] for e in ready.entries("disposal") if "steps" in e)
        desk.say("disposal", entry["subject"], step="appraise", state="approved", fate="destroy",
                 opinion="destroy", digest="", steps=steps, **forged)  # fmt: skip
        desk.append()
    ready.archive.follow()
    found = {(one.code, one.record) for one in ready.gate()}
    assert ("altered-opinion", R3) in found
    assert {"list-changed", "not-approved"} <= {code for code, _ in found}


def test_a_later_refusal_cannot_be_hidden(ready):
    """An entry that the catalogue does not mention is found all the same."""
    disposals.refuse(ready.archive, ready.policy, "X000001", "不", "gm", ready.now)
    ready.archive.catalogue._run("UPDATE disposal SET state = 'approved'")
    ready.archive.catalogue._run(
        "DELETE FROM mention WHERE subject = 'X000001' AND idx = (SELECT max(idx) FROM mention)"
    )
    assert the_case(ready.archive, "X000001").state == "approved"
    assert "not-approved" in ready.codes()


# ── the gate: records and rules ───────────────────────────────────────────────


def test_a_hold_on_what_is_destroyed_shuts_the_gate_and_on_what_is_kept_does_not(ready):
    """Also when somebody takes its row out of the catalogue."""
    ready.home.json("hold", "place", R3, "--reason", "x")
    ready.refresh()
    assert ready.codes() == set()
    ready.home.json("hold", "place", "D000001", "--reason", "x")
    ready.refresh()
    ready.archive.catalogue._run("DELETE FROM hold")
    assert not held_targets(ready.archive)
    assert {(one.code, one.record) for one in ready.gate()} == {("held", R1), ("held", R2)}


def test_a_new_pack_that_prolongs_the_period_shuts_the_gate(ready):
    """What was approved under five years is not destroyed under fifty."""
    ready.rules("years = 5\n", "years = 50\n")
    found = {(one.code, one.clauses) for one in ready.gate()}
    assert found == {("not-run-out", ("X-3",))}


def test_other_steps_in_the_regulation_are_taken_anew(ready):
    """Approvals count for the rules they were given under; an opinion begins afresh."""
    ready.rules('"general_manager:approve"]', '"general_manager:approve", "finance:approve"]')
    assert ready.codes() == {"rules-changed"}
    ready.appraise(R1)
    ready.rules("", "")
    refused("rules-changed", ready.approve, "zhao")


def test_a_record_regraded_since_is_not_destroyed(ready):
    """Its grade is another than the one that was appraised."""
    row = ready.archive.catalogue.record(R1)
    told = changed(row | {"grade": "SECRET"}, content_of(row), row["grade"], row["key"])
    assert told.code == "regraded"
    other = {**row["objects"], "scan": {**row["objects"]["scan"], "sha256": "00" * 32}}
    told = changed(row | {"objects": other}, content_of(row), row["grade"], row["key"])
    assert told.code == "record-changed"
    ready.home.set("company", **{'"role.drafting_unit"': "archivist"})
    ready.home.json("regrade", R1, "SECRET", "--reason", "x", "--until", "2099-01-01")
    ready.refresh()
    assert ready.codes() == {"regraded", "not-appraised"}  # of its new grade, two have to say so
    refused("regraded", ready.appraise, R1, who="chen")


def test_a_rotated_key_changes_nothing(ready):
    """The head is sealed anew; what was appraised is the same."""
    ready.home.json("key", "rotate", "INTERNAL")
    ready.refresh()
    assert ready.codes() == set()


def test_a_record_that_is_gone_or_altered_is_told(ready):
    """The gate trusts no row that the ledger does not make."""
    ready.archive.catalogue._run(f"UPDATE record SET pages = 9 WHERE id = '{R1}'")
    ready.archive.catalogue._run(f"DELETE FROM record WHERE id = '{R2}'")
    found = {(one.code, one.record) for one in ready.gate()}
    assert found == {("record-damaged", R1), ("record-gone", R2)}


def test_what_is_out_of_reach_of_a_record_is_told_in_one_look(ready):
    """Everything that speaks against it at once, not the first reason alone."""
    checks = Checks(ready.archive, ready.policy, {"C000001"}, {OTHER: ("L000009", "issued")})
    found = checks.against(ready.archive.catalogue.record(OTHER), TODAY, "person")
    assert [one.code for one in found] == ["held", "on-loan", "not-run-out"]


def test_every_reason_is_asked_for_here():
    """A reason code that no test names is one that nobody has seen."""
    text = Path(__file__).read_text("utf-8")
    unnamed = {code for code in REASONS if f'"{code}"' not in text}
    assert unnamed == set()
