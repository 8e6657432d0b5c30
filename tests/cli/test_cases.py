"""Complaints, revisits, meetings: each kind of case from its opening to its closing.

Working days around National Day 2025: Sunday 28 September is a make-up day, the holiday lasts
from 1 to 8 October, Saturday 11 October is a make-up day.
"""

from functools import partial

import pytest
from archive_home import PERSON, Home
from law import Law

PACKS = ("secrecy", "hotel-complaint", "service-complaint", "revisit")


@pytest.fixture(scope="module")
def desk_template(tmp_path_factory):
    """An archive of the complaint and revisit regulations with one customer."""
    home = Home(tmp_path_factory.mktemp("cases"))
    packs = [word for pack in PACKS for word in ("--pack", pack)]
    home.json("init", home.root, *packs, "--person", PERSON, "--work-factor", "16")
    home.json("login", PERSON)
    home.json("customer", "add", "张伟", "--field", "phone=13800138000")
    return home.top


@pytest.fixture
def desk(desk_template, tmp_path):
    home = Home.copy_of(desk_template, tmp_path / "desk")
    yield home
    home.end()


def opened(home, kind, *keys, **events):
    words = [word for key in keys for word in ("--key", key)]
    words += [word for name, day in events.items() for word in ("--event", f"{name}={day}")]
    return home.json("dossier", "open", "C000001", kind, *words)["dossier"]


def dues(home, dossier, *words):
    """Item → due day, time of day and whether it is overdue."""
    rows = home.json("missing", "--dossier", dossier, *words)
    return {row["item"]: (row["due"], row["due_at"], row["overdue"]) for row in rows}


def put(home, scan, tmp_path, dossier, *types):
    for name in types:
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(scan(f"{dossier} {name}"))
        home.json("file", path, "--dossier", dossier, "--type", name)


@pytest.mark.rule("S001-12-R03")
def test_a_hotel_complaint_says_when_it_was_made(desk):
    """消费中 or 消费后 decides the clock: without it, or with another word, nothing is opened."""
    without = desk.run("dossier", "open", "C000001", "complaint_hotel")
    assert (without.code, "stage=during|after" in without.err) == (2, True)
    other = desk.run("dossier", "open", "C000001", "complaint_hotel", "--key", "stage=later")
    assert (other.code, "during, after" in other.err) == (2, True)
    assert desk.json("dossier", "list") == []


@pytest.mark.rule("S001-12-R07")
def test_a_complaint_during_consumption_is_due_when_the_guest_asks(desk):
    """To the minute, holiday or not: 不得超过客人要求给予处理的时间."""
    case = opened(desk, "酒店客户投诉", "stage=during", "asked_by=2025-10-01 15:30",
                  received="2025-10-01")  # fmt: skip
    assert dues(desk, case, "--on", "2025-10-01") == {
        "complaint_record": ("2025-10-01", "15:30", False)
    }
    assert dues(desk, case, "--on", "2025-10-02")["complaint_record"][2]


@pytest.mark.rule("S001-12-R08")
@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2025-09-26", "2025-09-30"),  # Friday: the make-up Sunday, Monday, Tuesday
        ("2025-09-29", "2025-10-10"),  # Monday: one day before the holiday, two after
        ("2025-09-30", "2025-10-11"),  # Tuesday: the third day is the make-up Saturday
    ],
)
def test_a_complaint_after_consumption_has_three_working_days(desk, received, due):
    """三个工作日, counted over National Day."""
    case = opened(desk, "complaint_hotel", "stage=after", received=received)
    assert dues(desk, case, "--on", due) == {"complaint_record": (due, "", False)}
    assert dues(desk, case)["complaint_record"][2]


@pytest.mark.rule("S001-12-R05")
@pytest.mark.rule("S001-12-R06")
def test_the_case_tells_who_is_asked_next(desk):
    """Step by step in one's own department; with the other head first where it is another's."""
    case = opened(desk, "complaint_hotel", "stage=after", "against=own")
    assert chain(desk, case) == ["department_head", "deputy_gm", "general_manager"]
    desk.json("dossier", "key", case, "against=other")
    assert chain(desk, case)[:2] == ["department_head", "complained_head"]
    told = desk.run("dossier", "show", case, ARCHIVIST_LANG="zh").out.decode()
    assert "→ 总经理" in told and "S001-12-R06" in told


def chain(home, case):
    (found,) = home.json("dossier", "show", case)["escalation"]
    return [step["role"] for step in found["steps"]]


@pytest.mark.rule("S001-12-R11")
def test_what_no_rule_covers_needs_a_report_from_then_on(desk):
    """That no rule covers the matter is found out later: the key is written then."""
    case = opened(desk, "complaint_hotel", "stage=after")
    assert "handling_report" not in dues(desk, case)
    desk.json("dossier", "key", case, "no_rule_or_training=是")
    assert "handling_report" in dues(desk, case)
    desk.json("dossier", "key", case, "no_rule_or_training=")
    assert "handling_report" not in dues(desk, case)
    refused = desk.run("dossier", "key", case, "stage=")
    assert refused.code == 2


@pytest.mark.rule("S001-13-R10")
def test_an_agency_complaint_runs_on_two_clocks(desk):
    """One working day to investigate, two to answer: over the holiday 9 and 10 October."""
    case = opened(desk, "服务投诉档案", received="2025-09-30")
    found = dues(desk, case, "--on", "2025-10-10")
    assert found["complaint_record"] == found["complaint_report"] == ("2025-10-09", "", True)
    assert found["result"] == ("2025-10-10", "", False)
    assert found["summary"][0] is None
    late = desk.json("dossier", "show", case, "--on", "2025-10-10")["overdue"]
    assert [row["item"] for row in late] == ["complaint_record", "complaint_report"]
    assert {row["due_clause"] for row in late} == {"S001-13-R10"}


@pytest.mark.rule("S001-13-R08")
def test_a_case_closes_when_everything_is_filed(desk, scan, tmp_path):
    """收集、整理、归档: while a paper is lacking the case stays open, and the paper is named."""
    case = opened(desk, "complaint_agency", received="2025-09-30")
    put(desk, scan, tmp_path, case, "complaint_record", "complaint_report", "complaint_result",
        "revisit_record")  # fmt: skip
    left = desk.json("dossier", "close", case, code=3)
    assert (left["closed"], [row["item"] for row in left["lacking"]]) == (None, ["summary"])
    assert desk.json("dossier", "show", case)["closed"] is None
    put(desk, scan, tmp_path, case, "complaint_summary")
    closed = desk.json("dossier", "close", case, "--on", "2025-10-13")
    assert (closed["closed"], closed["lacking"]) == ("2025-10-13", [])
    assert desk.json("dossier", "show", case)["closed"] == "2025-10-13"


@pytest.mark.rule("S001-13-R08")
def test_a_paper_seen_to_be_wanting_keeps_a_case_open(desk, scan, tmp_path):
    """A field that somebody saw empty is lacking like a paper that is not there."""
    case = opened(desk, "complaint_hotel", "stage=after")
    put(desk, scan, tmp_path, case, "complaint_record")
    desk.json("attest", "R00000001", "--lacks-field", "客户联系方式")
    left = desk.json("dossier", "close", case, code=3)
    assert [(row["lack"], row["detail"]) for row in left["lacking"]] == [("field", "客户联系方式")]
    desk.json("attest", "R00000001", "--field", "客户联系方式")
    assert desk.json("dossier", "close", case)["closed"]


def test_a_closed_case_takes_only_what_is_ordered_by_hand(desk, scan, tmp_path):
    """A scan that comes late waits in a tray; whoever files by hand supplements the case."""
    case = opened(desk, "complaint_hotel", "stage=after")
    put(desk, scan, tmp_path, case, "complaint_record")
    desk.json("dossier", "close", case)
    assert desk.run("dossier", "close", case).code == 2
    desk.set("drop", settle_seconds=0.0, unfinished_seconds=0.0)
    desk.drop(f"C000001/{case}/complaint_handling_report/late.pdf", scan("late"))
    (late,) = desk.lines("watch", "--once")
    assert (late["outcome"], late["reason"]) == ("refused", "dossier-closed")
    words = ("--dossier", case, "--type", "complaint_handling_report")
    assert desk.json("inbox", "assign", late["claim"], *words)["outcome"] == "filed"


def test_a_case_closed_by_mistake_is_opened_again(desk, scan, tmp_path):
    """With a reason, and only while it is closed; what it lacks is missed again."""
    case = opened(desk, "complaint_hotel", "stage=after", received="2025-09-29")
    assert desk.run("dossier", "reopen", case, "--reason", "没有结案").code == 2
    desk.json("dossier", "close", case, "--incomplete", "--reason", "误操作")
    desk.json("dossier", "reopen", case, "--reason", "结错了")
    row = desk.json("dossier", "show", case)
    assert (row["closed"], row["flags"]) == (None, {"reopened": "结错了"})
    assert dues(desk, case)["complaint_record"][2]


def test_closing_an_incomplete_case_needs_a_reason_that_is_sealed(desk):
    """The reason is told to whoever has the house key, and never stands in the ledger."""
    case = opened(desk, "complaint_hotel", "stage=after", received="2025-09-29")
    assert desk.run("dossier", "close", case, "--incomplete").code == 2
    assert desk.run("dossier", "close", case, "--reason", "客人撤诉").code == 2
    assert desk.run("dossier", "close", case, "--on", "2999-01-01", "--incomplete",
                    "--reason", "客人撤诉").code == 2  # fmt: skip
    found = desk.json("dossier", "close", case, "--incomplete", "--reason", "客人撤诉")
    assert [row["item"] for row in found["lacking"]] == ["complaint_record"]
    assert desk.json("missing", "--dossier", case) == []
    desk.json("dossier", "event", case, "received=2025-09-30")
    assert desk.json("dossier", "show", case)["flags"] == {"incomplete": "客人撤诉"}
    assert "客人撤诉" not in desk.run("ledger", "show", "--json").out.decode()


@pytest.mark.rule("S001-9-R08")
def test_a_revisit_is_reported_on_the_next_day(desk, scan, tmp_path):
    """第二天 is the next day of the calendar, holiday or not; the supervisor's review closes it."""
    case = opened(desk, "客户回访", "kind=routine", ended="2025-09-30")
    found = dues(desk, case, "--on", "2025-10-02")
    assert found["report"] == ("2025-10-01", "", True)
    shown = desk.json("dossier", "show", case)
    assert (shown["kind"], shown["series"]) == ("case", "revisit_records")
    put(desk, scan, tmp_path, case, "revisit_plan", "revisit_record", "revisit_report")
    assert desk.json("dossier", "close", case, code=3)["lacking"][0]["item"] == "review"
    put(desk, scan, tmp_path, case, "revisit_review")
    assert desk.json("dossier", "close", case)["lacking"] == []


def test_a_customer_s_dossiers_of_every_kind_are_listed(desk):
    """A complaint and a revisit of one customer stand side by side, closed or not."""
    opened(desk, "complaint_hotel", "stage=during")
    opened(desk, "revisit")
    desk.json("dossier", "close", "D000001", "--incomplete", "--reason", "撤诉")
    rows = desk.json("dossier", "list", "--customer", "C000001")
    assert [(row["type"], row["kind"], bool(row["closed"])) for row in rows] == [
        ("complaint_hotel", "case", True), ("revisit", "case", False),
    ]  # fmt: skip


@pytest.mark.rule("S004-1-R07")
def test_a_case_tells_what_its_regulation_leaves_open(tmp_path):
    """及时 is no number: until the company gives one there is no due date, and `show` says why."""
    home = Home(tmp_path)
    home.json("init", home.root, "--pack", "customer-grading", "--pack", "secrecy",
              "--set", "ungraded=SECRET", "--person", PERSON, "--work-factor", "16")  # fmt: skip
    home.json("customer", "add", "甲公司")
    case = opened(home, "complaint_business", received="2025-09-30")
    assert dues(home, case)["record"] == (None, "", False)
    (question,) = home.json("dossier", "show", case)["questions"]
    assert (question["setting"], question["clauses"]) == (
        "grading_complaint_promptly", ["S004-1-R07"],
    )  # fmt: skip
    told = home.run("dossier", "show", case, ARCHIVIST_LANG="zh").out.decode()
    assert "待公司决定" in told
    home.set("company", grading_complaint_promptly="2")
    assert dues(home, case)["record"] == ("2025-10-02", "", True)
    assert home.json("dossier", "show", case)["questions"] == []


def cases():
    """Every case type of the shipped packs with the pack that declares it."""
    return [
        (name, kind.id)
        for name in sorted(Law.shipped().packs)
        for kind in Law.shipped().policy(name).dossier_types.values()
        if kind.kind == "case"
    ]


@pytest.mark.parametrize(("pack", "kind"), cases())
def test_each_case_type_goes_from_opening_to_closing(tmp_path, pack, kind):
    """Opened with its keys and events, missed, shown, closed; every type that a pack declares."""
    home = Home(tmp_path)
    left_open = [question.setting for question in Law.shipped().policy(pack).questions]
    said = [word for setting in left_open for word in ("--set", f"{setting}=2")]
    home.json("init", home.root, "--pack", pack, "--pack", "secrecy", *said,
              "--set", "ungraded=SECRET", "--person", PERSON, "--work-factor", "16")  # fmt: skip
    home.json("customer", "add", "张伟")
    row = Law.shipped().policy(pack, **dict.fromkeys(left_open, "2")).dossier_type(kind)
    keys = [f"{key.id}={next(iter(key.values), '2025-10-09')}" for key in row.keys if not key.role]
    case = opened(home, kind, *keys, **{event.id: "2025-09-30" for event in row.events})
    asked = {item.id for item in row.items if item.required == "mandatory"}
    assert asked <= set(dues(home, case))
    clocks = {item for item, (due, _, _) in dues(home, case).items() if due}
    assert bool(clocks) == bool(row.deadlines)
    show = partial(home.json, "dossier", "show", case)
    assert {late["item"] for late in show()["overdue"]} == clocks
    assert show()["questions"] == []
    assert home.json("dossier", "close", case, code=3)["closed"] is None
    home.json("dossier", "close", case, "--incomplete", "--reason", "x")
    assert show()["overdue"] == []


@pytest.mark.rule("S001-12-R09")
def test_the_record_of_one_complaint_is_not_the_week_s_list(desk, scan, tmp_path):
    """What goes to marketing on Monday is a paper of its own, known by its printed heading."""

    def handed_in():
        rows = desk.json("routines")
        return next(row["done"] for row in rows if row["routine"] == "weekly_complaint_records")

    case = opened(desk, "complaint_hotel", "stage=after", received="2025-09-29")
    put(desk, scan, tmp_path, case, "complaint_record")
    assert handed_in() is None
    desk.drop(f"C000001/{case}/周报.pdf", scan("远行酒店", title="客户投诉记录表（每周）"))
    (outcome,) = desk.lines("watch", "--once")
    assert (outcome["outcome"], outcome["type"]) == ("filed", "weekly_complaint_register")
    assert handed_in() is not None
