"""The life of an incident: every act in every state, and what an illegal one says."""

import itertools

import pytest

from policies.errors import PolicyError
from policies.incident_life import (
    ACT_WORDS,
    ACTS,
    ENDED,
    START,
    STATE_WORDS,
    STATES,
    IllegalStep,
    allowed,
    step,
)

# Written down a second time, by hand: state → act → where it may lead.
LIFE = {
    "": {"report": {"reported"}},
    "reported": {"note": {"reported"}, "acknowledge": {"reported", "acknowledged"},
                 "close": {"closed"}},
    "acknowledged": {"note": {"acknowledged"}, "acknowledge": {"acknowledged"},
                     "close": {"closed"}},
    "closed": {},
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
    if len(outcomes) == 1:
        assert {step(state, act)} == outcomes
    else:
        with pytest.raises(AssertionError if outcomes else IllegalStep):
            step(state, act)


def test_closed_is_the_only_end():
    """Nothing follows it, and the error says what to do instead in both languages."""
    assert {"closed"} == ENDED
    assert allowed("closed") == ()
    with pytest.raises(PolicyError) as raised:
        step("closed", "note")
    assert "另行报告" in raised.value.zh
    assert "report what is new" in raised.value.en


def test_an_illegal_step_says_what_is_possible():
    """In the order of a life."""
    assert allowed("reported") == ("note", "acknowledge", "close")
    with pytest.raises(IllegalStep, match="possible: note, acknowledge, close"):
        step("reported", "report")
