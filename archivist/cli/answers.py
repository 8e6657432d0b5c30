"""Answers of `archivist ask` as people read them: facts, a table, what is open.

Each function takes the answer that `--json` prints, and the policy that gave it for names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from archivist.cli import complaints, labels
from archivist.cli.say import facts, say, table
from policies import approvals, filing_years, wording

if TYPE_CHECKING:
    from archivist.asking import Answer
    from policies.policy import Policy

RELATION_WORDS = {
    "owner": ("经办人本人", "the one in charge of it"),
    "own_dept": ("本部门", "own department"),
    "other_dept": ("其他部门", "another department"),
    "sister_company": ("内部其他公司", "another company of the group"),
    "external": ("外单位", "from outside"),
    "authority": ("主管机关", "the competent authority"),
}
_WHO = {
    "standing": ("有权全部知晓", "may know all"),
    "named": ("指定的人员", "only persons named"),
    "delegated": ("主管人员及其认为必须知道的人员", "the one in charge, and whom he lets know"),
    "concerned": ("相关人员", "those concerned"),
}
_TERMS = {
    "alter": ("涂改", "altering"), "mark": ("圈划", "marking"), "fold": ("折叠", "folding"),
    "on_lend": ("转借", "lending on"), "lose": ("丢失", "losing"),
    "disclose": ("泄露内容", "disclosing"), "leave_room": ("带出室外", "leaving the room"),
    "copy_privately": ("私自复制", "private copies"),
    "read_in_public": ("在公众场所阅读", "reading in public"),
    "leave_screen": ("离开屏幕（只许在屏幕上阅览）", "leaving the screen"),
    "registration": ("登记", "registration"), "joint_count": ("当面点清", "counting together"),
    "loan_card": ("借阅卡", "a loan card"), "purpose": ("写明用途", "a purpose"),
    "due_date": ("写明归还日期", "a return date"),
    "return_check": ("归还时检查", "a check on return"),
    "completeness_check": ("核对齐全", "a check that nothing is missing"),
    "application": ("使用申请", "an application"),
    "return_before_leaving": ("离职前归还", "return before leaving"),
}  # fmt: skip
_METHODS = {
    "shred": ("碎纸机", "shredder"), "tear": ("撕毁", "torn up"), "burn": ("焚毁", "burnt"),
    "pulp": ("化浆", "pulped"), "key_destruction": ("销毁密钥", "its key destroyed"),
}  # fmt: skip
_STARTS = {"filed": ("归档", "filing"), "closed": ("结案", "closing")}
_PER = {
    "visit": ("车次", "visit"), "item": ("项", "item"), "piece": ("件", "piece"),
    "time": ("次", "time"), "working_day": ("工作日", "working day"),
}  # fmt: skip


def shown_approval(policy: Policy, answer: Answer) -> str:
    """The verdict, the steps, who may know, what a loan demands."""
    head = [
        (say("动作", "action"), say(answer["title"], answer["title_en"])),
        (say("密级", "grade"), _grade(policy, answer)),
        (say("申请人", "asked by"), say(*RELATION_WORDS[answer["relation"]])),
        (say("资料", "paper"), labels.type_label(policy, answer["type"])),
        (say("档案种类", "dossier"),
         answer["dossier_type"] and labels.dossier_type_label(policy, answer["dossier_type"])),
        (say("结论", "verdict"), _verdict(answer)),
        (say("原因", "why"), say(answer["reason_zh"] or "", answer["reason_en"] or "")),
        (say("须出示", "to be shown"),
         [say(paper["title"], paper["title_en"]) for paper in answer["evidence"]]),
        (say("须", "also needed"), _needs(answer)),
        *_sources(answer),
    ]  # fmt: skip
    return _parts(
        facts(head), _steps(policy, answer), _knowing(answer), _loan(answer),
        _open(answer, answer["loan"]),
    )  # fmt: skip


def _steps(policy: Policy, answer: Answer) -> str:
    """Who says yes, one after another."""
    steps = [
        (step["step"], say(step["title"], step["title_en"]), say(*approvals.ACT_WORDS[step["act"]]),
         [labels.role_label(policy, role) for role in step["means"]]
         or say("尚未写明", "not said yet"))
        for step in answer["steps"]
    ]  # fmt: skip
    heads = (say("步", "step"), say("职务", "role"), say("动作", "act"), say("指", "meaning"))
    return table(heads, steps) if steps else ""


def _grade(policy: Policy, answer: Answer) -> str | None:
    """The grade; one that was named and that no adopted regulation knows changes nothing."""
    if unknown := answer["grade_undeclared"]:
        name = labels.grade_label(policy, unknown)
        return say(
            f"采用的制度没有规定“{name}”，按不分密级回答",
            f"no adopted regulation knows {name}: answered as if no grade were named",
        )
    return answer["grade"] and labels.grade_label(policy, answer["grade"])


def _verdict(answer: Answer) -> str:
    if not answer["allowed"]:
        return say("不允许", "not allowed")
    if answer["free"]:
        return say("允许，无需审批", "allowed, nobody needs to be asked")
    if answer["exception"]:
        return say(
            "原则上不允许；经下列审批可以例外", "forbidden in principle; these may except it"
        )
    return say("经下列审批后允许", "allowed once these said yes")


def _needs(answer: Answer) -> list[str]:
    words = {
        "register": say("登记", "registration"),
        "due_date": say("归还日期", "a return date"),
        "purpose_needed": say("用途", "a purpose"),
        "separate": say("各步由不同的人，不得自批", "different persons, none for himself"),
    }
    asked = [text for name, text in words.items() if answer[name]]
    return asked if answer["allowed"] and not answer["free"] else asked[:-1]


def _knowing(answer: Answer) -> str:
    rows = [
        (say(*_WHO[row["who"]]), [say(by["title"], by["title_en"]) for by in row["by"]] or None,
         row["clause"], row["pack"])
        for row in answer["know"]
    ]  # fmt: skip
    heads = (say("谁可知悉", "who may know"), say("由谁定", "said by"), say("条款", "clause"),
             say("制度包", "pack"))  # fmt: skip
    return table(heads, rows) if rows else ""


def _loan(answer: Answer) -> str:
    terms = answer["loan"]
    if not terms or not (terms["clauses"] or terms["open"]):
        return ""
    words = {name: [say(*_TERMS[code]) for code in terms[name]] for name in ("forbids", "demands")}
    return facts(
        (
            (say("不得", "forbidden"), words["forbids"]),
            (say("要求", "demanded"), words["demands"]),
            (say("登记栏目", "entered"), terms["fields"]),
            (say("借期（天）", "days"), terms["days"]),
            (say("条款", "clauses"), terms["clauses"]),
            (say("制度包", "packs"), terms["packs"]),
        )
    )


def shown_checklist(policy: Policy, answer: Answer) -> str:
    """Every item with what is asked of the paper."""
    rows = [
        (row["item"], say(row["title"], row["title_en"]), _required(row), row["asked"],
         _looks(policy, row), row["clause"])
        for row in answer["items"]
    ]  # fmt: skip
    heads = (say("项目", "item"), say("名称", "title"), say("要求", "required"),
             say("应有", "asked"), say("须符合", "must show"), say("条款", "clause"))  # fmt: skip
    return _parts(_named_dossier(answer), table(heads, rows, cut=(4, 1)), _open(answer))


def _required(row: Answer) -> str:
    when = say(row["when_zh"], row["when_en"]) if row["when"] else ""
    return f"{labels.word(row['required'])}{say(f'（{when}）', f' ({when})') if when else ''}"


def _looks(policy: Policy, row: Answer) -> list[str] | None:
    """What a person must see on the paper."""
    found = []
    if len(row["types"]) > 1:
        found.append(say("或", " or ").join(say(t["title"], t["title_en"]) for t in row["types"]))
    if row["copy"] != "either":
        found.append(say(*wording.copy_words(row["copy"])))
    if row["sides"] > 1:
        found.append(say(f"{row['sides']} 面", f"{row['sides']} sides"))
    if row["least"] > 1:
        found.append(say(f"至少 {row['least']} 份", f"at least {row['least']}"))
    signers = (wording.signer_words(policy, who) for who in row["signed_by"])
    found += [say(f"{zh}签字", f"signed by {en}") for zh, en in signers]
    found += [*row["fields"], *row["verify"]]
    if row["expires"]:
        found.append(say("每年更新", "renewed yearly"))
    return found or None


def shown_due(policy: Policy, answer: Answer) -> str:
    """Item, day, time, clause."""
    rows = [
        (say(row["title"], row["title_en"]),
         f"{row['due']} {row['at'] or ''}".strip() if row["due"] else _waiting(policy, answer, row),
         row["grace"], row["overdue"], row["clause"])
        for row in answer["due"]
    ]  # fmt: skip
    heads = (say("资料", "paper"), say("应交日期", "due"), say("可宽限至", "grace"),
             say("逾期", "overdue"), say("条款", "clause"))  # fmt: skip
    forecast = [row for row in answer["due"] if row["certain"] is False]
    return _parts(
        _named_dossier(answer), table(heads, rows, cut=(0,)),
        say("其中有的年份调休安排尚未公布，日期为推算。",
            "Some days fall in years whose make-up days are not published: a forecast.")
        if forecast else "",
        _open(answer),
    )  # fmt: skip


def _waiting(policy: Policy, answer: Answer, row: Answer) -> str | None:
    if not row["waits_for"]:
        return None
    kind = policy.find_dossier_type(answer["dossier_type"])
    own = {event.id: (event.zh, event.en) for event in (kind.events if kind else ())}
    words = [own.get(name) or _start_words(policy, name) for name in row["waits_for"]]
    return say(
        f"待“{'、'.join(zh for zh, _ in words)}”", f"waits for {', '.join(en for _, en in words)}"
    )


def shown_keep(policy: Policy, answer: Answer) -> str:
    """How long, until when, and what destroying takes."""
    terms = answer["disposal"]
    head = facts(
        (
            (say("资料", "paper"), labels.type_label(policy, answer["type"])),
            (say("档案种类", "dossier"),
             answer["dossier_type"] and labels.dossier_type_label(policy, answer["dossier_type"])),
            (say("保管期限", "kept for"), _length(policy, answer)),
            (say("保管至", "kept until"), answer["until"]),
            (say("尚缺事件日期", "waits for"),
             [say(*_start_words(policy, name)) for name in answer["waits_for"]]),
            (say("法定最低期限", "legal minimum"), _length(policy, answer["floor"])),
            (say("个人信息上限", "maximum for personal data"), _length(policy, answer["ceiling"])),
            (say("上限到期", "maximum ends"), answer["beyond"]),
            *_sources(answer),
        )
    )  # fmt: skip
    destroying = facts(
        (
            (say("销毁方式", "destroyed by"), [say(*_METHODS[code]) for code in terms["methods"]]),
            (say("鉴定小组人数", "appraisers"), terms["appraisal"] or None),
            (say("监销人", "witnesses"), terms["witnesses"] or None),
            (say("无保存价值的说明", "statement of no value"), terms["statement"] or None),
            (say("销毁记录", "destruction record"), terms["register"] or None),
            *_sources(terms),
        )
    )
    return _parts(head, destroying, _destroying(policy, terms["approval"]),
                  _open(answer, terms, terms["approval"]))  # fmt: skip


def _destroying(policy: Policy, approval: Answer) -> str:
    """Who says yes to the destruction, or why nobody may."""
    verdict = facts(
        (
            (say("销毁审批", "destruction"), _verdict(approval)),
            (say("原因", "why"), say(approval["reason_zh"] or "", approval["reason_en"] or "")),
            *_sources(approval),
        )
    )
    return _parts(verdict, _steps(policy, approval))


def _length(policy: Policy, span: Answer | None) -> str | None:
    if not span:
        return None
    if span["permanent"]:
        return say("永久", "for ever")
    if not (span["years"] or span["months"]):
        return say("尚未确定", "not known")
    zh = f"{span['years']} 年" if span["years"] else ""
    zh += f"{span['months']} 个月" if span["months"] else ""
    en = [f"{span[name]} {name}" for name in ("years", "months") if span[name]]
    start = _start_words(policy, span["start"])
    if span["count_from"] == "next_year":
        return say(
            f"{zh}，自{start[0]}次年 1 月 1 日起", f"{' '.join(en)} from the year after {start[1]}"
        )
    return say(f"{zh}，自{start[0]}起", f"{' '.join(en)} from {start[1]}")


def _start_words(policy: Policy, name: str) -> tuple[str, str]:
    return _STARTS.get(name) or _event_words(policy, name)


def _event_words(policy: Policy, name: str) -> tuple[str, str]:
    """What the dossiers that know this event call it; packs may give one id several names."""
    events = (e for kind in policy.dossier_types.values() for e in kind.events if e.id == name)
    found = {(event.zh, event.en) for event in events}
    return found.pop() if len(found) == 1 else (name, name)


def shown_year(policy: Policy, answer: Answer) -> str:
    """The year, and which year that is."""
    return _parts(
        facts(
            (
                (say("归入年度", "filing year"), answer["year"]),
                (
                    say("依据", "that is"),
                    answer["takes"] and say(*filing_years.TAKES_WORDS[answer["takes"]]),
                ),
                (say("尚缺日期", "the date not given"), answer["lacks"]),
                *_sources(answer),
            )
        ),
        _open(answer),
    )


def shown_penalties(policy: Policy, answer: Answer) -> str:
    """Each violation with its amount, and the sum."""
    rows = [
        (row["on"], say(row["title"], row["title_en"]),
         labels.role_label(policy, row["role"]), _amount(row),
         f"×{row['multiplier']}" if row["multiplier"] > 1 else None, _besides(row),
         row["clauses"])
        for row in answer["penalties"]
    ]  # fmt: skip
    heads = (say("日期", "day"), say("违规", "violation"), say("职务", "role"),
             say("金额（元）", "yuan"), say("倍数", "times"), say("其他", "besides"),
             say("条款", "clauses"))  # fmt: skip
    return _parts(
        table(heads, rows, cut=(1, 5)),
        facts(
            [*(_total(row) for row in answer["totals"]), (say("制度包", "packs"), answer["packs"])]
        ),
        _open(*answer["penalties"]),
    )


def _total(row: Answer) -> tuple[str, str]:
    """What it comes to for one role; the roles may be several persons, or one of several."""
    yuan, points = _sum(row["amount"], row["amount_to"]), row["points"]
    parts = [say(f"{yuan} 元", f"{yuan} yuan")] if row["amount_to"] else []
    parts += [say(f"扣 {points} 分", f"{points} points off")] if points else []
    name = say(row["title"], row["title_en"])
    return say(f"{name}合计", f"{name} in all"), say("，", ", ").join(parts)


def _amount(row: Answer) -> str:
    if row["per"] is None:
        return say("制度未规定", "no penalty")
    if row["absorbed"]:
        return say("并入较重的一项", "within the dearer one")
    # Where the penalty is another, 0 yuan would read as if nothing happened.
    return _sum(row["amount"], row["amount_to"]) if row["amount_to"] else "-"


def _sum(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"


def _besides(row: Answer) -> list[str] | None:
    return [say(*words) for words in wording.consequence_words(row)] or None


def shown_routines(policy: Policy, rows: Iterable[Answer]) -> str:
    """What falls due, by day."""
    shown = [
        (f"{row['due']} {row['at'] or ''}".strip() if row["due"] else
         say(f"未设 {row['unset']}", f"{row['unset']} not set"),
         say(row["title"], row["title_en"]), say(row["rhythm"], row["rhythm_en"]),
         [*(labels.department_label(policy, d) for d in row["departments"]),
          *(labels.role_label(policy, r) for r in row["roles"])] or None,
         row["grace"], row["clause"], row["pack"])
        for row in rows
    ]  # fmt: skip
    heads = (say("应办日期", "due"), say("工作", "work"), say("周期", "rhythm"), say("由谁", "by"),
             say("可宽限至", "grace"), say("条款", "clause"), say("制度包", "pack"))  # fmt: skip
    return table(heads, shown, cut=(1, 2, 3))


def _named_dossier(answer: Answer) -> str:
    name = say(answer["title"], answer["title_en"])
    return facts(((answer["dossier_type"], name), *_sources(answer)))


def _sources(answer: Answer) -> list[tuple[str, Any]]:
    return [(say("条款", "clauses"), answer["clauses"]), (say("制度包", "packs"), answer["packs"])]


def _open(*answers: Answer | None) -> str:
    """What is still to be decided, each question once."""
    found = {
        question["setting"]: question for answer in answers if answer for question in answer["open"]
    }
    lines = [
        complaints.shown_problem({"file": None, "field": setting, **question})
        for setting, question in found.items()
    ]
    return "\n".join([say("尚待公司决定：", "left to the company:"), *lines]) if lines else ""


def _parts(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
