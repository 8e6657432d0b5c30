"""The pure parts of examining: media types, trust in text layers, reading order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archivist.examine import media
from archivist.examine.layout import Box, rows
from archivist.examine.textlayer import lines_of, trusted


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.4\n", media.PDF),
        (b"\n\n  junk\n%PDF-1.4\n", media.PDF),
        (b"II*\x00\x08\x00\x00\x00", media.TIFF),
        (b"MM\x00*\x00\x00\x00\x08", media.TIFF),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", media.JPEG),
        (b"\x89PNG\r\n\x1a\n\x00", media.PNG),
        ("合同编号：001\n".encode() * 100, "text/plain"),
        ("合同编号：001\n".encode("gb18030") * 100, "text/plain"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x00\x01\x02", media.UNKNOWN),
    ],
)
def test_content_decides_what_a_file_is(head, media_type):
    """The first bytes tell the media type, whatever the name says."""
    assert media.by_content(head[:1024]) == media_type


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("a.pdf", media.PDF),
        ("a.PNG", media.PNG),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.jpg", None),
        ("a.jpeg", None),
        ("a.0001", None),
        ("scan", None),
        (".pdf", None),
    ],
)
def test_only_a_name_that_says_something_else_contradicts(name, claimed):
    """A JPEG may be called .jpg, .jpeg or nothing; another known extension is a contradiction."""
    assert media.contradiction(media.JPEG, name) == claimed


@pytest.mark.parametrize(
    ("text", "image_px", "kept"),
    [
        ("第一条 文书档案立卷归档法文件资料的收集管理", 0, True),
        ("Contract no. 4711 of 2024-05-01", 0, True),
        ("合同", 0, True),
        ("合同", 10_000, False),
        ("Scanned by CamScanner 2024", 3_800_000, False),
        ("第一条文书档案立卷归档法" * 20, 3_800_000, True),
        ("\x01\x02\x03\x04\x05\x06\x07 " * 20, 0, False),
        ("\ue000\ue001\ue002合同" * 20, 0, False),
        ("......................", 0, False),
        ("", 0, False),
    ],
)
def test_a_text_layer_has_to_prove_itself(text, image_px, kept):
    """Garbage, and a caption over a scanned page, are not the page's text."""
    assert trusted(text, image_px) is kept


@given(st.text())
def test_layer_lines_can_always_be_written(text):
    """Whatever a PDF yields becomes lines of clean UTF-8."""
    for line in lines_of(text):
        line.encode("utf-8")
        assert line.strip() == line != ""


def test_a_form_is_read_row_by_row():
    """Cells of a row belong together although their boxes differ in height and order."""
    left, right = Box(10, 100, 200, 130), Box(300, 96, 420, 136)
    below = Box(10, 150, 500, 180)
    assert rows([below, right, left]) == [[2, 1], [0]]


def test_rows_follow_the_print_on_a_skewed_page():
    """At two degrees the right end of a row hangs below the left end of the next one."""
    fall = 0.0349
    cells = [
        Box(x, 100 + y + x * fall, x + 100, 130 + y + x * fall) for y in (0, 40) for x in (0, 1400)
    ]
    assert rows(cells, skew_degrees=2.0) == [[0, 1], [2, 3]]


@given(st.lists(st.tuples(*[st.integers(0, 2000)] * 4), max_size=40))
def test_no_line_is_lost_by_ordering(corners):
    """Every box appears in exactly one row, exactly once."""
    boxes = [Box(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners]
    flat = [index for row in rows(boxes) for index in row]
    assert sorted(flat) == list(range(len(boxes)))
