"""What the office records regulation says of collecting and filing (S001-1).

Each test names its rules and takes the one argument `law`. The facts are those of the
regulation's own text, never read from the pack. Borrowing is in `test_office_loans`, volumes in
`test_office_volumes`.
"""

from __future__ import annotations

from datetime import date

import pytest
from law import Law
from office import doing, role, the

from policies.approvals import Request, decide
from policies.checklist import lacking
from policies.destruction import disposal_terms
from policies.handover import receipt_rules, receipt_terms
from policies.lending import loan_terms
from policies.pack_rows import DefaultGrade, DocumentType, DossierType, Need, Role, Series
from policies.policy import Policy
from policies.rhythms import occurrences
from policies.routines import intervals, owed
from policies.rule_rows import FilingScope, Form, Provision, Receipt, Routine
from policies.scope import in_filing_scope

PACK = "office-records"


def of(law: Law, **settings: str) -> Policy:
    """The regulation with the grades it refers to."""
    return law.policy(PACK, "secrecy", **settings)


def head(law: Law, article: int, *names: str) -> FilingScope:
    """The head of the filing scope with this article; all `names` are found in it, no others.

    Each must be a paper of this regulation, and may lie in the year's volume without being asked.
    """
    policy = of(law)
    found: FilingScope = the(law, PACK, FilingScope, number=article)
    asked = {name: item for item in policy.dossier_type("年度案卷").items for name in item.types}
    for name in names:
        paper = policy.find_type(name)
        assert paper is not None, name
        assert paper.id in found.types, name
        assert found in [cited.row for cited in in_filing_scope(policy, paper.id).heads]
        assert asked[paper.id].required == "optional"
        assert the(law, PACK, DocumentType, id=paper.id)
    assert len(found.types) == len(names)
    return found


# ── 总则 / General ────────────────────────────────────────────────────────────


@pytest.mark.rule("S001-1-R01")
def test_office_documents_and_audio_visual_records_are_the_two_series(law):
    """文书档案、声像档案 are what the regulation is about."""
    policy = of(law)
    for dossier, series in (("年度案卷", "文书档案"), ("年度声像档案", "声像档案")):
        assert policy.dossier_type(dossier).series == the(law, PACK, Series, zh=series).id
    assert the(law, PACK, Series, zh="文书档案").category == "WS"


@pytest.mark.rule("S001-1-R02")
def test_the_administrative_assistant_supervises_filing(law):
    """行政助理负责档案的归档监督和日常管理工作."""
    assert "行政助理" in doing(law, PACK, "supervise")


@pytest.mark.rule("S001-1-R03")
def test_heads_of_department_appoint_custodians_who_are_put_on_record(law):
    """专人负责收集保管并监督其及时归档; 名单报总经理办公室档案室备案, changes at once."""
    policy = of(law)
    (appointing,) = policy.duties("appoint")
    assert appointing.row.registered
    assert doing(law, PACK, "appoint") == {"部门负责人"}
    assert "部门档案员" in doing(law, PACK, "keep")
    assert "部门档案员" in doing(law, PACK, "supervise")
    assert policy.departments["gm_office"].zh == "总经理办公室"
    register = the(law, PACK, Form, of="custodians")
    assert {"系统或部门", "保管人", "备案日期", "变动日期"} <= set(register.columns)


@pytest.mark.rule("S001-1-R04")
def test_whoever_moves_or_leaves_hands_everything_over(law):
    """应将经办或保管的档案资料向接办人员交接清楚，不得擅自带走."""
    policy = of(law)
    for occasion in ("transfer", "leaving"):
        terms = receipt_terms(policy, occasion)
        assert role(law, PACK, "接办人员") in terms.receivers
        assert "S001-1-R04" in terms.clauses
    assert "return_before_leaving" in loan_terms(policy, "borrow").demands


@pytest.mark.rule("S001-1-R04")
def test_nobody_destroys_on_his_own(law):
    """不得擅自销毁: only a procedure destroys, and this regulation lets nobody approve one."""
    policy = of(law)
    assert disposal_terms(policy, "work_plan", "year_volume").only_by_procedure
    assert not decide(policy, Request("destroy")).allowed


@pytest.mark.rule("S001-1-R07")
def test_backups_come_as_often_as_the_company_says(law):
    """定期进行备份 gives no number: without one nothing is due and the question is open."""
    backup = the(law, PACK, Routine, of="backup")
    assert backup.every_from in {question.setting for question in of(law).questions}
    assert the(law, PACK, Need, id=backup.every_from).kind == "days"
    span = (date(2026, 5, 2), date(2026, 5, 20), law.calendar)
    assert occurrences(backup, *span, {}) == ()
    said = intervals(of(law, **{backup.every_from: "7"}))
    due = [one.due for one in occurrences(backup, *span, said, date(2026, 5, 1))]
    assert due == [date(2026, 5, 8), date(2026, 5, 15)]


# ── 收集管理 / Collecting ─────────────────────────────────────────────────────


@pytest.mark.rule("S001-1-R08")
def test_official_documents_are_collected_and_kept_by_the_general_managers_office(law):
    """凡公司缮印的公文一律由总经理办公室统一收集保管."""
    for name in ("对外正式发文", "对上请示", "规章制度", "任免文件"):
        paper = of(law).document_type(name).id
        assert "总经理办公室" in doing(law, PACK, "collect", doc_type=paper)
        assert "总经理办公室" in doing(law, PACK, "keep", doc_type=paper)
    letter = of(law).document_type("信访资料").id
    assert "总经理办公室" not in doing(law, PACK, "keep", doc_type=letter)


@pytest.mark.rule("S001-1-R09")
def test_a_matter_of_several_departments_is_the_lead_departments(law):
    """由主办部门收集保管."""
    assert "主办部门" in doing(law, PACK, "collect")
    assert "主办部门" in doing(law, PACK, "keep")


@pytest.mark.rule("S001-1-R09")
def test_meeting_papers_go_from_the_convening_department_to_the_office(law):
    """会议文件由会议召集部门收集整理后交总经理办公室统一收集保管."""
    meeting = of(law).dossier_type("重要会议档案").id
    assert "会议召集部门" in doing(law, PACK, "collect", dossier_type=meeting)
    assert "会议召集部门" in doing(law, PACK, "arrange", dossier_type=meeting)
    assert "总经理办公室" in doing(law, PACK, "keep", dossier_type=meeting)
    assert "会议召集部门" not in doing(law, PACK, "collect", dossier_type="year_volume")
    terms = receipt_terms(of(law), "handover", meeting)
    assert role(law, PACK, "会议召集部门") in terms.givers
    assert "gm_office" in terms.receivers


@pytest.mark.rule("S001-1-R10")
def test_travel_expenses_wait_for_the_archivists_signature(law):
    """档案员签字认可后会计部才可交予核报差旅费."""
    row = the(law, PACK, Receipt, gate="会计部核报差旅费")
    assert receipt_terms(of(law), "handover", "year_volume").gates == (row.gate,)
    assert row.flow[-2:] == ("档案员签字认可", "会计部核报差旅费")
    assert row.receivers == (role(law, PACK, "部门档案员"),)
    assert row.givers == (role(law, PACK, "外出培训、学习、考察、开会的员工"),)


@pytest.mark.rule("S001-1-R11")
def test_the_department_archivist_knows_and_collects_what_is_to_be_filed(law):
    """掌握本部门的文件资料的归档范围，收集保管本部门的文件资料."""
    assert "部门档案员" in doing(law, PACK, "collect")
    assert role(law, PACK, "部门档案员")
    assert in_filing_scope(of(law), "handover_receipt").inside is False
    articles = [row.number for row in law.pack(PACK).rows(FilingScope)]
    assert articles == [5, 6, 8, 9, 10, 11, 12, 13, 14, 15]


@pytest.mark.rule("S001-1-R12")
def test_the_month_is_filed_by_the_tenth(law):
    """每月的10日前归档完毕: the 10th is in time, the 11th is not, holiday or no."""
    routine = the(law, PACK, Routine, monthly_day=10)
    span = (date(2026, 9, 1), date(2026, 11, 30), law.calendar)
    due = [one.due for one in occurrences(routine, *span, {})]
    assert due == [date(2026, 9, 10), date(2026, 10, 10), date(2026, 11, 10)]

    def state(today: date, *done: date) -> str:
        rows = owed(of(law), law.calendar, today, {routine.id: done}, since=date(2026, 9, 1))
        return next(row.state for row in rows if row.cited.row == routine)

    assert state(date(2026, 9, 10), date(2026, 9, 10)) == "done"
    assert state(date(2026, 9, 10)) == "open"
    assert state(date(2026, 9, 11)) == "overdue"


@pytest.mark.rule("S001-1-R12")
def test_the_month_is_signed_over_to_the_offices_archivist(law):
    """并向总经理办公室档案员办好交接签收手续."""
    routine = the(law, PACK, Routine, monthly_day=10)
    receiver = role(law, PACK, "总经理办公室档案员")
    assert routine.to == receiver
    assert routine.roles == (role(law, PACK, "部门档案员"),)
    assert routine.types == (the(law, PACK, DocumentType, zh="资料交接单").id,)
    signed = [c.row for c in receipt_rules(of(law), "handover", "year_volume") if c.row.both_sign]
    assert [row.receivers for row in signed] == [(receiver,)]
    receipt = the(law, PACK, Form, of="receipts")
    assert receipt.signatures == ("移交人", "接收人")
    assert receipt.type == routine.types[0]


@pytest.mark.rule("S001-1-R13")
def test_a_case_officer_borrows_working_papers_by_registration(law):
    """办理临时借用文件资料登记手续: nobody is asked, the loan is entered."""
    decision = decide(of(law), Request("borrow", relation="owner", purpose="temporary"))
    assert decision.allowed
    assert decision.free
    assert decision.register
    assert "S001-1-R13" in loan_terms(of(law), "temporary").clauses
    assert "registration" in loan_terms(of(law), "temporary").demands
    register = the(law, PACK, Form, of="temporary_loans")
    assert the(law, PACK, Role, zh="承办人员").zh in register.columns


# ── 归档范围 / Filing scope ───────────────────────────────────────────────────


@pytest.mark.rule("S001-1-R14")
def test_article_5_important_meetings_and_assets(law):
    """重要会议资料, 人事档案、工程图纸、技术资料、固定资产清单."""
    head(
        law, 5, "通知", "会议报告", "决议", "总结", "领导人讲话", "典型发言", "会议简报",
        "会议记录", "会议纪要", "人事档案", "工程图纸", "技术资料", "固定资产清单",
    )  # fmt: skip


@pytest.mark.rule("S001-1-R14")
def test_an_important_meeting_leaves_nine_papers(law):
    """包括会议的通知、报告、决议、总结、领导人讲话、典型发言、会议简报、会议记录、会议纪要."""
    kind = of(law).dossier_type("重要会议档案")
    named = [
        "通知",
        "报告",
        "决议",
        "总结",
        "领导人讲话",
        "典型发言",
        "会议简报",
        "会议记录",
        "会议纪要",
    ]
    assert [item.zh for item in kind.items] == named
    left = lacking(kind, {"meeting_notice", "meeting_minutes", "meeting_record"})
    assert len(left) == 6


@pytest.mark.rule("S001-1-R15")
def test_article_6_superior_bodies(law):
    """上级机关来的决定、决议、指示、命令、条例、规定、计划等."""
    head(
        law,
        6,
        *(f"上级{kind}" for kind in ("决定", "决议", "指示", "命令", "条例", "规定", "计划")),
    )


@pytest.mark.rule("S001-1-R16")
def test_article_8_outgoing_papers_requests_and_reports(law):
    """对外的正式发文与来往文书, 请示与批复, 主要工作活动的报告、总结."""
    head(
        law, 8, "对外正式发文", "来往文书", "对上请示", "上级批复", "主要工作活动报告",
        "主要工作活动总结",
    )  # fmt: skip


@pytest.mark.rule("S001-1-R17")
def test_article_9_internal_papers(law):
    """工作计划、总结、报告、请示、批复、统计报表、重要工作记录（表单）及工作简报."""
    head(
        law, 9, "工作计划", "工作总结", "工作报告", "内部请示", "内部批复", "统计报表",
        "重要工作记录", "工作简报",
    )  # fmt: skip


@pytest.mark.rule("S001-1-R18")
def test_article_10_visitors_and_petitions(law):
    """来人来访及信访工作资料."""
    head(law, 10, "来人来访资料", "信访工作资料")


@pytest.mark.rule("S001-1-R19")
def test_article_11_contracts_and_agreements(law):
    """公司与有关单位签订的合同、协议书, whatever another regulation calls them."""
    found = head(law, 11, "合同文本", "协议书")
    assert found.classes == ("contract", "agreement")
    grades = {of(law).default_grade(name).grade.zh for name in found.types}
    assert grades == {"秘密"}


@pytest.mark.rule("S001-1-R20")
def test_article_12_appointments_rewards_and_discipline(law):
    """管理人员任免的文件资料以及关于员工奖励、处分的文件资料."""
    head(law, 12, "任免文件", "员工奖惩文件")


@pytest.mark.rule("S001-1-R21")
def test_article_13_rules(law):
    """各种规章制度、实施细则、程序文件."""
    head(law, 13, "规章制度", "实施细则", "程序文件")


@pytest.mark.rule("S001-1-R22")
def test_article_14_history_pictures_and_sound(law):
    """历史沿革、大事记及反应公司重要活动简报、照片、录音、录像等."""
    head(law, 14, "历史沿革", "大事记", "重要活动简报", "活动照片", "活动录音", "活动录像")
    media = [of(law).document_type(name).media for name in ("活动照片", "活动录音", "活动录像")]
    assert media == ["image", "audio", "video"]


@pytest.mark.rule("S001-1-R01", "S001-1-R22")
def test_pictures_and_sound_have_a_file_of_their_own(law):
    """声像档案 of a year: photographs, audio and video."""
    kind = the(law, PACK, DossierType, zh="年度声像档案")
    assert kind.kind == "year"
    assert [item.zh for item in kind.items] == ["照片", "录音", "录像"]


@pytest.mark.rule("S001-1-R23")
def test_article_15_is_whatever_the_secrecy_regulation_keeps_secret(law):
    """公司保密制度中规定的保密范围材料: every class it grades, and no ordinary paper."""
    found = the(law, PACK, FilingScope, number=15)
    secret = law.pack("secrecy")
    listed = {name for row in secret.rows(FilingScope) if row.secret for name in row.classes}
    graded = {
        name
        for row in secret.rows(DefaultGrade)
        if row.grade in ("TOP", "CONF", "SECRET")
        for name in row.classes
    }
    assert listed | graded == set(found.classes)
    with_dealer = law.policy(PACK, "secrecy", "auto-dealer")
    assert in_filing_scope(with_dealer, "business_licence").clauses == ("S001-1-R23",)


# ── 原文残缺 / Gaps in the text ───────────────────────────────────────────────


@pytest.mark.rule("S001-1-R16", "S001-1-R27", "S001-1-R31", "S001-1-R47")
def test_what_the_text_lacks_is_said(law):
    """Article 7, the end of 19, the order of 23 and the first article of chapter 4 are missing."""
    gaps = [row.zh for row in law.pack(PACK).rows(Provision) if row.about == "gap"]
    for number, place in enumerate(("第七条", "第十九条", "第二十三条", "第四章")):
        assert place in gaps[number]
