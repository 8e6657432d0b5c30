"""`archivist incident`: leaks, losses, damage: reported, confirmed by whom the rules name, closed.

Whom to tell is said by the adopted regulations. What was written in words is sealed.

    archivist incident report --of leak --record R00000001 --what 传真误发给外单位
    archivist incident acknowledge I000001
    archivist incident close I000001 --outcome 已收回，对方未复印
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archivist import incident_book, incidents
from archivist.cli.door import Call, common_options, now, pass_call
from archivist.cli.labels import local_time, role_label
from archivist.cli.say import facts, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, Words, group, option, several
from archivist.masking import masked, masked_in
from policies import incident_life
from policies.incidents import OF_WORDS, SEVERITY_WORDS

CARD: Words = (f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}")
KEPT: Words = ("资料本身；以前的台账", "the records; earlier entries")
_OF = {zh: of for of, (zh, _) in OF_WORDS.items()} | {"泄露": "leak", "丢失": "loss"}


@group("incident", zh="泄密、遗失、损坏等事件：报告、记录、确认知悉、了结、列出。\n\n"
       "向谁报告、是否立即、怎样处理，由采用的制度决定。")  # fmt: skip
def incident_command() -> None:
    """Incidents (leak, loss, damage): report, note, acknowledge, close, list.

    Who is told, whether at once and what is done is said by the adopted regulations.
    """


@incident_command.command("report", zh="报告一起事件，输出其编号，并说明制度要求向谁报告。\n\n"
                          "任何人都可以报告；没有人登录时以扫描站的名义。",
                          changes=CARD, never=KEPT, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@option("--of", "of", required=True, type=click.Choice([*OF_WORDS, *_OF]), metavar="KIND",
        zh="leak 泄密、loss 遗失、damage 损坏、theft 窃取、abuse 滥用职权；也可写中文。",
        help="leak, loss, damage, theft or abuse.")  # fmt: skip
@option("--what", required=True, metavar="TEXT", zh="发生了什么，加密保存。",
        help="What happened; kept sealed.")  # fmt: skip
@option("--record", "record_", metavar="R", zh="涉及哪件档案。", help="Which record it concerns.")
@option("--dossier", metavar="D", zh="涉及哪份客户档案。", help="Which dossier it concerns.")
@option("--loan", metavar="L", zh="涉及哪次借阅。", help="Which loan it concerns.")
@option("--person", metavar="P", zh="涉及谁（人员名）。", help="Whom it concerns.")
@option("--severity", default="none", show_default=True, metavar="S",
        type=click.Choice([*SEVERITY_WORDS]),
        zh="none 后果未明、minor 未造成严重后果、serious 后果严重。",
        help="none (not known), minor or serious.")  # fmt: skip
@several("--evidence", type=click.Path(path_type=Path), metavar="FILE…",
         zh="证据文件，加密保存；可写几个。", help="Files that prove it; kept sealed.")  # fmt: skip
@common_options
@pass_call
def report(
    call: Call, of: str, what: str, record_: str | None, dossier: str | None, loan: str | None,
    person: str | None, severity: str, evidence: tuple[Path, ...],
) -> None:  # fmt: skip
    """Report an incident, print its id, and say whom the regulations want told.

    Anybody may report; with nobody logged in it is the station that does.
    """
    said = incidents.Report(
        _OF.get(of, of), what, severity, record_, dossier, loan, person, evidence
    )
    made = incidents.report(call.archive, call.policy, said, now(), call.who)
    row = _row(call, made)
    call.emit(masked_in(row), made)
    if not call.json:
        for line in _whom(call, row):
            note(line)


def _whom(call: Call, row: dict[str, Any]) -> list[str]:
    """Whom to tell, how fast, what to do: one line each."""
    lines = []
    for notice in row["notify"]:
        role, people = role_label(call.policy, notice["role"]), notice["people"]
        who = f"{role}{say('（', ' (')}{'、'.join(people)}{say('）', ')')}" if people else role
        clauses = ", ".join(notice["clauses"])
        fast = say("须立即报告" if notice["at_once"] else "须报告",
                   "tell at once:" if notice["at_once"] else "tell:")  # fmt: skip
        nobody = "" if people else say(*_nobody(notice))
        lines.append(f"{fast}{say('', ' ')}{who}{say('（', ' (')}{clauses}{say('）', ')')}{nobody}")
    if not lines:
        lines.append(say(*NOBODY))
    if row["remedies"]:
        lines.append(say("处理：", "what is done: ") + say("；", "; ").join(row["remedies"]))
    if row["superior_answers"]:
        lines.append(say("直接上级承担领导责任", "the direct superior answers for it too"))
    return lines


NOBODY: Words = ("制度没有写明向谁报告", "no regulation in force names anybody to be told")


def _nobody(notice: dict[str, Any]) -> Words:
    if not notice["means"]:
        setting = f'"role.{notice["role"]}"'
        return (f"；公司还没有写明是谁：在 archive.toml 的 [company] 写 {setting}",
                f"; the company has not said who that is: set {setting} in [company]")  # fmt: skip
    return "；现在没有人任此职务", "; nobody holds this role now"


@incident_command.command("note", zh="记下事件 INCIDENT 的后续：查明了什么、采取了什么措施。",
                          changes=CARD, never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("incident")
@click.argument("text")
@common_options
@pass_call
def note_(call: Call, incident: str, text: str) -> None:
    """Note what was found or done since about INCIDENT; kept sealed."""
    incidents.note(call.archive, incident, text, now(), call.somebody().name)
    _told(call, incident)


@incident_command.command("acknowledge", zh="确认已获知事件 INCIDENT，由本人的密钥签名。\n\n"
                          "只有制度要求报告到的职务可以。",
                          changes=ENTRY, never=KEPT, exits=(0, 2, 4, 10, 11, 12, 13))  # fmt: skip
@click.argument("incident")
@common_options
@pass_call
def acknowledge(call: Call, incident: str) -> None:
    """Confirm that you were told of INCIDENT, signed with your own key.

    Only by those who hold a role that the regulations have told.
    """
    person = call.somebody().unlocked()
    incidents.acknowledge(call.archive, call.policy, incident, person, now())
    _told(call, incident)


@incident_command.command("close", zh="了结事件 INCIDENT；不能了结涉及自己的。\n\n"
                          "制度要求报告到的职务没有全部确认知悉，或者制度没有写明向谁报告时，"
                          "用 --reason 写明为何仍可了结。",
                          changes=CARD, never=KEPT, exits=(0, 2, 4, 10, 11, 12))  # fmt: skip
@click.argument("incident")
@option("--outcome", required=True, metavar="TEXT", zh="处理结果，加密保存。",
        help="How it ended; kept sealed.")  # fmt: skip
@option("--reason", default="", metavar="TEXT", zh="没有全部确认仍予了结的理由，加密保存。",
        help="Why it is closed although not everybody confirmed; kept sealed.")  # fmt: skip
@common_options
@pass_call
def close(call: Call, incident: str, outcome: str, reason: str) -> None:
    """Close INCIDENT; nobody closes one about himself.

    Where a role that the regulations name has not confirmed it, or they name none, say why it is
    closed all the same with --reason.
    """
    who = call.somebody().name
    incidents.close(call.archive, call.policy, incident, outcome, reason, who, now())
    _told(call, incident)


def _told(call: Call, incident: str) -> None:
    """The incident as it stands now."""
    row = _row(call, incident)
    call.emit(masked_in(row), f"{incident}  {say(*incident_life.STATE_WORDS[row['state']])}")
    if row["unconfirmed"] and not call.json:
        roles = "、".join(role_label(call.policy, role) for role in row["unconfirmed"])
        note(say(f"尚未确认知悉：{roles}", f"not confirmed by: {roles}"))


def _row(call: Call, incident: str) -> dict[str, Any]:
    stored = incident_book.the_incident(call.archive, incident)
    return incident_book.plain(call.archive, call.policy, stored)


# ── looking ───────────────────────────────────────────────────────────────────


@incident_command.command("list", zh="列出事件：种类、涉及什么、状态、还有谁没有确认知悉。",
                          never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@option("--open", "open_only", is_flag=True, zh="只列没有了结的。", help="Only what is not closed.")
@common_options
@pass_call
def list_(call: Call, open_only: bool) -> None:
    """List incidents: kind, what they concern, state, who has not confirmed yet."""
    rows = incident_book.listed(call.archive, call.policy, open_only)
    heads = (say("编号", "incident"), say("时间", "time"), say("种类", "kind"),
             say("涉及", "about"), say("报告人", "by"), say("状态", "state"),
             say("未确认", "not confirmed by"), say("情形", "what"))  # fmt: skip
    call.emit(
        masked_in(rows),
        lambda: (
            masked(table(heads, [_line(call, row) for row in rows], cut=(7, 6, 3)))
            if rows
            else say("没有事件", "no incidents")
        ),
    )


def _line(call: Call, row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["incident"], local_time(row["reported"]), say(*OF_WORDS[row["of"]]), _about(row),
            row["reported_by"], say(*incident_life.STATE_WORDS[row["state"]]), _missing(call, row),
            row["what"])  # fmt: skip


def _about(row: dict[str, Any]) -> list[str]:
    named = (row["loan"], row["record"] or row["dossier"], row["person"])
    return [name for name in named if name]


def _missing(call: Call, row: dict[str, Any]) -> str | list[str]:
    if not row["notify"]:
        return say("制度未写明向谁报告", "nobody is named")
    return [role_label(call.policy, role) for role in row["unconfirmed"]]


@incident_command.command("show", zh="查看事件 INCIDENT：向谁报告、谁已确认、经过。",
                          never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("incident")
@common_options
@pass_call
def show(call: Call, incident: str) -> None:
    """Show INCIDENT: whom the regulations have told, who confirmed, what happened since."""
    call.archive.follow()
    row = _row(call, incident)
    row["history"] = incident_book.history(call.archive, incident)
    call.emit(masked_in(row), lambda: masked(_shown(call, row)))


def _shown(call: Call, row: dict[str, Any]) -> str:
    pairs = (
        (say("编号", "incident"), row["incident"]),
        (say("种类", "kind"), say(*OF_WORDS[row["of"]])),
        (say("后果", "consequence"), say(*SEVERITY_WORDS[row["severity"]])),
        (say("情形", "what"), row["what"]),
        (say("客户", "customer"), row["customer"]),
        (say("客户档案", "dossier"), row["dossier"]),
        (say("档案", "record"), row["record"]),
        (say("借阅", "loan"), row["loan"]),
        (say("涉及的人", "person"), row["person"]),
        (say("状态", "state"), say(*incident_life.STATE_WORDS[row["state"]])),
        (say("未确认知悉", "not confirmed by"), _missing(call, row)),
        (say("条款", "clauses"), row["clauses"]),
        (say("制度", "regulations"), row["packs"]),
    )
    heads = (say("时间", "time"), say("人员", "person"), say("经过", "step"),
             say("职务", "role"), say("说明", "words"))  # fmt: skip
    lines = [
        (local_time(one["time"]), one["who"],
         say(incident_life.ACT_WORDS[one["step"]][0], one["step"]),
         [role_label(call.policy, role) for role in one["roles"]], _said(one))
        for one in row["history"]
    ]  # fmt: skip
    whom = "\n".join(_whom(call, row))
    return f"{facts(pairs)}\n\n{whom}\n\n{table(heads, lines, cut=(4,))}"


def _said(one: dict[str, Any]) -> list[str]:
    words = [one[name] for name in ("what", "note", "outcome", "reason") if one[name]]
    return [*words, *one["evidence"]]
