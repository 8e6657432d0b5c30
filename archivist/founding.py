"""Founding an archive: folder, keys, ledger, packs and the first person.

`archive.toml` is written last: until it is there, there is no archive, and a founding
that was cut short leaves a folder that can be removed without loss. The house key is
written outside that folder, before anything that needs it.

The first person is cleared for every grade, because somebody must be able to clear the
others; everyone else is cleared by somebody.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archivist.archive import Archive
from archivist.config import FILE_NAME, TEMPLATE, load
from archivist.errors import BadRequest
from archivist.records import timestamp
from archivist.regulations import keep_adopted, refuse_held_apart, refuse_uncleared
from index.analysis import fold
from policies.packs import Pack, parse_pack
from policies.policy import Policy
from storage import durable
from storage.counterparts import Counterparts
from storage.errors import Unsuitable
from storage.house_key import HouseKey
from storage.keys import Suite, recipient_digest
from storage.ledger import Ledger
from storage.names import checked_person_name
from storage.note import vkey
from storage.people import People, Unlocked

FOLDERS = ("packs/adopted", "drop", "work", "trays/unsorted", "trays/quarantine",
           "trays/duplicates", "store", "keys", "ledger", "index")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Founder:
    """The first person."""

    name: str
    roles: Sequence[str]
    passphrase: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that must be known before anything is made."""

    root: Path
    packs: Sequence[tuple[Pack, str]]  # with their text, which is kept as adopted
    company: Mapping[str, str]
    founder: Founder
    suite: Suite = "hybrid"
    scrypt_log_n: int = 18


def read_packs(texts: Sequence[tuple[str, str]]) -> list[tuple[Pack, str]]:
    """Parse packs given as (name, text)."""
    return [(parse_pack(text, name), text) for name, text in texts]


def settle(packs: Sequence[Pack], company: Mapping[str, str]) -> Policy:
    """The policy of these packs, or BadRequest with all that must be settled before the start.

    What two regulations say differently of approvals or penalties, and what one leaves open (an
    interval, a number), does not stop the founding: until the company decides, only what needs
    it is denied or waits, and `doctor` keeps asking.
    """
    policy = Policy.adopt(packs, company, fold)
    blocking = [question for question in policy.questions if question.blocks]
    if blocking:
        # No setting can stand in for grades that no pack declares: only another pack can.
        gradeless = any(question.setting == "packs" for question in blocking)
        raise BadRequest(
            "制度之间有未决事项："
            + "；".join(f"{q.zh}（{'；'.join((q.setting, *q.clauses))}）" for q in blocking),
            "the regulations leave open: "
            + "; ".join(f"{q} ({', '.join(q.clauses)})" if q.clauses else str(q) for q in blocking),
            "请再采用规定密级的制度包：--pack secrecy" if gradeless else "请用 --set 名称=值 决定",
            "adopt a pack that declares grades as well: --pack secrecy"
            if gradeless
            else "decide with --set NAME=VALUE",
        )
    return policy


def found(
    plan: Plan,
    now: datetime,
    entropy: Callable[[int], bytes],
    house_key_path: Callable[[str], Path],
    counterparts_of: Callable[[str], Counterparts],
) -> Archive:
    """Make the archive.

    Raises BadRequest when the folder is not empty or questions are open, NotAllowed for roles
    that a regulation holds apart.
    """
    policy = settle([pack for pack, _ in plan.packs], plan.company)
    refuse_held_apart(policy, plan.founder.roles)
    refuse_uncleared(policy, plan.founder.roles)  # the first person holds every grade's first key
    try:
        checked_person_name(plan.founder.name)
    except Unsuitable as error:
        raise BadRequest(
            "用户名只能由字母、汉字、数字、- 和 _ 组成",
            str(error),
            "用 --person 另起名字",
            "name somebody else with --person",
        ) from error
    if plan.root.exists() and (not plan.root.is_dir() or any(plan.root.iterdir())):
        raise BadRequest(
            f"{plan.root} 不是空目录",
            f"{plan.root} is not empty",
            "请另选一个目录",
            "choose another",
        )
    archive_id = entropy(8).hex()
    house = HouseKey.generate()
    key_path = house_key_path(archive_id)
    counterparts = counterparts_of(archive_id)
    if key_path.absolute().is_relative_to(plan.root.absolute()):
        raise BadRequest(
            "馆钥不能放在档案库目录内", "the house key must not lie inside the archive folder"
        )
    if counterparts.folder.absolute().is_relative_to(plan.root.absolute()):
        raise BadRequest(
            "密钥对半不能放在档案库目录内",
            "the counterparts must not lie inside the archive folder",
        )
    durable.make_folders(key_path.parent)
    house.save(key_path)
    # What is dropped, claimed or in a tray lies in clear: nobody else on this machine reads it.
    durable.make_folders(plan.root)
    plan.root.chmod(0o700)
    for folder in FOLDERS:
        durable.make_folders(plan.root / folder)
    signing = house.signing_key()
    origin = f"archivist/{archive_id}"
    Ledger.create(plan.root / "ledger", origin, signing).close()
    for pack, text in plan.packs:
        keep_adopted(plan.root, pack, text)
    founder = People(plan.root / "keys" / "people").create(
        plan.founder.name,
        plan.founder.passphrase,
        created=timestamp(now),
        log_n=plan.scrypt_log_n,
    )
    _write_settings(plan, archive_id, vkey(origin, signing.public_key()), now)
    archive = Archive(load(plan.root), house, counterparts)
    _record(archive, plan, policy, founder, now)
    return archive


def _write_settings(plan: Plan, archive_id: str, verifier: str, now: datetime) -> None:
    text = TEMPLATE.format(
        archive_id=archive_id,
        created=timestamp(now),
        packs=", ".join(f'"{pack.ref}"' for pack, _ in plan.packs),
        company="".join(f'"{key}" = "{value}"\n' for key, value in plan.company.items()),
        vkey=verifier,
        suite=plan.suite,
        scrypt_log_n=plan.scrypt_log_n,
    )
    durable.write_new(plan.root / FILE_NAME, text.encode(), mode=0o644)


def _record(archive: Archive, plan: Plan, policy: Policy, founder: Unlocked, now: datetime) -> None:
    name = founder.name
    with archive.writing(now, name) as desk:
        desk.say("init", {"archive": archive.settings.archive_id}, format=1)
        for pack, text in plan.packs:
            digest = hashlib.sha256(text.encode()).hexdigest()
            desk.say("adopt", {"pack": pack.id}, version=pack.version, sha256=digest)
        desk.say(
            "person",
            {"person": name},
            roles=list(plan.founder.roles),
            key=founder.verify_key.hex(),
            recipient=recipient_digest(founder.identity.recipient),
            sealed=archive.people.digests(name),
        )
        for grade in policy.grades.values():
            if grade.encrypt:
                desk.first_key(grade.code, name, plan.suite)
            else:
                desk.open_key(grade.code)
        desk.append()
    archive.ledger.publish()
    archive.follow()
