"""The process that touches untrusted bytes.

    python -I -m archivist.examine.child FD PARENT LIMITS

It owns nothing and decides nothing that outlives it. It gives up its rights (`confine`), says that
it is ready, and answers requests until the connection closes:

    {"do": "look", "name", "cover_tag"}   -> {"media_type", "pages": [...]} or {"defect", "detail"}
    {"do": "read", "media_type", "page",
     "cover_tag"}                         -> {"page": {...}}                or {"defect", "detail"}
    {"do": "cut", "media_type", "pages"}  -> {"cut": size}, then so many bytes; or a defect
    {"do": "mark", "media_type", "words"} -> as a cut; `words` is a small PDF, in base64
    {"do": "show", "media_type", "page"}  -> as a cut, with "pages": a PNG of one page
    {"do": "backend"}                     -> {"backend"}

Every request but the last comes with the open scan beside it. A page in the reply to a look is
either finished (text layer, empty) or `{"read": true}`: its picture has to be read.

Rules it keeps:
- A child that is never asked to read never imports recognition: for a text PDF it is pypdf and
  little else.
- Whatever a parser raises is this file's defect, never the end of the child, except what the
  kernel does to it. An installation without models is no defect of a file: `unavailable`.
- Nothing goes to stdout or stderr: parsers quote the document in their messages.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any, BinaryIO

from archivist.examine import media, wire
from archivist.examine.confine import confine, cpu_allowance
from archivist.examine.limits import Limits
from archivist.examine.unfit import DAMAGED, NOT_A_DOCUMENT, TOO_LARGE, Unfit

_HEAD_BYTES = 1024
_MAX_REQUEST_BYTES = 1024 * 1024  # the words of a mark bring their font along


def look(stream: BinaryIO, name: str, limits: Limits, cover_tag: str) -> dict[str, Any]:
    """What the file is and what each page needs. Raises `Unfit`, or what the parsers raise."""
    head = stream.read(_HEAD_BYTES)
    stream.seek(0)
    media_type = media.by_content(head)
    if media_type not in media.EXTENSIONS:
        raise Unfit(NOT_A_DOCUMENT, f"content is {media_type}")
    claimed = media.contradiction(media_type, name)
    if claimed is not None:
        raise Unfit(NOT_A_DOCUMENT, f"name says {claimed}, content is {media_type}")
    if media_type == media.PDF:
        from archivist.examine.pdf_look import look_pdf

        return {"media_type": media_type, "pages": look_pdf(stream, limits, cover_tag)}
    from archivist.examine.images import look_image

    return {"media_type": media_type, "pages": look_image(stream, media_type, limits)}


def read(
    stream: BinaryIO, media_type: str, page_index: int, limits: Limits, cover_tag: str
) -> dict[str, Any]:
    """One page read. Raises `Unfit`, or what the decoders raise."""
    from archivist.examine.page import read_page

    return {"page": read_page(stream, media_type, page_index, limits, cover_tag)}


def cut_out(stream: BinaryIO, media_type: str, pages: list[int]) -> dict[str, Any]:
    """Some pages as a file of their own. Raises `Unfit`, or what the parsers raise."""
    from archivist.examine.cut import cut

    return {"cut": cut(stream, media_type, pages)}


def mark_all(stream: BinaryIO, media_type: str, words: str) -> dict[str, Any]:
    """The same words over every page. Raises `Unfit`, or what the parsers raise."""
    from archivist.examine.mark import mark

    return {"cut": mark(stream, media_type, base64.b64decode(words))}


def show_one(stream: BinaryIO, media_type: str, page_index: int) -> dict[str, Any]:
    """One page as a picture. Raises `Unfit`, or what the parsers raise."""
    from archivist.examine.mark import show

    picture, pages = show(stream, media_type, page_index)
    return {"cut": picture, "pages": pages}


def answer(request: dict[str, Any], descriptor: int | None, limits: Limits) -> dict[str, Any]:
    """The reply to one request; a cut file is in it as bytes. Closes `descriptor`."""
    if request["do"] == "backend":
        return _backend()
    assert descriptor is not None
    with os.fdopen(descriptor, "rb") as stream:
        try:
            if request["do"] == "look":
                cpu_allowance(limits.look_cpu_seconds)
                return look(stream, request["name"], limits, request["cover_tag"])
            if request["do"] == "mark":
                cpu_allowance(limits.look_cpu_seconds)
                return mark_all(stream, request["media_type"], request["words"])
            cpu_allowance(limits.read_cpu_seconds)
            if request["do"] == "show":
                return show_one(stream, request["media_type"], request["page"])
            if request["do"] == "cut":
                return cut_out(stream, request["media_type"], request["pages"])
            return read(
                stream, request["media_type"], request["page"], limits, request["cover_tag"]
            )
        except Unfit as unfit:
            return {"defect": unfit.defect, "detail": unfit.detail}
        except MemoryError:
            return {"defect": TOO_LARGE, "detail": "needs more memory than a document may"}
        except RecursionError:
            return {"defect": DAMAGED, "detail": "its structure has no end"}
        except Exception as error:
            return _failed(error)


def _failed(error: Exception) -> dict[str, Any]:
    # Only the class is named: a parser's message may quote the document.
    if type(error).__name__ == "EngineMissing":
        return {"unavailable": str(error)}
    return {"defect": DAMAGED, "detail": f"cannot be read ({type(error).__name__})"}


def _backend() -> dict[str, Any]:
    from archivist.examine import recognise

    try:
        return {"backend": recognise.engine().name}
    except Exception as error:
        return {"unavailable": str(error)}


def serve(sock: socket.socket, limits: Limits) -> None:
    """Answer requests until the other side closes the connection."""
    libc = ctypes.CDLL(None)
    trim = getattr(libc, "malloc_trim", None)
    while True:
        try:
            request, descriptor = wire.receive(sock, _MAX_REQUEST_BYTES)
        except (wire.WireBroken, OSError):
            return
        reply = answer(request, descriptor, limits)
        piece = reply.get("cut", b"")
        wire.send(sock, reply | {"cut": len(piece)} if piece else reply)
        sock.sendall(piece)
        # After the reply, while nobody waits: what one large page took must not be added to what
        # the next one takes.
        if request["do"] != "look" and trim is not None:
            trim(0)


def main(arguments: list[str]) -> None:
    sock = socket.socket(fileno=int(arguments[0]))
    limits = Limits(**json.loads(arguments[2]))
    confined = confine(int(arguments[1]), limits.private_bytes, _program_folders())
    wire.send(sock, {"ready": os.getpid(), "confined": confined})
    serve(sock, limits)


def _program_folders() -> list[Path]:
    """Where modules, shared libraries and models lie."""
    own = Path(__file__).resolve().parents[1]
    return [own, *(Path(folder) for folder in {sys.prefix, sys.base_prefix})]


if __name__ == "__main__":
    main(sys.argv[1:])
