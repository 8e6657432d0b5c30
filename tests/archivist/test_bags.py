"""Manifests and bags: what other programs make of them."""

import hashlib
import os
import shutil
import subprocess
from datetime import date

import pytest

from archivist.bags import DATA, seal_bag, seal_folder
from archivist.export_files import readable

NAMES = ("合同 甲.pdf", "a/b/深.txt", "100%.txt", "line\nbreak\r.txt")


@pytest.fixture
def bag(tmp_path):
    """A bag with names of every kind."""
    for name in NAMES:
        path = tmp_path / "bag" / DATA / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    seal_bag(tmp_path / "bag", [("External-Identifier", "C000001")], date(2026, 3, 5))
    return tmp_path / "bag"


def test_a_bag_is_written_as_the_standard_says(bag):
    """RFC 8493: declaration, escaped paths, sizes, and every tag file in the tag manifests."""
    assert (bag / "bagit.txt").read_bytes() == (
        b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    )
    lines = (bag / "manifest-sha512.txt").read_bytes().decode().splitlines()
    assert [line.partition("  ")[2] for line in lines] == [
        "data/100%25.txt", "data/a/b/深.txt", "data/line%0Abreak%0D.txt", "data/合同 甲.pdf"
    ]  # fmt: skip
    assert lines[0].partition("  ")[0] == hashlib.sha512(b"100%.txt").hexdigest()
    size = sum(len(name.encode()) for name in NAMES)
    assert f"Payload-Oxum: {size}.4\n" in (bag / "bag-info.txt").read_text("utf-8")
    named = (bag / "tagmanifest-sha256.txt").read_text("utf-8")
    tags = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sha512.txt")
    for tag in tags:
        assert f"{hashlib.sha256((bag / tag).read_bytes()).hexdigest()}  {tag}\n" in named


def test_the_reference_library_validates_a_bag_and_sees_a_changed_byte(bag):
    """The Library of Congress's `bagit`, where it is installed.

    It does not restore an escaped percent sign; no name that the archive gives has one.
    """
    try:
        import bagit
    except ImportError:
        if os.environ.get("ARCHIVIST_REQUIRE_INTEROP"):
            pytest.fail("bagit is not installed, and ARCHIVIST_REQUIRE_INTEROP is set")
        pytest.skip("bagit is not installed")
    (bag / DATA / "100%.txt").rename(bag / DATA / "100.txt")
    seal_bag(bag, [], date(2026, 3, 5))
    assert bagit.Bag(str(bag)).validate()
    (bag / DATA / NAMES[0]).write_bytes("合同 乙.pdf".encode())
    assert not bagit.Bag(str(bag)).is_valid()


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
def test_stock_tools_check_the_manifest_of_a_folder(tmp_path):
    """`sha256sum -c` reads it; a byte that was changed is found."""
    (tmp_path / "合同 甲.txt").write_bytes(b"x")
    digest = seal_folder(tmp_path)
    content = (tmp_path / "manifest-sha256.txt").read_bytes()
    assert digest == hashlib.sha256(content).hexdigest()

    def check():
        return subprocess.run(["sha256sum", "-c", "manifest-sha256.txt"], cwd=tmp_path,
                              capture_output=True).returncode  # fmt: skip

    assert check() == 0
    (tmp_path / "合同 甲.txt").write_bytes(b"y")
    assert check() == 1


@pytest.mark.parametrize(("words", "name"), [
    ("R1 合同 ../../etc/passwd", "R1 合同 .. .. etc passwd"),
    ('R1 a<b>c:d"e|f?g*h\\i%j', "R1 a b c d e f g h i j"),
    ("R1 尾点. . ", "R1 尾点"),
    ("R1\u202egpj\x00\n", "R1 gpj"),
    ("R1 " + "长" * 300, "R1 " + "长" * 49),
])  # fmt: skip
def test_a_title_makes_a_name_that_every_system_takes(words, name):
    """No separator, no control or bidirectional mark, no dot at the end, not too long."""
    assert readable(words, ".pdf") == f"{name}.pdf"
