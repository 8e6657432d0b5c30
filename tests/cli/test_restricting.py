"""`customer restrict`: personal data is kept and protected, and used for nothing else."""

import json

import pytest
from archive_home import CUSTOMERS, VIN, Home
from lending_home import filed, staffed

NAME, PHONE = CUSTOMERS[0], "13800138000"
WORD = "定金柒拾万"


@pytest.fixture(scope="module")
def stage(template, tmp_path_factory, scan):
    """Papers of two customers; one of the first is lent to lin, who opens it."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("restricting"))
    staffed(home, "lin", "wang", "zhao")
    filed(home, scan, f"甲{WORD}", f"乙{WORD}")
    filed(home, scan, f"丙{WORD}", dossier="D000002")
    assert home.json("search", WORD)["total"] == 9
    lend(home, "L000001")
    return home


def lend(home, loan):
    home.json("--as", "lin", "loan", "request", "R00000001", "--form", "view", "--purpose", "x")
    home.json("--as", "zhao", "loan", "approve", loan)
    home.json("loan", "issue", loan)
    assert home.run("--as", "lin", "view", "R00000001", "--purpose", "x").code == 0


@pytest.fixture
def house(stage, tmp_path):
    """An archive of the test's own."""
    return Home.copy_of(stage.top, tmp_path / "house")


@pytest.fixture(scope="module")
def shut(stage, tmp_path_factory):
    """The same with its first customer restricted, for tests that change nothing of it."""
    home = Home.copy_of(stage.top, tmp_path_factory.mktemp("shut"))
    restrict(home)
    return home


@pytest.fixture
def restricted(shut, tmp_path):
    """A restricted archive of the test's own."""
    return Home.copy_of(shut.top, tmp_path / "restricted")


def restrict(home, who="li", code=0, step="restrict"):
    ran = home.run("--as", who, "customer", step, "C000001", "--reason", "本人撤回同意")
    assert ran.code == code, ran.err
    return ran.err


def granted(home):
    """The heads that open records to a borrower."""
    return list((home.root / "keys" / "loans").rglob("*.head"))


# ── what stops ────────────────────────────────────────────────────────────────


def test_no_search_finds_a_restricted_customer(house, scan, caplog):
    """Not what was indexed before, nor what is filed meanwhile; others are found as ever."""
    restrict(house)
    found = house.json("search", WORD)
    assert (found["total"], {hit["customer"] for hit in found["hits"]}) == (3, {"C000002"})
    filed(house, scan, f"丁{WORD}")
    assert house.json("search", WORD)["total"] == 3
    assert house.json("search", WORD, "--customer", "C000001")["hits"] == []
    assert caplog.records == []  # no index even tried to open a paper of his


def test_a_new_index_holds_nothing_of_a_restricted_customer(restricted):
    """Also one that is made from the cards after the restriction began."""
    for path in (restricted.root / "index").rglob("*"):
        if path.is_file():
            path.unlink()
    assert restricted.json("search", WORD)["total"] == 3


@pytest.mark.parametrize("words", [
    ("view", "R00000001", "--purpose", "x", "-o", "{out}"),
    ("--as", "lin", "view", "R00000001", "--purpose", "x", "-o", "{out}"),
    ("loan", "request", "R00000002", "--form", "extract", "--purpose", "x"),
    ("--as", "lin", "loan", "renew", "L000001", "--until", "2099-01-01"),
    ("cover", "D000001", "-o", "{out}"),
    ("form", "print", "loan_register", "--customer", "C000001", "-o", "{out}.csv"),
    ("remind", "D000001", "--person", "lin"),
    ("customer", "contact", "C000001", "--kind", "visit"),
    ("customer", "claim", "C000001"),
    ("customer", "edit", "C000001", "--field", "phone=13900139000"),
    ("export", "C000001", "--purpose", "x", "-o", "{out}"),
])  # fmt: skip
def test_every_use_is_refused_with_what_is_allowed(shut, tmp_path, words):
    """Exit 4, no file, and a hint that names what may be done."""
    out = tmp_path / "out"
    ran = shut.run(*(word.format(out=out) for word in words))
    assert ran.code == 4, ran.err
    assert "restricted" in ran.err
    assert "exported for its subject" in ran.err
    assert not out.exists()
    assert NAME not in ran.err


def test_what_was_lent_opens_no_more(restricted):
    """The head that opened it to the borrower is gone from the folder, and does not come back."""
    assert not granted(restricted)
    said = json.dumps(restricted.json("ledger", "show"))
    assert restricted.run("--as", "lin", "view", "R00000001", "--purpose", "x").code == 4
    assert json.dumps(restricted.json("ledger", "show")) != said  # what was tried is recorded
    assert restricted.json("loan", "return", "L000001")["state"] == "returned"


def test_no_list_and_no_page_tells_who_it_is(shut):
    """Name, numbers, keys and titles are in no answer; the id and the state are."""
    told = [
        shut.run(*words).out.decode()
        for words in (("customer", "list"), ("customer", "show", "C000001", "--purpose", "x"),
                      ("--json", "customer", "show", "C000001"), ("dossier", "list"),
                      ("dossier", "show", "D000001", "--purpose", "x"), ("--json", "missing"),
                      ("show", "R00000001"), ("--json", "customer", "list"))
    ]  # fmt: skip
    for text in told:
        assert "C000001" in text
        for word in (NAME, PHONE, VIN, "沪A12345", "甲"):
            assert word not in text
    assert "(restricted)" in told[0]
    assert shut.json("show", "R00000001")["restricted"] is True
    assert shut.json("show", "R00000003")["title"]


def test_a_register_of_all_customers_goes_on_without_the_name(shut):
    """One restricted customer does not stop the house: his line has his id and nothing more."""
    out = shut.top / "register.csv"
    ran = shut.run("form", "print", "loan_register", "-o", out)
    assert ran.code == 0, ran.err
    assert NAME not in out.read_text("utf-8-sig")


# ── what goes on ──────────────────────────────────────────────────────────────


def test_filing_holds_grades_and_audits_go_on(restricted, scan):
    """Nothing is lost: papers come in by hand and by the drop folder, by number and by name."""
    assert filed(restricted, scan, "丁")
    restricted.drop(f"{NAME}_新车档案_合同.pdf", scan("戊"))
    (line,) = restricted.lines("watch", "--once")
    assert (line["outcome"], line["customer"]) == ("filed", "C000001")
    assert restricted.run("hold", "place", "C000001", "--reason", "x").code == 0
    ran = restricted.run("regrade", "R00000001", "SECRET", "--reason", "x")
    assert "restricted" not in ran.err
    assert restricted.json("ledger", "verify")["ok"]


def test_another_person_lifts_it_and_all_is_found_again(restricted, scan):
    """Also what was filed meanwhile; the borrower must ask anew."""
    filed(restricted, scan, f"丁{WORD}")
    assert restricted.json("search", WORD)["total"] == 3
    assert "set himself" in restrict(restricted, "li", 4, "unrestrict")
    restrict(restricted, "wang", step="unrestrict")
    assert restricted.json("search", WORD)["total"] == 12
    assert restricted.json("customer", "show", "C000001")["name"] == NAME
    assert restricted.opened("R00000001")
    said = restricted.run("--as", "lin", "view", "R00000001", "--purpose", "x")
    assert said.code == 4
    assert "ask anew" in said.err


def test_lifted_before_anybody_searched_nothing_is_lost(house, scan):
    """An index that slept through it all holds every page once."""
    restrict(house)
    filed(house, scan, f"丁{WORD}")
    restrict(house, "wang", step="unrestrict")
    assert house.json("search", WORD)["total"] == 12


# ── who, and how it is recorded ───────────────────────────────────────────────


def test_only_the_office_restricts_and_only_once(house):
    """A salesman neither begins nor lifts it; the reason is sealed."""
    assert "role.privacy_officer" in restrict(house, "lin", 4)
    assert "not restricted" in restrict(house, "wang", 4, "unrestrict")
    restrict(house)
    assert "already" in restrict(house, "wang", 4)
    said = [entry for entry in house.json("ledger", "show") if entry["act"] == "restrict"]
    assert [(one["step"], one["subject"]) for one in said] == [("begin", {"customer": "C000001"})]
    assert "撤回同意" not in json.dumps(said, ensure_ascii=False)


def test_grants_that_a_crash_left_are_withdrawn(house, monkeypatch):
    """Cut between the entry and the withdrawal, the next watch finishes it."""
    from archivist import restricting

    def cut(*_):
        raise OSError("power cut")

    monkeypatch.setattr(restricting, "withdraw", cut)
    assert house.run("customer", "restrict", "C000001", "--reason", "x").code == 1
    assert granted(house)
    monkeypatch.undo()
    assert house.run("watch", "--once").code == 0
    assert not granted(house)
