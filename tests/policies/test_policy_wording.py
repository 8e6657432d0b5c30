"""Deadlines and conditions as sentences: every form, every row of the shipped packs."""

import pytest

from policies.customer_rows import Scheme
from policies.pack_rows import DEADLINE_FORMS, Deadline, DossierType, Event, Item, Key
from policies.packs import parse_pack
from policies.wording import condition_words, deadline_words, items_bound

CASE = DossierType(
    "complaint", "投诉", "complaint", "S001-12-R01", "case", "hotel",
    keys=(Key("asked_by", "客人要求的时间", "time asked for"), Key("stage", "投诉时间", "stage")),
    events=(Event("received", "受理", "receipt"),),
    items=(Item("form", "记录表", "record form", "S001-12-R04", types=("complaint_record",)),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "zh", "en"),
    [
        ({"working_days": 3}, "受理后 3 个工作日", "3 working days after receipt"),
        ({"days": 1, "roll": "next"}, "受理后 1 天，逢休息日顺延",
         "1 days after receipt, later when nobody works that day"),
        ({"months": 2, "roll": "previous"}, "受理后 2 个月，逢休息日提前",
         "2 months after receipt, earlier when nobody works that day"),
        ({"same_day": True, "at": "18:00"}, "受理当日 18:00 前",
         "on the day of: receipt, by 18:00"),
        ({"next_weekday": "monday"}, "受理后的下周一", "monday of the week after receipt"),
        ({"month_end": True}, "受理当月最后一天", "last day of the month of receipt"),
        ({"stated_by": "asked_by", "when": "dossier.stage=during"},
         "不迟于“客人要求的时间”（投诉时间为during）",
         "no later than: time asked for (stage is during)"),
        ({"days_from": "prompt"}, "受理后及时（天数由公司定：prompt）",
         "promptly after receipt (the company says how many days: prompt)"),
        ({"same_day": True, "grace": "10:00"}, "受理当日，有正当理由的可到次日 10:00",
         "on the day of: receipt, with a good reason 10:00 the day after"),
    ],
)  # fmt: skip
def test_each_form_of_deadline_is_a_sentence(fields, zh, en):
    """The event and the key are called by their names, never by their ids."""
    assert deadline_words(CASE, Deadline("received", "S001-12-R08", **fields)) == (zh, en)


def test_the_items_a_deadline_binds_have_their_names():
    """Nothing is said where it binds all of them."""
    assert items_bound(CASE, Deadline("received", "R", days=1, items=("form",)))[0] == "记录表"
    assert items_bound(CASE, Deadline("received", "R", days=1)) == ("", "")


def test_a_condition_is_told_in_words():
    """Of the customer or of the dossier, with its values or with a yes."""
    assert condition_words(CASE, "customer.kind!=company")[0] == "客户性质不为单位"
    assert condition_words(CASE, "dossier.stage=a|b")[0] == "投诉时间为a或b"
    assert condition_words(CASE, "customer.special")[0] == "客户属于特定客户：是"
    assert condition_words(CASE, "dossier.stage") == ("投诉时间：是", "stage: yes")
    assert condition_words(CASE, "") == ("", "")


def test_a_condition_calls_values_as_their_scheme_does(pack_texts):
    """during is told as 消费中投诉 where the regulation's schemes are at hand."""
    pack = parse_pack(pack_texts["hotel-complaint.toml"], "hotel-complaint.toml")
    (kind,) = pack.rows(DossierType)
    told = [deadline_words(kind, due, pack.rows(Scheme))[0] for due in kind.deadlines]
    assert told[0].endswith("（投诉时间为消费中投诉）")
    assert told[1].endswith("（投诉时间为消费后投诉）")


def test_every_deadline_and_condition_of_the_packs_can_be_told(pack_texts):
    """No pack holds a form that `pack show` could not put into words."""
    packs = [parse_pack(text, name) for name, text in pack_texts.items()]
    kinds = [kind for pack in packs for kind in pack.rows(DossierType)]
    told = {due.unit for kind in kinds for due in kind.deadlines if all(deadline_words(kind, due))}
    assert told <= set(DEADLINE_FORMS)
    assert {"days_from", "stated_by"} <= told
    for kind in kinds:
        assert all(all(condition_words(kind, item.when)) for item in kind.items if item.when)
