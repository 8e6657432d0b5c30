"""Adopting a regulation, or a new version of one.

The ledger's `adopt` entry is the commit point. Before it the text is laid down by its digest, so
that what the entry names can always be read; after it only the line in archive.toml is left,
which says which packs the archive goes by and is not asked for the version.

Rules it keeps: a pack with mistakes is not adopted. A version is one text for ever: another text
needs another version. A pack with which scans could no longer be judged (two grades for one
paper) is refused with both clauses; other contradictions are told, and what they touch is
denied until the company decides. A shorter period holds for what was filed before only where
whoever adopts says so, and the entry keeps that word (`archivist.keeping`).
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from archivist.archive import Archive, Desk
from archivist.config import FILE_NAME
from archivist.errors import BadRequest
from archivist.holding import kept_by_house
from archivist.regulations import in_force, keep_adopted
from index.analysis import fold
from policies.packs import Pack, parse_pack
from policies.policy import Policy, Question
from policies.questions import open_questions
from storage import durable
from storage.keys import Suite

_PACKS = re.compile(r"^packs\s*=\s*\[[^\]]*\]", re.M)


@dataclass(frozen=True, slots=True)
class Adopted:
    """What an adoption did: the version before it, if any, and what is left open by it."""

    pack: Pack
    before: str | None
    sha256: str
    open: tuple[Question, ...]


def adopt(
    archive: Archive, text: str, name: str, now: datetime, who: str, shortens: bool = False
) -> Adopted:
    """Put the pack in `text` in force. Raises PackInvalid, or BadRequest with the reason.

    `shortens`: what it says of keeping also holds, where it is shorter, for what was filed before.
    """
    pack = parse_pack(text, name)
    archive.follow()
    with archive.writing(now, who) as desk:
        packs = in_force(archive.settings, archive.catalogue).packs
        before = next((old.ref for old in packs if old.id == pack.id), None)
        others = [pack if old.id == pack.id else old for old in packs]
        after = others if before else [*others, pack]
        policy, questions = _settled(archive, packs, after)
        _check_version(archive, pack, text)
        digest = keep_adopted(archive.settings.root, pack, text)
        desk.say("adopt", {"pack": pack.id}, version=pack.version, sha256=digest,
                 shortens=True if shortens else None)  # fmt: skip
        _make_keys(archive, desk, policy, who)
        desk.append()
    _write_refs(archive.settings.root, [old.ref for old in after])
    archive.follow()
    return Adopted(pack, before, digest, questions)


def _make_keys(archive: Archive, desk: Desk, policy: Policy, who: str) -> None:
    """A key for each grade that is new, and the next one for a grade that takes a clearance now and
    took none before, or the other way round; what is sealed already waits for a rotation."""
    suite = cast(Suite, archive.settings.suite)
    for grade in policy.grades.values():
        newest = archive.catalogue.newest_generation(grade.code)
        if newest is not None and kept_by_house(archive, grade.code, newest) != grade.encrypt:
            continue
        holder = archive.people.person(who) if grade.encrypt else archive.house_holder
        desk.new_key(grade.code, [holder], suite)


def _settled(
    archive: Archive, before: Sequence[Pack], after: Sequence[Pack]
) -> tuple[Policy, tuple[Question, ...]]:
    company = {key: str(value) for key, value in archive.settings.company.items()}
    old = {question.setting for question in Policy.adopt(before, company, fold).questions}
    policy = Policy.adopt(after, company, fold)
    new = [q for q in policy.questions if q.blocks and q.setting not in old]
    if new:
        raise BadRequest(
            "与现行制度有未决事项："
            + "；".join(f"{q.zh}（{q.setting}；{'、'.join(q.clauses)}）" for q in new),
            "it leaves open what the regulations in force say otherwise: "
            + "; ".join(f"{q} ({', '.join(q.clauses)})" for q in new),
            "请在 archive.toml 的 [company] 中决定，或写入公司自己的制度包",
            "decide in [company] of archive.toml, or in a pack of the company's own",
        )
    return policy, open_questions(policy)


def _check_version(archive: Archive, pack: Pack, text: str) -> None:
    digest = hashlib.sha256(text.encode()).hexdigest()
    for row in archive.catalogue.adoptions(pack.id):
        if row["version"] == pack.version and row["sha256"] != digest:
            raise BadRequest(
                f"{pack.ref} 已采用过，内容不同",
                f"{pack.ref} was adopted before with another text",
                "内容改了就要换 version",
                "give the changed pack a new version",
            )


def _write_refs(root: Path, refs: Sequence[str]) -> None:
    path = root / FILE_NAME
    text = path.read_text("utf-8")
    names = ", ".join(f'"{ref}"' for ref in refs)
    line = f"packs = [{names}]"
    changed = _PACKS.sub(lambda _: line, text, count=1)
    if changed != text:
        durable.replace(path, changed.encode())
