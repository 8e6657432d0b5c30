"""What can go wrong for a person, and nothing about how it is printed.

    ArchivistError
    ├── BadRequest       the words of a command do not fit together
    ├── NoArchive        no archive.toml here or above
    ├── NotKnown         a customer, dossier, record or claim that does not exist
    ├── NotAllowed       clearance, approval or separation of duties says no
    ├── KeyNeeded        house key or passphrase missing, or nobody logged in
    └── Unavailable      this machine cannot do it now; nothing is wrong with the request
        └── Away         the archive's folder is not in its place

A refusal of a document is not an error but an outcome (`policies.Refused`).
The leaves raise their own roots (`StorageError`, `ShadowError`, `PolicyError`);
one table in `archivist.cli` maps all of them to exit codes and hints.

Messages never carry a secret, a document's text or a graded title.
"""


class ArchivistError(Exception):
    """Root of the stem's errors: what is wrong and what the person can do, in both languages."""

    def __init__(self, zh: str, en: str, hint_zh: str = "", hint_en: str = "") -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en
        self.hint_zh = hint_zh
        self.hint_en = hint_en


class BadRequest(ArchivistError):
    """The command's words do not fit together; nothing was done."""


class NoArchive(ArchivistError):
    """There is no archive at the given place or above it."""


class NotKnown(ArchivistError):
    """The named customer, dossier, record, claim or person does not exist."""


class NotAllowed(ArchivistError):
    """Clearance, approval or separation of duties forbids it; nothing was done."""


class KeyNeeded(ArchivistError):
    """The house key or a person's passphrase is missing or wrong."""


class Unavailable(ArchivistError):
    """This machine cannot do it now; nothing is wrong with the request or the document."""


class Away(Unavailable):
    """The archive's folder is not in its place: moved, or its disk taken out. It may come back."""
