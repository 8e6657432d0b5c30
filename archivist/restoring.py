"""Restoring: an archive from a backup and a recovery bundle, on a machine that has nothing else.

Owns the order of the steps, and the act `restore`:

    1. the bundle is opened and the snapshot chosen; they must belong together
    2. everything is copied beside the place it is meant for, every byte compared as it passes, and
       held against the ledger
    3. the waiting scans are opened and put back where they waited
    4. the house key goes to its place, unless it is there
    5. the ledger goes on: this archive was restored, from which snapshot; somebody gets new keys
    6. catalogue and full text are made
    7. settings are written; the folder gets its name. From here on there is an archive.

Rules it keeps:
- Whatever stops it before step 7 leaves no archive, and may be repeated.
- A snapshot with damage is refused, unless whoever restores says that the rest will do; the ledger
  in it must be whole at all events.
- Nobody's old keys come back: a backup holds none. Somebody gets new ones here, the others by
  `key recover`, one by one.
- Who saw more of the ledger than the snapshot holds is named: in the entry and to whoever restores.

    restored = restore(source, target, bundle, sha256, heir, house_key, now)
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archivist import escrow, witnessing
from archivist.archive import Archive
from archivist.backup_proofs import Proof, newest_of, opened_manifest
from archivist.config import FILE_NAME, Settings, load
from archivist.enrolling import role_ids
from archivist.errors import BadRequest
from archivist.escrow import Bundle, Heir
from archivist.founding import FOLDERS
from archivist.indexing import index_keys
from archivist.rebuilding import fill_indexes
from archivist.regulations import policy_of
from archivist.snapshots import Manifest
from archivist.waiting_scans import DROP, opened
from archivist.waiting_scans import FOLDER as SCANS
from storage import durable
from storage.backups import Medium, Stored
from storage.counterparts import Counterparts
from storage.errors import Damaged, Missing, NoKey
from storage.ledger_findings import Finding
from storage.note import vkey
from storage.session import Session

Reach = Callable[[int, int], None]
# What was not whole when the snapshot was made stands in no restore's way.
LACKING = "B-LACKING"
# What the rest of an archive can be restored without.
BEARABLE = frozenset({"B-FILE", "B-NAMED", LACKING})


class NotWhole(Damaged):
    """The snapshot is damaged; nothing was restored."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} files of the snapshot are damaged")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Restored:
    """An archive that is there again; `later` are witnesses who saw more of its ledger."""

    snapshot: str
    made: str
    entries: int
    records: int
    files: int
    size_bytes: int
    scans: int
    shut: int
    findings: tuple[Finding, ...]
    later: tuple[tuple[str, int], ...]
    house_key_put: bool


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be restored from where, and to whom; `bearing` damage."""

    source: Path
    target: Path
    house_key: Path
    counterparts: Counterparts
    snapshot: str | None = None
    bearing: bool = False


def restore(
    order: Order,
    bundle: Bundle,
    sha256: str,
    heir: Heir,
    now: datetime,
    reach: Reach = lambda done, total: None,
) -> Restored:
    """Make the archive. `sha256` is the digest of the bundle's file.

    Raises BadRequest for a place that is not empty or a bundle that does not belong to the
    snapshot, NotWhole, Missing, DiskFailed.
    """
    medium, manifest, digest = _chosen(order, bundle)
    _refuse_place(order)
    with _beside(order.target) as root:
        proof = Proof(medium, manifest, root, lambda path: path != FILE_NAME)
        findings = list(proof.findings(reach))
        settings_raw = _settings(medium, manifest, findings)
        if _unbearable(findings, order.bearing):
            raise NotWhole(findings)
        _lay_out(root)
        scans, shut = _put_scans_back(medium, manifest, bundle, root)
        put = escrow.keep_house_key(bundle, order.house_key)
        archive = _reopened(_loaded(settings_raw, root), bundle, order.counterparts)
        try:
            later = _later(archive, manifest)
            _say(archive, manifest, digest, findings, later, heir.name, now)
            heir = _roles_known(archive, heir)
            log_n = archive.settings.scrypt_log_n
            escrow.recover_person(archive, bundle, sha256, heir, now, log_n)
            _make_indexes(archive, heir, now)
            records = archive.catalogue.record_count()
            archive.ledger.publish()
        finally:
            archive.close()
        # Until this file is there, there is no archive.
        durable.replace(root / FILE_NAME, settings_raw, 0o644)
        _name(root, order.target)
    return Restored(manifest.snapshot, manifest.made, manifest.head.size, records, proof.files,
                    proof.size_bytes, scans, shut, tuple(findings), later, put)  # fmt: skip


def _chosen(order: Order, bundle: Bundle) -> tuple[Medium, Manifest, str]:
    try:
        medium = Medium.open(order.source)
    except Missing:
        raise BadRequest(
            f"{order.source} 不是备份", f"{order.source} is not a backup",
            "请写备份所在的目录（其中有 backup.json）", "name the folder that holds backup.json",
        ) from None  # fmt: skip
    own = vkey(f"archivist/{bundle.archive_id}", bundle.house.signing_key().public_key())
    if (medium.archive_id, medium.vkey) != (bundle.archive_id, own):
        raise BadRequest(
            "这个恢复包不属于这个备份的档案库",
            "the recovery bundle belongs to another archive than the backup",
        )
    try:
        snapshot = newest_of(medium, order.snapshot)
    except Missing:
        raise BadRequest(
            f"备份中没有快照 {order.snapshot or ''}".rstrip(),
            f"the backup holds no snapshot {order.snapshot or ''}".rstrip(),
            f"其中有：{'、'.join(medium.snapshots()) or '无'}",
            f"there are: {', '.join(medium.snapshots()) or 'none'}",
        ) from None
    # The house's own key, not one that the medium names.
    return medium, *opened_manifest(medium, snapshot, own)


def _refuse_place(order: Order) -> None:
    target = order.target
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise BadRequest(f"{target} 不是空目录", f"{target} is not empty",
                         "请另选一个目录", "choose another")  # fmt: skip
    place, source = target.resolve(), order.source.resolve()
    if place.is_relative_to(source):
        raise BadRequest("不能恢复到备份目录内", "an archive cannot lie inside its backup")
    if order.house_key.absolute().is_relative_to(target.absolute()):
        raise BadRequest("馆钥不能放在档案库目录内",
                         "the house key must not lie inside the archive folder")  # fmt: skip


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder beside the target that nobody takes for an archive; gone when it fails."""
    durable.make_folders(target.parent)
    root = target.with_name(f".{target.name}.restoring")
    if root.exists():
        shutil.rmtree(root)  # of a run that was cut short
    root.mkdir(0o700)
    try:
        yield root
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise


def _settings(medium: Medium, manifest: Manifest, findings: list[Finding]) -> bytes:
    """archive.toml of the snapshot; without it nothing can be restored. Raises NotWhole."""
    try:
        for stored in medium.listed(manifest.stored("settings")):
            if stored.path == FILE_NAME:
                return b"".join(medium.read(stored))
    except (Missing, Damaged, LookupError):
        pass
    raise NotWhole(findings or [Finding("B-NAMED", FILE_NAME, "is not in the snapshot")])


def _unbearable(findings: list[Finding], bearing: bool) -> bool:
    allowed = BEARABLE if bearing else frozenset({LACKING})
    return any(one.code not in allowed or one.where.startswith("ledger/") for one in findings)


def _lay_out(root: Path) -> None:
    root.chmod(0o700)
    for folder in FOLDERS:
        durable.make_folders(root / folder)


def _loaded(raw: bytes, root: Path) -> Settings:
    """The settings for an archive in `root`, which has no archive.toml yet."""
    with tempfile.TemporaryDirectory(prefix="archivist-") as folder:
        (Path(folder) / FILE_NAME).write_bytes(raw)
        return dataclasses.replace(load(Path(folder)), root=root)


# ── scans that waited ─────────────────────────────────────────────────────────


def _put_scans_back(
    medium: Medium, manifest: Manifest, bundle: Bundle, root: Path
) -> tuple[int, int]:
    """How many scans wait again, and how many are shut: sealed to a key that is no more."""
    keys = {(key.key_id, key.generation): key.identity for key in bundle.keys}
    there = {one.name: one for one in _listed(medium, manifest)}
    done = shut = 0
    for place, name in manifest.scans:
        try:
            stored = there.get(name) or _missing(name)
            inner, pieces = opened(
                medium.read(stored), bundle.house.identity(), keys, manifest.layers
            )
            path = root / _place(place) / Path(*_parts(inner))
            durable.make_folders(path.parent)
            durable.replace(path, pieces, 0o600)
            done += 1
        except (Missing, NoKey, Damaged):
            shut += 1
    return done, shut


def _listed(medium: Medium, manifest: Manifest) -> list[Stored]:
    try:
        return medium.listed(manifest.stored(SCANS))
    except (Missing, Damaged):
        return []


def _missing(name: str) -> Stored:
    raise Missing(f"{name} is not there")


def _place(place: str) -> Path:
    path = Path(place)
    if path.is_absolute() or ".." in path.parts or path.parts[0] not in (DROP, "work", "trays"):
        raise Damaged("a scan of the snapshot lay at a place that cannot be")
    return path


def _parts(inner: bytes) -> list[str]:
    return [part.decode("utf-8", "surrogateescape") for part in inner.split(b"/")]


# ── the archive goes on ───────────────────────────────────────────────────────


def _reopened(settings: Settings, bundle: Bundle, counterparts: Counterparts) -> Archive:
    try:
        return escrow.reopened(settings, bundle, counterparts)
    except BadRequest as error:
        raise BadRequest(
            f"{error.zh}：恢复包与快照不是同一时期的",
            f"{error.en}: bundle and snapshot are of two times",
            "请用轮换之后的快照和轮换之后的恢复包（--snapshot 指明快照）",
            "take a snapshot and a bundle that were both made since the last rotation "
            "(--snapshot names one)",
        ) from None  # fmt: skip


def _roles_known(archive: Archive, heir: Heir) -> Heir:
    """Roles by their ids, as the regulations in force know them. Raises UnknownName, BadRequest."""
    if archive.catalogue.person(heir.name) is not None:
        return heir
    policy = policy_of(archive.settings, archive.catalogue)
    return dataclasses.replace(heir, roles=role_ids(policy, heir.roles))


def _later(archive: Archive, manifest: Manifest) -> tuple[tuple[str, int], ...]:
    seen, _, _ = witnessing.seen_by_folders(archive)
    return tuple(
        (one.who.removeprefix("witness "), one.size)
        for one in seen
        if one.size > manifest.head.size
    )


def _say(
    archive: Archive,
    manifest: Manifest,
    digest: str,
    findings: list[Finding],
    later: tuple[tuple[str, int], ...],
    who: str,
    now: datetime,
) -> None:
    with archive.writing(now, who) as desk:
        desk.say("restore", {"archive": archive.settings.archive_id}, snapshot=manifest.snapshot,
                 manifest=digest, entries=manifest.head.size, root=manifest.head.root.hex(),
                 findings=len(findings), witnesses=dict(later))  # fmt: skip
        desk.append()
    archive.follow()


def _make_indexes(archive: Archive, heir: Heir, now: datetime) -> None:
    person = archive.people.unlock(heir.name, heir.passphrase)
    policy = policy_of(archive.settings, archive.catalogue)
    keys = index_keys(archive, policy, person)
    session = Session(heir.name, now, person.identity.secret, person.signing_seed, keys)
    fill_indexes(archive, session, person)


def _name(root: Path, target: Path) -> None:
    """MUST be the last step: what bears the name is whole."""
    if target.exists():
        target.rmdir()
    durable.move(root, target)
