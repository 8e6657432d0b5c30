"""Answers of `archivist volume` as people read them: tables, faults with their clauses, hints.

Each function takes what `--json` prints; nothing is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archivist import grade_rulings, volume_book, volume_faults, volume_lines
from archivist.cli import labels
from archivist.cli.door import Call
from archivist.cli.say import facts, note, say, table
from policies import volume_life

if TYPE_CHECKING:
    from archivist.volume_checks import Checked
    from archivist.volume_faults import Fault
    from archivist.volumes import Composed
    from policies.composing import Left

_WHY = {
    "dissolved": ("已撤卷", "dissolved"),
    "destroyed": ("已销毁", "destroyed"),
    "taken-out": ("已抽出", "taken out"),
    "unknown": ("原因不明", "unknown"),
}


def left_row(left: Left) -> dict[str, Any]:
    return {"records": list(left.papers), "reason": left.code, "zh": left.zh, "en": left.en,
            "clauses": list(left.clauses)}  # fmt: skip


def say_whose_office(call: Call, name: str) -> None:
    """The regulation names a role (S001-1-R28); others may, and it is said."""
    roles = {role for cited in call.policy.duties("compose") for role in cited.row.roles}
    meant = {one for role in roles for one in (role, *call.policy.who_is(role))}
    if roles and not meant & grade_rulings.roles_of(call.archive, call.policy, name):
        known = say("、", ", ").join(labels.role_label(call.policy, role) for role in sorted(roles))
        note(say(f"注意：制度规定由{known}组卷，{name} 不是",
                 f"note: the regulation lets {known} compose; {name} is none"))  # fmt: skip


def say_of_codes(made: Composed) -> None:
    lacking = {one["code_lacks"] for one in made.volumes if one["code_lacks"]}
    for name in sorted(lacking):
        note(say(*_CODE_HINTS.get(name, (f"档号缺 {name}，暂不编", f"no code: {name} is unknown"))))


_CODE_HINTS = {
    "template": (
        "没有采用档号编制规则，案卷暂无档号；采用：archivist pack adopt archival-codes",
        "no rule of archival codes is adopted, so volumes have none; adopt one: "
        "archivist pack adopt archival-codes",
    ),
    "fonds": (
        "没有全宗号，案卷暂无档号；在 archive.toml 的 [company] 写 fonds = 全宗号",
        "there is no fonds number, so volumes have no code; set fonds in [company] of archive.toml",
    ),
    "keep": (
        "保管期限未定的案卷暂无档号；未定的是什么见 archivist ask keep",
        "a volume whose keeping is open has no code; what is open: archivist ask keep",
    ),
}


def say_of_the_year(made: Composed, this_year: int) -> None:
    if any(one["year"] >= this_year for one in made.volumes):
        note(say(f"{this_year} 年尚未结束，以后归档的须另组一卷或加入未封的案卷",
                 f"{this_year} is not over: what is filed later makes another volume, or is added "
                 "to one that is open"))  # fmt: skip


def shown_composed(call: Call, made: Composed, dry_run: bool) -> str:
    parts = []
    heads = (say("件号", "item"), say("档案", "record"), say("种类", "type"), say("页数", "pages"),
             say("档号", "code"))  # fmt: skip
    for one in made.volumes:
        name = one["volume"] or say("（拟组）", "(proposed)")
        title = [name, one["code"] or "", one["dossier"],
                 say(f"{one['year']} 年", str(one["year"])),
                 say(volume_lines.keep_words(one["keep"]), one["keep"] or "")]  # fmt: skip
        rows = [
            (paper["item"], paper["record"], labels.type_label(call.policy, paper["type"]),
             paper["pages"], paper["code"])
            for paper in one["records"]
        ]  # fmt: skip
        extra = say("  补充 ", "  supplements ") + ", ".join(one["supplements"])
        clauses = f"  {', '.join(one['clauses'])}" if one["clauses"] else ""
        parts.append("  ".join(filter(None, title)) + (extra if one["supplements"] else "")
                     + clauses + "\n" + table(heads, rows))  # fmt: skip
    if not made.volumes:
        parts.append(say("没有可组的案卷", "there is nothing to compose"))
    if made.left:
        parts.append(_shown_left(made.left))
    if made.late:
        parts.append(_shown_late(made.late))
    if dry_run and made.volumes:
        parts.append(say("以上只是拟组，没有改动", "a proposal only: nothing was changed"))
    return "\n\n".join(parts)


def _shown_left(left: tuple[Left, ...]) -> str:
    heads = (say("不能立卷", "left"), say("理由", "why"), say("条款", "clause"))
    rows = [(list(one.papers), say(one.zh, one.en), list(one.clauses)) for one in left]
    return table(heads, rows, cut=(0, 1))


def _shown_late(late: list[dict[str, Any]]) -> str:
    heads = (say("封卷后归档", "filed late"), say("档案", "dossier"), say("年度", "year"),
             say("已封的案卷", "closed volumes"))  # fmt: skip
    return table(heads, [(r["record"], r["dossier"], r["year"], r["volumes"]) for r in late])


def shown_list(
    call: Call, rows: list[dict[str, Any]], missing: list[dict[str, Any]],
    late: list[dict[str, Any]],
) -> str:  # fmt: skip
    heads = (say("案卷", "volume"), say("档号", "code"), say("档案", "dossier"),
             say("年度", "year"), say("保管", "keep"), say("密级", "grade"),
             say("件数", "records"), say("页数", "pages"), say("状态", "state"),
             say("立卷人", "made by"), say("检查人", "checked by"))  # fmt: skip
    shown = table(
        heads,
        [
            (r["volume"], r["code"], r["dossier"], r["year"],
             say(volume_lines.keep_words(r["keep"]) or "-", r["keep"] or "-"),
             labels.grade_label(call.policy, r["grade"]) if r["grade"] else None,
             r["records"], r["pages"], say(*volume_life.STATE_WORDS[r["state"]]), r["composed_by"],
             r["checked_by"])
            for r in rows
        ],
    )  # fmt: skip
    parts = [shown if rows else say("没有案卷", "there is no volume")]
    if missing:
        lacking = (say("空缺的号", "missing"), say("号列", "series"), say("原因", "why"))
        gaps = [(r["number"], r["series"], say(*_WHY[r["why"]])) for r in missing]
        parts.append(table(lacking, gaps))
    return "\n\n".join([*parts, *([_shown_late(late)] if late else [])])


def shown_volume(call: Call, told: dict[str, Any]) -> str:
    grade = labels.grade_label(call.policy, told["grade"]) if told["grade"] else None
    head = facts(
        (
            (say("案卷", "volume"), told["volume"]),
            (say("档号", "code"), told["code"]),
            (say("题名", "title"), told["title"]),
            (
                say("保管期限", "keeping"),
                say(volume_lines.keep_words(told["keep"]), told["keep"] or ""),
            ),
            (say("密级", "grade"), grade),
            (say("状态", "state"), say(*volume_life.STATE_WORDS[told["state"]])),
            (say("立卷人", "made by"), told["composed_by"]),
            (say("检查人", "checked by"), told["checked_by"]),
            (
                say("签字", "signatures"),
                told["signatures"] or say("有效", "valid"),
            ),
            (say("条款", "clauses"), told["clauses"]),
        )
    )
    heads = (say("件号", "item"), say("档案", "record"), say("种类", "type"), say("题名", "title"),
             say("页数", "pages"), say("份数", "copies"))  # fmt: skip
    rows = [
        (p["item"], p["record"],
         labels.type_label(call.policy, p["type"]) or say("已销毁", "destroyed"),
         p["title"], p["pages"], p["copies"])
        for p in told["papers"]
    ]  # fmt: skip
    heads_of_history = (say("台账", "entry"), say("时间", "time"), say("事项", "act"),
                        say("何人", "who"))  # fmt: skip
    history = [
        (h["index"], labels.local_time(h["time"]),
         say(_STEPS.get(h["step"] or "", labels.act_label(h["act"])), h["step"] or h["act"]),
         h["who"])
        for h in told["history"]
    ]  # fmt: skip
    return "\n\n".join((head, table(heads, rows, cut=(3,)), table(heads_of_history, history)))


_STEPS = {"composed": "组卷", "corrected": "改正", "checked": "检查封卷", "returned": "退回",
          "reopened": "拆封", "dissolved": "撤卷", "remarked": "记入备考表"}  # fmt: skip


def shown_check(call: Call, volume: str, state: str, found: Checked) -> str:
    lines = [f"{volume}  {say(*volume_life.STATE_WORDS[state])}"]
    if found.proofs:
        lines.append(say("签字不符：", "signatures do not hold: ") + ", ".join(found.proofs))
    for one in (*found.faults, *found.notices):
        lines.append(_fault_line(one))
    if any(one.code in ("contents", "notes_sheet", "both_forms") for one in found.faults):
        lines.append(say(f"先打印：archivist volume contents {volume} -o …、"
                         f"archivist volume notes {volume} -o …",
                         f"print them first: archivist volume contents {volume} -o …, "
                         f"archivist volume notes {volume} -o …"))  # fmt: skip
    row = volume_book.the_volume(call.archive, volume)
    wanted = volume_faults.to_be_seen(
        call.policy, call.archive.the("dossier", row["dossier"])["type"]
    )
    if wanted and any(one.code == "format" for one in found.faults):
        words = " ".join(f"--seen {name}" for name in wanted)
        lines.append(say(f"亲眼确认后加上：{words}", f"when you have seen it: {words}"))
    if not found.faults and not found.proofs:
        lines.append(say("没有发现问题", "no fault found"))
    return "\n".join(lines)


def _fault_line(one: Fault) -> str:
    named = f"  {', '.join(one.records)}" if one.records else ""
    clause = say(f"（{one.clause}）", f" ({one.clause})") if one.clause else ""
    return f"  {say(one.zh, one.en)}{clause}{named}"
