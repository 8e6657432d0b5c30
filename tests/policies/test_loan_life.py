"""The life of a loan: every act in every state, and what an illegal one says."""

import itertools

import pytest

from policies.errors import PolicyError
from policies.loan_life import (
    ACT_WORDS,
    ACTS,
    ENDED,
    OUT,
    START,
    STATE_WORDS,
    STATES,
    IllegalStep,
    allowed,
    step,
)

# Written down a second time, by hand: state → act → where it may lead.
LIFE = {
    "": {"request": {"requested", "approved"}},
    "requested": {"approve": {"requested", "approved"}, "refuse": {"refused"},
                  "cancel": {"cancelled"}},
    "approved": {"refuse": {"refused"}, "cancel": {"cancelled"}, "issue": {"issued"}},
    "refused": {},
    "cancelled": {},
    "issued": {"renew": {"renewing", "issued"}, "excuse": {"issued"}, "recall": {"recalled"},
               "return": {"returned", "lost"}},
    "renewing": {"approve": {"renewing", "issued"}, "refuse": {"issued"}, "cancel": {"issued"},
                 "excuse": {"renewing"}, "recall": {"recalled"}, "return": {"returned", "lost"}},
    "recalled": {"excuse": {"recalled"}, "return": {"returned", "lost"}},
    "returned": {},
    "lost": {"return": {"returned"}},
}  # fmt: skip


def test_every_state_is_known():
    """The table below speaks of the states there are, each with a word in both languages."""
    assert set(LIFE) == {START, *STATES}
    assert set(STATE_WORDS) == set(STATES)
    assert set(ACT_WORDS) == set(ACTS)


@pytest.mark.parametrize(
    ("state", "act", "to"), list(itertools.product(LIFE, ACTS, (*STATES, START)))
)
def test_every_state_times_every_act_times_every_outcome(state, act, to):
    """What the life knows leads where it says; anything else raises."""
    if to in LIFE[state].get(act, set()):
        assert step(state, act, to) == to
    else:
        with pytest.raises(IllegalStep):
            step(state, act, to)


@pytest.mark.parametrize(("state", "act"), list(itertools.product(LIFE, ACTS)))
def test_an_act_with_one_outcome_needs_no_name_for_it(state, act):
    """Without an outcome said there is the only one, an illegal step, or a programmer's slip."""
    outcomes = LIFE[state].get(act, set())
    if not outcomes:
        with pytest.raises(IllegalStep):
            step(state, act)
    elif len(outcomes) == 1:
        assert {step(state, act)} == outcomes
    else:
        with pytest.raises(AssertionError):
            step(state, act)


@pytest.mark.parametrize("state", LIFE)
def test_an_illegal_step_says_what_is_allowed_in_both_languages(state):
    """The state, the act and every act that is possible are named in Chinese and English."""
    assert set(allowed(state)) == set(LIFE[state])
    for act in set(ACTS) - set(LIFE[state]):
        with pytest.raises(PolicyError) as caught:
            step(state, act)
        told = caught.value
        assert isinstance(told, IllegalStep)
        assert told.allowed == allowed(state)
        assert ACT_WORDS[act][0] in told.zh
        assert ACT_WORDS[act][1] in told.en
        for name in LIFE[state]:
            assert ACT_WORDS[name][0] in told.zh
            assert name in told.en


def test_what_is_out_can_come_back_and_what_is_ended_is_ended():
    """Whatever the borrower has can come back or be lost; from an end nothing follows."""
    assert set(OUT) == {s for s in STATES if "lost" in LIFE[s].get("return", set())}
    assert set(ENDED) == {"refused", "cancelled", "returned"}
