"""The stand-alone verifier agrees with the archive's own, on whole and on damaged ledgers."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from ledger_samples import VKEY, entries, entry, make, reopen
from test_ledger_damage import TAMPERING, sample

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify_ledger.py"
# What only the archive's own verifier looks for: files that are nobody's.
NOT_SOUGHT = {"file added", "tile added", "partial tile added"}


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the script where it cannot see the program's packages."""
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *map(str, arguments), "--vkey", VKEY],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )


@pytest.mark.parametrize("size", [0, 1, 256, 600])
@pytest.mark.parametrize("publish", [False, True])
def test_whole_ledger_is_approved_with_its_root(size: int, publish: bool, tmp_path: Path) -> None:
    """Size and root that the script derives are the ledger's."""
    ledger = make(tmp_path / "ledger", size, publish=publish)
    done = run(tmp_path, tmp_path / "ledger")
    expected = f"ok: {size} entries, root {ledger.root_hash.hex()}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


@pytest.mark.parametrize("name", [name for name in TAMPERING if name not in NOT_SOUGHT])
def test_tampering_is_found_by_strangers(name: str, tmp_path: Path) -> None:
    """Whatever the archive's own verification finds, the script finds as well."""
    sample(tmp_path / "ledger")
    TAMPERING[name][0](tmp_path / "ledger")
    done = run(tmp_path, tmp_path / "ledger")
    assert done.returncode == 13, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("DAMAGED: ")
    assert done.stderr == ""


def test_head_of_a_witness_is_demanded(tmp_path: Path) -> None:
    """A kept checkpoint that the ledger still contains is fine, a later one is a rollback."""
    ledger = make(tmp_path / "ledger", 300)
    (tmp_path / "old").write_text(ledger.checkpoint)
    ledger.append(entries(310, 300))
    assert run(tmp_path, tmp_path / "ledger", "--against", tmp_path / "old").returncode == 0
    (tmp_path / "new").write_text(ledger.checkpoint)
    make(tmp_path / "copy", 300)
    done = run(tmp_path, tmp_path / "copy", "--against", tmp_path / "new")
    assert done.returncode == 13
    assert "L-ROLLBACK" in done.stdout


def test_one_printed_proof_is_enough(tmp_path: Path) -> None:
    """An entry with its proof verifies alone; another entry does not."""
    make(tmp_path / "ledger", 300)
    ledger = reopen(tmp_path / "ledger")
    (tmp_path / "one.tlog-proof").write_text(ledger.proof_text(77))
    (tmp_path / "entry").write_bytes(entry(77))
    (tmp_path / "other").write_bytes(entry(78))
    arguments = ("--proof", tmp_path / "one.tlog-proof", "--entry")
    assert run(tmp_path, *arguments, tmp_path / "entry").stdout == "ok: entry 77 of 300\n"
    assert run(tmp_path, *arguments, tmp_path / "other").returncode == 13


def test_wrong_usage_is_told_from_damage(tmp_path: Path) -> None:
    """Neither a missing folder argument nor a bad key looks like a verdict on a ledger."""
    assert run(tmp_path).returncode == 2
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), "--vkey", "nonsense"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2


def test_what_a_writer_is_about_is_no_damage(tmp_path: Path) -> None:
    """While somebody writes the script has no verdict; then it goes by what was written."""
    ledger = make(tmp_path / "ledger", 300, publish=True)
    words = [sys.executable, "-I", str(SCRIPT), str(tmp_path / "ledger"), "--vkey", VKEY]
    writing = contextlib.ExitStack()
    writing.enter_context(ledger.exclusive(30))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as started, writing:
        with pytest.raises(subprocess.TimeoutExpired):
            started.wait(1)
        ledger.append(entries(1100, 300))
        ledger.publish()
        writing.close()
        told, _ = started.communicate()
    assert (started.returncode, told[:17]) == (0, "ok: 1100 entries,")
