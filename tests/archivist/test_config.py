"""archive.toml: read once, every mistake named, nothing guessed."""

from pathlib import Path

import pytest

from archivist import config
from archivist.errors import BadRequest, NoArchive

GOOD = """
[archive]
id = "5b0e3c9ad21f4e77"
packs = ["auto-dealer@2026.1"]
[ledger]
vkey = "k"
"""


def written(folder, text):
    (folder / "archive.toml").write_text(text, "utf-8")
    return folder


def test_defaults_stand_for_what_is_not_said(tmp_path):
    """A file with only the needed fields is a whole set of settings."""
    settings = config.load(written(tmp_path, GOOD))
    assert settings.archive_id == "5b0e3c9ad21f4e77"
    assert settings.drop == tmp_path / "drop"
    assert (settings.engine, settings.settle_seconds) == ("fts5", 1.0)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("[drop]\nfolder = '/scans/来件'", "drop", Path("/scans/来件")),
        ("[drop]\nfolder = '../来件'", "drop_folder", Path("../来件")),
        ("[drop]\nsettle_seconds = 2", "settle_seconds", 2.0),
        ("[drop]\npolling = true", "polling", True),
        ("[search]\nengine = 'whoosh'", "engine", "whoosh"),
        ("[limits]\nmax_pages = 5", "max_pages", 5),
        ("[company]\nungraded = 'SECRET'", "company", {"ungraded": "SECRET"}),
    ],
)
def test_what_is_said_counts(tmp_path, line, name, value):
    """Every setting has its table and key."""
    assert getattr(config.load(written(tmp_path, GOOD + line)), name) == value


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "[drop]\npolling = 'yes'",
        GOOD + "[drop]\nsettle_seconds = true",
        GOOD + "[limits]\nmax_pages = 1.5",
        GOOD + "[search]\nengine = 3",
        GOOD.replace('id = "5b0e3c9ad21f4e77"', ""),
        GOOD.replace("[ledger]", "[other]"),
        "drop = 3\n" + GOOD,
        "company = []\n" + GOOD,
        "not toml at all [",
        "",
    ],
)
def test_a_mistake_names_the_file(tmp_path, text):
    """A wrong type, a missing field, no TOML: BadRequest in both languages, with the path."""
    with pytest.raises(BadRequest) as caught:
        config.load(written(tmp_path, text))
    assert "archive.toml" in caught.value.en
    assert "archive.toml" in caught.value.zh


def test_bytes_that_are_no_text_are_a_mistake_too(tmp_path):
    """A file in another encoding is said to be unreadable."""
    (tmp_path / "archive.toml").write_bytes(b"\xff\xfe[archive]")
    with pytest.raises(BadRequest):
        config.load(tmp_path)


def test_the_nearest_archive_at_or_above(tmp_path):
    """Found from any depth; without one the error says so."""
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    with pytest.raises(NoArchive):
        config.find(inner)
    written(tmp_path / "a", GOOD)
    assert config.find(inner) == tmp_path / "a"
    assert config.find(tmp_path / "a") == tmp_path / "a"


def test_wrong_settings_are_usage_at_the_door(home):
    """Every command refuses with code 2, and the daemon does not start on a guess."""
    home.set("search", engine="no-such-engine")
    assert home.run("search", "x").code == 2
    home.set("drop", settle_seconds="soon")
    for words in (("watch", "--once"), ("customer", "list"), ("search", "x")):
        assert home.run(*words).code == 2
