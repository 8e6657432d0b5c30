"""The drop folder: when a file is complete, and that nothing is taken in the making."""

import io
import itertools
import os
import threading
import time

import pytest
from PIL import Image

from archivist.config import Settings
from archivist.watch import DropFolder, is_temporary

PDF = b"%PDF-1.7\n" + b"x" * 5000 + b"\nstartxref\n9\n%%EOF\n"


class Clock:
    """Time that passes when the test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def wall(self):
        return time.time()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def drop(tmp_path, clock):
    settings = Settings(root=tmp_path, archive_id="0" * 16, packs=(), vkey="")
    (tmp_path / "drop").mkdir()
    return DropFolder(settings, clock, clock.wall)


def looks(drop, clock, seconds):
    """What one look finds after some seconds."""
    clock.now += seconds
    return [path.name for path in drop.look()]


def picture(kind, size=(300, 200), **options):
    out = io.BytesIO()
    Image.effect_noise(size, 60).save(out, kind, **options)
    return out.getvalue()


def test_a_file_is_complete_when_it_has_stood_still(drop, clock):
    """A whole PDF is yielded after the settle time, not before."""
    (drop.folder / "a.pdf").write_bytes(PDF)
    assert looks(drop, clock, 0) == []
    assert looks(drop, clock, 0.9) == []
    assert looks(drop, clock, 0.2) == ["a.pdf"]


def test_growing_starts_the_wait_anew(drop, clock):
    """Every change of size or time counts from the beginning."""
    path = drop.folder / "a.pdf"
    path.write_bytes(PDF)
    looks(drop, clock, 0)
    path.write_bytes(PDF + PDF)
    assert looks(drop, clock, 1.5) == []
    assert looks(drop, clock, 1.5) == ["a.pdf"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF),
        ("a.png", picture("PNG")),
        ("a.jpg", picture("JPEG")),
        ("a.tif", picture("TIFF")),
        ("deflate.tif", picture("TIFF", compression="tiff_deflate")),
    ],
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_pause_in_the_middle_is_not_the_end(drop, clock, name, content, share):
    """A file that lacks its end waits ten seconds of standing still, a whole one only one."""
    path = drop.folder / name
    path.write_bytes(content[: int(len(content) * share)])
    looks(drop, clock, 0)
    assert looks(drop, clock, 5) == []
    with path.open("ab") as file:
        file.write(content[int(len(content) * share) :])
    looks(drop, clock, 0)
    assert looks(drop, clock, 1.1) == [name]


def test_several_pages_of_a_tiff_are_waited_for(drop, clock):
    """The chain of directories is followed to the last page."""
    out = io.BytesIO()
    pages = [Image.effect_noise((60, 60), 30) for _ in range(3)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    content = out.getvalue()
    path = drop.folder / "a.tif"
    path.write_bytes(content[: len(content) * 2 // 3])
    looks(drop, clock, 0)
    assert looks(drop, clock, 5) == []
    path.write_bytes(content)
    looks(drop, clock, 0)
    assert looks(drop, clock, 1.1) == ["a.tif"]


def test_what_never_gets_its_end_is_yielded_at_last(drop, clock):
    """A truncated or an empty file does not wait for ever; examining will say what it is."""
    (drop.folder / "cut.pdf").write_bytes(PDF[:100])
    (drop.folder / "empty.pdf").write_bytes(b"")
    looks(drop, clock, 0)
    assert looks(drop, clock, 9) == []
    assert sorted(looks(drop, clock, 2)) == ["cut.pdf", "empty.pdf"]


def test_a_file_that_is_open_for_writing_waits(drop, clock):
    """However long it stands still: whoever holds it open may go on."""
    path = drop.folder / "a.pdf"
    with path.open("wb") as file:
        file.write(PDF)
        file.flush()
        looks(drop, clock, 0)
        assert looks(drop, clock, 60) == []
    assert looks(drop, clock, 0.1) == ["a.pdf"]


def test_a_file_that_somebody_only_looks_at_is_complete(drop, clock):
    """A viewer or a virus scanner that has the scan open does not keep it in the folder."""
    (drop.folder / "a.pdf").write_bytes(PDF)
    with (drop.folder / "a.pdf").open("rb"):
        looks(drop, clock, 0)
        assert looks(drop, clock, 1.1) == ["a.pdf"]


def test_names_in_the_making_do_not_exist(drop, clock):
    """Until they are renamed; then the new name settles like any other."""
    for name in ("a.pdf.part", "b.TMP", "~$c.pdf", ".d.pdf"):
        (drop.folder / name).write_bytes(PDF)
    looks(drop, clock, 0)
    assert looks(drop, clock, 60) == []
    (drop.folder / "a.pdf.part").rename(drop.folder / "a.pdf")
    looks(drop, clock, 0)
    assert looks(drop, clock, 2) == ["a.pdf"]


@pytest.mark.parametrize("name", ["..\\x.pdf", "~x.pdf", "a.part.pdf", "tmp.pdf", "-.pdf"])
def test_odd_names_are_no_temporary_names(name):
    """Only what programs really use for files in the making is passed over."""
    assert not is_temporary(name)


def test_oldest_first(drop, clock):
    """Scans are taken in the order in which they were made."""
    for age, name in ((10, "second.pdf"), (20, "first.pdf"), (5, "third.pdf")):
        path = drop.folder / "sub" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PDF)
        os.utime(path, (time.time() - age, time.time() - age))
    looks(drop, clock, 0)
    assert looks(drop, clock, 2) == ["first.pdf", "second.pdf", "third.pdf"]


def test_what_changes_between_look_and_taking_is_left_alone(drop, clock):
    """A file written to again, while the ones before it were taken, is not handed out."""
    first, second = drop.folder / "1.pdf", drop.folder / "2.pdf"
    for number, path in enumerate((first, second)):
        path.write_bytes(PDF)
        os.utime(path, (1e9 + number, 1e9 + number))
    looks(drop, clock, 0)
    clock.now += 2
    paths = drop.settled(once=True)
    assert next(paths) == first
    first.unlink()
    with second.open("ab") as writer:
        assert next(paths) is None
        writer.write(b"more")
    clock.now += 2
    drop.stop()


def test_what_could_not_be_taken_is_offered_again(drop, clock):
    """A file that stays, because a disk was full, comes again after a rest that doubles."""
    path = drop.folder / "a.pdf"
    path.write_bytes(PDF)
    looks(drop, clock, 0)
    clock.now += 2
    offered = []
    for found in drop.settled(once=False):
        if found is not None:
            offered.append(clock.now)
        clock.now += 1
        drop.nudge()
        if len(offered) == 3:
            drop.stop()
    gaps = [later - earlier for earlier, later in itertools.pairwise(offered)]
    assert gaps[0] >= 5
    assert gaps[1] >= 10


def test_a_rename_into_place_is_taken_at_once(tmp_path):
    """Whoever renames has finished writing: no settle time is waited for."""
    settings = Settings(root=tmp_path, archive_id="0" * 16, packs=(), vkey="", settle_seconds=60.0)
    (tmp_path / "drop").mkdir()
    drop = DropFolder(settings, time.monotonic, time.time)
    timer = threading.Timer(10, drop.stop)
    timer.start()
    (drop.folder / "b.part").write_bytes(PDF)
    seen = []
    for path in drop.settled(once=False):
        if path is None and not seen and (drop.folder / "b.part").exists():
            (drop.folder / "b.part").rename(drop.folder / "档案 b.pdf")
        if path is not None:
            seen.append(path.name)
            path.unlink()
            drop.stop()
    timer.cancel()
    assert seen == ["档案 b.pdf"]
