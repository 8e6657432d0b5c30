"""Violations in an archive: what shows by itself, what people record, and who decides."""

from datetime import date

import pytest
from archive_home import VIN, Home
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from archivist.records import Entry, canonical
from archivist.violations import signed_statement

TIERS = """
[pack]
id = "tiers"
version = "1"
zh = "服务处罚"
en = "tiers"
source = "S001-13"
effective_from = 2026-01-01
[[penalty]]
id = "attitude"
zh = "服务态度不佳"
en = "poor attitude"
on = "attitude"
who = ["staff"]
per = "time"
amount = 30
amount_to = 100
clause = "S001-13-R11"
[[duty]]
id = "confirm"
zh = "处罚"
en = "penalties"
act = "confirm_penalties"
roles = ["customer_director"]
clause = "S001-13-R16"
"""
PAPERS = ("接车单", "任务委托书", "结算单", "12项免费检查表")


@pytest.fixture(scope="module")
def director_template(tmp_path_factory):
    """An archive whose one person is the customer director, with a new car and three services."""
    top = tmp_path_factory.mktemp("director")
    (top / "tiers.toml").write_text(TIERS, "utf-8")
    home = Home(top)
    home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy",
              "--pack", top / "tiers.toml", "--person", "li", "--role", "customer_director",
              "--role", "archive_clerk", "--work-factor", "16")  # fmt: skip
    home.set("drop", settle_seconds=0.0, unfinished_seconds=0.0)
    home.json("customer", "add", "张伟")
    opened(home, "new_car", "zhao", delivery="2026-03-05")
    for day in ("02", "09", "16"):
        opened(home, "maintenance", "qian", delivery=f"2026-03-{day}")
    home.json("login", "li")
    return top


@pytest.fixture
def office(director_template, tmp_path):
    """A copy of it, of the test's own."""
    return Home.copy_of(director_template, tmp_path / "office")


def opened(home, kind, adviser, **events):
    days = [word for name, day in events.items() for word in ("--event", f"{name}={day}")]
    found = home.json("dossier", "open", "C000001", kind, "--key", f"vin={VIN}",
                      "--key", f"adviser={adviser}", *days)  # fmt: skip
    return found["dossier"]


def listed(home, *words):
    return home.json("violation", "list", "--on", "2026-03-31", *words)


def entries(home):
    return [e for e in home.json("ledger", "show") if e["act"] == "violation"]


CAR = "D000001-late_new_car-2026-03-10"
FIRST, SECOND, THIRD = (
    f"D00000{n}-late_or_incomplete_set-2026-03-{day}"
    for n, day in ((2, "03"), (3, "10"), (4, "17"))
)


# ── what shows by itself ──────────────────────────────────────────────────────


def test_late_sets_are_listed_without_anybody_s_entry(office):
    """Whose they are, what they cost and by which clause; the third is doubled."""
    rows = {row["violation"]: row for row in listed(office)}
    assert set(rows) == {CAR, FIRST, SECOND, THIRD}
    car = rows[CAR]
    assert (car["on"], car["person"], car["role"]) == ("2026-03-11", "zhao", "sales_adviser")
    assert (car["amount"], car["state"], car["source"]) == (50, "open", "computed")
    assert car["clauses"] == ["S001-3-R20", "S001-3-R29"]
    assert [rows[name]["amount"] for name in (FIRST, SECOND, THIRD)] == [50, 50, 100]
    assert rows[THIRD]["pay_cut_percent"] == [10, 30]
    assert entries(office) == []


def test_nothing_is_late_before_its_day_is_over(office):
    """Asked as of the last day in time, the car is not there."""
    assert CAR not in [
        r["violation"] for r in office.json("violation", "list", "--on", "2026-03-10")
    ]
    assert CAR in [r["violation"] for r in office.json("violation", "list", "--on", "2026-03-11")]


def test_a_set_filed_in_time_is_no_violation(office, scan):
    """All four papers filed today, for a car that is delivered today."""
    today = date.today().isoformat()
    dossier = opened(office, "maintenance", "sun", delivery=today)
    for paper in PAPERS:
        office.drop(f"C000001/{dossier}/{paper}/a.pdf", scan(paper))
    assert [row["outcome"] for row in office.lines("watch", "--once")] == ["filed"] * 4
    rows = office.json("violation", "list", "--on", "2027-12-31")
    assert dossier not in {row["dossier"] for row in rows}


def test_the_list_can_be_narrowed_without_changing_the_sums(office):
    """By month and by person."""
    assert [r["amount"] for r in listed(office, "--person", "qian")] == [50, 50, 100]
    assert listed(office, "--month", "2026-02") == []
    assert len(listed(office, "--month", "2026-03")) == 4
    assert office.run("violation", "list", "--month", "March").code == 2


def test_a_dossier_that_names_nobody_has_only_its_department(home):
    """Then no month is counted and nothing doubled."""
    for day in ("02", "09", "16"):
        home.json("dossier", "open", "C000002", "maintenance", "--key", f"vin={VIN}",
                  "--event", f"delivery=2026-03-{day}")  # fmt: skip
    rows = listed(home)
    assert [(r["person"], r["department"], r["amount"]) for r in rows] == [
        (None, "after_sales", 50)
    ] * 3


# ── deciding ──────────────────────────────────────────────────────────────────


def test_the_named_role_confirms_with_a_signature(office):
    """The entry proves who decided what; one altered figure no longer verifies."""
    decided = office.json("violation", "confirm", THIRD)["decision"]
    assert decided["amount"] == 100
    assert decided["clauses"] == ["S001-3-R23", "S001-3-R29", "S001-3-R25"]
    assert {row["violation"]: row["state"] for row in listed(office)}[THIRD] == "confirmed"
    (shown,) = entries(office)
    entry = Entry.parse(shown["index"], canonical(raw_entry(office, shown["index"])))
    archive = office.open()
    key = Ed25519PublicKey.from_public_bytes(archive.people.person("li").verify_key)
    statement = signed_statement(archive.settings.archive_id, entry)
    key.verify(bytes.fromhex(entry.fields["signature"]), statement)
    with pytest.raises(InvalidSignature):
        altered = statement.replace(b'"amount":100', b'"amount":101')
        key.verify(bytes.fromhex(entry.fields["signature"]), altered)
    archive.close()


def raw_entry(home, index):
    import json

    archive = home.open()
    ((_, raw),) = archive.ledger.entries(index, index + 1)
    archive.close()
    return json.loads(raw)


def test_nobody_else_confirms_or_dismisses(home):
    """Exit code 4, and the ledger says nothing of it."""
    home.json("dossier", "event", "D000001", "delivery=2026-03-05")
    for words in (("confirm", CAR), ("dismiss", CAR, "--reason", "x")):
        ran = home.run("violation", *words)
        assert (ran.code, "customer_director" in ran.err) == (4, True)
    assert entries(home) == []


def test_nobody_confirms_his_own(office):
    """Not even the customer director."""
    dossier = opened(office, "maintenance", "li", delivery="2026-03-02")
    ran = office.run("violation", "confirm", f"{dossier}-late_or_incomplete_set-2026-03-03")
    assert ran.code == 4


def test_what_was_decided_is_not_decided_again(office):
    """Neither confirmed twice nor dismissed afterwards."""
    office.json("violation", "confirm", CAR)
    assert office.run("violation", "confirm", CAR).code == 2
    assert office.run("violation", "dismiss", CAR, "--reason", "x").code == 2
    assert office.run("violation", "confirm", "D000009-none-2026-01-01").code == 2


def test_what_is_dismissed_no_longer_counts(office):
    """The others of the month are reckoned anew."""
    office.json("violation", "dismiss", FIRST, "--reason", "病假")
    rows = {row["violation"]: row for row in listed(office)}
    assert (rows[FIRST]["state"], rows[FIRST]["amount"]) == ("dismissed", 0)
    assert [rows[name]["amount"] for name in (SECOND, THIRD)] == [50, 50]


def test_a_violation_is_recorded_by_the_words_of_its_penalty(office):
    """服务态度不佳 is what a clerk writes; the ledger and programs hear its code."""
    made = office.json("violation", "record", "服務態度不佳", "--role", "staff", "--reason", "r")
    by_code = office.json("violation", "record", "attitude", "--role", "staff", "--reason", "r")
    assert made["code"] == by_code["code"] == "attitude"
    rows = {row["violation"]: row for row in office.json("violation", "list")}
    codes = {rows[name]["code"] for name in (made["violation"], by_code["violation"])}
    assert codes == {"attitude"}


def test_a_range_needs_an_amount_within_it(office):
    """Thirty to a hundred yuan: the named role says how much."""
    office.json("violation", "record", "attitude", "--role", "staff", "--reason", "r")
    for words in ((), ("--amount", "29"), ("--amount", "101")):
        assert office.run("violation", "confirm", "V000001", *words).code == 2
    decided = office.json("violation", "confirm", "V000001", "--amount", "60")
    assert decided["decision"]["amount"] == 60


def test_a_decision_stays_told_when_a_date_is_put_right(office):
    """The car was delivered later than was written: the confirmed penalty does not vanish."""
    office.json("violation", "confirm", CAR)
    office.json("dossier", "event", "D000001", "delivery=2026-03-30")
    rows = {row["violation"]: row for row in listed(office)}
    assert rows[CAR]["state"] == "confirmed"
    assert rows[CAR]["decision"]["amount"] == 50


# ── recording ─────────────────────────────────────────────────────────────────


def test_a_recorded_violation_has_a_number_and_a_sealed_reason(office):
    """The reason is shown to whoever may open the archive, and never stands in the ledger."""
    made = office.json("violation", "record", "lost_or_damaged", "--role", "sales_adviser",
                       "--dossier", "D000001", "--count", "2", "--on", "2026-03-20",
                       "--reason", "两件遗失在展厅")  # fmt: skip
    assert made["violation"] == "V000001"
    row = office.json("violation", "show", "V000001")
    assert (row["person"], row["amount"], row["count"]) == ("zhao", 40, 2)
    assert [(step["who"], step["reason"]) for step in row["history"]] == [("li", "两件遗失在展厅")]
    told = str(raw_entry(office, entries(office)[0]["index"]))
    assert "遗失" not in told and "zhao" not in told
    stored = b"".join(path.read_bytes() for path in office.root.rglob("*") if path.is_file())
    assert "两件遗失".encode() not in stored


def test_the_catalogue_can_be_made_anew_from_the_ledger(office):
    """What was recorded and decided is there again."""
    office.json("violation", "record", "lost_or_damaged", "--person", "li",
                "--role", "archive_clerk", "--reason", "r")  # fmt: skip
    office.json("violation", "confirm", CAR)
    before = office.json("violation", "list")
    for file in office.root.glob("catalogue.db*"):
        file.unlink()
    assert office.json("violation", "list") == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["untidiness", "--role", "sales_adviser"], "lost_or_damaged"),
        (["lost_or_damaged", "--role", "cook"], "sales_adviser"),
        (["lost_or_damaged"], "--person or --role"),
        (["lost_or_damaged", "--person", "nobody"], "li"),
        (["lost_or_damaged", "--role", "sales_adviser", "--dossier", "D000077"], "D000077"),
        (["late_new_car", "--person", "li"], "sales_adviser"),  # the archivist sells no cars
        (["paper_defect", "--dossier", "D000002", "--item", "nothing"], "reception"),
        (["paper_defect", "--dossier", "D000002", "--count", "0"], "at least 1"),
        (["paper_defect", "--dossier", "D000002", "--on", "2099-01-01"], "future"),
    ],
)
def test_what_does_not_fit_is_refused_and_named(office, words, told):
    """Exit code 2 with what there is; nothing is recorded."""
    ran = office.run("violation", "record", *words, "--reason", "r")
    assert (ran.code, told in ran.err) == (2, True), ran.err
    assert entries(office) == []


def test_roles_and_items_are_found_by_their_names(office):
    """What the clerk reads on the checklist is what he may write."""
    office.json("violation", "record", "paper_defect", "--role", "服务顾问", "--dossier", "D000002",
                "--item", "结算单", "--reason", "r")  # fmt: skip
    row = office.json("violation", "show", "V000001")
    assert (row["role"], row["item"]) == ("service_adviser", "settlement")


def test_hints_say_names_where_the_clerk_reads_chinese(office):
    """Codes with what they mean, items and roles by name; so does whoever may not decide."""

    def told(*words):
        return office.run("violation", *words, ARCHIVIST_LANG="zh").err

    assert "另罚（lost_or_damaged）" in told("record", "遗失", "--reason", "r")
    assert "销售顾问、服务顾问" in told("record", "lost_or_damaged", "--reason", "r")
    assert "接车单、任务委托书" in told("record", "paper_defect", "--dossier", "D000002", "--item",
                                       "无此项", "--reason", "r")  # fmt: skip
    assert "制度规定 50 元" in told("confirm", CAR, "--amount", "10")
    office.json("person", "add", "wu", "--role", "archive_clerk",
                ARCHIVIST_NEW_PASSPHRASE="eine andere 口令")  # fmt: skip
    office.json("login", "wu", ARCHIVIST_PASSPHRASE="eine andere 口令")
    assert "须由客户总监核定或撤销" in told("confirm", CAR)


# ── correction ────────────────────────────────────────────────────────────────


def test_each_working_day_after_the_order_counts_again(office):
    """Ordered on Wednesday the 11th: failed on the 12th and 13th, over the weekend, on the 16th."""
    office.json("violation", "order", CAR, "--on", "2026-03-11")
    rows = office.json("violation", "list", "--on", "2026-03-17", "--person", "zhao")
    assert [(row["on"][-2:], row["amount"], row["repeat"]) for row in rows] == [
        ("11", 50, False), ("12", 100, True), ("13", 100, True), ("16", 100, True),
    ]  # fmt: skip
    office.json("violation", "corrected", CAR, "--on", "2026-03-13")
    rows = office.json("violation", "list", "--on", "2026-03-17", "--person", "zhao")
    assert [row["on"][-2:] for row in rows] == ["11", "12"]
    assert office.run("violation", "corrected", CAR, "--on", "2026-03-01").code == 2
    again = rows[1]["violation"]
    assert office.json("violation", "confirm", again)["decision"]["amount"] == 100


def test_an_order_noted_on_the_dossier_counts_as_well(office):
    """The event that the regulation's dossiers have for it."""
    office.json("dossier", "event", "D000001", "correction_ordered=2026-03-11")
    rows = office.json("violation", "list", "--on", "2026-03-17", "--person", "zhao")
    assert [row["on"][-2:] for row in rows] == ["11", "12", "13", "16"]


def test_an_order_before_the_violation_is_not_about_it(office):
    """Something else was ordered then."""
    office.json("dossier", "event", "D000001", "correction_ordered=2026-03-10")
    rows = office.json("violation", "list", "--on", "2026-03-17", "--person", "zhao")
    assert [(row["on"][-2:], row["ordered"]) for row in rows] == [("11", None)]


def test_a_late_set_is_corrected_by_its_last_paper(office, scan):
    """Nobody needs to say so."""
    for paper in PAPERS:
        office.drop(f"C000001/D000002/{paper}/a.pdf", scan(paper))
    office.lines("watch", "--once")
    office.json("violation", "order", FIRST, "--on", "2026-03-05")
    row = office.json("violation", "show", FIRST)
    assert (row["amount"], row["corrected"]) == (50, date.today().isoformat())


# ── attested ──────────────────────────────────────────────────────────────────


def test_a_signature_that_somebody_saw_missing_is_a_violation(office, scan):
    """Fifty yuan for the service adviser; signing later corrects it and does not undo it."""
    office.drop("C000001/D000002/结算单/a.pdf", scan("结算单"))
    record = office.lines("watch", "--once")[0]["record"]
    office.json("attest", record, "--unsigned", "customer", "--signed", "internal")
    today = date.today().isoformat()
    (row,) = [r for r in office.json("violation", "list") if r["source"] == "attested"]
    assert row["violation"] == f"{record}-no_customer_signature-{today}"
    assert (row["person"], row["item"], row["amount"]) == ("qian", "settlement", 50)
    office.json("attest", record, "--signed", "customer")
    (row,) = [r for r in office.json("violation", "list") if r["source"] == "attested"]
    assert row["corrected"] == today


def test_a_paper_done_again_corrects_the_defect_of_the_first(office, scan):
    """The second settlement sheet stands in for the unsigned one."""
    for name in ("a", "b"):
        office.drop(f"C000001/D000002/结算单/{name}.pdf", scan(name))
    records = sorted(row["record"] for row in office.lines("watch", "--once"))
    office.json("attest", records[0], "--unsigned", "customer")
    (row,) = [r for r in office.json("violation", "list") if r["source"] == "attested"]
    assert (row["record"], row["corrected"]) == (records[0], date.today().isoformat())


def test_what_nobody_asks_for_is_no_violation(office, scan):
    """A wrong kind of copy is one only where the checklist wants the other."""
    office.drop("C000001/D000002/结算单/a.pdf", scan("结算单"))
    record = office.lines("watch", "--once")[0]["record"]
    office.json("attest", record, "--copy", "photocopy")
    assert [r for r in office.json("violation", "list") if r["source"] == "attested"] == []


# ── whose ─────────────────────────────────────────────────────────────────────

BOTH = (
    TIERS.replace('"tiers"', '"both"')
    + """
[[penalty]]
id = "slow"
zh = "慢"
en = "slow"
on = "slow"
who = ["sales_adviser", "service_adviser"]
per = "time"
amount = 10
after = "delivery"
days = 30
clause = "X-1"
"""
)


def test_a_penalty_for_two_roles_falls_on_the_one_whose_department_owes_the_papers(tmp_path):
    """A car is the sales adviser's, a service the service adviser's."""
    (tmp_path / "both.toml").write_text(BOTH, "utf-8")
    home = Home(tmp_path)
    home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy", "--pack",
              tmp_path / "both.toml", "--person", "li", "--work-factor", "16")  # fmt: skip
    home.json("customer", "add", "张伟")
    opened(home, "new_car", "zhao", delivery="2026-01-05")
    opened(home, "maintenance", "qian", delivery="2026-01-05")
    rows = [row for row in listed(home) if row["code"] == "slow"]
    assert [(row["dossier"], row["role"], row["person"]) for row in rows] == [
        ("D000001", "sales_adviser", "zhao"), ("D000002", "service_adviser", "qian"),
    ]  # fmt: skip


# ── undone work ───────────────────────────────────────────────────────────────


def test_a_daily_list_not_handed_in_before_the_event_is_a_violation(tmp_path):
    """On each of the seven days before the event, ten yuan for the head of the unit."""
    home = Home(tmp_path)
    home.json("init", home.root, "--pack", "customer-allocation", "--pack", "secrecy",
              "--person", "li", "--work-factor", "16")  # fmt: skip
    home.json("customer", "add", "张伟")
    home.json("dossier", "open", "C000001", "joint_event", "--key", "session=evening",
              "--key", "head=sun", "--event", "event=2026-03-20")  # fmt: skip
    rows = [row for row in listed(home) if row["code"] == "late_list"]
    assert [(row["on"][-2:], row["person"], row["amount"]) for row in rows] == [
        (str(day), "sun", 10) for day in range(13, 20)
    ]
    before = home.json("violation", "list", "--on", "2026-03-15")
    assert [row["on"][-2:] for row in before] == ["13", "14"]
