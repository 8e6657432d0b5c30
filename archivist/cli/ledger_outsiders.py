"""`archivist ledger` for outsiders: the signed head, witnesses, proofs, time stamps.

Whoever trusts neither the archive nor the person at its keyboard gets something to keep here:

    archivist ledger checkpoint -o head.txt
    archivist ledger witness add audit --folder /media/stick
    archivist ledger witness update
    archivist ledger prove 4711 -o entry.tlog-proof --pdf entry.pdf
    archivist ledger timestamp
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archivist.cli.door import DAMAGE, DONE, FINDINGS, Call, common_options, now, pass_call
from archivist.cli.labels import local_time
from archivist.cli.say import counted, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, command, group, option
from archivist.errors import BadRequest
from storage import durable
from storage.note import Verifier

if TYPE_CHECKING:
    from archivist.witnessing import Outcome

FILE = ("您指定的文件", "the file you name")
ENTRIES = ("台账各条", "any entry")
_STATES = {"cosigned": "已见证", "away": "不在", "refused": "拒绝", "contradicts": "历史不符"}


@command("checkpoint", zh="台账最新的签名：条数、根和全部见证签名，可交外人保存。",
         changes=FILE, never=ENTRIES, exits=(0, 2, 10, 11, 12, 13))  # fmt: skip
@option("-o", "--output", "target", metavar="FILE", type=click.Path(path_type=Path),
        zh="写到文件；不写则显示。", help="Write to FILE; else it is shown.")  # fmt: skip
@common_options
@pass_call
def checkpoint(call: Call, target: Path | None) -> None:
    """The newest signed head: size, root, and every cosignature. For others to keep."""
    from storage.cosigned import gathered

    archive = call.archive
    archive.follow()
    head, bare = archive.newest_head()
    raw = gathered(archive.root / "ledger", Verifier.parse(call.settings.vkey), bare)
    if target is not None:
        _write(target, raw)
    result = {"size": head.size, "root": head.root.hex(), "checkpoint": raw.decode(),
              "vkey": call.settings.vkey, "file": str(target) if target else None}  # fmt: skip
    call.emit(result, str(target) if target else raw.decode().rstrip("\n"))


def _write(target: Path, raw: bytes) -> None:
    if not target.absolute().parent.is_dir():
        raise BadRequest(f"没有目录 {target.parent}", f"there is no folder {target.parent}")
    durable.replace(target.absolute(), raw, mode=0o644)


# ── witnesses ─────────────────────────────────────────────────────────────────


@group("witness", zh="见证人：记住台账到过哪里、拒绝倒退的外人。")
def witness_command() -> None:
    """Witnesses: outsiders who remember how far the ledger came, and refuse to see less."""


@witness_command.command("add", zh="请 NAME 为台账作见证：--folder 为其他部门的共享目录或 U 盘；"
                         "--url 为另一台机器上的见证服务（须附其公钥 --vkey）。",
                         changes=(f"见证目录；{ENTRY[0]}", f"the witness's folder; {ENTRY[1]}"),
                         never=ENTRIES, exits=(0, 2, 3, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("name")
@option("--folder", metavar="DIR", type=click.Path(path_type=Path),
        zh="见证目录，在档案库之外；首次使用时在其中生成密钥。",
        help="A folder outside the archive; its key is made there on first use.")  # fmt: skip
@option("--url", metavar="URL", zh="见证服务的网址。", help="The address of a witness service.")
@option("--vkey", metavar="KEY", zh="该服务的验证公钥。", help="Its verifier key.")
@common_options
@pass_call
def add(call: Call, name: str, folder: Path | None, url: str | None, vkey: str | None) -> int:
    """Ask NAME to witness the ledger: --folder for another department's share or a stick, --url
    (with --vkey) for a witness service on another machine."""
    from archivist import witnessing

    if (folder is None) == (url is None) or (url is None) != (vkey is None):
        raise BadRequest(
            "请写 --folder DIR，或 --url URL 和 --vkey KEY",
            "give --folder DIR, or --url URL with --vkey KEY",
        )
    who = call.who
    if folder is not None:
        seed = witnessing.new_seed()
        made = witnessing.add_folder(call.archive, name, folder, seed, who, now())
    else:
        assert url is not None
        assert vkey is not None
        made = witnessing.add_url(call.archive, name, url, vkey, who, now())
    (outcome,) = witnessing.ask_all(call.archive, now(), [made])
    result = {"witness": made.name, "vkey": made.verifier.vkey(), **_as_json(outcome)}
    call.emit(result, f"{made.verifier.vkey()}\n{_line(outcome)}")
    note(say("请把上面的公钥交给审计人员保存", "hand the key above to whoever audits the ledger"))
    return _code([outcome])


@witness_command.command("list", zh="有哪些见证人，各自最后见证到第几条。", never=NOTHING,
                         exits=(0, 10, 12, 13))  # fmt: skip
@common_options
@pass_call
def list_(call: Call) -> None:
    """Who witnesses the ledger, and how far each has seen it."""
    from archivist.witnessing import listed
    from storage.cosigned import last_of
    from storage.proof import cosignatures

    archive = call.archive
    archive.follow()
    log, rows = Verifier.parse(call.settings.vkey), []
    for witness in listed(archive):
        last = last_of(archive.root / "ledger", log, witness.verifier)
        times = cosignatures(last.note, [witness.verifier]) if last else ()
        rows.append({
            "witness": witness.name, "kind": witness.kind, "place": witness.place,
            "vkey": witness.verifier.vkey(), "since": witness.since,
            "size": last.head.size if last else None,
            "cosigned": _utc(times[0].time_s) if times else None,
        })  # fmt: skip
    heads = (say("见证人", "witness"), say("位置", "place"), say("见证到", "seen"),
             say("时间", "time"))  # fmt: skip
    lines = [(*(r[k] for k in ("witness", "place", "size")), _local(r["cosigned"])) for r in rows]
    call.emit(rows, lambda: table(heads, lines, cut=(1,)) if rows
              else say("还没有见证人：archivist ledger witness add", "there is no witness yet: "
                       "archivist ledger witness add"))  # fmt: skip


@witness_command.command("remove", zh="不再请 NAME 见证；其目录和以往的见证不变。",
                         changes=ENTRY, never=("见证目录", "the witness's folder"),
                         exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("name")
@common_options
@pass_call
def remove(call: Call, name: str) -> None:
    """Ask NAME no more. The witness's folder and what it cosigned stay as they are."""
    from archivist import witnessing

    witnessing.remove(call.archive, name, call.who, now())
    call.emit(
        {"witness": name, "removed": True}, say(f"{name} 不再作见证", f"{name} is asked no more")
    )


@witness_command.command("update", zh="请每个见证人见证台账的最新状态。宜每天自动运行。",
                         changes=("见证目录；ledger/witnessed/",
                                  "the witnesses' folders; ledger/witnessed/"),
                         never=ENTRIES, exits=(0, 3, 10, 11, 12, 13))  # fmt: skip
@common_options
@pass_call
def update(call: Call) -> int:
    """Ask every witness to cosign the newest head. To be run every day by a timer."""
    from archivist import witnessing

    archive = call.archive
    archive.follow()
    outcomes = witnessing.ask_all(archive, now())
    call.emit(
        [_as_json(outcome) for outcome in outcomes],
        lambda: "\n".join(map(_line, outcomes)) or say("还没有见证人", "there is no witness"),
    )
    if any(outcome.state == "contradicts" for outcome in outcomes):
        note(
            say(
                "见证人看到的历史与本台账不同：请勿继续使用，先查 docs/operations.md",
                "a witness has seen another history: stop, and see docs/operations.md",
            )
        )
    return _code(outcomes)


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    return {"witness": outcome.witness, "state": outcome.state, "size": outcome.size,
            "detail": outcome.detail or None}  # fmt: skip


def _line(outcome: "Outcome") -> str:
    state = say(_STATES[outcome.state], outcome.state)
    seen = say(f"{outcome.size} 条", counted(outcome.size, "entry"))
    why = f"  {outcome.detail}" if outcome.detail else ""
    return f"{outcome.witness}  {state}  {seen}{why}"


def _code(outcomes: "list[Outcome]") -> int:
    states = {outcome.state for outcome in outcomes}
    if "contradicts" in states:
        return DAMAGE
    return FINDINGS if states & {"away", "refused"} else DONE


def _local(time: Any) -> str | None:
    return local_time(time)


def _utc(seconds: int) -> str | None:
    from datetime import UTC, datetime

    from archivist.records import timestamp as spelled

    try:
        return spelled(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError):
        return None  # a witness whose clock says the year 10000


# ── proofs and stamps ─────────────────────────────────────────────────────────


@command("prove", zh="为台账第 ENTRY 条出具证明，外人不用本程序也能核对。\n\n"
         "--pdf 另印一页：条目、证明及二维码，扫描后可核对。",
         changes=FILE, never=ENTRIES, exits=(0, 2, 10, 11, 12, 13))  # fmt: skip
@click.argument("entry", type=click.IntRange(0))
@option("-o", "--output", "target", required=True, metavar="FILE",
        type=click.Path(path_type=Path), zh="证明写到此文件（.tlog-proof；以 .pdf 结尾则印成页）。",
        help="Where the proof goes: a .tlog-proof, or a page when it ends in .pdf.")  # fmt: skip
@option("--pdf", metavar="FILE.pdf", type=click.Path(path_type=Path),
        zh="另写一份可打印的证明。", help="A page to print, besides.")  # fmt: skip
@common_options
@pass_call
def prove(call: Call, entry: int, target: Path, pdf: Path | None) -> None:
    """A proof of ledger entry ENTRY that outsiders check without this program.

    --pdf prints it, too: the entry, the proof, and QR codes that can be scanned and checked.
    """
    from archivist.proving import prove as proved

    proof, proven = proved(call.archive, entry)
    pages = [path for path in (target, pdf) if path and path.suffix.lower() == ".pdf"]
    files = [path for path in (target, pdf) if path]
    for path in files:
        if path in pages or path == pdf:
            from archivist.proof_pages import proof_pdf

            _write(path, proof_pdf(proof, proven, call.settings.vkey))
        else:
            _write(path, proof.render())
    result = {"entry": entry, "size": proven.head.size, "root": proven.head.root.hex(),
              "cosigned": [one.name for one in proven.cosigned],
              "files": [str(path) for path in files]}  # fmt: skip
    call.emit(result, "\n".join(map(str, files)))
    if not proven.cosigned:
        note(say("没有见证人见证过这一条：archivist ledger witness update",
                 "no witness has seen this entry: archivist ledger witness update"))  # fmt: skip


@command("timestamp", zh="请时间戳机构（RFC 3161）证明台账此刻的状态。宜每天自动运行。",
         changes=("ledger/stamps/", "ledger/stamps/"), never=ENTRIES,
         exits=(0, 1, 2, 10, 11, 12, 13))  # fmt: skip
@option("--tsa", metavar="URL", zh="时间戳服务的网址；不写则用 archive.toml 的设置。",
        help="The authority's address; else that of archive.toml.")  # fmt: skip
@option(
    "--tsa-certificate",
    "pem",
    metavar="FILE",
    type=click.Path(path_type=Path),
    zh="时间戳机构的根证书（PEM）。",
    help="Its root certificate, PEM.",
)
@common_options
@pass_call
def timestamp(call: Call, tsa: str | None, pem: Path | None) -> None:
    """Have an RFC 3161 authority stamp the newest head. To be run every day by a timer."""
    from archivist.records import timestamp as spelled
    from archivist.stamping import known_roots, stamp

    url = tsa or call.settings.tsa
    if not url:
        raise BadRequest(
            "没有设置时间戳服务", "no time-stamp authority is named",
            "用 --tsa URL，或在 archive.toml 的 [ledger] 中写 tsa",
            "give --tsa URL, or write tsa into [ledger] of archive.toml",
        )  # fmt: skip
    roots = known_roots(call.settings, pem)
    call.archive.follow()
    made = stamp(call.archive, url, roots)
    result = {"size": made.size, "time": spelled(made.time), "file": made.where,
              "vouched": made.vouched, "new": not made.known}  # fmt: skip
    when = local_time(spelled(made.time))
    call.emit(
        result,
        say(
            f"台账 {made.size} 条，时间戳 {when}，存于 ledger/{made.where}",
            f"{counted(made.size, 'entry')} stamped {when}, in ledger/{made.where}",
        ),
    )
    if not made.vouched:
        note(
            say(
                "没有该机构的证书，签名未核对：--tsa-certificate",
                "its signature was not checked, for want of a certificate: --tsa-certificate",
            )
        )
