"""Covers, facts, frames and settings: what comes from outside is refused or kept as it is."""

from __future__ import annotations

import json
import math
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoiled import spoiled, spoiled_texts, tries

from archivist import config
from archivist.cli.say import say
from archivist.covers import FOREIGN, covers_among, parse, payload
from archivist.errors import BadRequest
from archivist.examine import wire
from archivist.standing import company_calendar
from policies.errors import FactsUnreadable
from policies.facts import Cover, Facts, Line, PageFacts, facts_from_plain, facts_to_plain

# What failed is shown, however long it is.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

LINES = [
    payload("D000001", "sales_contract"),
    payload("D000002", None),
    payload("D123456789012", "a", "x"),
]


@tries(400)
@given(st.one_of(spoiled_texts(LINES), st.text(max_size=60)), st.sampled_from(("", "x")))
def test_cover_has_one_spelling(text: str, tag: str) -> None:
    """What reads as a cover is, but for space around it, the line that would be printed for it."""
    found = parse(text, tag)
    if found is not None:
        assert payload(*found, tag) == text.strip()
    assert covers_among([text], tag) in ([], [FOREIGN], [found])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.just("\ud800") | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip
_PAGE = PageFacts("甲方", "ocr", 90, False, (Line("甲方", (0, 1, 2, 3), 0.5),), 10, 20)
_FACTS = Facts(
    "image/jpeg", ".jpg", 81_234, "ab" * 32, (_PAGE, _PAGE), (Cover(1, "D000001", "id_card"),),
    "too-large", "why",
)  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, below in inner:
            yield from places(below, (*at, key))


@st.composite
def spoiled_facts(draw: st.DrawFn) -> Any:
    """Plain facts in which one to three values are replaced, dropped or doubled."""
    plain: Any = json.loads(json.dumps(facts_to_plain(_FACTS)))
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from([at for at in places(plain) if at]))
        holder = plain
        for step in above:
            holder = holder[step]
        what = draw(st.sampled_from(("replace", "drop", "double")))
        if what == "drop":
            del holder[last]
        elif what == "double" and isinstance(holder, list):
            holder.append(holder[last])
        else:
            holder[last] = draw(st.sampled_from((True, -1, None, "", 1.0)) | _JSON)
    return plain


@tries(400)
@given(st.one_of(spoiled_facts(), spoiled_facts(), spoiled_facts(), _JSON))
def test_spoiled_facts_are_unreadable_or_facts(plain: Any) -> None:
    """Facts that are believed can be written into a card and read from it as they were."""
    try:
        facts = facts_from_plain(plain)
    except FactsUnreadable as refusal:
        assert "甲方" not in str(refusal)
        return
    counts = [
        facts.size_bytes,
        *(side for page in facts.pages for side in (page.width, page.height)),
    ]
    assert all(type(count) is int and count >= 0 for count in counts)
    card = json.dumps(facts_to_plain(facts), ensure_ascii=False).encode()
    assert facts_from_plain(json.loads(card)) == facts


FRAMES = [json.dumps(facts_to_plain(_FACTS), ensure_ascii=escaped).encode() for escaped in (0, 1)]


@tries(400)
@given(st.one_of(spoiled(FRAMES), st.binary(max_size=100)), st.integers(-5, 5))
def test_spoiled_frame_breaks_the_wire_or_is_an_object(body: bytes, lie: int) -> None:
    """A frame of a child that was taken over is an object that can be kept, or a broken wire."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack(">I", max(0, len(body) + lie)) + body)
        theirs.shutdown(socket.SHUT_WR)
        try:
            message, descriptor = wire.receive(ours, 1 << 20)
        except wire.WireBroken:
            return
    assert descriptor is None
    assert isinstance(message, dict)
    json.dumps(message, ensure_ascii=False).encode()


SETTINGS = config.TEMPLATE.format(
    archive_id="5b0e3c9ad21f4e77", created="2026-03-05", packs='"auto-dealer@2026.2"',
    company='ungraded = "SECRET"\nclosures = [2026-05-04]\n"grade.contract" = "TOP"\nyears = 5\n',
    vkey="archivist/5b+0011aabb+AAAA", suite="hybrid", scrypt_log_n=18,
)  # fmt: skip
_ODD = (
    "0", "-1", "1e308", "-1e308", "nan", "inf", "9" * 400, "9" * 4_400, "0x" + "f" * 4_000, "true",
    '""', '"a"', '"\\u0000"', '"../.."', "[]", "[[]]", "{}", "{a = 1}", "1979-05-27", "07:32:00",
    "[" * 1_500, '["a", 1]', '"' + "长" * 500 + '"',
)  # fmt: skip
_ASSIGNED = re.compile(r'^["a-z_.]+ = .*$', re.M)


@st.composite
def settings_with_other_values(draw: st.DrawFn) -> str:
    text = SETTINGS
    for _ in range(draw(st.integers(1, 3))):
        found = draw(st.sampled_from(list(_ASSIGNED.finditer(text))))
        name = found[0].partition(" = ")[0]
        put = draw(st.sampled_from((*(f"{name} = {odd}" for odd in _ODD), "", "[other]")))
        text = text[: found.start()] + put + text[found.end() :]
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings")


@tries(250)
@given(
    raw=st.one_of(
        settings_with_other_values().map(str.encode),
        spoiled([SETTINGS.encode()]),
        st.binary(max_size=100),
    )
)
def test_spoiled_settings_are_a_mistake_or_can_be_worked_with(folder: Path, raw: bytes) -> None:
    """archive.toml is refused in both languages, or every setting is one that can be meant."""
    (folder / "archive.toml").write_bytes(raw)
    try:
        settings = config.load(folder)
        company_calendar(settings.company)
    except BadRequest as refusal:
        assert "archive.toml" in refusal.zh
        assert "archive.toml" in refusal.en
        say(refusal.zh, refusal.en).encode()
        return
    assert re.fullmatch("[0-9a-f]{16}", settings.archive_id)
    assert all(isinstance(ref, str) for ref in settings.packs)
    assert isinstance(settings.vkey, str)
    assert settings.suite in config.SUITES
    for name, kind in config.Settings.__annotations__.items():
        value = getattr(settings, name)
        if kind in (int, float):
            assert type(value) is kind
            assert math.isfinite(value)
            assert 0 <= value <= 10**15
    assert all(str(value) for value in settings.company.values() if value != "")
    assert "\0" not in str(settings.drop)
