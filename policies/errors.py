"""What can go wrong inside the policies room.

A refused document is not an error: it is a `Refused` value. Errors are left for material that
cannot be judged with at all:

    PolicyError              the root; catch this at the border
    ├── FactsUnreadable      a value from the examiner or from a sealed card has the wrong shape
    ├── PackInvalid          a pack cannot be adopted; carries the list of problems
    ├── PolicyIncomplete     a setting the regulations leave open was not made; carries its names
    └── UnknownName          a type, grade or dossier type that no adopted pack declares

Messages name fields, ids and clauses. They never hold a document's text, a title or a person's
name, because messages end in logs.

    >>> try:
    ...     raise UnknownName("grade", "TOPP")
    ... except PolicyError as error:
    ...     print(error)
    no adopted pack declares the grade 'TOPP'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.pack_text import Problem


class PolicyError(Exception):
    """Root of everything this room raises."""


class FactsUnreadable(PolicyError):
    """Plain data does not have the shape of the value it should become."""


class PackInvalid(PolicyError):
    """A pack has problems; `problems` lists them (each with file, line and field)."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class PolicyIncomplete(PolicyError):
    """Settings are missing or contradictions unsettled; `missing` names each in plain words."""

    def __init__(self, missing: Sequence[object]) -> None:
        self.missing = tuple(missing)
        super().__init__("; ".join(str(name) for name in self.missing))


class UnknownName(PolicyError):
    """`name` is neither id, label nor alias of any declared `kind` ("grade", ...).

    `known` lists the ids that are declared and `known_zh` what they are called in Chinese, for
    whoever mistyped one.
    """

    def __init__(
        self, kind: str, name: str, known: Sequence[str] = (), known_zh: Sequence[str] = ()
    ) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(known)
        self.known_zh = tuple(known_zh) or self.known
        super().__init__(f"no adopted pack declares the {kind} {name!r}")
