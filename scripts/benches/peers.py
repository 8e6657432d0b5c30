"""Other programs that keep files sealed, as somebody would use them; those not here are left out.

Each has `seal(sources, place)`, which writes the files of a folder sealed below another, and
`open(place, target)`, which brings them back. What they write is flushed file by file
afterwards, since the archive does not return before its files are durable either. Keys and
repositories are made before the time is taken. age has no post-quantum recipients here.

    for peer in peers(folder):
        peer.seal(sources, place)
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("age", "restic", "borg")


@dataclass(frozen=True, slots=True)
class Peer:
    """One program: what prepares a place for it, seals a folder into it, and opens that again."""

    name: str
    for_each: bool  # a program is started for each file
    prepare: Callable[[Path], object]
    seal: Callable[[Path, Path], object]
    open: Callable[[Path, Path], object]


def absent() -> tuple[str, ...]:
    """What a table says of the programs that are not installed."""
    return tuple(
        f"{name} is not installed: left out" for name in PROGRAMS if not shutil.which(name)
    )


def peers(folder: Path) -> Iterator[Peer]:
    """The programs that are installed, with keys and settings of their own below `folder`."""
    folder.mkdir()
    for name, made in (("age", _age), ("restic", _restic), ("borg", _borg)):
        if shutil.which(name):
            yield made(folder)


def copy(sources: Path, place: Path) -> None:
    """`cp` and a flush of each file: what no keeping can do without."""
    place.mkdir(parents=True)
    for path in sorted(sources.iterdir()):
        shutil.copyfile(path, place / path.name)
    flush(place)


def flush(folder: Path) -> None:
    """Every file and folder below one, durable."""
    for path in [folder, *folder.rglob("*")]:
        number = os.open(path, os.O_RDONLY)
        os.fsync(number)
        os.close(number)


def _run(*words: str | Path, cwd: Path | None = None, **environment: str) -> None:
    done = subprocess.run(
        words, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{words[0]} failed: {done.stderr}")


def _age(folder: Path) -> Peer:
    key = folder / "age.key"
    _run("age-keygen", "-o", key)

    def seal(sources: Path, place: Path) -> None:
        for path in sorted(sources.iterdir()):
            _run("age", "-e", "-i", key, "-o", place / f"{path.name}.age", path)
        flush(place)

    def opened(place: Path, target: Path) -> None:
        target.mkdir()
        for path in sorted(place.iterdir()):
            _run("age", "-d", "-i", key, "-o", target / path.stem, path)
        flush(target)

    return Peer("age", True, lambda place: place.mkdir(), seal, opened)


def _restic(_: Path) -> Peer:
    def run(place: Path, *words: str | Path) -> None:
        _run("restic", "--no-cache", "--quiet", "-r", place, *words, RESTIC_PASSWORD="bench")

    def seal(sources: Path, place: Path) -> None:
        run(place, "backup", sources)
        flush(place)

    def opened(place: Path, target: Path) -> None:
        run(place, "restore", "latest", "--target", target)
        flush(target)

    return Peer("restic", False, lambda place: run(place, "init"), seal, opened)


def _borg(folder: Path) -> Peer:
    settings = {"BORG_PASSPHRASE": "bench", "BORG_BASE_DIR": str(folder / "borg")}

    def seal(sources: Path, place: Path) -> None:
        _run("borg", "create", f"{place}::bench", ".", cwd=sources, **settings)
        flush(place)

    def opened(place: Path, target: Path) -> None:
        target.mkdir()
        _run("borg", "extract", f"{place}::bench", cwd=target, **settings)
        flush(target)

    def prepare(place: Path) -> None:
        _run("borg", "init", "-e", "repokey", place, **settings)

    return Peer("borg", False, prepare, seal, opened)
