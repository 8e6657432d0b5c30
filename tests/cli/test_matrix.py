"""Every command, whoever calls it: how it ends follows from what it needs, and it never tells more.

The commands are taken from the program itself. Each declares below what it needs and does; from
that, and from who calls, the exit codes are derived that are right in a cell of the matrix.
A command that is not declared fails here: say what it needs, then it is tested.
"""

import itertools
import shlex
from dataclasses import dataclass

import click
import pytest
from archive_home import CUSTOMERS, PASSPHRASE, PERSON, Home

from archivist import cli

TITLE, TEXT, SOURCE = "镇江隧道工程承揽书", "违约金柒拾万圆", "机要室来函"
SECOND, BUNDLE, THIRD = "eine ganz andere 口令", "drei Wörter 备份", "noch 另一个"


ROUTINE = """
[pack]
id = "tidy"
version = "1"
zh = "整理"
en = "tidying"
source = "X"
effective_from = 2020-01-01
[[routine]]
id = "tidy"
zh = "整理"
en = "tidy up"
of = "meeting"
first_working_day = true
clause = "X-1"
[[approval]]
id = "tidy"
zh = "整理时摘抄"
en = "extracts for tidying"
actions = ["extract"]
grades = ["INTERNAL"]
free = true
clause = "X-2"
[[approval]]
id = "destroying"
zh = "销毁"
en = "destroying"
actions = ["destroy"]
steps = ["archivist:approve"]
clause = "X-3"
"""


@dataclass(frozen=True)
class Asks:
    """What one command needs of the caller, and what it does; the words are a call that works."""

    words: str = ""
    house: bool = True  # opens the archive with the house key
    who: str = "may"  # "must" be somebody · "may" be: a passphrase is tried · "never" asked
    sealed: bool = False  # opens what is sealed to a grade: TOP
    duty: bool = False  # some are not allowed, by role or by what they hold
    finds: bool = False  # may end with findings
    writes: bool = False  # a ledger entry
    denies: bool = False  # what is not allowed is an entry too
    idle: bool = False  # there is nothing to do it to: it ends with 2
    away: bool = False  # asks a service that is not there: it ends with 1


def reads(words="", **more):
    """Reads the catalogue; nobody is asked for a passphrase."""
    return Asks(words, **{"who": "never"} | more)


def writes(words="", **more):
    """Adds a ledger entry in somebody's name, or the station's."""
    return Asks(words, writes=True, **more)


def signs(words="", **more):
    """Adds a ledger entry that somebody must answer for."""
    return Asks(words, who="must", writes=True, **more)


ASKS = {
    "init": Asks("{dir} --pack auto-dealer --pack secrecy --person zhao --work-factor 16",
                 house=False, who="never", writes=True),
    "login": signs("{me}"),
    "logout": writes(who="never"),
    "whoami": Asks(who="must"),
    "person add": signs("zhao --role sales_adviser", duty=True),
    "person list": reads(),
    "person clear": signs("wang TOP", sealed=True, duty=True),
    "person revoke": signs("wang SECRET --reason x", duty=True),
    "person leave": signs("wang", duty=True, finds=True),
    "need-to-know limit": signs("R00000001 --reason x", sealed=True, duty=True),
    "need-to-know add": signs("D000002 wang", sealed=True),
    "need-to-know remove": signs("D000003 wang", sealed=True),
    "need-to-know lift": signs("D000002 --reason x", sealed=True),
    "need-to-know list": reads(),
    "key list": reads(),
    "key rotate": signs("TOP", sealed=True, duty=True),
    "key escrow": signs("-o {out}", duty=True),
    "key recover": writes("{bundle} --person zhao", house=False, who="never"),
    "pack list": reads(),
    "pack show": reads("secrecy"),
    "pack check": reads("{pack}"),
    "pack coverage": reads(house=False, finds=True),
    "pack adopt": signs("secrecy", duty=True),
    "ask approval": reads("view --grade TOP", duty=True),
    "ask checklist": reads("new_car"),
    "ask due": reads("new_car"),
    "ask keep": reads("contract"),
    "ask penalty": reads("lost_or_damaged"),
    "ask routine": reads(),
    "ask secrecy": reads("TOP"),
    "ask year": reads("plan --date issued=2026"),
    "customer add": writes("李雷"),
    "customer assign": signs("C000001 li --reason x", duty=True),
    "customer claim": signs("C000001", duty=True),
    "customer claims": reads(),
    "customer contact": signs("C000001 --kind visit"),
    "customer edit": writes("C000001 --field phone=13900139000", duty=True),
    "customer list": reads(),
    "customer neglected": reads(),
    "customer registered": reads("C000001", finds=True),
    "customer restrict": signs("C000002 --reason x", duty=True),
    "customer unrestrict": signs("C000002 --reason x", duty=True),
    "customer show": reads("C000001"),
    "dossier close": writes("D000002 --incomplete --reason x"),
    "dossier event": writes("D000001 sale=2026-09-24"),
    "dossier key": writes("D000001 plate=沪A99999"),
    "dossier list": Asks(),
    "dossier open": writes("C000002 new_car"),
    "dossier reopen": writes("D000003 --reason x"),
    "dossier show": Asks("D000001"),
    "cover": reads("D000001 -o {out}"),
    "watch": Asks("--once", who="never", finds=True),
    "file": writes("{scan} --dossier D000002 --type 合同", who="may"),
    "handover": signs("D000001 --from {me} --to {other} -o {out}"),
    "handover list": reads(),
    "handover print": reads("{handover} -o {out}"),
    "routines": reads(),
    "routines done": signs("tidy"),
    "remind": signs("D000001 --person wang"),
    "remind list": reads(),
    "sweep": writes("", finds=True),
    "attest": signs("R00000001 --copy original"),
    "inbox list": reads(),
    "inbox assign": writes("{claim} --dossier D000001 --type 合同", finds=True),
    "inbox reject": writes("{claim} --reason x"),
    "inbox retry": writes("{claim}", finds=True),
    "missing": reads(),
    "form list": reads(),
    "form print": signs("copy_register -o {out}"),
    "report": reads("completeness --month 2026-10"),
    "loan request": signs("R00000001 --purpose x --form view", duty=True, denies=True),
    "loan approve": signs("L000002", duty=True, denies=True),
    "loan refuse": signs("L000002 --reason x", duty=True, denies=True),
    "loan cancel": signs("L000002", duty=True, denies=True),
    "loan copies": reads(),
    "loan destroy-copy": signs("L000001-1 --witness wang", idle=True, denies=True),
    "loan issue": signs("L000003", duty=True, denies=True),
    "loan renew": signs("L000001 --until 2099-01-01", duty=True, denies=True),
    "loan excuse": signs("L000001 --until 2099-01-01 --reason x", duty=True, denies=True),
    "loan recall": signs("L000001", duty=True, denies=True),
    "loan return": signs("L000001", duty=True, denies=True),
    "loan list": reads(),
    "loan show": reads("L000001"),
    "disposal propose": signs("R00000006 --on-request --evidence {scan}", duty=True, denies=True),
    "disposal appraise": signs("X000001 R00000004 destroy --opinion x", duty=True, denies=True),
    "disposal approve": signs("X000002", duty=True, denies=True),
    "disposal refuse": signs("X000001 --reason x", duty=True, denies=True),
    "disposal withdraw": signs("X000001", duty=True, denies=True),
    "disposal list": reads(),
    "disposal show": Asks("X000001"),
    "disposal execute": signs("X000009 --witness wang --place x", idle=True),
    "disposal certificate": reads("X000009 -o {out}", idle=True),
    "disposal register": reads("-o {out}.csv"),
    "disposal paper": signs("X000009 --method shred --place x --witness wang", idle=True),
    "disposal bundle": signs("X000009 12 --method wipe --place x --witness wang", idle=True),
    "incident report": writes("--of leak --record R00000001 --what x"),
    "incident note": signs("I000001 x"),
    "incident acknowledge": signs("I000001", duty=True),
    "incident close": signs("I000001 --outcome x --reason x", duty=True),
    "incident list": reads(),
    "incident show": reads("I000001"),
    "loan notice": reads("L000001 -o {out}"),
    "loan statement": reads("--person wang -o {out}"),
    "hold place": signs("C000002 --reason x", duty=True),
    "hold release": signs("H000001 --reason x", duty=True),
    "hold list": Asks(),
    "export": signs("R00000002 --purpose x -o {out}", sealed=True),
    "violation record": signs("lost_or_damaged --role archive_clerk --reason x"),
    "violation list": reads(),
    "violation show": reads("V000001"),
    "violation order": signs("V000001"),
    "violation corrected": signs("V000001"),
    "violation confirm": signs("V000001", duty=True),
    "violation dismiss": signs("V000001 --reason x", duty=True),
    "volume compose": signs("C000001"),
    "volume describe": signs("R00000002 --copies 2"),
    "volume list": Asks(),
    "volume show": Asks("J000001"),
    "volume contents": signs("J000001 -o {out}"),
    "volume notes": signs("J000001 -o {out}"),
    "volume catalogue": signs("-o {out}"),
    "volume check": signs("J000001", duty=True, finds=True),
    "volume correct": signs("J000001 --reason x"),
    "volume reopen": signs("J000001 --reason x", duty=True),
    "volume dissolve": signs("J000001 --reason x"),
    "volume remark": signs("J000001 x"),
    "search": Asks(TEXT, who="must"),
    "regrade": signs("R00000001 CONF --reason x", sealed=True, duty=True),
    "declassify": signs("R00000001 --reason x", sealed=True, duty=True),
    "show": Asks("R00000001"),
    "view": signs("R00000001 --purpose x -o {out}", sealed=True),
    "ledger show": reads(),
    "ledger verify": reads(house=False),
    "ledger checkpoint": reads("-o {out}"),
    "ledger witness add": writes("audit --folder {folder}"),
    "ledger witness list": reads(),
    "ledger witness update": reads(finds=True),
    "ledger witness remove": writes("stick"),
    "ledger prove": reads("0 -o {out}"),
    "ledger timestamp": reads("--tsa http://127.0.0.1:1/", away=True),
    "audit": writes(finds=True),
    "backup create": writes("{folder}"),
    "backup verify": Asks("{backup}", house=False, who="never", writes=True),
    "backup restore": Asks("{backup} {dir} --bundle {bundle} --person zhao", house=False,
                           who="never", writes=True, finds=True),
    "rebuild": Asks(),
    "reconcile": reads(finds=True),
    "doctor": reads(house=False, finds=True),
}  # fmt: skip


def leaves(group, words=()):
    """Every command that can be called, with its words."""
    ctx = click.Context(cli.archivist)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        path = (*words, name)
        if not isinstance(command, click.Group):
            yield " ".join(path), command
            continue
        # A group that takes an id in the place of a command, or nothing at all.
        if command.invoke_without_command or "get_command" in vars(type(command)):
            yield " ".join(path), command
        yield from leaves(command, path)


COMMANDS = dict(leaves(cli.archivist))
CALLERS = ("no house key", "nobody", "not cleared", "cleared", "wrong passphrase")


@pytest.fixture(scope="module")
def stage(template, tmp_path_factory, scan):
    """An archive with a 绝密 record, a scan that waits, a violation and somebody not cleared."""
    home = Home.copy_of(template, tmp_path_factory.mktemp("matrix"))
    home.set("keys", scrypt_log_n=16)
    ran = home.run("person", "add", "wang", "--role", "sales_adviser",
                   ARCHIVIST_NEW_PASSPHRASE=SECOND)  # fmt: skip
    assert ran.code == 0, ran.err
    path = home.top / f"{SOURCE}.pdf"
    path.write_bytes(scan(TEXT, TITLE))
    (filed,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同", "--grade", "TOP")
    assert filed["record"] == "R00000001"
    home.drop("what.pdf", scan("无人认领"))
    (turned_away,) = home.lines("watch", "--once")
    home.claim = turned_away["claim"]
    home.json("violation", "record", "lost_or_damaged", "--role", "archive_clerk",
              "--reason", "x")  # fmt: skip
    home.json("dossier", "open", "C000002", "new_car")
    home.json("dossier", "close", "D000003", "--incomplete", "--reason", "x")
    handed = home.run("handover", "D000001", "--from", PERSON, "--to", "wang",
                      "-o", home.top / "receipt.pdf", ARCHIVIST_PASSPHRASE_TO=SECOND)  # fmt: skip
    assert handed.code == 0, handed.err
    home.handover = str(home.json("handover", "list")[-1]["entry"])
    (home.top / "routine.toml").write_text(ROUTINE, "utf-8")
    home.json("pack", "adopt", home.top / "routine.toml")
    home.json("person", "clear", "wang", "SECRET")
    for words in (["D000002"], ["D000003", "wang"]):
        home.json("need-to-know", "limit", *words, "--grade", "SECRET", "--reason", "x")
    for name in ("甲", "乙"):
        path.write_bytes(scan(name))
        home.json("file", path, "--dossier", "D000001", "--type", "合同", "--grade", "INTERNAL")
    extract = ("--form", "extract", "--until", "2098-01-01")
    for target, words in (("R00000002", extract), ("R00000001", ("--form", "view")),
                          ("R00000003", extract)):  # fmt: skip
        ran = home.run("--as", "wang", "loan", "request", target, "--purpose", "x", *words,
                       ARCHIVIST_PASSPHRASE=SECOND)  # fmt: skip
        assert ran.code == 0, ran.err
    home.json("loan", "issue", "L000001")
    for name, grade in (("丙", "TOP"), ("丁", "INTERNAL"), ("戊", "INTERNAL")):
        path.write_bytes(scan(name))
        home.json("file", path, "--dossier", "D000002", "--type", "合同", "--grade", grade)
    for target in ("R00000004", "R00000005"):
        ran = home.run("--as", "wang", "disposal", "propose", target, "--on-request",
                       "--evidence", path, ARCHIVIST_PASSPHRASE=SECOND)  # fmt: skip
        assert ran.code == 0, ran.err
    home.json("disposal", "appraise", "X000002", "R00000005", "destroy", "--opinion", "x")
    home.json("hold", "place", "D000001", "--reason", "x")
    home.json("volume", "compose", "C000001")
    home.json("incident", "report", "--of", "leak", "--what", "x", "--person", "wang")
    home.json("key", "escrow", "-o", home.top / "bundle", ARCHIVIST_ESCROW_PASSPHRASE=BUNDLE)
    (home.top / "stick").mkdir()
    home.json("ledger", "witness", "add", "stick", "--folder", home.top / "stick")
    # Taken away again: it would rightly call the copies of this archive forks of each other.
    (home.top / "stick").rename(home.top / "stick in a drawer")
    home.json("backup", "create", home.top / "backup")
    home.json("search", TEXT)
    return home


def as_caller(home, caller):
    """The same archive with the environment of one of the callers."""
    home.env |= {"ARCHIVIST_NEW_PASSPHRASE": THIRD, "ARCHIVIST_ESCROW_PASSPHRASE": BUNDLE,
                 "ARCHIVIST_PASSPHRASE_TO": SECOND}  # fmt: skip
    if caller == "no house key":
        home.env["ARCHIVIST_HOUSE_KEY"] = str(home.top / "none.key")
    if caller == "nobody":
        home.env.pop("ARCHIVIST_PASSPHRASE", None)
    if caller == "wrong passphrase":
        home.env |= {"ARCHIVIST_PASSPHRASE": "wrong", "ARCHIVIST_PERSON": PERSON}
    if caller == "not cleared":
        home.env |= {"ARCHIVIST_PASSPHRASE": SECOND, "ARCHIVIST_PASSPHRASE_TO": PASSPHRASE}
    return home


@pytest.fixture(scope="module")
def standing(stage, tmp_path_factory):
    """The archive as each caller meets it: for commands that only read, and to be copied."""
    homes = {}

    def of(caller):
        if caller not in homes:
            home = Home.copy_of(stage.top, tmp_path_factory.mktemp("caller"))
            if caller in ("nobody", "wrong passphrase", "not cleared"):
                home.json("logout")
            if caller == "not cleared":
                home.json("login", "wang", ARCHIVIST_PASSPHRASE=SECOND)
            homes[caller] = as_caller(home, caller)
        return homes[caller]

    return of


def words_of(stage, top, caller, name):
    """A call of the command with everything it asks for."""
    me, other = ("wang", PERSON) if caller == "not cleared" else (PERSON, "wang")
    scan, pack = top / "some scan.pdf", top / "own.toml"
    scan.write_bytes((stage.top / f"{SOURCE}.pdf").read_bytes() + b"\n")
    pack.write_bytes(next((stage.root / "packs").glob("secrecy*.toml")).read_bytes())
    (top / "witness").mkdir()
    filled = ASKS[name].words.format(
        folder=shlex.quote(str(top / "witness")),
        out=shlex.quote(str(top / "out.pdf")), dir=shlex.quote(str(top / "new")), me=me,
        other=other, claim=stage.claim, handover=stage.handover,
        bundle=shlex.quote(str(stage.top / "bundle")),
        backup=shlex.quote(str(stage.top / "backup")), scan=shlex.quote(str(scan)),
        pack=shlex.quote(str(pack)),
    )  # fmt: skip
    return [*name.split(), *shlex.split(filled)]


def right_codes(asks, caller):
    """The exit codes that are right for this caller."""
    if caller == "no house key" and asks.house:
        return {12}
    if caller == "nobody" and asks.who == "must":
        return {12}
    if caller == "wrong passphrase" and asks.who != "never":
        return {12}
    if caller == "not cleared" and asks.sealed:
        return {4}
    if asks.away:
        return {1}
    if asks.idle:
        return {2}
    return {0} | ({3} if asks.finds else set()) | ({4} if asks.duty else set())


def entries(home):
    """How many the ledger has, read without any key."""
    from storage.journal import peek_size

    return peek_size(home.root / "ledger")


def test_every_command_is_declared():
    """Whoever adds a command says here what it needs; what is gone is not declared any more."""
    assert set(COMMANDS) == set(ASKS)


@pytest.mark.parametrize(
    ("name", "caller"),
    list(itertools.product(ASKS, CALLERS)),
    ids=lambda word: word.replace(" ", "-"),
)
def test_a_call_ends_as_it_must(stage, standing, tmp_path, name, caller):
    """The exit code follows from need and caller; nothing sealed, secret or foreign is told."""
    asks = ASKS[name]
    home = standing(caller)
    if asks.writes:
        home = as_caller(Home.copy_of(home.top, tmp_path / "own"), caller)
    before = entries(home)
    ran = home.run(*words_of(stage, tmp_path, caller, name))
    said = ran.out.decode("utf-8", "replace") + ran.err

    assert ran.code in right_codes(asks, caller), (ran.code, ran.err)
    assert ran.code in COMMANDS[name]._effects[2] or not COMMANDS[name]._effects[2]
    assert "Traceback" not in said
    if ran.code not in (0, 3):
        assert "archivist: error: " in ran.err
        assert ran.out == b""
    if ran.code not in (0, 3) or not asks.writes:
        # A wrong passphrase is recorded, and so is what a loan does not allow.
        tried = (caller == "wrong passphrase" and ran.code == 12) or (asks.denies and ran.code == 4)
        assert entries(home) - before in ({0, 1} if tried else {0})
    for secret in (PASSPHRASE, SECOND, THIRD, BUNDLE, "AGE-SECRET-KEY", *kept_secrets(home)):
        assert secret not in said
    for graded in (TITLE, TEXT, SOURCE):
        assert graded not in ran.err
        if caller != "cleared" and graded not in asks.words:
            assert graded not in said
    if caller == "no house key" and asks.house:
        assert CUSTOMERS[0] not in said


def kept_secrets(home):
    """What the house key's file and the sessions hold."""
    for folder in ("config", "run"):
        for path in (home.top / folder).rglob("*"):
            if path.is_file():
                yield from (line for line in path.read_text("utf-8").split('"') if len(line) > 40)


def test_what_is_not_cleared_is_not_found(standing):
    """The one who is cleared sees title and hit; the one who is not sees neither."""
    cleared, other = standing("cleared"), standing("not cleared")
    assert cleared.json("search", TEXT)["total"] == 1
    assert other.json("search", TEXT)["total"] == 0
    assert cleared.json("show", "R00000001")["source"] == f"{SOURCE}.pdf"
    assert other.json("show", "R00000001")["source"] is None
