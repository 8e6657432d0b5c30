"""The rows of a pack as values: what one regulation declares, typed and frozen.

Owns the vocabulary that packs, checklists, routing and judging share. Nothing here decides; the
values come only from `policies.packs`, which has checked every field before building them.
Every row carries the `clause` it was taken from (`S001-3-R13`), so that a decision can cite it.

    >>> item = Item("identity", "身份证明", "proof of identity", "S001-3-R13",
    ...             types=("id_card", "org_code_cert"), copy="photocopy", sides=2)
    >>> item.required
    'mandatory'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

CONDITION = re.compile(r"(customer|dossier)\.([a-z][a-z0-9_]*)(?:=(.+))?")
"""`Item.when`: whose registered field, which field, and the value it must have (or just any)."""


@dataclass(frozen=True, slots=True)
class Row:
    """What every row has: an id for programs, a label in each language, its clause."""

    id: str
    zh: str
    en: str
    clause: str


@dataclass(frozen=True, slots=True)
class Department(Row):
    """A department that hands documents over or keeps them."""


@dataclass(frozen=True, slots=True)
class DocumentType(Row):
    """A kind of paper and how it is recognised.

    `aliases` are further names for folders, file names and commands. `titles` stand as a line
    of their own at the head of the first page; `phrases` are printed on the form. `classes` are
    the words other regulations use for it (`contract`, `licence`). `anywhere`: it may lie in any
    dossier though no checklist asks for it.
    """

    aliases: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A field that identifies a dossier. `check` names the check-digit rule ("" for none)."""

    id: str
    zh: str
    en: str
    check: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a dossier on a date and starts a deadline."""

    id: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Item(Row):
    """One line of a checklist: any one of `types` satisfies it.

    `required` is mandatory, conditional (then `when` says when, as `customer.special` or
    `dossier.origin=own`) or optional. `copy` is original, photocopy or either; `sides` the
    sides to be copied. `part_of` names the item this one is attached to.
    """

    types: tuple[str, ...]
    required: str = "mandatory"
    when: str = ""
    copy: str = "either"
    sides: int = 1
    signed_by: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    part_of: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a checklist must be complete: `count` of `unit` after the event `after`.

    `unit` is working_days, days or months; same day is 0 days. `roll` says what happens when
    the last day is not a working day: none (it stays), previous or next.
    """

    after: str
    unit: str
    count: int
    roll: str
    clause: str


@dataclass(frozen=True, slots=True)
class DossierType(Row):
    """A kind of dossier with its checklist. `kind` is vehicle, customer, tenant, guest or case."""

    kind: str
    department: str
    keys: tuple[Key, ...] = ()
    events: tuple[Event, ...] = ()
    items: tuple[Item, ...] = ()
    deadline: Deadline | None = None


@dataclass(frozen=True, slots=True)
class Grade:
    """A secrecy grade. `rank` grows with secrecy; `mark` is printed on the carrier."""

    code: str
    zh: str
    en: str
    rank: int
    mark: str
    encrypt: bool
    clause: str


@dataclass(frozen=True, slots=True)
class DefaultGrade:
    """Documents of these types or classes get `grade` unless something more specific speaks.

    `types == ("*",)` is the pack's general rule: everything no other row names.
    """

    types: tuple[str, ...]
    classes: tuple[str, ...]
    grade: str
    clause: str


@dataclass(frozen=True, slots=True)
class Need:
    """A setting the regulation leaves open: the company must make it, there is no default."""

    id: str
    zh: str
    en: str
    kind: str
    clause: str


@dataclass(frozen=True, slots=True)
class Pack:
    """One regulation. `ref` (`auto-dealer@2026.1`) is what ledger entries cite."""

    id: str
    version: str
    zh: str
    en: str
    source: str
    effective_from: date
    departments: tuple[Department, ...] = ()
    document_types: tuple[DocumentType, ...] = ()
    dossier_types: tuple[DossierType, ...] = ()
    grades: tuple[Grade, ...] = ()
    default_grades: tuple[DefaultGrade, ...] = ()
    needs: tuple[Need, ...] = ()

    @property
    def ref(self) -> str:
        return f"{self.id}@{self.version}"
