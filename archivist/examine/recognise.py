"""From a page's pixels to its lines of text, upright and in reading order.

    upright, turn, lines, text = read_lines(pixels)      # lines: [text, [l, t, r, b], score]

Orientation costs an upright page nothing. Sideways shows in the boxes: they are tall. Upside down
shows in the confidence of the longest lines, which have to be recognised anyway; only when it is
low are they read the other way round as well, and the better reading wins.

Rules it keeps:
- A line is cut from the page, straightened and scaled to the recogniser's height in one step:
  every resampling costs sharpness.
- Lines that the recogniser does not believe in are left out: they are stamps, signatures, dirt.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import statistics
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from archivist.examine.engine import (
    DETECTOR_LONG,
    DETECTOR_SHORT,
    LINE_HEIGHT,
    Engine,
    load,
)
from archivist.examine.images import Pixels
from archivist.examine.layout import Box, rows

_TEXT_PROBABILITY = 0.3
_BOX_PROBABILITY = 0.5
_MAX_BOXES = 1000
_MIN_SIDE_PX = 3
# The detector marks the core of a line; a margin of this share of area to perimeter restores it.
_GROWTH = 1.6
_STRIP_ASPECT = 1.8
_TALL = 1.5
_STANDING = 2.5
_MIN_LINE_SCORE = 0.5
_PROBE_LINES = 3
_UPRIGHT_SCORE = 0.6
_SURE_SCORE = 0.9
# Every width is a shape the engine keeps buffers for (5 MB), and every padded pixel costs time.
_WIDTH_STEP, _WIDE_STEP, _WIDE = 160, 320, 1920
_MAX_STRIP_WIDTH = 2560
_STRIP_PADDING = 127
_LONG_LINE = 5.0


@dataclass(slots=True)
class _Line:
    """One detected line: its centre, its size along and across the print, and its angle."""

    centre: tuple[float, float]
    length: float
    height: float
    degrees: float
    reading: tuple[str, float] | None = field(default=None)

    @property
    def tall(self) -> bool:
        return abs(self.degrees) > 45

    def box(self, width: int, height: int) -> Box:
        points = cv2.boxPoints((self.centre, (self.length, self.height), self.degrees))
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return Box(max(0, left), max(0, top), min(width, right), min(height, bottom))


@functools.cache
def engine() -> Engine:
    """The engine of this process, loaded at the first use. Raises `EngineMissing`."""
    return load()


def read_lines(pixels: Pixels) -> tuple[Pixels, int, list[list[Any]], str]:
    """`(upright page, clockwise turn in degrees, lines in reading order, their text)`.

    A line is `[text, [left, top, right, bottom], score]` in pixels of the upright page; in the
    text, the lines of a row are parted by spaces and rows by line breaks.
    """
    page, turn, lines = _upright(pixels)
    for line in lines:
        if line.reading is None:
            line.reading = _read_either_way(page, line) if line.tall else _read(page, line)
    kept = [line for line in lines if line.reading and line.reading[1] >= _MIN_LINE_SCORE]
    height, width = page.shape
    boxes = [line.box(width, height) for line in kept]
    order = rows(boxes, _skew(kept))
    found = [_plain(kept[index], boxes[index]) for row in order for index in row]
    text = "\n".join(" ".join(_text(kept[index]) for index in row) for row in order)
    return page, turn, found, text


def _plain(line: _Line, box: Box) -> list[Any]:
    assert line.reading is not None
    return [_text(line), [int(side) for side in box], round(min(1.0, line.reading[1]), 3)]


def _text(line: _Line) -> str:
    assert line.reading is not None
    return line.reading[0]


def _upright(pixels: Pixels) -> tuple[Pixels, int, list[_Line]]:
    """The page turned upright, the turn, and its lines; some of them already read."""
    page, turn = pixels, 0
    lines = _detect(page)
    if sum(line.length if line.tall else -line.length for line in lines) > 0:
        page, turn = np.ascontiguousarray(np.rot90(page)), 270
        lines = _detect(page)
    if _upside_down(page, lines):
        page, turn = np.ascontiguousarray(np.rot90(page, 2)), (turn + 180) % 360
        lines = _detect(page)
    return page, turn, lines


def _upside_down(page: Pixels, lines: list[_Line]) -> bool:
    """Whether the longest lines read better the other way round.

    Their readings are kept: on an upright page nothing is read twice.
    """
    probes = sorted(lines, key=lambda line: -line.length / line.height)[:_PROBE_LINES]
    if not probes:
        return False
    readings = [_read(page, line) for line in probes]
    for line, reading in zip(probes, readings, strict=True):
        line.reading = reading
    here = _confidence(probes, readings)
    if here >= _UPRIGHT_SCORE:
        return False
    return _confidence(probes, [_read(page, line, flipped=True) for line in probes]) > here


def _confidence(lines: list[_Line], readings: list[tuple[str, float]]) -> float:
    """Mean score of the characters that so long a line should have, from 0 to 1.

    The score of the characters found is not enough: of a line that stands on its head the
    recogniser makes a few characters, and of those it may be sure.
    """
    due = [line.length / line.height for line in lines]
    found = sum(
        min(len(text), chars) * score for chars, (text, score) in zip(due, readings, strict=True)
    )
    return found / sum(due)


def _skew(lines: list[_Line]) -> float:
    angles = [
        line.degrees for line in lines if not line.tall and line.length > _LONG_LINE * line.height
    ]
    return statistics.median(angles) if angles else 0.0


def _detect(page: Pixels) -> list[_Line]:
    """The lines of text on the page, in no particular order.

    A long strip, such as a till roll, would shrink on the detector's page until nothing is
    legible; it is gone through in overlapping pieces. Each line counts in the piece in whose
    middle it lies, so none is cut at a seam and none counts twice. Only strips that hang down are
    cut: across, the seams would part every line.
    """
    height, width = page.shape
    if height <= _STRIP_ASPECT * width:
        return _detect_whole(page)
    piece = max(DETECTOR_LONG, round(width * DETECTOR_LONG / DETECTOR_SHORT))
    overlap = piece // 6
    found = []
    for top in range(0, max(1, height - overlap), piece - overlap):
        first, last = top == 0, top + piece >= height
        for line in _detect_whole(page[top : top + piece]):
            x, y = line.centre
            if (first or y >= overlap / 2) and (last or y < piece - overlap / 2):
                found.append(dataclasses.replace(line, centre=(x, y + top)))
    return found


def _detect_whole(page: Pixels) -> list[_Line]:
    height, width = page.shape
    canvas_height, canvas_width = (
        (DETECTOR_LONG, DETECTOR_SHORT) if height >= width else (DETECTOR_SHORT, DETECTOR_LONG)
    )
    # A small picture is not enlarged: that would only smear it.
    scale = min(canvas_height / height, canvas_width / width, 1.0)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = np.full((canvas_height, canvas_width), 255, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    return _lines_of(engine().text_map(canvas), scale)


def _lines_of(text_map: NDArray[np.float32], scale: float) -> list[_Line]:
    mask = (text_map > _TEXT_PROBABILITY).astype(np.uint8)
    mask = cv2.dilate(mask, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours[:_MAX_BOXES]:
        centre, (length, height), degrees = cv2.minAreaRect(contour)
        if min(length, height) < _MIN_SIDE_PX:
            continue
        if _mean_probability(text_map, contour) < _BOX_PROBABILITY:
            continue
        margin = length * height * _GROWTH / (length + height)
        found.append(_line(centre, length + margin, height + margin, degrees, scale))
    return found


def _line(
    centre: tuple[float, float], length: float, height: float, degrees: float, scale: float
) -> _Line:
    """OpenCV names either side of a rectangle first, at any angle; here the length lies level.

    Only a clearly tall box is taken as standing print; a nearly square one holds one or two
    characters of level print.
    """
    while degrees > 45:
        length, height, degrees = height, length, degrees - 90
    while degrees < -45:
        length, height, degrees = height, length, degrees + 90
    if height >= _TALL * length:
        length, height, degrees = height, length, degrees + 90
    x, y = centre
    return _Line((x / scale, y / scale), length / scale, height / scale, degrees)


def _mean_probability(text_map: NDArray[np.float32], contour: NDArray[np.int32]) -> float:
    left, top, width, height = cv2.boundingRect(contour)
    corners = cv2.boxPoints(cv2.minAreaRect(contour)) - (left, top)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    return float(cv2.mean(text_map[top : top + height, left : left + width], mask)[0])


def _read(page: Pixels, line: _Line, flipped: bool = False) -> tuple[str, float]:
    """The line's text and the mean probability of its characters."""
    best, probability = engine().classes(_strip(page, line, flipped))
    fresh = np.ones(len(best), dtype=bool)
    fresh[1:] = best[1:] != best[:-1]
    fresh &= best != 0
    alphabet = engine().alphabet
    text = "".join(alphabet[index] for index in best[fresh]).strip()
    return text, float(probability[fresh].mean()) if text else 0.0


def _read_either_way(page: Pixels, line: _Line) -> tuple[str, float]:
    """A tall box on an upright page: print that stands on its side, or a lone digit in a table.

    A digit turned on its side is read as another one with confidence, so only boxes long enough
    to hold several characters are read as standing print at all.
    """
    if line.length >= _STANDING * line.height:
        standing = _read(page, line)
        if standing[1] >= _SURE_SCORE:
            return standing
    level = _Line(line.centre, line.height, line.length, line.degrees - 90)
    return _read(page, level)


def _strip(page: Pixels, line: _Line, flipped: bool) -> Pixels:
    """The line, cut out, straightened and scaled to the recogniser's height, padded to a step."""
    width = min(_MAX_STRIP_WIDTH, max(1, math.ceil(LINE_HEIGHT * line.length / line.height)))
    angle = math.radians(line.degrees + (180 if flipped else 0))
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    corner = np.array(line.centre) - along * line.length / 2 - across * line.height / 2
    # The inverse map: where on the page each pixel of the strip comes from.
    across_step, along_step = across * line.height / LINE_HEIGHT, along * line.length / width
    source = np.column_stack([along_step, across_step, corner])
    cut = cv2.warpAffine(
        page,
        source,
        (width, LINE_HEIGHT),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    step = _WIDTH_STEP if width <= _WIDE else _WIDE_STEP
    padded = np.full((LINE_HEIGHT, math.ceil(width / step) * step), _STRIP_PADDING, np.uint8)
    padded[:, :width] = cut
    return padded
