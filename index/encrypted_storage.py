"""Where Whoosh keeps its files when nothing may lie on disk in clear.

Whoosh writes through a storage object. This one has two kinds of files: *sealed*
ones, a finished segment (`.seg`) or table of contents (`.toc`), encrypted on disk;
and *loose* ones, everything else, which never leave memory. Whoosh would put posting
runs and column scratch into the system's temporary folder even for an index in memory.

The rules it keeps:

* **Layout of a sealed file**: 8 bytes `ARCHWSH1`, 32 random bytes of salt, then chunks
  of up to 1 MiB, each AES-256-GCM sealed with its 16-byte tag. The file's key is
  HKDF-SHA256 (RFC 5869) of the index key, the salt and the file's name; a chunk's nonce
  is its number in 11 bytes and one byte that is 1 for the last chunk (the STREAM
  construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). So a file cannot be altered,
  cut short, extended or put in another's place.
* **Authenticated before parsed.** Whoosh unpickles its table of contents; whoever could
  alter it would run code here. Without the key nobody can.
* **Durable before named.** Content is flushed before the rename that shows it, and the
  folder after; Whoosh itself never calls fsync.

An older copy of the whole folder is not recognised as old: the index only lags then, and
its `applied` mark says where the ledger must be followed again.

Example:
    storage = EncryptedStorage(Path("index/secret.whoosh"), key)
    storage.seal("check.seg", b"...")
    storage.unseal("check.seg")
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from index.errors import IndexDamaged

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # escapes and comparisons that a newer Python frowns upon
    from whoosh.filedb.filestore import Storage
    from whoosh.filedb.structfile import BufferFile, StructFile
    from whoosh.util.filelock import FileLock

_MAGIC = b"ARCHWSH1"
_SALT_BYTES = 32
_TAG_BYTES = 16
_CHUNK_BYTES = 1 << 20
_SEALED = (".seg", ".toc")
_PART = ".part"


class _Buffer(io.BytesIO):
    """A file in memory that hands its content over when it is closed.

    Whoosh closes some files through its wrapper and some beneath it, so the
    hand-over must sit at the bottom.
    """

    def __init__(self, keep: Callable[[bytes], None]) -> None:
        super().__init__()
        self._keep = keep

    def close(self) -> None:
        if not self.closed:
            content = self.getvalue()
            super().close()  # first: a failing disk must not be tried again by the finalizer
            self._keep(content)


class MemoryStorage(Storage):  # type: ignore[misc]
    """Whoosh files that never leave memory."""

    supports_mmap = False

    def __init__(self) -> None:
        self._loose: dict[str, bytes] = {}

    def create_file(self, name: str, **_: Any) -> Any:
        """Return a new file that exists once it is closed."""

        def keep(content: bytes) -> None:
            self._loose[name] = content

        return StructFile(_Buffer(keep), name=name)

    def open_file(self, name: str, **_: Any) -> Any:
        """Return a file for reading. Raises FileNotFoundError."""
        return BufferFile(memoryview(self._content(name)), name=name)

    def _content(self, name: str) -> bytes:
        try:
            return self._loose[name]
        except KeyError:
            raise FileNotFoundError(name) from None

    def list(self) -> Sequence[str]:
        """Return the names of all files."""
        return [*self._loose]

    def __iter__(self) -> Iterator[str]:
        return iter(self.list())

    def file_exists(self, name: str) -> bool:
        """Tell whether there is such a file."""
        return name in self._loose

    def file_length(self, name: str) -> int:
        """Return the length in bytes of the content."""
        return len(self._content(name))

    def file_modified(self, name: str) -> float:
        """Return a constant: what counts as newer is said by generation numbers."""
        return 0.0

    def delete_file(self, name: str) -> None:
        """Remove a file; none of that name is as good as removed."""
        self._loose.pop(name, None)

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        """Give a file another name. Raises NameError when `safe` and the name is taken."""
        if safe and self.file_exists(newname):
            raise NameError(newname)
        with self.create_file(newname) as renamed:
            renamed.write(self._content(oldname))
        self.delete_file(oldname)

    def destroy(self) -> None:
        """Forget all files in memory."""
        self._loose.clear()

    def temp_storage(self, name: str | None = None) -> MemoryStorage:
        """Return a place for scratch files, apart from these."""
        return MemoryStorage()


class EncryptedStorage(MemoryStorage):
    """A folder of sealed files, with the unfinished ones in memory."""

    def __init__(self, folder: Path, key: bytes) -> None:
        super().__init__()
        self._folder = folder
        self._key = key

    def create_file(self, name: str, **options: Any) -> Any:
        """Return a new file; closing it seals it when its name is that of a finished one."""
        if not name.endswith(_SEALED):
            return super().create_file(name, **options)
        return StructFile(_Buffer(lambda content: self.seal(name, content)), name=name)

    def _content(self, name: str) -> bytes:
        return self.unseal(name) if name.endswith(_SEALED) else super()._content(name)

    def list(self) -> Sequence[str]:
        """Return the names of all files, sealed and loose, without unfinished ones of a crash."""
        on_disk = [entry.name for entry in self._folder.iterdir()]
        return [name for name in on_disk if not name.endswith(_PART)] + [*super().list()]

    def sealed(self) -> Sequence[str]:
        """Return the names of the sealed files on disk, sorted."""
        return sorted(name for name in self.list() if name.endswith(_SEALED))

    def file_exists(self, name: str) -> bool:
        """Tell whether there is such a file, sealed or loose."""
        return super().file_exists(name) or (self._folder / name).exists()

    def delete_file(self, name: str) -> None:
        """Remove a file, sealed or loose."""
        super().delete_file(name)
        (self._folder / name).unlink(missing_ok=True)

    def lock(self, name: str) -> Any:
        """Return a lock that the system releases when its holder dies."""
        return FileLock(str(self._folder / name))

    def seal(self, name: str, content: bytes) -> None:
        """Encrypt `content` under `name`, durably, replacing what was there. Raises OSError."""
        salt = os.urandom(_SALT_BYTES)
        aead = self._aead(name, salt)
        starts = range(0, max(len(content), 1), _CHUNK_BYTES)
        part = self._folder / (name + _PART)
        with part.open("wb") as file:
            file.write(_MAGIC + salt)
            for number, start in enumerate(starts):
                nonce = _nonce(number, last=start == starts[-1])
                file.write(aead.encrypt(nonce, content[start : start + _CHUNK_BYTES], None))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / name)
        self.sync()

    def unseal(self, name: str) -> bytes:
        """Return a sealed file's content. Raises IndexDamaged, or FileNotFoundError."""
        sealed = (self._folder / name).read_bytes()
        head, step = len(_MAGIC) + _SALT_BYTES, _CHUNK_BYTES + _TAG_BYTES
        starts = range(head, max(len(sealed), head + 1), step)
        try:
            if not sealed.startswith(_MAGIC):
                raise InvalidTag
            aead = self._aead(name, sealed[len(_MAGIC) : head])
            return b"".join(
                aead.decrypt(_nonce(i, last=s == starts[-1]), sealed[s : s + step], None)
                for i, s in enumerate(starts)
            )
        except InvalidTag:
            raise IndexDamaged(f"index file {self._folder.name}/{name} was altered") from None

    def sweep(self) -> None:
        """Remove unfinished files of a crash. For the holder of the write lock only."""
        for part in self._folder.glob("*" + _PART):
            part.unlink()

    def sync(self) -> None:
        """Make the folder's names durable: those that came and those that went."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _aead(self, name: str, salt: bytes) -> AESGCM:
        info = b"archivist/whoosh-file/1\0" + name.encode()
        return AESGCM(HKDF(SHA256(), length=32, salt=salt, info=info).derive(self._key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
