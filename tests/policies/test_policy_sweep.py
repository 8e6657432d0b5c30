"""The plan of a sweep: what may go, what is overdue, and that nobody is urged twice a month."""

import random
from datetime import date, datetime

import pytest
from small_packs import adopt, grades, pack, row

from policies.calendar import Calendar
from policies.checklist import Paper
from policies.deadlines import DossierState, missing
from policies.keeping import Edition, longest
from policies.many import Folder
from policies.retention import period_of
from policies.sweep import (
    Deadlines,
    Line,
    Retention,
    Spared,
    is_time,
    not_urged_yet,
)

TODAY = date(2026, 11, 29)
CALENDAR = Calendar()


def kept(rule_id, **fields):
    return row("retention", rule_id, f"S-{rule_id}", **fields)


LAW = pack(
    "law",
    kept("letters", years=5, start="filed", types=["letter"]),
    kept("deeds", permanent=True, types=["deed"]),
    kept("leases", years=1, start="lease_end", types=["lease"]),
    kept("bills", years=2, start="closed", types=["bill"]),
    kept("vouchers", kind="floor", years=10, start="filed", count_from="next_year",
         types=["bill"]),
    row("document_type", "copy", "L-1", personal="sensitive"),
    kept("copies", years=9, start="closed", types=["copy"]),
    kept("personal", kind="ceiling", years=3, start="closed", personal=["sensitive"]),
)  # fmt: skip
LONGER = pack("law", kept("letters", years=30, start="filed", types=["letter"]), version="0")
POLICIES = {"law@1": adopt(LAW), "law@0": adopt(LONGER)}


def said_of(doc_type, dossier_type, packs, epoch):
    """Papers of before the second adoption were filed under the older version."""
    refs = ("law@0", "law@1") if epoch < 2 else ("law@1",)
    return tuple(Edition((ref,), period_of(POLICIES[ref], doc_type, dossier_type)) for ref in refs)


def folder(number="D1", is_open=False, **events):
    return Folder(number, "C1", "file", is_open, events)


NOBODY = Spared()


def bundled(papers):
    """As they stream in: those filed under the same packs joined."""
    by_packs = {}
    for one in papers:
        by_packs.setdefault(one[5], []).append(one)
    for packs, rows in by_packs.items():
        indexes = [row[4] for row in rows]
        joined = [",".join(row[at] for row in rows) for at in (1, 2)]
        yield (rows[0][0], packs, min(indexes), max(indexes), *joined)


def walk_over(papers, spared=NOBODY):
    def papers_in(dossier, packs):
        return [one[1:5] for one in papers if (one[0], one[5]) == (dossier, packs)]

    return Retention(said_of, [10, 20], papers_in, date.fromisoformat, TODAY, spared)


def walked(papers, of=None, spared=NOBODY):
    walk = walk_over(papers, spared)
    of = of or folder(closed=date(2020, 5, 1), lease_end=date(2024, 2, 29))
    return list(walk.of(of, bundled(papers))), dict(walk.counts)


def paper(record, doc_type, filed="2020-03-01", index=30):
    return ("D1", record, doc_type, filed, index, '["law@1"]')


def test_what_is_over_may_go_and_all_else_is_counted():
    """One line for each paper whose period ended, with its rule; numbers for those that stay."""
    lines, counts = walked(
        [paper("R1", "letter"), paper("R2", "deed"), paper("R3", "lease"), paper("R4", "bill"),
         paper("R5", "letter", "2024-01-01"), paper("R6", "unheard of")]
    )  # fmt: skip
    assert [(line.id, line.act, line.reason, line.day, line.clauses) for line in lines] == [
        ("R1", "dispose", "period-over", date(2025, 3, 1), ("S-letters",)),
        ("R3", "dispose", "period-over", date(2025, 2, 28), ("S-leases",)),
    ]
    assert counts == {"over": 2, "permanent": 1, "floor": 1, "period": 1, "open": 1}


def test_without_its_event_a_paper_waits():
    """A dossier that was not closed yet, a lease that has not ended."""
    lines, counts = walked([paper("R1", "bill"), paper("R2", "lease")], folder())
    assert (lines, counts) == ([], {"waits": 2})


@pytest.mark.parametrize(
    ("spared", "code"),
    [
        (Spared(held={"R1"}), "held"),
        (Spared(held={"D1"}), "held"),
        (Spared(held={"C1"}), "held"),
        (Spared(lent={"R1"}), "lent"),
        (Spared(proposed={"R1"}), "proposed"),
        (Spared(refused={"R1"}), "refused"),
        (Spared(appraised={"R1": date(2030, 1, 1)}), "appraised"),
    ],
)
def test_what_stands_in_the_way_is_no_proposal(spared, code):
    """Held by any id, on loan, in a disposal already, refused once, kept by an appraisal."""
    assert walked([paper("R1", "letter")], spared=spared) == ([], {code: 1})


def test_an_appraisal_that_ended_lets_go():
    """Kept until last year by an appraisal: it is to be appraised again."""
    (line,), _ = walked(
        [paper("R1", "letter")], spared=Spared(appraised={"R1": date(2025, 12, 31)})
    )
    assert (line.reason, line.day) == ("appraised-over", date(2025, 12, 31))


def test_a_shortening_is_told_and_not_acted_on():
    """Filed under thirty years, five by now: it stays, and both are named."""
    (line,), counts = walked([paper("R1", "letter", index=15)])
    assert (line.act, line.reason, line.day, line.packs) == (
        "keep", "earlier-longer", date(2050, 3, 1), ("law@0",)
    )  # fmt: skip
    assert (line.shorter.day, line.shorter.packs) == (date(2025, 3, 1), ("law@1",))
    assert counts == {"earlier-longer": 1}
    assert walked([paper("R1", "letter", "2025-03-01", index=15)])[0] == []


def test_a_maximum_for_personal_data_is_told():
    """Kept for nine years, while personal data should go after three."""
    (line,), _ = walked([paper("R1", "copy")])
    assert (line.act, line.reason, line.day) == ("keep", "ceiling-over", date(2023, 5, 1))


def test_answers_given_once_are_the_answers_given_each_time():
    """Hundreds of papers in any order: the same as asking for each alone."""
    chance = random.Random(7)
    everything = []
    walk = walk_over(everything)
    for number in range(60):
        events = {name: date(chance.randint(2012, 2026), chance.randint(1, 12), 28)
                  for name in ("closed", "lease_end", "sale") if chance.random() < 0.7}  # fmt: skip
        dossier = folder(f"D{number}", **events)
        alike = number % 2  # of one epoch, and none that counts from its filing: answered at once
        kinds = ("deed", "lease", "copy") if alike else ("letter", "deed", "lease", "bill", "copy")
        some = chance.randint(5, 25)
        papers = [
            (f"D{number}", *paper(f"R{n}", chance.choice(kinds),
                                  f"20{chance.randint(10, 26)}-0{chance.randint(1, 9)}-11",
                                  some if alike else chance.randint(5, 25))[1:])
            for n in range(10)
        ]  # fmt: skip
        everything += papers
        found = {line.id for line in walk.of(dossier, bundled(papers)) if line.act == "dispose"}
        expected = set()
        for _, record, doc_type, filed, index, packs in papers:
            said = said_of(doc_type, "file", packs, sum(index >= bound for bound in (10, 20)))
            if longest(said, events, date.fromisoformat(filed)).over(TODAY):
                expected.add(record)
        assert found == expected, number
    assert walk.counts.total() == 600


# ── deadlines ─────────────────────────────────────────────────────────────────

SHOP = pack(
    "shop",
    grades(),
    *(row("document_type", name, "S-1") for name in ("order", "bill", "card")),
    """
[[department]]
id = "sales"
zh = "销售部"
en = "sales"
clause = "S-1"

[[dossier_type]]
id = "sale"
zh = "销售"
en = "sale"
kind = "case"
department = "sales"
clause = "S-1"

[[dossier_type.event]]
id = "sold"
zh = "售出"
en = "sold"

[[dossier_type.item]]
id = "order"
zh = "订单"
en = "order"
types = ["order"]
signed_by = ["customer"]
clause = "S-2"

[[dossier_type.item]]
id = "cards"
zh = "卡"
en = "cards"
types = ["card"]
least = 2
required = "conditional"
when = "customer.vip"
clause = "S-3"

[[dossier_type.deadline]]
after = "sold"
working_days = 3
clause = "S-4"
""",
)


@pytest.fixture(scope="module")
def shop():
    return adopt(SHOP)


def sale(number, vip, types, **events):
    fields = {"vip": "yes"} if vip else {}
    return Folder(number, "C1", "sale", True, events, lambda: fields), types, fields


def test_overdue_is_what_the_checklist_says(shop):
    """The same items as the list of what is missing has, each with both clauses."""
    walk, sold = Deadlines(shop, CALENDAR, TODAY), date(2026, 11, 2)
    cases = [
        sale("D1", False, (), sold=sold),
        sale("D2", True, ("order", "card"), sold=sold),
        sale("D3", True, ("order", "card", "card"), sold=sold),
        sale("D4", False, (), sold=date(2026, 11, 27)),
        sale("D5", False, ()),
        sale("D6", False, (), sold=date(2026, 11, 3)),
    ]
    for _ in range(2):  # the second time from what was found before
        for dossier, types, fields in cases:
            state = DossierState("sale", frozenset(), dossier.events, fields,
                                 papers=[Paper(name, sold) for name in types])  # fmt: skip
            asked = [(lack.item, lack.kind, lack.detail, lack.due)
                     for lack in missing(state, shop, CALENDAR, TODAY) if lack.overdue]  # fmt: skip
            lines = list(walk.of(dossier, ",".join(types)))
            assert [(li.what, li.lack, li.detail, li.day) for li in lines] == asked, dossier.id
    (line,) = walk.of(cases[1][0], "card,order")
    assert (line.what, line.detail, line.clauses) == ("cards", "1/2", ("S-3", "S-4"))


def test_what_somebody_saw_counts(shop):
    """An order that was seen to be unsigned is as overdue as one that is not there."""
    dossier, _, _ = sale("D1", False, ("order",), sold=date(2026, 11, 2))
    walk = Deadlines(shop, CALENDAR, TODAY)
    assert list(walk.of(dossier, "order")) == []
    seen = (Paper("order", TODAY, unsigned=frozenset({"customer"})),)
    (line,) = walk.of(dossier, seen)
    assert (line.what, line.lack, line.detail) == ("order", "signature", "customer")


def test_a_closed_dossier_owes_nothing(shop):
    """Nor one of a kind that no adopted pack declares."""
    dossier, _, _ = sale("D1", False, (), sold=date(2026, 11, 2))
    dossier.is_open = False
    walk = Deadlines(shop, CALENDAR, TODAY)
    assert list(walk.of(dossier, "")) == []
    gone = Folder("D2", "C1", "other", True, dossier.events)
    assert list(walk.of(gone, "")) == []


def late(item, day=date(2026, 10, 1)):
    return Line("D1", "remind", "overdue", day, customer="C1", dossier="D1", what=item)


@pytest.mark.parametrize(
    ("urged", "asked"),
    [
        ([], ["a", "b"]),
        ([("D1", date(2026, 11, 1), ["a"])], ["b"]),
        ([("D1", date(2026, 11, 29), ["a", "b"])], []),
        ([("D2", date(2026, 11, 1), ["a"])], ["a", "b"]),
        ([("D1", date(2026, 10, 31), ["a", "b"])], ["a", "b"]),
    ],
)
def test_an_item_is_urged_for_once_in_a_month(urged, asked):
    """By anybody; a new month, another dossier or another item is another reminder."""
    found = not_urged_yet([late("a"), late("a"), late("b")], urged, TODAY)
    assert found == ({"D1": asked} if asked else {})


def test_who_was_urged_before_it_was_due_is_urged_again():
    """A friendly word on the third does not spare the reminder after the fifth."""
    urged = [("D1", date(2026, 11, 3), ["a"])]
    assert not_urged_yet([late("a", date(2026, 11, 5))], urged, TODAY) == {"D1": ["a"]}


@pytest.mark.parametrize(
    ("last", "moment", "due"),
    [
        ("2026-11-28", "2026-11-29T02:29", False),
        ("2026-11-28", "2026-11-29T02:30", True),
        ("2026-11-28", "2026-11-29T23:59", True),  # the watcher started late
        ("2026-11-29", "2026-11-29T23:59", False),
        ("2026-11-27", "2026-11-29T00:05", True),  # yesterday's was missed
        ("2026-11-30", "2026-11-29T12:00", False),  # the clock was set back
    ],
)
def test_the_daily_sweep_is_made_once_and_made_up_for(last, moment, due):
    """After the time of day, at once where a day was missed, never twice."""
    at = datetime.fromisoformat(moment)
    assert is_time(date.fromisoformat(last), at, "02:30") is due
    assert not is_time(date.fromisoformat(last), at, "")
