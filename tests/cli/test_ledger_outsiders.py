"""What the ledger hands to outsiders: heads, witnesses, proofs, stamps, as people type them."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from archive_home import Home
from stamp_office import answering, has_openssl, new_authority, reply, stamping

TOP = Path(__file__).resolve().parents[2]
VERIFY, WITNESS = TOP / "scripts" / "verify_ledger.py", TOP / "scripts" / "witness.py"


@pytest.fixture
def stick(home: Home) -> Path:
    folder = home.top / "stick"
    folder.mkdir()
    return folder


def add(home: Home, folder: Path, name: str = "audit") -> str:
    """Add a folder as a witness; returns its verifier key."""
    vkey = home.json("ledger", "witness", "add", name, "--folder", folder)["vkey"]
    assert isinstance(vkey, str)
    return vkey


def log_vkey(home: Home) -> str:
    vkey = home.json("ledger", "checkpoint")["vkey"]
    assert isinstance(vkey, str)
    return vkey


def outsider(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The stand-alone verifier, where it cannot see the program."""
    return subprocess.run([sys.executable, "-I", VERIFY, *words],
                          capture_output=True, text=True, check=False)  # fmt: skip


def rolled_back(home: Home) -> None:
    """Ledger and catalogue are put back as they were when `earlier` was copied."""
    for name in ("ledger", "catalogue.db"):
        gone, back = home.root / name, home.top / "earlier" / name
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        shutil.copytree(back, gone) if back.is_dir() else shutil.copy(back, gone)
    for rest in home.root.glob("catalogue.db-*"):
        rest.unlink()


def keep_a_copy(home: Home) -> None:
    shutil.copytree(home.root, home.top / "earlier")


# ── heads ─────────────────────────────────────────────────────────────────────


def test_checkpoint_is_what_others_can_keep(home: Home) -> None:
    """Shown and written it is the same signed head, published before it is handed out."""
    home.json("customer", "add", "李雷")
    shown = home.run("ledger", "checkpoint")
    home.json("ledger", "checkpoint", "-o", home.top / "head")
    assert (home.top / "head").read_bytes() == shown.out == (
        home.root / "ledger" / "checkpoint"
    ).read_bytes()  # fmt: skip
    assert home.json("ledger", "verify", "--against", home.top / "head")["ok"]


def test_head_that_was_kept_is_demanded(home: Home) -> None:
    """A ledger put back to an earlier day contradicts the head that somebody kept."""
    keep_a_copy(home)
    home.json("customer", "add", "李雷")
    home.json("ledger", "checkpoint", "-o", home.top / "head")
    rolled_back(home)
    assert home.json("ledger", "verify")["ok"]
    found = home.json("ledger", "verify", "--against", home.top / "head", code=13)["findings"]
    assert [f["code"] for f in found] == ["L-ROLLBACK"]


def test_head_of_another_ledger_is_a_finding_and_no_file_is_a_mistake(home: Home) -> None:
    """What this ledger never signed cannot be what somebody kept of it."""
    (home.top / "head").write_text("another\n1\nAAAA\n\n— another AAAAAAAA\n")
    found = home.json("ledger", "verify", "--against", home.top / "head", code=13)["findings"]
    assert [f["code"] for f in found] == ["L-WITNESS"]
    assert home.run("ledger", "verify", "--against", home.top / "none").code == 2


# ── witnesses ─────────────────────────────────────────────────────────────────


def test_witness_cosigns_and_is_on_record(home: Home, stick: Path) -> None:
    """Adding, cosigning, listing, removing: each is told, adding and removing by an entry."""
    vkey = add(home, stick)
    assert (stick / "witness.vkey").read_text().strip() == vkey
    home.json("customer", "add", "李雷")
    (outcome,) = home.json("ledger", "witness", "update")
    assert outcome == {"witness": "audit", "state": "cosigned", "size": outcome["size"],
                       "detail": None}  # fmt: skip
    (row,) = home.json("ledger", "witness", "list")
    assert (row["witness"], row["vkey"], row["size"]) == ("audit", vkey, outcome["size"])
    assert row["cosigned"]
    assert "— audit " in home.run("ledger", "checkpoint").out.decode()
    home.json("ledger", "witness", "remove", "audit")
    assert home.json("ledger", "witness", "list") == []
    entries = [e for e in home.json("ledger", "show") if e["act"] == "witness"]
    assert [(e["step"], e["vkey"]) for e in entries] == [("added", vkey), ("removed", vkey)]
    assert str(stick) not in json.dumps(entries)
    assert home.json("ledger", "verify")["ok"]


def test_verify_asks_the_folders_by_itself(home: Home, stick: Path) -> None:
    """A rollback of the whole archive is found as long as the stick is there."""
    add(home, stick)
    keep_a_copy(home)
    home.json("customer", "add", "李雷")
    home.json("ledger", "witness", "update")
    rolled_back(home)
    found = home.json("ledger", "verify", code=13)["findings"]
    assert [f["code"] for f in found] == ["L-ROLLBACK"]
    assert "witness audit" in found[0]["message"]
    stick.rename(home.top / "taken")
    ran = home.run("ledger", "verify")
    assert (ran.code, "audit is away" in ran.err) == (0, True)
    assert home.run("ledger", "verify", "--against", home.top / "taken").code == 13


def test_update_tells_a_rollback_from_an_absence(home: Home, stick: Path) -> None:
    """Away is told and costs nothing; another history is an alarm with the exit code of damage."""
    add(home, stick)
    keep_a_copy(home)
    home.json("customer", "add", "李雷")
    home.json("ledger", "witness", "update")
    stick.rename(home.top / "taken")
    (outcome,) = home.json("ledger", "witness", "update", code=3)
    assert outcome["state"] == "away"
    (home.top / "taken").rename(stick)
    rolled_back(home)
    (outcome,) = home.json("ledger", "witness", "update", code=13)
    assert outcome["state"] == "contradicts"


def test_ledger_that_does_not_open_still_meets_its_witnesses(home: Home, stick: Path) -> None:
    """Put back without its catalogue the ledger is refused; verifying names the witness, too."""
    add(home, stick)
    keep_a_copy(home)
    home.json("customer", "add", "李雷")
    home.json("ledger", "witness", "update")
    shutil.rmtree(home.root / "ledger")
    shutil.copytree(home.top / "earlier" / "ledger", home.root / "ledger")
    found = home.json("ledger", "verify", code=13)["findings"]
    said = " ".join(f["message"] for f in found)
    assert "witness audit" in said
    assert "catalogue" in said


@pytest.mark.parametrize("spoiled", ["key", "head"])
def test_witness_that_was_tampered_with_is_named(home: Home, stick: Path, spoiled: str) -> None:
    """Nonsense in the witness's folder is a finding: it must not pass for having seen nothing."""
    add(home, stick)
    (path,) = stick.glob("witness.key" if spoiled == "key" else "logs/*.checkpoint")
    path.write_bytes(path.read_bytes()[:-9] + b"\n")
    found = home.json("ledger", "verify", code=13)["findings"]
    assert [(f["code"], f["where"]) for f in found] == [("L-WITNESS", "audit")]
    assert home.json("ledger", "witness", "update", code=3)[0]["state"] == "refused"


def test_what_cannot_be_a_witness_is_refused(home: Home, stick: Path) -> None:
    """Inside the archive, no folder, a name that is taken, a log's key, a strange address."""
    inside = home.root / "work"
    vkey = add(home, stick)
    for words, code in (
        (("again", "--folder", inside), 4),
        (("again", "--folder", home.top / "none"), 2),
        (("audit", "--folder", stick), 2),
        (("again", "--folder", stick), 2),
        (("two words", "--folder", stick), 2),
        (("again",), 2),
        (("again", "--folder", stick, "--url", "http://127.0.0.1:1"), 2),
        (("again", "--url", "http://127.0.0.1:1"), 2),
        (("again", "--url", "http://127.0.0.1:1", "--vkey", "nonsense"), 2),
        (("again", "--url", "http://127.0.0.1:1", "--vkey", log_vkey(home)), 2),
        (("again", "--url", "file:///etc/passwd", "--vkey", vkey.replace("audit", "b")), 2),
    ):
        assert home.run("ledger", "witness", "add", *words).code == code, words
    assert home.run("ledger", "witness", "remove", "nobody").code == 2
    assert len(home.json("ledger", "witness", "list")) == 1
    assert not (inside / "witness.key").exists()


# ── witnesses over HTTP ───────────────────────────────────────────────────────


@contextmanager
def served(folder: Path, log: str) -> Iterator[tuple[str, str]]:
    """The witness script: its verifier key and its address."""
    words = [folder, "--name", "w.example/1", "--log", log, "--port", "0"]
    started = subprocess.Popen([sys.executable, "-I", WITNESS, *words],
                               stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert started.stdout
    try:
        yield started.stdout.readline().strip(), started.stdout.readline().strip()
    finally:
        started.terminate()
        started.wait(20)
        started.stdout.close()


def test_witness_on_another_machine(home: Home) -> None:
    """Added by address and key it cosigns; stopped it is away; after a rollback it is an alarm."""
    folder = home.top / "other machine"
    with served(folder, log_vkey(home)) as (vkey, url):
        words = ("--url", url, "--vkey", vkey)
        assert home.json("ledger", "witness", "add", "w1", *words)["state"] == "cosigned"
        keep_a_copy(home)
        home.json("customer", "add", "李雷")
        assert home.json("ledger", "witness", "update")[0]["state"] == "cosigned"
    assert home.json("ledger", "witness", "update", code=3)[0]["state"] == "away"
    rolled_back(home)
    port = url.rsplit(":", 1)[1]
    with served_again(folder, port):
        assert home.json("ledger", "witness", "update", code=13)[0]["state"] == "contradicts"
    assert all("李雷".encode() not in path.read_bytes() for path in folder.rglob("*")
               if path.is_file())  # fmt: skip


@contextmanager
def served_again(folder: Path, port: str) -> Iterator[None]:
    started = subprocess.Popen([sys.executable, "-I", WITNESS, folder, "--port", port],
                               stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert started.stdout
    started.stdout.readline()
    started.stdout.readline()
    try:
        yield
    finally:
        started.terminate()
        started.wait(20)
        started.stdout.close()


def not_http(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"\x00\xff" * 500)


def endless(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 4096)
    except OSError:
        return


HOSTILE = {
    "nonsense": (reply(200, b"\xff\xfe nonsense"), "refused", 3),
    "nothing": (reply(200, b""), "refused", 3),
    "a page": (reply(200, b"<html>" + b"a" * 9000), "refused", 3),
    "endless": (endless, "away", 3),
    "no http": (not_http, "away", 3),
    "elsewhere": (reply(302, b"", Location="http://127.0.0.1:1/"), "refused", 3),
    "forbidden": (reply(403, b"no"), "refused", 3),
    "unknown": (reply(404, b"no"), "refused", 3),
    "broken": (reply(500, b"no"), "refused", 3),
    "no number": (reply(409, b"many\n"), "refused", 3),
    "digits": (reply(409, b"9" * 5000), "refused", 3),
    "ahead": (reply(409, b"999999\n"), "contradicts", 13),
    "never content": (reply(409, b"1\n"), "refused", 3),
    "fork": (reply(422, b"no"), "contradicts", 13),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_witness_that_answers_anything_is_no_disaster(home: Home, how: str) -> None:
    """Whatever a service sends, the command ends with a word for it; the ledger is as before."""
    answer, state, code = HOSTILE[how]
    vkey = "w.example+" + _witness_key()
    with answering(answer) as url:
        told = home.json("ledger", "witness", "add", "w", "--url", url, "--vkey", vkey, code=code)
    assert told["state"] == state
    assert not (home.root / "ledger" / "witnessed").exists()
    assert home.json("ledger", "verify")["ok"]


def _witness_key() -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from storage.note import witness_vkey

    return witness_vkey("w.example", Ed25519PrivateKey.generate().public_key()).split("+", 1)[1]


def test_slow_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte now and then does not hold the call for longer than its time."""
    from archivist import fetching

    going_on = threading.Event()

    def dribble(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not going_on.wait(0.02):
                handler.wfile.write(b"x")
        except OSError:
            return

    with answering(dribble) as url, pytest.raises(fetching.Away, match="too long"):
        fetching.post(url, b"", "text/plain", max_bytes=10**6, timeout_seconds=0.3)
    going_on.set()


# ── proofs ────────────────────────────────────────────────────────────────────


def test_proof_stands_alone(home: Home, stick: Path) -> None:
    """One file, the log's key and the witness's key: an outsider sees entry, size and witness."""
    witness = add(home, stick)
    home.json("ledger", "witness", "update")
    told = home.json("ledger", "prove", "0", "-o", home.top / "p.tlog-proof")
    assert told["cosigned"] == ["audit"]
    words = ("--proof", home.top / "p.tlog-proof", "--vkey", log_vkey(home))
    ran = outsider(*words, "--witness", witness)
    lines = ran.stdout.splitlines()
    assert ran.returncode == 0
    assert json.loads(lines[0])["act"] == "init"
    assert lines[1].startswith("seen by audit at 20")
    assert lines[2].startswith("ok: entry 0 of ")
    stranger = "w.example+" + _witness_key()
    assert outsider(*words, "--witness", stranger).returncode == 13
    text = (home.top / "p.tlog-proof").read_text()
    (home.top / "p.tlog-proof").write_text(text.replace("index 0", "index 1"))
    assert outsider(*words).returncode == 13


def test_newer_entry_is_proved_under_the_newest_head(home: Home, stick: Path) -> None:
    """What no witness has seen yet is proved all the same, and that is said."""
    add(home, stick)
    home.json("customer", "add", "李雷")
    newest = len(home.json("ledger", "show")) - 1
    ran = home.run("ledger", "prove", str(newest), "-o", home.top / "p")
    assert (ran.code, "no witness has seen" in ran.err) == (0, True)
    ran = outsider("--proof", home.top / "p", "--vkey", log_vkey(home))
    assert ran.stdout.splitlines()[-1] == f"ok: entry {newest} of {newest + 1}"
    assert home.run("ledger", "prove", "9999", "-o", home.top / "q").code == 2


def codes_of(pdf: Path, dpi: int = 150) -> list[str]:
    """What a reader finds on the pages of a PDF, printed and scanned."""
    document, found = pypdfium2.PdfDocument(pdf), []
    for page in document:
        image = page.render(scale=dpi / 72).to_pil()
        scan = io.BytesIO()
        image.convert("L").save(scan, "JPEG", quality=60)
        from PIL import Image

        found += [code.text for code in zxingcpp.read_barcodes(Image.open(scan))]
    document.close()
    return found


def test_printed_proof_is_checked_after_scanning(home: Home, stick: Path) -> None:
    """The codes of the page, in any order, are the proof; without one of them it is told which."""
    witness = add(home, stick)
    pdf = home.top / "p.pdf"
    home.json("ledger", "prove", "3", "-o", home.top / "p.tlog-proof", "--pdf", pdf)
    codes = codes_of(pdf)
    assert len(codes) > 1
    (home.top / "scan.txt").write_text("\n".join(reversed(codes)), "utf-8")
    words = ("--vkey", log_vkey(home), "--witness", witness)
    printed = outsider("--proof", home.top / "scan.txt", *words)
    file = outsider("--proof", home.top / "p.tlog-proof", *words)
    assert printed.returncode == 0, printed.stdout
    assert printed.stdout == file.stdout
    for number, code in enumerate(codes):
        (home.top / f"{number}.txt").write_text(code)
    parts = sorted(home.top.glob("[0-9].txt"))
    assert outsider("--proof", *parts, *words).stdout == file.stdout
    lacking = outsider("--proof", *parts[1:], *words)
    assert (lacking.returncode, "lacks" in lacking.stdout) == (13, True)


def test_page_alone_is_written_when_the_name_says_so(home: Home) -> None:
    """-o FILE.pdf is the page, and says in text what its codes say."""
    pdf = home.top / "entry.pdf"
    assert home.json("ledger", "prove", "0", "-o", pdf)["files"] == [str(pdf)]
    document = pypdfium2.PdfDocument(pdf)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    assert "台账条目证明" in text
    assert "c2sp.org/tlog-proof@v1" in text
    assert '"act":"init"' in text.replace("\r\n", "").replace("\n", "")


# ── time stamps ───────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A time-stamp authority of our own."""
    if not has_openssl():
        pytest.skip("openssl is not installed")
    return new_authority(tmp_path_factory.mktemp("authority"))


def test_head_is_stamped_and_the_stamp_verified(home: Home, authority: Path) -> None:
    """Stamped, kept, checked by `verify` and by openssl; a second call asks nobody."""
    home.set("ledger", vkey=log_vkey(home), tsa_certificates=str(authority / "root.pem"))
    with answering(stamping(authority)) as url:
        made = home.json("ledger", "timestamp", "--tsa", url)
    assert (made["new"], made["vouched"]) == (True, True)
    home.set("ledger", vkey=log_vkey(home), tsa="http://127.0.0.1:1/",
             tsa_certificates=str(authority / "root.pem"))  # fmt: skip
    again = home.json("ledger", "timestamp")
    assert again == {**made, "new": False}
    assert home.json("ledger", "verify")["ok"]
    stamp = home.root / "ledger" / made["file"]
    data = stamp.parent / f"{made['size']:016d}.checkpoint"
    ran = subprocess.run(["openssl", "ts", "-verify", "-data", data, "-in", stamp, "-CAfile",
                          authority / "root.pem"], capture_output=True, check=False)  # fmt: skip
    assert ran.returncode == 0, ran.stderr


def test_stamp_that_is_not_the_authoritys_is_a_finding(home: Home, authority: Path) -> None:
    """Another root, an altered answer, an answer that was moved to another head."""
    with answering(stamping(authority)) as url:
        made = home.json("ledger", "timestamp", "--tsa", url)
        home.json("customer", "add", "李雷")
        later = home.json("ledger", "timestamp", "--tsa", url)
    root = ("--tsa-certificate", authority / "root.pem")
    assert home.json("ledger", "verify", *root)["ok"]
    ran = home.run("ledger", "verify")
    assert (ran.code, "2 time stamps were not checked" in ran.err) == (0, True)
    other = ("--tsa-certificate", authority / "other.pem")
    codes = [f["code"] for f in home.json("ledger", "verify", *other, code=13)["findings"]]
    assert codes == ["L-STAMP", "L-STAMP"]
    stamp = home.root / "ledger" / made["file"]
    good = stamp.read_bytes()
    moved = (home.root / "ledger" / later["file"]).read_bytes()
    stamp.chmod(0o644)
    for spoiled in (good[:-1], good[:-1] + bytes([good[-1] ^ 1]), moved, b"", b"\x30\x00"):
        stamp.write_bytes(spoiled)
        found = home.json("ledger", "verify", *root, code=13)["findings"]
        assert [(f["code"], f["where"]) for f in found] == [("L-STAMP", made["file"])]


def test_stamped_head_is_demanded_of_the_ledger(home: Home, authority: Path) -> None:
    """A stamp put beside a ledger that was rewound shows what is gone."""
    keep_a_copy(home)
    home.json("customer", "add", "李雷")
    with answering(stamping(authority)) as url:
        home.json("ledger", "timestamp", "--tsa", url)
    shutil.copytree(home.root / "ledger" / "stamps", home.top / "stamps")
    rolled_back(home)
    shutil.copytree(home.top / "stamps", home.root / "ledger" / "stamps")
    found = home.json("ledger", "verify", code=13)["findings"]
    assert [f["code"] for f in found] == ["L-ROLLBACK"]


def test_authority_that_answers_anything_leaves_no_stamp(home: Home, authority: Path) -> None:
    """Away, refusing, answering another question or at length: told, and nothing is kept."""
    stale: list[bytes] = []

    def once_and_again(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if not stale:
            stamping(authority)(io_handler := _Sink(), body)
            stale.append(io_handler.body)
        reply(200, stale[0])(handler, body)

    with answering(once_and_again) as url:
        home.json("ledger", "timestamp", "--tsa", url)
        home.json("customer", "add", "李雷")
        assert home.run("ledger", "timestamp", "--tsa", url).code == 13
    for answer, code in ((reply(500, b""), 1), (reply(200, b"nonsense"), 13), (endless, 1)):
        with answering(answer) as url:
            assert home.run("ledger", "timestamp", "--tsa", url).code == code
    assert home.run("ledger", "timestamp", "--tsa", "http://127.0.0.1:1/").code == 1
    assert home.run("ledger", "timestamp").code == 2
    assert len(list((home.root / "ledger" / "stamps").iterdir())) == 2


class _Sink:
    """Takes an answer instead of a connection."""

    def __init__(self) -> None:
        self.wfile = io.BytesIO()

    def send_response(self, _: int) -> None: ...

    def end_headers(self) -> None: ...

    @property
    def body(self) -> bytes:
        return self.wfile.getvalue()
