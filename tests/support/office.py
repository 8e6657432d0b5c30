"""How tests of the office regulations ask the law.

>>> from law import Law
>>> the(Law.shipped(), "office-records", Role, zh="立卷人").id
'volume_maker'
"""

from __future__ import annotations

from typing import Any

from law import Law

from policies.pack_rows import Item, Role

__all__ = ["doing", "item_of", "role", "the"]


def the(law: Law, pack: str, kind: type[Any], **said: Any) -> Any:
    """The one row of the pack of which all this is said; an error where there is none."""
    rows = [
        row
        for row in law.pack(pack).rows(kind)
        if all(getattr(row, name) == value for name, value in said.items())
    ]
    assert len(rows) == 1, (kind.__name__, said, len(rows))
    return rows[0]


def role(law: Law, pack: str, zh: str) -> str:
    """The id of the role that the pack calls so."""
    found: str = the(law, pack, Role, zh=zh).id
    return found


def doing(law: Law, pack: str, act: str, **scope: str) -> set[str]:
    """The Chinese names of the roles and departments whose office it is, within the scope."""
    policy = law.policy(pack, "secrecy")
    names = {cited.row.id: cited.row.zh for cited in policy.rows(Role)}
    return {
        names.get(who) or policy.departments[who].zh
        for cited in policy.duties(act, **scope)
        if cited.pack.startswith(f"{pack}@")
        for who in (*cited.row.roles, *cited.row.departments)
    }


def item_of(law: Law, pack: str, dossier: str, zh: str) -> Item:
    """The item of that dossier's checklist with this title."""
    items = law.policy(pack, "secrecy").dossier_type(dossier).items
    return next(item for item in items if item.zh == zh)
