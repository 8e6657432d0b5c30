"""The stand-alone verifier agrees with the archive's own, on whole and on damaged ledgers."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
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


def test_a_ledger_at_work_is_no_damaged_one(tmp_path: Path) -> None:
    """Appended to and published all the while, it is approved each time; the script's lock keeps
    writers out while it reads what they replace."""
    folder = tmp_path / "ledger"
    make(folder, 500)
    at_work = threading.Event()

    def work() -> None:
        ledger, number = reopen(folder), 500
        while not at_work.is_set():
            with ledger.exclusive(30):
                ledger.append(entries(number + 60, number))
                ledger.publish()
            number += 60

    worker = threading.Thread(target=work)
    worker.start()
    try:
        done = [run(tmp_path, folder) for _ in range(2)]
    finally:
        at_work.set()
        worker.join()
    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 2, done
    sizes = [int(one.stdout.split()[1]) for one in done]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 500


def test_the_script_waits_for_a_writer(tmp_path: Path) -> None:
    """While somebody holds the lock to write it has no verdict."""
    make(tmp_path / "ledger", 3)
    with (tmp_path / "ledger" / "lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        words = [sys.executable, "-I", str(SCRIPT), str(tmp_path / "ledger"), "--vkey", VKEY]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as started:
            with pytest.raises(subprocess.TimeoutExpired):
                started.wait(1)
            fcntl.flock(held, fcntl.LOCK_UN)
            told, _ = started.communicate()
    assert (started.returncode, told[:13]) == (0, "ok: 3 entries")
