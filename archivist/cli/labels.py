"""Codes in the person's language: for tables and lines, never for JSON.

English readers see acts, reasons, trays and roles by their codes, which are English words;
types, grades and departments have the names that the packs give them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from archivist import records
from archivist.cli.grades import usual_words
from archivist.cli.say import say
from policies import customer_rows, naming, pack_rows

if TYPE_CHECKING:
    from policies.policy import Policy

_TRAYS = {
    "unsorted": "待分拣",
    "quarantine": "隔离",
    "duplicates": "重复",
    "rejected": "已退回",
}
_ACTS = {
    "init": "建库",
    "adopt": "采用制度",
    "person": "登记人员",
    "key": "启用密钥",
    "clear": "授予涉密权限",
    "revoke": "撤销涉密权限",
    "leave": "离职",
    "limit": "限定知悉范围",
    "rotate": "轮换密钥",
    "rewrap": "重封密钥头",
    "escrow": "制作恢复包",
    "recover": "凭恢复包恢复",
    "backup": "备份",
    "restore": "由备份恢复",
    "refused-login": "口令错误",
    "customer": "登记客户",
    "dossier": "登记档案",
    "ownership": "客户归属",
    "contact": "联系客户",
    "file": "归档",
    "attest": "核对",
    "regrade": "变更密级",
    "declassify": "解密",
    "handover": "移交签收",
    "routine": "例行工作",
    "remind": "催办",
    "refuse": "未归档",
    "reject": "退回",
    "view": "调阅",
    "export": "导出",
    "unmask": "查看完整号码",
    "print": "打印登记簿或表格",
    "loan": "借阅",
    "loan-denied": "借阅被拒",
    "audit": "四性检测",
    "witness": "台账见证",
    "incident": "事件",
    "destroy": "销毁执行",
    "hold": "冻结",
    "sweep": "到期清查",
    "disposal": "销毁",
    "disposal-denied": "销毁被拒",
    "restrict": "限制处理",
    "violation": "违规",
    "volume": "立卷",
    "login": "登录",
    "logout": "退出",
}
_REASONS = {
    "empty": "空文件",
    "not-a-document": "不是文档",
    "damaged": "已损坏",
    "encrypted": "有密码",
    "too-large": "过大",
    "infected": "可疑内容",
    "fatal": "读取时中断",
    "no-policy": "没有制度",
    "policy-incomplete": "密级未定",
    "unknown-grade": "密级不明",
    "blank": "空白",
    "no-route": "去处不明",
    "unknown-customer": "客户未登记",
    "unknown-dossier": "档案不存在",
    "unknown-type": "种类不明",
    "ambiguous": "线索矛盾",
    "dossier-closed": "已结案",
    "duplicate": "重复",
}
_WORDS = {
    "person": "个人",
    "company": "单位",
    "archivist": "档案管理员",
    "clerk": "档案员",
    "sys_admin": "系统管理员",
    "sec_officer": "安全保密员",
    "audit_officer": "安全审计员",
    "station": "扫描站",
    "mandatory": "必备",
    "conditional": "条件",
    "optional": "可选",
}


def act_label(act: str) -> str:
    """What an entry of the ledger says was done."""
    return say(_ACTS.get(act, act), act)


def reason_label(reason: str | None) -> str | None:
    """Why a scan was turned away."""
    return say(_REASONS.get(reason, reason), reason) if reason else reason


def word(code: str | None) -> str | None:
    """A role, a kind of customer, a demand of a checklist, or a person's name as it is."""
    return say(_WORDS.get(code, code), code) if code else code


def role_label(policy: Policy, role: str) -> str:
    """The name of a role, as the adopted regulations call it."""
    found = next((c.row for c in policy.rows(pack_rows.Role) if c.row.id == role), None)
    return say(found.zh, found.en) if found else say(_WORDS.get(role, role), role)


def local_time(time: str | None) -> str | None:
    """`2026-11-23T13:31:05Z` as the clock on the wall shows it: `2026-11-23 21:31`."""
    if time is None:
        return None
    return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M")


def _type(policy: Policy, type_: str) -> pack_rows.DocumentType | None:
    # Ids are what is recorded: no name need be folded for one.
    return policy.document_types.get(type_) or policy.find_type(type_)


def _dossier_type(policy: Policy, type_: str) -> pack_rows.DossierType | None:
    return policy.dossier_types.get(type_) or policy.find_dossier_type(type_)


def title_label(policy: Policy, type_: str, title: str | None) -> str | None:
    """A record's title; one that only repeats its document type, in the person's language."""
    found = _type(policy, type_)
    return say(found.zh, found.en) if found and title == found.zh else title


def tray_label(tray: str | None) -> str:
    """The name of a tray."""
    return say(_TRAYS.get(tray or "", tray or ""), tray or "")


def detail_in_one_language(detail: str | None) -> str:
    """A refusal's explanation: verdicts carry Chinese and English, divided by a slash."""
    zh, slash, en = (detail or "").partition(" / ")
    return say(zh, en) if slash else zh


def with_name(customer: str | None, name: str | None) -> str | None:
    """A customer's id with the name, as people who work in the house read it."""
    return f"{customer} {name}" if customer and name else customer


def type_label(policy: Policy, type_: str | None) -> str | None:
    """The name of a document type."""
    found = _type(policy, type_) if type_ else None
    return say(found.zh, found.en) if found else type_


def dossier_type_label(policy: Policy, type_: str) -> str:
    """The name of a dossier type."""
    found = _dossier_type(policy, type_)
    return say(found.zh, found.en) if found else type_


def grade_label(policy: Policy, code: str) -> str:
    """The name of a grade."""
    found = policy.grades.get(code)
    return say(found.zh, found.en) if found else say(*usual_words(code))


def key_label(policy: Policy, key: str) -> str:
    """What a key seals: a grade, or a grade within the dossier or record of a list."""
    grade, target = grade_label(policy, records.grade_of(key)), records.target_of(key)
    return grade if target is None else say(f"{target}（{grade}）", f"{target} ({grade})")


def department_label(policy: Policy, department: str) -> str:
    """The name of a department."""
    found = policy.departments.get(department)
    return say(found.zh, found.en) if found else department


def named(policy: Policy, dossier_type: str, given: dict[str, str]) -> dict[str, str]:
    """Keys or events of a dossier under their names, and words of few by theirs."""
    kind = _dossier_type(policy, dossier_type)
    names = {key.id: say(key.zh, key.en) for key in kind.keys} if kind else {}
    names |= {event.id: say(event.zh, event.en) for event in kind.events} if kind else {}
    schemes = [cited.row for cited in policy.rows(customer_rows.Scheme)]
    words = {
        (key.id, value): say(zh, en)
        for key in (kind.keys if kind else ())
        for value, zh, en in naming.value_words(key, schemes)
    }
    return {names.get(name, name): words.get((name, v), v) for name, v in given.items()}
