"""`archivist ledger`: what was done, by whom, and the proof that nobody changed it.

`show` lists entries; `verify` derives everything again from the files: every entry, tile and
signature, the catalogue row by row, and every stored object that an entry names. Neither
changes anything.
"""

from typing import Any

import click

from archivist.cli.door import DAMAGE, DONE, Call, common_options, pass_call
from archivist.cli.labels import (
    act_label,
    dossier_type_label,
    grade_label,
    local_time,
    reason_label,
    type_label,
    word,
)
from archivist.cli.progress import Progress
from archivist.cli.say import counted, note, say, table
from archivist.cli.spoken import NOTHING, group, option
from archivist.errors import ArchivistError, KeyNeeded
from archivist.records import Entry
from index.errors import ShadowError
from storage.errors import NoKey, StorageError
from storage.ledger_audit import verify as verify_ledger
from storage.ledger_findings import Finding, Report


@group("ledger", zh="操作台账：查看、核验。")
def ledger_command() -> None:
    """The ledger: show, verify."""


@ledger_command.command(
    "show", zh="列出台账，最早的在前。", never=NOTHING, exits=(0, 2, 10, 12, 13)
)
@option("--subject", metavar="ID", zh="只列提到这个编号的。",
        help="Only entries that name this id or claim.")  # fmt: skip
@option("--from", "from_", type=click.IntRange(0), default=0, metavar="N", zh="从第 N 条起。",
        help="Only from entry N on.")  # fmt: skip
@common_options
@pass_call
def show(call: Call, subject: str | None, from_: int) -> None:
    """Show ledger entries, oldest first."""
    archive = call.archive
    archive.follow()
    if subject is None:
        entries = (Entry.parse(index, raw) for index, raw in archive.ledger.entries(from_))
    else:
        entries = (e for e in archive.entries_of(subject) if e.index >= from_)
    rows = [
        {
            "index": entry.index,
            "time": entry.time,
            "act": entry.act,
            "who": entry.who,
            "subject": dict(entry.subject),
            **{
                k: v
                for k, v in entry.fields.items()
                if k not in ("t", "act", "who", "subject", "v")
            },
        }
        for entry in entries
    ]
    heads = (say("序号", "index"), say("时间", "time"), say("事项", "act"), say("人员", "who"),
             say("对象", "subject"), say("说明", "about"))  # fmt: skip
    call.emit(
        rows,
        lambda: table(
            heads,
            [
                (r["index"], local_time(r["time"]), act_label(r["act"]), word(r["who"]),
                 _subject(r["subject"]), _about(call, r))
                for r in rows
            ],
            cut=(5,),
        )
        if rows
        else say("没有记录", "no entries"),
    )  # fmt: skip


def _subject(ids: dict[str, str]) -> str:
    # A dossier says whose it is; the line keeps its width for what was done.
    return " ".join(ids[kind] for kind in ids if not (kind == "customer" and "dossier" in ids))


def _about(call: Call, row: dict[str, Any]) -> str:
    kind = row.get("type")
    if kind and row["act"] == "dossier":
        kind = dossier_type_label(call.policy, kind)
    elif kind:
        kind = type_label(call.policy, kind)
    grade = grade_label(call.policy, row["grade"]) if row.get("grade") else None
    words = (kind, grade, reason_label(row.get("reason")), row.get("version"))
    return " ".join(str(word) for word in words if word)


@ledger_command.command("verify", zh="从文件重新推算每一条、每一块和每个签名；再逐行核对目录，"
                        "并核对台账所记的每份存储件和公钥。",
                        never=NOTHING, exits=(0, 10, 11, 13))  # fmt: skip
@common_options
@pass_call
def verify_(call: Call) -> int:
    """Verify every entry, tile and signature; then the catalogue, row by row, and every stored
    object and public key that the ledger names."""
    against = _witness(call)
    with Progress(say("核验台账", "verifying")) as bar:
        report = verify_ledger(call.root / "ledger", call.settings.vkey, bar.reach, against=against)
    found = list(report.findings)
    if report.ok:  # what the ledger names is worth comparing only while it can be trusted
        found += _beyond(call)
    result = {
        "size": report.size,
        "root": report.root_hex,
        "ok": not found,
        "findings": [{"code": f.code, "where": f.where, "message": f.message} for f in found],
    }
    call.emit(result, lambda: _shown(report, found))
    return DAMAGE if found else DONE


def _beyond(call: Call) -> list[Finding]:
    """What does not fit the ledger; without the house key nothing can be compared."""
    from archivist.vouching import vouched  # `show` needs none of it

    try:
        with Progress(say("核对存储件", "comparing what is stored")) as bar:
            return list(vouched(call.archive, bar.reach))
    except (KeyNeeded, NoKey):
        return []  # `_witness` has said so


def _witness(call: Call) -> list[tuple[int, bytes]]:
    """What the catalogue saw of the ledger; without the house key there is one witness less."""
    try:
        catalogue = call.archive.catalogue
        return [(catalogue.applied, bytes.fromhex(catalogue.root))] if catalogue.applied else []
    except (ShadowError, StorageError, ArchivistError) as error:
        note(say(f"没有目录作见证：{error}", f"without the catalogue as a witness: {error}"))
        return []


def _shown(report: Report, found: list[Finding]) -> str:
    lines = [
        say(f"台账共 {report.size} 条", counted(report.size, "entry")),
        f"root {report.root_hex}",
        *(f"{f.code}  {f.where}  {f.message}" for f in found),
        say("发现损坏", "damage found") if found else say("完好", "ok"),
    ]
    return "\n".join(lines)
