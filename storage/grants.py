"""Grants: for a while somebody may open one record, without the key of its grade.

Owns the folder `keys/loans/` below the archive's root and the names in it:

    keys/loans/L000001/R00000001.head     a head like the record's, sealed to one person, in an
                                          age file sealed to the grant's counterpart

A grant is the record's file key, sealed once more to the borrower under a label that names the
grant, the record, the loan and the day it ends. Bodies are not touched: they open under the
record's own head or under any head granted. The counterpart (`storage.counterparts`, named
L000001-R00000001) lies outside the archive; when the grant is withdrawn it is deleted first, and
every copy of the head that was made meanwhile opens nothing more. A grant of earlier versions has
no such layer; it opens until its loan ends.

Rules it keeps:
- The label's stanza is of a kind of its own (`archivist/grant-v1`). A grant never passes for a
  record's head, nor a record's head for a grant, whatever their fields say.
- The label is compared with all that the caller knows of the loan, the last day among it, so an
  older grant of the same loan, or one that its holder sealed anew for longer, is refused.
- Nothing here reads a clock: who opens after the day has passed is refused by the caller, who
  also has the head deleted.

What a grant cannot promise: whoever opened it once has the file key. Who keeps that opens this
body for ever, as he could keep a copy of what he saw.

    grants = Grants(vault, counterparts)
    grants.grant(record, "L000001/R00000001", [grade_key], head_label, wang, label)
    b"".join(grants.open("L000001/R00000001", record, "pdf", [wangs_key], label, sha256=digest))
    grants.withdraw("L000001/R00000001")
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from storage import durable
from storage.age.files import decrypt, encrypt
from storage.age.header import Header
from storage.age.recipients import HybridIdentity, Identity, Recipient, X25519Identity
from storage.counterparts import Counterparts
from storage.errors import Damaged, Missing, NoCounterpart, NoKey, Unsuitable
from storage.vault import MAX_HEAD_BYTES, Label, Vault, _compare_label, _label_of

GRANT_KIND = "archivist/grant-v1"

_NAME = re.compile(r"L[0-9]{6,16}/R[0-9]{8,16}")
_BOUND = ("record", "loan", "until")
_OWN_FIELDS = frozenset({"name", "bodies", "grant"})


class Grants:
    """The heads granted below a vault's root. Holds no lock: one process writes, many may read."""

    def __init__(self, vault: Vault, counterparts: Counterparts) -> None:
        self._vault = vault
        self._counterparts = counterparts
        self._top = vault.root / "keys" / "loans"

    def grant(
        self,
        name: str,
        grant: str,
        identities: Iterable[Identity],
        expect_label: Label,
        recipient: Recipient,
        label: Label,
    ) -> str:
        """Let `recipient` open the record `name`; durable on return. Gives the SHA-256 of what
        lies there.

        `expect_label` is what the record's own head must say. A grant that lies there under this
        name is replaced: a loan was renewed, or a crash came before its entry. Raises Missing,
        NoKey, BadHeader, BadMac, Damaged (label), Unsuitable, DiskFailed.
        """
        path, label = self._path(grant), _bound(grant, label)
        self._counterparts.check_writable()
        stored = self._vault.stored_head(name)
        head = self._vault.resealed(
            name, stored, identities, expect_label, recipient, label, GRANT_KIND
        )
        durable.make_folders(path.parent)
        sealed = encrypt([self._counterpart(grant).recipient], head)
        durable.replace(path, sealed, mode=0o444)
        return hashlib.sha256(sealed).hexdigest()

    def open(
        self,
        grant: str,
        name: str,
        suffix: str,
        identities: Iterable[Identity],
        expect_label: Label,
        *,
        sha256: str,
    ) -> Iterator[bytes]:
        """The plaintext of a record's body, piece by verified piece, opened by a grant.

        Raises what `Vault.open` does; Missing when there is no such grant, NoCounterpart when it
        was withdrawn and this is a copy.
        """
        expect = _bound(grant, expect_label)
        head = self._head(grant, durable.read_bytes(self._path(grant), MAX_HEAD_BYTES))
        return self._vault.open_under(
            head, GRANT_KIND, name, suffix, identities, expect, sha256=sha256
        )

    def verify(self, grant: str, name: str, label: Label, sha256: str) -> None:
        """Compare a grant with what the ledger says of it; needs no person's key.

        Raises Missing, NoCounterpart, Damaged, DiskFailed.
        """
        stored = durable.read_bytes(self._path(grant), MAX_HEAD_BYTES)
        head = Header.parse(self._head(grant, stored))
        _compare_label(name, _label_of(head, GRANT_KIND), _bound(grant, label))
        if hashlib.sha256(stored).hexdigest() != sha256:
            raise Damaged(f"keys/loans/{grant}.head is not what the ledger names")

    def takes_counterpart(self, grant: str) -> bool:
        """Whether what lies there opens with a counterpart only; False where nothing lies, or what
        cannot be read. Raises DiskFailed."""
        try:
            stored = durable.read_bytes(self._path(grant), MAX_HEAD_BYTES)
            return not Header.read(io.BytesIO(stored)).of_kind(GRANT_KIND)
        except (Missing, Damaged):
            return False

    def withdraw(self, grant: str) -> bool:
        """Delete a grant durably, its counterpart first: a crash between the two leaves a head that
        opens nothing and still shows what to finish. False when it was gone already. Raises
        DiskFailed.
        """
        path = self._path(grant)
        self._counterparts.destroy(counterpart_name(grant))
        gone = durable.remove(path)
        with contextlib.suppress(OSError):  # another record of the loan is granted still
            path.parent.rmdir()
        return gone

    def names(self) -> Iterator[str]:
        """Every grant that lies there, in order; of any other file the path below the folder.

        For audits: what no open loan names stands out, a file that is no grant among it.
        """
        for folder, folders, files in os.walk(self._top):
            folders.sort()
            links = [name for name in folders if Path(folder, name).is_symlink()]
            for name in sorted(files + links):
                yield Path(folder, name).relative_to(self._top).as_posix().removesuffix(".head")

    def _counterpart(self, grant: str) -> HybridIdentity | X25519Identity:
        """The one that is there (the loan was renewed, or a crash came), or a new one."""
        name = counterpart_name(grant)
        try:
            return self._counterparts.open(name)
        except NoCounterpart:
            return self._counterparts.make(name)

    def _head(self, grant: str, stored: bytes) -> bytes:
        """The head within what lies there. Raises NoCounterpart, Damaged."""
        if Header.read(io.BytesIO(stored)).of_kind(GRANT_KIND):
            return stored  # made before there were counterparts
        name = counterpart_name(grant)
        try:
            return decrypt([self._counterparts.open(name)], stored)
        except NoKey:
            raise Damaged(f"keys/loans/{grant}.head is another's, or of another machine") from None

    def _path(self, grant: str) -> Path:
        if not _NAME.fullmatch(grant):
            raise Unsuitable("a grant's name is a loan and a record, L000001/R00000001")
        return self._top / f"{grant}.head"


def counterpart_name(grant: str) -> str:
    """What the counterpart of a grant is called."""
    return grant.replace("/", "-")


def _bound(grant: str, label: Label) -> Label:
    """The label with the grant's own name in it. Raises Unsuitable unless it binds what it must."""
    if not _OWN_FIELDS.isdisjoint(label):
        raise Unsuitable("a grant's label cannot set the vault's own fields")
    if any(not isinstance(label.get(field), str) for field in _BOUND):
        raise Unsuitable("a grant's label says which record, which loan, and until when")
    try:
        date.fromisoformat(str(label["until"]))
    except ValueError:
        raise Unsuitable("a grant ends on a day, 2026-03-31") from None
    if grant != f"{label['loan']}/{label['record']}":
        raise Unsuitable("a grant is named after its loan and its record")
    return {**label, "grant": grant}
