"""What can go wrong with a shadow, and what each failure asks of the caller.

    ShadowError                 the root; catch this to say "search is not available"
    ├── IndexMissing            nothing there yet: create it and follow the ledger
    ├── IndexLocked             somebody else holds it: try again later, nothing was changed
    ├── IndexOutdated           made by another analysis: rebuild it
    ├── IndexDamaged            unreadable or altered: rebuild it
    ├── IndexUnwritable         the disk refuses (full, read-only, failing): nothing was changed
    └── WrongIndexKey           the key does not open it, or its first bytes were altered

A shadow never holds the only copy of anything. No failure here is a loss, and
none may fail the filing of a document. Messages name the index file and the
kind of trouble; they never carry a query, a title or a page's text.
"""

from __future__ import annotations


class ShadowError(Exception):
    """A shadow could not be read or written."""


class IndexMissing(ShadowError):
    """There is no index at this place."""


class IndexLocked(ShadowError):
    """Another process or reader holds the index; nothing was changed unless the message says so."""


class IndexOutdated(ShadowError):
    """The index was written by another version of the analysis and must be rebuilt."""


class IndexDamaged(ShadowError):
    """The index contradicts itself or fails its authentication and must be rebuilt."""


class IndexUnwritable(ShadowError):
    """The disk refused the index's bytes; the index is as it was before."""


class WrongIndexKey(ShadowError):
    """The key does not open the index, or the bytes that would prove it were altered."""
