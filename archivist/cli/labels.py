"""Codes in the person's language: for tables and lines, never for JSON."""

from archivist.cli.say import say
from policies.policy import Policy

_TRAYS = {
    "unsorted": "待分拣",
    "quarantine": "隔离",
    "duplicates": "重复",
    "rejected": "已退回",
}


def tray_label(tray: str | None) -> str:
    """The name of a tray."""
    return say(_TRAYS.get(tray or "", tray or ""), tray or "")


def detail_in_one_language(detail: str | None) -> str:
    """A refusal's explanation: verdicts carry Chinese and English, divided by a slash."""
    zh, slash, en = (detail or "").partition(" / ")
    return say(zh, en) if slash else zh


def type_label(policy: Policy, type_: str | None) -> str | None:
    """The name of a document type."""
    found = policy.find_type(type_) if type_ else None
    return say(found.zh, found.en) if found else type_


def dossier_type_label(policy: Policy, type_: str) -> str:
    """The name of a dossier type."""
    found = policy.find_dossier_type(type_)
    return say(found.zh, found.en) if found else type_


def grade_label(policy: Policy, code: str) -> str:
    """The name of a grade."""
    found = policy.grades.get(code)
    return say(found.zh, found.en) if found else code


def department_label(policy: Policy, department: str) -> str:
    """The name of a department."""
    found = policy.departments.get(department)
    return say(found.zh, found.en) if found else department


def named(policy: Policy, dossier_type: str, given: dict[str, str]) -> dict[str, str]:
    """Keys or events of a dossier under their names."""
    kind = policy.find_dossier_type(dossier_type)
    names = {key.id: say(key.zh, key.en) for key in kind.keys} if kind else {}
    names |= {event.id: say(event.zh, event.en) for event in kind.events} if kind else {}
    return {names.get(name, name): value for name, value in given.items()}
