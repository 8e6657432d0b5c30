"""Forms that dossiers owe and did not get: whose they are, since when, and what excuses them."""

from datetime import date, timedelta

import pytest
from archive_home import Home

from archivist.late_forms import settled
from policies.deadlines import month_end
from policies.rhythms import Occurrence

TODAY = date.today()  # the ledger's clock is the real one, so plans here look forward from it
DAY = timedelta(days=1)
END = month_end(TODAY)
NEXT_END = month_end(END + DAY)
FORM = "late_leasing_form"


@pytest.fixture(scope="module")
def lessor_template(tmp_path_factory):
    """A lessor with one customer, whose file zhao keeps; the head of leasing confirms."""
    home = Home(tmp_path_factory.mktemp("lessor"))
    home.json("init", home.root, "--pack", "leasing", "--pack", "secrecy", "--person", "li",
              "--role", "leasing_head", "--set", "ungraded=SECRET", "--set",
              "leasing_late_points=2", "--set", "confirm_penalties.leasing=leasing_head",
              "--work-factor", "16")  # fmt: skip
    home.json("login", "li")
    home.json("customer", "add", "张伟")
    home.json("dossier", "open", "C000001", "customer_closed", "--key", "leasing_manager=zhao")
    return home.top


@pytest.fixture
def lessor(lessor_template, tmp_path):
    """A copy of it, of the test's own."""
    return Home.copy_of(lessor_template, tmp_path / "lessor")


def listed(home, on, *words):
    return home.json("violation", "list", "--on", on.isoformat(), *words)


def ids(home, on):
    return [row["violation"] for row in listed(home, on)]


def monthly(end, dossier="D000001"):
    return f"{dossier}-{FORM}-{end.isoformat()}"


def put(home, scan, tmp_path, type_, dossier="D000001"):
    path = tmp_path / f"{type_}.pdf"
    path.write_bytes(scan(f"{dossier} {type_}"))
    home.json("file", path, "--dossier", dossier, "--type", type_)


def timeliness(home, month, on):
    told = home.json("report", "timeliness", "--month", month, "--on", on.isoformat())
    return told.get("late_forms", [])


# ── each month's end ──────────────────────────────────────────────────────────


@pytest.mark.rule("S001-6-R18")
def test_a_form_not_filed_at_the_month_s_end_is_late_on_the_next_day(lessor):
    """每月最后一天: that day is still in time; the next one costs the points the company set."""
    assert ids(lessor, END) == []
    (row,) = listed(lessor, END + DAY)
    assert row["violation"] == monthly(END)
    assert (row["on"], row["code"]) == ((END + DAY).isoformat(), FORM)
    assert (row["person"], row["role"], row["points"]) == ("zhao", "leasing_manager", 2)
    assert (row["source"], row["dossier"], row["clauses"]) == (
        "computed", "D000001", ["S001-6-R18"],
    )  # fmt: skip


def test_every_month_that_ended_is_one_violation(lessor):
    """The month in which the dossier was opened is the first."""
    assert ids(lessor, NEXT_END + DAY) == [monthly(END), monthly(NEXT_END)]


def test_a_form_filed_by_the_month_s_end_is_not_late(lessor, scan, tmp_path):
    """However early in its month it came; the next month wants another."""
    put(lessor, scan, tmp_path, "customer_file_form")
    assert ids(lessor, END + DAY) == []
    assert ids(lessor, NEXT_END + DAY) == [monthly(NEXT_END)]


def test_another_paper_is_no_form(lessor, scan, tmp_path):
    """A licence is filed; the form is still owed."""
    put(lessor, scan, tmp_path, "business_licence")
    assert ids(lessor, END + DAY) == [monthly(END)]


def test_without_a_key_it_is_the_department_s(lessor):
    """Nobody is guessed."""
    lessor.json("dossier", "open", "C000001", "customer_unclosed")
    row = next(r for r in listed(lessor, END + DAY) if r["dossier"] == "D000002")
    assert (row["person"], row["department"]) == (None, "leasing")


def test_a_closed_dossier_owes_no_further_form(lessor):
    """What it owed before it was closed would stay."""
    lessor.json("dossier", "close", "D000001", "--incomplete", "--reason", "moved away")
    assert ids(lessor, NEXT_END + DAY) == []


def window(month):
    last = month_end(date(2026, month, 1))
    return Occurrence("r", f"2026-{month:02}", last - timedelta(days=9), last)


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ([], [None, None]),
        (["2026-02-25", "2026-03-31"], ["2026-02-25", "2026-03-31"]),
        (["2026-02-05"], ["2026-02-05", None]),  # early is not late
        (["2026-03-05"], ["2026-03-05", None]),  # late for February, not early for March
        (["2026-03-05", "2026-03-05"], ["2026-03-05", None]),  # two papers on one day
        (["2026-02-25", "2026-03-05"], ["2026-02-25", "2026-03-05"]),
        (["2026-02-10", "2026-04-03"], ["2026-02-10", "2026-04-03"]),
        (["2026-01-31"], [None, None]),  # before anything was owed
    ],
)
def test_what_comes_early_counts_unless_it_makes_up_for_what_was_late(done, expected):
    """February and March, owed from the first of February on."""
    days = [date.fromisoformat(day) for day in done]
    pairs = settled([window(2), window(3)], days, date(2026, 2, 1))
    assert [day and day.isoformat() for _, day in pairs] == expected


# ── the day's registration form ───────────────────────────────────────────────


@pytest.mark.rule("S001-6-R18")
def test_a_day_without_customers_owes_nothing(lessor):
    """The daily routine has no dossier of its own: no violation is invented for it."""
    codes = {(row["code"], row["dossier"]) for row in listed(lessor, END + DAY)}
    assert codes == {(FORM, "D000001")}


@pytest.mark.rule("S001-6-R18")
def test_a_registration_form_is_late_after_the_day_itself(lessor, scan, tmp_path):
    """Received and not filed that day; the deadline of the dossier type says so."""
    dossier = lessor.json(
        "dossier", "open", "C000001", "daily_registration",
        "--key", "leasing_manager=qian", "--event", f"received={TODAY.isoformat()}",
    )["dossier"]  # fmt: skip
    name = monthly(TODAY, dossier)
    assert name not in ids(lessor, TODAY)
    row = next(r for r in listed(lessor, TODAY + DAY) if r["violation"] == name)
    assert (row["person"], row["on"]) == ("qian", (TODAY + DAY).isoformat())
    put(lessor, scan, tmp_path, "customer_registration_form", dossier)
    assert name not in ids(lessor, TODAY + DAY)


def test_a_form_that_came_late_stays_late_and_is_told_as_mended(lessor, scan, tmp_path):
    """Filed today for a customer received in March."""
    dossier = lessor.json("dossier", "open", "C000001", "daily_registration",
                          "--event", "received=2026-03-05")["dossier"]  # fmt: skip
    put(lessor, scan, tmp_path, "customer_registration_form", dossier)
    row = next(r for r in listed(lessor, TODAY) if r["dossier"] == dossier)
    assert (row["on"], row["corrected"]) == ("2026-03-06", TODAY.isoformat())


def test_a_new_customer_s_form_is_late_after_the_company_s_days(lessor):
    """及时 has no number; with one, the form is owed that soon and late like any other."""
    opened = ("dossier", "open", "C000001", "customer_unclosed", "--event", "developed=2026-03-02")
    dossier = lessor.json(*opened)["dossier"]
    assert dossier not in [row["dossier"] for row in listed(lessor, TODAY)]
    lessor.set("company", leasing_filing_days="3")
    assert monthly(date(2026, 3, 5), dossier) in ids(lessor, TODAY)


# ── reasons, and what is counted ──────────────────────────────────────────────


def test_late_forms_are_told_per_person_and_month_as_two_numbers(lessor):
    """Of zhao's forms due this month one is late; before its day is over it is pending."""
    month = f"{END:%Y-%m}"
    (row,) = timeliness(lessor, month, END)
    assert (row["numerator"], row["denominator"], row["pending"]) == (0, 0, 1)
    (row,) = timeliness(lessor, month, END + DAY)
    assert (row["person"], row["month"], row["department"]) == ("zhao", month, "leasing")
    assert (row["numerator"], row["denominator"], row["pending"]) == (1, 1, 0)
    assert (row["measure"], row["dossiers"]) == ("leasing_late_forms", ["D000001"])
    assert row["clauses"] == ["S001-6-R18"]


@pytest.mark.rule("S001-6-R02")
def test_who_gives_a_reason_is_dismissed_and_no_longer_counted(lessor):
    """特殊情况可延迟: the role that confirms accepts the reason, and the form counts as in time."""
    on = (END + DAY).isoformat()
    lessor.json("violation", "dismiss", monthly(END), "--reason", "in hospital", "--on", on)
    (row,) = listed(lessor, END + DAY)
    assert (row["state"], row["points"]) == ("dismissed", 0)
    (row,) = timeliness(lessor, f"{END:%Y-%m}", END + DAY)
    assert (row["numerator"], row["denominator"]) == (0, 1)


def test_the_report_of_violations_has_them(lessor):
    """In the month of the day on which they became late."""
    month = f"{END + DAY:%Y-%m}"
    told = lessor.json("report", "violations", "--month", month, "--on", NEXT_END.isoformat())
    assert [row["violation"] for row in told["rows"]] == [monthly(END)]
    page = lessor.run("report", "timeliness", "--month", f"{END:%Y-%m}", "--on",
                      NEXT_END.isoformat(), ARCHIVIST_LANG="zh").out.decode()  # fmt: skip
    assert "迟交表格" in page and "迟交 / 应交" in page
