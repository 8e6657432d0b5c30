"""What a lack, a point and a signer are called, in Chinese and English.

Owns the words for the codes of `policies.checklist`, so that the list of missing items, a
receipt and a reminder call one thing by one name, and the sentences for deadlines and
conditions. Roles, fields, events and keys have the names that the packs give them.

    >>> from policies.policy import Policy
    >>> lack_words(Policy.adopt([], {}), "signature", "customer")
    ('缺客户签字', 'not signed by the customer')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from policies import checklist, naming
from policies.pack_rows import WEEKDAYS, Deadline, DossierType, Role

if TYPE_CHECKING:
    from policies.customer_rows import Scheme
    from policies.policy import Policy

_SIGNERS = {"customer": ("客户", "the customer"), "internal": ("内部人员", "our own staff")}
_ALSO = {"customer": ("用户", "顾客", "租户", "宾客"), "internal": ("本公司人员", "员工")}
_COPIES = {"original": ("原件", "the original"), "photocopy": ("复印件", "a photocopy")}


def signer_words(policy: Policy, signer: str) -> tuple[str, str]:
    """Who signs: `customer`, `internal`, or a role of the adopted packs."""
    for cited in policy.rows(Role):
        if cited.row.id == signer:
            return cited.row.zh, cited.row.en
    return _SIGNERS.get(signer, (signer, signer))


def signer_names(policy: Policy, signer: str) -> tuple[str, ...]:
    """Every name of one who signs: the regulations call a customer 用户, 顾客, 租户 or 宾客 too."""
    return (*signer_words(policy, signer), *_ALSO.get(signer, ()))


def copy_words(kind: str) -> tuple[str, str]:
    """`original` or `photocopy`."""
    return _COPIES.get(kind, (kind, kind))


def lack_words(policy: Policy, kind: str, detail: str) -> tuple[str, str]:
    """What an item lacks; `kind` and `detail` as in `policies.checklist.Lacking`."""
    signer = signer_words(policy, detail)
    copy = copy_words(detail)
    words = {
        "document": ("缺件", "missing"),
        "count": (f"份数不足（{detail}）", f"too few ({detail})"),
        "copy": (f"应为{copy[0]}", f"must be {copy[1]}"),
        "sides": (f"应有 {detail} 面", f"must show {detail} sides"),
        "signature": (f"缺{signer[0]}签字", f"not signed by {signer[1]}"),
        "field": (f"“{detail}”未填或不符", f"“{detail}” not filled in, or wrong"),
        "expired": (f"已过期（{detail} 年）", f"expired (of {detail})"),
    }
    return words.get(kind, (kind, kind))


def consequence_words(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a penalty is beside its yuan: `row` is one as `ask penalty` or `violation list` tells
    it, with points, month_pay, notice, sanction and transfers_customer."""
    found = [(row["sanction"], row["sanction"])] if row["sanction"] else []
    if points := (row.get("decision") or row)["points"]:
        found.append((f"扣 {points} 分", f"{points} points off"))
    if row["month_pay"]:
        found.append(("扣当月绩效工资", "the month's performance pay"))
    if cut := row.get("pay_cut") or row.get("pay_cut_percent"):
        low, high = cut
        found.append((f"可扣绩效工资 {low}%–{high}%", f"pay cut of {low}–{high} %"))
    if row["notice"]:
        found.append(("通报全公司", "announced to the whole company"))
    if row["transfers_customer"]:
        found.append(("客户移交他人", "the customer goes to somebody else"))
    return found


def penalty_words(row: Mapping[str, Any]) -> tuple[str, str]:
    """Everything a penalty is: its yuan, then the rest; a row as for `consequence_words`.

    What is decided counts before what was assessed, and what costs no money says no amount.
    """
    if row["state"] == "dismissed":
        return "-", "-"
    if row["open"] and not row["decision"]:
        return "待定", "undecided"
    if row["absorbed"] and not row["decision"]:
        return "并入较重的一项", "within the dearer one"
    yuan = yuan_words(row)
    parts = [(f"{yuan} 元", f"{yuan} yuan")] if yuan else []
    parts += consequence_words(row)
    if not parts:
        return "制度未规定", "no penalty"
    return "、".join(zh for zh, _ in parts), ", ".join(en for _, en in parts)


def yuan_words(row: Mapping[str, Any]) -> str:
    """The yuan of a penalty, decided or else assessed, `30–100` for a range; "" for none."""
    if row["decision"]:
        return str(row["decision"]["amount"] or "")
    least, most = row["amount"], row["amount_to"]
    return str(most or "") if least == most else f"{least}–{most}"


def point_words(policy: Policy, point: str) -> tuple[str, str]:
    """What is still to be looked at: `signature:customer`, `field:联系人`, `copy:original` …"""
    kind, _, detail = point.partition(":")
    signer = signer_words(policy, detail)
    copy = copy_words(detail)
    words = {
        "copy": (f"是否{copy[0]}", f"whether it is {copy[1]}"),
        "sides": (f"是否 {detail} 面", f"whether it shows {detail} sides"),
        "signature": (f"{signer[0]}签字", f"signature of {signer[1]}"),
        "field": (f"“{detail}”栏", f"field “{detail}”"),
        "verify": (detail, detail),
    }
    return words.get(kind, (point, point))


def deadline_words(
    kind: DossierType, due: Deadline, schemes: Sequence[Scheme] = ()
) -> tuple[str, str]:
    """By when, counted from what, on which condition: the deadline `due` of `kind` as a sentence.

    Which items it binds is `items_bound`; what it says of days off is left out where it counts
    working days, which end on one.
    """
    after = _labels(kind).get(due.after, (due.after, due.after))
    span = _span(kind, due, after)
    at = (f" {due.at} 前", f", by {due.at}") if due.at else ("", "")
    zh, en = _ROLLS.get(due.roll, ("", "")) if not due.working_days else ("", "")
    only = condition_words(kind, due.when, schemes)
    when = (f"（{only[0]}）", f" ({only[1]})") if due.when else ("", "")
    grace = (
        (f"，有正当理由的可到次日 {due.grace}", f", with a good reason {due.grace} the day after")
        if due.grace
        else ("", "")
    )
    return span[0] + at[0] + zh + grace[0] + when[0], span[1] + at[1] + en + grace[1] + when[1]


_ROLLS = {
    "next": ("，逢休息日顺延", ", later when nobody works that day"),
    "previous": ("，逢休息日提前", ", earlier when nobody works that day"),
}


def _span(kind: DossierType, due: Deadline, after: tuple[str, str]) -> tuple[str, str]:
    zh, en = after
    day = WEEKDAYS.index(due.next_weekday) if due.next_weekday else 0
    stated = _labels(kind).get(due.stated_by, (due.stated_by, due.stated_by))
    return {
        "working_days": (f"{zh}后 {due.count} 个工作日", f"{due.count} working days after {en}"),
        "days": (f"{zh}后 {due.count} 天", f"{due.count} days after {en}"),
        "months": (f"{zh}后 {due.count} 个月", f"{due.count} months after {en}"),
        "same_day": (f"{zh}当日", f"on the day of: {en}"),
        "next_weekday": (
            f"{zh}后的下周{'一二三四五六日'[day]}",
            f"{due.next_weekday} of the week after {en}",
        ),
        "month_end": (f"{zh}当月最后一天", f"last day of the month of {en}"),
        "stated_by": (f"不迟于“{stated[0]}”", f"no later than: {stated[1]}"),
        "days_from": (
            f"{zh}后及时（天数由公司定：{due.days_from}）",
            f"promptly after {en} (the company says how many days: {due.days_from})",
        ),
    }[due.unit]


def items_bound(kind: DossierType, due: Deadline) -> tuple[str, str]:
    """The items that the deadline binds, by name; empty where it binds all."""
    bound = [item for item in kind.items if item.id in due.items]
    return "、".join(item.zh for item in bound), ", ".join(item.en for item in bound)


def condition_words(
    kind: DossierType, when: str, schemes: Sequence[Scheme] = ()
) -> tuple[str, str]:
    """What must be so for a conditional item or deadline; a field no pack names keeps its id.

    `schemes` lend the few words of a key their names, as in `policies.naming.value_words`.
    """
    if not when:
        return "", ""
    subject, name, operator, values = checklist.condition_parts(when)
    known = _labels(kind).get(name) if subject == "dossier" else None
    zh, en = known or _CUSTOMER.get(name, (name, name))
    zh = zh if subject == "dossier" else f"客户{zh}"
    en = en if subject == "dossier" else f"the customer's {en}"
    if not operator:
        return f"{zh}：是", f"{en}: yes"
    sign_zh, sign_en = ("为", "is") if operator == "=" else ("不为", "is not")
    keys = [key for key in kind.keys if subject == "dossier" and key.id == name]
    words = {v: (zh_, en_) for key in keys for v, zh_, en_ in naming.value_words(key, schemes)}
    words |= _KINDS if (subject, name) == ("customer", "kind") else {}
    told = [words.get(value, (value, value)) for value in values]
    return (
        f"{zh}{sign_zh}{'或'.join(word for word, _ in told)}",
        f"{en} {sign_en} {' or '.join(word for _, word in told)}",
    )


_CUSTOMER = {
    "kind": ("性质", "kind"),
    "class": ("类别", "class"),
    "special": ("属于特定客户", "special case"),
}
_KINDS = {"company": ("单位", "company"), "person": ("个人", "person")}


def _labels(kind: DossierType) -> dict[str, tuple[str, str]]:
    keys = {key.id: (key.zh, key.en) for key in kind.keys}
    return keys | {event.id: (event.zh, event.en) for event in kind.events}
