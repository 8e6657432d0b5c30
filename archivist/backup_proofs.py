"""Proving a snapshot: every byte of it against its lists, and every file against the ledger in it.

Owns the codes by which a backup's damage is named. No key is needed, nor the archive:

    B-MANIFEST  the manifest of the snapshot is missing, altered, or not signed by the archive
    B-LIST      a list of files is missing or altered
    B-FILE      a file is missing, or does not hold the bytes that were written
    B-NAMED     the ledger names a file that is not in the snapshot
    B-LACKING   a file was damaged in the archive already when the snapshot was made
    L-…         the ledger in the snapshot: see `storage.ledger_findings`

Rules it keeps:
- One pass over the bytes. What is to be kept of them is laid down while they pass: for a proof only
  the ledger and the public keys, for a restore everything.
- A file of a record that was destroyed since is missing rightly: the newest manifest names it.
- What the lists say is not believed: the ledger is verified by itself, replayed, and what it names
  is looked for in the lists.

    proof = Proof(medium, manifest, folder, lambda path: path.startswith("ledger/"))
    findings = list(proof.findings(reach))
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archivist.named import Named, Public, blocks, changes, check_public, public
from archivist.snapshots import Manifest
from archivist.waiting_scans import FOLDER as SCANS
from index.replay import Replay
from storage import durable
from storage.backups import Medium, Stored, text_of
from storage.children import cores
from storage.copying import Copying, Done, Job
from storage.errors import Damaged, Missing, StorageError
from storage.keys import KeyRing
from storage.ledger import Ledger
from storage.ledger_audit import verify as verify_ledger
from storage.ledger_findings import Finding
from storage.people import People
from storage.vault import Vault

Reach = Callable[[int, int], None]
Keep = Callable[[str], bool]
_Listed = list[tuple[Stored, Job]]
TOGETHER_FILES = 1024  # read before the next are looked for
FLUSHED_FILES = 4096
# Beginning of a path → mode of the file; whatever stands in no row is written once.
MODES = (("ledger/journal/", 0o600), ("ledger/checkpoint", 0o644), ("packs/", 0o600),
         ("archive.toml", 0o644), ("keys/people/", 0o644))  # fmt: skip


def for_proof(path: str) -> bool:
    """What a proof needs on a disk: the ledger and the public keys."""
    return path.startswith(("ledger/", "keys/people/", "keys/grades/"))


def newest_of(medium: Medium, wanted: str | None = None) -> str:
    """The snapshot that is meant: the one named, or the newest. Raises Missing."""
    known = medium.snapshots()
    if not known or wanted not in (None, *known):
        raise Missing(f"there is no snapshot {wanted or ''}".rstrip())
    return wanted or known[-1]


class Proof:
    """One snapshot being proved, and laid down below `root` as far as `keep` wants it; flushed
    where it is `lasting`."""

    def __init__(
        self, medium: Medium, manifest: Manifest, root: Path, keep: Keep, *, lasting: bool = True
    ) -> None:
        self._lasting = lasting
        self._medium = medium
        self._manifest = manifest
        self._root = root
        self._keep = keep
        self._newest = _newest(medium, manifest)
        self._beside: list[tuple[Path, Path]] = []
        self._folders: set[str] = set()
        self._unsynced: list[Path] = []
        self.files = 0
        self.size_bytes = 0
        self.destroyed = 0
        self.ledger_ok = False

    def findings(self, reach: Reach = lambda done, total: None) -> Iterator[Finding]:
        """Everything that is wrong with the snapshot. Raises DiskFailed for what cannot be
        written; what cannot be read is a finding."""
        with Copying(cores()) as work:
            for (title, listed), told in work.copied(self._batches()):
                if listed is None:
                    where = self._manifest.stored(title).name
                    yield Finding("B-LIST", where, "is missing or was altered")
                for (stored, job), done in zip(listed or (), told, strict=True):
                    yield from self._passed(stored, job, done)
                reach(self.files, self._manifest.files)
        self.flush()
        found = list(self._ledger())
        self.ledger_ok = not found
        yield from found
        for path in self._manifest.lacking:
            yield Finding("B-LACKING", path, "was damaged in the archive already")
        if self.ledger_ok:
            yield from self._named()

    def flush(self) -> None:
        """Make everything laid down so far durable."""
        durable.put_in_place(self._beside)
        if self._lasting:
            durable.sync_folders(self._unsynced)
        self._unsynced.clear()
        self._beside.clear()

    # ── bytes ─────────────────────────────────────────────────────────────────

    def _batches(self) -> Iterator[tuple[tuple[str, _Listed | None], list[Job]]]:
        """Each list, None for one that cannot be read, and the reading of its files."""
        for title in self._manifest.lists:
            files = self._listed(title)
            if files is None:
                yield (title, None), []
                continue
            for at in range(0, len(files), TOGETHER_FILES):
                listed = [(one, self._job(one)) for one in files[at : at + TOGETHER_FILES]]
                yield (title, listed), [job for _, job in listed]

    def _job(self, stored: Stored) -> Job:
        source = f"{self._medium.root}/{stored.name}"
        if not self._keep(stored.path) or stored.path.startswith(f"{SCANS}/"):
            return Job(source, stored.sha256)
        path = f"{self._root}/{stored.path}"
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            self._unsynced += durable.make_folders(Path(folder), sync=False)
            self._folders.add(folder)
        beside = durable.name_beside(path) if self._lasting else path
        return Job(source, stored.sha256, beside, _mode(stored.path))

    def _passed(self, stored: Stored, job: Job, done: Done) -> Iterator[Finding]:
        self.files += 1
        self.size_bytes += done.size_bytes
        try:
            done.check(stored.name)
        except (Missing, Damaged) as error:
            if self._newest.is_destroyed(stored.path):
                self.destroyed += 1
            else:
                yield Finding("B-FILE", stored.name, str(error))
            return
        if job.beside and self._lasting:
            self._beside.append((self._root / stored.path, Path(job.beside)))
            if len(self._beside) >= FLUSHED_FILES:
                self.flush()

    def _listed(self, title: str) -> list[Stored] | None:
        with suppress(Missing, Damaged):
            return self._medium.listed(self._manifest.stored(title))
        return None

    # ── the ledger and what it names ──────────────────────────────────────────

    def _ledger(self) -> Iterator[Finding]:
        head = self._manifest.head
        # Nobody writes to it: it lies in a folder of our own.
        report = verify_ledger(self._root / "ledger", self._manifest.vkey,
                               against=[(head.size, head.root)], locked=True)  # fmt: skip
        yield from report.findings
        if report.ok and report.size != head.size:
            yield Finding("B-MANIFEST", self._manifest.snapshot, "is of another moment")

    def _named(self) -> Iterator[Finding]:
        ledger = Ledger.open(self._root / "ledger", self._manifest.vkey)
        with (
            tempfile.TemporaryDirectory(prefix="archivist-") as folder,
            Replay.beside(Path(folder)) as replay,
        ):
            replay.apply(changes(ledger, 0, ledger.size), "")
            for title, named in blocks(Vault(self._root), ledger, replay):
                yield from self._block(title, named)
            for page in public(replay):
                yield from self._public(page)

    def _block(self, title: str, named: list[Named]) -> Iterator[Finding]:
        there: dict[str, Stored] = {}
        if title in self._manifest.lists:
            text = text_of(Stored(one.path, one.sha256) for one in named)
            if hashlib.sha256(text).hexdigest() == self._manifest.lists[title]:
                return  # nearly always: it lists these files, and nothing else
            found = self._listed(title)
            if found is None:
                return  # named as B-LIST
            there = {stored.path: stored for stored in found}
        for one in named:
            stored = there.get(one.path)
            if one.path in self._manifest.lacking or (stored and self._fits(stored, one)):
                continue
            yield Finding("B-NAMED", one.path, "is named by the ledger and not in the snapshot")

    def _fits(self, stored: Stored, named: Named) -> bool:
        """The bytes the ledger names; or the head that a rotation put in their place, which a
        crash kept from being named."""
        if stored.sha256 == named.sha256:
            return True
        if named.head is None:
            return False
        name, label = named.head
        try:
            head = b"".join(self._medium.read(stored))
            Vault(self._root).check_label(name, head, label)
        except StorageError:
            return False
        return True

    def _public(self, page: Public) -> Iterator[Finding]:
        if page.path in self._manifest.lacking:
            return
        keys, people = KeyRing(self._root / "keys" / "grades"), People(self._root / "keys/people")
        try:
            check_public(keys, people, page.row)
        except (Missing, Damaged):
            yield Finding("B-NAMED", page.path, "is not the one the ledger names")


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof found; without a manifest that holds, nothing else was looked at."""

    manifest: Manifest | None
    sha256: str
    files: int
    size_bytes: int
    destroyed: int
    findings: tuple[Finding, ...]


def proved(medium: Medium, snapshot: str, reach: Reach = lambda done, total: None) -> Proved:
    """Prove one snapshot, and keep nothing of it. Raises Missing for one that is not there."""
    sha256 = hashlib.sha256(medium.manifest(snapshot)).hexdigest()
    try:
        manifest, _ = opened_manifest(medium, snapshot, medium.vkey)
    except Damaged as error:
        return Proved(None, sha256, 0, 0, 0, (Finding("B-MANIFEST", snapshot, str(error)),))
    with tempfile.TemporaryDirectory(prefix="archivist-") as folder:
        proof = Proof(medium, manifest, Path(folder), for_proof, lasting=False)
        findings = tuple(proof.findings(reach))
    return Proved(manifest, sha256, proof.files, proof.size_bytes, proof.destroyed, findings)


def opened_manifest(medium: Medium, snapshot: str, vkey: str) -> tuple[Manifest, str]:
    """A manifest and its digest. Raises Damaged, Missing."""
    raw = medium.manifest(snapshot)
    return Manifest.opened(raw, vkey), hashlib.sha256(raw).hexdigest()


def _newest(medium: Medium, manifest: Manifest) -> Manifest:
    """The newest snapshot that is signed: it knows what was destroyed since this one."""
    for snapshot in reversed(medium.snapshots()):
        with suppress(Damaged, Missing):
            return opened_manifest(medium, snapshot, manifest.vkey)[0]
    return manifest


def _mode(path: str) -> int:
    return next((mode for start, mode in MODES if path.startswith(start)), 0o444)
