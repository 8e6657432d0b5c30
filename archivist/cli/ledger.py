"""`archivist ledger`: what was done, by whom, and the proof that nobody changed it.

`show` lists entries; `verify` derives everything again from the files: every entry, tile,
signature and the catalogue's witness. Neither changes anything. Exit codes: 0; 13 when
`verify` finds damage.
"""

import sys

import click

from archivist.cli.door import DAMAGE, DONE, Call, common_options, pass_call
from archivist.cli.say import note, say, table
from archivist.errors import ArchivistError
from archivist.records import Entry
from index.errors import ShadowError
from storage.errors import StorageError
from storage.ledger_audit import verify as verify_ledger


@click.group("ledger")
def ledger_command() -> None:
    """Show and verify the ledger."""


@ledger_command.command("show")
@click.option("--subject", metavar="ID", help="Only entries that name this id or claim.")
@click.option("--from", "from_", type=click.IntRange(0), default=0, metavar="N")
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
                (r["index"], r["time"], r["act"], r["who"], " ".join(r["subject"].values()),
                 " ".join(str(r[k]) for k in ("type", "grade", "reason", "version") if k in r))
                for r in rows
            ],
        ),
    )  # fmt: skip


@ledger_command.command("verify")
@common_options
@pass_call
def verify_(call: Call) -> int:
    """Verify every entry, tile and signature against the catalogue's witness."""
    against = _witness(call)
    with click.progressbar(length=1, label=say("核验台账", "verifying"), file=sys.stderr) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        report = verify_ledger(
            call.root / "ledger", call.settings.vkey, on_progress, against=against
        )
    result = {
        "size": report.size,
        "root": report.root_hex,
        "ok": report.ok,
        "findings": [{"code": f.code, "where": f.where, "message": f.message}
                     for f in report.findings],
    }  # fmt: skip
    call.emit(result, lambda: _shown(result))
    return DONE if report.ok else DAMAGE


def _witness(call: Call) -> list[tuple[int, bytes]]:
    """What the catalogue saw of the ledger; without the house key there is one witness less."""
    try:
        catalogue = call.archive.catalogue
        return [(catalogue.applied, bytes.fromhex(catalogue.root))] if catalogue.applied else []
    except (ShadowError, StorageError, ArchivistError) as error:
        note(say(f"没有目录作见证：{error}", f"without the catalogue as a witness: {error}"))
        return []


def _shown(result: dict[str, object]) -> str:
    lines = [
        say(f"台账共 {result['size']} 条", f"{result['size']} entries"),
        f"root {result['root']}",
    ]
    findings = result["findings"]
    assert isinstance(findings, list)
    lines += [f"{f['code']}  {f['where']}  {f['message']}" for f in findings]
    lines.append(say("完好", "ok") if result["ok"] else say("发现损坏", "damage found"))
    return "\n".join(lines)
