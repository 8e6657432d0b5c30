"""`ask` against the texts of the regulations, and the promises its answers make."""

import pytest

OWN = """
[pack]
id = "own"
version = "1"
zh = "公司规定"
en = "own rules"
source = "own"
kind = "company"
effective_from = 2026-01-01
[[penalty]]
id = "attitude"
zh = "服务态度不佳"
en = "bad manners"
on = "attitude"
who = ["staff"]
per = "time"
points = 2
notice = true
clause = "OWN-1"
"""


def ask(home, *words, code=0):
    return home.json("ask", *words, code=code)


def steps(answer):
    return [f"{step['role']}:{step['act']}" for step in answer["steps"]]


def packs(answer):
    """Each pack without its version, which must be there."""
    return [name for name, _, version in (p.partition("@") for p in answer["packs"]) if version]


@pytest.mark.parametrize(
    ("words", "expected", "clauses"),
    [
        # S001-4-R18, R19, R21: a document type goes before a grade.
        ("copy --grade TOP --pack secrecy", ["group_gm:approve"], ["S001-4-R18"]),
        ("copy --grade 机密 --pack secrecy", ["subsidiary_gm:approve"], ["S001-4-R19"]),
        ("copy --grade SECRET --type 营业执照 --pack secrecy auto-dealer",
         ["department_manager:approve"], ["S001-4-R21"]),
        # S001-6-R15, R17: reviewed, then approved.
        ("borrow --pack leasing", ["leasing_head:review", "general_manager:approve"],
         ["S001-6-R15"]),
        ("destroy --pack leasing", ["leasing_head:review", "general_manager:approve"],
         ["S001-6-R17"]),
        # S002-R24: three approvals, each by itself.
        ("destroy --pack visit-centre",
         ["revisit_director:approve", "admin_manager:approve", "general_manager:approve"],
         ["S002-R24"]),
        # S001-1-R43: the requester's own leader, then the head of the archive.
        ("view --relation sister_company --pack office-records",
         ["department_head:certify", "archive_head:approve"], ["S001-1-R43"]),
        # S001-14-R08, R09.
        ("view --pack business-registration", ["department_manager:approve"], ["S001-14-R08"]),
        ("view --relation other_dept --pack business-registration",
         ["general_manager:approve"], ["S001-14-R09"]),
    ],
)  # fmt: skip
def test_approvals_follow_the_regulation(home, words, expected, clauses):
    """Steps in order, the clause, and the pack with its version."""
    answer = ask(home, "approval", *words.split())
    assert (answer["allowed"], steps(answer), answer["clauses"]) == (True, expected, clauses)
    assert all("@" in pack for pack in answer["packs"]) and answer["packs"]


def test_what_no_regulation_allows_ends_with_four(home):
    """The archive's own packs say nothing of exporting: not allowed, in both languages."""
    answer = ask(home, "approval", "export", code=4)
    assert (answer["allowed"], answer["reason"], answer["steps"]) == (False, "no-rule", [])
    assert "导出" in answer["reason_zh"] and "export" in answer["reason_en"]
    assert home.run("ask", "approval", "export").code == 4


def test_a_paper_is_asked_about_with_its_usual_grade(home):
    """A green card is graded by the company's word for what no clause grades; then R17 speaks."""
    answer = ask(home, "approval", "view", "--type", "绿卡")
    assert (answer["grade"], answer["free"], answer["clauses"]) == ("SECRET", True, ["S001-4-R17"])
    answer = ask(home, "approval", "view", "--type", "绿卡", "--grade", "绝密")
    assert (answer["grade"], steps(answer)) == ("TOP", ["group_gm:approve"])


def test_regulations_that_contradict_end_with_four_until_the_company_decides(home):
    """The open question names the setting and the clauses; --set supposes an answer."""
    words = ("approval", "view", "--pack", "leasing", "office-records")
    (question,) = ask(home, *words, code=4)["open"]
    assert (question["setting"], question["contradiction"]) == ("approval.view", True)
    assert question["clauses"] == ["S001-6-R14", "S001-1-R42"]
    assert steps(ask(home, *words, "--set", "approval.view=leasing")) == [
        "general_manager:approve"
    ]  # fmt: skip
    both = ask(home, *words, "--set", "approval.view=all")
    assert steps(both) == ["general_manager:approve", "department_head:approve"]


def test_an_archive_answers_from_its_own_packs(home):
    """Without --pack the packs in force speak, and --set supposes on top of them."""
    answer = ask(home, "approval", "copy", "--grade", "秘密")
    assert packs(answer) == ["secrecy"]
    assert answer["know"] and answer["loan"]["forbids"] == ["copy_privately"]


def test_outside_an_archive_packs_must_be_named(home, tmp_path):
    """With --pack no archive and no key are needed; without, the hint says so."""
    nowhere = {"ARCHIVIST_ARCHIVE": str(tmp_path)}
    assert home.run("ask", "checklist", "new_car", "--pack", "auto-dealer", **nowhere).code == 0
    missing = home.run("ask", "checklist", "new_car", **nowhere)
    assert (missing.code, "--pack" in missing.err) == (10, True)


def test_the_checklist_of_a_new_car_is_the_regulation_s(home):
    """Twelve papers, the twelfth only for particular customers; both sides of the identity card."""
    plain = ask(home, "checklist", "新车档案")
    special = ask(home, "checklist", "new_car", "--field", "special=是")
    asked = [row["item"] for row in plain["items"] if row["asked"]]
    assert (len(asked), len(special["items"]), packs(plain)) == (11, 12, ["auto-dealer"])
    assert all(row["asked"] for row in special["items"])
    identity = next(row for row in plain["items"] if row["item"] == "identity")
    assert (identity["sides"], identity["copy"], identity["clause"]) == (
        2, "photocopy", "S001-3-R13"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "event", "due"),
    [
        ("new_car", "sale=2026-03-05", "2026-03-10"),  # R11: three working days, over a weekend
        ("new_car", "sale=2026-09-30", "2026-10-10"),  # National Day, a make-up Saturday
        ("maintenance", "delivery=2026-03-06", "2026-03-09"),  # R14: one working day, from a Friday
    ],
)
def test_due_days_are_counted_from_the_event(home, kind, event, due):
    """Every paper with its day, clause and whether it is late."""
    answer = ask(home, "due", kind, "--event", event, "--on", due)
    assert {row["due"] for row in answer["due"]} == {due}
    assert not any(row["overdue"] for row in answer["due"])
    late = ask(home, "due", kind, "--event", event, "--on", "2026-12-01")
    assert all(row["overdue"] and row["clause"] for row in late["due"])


def test_an_event_that_did_not_happen_is_named(home):
    """Without a sale nothing is due, and the answer says what it waits for."""
    answer = ask(home, "due", "new_car")
    assert {(row["due"], *row["waits_for"]) for row in answer["due"]} == {(None, "sale")}


def test_an_event_is_found_by_its_label(home):
    """销售 is the sale."""
    kind = home.json("pack", "show", "auto-dealer")["dossier_types"][0]
    assert "sale" in kind["events"]
    wrong = home.run("ask", "due", "new_car", "--event", "wedding=2026-03-05")
    assert (wrong.code, "sale" in wrong.err) == (2, True)


def test_a_floor_of_the_law_is_cited(home):
    """The leasing regulation keeps ten years from an event that the company names."""
    words = ("keep", "customer_closed", "--pack", "leasing", "--event", "closed=2024-02-29")
    waiting = ask(home, *words)
    assert (waiting["until"], waiting["open"][0]["setting"]) == (None, "leasing_retention_start")
    known = ask(home, *words, "--set", "leasing_retention_start=closed")
    assert (known["years"], known["until"], known["clauses"]) == (10, "2034-02-28", ["S001-6-R16"])
    assert known["disposal"]["register"] is True


def test_a_dealer_s_sales_file_is_kept_ten_years_by_law(home):
    """S001-3 gives no period; the statutory floor does, and says so."""
    answer = ask(home, "keep", "sales_contract", "--dossier-type", "new_car", "--event",
                 "closed=2026-03-05", "--pack", "auto-dealer", "statutory-floors")  # fmt: skip
    assert (answer["until"], answer["floor"]["clause"]) == ("2036-03-05", "商务部令2017-1")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("meeting --date opened=2025-12-30 --date closed=2026-01-02", 2025),  # R38: opening year
        ("会议 --date opened=2025-12-30", 2025),
        ("plan --date first_target=2026 --date last_target=2030", 2026),  # R36
        ("summary --date first_target=2021 --date last_target=2025", 2025),  # R37
        ("request --date requested=2025-12-20 --date replied=2026-01-08", 2026),  # R35
        ("request --date requested=2025-12-20", 2025),
    ],
)
def test_years_follow_the_regulation(home, words, expected):
    """Days or plain years, by the matter's Chinese or English name."""
    answer = ask(home, "year", *words.split(), "--pack", "office-records")
    assert (answer["year"], packs(answer)) == (expected, ["office-records"])


def test_the_date_that_decides_is_asked_for(home):
    """A plan's day of issue does not decide; an unknown date's name is refused with the list."""
    answer = ask(home, "year", "plan", "--date", "issued=2025-11-01", "--pack", "office-records")
    assert (answer["year"], answer["lacks"]) == (None, "first_target")
    wrong = home.run("ask", "year", "plan", "--date", "born=2025", "--pack", "office-records")
    assert (wrong.code, "first_target" in wrong.err) == (2, True)


LATE = "late_or_incomplete_set"


@pytest.mark.parametrize(
    ("codes", "role", "amounts"),
    [
        ([f"{LATE}@2026-03-0{day}" for day in (2, 3, 4, 5)], "service_adviser",
         [50, 50, 100, 100]),
        (["late_new_car@2026-03-02", "late_new_car@2026-03-09"], "销售顾问", [50, 100]),
        (["late_new_car@2026-03-02", "late_new_car@2026-04-01"], "sales_adviser", [50, 50]),
        (["no_customer_signature:结算单", "no_internal_signature:结算单"], "service_adviser",
         [50, 20]),
        (["lost_or_damaged*3"], "borrower", [60]),
    ],
)  # fmt: skip
def test_penalties_agree_with_the_regulation_s_vectors(home, codes, role, amounts):
    """Doubling by month and role, two defects of one paper, loss by the piece."""
    answer = ask(home, "penalty", *codes, "--role", role)
    assert [row["amount"] for row in answer["penalties"]] == amounts
    (total,) = answer["totals"]
    assert total["amount"] == sum(amounts)
    assert all(row["clauses"] and row["packs"] for row in answer["penalties"])


def test_each_role_that_a_penalty_names_stands_by_itself(home):
    """Whom a loss falls on is not guessed, and one role's penalty doubles nobody else's."""
    answer = ask(home, "penalty", "lost_or_damaged")
    assert {row["amount"] for row in answer["totals"]} == {20}
    assert len(answer["totals"]) > 1


@pytest.mark.parametrize("code", ["nonsense", "late_new_car@2026-13-01", "late_new_car*0"])
def test_a_violation_that_cannot_be_read_is_refused(home, code):
    """Exit code 2, with what could be written."""
    ran = home.run("ask", "penalty", code)
    assert (ran.code, ran.out) == (2, b"")


@pytest.mark.parametrize(
    ("name", "grade", "period", "until"),
    [
        ("销售合同", "SECRET", "3年", "2029-02-28"),  # S001-4-R11
        ("营业执照", "SECRET", "18个月", "2027-08-28"),
        ("机密", "CONF", "长期", None),
        ("绿卡", "SECRET", None, None),  # in scope, and no period said
    ],
)
def test_a_secret_is_marked_for_a_time_and_then_ends_by_itself(home, name, grade, period, until):
    """S001-4-R12, R13: who fixes grade and period, until when; what is unsaid is asked."""
    words = ("--set", f"secrecy_period_{grade.lower()}={period}") if period else ()
    answer = ask(home, "secrecy", name, "--marked", "2026-02-28", *words)
    assert (answer["grade"], answer["until"], answer["period_required"]) == (grade, until, True)
    assert [row["role"] for row in answer["marked_by"]] == ["drafting_unit"]
    assert answer["declassifies_itself"] and answer["copies_like_originals"]
    assert {"S001-4-R12", "S001-4-R13", "S001-4-R20", "S001-4-R22"} <= set(answer["clauses"])
    left = [row["setting"] for row in answer["open"]]
    assert (f"secrecy_period_{grade.lower()}" in left) == (period is None)


def test_what_is_no_secret_needs_no_period(home):
    """A notice is outside the scope (S001-4-R08); an unknown word is refused with the grades."""
    answer = ask(home, "secrecy", "会议通知", "--pack", "secrecy", "office-records")
    assert (answer["grade"], answer["secret"], answer["period_required"]) == (
        "INTERNAL", False, False,
    )  # fmt: skip
    ran = home.run("ask", "secrecy", "无此密级")
    assert (ran.code, "TOP" in ran.err) == (2, True)


def test_routines_of_a_month(home):
    """First Monday, mid-month, and what has no interval yet; packs follow one option."""
    rows = ask(home, "routine", "--from", "2026-03-01", "--to", "2026-03-31", "--pack",
               "visit-centre", "hotel-complaint", "office-records")  # fmt: skip
    due = {(row["clause"], row["due"]) for row in rows}
    assert {("S002-R16", "2026-03-02"), ("S001-12-R10", "2026-03-20"),
            ("S001-1-R12", "2026-03-10")} <= due  # fmt: skip
    assert ("S001-1-R07", None) in due
    assert home.run("ask", "routine", "--from", "2026-03-02", "--to", "2026-03-01").code == 2


TABLES = (
    ("approval", "copy", "--grade", "TOP"),
    ("approval", "view", "--relation", "external", "--pack", "office-records"),
    ("checklist", "new_car"),
    ("due", "new_car", "--event", "sale=2026-03-05"),
    ("keep", "sales_contract", "--dossier-type", "new_car", "--pack", "auto-dealer",
     "statutory-floors"),
    ("secrecy", "sales_contract", "--marked", "2026-02-28"),
    ("year", "plan", "--date", "first_target=2026", "--pack", "office-records"),
    ("penalty", "late_new_car"),
    ("routine", "--from", "2026-03-01", "--to", "2026-03-31", "--pack", "visit-centre"),
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("words", TABLES, ids=lambda words: words[0])
def test_every_answer_is_told_in_words_with_clause_and_pack(home, words, language):
    """What people read names a clause and a pack version, in their language alone."""
    ran = home.run("ask", *words, ARCHIVIST_LANG=language)
    text = ran.out.decode("utf-8")
    assert (ran.code, "@2026." in text) == (0, True)
    assert any(clause in text for clause in ("S001-", "S002-", "商务部令"))
    assert ("条款" in text) == (language == "zh")


def test_nothing_is_written_by_asking(home):
    """The ledger is as long after as before."""
    before = home.json("ledger", "verify")["size"]
    for words in TABLES:
        home.run("ask", *words)
    assert home.json("ledger", "verify")["size"] == before


def test_an_unknown_type_is_refused_with_the_names_there_are(home):
    """A misspelt dossier type ends with 2 and a list."""
    ran = home.run("ask", "checklist", "new_cart")
    assert (ran.code, "new_car" in ran.err) == (2, True)


@pytest.mark.parametrize("command", [("ask", "checklist", "new_car"), ("init", "other")])
def test_a_pack_that_is_no_text_is_a_mistake_in_the_pack(home, tmp_path, command):
    """A file saved in another encoding is named by line and field, and never a crash."""
    torn = tmp_path / "torn.toml"
    torn.write_bytes('id = "公司"'.encode("gbk"))
    ran = home.run(*command, "--pack", torn)
    assert (ran.code, "torn.toml:1: toml" in ran.err) == (2, True)
    assert not (tmp_path / "other").exists()


def test_keys_and_fields_are_asked_by_the_words_of_the_regulation(home):
    """交易方式 is payment and 风险等级 is risk_level: what depends on them is asked for."""
    credit = ask(home, "checklist", "经核实的客户档案", "--pack", "archive-clerk",
                 "--key", "交易方式=赊销")  # fmt: skip
    assert [row["item"] for row in credit["items"] if row["asked"]][-1] == "payment_signature"
    risk = ask(home, "checklist", "客户风险档案", "--pack", "customer-grading",
               "--field", "风险等级=高")  # fmt: skip
    assert [row["asked"] for row in risk["items"]] == [True, True]
    event = ask(home, "due", "联合会议营销活动", "--pack", "customer-allocation",
                "--event", "举办活动=2026-10-03", "--key", "举办时段=晚上")  # fmt: skip
    assert [row["at"] for row in event["due"]] == [None, "16:00"]


def test_a_key_or_word_that_nobody_declared_is_refused(home):
    """An unknown name would silently make a condition fail; it is answered with the known ones."""
    words = ("ask", "checklist", "joint_event", "--pack", "customer-allocation", "--key")
    for wrong, known in (("colour=red", "session"), ("session=midnight", "afternoon")):
        ran = home.run(*words, wrong)
        assert (ran.code, known in ran.err) == (2, True)
    field = home.run("ask", "checklist", "joint_event", "--pack", "leasing", "--field", "颜色=红")
    assert field.code == 2


def test_actions_and_relations_go_by_their_chinese_names(home):
    """查阅 by 其他部门 is view from another department."""
    answer = ask(home, "approval", "查阅", "--relation", "其他部门", "--pack",
                 "business-registration")  # fmt: skip
    assert (answer["action"], steps(answer)) == ("view", ["general_manager:approve"])


def test_the_event_a_period_counts_from_is_told_in_words(home):
    """自成交起, not the id of the event."""
    ran = home.run("ask", "keep", "customer_closed", "--pack", "leasing",
                   "--set", "leasing_retention_start=deal", ARCHIVIST_LANG="zh")  # fmt: skip
    assert "10 年，自成交起" in ran.out.decode()


def test_the_event_that_is_waited_for_is_told_in_words(home):
    """待“销售” and 结案, as the regulation and the clerk write them."""
    due = home.run("ask", "due", "新车档案", "--event", "交车=2026-03-05", ARCHIVIST_LANG="zh")
    assert "待“销售”" in due.out.decode() and "sale" not in due.out.decode()
    keep = home.run("ask", "keep", "绿卡", "--dossier-type", "新车档案", "--pack", "auto-dealer",
                    "secrecy", "statutory-floors", ARCHIVIST_LANG="zh")  # fmt: skip
    assert "尚缺事件日期  结案" in keep.out.decode()


def test_a_violation_is_found_by_the_words_of_its_penalty(home):
    """A clerk knows what was done, not its code; a wrong word is answered with both."""
    by_words = ask(home, "penalty", "对投诉事实拒不承认@2026-03-02", "--pack", "service-complaint")
    assert by_words == ask(home, "penalty", "denial@2026-03-02", "--pack", "service-complaint")
    wrong = home.run("ask", "penalty", "迟到", "--pack", "service-complaint", ARCHIVIST_LANG="zh")
    assert wrong.code == 2
    assert "对投诉事实拒不承认（denial）" in wrong.err


def test_a_conditional_item_says_its_condition_in_words(home):
    """The list for tenants names what must be so, not the field's id."""
    ran = home.run("ask", "checklist", "租户档案", "--pack", "property", ARCHIVIST_LANG="zh")
    assert "条件（二次装修：是）" in ran.out.decode("utf-8")


def test_an_interval_that_the_company_set_is_said_in_words(home):
    """With the setting the answer says how often; without it, which setting is asked for."""
    words = ("routine", "--pack", "crm-basics", "--from", "2026-01-01", "--to", "2026-12-31")
    row, *_ = ask(home, *words, "--set", "crm_review_months=3")
    assert (row["rhythm"], row["rhythm_en"]) == ("每 3 个月一次", "every 3 months")
    (row,) = ask(home, *words)
    assert (row["unset"], "crm_review_months" in row["rhythm"]) == ("crm_review_months", True)


def test_a_grade_that_no_regulation_knows_is_not_invented(home):
    """租赁 knows no grades: its answer is the one without any, and says so."""
    plain = ask(home, "approval", "view", "--pack", "leasing")
    graded = ask(home, "approval", "view", "--pack", "leasing", "--grade", "秘密")
    assert (graded["grade"], graded["grade_undeclared"]) == (None, "SECRET")
    assert (graded["steps"], graded["know"]) == (plain["steps"], plain["know"])
    words = ("ask", "approval", "view", "--pack", "leasing", "--grade", "机密")
    assert "按不分密级回答" in home.run(*words, ARCHIVIST_LANG="zh").out.decode()
    # A grade that rows speak of counts, though the pack that has these rows declares none.
    assert ask(home, "approval", "view", "--grade", "秘密")["grade_undeclared"] is None


def test_keeping_says_who_approves_the_destruction(home):
    """S001-6-R17: the head of leasing reviews, the general manager approves."""
    approval = ask(home, "keep", "营业执照", "--pack", "leasing")["disposal"]["approval"]
    assert (approval["allowed"], approval["clauses"]) == (True, ["S001-6-R17"])
    assert steps(approval) == ["leasing_head:review", "general_manager:approve"]
    words = ("ask", "keep", "营业执照", "--pack")
    told = home.run(*words, "leasing", ARCHIVIST_LANG="zh").out.decode()
    assert "总经理" in told and "销毁审批" in told
    nobody = ask(home, "keep", "客户关系运营流程", "--pack", "crm-basics")["disposal"]["approval"]
    assert (nobody["allowed"], nobody["reason"]) == (False, "no-rule")


@pytest.mark.parametrize("said", ["attitude", "服務態度不佳"])
def test_recording_and_asking_take_the_same_words(home, said):
    """The code or the words of the penalty, in either script."""
    pack = home.top / "own.toml"
    pack.write_text(OWN, "utf-8")
    (row,) = ask(home, "penalty", said, "--pack", pack)["penalties"]
    assert (row["code"], row["amount"], row["points"]) == ("attitude", 0, 2)
    page = home.run("ask", "penalty", said, "--pack", pack, ARCHIVIST_LANG="zh").out.decode()
    assert "合计  扣 2 分" in page
    assert "0 元" not in page
