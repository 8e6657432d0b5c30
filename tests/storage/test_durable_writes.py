"""The write protocol, seen from the folder it leaves behind."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import durable
from storage.durable import batch as batches
from storage.durable import many
from storage.errors import DiskFailed, Missing, Occupied


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def failing(real, when: int, code: int):
    """A stand-in for a system call that works until the `when`-th time."""
    calls = 0

    def call(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == when:
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    return call


def test_new_file_holds_its_bytes_and_nothing_else_remains(tmp_path: Path) -> None:
    """A new file has the bytes given, is read-only, and no temporary file stays."""
    durable.write_new(tmp_path / "a", [b"one", b"", b"two"])
    assert (tmp_path / "a").read_bytes() == b"onetwo"
    assert (tmp_path / "a").stat().st_mode & 0o222 == 0
    assert names(tmp_path) == ["a"]


def test_new_file_may_be_repeated_but_not_changed(tmp_path: Path) -> None:
    """The same bytes again are fine; other bytes are refused and change nothing."""
    durable.write_new(tmp_path / "a", b"first")
    durable.write_new(tmp_path / "a", b"first")
    with pytest.raises(Occupied):
        durable.write_new(tmp_path / "a", b"other")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert names(tmp_path) == ["a"]


def test_new_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    """A symbolic link under the name counts as occupied, and its target stays as it was."""
    (tmp_path / "target").write_bytes(b"same")
    (tmp_path / "a").symlink_to(tmp_path / "target")
    with pytest.raises(Occupied):
        durable.write_new(tmp_path / "a", b"same")


def test_missing_folder_is_named_as_missing(tmp_path: Path) -> None:
    """Writing into a folder that is not there is Missing, not a foreign error."""
    with pytest.raises(Missing):
        durable.write_new(tmp_path / "no" / "a", b"x")
    with pytest.raises(Missing):
        durable.digest_of(tmp_path / "none")


def test_replace_exchanges_the_bytes(tmp_path: Path) -> None:
    """Replacing leaves the new bytes, with the mode asked for."""
    durable.replace(tmp_path / "a", b"old")
    durable.replace(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("call", ["write", "fsync", "link"])
def test_failing_disk_leaves_no_new_name(tmp_path: Path, monkeypatch, call: str) -> None:
    """When any step before the name fails, neither the name nor a temporary file is left."""
    monkeypatch.setattr(os, call, failing(getattr(os, call), 1, errno.ENOSPC))
    with pytest.raises(DiskFailed) as caught:
        durable.write_new(tmp_path / "a", b"x")
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.disk_full
    assert names(tmp_path) == []


def test_failing_replace_keeps_the_old_bytes(tmp_path: Path, monkeypatch) -> None:
    """A replace that cannot flush its bytes leaves the old file alone."""
    durable.replace(tmp_path / "a", b"old")
    monkeypatch.setattr(os, "fsync", failing(os.fsync, 1, errno.EIO))
    with pytest.raises(DiskFailed):
        durable.replace(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_short_writes_are_continued(tmp_path: Path, monkeypatch) -> None:
    """A system that takes three bytes at a time still gets them all."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, view: real(fd, bytes(view[:3])))
    durable.write_new(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_folder_sync_tolerates_only_not_supported(tmp_path: Path, monkeypatch) -> None:
    """EINVAL means a file system without folder fsync; EIO means names may be lost."""
    monkeypatch.setattr(os, "fsync", failing(os.fsync, 1, errno.EINVAL))
    durable.sync_folder(tmp_path)
    monkeypatch.setattr(os, "fsync", failing(os.fsync, 1, errno.EIO))
    with pytest.raises(DiskFailed):
        durable.sync_folder(tmp_path)


def test_move_refuses_to_overwrite(tmp_path: Path) -> None:
    """Moving onto an existing name changes neither of the two."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(Occupied):
        durable.move(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == b"a"
    assert (tmp_path / "b").read_bytes() == b"b"


def test_move_takes_files_and_folders(tmp_path: Path) -> None:
    """A file and a folder arrive under the new name with what they held."""
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "a").write_bytes(b"a")
    durable.move(tmp_path / "from", tmp_path / "to")
    durable.move(tmp_path / "to" / "a", tmp_path / "b", sync=False)
    assert (tmp_path / "b").read_bytes() == b"a"
    with pytest.raises(Missing):
        durable.move(tmp_path / "none", tmp_path / "c")


def test_move_across_file_systems_copies_then_unlinks(tmp_path: Path, monkeypatch) -> None:
    """Where rename cannot reach, the bytes and the time of the scan arrive all the same."""
    source = tmp_path / "a"
    source.write_bytes(b"scan" * 1000)
    os.utime(source, ns=(1_000_000_000, 2_000_000_000))
    monkeypatch.setattr(os, "rename", failing(os.rename, 1, errno.EXDEV))
    durable.move(source, tmp_path / "b")
    assert names(tmp_path) == ["b"]
    assert (tmp_path / "b").read_bytes() == b"scan" * 1000
    assert (tmp_path / "b").stat().st_mtime_ns == 2_000_000_000


def test_folders_are_made_level_by_level(tmp_path: Path) -> None:
    """Every missing level appears; a file in the way is an error of ours."""
    durable.make_folders(tmp_path / "x" / "y" / "z")
    assert (tmp_path / "x" / "y" / "z").is_dir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskFailed):
        durable.make_folders(tmp_path / "file" / "below")


def test_remove_says_whether_there_was_something(tmp_path: Path) -> None:
    """Removing is durable and may be repeated."""
    (tmp_path / "a").write_bytes(b"")
    assert durable.remove(tmp_path / "a") is True
    assert durable.remove(tmp_path / "a") is False


def test_batch_gives_no_name_before_commit(tmp_path: Path) -> None:
    """Files of a batch appear only on commit, all of them, with the digests told."""
    batch = durable.Batch()
    first = batch.add(tmp_path / "p" / "a", b"first")
    second = batch.add(tmp_path / "q" / "b", iter([b"sec", b"ond"]))
    assert [n for n in names(tmp_path / "p") if not n.endswith(".tmp")] == []
    batch.commit()
    assert names(tmp_path / "p") == ["a"]
    assert names(tmp_path / "q") == ["b"]
    assert first == durable.Digest(hashlib.sha256(b"first").hexdigest(), 5)
    assert second == durable.digest_of(tmp_path / "q" / "b")


def test_batch_of_many_files_stays_below_the_descriptor_limit(tmp_path: Path, monkeypatch) -> None:
    """A batch larger than the number of files it may hold open still names them all."""
    monkeypatch.setattr(batches, "MANY", 4)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with durable.Batch(tmp_path, set()) as batch:
        for n in range(20):
            batch.add(tmp_path / "f" / str(n), b"%d" % n)
        assert len(list(Path("/proc/self/fd").iterdir())) - before < 10
        batch.commit()
    assert len(names(tmp_path / "f")) == 20


@pytest.mark.parametrize("when", range(1, 7))
def test_failed_batch_leaves_nothing_and_stays_dead(tmp_path: Path, monkeypatch, when: int) -> None:
    """Whichever fsync fails, no name and no temporary file is left, and no retry succeeds."""
    batch = durable.Batch()
    for n in range(3):
        batch.add(tmp_path / "d" / str(n), b"bytes")
    monkeypatch.setattr(os, "fsync", failing(os.fsync, when, errno.EIO))
    if when > 5:  # three files and two folders: the sixth is never reached
        batch.commit()
        return
    with pytest.raises(DiskFailed):
        batch.commit()
    assert names(tmp_path / "d") == []
    for again in (batch.commit, lambda: batch.add(tmp_path / "d" / "x", b"")):
        with pytest.raises(DiskFailed):
            again()


def test_batch_meeting_other_bytes_takes_back_its_own_names_only(tmp_path: Path) -> None:
    """An occupied name fails the whole batch; what was there before stays untouched."""
    (tmp_path / "b").write_bytes(b"there before")
    (tmp_path / "same").write_bytes(b"same")
    batch = durable.Batch()
    for name in ("a", "same", "b", "c"):
        batch.add(tmp_path / name, name.encode())
    with pytest.raises(Occupied):
        batch.commit()
    assert names(tmp_path) == ["b", "same"]
    assert (tmp_path / "b").read_bytes() == b"there before"


def test_source_that_breaks_off_kills_the_batch(tmp_path: Path) -> None:
    """When the bytes stop coming, their own error is told and nothing is left."""

    def broken() -> Iterator[bytes]:
        yield b"some"
        raise ValueError("source gone")

    batch = durable.Batch()
    batch.add(tmp_path / "a", b"a")
    with pytest.raises(ValueError, match="source gone"):
        batch.add(tmp_path / "b", broken())
    with pytest.raises(DiskFailed):
        batch.commit()
    assert names(tmp_path) == []


def test_batch_left_without_commit_leaves_nothing(tmp_path: Path) -> None:
    """Leaving the with-block without a commit drops what was added."""
    with durable.Batch() as batch:
        batch.add(tmp_path / "a", b"a")
    assert names(tmp_path) == []


def test_levels_below_the_root_are_synced_once(tmp_path: Path, monkeypatch) -> None:
    """Folders found on the way are synced by the first batch and remembered for the next."""
    (tmp_path / "store" / "C000001").mkdir(parents=True)
    synced: list[str] = []
    real = many.sync_folder
    monkeypatch.setattr(many, "sync_folder", lambda p: (synced.append(p.name), real(p))[1])
    known: set[str] = set()
    for n in range(2):
        batch = durable.Batch(tmp_path, known)
        batch.add(tmp_path / "store" / "C000001" / str(n), b"x")
        batch.commit()
        synced.append("|")
    assert synced[:3] == ["C000001", "store", tmp_path.name]
    assert synced[3:] == ["|", "C000001", "|"]


def test_sweep_removes_only_what_a_dead_process_left(tmp_path: Path) -> None:
    """Temporary files of ended processes go; our own and everybody's real files stay."""
    (tmp_path / "f").mkdir()
    gone = tmp_path / "f" / ".R1.pdf.age.999999999.0123abcd.tmp"
    for path in (
        gone,
        tmp_path / "f" / f".R1.pdf.age.{os.getpid()}.0123abcd.tmp",
        tmp_path / "f" / ".hidden",
        tmp_path / "f" / "scan.tmp",
    ):
        path.write_bytes(b"")
    assert durable.sweep(tmp_path) == [gone]
    assert len(names(tmp_path / "f")) == 3
