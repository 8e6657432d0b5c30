"""Every command and every grade, also for those whose time is over: expired, withdrawn, left.

The commands are those of `test_matrix`, taken from the program itself. The archive holds a record
of each grade. A command that names a record or a grade is called once for each of the five, by
every caller; any other is called once by each caller that `test_matrix` does not have, and must
tell nothing of all five. From what the command needs, who calls and which grade it is about follow
the exit codes that are right. A refusal changes no byte of what is kept.

The callers here, besides those of `test_matrix`:

    expired              li was logged in; the session's time is over
    withdrawn            wang was cleared for all grades and is logged in; each was revoked since
    withdrawn, copies    the same, and he put his copies of the old keys back into the folder
    left, session        wang has left; the session he was logged in with is there again
    left, passphrase     he gives his name and passphrase
    left, --as           somebody else is logged in and acts in his name
"""

import functools
import hashlib
import itertools
import json
import shutil
from datetime import datetime, timedelta

import pytest
import test_matrix
from archive_home import PASSPHRASE, PERSON, Home
from test_matrix import ASKS, BUNDLE, COMMANDS, SECOND, SOURCE, TEXT, TITLE, kept_secrets, words_of

from policies import packs

stage = test_matrix.stage  # the archive of that module, made once more for this one

# The stage files R00000002 to R00000006 for loans and disposals.
RECORDS = {"TOP": "R00000001", "CONF": "R00000007", "SECRET": "R00000008",
           "INTERNAL": "R00000009", "PUBLIC": "R00000010"}  # fmt: skip
GRADES = tuple(RECORDS)
SAID = {
    "TOP": (TITLE, TEXT, SOURCE),
    "CONF": ("岷江水电并购备忘", "定金捌佰万圆整", "总裁办便笺"),
    "SECRET": ("蓬莱码头租约", "押金叁仟圆整", "法务处传真"),
    "INTERNAL": ("周口仓库盘点", "盘亏壹拾贰箱", "仓储组抄送"),
    "PUBLIC": ("端午放假告示", "值班电话贰零壹", "行政科张贴"),
}
SEALED = frozenset(GRADES) - {"PUBLIC"}
OLD = ("no house key", "nobody", "not cleared", "cleared", "wrong passphrase")
NEW = ("expired", "withdrawn", "withdrawn, copies", "left, session", "left, passphrase",
       "left, --as")  # fmt: skip
OPEN = {  # which grades a caller's keys open; what is not sealed is open to everybody
    "cleared": frozenset(GRADES),
    "not cleared": frozenset({"PUBLIC", "SECRET"}),
}
AS_WANG = ("not cleared", *NEW[1:])
ANSWERS = ("ask approval",)  # "not allowed" is what was asked: the exit code of an answer
IDLE = ("person clear", "person revoke", "key rotate", "declassify", "need-to-know limit",
        "loan notice")  # fmt: skip
TIDIES = ("watch",)  # finishes what others left: copies of destroyed keys go
SHADOWS = ("catalogue.db", "index", "ledger/lock", "ledger/tile", "ledger/checkpoint")

NAMING = {"R00000001", "TOP", "SECRET", TEXT}
BY_GRADE = [name for name, asks in ASKS.items() if NAMING & set(asks.words.split())]
CELLS = [
    *((name, caller, grade) for name in BY_GRADE for caller in OLD + NEW for grade in GRADES),
    *((name, caller, None) for name in ASKS if name not in BY_GRADE for caller in NEW),
]


# ── the archive and its callers ───────────────────────────────────────────────


@pytest.fixture(scope="module", autouse=True)
def packs_read_once():
    """Half the time of these calls would go into the same three packs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packs, "parse_pack", functools.cache(packs.parse_pack))
        yield


@pytest.fixture(scope="module")
def graded(stage, tmp_path_factory, scan):
    """A record of each grade; wang is cleared for one of them."""
    home = Home.copy_of(stage.top, tmp_path_factory.mktemp("graded"))
    home.claim, home.handover = stage.claim, stage.handover
    for grade in GRADES[1:]:
        title, text, source = SAID[grade]
        path = home.top / f"{source}.pdf"
        path.write_bytes(scan(text, title))
        (filed,) = home.lines("file", path, "--dossier", "D000001", "--type", "合同",
                              "--grade", grade)  # fmt: skip
        assert filed["record"] == RECORDS[grade]
    assert home.json("search", SAID["CONF"][1])["total"] == 1
    (home.top / f"{SOURCE}.pdf").write_bytes((stage.top / f"{SOURCE}.pdf").read_bytes())
    return bundled(home)


def bundled(home):
    """With a recovery bundle and a backup of today: a rotation voids those before it."""
    (home.top / "bundle").unlink(missing_ok=True)
    shutil.rmtree(home.top / "backup", ignore_errors=True)
    home.json("backup", "create", home.top / "backup")
    home.json("key", "escrow", "-o", home.top / "bundle", ARCHIVIST_ESCROW_PASSPHRASE=BUNDLE)
    home.json("search", TEXT)  # so that no search has anything to catch up with
    return home


def session_of(home):
    """The session file: there is one for each archive."""
    return next((home.top / "run").rglob("*.session"))


@pytest.fixture(scope="module")
def once_cleared(graded, tmp_path_factory):
    """wang cleared for every grade, with the session and the copies that he had then."""
    home = copied(graded, tmp_path_factory.mktemp("once-cleared"))
    for grade in sorted(SEALED - {"SECRET"}):
        home.json("person", "clear", "wang", grade)
    home.json("login", "wang", ARCHIVIST_PASSPHRASE=SECOND)
    for _, text, _ in SAID.values():
        assert home.json("search", text, ARCHIVIST_PASSPHRASE=SECOND)["total"] == 1
    home.session = session_of(home).read_bytes()
    home.copies = {path.relative_to(home.root): path.read_bytes()
                   for path in (home.root / "keys" / "grades").rglob("wang.age")}  # fmt: skip
    assert {path.parts[2] for path in home.copies} >= SEALED
    home.json("login", PERSON)
    return home


def copied(home, top):
    """A copy with what hangs on the original."""
    copy = Home.copy_of(home.top, top)
    vars(copy).update({k: v for k, v in vars(home).items() if k not in vars(copy)})
    for name in (f"{SOURCE}.pdf", "bundle"):  # what the commands' words point to
        if (home.top / name).exists():
            shutil.copy(home.top / name, top / name)
    if (home.top / "backup").exists():
        shutil.copytree(home.top / "backup", top / "backup")
    return copy


def withdrawn(once_cleared, top):
    home = copied(once_cleared, top)
    for grade in sorted(SEALED):
        done = home.json("person", "revoke", "wang", grade, "--reason", "x")
        assert done["rotated"] is True
    return bundled(home)


def left(once_cleared, top):
    home = copied(once_cleared, top)
    home.json("loan", "return", "L000001")
    assert home.json("person", "leave", "wang")["left"] is True
    return bundled(home)


@pytest.fixture(scope="module")
def standing(graded, once_cleared, tmp_path_factory):
    """The archive as each caller meets it: for what changes nothing, and to be copied."""
    made = {}

    def of(caller):
        if caller not in made:
            top = tmp_path_factory.mktemp("caller")
            if caller.startswith("withdrawn"):
                home = withdrawn(once_cleared, top)
            elif caller.startswith("left"):
                home = left(once_cleared, top)
            else:
                home = copied(graded, top)
            made[caller] = arranged(home, caller)
            home.kept = kept(home)
        return made[caller]

    return of


def arranged(home, caller):
    """Who is logged in to this archive: the session file that lies there before each call."""
    path = session_of(home)
    if caller == "expired":
        fields = json.loads(path.read_bytes())
        past = datetime.fromisoformat(fields["expires_at"]) - timedelta(days=5)
        home.session = json.dumps(fields | {"expires_at": past.isoformat()}).encode()
    elif caller in ("nobody", "wrong passphrase", "left, passphrase"):
        home.session = None
    elif caller == "not cleared":
        home.json("login", "wang", ARCHIVIST_PASSPHRASE=SECOND)
        home.session = path.read_bytes()
    elif caller in ("cleared", "no house key", "left, --as"):
        home.session = path.read_bytes()
    if caller == "withdrawn, copies":
        for name, content in home.copies.items():
            (home.root / name).parent.mkdir(parents=True, exist_ok=True)
            (home.root / name).write_bytes(content)
    return home


def ready(home, caller):
    """The same archive with the session and the environment of the caller."""
    path = home.top / "run" / "archivist"
    path.mkdir(mode=0o700, exist_ok=True)
    (known,) = (home.top / "config" / "archivist").glob("*.key")
    path /= f"{known.stem}.session"
    path.unlink(missing_ok=True)
    if home.session is not None:
        path.touch(mode=0o600)
        path.write_bytes(home.session)
    test_matrix.as_caller(home, caller)
    if caller in ("expired", "left, session", "left, --as"):
        home.env.pop("ARCHIVIST_PASSPHRASE", None)
    if caller.startswith("withdrawn"):
        home.env |= {"ARCHIVIST_PASSPHRASE": SECOND, "ARCHIVIST_PASSPHRASE_TO": PASSPHRASE}
    if caller == "left, passphrase":
        home.env |= {"ARCHIVIST_PASSPHRASE": SECOND, "ARCHIVIST_PERSON": "wang"}
    return home


# ── what must hold ────────────────────────────────────────────────────────────


def opens(caller):
    """The grades whose records this caller may learn of."""
    return OPEN.get(caller, frozenset({"PUBLIC"}))


def refusal(asks, caller, grade):
    """The exit codes of a call that must be refused; none when it need not be."""
    if caller == "no house key":
        return {12} if asks.house else set()
    if caller in ("nobody", "expired", "left, session") and asks.who == "must":
        return {12, 4} if "left" in caller and "{me}" in asks.words else {12}
    if caller == "wrong passphrase" and asks.who != "never":
        return {12}
    if caller in ("left, passphrase", "left, --as") and asks.who != "never":
        return {4}
    # What names no grade here is about something sealed all the same.
    if asks.sealed and not opens(caller) & ({grade} if grade else SEALED):
        return {4}
    return set()


def right_codes(name, caller, grade):
    """The exit codes that are right in a cell."""
    asks = ASKS[name]
    if codes := refusal(asks, caller, grade):
        return codes
    # Cleared already, not cleared, or of no grade that is sealed: then there is nothing to do.
    idle = {2} if name in IDLE or asks.idle else set()
    away = {1} if asks.away else set()
    return {0} | ({3} if asks.finds else set()) | ({4} if asks.duty else set()) | idle | away


def words_about(home, top, caller, name, grade):
    """A call of the command about the record, the grade or the text of this grade."""
    given = words_of(home, top, "not cleared" if caller in AS_WANG else "cleared", name)
    before = ["--as", "wang"] if caller == "left, --as" else []
    if grade is None:
        return before + given
    about = {"R00000001": RECORDS[grade], "TOP": grade, TEXT: SAID[grade][1], "SECRET": grade,
             "CONF": "SECRET" if grade == "CONF" else "CONF"}  # fmt: skip
    return before + [about.get(word, word) for word in given]


def kept(home):
    """A digest of all that is kept: shadows and locks are made anew by whoever looks, and tiles
    and checkpoint are published from the journal by whoever comes next."""
    found = {}
    for path in sorted(home.root.rglob("*")):
        inside = path.relative_to(home.root)
        if path.is_file() and not str(inside).startswith(SHADOWS):
            found[str(inside)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def test_every_grade_has_a_cell_in_every_command_that_names_one():
    """The commands that are called for each grade are found by their words, not listed."""
    assert {"view", "show", "search", "regrade", "person clear", "key rotate"} <= set(BY_GRADE)
    assert {(name, caller) for name, caller, _ in CELLS} >= set(itertools.product(ASKS, NEW))


@pytest.mark.parametrize(
    ("name", "caller", "grade"),
    CELLS,
    ids=lambda word: str(word or "all").replace(", ", "-").replace(" ", "-"),
)
def test_a_call_ends_as_it_must(standing, tmp_path, name, caller, grade):
    """The exit code follows from need, caller and grade; nothing of a closed grade is told."""
    asks = ASKS[name]
    home = standing(caller)
    changes = name in TIDIES or (asks.writes and not refusal(asks, caller, grade))
    if changes:
        home = copied(home, tmp_path / "own")
    ready(home, caller)
    # Of an archive that all share it is known: every call before this one has left it so.
    before = kept(home) if changes else home.kept
    words = words_about(home, tmp_path, caller, name, grade)
    ran = home.run(*words)
    said = ran.out.decode("utf-8", "replace") + ran.err

    assert ran.code in right_codes(name, caller, grade), (ran.code, words, ran.err)
    assert ran.code in COMMANDS[name]._effects[2] or not COMMANDS[name]._effects[2]
    assert "Traceback" not in said
    if ran.code not in (0, 3):
        assert name in ANSWERS or ("archivist: error: " in ran.err and ran.out == b"")
    tried = caller == "wrong passphrase" and ran.code == 12  # that is recorded
    if ran.code not in (0, 3) or not (asks.writes or name in TIDIES):
        after = kept(home)
        assert after == before or tried or asks.denies  # what is denied is an entry
        if not changes:
            home.kept = after
    for secret in (PASSPHRASE, SECOND, BUNDLE, "AGE-SECRET-KEY", *kept_secrets(home)):
        assert secret not in said
    for other, told in SAID.items():
        for graded_word in told:
            assert graded_word not in ran.err
            if other not in opens(caller) and graded_word not in words:
                assert graded_word not in said
    if name == "search" and ran.code == 0:
        found = said.count(RECORDS[grade])
        assert found == (1 if grade in opens(caller) else 0), said


@pytest.mark.parametrize("caller", ["expired", "left, session"])
def test_a_session_that_counts_no_more_is_forgotten(standing, caller):
    """The first command that asks who is there removes the file, with the secrets in it."""
    home = ready(standing(caller), caller)
    assert session_of(home).is_file()
    assert home.run("whoami").code == 12
    assert not list((home.top / "run").rglob("*.session"))
