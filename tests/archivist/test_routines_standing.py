"""Work that comes again, as an archive shows it: due, done by which papers, overdue."""

from datetime import date, timedelta

import pytest

PACK = """
[pack]
id = "desk"
version = "1"
zh = "例行工作"
en = "desk work"
source = "X"
effective_from = 2020-01-01
[[department]]
id = "care"
zh = "客户关怀部"
en = "care"
clause = "X"
[[document_type]]
id = "week_report"
zh = "周报表"
en = "week report"
clause = "X-1"
anywhere = true
[[routine]]
id = "weekly"
zh = "每周报表"
en = "weekly report"
clause = "X-1"
of = "report"
weekly = "monday"
types = ["week_report"]
departments = ["care"]
[[routine]]
id = "meeting"
zh = "月度例会"
en = "monthly meeting"
clause = "X-2"
of = "meeting"
first_working_day = true
[[routine]]
id = "call"
zh = "回访"
en = "call"
clause = "X-3"
of = "contact"
every_months = 1
dossier_types = ["maintenance"]
when = "customer.phone"
[[routine]]
id = "lists"
zh = "名单"
en = "lists"
clause = "X-4"
of = "hand_over"
daily = "18:00"
dossier_types = ["new_car"]
before_event = "sale"
days_before = 7
[[routine]]
id = "survey"
zh = "满意度调查"
en = "survey"
clause = "X-5"
of = "survey"
every_from = "survey_months"
[[need]]
id = "survey_months"
zh = "几个月调查一次"
en = "months between surveys"
clause = "X-5"
kind = "months"
"""
TODAY = date.today()  # the ledger's clock is the real one, so plans here look forward from it


@pytest.fixture
def desk(home, tmp_path):
    """An archive that adopts the routines today; only the second customer has a telephone."""
    path = tmp_path / "desk.toml"
    path.write_text(PACK, "utf-8")
    assert home.run("pack", "adopt", path).code == 0
    return home


def rows(home, *words, **env):
    found = home.json("routines", *words, **env)
    return {(row["routine"], row["state"]): row for row in found}


def states(home, name, *words):
    return [row["state"] for row in home.json("routines", *words) if row["routine"] == name]


def monday(weeks=0):
    return TODAY + timedelta(days=-TODAY.weekday() + 7 * weeks)


def test_a_report_that_is_not_filed_becomes_overdue(desk):
    """The newest one is shown with the number of those missed, and the next one beside it."""
    on = (monday(3) + timedelta(1)).isoformat()
    late = rows(desk, "--on", on)["weekly", "overdue"]
    first = 0 if monday() == TODAY else 1
    assert late["due"] == monday(3).isoformat()
    assert late["missed"] == 4 - first
    assert (late["clause"], late["pack"], late["departments"]) == ("X-1", "desk@1", ["care"])
    assert states(desk, "weekly", "--on", on) == ["overdue", "later"]


def test_filing_the_paper_shows_that_it_was_done(desk, scan, tmp_path):
    """The record that proves it is named."""
    path = tmp_path / "week.pdf"
    path.write_bytes(scan("报表"))
    said = desk.json("file", path, "--dossier", "D000001", "--type", "week_report")
    (done,) = {
        (row["done"], *row["done_by"])
        for row in desk.json("routines")
        if row["routine"] == "weekly"
    }
    assert done == (TODAY.isoformat(), said["record"])


def test_what_leaves_no_papers_somebody_says(desk):
    """One ledger entry with the day, the records and the clause; the routine is done by it."""
    first_day = next(row["due"] for row in desk.json("routines") if row["routine"] == "meeting")
    said = desk.json("routines", "done", "meeting")
    assert said == {"routine": "meeting", "day": TODAY.isoformat(), "dossier": None, "records": []}
    entry = desk.json("ledger", "show")[-1]
    assert (entry["act"], entry["subject"], entry["day"], entry["clauses"]) == (
        "routine", {"routine": "meeting"}, TODAY.isoformat(), ["X-2"],
    )  # fmt: skip
    row = next(row for row in desk.json("routines") if row["routine"] == "meeting")
    assert (row["done"], row["done_by"]) == (TODAY.isoformat(), [str(entry["index"])])
    assert row["due"] == first_day
    for file in desk.root.glob("catalogue.db*"):
        file.unlink()
    assert next(r for r in desk.json("routines") if r["routine"] == "meeting") == row


def test_what_is_done_for_a_dossier_is_owed_for_each_that_wants_it(desk):
    """From the day the regulation was adopted, one month after it was last done."""
    assert states(desk, "call") == []  # C000002 has no telephone registered
    desk.json("customer", "edit", "C000002", "--field", "phone=021-5555")
    (row,) = [row for row in desk.json("routines") if row["routine"] == "call"]
    assert (row["dossier"], row["customer"], row["state"]) == ("D000002", "C000002", "later")
    later = (TODAY + timedelta(days=40)).isoformat()
    assert states(desk, "call", "--on", later) == ["overdue"]
    desk.json("routines", "done", "call", "--dossier", "D000002")
    (row,) = [row for row in desk.json("routines") if row["routine"] == "call"]
    assert (row["state"], row["done"]) == ("later", TODAY.isoformat())


def test_before_an_event_every_day_with_its_hour(desk):
    """Seven days before it, by six in the evening; once the event is over nothing is due."""
    event = TODAY + timedelta(days=5)
    desk.json("dossier", "event", "D000001", f"sale={event.isoformat()}")
    on = (TODAY + timedelta(days=2)).isoformat()
    row = rows(desk, "--on", on)["lists", "open"]
    assert (row["due"], row["due_at"]) == (on, "18:00")
    assert states(desk, "lists", "--on", event.isoformat()) == ["overdue"]


def test_an_interval_nobody_set_is_said_to_be_unset(desk):
    """定期: the company says how often, and only then it is owed."""
    assert states(desk, "survey") == ["unset"]
    assert states(desk, "survey", "--due") == []
    desk.set("company", survey_months="6")
    (row,) = [row for row in desk.json("routines") if row["routine"] == "survey"]
    assert row["state"] == "later"
    assert date.fromisoformat(row["due"]) > TODAY + timedelta(days=170)


def test_the_list_can_be_narrowed(desk):
    """To what is open or overdue, and to a department by id or name."""
    assert {state for _, state in rows(desk, "--due")} <= {"open", "overdue"}
    for name in ("care", "客户关怀部"):
        assert {routine for routine, _ in rows(desk, "--department", name)} == {"weekly"}
    assert desk.run("routines", "--department", "没有的部门").code == 2
    shown = desk.run("routines", ARCHIVIST_LANG="zh").out.decode()
    assert "每周一" in shown
    assert "客户关怀部" in shown


@pytest.mark.parametrize(
    "words",
    [
        ("nothing_such",),
        ("meeting", "--on", (TODAY + timedelta(days=2)).isoformat()),
        ("meeting", "--on", "gestern"),
        ("meeting", "--dossier", "D000002"),
        ("meeting", "--record", "R99999999"),
        ("call",),
        ("call", "--dossier", "D000001"),
    ],
)
def test_what_does_not_fit_is_not_recorded(desk, words):
    """A routine that does not exist, a day to come, a dossier too many or too few."""
    assert desk.run("routines", "done", *words).code == 2
    assert "routine" not in {entry["act"] for entry in desk.json("ledger", "show")}


def test_somebody_answers_for_it(desk):
    """The station does no work."""
    desk.json("logout")
    assert desk.run("routines", "done", "meeting", ARCHIVIST_PASSPHRASE=None).code == 12
