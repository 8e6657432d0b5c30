"""What a lack, a point and a signer are called, in Chinese and English.

Owns the words for the codes of `policies.checklist`, so that the list of missing items, a
receipt and a reminder call one thing by one name. Roles and fields have the names that the
packs give them.

    >>> from policies.policy import Policy
    >>> lack_words(Policy.adopt([], {}), "signature", "customer")
    ('缺客户签字', 'not signed by the customer')
"""

from __future__ import annotations

from policies.pack_rows import Role
from policies.policy import Policy

_SIGNERS = {"customer": ("客户", "the customer"), "internal": ("内部人员", "our own staff")}
_COPIES = {"original": ("原件", "the original"), "photocopy": ("复印件", "a photocopy")}


def signer_words(policy: Policy, signer: str) -> tuple[str, str]:
    """Who signs: `customer`, `internal`, or a role of the adopted packs."""
    for cited in policy.rows(Role):
        if cited.row.id == signer:
            return cited.row.zh, cited.row.en
    return _SIGNERS.get(signer, (signer, signer))


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
