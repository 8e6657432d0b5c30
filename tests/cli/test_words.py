"""What people read: help, labels, times, tables in a terminal, and errors that say what to type."""

import importlib
import os
import pty
import re
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator

import click
import pytest

from archivist import cli
from archivist.cli import progress, spoken
from archivist.cli.click_words import in_chinese

say = importlib.import_module("archivist.cli.say")  # the package's `say` is the function
HAN = re.compile(r"[\u4e00-\u9fff]")


def all_commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its words."""
    for name in cli.COMMANDS:
        command = cli.archivist.get_command(click.Context(cli.archivist), name)
        assert command is not None
        yield from _below(name, command)


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for sub, found in command.commands.items():
            yield from _below(f"{name} {sub}", found)
    else:
        yield name, command


COMMANDS = {name: found for name, found in all_commands() if isinstance(found, spoken.Spoken)}


# ── help ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_is_changed_and_how_it_ends(home, name):
    """Each page ends with what the command never changes and its exit codes."""
    for language, heads in (
        ("en", ("never changes", "exit codes")),
        ("zh", ("从不改动", "退出码")),
    ):
        page = home.run(*name.split(), "--help", ARCHIVIST_LANG=language).out.decode()
        assert all(head in page for head in heads), page


@pytest.mark.parametrize("name", COMMANDS)
def test_chinese_help_is_chinese(home, name):
    """What the command and each of its options is for is said in Chinese."""
    page = home.run(*name.split(), "--help", ARCHIVIST_LANG="zh").out.decode()
    assert page.startswith(f"用法：archivist {name}")
    assert HAN.search(page.splitlines()[2])
    for option in re.findall(r"^  (-.*(?:\n {10,}\S.*)?)", page, re.MULTILINE):
        assert HAN.search(option), option


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help_text(name):
    """No option is left to guessing."""
    params = COMMANDS[name].params
    assert [p.opts for p in params if isinstance(p, click.Option) and not p.help] == []


def test_chinese_help_stays_within_the_page(home):
    """Lines are folded by the cells that a terminal gives them, and keep their punctuation."""
    page = home.run("init", "--help", ARCHIVIST_LANG="zh", COLUMNS="60").out.decode()
    assert max(say.width(line) for line in page.splitlines()) <= 60
    assert spoken.folded("归档、查缺，加密。", 8) == ["归档、查", "缺，加", "密。"]
    assert spoken.folded("ab cd efg", 5) == ["ab cd", "efg"]


# ── errors ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("words", [("login", "nobody"), ("whoami", "--as", "nobody"),
                                   ("customer", "add", "甲", "--as", "nobody")])  # fmt: skip
def test_an_unknown_person_is_named_with_those_there_are(home, words):
    """Exit 2, and the names there are to choose from."""
    ran = home.run(*words)
    assert (ran.code, ran.out) == (2, b"")
    assert "there is no person nobody" in ran.err
    assert "there are: li" in ran.err


def test_the_person_of_the_environment_must_exist_as_well(home):
    """ARCHIVIST_PERSON is held to the same."""
    ran = home.run("whoami", ARCHIVIST_PERSON="nobody")
    assert ran.code == 2
    assert "there is no person nobody" in ran.err


def test_whoever_is_named_must_be_there(home):
    """Nothing is put down to the station when --as names somebody who has not logged in."""
    home.run("logout")
    ran = home.run("customer", "add", "甲", "--as", "li", ARCHIVIST_PASSPHRASE=None)
    assert ran.code == 12
    assert "li is not logged in" in ran.err
    assert "archivist login li" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dossier", "open", "C000001", "boat"), "new_car"),
        (("inbox", "assign", "X", "--dossier", "D000001", "--type", "letter"), "sales_contract"),
        (("inbox", "assign", "X", "--dossier", "D000001", "--type", "合同", "--grade", "G"), "TOP"),
        (("missing", "--department", "kitchen"), "after_sales"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(home, words, said):
    """The hint lists what there is."""
    ran = home.run(*words)
    assert ran.code == 2
    assert said in ran.err


def test_a_slip_leaves_the_scan_in_its_tray(home, scan):
    """An unknown type is told before the scan is touched."""
    home.drop("a.pdf", scan())
    home.lines("watch", "--once")
    (row,) = home.json("inbox", "list")
    before = home.json("ledger", "show")
    ran = home.run("inbox", "assign", row["claim"], "--dossier", "D000001", "--type", "letter")
    assert ran.code == 2
    assert home.json("inbox", "list") == [row]
    assert [e for e in home.json("ledger", "show") if e not in before] == []


def test_filing_an_unknown_type_lists_the_types(home, scan, tmp_path):
    """The outcome stays a refusal; the hint helps with the next try."""
    path = tmp_path / "a.pdf"
    path.write_bytes(scan())
    ran = home.run("file", path, "--dossier", "D000001", "--type", "letter")
    assert ran.code == 3
    assert "unknown-type" in ran.out.decode()
    assert "sales_contract" in ran.err
    chinese = home.run("file", path, "--dossier", "D000001", "--type", "书信", ARCHIVIST_LANG="zh")
    assert "销售合同" in chinese.err
    assert "接车单" not in chinese.err, "of another kind of dossier"


def test_a_bad_pack_is_explained_line_by_line(home, tmp_path):
    """One mistake on each line: file, line, field, words."""
    pack = tmp_path / "bad.toml"
    pack.write_text('[pack]\nid = "x"\ncolour = 1\n', "utf-8")
    ran = home.run("init", tmp_path / "new", "--pack", pack)
    assert ran.code == 2
    assert f"{pack}:3: pack.colour: " in ran.err
    assert len(re.findall(rf"^{re.escape(str(pack))}:\d+: ", ran.err, re.MULTILINE)) > 3
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [(("show",), "缺少参数 RECORD"), (("search", "--limt", "3", "x"), "没有选项 --limt"),
     (("burn",), "没有命令"), (("inbox", "assign", "X"), "缺少选项 --dossier"),
     (("watch", "--workers", "many"), "--workers 的值不对")],
)  # fmt: skip
def test_wrong_calls_are_explained_in_chinese(home, words, said):
    """click's own complaints come in the person's language, with where to read on."""
    ran = home.run(*words, ARCHIVIST_LANG="zh")
    assert ran.code == 2
    assert said in ran.err
    assert "--help" in ran.err


def test_a_damaged_catalogue_is_told_once_with_the_way_out(home):
    """One error and one hint, which names the files to move away; then it is rebuilt."""
    before = home.json("customer", "list")
    for path in home.root.glob("catalogue.db-*"):
        path.unlink()
    catalogue = home.root / "catalogue.db"
    catalogue.write_bytes(os.urandom(catalogue.stat().st_size))
    ran = home.run("customer", "list")
    assert ran.code == 12
    assert [line.split(": ")[1] for line in ran.err.splitlines()] == ["error", "hint"]
    assert "catalogue.db-wal" in ran.err
    catalogue.unlink()
    assert home.json("customer", "list") == before


def test_a_lost_house_key_is_to_be_copied_back(home):
    """The hint speaks of the copy that the person was told to keep."""
    shutil.rmtree(home.top / "config")
    ran = home.run("customer", "list")
    assert ran.code == 12
    assert "copy it back" in ran.err


# ── customers ─────────────────────────────────────────────────────────────────


def test_a_customer_can_change_everything_but_its_id(home):
    """Kind and class too; what is given empty is removed, what is not given stays."""
    home.json("customer", "edit", "C000001", "--kind", "company", "--class", "VIP")
    row = home.json("customer", "show", "C000001")
    assert (row["kind"], row["class"], row["name"]) == ("company", "VIP", "张伟")
    home.json("customer", "edit", "C000001", "--class", "")
    assert home.json("customer", "show", "C000001")["class"] is None


@pytest.mark.parametrize("words", [("add", " "), ("edit", "C000001", "--name", "")])
def test_a_customer_has_a_name(home, words):
    """An empty name is refused, and nothing is written."""
    before = home.json("customer", "list")
    assert home.run("customer", *words).code == 2
    assert home.json("customer", "list") == before


# ── what lies in clear ────────────────────────────────────────────────────────


def test_an_archive_is_its_owners_alone(home):
    """Others on the machine cannot look into drop, work and trays."""
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


# ── tables and lines ──────────────────────────────────────────────────────────


def test_people_read_words_and_programs_codes(home, scan):
    """Acts, grades, types and local times for people; codes and UTC in JSON, in any language."""
    home.drop("C000001/D000001/合同/a.pdf", scan())
    home.lines("watch", "--once")
    shown = home.run("ledger", "show", ARCHIVIST_LANG="zh", TZ="Asia/Shanghai").out.decode()
    assert "归档" in shown
    assert "销售合同 秘密" in shown
    assert not re.search(r"\d{4}-\d\d-\d\dT", shown)
    english = home.json("ledger", "show")
    assert home.json("ledger", "show", ARCHIVIST_LANG="zh") == english
    page = home.run("show", "R00000001").out.decode()
    assert "sales contract" in page
    assert "销售合同" not in page
    assert "stored SHA-256" in page
    assert home.json("show", "R00000001")["title"] == "销售合同"


def test_every_act_of_the_ledger_has_a_chinese_name(monkeypatch):
    """A clerk who shows the ledger reads no code of ours."""
    from archivist.cli.labels import act_label
    from archivist.records import ACTS

    monkeypatch.setenv("ARCHIVIST_LANG", "zh")
    assert [act for act in sorted(ACTS) if act_label(act).isascii()] == []


def test_nothing_is_said_in_words(home):
    """An empty table is no table."""
    assert home.run("ledger", "show", "--subject", "R99999999").out == b"no entries\n"
    assert home.run("inbox", "list").out == b"nothing waits\n"
    assert home.run("search", "沒有這句話").out == b"nothing found\n"
    assert len(say.table(("a", "b"), []).splitlines()) == 1
    assert (say.counted(1, "page"), say.counted(2, "entry")) == ("1 page", "2 entries")


def test_a_wide_table_is_cut_in_a_terminal_only(home, monkeypatch):
    """A long name loses its middle where the terminal is narrow; ids and files stay whole."""
    rows = [("01M84CT09QXW21K7YTM8RWFVC7", "补充协议之附件" * 9 + ".pdf")]
    assert rows[0][1] in say.table(("claim", "source"), rows, cut=(1,))
    monkeypatch.setattr(say, "terminal_cells", lambda: 60)
    shown = say.table(("claim", "source"), rows, cut=(1,))
    assert {say.width(line) <= 60 for line in shown.splitlines()} == {True}
    assert rows[0][0] in shown
    assert "…" in shown
    assert shown.endswith(".pdf")


def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else(monkeypatch):
    """It shows how much is done, makes room for results, and leaves nothing behind."""
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(progress, "INTERVAL_SECONDS", 0.01)
    drawn = threading.Event()

    class Terminal:
        text = ""

        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> None:
            self.text += text
            if "1/4" in text:
                drawn.set()

        def flush(self) -> None: ...

    terminal = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    with progress.Progress("filing", 4) as bar:
        bar.advance()
        assert drawn.wait(10)
        with bar.aside():
            assert terminal.text.endswith(progress.CLEAR)
    assert terminal.text.endswith(progress.CLEAR)
    terminal.isatty = lambda: False
    terminal.text = ""
    with progress.Progress("filing", 4) as bar:
        bar.advance()
    assert terminal.text == ""


def test_a_bar_does_not_disturb_the_results(home, scan):
    """In a terminal of its own, filing prints its lines whole and no bar into a file."""
    for number in range(3):
        home.drop(f"C000001/D000001/合同/{number}.pdf", scan(f"第 {number} 份"))
    ours, theirs = pty.openpty()
    started = home.process("watch", "--once", stdout=subprocess.PIPE, stderr=theirs)
    out, _ = started.communicate(timeout=60)
    os.close(theirs)
    os.close(ours)
    assert started.returncode == 0
    assert [line.split()[0] for line in out.decode().splitlines()] == ["filed"] * 3


def test_a_wrong_choice_is_answered_with_the_choices(home):
    """In Chinese, for options and for arguments; the words to type stay as they are."""
    for words, told in (
        (("report", "everything"), "KIND 只能是 completeness、"),
        (("customer", "add", "甲", "--kind", "公"), "--kind 只能是 person、company"),
    ):
        ran = home.run(*words, ARCHIVIST_LANG="zh")
        assert (ran.code, told in ran.err) == (2, True)
        assert "is not one of" not in ran.err


def test_missing_names_the_clause_of_the_paper_and_of_its_deadline(home):
    """A clerk who is asked why today finds both."""
    home.json("dossier", "event", "D000001", "sale=2026-03-05")
    lines = home.run("missing", "--dossier", "D000001").out.decode("utf-8").splitlines()
    assert all(line.endswith("S001-3-R13, S001-3-R11") for line in lines[2:])


def test_doctor_tells_each_open_question_on_a_line_of_its_own(home):
    """A dozen questions in one line would make the table wider than any screen."""
    (company,) = (row for row in home.json("doctor") if row["check"] == "company")
    questions = company["detail"].splitlines()
    assert len(questions) > 1
    lines = home.run("doctor").out.decode("utf-8").splitlines()
    assert all(any(line.endswith(question) for line in lines) for question in questions)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("search --limit many x", "--limit 的值不对：'many' 不是整数"),
        ("search --limit 0 x", "--limit 的值不对：0 不在 1 到 10000 之间"),
        ("handover print x -o y", "ENTRY 的值不对：'x' 不是整数"),
        ("report rates", "KIND 只能是 "),
        ("search --limt 3 x", "没有选项 --limt"),
        ("search --customer", "选项 --customer 后须写一个值"),
        ("--json=3 whoami", "选项 --json 后不写值"),
        ("whoami now", "多写了 now"),
        ("inbox lost", "没有命令 lost"),
        ("customer contact C000001", "缺少选项 --kind"),
    ],
)
def test_a_wrong_call_is_explained_in_chinese(home, words, told):
    """No sentence of the library that reads the words is left in English."""
    ran = home.run(*words.split(), ARCHIVIST_LANG="zh")
    first = ran.err.splitlines()[0]
    assert (ran.code, told in first) == (2, True), first
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", first.removeprefix("archivist: error: ")), first


def test_a_sentence_nobody_translated_is_told_all_the_same():
    """What a later version of the library says is not lost."""
    assert in_chinese("something else went wrong.") is None
    told = "Directory 'x' is not writable."
    assert in_chinese(told) == "目录 'x' 不能写入"


def test_the_usage_line_is_chinese(home):
    """[选项] and 命令 stand where the library writes OPTIONS and COMMAND."""
    page = home.run("inbox", "--help", ARCHIVIST_LANG="zh").out.decode()
    assert page.splitlines()[0] == "用法：archivist inbox [选项] 命令 [参数]…"
    assert "[OPTIONS] COMMAND" in home.run("inbox", "--help").out.decode()
