"""The life of a loan (借阅): its states, the acts that lead from one to another, and no other way.

Owns the one table. Who may do an act, and on which papers, is asked elsewhere; here stands only
what can follow what.

    (not yet) ──request──▶ requested ──approve──▶ approved ──issue──▶ issued ──return──▶ returned
                               │  each step │          │              │  ▲ │                 ▲
                            refuse ◀────────┴──────────┘         renew│  │ recall        found again
                            cancel                                    ▼  │ ▼                 │
                                                               renewing  recalled ──return──▶ lost

Rules it keeps:
- An act that has more than one outcome (`approve`: a step is left, or none is) names which; one
  that the table does not know for this act is as illegal as the act itself.
- An illegal step raises `IllegalStep` with what is allowed, in both languages. It changes nothing:
  the table holds no state.
- Refused, cancelled and returned are ends. What is lost may still be found: its return is told.

    >>> step("approved", "issue")
    'issued'
    >>> step("requested", "approve", "approved")
    'approved'
    >>> allowed("recalled")
    ('excuse', 'return')
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.life import IllegalStep, Life

__all__ = ["ACTS", "ACT_WORDS", "ENDED", "OUT", "START", "STATES", "STATE_WORDS", "IllegalStep",
           "allowed", "step"]  # fmt: skip

START = ""  # before the request

STATE_WORDS: Mapping[str, tuple[str, str]] = {
    "requested": ("待审批", "requested"),
    "approved": ("已批准", "approved"),
    "refused": ("未批准", "refused"),
    "cancelled": ("已撤回", "cancelled"),
    "issued": ("借出", "issued"),
    "renewing": ("续借待审批", "issued, a renewal asked for"),
    "recalled": ("已催还", "recalled"),
    "returned": ("已归还", "returned"),
    "lost": ("遗失", "lost"),
}
STATES = tuple(STATE_WORDS)

ACT_WORDS: Mapping[str, tuple[str, str]] = {
    "request": ("申请", "requested"),
    "approve": ("批准", "approved"),
    "refuse": ("拒绝", "refused"),
    "cancel": ("撤回", "cancelled"),
    "issue": ("借出", "issued"),
    "renew": ("续借", "renewed"),
    "excuse": ("准予暂不归还", "excused"),
    "recall": ("催还", "recalled"),
    "return": ("归还", "returned"),
}
ACTS = tuple(ACT_WORDS)

_TABLE: Mapping[tuple[str, str], tuple[str, ...]] = {
    (START, "request"): ("requested", "approved"),  # at once where nobody need be asked
    ("requested", "approve"): ("requested", "approved"),
    ("requested", "refuse"): ("refused",),
    ("requested", "cancel"): ("cancelled",),
    ("approved", "refuse"): ("refused",),  # an approval is taken back before the paper is given
    ("approved", "cancel"): ("cancelled",),
    ("approved", "issue"): ("issued",),
    ("issued", "renew"): ("renewing", "issued"),
    ("issued", "excuse"): ("issued",),
    ("issued", "recall"): ("recalled",),
    ("issued", "return"): ("returned", "lost"),
    ("renewing", "approve"): ("renewing", "issued"),
    ("renewing", "refuse"): ("issued",),
    ("renewing", "cancel"): ("issued",),
    ("renewing", "excuse"): ("renewing",),
    ("renewing", "recall"): ("recalled",),
    ("renewing", "return"): ("returned", "lost"),
    ("recalled", "excuse"): ("recalled",),
    ("recalled", "return"): ("returned", "lost"),
    ("lost", "return"): ("returned",),
}

OUT = frozenset({"issued", "renewing", "recalled"})  # the borrower has it

LIFE = Life(
    STATE_WORDS,
    ACT_WORDS,
    _TABLE,
    ("借阅", "a loan"),
    ("尚未申请", "not yet requested"),
    ("已经了结", "nothing more is possible"),
)
ENDED = LIFE.ended
allowed, step = LIFE.allowed, LIFE.step
