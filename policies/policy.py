"""`Policy`: several regulations adopted together, and what they leave undecided.

Owns the answers: which document types, dossier types and grades there are, by which names they
are found, which grade a document gets by default, which rows of a kind are in force. How packs
become one is `policies.merging`. Contradictions between regulations and settings nobody made are
not settled by luck or order: each becomes an open `Question` that names the clauses and the
setting which would answer it. `judge` refuses what an open question touches, and
`require_settled` raises before an archive goes to work.

Rules it keeps:
- A document type that several packs declare is one type with the names of all. Two different
  labels for one id, or one name for two ids, are contradictions. A name that means two types
  finds nothing. Where two packs describe one thing differently, the setting `packs.<id>` names
  the pack (by id) that prevails: so a company's own pack overrides a checklist, on the record.
- The default grade comes from the most specific row: one that names the type, then one that
  names its class, then a pack's general rule (`types = ["*"]`), then the setting `ungraded`.
  Equally specific rows of different packs that disagree: the setting `grade.<type>` decides,
  and without it the question is open. The same setting, when made, wins over every row.
- All folding of phrases happens once, here: judging a document is then plain text search.

    >>> policy = Policy.adopt([], {})
    >>> policy.questions[0].setting
    'packs'
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from policies import rule_rows
from policies.errors import PolicyIncomplete, UnknownName
from policies.merging import (
    Fold,
    GradeRuling,
    Question,
    Reading,
    ask_items,
    ask_needs,
    by_name,
    compacting,
    merged_grades,
    merged_rows,
    merged_types,
    numbered,
    own_settings,
    readings_of,
    ruled_grades,
    with_titles,
)
from policies.pack_rows import Department, DocumentType, DossierType, Grade, Role

if TYPE_CHECKING:
    from policies.pack import Pack

__all__ = ["Cited", "Fold", "GradeRuling", "Policy", "Question", "default_fold"]

_T = TypeVar("_T")
_Row = TypeVar("_Row", Department, DossierType)


def _unknown(
    kind: str, name: str, declared: Mapping[str, DocumentType | DossierType | Grade]
) -> UnknownName:
    return UnknownName(kind, name, tuple(declared), tuple(row.zh for row in declared.values()))


def default_fold(text: str) -> str:
    """Width, case and spaces do not matter: NFKC, case-folded, white space dropped."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(frozen=True, slots=True)
class Cited(Generic[_T]):
    """A row with the pack it stands in: what a decision must name."""

    row: _T
    pack: str
    company: bool = False


def _asking(join: Callable[[list[Question]], _T]) -> tuple[_T, list[Question]]:
    asked: list[Question] = []
    return join(asked), asked


class Policy:
    """What the adopted packs and the company's settings say together; see `adopt`.

    Each answer is joined when it is first asked for, with the questions that joining it leaves:
    a list that names grades joins no checklists.
    """

    def __init__(self, adopted: tuple[Pack, ...], settings: Mapping[str, str], fold: Fold) -> None:
        self.adopted = adopted
        self.packs = tuple(pack.ref for pack in adopted)
        self.settings = settings
        self._fold = compacting(fold)
        self._rows: dict[type[Any], tuple[Cited[Any], ...]] = {}

    @classmethod
    def adopt(
        cls, packs: Sequence[Pack], settings: Mapping[str, str], fold: Fold = default_fold
    ) -> Policy:
        """The policy of `packs` with the company's `settings` (`ungraded`, `grade.<type>`, ...).

        `fold` maps text that should be treated as equal to the same text; pass one that also
        maps Traditional to Simplified characters and either script finds the other. It never
        raises for what is undecided: read `questions`, or call `require_settled`.
        """
        return cls(tuple(packs), {**own_settings(packs), **settings}, fold)

    def _merged(self, kind: type[_Row], words: str) -> tuple[dict[str, _Row], list[Question]]:
        rows = ((pack, row) for pack in self.adopted for row in pack.rows(kind))
        return _asking(lambda asked: merged_rows(rows, words, self.settings, asked))

    @cached_property
    def _departments(self) -> tuple[dict[str, Department], list[Question]]:
        return self._merged(Department, "department")

    @cached_property
    def departments(self) -> Mapping[str, Department]:
        """By id."""
        return self._departments[0]

    @cached_property
    def _types(self) -> tuple[dict[str, DocumentType], list[Question]]:
        return _asking(lambda asked: merged_types(self.adopted, asked))

    @cached_property
    def document_types(self) -> Mapping[str, DocumentType]:
        """By id."""
        return self._types[0]

    @cached_property
    def _dossiers(self) -> tuple[dict[str, DossierType], list[Question]]:
        return self._merged(DossierType, "dossier type")

    @cached_property
    def dossier_types(self) -> Mapping[str, DossierType]:
        """By id, with the company's numbers in their deadlines."""
        return numbered(self._dossiers[0], self.adopted, self.settings)

    @cached_property
    def _grades(self) -> tuple[dict[str, Grade], list[Question]]:
        return _asking(lambda asked: merged_grades(self.adopted, asked))

    @cached_property
    def grades(self) -> Mapping[str, Grade]:
        """By code, the most secret first."""
        return self._grades[0]

    @cached_property
    def _grade_names(self) -> tuple[dict[str, str], list[Question]]:
        rows = ((g.code, (g.code, g.zh, g.en)) for g in self.grades.values())
        return _asking(lambda asked: by_name(rows, self._fold, asked))

    @cached_property
    def _type_names(self) -> tuple[dict[str, str], list[Question]]:
        types = self.document_types.values()
        rows = ((t.id, (t.id, t.zh, t.en, *t.aliases)) for t in types)
        return _asking(lambda asked: by_name(rows, self._fold, asked))

    @cached_property
    def _types_by_name(self) -> dict[str, str]:
        return with_titles(self._type_names[0], self.document_types, self._fold)

    @cached_property
    def _dossier_names(self) -> tuple[dict[str, str], list[Question]]:
        rows = ((d.id, (d.id, d.zh, d.en)) for d in self.dossier_types.values())
        return _asking(lambda asked: by_name(rows, self._fold, asked))

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """How each type that is known by its words reads."""
        return readings_of(self.document_types, self._fold)

    @cached_property
    def _rulings(self) -> tuple[dict[str, GradeRuling], list[Question]]:
        types, grades, names = self.document_types, self.grades, self._grade_names[0]
        return _asking(
            lambda asked: ruled_grades(
                self.adopted, self.settings, types, grades, names, self._fold, asked
            )
        )

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What these packs leave undecided among themselves; see `policies.questions` for all."""
        asked: list[Question] = []
        if not self.adopted:
            asked.append(Question("packs", "没有采用任何制度包", "no pack is adopted"))
        for _, found in (self._types, self._dossiers, self._grades):
            asked += found
        ask_needs(self.adopted, self.settings, asked)
        ask_items(self.dossier_types, self.document_types, asked)
        for _, found in (
            self._grade_names, self._type_names, self._departments, self._dossier_names,
            self._rulings,
        ):  # fmt: skip
            asked += found
        return tuple(dict.fromkeys(asked))

    def require_settled(self) -> None:
        """Raise `PolicyIncomplete` with every open question; return when there is none."""
        if self.questions:
            raise PolicyIncomplete(self.questions)

    def rows(self, kind: type[_T]) -> tuple[Cited[_T], ...]:
        """All rows of one kind, pack by pack as adopted, each with its pack.

        A row of the company's own pack stands in the place of every row of that kind with the
        same id: so the company overrides a regulation, on the record.
        """
        # One question over all packs asks thousands of times; the packs never change.
        if kind not in self._rows:
            self._rows[kind] = self._gathered(kind)
        return self._rows[kind]

    def _gathered(self, kind: type[_T]) -> tuple[Cited[_T], ...]:
        own = [pack for pack in self.adopted if pack.head.kind == "company"]
        replaced = {getattr(row, "id", None) for pack in own for row in pack.rows(kind)}
        return tuple(
            Cited(row, pack.ref, pack.head.kind == "company")
            for pack in self.adopted
            for row in pack.rows(kind)
            if pack.head.kind == "company" or getattr(row, "id", row) not in replaced
        )

    def setting(self, name: str) -> str | None:
        """The company's answer to `name`, or None where it gave none."""
        return self.settings.get(name, "").strip() or None

    def duties(
        self,
        act: str,
        doc_type: str | None = None,
        dossier_type: str | None = None,
        series: str | None = None,
    ) -> tuple[Cited[rule_rows.Duty], ...]:
        """Whose office it is to do `act`, for this kind of paper or dossier.

        A duty that names no scope is everybody's; one that names a scope holds within it only.
        """
        row = self.document_types.get(doc_type or "")
        classes = set(row.classes) if row else set()

        def within(duty: rule_rows.Duty) -> bool:
            return (
                (not duty.types or doc_type in duty.types)
                and (not duty.classes or bool(classes & set(duty.classes)))
                and (not duty.dossier_types or dossier_type in duty.dossier_types)
                and (not duty.series or series in duty.series)
            )

        return tuple(c for c in self.rows(rule_rows.Duty) if c.row.act == act and within(c.row))

    def who_is(self, role: str) -> tuple[str, ...]:
        """The roles a regulation's `role` means in this company; itself where nothing is said.

        Empty for a vague role (负责人) whose meaning the company has not given: nobody is meant.
        """
        for cited in self.rows(rule_rows.RoleMeaning):
            if cited.row.role == role:
                return cited.row.means
        if said := self.setting(f"role.{role}"):
            return tuple(word.strip() for word in said.split(","))
        vague = any(cited.row.id == role and cited.row.vague for cited in self.rows(Role))
        return () if vague else (role,)

    def fold(self, text: str) -> str:
        """`text` as it is compared: folded, white space dropped."""
        return self._fold(text)

    def find_type(self, name: str) -> DocumentType | None:
        """The document type of this name: id, label, alias or a heading of its own."""
        found = self._types_by_name.get(self._fold(name))
        return None if found is None else self.document_types[found]

    def find_dossier_type(self, name: str) -> DossierType | None:
        """The dossier type called `name` (id or label)."""
        found = self._dossier_names[0].get(self._fold(name))
        return None if found is None else self.dossier_types[found]

    def document_type(self, name: str) -> DocumentType:
        """Like `find_type`; raises `UnknownName`."""
        if (found := self.find_type(name)) is None:
            raise _unknown("document type", name, self.document_types)
        return found

    def dossier_type(self, name: str) -> DossierType:
        """Like `find_dossier_type`; raises `UnknownName`."""
        if (found := self.find_dossier_type(name)) is None:
            raise _unknown("dossier type", name, self.dossier_types)
        return found

    def grade(self, name: str) -> Grade:
        """The grade with this code or label; raises `UnknownName`."""
        found = self._grade_names[0].get(self._fold(name))
        if found is None:
            raise _unknown("grade", name, self.grades)
        return self.grades[found]

    def default_grade(self, doc_type: str) -> GradeRuling | None:
        """The grade of a document type (by id) unless a person orders another.

        None when the adopted packs and settings do not decide it.
        """
        return self._rulings[0].get(doc_type)
