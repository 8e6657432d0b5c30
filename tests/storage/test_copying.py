"""Many files copied at once: the same copies and the same doubts, whoever does it."""

import os
import signal
from hashlib import sha256
from pathlib import Path

import pytest

from storage.copying import ALTERED, GONE, UNREADABLE, Copying, Done, Job
from storage.durable import name_beside, sweep
from storage.errors import Damaged, DiskFailed, Missing

# Nothing, a little, exactly one buffer, and more than one.
CONTENTS = [b"", b"a", b"b" * (1 << 18), bytes(range(256)) * 3000, b"e", b"f"]


@pytest.fixture
def jobs(tmp_path):
    """Six files, and where their copies go."""
    (tmp_path / "from").mkdir()
    (tmp_path / "to").mkdir()
    made = []
    for number, content in enumerate(CONTENTS):
        source = tmp_path / "from" / f"R{number}.age"
        source.write_bytes(content)
        beside = name_beside(f"{tmp_path}/to/R{number}.age")
        made.append(Job(str(source), sha256(content).hexdigest(), beside, 0o440))
    return made


def told(jobs, children=0, meanwhile=lambda work: None):
    """Every outcome, by batches of two; titles come back in order."""
    found = []
    with Copying(children, worth=0) as work:
        meanwhile(work)
        for title, done in work.copied([("a", jobs[:2]), ("b", jobs[2:4]), ("c", jobs[4:])]):
            assert title == "abc"[len(found) // 2]
            found += done
    return found


@pytest.mark.parametrize("children", [0, 1, 3])
def test_every_file_is_copied_to_the_last_byte(jobs, children):
    """With its length and mode; what is only read leaves nothing."""
    jobs[1] = jobs[1]._replace(beside="")
    assert told(jobs, children) == [Done(len(content)) for content in CONTENTS]
    for job, content in zip(jobs, CONTENTS, strict=True):
        if job.beside:
            assert Path(job.beside).read_bytes() == content
            assert Path(job.beside).stat().st_mode & 0o777 == 0o440
    assert len(list(Path(jobs[0].beside).parent.iterdir())) == 5


@pytest.mark.parametrize("children", [0, 2])
def test_what_is_not_as_named_is_told_and_leaves_no_copy(jobs, children):
    """Altered, longer, gone, a link, a folder; the others are copied."""
    Path(jobs[1].source).write_bytes(b"z")
    with Path(jobs[2].source).open("ab") as file:
        file.write(b"!")
    Path(jobs[3].source).unlink()
    Path(jobs[4].source).unlink()
    Path(jobs[4].source).symlink_to(jobs[0].source)
    Path(jobs[5].source).unlink()
    Path(jobs[5].source).mkdir()
    done = told(jobs, children)
    assert [one.failed for one in done] == ["", ALTERED, ALTERED, GONE, UNREADABLE, UNREADABLE]
    assert list(Path(jobs[0].beside).parent.iterdir()) == [Path(jobs[0].beside)]
    done[0].check("R")
    for one in done[1:]:
        with pytest.raises(Missing if one.failed == GONE else Damaged):
            one.check("R")


def test_the_share_of_a_child_that_died_is_done_here(jobs):
    """Whatever it had left behind under the same names."""

    def kill(work):
        begun = work._shares(jobs[:1])
        assert begun[0][1].result() == [(0, "")]
        Path(jobs[0].beside).unlink()
        os.kill(work._children[0].pid, signal.SIGKILL)
        Path(jobs[3].beside).write_bytes(b"half")

    assert told(jobs, 2, kill) == [Done(len(content)) for content in CONTENTS]
    assert Path(jobs[3].beside).read_bytes() == CONTENTS[3]


@pytest.mark.parametrize("children", [0, 2])
def test_a_copy_that_cannot_be_written_is_raised_and_leaves_nothing(jobs, children):
    """Here, not in a child; what had been copied of the batch and is not taken is cleared away."""
    jobs[4] = jobs[4]._replace(beside=f"{jobs[4].beside}/nowhere/x.tmp")
    with pytest.raises(DiskFailed):
        told(jobs, children)
    left = {Path(job.beside) for job in jobs[:4]}
    assert set(Path(jobs[0].beside).parent.iterdir()) == left  # the batches that were taken


def test_what_nobody_waits_for_any_more_is_cleared_away(jobs):
    """The one who asked goes away while batches are under way."""
    with Copying(2, worth=0) as work:
        next(work.copied([("a", jobs[:2]), ("b", jobs[2:4]), ("c", jobs[4:])]))
    left = set(Path(jobs[0].beside).parent.iterdir())
    assert left == {Path(job.beside) for job in jobs[:2]}


def test_what_a_killed_one_left_is_swept(jobs, tmp_path):
    """Its names say whose they were."""
    child = os.fork()
    if child == 0:
        with Copying() as work:
            beside = name_beside(f"{tmp_path}/to/x")
            list(work.copied([("a", [jobs[1]._replace(beside=beside)])]))
            os._exit(0)
    os.waitpid(child, 0)
    (left,) = (tmp_path / "to").iterdir()
    assert sweep(tmp_path) == [left]
