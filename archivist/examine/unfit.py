"""The one way in which examining says that a file cannot be filed.

    >>> raise Unfit(TOO_LARGE, "1200 pages, at most 999")
    Traceback (most recent call last):
    archivist.examine.unfit.Unfit: too-large: 1200 pages, at most 999

Rules it keeps: the code is one of the stable reason codes below, the detail explains it to a clerk
and never quotes the document. Inside a child it is raised from any depth and becomes the reply;
outside it becomes `Facts.defect`. It is an outcome, not an error of the program.
"""

from __future__ import annotations

NOT_A_DOCUMENT = "not-a-document"
EMPTY = "empty"
DAMAGED = "damaged"
ENCRYPTED = "encrypted"
TOO_LARGE = "too-large"


class Unfit(Exception):
    """The file cannot be filed. `defect` is the reason code, `detail` a phrase for a clerk."""

    def __init__(self, defect: str, detail: str) -> None:
        super().__init__(f"{defect}: {detail}")
        self.defect = defect
        self.detail = detail
