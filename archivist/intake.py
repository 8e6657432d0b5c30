"""Intake: the one place that knows the order in which a scan becomes a record.

    claim     rename into work/: from here the scan is ours alone
    examine   read the bytes in a child process → Facts
    cut       a stack with cover sheets becomes one piece for each document
    judge     the regulations decide, purely → Accepted or Refused
    seal      vault and cards, durable
    append    *the commit point*: before it nothing counts and every step may be
              repeated; after it only tidying is left
    follow    the catalogue catches up; full text when somebody cleared is there
    tidy      drop the claim, or move it to its tray

MUST: an entry names only objects already durable. MUST: the source outlives the
append. A crash at any line leaves a claim; `recover` tidies it when the ledger names
it, and starts it again when not. A refusal is an outcome, recorded like a filing.

Many scans are taken in together, because the flush of the disk costs the same for
one and for thirty. They are judged one after the other all the same: the second of
two equal scans in one batch is a duplicate of the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from archivist import regulations
from archivist.archive import Archive, Desk, as_object, record_label, record_name
from policies import routing, scope
from policies.facts import Cover, Facts, Hints, Order, facts_to_plain
from policies.judge import Accepted, Refused, Suggestion, judge
from storage import vault
from storage.errors import Busy

if TYPE_CHECKING:
    from archivist.claims import Claim
    from policies.policy import Policy
    from storage.vault import Receipt


@dataclass(frozen=True, slots=True)
class Piece:
    """One document to be judged: a whole scan, or what was cut from a stack."""

    claim: Claim
    facts: Facts  # of this piece alone
    cover: Cover | None = None
    order: Order | None = None  # what a person decided by hand
    stack: str | None = None  # SHA-256 of the scan it was cut from
    source: PurePath | None = None  # where that scan lay, when it is not the claim's own place


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one piece: the line that `watch` and `file` print."""

    claim: str
    source: str
    verdict: Accepted | Refused
    pages: int
    record: str | None = None

    @property
    def filed(self) -> bool:
        """Whether it is in the vault now."""
        return self.record is not None

    def plain(self) -> dict[str, Any]:
        """The JSON of the contract."""
        verdict = self.verdict
        place = verdict if isinstance(verdict, Accepted) else verdict.suggestion
        return {
            "outcome": "filed" if self.filed else "refused",
            "source": self.source,
            "claim": self.claim,
            "record": self.record,
            "customer": place.customer if place else None,
            "dossier": place.dossier if place else None,
            "type": place.doc_type if place else None,
            "grade": verdict.grade if isinstance(verdict, Accepted) else None,
            "pages": self.pages,
            "tray": verdict.tray if isinstance(verdict, Refused) else None,
            "reason": verdict.reason if isinstance(verdict, Refused) else None,
            "detail": verdict.detail if isinstance(verdict, Refused) else None,
            "suggestion": suggested(verdict.suggestion) if isinstance(verdict, Refused) else None,
            "lacks": list(verdict.lacks) if isinstance(verdict, Accepted) else None,
            "clauses": list(verdict.clauses),
        }


def suggested(place: Suggestion | None) -> dict[str, str] | None:
    """The best guess at a place of a refused scan, as far as there is one."""
    named = {
        "customer": place.customer if place else None,
        "dossier": place.dossier if place else None,
        "type": place.doc_type if place else None,
    }
    return {key: value for key, value in named.items() if value} or None


def take_in(
    pieces: Sequence[Piece], archive: Archive, policy: Policy, now: datetime, who: str
) -> list[Outcome]:
    """Judge, seal and record examined pieces as one durable group, in their order.

    `who` is the person who filed by hand, or "station". Raises Busy when another
    writer does not let go of the archive or of a scan, DiskFailed when the disk is full
    or broken: then nothing was filed and every claim stays where it is.
    """
    with archive.writing(now, who) as desk:
        decided = _judge_all(pieces, archive, policy)
        records = {
            piece.claim.id: _plan_seal(desk, archive, policy, piece, verdict)
            for piece, verdict in decided
            if isinstance(verdict, Accepted)
        }
        receipts = desk.make_durable()
        for piece, verdict in decided:
            if isinstance(verdict, Accepted):
                put = records[piece.claim.id]
                until = _secret_until(policy, verdict.grade, now)
                _say_filed(desk, archive, piece, verdict, put, receipts[put.name], until)
            else:
                _say_refused(desk, archive, piece, verdict)
        desk.append()
    archive.follow()
    for piece, verdict in decided:
        tidy(archive, piece.claim, verdict.tray if isinstance(verdict, Refused) else None)
    return [_outcome(piece, verdict, records.get(piece.claim.id)) for piece, verdict in decided]


def _judge_all(
    pieces: Iterable[Piece], archive: Archive, policy: Policy
) -> list[tuple[Piece, Accepted | Refused]]:
    decided: list[tuple[Piece, Accepted | Refused]] = []
    taken: dict[str, str] = {}  # what this batch has accepted so far: fingerprint → scan
    for piece in pieces:
        clues = routing.read_clues(piece.facts, _hints(piece), policy, cover=piece.cover)
        known = regulations.known_for(archive.catalogue, clues)
        prints = _prints(archive, piece)
        scan = piece.claim.scan
        # Parts of one stack share the stack's fingerprint and are no duplicates of each other.
        here = [other for print_ in prints if (other := taken.get(print_, scan)) != scan]
        before = [r for print_ in prints if (r := archive.catalogue.holder_of_print(print_))]
        if here or before:
            known = replace(known, duplicate_of=(before + here)[0])
        verdict = judge(piece.facts, clues, known, policy)
        if isinstance(verdict, Accepted):
            taken.update(dict.fromkeys(prints, scan))
        decided.append((piece, verdict))
    return decided


def _prints(archive: Archive, piece: Piece) -> list[str]:
    # Fingerprints are keyed: the ledger is open to read, and the digest of a known form
    # must not tell whether somebody's file holds it.
    contents = [piece.facts.sha256, *([piece.stack] if piece.stack else [])]
    return [archive.house.fingerprint(content) for content in contents]


def _hints(piece: Piece) -> Hints:
    source = piece.source or piece.claim.source
    return Hints(folders=source.parts[:-1], stem=source.stem, order=piece.order)


def _plan_seal(
    desk: Desk, archive: Archive, policy: Policy, piece: Piece, verdict: Accepted
) -> vault.Put:
    """Seal scan and card for the grade, or for those on the dossier's need-to-know list."""
    record = desk.number("record")
    sealed = policy.grades[verdict.grade].encrypt
    key = archive.catalogue.key_for(verdict.grade, verdict.dossier)
    generation, recipient = desk.sealing_key(key) if sealed else desk.open_key(key)
    put = vault.Put(
        record_name({"customer": verdict.customer, "dossier": verdict.dossier, "stored": record}),
        record_label(record, key, generation),
        recipient,
        {_suffix(piece.facts): piece.claim.path, "card": _card(piece, verdict)},
    )
    desk.seal(put)
    return put


def _suffix(facts: Facts) -> str:
    return facts.extension.lstrip(".")


def _card(piece: Piece, verdict: Accepted) -> bytes:
    """Everything of a record that must not stand in ledger or catalogue, as JSON."""
    card = {
        "v": 1,
        "title": verdict.title,
        "source": str(piece.source or piece.claim.source),
        "type": verdict.doc_type,
    }
    card["facts"] = facts_to_plain(piece.facts)
    return json.dumps(card, ensure_ascii=False, separators=(",", ":")).encode()


def _secret_until(policy: Policy, grade: str, now: datetime) -> str | None:
    """The last day of secrecy by the company's usual period; None where it named none."""
    usual = scope.marking(policy, grade).usual
    ends = usual.ends(now.astimezone().date()) if usual else None
    return ends.isoformat() if ends else None


def _say_filed(
    desk: Desk,
    archive: Archive,
    piece: Piece,
    verdict: Accepted,
    put: vault.Put,
    receipt: Receipt,
    until: str | None,
) -> None:
    suffix = _suffix(piece.facts)
    if receipt.plain_sha256[suffix] != piece.facts.sha256:
        # Somebody still writes to it. What was read must be what is sealed: begin again later.
        raise Busy(f"claim {piece.claim.id} changed between reading and sealing")
    own, *stack = _prints(archive, piece)
    desk.say(
        "file",
        {
            "customer": verdict.customer,
            "dossier": verdict.dossier,
            "record": str(put.label["record"]),
        },
        claim=piece.claim.id,
        type=verdict.doc_type,
        grade=verdict.grade,
        key=None if put.label["key"] == verdict.grade else put.label["key"],
        generation=put.label.get("generation"),
        pages=len(piece.facts.pages),
        media=piece.facts.media_type,
        objects={
            "head": receipt.head_sha256,
            "scan": as_object(receipt, suffix),
            "card": as_object(receipt, "card"),
        },
        until=until,
        print=own,
        stack=stack[0] if stack else None,
        route=verdict.route,
        clauses=list(verdict.clauses),
        packs=list(verdict.packs),
    )


def _say_refused(desk: Desk, archive: Archive, piece: Piece, verdict: Refused) -> None:
    desk.say(
        "refuse",
        {},
        claim=piece.claim.id,
        reason=verdict.reason,
        tray=verdict.tray,
        print=_prints(archive, piece)[0],
        suggestion=suggested(verdict.suggestion),
        clauses=list(verdict.clauses),
    )


def tidy(archive: Archive, claim: Claim, tray: str | None) -> None:
    """After the commit: a filed claim is forgotten, a refused one goes to its tray.

    Safe to repeat; `recover` calls it for claims that a crash left behind.
    """
    if tray is not None:
        archive.claims.to_tray(claim, tray)
    else:
        archive.claims.drop(claim)


def _outcome(piece: Piece, verdict: Accepted | Refused, put: vault.Put | None) -> Outcome:
    return Outcome(
        claim=piece.claim.id,
        source=str(piece.source or piece.claim.source),
        verdict=verdict,
        pages=len(piece.facts.pages),
        record=str(put.label["record"]) if put else None,
    )
