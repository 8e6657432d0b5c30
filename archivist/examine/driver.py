"""What one pool thread does with its child: open the scan, ask, and say what its end means.

Rules it keeps:
- A file never raises here: whatever it does to a child becomes its defect.
- A child that had served other files before it died may have died of them. So the request is
  tried once more in a fresh child before the file is blamed. What took too long is not tried
  again: each request has its time to itself, whoever came before it; nor what started threads.
- The digest and the size are taken here, from the same open file that the child gets: a child that
  was taken over cannot lie about which bytes were examined.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archivist.examine import media
from archivist.examine.limits import Limits
from archivist.examine.process import Child, ChildGone, ExaminerUnavailable
from archivist.examine.unfit import DAMAGED, EMPTY, NOT_A_DOCUMENT, TOO_LARGE, Unfit
from storage import durable

Reply = dict[str, Any]

_HASH_BLOCK_BYTES = 1 << 20
_OWN_DOING = (ChildGone.TIME, ChildGone.PROCESSOR, ChildGone.THREADS)

_BLAME = {
    ChildGone.CRASH: (DAMAGED, "reading it crashed"),
    ChildGone.TIME: (DAMAGED, "timeout: reading it took too long"),
    ChildGone.MEMORY: (TOO_LARGE, "needs more memory than a document may"),
    ChildGone.PROCESSOR: (TOO_LARGE, "needs more computing time than a document may"),
    ChildGone.THREADS: (DAMAGED, "reading it started too many threads"),
    ChildGone.GARBLED: (TOO_LARGE, "holds more text than a document may"),
}


class Driver:
    """What one pool thread does with its child. Every method returns a reply; a file never raises
    here."""

    def __init__(self, limits: Limits, cover_tag: str, core: int | None) -> None:
        self._limits = limits
        self._cover_tag = cover_tag
        self._core = core
        self._child: Child | None = None

    def look(self, path: Path) -> Reply:
        with _opened(path, self._limits) as scan:
            if isinstance(scan, Unfit):
                return _blank_reply() | _defect(scan)
            size_bytes = os.fstat(scan).st_size
            digest = _sha256(scan)
            reply = self.ask({"do": "look", "name": path.name, "cover_tag": self._cover_tag}, scan)
            return _blank_reply() | reply | {"size_bytes": size_bytes, "sha256": digest}

    def look_into(self, scan: int, name: str) -> Reply:
        os.lseek(scan, 0, os.SEEK_SET)
        reply = self.ask({"do": "look", "name": name, "cover_tag": self._cover_tag}, scan)
        return _blank_reply() | reply

    def read(self, path: Path, media_type: str, page_index: int) -> Reply:
        with _opened(path, self._limits) as scan:
            if isinstance(scan, Unfit):
                return _defect(scan)
            request = {"do": "read", "media_type": media_type, "page": page_index}
            return self.ask(request | {"cover_tag": self._cover_tag}, scan)

    def backend(self) -> Reply:
        reply = self.ask({"do": "backend"}, None)
        return reply | {"confined": self._child.confined if self._child else []}

    def cut(self, path: Path, media_type: str, pages: list[int], into: Path) -> Reply:
        with _opened(path, self._limits) as scan:
            if isinstance(scan, Unfit):
                return _defect(scan)
            reply = self.ask({"do": "cut", "media_type": media_type, "pages": pages}, scan)
        if "defect" in reply:
            return reply
        size_bytes = int(reply["cut"])
        if size_bytes > self._limits.max_size_bytes:
            self.close()
            return _defect(Unfit(TOO_LARGE, "a part of it is too large"))
        digest = hashlib.sha256()
        try:
            durable.write_new(into, self._body(size_bytes, digest))
        except ChildGone as gone:
            self._child = None
            defect, detail = _BLAME[gone.reason]
            return {"defect": defect, "detail": detail}
        return {"size_bytes": size_bytes, "sha256": digest.hexdigest()}

    def _body(self, size_bytes: int, digest: hashlib._Hash) -> Iterator[bytes]:
        assert self._child is not None
        for chunk in self._child.body(size_bytes, self._limits.read_wall_seconds):
            digest.update(chunk)
            yield chunk

    def ask(self, request: Reply, scan: int | None) -> Reply:
        """The child's reply, or the defect its end stands for. Raises `ExaminerUnavailable`."""
        looks = request["do"] == "look"
        wall_seconds = self._limits.look_wall_seconds if looks else self._limits.read_wall_seconds
        for attempt in (1, 2):
            child = self._fit_child()
            fresh = child.served == 0
            try:
                reply = child.ask(request, scan, wall_seconds)
            except ChildGone as gone:
                self._child = None
                if not fresh and attempt == 1 and gone.reason not in _OWN_DOING:
                    continue
                defect, detail = _BLAME[gone.reason]
                return {"defect": defect, "detail": detail}
            if "unavailable" in reply:
                raise ExaminerUnavailable(
                    "本机无法加载文字识别引擎",
                    f"no recognition engine loads here ({reply['unavailable']})",
                    "运行 archivist doctor",
                    "run `archivist doctor`",
                )
            return reply
        raise AssertionError("the second attempt has a fresh child")

    def close(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def _fit_child(self) -> Child:
        if self._child is not None and self._child.worn_out:
            self.close()
        if self._child is None:
            self._child = Child(self._limits, self._core)
        return self._child


@contextlib.contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[int | Unfit]:
    """The scan's descriptor, or why it is none. Links are not followed, pipes not waited for."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        yield Unfit(NOT_A_DOCUMENT, f"cannot be opened as a file ({error.strerror})")
        return
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            yield Unfit(NOT_A_DOCUMENT, "is not a plain file")
        elif status.st_size == 0:
            yield Unfit(EMPTY, "has no content")
        elif status.st_size > limits.max_size_bytes:
            yield Unfit(TOO_LARGE, f"{status.st_size} bytes, at most {limits.max_size_bytes}")
        else:
            yield descriptor
    finally:
        os.close(descriptor)


def _sha256(descriptor: int) -> str:
    digest = hashlib.sha256()
    offset = 0
    # Positioned reads: the child shares this open file, and with it the place in it.
    while block := os.pread(descriptor, _HASH_BLOCK_BYTES, offset):
        digest.update(block)
        offset += len(block)
    return digest.hexdigest()


def _defect(unfit: Unfit) -> Reply:
    return {"defect": unfit.defect, "detail": unfit.detail}


def _blank_reply() -> Reply:
    nothing = hashlib.sha256(b"").hexdigest()
    return {"media_type": media.UNKNOWN, "pages": [], "size_bytes": 0, "sha256": nothing}
