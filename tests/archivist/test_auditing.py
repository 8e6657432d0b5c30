"""An audit: what it reads, opens, samples, remembers and records.

That it finds whatever is spoiled stands in `test_every_file`.
"""

import contextlib
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from archive_home import CUSTOMERS, Home
from virus_daemon import Daemon

from archivist.archive import Archive
from archivist.audit_bodies import Scope
from archivist.audit_codes import CODES, NATURES, TABLE
from archivist.audit_contents import Contents
from archivist.audit_folder import folder_looks
from archivist.auditing import Asked, Audit
from archivist.examine import Examiners, Limits
from archivist.vouching import vouched
from storage.house_key import HouseKey

SECOND = "eine ganz andere 口令"
NOBODY = {"ARCHIVIST_PASSPHRASE": None, "XDG_RUNTIME_DIR": "/nonexistent"}
STORE, HEADS = "store/C000001/D000001", "keys/records/C000001/D000001"


@pytest.fixture(scope="module")
def original(template, tmp_path_factory, scan):
    """Records of four grades, two people who are cleared, a waiting scan, indexes, an audit."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("auditing"))
    home.set("keys", scrypt_log_n=16)
    assert home.run("person", "add", "wang", "--role", "sales_adviser",
                    ARCHIVIST_NEW_PASSPHRASE=SECOND).code == 0  # fmt: skip
    home.json("person", "clear", "wang", "CONF")
    for number, grade in enumerate(("TOP", "CONF", "PUBLIC", "SECRET"), start=1):
        path = home.top / f"{number}.pdf"
        path.write_bytes(scan(f"甲方文件{number}", pages=number))
        home.lines("file", path, "--dossier", "D000001", "--type", "合同", "--grade", grade)
    home.drop("what.pdf", scan("无人认领"))
    home.lines("watch", "--once")
    home.json("search", "甲方文件")
    home.first = home.json("audit", "--seed", "7")
    return home


@pytest.fixture
def home(original, tmp_path):
    """A copy to do harm to."""
    return Home.copy_of(original.top, tmp_path)


def subjects(home: Home, code: int, *words: str, keys: bool = False) -> dict[str, list[str]]:
    """Subject → codes of what an audit finds."""
    told = home.json("audit", *words, code=code, **({} if keys else NOBODY))
    found: dict[str, list[str]] = {}
    for finding in told["findings"]:
        assert CODES[finding["code"]].nature == finding["nature"]
        found.setdefault(finding["subject"].split(" ")[0], []).append(finding["code"])
    return found


def flip(home: Home, path: str, at: int, bit: int = 0) -> None:
    target = home.root / path
    raw = bytearray(target.read_bytes())
    raw[at] ^= 1 << bit
    target.unlink()
    target.write_bytes(raw)


def test_a_sound_archive_has_no_findings_and_the_audit_is_recorded(original):
    """Twice, with keys: counts, no names; what checklists lack is told beside."""
    told, again = original.first, original.json("audit", "--full")
    assert told["findings"] == again["findings"] == []
    assert told["checked"]["records"] == told["of"] == told["opened"] == 4
    stored = [p for top in ("store", "keys/records") for p in (original.root / top).rglob("*.*")]
    assert told["checked"]["bytes"] == sum(path.stat().st_size for path in stored)
    assert told["lacking"] and {"dossier", "item", "due", "clause"} <= set(told["lacking"][0])
    entry = original.json("ledger", "show")[told["entry"]]
    assert (entry["act"], entry["who"], entry["seed"]) == ("audit", "li", 7)
    assert entry["checked"]["records"] == 4 and entry["findings"] == {}
    assert not any(name in str(entry) for name in CUSTOMERS)


def test_flipped_settings_are_found(home):
    """Each in turn: the id, the ledger's key, a pack's name, and what only the last audit knows."""
    path = home.root / "archive.toml"
    text = path.read_text("utf-8")
    settings = home.open().settings
    changes = {
        settings.archive_id: settings.archive_id[:-1] + ("0" if settings.archive_id[-1] != "0"
                                                         else "1"),
        settings.vkey[-9:]: settings.vkey[-9:].swapcase(),
        "login_hours = 8.0": "login_hours = 9.0",
        "采用的制度包": "釆用的制度包",
    }  # fmt: skip
    for old, new in changes.items():
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        code = 13 if old in (settings.archive_id, settings.vkey[-9:]) else 3
        assert list(subjects(home, code)) == ["archive.toml"]
    assert subjects(home, 0) == {}  # the last audit has recorded the new ones


def test_files_that_do_not_belong_are_named(home):
    """One in each folder, also under names like those of records; no damage: exit code 3."""
    strays = ("store/x", f"{STORE}/R00000009.pdf.age", f"{STORE}/R00000001.doc.age",
              f"{HEADS}/R00000009.head", f"{STORE}/D000001-00000003.card.age", "keys/x",
              "keys/people/eve.json", "keys/grades/SECRET/0001/wang.age", "packs/x.toml",
              "trays/unsorted/x/drop/y.pdf", "index/EVE.db", "x.txt")  # fmt: skip
    for path in strays:
        target = home.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"x")
    found = subjects(home, 3)
    assert sorted(found) == sorted(strays)
    home.root.joinpath("ledger/x").write_bytes(b"x")
    assert subjects(home, 13)["ledger/x"] == ["L-STRAY"]


def test_a_sample_reads_so_many_and_still_misses_no_file(home):
    """The same seed reads the same ones; a file that is gone is found whichever it is."""
    told = home.json("audit", "--sample", "50", "--seed", "3", **NOBODY)
    assert (told["checked"]["records"], told["of"], told["sample"]) == (2, 4, "50")
    assert told["checked"] | {"entries": 0} == home.json(
        "audit", "--sample", "50", "--seed", "3", **NOBODY)["checked"] | {"entries": 0}  # fmt: skip
    gone = [f"{STORE}/{path.name}" for path in (home.root / STORE).glob("R*.pdf*")]
    for path in gone:
        (home.root / path).unlink()
    assert set(gone) <= set(subjects(home, 13, "--sample", "1"))
    assert home.run("audit", "--sample", "0").code == home.run("audit", "--full", "--sample",
                                                              "1").code == 2  # fmt: skip


def asked(**more) -> Asked:
    return Asked(seed=1, now=datetime.now(UTC), workers=0, **more)


def test_an_interrupted_audit_goes_on_and_forgets_nothing(home, monkeypatch):
    """What was found before is looked at again; what was read is not read twice."""
    monkeypatch.setattr("archivist.audit_bodies.TOGETHER", 1)
    flip(home, f"{STORE}/R00000002.pdf.age", 30)
    flip(home, f"{STORE}/R00000004.pdf.age", 30)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with contextlib.closing(home.open()) as archive:
        archive.follow()
        first = Audit(archive, asked(), None, None)
        with pytest.raises(KeyboardInterrupt):
            list(first.run(stop))
        assert first.progress.last == "R00000002" and first.checked["records"] == 2
        second = Audit(archive, asked(), None, None)
        assert second.resumed
        found = [one.subject for one in second.run()]
        assert sorted(found) == [f"{STORE}/R0000000{n}.pdf.age" for n in (2, 4)]
        assert second.checked["records"] == 4
        assert not Audit(archive, asked(), None, None).resumed


def test_the_rate_is_kept(home, monkeypatch):
    """After each batch it waits until so many bytes may have been read; waiting is all it does."""
    monkeypatch.setattr("archivist.audit_bodies.TOGETHER", 1)
    waited: list[float] = []
    with contextlib.closing(home.open()) as archive:
        archive.follow()
        audit = Audit(
            archive,
            asked(rate_bytes=1000.0, clock=lambda: sum(waited), sleep=waited.append),
            None,
            None,
        )
        assert list(audit.run()) == []
    scans = [p.stat().st_size for p in (home.root / STORE).glob("R0000000[123].pdf*")]
    assert sum(waited) * 1000 > sum(scans)


def test_files_are_looked_at_again_before_they_are_called_damaged(home):
    """A record filed while others are read is no stray."""
    done: list[int] = []

    def meanwhile(size_bytes: int) -> None:
        if not done:
            assert home.run("customer", "add", "赵敏").code == 0
        done.append(size_bytes)

    with contextlib.closing(home.open()) as archive:
        also = partial(folder_looks, frozenset({"PUBLIC"}))
        assert list(vouched(archive, scope=Scope(pace=meanwhile), also=also)) == []
    assert done


def test_with_keys_content_is_opened_and_compared(home, monkeypatch, tmp_path):
    """Another plaintext, a page too many for the reader, a virus: each with its code."""
    home.set("virus", socket=str(tmp_path / "clamd"))
    with Daemon(tmp_path / "clamd", b"stream: Evil FOUND") as daemon:
        told = home.json("audit", code=3)
        assert {f["code"] for f in told["findings"]} == {"V-INFECTED", "F-SETTINGS"}
        assert told["scanned"] == 4 == len(daemon.seen)
    archive: Archive
    with contextlib.closing(home.open()) as archive:
        archive.follow()
        person = archive.people.unlock("li", home.env["ARCHIVIST_PASSPHRASE"])
        rows = [archive.catalogue.record(f"R0000000{n}") for n in (1, 3)]
        monkeypatch.setattr(HouseKey, "fingerprint", lambda self, digest: "another")
        with Examiners(1, Limits(max_pages=2)) as examiners:
            opened = Contents(archive, person, examiners, None)
            found = [(f.code, f.where) for f in opened.of(iter(rows), lambda row: None)]
    assert found == [("O-CONTENT", "R00000001"), ("O-CONTENT", "R00000003"),
                     ("O-PARSE", "R00000003")]  # fmt: skip


def test_who_is_not_cleared_opens_less_and_is_told_so(home):
    """Every byte is read all the same."""
    told = home.json("--as", "wang", "audit", ARCHIVIST_PASSPHRASE=SECOND)
    assert told["checked"]["records"] == 4
    assert told["opened"] + told["closed"] == 4 and told["closed"] >= 2
    assert told["findings"] == []


def test_the_report_is_a_pdf_and_can_be_filed(home, tmp_path):
    """It names what was found, and becomes a record of the dossier."""
    import pypdf

    flip(home, f"{STORE}/R00000001.pdf.age", 30)
    told = home.json("audit", "-o", tmp_path / "report.pdf", "--file", "D000001", "--type", "合同",
                     code=13)  # fmt: skip
    assert told["record"] == "R00000005"
    text = "".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "report.pdf").pages)
    assert "S-BODY" in text and f"{STORE}/R00000001.pdf.age" in text.replace("\n", "")
    assert home.opened("R00000005") == (tmp_path / "report.pdf").read_bytes()


def test_codes_are_of_one_nature_and_said_in_both_languages():
    """The table that the report and the documents are made of."""
    assert len(CODES) == len(TABLE)
    assert all(code.nature in NATURES and code.zh and code.en and code.clause for code in TABLE)
    documented = (Path(__file__).resolve().parents[2] / "docs/formats.md").read_text("utf-8")
    assert [code.code for code in TABLE if f"`{code.code}`" not in documented] == []
