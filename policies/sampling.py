"""Samples: which of many are looked at, and what may be said of the others.

Owns two sums. Which: exactly so many of so many, in one pass, the same for the same seed. What
follows: with what probability a sample without damage missed damage that is there.

Rules it keeps:
- A sample says nothing of one record that is not in it. It bounds how many can be damaged, and
  the bound is told with its probability.
- Everything follows from the seed: whoever has it draws the same sample again.

    >>> pick = Picker(seed=7, total=1000, count=50)
    >>> sum(pick.takes() for _ in range(1000))
    50
    >>> round(missed(total=1000, sample=50, damaged=10), 3)
    0.597
    >>> bound(total=1000, sample=50)
    56
"""

from __future__ import annotations

import math
import random

CONFIDENCE = 0.95


class Picker:
    """Chooses `count` of `total` one after the other: each has the same chance (Knuth's S)."""

    def __init__(self, seed: int, total: int, count: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (a seed that is told, no secret)
        self._left = total
        self._wanted = min(count, total)

    def takes(self) -> bool:
        """Whether the next one is chosen."""
        taken = self._random.random() * self._left < self._wanted
        self._left -= 1
        self._wanted -= taken
        return taken


def size_of(total: int, percent: float) -> int:
    """How many are looked at: at least one while there is one."""
    return min(total, max(1, math.ceil(total * percent / 100)))


def missed(total: int, sample: int, damaged: int) -> float:
    """The probability that none of `damaged` among `total` is in a sample of this size."""
    if damaged > total - sample:
        return 0.0
    return math.prod((total - sample - i) / (total - i) for i in range(damaged))


def bound(total: int, sample: int, confidence: float = CONFIDENCE) -> int:
    """How many damaged ones a sample without any leaves possible: one more would have been found
    with at least this probability."""
    low, high = 0, total - sample
    while low < high:
        middle = (low + high) // 2
        if missed(total, sample, middle + 1) <= 1 - confidence:
            high = middle
        else:
            low = middle + 1
    return low
