"""The doctor on the machine: what is wrong, and what to do about it, in both languages."""

from collections import namedtuple
from datetime import datetime, timedelta

import pytest

from archivist.cli import doctor_places as places
from archivist.cli.door import Call
from archivist.printing import missing_glyphs


@pytest.fixture(scope="module")
def sound(template, tmp_path_factory):
    from archive_home import Home

    return Home.copy_of(template, tmp_path_factory.mktemp("doctor"))


@pytest.fixture
def call(sound):
    """A call of the archive; the rights of its places are as before afterwards."""
    with sound._environment({}):
        made = Call()
        made.archive_dir = str(sound.root)
        kept = {path: path.stat().st_mode for path in (sound.root, sound.drop_folder, key_of(made),
                key_of(made).parent)}  # fmt: skip
        yield made
        made.close()
        for path, mode in kept.items():
            path.chmod(mode)


def key_of(call):
    return places.house_key_path(call.settings.archive_id)


CHECKS = (places.house_key, places.drop_folder, places.space, places.clock, places.fonts,
          places.trays)  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_sound_machine_is_in_order(call, check):
    """Each check passes and tells one line."""
    call.root.chmod(0o700)
    key_of(call).parent.chmod(0o700)
    ok, detail = check(call)
    assert (ok, places.SEPARATOR in detail) == (True, False), detail


def spoilt(call, check, monkeypatch, *words):
    """The check fails and says what to do, in both languages."""
    for language, word in zip(("zh", "en"), words, strict=True):
        monkeypatch.setenv("ARCHIVIST_LANG", language)
        ok, detail = check(call)
        assert not ok
        assert word in detail.split(places.SEPARATOR, 1)[1], detail


def test_rights_that_are_too_wide_are_told_with_the_command(call, monkeypatch):
    """The archive, the house key, its folder, and a drop folder anybody may empty."""
    call.root.chmod(0o755)
    spoilt(call, places.folder, monkeypatch, "chmod 700", "chmod 700")
    key_of(call).chmod(0o644)
    spoilt(call, places.house_key, monkeypatch, "chmod 600", "chmod 600")
    key_of(call).chmod(0o600)
    key_of(call).parent.chmod(0o777)
    spoilt(call, places.house_key, monkeypatch, "chmod go-w", "chmod go-w")
    call.settings.drop.chmod(0o777)
    spoilt(call, places.drop_folder, monkeypatch, "chmod o-w", "chmod o-w")


def test_a_house_key_inside_the_archive_is_told(call, monkeypatch):
    """A copy of the folder would open itself."""
    inside = call.root / "house.key"
    inside.write_bytes(key_of(call).read_bytes())
    inside.chmod(0o600)
    monkeypatch.setenv("ARCHIVIST_HOUSE_KEY", str(inside))
    spoilt(call, places.house_key, monkeypatch, "移到别处", "move it away")
    inside.unlink()


def test_a_full_disk_is_told_by_the_threshold_of_the_settings(call, monkeypatch):
    """`limits.room_bytes` decides for archive and drop folder."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(places.shutil, "disk_usage", lambda _: usage(9e9, 8e9, 1e9))
    spoilt(call, places.space, monkeypatch, "腾出空间", "make room")
    monkeypatch.setattr(places.shutil, "disk_usage", lambda _: usage(9e9, 6e9, 3e9))
    assert places.space(call)[0]


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (timedelta(hours=-1), ("校时", "set it")),
        (timedelta(days=500), ("核对日期", "check the date")),
    ],
)
def test_a_wrong_clock_is_told(call, monkeypatch, shift, words):
    """Behind the newest entry of the ledger, or more than a year ahead of it."""
    call.archive.follow()
    newest = datetime.fromisoformat(call.archive.catalogue.newest)
    monkeypatch.setattr(places, "now", lambda: newest + shift)
    spoilt(call, places.clock, monkeypatch, *words)
    monkeypatch.setattr(places, "now", lambda: newest - timedelta(seconds=30))
    assert places.clock(call)[0]  # two machines never agree to the second


def test_a_font_without_chinese_is_told(call, monkeypatch):
    """Characters that print as boxes are named."""
    assert missing_glyphs("档國〔") == ""
    assert missing_glyphs("a\U0010ffff") == "\U0010ffff"
    monkeypatch.setattr(places, "TRIED", "档\U0010ffff")
    spoilt(call, places.fonts, monkeypatch, "重新安装", "install the program anew")


def test_what_the_kernel_does_not_deny_a_reader_is_told(call, monkeypatch):
    """A reading child without a network namespace and filter is a finding with its remedy."""

    class Weak:
        def __init__(self, workers):
            assert workers == 1

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def backend(self):
            return "openvino", ["limits", "no files", "no privileges"]

    monkeypatch.setattr(places.examine, "Examiners", Weak)
    spoilt(call, places.readers, monkeypatch, "能使用网络", "can use the network")
    spoilt(call, places.readers, monkeypatch, "能启动其他程序", "can start programs")


def test_a_drop_folder_that_is_gone_or_on_another_disk_is_told(call, monkeypatch, tmp_path):
    """Gone: the command that makes it. On another file system: claims are copied, nothing wrong."""
    elsewhere = tmp_path / "scanner"
    object.__setattr__(call.settings, "drop_folder", elsewhere)
    ok, detail = places.drop_folder(call)
    assert (ok, "mkdir" in detail) == (False, True)
    shared = places.Path("/dev/shm")
    if shared.stat().st_dev == call.root.stat().st_dev:
        pytest.skip("there is no second file system here")
    object.__setattr__(call.settings, "drop_folder", shared)
    assert "copied" in places.drop_folder(call)[1]
