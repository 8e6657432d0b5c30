"""An archive in which every kind of file lies that an archive can hold, and harm to do to it.

Made once; `Harm` keeps each file's bytes and heals what a test spoiled, so that a thousand trials
cost a thousand audits and no copies.

    store/   bodies and cards of five grades, one body stored plain by an earlier version, one under
             its second name (regraded), evidence beside a card
    keys/    heads, a loan's grant, several generations, a need-to-know list, the house's own copy,
             people, one of whom has left
    ledger/  full and partial tiles, a kept torn tail, a witness's head, a time stamp
    trays/   one scan in each
    outside  the house key with the counterparts, a witness's folder

    home = every_file(tmp_path, scan, monkeypatch)
    harm = Harm(home)
    harm.flip("packs/lending@1.toml", 17)
    ...
    harm.heal()
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import disposal_home
import lending_home
from archive_home import PASSPHRASE, PERSON, Home, now
from disposal_home import adopted
from stamp_office import answering, has_openssl, new_authority, stamping

from archivist.archive import Desk

PEOPLE = {
    "lin": "salesman",
    "zhao": "department_head",
    "gm": "general_manager",
    "wang": "archive_clerk",
    "chen": "archive_clerk",
    "he": "finance",
}
OFFICES = {'"role.drafting_unit"': "archivist", "secrecy_notice": "30", "loan_days": 14,
           '"approval.view"': "lending"}  # fmt: skip
ENTRIES = 300  # enough for a full tile
LOST = "R00000008"  # destroyed


def every_file(top: Path, scan: Callable[..., bytes], patched: Any) -> Home:
    """All of it. `patched`: pytest's MonkeyPatch. `home.older` is a copy from before the last of
    what happened: none of its files that changed since is as it was."""
    home = _founded(Home(top), scan, patched)
    _staffed(home)
    _filed(home, scan)
    _stamped(home)
    _torn(home)
    home.older = top / "older"
    _searched(home)
    shutil.copytree(home.root, home.older)
    _lived(home, scan)
    _searched(home)
    home.json("audit", "--seed", "7")
    home.json("ledger", "witness", "update")
    return home


def _founded(home: Home, scan: Callable[..., bytes], patched: Any) -> Home:
    """As an earlier version made it: its open grade has no key, and a record is stored plain."""
    with patched.context() as patch:
        patch.setattr(Desk, "open_key", lambda *_: (None, None))
        home.json("init", home.root, "--pack", "auto-dealer", "--pack", "secrecy",
                  "--person", PERSON, "--work-factor", "16")  # fmt: skip
        home.set("drop", settle_seconds=0.0, unfinished_seconds=0.0)
        home.set("keys", scrypt_log_n=16)
        home.set("company", **OFFICES)
        home.json("customer", "add", "张伟", "--field", "phone=13800138000")
        home.json("customer", "add", "李雷")
        home.json("dossier", "open", "C000001", "new_car", "--event", "sale=2015-03-05")
        home.json("dossier", "open", "C000002", "maintenance")
        home.json("login", PERSON)
        _file(home, scan, "公开甲", "PUBLIC")
    return home


def _staffed(home: Home) -> None:
    for name, role in PEOPLE.items():
        home.json("person", "add", name, "--role", role, "--department", "sales",
                  ARCHIVIST_NEW_PASSPHRASE=PASSPHRASE)  # fmt: skip
    for grade in ("INTERNAL", "SECRET"):
        home.json("person", "clear", "wang", grade)
    home.json("person", "clear", "chen", "INTERNAL")
    lending = home.top / "lending.toml"
    lending.write_text(lending_home.RULES, "utf-8")
    home.json("pack", "adopt", lending)
    stick = home.top / "stick"
    stick.mkdir()
    home.json("ledger", "witness", "add", "audit", "--folder", stick)


def _file(home: Home, scan: Callable[..., bytes], text: str, grade: str) -> None:
    path = home.top / "scan.pdf"
    path.write_bytes(scan(text))
    (told,) = home.lines("file", path, "--dossier", "D000001", "--type", "sales_contract",
                         "--grade", grade)  # fmt: skip
    assert told["outcome"] == "filed", told


def _filed(home: Home, scan: Callable[..., bytes]) -> None:
    grades = ("PUBLIC", "TOP", "CONF", "SECRET", "SECRET", "INTERNAL", "INTERNAL")
    for number, grade in enumerate(grades, start=2):
        _file(home, scan, f"合同之{number}", grade)
    home.drop("无主.pdf", scan("无主之件"))
    home.drop("退回.pdf", scan("退回之件"))
    home.drop("C000001/D000001/合同/又一.pdf", scan("合同之2"))
    home.drop("C000001/D000001/合同/坏.pdf", scan("坏")[:300])
    for told in home.lines("watch", "--once"):
        if told["source"].endswith("退回.pdf"):
            home.json("inbox", "reject", told["claim"], "--reason", "不是我们的")
    until = (date.today() + timedelta(days=3)).isoformat()
    home.json("--as", "lin", "loan", "request", "R00000007", "--purpose", "核对", "--form", "view",
              "--until", until)  # fmt: skip
    home.json("--as", "zhao", "loan", "approve", "L000001")
    home.json("loan", "issue", "L000001")
    home.json("ledger", "witness", "update")


def _stamped(home: Home) -> None:
    if has_openssl():
        office = new_authority(home.top / "office")
        home.set("ledger", tsa_certificates=str(office / "root.pem"))
        with answering(stamping(office)) as url:
            home.json("ledger", "timestamp", "--tsa", url)


def _torn(home: Home) -> None:
    """What a power cut leaves of an append, and the next writer puts aside; and a full tile."""
    segment = max((home.root / "ledger" / "journal").glob("*.tlj"))
    with segment.open("ab") as file:
        file.write(b"half of an entry")
    archive = home.open()
    try:
        with archive.writing(now(), "station") as desk:
            for _ in range(ENTRIES):
                desk.say("sweep", {}, counts={}, day="2026-03-05")
            desk.append()
        archive.follow()
        archive.ledger.publish()
    finally:
        archive.close()


def _lived(home: Home, scan: Callable[..., bytes]) -> None:
    """After this no head, grant, index, tile at the edge or catalogue is what it was before."""
    start, end = (disposal_home.RULES.index(one) for one in ("[[role]]", "[[approval]]"))
    adopted(home, disposal_home.RULES[:start] + disposal_home.RULES[end:])
    home.set("keys", login_hours=9.0)
    home.drop("更晚.pdf", scan("更晚之件"))
    home.lines("watch", "--once")
    letter = home.top / "letter.pdf"
    letter.write_bytes(scan("介绍信"))
    home.json("incident", "report", "--of", "leak", "--record", "R00000003", "--what", "x",
              "--evidence", letter)  # fmt: skip
    home.json("regrade", "R00000006", "CONF", "--reason", "涉诉", "--until", "2039-01-01")
    home.json("need-to-know", "limit", "R00000005", "--reason", "并购")
    home.json("disposal", "propose", LOST)
    home.json("--as", "wang", "disposal", "appraise", "X000001", LOST, "destroy",
              "--opinion", "看过")  # fmt: skip
    for name in ("zhao", "gm"):
        home.json("--as", name, "disposal", "approve", "X000001")
    home.json("--as", "chen", "disposal", "execute", "X000001", "--place", "三楼",
              "--witness", "lin", "--witness", "he")  # fmt: skip
    for grade in ("TOP", "CONF", "SECRET", "PUBLIC"):
        home.json("key", "rotate", grade)
    home.json("person", "revoke", "wang", "SECRET", "--reason", "转岗")
    home.json("person", "leave", "he")
    home.json("hold", "place", "D000001", "--reason", "案号")
    home.json("violation", "record", "lost_or_damaged", "--role", "archive_clerk", "--reason", "x")
    home.json("customer", "restrict", "C000002", "--reason", "x")
    home.json("export", "R00000002", "-o", home.top / "out", "--purpose", "核对")
    home.opened("R00000003")


class Harm:
    """Harm done to an archive, and undone: every file is as it was before after `heal`."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._kept: dict[str, tuple[bytes, int]] = {}
        self._seen: dict[str, tuple[int, int, int]] = {}
        for path in self._files():
            self._kept[path] = (self.place(path).read_bytes(), self.place(path).stat().st_mode)
            self._seen[path] = self._stat(path)

    @property
    def paths(self) -> list[str]:
        """Every file that an audit answers for, the counterparts among them. Not those of scans on
        their way (`drop/`, `work/`), a lock without content, and SQLite's own logs."""
        idle = ("drop/", "work/", "index/.making", "catalogue.db-")
        return sorted(path for path in self._kept if not path.startswith(idle))

    @property
    def beside(self) -> Path:
        """The folder of the counterparts."""
        (found,) = (self.home.top / "config").rglob("*.counterparts")
        return found

    def place(self, path: str) -> Path:
        """Where a file lies: below the archive, or beside the house key."""
        top, _, name = path.partition("/")
        return self.beside / name if top == "counterparts" else self.home.root / path

    def content(self, path: str) -> bytes:
        """What a file held before any harm."""
        return self._kept[path][0]

    def put(self, path: str, content: bytes) -> None:
        """Give a file another content."""
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_bytes(content)
        place.chmod(self._kept[path][1] if path in self._kept else 0o644)

    def flip(self, path: str, at: int, bit: int = 0) -> None:
        """Change one bit."""
        raw = bytearray(self.content(path))
        raw[at] ^= 1 << bit
        self.put(path, bytes(raw))

    def heal(self) -> None:
        """Put back what is not as it was; nothing else is written."""
        there = set(self._files())
        for path in there - self._kept.keys():
            self.place(path).unlink()
        for path, (content, _) in self._kept.items():
            if path not in there or self._stat(path) != self._seen[path]:
                self.put(path, content)
                self._seen[path] = self._stat(path)

    def _files(self) -> Iterator[str]:
        for top, prefix in ((self.home.root, ""), (self.beside, "counterparts/")):
            for folder, _, names in os.walk(top):
                for name in names:
                    yield prefix + Path(folder, name).relative_to(top).as_posix()

    def _stat(self, path: str) -> tuple[int, int, int]:
        told = self.place(path).lstat()
        return told.st_size, told.st_mtime_ns, told.st_ino


def _searched(home: Home) -> None:
    home.json("search", "合同")
