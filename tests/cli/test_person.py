"""`person add` and `person list`: further people, their keys and roles."""

import json

import pytest
from archive_home import PERSON, Home

NEW = "eine ganz andere 口令"


@pytest.fixture(autouse=True)
def cheap(home):
    """Passphrases that cost little to try."""
    home.set("keys", scrypt_log_n=16)


def add(home, name="wang", *words, **env):
    words = words or ("--role", "sales_adviser")
    return home.run(
        "--json", "person", "add", name, *words, **({"ARCHIVIST_NEW_PASSPHRASE": NEW} | env)
    )


def people(home):
    return {row["person"]: row for row in home.json("person", "list")}


def entries(home):
    return [entry for entry in home.json("ledger", "show") if entry["act"] == "person"]


def test_a_new_person_can_log_in_with_a_passphrase_of_his_own(home):
    """The keys open with the new passphrase and not with the adder's."""
    ran = add(home, "王小明", "--role", "sales_adviser", "--department", "销售部")
    assert ran.code == 0, ran.err
    row = people(home)["王小明"]
    assert (row["roles"], row["department"]) == (["sales_adviser"], "sales")
    assert home.run("login", "王小明").code == 12
    assert home.json("login", "王小明", ARCHIVIST_PASSPHRASE=NEW)["person"] == "王小明"
    assert home.json("whoami", "--as", "王小明")["grades"] == []  # clearance is given apart


def test_the_entry_names_who_added_whom_and_the_signing_key(home):
    """What he signs later can be verified from the ledger; the passphrase is nowhere."""
    add(home)
    founder, entry = entries(home)
    assert (entry["who"], entry["subject"], entry["roles"]) == (
        PERSON, {"person": "wang"}, ["sales_adviser"],
    )  # fmt: skip
    for each in (founder, entry):
        page = home.open().people.person(each["subject"]["person"])
        assert bytes.fromhex(each["key"]) == page.verify_key
    assert NEW not in json.dumps(home.json("ledger", "show"), ensure_ascii=False)


def test_a_role_that_no_regulation_speaks_of_is_allowed_and_said(home):
    """It may come with a later pack; a slip of the hand should be seen."""
    ran = add(home, "wang", "--role", "sales_adviser", "night_watch")
    assert json.loads(ran.out)["unknown_roles"] == ["night_watch"]
    assert "night_watch" in ran.err
    assert "sales_adviser" not in ran.err


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        (PERSON, ("--role", "sales_adviser"), 4),  # himself
        ("wang", (), 2),
        ("wang", ("--role", "销售大师"), 2),
        ("wang", ("--role", "sales_adviser", "--department", "没有的部门"), 2),
        ("../wang", ("--role", "sales_adviser"), 2),
        ("-wang", ("--role", "sales_adviser"), 2),
    ],
)
def test_what_does_not_fit_adds_nobody(home, name, words, code):
    """Nothing is made and nothing is recorded."""
    ran = home.run("person", "add", name, *words, ARCHIVIST_NEW_PASSPHRASE=NEW)
    assert ran.code == code, ran.err
    assert list(people(home)) == [PERSON]
    assert home.open().people.names() == [PERSON]


def test_roles_are_given_by_the_name_the_regulation_has_for_them(home):
    """The clerk writes 销售顾问; the ledger holds the id. What no one declares lists what is."""
    assert add(home, "wang", "--role", "销售顾问", "sales_adviser").code == 0
    assert people(home)["wang"]["roles"] == ["sales_adviser"]
    refused = add(home, "zhao", "--role", "销售大师", ARCHIVIST_LANG="zh")
    assert "没有职务“销售大师”" in refused.err and "销售顾问、" in refused.err


def test_the_founder_s_roles_stand_as_typed_and_count_by_what_they_mean(tmp_path):
    """客户总监 typed at the founding is the customer director of the regulation."""
    made = Home(tmp_path)
    words = ("init", made.root, "--pack", "auto-dealer", "secrecy", "--person", "li",
             "--work-factor", "16")  # fmt: skip
    assert made.run(*words, "--role", "客户总监").code == 0
    assert people(made)["li"]["roles"] == ["客户总监"]
    made.json("customer", "add", "张伟")
    late = made.json("violation", "record", "lost_or_damaged", "--role", "archive_clerk",
                     "--reason", "x")  # fmt: skip
    assert made.json("violation", "confirm", late["violation"])


def test_nobody_is_added_twice(home):
    """A second set of keys under one name would let two people sign as one."""
    assert add(home).code == 0
    before = home.open().people.person("wang").verify_key
    assert add(home).code == 2
    assert home.open().people.person("wang").verify_key == before
    assert len(entries(home)) == 2


def test_somebody_must_be_logged_in(home):
    """The station adds nobody."""
    home.json("logout")
    assert add(home, ARCHIVIST_PASSPHRASE=None).code == 12
    assert home.open().people.names() == [PERSON]


@pytest.mark.parametrize("given", [None, ""])
def test_the_adders_passphrase_is_never_taken_for_the_new_one(home, given):
    """Without a new passphrase and without a terminal there is nothing to seal with."""
    ran = home.run("person", "add", "wang", "--role", "clerk", ARCHIVIST_NEW_PASSPHRASE=given)
    assert ran.code == (12 if given is None else 2)
    assert home.open().people.names() == [PERSON]


def test_keys_that_a_crash_left_are_taken_up_again(home):
    """Made, but not recorded: whoever knows their passphrase may go on."""
    made = home.open().people.create("wang", NEW, created="2026-03-05T09:00:00Z", log_n=16)
    assert add(home, ARCHIVIST_NEW_PASSPHRASE="another").code == 12
    assert add(home).code == 0
    assert people(home)["wang"]["key"] == made.verify_key.hex()


APART = """
[pack]
id = "apart"
version = "1"
zh = "三员分立"
en = "three officers"
source = "X"
effective_from = 2020-01-01
[[role]]
id = "sec_officer"
zh = "安全保密员"
en = "security officer"
clause = "X-7"
excludes = ["audit_officer"]
"""


def test_roles_that_are_held_apart_are_not_given_to_one(home, tmp_path):
    """Whoever guards does not audit."""
    pack = tmp_path / "apart.toml"
    pack.write_text(APART, "utf-8")
    assert home.run("pack", "adopt", pack).code == 0
    ran = add(home, "wang", "--role", "audit_officer", "sec_officer")
    assert ran.code == 4
    assert "X-7" in ran.err
    assert add(home, "wang", "--role", "audit_officer").code == 0
