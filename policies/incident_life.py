"""The life of an incident (泄密、遗失、损坏): its states, and which act leads where.

Owns the one table. Whom the regulations name is `policies.incidents`; here stands only what can
follow what.

    (not yet) ──report──▶ reported ──acknowledge──▶ acknowledged ──close──▶ closed
                            │  some role is left          │                   ▲
                            └──────────── close, with a reason ───────────────┘

Rules it keeps:
- `acknowledged` is reached when every role that the regulations name has confirmed it. Where they
  name nobody it is never reached, so that nothing passes for confirmed that nobody was told.
- Notes change no state. Closed is the end: what comes to light later is another report.
- An illegal step raises `IllegalStep` with what is allowed, in both languages.

    >>> step("reported", "acknowledge", "acknowledged")
    'acknowledged'
    >>> allowed("closed")
    ()
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.errors import PolicyError

__all__ = ["ACTS", "ACT_WORDS", "ENDED", "START", "STATES", "STATE_WORDS", "IllegalStep",
           "allowed", "step"]  # fmt: skip

START = ""  # before the report

STATE_WORDS: Mapping[str, tuple[str, str]] = {
    "reported": ("已报告", "reported"),
    "acknowledged": ("已知悉", "acknowledged"),
    "closed": ("已了结", "closed"),
}
STATES = tuple(STATE_WORDS)

ACT_WORDS: Mapping[str, tuple[str, str]] = {
    "report": ("报告", "reported"),
    "note": ("记录", "noted"),
    "acknowledge": ("确认知悉", "acknowledged"),
    "close": ("了结", "closed"),
}
ACTS = tuple(ACT_WORDS)

_TABLE: Mapping[tuple[str, str], tuple[str, ...]] = {
    (START, "report"): ("reported",),
    ("reported", "note"): ("reported",),
    ("reported", "acknowledge"): ("reported", "acknowledged"),  # a role is left, or none is
    ("reported", "close"): ("closed",),  # with a reason why not everybody confirmed
    ("acknowledged", "note"): ("acknowledged",),
    ("acknowledged", "acknowledge"): ("acknowledged",),  # another who holds one of the roles
    ("acknowledged", "close"): ("closed",),
}

ENDED = frozenset(state for state in STATES if not any(at == state for at, _ in _TABLE))


class IllegalStep(PolicyError):
    """The act is not possible in this state; `allowed` are those that are."""

    def __init__(self, state: str, act: str) -> None:
        self.state = state
        self.act = act
        self.allowed = allowed(state)
        zh, en = STATE_WORDS.get(state, ("尚未报告", "not yet reported"))
        could_zh = "、".join(ACT_WORDS[one][0] for one in self.allowed)
        could_en = ", ".join(self.allowed)
        self.zh = f"事件处于“{zh}”，不能{ACT_WORDS[act][0]}；" + (
            f"可以：{could_zh}" if could_zh else "新的情况请另行报告"
        )
        self.en = f"an incident that is {en} cannot be {ACT_WORDS[act][1]}; " + (
            f"possible: {could_en}" if could_en else "report what is new as another one"
        )
        super().__init__(self.en)


def allowed(state: str) -> tuple[str, ...]:
    """The acts that are possible in a state, in the order of a life."""
    return tuple(act for act in ACTS if (state, act) in _TABLE)


def step(state: str, act: str, to: str | None = None) -> str:
    """The state after an act; `to` says which where the act has several outcomes.

    Raises IllegalStep.
    """
    assert act in ACT_WORDS, act
    outcomes = _TABLE.get((state, act), ())
    after = to if to is not None else (outcomes[0] if len(outcomes) == 1 else None)
    if after is None and outcomes:
        raise AssertionError(f"{act} has several outcomes: say which")
    if after not in outcomes:
        raise IllegalStep(state, act)
    return str(after)
