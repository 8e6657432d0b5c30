"""Packs and conditions: a spoiled pack is told line by line, and one that is accepted works."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoiled import spoiled, spoiled_texts, tries

import policies
from archivist.cli.pack_pages import plain, shown
from index.analysis import fold
from policies.calendar import Calendar
from policies.checklist import condition_parts, holds, review
from policies.conduct_rows import Penalty
from policies.customer_rows import Scheme
from policies.deadlines import due_on
from policies.fields import Spec, spec_of
from policies.keeping_rows import Retention, RetentionClass
from policies.pack_rows import (
    DEADLINE_FORMS,
    Deadline,
    DefaultGrade,
    DossierType,
    Item,
    wrong_condition,
)
from policies.packs import (
    TABLES,
    Head,
    Problem,
    check_pack,
    check_pack_bytes,
    cited,
    parse_pack,
)
from policies.policy import Policy
from policies.retention import keep_until, period_of
from policies.rhythms import occurrences, rhythm_words
from policies.rule_rows import RHYTHMS, Approval, Duty, Form, Routine
from policies.wording import condition_words, deadline_words

# What failed is shown, however long it is.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

SHIPPED = sorted((Path(policies.__file__).parent / "packs").glob("*.toml"))
TEXTS = [path.read_text("utf-8") for path in SHIPPED]
SMALL = sorted(TEXTS, key=len)[:8]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
DAY = date(2026, 3, 5)


def check_told(problems: list[Problem], source: str) -> None:
    """Each problem names a line of the file and says in both languages what is wrong."""
    last = source.count("\n") + 1
    for problem in problems:
        assert 1 <= problem.line <= last
        assert problem.file == "own.toml"
        assert problem.field
        assert CHINESE.search(problem.zh)
        assert problem.en.strip()
        (str(problem) + problem.zh).encode()
    assert [p.line for p in problems] == sorted(p.line for p in problems)


@cache
def calendar() -> Calendar:
    return Calendar()


def check_held(source: str) -> None:
    """What has no problems is adopted, and every kind of question to it has an answer."""
    pack = parse_pack(source, "own.toml")
    policy = Policy.adopt([pack], {}, fold)
    assert all(question.zh and question.en for question in policy.questions)
    assert all(clause for _, clause in cited(pack))
    shown(pack).encode()
    plain(pack)
    schemes = [cited.row for cited in policy.rows(Scheme)]
    for kind in policy.dossier_types.values():
        for deadline in kind.deadlines:
            deadline_words(kind, deadline, schemes)
            due = due_on(deadline, DAY, calendar(), {key.id: "2026-03-09" for key in kind.keys})
            assert due is not None or deadline.stated_by
        review(kind, [], {}, {}, DAY)
        for item in kind.items:
            condition_words(kind, item.when, schemes)
            assert holds(item.when, {}, {}) in (True, False)
    for name in policy.document_types:
        for within in (None, *policy.dossier_types):
            keep_until(period_of(policy, name, within), {"a": DAY, "b": DAY, "c": DAY}, DAY)
    for owed in policy.rows(Routine):
        rhythm_words(owed.row)
        occurrences(owed.row, DAY, DAY + timedelta(days=40), calendar(), {}, DAY)


def check_pack_text(source: str) -> None:
    problems = check_pack(source, "own.toml")
    check_told(problems, source)
    if not problems:
        check_held(source)


@pytest.mark.parametrize("source", TEXTS, ids=[path.stem for path in SHIPPED])
def test_shipped_pack_answers(source: str) -> None:
    """What the tests below ask of an accepted pack, the shipped ones answer."""
    check_pack_text(source)


@tries(120)
@given(spoiled_texts(SMALL))
def test_spoiled_pack_is_told_or_works(source: str) -> None:
    """Whatever is done to a pack: problems with lines in both languages, or a pack that works."""
    check_pack_text(source)


@tries(100)
@given(st.one_of(spoiled([text.encode() for text in SMALL]), st.binary(max_size=200)))
def test_spoiled_bytes_are_told(content: bytes) -> None:
    """The same for a file in whatever encoding."""
    problems = check_pack_bytes(content, "own.toml")
    check_told(problems, content.decode("utf-8", "replace"))


_TABLES = [name for name in TABLES if name not in ("role_map", "setting")]
ODD_VALUES = (
    "0", "-1", "1", "2", "31", "32", "1000000", "1000001", "9" * 4_000, "9" * 5_000,
    "0x" + "f" * 5_000, "1e400", "nan", "-inf", "1.5", "true", "false", "[]", "{}", "[[]]",
    '[""]', '["a", 1]', "{a = 1}", "[" * 900 + "]" * 900, "[" * 1_500, "1979-05-27", "0001-01-01",
    "9999-12-31", "1979-05-27T07:32:00Z", "07:32:00", '""', '" "', '"a"', '"甲"', '"\\u0000"',
    '"\\u202e甲"', '"a\u2028b"', '"\\n"', "'''\na = 1\n[b]\n'''", '"customer.kind=company"',
    '"dossier.x=|"', '"dossier.x"', '"*"', '["*"]', '["a"]', '["a:approve"]', '"24:00"',
    '"1 monday"', '"TOP"', '"' + "长" * 3_000 + '"', '"event"', '"yearly"', '"none"',
)  # fmt: skip
_ASSIGNED = re.compile(r"^[a-z_]+ = .*$", re.M)


@st.composite
def with_other_values(draw: st.DrawFn) -> str:
    """A shipped pack in which one to three fields hold something else, or stand elsewhere."""
    source = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        found = draw(st.sampled_from(list(_ASSIGNED.finditer(source))))
        name, _, value = found[0].partition(" = ")
        changed = draw(
            st.one_of(
                st.sampled_from(ODD_VALUES).map(lambda odd, name=name: f"{name} = {odd}"),
                st.sampled_from(_NAMES).map(lambda other, value=value: f"{other} = {value}"),
                st.just(f"{found[0]}\n{found[0]}"),
                st.just(""),
            )
        )
        source = source[: found.start()] + changed + source[found.end() :]
    return source


_NAMES = [*{name: 0 for kind in TABLES.values() for name in spec_of(kind)}, "zz", '"a b"', "a.b"]


@tries(150)
@given(with_other_values())
def test_pack_with_other_values_is_told_or_works(source: str) -> None:
    """A field with a value nobody expects is a problem of its line, or the pack works with it."""
    check_pack_text(source)


IDS = ("a", "b", "c", "d", "e")
_GOOD = {
    "number": st.sampled_from(("1", "2", "12", "31", "366", "9999", "10000", "1000000")),
    "yes/no": st.just("true"),
    "date": st.sampled_from(("2026-01-01", "0001-01-01", "9999-12-31")),
}
_WORDS = {
    "when": ("customer.kind=company", "dossier.a=x|y", "dossier.b!=z", "customer.special"),
    "steps": ("a:approve", "b:review"),
    "nth_weekday": ("1 monday", "5 friday"),
    "order": ("a>b", "issue_date"),
    "lacks": ("signature:a", "copy", "field"),
    "after": ("a",),
    "items": ("a",),
    "stated_by": ("a",),
}
# Of these fields a row has exactly one; and these it has always, or never.
_ONE_OF: dict[type[Any], tuple[str, ...]] = {
    Deadline: DEADLINE_FORMS,
    Routine: RHYTHMS,
    RetentionClass: ("permanent", "years", "years_from"),
    Retention: ("permanent", "years", "months", "retention_class", "years_from"),
    Approval: ("steps", "free", "never"),
}
_ALWAYS: dict[type[Any], str] = {
    Deadline: "roll", Retention: "start", Duty: "roles", DefaultGrade: "types", Form: "columns",
}  # fmt: skip
_NEVER: dict[type[Any], tuple[str, ...]] = {
    Retention: ("start_from",),
    Penalty: ("after", "days", "working_days"),
    Item: ("when", "required", "part_of"),
}


def value_for(name: str, spec: Spec, number: int) -> st.SearchStrategy[str]:
    """A value of the kind the field wants: what a pack must be ready to be given."""
    if name in ("id", "code", "rank", "zh", "en"):
        # What tells rows apart is told apart by their number.
        return st.just(str(number) if name == "rank" else f'"{(spec.allowed or IDS)[number]}"')
    if spec.form in _GOOD:
        return _GOOD[spec.form]
    times = ("00:00", "18:00", "24:00") if name in ("at", "grace", "daily", "cut_off") else ()
    words = spec.allowed or _WORDS.get(name) or times or IDS
    word = st.sampled_from(words).map(lambda word: f'"{word}"')
    if spec.form == "list":
        several = st.lists(word, min_size=1, max_size=3, unique=True)
        return several.map(lambda words: f"[{', '.join(words)}]")
    return word


@st.composite
def invented_row(draw: st.DrawFn, header: str, kind: type[Any], number: int = 0) -> str:
    """A row, and the rows below it; now and then one that breaks a rule between its fields."""
    lines, below = [header], []
    lawful = draw(st.integers(0, 19)) > 0
    groups = _ONE_OF.get(kind, ()) if lawful else ()
    chosen = {draw(st.sampled_from(groups))} if groups else set()
    barred = {*groups, *(_NEVER.get(kind, ()) if lawful else ())} - chosen
    chosen.add(_ALWAYS.get(kind, ""))
    for name, spec in spec_of(kind).items():
        if spec.rows_of is not None:
            inner = header.replace("]]", f".{spec.written}]]")
            least = 0 if name == "deadlines" else 1
            for nth in range(draw(st.integers(least, 3))):
                below.append(draw(invented_row(inner, spec.rows_of, nth)))
        elif name in barred:
            continue
        elif spec.required or name in chosen or draw(st.integers(0, 5)) == 0:
            lines.append(f"{name} = {draw(value_for(name, spec, number))}")
    return "\n".join([*lines, *below])


@st.composite
def invented_pack(draw: st.DrawFn) -> str:
    """A pack of invented rows, every field with a value of its kind."""
    head = draw(invented_row("[pack]", Head)).replace('version = "a"', 'version = "1"')
    tables = [
        "dossier_type",
        "document_type",
        *draw(st.lists(st.sampled_from(_TABLES), max_size=6)),
    ]
    rows = [
        draw(invented_row(f"[[{name}]]", TABLES[name], tables[:at].count(name)))
        for at, name in enumerate(tables)
        if tables[:at].count(name) < len(IDS)
    ]
    return "\n".join([head, *rows]) + "\n"


@tries(80)
@given(invented_pack())
def test_invented_pack_is_told_or_works(source: str) -> None:
    """Rows of the right kinds in any mixture: problems with their lines, or a pack that works."""
    check_pack_text(source)


@tries(30)
@given(invented_pack(), st.sampled_from(TEXTS), st.data())
def test_invented_pack_beside_a_shipped_one_leaves_questions(
    source: str, other: str, data: st.DataObject
) -> None:
    """Two packs that contradict each other are adopted with questions, never with an error."""
    if not check_pack(source):
        policy = Policy.adopt([parse_pack(source), parse_pack(other)], {"a": "9" * 30}, fold)
        assert all(question.zh and question.en for question in policy.questions)


_NAME = st.sampled_from(("kind", "a", "special"))
_FIELDS = st.dictionaries(_NAME, st.sampled_from(("", "no", "x", "Y", "是", " x ")), max_size=3)


@tries(250)
@given(
    st.one_of(
        st.text(max_size=40),
        st.from_regex(r"(customer|dossier)\.(a|kind|special)(!?=[xyY| ]{1,6})?", fullmatch=True),
        spoiled_texts(["customer.special", "dossier.a=x|Y", "customer.kind!=x"]),
    ),
    _FIELDS,
    _FIELDS,
)
def test_condition_is_a_mistake_or_has_an_answer(
    when: str, customer: dict[str, str], dossier: dict[str, str]
) -> None:
    """A condition without complaint can be asked of any fields, and is said in both languages."""
    if list(wrong_condition(when)):
        return
    answer = holds(when, customer, dossier)
    kind = DossierType("a", "甲", "a", "X-1", "case", "a")
    zh, en = condition_words(kind, when)
    assert bool(zh) == bool(en) == bool(when)
    if when:
        subject, name, operator, values = condition_parts(when)
        value = (customer if subject == "customer" else dossier).get(name, "").strip()
        same = value.casefold() in [word.casefold() for word in values]
        if operator and not value:
            assert not answer
        elif operator:
            assert answer == (same == (operator == "="))
