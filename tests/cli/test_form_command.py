"""`form`: registers and forms from an archive, empty ones without, and the scan that comes back."""

import csv
import io

import pikepdf
import pypdfium2
import pytest
from archive_home import CUSTOMERS, PASSPHRASE, PERSON, VIN

RECEIPTS = "vehicle_receipt_book"
GIVER, SECRET = "zhao", "zhao 的口令"
OFFICES = ("office-records", "hotel-complaint", "visit-centre", "business-registration", "leasing")


def printed(home, form, to, *words, code=0, **env):
    ran = home.run("--json", "form", "print", form, "-o", to, *words, **env)
    assert ran.code == code, ran.err
    return ran.json if code == 0 else ran.err


def rows_of(path):
    head, *rows = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    return [dict(zip(head, row, strict=True)) for row in rows]


def text_of(path):
    document = pypdfium2.PdfDocument(path)
    pages = []
    for page in document:
        text = page.get_textpage()
        pages.append("".join(text.get_text_range().split()))
        text.close()
    document.close()
    return pages


def prints(home):
    return [entry for entry in home.json("ledger", "show") if entry["act"] == "print"]


def scanned(path, tmp_path):
    """The printed pages as a scanner would give them: pictures, no text."""
    document, pages = pypdfium2.PdfDocument(path), []
    for number, page in enumerate(document):
        pages.append(tmp_path / f"scan-{number}.pdf")
        page.render(scale=150 / 72).to_pil().convert("L").save(pages[-1], resolution=150)
    document.close()
    with pikepdf.new() as whole:
        for one in pages:
            with pikepdf.open(one) as part:
                whole.pages.extend(part.pages)
        whole.save(tmp_path / "scan.pdf")
    return tmp_path / "scan.pdf"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """An archive of several offices with a customer and two complaints."""
    from archive_home import Home

    home = Home(tmp_path_factory.mktemp("office"))
    packs = [word for pack in OFFICES for word in ("--pack", pack)]
    home.json("init", home.root, *packs, "--person", PERSON, "--work-factor", "16",
              "--set", "name=远行酒店")  # fmt: skip
    home.json("customer", "add", "上海远行商贸有限公司", "--kind", "company",
              "--field", "phone=021-55550000", "--field", "source=来访",
              "--field", "ownership_form=民营企业",
              "--field", "results=去年采购一千万")  # fmt: skip
    for stage, day in (("during", "2026-03-05"), ("after", "2026-03-09"), ("after", "2026-04-01")):
        home.json("dossier", "open", "C000001", "complaint_hotel", "--key", f"stage={stage}",
                  "--event", f"received={day}")  # fmt: skip
    home.json("login", PERSON)
    return home


def test_the_list_names_every_form_with_its_clause(home):
    """Id, title, kind, pack and clause of each; only those of adopted packs."""
    rows = home.json("form", "list")
    assert {row["pack"].partition("@")[0] for row in rows} == {"auto-dealer", "secrecy"}
    (book,) = [row for row in rows if row["form"] == RECEIPTS]
    assert book["title"] == "用户档案签收薄"
    assert book["kind"] == "register"
    assert book["clause"] == "S001-3-R06, S001-3-R12"
    assert [row["form"] for row in home.json("form", "list", "--pack", "secrecy")] == [
        "copy_register"
    ]


def test_without_an_archive_a_pack_gives_the_empty_form(home, tmp_path):
    """No archive, no person, no entry: the empty form of a pack that comes with the program."""
    nowhere = {"ARCHIVIST_ARCHIVE": str(tmp_path / "nowhere"), "ARCHIVIST_PASSPHRASE": None}
    assert home.run("form", "list", **nowhere).code == 10
    rows = home.json("form", "list", "--pack", "visit-centre", **nowhere)
    assert "借阅卡" in {row["title"] for row in rows}
    to = tmp_path / "card.pdf"
    printed(home, "借阅卡", to, "--pack", "visit-centre", **nowhere)
    assert "借阅人须知" in text_of(to)[0]
    refused = printed(home, "借阅卡", to, "--pack", "visit-centre", "--customer", "C000001",
                      code=2, **nowhere)  # fmt: skip
    assert "not in force" in refused


def test_a_pack_not_in_force_is_printed_empty_and_unrecorded(home, tmp_path):
    """Nothing of the archive stands on it, so nothing is said in the ledger."""
    to = tmp_path / "empty.csv"
    printed(home, "customer_basics_form", to, "--pack", "business-registration")
    assert set(rows_of(to)[0].values()) == {""}
    assert prints(home) == []


def test_a_form_is_filled_with_what_is_registered(home, tmp_path):
    """Name and number of the customer, keys of the dossier, papers that are there and missing."""
    to = tmp_path / "file.csv"
    printed(home, "electronic_file_form", to, "--dossier", "D000001")
    (row,) = rows_of(to)
    assert list(row)[:3] == ["车架号", "车牌号", "客户名称"]
    assert row["车架号"] == VIN
    assert row["车牌号"] == "沪A12345"
    assert row["客户名称"] == CUSTOMERS[0]
    assert row["联系电话"] == "13800138000"
    assert row["联系手机"] == ""
    assert "销售合同" in row["缺件"]
    assert row["存放位置"] == ""


def test_who_printed_what_stands_in_the_ledger_without_content(home, tmp_path):
    """The entry names form, ids and person; the file is for whoever printed it alone."""
    to = tmp_path / "card.pdf"
    printed(home, "green_card_form", to, "--dossier", "D000001")
    printed(home, RECEIPTS, tmp_path / "book.csv", "--month", "2026-03")
    one, two = prints(home)
    assert one["subject"] == {"form": "green_card_form", "customer": "C000001",
                              "dossier": "D000001"}  # fmt: skip
    assert (one["who"], one["kind"]) == (PERSON, "pdf")
    assert one["pack"].startswith("auto-dealer@")
    assert two["subject"] == {"form": RECEIPTS}
    assert (two["kind"], two["period"]) == ("csv", "2026-03")
    assert CUSTOMERS[0] not in str(prints(home))
    assert to.stat().st_mode & 0o777 == 0o600


def test_printing_from_an_archive_needs_a_person(home, tmp_path):
    """Customers' data are printed by somebody who is named; nothing is written otherwise."""
    assert home.run("logout").code == 0
    to = tmp_path / "card.pdf"
    printed(home, "green_card_form", to, "--customer", "C000001", code=12,
            ARCHIVIST_PASSPHRASE=None)  # fmt: skip
    assert not to.exists()
    assert prints(home) == []


@pytest.mark.rule("S001-3-R12")
def test_the_receipt_book_has_a_line_for_each_handover(home, scan, tmp_path):
    """What was handed over by whom to whom, with what was missing (如资料不齐时需注明)."""
    home.set("keys", scrypt_log_n=16)
    home.json("person", "add", GIVER, "--role", "sales_adviser", "--department", "sales",
              ARCHIVIST_NEW_PASSPHRASE=SECRET)  # fmt: skip
    for number, kind in enumerate(("sales_contract", "invoice_copy")):
        path = tmp_path / f"{kind}.pdf"
        path.write_bytes(scan(f"第 {number} 份"))
        home.json("file", path, "--dossier", "D000001", "--type", kind)
    home.json("handover", "D000001", "--from", GIVER, "--to", PERSON, "-o", tmp_path / "r.pdf",
              ARCHIVIST_PASSPHRASE=SECRET, ARCHIVIST_PASSPHRASE_TO=PASSPHRASE)  # fmt: skip
    to = tmp_path / "book.csv"
    assert printed(home, RECEIPTS, to)["rows"] == 1
    (row,) = rows_of(to)
    assert row["车架号"] == VIN
    assert row["份数"] == "2"
    assert "销售合同" in row["资料名称"]
    assert "绿卡" in row["缺件"]
    assert (row["移交人"], row["接收人"]) == (GIVER, PERSON)
    assert printed(home, RECEIPTS, to, "--year", "2020")["rows"] == 0
    assert printed(home, RECEIPTS, to, "--customer", "C000002")["rows"] == 0
    assert printed(home, RECEIPTS, to, "--rows", "5")["rows"] == 1
    assert len(rows_of(to)) == 6


@pytest.mark.rule("S001-12-R04", "S001-12-R10")
def test_complaints_of_a_month_stand_in_their_registers(office, tmp_path):
    """The record has a line for each complaint received, the statistics one for each department."""
    to = tmp_path / "complaints.csv"
    printed(office, "hotel_complaint_record", to, "--month", "2026-03")
    rows = rows_of(to)
    assert [row["时间"] for row in rows] == ["受理：2026-03-05", "受理：2026-03-09"]
    assert {row["客户联系方式"] for row in rows} == {"021-55550000"}
    assert {row["经过"] for row in rows} == {""}
    printed(office, "hotel_complaint_statistics", to, "--year", "2026")
    (row,) = rows_of(to)
    assert (row["消费中投诉"], row["消费后投诉"]) == ("1", "2")
    assert row["处理状况"] == "已结案 0 件，未结案 3 件"
    assert row["汇总分析"] == ""


@pytest.mark.rule("S002-R05")
def test_the_inspection_plan_has_a_line_for_each_inspection_wanted(office, tmp_path):
    """Twice a year: two lines, with the days still to be planned."""
    to = tmp_path / "plan.csv"
    printed(office, "年度检查计划", to, "--year", "2026")
    assert [row["序号"] for row in rows_of(to)] == ["1", "2"]
    assert {row["计划检查日期"] for row in rows_of(to)} == {""}


def test_what_the_archive_has_no_record_of_is_a_ruled_page(office, tmp_path):
    """Loans are not kept by the archive: the register is printed with empty rows only."""
    to = tmp_path / "loans.csv"
    assert printed(office, "档案借阅登记簿", to, "--rows", "3")["rows"] == 0
    assert [set(row.values()) for row in rows_of(to)] == [{""}] * 3
    to = tmp_path / "loans.pdf"
    printed(office, "档案借阅登记簿", to)
    (page,) = text_of(to)
    assert "远行酒店" in page
    assert "借阅用途" in page


def test_papers_of_a_dossier_are_listed_with_title_and_pages(office, scan, tmp_path):
    """卷内文件目录: titles for whoever may read them, pages counted on; then 卷内备考表."""
    for name, pages in (("甲", 3), ("乙", 1)):
        path = tmp_path / f"{name}方来函.pdf"
        path.write_bytes(scan(f"{name}方", pages=pages))
        office.json("file", path, "--dossier", "D000003", "--type", "complaint_record")
    to = tmp_path / "contents.csv"
    printed(office, "卷内文件目录", to, "--dossier", "D000003")
    rows = rows_of(to)
    assert [row["页号"] for row in rows] == ["1-3", "4"]
    assert all(row["题名"] for row in rows)
    printed(office, "卷内备考表", to, "--dossier", "D000003")
    (row,) = rows_of(to)
    assert (row["卷内文件数"], row["文件页数"]) == ("2", "4")
    assert row["填写人"] == ""


def test_graded_fields_are_for_those_cleared_and_mark_the_paper(office, tmp_path):
    """绝密 data stand on the form of whoever may read them, with the mark; else they are empty."""
    to = tmp_path / "file.pdf"
    printed(office, "客户档案表", to, "--customer", "C000001")
    (page,) = text_of(to)
    assert "去年采购一千万" in page
    assert "企业绝密" in page
    office.set("keys", scrypt_log_n=16)
    office.json("person", "add", "wang", "--role", "clerk", ARCHIVIST_NEW_PASSPHRASE=SECRET)
    printed(office, "客户档案表", to, "--customer", "C000001", "--as", "wang",
            ARCHIVIST_PASSPHRASE=SECRET)  # fmt: skip
    (page,) = text_of(to)
    assert "上海远行商贸有限公司" in page
    assert "去年采购一千万" not in page
    assert "企业绝密" not in page


@pytest.mark.parametrize("as_scan", [True, False], ids=["scanned", "electronic"])
def test_a_printed_form_files_itself_when_it_comes_back(home, tmp_path, as_scan):
    """Printed with a cover sheet, scanned and dropped: filed under its type, without the cover."""
    to = tmp_path / "card.pdf"
    printed(home, "green_card_form", to, "--dossier", "D000001", "--cover")
    assert len(text_of(to)) == 2
    back = scanned(to, tmp_path) if as_scan else to
    home.drop("back.pdf", back.read_bytes())
    (outcome,) = home.lines("watch", "--once")
    assert outcome["outcome"] == "filed", outcome
    assert (outcome["dossier"], outcome["type"]) == ("D000001", "green_card")
    assert outcome["pages"] == 1


@pytest.mark.parametrize(
    ("form", "words", "said"),
    [
        ("nothing", (), "no register or form"),
        ("green_card_form", ("--month", "2026-03"), "only registers"),
        ("green_card_form", ("--rows", "3"), "only registers"),
        ("green_card_form", ("--cover",), "needs --dossier"),
        ("electronic_file_form", ("--dossier", "D000001", "--cover"), "becomes a document"),
        ("green_card_form", ("--dossier", "D000001", "--customer", "C000002"), "not a dossier of"),
        ("green_card_form", ("--customer", "C000009"), "no customer"),
        (RECEIPTS, ("--month", "2026-13"), "no month"),
        (RECEIPTS, ("--month", "2026-03", "--year", "2026"), "not both"),
    ],
)
def test_what_cannot_be_printed_is_refused_unrecorded(home, tmp_path, form, words, said):
    """A mistake of the hand is said, no file is written and nobody is named."""
    to = tmp_path / "form.pdf"
    assert said in printed(home, form, to, *words, code=2)
    assert not to.exists()
    assert prints(home) == []


def test_only_pdf_and_csv_are_written(home, tmp_path):
    """Another ending, or a folder that is not there, is refused before anything is done."""
    assert "ends in" in printed(home, RECEIPTS, tmp_path / "book.docx", code=2)
    assert "no folder" in printed(home, RECEIPTS, tmp_path / "no" / "book.pdf", code=2)
    assert prints(home) == []
