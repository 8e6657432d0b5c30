"""`disposal execute` and what follows: witnessed, recorded, certified, told."""

import csv
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pypdfium2
import pytest
import zxingcpp
from archive_home import PASSPHRASE, Home
from disposal_home import RULES, filed, staffed

PAPER = """
[[disposal]]
id = "confidential"
zh = "保密文件用碎纸机"
en = "confidential papers by shredder"
grades = ["INTERNAL"]
method = "shred"
clause = "X-9"
"""
SIGN = ("--place", "三楼档案室", "--witness", "xu", "--witness", "he")
X = "X000001"
VERIFY = Path(__file__).resolve().parents[2] / "scripts" / "verify_ledger.py"
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.fixture(scope="module")
def approved(template, scan, tmp_path_factory):
    """One disposal of three records, one of which an appraiser keeps; approved twice."""
    home = staffed(Home.copy_of(template, tmp_path_factory.mktemp("approved") / "home"),
                   RULES + PAPER)  # fmt: skip
    one, two, kept = filed(home, scan, "蒹葭苍苍", "白露为霜", "所谓伊人")
    home.json("search", "蒹葭")
    home.json("export", one, "-o", home.top / "out", "--purpose", "核对")
    home.json("key", "escrow", "-o", home.top / "old.age", ARCHIVIST_ESCROW_PASSPHRASE="x y z")
    home.json("disposal", "propose", one, two, kept)
    for record, opinion in ((one, "destroy"), (two, "destroy"), (kept, "keep")):
        home.json("--as", "wang", "disposal", "appraise", X, record, opinion,
                  "--opinion", f"{record} 看过")  # fmt: skip
    for name in ("zhao", "gm"):
        home.json("--as", name, "disposal", "approve", X)
    return home


@pytest.fixture
def home(approved, tmp_path):
    return Home.copy_of(approved.top, tmp_path / "home")


@pytest.fixture(scope="module")
def ended(approved, tmp_path_factory):
    """The same, executed."""
    home = Home.copy_of(approved.top, tmp_path_factory.mktemp("ended") / "home")
    execute(home)
    return home


def execute(home, *more, code=0, **env):
    return home.json("--as", "chen", "disposal", "execute", X, *SIGN, *more, code=code, **env)


# ── executing ─────────────────────────────────────────────────────────────────


def test_what_was_approved_is_destroyed_and_what_was_kept_is_not(ended):
    """Two records are gone to every command, the third opens, and the ledger holds together."""
    told = ended.json("disposal", "show", X)
    assert told["state"] == told["destruction"]["state"] == "destroyed"
    assert [item["words"] for one in told["items"] for item in one["opinions"]] == [
        None, None, "R00000003 看过",
    ]  # fmt: skip
    for record in ("R00000001", "R00000002"):
        shown = ended.json("show", record)
        assert (shown["title"], shown["destruction"]["disposal"]) == (None, X)
        assert "destroy" in [line["act"] for line in shown["history"]]
        for words in (("view", record, "--purpose", "x"),
                      ("loan", "request", record, "--purpose", "x", "--form", "view"),
                      ("regrade", record, "SECRET", "--reason", "x"),
                      ("disposal", "propose", record)):  # fmt: skip
            ran = ended.run(*words)
            assert ran.code == 2, words
            assert f"{record} was destroyed ({X}, " in ran.err
    assert ended.run("view", "R00000003", "--purpose", "x").code == 0
    assert [ended.json("search", text)["total"] for text in ("蒹葭", "白露", "伊人")] == [0, 0, 2]
    assert ended.json("ledger", "verify")["ok"]
    assert {row["check"]: row["ok"] for row in ended.json("doctor", code=0)}["destructions"]


def test_the_catalogue_made_anew_is_the_same(ended, tmp_path):
    """Replayed from the ledger alone, with the objects of the destroyed records gone."""
    home = Home.copy_of(ended.top, tmp_path / "home")
    asked = (("disposal", "show", X), ("show", "R00000001"), ("missing",), ("disposal", "list"))
    before = [home.json(*words) for words in asked]
    for path in home.root.glob("catalogue.db*"):
        path.unlink()
    assert [home.json(*words) for words in asked] == before
    assert home.json("ledger", "verify")["ok"]


def test_what_is_put_back_of_a_destroyed_record_is_found(ended, approved, tmp_path):
    """A body that lies there again is named; one that a living record lacks is, too."""
    home = Home.copy_of(ended.top, tmp_path / "home")
    for name in ("R00000001.pdf.age", "R00000003.pdf.age"):
        (path,) = (approved.root / "store").rglob(name)
        target = home.root / path.relative_to(approved.root)
        target.write_bytes(path.read_bytes()) if "1." in name else target.unlink()
    ran = home.run("--json", "ledger", "verify")
    found = {(one["code"], one["where"].rpartition("/")[2]) for one in ran.json["findings"]}
    assert (ran.code, found) == (13, {("S-GONE", "R00000001"), ("S-BODY", "R00000003.pdf")})


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--as", "gm", *SIGN), "executor-took-part"),
        (("--as", "chen", "--place", "x", "--witness", "xu", "--witness", "zhao"),
         "witness-took-part"),
        (("--as", "chen", "--place", "x", "--witness", "xu"), "witnesses-missing"),
        (("--as", "chen", "--place", "x", "--witness", "xu", "--witness", "chen"),
         "witness-took-part"),
    ],
)  # fmt: skip
def test_everybody_has_one_part(home, words, reason):
    """Proposer, approvers, executor, witnesses: four kinds of people, and as many as asked for."""
    ran = home.run("disposal", "execute", X, *words)
    assert ran.code == 4, ran.err
    denied = home.json("ledger", "show")[-1]
    assert (denied["act"], denied["reason"]) == ("disposal-denied", reason)
    assert home.run("view", "R00000001", "--purpose", "x").code == 0


def test_the_gate_is_asked_again_at_the_last_moment(home):
    """A hold placed after everybody approved stops it, and is told with the record."""
    home.json("hold", "place", "R00000002", "--reason", "诉讼")
    ran = home.run("--as", "chen", "disposal", "execute", X, *SIGN)
    assert ran.code == 4
    assert "R00000002" in ran.err and "held" in ran.err
    assert home.json("disposal", "show", X)["state"] == "approved"


def test_a_wrong_passphrase_of_a_witness_destroys_nothing(home):
    """Each witness signs with his own key; nothing is decided without it."""
    wrong = home.run("--as", "chen", "disposal", "execute", X, *SIGN, ARCHIVIST_PASSPHRASE="no")
    assert wrong.code == 12
    assert home.json("disposal", "show", X)["state"] == "approved"


def test_who_does_not_hold_the_keys_cannot_begin_what_he_cannot_end(home):
    """Refused before anything is decided, with whom to ask."""
    home.json("person", "add", "sun", "--role", "finance", ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)
    ran = home.run("--as", "sun", "disposal", "execute", X, *SIGN)
    assert ran.code == 4
    assert "INTERNAL" in ran.err
    assert home.json("disposal", "show", X)["state"] == "approved"


def test_what_was_cut_short_is_told_and_ended_by_a_login(home, monkeypatch):
    """Decided and not carried out: gone to everybody, not claimed, and finished by who comes."""

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("archivist.erasing.erase", killed)
        assert home.run("--as", "chen", "disposal", "execute", X, *SIGN).code != 0
    told = home.json("disposal", "show", X)["destruction"]
    assert (told["state"], told["destroyed"]) == ("executing", None)
    assert set(told["can_finish"]) == {"li", "wang", "chen", "gm"}
    assert "R00000001 is being destroyed" in home.run("view", "R00000001", "--purpose", "x").err
    assert home.json("search", "蒹葭")["total"] == 0
    assert home.run("disposal", "certificate", X, "-o", home.top / "c.pdf").code == 4
    register = home.json("disposal", "register", "-o", home.top / "r.csv")["rows"]
    assert [row["destroyed"] for row in register] == [None, None, None]
    (row,) = (one for one in home.json("doctor", code=3) if one["check"] == "destructions")
    assert not row["ok"] and X in row["detail"]
    ran = home.run("login", "wang")
    assert (ran.code, f"{X}: destroyed" in ran.err) == (0, True)
    assert home.json("disposal", "show", X)["state"] == "destroyed"
    assert home.json("search", "伊人")["total"] == 2


def test_executing_twice_changes_nothing_more(ended, tmp_path):
    """The second time nobody signs, and it says what was done."""
    home = Home.copy_of(ended.top, tmp_path / "home")
    size = len(home.json("ledger", "show"))
    assert home.json("--as", "chen", "disposal", "execute", X)["state"] == "destroyed"
    assert len(home.json("ledger", "show")) == size


# ── paper, bundles, certificate, register ─────────────────────────────────────


@pytest.mark.rule("S001-10-R14")
def test_confidential_paper_goes_through_the_shredder(ended, tmp_path):
    """Another method is refused with the clause; the right one is witnessed and told, once."""
    home = Home.copy_of(ended.top, tmp_path / "home")
    torn = home.run("disposal", "paper", X, "--method", "tear", *SIGN)
    assert (torn.code, "X-9" in torn.err) == (4, True)
    assert home.run("disposal", "paper", X, "--method", "shred", *SIGN[:4]).code == 4
    told = home.json("disposal", "paper", X, "R00000001", "--method", "shred", *SIGN)
    assert told["paper_left"] == ["R00000002"]
    assert [(one["records"], one["place"], one["findings"]) for one in told["paper"]] == [
        (["R00000001"], "三楼档案室", [])
    ]
    assert home.run("disposal", "paper", X, "R00000001", "--method", "shred", *SIGN).code == 2
    assert home.json("disposal", "paper", X, "--method", "shred", *SIGN)["paper_left"] == []
    assert "三楼" not in repr(home.json("ledger", "show"))


def test_a_bundle_that_opens_old_copies_is_named_until_somebody_saw_it_go(ended, tmp_path):
    """The one made before still does; one made afterwards does not."""
    home = Home.copy_of(ended.top, tmp_path / "home")
    home.json("key", "escrow", "-o", home.top / "new.age", ARCHIVIST_ESCROW_PASSPHRASE="x y z")
    (old,) = home.json("disposal", "show", X)["destruction"]["bundles"]
    assert old["attested"] is None
    told = home.json("disposal", "bundle", X, old["sha256"][:10], "--method", "wipe", *SIGN)
    assert told["bundles"][0]["attested"]["witnesses"] == ["xu", "he"]
    again = home.run("disposal", "bundle", X, str(old["entry"]), "--method", "wipe", *SIGN)
    assert again.code == 2


def pages_of(path):
    """The text of each page of a PDF, and what a reader of codes finds on it."""
    document, found = pypdfium2.PdfDocument(path), []
    for page in document:
        text = page.get_textpage().get_text_range()
        image = page.render(scale=150 / 72).to_pil().convert("L")
        found.append((text, [code.text for code in zxingcpp.read_barcodes(image)]))
    document.close()
    return found


def test_the_certificate_is_checked_by_the_script_alone(ended, tmp_path):
    """The codes on its pages prove both entries; what nobody attested is said, and no title."""
    path = tmp_path / "certificate.pdf"
    ended.json("disposal", "certificate", X, "-o", path, ARCHIVIST_LANG="zh")
    pages = pages_of(path)
    words = "".join(text for text, _ in pages).replace("\r\n", "")
    for said in ("档案销毁证明", "R00000001", "R00000002", "总经理批准", "xu、he", "三楼档案室",
                 "碎纸机粉碎 (X-1, X-9)", "未登记", "曾导出过副本",
                 "尚有恢复包未登记销毁"):  # fmt: skip
        assert said in words, said
    assert "蒹葭" not in words and "张伟" not in words
    told = ended.json("disposal", "show", X)["destruction"]
    proofs = {}
    for code in (code for _, codes in pages for code in codes):
        proofs.setdefault(code.split(":")[2], []).append(code)
    key = next(line.split('"')[1] for line in (ended.root / "archive.toml").read_text().splitlines()
               if line.startswith("vkey"))  # fmt: skip
    shown = []
    for codes in proofs.values():
        (tmp_path / "scan.txt").write_text("\n".join(codes), "utf-8")
        ran = subprocess.run(
            [sys.executable, "-I", VERIFY, "--proof", tmp_path / "scan.txt", "--vkey", key],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout
        shown.append(int(ran.stdout.splitlines()[-1].split()[2]))
    assert sorted(shown) == [told["decided_entry"], told["destroyed_entry"]]


def test_the_register_has_the_columns_of_the_practice(ended, tmp_path):
    """The same rows as PDF, CSV and XLSX; what was kept stands in it with its reason."""
    for ending in ("pdf", "csv", "xlsx"):
        ended.json("disposal", "register", "-o", tmp_path / f"r.{ending}", ARCHIVIST_LANG="zh")
    rows = list(csv.reader(io.StringIO((tmp_path / "r.csv").read_text("utf-8-sig"))))
    assert rows[0] == ["序号", "题名", "年度", "档号", "密级", "应保管期限", "已保管期限", "页数",
                       "销毁原因", "销毁日期", "地点", "方式", "备注"]  # fmt: skip
    first, _, spared = rows[1:4]
    assert first[1] == "销售合同 R00000001"
    assert (first[5], first[10], first[11]) == ("5 年", "三楼档案室", "销毁密钥")
    assert (spared[9], spared[12]) == ("", "未批准销毁：永久续存")
    with zipfile.ZipFile(tmp_path / "r.xlsx") as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    texts = [cell.text for cell in sheet.iter(f"{{{SPREADSHEET}}}t")]
    assert texts[: len(rows[0])] == rows[0] and "销售合同 R00000002" in texts
    words = "".join(text for text, _ in pages_of(tmp_path / "r.pdf"))
    assert "档案销毁清册" in words and "监销人" in words
    assert ended.json("disposal", "register", "--year", "1999", "-o", tmp_path / "r.csv") == {
        "file": str(tmp_path / "r.csv"), "rows": []}  # fmt: skip


def test_a_closed_dossier_does_not_ask_for_what_was_destroyed(ended):
    """A paper that was there until its time was over is not missing now."""
    asked = {row["item"] for row in ended.json("missing", "--dossier", "D000001")}
    assert asked and "sales_contract" not in asked
