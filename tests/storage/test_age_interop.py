"""What we seal opens in three other implementations, and theirs opens here.

pyrage (Rust) comes with the development packages. The `age` command (Go) and the npm
package `age-encryption` (TypeScript, knows the hybrid keys) are used where installed:
`age` on the PATH, the package below the folder AGE_ENCRYPTION_DIR or `interop/`. With
ARCHIVIST_REQUIRE_INTEROP set their absence is a failure.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest

from storage import age
from storage.people import People
from storage.vault import Put, Vault

HERE = Path(__file__).parent / "interop"
SIZES = [0, 1, 65535, 65536, 65537, 200_000]
CURVE = age.X25519Identity(bytes(range(32)))
HYBRID = age.HybridIdentity(bytes(range(32)))
NAME = "C000001/D000001/R00000001"


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def absent(what: str) -> None:
    if os.environ.get("ARCHIVIST_REQUIRE_INTEROP"):
        pytest.fail(f"{what} is not installed, and ARCHIVIST_REQUIRE_INTEROP is set")
    pytest.skip(f"{what} is not installed")


def run(*command: str, given: bytes) -> bytes:
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


@pytest.fixture
def age_command() -> str:
    found = shutil.which("age")
    if found is None:
        absent("the age command")
    return str(found)


@pytest.fixture
def typage():
    node = shutil.which("node")
    folder = Path(os.environ.get("AGE_ENCRYPTION_DIR", HERE))
    module = folder / "node_modules" / "age-encryption" / "dist" / "index.js"
    if node is None or not module.is_file():
        absent("the npm package age-encryption")

    def call(action: str, kind: str, value: str, given: bytes) -> bytes:
        script = str(HERE / "age.mjs")
        return run(str(node), script, str(module), action, kind, value, given=given)

    return call


def head_and_body(root: Path, recipient: age.Recipient, plain: bytes) -> bytes:
    """A record as the vault stores it, joined as an outsider would join it."""
    vault = Vault(root)
    label = {"record": "R00000001", "generation": 1, "注": "档案"}
    receipt = vault.put(Put(NAME, label, recipient, {"pdf": plain, "card": b"card"}))
    return vault.stored_head(NAME) + (root / receipt.bodies["pdf"].path).read_bytes()


@pytest.mark.parametrize("size", SIZES)
def test_pyrage_opens_our_record(tmp_path: Path, size: int) -> None:
    """Head and body of a record open in the Rust implementation."""
    sealed = head_and_body(tmp_path, CURVE.recipient, content(size))
    identity = pyrage.x25519.Identity.from_str(CURVE.secret_text())
    assert pyrage.decrypt(sealed, [identity]) == content(size)


@pytest.mark.parametrize("size", SIZES)
def test_we_open_what_pyrage_sealed(size: int) -> None:
    """A file of the Rust implementation opens here."""
    recipient = pyrage.x25519.Recipient.from_str(CURVE.recipient.text)
    assert age.decrypt([CURVE], pyrage.encrypt(content(size), [recipient])) == content(size)


def test_pyrage_opens_our_passphrase_file() -> None:
    """A passphrase outside ASCII opens in the Rust implementation."""
    sealed = age.encrypt([age.Passphrase("口令 pass", log_n=16)], b"data")
    assert pyrage.passphrase.decrypt(sealed, "口令 pass") == b"data"


@pytest.mark.skipif(
    not os.environ.get("ARCHIVIST_REQUIRE_INTEROP"),
    reason="pyrage chooses a work factor that takes seconds; ARCHIVIST_REQUIRE_INTEROP runs it",
)
def test_we_open_pyrages_passphrase_file() -> None:
    """A passphrase file of the Rust implementation opens here."""
    sealed = pyrage.passphrase.encrypt(b"data", "口令 pass")
    assert age.decrypt([age.Passphrase("口令 pass")], sealed) == b"data"


def test_age_command_opens_our_record(tmp_path: Path, age_command: str) -> None:
    """`cat head body | age -d -i identity` yields the scan."""
    (tmp_path / "key.txt").write_text(f"# identity\n{CURVE.secret_text()}\n")
    for size in SIZES:
        sealed = head_and_body(tmp_path / str(size), CURVE.recipient, content(size))
        plain = run(age_command, "-d", "-i", str(tmp_path / "key.txt"), given=sealed)
        assert plain == content(size)


def test_we_open_what_the_age_command_sealed(age_command: str) -> None:
    """A file of the Go implementation opens here."""
    for size in SIZES:
        sealed = run(age_command, "-r", CURVE.recipient.text, given=content(size))
        assert age.decrypt([CURVE], sealed) == content(size)


@pytest.mark.parametrize("size", SIZES)
def test_typage_opens_our_hybrid_record(tmp_path: Path, typage, size: int) -> None:
    """Head and body sealed to a hybrid key open in the official TypeScript implementation."""
    sealed = head_and_body(tmp_path, HYBRID.recipient, content(size))
    assert typage("open", "key", HYBRID.secret_text(), sealed) == content(size)


@pytest.mark.parametrize("size", SIZES)
def test_we_open_what_typage_sealed(typage, size: int) -> None:
    """A file that the TypeScript implementation sealed to our hybrid key opens here."""
    sealed = typage("seal", "key", HYBRID.recipient.text, content(size))
    assert age.decrypt([HYBRID], sealed) == content(size)


def test_typage_opens_a_persons_key_file(tmp_path: Path, typage) -> None:
    """A person gets at the identity with the passphrase and no program of ours."""
    unlocked = People(tmp_path).create("lin", "口令", created="2026-11-23", log_n=16)
    text = typage("open", "passphrase", "口令", (tmp_path / "lin.age").read_bytes())
    keys = [line for line in text.decode().splitlines() if line and line[0] != "#"]
    assert keys == [unlocked.identity.secret_text()]


def test_we_open_typages_passphrase_file(typage) -> None:
    """A passphrase file of the TypeScript implementation opens here."""
    sealed = typage("seal", "passphrase", "口令", b"data")
    assert age.decrypt([age.Passphrase("口令")], sealed) == b"data"
