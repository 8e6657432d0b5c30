"""One HTTP call to a witness or a time-stamp authority, with an end to everything.

Owns the only place where the archive talks over a network. Rules it keeps:
  * http and https only; no redirects, no proxies, no credentials in an address;
  * an answer has a greatest size and the whole call a greatest time: whoever answers one byte a
    second is as good as away;
  * whatever goes wrong on the way is `Away`; what an answer means is the caller's business.

    reply = post("http://w.example:8080/add-checkpoint", body, "text/plain", max_bytes=16_384)
"""

import http.client
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from archivist.errors import BadRequest

TIMEOUT_SECONDS = 15.0
_CHUNK = 4096


class Away(Exception):
    """Nobody answered, or not in time, or more than can be meant. The text says which."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, body and the first word of its Content-Type."""

    status: int
    body: bytes
    media: str


def check_url(url: str) -> str:
    """The address as it is, if it can be called. Raises BadRequest."""
    try:
        parts = urlsplit(url)
        named = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        parts, named = urlsplit(""), None
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not named or "@" in parts.netloc or not plain:
        raise BadRequest(
            f"“{url}” 不是可用的网址", f"{url!r} is not an address that can be called",
            "例如 http://192.168.1.20:8080", "for example http://192.168.1.20:8080",
        )  # fmt: skip
    return url


def post(
    url: str, body: bytes, media: str, *, max_bytes: int, timeout_seconds: float = TIMEOUT_SECONDS
) -> Reply:
    """Post `body` and read the answer. Raises Away."""
    parts = urlsplit(check_url(url))
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    assert parts.hostname
    give_up = time.monotonic() + timeout_seconds
    connection = kind(parts.hostname, parts.port, timeout=timeout_seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, {"Content-Type": media, "Connection": "close"})
        response = connection.getresponse()
        found = bytearray()
        while chunk := response.read1(_CHUNK):
            found += chunk
            if len(found) > max_bytes:
                raise Away("the answer is too long")
            if time.monotonic() > give_up:
                raise Away("the answer takes too long")
        kind_of = (response.getheader("Content-Type") or "").split(";")[0].strip().lower()
        return Reply(response.status, bytes(found), kind_of)
    except (OSError, http.client.HTTPException, ssl.SSLError, ValueError) as error:
        raise Away(_said(error)) from None
    finally:
        connection.close()


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__
