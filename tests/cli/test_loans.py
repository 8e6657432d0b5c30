"""`loan`: a whole life, and everything that is refused: told, recorded, and nothing changed."""

import hashlib
import json
import os
import subprocess
from datetime import UTC, date, datetime, timedelta

import pytest
from archive_home import PASSPHRASE, Home
from lending_home import RULES, filed, staffed

from archivist import lending, loan_proofs, loans, statements
from archivist.loan_desk import REASONS, Denied
from archivist.records import canonical
from archivist.regulations import policy_of
from storage.ledger import Ledger

DAY = timedelta(days=1)
TODAY = datetime.now().astimezone().date()


@pytest.fixture(scope="module")
def stage(template, tmp_path_factory, scan):
    """The people and rules of lending, and three records of one dossier."""
    home = staffed(Home.copy_of(template, tmp_path_factory.mktemp("lending")))
    filed(home, scan, "合同甲", "合同乙", "合同丙")
    return home


@pytest.fixture
def house(stage, tmp_path):
    """An archive of the test's own."""
    home = Home.copy_of(stage.top, tmp_path / "house")
    yield home
    home.end()


def loan(home, who, *words, code=0, **env):
    """One command of `loan` by a person, with the exit code that it must have."""
    ran = home.run("--as", who, "--json", "loan", *words, **env)
    assert ran.code == code, (who, words, ran.code, ran.err)
    return ran.json if code == 0 else ran.err


def asked(home, target="R00000001", *words, who="lin"):
    """A request for an original; its id."""
    return loan(home, who, "request", target, "--purpose", "核对合同", *words)["loan"]


def approved(home, target="R00000001", *words):
    """The same, approved by both."""
    made = asked(home, target, *words)
    for who in ("zhao", "wang"):
        loan(home, who, "approve", made)
    return made


def issued(home, target="R00000001", *words):
    """The same, lent."""
    made = approved(home, target, *words)
    loan(home, "li", "issue", made)
    return made


def entries(home, act="loan"):
    return [entry for entry in home.json("ledger", "show") if entry["act"] == act]


def state(home, made):
    return home.json("loan", "show", made)["state"]


class Inside:
    """The rooms behind the door, with a clock of the test's own."""

    def __init__(self, home):
        self.home, self.archive = home, home.open()
        self.archive.follow()
        self.policy = policy_of(self.archive.settings, self.archive.catalogue)
        self.now = datetime.now(UTC).replace(microsecond=0)

    def person(self, name):
        return self.archive.people.unlock(name, PASSPHRASE)

    def approve(self, made, name, now=None):
        return loans.approve(self.archive, self.policy, made, self.person(name), now or self.now)

    def issue(self, made, now=None, count=None, note="", who="li"):
        now = now or self.now
        return lending.issue(self.archive, self.policy, made, count or lending.Count(), note,
                             self.person(who), now, TODAY)  # fmt: skip

    def forge(self, made, fields, state, who):
        """Append an entry as somebody with the house key could."""
        with self.archive.writing(self.now, who) as desk:
            desk.say("loan", {"loan": made}, step="approve", state=state, **fields)
            desk.append()
        self.archive.follow()

    def raw(self):
        return [json.loads(raw) for _, raw in self.archive.ledger.entries()]


@pytest.fixture
def inside(house):
    opened = []

    def of(home=house):
        opened.append(Inside(home))
        return opened[-1]

    yield of
    for one in opened:
        one.archive.close()


def denied(home, made, code, times=1):
    """The refusal stands in the ledger with its reason, and ids only; the loan is as it was."""
    found = [
        entry
        for entry in entries(home, "loan-denied")
        if entry["reason"] == code and made in (None, entry["subject"].get("loan"))
    ]
    assert len(found) == times, entries(home, "loan-denied")
    for entry in found:
        assert entry["reason"] in REASONS
        assert set(entry) <= {"index", "time", "act", "who", "station", "subject", "salt", "tried",
                              "reason", "v"}  # fmt: skip


# ── a whole life ──────────────────────────────────────────────────────────────


def test_a_loan_lives_from_the_request_to_the_return(house):
    """Asked, approved in order, lent, renewed with approvals anew, recalled and back."""
    until = (TODAY + 5 * DAY).isoformat()
    made = loan(house, "lin", "request", "R00000001", "--purpose", "核对", "--until", until)
    assert made["loan"] == "L000001"
    assert made["state"] == "requested"
    assert [s["role"] for s in made["steps"]] == ["department_head", "archive_head"]
    assert made["waits_for"]["role"] == "department_head"
    assert loan(house, "zhao", "approve", "L000001")["state"] == "requested"
    assert loan(house, "wang", "approve", "L000001")["state"] == "approved"
    out = loan(house, "li", "issue", "L000001")
    assert (out["state"], out["due"], out["pages"], out["pieces"]) == ("issued", until, 3, 1)
    assert {paper["form"] for paper in out["papers"]} == {"loan_register", "loan_card"}
    later = (TODAY + 9 * DAY).isoformat()
    assert loan(house, "lin", "renew", "L000001", "--until", later)["state"] == "renewing"
    assert home_due(house) == until
    for who in ("zhao", "wang"):
        loan(house, who, "approve", "L000001")
    assert home_due(house) == later
    assert loan(house, "li", "recall", "L000001", "--until", until)["due"] == until
    back = loan(house, "li", "return", "L000001")
    assert (back["state"], back["condition"]) == ("returned", "intact")
    steps = [entry["step"] for entry in entries(house)]
    assert steps == ["request", "approve", "approve", "issue", "renew", "approve", "approve",
                     "recall", "return"]  # fmt: skip
    assert house.json("ledger", "verify")["ok"]


def home_due(home):
    return home.json("loan", "show", "L000001")["due"]


def test_loan_list_is_the_contracts(house):
    """The keys, the filter by person, and what is overdue as of another day."""
    issued(house)
    asked(house, "R00000002", who="gm")
    rows = house.json("loan", "list")
    first = rows[0]
    keys = {"loan", "target", "person", "form", "state", "requested", "approvals", "due", "overdue"}
    assert keys <= set(first)
    assert (first["loan"], first["target"], first["person"]) == ("L000001", "R00000001", "lin")
    assert (first["form"], first["state"], first["overdue"]) == ("borrow", "issued", False)
    assert first["due"] == (TODAY + 14 * DAY).isoformat()
    assert [one["person"] for one in first["approvals"]] == ["zhao", "wang"]
    assert [row["loan"] for row in house.json("loan", "list", "--person", "gm")] == ["L000002"]
    assert house.json("loan", "list", "--overdue") == []
    day = (TODAY + 15 * DAY).isoformat()
    late = house.json("loan", "list", "--overdue", "--on", day)
    assert [row["loan"] for row in late] == ["L000001"]


def test_each_approval_is_signed_with_the_approvers_own_key(house):
    """The ledger alone proves each step: who, for which loan, request, step, role, until when."""
    made = approved(house)
    request, first, second = entries(house)
    archive = house.open()
    raw = dict(archive.ledger.entries())
    for number, entry in enumerate((first, second), 1):
        said = entry["statement"]
        assert (said["loan"], said["step"], said["request"]) == (made, number, request["index"])
        assert said["digest"] == statements.digest_of(raw[request["index"]])
        assert said["expires"] > said["time"]
        page = archive.people.person(said["person"])
        assert page.verifies(canonical(said), bytes.fromhex(entry["signature"]))
    found = dict(loan_proofs.verify(raw.items()))
    archive.close()
    assert found == {first["index"]: (), second["index"]: ()}


def test_one_altered_letter_in_an_approval_is_found(house):
    """Whatever is changed in the statement, key or signature, the proof no longer holds."""
    approved(house)
    archive = house.open()
    entries_ = {index: json.loads(raw) for index, raw in archive.ledger.entries()}
    archive.close()
    at = next(i for i, e in entries_.items() if e.get("step") == "approve")
    told = 0
    for name in ("statement", "key", "signature"):
        value = entries_[at][name]
        fields = value if isinstance(value, dict) else {"": value}
        for key, inner in fields.items():
            other = inner + 1 if isinstance(inner, int) else ("0" if inner[0] != "0" else "1")
            other = other if isinstance(inner, int) else other + inner[1:]
            changed = {**value, key: other} if isinstance(value, dict) else other
            ledger = {**entries_, at: {**entries_[at], name: changed}}
            found = dict(loan_proofs.verify((i, canonical(e)) for i, e in ledger.items()))
            assert found[at], (name, key)
            told += 1
    assert told > 12


def test_a_request_that_was_altered_is_no_longer_what_was_approved(house):
    """The approvals name the bytes of the request."""
    approved(house)
    archive = house.open()
    entries_ = {index: json.loads(raw) for index, raw in archive.ledger.entries()}
    archive.close()
    at = next(i for i, e in entries_.items() if e.get("step") == "request")
    entries_[at]["form"] = "take_out"
    found = dict(loan_proofs.verify((i, canonical(e)) for i, e in entries_.items()))
    assert all("request-changed" in codes for codes in found.values())


def test_a_dossier_is_lent_with_all_its_records(house):
    """One loan for all of it, the steps of all once; and no record of it can be lent besides."""
    made = issued(house, "D000001")
    row = house.json("loan", "show", made)
    assert row["records"] == ["R00000001", "R00000002", "R00000003"]
    assert (row["target"], row["pages"], len(row["steps"])) == ("D000001", 9, 2)
    told = loan(house, "gm", "request", "R00000002", "--purpose", "x", code=4)
    assert made in told
    denied(house, None, "already-lent")
    assert "loan" in [line["act"] for line in house.json("show", "R00000003")["history"]]


def test_who_may_know_all_needs_no_approval(house):
    """A free decision is approved as it is asked, and can be issued at once."""
    row = loan(house, "gm", "request", "R00000001", "--form", "view", "--purpose", "看")
    assert (row["state"], row["steps"]) == ("approved", [])
    assert loan(house, "li", "issue", row["loan"])["due"] is None


def test_refuse_and_cancel_end_a_request(house):
    """Only a role of the steps refuses, only who asked cancels; nothing follows either."""
    first, second = asked(house), asked(house, "R00000002")
    loan(house, "chen", "refuse", first, "--reason", "x", code=4)
    denied(house, first, "wrong-role")
    assert loan(house, "wang", "refuse", first, "--reason", "不需要")["state"] == "refused"
    loan(house, "zhao", "cancel", second, code=4)
    denied(house, second, "not-the-borrower")
    assert loan(house, "lin", "cancel", second)["state"] == "cancelled"
    before = len(house.json("ledger", "show"))
    told = loan(house, "zhao", "approve", first, code=4)
    assert "refused cannot be approved; nothing more is possible" in told
    assert "已经了结" in loan(house, "li", "issue", second, code=4, ARCHIVIST_LANG="zh")
    assert len(house.json("ledger", "show")) == before


# ── what is refused, and recorded ─────────────────────────────────────────────


def test_the_borrower_does_not_approve(house):
    """Not even one who holds the role of the step."""
    made = asked(house, who="zhao")
    assert "own" in loan(house, "zhao", "approve", made, code=4)
    denied(house, made, "self-approval")
    assert state(house, made) == "requested"


def test_approvals_come_in_order_and_by_role(house):
    """The second step before the first, and somebody who holds neither role."""
    made = asked(house)
    loan(house, "wang", "approve", made, code=4)
    denied(house, made, "wrong-order")
    loan(house, "chen", "approve", made, code=4)
    denied(house, made, "wrong-role")
    assert house.json("loan", "show", made)["approvals"] == []
    loan(house, "li", "issue", made, code=4)
    denied(house, made, "not-approved")


def test_one_person_takes_one_step(house):
    """Where the regulation holds the steps apart, two roles in one hand are one yes."""
    ran = house.run("person", "add", "both", "--role", "department_head", "archive_head",
                    ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)  # fmt: skip
    assert ran.code == 0, ran.err
    made = asked(house)
    loan(house, "both", "approve", made)
    loan(house, "both", "approve", made, code=4)
    denied(house, made, "same-person")
    assert loan(house, "wang", "approve", made)["state"] == "approved"


def test_without_a_rule_there_is_no_loan(house):
    """No adopted regulation speaks of copies here."""
    loan(house, "lin", "request", "R00000001", "--form", "copy", "--purpose", "x", code=4)
    denied(house, None, "no-rule")
    assert house.json("loan", "list") == []


def test_an_expired_approval_is_none(house, inside):
    """Neither is the paper lent on it, nor can the next step build on it."""
    first, second = approved(house), asked(house, "R00000002")
    at = inside()
    at.approve(second, "zhao")
    late = at.now + timedelta(days=30, seconds=5)
    for act in (lambda: at.issue(first, late), lambda: at.approve(second, "wang", late)):
        with pytest.raises(Denied) as caught:
            act()
        assert caught.value.code == "expired-approval"
    denied(house, None, "expired-approval", times=2)
    assert state(house, first) == "approved"


def test_the_company_says_how_long_an_approval_holds(house, inside):
    """`loan_approval_days` in archive.toml; a word that is no number is told."""
    house.set("company", loan_approval_days=2)
    made = approved(house)
    said = entries(house)[-1]["statement"]
    begun, ends = (datetime.fromisoformat(said[name]) for name in ("time", "expires"))
    assert ends - begun == 2 * DAY
    house.set("company", loan_approval_days="soon")
    other = asked(house, "R00000002")
    assert "loan_approval_days" in loan(house, "zhao", "approve", other, code=2)
    with pytest.raises(Denied, match="expired"):
        inside().issue(made, datetime.now(UTC) + 3 * DAY)


def test_an_approval_of_another_loan_is_found_at_issue(house, inside):
    """Somebody with the house key copied both approvals of one loan under another."""
    first, second = approved(house), asked(house, "R00000002")
    at = inside()
    given = [entry for entry in at.raw() if entry.get("step") == "approve"]
    for number, entry in enumerate(given):
        fields = {name: entry[name] for name in ("statement", "key", "signature")}
        at.forge(second, fields, ("requested", "approved")[number], entry["who"])
    assert state(house, second) == "approved"
    with pytest.raises(Denied) as caught:
        at.issue(second)
    assert caught.value.code == "approval-of-another-loan"
    denied(house, second, "approval-of-another-loan")
    assert state(house, second) == "approved"
    at.issue(first)


@pytest.mark.parametrize("what", ["signature", "key", "statement", "who"])
def test_an_altered_approval_is_found_at_issue(house, inside, what):
    """A signature of one bit less, another's key, a word changed, another's name."""
    made = asked(house)
    at = inside()
    asked_ = loan_proofs.asked_for(at.archive, at.archive.catalogue.loan(made))
    here = at.archive.settings.archive_id
    for number, name in enumerate(("zhao", "wang"), 1):
        fields = loan_proofs.signed_approval(here, asked_, number, at.person(name), at.now, 30)
        who = name
        if number == 2 and what == "signature":
            fields["signature"] = fields["signature"][:-1] + "01"[fields["signature"][-1] == "0"]
        if number == 2 and what == "key":
            fields["key"] = at.person("chen").verify_key.hex()
        if number == 2 and what == "statement":
            fields["statement"] = {**fields["statement"], "expires": "2099-01-01T00:00:00Z"}
        if number == 2 and what == "who":
            who = "chen"
        at.forge(made, fields, ("requested", "approved")[number - 1], who)
    with pytest.raises(Denied) as caught:
        at.issue(made)
    assert caught.value.code == "altered-approval"
    denied(house, made, "altered-approval")


def test_a_true_signature_of_somebody_without_the_role_is_none(house, inside):
    """chen signed step 2 with his own key; the ledger says what he may."""
    made = asked(house)
    loan(house, "zhao", "approve", made)
    at = inside()
    asked_ = loan_proofs.asked_for(at.archive, at.archive.catalogue.loan(made))
    fields = loan_proofs.signed_approval(
        at.archive.settings.archive_id, asked_, 2, at.person("chen"), at.now, 30
    )
    at.forge(made, fields, "approved", "chen")
    with pytest.raises(Denied) as caught:
        at.issue(made)
    assert caught.value.code == "wrong-role"


def test_a_loan_made_approved_in_the_catalogue_alone_is_not_lent(house, inside):
    """The shadow says approved; the ledger holds no approval."""
    made = asked(house)
    at = inside()
    at.archive.catalogue._run("UPDATE loan SET state = 'approved' WHERE id = ?", made)
    with pytest.raises(Denied) as caught:
        at.issue(made)
    assert caught.value.code == "not-approved"
    assert [f["code"] for f in house.json("ledger", "verify", code=13)["findings"]] == ["C-ALTERED"]


def test_a_clock_set_back_stops_every_act(house, inside):
    """Also after another entry was made by the wrong clock; a few minutes are no matter."""
    made = approved(house)
    at = inside()
    back = at.now - timedelta(hours=1)
    with pytest.raises(Denied) as caught:
        at.issue(made, back)
    assert caught.value.code == "clock-set-back"
    with at.archive.writing(back, "li") as desk:
        desk.say("login", {"person": "li"})
        desk.append()
    for act in (
        lambda: at.approve(made, "zhao", back),
        lambda: loans.cancel(at.archive, made, "lin", back),
        lambda: loans.refuse(at.archive, at.policy, made, "x", "zhao", back),
        lambda: lending.renew(at.archive, at.policy, made, TODAY, "lin", back, TODAY),
        lambda: lending.recall(at.archive, at.policy, made, None, "li", back, TODAY),
        lambda: lending.take_back(at.archive, at.policy, made, lending.Back(), "li", back, TODAY),
        lambda: loans.request(at.archive, at.policy, loans.Ask("R00000002", "view", "x"),
                              at.person("lin"), back, TODAY),
    ):  # fmt: skip
        with pytest.raises(Denied) as caught:
            act()
        assert caught.value.code == "clock-set-back"
    denied(house, None, "clock-set-back", times=8)
    at.issue(made, at.now - timedelta(minutes=2))


def test_who_left_gets_nothing(house):
    """He left between approval and issue; and nobody leaves with papers on loan."""
    made, kept = approved(house), issued(house, "R00000002")
    ran = house.run("--json", "person", "leave", "lin")
    assert ran.code == 3
    assert {"kind": "loan", "id": kept, "role": "borrower"} in ran.json["open"]
    loan(house, "li", "return", kept)
    house.json("person", "leave", "lin")
    loan(house, "li", "issue", made, code=4)
    denied(house, made, "borrower-left")
    assert state(house, made) == "approved"


def test_an_original_is_lent_once(house):
    """Two approved requests for it: the second finds it gone, and gets it when it is back."""
    first, second = approved(house), approved(house)
    loan(house, "li", "issue", first)
    assert first in loan(house, "li", "issue", second, code=4)
    denied(house, second, "already-lent")
    loan(house, "lin", "request", "R00000001", "--purpose", "x", code=4)
    loan(house, "li", "return", first)
    assert loan(house, "li", "issue", second)["state"] == "issued"


def test_of_two_who_issue_at_once_one_finds_it_gone(house):
    """Two processes, one original: one loan is issued, the other refused and recorded."""
    made = [approved(house), approved(house)]
    env = {"ARCHIVIST_PERSON": "li"}
    started = [house.process("--json", "loan", "issue", one, env=env) for one in made]
    ended = [one.communicate(timeout=120) for one in started]
    assert sorted(one.returncode for one in started) == [0, 4], ended
    assert sorted(state(house, one) for one in made) == ["approved", "issued"]
    assert [entry["reason"] for entry in entries(house, "loan-denied")] == ["already-lent"]
    assert house.json("ledger", "verify")["ok"]


def test_papers_in_other_hands_were_lent_on(house):
    """The regulation forbids it: recorded, and they are taken back from the borrower."""
    made = issued(house)
    loan(house, "li", "return", made, "--from", "chen", code=4)
    denied(house, made, "on-lent")
    assert state(house, made) == "issued"
    assert loan(house, "li", "return", made, "--from", "lin")["state"] == "returned"


def test_nobody_hands_papers_to_himself(house):
    """Neither the borrower, nor somebody who does not keep them."""
    made = approved(house)
    loan(house, "lin", "issue", made, code=4)
    denied(house, made, "own-loan")
    loan(house, "zhao", "issue", made, code=4)
    denied(house, made, "not-custodian")
    own = asked(house, "R00000002", who="li")
    for who in ("zhao", "wang"):
        loan(house, who, "approve", own)
    loan(house, "li", "issue", own, code=4)
    denied(house, own, "own-loan")


def test_what_changed_since_is_asked_anew(house):
    """The rules now ask one step less: the approvals were for another decision."""
    made = approved(house)
    text = house.top / "rules.toml"
    steps = '["department_head:approve", "archive_head:approve"]'
    text.write_text(
        RULES.replace(steps, '["archive_head:approve"]').replace('version = "1"', 'version = "2"')
    )
    house.json("pack", "adopt", text)
    loan(house, "li", "issue", made, code=4)
    denied(house, made, "rules-changed")


def test_where_nobody_said_how_long_there_is_no_loan(house):
    """The open question is told, with the setting that answers it."""
    path = house.root / "archive.toml"
    path.chmod(0o644)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if "loan_days" not in line), "utf-8")
    told = loan(house, "lin", "request", "R00000001", "--purpose", "x", code=4)
    assert "loan_days" in told
    denied(house, None, "period-open")


# ── terms ─────────────────────────────────────────────────────────────────────


def test_no_loan_is_longer_than_the_regulation_lets(house):
    """Until later is refused with the last day; without a day it is the last day."""
    late = (TODAY + 15 * DAY).isoformat()
    told = loan(house, "lin", "request", "R00000001", "--purpose", "x", "--until", late, code=2)
    assert (TODAY + 14 * DAY).isoformat() in told
    made = issued(house)
    assert house.json("loan", "show", made)["due"] == (TODAY + 14 * DAY).isoformat()
    loan(house, "lin", "renew", made, "--until", late, code=2)


def test_what_is_overdue_is_not_renewed(house):
    """And only the borrower asks for more time."""
    made = issued(house)
    later = (TODAY + 20 * DAY).isoformat()
    on = ("--on", (TODAY + 15 * DAY).isoformat())
    loan(house, "lin", "renew", made, "--until", later, *on, code=4)
    denied(house, made, "overdue")
    loan(house, "chen", "renew", made, "--until", (TODAY + 14 * DAY).isoformat(), code=4)
    denied(house, made, "not-the-borrower")


def test_a_count_that_differs_needs_a_word(house):
    """At the lending and at the return; the word is sealed, the numbers stand in the entry."""
    made = approved(house)
    told = loan(house, "li", "issue", made, "--pages", "2", code=2)
    assert "3" in told
    loan(house, "li", "issue", made, "--pages", "2", "--note", "缺封面")
    loan(house, "li", "return", made, "--pages", "2", code=2)
    loan(house, "li", "return", made, "--pages", "3", "--pieces", "1")
    counted = [e["counted"] for e in entries(house) if "counted" in e]
    assert counted == [{"pages": 2, "pieces": 1}, {"pages": 3, "pieces": 1}]
    assert "缺封面" not in json.dumps(house.json("ledger", "show"), ensure_ascii=False)
    assert "缺封面" in [line["words"] for line in house.json("loan", "show", made)["history"]]


def test_being_overdue_is_a_violation_until_it_is_excused(house):
    """From the day after; returned late it stays; the supervisor's excuse moves the day."""
    made = issued(house)
    due = TODAY + 14 * DAY
    on = ("--on", (due + 3 * DAY).isoformat())
    (found,) = house.json("violation", "list", *on)
    assert found["violation"] == f"{made}-overdue_loan-{(due + DAY).isoformat()}"
    assert (found["person"], found["role"], found["sanction"]) == ("lin", "borrower", "按违纪处理")
    assert house.json("violation", "list", "--on", due.isoformat()) == []
    until = (due + 10 * DAY).isoformat()
    excuse = ("excuse", made, "--until", until, "--reason", "客户在外地")
    loan(house, "zhao", *excuse, code=4)
    denied(house, made, "wrong-role")
    ran = house.run("person", "add", "boss", "--role", "supervisor",
                    ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)  # fmt: skip
    assert ran.code == 0, ran.err
    loan(house, "boss", *excuse)
    assert house.json("violation", "list", *on) == []
    assert house.json("loan", "list", "--overdue", *on) == []
    loan(house, "li", "return", made, "--on", (due + 12 * DAY).isoformat())
    (found,) = house.json("violation", "list", "--on", (due + 20 * DAY).isoformat())
    assert found["on"] == (due + 11 * DAY).isoformat()
    assert found["corrected"] == (due + 12 * DAY).isoformat()


def test_what_comes_back_damaged_or_not_at_all_is_a_violation(house):
    """The packs call it so; what is lost is not lent again until it is found."""
    first, second = issued(house), issued(house, "R00000002")
    loan(house, "li", "return", first, "--condition", "damaged", code=2)
    back = loan(house, "li", "return", first, "--condition", "damaged", "--note", "第三页撕破")
    assert [one["incident"] for one in back["incidents"]] == ["lost_papers"]
    gone = loan(house, "li", "return", second, "--condition", "lost", "--note", "找不到")
    assert gone["state"] == "lost"
    found = house.json("violation", "list")
    assert [(v["code"], v["person"], v["count"]) for v in found] == [
        ("lost_or_damaged", "lin", 1), ("lost_or_damaged", "lin", 1)
    ]  # fmt: skip
    loan(house, "gm", "request", "R00000002", "--purpose", "x", code=4)
    denied(house, None, "lost")
    assert loan(house, "li", "return", second)["state"] == "returned"
    asked(house, "R00000002")


# ── from outside ──────────────────────────────────────────────────────────────


@pytest.fixture
def outsider(house, scan):
    """What a reader from outside shows: a letter and an identity card."""
    paths = [house.top / "介绍信.pdf", house.top / "证件.PDF"]
    for path in paths:
        path.write_bytes(scan(path.stem))
    return [os.fspath(path) for path in paths]


def test_a_reader_from_outside_shows_who_he_is(house, outsider):
    """Without both papers nothing; with them they are sealed, and no name is in the ledger."""
    words = ("request", "R00000001", "--form", "view", "--purpose", "诉讼取证", "--external",
             "--for", "欧阳外人", "--unit", "某律师事务所")  # fmt: skip
    assert "intro_letter" in loan(house, "lin", *words, "--evidence", outsider[0], code=2)
    row = loan(house, "lin", *words, "--evidence", *outsider)
    assert (row["person"], row["external"], row["relation"]) == ("欧阳外人", True, "external")
    (entry,) = entries(house)
    assert [one["type"] for one in entry["evidence"]] == ["intro_letter", "reader_id"]
    assert "person" not in entry["subject"]
    told = json.dumps(house.json("ledger", "show"), ensure_ascii=False)
    assert not [word for word in ("欧阳", "律师", "诉讼", "介绍信", "证件") if word in told]
    for path in house.root.rglob("*"):
        if path.is_file():
            assert "欧阳外人".encode() not in path.read_bytes(), path
    assert loan(house, "wang", "approve", row["loan"])["state"] == "approved"
    loan(house, "lin", "issue", row["loan"], code=4)  # who asked for him does not hand out
    denied(house, row["loan"], "own-loan")
    papers = loan(house, "li", "issue", row["loan"])["papers"]
    assert [paper["form"] for paper in papers] == ["external_readers"]
    shown = house.json("loan", "show", row["loan"])
    assert (shown["unit"], shown["evidence"]) == ("某律师事务所", ["介绍信.pdf", "证件.PDF"])


def test_evidence_that_was_altered_or_taken_away_is_found(house, outsider):
    """`ledger verify` names it."""
    loan(house, "lin", "request", "R00000001", "--form", "view", "--purpose", "x", "--external",
         "--for", "某人", "--evidence", *outsider)  # fmt: skip
    assert house.json("ledger", "verify")["ok"]
    (body,) = house.root.glob("store/*/*/L000001-*.e1pdf.age")
    body.chmod(0o644)
    content = bytearray(body.read_bytes())
    content[-1] ^= 1
    body.write_bytes(content)
    (found,) = house.json("ledger", "verify", code=13)["findings"]
    assert found["code"] == "S-CARD"
    body.unlink()
    (found,) = house.json("ledger", "verify", code=13)["findings"]
    assert found["code"] == "S-CARD"


def test_an_inspection_by_an_authority_needs_no_approval(house):
    """The exemption holds for the authority, and for nobody here who only says so."""
    words = ("request", "R00000001", "--form", "view", "--purpose", "检查")
    row = loan(house, "lin", *words, "--external", "--for", "某科长")
    assert (row["state"], row["relation"], row["purpose_code"]) == (
        "approved", "authority", "inspection"
    )  # fmt: skip
    assert loan(house, "lin", *words)["state"] == "requested"


# ── the shadow, and crashes ───────────────────────────────────────────────────


def test_a_loan_row_that_was_altered_is_named(house):
    """The catalogue's loans are compared with the ledger like everything else."""
    made = issued(house)
    archive = house.open()
    archive.catalogue._run("UPDATE loan SET due = '2099-01-01' WHERE id = ?", made)
    archive.close()
    (found,) = house.json("ledger", "verify", code=13)["findings"]
    assert (found["code"], found["where"]) == ("C-ALTERED", f"loan {made}")
    assert "due" in found["message"]


def test_a_rebuilt_catalogue_knows_the_same_loans(house):
    """Rows come from the ledger alone."""
    issued(house)
    asked(house, "R00000002")
    before = house.json("loan", "list")
    for file in house.root.glob("catalogue.db*"):
        file.unlink()
    assert house.json("loan", "list") == before


def test_a_crash_between_sealing_and_the_entry_leaves_nothing(house, monkeypatch):
    """The same request made again takes the same number; what was sealed before is set aside."""
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", _dies)
        ran = house.run("--as", "lin", "loan", "request", "R00000001", "--purpose", "x")
    assert ran.code == 1
    sealed = list(house.root.glob("store/*/*/L000001-*"))
    assert len(sealed) == 1
    assert house.json("loan", "list") == []
    assert asked(house) == "L000001"
    assert len(list(house.root.glob("work/orphans/*/store/*/*/L000001-*"))) == 1
    assert house.json("ledger", "verify")["ok"]


def test_a_crash_at_the_issue_lends_nothing(house, monkeypatch):
    """No entry, no loan; the paper can be issued afterwards."""
    made = approved(house)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", _dies)
        words = ("issue", made, "--pages", "2", "--note", "缺一页")
        assert house.run("--as", "li", "loan", *words).code == 1
    assert state(house, made) == "approved"
    assert loan(house, "li", *words)["state"] == "issued"
    assert house.json("ledger", "verify")["ok"]


def _dies(*_, **__):
    raise OSError(5, "the power went")


def test_a_killed_issue_is_either_done_or_not(house):
    """Killed at some moment: the ledger holds, and the loan is approved or issued, nothing else."""
    made = approved(house)
    process = house.process("loan", "issue", made, env={"ARCHIVIST_PERSON": "li"})
    try:
        process.wait(0.9)
    except subprocess.TimeoutExpired:
        process.kill()
    process.wait()
    assert state(house, made) in ("approved", "issued")
    if state(house, made) == "approved":
        loan(house, "li", "issue", made)
    assert house.json("ledger", "verify")["ok"]


def test_grants_are_made_before_the_entry_that_names_them(house, inside):
    """The head that opens the record lies there, as its digest in the entry says."""
    made = approved(house)
    at = inside()
    at.issue(made)
    named = entries(house)[-1]["grants"]
    head = (house.root / "keys" / "loans" / made / "R00000001.head").read_bytes()
    assert named == {"R00000001": hashlib.sha256(head).hexdigest()}
    lending.take_back(at.archive, at.policy, made, lending.Back(), "li", at.now, TODAY)
    assert not (house.root / "keys" / "loans" / made).exists()


def test_the_day_of_a_loan_may_be_said(house):
    """A loan entered afterwards runs from its own day; one of tomorrow is not issued."""
    made = approved(house, "R00000001", "--until", (TODAY + 3 * DAY).isoformat())
    loan(house, "li", "issue", made, "--on", (TODAY + DAY).isoformat(), code=2)
    row = loan(house, "li", "issue", made, "--on", (TODAY - 13 * DAY).isoformat())
    assert row["due"] == (TODAY + DAY).isoformat()
    assert row["issued"] == (TODAY - 13 * DAY).isoformat()
    assert date.fromisoformat(entries(house)[-1]["on"]) == TODAY - 13 * DAY


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, ()),
        ({"archive": "another"}, ("wrong-archive",)),
        ({"loan": "L000002"}, ("wrong-loan",)),
        ({"request": 3}, ("request-changed",)),
        ({"digest": "00" * 32}, ("request-changed",)),
        ({"step": 2}, ("wrong-order",)),
        ({"role": "archive_head"}, ("wrong-role",)),
        ({"does": "review"}, ("wrong-role",)),
        ({"person": "lin"}, ("wrong-person", "wrong-key")),
        ({"expires": "2026-03-05T08:59:59Z"}, ("expired",)),
        ({"v": 2}, ("malformed",)),
        ({"act": "loan-excuse"}, ("malformed",)),
        ({"more": "x"}, ("malformed",)),
    ],
)
def test_a_true_signature_under_another_statement_proves_nothing(house, changed, found):
    """The approver signed exactly this; it is not this step of this loan, here and now."""
    people = house.open().people
    zhao, lin = (people.unlock(name, PASSPHRASE) for name in ("zhao", "lin"))
    steps = [{"role": "department_head", "act": "approve"}]
    at = loan_proofs.Asked("L000001", 7, "ab" * 32, steps)
    now = datetime(2026, 3, 5, 9, tzinfo=UTC)
    fields = loan_proofs.signed_approval("here", at, 1, zhao, now, 30)
    entry = {
        **statements.signed({**fields["statement"], **changed}, zhao),
        "who": "zhao",
        "subject": {"loan": "L000001"},
    }
    keys = {one.name: one.verify_key.hex() for one in (zhao, lin)}
    told = loan_proofs.problems(entry, at, 1, keys, "here", "2026-03-05T09:00:00Z")
    assert told == found


def test_papers_under_a_need_to_know_list_are_lent_to_those_on_it(house, scan):
    """Whoever is not on the list gets nothing, though the rules of lending would let him."""
    path = house.top / "名单内.pdf"
    path.write_bytes(scan("名单内"))
    words = ("--dossier", "D000002", "--type", "sales_contract", "--grade", "SECRET")
    record = house.json("file", path, *words)["record"]
    for name in ("lin", "chen"):
        house.json("person", "clear", name, "SECRET")
    house.json("need-to-know", "limit", record, "chen", "--grade", "SECRET", "--reason", "并购")
    loan(house, "lin", "request", record, "--purpose", "x", code=4)
    denied(house, None, "not-to-know")
    assert loan(house, "chen", "request", record, "--purpose", "x")["state"] == "requested"
