"""Who is logged in: an unlocked person, kept for some hours where only memory is.

Owns the session file: one per archive, in the user's runtime folder, which lies on a
tmpfs and is gone after a restart. Besides the person's secrets it keeps the full-text
keys that the person had at login, so that a search need not open any key file; whether
the person still holds them, the caller asks `KeyRing.holds`, which is cheap.

Rules: folder and file belong to the user alone, are no symbolic links, and are refused
otherwise; an expired session is removed, not used; whether it has expired, the caller's
clock says.

    folder = runtime_folder(os.environ)
    save(folder, archive_id, unlocked, now + timedelta(hours=8), {("jimi", 2): key})
    found = load(folder, archive_id, now)            # Session, or None
    found.unlocked().sign(statement)
"""

from __future__ import annotations

import binascii
import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from storage import durable
from storage.errors import Damaged, Missing, Unsuitable
from storage.names import checked_archive_id

if TYPE_CHECKING:
    from storage.people import Unlocked

MAX_FILE_BYTES = 64 * 1024
SECRET_BYTES = 32
# Everybody may write there; so the folder inside is checked like any other stranger.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108

KeyName = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Session:
    """One login: who, until when, and the secrets. None of them is shown in a repr.

    `index_keys` maps (key id, generation) to the 32 bytes that open its full text.
    """

    name: str
    expires_at: datetime
    secret: bytes = field(repr=False)
    signing_seed: bytes = field(repr=False)
    index_keys: Mapping[KeyName, bytes] = field(repr=False)

    def unlocked(self) -> Unlocked:
        """The person with both keys, as after entering the passphrase."""
        # Loads the ciphers, which a search does without.
        from storage.age.recipients import HybridIdentity
        from storage.people import Unlocked

        return Unlocked(self.name, HybridIdentity(self.secret), self.signing_seed)


def runtime_folder(environ: Mapping[str, str], *, shared_memory: Path = SHARED_MEMORY) -> Path:
    """The user's folder in memory, made if need be.

    `$XDG_RUNTIME_DIR/archivist`, else `/run/user/<uid>/archivist`, else
    `/dev/shm/archivist-<uid>`; the first whose parent exists. Raises Unsuitable when none
    does, or when the folder is a link, somebody else's, or open to others.
    """
    uid = os.getuid()
    named = environ.get("XDG_RUNTIME_DIR", "")
    places = [Path(named) / "archivist"] if named.startswith("/") else []
    places += [Path(f"/run/user/{uid}/archivist"), shared_memory / f"archivist-{uid}"]
    for place in places:
        if place.parent.is_dir():
            return _private_folder(place)
    raise Unsuitable("there is no folder in memory for sessions; set XDG_RUNTIME_DIR")


def save(
    folder: Path,
    archive_id: str,
    unlocked: Unlocked,
    expires_at: datetime,
    index_keys: Mapping[KeyName, bytes],
) -> None:
    """Keep a person unlocked until `expires_at` (with a time zone).

    Takes the place of whoever was logged in to this archive. Raises Unsuitable, DiskFailed.
    """
    assert expires_at.tzinfo is not None
    fields = {
        "name": unlocked.name,
        "expires_at": expires_at.isoformat(),
        "secret": _text64(unlocked.identity.secret),
        "signing_seed": _text64(unlocked.signing_seed),
        "index_keys": [
            [key_id, generation, _text64(key)] for (key_id, generation), key in index_keys.items()
        ],
    }
    path = _path(_private_folder(folder), archive_id)
    durable.replace(path, json.dumps(fields, ensure_ascii=False).encode("utf-8"), mode=0o600)


def load(folder: Path, archive_id: str, now: datetime) -> Session | None:
    """Who is logged in, or None. An expired or unreadable session is removed.

    Raises Unsuitable when the file is not the user's own or is open to others.
    """
    assert now.tzinfo is not None
    path = _path(folder, archive_id)
    try:
        _refuse_foreign(path, path.lstat(), stat.S_ISREG)
        session = _parse(durable.read_bytes(path, MAX_FILE_BYTES))
    except (FileNotFoundError, NotADirectoryError, Missing):
        return None
    except Damaged:
        session = None
    if session is None or now >= session.expires_at:
        forget(folder, archive_id)
        return None
    return session


def forget(folder: Path, archive_id: str) -> bool:
    """Log out; False when nobody was logged in. Raises Unsuitable, DiskFailed."""
    return durable.remove(_path(folder, archive_id))


def _parse(raw: bytes) -> Session:
    try:
        fields = json.loads(raw)
        session = Session(
            str(fields["name"]),
            datetime.fromisoformat(fields["expires_at"]),
            _secret(fields["secret"]),
            _secret(fields["signing_seed"]),
            {(str(key_id), int(n)): _secret(key) for key_id, n, key in fields["index_keys"]},
        )
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        raise Damaged("the session cannot be read") from None
    if session.expires_at.tzinfo is None:
        raise Damaged("the session does not say when it ends")
    return session


def _secret(text: str) -> bytes:
    data = binascii.a2b_base64(text, strict_mode=True)
    if len(data) != SECRET_BYTES:
        raise ValueError("a secret of the wrong length")
    return data


def _path(folder: Path, archive_id: str) -> Path:
    return folder / f"{checked_archive_id(archive_id)}.session"


def _private_folder(folder: Path) -> Path:
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        pass
    except OSError:
        raise Unsuitable(f"the session folder {folder} cannot be made") from None
    _refuse_foreign(folder, folder.lstat(), stat.S_ISDIR)
    return folder


def _refuse_foreign(path: Path, found: os.stat_result, is_kind: Callable[[int], bool]) -> None:
    if not is_kind(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Unsuitable(f"{path} must belong to its user alone and be no link")


def _text64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")
