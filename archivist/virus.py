"""Virus scanning: a scan shown to clamd, the scanner daemon of ClamAV, where the company runs one.

Owns the conversation: `zINSTREAM` over a Unix or TCP socket (clamd's manual): pieces, each behind
its length in four bytes, an empty one at the end, one line back. The daemon needs no rights to our
files, and may run on another machine.

Rules it keeps:
- What is configured and does not answer is `ScannerAway`, never "clean": nothing is let through
  unscanned because a service was down.
- Only the line `stream: OK` means clean. Whatever else it says that is no finding is an error.

    scanner = Scanner("/run/clamav/clamd.ctl")
    scanner.look(chunks)        # None, or the name of what was found
"""

import socket
import struct
from collections.abc import Iterable
from contextlib import suppress

from archivist.errors import Unavailable, system_said

PIECE_BYTES = 1 << 18
MAX_REPLY_BYTES = 4096


class ScannerAway(Unavailable):
    """The virus scanner does not answer; what waits for it waits."""


class Scanner:
    """One clamd: the path of its Unix socket, or `host:port`."""

    def __init__(self, place: str, timeout_seconds: float = 60.0) -> None:
        self.place = place
        self._timeout_seconds = timeout_seconds

    def look(self, chunks: Iterable[bytes]) -> str | None:
        """What clamd finds in these bytes: None, or the signature's name. Raises ScannerAway."""
        try:
            with self._connected() as link:
                link.sendall(b"zINSTREAM\0")
                # It may answer before the end (found, too long) and close: its answer counts.
                with suppress(ConnectionError):
                    for chunk in chunks:
                        for at in range(0, len(chunk), PIECE_BYTES):
                            piece = chunk[at : at + PIECE_BYTES]
                            link.sendall(struct.pack(">I", len(piece)) + piece)
                    link.sendall(struct.pack(">I", 0))
                return _verdict(self._line(link), self.place)
        except OSError as error:
            raise _away(self.place, *system_said(error)) from None

    def version(self) -> str:
        """What the daemon calls itself, signatures and their day among it. Raises ScannerAway."""
        try:
            with self._connected() as link:
                link.sendall(b"zVERSION\0")
                return self._line(link)
        except OSError as error:
            raise _away(self.place, *system_said(error)) from None

    def _connected(self) -> socket.socket:
        host, colon, port = self.place.rpartition(":")
        if colon and port.isdigit() and "/" not in self.place:
            return socket.create_connection((host, int(port)), self._timeout_seconds)
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(self._timeout_seconds)
        try:
            link.connect(self.place)
        except OSError:
            link.close()
            raise
        return link

    @staticmethod
    def _line(link: socket.socket) -> str:
        said = b""
        while not said.endswith(b"\0") and len(said) < MAX_REPLY_BYTES:
            piece = link.recv(MAX_REPLY_BYTES)
            if not piece:
                break
            said += piece
        return said.rstrip(b"\0\n").decode("utf-8", "replace")


def _verdict(said: str, place: str) -> str | None:
    if said == "stream: OK":
        return None
    if said.startswith("stream: ") and said.endswith(" FOUND"):
        return said[len("stream: ") : -len(" FOUND")]
    raise _away(place, said or "没有回答", said or "it said nothing")


def _away(place: str, why_zh: str, why_en: str) -> ScannerAway:
    return ScannerAway(
        f"病毒扫描服务 {place} 没有给出结论（{why_zh}）",
        f"the virus scanner at {place} gave no verdict ({why_en})",
        "请检查 clamd 是否在运行、StreamMaxLength 是否够大；未扫描的资料一律等待",
        "check that clamd runs and its StreamMaxLength; what is not scanned waits",
    )
