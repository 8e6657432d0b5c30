"""The shipped packs as rule tests see them: whole, or with a row taken out by a mutation.

A rule test asks the law a question and compares the answer with the regulation's own words. It
takes the one argument `law`, so that the same function can be called on a mutated law.

    >>> Law.shipped().policy("auto-dealer", "secrecy").dossier_type("new_car").kind
    'vehicle'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import policies
from index.analysis import fold
from policies.calendar import Calendar
from policies.packs import Pack, parse_pack
from policies.policy import Policy

PACKS = Path(policies.__file__).parent / "packs"


@dataclass(frozen=True, eq=False)
class Law:
    """All packs by id."""

    packs: Mapping[str, Pack]
    _policies: dict[object, Policy] = field(default_factory=dict)

    @classmethod
    def shipped(cls) -> Law:
        """The packs as they come with the program."""
        return _shipped()

    def without(self, pack: Pack) -> Law:
        """This law with `pack` (mutated) in the place of the one with its id."""
        return Law({**self.packs, pack.id: pack})

    def pack(self, name: str) -> Pack:
        """One pack."""
        return self.packs[name]

    def policy(self, *names: str, **settings: str) -> Policy:
        """The policy of these packs; `__` in a setting's name stands for a dot."""
        key = (names, tuple(sorted(settings.items())))
        if key not in self._policies:
            said = {name.replace("__", "."): value for name, value in settings.items()}
            packs = [self.packs[name] for name in names]
            self._policies[key] = Policy.adopt(packs, {"ungraded": "SECRET", **said}, fold)
        return self._policies[key]

    @property
    def calendar(self) -> Calendar:
        """China's working days, without closures of a company's own."""
        return _calendar()


@cache
def _calendar() -> Calendar:
    return Calendar()


@cache
def _shipped() -> Law:
    packs = (parse_pack(path.read_text("utf-8"), path.name) for path in PACKS.glob("*.toml"))
    return Law({pack.id: pack for pack in packs})
