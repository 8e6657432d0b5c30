"""Naming: grades, roles, series, events, fields, keys and their words by any name people use.

Owns the looking up that `Policy` itself does not need: its own `document_type`, `dossier_type`
and `grade` are enough to judge a scan. Names compare as text does everywhere: width, case, white
space and, in an archive, script do not matter.

    >>> from policies.policy import Policy
    >>> grade_code(Policy.adopt([], {}), "秘密")
    'SECRET'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from policies import conduct_rows, customer_rows, rule_rows
from policies.errors import UnknownName
from policies.fields import SLUG
from policies.pack_rows import GRADE_CODES, DossierType, Key, Role, Series

if TYPE_CHECKING:
    from policies.policy import Policy

__all__ = [
    "event_id", "field_id", "grade_code", "key_called", "key_value", "role_id", "series_id",
    "value_words", "violation_code",
]  # fmt: skip

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
        known = {cited.row.id: cited.row.zh for cited in policy.rows(Series)}
        raise UnknownName("series", name, tuple(known), tuple(known.values()))
    return found


def event_id(kind: DossierType, name: str) -> str:
    """The event of such a dossier called so; any may be filed or closed. Raises `UnknownName`."""
    wanted = name.casefold()
    for event in kind.events:
        if wanted in (event.id, event.zh.casefold(), event.en.casefold()):
            return event.id
    if wanted in ("closed", "filed"):
        return wanted
    known = {event.id: event.zh for event in kind.events}
    raise UnknownName("event", name, tuple(known), tuple(known.values()))


def key_called(policy: Policy, kind: DossierType, name: str) -> Key:
    """The key of such a dossier called so. Raises `UnknownName`: a wrong name is no answer."""
    wanted = policy.fold(name)
    for key in kind.keys:
        if wanted in map(policy.fold, (key.id, key.zh, key.en)):
            return key
    raise UnknownName("key", name, tuple(key.id for key in kind.keys))


def field_id(policy: Policy, name: str) -> str:
    """What is registered of a customer under this name: 来源 is `source`.

    A Chinese name may leave out what the pack explains in brackets. Other fields are the
    company's own and have plain ids; any other name raises `UnknownName`.
    """
    wanted = policy.fold(name)
    known: dict[str, None] = {}
    for cited in policy.rows(customer_rows.Profile):
        for field in cited.row.fields:
            names = (field.id, field.zh, field.zh.partition("（")[0], field.en)
            if wanted in map(policy.fold, names):
                return field.id
            known[field.id] = None
    if re.fullmatch(SLUG, name):
        return name
    raise UnknownName("field", name, tuple(known))


def key_value(policy: Policy, key: Key, said: str) -> str | None:
    """One of the few words that `key` takes, as cards hold it; None for any other word.

    A scheme of cases with the same values lends them its names: what the regulation calls
    消费中投诉 is kept as `during`, and so is 消费中, which is part of that name only. A key that
    takes any word takes this one.
    """
    wanted = policy.fold(said)
    if not key.values or not wanted:
        return said
    names = value_words(key, (cited.row for cited in policy.rows(customer_rows.Scheme)))
    for value, zh, en in names:
        if wanted in map(policy.fold, (value, zh, en)):
            return value
    parts = {value for value, zh, _ in names if wanted in policy.fold(zh)}
    return parts.pop() if len(parts) == 1 else None


def value_words(
    key: Key, schemes: Iterable[customer_rows.Scheme]
) -> tuple[tuple[str, str, str], ...]:
    """The few words that `key` takes, each with what it is called in Chinese and English."""
    for scheme in schemes:
        if scheme.of == "case" and {value.id for value in scheme.values} == set(key.values):
            return tuple((value.id, value.zh, value.en) for value in scheme.values)
    return tuple((value, value, value) for value in key.values)


def violation_code(policy: Policy, name: str) -> str:
    """The violation of this code, or of the words that a penalty has for it.

    Whoever records one and whoever asks what it costs may use the same words. Codes are those of
    penalties, of loans not returned and of work not done in time. Raises `UnknownName`.
    """
    penalties = [cited.row for cited in policy.rows(conduct_rows.Penalty)]
    words = {row.on: row.zh for row in reversed(penalties)}
    known = dict.fromkeys(row.on for row in penalties)
    known |= dict.fromkeys(c.row.overdue for c in policy.rows(rule_rows.LoanRule) if c.row.overdue)
    known |= dict.fromkeys(c.row.late for c in policy.rows(rule_rows.Routine) if c.row.late)
    wanted = policy.fold(name)
    for code in known:
        if policy.fold(code) == wanted:
            return code
    for row in penalties:
        if wanted in map(policy.fold, (row.zh, row.en)):
            return row.on
    told = (f"{words[code]}（{code}）" if code in words else code for code in known)
    raise UnknownName("violation", name, tuple(known), tuple(told))


def _id_of(policy: Policy, kind: type[Role] | type[Series], name: str) -> str | None:
    wanted = policy.fold(name)
    for cited in policy.rows(kind):
        if wanted in map(policy.fold, (cited.row.id, cited.row.zh, cited.row.en)):
            return cited.row.id
    return None
