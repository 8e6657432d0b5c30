"""A corpus of broken and hostile scans, the same for the same seed and number.

    for name, content in corpus(Path("../shared/scans"), seed=1, count=150): ...

Sound pieces are cut from the sample scans (small ones, so that ten thousand can be read in a
morning), written as JPEG, PNG, TIFF and PDF in the ways scanners write them. A file is one of them
with one to three changes: bits, lengths, chunks, ends, heads, other files before, in and behind it.
Every fiftieth is a bomb: small, and wanting gigabytes or hours. Some changes change nothing that a
reader sees: those files are filed, as they should be.
"""

from __future__ import annotations

import io
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pikepdf
from PIL import Image

BOMB_EVERY = 50
EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "PDF": ".pdf"}
_ODD_LENGTHS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MARKS = (b"IHDR", b"IDAT", b"IEND", b"\xff\xd8", b"\xff\xda", b"\xff\xc0", b"\xff\xd9",
          b"\xff\xc4", b"stream", b"endstream", b"/Length", b"/Kids", b"/Count", b"/Root", b"xref",
          b"startxref",
          b"trailer", b"/Filter", b"/Type", b"/Width", b"obj", b"%%EOF")  # fmt: skip
_NUMBERS = (b"/Length", b"/Count", b"/Width", b"/Height", b"/Rotate", b"/Size", b"/W", b"startxref")

_THEN = time.gmtime(0)

# Where a piece is cut from a page: two lines of text, or its margin. A margin is decoded and looked
# at like any page, and spares the seconds that recognising text takes.
LINES, MARGIN = (200, 400, 620, 520), (100, 150, 420, 250)
Box = tuple[int, int, int, int]
Change = Callable[[random.Random, bytes, list[bytes]], bytes]


def corpus(scans: Path, seed: int, count: int, box: Box = LINES) -> Iterator[tuple[str, bytes]]:
    """`count` files as (name, content), each from its own number alone; no two alike."""
    sound = pieces(scans, box)
    kinds, contents = [kind for kind, _ in sound], [content for _, content in sound]
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        if number % BOMB_EVERY == BOMB_EVERY - 1:
            kind, content = bomb(rng.randrange(len(BOMBS)))
            content += _unlike(kind, number)
        else:
            at = rng.randrange(len(sound))
            kind, content = kinds[at], contents[at]
            for _ in range(rng.randint(1, 3)):
                content = rng.choice(CHANGES)(rng, content, contents) or b"\0"
        if rng.random() < 0.05:
            kind = rng.choice(list(EXTENSIONS))  # a name that lies
        yield f"{number:05}{EXTENSIONS[kind]}", content


def _unlike(kind: str, number: int) -> bytes:
    # A remark behind the end keeps two equal bombs from being duplicates of each other.
    return b"\n%% %d\n%%%%EOF\n" % number if kind == "PDF" else b"%d" % number


@cache
def pieces(scans: Path, box: Box = LINES) -> list[tuple[str, bytes]]:
    """Sound small documents as (format, content)."""
    pictures = []
    for path in sorted((scans / "pages").glob("*.jpg"))[::2]:
        with Image.open(path) as page:
            pictures.append(page.convert("RGB").crop(box))
    made: list[tuple[str, bytes]] = []
    for picture in pictures:
        grey, bilevel = picture.convert("L"), picture.convert("1")
        made += [
            ("JPEG", _written(picture, "JPEG", quality=70)),
            ("JPEG", _written(grey, "JPEG", quality=50, progressive=True)),
            ("PNG", _written(grey, "PNG")),
            ("TIFF", _written(bilevel, "TIFF", compression="group4")),
            ("TIFF", _written(grey, "TIFF", compression="tiff_lzw")),
            ("TIFF", _written(grey, "TIFF")),
            ("PDF", _written(grey, "PDF", resolution=200)),
        ]
    first, second = pictures[0].convert("1"), pictures[1].convert("1")
    made.append(("TIFF", _written(first, "TIFF", compression="group4", save_all=True,
                                  append_images=[second])))  # fmt: skip
    made.append(("PDF", _written(first, "PDF", save_all=True, append_images=[second])))
    return [*made, ("PDF", _text_pdf()), ("PDF", _text_pdf(object_streams=True))]


def _written(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    if kind == "PDF":
        options |= {"creationDate": _THEN, "modDate": _THEN}
    picture.save(out, kind, **options)
    return out.getvalue()


def _text_pdf(object_streams: bool = False) -> bytes:
    from archivist.printing import Paper

    paper = Paper("")
    for page in range(3):
        for line in range(12):
            paper.text(
                f"第 {page} 页 第 {line} 行 车辆购销合同 甲方与乙方", 12, 60, 780 - 24 * line
            )
        paper.next_page()
    if not object_streams:
        return paper.finished()
    with pikepdf.open(io.BytesIO(paper.finished())) as pdf:
        return _saved(pdf, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def _saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, **options)
    return out.getvalue()


# ── changes ───────────────────────────────────────────────────────────────────


def _flip_bits(rng: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    changed = bytearray(raw)
    for _n in range(rng.choice((1, 1, 4, 32))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _flip_near_the_head(rng: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    changed = bytearray(raw)
    for _n in range(rng.randint(1, 4)):
        changed[rng.randrange(min(256, len(changed)))] = rng.randrange(256)
    return bytes(changed)


def _truncate(rng: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    return raw[
        : rng.choice((rng.randrange(len(raw)), len(raw) - rng.randint(1, min(64, len(raw)))))
    ]


def _hollow(rng: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    """A block of zeros, as a broken disk or a transfer that began anew leaves."""
    at, length = rng.randrange(len(raw)), rng.choice((1, 16, 512, 4096))
    return raw[:at] + bytes(min(length, len(raw) - at)) + raw[at + length :]


def _splice(rng: random.Random, raw: bytes, others: list[bytes]) -> bytes:
    other = rng.choice(others)
    return raw[: rng.randrange(len(raw))] + other[rng.randrange(len(other)) :]


def _odd_length(rng: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    """Two or four bytes that may be a length become one that cannot be."""
    width = rng.choice((2, 4))
    at = rng.randrange(max(1, min(len(raw) - width, rng.choice((64, 4096, len(raw))))))
    value = rng.choice(_ODD_LENGTHS) & ((1 << 8 * width) - 1)
    return raw[:at] + value.to_bytes(width, rng.choice(("big", "little"))) + raw[at + width :]


def _odd_number(rng: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    """A number behind a PDF's key becomes another."""
    key = rng.choice(_NUMBERS)
    at = raw.find(key, rng.randrange(len(raw)))
    if at < 0:
        return _flip_bits(rng, raw, [])
    value = rng.choice((b" 0 ", b" -1 ", b" 2147483647 ", b" 99999999999999999999 ", b" 1 0 R "))
    return raw[: at + len(key)] + value + raw[at + len(key) + 1 :]


def _chunk(rng: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    """What lies between two marks of the format, twice, gone or elsewhere."""
    places = sorted({at for mark in _MARKS for at in _found(raw, mark)})
    if len(places) < 2:
        return _splice(rng, raw, [raw])
    start, end = sorted(rng.sample(places, 2))
    piece = raw[start:end]
    match rng.randrange(3):
        case 0:
            return raw[:end] + piece + raw[end:]
        case 1:
            return raw[:start] + raw[end:]
        case _:
            to = rng.choice(places)
            return raw[:to] + piece + raw[to:]


def _found(raw: bytes, mark: bytes, most: int = 40) -> Iterator[int]:
    at = raw.find(mark)
    while at >= 0 and most:
        yield at
        most -= 1
        at = raw.find(mark, at + 1)


def _other_head(rng: random.Random, raw: bytes, others: list[bytes]) -> bytes:
    length = rng.choice((4, 8, 16, 64))
    return rng.choice(others)[:length] + raw[length:]


def _before_and_behind(rng: random.Random, raw: bytes, others: list[bytes]) -> bytes:
    """Two files in one: a ZIP, another scan or noise before it or behind it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.html"), "<script>1</script>")
    more = rng.choice((packed.getvalue(), rng.choice(others), rng.randbytes(600), b"GIF89a" + raw))
    return rng.choice((more[:1000] + raw, raw + more))


CHANGES: tuple[Change, ...] = (
    _flip_bits, _flip_near_the_head, _truncate, _hollow, _splice, _odd_length, _odd_number, _chunk,
    _other_head, _before_and_behind,
)  # fmt: skip


# ── bombs ─────────────────────────────────────────────────────────────────────


def _pdf(change: Callable[[pikepdf.Pdf, pikepdf.Page], None], **options: object) -> bytes:
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(200, 200))
        change(pdf, page)
        return _saved(pdf, **options)


def _form(pdf: pikepdf.Pdf, content: bytes) -> pikepdf.Stream:
    form = pdf.make_stream(content)
    form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    form.BBox = pikepdf.Array([0, 0, 200, 200])
    return form


def form_that_draws_itself() -> bytes:
    """Two forms that draw each other."""

    def change(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        one, two = _form(pdf, b"/F Do"), _form(pdf, b"/F Do")
        one.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=two))
        two.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=one))
        page.Contents = pdf.make_stream(b"/F Do")
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=one))

    return _pdf(change)


def forms_without_number() -> bytes:
    """Twenty forms, each drawing the next ten times: 10^20 lines."""

    def change(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        form = _form(pdf, b"0 0 m 9 9 l S")
        for _ in range(20):
            outer = _form(pdf, b"/F Do " * 10)
            outer.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
            form = outer
        page.Contents = pdf.make_stream(b"/F Do")
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))

    return _pdf(change)


def packed_twice() -> bytes:
    """A stream of some kilobytes, packed twice, of sixty megabytes of operators."""

    def change(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        packer, once = zlib.compressobj(9), bytearray()
        for _ in range(60):
            once += packer.compress(b"0 0 m 1 1 l S\n" * 75_000)
        once += packer.flush()
        stream = pdf.make_stream(b"")
        stream.write(
            zlib.compress(bytes(once), 9),
            filter=pikepdf.Array([pikepdf.Name.FlateDecode, pikepdf.Name.FlateDecode]),
            decode_parms=pikepdf.Array([pikepdf.Dictionary(), pikepdf.Dictionary()]),
        )
        page.Contents = stream

    return _pdf(change, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def operators() -> bytes:
    """One page of half a million operators, every other of which moves the text."""

    def change(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        page.Contents = pdf.make_stream(b"BT " + b"1 0 0 1 1 1 Tm (a) Tj\n" * 250_000 + b"ET")

    return _pdf(change)


def pages_that_are_their_own_parents() -> bytes:
    """A page tree that holds itself a thousand times."""

    def change(pdf: pikepdf.Pdf, _: pikepdf.Page) -> None:
        pdf.Root.Pages.Kids = pikepdf.Array([pdf.Root.Pages] * 1000)

    return _pdf(change)


def count_that_lies() -> bytes:
    """One page that says it is two thousand million."""

    def change(pdf: pikepdf.Pdf, _: pikepdf.Page) -> None:
        pdf.Root.Pages.Count = 2_000_000_000

    return _pdf(change)


def nested_arrays() -> bytes:
    """Brackets within brackets, fifty thousand deep."""
    deep = b"[" * 50_000 + b"]" * 50_000
    return b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/X " + deep + _TAIL


def xref_in_a_circle() -> bytes:
    """A cross-reference whose predecessor is itself."""
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R" + _TAIL
    at = body.rfind(b"xref\n", 0, body.rfind(b"startxref"))
    return body.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % at)


_TAIL = (
    b">>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
    b"xref\n0 1\n0000000000 65535 f \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
)


def map_of_every_character() -> bytes:
    """A font whose map of characters says it covers two hundred million."""

    def change(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        to_unicode = (
            b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange "
            b"<00000000> <FFFFFFFF> endcodespacerange 1 beginbfrange "
            b"<00000000> <0FFFFFFF> <0041> endbfrange endcmap end"
        )
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type0, BaseFont=pikepdf.Name.F,
            Encoding=pikepdf.Name("/Identity-H"), ToUnicode=pdf.make_stream(to_unicode),
        )  # fmt: skip
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        page.Contents = pdf.make_stream(b"BT /F 12 Tf <00010002> Tj ET")

    return _pdf(change)


def page_without_end() -> bytes:
    """A page as large as numbers go."""

    def change(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        page.MediaBox = pikepdf.Array([0, 0, 2_000_000_000, 2_000_000_000])
        page.Contents = pdf.make_stream(b"0 0 m 1000 1000 l S")

    return _pdf(change)


def picture_in_pdf() -> bytes:
    """A picture of eight thousand by eight thousand, all of it one packed zero."""

    def change(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
        image = pdf.make_stream(b"")
        image.write(zlib.compress(bytes(64_000_000), 9), filter=pikepdf.Name.FlateDecode)
        image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        image.Width = image.Height = 8_000
        image.BitsPerComponent, image.ColorSpace = 8, pikepdf.Name.DeviceGray
        page.Contents = pdf.make_stream(b"q 200 0 0 200 0 0 cm /F Do Q")
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=image))

    return _pdf(change, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *more: bytes) -> bytes:
    """A black bilevel PNG of some kilobytes."""
    header = _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    rows = zlib.compress(bytes(min(height, 10_000) * (width // 8 + 1)), 9)
    parts = (header, *more, _png_chunk(b"IDAT", rows), _png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def text_in_png() -> bytes:
    """A remark of a hundred kilobytes that unpacks to a hundred megabytes."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
    return png(64, 64, _png_chunk(b"zTXt", b"note\0\0" + packed))


def _tiff(entries: list[tuple[int, int, int, int]], following: int, more: bytes = b"") -> bytes:
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", following) + more


def directories_in_a_circle() -> bytes:
    """A TIFF whose only page is followed by itself."""
    page = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
            (278, 4, 1, 8), (279, 4, 1, 8)]  # fmt: skip
    return _tiff(page, 8)


def strips_without_number() -> bytes:
    """A TIFF that says it has a thousand million strips."""
    page = [(256, 4, 1, 5000), (257, 4, 1, 5000), (258, 3, 1, 8), (262, 3, 1, 1),
            (273, 4, 1_000_000_000, 8), (278, 4, 1, 1), (279, 4, 1_000_000_000, 8)]  # fmt: skip
    return _tiff(page, 0, bytes(64))


def jpeg_that_claims(width: int, height: int) -> bytes:
    """A small JPEG whose header promises another size."""
    raw = _written(Image.new("L", (16, 16), 200), "JPEG")
    at = raw.find(b"\xff\xc0") + 5
    return raw[:at] + struct.pack(">HH", height, width) + raw[at + 4 :]


def jpeg_of_many_scans() -> bytes:
    """A progressive JPEG whose last pass over the picture is there a thousand times."""
    raw = _written(Image.effect_noise((160, 120), 60), "JPEG", progressive=True)
    start, end = raw.rfind(b"\xff\xda"), raw.rfind(b"\xff\xd9")
    return raw[:start] + raw[start:end] * 1000 + raw[end:]


# Small files that want gigabytes, hours or a stack without end: format, and how to make it.
BOMBS: tuple[tuple[str, Callable[[], bytes]], ...] = (
    ("PDF", partial(form_that_draws_itself)),
    ("PDF", partial(forms_without_number)),
    ("PDF", partial(packed_twice)),
    ("PDF", partial(operators)),
    ("PDF", partial(pages_that_are_their_own_parents)),
    ("PDF", partial(count_that_lies)),
    ("PDF", partial(nested_arrays)),
    ("PDF", partial(xref_in_a_circle)),
    ("PDF", partial(map_of_every_character)),
    ("PDF", partial(page_without_end)),
    ("PDF", partial(picture_in_pdf)),
    ("PNG", partial(png, 60_000, 60_000)),
    ("PNG", partial(png, 9_000, 9_000)),
    ("PNG", partial(text_in_png)),
    ("TIFF", partial(directories_in_a_circle)),
    ("TIFF", partial(strips_without_number)),
    ("JPEG", partial(jpeg_that_claims, 65_535, 65_535)),
    ("JPEG", partial(jpeg_of_many_scans)),
)


@cache
def bomb(number: int) -> tuple[str, bytes]:
    """One of them as (format, content)."""
    kind, make = BOMBS[number]
    return kind, make()
