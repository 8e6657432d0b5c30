"""No row of a pack can vanish unnoticed."""

import pytest
from mutations import mutants, rule_tests, survivors


@pytest.fixture(scope="module")
def tests():
    """Rule → its test functions."""
    return rule_tests()


def test_every_rule_test_holds_for_the_packs_as_shipped(law, tests):
    """The functions that the mutation run calls pass where nothing is taken out."""
    for functions in tests.values():
        for function in functions:
            function(law)


def test_a_row_taken_out_is_missed(law, tests):
    """For each row of each pack, a test of its rule fails when the row is gone."""
    lost = [line for pack in law.packs.values() for line in survivors(law, pack, tests)]
    assert not lost, "\n".join(lost)


def test_the_run_itself_notices_a_missing_test(law):
    """Without tests every row survives: the run can fail."""
    pack = law.pack("secrecy")
    assert len(set(survivors(law, pack, {}))) > 0
    assert sum(1 for _ in mutants(pack)) >= 10
