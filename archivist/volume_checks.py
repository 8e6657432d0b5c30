"""Volumes after composing: checked, returned, reopened, dissolved, remarked on.

Owns of the ledger act `volume` the steps checked, returned, reopened, dissolved and remarked.

    check      every rule asked again; no fault → a statement signed with the own key → entry
    send_back  the reason sealed; signed too → entry
    reopen     the reason sealed → entry: the volume takes papers again
    dissolve   the reason sealed → entry: its papers may be composed anew, its codes never again
    remark     what is to be said of the volume, sealed → entry: it stands on the notes sheet

Rules it keeps:
- Nobody checks what he composed or corrected (S001-1-R53), whatever his role.
- A volume with a fault is not closed; the faults are named, and nothing is written.
- The composer's signature is verified from the ledger before the checker adds his own.

    found = check(archive, policy, "J000001", wang, now)
    found.closed, found.faults
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from archivist.archive import Archive
from archivist.errors import BadRequest, NotAllowed
from archivist.statements import check_own_key
from archivist.volume_book import subject_of, the_volume
from archivist.volume_faults import Fault, faults, notices, to_be_seen
from archivist.volume_proofs import composing, proof_problems, signed_list
from index.catalogue import Row
from policies.policy import Policy
from policies.volume_life import OPEN, IllegalStep, step
from storage.people import Unlocked


@dataclass(frozen=True, slots=True)
class Checked:
    """How a check ended: faults that keep a volume open, what else to know, what signatures lack.

    `signed`: this check closed it.
    """

    faults: list[Fault]
    notices: list[Fault]
    proofs: tuple[str, ...]
    signed: bool = False


def look(
    archive: Archive, policy: Policy, identifier: str, seen: Collection[str] = (), who: str = ""
) -> Checked:
    """Ask every rule again without signing; `who` would sign. Raises NotKnown."""
    archive.follow()
    return _looked(archive, policy, the_volume(archive, identifier), seen, who)


def proofs(archive: Archive, row: Row) -> tuple[str, ...]:
    """What the signatures on a volume lack; empty when they hold."""
    return proof_problems(archive, row)


def check(
    archive: Archive, policy: Policy, identifier: str, person: Unlocked, now: datetime,
    seen: Collection[str] = (),
) -> Checked:  # fmt: skip
    """Check a volume and, when nothing is wrong, close it with the checker's signature.

    One that is closed already is looked at again, and nothing is written. Raises NotKnown,
    NotAllowed for whoever composed or corrected it and for a dissolved one, BadRequest for
    something seen that no regulation asks for, Damaged when the key is not the ledger's.
    """
    archive.follow()
    with archive.writing(now, person.name) as desk:
        row = the_volume(archive, identifier)
        if row["state"] == "checked":
            return _looked(archive, policy, row, seen, person.name)
        state = _next(row, "check")
        _check_another(row, person.name)
        _check_asked(archive, policy, row, seen)
        check_own_key(archive, person)
        found = _looked(archive, policy, row, seen, person.name)
        if found.faults or found.proofs:
            return found
        made, digest = composing(archive, row)
        proof = signed_list(archive, row, "checked", person, now, (made.index, digest))
        desk.say("volume", subject_of(row), step="checked", state=state, seen=list(seen), **proof)
        desk.append()
    archive.follow()
    return Checked([], found.notices, (), signed=True)


def send_back(
    archive: Archive, identifier: str, reason: str, person: Unlocked, now: datetime
) -> None:
    """Return a volume to be corrected. Raises NotKnown, NotAllowed, BadRequest without a reason."""
    _need(reason)
    archive.follow()
    with archive.writing(now, person.name) as desk:
        row = the_volume(archive, identifier)
        state = _next(row, "return")
        _check_another(row, person.name)
        check_own_key(archive, person)
        made, digest = composing(archive, row)
        proof = signed_list(archive, row, "returned", person, now, (made.index, digest))
        desk.say_with_card(_folder(row), identifier, {"v": 1, "reason": reason}, "volume",
                           subject_of(row), step="returned", state=state, **proof)  # fmt: skip
    archive.follow()


def reopen(archive: Archive, identifier: str, reason: str, now: datetime, who: str) -> None:
    """Open a closed volume again. Raises NotKnown, NotAllowed, BadRequest without a reason."""
    _said(archive, identifier, "reopen", "reopened", {"v": 1, "reason": reason}, now, who)


def dissolve(archive: Archive, identifier: str, reason: str, now: datetime, who: str) -> None:
    """End a volume that is open: its papers lie in none then, and its codes are never given again.

    Raises NotKnown, NotAllowed, BadRequest without a reason.
    """
    _said(archive, identifier, "dissolve", "dissolved", {"v": 1, "reason": reason}, now, who)


def remark(archive: Archive, identifier: str, text: str, now: datetime, who: str) -> None:
    """Write down what is to be said of a volume, for its notes sheet.

    Raises NotKnown, NotAllowed for a dissolved one, BadRequest for nothing.
    """
    _said(archive, identifier, "remark", "remarked", {"v": 1, "remark": text}, now, who)


def _said(
    archive: Archive, identifier: str, act: str, done: str, card: dict[str, object],
    now: datetime, who: str,
) -> None:  # fmt: skip
    _need(str(card.get("reason", card.get("remark", ""))))
    archive.follow()
    with archive.writing(now, who) as desk:
        row = the_volume(archive, identifier)
        state = _next(row, act)
        # Named so that the records' own histories tell of it.
        papers = [{"record": paper["record"]} for paper in row["papers"]]
        more = {"papers": papers} if done == "dissolved" else {}
        desk.say_with_card(_folder(row), identifier, card, "volume", subject_of(row), step=done,
                           state=state, **more)  # fmt: skip
    archive.follow()


def _looked(archive: Archive, policy: Policy, row: Row, seen: Collection[str], who: str) -> Checked:
    # Whoever may not sign is refused elsewhere; here it is only told what is wrong.
    checker = who if row["state"] in OPEN else ""
    return Checked(
        faults(archive, policy, row, checker, seen),
        notices(archive, row, who),
        proof_problems(archive, row),
    )


def _check_another(row: Row, name: str) -> None:
    if name in row["composers"]:
        raise NotAllowed(
            f"立卷人与检查人不得为同一人：{row['id']} 由 {name} 组卷或改正",
            f"nobody checks his own volume: {name} composed or corrected {row['id']}",
            "请由其他人检查",
            "let somebody else check it",
        )


def _check_asked(archive: Archive, policy: Policy, row: Row, seen: Collection[str]) -> None:
    """What is said to be seen stands in the ledger: only the words of a regulation may."""
    wanted = to_be_seen(policy, archive.the("dossier", row["dossier"])["type"])
    if set(seen) - set(wanted):
        raise BadRequest(
            "制度没有这样要求",
            "no regulation asks for that",
            f"可写：{'、'.join(wanted) or '无'}",
            f"there are: {', '.join(wanted) or 'none'}",
        )


def _need(reason: str) -> None:
    if not reason.strip():
        raise BadRequest("请写明理由或内容", "words are needed")


def _folder(row: Row) -> str:
    return f"{row['customer']}/{row['dossier']}"


def _next(row: Row, act: str) -> str:
    try:
        return step(row["state"], act)
    except IllegalStep as error:
        raise NotAllowed(error.zh, error.en) from None
