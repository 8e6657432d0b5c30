"""The registers and forms that the regulations name: each can be printed, by its own name."""

import pytest

from policies.rule_rows import Form

NAMED = {
    "auto-dealer": ("用户档案签收薄", "绿卡", "客户档案电子版"),
    "office-records": ("归档交接签收单", "档案借阅登记簿", "临时借用文件资料登记", "案卷类目",
                       "外单位人员查阅登记", "文件处理登记簿", "卷内文件目录", "卷内备考表"),
    "property": ("文件发放签收表",),
    "leasing": ("客户档案表", "客户信息登记表", "档案使用申请", "客户档案销毁记录"),
    "business-registration": ("客户基本信息表", "客户信息维护表"),
    "visit-centre": ("借阅卡", "客户资讯报告", "回访记录表", "年度检查计划"),
    "hotel-guest": ("宾客意见表",),
    "revisit": ("客户回访计划", "客户回访记录表", "客户回访报告表"),
    "hotel-complaint": ("客户投诉记录表", "顾客投诉统计分析报告表", "顾客投诉处理报告表"),
    "service-complaint": ("客户投诉记录表", "客户投诉报表"),
}  # fmt: skip


def form(law, pack, title):
    """The pack's form of this title."""
    found = [row for row in law.pack(pack).rows(Form) if row.zh == title]
    assert len(found) == 1, (pack, title)
    return found[0]


@pytest.mark.rule("S002-R16")
def test_the_report_of_the_first_monday_has_its_form(law):
    """《客户资讯报告》: the competitive situation of the customers, and what changed."""
    report = form(law, "visit-centre", "客户资讯报告")
    assert "客户所处的竞争性的经营环境" in report.fields
    assert law.policy("visit-centre").find_type(report.type).zh == "客户资讯报告"


@pytest.mark.rule("S002-R05")
def test_the_inspection_plan_of_the_year_has_its_form(law):
    """每年制定成果档案检查计划: a register of what is planned and what was done."""
    plan = form(law, "visit-centre", "年度检查计划")
    assert plan.of == "inspection_plan"
    assert {"计划检查日期", "实际检查日期"} <= set(plan.columns)
    assert law.policy("visit-centre").find_type(plan.type).zh == "检查计划"


@pytest.mark.rule("S001-1-R12", "S001-3-R06", "S001-6-R20", "S001-12-R11", "S001-13-R05")
def test_every_register_and_form_that_a_regulation_names_is_there(law):
    """Each title that the regulations put in 《》, and each register they describe, is a form."""
    for pack, titles in NAMED.items():
        for title in titles:
            assert form(law, pack, title).clause
