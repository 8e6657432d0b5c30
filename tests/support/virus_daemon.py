"""A virus scanner for tests: a real socket that speaks clamd's INSTREAM and finds EICAR.

The test string is put together here, so that no scanner takes this file for infected.
"""

import socket
import struct
import threading
from pathlib import Path

EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE" + "!$H+H*").encode()


class Daemon:
    """One daemon at `place`; `says` answers everything, in the place of a verdict."""

    def __init__(self, place: Path | None, says: bytes | None = None) -> None:
        self.seen: list[int] = []
        self._says = says
        if place is None:
            self._server = socket.create_server(("127.0.0.1", 0))
            self.place = f"127.0.0.1:{self._server.getsockname()[1]}"
        else:
            self._server = socket.socket(socket.AF_UNIX)
            self._server.bind(str(place))
            self._server.listen()
            self.place = str(place)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            with link, link.makefile("rwb") as file:
                command = b""
                while not command.endswith(b"\0"):
                    command += file.read(1)
                file.write((self._answer(command, file)) + b"\0")
                file.flush()

    def _answer(self, command: bytes, file) -> bytes:
        if command == b"zVERSION\0":
            return b"ClamAV 1.4.3/27000/Sun Nov 29 2026"
        assert command == b"zINSTREAM\0", command
        content = b""
        while length := struct.unpack(">I", file.read(4))[0]:
            content += file.read(length)
        self.seen.append(len(content))
        if self._says is not None:
            return self._says
        return b"stream: Eicar-Signature FOUND" if EICAR in content else b"stream: OK"
