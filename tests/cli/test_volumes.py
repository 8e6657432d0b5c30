"""`volume`: composed by one, checked by another, printed, corrected, and never numbered twice."""

import contextlib
import io
import json

import pypdfium2
import pytest
from archive_home import Home

from archivist.regulations import policy_of
from archivist.volume_faults import faults
from archivist.volume_proofs import proof_problems

SECOND = "eine ganz andere 口令"
WANG = {"ARCHIVIST_PERSON": "wang", "ARCHIVIST_PASSPHRASE": SECOND}
REQUEST, REPLY, SUMMARY, ORDER, ANNEX = (f"R0000000{n}" for n in range(1, 6))
SEALED = "上级命令"  # the title of the top secret paper
CODE = "Z109-WS·2025·Y"


@pytest.fixture(scope="module")
def stage(tmp_path_factory, scan):
    """A year's dossier of five papers: a request with its reply, a summary, a 绝密 order and what
    is linked to it; lin composes, wang is not cleared for 绝密."""
    home = Home(tmp_path_factory.mktemp("volumes"))
    home.env["ARCHIVIST_PERSON"] = "lin"
    home.json("init", home.root, "--pack", "office-records", "--pack", "secrecy",
              "--pack", "archival-codes", "--person", "lin", "--role", "gm_archivist",
              "--work-factor", "16")  # fmt: skip
    home.set("company", fonds="Z109")
    home.set("keys", scrypt_log_n=16)
    home.json("login", "lin")
    home.json("customer", "add", "嘉禾集团", "--kind", "company")
    home.json("dossier", "open", "C000001", "year_volume", "--key", "year=2025",
              "--key", "class_no=3.1", "--key", "retention=永久")  # fmt: skip
    home.json("person", "add", "wang", "--role", "archive_clerk", ARCHIVIST_NEW_PASSPHRASE=SECOND)
    for grade in ("INTERNAL", "SECRET"):
        home.json("person", "clear", "wang", grade)
    for title, grade, pages in (("对上请示", "INTERNAL", 1), ("上级批复", "INTERNAL", 2),
                                ("工作总结", "SECRET", 1), ("上级命令", "TOP", 1),
                                ("工作报告", "INTERNAL", 1)):  # fmt: skip
        file(home, scan, title, grade, pages)
    for record, day in ((REQUEST, "2025-03-05"), (REPLY, "2025-04-02"), (SUMMARY, "2025-12-30")):
        home.json("attest", record, "--dated", day)
    home.json("volume", "describe", REQUEST, "--matter", REQUEST, "--part", "request")
    home.json("volume", "describe", REPLY, "--matter", REQUEST, "--part", "reply")
    home.json("volume", "describe", ANNEX, "--linked", ORDER)
    return home


def file(home, scan, title, grade="INTERNAL", pages=1):
    path = home.top / "scan.pdf"
    path.write_bytes(scan(f"{title}{grade}{len(home.records())}", title, pages))
    (told,) = home.lines("file", path, "--dossier", "D000001", "--type", title, "--grade", grade)
    assert told["outcome"] == "filed", told
    return told["record"]


@pytest.fixture
def home(stage, tmp_path):
    made = Home.copy_of(stage.top, tmp_path / "home")
    made.env["ARCHIVIST_PERSON"] = "lin"
    return made


@pytest.fixture(scope="module")
def composed_stage(stage, tmp_path_factory):
    """The same, composed: J000001 request, reply and summary, J000002 the order and its annex."""
    home = Home.copy_of(stage.top, tmp_path_factory.mktemp("composed") / "home")
    home.env["ARCHIVIST_PERSON"] = "lin"
    home.composed = home.json("volume", "compose", "--year", "2025")
    return home


@pytest.fixture
def composed(composed_stage, tmp_path):
    made = Home.copy_of(composed_stage.top, tmp_path / "home")
    made.env["ARCHIVIST_PERSON"] = "lin"
    return made


def inside(volume):
    return [paper["record"] for paper in volume.get("records") or volume["papers"]]


def size(home):
    return len(home.json("ledger", "show"))


def printed(home, volume="J000001", **env):
    """Print both sheets; the text of the contents list."""
    for sheet in ("contents", "notes"):
        path = home.top / f"{sheet}.pdf"
        home.json("volume", sheet, volume, "-o", path, **env)
    return text_of(home.top / "contents.pdf")


def text_of(path):
    document = pypdfium2.PdfDocument(io.BytesIO(path.read_bytes()))
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def closed(home, volume="J000001"):
    """Let wang close a volume."""
    printed(home, volume)
    told = home.json("volume", "check", volume, **WANG)
    assert told["signed"] and told["state"] == "checked", told


def refused(home, *words, code=4, **env):
    """A refusal that wrote nothing; its words."""
    before = size(home)
    ran = home.run(*words, **env)
    assert (ran.code, ran.out) == (code, b""), ran.err
    assert size(home) == before
    return ran.err


# ── composing ─────────────────────────────────────────────────────────────────


def test_a_dry_run_shows_the_volumes_and_writes_nothing(home):
    """The proposal is what composing then records, code for code."""
    before = size(home)
    shown = home.json("volume", "compose", "--year", "2025", "--dry-run")
    assert size(home) == before and home.json("volume", "list")["volumes"] == []
    made = home.json("volume", "compose", "--year", "2025")
    assert size(home) == before + 2
    for one in (shown, made):
        assert [inside(v) for v in one["volumes"]] == [[REPLY, REQUEST, SUMMARY], [ORDER, ANNEX]]
        assert [v["code"] for v in one["volumes"]] == [f"{CODE}-0001", f"{CODE}-0002"]
        assert one["volumes"][0]["records"][1]["code"] == f"{CODE}-0001-002"
    assert [v["volume"] for v in made["volumes"]] == ["J000001", "J000002"]
    assert {"S001-1-R02", "S001-1-R35", "S001-1-R39"} <= set(made["volumes"][0]["clauses"])
    assert "S001-1-R33" in made["volumes"][1]["clauses"]
    again = home.json("volume", "compose", "--year", "2025")
    assert (again["volumes"], again["left"]) == ([], [])


def test_what_cannot_be_arranged_is_told_with_its_reason(home, scan):
    """A reply whose date nobody read leaves its request too; the exit code says so."""
    reply = file(home, scan, "内部批复")
    home.json("volume", "describe", reply, "--matter", REQUEST, "--part", "reply")
    made = home.json("volume", "compose", "C000001", code=3)
    assert [inside(v) for v in made["volumes"]] == [[SUMMARY], [ORDER, ANNEX]]
    (left,) = made["left"]
    assert left["records"] == [REQUEST, REPLY, reply]
    assert (left["reason"], left["clauses"]) == ("no-date", ["S001-1-R35"])


def test_without_a_template_volumes_have_no_codes_and_get_them_later(home):
    """It is said aloud; no code is made up. A correction gives what was lacking."""
    home.set("company", fonds="")
    ran = home.run("--json", "volume", "compose", "--dossier", "D000001")
    assert ran.code == 0 and "fonds" in ran.err
    one = json.loads(ran.out)["volumes"][0]
    assert (one["code"], one["code_lacks"], one["records"][0]["code"]) == (None, "fonds", None)
    home.set("company", fonds="Z109")
    told = home.json("volume", "correct", "J000001", "--reason", "编档号")
    assert told["code"] == f"{CODE}-0001"
    assert told["papers"][0]["code"] == f"{CODE}-0001-001"


def test_the_ledger_names_ids_and_digests_only(composed):
    """No customer's name, no title; the list's digest is signed by its composer."""
    entries = [e for e in composed.json("ledger", "show") if e["act"] == "volume"]
    said = json.dumps(entries, ensure_ascii=False)
    assert not any(word in said for word in ("嘉禾", "对上请示", "工作总结", SEALED))
    with contextlib.closing(composed.open()) as archive:
        archive.follow()
        row = archive.catalogue.volume("J000001")
        assert proof_problems(archive, row) == ()
        assert proof_problems(archive, row | {"papers": row["papers"][:2]}) == ("bad-list",)
        assert "bad-signature:lin" in proof_problems(archive, row | {"list": "0" * 64})


# ── checking ──────────────────────────────────────────────────────────────────


def test_nobody_checks_what_he_composed(composed):
    """Not the composer, whatever his role; and the refusal writes nothing."""
    printed(composed)
    assert "nobody checks his own volume" in refused(composed, "volume", "check", "J000001")
    closed(composed)
    shown = composed.json("volume", "show", "J000001")
    assert (shown["composed_by"], shown["checked_by"], shown["signatures"]) == ("lin", "wang", [])


def test_a_volume_without_its_sheets_is_not_closed(composed):
    """The contents list, the notes sheet and the copy on paper are asked for, by clause."""
    told = composed.json("volume", "check", "J000001", code=3, **WANG)
    assert (told["signed"], told["state"]) == (False, "composed")
    assert {f["code"]: f["clause"] for f in told["faults"]} == {
        "contents": "S001-1-R41", "notes_sheet": "S001-1-R52", "both_forms": "S001-1-R54",
    }  # fmt: skip
    closed(composed)


def test_a_closed_volume_takes_nothing_and_a_latecomer_is_reported(composed, scan):
    """What is filed afterwards is named, and makes a volume that supplements the closed one."""
    closed(composed)
    late = file(composed, scan, "工作计划")
    assert "reopen" in refused(composed, "volume", "correct", "J000001", "--add", late,
                               "--reason", "x")  # fmt: skip
    assert "closed" in refused(composed, "volume", "describe", SUMMARY, "--copies", "2")
    listed = composed.json("volume", "list")
    assert [(r["record"], r["volumes"]) for r in listed["late"]] == [(late, ["J000001"])]
    made = composed.json("volume", "compose", "C000001")
    assert [r["record"] for r in made["late"]] == [late]
    (one,) = made["volumes"]
    assert (inside(one), one["supplements"], one["code"]) == ([late], ["J000001"], f"{CODE}-0003")
    composed.json("volume", "reopen", "J000001", "--reason", "补充")
    assert composed.json("volume", "show", "J000001")["state"] == "reopened"


def test_what_changed_since_is_named(composed):
    """A regraded paper that must lie apart is a fault; one on hold is told."""
    closed(composed)
    meant = {'"role.drafting_unit"': "gm_archivist", '"role.hold_officer"': "gm_archivist"}
    composed.set("company", **meant)
    assert composed.json("volume", "check", "J000001", **WANG)["notices"] == []
    composed.json("hold", "place", SUMMARY, "--kind", "audit", "--reason", "x")
    composed.json("regrade", SUMMARY, "TOP", "--reason", "x", "--until", "2099-01-01")
    before = size(composed)
    told = composed.json("volume", "check", "J000001", code=3)
    assert size(composed) == before
    assert [(f["code"], f["clause"], f["records"]) for f in told["faults"]] == [
        ("apart", "S001-1-R33", [REPLY, REQUEST])
    ]
    assert {n["code"]: n["records"] for n in told["notices"]} == {
        "regraded": [SUMMARY], "held": [SUMMARY],
    }  # fmt: skip


def test_a_returned_volume_is_corrected_and_checked_anew(composed, scan):
    """Taken out and added: item numbers are never given twice, the list is signed anew."""
    composed.json("volume", "check", "J000001", "--return", "--reason", "缺工作计划", **WANG)
    plan = file(composed, scan, "工作计划")
    told = composed.json("volume", "correct", "J000001", "--take-out", SUMMARY, "--add", plan,
                         "--reason", "按退回意见")  # fmt: skip
    assert [(p["record"], p["item"]) for p in told["papers"]] == [(REPLY, 1), (REQUEST, 2),
                                                                  (plan, 4)]  # fmt: skip
    gaps = composed.json("volume", "list")["gaps"]
    assert gaps == [{"series": "J000001", "number": 3, "why": "taken-out"}]
    assert "件号 4" in printed(composed)
    closed(composed)


def test_a_correction_may_not_break_a_rule(composed):
    """A matter is not parted, a top secret paper not put among others, no paper lies twice."""
    said = refused(composed, "volume", "correct", "J000001", "--take-out", REQUEST,
                   "--reason", "x")  # fmt: skip
    assert "S001-1-R3" in said
    refused(composed, "volume", "correct", "J000001", "--add", ORDER, "--reason", "x", code=2)
    composed.json("volume", "dissolve", "J000002", "--reason", "x")
    said = refused(composed, "volume", "correct", "J000001", "--add", ORDER, "--reason", "x")
    assert "S001-1-R33" in said
    refused(composed, "volume", "correct", "J000001", "--take-out", "R00000009", "--reason", "x",
            code=2)  # fmt: skip


def test_a_code_is_never_given_again(composed):
    """Dissolved and composed anew: new numbers; the old ones are gaps with their reason."""
    for volume in ("J000001", "J000002"):
        composed.json("volume", "dissolve", volume, "--reason", "重组")
    made = composed.json("volume", "compose", "--year", "2025")
    assert [v["code"] for v in made["volumes"]] == [f"{CODE}-0003", f"{CODE}-0004"]
    assert [v["volume"] for v in made["volumes"]] == ["J000003", "J000004"]
    gaps = composed.json("volume", "list")["gaps"]
    assert [(g["number"], g["why"]) for g in gaps] == [(1, "dissolved"), (2, "dissolved")]
    (composed.root / "catalogue.db").unlink()  # the ledger is the memory
    assert composed.json("volume", "list")["gaps"] == gaps
    assert composed.json("ledger", "verify")["ok"]
    refused(composed, "volume", "check", "J000001", **WANG)
    refused(composed, "volume", "contents", "J000001", "-o", composed.top / "x.pdf", code=2)


# ── need to know, and paper ───────────────────────────────────────────────────


def test_whoever_is_not_cleared_sees_neither_title_nor_grade(composed):
    """In the list, in the volume, and on what he prints; his print is recorded."""
    everything = []
    for words in (["list"], ["show", "J000002"], ["compose", "--year", "2025", "--dry-run"]):
        everything.append(composed.run("--json", "volume", *words, **WANG).out.decode())
    listed, shown = json.loads(everything[0]), json.loads(everything[1])
    assert [v["grade"] for v in listed["volumes"]] == ["SECRET", "INTERNAL"]
    seen = [(None, None), ("工作报告", "INTERNAL")]
    assert [(p["title"], p["grade"]) for p in shown["papers"]] == seen
    assert "S001-1-R33" not in shown["clauses"] and "TOP" not in "".join(everything)
    mine = composed.json("volume", "show", "J000002")
    assert (mine["grade"], mine["papers"][0]["title"]) == ("TOP", SEALED)
    assert "S001-1-R33" in mine["clauses"]
    before = size(composed)
    text = printed(composed, "J000002", **WANG)
    assert f"〔上级命令 {ORDER}〕" in text.replace("\n", "").replace("\r", "")
    assert "企业绝密" not in text
    entry = composed.json("ledger", "show")[before]
    assert (entry["act"], entry["who"]) == ("print", "wang")
    assert entry["subject"]["volume"] == "J000002"
    assert "绝密" in printed(composed, "J000002")


def test_the_sheets_say_what_the_regulation_wants(composed):
    """Numbers, dates and pages in order; counts, remarks and both names on the notes sheet."""
    composed.json("volume", "remark", "J000001", "附件一页缺失")
    closed(composed)
    composed.json("volume", "remark", "J000001", "第三件有水渍", **WANG)
    lines = printed(composed).replace("\r", "").splitlines()
    words = " ".join(lines)
    assert words.index("上级批复") < words.index("对上请示") < words.index("工作总结")
    for expected in (f"{CODE}-0001", "20250402", "1-2", "20250305", "S001-1-R41"):
        assert expected in words, expected
    notes = text_of(composed.top / "notes.pdf").replace("\r\n", " ")
    for expected in ("3 件", "4 页", "附件一页缺失", "第三件有水渍", "lin", "wang"):
        assert expected in notes, expected
    composed.json("volume", "catalogue", "--year", "2025", "-o", composed.top / "list.pdf")
    listed = text_of(composed.top / "list.pdf")
    assert f"{CODE}-0001" in listed and f"{CODE}-0002" in listed and "未封卷" in listed
    assert composed.json("volume", "catalogue", "--year", "2024",
                         "-o", composed.top / "none.pdf")["lines"] == 0  # fmt: skip


def test_a_paper_that_is_gone_is_named(composed_stage):
    """Of a record that was destroyed the number stays, and the check says what is missing."""
    with contextlib.closing(composed_stage.open()) as archive:
        archive.follow()
        policy = policy_of(archive.settings, archive.catalogue)
        row = archive.catalogue.volume("J000001")
        gone = row | {"papers": [*row["papers"], row["papers"][0] | {"record": "R00000099"}]}
        found = {one.code: one.records for one in faults(archive, policy, gone, "wang")}
        assert found["destroyed"] == ("R00000099",)
        assert "destroyed" not in {one.code for one in faults(archive, policy, row, "wang")}


def test_only_what_a_regulation_asks_for_can_be_seen(composed):
    """The words stand in the ledger: a slip of the hand must not."""
    printed(composed)
    said = refused(composed, "volume", "check", "J000001", "--seen", "张伟", code=2, **WANG)
    assert "张伟" not in said


def test_the_history_of_a_record_tells_of_its_volume(composed):
    """Composed, corrected and dissolved: each stands in what is known of the record."""
    composed.json("volume", "dissolve", "J000001", "--reason", "x")
    acts = [line["act"] for line in composed.json("show", SUMMARY)["history"]]
    assert acts.count("volume") == 2


@pytest.mark.parametrize(
    "words",
    [
        ["compose"],
        ["compose", "C000009"],
        ["compose", "--dossier", "D000009"],
        ["show", "J000009"],
        ["describe", SUMMARY],
        ["describe", SUMMARY, "--part", "soup"],
        ["describe", SUMMARY, "--about", "soup"],
        ["describe", SUMMARY, "--date", "soup=2026"],
        ["describe", SUMMARY, "--matter", "R00000099"],
        ["check", "J000001", "--return"],
        ["check", "J000001", "--reason", "x"],
        ["remark", "J000001", " "],
        ["correct", "J000001", "--reason", " "],
        ["correct", "J000001", "--reason", "x", "--take-out", REPLY, "--take-out", REQUEST,
         "--take-out", SUMMARY],
        ["contents", "J000001", "-o", "/nowhere/at/all.pdf"],
    ],
)  # fmt: skip
def test_a_wrong_word_changes_nothing(composed_stage, words):
    """Usage errors: a message, exit code 2, and the ledger as it was."""
    env = WANG if words[:1] == ["check"] else {}
    refused(composed_stage, "volume", *words, code=2, **env)
