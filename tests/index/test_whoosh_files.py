"""What the Whoosh engine leaves in its files, and that it writes nowhere else."""

import subprocess
import sys
from pathlib import Path

import pytest
from index_bytes import inflated

from index.analysis import plan
from index.encrypted_storage import EncryptedStorage
from index.engine import ANYTHING, Page
from index.errors import IndexDamaged
from index.whoosh_engine import WhooshEngine

KEY = bytes(range(32))
RARE = "龘靐齉爩麤灪龖厵"
SECRET = Page("R00000666", 1, "CSECRET", "D", "secret", 20240101, "titlezanzibar", RARE + "zzqxj")
TERMS = [char.encode() for char in RARE] + [b"R00000666"]
STORED = [RARE.encode(), b"titlezanzibar", b"CSECRET"]


def contents(where: Path) -> list[bytes]:
    """Return every sealed file in clear."""
    storage = EncryptedStorage(where, KEY)
    return [storage.unseal(name) for name in storage.sealed()]


def traces(where: Path) -> list[bytes]:
    """Return what of the secret page is found in the files, in postings and stored fields."""
    clear = contents(where)
    unpacked = b"".join(piece for data in clear for piece in inflated(data))
    return [t for t in TERMS if any(t in data for data in clear)] + [
        s for s in STORED if s in unpacked
    ]


def test_nothing_of_a_purged_record_is_left_in_the_files(tmp_path: Path) -> None:
    """Every trace is there before the purge and none after it."""
    where = tmp_path / "grade.whoosh"
    engine = WhooshEngine.open(where, KEY, create=True)
    for batch in range(3):
        pages = [
            Page(f"R{batch}{i:07}", 1, "C1", "D1", "t", 20240101, "", f"客户档案第{i}条")
            for i in range(20)
        ]
        engine.put([*pages, SECRET] if batch == 1 else pages, batch)
    assert traces(where) == TERMS + STORED
    engine.purge([SECRET.record])
    assert traces(where) == []
    assert engine.search(plan("客户档案"), ANYTHING, 1).total == 60
    engine.close()


def test_a_purge_also_removes_what_a_killed_writer_left(tmp_path: Path) -> None:
    """A finished segment that no table of contents names is swept away."""
    where = tmp_path / "grade.whoosh"
    engine = WhooshEngine.open(where, KEY, create=True)
    (where / "MAIN_0orphan.seg").write_bytes(b"left behind")
    (where / "MAIN_0orphan.seg.part").write_bytes(b"left behind")
    engine.purge([])
    assert [path.name for path in where.iterdir() if "orphan" in path.name] == []
    engine.close()


WATCHED = """
import os, sys
from pathlib import Path
written = []
def watch(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        mode, flags = args[1], args[2]
        if (mode and set("wxa+") & set(mode)) or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.append(os.fsdecode(args[0]))
from index.engine import Page
from index.whoosh_engine import WhooshEngine
sys.addaudithook(watch)
where = Path(sys.argv[1])
import index.whoosh_engine
index.whoosh_engine._SORT_MIB = 1
engine = WhooshEngine.open(where, bytes(32), create=True)
for n in range(3):
    text = "".join(chr(0x4e00 + (i * 7 + n) % 6000) for i in range(3000))
    engine.put([Page(f"R{i}", 1, "C", "D", "t", 20240101, "", text) for i in range(8)], n)
engine.purge(["R1"])
engine.close()
print(*sorted({os.path.relpath(p, where) for p in written}), sep="\\n")
"""


def test_nothing_is_written_outside_the_sealed_files(tmp_path: Path) -> None:
    """Neither scratch nor sorting runs touch the disk, in the index folder or elsewhere."""
    where = tmp_path / "grade.whoosh"
    command = [sys.executable, "-W", "ignore", "-B", "-c", WATCHED, str(where)]
    child = subprocess.run(command, capture_output=True, text=True, check=True)
    names = child.stdout.split()
    assert names
    allowed = (".seg.part", ".toc.part", "MAIN_WRITELOCK")
    assert [name for name in names if "/" in name or not name.endswith(allowed)] == []


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_a_sealed_file_comes_back_as_it_was(tmp_path: Path, size: int) -> None:
    """Any length, at the borders of chunks too."""
    storage = EncryptedStorage(tmp_path, KEY)
    content = bytes(i % 251 for i in range(size))
    storage.seal("a.seg", content)
    assert storage.unseal("a.seg") == content
    assert storage.file_length("a.seg") == size


def test_a_sealed_file_cannot_be_changed_cut_lengthened_or_swapped(tmp_path: Path) -> None:
    """Whatever is done to the ciphertext is refused before anything is parsed."""
    storage = EncryptedStorage(tmp_path, KEY)
    storage.seal("a.seg", b"x" * (2 << 20))
    storage.seal("b.seg", b"y" * (2 << 20))
    a, b = (tmp_path / "a.seg").read_bytes(), (tmp_path / "b.seg").read_bytes()
    chunk = (1 << 20) + 16
    forged = [b, a[:-1], a[:-chunk], a + a[-chunk:], a[:40], a[:39], b"", bytes([a[0] ^ 1]) + a[1:]]
    forged += [a[:i] + bytes([a[i] ^ 1]) + a[i + 1 :] for i in (8, 40, 5000, len(a) - 1)]
    forged.append(a[:40] + a[40 + chunk :] + a[40 : 40 + chunk])
    for bytes_ in forged:
        (tmp_path / "a.seg").write_bytes(bytes_)
        with pytest.raises(IndexDamaged):
            storage.unseal("a.seg")


def test_the_same_content_is_never_the_same_ciphertext(tmp_path: Path) -> None:
    """Sealing again under the same name shows nothing of what stayed the same."""
    storage = EncryptedStorage(tmp_path, KEY)
    storage.seal("a.seg", bytes(100))
    first = (tmp_path / "a.seg").read_bytes()
    storage.seal("a.seg", bytes(100))
    assert first[40:] != (tmp_path / "a.seg").read_bytes()[40:]
