"""Pages on a screen and nowhere else: pictures from memory, in a browser of this machine.

A server on 127.0.0.1 with an address nobody can guess gives the pages to one browser until Enter
is pressed, or for `MOST_SECONDS`. Nothing is written to a disk by this program, and the browser is
told to keep nothing. Whoever sits before the screen can still photograph it: the watermark says
whose copy that was.

    show_pages([png, …], "R00000001")
"""

import html
import secrets
import select
import sys
import threading
import time
import webbrowser
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from archivist.cli.say import note, say

MOST_SECONDS = 1800.0
_PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body{{margin:0;background:#555;text-align:center}}
img{{display:block;margin:1em auto;max-width:96%;box-shadow:0 0 .5em #000}}
@media print{{body{{display:none}}}}</style>
<body oncontextmenu="return false">{images}</body>"""


def show_pages(pages: Sequence[bytes], title: str) -> None:
    """Show pictures (PNG) until Enter is pressed, the input ends, or half an hour is over."""
    secret = secrets.token_urlsafe(16)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(pages, title, secret))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/{secret}/"
    try:
        note(say(f"在浏览器中查看：{address}\n看完按回车关闭",
                 f"look at it in the browser: {address}\npress Enter to close"))  # fmt: skip
        webbrowser.open(address)
        _until_enter(time.monotonic() + MOST_SECONDS)
    finally:
        server.shutdown()
        server.server_close()


def _until_enter(deadline: float) -> None:
    while (left := deadline - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], min(left, 1.0))[0]:
            return


def _handler(pages: Sequence[bytes], title: str, secret: str) -> type[BaseHTTPRequestHandler]:
    images = "".join(f'<img src="{number}.png">' for number in range(len(pages)))
    body = _PAGE.format(title=html.escape(title), images=images).encode()
    answers = {f"/{secret}/": (body, "text/html; charset=utf-8")}
    answers |= {f"/{secret}/{n}.png": (page, "image/png") for n, page in enumerate(pages)}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path)
            if found is None:
                self.send_error(404)
                return
            content, kind = found
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Requests are not logged: they would stand between the words of the program."""

    return Handler
