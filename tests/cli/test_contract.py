"""The command-line contract: JSON, exit codes, hints and both languages, command by command."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from archive_home import CUSTOMERS, PASSPHRASE, PERSON, VIN, Home

from archivist import cli
from archivist.archive import Archive

DOCUMENTED = {
    "init": (), "login": (), "logout": (), "whoami": (), "watch": (), "file": (), "missing": (),
    "search": (), "show": (), "view": (), "cover": (), "doctor": (),
    "pack": ("list", "show", "check"),
    "customer": ("add", "list", "show", "edit"),
    "dossier": ("open", "show", "list", "event"),
    "key": ("list", "rotate", "escrow", "recover"),
    "regrade": (), "declassify": (),
    "attest": (), "person": ("add", "clear", "revoke", "leave", "list"),
    "handover": ("list", "print"), "routines": ("done",),
    "remind": ("list",),
    "inbox": ("list", "assign", "reject", "retry"),
    "ledger": ("show", "verify"),
}  # fmt: skip
EVERY_COMMAND = [
    (command, *sub) for command, subs in DOCUMENTED.items() for sub in [(), *((s,) for s in subs)]
]
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def filed(home, scan, tmp_path):
    """An archive with one record, R00000001."""
    path = tmp_path / "合同 一.pdf"
    path.write_bytes(scan("甲方购买乙方出售", "销售合同"))
    (outcome,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同")
    assert outcome["record"] == "R00000001"
    return home


# ── help and usage ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_explains_itself(home, words, flag):
    """Help goes to stdout, names the common options, and needs no archive."""
    ran = home.run(*words, flag, ARCHIVIST_ARCHIVE="/nowhere")
    text = ran.out.decode()
    assert ran.code == 0
    assert text.startswith("Usage: archivist " + " ".join(words))
    if len(words) == 2 or not DOCUMENTED[words[0]]:
        assert all(option in text for option in ("--json", "--as", "--archive"))


def test_the_first_page_lists_every_command(home):
    """`archivist --help` names them all, in the person's language."""
    for language, word in (("zh", "全文检索"), ("en", "search the texts")):
        text = home.run("--help", ARCHIVIST_LANG=language).out.decode()
        assert all(re.search(rf"^ +{command} ", text, re.M) for command in DOCUMENTED)
        assert word in text
    assert set(DOCUMENTED) <= set(cli.COMMANDS)


def test_groups_hold_what_the_contract_names(home):
    """No sub-command of the contract is missing."""
    for command, subs in DOCUMENTED.items():
        found = cli.archivist.get_command(click.Context(cli.archivist), command)
        if subs:
            assert isinstance(found, click.Group)
            assert set(subs) <= set(found.commands)


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
def test_unknown_options_are_usage(home, words):
    """An option that does not exist: exit 2, a hint to the help, nothing on stdout."""
    ran = home.run(*words, "--no-such-option")
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err.startswith("archivist: error: ")
    assert "archivist: hint: archivist" in ran.err


def test_an_unknown_command_is_usage(home):
    """So is a command that does not exist."""
    assert home.run("destroy-everything").code == 2


def test_the_version_is_told(home):
    """--version prints name and number."""
    assert re.fullmatch(r"archivist, version \d+\.\d+\.\d+\n", home.run("--version").out.decode())


# ── which archive, which person ───────────────────────────────────────────────


def test_without_an_archive_the_code_is_ten(home, tmp_path, monkeypatch):
    """No archive here or above, or a wrong folder named: exit 10 and a hint."""
    monkeypatch.chdir(tmp_path)
    for words, env in (
        (("customer", "list"), None),
        (("customer", "list"), str(tmp_path)),
        (("--archive", str(tmp_path), "customer", "list"), None),
    ):
        ran = home.run(*words, ARCHIVIST_ARCHIVE=env)
        assert ran.code == 10
        assert "archivist: hint: " in ran.err


def test_the_archive_is_found_as_git_finds_a_repository(home, monkeypatch):
    """From any folder inside; --archive goes before the variable, which goes before the place."""
    (home.root / "drop" / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(home.root / "drop" / "deep" / "er")
    assert len(home.json("customer", "list", ARCHIVIST_ARCHIVE=None)) == 2
    assert home.run("customer", "list", ARCHIVIST_ARCHIVE="/nowhere").code == 10
    there = ("--archive", str(home.root))
    assert len(home.json(*there, "customer", "list", ARCHIVIST_ARCHIVE="/nowhere")) == 2
    assert len(home.json("customer", "list", *there, ARCHIVIST_ARCHIVE="/nowhere")) == 2


def test_a_path_with_spaces_and_chinese(new_home, scan):
    """The archive's folder may be called anything."""
    home = new_home("another", "档案 库 (2026)")
    home.drop("C000001/合同/a.pdf", scan())
    assert home.lines("watch", "--once")[0]["outcome"] == "filed"
    assert home.json("doctor")


def test_two_archives_do_not_know_each_other(tmp_path, scan):
    """Each has its own keys, its own numbers and its own session."""
    homes = [Home(tmp_path / "shared", name) for name in ("甲", "乙")]
    for home in homes:
        home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy",
                  "--person", PERSON, "--work-factor", "16")  # fmt: skip
        home.json("login", PERSON)
    one, two = homes
    one.json("customer", "add", "张伟")
    assert two.json("customer", "list") == []
    two.json("logout")
    assert one.json("whoami", ARCHIVIST_PASSPHRASE=None)["person"] == PERSON
    assert two.run("whoami", ARCHIVIST_PASSPHRASE=None).code == 12


def test_the_person_is_named_or_logged_in(home):
    """--as, else ARCHIVIST_PERSON, else who is logged in; a stranger's passphrase is code 12."""
    assert home.json("whoami")["person"] == PERSON
    assert home.json("whoami", "--as", PERSON)["person"] == PERSON
    for nobody in ("nobody", "../../x"):
        assert home.run("whoami", "--as", nobody).code == 2
        assert home.run("login", nobody).code == 2
    assert home.run("whoami", ARCHIVIST_PERSON="nobody").code == 2
    home.json("logout")
    assert home.run("whoami", ARCHIVIST_PASSPHRASE="wrong").code == 12
    assert home.run("whoami", ARCHIVIST_PASSPHRASE=None).code == 12


def test_the_passphrase_may_lie_in_a_file(home, tmp_path):
    """ARCHIVIST_PASSPHRASE_FILE; a file that is not there is code 12."""
    home.json("logout")
    (tmp_path / "pw").write_text(PASSPHRASE + "\n", "utf-8")
    kept = {"ARCHIVIST_PASSPHRASE": None, "ARCHIVIST_PASSPHRASE_FILE": str(tmp_path / "pw")}
    assert home.json("login", **kept)["person"] == PERSON
    home.json("logout")
    assert home.run("login", **kept | {"ARCHIVIST_PASSPHRASE_FILE": "/nowhere"}).code == 12
    assert home.run("login", ARCHIVIST_PASSPHRASE="wrong").code == 12


def test_without_house_key_the_code_is_twelve(home):
    """And no command invents another one."""
    ran = home.run("customer", "list", ARCHIVIST_HOUSE_KEY=str(home.top / "none.key"))
    assert ran.code == 12
    assert "archivist: hint: " in ran.err


def test_the_house_key_may_lie_anywhere(home):
    """ARCHIVIST_HOUSE_KEY names the file."""
    (key,) = (home.top / "config" / "archivist").glob("*.key")
    key.rename(home.top / "elsewhere.key")
    moved = {"ARCHIVIST_HOUSE_KEY": str(home.top / "elsewhere.key")}
    assert len(home.json("customer", "list", **moved)) == 2


@pytest.fixture
def locked(home):
    """Another process that holds the writer's lock until it is told to let go."""
    code = "import fcntl,sys; f=open(sys.argv[1],'a'); fcntl.flock(f,2); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, home.root / "ledger" / "lock"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with holder:
        holder.stdout.readline()
        yield holder
        if holder.poll() is None:
            holder.communicate(b"\n")


def test_a_held_lock_is_waited_for(home, locked):
    """Reading does not wait; writing waits until the other lets go."""
    started = home.process("customer", "add", "某人")
    assert len(home.json("customer", "list")) == 2
    assert started.poll() is None
    locked.communicate(b"\n")
    out, _ = started.communicate(timeout=60)
    assert out.strip() == b"C000003"


@pytest.mark.parametrize(
    "words",
    [("customer", "add", "某人"), ("dossier", "event", "D000001", "sale=2026-01-01"),
     ("watch", "--once"), ("login",)],
    ids=" ".join,
)  # fmt: skip
def test_a_lock_held_too_long_is_busy(home, locked, monkeypatch, words):
    """After the time that anybody waits: exit 11 and a hint, and nothing was done."""
    monkeypatch.setattr(Archive.writing.__wrapped__, "__defaults__", (0.1,))
    ran = home.run(*words)
    assert (ran.code, ran.out) == (11, b"")
    assert "archivist: hint: " in ran.err


# ── founding and packs ────────────────────────────────────────────────────────


def test_init_makes_an_archive_whose_key_lies_outside(tmp_path):
    """The JSON names folder, person, key and packs; nothing of the key is in the folder."""
    home = Home(tmp_path)
    made = home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy",
                     "--person", "王芳", "--role", "档案管理员", "--work-factor", "16")  # fmt: skip
    assert made["person"] == "王芳"
    assert made["packs"] == ["auto-dealer@2026.2", "secrecy@2026.2"]
    key = Path(made["house_key"])
    assert key.is_relative_to(tmp_path / "config")
    assert key.stat().st_mode & 0o777 == 0o600
    for name in ("drop", "work", "store", "packs", "trays/unsorted", "trays/quarantine",
                 "trays/duplicates", "ledger", "index", "keys/people"):  # fmt: skip
        assert (home.root / name).is_dir()
    assert home.json("whoami")["roles"] == ["档案管理员"]
    assert home.json("ledger", "verify")["ok"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--pack", "no-such-pack"], 2),
        ([], 2),
        (["--pack", "auto-dealer", "--set", "nonsense"], 2),
        (["--pack", "auto-dealer", "secrecy", "--person", "a/../b"], 2),
        (["--pack", "auto-dealer", "--work-factor", "1"], 2),
    ],
)
def test_init_refuses_what_does_not_fit(tmp_path, words, code):
    """Wrong words make no folder."""
    home = Home(tmp_path)
    assert home.run("init", home.root, *words).code == code
    assert not home.root.exists()


def test_files_and_covers_need_a_folder(home, tmp_path):
    """A place that is no folder is a mistake of the user's, not damage."""
    (tmp_path / "plain").write_bytes(b"")
    packs = ("--pack", "auto-dealer", "--pack", "secrecy")
    assert home.run("init", tmp_path / "plain", *packs).code == 2
    dossier = home.json("dossier", "open", home.json("customer", "add", "甲")["customer"],
                        "new_car")["dossier"]  # fmt: skip
    assert home.run("cover", dossier, "-o", tmp_path / "none" / "x.pdf").code == 2


def test_init_without_grades_says_which_pack_to_add(tmp_path):
    """No --set can answer for grades nobody declares, so the hint names a pack."""
    home = Home(tmp_path)
    ran = home.run("init", home.root, "--pack", "auto-dealer", "--person", "a")
    assert ran.code == 2
    assert "--pack secrecy" in ran.err
    assert "--set" not in ran.err


def test_init_never_touches_a_folder_in_use(home):
    """Neither an archive nor any folder with something in it."""
    before = (home.root / "archive.toml").read_bytes()
    assert home.run("init", home.root, "--pack", "auto-dealer").code == 2
    assert (home.root / "archive.toml").read_bytes() == before


def test_init_needs_a_passphrase(tmp_path):
    """Without one and without a terminal: exit 12, and no archive."""
    home = Home(tmp_path)
    ran = home.run("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy",
                   "--person", "a", ARCHIVIST_PASSPHRASE=None)  # fmt: skip
    assert ran.code == 12
    assert not (home.root / "archive.toml").exists()


def test_packs_are_listed_and_shown(home, tmp_path):
    """With and without an archive; a file with a mistake is code 3."""
    rows = home.json("pack", "list")
    assert {row["pack"] for row in rows if row["adopted"]} == {"auto-dealer", "secrecy"}
    assert home.json("pack", "list", ARCHIVIST_ARCHIVE=str(tmp_path)) or True
    for row in rows:  # in words too: every form of deadline has its sentence
        shown = home.run("pack", "show", row["pack"])
        assert (shown.code, row["title_en"].encode() in shown.out) == (0, True)
        assert home.json("pack", "show", row["pack"])["pack"] == row["pack"]
    assert home.run("pack", "show", "nothing").code == 2
    bad = tmp_path / "bad.toml"
    bad.write_text("[pack]\nid = 1\n", "utf-8")
    assert home.run("pack", "check", bad, "--json").code == 3
    bad.write_bytes("甲".encode()[:2])
    assert home.run("pack", "check", bad, "--json").code == 3
    assert home.run("pack", "check", tmp_path).code == 2
    assert home.run("pack", "check", tmp_path / "none.toml").code in (1, 2)


# ── customers and dossiers ────────────────────────────────────────────────────


@pytest.mark.rule("S001-11-R09")
def test_customers(home):
    """Added, listed, shown, changed."""
    added = home.json("customer", "add", "北京某公司", "--kind", "company", "--class", "A",
                      "--department", "sales", "--owner", "li", "--field", "uscc=1")  # fmt: skip
    assert added == {"customer": "C000003"}
    names = {row["customer"]: row["name"] for row in home.json("customer", "list")}
    assert names == {"C000001": CUSTOMERS[0], "C000002": CUSTOMERS[1], "C000003": "北京某公司"}
    home.json("customer", "edit", "C000003", "--name", "北京新公司", "--field", "uscc=")
    row = home.json("customer", "show", "C000003")
    assert (row["name"], row["class"], row["fields"]) == ("北京新公司", "A", {})
    assert home.json("customer", "show", "C000001")["dossiers"][0]["dossier"] == "D000001"


def test_dossiers(home):
    """Opened, listed, shown, events recorded; the newest date counts."""
    made = home.json("dossier", "open", "C000002", "大修档案", "--key", f"vin={VIN}",
                     "--event", "delivery=2026-03-05")  # fmt: skip
    assert made["dossier"] == "D000003"
    home.json("dossier", "event", "D000003", "delivery=2026-03-06")
    row = home.json("dossier", "show", "D000003")
    assert (row["type"], row["keys"], row["events"]) == (
        "overhaul", {"vin": VIN}, {"delivery": "2026-03-06"},
    )  # fmt: skip
    assert [d["dossier"] for d in home.json("dossier", "list", "--customer", "C000002")] == [
        "D000002", "D000003",
    ]  # fmt: skip


WRONG_WORDS = [
    ("customer", "add", ""),
    ("customer", "add", "   "),
    ("customer", "add", "长" * 201),
    ("customer", "add", "x", "--kind", "alien"),
    ("customer", "add", "x", "--field", "novalue"),
    ("customer", "show", "C999999"),
    ("customer", "show", "'; DROP TABLE customer; --"),
    ("customer", "edit", "C999999", "--name", "x"),
    ("dossier", "open", "C999999", "new_car"),
    ("dossier", "open", "C000001", "no_such_type"),
    ("dossier", "open", "C000001", "new_car", "--key", "nosuch=1"),
    ("dossier", "open", "C000001", "new_car", "--event", "sale=yesterday"),
    ("dossier", "open", "C000001", "new_car", "--event", "sale=2026-02-30"),
    ("dossier", "open", "C000001", "new_car", "--event", "nosuch=2026-02-03"),
    ("dossier", "event", "D000001", "sale"),
    ("dossier", "event", "D999999", "sale=2026-01-01"),
    ("dossier", "show", "D999999"),
    ("dossier", "list", "--customer", "C999999"),
    ("cover", "D999999", "-o", "x.pdf"),
    ("cover", "D000001", "no_such_type", "-o", "x.pdf"),
    ("cover", "D000001"),
    ("file", "/nowhere/x.pdf"),
    ("file",),
    ("inbox", "assign", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--dossier", "D000001", "--type", "合同"),
    ("inbox", "assign", "../../drop", "--dossier", "D000001", "--type", "合同"),
    ("inbox", "retry", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("inbox", "retry", ""),
    ("inbox", "reject", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--reason", "x"),
    ("missing", "--customer", "C999999"),
    ("missing", "--dossier", "D999999"),
    ("missing", "--on", "someday"),
    ("search", "x", "--type", "no_such_type"),
    ("search", "x", "--grade", "no_such_grade"),
    ("search", "x", "--from", "someday"),
    ("search", "x", "--limit", "0"),
    ("search",),
    ("show", "R99999999"),
    ("show", "../../archive.toml"),
    ("view", "R99999999", "--purpose", "x"),
    ("view", "R99999999"),
    ("ledger", "show", "--from", "-1"),
    ("login", "--hours", "0"),
]


@pytest.mark.parametrize("words", WRONG_WORDS, ids=" ".join)
def test_wrong_words_are_usage_and_change_nothing(home, words):
    """Exit 2, one line of error in either language, no traceback, no new ledger entry."""
    size = len(home.json("ledger", "show"))
    for language in ("en", "zh"):
        ran = home.run(*words, "--json", ARCHIVIST_LANG=language)
        assert (ran.code, ran.out) == (2, b""), ran.err
        assert ran.err.startswith("archivist: error: ")
        assert "Traceback" not in ran.err
        assert "internal error" not in ran.err
        assert "程序内部错误" not in ran.err
    assert len(home.json("ledger", "show")) == size
    assert not Path("x.pdf").exists()


HALF = os.fsdecode(b"\xb5\xb5")  # what a terminal in another encoding passes on


@pytest.mark.parametrize(
    "words",
    [("customer", "add", HALF), ("customer", "show", HALF), ("dossier", "show", HALF),
     ("show", HALF), ("view", HALF, "--purpose", "x"), ("inbox", "retry", HALF),
     ("customer", "add", "a", "--field", f"k={HALF}"), ("dossier", "open", "C000001", HALF),
     ("login", HALF), ("pack", "show", HALF)],
    ids=ascii,
)  # fmt: skip
def test_text_that_is_no_utf8_is_usage(home, words):
    """Bytes from a terminal in another encoding are refused as wrong words."""
    ran = home.run(*words)
    assert (ran.code, ran.out) == (2, b"")
    assert "internal error" not in ran.err


@pytest.mark.parametrize(
    "query",
    ['"', "*", "%", "_", "a\0b", "😀", "，。！", "甲" * 5000, HALF, "OR", "NEAR(", "^", " ", "\n"],
    ids=ascii,
)  # fmt: skip
@pytest.mark.parametrize("engine", ["fts5", "whoosh"])
def test_no_query_is_an_error(filed, engine, query):
    """Whatever is typed is looked for as text, in either engine."""
    filed.set("search", engine=engine)
    found = filed.json("search", "--", query)
    assert found["total"] == len(found["hits"])


def test_two_first_searches_at_once_make_one_index(filed):
    """Neither throws away what the other is making."""
    for index in (filed.root / "index").iterdir():
        index.unlink()
    both = [filed.process("search", "购买", "--json") for _ in range(3)]
    for search in both:
        out, err = search.communicate(timeout=60)
        assert json.loads(out)["total"] == 1
        assert b"anew" not in err


# ── filing and seeing ─────────────────────────────────────────────────────────


def test_outcomes_have_the_fields_of_the_contract(home, scan, tmp_path):
    """One object per scan, filed or refused, with every field."""
    names = {"outcome", "source", "claim", "record", "customer", "dossier", "type", "grade",
             "pages", "tray", "reason", "clauses"}  # fmt: skip
    (tmp_path / "a.pdf").write_bytes(scan("x", pages=2))
    (tmp_path / "b.pdf").write_bytes(b"")
    ran = home.run("file", tmp_path / "a.pdf", "--dossier", "D000001", "--type", "发票", "--json")
    (filed,) = ran.lines
    assert ran.code == 0
    assert names <= set(filed)
    assert (filed["outcome"], filed["pages"], filed["type"]) == ("filed", 2, "invoice_copy")
    assert filed["clauses"]
    ran = home.run("file", tmp_path / "b.pdf", "--json")
    (refused,) = ran.lines
    assert ran.code == 3
    assert (refused["outcome"], refused["tray"], refused["reason"]) == (
        "refused", "quarantine", "empty",
    )  # fmt: skip
    assert (tmp_path / "a.pdf").exists()


def test_a_grade_may_be_ordered_by_hand(home, scan, tmp_path):
    """--grade takes the code or the word; an unknown one is refused into a tray."""
    for number, (grade, code) in enumerate([("绝密", 0), ("TOP", 0), ("nonsense", 3)]):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(scan(f"第{number}"))
        ran = home.run("file", path, "--dossier", "D000001", "--type", "合同",
                       "--grade", grade, "--json")  # fmt: skip
        assert ran.code == code, ran.out.decode() + ran.err
    assert {row["grade"] for row in home.json("dossier", "show", "D000001")["records"]} == {"TOP"}


@pytest.mark.rule("S001-1-R05")
def test_show_tells_what_is_known(filed):
    """Title, place, grade, digests and history; the title only to whoever is cleared."""
    row = filed.json("show", "R00000001")
    assert (row["customer"], row["dossier"], row["type"]) == (
        "C000001", "D000001", "sales_contract",
    )  # fmt: skip
    assert row["title"]
    assert [line["act"] for line in row["history"]] == ["file"]
    filed.json("logout")
    assert filed.json("show", "R00000001", ARCHIVIST_PASSPHRASE=None)["title"] is None


def test_view_gives_the_bytes_and_is_recorded(filed, tmp_path):
    """Byte for byte, never over another file, with an entry in the ledger."""
    original = (tmp_path / "合同 一.pdf").read_bytes()
    out = tmp_path / "看 一.pdf"
    seen = filed.json("view", "R00000001", "-o", out, "--purpose", "核对")
    assert (out.read_bytes(), seen["record"]) == (original, "R00000001")
    assert out.stat().st_mode & 0o077 == 0
    assert filed.run("view", "R00000001", "-o", out, "--purpose", "核对").code == 2
    assert out.read_bytes() == original
    assert filed.run("view", "R00000001", "-o", tmp_path, "--purpose", "核对").code == 2
    assert filed.run("view", "R00000001", "--purpose", " ", "-o", tmp_path / "n").code == 2
    assert filed.run("view", "R00000001", "--purpose", "x", "--json").code == 2
    assert filed.opened("R00000001") == original
    acts = [line["act"] for line in filed.json("show", "R00000001")["history"]]
    assert acts == ["file", "view", "view"]


def test_view_into_a_folder_that_is_not_there_records_nothing(filed, tmp_path):
    """Nobody is recorded as having seen what could not be written."""
    ran = filed.run("view", "R00000001", "-o", tmp_path / "no" / "such.pdf", "--purpose", "x")
    assert ran.code == 2
    assert len(filed.json("show", "R00000001")["history"]) == 1


@pytest.mark.parametrize("place", [0, 100, -1])
def test_altered_bytes_are_damage_and_leave_no_file(filed, tmp_path, place):
    """Whatever byte of the sealed body changes: exit 13, and not even half a file."""
    (body,) = (filed.root / "store").rglob("R00000001.pdf.age")
    content = bytearray(body.read_bytes())
    content[place] ^= 1
    body.chmod(0o600)
    body.write_bytes(content)
    out = tmp_path / "out.pdf"
    ran = filed.run("view", "R00000001", "-o", out, "--purpose", "x")
    assert ran.code == 13
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []
    body.unlink()
    assert filed.run("view", "R00000001", "-o", out, "--purpose", "x").code == 13


def test_without_anybody_the_code_is_twelve(filed, tmp_path):
    """view and search need somebody's keys; the station's work does not."""
    filed.json("logout")
    alone = {"ARCHIVIST_PASSPHRASE": None}
    for words in (("view", "R00000001", "--purpose", "x"), ("search", "甲方"), ("whoami",)):
        ran = filed.run(*words, **alone)
        assert ran.code == 12
        assert "archivist login" in ran.err
    assert filed.json("customer", "list", **alone)
    assert filed.lines("watch", "--once", **alone) == []


@pytest.mark.rule("S001-11-R09")
@pytest.mark.rule("S002-R03")
@pytest.mark.rule("S003-R06")
def test_search_answers_in_the_shape_of_the_contract(filed):
    """Totals, hits with marks; filters by place, type, grade and date; no hit is no error."""
    found = filed.json("search", "购买")
    assert set(found) == {"total", "took_ms", "hits"}
    (hit,) = found["hits"]
    assert {"record", "page", "customer", "dossier", "type", "grade", "title", "snippet",
            "score"} <= set(hit)  # fmt: skip
    assert "**购买**" in hit["snippet"]
    assert filed.json("search", "購買")["total"] == 1, "traditional characters find simplified"
    for words, total in (
        (("--customer", "C000001"), 1), (("--customer", "C000002"), 0),
        (("--dossier", "D000001"), 1), (("--type", "合同"), 1), (("--type", "发票"), 0),
        (("--grade", "SECRET"), 1), (("--from", "2000-01-01"), 1), (("--to", "2000-01-01"), 0),
    ):  # fmt: skip
        assert filed.json("search", "购买", *words)["total"] == total, words
    assert filed.json("search", "没有这样的词")["total"] == 0


def test_the_ledger_shows_ids_and_no_names(filed):
    """Every entry has index, time, act, who, subject; --subject and --from choose."""
    rows = filed.json("ledger", "show")
    assert [row["index"] for row in rows] == list(range(len(rows)))
    assert all({"time", "act", "who", "subject"} <= set(row) for row in rows)
    assert CUSTOMERS[0] not in json.dumps(rows, ensure_ascii=False)
    assert [r["act"] for r in filed.json("ledger", "show", "--subject", "R00000001")] == ["file"]
    assert filed.json("ledger", "show", "--from", str(len(rows) - 1)) == rows[-1:]
    assert filed.json("ledger", "show", "--subject", "nothing") == []


def test_a_changed_ledger_is_code_thirteen(filed):
    """One byte of a tile or of the journal: `verify` names it and no command writes behind it."""
    victim = max((filed.root / "ledger").rglob("*"), key=lambda p: p.is_file() and p.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 3] ^= 1
    victim.chmod(0o600)
    victim.write_bytes(content)
    ran = filed.run("ledger", "verify", "--json")
    assert ran.code == 13
    assert ran.json["ok"] is False
    assert ran.json["findings"]


def test_the_doctor_looks_at_everything(home):
    """Each check has a name, a verdict and words; a missing drop folder is code 3."""
    rows = home.json("doctor")
    assert all(set(row) == {"check", "ok", "detail"} for row in rows)
    (home.root / "drop").rmdir()
    assert home.run("doctor", "--json").code == 3


# ── languages ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "words",
    [("customer", "list"), ("dossier", "list"), ("missing",), ("ledger", "show"), ("doctor",),
     ("whoami",), ("inbox", "list"), ("search", "购买"), ("show", "R00000001"), ("pack", "list"),
     ("customer", "show", "C000001"), ("dossier", "show", "D000001"), ("ledger", "verify")],
    ids=" ".join,
)  # fmt: skip
def test_people_read_their_language_and_programs_the_same(filed, words):
    """Words follow ARCHIVIST_LANG or the locale; JSON does not, and is not ASCII-escaped."""
    texts = {}
    for language in ("zh", "en"):
        ran = filed.run(*words, ARCHIVIST_LANG=language)
        assert ran.code == 0, ran.err
        texts[language] = ran.out.decode()
    assert texts["zh"] != texts["en"]
    assert HAN.search(texts["zh"])
    by_locale = filed.run(*words, ARCHIVIST_LANG=None, LC_ALL="zh_CN.UTF-8").out.decode()
    assert by_locale.splitlines()[0] == texts["zh"].splitlines()[0]
    documents = [
        re.sub(
            r'"took_ms": [\d.]+', "", filed.run(*words, "--json", ARCHIVIST_LANG=lang).out.decode()
        )
        for lang in ("zh", "en")
    ]
    if words != ("doctor",):
        assert documents[0] == documents[1]
    assert "\\u" not in documents[0]


def test_tables_line_up_with_wide_characters(home):
    """A Chinese character takes two cells, so that columns stand under their heads."""
    from archivist.cli.say import width

    lines = home.run("customer", "list").out.decode().splitlines()
    at = width(lines[0].split("kind")[0])
    for line, kind in zip(lines[2:], ("person", "company"), strict=True):
        assert width(line.split(kind)[0]) == at


def test_output_survives_a_narrow_locale(home, tmp_path):
    """JSON stays UTF-8 in a locale that cannot say it; words are escaped, not lost in an error."""
    latin = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    out, _ = home.process("customer", "list", "--json", env=latin).communicate(timeout=60)
    assert json.loads(out.decode("utf-8"))[0]["name"] == CUSTOMERS[0]
    started = home.process("customer", "list", env=latin)
    assert b"C000001" in started.communicate(timeout=60)[0]
    assert started.returncode == 0


def test_a_closed_pipe_is_no_error(home):
    """`archivist … | head` ends quietly."""
    started = home.process("ledger", "show")
    started.stdout.close()
    started.stdout = None
    _, err = started.communicate(timeout=60)
    assert b"Traceback" not in err


def test_several_files_filed_by_hand_are_one_document(home, scan, tmp_path):
    """With --json, `file` prints one JSON document: an outcome, or a list of them."""
    paths = []
    for number in range(2):
        paths.append(tmp_path / f"{number}.pdf")
        paths[-1].write_bytes(scan(f"合同 {number}"))
    ran = home.run("--json", "file", *paths, "--dossier", "D000001", "--type", "合同")
    assert [row["outcome"] for row in json.loads(ran.out)] == ["filed", "filed"]


@pytest.mark.parametrize(
    "words",
    [
        ("DIR", "--pack", "auto-dealer", "secrecy", "--role", "clerk", "archivist"),
        ("--pack", "auto-dealer", "--pack", "secrecy", "DIR", "--role", "clerk", "archivist"),
    ],
)
def test_packs_and_roles_may_follow_one_another(home, tmp_path, words):
    """Several values may stand behind one option, and the folder is never taken for one."""
    made = tmp_path / "made"
    given = [made if word == "DIR" else word for word in words]
    result = home.json("init", *given, "--person", "zhao", "--work-factor", "16")
    assert [pack.partition("@")[0] for pack in result["packs"]] == ["auto-dealer", "secrecy"]
    assert home.json("--archive", made, "--as", "zhao", "whoami")["roles"] == ["clerk", "archivist"]
