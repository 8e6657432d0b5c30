"""`regrade` and `declassify`: who may, what moves, what is told."""

import json
from datetime import date, timedelta

import pytest
from archive_home import PERSON, Home

NEW = "eine ganz andere 口令"
TODAY = date.today()  # the commands ask the clock for the day; so do these
FAR = f"{TODAY.year + 4}-01-01"
RECORD = "R00000001"


@pytest.fixture
def content(scan):
    return scan("甲方购买乙方出售", "销售合同")


@pytest.fixture
def filed(home, content):
    """One secret record, and a company where whoever is called archivist decides on grades."""
    home.set("keys", scrypt_log_n=16)
    home.set("company", **{'"role.drafting_unit"': "archivist"})
    path = home.top / "合同.pdf"
    path.write_bytes(content)
    (outcome,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同")
    assert (outcome["record"], outcome["grade"]) == (RECORD, "SECRET")
    return home


def regrade(home, grade, *words, code=0, **env):
    return home.json("regrade", RECORD, grade, "--reason", "客户要求", *words, code=code, **env)


def refused(home, *words, **env):
    """The code and the words of a refusal that changed nothing."""
    size, files = len(home.json("ledger", "show")), stored(home)
    ran = home.run(*words, **env)
    assert ran.out == b""
    assert (len(home.json("ledger", "show")), stored(home)) == (size, files)
    return ran.code, ran.err


def stored(home):
    """The record's own files, without the cards of reasons and viewings."""
    found = [
        *home.root.glob(f"store/*/*/{RECORD}*"),
        *home.root.glob(f"keys/records/*/*/{RECORD}*"),
    ]
    return sorted(path.name for path in found if not path.name.startswith(f"{RECORD}-0"))


def newcomer(home, *grades, role="archivist"):
    """A second person; gives the environment to act as him."""
    home.json("person", "add", "wang", "--role", role, ARCHIVIST_NEW_PASSPHRASE=NEW)
    for grade in grades:
        home.json("person", "clear", "wang", grade)
    return {"ARCHIVIST_PERSON": "wang", "ARCHIVIST_PASSPHRASE": NEW}


def test_a_record_goes_up_down_and_back(filed, content):
    """Every grade shows the same bytes, one set of files, and the texts in its own index only."""
    for grade, until in (("TOP", FAR), ("CONF", FAR), ("SECRET", FAR)):
        told = regrade(filed, grade, "--until", until)
        assert (told["to"], told["until"], told["clauses"]) == (grade, until, ["S001-4-R12"])
        shown = filed.json("show", RECORD)
        assert (shown["grade"], shown["until"], shown["title"]) == (grade, until, "销售合同")
        assert filed.opened(RECORD) == content
        assert len(stored(filed)) == 3
        (hit,) = filed.json("search", "购买")["hits"]
        assert hit["grade"] == grade
        for other in {"TOP", "CONF", "SECRET"} - {grade}:
            assert filed.json("search", "购买", "--grade", other)["total"] == 0
    assert filed.json("ledger", "verify")["ok"]


def test_what_becomes_public_opens_for_everybody_and_is_sealed_all_the_same(filed, content):
    """Down to public and back: one set of sealed files each time, open to all, then to few."""
    them = newcomer(filed)
    regrade(filed, "PUBLIC")
    assert filed.run("view", RECORD, "--purpose", "x", **them).out == content
    assert [name.partition(".")[2] for name in stored(filed)] == ["card.age", "head", "pdf.age"]
    assert filed.json("search", "购买")["total"] == 1
    regrade(filed, "SECRET", "--until", FAR)
    assert [name.partition(".")[2] for name in stored(filed)] == ["card.age", "head", "pdf.age"]
    assert filed.opened(RECORD) == content
    assert filed.run("view", RECORD, "--purpose", "x", **them).code == 4
    assert filed.json("ledger", "verify")["ok"]


def test_who_is_not_cleared_cannot_regrade_and_who_is_loses_what_went_up(filed):
    """Clearance for the old grade is needed, for the new one not: its public key seals."""
    them = newcomer(filed)
    assert refused(filed, "regrade", RECORD, "TOP", "--reason", "x", "--until", FAR, **them)[0] == 4
    assert refused(filed, "declassify", RECORD, "--reason", "x", **them)[0] == 4
    filed.json("person", "clear", "wang", "SECRET")
    regrade(filed, "TOP", "--until", FAR, **them)
    assert filed.run("view", RECORD, "--purpose", "x", **them).code == 4
    assert filed.json("search", "购买", **them)["total"] == 0
    assert filed.json("search", "购买")["total"] == 1


def test_only_whom_the_regulation_asks_may_regrade(filed):
    """Clearance is not enough: the role decides, and nobody is meant until the company says who."""
    them = newcomer(filed, "SECRET", role="sales_adviser")
    for words in (("regrade", RECORD, "CONF", "--until", FAR), ("declassify", RECORD)):
        code, told = refused(filed, *words, "--reason", "x", **them)
        assert code == 4 and "S001-4-R12" in told
    filed.set("company", **{'"role.drafting_unit"': ""})
    code, told = refused(filed, "declassify", RECORD, "--reason", "x")
    assert code == 4 and "role.drafting_unit" in told


def test_what_no_regulation_rules_is_not_allowed(filed):
    """Of internal papers nobody says who regrades them: refused, with how to settle it."""
    regrade(filed, "INTERNAL")
    code, told = refused(filed, "regrade", RECORD, "PUBLIC", "--reason", "x")
    assert code == 4
    assert "company-sample" in told and '"INTERNAL"' in told


def test_where_several_must_agree_one_alone_may_not(tmp_path, scan):
    """A regulation of three steps is not satisfied by one person, whatever his roles."""
    home = Home(tmp_path / "commercial")
    roles = ("business_department", "leader_in_charge", "secrecy_office")
    home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy-commercial",
              "--person", PERSON, "--work-factor", "16", "--set", "ungraded=SECRET",
              *(word for role in roles for word in ("--role", role)))  # fmt: skip
    home.json("customer", "add", "张伟")
    home.json("dossier", "open", "C000001", "maintenance", "--key", "plate=沪B67890")
    (home.top / "a.pdf").write_bytes(scan())
    (outcome,) = home.lines("file", home.top / "a.pdf", "--dossier", "D000001", "--type", "合同")
    assert outcome["outcome"] == "filed"
    code, told = refused(home, "declassify", RECORD, "--reason", "x")
    assert code == 4 and "nobody decides alone" in told


def test_the_wrong_words_change_nothing(filed):
    """No reason, no period where one must be fixed, a past day, the same grade, no record."""
    for words in (
        ("regrade", RECORD, "TOP", "--reason", " ", "--until", FAR),
        ("regrade", RECORD, "TOP", "--reason", "x"),
        ("regrade", RECORD, "TOP", "--reason", "x", "--until", "2020-01-01"),
        ("regrade", RECORD, "SECRET", "--reason", "x"),
        ("regrade", RECORD, "SECRET", "--reason", "x", "--until", "2020-01-01"),
        ("regrade", RECORD, "PUBLIC", "--reason", "x", "--until", FAR),
        ("regrade", RECORD, "绝对秘密", "--reason", "x"),
        ("regrade", "R00000099", "TOP", "--reason", "x"),
        ("declassify", RECORD),
        ("declassify", RECORD, "--due"),
        ("declassify",),
        ("declassify", RECORD, "--reason", "x", "--dry-run"),
        ("declassify", "--due", "--on", FAR),
    ):
        assert refused(filed, *words)[0] == 2, words
    filed.json("declassify", RECORD, "--reason", "x")
    assert refused(filed, "declassify", RECORD, "--reason", "x")[0] == 2


def test_a_period_is_extended_and_not_shortened(filed):
    """A later day counts, the files stay; an earlier one is refused."""
    regrade(filed, "CONF", "--until", FAR)
    files = stored(filed)
    later = f"{TODAY.year + 9}-01-01"
    assert regrade(filed, "CONF", "--until", later)["until"] == later
    assert filed.json("show", RECORD)["until"] == later
    assert stored(filed) == files
    assert refused(filed, "regrade", RECORD, "CONF", "--reason", "x", "--until", FAR)[0] == 2


def test_a_lower_grade_is_not_secret_for_longer(filed):
    """Going down keeps the nearer end; going up takes the usual period of the higher grade."""
    filed.set("company", secrecy_period_conf="5 years", secrecy_period_secret="9 years")
    near = (TODAY + timedelta(days=40)).isoformat()
    regrade(filed, "CONF", "--until", near)
    assert regrade(filed, "SECRET")["until"] == near
    assert regrade(filed, "CONF")["until"] > f"{TODAY.year + 4}-12"


def test_what_is_filed_is_secret_for_the_usual_period(filed, scan):
    """Three years by the company's word; nothing is made up where it gave none."""
    assert filed.json("show", RECORD)["until"] is None
    filed.set("company", secrecy_period_secret="3 years")
    path = filed.top / "b.pdf"
    path.write_bytes(scan("另一份"))
    (outcome,) = filed.lines("file", path, "--dossier", "D000001", "--type", "合同")
    until = date.fromisoformat(filed.json("show", outcome["record"])["until"])
    assert abs((until - TODAY).days - 3 * 365) < 3


def test_what_ends_is_listed_ahead_and_only_to_who_may_know(filed):
    """A dry run foretells by the days of notice and changes nothing; others see an empty list."""
    filed.set("company", secrecy_notice="30")
    regrade(filed, "CONF", "--until", FAR)
    before, after = (
        (date.fromisoformat(FAR) + timedelta(days=days)).isoformat() for days in (-10, 1)
    )
    for day, state, to in ((before, "notice", None), (after, "due", "PUBLIC")):
        (row,) = filed.json("declassify", "--due", "--dry-run", "--on", day)
        assert (row["record"], row["state"], row["to"], row["done"]) == (RECORD, state, to, False)
    assert filed.json("declassify", "--due", "--dry-run") == []
    assert filed.json("declassify", "--due") == []
    them = newcomer(filed, "SECRET")
    assert filed.json("declassify", "--due", "--dry-run", "--on", after, **them) == []
    assert filed.json("show", RECORD)["grade"] == "CONF"


def test_the_reason_never_stands_in_the_ledger(filed):
    """The entry holds grades, digests and clauses; the words lie in a sealed card."""
    regrade(filed, "CONF", "--until", FAR)
    (entry,) = [e for e in filed.json("ledger", "show") if e["act"] == "regrade"]
    assert (entry["from"], entry["to"], entry["until"]) == ("SECRET", "CONF", FAR)
    assert entry["clauses"] == ["S001-4-R12"] and entry["packs"]
    assert "客户要求" not in json.dumps(entry, ensure_ascii=False)
    card = filed.open().read_card(entry["card"]["name"], entry["card"]["sha256"])
    assert card["reason"] == "客户要求"


def test_a_dossier_is_as_secret_as_its_most_secret_record_one_may_know_of(filed, scan):
    """The grade of a dossier is the highest there; a record out of reach does not raise it."""
    path = filed.top / "b.pdf"
    path.write_bytes(scan("另一份"))
    filed.lines("file", path, "--dossier", "D000001", "--type", "合同")
    regrade(filed, "TOP", "--until", FAR)
    them = newcomer(filed)

    def told(**env):
        (listed, _) = filed.json("dossier", "list", **env)
        assert filed.json("dossier", "show", "D000001", **env)["grade"] == listed["grade"]
        return listed["grade"]

    assert told() == "TOP"
    assert told(**them) is None
    filed.json("person", "clear", "wang", "SECRET")
    assert told(**them) == "SECRET"


def test_words_for_people(filed):
    """One line in either language, and a table of what ends."""
    ran = filed.run("regrade", RECORD, "机密", "--reason", "x", "--until", FAR, ARCHIVIST_LANG="zh")
    assert ran.out.decode() == f"{RECORD}  秘密 → 机密，保密至 {FAR}\n"
    table = filed.run("declassify", "--due", "--dry-run", "--on", f"{TODAY.year + 5}-01-01",
                      ARCHIVIST_LANG="zh").out.decode()  # fmt: skip
    assert "到期解密" in table and "S001-4-R13" in table
    ran = filed.run("declassify", RECORD, "--reason", "x")
    assert ran.out.decode() == f"{RECORD}  highly confidential → public\n"


def test_a_rotation_finds_what_was_regraded(filed, content):
    """New keys for a grade move the records that came to it, where they lie now."""
    regrade(filed, "CONF", "--until", FAR)
    filed.json("key", "rotate", "CONF")
    assert filed.json("show", RECORD)["generation"] == 2
    assert filed.opened(RECORD) == content
    regrade(filed, "SECRET", "--until", FAR)
    assert filed.opened(RECORD) == content
    assert filed.json("ledger", "verify")["ok"]
