"""Requests and replies between the station and an examining child: length-prefixed JSON.

A frame is four bytes of length, big-endian, then UTF-8 JSON. A request may carry one open file
descriptor beside its first byte (`SCM_RIGHTS`): the child gets the scan as an open file, never as
a path, so it needs no right to open anything.

Rules it keeps:
- Every length is bounded *before* memory is taken for it. The child parses untrusted bytes, so
  what it sends is untrusted too.
- A closed or garbled connection is `WireBroken`; nobody guesses what was meant.
"""

from __future__ import annotations

import json
import re
import socket
import struct
from typing import Any

_ESCAPED_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_LENGTH = struct.Struct(">I")


class WireBroken(Exception):
    """The other side closed the connection or sent something that is no frame."""


class ReplyTooLong(WireBroken):
    """A frame announces more bytes than agreed."""


def send(sock: socket.socket, message: dict[str, Any], descriptor: int | None = None) -> None:
    """Send one frame, with an open file beside it when `descriptor` is given.

    Raises `OSError` when the other side is gone.
    """
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    # Names on disk and text layers may hold half a surrogate pair, which no encoder takes.
    body = text.encode("utf-8", "replace")
    frame = _LENGTH.pack(len(body)) + body
    sent = 0
    if descriptor is not None:
        sent = socket.send_fds(sock, [frame], [descriptor])
    sock.sendall(memoryview(frame)[sent:])


def receive(sock: socket.socket, max_bytes: int) -> tuple[dict[str, Any], int | None]:
    """Receive one frame: `(message, descriptor or None)`. The caller owns the descriptor.

    Raises `WireBroken`, `ReplyTooLong` above `max_bytes`, and `OSError` (a timeout among them).
    """
    first, descriptors, _flags, _sender = socket.recv_fds(sock, 1, 1)
    header = first + (_exactly(sock, _LENGTH.size - 1) if first else b"")
    if len(header) < _LENGTH.size:
        raise WireBroken("connection closed")
    (length,) = _LENGTH.unpack(header)
    if length > max_bytes:
        raise ReplyTooLong("frame is longer than agreed")
    body = _exactly(sock, length)
    try:
        # Decoded here: given bytes, the parser guesses the encoding and lets half pairs pass.
        message = json.loads(body.decode("utf-8"))
        if _ESCAPED_HALF.search(body):
            # Half a surrogate pair cannot be sealed or written later; `send` never lets one out.
            json.dumps(message, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        # Thousands of brackets exhaust the parser's stack before its patience.
        raise WireBroken("frame is not JSON") from None
    if not isinstance(message, dict):
        raise WireBroken("frame is not a JSON object")
    return message, descriptors[0] if descriptors else None


def _exactly(sock: socket.socket, count: int) -> bytes:
    buffer = bytearray(count)
    view = memoryview(buffer)
    while view:
        got = sock.recv_into(view)
        if got == 0:
            raise WireBroken("connection closed inside a frame")
        view = view[got:]
    return bytes(buffer)
