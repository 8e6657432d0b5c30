"""The life of a disposal: what can follow what, and what opinions come to."""

import pytest

from policies.disposal_life import (
    BEFORE_EXECUTION,
    ENDED,
    OPEN,
    START,
    STATES,
    IllegalStep,
    allowed,
    fate,
    step,
)


def test_a_disposal_goes_from_the_proposal_to_the_destruction():
    """Each act leads to the next state, and an approval needs the appraisal first."""
    assert step(START, "propose") == "proposed"
    assert step("proposed", "appraise", "appraised") == "appraised"
    assert step("appraised", "approve", "approved") == "approved"
    assert step("approved", "execute") == "executing"
    assert step("executing", "finish") == "destroyed"
    with pytest.raises(IllegalStep):
        step("proposed", "approve", "approved")


def test_an_opinion_takes_back_what_was_approved():
    """From `approved` an opinion leads to `appraised`: the list is another one."""
    assert step("approved", "appraise", "appraised") == "appraised"


@pytest.mark.parametrize("act", ["refuse", "withdraw", "appraise", "approve"])
@pytest.mark.parametrize("state", ["executing", "destroyed", "refused", "withdrawn"])
def test_nothing_stops_or_changes_what_is_begun_or_over(state, act):
    """What is being destroyed is finished; what is over stays so."""
    with pytest.raises(IllegalStep):
        step(state, act, "appraised" if act in ("appraise", "approve") else None)


def test_only_what_is_approved_is_executed():
    """No other state leads to execution."""
    assert [state for state in STATES if "execute" in allowed(state)] == ["approved"]


def test_every_state_is_open_or_ended():
    """A record is in an open disposal, or free."""
    assert set(STATES) == OPEN | ENDED
    assert not OPEN & ENDED
    assert BEFORE_EXECUTION < OPEN


@pytest.mark.parametrize(
    ("opinions", "asked", "expected"),
    [
        ([], 0, "open"),
        (["destroy"], 0, "destroy"),
        (["destroy"], 2, "open"),
        (["destroy", "destroy"], 2, "destroy"),
        (["destroy", "destroy", "keep"], 2, "keep"),
        (["regrade", "destroy"], 1, "regrade"),
        (["regrade", "keep"], 1, "keep"),
    ],
)
def test_one_opinion_that_keeps_outweighs_all_that_destroy(opinions, asked, expected):
    """Nobody's silence destroys, and nobody is outvoted who keeps."""
    assert fate(opinions, asked) == expected
