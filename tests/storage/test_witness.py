"""What a witness must do, asked of both: the folder, and the script on another machine."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from ledger_samples import KEY, ORIGIN, OTHER_KEY, VKEY, entries, files_of, make

from storage.errors import Damaged, Missing, Occupied
from storage.ledger import Ledger
from storage.note import Checkpoint, Signer, Verifier, parse_note, vkey
from storage.proof import cosignatures
from storage.witness import (
    MAX_REQUEST_BYTES,
    Answer,
    WitnessFolder,
    cosignature,
    parse_size,
    request,
)

SCRIPT = Path(__file__).parents[2] / "scripts" / "witness.py"
LOG = Verifier.parse(VKEY)
SEED = b"\5" * 32


class Side(Protocol):
    """A witness, wherever it is."""

    folder: Path
    verifier: Verifier

    def ask(self, body: bytes) -> Answer: ...


class InFolder:
    """The file-based one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._witness = WitnessFolder.found(folder, "w.example/1", SEED)
        self._witness.watch(VKEY)
        self.verifier = self._witness.verifier

    def ask(self, body: bytes) -> Answer:
        return self._witness.add_checkpoint(body, 1_800_000_000)


class OverHttp:
    """The script, started as a program, asked over a socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        words = [str(folder), "--name", "w.example/1", "--log", VKEY, "--port", "0"]
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(SCRIPT), *words], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.verifier = Verifier.parse(self.process.stdout.readline().strip())
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def call(self, method: str, path: str, body: bytes = b"") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.headers["Content-Type"])
        finally:
            connection.close()

    def ask(self, body: bytes) -> Answer:
        return self.call("POST", "/add-checkpoint", body)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., OverHttp]]:
    started: list[OverHttp] = []

    def begin(folder: Path | None = None) -> OverHttp:
        started.append(OverHttp(folder or tmp_path / "witness"))
        return started[-1]

    yield begin
    for one in started:
        one.end()


@pytest.fixture(params=["folder", "http"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Side]:
    (tmp_path / "witness").mkdir()
    if request.param == "folder":
        yield InFolder(tmp_path / "witness")
        return
    server = OverHttp(tmp_path / "witness")
    yield server
    server.end()


def asked(ledger: Ledger, old: int, proof: list[bytes] | None = None) -> bytes:
    note = ledger.checkpoint.encode()
    return request(old, ledger.consistency(old) if proof is None else proof, note)


def test_growing_ledger_is_cosigned_step_by_step(side: Side, tmp_path: Path) -> None:
    """Each head is cosigned, with a time, and the newest one is kept."""
    ledger, old = make(tmp_path / "ledger", 3), 0
    for size in (3, 3, 4, 7, 256, 300):
        if size > ledger.size:
            ledger.append(entries(size, ledger.size))
        answer = side.ask(asked(ledger, old))
        assert answer.status == 200, answer
        note = ledger.checkpoint.encode()
        signed = parse_note(note).with_signature(cosignature(answer.body, note, side.verifier))
        ((name, time_s),) = [
            (one.name, one.time_s) for one in cosignatures(signed.render(), [side.verifier])
        ]
        assert (name, time_s > 1_700_000_000) == ("w.example/1", True)
        old = size
    held = WitnessFolder(side.folder).held(LOG)
    assert held == Checkpoint(ORIGIN, 300, ledger.root_hash)


def test_size_that_the_log_did_not_know_is_told(side: Side, tmp_path: Path) -> None:
    """Asked from another size than the one held, a witness answers which it holds."""
    ledger = make(tmp_path / "ledger", 10)
    assert side.ask(asked(ledger, 0)).status == 200
    ledger.append(entries(20, 10))
    for old in (0, 5, 20):
        answer = side.ask(asked(ledger, old))
        assert (answer.status, parse_size(answer.body)) == (409, 10)
        assert answer.media == "text/x.tlog.size"
    assert side.ask(asked(ledger, 10)).status == 200


def test_rollback_is_refused(side: Side, tmp_path: Path) -> None:
    """A ledger that lost entries gets no cosignature, from whichever size it asks."""
    make(tmp_path / "short", 8)
    ledger = make(tmp_path / "ledger", 10)
    assert side.ask(asked(ledger, 0)).status == 200
    short = Ledger.open(tmp_path / "short", VKEY, KEY)
    before = files_of(side.folder)
    for old in (0, 8):
        assert side.ask(asked(short, old)).status == 409
    assert side.ask(request(10, [], short.checkpoint.encode())).status == 400
    assert files_of(side.folder) == before


def test_fork_is_refused(side: Side, tmp_path: Path) -> None:
    """Another history of the same log, signed with its own key, gets no cosignature."""
    ledger = make(tmp_path / "ledger", 10)
    assert side.ask(asked(ledger, 0)).status == 200
    fork = Ledger.create(tmp_path / "fork", ORIGIN, KEY)
    fork.append([b"another"] * 10)
    before = files_of(side.folder)
    assert side.ask(asked(fork, 10)).status == 409
    fork.append([b"another"] * 5)
    assert side.ask(asked(fork, 10)).status == 422
    ledger.append(entries(15, 10))
    assert side.ask(asked(fork, 10, ledger.consistency(10))).status == 422
    assert files_of(side.folder) == before


def test_proof_where_none_belongs_is_refused(side: Side, tmp_path: Path) -> None:
    """From nothing, or to the same size, a proof is empty."""
    ledger = make(tmp_path / "ledger", 10)
    assert side.ask(asked(ledger, 0, [bytes(32)])).status == 422
    assert side.ask(asked(ledger, 0)).status == 200
    assert side.ask(asked(ledger, 10, [bytes(32)])).status == 422


def test_strangers_are_refused(side: Side, tmp_path: Path) -> None:
    """An unknown log is 404; a head that its key did not sign is 403."""
    head = Checkpoint("other.example/ledger", 1, bytes(32))
    stranger = Signer("other.example/ledger", OTHER_KEY).sign(head)
    assert side.ask(request(0, [], stranger)).status == 404
    forged = Signer(ORIGIN, OTHER_KEY).sign(Checkpoint(ORIGIN, 1, bytes(32)))
    assert side.ask(request(0, [], forged)).status == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0",
        b"old 0\n\n",
        b"old -1\n\n",
        b"old 01\n\nx\n",
        b"old \xd9\xa1\n\nx\n",
        b"old 99999999999999999999\n\nx\n",
        b"new 0\n\nx\n",
        b"old 0\nAAAA\n\nx\n",
        b"old 0\n" + b"%s\n" % (b"A" * 43 + b"=") * 64 + b"\nx\n",
        b"old 0\n\na\n1\nb\n\n\xff\n",
        b"old 0\n\n" + "a\n1\n\n— a AAAA\n".encode(),
    ],
)
def test_what_is_no_request_is_400(body: bytes, side: Side) -> None:
    """Anything malformed is told so, and nothing is written."""
    before = files_of(side.folder)
    assert side.ask(body).status == 400
    assert files_of(side.folder).keys() - {"lock"} == before.keys() - {"lock"}


def test_head_that_somebody_put_there_stops_the_witness(side: Side, tmp_path: Path) -> None:
    """An older head put back without the witness's own signature is not believed."""
    ledger = make(tmp_path / "ledger", 5)
    bare = ledger.checkpoint
    assert side.ask(asked(ledger, 0)).status == 200
    (kept,) = (side.folder / "logs").glob("*.checkpoint")
    kept.write_text(bare)
    if isinstance(side, OverHttp):
        assert side.ask(asked(ledger, 5)).status == 500
    else:
        with pytest.raises(Damaged):
            side.ask(asked(ledger, 5))


def test_of_many_at_once_the_largest_is_remembered(side: Side, tmp_path: Path) -> None:
    """Requests that race are decided one after the other: what is held never shrinks."""
    ledger, bodies = make(tmp_path / "ledger"), []
    for size in range(1, 9):
        ledger.append(entries(size, size - 1))
        bodies.append(asked(ledger, 0))
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda body=body: answers.append(side.ask(body))) for body in bodies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7
    (won,) = {int(answer.body) for answer in answers if answer.status == 409} or {0}
    held = WitnessFolder(side.folder).held(LOG)
    assert held is not None
    assert held.size == won


def test_folder_moves_from_stick_to_server(start: Callable[..., OverHttp], tmp_path: Path) -> None:
    """Folder and script keep the same files: either goes on where the other stopped."""
    (tmp_path / "w").mkdir()
    folder, ledger = InFolder(tmp_path / "w"), make(tmp_path / "ledger", 4)
    assert folder.ask(asked(ledger, 0)).status == 200
    ledger.append(entries(9, 4))
    server = start(tmp_path / "w")
    assert server.verifier == folder.verifier
    assert server.ask(asked(ledger, 4)).status == 200
    ledger.append(entries(10, 9))
    assert folder.ask(asked(ledger, 9)).status == 200


def test_server_shows_key_and_head_and_nothing_else(
    start: Callable[..., OverHttp], tmp_path: Path
) -> None:
    """Its key and the held heads can be fetched; no path leads to the secret."""
    server, ledger = start(), make(tmp_path / "ledger", 4)
    assert server.ask(asked(ledger, 0)).status == 200
    assert server.call("GET", "/vkey").body.decode().strip() == server.verifier.vkey()
    (kept,) = (server.folder / "logs").glob("*.checkpoint")
    assert server.call("GET", f"/checkpoint/{kept.stem}").body == kept.read_bytes()
    for path in ("/", "/witness.key", "/checkpoint/../witness.key", "/checkpoint/", "//etc"):
        assert server.call("GET", path).status == 404
    assert server.call("POST", "/elsewhere", b"x").status == 404
    assert server.call("POST", "/add-checkpoint", b"x" * (MAX_REQUEST_BYTES + 9000)).status == 413


def test_key_is_made_once_and_by_nobody_but_the_witness(tmp_path: Path) -> None:
    """A second use finds the first key; a folder that is not there is not made."""
    (tmp_path / "w").mkdir()
    first = WitnessFolder.found(tmp_path / "w", "audit", b"\1" * 32)
    again = WitnessFolder.found(tmp_path / "w", "other", b"\2" * 32)
    assert again.verifier == first.verifier
    assert (tmp_path / "w" / "witness.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Missing):
        WitnessFolder.found(tmp_path / "not plugged in", "audit", b"\1" * 32)
    with pytest.raises(ValueError, match="name"):
        (tmp_path / "v").mkdir()
        WitnessFolder.found(tmp_path / "v", "a b", b"\1" * 32)


def test_log_cannot_change_its_key(tmp_path: Path) -> None:
    """A witness that knows a log does not take another key for it."""
    (tmp_path / "w").mkdir()
    witness = WitnessFolder.found(tmp_path / "w", "audit", SEED)
    witness.watch(VKEY)
    witness.watch(VKEY)
    with pytest.raises(Occupied):
        witness.watch(vkey(ORIGIN, OTHER_KEY.public_key()))


def test_answer_counts_only_with_the_right_signature(tmp_path: Path) -> None:
    """Lines of other keys are ignored; a forged, missing or endless answer is refused."""
    (tmp_path / "w").mkdir()
    (tmp_path / "v").mkdir()
    ledger = make(tmp_path / "ledger", 4)
    note = ledger.checkpoint.encode()
    one = InFolder(tmp_path / "w")
    other = WitnessFolder.found(tmp_path / "v", "v.example", b"\6" * 32)
    other.watch(VKEY)
    mine = one.ask(asked(ledger, 0)).body
    theirs = other.add_checkpoint(asked(ledger, 0), 1).body
    assert cosignature(theirs + mine, note, one.verifier).name == "w.example/1"
    ledger.append([b"more"])
    later = ledger.checkpoint.encode()
    for body, over in ((theirs, note), (b"", note), (mine, later), (mine * 600, note)):
        with pytest.raises(Damaged):
            cosignature(body, over, one.verifier)
    shutil.rmtree(tmp_path / "v")


def test_key_of_the_witness_never_lies_in_its_answers(side: Side, tmp_path: Path) -> None:
    """What a witness hands out holds neither its seed nor an entry."""
    ledger = make(tmp_path / "ledger", 4)
    answer = side.ask(asked(ledger, 0))
    seed = (side.folder / "witness.key").read_bytes().split(b"\n")[2]
    assert seed not in answer.body
    assert all(b"entry" not in raw for raw in files_of(side.folder).values())
