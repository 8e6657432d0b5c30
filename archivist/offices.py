"""Offices that no adopted regulation gives to anybody: who holds them until the company says so.

Owns the default: whoever keeps the archive, heads a department or leads the company. The company
names others in `[company]` as `role.<office>`, or in its own pack with a `role_map` row; then only
they hold it.

    check_office(archive, policy, "li", "hold_officer")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archivist.errors import NotAllowed
from archivist.regulations import roles_meant
from policies.reach import role_words

if TYPE_CHECKING:
    from archivist.archive import Archive
    from policies.policy import Policy

# Role ids as the packs of the regulations have them; the first is in every archive.
USUAL = {
    "archivist": ("档案管理员", "archivist"), "archive_clerk": ("档案管理员", "archive clerk"),
    "archive_head": ("档案负责人", "head of the archive"),
    "department_manager": ("部门经理", "department manager"),
    "department_head": ("部门负责人", "head of department"),
    "unit_head": ("单位负责人", "head of unit"),
    "general_manager": ("总经理", "general manager"),
}  # fmt: skip
WORDS = {
    "hold_officer": ("设定和解除冻结", "places and releases holds"),
    "privacy_officer": ("限制个人信息的处理", "restricts the use of personal data"),
}


def holders_of(policy: Policy, office: str) -> frozenset[str]:
    """The roles that hold an office: those the company names, else the usual ones."""
    said = policy.who_is(office)
    return roles_meant(policy, tuple(USUAL) if said == (office,) else said)


def check_office(archive: Archive, policy: Policy, name: str, office: str) -> None:
    """Raises NotAllowed unless this person holds the office, NotKnown for nobody."""
    wanted = holders_of(policy, office)
    if wanted & roles_meant(policy, archive.active(name)["roles"]):
        return
    zh, en = WORDS[office]
    known = [USUAL.get(role) or role_words(policy, role) for role in sorted(wanted)]
    these = "、".join(dict.fromkeys(one for one, _ in known))
    raise NotAllowed(
        f"{name} 的职务不能{zh}",
        f"{name} holds no role that {en}",
        f'可由：{these}；或在 archive.toml 的 [company] 写 "role.{office}"',
        f'these do: {", ".join(one for _, one in known)}; or set "role.{office}" in [company]',
    )
