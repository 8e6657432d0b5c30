"""`archivist ask`: what the regulations say, without a dossier.

In an archive the packs in force there answer; with --pack those that are named, so that whoever
writes a pack can try it. Every answer carries clauses and pack versions. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import date
from typing import Any

import click

from archivist import asking, regulations, standing
from archivist.cli import answers, secrecy_words
from archivist.cli.door import NOT_ALLOWED, Call, common_options, day_of, pass_call
from archivist.cli.say import note, say
from archivist.cli.spoken import NOTHING, group, option, several
from archivist.cli.words import pairs
from archivist.errors import BadRequest, NoArchive
from archivist.secrecy import secrecy as secrecy_of
from index import analysis
from policies import calendar, deadlines
from policies.approvals import ACTION_WORDS
from policies.arrangement import MATTERS, Matter
from policies.packs import parse_pack
from policies.policy import Policy
from policies.rule_rows import ACTIONS, RELATIONS

Asking = Callable[..., Any]
# The matters of a filing year as the regulation calls them.
_MATTERS = {"规划": "plan", "总结": "summary", "会议": "meeting", "请示": "request",
            "批复": "request_reply", "其他": "other"}  # fmt: skip
_ACTIONS = {zh: action for action, (zh, _) in ACTION_WORDS.items()}
_RELATIONS = {zh: relation for relation, (zh, _) in answers.RELATION_WORDS.items()}


@group("ask", zh="查问制度：审批、清单、期限、保管、保密、归档年度、处罚、定期工作。\n\n"
       "在档案库中按现行制度回答；也可用 --pack 指定制度包。不改动任何内容。")  # fmt: skip
def ask_command() -> None:
    """Ask the rules: approvals, checklists, due dates, keeping, secrecy, years, penalties.

    In an archive the packs in force answer, else those that --pack names. Nothing is changed.
    """


def _rules(command: Asking) -> Asking:
    """--pack and --set, and the common options."""
    for add in (
        several("--pack", "packs", metavar="PACK…",
                zh="按这些制度包回答：自带的名称，或 TOML 文件。",
                help="Answer from these packs: names of shipped ones, or TOML files."),
        option("--set", "settings", multiple=True, metavar="NAME=VALUE",
               zh="假设公司已这样决定；可多次使用。",
               help="Suppose that the company decided this; repeatable."),
        common_options,
        pass_call,
    ):  # fmt: skip
        command = add(command)
    return command


_GIVEN = {
    "--field": option("--field", "fields_", multiple=True, metavar="NAME=VALUE",
                      zh="客户的登记项，如 special=是；可多次使用。",
                      help="A field of the customer, e.g. special=yes; repeatable."),
    "--key": option("--key", "keys", multiple=True, metavar="NAME=VALUE",
                    zh="档案的键，如 origin=own；可多次使用。",
                    help="A key of the dossier, e.g. origin=own; repeatable."),
    "--event": option("--event", "events", multiple=True, metavar="NAME=DATE",
                      zh="某事发生的日期，如 sale=2026-03-05；可多次使用。",
                      help="When something happened, e.g. sale=2026-03-05; repeatable."),
    "--on": option("--on", metavar="DATE", zh="按这一天计算，如 2026-03-05；不写为今天。",
                   help="As of this day, e.g. 2026-03-05; today if not said."),
}  # fmt: skip


@ask_command.command("approval", zh="做 ACTION 这件事须由谁批准，附借阅要求和知悉范围。\n\n"
                     f"ACTION：{'、'.join(f'{zh}（{a}）' for zh, a in _ACTIONS.items())}。",
                     never=NOTHING, exits=(0, 2, 4, 10, 12))  # fmt: skip
@click.argument("action", metavar="ACTION", type=click.Choice([*ACTIONS, *_ACTIONS]))
@option("--grade", metavar="G", zh="密级；写了资料种类而不写密级的，为该资料通常的密级。",
        help="The secrecy grade; with --type, the paper's usual one if not said.")  # fmt: skip
@option("--relation", type=click.Choice([*RELATIONS, *_RELATIONS]), default="own_dept",
        show_default=True, zh="申请人与档案的关系。",
        help="Who asks, seen from the papers.")  # fmt: skip
@option("--type", "doc_type", metavar="T", zh="资料种类。", help="The document type.")
@option("--dossier-type", metavar="D", zh="档案种类。", help="The dossier type.")
@option("--series", metavar="S", zh="档案系列。", help="The series.")
@option(
    "--purpose", metavar="P", zh="用途代码，如 inspection。", help="A purpose, e.g. inspection."
)
@several("--role", "roles", metavar="ROLE…", zh="申请人的职务；可写几个。",
         help="Roles of the one who asks; repeatable.")  # fmt: skip
@_rules
def approval(
    call: Call, action: str, grade: str | None, relation: str, doc_type: str | None,
    dossier_type: str | None, series: str | None, purpose: str | None, roles: tuple[str, ...],
    packs: tuple[str, ...], settings: tuple[str, ...],
) -> int:  # fmt: skip
    """Who must say yes to ACTION; with what a loan demands and who may know.

    Ends with 4 where the regulations do not allow it, or contradict each other.
    """
    policy = _policy(call, packs, settings)
    action, relation = _ACTIONS.get(action, action), _RELATIONS.get(relation, relation)
    asked = asking.Asked(action, grade, relation, doc_type, dossier_type, series, purpose, roles)
    answer = asking.approval(policy, asked)
    call.emit(answer, lambda: answers.shown_approval(policy, answer))
    return 0 if answer["allowed"] else NOT_ALLOWED


@ask_command.command("checklist", zh="DOSSIER_TYPE 这种档案应有哪些资料。", never=NOTHING,
                     exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("dossier_type", metavar="DOSSIER_TYPE")
@_GIVEN["--field"]
@_GIVEN["--key"]
@_rules
def checklist(
    call: Call, dossier_type: str, fields_: tuple[str, ...], keys: tuple[str, ...],
    packs: tuple[str, ...], settings: tuple[str, ...],
) -> None:  # fmt: skip
    """What a dossier of DOSSIER_TYPE must hold."""
    policy = _policy(call, packs, settings)
    answer = asking.checklist(policy, dossier_type, pairs(fields_), pairs(keys))
    call.emit(answer, lambda: answers.shown_checklist(policy, answer))


@ask_command.command("due", zh="DOSSIER_TYPE 的各项资料何时应交。\n\n"
                     "按工作日计算，法定节假日和调休上班日都算在内。",
                     never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("dossier_type", metavar="DOSSIER_TYPE")
@_GIVEN["--event"]
@_GIVEN["--field"]
@_GIVEN["--key"]
@_GIVEN["--on"]
@_rules
def due(
    call: Call, dossier_type: str, events: tuple[str, ...], fields_: tuple[str, ...],
    keys: tuple[str, ...], on: str | None, packs: tuple[str, ...], settings: tuple[str, ...],
) -> None:  # fmt: skip
    """By when each paper of a dossier of DOSSIER_TYPE must be there.

    Counts working days, with Chinese holidays and make-up days.
    """
    policy = _policy(call, packs, settings)
    answer = asking.due(
        policy, dossier_type, _days(events), pairs(fields_), pairs(keys), _calendar(call, packs),
        day_of(on),
    )  # fmt: skip
    call.emit(answer, lambda: answers.shown_due(policy, answer))


@ask_command.command("keep", zh="TYPE（资料种类或档案种类）保管多久，到期怎样销毁。", never=NOTHING,
                     exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("name", metavar="TYPE")
@option("--dossier-type", metavar="D", zh="在哪种档案里。", help="In which dossier type.")
@option("--series", metavar="S", zh="在哪个系列里。", help="In which series.")
@option("--grade", metavar="G", zh="密级；不写为该资料的默认密级。",
        help="The secrecy grade; the paper's usual one if not said.")  # fmt: skip
@_GIVEN["--event"]
@option("--filed", metavar="DATE", zh="归档日期；不写为今天。", help="The day of filing; today.")
@_rules
def keep(
    call: Call, name: str, dossier_type: str | None, series: str | None, grade: str | None,
    events: tuple[str, ...], filed: str | None, packs: tuple[str, ...], settings: tuple[str, ...],
) -> None:  # fmt: skip
    """How long TYPE, a document or dossier type, is kept; and how it is destroyed then."""
    policy = _policy(call, packs, settings)
    answer = asking.keep(policy, name, dossier_type, series, grade, _days(events), day_of(filed))
    call.emit(answer, lambda: answers.shown_keep(policy, answer))


@ask_command.command("secrecy", zh="NAME（资料种类或密级）是否秘密、由谁定密、保密多久、到期怎样。",
                     never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("name", metavar="NAME")
@option("--marked", metavar="DATE", zh="定密日期；不写为今天。", help="The day of marking; today.")
@_rules
def secrecy(
    call: Call, name: str, marked: str | None, packs: tuple[str, ...], settings: tuple[str, ...]
) -> None:
    """Whether NAME, a document type or a grade, is secret, who marks it, and how long it lasts."""
    policy = _policy(call, packs, settings)
    answer = secrecy_of(policy, name, day_of(marked))
    call.emit(answer, lambda: secrecy_words.shown_secrecy(policy, answer))


@ask_command.command("year", zh="跨年度的文件归入哪一年。\n\n"
                     f"KIND：{'、'.join([*MATTERS, *_MATTERS])}。",
                     never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("kind", metavar="KIND", type=click.Choice([*MATTERS, *_MATTERS]))
@option("--date", "dates", multiple=True, metavar="NAME=DATE",
        zh="日期或年份：issued 签发、opened 开幕、closed 闭幕、first_target 和 last_target 针对的"
           "首尾年度、requested 请示、replied 批复、completed 办结；可多次使用。",
        help="A day or a year: issued, opened, closed, first_target, last_target, requested, "
             "replied, completed; repeatable.")  # fmt: skip
@_rules
def year(
    call: Call, kind: str, dates: tuple[str, ...], packs: tuple[str, ...],
    settings: tuple[str, ...],
) -> None:  # fmt: skip
    """To which filing year papers of several years belong.

    KIND is plan, summary, meeting, request_reply, request or other.
    """
    policy = _policy(call, packs, settings)
    days = _days((f"{d}-01-01" if _is_year(d) else d) for d in dates)
    known = [field.name for field in fields(Matter) if field.name != "kind"]
    if wrong := [name for name in days if name not in known]:
        listed = ", ".join(known)
        raise BadRequest(
            f"没有名为 {wrong[0]} 的日期", f"there is no date {wrong[0]}",
            f"可用：{listed}", f"there are: {listed}",
        )  # fmt: skip
    answer = asking.year(policy, Matter(_MATTERS.get(kind, kind), **days))
    call.emit(answer, lambda: answers.shown_year(policy, answer))


@ask_command.command("penalty", zh="这些违规按制度罚多少；几个视为同一人所犯。\n\n"
                     "CODE 写作 代码[@日期][*数量][:项目]，如 late_set@2026-03-05；\n"
                     "代码也可写违规的中文叫法。",
                     never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("codes", metavar="CODE…", nargs=-1, required=True)
@option("--role", metavar="ROLE", zh="违规人的职务；不写为制度写明的每一个。",
        help="The person's role; every role that is named if not said.")  # fmt: skip
@option("--dossier-type", metavar="D", zh="涉及的档案种类。", help="The dossier type concerned.")
@_GIVEN["--on"]
@_rules
def penalty(
    call: Call, codes: tuple[str, ...], role: str | None, dossier_type: str | None,
    on: str | None, packs: tuple[str, ...], settings: tuple[str, ...],
) -> None:  # fmt: skip
    """What violations cost by the regulations; several are taken as one person's.

    CODE is written CODE[@DATE][*COUNT][:ITEM], e.g. late_set@2026-03-05. Computed and reported
    only: nothing is paid or deducted.
    """
    policy = _policy(call, packs, settings)
    answer = asking.penalties(policy, codes, role, dossier_type, day_of(on))
    call.emit(answer, lambda: answers.shown_penalties(policy, answer))
    note(
        say(
            "金额按制度条文计算，仅供核定，不是工资扣款。",
            "amounts follow the text of the regulations and await confirmation; they are no "
            "payroll",
        )
    )


@ask_command.command("routine", zh="哪天应办哪些定期工作；不写日期为今后一个月。", never=NOTHING,
                     exits=(0, 2, 10, 12))  # fmt: skip
@option("--from", "since", metavar="DATE", zh="从这一天起。", help="From this day.")
@option("--to", "until", metavar="DATE", zh="到这一天止。", help="Up to this day.")
@option("--department", metavar="X", zh="只列这个部门的。", help="Only this department's.")
@_GIVEN["--event"]
@_rules
def routine(
    call: Call, since: str | None, until: str | None, department: str | None,
    events: tuple[str, ...], packs: tuple[str, ...], settings: tuple[str, ...],
) -> None:  # fmt: skip
    """Which periodic work falls due on which day; the coming month if no day is said."""
    policy = _policy(call, packs, settings)
    first = day_of(since)
    last = day_of(until) if until else deadlines.add_months(first, 1)
    if last < first:
        raise BadRequest("结束日期早于开始日期", "--to lies before --from")
    rows = asking.routine(
        policy, first, last, _calendar(call, packs), _days(events),
        regulations.department_id(policy, department) if department else None,
    )  # fmt: skip
    call.emit(rows, lambda: answers.shown_routines(policy, rows))


def _policy(call: Call, packs: tuple[str, ...], settings: tuple[str, ...]) -> Policy:
    """The named packs, else those in force here; with what is supposed on top."""
    supposed = pairs(settings)
    if packs:
        named = [parse_pack(regulations.pack_text(name), name) for name in packs]
        return Policy.adopt(named, supposed, analysis.fold)
    try:
        policy = call.policy
    except NoArchive as error:
        raise NoArchive(
            error.zh, error.en,
            "到档案库中运行，或用 --pack 指定制度包", "run it in an archive, or name packs: --pack",
        ) from None  # fmt: skip
    if not supposed:
        return policy
    return Policy.adopt(policy.adopted, {**policy.settings, **supposed}, analysis.fold)


def _calendar(call: Call, packs: tuple[str, ...]) -> calendar.Calendar:
    """The company's own closures count where its archive is asked."""
    return calendar.Calendar() if packs else standing.company_calendar(call.settings.company)


def _days(given: Iterable[str]) -> dict[str, date]:
    return {name: day_of(said) for name, said in pairs(given).items()}


def _is_year(given: str) -> bool:
    said = given.partition("=")[2].strip()
    return len(said) == 4 and said.isdecimal()
