"""`archivist audit`: the four natures of all that is kept (四性检测), with stable finding codes.

Verifies the ledger as `ledger verify` does, then reads every stored byte (or a sample's), every
other file of the archive, the rows, and, with the keys of whoever is logged in, opens records
again. Records that it was done; a report may be written as PDF and filed as a record.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archivist import audit_codes
from archivist.cli.door import (
    DAMAGE,
    DONE,
    FINDINGS,
    Call,
    common_options,
    day_of,
    now,
    pass_call,
    today,
)
from archivist.cli.labels import local_time
from archivist.cli.progress import Progress
from archivist.cli.say import chinese, counted, note, say, table
from archivist.cli.spoken import ENTRY, command, option
from archivist.config import FILE_NAME
from archivist.errors import BadRequest
from index.errors import ShadowError
from storage import durable, ledger_findings
from storage.errors import Damaged, Missing, StorageError

if TYPE_CHECKING:
    from archivist.audit_codes import Found
    from archivist.auditing import Audit
    from policies.policy import Policy

MOST_SHOWN = 60
T = TypeVar("T")


@command("audit", zh="四性检测：真实性、完整性、可用性、安全性。\n\n"
         "核验台账，逐字节核对全部归档件（或抽查 --sample），核对密钥、制度、托盘、目录和每个文件；"
         "有人登录时试解密并重读（不写选项时抽 300 件，--full 为全部）。"
         "中断后再次运行即接着做。每次检测记入台账。",
         changes=(f"您用 -o 指明的文件；{ENTRY[0]}；--file 归档一份报告",
                  f"the file you name with -o; {ENTRY[1]}; with --file one record, the report"),
         never=("被检测的任何内容", "anything that is checked"),
         exits=(0, 2, 3, 4, 10, 11, 12, 13))  # fmt: skip
@option("--full", is_flag=True, zh="全部核对，并打开您有权打开的每一件。",
        help="Read everything, and open every record you are cleared for.")  # fmt: skip
@option("--sample", metavar="PERCENT", zh="只核对并打开这个百分比的资料。",
        help="Read and open so many percent of the records only.")  # fmt: skip
@option("--seed", type=click.IntRange(0, 2**53 - 1), metavar="N",
        zh="抽样种子；不写则随机。记入台账。",
        help="Seed of the sample; else a random one. It is recorded.")  # fmt: skip
@option("--rate", type=click.FloatRange(min=0.001), metavar="MIB/S", zh="每秒至多读这么多 MiB。",
        help="Read at most so many MiB a second.")  # fmt: skip
@option("--workers", type=click.IntRange(0, 64), metavar="N", zh="几个读取进程；不写则每核一个。",
        help="Reading processes; else one a core.")  # fmt: skip
@option("--restart", is_flag=True, zh="不接着做上次中断的检测，从头开始。",
        help="Begin anew instead of going on with one that was interrupted.")  # fmt: skip
@option("--against", "kept", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
        zh="另存的签名文件或见证目录；台账须与之一致。可重复。",
        help="A head somebody kept, or a witness's folder, that the ledger must contain. May be "
             "repeated.")  # fmt: skip
@option("-o", "--output", metavar="FILE.pdf", type=click.Path(dir_okay=False, path_type=Path),
        zh="把报告写成 PDF；已有的会被替换。",
        help="Write the report as PDF; a file that is there is replaced.")  # fmt: skip
@option("--file", "dossier", metavar="DOSSIER", zh="把报告归入这份档案。",
        help="File the report as a record of this dossier.")  # fmt: skip
@option("--type", "type_", metavar="T", default="inspection_report", show_default=True,
        zh="报告归档时的资料种类。", help="The document type of the filed report.")  # fmt: skip
@common_options
@pass_call
def audit_command(
    call: Call, full: bool, sample: str | None, seed: int | None, rate: float | None,
    workers: int | None, restart: bool, kept: tuple[Path, ...], output: Path | None,
    dossier: str | None, type_: str,
) -> int:  # fmt: skip
    """Check the four natures of all that is kept: authenticity, completeness, usability, security.

    Verifies the ledger; reads every stored byte, or those of a sample; checks keys, regulations,
    trays, rows and every other file. Whoever is logged in also opens records again: 300 of them,
    with --full all. Interrupted, it goes on where it was when run again. Each run is recorded.
    """
    from archivist.auditing import Asked, Audit  # a page of help pays for none of it
    from archivist.cli.ledger import verified

    if full and sample:
        raise BadRequest("--full 和 --sample 只能写一个", "give --full or --sample, not both")
    begun = now()
    found = _of_settings(call)
    if found:
        # Whose archive this is cannot be believed, so nothing can be held against anything.
        document = _document(call, None, None, found, begun.isoformat(timespec="seconds"))
        call.emit(document, lambda: _shown(document))
        return DAMAGE
    before = _before(call)
    report, told = verified(call, kept, None)
    found = [audit_codes.as_finding(one) for one in told]
    asked = Asked(
        int.from_bytes(os.urandom(6)) if seed is None else seed,
        begun, _percent(sample), full, (rate or 0.0) * 2**20, workers, time.monotonic, time.sleep,
    )  # fmt: skip
    audit: Audit | None = None
    policy: Policy | None = None
    if report.ok:
        policy = _readable(lambda: call.policy)
        session = _readable(lambda: call.session)
        person = session.unlocked() if session else None
        indexes = sorted(session.index_keys.items()) if session else ()
        keys = {key: value for (key, _), value in indexes}  # of each the newest
        _check_filing(call, dossier, type_)
        audit = Audit(call.archive, asked, policy, person, keys, restart)
        if audit.resumed:
            since = local_time(audit.progress.begun)
            note(say(f"接着做 {since} 中断的检测（从头开始：--restart）",
                     f"going on with the audit of {since} (to begin anew: --restart)"))  # fmt: skip
        found += [audit_codes.as_finding(one) for one in before]
        with Progress(say("四性检测", "auditing")) as bar:
            found += list(audit.run(bar.reach))
    document = _document(call, audit, report, found, begun.isoformat(timespec="seconds"))
    document["lacking"] = _lacking(call, policy) if audit and policy else []
    document["entry"] = _recorded(call, audit, found) if audit else None
    if output is not None or dossier is not None:
        _delivered(call, document, output, dossier, type_)
    call.emit(document, lambda: _shown(document))
    if any(map(audit_codes.is_damage, found)):
        return DAMAGE
    return FINDINGS if found else DONE


def _percent(written: str | None) -> str | None:
    if written is None:
        return None
    try:
        value = float(written.strip().removesuffix("%"))
    except ValueError:
        value = 0.0
    if not 0 < value <= 100:
        raise BadRequest(f"“{written}” 不是 0 到 100 的百分比", f"{written!r} is no percentage",
                         "例如 --sample 5", "e.g. --sample 5")  # fmt: skip
    return f"{value:g}"


def _of_settings(call: Call) -> list[Found]:
    """Whether archive.toml names one archive: its id and the ledger's key belong together."""
    from storage.note import Verifier

    try:
        verifier = Verifier.parse(call.settings.vkey)
    except ValueError:
        told = "its ledger.vkey is no verifier key"
    else:
        if verifier.name != f"archivist/{call.settings.archive_id}":
            told = "its archive.id and its ledger.vkey are of two archives"
        elif verifier.public != _house_public(call):
            told = "its ledger.vkey is not the house key's"
        else:
            return []
    return [audit_codes.as_finding(ledger_findings.Finding("F-IDENTITY", FILE_NAME, told))]


def _house_public(call: Call) -> bytes:
    return call.archive.house.signing_key().public_key().public_bytes_raw()


def _before(call: Call) -> list[Any]:
    """How the catalogue stands before anything lets it catch up."""
    from archivist.audit_folder import before_opening
    from storage.journal import peek_size

    try:
        there = (call.root / "catalogue.db").exists()
        applied = call.archive.catalogue.applied if there else None
        return before_opening(call.root, applied, peek_size(call.root / "ledger"))
    except (ShadowError, StorageError):
        return []  # it is named by whoever reads it


def _readable(ask: Callable[[], T]) -> T | None:
    """The answer; None where what it is read from is damaged, which the audit names."""
    try:
        return ask()
    except (ShadowError, Damaged, Missing, BadRequest):
        return None


def _check_filing(call: Call, dossier: str | None, type_: str) -> None:
    """Slips of the hand are told before an hour of reading."""
    if dossier is not None:
        call.somebody()
        call.archive.the("dossier", dossier)
        call.policy.document_type(type_)


def _document(
    call: Call, audit: Audit | None, report: Any, found: list[Found], begun: str
) -> dict[str, Any]:
    done = audit.progress if audit else None
    nothing = {"records": 0, "bytes": 0, "entries": report.size if report else 0}
    return {
        "checked": audit.checked if audit else nothing,
        "findings": [one.plain() for one in found],
        "archive": call.settings.archive_id,
        "who": _who(call) if audit else "station",
        "begun": done.begun if done else begun,
        "of": audit.of if audit else 0,
        "opened": done.opened if done else 0,
        "closed": done.closed if done else 0,
        "scanned": done.scanned if done and call.settings.virus_socket else None,
        "sample": done.percent if done else None,
        "seed": done.seed if done else None,
        "root": report.root_hex if report else "",
        "beyond": audit is not None,  # what is not the ledger's own was looked at
    }


def _who(call: Call) -> str:
    return _readable(lambda: call.who) or "station"


def _lacking(call: Call, policy: Policy) -> list[dict[str, Any]]:
    """What the checklists lack: told beside the findings, being no fault of what is kept."""
    from archivist.missing import missing_items
    from archivist.standing import company_calendar

    try:
        calendar = company_calendar(call.settings.company)
        rows = missing_items(call.archive, policy, calendar, day_of(None))
    except (ShadowError, StorageError):
        return []
    names = ("customer", "dossier", "item", "title", "due", "overdue", "department", "clause")
    return [{name: row[name] for name in names} for row in rows]


def _recorded(call: Call, audit: Audit, found: list[Found]) -> int | None:
    try:
        return audit.record(_who(call), found, now())
    except (ShadowError, StorageError) as error:
        note(say(f"本次检测未能记入台账：{error}", f"this audit could not be recorded: {error}"))
        return None


def _delivered(
    call: Call, document: dict[str, Any], output: Path | None, dossier: str | None, type_: str
) -> None:
    """The report as a file, as a record, or both."""
    from archivist.audit_report import audit_sheet
    from archivist.report_pages import as_pdf

    content = as_pdf(audit_sheet(document), chinese())
    if output is not None:
        if not output.absolute().parent.is_dir():
            raise BadRequest(f"没有目录 {output.parent}", f"there is no folder {output.parent}")
        durable.replace(output.absolute(), content, mode=0o644)
        note(say(f"已写入 {output}", f"written to {output}"))
    if dossier is not None and document["entry"] is not None:
        document["record"] = _filed(call, content, dossier, type_)


def _filed(call: Call, content: bytes, dossier: str, type_: str) -> str | None:
    import tempfile

    from archivist.cli.reading import station_of
    from policies.facts import Order

    with tempfile.TemporaryDirectory(prefix="archivist-") as folder:
        path = Path(folder) / f"audit-{today()}.pdf"
        path.write_bytes(content)
        with station_of(call, 1, call.who) as station:
            claim = call.archive.claims.copy_in(path, now(), os.urandom(10))
            station.offer(claim, Order(dossier, type_, None))
            (outcome,) = station.finish()
    if outcome.record is None:
        reason = outcome.plain()["reason"]
        note(say(f"报告未能归档：{reason}", f"the report was not filed: {reason}"))
    return outcome.record


def _shown(document: dict[str, Any]) -> str:
    from archivist.audit_report import confidence_words

    checked = document["checked"]
    lines = [
        say(*confidence_words(document)),
        say(f"台账 {checked['entries']} 条；打开重读 {document['opened']} 件，"
            f"无权打开 {document['closed']} 件",
            f"{counted(checked['entries'], 'entry')}; {counted(document['opened'], 'record')} "
            f"opened and read, {document['closed']} not yours to open"),
    ]  # fmt: skip
    if document["lacking"]:
        count = len(document["lacking"])
        en = f"checklists lack {counted(count, 'paper')}: archivist missing"
        lines.append(say(f"归档清单缺 {count} 件：archivist missing", en))
    found = document["findings"]
    if not found:
        return "\n".join([*lines, say("没有发现", "nothing found")])
    heads = (say("代码", "code"), say("性质", "nature"), say("对象", "subject"),
             say("发现", "finding"), say("说明", "detail"))  # fmt: skip
    rows = [
        (f["code"], say(*audit_codes.NATURES[f["nature"]]), f["subject"],
         say(audit_codes.CODES[f["code"]].zh, audit_codes.CODES[f["code"]].en), f["message"])
        for f in found[:MOST_SHOWN]
    ]  # fmt: skip
    lines.append(table(heads, rows, cut=(4,)))
    if len(found) > MOST_SHOWN:
        more = len(found) - MOST_SHOWN
        lines.append(say(f"另有 {more} 项，见 -o 或 --json", f"{more} more: see -o or --json"))
    return "\n".join(lines)
