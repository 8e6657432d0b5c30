"""Papers about loans: the register, the card, the notice, the statement, the report."""

import csv
import io
from datetime import datetime, timedelta

import pypdfium2
import pytest
from archive_home import Home
from lending_home import filed, staffed

TODAY = datetime.now().astimezone().date()
LATE = (TODAY + timedelta(days=17)).isoformat()
DUE = (TODAY + timedelta(days=14)).isoformat()


@pytest.fixture(scope="module")
def stage(template, tmp_path_factory, scan):
    """lin has one original for fourteen days and brought another back damaged; gm looked once."""
    home = staffed(Home.copy_of(template, tmp_path_factory.mktemp("papers")))
    first, second = filed(home, scan, "秘密工程合同", "另一份合同")
    for target in (first, second):
        made = loan(home, "lin", "request", target, "--purpose", "开庭用")["loan"]
        for who in ("zhao", "wang"):
            loan(home, who, "approve", made)
        loan(home, "li", "issue", made)
    loan(home, "li", "return", "L000002", "--condition", "damaged", "--note", "撕破")
    made = loan(home, "gm", "request", first, "--form", "view", "--purpose", "看")["loan"]
    loan(home, "li", "issue", made)
    return home


def loan(home, who, *words):
    return home.json("--as", who, "loan", *words)


def text_of(path):
    document = pypdfium2.PdfDocument(path)
    pages = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    document.close()
    return "".join("\n".join(pages).split())


def lines_of(path):
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))


def test_the_loan_register_has_a_line_for_each_loan(stage, tmp_path):
    """Who has what since when, what for, until when, and when and how it came back."""
    out = tmp_path / "登记簿.csv"
    stage.json("form", "print", "档案借阅登记簿", "-o", out)
    heads, *rows = lines_of(out)
    assert heads == ["档案名称", "借阅人", "借阅时间", "借阅用途", "归还时间", "实际归还时间"]
    day = TODAY.isoformat()
    assert rows == [
        ["R00000001 销售合同", "lin", day, "开庭用", DUE, ""],
        ["R00000002 销售合同", "lin", day, "开庭用", DUE, f"{day} 损坏"],
        ["R00000001 销售合同", "gm", day, "看", "", ""],
    ]
    paper = tmp_path / "登记簿.pdf"
    stage.json("form", "print", "档案借阅登记簿", "--month", f"{TODAY:%Y-%m}", "-o", paper)
    told = text_of(paper)
    assert "档案借阅登记簿" in told
    assert f"R00000002销售合同lin{day}开庭用" in told
    old = tmp_path / "old.csv"
    stage.json("form", "print", "档案借阅登记簿", "--month", "2020-01", "-o", old)
    assert len(lines_of(old)) == 1


def test_the_card_of_one_loan_is_filled_in(stage, tmp_path):
    """Paper, grade, borrower, department, days, and who approved."""
    out = tmp_path / "card.pdf"
    stage.json("form", "print", "借阅卡", "--loan", "L000001", "-o", out)
    told = text_of(out)
    for word in ("R00000001销售合同", "内部", "lin", "销售部", DUE, "zhao、wang"):
        assert word in told, (word, told)
    ran = stage.run("form", "print", "copy_register", "--loan", "L000001", "-o", out)
    assert ran.code == 2
    assert "not about a loan" in ran.err
    assert stage.run("form", "print", "借阅卡", "--loan", "L000009", "-o", out).code == 2


def test_the_overdue_notice_names_what_must_come_back(stage, tmp_path):
    """Borrower, papers, due date, days late and the clause; and nothing that is not late."""
    out = tmp_path / "催还.pdf"
    ran = stage.run("loan", "notice", "-o", out)
    assert (ran.code, "nothing is overdue" in ran.err, out.exists()) == (2, True, False)
    stage.json("loan", "notice", "-o", out, "--on", LATE, ARCHIVIST_LANG="zh")
    told = text_of(out)
    for word in ("催还通知", "借阅人：lin", "L000001", "R00000001销售合同", DUE, "请即归还", "X-7"):
        assert word in told, (word, told)
    assert "L000002" not in told
    asked = tmp_path / "asked.csv"
    stage.json("loan", "notice", "L000001", "-o", asked, ARCHIVIST_LANG="zh")
    assert lines_of(asked)[1][0] == "L000001"
    assert stage.run("loan", "notice", "L000002", "-o", asked).code == 2
    assert stage.run("loan", "notice", "L000009", "-o", asked).code == 2


def test_the_statement_tells_what_is_out_and_what_is_back(stage, tmp_path):
    """Of one borrower; somebody unknown has none."""
    out = tmp_path / "对账单.csv"
    words = ("loan", "statement", "--person", "lin", "-o", out, "--on", LATE)
    stage.json(*words, ARCHIVIST_LANG="zh")
    rows = lines_of(out)
    assert rows[1][0] == "L000001"
    assert rows[1][-1] == "3"
    assert next(row for row in rows if row and row[0] == "L000002")[7:] == ["损坏", "", "已归还"]
    paper = tmp_path / "对账单.pdf"
    stage.json("loan", "statement", "--person", "gm", "-o", paper, ARCHIVIST_LANG="zh")
    assert "借阅对账单" in text_of(paper)
    assert stage.run("loan", "statement", "--person", "nobody", "-o", out).code == 2


def test_the_report_counts_what_came_back_in_time(stage, tmp_path):
    """Two numbers, and a line for each loan asked for in the period."""
    told = stage.json("report", "loans", "--on", LATE, "--year", f"{TODAY:%Y}")
    assert (told["numerator"], told["denominator"]) == (1, 2)
    assert [row["loan"] for row in told["rows"]] == ["L000001", "L000002", "L000003"]
    assert [row["days_late"] for row in told["rows"]] == [3, 0, 0]
    assert stage.json("report", "借阅", "--month", "2020-01")["rows"] == []
    out = tmp_path / "report.pdf"
    stage.json("report", "loans", "-o", out, ARCHIVIST_LANG="zh")
    assert "借阅报表" in text_of(out)


def test_no_title_stands_on_any_of_them(stage, tmp_path):
    """A paper is named by its id and its kind; what it is called is for those cleared."""
    made = {
        "notice.csv": ("loan", "notice", "--on", LATE),
        "statement.csv": ("loan", "statement", "--person", "lin"),
        "register.csv": ("form", "print", "loan_register"),
        "report.csv": ("report", "loans"),
    }
    for name, words in made.items():
        ran = stage.run(*words, "-o", tmp_path / name)
        assert ran.code == 0, ran.err
        assert "工程" not in (tmp_path / name).read_text("utf-8-sig")
    assert "工程" not in stage.run("loan", "list").out.decode()
