"""`archivist disposal`: from the proposal to the gate before anything is destroyed (销毁).

What may be thought of, who appraises and who approves stands in the adopted regulations. What is
refused is recorded in the ledger too, with a reason code.

    archivist disposal propose D000001
    archivist disposal appraise X000001 R00000001 destroy --opinion 已无保存价值
    archivist disposal approve X000001
    archivist disposal show X000001
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archivist import destruction_book, disposal_desk, disposal_lists, disposals
from archivist.cli import labels
from archivist.cli.destruction import (
    bundle,
    certificate,
    ended_words,
    execute,
    paper,
    register,
)
from archivist.cli.door import (
    DONE,
    FINDINGS,
    Call,
    common_options,
    day_of,
    now,
    pass_call,
)
from archivist.cli.say import counted, facts, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, Words, group, option, several
from archivist.cli.words import iso_date
from archivist.disposal_book import FOREVER, REQUEST, SWEEP, the_disposal
from archivist.errors import BadRequest, NotAllowed
from archivist.masking import masked, masked_in
from policies.approvals import ACT_WORDS as STEP_WORDS
from policies.disposal_life import ACT_WORDS, FATE_WORDS, OPINIONS, STATE_WORDS

if TYPE_CHECKING:
    from archivist.disposal_desk import Refusal

CARD: Words = (f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}")
KEPT: Words = ("资料本身；以前的台账", "the records; earlier entries")
DENIES: Words = ("；不允许的也记入台账", "; what is denied is recorded too")
ENDS = (0, 2, 4, 10, 11, 12, 13)
ORIGINS: dict[str, Words] = {
    SWEEP: ("到期清查", "the retention sweep"),
    REQUEST: ("本人要求删除", "a person asks for deletion"),
}
# Steps of the act `destroy`, which carries a disposal out.
_ENDING: dict[str, Words] = {
    "decided": ("执行", "executed"),
    "destroyed": ("销毁完毕", "destroyed"),
    "paper": ("销毁纸质原件", "paper destroyed"),
    "bundle": ("销毁恢复包", "bundle destroyed"),
}
_OPINIONS = {FATE_WORDS[code][0]: code for code in OPINIONS}
_OPINIONS |= {"保留": "keep"}


def _adds(what: Words) -> Words:
    return what[0] + DENIES[0], what[1] + DENIES[1]


@group("disposal", zh="销毁：提出、逐件鉴定、审批、否决、列出、查看。\n\n"
       "哪些可以提出、谁鉴定、谁批准，由采用的制度决定；不允许的也记入台账。")  # fmt: skip
def disposal_command() -> None:
    """Disposals: propose, appraise item by item, approve, refuse, list, show.

    What may be proposed, who appraises, who approves and in which order is said by the adopted
    regulations; what is denied is recorded too.
    """


for _command in (execute, certificate, register, paper, bundle):
    disposal_command.add_command(_command)


_ON = option("--on", metavar="DATE", zh="按这一天办理，如 2026-03-05；不写为今天。",
             help="As if it were this day, e.g. 2026-03-05; today if not said.")  # fmt: skip


# ── propose ───────────────────────────────────────────────────────────────────


@disposal_command.command("propose", zh="提出销毁 TARGET（档案、客户档案、客户），输出编号。\n\n"
                          "只收保管期限已满、没有冻结、没有借出、不在另一份销毁中的；不能提出的"
                          "逐件说明原因和条款。本人要求删除个人信息的，写 --on-request 并附 "
                          "--evidence：公司自己的期限不再拘束，法定最低期限仍然有效。",
                          changes=_adds(ENTRY), never=KEPT,
                          exits=(*ENDS[:2], 3, *ENDS[2:]))  # fmt: skip
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@option("--on-request", is_flag=True, zh="本人要求删除（个人信息保护法第四十七条）。",
        help="The person asks for deletion (PIPL art. 47).")  # fmt: skip
@several("--evidence", type=click.Path(path_type=Path), metavar="FILE…",
         zh="本人要求的扫描件，加密保存；可写几个。",
         help="Scans of the request; kept sealed.")  # fmt: skip
@_ON
@common_options
@pass_call
def propose(
    call: Call, targets: tuple[str, ...], on_request: bool, evidence: tuple[Path, ...],
    on: str | None,
) -> int:  # fmt: skip
    """Propose to destroy each TARGET (records, dossiers, customers) and print the disposal's id.

    Only what has run out, is not held, not on loan and not in another disposal; whatever cannot be
    proposed is named with its reason and clause. With --on-request and --evidence the company's
    own periods do not count; a legal minimum still does.
    """
    if on_request != bool(evidence):
        raise BadRequest(
            "--on-request 须附 --evidence 文件", "--on-request and --evidence FILE go together"
        )
    who = call.somebody().name
    call.archive.follow()
    records = disposals.records_of(call.archive, targets)
    made = disposals.propose(
        call.archive, call.policy, records, who, now(), day_of(on), request=evidence
    )
    if made.disposal is None or not call.json:
        _note_proposal(made)
    if made.disposal is None:
        raise NotAllowed(*disposal_desk.REASONS["nothing-to-propose"])
    told = {
        "disposal": made.disposal,
        "records": list(made.records),
        "left_out": [_reason(record, one) for record, found in made.left_out.items()
                     for one in found],
    }  # fmt: skip
    call.emit(told, made.disposal)
    return FINDINGS if made.left_out else DONE


def _note_proposal(made: disposals.Proposed) -> None:
    if made.disposal:
        n = len(made.records)
        note(say(f"提出 {n} 件，待鉴定：archivist disposal show {made.disposal}",
                 f"{counted(n, 'record')} proposed; appraise: archivist disposal show "
                 f"{made.disposal}"))  # fmt: skip
    for record, found in made.left_out.items():
        for one in found:
            note(f"{record}  {_refused(one)}")


def _reason(record: str, one: Refusal) -> dict[str, Any]:
    return {"record": record, "reason": one.code, "zh": one.zh, "en": one.en,
            "clauses": list(one.clauses)}  # fmt: skip


def _refused(one: Refusal) -> str:
    clauses = "、".join(one.clauses)
    zh = f"{one.zh}（{clauses}）" if clauses else one.zh
    return say(zh, f"{one.en} ({', '.join(one.clauses)})" if one.clauses else one.en)


# ── appraise ──────────────────────────────────────────────────────────────────


@disposal_command.command("appraise", zh="鉴定 DISPOSAL 中的一件 RECORD，由本人的密钥签名。\n\n"
                          "destroy 销毁；keep 续存（--until 到哪一天，不写为永久）；regrade 变更"
                          "密级后再定。须能打开原文。有一人主张续存即续存；意见之后已有的批准作废。",
                          changes=_adds(CARD), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("disposal")
@click.argument("record")
@click.argument("opinion", metavar="OPINION", type=click.Choice([*OPINIONS, *_OPINIONS]))
@option("--until", metavar="DATE", zh="续存到哪一天；不写为永久。",
        help="Kept until which day; for good if not said.")  # fmt: skip
@option("--grade", metavar="GRADE", zh="应变更为的密级。", help="The grade it should have.")
@option("--opinion", "words", required=True, metavar="TEXT", zh="意见，加密保存。",
        help="The opinion in words; kept sealed.")  # fmt: skip
@_ON
@common_options
@pass_call
def appraise(
    call: Call, disposal: str, record: str, opinion: str, until: str | None, grade: str | None,
    words: str, on: str | None,
) -> None:  # fmt: skip
    """Say of one RECORD of DISPOSAL whether to destroy, keep or regrade it, signed with your key.

    You must be able to open it. One opinion to keep keeps it, until the day given or for good.
    Approvals given before an opinion are void.
    """
    last = date.fromisoformat(iso_date(until)) if until else None
    said = disposals.Said(_OPINIONS.get(opinion, opinion), words, last, grade)
    person = call.somebody().unlocked()
    disposals.appraise(call.archive, call.policy, disposal, record, said, person, now(), day_of(on))
    _told(call, disposal)


# ── approve, refuse ───────────────────────────────────────────────────────────


@disposal_command.command("approve", zh="批准 DISPOSAL 的下一步，由本人的密钥对整份清单签名。\n\n"
                          "须担任这一步的职务，且不是提出人；先后次序、各由不同的人。批准有期限，"
                          "清单一变即作废。",
                          changes=_adds(ENTRY), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("disposal")
@_ON
@common_options
@pass_call
def approve(call: Call, disposal: str, on: str | None) -> None:
    """Take the next step of DISPOSAL, signed with your own key over the exact list.

    It needs the role of that step, and is never for whoever proposed it. An approval expires, and
    is void once the list changes.
    """
    day_of(on)
    person = call.somebody().unlocked()
    disposals.approve(call.archive, call.policy, disposal, person, now())
    _told(call, disposal)


@disposal_command.command("refuse", zh="否决 DISPOSAL；须担任审批步骤中的职务。",
                          changes=_adds(CARD), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("disposal")
@option("--reason", required=True, metavar="TEXT", zh="理由，加密保存。", help="Why; kept sealed.")
@_ON
@common_options
@pass_call
def refuse(call: Call, disposal: str, reason: str, on: str | None) -> None:
    """Say no to DISPOSAL, in a role that one of its steps asks."""
    day_of(on)
    disposals.refuse(call.archive, call.policy, disposal, reason, call.somebody().name, now())
    _told(call, disposal)


@disposal_command.command("withdraw", zh="撤回 DISPOSAL；只能由提出人。",
                          changes=_adds(ENTRY), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("disposal")
@_ON
@common_options
@pass_call
def withdraw(call: Call, disposal: str, on: str | None) -> None:
    """Take the proposal of DISPOSAL back; only whoever made it."""
    day_of(on)
    disposals.withdraw(call.archive, disposal, call.somebody().name, now())
    _told(call, disposal)


# ── looking ───────────────────────────────────────────────────────────────────


@disposal_command.command("list", zh="列出销毁：状态、件数、鉴定结果、待谁批准。",
                          never=NOTHING, exits=(0, 2, 4, 10, 12))  # fmt: skip
@option("--open", "open_only", is_flag=True, zh="只列尚未执行、否决或撤回的。",
        help="Only those not executed, refused or withdrawn.")  # fmt: skip
@_ON
@common_options
@pass_call
def list_(call: Call, open_only: bool, on: str | None) -> None:
    """List disposals: state, how many records, how they were appraised, who is to approve."""
    day_of(on)
    rows = disposal_lists.listed(call.archive, open_only)
    heads = (say("编号", "disposal"), say("状态", "state"), say("提出", "proposed"),
             say("提出人", "by"), say("客户", "customers"), say("件", "records"),
             say("销毁", "destroy"), say("续存", "keep"), say("未鉴定", "open"),
             say("待批", "waits for"))  # fmt: skip
    call.emit(
        rows,
        lambda: (
            table(heads, [_line(call, row) for row in rows], cut=(4, 9))
            if rows
            else say("没有销毁", "no disposals")
        ),
    )


def _line(call: Call, row: dict[str, Any]) -> tuple[Any, ...]:
    waits = row["waits_for"]
    return (row["disposal"], say(*STATE_WORDS[row["state"]]), labels.local_time(row["proposed"]),
            row["proposed_by"], row["customers"], row["records"], row["destroy"],
            row["keep"] + row["regrade"], row["open"],
            labels.role_label(call.policy, waits["role"]) if waits else None)  # fmt: skip


@disposal_command.command("show", zh="查看 DISPOSAL：几件、谁的、为什么、依据、意见、还缺什么。\n\n"
                          "题名只给打得开原文的人看；鉴定意见也给参与办理的人看。",
                          never=NOTHING, exits=(0, 2, 4, 10, 12))  # fmt: skip
@click.argument("disposal")
@_ON
@common_options
@pass_call
def show(call: Call, disposal: str, on: str | None) -> None:
    """Show DISPOSAL: how many records, whose, why, by which clause, the opinions, what is needed.

    Titles are for whoever can open the records; opinions in words also for whoever has a part.
    """
    day = day_of(on)
    later = timedelta(days=(day - day_of(None)).days)
    moment: datetime = now() + max(later, timedelta(0))
    told = disposal_lists.shown(
        call.archive, call.policy, disposal, day, moment, call.person
    )  # fmt: skip
    told["destruction"] = destruction_book.told(call.archive, disposal)
    call.emit(masked_in(told), lambda: masked(_shown(call, told, day)))


def _shown(call: Call, told: dict[str, Any], day: date) -> str:
    parts = [_head(call, told), _items(call, told), _still(call, told, day),
             ended_words(call, told["destruction"]), _history(call, told)]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def _head(call: Call, told: dict[str, Any]) -> str:
    whose = [
        say(f"{labels.with_name(name, told['names'][name])}：{n} 件",
            f"{labels.with_name(name, told['names'][name])}: {n}")
        for name, n in _counts(one["customer"] for one in told["items"])
    ]  # fmt: skip
    kinds = [
        say(
            f"{labels.type_label(call.policy, name)} {n} 件",
            f"{labels.type_label(call.policy, name)}: {n}",
        )
        for name, n in _counts(one["type"] for one in told["items"])
    ]
    grades = [
        say(
            f"{labels.grade_label(call.policy, name)} {n} 件",
            f"{labels.grade_label(call.policy, name)}: {n}",
        )
        for name, n in _counts(one["grade"] for one in told["items"])
    ]
    origin = ORIGINS.get(told["origin"])
    return facts(
        (
            (say("销毁", "disposal"), f"{told['disposal']}  {say(*STATE_WORDS[told['state']])}"),
            (say("件数、页数", "records, pages"), f"{told['records']}, {told['pages']}"),
            (say("鉴定结果", "appraised"), _outcome(told)),
            (say("客户", "customers"), whose),
            (say("种类", "types"), kinds),
            (say("密级", "grades"), grades),
            (
                say("提出", "proposed"),
                f"{labels.local_time(told['proposed'])} {told['proposed_by']}",
            ),
            (say("缘由", "origin"), say(*origin) if origin else None),
            (say("到期按", "run out by"), told["on"]),
            (say("审批步骤", "steps"), [_step(call, step) for step in told["steps"]]),
            (say("已批准", "approved"), [_given(call, one) for one in told["approvals"]]),
            (say("条款", "clauses"), told["clauses"]),
            (say("制度", "regulations"), told["packs"]),
        )
    )


def _outcome(told: dict[str, Any]) -> list[str]:
    return [
        say(f"{zh} {told[code]} 件", f"{en}: {told[code]}")
        for code, (zh, en) in FATE_WORDS.items()
        if told[code]
    ]


def _counts(names: Iterator[str] | Sequence[str]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return sorted(found.items())


def _step(call: Call, step: dict[str, Any]) -> str:
    zh, en = STEP_WORDS[step["act"]]
    return f"{labels.role_label(call.policy, step['role'])}{say(zh, ' ' + en)}"


def _given(call: Call, one: dict[str, Any]) -> str:
    until = (labels.local_time(one["expires"]) or "")[:10]
    return say(f"{_step(call, one)} {one['person']}（有效至 {until}）",
               f"{_step(call, one)} {one['person']} (until {until})")  # fmt: skip


def _items(call: Call, told: dict[str, Any]) -> str:
    heads = (say("档案", "record"), say("种类", "type"), say("密级", "grade"),
             say("题名", "title"), say("页", "pages"), say("归档", "filed"),
             say("保管期限", "period"), say("到期", "ran out"), say("条款", "clauses"),
             say("结果", "outcome"), say("意见", "opinions"))  # fmt: skip
    lines = [
        (one["record"], labels.type_label(call.policy, one["type"]),
         labels.grade_label(call.policy, one["grade"]),
         labels.title_label(call.policy, one["type"], one["title"]), one["pages"],
         (labels.local_time(one["filed"]) or "")[:10], _period(one["ground"]), one["due"],
         one["ground"].get("clauses"), _fate(one), [_opinion(said) for said in one["opinions"]])
        for one in told["items"]
    ]  # fmt: skip
    return table(heads, lines, cut=(10, 3, 8))


def _period(ground: dict[str, Any]) -> str | None:
    if ground.get("permanent"):
        return say("永久", "for ever")
    years, months = ground.get("years"), ground.get("months")
    zh = (f"{years} 年" if years else "") + (f"{months} 个月" if months else "")
    en = " ".join([f"{years} years"] * bool(years) + [f"{months} months"] * bool(months))
    return say(zh, en) or None


def _fate(one: dict[str, Any]) -> str:
    words = say(*FATE_WORDS[one["fate"]])
    if one["fate"] != "keep":
        return words
    return words + _until(one["keep_until"])


def _until(day: str | None) -> str:
    if day is None:
        return ""
    return say("（永久）", " for good") if day == FOREVER else say(f"至 {day}", f" until {day}")


def _opinion(said: dict[str, Any]) -> str:
    words = f"{said['person']} {say(*FATE_WORDS[said['opinion']])}{_until(said['until'])}"
    words += f" {said['grade']}" if said["grade"] else ""
    return f"{words}：{said['words']}" if said["words"] else words


def _still(call: Call, told: dict[str, Any], day: date) -> str:
    """What is needed before it can be executed, and what would stop it on the day."""
    lines = [say("还需要：", "still needed:"), *(f"  {one}" for one in _needs(call, told))]
    if len(lines) == 1:
        lines = []
    shut = [one for one in told["refusals"] if one["code"] not in ("not-approved", "not-appraised")]
    if shut:
        lines.append(say(f"{day.isoformat()} 不能执行，因为：",
                         f"could not be executed on {day.isoformat()}:"))  # fmt: skip
    for one in shut:
        about = one["record"] or one["person"] or ""
        clauses = f"（{'、'.join(one['clauses'])}）" if one["clauses"] else ""
        lines.append(f"  {about}  {say(one['zh'] + clauses, one['en'] + clauses)}".rstrip())
    return "\n".join(lines)


def _needs(call: Call, told: dict[str, Any]) -> Iterator[str]:
    opinions = [one for one in told["needs"] if one["what"] == "opinion"]
    if opinions:
        some = ", ".join(one["record"] for one in opinions[:5])
        some += " …" if len(opinions) > 5 else ""
        n = len(opinions)
        yield say(f"{n} 件的鉴定意见（每件至少再 {min(o['more'] for o in opinions)} 人）：{some}",
                  f"opinions on {counted(n, 'record')}: {some}")  # fmt: skip
    for one in told["needs"]:
        if one["what"] == "approval":
            words = f"archivist disposal approve {told['disposal']}"
            yield say(f"{_step(call, one)}：{words}", f"{_step(call, one)}: {words}")
        elif one["what"] == "cooling-off":
            yield say(f"冷静期，{one['until']} 起可以执行",
                      f"cooling-off: to be executed from {one['until']} on")  # fmt: skip
        elif one["what"] == "execution":
            n, others = one["witnesses"], one["not"]
            yield say(f"执行人一名、监销人 {n} 名（不能是{'、'.join(others)}）",
                      f"an executor and {n} witnesses (none of {', '.join(others)})")  # fmt: skip


def _history(call: Call, told: dict[str, Any]) -> str:
    heads = (say("时间", "time"), say("人员", "person"), say("经过", "step"),
             say("档案", "record"), say("职务", "role"), say("说明", "words"))  # fmt: skip
    lines = [
        (labels.local_time(one["time"]), one["who"], _happened(one), one["record"],
         labels.role_label(call.policy, one["role"]) if one["role"] else None, one["words"])
        for one in told["history"]
    ]  # fmt: skip
    return table(heads, lines, cut=(5,))


def _happened(one: dict[str, Any]) -> str:
    step = one["step"]
    act = say(*_ENDING.get(step, (ACT_WORDS.get(step, (step,))[0], step)))
    return f"{act} {say(*FATE_WORDS[one['opinion']])}" if one["opinion"] else act


# ── below ─────────────────────────────────────────────────────────────────────


def _told(call: Call, disposal: str) -> None:
    """The disposal as it stands now, in one line."""
    row = disposal_lists.plain(call.archive, the_disposal(call.archive, disposal))
    waits = row["waits_for"]
    words = say(*STATE_WORDS[row["state"]])
    if waits:
        whose = labels.role_label(call.policy, waits["role"])
        words += say(f"，待{whose}", f", waits for {whose}")
    call.emit(row, f"{disposal}  {words}")
