"""Reports of an archive: what is counted, for whom, as of which day."""

from datetime import date

import pytest
from archive_home import VIN, Home

SERVICE = ("接车单", "任务委托书", "结算单", "12项免费检查表")
COMPANY = """
[pack]
id = "own"
version = "1"
zh = "公司规定"
en = "own rules"
source = "own"
kind = "company"
effective_from = 2026-01-01
[[measure]]
id = "handover_timeliness"
zh = "及时率"
en = "timeliness"
of = "timeliness"
target_percent = 50
dossier_types = ["maintenance"]
clause = "OWN-1"
[[measure]]
id = "companies_have_files"
zh = "每个单位客户都有新车档案"
en = "every company has a car file"
of = "basic_file_coverage"
when = "customer.kind=company"
dossier_types = ["maintenance"]
clause = "OWN-2"
[[measure]]
id = "key_visited"
zh = "重点客户都有接车单"
en = "key customers were received"
of = "revisit_coverage"
when = "customer.class=key"
types = ["reception"]
clause = "OWN-3"
"""


@pytest.fixture(scope="module")
def dealer_template(tmp_path_factory):
    """Two customers; of three services delivered today one is handed in, and a car is pending."""
    top = tmp_path_factory.mktemp("dealer")
    (top / "own.toml").write_text(COMPANY, "utf-8")
    home = Home(top)
    home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy",
              "--pack", "hotel-complaint", "--pack", top / "own.toml", "--person", "li",
              "--role", "customer_director", "--work-factor", "16")  # fmt: skip
    home.set("drop", settle_seconds=0.0, unfinished_seconds=0.0)
    home.json("customer", "add", "张伟", "--class", "key")
    home.json("customer", "add", "远行公司", "--kind", "company")
    today = date.today().isoformat()
    for customer in ("C000001", "C000001", "C000002"):
        opened(home, customer, "maintenance", f"vin={VIN}", "adviser=qian", delivery=today)
    opened(home, "C000001", "new_car", f"vin={VIN}", sale=today)
    return top


@pytest.fixture
def office(dealer_template, tmp_path):
    """A copy of it, of the test's own."""
    return Home.copy_of(dealer_template, tmp_path / "office")


def opened(home, customer, kind, *keys, **events):
    words = [word for key in keys for word in ("--key", key)]
    words += [word for name, day in events.items() for word in ("--event", f"{name}={day}")]
    return home.json("dossier", "open", customer, kind, *words)["dossier"]


def hand_in(home, scan, dossier, *papers, customer="C000001"):
    for paper in papers:
        home.drop(f"{customer}/{dossier}/{paper}/a.pdf", scan(f"{dossier} {paper}"))
    assert {row["outcome"] for row in home.lines("watch", "--once")} == {"filed"}


def report(home, kind, *words, on="2099-12-31", **named):
    year = date.today().year
    period = (
        () if {"--month", "--year"} & set(words) or kind == "inventory" else ("--year", str(year))
    )
    return home.json("report", kind, *period, *words, "--on", on, **named)


def by_department(told):
    """Department → (numerator, denominator, pending), over the months."""
    sums = {}
    for row in told["rows"]:
        have = sums.get(row["department"], (0, 0, 0))
        new = (row["numerator"], row["denominator"], row["pending"])
        sums[row["department"]] = tuple(a + b for a, b in zip(have, new, strict=True))
    return sums


# ── rates ─────────────────────────────────────────────────────────────────────


@pytest.mark.rule("S001-3-R27")
def test_timeliness_counts_the_sets_that_were_there_in_time(office, scan):
    """One of three services was handed in today; nothing was for the car."""
    hand_in(office, scan, "D000001", *SERVICE)
    told = report(office, "timeliness")
    assert by_department(told) == {"after_sales": (1, 3, 0), "sales": (0, 1, 0)}
    assert (told["numerator"], told["denominator"], told["percent"]) == (1, 4, 25)
    assert {row["dossier"] for row in told["sets"]} == {"D000002", "D000003", "D000004"}
    assert "S001-3-R14" in told["clauses"] and "S001-3-R11" in told["clauses"]


@pytest.mark.rule("S001-3-R27")
def test_completeness_counts_what_is_complete_now(office, scan):
    """A paper found unsigned came in time, and spoils the set."""
    hand_in(office, scan, "D000001", *SERVICE)
    hand_in(office, scan, "D000002", *SERVICE)
    record = office.json("dossier", "show", "D000002")["records"][0]["record"]
    office.json("attest", record, "--unsigned", "customer", ARCHIVIST_PERSON="li")
    assert by_department(report(office, "timeliness"))["after_sales"] == (2, 3, 0)
    assert by_department(report(office, "completeness"))["after_sales"] == (1, 3, 0)


def test_what_is_not_due_is_pending(office, scan):
    """Today everything can still come in time; what came already counts."""
    hand_in(office, scan, "D000001", *SERVICE)
    told = report(office, "timeliness", on=date.today().isoformat())
    assert by_department(told) == {"after_sales": (1, 1, 2), "sales": (0, 0, 1)}
    assert told["sets"] == []
    assert report(office, "completeness", on=date.today().isoformat())["sets"] == []


def test_a_set_belongs_to_the_month_of_its_deadline(office):
    """In another month there is nothing, and nothing is no rate."""
    told = report(office, "timeliness", "--month", "2031-01")
    assert (told["rows"], told["numerator"], told["denominator"], told["percent"]) == (
        [],
        0,
        0,
        None,
    )
    opened(office, "C000001", "maintenance", f"vin={VIN}", delivery="2026-03-31")
    told = report(office, "timeliness", "--month", "2026-04")
    assert [(row["month"], row["denominator"]) for row in told["rows"]] == [("2026-04", 1)]


def test_a_target_is_held_against_the_rate(office, scan):
    """The company wants half of the services in time; of cars nobody asks it."""
    hand_in(office, scan, "D000001", *SERVICE)
    rows = {row["department"]: row for row in report(office, "timeliness")["rows"]}
    assert (rows["after_sales"]["target_percent"], rows["after_sales"]["target_met"]) == (50, False)
    assert rows["after_sales"]["clauses"][0] == "OWN-1"
    assert rows["sales"]["target_percent"] is None
    hand_in(office, scan, "D000002", *SERVICE)
    rows = {row["department"]: row for row in report(office, "timeliness")["rows"]}
    assert rows["after_sales"]["target_met"] is True


def test_one_department_is_told_alone(office):
    """By id or by name."""
    for name in ("sales", "销售部"):
        assert set(by_department(report(office, "timeliness", "--department", name))) == {"sales"}
    assert office.run("report", "timeliness", "--department", "nobody").code == 2


def test_customers_whom_a_regulation_wants_reached_are_named(office, scan):
    """Every company has a complete file, every key customer a visit within the period."""
    rows = {row["measure"]: row for row in report(office, "completeness")["coverage"]}
    assert (rows["companies_have_files"]["rate"], rows["companies_have_files"]["without"]) == (
        "0/1 (0%)", ["C000002"],
    )  # fmt: skip
    assert rows["key_visited"]["without"] == ["C000001"]
    hand_in(office, scan, "D000003", *SERVICE, customer="C000002")
    hand_in(office, scan, "D000001", "接车单")
    rows = {row["measure"]: row for row in report(office, "completeness")["coverage"]}
    assert rows["companies_have_files"]["rate"] == "1/1 (100%)"
    assert (rows["key_visited"]["numerator"], rows["key_visited"]["clauses"]) == (1, ["OWN-3"])
    rows = report(office, "completeness", "--month", "2031-01")["coverage"]
    assert [row["numerator"] for row in rows if row["measure"] == "key_visited"] == [0]


# ── violations ────────────────────────────────────────────────────────────────


def test_violations_are_summed_by_person(office):
    """Confirmed of all; what was dismissed is listed and not summed."""
    for day in ("02", "09", "16"):
        opened(office, "C000001", "maintenance", f"vin={VIN}", "adviser=zhao",
               delivery=f"2026-03-{day}")  # fmt: skip
    listed = report(office, "violations", "--month", "2026-03", on="2026-03-31")
    ids = [row["violation"] for row in listed["rows"]]
    office.json("violation", "confirm", ids[0], ARCHIVIST_PERSON="li")
    office.json("violation", "dismiss", ids[1], "--reason", "r", ARCHIVIST_PERSON="li")
    told = report(office, "violations", "--month", "2026-03", on="2026-03-31")
    assert (told["numerator"], told["denominator"]) == (1, 2)
    assert [row["state"] for row in told["rows"]] == ["confirmed", "dismissed", "open"]
    (line,) = told["sums"]
    assert (line["person"], line["amount"], line["confirmed_amount"]) == ("zhao", 100, 50)
    assert told["packs"][0].startswith("auto-dealer@")


# ── complaints ────────────────────────────────────────────────────────────────


@pytest.mark.rule("S001-12-R09")
@pytest.mark.rule("S001-12-R10")
def test_complaints_are_told_by_week_and_by_clock(office):
    """Wednesday and Sunday are one week's register; the next Monday begins another."""
    complaints = [("2026-03-04", "after"), ("2026-03-08", "after"), ("2026-03-09", "during")]
    for day, stage in complaints:
        asked = ("asked_by=2026-03-09",) if stage == "during" else ()
        opened(office, "C000001", "complaint_hotel", f"stage={stage}", *asked, received=day)
    told = report(office, "complaints", "--month", "2026-03", on="2026-03-10")
    assert told["cases"] == 3
    weeks = [(week["week"], week["hand_in"], len(week["cases"])) for week in told["weeks"]]
    assert weeks == [("2026-W10", "2026-03-09", 2), ("2026-W11", "2026-03-16", 1)]
    rows = {row["kind"]: row for row in told["rows"]}
    # The one of the 4th ran out on the 9th, the one of the 8th runs until the 11th.
    assert [rows["after"][name] for name in ("cases", "beyond", "pending")] == [2, 1, 1]
    assert [rows["during"][name] for name in ("cases", "beyond", "pending")] == [1, 1, 0]
    assert rows["after"]["clauses"] == ["S001-12-R08"]
    assert rows["during"]["clauses"] == ["S001-12-R07"]
    # Asked as of an earlier day, what came later is not known yet.
    assert report(office, "complaints", "--month", "2026-03", on="2026-03-05")["cases"] == 1


def test_a_complaint_settled_in_time_is_within_its_clock(office, scan):
    """The record of its handling was filed on the day."""
    today = date.today().isoformat()
    dossier = opened(office, "C000001", "complaint_hotel", "stage=after", received=today)
    hand_in(office, scan, dossier, "客户投诉记录表")
    told = report(office, "complaints")
    assert (told["numerator"], told["denominator"]) == (1, 1)
    assert told["weeks"][0]["cases"][0]["state"] == "within"


# ── inventory ─────────────────────────────────────────────────────────────────


def test_the_inventory_counts_dossiers_and_papers_but_no_grades(office, scan):
    """By department, type and customer class."""
    hand_in(office, scan, "D000001", *SERVICE)
    told = report(office, "inventory")
    rows = {(row["dossier_type"], row["customer_class"]): row for row in told["rows"]}
    key = rows["maintenance", "key"]
    assert [key[name] for name in ("dossiers", "numerator", "denominator", "records")] == [
        2,
        1,
        2,
        4,
    ]
    assert rows["maintenance", None]["dossiers"] == 1
    assert {row["type"]: row["records"] for row in told["types"]}["reception"] == 1
    assert "SECRET" not in str(told["rows"]) + str(told["types"])


def test_the_inventory_of_an_earlier_day_holds_what_was_there(office):
    """Before the archive began there was nothing."""
    told = report(office, "inventory", on="2020-01-01")
    assert (told["rows"], told["types"], told["denominator"]) == ([], [], 0)
