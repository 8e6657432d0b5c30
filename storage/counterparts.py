"""Counterparts: the second half of every key, outside of the folder that is copied.

Owns the folder beside the house key, and the files in it:

    <house key file>.counterparts/SECRET-0002           for generation 2 of the key SECRET
    <house key file>.counterparts/L000001-R00000001     for a record while it is on loan

Each is an identity file as the stock tool takes it. What must be destroyed one day (the private
half of a key, a borrower's head) is sealed to whom it is for *and* to its counterpart. Copies of
the archive's folder cannot be called back; the counterpart is in none of them, so when it is
deleted, all of them are shut at once, to whoever has whichever other key.

Rules it keeps:
- A counterpart is durable before anything is sealed to it, and a name that is taken is never
  written over: an old copy of an archive gives the same names as the archive itself.
- It is unlinked, and the folder flushed. It is not overwritten before: on a disk that remaps
  blocks, as every SSD does, that would promise what it cannot keep. The medium belongs under
  disk encryption, and the folder in no backup.
- Whoever reads the folder opens nothing by it alone.

    counterparts = Counterparts.beside(Path("/etc/archivist/house.key"))
    counterparts.make("SECRET-0002", "hybrid")
    decrypt([counterparts.open("SECRET-0002")], inner)
    counterparts.destroy("SECRET-0002")
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from storage import durable
from storage.errors import Damaged, DiskFailed, Missing, NoCounterpart, Unsuitable
from storage.hkdf import hkdf

# A search only asks for the mask of a session's keys; the ciphers are loaded where they are used.
if TYPE_CHECKING:
    from storage.age.recipients import HybridIdentity, X25519Identity

Suite = Literal["hybrid", "x25519"]

ENDING = ".counterparts"
MAX_FILE_BYTES = 4096
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


class Counterparts:
    """The counterparts of one archive. Holds no lock: one process writes, any number may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def beside(cls, house_key: Path) -> Counterparts:
        """Those that belong to the archive with this house key."""
        return cls(house_key.with_name(house_key.name + ENDING))

    def make(self, name: str, suite: Suite = "hybrid") -> HybridIdentity | X25519Identity:
        """A new counterpart, durable on return. Raises Unsuitable, Occupied, DiskFailed."""
        made = new_identity(suite)
        durable.make_folders(self.folder, mode=0o700)
        durable.write_new(self._path(name), _written(name, made).encode("ascii"), mode=0o600)
        return made

    def open(self, name: str) -> HybridIdentity | X25519Identity:
        """The identity of a counterpart. Raises NoCounterpart, Damaged, DiskFailed."""
        from storage.age.files import parse_identity_file

        try:
            (identity,) = parse_identity_file(self._text(name))
        except (Unsuitable, ValueError):
            raise Damaged(f"the counterpart {name} cannot be read") from None
        return identity

    def verify(self, name: str) -> None:
        """Compare a counterpart, byte for byte, with the one way of writing it under this name.

        Raises NoCounterpart, Damaged, DiskFailed.
        """
        if self._text(name) != _written(name, self.open(name)):
            raise Damaged(f"the counterpart {name} is written otherwise, or under another's name")

    def mask(self, name: str, salt: bytes) -> bytes:
        """32 bytes that only this counterpart gives: what is kept under them goes with it.

        Loads no cipher. Raises NoCounterpart.
        """
        info = b"archivist/counterpart/v1/mask"
        return hkdf(self._text(name).encode("ascii"), salt=salt, info=info)

    def has(self, name: str) -> bool:
        """Whether this counterpart is there."""
        return self._path(name).is_file()

    def destroy(self, name: str) -> bool:
        """Delete a counterpart durably; False when it was gone. Raises DiskFailed.

        Where there is no folder one is made: whoever looks in the wrong, unwritable place must not
        hear that all is gone.
        """
        path = self._path(name)
        if not self.folder.is_dir():
            durable.make_folders(self.folder, mode=0o700)
        return durable.remove(path)

    def names(self) -> list[str]:
        """Every counterpart that is there, sorted; what looks like none is left out."""
        if not self.folder.is_dir():
            return []
        found = (path.name for path in self.folder.iterdir() if path.is_file())
        return sorted(name for name in found if _NAME.fullmatch(name))

    def check_writable(self) -> None:
        """Raises DiskFailed where no counterpart could be made or deleted: to be asked before
        anything is changed that needs one."""
        place = self.folder
        while not os.path.lexists(place) and place != place.parent:
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise DiskFailed(f"the counterparts of the keys cannot be written to {self.folder}")

    def exposed(self) -> list[Path]:
        """The folder and files of it that others than its owner may read, or that are links."""
        places = [self.folder, *sorted(self.folder.iterdir())] if self.folder.is_dir() else []
        modes = [(place, place.lstat().st_mode) for place in places]
        return [place for place, mode in modes if mode & 0o077 or stat.S_ISLNK(mode)]

    def _text(self, name: str) -> str:
        try:
            return durable.read_bytes(self._path(name), MAX_FILE_BYTES).decode("ascii", "replace")
        except Missing:
            raise NoCounterpart(f"the counterpart {name} is not in {self.folder}") from None

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Unsuitable("a counterpart's name has 1 to 64 letters, digits and hyphens")
        return self.folder / name


def _written(name: str, identity: HybridIdentity | X25519Identity) -> str:
    return f"# archivist counterpart: {name}\n{identity.secret_text()}\n"


def new_identity(suite: Suite) -> HybridIdentity | X25519Identity:
    """A new identity of a suite."""
    from storage.age.recipients import HybridIdentity, X25519Identity

    return HybridIdentity.generate() if suite == "hybrid" else X25519Identity.generate()
