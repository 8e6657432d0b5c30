"""`archivist backup`: snapshots on another medium, their proof, and the way back.

`create` adds a snapshot to a backup, while the station goes on; `verify` proves one, without keys;
`restore` makes an archive from a snapshot and a recovery bundle on a machine that has neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archivist import backing_up, backup_proofs, escrow, restoring
from archivist.cli.door import (
    DAMAGE,
    DONE,
    FINDINGS,
    Call,
    ask_escrow_passphrase,
    ask_new_passphrase,
    common_options,
    counterparts_of,
    house_key_path,
    now,
    pass_call,
)
from archivist.cli.labels import local_time
from archivist.cli.progress import Progress
from archivist.cli.say import counted, note, say, table
from archivist.cli.spoken import ENTRY, group, option, several
from archivist.errors import BadRequest, KeyNeeded, NoArchive
from storage import backups
from storage.errors import DiskFailed, Missing

if TYPE_CHECKING:
    from archivist.restoring import Restored
    from storage.ledger_findings import Finding

BUNDLE = (
    "现用密钥尚未全部托管；没有恢复包，备份无法恢复：archivist key escrow -o 文件",
    "not every current key is in a recovery bundle, and without one no backup can be restored: "
    "archivist key escrow -o FILE",
)


@group("backup", zh="备份：制作、核验、恢复。")
def backup_command() -> None:
    """Backups: create, verify, restore."""


@backup_command.command(
    "create", zh="在 DEST 备份档案库，只复制尚未备份过的文件；归档可照常进行。\n\n"
    "备份中没有私钥，也没有目录和索引；待处理的扫描件加密存放。恢复时另需恢复包。",
    changes=(f"DEST；{ENTRY[0]}", f"DEST; {ENTRY[1]}"),
    never=("档案；以前的快照", "the archive; earlier snapshots"),
    exits=(0, 1, 2, 4, 10, 11, 12, 13),
)  # fmt: skip
@click.argument("dest", type=click.Path(file_okay=False, path_type=Path))
@common_options
@pass_call
def create(call: Call, dest: Path) -> int:
    """Add a snapshot of the archive to the backup in the folder DEST; filing goes on meanwhile.

    Only files that DEST does not hold are copied. No private key is among them, nor catalogue and
    indexes; scans that wait are sealed. To restore it a recovery bundle is needed as well.
    """
    who = call.who
    archive = call.archive
    with Progress(say("备份", "backing up")) as bar:
        try:
            made = backing_up.create(archive, dest, now(), who, bar.reach)
        except DiskFailed as error:
            _tell_unfinished(error)
            raise
    result = {
        "snapshot": made.snapshot, "manifest": made.manifest, "entries": made.entries,
        "files": made.files, "size_bytes": made.size_bytes, "scans": made.scans,
        "copied": made.copied, "copied_bytes": made.copied_bytes, "left_out": made.left_out,
        "removed": made.removed, "lacking": list(made.lacking),
    }  # fmt: skip
    call.emit(result, say(
        f"快照 {made.snapshot}：{made.files} 个文件，新复制 {made.copied} 个"
        f"（{made.copied_bytes / 1e6:.1f} MB），待处理扫描件 {made.scans} 件\n"
        f"清单 SHA-256 {made.manifest}",
        f"snapshot {made.snapshot}: {counted(made.files, 'file')}, {made.copied} copied now "
        f"({made.copied_bytes / 1e6:.1f} MB), {counted(made.scans, 'waiting scan')}\n"
        f"manifest SHA-256 {made.manifest}"))  # fmt: skip
    _tell_made(call, made)
    return DAMAGE if made.lacking else DONE


def _tell_unfinished(error: DiskFailed) -> None:
    if error.disk_full:
        note(say("备份介质已满。以前的快照完好；腾出空间或换一块介质后再次运行，已复制的不再复制。",
                 "the backup's medium is full. Earlier snapshots are whole; make room or take "
                 "another medium and run again: what is copied already stays copied."))  # fmt: skip
    else:
        note(say("快照没有完成。以前的快照完好；再次运行即可接着复制。",
                 "the snapshot was not finished. Earlier snapshots are whole; run it again and it "
                 "goes on."))  # fmt: skip


def _tell_made(call: Call, made: backing_up.Made) -> None:
    if made.first:
        note(say("这是该处的第一份快照；如果本应有以前的，请检查介质是否已挂载。",
                 "this is the first snapshot there; if there should be earlier ones, see whether "
                 "the medium is mounted"))  # fmt: skip
    if made.removed:
        note(say(f"已从各快照中删去已销毁档案的 {made.removed} 个文件",
                 f"{counted(made.removed, 'file')} of destroyed records removed from every "
                 "snapshot"))  # fmt: skip
    if made.left_out:
        note(say(f"{made.left_out} 件扫描件正在写入或不是普通文件，没有备份",
                 f"{counted(made.left_out, 'scan')} left out: being written to, or no plain "
                 "file"))  # fmt: skip
    for path in made.lacking:
        note(say(f"已损坏，没有备份：{path}", f"damaged, not in the snapshot: {path}"))
    if not escrow.complete(call.archive):
        note(say(*BUNDLE))


@backup_command.command(
    "verify", zh="核验 DEST 中的备份：每个字节对照清单和其中的台账；不需要任何密钥。\n\n"
    "在档案库内运行，且馆钥在位时，结果记入台账。",
    changes=("台账可能增加一条", "perhaps one ledger entry"),
    never=("备份", "the backup"), exits=(0, 2, 11, 13),
)  # fmt: skip
@click.argument("dest", type=click.Path(file_okay=False, path_type=Path))
@option("--snapshot", metavar="ID", zh="核验这个快照；不写则为最新的。",
        help="This snapshot; else the newest.")  # fmt: skip
@common_options
@pass_call
def verify(call: Call, dest: Path, snapshot: str | None) -> int:
    """Verify the backup in DEST: every byte against its lists and the ledger in it; no key needed.

    Within the archive, and where the house key is, the ledger gets an entry about it.
    """
    medium, wanted = _found(dest, snapshot)
    with Progress(say("核验备份", "verifying")) as bar:
        proof = backup_proofs.proved(medium, wanted, bar.reach)
    damage = [one for one in proof.findings if one.code != "B-LACKING"]
    recorded = proof.manifest is not None and _record(call, medium, wanted, proof.sha256, damage)
    result = {
        "snapshot": wanted, "snapshots": medium.snapshots(), "unfinished": medium.unfinished(),
        "made": proof.manifest.made if proof.manifest else None, "manifest": proof.sha256,
        "files": proof.files, "size_bytes": proof.size_bytes, "destroyed": proof.destroyed,
        "ok": not damage,
        "recorded": recorded,
        "findings": [{"code": f.code, "where": f.where, "message": f.message}
                     for f in proof.findings],
    }  # fmt: skip
    call.emit(result, lambda: _shown(result))
    return DAMAGE if damage else DONE


def _found(dest: Path, snapshot: str | None) -> tuple[backups.Medium, str]:
    try:
        medium = backups.Medium.open(dest)
        return medium, backup_proofs.newest_of(medium, snapshot)
    except Missing:
        raise BadRequest(
            f"{dest} 中没有这样的备份或快照", f"{dest} holds no such backup or snapshot",
            "请写备份所在的目录（其中有 backup.json），快照见 snapshots/",
            "name the folder that holds backup.json; its snapshots are in snapshots/",
        ) from None  # fmt: skip


def _record(
    call: Call, medium: backups.Medium, snapshot: str, sha256: str, damage: list[Finding]
) -> bool:
    """Say in the ledger that it was verified, where this is the archive and its key is here."""
    try:
        if call.settings.archive_id != medium.archive_id:
            return False
        backing_up.record_proof(call.archive, snapshot, sha256, len(damage), now(), "station")
    except (NoArchive, KeyNeeded):
        return False
    return True


def _shown(result: dict[str, Any]) -> str:
    made = local_time(result["made"]) if result["made"] else "?"
    lines = [
        say(f"快照 {result['snapshot']}（{made}）：{result['files']} 个文件",
            f"snapshot {result['snapshot']} ({made}): {counted(result['files'], 'file')}")
    ]  # fmt: skip
    if result["unfinished"]:
        lines.append(say(f"未完成的快照：{'、'.join(result['unfinished'])}",
                         f"not finished: {', '.join(result['unfinished'])}"))  # fmt: skip
    if result["findings"]:
        heads = (say("代码", "code"), say("位置", "where"), say("说明", "about"))
        rows = [(f["code"], f["where"], f["message"]) for f in result["findings"]]
        lines += ["", table(heads, rows, cut=(1, 2))]
    else:
        lines.append(say("完好", "whole"))
    return "\n".join(lines)


@backup_command.command(
    "restore", zh="凭 SRC 中的备份和恢复包，在空目录 DIR 恢复档案库。\n\n"
    "馆钥放回原处；NAME 得到新密钥、新口令和全部涉密权限。恢复包的口令取自 "
    "ARCHIVIST_ESCROW_PASSPHRASE 或终端，新口令取自 ARCHIVIST_NEW_PASSPHRASE 或终端。"
    "中断后不会留下半个档案库，可再次运行。",
    changes=("新目录 DIR、馆钥（仅在缺少时）", "the new folder DIR, the house key if missing"),
    never=("备份", "the backup"), exits=(0, 1, 2, 3, 4, 12, 13),
)  # fmt: skip
@click.argument("src", type=click.Path(file_okay=False, path_type=Path))
@click.argument("dir", type=click.Path(path_type=Path))
@option("--bundle", required=True, metavar="FILE", type=click.Path(path_type=Path),
        zh="恢复包。", help="The recovery bundle.")  # fmt: skip
@option("--person", "name", required=True, metavar="NAME",
        zh="由谁接手：已有人员，或新的姓名。",
        help="Who takes over: somebody known, or a new name.")  # fmt: skip
@several("--role", "roles", metavar="ROLE…", zh="新人员的职务；不写则为 archivist。",
         help="Roles of a new person; else archivist.")  # fmt: skip
@option("--snapshot", metavar="ID", zh="恢复这个快照；不写则为最新的。",
        help="This snapshot; else the newest.")  # fmt: skip
@option("--damaged", is_flag=True, zh="快照有损坏时，仍恢复其余部分。",
        help="Restore what is whole of a snapshot that is damaged.")  # fmt: skip
@common_options
@pass_call
def restore(
    call: Call, src: Path, dir: Path, bundle: Path, name: str, roles: tuple[str, ...],
    snapshot: str | None, damaged: bool,
) -> int:  # fmt: skip
    """Make an archive in the empty folder DIR from the backup in SRC and a recovery bundle.

    The house key goes back to its place; NAME gets new keys, a new passphrase and every clearance.
    The bundle's passphrase comes from ARCHIVIST_ESCROW_PASSPHRASE or the terminal, the new one from
    ARCHIVIST_NEW_PASSPHRASE or the terminal. Cut short it leaves no half an archive; run it again.
    """
    opened, sha256 = escrow.open_bundle(bundle, ask_escrow_passphrase())
    heir = escrow.Heir(name, ask_new_passphrase(name), roles or ("archivist",))
    place, halves = house_key_path(opened.archive_id), counterparts_of(opened.archive_id)
    order = restoring.Order(src.absolute(), dir.absolute(), place, halves, snapshot, damaged)
    with Progress(say("恢复", "restoring")) as bar:
        try:
            done = restoring.restore(order, opened, sha256, heir, now(), bar.reach)
        except restoring.NotWhole as error:
            _tell_findings(error.findings)
            note(
                say(
                    "换一个快照（--snapshot），或用 --damaged 恢复其余部分",
                    "take another snapshot (--snapshot), or restore the rest with --damaged",
                )
            )
            raise
    call.emit(_row(done, dir, order), say(
        f"档案库已恢复到 {dir}：快照 {done.snapshot}，台账 {done.entries} 条，"
        f"{done.records} 件资料\n请让 {name} 登录，再轮换各密级的密钥，制作新的恢复包和备份",
        f"the archive is in {dir}: snapshot {done.snapshot}, {counted(done.entries, 'entry')}, "
        f"{counted(done.records, 'record')}\nlog in as {name}, rotate the keys of the grades, then "
        "make a new recovery bundle and a new backup"))  # fmt: skip
    return _tell_restored(done, order)


def _row(done: Restored, target: Path, order: restoring.Order) -> dict[str, Any]:
    return {
        "archive": str(target), "snapshot": done.snapshot, "made": done.made,
        "entries": done.entries, "records": done.records, "files": done.files,
        "size_bytes": done.size_bytes, "scans": done.scans, "shut": done.shut,
        "house_key": str(order.house_key), "house_key_put": done.house_key_put,
        "witnesses": [{"witness": who, "size": size} for who, size in done.later],
        "findings": [{"code": f.code, "where": f.where, "message": f.message}
                     for f in done.findings],
    }  # fmt: skip


def _tell_restored(done: Restored, order: restoring.Order) -> int:
    if done.house_key_put:
        note(say(f"馆钥已放回 {order.house_key}", f"the house key is back at {order.house_key}"))
    for who, size in done.later:
        note(say(f"见证 {who} 见过 {size} 条台账，快照只有 {done.entries} 条：其后的已丢失。"
                 "请另立见证，旧见证的目录留作证据",
                 f"the witness {who} saw {counted(size, 'entry')}, the snapshot holds "
                 f"{done.entries}: what came after is lost. Found a new witness, and keep the old "
                 "one's folder as evidence"))  # fmt: skip
    if done.shut:
        note(say(f"{done.shut} 件待处理扫描件打不开：其密钥已轮换或销毁",
                 f"{counted(done.shut, 'waiting scan')} cannot be opened: the keys they are sealed "
                 "to were rotated or destroyed"))  # fmt: skip
    _tell_findings(list(done.findings))
    if any(one.code != "B-LACKING" for one in done.findings):
        return DAMAGE
    return FINDINGS if done.shut or done.later or done.findings else DONE


def _tell_findings(findings: list[Finding]) -> None:
    for one in findings:
        note(f"{one.code} {one.where}: {one.message}")
