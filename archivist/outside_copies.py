"""What no program can destroy: paper originals, and recovery bundles that open the old keys.

Owns the steps `paper` and `bundle` of the ledger act `destroy`: that people destroyed a thing
outside the archive's folder, and that others saw it. Until then certificate, register and
`disposal show` say that it was not attested.

Rules it keeps:
- Only of what the ledger says destroyed: paper goes last, because a scan can be wrong.
- As many witnesses as looked on at the destruction itself, and none who carries it out; each signs
  his own statement (`archivist.destruction_proofs`). The place is sealed in a card.
- Paper goes as the regulation says (S001-10-R14: confidential papers by shredder); where it says
  `tear`, anything stronger will do.
- Each paper and each bundle once.
- A bundle still opens a destroyed record when it holds a generation of any key that the record was
  ever sealed to, be that generation long gone here: it lives on in the bundle.

    bundles_that_open(archive, "X000001")            # [{"idx": 12, "attested": None, …}]
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from archivist import destruction, destruction_proofs, destruction_rows, disposals, statements
from archivist.errors import BadRequest, NotAllowed, NotKnown
from policies.destruction import disposal_terms

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.policy import Policy
    from storage.people import Unlocked

PAPER = ("shred", "pulp", "burn", "tear")
BUNDLE = ("shred", "burn", "wipe")
SHORTEST_DIGEST = 8  # digits of a bundle's SHA-256 that name it


@dataclass(frozen=True, slots=True)
class Seen:
    """What people did outside: how, where, on which day, and who looked on."""

    method: str
    place: str
    on: date
    witnesses: tuple[Unlocked, ...]


# ── paper ─────────────────────────────────────────────────────────────────────


def paper_destroyed(
    archive: Archive,
    policy: Policy,
    disposal: str,
    records: Sequence[str],
    seen: Seen,
    who: str,
    now: datetime,
) -> tuple[str, ...]:
    """Record that paper originals ended; without `records` all that are not told yet.

    Returns the records. Raises NotKnown, BadRequest (nothing left, no place), NotAllowed (not
    destroyed yet, too few or the wrong witnesses, another method than the regulation's).
    """
    archive.follow()
    with archive.writing(now, who) as desk:
        row = ended(archive, disposal)
        left = paper_left(archive, disposal)
        wanted = tuple(sorted(records)) or tuple(left)
        if unknown := [name for name in wanted if name not in left]:
            names = ", ".join(unknown)
            raise NotKnown(f"{disposal} 没有待销毁的纸质原件 {names}",
                           f"no paper original of {names} is left in {disposal}")  # fmt: skip
        if not wanted:
            raise BadRequest(f"{disposal} 的纸质原件都已销毁", f"no paper is left of {disposal}")
        for stone in archive.catalogue.tombstones_of(disposal):
            if stone["id"] in wanted:
                _check_method(archive, policy, stone, seen.method)
        _check_witnesses(archive, row, seen, who)
        _say(archive, desk, disposal, "paper", wanted, seen, now, {"records": list(wanted)})
    archive.follow()
    return wanted


def paper_left(archive: Archive, disposal: str) -> list[str]:
    """The records of a disposal whose paper originals nobody has seen destroyed."""
    row = destruction.decided(archive, disposal)
    done = {name for told in row["papers"] for name in told["items"]}
    return [name for name in row["items"] if name not in done]


def methods_for(archive: Archive, policy: Policy, stone: Row) -> tuple[tuple[str, ...], list[str]]:
    """How the regulations have such a paper destroyed (none: as one likes), and the clauses."""
    dossier = archive.the("dossier", stone["dossier"])
    terms = disposal_terms(policy, stone["type"], dossier["type"], grade=stone["grade"])
    return tuple(name for name in terms.methods if name in PAPER), list(terms.clauses)


def _check_method(archive: Archive, policy: Policy, stone: Row, method: str) -> None:
    asked, clauses = methods_for(archive, policy, stone)
    if not asked or method in asked or "tear" in asked:
        return
    words = [destruction_rows.METHOD_WORDS[name] for name in asked]
    cited = ", ".join(clauses)
    raise NotAllowed(
        f"{stone['id']} 的纸质原件须{'、'.join(zh for zh, _ in words)}（{cited}）",
        f"the paper of {stone['id']} is to be {' or '.join(en for _, en in words)} ({cited})",
    )


# ── bundles ───────────────────────────────────────────────────────────────────


def bundle_destroyed(
    archive: Archive, disposal: str, bundle: str, seen: Seen, who: str, now: datetime
) -> Row:
    """Record that a recovery bundle ended: its ledger entry, or the first digits of its SHA-256.

    Raises NotKnown, BadRequest (told already, no place), NotAllowed.
    """
    archive.follow()
    with archive.writing(now, who) as desk:
        row = ended(archive, disposal)
        found = _the_bundle(archive, disposal, bundle)
        if found["attested"]:
            raise BadRequest(f"恢复包 {found['idx']} 已证实销毁",
                             f"bundle {found['idx']} was seen destroyed already")  # fmt: skip
        _check_witnesses(archive, row, seen, who)
        _say(archive, desk, disposal, "bundle", (found["sha256"],), seen, now,
             {"bundle": found["idx"]})  # fmt: skip
    archive.follow()
    return found


def bundles_that_open(archive: Archive, disposal: str) -> list[Row]:
    """Every bundle that holds a key some record of the disposal was ever sealed to."""
    opening: dict[str, set[int]] = {}
    for record in destruction.decided(archive, disposal)["items"]:
        for key, generations in destruction.generations_of(archive, record).items():
            opening.setdefault(key, set()).update(generations)
    return [
        row
        for row in archive.catalogue.bundles()
        if any(opening.get(key, set()) & set(held) for key, held in row["generations"].items())
    ]


def _the_bundle(archive: Archive, disposal: str, named: str) -> Row:
    bundles = bundles_that_open(archive, disposal)
    found = [row for row in bundles if named == str(row["idx"])]
    if not found and len(named) >= SHORTEST_DIGEST:
        found = [row for row in bundles if row["sha256"].startswith(named.lower())]
    if len(found) != 1:
        known = "、".join(f"{row['idx']}（{row['sha256'][:12]}）" for row in bundles) or "—"
        raise NotKnown(
            f"没有能打开 {disposal} 的恢复包 {named}",
            f"no bundle {named} opens anything of {disposal}",
            f"有：{known}",
            f"there are: {known}",
        )
    return found[0]


# ── both ──────────────────────────────────────────────────────────────────────


def ended(archive: Archive, disposal: str) -> Row:
    """The destruction of a disposal that is over. Raises NotKnown, NotAllowed before its end."""
    row = destruction.decided(archive, disposal)
    if row["state"] != "destroyed":
        raise NotAllowed(
            f"{disposal} 尚未销毁完毕",
            f"{disposal} is not destroyed yet",
            f"先完成：archivist disposal execute {disposal}",
            f"finish it first: archivist disposal execute {disposal}",
        )
    return row


def _check_witnesses(archive: Archive, row: Row, seen: Seen, who: str) -> None:
    if not seen.place.strip():
        raise BadRequest("请用 --place 写明地点", "say where with --place TEXT")
    names = {one.name for one in seen.witnesses}
    needed = len(row["witnesses"])
    if len(names) < needed or len(names) < len(seen.witnesses):
        raise NotAllowed(
            f"须有 {needed} 名不同的监销人", f"{needed} different witnesses are needed"
        )
    if who in names:
        raise NotAllowed("经办人不能同时是监销人", "whoever carries it out does not witness it")
    for one in seen.witnesses:
        archive.active(one.name)
        statements.check_own_key(archive, one)


def _say(
    archive: Archive,
    desk: Any,
    disposal: str,
    of: str,
    things: Iterable[str],
    seen: Seen,
    now: datetime,
    more: Mapping[str, Any],
) -> None:
    things = list(things)
    content = {"v": 1, "place": seen.place, "salt": os.urandom(16).hex()}
    digest = destruction_proofs.ids_digest(things)
    deed = destruction_proofs.Deed(
        disposal, of, digest, len(things), seen.method, destruction_proofs.words_digest(content)
    )
    here = archive.settings.archive_id
    desk.say_with_card(
        disposals.FOLDER,
        disposal,
        content,
        "destroy",
        {"disposal": disposal},
        step=of,
        state="destroyed",
        list=digest,
        method=seen.method,
        on=seen.on.isoformat(),
        witnesses=[destruction_proofs.signed_by(here, deed, one, now) for one in seen.witnesses],
        **more,
    )
