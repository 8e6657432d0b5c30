"""Many dossiers asked at once get the answers that each gets alone."""

import random
from datetime import date, timedelta

import pytest
from small_packs import adopt, grades, pack, row

from policies.calendar import Calendar
from policies.checklist import Paper
from policies.deadlines import DossierState, awaited, missing
from policies.many import Folder, ManyDossiers
from policies.sweep import Deadlines

TODAY = date(2026, 11, 29)
CALENDAR = Calendar()
TYPES = ("order", "bill", "card", "letter")
MARKET = pack(
    "market",
    grades(),
    *(row("document_type", name, "S-1") for name in TYPES),
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

[[dossier_type.key]]
id = "wanted_by"
zh = "要求日期"
en = "wanted by"

[[dossier_type.key]]
id = "stage"
zh = "阶段"
en = "stage"

[[dossier_type.event]]
id = "sold"
zh = "售出"
en = "sold"

[[dossier_type.event]]
id = "delivered"
zh = "交付"
en = "delivered"

[[dossier_type.item]]
id = "order"
zh = "订单"
en = "order"
types = ["order", "letter"]
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

[[dossier_type.item]]
id = "bill"
zh = "票"
en = "bill"
types = ["bill"]
signed_by = ["customer"]
required = "conditional"
when = "dossier.stage!=during"
clause = "S-4"

[[dossier_type.deadline]]
after = "sold"
working_days = 3
clause = "S-5"

[[dossier_type.deadline]]
after = "delivered"
days = 1
roll = "none"
items = ["bill"]
clause = "S-6"

[[dossier_type.deadline]]
after = "sold"
stated_by = "wanted_by"
items = ["cards", "order"]
when = "dossier.stage=during"
clause = "S-7"
""",
)


@pytest.fixture(scope="module")
def market():
    return adopt(MARKET)


def made_up(chance, number):
    """A dossier of which little is certain, and its papers."""
    days = [TODAY - timedelta(days=chance.randint(0, 12)) for _ in range(3)]
    events = {name: day for name, day in zip(("sold", "delivered"), days, strict=False)
              if chance.random() < 0.7}  # fmt: skip
    fields = {"vip": chance.choice(("yes", "no"))} if chance.random() < 0.6 else {}
    keys = {name: value for name, value in
            (("stage", chance.choice(("during", "after"))), ("wanted_by", days[2].isoformat()))
            if chance.random() < 0.6}  # fmt: skip
    types = sorted(chance.choices(TYPES, k=chance.randint(0, 4)))
    folder = Folder(f"D{number}", "C1", "sale", True, events, lambda: fields, lambda: keys)
    papers = tuple(Paper(name, TODAY) for name in types)
    if known := chance.random() < 0.2:
        papers += (Paper("bill", TODAY, unsigned=frozenset({"customer"})),)
    return folder, papers, papers if known else ",".join(types)


def test_many_at_once_lack_what_each_lacks_alone(market):
    """Conditions, dates of the customer's own, events of some items alone, papers seen unsigned:
    the same lacks, waiting for the same events, and the same of them overdue."""
    chance, kind = random.Random(11), market.dossier_type("sale")
    many = ManyDossiers(CALENDAR, TODAY, lambda lack, waits: (lack, waits))
    urge = Deadlines(market, CALENDAR, TODAY)
    seen = 0
    for number in range(400):
        folder, papers, told = made_up(chance, number)
        said = (folder.customer_fields(), folder.keys())
        alone = missing(DossierState("sale", frozenset(), folder.events, *said, papers), market,
                        CALENDAR, TODAY)  # fmt: skip
        waits = [awaited(kind, lack.item, folder.events, *said) for lack in alone]
        assert many.of(kind, folder, told) == tuple(zip(alone, waits, strict=True)), number
        late = [(lack.item, lack.kind, lack.detail, lack.due) for lack in alone if lack.overdue]
        lines = list(urge.of(folder, told))
        assert [(line.what, line.lack, line.detail, line.day) for line in lines] == late, number
        seen += len(late)
    assert seen > 200
