"""Whose customer it is: claims kept for ever, rulings with their clauses, assignment by role."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from archive_home import PERSON, Home
from law import Law

from archivist import customers, ownership
from archivist.customers import CustomerCard
from archivist.errors import BadRequest, NotAllowed, NotKnown
from archivist.ownership import Claimed
from policies.policy import Policy

NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)  # the same day wherever the tests run
PEOPLE = {
    "wang": "leasing_manager", "zhao": "leasing_manager", "sun": "customer_resource_director",
    "qian": "coordinator", "zhou": "outreach_head",
}  # fmt: skip


@pytest.fixture(scope="module")
def staffed(tmp_path_factory):
    """An archive with people in it, and no customer yet."""
    home = Home(tmp_path_factory.mktemp("staffed"))
    home.json("init", home.root, "--pack", "secrecy", "--set", "ungraded=SECRET",
              "--person", PERSON, "--work-factor", "16")  # fmt: skip
    home.json("login", PERSON)
    for name, role in PEOPLE.items():
        home.json("person", "add", name, "--role", role, ARCHIVIST_NEW_PASSPHRASE="new one")
    return home.top


@pytest.fixture
def home(staffed, tmp_path):
    return Home.copy_of(staffed, tmp_path / "home")


@pytest.fixture
def archive(home):
    opened = home.open()
    yield opened
    opened.close()


BY_TIME = Law.shipped().policy("leasing")
BY_LIST = Law.shipped().policy("customer-allocation")
NO_RULE = Law.shipped().policy("auto-dealer")
BOTH = Law.shipped().policy("leasing", "customer-allocation")


def register(archive, policy, owner=None, at=NOON, name="甲"):
    return customers.add(archive, policy, CustomerCard(name, owner=owner), at, "li")


def claim(archive, policy, person, after=1, **more):
    """A claim to C000001, so many seconds after noon."""
    at = NOON + timedelta(seconds=after)
    return ownership.claim(archive, policy, Claimed("C000001", person, **more), at, "li")


def entries(archive, act):
    raw = [json.loads(entry) for _, entry in archive.ledger.entries(0)]
    return [entry for entry in raw if entry["act"] == act]


@pytest.mark.rule("S001-6-R04")
def test_the_registered_owner_has_the_first_claim(archive):
    """以登记时间判断: who was registered with the customer wins against whoever comes later."""
    register(archive, BY_TIME, "wang")
    found = claim(archive, BY_TIME, "zhao")
    assert (found.owner, found.ruling.winner, found.ruling.losers) == ("wang", "wang", ("zhao",))
    assert found.ruling.clauses == ("S001-6-R04",)
    assert [row["person"] for row in found.claims] == ["wang", "zhao"]


@pytest.mark.rule("S001-6-R04")
def test_registration_and_first_claim_are_one_moment(archive):
    """Both entries stand in one group with one time, and the claim comes first."""
    register(archive, BY_TIME, "wang")
    (claimed,), (registered,) = entries(archive, "ownership"), entries(archive, "customer")
    assert claimed["t"] == registered["t"] == "2026-03-02T10:00:00Z"
    assert claimed["subject"] == {"customer": "C000001", "person": "wang"}


def test_claims_of_one_second_keep_the_order_of_the_ledger(archive):
    """Time is written in seconds; which entry stands first nobody can dispute."""
    register(archive, BY_TIME)
    claim(archive, BY_TIME, "zhao")
    assert claim(archive, BY_TIME, "wang").owner == "zhao"


def test_a_clock_set_back_does_not_make_a_later_claim_the_earlier_one(archive):
    """The second claim is written with an earlier time; it stays the second."""
    register(archive, BY_TIME)
    claim(archive, BY_TIME, "zhao", after=3600)
    assert claim(archive, BY_TIME, "wang", after=5).owner == "zhao"


@pytest.mark.rule("S001-6-R05", "S001-6-R06")
def test_whom_the_customer_names_wins_and_the_owner_changes(archive):
    """能说出姓名的归该经理: the catalogue's owner follows, the earlier one stays in the claims."""
    register(archive, BY_TIME, "wang")
    found = claim(archive, BY_TIME, "zhao", named=True)
    assert found.ruling.clauses == ("S001-6-R05, S001-6-R06",)
    assert archive.the("customer", "C000001")["owner"] == "zhao"
    assert [row["owner"] for row in found.claims] == ["wang", "zhao"]
    last = entries(archive, "ownership")[-1]
    assert (last["owner"], last["packs"]) == ("zhao", [BY_TIME.packs[0]])


@pytest.mark.rule("S001-5-R12")
def test_the_earlier_list_wins_whoever_registered_first(archive):
    """以提前上交的名单为准; a list after 18:00 is one of the next day."""
    register(archive, BY_LIST)
    evening = datetime(2026, 3, 1, 18, 1).astimezone()
    claim(archive, BY_LIST, "wang", listed=evening)
    assert claim(archive, BY_LIST, "zhao", listed=evening - timedelta(minutes=1)).owner == "zhao"


@pytest.mark.rule("S001-5-R09")
def test_who_handed_in_no_list_has_no_claim(archive):
    """迟交或不交: the registered owner loses to the one unit that handed in its list."""
    register(archive, BY_LIST, "wang")
    found = claim(archive, BY_LIST, "zhao", listed=NOON - timedelta(hours=1))
    assert (found.owner, found.ruling.losers) == ("zhao", ("wang",))


def test_a_tie_is_nobodys_and_names_who_decides(archive):
    """Two lists of one moment: the coordinator decides (S001-5-R12), the owner is not changed."""
    register(archive, BY_LIST)
    listed = NOON - timedelta(hours=1)
    claim(archive, BY_LIST, "wang", listed=listed)
    found = claim(archive, BY_LIST, "zhao", listed=listed)
    assert (found.contested, found.ruling.winner) == (True, None)
    assert (found.ruling.by, found.ruling.clauses) == (("coordinator",), ("S001-5-R12",))
    assert found.owner == "wang"
    assert "owner" not in entries(archive, "ownership")[-1]


@pytest.mark.parametrize("policy", [NO_RULE, BOTH], ids=["no rule", "contradicting rules"])
def test_without_a_rule_in_force_nobody_wins(archive, policy):
    """Neither where no regulation speaks nor where two that differ are not settled."""
    register(archive, policy, "wang")
    found = claim(archive, policy, "zhao", listed=NOON - timedelta(hours=1))
    assert (found.contested, set(found.ruling.losers)) == (True, {"wang", "zhao"})


def test_the_company_settles_which_regulation_decides(archive):
    """By registration wang wins, by list zhao: the setting says which."""
    register(archive, BOTH, "wang")
    listed = NOON - timedelta(hours=1)
    for pack, winner in (("leasing", "wang"), ("customer-allocation", "zhao")):
        policy = Law.shipped().policy("leasing", "customer-allocation", ownership__conflict=pack)
        assert claim(archive, policy, "zhao", listed=listed).ruling.winner == winner


@pytest.mark.rule("S001-5-R16")
def test_only_the_named_role_gives_a_customer_away(archive):
    """由顾客资源总监更改: others are refused, and the losing owner stays in the history."""
    register(archive, BY_LIST, "wang")
    words = (archive, BY_LIST, "C000001", "zhao", "三个月没有家访", NOON)
    with pytest.raises(NotAllowed):
        ownership.assign(*words, "wang")
    found = ownership.assign(*words, "sun")
    assert (found.owner, found.ruling.rule) == ("zhao", "assigned")
    assert "S001-5-R16" in found.ruling.clauses
    assert [(row["step"], row["person"]) for row in found.claims] == [
        ("claim", "wang"), ("assign", "zhao"),
    ]  # fmt: skip


def test_the_reason_of_an_assignment_is_sealed(archive):
    """It is told to whoever opens the archive, and never stands in the ledger."""
    register(archive, BY_LIST, "wang")
    found = ownership.assign(archive, BY_LIST, "C000001", "zhao", "没有家访", NOON, "sun")
    assert found.claims[-1]["reason"] == "没有家访"
    assert "没有家访" not in json.dumps(entries(archive, "ownership"), ensure_ascii=False)


def test_after_an_assignment_claims_are_kept_and_change_nothing(archive):
    """What the director decided is not undone by whoever claims next, even when named."""
    register(archive, BY_LIST, "wang")
    ownership.assign(archive, BY_LIST, "C000001", "zhao", "x", NOON, "sun")
    found = claim(archive, BY_LIST, "wang", named=True)
    assert (found.owner, len(found.claims)) == ("zhao", 3)


@pytest.mark.rule("S001-5-R03")
def test_a_customer_of_nobody_is_handed_out_by_the_head_of_outreach(archive):
    """平均分配 is his office once; taking a customer away again is not."""
    register(archive, BY_LIST)
    assert ownership.assign(archive, BY_LIST, "C000001", "wang", "x", NOON, "zhou").owner == "wang"
    with pytest.raises(NotAllowed):
        ownership.assign(archive, BY_LIST, "C000001", "zhao", "x", NOON, "zhou")


def test_nobody_assigns_where_no_regulation_names_a_role(archive):
    """No row, no right: the company must say who may."""
    register(archive, NO_RULE, "wang")
    with pytest.raises(NotAllowed):
        ownership.assign(archive, NO_RULE, "C000001", "zhao", "x", NOON, "sun")


def test_an_owner_is_rewritten_only_where_no_regulation_rules(archive):
    """Editing the card cannot get round the ruling."""
    register(archive, NO_RULE, "wang")
    customers.edit(archive, NO_RULE, "C000001", {"owner": "zhao"}, {}, NOON, "li")
    assert archive.the("customer", "C000001")["owner"] == "zhao"
    for owner in ("wang", ""):
        with pytest.raises(NotAllowed):
            customers.edit(archive, BY_TIME, "C000001", {"owner": owner}, {}, NOON, "li")
    customers.edit(archive, BY_TIME, "C000001", {"name": "乙"}, {}, NOON, "li")
    assert archive.the("customer", "C000001")["owner"] == "zhao"


def test_a_name_without_a_key_never_stands_in_the_ledger(archive):
    """An owner who is no person here keeps his place among the claims by the card alone."""
    register(archive, BY_TIME, "王经理")
    found = claim(archive, BY_TIME, "zhao")
    assert (found.ruling.winner, found.owner) == ("王经理", "王经理")
    ledger = b"".join(raw for _, raw in archive.ledger.entries(0)).decode()
    assert "王经理" not in ledger


def test_a_claim_needs_a_person_a_customer_and_a_past(archive):
    """Slips of the hand write nothing."""
    register(archive, BY_TIME)
    for wrong in (Claimed("C000009", "wang"), Claimed("C000001", "nobody")):
        with pytest.raises(NotKnown):
            ownership.claim(archive, BY_TIME, wrong, NOON, "li")
    with pytest.raises(BadRequest):
        claim(archive, BY_TIME, "wang", listed=NOON + timedelta(hours=1))
    assert entries(archive, "ownership") == []


def test_claims_survive_a_rebuilt_catalogue(archive, home):
    """Everything is in the ledger: the same owner, claims and contacts from an empty catalogue."""
    register(archive, BY_TIME, "wang")
    claim(archive, BY_TIME, "zhao", named=True)
    ownership.record_contact(
        archive, "C000001", "call", NOON.date(), "zhao", NOON + timedelta(days=1), "li"
    )
    before = ownership.standing(archive, BY_TIME, "C000001")
    archive.close()
    for path in home.root.glob("catalogue.db*"):
        path.unlink()
    again = home.open()
    assert ownership.standing(again, BY_TIME, "C000001") == before
    assert [row["kind"] for row in again.catalogue.contacts("C000001")] == ["call"]
    again.close()


@pytest.mark.rule("S001-5-R16")
def test_three_months_without_service_free_a_customer(archive):
    """From the day after three months since the last contact, else since the registration."""
    register(archive, BY_LIST, "wang")
    register(archive, BY_LIST, "zhao", name="乙")
    ownership.record_contact(
        archive, "C000002", "visit", datetime(2026, 3, 30).date(), "zhao",
        NOON + timedelta(days=40), "li",
    )  # fmt: skip

    def free(month, day):
        today = datetime(2026, month, day).date()
        rows = ownership.neglected_customers(archive, BY_LIST, today)
        return [(row["customer"], row["last"], row["contacted"]) for row in rows]

    assert free(6, 2) == []
    assert free(6, 3) == [("C000001", "2026-03-02", False)]
    assert free(6, 30) == [("C000001", "2026-03-02", False)]
    assert free(7, 1)[1] == ("C000002", "2026-03-30", True)
    rows = ownership.neglected_customers(archive, BY_LIST, datetime(2026, 7, 1).date())
    assert (rows[0]["decided_by"], rows[0]["clause"]) == (
        ["customer_resource_director"], "S001-5-R16",
    )  # fmt: skip
    assert ownership.neglected_customers(archive, Policy.adopt([], {}), NOON.date()) == []
