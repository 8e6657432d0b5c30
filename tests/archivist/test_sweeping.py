"""A sweep acts once on what needs nobody, makes up for missed days, and follows changed packs."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest
from archive_home import PERSON, Home, now
from small_packs import row

from archivist import sweeping
from archivist.cli import doctor
from archivist.cli.daily import Daily
from archivist.cli.door import Call
from archivist.keeping import kept
from archivist.regulations import policy_of
from archivist.standing import company_calendar

TODAY = datetime.now(UTC).astimezone().date()
DAY = timedelta(days=1)
TITLE = "甲方购买乙方出售"
SECRET_NAME = "张伟的合同.pdf"


def company(version, *rows):
    head = (
        f'[pack]\nid = "own"\nversion = "{version}"\nzh = "本公司"\nen = "our own"\n'
        'source = "own"\neffective_from = 2020-01-01\nkind = "company"\n'
    )
    return head + "".join(rows)


def contract_kept(months, approved=True):
    destroyed = row("approval", "destroying", "OWN-2", actions=["destroy"],
                    steps=["archivist:approve"])  # fmt: skip
    return row("retention", "contracts", "OWN-1", months=months, start="sale",
               types=["sales_contract"]) + destroyed * approved  # fmt: skip


@pytest.fixture(scope="module")
def swept_template(tmp_path_factory, scan):
    """A contract of a car sold in January 2026, kept for a month; ten papers missing; a secret
    whose period ended."""
    home = Home(tmp_path_factory.mktemp("swept"))
    own = home.top / "own.toml"
    own.write_text(company("1", contract_kept(1)), "utf-8")
    home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy", "--pack", own,
              "--person", PERSON, "--role", "archivist", "--set", "ungraded=SECRET",
              "--set", "role.drafting_unit=archivist", "--work-factor", "16")  # fmt: skip
    home.json("customer", "add", "张伟")
    home.json("dossier", "open", "C000001", "new_car", "--event", "sale=2026-01-05")
    home.json("login", PERSON)
    path = home.top / SECRET_NAME
    path.write_bytes(scan(TITLE, "销售合同"))
    home.json("file", path, "--dossier", "D000001", "--type", "sales_contract")
    return home.top


@pytest.fixture
def swept(swept_template, tmp_path):
    """A copy of it, of the test's own."""
    return Home.copy_of(swept_template, tmp_path / "swept")


def ledger_bytes(home):
    files = sorted(path for path in (home.root / "ledger").rglob("*") if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def acts(home):
    return [entry["act"] for entry in home.json("ledger", "show")]


class Room:
    """The archive with its policy, as a process finds it on some day."""

    def __init__(self, home):
        self.archive = home.open()
        self.archive.follow()
        self.policy = policy_of(self.archive.settings, self.archive.catalogue)

    def plan(self, on):
        calendar = company_calendar({})
        return sweeping.plan_of(self.archive, self.policy, calendar, on)

    def sweep(self, days=0, person=None):
        at = now() + days * DAY
        plan = self.plan(at.astimezone().date())
        return sweeping.carry_out(self.archive, self.policy, plan, at, person)


@pytest.fixture
def room(swept):
    made = Room(swept)
    yield made
    made.archive.close()


def test_a_dry_run_changes_no_byte_of_the_ledger(swept):
    """Five lists, each line with id, reason, day and clauses; and no word of a document."""
    before = ledger_bytes(swept)
    ran = swept.run("--json", "sweep", "--dry-run")
    assert (ran.code, ran.json["done"], ledger_bytes(swept)) == (0, None, before)
    (line,) = ran.json["retention"]
    assert (line["id"], line["act"], line["reason"], line["day"], line["clauses"]) == (
        "R00000001", "dispose", "period-over", "2026-02-05", ["OWN-1"]
    )  # fmt: skip
    assert {"retention", "declassify", "overdue", "deadlines", "inspections"} <= set(ran.json)
    assert {line["id"] for line in ran.json["deadlines"]} == {"D000001"}
    missing = swept.json("missing", "--overdue", "--on", TODAY.isoformat())
    assert [(line["what"], line["day"]) for line in ran.json["deadlines"]] == sorted(
        ((item["item"], item["due"]) for item in missing), key=lambda pair: pair[::-1]
    )
    shown = swept.run("sweep", "--dry-run")
    for text in (ran.out.decode(), shown.out.decode(), shown.err):
        assert not any(word in text for word in (TITLE, SECRET_NAME, "张伟"))


def test_what_somebody_saw_on_a_paper_is_overdue_like_a_missing_one(swept):
    """A copy lies there where the original is wanted: the list says what `missing` says."""
    swept.json("attest", "R00000001", "--copy", "photocopy")
    missing = swept.json("missing", "--overdue", "--on", TODAY.isoformat())
    asked = sorted((item["item"], item["lack"], item["detail"]) for item in missing)
    lines = swept.json("sweep", "--dry-run")["deadlines"]
    assert sorted((line["what"], line["lack"], line["detail"]) for line in lines) == asked
    assert ("sales_contract", "copy", "original") in asked


def test_a_second_sweep_of_a_day_does_nothing_new(swept):
    """The first reminds, proposes and says so in one entry without a name; the next is silent."""
    first = swept.json("sweep")["done"]
    assert (first["reminded"], first["proposed"]) == (1, ["X000001"])
    assert acts(swept)[-3:] == ["disposal", "remind", "sweep"]
    entry = swept.json("ledger", "show")[-1]
    assert (entry["index"], entry["who"], entry["subject"]) == (first["entry"], "station", {})
    assert entry["day"] == TODAY.isoformat()
    assert all(isinstance(number, int) for number in entry["counts"].values())
    before = ledger_bytes(swept)
    ran = swept.run("--json", "sweep")
    assert ran.json["done"] == {
        "entry": None, "reminded": 0, "proposed": [], "declassified": [], "later_sweep": None,
        "left_out": {},
    }  # fmt: skip
    assert (ran.json["retention"], ran.json["kept"]) == ([], {"proposed": 1})
    assert ledger_bytes(swept) == before


def test_missed_days_are_made_up_for_once(room):
    """Nobody swept for three months: one reminder, not three; and the next month another one."""
    assert room.sweep(days=95).reminded == 1
    assert room.sweep(days=95).entry is None
    again = 95 + 32
    done = room.sweep(days=again)
    assert (done.reminded, done.proposed) == (1, ())
    days = [made["day"] for made in room.archive.catalogue.reminders("D000001")]
    assert days == [(now() + ahead * DAY).astimezone().date().isoformat() for ahead in (95, again)]


def test_a_sweep_dated_before_the_last_one_does_nothing(swept):
    """Whoever sets the clock back gets no second one; it says so and ends with 3."""
    swept.json("sweep")
    before = ledger_bytes(swept)
    ran = swept.run("--json", "sweep", "--on", (TODAY - DAY).isoformat())
    assert (ran.code, ran.json["done"]["later_sweep"]) == (3, TODAY.isoformat())
    assert "nothing was done" in ran.err
    assert ledger_bytes(swept) == before
    assert swept.run("sweep", "--on", (TODAY + DAY).isoformat()).code == 2


def test_a_record_keeps_the_longer_period_of_when_it_was_filed(swept, tmp_path):
    """A shorter version adopted later changes nothing for it, until the company says so."""
    longer, shorter = tmp_path / "2.toml", tmp_path / "3.toml"
    longer.write_text(company("2", contract_kept(1200)), "utf-8")
    shorter.write_text(company("3", contract_kept(2)), "utf-8")
    swept.json("pack", "adopt", longer)
    assert swept.json("sweep", "--dry-run")["retention"] == []
    swept.json("pack", "adopt", shorter)
    (line,) = swept.json("sweep", "--dry-run")["retention"]
    assert (line["act"], line["reason"], line["day"]) == ("keep", "earlier-longer", "2126-01-05")
    assert line["packs"] == ["own@2"]
    assert line["shorter"] == {"day": "2026-03-05", "clauses": ["OWN-1"], "packs": ["own@3"]}
    assert "own@3" in swept.run("sweep", "--dry-run").out.decode()
    assert swept.json("sweep")["done"]["proposed"] == []
    swept.json("pack", "adopt", shorter, "--shortens")
    (line,) = swept.json("sweep", "--dry-run")["retention"]
    assert (line["act"], line["day"], line["packs"]) == ("dispose", "2026-03-05", ["own@3"])
    assert swept.json("ledger", "show")[-1]["shortens"] is True


def test_a_record_whose_pack_is_not_to_be_had_is_kept(swept, tmp_path):
    """The text of then may have said more: nobody knows, and so it stays."""
    text = tmp_path / "2.toml"
    text.write_text(company("2", contract_kept(1)), "utf-8")
    swept.json("pack", "adopt", text)
    for path in swept.root.glob("packs/own@1.toml"):
        path.unlink()
    digest = hashlib.sha256(company("1", contract_kept(1)).encode()).hexdigest()
    (swept.root / "packs" / "adopted" / f"{digest}.toml").write_text("altered", "utf-8")
    room = Room(swept)
    found = kept(room.archive, room.policy, room.archive.the("record", "R00000001"))
    assert (found.day, found.why, found.over(date(9999, 1, 1))) == (None, "pack-gone", False)
    assert room.plan(TODAY).kept == {"pack-gone": 1}
    room.archive.close()


def test_what_declassifies_by_itself_waits_for_somebody_who_can_open_it(swept):
    """The station lists it; the next sweep with somebody there does it, once."""
    until = TODAY + DAY
    swept.json("regrade", "R00000001", "SECRET", "--until", until.isoformat(), "--reason", "x")
    room, after = Room(swept), 2
    person = room.archive.people.unlock(PERSON, swept.env["ARCHIVIST_PASSPHRASE"])
    done = room.sweep(after)
    (line,) = room.plan((now() + after * DAY).astimezone().date()).declassify
    assert (line.id, line.act, line.day) == ("R00000001", "declassify", until)
    assert (done.declassified, room.archive.the("record", "R00000001")["grade"]) == ((), "SECRET")
    assert room.sweep(after, person).declassified == ("R00000001",)
    assert room.archive.the("record", "R00000001")["grade"] == "PUBLIC"
    assert room.sweep(after, person).entry is None
    room.archive.close()


def test_two_sweeps_planned_at_once_remind_once(room):
    """What the first has entered the second sees under the lock."""
    first, second = room.plan(TODAY), room.plan(TODAY)
    done = [sweeping.carry_out(room.archive, room.policy, plan, now()) for plan in (first, second)]
    assert [one.reminded for one in done] == [1, 0]
    assert done[1].entry is None


def test_reminders_can_be_switched_off(swept):
    """The list is there all the same."""
    swept.set("sweep", remind=False)
    ran = swept.json("sweep")
    assert ran["deadlines"]
    assert ran["done"]["reminded"] == 0
    assert "remind" not in acts(swept)


def test_what_no_rule_lets_go_is_said(swept, tmp_path):
    """Its period is over, and nobody is named who may approve it: it stays, with the reason."""
    text = tmp_path / "2.toml"
    text.write_text(company("2", contract_kept(1, approved=False)), "utf-8")
    swept.json("pack", "adopt", text, "--shortens")
    ran = swept.run("--json", "sweep")
    assert ran.json["done"]["left_out"] == {"R00000001": ["no-rule"]}
    assert "1: no adopted regulation says who may approve it" in ran.err
    assert swept.json("sweep")["done"]["entry"] is None


def test_the_doctor_says_how_long_ago_it_was(station, monkeypatch):
    """Nothing is wrong on the day of founding nor after a weekend; after four days it is."""

    def told(days):
        monkeypatch.setattr("archivist.cli.doctor.now", lambda: now() + days * DAY)
        return doctor._sweep(station.call)

    assert told(0) == (True, "never swept")
    assert told(4) == (False, "never swept")
    assert station(24) == TODAY + DAY
    assert told(1) == (True, f"last sweep {TODAY + DAY}, 0 days ago")
    assert told(2) == (True, f"last sweep {TODAY + DAY}, 1 day ago")
    assert told(5) == (False, f"last sweep {TODAY + DAY}, 4 days ago")


# ── daily, under the watcher ──────────────────────────────────────────────────


@pytest.fixture
def station(swept, monkeypatch):
    """A watcher's daily sweep, with a clock that the test sets; nobody is logged in."""
    swept.run("logout")
    with swept._environment({"ARCHIVIST_PASSPHRASE": None}):
        call = Call()
        made = Daily(call)

        def between(hours, waits=False, daily=made):
            local = now().astimezone().replace(hour=12, minute=0) + timedelta(hours=hours)
            monkeypatch.setattr("archivist.cli.daily.now", lambda: local.astimezone(UTC))
            daily.between(waits)
            call.archive.follow()
            row = sweeping.last_day(call.archive)
            return row and date.fromisoformat(row)

        between.call = call
        yield between
        call.close()


def test_a_watcher_sweeps_once_a_day(station):
    """Not on the day of founding; from the next day on once, whoever asks again."""
    assert station(0) is None
    assert station(24) == TODAY + DAY
    size = station.call.archive.ledger.size
    assert station(26) == TODAY + DAY
    station(27, daily=Daily(station.call))  # a second watcher, or one started anew
    assert station.call.archive.ledger.size == size
    assert station(48 + 24 * 5) == TODAY + 7 * DAY


def test_a_backlog_delays_the_sweep_and_does_not_prevent_it(station):
    """While scans wait it waits, for four hours."""
    assert station(24, waits=True) is None
    assert station(27, waits=True) is None
    assert station(28, waits=True) == TODAY + DAY


def test_a_time_of_day_that_is_none_is_refused(swept):
    """And an empty one means that a timer does it."""
    swept.set("sweep", daily_at="half past two")
    ran = swept.run("sweep", "--dry-run")
    assert (ran.code, "daily_at" in ran.err) == (2, True)
    swept.set("sweep", daily_at="")
    assert swept.run("sweep", "--dry-run").code == 0


def test_the_watcher_asks_between_two_looks_at_the_folder(swept, monkeypatch):
    """`watch` sweeps when the day has come; `watch --once` never does."""
    tomorrow = now() + DAY
    monkeypatch.setattr("archivist.cli.daily.now", lambda: tomorrow)
    swept.run("watch", "--once")
    assert "sweep" not in acts(swept)

    def looks(folder, once):
        yield None
        folder.stop()

    monkeypatch.setattr("archivist.watch.DropFolder.settled", looks)
    ran = swept.run("watch", "--workers", "1")
    assert (ran.code, acts(swept)[-1]) == (0, "sweep")
    assert '"event": "swept"' in ran.err
    assert f'"day": "{tomorrow.astimezone().date().isoformat()}"' in ran.err
