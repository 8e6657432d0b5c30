"""Registers and forms on paper: the pages themselves, and what each regulation's look like."""

import csv
import io
from datetime import date

import pypdfium2
import pytest
from law import Law

from archivist.form_pages import NOTE, Printout, as_csv, as_pdf
from archivist.form_words import Known, class_words, highest_mark
from archivist.forms import Wanted, blank, forms_of, the_form
from archivist.printing import MARGIN_PT
from policies.rule_rows import Form

TODAY = date(2026, 11, 23)
ALL = [(pack.id, row.id) for pack in Law.shipped().packs.values() for row in pack.rows(Form)]
COLUMNS = ("序号", "资料名称", "备注")


def register(rows=(), **more):
    return Printout("签收薄", COLUMNS, TODAY, "S001-3-R06", rows=tuple(rows), **more)


def pages_of(pdf):
    """The text of each page without white space, and its size."""
    document = pypdfium2.PdfDocument(pdf)
    found = []
    for page in document:
        text = page.get_textpage()
        size = tuple(round(side) for side in page.get_size())
        found.append(("".join(text.get_text_range().split()), size))
        text.close()
    document.close()
    return found


def text_of(pdf):
    return "".join(text for text, _ in pages_of(pdf))


@pytest.mark.parametrize(("pack", "name"), ALL)
def test_every_form_of_every_regulation_is_printed_whole(pack, name):
    """All headings, signatures and the clause stand on one A4 page, which lies as the pack says."""
    policy = Law.shipped().policy(pack)
    cited = the_form(policy, name)
    ((text, size),) = pages_of(as_pdf(blank(policy, cited, Wanted(), TODAY)))
    form = cited.row
    for words in (form.zh, *form.columns, *form.fields, *form.signatures, form.clause):
        assert "".join(words.split()) in text
    assert "第1页共1页" in text
    assert "2026-11-23" in text
    assert size == ((842, 595) if form.landscape else (595, 842))


@pytest.mark.parametrize(("pack", "name"), ALL)
def test_nothing_is_printed_beyond_the_margins(pack, name):
    """Every character of every empty form lies within the margins of its page."""
    policy = Law.shipped().policy(pack)
    document = pypdfium2.PdfDocument(as_pdf(blank(policy, the_form(policy, name), Wanted(), TODAY)))
    for page in document:
        text = page.get_textpage()
        for number in range(text.count_chars()):
            left, bottom, right, _ = text.get_charbox(number)
            assert left >= MARGIN_PT - 1
            assert right <= page.get_width() - MARGIN_PT + 1
            assert bottom > 15
        text.close()
    document.close()


def test_a_long_register_runs_over_pages_without_losing_a_row():
    """Each row is there once and in order, each page has the headings and its number."""
    rows = [(str(n), f"资料{n:03}", "") for n in range(1, 101)]
    pages = pages_of(as_pdf(register(rows, signatures=("移交人",))))
    assert len(pages) > 2
    whole = "".join(text for text, _ in pages)
    places = [whole.index(f"资料{n:03}") for n in range(1, 101)]
    assert places == sorted(places)
    assert all(f"资料{n:03}" in whole for n in range(1, 101))
    for number, (text, _) in enumerate(pages, 1):
        assert "资料名称" in text
        assert f"第{number}页共{len(pages)}页" in text
    assert [("移交人：" in text) for text, _ in pages] == [False] * (len(pages) - 1) + [True]


def test_a_cell_longer_than_a_page_goes_on_upon_the_next():
    """No character of an endless cell is cut."""
    pages = pages_of(as_pdf(register([("1", "句话。" * 2000, "")])))
    assert len(pages) > 2
    assert sum(text.count("句") for text, _ in pages) == 2000
    assert sum(text.count("话") for text, _ in pages) == 2000


def test_an_answer_longer_than_a_page_goes_on_upon_the_next():
    """A form's answer breaks over pages as well."""
    text = "".join(f"第{n}句话。" for n in range(3000))
    found = Printout("表", ("经过", "日期"), TODAY, "X-R1", values=((text,), ()))
    pages = pages_of(as_pdf(found))
    assert len(pages) > 1
    whole = "".join(text for text, _ in pages)
    assert all(f"第{n}句话" in whole for n in (0, 1500, 2999))


def test_empty_rows_fill_the_page_or_are_as_many_as_asked():
    """The default is one full page; a number is exactly that many rows."""
    assert len(pages_of(as_pdf(register()))) == 1
    assert len(pages_of(as_pdf(register(blank_rows=100)))) > 2
    plenty, none = len(as_pdf(register())), len(as_pdf(register(blank_rows=0)))
    assert plenty > none


def test_a_character_that_no_font_has_shows_as_a_box_with_a_note():
    """A rare name does not stop the printer; the page says what the box means."""
    text = text_of(as_pdf(register([("1", "上海𠮷祥", "")])))
    assert "上海〓祥" in text
    assert "".join(NOTE.split()) in text
    assert "字库" not in text_of(as_pdf(register([("1", "上海吉祥", "")])))


def test_choices_are_ticked_and_other_answers_written_out():
    """What a heading offers stands there to be ticked; another answer is written in words."""
    label = ("来源（来电、来访、自行开发）", "是否意向客户")

    def words(*values):
        return text_of(as_pdf(Printout("表", label, TODAY, "X-R1", values=values)))

    assert words((), ()).count("来访") == 2
    assert words(("来访",), ("是",)).count("来访") == 2
    assert words(("朋友介绍",), ()).count("朋友介绍") == 1
    assert as_pdf(Printout("表", label, TODAY, "X-R1", values=(("来访",), ()))) != as_pdf(
        Printout("表", label, TODAY, "X-R1", values=((), ()))
    )


def test_what_is_to_be_read_stands_across_the_form():
    """A heading that goes on after a colon is a notice and asks for no answer."""
    policy = Law.shipped().policy("visit-centre")
    text = text_of(as_pdf(blank(policy, the_form(policy, "借阅卡"), Wanted(), TODAY)))
    assert "借阅人须知：禁止在公众场所，或旅行途中在飞机、火车上阅读，以免失密" in text


def test_the_secrecy_mark_stands_on_every_page():
    """A register with graded content bears the mark on each of its pages."""
    rows = [(str(n), "资料", "") for n in range(100)]
    pages = pages_of(as_pdf(register(rows, mark="企业绝密")))
    assert len(pages) > 2
    assert all("企业绝密" in text for text, _ in pages)


def test_csv_is_read_by_spreadsheet_programs_and_runs_nothing():
    """A byte order mark, CRLF, one heading row; what looks like a formula is text."""
    hostile = ["=1+1", "+86", "-5", "@SUM(A1)", "\tx", "＝HYPERLINK(1)", "张三,李四"]
    raw = as_csv(register([(cell, "x", "") for cell in hostile], blank_rows=2))
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 1 + len(hostile) + 2
    head, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    assert tuple(head) == COLUMNS
    assert [row[0] for row in rows[:4]] == ["'=1+1", "'+86", "'-5", "'@SUM(A1)"]
    assert rows[4][0] == " x"
    assert rows[5][0] == "'＝HYPERLINK(1)"
    assert rows[6][0] == "张三,李四"
    assert rows[7:] == [["", "", ""]] * 2


def test_a_form_as_csv_has_one_row():
    """The headings, and the answers below them."""
    raw = as_csv(Printout("表", ("甲", "乙"), TODAY, "X-R1", values=(("一", "二"), ())))
    assert raw.decode("utf-8-sig") == "甲,乙\r\n一；二,\r\n"


def test_the_same_print_has_the_same_bytes():
    """A reprint can be compared."""
    rows = [("1", "合同", "")]
    assert as_pdf(register(rows)) == as_pdf(register(rows))


def test_a_heading_asks_in_the_regulations_words():
    """Brackets and 的 do not matter; nothing else is taken for it; the first word counts."""
    known = Known()
    known.say(("联系电话",), "021")
    known.say(("联系电话",), "022")
    known.say(("空",), "", None)
    assert known.about("联系电话（座机加区号）").lines == ("021",)
    assert known.about("联系手机").lines == ()
    assert known.about("空").lines == ()


def test_a_class_is_told_as_people_say_it():
    """A value of a scheme by its label, a free word as it is."""
    policy = Law.shipped().policy("business-registration")
    (one,) = [c.row for c in forms_of(policy) if c.row.id == "customer_basics_form"]
    assert "客户类别" in one.fields
    assert class_words(policy, "自由的话") == "自由的话"
    assert class_words(policy, None) == ""


def test_the_highest_grade_gives_the_mark():
    """绝密 beats 秘密; without graded content there is no mark."""
    policy = Law.shipped().policy("visit-centre")
    assert highest_mark(policy, ["SECRET", "TOP", ""]) == policy.grades["TOP"].mark
    assert highest_mark(policy, ["", ""]) == ""


def test_two_regulations_may_give_two_forms_one_title():
    """客户投诉记录表 is a register of the hotel and a form of the agency: the pack decides."""
    policy = Law.shipped().policy("hotel-complaint", "service-complaint")
    with pytest.raises(Exception, match="several"):
        the_form(policy, "客户投诉记录表")
    assert the_form(policy, "客户投诉记录表", ("service-complaint",)).row.fields
    assert the_form(policy, "hotel_complaint_record").row.columns
