"""Examining: from an untrusted file to `Facts`, without trusting a byte of it.

    from archivist.examine import Examiners

    with Examiners(workers=2) as examiners:
        facts = examiners.examine(Path("drop/lease.pdf"))

The station never parses a scan. A child process does, which has no network, no files, little memory
and little time (`confine`, `limits`); what comes back is checked for shape (`pool`). One way in:

    pool      tasks and threads                   station's side
    assembly  one document, put together to Facts
    driver    one thread and its child
    process   one child: ask, watch, kill
    wire      frames between the two
    child     look and read                       child's side
    media, pdf_look, pdf_read, images, textlayer  what the file is, its text and its pixels
    cut, mark                                     pages as a file of their own; words over them
    page, recognise, engine, layout               one page: code, blank, lines of text

Rules it keeps: a scan is never changed, and no file can make examining fail: the worst it can get
is a `defect`. `ExaminerUnavailable` means that this machine cannot read scans at all.
"""

from archivist.examine.limits import Limits
from archivist.examine.pool import Examiners
from archivist.examine.process import ExaminerUnavailable

__all__ = ["ExaminerUnavailable", "Examiners", "Limits"]
