"""Customers at the door: registration, duplicates, classes, claims, and what finance asks."""

from datetime import date

import pytest
from archive_home import PERSON, Home

PACKS = ("secrecy", "leasing", "business-registration", "customer-allocation")


@pytest.fixture(scope="module")
def desk_template(tmp_path_factory):
    """An archive of the registration and ownership regulations, with three people."""
    home = Home(tmp_path_factory.mktemp("customers"))
    packs = [word for pack in PACKS for word in ("--pack", pack)]
    home.json("init", home.root, *packs, "--set", "ungraded=SECRET", "--set",
              "ownership.conflict=leasing", "--person", PERSON, "--work-factor", "16")  # fmt: skip
    home.json("login", PERSON)
    for name, role in (("wang", "leasing_manager"), ("sun", "customer_resource_director")):
        home.json("person", "add", name, "--role", role, ARCHIVIST_NEW_PASSPHRASE="new one")
    return home.top


@pytest.fixture
def desk(desk_template, tmp_path):
    return Home.copy_of(desk_template, tmp_path / "desk")


def add(home, name="甲公司", *words):
    return home.json("customer", "add", name, *words)


def refused(home, name, *words):
    """How the program ended that would not register this customer."""
    ran = home.run("customer", "add", name, *words)
    assert ran.code == 2
    return ran


@pytest.mark.rule("S001-14-R04")
def test_required_fields_that_were_not_given_are_told_and_hinder_nothing(desk):
    """They stand beside the id with their clause, and in `show` until they are registered."""
    made = desk.run("--json", "customer", "add", "甲公司", "--field", "phone=13800138000")
    assert made.code == 0
    gaps = {gap["field"]: gap["clause"] for gap in made.json["gaps"]}
    assert {"class", "address", "contact"} <= set(gaps)
    assert not {"name", "phone"} & set(gaps)
    assert gaps["address"] == "S001-14-R04"
    assert "address" in made.err
    desk.json("customer", "edit", "C000001", "--class", "重点客户", "--field", "address=上海")
    left = {gap["field"] for gap in desk.json("customer", "show", "C000001")["gaps"]}
    assert {"class", "address"} & left == set()


@pytest.mark.rule("S001-14-R02")
@pytest.mark.parametrize("told", ["重点客户", "key", "business_class:key", "客户类别:重点客户"])
def test_a_class_is_kept_with_its_scheme(desk, told):
    """However a clerk says it, the card holds scheme and value."""
    add(desk, "甲公司", "--class", told)
    assert desk.json("customer", "show", "C000001")["class"] == "business_class:key"
    assert "重点客户" in desk.run("customer", "show", "C000001", ARCHIVIST_LANG="zh").out.decode()


def test_a_class_that_no_scheme_has_is_refused_with_those_there_are(desk):
    """On adding and on editing; nothing is registered."""
    assert "business_class:target" in refused(desk, "甲公司", "--class", "VIP").err
    assert desk.json("customer", "list") == []
    add(desk)
    assert desk.run("customer", "edit", "C000001", "--class", "VIP").code == 2


def test_without_schemes_class_and_grade_are_free_words(home):
    """Where no adopted regulation declares any, the company's own words stay as they are."""
    home.json("customer", "add", "甲公司", "--class", "老客户", "--grade", "金")
    row = home.json("customer", "show", "C000003")
    assert (row["class"], row["fields"]) == ("老客户", {"grade": "金"})


@pytest.mark.parametrize(
    ("field", "first", "second"),
    [
        ("phone", "021-6888 0000", "02168880000"),
        ("phone", "13800138000", "+86 138-0013-8000"),
        ("uscc", "91310000MA1FL8TQ32", "91310000 ma1fl8tq32"),
        ("uscc", "91310000MA1FL8TQ30", "91310000MA1FL8TQ3O"),
        ("resident_id", "11010519491231002X", "11010519491231002x"),
    ],
)
def test_a_number_of_another_customer_is_refused_however_it_is_typed(desk, field, first, second):
    """With the other customer's id and what to do instead; by express order it is registered."""
    add(desk, "甲公司", "--field", f"{field}={first}")
    told = refused(desk, "乙公司", "--field", f"{field}={second}").err
    assert "C000001" in told and "customer claim C000001" in told
    assert second not in told and "甲公司" not in told
    assert len(desk.json("customer", "list")) == 1
    made = add(desk, "乙公司", "--field", f"{field}={second}", "--despite-duplicate")
    assert made["customer"] == "C000002"


def test_a_short_or_empty_number_makes_nobody_a_duplicate(desk):
    """无 or an extension of four digits identify nobody."""
    for name in ("甲", "乙"):
        add(desk, name, "--field", "phone=无", "--field", "mobile=8001", "--field", "uscc=")
    assert len(desk.json("customer", "list")) == 2


def test_a_number_that_a_changed_customer_no_longer_has_is_free(desk):
    """The newest card counts; an edit that makes two alike is told."""
    add(desk, "甲", "--field", "phone=13800138000")
    desk.json("customer", "edit", "C000001", "--field", "phone=13900139000")
    add(desk, "乙", "--field", "phone=13800138000")
    told = desk.run("customer", "edit", "C000001", "--field", "phone=138 0013 8000")
    assert (told.code, "C000002" in told.err) == (0, True)


@pytest.mark.rule("S001-14-R06")
def test_a_registration_after_five_working_days_is_told_with_its_due_date(desk):
    """From the first contact on 30 September 2025 over National Day: the 14th of October."""
    made = desk.run("--json", "customer", "add", "甲公司", "--first-contact", "2025-09-30")
    row = made.json
    assert (row["due"], row["late"], row["due_clause"]) == ("2025-10-14", True, "S001-14-R06")
    assert "2025-10-14" in made.err
    assert desk.json("customer", "show", "C000001")["fields"]["first_contact"] == "2025-09-30"
    today = add(desk, "乙公司", "--first-contact", date.today().isoformat())
    assert today["late"] is False
    refused(desk, "丙公司", "--field", "first_contact=soon")


@pytest.mark.rule("S001-14-R17")
def test_finance_asks_whether_a_customer_was_registered(desk):
    """By id, name or number; 0 for yes, 3 for no, with the clause and the time."""
    add(desk, "甲公司", "--field", "phone=021-68880000", "--field", "intent=yes")
    for asked in ("C000001", "甲公司", "021 6888 0000"):
        found = desk.json("customer", "registered", asked)
        assert (found["registered"], found["clauses"]) == (True, ["S001-14-R17"])
        assert found["customers"][0]["customer"] == "C000001"
        assert "招待" in found["expenses"]
    before = desk.json("customer", "registered", "甲公司", "--on", "2020-01-01", code=3)
    assert (before["registered"], len(before["customers"])) == (False, 1)
    for nobody in ("乙公司", "C000009", "yes"):
        assert desk.json("customer", "registered", nobody, code=3)["customers"] == []


@pytest.mark.rule("S001-6-R04")
def test_a_claim_is_told_with_its_ruling(desk):
    """In words: whose the customer is, by which clause, and who lost."""
    add(desk, "甲公司", "--owner", "wang")
    told = desk.run("customer", "claim", "C000001", "--person", "sun", ARCHIVIST_LANG="zh")
    words = told.out.decode()
    assert "先登记者" in words and "S001-6-R04" in words
    found = desk.json("customer", "claims", "C000001")
    assert (found["owner"], found["losers"]) == ("wang", ["sun"])
    assert [row["person"] for row in found["claims"]] == ["wang", "sun"]
    assert found["claims"][1]["who"] == PERSON


@pytest.mark.rule("S001-5-R07")
def test_customers_claimed_by_several_are_listed(desk):
    """核对有无重复: those of one claimant are left out, whoever won is told."""
    for name in ("甲公司", "乙公司"):
        add(desk, name, "--owner", "wang")
    assert desk.json("customer", "claims") == []
    desk.json("customer", "claim", "C000002", "--person", "sun")
    (row,) = desk.json("customer", "claims")
    assert (row["customer"], row["winner"], row["losers"]) == ("C000002", "wang", ["sun"])
    shown = desk.run("customer", "claims", ARCHIVIST_LANG="zh").out.decode()
    assert "wang, sun" in shown and "先登记者" in shown


def test_an_owner_without_a_key_is_told_to_have_no_claim_in_the_ledger(desk):
    """The card names him; the ledger, which keeps ids alone, does not."""
    made = desk.run("--json", "customer", "add", "甲公司", "--owner", "王经理")
    assert (made.code, "王经理" in made.err) == (0, True)
    assert desk.json("customer", "show", "C000001")["owner"] == "王经理"
    assert "王经理" not in desk.run("ledger", "show", "--json").out.decode()


def test_a_claim_needs_somebody_who_answers_for_it(desk):
    """The station alone records no claim, contact or assignment."""
    add(desk)
    desk.json("logout")
    nobody = {"ARCHIVIST_PASSPHRASE": None}
    for words in (("claim", "C000001", "--person", "wang"),
                  ("contact", "C000001", "--kind", "call"),
                  ("assign", "C000001", "wang", "--reason", "x")):  # fmt: skip
        assert desk.run("customer", *words, **nobody).code == 12
    assert [row["act"] for row in desk.json("ledger", "show")].count("ownership") == 0


@pytest.mark.rule("S001-5-R16")
def test_only_the_director_assigns(desk):
    """Exit code 4 for everybody else; the reason is told later and is not in the ledger."""
    add(desk, "甲公司", "--owner", "wang")
    words = ("customer", "assign", "C000001", PERSON, "--reason", "三个月没有联系")
    assert desk.run(*words).code == 4
    given = desk.run("--json", "--as", "sun", *words, ARCHIVIST_PASSPHRASE="new one")
    assert (given.code, given.json["owner"]) == (0, PERSON)
    shown = desk.run("customer", "claims", "C000001", ARCHIVIST_LANG="zh").out.decode()
    assert "三个月没有联系" in shown and "改派" in shown
    assert "三个月没有联系" not in desk.run("ledger", "show", "--json").out.decode()
    assert desk.run("customer", "edit", "C000001", "--owner", "wang").code == 4


def test_a_contested_customer_says_so(desk):
    """Two regulations that differ and no setting: nobody wins, and the deciding role is named."""
    desk.set("company", **{'"ownership.conflict"': ""})
    add(desk, "甲公司", "--owner", "wang")
    desk.json("customer", "claim", "C000001", "--person", "sun")
    found = desk.json("customer", "show", "C000001")["ownership"]
    assert (found["contested"], found["winner"]) == (True, None)
    assert found["decided_by"] == ["coordinator", "customer_resource_director"]
    shown = desk.run("customer", "show", "C000001", ARCHIVIST_LANG="zh").out.decode()
    assert "有争议，由协调助理、顾客资源总监裁定" in shown


@pytest.mark.rule("S001-14-R12")
def test_a_key_customer_needs_two_people_in_contact(desk):
    """两名以上的人员: `show` says how many there are and how many are wanted."""
    add(desk, "甲公司", "--class", "重点客户", "--owner", "wang")
    row = desk.json("customer", "show", "C000001")
    assert (row["contacts"], row["contacts_needed"], row["contacts_clause"]) == (
        ["wang"], 2, "S001-14-R12",
    )  # fmt: skip
    told = desk.run("customer", "show", "C000001", ARCHIVIST_LANG="zh").out.decode()
    assert "须有 2 人" in told
    desk.json("customer", "contact", "C000001", "--kind", "visit", "--person", "sun")
    assert desk.json("customer", "show", "C000001")["contacts"] == ["wang", "sun"]
    told = desk.run("customer", "show", "C000001", ARCHIVIST_LANG="zh").out.decode()
    assert "须有 2 人" not in told


@pytest.mark.rule("S001-5-R16")
def test_a_neglected_customer_is_listed_until_somebody_serves_it(desk):
    """In words and in JSON, as of a day; a contact takes it off the list."""
    add(desk, "甲公司", "--owner", "wang")
    far = ("--on", "2999-01-01")
    (row,) = desk.json("customer", "neglected", *far)
    assert (row["customer"], row["contacted"], row["clause"]) == ("C000001", False, "S001-5-R16")
    told = desk.run("customer", "neglected", *far, ARCHIVIST_LANG="zh").out.decode()
    assert "顾客资源总监" in told and "登记" in told
    assert desk.json("customer", "neglected") == []
    desk.json("customer", "contact", "C000001", "--kind", "call", "--on", "2025-03-05")
    assert desk.json("customer", "neglected", "--on", "2025-06-06")[0]["last"] == "2025-03-05"
    assert desk.json("customer", "neglected", "--on", "2025-06-05") == []
    assert desk.run("customer", "contact", "C000001", "--kind", "call", *far).code == 2


def test_a_time_that_is_none_is_refused(desk):
    """A list's time needs day and time of day."""
    add(desk)
    for wrong in ("gestern", "2026-03-02", "17:40"):
        ran = desk.run("customer", "claim", "C000001", "--person", "wang", "--listed", wrong)
        assert (ran.code, "2026-03-02 17:40" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("field", "right", "wrong"),
    [
        ("uscc", "91310000MA1FL8TQ36", "91310000MA1FL8TQ32"),
        ("resident_id", "11010519491231002X", "110105194912310021"),
    ],
)
def test_a_wrong_check_digit_is_told_and_hinders_nothing(desk, field, right, wrong):
    """When a customer is registered and when the field is changed; the number is not repeated."""
    words = ("customer", "add", "甲公司", "--despite-duplicate", "--field")
    assert "check digit" not in desk.run(*words, f"{field}={right}").err
    made = desk.run(*words, f"{field}={wrong}")
    assert (made.code, f"check digit of {field}" in made.err) == (0, True)
    changed = desk.run("customer", "edit", "C000001", "--field", f"{field}={wrong}",
                       ARCHIVIST_LANG="zh")  # fmt: skip
    assert (changed.code, "校验位不对" in changed.err, wrong in changed.err) == (0, True, False)


def test_a_claim_without_a_name_is_one_s_own(desk):
    """Whoever is logged in claims for himself."""
    add(desk)
    desk.json("customer", "claim", "C000001")
    found = desk.json("customer", "claims", "C000001")
    assert [row["person"] for row in found["claims"]] == [PERSON]
