"""Attesting: a person says what he saw on a paper, where no program can see it.

Owns the ledger act `attest`: whether a sheet is signed and by whom, original or photocopy, how
many sides, which fields are filled in, the date written on it. Checklists judge by it
(`policies.checklist.review`); the newest word on each point counts, the earlier ones stay in
the ledger.

Rules it keeps:
- A person answers for it: the station attests nothing.
- Only what the dossier's checklist asks of such a paper can be attested. A signer or field that
  nobody asks for is a slip of the hand, and would stand in the ledger for ever.
- People say 部门负责人 and the ledger says department_head.
- The entry holds ids, codes and the pack's own names of fields; never a word of the document.

    seen = Seen(signed=("customer",), copy="original")
    attest(archive, policy, ["R00000001"], seen, now, "lin")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archivist.errors import BadRequest
from policies import wording

if TYPE_CHECKING:
    from archivist.archive import Archive
    from index.catalogue import Row
    from policies.pack_rows import Item
    from policies.policy import Policy


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody saw on a paper; empty where he says nothing.

    `fields` and `lacking_fields` are names of fields or of points to verify, as the checklist
    writes them. `dated` is the ISO date on the paper.
    """

    signed: tuple[str, ...] = ()
    unsigned: tuple[str, ...] = ()
    copy: str = ""
    sides: int = 0
    fields: tuple[str, ...] = ()
    lacking_fields: tuple[str, ...] = ()
    dated: str = ""

    def plain(self) -> dict[str, Any]:
        """What the ledger entry says; nothing of what was not said."""
        said = {
            "signed": list(self.signed),
            "unsigned": list(self.unsigned),
            "copy": self.copy,
            "sides": self.sides,
            "fields": list(self.fields),
            "lacking_fields": list(self.lacking_fields),
            "dated": self.dated,
        }
        return {name: value for name, value in said.items() if value}


def attest(
    archive: Archive, policy: Policy, records: Sequence[str], seen: Seen, now: datetime, who: str
) -> None:
    """Say of each record what was seen on it, all or none.

    Raises NotKnown for a record, BadRequest for a name that its checklist does not ask for,
    for a contradiction, and when nothing was said at all.
    """
    if not seen.plain():
        raise BadRequest(
            "请写明看到了什么", "say what was seen",
            "例如 --signed customer 或 --copy original",
            "e.g. --signed customer or --copy original",
        )  # fmt: skip
    with archive.writing(now, who) as desk:
        for record in records:
            row = archive.the("record", record)
            dossier = archive.the("dossier", row["dossier"])
            as_asked = check(policy, dossier["type"], row["type"], seen)
            subject = {name: row[name] for name in ("customer", "dossier")} | {"record": record}
            desk.say("attest", subject, **as_asked.plain())
        desk.append()
    archive.follow()


def check(policy: Policy, dossier_type: str, doc_type: str, seen: Seen) -> Seen:
    """`seen` with signers and fields as the checklist writes them, by whatever name they came.

    Raises BadRequest when it says what no checklist asks of such a paper.
    """
    items = _items(policy, dossier_type, doc_type)
    signers = {who: wording.signer_names(policy, who) for item in items for who in item.signed_by}
    fields = {name: (name, name) for item in items for name in (*item.fields, *item.verify)}
    signed, unsigned = _called(policy, "签字人", "signer", seen.signed, seen.unsigned, signers)
    filled, lacking = _called(policy, "栏目", "field", seen.fields, seen.lacking_fields, fields)
    return replace(seen, signed=signed, unsigned=unsigned, fields=filled, lacking_fields=lacking)


_Names = tuple[str, ...]


def _called(
    policy: Policy, zh: str, en: str, yes: _Names, no: _Names, asked: Mapping[str, _Names]
) -> tuple[_Names, _Names]:
    """Those that are there and those that are not, by the names in `asked`."""
    ids = {policy.fold(word): name for name, words in asked.items() for word in (name, *words)}
    if any(policy.fold(name) not in ids for name in (*yes, *no)):
        raise _not_asked(zh, en, asked)
    there, missing = (tuple(ids[policy.fold(name)] for name in names) for names in (yes, no))
    if both := set(there) & set(missing):
        name = min(both)
        raise BadRequest(
            f"“{asked[name][0]}”不能既有又无", f"{name} is said to be there and not there"
        )
    return there, missing


def _not_asked(zh: str, en: str, asked: Mapping[str, _Names]) -> BadRequest:
    # What was typed is not repeated: it may be a customer's name, put where a field belongs.
    known = "、".join(words[0] for words in asked.values())
    return BadRequest(
        f"该资料不要求所写的{zh}",
        f"this paper is not asked for that {en}",
        f"可写：{known}" if known else f"对这种资料没有要求任何{zh}",
        f"there are: {', '.join(asked)}" if asked else f"no {en} is asked of such a paper",
    )


def _items(policy: Policy, dossier_type: str, doc_type: str) -> list[Item]:
    kind = policy.find_dossier_type(dossier_type)
    return [item for item in kind.items if doc_type in item.types] if kind else []


def attested(archive: Archive, record: Row) -> dict[str, Any]:
    """What was said of one record, the newest word on each point, in the words of `Seen`."""
    found: dict[str, Any] = {}
    kinds = {
        ("signature", "yes"): "signed", ("signature", "no"): "unsigned",
        ("field", "yes"): "fields", ("field", "no"): "lacking_fields",
    }  # fmt: skip
    for word in archive.catalogue.attested(record["dossier"]):
        if word["record"] != record["id"]:
            continue
        if word["name"]:
            found.setdefault(kinds[word["point"], word["value"]], []).append(word["name"])
        else:
            number = word["point"] == "sides"
            found[word["point"]] = int(word["value"]) if number else word["value"]
    return found
