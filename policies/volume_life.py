"""The life of a volume (案卷): its states, and which act leads where.

Owns the one table. What a volume must keep to is `policies.arrangement`; who may do an act is asked
elsewhere.

    (not yet) ──compose──▶ composed ──check──▶ checked ──reopen──▶ reopened
                            │   ▲ ──return──▶ returned               │ │
                            │   └──correct───────┴───────────────────┘ │
                            └──dissolve──▶ dissolved ◀─────────────────┘

Rules it keeps:
- Checked is closed: nothing is added or taken away until it is reopened, with a reason.
- A volume that was corrected is checked anew.
- A dissolved volume is the end of its number, never of its papers: they are arranged again.
- Remarks change no state: what comes to light later is written down (S001-1-R52).

    >>> step("composed", "check")
    'checked'
    >>> allowed("dissolved")
    ()
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.life import IllegalStep, Life

__all__ = ["ACTS", "ACT_WORDS", "ENDED", "OPEN", "START", "STATES", "STATE_WORDS", "IllegalStep",
           "allowed", "step"]  # fmt: skip

START = ""  # before it is composed

STATE_WORDS: Mapping[str, tuple[str, str]] = {
    "composed": ("已组卷，待检查", "composed"),
    "returned": ("已退回，待改正", "returned"),
    "checked": ("已检查，已封卷", "checked"),
    "reopened": ("已拆封", "reopened"),
    "dissolved": ("已撤卷", "dissolved"),
}
STATES = tuple(STATE_WORDS)
OPEN = ("composed", "returned", "reopened")
"""States in which papers may be added and taken out."""

ACT_WORDS: Mapping[str, tuple[str, str]] = {
    "compose": ("组卷", "composed"),
    "correct": ("改正", "corrected"),
    "return": ("退回", "returned"),
    "check": ("检查封卷", "checked"),
    "reopen": ("拆封", "reopened"),
    "dissolve": ("撤卷", "dissolved"),
    "remark": ("记入备考表", "remarked on"),
}
ACTS = tuple(ACT_WORDS)

_TABLE: Mapping[tuple[str, str], tuple[str, ...]] = {
    (START, "compose"): ("composed",),
    **{(state, "correct"): ("composed",) for state in OPEN},
    ("composed", "return"): ("returned",),
    ("reopened", "return"): ("returned",),
    # What was wrong may have been mended outside: a date written down, a list printed.
    **{(state, "check"): ("checked",) for state in OPEN},
    ("checked", "reopen"): ("reopened",),
    **{(state, "dissolve"): ("dissolved",) for state in OPEN},
    **{(state, "remark"): (state,) for state in (*OPEN, "checked")},
}

LIFE = Life(
    STATE_WORDS,
    ACT_WORDS,
    _TABLE,
    ("案卷", "a volume"),
    ("尚未组卷", "not yet composed"),
    ("卷内文件可重新组卷", "its papers can be composed anew"),
)
ENDED = LIFE.ended
allowed, step = LIFE.allowed, LIFE.step
