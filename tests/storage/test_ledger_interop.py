"""The same ledger in other hands: Go's own transparency-log packages read and verify it.

Needs `go` and the packages `golang.org/x/mod/sumdb/{tlog,note}` where Debian puts them; .ci/run
installs both and sets ARCHIVIST_REQUIRE_INTEROP, so that a missing one is no green test.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import go_log
import pytest
from ledger_samples import VKEY, entries, entry, make
from test_ledger_damage import flip

from storage.note import parse_note, witness_vkey
from storage.proof import Proof
from storage.witness import WitnessFolder, cosignature, request

REQUIRED = os.environ.get("ARCHIVIST_REQUIRE_INTEROP") == "1"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def tlog(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The Go program, built once."""
    built = go_log.build(tmp_path_factory.mktemp("tlog"))
    if built is None:
        assert not REQUIRED, "go and golang.org/x/mod are not installed"
        pytest.skip("go and golang.org/x/mod are not installed")

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([built, *words], capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_536 + 700])
def test_go_derives_the_same_root(size: int, tlog: Run, tmp_path: Path) -> None:
    """Every entry, tile and the signed checkpoint of a published ledger are right for Go."""
    ledger = make(tmp_path / "ledger", size, group=1000, publish=True)
    ran = tlog("verify", tmp_path / "ledger", VKEY)
    assert ran.stdout == f"verified {size} entries, root {ledger.root_hash.hex()}\n"


@pytest.mark.parametrize("where", ["tile/entries/001", "tile/0/001", "checkpoint"])
def test_go_finds_one_altered_byte(where: str, tlog: Run, tmp_path: Path) -> None:
    """What was altered is refused by Go as well."""
    make(tmp_path / "ledger", 700, publish=True)
    flip(tmp_path / "ledger" / where, 40)
    ran = tlog("verify", tmp_path / "ledger", VKEY)
    assert (ran.returncode, ran.stdout[:6]) == (1, "wrong:")


def test_go_follows_the_growth(tlog: Run, tmp_path: Path) -> None:
    """An older checkpoint is the beginning of the newer tree; that of a fork is not."""
    ledger, kept = make(tmp_path / "ledger", 300), tmp_path / "kept"
    kept.write_text(ledger.checkpoint)
    ledger.append(entries(900, 300))
    ledger.publish()
    ran = tlog("grew", tmp_path / "ledger", VKEY, kept)
    assert ran.stdout == "grew from 300 to 900 entries\n"
    fork = make(tmp_path / "fork", 299)
    fork.append([b"another"])
    kept.write_text(fork.checkpoint)
    assert tlog("grew", tmp_path / "ledger", VKEY, kept).returncode == 1


def test_go_accepts_a_proof_with_entry_and_cosignature(tlog: Run, tmp_path: Path) -> None:
    """The file of `ledger prove`, with extra line and a witness's signature, holds for Go."""
    (tmp_path / "w").mkdir()
    ledger = make(tmp_path / "ledger", 700)
    witness = WitnessFolder.found(tmp_path / "w", "w.example", b"\5" * 32)
    witness.watch(VKEY)
    note = ledger.checkpoint.encode()
    answer = witness.add_checkpoint(request(0, [], note), 1)
    signed = parse_note(note).with_signature(cosignature(answer.body, note, witness.verifier))
    proof = Proof(345, tuple(ledger.prove(345)), signed.render(), entry(345))
    (tmp_path / "file").write_bytes(proof.render())
    (tmp_path / "entry").write_bytes(entry(345))
    (tmp_path / "other").write_bytes(entry(346))
    words = ("proof", tmp_path / "file")
    assert tlog(*words, tmp_path / "entry", VKEY).stdout == "entry 345 of 700\n"
    assert tlog(*words, tmp_path / "other", VKEY).returncode == 1
    assert witness.verifier.vkey() == witness_vkey("w.example", witness._key.public_key())
