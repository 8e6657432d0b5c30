"""Claims: exactly one taker, nothing deleted that holds a scan, everything found again."""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path, PurePath

import pytest

from archivist.claims import Claims, readable
from archivist.errors import NotKnown
from storage.errors import Busy

AT = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


@pytest.fixture
def claims(tmp_path):
    """The claims of an archive; whatever is held at the end is let go."""
    (tmp_path / "drop" / "甲" / "乙").mkdir(parents=True)
    made = Claims(tmp_path)
    yield made
    made.let_go()


@pytest.fixture
def other(tmp_path):
    """The same archive as another process sees it."""
    made = Claims(tmp_path)
    yield made
    made.let_go()


def dropped(root, name="甲/乙/扫描.pdf", content=b"scan"):
    path = root / "drop" / name
    path.write_bytes(content)
    return path


def take(claims, root, path, number=0):
    return claims.take(path, root / "drop", AT, bytes([number] * 10))


def files(root):
    return sorted(path.read_bytes() for path in root.rglob("*") if path.is_file())


def test_a_claim_is_one_rename_and_keeps_the_path(claims, tmp_path):
    """The scan lies below work/ under the path it had; the drop folder no longer has it."""
    claim = take(claims, tmp_path, dropped(tmp_path))
    assert claim.source == PurePath("甲/乙/扫描.pdf")
    assert claim.path == tmp_path / "work" / claim.id / "drop" / "甲/乙/扫描.pdf"
    assert (claim.came, claim.scan, len(claim.id)) == ("drop", claim.id, 26)
    assert files(tmp_path / "drop") == []


def test_of_two_takers_one_wins(claims, other, tmp_path):
    """The second gets None and leaves nothing behind."""
    path = dropped(tmp_path)
    assert take(claims, tmp_path, path, 1) is not None
    assert take(other, tmp_path, path, 2) is None
    assert len(list((tmp_path / "work").iterdir())) == 1


def test_claims_sort_by_time(claims, tmp_path):
    """A clock set back gives claims that sort earlier, and never the same id."""
    early = claims.take(dropped(tmp_path, "a"), tmp_path / "drop", AT, b"\xff" * 10)
    late = claims.take(dropped(tmp_path, "b"), tmp_path / "drop", AT.replace(year=2027), b"\0" * 10)
    back = claims.take(dropped(tmp_path, "c"), tmp_path / "drop", AT.replace(year=2025), b"\0" * 10)
    assert back.id < early.id < late.id


def test_what_a_living_process_holds_is_not_left_over(claims, other, tmp_path):
    """Only when its holder has let go is a claim found by `left_over`."""
    claim = take(claims, tmp_path, dropped(tmp_path))
    assert list(other.left_over()) == []
    with pytest.raises(Busy):
        other.out_of_tray(claim)
    claims.let_go()
    (found,) = other.left_over()
    assert (found.id, found.source, found.came) == (claim.id, claim.source, "drop")
    assert found.path.read_bytes() == b"scan"


def test_a_claim_without_its_scan_is_cleared_away(claims, other, tmp_path):
    """A crash between making the folder and the rename leaves an empty claim: it goes."""
    claim = take(claims, tmp_path, dropped(tmp_path))
    claim.path.unlink()
    claims.let_go()
    assert list(other.left_over()) == []
    assert list((tmp_path / "work").iterdir()) == []


def test_strangers_in_the_work_folder_are_left_alone(claims, tmp_path):
    """What is not called like a claim is neither read nor removed."""
    (tmp_path / "work" / "orphans" / "x").mkdir(parents=True)
    (tmp_path / "work" / "note.txt").write_text("mine")
    (tmp_path / "work" / "01ARZ3NDEKTSV4RRFFQ69G5FAV").write_text("a file, no folder")
    assert list(claims.left_over()) == []
    assert len(list((tmp_path / "work").iterdir())) == 3


def test_a_failed_move_deletes_nothing(claims, tmp_path, monkeypatch):
    """When the last step of a move between disks fails, the copy is all there is: it stays."""
    path = dropped(tmp_path)

    def moved_then_failed(source, target):
        source.rename(target)
        raise OSError(5, "fsync failed")

    monkeypatch.setattr(Claims, "_rename", staticmethod(moved_then_failed))
    with pytest.raises(OSError, match="fsync failed"):
        take(claims, tmp_path, path)
    assert files(tmp_path) == [b"scan"]
    (found,) = claims.left_over()
    assert found.path.read_bytes() == b"scan"


def test_links_and_pipes_cross_disks_too(claims, tmp_path):
    """A drop folder on another disk: what is no file is claimed as what it is."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        drop = Path(elsewhere)
        if drop.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("shared memory is no disk of its own here")
        (drop / "link.pdf").symlink_to("/nowhere")
        os.mkfifo(drop / "pipe.pdf")
        (drop / "scan.pdf").write_bytes(b"scan")
        made = [
            claims.take(path, drop, AT, bytes([number] * 10))
            for number, path in enumerate(sorted(drop.iterdir()))
        ]
        assert list(drop.iterdir()) == []
    link, pipe, scan = (claim.path for claim in made)
    assert link.readlink() == Path("/nowhere")
    assert pipe.is_fifo()
    assert scan.read_bytes() == b"scan"


def test_trays_and_back(claims, tmp_path):
    """A claim moves as a whole, is found by its id, and comes out as it went in."""
    claim = take(claims, tmp_path, dropped(tmp_path))
    path = claims.to_tray(claim, "unsorted")
    assert path.read_bytes() == b"scan"
    tray, waiting = claims.in_tray(claim.id)
    assert (tray, waiting.source) == ("unsorted", claim.source)
    again = claims.out_of_tray(waiting)
    assert again.path == claim.path
    with pytest.raises(NotKnown):
        claims.in_tray(claim.id)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../work", "*", "01ARZ3NDEKTSV4RRFFQ69G5FAV.1/../x", "x" * 26]
)
def test_only_ids_are_looked_up(claims, name):
    """What a person types never becomes another path."""
    with pytest.raises(NotKnown):
        claims.in_tray(name)


def test_parts_of_a_stack_have_their_own_claims(claims, tmp_path):
    """Their id names the stack; an attempt that was cut short is begun anew."""
    whole = take(claims, tmp_path, dropped(tmp_path))
    part = claims.part(whole, 2, ".pdf")
    assert (part.id, part.scan, part.came) == (f"{whole.id}.2", whole.id, "part")
    part.path.write_bytes(b"half")
    assert not claims.part(whole, 2, ".pdf").path.exists()


def test_names_that_are_no_text_become_text():
    """Bytes that are no UTF-8 are spelled out, everything else stays."""
    assert readable(PurePath("扫描 1.pdf")) == "扫描 1.pdf"
    assert readable(PurePath(os.fsdecode(b"\xb5\xb5.pdf"))) == "\\xb5\\xb5.pdf"
