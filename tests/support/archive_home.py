"""An archive of its own for a test: `Home`, and how one call of the program ended: `Ran`.

Each home has its own house key and its own place for sessions, so that nothing reaches the
user's home or another test.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PASSPHRASE = "correct horse 电池"
PERSON = "li"
PROGRAM = Path(sys.executable).with_name("archivist")
CUSTOMERS = ("张伟", "上海远行商贸有限公司")
VIN = "LSVAA49J132047371"
OURS = ("ARCHIVIST_", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")


def now() -> datetime:
    """The clock, asked each time: what a session shares may be made after a module was read, and
    its entries must not lie ahead of those a test makes."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Ran:
    """How one call of the program ended."""

    code: int
    out: bytes
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout; strict UTF-8."""
        return json.loads(self.out.decode("utf-8"))

    @property
    def lines(self) -> list[Any]:
        """One JSON document per line."""
        return [json.loads(line) for line in self.out.decode("utf-8").splitlines()]


class Home:
    """One archive with the environment of the person who works with it."""

    def __init__(self, top: Path, folder: str = "archive") -> None:
        self.top = top
        self.root = top / folder
        self.env = {
            "XDG_CONFIG_HOME": str(top / "config"),
            "XDG_RUNTIME_DIR": str(top / "run"),
            "ARCHIVIST_PASSPHRASE": PASSPHRASE,
            "ARCHIVIST_ARCHIVE": str(self.root),
            "ARCHIVIST_LANG": "en",
        }
        self._started: list[subprocess.Popen[bytes]] = []
        (top / "run").mkdir(parents=True, exist_ok=True)

    @classmethod
    def copy_of(cls, template: Path, top: Path, folder: str = "archive") -> "Home":
        """A copy of the template, with its house key and the session of whoever is logged in."""
        shutil.copytree(template / "archive", top / folder)
        for kept in ("config", "run"):
            shutil.copytree(template / kept, top / kept)
        return cls(top, folder)

    # ── running ───────────────────────────────────────────────────────────────

    def run(self, *words: str | os.PathLike[str], **env: str | None) -> Ran:
        """Run one command inside this process: what a command costs without its start."""
        from archivist import cli

        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        err = io.StringIO()
        with self._environment(env), _own_signals():
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = cli.run([os.fspath(word) for word in words])
                out.flush()
            written = out.buffer.getvalue()  # type: ignore[attr-defined]
        return Ran(code, written, err.getvalue())

    def json(self, *words: str | os.PathLike[str], code: int = 0, **env: str | None) -> Any:
        """Run with --json and give the document; any other exit code is a failure."""
        ran = self.run("--json", *words, **env)
        assert ran.code == code, (words, ran.code, ran.err, ran.out[-2000:])
        return ran.json

    def lines(self, *words: str | os.PathLike[str], **env: str | None) -> list[Any]:
        """Run with --json a command that prints a line for each scan."""
        ran = self.run("--json", *words, **env)
        assert ran.code in (0, 3), (words, ran.code, ran.err)
        return ran.lines

    def process(self, *words: str | os.PathLike[str], **options: Any) -> "subprocess.Popen[bytes]":
        """Start the program as a process of its own, in a process group of its own."""
        env = options.pop("env", {})
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        started = subprocess.Popen(
            [PROGRAM, *words], env=self.outer(env), start_new_session=True, **options
        )
        self._started.append(started)
        return started

    def end(self) -> None:
        """End every process that this test started and left running."""
        for started in self._started:
            with started:  # closes its pipes too
                if started.poll() is None:
                    started.kill()

    def outer(self, more: dict[str, str]) -> dict[str, str]:
        """The environment of a process of this archive."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        return kept | self.env | more

    @contextlib.contextmanager
    def _environment(self, more: dict[str, str | None]) -> Iterator[None]:
        before = dict(os.environ)
        wanted = {**self.outer({}), **more}
        os.environ.clear()
        os.environ.update({key: value for key, value in wanted.items() if value is not None})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    # ── the folder ────────────────────────────────────────────────────────────

    @property
    def drop_folder(self) -> Path:
        """Where scans are dropped."""
        return self.root / "drop"

    def drop(self, name: str | bytes, content: bytes) -> Path:
        """Put a complete file into the drop folder."""
        path = self.drop_folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def set(self, table: str, **settings: object) -> None:
        """Write settings into archive.toml, in place of what stands there."""
        path = self.root / "archive.toml"
        lines = path.read_text("utf-8").splitlines()
        kept = [line for line in lines if line.split("=")[0].strip() not in settings]
        if f"[{table}]" not in kept:
            kept.append(f"[{table}]")
        at = kept.index(f"[{table}]") + 1
        kept[at:at] = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        path.chmod(0o644)
        path.write_text("\n".join(kept) + "\n", "utf-8")

    def in_tray(self, tray: str) -> list[bytes]:
        """The content of every scan in a tray."""
        return [path.read_bytes() for path in self.tray_files(tray)]

    def tray_files(self, tray: str) -> list[Path]:
        """Every plain file in a tray."""
        return sorted(p for p in (self.root / "trays" / tray).rglob("*") if p.is_file())

    def records(self) -> list[str]:
        """Ids of every record that the ledger says was filed."""
        entries = self.json("ledger", "show")
        return [entry["subject"]["record"] for entry in entries if entry["act"] == "file"]

    def opened(self, record: str) -> bytes:
        """A record's bytes, as `view` gives them."""
        ran = self.run("view", record, "--purpose", "test")
        assert ran.code == 0, ran.err
        return ran.out

    def open(self) -> Any:
        """The archive itself, for tests of the rooms behind the door."""
        from archivist import config
        from archivist.archive import Archive

        settings = config.load(self.root)
        key = Path(self.env["XDG_CONFIG_HOME"]) / "archivist" / f"{settings.archive_id}.key"
        return Archive.open(settings, key)


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """`watch` sets handlers for its process; here the process is the test's."""
    names = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(name) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)
