"""Arrangement: in which order papers lie, what is never parted, what a volume (案卷) must keep to.

Owns the answers of the `arrangement` and `volume_rule` rows. To which year a paper belongs is
`policies.filing_years`, and can be had from here.

Rules it keeps:
- An order of pairs (`reply>request`) binds papers of one matter; all else keeps the order in
  which it arose, or the order of the fields (`issue_date`) that the row names.
- Where two regulations give another order for the same papers, the company decides:
  `arrangement.<series or dossier type>`, or `arrangement` (a pack's id).
- A volume is looked at by its papers' filing years, so that a plan of five years or a reply of
  the next year is no fault. Every fault names its clause; the rules of all packs count.

    >>> papers = [Paper("R1", {"request"}, "m"), Paper("R2", {"reply"}, "m"), Paper("R3")]
    >>> [paper.id for paper in sorted_papers(papers, ("reply>request",))]
    ['R2', 'R1', 'R3']
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from policies import filing_years, keeping_rows
from policies.filing_years import MATTERS, Matter, Ruling, filing_year
from policies.policy import Cited, Policy, Question
from policies.reach import (
    Subject,
    clauses_of,
    distinct,
    named_by,
    once_each,
    pack_id,
    prevailing,
    series_of,
    speakers,
)

__all__ = [
    "MATTERS", "Matter", "Paper", "Problem", "Ruling", "Sheet", "Volume", "filing_year",
    "never_parted", "order_of", "sorted_papers", "unsettled", "volume_problems",
]  # fmt: skip

_Fault = tuple[str, str, tuple[str, ...]]
"""What is wrong in Chinese and English, and the papers it concerns."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as arranging sees it.

    `parts` are what it is in its matter (`reply`, `main`, `draft`); `matter` is any code that
    papers of one matter share; `fields` are ISO texts such as `issue_date`. `about` decides the
    filing year, else `year` is it. `linked_to` are papers it is closely linked to; `keep` its
    class of keeping. None and empty: nobody said.
    """

    id: str
    parts: Collection[str] = ()
    matter: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    about: Matter | None = None
    year: int | None = None
    grade: str = ""
    keep: str = ""
    pages: int | None = None
    copies: int | None = None
    class_number: str = ""
    linked_to: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A contents list or notes sheet: where it lies, its columns, and the papers it names."""

    place: str
    fields: Collection[str] = ()
    papers: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume as it stands. `others` are papers of its matters that lie somewhere else.

    `scheme` are the class numbers of the department's 案卷类目 of the year; `forms` what is there
    of `paper` and `electronic`; `attested` what a person saw to be as the regulation demands.
    """

    year: int | None
    papers: Sequence[Paper]
    others: Sequence[Paper] = ()
    class_number: str = ""
    scheme: Collection[str] = ()
    contents: Sheet | None = None
    notes: Sheet | None = None
    composed_by: str = ""
    checked_by: str = ""
    forms: Collection[str] = ()
    attested: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a volume: the kind of rule it breaks, in words, the clause, the papers."""

    code: str
    zh: str
    en: str
    clause: str
    pack: str
    papers: tuple[str, ...] = ()


def order_of(
    policy: Policy, dossier_type: str | None = None, series: str | None = None
) -> tuple[Cited[keeping_rows.Arrangement], ...]:
    """The rows that give the order of such papers; of several packs only while unsettled.

    The order itself is `row.order`; see `unsettled` for packs that disagree.
    """
    subject = Subject(dossier_type=dossier_type, series=series)
    by_pack = speakers(
        policy, (c for c in policy.rows(keeping_rows.Arrangement) if c.row.order), subject
    )
    settings = _order_settings(policy, subject)
    said = next((word for name in settings if (word := policy.setting(name))), None)
    return prevailing(by_pack, said) or tuple(c for own in by_pack.values() for c in own)


def sorted_papers(papers: Iterable[Paper], order: Sequence[str]) -> tuple[Paper, ...]:
    """The papers in the order that `order` gives: pairs `front>back`, and names of fields.

    A paper without a field that is sorted by comes after those that have it.
    """
    names = [entry for entry in order if ">" not in entry]
    pairs = [tuple(entry.split(">", 1)) for entry in order if ">" in entry]
    waiting = sorted(
        papers, key=lambda p: [(n not in p.fields, p.fields.get(n, "")) for n in names]
    )
    done: list[Paper] = []
    while waiting:
        # The first whom nobody must precede. Pairs that contradict each other in a ring bind
        # nobody: then the first of all.
        free = (p for p in waiting if not any(_goes_before(o, p, pairs) for o in waiting))
        done.append(next(free, waiting[0]))
        waiting.remove(done[-1])
    return tuple(done)


def never_parted(policy: Policy) -> tuple[Cited[keeping_rows.Arrangement], ...]:
    """The groups of parts that are filed together (`row.together`): main text and attachment …"""
    return tuple(cited for cited in policy.rows(keeping_rows.Arrangement) if cited.row.together)


def volume_problems(policy: Policy, volume: Volume) -> tuple[Problem, ...]:
    """Every fault of the volume, in the order of the rules; empty when it may be closed."""
    return tuple(
        Problem(cited.row.of, *_said(fault), cited.row.clause, cited.pack, fault[2])
        for cited in policy.rows(keeping_rows.VolumeRule)
        for fault in _CHECKS.get(cited.row.of, _unchecked)(policy, cited.row, volume)
    ) + tuple(
        Problem("together", *_said(fault), cited.row.clause, cited.pack, fault[2])
        for cited in never_parted(policy)
        for fault in _parted(cited.row, volume)
    )


def unsettled(policy: Policy) -> Iterator[Question]:
    """Where adopted packs take another year for one matter, or another order for one dossier."""
    yield from filing_years.unsettled(policy)
    places = (
        at
        for c in policy.rows(keeping_rows.Arrangement)
        if c.row.order
        for at in named_by(policy, c.row)
    )
    yield from once_each(q for at in places for q in _order_questions(policy, at))


def _goes_before(one: Paper, other: Paper, pairs: Iterable[Sequence[str]]) -> bool:
    """Whether a pair puts `one` before `other`; of pairs that disagree, the first written."""
    if not one.matter or one.matter != other.matter:
        return False
    for front, back in pairs:
        before = front in one.parts and back in other.parts
        after = front in other.parts and back in one.parts
        if before != after:
            return before
    return False


def _order_settings(policy: Policy, at: Subject) -> tuple[str, ...]:
    """The settings that could say whose order counts, the finest first."""
    series = series_of(policy, at.dossier_type, at.series)
    names = (
        series and f"arrangement.{series}",
        at.dossier_type and f"arrangement.{at.dossier_type}",
    )
    return (*(name for name in names if name), "arrangement")


def _order_questions(policy: Policy, at: Subject) -> Iterator[Question]:
    found = order_of(policy, at.dossier_type, at.series)
    if len({cited.pack for cited in found}) < 2 or len({cited.row.order for cited in found}) < 2:
        return
    said = "; ".join(f"{cited.row.clause} {', '.join(cited.row.order)}" for cited in found)
    packs = ", ".join(distinct(pack_id(cited.pack) for cited in found))
    yield Question(
        _order_settings(policy, at)[0],
        f"各制度规定的排列次序不一：{said}。请设为以何者为准（{packs}）",
        f"regulations disagree on the order of papers: {said}; name what prevails ({packs})",
        clauses_of(cited.row.clause for cited in found),
        contradiction=True,
    )


def _said(fault: _Fault) -> tuple[str, str]:
    return fault[0], fault[1]


def _unchecked(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    """A running file is work before there is a volume: nothing of the volume shows it."""
    yield from ()


def _by_year(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    if volume.year is None:
        yield "案卷没有年度", "the volume has no year", ()


def _one_year(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    years = {p.id: filing_year(policy, p.about).year if p.about else p.year for p in volume.papers}
    if unknown := tuple(name for name, year in years.items() if year is None):
        yield "归入哪一年尚不清楚", "it is not clear to which year they belong", unknown
    if other := tuple(n for n, year in years.items() if year not in (None, volume.year)):
        yield "属于另一年度", "belong to another year", other


def _apart(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    kept_apart = {p.id for p in volume.papers if p.grade in rule.grades}
    strangers = tuple(
        p.id
        for p in volume.papers
        if p.id not in kept_apart and not (rule.unless_related and kept_apart & {*p.linked_to})
    )
    if kept_apart and strangers:
        labels = [policy.grades[code] for code in rule.grades if code in policy.grades]
        zh, en = "、".join(g.zh for g in labels), ", ".join(g.en for g in labels)
        yield f"不得与{zh}文件同卷", f"must not share a volume with {en} papers", strangers


def _by_value(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    if len({paper.keep for paper in volume.papers}) > 1:
        papers = tuple(paper.id for paper in volume.papers)
        yield "保管期限不同的文件同卷", "papers of different value share a volume", papers


def _one_matter(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    matters = {paper.matter for paper in volume.papers} - {""}
    if elsewhere := tuple(paper.id for paper in volume.others if paper.matter in matters):
        yield "同一事由的文件在别的案卷", "papers of the same matter lie elsewhere", elsewhere


def _counts(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    if uncounted := tuple(p.id for p in volume.papers if not p.pages or not p.copies):
        yield "没有写明页数或份数", "pages or copies are not stated", uncounted


def _contents(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    yield from _sheet(rule, volume.contents, "卷内文件目录", "the contents list")
    listed = volume.contents.papers if volume.contents else ()
    if unlisted := tuple(p.id for p in volume.papers if volume.contents and p.id not in listed):
        yield "卷内文件目录没有列入", "are not in the contents list", unlisted


def _notes(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    yield from _sheet(rule, volume.notes, "备考表", "the notes sheet")


def _sheet(
    rule: keeping_rows.VolumeRule, sheet: Sheet | None, zh: str, en: str
) -> Iterator[_Fault]:
    if sheet is None:
        yield f"没有{zh}", f"{en} is missing", ()
        return
    if rule.place and sheet.place != rule.place:
        where = {"front": ("卷首", "in front"), "end": ("卷末", "at the end")}[rule.place]
        yield f"{zh}应放在{where[0]}", f"{en} belongs {where[1]}", ()
    if lacking := [name for name in rule.fields if name not in sheet.fields]:
        yield f"{zh}缺栏目：{'、'.join(lacking)}", f"{en} lacks: {', '.join(lacking)}", ()


def _signatures(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    if not volume.composed_by:
        yield "没有立卷人签名", "its maker has not signed", ()
    if not volume.checked_by:
        yield "没有检查人签名", "nobody has signed as its checker", ()
    if rule.distinct and volume.composed_by and volume.composed_by == volume.checked_by:
        yield "立卷人与检查人不得为同一人", "its maker may not check it himself", ()


def _both_forms(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    words = {"paper": ("没有纸质版", "there is no paper copy"),
             "electronic": ("没有电子版", "there is no electronic copy")}  # fmt: skip
    for form, (zh, en) in words.items():
        if form not in volume.forms:
            yield zh, en, ()


def _scheme(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    if not volume.scheme:
        yield "没有编制案卷类目", "no classes were drawn up", ()
    elif volume.class_number not in volume.scheme:
        yield "案卷的条款号不在案卷类目中", "its class number is not one of the classes", ()


def _by_class(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    own = volume.class_number
    if misplaced := tuple(p.id for p in volume.papers if not own or p.class_number != own):
        yield "没有对号入座", "lie under another class number", misplaced


def _format(policy: Policy, rule: keeping_rows.VolumeRule, volume: Volume) -> Iterator[_Fault]:
    if unseen := [name for name in rule.fields if name not in volume.attested]:
        yield f"尚未确认：{'、'.join(unseen)}", f"nobody attested: {', '.join(unseen)}", ()


def _parted(group: keeping_rows.Arrangement, volume: Volume) -> Iterator[_Fault]:
    """Parts of one matter of which some lie here and some elsewhere."""

    def matters(papers: Iterable[Paper]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for paper in papers:
            if paper.matter and set(group.together) & set(paper.parts):
                found[paper.matter] = (*found.get(paper.matter, ()), paper.id)
        return found

    here, elsewhere = matters(volume.papers), matters(volume.others)
    for matter in sorted(here.keys() & elsewhere.keys()):
        papers = (*here[matter], *elsewhere[matter])
        yield f"不得分开立卷：{group.zh}", f"must not be parted: {group.en}", papers


_CHECKS: Mapping[str, Callable[[Policy, keeping_rows.VolumeRule, Volume], Iterator[_Fault]]] = {
    "by_year": _by_year,
    "one_year_only": _one_year,
    "apart": _apart,
    "by_value": _by_value,
    "one_matter": _one_matter,
    "counts": _counts,
    "contents": _contents,
    "notes_sheet": _notes,
    "signatures": _signatures,
    "both_forms": _both_forms,
    "scheme": _scheme,
    "by_class_number": _by_class,
    "format": _format,
}
