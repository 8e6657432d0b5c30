"""`archivist loan`: the whole life of a loan (借阅), from the request to the return.

Who may, in which order, for how long, stands in the adopted regulations. What is refused is
recorded in the ledger too, with a reason code.

    archivist loan request R00000001 --form borrow --purpose 核对合同 --until 2026-03-19
    archivist loan approve L000001
    archivist loan issue L000001
    archivist loan return L000001 --condition intact
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archivist import lending, loan_book, loan_copies, loan_desk, loan_papers, loans, report_pages
from archivist.cli import answers, labels
from archivist.cli.door import Call, common_options, day_come, day_of, now, pass_call
from archivist.cli.say import chinese, counted, facts, note, say, table
from archivist.cli.spoken import ENTRY, NOTHING, Words, group, option, several
from archivist.cli.words import iso_date
from archivist.errors import BadRequest
from archivist.masking import masked, masked_in
from policies import loan_life
from policies.approvals import ACTION_WORDS
from storage import durable

if TYPE_CHECKING:
    from archivist.report_pages import Sheet

CARD: Words = (f"一张加密的卡片，{ENTRY[0]}", f"one sealed card, {ENTRY[1]}")
KEPT: Words = ("资料本身；以前的台账", "the records; earlier entries")
DENIES: Words = ("；不允许的也记入台账", "; what is denied is recorded too")
CONDITIONS = {"intact": "完好", "damaged": "损坏", "incomplete": "缺失", "lost": "遗失"}
ENDS = (0, 2, 4, 10, 11, 12, 13)
_FORMS = {zh: form for form, (zh, _) in ACTION_WORDS.items() if form in loans.FORMS}
_OTHER_STEPS = {"view": "打开", "open": "打开", "destroy-copy": "销毁复印件"}
_CONDITIONS = {zh: name for name, zh in CONDITIONS.items()}


def _adds(what: Words) -> Words:
    return what[0] + DENIES[0], what[1] + DENIES[1]


@group("loan", zh="借阅：申请、审批、借出、续借、催还、归还、列出。\n\n"
       "谁批准、按什么次序、借多久，由采用的制度决定；不允许的也记入台账。")  # fmt: skip
def loan_command() -> None:
    """Loans: request, approve, issue, renew, recall, return, list.

    Who approves, in which order and for how long is said by the adopted regulations; what is
    denied is recorded too.
    """


_ON = option("--on", metavar="DATE", zh="按这一天办理，如 2026-03-05；不写为今天。",
             help="As if it were this day, e.g. 2026-03-05; today if not said.")  # fmt: skip
_OUTPUT = option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
                 zh="写到哪个 .pdf 或 .csv 文件；已有的会被替换。",
                 help="Which .pdf or .csv to write; a file that is there is replaced.")  # fmt: skip


def _counting(command: Callable[..., Any]) -> Callable[..., Any]:
    """--pages, --pieces and --note: what both sides counted."""
    for add in (
        option("--note", default="", metavar="TEXT", zh="说明，加密保存；点得的数不同时必写。",
               help="A note, kept sealed; needed where the count differs."),
        option("--pieces", type=click.IntRange(0), metavar="N", zh="双方点得几件；不写为全部。",
               help="How many pieces both sides counted; all if not said."),
        option("--pages", type=click.IntRange(0), metavar="N", zh="双方点得几页；不写为全部。",
               help="How many pages both sides counted; all if not said."),
    ):  # fmt: skip
        command = add(command)
    return command


# ── asking and approving ──────────────────────────────────────────────────────


@loan_command.command("request", zh="申请借阅档案或客户档案 TARGET，输出借阅编号。\n\n"
                      "借阅人是登录的人；外单位人员由本单位的人代为申请，用 --external --for 写明"
                      "姓名。主管部门检查时用途写“检查”，承办人员临时借用写“临时借用”。",
                      changes=_adds(CARD), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("target")
@option("--purpose", required=True, metavar="TEXT", zh="用途，加密保存。",
        help="What for; kept sealed.")  # fmt: skip
@option("--form", "form_", default="borrow", show_default=True,
        type=click.Choice([*loans.FORMS, *_FORMS]), metavar="FORM",
        zh="形式：view 查阅、borrow 借阅、copy 复制、extract 摘抄、take_out 带出；也可写中文。",
        help="view, borrow, copy, extract or take_out.")  # fmt: skip
@option("--until", metavar="DATE", zh="借到哪一天；不写则到制度允许的最后一天。",
        help="Until which day; else as long as the regulations let.")  # fmt: skip
@option("--external", is_flag=True, zh="借阅人是外单位的。", help="The borrower is from outside.")
@option("--for", "for_", metavar="NAME", zh="外单位借阅人的姓名，加密保存。",
        help="The outsider's name; kept sealed.")  # fmt: skip
@option("--unit", default="", metavar="TEXT", zh="外单位借阅人的工作单位，加密保存。",
        help="The outsider's employer; kept sealed.")  # fmt: skip
@several("--evidence", type=click.Path(path_type=Path), metavar="FILE…",
         zh="证明的扫描件（介绍信、身份证件、使用申请），加密保存；可写几个。",
         help="Scans of what must be shown (letter, identity, application); sealed.")  # fmt: skip
@_ON
@common_options
@pass_call
def request(
    call: Call, target: str, purpose: str, form_: str, until: str | None, external: bool,
    for_: str | None, unit: str, evidence: tuple[Path, ...], on: str | None,
) -> None:  # fmt: skip
    """Ask for a record or dossier TARGET and print the loan's id.

    The borrower is whoever is logged in; for somebody from outside a person here asks, with
    --external --for NAME. The purposes `inspection` (by an authority) and `temporary` (case
    officers) are known to the rules.
    """
    if external != (for_ is not None):
        raise BadRequest(
            "--external 与 --for 姓名 同用", "--external and --for NAME go together",
            "本单位的人请自己登录后申请", "people here log in and ask themselves",
        )  # fmt: skip
    outsider = loans.Outsider(for_, unit) if for_ else None
    last = date.fromisoformat(iso_date(until)) if until else None
    ask = loans.Ask(target, _FORMS.get(form_, form_), purpose, last, outsider, evidence)
    person = call.somebody().unlocked()
    made = loans.request(call.archive, call.policy, ask, person, now(), day_of(on))
    row = loan_book.plain(call.archive, loan_book.the_loan(call.archive, made), day_of(on))
    call.emit(row, made)
    if not call.json:
        note(_what_now(call, row))


def _what_now(call: Call, row: dict[str, Any]) -> str:
    if row["state"] == "approved":
        return say("无需审批，可以借出", "no approval is needed; it can be issued")
    steps = [labels.role_label(call.policy, step["role"]) for step in row["steps"]]
    return say(f"依次由{'、'.join(steps)}批准", f"to be approved by {', then '.join(steps)}")


@loan_command.command("approve", zh="批准借阅（或续借）LOAN 的下一步，由本人的密钥签名。\n\n"
                      "须担任这一步的职务；先后次序、各由不同的人，按制度执行。",
                      changes=_adds(ENTRY), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("loan")
@common_options
@pass_call
def approve(call: Call, loan: str) -> None:
    """Take the next step of LOAN, or of its renewal, signed with your own key.

    It needs the role of that step; order, and another person for each step, as the regulation
    says.
    """
    person = call.somebody().unlocked()
    loans.approve(call.archive, call.policy, loan, person, now())
    _told(call, loan)


@loan_command.command("refuse", zh="不批准借阅（或续借）LOAN；须担任审批步骤中的职务。",
                      changes=_adds(CARD), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("loan")
@option("--reason", required=True, metavar="TEXT", zh="理由，加密保存。", help="Why; kept sealed.")
@common_options
@pass_call
def refuse(call: Call, loan: str, reason: str) -> None:
    """Say no to LOAN, or to its renewal, in a role that one of the steps asks."""
    loans.refuse(call.archive, call.policy, loan, reason, call.somebody().name, now())
    _told(call, loan)


@loan_command.command("cancel", zh="撤回借阅申请（或续借申请）LOAN；只能由申请人。",
                      changes=_adds(ENTRY), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("loan")
@common_options
@pass_call
def cancel(call: Call, loan: str) -> None:
    """Take the request of LOAN, or the wish to renew it, back; only whoever asked."""
    loans.cancel(call.archive, loan, call.somebody().name, now())
    _told(call, loan)


# ── the paper ─────────────────────────────────────────────────────────────────


@loan_command.command("issue", zh="借出 LOAN：重新核对批准、密级和原件，双方当面点清。\n\n"
                      "由保管档案的人办理，不能办理自己的。点得的数与登记不同时，"
                      "用 --pages、--pieces 写明，并用 --note 说明。",
                      changes=_adds(ENTRY), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("loan")
@_counting
@option("--copies", type=click.IntRange(1, 99), default=1, show_default=True, metavar="N",
        zh="复制时：做了几份，逐份编号。",
        help="For copies: how many were made; each is numbered.")  # fmt: skip
@_ON
@common_options
@pass_call
def issue(
    call: Call, loan: str, pages: int | None, pieces: int | None, note: str, copies: int,
    on: str | None,
) -> None:  # fmt: skip
    """Hand LOAN out: approvals, grade and original are checked anew, both sides count.

    By whoever keeps the papers, and never to himself. A count that differs from the record is
    given with --pages and --pieces, and a --note that says why.
    """
    day, count = day_come(on), lending.Count(pages, pieces)
    who = call.somebody().unlocked()
    done = lending.issue(call.archive, call.policy, loan, count, note, who, now(), day, copies)
    papers = [{"form": form.id, "title": form.zh, "title_en": form.en} for form in done.papers]
    _told(call, loan, on, pages=done.pages, pieces=done.pieces, papers=papers)
    if call.json:
        return
    words = f"{counted(done.pieces, 'piece')}, {counted(done.pages, 'page')}"
    _note(say(f"双方点清 {done.pieces} 件 {done.pages} 页", f"both sides counted {words}"))
    for form in done.papers:
        _note(say(f"《{form.zh}》：archivist form print {form.id} --loan {loan} -o 文件",
                  f"{form.en}: archivist form print {form.id} --loan {loan} -o FILE"))  # fmt: skip


def _note(text: str) -> None:
    # `--note` is the option of that name in the commands above.
    note(text)


@loan_command.command("renew", zh="续借 LOAN 到 --until 那一天，须在逾期之前；由借阅人申请。\n\n"
                      "制度要求审批的，重新审批（archivist loan approve）。",
                      changes=_adds(ENTRY), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("loan")
@option("--until", required=True, metavar="DATE", zh="续借到哪一天。", help="Until which day.")
@_ON
@common_options
@pass_call
def renew(call: Call, loan: str, until: str, on: str | None) -> None:
    """Let LOAN last until a later day, asked for by the borrower before it is overdue.

    Where the regulation asks for approvals they are given anew (archivist loan approve).
    """
    last = date.fromisoformat(iso_date(until))
    who = call.somebody().name
    lending.renew(call.archive, call.policy, loan, last, who, now(), day_of(on))
    _told(call, loan, on)


@loan_command.command("excuse", zh="准予 LOAN 因客观原因暂不归还，到 --until 那一天为止。\n\n"
                      "只有制度指定的职务可以；由本人的密钥签名。",
                      changes=_adds(CARD), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("loan")
@option("--until", required=True, metavar="DATE", zh="最迟哪一天归还。", help="Until which day.")
@option("--reason", required=True, metavar="TEXT", zh="理由，加密保存。", help="Why; kept sealed.")
@common_options
@pass_call
def excuse(call: Call, loan: str, until: str, reason: str) -> None:
    """Let what cannot be returned be kept back until a day; only a role the regulation names.

    It is signed with your own key.
    """
    last, person = date.fromisoformat(iso_date(until)), call.somebody().unlocked()
    lending.excuse(call.archive, call.policy, loan, last, reason, person, now())
    _told(call, loan)


@loan_command.command("recall", zh="催还 LOAN；可用 --until 把归还日期提前。由保管档案的人办理。",
                      changes=_adds(ENTRY), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("loan")
@option("--until", metavar="DATE", zh="最迟哪一天归还；不写则不变。",
        help="By which day; unchanged if not said.")  # fmt: skip
@_ON
@common_options
@pass_call
def recall(call: Call, loan: str, until: str | None, on: str | None) -> None:
    """Ask for LOAN back, by an earlier day with --until; by whoever keeps the papers."""
    last = date.fromisoformat(iso_date(until)) if until else None
    who = call.somebody().name
    lending.recall(call.archive, call.policy, loan, last, who, now(), day_of(on))
    _told(call, loan, on)


@loan_command.command("return", zh="收回 LOAN：双方当面点清，检查有无涂改、圈划、折叠。\n\n"
                      "损坏、缺失或遗失时用 --note 写明情形，按制度计为违规。由保管档案的人办理。",
                      changes=_adds(ENTRY), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("loan")
@option("--condition", default="intact", show_default=True, metavar="STATE",
        type=click.Choice([*CONDITIONS, *_CONDITIONS]),
        zh="intact 完好、damaged 损坏、incomplete 缺失、lost 遗失；也可写中文。",
        help="intact, damaged, incomplete or lost.")  # fmt: skip
@option("--from", "from_", metavar="PERSON", zh="由谁送还；不是借阅人的即为转借。",
        help="Who brings it; another than the borrower was lent it on.")  # fmt: skip
@_counting
@_ON
@common_options
@pass_call
def return_(
    call: Call, loan: str, condition: str, from_: str | None, pages: int | None,
    pieces: int | None, note: str, on: str | None,
) -> None:  # fmt: skip
    """Take LOAN back: both sides count, and look whether anything was altered, marked or folded.

    What is damaged, incomplete or lost needs a --note, and is a violation as the regulation says.
    By whoever keeps the papers.
    """
    back = lending.Back(
        _CONDITIONS.get(condition, condition), lending.Count(pages, pieces), note, from_
    )
    who = call.somebody().name
    done = lending.take_back(call.archive, call.policy, loan, back, who, now(), day_of(on))
    told = [{"incident": c.row.id, "title": c.row.zh, "title_en": c.row.en,
             "notify": list(c.row.notify), "remedies": list(c.row.remedies),
             "clause": c.row.clause, "pack": c.pack} for c in done.incidents]  # fmt: skip
    happened = lending.INCIDENT_OF.get(back.condition)
    words = f"archivist incident report --of {happened} --loan {loan} --what" if happened else None
    _told(call, loan, on, incidents=told, report=words and f"{words} TEXT")
    for cited in () if call.json else done.incidents:
        whom = [labels.role_label(call.policy, role) for role in cited.row.notify]
        _note(say(f"{cited.row.zh}：{'、'.join(cited.row.remedies)}"
                  f"{'；报告' + '、'.join(whom) if whom else ''}（{cited.row.clause}）",
                  f"{cited.row.en}: tell {', '.join(whom) or 'nobody in particular'} "
                  f"({cited.row.clause})"))  # fmt: skip
    if words and not call.json:
        _note(say(f"请报告：{words} 情形", f"report it: {words} TEXT"))


# ── copies ────────────────────────────────────────────────────────────────────


@loan_command.command("copies", zh="复印件登记簿：编号、原件、领用人、归还日期、是否销毁。",
                      never=NOTHING, exits=(0, 10, 12))  # fmt: skip
@option("--out", is_flag=True, zh="只列在外的。", help="Only those not back yet.")
@common_options
@pass_call
def copies_(call: Call, out: bool) -> None:
    """List every copy that was made: its number, who has it, when it is due, whether destroyed."""
    rows = loan_copies.registered(call.archive, out)
    heads = (say("复印件", "copy"), say("原件", "original"), say("领用人", "person"),
             say("复印日期", "made"), say("归还日期", "due"), say("状态", "state"),
             say("监销人", "witness"))  # fmt: skip
    lines = [
        (row["copy"], row["target"], row["person"], row["made"], row["due"],
         say(loan_copies.STATES[row["state"]], row["state"]), row["witness"])
        for row in rows
    ]  # fmt: skip
    call.emit(
        masked_in(rows),
        lambda: masked(table(heads, lines)) if rows else say("没有复印件", "no copies"),
    )


@loan_command.command("destroy-copy", zh="登记复印件 COPY（如 L000001-1）已销毁，"
                      "须有监销人在场。\n\n由保管档案的人办理；监销人是另一人，且不是借阅人。",
                      changes=_adds(ENTRY), never=KEPT, exits=ENDS)  # fmt: skip
@click.argument("copy")
@option("--witness", required=True, metavar="PERSON", zh="监销人。", help="Who saw it.")
@option("--method", type=click.Choice([*loan_copies.METHODS, *loan_copies.METHODS.values()]),
        default="shred", show_default=True, zh="销毁方式。", help="How.")  # fmt: skip
@_ON
@common_options
@pass_call
def destroy_copy(call: Call, copy: str, witness: str, method: str, on: str | None) -> None:
    """Record that COPY (as L000001-1), which came back, was destroyed before a witness.

    By whoever keeps the papers; the witness is somebody else, and not the borrower.
    """
    code = {zh: code for code, zh in loan_copies.METHODS.items()}.get(method, method)
    line = loan_copies.destroy(call.archive, call.policy, copy, code, witness,
                               call.somebody().name, now(), day_of(on))  # fmt: skip
    call.emit(line, say(f"{copy} 已销毁，监销人 {witness}", f"{copy} destroyed, witness {witness}"))


# ── looking ───────────────────────────────────────────────────────────────────


@loan_command.command("list", zh="列出借阅：状态、审批、归还日期、是否逾期。",
                      never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@option("--overdue", is_flag=True, zh="只列逾期的。", help="Only overdue ones.")
@option("--person", metavar="P", zh="只列此人的。", help="Only this person's.")
@_ON
@common_options
@pass_call
def list_(call: Call, overdue: bool, person: str | None, on: str | None) -> None:
    """List loans: state, approvals, when they are due, whether they are overdue."""
    rows = loan_book.listed(call.archive, day_of(on), person, overdue)
    heads = (say("编号", "loan"), say("档案", "target"), say("借阅人", "person"),
             say("形式", "form"), say("状态", "state"), say("申请", "requested"),
             say("待批", "waits for"), say("归还", "due"), say("逾期", "overdue"))  # fmt: skip
    call.emit(
        masked_in(rows),
        lambda: (
            masked(table(heads, [_line(call, row) for row in rows], cut=(6, 2)))
            if rows
            else say("没有借阅", "no loans")
        ),
    )


def _line(call: Call, row: dict[str, Any]) -> tuple[Any, ...]:
    waits = row["waits_for"]
    return (row["loan"], row["target"], _reader(row), say(*ACTION_WORDS[row["form"]]),
            say(*loan_life.STATE_WORDS[row["state"]]), labels.local_time(row["requested"]),
            labels.role_label(call.policy, waits["role"]) if waits else None, row["due"],
            row["overdue"])  # fmt: skip


def _reader(row: dict[str, Any]) -> str:
    return f"{row['person']}{say('（外单位）', ' (from outside)') if row['external'] else ''}"


@loan_command.command("show", zh="查看借阅 LOAN：条件、审批和经过。",
                      never=NOTHING, exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("loan")
@_ON
@common_options
@pass_call
def show(call: Call, loan: str, on: str | None) -> None:
    """Show LOAN: its terms, its approvals, and what happened to it."""
    call.archive.follow()
    row = _shown_row(call, loan, on)
    call.emit(masked_in(row), lambda: masked(_shown(call, row)))


def _shown_row(call: Call, loan: str, on: str | None) -> dict[str, Any]:
    stored = loan_book.the_loan(call.archive, loan)
    card = loan_book.card_of(call.archive, stored)
    terms = loan_book.terms_of(call.archive, call.policy, stored)
    dossier = call.archive.the("dossier", stored["dossier"])
    return {
        **loan_book.plain(call.archive, stored, day_of(on)),
        "dossier_type": dossier["type"],
        "purpose": card.get("purpose"),
        "unit": card.get("unit"),
        "evidence": card.get("evidence", []),
        "forbids": list(terms.forbids),
        "demands": list(terms.demands),
        "incidents": call.archive.catalogue.incidents_of_loan(loan),
        "history": loans.history(call.archive, loan),
    }


def _shown(call: Call, row: dict[str, Any]) -> str:
    pairs = (
        (say("借阅", "loan"), row["loan"]),
        (say("档案", "target"), f"{row['target']} "
         f"{labels.dossier_type_label(call.policy, row['dossier_type'])}"),
        (say("件数、页数", "pieces, pages"), f"{len(row['records'])}, {row['pages']}"),
        (say("借阅人", "person"), _reader(row)),
        (say("工作单位", "employer"), row["unit"]),
        (say("身份", "relation"), say(*answers.RELATION_WORDS[row["relation"]])),
        (say("形式", "form"), say(*ACTION_WORDS[row["form"]])),
        (say("用途", "purpose"), row["purpose"]),
        (say("证明", "evidence"), row["evidence"]),
        (say("状态", "state"), say(*loan_life.STATE_WORDS[row["state"]])),
        (say("审批步骤", "steps"),
         [labels.role_label(call.policy, s["role"]) for s in row["steps"]]),
        (say("借出", "issued"), row["issued"]),
        (say("归还日期", "due"), row["due"]),
        (say("准予延至", "excused until"), row["excused"]),
        (say("逾期", "overdue"), row["overdue"] or None),
        (say("实际归还", "returned"), row["returned"]),
        (say("状况", "condition"), row["condition"]
         and say(CONDITIONS[row["condition"]], row["condition"])),
        (say("事件", "incidents"), row["incidents"]),
        (say("条款", "clauses"), row["clauses"]),
        (say("制度", "regulations"), row["packs"]),
    )  # fmt: skip
    heads = (say("时间", "time"), say("人员", "person"), say("经过", "step"),
             say("职务", "role"), say("说明", "words"))  # fmt: skip
    lines = [
        (labels.local_time(one["time"]), one["who"], _step(one),
         labels.role_label(call.policy, one["role"]) if one["role"] else None, one["words"])
        for one in row["history"]
    ]  # fmt: skip
    return f"{facts(pairs)}\n\n{table(heads, lines, cut=(4,))}"


def _step(one: dict[str, Any]) -> str:
    if one["step"] in loan_life.ACT_WORDS:
        return say(loan_life.ACT_WORDS[one["step"]][0], one["step"])
    if one["step"] in _OTHER_STEPS:
        return say(_OTHER_STEPS[one["step"]], one["step"])
    zh, en = loan_desk.REASONS.get(one["reason"], (one["reason"],) * 2)
    tried = loan_life.ACT_WORDS.get(one["tried"], (_OTHER_STEPS.get(one["tried"], one["tried"]),))[
        0
    ]
    return say(f"{tried}被拒：{zh}", f"{one['tried']} denied: {en}")


# ── papers ────────────────────────────────────────────────────────────────────


@loan_command.command("notice", zh="打印催还通知：逾期的借阅，或指定的 LOAN，每位借阅人一段。",
                      changes=("您用 -o 指明的文件", "the file you name with -o"),
                      never=("档案库", "the archive"), exits=(0, 2, 10, 12))  # fmt: skip
@click.argument("loans_", metavar="[LOAN]...", nargs=-1)
@_OUTPUT
@option("--person", metavar="P", zh="只催此人。", help="Only to this person.")
@_ON
@common_options
@pass_call
def notice(
    call: Call, loans_: tuple[str, ...], output: Path, person: str | None, on: str | None
) -> None:
    """Print overdue notices: of what is overdue, or of each LOAN named, borrower by borrower."""
    sheet, rows = loan_papers.notice(call.archive, call.policy, day_of(on), loans_, person)
    _deliver(call, sheet, output, rows)


@loan_command.command("statement", zh="打印一个人的借阅对账单：借着的、还过的、逾期的。",
                      changes=("您用 -o 指明的文件", "the file you name with -o"),
                      never=("档案库", "the archive"), exits=(0, 2, 10, 12))  # fmt: skip
@option("--person", required=True, metavar="P", zh="谁的。", help="Whose.")
@_OUTPUT
@_ON
@common_options
@pass_call
def statement(call: Call, person: str, output: Path, on: str | None) -> None:
    """Print what a person has on loan, had, and returned late or in which condition."""
    sheet, rows = loan_papers.statement(call.archive, call.policy, day_of(on), person)
    _deliver(call, sheet, output, rows)


def _deliver(call: Call, sheet: Sheet, output: Path, rows: Sequence[Any]) -> None:
    makers = {".pdf": report_pages.as_pdf, ".csv": report_pages.as_csv}
    make = makers.get(output.suffix.lower())
    if make is None:
        raise BadRequest("文件名须以 .pdf 或 .csv 结尾", "the file's name ends in .pdf or .csv")
    if not output.absolute().parent.is_dir():
        raise BadRequest(f"没有目录 {output.parent}", f"there is no folder {output.parent}")
    durable.replace(output.absolute(), make(sheet, chinese()), mode=0o600)
    call.emit({"file": str(output), "loans": len(rows)}, str(output))
    sys.stdout.flush()


def _told(call: Call, loan: str, on: str | None = None, **more: Any) -> None:
    """The loan as it stands now, with what this act has to say besides."""
    row = loan_book.plain(call.archive, loan_book.the_loan(call.archive, loan), day_of(on))
    words = say(*loan_life.STATE_WORDS[row["state"]])
    due = say(f"，{row['due']} 前归还", f", due {row['due']}") if row["due"] else ""
    ended = row["state"] not in ("issued", "recalled", "renewing")
    call.emit(masked_in({**row, **more}), f"{loan}  {words}{'' if ended else due}")
