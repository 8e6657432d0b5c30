"""The full-text port: every engine keeps the promise written in index/engine.py."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import fts5, whoosh_engine
from index.analysis import Plan, contains, fold, marks, plan
from index.engine import ANYTHING, Engine, Filters, Page
from index.errors import (
    IndexDamaged,
    IndexLocked,
    IndexMissing,
    IndexOutdated,
    ShadowError,
    WrongIndexKey,
)
from index.fts5 import Fts5Engine
from index.whoosh_engine import WhooshEngine

KEY = bytes(range(32))
ENGINES = {"fts5": (Fts5Engine, fts5), "whoosh": (WhooshEngine, whoosh_engine)}
TEXTS = [
    "客户档案管理制度\n第一章 总则。甲方：张\n三丰（签章）",
    "統一社會信用代碼：91440300MA5FKX7T2Q\n電話 138 0013 8000",
    "Invoice No. 4711; VIN LSVAU2180N2183294",
    "𠮷野家\U00020000\U000323af —— ㈱① \u19b0\u19b1\ue123 ß",
    "的的的的",
    "。",
    "",
]


def page(number: int, text: str, **more: object) -> Page:
    """Make a page that differs from others where nothing is said."""
    fields: dict[str, object] = {
        "record": f"R{number:08}",
        "page": 1,
        "customer": "C000001",
        "dossier": "D000001",
        "type": "contract",
        "day": 20240101,
        "title": f"title {number}",
        "text": text,
    }
    return Page(**{**fields, **more})  # type: ignore[arg-type]


@pytest.fixture(params=list(ENGINES))
def kind(request: pytest.FixtureRequest) -> str:
    """The engine's name."""
    return str(request.param)


@pytest.fixture
def where(kind: str, tmp_path: Path) -> Path:
    """Where the engine's index is or will be."""
    return tmp_path / ("grade" + ENGINES[kind][1].SUFFIX)


@pytest.fixture
def reopen(kind: str, where: Path) -> Iterator[Callable[..., Engine]]:
    """Open the index; whatever was opened is closed in the end."""
    opened: list[Engine] = []

    def opener(key: bytes = KEY, *, create: bool = False) -> Engine:
        opened.append(ENGINES[kind][0].open(where, key, create=create))
        return opened[-1]

    yield opener
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(reopen: Callable[..., Engine]) -> Engine:
    """A new, empty index."""
    return reopen(create=True)


def found(engine: Engine, query: str | Plan, filters: Filters = ANYTHING) -> set[tuple[str, int]]:
    """Return what a search finds, having checked that its total says the same."""
    wanted = plan(query) if isinstance(query, str) else query
    result = engine.search(wanted, filters, 1000)
    names = {(hit.record, hit.page) for hit in result.hits}
    assert result.total == len(result.hits) == len(names)
    return names


def test_every_visible_piece_of_a_page_finds_it(engine: Engine) -> None:
    """One to twelve characters from anywhere find exactly the pages that contain them."""
    pages = [page(i, text) for i, text in enumerate(TEXTS)]
    engine.put(pages, 1)
    for text in TEXTS:
        for start in range(len(text)):
            for length in (1, 2, 3, 7, 12):
                wanted = plan(text[start : start + length])
                expected = {(p.record, 1) for p in pages if contains(p.text, wanted)}
                assert found(engine, wanted) == expected


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("MA5FK", 1),
        ("ma5fkx7", 1),
        ("張三豐", 0),
        ("张三丰签章", 0),
        ("檔案管理", 0),
        ("信用代码", 1),
        ("9001380", None),
        ("3800138", 1),
        ("183294", 2),
        ("吉野家", None),
        ("𠮷野", 3),
        ("\U000323af", 3),
        ("株1", 3),
        ("的的的", 4),
        ("的的的的的", None),
        ("47 11 invoice", 2),
    ],
)
@pytest.mark.rule("S001-1-R05")
def test_what_a_clerk_types_finds_the_page(engine: Engine, query: str, number: int | None) -> None:
    """Either script, any width and case, the middle of a number, across a line break."""
    engine.put([page(i, text) for i, text in enumerate(TEXTS)], 1)
    assert found(engine, query) == (set() if number is None else {(f"R{number:08}", 1)})


LETTERS = st.text(st.sampled_from("客户后後aB1，。\n 𠮷的"), max_size=8)


@pytest.mark.parametrize("name", list(ENGINES))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LETTERS, max_size=6), st.lists(LETTERS, min_size=1, max_size=12))
def test_found_means_contained(name: str, texts: list[str], queries: list[str]) -> None:
    """For any pages and any queries an engine finds what the analysis defines, no more, no less."""
    with tempfile.TemporaryDirectory() as folder:
        engine = ENGINES[name][0].open(Path(folder) / "index", KEY, create=True)
        pages = [page(i, text) for i, text in enumerate(texts)]
        engine.put(pages, 1)
        for query in queries:
            wanted = plan(query)
            assert found(engine, wanted) == {
                (p.record, p.page) for p in pages if contains(p.text, wanted)
            }
        engine.close()


def test_an_empty_plan_finds_nothing(engine: Engine) -> None:
    """White space asks for nothing."""
    engine.put([page(1, "客户")], 1)
    assert found(engine, "  ") == set()


def test_a_hit_carries_what_was_put(engine: Engine) -> None:
    """Text and title come back as they were, line breaks included."""
    given_page = page(7, "甲方：\n張三豐", page=3, customer="C000009", type="合同", title="租約")
    engine.put([given_page], 1)
    (hit,) = engine.search(plan("张三丰"), ANYTHING, 10).hits
    assert (hit.record, hit.page, hit.customer) == ("R00000007", 3, "C000009")
    assert (hit.dossier, hit.type, hit.title) == ("D000001", "合同", "租約")
    assert hit.text == "甲方：\n張三豐"


def test_a_text_no_file_can_hold_is_stored_all_the_same(engine: Engine) -> None:
    """A lone surrogate does not fail the page, nor its removal."""
    engine.put([page(1, "客户\ud800档案", title="\udfff")], 1)
    assert found(engine, "户档") == {("R00000001", 1)}
    engine.put([page(1, "别的")], 2)
    assert found(engine, "户档") == set()
    assert engine.check() == []


def test_the_total_counts_beyond_the_limit(engine: Engine) -> None:
    """The limit cuts the hits, never the count."""
    engine.put([page(i, f"客户 {i}") for i in range(40)], 1)
    result = engine.search(plan("客户"), ANYTHING, 3)
    assert (result.total, len(result.hits)) == (40, 3)
    assert engine.search(plan("客户"), ANYTHING, 0).hits == ()


def test_a_word_on_very_many_pages_is_still_counted_and_shown(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where scoring is given up, the count stays exact and the hits are matches."""
    monkeypatch.setattr(fts5, "RANKED_PAGES", 5)
    engine.put([page(i, "客户" if i % 2 else "档案") for i in range(40)], 1)
    result = engine.search(plan("客户"), ANYTHING, 4)
    assert (result.total, len(result.hits)) == (20, 4)
    assert all("客户" in hit.text for hit in result.hits)


def test_filters_narrow_what_is_found(engine: Engine) -> None:
    """Customer, dossier, type and days each leave out the others' pages; days are inclusive."""
    engine.put(
        [
            page(1, "客户", customer="C1", dossier="D1", type="合同", day=20240101),
            page(2, "客户", customer="C1", dossier="D2", type="身份证", day=20240201),
            page(3, "客户", customer="C2", dossier="D3", type="合同", day=20240301),
        ],
        1,
    )

    def numbers(**more: object) -> set[int]:
        names = found(engine, "客户", Filters(**more))  # type: ignore[arg-type]
        return {int(record[1:]) for record, _ in names}

    assert numbers(customer="C1") == {1, 2}
    assert numbers(customer="c1") == set()
    assert numbers(dossier="D3") == {3}
    assert numbers(type="合同") == {1, 3}
    assert numbers(customer="C1", type="合同") == {1}
    assert numbers(day_from=20240201) == {2, 3}
    assert numbers(day_to=20240201) == {1, 2}
    assert numbers(day_from=20240102, day_to=20240201, customer="C1") == {2}


def test_stats_count_what_the_filters_let_through(engine: Engine) -> None:
    """Pages and document frequencies are those of the pages searched."""
    engine.put(
        [
            page(1, "客户档案", customer="C1", day=20240101),
            page(2, "客户", customer="C1", day=20240201),
            page(3, "档案", customer="C2", day=20240301),
        ],
        1,
    )
    both = plan("客户 档案")
    assert both.terms == ("客户", "档案")
    assert engine.stats(both, ANYTHING).pages == 3
    assert engine.stats(both, ANYTHING).with_term == (2, 2)
    assert engine.stats(both, Filters(customer="C1")).pages == 2
    assert engine.stats(both, Filters(customer="C1")).with_term == (2, 1)
    assert engine.stats(both, Filters(day_from=20240201)).pages == 2
    assert engine.stats(both, Filters(day_from=20240201)).with_term == (1, 1)
    assert engine.stats(both, ANYTHING).length == pytest.approx(8 / 3)
    engine.put([], 2)
    assert engine.stats(plan(""), ANYTHING).pages == 3


def test_putting_a_page_again_replaces_it(engine: Engine) -> None:
    """The last version is the only one, within a batch and across batches."""
    engine.put([page(1, "客户"), page(1, "档案"), page(1, "档案", page=2)], 1)
    assert found(engine, "客户") == set()
    assert found(engine, "档案") == {("R00000001", 1), ("R00000001", 2)}
    engine.put([page(1, "台账", customer="C2")], 2)
    assert found(engine, "档案") == {("R00000001", 2)}
    assert found(engine, "台账", Filters(customer="C2")) == {("R00000001", 1)}
    assert found(engine, "台账", Filters(customer="C000001")) == set()
    assert engine.stats(plan(""), ANYTHING).pages == 2
    assert engine.check() == []


def test_following_twice_changes_nothing(engine: Engine) -> None:
    """The mark only grows, and a replay is without effect."""
    engine.put([page(1, "客户")], 5)
    engine.put([page(1, "客户")], 5)
    assert found(engine, "客户") == {("R00000001", 1)}
    engine.mark_applied(9)
    engine.put([page(1, "客户")], 5)
    assert engine.applied == 9


def test_what_was_put_is_there_after_reopening(
    engine: Engine, reopen: Callable[..., Engine]
) -> None:
    """Pages and mark survive, and are seen by another connection at once."""
    engine.put([page(1, "客户")], 5)
    other = reopen()
    assert other.applied == 5
    engine.put([page(2, "客户")], 6)
    assert (len(found(other, "客户")), other.applied) == (2, 6)


def test_a_failing_batch_leaves_everything_as_it_was(engine: Engine) -> None:
    """Pages and mark move together or not at all, and the index stays usable."""

    def broken() -> Iterator[Page]:
        yield page(2, "客户")
        raise ValueError("no more pages")

    engine.put([page(1, "客户")], 5)
    with pytest.raises(ValueError, match="no more pages"):
        engine.put(broken(), 6)
    assert found(engine, "客户") == {("R00000001", 1)}
    assert engine.applied == 5
    engine.put([page(3, "客户")], 6)
    assert len(found(engine, "客户")) == 2


def test_purged_records_are_gone_and_others_stay(engine: Engine) -> None:
    """Every page of the record goes; purging again, or what never was, does no harm."""
    engine.put([page(1, "客户甲"), page(1, "客户乙", page=2), page(2, "客户丙")], 1)
    asked = ["R00000001", "R00000002", "R99999999"]
    assert engine.holds(asked) == ["R00000001", "R00000002"]
    engine.purge(["R00000001", "R99999999"])
    assert engine.holds(asked) == ["R00000002"]
    engine.purge(["R00000001"])
    assert found(engine, "客户") == {("R00000002", 1)}
    assert found(engine, "甲") == found(engine, "乙") == set()
    assert engine.stats(plan("客户"), ANYTHING).pages == 1
    assert engine.applied == 1
    assert engine.check() == []


def test_a_missing_index_is_said_to_be_missing(reopen: Callable[..., Engine], where: Path) -> None:
    """Opening creates nothing unless told to."""
    with pytest.raises(IndexMissing):
        reopen()
    assert not where.exists()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("create", [False, True])
def test_another_key_opens_nothing(reopen: Callable[..., Engine], create: bool) -> None:
    """A wrong key is refused as such and leaves the index as it is."""
    with pytest.raises(WrongIndexKey):
        reopen(bytes(32), create=create)
    assert reopen().applied == 0


def test_an_index_of_another_analysis_must_be_rebuilt(
    kind: str, reopen: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The analysis version is stamped in the index and compared on opening."""
    monkeypatch.setattr(ENGINES[kind][1], "VERSION", "0/other")
    reopen(create=True).put([page(1, "客户")], 1)
    monkeypatch.undo()
    for create in (False, True):
        with pytest.raises(IndexOutdated):
            reopen(create=create)


def test_a_writer_that_cannot_get_in_says_so(
    kind: str, engine: Engine, reopen: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one process writes, another is refused rather than let in."""
    monkeypatch.setattr(ENGINES[kind][1], "BUSY_SECONDS", 0.2)
    other = reopen()

    def meanwhile() -> Iterator[Page]:
        yield page(1, "客户")
        with pytest.raises(IndexLocked):
            other.mark_applied(3)

    if kind == "whoosh":  # it collects the pages before it locks; hold the lock ourselves
        lock = engine._index.lock("WRITELOCK")  # type: ignore[attr-defined]
        assert lock.acquire()
        with pytest.raises(IndexLocked):
            other.mark_applied(3)
        lock.release()
    else:
        engine.put(meanwhile(), 1)
    other.mark_applied(3)
    assert engine.applied == 3


def files_of(where: Path) -> list[Path]:
    """Return every file that belongs to an index."""
    return [path for path in where.parent.rglob("*") if path.is_file()]


def test_an_altered_file_is_noticed(
    engine: Engine, reopen: Callable[..., Engine], where: Path
) -> None:
    """A flipped bit in any sizeable file is found by opening, checking or searching."""
    engine.put([page(i, "客户档案管理" * 200) for i in range(30)], 1)
    engine.purge([])
    engine.close()
    for path in files_of(where):
        whole = path.read_bytes()
        if len(whole) < 100:
            continue
        path.write_bytes(whole[:-50] + bytes([whole[-50] ^ 1]) + whole[-49:])
        try:
            damaged = reopen()
        except ShadowError as error:
            assert isinstance(error, IndexDamaged | WrongIndexKey)
        else:
            assert damaged.check() != []
            damaged.close()
        path.write_bytes(whole)
    assert reopen().check() == []


NEEDLES = [
    form
    for word in ("客户档案", "張三豐", "zanzibar", "R00000001", "C000777", "标题")
    for form in (word.encode(), word.encode("utf-16-le"), word.encode().decode("latin-1").encode())
]


def test_nothing_lies_readable_in_any_file(engine: Engine, where: Path) -> None:
    """Neither text nor title nor id is found in the files, in any encoding, open or closed."""
    for number in range(3):
        text = "客户档案 張三豐 zanzibar " * 50
        engine.put([page(1, text, page=number + 1, customer="C000777", title="标题")], number)
    for _ in ("open", "closed"):
        content = b"".join(path.read_bytes() for path in files_of(where))
        assert len(content) > 1000
        assert [needle for needle in NEEDLES if needle in content] == []
        engine.close()
    assert not any(b"zanzibar" in str(path).encode() for path in files_of(where))


CHILD = """
import sys
from pathlib import Path
from importlib import import_module
from index.engine import Page
name, where = sys.argv[1:]
engine = getattr(import_module(name.split(":")[0]), name.split(":")[1]).open(
    Path(where), bytes(range(32)), create=True)
for n in range(1, 100000):
    engine.put([Page(f"R{n:08}", 1, "C000777", "D", "t", 20240101, "", f"zanzibar {n:05}x")], n)
    print(n, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 4, 9])
def test_a_killed_process_loses_no_acknowledged_page(
    kind: str, reopen: Callable[..., Engine], where: Path, acknowledged: int
) -> None:
    """After kill -9 in the middle of writing, every page that was acknowledged is found."""
    engine_type = ENGINES[kind][0]
    name = f"{engine_type.__module__}:{engine_type.__name__}"
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, name, str(where)], stdout=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdout is not None
        for _ in range(acknowledged):
            last = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().split()
    last = int(rest[-1]) if rest else last
    content = b"".join(path.read_bytes() for path in files_of(where))
    assert not any(needle in content for needle in (b"zanzibar", b"C000777"))
    engine = reopen()
    assert engine.applied >= last
    assert engine.check() == []
    for n in range(1, last + 1):
        assert found(engine, f"{n:05}x") == {(f"R{n:08}", 1)}
    engine.put([page(1, "客户")], engine.applied + 1)
    assert found(engine, "客户") == {("R00000001", 1)}


def test_the_samples_are_searchable() -> None:
    """The texts used above cover letters, marks and nothing at all."""
    assert [bool(fold(text)) for text in TEXTS] == [True] * 5 + [False, False]
    assert marks(TEXTS[5]) == {"。"}
