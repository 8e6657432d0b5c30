"""A digital loan: the borrower opens the record with his own key until the day, and not after."""

import io
import re
import subprocess
import urllib.error
import urllib.request
from datetime import date, timedelta

import pytest
from archive_home import PASSPHRASE, PERSON, Home
from lending_home import RULES, filed, staffed
from pypdf import PdfReader

TODAY = date.today()


@pytest.fixture
def lent(home, scan):
    """A sealed record in a view lent to lin, who is cleared for nothing."""
    staffed(home, "lin", "zhao")
    filed(home, scan, "赔偿金叁拾万圆")
    loan = ask(home, "R00000001", TODAY + timedelta(days=3))
    home.json("loan", "issue", loan)
    return home


def ask(home, record, until, name="lin"):
    ran = home.run("--json", "--as", name, "loan", "request", record, "--purpose", "核对",
                   "--form", "view", "--until", until.isoformat())  # fmt: skip
    assert ran.code == 0, ran.err
    loan = ran.json["loan"]
    ran = home.run("--as", "zhao", "loan", "approve", loan)
    assert ran.code == 0, ran.err
    return loan


def view(home, name="lin", record="R00000001"):
    return home.run(
        "--as", name, "view", record, "--purpose", "核对", ARCHIVIST_PASSPHRASE=PASSPHRASE
    )


def entries(home, act):
    return [entry for entry in home.json("ledger", "show") if entry["act"] == act]


def heads(home):
    return sorted(path.name for path in (home.root / "keys" / "loans").rglob("*.head"))


def test_the_borrower_opens_it_and_nobody_else(lent):
    """By his own key, without clearance; what he gets says on every page whose it is."""
    ran = view(lent)
    assert ran.code == 0, ran.err
    pages = PdfReader(io.BytesIO(ran.out)).pages
    assert len(pages) == 3
    for page in pages:
        assert "lin" in page.extract_text() and "L000001" in page.extract_text()
    assert view(lent, "zhao").code == 4
    seen = entries(lent, "view")[-1]
    assert (seen["who"], seen["subject"]["loan"]) == ("lin", "L000001")


def test_before_it_is_issued_nothing_opens(home, scan):
    """Approved is not yet lent."""
    staffed(home, "lin", "zhao")
    filed(home, scan, "赔偿金叁拾万圆")
    ask(home, "R00000001", TODAY)
    assert view(home).code == 4 and heads(home) == []


def test_returned_opens_nothing_and_the_head_is_gone(lent):
    """The return shuts it at once; a kept copy of the head does not open it again."""
    (kept,) = (lent.root / "keys" / "loans").rglob("*.head")
    content = kept.read_bytes()
    lent.json("loan", "return", "L000001")
    assert heads(lent) == [] and view(lent).code == 4
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(content)
    assert view(lent).code == 4
    verified = lent.run("--json", "ledger", "verify")
    assert verified.code == 13
    assert [f["code"] for f in verified.json["findings"]] == ["S-GRANT"]


def test_after_the_last_day_nothing_opens_and_the_try_is_recorded(lent, monkeypatch):
    """The day it is due is the last; the head goes when the station starts."""
    from archivist.cli import door
    from archivist.cli import view as command

    later = door.now() + timedelta(days=4)
    monkeypatch.setattr(command, "now", lambda: later)
    ran = view(lent)
    assert ran.code == 4 and "loan is over" in ran.err
    denied = entries(lent, "loan-denied")[-1]
    assert (denied["tried"], denied["reason"]) == ("open", "loan-over")
    archive = lent.open()
    try:
        from archivist.recover import recover

        recover(archive, later)
    finally:
        archive.close()
    assert heads(lent) == []
    # That it is gone is as it should be from that day on; today it would be a loss.
    from archivist.cli import ledger

    assert lent.run("ledger", "verify").code == 13
    monkeypatch.setattr(ledger, "now", lambda: later)
    assert lent.run("ledger", "verify").code == 0


def test_a_restored_archive_misses_no_borrowers_head(lent, tmp_path):
    """No backup holds one: that it is gone is no damage, before and after the paper comes back."""
    snapshot, bundle = tmp_path / "stick", tmp_path / "bundle"
    lent.json("backup", "create", snapshot)
    phrases = {"ARCHIVIST_ESCROW_PASSPHRASE": "保险柜", "ARCHIVIST_NEW_PASSPHRASE": PASSPHRASE}
    lent.json("key", "escrow", "-o", bundle, **phrases)
    other = Home(tmp_path / "other")
    other.json("backup", "restore", snapshot, other.root, "--bundle", bundle,
               "--person", PERSON, **phrases)  # fmt: skip
    assert heads(other) == []
    assert other.json("ledger", "verify")["ok"]
    other.json("login", PERSON)
    other.json("loan", "return", "L000001")
    assert other.json("ledger", "verify")["ok"]


def test_a_clock_set_back_opens_nothing(lent, monkeypatch):
    """What is over does not come back with the clock."""
    from archivist.cli import door
    from archivist.cli import view as command

    monkeypatch.setattr(command, "now", lambda: door.now() - timedelta(days=1))
    assert view(lent).code == 4
    assert entries(lent, "loan-denied")[-1]["reason"] == "clock-set-back"


def test_another_loans_head_or_a_longer_one_is_refused(lent, scan):
    """Heads are bound to loan, record and day; swapped they open nothing and are named."""
    filed(lent, scan, "另一份资料")
    other = ask(lent, "R00000002", TODAY + timedelta(days=9))
    lent.json("loan", "issue", other)
    one, two = (lent.root / "keys/loans/L000001/R00000001.head",
                lent.root / "keys/loans/L000002/R00000002.head")  # fmt: skip
    a, b = one.read_bytes(), two.read_bytes()
    for path, content in ((one, b), (two, a)):
        path.chmod(0o644)
        path.write_bytes(content)
    assert view(lent).code == 13 and view(lent, record="R00000002").code == 13
    found = lent.run("--json", "ledger", "verify").json["findings"]
    assert [(f["code"], f["where"]) for f in found] == [
        ("S-GRANT", f"keys/loans/L00000{n}/R0000000{n}.head") for n in (1, 2)
    ]  # fmt: skip


def test_a_recall_brings_the_end_nearer(lent, monkeypatch):
    """From the day it is called back for, nothing opens."""
    from archivist.cli import door
    from archivist.cli import view as command

    lent.json("loan", "recall", "L000001", "--until", TODAY.isoformat())
    assert view(lent).code == 0
    monkeypatch.setattr(command, "now", lambda: door.now() + timedelta(days=1))
    assert view(lent).code == 4


def test_a_rotation_leaves_a_loan_open(lent):
    """Heads of records are written anew, and the borrower's stays."""
    lent.json("key", "rotate", "INTERNAL")
    assert view(lent).code == 0
    assert lent.run("ledger", "verify").code == 0


def test_a_changed_grade_ends_what_a_loan_opens(lent):
    """The record is sealed anew, and the borrower's head opens nothing of it."""
    lent.set("company", **{'"role.drafting_unit"': "archivist"})
    ran = lent.run("regrade", "R00000001", "SECRET", "--reason", "x", "--until", "2099-01-01")
    assert ran.code == 0, ran.err
    assert heads(lent) == []
    ran = view(lent)
    assert ran.code == 4 and "ask anew" in ran.err
    assert lent.run("ledger", "verify").code == 0


def test_whoever_cannot_read_it_cannot_lend_it_to_be_read(home, scan):
    """A custodian who is not cleared hands out no view."""
    from lending_home import PEOPLE

    staffed(home, "lin", "zhao")
    filed(home, scan, "赔偿金叁拾万圆")
    ran = home.run(
        "person", "add", "sun", "--role", "archivist", ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE
    )
    assert ran.code == 0 and "sun" not in PEOPLE
    loan = ask(home, "R00000001", TODAY)
    ran = home.run("--as", "sun", "loan", "issue", loan)
    assert ran.code == 4 and "cleared" in ran.err
    assert home.run("--as", PERSON, "loan", "issue", loan).code == 0


SCREEN_ONLY = """
[[loan_rule]]
id = "on_screen"
zh = "内部资料只许在屏幕上阅览"
en = "internal papers are read on a screen only"
grades = ["INTERNAL"]
forbids = ["leave_screen"]
clause = "X-11"
"""


def test_where_the_regulation_says_so_nothing_leaves_the_screen(home, scan):
    """No file, no bytes; the pages are pictures with the mark and without text, from memory."""
    staffed(home, "lin", "zhao", rules=RULES + SCREEN_ONLY)
    filed(home, scan, "赔偿金叁拾万圆")
    loan = ask(home, "R00000001", TODAY)
    home.json("loan", "issue", loan)
    refused = view(home)
    assert refused.code == 4 and "--screen" in refused.err and refused.out == b""
    assert entries(home, "view") == []
    started = home.process(
        "--as", "lin", "view", "R00000001", "--purpose", "核对", "--screen",
        stdin=subprocess.PIPE, env={"ARCHIVIST_PASSPHRASE": PASSPHRASE, "BROWSER": "true"},
    )  # fmt: skip
    address = None
    for line in started.stderr:
        if found := re.search(rb"http://127\.0\.0\.1:\d+/\S+/", line):
            address = found[0].decode()
            break
    page = urllib.request.urlopen(address, timeout=10).read()
    assert page.count(b"<img") == 3 and "赔偿金".encode() not in page
    picture = urllib.request.urlopen(f"{address}2.png", timeout=10).read()
    assert picture.startswith(b"\x89PNG") and "赔偿金".encode() not in picture
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(address.rsplit("/", 2)[0] + "/guess/", timeout=10)
    started.communicate(b"\n", timeout=30)
    assert started.returncode == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=5)
    assert entries(home, "view")[-1]["subject"]["loan"] == loan
