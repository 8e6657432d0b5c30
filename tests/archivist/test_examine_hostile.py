"""Broken and hostile files: each becomes a defect of its own, and the next file is examined."""

import contextlib
import io
import os
import signal
import struct
import threading
import zlib
from pathlib import Path

import hostile
import pikepdf
import pytest
from PIL import Image

from archivist.cover_sheets import Sheet, cover_pdf
from archivist.examine import Examiners, Limits
from archivist.examine.limits import MEBIBYTE

GOOD = cover_pdf([Sheet("D000001", "sales_contract", "张伟", "汽车销售合同")])
BLANK_FORM = b"0.2 w 0 0 m 100 100 l S"


@pytest.fixture(scope="module")
def examiners():
    with Examiners(workers=1) as pool:
        yield pool


@pytest.fixture
def examined(examiners, tmp_path):
    """Examine bytes under a name; a good file is examined after each of them."""

    def run(content: bytes, name: str):
        path = tmp_path / name
        path.write_bytes(content)
        facts = examiners.examine(path)
        good = tmp_path / "good-after.pdf"
        good.write_bytes(GOOD)
        assert examiners.examine(good).defect is None
        return facts

    return run


def pdf_with(content: bytes = BLANK_FORM, **resources) -> bytes:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        pdf.pages[0].Contents = pdf.make_stream(content)
        pdf.pages[0].Resources = pikepdf.Dictionary(**resources)
        return saved(pdf)


def saved(pdf: pikepdf.Pdf, **options) -> bytes:
    out = io.BytesIO()
    pdf.save(out, **options)
    return out.getvalue()


def picture(kind: str, size=(400, 300), **options) -> bytes:
    out = io.BytesIO()
    noise = Image.effect_noise(size, 60)
    noise.save(out, kind, **options)
    return out.getvalue()


def png_that_unpacks_to(width: int, height: int) -> bytes:
    """A PNG of some kilobytes whose header promises `width` x `height` RGB pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(3 * 1000 * 1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def self_referencing_pdf() -> bytes:
    """A form that draws itself: a renderer follows it until its stack is gone."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        form = pdf.make_stream(b"/F Do 0 0 m 10 10 l S")
        form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
        form.BBox = pikepdf.Array([0, 0, 200, 200])
        form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
        page = pdf.pages[0]
        page.Contents = pdf.make_stream(b"/F Do")
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
        return saved(pdf)


def flate_bomb_pdf() -> bytes:
    """A content stream of 300 KB that unpacks to 300 MB of operators."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        packed = zlib.compress(b"0 0 m 1 1 l S\n" * (300 * 1024 * 1024 // 14), 9)
        stream = pdf.make_stream(packed)
        stream.Filter = pikepdf.Name.FlateDecode
        stream.write(packed, filter=pikepdf.Name.FlateDecode)
        pdf.pages[0].Contents = stream
        return saved(pdf)


def pages_pdf(count: int) -> bytes:
    with pikepdf.new() as pdf:
        for _ in range(count):
            pdf.add_blank_page(page_size=(200, 200))
        return saved(pdf)


def locked_pdf(user: str, owner: str) -> bytes:
    with pikepdf.open(io.BytesIO(GOOD)) as pdf:
        return saved(pdf, encryption=pikepdf.Encryption(user=user, owner=owner))


def test_an_empty_file_is_empty(examined):
    """Zero bytes are no document, and need no child to find out."""
    assert examined(b"", "a.pdf").defect == "empty"


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("JPEG", "a.pdf", ("application/pdf", "image/jpeg")),
        ("PNG", "a.jpg", ("image/jpeg", "image/png")),
        ("TIFF", "a.png", ("image/png", "image/tiff")),
    ],
)
def test_a_name_that_lies_is_found(examined, kind, name, words):
    """Content and name disagree: the detail names both media types."""
    facts = examined(picture(kind), name)
    assert facts.defect == "not-a-document"
    assert all(word in facts.detail for word in words)


def test_text_called_pdf_is_no_document(examined):
    """A text file with a PDF's name is refused by its content."""
    facts = examined("不是扫描件\n".encode() * 200, "a.pdf")
    assert facts.defect == "not-a-document"
    assert "text/plain" in facts.detail


@pytest.mark.parametrize("name", ["a.jpeg", "a.JPG", "a", "a.0017"])
def test_names_that_do_not_lie_are_accepted(examined, name):
    """Either spelling, no extension or a scanner's counter: content decides."""
    facts = examined(picture("JPEG", (60, 60)), name)
    assert (facts.defect, facts.media_type, facts.extension) == (None, "image/jpeg", ".jpg")


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "PDF"])
def test_a_file_that_was_cut_off_is_damaged(examined, kind, share):
    """However little is missing, a truncated scan is not filed."""
    whole = GOOD if kind == "PDF" else picture(kind)
    name = {"JPEG": "a.jpg", "PNG": "a.png", "TIFF": "a.tif", "PDF": "a.pdf"}[kind]
    assert examined(whole[: int(len(whole) * share)], name).defect == "damaged"


def test_a_cut_off_picture_inside_a_pdf_is_damaged(examined):
    """A PDF whose scanned page is half a JPEG shows grey in a viewer; here it is refused."""
    jpeg = picture("JPEG", (1000, 1000))
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        image = pdf.make_stream(jpeg[: len(jpeg) // 2])
        image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        image.Width = image.Height = 1000
        image.BitsPerComponent, image.ColorSpace = 8, pikepdf.Name.DeviceGray
        image.Filter = pikepdf.Name.DCTDecode
        pdf.pages[0].Contents = pdf.make_stream(b"q 200 0 0 200 0 0 cm /Im0 Do Q")
        pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
        content = saved(pdf)
    assert examined(content, "a.pdf").defect == "damaged"


def test_a_pdf_that_needs_a_password_is_encrypted(examined):
    """A user password closes the file; the person who scanned it has to open it."""
    assert examined(locked_pdf("geheim", "geheim"), "a.pdf").defect == "encrypted"


def test_an_owner_password_does_not_lock_a_pdf(examined):
    """A password that only forbids printing opens with the empty one."""
    facts = examined(locked_pdf("", "geheim"), "a.pdf")
    assert facts.defect is None
    assert facts.covers[0].dossier == "D000001"


def test_a_pdf_with_too_many_pages_is_too_large(examined):
    """One page more than allowed is refused; the bound itself is not."""
    assert examined(pages_pdf(1000), "a.pdf").defect == "too-large"
    assert len(examined(pages_pdf(999), "b.pdf").pages) == 999


def test_a_tiff_with_too_many_pages_is_too_large(tmp_path):
    """Frames of a TIFF count as pages."""
    frames = [Image.new("1", (8, 8), 1) for _ in range(4)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    with Examiners(workers=1, limits=Limits(max_pages=3)) as pool:
        assert pool.examine(tmp_path / "a.tif").defect == "too-large"


def test_a_picture_that_unpacks_to_gigabytes_is_too_large(examined):
    """The header's dimensions are enough; nothing is decoded."""
    facts = examined(png_that_unpacks_to(60_000, 60_000), "a.png")
    assert facts.defect == "too-large"
    assert "3600000000 pixels" in facts.detail


def test_a_huge_picture_inside_a_pdf_is_too_large(examined):
    """The bound on pixels holds for pictures inside PDF pages."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        image = pdf.make_stream(b"\x00")
        image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        image.Width = image.Height = 30_000
        image.BitsPerComponent, image.ColorSpace = 8, pikepdf.Name.DeviceGray
        pdf.pages[0].Contents = pdf.make_stream(b"q 200 0 0 200 0 0 cm /Im0 Do Q")
        pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
        content = saved(pdf)
    assert examined(content, "a.pdf").defect == "too-large"


def test_a_flate_bomb_is_too_large(examined):
    """A stream that unpacks a thousandfold is stopped by the parser's limits or by ours."""
    assert examined(flate_bomb_pdf(), "a.pdf").defect == "too-large"


def test_a_form_that_draws_itself_is_damaged(examined):
    """The drawing without end is refused before a renderer follows it."""
    assert examined(self_referencing_pdf(), "a.pdf").defect == "damaged"


def test_a_page_tree_without_end_is_damaged(examined):
    """A page tree that contains itself is found while counting."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        pdf.Root.Pages.Kids = pikepdf.Array([pdf.Root.Pages])
        content = saved(pdf)
    assert examined(content, "a.pdf").defect in ("damaged", "too-large")


def test_a_page_of_absurd_size_is_rendered_within_bounds(examined):
    """A page of 500 000 points becomes a picture of ordinary size."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        pdf.pages[0].MediaBox = pikepdf.Array([0, 0, 500_000, 500_000])
        pdf.pages[0].Contents = pdf.make_stream(b"0 0 m 1000 1000 l S")
        content = saved(pdf)
    facts = examined(content, "a.pdf")
    assert facts.defect is None
    assert facts.pages[0].width * facts.pages[0].height <= 20_000_000


def test_what_is_no_plain_file_is_never_opened(examiners, tmp_path):
    """Links are not followed, pipes not waited for, folders not read."""
    (tmp_path / "real.pdf").write_bytes(GOOD)
    (tmp_path / "link.pdf").symlink_to(tmp_path / "real.pdf")
    os.mkfifo(tmp_path / "pipe.pdf")
    (tmp_path / "folder.pdf").mkdir()
    for name in ("link.pdf", "pipe.pdf", "folder.pdf", "missing.pdf"):
        assert examiners.examine(tmp_path / name).defect == "not-a-document"
    assert examiners.examine(Path("/dev/zero")).defect == "not-a-document"


def test_a_file_above_the_size_limit_is_not_read(tmp_path):
    """The size is known before any byte is."""
    (tmp_path / "a.pdf").write_bytes(GOOD)
    with Examiners(workers=1, limits=Limits(max_size_bytes=100)) as pool:
        assert pool.examine(tmp_path / "a.pdf").defect == "too-large"


def test_a_child_that_takes_too_long_is_replaced(tmp_path):
    """The file is damaged by timeout, and the next one is examined by a new child."""
    (tmp_path / "good.pdf").write_bytes(GOOD)
    before = children()
    with Examiners(workers=1, limits=Limits(look_wall_seconds=1.0)) as pool:
        pool.look(tmp_path / "good.pdf").result()
        (child,) = children() - before
        os.kill(child, signal.SIGSTOP)  # it hangs as a parser in an endless loop does
        slow = pool.examine(tmp_path / "good.pdf")
        assert slow.defect == "damaged"
        assert "timeout" in slow.detail
        assert pool.examine(tmp_path / "good.pdf").defect is None


def test_a_child_that_takes_too_much_memory_is_replaced(tmp_path):
    """Memory above the bound ends the child; the file is too large."""
    Image.effect_noise((6000, 6000), 60).save(tmp_path / "big.png", compress_level=1)
    Image.new("L", (50, 50), 255).save(tmp_path / "small.png")
    limits = Limits(memory_bytes=150 * MEBIBYTE)
    with Examiners(workers=1, limits=limits) as pool:
        assert pool.examine(tmp_path / "big.png").defect == "too-large"
        assert pool.examine(tmp_path / "small.png").defect is None


def test_a_child_ended_from_outside_costs_no_file(tmp_path):
    """A child that is killed between two files is replaced without blaming the next one."""
    (tmp_path / "good.pdf").write_bytes(GOOD)
    with Examiners(workers=1) as pool:
        assert pool.examine(tmp_path / "good.pdf").defect is None
        for child in children():
            os.kill(child, 9)
        assert pool.examine(tmp_path / "good.pdf").defect is None


def test_closing_ends_every_child(tmp_path):
    """After closing, no child is left and a further request fails loudly."""
    (tmp_path / "good.pdf").write_bytes(GOOD)
    before = children()
    pool = Examiners(workers=2)
    waiting = [pool.examine_async(tmp_path / "good.pdf") for _ in range(4)]
    assert {future.result().defect for future in waiting} == {None}
    assert len(children() - before) in (1, 2)
    pool.close()
    assert children() == before
    with pytest.raises(Exception, match="stopped"):
        pool.examine(tmp_path / "good.pdf")


def test_nothing_starts_before_the_first_request():
    """A pool that is never asked costs nothing."""
    before, threads = children(), threading.active_count()
    with Examiners(workers=2):
        assert (children(), threading.active_count()) == (before, threads)


@pytest.mark.rule("S001-1-R06")
def test_a_child_has_no_network_and_no_files(examiners, tmp_path):
    """Where the kernel allows it, a child can reach neither; its descriptors are its socket's."""
    (tmp_path / "good.pdf").write_bytes(GOOD)
    examiners.examine(tmp_path / "good.pdf")
    child = max(children())
    status = Path(f"/proc/{child}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    ours, theirs = Path("/proc/self/ns/net"), Path(f"/proc/{child}/ns/net")
    assert theirs.readlink() != ours.readlink()
    assert b"PASSPHRASE" not in Path(f"/proc/{child}/environ").read_bytes()


def test_digest_and_size_are_those_of_the_file(examined):
    """Facts name exactly the bytes that were examined."""
    import hashlib

    facts = examined(GOOD, "a.pdf")
    assert (facts.sha256, facts.size_bytes) == (hashlib.sha256(GOOD).hexdigest(), len(GOOD))


def test_a_text_pdf_never_loads_recognition(tmp_path):
    """The child that looked at text PDFs has not mapped OpenCV or OpenVINO."""
    (tmp_path / "good.pdf").write_bytes(GOOD)
    before = children()
    with Examiners(workers=1) as pool:
        facts = pool.examine(tmp_path / "good.pdf")
        (child,) = children() - before
        mapped = Path(f"/proc/{child}/maps").read_text()
    assert facts.pages[0].source == "layer"
    assert "汽车销售合同" in facts.pages[0].text
    assert not any(name in mapped for name in ("cv2", "openvino", "numpy", "pikepdf"))


def children() -> set[int]:
    """Process ids of this process's living children."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        # A pool thread may end while we look; it had no child left then.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def test_forms_that_multiply_are_refused_before_they_are_drawn(examined):
    """Twenty forms that each draw the next ten times never reach the renderer."""
    facts = examined(hostile.forms_without_number(), "a.pdf")
    assert (facts.defect, "unpacks" in facts.detail) == ("too-large", True)


def test_a_page_tree_that_holds_itself_is_refused_at_the_first_turn(examined):
    """A branch that is there a second time ends the walk, however wide the tree is."""
    facts = examined(hostile.pages_that_are_their_own_parents(), "a.pdf")
    assert (facts.defect, "no end" in facts.detail) == ("damaged", True)
