"""A time-stamp authority of our own (`openssl ts`), and services on this machine that answer as a
test likes.

    top = new_authority(tmp_path / "authority")          # top / "root.pem" is what vouches
    with answering(stamping(top)) as url:
        home.json("ledger", "timestamp", "--tsa", url)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def has_openssl() -> bool:
    """Whether there can be an authority here; ARCHIVIST_REQUIRE_INTEROP=1 demands it."""
    there = shutil.which("openssl") is not None
    assert there or os.environ.get("ARCHIVIST_REQUIRE_INTEROP") != "1", "openssl is required"
    return there


def new_authority(top: Path) -> Path:
    """An authority with a root and a certificate, and another root that vouches for nothing."""
    top.mkdir(exist_ok=True)

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=top, check=True, capture_output=True)

    for name in ("root", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out",
                f"{name}.pem", "-subj", f"/CN={name}", "-days", "3650",
                "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr",
            "-subj", "/CN=tsa")  # fmt: skip
    (top / "ext").write_text(
        "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"
    )
    openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key",
            "-CAcreateserial", "-days", "3650", "-extfile", "ext", "-out", "tsa.pem")  # fmt: skip
    (top / "serial").write_text("01")
    (top / "tsa.cnf").write_text(
        "[tsa]\ndefault_tsa=conf\n[conf]\nserial=./serial\nsigner_cert=./tsa.pem\n"
        "signer_key=./tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\n"
    )
    return top


def stamping(top: Path) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    """The service: a question in, openssl's answer out."""

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        (top / "q.tsq").write_bytes(body)
        (top / "r.tsr").unlink(missing_ok=True)
        subprocess.run(["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq",
                        "-out", "r.tsr"], cwd=top, check=True, capture_output=True)  # fmt: skip
        reply(200, (top / "r.tsr").read_bytes())(handler, body)

    return answer


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> Iterator[str]:
    """A service on this machine that answers as it likes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def reply(status: int, body: bytes, **headers: str) -> Callable[..., None]:
    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer
