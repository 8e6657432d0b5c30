"""Loans under the regulations as they are written, with the sample company's decisions."""

from datetime import datetime, timedelta

import pytest
from archive_home import PASSPHRASE, Home

TODAY = datetime.now().astimezone().date()
DAY = timedelta(days=1)
PACKS = ("office-records", "secrecy", "leasing", "property", "visit-centre", "revisit",
         "company-sample")  # fmt: skip
PEOPLE = {
    "lin": ("salesman", "gm_office"),
    "zhao": ("department_head", "gm_office"),
    "wang": ("archive_clerk_head", "gm_office"),
    "sun": ("general_manager", "gm_office"),
    "zhou": ("leasing_head", "leasing"),
    "wu": ("executive_director", "gm_office"),
    "zheng": ("group_gm", "gm_office"),
    "feng": ("service_supervisor", "customer_service"),
    "chen": ("salesman", "property"),
}
DOSSIERS = {
    "office": ("important_meeting", "--key", "title=年会"),
    "leasing": ("customer_closed", "--key", "leasing_manager=chen"),
    "tenant": ("tenant", "--key", "tenant=甲商铺"),
    "results": ("result_archive",),
    "revisit": ("revisit",),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory, scan):
    """One dossier of each regulation with one internal paper, and one secret, one top secret."""
    home = Home(tmp_path_factory.mktemp("regulations"))
    packs = [word for pack in PACKS for word in ("--pack", pack)]
    home.json("init", home.root, *packs, "--person", "li", "--work-factor", "16")
    home.set("keys", scrypt_log_n=16)
    for name, (role, department) in PEOPLE.items():
        ran = home.run("person", "add", name, "--role", role, "--department", department,
                       ARCHIVIST_PERSON="li", ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)  # fmt: skip
        assert ran.code == 0, ran.err
    home.env["ARCHIVIST_PERSON"] = "li"
    home.json("customer", "add", "张伟")
    home.dossiers, home.papers = {}, {}
    for name, words in DOSSIERS.items():
        opened = home.json("dossier", "open", "C000001", *words)
        home.dossiers[name] = opened["dossier"]
        home.papers[name] = paper(home, scan, name, opened["dossier"], "INTERNAL")
    for grade in ("SECRET", "CONF", "TOP"):
        home.papers[grade] = paper(home, scan, grade, home.dossiers["office"], grade)
    home.proofs = []
    for name in ("介绍信", "证件"):
        path = home.top / f"{name}.pdf"
        path.write_bytes(scan(name))
        home.proofs.append(str(path))
    return home


def paper(home, scan, text, dossier, grade):
    path = home.top / f"{text}.pdf"
    path.write_bytes(scan(text, pages=2))
    words = ("--dossier", dossier, "--type", "contract_paper", "--grade", grade)
    return home.json("file", path, *words)["record"]


@pytest.fixture
def house(stage, tmp_path):
    """An archive of the test's own."""
    (stage.top / "run").mkdir(exist_ok=True)
    home = Home.copy_of(stage.top, tmp_path / "house")
    home.env["ARCHIVIST_PERSON"] = "li"
    home.papers, home.dossiers, home.proofs = stage.papers, stage.dossiers, stage.proofs
    return home


def loan(home, who, *words, code=0):
    ran = home.run("--as", who, "--json", "loan", *words)
    assert ran.code == code, (who, words, ran.code, ran.err)
    return ran.json if code == 0 else ran.err


def ask(home, who, target, *words, code=0):
    return loan(home, who, "request", target, "--purpose", "工作需要", *words, code=code)


def steps(row):
    return [step["role"] for step in row["steps"]]


def reasons(home):
    return [e["reason"] for e in home.json("ledger", "show") if e["act"] == "loan-denied"]


@pytest.mark.rule("S001-1-R42")
def test_own_staff_borrow_with_the_word_of_their_department(house):
    """经部门领导批准后，可直接到档案室借阅."""
    row = ask(house, "lin", house.papers["office"], "--until", (TODAY + DAY).isoformat())
    assert (row["relation"], steps(row)) == ("own_dept", ["department_head"])
    assert loan(house, "zhao", "approve", row["loan"])["state"] == "approved"
    assert loan(house, "li", "issue", row["loan"])["state"] == "issued"


@pytest.mark.rule("S001-1-R46")
def test_what_leaves_the_room_needs_a_day_of_return(house):
    """Entered with purpose and return date; the head of the archive approves."""
    assert "--until" in ask(house, "chen", house.papers["office"], "--form", "take_out", code=2)
    until = ("--until", (TODAY + 5 * DAY).isoformat())
    row = ask(house, "chen", house.papers["office"], "--form", "take_out", *until)
    assert steps(row) == ["archive_head"]
    loan(house, "wang", "approve", row["loan"])
    papers = loan(house, "li", "issue", row["loan"])["papers"]
    assert {"loan_register", "centre_loan_card_form"} <= {paper["form"] for paper in papers}
    out = house.top / "register.csv"
    house.json("form", "print", "loan_register", "-o", out)
    line = out.read_text("utf-8-sig").splitlines()[1].split(",")
    day = TODAY.isoformat()
    assert line[1:] == ["chen", day, "工作需要", (TODAY + 5 * DAY).isoformat(), ""]


@pytest.mark.rule("S001-1-R47")
def test_an_overdue_loan_is_a_breach(house):
    """逾期未归还档案者按违纪处理."""
    row = ask(house, "lin", house.papers["office"], "--until", (TODAY + DAY).isoformat())
    loan(house, "zhao", "approve", row["loan"])
    loan(house, "li", "issue", row["loan"])
    rows = house.json("violation", "list", "--on", (TODAY + 2 * DAY).isoformat())
    (found,) = [v for v in rows if v["violation"].startswith(row["loan"])]
    assert (found["code"], found["person"], found["sanction"]) == (
        "overdue_loan", "lin", "按违纪处理"
    )  # fmt: skip


@pytest.mark.rule("S001-1-R44", "S001-1-R45")
def test_readers_from_outside_show_two_papers_and_need_two_yeses(house):
    """持介绍信、身份证件，经负责人批准，报经理批准; entered in detail."""
    words = ("--form", "view", "--external", "--for", "欧阳外人", "--unit", "某所")
    target = house.papers["office"]
    ask(house, "lin", target, *words, "--evidence", house.proofs[0], code=2)
    row = ask(house, "lin", target, *words, "--evidence", *house.proofs)
    assert steps(row) == ["archive_head", "manager_level"]
    for who in ("wang", "sun"):
        loan(house, who, "approve", row["loan"])
    loan(house, "li", "issue", row["loan"])
    out = house.top / "readers.csv"
    house.json("form", "print", "external_readers", "-o", out)
    line = out.read_text("utf-8-sig").splitlines()[1].split(",")
    assert line[:3] == ["欧阳外人", "某所", TODAY.isoformat()]
    assert line[4] == "工作需要"


@pytest.mark.rule("S001-1-R13")
def test_case_officers_borrow_working_papers_by_an_entry_alone(house):
    """办理临时借用文件资料登记手续: nobody is asked, it is entered."""
    house.json("customer", "edit", "C000001", "--owner", "lin")
    row = loan(house, "lin", "request", house.papers["office"], "--purpose", "临时借用",
               "--until", TODAY.isoformat())  # fmt: skip
    assert (row["relation"], row["state"], steps(row)) == ("owner", "approved", [])
    loan(house, "li", "issue", row["loan"])
    out = house.top / "temporary.csv"
    house.json("form", "print", "temporary_loans", "-o", out)
    assert out.read_text("utf-8-sig").splitlines()[1].split(",")[1] == "lin"


@pytest.mark.rule("S001-1-R49", "S001-1-R50", "S001-1-R51")
def test_borrowers_lend_nothing_on_and_bring_back_what_they_counted(house):
    """不准转借; 双方当面点清; damage and loss are traced, reported and punished."""
    row = ask(house, "lin", house.papers["office"], "--until", (TODAY + DAY).isoformat())
    loan(house, "zhao", "approve", row["loan"])
    loan(house, "li", "issue", row["loan"], "--pages", "1", code=2)
    loan(house, "li", "issue", row["loan"])
    loan(house, "li", "return", row["loan"], "--from", "chen", code=4)
    assert reasons(house) == ["on-lent"]
    back = loan(house, "li", "return", row["loan"], "--condition", "incomplete", "--pages", "1",
                "--note", "缺第二页")  # fmt: skip
    assert [one["incident"] for one in back["incidents"]] == ["damage_or_loss", "centre_breach"]
    (found,) = house.json("violation", "list")
    assert (found["code"], found["person"]) == ("lost_or_damaged", "lin")


@pytest.mark.rule("S001-1-R04")
def test_who_leaves_brings_everything_back(house):
    """不得擅自带走: nobody leaves with papers on loan."""
    row = ask(house, "lin", house.papers["office"], "--until", (TODAY + DAY).isoformat())
    loan(house, "zhao", "approve", row["loan"])
    loan(house, "li", "issue", row["loan"])
    assert house.run("person", "leave", "lin").code in (3, 4)
    assert house.json("person", "list")[0]["left"] is None


@pytest.mark.rule("S001-6-R15")
def test_leasing_asks_for_an_application_and_two_steps(house):
    """档案使用申请 → 招商部负责人审核 → 总经理审批 → 登记."""
    house.set("company", **{'"approval.borrow"': "leasing"})
    until = ("--until", (TODAY + DAY).isoformat())
    target = house.papers["leasing"]
    assert "archive_use_application" in ask(house, "chen", target, *until, code=2)
    row = ask(house, "chen", target, *until, "--evidence", house.proofs[0])
    assert steps(row) == ["leasing_head", "general_manager"]
    loan(house, "sun", "approve", row["loan"], code=4)
    assert reasons(house) == ["wrong-order"]
    for who in ("zhou", "sun"):
        loan(house, who, "approve", row["loan"])


@pytest.mark.rule("S001-10-R12")
def test_what_is_lent_of_a_tenant_comes_back_in_the_set_time(house):
    """借出档案须在规定时间内归还: the company says fourteen days."""
    last, late = ((TODAY + days * DAY).isoformat() for days in (14, 15))
    assert last in ask(house, "lin", house.papers["tenant"], "--until", late, code=2)
    row = ask(house, "lin", house.papers["tenant"])
    assert steps(row) == ["archive_head"]
    loan(house, "wang", "approve", row["loan"])
    assert loan(house, "li", "issue", row["loan"])["due"] == (TODAY + 14 * DAY).isoformat()


@pytest.mark.rule("S002-R07")
def test_inspections_by_an_authority_need_no_permission(house):
    """除主管部门检查等特殊情况除外，必须经过各部门负责人的许可."""
    house.set("company", **{'"approval.borrow"': "visit-centre"})
    target = house.papers["results"]
    words = ("request", target, "--form", "borrow", "--until", (TODAY + DAY).isoformat())
    row = loan(house, "chen", *words, "--purpose", "主管部门检查", "--external", "--for", "李科长")
    assert (row["relation"], row["state"]) == ("authority", "approved")
    other = loan(house, "chen", *words, "--purpose", "工作")
    assert other["state"] == "requested"


@pytest.mark.rule("S002-R26")
def test_paper_is_lent_on_a_loan_card(house):
    """借阅纸质资料时须填写借阅卡: printed with what is known of the loan."""
    row = ask(house, "lin", house.papers["office"], "--until", (TODAY + DAY).isoformat())
    loan(house, "zhao", "approve", row["loan"])
    papers = loan(house, "li", "issue", row["loan"])["papers"]
    assert "centre_loan_card_form" in {paper["form"] for paper in papers}
    out = house.top / "card.csv"
    house.json("form", "print", "centre_loan_card_form", "--loan", row["loan"], "-o", out)
    told = out.read_text("utf-8-sig")
    for word in (house.papers["office"], "内部", "lin", TODAY.isoformat(), "zhao"):
        assert word in told, told


@pytest.mark.rule("S001-4-R14")
def test_leaders_who_may_know_all_need_no_approval(house):
    """总经理、副总经理有权全部知晓."""
    house.set("company", **{'"approval.view.CONF"': "secrecy"})
    row = ask(house, "zheng", house.papers["CONF"], "--form", "view")
    assert (row["state"], steps(row)) == ("approved", [])


@pytest.mark.rule("S001-4-R15", "S001-4-R16", "S001-4-R17")
def test_who_may_not_know_borrows_nothing_whoever_approves(house):
    """绝密: whom the leaders name; 机密: whom the manager lets; 秘密: those it concerns."""
    until = ("--until", (TODAY + DAY).isoformat())
    ask(house, "lin", house.papers["TOP"], *until, code=4)
    ask(house, "lin", house.papers["CONF"], *until, code=4)
    ask(house, "chen", house.papers["SECRET"], *until, code=4)
    assert reasons(house) == ["not-to-know"] * 3
    assert ask(house, "lin", house.papers["SECRET"], *until)["state"] == "requested"
    row = ask(house, "lin", house.papers["TOP"], "--form", "view")
    assert steps(row) == ["group_gm", "executive_director"]  # who approves first names him
    for who in ("zheng", "wu"):
        loan(house, who, "approve", row["loan"])
    assert loan(house, "li", "issue", row["loan"])["state"] == "issued"


@pytest.mark.rule("S001-9-R07")
def test_revisit_papers_come_back_after_the_visit_unless_excused(house):
    """回访结束后及时归还；确实无法归还的，报客户服务主管批准."""
    target = house.papers["revisit"]
    row = ask(house, "lin", target)
    loan(house, "wang", "approve", row["loan"])
    out = loan(house, "li", "issue", row["loan"])
    assert out["due"] is None  # the visit has not ended
    house.json("dossier", "event", house.dossiers["revisit"], f"ended={TODAY.isoformat()}")
    due = house.json("loan", "show", row["loan"])["due"]
    assert due is not None
    on = ("--on", (TODAY + 60 * DAY).isoformat())
    codes = {v["code"] for v in house.json("violation", "list", *on)}
    assert "overdue_loan" in codes
    words = ("--until", (TODAY + 61 * DAY).isoformat(), "--reason", "客户保管")
    loan(house, "zhao", "excuse", row["loan"], *words, code=4)
    loan(house, "feng", "excuse", row["loan"], *words)
    assert house.json("loan", "list", "--overdue", *on) == []
