"""Exporting a customer's, a dossier's or one record's papers: to its subject, or to whoever may.

Owns the ledger act `export`.

    what the exporter may open is chosen → every file, its metadata, a table of contents and the
    ledger's proofs are written into a folder beside the wanted one → manifests → purpose sealed,
    entry: ids, how many were left out, the digest of the manifest → the entry's own proof is put
    beside the manifest → the folder gets its name

Rules it keeps:
- The right is that of viewing, record by record: whoever does not open a record does not export
  it, and a loan opens nothing here. Where an adopted regulation rules exports, it must let him.
- What was left out is said: how many he does not open, in one number without grades or ids, since
  more would tell of lists; and each that a regulation keeps back, with the clause.
- The entry comes before the folder has its name: whoever has an export has been recorded. Nothing
  half written keeps the wanted name, and a folder with something in it is never touched.
- Of a restricted customer there is an export to himself alone (`for_subject`).
- The manifest's digest stands in the ledger: with the entry's proof an outsider sees that these
  files were exported then, and by whom, without this program.

    export(archive, policy, Wanted("C000001", Path("给本人"), "本人查阅"), li, now).records
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archivist import bags, export_files, loan_rulings, proving
from archivist.archive import KINDS, Archive
from archivist.errors import BadRequest, NotAllowed, NotKnown
from archivist.records import kind_of
from policies import approvals

if TYPE_CHECKING:
    from index.catalogue import Row
    from policies.policy import Policy
    from storage.people import Unlocked

FORMATS = ("folder", "bagit")
PROOF = "export.tlog-proof"  # beside the manifest, which stands in the entry that it proves
TOGETHER = 2000  # ids in one entry, which holds 64 KiB


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported, where to, what for, and whether it is for the person himself."""

    target: str
    folder: Path
    purpose: str
    format: str = "folder"
    for_subject: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What came of it: the records, what was left out, the manifest's digest, the ledger entry."""

    records: tuple[str, ...]
    left_out: tuple[dict[str, Any], ...]
    manifest: str
    entry: int


@dataclass(slots=True)
class _Chosen:
    """The records that go out, and why others do not."""

    rows: list[Row] = field(default_factory=list)
    shut: int = 0
    ruled: list[dict[str, Any]] = field(default_factory=list)

    def left_out(self) -> list[dict[str, Any]]:
        """As the table of contents tells it."""
        shut = [{"reason": "not-open", "records": self.shut}] if self.shut else []
        return [*shut, *self.ruled]


def export(
    archive: Archive,
    policy: Policy,
    wanted: Wanted,
    person: Unlocked,
    now: datetime,
    reach: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:
    """Export a target into a new folder; `reach(done, total)` counts records.

    Raises BadRequest (no purpose, the folder holds something, nothing to export), NotKnown,
    NotAllowed (nothing he may open, a restricted customer), Damaged.
    """
    _check_words(wanted)
    archive.follow()
    kind, row = _target(archive, wanted.target)
    customer = row["id"] if kind == "customer" else row["customer"]
    if not wanted.for_subject:
        archive.check_unrestricted(customer)
    chosen = _choose(archive, policy, _records(archive, kind, row), person)
    if not chosen.rows and (chosen.shut or chosen.ruled or kind != "customer"):
        raise _nothing(chosen)
    scope = export_files.Scope(
        wanted.target, kind, customer, wanted.purpose, wanted.for_subject, now
    )
    beside = Path(tempfile.mkdtemp(prefix=f".{wanted.folder.name[:80]}.", dir=_parent(wanted)))
    try:
        found = _fill(archive, policy, wanted, beside, scope, chosen, person, reach)
        beside.rename(wanted.folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return found


def _fill(
    archive: Archive, policy: Policy, wanted: Wanted, folder: Path,
    scope: export_files.Scope, chosen: _Chosen, person: Unlocked, reach: Callable[[int, int], None],
) -> Exported:  # fmt: skip
    bag = wanted.format == "bagit"
    payload = folder / bags.DATA if bag else folder
    payload.mkdir(exist_ok=True)
    left_out = chosen.left_out()
    export_files.write_all(archive, policy, payload, scope, chosen.rows, left_out, person, reach)
    info = [("Bag-Software-Agent", "archivist"), ("External-Identifier", wanted.target),
            ("External-Description", f"archive {archive.settings.archive_id}")]  # fmt: skip
    day = scope.now.astimezone().date()
    manifest = bags.seal_bag(folder, info, day) if bag else bags.seal_folder(folder)
    entry = _say(archive, wanted, scope, chosen, manifest, person.name)
    proof, _ = proving.prove(archive, entry)
    (folder / PROOF).write_bytes(proof.render())
    ids = tuple(row["id"] for row in chosen.rows)
    return Exported(ids, tuple(left_out), manifest, entry)


def _say(
    archive: Archive,
    wanted: Wanted,
    scope: export_files.Scope,
    chosen: _Chosen,
    manifest: str,
    who: str,
) -> int:
    """The entries: of many records several in one group, the last with the purpose. Its index."""
    subject = {"customer": scope.customer} | (
        {scope.kind: scope.target} if scope.kind != "customer" else {}
    )
    if scope.kind == "record":
        subject["dossier"] = chosen.rows[0]["dossier"]
    ids = [row["id"] for row in chosen.rows]
    groups = [ids[at : at + TOGETHER] for at in range(0, len(ids), TOGETHER)] or [[]]
    common = {"format": wanted.format, "manifest": manifest,
              "for_subject": wanted.for_subject or None}  # fmt: skip
    folder = "/".join(subject[name] for name in ("customer", "dossier") if name in subject)
    with archive.writing(scope.now, who) as desk:
        for group in groups[:-1]:
            desk.say("export", subject, records=group, **common)
        desk.say_with_card(folder, scope.target, {"v": 1, "purpose": wanted.purpose}, "export",
                           subject, records=groups[-1], left_out=chosen.shut + len(chosen.ruled),
                           **common)  # fmt: skip
        entry = archive.ledger.size - 1
    archive.follow()
    return entry


# ── what goes out ─────────────────────────────────────────────────────────────


def _target(archive: Archive, target: str) -> tuple[str, Row]:
    kind = kind_of(target)
    if kind not in KINDS:
        raise NotKnown(
            f"{target} 不是客户、客户档案或档案的编号",
            f"{target} is no customer, dossier or record",
            "如 C000001、D000001 或 R00000001", "as C000001, D000001 or R00000001",
        )  # fmt: skip
    return kind, archive.the(kind, target)


def _records(archive: Archive, kind: str, row: Row) -> list[Row]:
    if kind == "record":
        return [row]
    dossiers = [row] if kind == "dossier" else archive.catalogue.dossiers(row["id"])
    return [record for one in dossiers for record in archive.catalogue.records(one["id"])]


def _choose(archive: Archive, policy: Policy, records: Sequence[Row], person: Unlocked) -> _Chosen:
    chosen = _Chosen()
    dossiers: dict[str, Row] = {}
    for record in records:
        if not _opens(archive, record, person.name):
            chosen.shut += 1
            continue
        dossier = dossiers.setdefault(record["dossier"], archive.the("dossier", record["dossier"]))
        clauses = _kept_back(archive, policy, record, dossier, person.name)
        if clauses is None:
            chosen.rows.append(record)
        else:
            chosen.ruled.append(
                {"reason": "regulation", "record": record["id"], "clauses": list(clauses)}
            )
    return chosen


def _opens(archive: Archive, record: Row, name: str) -> bool:
    if record["generation"] is None:
        return True
    return archive.holds(record["key"], archive.sealed_to(record), name)


def _kept_back(
    archive: Archive, policy: Policy, record: Row, dossier: Row, name: str
) -> tuple[str, ...] | None:
    """The clauses by which this person does not export a record, or None where he may.

    Where no regulation speaks of exports the right to view is enough. One step is his own where he
    holds its role; several people's yes cannot be had in one command.
    """
    reader = loan_rulings.reader_here(archive, policy, name, dossier)
    decision = approvals.decide(
        policy,
        approvals.Request("export", record["grade"], reader.relation, record["type"],
                          dossier["type"], roles=reader.roles),
    )  # fmt: skip
    if not decision.allowed:
        assert decision.why is not None
        return None if decision.why.code == "no-rule" else decision.clauses
    roles = set(reader.roles)
    if len(decision.steps) > 1 and decision.separate:
        return decision.clauses
    held = all(roles & set(step.means) for step in decision.steps)
    return None if decision.free or held else decision.clauses


# ── refusals ──────────────────────────────────────────────────────────────────


def _parent(wanted: Wanted) -> Path:
    return wanted.folder.absolute().parent


def _check_words(wanted: Wanted) -> None:
    """Said before anything is written: an export that has no place helps nobody."""
    assert wanted.format in FORMATS
    folder = wanted.folder
    if not wanted.purpose.strip():
        raise BadRequest("请用 --purpose 写明用途", "say what for with --purpose TEXT")
    if not _parent(wanted).is_dir():
        raise BadRequest(f"没有目录 {_parent(wanted)}", f"there is no folder {_parent(wanted)}")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BadRequest(f"{folder} 已经存在", f"{folder} exists already")
    if folder.is_dir() and any(folder.iterdir()):
        raise BadRequest(
            f"{folder} 不是空目录", f"{folder} is not empty",
            "请写一个还没有的目录名", "name a folder that is not there yet",
        )  # fmt: skip


def _nothing(chosen: _Chosen) -> BadRequest | NotAllowed:
    if not chosen.shut and not chosen.ruled:
        return BadRequest("其中还没有资料", "there is nothing in it to export")
    clauses = "、".join(dict.fromkeys(c for one in chosen.ruled for c in one["clauses"]))
    if clauses:
        return NotAllowed(
            f"制度不允许您导出其中的资料（{clauses}）",
            f"the regulations do not let you export any of it ({clauses})",
        )
    return NotAllowed("其中的资料您都无权打开", "you open none of the records in it")
