"""The page of numbers at an address: `watch --metrics 127.0.0.1:9100`.

    with served(address, numbers):
        …                                   GET http://127.0.0.1:9100/metrics

Rules it keeps:
- Bound to the address that was given and to no other; nothing is served unless it was asked for.
- It answers GET /metrics and nothing else, reads no body, keeps no connection, and logs nobody.
- One thread, one request at a time: whoever asks slowly is cut off and keeps no scan waiting.
"""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from archivist.errors import BadRequest, Unavailable, system_said
from archivist.numbers import Numbers

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PATIENCE_SECONDS = 5.0

Address = tuple[str, int]


def address(given: str) -> Address:
    """`HOST:PORT`; an IPv6 address in brackets. Raises BadRequest for anything else."""
    host, colon, port = given.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise BadRequest(
            f"“{given}” 应写成 地址:端口",
            f"{given!r} must be written HOST:PORT",
            "例如 127.0.0.1:9100",
            "for example 127.0.0.1:9100",
        )
    return host, int(port)


def is_local(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def served(at: Address, numbers: Numbers) -> Iterator[Address]:
    """Serve the page while the block runs; gives the address, with its port where 0 was asked."""

    class Server(HTTPServer):
        address_family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET

        def server_bind(self) -> None:
            # Not HTTPServer's, which asks the name server for the host's name.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(self.server_address)
            self.server_address = self.socket.getsockname()

        def handle_error(self, request: object, client_address: object) -> None:
            """Somebody hung up or sent nonsense: no news, and his address is nobody's business."""

    try:
        server = Server(at, _answering(numbers))
    except OSError as error:
        zh, en = system_said(error)
        raise Unavailable(
            f"无法在 {at[0]}:{at[1]} 提供指标页：{zh}",
            f"metrics cannot be served at {at[0]}:{at[1]}: {en}",
        ) from None
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        host, port = server.server_address[:2]
        yield str(host), int(port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answering(numbers: Numbers) -> type[BaseHTTPRequestHandler]:
    """Whoever answers one request with the page."""

    class Page(BaseHTTPRequestHandler):
        timeout = PATIENCE_SECONDS
        server_version, sys_version = "archivist", ""

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = numbers.page().encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Who asked is not written down."""

    return Page
