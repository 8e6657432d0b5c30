"""With the pack `three-officers`: one clears, one audits; who runs the system reads nothing."""

import itertools

import pytest
from archive_home import PERSON, Home

NEW = "eine ganz andere 口令"
CLAUSE = "GB/T 39784-2021"
OFFICERS = {"zhao": "sys_admin", "chen": "sec_officer", "sun": "audit_officer"}


def as_(home, name, *words):
    return home.run("--json", "--as", name, *words, ARCHIVIST_PASSPHRASE=NEW)


def add(home, name, *roles):
    return home.run("person", "add", name, "--role", *roles, ARCHIVIST_NEW_PASSPHRASE=NEW)


@pytest.fixture
def officers(home, scan):
    """An archive with a secret record and the three; the security officer was cleared before."""
    home.set("keys", scrypt_log_n=16)
    home.drop("C000001/D000001/合同/一.pdf", scan("龙鳞底价", "销售合同"))
    assert home.lines("watch", "--once")[0]["grade"] == "SECRET"
    for name, role in {**OFFICERS, "wang": "sales_adviser"}.items():
        assert add(home, name, role).code == 0
    home.json("person", "clear", "chen", "SECRET")
    home.json("pack", "adopt", "three-officers")
    return home


def cleared(home):
    return {row["person"]: row["grades"] for row in home.json("person", "list")}


@pytest.mark.parametrize("pair", [*itertools.combinations(OFFICERS.values(), 2)], ids="-".join)
def test_nobody_holds_two_of_the_offices(officers, tmp_path, pair):
    """Neither somebody new nor the founder of an archive; the clause is cited."""
    ran = add(officers, "qian", *pair)
    assert ran.code == 4 and CLAUSE in ran.err
    assert "qian" not in cleared(officers)
    new = Home(tmp_path / "new")
    ran = new.run("init", new.root, "--pack", "secrecy", "three-officers", "--person", "li",
                  "--role", *pair, "--work-factor", "16")  # fmt: skip
    assert ran.code == 4 and CLAUSE in ran.err
    assert not new.root.exists()


@pytest.mark.parametrize("name", [PERSON, "zhao", "sun"])
def test_only_the_security_officer_clears(officers, name):
    """Not even somebody who holds every key; the refusal cites the clause and changes nothing."""
    before = cleared(officers)
    words = ("person", "clear", "wang", "SECRET")
    ran = officers.run(*words) if name == PERSON else as_(officers, name, *words)
    assert ran.code == 4 and CLAUSE in ran.err
    assert cleared(officers) == before
    assert as_(officers, "chen", *words).code == 0
    assert cleared(officers)["wang"] == ["SECRET"]
    entry = next(e for e in reversed(officers.json("ledger", "show")) if e["act"] == "clear")
    assert (entry["who"], entry["clauses"]) == ("chen", [CLAUSE])


def test_the_security_officer_never_clears_himself(officers):
    """For no grade, be it one that he could open."""
    for grade in ("SECRET", "TOP"):
        ran = as_(officers, "chen", "person", "clear", "chen", grade)
        assert ran.code == 4 and CLAUSE in ran.err
    assert cleared(officers)["chen"] == ["SECRET"]


def test_the_system_administrator_reads_nothing_and_cannot_be_cleared(officers):
    """Nor may he be the founder, who holds the first key of every grade."""
    ran = as_(officers, "chen", "person", "clear", "zhao", "SECRET")
    assert ran.code == 4 and CLAUSE in ran.err
    assert cleared(officers)["zhao"] == []
    assert (
        as_(officers, "zhao", "view", "R00000001", "-o", officers.top / "x", "--purpose", "x").code
        == 4
    )
    assert as_(officers, "zhao", "show", "R00000001").json["title"] is None
    assert as_(officers, "zhao", "search", "龙鳞").json["total"] == 0


def test_the_founder_is_no_system_administrator(tmp_path):
    """The first person holds the first key of every grade."""
    new = Home(tmp_path)
    ran = new.run("init", new.root, "--pack", "secrecy", "three-officers", "--person", "li",
                  "--role", "sys_admin", "--work-factor", "16")  # fmt: skip
    assert ran.code == 4 and CLAUSE in ran.err
    assert not new.root.exists()


def test_the_audit_officer_verifies_and_sees_refused_logins(officers):
    """With what the ledger tells everybody, and without clearance."""
    assert officers.run("whoami", "--as", "chen", ARCHIVIST_PASSPHRASE="geraten").code == 12
    told = as_(officers, "sun", "ledger", "show").json
    assert told[-1]["act"] == "refused-login" and told[-1]["subject"] == {"person": "chen"}
    assert as_(officers, "sun", "ledger", "verify").json["ok"]
    assert (
        as_(officers, "sun", "view", "R00000001", "-o", officers.top / "x", "--purpose", "x").code
        == 4
    )
