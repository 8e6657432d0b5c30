"""The real clamd, with a signature of our own: nothing is downloaded, and it starts in a second.

with Clamd(tmp_path, {"Harmless": b"a string that is nobody's virus"}) as clamd:
    Scanner(clamd.place)
"""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from archivist.virus import Scanner, ScannerAway

# Debian keeps it where only the superuser looks for programs.
CLAMD = shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
START_SECONDS = 60.0


class Clamd:
    """One daemon with its database, its socket and all it writes below one folder."""

    def __init__(self, folder: Path, signatures: Mapping[str, bytes], *settings: str) -> None:
        assert CLAMD is not None, "ask for CLAMD first"
        self.place = str(folder / "clamd.sock")
        (folder / "signatures").mkdir()
        lines = [f"{name}:0:*:{text.hex()}\n" for name, text in signatures.items()]
        (folder / "signatures" / "own.ndb").write_text("".join(lines))
        told = ("Foreground yes", "MaxThreads 2", *settings, f"LocalSocket {self.place}",
                f"DatabaseDirectory {folder / 'signatures'}",
                f"TemporaryDirectory {folder}")  # fmt: skip
        (folder / "clamd.conf").write_text("".join(f"{line}\n" for line in told))
        self._log = folder / "clamd.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [CLAMD, f"--config-file={folder / 'clamd.conf'}"], stdout=log, stderr=log
            )

    def __enter__(self) -> "Clamd":
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and self._process.poll() is None:
            with suppress(ScannerAway):
                Scanner(self.place).version()
                return self
            time.sleep(0.02)
        self.__exit__()
        raise AssertionError(f"clamd does not answer: {self._log.read_text('utf-8', 'replace')}")

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
