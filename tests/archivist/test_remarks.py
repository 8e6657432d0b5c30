"""What a room says aside reaches somebody, in his language."""

from errno import EACCES, ENOENT, ENOSPC

import pytest

from archivist.cli import complaints
from archivist.errors import KeyNeeded
from archivist.remarks import heard, remark
from storage.errors import Damaged, DiskFailed

WORDS = ("%s 没有检索：%s", "%s is not searched: %s")


def test_a_remark_that_nobody_hears_is_logged(caplog):
    """In English, for the watcher's log; the arguments stay apart from the words."""
    remark(*WORDS, "SECRET/1", "gone")
    assert caplog.messages == ["SECRET/1 is not searched: gone"]
    assert caplog.records[0].args == ("SECRET/1", "gone")


def test_the_innermost_listener_hears_it(caplog):
    """And nobody else; afterwards it is as before."""
    outer, inner = [], []
    with heard(lambda *said: outer.append(said)):
        with heard(lambda *said: inner.append(said)):
            remark(*WORDS, "SECRET/1", "gone")
        remark(*WORDS, "TOP/1", "gone")
    remark(*WORDS, "CONF/1", "gone")
    assert inner == [(*WORDS, ("SECRET/1", "gone"))]
    assert outer == [(*WORDS, ("TOP/1", "gone"))]
    assert caplog.messages == ["CONF/1 is not searched: gone"]


@pytest.mark.parametrize(
    ("language", "error", "shown"),
    [
        ("zh", OSError(-1, "Unheard of"), "注意：SECRET/1 没有检索：Unheard of\n"),
        ("zh", Damaged("torn"), "注意：SECRET/1 没有检索：发现损坏（torn）\n"),
        ("en", Damaged("torn"), "note: SECRET/1 is not searched: torn\n"),
        ("en", PermissionError(EACCES, "Permission denied"),
         "note: SECRET/1 is not searched: Permission denied\n"),
        ("zh", KeyNeeded("没有密钥", "no key"), "注意：SECRET/1 没有检索：没有密钥\n"),
        ("zh", FileNotFoundError(ENOENT, "No such file or directory", "托盘"),
         "注意：SECRET/1 没有检索：托盘: 没有这个文件或文件夹\n"),
    ],
)  # fmt: skip
def test_a_person_reads_it_in_his_language(monkeypatch, capsys, language, error, shown):
    """The error in it too; on stderr, beside the results."""
    monkeypatch.setenv("ARCHIVIST_LANG", language)
    complaints.aside(*WORDS, ("SECRET/1", error))
    assert capsys.readouterr() == ("", shown)


@pytest.mark.parametrize(
    ("number", "shown"),
    [(ENOSPC, "磁盘读写失败：磁盘已满（sealing: "), (None, "磁盘读写失败（sealing: ")],
)
def test_a_full_disk_is_told_from_a_broken_one(monkeypatch, capsys, number, shown):
    """In the words of whoever has to make room."""
    monkeypatch.setenv("ARCHIVIST_LANG", "zh")
    complaints.explain(DiskFailed("sealing: it failed", number))
    assert shown in capsys.readouterr().err
