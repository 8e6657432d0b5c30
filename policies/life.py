"""A life: the states of a thing, the acts that lead from one to another, and no other way.

Owns the reading of such a table. The tables themselves, and what they are about, stand with the
thing: `policies.loan_life`, `policies.incident_life`. Who may do an act is asked elsewhere.

Rules it keeps:
- An act that has more than one outcome names which; one that the table does not know for this act
  is as illegal as the act itself.
- An illegal step raises `IllegalStep` with what is allowed, in both languages. It changes nothing:
  a table holds no state.

    >>> lamp = Life({"on": ("亮", "on")}, {"light": ("点", "lit")}, {("", "light"): ("on",)},
    ...             ("灯", "a lamp"), ("未点", "not lit"), ("完了", "over"))
    >>> lamp.step("", "light"), lamp.ended
    ('on', frozenset({'on'}))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies.errors import PolicyError

Words = tuple[str, str]


class IllegalStep(PolicyError):
    """The act is not possible in this state; `allowed` are those that are."""

    def __init__(self, life: Life, state: str, act: str) -> None:
        self.state = state
        self.act = act
        self.allowed = life.allowed(state)
        zh, en = life.states.get(state, life.unborn)
        could_zh = "、".join(life.acts[one][0] for one in self.allowed)
        could_en = ", ".join(self.allowed)
        self.zh = f"{life.thing[0]}处于“{zh}”，不能{life.acts[act][0]}；" + (
            f"可以：{could_zh}" if could_zh else life.over[0]
        )
        self.en = f"{life.thing[1]} that is {en} cannot be {life.acts[act][1]}; " + (
            f"possible: {could_en}" if could_en else life.over[1]
        )
        super().__init__(self.en)


@dataclass(frozen=True, slots=True)
class Life:
    """One table. `states` and `acts` have their words (Chinese, English) in the order of a life;
    `table` says which states an act may lead to; `unborn` and `over` are what is said before the
    first act and when nothing more is possible."""

    states: Mapping[str, Words]
    acts: Mapping[str, Words]
    table: Mapping[tuple[str, str], tuple[str, ...]]
    thing: Words
    unborn: Words
    over: Words

    @property
    def ended(self) -> frozenset[str]:
        """The states from which no act leads anywhere."""
        return frozenset(s for s in self.states if not any(at == s for at, _ in self.table))

    def allowed(self, state: str) -> tuple[str, ...]:
        """The acts that are possible in a state, in the order of a life."""
        return tuple(act for act in self.acts if (state, act) in self.table)

    def step(self, state: str, act: str, to: str | None = None) -> str:
        """The state after an act; `to` says which where the act has several outcomes.

        Raises IllegalStep.
        """
        assert act in self.acts, act
        outcomes = self.table.get((state, act), ())
        after = to if to is not None else (outcomes[0] if len(outcomes) == 1 else None)
        if after is None and outcomes:
            raise AssertionError(f"{act} has several outcomes: say which")
        if after not in outcomes:
            raise IllegalStep(self, state, act)
        return str(after)
