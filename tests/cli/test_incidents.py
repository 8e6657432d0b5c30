"""`incident`: reported by anybody, told to whom the rules name, confirmed with their own keys."""

import json
from datetime import UTC, datetime

import pytest
from archive_home import PASSPHRASE, Home
from lending_home import RULES, filed, staffed

from archivist import incident_proofs, incidents
from archivist.records import Entry
from archivist.regulations import policy_of
from storage.ledger import Ledger

WHAT = "传真误发给外单位"
# The company's own: rows of the same id stand in the place of those of `secrecy`.
OWN = RULES.replace('id = "lending"', 'id = "lending"\nkind = "company"', 1)
LEAKS = """
[[role]]
id = "leader"
zh = "领导"
en = "leader"
vague = true
clause = "X-0"

[[incident]]
id = "leak_reported"
zh = "发现泄密立即报告"
en = "a leak is reported at once"
of = ["leak"]
notify = ["general_manager", "archive_head"]
at_once = true
remedies = ["及时补救"]
clause = "X-10"

[[incident]]
id = "leak_minor"
zh = "尚未造成严重后果"
en = "without serious consequence"
of = ["leak"]
severity = "minor"
remedies = ["处罚"]
clause = "X-11"

[[incident]]
id = "leak_serious"
zh = "造成严重后果"
en = "with serious consequence"
of = ["leak"]
severity = "serious"
notify = ["department_head"]
remedies = ["依法追究"]
clause = "X-12"

[[incident]]
id = "thefts"
zh = "窃取"
en = "theft"
of = ["theft"]
notify = ["leader"]
clause = "X-13"
"""


@pytest.fixture(scope="module")
def stage(template, tmp_path_factory, scan):
    """The people and rules of lending, rules on leaks, and one record."""
    home = staffed(Home.copy_of(template, tmp_path_factory.mktemp("incidents")),
                   rules=OWN + LEAKS)  # fmt: skip
    filed(home, scan, "合同甲")
    return home


@pytest.fixture
def house(stage, tmp_path):
    """An archive of the test's own."""
    home = Home.copy_of(stage.top, tmp_path / "house")
    yield home
    home.end()


def incident(home, who, *words, code=0, **env):
    """One command of `incident` by a person, with the exit code that it must have."""
    ran = home.run(*(("--as", who) if who else ()), "--json", "incident", *words, **env)
    assert ran.code == code, (who, words, ran.code, ran.err)
    return ran.json if code == 0 else ran.err


def reported(home, *words, of="leak", who="lin"):
    return incident(home, who, "report", "--of", of, "--what", WHAT, *words)["incident"]


def entries(home):
    return [entry for entry in home.json("ledger", "show") if entry["act"] == "incident"]


def state(home, made):
    return home.json("incident", "show", made)["state"]


# ── a whole life ──────────────────────────────────────────────────────────────


def test_an_incident_lives_from_the_report_to_the_end(house):
    """Reported, told to both roles, noted, confirmed by each with his own key, closed."""
    row = incident(house, "lin", "report", "--of", "泄密", "--what", WHAT, "--record", "R00000001")
    assert (row["incident"], row["of"], row["state"]) == ("I000001", "leak", "reported")
    assert (row["dossier"], row["reported_by"], row["what"]) == ("D000001", "lin", WHAT)
    assert [(n["role"], n["people"], n["at_once"]) for n in row["notify"]] == [
        ("general_manager", ["gm"], True), ("archive_head", ["wang"], True)
    ]  # fmt: skip
    assert (row["remedies"], row["clauses"]) == (["及时补救"], ["X-10"])
    assert incident(house, "chen", "note", "I000001", "已致电收件人")["notes"] == 1
    assert incident(house, "gm", "acknowledge", "I000001")["unconfirmed"] == ["archive_head"]
    assert incident(house, "wang", "acknowledge", "I000001")["state"] == "acknowledged"
    closed = incident(house, "chen", "close", "I000001", "--outcome", "已收回")
    assert (closed["state"], closed["closed_by"], closed["unconfirmed"]) == ("closed", "chen", [])
    told = house.json("incident", "show", "I000001")["history"]
    assert [one["step"] for one in told] == ["report", "note", "acknowledge", "acknowledge",
                                             "close"]  # fmt: skip
    assert [told[0]["what"], told[1]["note"], told[4]["outcome"]] == [
        WHAT,
        "已致电收件人",
        "已收回",
    ]
    assert house.json("incident", "list", "--open") == []
    assert [one["incident"] for one in house.json("incident", "list")] == ["I000001"]
    assert house.json("ledger", "verify")["ok"]


def test_no_free_word_stands_in_the_ledger(house):
    """Not in an entry, and nowhere in the folder in plain bytes."""
    path = house.top / "照片证据.jpg"
    path.write_bytes(b"a photograph of the fax")
    made = reported(house, "--evidence", str(path))
    incident(house, "chen", "note", made, "甲乙丙丁记录")
    incident(house, "chen", "close", made, "--outcome", "子丑寅卯结果", "--reason", "辰巳午未理由")
    told = json.dumps(house.json("ledger", "show"), ensure_ascii=False)
    for word in (WHAT, "照片证据", "甲乙丙丁", "子丑寅卯", "辰巳午未"):
        assert word not in told
        for file in house.root.rglob("*"):
            assert not file.is_file() or word.encode() not in file.read_bytes(), file


def test_anybody_may_report_also_with_nobody_logged_in(house):
    """Then it is the station that did; everything after it takes somebody."""
    house.json("logout")
    house.env.pop("ARCHIVIST_PASSPHRASE")
    made = reported(house, who=None)
    assert entries(house)[0]["who"] == "station"
    for words in (("note", made, "x"), ("acknowledge", made), ("close", made, "--outcome", "x")):
        incident(house, None, *words, code=12)
    assert len(entries(house)) == 1


# ── whom the regulations name ─────────────────────────────────────────────────


@pytest.mark.parametrize(("severity", "roles", "clauses"), [
    ("none", {"general_manager", "archive_head"}, ["X-10"]),
    ("minor", {"general_manager", "archive_head"}, ["X-10", "X-11"]),
    ("serious", {"general_manager", "archive_head", "department_head"}, ["X-10", "X-12"]),
])  # fmt: skip
def test_rows_of_a_severity_speak_of_that_one_alone(house, severity, roles, clauses):
    """A row without a severity always speaks."""
    row = incident(house, "lin", "report", "--of", "leak", "--what", "x", "--severity", severity)
    assert {notice["role"] for notice in row["notify"]} == roles
    assert row["clauses"] == clauses


def test_where_nobody_is_named_that_is_said_and_asked_for(house):
    """No silence passes for a confirmation: closing needs a reason."""
    ran = house.run("incident", "report", "--of", "abuse", "--what", "x")
    assert "no regulation in force names anybody to be told" in ran.err
    said = incident(house, "chen", "close", "I000001", "--outcome", "x", code=2)
    assert "nobody has confirmed it" in said
    assert state(house, "I000001") == "reported"
    assert "nobody is named" in house.run("incident", "list").out.decode()
    incident(house, "chen", "close", "I000001", "--outcome", "x", "--reason", "制度未写")
    assert state(house, "I000001") == "closed"


def test_a_named_role_that_means_nobody_yet_is_not_forgotten(house):
    """Who the leader is, the company has to say; until then closing needs a reason."""
    ran = house.run("incident", "report", "--of", "theft", "--what", "x")
    assert 'set "role.leader" in [company]' in ran.err
    assert "leader" in incident(house, "chen", "close", "I000001", "--outcome", "x", code=2)
    house.set("company", **{'"role.leader"': "general_manager"})
    made = reported(house, of="theft")
    assert incident(house, "gm", "acknowledge", made)["state"] == "acknowledged"


def test_people_see_whom_to_tell(house):
    """In words, in both languages."""
    ran = house.run("incident", "report", "--of", "leak", "--what", "x", ARCHIVIST_LANG="zh")
    assert ran.out.decode() == "I000001\n"
    assert "须立即报告总经理（gm）（X-10）" in ran.err
    assert "处理：及时补救" in ran.err
    shown = house.run("incident", "show", "I000001").out.decode()
    assert "tell at once: general manager (gm) (X-10)" in shown


# ── confirming ────────────────────────────────────────────────────────────────


def test_only_whom_the_rules_name_confirms_and_once(house):
    """Others are told who should; nothing is recorded."""
    made = reported(house)
    assert "general manager" in incident(house, "lin", "acknowledge", made, code=4)
    incident(house, "gm", "acknowledge", made)
    assert "already" in incident(house, "gm", "acknowledge", made, code=4)
    assert [entry["step"] for entry in entries(house)] == ["report", "acknowledge"]


def test_whoami_and_login_tell_what_waits(house):
    """One line on stderr, and a key in the JSON; gone once it is confirmed or closed."""
    first, second = reported(house), reported(house)
    ran = house.run("--as", "gm", "whoami")
    assert f"incidents that you have to confirm: {first}, {second}" in ran.err
    ran = house.run("login", "gm", ARCHIVIST_LANG="zh")
    assert f"待您确认知悉的事件：{first}, {second}" in ran.err
    assert house.json("--as", "gm", "whoami")["incidents"] == [first, second]
    incident(house, "gm", "acknowledge", first)
    incident(house, "chen", "close", second, "--outcome", "x", "--reason", "x")
    ran = house.run("--as", "gm", "whoami")
    assert "incident" not in ran.err
    assert house.json("--as", "lin", "whoami")["incidents"] == []


class Inside:
    """The rooms behind the door, and what somebody with the house key could append."""

    def __init__(self, home):
        self.archive = home.open()
        self.archive.follow()
        self.policy = policy_of(self.archive.settings, self.archive.catalogue)
        self.now = datetime.now(UTC).replace(microsecond=0)

    def row(self, made):
        self.archive.follow()
        return self.archive.catalogue.incident(made)

    def statement(self, made, name, roles):
        person = self.archive.people.unlock(name, PASSPHRASE)
        on = incident_proofs.reported(self.archive, self.row(made))
        archive_id = self.archive.settings.archive_id
        return incident_proofs.signed_confirmation(archive_id, on, roles, person, self.now)

    def append(self, made, who, fields):
        with self.archive.writing(self.now, who) as desk:
            desk.say("incident", {"incident": made}, step="acknowledge", state="acknowledged",
                     **fields)  # fmt: skip
            desk.append()

    def confirmed(self, made):
        return incident_proofs.confirmed(self.archive, self.policy, self.row(made))


@pytest.fixture
def inside(house):
    opened = Inside(house)
    yield opened
    opened.archive.close()


def test_a_true_confirmation_counts(house, inside):
    """The control of the forgeries below: appended the same way, but true."""
    made = reported(house)
    inside.append(made, "gm", inside.statement(made, "gm", ["general_manager"]))
    assert inside.confirmed(made) == {"general_manager"}


@pytest.mark.parametrize("forged", ["another-incident", "altered", "another-key", "no-role",
                                    "another-person", "no-statement"])  # fmt: skip
def test_a_forged_confirmation_confirms_nothing(house, inside, forged):
    """Also when the catalogue shows it: the closer must say why not all have confirmed."""
    made, other = reported(house), reported(house)
    who, fields = "gm", inside.statement(made, "gm", ["general_manager"])
    if forged == "another-incident":
        fields = inside.statement(other, "gm", ["general_manager"])
    if forged == "altered":
        fields["statement"] = {**fields["statement"], "roles": ["general_manager", "archive_head"]}
    if forged == "another-key":
        fields = inside.statement(made, "lin", ["general_manager"])
        fields["statement"] = {**fields["statement"], "person": "gm"}
    if forged == "no-role":
        who, fields = "lin", inside.statement(made, "lin", ["general_manager"])
    if forged == "another-person":
        who = "wang"
    if forged == "no-statement":
        fields["statement"] = {**fields["statement"], "v": 2}
    inside.append(made, who, fields)
    assert inside.confirmed(made) == frozenset()
    with pytest.raises(Exception, match="not confirmed by general manager, head of the archive"):
        incidents.close(inside.archive, inside.policy, made, "x", "", "chen", inside.now)
    assert inside.row(made)["state"] == "acknowledged"  # the shadow says what the entry says


@pytest.mark.parametrize(("field", "value", "code"), [
    ("archive", "x", "wrong-archive"), ("incident", "I000009", "wrong-incident"),
    ("report", 0, "report-changed"), ("digest", "00", "report-changed"),
    ("person", "wang", "wrong-person"), ("roles", ["department_head"], "wrong-role"),
    ("time", "2020-01-01T00:00:00Z", "bad-signature"), ("act", "loan-approval", "malformed"),
])  # fmt: skip
def test_each_word_of_a_statement_is_held_against_the_ledger(house, inside, field, value, code):
    """What was signed for something else proves nothing here."""
    made = reported(house)
    fields = inside.statement(made, "gm", ["general_manager"])
    fields["statement"] = {**fields["statement"], field: value}
    on = incident_proofs.reported(inside.archive, inside.row(made))
    entry = Entry(9, "", "incident", "gm", {"incident": made}, fields)
    keys = incident_proofs.ledger_keys(inside.archive, ["gm", "wang"])
    held = frozenset({"general_manager"})
    archive_id = inside.archive.settings.archive_id
    assert code in incident_proofs.problems(entry, on, keys, held, archive_id)


# ── closing ───────────────────────────────────────────────────────────────────


def test_closing_before_everybody_confirmed_takes_a_reason(house):
    """It is named who has not, and the entry keeps it."""
    made = reported(house)
    incident(house, "gm", "acknowledge", made)
    said = incident(house, "chen", "close", made, "--outcome", "x", code=2)
    assert "not confirmed by head of the archive" in said
    closed = incident(house, "chen", "close", made, "--outcome", "x", "--reason", "出差")
    assert closed["unconfirmed"] == ["archive_head"]
    assert entries(house)[-1]["unconfirmed"] == ["archive_head"]
    for words in (("note", made, "x"), ("close", made, "--outcome", "x"), ("acknowledge", made)):
        assert "is closed" in incident(house, "wang", *words, code=4)


def test_nobody_closes_an_incident_about_himself(house):
    """Neither whom it names nor whoever had the papers on loan."""
    made = reported(house, "--person", "chen")
    said = incident(house, "chen", "close", made, "--outcome", "x", "--reason", "x", code=4)
    assert "about himself" in said
    lent(house)
    other = reported(house, "--loan", "L000001", of="damage", who="li")
    incident(house, "lin", "close", other, "--outcome", "x", "--reason", "x", code=4)
    assert (state(house, made), state(house, other)) == ("reported", "reported")
    incident(house, "wang", "close", made, "--outcome", "x", "--reason", "x")


@pytest.mark.parametrize(("words", "code"), [
    (("--record", "R00000009"), 2), (("--dossier", "D000009"), 2), (("--loan", "L000009"), 2),
    (("--person", "nemo"), 2), (("--evidence", "/nowhere"), 2),
    (("--record", "R00000001", "--dossier", "D000002"), 2),
])  # fmt: skip
def test_a_report_of_what_is_not_there_is_refused(house, words, code):
    """Nothing is recorded."""
    incident(house, "lin", "report", "--of", "leak", "--what", "x", *words, code=code)
    incident(house, "lin", "report", "--of", "leak", "--what", " ", code=2)
    assert entries(house) == []


# ── loans ─────────────────────────────────────────────────────────────────────


def lent(home):
    for who, *words in (("lin", "request", "R00000001", "--purpose", "核对"),
                        ("zhao", "approve", "L000001"), ("wang", "approve", "L000001"),
                        ("li", "issue", "L000001")):  # fmt: skip
        ran = home.run("--as", who, "--json", "loan", *words)
        assert ran.code == 0, ran.err


@pytest.mark.parametrize(("condition", "of"), [("damaged", "damage"), ("incomplete", "loss"),
                                               ("lost", "loss")])  # fmt: skip
def test_a_return_tells_the_command_that_reports_it(house, condition, of):
    """Typed as it stands, the report links both."""
    lent(house)
    ran = house.run("--as", "li", "loan", "return", "L000001", "--condition", condition,
                    "--note", "第三页")  # fmt: skip
    assert f"archivist incident report --of {of} --loan L000001 --what TEXT" in ran.err
    words = ran.err.partition("archivist incident ")[2].splitlines()[0].split()
    row = incident(house, "li", *words)
    assert (row["loan"], row["record"], row["dossier"]) == ("L000001", "R00000001", "D000001")
    assert [notice["role"] for notice in row["notify"]] == ["general_manager"]
    shown = house.json("loan", "show", "L000001")
    assert shown["incidents"] == ["I000001"]
    assert [one["step"] for one in shown["history"]][-1] == "return"
    assert "incident" in [one["act"] for one in house.json("show", "R00000001")["history"]]


def test_an_intact_return_asks_for_no_report(house):
    """Nothing happened."""
    lent(house)
    row = house.json("--as", "li", "loan", "return", "L000001")
    assert row["report"] is None


# ── the shadow, evidence and crashes ──────────────────────────────────────────


def test_evidence_that_was_altered_or_taken_away_is_found(house):
    """`ledger verify` names it."""
    path = house.top / "photo.jpg"
    path.write_bytes(b"a photograph")
    made = reported(house, "--evidence", str(path))
    assert house.json("incident", "show", made)["history"][0]["evidence"] == ["photo.jpg"]
    assert house.json("ledger", "verify")["ok"]
    (body,) = house.root.glob(f"store/INCIDENTS/{made}-*.e1jpg.age")
    body.chmod(0o644)
    content = bytearray(body.read_bytes())
    content[-1] ^= 1
    body.write_bytes(content)
    (found,) = house.json("ledger", "verify", code=13)["findings"]
    assert found["code"] == "S-CARD"
    body.unlink()
    (found,) = house.json("ledger", "verify", code=13)["findings"]
    assert found["code"] == "S-CARD"


def test_a_row_that_was_altered_is_named(house):
    """The catalogue's incidents are compared with the ledger like everything else."""
    made = reported(house)
    archive = house.open()
    archive.catalogue._run("UPDATE incident SET notify = '[]' WHERE id = ?", made)
    archive.close()
    (found,) = house.json("ledger", "verify", code=13)["findings"]
    assert (found["code"], found["where"]) == ("C-ALTERED", f"incident {made}")
    said = incident(house, "chen", "close", made, "--outcome", "x", code=2)
    assert "not confirmed by" in said  # asked of the ledger, not of its shadow


def test_a_rebuilt_catalogue_knows_the_same_incidents(house):
    """Rows come from the ledger alone."""
    made = reported(house, "--record", "R00000001")
    incident(house, "gm", "acknowledge", made)
    incident(house, "chen", "close", reported(house), "--outcome", "x", "--reason", "x")
    before = house.json("incident", "list")
    for file in house.root.glob("catalogue.db*"):
        file.unlink()
    assert house.json("incident", "list") == before


def test_a_crash_between_sealing_and_the_entry_leaves_nothing(house, monkeypatch):
    """The same report made again takes the same number."""
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", _dies)
        ran = house.run("incident", "report", "--of", "leak", "--what", "x")
    assert ran.code == 1
    assert house.json("incident", "list") == []
    assert reported(house) == "I000001"
    assert house.json("ledger", "verify")["ok"]


def _dies(*_):
    raise RuntimeError("the power went")
