"""Watermarks: every page says whose it is, whatever the document does to hide it."""

import io
import os
import re
import subprocess

import pikepdf
import pypdfium2
import pytest
from PIL import Image

from archivist import watermark
from archivist.errors import BadRequest
from archivist.printing import Paper
from archivist.watermark import Mark, pictures, stamped

MARK = Mark("王小明", "L000001", "2026-11-29 16:05", "企业秘密")
PDF = "application/pdf"


def paper(pages=3):
    made = Paper("")
    for number in range(pages):
        made.text(f"第 {number} 页 合同正文", 14, 60, 780)
        made.next_page()
    return made.finished()


def changed(content, change):
    """The PDF after a change to each of its pages."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as document:
        for page in document.pages:
            change(document, page)
        document.save(out)
    return out.getvalue()


def texts(content):
    with pypdfium2.PdfDocument(content) as document:
        return [page.get_textpage().get_text_range() for page in document]


def picture(content, page=0):
    with pypdfium2.PdfDocument(content) as document:
        return document[page].render(scale=0.5).to_pil().convert("L")


def test_every_page_says_whose_it_is_and_keeps_its_own_text():
    """Name, loan, time and the grade's mark, over the page and at its foot."""
    media, marked = stamped(PDF, paper(), MARK)
    assert media == PDF
    pages = texts(marked)
    assert len(pages) == 3
    for number, text in enumerate(pages):
        assert text.count("王小明 L000001") > 6
        assert "2026-11-29 16:05 企业秘密" in text
        assert f"第 {number} 页 合同正文" in text


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_is_marked_as_it_is_seen(turn):
    """The foot stands at the foot that people see, in a strip of its own."""
    plain = changed(paper(1), lambda _, page: page.obj.__setitem__("/Rotate", turn))
    before, after = picture(plain), picture(stamped(PDF, plain, MARK)[1])
    assert before.size == after.size
    strip = (0, after.height - 24, after.width, after.height)
    assert min(after.crop(strip).tobytes()) < 140 < min(before.crop(strip).tobytes())


def test_brackets_left_open_do_not_hide_the_mark():
    """A page that leaves a tiny scale behind is marked like any other."""

    def shrunk(document, page):
        own = page.obj.Contents.read_bytes()
        page.obj.Contents = document.make_stream(b"q q .01 0 0 .01 0 0 cm 0 0 1 1 re W n " + own)

    plain = changed(paper(1), shrunk)
    marked = stamped(PDF, plain, MARK)[1]
    dark = sum(value < 250 for value in picture(marked).tobytes())
    assert dark > 3000 > sum(value < 250 for value in picture(plain).tobytes())


def test_what_carries_no_mark_is_gone():
    """Annotations become part of the page; files, actions and thumbnails are taken out."""

    def laden(document, page):
        page.obj.Annots = document.make_indirect(pikepdf.Array())
        page.obj.Thumb = document.make_stream(b"")
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        document.attachments["plain.txt"] = b"unmarked"

    marked = stamped(PDF, changed(paper(1), laden), MARK)[1]
    with pikepdf.open(io.BytesIO(marked)) as document:
        assert not {"/OpenAction", "/Names", "/AcroForm"} & set(document.Root.keys())
        assert not {"/Annots", "/Thumb"} & set(document.pages[0].obj.keys())
    assert b"unmarked" not in marked


def test_a_long_page_is_marked_all_the_way():
    """A roll as long as the standard allows has marks in every part."""
    plain = changed(paper(1), lambda _, page: page.obj.__setitem__("/MediaBox", [0, 0, 300, 14000]))
    seen = picture(stamped(PDF, plain, MARK)[1])
    part = seen.height // 10
    for start in range(0, seen.height - part, part):
        assert min(seen.crop((0, start, seen.width, start + part)).tobytes()) < 250


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("jpeg", "RGB"), ("png", "RGBA"), ("png", "1"), ("png", "I;16"), ("tiff", "1")],
)
def test_a_picture_is_marked_and_keeps_its_size(kind, mode):
    """Of any kind and depth; what was one bit deep becomes grey."""
    out = io.BytesIO()
    Image.new("L", (900, 700), 255).convert("1" if mode == "1" else "L").convert(mode).save(
        out, kind, dpi=(200, 200)
    )
    marked = Image.open(io.BytesIO(stamped(f"image/{kind}", out.getvalue(), MARK)[1]))
    assert marked.size == (900, 700)
    grey = marked.convert("L")
    for box in ((0, 0, 450, 350), (450, 0, 900, 350), (0, 350, 450, 700), (450, 350, 900, 700)):
        assert min(grey.crop(box).tobytes()) < 245


def test_every_page_of_a_tiff_is_marked():
    """Frame by frame, none left out."""
    out = io.BytesIO()
    frames = [Image.new("1", (600, 400 + 10 * n), 1) for n in range(4)]
    frames[0].save(out, "tiff", save_all=True, append_images=frames[1:], compression="group4")
    marked = Image.open(io.BytesIO(stamped("image/tiff", out.getvalue(), MARK)[1]))
    assert marked.n_frames == 4
    for number in range(4):
        marked.seek(number)
        assert marked.size == (600, 400 + 10 * number)
        assert min(marked.convert("L").tobytes()) < 245


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ([-20000, -20000, 20000, 20000], (595, 842)),
        ([5000, 5000, 6000, 6000], (595, 842)),
        ([300, 700, 100, 400], (200, 300)),
    ],
    ids=["larger than the medium", "beside the medium", "corners the other way round"],
)
def test_a_crop_box_does_not_carry_the_mark_away(box, size):
    """The marks stand where the page is seen, whatever box it names."""
    plain = changed(paper(1), lambda _, page: page.obj.__setitem__("/CropBox", box))
    marked = stamped(PDF, plain, MARK)[1]
    with pypdfium2.PdfDocument(marked) as document:
        assert tuple(map(round, document[0].get_size())) == size
    seen = picture(marked)
    across, down = seen.width // 2, seen.height // 2
    for left, top in ((0, 0), (across, 0), (0, down), (across, down)):
        part = seen.crop((left, top, left + across, top + down))
        assert sum(value < 250 for value in part.tobytes()) > 300


def test_a_picture_has_the_words_at_its_foot():
    """Dark enough to be read on a white scan."""
    out = io.BytesIO()
    Image.new("L", (900, 700), 255).save(out, "png")
    marked = Image.open(io.BytesIO(stamped("image/png", out.getvalue(), MARK)[1]))
    assert min(marked.crop((0, 650, 900, 700)).tobytes()) < 110


def bilevel():
    out = io.BytesIO()
    frames = [Image.new("1", (600, 400 + 10 * n), 1) for n in range(3)]
    frames[0].save(out, "tiff", save_all=True, append_images=frames[1:], compression="group4")
    return out.getvalue()


@pytest.mark.parametrize(("media", "content"), [(PDF, paper()), ("image/tiff", bilevel())])
def test_pages_for_the_screen_are_pictures_with_the_mark(media, content, monkeypatch):
    """As many as the document has, marked, also when a new child takes over between them."""
    monkeypatch.setattr(watermark, "PAGES_PER_CHILD", 2)
    before = children()
    shown = [Image.open(io.BytesIO(page)) for page in pictures(media, content, MARK)]
    assert [page.format for page in shown] == ["PNG"] * 3
    for number, page in enumerate(shown):
        wanted = (1240, 1755) if media == PDF else (600, 400 + 10 * number)
        assert (abs(page.width - wanted[0]), abs(page.height - wanted[1])) <= (1, 1)
        foot = page.convert("L").crop((0, page.height * 9 // 10, page.width, page.height))
        assert min(foot.tobytes()) < 140
    assert children() <= before


def test_pages_no_longer_wanted_leave_no_child():
    """Who closes the window after one page ends the child too."""
    before = children()
    shown = pictures(PDF, paper(), MARK)
    assert next(shown).startswith(b"\x89PNG")
    shown.close()
    assert children() <= before


@pytest.mark.parametrize("size", [10**15, -1, True, "much", None])
def test_a_child_that_was_taken_over_is_not_believed(size, monkeypatch):
    """It may announce any number of bytes; none is waited for."""
    monkeypatch.setattr(watermark.Child, "ask", lambda *_: {"cut": size})
    with pytest.raises(BadRequest, match="watermark"):
        stamped(PDF, paper(1), MARK)


def encrypted():
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(paper(1))) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="x", user="y"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("media", "content"),
    [
        (PDF, paper(1)[:300]),
        (PDF, b"%PDF-1.7 nothing"),
        (PDF, encrypted()),
        (PDF, changed(paper(1), lambda _, p: p.obj.__setitem__("/MediaBox", [0, 0, 0, 0]))),
        ("image/png", b"\x89PNG\r\n\x1a\n broken"),
        ("image/tiff", b"II*\x00\x08\x00\x00\x00"),
    ],
    ids=["cut short", "empty", "encrypted", "no size", "png", "tiff"],
)
def test_what_cannot_be_marked_is_not_opened(media, content):
    """Refused in words, and no child stays behind."""
    before = children()
    with pytest.raises(BadRequest, match="watermark"):
        stamped(media, content, MARK)
    assert children() <= before


def children():
    """The confined children of this process that run now."""
    listed = subprocess.run(["ps", "-wweo", "pid,args"], capture_output=True, text=True, check=True)
    return set(re.findall(rf"(\d+) .*examine\.child \d+ {os.getpid()} ", listed.stdout))


def test_a_child_at_work_would_be_seen():
    """The check above sees a child that is left running."""
    from archivist.examine.limits import Limits
    from archivist.examine.process import Child

    child = Child(Limits(), None)
    try:
        assert children()
    finally:
        child.end()
