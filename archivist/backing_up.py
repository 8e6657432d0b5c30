"""Making a backup: one more snapshot of the archive in the folder of a backup, while it is in use.

Owns the order of the steps, and the act `backup`. What the folder looks like: `storage.backups`;
what belongs in it: `archivist.named` and `archivist.waiting_scans`.

    1. the scans that wait are sealed and copied, nobody being held up
    2. under the lock, for a moment: the ledger is published and its changing files are read; a scan
       that came meanwhile is sealed too. THE MOMENT that the snapshot is of.
    3. without the lock: every file that entries up to then name is copied, compared as it passes
    4. lists, then the manifest: from here on the snapshot is there
    5. the entry that names it

Rules it keeps:
- Nobody can file, settle or destroy a scan during step 2 unseen: the end of a scan is an entry. So
  each scan is either named by the ledger of the snapshot, or among its waiting scans.
- A head that a rotation exchanged since, a body that was sealed anew or destroyed: then the moment
  is over, and steps 2 and 3 are done again, for the last time while nobody writes. What does not
  fit then is damage; the snapshot is made without it and says so.
- What was destroyed is removed from every snapshot; what those held of it opened with nothing.
- No private half of a key, no person's identity, no grant of a loan and no shadow goes into it.
- A folder that knows a later or another history of this archive gets nothing more: the archive was
  put back or cut, and the folder is the witness of that.

    made = create(archive, Path("/media/stick/backup"), now, "station")
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archivist import waiting_scans
from archivist.archive import Archive
from archivist.config import FILE_NAME
from archivist.errors import BadRequest
from archivist.named import Named, blocks, changes, check_public, destroyed, public
from archivist.records import Entry, timestamp
from archivist.regulations import ADOPTED
from archivist.snapshots import Manifest
from archivist.waiting_scans import Scan
from index.replay import Replay
from storage import durable
from storage.backups import Medium, Stored
from storage.children import cores
from storage.copying import Copying, Done, Job
from storage.errors import Damaged, DiskFailed, Missing, Occupied
from storage.ledger_findings import ROLLBACK, Finding, LedgerDamaged
from storage.ledger_strays import TEMPORARY

Reach = Callable[[int, int], None]
TURNS = 3  # without the lock; one more with it
LOOKS = 5


@dataclass(frozen=True, slots=True)
class Made:
    """A snapshot that was made; `copied` files were not in the backup before, and `removed` ones
    belonged to destroyed records."""

    snapshot: str
    manifest: str
    entries: int
    files: int
    size_bytes: int
    scans: int
    copied: int
    copied_bytes: int
    left_out: int
    lacking: tuple[str, ...]
    first: bool
    removed: int


@dataclass(frozen=True, slots=True)
class _Moment:
    """What had to be read while nobody wrote."""

    size: int
    checkpoint: str
    ledger: tuple[Stored, ...]
    tiles: tuple[str, ...]
    scans: tuple[tuple[str, str], ...]
    layers: tuple[tuple[str, int], ...]


def create(
    archive: Archive,
    dest: Path,
    now: datetime,
    who: str,
    reach: Reach = lambda done, total: None,
) -> Made:
    """Make one more snapshot. Raises BadRequest for a folder that cannot be one, Busy,
    LedgerDamaged where the backup knows another history, DiskFailed (ENOSPC too)."""
    _refuse_place(archive, dest)
    archive.follow()
    medium = _medium(archive, dest)
    with (
        medium.alone(),
        tempfile.TemporaryDirectory(prefix="archivist-") as folder,
        Replay.beside(Path(folder)) as replay,
    ):
        first = _same_history(archive, medium) is None
        run = _Run(archive, medium, replay, now, who, reach)
        medium.begin(f"{_time(now)}-{archive.ledger.size}")
        run.seal_scans()
        manifest = run.made()
        raw = manifest.signed(archive.house)
        medium.finish(manifest.snapshot, raw)
        # Behind the manifest that says so: an earlier snapshot lacks from here on what is gone.
        removed = medium.remove_destroyed(manifest.destroyed)
    digest = hashlib.sha256(raw).hexdigest()
    made = Made(manifest.snapshot, digest, manifest.head.size, manifest.files, manifest.size_bytes,
                len(manifest.scans), medium.copied, medium.copied_bytes, run.left_out,
                manifest.lacking, first, removed)  # fmt: skip
    with archive.writing(now, who) as desk:
        desk.say("backup", {"archive": archive.settings.archive_id}, step="create",
                 snapshot=made.snapshot, manifest=digest, entries=made.entries,
                 files=made.files, size_bytes=made.size_bytes, scans=made.scans,
                 lacking=len(made.lacking))  # fmt: skip
        desk.append()
    archive.follow()
    return made


def record_proof(
    archive: Archive, snapshot: str, manifest: str, findings: int, now: datetime, who: str
) -> None:
    """Say that a snapshot was verified, with how many findings. Raises Busy."""
    archive.follow()
    with archive.writing(now, who) as desk:
        desk.say("backup", {"archive": archive.settings.archive_id}, step="verify",
                 snapshot=snapshot, manifest=manifest, findings=findings)  # fmt: skip
        desk.append()
    archive.follow()


def last(archive: Archive) -> tuple[Entry | None, Entry | None]:
    """The newest entry on a backup, and the newest on a proof of one that found nothing."""
    made = proof = None
    for entry in archive.entries_of(archive.settings.archive_id):
        if entry.act == "backup" and entry.fields["step"] == "create":
            made = entry
        elif entry.act == "backup" and not entry.fields["findings"]:
            proof = entry
    return made, proof


def _refuse_place(archive: Archive, dest: Path) -> None:
    place, root = dest.resolve(), archive.root.resolve()
    if place.is_relative_to(root) or root.is_relative_to(place):
        raise BadRequest(
            "备份不能放在档案库目录内，也不能包含它",
            "a backup must not lie inside the archive folder, nor around it",
            "请放到另一块介质上", "put it on another medium",
        )  # fmt: skip


def _medium(archive: Archive, dest: Path) -> Medium:
    try:
        return Medium.begun(dest, archive.settings.archive_id, archive.settings.vkey)
    except Occupied as error:
        raise BadRequest(
            f"{dest} 里有别的内容，或是别的档案库的备份",
            str(error),
            "请另选一个空目录", "choose an empty folder",
        ) from None  # fmt: skip


def _same_history(archive: Archive, medium: Medium) -> Manifest | None:
    """The newest snapshot, whose ledger is the beginning of this one. Raises LedgerDamaged."""
    newest, ledger = _newest(medium), archive.ledger
    if newest is None:
        return None
    head = newest.head
    if head.size > ledger.size:
        told = f"holds {ledger.size} entries, the backup saw {head.size}"
        raise LedgerDamaged(Finding(ROLLBACK, "journal", told))
    if ledger.root_at(head.size) != head.root:
        told = f"differs from what the backup saw at {head.size} entries"
        raise LedgerDamaged(Finding(ROLLBACK, "journal", told))
    return newest


@dataclass(frozen=True, slots=True)
class _Block:
    """One list in the making: `found` in the backup, with sizes, and `lacking` there."""

    title: str
    found: dict[Stored, int]
    lacking: list[tuple[Named, Job]]


class _Run:
    """One snapshot in the making."""

    def __init__(
        self,
        archive: Archive,
        medium: Medium,
        replay: Replay,
        now: datetime,
        who: str,
        reach: Reach,
    ) -> None:
        self._archive = archive
        self._medium = medium
        self._replay = replay
        self._now = now
        self._who = who
        self._reach = reach
        self._layers: list[tuple[str, int]] = []
        self._marks: dict[tuple[str, bytes, tuple[int, ...]], str] = {}
        newest = _newest(medium)
        sealed = _listed(medium, newest, "scans")
        self._sealed = {one.path.rpartition("/")[2]: one for one in sealed}
        self._tiles = {one.path: one for one in _listed(medium, newest, "ledger")}
        self._alone = False
        self._doubtful: list[str] = []
        self.left_out = 0

    def made(self) -> Manifest:
        """The manifest of a snapshot whose files and lists are all durable."""
        for _ in range(TURNS):
            with self._archive.writing(self._now, self._who):
                moment = self._moment()
            manifest = self._copied(moment)
            if not self._doubtful:
                return manifest
        with self._archive.writing(self._now, self._who):
            self._alone = True
            return self._copied(self._moment())

    # ── the moment ────────────────────────────────────────────────────────────

    def _moment(self) -> _Moment:
        """Call it with the lock held."""
        ledger, root = self._archive.ledger, self._archive.root / "ledger"
        ledger.publish()
        tiles, changing = _ledger_files(root)
        kept = tuple(
            self._kept_bytes(f"ledger/{where}", durable.read_bytes(root / where))
            for where in changing
        )
        scans = self.seal_scans()
        return _Moment(
            ledger.size, ledger.checkpoint, kept, tiles, tuple(scans), tuple(self._layers)
        )

    def seal_scans(self) -> list[tuple[str, str]]:
        """Seal every scan that waits and is not in the backup yet: (place, name there)."""
        layers = waiting_scans.layers_of(self._archive)
        if layers != self._layers:
            self._layers = layers
            self._marks.clear()
        for _ in range(LOOKS):
            found, moved = [], False
            self.left_out = 0
            for scan in waiting_scans.look(self._archive):
                try:
                    found.append((scan.place, self._seal(scan, layers).name))
                except Missing:
                    moved = True  # to its next place: look there
                except Damaged:
                    self.left_out += 1
            if not moved:
                break
        return found

    def _seal(self, scan: Scan, layers: waiting_scans.Layers) -> Stored:
        info = _stat(scan.path)
        key = (scan.place, scan.inner, (info.st_ino, info.st_size, info.st_mtime_ns))
        if key not in self._marks:
            self._marks[key] = waiting_scans.mark_of(self._archive, scan, layers)
        name = f"{self._marks[key]}.age"
        if name not in self._sealed:
            pieces = waiting_scans.sealed(self._archive, scan, layers)
            self._sealed[name] = self._medium.add(f"{waiting_scans.FOLDER}/{name}", pieces)
        return self._sealed[name]

    # ── copying ───────────────────────────────────────────────────────────────

    def _copied(self, moment: _Moment) -> Manifest:
        archive, medium, replay = self._archive, self._medium, self._replay
        replay.apply(changes(archive.ledger, replay.applied, moment.size), "")
        self._doubtful = []
        lists: dict[str, Stored] = {}
        files = size_bytes = done = 0
        for title, found in self._lists(moment):
            lists[title] = medium.add_list(title, list(found))
            files += len(found)
            size_bytes += sum(found.values())
            done += sum(1 for one in found if one.path.endswith(".head"))
            self._reach(done, replay.record_count())
        return Manifest(
            archive.settings.archive_id, archive.settings.vkey,
            f"{_time(self._now)}-{moment.size}", timestamp(self._now), moment.checkpoint,
            {title: one.sha256 for title, one in lists.items()}, moment.layers, moment.scans,
            tuple(destroyed(archive.ledger, replay)), tuple(sorted(self._doubtful)), files,
            size_bytes,
        )  # fmt: skip

    def _lists(self, moment: _Moment) -> Iterator[tuple[str, dict[Stored, int]]]:
        """Every list: its title, and its files with their sizes."""
        with Copying(cores()) as work:
            for block, told in work.copied(self._blocks()):
                for (named, job), done in zip(block.lacking, told, strict=True):
                    stored = self._kept(named, job, done)
                    if stored is not None:
                        other = self._medium.size(stored) if done.failed else None
                        block.found[stored] = other or done.size_bytes
                yield block.title, block.found
        yield "ledger", self._sized([*moment.ledger, *map(self._tile, moment.tiles)])
        by_name = {one.name: one for one in self._sealed.values()}
        scans = [by_name[name] for name in sorted({name for _, name in moment.scans})]
        yield "scans", self._sized(scans)
        yield "settings", self._sized(self._settings())

    def _sized(self, files: Iterable[Stored]) -> dict[Stored, int]:
        return {one: self._medium.size(one) or 0 for one in files}

    def _blocks(self) -> Iterator[tuple[_Block, list[Job]]]:
        """What is there already, and the copying of what is not."""
        archive, medium = self._archive, self._medium
        for title, files in blocks(archive.vault, archive.ledger, self._replay):
            block = _Block(title, {}, [])
            for named in files:
                stored = Stored(named.path, named.sha256)
                size = medium.size(stored)
                if size is None:
                    job = medium.job(stored, f"{archive.root}/{named.path}")
                    block.lacking.append((named, job))
                else:
                    block.found[stored] = size
            yield block, [job for _, job in block.lacking]

    def _kept(self, named: Named, job: Job, done: Done) -> Stored | None:
        """The copy of a file; None where the archive has none that fits."""
        stored = Stored(named.path, named.sha256)
        try:
            self._medium.took(stored, job, done)
        except (Missing, Damaged):
            if self._alone and named.head is not None:
                return self._rotated(named)
            self._doubtful.append(named.path)
            return None
        return stored

    def _rotated(self, named: Named) -> Stored | None:
        """A head of the key's newest generation, durable before the entry that names it: a crash
        came between. The archive goes by it, so it is the one to keep."""
        assert named.head is not None
        name, label = named.head
        try:
            self._archive.vault.verify_head(name, label, None)
            return self._kept_bytes(named.path, b"".join(self._source(named.path)))
        except (Missing, Damaged):
            self._doubtful.append(named.path)
            return None

    def _tile(self, where: str) -> Stored:
        """A full tile never changes: one that an earlier snapshot holds is not read again."""
        path = f"ledger/{where}"
        known = self._tiles.get(path)
        return known or self._kept_bytes(path, b"".join(self._source(path)))

    def _settings(self) -> Iterator[Stored]:
        """What people and programs read beside the ledger: settings, regulations, public keys."""
        archive = self._archive
        yield self._kept_bytes(FILE_NAME, b"".join(self._source(FILE_NAME)))
        certificates = archive.settings.tsa_certificates
        places = [archive.root / certificates] if certificates else []
        places += sorted((archive.root / "packs").rglob("*.toml"))
        for path in places:
            if path.is_relative_to(archive.root) and path.is_file():
                where = path.relative_to(archive.root).as_posix()
                raw = b"".join(self._source(where))
                if where.startswith(ADOPTED) and hashlib.sha256(raw).hexdigest() != path.stem:
                    self._doubtful.append(where)
                    continue
                yield self._kept_bytes(where, raw)
        for page in public(self._replay):
            try:
                check_public(archive.keys, archive.people, page.row)
                yield self._kept_bytes(page.path, b"".join(self._source(page.path)))
            except (Missing, Damaged):
                self._doubtful.append(page.path)

    def _kept_bytes(self, path: str, raw: bytes) -> Stored:
        stored = Stored(path, hashlib.sha256(raw).hexdigest())
        return stored if self._medium.has(stored) else self._medium.add(path, [raw])

    def _source(self, path: str) -> Iterator[bytes]:
        try:
            yield from durable.read_chunks(self._archive.root / path)
        except DiskFailed as error:
            # A bad block must not keep everything else out of the backup.
            raise Damaged(f"{path} cannot be read: {error}") from error


def _ledger_files(root: Path) -> tuple[tuple[str, ...], list[str]]:
    """Full tiles, and everything else, relative to the ledger; without its lock and leftovers."""
    tiles: list[str] = []
    changing: list[str] = []
    for folder, _, names in os.walk(root):
        for name in names:
            where = Path(folder, name).relative_to(root).as_posix()
            if where == "lock" or TEMPORARY.fullmatch(where):
                continue
            full = where.startswith("tile/") and ".p/" not in where
            (tiles if full else changing).append(where)
    return tuple(sorted(tiles)), sorted(changing)


def _newest(medium: Medium) -> Manifest | None:
    """The newest snapshot whose manifest is whole; `backup verify` names the others."""
    for snapshot in reversed(medium.snapshots()):
        with suppress(Damaged):
            return Manifest.opened(medium.manifest(snapshot), medium.vkey)
    return None


def _listed(medium: Medium, newest: Manifest | None, title: str) -> list[Stored]:
    """What an earlier snapshot lists under a title, as far as it is there."""
    if newest is None or title not in newest.lists:
        return []
    with suppress(Missing, Damaged):
        return [one for one in medium.listed(newest.stored(title)) if medium.has(one)]
    return []


def _stat(path: Path) -> os.stat_result:
    try:
        return path.lstat()
    except FileNotFoundError:
        raise Missing(f"{path.name} is not there any more") from None


def _time(now: datetime) -> str:
    return timestamp(now).replace("-", "").replace(":", "")
