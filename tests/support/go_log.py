"""The Go program that checks ledgers with Go's own module log, where it can be built.

program = go_log.build(folder)  # None without Go and its golang.org/x/mod
subprocess.run([program, "verify", ledger, vkey])
"""

import os
import shutil
import subprocess
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[1] / "storage" / "interop" / "tlog"
GOPATH = Path("/usr/share/gocode")  # where Debian keeps the sources of Go's packages


def build(folder: Path) -> Path | None:
    """The program, built into a folder."""
    if not shutil.which("go") or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        return None
    built = folder / "tlog"
    env = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "",
           "GOCACHE": str(folder / "cache")}  # fmt: skip
    subprocess.run(["go", "build", "-o", built, "."], cwd=PROGRAM, env=env, check=True)
    return built
