"""The order in which people read: lines into rows, rows from top to bottom. Pure arithmetic.

A form is read row by row, not box by box in the order in which the detector met them. On a skewed
page the right end of a row lies lower than the left end of the next one, so rows are compared
along the direction of the print, not along the edge of the paper.

    >>> rows([Box(200, 10, 300, 30), Box(0, 52, 90, 70), Box(0, 12, 90, 32)])
    [[2, 0], [1]]
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """Left, top, right, bottom in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def rows(boxes: Sequence[Box], skew_degrees: float = 0.0) -> list[list[int]]:
    """Indices of `boxes`, grouped into rows from the top, each row from the left.

    `skew_degrees` is how far the print falls to the right (clockwise positive).
    """
    slope = math.tan(math.radians(skew_degrees))
    middles = [(b.top + b.bottom) / 2 - slope * (b.left + b.right) / 2 for b in boxes]
    # A skewed line's upright box is higher than its print by what the line falls over its width.
    heights = [max(1.0, b.bottom - b.top - abs(slope) * (b.right - b.left)) for b in boxes]
    found: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=middles.__getitem__):
        if found and _same_row(index, found[-1], middles, heights):
            found[-1].append(index)
        else:
            found.append([index])
    return [sorted(row, key=lambda index: boxes[index].left) for row in found]


def _same_row(
    index: int, row: Sequence[int], middles: Sequence[float], heights: Sequence[float]
) -> bool:
    """Whether a line's middle lies within the row's.

    Measured against the row's average and the smaller height: a stamp's tall box must not pull
    two rows of print together.
    """
    middle = statistics.fmean(middles[member] for member in row)
    height = min(heights[index], min(heights[member] for member in row))
    return abs(middles[index] - middle) < 0.5 * height
