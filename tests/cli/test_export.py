"""`export`: papers as files, with what is known of them and proofs; nothing he may not open."""

import csv
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from archive_home import CUSTOMERS, PASSPHRASE, VIN, Home
from lending_home import RULES, filed

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify_ledger.py"
TOP, LISTED = "绝密并购意向", "知悉范围协议"
KEPT_BACK = """
[[approval]]
id = "no_exports"
zh = "导出须总经理批准"
en = "exports need the general manager"
actions = ["export"]
grades = ["SECRET"]
steps = ["general_manager:approve"]
clause = "X-77"
"""


@pytest.fixture(scope="module")
def stage(template, tmp_path_factory, scan):
    """wang opens INTERNAL: a record of it, one limited to li, a TOP one, and one elsewhere."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("export"))
    home.set("keys", scrypt_log_n=16)
    ran = home.run("person", "add", "wang", "--role", "archivist",
                   ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)  # fmt: skip
    assert ran.code == 0, ran.err
    home.json("person", "clear", "wang", "INTERNAL")
    filed(home, scan, "合同甲", LISTED)
    home.json("need-to-know", "limit", "R00000002", "--reason", "x")
    path = home.top / f"{TOP}.pdf"
    path.write_bytes(scan(TOP))
    home.json("file", path, "--dossier", "D000001", "--type", "sales_contract", "--grade", "TOP")
    filed(home, scan, "合同乙", dossier="D000002")
    return home


@pytest.fixture
def house(stage, tmp_path):
    """An archive of the test's own."""
    return Home.copy_of(stage.top, tmp_path / "house")


def export(home, out, *words, who="li", target="C000001", code=0, **env):
    """Export a target by a person, with the exit code that it must have."""
    ran = home.run("--as", who, "--json", "export", target, "-o", out, "--purpose", "本人请求查阅",
                   *words, **env)  # fmt: skip
    assert ran.code == code, ran.err
    return ran.json if code in (0, 3) else ran.err


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def entries(home, act="export"):
    return [entry for entry in home.json("ledger", "show") if entry["act"] == act]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ── what is in it ─────────────────────────────────────────────────────────────


def test_a_subject_gets_everything_that_is_kept_of_him(house, tmp_path):
    """Papers byte for byte under readable names, contents, metadata, what is registered, proofs."""
    done = export(house, tmp_path / "out", "--for-subject")
    assert done["records"] == ["R00000001", "R00000002", "R00000003"]
    assert done["left_out"] == []
    out = tmp_path / "out"
    contents = json.loads((out / "contents.json").read_text("utf-8"))
    for line in contents["records"]:
        assert (out / line["file"]).read_bytes() == house.opened(line["record"])
        assert digest(out / line["file"]) == line["sha256"]
    assert contents["records"][0]["file"].startswith("records/D000001 新车档案/R00000001 销售合同")
    assert contents["dossiers"][0]["keys"]["vin"] == VIN
    rows = list(csv.reader((out / "contents.csv").read_text("utf-8-sig").splitlines()))
    assert [row[0] for row in rows] == ["档案", "R00000001", "R00000002", "R00000003"]
    known = json.loads((out / "customer.json").read_text("utf-8"))
    assert (known["name"], known["fields"]["phone"]) == (CUSTOMERS[0], "13800138000")
    for name in done["records"]:
        described = json.loads((out / "metadata" / f"{name}.json").read_text("utf-8"))
        told = {one["element"]: one["value"] for one in described["elements"]}
        assert (told["M7"], told["M34"]) == (name, "销售合同")
        assert described["events"][0]["act"] == "file"


def test_an_outsider_checks_what_he_was_given(house, tmp_path):
    """The manifest's digest stands in the ledger's entry, and each proof leads to a signed head."""
    done = export(house, tmp_path / "out", target="R00000001")
    out = tmp_path / "out"
    vkey = json.loads((out / "contents.json").read_text("utf-8"))["vkey"]
    for proof in (out / "export.tlog-proof", out / "proofs" / "R00000001.tlog-proof"):
        ran = subprocess.run([sys.executable, SCRIPT, "--vkey", vkey, "--proof", proof],
                             capture_output=True)  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        proved = json.loads(ran.stdout.splitlines()[0])
        assert proved["subject"]["record"] == "R00000001"
        if proved["act"] == "export":
            assert proved["manifest"] == done["manifest"] == digest(out / "manifest-sha256.txt")
            assert proved["records"] == ["R00000001"]


def test_a_bag_holds_the_same_in_data(house, tmp_path):
    """Every file of the payload is named in both manifests, with its digest."""
    export(house, tmp_path / "bag", "--format", "bagit", target="D000001")
    bag = tmp_path / "bag"
    lines = (bag / "manifest-sha256.txt").read_text("utf-8").splitlines()
    named = {name: value for value, _, name in (line.partition("  ") for line in lines)}
    assert set(named) == {name for name in files(bag) if name.startswith("data/")}
    assert all(digest(bag / name) == value for name, value in named.items())
    assert {"data/contents.csv", "data/README.txt"} < set(named)
    assert "External-Identifier: D000001" in (bag / "bag-info.txt").read_text("utf-8")
    assert "data/customer.json" not in named  # what is registered of him goes with the customer


# ── what is left out ──────────────────────────────────────────────────────────


def test_what_one_does_not_open_is_counted_and_nothing_more(house, tmp_path):
    """Not cleared and not on a list look the same: one number, no grade, no id, no title."""
    done = export(house, tmp_path / "out", who="wang", code=3)
    assert done["records"] == ["R00000001"]
    assert done["left_out"] == [{"reason": "not-open", "records": 2}]
    for path in (tmp_path / "out").rglob("*"):
        told = str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        for word in (TOP, LISTED, "R00000002", "R00000003", "绝密"):
            assert word.encode() not in told, path
        assert not re.search(rb"\bTOP\b", told), path  # a digest in base64 may spell it
    assert "另有 2 件" in (tmp_path / "out" / "README.txt").read_text("utf-8")
    assert entries(house)[0]["left_out"] == 2


def test_whoever_opens_nothing_gets_nothing(house, tmp_path):
    """No folder and no entry."""
    assert "open none" in export(house, tmp_path / "out", who="wang", target="R00000003", code=4)
    assert not (tmp_path / "out").exists()
    assert entries(house) == []


def test_a_regulation_on_exports_is_asked(house, tmp_path, scan):
    """What needs the general manager stays behind, with the clause; until he exports it himself."""
    path = house.top / "own.toml"
    path.write_text(RULES + KEPT_BACK, "utf-8")
    house.json("pack", "adopt", path)
    scan_path = house.top / "s.pdf"
    scan_path.write_bytes(scan("丙"))
    (made,) = house.lines("file", scan_path, "--dossier", "D000001", "--type", "sales_contract",
                          "--grade", "SECRET")  # fmt: skip
    done = export(house, tmp_path / "out", code=3)
    assert done["left_out"] == [
        {"reason": "regulation", "record": made["record"], "clauses": ["X-77"]}
    ]
    assert made["record"] not in done["records"]
    said = export(house, tmp_path / "none", target=made["record"], code=4)
    assert "X-77" in said
    house.set("company", **{'"role.general_manager"': "archivist"})
    assert export(house, tmp_path / "all", target=made["record"])["records"] == [made["record"]]


# ── how it is done ────────────────────────────────────────────────────────────


def test_every_export_is_recorded_without_a_word(house, tmp_path):
    """Ids, counts and a digest; in the history of each record; the purpose is sealed."""
    export(house, tmp_path / "out", "--for-subject")
    (said,) = entries(house)
    assert said["subject"] == {"customer": "C000001"}
    assert (said["for_subject"], said["format"], said["left_out"]) == (True, "folder", 0)
    assert said["records"] == ["R00000001", "R00000002", "R00000003"]
    assert "查阅" not in json.dumps(said, ensure_ascii=False)
    assert house.json("show", "R00000003")["history"][-1]["act"] == "export"


def test_a_restricted_customer_is_exported_to_himself_alone(house, tmp_path):
    """That is when he asks."""
    house.json("customer", "restrict", "C000001", "--reason", "x")
    assert "for its subject" in export(house, tmp_path / "out", code=4)
    done = export(house, tmp_path / "out", "--for-subject")
    assert len(done["records"]) == 3
    known = json.loads((tmp_path / "out" / "customer.json").read_text("utf-8"))
    assert known["name"] == CUSTOMERS[0]


def test_a_folder_with_something_in_it_is_not_touched(house, tmp_path):
    """An empty one is taken; a file, a full one, a missing parent and no purpose are refused."""
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_bytes(b"x")
    export(house, full, code=2)
    export(house, full / "mine", code=2)
    export(house, tmp_path / "no" / "where", code=2)
    assert house.run("export", "C000001", "-o", tmp_path / "x", "--purpose", " ").code == 2
    assert house.run("export", "C000009", "-o", tmp_path / "x", "--purpose", "x").code == 2
    assert files(tmp_path / "full") == {"mine"}
    (tmp_path / "empty").mkdir()
    export(house, tmp_path / "empty")
    assert entries(house)[0]["records"]


@pytest.mark.parametrize("broken", ["bytes", "manifest"])
def test_what_fails_on_the_way_leaves_nothing(house, tmp_path, monkeypatch, broken):
    """A record that was altered, or a disk that fills up: no folder, no half of one, no entry."""
    if broken == "bytes":
        path = next((house.root / "store").rglob("R00000003.pdf.age"))
        path.chmod(0o600)
        raw = path.read_bytes()
        path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    else:
        from archivist import exporting

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(exporting.bags, "seal_folder", full)
    (tmp_path / "there").mkdir()
    ran = house.run("export", "C000001", "-o", tmp_path / "there" / "out", "--purpose", "x")
    assert ran.code == (13 if broken == "bytes" else 1), ran.err
    assert list((tmp_path / "there").iterdir()) == []
    assert entries(house) == []
