"""Who is logged in: an unlocked person, kept for some hours where only memory is.

Owns the session file: one per archive, in the user's runtime folder, which lies on a
tmpfs and is gone after a restart. Besides the person's secrets it keeps the full-text
keys that the person had at login, so that a search need not open any key file; whether
the person still holds them, the caller asks `KeyRing.holds`, which is cheap. In the file each
stands under a mask of its counterpart: a key that is destroyed is gone from sessions as well.

Rules: folder and file belong to the user alone, are no symbolic links, and are refused
otherwise; an expired session is removed, not used; whether it has expired, the caller's
clock says.

    folder = runtime_folder(os.environ)
    save(folder, archive_id, unlocked, now + timedelta(hours=8), {("jimi", 2): key}, counterparts)
    found = load(folder, archive_id, now, counterparts)            # Session, or None
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
from storage.counterparts import Counterparts
from storage.errors import Damaged, Missing, NoCounterpart, Unsuitable
from storage.keys import counterpart_name
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
    counterparts: Counterparts,
) -> None:
    """Keep a person unlocked until `expires_at` (with a time zone).

    Takes the place of whoever was logged in to this archive. Raises Unsuitable, DiskFailed.
    """
    assert expires_at.tzinfo is not None
    salt = os.urandom(SECRET_BYTES)
    fields = {
        "name": unlocked.name,
        "expires_at": expires_at.isoformat(),
        "secret": _text64(unlocked.identity.secret),
        "signing_seed": _text64(unlocked.signing_seed),
        "salt": _text64(salt),
        "index_keys": [_masked(name, key, salt, counterparts) for name, key in index_keys.items()],
    }
    path = _path(_private_folder(folder), archive_id)
    durable.replace(path, json.dumps(fields, ensure_ascii=False).encode("utf-8"), mode=0o600)


def load(
    folder: Path, archive_id: str, now: datetime, counterparts: Counterparts
) -> Session | None:
    """Who is logged in, or None. An expired or unreadable session is removed.

    Full-text keys whose counterpart is not there are left out.

    Raises Unsuitable when the file is not the user's own or is open to others.
    """
    assert now.tzinfo is not None
    path = _path(folder, archive_id)
    try:
        _refuse_foreign(path, path.lstat(), stat.S_ISREG)
        session = _parse(durable.read_bytes(path, MAX_FILE_BYTES), counterparts)
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


def _parse(raw: bytes, counterparts: Counterparts) -> Session:
    try:
        fields = json.loads(raw)
        salt = _secret(fields["salt"])
        named = {
            (str(key_id), int(n)): (_secret(key), bool(masked))
            for key_id, n, key, masked in fields["index_keys"]
        }
        session = Session(
            str(fields["name"]),
            datetime.fromisoformat(fields["expires_at"]),
            _secret(fields["secret"]),
            _secret(fields["signing_seed"]),
            {
                name: key
                for name, (stored, masked) in named.items()
                if (key := _unmasked(name, stored, salt, counterparts) if masked else stored)
            },
        )
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError, Unsuitable):
        raise Damaged("the session cannot be read") from None
    if session.expires_at.tzinfo is None:
        raise Damaged("the session does not say when it ends")
    return session


def _masked(
    name: KeyName, key: bytes, salt: bytes, counterparts: Counterparts
) -> tuple[str, int, str, bool]:
    """A full-text key as the file has it; as it is where the key has no counterpart."""
    key_id, generation = name
    # Grades that an earlier version never sealed have generation 0, and no key of their own.
    hidden = _unmasked(name, key, salt, counterparts) if generation else None
    return key_id, generation, _text64(hidden or key), hidden is not None


def _unmasked(name: KeyName, key: bytes, salt: bytes, counterparts: Counterparts) -> bytes | None:
    """The same in both directions; None when there is no such counterpart."""
    try:
        mask = counterparts.mask(counterpart_name(*name), salt)
    except NoCounterpart:
        return None
    return bytes(one ^ other for one, other in zip(key, mask, strict=True))


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
