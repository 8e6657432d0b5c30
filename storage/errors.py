"""What can go wrong while keeping bytes alive.

Owns every exception the storage room raises, so that a caller needs one `except`
per decision and never meets a foreign error:

    StorageError
    ├── Damaged             bytes are there, but are not what they must be
    │   ├── BadHeader       an age header breaks the grammar or a stanza rule
    │   ├── BadMac          an age header was changed after it was sealed
    │   └── BadPayload      an age payload was changed, cut short or added to
    ├── Missing             a name that must exist does not
    ├── Occupied            a create-once name is taken by other bytes
    ├── Busy                a lock was not had in time
    ├── NoKey               none of the identities offered opens it
    │   └── WrongPassphrase the passphrase does not open the person's key file
    ├── NoCounterpart       the other half of a key is not on this machine
    ├── Unsuitable          what was asked for breaks a rule; nothing was done
    └── DiskFailed          a read, write or fsync failed; carries errno (ENOSPC too)

Rules: a message may hold ids, file names and digests; it never holds a key, a
passphrase, a title or a byte of a document.

    try:
        vault.put(put)
    except Occupied:            # filed before a crash; compare, then carry on
        ...
"""

from __future__ import annotations

import errno as codes
import os


class StorageError(Exception):
    """Root of everything the storage room raises."""


class Damaged(StorageError):
    """Bytes are present but fail their check: a digest, a MAC, a signature or a format rule."""


class BadHeader(Damaged):
    """An age header does not follow the grammar, or a stanza breaks the rules of its type."""


class BadMac(Damaged):
    """A key fits, but the header's MAC does not: some line was changed after sealing."""


class BadPayload(Damaged):
    """An age payload fails its tags: altered, cut short, or followed by something."""


class Missing(StorageError):
    """A file or entry that something else relies on is not there."""


class Occupied(StorageError):
    """A name that is written once already holds other bytes."""


class Busy(StorageError):
    """Another process holds the lock and did not let go in the time allowed."""


class NoKey(StorageError):
    """No identity offered opens this; which of them came close is not said."""


class WrongPassphrase(NoKey):
    """The passphrase does not open this key file."""


class NoCounterpart(StorageError):
    """The half of a key that lies outside the archive is not here: destroyed, or never brought.

    No NoKey: whoever asks does hold what was granted to him.
    """


class Unsuitable(StorageError):
    """The request itself breaks a rule: an unsafe name, mixed recipients, a weak work factor."""


class DiskFailed(StorageError):
    """The operating system refused a read, a write or an fsync.

    After a failed fsync the kernel may drop the pages and report success the next
    time, so whatever raised this must not be tried again on the same object.
    """

    def __init__(self, message: str, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno

    @property
    def disk_full(self) -> bool:
        """Whether room is all that lacked (no space left, or the quota used up)."""
        return self.errno in (codes.ENOSPC, codes.EDQUOT)

    @classmethod
    def of(cls, doing: str, error: OSError) -> DiskFailed:
        """Translate an OSError met while `doing` something to a named file."""
        reason = os.strerror(error.errno) if error.errno else "unknown reason"
        return cls(f"{doing}: {reason}", error.errno)
