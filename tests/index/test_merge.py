"""Merging several grades: one order, one total, and no figure from a grade not given."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.analysis import contains, plan
from index.engine import ANYTHING, Filters, Page, Stats
from index.fts5 import Fts5Engine
from index.merge import Merged, score, search_all, summed
from index.whoosh_engine import WhooshEngine

KEY = bytes(32)


def page(record: str, text: str, customer: str = "C1") -> Page:
    """Make a page with nothing else worth saying."""
    return Page(record, 1, customer, "D1", "t", 20240101, "", text)


@pytest.fixture
def grades(tmp_path: Path) -> Iterator[dict[str, Fts5Engine | WhooshEngine]]:
    """Three grades, one of them kept by the other engine."""
    engines: dict[str, Fts5Engine | WhooshEngine] = {
        "internal": Fts5Engine.open(tmp_path / "a.db", KEY, create=True),
        "secret": Fts5Engine.open(tmp_path / "b.db", KEY, create=True),
        "top": WhooshEngine.open(tmp_path / "c.whoosh", KEY, create=True),
    }
    yield engines
    for engine in engines.values():
        engine.close()


def listed(merged: Merged) -> list[tuple[str, str]]:
    """Return grade and record of each result in order."""
    return [(result.grade, result.hit.record) for result in merged.results]


def test_the_best_page_comes_first_whichever_grade_it_is_in(
    grades: dict[str, Fts5Engine | WhooshEngine],
) -> None:
    """Scores of different grades become comparable."""
    filler = [page(f"R9{i}", "别的内容" * 5) for i in range(20)]
    grades["internal"].put([page("R1", "合同" + "其他" * 30), *filler], 1)
    grades["secret"].put([page("R2", "合同合同合同" + "其他" * 10), page("R3", "无关")], 1)
    grades["top"].put([page("R4", "合同" + "其他" * 3)], 1)
    merged = search_all(grades, plan("合同"), ANYTHING, 10)
    assert merged.total == 3
    assert {r.grade: r.hit.record for r in merged.results} == {
        "internal": "R1",
        "secret": "R2",
        "top": "R4",
    }
    assert listed(merged)[-1] == ("internal", "R1")
    assert [r.hit.score for r in merged.results] == sorted(
        (r.hit.score for r in merged.results), reverse=True
    )


def test_a_grade_not_given_leaves_no_trace(grades: dict[str, Fts5Engine | WhooshEngine]) -> None:
    """Scores and totals are the same whether or not a closed grade holds the word."""
    grades["internal"].put([page("R1", "合同 甲"), page("R2", "甲")], 1)
    opened = {"internal": grades["internal"]}
    before = search_all(opened, plan("合同"), ANYTHING, 10)
    grades["secret"].put([page(f"R3{i}", "合同") for i in range(30)], 1)
    assert search_all(opened, plan("合同"), ANYTHING, 10) == before


def test_ties_are_settled_by_record_and_grade(
    grades: dict[str, Fts5Engine | WhooshEngine],
) -> None:
    """Equal pages always come in the same order."""
    for grade, records in (("top", "13"), ("internal", "24"), ("secret", "13")):
        grades[grade].put([page(f"R{n}", "合同") for n in records], 1)
    assert listed(search_all(grades, plan("合同"), ANYTHING, 10)) == [
        ("secret", "R1"),
        ("top", "R1"),
        ("internal", "R2"),
        ("secret", "R3"),
        ("top", "R3"),
        ("internal", "R4"),
    ]
    assert len(search_all(grades, plan("合同"), ANYTHING, 2).results) == 2


def test_filters_and_marks_reach_every_grade(
    grades: dict[str, Fts5Engine | WhooshEngine],
) -> None:
    """A query of punctuation merges too, and filters hold everywhere."""
    for grade, engine in grades.items():
        engine.put([page(f"R{grade}", "§ 合同", "C7"), page(f"X{grade}", "§")], 1)
    assert search_all(grades, plan("§"), ANYTHING, 10).total == 6
    assert search_all(grades, plan("§"), Filters(customer="C7"), 10).total == 3
    assert search_all({}, plan("§"), ANYTHING, 10) == Merged(0, ())
    assert search_all(grades, plan(""), ANYTHING, 10) == Merged(0, ())


def test_scores_under_a_filter_are_those_of_the_pages_that_pass(
    grades: dict[str, Fts5Engine | WhooshEngine],
) -> None:
    """Another customer's pages do not change how this one's are ranked."""
    grades["internal"].put([page("R1", "合同 甲"), page("R2", "甲")], 1)
    for query in ("合同", "合同 甲"):
        before = search_all(grades, plan(query), Filters(customer="C1"), 10).results
        assert before
        grades["secret"].put([page(f"X{i}", "合同 甲", "C2") for i in range(9)], 1)
        after = search_all(grades, plan(query), Filters(customer="C1"), 10).results
        grades["secret"].purge([f"X{i}" for i in range(9)])
        assert after == before


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.text("合同甲乙", min_size=1, max_size=9)), max_size=12
    )
)
def test_split_over_grades_or_in_one_the_results_are_the_same(
    split: list[tuple[str, str]],
) -> None:
    """Merged scores are those of one index that holds all pages."""
    with tempfile.TemporaryDirectory() as folder:
        engines = {
            name: Fts5Engine.open(Path(folder) / f"{name}.db", KEY, create=True) for name in "abcw"
        }
        for i, (name, text) in enumerate(split):
            engines[name].put([page(f"R{i:02}", text)], i)
        whole = {"w": engines.pop("w")}
        whole["w"].put([page(f"R{i:02}", text) for i, (_, text) in enumerate(split)], 1)
        for query in ("合同", "甲", "合 乙"):
            apart = search_all(engines, plan(query), ANYTHING, 100)
            one = search_all(whole, plan(query), ANYTHING, 100)
            assert [(r.hit.record, pytest.approx(r.hit.score)) for r in apart.results] == [
                (r.hit.record, r.hit.score) for r in one.results
            ]
            assert apart.total == sum(contains(text, plan(query)) for _, text in split)
        for engine in [*engines.values(), *whole.values()]:
            engine.close()


def test_a_rarer_word_and_a_shorter_page_score_higher() -> None:
    """The score behaves as BM25 should, and never goes below nothing."""
    wanted = plan("合同")
    rare, common = Stats(100, (1,), 10.0), Stats(100, (100,), 10.0)
    assert score("合同", wanted, rare) > score("合同", wanted, common) > 0
    assert score("合同", wanted, rare) > score("合同" + "长" * 50, wanted, rare)
    assert score("合同合同", wanted, rare) > score("合同其他", wanted, rare)
    assert score("无关", wanted, rare) == 0


def test_figures_of_several_indexes_add_up() -> None:
    """Lengths are averaged by the number of pages."""
    assert summed([Stats(1, (1, 0), 10.0), Stats(3, (2, 1), 2.0)]) == Stats(4, (3, 1), 4.0)
    assert summed([Stats(0, (), 0.0)]) == Stats(0, (), 0.0)
