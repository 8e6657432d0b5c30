"""Regulations change while the archive works: adopted, broken, altered, contradicting."""

import json
import time
from pathlib import Path

import pytest
from archive_home import Home

import policies

PACKS = Path(policies.__file__).parent / "packs"


def adopted(home, pack):
    """The adopted copies of a pack that people edit."""
    return sorted((home.root / "packs").glob(f"{pack}@*.toml"))[-1]


def changed(text, version, *pairs):
    """A new version of a pack with some words replaced."""
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("version ="))
    lines[at] = f'version = "{version}"'
    text = "\n".join(lines) + "\n"
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def policy_check(home):
    rows = home.run("--json", "doctor").json
    return next(row for row in rows if row["check"] == "policy")


@pytest.fixture
def dealer(home):
    """The home's dealer pack, the copy people edit."""
    return adopted(home, "auto-dealer")


def due(home):
    rows = home.json("missing", "--dossier", "D000001")
    return {row["item"]: row["due"] for row in rows}


def test_an_adopted_version_is_in_force_from_then_on(home, dealer, tmp_path):
    """Five working days in place of three: the due date of the same dossier moves."""
    home.json("dossier", "event", "D000001", "sale=2026-03-05")
    assert due(home)["green_card"] == "2026-03-10"
    file = tmp_path / "dealer.toml"
    text = dealer.read_text("utf-8")
    file.write_text(changed(text, "2030.1", ("working_days = 3", "working_days = 5")), "utf-8")
    done = home.json("pack", "adopt", file)
    assert (done["pack"], done["version"]) == ("auto-dealer", "2030.1")
    assert done["before"] == dealer.stem
    assert due(home)["green_card"] == "2026-03-12"
    assert '"auto-dealer@2030.1"' in (home.root / "archive.toml").read_text("utf-8")
    entry = home.json("ledger", "show")[-1]
    assert (entry["act"], entry["version"], entry["sha256"]) == ("adopt", "2030.1", done["sha256"])
    assert policy_check(home)["ok"]


def test_a_pack_broken_by_hand_stays_in_force_as_adopted(home, dealer):
    """Garbage in the folder stops nothing; the doctor names file and line."""
    home.json("dossier", "event", "D000001", "sale=2026-03-05")
    before = due(home)
    dealer.chmod(0o644)
    text = dealer.read_text("utf-8").splitlines()
    text[4] = "[[dossier_type"
    dealer.write_text("\n".join(text), "utf-8")
    assert due(home) == before
    check = policy_check(home)
    assert not check["ok"]
    assert f"{dealer.name}:5:" in check["detail"]
    assert home.json("pack", "list")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[pack]\nid = 'auto-dealer'\n"])
def test_no_content_of_a_pack_stops_filing(home, dealer, content, scan):
    """Empty, not UTF-8, half a pack: what was adopted files the scan."""
    dealer.chmod(0o644)
    dealer.write_bytes(content)
    home.drop("C000001/D000001/合同/a.pdf", scan("a"))
    (outcome,) = home.lines("watch", "--once")
    assert outcome["outcome"] == "filed"
    assert not policy_check(home)["ok"]


def test_an_edit_without_adoption_has_no_force(home, dealer):
    """A valid edit in place changes nothing until it is adopted, and the doctor says so."""
    home.json("dossier", "event", "D000001", "sale=2026-03-05")
    dealer.chmod(0o644)
    text = dealer.read_text("utf-8")
    dealer.write_text(text.replace("working_days = 3", "working_days = 30"), "utf-8")
    assert due(home)["green_card"] == "2026-03-10"
    assert not policy_check(home)["ok"]


def test_a_missing_pack_is_read_from_what_was_adopted(home, dealer):
    """Deleting the copy people edit loses no regulation."""
    dealer.unlink()
    assert home.json("missing", "--dossier", "D000001")
    assert not policy_check(home)["ok"]


def test_an_altered_adopted_text_is_not_believed(home, dealer):
    """Both copies altered alike: the digest in the ledger gives it away."""
    for path in [dealer, *(home.root / "packs" / "adopted").iterdir()]:
        path.chmod(0o644)
        path.write_text(path.read_text("utf-8").replace("working_days = 3", "working_days = 9"))
    check = policy_check(home)
    assert not check["ok"]
    assert "altered" in check["detail"]


def test_one_version_is_one_text(home, dealer, tmp_path):
    """The same version with another text is refused; the old text stays."""
    file = tmp_path / "dealer.toml"
    text = dealer.read_text("utf-8")
    file.write_text(text.replace("working_days = 3", "working_days = 4"), "utf-8")
    ran = home.run("pack", "adopt", file)
    assert ran.code == 2
    assert "version" in ran.err
    assert dealer.read_text("utf-8") == text


def test_a_broken_file_is_not_adopted(home, tmp_path):
    """Every mistake is named by line, and the ledger says nothing."""
    before = len(home.json("ledger", "show"))
    file = tmp_path / "mine.toml"
    file.write_text('[pack]\nid = "mine"\nversion = "1"\n', "utf-8")
    ran = home.run("pack", "adopt", file)
    assert ran.code == 2
    assert "mine.toml:1: pack.zh" in ran.err
    assert len(home.json("ledger", "show")) == before


CONTRARY = """[pack]
id = "contrary"
version = "1"
zh = "另一制度"
en = "another regulation"
source = "X"
effective_from = 2026-01-01
[[default_grade]]
classes = ["contract"]
grade = "TOP"
clause = "X-R01"
"""


def test_a_contradiction_is_refused_with_both_clauses(home, tmp_path):
    """A contract cannot be SECRET by one regulation and TOP by another; a setting settles it."""
    file = tmp_path / "contrary.toml"
    file.write_text(CONTRARY, "utf-8")
    ran = home.run("pack", "check", file)
    assert ran.code == 3
    assert "X-R01" in ran.out.decode() and "S001-4-R11" in ran.out.decode()
    ran = home.run("pack", "adopt", file)
    assert ran.code == 2
    assert "X-R01" in ran.err and "S001-4-R11" in ran.err
    types = [row["field"] for row in home.run("--json", "pack", "check", file).json]
    home.set("company", **{f'"{name}"': "TOP" for name in types})
    assert home.run("pack", "check", file).code == 0
    assert home.run("pack", "adopt", file).code == 0


def test_a_running_daemon_goes_by_what_is_adopted_meanwhile(home, dealer, scan, tmp_path):
    """A type that only the new version knows is filed without a restart."""
    home.set("drop", settle_seconds=0.5)
    daemon = home.process("watch", "--json")
    home.drop("C000001/D000001/合同/a.pdf", scan("a"))
    assert json.loads(daemon.stdout.readline())["outcome"] == "filed"
    text = dealer.read_text("utf-8") + (
        '\n[[document_type]]\nid = "napkin"\nzh = "餐巾纸"\nen = "napkin"\n'
        'anywhere = true\nclause = "X-R01"\n'
    )
    file = tmp_path / "dealer.toml"
    file.write_text(changed(text, "2030.1"), "utf-8")
    home.json("pack", "adopt", file)
    home.drop("C000001/D000001/餐巾纸/b.pdf", scan("b"))
    outcome = json.loads(daemon.stdout.readline())
    assert (outcome["outcome"], outcome["type"]) == ("filed", "napkin")
    # Now break everything people can reach: the daemon goes on as before.
    for path in (home.root / "packs").glob("*.toml"):
        path.chmod(0o644)
        path.write_text("[[", "utf-8")
    settings = home.root / "archive.toml"
    settings.chmod(0o644)
    settings.write_text("[[", "utf-8")
    time.sleep(0.1)
    home.drop("C000001/D000001/餐巾纸/c.pdf", scan("c"))
    assert json.loads(daemon.stdout.readline())["outcome"] == "filed"
    assert daemon.poll() is None


def test_coverage_names_every_rule_once(home):
    """All 343 rules are listed, each with its class."""
    ran = home.run("--json", "pack", "coverage")
    rows = ran.json
    assert len(rows) == len({row["rule"] for row in rows}) == 343
    assert sum(row["class"] == "c" for row in rows) == 46


def test_what_a_company_pack_decides_is_not_decided_again(tmp_path):
    """The grade of ungraded papers is the pack's word: nothing else is said or written."""
    own = tmp_path / "own.toml"
    own.write_text(
        '[pack]\nid = "own"\nversion = "1"\nkind = "company"\nzh = "公司"\nen = "own"\n'
        'source = "C"\neffective_from = 2026-01-01\n'
        '[[setting]]\nid = "ungraded"\nvalue = "CONF"\nclause = "C-1"\n',
        "utf-8",
    )
    made = Home(tmp_path / "made")
    ran = made.run("init", made.root, "--pack", "auto-dealer", "secrecy", own, "--person", "li",
                   "--work-factor", "16")  # fmt: skip
    assert ran.code == 0 and "become SECRET" not in ran.err
    assert made.json("ask", "approval", "view", "--type", "绿卡")["grade"] == "CONF"
