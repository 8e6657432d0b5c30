"""What a regulation reads as is kept in the catalogue: the same, at once, and proven by audits."""

import contextlib
import json

import pytest
from archive_home import Home

from archivist import regulations
from archivist.regulations import ADOPTED, policy_of
from archivist.vouching import vouched
from policies import packs

OLD, NEW = 'zh = "销售合同"', 'zh = "买卖合同"'


@pytest.fixture
def archive(home: Home):
    """The home's archive, whose regulations were asked for before."""
    with contextlib.closing(home.open()) as opened:
        opened.follow()
        policy_of(opened.settings, opened.catalogue)
        yield opened


def kept_of(archive):
    """Digest → what is kept of the packs in force."""
    return {row["sha256"]: row["text"] for row in archive.catalogue.readings(regulations._rules())}


def never(*_):
    pytest.fail("a pack was read anew")


def labels(home: Home) -> list[str]:
    """What lists say in words."""
    asked = (("dossier", "list"), ("ledger", "show"), ("whoami",), ("person", "list"))
    return [home.run(*words).out.decode() for words in asked]


def test_a_list_reads_the_same_with_what_is_kept_and_without(home, archive, monkeypatch) -> None:
    """Kinds, grades and roles have the same names; with it, no regulation is read."""
    assert len(kept_of(archive)) == len(archive.settings.packs)
    with monkeypatch.context() as patch:
        patch.setattr(packs, "parse_pack", never)
        regulations._parsed.cache_clear()
        with_it = labels(home)
    archive.catalogue._run("DELETE FROM reading")
    assert labels(home) == with_it
    assert len(kept_of(archive)) == len(archive.settings.packs)


def test_an_adopted_text_is_seen_at_once(home, archive, tmp_path) -> None:
    """The next list has the new words, whatever was kept of the version before."""
    (path,) = (home.root / "packs").glob("auto-dealer@*.toml")
    row = home.json("dossier", "list")[0]
    head, kind, rest = path.read_text("utf-8").partition(f'id = "{row["type"]}"')
    for name, more in (("zh", "修订"), ("en", "revised ")):
        rest = rest.replace(f'{name} = "', f'{name} = "{more}', 1)
    text = head + kind + rest
    file = tmp_path / "new.toml"
    version = path.stem.partition("@")[2]
    file.write_text(text.replace(f'version = "{version}"', 'version = "2030.1"', 1), "utf-8")
    before = "".join(labels(home))
    assert "revised" not in before and "修订" not in before
    home.json("pack", "adopt", file)
    after = "".join(labels(home))
    assert "revised" in after or "修订" in after


def test_what_somebody_wrote_in_its_place_is_found(home, archive) -> None:
    """Whoever has the house key can let a regulation read otherwise; an audit names its text."""
    digest, text = next(iter(kept_of(archive).items()))
    assert list(vouched(archive)) == []
    plain = json.loads(text)
    plain["head"]["zh"] = "另一个制度"
    archive.catalogue.keep_reading(digest, regulations._rules(), json.dumps(plain))
    archive.catalogue.keep_reading("0" * 64, regulations._rules(), text)
    found = {(one.code, one.where) for one in vouched(archive)}
    assert found == {("C-ALTERED", f"reading {digest}"), ("C-ALTERED", f"reading {'0' * 64}")}


def test_a_text_that_was_altered_is_not_read_by_what_was_kept_of_it(home, archive) -> None:
    """Its digest is asked first, so that damage is told as before."""
    digest = next(iter(kept_of(archive)))
    for path in (home.root / ADOPTED / f"{digest}.toml", *(home.root / "packs").glob("*@*.toml")):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes() + b"# more\n")
    found = regulations.in_force(archive.settings, archive.catalogue)
    assert len(found.packs) == len(archive.settings.packs) - 1
    assert any("gone or was altered" in trouble.en for trouble in found.troubles)


def test_a_program_that_reads_otherwise_reads_anew(archive, monkeypatch) -> None:
    """What was kept under other rules counts for nothing, and is replaced."""
    before = kept_of(archive)
    monkeypatch.setattr(regulations, "_rules", lambda: "other rules")
    assert kept_of(archive) == {}
    policy_of(archive.settings, archive.catalogue)
    assert kept_of(archive) == before


def test_nobody_waits_to_keep_what_he_read(home, archive) -> None:
    """While somebody else writes, a list is told all the same, and the next one keeps it."""
    archive.catalogue._run("DELETE FROM reading")
    archive.catalogue._run("BEGIN IMMEDIATE")
    told = home.json("dossier", "list")
    archive.catalogue._run("ROLLBACK")
    assert told and kept_of(archive) == {}
    assert home.json("dossier", "list") == told
    assert len(kept_of(archive)) == len(archive.settings.packs)
