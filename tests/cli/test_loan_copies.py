"""Copies are managed as originals: numbered, registered, due back, destroyed before a witness."""

import pytest
from archive_home import PASSPHRASE
from lending_home import RULES, filed, staffed

COPYING = """
[[approval]]
id = "copying"
zh = "复制"
en = "copying"
actions = ["copy"]
steps = ["department_head:approve"]
clause = "X-10"

[[form]]
id = "copies"
zh = "复印件登记簿"
en = "register of copies"
of = "copies"
columns = ["复印件编号", "原件编号", "份数", "复印人", "领用人", "归还日期", "销毁日期"]
clause = "X-10"
"""


@pytest.fixture
def copied(home, scan):
    """Two copies of a record, issued to lin."""
    staffed(home, "lin", "zhao", "wang", "chen", rules=RULES + COPYING)
    filed(home, scan, "赔偿金叁拾万圆")
    words = ("request", "R00000001", "--purpose", "开庭", "--form", "copy", "--until", "2098-01-01")
    assert home.run("--as", "lin", "loan", *words).code == 0
    assert home.run("--as", "zhao", "loan", "approve", "L000001").code == 0
    home.json("loan", "issue", "L000001", "--copies", "2")
    return home


def states(home):
    return {row["copy"]: row["state"] for row in home.json("loan", "copies")}


def test_each_copy_has_a_number_and_is_due_back(copied):
    """The register names copy, original, borrower, who made it and when it is due."""
    one, two = copied.json("loan", "copies", "--out")
    assert (one["copy"], two["copy"]) == ("L000001-1", "L000001-2")
    assert (one["target"], one["person"], one["made_by"]) == ("R00000001", "lin", "li")
    assert (one["due"], one["approved_by"], one["state"]) == ("2098-01-01", ["zhao"], "out")


def test_a_copy_that_is_still_out_is_not_destroyed(copied):
    """It comes back first; nothing is recorded."""
    before = len(copied.json("ledger", "show"))
    assert copied.run("loan", "destroy-copy", "L000001-1", "--witness", "wang").code == 2
    assert len(copied.json("ledger", "show")) == before


def test_a_copy_that_came_back_is_destroyed_before_a_witness(copied):
    """Day, both names and the method stay in the register; the other copy waits."""
    copied.json("loan", "return", "L000001")
    assert states(copied) == {"L000001-1": "back", "L000001-2": "back"}
    line = copied.json("loan", "destroy-copy", "L000001-1", "--witness", "wang", "--method", "碎纸")
    assert (line["destroyed_by"], line["witness"], line["method"]) == ("li", "wang", "shred")
    assert states(copied) == {"L000001-1": "destroyed", "L000001-2": "back"}
    assert copied.run("loan", "destroy-copy", "L000001-1", "--witness", "wang").code == 2
    assert copied.run("ledger", "verify").code == 0


@pytest.mark.parametrize(
    ("who", "witness", "code"),
    [("li", "li", 4), ("li", "lin", 4), ("lin", "wang", 4), ("li", "x", 2)],
)
def test_nobody_destroys_alone_or_his_own(copied, who, witness, code):
    """The witness is another person; neither of the two had it on loan."""
    copied.json("loan", "return", "L000001")
    ran = copied.run("--as", who, "loan", "destroy-copy", "L000001-1", "--witness", witness,
                     ARCHIVIST_PASSPHRASE=PASSPHRASE)  # fmt: skip
    assert ran.code == code, ran.err
    assert states(copied)["L000001-1"] == "back"


def test_lost_copies_are_not_destroyed(copied):
    """What was lost with its loan stays lost in the register."""
    copied.json("loan", "return", "L000001", "--condition", "lost", "--note", "不见了")
    assert set(states(copied).values()) == {"lost"}
    assert copied.run("loan", "destroy-copy", "L000001-1", "--witness", "wang").code == 2


def test_the_register_is_printed_with_a_line_for_each(copied):
    """By the headings of the regulation."""
    copied.json("loan", "return", "L000001")
    copied.json("loan", "destroy-copy", "L000001-2", "--witness", "wang")
    target = copied.top / "copies.csv"
    copied.json("form", "print", "copies", "-o", target)
    text = target.read_text("utf-8-sig")
    assert "L000001-1,R00000001,1,li,lin," in text and "L000001-2" in text


def test_a_loan_that_was_opened_shows_what_happened(copied):
    """`loan show` tells viewings and destroyed copies beside the steps."""
    ran = copied.run("--as", "lin", "view", "R00000001", "--purpose", "核对",
                     ARCHIVIST_PASSPHRASE=PASSPHRASE)  # fmt: skip
    assert ran.code == 0, ran.err
    copied.json("loan", "return", "L000001")
    copied.json("loan", "destroy-copy", "L000001-1", "--witness", "wang")
    steps = [one["step"] for one in copied.json("loan", "show", "L000001")["history"]]
    assert steps == ["request", "approve", "issue", "view", "return", "destroy-copy"]
    shown = copied.run("loan", "show", "L000001", ARCHIVIST_LANG="zh").out.decode()
    assert "打开" in shown and "销毁复印件" in shown
