"""A record that changed its grade is found in the new index and has left the old one for good."""

from datetime import date

import pytest
from archive_home import PASSPHRASE, PERSON
from index_bytes import in_clear

TEXT = "龘靐齉爩麤灪龖厵zzqxj"
NEEDLES = [char.encode() for char in TEXT[:8]] + [b"zzqxj", b"R00000002"]
ENDINGS = {"fts5": ".db", "whoosh": ".whoosh"}


@pytest.fixture(params=ENDINGS)
def engine(request):
    """Each of the two engines."""
    return request.param


@pytest.fixture
def filed(home, scan, engine):
    """Three top secret records, one of them with rare words, found and then read again."""
    home.set("search", engine=engine)
    home.set("company", **{'"role.drafting_unit"': "archivist"})
    for number, text in enumerate(("客户档案管理制度", TEXT, "签收保管期限")):
        path = home.top / f"{number}.pdf"
        path.write_bytes(scan(text))
        home.lines("file", path, "--dossier", "D000001", "--type", "合同", "--grade", "TOP")
    assert grades(home) == ["TOP"]
    return home


def grades(home, text="zzqxj"):
    """The grades in which it is found."""
    return [hit["grade"] for hit in home.json("search", text)["hits"]]


def hits(home):
    """The hits, without their scores."""
    found = home.json("search", "zzqxj")["hits"]
    return [{name: value for name, value in hit.items() if name != "score"} for hit in found]


def regrade(home, grade):
    """Give the record with the rare words another grade."""
    until = f"{date.today().year + 4}-01-01"
    home.json("regrade", "R00000002", grade, "--reason", "定密有误", "--until", until)


def traces(home, engine, grade):
    """What of the record lies in the files of a grade's index."""
    archive = home.open()
    person = archive.people.unlock(PERSON, PASSPHRASE)
    from storage.keys import index_key

    generation = archive.keys.generations(grade)[-1]
    key = index_key(archive.opened(grade, generation, person).identity)
    archive.close()
    clear = in_clear(home.root / "index" / f"{grade}{ENDINGS[engine]}", key)
    return [needle for needle in NEEDLES if needle in clear]


def test_nothing_of_it_is_left_in_the_old_index(filed, engine):
    """Decrypted, the old grade's files hold no character of it: pages, slack, log, postings."""
    assert traces(filed, engine, "TOP") == NEEDLES
    regrade(filed, "SECRET")
    assert grades(filed) == ["SECRET"]
    assert traces(filed, engine, "TOP") == []
    assert traces(filed, engine, "SECRET") == NEEDLES
    assert grades(filed, "管理制度") == grades(filed, "签收") == ["TOP"]


def test_there_and_back_it_is_found_once(filed, engine):
    """Two changes between two searches leave it where it ended."""
    regrade(filed, "SECRET")
    regrade(filed, "TOP")
    assert grades(filed) == ["TOP"]
    assert traces(filed, engine, "SECRET") == []


def test_an_index_made_anew_agrees(filed, engine):
    """Built from the ledger alone, the indexes say the same; a score may rest on an average."""
    regrade(filed, "SECRET")
    before = hits(filed)
    for file in (filed.root / "index").rglob("*"):
        if file.is_file():
            file.unlink()
    assert hits(filed) == before
    assert traces(filed, engine, "TOP") == []


def test_after_a_rotation_a_session_finds_as_before_and_the_old_key_opens_nothing(filed, engine):
    """Whoever is logged in gets the new key without another login."""
    before = hits(filed)
    path = filed.root / "index" / f"TOP{ENDINGS[engine]}"
    assert traces(filed, engine, "TOP") == NEEDLES
    filed.json("key", "rotate", "TOP")
    for _ in range(2):
        assert hits(filed) == before
    archive = filed.open()
    assert archive.keys.held_by(PERSON).count(("TOP", 1)) == 0
    archive.close()
    assert path.exists()
    assert traces(filed, engine, "TOP") == NEEDLES
