"""Facts survive the pipe unchanged, and nothing malformed passes for facts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import FactsUnreadable
from policies.facts import (
    Cover,
    Facts,
    Line,
    PageFacts,
    facts_from_plain,
    facts_to_plain,
)

lines = st.builds(
    Line,
    st.text(max_size=20),
    st.tuples(*[st.integers(-10, 5000)] * 4),
    st.floats(0, 1),
)
pages = st.builds(
    PageFacts,
    st.text(max_size=40),
    st.sampled_from(["layer", "ocr", "none"]),
    st.sampled_from([0, 90, 180, 270]),
    st.booleans(),
    st.lists(lines, max_size=3).map(tuple),
    st.integers(0, 9999),
    st.integers(0, 9999),
)
facts_values = st.builds(
    Facts,
    st.just("application/pdf"),
    st.just(".pdf"),
    st.integers(0, 10**12),
    st.just("ab" * 32),
    st.lists(pages, min_size=1, max_size=3).map(tuple),
    st.sampled_from([(), (Cover(0, "D000001"),), (Cover(0, "D000001", "invoice_copy"),)]),
    st.sampled_from([None, "damaged"]),
    st.text(max_size=10),
)


def _plain() -> dict:
    page = PageFacts("密", "ocr", 90, False, (Line("密", (1, 2, 3, 4), 0.5),), 10, 20)
    return facts_to_plain(Facts("image/png", ".png", 1, "0" * 64, (page,), (Cover(0, "D000001"),)))


@given(facts_values)
def test_facts_survive_json(facts):
    """What comes out of the pipe equals what went in."""
    assert facts_from_plain(json.loads(json.dumps(facts_to_plain(facts)))) == facts


@pytest.mark.parametrize(
    "path, wrong",
    [
        (("sha256",), "xyz"),
        (("size_bytes",), True),
        (("size_bytes",), -1),
        (("defect",), "Not A Code"),
        (("pages",), {}),
        (("pages", 0), None),
        (("pages", 0, "source"), "guess"),
        (("pages", 0, "rotation"), 45),
        (("pages", 0, "rotation"), False),
        (("pages", 0, "blank"), 0),
        (("pages", 0, "lines", 0), ["密"]),
        (("pages", 0, "lines", 0, 1), [1, 2, 3]),
        (("pages", 0, "lines", 0, 1), [1, 2, 3, 4.5]),
        (("pages", 0, "lines", 0, 2), float("nan")),
        (("covers", 0, "page_index"), 1),
        (("covers", 0, "doc_type"), 7),
        (("covers", 0, "dossier"), None),
    ],
)
def test_malformed_facts_are_refused_without_quoting_them(path, wrong):
    """A wrong shape anywhere is an error, and the message does not leak the page's text."""
    plain = _plain()
    target = plain
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = wrong
    with pytest.raises(FactsUnreadable) as caught:
        facts_from_plain(plain)
    assert "密" not in str(caught.value)


def test_unknown_keys_are_ignored():
    """An older program reads the card of a younger one."""
    plain = _plain()
    plain["new"] = {"x": 1}
    plain["pages"][0]["new"] = 2
    assert facts_from_plain(plain) == facts_from_plain(_plain())


def test_page_text_stays_out_of_repr():
    """Printing facts in a log does not print the document."""
    assert "密" not in repr(facts_from_plain(_plain()))
