"""How a child and whoever started it talk: one thing behind its length, in `marshal`.

Owns the frame, and what a child does between its first one and its last. Both ends are the same
interpreter, started by the same program, so `marshal` does: reading JSON takes longer to load than
a child may. It knows plain tuples, lists, dicts, texts, numbers and bytes, and no class of ours.

    serve(lambda told: Reader(*told).check)      # told once, then asked again and again
"""

from __future__ import annotations

import os
import sys
from marshal import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:  # neither module is loaded by a child
    from collections.abc import Callable
    from typing import Any

_LENGTH_BYTES = 4


def write_frame(out: Any, what: Any) -> None:
    """Write one thing behind its length."""
    raw = dumps(what)
    out.write(len(raw).to_bytes(_LENGTH_BYTES, "big") + raw)
    out.flush()


def read_frame(source: Any) -> Any:
    """The next thing; None when whoever wrote it is gone."""
    start = source.read(_LENGTH_BYTES)
    if len(start) < _LENGTH_BYTES:
        return None
    length = int.from_bytes(start, "big")
    raw = source.read(length)
    return loads(raw) if len(raw) == length else None  # noqa: S302 (both ends are one program)


def serve(begin: Callable[[Any], Callable[[Any], object]]) -> None:
    """What a child does: `begin` with what it is told, then answer everything asked."""
    source, out = sys.stdin.buffer, sys.stdout.buffer
    try:
        told = read_frame(source)
        if told is None:
            return
        answer = begin(told)
        while (asked := read_frame(source)) is not None:
            write_frame(out, answer(asked))
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)  # nobody asks any more; nothing is flushed into the pipe again
