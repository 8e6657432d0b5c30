"""What `archivist ask secrecy` answers, as people read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from archivist.cli import complaints, labels
from archivist.cli.say import facts, say

if TYPE_CHECKING:
    from policies.policy import Policy

Answer = dict[str, Any]


def shown_secrecy(policy: Policy, answer: Answer) -> str:
    """Grade, period, its end, and who does what; then what the company left open."""
    heads = [_head(head) for head in answer["heads"]]
    told = facts(
        (
            (say("资料", "paper"), labels.type_label(policy, answer["type"])),
            (say("密级", "grade"), answer["grade"] and labels.grade_label(policy, answer["grade"])),
            (say("标志", "mark"), answer["mark"]),
            (say("保密范围", "secrecy scope"), heads or None),
            (say("属于秘密", "is a secret"), answer["secret"]),
            (say("定密", "marked by"), _roles(answer["marked_by"])),
            (say("须定期限", "period to be fixed"), answer["period_required"]),
            (say("通常期限", "usual period"), _period(answer["period"])),
            (say("保密至", "secret until"), answer["until"]),
            (say("到期自行解密", "declassifies itself"), answer["declassifies_itself"]),
            (say("提前几天提醒", "days of notice"), answer["notice_days"]),
            (say("可要求继续保密", "extended by"), _roles(answer["extended_by"])),
            (say("复印件视同原件", "copies as originals"), answer["copies_like_originals"]),
            (say("保管", "kept by"), _roles(answer["custodians"])),
            (say("条款", "clauses"), answer["clauses"]),
            (say("制度包", "packs"), answer["packs"]),
        )
    )
    lines = [
        complaints.shown_problem({"file": None, "field": q["setting"], **q}) for q in answer["open"]
    ]
    if not lines:
        return told
    return "\n".join([told, "", say("尚待公司决定：", "left to the company:"), *lines])


def _head(head: Answer) -> str:
    title = say(head["title"], head["title_en"])
    return f"{head['number']}. {title}" if head["number"] else title


def _roles(rows: Iterable[Answer]) -> list[str] | None:
    return [say(row["title"], row["title_en"]) for row in rows] or None


def _period(period: Answer | None) -> str | None:
    if period is None:
        return None
    if period["forever"]:
        return say("长期", "for ever")
    years, months = divmod(period["months"], 12)
    counts = ((years, "年", "years"), (months, "个月", "months"), (period["days"], "天", "days"))
    told = [(f"{n} {zh}", f"{n} {en}") for n, zh, en in counts if n]
    return say("".join(zh for zh, _ in told), " ".join(en for _, en in told))
