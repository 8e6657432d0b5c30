"""Whatever is dropped gets its outcome: a tray, a stable reason, and its bytes untouched."""

import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import pikepdf
import pytest

PLACE = "C000001/D000001/合同/"


def saved(pdf, **options):
    out = io.BytesIO()
    pdf.save(out, **options)
    return out.getvalue()


def locked(content):
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return saved(pdf, encryption=pikepdf.Encryption(user="geheim", owner="geheim"))


def many_pages(count):
    with pikepdf.new() as pdf:
        for _ in range(count):
            pdf.add_blank_page(page_size=(200, 200))
        return saved(pdf)


def picture_bomb():
    """A PNG of kilobytes that promises 60 000 × 60 000 pixels."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def digest(content):
    return hashlib.sha256(content).hexdigest()


def test_every_bad_scan_lies_in_quarantine_with_its_reason(home, scan):
    """One drop of broken scans: each has its reason, its bytes, and the good one is filed."""
    good = scan("甲方乙方")
    bad = {
        "empty.pdf": (b"", "empty"),
        "cut.pdf": (good[: len(good) // 2], "damaged"),
        "locked.pdf": (locked(good), "encrypted"),
        "lies.pdf": (b"\x89PNG\r\n\x1a\nnothing", "not-a-document"),
        "note.pdf": ("只是文字\n".encode() * 50, "not-a-document"),
        "bomb.png": (picture_bomb(), "too-large"),
        "thousand.pdf": (many_pages(1000), "too-large"),
    }
    for name, (content, _) in bad.items():
        home.drop(PLACE + name, content)
    home.drop(PLACE + "good.pdf", good)
    outcomes = {Path(line["source"]).name: line for line in home.lines("watch", "--once")}
    assert {n: (o["tray"], o["reason"]) for n, o in outcomes.items()} == {
        "good.pdf": (None, None),
        **{name: ("quarantine", reason) for name, (_, reason) in bad.items()},
    }
    assert sorted(map(digest, home.in_tray("quarantine"))) == sorted(
        digest(content) for content, _ in bad.values()
    )
    assert home.opened(outcomes["good.pdf"]["record"]) == good


NAMES = {
    "backslashes": b"..\\..\\etc\\passwd.pdf",
    "two-dots": b"a..b...pdf",
    "starts-with-two-dots": b"..evil.pdf",
    "tilde": b"~scan.pdf",
    "newline": "第一行\n第二行.pdf".encode(),
    "control": b"bell\x07\x1b[2Jesc.pdf",
    "255-bytes": ("档" * 83).encode() + b"xx.pdf",
    "not-utf8": b"\xb5\xb5\xc0\xfe\xff.pdf",
    "leading-dash": b"--help.pdf",
    "right-to-left": "\u202efdp.exe.pdf".encode(),
    "quotes": b'\'; rm -rf $HOME `x` "%s" {0}.pdf',
    "spaces": " 　 .pdf".encode(),
    "no-extension": b"scan",
}


def test_no_name_is_too_strange_to_file(home, scan):
    """Sound scans under hostile names are filed; the output stays JSON in UTF-8."""
    sent = {}
    for number, name in enumerate(NAMES.values()):
        assert len(name) <= 255
        content = sent[name] = scan(f"第{number}份")
        home.drop(PLACE.encode() + name, content)
    outcomes = home.lines("watch", "--once")
    assert [o["reason"] for o in outcomes] == [None] * len(NAMES)
    assert not [path for path in home.drop_folder.rglob("*") if path.is_file()]
    given_back = {digest(home.opened(record)) for record in home.records()}
    assert given_back == set(map(digest, sent.values()))
    for record in home.records():
        assert home.json("show", record)["source"].startswith("C000001/")
    assert home.run("show", home.records()[0]).code == 0


def test_strange_names_wait_in_trays_like_any_other(home, scan):
    """A scan that is refused keeps its name as it was, and `inbox` can list and settle it."""
    for name in NAMES.values():
        home.drop(name, scan(os.fsdecode(name)[:3] or "x"))
    outcomes = home.lines("watch", "--once")
    assert {o["outcome"] for o in outcomes} == {"refused"}
    names = {os.fsencode(path.name) for path in home.tray_files("unsorted")}
    assert names == set(NAMES.values())
    listed = home.json("inbox", "list")
    assert len(listed) == len(NAMES)
    assert home.run("inbox", "list").code == 0
    for row in listed[:3]:
        (outcome,) = home.lines(
            "inbox", "assign", row["claim"], "--dossier", "D000001", "--type", "sales_contract"
        )
        assert outcome["outcome"] == "filed"


def test_what_is_no_file_is_refused_without_being_opened(home, tmp_path):
    """A link is not followed, a pipe not waited for; what a link points at stays untouched."""
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(b"%PDF- outside")
    (home.drop_folder / "link.pdf").symlink_to(secret)
    (home.drop_folder / "dangling.pdf").symlink_to(tmp_path / "nowhere")
    os.mkfifo(home.drop_folder / "pipe.pdf")
    (home.drop_folder / "folder.pdf").mkdir()
    outcomes = {o["source"]: o["reason"] for o in home.lines("watch", "--once")}
    assert outcomes == dict.fromkeys(("link.pdf", "dangling.pdf", "pipe.pdf"), "not-a-document")
    tray = home.root / "trays" / "quarantine"
    (link,) = tray.rglob("link.pdf")
    assert link.is_symlink()
    assert secret.read_bytes() == b"%PDF- outside"
    assert [path for path in tray.rglob("pipe.pdf") if path.is_fifo()]


def test_a_text_layer_of_half_characters_is_filed(home):
    """A PDF whose fonts map to lone surrogates and NUL is filed and viewed."""
    to_unicode = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap "
        b"1 begincodespacerange <00> <FF> endcodespacerange "
        b"3 beginbfchar <41> <D83D> <42> <0000> <43> <7532> endbfchar endcmap end end"
    )
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica,
            ToUnicode=pdf.make_stream(to_unicode),
        )  # fmt: skip
        pdf.pages[0].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        pdf.pages[0].Contents = pdf.make_stream(b"BT /F 12 Tf 20 100 Td (CABCCCCC) Tj ET")
        content = saved(pdf)
    home.drop(PLACE + "x.pdf", content)
    (outcome,) = home.lines("watch", "--once")
    assert outcome["outcome"] == "filed"
    assert home.opened(outcome["record"]) == content


def test_a_deep_path_is_kept(home, scan):
    """Sub-folders below the known three are kept with the scan in its tray."""
    deep = "/".join(["很深的目录"] * 12)
    home.drop(f"{deep}/x.pdf", scan())
    (outcome,) = home.lines("watch", "--once")
    assert outcome["source"] == f"{deep}/x.pdf"
    assert str(home.tray_files("unsorted")[0]).endswith(f"{deep}/x.pdf")


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4\n%%EOF", b"\xff\xd8\xff\xd9", b"II*\0"])
def test_what_is_filed_by_hand_and_broken_is_refused_too(home, tmp_path, content):
    """`file` refuses as `watch` does; the person's original stays where it is."""
    path = tmp_path / "x"
    path.write_bytes(content)
    ran = home.run("file", path, "--dossier", "D000001", "--type", "sales_contract", "--json")
    assert ran.code == 3
    assert ran.lines[0]["tray"] == "quarantine"
    assert path.read_bytes() == content
    assert home.in_tray("quarantine") == [content]
