"""The lists a clerk works from: whose each line is, what a penalty is, and how long grace lasts."""

import pytest
from archive_home import CUSTOMERS, PASSPHRASE, PERSON, Home

OWN = """
[pack]
id = "own"
version = "1"
zh = "公司规定"
en = "own rules"
source = "own"
kind = "company"
effective_from = 2026-01-01
[[penalty]]
id = "manners"
zh = "服务态度不佳"
en = "bad manners"
on = "manners"
who = ["service_staff"]
per = "time"
points = 5
month_pay = true
notice = true
sanction = "申诫"
clause = "OWN-1"
"""
MONTH = ("--month", "2026-03")


@pytest.fixture(scope="module")
def desk_template(tmp_path_factory):
    """Complaints, leasing, and a penalty of the company's that costs no money."""
    top = tmp_path_factory.mktemp("lists")
    (top / "own.toml").write_text(OWN, "utf-8")
    home = Home(top)
    packs = ("secrecy", "service-complaint", "leasing", top / "own.toml")
    words = [word for pack in packs for word in ("--pack", pack)]
    home.json("init", home.root, *words, "--person", PERSON, "--work-factor", "16")
    home.set("drop", settle_seconds=0.0, unfinished_seconds=0.0)
    home.json("customer", "add", CUSTOMERS[1], "--kind", "company")
    home.json("login", PERSON)
    return top


@pytest.fixture
def desk(desk_template, tmp_path):
    home = Home.copy_of(desk_template, tmp_path / "desk")
    yield home
    home.end()


def told(home, *words):
    return home.run(*words, ARCHIVIST_LANG="zh").out.decode()


def test_a_penalty_without_yuan_says_what_it_is(desk):
    """Points, the month's pay, notice and sanction stand where 0 yuan stood."""
    desk.json("violation", "record", "服务态度不佳", "--role", "service_staff",
              "--on", "2026-03-05", "--reason", "r")  # fmt: skip
    wanted = "申诫、扣 5 分、扣当月绩效工资、通报全公司"
    for words in (("violation", "list"), ("violation", "show", "V000001"),
                  ("report", "violations", *MONTH)):  # fmt: skip
        page = told(desk, *words)
        assert wanted in page.replace(", ", "、"), page
        assert "0 元" not in page
    report = desk.json("report", "violations", *MONTH)
    assert (report["rows"][0]["amount_shown"], report["rows"][0]["points"]) == ("", 5)


def test_yuan_and_what_comes_besides_stand_together(desk):
    """1000 yuan and a serious demerit are one penalty."""
    desk.json("violation", "record", "concealment", "--role", "service_staff", "--reason", "r")
    assert "1000 元、记大过、扣当月绩效工资" in told(desk, "violation", "list")


def test_missing_items_show_whose_they_are_and_the_grace(desk):
    """S001-6-R02: due on the day itself, with a reason until ten the next working day."""
    desk.json("dossier", "open", "C000001", "daily_registration", "--key", "leasing_manager=zhao",
              "--event", "received=2026-03-05")  # fmt: skip
    row = desk.json("missing")[0]
    assert (row["customer"], row["customer_name"]) == ("C000001", CUSTOMERS[1])
    assert (row["due"], row["grace"]) == ("2026-03-05", "2026-03-06 10:00")
    page = told(desk, "missing")
    assert "2026-03-06 10:00" in page
    assert f"C000001 {CUSTOMERS[1]}" in page


def test_a_violation_shows_the_customer_it_concerns(desk):
    """The name stands beside the id, in the list, alone and for programs; the ledger has none."""
    dossier = desk.json("dossier", "open", "C000001", "complaint_agency",
                        "--event", "received=2026-03-05")["dossier"]  # fmt: skip
    desk.json("violation", "record", "manners", "--role", "service_staff", "--dossier", dossier,
              "--reason", "r")  # fmt: skip
    names = {row["violation"]: row["customer_name"] for row in desk.json("violation", "list")}
    assert names["V000001"] == CUSTOMERS[1]
    assert desk.json("violation", "show", "V000001")["customer_name"] == CUSTOMERS[1]
    for words in (("list",), ("show", "V000001")):
        assert CUSTOMERS[1] in told(desk, "violation", *words)
    assert CUSTOMERS[1].encode() not in desk.run("--json", "ledger", "show").out


def test_the_receipt_book_and_the_inbox_show_names(home, scan, tmp_path):
    """Whoever gives papers back or sorts scans calls customers by their names."""
    secret = "zhao 的口令"
    home.set("keys", scrypt_log_n=16)
    home.json("person", "add", "zhao", "--role", "sales_adviser", ARCHIVIST_NEW_PASSPHRASE=secret)
    paper = tmp_path / "a.pdf"
    paper.write_bytes(scan("合同"))
    home.json("file", paper, "--dossier", "D000001", "--type", "sales_contract")
    home.json("handover", "D000001", "--from", "zhao", "--to", PERSON, "-o", tmp_path / "r.pdf",
              ARCHIVIST_PASSPHRASE=secret, ARCHIVIST_PASSPHRASE_TO=PASSPHRASE)  # fmt: skip
    assert [row["customer_name"] for row in home.json("handover", "list")] == [CUSTOMERS[0]]
    home.drop("C000001/D000001/无此资料/a.pdf", scan("没有任何线索"))
    home.drop("散页.pdf", scan("什么也没有"))
    home.run("watch", "--once")
    rows = {row["source"]: row["customer_name"] for row in home.json("inbox", "list")}
    assert rows["散页.pdf"] is None
    assert CUSTOMERS[0] in rows.values()
    for words in (("handover", "list"), ("inbox", "list")):
        assert CUSTOMERS[0] in told(home, *words)
