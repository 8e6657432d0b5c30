"""The life of a disposal (销毁): its states, the acts that lead from one to another, no other way.

Owns the one table, and what the opinions of an appraisal (鉴定) on one record come to. Who may do
an act, and on which papers, is asked elsewhere.

    (not yet) ──propose──▶ proposed ──appraise──▶ appraised ──approve──▶ approved
                              │  each opinion │       │  ▲ each step  │      │
                              │               ▼       │  └──appraise──┼──────┤ (approvals are void)
                           refuse            kept     │               │   execute
                           withdraw ◀─────────────────┴───────────────┘      ▼
                                                          destroyed ◀──finish── executing

Rules it keeps:
- An act that has more than one outcome names which; an illegal step raises `IllegalStep` with what
  is allowed, in both languages. It changes nothing: the table holds no state.
- An opinion given anew leads back to `appraised`, also from `approved`: what was approved is then
  another list. One leads back from `kept` too, for whoever kept something by mistake. Once
  execution began nobody refuses or withdraws any more: it is finished.
- One `keep` keeps a record, however many would destroy it; one `regrade` spares it too. It is
  destroyed when as many people as the regulation asks for say so, and nobody says otherwise.

    >>> step("approved", "execute")
    'executing'
    >>> fate(["destroy", "keep", "destroy"], 2), fate(["destroy"], 2), fate(["destroy"] * 2, 2)
    ('keep', 'open', 'destroy')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from policies.life import IllegalStep, Life

__all__ = [
    "ACTS", "ACT_WORDS", "BEFORE_EXECUTION", "ENDED", "FATE_WORDS", "OPEN", "OPINIONS", "START",
    "STATES", "STATE_WORDS", "Fate", "IllegalStep", "allowed", "fate", "step",
]  # fmt: skip

START = ""  # before the proposal

STATE_WORDS: Mapping[str, tuple[str, str]] = {
    "proposed": ("待鉴定", "proposed"),
    "appraised": ("已鉴定，待审批", "appraised"),
    "approved": ("已批准，待执行", "approved"),
    "executing": ("正在销毁", "being executed"),
    "destroyed": ("已销毁", "destroyed"),
    "kept": ("全部续存", "ended, everything kept"),
    "refused": ("未批准", "refused"),
    "withdrawn": ("已撤回", "withdrawn"),
}
STATES = tuple(STATE_WORDS)

ACT_WORDS: Mapping[str, tuple[str, str]] = {
    "propose": ("提出", "proposed"),
    "appraise": ("鉴定", "appraised"),
    "approve": ("批准", "approved"),
    "refuse": ("否决", "refused"),
    "withdraw": ("撤回", "withdrawn"),
    "execute": ("执行", "executed"),
    "finish": ("销毁完毕", "finished"),
    "shred": ("销毁纸质原件", "shredded on paper"),
}
ACTS = tuple(ACT_WORDS)

_TABLE: Mapping[tuple[str, str], tuple[str, ...]] = {
    (START, "propose"): ("proposed",),
    ("proposed", "appraise"): ("proposed", "appraised", "kept"),
    ("proposed", "refuse"): ("refused",),
    ("proposed", "withdraw"): ("withdrawn",),
    ("appraised", "appraise"): ("proposed", "appraised", "kept"),
    ("appraised", "approve"): ("appraised", "approved"),
    ("appraised", "refuse"): ("refused",),
    ("appraised", "withdraw"): ("withdrawn",),
    ("approved", "appraise"): ("proposed", "appraised", "kept"),
    ("approved", "refuse"): ("refused",),  # an approval is taken back before anything is gone
    ("approved", "withdraw"): ("withdrawn",),
    ("approved", "execute"): ("executing",),
    ("executing", "finish"): ("destroyed",),
    ("destroyed", "shred"): ("destroyed",),  # the paper originals, witnessed separately
    ("kept", "appraise"): ("proposed", "appraised", "kept"),  # who kept it thinks better of it
}

LIFE = Life(
    STATE_WORDS,
    ACT_WORDS,
    _TABLE,
    ("销毁", "a disposal"),
    ("尚未提出", "not yet proposed"),
    ("已经了结", "nothing more is possible"),
)
allowed, step = LIFE.allowed, LIFE.step

BEFORE_EXECUTION = frozenset({"proposed", "appraised", "approved"})
OPEN = BEFORE_EXECUTION | {"executing"}  # a record in one of these is not proposed a second time
ENDED = frozenset(STATES) - OPEN

# ── what opinions come to ─────────────────────────────────────────────────────

Fate = Literal["open", "destroy", "keep", "regrade"]
OPINIONS = ("destroy", "keep", "regrade")
FATE_WORDS: Mapping[str, tuple[str, str]] = {
    "destroy": ("销毁", "destroy"),
    "keep": ("续存", "keep"),
    "regrade": ("变更密级", "regrade"),
    "open": ("待鉴定", "not yet appraised"),
}


def fate(opinions: Sequence[str], asked: int) -> Fate:
    """What becomes of a record by the opinions on it, one of each person; `asked` are needed."""
    if "keep" in opinions:
        return "keep"
    if "regrade" in opinions:
        return "regrade"
    enough = len(opinions) >= max(asked, 1)  # no opinion is no consent, whatever is asked
    return "destroy" if enough else "open"
