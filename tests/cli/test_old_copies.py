"""Copies of the folder that were made before a key was destroyed: they open nothing any more.

One archive with a record of each grade, one more under a need-to-know list and one more on loan. A
copy is made; each key is rotated and the loan ends. Whoever has the copy has every key that still
exists: the house key, the counterparts, everybody's passphrase, the session of who was logged in
before, and the newest recovery bundle.
"""

import shutil
from datetime import date, timedelta

import pytest
from archive_home import PASSPHRASE, PERSON, Home
from lending_home import staffed

from storage.age.files import decrypt, open_header, parse_identity_file
from storage.age.header import Header
from storage.age.passphrase import Passphrase
from storage.errors import StorageError
from storage.keys import index_key

GRADES = ("TOP", "CONF", "SECRET", "INTERNAL", "PUBLIC")
RECORDS = {f"R{n:08}": grade for n, grade in enumerate((*GRADES, "SECRET", "INTERNAL"), start=1)}
LISTED, LENT = "R00000006", "R00000007"
KEYS = (*GRADES, f"SECRET-{LISTED}")
BUNDLE = "恢复包 horse"
WORD = "捌佰万圆整"


def make_bundle(home, name):
    path = home.top / name
    home.json("key", "escrow", "-o", path, ARCHIVIST_ESCROW_PASSPHRASE=BUNDLE)
    return path


@pytest.fixture(scope="module")
def kept(template, tmp_path_factory, scan):
    """The archive after the destruction; `copy` is its folder from before, `could` what opened
    then, `home.session` the session of that time."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("kept"))
    staffed(home, "lin", "zhao")
    for record, grade in RECORDS.items():
        path = home.top / f"{record}.pdf"
        path.write_bytes(scan(f"定金{WORD}{record}"))
        (filed,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同",
                              "--grade", grade)  # fmt: skip
        assert filed["record"] == record
    home.json("need-to-know", "limit", LISTED, "--reason", "并购")
    until = (date.today() + timedelta(days=3)).isoformat()
    home.json("--as", "lin", "loan", "request", LENT, "--purpose", "核对", "--form", "view",
              "--until", until)  # fmt: skip
    home.json("--as", "zhao", "loan", "approve", "L000001")
    home.json("loan", "issue", "L000001")
    assert home.json("search", WORD)["total"] == len(RECORDS)
    path = next((home.top / "run").rglob("*.session"))
    home.session = path, path.read_bytes()
    home.copy, home.known = home.top / "copy", {}
    shutil.copytree(home.root, home.copy)
    home.could = {"heads": opened_heads(home, make_bundle(home, "before")),
                  "indexes": opened_indexes(home, home.top / "before"),
                  "program": opened_by_program(home)}  # fmt: skip
    for key in KEYS:
        assert home.json("key", "rotate", key)["destroyed"] == [1]
    home.json("loan", "return", "L000001")
    make_bundle(home, "after")
    return home


def identities(home, bundle):
    """Every identity that can be had by now from the copy and from all that still exists."""
    if bundle.name not in home.known:  # unlocking people costs most of what these tests cost
        home.known[bundle.name] = found_identities(home, bundle)
    return home.known[bundle.name]


def found_identities(home, bundle):
    archive = home.open()
    people = [archive.people.unlock(name, PASSPHRASE).identity for name in (PERSON, "lin", "zhao")]
    beside = [archive.counterparts.open(name) for name in archive.counterparts.names()]
    escrowed = parse_identity_file(decrypt([Passphrase(BUNDLE)], bundle.read_bytes()).decode())
    known = [archive.house.identity(), *people, *beside, *escrowed]
    archive.close()
    locked = [path.read_bytes() for path in (home.copy / "keys" / "grades").rglob("*.age")]
    while locked:
        found = {at: inner for at, raw in enumerate(locked) if (inner := peeled(known, raw))}
        known += [one for inner in found.values() for one in identities_in(inner)]
        again = [inner for inner in found.values() if not identities_in(inner)]
        locked = [raw for at, raw in enumerate(locked) if at not in found] + again
        if not found:
            break
    return known


def peeled(known, raw):
    """One layer less, or None."""
    try:
        return decrypt(known, raw)
    except StorageError:
        return None


def identities_in(inner):
    text = inner.decode("ascii", "replace")
    return parse_identity_file(text) if text.startswith("# archivist") else []


def opened_heads(home, bundle):
    """The heads in the copy, of records and of loans, that some identity opens."""
    known, found = identities(home, bundle), set()
    for path in (home.copy / "keys").rglob("*.head"):
        raw = path.read_bytes()
        if "loans" in path.parts:
            raw = peeled(known, raw)
        elif b"HOUSE" in raw or b'"key":"house"' in Header.parse(raw).stanzas[-1].body:
            continue  # cards of the house, which are no records
        try:
            open_header(raw or b"", known)
        except StorageError:
            continue
        found.add(path.relative_to(home.copy / "keys").as_posix())
    return found


def opened_indexes(home, bundle):
    """The full-text indexes in the copy that open."""
    from index.errors import ShadowError
    from index.fts5 import Fts5Engine

    keys = [index_key(identity) for identity in identities(home, bundle)]
    archive = home.open()
    keys.append(archive.house.index_key())
    archive.close()
    found = set()
    for path in (home.copy / "index").glob("*.db"):
        for key in keys:
            try:
                Fts5Engine.open(path, key).close()
            except ShadowError:
                continue
            found.add(path.stem)
    return found


def opened_by_program(home):
    """The records whose bytes come out of the copy, by whoever may, with a session of then."""
    tried = home.top / "tried"
    shutil.copytree(home.copy, tried)
    path, content = home.session
    found = set()
    for record in RECORDS:
        name = "lin" if record == LENT else PERSON
        path.write_bytes(content)
        ran = home.run("--archive", tried, "--as", name, "view", record, "--purpose", "x",
                       ARCHIVIST_PASSPHRASE=PASSPHRASE)  # fmt: skip
        if ran.out or ran.code == 0:
            found.add(record)
        else:
            assert ran.code == 12, ran.err
            assert "hint" in ran.err
    path.write_bytes(content)
    ran = home.run("--archive", tried, "--json", "search", WORD)
    if WORD in ran.out.decode():
        found.add("search")
    shutil.rmtree(tried)
    return found


def test_before_the_destruction_the_copy_opens(kept):
    """Every head, every index, every record: otherwise the other tests could not fail."""
    heads = {f"records/C000001/D000001/{r}.head" for r in RECORDS if r != LISTED}
    assert kept.could["heads"] >= {*heads, f"loans/L000001/{LENT}.head"}
    assert any(LISTED in head for head in kept.could["heads"])
    assert kept.could["indexes"] == set(KEYS)
    assert kept.could["program"] == {*RECORDS, "search"}


def test_no_head_in_the_copy_opens_with_any_key_there_is(kept):
    """Neither of a record, of whatever grade or list, nor of a loan."""
    assert opened_heads(kept, kept.top / "after") == set()


def test_no_full_text_in_the_copy_opens(kept):
    """Of no grade; of an open one neither with the house key."""
    assert opened_indexes(kept, kept.top / "after") == set()


def test_the_program_opens_nothing_of_the_copy(kept):
    """Exit 12 with a hint for each record, and no hit of a search with the session of then."""
    assert opened_by_program(kept) == set()


def test_the_copy_put_back_into_its_place_opens_nothing(kept, tmp_path):
    """As after a restore; and the archive as it is now opens every record."""
    restored = Home.copy_of(kept.top, tmp_path / "home")
    assert all(restored.opened(record) for record in RECORDS)
    shutil.rmtree(restored.root)
    shutil.copytree(kept.copy, restored.root)
    for record in RECORDS:
        ran = restored.run("view", record, "--purpose", "x")
        assert (ran.code, ran.out) == (12, b"")
    title = [restored.run("show", record) for record in RECORDS]
    assert WORD.encode() not in b"".join(ran.out for ran in title)


def test_the_newest_bundle_does_not_recover_the_copy(kept, tmp_path):
    """Its keys are not those of the copy's ledger, and nothing is made."""
    restored = Home.copy_of(kept.top, tmp_path / "home")
    shutil.rmtree(restored.root)
    shutil.copytree(kept.copy, restored.root)
    before = restored.open().counterparts.names()
    phrases = {"ARCHIVIST_ESCROW_PASSPHRASE": BUNDLE, "ARCHIVIST_NEW_PASSPHRASE": "x"}
    ran = restored.run("key", "recover", kept.top / "after", "--person", PERSON, **phrases)
    assert ran.code == 2 and "void" in ran.err
    assert restored.open().counterparts.names() == before
