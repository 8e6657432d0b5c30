"""The adopted regulations of an archive, and what the catalogue knows for judging.

Joins `policies` to the rest: reads the adopted packs from the archive's own `packs/`
folder (never from the program, whose next version may bring other packs), and answers
the clues of a document with the dossiers and customers they could mean.
"""

from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from archivist.config import Settings
from archivist.errors import BadRequest, NotKnown
from archivist.records import kind_of
from index.analysis import fold
from index.catalogue import Catalogue, Row
from policies.facts import CustomerInfo, DossierInfo, Known
from policies.packs import Pack, parse_pack
from policies.policy import Policy
from policies.routing import Clues


def policy_of(settings: Settings) -> Policy:
    """What the adopted packs and the company's settings say together."""
    packs = [adopted_pack(settings, ref) for ref in settings.packs]
    return Policy.adopt(packs, {k: str(v) for k, v in settings.company.items()}, fold)


def adopted_pack(settings: Settings, ref: str) -> Pack:
    """One adopted pack, "id@version", from the archive's folder."""
    path = settings.root / "packs" / f"{ref}.toml"
    try:
        return parse_pack(path.read_text("utf-8"), path.name)
    except FileNotFoundError:
        raise BadRequest(
            f"archive.toml 采用了 {ref}，但 packs 中没有它",
            f"archive.toml adopts {ref}, but packs/ does not hold it",
        ) from None
    except UnicodeDecodeError:
        raise BadRequest(f"{path.name} 不是 UTF-8 文本", f"{path.name} is no UTF-8 text") from None


def shipped_packs() -> dict[str, str]:
    """The packs that come with the program: id → TOML text."""
    folder = resources.files("policies") / "packs"
    return {
        Path(entry.name).stem: entry.read_text("utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }


def pack_text(name_or_path: str) -> str:
    """The text of a shipped pack, or of a file. Raises NotKnown when it is neither."""
    shipped = shipped_packs()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path.read_text("utf-8")
    known = ", ".join(shipped)
    raise NotKnown(
        f"没有名为 {name_or_path} 的制度包",
        f"there is no pack {name_or_path}",
        f"自带的制度包：{known}",
        f"packs that come with the program: {known}",
    )


def known_for(catalogue: Catalogue, clues: Clues) -> Known:
    """Every dossier and customer that the clues could mean.

    Of each customer named all dossiers are given: whether a route is sure depends on
    there being no second one.
    """
    words = list(clues.words)
    names = [*words, *(identifier.value for identifier in clues.identifiers)]
    customers = {word for word in words if kind_of(word) == "customer"}
    customers.update(catalogue.known_by("customer", names))
    dossiers = {word for word in words if kind_of(word) == "dossier"}
    dossiers.update(catalogue.known_by("dossier", names))
    rows = {row["id"]: row for name in dossiers if (row := catalogue.dossier(name))}
    for customer in customers:
        rows.update((row["id"], row) for row in catalogue.dossiers(customer))
    customers.update(row["customer"] for row in rows.values())
    return Known(
        dossiers=tuple(dossier_info(catalogue, rows[name]) for name in sorted(rows)),
        customers=tuple(_customers(catalogue, sorted(customers))),
    )


def _customers(catalogue: Catalogue, names: Iterable[str]) -> Iterable[CustomerInfo]:
    for name in names:
        row = catalogue.customer(name)
        if row is not None:
            yield CustomerInfo(row["id"], row["name"] or "", row["kind"] or "", row["fields"])


def dossier_info(catalogue: Catalogue, row: Row) -> DossierInfo:
    """A dossier as judging sees it."""
    return DossierInfo(
        row["id"],
        row["customer"],
        row["type"],
        row["keys"],
        row["closed"] is not None,
        frozenset(catalogue.types_filed(row["id"])),
    )
