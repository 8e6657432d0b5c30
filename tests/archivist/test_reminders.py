"""Reminders: what is missing is told, who was urged is kept, and refusing has an end."""

from datetime import date, timedelta
from io import BytesIO

import pypdfium2
import pytest
from archive_home import Home

from policies.calendar import Calendar
from policies.deadlines import Due, month_end
from policies.measures import months_in_vain

TODAY = date.today()
DAY = timedelta(days=1)
END = month_end(TODAY)
NEXT_END = month_end(END + DAY)
ITEM = "customer_basics_form"


@pytest.fixture(scope="module")
def market_template(tmp_path_factory):
    """Two reminders make it in vain; one customer first met in March, registered by nobody."""
    home = Home(tmp_path_factory.mktemp("market"))
    home.json("init", home.root, "--pack", "business-registration", "--pack", "secrecy",
              "--person", "li", "--role", "general_manager", "--set", "ungraded=SECRET",
              "--set", "registration_reminders=2", "--set", "registration_points=5",
              "--work-factor", "16")  # fmt: skip
    home.json("login", "li")
    home.json("person", "add", "zhao", "--role", "registering_staff",
              ARCHIVIST_NEW_PASSPHRASE="another passphrase")  # fmt: skip
    home.json("customer", "add", "远行公司", "--kind", "company")
    home.json("dossier", "open", "C000001", "registration", "--event", "first_contact=2026-03-02")
    return home.top


@pytest.fixture
def market(market_template, tmp_path):
    """A copy of it, of the test's own."""
    return Home.copy_of(market_template, tmp_path / "market")


def refused(home, on):
    rows = home.json("violation", "list", "--on", on.isoformat())
    return [row for row in rows if row["code"] == "registration_refused"]


def put(home, scan, tmp_path):
    path = tmp_path / "form.pdf"
    path.write_bytes(scan("客户基本信息表"))
    home.json("file", path, "--dossier", "D000001", "--type", ITEM)


def text_of(path):
    pages = pypdfium2.PdfDocument(BytesIO(path.read_bytes()))
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in pages)
    finally:
        pages.close()


# ── urging ────────────────────────────────────────────────────────────────────


def test_a_reminder_tells_what_is_missing_in_both_languages(market):
    """With the due date, and that it is past: five working days after the first contact."""
    made = market.json("remind", "D000001", "--person", "zhao")
    (lack,) = made["missing"]
    assert (lack["item"], lack["due"], lack["overdue"]) == (ITEM, "2026-03-09", True)
    assert (made["customer"], made["dossiers"], made["person"]) == ("C000001", ["D000001"], "zhao")
    for words in ("客户基本信息表", "customer basics form", "2026-03-09", "逾期", "overdue"):
        assert words in made["note"]
    assert market.run("remind", "D000001").out.decode().count("第 2 次") == 1


def test_the_ledger_keeps_ids_and_nothing_else(market):
    """No name, no title: an entry can never be erased."""
    made = market.json("remind", "D000001", "--person", "zhao", "--on", "2026-03-12")
    (entry,) = [e for e in market.json("ledger", "show") if e["act"] == "remind"]
    assert entry["index"] == made["reminder"]
    assert (entry["asked"], entry["day"]) == ({"D000001": [ITEM]}, "2026-03-12")
    assert entry["subject"] == {"customer": "C000001", "dossier": "D000001", "person": "zhao"}
    assert market.json("ledger", "verify")["ok"]


def test_a_customer_is_reminded_of_all_his_open_dossiers(market):
    """One entry; each dossier has its own count."""
    market.json("dossier", "open", "C000001", "change", "--event", "change=2026-03-02")
    market.json("dossier", "open", "C000001", "correspondence")
    market.json("dossier", "close", "D000003", "--incomplete", "--reason", "none came")
    market.json("remind", "D000002")
    made = market.json("remind", "C000001")
    assert (made["dossiers"], made["nth"]) == (["D000001", "D000002"], 2)
    rows = market.json("remind", "list")
    assert [(row["dossier"], row["nth"]) for row in rows] == [
        ("D000002", 1), ("D000001", 1), ("D000002", 2),
    ]  # fmt: skip
    assert len({row["reminder"] for row in rows}) == 2


def test_reminders_are_listed_by_dossier_and_month(market):
    """The day of the reminder counts, not that of its entry."""
    market.json("remind", "D000001", "--on", "2026-03-12")
    market.json("remind", "D000001", "--on", "2026-04-02")
    months = [row["day"] for row in market.json("remind", "list", "--month", "2026-03")]
    assert months == ["2026-03-12"]
    assert len(market.json("remind", "list", "--dossier", "D000001")) == 2
    assert market.run("remind", "list", "--dossier", "D000009").code == 2
    assert market.run("remind", "list", "--month", "三月").code == 2
    assert "客户基本信息表" in market.run("remind", "list", ARCHIVIST_LANG="zh").out.decode()


def test_an_item_may_be_named_by_its_title(market):
    """Only what is missing can be asked for."""
    made = market.json("remind", "D000001", "--item", "客户基本信息表")
    assert [row["item"] for row in made["missing"]] == [ITEM]
    other = market.run("remind", "D000001", "--item", "letter")
    assert (other.code, ITEM in other.err) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ("D000009",),
        ("C000009",),
        ("R00000001",),
        ("D000001", "--person", "nobody"),
        ("D000001", "--on", (TODAY + DAY).isoformat()),
        ("D000001", "-o", "/nowhere/at/all/slip.pdf"),
    ],
)
def test_what_cannot_be_is_refused_and_not_recorded(market, words):
    """Unknown ids and people, days to come, folders that are not there."""
    assert market.run("remind", *words).code == 2
    assert market.json("remind", "list") == []


def test_nobody_is_reminded_of_nothing(market, scan, tmp_path):
    """Once the form is filed there is nothing to urge."""
    put(market, scan, tmp_path)
    ran = market.run("remind", "D000001")
    assert (ran.code, "nothing is missing" in ran.err) == (2, True)


def test_the_slip_is_a_page_for_whoever_was_urged(market, tmp_path):
    """Both languages, the customer, what is missing, and a line to sign."""
    path = tmp_path / "slip.pdf"
    made = market.json("remind", "D000001", "--person", "zhao", "-o", path)
    assert made["file"] == str(path)
    page = text_of(path)
    for words in (
        "催办通知",
        "Reminder",
        "远行公司",
        "zhao",
        "客户基本信息表",
        "2026-03-09",
        "签收",
    ):
        assert words in page
    assert path.stat().st_mode & 0o077 == 0


# ── in vain ───────────────────────────────────────────────────────────────────


@pytest.mark.rule("S001-14-R18")
def test_who_is_urged_in_vain_is_penalised_at_the_month_s_end(market):
    """经多次督促均不配合的，月底KPI考核时给予相应惩罚."""
    market.json("remind", "D000001", "--person", "zhao")
    assert refused(market, END) == []
    market.json("remind", "D000001", "--person", "zhao")
    assert TODAY == END or refused(market, TODAY) == []
    (row,) = refused(market, END)
    assert row["violation"] == f"D000001-registration_refused-{END.isoformat()}"
    assert (row["on"], row["person"], row["role"]) == (END.isoformat(), "zhao", "registering_staff")
    assert (row["points"], row["clauses"]) == (5, ["S001-14-R18"])
    told = market.json("report", "violations", "--month", f"{END:%Y-%m}", "--on", END.isoformat())
    assert [one["violation"] for one in told["rows"]] == [row["violation"]]


def test_whoever_registers_after_all_is_not_penalised(market, scan, tmp_path):
    """Before the month's end is soon enough."""
    for _ in range(2):
        market.json("remind", "D000001")
    put(market, scan, tmp_path)
    assert refused(market, NEXT_END) == []


def test_reminders_are_spent_by_one_violation(market):
    """A month later it takes as many again: the regulation punishes no month twice."""
    for _ in range(2):
        market.json("remind", "D000001")
    assert [row["on"] for row in refused(market, NEXT_END)] == [END.isoformat()]


def test_without_the_company_s_number_nobody_is_penalised(market):
    """多次 is no number."""
    for _ in range(5):
        market.json("remind", "D000001")
    settings = market.root / "archive.toml"
    kept = [line for line in settings.read_text("utf-8").splitlines() if "reminders" not in line]
    settings.chmod(0o644)
    settings.write_text("\n".join(kept), "utf-8")
    assert refused(market, NEXT_END) == []


def test_before_the_papers_are_due_nothing_is_refused(market):
    """First met today: five working days are left, whatever was said in between."""
    market.json("dossier", "event", "D000001", f"first_contact={NEXT_END.isoformat()}")
    for _ in range(2):
        market.json("remind", "D000001")
    assert refused(market, NEXT_END) == []


def d(written):
    return date.fromisoformat(written)


@pytest.mark.parametrize(
    ("reminders", "registered", "expected"),
    [
        ([], None, []),
        (["2026-03-02"], None, []),
        (["2026-03-02", "2026-03-09"], None, ["2026-03-31"]),
        (["2026-03-02", "2026-04-30"], None, ["2026-04-30"]),
        (["2026-03-02", "2026-03-31", "2026-04-01"], None, ["2026-03-31"]),
        (["2026-03-02", "2026-03-09", "2026-04-01", "2026-05-04"], None,
         ["2026-03-31", "2026-05-31"]),
        (["2026-03-02", "2026-03-09"], "2026-03-31", []),
        (["2026-03-02", "2026-03-09"], "2026-04-01", ["2026-03-31"]),
        (["2026-05-30", "2026-06-10"], None, []),
    ],
)  # fmt: skip
@pytest.mark.rule("S001-14-R18")
def test_reminders_in_vain_month_by_month(reminders, registered, expected):
    """Two are needed; asked as of the middle of June."""
    there = d(registered) if registered else None
    found = months_in_vain([d(day) for day in reminders], there, d("2026-06-15"), 2)
    assert [day.isoformat() for day in found] == expected


def test_a_month_that_ends_before_the_due_day_is_not_in_vain():
    """The due day itself is still in time."""
    days = [d("2026-03-02"), d("2026-03-03")]
    due = Due(d("2026-03-31"), "", "S001-14-R06")
    assert months_in_vain(days, None, d("2026-04-30"), 2, due) == (d("2026-04-30"),)
    assert Calendar().is_working_day(due.day)
