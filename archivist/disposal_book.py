"""The book of disposals: what is proposed, what was said of it, and what is left to be said.

Owns the reading of a disposal from the ledger's entries (`Case`), and the list that approvals are
signed over. It changes nothing, and asks no regulation.

Rules it keeps:
- The catalogue finds and lists; whatever decides is read from the entries. `the_case` takes those
  the catalogue knows of, which is quick; `case_by_ledger` reads the ledger through, and is asked
  last, with the writer's lock held, before anything is destroyed.
- The list is digested with every record, what was proposed of it and every opinion on it. One
  opinion more, or another, and it is another list.
- Whoever keeps a record keeps it: `to_destroy` never has one of which anybody said so.

    case = the_case(archive, "X000001")
    case.to_destroy(asked)                  # ("R00000001", "R00000003")
    case.digest                             # what approvals name as `list`
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archivist import records, statements, step_proofs
from archivist.errors import NotKnown
from policies.disposal_life import OPEN, Fate, fate

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row

FOREVER = "9999-12-31"  # an appraisal that keeps for good; the last day there is
PERSON, SWEEP, REQUEST = "person", "sweep", "request"  # who thought of it


def the_disposal(archive: Archive, identifier: str) -> Row:
    """The row of a disposal. Raises NotKnown."""
    row = archive.catalogue.disposal(identifier)
    if row is None:
        raise NotKnown(
            f"没有编号为 {identifier} 的销毁",
            f"there is no disposal {identifier}",
            "列出全部：archivist disposal list",
            "list them: archivist disposal list",
        )
    return row


def open_disposal_of(archive: Archive, record: str) -> str | None:
    """The disposal in which a record is now, begun and not ended; None where there is none.

    What its appraisal spared is in no disposal any more, whatever becomes of the others.
    """
    for row in archive.catalogue.disposals_of(record):
        if row["state"] in OPEN and row["fate"] in ("open", "destroy"):
            return str(row["id"])
    return None


def content_of(row: Row) -> str:
    """What is pinned of a record: grade, key, and the digests of what lies in the vault.

    Not its head: that is sealed anew whenever a key is rotated, and seals the same.
    """
    bodies = {name: body for name, body in row["objects"].items() if name != "head"}
    said = {"grade": row["grade"], "key": row["key"], "print": row["print"], "objects": bodies}
    return hashlib.sha256(records.canonical(said)).hexdigest()


# ── one disposal, from its entries ────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a disposal: what was proposed of it, and the newest opinion of each person."""

    record: str
    content: str
    due: str | None
    ground: Mapping[str, Any]
    opinions: Mapping[str, records.Entry] = field(default_factory=dict)

    def fate(self, asked: int) -> Fate:
        """What becomes of it where `asked` people have to say so."""
        return fate([entry.fields["opinion"] for entry in self.opinions.values()], asked)

    @property
    def keep_until(self) -> str | None:
        """The latest day until which somebody keeps it; None where nobody does."""
        kept = (e.fields["until"] for e in self.opinions.values() if e.fields["opinion"] == "keep")
        return max(kept, default=None)


@dataclass(frozen=True, slots=True)
class Case:
    """A disposal as its entries tell it, as far as the newest of them.

    `round` is the opinion that completed the appraisal, with the steps that follow from it; None
    while something is not appraised. `approvals` are those given since: earlier ones were for
    another list. `digests` has the SHA-256 of each entry by its index.
    """

    id: str
    state: str
    proposal: records.Entry
    items: Mapping[str, Item]
    entries: tuple[records.Entry, ...]
    digests: Mapping[int, str]
    round: records.Entry | None = None
    approvals: tuple[records.Entry, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the whole list, sorted: records, what was proposed, opinions."""
        return list_digest(self.items.values())

    @property
    def asked(self) -> step_proofs.Asked | None:
        """What is to be approved now; None while the appraisal is not complete."""
        if self.round is None:
            return None
        index = self.round.index
        steps = self.round.fields["steps"]
        return step_proofs.Asked(self.id, index, self.digests[index], steps, {"list": self.digest})

    def to_destroy(self, asked: Callable[[str], int]) -> tuple[str, ...]:
        """The records that everybody asked would destroy; `asked` says how many those are."""
        return tuple(
            name for name, item in self.items.items() if item.fate(asked(name)) == "destroy"
        )


def list_digest(items: Iterable[Item]) -> str:
    """What approvals are signed over: the sorted list with opinions and digests."""
    lines = [
        [
            item.record,
            item.content,
            item.due,
            [[who, *(entry.fields.get(name) for name in ("opinion", "until", "grade"))]
             for who, entry in sorted(item.opinions.items())],
        ]
        for item in sorted(items, key=lambda item: item.record)
    ]  # fmt: skip
    return hashlib.sha256(records.canonical(lines)).hexdigest()


def the_case(archive: Archive, identifier: str) -> Case:
    """A disposal from the entries that the catalogue knows of. Raises NotKnown."""
    the_disposal(archive, identifier)
    history = archive.catalogue.history(identifier)
    return as_case(identifier, (pair for i in history for pair in archive.ledger.entries(i, i + 1)))


def case_by_ledger(archive: Archive, identifier: str) -> Case:
    """A disposal from the ledger alone, read through: nobody can hide an entry of it.

    MUST be asked with the writer's lock held when something is to be destroyed. Raises NotKnown.
    """
    the_disposal(archive, identifier)
    return as_case(identifier, archive.ledger.entries(0))


def as_case(identifier: str, entries: Iterable[tuple[int, bytes]]) -> Case:
    """What entries say of a disposal, in their order; those on other things are passed over."""
    proposal, state, round_ = None, "", None
    items: dict[str, Item] = {}
    taken: list[records.Entry] = []
    digests: dict[int, str] = {}
    approvals: list[records.Entry] = []
    for entry, digest in _steps(identifier, entries):
        taken.append(entry)
        digests[entry.index] = digest
        state, step = entry.fields["state"], entry.fields["step"]
        if step == "propose":
            proposal = proposal or entry
        if step in ("propose", "part"):
            for name, said in entry.fields["records"].items():
                ground = entry.fields["grounds"][said["ground"]]
                items[name] = Item(name, said["content"], said.get("due"), ground)
        elif step == "appraise":
            _opine(items, entry)
            approvals = []
            round_ = entry if "steps" in entry.fields else None
        elif step == "approve":
            approvals.append(entry)
    assert proposal is not None, "the catalogue knows of no disposal that was not proposed"
    return Case(identifier, state, proposal, items, tuple(taken), digests, round_,
                tuple(approvals))  # fmt: skip


def _steps(
    identifier: str, entries: Iterable[tuple[int, bytes]]
) -> Iterator[tuple[records.Entry, str]]:
    speaking = f'"disposal":"{identifier}"'.encode()  # canonical, so exact
    for index, raw in entries:
        if speaking not in raw:
            continue
        entry = records.Entry.parse(index, raw)
        # What is denied, viewed or printed of it has no state: it is no step of its life.
        if entry.subject.get("disposal") == identifier and "state" in entry.fields:
            yield entry, statements.digest_of(raw)


def _opine(items: dict[str, Item], entry: records.Entry) -> None:
    item = items.get(entry.subject["record"])
    if item is None:
        return  # nobody proposed it: it destroys nothing
    opinions = {**item.opinions, entry.who: entry}
    items[item.record] = Item(item.record, item.content, item.due, item.ground, opinions)
