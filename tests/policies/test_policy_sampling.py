"""Samples: exactly so many, the same again, and what they leave possible."""

from itertools import combinations

import pytest

from policies.sampling import Picker, bound, missed, size_of


@pytest.mark.parametrize(("total", "count"), [(0, 5), (1, 1), (10, 0), (10, 10), (1000, 37)])
def test_a_sample_has_exactly_its_size_and_is_drawn_again_from_its_seed(total, count):
    """One pass, no list: the same seed chooses the same ones."""
    drawn = []
    for _ in range(2):
        picker = Picker(7, total, count)
        drawn.append([n for n in range(total) if picker.takes()])
    assert drawn[0] == drawn[1] and len(drawn[0]) == min(total, count)


def test_each_is_chosen_as_often_as_the_others():
    """No place in the order is spared."""
    counts = [0] * 20
    for seed in range(2000):
        picker = Picker(seed, 20, 5)
        for n in range(20):
            counts[n] += picker.takes()
    assert min(counts) > 400 and max(counts) < 600


def test_the_probability_of_missing_is_that_of_counting_all_samples():
    """Held against every sample that there is."""
    total, sample = 8, 3
    for damaged in range(total + 1):
        every = list(combinations(range(total), sample))
        none = sum(all(n >= damaged for n in one) for one in every)
        assert missed(total, sample, damaged) == pytest.approx(none / len(every))


def test_what_a_clean_sample_leaves_possible_is_the_largest_such_number():
    """One more would have been found with 95 %."""
    for total, sample in ((1000, 50), (100, 99), (40, 10), (10, 10)):
        most = bound(total, sample)
        assert missed(total, sample, most + 1) <= 0.05
        assert most == 0 or missed(total, sample, most) > 0.05
    assert size_of(1000, 0.01) == 1 and size_of(0, 50) == 0 and size_of(10, 100) == 10
