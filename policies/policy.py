"""`Policy`: several regulations adopted together, and what they leave undecided.

Owns the merging of packs: which document types, dossier types and grades there are, by which
names they are found, which grade a document gets by default. Contradictions between regulations
and settings nobody made are not settled by luck or order: each becomes an open `Question` that
names the clauses and the setting which would answer it. `judge` refuses what an open question
touches, and `require_settled` raises before an archive goes to work.

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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from policies.errors import PolicyIncomplete, UnknownName
from policies.pack_rows import (
    DefaultGrade,
    Department,
    DocumentType,
    DossierType,
    Grade,
    Need,
    Role,
    Row,
)
from policies.packs import Pack
from policies.promptly import is_number, with_numbers
from policies.rule_rows import CompanySetting, Duty, RoleMeaning

Fold = Callable[[str], str]
_NUMBERS = ("days", "working_days", "months", "years")
_R = TypeVar("_R", bound=Row)
_T = TypeVar("_T")


def default_fold(text: str) -> str:
    """Width, case and spaces do not matter: NFKC, case-folded, white space dropped."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(frozen=True, slots=True)
class Question:
    """Something the company must decide: the setting that answers it, and why it is asked.

    `contradiction`: two regulations disagree, so nothing they disagree on may be done until it is
    settled. Otherwise a regulation left a number open, and only what needs it waits.
    """

    setting: str
    zh: str
    en: str
    clauses: tuple[str, ...] = ()
    contradiction: bool = False

    @property
    def blocks(self) -> bool:
        """Whether scans cannot be judged before it is answered.

        Everything else is denied or left undone until then, and filing goes on.
        """
        return self.setting.startswith(("packs", "ungraded", "grade."))

    def __str__(self) -> str:
        return f"{self.setting}: {self.en}"


@dataclass(frozen=True, slots=True)
class GradeRuling:
    """The grade a document type gets, and the clauses that say so."""

    grade: Grade
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How one type reads, folded: title lines, and phrases anywhere on the page."""

    doc_type: str
    titles: tuple[str, ...]
    phrases: tuple[str, ...]


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
        compact = _compacting(fold)
        asked: list[Question] = []
        settings = {**_own_settings(packs), **settings}
        if not packs:
            asked.append(Question("packs", "没有采用任何制度包", "no pack is adopted"))
        types = _merge_types(packs, asked)
        dossiers = _merge(
            ((p, row) for p in packs for row in p.rows(DossierType)),
            "dossier type",
            settings,
            asked,
        )
        dossiers = _with_numbers(dossiers, packs, settings)
        grades = _merge_grades(packs, asked)
        _ask_needs(packs, settings, asked)
        _ask_items(dossiers, types, asked)
        grade_names = _names(
            ((g.code, (g.code, g.zh, g.en)) for g in grades.values()), compact, asked
        )
        return cls(
            packs=tuple(pack.ref for pack in packs),
            adopted=tuple(packs),
            settings=settings,
            departments=_merge(
                ((p, row) for p in packs for row in p.rows(Department)),
                "department",
                settings,
                asked,
            ),
            document_types=types,
            dossier_types=dossiers,
            grades=grades,
            readings=_readings(types, compact),
            _fold=compact,
            _types_by_name=_names(
                ((t.id, (t.id, t.zh, t.en, *t.aliases)) for t in types.values()), compact, asked
            ),
            _dossiers_by_name=_names(
                ((d.id, (d.id, d.zh, d.en)) for d in dossiers.values()), compact, asked
            ),
            _grades_by_name=grade_names,
            _rulings=_rule(packs, settings, types, grades, grade_names, compact, asked),
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
        """The document type called `name` (id, label or alias; case and width do not matter)."""
        found = self._types_by_name.get(self._fold(name))
        return None if found is None else self.document_types[found]

    def find_dossier_type(self, name: str) -> DossierType | None:
        """The dossier type called `name` (id or label)."""
        found = self._dossiers_by_name.get(self._fold(name))
        return None if found is None else self.dossier_types[found]

    def document_type(self, name: str) -> DocumentType:
        """Like `find_type`; raises `UnknownName`."""
        if (found := self.find_type(name)) is None:
            raise UnknownName("document type", name, tuple(self.document_types))
        return found

    def dossier_type(self, name: str) -> DossierType:
        """Like `find_dossier_type`; raises `UnknownName`."""
        if (found := self.find_dossier_type(name)) is None:
            raise UnknownName("dossier type", name, tuple(self.dossier_types))
        return found

    def grade(self, name: str) -> Grade:
        """The grade with this code or label; raises `UnknownName`."""
        found = self._grades_by_name.get(self._fold(name))
        if found is None:
            raise UnknownName("grade", name, tuple(self.grades))
        return self.grades[found]

    def default_grade(self, doc_type: str) -> GradeRuling | None:
        """The grade of a document type (by id) unless a person orders another.

        None when the adopted packs and settings do not decide it.
        """
        return self._rulings.get(doc_type)


def _compacting(fold: Fold) -> Fold:
    # White space is dropped whatever the given fold does: recognition puts spaces between
    # characters, and a phrase may be broken across two lines.
    return lambda text: "".join(fold(text).split())


def _merge(
    rows: Iterable[tuple[Pack, _R]], kind: str, settings: Mapping[str, str], asked: list[Question]
) -> dict[str, _R]:
    """Rows by id; two different ones are an open question unless `packs.<id>` names the pack.

    What the company's own pack declares needs no setting: it is the company's word already.
    """
    merged: dict[str, _R] = {}
    for pack, row in sorted(rows, key=lambda pair: pair[0].head.kind == "company"):
        known = merged.setdefault(row.id, row)
        prevailing = settings.get(f"packs.{row.id}")
        if prevailing == pack.id or (pack.head.kind == "company" and prevailing is None):
            merged[row.id] = row
        elif not _same_thing(known, row) and prevailing is None:
            asked.append(
                Question(
                    f"packs.{row.id}",
                    f"{pack.ref} 对“{row.id}”另有规定",
                    f"{pack.ref} declares the {kind} {row.id} differently",
                    (known.clause, row.clause),
                    contradiction=True,
                )
            )
    return merged


def _same_thing(one: Row, other: Row) -> bool:
    """Whether two rows say the same, whatever clause each takes it from."""
    return replace(one, clause=other.clause) == other


def _own_settings(packs: Sequence[Pack]) -> dict[str, str]:
    return {
        row.id: row.value
        for pack in packs
        if pack.head.kind == "company"
        for row in pack.rows(CompanySetting)
    }


def _merge_types(packs: Sequence[Pack], asked: list[Question]) -> dict[str, DocumentType]:
    merged: dict[str, DocumentType] = {}
    for pack in packs:
        for row in pack.rows(DocumentType):
            known = merged.get(row.id)
            if known is None:
                merged[row.id] = row
            elif (known.zh, known.en) != (row.zh, row.en):
                asked.append(
                    Question(
                        f"packs.{row.id}",
                        f"{pack.ref} 对资料“{row.id}”用了另一个名称",
                        f"{pack.ref} gives the document type {row.id} another label",
                        (known.clause, row.clause),
                        contradiction=True,
                    )
                )
            else:
                merged[row.id] = _joined(known, row)
    return merged


def _joined(one: DocumentType, other: DocumentType) -> DocumentType:
    def both(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*a, *b)))

    return replace(
        one,
        aliases=both(one.aliases, other.aliases),
        titles=both(one.titles, other.titles),
        phrases=both(one.phrases, other.phrases),
        classes=both(one.classes, other.classes),
        anywhere=one.anywhere or other.anywhere,
    )


def _merge_grades(packs: Sequence[Pack], asked: list[Question]) -> dict[str, Grade]:
    merged: dict[str, Grade] = {}
    for pack in packs:
        for row in pack.rows(Grade):
            known = merged.setdefault(row.code, row)
            # Encryption and order are what the grade does; differing words alone are harmless.
            if (known.rank, known.encrypt) != (row.rank, row.encrypt):
                asked.append(
                    Question(
                        f"packs.{row.code}",
                        f"{pack.ref} 对密级 {row.code} 另有规定",
                        f"{pack.ref} declares the grade {row.code} differently",
                        (known.clause, row.clause),
                        contradiction=True,
                    )
                )
    if packs and not merged:
        asked.append(Question("packs", "没有制度包规定密级", "no adopted pack declares grades"))
    return dict(sorted(merged.items(), key=lambda pair: -pair[1].rank))


def _with_numbers(
    dossiers: Mapping[str, DossierType], packs: Sequence[Pack], settings: Mapping[str, str]
) -> dict[str, DossierType]:
    """Each dossier type with the company's numbers in the deadlines its regulation left open."""
    needs = [need for pack in packs for need in pack.rows(Need)]
    in_working_days = {need.id for need in needs if need.kind == "working_days"}
    return {
        name: replace(row, deadlines=with_numbers(row.deadlines, settings, in_working_days))
        if any(deadline.days_from for deadline in row.deadlines)
        else row
        for name, row in dossiers.items()
    }


def _ask_needs(packs: Sequence[Pack], settings: Mapping[str, str], asked: list[Question]) -> None:
    for pack in packs:
        for need in pack.rows(Need):
            said = settings.get(need.id, "").strip()
            if not said or (need.kind in _NUMBERS and not is_number(said)):
                asked.append(Question(need.id, need.zh, need.en, (need.clause,)))


def _ask_items(
    dossiers: Mapping[str, DossierType], types: Mapping[str, DocumentType], asked: list[Question]
) -> None:
    """An item whose document types nobody declares could never be satisfied."""
    for dossier in dossiers.values():
        for item in dossier.items:
            for name in item.types:
                if name not in types:
                    asked.append(
                        Question(
                            f"packs.{name}",
                            f"清单“{dossier.id}.{item.id}”所列资料“{name}”没有登记",
                            f"{dossier.id}.{item.id} asks for the undeclared type {name}",
                            (item.clause,),
                        )
                    )


def _names(
    rows: Iterable[tuple[str, tuple[str, ...]]], fold: Fold, asked: list[Question]
) -> dict[str, str]:
    """Folded name → id. A name of two ids finds neither, and is an open question."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for row_id, names in rows:
        for name in names:
            folded = fold(name)
            if found.setdefault(folded, row_id) != row_id:
                shared.add(folded)
                asked.append(
                    Question(
                        f"packs.{row_id}",
                        f"“{name}”同时是 {found[folded]} 和 {row_id} 的名称",
                        f"{name!r} is a name of both {found[folded]} and {row_id}",
                    )
                )
    return {name: row_id for name, row_id in found.items() if name not in shared}


def _readings(types: Mapping[str, DocumentType], fold: Fold) -> tuple[Reading, ...]:
    def folded(words: tuple[str, ...]) -> tuple[str, ...]:
        # Traditional and Simplified spellings may fold into one: count such a phrase once.
        return tuple(dict.fromkeys(fold(word) for word in words))

    return tuple(
        Reading(row.id, folded(row.titles), folded(row.phrases))
        for row in types.values()
        if row.titles or row.phrases
    )


def _rule(
    packs: Sequence[Pack],
    settings: Mapping[str, str],
    types: Mapping[str, DocumentType],
    grades: Mapping[str, Grade],
    grade_names: Mapping[str, str],
    fold: Fold,
    asked: list[Question],
) -> dict[str, GradeRuling]:
    """The default grade of every document type that has one."""
    rows = [row for pack in packs for row in pack.rows(DefaultGrade)]
    needs = {need.id: need.clause for pack in packs for need in pack.rows(Need)}

    def from_setting(key: str) -> Grade | None:
        name = settings.get(key, "").strip()
        code = grade_names.get(fold(name)) if name else None
        if name and code is None:
            asked.append(
                Question(key, f"设置的密级“{name}”没有登记", f"{name!r} is no declared grade")
            )
        return grades[code] if code else None

    fallback = from_setting("ungraded")
    by_fallback = (needs["ungraded"],) if "ungraded" in needs else ()
    rulings: dict[str, GradeRuling] = {}
    for row in types.values():
        speaking = _most_specific(row, rows)
        clauses = tuple(dict.fromkeys(speaker.clause for speaker in speaking))
        if (settled := from_setting(f"grade.{row.id}")) is not None:
            rulings[row.id] = GradeRuling(settled, clauses)
        elif not speaking:
            if fallback is not None:
                rulings[row.id] = GradeRuling(fallback, by_fallback)
        elif len(codes := {speaker.grade for speaker in speaking}) > 1:
            asked.append(_contradiction(row, speaking))
        elif (code := codes.pop()) in grades:
            rulings[row.id] = GradeRuling(grades[code], clauses)
        else:
            asked.append(Question("packs", f"密级 {code} 没有登记", f"grade {code} is undeclared"))
    return rulings


def _most_specific(row: DocumentType, rows: Sequence[DefaultGrade]) -> list[DefaultGrade]:
    named = [speaker for speaker in rows if row.id in speaker.types]
    classed = [speaker for speaker in rows if set(row.classes) & set(speaker.classes)]
    general = [speaker for speaker in rows if "*" in speaker.types]
    return named or classed or general


def _contradiction(row: DocumentType, speaking: Sequence[DefaultGrade]) -> Question:
    said = ", ".join(f"{speaker.clause} → {speaker.grade}" for speaker in speaking)
    return Question(
        f"grade.{row.id}",
        f"各制度对“{row.zh}”的密级规定不一：{said}",
        f"regulations disagree on the grade of {row.id}: {said}",
        tuple(speaker.clause for speaker in speaking),
        contradiction=True,
    )
