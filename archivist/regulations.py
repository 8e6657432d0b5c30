"""The regulations in force in an archive, and what the catalogue knows for judging.

Joins `policies` to the rest. What is in force is what the ledger says was adopted: of each pack
that `archive.toml` names, the newest adoption, read from the bytes whose digest the ledger holds.
They lie in `packs/adopted/`, by digest; `packs/<id>@<version>.toml` is the copy people read and
edit, and an edit has no force until `pack adopt` records it.

Rules it keeps:
- A pack that is broken, altered or gone never stops the archive: the newest adopted version that
  is whole stays in force, and the `Trouble` is for `doctor` to tell. Only when no adopted pack
  can be read at all is there nothing to judge by.
- Whoever works for days (`Regulations`) looks again before each piece of work, so that an
  adoption counts from then on without a restart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from archivist import config, records
from archivist.errors import ArchivistError, BadRequest, NotAllowed, NotKnown
from archivist.remarks import remark
from index import analysis
from index.errors import ShadowError
from policies import facts, kept, naming, pack_rows, packs, promptly, reach
from policies.errors import PackInvalid
from policies.policy import Policy
from storage import durable
from storage.errors import StorageError

if TYPE_CHECKING:
    from archivist.archive import Archive
    from archivist.config import Settings
    from index.catalogue import Catalogue, Row
    from policies.pack import Pack
    from policies.pack_text import Problem
    from policies.routing import Clues

ADOPTED = "packs/adopted"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong with a pack that is worked around: which, and why, in both languages."""

    pack: str
    zh: str
    en: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class InForce:
    """The packs in force, in the order of archive.toml, and what is wrong with others."""

    packs: tuple[Pack, ...]
    troubles: tuple[Trouble, ...]


def in_force(settings: Settings, catalogue: Catalogue) -> InForce:
    """What the archive's ledger and folder say together. Needs an up-to-date catalogue."""
    whole: list[Pack] = []
    troubles: list[Trouble] = []
    for ref in settings.packs:
        name, _, version = ref.partition("@")
        adoptions = catalogue.adoptions(name)
        found = _newest_whole(settings.root, catalogue, adoptions, troubles)
        if not adoptions:
            troubles.append(Trouble(ref, "从未采用过", "was never adopted"))
        elif found is None:
            troubles.append(Trouble(ref, "没有完好的版本", "no adopted version is whole"))
        else:
            whole.append(found)
            if version not in ("", found.version):
                troubles.append(
                    Trouble(
                        ref,
                        f"archive.toml 写的是 {ref}，现行版本是 {found.ref}",
                        f"archive.toml names {ref}, in force is {found.ref}",
                    )
                )
    return InForce(tuple(whole), tuple(troubles))


def _newest_whole(
    root: Path, catalogue: Catalogue, adoptions: list[Row], troubles: list[Trouble]
) -> Pack | None:
    for number, row in enumerate(adoptions):
        ref = f"{row['id']}@{row['version']}"
        working_copy = root / "packs" / f"{ref}.toml"
        if number == 0 and (trouble := _edited(working_copy, ref, row["sha256"])):
            troubles.append(trouble)
        content = _adopted_bytes(root, row)
        if content is None:
            troubles.append(
                Trouble(
                    ref,
                    "采用时的文本已不存在或被改动",
                    "the text that was adopted is gone or was altered",
                )
            )
            continue
        try:
            return _read(catalogue, row["sha256"], content, f"{ref}.toml")
        except PackInvalid as error:
            # Adopted by another version of the program, whose grammar was another.
            troubles.append(
                Trouble(
                    ref,
                    "本版本程序读不懂这个制度包，请按提示修改后重新采用",
                    "this version of the program cannot read it; correct and adopt it anew",
                    error.problems,
                )
            )
    return None


def adopted_pack(root: Path, row: Row) -> Pack | None:
    """The pack of one adoption, in force or not; None when its text is not to be had any more."""
    content = _adopted_bytes(root, row)
    try:
        return None if content is None else _parsed(content, f"{row['id']}@{row['version']}.toml")
    except PackInvalid:
        return None


def _adopted_bytes(root: Path, row: Row) -> bytes | None:
    """The text that was adopted, by its digest: as it was laid down, else the copy people edit."""
    working_copy = root / "packs" / f"{row['id']}@{row['version']}.toml"
    for path in (root / ADOPTED / f"{row['sha256']}.toml", working_copy):
        content = _bytes_of(path)
        if content is not None and hashlib.sha256(content).hexdigest() == row["sha256"]:
            return content
    return None


def _read(catalogue: Catalogue, sha256: str, content: bytes, name: str) -> Pack:
    """The pack with this text; by what was made of it once, where that is kept."""
    text = catalogue.reading(sha256, _rules())
    if text is not None:
        return kept.fetched(text)
    pack = _parsed(content, name)
    with suppress(ShadowError):  # somebody else writes, or nobody can: it is kept another time
        catalogue.keep_reading(sha256, _rules(), kept.kept(pack))
    return pack


def false_readings(root: Path, catalogue: Catalogue) -> Iterator[str]:
    """Digests of texts of which something else is kept than is made of them.

    The catalogue opens with the house key, so whoever has that could let a regulation read
    otherwise than it was adopted. A text that is gone proves nothing; an audit misses it anyway.
    """
    adopted = {row["sha256"]: row for row in catalogue.all_adoptions()}
    for reading in catalogue.readings(_rules()):
        row = adopted.get(reading["sha256"])
        content = _adopted_bytes(root, row) if row else b""
        if content is not None and not _says(content, reading["text"]):
            yield reading["sha256"]


def _says(content: bytes, text: str) -> bool:
    try:
        return kept.kept(_parsed(content, "pack.toml")) == text
    except PackInvalid:
        return False


@cache
def _rules() -> str:
    """What says how a pack reads, as a digest: a program that reads otherwise reads anew."""
    folder = Path(kept.__file__).parent
    text = b"".join((folder / f"{name}.py").read_bytes() for name in kept.READ_BY)
    return hashlib.sha256(text).hexdigest()


@lru_cache(maxsize=128)  # bytes of a known digest; a process asks for the same ones again
def _parsed(content: bytes, name: str) -> Pack:
    return packs.parse_pack(content.decode("utf-8"), name)


def _edited(path: Path, ref: str, sha256: str) -> Trouble | None:
    """What to say of a working copy that is no longer what was adopted."""
    content = _bytes_of(path)
    if content is None:
        return Trouble(ref, f"{path.name} 不见了", f"{path.name} is gone")
    if hashlib.sha256(content).hexdigest() == sha256:
        return None
    problems = tuple(packs.check_pack_bytes(content, path.name))
    if problems:
        return Trouble(
            ref,
            f"{path.name} 改过且有错误，仍按采用时的文本执行",
            f"{path.name} was edited and has mistakes; the adopted text stays in force",
            problems,
        )
    return Trouble(
        ref,
        f"{path.name} 改过但没有采用，仍按采用时的文本执行；换版本号后运行 archivist pack adopt",
        f"{path.name} was edited but not adopted; the adopted text stays in force: "
        "give it a new version and run archivist pack adopt",
    )


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def keep_adopted(root: Path, pack: Pack, text: str) -> str:
    """Lay down the text as adopted, by digest, and the copy people edit; returns the digest."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    place = root / ADOPTED / f"{digest}.toml"
    if not place.exists():
        durable.make_folders(place.parent)
        durable.write_new(place, text.encode())
    durable.replace(root / "packs" / f"{pack.ref}.toml", text.encode())
    return digest


def policy_of(settings: Settings, catalogue: Catalogue) -> Policy:
    """What the packs in force and the company's settings say together."""
    found = in_force(settings, catalogue)
    if settings.packs and not found.packs:
        first = found.troubles[0]
        raise BadRequest(
            f"没有可用的制度包：{first.pack} {first.zh}",
            f"no adopted pack can be read: {first.pack} {first.en}",
            "请从备份恢复 packs 目录",
            "restore the folder packs from a backup",
        )
    return policy_from(found.packs, settings)


def policy_from(adopted: Sequence[Pack], settings: Settings) -> Policy:
    """What these packs say with the company's settings as they stand."""
    return Policy.adopt(adopted, {k: str(v) for k, v in settings.company.items()}, _fold)


def _fold(text: str) -> str:
    return analysis.fold(text)  # read when a name is first looked for


class Regulations:
    """The policy now in force, for work that goes on for days.

    `current` costs a look at archive.toml's time and a query when nothing changed. When what
    changed cannot be read, the last good policy stays and the log says so once.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._settings = archive.settings
        self._seen = self._look()
        self._policy = policy_of(self._settings, archive.catalogue)

    def current(self) -> Policy:
        """The policy to judge by."""
        seen = self._look()
        if seen != self._seen:
            self._seen = seen
            try:
                self._settings = config.load(self._settings.root)
                self._policy = policy_of(self._settings, self._archive.catalogue)
            except (ArchivistError, PackInvalid, StorageError, OSError) as error:
                remark("现行制度不变：%s", "the regulations in force stay as they were: %s", error)
        return self._policy

    def _look(self) -> tuple[object, ...]:
        names = sorted(ref.partition("@")[0] for ref in self._settings.packs)
        newest = (self._archive.catalogue.adoptions(name)[:1] for name in names)
        adopted = [row[0]["sha256"] for row in newest if row]
        try:
            stat = (self._settings.root / config.FILE_NAME).stat()
        except OSError:
            return (None, *adopted)
        return (stat.st_mtime_ns, stat.st_size, *adopted)


def shipped_packs() -> dict[str, str]:
    """The packs that come with the program: id → TOML text."""
    folder = Path(packs.__file__).parent / "packs"
    return {entry.stem: entry.read_text("utf-8") for entry in sorted(folder.glob("*.toml"))}


def pack_text(name_or_path: str) -> str:
    """The text of a shipped pack, or of a file.

    Raises NotKnown when it is neither, and PackInvalid when it is no text.
    """
    shipped = shipped_packs()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        content = path.read_bytes()
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            raise PackInvalid(packs.check_pack_bytes(content, name_or_path)) from None
    known = ", ".join(shipped)
    raise NotKnown(
        f"没有名为 {name_or_path} 的制度包",
        f"there is no pack {name_or_path}",
        f"自带的制度包：{known}",
        f"packs that come with the program: {known}",
    )


def roles_meant(policy: Policy, recorded: Iterable[str]) -> frozenset[str]:
    """What a person's recorded roles are in the regulations: each as it stands, and by its id."""
    words = tuple(recorded)
    return frozenset({*words, *(naming.role_id(policy, word) for word in words)})


def roles_held(catalogue: Catalogue, policy: Policy, name: str) -> frozenset[str]:
    """What a person's recorded roles are in the regulations."""
    row = catalogue.person(name)
    return roles_meant(policy, row["roles"] if row else ())


def days_said(policy: Policy, setting: str, usual: int, least: int = 1) -> int:
    """A number of days that the company may say, else the usual one. Raises BadRequest."""
    said = policy.setting(setting)
    if said is None:
        return usual
    if not (promptly.is_number(said) or said == "0") or int(said) < least:
        raise BadRequest(
            f"archive.toml 或本公司制度包的 {setting} 须为天数",
            f"{setting} in archive.toml or the company's own pack must be a number of days",
        )
    return int(said)


def refuse_held_apart(policy: Policy, recorded: Iterable[str]) -> None:
    """Raises NotAllowed for roles that a regulation lets nobody hold together (`excludes`)."""
    roles = roles_meant(policy, recorded)
    for cited in policy.rows(pack_rows.Role):
        for other in cited.row.excludes if cited.row.id in roles else ():
            if other in roles:
                raise NotAllowed(
                    f"制度规定{cited.row.zh}与{reach.role_words(policy, other)[0]}不得由一人担任"
                    f"（{cited.row.clause}）",
                    f"the regulation holds {cited.row.id} and {other} apart ({cited.row.clause})",
                )


def refuse_uncleared(policy: Policy, recorded: Iterable[str]) -> None:
    """Raises NotAllowed for a role that a regulation lets nobody be cleared with (`uncleared`)."""
    roles = roles_meant(policy, recorded)
    for cited in policy.rows(pack_rows.Role):
        if cited.row.uncleared and cited.row.id in roles:
            raise NotAllowed(
                f"制度规定{cited.row.zh}不得有涉密权限（{cited.row.clause}）",
                f"the regulation lets no {cited.row.id} be cleared ({cited.row.clause})",
            )


def department_id(policy: Policy, name: str) -> str:
    """The id of the department with this id or label; NotKnown with those there are."""
    for identifier, row in policy.departments.items():
        if name in (identifier, row.zh, row.en):
            return identifier
    known = ", ".join(policy.departments)
    raise NotKnown(
        f"没有部门 {name}",
        f"there is no department {name}",
        f"可用：{known}",
        f"there are: {known}",
    )


def known_for(catalogue: Catalogue, clues: Clues) -> facts.Known:
    """Every dossier and customer that the clues could mean.

    Of each customer named all dossiers are given: whether a route is sure depends on
    there being no second one.
    """
    words = list(clues.words)
    names = [*words, *(identifier.value for identifier in clues.identifiers)]
    customers = {word for word in words if records.kind_of(word) == "customer"}
    customers.update(catalogue.known_by("customer", names))
    dossiers = {word for word in words if records.kind_of(word) == "dossier"}
    dossiers.update(catalogue.known_by("dossier", names))
    rows = {row["id"]: row for name in dossiers if (row := catalogue.dossier(name))}
    for customer in customers:
        rows.update((row["id"], row) for row in catalogue.dossiers(customer))
    customers.update(row["customer"] for row in rows.values())
    return facts.Known(
        dossiers=tuple(dossier_info(catalogue, rows[name]) for name in sorted(rows)),
        customers=tuple(_customers(catalogue, sorted(customers))),
    )


def _customers(catalogue: Catalogue, names: Iterable[str]) -> Iterable[facts.CustomerInfo]:
    for name in names:
        row = catalogue.customer_kept(name)
        if row is not None:
            yield facts.CustomerInfo(row["id"], row["name"] or "", row["kind"] or "", row["fields"])


def dossier_info(catalogue: Catalogue, row: Row) -> facts.DossierInfo:
    """A dossier as judging sees it."""
    return facts.DossierInfo(
        row["id"],
        row["customer"],
        row["type"],
        row["keys"],
        row["closed"] is not None,
        frozenset(catalogue.types_filed(row["id"])),
    )
