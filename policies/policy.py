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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

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
from policies.packs import Pack
from policies.rule_rows import Duty, RoleMeaning

__all__ = ["Cited", "Fold", "GradeRuling", "Policy", "Question", "default_fold"]

_T = TypeVar("_T")


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


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """What the adopted packs and the company's settings say together; see `adopt`."""

    packs: tuple[str, ...]
    adopted: tuple[Pack, ...]
    settings: Mapping[str, str]
    departments: Mapping[str, Department]
    document_types: Mapping[str, DocumentType]
    dossier_types: Mapping[str, DossierType]
    grades: Mapping[str, Grade]
    questions: tuple[Question, ...]
    readings: tuple[Reading, ...]
    _fold: Fold
    _types_by_name: Mapping[str, str]
    _dossiers_by_name: Mapping[str, str]
    _grades_by_name: Mapping[str, str]
    _rulings: Mapping[str, GradeRuling]
    _rows: dict[type[Any], tuple[Cited[Any], ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def adopt(
        cls, packs: Sequence[Pack], settings: Mapping[str, str], fold: Fold = default_fold
    ) -> Policy:
        """The policy of `packs` with the company's `settings` (`ungraded`, `grade.<type>`, ...).

        `fold` maps text that should be treated as equal to the same text; pass one that also
        maps Traditional to Simplified characters and either script finds the other. It never
        raises for what is undecided: read `questions`, or call `require_settled`.
        """
        compact = compacting(fold)
        asked: list[Question] = []
        settings = {**own_settings(packs), **settings}
        if not packs:
            asked.append(Question("packs", "没有采用任何制度包", "no pack is adopted"))
        types = merged_types(packs, asked)
        dossiers = merged_rows(
            ((p, row) for p in packs for row in p.rows(DossierType)),
            "dossier type",
            settings,
            asked,
        )
        dossiers = numbered(dossiers, packs, settings)
        grades = merged_grades(packs, asked)
        ask_needs(packs, settings, asked)
        ask_items(dossiers, types, asked)
        grade_names = by_name(
            ((g.code, (g.code, g.zh, g.en)) for g in grades.values()), compact, asked
        )
        type_names = by_name(
            ((t.id, (t.id, t.zh, t.en, *t.aliases)) for t in types.values()), compact, asked
        )
        return cls(
            packs=tuple(pack.ref for pack in packs),
            adopted=tuple(packs),
            settings=settings,
            departments=merged_rows(
                ((p, row) for p in packs for row in p.rows(Department)),
                "department",
                settings,
                asked,
            ),
            document_types=types,
            dossier_types=dossiers,
            grades=grades,
            readings=readings_of(types, compact),
            _fold=compact,
            _types_by_name=with_titles(type_names, types, compact),
            _dossiers_by_name=by_name(
                ((d.id, (d.id, d.zh, d.en)) for d in dossiers.values()), compact, asked
            ),
            _grades_by_name=grade_names,
            _rulings=ruled_grades(packs, settings, types, grades, grade_names, compact, asked),
            questions=tuple(dict.fromkeys(asked)),
        )

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
    ) -> tuple[Cited[Duty], ...]:
        """Whose office it is to do `act`, for this kind of paper or dossier.

        A duty that names no scope is everybody's; one that names a scope holds within it only.
        """
        row = self.document_types.get(doc_type or "")
        classes = set(row.classes) if row else set()

        def within(duty: Duty) -> bool:
            return (
                (not duty.types or doc_type in duty.types)
                and (not duty.classes or bool(classes & set(duty.classes)))
                and (not duty.dossier_types or dossier_type in duty.dossier_types)
                and (not duty.series or series in duty.series)
            )

        return tuple(c for c in self.rows(Duty) if c.row.act == act and within(c.row))

    def who_is(self, role: str) -> tuple[str, ...]:
        """The roles a regulation's `role` means in this company; itself where nothing is said.

        Empty for a vague role (负责人) whose meaning the company has not given: nobody is meant.
        """
        for cited in self.rows(RoleMeaning):
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
        found = self._dossiers_by_name.get(self._fold(name))
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
        found = self._grades_by_name.get(self._fold(name))
        if found is None:
            raise _unknown("grade", name, self.grades)
        return self.grades[found]

    def default_grade(self, doc_type: str) -> GradeRuling | None:
        """The grade of a document type (by id) unless a person orders another.

        None when the adopted packs and settings do not decide it.
        """
        return self._rulings.get(doc_type)
