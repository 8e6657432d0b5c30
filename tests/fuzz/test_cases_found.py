"""What fuzzing found, one named case each: the input that once crashed or was taken for another."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from archivist import config
from archivist.errors import BadRequest, KeyNeeded
from archivist.examine import wire
from archivist.standing import company_calendar
from policies.calendar import Calendar
from policies.deadlines import add_days, add_months
from policies.errors import FactsUnreadable
from policies.facts import facts_from_plain
from policies.pack_rows import wrong_condition
from policies.packs import check_pack
from policies.promptly import is_number
from policies.scope import SecrecyPeriod
from storage import age, session
from storage.age import bech32
from storage.counterparts import Counterparts
from storage.errors import Damaged, Unsuitable
from storage.note import parse_proof
from storage.people import People

SETTINGS = """
[archive]
id = "5b0e3c9ad21f4e77"
packs = ["auto-dealer@2026.1"]
[ledger]
vkey = "k"
"""
PACK = """[pack]
id = "own"
version = "1"
zh = "甲"
en = "own"
source = "甲"
effective_from = 2026-01-01
"""
SECRET = "A" * 43 + "="
MANY_DIGITS = "1" + "0" * 5_000


def test_proof_with_an_endless_index_is_damaged() -> None:
    """An index of thousands of digits is refused as damage, before Python is asked to read it."""
    with pytest.raises(Damaged):
        parse_proof(f"c2sp.org/tlog-proof@v1\nindex {MANY_DIGITS}\n\nnote")


def test_key_with_a_kelvin_sign_is_no_key() -> None:
    """The Kelvin sign looks and folds like a K; a key has one spelling all the same."""
    text = age.X25519Identity(bytes(32)).secret_text()
    with pytest.raises(Unsuitable):
        age.parse_identity(text.replace("K", "\u212a"))


def test_hybrid_recipient_of_low_order_is_unsuitable() -> None:
    """A recipient with a point of low order is refused as any other that is no key."""
    with pytest.raises(Unsuitable):
        age.parse_recipient(bech32.encode("age1pq", bytes(1216))).wrap(bytes(16))


def test_passphrase_typed_in_another_encoding_opens_what_it_sealed() -> None:
    """Bytes that are no UTF-8 reach the program as escaped surrogates and count as typed."""
    typed = b"gb\xb2\xe2".decode("utf-8", "surrogateescape")
    sealed = age.encrypt([age.Passphrase(typed, 2)], b"data")
    assert age.decrypt([age.Passphrase(typed)], sealed) == b"data"
    with pytest.raises(Unsuitable):
        age.encrypt([age.Passphrase("\ud800", 2)], b"data")


def test_work_factor_beyond_the_memory_is_told() -> None:
    """A file that asks for 4 GiB on a machine that lacks them gives an error of this room."""
    program = f"""
import resource
resource.setrlimit(resource.RLIMIT_AS, ({1 << 30}, {1 << 30}))
from storage import age
from storage.errors import Unsuitable
sealed = age.encrypt([age.Passphrase("p", 2)], b"").replace(b" 2\\n", b" 22\\n")
try:
    age.decrypt([age.Passphrase("p")], sealed)
except Unsuitable:
    print("told")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("told\n", "")


def test_public_page_of_brackets_is_damaged(tmp_path: Path) -> None:
    """A public page that nests without end is damage, not the end of the program."""
    (tmp_path / "ann.json").write_bytes(b"[" * 60_000)
    with pytest.raises(Damaged):
        People(tmp_path).person("ann")


@pytest.mark.parametrize("keys", ['[["SECRET", 1e999, "", true]]', "[" * 9_000])
def test_session_that_cannot_be_read_is_nobodys(tmp_path: Path, keys: str) -> None:
    """Infinite generations and endless brackets log nobody in, and the session is removed."""
    fields = f'"name": "ann", "expires_at": "2026-03-05T08:00:00+00:00", "secret": "{SECRET}", '
    fields += f'"salt": "{SECRET}", '
    kept = tmp_path / f"{'0' * 16}.session"
    kept.write_text(f'{{{fields}"signing_seed": "{SECRET}", "index_keys": {keys}}}')
    kept.chmod(0o600)
    noon = datetime(2026, 3, 5, tzinfo=UTC)
    assert session.load(tmp_path, "0" * 16, noon, Counterparts(tmp_path / "none")) is None
    assert not kept.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 150_000,
        b'{"text": "\\ud800"}',
        b'{"text": "\xed\xa0\x80"}',
        '{"text": "x"}'.encode("utf-16"),
        b"\xff",
        b'{"n": ' + MANY_DIGITS.encode() + b"}",
    ],
    ids=["brackets", "half-pair-escaped", "half-pair-raw", "utf-16", "no-utf-8", "digits"],
)
def test_frame_that_cannot_be_kept_breaks_the_wire(body: bytes) -> None:
    """Whatever a child that was taken over sends: it is a broken wire, and nothing else."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack(">I", len(body)) + body)
        with pytest.raises(wire.WireBroken):
            wire.receive(ours, 1 << 20)


def test_frame_with_a_whole_pair_arrives() -> None:
    """A rare character written as two escapes is text like any."""
    ours, theirs = socket.socketpair()
    body = json.dumps({"text": "𠮷"}).encode()
    with ours, theirs:
        theirs.sendall(struct.pack(">I", len(body)) + body)
        assert wire.receive(ours, 1 << 20)[0] == {"text": "𠮷"}


def test_facts_with_half_a_character_are_unreadable() -> None:
    """Text that could never be written into a card is refused where it comes in."""
    page = {"text": "\ud800", "source": "ocr", "rotation": 0, "blank": False, "lines": [],
            "width": 1, "height": 1}  # fmt: skip
    plain = {"media_type": "m", "extension": ".x", "size_bytes": 1, "sha256": "0" * 64,
             "pages": [page], "covers": [], "defect": None, "detail": ""}  # fmt: skip
    with pytest.raises(FactsUnreadable):
        facts_from_plain(plain)
    page |= {"text": "", "lines": [["\udfff", [0, 0, 1, 1], 1.0]]}
    with pytest.raises(FactsUnreadable):
        facts_from_plain(plain)


def test_pack_with_an_endless_number_names_its_line() -> None:
    """Python reads no number of five thousand digits; the clerk is told which line holds it."""
    (problem,) = check_pack(f"{PACK}review_by = {MANY_DIGITS}\n", "own.toml")
    assert (problem.line, problem.field) == (8, "toml")


def test_separator_inside_a_text_shifts_no_line() -> None:
    """A line separator that no editor counts does not move the line a problem is told for."""
    source = PACK.replace('"own"\nversion', '"own"\nzz = "a\u2028b\u0085c"\nversion') + "yy = 1\n"
    assert {(p.line, p.field) for p in check_pack(source)} == {(3, "pack.zz"), (9, "pack.yy")}


def test_key_of_thousands_of_names_costs_little_memory() -> None:
    """A dotted key is indexed by its first names: its memory must not grow with their square."""
    # Within a text it costs the real parser nothing, so what is measured is the index of lines.
    source = f"{PACK}note = '''\n{'.'.join('a' * 4_000)} =\n'''\n"
    tracemalloc.start()
    assert check_pack(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize("days", ["1000001", MANY_DIGITS[:4_000], "0x" + "f" * 9_000])
def test_pack_counts_no_further_than_a_calendar(days: str) -> None:
    """A number of days that leads out of every calendar is a problem of the pack."""
    row = f'[[loan_rule]]\nid = "a"\nzh = "甲"\nen = "a"\nclause = "X-1"\ndays = {days}\n'
    (problem,) = check_pack(PACK + row)
    assert (problem.line, problem.field) == (13, "loan_rule.days")
    assert len(problem.en) < 100


def test_setting_of_many_digits_is_no_number() -> None:
    """A company's number has at most four digits; a longer one is asked for again."""
    assert is_number("9999")
    assert not is_number("10000")
    assert not is_number("9" * 5_000)


def test_periods_beyond_the_calendar_end_on_its_last_day() -> None:
    """What would end after the year 9999 never ends, and nothing fails over it."""
    assert add_months(date(2026, 1, 31), 1_000_000) == date.max
    assert add_days(date(9999, 12, 30), 5) == date.max
    assert Calendar().add_working_days(date(9999, 12, 30), 9) == date.max
    assert SecrecyPeriod(months=12 * 9_999, days=9).ends(date(2026, 1, 1)) == date.max


@pytest.mark.parametrize("when", ["dossier.origin=|", "customer.kind=a|", "customer.kind!= | b"])
def test_condition_with_an_empty_value_is_a_mistake(when: str) -> None:
    """An empty value would hold for every dossier that never registered the field."""
    assert [field for field, _, _ in wrong_condition(when)] == ["when"]


@pytest.mark.parametrize(
    "text",
    [
        f"{SETTINGS}[drop]\nsettle_seconds = {MANY_DIGITS}",
        f"{SETTINGS}[drop]\nsettle_seconds = 0x{'f' * 9_000}",
        f"{SETTINGS}[drop]\nsettle_seconds = 1{'0' * 400}",
        f"{SETTINGS}[drop]\nsettle_seconds = nan",
        f"{SETTINGS}[drop]\nsettle_seconds = -1.0",
        f"{SETTINGS}[keys]\nlogin_hours = inf",
        f"{SETTINGS}[limits]\nmax_pages = -1",
        f'{SETTINGS}[drop]\nfolder = "a\\u0000b"',
        f"{SETTINGS}[company]\nnumber = 0x{'f' * 9_000}",
        f'{SETTINGS}[company]\ngrade.contract = "SECRET"',
        f'{SETTINGS}[keys]\nsuite = "hybird"',
        f"{SETTINGS}deep = {'[' * 5_000}",
        SETTINGS.replace('"5b0e3c9ad21f4e77"', "5"),
        SETTINGS.replace("5b0e3c9ad21f4e77", "../../../elsewhere"),
        SETTINGS.replace('["auto-dealer@2026.1"]', "3"),
        SETTINGS.replace('["auto-dealer@2026.1"]', '"auto-dealer@2026.1"'),
        SETTINGS.replace('vkey = "k"', "vkey = 1"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(tmp_path: Path, text: str) -> None:
    """A number no clock counts, a wrong suite, a foreign id: a mistake in both languages."""
    (tmp_path / "archive.toml").write_text(text, "utf-8")
    with pytest.raises(BadRequest) as caught:
        config.load(tmp_path)
    assert "archive.toml" in caught.value.zh
    assert "archive.toml" in caught.value.en
    assert len(caught.value.en) < 400 + len(str(tmp_path))


def test_closures_that_are_no_list_are_a_mistake() -> None:
    """One number in the place of a list of days is told, with how to write it."""
    with pytest.raises(BadRequest):
        company_calendar({"closures": 3})


def test_passphrase_file_in_another_encoding_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A passphrase file that is no UTF-8 is named; its content is not."""
    from archivist.cli.door import passphrase_from_environment

    kept = tmp_path / "passphrase"
    kept.write_bytes(b"secret\xff")
    monkeypatch.delenv("ARCHIVIST_PASSPHRASE", raising=False)
    monkeypatch.setenv("ARCHIVIST_PASSPHRASE_FILE", str(kept))
    with pytest.raises(KeyNeeded) as caught:
        passphrase_from_environment("ARCHIVIST_PASSPHRASE")
    assert "secret" not in str(caught.value)
