"""Reports on paper: every word is there, in order, and no heading stands alone."""

import re

import pypdfium2
import pytest

from archivist.report_pages import Column, Section, Sheet, as_pdf

COLUMNS = (Column("编号", "id", "id"), Column("说明", "note", "note"))


def pages_of(*sections, notes=()):
    content = as_pdf(Sheet(("报表", "report"), (), sections, notes), chinese=True)
    pdf = pypdfium2.PdfDocument(content)
    return [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in pdf]


def rows(count, note="一"):
    return [{"id": f"D{number:06}", "note": note} for number in range(count)]


def test_a_row_higher_than_a_page_comes_in_pieces():
    """Three thousand characters in one cell, and a word without a break, are all there."""
    long = "长" * 3000
    pages = pages_of(
        Section(("表", "t"), COLUMNS, [{"id": "x" * 300, "note": long}]), notes=(("末尾", "end"),)
    )
    text = "".join(pages)
    assert (text.count("长"), text.count("x")) == (3000, 300)
    assert text.endswith(f"第{len(pages)}页，共{len(pages)}页")
    assert "末尾" in pages[-1]


@pytest.mark.parametrize("count", range(20, 36))
def test_a_heading_is_on_the_page_of_its_first_row(count):
    """However far the first table reaches down the page."""
    pages = pages_of(
        Section(("", ""), COLUMNS, rows(count)),
        Section(("第二张表", "second"), COLUMNS, [{"id": "E000001", "note": "二"}]),
    )
    (with_heading,) = [page for page in pages if "第二张表" in page]
    assert "E000001" in with_heading


def test_the_heads_stand_again_on_each_page_of_a_table():
    """And each row stands on one page, once."""
    pages = pages_of(Section(("", ""), COLUMNS, rows(100)))
    assert len(pages) > 2
    assert all("编号说明" in page for page in pages)
    assert re.findall(r"D\d{6}", "".join(pages)) == [row["id"] for row in rows(100)]


def test_a_table_too_wide_to_stand_lies_across():
    """Twelve columns of words; two stand upright."""
    wide = tuple(Column(f"很长的栏目名称{n}", "column", "id") for n in range(12))
    sizes = []
    for columns in (wide, COLUMNS):
        sheet = Sheet(("报表", "report"), (), (Section(("", ""), columns, rows(1)),), ())
        page = pypdfium2.PdfDocument(as_pdf(sheet, chinese=True))[0]
        sizes.append(page.get_size())
    assert sizes == [(842, 595), (595, 842)]


def test_an_empty_table_says_so():
    """A dash under the heads, so that nobody looks for a lost page."""
    (page,) = pages_of(Section(("空表", "empty"), COLUMNS, []))
    assert "编号说明—" in page


def test_a_character_that_no_font_has_is_seen_to_be_missing():
    """Visibly wrong beats invisible."""
    (page,) = pages_of(Section(("", ""), COLUMNS, [{"id": "\U0001f600", "note": "好"}]))
    assert "〓" in page
