"""Keeping: until when a record of this archive must be kept, by the packs of then and of now.

Joins `policies.keeping` to the archive: under which pack versions a record was filed (its row
says), which were adopted since and whether the company said that they shorten (the ledger says),
and their texts, which lie in `packs/adopted/` by digest.

Rules it keeps:
- The ledger names the digest of each version. A text that does not have it is not read, and a
  record filed under a version that is not to be had is kept.
- The company's settings in archive.toml have no versions: they count as they stand now, for
  earlier packs too. What has to be held to its day belongs into the company's own pack.
- Days are local: a paper filed at two in the morning in China was filed on that day.

    schedule = Schedule(archive, policy)        # for many records: what repeats is worked out once
    schedule.kept(row, dossier).day
    kept(archive, policy, row)                  # for one
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from archivist.regulations import adopted_pack, policy_from
from archivist.standing import local_moment
from policies.keeping import Adoption, Edition, Kept, editions, longest
from policies.retention import Period, period_of

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.packs import Pack
    from policies.policy import Policy

__all__ = ["Kept", "Schedule", "kept"]

_Refs = tuple[str, ...]


def kept(archive: Archive, policy: Policy, row: Row) -> Kept:
    """Until when one record is kept, an appraisal's word included."""
    said = archive.catalogue.kept_until(row["id"])
    appraised = date.fromisoformat(said) if said else None
    return Schedule(archive, policy).kept(row, archive.the("dossier", row["dossier"]), appraised)


class Schedule:
    """The retention schedule of an archive as it stands: what is asked again is answered once.

    Needs a catalogue that is caught up, and is for one look: adoptions afterwards are not seen.
    """

    def __init__(self, archive: Archive, policy: Policy) -> None:
        self._archive = archive
        self._policy = policy
        rows = archive.catalogue.all_adoptions()
        self._rows = {f"{row['id']}@{row['version']}": row for row in rows}
        self._adoptions = [
            Adoption(f"{row['id']}@{row['version']}", bool(row["shortens"])) for row in rows
        ]
        self.epochs = [row["idx"] for row in rows]
        self._policies: dict[_Refs, Policy | None] = {tuple(sorted(policy.packs)): policy}
        self._sets: dict[tuple[_Refs, int], tuple[_Refs, ...]] = {}
        self._editions: dict[tuple[str, str, tuple[_Refs, ...]], tuple[Edition, ...]] = {}

    def kept(self, row: Row, dossier: Row, appraised: date | None = None) -> Kept:
        """Until when a record in this dossier is kept."""
        epoch = bisect_right(self.epochs, row["idx"])
        said = self.editions(row["type"], dossier["type"], row["packs"], epoch)
        filed = local_moment(row["filed"]).date()
        return longest(said, events_of(dossier["events"], dossier["closed"]), filed, appraised)

    def editions(
        self, doc_type: str, dossier_type: str, packs: Sequence[str], epoch: int
    ) -> tuple[Edition, ...]:
        """What each edition since the filing says of such a paper, filed under these packs.

        `epoch`: how many adoptions stood in the ledger by then; their entries are `epochs`.
        """
        together = self._together(tuple(packs), epoch)
        at = (doc_type, dossier_type, together)
        if at not in self._editions:
            self._editions[at] = tuple(
                Edition(refs, self._period(refs, doc_type, dossier_type)) for refs in together
            )
        return self._editions[at]

    def _together(self, packs: _Refs, epoch: int) -> tuple[_Refs, ...]:
        if (packs, epoch) not in self._sets:
            later = self._adoptions[epoch:]
            self._sets[packs, epoch] = editions(packs, later, self._policy.packs)
        return self._sets[packs, epoch]

    def _period(self, refs: _Refs, doc_type: str, dossier_type: str) -> Period | None:
        if refs not in self._policies:
            found = [self._pack(ref) for ref in refs]
            whole = [pack for pack in found if pack is not None]
            self._policies[refs] = (
                policy_from(whole, self._archive.settings) if len(whole) == len(found) else None
            )
        policy = self._policies[refs]
        return None if policy is None else period_of(policy, doc_type, dossier_type)

    def _pack(self, ref: str) -> Pack | None:
        row = self._rows.get(ref)
        return adopted_pack(self._archive.root, row) if row else None


def events_of(events: Mapping[str, str], closed: str | None) -> dict[str, date]:
    """When what happened to a dossier happened; that it was closed is an event, too."""
    happened = {name: date.fromisoformat(day) for name, day in events.items()}
    return happened | {"closed": date.fromisoformat(closed)} if closed else happened
