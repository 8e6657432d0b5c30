"""Sealing, opening, sealing anew and backing up, against the disk and other programs."""

import argparse
import filecmp
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benches.material import Bench, filed_heads, house_key
from benches.measuring import Rates, Table, seconds
from benches.peers import absent, copy, flush, peers

# ── sealing and opening ───────────────────────────────────────────────────────


class Sealed:
    """Files sealed in an archive as filing seals them, each batch with one commit of the ledger."""

    def __init__(self, bench: Bench) -> None:
        from archivist import config
        from archivist.archive import Archive
        from storage.people import People

        settings = config.load(bench.root)
        self.archive = Archive.open(settings, house_key(bench, settings.archive_id))
        self.archive.follow()
        person = People(bench.root / "keys" / "people").unlock("bench", "bench")
        self._identity = self.archive.keys.open_grade("SECRET", 1, person).identity
        self._kept: list[tuple[str, dict[str, str | int], str, str]] = []
        self._last = 0

    def seal(self, files: list[Path], batch: int) -> None:
        """Seal them, durable and in the ledger; what was sealed before is not opened any more."""
        from archivist.archive import as_object, record_label
        from storage.vault import Put

        self._kept = []
        for start in range(0, len(files), batch):
            with self.archive.writing(datetime.now(UTC), "station") as desk:
                generation, recipient = desk.sealing_key("SECRET")
                subjects = []
                for path in files[start : start + batch]:
                    self._last += 1
                    record, dossier = f"R{self._last:08}", f"D{self._last // 10 + 2:06}"
                    label = record_label(record, "SECRET", generation)
                    name = f"C000001/{dossier}/{record}"
                    desk.seal(Put(name, label, recipient, {"pdf": path}))
                    subjects.append((name, label, path.name))
                receipts = desk.make_durable()
                for name, label, title in subjects:
                    customer, dossier, record = name.split("/")
                    receipt = receipts[name]
                    objects = {"head": receipt.head_sha256, "scan": as_object(receipt, "pdf")}
                    subject = {"customer": customer, "dossier": dossier, "record": record}
                    desk.say("file", subject, claim=record, type="sales_contract", grade="SECRET",
                             generation=generation, pages=1, media="application/pdf",
                             objects=objects, print=record, clauses=[], packs=[])  # fmt: skip
                    self._kept.append((name, label, receipt.bodies["pdf"].sha256, title))
                desk.append()

    def open(self, target: Path) -> None:
        """Open what was sealed last, verified against the ledger's digests, into a folder."""
        target.mkdir()
        for name, label, sha256, title in self._kept:
            pieces = self.archive.vault.open(name, "pdf", [self._identity], label, sha256=sha256)
            with (target / title).open("wb") as out:
                for piece in pieces:
                    out.write(piece)
        flush(target)


def random_files(folder: Path, count: int, size: int) -> list[Path]:
    """Files that nothing can press together nor find twice."""
    folder.mkdir()
    for number in range(count):
        with (folder / f"{number:05}.pdf").open("wb") as out:
            for start in range(0, size, 1 << 20):
                out.write(os.urandom(min(1 << 20, size - start)))
    return sorted(folder.iterdir())


def bench_seal(options: argparse.Namespace) -> Iterator[Table]:
    """One big file, and many small ones, sealed."""
    return _both_ways(options, opening=False)


def bench_open(options: argparse.Namespace) -> Iterator[Table]:
    """The same files opened again, into plain and durable ones."""
    return _both_ways(options, opening=True)


def _both_ways(options: argparse.Namespace, *, opening: bool) -> Iterator[Table]:
    shapes = {
        f"one file of {options.mib} MiB": (1, options.mib << 20),
        f"{options.files} files of {options.kib} KiB, {options.batch} a commit": (
            options.files, options.kib << 10),
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        sealed = Sealed(Bench(Path(name) / "ours"))
        # What is loaded when a process seals for the first time is no part of sealing.
        sealed.seal(random_files(Path(name) / "first", 1, 1), 1)
        for number, (title, (count, size)) in enumerate(shapes.items()):
            sources = Path(name) / f"sources-{number}"
            files = random_files(sources, count, size)
            rates: Rates = {}
            rounds = Path(name) / f"rounds-{number}"
            for turn in range(options.rounds):
                place = rounds / str(turn)
                place.mkdir(parents=True)
                for row, done, took in _one_round(sealed, files, place, options, opening):
                    rates.setdefault(row, []).append(done * size / 2**20 / took)
            # Not before: some file systems make files slowly after many were deleted.
            shutil.rmtree(rounds)
            what = "opening" if opening else "sealing"
            notes = (*absent(), *_fewer(options.each, count))
            yield Table(f"{what}, {title}", "MiB/s", rates, notes)


def _fewer(each: int, count: int) -> tuple[str, ...]:
    """What a table says of the programs that get fewer files."""
    if each >= count or not shutil.which("age"):
        return ()
    return (f"age, started for each file: the first {each} of {count}",)


def _one_round(
    sealed: Sealed, files: list[Path], place: Path, options: argparse.Namespace, opening: bool
) -> Iterator[tuple[str, int, float]]:
    """Each row, files, and seconds that sealing or opening took, one program after the other."""
    sources, few = files[0].parent, place / "few"
    few.mkdir()
    for path in files[: options.each]:
        (few / path.name).hardlink_to(path)
    sealing = seconds(lambda: sealed.seal(files, options.batch))
    copying = seconds(lambda: copy(sources, place / "copy"))
    if opening:
        copying = seconds(lambda: copy(place / "copy", place / "back"))
        sealing = seconds(lambda: sealed.open(place / "opened"))
        _same(sources, place / "opened")
    yield "cp + fsync", len(files), copying
    yield "archivist", len(files), sealing
    for peer in peers(place / "keys"):
        there, back = place / peer.name, place / f"{peer.name}-back"
        given = few if peer.for_each else sources
        peer.prepare(there)
        took = seconds(lambda: peer.seal(given, there))  # noqa: B023
        if opening:
            took = seconds(lambda: peer.open(there, back))  # noqa: B023
            _same(given, back)
        yield peer.name, len(list(given.iterdir())), took


def _same(sources: Path, opened: Path) -> None:
    """Everything came back as it was, wherever below the folder."""
    back = {path.name: path for path in opened.rglob("*.pdf")}
    for path in sources.iterdir():
        assert filecmp.cmp(path, back[path.name], shallow=False), f"{path.name} came back altered"


# ── heads sealed anew ─────────────────────────────────────────────────────────


def bare_rewrap(bench: Bench, target: Path) -> int:
    """The same heads on one core: read, opened, sealed to another key, written and renamed."""
    from archivist import config
    from storage.age.files import seal_header, unlock
    from storage.age.header import Header
    from storage.age.recipients import HybridIdentity
    from storage.counterparts import Counterparts
    from storage.keys import KeyRing
    from storage.people import People

    beside = Counterparts.beside(house_key(bench, config.load(bench.root).archive_id))
    person = People(bench.root / "keys" / "people").unlock("bench", "bench")
    old = KeyRing(bench.root / "keys" / "grades", beside).open_grade("SECRET", 1, person).identity
    recipient = HybridIdentity.generate().recipient
    target.mkdir()
    count = 0
    for path in (bench.root / "keys" / "records").rglob("R*.head"):
        header = Header.parse(path.read_bytes())
        label = header.of_kind("archivist/label-v1")
        sealed = seal_header(unlock(header, [old]), [recipient], label)
        part = target / f".{path.name}"
        part.write_bytes(sealed)
        part.rename(target / path.name)
        count += 1
    return count


def bench_rotate(options: argparse.Namespace) -> Iterator[Table]:
    """A whole `key rotate`, durable and in the ledger, against bare re-wrapping of its heads."""
    ours: list[float] = []
    bare: list[float] = []
    peak_mib = 0
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            bench = Bench(Path(name))
            filed_heads(bench, options.records)
            started = time.perf_counter()
            assert bare_rewrap(bench, bench.folder / "bare") == options.records
            bare.append(options.records / (time.perf_counter() - started))
            started = time.perf_counter()
            bench.run("key", "rotate", "SECRET")
            ours.append(options.records / (time.perf_counter() - started))
            peak_mib = bench.peak_mib
    yield Table(f"rotation, {options.records} records (peak {peak_mib} MiB)", "heads/s",
           {"bare": bare, "key rotate": ours})  # fmt: skip


# ── backups ───────────────────────────────────────────────────────────────────


def backup_steps(bench: Bench) -> dict[str, Callable[[], object]]:
    """Two snapshots and a proof, each behind the bare work of the same kind."""
    dest, copy = bench.folder / "stick", bench.folder / "copy"

    def copied() -> None:
        for part in ("store", "keys/records"):
            shutil.copytree(bench.root / part, copy / part)
        subprocess.run(["sync", "-f", copy], check=True)

    def hashed() -> None:
        for path in filter(Path.is_file, dest.rglob("*~*")):
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256")

    return {
        "copy and sync": copied,
        "first snapshot": lambda: bench.run("backup", "create", str(dest)),
        "nothing new": lambda: bench.run("backup", "create", str(dest)),
        "hashlib": hashed,
        "verify": lambda: bench.run("backup", "verify", str(dest)),
    }


def bench_backup(options: argparse.Namespace) -> Iterator[Table]:
    """Whole commands, durable and in the ledger, on the disk that the archive lies on."""
    rates: dict[str, list[float]] = {}
    peak_mib = 0
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            bench = Bench(Path(name))
            filed_heads(bench, options.records, options.kilobytes * 1000)
            for title, step in backup_steps(bench).items():
                rates.setdefault(title, []).append(options.records / seconds(step))
            peak_mib = bench.peak_mib
    title = f"backup, {options.records} records of {options.kilobytes} kB (peak {peak_mib} MiB)"
    yield Table(title, "records/s", rates)
