"""Naming: grades, roles, series and events by any of the names that people use for them.

Owns the looking up that `Policy` itself does not need: its own `document_type`, `dossier_type`
and `grade` are enough to judge a scan. Names compare as text does everywhere: width, case, white
space and, in an archive, script do not matter.

    >>> grade_code(Policy.adopt([], {}), "秘密")
    'SECRET'
"""

from __future__ import annotations

from policies.errors import UnknownName
from policies.pack_rows import GRADE_CODES, DossierType, Role, Series
from policies.policy import Policy

__all__ = ["event_id", "grade_code", "role_id", "series_id"]

_GRADE_WORDS = dict(zip(("绝密", "机密", "秘密", "内部", "公开"), GRADE_CODES, strict=True))


def grade_code(policy: Policy, name: str) -> str:
    """The code of a grade by any of its names. The five codes are known to every pack."""
    try:
        return policy.grade(name).code
    except UnknownName:
        code = _GRADE_WORDS.get(name, name.upper())
        if code not in GRADE_CODES:
            raise
        return code


def role_id(policy: Policy, name: str) -> str:
    """The role called so; a word that no pack declares is a role of the company's own."""
    return _id_of(policy, Role, name) or name


def series_id(policy: Policy, name: str) -> str:
    """The series called so. Raises `UnknownName`."""
    found = _id_of(policy, Series, name)
    if found is None:
        known = dict.fromkeys(cited.row.id for cited in policy.rows(Series))
        raise UnknownName("series", name, tuple(known))
    return found


def event_id(kind: DossierType, name: str) -> str:
    """The event of such a dossier called so; any may be filed or closed. Raises `UnknownName`."""
    wanted = name.casefold()
    for event in kind.events:
        if wanted in (event.id, event.zh.casefold(), event.en.casefold()):
            return event.id
    if wanted in ("closed", "filed"):
        return wanted
    raise UnknownName("event", name, tuple(event.id for event in kind.events))


def _id_of(policy: Policy, kind: type[Role] | type[Series], name: str) -> str | None:
    wanted = policy.fold(name)
    for cited in policy.rows(kind):
        if wanted in map(policy.fold, (cited.row.id, cited.row.zh, cited.row.en)):
            return cited.row.id
    return None
