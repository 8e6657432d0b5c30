"""`archivist rebuild`, `archivist reconcile`: the shadows made anew; where every scan ended."""

from __future__ import annotations

from typing import Any

from archivist import indexing, rebuilding, reconciling
from archivist.cli.door import DONE, FINDINGS, Call, common_options, pass_call
from archivist.cli.labels import key_label
from archivist.cli.progress import Progress
from archivist.cli.say import counted, note, say, table
from archivist.cli.spoken import NOTHING, command, option
from storage.session import Session

ENDS = {"filed": ("已归档", "filed"), "refused": ("在托盘中", "in a tray"),
        "rejected": ("已退回", "rejected"), "destroyed": ("已销毁", "destroyed")}  # fmt: skip


@command("rebuild", zh="删除并重建目录和全文索引；两者都由台账和加密卡片推算。\n\n"
         "不写选项则两者都重建。索引只能由持有相应密钥的人重建，其余的在有人检索时重建。",
         changes=("目录、全文索引", "catalogue and indexes"),
         never=("台账、档案和密钥", "ledger, records and keys"),
         exits=(0, 4, 10, 11, 12, 13))  # fmt: skip
@option("--catalogue", is_flag=True, zh="只重建目录。", help="Only the catalogue.")
@option("--index", is_flag=True, zh="只重建全文索引。", help="Only the full text.")
@common_options
@pass_call
def rebuild_command(call: Call, catalogue: bool, index: bool) -> None:
    """Delete catalogue and full text, and make them anew from ledger and sealed cards.

    Both, unless one is named. The full text of a key comes back for whoever holds the key; of the
    others it is made by the next search of somebody who does.
    """
    both = catalogue == index
    session = None
    result: dict[str, Any] = {"catalogue": None, "index": None}
    if catalogue or both:
        with Progress(say("重建目录", "making the catalogue")):
            entries = rebuilding.rebuild_catalogue(call.archive)
        records = call.archive.catalogue.record_count()
        result["catalogue"] = {"entries": entries, "records": records}
    if index or both:
        session = call.session
        result["index"] = _indexes(call, session)
    call.emit(result, lambda: _shown(call, result))
    if session is None and result["index"]:
        note(say("没有人登录，索引在下次检索时重建",
                 "nobody is logged in: the next search makes the indexes"))  # fmt: skip


def _indexes(call: Call, session: Session | None) -> list[dict[str, Any]]:
    thrown = rebuilding.throw_indexes_away(call.archive)
    filled: dict[str, int] = {}
    if session is not None:
        person = session.unlocked()
        keys = indexing.index_keys(call.archive, call.policy, person)
        fresh = Session(session.name, session.expires_at, session.secret, session.signing_seed,
                        keys)  # fmt: skip
        with Progress(
            say("重建全文索引", "indexing"), call.archive.catalogue.record_count()
        ) as bar:
            filled = rebuilding.fill_indexes(call.archive, fresh, person, bar.advance)
    return [{"key": key, "records": filled.get(key)} for key in sorted({*thrown, *filled})]


def _shown(call: Call, result: dict[str, Any]) -> str:
    lines = []
    if result["catalogue"]:
        made = result["catalogue"]
        lines.append(say(f"目录：台账 {made['entries']} 条，资料 {made['records']} 件",
                         f"catalogue: {counted(made['entries'], 'entry')}, "
                         f"{counted(made['records'], 'record')}"))  # fmt: skip
    for row in result["index"] or ():
        label = key_label(call.policy, row["key"])
        count = row["records"]
        later = say("待下次检索时重建", "made by the next search")
        told = later if count is None else say(f"{count} 件", counted(count, "record"))
        lines.append(f"{label}: {told}")
    return "\n".join(lines) or say("没有内容", "nothing")


@command("reconcile", zh="核对每件扫描件的去向：归档、在托盘中、退回或销毁；列出对不上的。",
         never=NOTHING, exits=(0, 3, 10, 11, 12))  # fmt: skip
@common_options
@pass_call
def reconcile_command(call: Call) -> int:
    """See that every scan that ever came has one recorded end; list what does not fit."""
    found = reconciling.reconcile(call.archive)
    rows = [{"code": one.code, "claim": one.where, "message": one.message}
            for one in found.findings]  # fmt: skip
    result = {"claims": sum(found.ends.values()), "ends": dict(found.ends), "findings": rows}

    def shown() -> str:
        ends = [f"{say(*ENDS.get(end, (end, end)))} {count}" for end, count in found.ends.items()]
        total = sum(found.ends.values())
        told = say(f"扫描件 {total} 件：", f"{counted(total, 'scan')}: ")
        lines = [told + (", ".join(ends) or "0")]
        if rows:
            heads = (say("代码", "code"), say("扫描件", "claim"), say("说明", "about"))
            lines += ["", table(heads, [tuple(row.values()) for row in rows], cut=(2,))]
        return "\n".join(lines)

    call.emit(result, shown)
    return FINDINGS if rows else DONE
