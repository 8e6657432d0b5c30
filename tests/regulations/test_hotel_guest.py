"""S001-11, guest history of a hotel: its three parts, their fields, the daily opinion sheet."""

from datetime import date, timedelta

import pytest

from policies.checklist import Paper, review
from policies.customers import profile_gaps, profiles
from policies.pack_rows import Role
from policies.routines import occurrences, owed
from policies.rule_rows import Form, Routine

UNIT = [
    "单位名称", "性质", "经营内容", "地址", "负责人姓名", "联系人姓名", "联系方式", "主要消费需求",
    "认定的房价", "消费折扣率", "付款方式",
]  # fmt: skip
INDIVIDUAL = [
    "姓名", "性别", "出生年月日", "所属单位", "常住地", "有效身份证件类别", "有效身份证件号码",
    "联系方式", "到达原因", "入住房价", "入住时间", "付款方式",
]  # fmt: skip
PREFERENCES = [
    "家庭状况", "学历", "职称", "职务", "对客房房型的要求", "洗浴用品的品牌追求", "枕头高低",
    "床垫软硬度", "阅读习惯", "电视节目", "娱乐喜好", "饮食习惯", "口味特征", "茶叶爱好",
    "咖啡爱好", "酒类爱好", "灯光", "空调温度", "洗澡水热度要求", "卫生标准", "个人其它嗜好",
    "对酒店产品与服务的评价",
]  # fmt: skip
ANALYSES = {
    "客户概况分析": ("客户层次", "经济风险", "爱好", "习惯"),
    "客户忠诚度分析": ("对酒店各项服务产品的认同度", "购买热情"),
    "客户利润分析": ("附加利润", "总利润额", "净利润"),
    "客户未来分析": ("客户数量", "类别", "潜在消费能力", "争取客户的手段、方法"),
    "客户促销分析": ("广告", "宣传", "情感沟通计划"),
    "客户维护服务": ("店庆", "婚庆", "厂庆", "生日", "特殊意义纪念节日", "儿女升学"),
}
TODAY = date(2026, 4, 6)


def adopted(law):
    return law.policy("hotel-guest")


def registered(law, kind):
    """Chinese label → field, of everything registered of a guest of this kind."""
    found = profiles(adopted(law), {"kind": kind})
    return {field.zh: field for cited in found for field in cited.row.fields}


def lacks(law, kind, names):
    """(group, title) of what a guest's history lacks with papers of these names."""
    policy = adopted(law)
    filed = [Paper(policy.document_type(name).id, TODAY) for name in names]
    found = review(policy.dossier_type("客史档案"), filed, {"kind": kind}, {}, TODAY)
    return [(one.item.group, one.item.zh) for one in found if one.lacks]


@pytest.mark.rule("S001-11-R01")
def test_a_unit_gives_eleven_things_with_its_agreement(law):
    """单位客户档案: what both sides wrote down when the agreement was signed."""
    missing = [gap.field.zh for gap in profile_gaps(adopted(law), {"kind": "company"})]
    assert missing == UNIT
    known = {"kind": "company", "name": "东方旅行社", "contact": "张三", "phone": "13900001111"}
    rest = [gap.field.zh for gap in profile_gaps(adopted(law), known)]
    assert set(UNIT) - set(rest) == {"单位名称", "联系人姓名", "联系方式"}
    fields = registered(law, "company")
    people = [name for name in UNIT if fields[name].personal != "none"]
    assert people == ["负责人姓名", "联系人姓名", "联系方式"]


@pytest.mark.rule("S001-11-R01")
def test_a_unit_has_a_corporate_sheet_and_no_individual_one(law):
    """单位客户档案 is asked of companies only, and is itself a document with personal data."""
    assert ("常规档案", "单位客户档案") in lacks(law, "company", [])
    assert ("常规档案", "单位客户档案") not in lacks(law, "person", [])
    assert adopted(law).document_type("单位客户登记表").personal == "ordinary"


@pytest.mark.rule("S001-11-R02")
def test_an_individual_guest_gives_twelve_things_at_booking_and_check_in(law):
    """散客档案: all of it personal information, the number of the identity document sensitive."""
    missing = [gap.field.zh for gap in profile_gaps(adopted(law), {"kind": "person"})]
    assert missing == INDIVIDUAL
    known = {"kind": "person", "name": "王芳", "phone": "13900001111"}
    rest = [gap.field.zh for gap in profile_gaps(adopted(law), known)]
    assert set(INDIVIDUAL) - set(rest) == {"姓名", "联系方式"}
    fields = registered(law, "person")
    assert all(fields[name].personal != "none" for name in INDIVIDUAL)
    assert fields["有效身份证件号码"].personal == "sensitive"


@pytest.mark.rule("S001-11-R02")
def test_an_individual_guest_has_his_own_sheet(law):
    """散客档案 is asked of persons only."""
    assert ("常规档案", "散客档案") in lacks(law, "person", [])
    assert ("常规档案", "散客档案") not in lacks(law, "company", [])
    assert adopted(law).document_type("住宿登记表").personal == "sensitive"


@pytest.mark.rule("S001-11-R03")
def test_preferences_are_registered_when_known_and_always_sensitive(law):
    """消费个性化档案: collected in passing, so never missed; telling together, so guarded."""
    for kind in ("person", "company"):
        fields = registered(law, kind)
        assert [name for name in fields if name in PREFERENCES] == PREFERENCES
        assert {fields[name].personal for name in PREFERENCES} == {"sensitive"}
        assert not any(fields[name].required for name in PREFERENCES)
    assert ("消费个性化档案", "消费个性化档案") in lacks(law, "person", [])
    assert adopted(law).document_type("个性化档案").personal == "sensitive"


@pytest.mark.rule("S001-11-R04")
def test_a_guest_is_analysed_in_six_ways(law):
    """Overview, loyalty, profit, outlook, promotion, care, each with what it looks at."""
    history = adopted(law).dossier_type("guest_history")
    found = {item.zh: item.fields for item in history.items if item.group == "客户信息分析档案"}
    assert list(found.items()) == list(ANALYSES.items())
    assert lacks(law, "person", ["散客档案", "消费个性化档案", *ANALYSES]) == []


@pytest.mark.rule("S001-11-R05")
def test_only_the_three_parts_together_are_a_history(law):
    """Without any one of the three the history is not complete; with all of them it is."""
    for kind, sheet in (("person", "散客档案"), ("company", "单位客户档案")):
        parts = {
            "常规档案": [sheet],
            "消费个性化档案": ["消费个性化档案"],
            "客户信息分析档案": list(ANALYSES),
        }
        papers = [name for part in parts.values() for name in part]
        assert lacks(law, kind, papers) == []
        for group, own in parts.items():
            others = [name for name in papers if name not in own]
            assert lacks(law, kind, others) == [(group, title) for title in own]
    assert adopted(law).dossier_type("guest_history").kind == "guest"


@pytest.mark.rule("S001-11-R07")
def test_the_opinion_sheet_is_filled_in_every_day(law):
    """每天: working days, weekends and Spring Festival alike, until the end of the day."""
    (row,) = [c.row for c in adopted(law).rows(Routine) if c.row.of == "register"]
    found = occurrences(row, date(2026, 2, 13), date(2026, 2, 23), law.calendar, {})
    assert [one.due for one in found] == [date(2026, 2, 13) + timedelta(n) for n in range(11)]
    assert row.types == (adopted(law).document_type("宾客意见表").id,)
    days = [date(2026, 2, 13) + timedelta(n) for n in range(11) if n != 4]
    states = owed(adopted(law), law.calendar, date(2026, 2, 24), {row.id: days}, days[0])
    missed = next(one for one in states if one.state == "overdue")
    assert (missed.missed, missed.occurrence.due) == (1, date(2026, 2, 17))


@pytest.mark.rule("S001-11-R07")
def test_managers_and_staff_who_meet_guests_fill_it_in(law):
    """各部门各级管理者及对客服务的员工."""
    policy = adopted(law)
    (row,) = [c.row for c in policy.rows(Routine) if c.row.of == "register"]
    words = {c.row.id: c.row.zh for c in policy.rows(Role)}
    assert [words[role] for role in row.roles] == ["各部门各级管理者", "对客服务员工"]
    assert [policy.departments[name].zh for name in row.departments] == ["对客各部门"]


@pytest.mark.rule("S001-11-R07")
def test_the_opinion_sheet_asks_what_staff_notice(law):
    """Information and needs; what housekeeping and catering should notice; fit for any dossier."""
    policy = adopted(law)
    sheet = policy.document_type("宾客意见表")
    assert (sheet.anywhere, sheet.personal) == (True, "sensitive")
    (form,) = [c.row for c in policy.rows(Form) if c.row.type == sheet.id]
    assert {
        "客户信息", "客户需求", "枕头使用的个数", "茶叶的类别", "电视停留的频道", "空调调节的温度",
        "客房配备物品的利用情况", "菜品选择的种类、味别", "酒水的品牌", "遗留菜品的数量",
        "对酱油、醋、咸菜等的要求",
    } <= set(form.fields)  # fmt: skip
