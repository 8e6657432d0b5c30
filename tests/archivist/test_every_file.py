"""Every kind of file that an archive holds, spoiled in every way: an audit finds it and names it.

Nobody's keys are needed but for full-text indexes, which nothing else opens. What is no damage by
design says so: scans on their way (`drop/`, `work/`) are not archived yet, SQLite's logs and an
empty lock hold nothing, and the settings, which a person edits, are told apart from the last audit.

ARCHIVIST_LONG=1 spoils each file by itself, at its first, middle and last byte, and a thousand
random bits.
"""

import os
import random
import shutil
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

import pytest
from archive_home import Home
from every_file import LOST, Harm, every_file

from archivist.audit_codes import CODES

LONG = "ARCHIVIST_LONG" in os.environ
NOBODY = {"ARCHIVIST_PASSPHRASE": None, "XDG_RUNTIME_DIR": "/nonexistent"}
SETTINGS, CATALOGUE, LOCK = "archive.toml", "catalogue.db", "ledger/lock"
PLACES = ("first", "middle", "last")
FOLDERS = ("store", "keys", "keys/records", "keys/people", "keys/grades", "ledger", "ledger/tile",
           "ledger/journal", "packs", "packs/adopted", "trays", "index")  # fmt: skip
# Kinds of file, each by the beginning of a path and a part of it.
KINDS = {
    "a body": ("store/", ".pdf.age"),
    "a body stored plain": ("store/", "R00000001.pdf"),
    "a card of a record": ("store/", "R00000002.card.age"),
    "a card of the house": ("store/", "C000001-"),
    "evidence": ("store/", "I000001-"),
    "a purpose": ("store/", "R00000003-"),
    "a card outside of customers": ("store/VIOLATIONS/", ""),
    "a head": ("keys/records/", ".head"),
    "a head after a regrading": ("keys/records/", "-G0"),
    "a loan's grant": ("keys/loans/", ".head"),
    "a public half": ("keys/grades/SECRET/0001/", "public"),
    "a private half": ("keys/grades/INTERNAL/0002/", "chen.age"),
    "a need-to-know list": ("keys/grades/SECRET-R00000005/", "li.age"),
    "the house's own copy": ("keys/grades/PUBLIC/", "@house.age"),
    "a person's page": ("keys/people/", "he.json"),
    "a person's keys": ("keys/people/", "li.age"),
    "a full tile": ("ledger/tile/0/000", ""),
    "a full bundle": ("ledger/tile/entries/000", ""),
    "a partial tile": ("ledger/tile/0/001.p/", ""),
    "a tile of roots": ("ledger/tile/1/", ""),
    "the journal": ("ledger/journal/", ".tlj"),
    "the journal's base": ("ledger/journal/", "base"),
    "a torn tail": ("ledger/journal/", "torn-"),
    "the checkpoint": ("ledger/checkpoint", ""),
    "the lock": ("ledger/lock", ""),
    "a cosignature": ("ledger/witnessed/", ""),
    "an adopted regulation": ("packs/adopted/", ".toml"),
    "a regulation to read": ("packs/lending@", ".toml"),
    "a duplicate": ("trays/duplicates/", ""),
    "a scan nobody knows": ("trays/unsorted/", ""),
    "a broken scan": ("trays/quarantine/", ""),
    "a rejected scan": ("trays/rejected/", ""),
    "the catalogue": (CATALOGUE, ""),
    "the settings": (SETTINGS, ""),
    "an index": ("index/SECRET.db", ""),
    "a list's index": ("index/SECRET-R00000005.db", ""),
    "a counterpart": ("counterparts/SECRET-", ""),
    "a grant's counterpart": ("counterparts/L000001-", ""),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory, scan):
    """The archive, made once."""
    with pytest.MonkeyPatch.context() as patch:
        return every_file(tmp_path_factory.mktemp("every") / "home", scan, patch)


@pytest.fixture(scope="module")
def kept(made):
    """What every file held."""
    return Harm(made)


@pytest.fixture
def harm(kept):
    """Harm to do, undone behind the test."""
    yield kept
    kept.heal()


def found(home: Home, *words: str, keys: bool = False) -> dict[str, list[str]]:
    """Subject → codes. A file that keeps the audit from beginning is named by the refusal."""
    ran = home.run("--json", "audit", *words, **({} if keys else NOBODY))
    if not ran.out:
        assert ran.code not in (0, 1), ran.err
        # The settings, or the folder that is no archive without them.
        about = SETTINGS in ran.err or "is not an archive" in ran.err
        return {SETTINGS: [str(ran.code)]} if about else {}
    told: dict[str, list[str]] = {}
    for finding in ran.json["findings"]:
        told.setdefault(finding["subject"].split(" ")[0], []).append(finding["code"])
    damaged = any(CODES[code].damage for codes in told.values() for code in codes)
    assert ran.code == (13 if damaged else 3 if told else 0), (ran.code, told)
    return told


def at(place: str, size: int) -> int:
    return {"first": 0, "middle": size // 2, "last": size - 1}[place]


def alone(path: str) -> bool:
    """What is spoiled by itself, because nothing is held against a ledger that is damaged, and
    what a catalogue or settings say is needed for all the rest."""
    return path.startswith("ledger/") or path in (CATALOGUE, SETTINGS)


def together(paths: list[str]) -> list[list[str]]:
    """What can be spoiled at once: the indexes, and everything else that is not alone."""
    many = [path for path in paths if not alone(path)]
    indexes = [path for path in many if path.startswith("index/")]
    return [indexes, [path for path in many if path not in indexes]]


def of_a_kind(paths: list[str]) -> list[list[str]]:
    """Files that somebody could exchange: those of a folder, or of a sort below `store/`,
    `keys/` and `trays/`."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        top = path.split("/")[0]
        wide = top in ("store", "keys", "trays")
        kind = Path(path).suffix if wide else Path(path).parent.as_posix()
        kinds.setdefault((top, kind), []).append(path)
    return [kin for kin in kinds.values() if len(kin) > 1]


def successors(kinds: list[list[str]]) -> dict[str, str]:
    return {path: other for kin in kinds
            for path, other in zip(kin, kin[1:] + kin[:1], strict=True)}  # fmt: skip


def missed(harm: Harm, paths: Iterable[str]) -> list[str]:
    """Which of these files an audit does not name now; heals them."""
    paths = list(paths)
    told = found(harm.home, keys=any(path.startswith("index/") for path in paths))
    harm.heal()
    return [
        path
        for path in paths
        if not any(fnmatch(name, one) for name in told for one in (path, *stands_for(path)))
    ]


def stands_for(path: str) -> list[str]:
    """What is named in the place of a file whose own name nobody knows any more: the claim of a
    scan in a tray, the stamps over a head, the journal of a segment that is not there."""
    if path.startswith("trays/"):
        return ["/".join(path.split("/")[:3])]
    if path.startswith("ledger/stamps/"):
        return [path.replace(".checkpoint", ".*.tsr")]
    return ["ledger/journal"] if path.endswith(".tlj") else []


# What nobody misses when it is gone, and why.
GONE = {
    "ledger/journal/torn-": "bytes that never were an entry, kept for a look",
    "ledger/tile/": "a narrower tile than the newest: it goes with the next full one",
    "ledger/witnessed/": "what a witness gave; he keeps his own, and is asked",
    "ledger/stamps/": "what an authority gave: nobody else counts its stamps",
    "trays/rejected/": "set aside for good, until somebody takes it away by hand",
}
# What an older copy cannot hide.
OLDER = {
    LOCK: "a mark of the last writer that holds no truth",
    "ledger/checkpoint": "a head of this ledger: what is behind it is in the journal",
    "ledger/witnessed/": "a head of this ledger, cosigned earlier",
}


def unmissed(harm: Harm, path: str, reasons: dict[str, str]) -> bool:
    """Whether this is one of those; a tile is only where a wider one lies beside it."""
    if not any(path.startswith(beginning) for beginning in reasons):
        return False
    if path.startswith("ledger/stamps/"):
        return path.endswith(".tsr")  # the head it is over is missed
    if path.startswith("ledger/tile/"):
        place = Path(path)
        beside = [Path(p) for p in harm.paths if Path(p).parent == place.parent]
        return ".p/" in path and int(place.name) < max(int(other.name) for other in beside)
    return True


# ── what there is ─────────────────────────────────────────────────────────────


def test_the_archive_holds_every_kind_of_file_and_is_sound(made, harm):
    """The audit finds nothing, with keys and without; no kind is left out; what changed since the
    older copy is of every kind that changes at all."""
    for kind, (beginning, part) in KINDS.items():
        assert any(p.startswith(beginning) and part in p for p in harm.paths), kind
    known = {path.split("/")[0] for path in harm.paths}
    assert known == {"archive.toml", "catalogue.db", "counterparts", "index", "keys", "ledger",
                     "packs", "store", "trays"}  # fmt: skip
    assert not [path for path in harm.paths if LOST in path]
    assert found(made) == found(made, "--full", keys=True) == {}


# ── one bit ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("place", PLACES)
def test_a_flipped_bit_is_found_in_every_file_at_once(harm, place):
    """All that can be spoiled together; indexes by themselves, since they take unspoiled keys."""
    for paths in together(harm.paths):
        for path in paths:
            harm.flip(path, at(place, len(harm.content(path))))
        assert missed(harm, paths) == []


@pytest.mark.parametrize("place", PLACES)
def test_a_flipped_bit_is_found_in_each_file_of_the_ledger_in_catalogue_and_settings(harm, place):
    """One file at a time; in the short form each file at one of the three places."""
    for number, path in enumerate(filter(alone, harm.paths)):
        if LONG or PLACES[number % 3] == place:
            harm.flip(path, at(place, len(harm.content(path))))
            assert missed(harm, [path]) == []


@pytest.mark.skipif(not LONG, reason="minutes: ARCHIVIST_LONG=1")
@pytest.mark.parametrize("place", PLACES)
def test_a_flipped_bit_in_any_one_file_is_found(harm, place):
    """Each file by itself: nothing hides behind the damage of another."""
    for path in harm.paths:
        harm.flip(path, at(place, len(harm.content(path))))
        assert missed(harm, [path]) == []


@pytest.mark.skipif(not LONG, reason="minutes: ARCHIVIST_LONG=1")
def test_a_thousand_random_bits_are_found(harm):
    """Any bit of any byte, in small files as often as in big ones; twenty at a time where one
    does not hide the other."""
    rng, waiting = random.Random(20261129), set()
    for number in range(1000):
        path = rng.choice(harm.paths)
        by_itself = alone(path) or path.startswith("index/")
        if not by_itself:
            waiting.add(path)
        for paths in ([path],) if by_itself else (waiting,):
            if by_itself or len(paths) == 20 or number == 999:
                for one in paths:
                    harm.flip(one, rng.randrange(len(harm.content(one))), rng.randrange(8))
                assert missed(harm, sorted(paths)) == []
                waiting = set() if paths is waiting else waiting


# ── files that are gone, cut short, too many, exchanged ───────────────────────


def test_a_file_that_is_gone_is_found(harm):
    """All at once, then one by one what can only be so; what nobody misses is told by name."""
    for paths in together(harm.paths):
        for path in paths:
            harm.place(path).unlink()
        # A lent record's counterpart is missed only where there is something that it opens.
        gone = [p for p in paths if p.startswith("counterparts/L") or unmissed(harm, p, GONE)]
        assert missed(harm, paths) == gone
    singly = [p for p in harm.paths if alone(p) or p.startswith("counterparts/L")]
    for path in singly if LONG else singly[::3]:
        harm.place(path).unlink()
        assert missed(harm, [path]) == ([path] if unmissed(harm, path, GONE) else [])


@pytest.mark.parametrize("left", ["all but one byte", *(["half", "nothing"] if LONG else [])])
def test_a_file_that_was_cut_short_is_found(harm, left):
    """To nothing, to the half, by one byte."""

    def cut(path):
        content = harm.content(path)
        keep = {"all but one byte": len(content) - 1, "half": len(content) // 2, "nothing": 0}
        harm.put(path, content[: keep[left]])

    for paths in together(harm.paths):
        for path in paths:
            cut(path)
        assert missed(harm, paths) == []
    for number, path in enumerate(filter(alone, harm.paths)):
        if LONG or number % 3 == 0:
            cut(path)
            # An empty lock is one that nobody has held yet.
            empty = path == LOCK and left == "nothing"
            assert missed(harm, [path]) == ([path] if empty else [])


def test_a_file_too_many_is_found(harm):
    """In each folder, and above it, under four kinds of names."""
    folders = {parent for path in harm.paths for parent in Path(path).parents}
    names = ("stray", "stray.card.age", ".hidden", "R00000099.head")
    added = sorted((folder / name).as_posix() for folder in folders for name in names)
    inside = [path for path in added if path.startswith("ledger/")]
    for paths in (inside, [path for path in added if path not in inside]):
        for path in paths:
            harm.put(path, b"x")
        assert missed(harm, paths) == []


def test_a_scan_on_its_way_is_no_stray(harm):
    """What lies in the drop and the work folder is not archived yet: nothing is said of it."""
    for path in ("drop/x.pdf", "work/x/y.pdf", "work/orphans/x"):
        harm.put(path, b"x")
    assert found(harm.home) == {}


def test_exchanged_files_are_found(harm):
    """Each file of a kind has the content of the next; in the ledger two change places."""
    for paths in together(harm.paths):
        changed = [
            path
            for kin in of_a_kind(paths)
            for path, other in zip(kin, kin[1:] + kin[:1], strict=True)
            if harm.content(path) != harm.content(other)
        ]
        for path, other in successors(of_a_kind(paths)).items():
            harm.put(path, harm.content(other))
        assert changed and missed(harm, changed) == []
    for kin in of_a_kind([path for path in harm.paths if path.startswith("ledger/")]):
        for path, other in list(successors([kin]).items())[: None if LONG else 1]:
            harm.put(path, harm.content(other))
            harm.put(other, harm.content(path))
            assert len(missed(harm, [path, other])) < 2


# ── older copies ──────────────────────────────────────────────────────────────


def test_a_file_put_back_as_it_was_is_found(made, harm):
    """Every file that changed since; what an older copy cannot hide by itself is told by name."""
    older = {path: (made.older / path).read_bytes() for path in harm.paths
             if (made.older / path).is_file()}  # fmt: skip
    changed = [path for path, raw in older.items() if raw != harm.content(path)]
    tops = {path.split("/")[0] for path in changed}
    assert tops == {"archive.toml", "catalogue.db", "index", "keys", "ledger"}
    for paths in together(changed):
        for path in paths:
            harm.put(path, older[path])
        assert missed(harm, paths) == []
    for path in filter(alone, changed):
        harm.put(path, older[path])
        assert missed(harm, [path]) == ([path] if unmissed(harm, path, OLDER) else []), path


@pytest.mark.parametrize("how", ["gone", "older"])
def test_a_folder_that_is_gone_or_put_back_as_it_was_is_found(made, harm, how):
    """Each of the archive's folders, as a whole."""
    for top in FOLDERS if LONG else FOLDERS[how == "older" :: 5]:
        there = made.root / top
        shutil.rmtree(there)
        if how == "older":
            shutil.copytree(made.older / top, there)
        told = found(made, keys=top == "index")
        assert any(path.startswith(top) for path in told), (top, told)
        harm.heal()


def test_the_whole_folder_put_back_as_it_was_is_found(made, harm):
    """It contradicts the head that a witness has seen, and the one that somebody kept; nothing
    within the folder itself could tell. Gone, it is no archive."""
    aside, stick = made.top / "aside", made.top / "stick"
    shutil.copytree(stick, made.top / "kept")
    made.root.rename(aside)
    assert made.run("audit", **NOBODY).code == 10
    shutil.copytree(made.older, made.root)
    assert found(made) == {"ledger/journal": ["L-ROLLBACK"]}
    stick.rename(made.top / "away")
    assert "L-ROLLBACK" not in str(found(made))
    assert found(made, "--against", str(made.top / "kept")) == {"ledger/journal": ["L-ROLLBACK"]}
    shutil.rmtree(made.root)
    (made.top / "away").rename(stick)
    aside.rename(made.root)
    assert found(made) == {}


def test_another_house_key_is_refused_and_named(made, harm):
    """A flipped bit anywhere in the house key's file ends every command, with the file's name."""
    (key,) = (made.top / "config").rglob("*.key")
    raw = key.read_bytes()
    for place in PLACES:
        spoiled = bytearray(raw)
        spoiled[at(place, len(raw.strip()))] ^= 1
        key.write_bytes(spoiled)
        ran = made.run("audit", **NOBODY)
        key.write_bytes(raw)
        assert ran.code != 0 and "house key" in ran.err, (place, ran)
