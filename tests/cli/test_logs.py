"""What the watcher says on stderr: structured, told by ids, and nothing of anybody."""

import io
import json
import logging
import re

import pytest

from archivist.cli import logs
from storage.errors import DiskFailed

# Told by folders, file names, titles, texts and the customer himself: none may be in a log.
TELLING = ("欧阳娜娜", "ouyang", "离婚", "诊断", "13912345678", "张伟", "购车合同")
PASSPHRASE = "correct horse 电池"


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def written(form, say):
    """What is logged by `say`, in this form."""
    out = io.StringIO()
    with logs.written(out, form):
        say()
    return out.getvalue()


@pytest.fixture
def dropped(home, scan):
    """Scans with telling names, some of which cannot be filed."""
    good = scan("欧阳娜娜 购车合同 诊断", "离婚协议")
    home.drop("张伟/D000001/合同/欧阳娜娜 离婚.pdf", good)
    home.drop("张伟/D000001/合同/ouyang 13912345678 诊断.pdf", good[: len(good) // 2])
    home.drop("张伟/D000001/合同/欧阳娜娜 离婚 再.pdf", good)
    home.drop("欧阳娜娜/诊断/ouyang.png", b"\x89PNG\r\n\x1a\nnothing")
    home.drop("欧阳娜娜/诊断/没人认得.pdf", scan("诊断书", "诊断"))
    return home


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_log_names_claims_and_nobody(dropped, form):
    """Five scans filed and refused: each has its line, and no telling word is in any."""
    ran = dropped.run("watch", "--once", ARCHIVIST_LOG=form)
    assert ran.code == 3
    assert len(re.findall(r"\b(?:filed|refused)\b", ran.err)) >= 5, ran.err
    assert not [word for word in (*TELLING, PASSPHRASE) if word in ran.err], ran.err
    assert "欧阳娜娜" in ran.out.decode()  # on stdout, where results belong


def test_where_no_terminal_reads_each_line_is_json(dropped):
    """Claim, record and reason stand in fields; time and level stand in each line."""
    outcomes = {o["claim"]: o for o in dropped.lines("watch", "--once")}
    dropped.drop("C000001/D000001/合同/x.pdf", b"%PDF-")
    ran = dropped.run("watch", "--once", "--json")
    told = lines(ran.err)
    (refused,) = (line for line in told if line["event"] == "refused")
    (outcome,) = ran.lines
    assert refused["claim"] == outcome["claim"] not in outcomes
    assert (refused["reason"], refused["tray"]) == ("damaged", "quarantine")
    assert all({"time", "level", "event"} <= line.keys() for line in told)
    assert told[-1]["event"] == "stopped"


def test_a_scan_that_cannot_be_taken_is_told_without_its_name(home, scan, monkeypatch):
    """It stays in the drop folder; the log gives the system's reason and the inode."""
    home.set("drop", rescan_seconds=0.1)
    path = home.drop("C000001/D000001/合同/欧阳娜娜.pdf", scan())

    def full(*_):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("archivist.claims.Claims._rename", staticmethod(full))
    ran = home.run("watch", "--once")
    (told,) = (line for line in lines(ran.err) if line["level"] == "warning")
    assert "No space left on device" in told["event"]
    assert str(path.stat().st_ino) in told["event"]
    assert "欧阳娜娜" not in ran.err


def test_lines_of_the_rooms_come_out_in_the_same_form():
    """A plain `logging` call is a line like any other; an error in it loses its own words."""

    def say():
        log = logging.getLogger("archivist")
        log.warning("the index of %s waits: %s", "SECRET", DiskFailed("drop/欧阳娜娜.pdf", 5))
        log.warning("call 13912345678")
        try:
            raise ValueError("欧阳娜娜")
        except ValueError:
            log.exception("it broke")

    first, second, third = lines(written("json", say))
    assert first["event"] == "the index of SECRET waits: DiskFailed: Input/output error"
    assert second["event"] == "call 139××××5678"
    assert third["event"].startswith("it broke (ValueError, say:")


def test_what_a_library_warns_of_is_told_without_its_words():
    """That it warns and its name are a line; a path in its words is not."""

    def say():
        logging.getLogger("watchdog.observers").warning("no such file: 欧阳娜娜.pdf")
        logging.getLogger("watchdog.observers").info("nothing")

    (line,) = lines(written("json", say))
    assert (line["event"], line["level"]) == ("watchdog.observers warns", "warning")


def test_only_ids_codes_and_numbers_get_into_a_line():
    """A field with a free text, or one that no line has, is left out; the line stays."""

    def say():
        logs.tell("filed", claim="01J8ABC", record="欧阳娜娜", title="x", pages=3, reason=None)

    (line,) = lines(written("json", say))
    assert set(line) == {"time", "level", "event", "claim", "pages"}


def test_a_readable_line_has_words_in_the_persons_language(monkeypatch):
    """Codes stay; the words beside them are Chinese or English."""
    for language, words in (("zh", "已归档"), ("en", "filed")):
        monkeypatch.setenv("ARCHIVIST_LANG", language)
        text = written("text", lambda: logs.tell("filed", claim="01J8ABC"))
        assert f"filed ({words})" in text
        assert "claim=01J8ABC" in text


def test_the_form_follows_the_terminal_unless_it_is_named():
    """ARCHIVIST_LOG decides; else a terminal gets words and a program JSON."""
    assert logs.wanted({}, terminal=True) == "text"
    assert logs.wanted({}, terminal=False) == "json"
    assert logs.wanted({"ARCHIVIST_LOG": "json"}, terminal=True) == "json"
    assert logs.wanted({"ARCHIVIST_LOG": "text"}, terminal=False) == "text"


def test_logging_is_as_before_when_the_watcher_has_ended():
    """No handler is left behind, so that a second watcher does not tell everything twice."""
    logger = logging.getLogger("archivist")
    before = (list(logger.handlers), logger.level, logger.propagate)
    written("json", lambda: logs.tell("stopped"))
    assert (list(logger.handlers), logger.level, logger.propagate) == before
