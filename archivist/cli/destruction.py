"""`archivist disposal execute …`: what was approved is destroyed, and it is proved.

Everybody who signs stands at the desk and types his passphrase, also when one of them is logged
in: a signature is given, not taken from a session that somebody forgot to close.

    archivist disposal execute X000001 --witness wang --witness zhao --place 档案室
    archivist disposal certificate X000001 -o 销毁证明.pdf
    archivist disposal register -o 销毁清册.xlsx
    archivist disposal paper X000001 --method shred --place 档案室 --witness wang --witness zhao
    archivist disposal bundle X000001 12 --method shred --place 保险柜 --witness wang --witness zhao
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archivist import destruction, destruction_book, destruction_rows, disposal_gate, outside_copies
from archivist.archive import STATION
from archivist.cli import labels
from archivist.cli.door import (
    DAMAGE,
    DONE,
    Call,
    ask_passphrase,
    common_options,
    day_come,
    day_of,
    now,
    pass_call,
)
from archivist.cli.progress import Progress
from archivist.cli.say import chinese, counted, facts, note, say
from archivist.cli.spoken import ENTRY, Words, command, option
from archivist.errors import ArchivistError, BadRequest
from archivist.outside_copies import BUNDLE, PAPER, Seen
from storage import durable
from storage.errors import StorageError

if TYPE_CHECKING:
    from storage.people import Unlocked

GONE: Words = ("清册所列档案的正文、密钥头、全文索引、相关卡片和旧密钥；台账增加数条",
               "bodies, heads, text and cards of the records listed, and old keys; several ledger "
               "entries")  # fmt: skip
KEPT: Words = (
    "其他档案；台账；销毁留痕",
    "other records; the ledger; what is left of the destroyed",
)
NOT_RECORDS: Words = ("档案；以前的台账", "records; earlier entries")
FILE: Words = ("FILE", "FILE")

_WITNESS = option("--witness", "witnesses", multiple=True, metavar="PERSON",
                  zh="监销人，到场输入口令并签名；写几次。",
                  help="A witness, who is there and signs; repeat it.")  # fmt: skip
_PLACE = option("--place", default="", metavar="TEXT",
                zh="销毁地点，加密保存；执行时不写即本机。",
                help="Where it happens, kept sealed; an execution's is this machine if not said.",
                )  # fmt: skip
_ON = option("--on", metavar="DATE", zh="按这一天办理，如 2026-03-05；不写为今天。",
             help="As if it were this day, e.g. 2026-03-05; today if not said.")  # fmt: skip


# ── execute ───────────────────────────────────────────────────────────────────


@command("execute", zh="执行已批准的销毁 DISPOSAL：不可撤回。\n\n"
         "先逐项复核（鉴定、审批、冻结、借阅、密级、期限），再由监销人各以本人密钥签名，然后删除、"
         "轮换并销毁密钥、复查。执行人须持有全部有关密钥。中断后再次运行即可继续，不必再签名。\n\n"
         "各人口令当场输入，或取自 ARCHIVIST_PASSPHRASE。",
         changes=GONE, never=KEPT, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("disposal")
@_WITNESS
@_PLACE
@_ON
@common_options
@pass_call
def execute(
    call: Call, disposal: str, witnesses: tuple[str, ...], place: str, on: str | None
) -> int:
    """Carry out DISPOSAL, which was approved: there is no way back.

    Everything is asked again (opinions, approvals, holds, loans, grades, periods); the witnesses
    sign, each with his own key; then it is erased, the keys rotated and destroyed, and looked at
    again. The executor holds every key concerned. What was interrupted goes on when it is run
    again, and nobody signs twice. Passphrases are typed, or come from ARCHIVIST_PASSPHRASE.
    """
    call.archive.follow()
    if call.archive.catalogue.destruction(disposal) is None:
        _decide(call, disposal, witnesses, place, day_come(on))
    return _finish(call, disposal)


def _decide(call: Call, disposal: str, names: Sequence[str], place: str, on: date) -> None:
    who = call.somebody().name
    place = place.strip() or say(f"本机 {STATION}", f"this machine, {STATION}")
    for name in names:
        call.check_person(name)
    moment = now()
    archive = call.archive

    def gate() -> destruction.Order:
        return destruction.ordered(archive, disposal, on, moment, who, names)

    with archive.writing(moment, who):
        shut = disposal_gate.refusals(archive, disposal, on, moment, who, names)
    # Nobody types a passphrase for what is refused anyway; `execute` records the refusal.
    signers = [] if shut else [_unlocked(call, name) for name in names]
    destruction.execute(archive, disposal, gate, _own(call), signers, place, moment)
    archive.ledger.publish()


def _finish(call: Call, disposal: str) -> int:
    done = finished(call, disposal, _own(call))
    told = destruction_book.told(call.archive, disposal)
    assert told is not None
    call.emit(told, lambda: _in_words(call, told))
    if not done.done:
        note(
            say(
                f"{len(done.damaged)} 份其他资料的密钥头已损坏，旧密钥暂留："
                f"{'、'.join(done.damaged)}。请从副本取回后再次运行。",
                f"the old key stays for {counted(len(done.damaged), 'other record')} with a "
                f"damaged head: {', '.join(done.damaged)}. Put them back from a copy, run again.",
            )
        )
        return DAMAGE
    _what_next(told)
    return DONE


def finished(call: Call, disposal: str, person: Unlocked) -> destruction.Finished:
    """Carry out what was decided; the bar counts the records that get a new key."""
    with Progress(say("销毁旧密钥", "destroying old keys")) as bar:
        return destruction.finish(
            call.archive, disposal, person, now(), lambda _, done, total: bar.reach(done, total)
        )


def go_on(call: Call, person: Unlocked) -> bool:
    """Carry on with what somebody decided and nobody ended, as far as this person holds the keys;
    whether any key was destroyed. What fails is told, and stops nobody from logging in."""
    moved = False
    for disposal in destruction_book.waiting(call.archive):
        row = destruction.decided(call.archive, disposal)
        if destruction.lacking_keys(call.archive, row["keys"], person.name):
            continue
        try:
            done = finished(call, disposal, person).done
        except (ArchivistError, StorageError) as error:
            done = False
            note(f"{disposal}: {error}")
        moved = True
        note(say(f"{disposal}：{'已销毁完毕' if done else '尚未销毁完毕'}",
                 f"{disposal}: {'destroyed' if done else 'not destroyed yet'}"))  # fmt: skip
    return moved


def _own(call: Call) -> Unlocked:
    call.somebody()
    assert call.person is not None
    return call.person


def _in_words(call: Call, told: dict[str, Any]) -> str:
    n = told["records"]
    if told["state"] != "destroyed":
        return say(f"{told['disposal']}：{n} 件，尚未销毁完毕",
                   f"{told['disposal']}: {counted(n, 'record')}, not destroyed yet")  # fmt: skip
    keys = ", ".join(
        say(f"{labels.key_label(call.policy, key)} 第 {'、'.join(map(str, gone))} 代",
            f"{labels.key_label(call.policy, key)} generation {', '.join(map(str, gone))}")
        for key, gone in told["keys_destroyed"].items()
    )  # fmt: skip
    words = say(f"{told['disposal']}：{n} 件已销毁",
                f"{told['disposal']}: {counted(n, 'record')} destroyed")  # fmt: skip
    return f"{words}\n{say('已销毁的密钥：', 'keys destroyed: ')}{keys or say('无', 'none')}"


def _what_next(told: dict[str, Any]) -> None:
    disposal = told["disposal"]
    words = f"archivist disposal certificate {disposal}"
    note(say(f"销毁证明：{words} -o 文件.pdf", f"the certificate: {words} -o FILE.pdf"))
    if told["paper_left"]:
        n = len(told["paper_left"])
        note(say(f"还有 {n} 件纸质原件待销毁：archivist disposal paper {disposal}",
                 f"{counted(n, 'paper original')} to be destroyed: "
                 f"archivist disposal paper {disposal}"))  # fmt: skip
    open_ = [one for one in told["bundles"] if one["attested"] is None]
    if open_:
        named = "、".join(str(one["entry"]) for one in open_)
        note(say(f"这些恢复包仍能打开旧副本，请销毁并登记：{named}"
                 f"（archivist disposal bundle {disposal} 编号）；"
                 "并重新制作：archivist key escrow -o 文件",
                 f"these recovery bundles still open old copies; destroy them and say so: {named} "
                 f"(archivist disposal bundle {disposal} NUMBER); and make a new one: "
                 "archivist key escrow -o FILE"))  # fmt: skip
    elif told["keys_destroyed"]:
        note(say("此前的恢复包已作废，请重新制作：archivist key escrow -o 文件",
                 "earlier recovery bundles are void, make a new one: "
                 "archivist key escrow -o FILE"))  # fmt: skip


# ── certificate, register ─────────────────────────────────────────────────────


@command("certificate", zh="出具 DISPOSAL 的销毁证明：销毁了什么、谁决定、谁监销、销毁了哪些密钥，"
         "附台账证明和二维码。\n\n销毁完毕之后才有。未登记销毁的纸质原件和恢复包如实写明。",
         changes=FILE, never=("任何内容", "anything else"),
         exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("disposal")
@option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE.pdf",
        zh="写到哪个文件；已有的会被替换。",
        help="Where to write; a file that is there is replaced.")  # fmt: skip
@common_options
@pass_call
def certificate(call: Call, disposal: str, output: Path) -> None:
    """The certificate of DISPOSAL: what was destroyed, by whose decision, before whom, with which
    keys; and the ledger's proofs, which outsiders check.

    Only once it is destroyed. Paper and bundles that nobody attested are named as such.
    """
    from archivist.destruction_sheets import certificate as made

    write(output, made(call.archive, call.policy, disposal, chinese()))
    call.emit({"disposal": disposal, "file": str(output)}, str(output))


@command("register", zh="输出销毁清册：已销毁的和未获批准而留下的。永久保存。\n\n"
         "按文件名结尾为 PDF、CSV 或 XLSX。",
         changes=FILE, never=("任何内容", "anything else"), exits=(0, 2, 10, 11, 12))  # fmt: skip
@option("--year", metavar="YYYY", zh="只列这一年决定的。", help="Only what was decided in it.")
@option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
        zh="写到哪个文件（.pdf、.csv、.xlsx）。",
        help="Where to write: .pdf, .csv or .xlsx.")  # fmt: skip
@common_options
@pass_call
def register(call: Call, year: str | None, output: Path) -> None:
    """The register of destruction: what was destroyed, and what was not approved and stays.

    As PDF, CSV or XLSX, by the ending of the file's name.
    """
    from archivist import destruction_sheets, report_pages

    if year and not (year.isascii() and year.isdigit() and len(year) == 4):
        raise BadRequest(f"“{year}” 不是年度", f"{year!r} is no year", "例如 2026", "e.g. 2026")
    make = {".pdf": report_pages.as_pdf, ".csv": report_pages.as_csv,
            ".xlsx": destruction_sheets.register_book}  # fmt: skip
    ending = output.suffix.lower()
    if ending not in make:
        raise BadRequest("文件名须以 .pdf、.csv 或 .xlsx 结尾",
                         "the file's name ends in .pdf, .csv or .xlsx")  # fmt: skip
    sheet = destruction_sheets.register_sheet(call.archive, call.policy, year or "")
    write(output, make[ending](sheet, chinese()))
    rows = [dict(row) for row in sheet.sections[0].rows]
    call.emit({"file": str(output), "rows": rows}, str(output))


# ── paper, bundles ────────────────────────────────────────────────────────────


@command("paper", zh="登记 DISPOSAL 的纸质原件已销毁；不写 RECORD 即其余全部。\n\n"
         "方式须合制度（保密文件用碎纸机）；监销人各以本人密钥签名。",
         changes=(f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}"),
         never=NOT_RECORDS, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("disposal")
@click.argument("records", metavar="[RECORD]...", nargs=-1)
@option("--method", required=True, type=click.Choice(PAPER),
        zh="shred 碎纸、pulp 化浆、burn 焚毁、tear 撕毁。",
        help="How: shred, pulp, burn, tear.")  # fmt: skip
@_PLACE
@_WITNESS
@_ON
@common_options
@pass_call
def paper(
    call: Call, disposal: str, records: tuple[str, ...], method: str, place: str,
    witnesses: tuple[str, ...], on: str | None,
) -> None:  # fmt: skip
    """Record that paper originals of DISPOSAL were destroyed: each RECORD, or all that are left.

    By the method that the regulation prescribes; each witness signs with his own key.
    """
    who = call.somebody().name
    seen = _seen(call, disposal, method, place, witnesses, on)
    done = outside_copies.paper_destroyed(
        call.archive, call.policy, disposal, records, seen, who, now()
    )
    _told(call, disposal, say(f"{len(done)} 件纸质原件：{destruction_rows.METHOD_WORDS[method][0]}",
                              f"{counted(len(done), 'paper original')} "
                              f"{destruction_rows.METHOD_WORDS[method][1]}"))  # fmt: skip


@command("bundle", zh="登记能打开 DISPOSAL 旧副本的恢复包 BUNDLE 已销毁。\n\n"
         "BUNDLE 是制作它的台账序号，或其 SHA-256 的前 8 位以上。监销人各以本人密钥签名。",
         changes=(f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}"),
         never=NOT_RECORDS, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("disposal")
@click.argument("bundle_", metavar="BUNDLE")
@option("--method", required=True, type=click.Choice(BUNDLE),
        zh="shred 粉碎、burn 焚毁、wipe 清除介质。", help="How: shred, burn, wipe.")  # fmt: skip
@_PLACE
@_WITNESS
@_ON
@common_options
@pass_call
def bundle(
    call: Call, disposal: str, bundle_: str, method: str, place: str,
    witnesses: tuple[str, ...], on: str | None,
) -> None:  # fmt: skip
    """Record that the recovery bundle BUNDLE, which opens old copies of DISPOSAL, was destroyed.

    BUNDLE is the ledger entry that issued it, or at least 8 digits of its SHA-256.
    """
    who = call.somebody().name
    seen = _seen(call, disposal, method, place, witnesses, on)
    done = outside_copies.bundle_destroyed(call.archive, disposal, bundle_, seen, who, now())
    zh, en = destruction_rows.METHOD_WORDS[method]
    _told(call, disposal, say(f"恢复包 {done['idx']}：{zh}", f"bundle {done['idx']} {en}"))


def _seen(
    call: Call, disposal: str, method: str, place: str, names: Sequence[str], on: str | None
) -> Seen:
    call.archive.follow()
    outside_copies.ended(call.archive, disposal)  # before anybody types a passphrase
    if not place.strip():
        raise BadRequest("请用 --place 写明地点", "say where with --place TEXT")
    for name in names:
        call.check_person(name)
    return Seen(method, place, day_of(on), tuple(_unlocked(call, name) for name in names))


def _told(call: Call, disposal: str, words: str) -> None:
    call.emit(destruction_book.told(call.archive, disposal), f"{disposal}  {words}")


# ── words ─────────────────────────────────────────────────────────────────────


def ended_words(call: Call, told: dict[str, Any] | None) -> str:
    """How far a destruction came, for `disposal show`; "" while none was decided."""
    if told is None:
        return ""
    keys = [f"{labels.key_label(call.policy, key)} {', '.join(map(str, left))}"
            for key, left in told["keys_left"].items()]  # fmt: skip
    hurt = [*told["findings"], *(f for one in told["paper"] for f in one["findings"]),
            *(f for one in told["bundles"] for f in one["findings"])]  # fmt: skip
    return facts(
        (
            (
                say("决定销毁", "decided"),
                f"{labels.local_time(told['decided'])} {told['executor']}",
            ),
            (say("监销人", "witnesses"), told["witnesses"]),
            (say("签名不符", "signatures that do not hold"), hurt or None),
            (say("地点", "place"), told["place"]),
            (
                say("销毁完毕", "destroyed"),
                labels.local_time(told["destroyed"]) or _unfinished(told),
            ),
            (say("还有这些密钥", "keys left"), keys or None),
            (say("纸质原件", "paper originals"), _paper_words(told)),
            (say("恢复包", "recovery bundles"), [_bundle_words(one) for one in told["bundles"]]),
        )
    )


def _unfinished(told: dict[str, Any]) -> str:
    names = "、".join(told["can_finish"]) or "—"
    words = f"archivist disposal execute {told['disposal']}"
    return say(f"尚未完毕：由 {names} 运行 {words}", f"not yet: {words}, by {names}")


def _paper_words(told: dict[str, Any]) -> str:
    done = sum(len(one["records"]) for one in told["paper"])
    left = len(told["paper_left"])
    return say(f"已登记销毁 {done} 件，未登记 {left} 件",
               f"{done} attested destroyed, {left} not")  # fmt: skip


def _bundle_words(one: dict[str, Any]) -> str:
    seen = one["attested"]
    state = say(f"{seen['on']} 已证实销毁", f"seen destroyed {seen['on']}") if seen else say(
        "未登记销毁", "not attested destroyed")  # fmt: skip
    return f"{one['entry']} ({one['sha256'][:12]}) {state}"


# ── below ─────────────────────────────────────────────────────────────────────


def _unlocked(call: Call, name: str) -> Unlocked:
    return call.unlocked(name, ask_passphrase(name))


def write(output: Path, content: bytes) -> None:
    """Put a file where somebody wants it. Raises BadRequest when there is no such folder."""
    if not output.absolute().parent.is_dir():
        raise BadRequest(f"没有目录 {output.parent}", f"there is no folder {output.parent}")
    durable.replace(output.absolute(), content, mode=0o600)
