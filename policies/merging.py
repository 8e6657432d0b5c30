"""Putting packs together: one table out of several, and a question wherever they disagree.

Owns the merging that judging a scan needs: document types, dossier types, grades, the names by
which all are found, and the default grade of every type. `policies.policy` holds the result.

Rules it keeps: nothing is settled by the order of packs. Where two packs say different things of
one id, or one name means two, the list `asked` gets a `Question` with the clauses and the setting
that would answer it.

    >>> asked: list[Question] = []
    >>> merged_grades([], asked), asked
    ({}, [])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from policies import rule_rows
from policies.pack_rows import (
    DefaultGrade,
    DocumentType,
    DossierType,
    Grade,
    Need,
    Row,
)
from policies.promptly import is_number, with_numbers

if TYPE_CHECKING:
    from policies.pack import Pack

Fold = Callable[[str], str]
_NUMBERS = ("days", "working_days", "months", "years")
_R = TypeVar("_R", bound=Row)


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


def compacting(fold: Fold) -> Fold:
    # White space is dropped whatever the given fold does: recognition puts spaces between
    # characters, and a phrase may be broken across two lines.
    return lambda text: "".join(fold(text).split())


def merged_rows(
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


def own_settings(packs: Sequence[Pack]) -> dict[str, str]:
    return {
        row.id: row.value
        for pack in packs
        if pack.head.kind == "company"
        for row in pack.rows(rule_rows.CompanySetting)
    }


def merged_types(packs: Sequence[Pack], asked: list[Question]) -> dict[str, DocumentType]:
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


def merged_grades(packs: Sequence[Pack], asked: list[Question]) -> dict[str, Grade]:
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


def numbered(
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


def ask_needs(packs: Sequence[Pack], settings: Mapping[str, str], asked: list[Question]) -> None:
    for pack in packs:
        for need in pack.rows(Need):
            said = settings.get(need.id, "").strip()
            if not said or (need.kind in _NUMBERS and not is_number(said)):
                asked.append(need_question(need, said))


def need_question(need: Need, said: str) -> Question:
    """The question a pack declares; an answer that cannot be read is named, not passed over."""
    zh, en = need.zh, need.en
    if said.strip():
        zh, en = f"{zh}（现写“{said}”，读不懂）", f"{en} ({said!r} cannot be read)"
    return Question(need.id, zh, en, (need.clause,))


def ask_items(
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


def by_name(
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


def with_titles(
    names: Mapping[str, str], types: Mapping[str, DocumentType], fold: Fold
) -> dict[str, str]:
    """`names` with the headings that belong to one type of paper only.

    A heading that two papers share is no mistake of the packs, since what else is printed on
    them tells them apart; but as a name it says nothing, nor does one that names another paper.
    """
    owners: dict[str, set[str]] = {}
    for row in types.values():
        for word in (row.zh, row.en, *row.aliases, *row.titles):
            owners.setdefault(fold(word), set()).add(row.id)
    return {word: min(ids) for word, ids in owners.items() if len(ids) == 1} | dict(names)


def readings_of(types: Mapping[str, DocumentType], fold: Fold) -> tuple[Reading, ...]:
    def folded(words: tuple[str, ...]) -> tuple[str, ...]:
        # Traditional and Simplified spellings may fold into one: count such a phrase once.
        return tuple(dict.fromkeys(fold(word) for word in words))

    return tuple(
        Reading(row.id, folded(row.titles), folded(row.phrases))
        for row in types.values()
        if row.titles or row.phrases
    )


def ruled_grades(
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
