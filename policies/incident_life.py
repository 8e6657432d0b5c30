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

from policies.life import IllegalStep, Life

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

LIFE = Life(
    STATE_WORDS,
    ACT_WORDS,
    _TABLE,
    ("事件", "an incident"),
    ("尚未报告", "not yet reported"),
    ("新的情况请另行报告", "report what is new as another one"),
)
ENDED = LIFE.ended
allowed, step = LIFE.allowed, LIFE.step
