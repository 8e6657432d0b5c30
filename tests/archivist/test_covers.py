"""Cover sheets: the payload's grammar and check, and the printed page."""

import io
import string

import pypdf
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from archivist.cover_sheets import Sheet, cover_pdf
from archivist.covers import FOREIGN, covers_among, parse, payload

dossiers = st.from_regex(r"D[0-9]{6,12}", fullmatch=True)
doc_types = st.none() | st.from_regex(r"[a-z0-9][a-z0-9_.]{0,30}", fullmatch=True)


@given(dossiers, doc_types, st.text(max_size=10))
def test_what_is_printed_is_what_is_read(dossier, doc_type, tag):
    """Every payload parses back to the dossier and document type it was made from."""
    line = payload(dossier, doc_type, tag)
    assert line.isascii()
    assert parse(line, tag) == (dossier, doc_type)


@given(dossiers, doc_types, st.data())
def test_a_damaged_character_never_routes(dossier, doc_type, data):
    """Changing any single character of a payload makes it nobody's cover."""
    line = payload(dossier, doc_type)
    place = data.draw(st.integers(0, len(line) - 1))
    other = data.draw(st.sampled_from(string.printable).filter(lambda char: char != line[place]))
    assert parse(line[:place] + other + line[place + 1 :]) is None


def test_covers_of_another_archive_do_not_route():
    """The archive's tag is part of the check."""
    assert parse(payload("D000001", None, "archive-a"), "archive-b") is None


@pytest.mark.parametrize("foreign", ["", "https://example.org/", "ARCHIVIST1 D000001 -", "D000001"])
def test_foreign_codes_are_ignored(foreign):
    """A code that is no payload routes nothing."""
    assert parse(foreign) is None


def test_every_different_cover_in_texts_is_found():
    """Other lines do not hide a payload, and two sheets in one picture are both named."""
    line = payload("D000009", "id_card")
    found = covers_among(["姓名", line, payload("D000010", None), line])
    assert found == [("D000009", "id_card"), ("D000010", None)]


@pytest.mark.parametrize(
    ("dossier", "doc_type"), [("D1", None), ("C000001", None), ("D000001", "买卖合同")]
)
def test_what_could_not_be_read_back_is_not_printed(dossier, doc_type):
    """An id or type outside the grammar is refused when the payload is made."""
    with pytest.raises(ValueError, match="is not"):
        payload(dossier, doc_type)


@pytest.fixture(scope="module")
def printed() -> bytes:
    return cover_pdf(
        [
            Sheet("D000001", "sales_contract", "张伟", "汽车销售合同"),
            Sheet("D000002", None, "", ""),
        ]
    )


def test_every_sheet_is_one_a4_page_that_says_what_it_is(printed):
    """One page per sheet, A4, with the labels in Chinese and the payload as real text."""
    pages = pypdf.PdfReader(io.BytesIO(printed)).pages
    assert [(int(p.mediabox.width), int(p.mediabox.height)) for p in pages] == [(595, 842)] * 2
    text = pages[0].extract_text()
    assert "汽车销售合同" in text
    assert "张伟" in text
    assert covers_among(text.splitlines()) == [("D000001", "sales_contract")]


@pytest.mark.parametrize("dpi", [100, 200])
def test_both_codes_are_read_back_from_the_printed_page(printed, dpi):
    """The code stands on the sheet twice and is readable from a coarse scan."""
    page = pypdfium2.PdfDocument(printed)[0]
    picture = page.render(scale=dpi / 72).to_pil()
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    assert [parse(code.text) for code in found] == [("D000001", "sales_contract")] * 2


def test_printing_again_gives_the_same_bytes(printed):
    """A reprint can be compared with the first print byte by byte."""
    sheet = Sheet("D000003", None, "李娜", "发票")
    assert cover_pdf([sheet]) == cover_pdf([sheet])


def test_an_empty_stack_is_not_printed():
    """There is no PDF without a sheet."""
    with pytest.raises(ValueError, match="no sheet"):
        cover_pdf([])


def test_a_sheet_of_another_archive_separates_but_routes_nothing():
    """A payload made for another archive is foreign here, not a cover and not just text."""
    ours, theirs = payload("D000001", None, "a1"), payload("D000001", None, "b2")
    assert covers_among([ours, theirs], "a1") == [("D000001", None), FOREIGN]
    assert covers_among([theirs], "a1") == [FOREIGN]
