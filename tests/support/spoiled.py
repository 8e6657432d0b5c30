"""Spoiled input: valid bytes and texts with a few things done to them, for Hypothesis.

A run of the whole suite tries each promise some dozens or hundreds of times; `ARCHIVIST_LONG=1`
(`scripts/test --long`) fifty times as often, `ARCHIVIST_FUZZ=N` N times as often (`scripts/fuzz`).

    @tries(200)
    @given(spoiled([raw]))
    def test_…(raw): ...
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_TIMES = int(os.environ.get("ARCHIVIST_FUZZ", "50" if "ARCHIVIST_LONG" in os.environ else "1"))
_HOLLOW = b"\0"


def tries(count: int) -> Callable[[Any], Any]:
    """How often a test runs with new input: `count` times in the short form."""
    return settings(
        max_examples=count * _TIMES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@st.composite
def spoiled(draw: st.DrawFn, seeds: Sequence[bytes], most: int = 4) -> bytes:
    """One of `seeds` after one to `most` changes; now and then a change undoes itself."""
    raw = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, most))):
        raw = draw(st.sampled_from(_CHANGES))(draw, raw or _HOLLOW, seeds)
    return raw


def spoiled_texts(seeds: Sequence[str], most: int = 4) -> st.SearchStrategy[str]:
    """As `spoiled`, for texts: what is no UTF-8 any more comes as replacement characters."""
    encoded = [seed.encode() for seed in seeds]
    return spoiled(encoded, most).map(lambda raw: raw.decode("utf-8", "replace"))


def _flip(draw: st.DrawFn, raw: bytes, _: Sequence[bytes]) -> bytes:
    at, bit = draw(_place(raw)), draw(st.integers(0, 7))
    return raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]


def _put(draw: st.DrawFn, raw: bytes, _: Sequence[bytes]) -> bytes:
    at, over = draw(_place(raw)), draw(st.integers(0, 4))
    return raw[:at] + draw(_PIECES) + raw[at + over :]


def _delete(draw: st.DrawFn, raw: bytes, _: Sequence[bytes]) -> bytes:
    at, length = draw(_place(raw)), draw(_LENGTHS)
    return raw[:at] + raw[at + length :]


def _truncate(draw: st.DrawFn, raw: bytes, _: Sequence[bytes]) -> bytes:
    return raw[: draw(_place(raw))]


def _extend(draw: st.DrawFn, raw: bytes, seeds: Sequence[bytes]) -> bytes:
    return raw + draw(st.one_of(_PIECES, st.sampled_from(seeds)))


def _double(draw: st.DrawFn, raw: bytes, _: Sequence[bytes]) -> bytes:
    at, length = draw(_place(raw)), draw(_LENGTHS)
    return raw[: at + length] + raw[at:]


def _splice(draw: st.DrawFn, raw: bytes, seeds: Sequence[bytes]) -> bytes:
    other = draw(st.sampled_from(seeds)) or _HOLLOW
    at = draw(_place(raw))
    # At the same place as often as at another: whole chunks change files that way.
    start = draw(st.one_of(st.just(min(at, len(other))), _place(other)))
    return raw[:at] + other[start:]


def _reorder(draw: st.DrawFn, raw: bytes, _: Sequence[bytes]) -> bytes:
    one, two, three = sorted(draw(_place(raw)) for _ in range(3))
    return raw[:one] + raw[two:three] + raw[one:two] + raw[three:]


def _line(draw: st.DrawFn, raw: bytes, _: Sequence[bytes]) -> bytes:
    """Drop a line, write it twice, or put it elsewhere."""
    lines = raw.split(b"\n")
    at, to = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    what = draw(st.sampled_from(("drop", "twice", "move")))
    line = lines[at] if what == "twice" else lines.pop(at)
    if what != "drop":
        lines.insert(to, line)
    return b"\n".join(lines)


def _place(raw: bytes) -> st.SearchStrategy[int]:
    """Anywhere, and as often near either end, where lengths and flags stand."""
    last = len(raw) - 1
    return st.one_of(
        st.integers(0, last), st.integers(0, min(200, last)), st.integers(max(0, last - 200), last)
    )


_LENGTHS = st.one_of(st.integers(1, 4), st.sampled_from((16, 32, 64, 65_536, 65_552)))
_ODD = (
    "\n", "\r\n", "\n\n", " ", "=", "\u2028", "\u0085", "\ufeff", "—", "İ", "𠮷", "\u212a", "0",
    "9" * 4_400,
)  # fmt: skip
_PIECES = st.one_of(
    st.binary(min_size=1, max_size=8),
    st.sampled_from(_ODD).map(str.encode),
    st.sampled_from((b"\0", b"\xff", b"\xed\xa0\x80", b"[" * 1_500)),
)
_CHANGES = (_flip, _put, _delete, _truncate, _extend, _double, _splice, _reorder, _line)
