"""One document on its way: its look and its pages, put together to `Facts`.

The shape of a reply is the child's word, and a child may have been taken over: what does not
hold together makes the document damaged, and nothing else.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

from archivist.examine import media
from archivist.examine.driver import Reply
from archivist.examine.unfit import DAMAGED
from policies.errors import FactsUnreadable
from policies.facts import Cover, Facts, page_from_plain

Look = Callable[[Path], "Future[Reply]"]
Read = Callable[[Path, str, int], "Future[Reply]"]


class Assembly:
    """One document on its way: collects pages as they come and resolves to `Facts`."""

    def __init__(self, look: Look, read: Read, path: Path) -> None:
        self.facts: Future[Facts] = Future()
        self._read = read
        self._path = path
        self._lock = threading.Lock()
        self._look: Reply = {}
        self._open_pages = 0
        self._page_tasks: list[Future[Reply]] = []
        look(path).add_done_callback(self._looked)

    def _looked(self, done: Future[Reply]) -> None:
        if self._failed(done):
            return
        self._look = done.result()
        pages = self._look["pages"]
        to_read = [index for index, page in enumerate(pages) if page.get("read")]
        self._open_pages = len(to_read)
        if self._look.get("defect") or not to_read:
            self._finish()
            return
        media_type = self._look["media_type"]
        tasks = [self._read(self._path, media_type, index) for index in to_read]
        # All are known before the first can end, so that a bad page finds the others to cancel.
        self._page_tasks = tasks
        for index, task in zip(to_read, tasks, strict=True):
            task.add_done_callback(functools.partial(self._page_read, index))

    def _page_read(self, index: int, done: Future[Reply]) -> None:
        if not done.cancelled() and self._failed(done):
            return
        with self._lock:
            first_defect = not done.cancelled() and self._take_page(index, done.result())
            self._open_pages -= 1
            last = self._open_pages == 0
        if first_defect:
            # Outside the lock: cancelling calls this method for each page that had not begun.
            for task in self._page_tasks:
                task.cancel()
        if last:
            self._finish()

    def _take_page(self, index: int, reply: Reply) -> bool:
        """Keep the page, or its defect; whether it is the document's first defect.

        One page that cannot be read makes the whole document unfit: half a contract is no contract.
        """
        if "defect" not in reply:
            self._look["pages"][index] = reply["page"]
            return False
        if self._look.get("defect"):
            return False
        detail = f"{reply['detail']} (page {index + 1})"
        self._look |= {"defect": reply["defect"], "detail": detail}
        return True

    def _failed(self, done: Future[Reply]) -> bool:
        error = done.exception()
        if error is not None:
            with self._lock, contextlib.suppress(Exception):
                self.facts.set_exception(error)
        return error is not None

    def _finish(self) -> None:
        try:
            self.facts.set_result(_facts(self._look))
        except (FactsUnreadable, KeyError, TypeError, ValueError):
            # The shape of a reply is the child's word, and a child may have been taken over.
            self._look |= {"defect": DAMAGED, "detail": "reading it went wrong"}
            self.facts.set_result(_facts(self._look | {"pages": []}))


def _facts(look: Reply) -> Facts:
    media_type = str(look["media_type"])
    defect = look.get("defect")
    pages = () if defect else tuple(page_from_plain(page) for page in map(_sized, look["pages"]))
    covers = () if defect else tuple(_covers(look["pages"]))
    return Facts(
        media_type=media_type,
        extension=media.EXTENSIONS.get(media_type, ""),
        size_bytes=look["size_bytes"],
        sha256=look["sha256"],
        pages=pages,
        covers=covers,
        defect=defect,
        detail=str(look.get("detail", "")),
    )


def _sized(page: Reply) -> Reply:
    return {"width": 0, "height": 0} | page


def _covers(pages: list[Reply]) -> Iterator[Cover]:
    for index, page in enumerate(pages):
        for dossier, doc_type in page.get("covers", ()):
            named = None if doc_type is None else str(doc_type)
            yield Cover(index, str(dossier), named, contested=not dossier)
