"""Time stamps: an outside authority says when the ledger had come so far (RFC 3161).

Owns asking the authority and checking what it answered before. A witness shows that nothing was
taken back; a stamp shows that it was there on a day, to somebody who trusts neither the archive
nor its witnesses. Head and answer lie side by side in `ledger/stamps/` (`storage.cosigned`).

Rules it keeps:
- Only a digest leaves the house.
- An answer is kept when it is about the very head that was asked for; when the authority's
  certificates are known, when it is the authority's besides.
- A head is stamped once: when nothing was added since the last stamp, nobody is asked.

    stamped = stamp(archive, "http://tsa.example/tsr", roots)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archivist import fetching
from archivist.archive import Archive
from archivist.config import Settings
from archivist.errors import BadRequest, Unavailable
from storage import cosigned
from storage.durable import read_bytes
from storage.errors import Damaged, Missing, StorageError
from storage.ledger_findings import STAMP, Finding
from storage.note import MAX_NOTE_BYTES
from storage.stamp import MAX_REPLY_BYTES, QUERY_MEDIA, ask, certificates, check

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MAX_PEM_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Stamped:
    """One time stamp: size of the ledger, when, where the answer lies, whether it was vouched
    for by the authority's certificates, and whether it was there before."""

    size: int
    time: datetime
    where: str
    vouched: bool
    known: bool = False


def stamp(archive: Archive, url: str, roots: Sequence["Certificate"]) -> Stamped:
    """Have the newest head stamped. Raises Unavailable when the authority does not answer, Damaged
    when it answers something else, BadRequest for an address that cannot be."""
    fetching.check_url(url)
    head, note = archive.newest_head()
    root = archive.root / "ledger"
    for where in cosigned.stamps_of(root, head.size):
        before = check(read_bytes(root / where, MAX_REPLY_BYTES), note, roots)
        return Stamped(head.size, before.time, where, before.vouched, known=True)
    asked = ask(note)
    try:
        reply = fetching.post(url, asked.body, QUERY_MEDIA, max_bytes=MAX_REPLY_BYTES)
    except fetching.Away as error:
        raise Unavailable(
            f"时间戳服务没有应答：{error}", f"the time-stamp authority is away: {error}"
        ) from None
    if reply.status != 200:
        raise Unavailable(
            f"时间戳服务回答 {reply.status}", f"the time-stamp authority answers {reply.status}"
        )
    made = check(reply.body, note, roots, asked)
    where = cosigned.keep_stamp(root, head.size, note, reply.body)
    return Stamped(head.size, made.time, where, made.vouched)


def checked(root: Path, roots: Sequence["Certificate"]) -> tuple[list[Stamped], list[Finding]]:
    """Every time stamp beside a ledger, oldest first, and what is wrong with them.

    Whether the ledger still contains the heads is asked by `storage.ledger_audit`.
    """
    found: list[Stamped] = []
    wrong: list[Finding] = []
    for where in cosigned.stamps_of(root):
        size = int(Path(where).name.partition(".")[0])
        try:
            note = read_bytes(root / cosigned.STAMPS / f"{size:016d}.checkpoint", MAX_NOTE_BYTES)
            made = check(read_bytes(root / where, MAX_REPLY_BYTES), note, roots)
        except StorageError as error:
            wrong.append(Finding(STAMP, where, str(error)))
        else:
            found.append(Stamped(size, made.time, where, made.vouched, known=True))
    return found, wrong


def known_roots(settings: Settings, given: Path | None) -> "list[Certificate]":
    """The authority's certificates: from `given`, else from the settings; none when neither is.

    Raises BadRequest when the file cannot be read or holds none.
    """
    named = given or (
        settings.root / settings.tsa_certificates if settings.tsa_certificates else None
    )
    if named is None:
        return []
    try:
        return certificates(read_bytes(named, _MAX_PEM_BYTES))
    except (Damaged, Missing) as error:
        raise BadRequest(f"{named.name} 中没有证书：{error}", f"{named.name}: {error}") from None
