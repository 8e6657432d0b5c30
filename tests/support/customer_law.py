"""What the tests of the customer-relations regulations ask of a policy, in the words of the text.

Everything comes back as Chinese labels, as a clerk reads it: a row that names something which no
row declares any more raises, or shows its bare id.

    >>> asked_for(Law.shipped().policy("customer-care"), "业务客户档案")[1]
    ('业务往来', ('业务往来记录',))
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from law import Law

from policies.policy import Policy
from policies.reach import role_words
from policies.routines import intervals, occurrences
from policies.rule_rows import Duty, Provision, Routine


@dataclass(frozen=True)
class Regular:
    """Regular work whose interval the company sets: what, with which papers, by whom, when next."""

    of: str
    papers: tuple[str, ...]
    by: tuple[str, ...]
    due: date


def asked_for(policy: Policy, dossier_type: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each item of a checklist in order, with the papers that satisfy it."""
    return [
        (item.zh, tuple(policy.document_type(name).zh for name in item.types))
        for item in policy.dossier_type(dossier_type).items
    ]


def regular(law: Law, pack: str, setting: str, months: int, last: date) -> Regular:
    """The routine that waits for `setting`, last done on `last`, once it is `months` months.

    The pack must ask for the setting, and have nothing fall due as long as nobody answered.
    """
    silent = law.policy(pack)
    assert setting in {question.setting for question in silent.questions}
    policy = law.policy(pack, **{setting: str(months)})
    (row,) = (c.row for c in policy.rows(Routine) if c.row.every_from == setting)
    until = date(last.year + 2, last.month, 1)
    assert not occurrences(row, last, until, law.calendar, intervals(silent), last)
    due = occurrences(row, last, until, law.calendar, intervals(policy), last)[0].due
    papers = tuple(policy.document_type(name).zh for name in row.types)
    return Regular(row.of, papers, names(policy, row), due)


def names(policy: Policy, row: Routine | Duty) -> tuple[str, ...]:
    """Who does it: departments, then roles."""
    departments = (policy.departments[name].zh for name in row.departments)
    return (*departments, *(role_words(policy, name)[0] for name in row.roles))


def in_charge(
    policy: Policy,
    act: str,
    doc_type: str | None = None,
    dossier_type: str | None = None,
    series: str | None = None,
) -> set[str]:
    """Whose office it is to do `act`; types and dossier types by what a clerk calls them."""
    return {
        name
        for cited in policy.duties(
            act,
            policy.document_type(doc_type).id if doc_type else None,
            policy.dossier_type(dossier_type).id if dossier_type else None,
            series,
        )
        for name in names(policy, cited.row)
    }


def provisions(policy: Policy, about: str) -> list[str]:
    """What the regulation says of itself."""
    return [cited.row.zh for cited in policy.rows(Provision) if cited.row.about == about]
