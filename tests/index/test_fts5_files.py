"""What the FTS5 engine leaves in its files, read page by page with the key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from index_bytes import database_bytes
from sqlcipher3 import dbapi2 as sqlite

from index.analysis import fold, plan
from index.engine import ANYTHING, Page
from index.errors import IndexDamaged, IndexLocked, IndexUnwritable, WrongIndexKey
from index.fts5 import CONTAINER, Fts5Engine

KEY = bytes(range(32))
RARE = "龘靐齉爩麤灪龖厵"
SECRET = Page(
    "R00000666", 1, "CSECRET", "DSECRET", "secret", 20240101, "titlezanzibar", RARE + "zzqxj"
)
NEEDLES = [char.encode() for char in RARE] + [b"zzqxj", b"titlezanzibar", b"R00000666", b"CSECRET"]


def decrypted(where: Path) -> bytes:
    """Return every byte of database and log in clear, freed pages and slack included."""
    return database_bytes(where, KEY)


def filled(where: Path) -> Fts5Engine:
    """Return an index with the secret page among others, written in several transactions."""
    engine = Fts5Engine.open(where, KEY, create=True)
    for batch in range(4):
        texts = [f"客户档案管理制度第{batch}{i}条 {'资料' * 40}" for i in range(60)]
        pages = [
            Page(f"R{batch:04}{i:04}", 1, "C1", "D1", "t", 20240101, "", text)
            for i, text in enumerate(texts)
        ]
        engine.put([*pages, SECRET] if batch == 2 else pages, batch)
    return engine


def test_nothing_of_a_purged_record_is_left_in_the_files(tmp_path: Path) -> None:
    """Every trace is there before the purge and none after it, in pages, slack and log."""
    assert fold(RARE) == RARE
    where = tmp_path / "grade.db"
    engine = filled(where)
    before = decrypted(where)
    assert [needle for needle in NEEDLES if needle not in before] == []
    engine.purge([SECRET.record])
    after = decrypted(where)
    assert [needle for needle in NEEDLES if needle in after] == []
    assert "档案".encode() in after
    assert engine.check() == []
    engine.close()
    assert [needle for needle in NEEDLES if needle in decrypted(where)] == []


def test_a_replaced_text_is_gone_once_the_log_is_folded_in(tmp_path: Path) -> None:
    """A corrected page leaves nothing of its former text, even without a purge."""
    where = tmp_path / "grade.db"
    engine = filled(where)
    engine.put([Page(SECRET.record, 1, "C", "D", "t", 20240101, "", "空白")], 9)
    engine.close()
    after = decrypted(where)
    assert [char for char in RARE if char.encode() in after] == []


def test_no_term_of_many_purged_pages_stays_behind_as_a_separator(tmp_path: Path) -> None:
    """FTS5 keeps prefixes of terms to find its leaves; a purge drops those as well."""
    where = tmp_path / "grade.db"
    engine = filled(where)
    rare = [chr(code) for code in range(0x3400, 0x4DB0) if fold(chr(code)) == chr(code)]
    texts = ["".join(rare[i::200]) for i in range(200)]
    pages = [Page(f"S{i}", 1, "C", "D", "t", 20240101, "", text) for i, text in enumerate(texts)]
    engine.put(pages, 10)
    engine.purge(["R00000666"])
    before = decrypted(where)
    assert sum(char.encode() in before for char in rare) > 6000
    engine.purge([page.record for page in pages])
    after = decrypted(where)
    assert [char for char in rare if char.encode() in after] == []
    engine.close()


def test_a_purge_that_a_reader_hinders_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody reads, old pages stay in the log; purging again finishes the work."""
    monkeypatch.setattr("index.fts5.BUSY_SECONDS", 0.2)
    where = tmp_path / "grade.db"
    engine = filled(where)
    reader = Fts5Engine.open(where, KEY)
    reader._db.execute("BEGIN")
    reader._db.execute("SELECT count(*) FROM page").fetchone()
    with pytest.raises(IndexLocked, match="not yet overwritten"):
        engine.purge([SECRET.record])
    assert engine.search(plan(RARE), ANYTHING, 1).total == 0
    reader.close()
    engine.purge([SECRET.record])
    after = decrypted(where)
    assert [needle for needle in NEEDLES if needle in after] == []
    engine.close()


def test_a_file_that_is_no_index_is_refused(tmp_path: Path) -> None:
    """Foreign bytes are a wrong key, an empty file an index that was never finished."""
    (tmp_path / "foreign.db").write_bytes(b"SQLite format 3\0" + bytes(40000))
    with pytest.raises(WrongIndexKey):
        Fts5Engine.open(tmp_path / "foreign.db", KEY)
    (tmp_path / "empty.db").touch()
    with pytest.raises(IndexDamaged):
        Fts5Engine.open(tmp_path / "empty.db", KEY)
    Fts5Engine.open(tmp_path / "empty.db", KEY, create=True).close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Creating an index in a folder that does not exist is a disk's refusal."""
    with pytest.raises(IndexUnwritable):
        Fts5Engine.open(tmp_path / "nowhere" / "grade.db", KEY, create=True)


def test_a_full_disk_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    """What does not fit is refused; nothing before it is touched."""
    engine = filled(tmp_path / "grade.db")
    pages = engine._db.execute("PRAGMA page_count").fetchone()[0]
    engine._db.execute(f"PRAGMA max_page_count = {pages}")
    big = Page("R1", 1, "C", "D", "t", 20240101, "", "满盘" * 200_000)
    with pytest.raises(IndexUnwritable):
        engine.put([big], 99)
    assert engine.applied == 3
    assert engine.check() == []
    assert engine.search(plan("满盘"), ANYTHING, 1).total == 0
    engine.close()


def test_check_names_a_postings_table_that_disagrees(tmp_path: Path) -> None:
    """A row without postings is found by comparing the tables."""
    where = tmp_path / "grade.db"
    engine = filled(where)
    engine._db.execute("DELETE FROM body WHERE id = 1")
    assert any(line.startswith("tables") for line in engine.check())
    engine.close()


def test_a_page_that_comes_twice_at_once_is_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within pages analysed together and beyond them, against what is there and what is new."""
    monkeypatch.setattr("index.fts5._TOGETHER", 2)
    engine = filled(tmp_path / "grade.db")
    for _ in ("new", "known"):
        texts = ("甲乙", "丙丁", "戊己", "庚辛", "壬癸")
        names = ("R1", "R1", "R00000666", "R1", "R2")
        both = zip(names, texts, strict=True)
        engine.put([Page(name, 1, "C", "D", "t", 20240101, "", text) for name, text in both], 9)
        totals = [engine.search(plan(text), ANYTHING, 1).total for text in (*texts, "zzqxj")]
        assert totals == [0, 0, 1, 1, 1, 0]
        assert engine.stats(plan(""), ANYTHING).pages == 243
        assert engine.check() == []
    engine.close()


def test_check_names_a_wrong_number_of_pages(tmp_path: Path) -> None:
    """The number that searches believe is held against the pages themselves."""
    engine = filled(tmp_path / "grade.db")
    assert engine.check() == []
    engine._db.execute("UPDATE meta SET value = value + 1 WHERE name = 'pages'")
    assert engine.stats(plan(""), ANYTHING).pages == 242, "no search counts for itself"
    assert engine.check() == ["tables: miscounted pages"]
    engine.close()


def test_errors_never_quote_what_was_searched(tmp_path: Path) -> None:
    """Whatever SQLite says about a query stays inside."""
    engine = filled(tmp_path / "grade.db")
    with pytest.raises(IndexDamaged) as caught, engine._foreign():
        engine._db.execute("SELECT 1 FROM ft WHERE ft MATCH ?", ('"zanzibar',))
    assert "zanzibar" not in str(caught.value)
    assert caught.value.__cause__ is None
    engine.close()


QUIET = """
import sys
from pathlib import Path
from index.errors import ShadowError
from index.fts5 import Fts5Engine
try:
    Fts5Engine.open(Path(sys.argv[1]), bytes(32))
except ShadowError:
    print("refused")
"""


def test_a_refused_key_leaves_nothing_on_the_terminal(tmp_path: Path) -> None:
    """SQLCipher's own log does not reach the user's terminal."""
    where = tmp_path / "grade.db"
    filled(where).close()
    child = subprocess.run(
        [sys.executable, "-c", QUIET, where], capture_output=True, text=True, check=True
    )
    assert (child.stdout, child.stderr) == ("refused\n", "")


def test_the_stock_cipher_opens_the_file_with_the_raw_key(tmp_path: Path) -> None:
    """The file is an ordinary SQLCipher database: our engine is not needed to read it."""
    where = tmp_path / "grade.db"
    filled(where).close()
    connection = sqlite.connect(os.fspath(where))
    connection.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    for pragma in CONTAINER:
        connection.execute(f"PRAGMA {pragma}")
    assert connection.execute("SELECT count(*) FROM page").fetchone() == (241,)
    connection.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from index.engine import Page
from index.fts5 import Fts5Engine
engine = Fts5Engine.open(Path(sys.argv[1]), bytes(range(32)))
engine.put([Page("R00000666", 1, "CSECRET", "DSECRET", "secret", 20240101, "titlezanzibar",
                 "龘靐齉爩麤灪龖厵zzqxj")], 20)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_in_the_log_is_purged_too(tmp_path: Path) -> None:
    """The log that nobody folded in holds the text; after the purge neither file does."""
    where = tmp_path / "grade.db"
    engine = filled(where)
    engine.purge([SECRET.record])
    engine.close()
    subprocess.run([sys.executable, "-c", KILLED, where], check=False)
    log = where.with_name("grade.db-wal")
    assert log.stat().st_size
    assert [needle for needle in NEEDLES if needle not in decrypted(where)] == []
    engine = Fts5Engine.open(where, KEY)
    assert engine.search(plan(RARE), ANYTHING, 1).total == 1
    engine.purge([SECRET.record])
    assert log.stat().st_size == 0
    assert [needle for needle in NEEDLES if needle in decrypted(where)] == []
    engine.close()
