"""S001-10, tenant files of a property management department: the checklist of eleven heads, order
by date of issue, receipts, loans, inspection, destruction."""

from datetime import date

import pytest

from policies.arrangement import Paper as Filed
from policies.arrangement import order_of, sorted_papers
from policies.checklist import Paper, review
from policies.deadlines import due_of
from policies.destruction import disposal_terms
from policies.handover import receipt_rules, receipt_terms
from policies.lending import loan_terms
from policies.routines import intervals, occurrences
from policies.rule_rows import Form, Routine
from policies.scope import in_filing_scope

SUPPLEMENT = "客户资料补充"
# The eleven heads in the order of the text; the fifth has six papers.
ELEVEN = [
    ("客户公司资料", ""),
    ("客户缴费记录（包括各样应付之押金）", ""),
    ("客户装修工程文件", ""),
    ("客户迁入时填具之资料", ""),
    ("客户联络资料", SUPPLEMENT),
    ("客户相关负责人身份证复印件", SUPPLEMENT),
    ("客户紧急联络人的资料", SUPPLEMENT),
    ("客户日常工作联系人的人事变迁资料", SUPPLEMENT),
    ("客户申请铭牌资料", SUPPLEMENT),
    ("客户公司营业执照副本复印件及年审资料", SUPPLEMENT),
    ("客户与管理中心往来文件", ""),
    ("客户违规事项与欠费记录", ""),
    ("客户请修记录", ""),
    ("客户投诉记录", ""),
    ("客户拜访、回访记录", ""),
    ("工程档案及施工方的相关资料（二次装修工程有关资料）", ""),
]
# What may satisfy each of them, by the names a clerk would write on the folder.
PAPERS = [
    "客户公司资料", "客户缴费记录", "客户装修工程文件", "迁入资料", "客户联络资料", "身份证复印件",
    "紧急联络人", "人事变迁资料", "铭牌申请", "营业执照副本复印件", "客户与管理中心往来文件",
    "欠费记录", "请修记录", "投诉记录", "租户拜访记录", "二次装修工程资料",
]  # fmt: skip
TODAY = date(2026, 3, 2)


def adopted(law, **settings):
    return law.policy("property", **settings)


def tenant(law, **settings):
    return adopted(law, **settings).dossier_type("租户档案")


def lacks(law, papers, keys, today=TODAY):
    """The titles of what a tenant's file lacks with `papers` (names, all filed today)."""
    policy = adopted(law)
    filed = [Paper(policy.document_type(name).id, today) for name in papers]
    found = review(tenant(law), filed, {}, keys, today)
    return [one.item.zh for one in found if any(lack.kind == "document" for lack in one.lacks)]


@pytest.mark.rule("S001-10-R05")
def test_the_tenants_file_has_eleven_heads_in_order(law):
    """Ten papers and a supplement of six, and nothing that the text does not name."""
    assert [(item.zh, item.group) for item in tenant(law).items] == ELEVEN


@pytest.mark.rule("S001-10-R05", "S001-10-R07")
def test_a_tenants_file_is_complete_with_one_paper_of_each(law):
    """Everything is missing at first, and nothing when each head has its paper."""
    assert lacks(law, [], {"second_fitout": "是"}) == [title for title, _ in ELEVEN]
    assert lacks(law, PAPERS, {"second_fitout": "是"}) == []
    assert lacks(law, PAPERS[:-2], {"second_fitout": "否"}) == ["客户拜访、回访记录"]


@pytest.mark.rule("S001-10-R05")
def test_engineering_papers_only_after_a_second_fit_out(law):
    """工程档案及施工方资料 belongs to a second fit-out."""
    assert ELEVEN[-1][0] not in lacks(law, [], {})
    assert lacks(law, PAPERS[:-1], {"second_fitout": "是"}) == [ELEVEN[-1][0]]


@pytest.mark.rule("S001-10-R05")
def test_the_licence_counts_for_its_year(law):
    """营业执照副本复印件及年审资料: reviewed every year, so last year's copy has expired."""
    policy = adopted(law)
    licence = policy.document_type("营业执照副本").id
    for filed, today, expired in (
        (date(2026, 1, 5), date(2026, 12, 31), False),
        (date(2025, 12, 31), date(2026, 1, 1), True),
    ):
        found = review(tenant(law), [Paper(licence, filed)], {}, {}, today)
        (one,) = [one for one in found if one.papers]
        assert [lack.kind for lack in one.lacks] == (["expired"] if expired else [])


@pytest.mark.rule("S001-10-R05")
def test_copies_deposits_and_alternatives(law):
    """Identity card and licence are photocopies; the payment record says every deposit."""
    items = {item.zh: item for item in tenant(law).items}
    copies = [title for title, item in items.items() if item.copy == "photocopy"]
    assert copies == ["客户相关负责人身份证复印件", "客户公司营业执照副本复印件及年审资料"]
    assert items["客户缴费记录（包括各样应付之押金）"].fields == ("各样应付之押金",)
    assert "附有年审资料" in items["客户公司营业执照副本复印件及年审资料"].verify
    policy = adopted(law)
    for title, names in (("客户拜访、回访记录", ("租户拜访记录", "客户回访记录表")),
                         ("客户请修记录", ("请修记录", "维修单"))):  # fmt: skip
        assert {policy.document_type(name).id for name in names} == set(items[title].types)


@pytest.mark.rule("S001-10-R05")
def test_papers_with_personal_data_say_so(law):
    """Contacts are personal data, and an identity card is sensitive."""
    policy = adopted(law)
    found = {name: policy.document_type(name).personal for name in
             ("客户联络资料", "紧急联络人", "人事变迁资料", "身份证复印件")}  # fmt: skip
    assert list(found.values()) == ["ordinary", "ordinary", "ordinary", "sensitive"]


@pytest.mark.rule("S001-10-R05")
def test_the_property_department_owes_the_papers(law):
    """物业部客户管理."""
    assert adopted(law).departments[tenant(law).department].zh == "物业部"


@pytest.mark.rule("S001-10-R06")
def test_paper_and_ink_are_looked_at_for_each_paper(law):
    """Paper and format conform; no ball-pen, pencil or pure-blue ink."""
    items = {item.zh: item for item in tenant(law).items}
    for title, _ in ELEVEN:
        assert "纸张、格式符合公司要求" in items[title].verify
        assert "没有用圆珠笔、铅笔、纯蓝墨笔书写" in items[title].verify


@pytest.mark.rule("S001-10-R06")
def test_a_paper_written_in_pencil_is_a_defect(law):
    """What a person found wanting is told, though the paper is there."""
    ink = "没有用圆珠笔、铅笔、纯蓝墨笔书写"
    paper = Paper(adopted(law).document_type("欠费记录").id, TODAY, lacking_fields=frozenset({ink}))
    found = review(tenant(law), [paper], {}, {}, TODAY)
    assert [lack.detail for one in found if one.papers for lack in one.lacks] == [ink]


@pytest.mark.rule("S001-10-R08")
def test_one_tenant_one_file(law):
    """Everything that concerns a tenant lies in the tenant's file."""
    kind = tenant(law)
    assert kind.kind == "tenant"
    assert [key.zh for key in kind.keys if key.required] == ["租户"]
    policy = adopted(law)
    for name in PAPERS:
        assert in_filing_scope(policy, policy.document_type(name).id, "property").inside, name
    ruling = in_filing_scope(policy, policy.document_type("维修单").id, "property")
    assert ruling.clauses == ("S001-10-R08",)


@pytest.mark.rule("S001-10-R09")
def test_prompt_filing_is_the_companys_number(law):
    """及时: no due date until the company says how many working days; then these are counted."""
    moved_in = {"moved_in": date(2026, 9, 29)}
    assert due_of(tenant(law), "company_info", moved_in, law.calendar) is None
    asked = {question.setting: question.clauses for question in adopted(law).questions}
    assert asked["tenant_filing_days"] == ("S001-10-R09",)
    settled = tenant(law, tenant_filing_days="5")
    due = due_of(settled, "company_info", moved_in, law.calendar)
    # 30 September, then National Day to the 7th; the 8th, 9th, Saturday 10th (made up), 12th.
    assert (due.day, due.clause) == (date(2026, 10, 12), "S001-10-R09")
    bound = [item.zh for item in settled.items
             if due_of(settled, item.id, moved_in, law.calendar)]  # fmt: skip
    assert bound == [ELEVEN[n][0] for n in (0, 1, 3, 4, 5, 6, 9)], "what exists at moving in"


@pytest.mark.rule("S001-10-R01")
def test_who_receives_signs_and_who_releases_signs(law):
    """A document sent to a customer is registered, signed by both, and filed."""
    policy = adopted(law)
    assert any(cited.row.both_sign for cited in receipt_rules(policy, "dispatch"))
    assert receipt_terms(policy, "dispatch").flow == (
        "登记",
        "发放人签字",
        "接收人签字",
        "整理归档",
    )
    sheet = policy.document_type("文件发放签收表")
    assert sheet.anywhere, "a signed sheet may be filed with any tenant"
    assert policy.find_type("客户往来文件") is not None
    (form,) = [c.row for c in policy.rows(Form) if c.row.of == "dispatch"]
    assert form.type == sheet.id
    assert {"发放人签字", "接收人签字"} <= set(form.columns)
    assert any("知会、报告、通知、通报" in column for column in form.columns)


@pytest.mark.rule("S001-10-R02")
def test_documents_are_arranged_as_often_as_the_company_says(law):
    """定期整理: no interval in the text, so the company must give one."""
    assert ("tenant_arranging_months", ("S001-10-R02",)) in [
        (question.setting, question.clauses) for question in adopted(law).questions
    ]
    policy = adopted(law, tenant_arranging_months="3")
    (row,) = [c.row for c in policy.rows(Routine) if c.row.of == "arrange"]
    found = occurrences(row, date(2026, 4, 1), date(2026, 12, 31), law.calendar,
                        intervals(policy), event_day=date(2026, 2, 10))  # fmt: skip
    assert found[0].due == date(2026, 5, 10)


@pytest.mark.rule("S001-10-R03")
def test_complaints_and_repair_calls_are_written_down(law):
    """Complaint calls on a record, repair calls on a 维修单, by the property department."""
    policy = adopted(law)
    for name in ("投诉记录", "维修单"):
        kind = policy.document_type(name)
        duties = policy.duties("register", doc_type=kind.id)
        assert [d.row.departments for d in duties] == [("property",)]
    assert policy.duties("register", doc_type="id_card") == ()


@pytest.mark.rule("S001-10-R10")
def test_papers_lie_in_the_order_of_their_date_of_issue(law):
    """按签发日期的先后顺序保存, with a detailed catalogue."""
    (cited,) = order_of(adopted(law), "tenant")
    assert cited.row.catalogued
    issued = {"a": "2026-03-05", "b": "2025-12-30", "c": "2026-03-04"}
    papers = [Filed(name, fields={"issue_date": day}) for name, day in issued.items()]
    assert [paper.id for paper in sorted_papers(papers, cited.row.order)] == ["b", "c", "a"]


@pytest.mark.rule("S001-10-R11")
def test_all_written_exchange_belongs_in_the_file(law):
    """往来文件 with the management company and related units, without omission."""
    letters = adopted(law).document_type("租户往来函件").id
    ruling = in_filing_scope(adopted(law), letters, "property")
    assert (ruling.inside, ruling.clauses) == (True, ("S001-10-R11",))
    assert letters in {name for item in tenant(law).items for name in item.types}


@pytest.mark.rule("S001-10-R12")
def test_receiving_transferring_and_lending_are_registered(law):
    """接收、转移、外借 each need the register."""
    for occasion in ("handover", "transfer", "lend"):
        assert "登记" in receipt_terms(adopted(law), occasion, "tenant").flow


@pytest.mark.rule("S001-10-R12")
def test_a_tenants_file_on_loan_comes_back_in_time(law):
    """规定时间内: the period is the company's number, and the question stays until it is given."""
    terms = loan_terms(adopted(law), "borrow", dossier_type="tenant")
    assert terms.days is None
    assert [question.setting for question in terms.open] == ["tenant_loan_days"]
    assert {"registration", "due_date"} <= set(terms.demands)
    settled = adopted(law, tenant_loan_days="10")
    assert loan_terms(settled, "take_out", dossier_type="tenant").days == 10
    assert loan_terms(settled, "borrow", dossier_type="other").days is None
    assert ("tenant_loan_days", ("S001-10-R12",)) in [
        (question.setting, question.clauses) for question in adopted(law).questions
    ]


@pytest.mark.rule("S001-10-R13")
def test_nothing_is_thrown_away(law):
    """不可随意乱丢: any document goes only by the procedure."""
    for dossier_type, grade in (("tenant", "SECRET"), ("other", "PUBLIC"), (None, None)):
        terms = disposal_terms(adopted(law), "violation_record", dossier_type, None, grade)
        assert terms.only_by_procedure
        assert "S001-10-R13" in terms.clauses


@pytest.mark.rule("S001-10-R14")
def test_confidential_papers_are_shredded_and_ordinary_ones_torn(law):
    """Tenant files count as confidential whatever their grade."""
    found = {
        (dossier, grade): disposal_terms(adopted(law), "id_card", dossier, None, grade).method
        for dossier in ("tenant", "other")
        for grade in ("TOP", "CONF", "SECRET", "INTERNAL", "PUBLIC")
    }
    torn = {("other", "INTERNAL"), ("other", "PUBLIC")}
    assert {key for key, method in found.items() if method == "tear"} == torn
    assert {method for key, method in found.items() if key not in torn} == {"shred"}


@pytest.mark.rule("S001-10-R15")
def test_stored_documents_are_inspected_as_often_as_the_company_says(law):
    """Damp, insects, corrosion; 定期 is the company's number of months."""
    assert ("storage_inspection_months", ("S001-10-R15",)) in [
        (question.setting, question.clauses) for question in adopted(law).questions
    ]
    policy = adopted(law, storage_inspection_months="6")
    (row,) = [c.row for c in policy.rows(Routine) if c.row.of == "inspection"]
    found = occurrences(row, date(2026, 2, 1), date(2027, 1, 31), law.calendar,
                        intervals(policy), event_day=date(2025, 8, 31))  # fmt: skip
    assert found[0].due == date(2026, 2, 28), "six months after the end of August"
    report = policy.document_type("检查报告")
    assert row.types == (report.id,)
    (form,) = [c.row for c in policy.rows(Form) if c.row.type == report.id]
    assert {"受潮", "蛀虫", "腐蚀"} <= set(form.fields)
