"""An unlocked person, kept for some hours where only memory is.

Owns the session file: one per archive, in the user's runtime folder, which lies on a
tmpfs and is gone after a restart. Rules: the folder and the file belong to the user
alone, are no symbolic links, and are refused otherwise; an expired session is removed,
not used; whether it has expired, the caller's clock says.

    folder = runtime_folder(os.environ)
    save(folder, archive_id, unlocked, expires_at=now + timedelta(hours=8))
    load(folder, archive_id, now)            # Unlocked, or None
"""

from __future__ import annotations

import binascii
import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from storage import durable
from storage.age.recipients import SECRET_BYTES, HybridIdentity
from storage.errors import Damaged, Missing, Unsuitable
from storage.people import Unlocked

MAX_FILE_BYTES = 4096
# Everybody may write there; so the folder inside is checked like any other stranger.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
_ARCHIVE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


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


def save(folder: Path, archive_id: str, unlocked: Unlocked, expires_at: datetime) -> None:
    """Keep a person unlocked until `expires_at` (with a time zone).

    Takes the place of whoever was logged in to this archive. Raises Unsuitable, DiskFailed.
    """
    if expires_at.tzinfo is None:
        raise Unsuitable("a session expires at a time with a time zone")
    fields = {
        "name": unlocked.name,
        "secret": _text64(unlocked.identity.secret),
        "signing_seed": _text64(unlocked.signing_seed),
        "expires_at": expires_at.isoformat(),
    }
    path = _path(_private_folder(folder), archive_id)
    durable.replace(path, json.dumps(fields, ensure_ascii=False).encode("utf-8"), mode=0o600)


def load(folder: Path, archive_id: str, now: datetime) -> Unlocked | None:
    """Who is logged in, or None. An expired or unreadable session is removed.

    Raises Unsuitable when the file is not the user's own or is open to others.
    """
    assert now.tzinfo is not None
    path = _path(folder, archive_id)
    try:
        _refuse_foreign(path, path.lstat(), stat.S_ISREG)
        fields = json.loads(durable.read_bytes(path, MAX_FILE_BYTES))
        secrets = [binascii.a2b_base64(fields[key]) for key in ("secret", "signing_seed")]
        if [len(secret) for secret in secrets] != [SECRET_BYTES, SECRET_BYTES]:
            raise ValueError("a secret of the wrong length")
        expired = now >= datetime.fromisoformat(fields["expires_at"])
        unlocked = Unlocked(str(fields["name"]), HybridIdentity(secrets[0]), secrets[1])
    except (FileNotFoundError, NotADirectoryError, Missing):
        return None
    except (ValueError, LookupError, TypeError, Damaged):
        expired = True
    if expired:
        forget(folder, archive_id)
        return None
    return unlocked


def forget(folder: Path, archive_id: str) -> bool:
    """Log out; False when nobody was logged in. Raises Unsuitable, DiskFailed."""
    return durable.remove(_path(folder, archive_id))


def _path(folder: Path, archive_id: str) -> Path:
    if not _ARCHIVE_ID.fullmatch(archive_id):
        raise Unsuitable("an archive id has letters, digits and hyphens only")
    return folder / f"{archive_id}.session"


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
