"""Deadlines a regulation leaves open (及时), once the company has said how many days it means.

Owns one step of adoption: a deadline with `days_from` becomes one with a number. What reckons
due dates then never meets an open one.

Rules it keeps: the kind of the `[[need]]` says the unit (`days`, `working_days`); a setting that
is missing or no number gives no due date, and nothing is overdue by a number nobody chose.

    >>> from policies.pack_rows import Deadline
    >>> open_one = Deadline("received", "S000-R09", days_from="prompt", roll="none")
    >>> [d.working_days for d in with_numbers((open_one,), {"prompt": "2"}, {"prompt"})]
    [2]
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.pack_rows import Deadline

__all__ = ["is_number", "with_numbers"]


def with_numbers(
    deadlines: tuple[Deadline, ...], settings: Mapping[str, str], in_working_days: Collection[str]
) -> tuple[Deadline, ...]:
    """`deadlines` with the company's numbers; those it gave no number are left out.

    `in_working_days` are the settings that count working days; the others count calendar days.
    """
    return tuple(_numbered(deadlines, settings, in_working_days))


def _numbered(
    deadlines: tuple[Deadline, ...], settings: Mapping[str, str], in_working_days: Collection[str]
) -> Iterator[Deadline]:
    for deadline in deadlines:
        name = deadline.days_from
        said = settings.get(name, "").strip()
        if not name:
            yield deadline
        elif is_number(said):
            settled = replace(deadline, days_from="")
            if name in in_working_days:
                yield replace(settled, working_days=int(said))
            else:
                yield replace(settled, days=int(said))


def is_number(said: str) -> bool:
    """Whether a setting is a whole number from 1 to 9999: days, years, people, nothing larger."""
    return said.isascii() and said.isdecimal() and len(said) <= 4 and int(said) > 0
