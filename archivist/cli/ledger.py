"""`archivist ledger`: what was done, by whom, and the proof that nobody changed it.

`show` lists entries; `verify` derives everything again from the files: every entry, tile and
signature, the catalogue row by row, and every stored object that an entry names. Neither
changes anything. What is handed to outsiders is `archivist.cli.ledger_outsiders`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archivist.cli.door import DAMAGE, DONE, Call, common_options, now, pass_call
from archivist.cli.labels import (
    act_label,
    dossier_type_label,
    grade_label,
    local_time,
    reason_label,
    type_label,
    word,
)
from archivist.cli.ledger_outsiders import checkpoint, prove, timestamp, witness_command
from archivist.cli.progress import Progress
from archivist.cli.say import counted, note, say, table
from archivist.cli.spoken import NOTHING, group, option
from archivist.errors import ArchivistError, BadRequest, KeyNeeded
from archivist.records import Entry
from index.errors import ShadowError
from storage import ledger_findings
from storage.errors import Missing, NoKey, StorageError
from storage.note import Verifier

if TYPE_CHECKING:
    from storage.ledger_findings import Report


@group("ledger", zh="操作台账：查看、核验；签名、见证、证明和时间戳供外人核对。")
def ledger_command() -> None:
    """The ledger: show, verify, and what outsiders get: checkpoint, witnesses, proofs, stamps."""


for _command in (checkpoint, witness_command, prove, timestamp):
    ledger_command.add_command(_command)


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
@option("--against", "kept", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
        zh="有人另存的签名文件，或见证目录；台账须与之一致。可重复。",
        help="A checkpoint that somebody kept, or a witness's folder, which the ledger must still "
             "contain. May be repeated.")  # fmt: skip
@option("--tsa-certificate", "pem", metavar="FILE", type=click.Path(path_type=Path),
        zh="时间戳机构的根证书（PEM）；不写则用 archive.toml 的设置。",
        help="The time-stamp authority's root certificate; else that of archive.toml.")  # fmt: skip
@common_options
@pass_call
def verify_(call: Call, kept: tuple[Path, ...], pem: Path | None) -> int:
    """Verify every entry, tile and signature, against every head that witnesses hold; then the
    catalogue, row by row, and every stored object and public key that the ledger names."""
    report, found = verified(call, kept, pem)
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


def verified(
    call: Call, kept: tuple[Path, ...], pem: Path | None
) -> tuple[Report, list[ledger_findings.Finding]]:
    """The ledger itself, against every head that somebody holds; nothing beyond it."""
    from archivist.stamping import checked, known_roots  # `show` needs none of these
    from storage.ledger_audit import verify as verify_ledger

    roots = known_roots(call.settings, pem)
    given = [_kept_head(call, path) for path in kept]
    found = [head for head in given if isinstance(head, ledger_findings.Finding)]
    against = [
        *(head for head in given if isinstance(head, ledger_findings.Seen)),
        *_catalogue_head(call),
    ]
    seen, spoiled, witnesses = _witnesses(call)
    with Progress(say("核验台账", "verifying")) as bar:
        report = verify_ledger(call.root / "ledger", call.settings.vkey, bar.reach,
                               against=[*against, *seen], witnesses=witnesses)  # fmt: skip
    stamps, doubted = checked(call.root / "ledger", roots)
    if stamps and not roots:
        note(say(f"{len(stamps)} 个时间戳的签名没有核对：缺时间戳机构的证书",
                 f"the signatures of {counted(len(stamps), 'time stamp')} were not checked: "
                 "no certificate of the authority"))  # fmt: skip
    return report, [*found, *spoiled, *doubted, *report.findings]


def _kept_head(call: Call, path: Path) -> ledger_findings.Seen | ledger_findings.Finding:
    """What somebody kept; a file that was never signed by this ledger is a finding, no mistake."""
    from archivist.witnessing import read_head

    try:
        return read_head(path, Verifier.parse(call.settings.vkey))
    except Missing:
        raise BadRequest(f"没有文件 {path}", f"there is no file {path}") from None
    except StorageError as error:
        return ledger_findings.Finding(ledger_findings.WITNESS, str(path), str(error))


def _witnesses(
    call: Call,
) -> tuple[list[ledger_findings.Seen], list[ledger_findings.Finding], list[Verifier]]:
    """What the witnesses' folders hold, as far as they are there and the house key is."""
    from archivist.witnessing import listed, seen_by_folders

    try:
        seen, found, away = seen_by_folders(call.archive)
        verifiers = [witness.verifier for witness in listed(call.archive)]
    except (ShadowError, StorageError, ArchivistError):
        return [], [], []  # `_catalogue_head` has said why
    for name in away:
        note(say(f"见证人 {name} 不在，未与之核对", f"the witness {name} is away: not compared"))
    return seen, found, verifiers


def _beyond(call: Call) -> list[ledger_findings.Finding]:
    """What does not fit the ledger; without the house key nothing can be compared."""
    from archivist.audit_bodies import Scope
    from archivist.vouching import vouched  # `show` needs none of it

    try:
        with Progress(say("核对存储件", "comparing what is stored")) as bar:
            return list(vouched(call.archive, bar.reach, Scope(today=now().astimezone().date())))
    except (KeyNeeded, NoKey):
        return []  # `_catalogue_head` has said so


def _catalogue_head(call: Call) -> list[ledger_findings.Seen]:
    """What the catalogue saw of the ledger; without the house key there is one witness less."""
    try:
        size, root = call.archive.catalogue.seen
        return [ledger_findings.Seen(size, bytes.fromhex(root), "the catalogue")] if size else []
    except (ShadowError, StorageError, ArchivistError) as error:
        note(say(f"没有目录作见证：{error}", f"without the catalogue as a witness: {error}"))
        return []


def _shown(report: Report, found: list[ledger_findings.Finding]) -> str:
    lines = [
        say(f"台账共 {report.size} 条", counted(report.size, "entry")),
        f"root {report.root_hex}",
        *(f"{f.code}  {f.where}  {f.message}" for f in found),
        say("发现损坏", "damage found") if found else say("完好", "ok"),
    ]
    return "\n".join(lines)
