"""Until when one paper is kept, when the regulations changed after it was filed."""

from datetime import date

import pytest
from small_packs import adopt, pack, row

from policies.keeping import Adoption, Edition, Shorter, editions, longest
from policies.retention import period_of

FILED = date(2020, 3, 1)


def edition(*rules, version="1", kind="regulation"):
    """An edition of one pack with these rules on letters, clauses S-1, S-2 …"""
    rows = [
        row("retention", f"r{n}", f"S-{n}", types=["letter"], **rule)
        for n, rule in enumerate(rules, 1)
    ]
    made = pack("law", *rows, version=version, kind=kind)
    return Edition((made.ref,), period_of(adopt(made), "letter"))


def years(number, start="filed", **more):
    return {"years": number, "start": start} | more


GONE = Edition(("law@0",), None)
FLOOR = {"kind": "floor"}
EVENTS = {"closed": date(2024, 2, 29), "lease_end": date(2021, 12, 31)}

# What is said (of before first, in force now last), the events, and the answer: day, why, version.
CASES = {
    "so many years from the filing": (
        [edition(years(5))], {}, (date(2025, 3, 1), "period", "law@1")),
    "from a leap day to the last of February": (
        [edition(years(1, "closed"))], EVENTS, (date(2025, 2, 28), "period", "law@1")),
    "from a leap day to a leap day": (
        [edition(years(4, "closed"))], EVENTS, (date(2028, 2, 29), "period", "law@1")),
    "months end in a shorter month": (
        [edition({"months": 2, "start": "lease_end"})], EVENTS,
        (date(2022, 2, 28), "period", "law@1")),
    "from the first of January after the event": (
        [edition(years(10, "lease_end", count_from="next_year"))], EVENTS,
        (date(2031, 12, 31), "period", "law@1")),
    "a floor wins over a shorter period": (
        [edition(years(2), years(30, **FLOOR))], {}, (date(2050, 3, 1), "floor", "law@1")),
    "a longer period wins over a floor": (
        [edition(years(30), years(2, **FLOOR))], {}, (date(2050, 3, 1), "period", "law@1")),
    "for ever": ([edition({"permanent": True})], EVENTS, (None, "permanent", "law@1")),
    "it waits for an event": ([edition(years(5, "closed"))], {}, (None, "waits", "law@1")),
    "nothing is said": ([edition()], {}, (None, "open", None)),
    "a new version prolongs": (
        [edition(years(5)), edition(years(10), version="2")], {},
        (date(2030, 3, 1), "period", "law@2")),
    "a new version does not shorten": (
        [edition(years(10)), edition(years(5), version="2")], {},
        (date(2030, 3, 1), "period", "law@1")),
    "of equal ones the newer is cited": (
        [edition(years(5)), edition(years(5), version="2")], {},
        (date(2025, 3, 1), "period", "law@2")),
    "a version between them counts": (
        [edition(years(5)), edition(years(20), version="2"), edition(years(5), version="3")], {},
        (date(2040, 3, 1), "period", "law@2")),
    "for ever then, ten years now": (
        [edition({"permanent": True}), edition(years(10), version="2")], {},
        (None, "permanent", "law@1")),
    "ten years then, for ever now": (
        [edition(years(10)), edition({"permanent": True}, version="2")], {},
        (None, "permanent", "law@2")),
    "then it waited for an event, now it does not": (
        [edition(years(1, "closed")), edition(years(5), version="2")], {},
        (None, "waits", "law@1")),
    "the event came: whichever day is later": (
        [edition(years(1, "closed")), edition(years(5), version="2")], EVENTS,
        (date(2025, 3, 1), "period", "law@2")),
    "nothing was said then": (
        [edition(), edition(years(5), version="2")], {}, (date(2025, 3, 1), "period", "law@2")),
    "nothing is said now": (
        [edition(years(5)), edition(version="2")], {}, (None, "open", None)),
    "a setting of then is not there": (
        [edition({"years_from": "lost", "start": "filed"}), edition(years(5), version="2")], {},
        (None, "open", None)),
    "the text of then is gone": (
        [GONE, edition(years(5))], {}, (None, "pack-gone", "law@1")),
    "the text of then is gone, for ever now": (
        [GONE, edition({"permanent": True})], {}, (None, "permanent", "law@1")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_until_when_it_is_kept(case):
    """The longest answer of all editions rules, and the version that gave it is cited."""
    said, events, (day, why, version) = CASES[case]
    found = longest(said, events, FILED)
    assert (found.day, found.why) == (day, why)
    assert found.forever == (why == "permanent")
    assert found.packs == ((version,) if version else ())
    assert found.over(date(9999, 1, 1)) == (day is not None)


def test_the_last_day_still_belongs_to_the_period():
    """What is kept until the first of March may be appraised on the second."""
    found = longest([edition(years(5))], {}, FILED)
    assert [found.over(date(2025, 3, day)) for day in (1, 2)] == [False, True]


def test_a_shortening_is_told_with_both_versions():
    """Where the older version outlasts the newer one, what the newer says is there, too."""
    found = longest([edition(years(10)), edition(years(5), version="2")], {}, FILED)
    assert (found.packs, found.clauses) == (("law@1",), ("S-1",))
    assert found.shorter == Shorter(date(2025, 3, 1), ("S-1",), ("law@2",))
    assert longest([edition(years(5)), edition(years(10))], {}, FILED).shorter is None


def test_an_appraisal_prolongs_and_never_shortens():
    """`keep until` counts when it is later than the period, and not against one that is longer."""
    said = [edition(years(5))]
    later = longest(said, {}, FILED, date(2031, 1, 1))
    assert (later.day, later.why) == (date(2031, 1, 1), "appraised")
    earlier = longest(said, {}, FILED, date(2021, 1, 1))
    assert (earlier.day, earlier.why) == (date(2025, 3, 1), "period")
    assert longest([edition({"permanent": True})], {}, FILED, date(2031, 1, 1)).forever


def test_a_maximum_for_personal_data_is_told_and_shortens_nothing():
    """A ceiling that ends before the period is a warning beside it."""
    id_copy = row("document_type", "letter", "L-1", personal="sensitive")
    ceiling = row("retention", "c", "L-1", kind="ceiling", years=1, start="filed",
                  personal=["sensitive"])  # fmt: skip
    own = row("retention", "r", "S-1", years=5, start="filed", types=["letter"])
    made = pack("law", id_copy, ceiling, own)
    found = longest([Edition((made.ref,), period_of(adopt(made), "letter"))], {}, FILED)
    assert (found.day, found.beyond) == (date(2025, 3, 1), date(2021, 3, 1))


@pytest.mark.parametrize(
    ("later", "now", "sets"),
    [
        ([], ["a@1", "b@1"], [("a@1", "b@1")]),
        ([Adoption("a@2")], ["a@2", "b@1"], [("a@1", "b@1"), ("a@2", "b@1")]),
        ([Adoption("c@1")], ["a@1", "b@1", "c@1"], [("a@1", "b@1"), ("a@1", "b@1", "c@1")]),
        # The word counts for its own pack: what another one shortened without it stays as it was.
        ([Adoption("b@2"), Adoption("a@2", shortens=True)], ["a@2", "b@2"],
         [("a@2", "b@1"), ("a@2", "b@2")]),
        # A company's own pack that came later may be meant to shorten.
        ([Adoption("c@1", shortens=True)], ["a@1", "b@1", "c@1"], [("a@1", "b@1", "c@1")]),
        # Said once, of one version; the next one has to say it again.
        ([Adoption("a@2", shortens=True), Adoption("a@3")], ["a@3", "b@1"],
         [("a@2", "b@1"), ("a@3", "b@1")]),
        # To take a pack out of archive.toml shortens nothing.
        ([], ["a@1"], [("a@1", "b@1"), ("a@1",)]),
    ],
)  # fmt: skip
def test_what_was_in_force_since_the_filing(later, now, sets):
    """Every set of versions since then, the present one last; fewer where one said it shortens."""
    assert editions(["a@1", "b@1"], later, now) == tuple(sets)
