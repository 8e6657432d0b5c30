"""`disposal`: what people type and read, from the proposal to both approvals."""

import pytest
from archive_home import Home

from archivist.records import canonical

R1, R2, KEPT = "R00000001", "R00000002", "R00000005"


@pytest.fixture(scope="module")
def story(disposing, tmp_path_factory):
    """Proposed by li, appraised by wang (one destroyed, one kept), approved by zhao: gm is next."""
    home = Home.copy_of(disposing.top, tmp_path_factory.mktemp("disposal"))
    home.json("logout")
    home.story = [
        home.run("--as", who, "--json", "disposal", *words)
        for who, *words in (
            ("li", "propose", R1, R2, KEPT),
            ("wang", "appraise", "X000001", R1, "销毁", "--opinion", "重复件，已无价值"),
            ("wang", "appraise", "X000001", R2, "续存", "--until", "2040-01-01",
             "--opinion", "可能涉诉"),
            ("zhao", "approve", "X000001"),
        )
    ]  # fmt: skip
    return home


def test_each_command_says_what_it_led_to(story):
    """A proposal with something left out ends with 3, and names it; each act tells the state."""
    assert [ran.code for ran in story.story] == [3, 0, 0, 0]
    first, *acts = (ran.json for ran in story.story)
    assert (first["disposal"], first["records"]) == ("X000001", [R1, R2])
    ((left),) = first["left_out"]
    assert (left["record"], left["reason"], left["clauses"]) == (KEPT, "not-run-out", ["X-4"])
    assert [act["state"] for act in acts] == ["proposed", "appraised", "appraised"]
    assert acts[-1]["waits_for"]["role"] == "general_manager"


def test_a_refused_command_ends_with_four_and_an_entry(story, tmp_path):
    """Whoever may not is told whose step it is; nothing may be proposed twice."""
    home = Home.copy_of(story.top, tmp_path / "own")
    ran = home.run("--as", "li", "disposal", "approve", "X000001")
    assert ran.code == 4
    assert "general manager" in ran.err
    ran = home.run("--as", "li", "--json", "disposal", "propose", R1)
    assert (ran.code, ran.out) == (4, b"")
    assert "X000001" in ran.err
    told = [(e["tried"], e["reason"]) for e in home.json("ledger", "show")
            if e["act"] == "disposal-denied"]  # fmt: skip
    assert told == [("approve", "self-approval"), ("propose", "in-disposal")]
    ran = home.run("--as", "li", "disposal", "propose", KEPT, "--on-request")
    assert ran.code == 2
    assert home.run("disposal", "show", "X000009").code == 2


def test_show_lets_an_approver_decide_at_a_glance(story):
    """How many, whose, by which clause, what was said, what is still needed and by whom."""
    page = story.run("--as", "gm", "disposal", "show", "X000001", ARCHIVIST_LANG="zh").out.decode()
    for words in ("已鉴定，待审批", "销毁 1 件, 续存 1 件", "C000001 张伟：2 件", "销售合同 2 件",
                  "X-1", "5 年", "2020-03-05", "X-3", "续存至 2040-01-01", "重复件，已无价值",
                  "部门负责人审核 zhao", "总经理批准：archivist disposal approve X000001",
                  "监销人 2 名"):  # fmt: skip
        assert words in page, words


def test_titles_and_words_are_for_those_who_may_read_them(story):
    """gm opens the records and approves; zhao approves only; xu has no part, nor has nobody."""
    seen = {}
    for who in ("gm", "zhao", "xu"):
        (one, _) = story.json("--as", who, "disposal", "show", "X000001")["items"]
        seen[who] = bool(one["title"]), bool(one["opinions"][0]["words"])
    assert seen == {"gm": (True, True), "zhao": (False, True), "xu": (False, False)}
    nobody = story.json("disposal", "show", "X000001", ARCHIVIST_PASSPHRASE=None)
    assert nobody["items"][0]["title"] is None


def test_show_says_what_would_stop_it_on_another_day(story):
    """By then approvals have expired; today nothing but an approval is missing."""
    told = story.json("disposal", "show", "X000001", ARCHIVIST_PASSPHRASE=None)
    assert [one["code"] for one in told["refusals"]] == ["not-approved", "not-approved"]
    assert told["needs"][0] == {"what": "approval", "role": "general_manager", "act": "approve"}
    assert told["needs"][-1] == {"what": "execution", "witnesses": 2, "not": ["li", "zhao"]}
    later = story.json("disposal", "show", "X000001", "--on", "2099-01-01",
                       ARCHIVIST_PASSPHRASE=None)  # fmt: skip
    assert "expired-approval" in {one["code"] for one in later["refusals"]}


def test_the_list_says_what_waits_for_whom(story):
    """One line for each, in words; programs get codes."""
    (row,) = story.json("disposal", "list", "--open")
    assert (row["records"], row["destroy"], row["keep"], row["customers"]) == (2, 1, 1, ["C000001"])
    shown = story.run("disposal", "list", ARCHIVIST_LANG="zh").out.decode()
    assert "总经理" in shown
    assert story.run("disposal", "list", "--on", "x").code == 2


def test_nothing_in_the_ledger_names_anybody_or_says_why(story):
    """Ids, codes and digests only; the words are sealed."""
    text = canonical([e for e in story.json("ledger", "show") if e["act"] == "disposal"]).decode()
    for word in ("张伟", "合同甲", "重复件", "可能涉诉"):
        assert word not in text
