"""What a command reads before it works: the set of modules, never a time."""

import subprocess
import sys

import pytest

# Runs one command as the program does and tells which modules were read, ours and others'.
PROGRAM = """
import sys, types
from archivist.cli import main
sys.argv[0] = "archivist"
try:
    main()
except SystemExit as end:
    print("code", end.code or 0, file=sys.stderr)
read = [n for n, m in sys.modules.items() if type(m) is types.ModuleType]
print("read", *read, file=sys.stderr)
"""

# What prints, reads scans, counts working days, logs, serves or asks others.
NEVER = {
    "reportlab", "pypdf", "pikepdf", "pypdfium2", "PIL", "cv2", "numpy", "onnxruntime", "openvino",
    "rapidocr", "zxingcpp", "segno", "holidays", "structlog", "watchdog", "whoosh", "asyncio",
    "email", "http", "ssl", "multiprocessing", "tempfile", "subprocess", "logging", "ctypes",
    "importlib.metadata", "importlib.resources", "storage.ledger_audit",
}  # fmt: skip
CIPHERS = {"cryptography", "storage.age.recipients", "storage.vault"}
LAW = {"policies.packs", "policies.policy", "archivist.regulations"}


def read_by(home, *words):
    """The modules that a command read, which must have ended well."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], env=home.outer({}), capture_output=True, text=True
    )
    lines = ran.stderr.splitlines()
    assert "code 0" in lines, ran.stderr
    return set(next(line for line in lines if line.startswith("read ")).split()[1:])


@pytest.mark.parametrize("words", [("--help",), ("backup", "--help"), ("handover", "--help")])
def test_a_help_page_reads_no_use_case(home, words):
    """It opens nothing, decides nothing and does nothing."""
    read = read_by(home, *words)
    assert read & (NEVER | CIPHERS | LAW | {"archivist.archive", "sqlcipher3"}) == set()
    if words == ("--help",):
        ours = {name for name in read if name.startswith("archivist.cli.")}
        assert "archivist.cli.door" in ours
        assert ours & {"archivist.cli.loans", "archivist.cli.backup"} == set()


@pytest.mark.parametrize("words", [("hold", "list"), ("incident", "list")])
def test_a_list_reads_no_vault(home, words):
    """Ledger and catalogue are enough where nothing sealed is opened."""
    read = read_by(home, *words)
    assert {"archivist.archive", "storage.ledger", "index.catalogue"} <= read
    assert read & (NEVER | {"storage.vault"}) == set()


def test_a_list_that_names_kinds_reads_the_regulations_and_no_more(home):
    """Types have their names from the packs; nothing is opened and nothing printed."""
    read = read_by(home, "dossier", "list")
    assert "policies.policy" in read
    assert read & (NEVER | {"storage.vault"}) == set()
